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
extern TupleDesc ret_row_type(FunctionCallInfo fcinfo, int n);
extern Datum ret_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls, int n);
extern Datum ret_counts_row(FunctionCallInfo fcinfo, const int64 *counts, int n);
extern Datum ret_float_row(FunctionCallInfo fcinfo, const double *values, int n);

#endif							/* RETENTION_RESULT_H */
