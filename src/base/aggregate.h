/*-------------------------------------------------------------------------
 *
 * aggregate.h
 *	  What the support functions of all aggregates share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_AGGREGATE_H
#define RETENTION_AGGREGATE_H

#include "nodes/nodes.h"

#include "base/retention.h"

extern MemoryContext ret_agg_context(FunctionCallInfo fcinfo);
extern Datum ret_agg_ignore(FunctionCallInfo fcinfo);
extern void ret_check_interrupts(void);

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

/* Check for interrupts in each 65,536th step of a loop that counts from 0 */
static inline void
ret_check_interrupts_at(uint64 step)
{
	if (unlikely((step & 0xFFFF) == 0xFFFF))
		ret_check_interrupts();
}

#endif							/* RETENTION_AGGREGATE_H */
