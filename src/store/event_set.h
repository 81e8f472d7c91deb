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

/* A name, in the encoding of the database; not terminated */
typedef struct RetEventName
{
	const char *bytes;
	int			size;
} RetEventName;

/* A set of events; it may hold duplicates until it is finished */
typedef struct RetEventSet
{
	MemoryContext context;		/* owns all of it */
	RetTimeKind kind;
	int			nnames;
	int			names_alloc;	/* names there is room for */
	RetEventName *names;		/* by number; in the order of their bytes if finished */
	uint16	   *slots;			/* hash table of the names: number + 1, or 0 */
	RetEvent   *events;
	int64		nevents;
	int64		nalloc;
	int64		compact_at;		/* number of events at which duplicates are removed */

	/* are names and events in their order, without duplicates, and the following known? */
	bool		finished;
	int64		ncustomers;
	int64		first;			/* first instant of any customer */
	int64		last;			/* last instant of any customer */
	uint64		unit;			/* greatest common divisor of the distances from the first, or 1 */
} RetEventSet;

extern void ret_event_set_init(RetEventSet *set, RetTimeKind kind, MemoryContext context);
extern int64 ret_event_set_name(RetEventSet *set, const char *bytes, int size);
extern void ret_event_set_make_room(RetEventSet *set);
extern void ret_event_set_finish(RetEventSet *set);
extern int64 ret_events_compact(RetEvent *events, int64 n);
extern void ret_check_event_name(int size);
extern void ret_check_event_names(int n);

/* Add an event, whose name has a number in the set */
static inline void
ret_event_set_add(RetEventSet *set, int64 customer, int64 at, int64 name)
{
	if (unlikely(set->nevents == set->nalloc))
		ret_event_set_make_room(set);
	set->events[set->nevents++] = (RetEvent) {customer, at, name};
	set->finished = false;
}

#endif							/* RETENTION_EVENT_SET_H */
