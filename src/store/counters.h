/*-------------------------------------------------------------------------
 *
 * counters.h
 *	  States that are an array of counters, and the summaries that are made of them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_COUNTERS_H
#define RETENTION_COUNTERS_H

#include "common/int.h"

#include "base/retention.h"

extern int64 *ret_counters(FunctionCallInfo fcinfo, int argno, int n);
extern void ret_counters_add(int64 *counters, const int64 *other, int n);
extern bool ret_get_counts(FunctionCallInfo fcinfo, int argno, int64 *counts, int n);

/* Add step to a counter, whose value may come from outside; 22003 on overflow */
static inline void
ret_counter_move(int64 *counter, int64 step)
{
	if (unlikely(pg_add_s64_overflow(*counter, step, counter)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("bigint out of range")));
}

#endif							/* RETENTION_COUNTERS_H */
