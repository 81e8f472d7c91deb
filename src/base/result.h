/*-------------------------------------------------------------------------
 *
 * result.h
 *	  Results that several families return: shares, and rows of a composite type.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_RESULT_H
#define RETENTION_RESULT_H

#include "access/tupdesc.h"

#include "base/retention.h"

extern Datum ret_finite_result(double value);
extern Datum ret_ratio(FunctionCallInfo fcinfo, double numerator, double denominator);
extern Datum ret_share(FunctionCallInfo fcinfo, int64 part, int64 whole);

/* Rows of the calling function's declared result type */
extern TupleDesc ret_row_type(FunctionCallInfo fcinfo, int n);
extern Datum ret_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls, int n);
extern Datum ret_counts_row(FunctionCallInfo fcinfo, const int64 *counts, int n);
extern Datum ret_float_row(FunctionCallInfo fcinfo, const double *values, int n);

#define RET_MAX_FIELDS		24

/* A row that gets its fields one by one.  All zeros is a row without fields. */
typedef struct RetRow
{
	int			n;				/* number of fields so far */
	Datum		values[RET_MAX_FIELDS];
	bool		nulls[RET_MAX_FIELDS];
} RetRow;

extern void ret_put_bigint(RetRow *row, int64 value);
extern void ret_put_integer(RetRow *row, int32 value);
extern void ret_put_double(RetRow *row, double value);
extern void ret_put_boolean(RetRow *row, bool value);
extern void ret_put_text(RetRow *row, const char *value);
extern void ret_put_datum(RetRow *row, Datum value);
extern void ret_put_null(RetRow *row);
extern Datum ret_finished_row(FunctionCallInfo fcinfo, RetRow *row);

#endif							/* RETENTION_RESULT_H */
