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

#include "base/calendar.h"
#include "base/retention.h"

#define RET_MAX_EVENT_NAMES		1024	/* names in a set */
#define RET_MAX_EVENT_NAME_SIZE	255		/* bytes of a name */

/* An event of a customer */
typedef struct RetEvent
{
	int64		customer;
	int64		at;				/* day of a date, microseconds otherwise */
	int64		name;			/* number of its name */
} RetEvent;

/* The same in 16 bytes, if the instant is near the base of the set */
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

/* A name, in the encoding of the database; not terminated */
typedef struct RetEventName
{
	const char *bytes;
	int			size;
} RetEventName;

/* A name that was looked up lately */
typedef struct RetRecentName
{
	uint64		head;			/* its first bytes */
	uint64		tail;			/* its last bytes */
	int32		size;			/* -1: none */
	int32		number;
} RetRecentName;

#define RET_RECENT_NAMES		64

/* A set of events; it may hold duplicates until it is finished */
typedef struct RetEventSet
{
	MemoryContext context;		/* owns all of it */
	RetTimeKind kind;
	int			nnames;
	int			names_alloc;	/* names there is room for */
	RetEventName *names;		/* by number; in the order of their bytes if finished */
	uint16	   *slots;			/* hash table of many names: number + 1, or 0 */
	RetRecentName recent[RET_RECENT_NAMES];
	int64		base;			/* of the packed instants */
	RetPackedEvent *packed;		/* the events, or NULL once an instant was too far from base */
	RetEvent   *wide;			/* then the events */
	int64		nevents;
	int64		nalloc;
	int64		compact_at;		/* number of events at which duplicates are removed */

	/* are names and events in their order, without duplicates, and the following known? */
	bool		finished;
	int64		ncustomers;
	int64		first;			/* first instant of any customer */
	int64		last;			/* last instant of any customer */
} RetEventSet;

extern void ret_event_set_init(RetEventSet *set, RetTimeKind kind, int64 base, int64 nalloc, MemoryContext context);
extern void ret_event_set_free(RetEventSet *set);
extern int64 ret_event_set_find_name(RetEventSet *set, const char *bytes, int size, RetRecentName *recent);
extern void ret_event_set_append(RetEventSet *set, const RetPackedEvent *events, int64 n);
extern void ret_event_set_make_room(RetEventSet *set);
extern void ret_event_set_add_far(RetEventSet *set, int64 customer, int64 at, int64 name);
extern void ret_event_set_finish(RetEventSet *set);
extern uint64 ret_event_set_unit(const RetEventSet *set);
extern int64 ret_events_compact(RetPackedEvent *events, int64 n);
extern void ret_check_event_name(int size);
extern void ret_check_event_names(int n);

/*
 * Get the number of a name; it is added if it is not there yet.  Names of up to 16
 * bytes are known by their first and last 8, which may overlap.
 */
static inline int64
ret_event_set_name(RetEventSet *set, const char *bytes, int size)
{
	uint64		head = 0;
	uint64		tail = 0;
	RetRecentName *recent;

	if (size >= 8)
	{
		memcpy(&head, bytes, 8);
		memcpy(&tail, bytes + size - 8, 8);
	}
	else if (size >= 4)
	{
		memcpy(&head, bytes, 4);
		memcpy(&tail, bytes + size - 4, 4);
	}
	else if (size > 0)
		head = (uint8) bytes[0] | (uint8) bytes[size / 2] << 8 | (uint8) bytes[size - 1] << 16;
	recent = &set->recent[((head ^ (tail + size) * UINT64CONST(0x9E3779B97F4A7C15)) *
						   UINT64CONST(0xBF58476D1CE4E5B9)) >> (64 - 6)];
	if (likely(recent->size == size && recent->head == head && recent->tail == tail &&
			   (size <= 16 || memcmp(set->names[recent->number].bytes, bytes, size) == 0)))
		return recent->number;
	recent->head = head;
	recent->tail = tail;
	return ret_event_set_find_name(set, bytes, size, recent);
}

/* Add an event, whose name has a number in the set */
static inline void
ret_event_set_add(RetEventSet *set, int64 customer, int64 at, int64 name)
{
	set->finished = false;
	if (unlikely(set->nevents == set->nalloc))
		ret_event_set_make_room(set);
	if (likely(set->packed && ret_event_packs(set->base, at)))
		set->packed[set->nevents++] = ret_event_pack(set->base, customer, at, name);
	else
		ret_event_set_add_far(set, customer, at, name);
}

static inline int64
ret_event_set_customer(const RetEventSet *set, int64 i)
{
	return set->packed ? set->packed[i].customer : set->wide[i].customer;
}

/* Get an event of a set */
static inline RetEvent
ret_event_set_get(const RetEventSet *set, int64 i)
{
	if (likely(set->packed))
		return (RetEvent) {set->packed[i].customer,
			(int64) ((uint64) set->base + (set->packed[i].moment >> RET_NAME_BITS)),
			(int64) (set->packed[i].moment & RET_NAME_MASK)};
	return set->wide[i];
}

#endif							/* RETENTION_EVENT_SET_H */
