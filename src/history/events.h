/*-------------------------------------------------------------------------
 *
 * events.h
 *	  Lists of customers and days: small groups, and days that fit nowhere else.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_EVENTS_H
#define RETENTION_EVENTS_H

#include "history/reader.h"

/* Events, perhaps with duplicates */
typedef struct RetEventList
{
	RetEvent   *events;
	int64		nevents;
	int64		nalloc;
	bool		sorted;			/* and free of duplicates */
} RetEventList;

extern int64 ret_events_compact(RetEvent *events, int64 nevents);
extern void ret_events_sort(RetEvent *events, uint64 n);
extern void ret_strays_add(RetEventList *list, int64 customer, DateADT day, MemoryContext context);
extern void ret_strays_sort(RetEventList *list);
extern int64 ret_strays_find(const RetEventList *list, int64 customer);

#endif							/* RETENTION_EVENTS_H */
