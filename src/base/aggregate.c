/*-------------------------------------------------------------------------
 *
 * aggregate.c
 *	  What the support functions of all aggregates share: the check that they are
 *	  called by an aggregate, and rows that they ignore.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/aggregate.h"

/*
 * Get the memory context of the running aggregate.  Every support function
 * calls this first: outside an aggregate it would modify its caller's values
 * in place.
 */
MemoryContext
ret_agg_context(FunctionCallInfo fcinfo)
{
	MemoryContext aggcontext;

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("aggregate support function called outside an aggregate"),
				 errhint("Call the aggregate that the function belongs to.")));
	return aggcontext;
}

/* Return the state as it is, for a row that the transition function ignores */
Datum
ret_agg_ignore(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * Check for interrupts: the callback of the mathematics, which does not know
 * the server
 */
void
ret_check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}
