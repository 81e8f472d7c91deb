/*-------------------------------------------------------------------------
 *
 * counters.h
 *	  States that are an array of counters, and the summaries that are made of them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_COUNTERS_H
#define RETENTION_COUNTERS_H

#include "catalog/pg_type.h"
#include "common/int.h"
#include "utils/array.h"

#include "base/aggregate.h"

extern void *ret_state_array(FunctionCallInfo fcinfo, int argno, Oid type, int n);
extern int64 *ret_counters(FunctionCallInfo fcinfo, int argno, int n);
extern const int64 *ret_final_counters(FunctionCallInfo fcinfo, int n);
extern Datum ret_rollup_row(FunctionCallInfo fcinfo, int n);
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

/*
 * Check the context, and get the n counters of a transition function.  The array
 * the executor passes is recognized inline, since function calls would take half
 * the time of a row; anything else goes through ret_counters().
 */
static pg_always_inline int64 *
ret_trans_counters(FunctionCallInfo fcinfo, int n)
{
	ArrayType  *array = (ArrayType *) PG_GETARG_POINTER(0);

	ret_agg_check(fcinfo);
	if (likely(!PG_ARGISNULL(0) && VARATT_IS_4B_U(array) &&
			   VARSIZE(array) == ARR_OVERHEAD_NONULLS(1) + n * sizeof(int64) &&
			   ARR_NDIM(array) == 1 && !ARR_HASNULL(array) &&
			   ARR_DIMS(array)[0] == n && ARR_ELEMTYPE(array) == INT8OID))
		return (int64 *) ((char *) array + ARR_OVERHEAD_NONULLS(1));
	return ret_counters(fcinfo, 0, n);
}

/* Move one counter of a state by step, and return the state */
static inline Datum
ret_count(FunctionCallInfo fcinfo, int64 *counter, int step)
{
	ret_counter_move(counter, step);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

#endif							/* RETENTION_COUNTERS_H */
