/*-------------------------------------------------------------------------
 *
 * purchase_model.c
 *	  Who will come back, and what they are worth: what a fitted purchase
 *	  model says about a customer.
 *
 * The formulas are in purchase_math.c; this file reads models and checks
 * arguments.  A model is a composite value, usually the same for many rows.  So
 * a decoded model is kept in fn_extra together with the bytes of its row, and a
 * row is only decoded if its bytes differ from these.
 *
 * A customer takes 0.1 to 0.3 microseconds, and 1 to 2 if the value of their
 * purchases is discounted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/args.h"
#include "base/result.h"
#include "family/purchase_model.h"
#include "math/purchase_math.h"

#define MIN_PARAMETER	1e-30	/* limits of a model; fits stay far within them */
#define MAX_PARAMETER	1e30

/* The bytes of a composite argument that has been decoded */
typedef struct RowCache
{
	Size		size;			/* bytes of the row, 0 if there is none */
	Size		allocated;		/* bytes of the copy */
	char	   *bytes;			/* the copy */
} RowCache;

/* What a function remembers between calls.  All zeros is an empty cache. */
typedef struct ScoreCache
{
	RowCache	purchase_row;	/* what purchase was decoded from */
	RowCache	spend_row;		/* what spend was decoded from */
	RetPurchaseModel purchase;
	RetSpendModel spend;
	RetValueRules *rules;		/* NULL until they are needed */
} ScoreCache;

PG_FUNCTION_INFO_V1(p_alive);
PG_FUNCTION_INFO_V1(churn_risk);
PG_FUNCTION_INFO_V1(expected_purchases);
PG_FUNCTION_INFO_V1(expected_spend);
PG_FUNCTION_INFO_V1(clv_predicted);

const char *const ret_purchase_parameters[] = {"r", "alpha", "a", "b"};
const char *const ret_spend_parameters[] = {"p", "q", "v"};

/*-------------------------------------------------------------------------
 * Checks
 *-------------------------------------------------------------------------
 */

/* Raise an error unless `frequency` is a possible number of repeat purchases */
void
ret_check_frequency(int64 frequency)
{
	if (frequency < 0 || frequency > RET_MAX_FREQUENCY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("frequency must be between 0 and %d", RET_MAX_FREQUENCY),
				 errdetail("The value is %lld.", (long long) frequency),
				 errhint("Pass the number of repeat purchases.")));
}

/* Raise the error of a history that ret_history_valid() does not accept */
void
ret_reject_history(int64 frequency, double recency, double age)
{
	ret_check_frequency(frequency);
	if (!isfinite(recency) || !isfinite(age))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("recency and age must be finite numbers"),
				 errdetail("The recency is %g, the age is %g.", recency, age)));
	if (recency < 0 || age < 0 || age > RET_MAX_DAYS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("recency and age must be between 0 and %g days", RET_MAX_DAYS),
				 errdetail("The recency is %g, the age is %g.", recency, age)));
	if (recency > age)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("recency must not exceed age"),
				 errdetail("The recency is %g, the age is %g.", recency, age),
				 errhint("Pass the time from the first purchase to the last as recency, and that from the first until now as age.")));
	if (frequency > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("recency must be greater than 0 after a repeat purchase"),
				 errdetail("The frequency is %lld, the recency is %g.", (long long) frequency, recency),
				 errhint("Count the purchases of a day as one, as rfm_summary() does.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("recency must be 0 without a repeat purchase"),
			 errdetail("The frequency is 0, the recency is %g.", recency),
			 errhint("Pass the time from the first purchase to the last as recency, and the number of purchases after the first as frequency.")));
}

/*
 * Raise an error unless `value` is a possible mean of `frequency` repeat
 * purchases.  It may be 0 or below, if they were free or sent back.
 */
void
ret_check_monetary_value(int64 frequency, double value)
{
	ret_check_frequency(frequency);
	if (!isfinite(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("monetary_value must be a finite number"),
				 errdetail("The value is %g.", value)));
}

/*-------------------------------------------------------------------------
 * Reading a model
 *-------------------------------------------------------------------------
 */

/* Get the cache of the calling function */
static ScoreCache *
get_cache(FunctionCallInfo fcinfo)
{
	ScoreCache *cache = fcinfo->flinfo->fn_extra;

	if (unlikely(cache == NULL))
		cache = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ScoreCache));
	return cache;
}

static inline bool
row_is_cached(const RowCache *cache, HeapTupleHeader row)
{
	return HeapTupleHeaderGetDatumLength(row) == cache->size &&
		memcmp(row, cache->bytes, cache->size) == 0;
}

/* Keep the bytes of a row that has been decoded */
static void
cache_row(FunctionCallInfo fcinfo, RowCache *cache, HeapTupleHeader row)
{
	Size		size = HeapTupleHeaderGetDatumLength(row);

	cache->size = 0;
	if (size > cache->allocated)
	{
		if (cache->bytes)
			pfree(cache->bytes);
		cache->bytes = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, size);
		cache->allocated = size;
	}
	memcpy(cache->bytes, row, size);
	cache->size = size;
}

/*
 * Read n parameters of a row, from column `first` on.  The type belongs to the
 * extension, but its owner may have altered it, and anybody may have stored
 * anything in it.
 */
static void
read_parameters(HeapTupleHeader row, const char *type, int first, int n,
				const char *const *names, double *parameters)
{
	for (int i = 0; i < n; i++)
	{
		bool		isnull;
		Datum		value = GetAttributeByNum(row, first + i, &isnull);

		parameters[i] = isnull ? 0 : DatumGetFloat8(value);
		if (!(parameters[i] >= MIN_PARAMETER && parameters[i] <= MAX_PARAMETER))
			ret_reject_model(type, psprintf("Its %s is not a number between %g and %g.",
											names[i], MIN_PARAMETER, MAX_PARAMETER));
	}
}

/* Get the purchase_model in argument argno */
static const RetPurchaseModel *
get_purchase_model(FunctionCallInfo fcinfo, int argno, ScoreCache *cache)
{
	static const Oid types[] = {TEXTOID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID};
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(argno);
	RetPurchaseModel *model = &cache->purchase;
	double		theta[4];
	bool		isnull;
	Datum		name;

	if (likely(row_is_cached(&cache->purchase_row, row)))
		return model;

	cache->purchase_row.size = 0;
	ret_check_model(row, "purchase_model", types, lengthof(types));
	name = GetAttributeByNum(row, 1, &isnull);
	if (!isnull && strcmp(TextDatumGetCString(name), "BG/NBD") == 0)
		model->modified = 0;
	else if (!isnull && strcmp(TextDatumGetCString(name), "MBG/NBD") == 0)
		model->modified = 1;
	else
		ret_reject_model("purchase_model", "Its model is neither BG/NBD nor MBG/NBD.");
	read_parameters(row, "purchase_model", 2, 4, ret_purchase_parameters, theta);
	model->r = theta[RET_R];
	model->alpha = theta[RET_ALPHA];
	model->a = theta[RET_A];
	model->b = theta[RET_B];
	cache_row(fcinfo, &cache->purchase_row, row);
	return model;
}

/* Get the purchase_model in argument argno, for functions that are called once for many customers */
void
ret_purchase_model_get(FunctionCallInfo fcinfo, int argno, RetPurchaseModel *model)
{
	*model = *get_purchase_model(fcinfo, argno, get_cache(fcinfo));
}

/* Get the spend_model in argument argno */
static const RetSpendModel *
get_spend_model(FunctionCallInfo fcinfo, int argno, ScoreCache *cache)
{
	static const Oid types[] = {FLOAT8OID, FLOAT8OID, FLOAT8OID};
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(argno);
	RetSpendModel *model = &cache->spend;
	double		theta[3];

	if (likely(row_is_cached(&cache->spend_row, row)))
		return model;

	cache->spend_row.size = 0;
	ret_check_model(row, "spend_model", types, lengthof(types));
	read_parameters(row, "spend_model", 1, 3, ret_spend_parameters, theta);
	model->p = theta[RET_P];
	model->q = theta[RET_Q];
	model->v = theta[RET_V];
	cache_row(fcinfo, &cache->spend_row, row);
	return model;
}

/* Get the history in argument argno and the next two: frequency, recency and age */
static RetHistory
get_history(FunctionCallInfo fcinfo, int argno)
{
	RetHistory	history;

	history.x = (double) PG_GETARG_INT64(argno);
	history.tx = PG_GETARG_FLOAT8(argno + 1);
	history.t = PG_GETARG_FLOAT8(argno + 2);
	if (unlikely(!ret_history_valid(history.x, history.tx, history.t)))
		ret_reject_history(PG_GETARG_INT64(argno), history.tx, history.t);
	return history;
}

/*-------------------------------------------------------------------------
 * What a model says
 *-------------------------------------------------------------------------
 */

/* p_alive(model, frequency, recency, age) */
Datum
p_alive(PG_FUNCTION_ARGS)
{
	RetHistory	history = get_history(fcinfo, 1);

	return ret_finite_result(ret_p_alive(get_purchase_model(fcinfo, 0, get_cache(fcinfo)), &history));
}

/* churn_risk(model, frequency, recency, age, within) */
Datum
churn_risk(PG_FUNCTION_ARGS)
{
	RetHistory	history = get_history(fcinfo, 1);
	double		days = ret_days_arg(fcinfo, 4, "within");

	return ret_finite_result(ret_churn_risk(get_purchase_model(fcinfo, 0, get_cache(fcinfo)),
											&history, days));
}

/* expected_purchases(model, frequency, recency, age, within) */
Datum
expected_purchases(PG_FUNCTION_ARGS)
{
	RetHistory	history = get_history(fcinfo, 1);
	double		days = ret_days_arg(fcinfo, 4, "within");

	return ret_finite_result(ret_expected_purchases(get_purchase_model(fcinfo, 0, get_cache(fcinfo)),
													&history, days));
}

/*
 * Compute what a customer is expected to spend per purchase, from the arguments
 * model, frequency and monetary_value at the given positions; false if the
 * result is NULL
 */
static bool
get_expected_spend(FunctionCallInfo fcinfo, int model_argno, int frequency_argno,
				   int value_argno, ScoreCache *cache, double *spend)
{
	const RetSpendModel *model = get_spend_model(fcinfo, model_argno, cache);
	int64		frequency = PG_GETARG_INT64(frequency_argno);
	double		value = 0;

	ret_check_frequency(frequency);
	if (PG_ARGISNULL(value_argno))
	{
		if (frequency > 0)
			return false;
	}
	else
	{
		value = PG_GETARG_FLOAT8(value_argno);
		ret_check_monetary_value(frequency, value);
	}
	*spend = ret_expected_spend(model, (double) frequency, value);
	return !isnan(*spend);
}

/*
 * expected_spend(model, frequency, monetary_value)
 *		Return what the customer is expected to spend per purchase.  NULL if the
 *		model has no mean, or if there are repeat purchases but no
 *		monetary_value; without repeat purchases it does not matter.
 */
Datum
expected_spend(PG_FUNCTION_ARGS)
{
	double		spend;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) ||
		!get_expected_spend(fcinfo, 0, 1, 2, get_cache(fcinfo), &spend))
		PG_RETURN_NULL();
	return ret_finite_result(spend);
}

/*
 * clv(model, spend_model, frequency, recency, age, monetary_value, horizon,
 *	   annual_discount)
 *		Return what the customer is expected to spend within the horizon,
 *		discounted to now; NULL if expected_spend is NULL.
 */
Datum
clv_predicted(PG_FUNCTION_ARGS)
{
	ScoreCache *cache = get_cache(fcinfo);
	const RetPurchaseModel *model;
	RetHistory	history;
	double		days;
	double		discount = ret_log_discount(fcinfo, 7, -1) / DAYS_PER_YEAR;
	double		spend;

	for (int i = 0; i < 7; i++)
	{
		if (PG_ARGISNULL(i) && i != 5)
			PG_RETURN_NULL();
	}
	history = get_history(fcinfo, 2);
	days = ret_days_arg(fcinfo, 6, "horizon");
	model = get_purchase_model(fcinfo, 0, cache);
	if (!get_expected_spend(fcinfo, 1, 2, 5, cache, &spend))
		PG_RETURN_NULL();
	if (cache->rules == NULL)
	{
		cache->rules = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(RetValueRules));
		ret_value_rules(cache->rules);
	}
	return ret_finite_result(spend * ret_discounted_purchases(model, &history, days, discount, cache->rules));
}
