/*-------------------------------------------------------------------------
 *
 * aggregate.c
 *	  Plumbing that the aggregates share: the context check, states that are
 *	  an array of counters, composite arguments and results.
 *
 * A state of counters is a bigint[] that the transition functions modify in
 * place, as core's int8_avg does.  Being an SQL type it needs no serialize
 * and deserialize functions, and partial aggregation works between machines
 * as well as between the workers of one.  The executor owns the array, which
 * begins as a copy of the aggregate's INITCOND.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "nodes/supportnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/typcache.h"
#include "windowapi.h"

#include "base/aggregate.h"

PG_FUNCTION_INFO_V1(counters_combine);
PG_FUNCTION_INFO_V1(counters_rollup_transfn);

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
 * Get the window that a window function is called over.  It is an error if
 * there is none: a user-defined operator could call the function without one.
 */
WindowObject
ret_window_object(FunctionCallInfo fcinfo)
{
	WindowObject winobj = PG_WINDOW_OBJECT();

	if (!WindowObjectIsValid(winobj))
		ereport(ERROR,
				(errcode(ERRCODE_WINDOWING_ERROR),
				 errmsg("window function called without a window"),
				 errhint("Call it with OVER (...).")));
	ret_reject_null_treatment(winobj, fcinfo);
	return winobj;
}

/*
 * Answer the planner's request for the frame that a window function needs;
 * false if it is another request.  The result of the function does not depend
 * on the frame, so the planner gets the one that costs least.
 */
bool
ret_any_frame_will_do(Node *request)
{
#ifdef RET_HAVE_OPTIMIZE_WINDOW_CLAUSE
	if (IsA(request, SupportRequestOptimizeWindowClause))
	{
		((SupportRequestOptimizeWindowClause *) request)->frameOptions =
			FRAMEOPTION_NONDEFAULT | FRAMEOPTION_ROWS |
			FRAMEOPTION_START_UNBOUNDED_PRECEDING | FRAMEOPTION_END_CURRENT_ROW;
		return true;
	}
#else
	(void) request;
#endif
	return false;
}

/*
 * Compare two values byte by byte; an arbitrary but total order, for sorting
 * and grouping
 */
int
ret_compare_bytes(const struct varlena *a, const struct varlena *b)
{
	Size		size_a = VARSIZE_ANY_EXHDR(a);
	Size		size_b = VARSIZE_ANY_EXHDR(b);
	int			result = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(size_a, size_b));

	return result != 0 ? result : (size_a > size_b) - (size_a < size_b);
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

/*
 * Get the array in argument argno; 22004 if a user-defined aggregate has no
 * INITCOND
 */
static ArrayType *
counters_array(FunctionCallInfo fcinfo, int argno)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("aggregate state must not be null"),
				 errhint("Give the aggregate an INITCOND of zeros.")));
	return PG_GETARG_ARRAYTYPE_P(argno);
}

/*
 * Get the n counters of the bigint[] in argument argno, to be read or modified
 * in place.  Any other array is an error: the state or the INITCOND of a
 * user-defined aggregate may be one.
 */
int64 *
ret_counters(FunctionCallInfo fcinfo, int argno, int n)
{
	ArrayType  *array = counters_array(fcinfo, argno);

	/* the caller returns the argument, which must be the array it has modified */
	PG_GETARG_DATUM(argno) = PointerGetDatum(array);
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != n ||
		ARR_HASNULL(array) || ARR_ELEMTYPE(array) != INT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state must be an array of %d counters", n)));
	return (int64 *) ARR_DATA_PTR(array);
}

/* Add other to counters, element by element; 22003 on overflow */
void
ret_counters_add(int64 *counters, const int64 *other, int n)
{
	for (int i = 0; i < n; i++)
		ret_counter_move(&counters[i], other[i]);
}

/* Get the number of counters of a state; 0 if its array has not one dimension */
static int
counters_length(FunctionCallInfo fcinfo, int argno)
{
	ArrayType  *array = counters_array(fcinfo, argno);

	return ARR_NDIM(array) == 1 ? ARR_DIMS(array)[0] : 0;
}

/*
 * counters_combine(bigint[], bigint[]) -> bigint[]
 *		Combine function of every aggregate whose state is an array of counters.
 */
Datum
counters_combine(PG_FUNCTION_ARGS)
{
	int			n;

	(void) ret_agg_context(fcinfo);
	n = counters_length(fcinfo, 0);
	ret_counters_add(ret_counters(fcinfo, 0, n), ret_counters(fcinfo, 1, n), n);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * counters_rollup_transfn(bigint[], composite) -> bigint[]
 *		Transition function of rollup(X_summary): adds the fields of the
 *		composite, all bigint, to counters[1..].  counters[0] counts the rows,
 *		so that a total of no rows (NULL) differs from a total of zeros.
 */
Datum
counters_rollup_transfn(PG_FUNCTION_ARGS)
{
	int64		counts[8];
	int64		one = 1;
	int64	   *counters;
	int			n;

	(void) ret_agg_context(fcinfo);
	n = counters_length(fcinfo, 0);
	counters = ret_counters(fcinfo, 0, n);
	if (n < 1 || n > (int) lengthof(counts) + 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state must be an array of 1 to %d counters",
						(int) lengthof(counts) + 1)));
	if (!PG_ARGISNULL(1) && ret_get_counts(fcinfo, 1, counts, n - 1))
	{
		ret_counters_add(counters, &one, 1);
		ret_counters_add(counters + 1, counts, n - 1);
	}
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * Check that a row has n fields, all bigint: a user may pair any row with any
 * state
 */
static bool
has_counts(HeapTupleHeader row, int n)
{
	TupleDesc	tupdesc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row),
												 HeapTupleHeaderGetTypMod(row));
	bool		ok = tupdesc->natts == n;

	for (int i = 0; ok && i < n; i++)
		ok = TupleDescAttr(tupdesc, i)->atttypid == INT8OID;
	ReleaseTupleDesc(tupdesc);
	return ok;
}

/*
 * Read the n bigint fields of the composite in argument argno, which must not
 * be null.  Returns false if all fields are null, as if there were no row.  It
 * is an error if only some are null, or if one is negative.
 */
bool
ret_get_counts(FunctionCallInfo fcinfo, int argno, int64 *counts, int n)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(argno);
	int			nnulls = 0;

	if (!has_counts(row, n))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a summary of %d counts is needed", n)));
	for (int i = 0; i < n; i++)
	{
		bool		isnull;
		Datum		value = GetAttributeByNum(row, i + 1, &isnull);

		if (isnull)
			nnulls++;
		else
		{
			counts[i] = DatumGetInt64(value);
			if (counts[i] < 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("count must not be negative"),
						 errdetail("Field %d of the summary is %lld.",
								   i + 1, (long long) counts[i])));
		}
	}
	if (nnulls == n)
		return false;
	if (nnulls > 0)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a summary must not have null fields"),
				 errhint("Use coalesce() to turn a missing count into 0.")));
	return true;
}

/* Return part / whole; NULL if whole is 0 */
Datum
ret_share(FunctionCallInfo fcinfo, int64 part, int64 whole)
{
	if (whole == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) part / (double) whole);
}

/*
 * Read the text form in argument 0 of an input function, which is hexadecimal
 * digits.  Returns the bytes, or NULL after a soft error.
 */
struct varlena *
ret_hex_input(FunctionCallInfo fcinfo, const char *type)
{
	const char *text = PG_GETARG_CSTRING(0);
	size_t		ndigits = strlen(text);

	ndigits = ndigits < 2 ? 0 : ndigits - 2;
	if (strncmp(text, "\\x", 2) != 0 || ndigits % 2 != 0 ||
		strspn(text + 2, "0123456789abcdefABCDEF") != ndigits)
		ereturn(fcinfo->context, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s", type),
				 errdetail("The text form is \\x and pairs of hexadecimal digits.")));
	return (struct varlena *) DatumGetPointer(DirectFunctionCall1(byteain, CStringGetDatum(text)));
}

/* Write bytes as the text form that ret_hex_input() reads */
char *
ret_hex_output(const char *bytes, Size size, const char *type)
{
	char	   *result;

	if (size > (MaxAllocSize - 3) / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s is too large for its text form", type),
				 errdetail("It has %zu bytes, the limit is %zu.",
						   size, (Size) (MaxAllocSize - 3) / 2),
				 errhint("Use COPY (FORMAT binary).")));
	result = palloc(2 * size + 3);
	result[0] = '\\';
	result[1] = 'x';
	result[2 + hex_encode(bytes, size, result + 2)] = '\0';
	return result;
}

/* Form a row of the calling function's declared result type */
Datum
ret_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls, int n)
{
	TupleDesc	tupdesc;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE ||
		tupdesc->natts != n)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("function must return a row of %d columns", n)));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
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
