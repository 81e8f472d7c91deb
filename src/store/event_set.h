/*-------------------------------------------------------------------------
 *
 * event_set.h
 *	  Sets of events in memory: a customer, an instant, and the name of what
 *	  happened.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_EVENT_SET_H
#define RETENTION_EVENT_SET_H

#include "port/pg_bitutils.h"
#include "port/pg_bswap.h"

#include "base/calendar.h"
#include "base/compat.h"
#include "base/retention.h"
#include "store/customer_key.h"
#include "store/event_names.h"

/* An event of a customer */
typedef struct RetEvent
{
	int64		customer;
	int64		at;				/* day of a date, microseconds otherwise */
	int64		name;			/* number of its name */
} RetEvent;

/* The same in 16 bytes, if the instant is near a base */
typedef struct RetPackedEvent
{
	int64		customer;
	uint64		moment;			/* at - base, and in the lowest bits the name */
} RetPackedEvent;

#define RET_NAME_BITS			10
#define RET_NAME_MASK			((UINT64CONST(1) << RET_NAME_BITS) - 1)
#define RET_MOMENT_BITS			(64 - RET_NAME_BITS)

/* Get a base from which the instants around one can be counted */
static inline int64
ret_event_base(int64 around)
{
	return (int64) ((uint64) around - (UINT64CONST(1) << (RET_MOMENT_BITS - 1)));
}

/* Tell whether an instant can be counted from a base */
static inline bool
ret_event_packs(int64 base, int64 at)
{
	return ((uint64) at - (uint64) base) >> RET_MOMENT_BITS == 0;
}

static inline RetPackedEvent
ret_event_pack(int64 base, int64 customer, int64 at, int64 name)
{
	return (RetPackedEvent) {customer, ((uint64) at - (uint64) base) << RET_NAME_BITS | (uint64) name};
}

/*
 * An event in a part of a set has 2 to 18 bytes: a head, with the sizes of what follows
 * above the number of the name; the customer; the instant.  Both are distances from the
 * event before in the part, signs in the lowest bit, lowest byte first; that of the
 * instant in whole seconds, or days of dates, if these fit into 4 bytes.
 */
#define RET_MAX_EVENT_SIZE		18
#define RET_EVENT_TIMES			9	/* ways to write the distance of an instant */
#define RET_EVENT_HEADS			64	/* ways to write an event */

/* Some memory of a part */
typedef struct RetEventChunk
{
	struct RetEventChunk *next;
	uint8	   *end;			/* of the events, unless it is the last chunk */
	uint8		size_class;
	uint8		bytes[FLEXIBLE_ARRAY_MEMBER];
} RetEventChunk;

/* A part of a set, which has one cache line */
typedef struct RetEventPart
{
	uint8	   *next;			/* where the next event is written */
	uint8	   *end;			/* an event may begin before it */
	int64		customer;		/* of the last event */
	int64		at;				/* of the last event */
	int64		nevents;		/* duplicates included */
	int64		nsorted;		/* the first events, which are in their order, without duplicates */
	RetEventChunk *first;
	RetEventChunk *last;
} RetEventPart;

#define RET_CHUNK_CLASSES		7	/* sizes of chunks, each twice the one before */

#define RET_EVENT_PARTS_BITS	8	/* of the number of parts of a large set */
#define RET_EVENT_PARTS			(1 << RET_EVENT_PARTS_BITS)

/* A set of events */
typedef struct RetEventSet
{
	MemoryContext context;		/* owns all of it */
	RetTimeKind kind;
	bool		repeats;		/* were many duplicates seen? */
	bool		changed;		/* since the owner has set it to false */
	bool		read;			/* was it read?  Then what is read again is kept in order */
	int			nparts;			/* 1 or RET_EVENT_PARTS */
	int			shift;			/* of half a hash, to get the part */
	RetEventPart *parts;		/* customers are divided among them by their hash */
	char	   *room;			/* memory that chunks are cut from */
	Size		room_size;		/* bytes of it that are left */
	Size		room_total;		/* bytes of all that chunks were cut from */
	RetEventChunk *unused[RET_CHUNK_CLASSES];	/* chunks, by size */
	RetEventPart spare;			/* a part that was being written when an error was raised */
	int64		first;			/* first instant of any customer */
	int64		last;			/* last instant of any customer */
	RetEventNames names;
} RetEventSet;

/* The events of a part in their order, without duplicates, and room for them */
typedef struct RetEventRows
{
	int64		n;
	int64		base;			/* of the packed instants */
	RetPackedEvent *packed;		/* NULL: wide */
	RetEvent   *wide;
	void	   *other;			/* room that sorting needs */
	int64		nalloc;			/* events there is room for */
} RetEventRows;

extern void ret_event_set_init(RetEventSet *set, RetTimeKind kind, MemoryContext context);
extern int64 ret_event_set_size(const RetEventSet *set);
extern RetEventPart *ret_event_set_make_room(RetEventSet *set, RetEventPart *part, int64 customer);
extern void ret_event_rows_init(RetEventRows *rows, const RetEventSet *set, int64 n);
extern void ret_event_rows_free(RetEventRows *rows);
extern void ret_event_rows_load(RetEventRows *rows, const RetEventSet *set, const RetEventPart *part,
								const RetNameOrder *order);
extern void ret_event_rows_store(const RetEventRows *rows, RetEventSet *set, RetEventPart *part,
								 const RetNameOrder *order);
extern int64 ret_events_compact(RetPackedEvent *events, int64 n);

/* Write the low bytes of a number, lowest first; 8 are written */
static inline void
ret_event_put_bytes(uint8 *p, uint64 value)
{
#ifdef WORDS_BIGENDIAN
	value = pg_bswap64(value);
#endif
	memcpy(p, &value, sizeof(value));
}

static inline int
ret_event_bits(uint64 value)
{
	return pg_leftmost_one_pos64(value | 1) + (value != 0);
}

/* How a distance of so many bits is written */
typedef struct RetEventCode
{
	uint16		head;			/* what it adds to the head */
	uint16		size;			/* bytes */
} RetEventCode;

extern const RetEventCode ret_event_customer_codes[];	/* by bits */
extern const RetEventCode ret_event_time_codes[];	/* by bits, of a distance not in whole units */

/* Write an event of a kind of time after those of a part, which has room for it */
static pg_always_inline void
ret_event_part_put(RetEventPart *part, RetTimeKind kind, int64 customer, int64 at, int64 name)
{
	uint8	   *p = part->next;
	uint64		customers = ret_fold_sign((int64) ((uint64) customer - (uint64) part->customer));
	int64		distance = (int64) ((uint64) at - (uint64) part->at);
	int64		units = kind == RET_DATE ? distance : distance / USECS_PER_SEC;
	uint64		folded = ret_fold_sign(units);
	RetEventCode who = ret_event_customer_codes[ret_event_bits(customers)];
	int			size;
	uint16		head = (uint16) (who.head | name);

	if (likely((kind == RET_DATE || units * USECS_PER_SEC == distance) && folded >> 32 == 0))
	{
		size = (ret_event_bits(folded) + 7) / 8;
		head += size << RET_NAME_BITS;
	}
	else
	{
		RetEventCode when;

		folded = ret_fold_sign(distance);
		when = ret_event_time_codes[ret_event_bits(folded)];
		size = when.size;
		head += when.head;
	}
	memcpy(p, &head, sizeof(head));
	ret_event_put_bytes(p + sizeof(head), customers);
	ret_event_put_bytes(p + sizeof(head) + who.size, folded);
	part->next = p + sizeof(head) + who.size + size;
	part->customer = customer;
	part->at = at;
	part->nevents++;
}

/* Add an event, whose name has a number in the set, which is of a kind of time */
static pg_always_inline void
ret_event_set_add(RetEventSet *set, RetTimeKind kind, int64 customer, int64 at, int64 name)
{
	RetEventPart *part = &set->parts[(ret_customer_hash(customer) >> 1) >> set->shift];

	if (unlikely(part->next >= part->end))
		part = ret_event_set_make_room(set, part, customer);
	__builtin_prefetch(part->next + RET_CACHE_LINE, 1);
	ret_event_part_put(part, kind, customer, at, name);
	set->first = Min(set->first, at);
	set->last = Max(set->last, at);
	set->names.used[name] = true;
	set->changed = true;
}

/* Get an event of rows */
static inline RetEvent
ret_event_rows_get(const RetEventRows *rows, int64 i)
{
	if (likely(rows->packed))
		return (RetEvent) {rows->packed[i].customer,
			(int64) ((uint64) rows->base + (rows->packed[i].moment >> RET_NAME_BITS)),
			(int64) (rows->packed[i].moment & RET_NAME_MASK)};
	return rows->wide[i];
}

static inline int64
ret_event_rows_customer(const RetEventRows *rows, int64 i)
{
	return rows->packed ? rows->packed[i].customer : rows->wide[i].customer;
}

/* How to read an event with a head */
typedef struct RetEventShape
{
	uint64		customer_mask;
	uint64		time_mask;
	uint64		unit;			/* of the distance of the instant */
	int			customer_size;
	int			size;			/* of the event */
} RetEventShape;

extern void ret_event_shapes(RetEventShape *shapes, RetTimeKind kind);

static inline uint64
ret_event_get_bytes(const uint8 *p)
{
	uint64		value;

	memcpy(&value, p, sizeof(value));
#ifdef WORDS_BIGENDIAN
	value = pg_bswap64(value);
#endif
	return value;
}

/* Read the event after one of a customer and an instant, which become those of this one; returns where the next is */
static inline const uint8 *
ret_event_get(const uint8 *p, const RetEventShape *shapes, uint64 *customer, uint64 *at, int *name)
{
	const RetEventShape *shape;
	uint16		head;

	memcpy(&head, p, sizeof(head));
	shape = &shapes[head >> RET_NAME_BITS];
	*name = head & RET_NAME_MASK;
	*customer += (uint64) ret_unfold_sign(ret_event_get_bytes(p + sizeof(head)) & shape->customer_mask);
	*at += (uint64) ret_unfold_sign(ret_event_get_bytes(p + sizeof(head) + shape->customer_size) & shape->time_mask) *
		shape->unit;
	return p + shape->size;
}

#endif							/* RETENTION_EVENT_SET_H */
