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
#include "utils/builtins.h"
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

/* Add a field; one too many is an error when the row is finished */
static void
put_field(RetRow *row, Datum value, bool isnull)
{
	if (row->n < RET_MAX_FIELDS)
	{
		row->values[row->n] = value;
		row->nulls[row->n] = isnull;
	}
	row->n++;
}

void
ret_put_bigint(RetRow *row, int64 value)
{
	put_field(row, Int64GetDatum(value), false);
}

void
ret_put_integer(RetRow *row, int32 value)
{
	put_field(row, Int32GetDatum(value), false);
}

void
ret_put_boolean(RetRow *row, bool value)
{
	put_field(row, BoolGetDatum(value), false);
}

/* Add a double precision.  NaN, which is never a result, stands for NULL. */
void
ret_put_double(RetRow *row, double value)
{
	put_field(row, Float8GetDatum(value), isnan(value));
}

/* Add a text; a null pointer stands for NULL */
void
ret_put_text(RetRow *row, const char *value)
{
	put_field(row, value ? CStringGetTextDatum(value) : (Datum) 0, value == NULL);
}

/* Add a value of any type, which is not null */
void
ret_put_datum(RetRow *row, Datum value)
{
	put_field(row, value, false);
}

void
ret_put_null(RetRow *row)
{
	put_field(row, (Datum) 0, true);
}

/* Form a row whose fields have all been added */
Datum
ret_finished_row(FunctionCallInfo fcinfo, RetRow *row)
{
	return ret_row(fcinfo, row->values, row->nulls, row->n);
}

/* Form a row of n bigint counts */
Datum
ret_counts_row(FunctionCallInfo fcinfo, const int64 *counts, int n)
{
	RetRow		row = {0};

	for (int i = 0; i < n; i++)
		ret_put_bigint(&row, counts[i]);
	return ret_finished_row(fcinfo, &row);
}

/* Form a row of n double precision values, of which NaN stands for NULL */
Datum
ret_float_row(FunctionCallInfo fcinfo, const double *values, int n)
{
	RetRow		row = {0};

	for (int i = 0; i < n; i++)
		ret_put_double(&row, values[i]);
	return ret_finished_row(fcinfo, &row);
}

/* Return a result, which must be finite; error 22003 otherwise */
Datum
ret_finite_result(double value)
{
	if (!isfinite(value))
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
