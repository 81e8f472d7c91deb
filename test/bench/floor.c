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
 * noop_rows(n) costs what any function in C that returns n rows of the type of
 * rfm_table must cost: forming the rows and keeping them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/date.h"
#include "utils/tuplestore.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(noop_transfn);
PG_FUNCTION_INFO_V1(noop_rows);

Datum
noop_transfn(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

Datum
noop_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int64 i = 0; i < PG_GETARG_INT64(0); i++)
	{
		Datum		number = Float8GetDatum((double) i);
		Datum		day = DateADTGetDatum(0);
		Datum		values[9] = {Int64GetDatum(i), Int64GetDatum(i), number, number, number,
		Int64GetDatum(i), number, day, day};
		bool		nulls[9] = {0};

		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
