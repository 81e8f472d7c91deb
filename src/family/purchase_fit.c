/*-------------------------------------------------------------------------
 *
 * purchase_fit.c
 *	  Fits of the purchase models: fit_bgnbd, fit_mbgnbd, fit_pareto_nbd and
 *	  fit_gamma_gamma.
 *
 * The first three take a customer's frequency (repeat purchases), recency (from
 * the first purchase to the last) and age (from the first until now).
 * fit_gamma_gamma takes the frequency and the mean value of the repeat purchases.
 * The mathematics is in purchase_math.c and pareto.c; this file collects the rows,
 * arranges them for it and makes the rows of the results.
 *
 * The state is a tally: how many customers have each history.  Many have the
 * same: a million customers have some 200,000 distinct histories.  The final
 * function sorts these, so that the result depends neither on the order of the
 * rows nor on the plan, and searches for the maximum: O(distinct histories x
 * steps), in some ten steps, with 24 bytes per distinct history.
 *
 * The functions of the same names over a customer_activity or customer_purchases
 * make the same tally in one walk over its customers, of the histories that
 * rfm_table shows, and so the same row, to the last digit.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/result.h"
#include "family/activity.h"
#include "family/purchase_model.h"
#include "family/purchase_moments.h"
#include "family/purchases.h"
#include "math/maximum.h"
#include "math/pareto.h"
#include "math/purchase_math.h"
#include "store/money.h"
#include "store/tally.h"

#define MAX_POINTS		(PG_INT32_MAX / 2 - 1)	/* there may be two times per point */
#define NO_RATIO		1e-3	/* a smaller likelihood ratio is no difference */

#define MONETARY_VALUE	1	/* number of a point of a spend tally */

PG_FUNCTION_INFO_V1(fit_bgnbd_transfn);
PG_FUNCTION_INFO_V1(fit_bgnbd_transfn_counted);
PG_FUNCTION_INFO_V1(fit_bgnbd_combine);
PG_FUNCTION_INFO_V1(fit_bgnbd_finalfn);
PG_FUNCTION_INFO_V1(fit_mbgnbd_finalfn);
PG_FUNCTION_INFO_V1(fit_pareto_nbd_finalfn);
PG_FUNCTION_INFO_V1(fit_gamma_gamma_transfn);
PG_FUNCTION_INFO_V1(fit_gamma_gamma_transfn_counted);
PG_FUNCTION_INFO_V1(fit_gamma_gamma_combine);
PG_FUNCTION_INFO_V1(fit_gamma_gamma_finalfn);
PG_FUNCTION_INFO_V1(fit_bgnbd_activity);
PG_FUNCTION_INFO_V1(fit_mbgnbd_activity);
PG_FUNCTION_INFO_V1(fit_pareto_nbd_activity);
PG_FUNCTION_INFO_V1(fit_gamma_gamma_purchases);

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

/*-------------------------------------------------------------------------
 * Collecting the rows
 *-------------------------------------------------------------------------
 */

static bool
purchases_valid(const double *point)
{
	return ret_history_valid(point[FREQUENCY], point[RECENCY], point[AGE]);
}

static bool
spend_valid(const double *point)
{
	double		x = point[FREQUENCY];

	return x >= 1 && x <= RET_MAX_FREQUENCY && x == (double) (int32) x &&
		point[MONETARY_VALUE] > 0 && isfinite(point[MONETARY_VALUE]);
}

/* Make a point of a customer's purchases; error 22023 if there can be none such */
static inline void
get_history(int64 frequency, double recency, double age, double *point)
{
	point[FREQUENCY] = (double) frequency;
	point[RECENCY] = recency;
	point[AGE] = age;
	if (unlikely(!purchases_valid(point)))
		ret_reject_history(frequency, recency, age);
}

/*
 * Make a point of the spend of a customer with repeat purchases; false if the
 * customer is to be left out
 */
static inline bool
get_spend(int64 frequency, double monetary_value, double *point)
{
	point[FREQUENCY] = (double) frequency;
	point[MONETARY_VALUE] = monetary_value;
	if (likely(spend_valid(point)))
		return true;
	ret_check_monetary_value(frequency, monetary_value);
	return false;
}

/*
 * fit_bgnbd_transfn(tally, frequency bigint, recency, age double precision)
 *		Add a customer.  This is also the transition function of fit_mbgnbd and
 *		fit_pareto_nbd, so that the three fits share a state.
 */
Datum
fit_bgnbd_transfn(PG_FUNCTION_ARGS)
{
	double		point[3];

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return ret_agg_ignore(fcinfo);
	get_history(PG_GETARG_INT64(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3), point);
	return ret_tally_add(fcinfo, &purchases_tally, point, 0, false);
}

/* fit_bgnbd_transfn_counted(tally, frequency, recency, age, customers bigint): add customers with one history */
Datum
fit_bgnbd_transfn_counted(PG_FUNCTION_ARGS)
{
	double		point[3];
	int64		customers;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) ||
		(customers = ret_customers_arg(fcinfo, 4)) == 0)
		return ret_agg_ignore(fcinfo);
	get_history(PG_GETARG_INT64(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3), point);
	return ret_tally_add_counted(fcinfo, &purchases_tally, point, 0, customers);
}

Datum
fit_bgnbd_combine(PG_FUNCTION_ARGS)
{
	return ret_tally_combine(fcinfo, &purchases_tally);
}

/*
 * fit_gamma_gamma_transfn(tally, frequency bigint, monetary_value double precision)
 *		Add a customer.  Customers without repeat purchases are ignored: they
 *		say nothing about spend.  So are those with a mean of 0 or below, which
 *		no gamma distribution has.
 */
Datum
fit_gamma_gamma_transfn(PG_FUNCTION_ARGS)
{
	double		point[2];

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_GETARG_INT64(1) == 0)
		return ret_agg_ignore(fcinfo);
	if (unlikely(!get_spend(PG_GETARG_INT64(1), PG_GETARG_FLOAT8(2), point)))
		return ret_agg_ignore(fcinfo);
	return ret_tally_add(fcinfo, &spend_tally, point, 0, false);
}

/*
 * fit_gamma_gamma_transfn_counted(tally, frequency, monetary_value, customers bigint)
 *		Add customers with one frequency and one mean value.
 */
Datum
fit_gamma_gamma_transfn_counted(PG_FUNCTION_ARGS)
{
	double		point[2];
	int64		customers;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_GETARG_INT64(1) == 0 ||
		(customers = ret_customers_arg(fcinfo, 3)) == 0)
		return ret_agg_ignore(fcinfo);
	if (unlikely(!get_spend(PG_GETARG_INT64(1), PG_GETARG_FLOAT8(2), point)))
		return ret_agg_ignore(fcinfo);
	return ret_tally_add_counted(fcinfo, &spend_tally, point, 0, customers);
}

Datum
fit_gamma_gamma_combine(PG_FUNCTION_ARGS)
{
	return ret_tally_combine(fcinfo, &spend_tally);
}

/*-------------------------------------------------------------------------
 * From a tally to the input of a likelihood
 *-------------------------------------------------------------------------
 */

/* Get the number of points; error if the arrays' indexes cannot hold it */
static int
checked_points(const RetTallyReader *reader)
{
	if (reader->npoints > MAX_POINTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct customers to be fitted"),
				 errdetail("There are %lld, the limit is %d.", (long long) reader->npoints, MAX_POINTS),
				 errhint("Measure recency and age in whole days.")));
	return (int) reader->npoints;
}

static int
compare_indexes(const void *a, const void *b)
{
	int			x = *(const int *) a;
	int			y = *(const int *) b;

	return (x > y) - (x < y);
}

/*
 * Give each frequency its knots, the moments of its groups, and make the groups'
 * times indexes of these, for the likelihood of Pareto/NBD
 */
static void
arrange_knots(RetPurchases *purchases)
{
	int		   *places = ret_alloc_zeros(purchases->nmoments, sizeof(int));	/* index + 1 among the knots */
	int			most = 1;
	int			group = 0;

	purchases->knots = ret_alloc_zeros((int64) purchases->ngroups * 2, sizeof(int));
	for (int i = 0; i < purchases->nfrequencies; i++)
	{
		int		   *knots = &purchases->knots[purchases->frequencies[i].knot];
		int			n = 0;
		int			first = group;

		for (; group < purchases->ngroups && purchases->groups[group].x == i; group++)
		{
			const int	times[] = {purchases->groups[group].tx, purchases->groups[group].t};

			ret_check_interrupts_at(group);
			for (int j = 0; j < 2; j++)
			{
				if (places[times[j]] == 0)
					knots[n++] = times[j];
				places[times[j]] = 1;
			}
		}
		qsort(knots, n, sizeof(int), compare_indexes);
		for (int j = 0; j < n; j++)
			places[knots[j]] = j + 1;
		for (int j = first; j < group; j++)
		{
			purchases->groups[j].tx = places[purchases->groups[j].tx] - 1;
			purchases->groups[j].t = places[purchases->groups[j].t] - 1;
		}
		for (int j = 0; j < n; j++)
			places[knots[j]] = 0;
		most = Max(most, n);
		purchases->frequencies[i + 1].knot = purchases->frequencies[i].knot + n;
	}
	purchases->tails = ret_alloc_zeros(most, sizeof(RetTail));
	pfree(places);
}

/*
 * Fill in the arrays of the likelihood, in the current context.  In the BG/NBD,
 * customers without repeat purchases cannot have left, so they are in no group.
 */
static void
arrange_purchases(RetPurchases *purchases, const RetTallyReader *reader, RetPurchaseKind kind)
{
	int			npoints = checked_points(reader);
	int			nfrequencies = 0;
	RetMoments	moments;
	double		above = 0;

	ret_moments_find(&moments, reader, npoints, kind == RET_PARETO_NBD);
	for (int i = 0; i < npoints; i++)
		nfrequencies += i == 0 ||
			ret_tally_point(reader, i)[FREQUENCY] != ret_tally_point(reader, i - 1)[FREQUENCY];
	memset(purchases, 0, sizeof(RetPurchases));
	purchases->kind = kind;
	purchases->interrupt = ret_check_interrupts;
	purchases->frequencies = ret_alloc_zeros((int64) nfrequencies + 1, sizeof(RetFrequency));
	purchases->moments = ret_alloc_zeros(moments.n, sizeof(RetMoment));
	purchases->groups = ret_alloc_zeros(npoints, sizeof(RetPurchaseGroup));
	purchases->nfrequencies = nfrequencies;
	purchases->nmoments = moments.n;

	nfrequencies = 0;
	for (int i = 0; i < npoints; i++)
	{
		const double *point = ret_tally_point(reader, i);
		RetPurchaseGroup *group = &purchases->groups[purchases->ngroups];

		ret_check_interrupts_at(i);
		if (i == 0 || point[FREQUENCY] != purchases->frequencies[nfrequencies - 1].x)
			purchases->frequencies[nfrequencies++].x = point[FREQUENCY];
		group->weight = (double) *ret_tally_counts(reader, i);
		group->x = nfrequencies - 1;
		group->tx = ret_moment_index(&moments, point, i, RECENCY);
		group->t = ret_moment_index(&moments, point, i, AGE);
		purchases->frequencies[group->x].weight += group->weight;
		purchases->moments[group->tx].t = point[RECENCY];
		purchases->moments[group->t].t = point[AGE];
		purchases->moments[group->t].weight += group->weight;
		purchases->moments[group->t].purchases += group->weight * point[FREQUENCY];
		purchases->customers += group->weight;
		purchases->ngroups += kind != RET_BGNBD || point[FREQUENCY] > 0;
	}
	for (int i = nfrequencies - 1; i >= 0; i--)
	{
		above += purchases->frequencies[i].weight;
		purchases->frequencies[i].above = above;
	}
	if (kind == RET_PARETO_NBD)
		arrange_knots(purchases);
}

/* Fill in the arrays of the Gamma-Gamma likelihood, in the current context */
static void
arrange_spends(RetSpends *spends, const RetTallyReader *reader)
{
	int			npoints = checked_points(reader);

	memset(spends, 0, sizeof(RetSpends));
	spends->interrupt = ret_check_interrupts;
	spends->groups = ret_alloc_zeros(npoints, sizeof(RetSpendGroup));
	spends->frequencies = ret_alloc_zeros((int64) npoints + 1, sizeof(RetSpendFrequency));
	spends->ngroups = npoints;
	for (int i = 0; i < npoints; i++)
	{
		const double *point = ret_tally_point(reader, i);
		RetSpendGroup *group = &spends->groups[i];

		ret_check_interrupts_at(i);
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
 * The search
 *-------------------------------------------------------------------------
 */

/* Raise an error if the likelihood was not finite even at the start of the search */
static void
check_fit(const RetFit *fit)
{
	if (!isfinite(fit->value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the likelihood of these customers is out of range"),
				 errhint("Measure in other units.")));
}

/* Warn the user if a fit did not converge, and say what to do */
static void
warn_not_converged(const char *model, const RetFit *fit, const char *const *parameters,
				   const char *hint)
{
	if (fit->end == RET_FIT_STEPS)
		ereport(WARNING,
				(errmsg("the fit of %s did not converge", model),
				 errdetail("After %d steps the gradient per customer is still %g.",
						   fit->iterations, fit->gradient),
				 errhint("%s", hint)));
	else if (fit->end == RET_FIT_RIDGE)
		ereport(WARNING,
				(errmsg("the fit of %s did not converge", model),
				 errdetail("The likelihood approaches a limit, but has no maximum: after %d steps %s has reached %g.",
						   fit->iterations, parameters[fit->farthest],
						   fit->theta[fit->farthest]),
				 errhint("%s", hint)));
}

/* Decide whether fit b is better than fit a */
static bool
fit_is_better(const RetFit *b, const RetFit *a)
{
	double		noise = 1e-10 * fabs(a->value) + 1e-9;

	if (b->end == RET_FIT_CONVERGED && a->end != RET_FIT_CONVERGED)
		return b->value >= a->value - noise;
	return b->value > a->value + noise;
}

/*
 * Fit BG/NBD, MBG/NBD or Pareto/NBD, and its limit without churn, the NBD.  There may be two
 * maxima, a maximum below a ridge, or a ridge along which churn vanishes.  So a
 * second search begins close to the NBD, where hardly anybody leaves, and the
 * better of the two results counts.
 */
static void
fit_purchases(RetPurchases *purchases, RetFit *fit, RetFit *nbd)
{
	RetProblem	problem = {0};
	RetFit		second;
	double		start[RET_MAX_PARAMS] = {1, 0, 1, 1};
	bool		pareto = purchases->kind == RET_PARETO_NBD;

	for (int i = 0; i < purchases->nmoments; i++)
		start[RET_ALPHA] += purchases->moments[i].weight * purchases->moments[i].t;
	start[RET_ALPHA] /= 5 * purchases->customers;
	if (!(start[RET_ALPHA] > 0))
		start[RET_ALPHA] = 1;

	problem.nparams = 2;
	problem.weight = purchases->customers;
	problem.data = purchases;
	problem.evaluate = ret_nbd_likelihood;
	problem.interrupt = ret_check_interrupts;
	ret_maximize(&problem, start, nbd);
	check_fit(nbd);

	problem.nparams = 4;
	problem.evaluate = pareto ? ret_pareto_likelihood : ret_purchase_likelihood;
	if (pareto)
		start[RET_BETA] = start[RET_ALPHA];
	ret_maximize(&problem, start, fit);
	if (pareto)
	{
		start[RET_S] = 0.1;
		start[RET_BETA] *= 5;
	}
	else
	{
		start[RET_A] = 0.01;
		start[RET_B] = 5;
	}
	start[RET_R] = nbd->theta[RET_R];
	start[RET_ALPHA] = nbd->theta[RET_ALPHA];
	ret_maximize(&problem, start, &second);
	if (!isfinite(fit->value) || fit_is_better(&second, fit))
		*fit = second;
	check_fit(fit);
}

/* Add n numbers to a row, NULL for those that are not finite */
static void
put_numbers(RetRow *row, const double *numbers, int n)
{
	for (int i = 0; i < n; i++)
		ret_put_double(row, isfinite(numbers[i]) ? numbers[i] : get_float8_nan());
}

/* Add r, alpha, a, b, s and beta, or the standard errors of these */
static void
put_purchase_parameters(RetRow *row, const double *numbers, RetPurchaseKind kind)
{
	const double none[2] = {get_float8_nan(), get_float8_nan()};
	bool		pareto = kind == RET_PARETO_NBD;

	put_numbers(row, numbers, 2);
	put_numbers(row, pareto ? none : &numbers[RET_A], 2);
	put_numbers(row, pareto ? &numbers[RET_S] : none, 2);
}

/*
 * Fit the customers of a tally and return (model, r, alpha, a, b, s, beta, r_se, alpha_se, a_se, b_se, s_se, beta_se,
 * log_likelihood, no_churn_log_likelihood, likelihood_ratio, customers, groups, iterations, converged)
 */
static Datum
purchase_model_row(FunctionCallInfo fcinfo, Datum tally, RetPurchaseKind kind)
{
	const char *name = ret_purchase_kinds[kind];
	RetTallyReader reader;
	RetPurchases purchases;
	RetFit		fit;
	RetFit		nbd;
	RetRow		row = {0};

	ret_tally_read(&reader, tally, &purchases_tally);
	arrange_purchases(&purchases, &reader, kind);
	fit_purchases(&purchases, &fit, &nbd);
	warn_not_converged(name, &fit,
					   kind == RET_PARETO_NBD ? ret_pareto_parameters : ret_purchase_parameters,
					   2 * (fit.value - nbd.value) < NO_RATIO ?
					   "There is no sign that customers leave: the model is the one without churn." :
					   "Use the model with care, or fit more, and more varied, customers.");

	ret_put_text(&row, name);
	put_purchase_parameters(&row, fit.theta, kind);
	put_purchase_parameters(&row, fit.se, kind);
	ret_put_double(&row, fit.value);
	ret_put_double(&row, nbd.value);
	ret_put_double(&row, Max(2 * (fit.value - nbd.value), 0));
	ret_put_bigint(&row, reader.total);
	ret_put_bigint(&row, reader.npoints);
	ret_put_integer(&row, fit.iterations);
	ret_put_boolean(&row, fit.end == RET_FIT_CONVERGED);
	return ret_finished_row(fcinfo, &row);
}

/*
 * Fit the customers of a tally and return (p, q, v, p_se, q_se, v_se, log_likelihood, customers, iterations,
 * converged)
 */
static Datum
spend_model_row(FunctionCallInfo fcinfo, Datum tally)
{
	RetTallyReader reader;
	RetSpends	spends;
	RetProblem	problem = {0};
	RetFit		fit;
	double		start[RET_MAX_PARAMS] = {3, 3, 0};
	RetRow		row = {0};

	ret_tally_read(&reader, tally, &spend_tally);
	arrange_spends(&spends, &reader);
	/* begin at the geometric mean: unlike a sum of means, it cannot overflow */
	start[RET_V] = 2 * exp(spends.ln_means / spends.customers) / 3;
	problem.nparams = 3;
	problem.weight = spends.customers;
	problem.data = &spends;
	problem.evaluate = ret_spend_likelihood;
	problem.interrupt = ret_check_interrupts;
	ret_maximize(&problem, start, &fit);
	check_fit(&fit);
	warn_not_converged("Gamma-Gamma", &fit, ret_spend_parameters,
					   "Use the model with care, or fit more, and more varied, customers.");
	if (fit.theta[RET_Q] <= 1)
		ereport(WARNING,
				(errmsg("the mean value of a purchase is infinite in this model"),
				 errdetail("q is %g; for a finite mean it must be greater than 1.", fit.theta[RET_Q]),
				 errhint("A few customers spend far more than all others: fit them separately.")));

	put_numbers(&row, fit.theta, 3);
	put_numbers(&row, fit.se, 3);
	ret_put_double(&row, fit.value);
	ret_put_bigint(&row, reader.total);
	ret_put_integer(&row, fit.iterations);
	ret_put_boolean(&row, fit.end == RET_FIT_CONVERGED);
	return ret_finished_row(fcinfo, &row);
}

Datum
fit_bgnbd_finalfn(PG_FUNCTION_ARGS)
{
	(void) ret_agg_context(fcinfo);
	return purchase_model_row(fcinfo, PG_GETARG_DATUM(0), RET_BGNBD);
}

Datum
fit_mbgnbd_finalfn(PG_FUNCTION_ARGS)
{
	(void) ret_agg_context(fcinfo);
	return purchase_model_row(fcinfo, PG_GETARG_DATUM(0), RET_MBGNBD);
}

Datum
fit_pareto_nbd_finalfn(PG_FUNCTION_ARGS)
{
	(void) ret_agg_context(fcinfo);
	return purchase_model_row(fcinfo, PG_GETARG_DATUM(0), RET_PARETO_NBD);
}

Datum
fit_gamma_gamma_finalfn(PG_FUNCTION_ARGS)
{
	(void) ret_agg_context(fcinfo);
	return spend_model_row(fcinfo, PG_GETARG_DATUM(0));
}

/*-------------------------------------------------------------------------
 * Fits of a value
 *-------------------------------------------------------------------------
 */

/* Fit the customers with an active day before as_of; NULL if there is none */
static Datum
fit_activity(FunctionCallInfo fcinfo, RetPurchaseKind kind)
{
	RetActivityReader reader;
	RetTally   *tally;
	int64		as_of;
	bool		found = false;

	if (PG_ARGISNULL(0))
	{
		(void) ret_get_day(fcinfo, 1, "as_of", 0);
		PG_RETURN_NULL();
	}
	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	as_of = ret_get_day(fcinfo, 1, "as_of", (int64) reader.walk.last + 1);
	tally = ret_tally_create(&purchases_tally);
	while (ret_activity_next(&reader))
	{
		double		point[3];
		double		first = (double) reader.days[0];

		CHECK_FOR_INTERRUPTS();
		if (!ret_activity_cut(&reader, as_of))
			continue;
		get_history(reader.ndays - 1, (double) reader.days[reader.ndays - 1] - first,
					(double) (as_of - 1) - first, point);
		ret_tally_enter(tally, &purchases_tally, point, 0);
		found = true;
	}
	if (!found)
		PG_RETURN_NULL();
	return purchase_model_row(fcinfo, EOHPGetRODatum(&tally->hdr), kind);
}

/* fit_bgnbd(activity, as_of) */
Datum
fit_bgnbd_activity(PG_FUNCTION_ARGS)
{
	return fit_activity(fcinfo, RET_BGNBD);
}

/* fit_mbgnbd(activity, as_of) */
Datum
fit_mbgnbd_activity(PG_FUNCTION_ARGS)
{
	return fit_activity(fcinfo, RET_MBGNBD);
}

/* fit_pareto_nbd(activity, as_of) */
Datum
fit_pareto_nbd_activity(PG_FUNCTION_ARGS)
{
	return fit_activity(fcinfo, RET_PARETO_NBD);
}

/*
 * fit_gamma_gamma(purchases, as_of)
 *		Fit the customers with repeat purchase days before as_of; NULL if there is
 *		none whose mean is above 0.
 */
Datum
fit_gamma_gamma_purchases(PG_FUNCTION_ARGS)
{
	RetPurchasesReader reader;
	RetTally   *tally;
	bool		found = false;

	if (PG_ARGISNULL(0))
	{
		(void) ret_get_day(fcinfo, 1, "as_of", 0);
		PG_RETURN_NULL();
	}
	ret_purchases_open(&reader, PG_GETARG_DATUM(0));
	reader.as_of = ret_get_day(fcinfo, 1, "as_of", (int64) reader.walk.last + 1);
	tally = ret_tally_create(&spend_tally);
	while (ret_purchases_next(&reader))
	{
		double		point[2];
		int128		repeated = 0;
		int64		frequency = reader.ndays - 1;

		CHECK_FOR_INTERRUPTS();
		for (int64 i = 1; i < reader.ndays; i++)
			repeated += reader.days[i].revenue;
		if (frequency == 0 ||
			!get_spend(frequency, ret_amount_ratio(repeated, reader.walk.scale, frequency), point))
			continue;
		ret_tally_enter(tally, &spend_tally, point, 0);
		found = true;
	}
	if (!found)
		PG_RETURN_NULL();
	return spend_model_row(fcinfo, EOHPGetRODatum(&tally->hdr));
}
