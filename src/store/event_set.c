/*-------------------------------------------------------------------------
 *
 * event_set.c
 *	  Sets of events in memory: a customer, an instant, and the name of what
 *	  happened.
 *
 * Events are appended to the part of their customer, in some 7 bytes each, the way they
 * come.  A part is a list of chunks of memory that grow with it, so nothing is copied,
 * and little memory is touched.  Who reads the events unpacks a part at a time into an
 * array that the cache holds, and sorts it there; so passes over what no cache holds are
 * two, writing and reading bytes.  The machine of src/history does not fit: it gains by
 * merging the rows of a day early, and instants with names are nearly all distinct.
 *
 * A part that has eight times the events that were left when it was sorted the last
 * time, and at least DUE_EVENTS, is sorted, freed of duplicates and written anew; as
 * long as that finds few duplicates, one part in SAMPLED_PARTS only, and the others when
 * they have LATE times as many.
 *
 * Nothing is overwritten before what takes its place is there, so an error in the
 * middle, which the caller may catch, leaves the set as it was.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "store/event_set.h"

#define BUCKET_BITS		8
#define FEW_EVENTS		32		/* events that are sorted by insertion */
#define MANY_EVENTS		65536	/* events that are sorted with a second array, which the cache holds */

#define MIN_CHUNK		512		/* bytes */
#define MAX_CHUNK		(MIN_CHUNK << (RET_CHUNK_CLASSES - 1))
#define MIN_ROOM		8192	/* bytes that chunks are cut from */
#define MAX_ROOM		(16 * 1024 * 1024)
#define ONE_PART_EVENTS	32768	/* events of a set that is not divided */
#define DUE_EVENTS		8192
#define SAMPLED_PARTS	16
#define LATE			8
#define FEW_REPEATS		8		/* one event in so many is a duplicate */

#define EVENT_CUSTOMERS	7		/* ways to write the distance of a customer */
#define UNIT_TIMES		5		/* ways to write that of an instant in whole units */

StaticAssertDecl(RET_MAX_EVENT_NAMES <= RET_NAME_MASK + 1, "a name has a number of RET_NAME_BITS");
StaticAssertDecl(EVENT_CUSTOMERS * RET_EVENT_TIMES <= RET_EVENT_HEADS, "a head has 6 bits for sizes");
StaticAssertDecl(sizeof(RetEventPart) <= RET_CACHE_LINE, "a part has one cache line");

#define EIGHT(code)		code, code, code, code, code, code, code, code
#define CUSTOMER_CODE(number, size)	{(number) * RET_EVENT_TIMES << RET_NAME_BITS, size}
#define TIME_CODE(number, size)		{(number) << RET_NAME_BITS, size}

static const uint8 customer_sizes[EVENT_CUSTOMERS] = {0, 1, 2, 3, 4, 5, 8};
static const uint8 time_sizes[RET_EVENT_TIMES] = {0, 1, 2, 3, 4, 4, 5, 6, 8};

/* the places of the sizes above */
const RetEventCode ret_event_customer_codes[65] = {
	CUSTOMER_CODE(0, 0), EIGHT(CUSTOMER_CODE(1, 1)), EIGHT(CUSTOMER_CODE(2, 2)), EIGHT(CUSTOMER_CODE(3, 3)),
	EIGHT(CUSTOMER_CODE(4, 4)), EIGHT(CUSTOMER_CODE(5, 5)), EIGHT(CUSTOMER_CODE(6, 8)), EIGHT(CUSTOMER_CODE(6, 8)),
	EIGHT(CUSTOMER_CODE(6, 8))
};
const RetEventCode ret_event_time_codes[65] = {
	TIME_CODE(5, 4), EIGHT(TIME_CODE(5, 4)), EIGHT(TIME_CODE(5, 4)), EIGHT(TIME_CODE(5, 4)),
	EIGHT(TIME_CODE(5, 4)), EIGHT(TIME_CODE(6, 5)), EIGHT(TIME_CODE(7, 6)), EIGHT(TIME_CODE(8, 8)),
	EIGHT(TIME_CODE(8, 8))
};

#define SIGNED_KEY(value)	((uint64) (value) ^ (UINT64CONST(1) << 63))

#define EVENT_SORT sort_packed
#define EVENT_ROW RetPackedEvent
#define EVENT_FIELDS 2
#define EVENT_KEY(row, field) ((field) == 0 ? SIGNED_KEY((row)->customer) : (row)->moment)
#include "store/event_sort.h"

#define EVENT_SORT sort_wide
#define EVENT_ROW RetEvent
#define EVENT_FIELDS 3
#define EVENT_KEY(row, field) \
	SIGNED_KEY((field) == 0 ? (row)->customer : (field) == 1 ? (row)->at : (row)->name)
#include "store/event_sort.h"

/* Sort few events by customer, instant and name, and remove duplicates; returns how many are left */
int64
ret_events_compact(RetPackedEvent *events, int64 n)
{
	RetPackedEvent *other = n <= FEW_EVENTS ? NULL : palloc(Min(n, MANY_EVENTS) * sizeof(RetPackedEvent));

	n = sort_packed_compact(events, other, n);
	if (other)
		pfree(other);
	return n;
}

/*-------------------------------------------------------------------------
 * Parts
 *-------------------------------------------------------------------------
 */

/*
 * Get a chunk: one that is not used, or from a room of four times the memory that there
 * was before.  What is not used of a room is never touched; and since most of the memory
 * is one room, the C library keeps it for the next query.
 */
static RetEventChunk *
get_chunk(RetEventSet *set, int size_class)
{
	Size		size = (Size) MIN_CHUNK << size_class;
	RetEventChunk *chunk = set->unused[size_class];

	if (chunk)
		set->unused[size_class] = chunk->next;
	else
	{
		if (set->room_size < size)
		{
			Size		room_size = Min(Max(4 * set->room_total, MIN_ROOM), MAX_ROOM);

			room_size = Max(room_size, size);
			set->room = MemoryContextAllocHuge(set->context, room_size);
			set->room_size = room_size;
			set->room_total += room_size;
		}
		chunk = (RetEventChunk *) set->room;
		set->room += size;
		set->room_size -= size;
		chunk->size_class = (uint8) size_class;
	}
	chunk->next = NULL;
	return chunk;
}

/* Give a part of a set more memory: a quarter of what it has, or what so many events will need */
static void
part_add_chunk(RetEventSet *set, RetEventPart *part, int64 nevents)
{
	int64		wanted = Max(part->nevents, 4 * nevents) * 2;
	int			size_class = 0;
	RetEventChunk *chunk;

	while (MIN_CHUNK << size_class < wanted && size_class < RET_CHUNK_CLASSES - 1)
		size_class++;
	chunk = get_chunk(set, size_class);
	if (part->last)
	{
		part->last->end = part->next;
		part->last->next = chunk;
	}
	else
		part->first = chunk;
	part->last = chunk;
	part->next = chunk->bytes;
	part->end = (uint8 *) chunk + (MIN_CHUNK << size_class) - RET_MAX_EVENT_SIZE + 1;
}

/* Empty a part of a set; its memory will be used by others */
static void
part_free(RetEventSet *set, RetEventPart *part)
{
	RetEventChunk *chunk = part->first;

	memset(part, 0, sizeof(RetEventPart));
	while (chunk)
	{
		RetEventChunk *next = chunk->next;

		chunk->next = set->unused[chunk->size_class];
		set->unused[chunk->size_class] = chunk;
		chunk = next;
	}
}

static inline const uint8 *
chunk_end(const RetEventPart *part, const RetEventChunk *chunk)
{
	return chunk == part->last ? part->next : chunk->end;
}

/* Tell how events with each head are read */
void
ret_event_shapes(RetEventShape *shapes, RetTimeKind kind)
{
	for (int head = 0; head < EVENT_CUSTOMERS * RET_EVENT_TIMES; head++)
	{
		int			who = customer_sizes[head / RET_EVENT_TIMES];
		int			when = time_sizes[head % RET_EVENT_TIMES];

		shapes[head].customer_mask = who == 8 ? PG_UINT64_MAX : (UINT64CONST(1) << 8 * who) - 1;
		shapes[head].time_mask = when == 8 ? PG_UINT64_MAX : (UINT64CONST(1) << 8 * when) - 1;
		shapes[head].unit = kind == RET_DATE || head % RET_EVENT_TIMES >= UNIT_TIMES ? 1 : USECS_PER_SEC;
		shapes[head].customer_size = who;
		shapes[head].size = (int) sizeof(uint16) + who + when;
	}
}

/*-------------------------------------------------------------------------
 * The events of a part, unpacked and in order
 *-------------------------------------------------------------------------
 */

/* Make room for n events of a set */
void
ret_event_rows_init(RetEventRows *rows, const RetEventSet *set, int64 n)
{
	memset(rows, 0, sizeof(RetEventRows));
	rows->nalloc = n;
	rows->base = set->first;
	if (ret_event_packs(rows->base, set->last))
	{
		rows->packed = palloc_extended(rows->nalloc * sizeof(RetPackedEvent), MCXT_ALLOC_HUGE);
		rows->other = palloc(Min(rows->nalloc, MANY_EVENTS) * sizeof(RetPackedEvent));
	}
	else
	{
		rows->wide = palloc_extended(rows->nalloc * sizeof(RetEvent), MCXT_ALLOC_HUGE);
		rows->other = palloc(Min(rows->nalloc, MANY_EVENTS) * sizeof(RetEvent));
	}
}

void
ret_event_rows_free(RetEventRows *rows)
{
	pfree(rows->packed ? (void *) rows->packed : (void *) rows->wide);
	if (rows->other)
		pfree(rows->other);
}

/* Unpack the events of a part, with names as ranks */
static pg_always_inline void
unpack_part(RetEventRows *rows, const RetEventPart *part, RetTimeKind kind, const uint16 *ranks, bool wide)
{
	RetEventShape shapes[RET_EVENT_HEADS];
	uint64		customer = 0;
	uint64		at = 0;
	int64		n = 0;

	ret_event_shapes(shapes, kind);
	for (const RetEventChunk *chunk = part->first; chunk; chunk = chunk->next)
	{
		const uint8 *end = chunk_end(part, chunk);
		int			name;

		CHECK_FOR_INTERRUPTS();
		for (const uint8 *p = chunk->bytes; p < end; n++)
		{
			p = ret_event_get(p, shapes, &customer, &at, &name);
			if (wide)
				rows->wide[n] = (RetEvent) {(int64) customer, (int64) at, ranks[name]};
			else
				rows->packed[n] = ret_event_pack(rows->base, (int64) customer, (int64) at, ranks[name]);
		}
	}
	Assert(n == part->nevents);
	rows->n = n;
}

/* Get the events of a part in their order, names by an order, without duplicates */
void
ret_event_rows_load(RetEventRows *rows, const RetEventSet *set, const RetEventPart *part,
					const RetNameOrder *order)
{
	Assert(part->nevents <= rows->nalloc);
	if (rows->packed)
	{
		unpack_part(rows, part, set->kind, order->ranks, false);
		rows->n = sort_packed_compact(rows->packed, rows->other, rows->n);
	}
	else
	{
		unpack_part(rows, part, set->kind, order->ranks, true);
		rows->n = sort_wide_compact(rows->wide, rows->other, rows->n);
	}
}

/* Write a part of a set anew, with its events as ret_event_rows_load() got them */
void
ret_event_rows_store(const RetEventRows *rows, RetEventSet *set, RetEventPart *part, const RetNameOrder *order)
{
	RetEventPart *spare = &set->spare;
	RetEventPart old = *part;

	part_free(set, spare);
	for (int64 i = 0; i < rows->n; i++)
	{
		RetEvent	event = ret_event_rows_get(rows, i);

		if (unlikely(spare->next >= spare->end))
			part_add_chunk(set, spare, rows->n - i);
		ret_event_part_put(spare, set->kind, event.customer, event.at, order->numbers[event.name]);
		ret_check_interrupts_at(i);
	}
	spare->nsorted = spare->nevents;
	*part = *spare;
	memset(spare, 0, sizeof(RetEventPart));
	part_free(set, &old);
}

/*-------------------------------------------------------------------------
 * Sets
 *-------------------------------------------------------------------------
 */

/* Give a set empty parts */
static void
set_create_parts(RetEventSet *set, int nparts)
{
	char	   *memory = MemoryContextAllocZero(set->context, nparts * sizeof(RetEventPart) + RET_CACHE_LINE);

	set->nparts = nparts;
	set->shift = nparts == 1 ? 63 : 63 - RET_EVENT_PARTS_BITS;
	set->parts = (RetEventPart *) TYPEALIGN(RET_CACHE_LINE, memory);
}

/* Begin a set without events, in a context */
void
ret_event_set_init(RetEventSet *set, RetTimeKind kind, MemoryContext context)
{
	memset(set, 0, offsetof(RetEventSet, names));
	ret_event_names_init(&set->names, context);
	set->context = context;
	set->kind = kind;
	set->first = PG_INT64_MAX;
	set->last = PG_INT64_MIN;
	set_create_parts(set, 1);
}

/* Count the events of a set, duplicates included */
int64
ret_event_set_size(const RetEventSet *set)
{
	int64		n = 0;

	for (int i = 0; i < set->nparts; i++)
		n += set->parts[i].nevents;
	return n;
}

/* Tell whether a part is worth a search for duplicates */
static bool
part_due(const RetEventSet *set, const RetEventPart *part)
{
	int64		limit = Max(8 * part->nsorted, DUE_EVENTS);

	if (part->nevents < limit)
		return false;
	return set->repeats || (part - set->parts) % SAMPLED_PARTS == 0 || part->nevents >= LATE * limit;
}

/* Remove the duplicates of a part */
static void
part_compact(RetEventSet *set, RetEventPart *part)
{
	int64		before = part->nevents;
	RetNameOrder order;
	RetEventRows rows;

	ret_event_names_order(set->names.list, NULL, set->names.n, &order);
	ret_event_rows_init(&rows, set, before);
	ret_event_rows_load(&rows, set, part, &order);
	ret_event_rows_store(&rows, set, part, &order);
	set->repeats |= part->nevents < before - before / FEW_REPEATS;
	ret_event_rows_free(&rows);
	pfree(order.names);
}

/* Divide a set of one part into many */
static void
set_divide(RetEventSet *set)
{
	RetEventPart whole = set->parts[0];
	RetEventShape shapes[RET_EVENT_HEADS];
	uint64		customer = 0;
	uint64		at = 0;
	int			name;

	ret_event_shapes(shapes, set->kind);
	set_create_parts(set, RET_EVENT_PARTS);
	for (const RetEventChunk *chunk = whole.first; chunk; chunk = chunk->next)
	{
		const uint8 *end = chunk_end(&whole, chunk);

		CHECK_FOR_INTERRUPTS();
		for (const uint8 *p = chunk->bytes; p < end;)
		{
			p = ret_event_get(p, shapes, &customer, &at, &name);
			ret_event_set_add(set, set->kind, (int64) customer, (int64) at, name);
		}
	}
	part_free(set, &whole);
}

/*
 * Make room for an event of a customer, whose part is full: remove duplicates if that is
 * due, divide a large set, and give the part more memory unless that helped.  Returns
 * the part of the customer.
 */
RetEventPart *
ret_event_set_make_room(RetEventSet *set, RetEventPart *part, int64 customer)
{
	if (part_due(set, part))
		part_compact(set, part);
	if (set->nparts == 1 && part->nevents > ONE_PART_EVENTS)
	{
		set_divide(set);
		part = &set->parts[(ret_customer_hash(customer) >> 1) >> set->shift];
	}
	if (part->next >= part->end)
		part_add_chunk(set, part, 0);
	return part;
}
