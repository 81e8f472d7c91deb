/*-------------------------------------------------------------------------
 *
 * activity_days.h
 *	  A map from customers to sets of days, kept small: what an expanded
 *	  customer_activity holds.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_ACTIVITY_DAYS_H
#define RETENTION_ACTIVITY_DAYS_H

#include "activity.h"
#include "customer.h"

#define RET_BLOCK_CLASSES	12

/*
 * RetCustomer.flags: how the days of a customer are kept, whether some are
 * strays, and the class of the block in which they are, if they are in one
 */
#define DAYS_INLINE_MAX		3	/* 1 to 3: that many, in small and word */
#define DAYS_NONE			4	/* all days are strays */
#define DAYS_ARRAY			5	/* block word has small sorted days */
#define DAYS_BITMAP			6	/* block word has 64-day words from word small on */
#define DAYS_KIND			0x07
#define HAS_STRAYS			0x08
#define DAYS_CLASS_SHIFT	4

/* Events, perhaps with duplicates */
typedef struct RetEventList
{
	RetEvent   *events;
	int64		nevents;
	int64		nalloc;
	bool		sorted;			/* and free of duplicates */
} RetEventList;

/* Events that can be added at once */
#define RET_DAYS_BATCH		256

/* Days of customers */
typedef struct RetDays
{
	MemoryContext context;		/* owns the chunks */
	RetMap		map;			/* of slots without values */
	DateADT		first;			/* first day of any customer */
	DateADT		last;			/* last day of any customer */
	DateADT		base;			/* day of offset 0 */
	char	  **segments;		/* of the arena */
	uint32		nsegments;		/* segments there are */
	uint32		segments_alloc;	/* and pointers there is room for */
	uint32		segment_used;	/* units of the last one that are in use */
	uint32		free[RET_BLOCK_CLASSES];	/* blocks to use again, as lists */
	RetEventList strays;		/* days too far from base */
} RetDays;

extern int64 ret_events_compact(RetEvent *events, int64 nevents);
extern void ret_days_create(RetDays *sets, MemoryContext context, uint64 n);
extern void ret_days_free(RetDays *sets);
extern void ret_days_add(RetDays *sets, const RetEvent *events, int n);
extern void ret_days_merge(RetDays *sets, const RetEvent *event, const DateADT *days, int64 ndays);
extern void ret_days_read(const RetDays *sets, const RetCustomer *customer, RetActivityReader *reader);
extern bool ret_days_next(const RetDays *sets, RetActivityReader *reader);
extern void ret_strays_sort(RetEventList *list);
extern uint64 ret_days_list(RetDays *sets, RetEvent *list);
extern void ret_events_sort(RetEvent *events, uint64 n);

#endif							/* RETENTION_ACTIVITY_DAYS_H */
