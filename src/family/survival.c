/*-------------------------------------------------------------------------
 *
 * survival.c
 *	  How long customers stay: the type survival_curve, its aggregates, and
 *	  the numbers that are read from it.
 *
 * Each customer has a duration, and either left at its end (churned) or was
 * still there when observation ended (censored).  The value keeps the number of
 * each for every distinct duration: a tally of one number and two counts, in
 * which equal content means equal bytes.
 *
 * A customer who came under observation at an age x > 0, with a contract older
 * than the data, is at risk only after x (left truncation).  The value counts
 * such late entries by the negative number -x, beside the duration of the
 * customer.  Who is at risk at a time follows from how many have entered, and how
 * many are gone, before it, so the entries need not be tied to their exits, and
 * values merge by adding counts.
 *
 * If n customers are at risk just before a time and d of them leave then (before
 * anybody is censored or enters at the same time), the estimates after that time
 * are
 *
 *	  survival		S = product of (1 - d/n)		Kaplan, Meier 1958
 *	  its variance	S^2 V, V = sum of d/(n (n-d))	Greenwood 1926
 *	  hazard		H = sum of d/n					Nelson, Aalen
 *
 * Over a stretch without censoring and entries the factors are not multiplied one
 * by one: as long as customers only leave, their product is the share of customers who
 * are left, which takes one division and has one rounding error.
 *
 * Confidence limits, with z the normal quantile of the confidence:
 *
 *	  'plain'		S -+ z S sqrt V, cut to 0..1
 *	  'log'			S exp(-+ z sqrt V), capped at 1
 *	  'log-log'		S ^ exp(+- z sqrt V / |ln S|)
 *
 * Everything that is read from a curve takes O(distinct times), and needs no
 * memory except that of the detoasted value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/float.h"
#include "utils/tuplestore.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/calendar.h"
#include "base/result.h"
#include "family/stats.h"
#include "family/survival.h"
#include "store/tally.h"

/* Relative difference from a level that is taken for rounding error */
#define LEVEL_TOLERANCE		1e-12

typedef enum
{
	INTERVAL_PLAIN,
	INTERVAL_LOG,
	INTERVAL_LOG_LOG
} IntervalType;

/* A search for the time at which a step function falls to a level: see crossing_step() */
typedef struct Crossing
{
	double		level;
	double		found;			/* the answer; NaN until it is found */
	double		touched;		/* first time at the level; NaN until then */
	double		value;			/* value of the function since then */
} Crossing;

PG_FUNCTION_INFO_V1(survival_curve_in);
PG_FUNCTION_INFO_V1(survival_curve_out);
PG_FUNCTION_INFO_V1(survival_curve_recv);
PG_FUNCTION_INFO_V1(survival_curve_send);
PG_FUNCTION_INFO_V1(survival_curve_transfn);
PG_FUNCTION_INFO_V1(survival_curve_transfn_counted);
PG_FUNCTION_INFO_V1(survival_curve_transfn_date);
PG_FUNCTION_INFO_V1(survival_curve_transfn_date_now);
PG_FUNCTION_INFO_V1(survival_curve_transfn_timestamp);
PG_FUNCTION_INFO_V1(survival_curve_transfn_timestamptz);
PG_FUNCTION_INFO_V1(survival_curve_combine);
PG_FUNCTION_INFO_V1(survival_curve_finalfn);
PG_FUNCTION_INFO_V1(survival_table);
PG_FUNCTION_INFO_V1(survival_at);
PG_FUNCTION_INFO_V1(lifetime_quantile);
PG_FUNCTION_INFO_V1(lifetime_quantile_interval);
PG_FUNCTION_INFO_V1(mean_lifetime);
PG_FUNCTION_INFO_V1(mean_lifetime_error);

static bool possible_curve(const RetTallyReader *reader);

const RetTallyDef ret_survival_tally = {
	.kind = RET_TALLY_SURVIVAL,
	.ndims = 1,
	.ncounts = RET_DURATION_COUNTS,
	.possible = possible_curve
};

/*-------------------------------------------------------------------------
 * The type
 *-------------------------------------------------------------------------
 */

Datum
survival_curve_in(PG_FUNCTION_ARGS)
{
	return ret_tally_input(fcinfo, &ret_survival_tally, "survival_curve");
}

Datum
survival_curve_out(PG_FUNCTION_ARGS)
{
	return ret_tally_output(fcinfo, "survival_curve");
}

Datum
survival_curve_recv(PG_FUNCTION_ARGS)
{
	return ret_tally_receive(fcinfo, &ret_survival_tally, "survival_curve");
}

Datum
survival_curve_send(PG_FUNCTION_ARGS)
{
	return ret_tally_send(fcinfo);
}

#define RET_ORDERING_TYPE survival_curve
#define RET_ORDERING_VALUE(n) PG_GETARG_VARLENA_PP(n)
#include "base/ordering.h"

/*-------------------------------------------------------------------------
 * The aggregates
 *-------------------------------------------------------------------------
 */

/* Count a customer; zoned if the duration depends on the time zone */
static pg_always_inline Datum
count_duration(FunctionCallInfo fcinfo, double duration, bool churned, bool zoned)
{
	return ret_tally_add(fcinfo, &ret_survival_tally, &duration, churned ? RET_CHURNED : RET_CENSORED, zoned);
}

/*
 * survival_curve_transfn(tally, duration double precision, churned boolean)
 *		A row with a null duration is ignored; a null churned is false.
 */
Datum
survival_curve_transfn(PG_FUNCTION_ARGS)
{
	double		duration;

	ret_agg_check(fcinfo);
	if (unlikely(PG_ARGISNULL(1)))
		return ret_agg_ignore(fcinfo);
	duration = PG_GETARG_FLOAT8(1);
	if (unlikely(!(duration >= 0 && duration <= DBL_MAX)))
		ret_reject_duration(duration);
	return count_duration(fcinfo, duration, !PG_ARGISNULL(2) && PG_GETARG_BOOL(2), false);
}

/* survival_curve_transfn_counted(tally, duration, churned, customers bigint): add customers with one duration */
Datum
survival_curve_transfn_counted(PG_FUNCTION_ARGS)
{
	double		duration;
	int64		customers;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || (customers = ret_customers_arg(fcinfo, 3)) == 0)
		return ret_agg_ignore(fcinfo);
	duration = PG_GETARG_FLOAT8(1);
	if (unlikely(!(duration >= 0 && duration <= DBL_MAX)))
		ret_reject_duration(duration);
	return ret_tally_add_counted(fcinfo, &ret_survival_tally, &duration,
								 !PG_ARGISNULL(2) && PG_GETARG_BOOL(2) ? RET_CHURNED : RET_CENSORED,
								 customers);
}

/* Raise the error for a duration that is negative or not a finite number */
void
ret_reject_duration(double duration)
{
	if (isnan(duration) || isinf(duration))
		ret_reject_infinite("duration",
							"Leave rows without a known duration out with FILTER (WHERE ...).");
	ret_reject_negative(duration, "duration",
						"Subtract the start from the end, or leave such rows out with FILTER (WHERE duration >= 0).");
}

/* Count a row with (tally, started, ended, as_of) */
static pg_always_inline Datum
count_contract(FunctionCallInfo fcinfo, RetTimeKind kind, RetTimeKind as_of_kind)
{
	double		duration;
	bool		churned;

	ret_agg_check(fcinfo);
	if (!ret_contract_read(fcinfo, kind, as_of_kind, &duration, &churned))
		return ret_agg_ignore(fcinfo);
	return count_duration(fcinfo, duration, churned, as_of_kind == RET_TIMESTAMPTZ);
}

/* survival_curve_transfn_date(tally, started date, ended date, as_of date) */
Datum
survival_curve_transfn_date(PG_FUNCTION_ARGS)
{
	return count_contract(fcinfo, RET_DATE, RET_DATE);
}

/* survival_curve_transfn_date_now: as_of is a timestamptz, such as now() */
Datum
survival_curve_transfn_date_now(PG_FUNCTION_ARGS)
{
	return count_contract(fcinfo, RET_DATE, RET_TIMESTAMPTZ);
}

Datum
survival_curve_transfn_timestamp(PG_FUNCTION_ARGS)
{
	return count_contract(fcinfo, RET_TIMESTAMP, RET_TIMESTAMPTZ);
}

Datum
survival_curve_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	return count_contract(fcinfo, RET_TIMESTAMPTZ, RET_TIMESTAMPTZ);
}

/* Combine function, and transition function of rollup(survival_curve) */
Datum
survival_curve_combine(PG_FUNCTION_ARGS)
{
	return ret_tally_combine(fcinfo, &ret_survival_tally);
}

Datum
survival_curve_finalfn(PG_FUNCTION_ARGS)
{
	return ret_tally_finish(fcinfo, &ret_survival_tally);
}

/*
 * Make the value that survival_curve() makes of customers with these durations,
 * which are finite, not negative, ascending, and at least one
 */
Datum
ret_survival_curve(const RetDuration *durations, int64 n)
{
	StaticAssertStmt(sizeof(RetDuration) == (1 + RET_DURATION_COUNTS) * sizeof(int64),
					 "a duration must be a point of the tally");

	return ret_tally_value(&ret_survival_tally, (const int64 *) durations, n);
}

/*-------------------------------------------------------------------------
 * Walking over a curve
 *-------------------------------------------------------------------------
 */

/* Move the walk back to before the first time */
void
ret_survival_rewind(RetSurvivalWalk *walk)
{
	walk->nread = walk->late = walk->nlate;
	walk->left = walk->base_at_risk = walk->early;
	walk->survival = walk->base_survival = 1;
	walk->variance = walk->hazard = 0;
}

/* Begin a walk over the times of a curve whose points are in the walk's reader */
static void
begin_walk(RetSurvivalWalk *walk)
{
	const RetTallyReader *reader = &walk->reader;

	walk->early = reader->total;
	for (walk->nlate = 0; walk->nlate < reader->npoints; walk->nlate++)
	{
		if (*ret_tally_point(reader, walk->nlate) >= 0)
			break;
		/* the customer is counted twice in the total, and observed from 0 on in neither */
		walk->early -= 2 * ret_tally_counts(reader, walk->nlate)[RET_ENTERED];
		ret_check_interrupts_at(walk->nlate);
	}
	walk->last = *ret_tally_point(reader, reader->npoints - 1);
	ret_survival_rewind(walk);
}

/* Begin a walk over the times of a curve */
void
ret_survival_open(RetSurvivalWalk *walk, Datum curve)
{
	ret_tally_read(&walk->reader, curve, &ret_survival_tally);
	begin_walk(walk);
}

/*
 * Compute d / (n (n-d)) for the time read last; infinite when nobody is left.
 * The difference is taken between integers, before large counts are rounded.
 */
static double
greenwood_term(const RetSurvivalWalk *walk)
{
	double		stay = (double) (walk->at_risk - walk->churned);

	if (walk->churned == 0)
		return 0;
	return (double) walk->churned / (double) walk->at_risk / stay;
}

/* Let those enter who came under observation before the time read last */
static void
enter_late(RetSurvivalWalk *walk)
{
	int64		entered = 0;

	while (walk->late > 0 && -*ret_tally_point(&walk->reader, walk->late - 1) < walk->time)
	{
		walk->late--;
		entered += ret_tally_counts(&walk->reader, walk->late)[RET_ENTERED];
		ret_check_interrupts_at(walk->late);
	}
	if (entered > 0)
	{
		walk->left += entered;
		walk->base_survival = walk->survival;
		walk->base_at_risk = walk->left;
	}
}

/* Read the next time; false after the last */
bool
ret_survival_next(RetSurvivalWalk *walk)
{
	const int64 *counts;

	if (walk->nread == walk->reader.npoints)
		return false;
	if ((walk->nread & 0xFFF) == 0)
		CHECK_FOR_INTERRUPTS();
	counts = ret_tally_counts(&walk->reader, walk->nread);
	walk->time = *ret_tally_point(&walk->reader, walk->nread);
	walk->nread++;
	enter_late(walk);
	walk->at_risk = walk->left;
	walk->churned = counts[RET_CHURNED];
	walk->censored = counts[RET_CENSORED];
	walk->left -= walk->churned + walk->censored;

	if (walk->churned > 0)
	{
		walk->hazard += (double) walk->churned / (double) walk->at_risk;
		walk->variance += greenwood_term(walk);
		walk->survival = walk->base_survival *
			((double) (walk->at_risk - walk->churned) / (double) walk->base_at_risk);
	}
	if (walk->censored > 0)
	{
		walk->base_survival = walk->survival;
		walk->base_at_risk = walk->left;
	}
	return true;
}

/*
 * Tell whether there are customers with these points: each late entry has a
 * duration of its own that is longer.  Since at no time more can be gone than
 * were at risk, that is so if there are durations and nobody is missing at any.
 */
static bool
possible_curve(const RetTallyReader *reader)
{
	RetSurvivalWalk walk = {.reader = *reader};

	begin_walk(&walk);
	if (walk.early < 0 || walk.last < 0)
		return false;
	for (int64 i = 0; i < walk.nlate; i++)
	{
		if (ret_tally_counts(reader, i)[RET_CHURNED] > 0)
			return false;
	}
	while (ret_survival_next(&walk))
	{
		if (walk.left < 0)
			return false;
	}
	return true;
}

/*-------------------------------------------------------------------------
 * Arguments
 *-------------------------------------------------------------------------
 */

/*
 * Get a horizon up to which the curve is known: at most the last observed time,
 * or any time if the survival is 0 there.  The walk must have just begun.
 */
double
ret_curve_horizon(FunctionCallInfo fcinfo, int argno, RetSurvivalWalk *walk)
{
	double		horizon = ret_finite_arg_min(fcinfo, argno, "horizon", 0);

	if (horizon > walk->last)
	{
		while (ret_survival_next(walk))
			 /* to the end */ ;
		if (walk->survival > 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("horizon is beyond the last observed time"),
					 errdetail("The horizon is %g, the last observed time is %g, and there were customers left.",
							   horizon, walk->last),
					 errhint("Pass a horizon up to the last observed time; fit_sbg() gives a model that looks beyond it.")));
		ret_survival_rewind(walk);
	}
	return horizon;
}

/* Get the interval_type in argument argno */
static IntervalType
get_interval_type(FunctionCallInfo fcinfo, int argno)
{
	/* in the order of IntervalType */
	static const char *const types[] = {"plain", "log", "log-log"};

	return (IntervalType) ret_get_choice(fcinfo, argno, "interval_type", types, lengthof(types));
}

/*-------------------------------------------------------------------------
 * Tables and numbers
 *-------------------------------------------------------------------------
 */

/* Compute Greenwood's standard error of the survival; NaN when nobody is left */
static double
standard_error(const RetSurvivalWalk *walk)
{
	return walk->survival > 0 ? walk->survival * sqrt(walk->variance) : get_float8_nan();
}

/* Compute the confidence limits of the survival; NaN where they are not defined */
static void
survival_limits(const RetSurvivalWalk *walk, IntervalType type, double z,
				double *lower, double *upper)
{
	double		s = walk->survival;
	double		spread = z * sqrt(walk->variance);

	*lower = *upper = get_float8_nan();
	if (!(s > 0))
		return;
	if (type == INTERVAL_PLAIN)
	{
		*lower = fmax(s - s * spread, 0);
		*upper = fmin(s + s * spread, 1);
	}
	else if (type == INTERVAL_LOG)
	{
		*lower = s * exp(-spread);
		*upper = fmin(s * exp(spread), 1);
	}
	else if (s < 1)
	{
		double		factor = exp(spread / fabs(log(s)));

		*lower = pow(s, factor);
		*upper = pow(s, 1 / factor);
	}
}

/*
 * survival_table(curve, confidence, interval_type)
 *		Return a row for each distinct time, whether or not anybody left then.
 */
Datum
survival_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RetSurvivalWalk walk;
	double		z;
	IntervalType type;

	InitMaterializedSRF(fcinfo, 0);
	z = ret_confidence_z(fcinfo, 1);
	type = get_interval_type(fcinfo, 2);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	ret_survival_open(&walk, PG_GETARG_DATUM(0));
	while (ret_survival_next(&walk))
	{
		double		error = standard_error(&walk);
		double		lower,
					upper;
		Datum		values[9];
		bool		nulls[9] = {0};

		survival_limits(&walk, type, z, &lower, &upper);
		values[0] = Float8GetDatum(walk.time);
		values[1] = Int64GetDatum(walk.at_risk);
		values[2] = Int64GetDatum(walk.churned);
		values[3] = Int64GetDatum(walk.censored);
		values[4] = Float8GetDatum(walk.survival);
		values[5] = Float8GetDatum(error);
		nulls[5] = isnan(error);
		values[6] = Float8GetDatum(lower);
		nulls[6] = isnan(lower);
		values[7] = Float8GetDatum(upper);
		nulls[7] = isnan(upper);
		values[8] = Float8GetDatum(walk.hazard);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * survival_at(curve, time)
 *		Return the share of customers still there after a time; NULL if the
 *		time is after the last observed one, unless nobody was left then.
 */
Datum
survival_at(PG_FUNCTION_ARGS)
{
	double		at = ret_finite_arg_min(fcinfo, 1, "time", 0);
	RetSurvivalWalk walk;
	double		survival = 1;

	ret_survival_open(&walk, PG_GETARG_DATUM(0));
	while (ret_survival_next(&walk) && walk.time <= at)
		survival = walk.survival;
	if (at > walk.last && survival > 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(survival);
}

/* Get the level 1 - p, where p in argument 1 is the share that has left */
static double
get_level(FunctionCallInfo fcinfo)
{
	double		p = PG_GETARG_FLOAT8(1);

	if (!(p > 0 && p <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("p must be greater than 0 and at most 1"),
				 errdetail("The value is %g.", p),
				 errhint("p is the share (0..1) of the customers who have left by that time.")));
	return 1 - p;
}

/* Begin to look for a level */
static void
crossing_begin(Crossing *crossing, double level)
{
	crossing->level = level;
	crossing->found = crossing->touched = crossing->value = get_float8_nan();
}

/*
 * Look for the time at which a step function falls to the level, given its
 * value from a time on.  If it stays at the level for a stretch of time, the
 * answer is the middle of that stretch, as the median of an even number of
 * values is the mean of the middle two.  Values that are NaN are skipped.
 */
static void
crossing_step(Crossing *crossing, double time, double value)
{
	double		tolerance = LEVEL_TOLERANCE * crossing->level;

	/* at 1 nobody has left, even if the level is within the tolerance of 1 */
	if (!isnan(crossing->found) || isnan(value) || value >= 1 ||
		value > crossing->level + tolerance)
		return;
	if (isnan(crossing->touched))
	{
		if (value < crossing->level - tolerance || crossing->level == 0)
			crossing->found = time;
		crossing->touched = time;
		crossing->value = value;
	}
	else if (value < crossing->value)
		crossing->found = crossing->touched + (time - crossing->touched) / 2;
}

/*
 * Return the answer; NaN if the function has not fallen to the level.  If it
 * stays at the level to the end, the stretch ends at `last`.
 */
static double
crossing_end(const Crossing *crossing, double last)
{
	if (!isnan(crossing->found))
		return crossing->found;
	return crossing->touched + (last - crossing->touched) / 2;
}

/*
 * lifetime_quantile(curve, p)
 *		Return the time by which a share p of the customers has left; NULL if
 *		the curve does not fall to 1 - p.
 */
Datum
lifetime_quantile(PG_FUNCTION_ARGS)
{
	RetSurvivalWalk walk;
	Crossing	crossing;
	double		time;

	crossing_begin(&crossing, get_level(fcinfo));
	ret_survival_open(&walk, PG_GETARG_DATUM(0));
	while (isnan(crossing.found) && ret_survival_next(&walk))
		crossing_step(&crossing, walk.time, walk.survival);
	time = crossing_end(&crossing, walk.last);
	if (isnan(time))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(time);
}

/*
 * lifetime_quantile_interval(curve, p, confidence, interval_type) -> (lower, upper)
 *		Return the times at which the confidence limits of the survival fall to
 *		the level 1 - p, each searched for by itself.
 */
Datum
lifetime_quantile_interval(PG_FUNCTION_ARGS)
{
	double		z = ret_confidence_z(fcinfo, 2);
	IntervalType type = get_interval_type(fcinfo, 3);
	RetSurvivalWalk walk;
	Crossing	lower;
	Crossing	upper;
	double		times[2];

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	crossing_begin(&lower, get_level(fcinfo));
	upper = lower;
	ret_survival_open(&walk, PG_GETARG_DATUM(0));
	while (isnan(upper.found) && ret_survival_next(&walk))
	{
		double		low,
					high;

		survival_limits(&walk, type, z, &low, &high);
		crossing_step(&lower, walk.time, low);
		crossing_step(&upper, walk.time, high);
	}
	times[0] = crossing_end(&lower, walk.last);
	times[1] = crossing_end(&upper, walk.last);
	return ret_float_row(fcinfo, times, 2);
}

/* Integrate the survival from 0 to horizon.  The walk must have just begun. */
static double
integrate(RetSurvivalWalk *walk, double horizon)
{
	double		area = 0;
	double		since = 0;
	double		survival = 1;

	while (ret_survival_next(walk) && walk->time < horizon)
	{
		area += survival * (walk->time - since);
		since = walk->time;
		survival = walk->survival;
	}
	/* rounding must not bring the sum above the horizon */
	return fmin(area + survival * (horizon - since), horizon);
}

/*
 * mean_lifetime(curve, horizon)
 *		Return the mean of the lifetimes, each cut off at the horizon: the
 *		integral of the survival up to there.
 */
Datum
mean_lifetime(PG_FUNCTION_ARGS)
{
	RetSurvivalWalk walk;
	double		horizon;

	ret_survival_open(&walk, PG_GETARG_DATUM(0));
	horizon = ret_curve_horizon(fcinfo, 1, &walk);
	PG_RETURN_FLOAT8(integrate(&walk, horizon));
}

/*
 * mean_lifetime_error(curve, horizon)
 *		Return the standard error of mean_lifetime: the square root of the sum,
 *		over the times at which customers leave, of (integral of the survival
 *		from there to the horizon)^2 d/(n (n-d)).
 */
Datum
mean_lifetime_error(PG_FUNCTION_ARGS)
{
	RetSurvivalWalk walk;
	double		horizon;
	double		rest;
	double		since = 0;
	double		survival = 1;
	double		variance = 0;	/* divided by horizon^2, which might overflow */

	ret_survival_open(&walk, PG_GETARG_DATUM(0));
	horizon = ret_curve_horizon(fcinfo, 1, &walk);
	rest = integrate(&walk, horizon);
	ret_survival_rewind(&walk);
	while (ret_survival_next(&walk) && walk.time < horizon && walk.survival > 0)
	{
		rest = fmax(rest - survival * (walk.time - since), 0);
		since = walk.time;
		survival = walk.survival;
		variance += (rest / horizon) * (rest / horizon) * greenwood_term(&walk);
	}
	PG_RETURN_FLOAT8(horizon * sqrt(variance));
}
