/*-------------------------------------------------------------------------
 *
 * subscriptions.h
 *	  Reading a customer_subscriptions, one customer at a time.
 *
 * What a customer pays per month on a day, the MRR, is the sum over the contracts
 * of that day, and at least 0.  A customer is read as the segments of days with
 * the same MRR above 0, ascending and apart: contracts that adjoin or overlap are
 * one segment while the MRR is the same, and adjacent segments where it changes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_SUBSCRIPTIONS_H
#define RETENTION_SUBSCRIPTIONS_H

#include "history/reader.h"

/* The end of a segment that is not over before as_of */
#define RET_STILL_RUNNING	PG_INT64_MAX

/* Days of a customer with the same MRR above 0 */
typedef struct RetSegment
{
	DateADT		from;			/* first day */
	int64		to;				/* first day after it, or RET_STILL_RUNNING */
	int64		mrr;			/* above 0, in units of 10^-walk.scale */
} RetSegment;

/* A walk over the customers who have ever had an MRR above 0 */
typedef struct RetSubscriptionsReader
{
	RetReader	walk;			/* the value as a whole, and the customer */
	int			least_scale;	/* decimals that the amounts need, at most walk.scale */
	DateADT		last_start;		/* last day on which a contract started */

	/* to be set before the first customer is read */
	int64		as_of;			/* changes of this day and later ones are not seen; by default all are */
	int32		grace;			/* a gap of at most this many days is filled with the MRR before it */

	RetSegment *segments;		/* of the customer, at least one; may be overwritten */
	int64		nsegments;
	int64		nalloc;			/* segments there is room for */
} RetSubscriptionsReader;

extern void ret_subscriptions_open(RetSubscriptionsReader *reader, Datum value);
extern void ret_subscriptions_order(RetSubscriptionsReader *reader);
extern bool ret_subscriptions_next(RetSubscriptionsReader *reader);

/* Get the MRR of a customer at the end of a day, in units of 10^-walk.scale */
extern int64 ret_subscriptions_mrr(const RetSubscriptionsReader *reader, int64 day);

#endif							/* RETENTION_SUBSCRIPTIONS_H */
