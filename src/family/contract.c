/*-------------------------------------------------------------------------
 *
 * contract.c
 *	  Contracts that are renewed or not, period after period: the shifted
 *	  beta-geometric model, and what customers under contract are worth.
 *
 * Each customer leaves at the end of a period with a fixed probability of their
 * own.  Among customers it is distributed as beta(alpha, beta).  Of those still
 * there in period t, the share that is kept,
 *
 *	  r_t = (beta + t - 1) / (alpha + beta + t - 1)		t = 1, 2, ...
 *
 * rises with t, as those likely to leave do so early (P. S. Fader and B. G. S.
 * Hardie, How to project customer retention, Journal of Interactive Marketing
 * 21, 2007).  The share S(t) = r_1 ... r_t is still there after t periods.
 *
 * With lost_t and kept_t customers in period t, n_t together, the likelihood is
 *
 *	  ln l = sum lost_t ln alpha + kept_t ln(beta + t - 1)
 *			 - n_t ln(alpha + beta + t - 1)
 *
 * so that nothing more is needed for customers who began at different times, or
 * who are still there.  If no finite parameters above 0 are the most likely, the
 * fit detects that and says why.
 *
 * The state is a tally of tenures.  Fitting takes O(tenures log tenures), and
 * O(longest tenure) for each of the steps of the search, which are about ten.
 *
 * Discounting is by period: with d = (1 + annual)^(1 / periods per year) - 1 a
 * payment after t periods is worth (1 + d)^-t.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/typcache.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/result.h"
#include "family/survival.h"
#include "math/maximum.h"
#include "store/tally.h"

#define MAX_TENURE			100000
#define MAX_HORIZON			1000000 /* most periods to add one by one */
#define EXACT_PERIODS		1000	/* most periods to multiply one by one */
#define FRACTION_STEPS		10000000	/* most steps of a fraction */

/* Constants of the fit */
#define SLOPE_TOLERANCE		1e-9	/* relative rounding error of a slope of 0 */
#define CONSTANT_HAZARD		1e6 /* alpha + beta above it count as infinite */
#define LIKELIHOOD_NOISE	1e-10	/* relative rounding error of a likelihood */
#define UNLIKE				0.1 /* second start / first start of the search */

/* The counts of a point: customers with this tenure */
enum
{
	KEPT,
	LOST,
	NCOUNTS
};

/* The customers at risk in each period */
typedef struct Tenures
{
	int			nperiods;		/* the longest tenure */
	double	   *lost;			/* customers who left, by period from 0 */
	double	   *kept;			/* customers kept, by period from 0 */
	double		all_lost;		/* sum of lost */
	double		all_kept;		/* sum of kept */
	int64		customers;		/* including those with a tenure of 0 */
} Tenures;

/* A fitted model */
typedef struct SbgModel
{
	double		alpha;
	double		beta;
} SbgModel;

PG_FUNCTION_INFO_V1(fit_sbg_transfn);
PG_FUNCTION_INFO_V1(fit_sbg_transfn_double);
PG_FUNCTION_INFO_V1(fit_sbg_combine);
PG_FUNCTION_INFO_V1(fit_sbg_finalfn);
PG_FUNCTION_INFO_V1(sbg_retention);
PG_FUNCTION_INFO_V1(sbg_survival);
PG_FUNCTION_INFO_V1(residual_lifetime);
PG_FUNCTION_INFO_V1(clv_survival_curve);
PG_FUNCTION_INFO_V1(clv_sbg_model);

static bool valid_tenure(const double *point);

static const RetTallyDef tenure_tally = {
	.kind = RET_TALLY_TENURE,
	.ndims = 1,
	.ncounts = NCOUNTS,
	.valid = valid_tenure
};

static bool
valid_tenure(const double *point)
{
	return *point >= 0 && *point <= MAX_TENURE && floor(*point) == *point;
}

/*-------------------------------------------------------------------------
 * The aggregate
 *-------------------------------------------------------------------------
 */

/* Raise the error for a tenure that is not valid */
static void
reject_tenure(double tenure, bool churned)
{
	if (isnan(tenure) || isinf(tenure))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("tenure must be a finite number"),
				 errhint("Leave rows without a known tenure out with FILTER (WHERE ...).")));
	if (tenure > MAX_TENURE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tenure is too long"),
				 errdetail("It is %.15g periods, the limit is %d.", tenure, MAX_TENURE),
				 errhint("Count the tenure in periods of the contract, such as months.")));
	if (floor(tenure) != tenure)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tenure must be a whole number of periods"),
				 errdetail("The tenure is %.15g.", tenure),
				 errhint("Count the period in which a customer left with ceil(...), and the periods of one still there with floor(...).")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 churned ? errmsg("tenure of a customer who has left must be 1 at least") :
			 errmsg("tenure must not be negative"),
			 errdetail("The tenure is %.15g.", tenure),
			 errhint("It is the period in which the customer left, counted from 1, or the number of periods for which the customer has been kept.")));
}

/*
 * Count a customer with (tally, tenure, churned), where tenure is not null; a null
 * churned is false.
 */
static pg_always_inline Datum
count_tenure(FunctionCallInfo fcinfo, double tenure)
{
	bool		churned = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);

	if (unlikely(!(tenure >= (churned ? 1 : 0) && tenure <= MAX_TENURE && floor(tenure) == tenure)))
		reject_tenure(tenure, churned);
	return ret_tally_add(fcinfo, &tenure_tally, &tenure, churned ? LOST : KEPT, false);
}

/*
 * fit_sbg_transfn(tally, tenure integer, churned boolean)
 *		A row with a null tenure is ignored.
 */
Datum
fit_sbg_transfn(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	return count_tenure(fcinfo, PG_GETARG_INT32(1));
}

/* fit_sbg_transfn_double: tenure is a double precision, such as ceil(...) returns */
Datum
fit_sbg_transfn_double(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	return count_tenure(fcinfo, PG_GETARG_FLOAT8(1));
}

Datum
fit_sbg_combine(PG_FUNCTION_ARGS)
{
	return ret_tally_combine(fcinfo, &tenure_tally);
}

/* Count, for each period, the customers who left and those who were kept */
static void
read_tenures(Tenures *tenures, Datum value)
{
	RetTallyReader reader;
	double		n = 0;

	ret_tally_read(&reader, value, &tenure_tally);
	memset(tenures, 0, sizeof(Tenures));
	tenures->customers = reader.total;
	tenures->nperiods = (int) *ret_tally_point(&reader, reader.npoints - 1);
	tenures->lost = palloc0((tenures->nperiods + 1) * sizeof(double));
	tenures->kept = palloc0((tenures->nperiods + 1) * sizeof(double));
	for (int64 i = 0; i < reader.npoints; i++)
	{
		int			tenure = (int) *ret_tally_point(&reader, i);
		const int64 *counts = ret_tally_counts(&reader, i);

		if (tenure > 0)
		{
			tenures->lost[tenure - 1] = (double) counts[LOST];
			tenures->kept[tenure - 1] = (double) counts[KEPT];
		}
	}
	/* a customer who is there in a period was kept in all periods before it */
	for (int t = tenures->nperiods - 1; t >= 0; t--)
	{
		double		there = tenures->lost[t] + tenures->kept[t];

		tenures->kept[t] += n;
		n += there;
		tenures->all_lost += tenures->lost[t];
		tenures->all_kept += tenures->kept[t];
	}
}

/*
 * Compute the log-likelihood and its derivatives by alpha = theta[0] and
 * beta = theta[1].  Logarithms are taken of shares, so that nothing cancels when
 * both parameters are large.
 */
static void
sbg_likelihood(void *data, const double *theta, RetLikelihood *result)
{
	const Tenures *tenures = (const Tenures *) data;
	double		alpha = theta[0];
	double		beta = theta[1];

	for (int t = 0; t < tenures->nperiods; t++)
	{
		double		lost = tenures->lost[t];
		double		kept = tenures->kept[t];
		double		n = lost + kept;
		double		b = beta + t;
		double		sum = alpha + b;

		if (lost > 0)
			result->value += lost * log(alpha / sum);
		result->value -= kept * log1p(alpha / b);
		result->gradient[0] += lost / alpha - n / sum;
		result->gradient[1] += kept / b - n / sum;
		result->hessian[0][0] += n / (sum * sum) - lost / (alpha * alpha);
		result->hessian[1][1] += n / (sum * sum) - kept / (b * b);
		result->hessian[0][1] += n / (sum * sum);
	}
	result->hessian[1][0] = result->hessian[0][1];
	ret_log_parameters(2, theta, result);
}

/*
 * Does the share of customers who are kept rise with the period?  It does if the
 * likelihood rises with 1 / (alpha + beta) from 0, the limit in which retention is
 * constant.  The constant is the share kept over all customers and periods.
 */
static bool
retention_rises(const Tenures *tenures)
{
	double		share = tenures->all_kept / (tenures->all_kept + tenures->all_lost);
	double		slope = 0;
	double		size = 0;

	for (int t = 1; t < tenures->nperiods; t++)
	{
		double		n = tenures->lost[t] + tenures->kept[t];

		slope += t * (tenures->kept[t] - share * n);
		size += t * n;
	}
	return slope > SLOPE_TOLERANCE * size;
}

/* Compute the log-likelihood of constant retention */
static double
constant_likelihood(const Tenures *tenures)
{
	double		n = tenures->all_kept + tenures->all_lost;

	return tenures->all_lost * log(tenures->all_lost / n) +
		tenures->all_kept * log(tenures->all_kept / n);
}

/* Return the reason why no method could fit these data; NULL if a fit may exist */
static const char *
find_degenerate(const Tenures *tenures)
{
	if (tenures->all_lost + tenures->all_kept == 0)
		return "nobody has been there for a whole period";
	if (tenures->all_lost == 0)
		return "nobody has left";
	if (tenures->all_kept == 0)
		return "everybody left in period 1";
	if (tenures->nperiods == 1)
		return "there is only one period, which tells nothing of how retention changes";
	if (tenures->lost[0] == tenures->all_lost)
		return "everybody who left did so in period 1, and nobody later";
	return NULL;
}

/*
 * Search from parameters of customers who are alike, and from those of customers
 * who are not: the likelihood of a few customers may have a maximum near each.
 * Keep the higher of the two ends, and of two equally high ones a maximum.
 */
static void
search_twice(const RetProblem *problem, double kept_to_lost, RetFit *fit)
{
	double		start[2] = {1, kept_to_lost};
	RetFit		other;
	double		noise;

	ret_maximize(problem, start, fit);
	start[0] *= UNLIKE;
	start[1] *= UNLIKE;
	ret_maximize(problem, start, &other);
	other.iterations += fit->iterations;
	noise = LIKELIHOOD_NOISE * fabs(fit->value);
	if (other.value > fit->value + noise ||
		(other.value > fit->value - noise && fit->end != RET_FIT_CONVERGED))
		*fit = other;
	fit->iterations = other.iterations;
}

/*
 * Fit the model.  Returns NULL, or the reason why the parameters must not be used;
 * they are NaN if there are none.
 */
static const char *
fit_tenures(Tenures *tenures, RetFit *fit)
{
	RetProblem	problem = {.nparams = 2, .evaluate = sbg_likelihood, .interrupt = ret_check_interrupts};
	const char *note = find_degenerate(tenures);
	double		constant;

	memset(fit, 0, sizeof(RetFit));
	fit->value = fit->theta[0] = fit->theta[1] = fit->se[0] = fit->se[1] = get_float8_nan();
	if (note)
		return note;
	problem.data = tenures;
	problem.weight = tenures->all_lost + tenures->all_kept;
	search_twice(&problem, tenures->all_kept / tenures->all_lost, fit);

	/* a search along the ridge of constant retention may end anywhere on it */
	constant = constant_likelihood(tenures);
	if (fit->theta[0] + fit->theta[1] > CONSTANT_HAZARD ||
		(!retention_rises(tenures) &&
		 (fit->end != RET_FIT_CONVERGED || fit->value <= constant + LIKELIHOOD_NOISE * fabs(constant))))
	{
		fit->value = fit->theta[0] = fit->theta[1] = fit->se[0] = fit->se[1] = get_float8_nan();
		return psprintf("retention does not rise with tenure: it is best described by the constant %g",
						tenures->all_kept / problem.weight);
	}
	if (fit->end != RET_FIT_CONVERGED)
		return psprintf("the search for the parameters ended after %d steps without a maximum", fit->iterations);
	return NULL;
}

/*
 * fit_sbg_finalfn(tally) -> sbg_model
 */
Datum
fit_sbg_finalfn(PG_FUNCTION_ARGS)
{
	Tenures		tenures;
	RetFit		fit;
	const char *note;
	double		numbers[5];
	Datum		values[9];
	bool		nulls[9] = {0};

	(void) ret_agg_context(fcinfo);
	read_tenures(&tenures, PG_GETARG_DATUM(0));
	note = fit_tenures(&tenures, &fit);
	if (note)
		ereport(WARNING,
				(errmsg("contract model could not be fitted"),
				 errdetail("%lld customers: %s.", (long long) tenures.customers, note)));

	numbers[0] = fit.theta[0];
	numbers[1] = fit.theta[1];
	numbers[2] = fit.se[0];
	numbers[3] = fit.se[1];
	numbers[4] = fit.value;
	for (int i = 0; i < 5; i++)
	{
		nulls[i] = isnan(numbers[i]);
		values[i] = Float8GetDatum(numbers[i]);
	}
	values[5] = Int64GetDatum(tenures.customers);
	values[6] = Int32GetDatum(fit.iterations);
	values[7] = BoolGetDatum(note == NULL);
	nulls[8] = note == NULL;
	values[8] = note ? CStringGetTextDatum(note) : (Datum) 0;
	return ret_row(fcinfo, values, nulls, 9);
}

/*-------------------------------------------------------------------------
 * What a model says
 *-------------------------------------------------------------------------
 */

/* Does the row begin with two numbers?  (It may not, if somebody altered the type.) */
static bool
is_model(HeapTupleHeader row)
{
	TupleDesc	tupdesc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row),
												 HeapTupleHeaderGetTypMod(row));
	bool		ok = tupdesc->natts >= 2 && TupleDescAttr(tupdesc, 0)->atttypid == FLOAT8OID &&
		TupleDescAttr(tupdesc, 1)->atttypid == FLOAT8OID;

	ReleaseTupleDesc(tupdesc);
	return ok;
}

/* Get the model in argument 0; false if it has no parameters */
static bool
get_model(FunctionCallInfo fcinfo, SbgModel *model)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	bool		null_alpha = true;
	bool		null_beta = true;

	if (is_model(row))
	{
		model->alpha = DatumGetFloat8(GetAttributeByNum(row, 1, &null_alpha));
		model->beta = DatumGetFloat8(GetAttributeByNum(row, 2, &null_beta));
	}
	if (null_alpha || null_beta)
		return false;
	if (!(model->alpha > 0 && model->alpha <= DBL_MAX && model->beta > 0 && model->beta <= DBL_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameters of a model must be finite and more than 0"),
				 errdetail("Alpha is %g, beta is %g.", model->alpha, model->beta)));
	return true;
}

/* Get the number of a period, or a number of periods, from argument 1 */
static int32
get_period(FunctionCallInfo fcinfo, const char *name, int32 lowest)
{
	int32		period = PG_GETARG_INT32(1);

	if (period < lowest)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be %d at least", name, lowest),
				 errdetail("The value is %d.", period)));
	return period;
}

/* Compute r_t for period t = 1, 2, ... */
static inline double
retention(const SbgModel *model, double t)
{
	return 1 / (1 + model->alpha / (model->beta + (t - 1)));
}

/*
 * sbg_retention(model, period)
 */
Datum
sbg_retention(PG_FUNCTION_ARGS)
{
	SbgModel	model;
	int32		period = get_period(fcinfo, "period", 1);

	if (!get_model(fcinfo, &model))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(retention(&model, period));
}

/*
 * Compute ln(Gamma(z + alpha) / Gamma(z)) for large z by Stirling's series,
 * without taking the difference of two large logarithms
 */
static double
log_gamma_ratio(double z, double alpha)
{
	double		w = z + alpha;

	return (w - 0.5) * log1p(alpha / z) + alpha * (log(z) - 1) +
		(1 / w - 1 / z) / 12 - (1 / (w * w * w) - 1 / (z * z * z)) / 360;
}

/* Compute S(t) */
static double
survival(const SbgModel *model, int32 t)
{
	double		share = 1;
	int32		exact = Min(t, EXACT_PERIODS);

	for (int32 i = 1; i <= exact; i++)
		share *= retention(model, i);
	if (t > exact)
	{
		double		rest = log_gamma_ratio(model->beta + exact, model->alpha) -
			log_gamma_ratio(model->beta + t, model->alpha);
		double		lowest = (t - exact) * log(retention(model, exact + 1));
		double		highest = (t - exact) * log(retention(model, t));

		/*
		 * With huge parameters only rounding errors are left of the difference,
		 * but then the bounds are close to each other.
		 */
		share *= exp(fmin(fmax(rest, lowest), highest));
	}
	return share;
}

/*
 * sbg_survival(model, periods)
 */
Datum
sbg_survival(PG_FUNCTION_ARGS)
{
	SbgModel	model;
	int32		periods = get_period(fcinfo, "periods", 0);

	if (!get_model(fcinfo, &model))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(survival(&model, periods));
}

/*
 * Get ln(1 + d), where d is the discount of a period, from the arguments number
 * `annual` (annual discount) and `periods` (periods per year)
 */
static double
get_log_discount(FunctionCallInfo fcinfo, int annual, int periods)
{
	double		log_discount = ret_log_discount(fcinfo, annual, periods);

	/* a payment would be worth more than a double precision can hold */
	if (log_discount < -700)
		float_overflow_error();
	/* a far smaller discount makes all later payments worthless already */
	return fmin(log_discount, 1e6);
}

/*
 * Compute the sum over t = 0, 1, ... of S(n + t) / S(n) / (1 + d)^t, that is, the
 * discounted number of payments of a customer after n periods who is just making
 * one, that one included.  It is 2F1(1, b; c; z), b = beta + n, c = alpha + b,
 * z = 1 / (1 + d), computed by Gauss's continued fraction, whose coefficients are
 * all positive.  Without a discount the sum may be infinite, and the result NaN;
 * with a negative one it always is, as customers are lost ever more slowly, and
 * an error is raised.
 */
static double
discounted_lifetime(const SbgModel *model, double n, double log_discount)
{
	double		alpha = model->alpha;
	double		b = model->beta + n;
	double		c = alpha + b;
	double		z = exp(-log_discount);
	double		above = 1;
	double		below = 0;
	double		result = 1;

	if (z > 1)
		ret_infinite_value();
	if (z == 1)
		return alpha > 1 ? (c - 1) / (alpha - 1) : get_float8_nan();
	for (int64 i = 1; i < FRACTION_STEPS; i++)
	{
		double		m = (double) (i / 2);
		double		coefficient;
		double		change;

		if (i == 1)
			coefficient = b / c;
		else if (i % 2 == 0)
			coefficient = m / (c + (2 * m - 1)) * ((alpha + (m - 1)) / (c + (2 * m - 2)));
		else
			coefficient = (b + m) / (c + 2 * m) * ((c + (m - 1)) / (c + (2 * m - 1)));
		below = 1 / (1 - coefficient * z * below);
		above = 1 - coefficient * z / above;
		change = above * below;
		result *= change;
		if (fabs(change - 1) < DBL_EPSILON)
			return 1 / result;
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("annual_discount is too small"),
			 errdetail("The discount of a period is %g.", expm1(log_discount)),
			 errhint("Pass 0 for no discount.")));
	return 0;					/* keep compiler quiet */
}

/* Return a finite value, or NULL for NaN, which stands for an infinite sum */
static Datum
return_value(FunctionCallInfo fcinfo, double value)
{
	if (isnan(value))
		PG_RETURN_NULL();
	if (isinf(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value out of range: overflow")));
	PG_RETURN_FLOAT8(value);
}

/*
 * residual_lifetime(model, tenure, annual_discount, periods_per_year)
 *		Returns the discounted number of payments still to come from a customer in
 *		contract period `tenure`, just before renewal: the first of them, if it
 *		comes, is due now.  It is r_tenure times the lifetime of those who renew.
 */
Datum
residual_lifetime(PG_FUNCTION_ARGS)
{
	SbgModel	model;
	int32		tenure;
	double		log_discount = get_log_discount(fcinfo, 2, 3);

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	tenure = get_period(fcinfo, "tenure", 1);
	if (!get_model(fcinfo, &model))
		PG_RETURN_NULL();
	return return_value(fcinfo, retention(&model, tenure) *
						discounted_lifetime(&model, tenure, log_discount));
}

/*-------------------------------------------------------------------------
 * Customer lifetime value
 *-------------------------------------------------------------------------
 */

/* Compute the sum of (1 + d)^-t over the whole numbers t with a <= t < b */
static double
discounted_periods(double a, double b, double log_discount)
{
	double		first = ceil(a);
	double		n = ceil(b) - first;

	if (n <= 0)
		return 0;
	if (log_discount == 0)
		return n;
	return exp(-log_discount * first) * (expm1(-log_discount * n) / expm1(-log_discount));
}

/* Return margin x payments */
static Datum
return_clv(FunctionCallInfo fcinfo, double margin, double payments)
{
	/* an error even if the margin is 0 */
	if (isinf(payments))
		float_overflow_error();
	return return_value(fcinfo, margin * payments);
}

/*
 * clv(curve, margin, annual_discount, horizon, periods_per_year)
 *		The margin of a period is earned at its beginning, at t = 0, 1, ... before
 *		the horizon, from the customers who are still there after t.
 */
Datum
clv_survival_curve(PG_FUNCTION_ARGS)
{
	double		margin;
	double		log_discount = get_log_discount(fcinfo, 2, 4);
	RetSurvivalWalk walk;
	double		horizon;
	double		payments = 0;
	double		since = 0;
	double		share = 1;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	margin = ret_finite_arg(fcinfo, 1, "margin");
	ret_survival_open(&walk, PG_GETARG_DATUM(0));
	horizon = ret_curve_horizon(fcinfo, 3, &walk);
	while (ret_survival_next(&walk) && walk.time < horizon)
	{
		payments += share * discounted_periods(since, walk.time, log_discount);
		since = walk.time;
		share = walk.survival;
	}
	payments += share * discounted_periods(since, horizon, log_discount);
	return return_clv(fcinfo, margin, payments);
}

/* Add up the discounted payments of a new customer before horizon, one by one */
static double
payments_until(const SbgModel *model, double horizon, double log_discount)
{
	double		factor = exp(-log_discount);
	double		payment = 1;
	double		sum = 0;

	if (horizon > MAX_HORIZON)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("horizon is too long"),
				 errdetail("It is %g periods, the limit is %d.", horizon, MAX_HORIZON),
				 errhint("Leave the horizon out to sum up for ever.")));
	for (int32 t = 0; t < horizon; t++)
	{
		sum += payment;
		payment *= retention(model, t + 1) * factor;
		if ((t & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return sum;
}

/*
 * clv(model, margin, annual_discount, horizon, periods_per_year)
 *		The same for the payments that a model expects, without end if the
 *		horizon is null.
 */
Datum
clv_sbg_model(PG_FUNCTION_ARGS)
{
	SbgModel	model;
	double		margin;
	double		log_discount = get_log_discount(fcinfo, 2, 4);

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	margin = ret_finite_arg(fcinfo, 1, "margin");
	if (!get_model(fcinfo, &model))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(3))
		return return_clv(fcinfo, margin, discounted_lifetime(&model, 0, log_discount));
	return return_clv(fcinfo, margin,
					  payments_until(&model, ret_finite_arg_min(fcinfo, 3, "horizon", 0), log_discount));
}
