/*-------------------------------------------------------------------------
 *
 * purchase_model.c
 *	  Who will come back, and what they are worth: fits of the purchase models
 *	  and what they say about a customer.
 *
 * fit_bgnbd and fit_mbgnbd take a customer's frequency (repeat purchases),
 * recency (from the first purchase to the last) and age (from the first until
 * now), fit_gamma_gamma the frequency and the mean value of the repeat
 * purchases.  The mathematics is in likelihood.c; this file collects the rows,
 * checks the arguments and makes the rows of the results.
 *
 * The state is a tally: how many customers have each history.  Customers
 * repeat each other: of a million there are some 300,000 distinct histories.
 * The final function sorts them, so that the result depends neither on the
 * order of the rows nor on the plan, and searches the maximum: O(distinct
 * histories x steps), some ten steps.
 *
 * The functions over a model take it as a composite value, the same one for
 * many rows.  So what it holds is remembered together with its bytes, where
 * there is a place for that, and decoded again when they differ.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "aggregate.h"
#include "likelihood.h"
#include "tally.h"

#define DAYS_PER_JULIAN_YEAR	365.25
#define MAX_FREQUENCY	1000000 /* the likelihood takes a step for each */
#define MAX_DAYS		1e12
#define MIN_PARAMETER	1e-30	/* of a model; fits stay far within */
#define MAX_PARAMETER	1e30
#define MANY_MOMENTS	(1024 * 1024)	/* whole days that a table may hold */

/* numbers of a point of the tallies */
enum
{
	FREQUENCY = 0,
	RECENCY = 1,
	AGE = 2,
	MONETARY_VALUE = 1
};

/* A composite argument that was decoded already */
typedef struct RowCache
{
	Size		size;			/* bytes of the row, 0 if there is none */
	Size		allocated;		/* bytes of the copy */
	char	   *bytes;			/* the copy */
} RowCache;

/* What a function remembers between calls.  All zeros is nothing yet. */
typedef struct ScoreCache
{
	RowCache	purchase_row;
	RowCache	spend_row;
	RetPurchaseModel purchase;
	RetSpendModel spend;
	RetValueRules *rules;
} ScoreCache;

PG_FUNCTION_INFO_V1(fit_bgnbd_transfn);
PG_FUNCTION_INFO_V1(fit_bgnbd_combine);
PG_FUNCTION_INFO_V1(fit_bgnbd_finalfn);
PG_FUNCTION_INFO_V1(fit_mbgnbd_finalfn);
PG_FUNCTION_INFO_V1(fit_gamma_gamma_transfn);
PG_FUNCTION_INFO_V1(fit_gamma_gamma_combine);
PG_FUNCTION_INFO_V1(fit_gamma_gamma_finalfn);
PG_FUNCTION_INFO_V1(p_alive);
PG_FUNCTION_INFO_V1(churn_risk);
PG_FUNCTION_INFO_V1(expected_purchases);
PG_FUNCTION_INFO_V1(expected_spend);
PG_FUNCTION_INFO_V1(clv_predicted);

static void reject_model(const char *type, const char *detail) pg_attribute_noreturn();
static bool purchases_valid(const double *point);
static bool spend_valid(const double *point);

static const RetTallyDef purchases_tally = {
	.kind = RET_TALLY_PURCHASES,
	.ndims = 3,
	.ncounts = 1,
	.valid = purchases_valid
};

static const RetTallyDef spend_tally = {
	.kind = RET_TALLY_SPEND,
	.ndims = 2,
	.ncounts = 1,
	.valid = spend_valid
};

static const char *const purchase_parameters[] = {"r", "alpha", "a", "b"};
static const char *const spend_parameters[] = {"p", "q", "v"};

/*-------------------------------------------------------------------------
 * Checks
 *-------------------------------------------------------------------------
 */

static inline bool
is_finite(double value)
{
	return !isnan(value) && !isinf(value);
}

static bool
purchases_valid(const double *point)
{
	double		x = point[FREQUENCY];
	double		tx = point[RECENCY];
	double		t = point[AGE];

	return x >= 0 && x <= MAX_FREQUENCY && x == floor(x) &&
		tx >= 0 && tx <= t && t <= MAX_DAYS && (x > 0) == (tx > 0);
}

static bool
spend_valid(const double *point)
{
	double		x = point[FREQUENCY];

	return x >= 1 && x <= MAX_FREQUENCY && x == floor(x) &&
		point[MONETARY_VALUE] > 0 && is_finite(point[MONETARY_VALUE]);
}

static void
check_frequency(int64 frequency)
{
	if (frequency < 0 || frequency > MAX_FREQUENCY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("frequency must be from 0 to %d", MAX_FREQUENCY),
				 errdetail("It is %lld.", (long long) frequency),
				 errhint("frequency is the number of repeat purchases.")));
}

/* Says what is wrong with a history that purchases_valid() does not accept */
static void
reject_history(int64 frequency, double recency, double age)
{
	check_frequency(frequency);
	if (!is_finite(recency) || !is_finite(age))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("recency and age must be finite numbers"),
				 errdetail("recency is %g, age is %g.", recency, age)));
	if (recency < 0 || age < 0 || age > MAX_DAYS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("recency and age must be from 0 to %g days", MAX_DAYS),
				 errdetail("recency is %g, age is %g.", recency, age)));
	if (recency > age)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("recency must not exceed age"),
				 errdetail("recency is %g, age is %g.", recency, age),
				 errhint("recency is the time from the first purchase to the last, age that from the first until now.")));
	if (frequency > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("recency must be positive after a repeat purchase"),
				 errdetail("frequency is %lld, recency is %g.", (long long) frequency, recency),
				 errhint("Count the purchases of a day as one, as rfm_summary() does.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("recency must be 0 without a repeat purchase"),
			 errdetail("frequency is 0, recency is %g.", recency),
			 errhint("recency is the time from the first purchase to the last, frequency the number of purchases after the first.")));
}

/* Error unless the mean value of so many repeat purchases can be */
static void
check_monetary_value(int64 frequency, double value)
{
	check_frequency(frequency);
	if (!is_finite(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("monetary_value must be a finite number"),
				 errdetail("It is %g.", value)));
	if (value < 0 || (value == 0 && frequency > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("monetary_value must be positive"),
				 errdetail("It is %g, and frequency is %lld.", value, (long long) frequency),
				 errhint("Pass NULL for a customer whose repeat purchases have no value.")));
}

/*-------------------------------------------------------------------------
 * Fits: collecting the rows
 *-------------------------------------------------------------------------
 */

/*
 * fit_bgnbd_transfn(tally, frequency bigint, recency, age double precision)
 *		A customer.  Also that of fit_mbgnbd: two fits share a state.
 */
Datum
fit_bgnbd_transfn(PG_FUNCTION_ARGS)
{
	double		point[3];

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return ret_tally_ignore(fcinfo);
	point[FREQUENCY] = (double) PG_GETARG_INT64(1);
	point[RECENCY] = PG_GETARG_FLOAT8(2);
	point[AGE] = PG_GETARG_FLOAT8(3);
	if (unlikely(!purchases_valid(point)))
		reject_history(PG_GETARG_INT64(1), point[RECENCY], point[AGE]);
	return ret_tally_add(fcinfo, &purchases_tally, point, 0);
}

Datum
fit_bgnbd_combine(PG_FUNCTION_ARGS)
{
	return ret_tally_combine(fcinfo, &purchases_tally);
}

/*
 * fit_gamma_gamma_transfn(tally, frequency bigint, monetary_value double precision)
 *		A customer; without repeat purchases he says nothing about their value.
 */
Datum
fit_gamma_gamma_transfn(PG_FUNCTION_ARGS)
{
	double		point[2];

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_GETARG_INT64(1) == 0)
		return ret_tally_ignore(fcinfo);
	point[FREQUENCY] = (double) PG_GETARG_INT64(1);
	point[MONETARY_VALUE] = PG_GETARG_FLOAT8(2);
	if (unlikely(!spend_valid(point)))
		check_monetary_value(PG_GETARG_INT64(1), point[MONETARY_VALUE]);
	return ret_tally_add(fcinfo, &spend_tally, point, 0);
}

Datum
fit_gamma_gamma_combine(PG_FUNCTION_ARGS)
{
	return ret_tally_combine(fcinfo, &spend_tally);
}

/*-------------------------------------------------------------------------
 * Fits: from a tally to what a likelihood is computed from
 *-------------------------------------------------------------------------
 */

static void
interrupt(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* An array that may be larger than 1 GB, of zeros */
static void *
alloc_array(int64 n, Size size)
{
	return palloc_extended(Max(n, 1) * size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* The number of points, which must fit the arrays' indexes */
static int
checked_points(const RetTallyReader *reader)
{
	if (reader->npoints > PG_INT32_MAX / 2 - 1)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct customers to be fitted"),
				 errdetail("There are %lld.", (long long) reader->npoints),
				 errhint("Measure recency and age in whole days.")));
	return (int) reader->npoints;
}

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/*
 * The distinct times among the recencies and ages, and how to find them again:
 * whole days in a table by the day, others by binary search.
 */
typedef struct Moments
{
	int32	   *table;			/* index + 1 of a whole number of days, or NULL */
	double	   *times;			/* ascending, if there is no table */
	int			n;
} Moments;

static void
add_moment(Moments *moments, double t)
{
	if (moments->table == NULL)
		moments->times[moments->n++] = t;
	else if (moments->table[(int) t] == 0)
		moments->table[(int) t] = ++moments->n;
}

static void
find_moments(Moments *moments, const RetTallyReader *reader, int npoints)
{
	double		longest = 0;
	bool		whole = true;

	for (int i = 0; i < npoints; i++)
	{
		const double *point = ret_tally_point(reader, i);

		longest = Max(longest, point[AGE]);
		whole = whole && point[AGE] == floor(point[AGE]) && point[RECENCY] == floor(point[RECENCY]);
	}
	memset(moments, 0, sizeof(Moments));
	if (whole && longest < MANY_MOMENTS && longest < 64.0 * npoints + 1024)
		moments->table = alloc_array((int64) longest + 1, sizeof(int32));
	else
		moments->times = alloc_array((int64) npoints * 2, sizeof(double));
	for (int i = 0; i < npoints; i++)
	{
		const double *point = ret_tally_point(reader, i);

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		add_moment(moments, point[RECENCY]);
		add_moment(moments, point[AGE]);
	}
	if (moments->table == NULL)
	{
		int			distinct = 0;

		qsort(moments->times, moments->n, sizeof(double), compare_doubles);
		for (int i = 0; i < moments->n; i++)
		{
			if (i == 0 || moments->times[i] != moments->times[distinct - 1])
				moments->times[distinct++] = moments->times[i];
		}
		moments->n = distinct;
	}
}

static int
moment_index(const Moments *moments, double t)
{
	if (moments->table)
		return moments->table[(int) t] - 1;
	return (double *) bsearch(&t, moments->times, moments->n, sizeof(double), compare_doubles) -
		moments->times;
}

/*
 * The arrays of the likelihood, in the current context.  Without repeat
 * purchases nobody has left in the BG/NBD.
 */
static void
arrange_purchases(RetPurchases *purchases, const RetTallyReader *reader, bool modified)
{
	int			npoints = checked_points(reader);
	int			nfrequencies = 0;
	Moments		moments;
	double		above = 0;

	find_moments(&moments, reader, npoints);
	for (int i = 0; i < npoints; i++)
		nfrequencies += i == 0 ||
			ret_tally_point(reader, i)[FREQUENCY] != ret_tally_point(reader, i - 1)[FREQUENCY];
	memset(purchases, 0, sizeof(RetPurchases));
	purchases->modified = modified;
	purchases->interrupt = interrupt;
	purchases->frequencies = alloc_array(nfrequencies, sizeof(RetFrequency));
	purchases->moments = alloc_array(moments.n, sizeof(RetMoment));
	purchases->groups = alloc_array(npoints, sizeof(RetPurchaseGroup));
	purchases->nfrequencies = nfrequencies;
	purchases->nmoments = moments.n;

	nfrequencies = 0;
	for (int i = 0; i < npoints; i++)
	{
		const double *point = ret_tally_point(reader, i);
		RetPurchaseGroup *group = &purchases->groups[purchases->ngroups];

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (i == 0 || point[FREQUENCY] != purchases->frequencies[nfrequencies - 1].x)
			purchases->frequencies[nfrequencies++].x = point[FREQUENCY];
		group->weight = (double) *ret_tally_counts(reader, i);
		group->x = nfrequencies - 1;
		group->tx = moment_index(&moments, point[RECENCY]);
		group->t = moment_index(&moments, point[AGE]);
		purchases->frequencies[group->x].weight += group->weight;
		purchases->moments[group->tx].t = point[RECENCY];
		purchases->moments[group->t].t = point[AGE];
		purchases->moments[group->t].weight += group->weight;
		purchases->moments[group->t].purchases += group->weight * point[FREQUENCY];
		purchases->customers += group->weight;
		purchases->ngroups += modified || point[FREQUENCY] > 0;
	}
	for (int i = nfrequencies - 1; i >= 0; i--)
	{
		above += purchases->frequencies[i].weight;
		purchases->frequencies[i].above = above;
	}
}

static void
arrange_spends(RetSpends *spends, const RetTallyReader *reader)
{
	int			npoints = checked_points(reader);

	memset(spends, 0, sizeof(RetSpends));
	spends->interrupt = interrupt;
	spends->groups = alloc_array(npoints, sizeof(RetSpendGroup));
	spends->frequencies = alloc_array((int64) npoints + 1, sizeof(RetSpendFrequency));
	spends->ngroups = npoints;
	for (int i = 0; i < npoints; i++)
	{
		const double *point = ret_tally_point(reader, i);
		RetSpendGroup *group = &spends->groups[i];

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (i == 0 || point[FREQUENCY] != spends->frequencies[spends->nfrequencies - 1].x)
		{
			spends->frequencies[spends->nfrequencies].x = point[FREQUENCY];
			spends->frequencies[spends->nfrequencies++].first = i;
		}
		group->weight = (double) *ret_tally_counts(reader, i);
		group->total = point[FREQUENCY] * point[MONETARY_VALUE];
		group->ln_total = log(group->total);
		spends->frequencies[spends->nfrequencies - 1].weight += group->weight;
		spends->ln_means += group->weight * log(point[MONETARY_VALUE]);
		spends->customers += group->weight;
	}
	spends->frequencies[spends->nfrequencies].first = npoints;
}

/*-------------------------------------------------------------------------
 * Fits
 *-------------------------------------------------------------------------
 */

/* Error if not even the start has a likelihood */
static void
check_fit(const RetFit *fit)
{
	if (!is_finite(fit->value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the likelihood of these customers is out of range"),
				 errhint("Measure in other units.")));
}

/* Tell the user that a fit is not one */
static void
warn_not_converged(const char *model, const RetFit *fit, const char *const *parameters)
{
	const char *name = parameters[fit->farthest];
	double		value = fit->theta[fit->farthest];

	if (fit->end == RET_FIT_STEPS)
		ereport(WARNING,
				(errmsg("the fit of %s did not converge", model),
				 errdetail("After %d steps the gradient per customer is still %g.",
						   fit->iterations, fit->gradient),
				 errhint("Use the model with care, or fit more customers.")));
	else if (fit->end == RET_FIT_RIDGE)
		ereport(WARNING,
				(errmsg("the fit of %s did not converge", model),
				 errdetail("The likelihood has no maximum but a limit: after %d steps %s has reached %g.",
						   fit->iterations, name, value),
				 errhint("Use the model with care, or fit more customers, who differ more.")));
}

/* Is the fit b to be preferred to a? */
static bool
fit_is_better(const RetFit *b, const RetFit *a)
{
	double		noise = 1e-10 * fabs(a->value);

	if (b->end == RET_FIT_CONVERGED && a->end != RET_FIT_CONVERGED)
		return b->value >= a->value - noise;
	return b->value > a->value + noise;
}

/*
 * Fit BG/NBD or MBG/NBD, and as its limit without churn the NBD.  There may be
 * two basins, or a ridge along which churn vanishes: in such cases a second
 * search begins there, where chances to leave are few.
 */
static void
fit_purchases(RetPurchases *purchases, RetFit *fit, RetFit *nbd)
{
	RetProblem	problem = {0};
	RetFit		second;
	double		start[RET_MAX_PARAMS] = {1, 0, 1, 1};

	for (int i = 0; i < purchases->nmoments; i++)
		start[RET_ALPHA] += purchases->moments[i].weight * purchases->moments[i].t;
	start[RET_ALPHA] /= 5 * purchases->customers;
	if (!(start[RET_ALPHA] > 0))
		start[RET_ALPHA] = 1;

	problem.nparams = 2;
	problem.weight = purchases->customers;
	problem.data = purchases;
	problem.evaluate = ret_nbd_likelihood;
	problem.interrupt = interrupt;
	ret_maximize(&problem, start, nbd);
	check_fit(nbd);

	problem.nparams = 4;
	problem.evaluate = ret_purchase_likelihood;
	ret_maximize(&problem, start, fit);
	if (fit->end != RET_FIT_CONVERGED || fit->value < nbd->value ||
		fit->theta[RET_B] > 1e4 * fit->theta[RET_A] ||
		fit->theta[RET_A] + fit->theta[RET_B] > 1e4)
	{
		start[RET_R] = nbd->theta[RET_R];
		start[RET_ALPHA] = nbd->theta[RET_ALPHA];
		start[RET_A] = 0.01;
		start[RET_B] = 5;
		ret_maximize(&problem, start, &second);
		if (!is_finite(fit->value) || fit_is_better(&second, fit))
			*fit = second;
	}
	check_fit(fit);
}

/* The values of a fit from column on: parameters, then standard errors */
static int
fit_columns(const RetFit *fit, int nparams, int column, Datum *values, bool *nulls)
{
	for (int i = 0; i < nparams; i++)
	{
		values[column + i] = Float8GetDatum(fit->theta[i]);
		nulls[column + nparams + i] = !is_finite(fit->se[i]);
		values[column + nparams + i] = Float8GetDatum(fit->se[i]);
	}
	return column + 2 * nparams;
}

/*
 * (model, r, alpha, a, b, r_se, alpha_se, a_se, b_se, log_likelihood,
 * no_churn_log_likelihood, likelihood_ratio, customers, groups, iterations,
 * converged)
 */
static Datum
purchase_model_finalfn(FunctionCallInfo fcinfo, bool modified)
{
	const char *name = modified ? "MBG/NBD" : "BG/NBD";
	RetTallyReader reader;
	RetPurchases purchases;
	RetFit		fit;
	RetFit		nbd;
	Datum		values[16];
	bool		nulls[16] = {0};
	int			n;

	(void) ret_agg_context(fcinfo);
	ret_tally_read(&reader, PG_GETARG_DATUM(0), &purchases_tally);
	arrange_purchases(&purchases, &reader, modified);
	fit_purchases(&purchases, &fit, &nbd);
	warn_not_converged(name, &fit, purchase_parameters);

	values[0] = CStringGetTextDatum(name);
	n = fit_columns(&fit, 4, 1, values, nulls);
	values[n++] = Float8GetDatum(fit.value);
	values[n++] = Float8GetDatum(nbd.value);
	values[n++] = Float8GetDatum(Max(2 * (fit.value - nbd.value), 0));
	values[n++] = Int64GetDatum(reader.total);
	values[n++] = Int64GetDatum(reader.npoints);
	values[n++] = Int32GetDatum(fit.iterations);
	values[n++] = BoolGetDatum(fit.end == RET_FIT_CONVERGED);
	return ret_row(fcinfo, values, nulls, n);
}

Datum
fit_bgnbd_finalfn(PG_FUNCTION_ARGS)
{
	return purchase_model_finalfn(fcinfo, false);
}

Datum
fit_mbgnbd_finalfn(PG_FUNCTION_ARGS)
{
	return purchase_model_finalfn(fcinfo, true);
}

/*
 * (p, q, v, p_se, q_se, v_se, log_likelihood, customers, iterations, converged)
 */
Datum
fit_gamma_gamma_finalfn(PG_FUNCTION_ARGS)
{
	RetTallyReader reader;
	RetSpends	spends;
	RetProblem	problem = {0};
	RetFit		fit;
	double		start[RET_MAX_PARAMS] = {3, 3, 0};
	Datum		values[10];
	bool		nulls[10] = {0};
	int			n;

	(void) ret_agg_context(fcinfo);
	ret_tally_read(&reader, PG_GETARG_DATUM(0), &spend_tally);
	arrange_spends(&spends, &reader);
	/* the geometric mean, which no sum carries out of range */
	start[RET_V] = 2 * exp(spends.ln_means / spends.customers) / 3;
	problem.nparams = 3;
	problem.weight = spends.customers;
	problem.data = &spends;
	problem.evaluate = ret_spend_likelihood;
	problem.interrupt = interrupt;
	ret_maximize(&problem, start, &fit);
	check_fit(&fit);
	warn_not_converged("Gamma-Gamma", &fit, spend_parameters);
	if (fit.theta[RET_Q] <= 1)
		ereport(WARNING,
				(errmsg("the mean value of a purchase is infinite in this model"),
				 errdetail("q is %g, it would have to exceed 1.", fit.theta[RET_Q]),
				 errhint("A few customers spend far more than all others: fit them apart.")));

	n = fit_columns(&fit, 3, 0, values, nulls);
	values[n++] = Float8GetDatum(fit.value);
	values[n++] = Int64GetDatum(reader.total);
	values[n++] = Int32GetDatum(fit.iterations);
	values[n++] = BoolGetDatum(fit.end == RET_FIT_CONVERGED);
	return ret_row(fcinfo, values, nulls, n);
}

/*-------------------------------------------------------------------------
 * Scores: reading a model
 *-------------------------------------------------------------------------
 */

/* What is remembered between calls; if there is no place for it, of this call */
static ScoreCache *
get_cache(FunctionCallInfo fcinfo)
{
	ScoreCache *cache = fcinfo->flinfo->fn_extra;

	if (unlikely(cache == NULL))
		cache = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ScoreCache));
	return cache;
}

static void
reject_model(const char *type, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s is not the model of a fit", type),
			 errdetail_internal("%s", detail)));
}

static inline bool
row_is_cached(const RowCache *cache, HeapTupleHeader row)
{
	return HeapTupleHeaderGetDatumLength(row) == cache->size &&
		memcmp(row, cache->bytes, cache->size) == 0;
}

/* Remember a row that has been decoded */
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
 * Read n parameters from the columns first and following of a row.  The type
 * is one of the extension, but its owner may have altered it, and anybody may
 * have stored anything in it.
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
			reject_model(type, psprintf("Its %s is not a number from %g to %g.",
										names[i], MIN_PARAMETER, MAX_PARAMETER));
	}
}

/* Has the row's type what is to be read: optionally a text, then n numbers? */
static void
check_row_type(HeapTupleHeader row, const char *type, bool has_text, int n)
{
	TupleDesc	tupdesc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row),
												 HeapTupleHeaderGetTypMod(row));
	bool		ok = tupdesc->natts >= n + has_text;

	for (int i = 0; ok && i < n + has_text; i++)
	{
		Form_pg_attribute att = TupleDescAttr(tupdesc, i);

		ok = !att->attisdropped && att->atttypid == (has_text && i == 0 ? TEXTOID : FLOAT8OID);
	}
	ReleaseTupleDesc(tupdesc);
	if (!ok)
		reject_model(type, "The type has been altered.");
}

/* The purchase_model in argument argno */
static const RetPurchaseModel *
get_purchase_model(FunctionCallInfo fcinfo, int argno, ScoreCache *cache)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(argno);
	RetPurchaseModel *model = &cache->purchase;
	double		theta[4];
	bool		isnull;
	Datum		name;

	if (likely(row_is_cached(&cache->purchase_row, row)))
		return model;

	cache->purchase_row.size = 0;
	check_row_type(row, "purchase_model", true, 4);
	name = GetAttributeByNum(row, 1, &isnull);
	if (!isnull && strcmp(TextDatumGetCString(name), "BG/NBD") == 0)
		model->modified = 0;
	else if (!isnull && strcmp(TextDatumGetCString(name), "MBG/NBD") == 0)
		model->modified = 1;
	else
		reject_model("purchase_model", "Its model is neither BG/NBD nor MBG/NBD.");
	read_parameters(row, "purchase_model", 2, 4, purchase_parameters, theta);
	model->r = theta[RET_R];
	model->alpha = theta[RET_ALPHA];
	model->a = theta[RET_A];
	model->b = theta[RET_B];
	cache_row(fcinfo, &cache->purchase_row, row);
	return model;
}

/* The spend_model in argument argno */
static const RetSpendModel *
get_spend_model(FunctionCallInfo fcinfo, int argno, ScoreCache *cache)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(argno);
	RetSpendModel *model = &cache->spend;
	double		theta[3];

	if (likely(row_is_cached(&cache->spend_row, row)))
		return model;

	cache->spend_row.size = 0;
	check_row_type(row, "spend_model", false, 3);
	read_parameters(row, "spend_model", 1, 3, spend_parameters, theta);
	model->p = theta[RET_P];
	model->q = theta[RET_Q];
	model->v = theta[RET_V];
	cache_row(fcinfo, &cache->spend_row, row);
	return model;
}

/* The history in arguments argno (frequency), recency and age */
static RetHistory
get_history(FunctionCallInfo fcinfo, int argno)
{
	double		point[3];
	RetHistory	history;

	point[FREQUENCY] = history.x = (double) PG_GETARG_INT64(argno);
	point[RECENCY] = history.tx = PG_GETARG_FLOAT8(argno + 1);
	point[AGE] = history.t = PG_GETARG_FLOAT8(argno + 2);
	if (unlikely(!purchases_valid(point)))
		reject_history(PG_GETARG_INT64(argno), history.tx, history.t);
	return history;
}

/* The interval in argument argno in days, a month being 1/12 of 365.25 */
static double
get_days(FunctionCallInfo fcinfo, int argno, const char *name)
{
	Interval   *interval = PG_GETARG_INTERVAL_P(argno);
	double		days = interval->month * (DAYS_PER_JULIAN_YEAR / MONTHS_PER_YEAR) +
		interval->day + interval->time / (double) USECS_PER_DAY;

	if (INTERVAL_NOT_FINITE(interval) || days < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be finite and not negative", name),
				 errhint("Pass a length of time such as '90 days' or '1 year'.")));
	return days;
}

/* A finite result, or 22003 */
static Datum
finite_result(double value)
{
	if (!is_finite(value))
		float_overflow_error();
	PG_RETURN_FLOAT8(value);
}

/*-------------------------------------------------------------------------
 * Scores
 *-------------------------------------------------------------------------
 */

/* p_alive(model, frequency, recency, age) */
Datum
p_alive(PG_FUNCTION_ARGS)
{
	RetHistory	history = get_history(fcinfo, 1);

	return finite_result(ret_p_alive(get_purchase_model(fcinfo, 0, get_cache(fcinfo)), &history));
}

/* churn_risk(model, frequency, recency, age, within) */
Datum
churn_risk(PG_FUNCTION_ARGS)
{
	RetHistory	history = get_history(fcinfo, 1);
	double		days = get_days(fcinfo, 4, "within");

	return finite_result(ret_churn_risk(get_purchase_model(fcinfo, 0, get_cache(fcinfo)),
										&history, days));
}

/* expected_purchases(model, frequency, recency, age, within) */
Datum
expected_purchases(PG_FUNCTION_ARGS)
{
	RetHistory	history = get_history(fcinfo, 1);
	double		days = get_days(fcinfo, 4, "within");

	return finite_result(ret_expected_purchases(get_purchase_model(fcinfo, 0, get_cache(fcinfo)),
												&history, days));
}

/*
 * What a customer is expected to spend per purchase, from arguments model,
 * frequency and monetary_value at these positions; false if it is NULL
 */
static bool
get_expected_spend(FunctionCallInfo fcinfo, int model_argno, int frequency_argno,
				   int value_argno, ScoreCache *cache, double *spend)
{
	const RetSpendModel *model = get_spend_model(fcinfo, model_argno, cache);
	int64		frequency = PG_GETARG_INT64(frequency_argno);
	double		value = 0;

	check_frequency(frequency);
	if (PG_ARGISNULL(value_argno))
	{
		if (frequency > 0)
			return false;
	}
	else
	{
		value = PG_GETARG_FLOAT8(value_argno);
		check_monetary_value(frequency, value);
	}
	*spend = ret_expected_spend(model, (double) frequency, value);
	return !isnan(*spend);
}

/*
 * expected_spend(model, frequency, monetary_value)
 *		NULL if the model has no mean, and for repeat purchases of no known
 *		value; without repeat purchases the value does not matter.
 */
Datum
expected_spend(PG_FUNCTION_ARGS)
{
	double		spend;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) ||
		!get_expected_spend(fcinfo, 0, 1, 2, get_cache(fcinfo), &spend))
		PG_RETURN_NULL();
	return finite_result(spend);
}

/* The discount per day of an annual rate in argument argno */
static double
get_discount(FunctionCallInfo fcinfo, int argno)
{
	double		annual = PG_GETARG_FLOAT8(argno);

	if (!is_finite(annual))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("annual_discount must be a finite number")));
	if (annual <= -1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("annual_discount must be greater than -1"),
				 errhint("Rates are fractions: 10 percent is 0.1.")));
	return log1p(annual) / DAYS_PER_JULIAN_YEAR;
}

/*
 * clv(model, spend_model, frequency, recency, age, monetary_value, horizon,
 *	   annual_discount)
 *		What the customer is expected to spend within the horizon, discounted
 *		to now; NULL where expected_spend is.
 */
Datum
clv_predicted(PG_FUNCTION_ARGS)
{
	ScoreCache *cache = get_cache(fcinfo);
	const RetPurchaseModel *model;
	RetHistory	history;
	double		days;
	double		discount;
	double		spend;

	for (int i = 0; i < 8; i++)
	{
		if (PG_ARGISNULL(i) && i != 5)
			PG_RETURN_NULL();
	}
	history = get_history(fcinfo, 2);
	days = get_days(fcinfo, 6, "horizon");
	discount = get_discount(fcinfo, 7);
	model = get_purchase_model(fcinfo, 0, cache);
	if (!get_expected_spend(fcinfo, 1, 2, 5, cache, &spend))
		PG_RETURN_NULL();
	if (cache->rules == NULL)
	{
		cache->rules = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(RetValueRules));
		ret_value_rules(cache->rules);
	}
	return finite_result(spend * ret_discounted_purchases(model, &history, days, discount, cache->rules));
}
