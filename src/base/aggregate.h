/*-------------------------------------------------------------------------
 *
 * aggregate.h
 *	  Plumbing that the aggregates share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_AGGREGATE_H
#define RETENTION_AGGREGATE_H

#include <math.h>

#include "common/int.h"
#include "nodes/nodes.h"
#include "utils/float.h"

#include "base/retention.h"

extern MemoryContext ret_agg_context(FunctionCallInfo fcinfo);
extern Datum ret_agg_ignore(FunctionCallInfo fcinfo);
extern void ret_check_interrupts(void);

/* window functions */
extern struct WindowObjectData *ret_window_object(FunctionCallInfo fcinfo);
extern bool ret_any_frame_will_do(Node *request);

/*
 * Only check the context; inline for the usual case, for use in transition
 * functions
 */
static inline void
ret_agg_check(FunctionCallInfo fcinfo)
{
	if (unlikely(fcinfo->context == NULL || !IsA(fcinfo->context, AggState)))
		(void) ret_agg_context(fcinfo);
}

/* states that are a bigint[] of counters */
extern int64 *ret_counters(FunctionCallInfo fcinfo, int argno, int n);
extern void ret_counters_add(int64 *counters, const int64 *other, int n);

/* Add step to a counter, whose value may come from outside; 22003 on overflow */
static inline void
ret_counter_move(int64 *counter, int64 step)
{
	if (unlikely(pg_add_s64_overflow(*counter, step, counter)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("bigint out of range")));
}

/* composite arguments and results */
extern bool ret_get_counts(FunctionCallInfo fcinfo, int argno, int64 *counts, int n);
extern Datum ret_share(FunctionCallInfo fcinfo, int64 part, int64 whole);
extern Datum ret_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls, int n);
extern Datum ret_counts_row(FunctionCallInfo fcinfo, const int64 *counts, int n);
extern Datum ret_float_row(FunctionCallInfo fcinfo, const double *values, int n);

/* types that are plain bytes: comparison and text forms */
extern int ret_compare_bytes(const struct varlena *a, const struct varlena *b);
extern struct varlena *ret_hex_input(FunctionCallInfo fcinfo, const char *type);
extern char *ret_hex_output(const char *bytes, Size size, const char *type);

#endif							/* RETENTION_AGGREGATE_H */
