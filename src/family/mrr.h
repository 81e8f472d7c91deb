/*-------------------------------------------------------------------------
 *
 * mrr.h
 *	  What the tables of monthly recurring revenue have in common.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_MRR_H
#define RETENTION_MRR_H

#include "base/periods.h"
#include "base/result.h"
#include "family/subscriptions.h"

/* A value that is read, and the periods of the table that is made of it */
typedef struct RetMrrTable
{
	RetPeriods	periods;
	RetSubscriptionsReader reader;
	int64		first_shown;	/* first bin to show */
	int64		begin;			/* period, counted from 0, in which anybody pays for the first time */
} RetMrrTable;

extern int32 ret_grace_arg(FunctionCallInfo fcinfo, int argno);
extern bool ret_mrr_open(FunctionCallInfo fcinfo, int period, int grace, RetMrrTable *table);
extern bool ret_mrr_next(RetMrrTable *table);
extern void ret_put_mrr(RetRow *row, const RetSubscriptionsReader *reader, int128 units);
extern void ret_put_mrr_ratio(RetRow *row, int128 units, int128 whole, bool rated);

/* Tell whether a period, counted from 0, is over and its movements are decided */
static inline bool
ret_mrr_complete(const RetMrrTable *table, int64 i)
{
	return ret_bin_start(&table->periods.bins, table->periods.first + i + 1) + table->reader.grace <=
		table->periods.as_of;
}

/* Find the periods, counted from 0, at whose ends a segment runs; first > last if there are none */
static inline void
ret_mrr_closings(const RetPeriods *periods, const RetSegment *segment, int64 *first, int64 *last)
{
	*first = ret_bin_of(&periods->bins, segment->from) - periods->first;
	*last = segment->to == RET_STILL_RUNNING ? periods->n - 1 :
		ret_bin_of(&periods->bins, (DateADT) segment->to) - periods->first - 1;
}

#endif							/* RETENTION_MRR_H */
