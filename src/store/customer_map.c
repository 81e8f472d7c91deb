/*-------------------------------------------------------------------------
 *
 * customer_map.c
 *	  The map from customers to what is known about each: the hash table.
 *
 * The map is the transition value of every aggregate that counts customers.
 * It is an open-addressing table with linear probing on the high bits of a
 * multiplicative hash.  Anybody can compute keys with similar hashes.  So once
 * a customer has to be put more than RET_MAX_PROBES slots from home, the hash
 * gets a random factor and all customers move.  A table in a flat value is too
 * small to need that, so its hash is always the same.
 *
 * A slot is 16 bytes plus what the family keeps per customer, so that a probe
 * touches one cache line.  The table doubles when 13/16 of it are used: for
 * families without values that is never more than 40 bytes per customer.  It
 * doubles in place: the chunk is extended (the kernel merely remaps a large one)
 * and its entries move one by one, each pushing out entries that have not moved
 * yet.  An old and a new table never exist side by side.
 *
 * A tally (see tally.h) is a hash table as well, but not this one: its keys are
 * several numbers, and what a row does to an entry is known when it is compiled,
 * while families of maps bring functions that add and merge.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "store/customer_key.h"
#include "store/customer_map.h"

/* Raise the error for a map that no rows can have made */
void
ret_map_inconsistent(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("customer_map is inconsistent")));
	pg_unreachable();
}

/* Get the number of slots of a table with room for n customers */
uint64
ret_map_slots_for(uint64 n)
{
	uint64		nslots = RET_MAP_MIN_SLOTS;

	while (RET_MAP_LIMIT(nslots) < n)
		nslots *= 2;
	return nslots;
}

/* Set the slots of a map, which are a power of 2, and what depends on their number */
void
ret_map_set_slots(RetMap *map, char *slots, uint64 nslots)
{
	Size		in_line = RET_CACHE_LINE / map->size;

	map->slots = slots;
	map->nslots = nslots;
	map->limit = RET_MAP_LIMIT(nslots);
	map->shift = 64 - pg_leftmost_one_pos64(nslots);
	/* slots that do not fill cache lines exactly would gain nothing */
	map->home_mask = in_line * map->size == RET_CACHE_LINE ? ~(uint64) (in_line - 1) : ~UINT64CONST(0);
}

/* Get the first place for slots in a chunk, which has room for one more line */
static char *
table_align(char *chunk)
{
	return (char *) TYPEALIGN(RET_CACHE_LINE, chunk);
}

/*
 * Move the customer in slot i to the place where they now belong.  A customer
 * there who has not moved yet is pushed out and moves next.  Those who have
 * moved stay where they are, so that no chain of probes is ever broken.
 */
static void
table_move(RetMap *map, uint64 i)
{
	union
	{
		RetCustomer customer;
		char		bytes[sizeof(RetCustomer) + RET_MAP_MAX_VALUES * sizeof(int64)];
	}			moving,
				pushed;
	RetCustomer *slot = ret_map_slot(map, i);
	uint64		mask = map->nslots - 1;

	memcpy(&moving, slot, map->size);
	memset(slot, 0, map->size);
	for (;;)
	{
		uint64		home = ret_map_home(map, moving.customer.key);
		uint64		j = home;

		moving.customer.epoch = map->epoch;
		slot = ret_map_slot(map, j);
		while (slot->flags != 0 && slot->epoch == map->epoch)
		{
			j = (j + 1) & mask;
			slot = ret_map_slot(map, j);
		}
		if (unlikely(((j - home) & mask) > RET_MAX_PROBES))
			map->limit = 0;
		if (slot->flags == 0)
		{
			memcpy(slot, &moving, map->size);
			return;
		}
		memcpy(&pushed, slot, map->size);
		memcpy(slot, &moving, map->size);
		memcpy(&moving, &pushed, map->size);
	}
}

/* Move the customers in the first n slots to where they now belong */
static void
table_move_all(RetMap *map, uint64 n)
{
	map->epoch++;
	for (uint64 i = 0; i < n; i++)
	{
		RetCustomer *customer = ret_map_slot(map, i);

		if (customer->flags != 0 && customer->epoch != map->epoch)
			table_move(map, i);
		ret_check_interrupts_at(i);
	}
}

/* Enlarge in place a table that is a chunk of its own */
void
ret_map_grow(RetMap *map, uint64 nslots)
{
	uint64		old_nslots = map->nslots;
	Size		old_offset = map->slots - map->chunk;
	char	   *slots;

	if (nslots > (MaxAllocHugeSize - RET_CACHE_LINE) / map->size)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many customers in one group"),
				 errdetail("The map holds %llu customers.",
						   (unsigned long long) map->ncustomers)));
	map->chunk = repalloc_huge(map->chunk, nslots * map->size + RET_CACHE_LINE);
	slots = table_align(map->chunk);
	if (slots != map->chunk + old_offset)
		memmove(slots, map->chunk + old_offset, old_nslots * map->size);
	ret_map_set_slots(map, slots, nslots);
	memset(map->slots + old_nslots * map->size, 0,
		   (nslots - old_nslots) * map->size);
	table_move_all(map, old_nslots);
}

/*
 * Give the customers new hashes until none is too far from home.  One is if the
 * keys were chosen to have similar hashes.  With a factor that is not known when
 * the keys are chosen, only chance decides how far customers are from home.
 */
void
ret_map_scatter(RetMap *map)
{
	while (map->limit == 0)
	{
		map->factor = ret_random_factor();
		map->limit = RET_MAP_LIMIT(map->nslots);
		table_move_all(map, map->nslots);
	}
}

/* Prepare a table that is a chunk of its own for another customer */
void
ret_map_remake(RetMap *map)
{
	ret_map_scatter(map);
	if (map->ncustomers >= map->limit)
		ret_map_grow(map, map->nslots * 2);
	ret_map_scatter(map);
}

/*
 * Create an empty table in `context`, with room for n customers, whose slots
 * have `size` bytes
 */
void
ret_map_create(RetMap *map, Size size, uint64 n, MemoryContext context)
{
	uint64		nslots = ret_map_slots_for(n);

	if (nslots > (MaxAllocHugeSize - RET_CACHE_LINE) / size)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many customers in one group"),
				 errdetail("The map needs room for %llu customers.",
						   (unsigned long long) n)));
	map->ncustomers = 0;
	map->size = size;
	map->factor = RET_HASH_FACTOR;
	map->epoch = 0;
	map->chunk = MemoryContextAllocHuge(context, nslots * size + RET_CACHE_LINE);
	ret_map_set_slots(map, table_align(map->chunk), nslots);
	memset(map->slots, 0, nslots * size);
}

/* Copy all customers of a table into an empty one with room for them */
void
ret_map_copy(RetMap *map, const RetMap *from)
{
	for (uint64 i = 0; i < from->nslots; i++)
	{
		const RetCustomer *customer = ret_map_slot(from, i);

		if (customer->flags != 0)
		{
			RetCustomer *slot = ret_map_enter(map, customer->key);

			memcpy(slot, customer, map->size);
			slot->epoch = map->epoch;
		}
		ret_check_interrupts_at(i);
	}
}
