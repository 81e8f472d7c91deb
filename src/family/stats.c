/*-------------------------------------------------------------------------
 *
 * stats.c
 *	  Whether a rate or a difference is more than chance: the interval of a
 *	  proportion, the test of two proportions, the difference between customers
 *	  who were treated and those who were not; and a rate as a percentage.
 *
 * wilson_interval: the Wilson score interval.  proportion_test: the z test
 * with the pooled proportion p = (x1 + x2) / (n1 + n2),
 *
 *	  z = (x2/n2 - x1/n1) / sqrt(p (1 - p) (1/n1 + 1/n2)),
 *
 * and Newcombe's interval of the difference.  The formulas of the intervals are
 * in mathfn.c; this file checks the arguments.  retention_lift counts rows and
 * computes the same test and interval from the counts: x2 / n2 are the treated,
 * x1 / n1 the others.  All functions take constant time, retention_lift for each
 * row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/result.h"
#include "family/stats.h"
#include "math/mathfn.h"
#include "store/counters.h"

#define MAX_DIGITS	15			/* digits that every double precision keeps */
#define LIFT_CONFIDENCE	0.95	/* confidence of retention_lift's interval */

/* The counters of retention_lift: customers, and those of them who were retained */
enum
{
	TREATED,
	TREATED_RETAINED,
	CONTROL,
	CONTROL_RETAINED,
	NCOUNTS
};

PG_FUNCTION_INFO_V1(as_percent);
PG_FUNCTION_INFO_V1(wilson_interval);
PG_FUNCTION_INFO_V1(proportion_test);
PG_FUNCTION_INFO_V1(retention_lift_transfn);
PG_FUNCTION_INFO_V1(retention_lift_invfn);
PG_FUNCTION_INFO_V1(retention_lift_finalfn);

static int	percent_digits(FunctionCallInfo fcinfo, int argno);
static void check_proportion(int64 successes, int64 trials);
static double pooled_z(double x1, double n1, double x2, double n2);

/*
 * as_percent(rate double precision, digits integer) -> numeric
 *		Round the decimal form of the rate, half away from zero, so that 0.8235
 *		is 82.4 with one digit after the point.
 */
Datum
as_percent(PG_FUNCTION_ARGS)
{
	int			digits = percent_digits(fcinfo, 1);
	double		rate;
	Datum		percent;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	rate = PG_GETARG_FLOAT8(0);
	if (isnan(rate) || isinf(rate))
		ret_reject_infinite("rate", "Turn NaN and infinity into NULL first.");

	percent = DirectFunctionCall2(numeric_mul,
								  DirectFunctionCall1(float8_numeric, Float8GetDatum(rate)),
								  NumericGetDatum(int64_to_numeric(100)));
	PG_RETURN_DATUM(DirectFunctionCall2(numeric_round, percent, Int32GetDatum(digits)));
}

/*
 * wilson_interval(successes, trials bigint, confidence) -> (lower, upper)
 */
Datum
wilson_interval(PG_FUNCTION_ARGS)
{
	(void) ret_confidence_z(fcinfo, 2);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	return ret_wilson_row(fcinfo, PG_GETARG_INT64(0), PG_GETARG_INT64(1), 2);
}

/*
 * proportion_test(x1, n1, x2, n2 bigint, confidence)
 *		-> (difference, z, p_value, lower, upper)
 *		If there are only successes, or none, there is no variance to test with:
 *		z and p_value are NULL, but the interval is returned.
 */
Datum
proportion_test(PG_FUNCTION_ARGS)
{
	double		zc = ret_confidence_z(fcinfo, 4);
	double		values[5];
	double		count[4];

	for (int i = 0; i < 4; i++)
	{
		if (PG_ARGISNULL(i))
			PG_RETURN_NULL();
		count[i] = (double) PG_GETARG_INT64(i);
	}
	check_proportion(PG_GETARG_INT64(0), PG_GETARG_INT64(1));
	check_proportion(PG_GETARG_INT64(2), PG_GETARG_INT64(3));
	if (count[1] == 0 || count[3] == 0)
		PG_RETURN_NULL();

	values[0] = count[2] / count[3] - count[0] / count[1];
	values[1] = pooled_z(count[0], count[1], count[2], count[3]);
	values[2] = ret_normal_two_sided(values[1]);
	ret_newcombe(count[0], count[1], count[2], count[3], zc, &values[3], &values[4]);
	return ret_float_row(fcinfo, values, 5);
}

/*
 * Add a row to the counters (sign = 1) or take it out of them (sign = -1).  A
 * row whose treated is null belongs to neither side and is not counted.  A null
 * retained is false.
 */
static Datum
lift_count(FunctionCallInfo fcinfo, int sign)
{
	int64	   *counters = ret_trans_counters(fcinfo, NCOUNTS);

	if (!PG_ARGISNULL(1))
	{
		int			side = PG_GETARG_BOOL(1) ? TREATED : CONTROL;

		ret_counter_move(&counters[side], sign);
		if (!PG_ARGISNULL(2) && PG_GETARG_BOOL(2))
			ret_counter_move(&counters[side + 1], sign);
	}
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* retention_lift_transfn(bigint[], treated boolean, retained boolean) */
Datum
retention_lift_transfn(PG_FUNCTION_ARGS)
{
	return lift_count(fcinfo, 1);
}

Datum
retention_lift_invfn(PG_FUNCTION_ARGS)
{
	return lift_count(fcinfo, -1);
}

/*
 * retention_lift_finalfn(bigint[]) -> retention_lift
 *		NULL without rows.  Fields that need both sides are NULL if one has no rows.
 */
Datum
retention_lift_finalfn(PG_FUNCTION_ARGS)
{
	int64	   *counters;
	double		x1,
				n1,
				x2,
				n2;
	double		results[6];
	Datum		values[NCOUNTS + 6];
	bool		nulls[NCOUNTS + 6] = {0};

	(void) ret_agg_context(fcinfo);
	counters = ret_counters(fcinfo, 0, NCOUNTS);
	check_proportion(counters[TREATED_RETAINED], counters[TREATED]);
	check_proportion(counters[CONTROL_RETAINED], counters[CONTROL]);
	if (counters[TREATED] == 0 && counters[CONTROL] == 0)
		PG_RETURN_NULL();
	x1 = (double) counters[CONTROL_RETAINED];
	n1 = (double) counters[CONTROL];
	x2 = (double) counters[TREATED_RETAINED];
	n2 = (double) counters[TREATED];

	for (int i = 0; i < 6; i++)
		results[i] = get_float8_nan();
	if (n2 > 0)
		results[0] = x2 / n2;
	if (n1 > 0)
		results[1] = x1 / n1;
	if (n1 > 0 && n2 > 0)
	{
		results[2] = results[0] - results[1];
		ret_newcombe(x1, n1, x2, n2, -ret_normal_quantile((1 - LIFT_CONFIDENCE) / 2),
					 &results[3], &results[4]);
		results[5] = ret_normal_two_sided(pooled_z(x1, n1, x2, n2));
	}
	for (int i = 0; i < NCOUNTS; i++)
		values[i] = Int64GetDatum(counters[i]);
	for (int i = 0; i < 6; i++)
	{
		nulls[NCOUNTS + i] = isnan(results[i]);
		values[NCOUNTS + i] = Float8GetDatum(results[i]);
	}
	return ret_row(fcinfo, values, nulls, NCOUNTS + 6);
}

/*
 * Compute the normal quantile z of the confidence in argument argno, such that
 * an interval is estimate +- z * standard error.
 */
double
ret_confidence_z(FunctionCallInfo fcinfo, int argno)
{
	return -ret_normal_quantile((1 - ret_confidence_arg(fcinfo, argno)) / 2);
}

/*
 * Return the Wilson interval of successes in trials as a row (lower, upper);
 * NULL without trials.
 */
Datum
ret_wilson_row(FunctionCallInfo fcinfo, int64 successes, int64 trials,
			   int confidence_argno)
{
	double		z = ret_confidence_z(fcinfo, confidence_argno);
	double		bounds[2];

	check_proportion(successes, trials);
	if (trials == 0)
		PG_RETURN_NULL();
	ret_wilson((double) successes, (double) trials, z, &bounds[0], &bounds[1]);
	return ret_float_row(fcinfo, bounds, 2);
}

/* Get the number of digits after the point from argument argno */
static int
percent_digits(FunctionCallInfo fcinfo, int argno)
{
	int			digits;

	ret_reject_null_option(fcinfo, argno, "digits");
	digits = PG_GETARG_INT32(argno);
	ret_check_between(digits, 0, MAX_DIGITS, "digits",
					  "Use round() on the result to round to tens or hundreds.");
	return digits;
}

/* Raise an error unless 0 <= successes <= trials */
static void
check_proportion(int64 successes, int64 trials)
{
	if (successes < 0 || trials < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("successes and trials must not be negative"),
				 errdetail("There are %lld successes in %lld trials.",
						   (long long) successes, (long long) trials),
				 errhint("Check where the counts come from.")));
	if (successes > trials)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("successes must not outnumber trials"),
				 errdetail("There are %lld successes in %lld trials.",
						   (long long) successes, (long long) trials),
				 errhint("Pass the successes first and the trials after them.")));
}

/* Compute z for two proportions; NaN when there are only successes or none */
static double
pooled_z(double x1, double n1, double x2, double n2)
{
	double		n = n1 + n2;
	double		p = (x1 + x2) / n;
	double		q = ((n1 - x1) + (n2 - x2)) / n;

	if (p == 0 || q == 0)
		return get_float8_nan();
	return (x2 / n2 - x1 / n1) / sqrt(p * q * (1 / n1 + 1 / n2));
}
