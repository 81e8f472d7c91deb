/*-------------------------------------------------------------------------
 *
 * contract.c
 *	  Contracts that are renewed or not, period after period: the shifted
 *	  beta-geometric model, and what customers under contract are worth.
 *
 * The model is in math/sbg.c; this file collects the tenures, checks arguments
 * and says why there is no fit.
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

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/result.h"
#include "family/contract.h"
#include "family/survival.h"
#include "math/maximum.h"
#include "math/sbg.h"
#include "store/tally.h"

#define MAX_TENURE			100000
#define MAX_HORIZON			1000000 /* most periods to add one by one */

/* The counts of a point: customers with this tenure */
enum
{
	KEPT,
	LOST,
	NCOUNTS
};

PG_FUNCTION_INFO_V1(fit_sbg_transfn);
PG_FUNCTION_INFO_V1(fit_sbg_transfn_double);
PG_FUNCTION_INFO_V1(fit_sbg_transfn_counted);
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
	if (!isfinite(tenure))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("tenure must be a finite number"),
				 errhint("Leave rows without a known tenure out with FILTER (WHERE ...).")));
	if (tenure > MAX_TENURE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tenure must be at most %d periods", MAX_TENURE),
				 errdetail("The value is %.15g.", tenure),
				 errhint("Count the tenure in periods of the contract, such as months.")));
	if (floor(tenure) != tenure)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tenure must be a whole number of periods"),
				 errdetail("The value is %.15g.", tenure),
				 errhint("Count the period in which a customer left with ceil(...), and the periods of one still there with floor(...).")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 churned ? errmsg("tenure of a customer who has left must be at least 1") :
			 errmsg("tenure must not be negative"),
			 errdetail("The value is %.15g.", tenure),
			 errhint("Pass the period in which the customer left, counted from 1, or the number of periods for which the customer has been kept.")));
}

/*
 * Get the count to which a customer with (tally, tenure, churned) belongs, where
 * tenure is not null; a null churned is false
 */
static inline int
tenure_count(FunctionCallInfo fcinfo, double tenure)
{
	bool		churned = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);

	if (unlikely(!(tenure >= (churned ? 1 : 0) && tenure <= MAX_TENURE && floor(tenure) == tenure)))
		reject_tenure(tenure, churned);
	return churned ? LOST : KEPT;
}

/* Count a customer with (tally, tenure, churned), where tenure is not null */
static pg_always_inline Datum
count_tenure(FunctionCallInfo fcinfo, double tenure)
{
	return ret_tally_add(fcinfo, &tenure_tally, &tenure, tenure_count(fcinfo, tenure), false);
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

/* fit_sbg_transfn_counted(tally, tenure double precision, churned, customers bigint): add customers with one tenure */
Datum
fit_sbg_transfn_counted(PG_FUNCTION_ARGS)
{
	double		tenure;
	int64		customers;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || (customers = ret_customers_arg(fcinfo, 3)) == 0)
		return ret_agg_ignore(fcinfo);
	tenure = PG_GETARG_FLOAT8(1);
	return ret_tally_add_counted(fcinfo, &tenure_tally, &tenure, tenure_count(fcinfo, tenure), customers);
}

Datum
fit_sbg_combine(PG_FUNCTION_ARGS)
{
	return ret_tally_combine(fcinfo, &tenure_tally);
}

/*
 * Count, for each period, the customers who left and those who were kept.
 * Returns the number of customers, including those with a tenure of 0.
 */
static int64
read_tenures(RetTenures *tenures, Datum value)
{
	RetTallyReader reader;
	double		n = 0;

	ret_tally_read(&reader, value, &tenure_tally);
	memset(tenures, 0, sizeof(RetTenures));
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
	return reader.total;
}

/* Return the reason why the parameters of a fit must not be used; NULL if they may be */
static const char *
reason_against(RetSbgEnd end, const RetTenures *tenures, const RetFit *fit)
{
	switch (end)
	{
		case RET_SBG_FITTED:
			return NULL;
		case RET_SBG_NO_PERIOD:
			return "nobody has been there for a whole period";
		case RET_SBG_NOBODY_LEFT:
			return "nobody has left";
		case RET_SBG_NOBODY_KEPT:
			return "everybody left in period 1";
		case RET_SBG_ONE_PERIOD:
			return "there is only one period, which tells nothing of how retention changes";
		case RET_SBG_LEFT_AT_ONCE:
			return "everybody who left did so in period 1, and nobody later";
		case RET_SBG_CONSTANT:
			return psprintf("retention does not rise with tenure: it is best described by the constant %g",
							tenures->all_kept / (tenures->all_kept + tenures->all_lost));
		case RET_SBG_NO_MAXIMUM:
			break;
	}
	return psprintf("the search for the parameters ended after %d steps without a maximum", fit->iterations);
}

/* Fit the model to the customers at risk in each period */
static Datum
fit_model(FunctionCallInfo fcinfo, RetTenures *tenures, int64 customers)
{
	RetFit		fit;
	const char *note;
	RetRow		row = {0};

	note = reason_against(ret_sbg_fit(tenures, ret_check_interrupts, &fit), tenures, &fit);
	if (note)
		ereport(WARNING,
				(errmsg("contract model could not be fitted"),
				 errdetail("%lld customers: %s.", (long long) customers, note)));

	ret_put_double(&row, fit.theta[0]);
	ret_put_double(&row, fit.theta[1]);
	ret_put_double(&row, fit.se[0]);
	ret_put_double(&row, fit.se[1]);
	ret_put_double(&row, fit.value);
	ret_put_bigint(&row, customers);
	ret_put_integer(&row, fit.iterations);
	ret_put_boolean(&row, note == NULL);
	ret_put_text(&row, note);
	return ret_finished_row(fcinfo, &row);
}

/*
 * fit_sbg_finalfn(tally) -> sbg_model
 */
Datum
fit_sbg_finalfn(PG_FUNCTION_ARGS)
{
	RetTenures	tenures;
	int64		customers;

	(void) ret_agg_context(fcinfo);
	customers = read_tenures(&tenures, PG_GETARG_DATUM(0));
	return fit_model(fcinfo, &tenures, customers);
}

/*-------------------------------------------------------------------------
 * Tenures that are counted one by one
 *-------------------------------------------------------------------------
 */

/* Begin to count tenures, with room for the longest that is allowed */
void
ret_tenures_init(RetTenureCounts *counts)
{
	memset(counts, 0, sizeof(RetTenureCounts));
	counts->lost = palloc0((MAX_TENURE + 1) * sizeof(double));
	counts->kept = palloc0((MAX_TENURE + 1) * sizeof(double));
}

/*
 * Count a customer who left in the period `tenure`, or was kept in so many, and is
 * known only in the periods after the first `entry` of them
 */
void
ret_tenures_count(RetTenureCounts *counts, int64 entry, int64 tenure, bool churned)
{
	if (unlikely(tenure > MAX_TENURE))
		reject_tenure((double) tenure, churned);
	counts->customers++;
	counts->nperiods = Max(counts->nperiods, tenure);
	counts->kept[entry]++;
	if (churned)
		counts->lost[tenure - 1]++;
	counts->kept[churned ? tenure - 1 : tenure]--;
}

/* Fit the model to the tenures that were counted; NULL if there are none */
Datum
ret_tenures_fit(FunctionCallInfo fcinfo, RetTenureCounts *counts)
{
	RetTenures	tenures = {.nperiods = (int) counts->nperiods, .lost = counts->lost, .kept = counts->kept};
	double		kept = 0;

	if (counts->customers == 0)
		PG_RETURN_NULL();
	for (int t = 0; t < tenures.nperiods; t++)
	{
		kept += tenures.kept[t];
		tenures.kept[t] = kept;
		tenures.all_kept += kept;
		tenures.all_lost += tenures.lost[t];
	}
	return fit_model(fcinfo, &tenures, counts->customers);
}

/*-------------------------------------------------------------------------
 * What a model says
 *-------------------------------------------------------------------------
 */

/* Get the model in argument 0; false if it has no parameters */
static bool
get_model(FunctionCallInfo fcinfo, RetSbgModel *model)
{
	static const Oid types[] = {FLOAT8OID, FLOAT8OID};
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	bool		null_alpha;
	bool		null_beta;

	ret_check_model(row, "sbg_model", types, lengthof(types));
	model->alpha = DatumGetFloat8(GetAttributeByNum(row, 1, &null_alpha));
	model->beta = DatumGetFloat8(GetAttributeByNum(row, 2, &null_beta));
	if (null_alpha || null_beta)
		return false;
	if (!(model->alpha > 0 && isfinite(model->alpha) && model->beta > 0 && isfinite(model->beta)))
		ret_reject_model("sbg_model",
						 psprintf("Its alpha is %g and its beta is %g; both must be finite and greater than 0.",
								  model->alpha, model->beta));
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
				 errmsg("%s must be at least %d", name, lowest),
				 errdetail("The value is %d.", period)));
	return period;
}

/*
 * sbg_retention(model, period)
 */
Datum
sbg_retention(PG_FUNCTION_ARGS)
{
	RetSbgModel model;
	int32		period = get_period(fcinfo, "period", 1);

	if (!get_model(fcinfo, &model))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(ret_sbg_retention(&model, period));
}

/*
 * sbg_survival(model, periods)
 */
Datum
sbg_survival(PG_FUNCTION_ARGS)
{
	RetSbgModel model;
	int32		periods = get_period(fcinfo, "periods", 0);

	if (!get_model(fcinfo, &model))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(ret_sbg_survival(&model, periods));
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
 * Compute the discounted number of payments of a customer after n periods who is
 * just making one, which is included.  NaN if it is infinite without a discount,
 * and an error if it is infinite with a negative one.
 */
static double
discounted_lifetime(const RetSbgModel *model, double n, double log_discount)
{
	double		payments;

	if (!ret_sbg_lifetime(model, n, log_discount, ret_check_interrupts, &payments))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("annual_discount is too small"),
				 errdetail("The discount of a period is %g.", expm1(log_discount)),
				 errhint("Pass 0 for no discount.")));
	if (isnan(payments) && log_discount < 0)
		ret_infinite_value();
	return payments;
}

/* Return a finite value, or NULL for NaN, which stands for an infinite sum */
static Datum
return_value(FunctionCallInfo fcinfo, double value)
{
	if (isnan(value))
		PG_RETURN_NULL();
	return ret_finite_result(value);
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
	RetSbgModel model;
	int32		tenure;
	double		log_discount = get_log_discount(fcinfo, 2, 3);

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	tenure = get_period(fcinfo, "tenure", 1);
	if (!get_model(fcinfo, &model))
		PG_RETURN_NULL();
	return return_value(fcinfo, ret_sbg_retention(&model, tenure) *
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

/* Get the horizon in argument argno; payments before it are added one by one */
static double
get_horizon(FunctionCallInfo fcinfo, int argno)
{
	double		horizon = ret_finite_arg_min(fcinfo, argno, "horizon", 0);

	if (horizon > MAX_HORIZON)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("horizon must be at most %d periods", MAX_HORIZON),
				 errdetail("The value is %g.", horizon),
				 errhint("Leave the horizon out to sum up for ever.")));
	return horizon;
}

/*
 * clv(model, margin, annual_discount, horizon, periods_per_year)
 *		Returns the same for the payments that a model expects, without end if the
 *		horizon is null.
 */
Datum
clv_sbg_model(PG_FUNCTION_ARGS)
{
	RetSbgModel model;
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
					  ret_sbg_payments(&model, get_horizon(fcinfo, 3), log_discount, ret_check_interrupts));
}
