/*-------------------------------------------------------------------------
 *
 * floor.c
 *	  The floor of the benchmark: an aggregate that does nothing.
 *
 * noop(columns...) costs what any aggregate in C over the same columns must
 * cost: the scan, deforming the columns, and one call per row.  Its state is
 * a bigint passed by value that nobody changes, which is the cheapest path
 * through the executor; the combine function lets it run in parallel plans.
 * One symbol serves every overload, as no argument is looked at.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(noop_transfn);

Datum
noop_transfn(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}
