/*-------------------------------------------------------------------------
 *
 * event_scan.h
 *	  A walk over the customers of a set of events.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_EVENT_SCAN_H
#define RETENTION_EVENT_SCAN_H

#include "store/event_set.h"

/* Where a walk is in a part whose events are in order: the next event, which was read */
typedef struct RetEventCursor
{
	const RetEventPart *part;
	const RetEventChunk *chunk;
	const uint8 *next;			/* of the event after it */
	int64		left;			/* events from it on */
	uint64		customer;
	uint64		at;
	int			name;
} RetEventCursor;

/* A walk over the customers of a set, part by part, or in ascending order once they were counted */
typedef struct RetEventScan
{
	/* public: the customer that was read */
	int64		customer;
	int64		first;			/* of their events in rows */
	int64		nevents;
	RetEventRows rows;			/* names are ranks */
	RetNameOrder order;

	/* public: known once they were counted */
	int64		ncustomers;
	int64		ntotal;			/* events of all */
	uint64		unit;			/* greatest common divisor of the distances of the instants from the first; not 0 */

	/* private */
	RetEventSet *set;			/* NULL: what is in rows */
	bool		rewrite;		/* are parts that were sorted to stay so? */
	int			part;			/* the next */
	int64		index;			/* next event in rows */
	int			nopen;			/* cursors that are not at their end; 0: part by part */
	RetEventCursor *cursors;	/* a heap, lowest customer first */
	RetEventShape *shapes;
} RetEventScan;

extern void ret_event_scan_set(RetEventScan *scan, RetEventSet *set);
extern bool ret_event_scan_next(RetEventScan *scan);
extern void ret_event_scan_count(RetEventScan *scan, int64 first);

#endif							/* RETENTION_EVENT_SCAN_H */
