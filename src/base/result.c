/*-------------------------------------------------------------------------
 *
 * result.c
 *	  Results that several families return: shares, and rows of a composite type.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/float.h"

#include "base/result.h"

/* Return part / whole; NULL if whole is 0 */
Datum
ret_share(FunctionCallInfo fcinfo, int64 part, int64 whole)
{
	if (whole == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) part / (double) whole);
}

/* Get the calling function's declared result type, which must have n columns */
TupleDesc
ret_row_type(FunctionCallInfo fcinfo, int n)
{
	TupleDesc	tupdesc;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE ||
		tupdesc->natts != n)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("function must return a row of %d columns", n)));
	return BlessTupleDesc(tupdesc);
}

/* Form a row of the calling function's declared result type */
Datum
ret_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls, int n)
{
	return HeapTupleGetDatum(heap_form_tuple(ret_row_type(fcinfo, n), values, nulls));
}

/* Form a row of n bigint counts, as ret_row() does */
Datum
ret_counts_row(FunctionCallInfo fcinfo, const int64 *counts, int n)
{
	Datum		datums[8];
	bool		nulls[8] = {0};

	Assert(n <= (int) lengthof(datums));
	for (int i = 0; i < n; i++)
		datums[i] = Int64GetDatum(counts[i]);
	return ret_row(fcinfo, datums, nulls, n);
}

/*
 * Form a row of n double precision values, as ret_row() does.  NaN, which is
 * never a result, stands for NULL.
 */
Datum
ret_float_row(FunctionCallInfo fcinfo, const double *values, int n)
{
	Datum		datums[8];
	bool		nulls[8];

	Assert(n <= (int) lengthof(datums));
	for (int i = 0; i < n; i++)
	{
		nulls[i] = isnan(values[i]);
		datums[i] = Float8GetDatum(nulls[i] ? 0 : values[i]);
	}
	return ret_row(fcinfo, datums, nulls, n);
}

/* Return a result, which must be finite; error 22003 otherwise */
Datum
ret_finite_result(double value)
{
	if (isinf(value) || isnan(value))
		float_overflow_error();
	PG_RETURN_FLOAT8(value);
}

/* Return numerator / denominator; NULL if the denominator is 0 */
Datum
ret_ratio(FunctionCallInfo fcinfo, double numerator, double denominator)
{
	if (denominator == 0)
		PG_RETURN_NULL();
	return ret_finite_result(numerator / denominator);
}
