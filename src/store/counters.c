/*-------------------------------------------------------------------------
 *
 * counters.c
 *	  States that are an array of counters, and the summaries that are made of them.
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
#include "executor/executor.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/result.h"
#include "store/counters.h"

#define MAX_COUNTS		8		/* most fields of a summary */

PG_FUNCTION_INFO_V1(counters_combine);
PG_FUNCTION_INFO_V1(counters_rollup_transfn);

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
 * Get the n elements of the array of a type in argument argno, to be read or modified
 * in place.  Any other array is an error: the state or the INITCOND of a user-defined
 * aggregate may be one.
 */
void *
ret_state_array(FunctionCallInfo fcinfo, int argno, Oid type, int n)
{
	ArrayType  *array = counters_array(fcinfo, argno);

	/* the caller returns the argument, which must be the array it has modified */
	PG_GETARG_DATUM(argno) = PointerGetDatum(array);
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != n ||
		ARR_HASNULL(array) || ARR_ELEMTYPE(array) != type)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 type == INT8OID ? errmsg("aggregate state must be an array of %d counters", n) :
				 errmsg("aggregate state must be an array of %d numbers", n)));
	return ARR_DATA_PTR(array);
}

/* Get the n counters of the bigint[] in argument argno in the same way */
int64 *
ret_counters(FunctionCallInfo fcinfo, int argno, int n)
{
	return ret_state_array(fcinfo, argno, INT8OID, n);
}

/* Add other to counters, element by element; 22003 on overflow */
void
ret_counters_add(int64 *counters, const int64 *other, int n)
{
	for (int i = 0; i < n; i++)
		ret_counter_move(&counters[i], other[i]);
}

/* Get the number of counters of a state; 0 if its array does not have one dimension */
static int
counters_length(FunctionCallInfo fcinfo, int argno)
{
	ArrayType  *array = counters_array(fcinfo, argno);

	return ARR_NDIM(array) == 1 ? ARR_DIMS(array)[0] : 0;
}

/*
 * Check the context, and get the n counters of a final function.  They are
 * negative only if a user-defined aggregate has an INITCOND that is.
 */
const int64 *
ret_final_counters(FunctionCallInfo fcinfo, int n)
{
	const int64 *counters;

	(void) ret_agg_context(fcinfo);
	counters = ret_counters(fcinfo, 0, n);
	for (int i = 0; i < n; i++)
	{
		if (counters[i] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("counters of an aggregate state must not be negative"),
					 errhint("Give the aggregate an INITCOND of zeros.")));
	}
	return counters;
}

/*
 * Return a row of the n sums of a rollup; NULL if there were no rows, whose
 * number is the counter before the sums
 */
Datum
ret_rollup_row(FunctionCallInfo fcinfo, int n)
{
	const int64 *counters = ret_final_counters(fcinfo, 1 + n);

	if (counters[0] == 0)
		PG_RETURN_NULL();
	return ret_counts_row(fcinfo, counters + 1, n);
}

/*
 * Read the n bigint fields of the composite in argument argno, which must not
 * be null.  Returns false if all fields are null, as if there were no row.  It
 * is an error if only some are null, or if one is negative.
 */
bool
ret_get_counts(FunctionCallInfo fcinfo, int argno, int64 *counts, int n)
{
	static const Oid types[MAX_COUNTS] = {
		INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID
	};
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(argno);
	int			nnulls = 0;

	Assert(n <= MAX_COUNTS);
	/* a user may pair any row with any state */
	if (!ret_row_matches(row, types, n, true))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a summary must have %d counts", n)));
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
						 errmsg("counts of a summary must not be negative"),
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
	int64		counts[MAX_COUNTS];
	int64		one = 1;
	int64	   *counters;
	int			n;

	(void) ret_agg_context(fcinfo);
	n = counters_length(fcinfo, 0);
	counters = ret_counters(fcinfo, 0, n);
	if (n < 1 || n > MAX_COUNTS + 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state must be an array of 1 to %d counters", MAX_COUNTS + 1)));
	if (!PG_ARGISNULL(1) && ret_get_counts(fcinfo, 1, counts, n - 1))
	{
		ret_counters_add(counters, &one, 1);
		ret_counters_add(counters + 1, counts, n - 1);
	}
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}
