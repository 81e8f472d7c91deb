/*-------------------------------------------------------------------------
 *
 * pattern.c
 *	  solved_at_once(contacts): share of the cases that took a single contact.
 *
 * This is the smallest complete aggregate in the style of the extension, to be
 * copied when another one is begun.  A file of a family opens as this one does:
 * what it computes, the formula with its source, the state and its owner, the
 * cost.
 *
 * First contact resolution = cases with one contact / cases.
 *
 * The state is a bigint[] of counters, {solved, cases}, modified in place and
 * owned by the executor.  Counts can be taken back, so a moving frame costs one
 * addition and one subtraction per row.  The transition functions are strict
 * with an INITCOND, so NULL never reaches them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "store/counters.h"

/* The file base/module.c has this for the extension; do not copy it */
PG_MODULE_MAGIC;

/* Order of the counters */
enum
{
	SOLVED,
	CASES,
	COUNTERS
};

PG_FUNCTION_INFO_V1(solved_at_once_transfn);
PG_FUNCTION_INFO_V1(solved_at_once_invfn);
PG_FUNCTION_INFO_V1(solved_at_once_finalfn);

/*
 * Count a case, or take it back: the worker of the transition and inverse
 * functions
 */
static Datum
count_case(FunctionCallInfo fcinfo, int step)
{
	int64	   *counters;
	int32		contacts = PG_GETARG_INT32(1);

	(void) ret_agg_context(fcinfo);
	counters = ret_counters(fcinfo, 0, COUNTERS);
	if (contacts < 1)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of contacts must be at least 1"),
				 errdetail("The number is %d.", contacts),
				 errhint("Leave other values out with FILTER (WHERE contacts >= 1).")));
	ret_counter_move(&counters[CASES], step);
	if (contacts == 1)
		ret_counter_move(&counters[SOLVED], step);

	/* read after ret_counters(), which has put the array that it found there */
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

Datum
solved_at_once_transfn(PG_FUNCTION_ARGS)
{
	return count_case(fcinfo, 1);
}

Datum
solved_at_once_invfn(PG_FUNCTION_ARGS)
{
	return count_case(fcinfo, -1);
}

/* Only read: it is called for each row of a window, and its state may be shared */
Datum
solved_at_once_finalfn(PG_FUNCTION_ARGS)
{
	const int64 *counters;

	(void) ret_agg_context(fcinfo);
	counters = ret_counters(fcinfo, 0, COUNTERS);
	if (counters[CASES] == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) counters[SOLVED] / (double) counters[CASES]);
}
