/*-------------------------------------------------------------------------
 *
 * customer_map.h
 *	  The map from customers to what is known about each: the hash table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_CUSTOMER_MAP_H
#define RETENTION_CUSTOMER_MAP_H

#include "base/retention.h"
#include "store/customer_key.h"

/*
 * One customer in a map.  The map knows how many values follow; only the
 * family that the map belongs to knows what flags and values mean.
 */
typedef struct RetCustomer
{
	int64		key;			/* the customer_key */
	uint8		flags;			/* never 0 once the customer is in the map */
	uint8		epoch;			/* RetMap.epoch when the customer was placed */
	uint8		unused[6];		/* 0 */
	int64		values[FLEXIBLE_ARRAY_MEMBER];	/* RetMapDef.nvalues of them */
} RetCustomer;

struct RetMap;
struct RetFold;

/* What a family of aggregates keeps in its maps, and how to combine it */
typedef struct RetMapDef
{
	uint8		kind;			/* tells apart the maps of the families */
	uint8		nvalues;		/* values per customer */
	uint8		ntotals;		/* values per map, part of its content */
	uint16		scratch;		/* bytes of cache per map, not part of its content */

	/* add a row of the customer; flags are 0 if it is the customer's first */
	void		(*add) (struct RetMap *map, RetCustomer *customer, int64 value);
	/* merge the same customer from another map */
	void		(*merge) (struct RetMap *map, RetCustomer *customer, const RetCustomer *other);
	/* merge the totals of another map, before its customers; may be NULL */
	void		(*merge_totals) (struct RetMap *map, const int64 *other);
	/* how many customers are folded (see customer_sorted.h); NULL if they stay in a table */
	const struct RetFold *fold;
} RetMapDef;

/*
 * An open-addressing hash table of RetCustomers, or, when shift is 0, just an
 * array of them.  It may lie inside a flat value or on its own.
 */
typedef struct RetMap
{
	const RetMapDef *def;		/* the family's definition */
	char	   *slots;			/* RetCustomers, flags = 0 where unused */
	char	   *chunk;			/* allocated chunk in which they lie, or NULL */
	uint64		nslots;			/* a power of 2 if hashed */
	uint64		limit;			/* customers with which it must be remade; 0: at once */
	uint64		factor;			/* factor of the hash */
	uint64		home_mask;		/* bits of a slot's number that its home has, too */
	uint64		ncustomers;		/* slots in use */
	Size		size;			/* bytes of a slot */
	int			shift;			/* slot = hash >> shift */
	uint8		epoch;			/* counts how often all customers were moved */
	int64	   *totals;			/* the family's totals */
	void	   *scratch;		/* the family's cache */
} RetMap;

#define RET_MAP_MIN_SLOTS	4	/* slots of the smallest table */
#define RET_MAP_MAX_VALUES	8	/* most values of a customer, and most totals of a map */

extern uint64 ret_map_slots_for(uint64 n);
extern void ret_map_create(RetMap *map, Size size, uint64 n, MemoryContext context);
extern void ret_map_set_slots(RetMap *map, char *slots, uint64 nslots);
extern void ret_map_grow(RetMap *map, uint64 nslots);
extern void ret_map_scatter(RetMap *map);
extern void ret_map_remake(RetMap *map);
pg_noreturn extern void ret_map_inconsistent(void);
extern void ret_map_copy(RetMap *map, const RetMap *from);

/* Most customers that a table of n slots may hold before it must grow */
#define RET_MAP_LIMIT(n)	((n) / 16 * 13 + (n) % 16 * 13 / 16)

/* Get the customer in slot i, which may be unused */
static inline RetCustomer *
ret_map_slot(const RetMap *map, uint64 i)
{
	return (RetCustomer *) (map->slots + i * map->size);
}

/*
 * Get the slot at which the probes of a key begin.  Where slots fill cache
 * lines exactly, it is the first of a line, so that nearly every probe needs
 * just that line.
 */
static inline uint64
ret_map_home(const RetMap *map, int64 key)
{
	return (ret_customer_hash_by(key, map->factor) >> map->shift) & map->home_mask;
}

/*
 * Find the slot of a key in a table: its own, or the unused one that it should
 * get
 */
static inline RetCustomer *
ret_map_probe(const RetMap *map, int64 key)
{
	uint64		i = ret_map_home(map, key);

	for (;;)
	{
		RetCustomer *customer = ret_map_slot(map, i);

		if (customer->flags == 0 || customer->key == key)
			return customer;
		i = (i + 1) & (map->nslots - 1);
	}
}

/*
 * Prefetch the slot of a key.  Must be always inlined: gcc treats a function
 * that only prefetches as free of side effects and deletes calls of it.
 */
static pg_always_inline void
ret_map_prefetch(const RetMap *map, int64 key)
{
	__builtin_prefetch(ret_map_slot(map, ret_map_home(map, key)), 1);
}

/*
 * Get the customer of a key, entered with flags = 0 if new; there must be
 * room.  If the slot is far from home, limit becomes 0, so that the map is
 * remade.
 */
static inline RetCustomer *
ret_map_enter(RetMap *map, int64 key)
{
	RetCustomer *customer = ret_map_probe(map, key);

	if (customer->flags == 0)
	{
		int64		distance = (char *) customer - (char *) ret_map_slot(map, ret_map_home(map, key));

		customer->key = key;
		customer->epoch = map->epoch;
		map->ncustomers++;
		if (distance < 0)
			distance += map->nslots * map->size;
		if (unlikely(distance > (int64) (RET_MAX_PROBES * map->size)))
			map->limit = 0;
	}
	return customer;
}

#endif							/* RETENTION_CUSTOMER_MAP_H */
