/*-------------------------------------------------------------------------
 *
 * spend.c
 *	  Whether treated customers spend more than others: spend_lift.
 *
 * lift is the difference of the means of two groups, 1 the treated and 2 the
 * others.  With the variances v of the customers and a = v1 / n1, b = v2 / n2,
 *
 *		t = lift / sqrt(a + b),
 *		degrees of freedom = (a + b)^2 / (a^2 / (n1 - 1) + b^2 / (n2 - 1)):
 *
 * B. L. Welch, The generalization of Student's problem when several different
 * population variances are involved, Biometrika 34 (1947).  The interval is
 * lift -+ t(0.05) sqrt(a + b), and p_value the probability of a larger |t|.
 *
 * The state is a double precision[] of two groups, each a number of customers, a
 * sum, and a sum of squares, modified in place and owned by the executor.  A sum
 * is four doubles (RetSum), a square is added with what it rounds off, and the
 * variance comes from n sum(x^2) - sum(x)^2 without rounding in between.  So
 * neither the order of the rows nor the plan shows in a digit, and amounts that
 * are large beside their differences lose none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/result.h"
#include "math/mathfn.h"
#include "store/counters.h"

#define CONFIDENCE		0.95	/* of the interval */
#define MAX_CUSTOMERS	9007199254740992.0	/* every smaller whole number is exact */

/* The customers of a group, as a state holds them: doubles only */
typedef struct Spenders
{
	double		n;
	RetSum		sum;			/* of what they spend */
	RetSum		squares;		/* of its squares */
} Spenders;

/* The two groups of a state */
enum
{
	TREATED,
	CONTROL,
	GROUPS
};

#define NDOUBLES	(GROUPS * (int) (sizeof(Spenders) / sizeof(double)))

PG_FUNCTION_INFO_V1(spend_lift_transfn);
PG_FUNCTION_INFO_V1(spend_lift_combine);
PG_FUNCTION_INFO_V1(spend_lift_finalfn);

/* Get the groups of the state in argument argno, to be read or modified in place */
static Spenders *
get_groups(FunctionCallInfo fcinfo, int argno)
{
	return ret_state_array(fcinfo, argno, FLOAT8OID, NDOUBLES);
}

/*
 * spend_lift_transfn(double precision[], treated boolean, spend double precision)
 *		A row whose treated is null belongs to neither group.  A null spend is 0.
 */
Datum
spend_lift_transfn(PG_FUNCTION_ARGS)
{
	Spenders   *groups;
	double		spend;

	ret_agg_check(fcinfo);
	groups = get_groups(fcinfo, 0);
	if (!PG_ARGISNULL(1))
	{
		Spenders   *group = &groups[PG_GETARG_BOOL(1) ? TREATED : CONTROL];

		spend = PG_ARGISNULL(2) ? 0 : PG_GETARG_FLOAT8(2);
		if (unlikely(!isfinite(spend)))
			ret_reject_infinite("spend", "Amounts that are not known count as 0 if they are NULL.");
		group->n += 1;
		ret_sum_add(&group->sum, spend);
		ret_sum_add_product(&group->squares, spend, spend);
	}
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* Add a sum to another, part by part */
static void
add_sum(RetSum *sum, const RetSum *other)
{
	for (int i = 0; i < RET_SUM_PARTS; i++)
		ret_sum_add(sum, other->parts[i]);
}

/* spend_lift_combine(double precision[], double precision[]) */
Datum
spend_lift_combine(PG_FUNCTION_ARGS)
{
	Spenders   *groups;
	const Spenders *others;

	(void) ret_agg_context(fcinfo);
	groups = get_groups(fcinfo, 0);
	others = get_groups(fcinfo, 1);
	for (int g = 0; g < GROUPS; g++)
	{
		groups[g].n += others[g].n;
		add_sum(&groups[g].sum, &others[g].sum);
		add_sum(&groups[g].squares, &others[g].squares);
	}
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* Raise error 22023 unless the numbers of customers can be, 22003 if a sum overflowed */
static void
check_group(const Spenders *group)
{
	if (!(group->n >= 0 && group->n <= MAX_CUSTOMERS && group->n == rint(group->n)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("counters of an aggregate state must not be negative"),
				 errhint("Give the aggregate an INITCOND of zeros.")));
	if (!isfinite(ret_sum_value(&group->sum)) || !isfinite(ret_sum_value(&group->squares)))
		float_overflow_error();
}

/* Add the products of all parts of a sum with a factor */
static void
add_scaled(RetSum *sum, const RetSum *other, double factor)
{
	for (int i = 0; i < RET_SUM_PARTS; i++)
		ret_sum_add_product(sum, other->parts[i], factor);
}

/* Compute the square of a group's standard error, of its mean; NaN for fewer than two customers */
static double
squared_error(const Spenders *group)
{
	RetSum		spread = {0};

	if (group->n < 2)
		return get_float8_nan();
	add_scaled(&spread, &group->squares, group->n);
	for (int i = 0; i < RET_SUM_PARTS; i++)
		add_scaled(&spread, &group->sum, -group->sum.parts[i]);
	/* what a user-defined state holds need not be sums of squares */
	return fmax(ret_sum_value(&spread), 0) / group->n / group->n / (group->n - 1);
}

/* Compute the mean of one group less that of the other, rounding only the quotient */
static double
difference_of_means(const Spenders *a, const Spenders *b)
{
	RetSum		difference = {0};

	add_scaled(&difference, &a->sum, b->n);
	add_scaled(&difference, &b->sum, -a->n);
	return ret_sum_value(&difference) / a->n / b->n;
}

/* Compute the degrees of freedom of Welch's test from the squared errors, not both 0 */
static double
degrees_of_freedom(const Spenders *groups, const double *errors)
{
	double		sum = 0;

	for (int g = 0; g < GROUPS; g++)
	{
		double		share = errors[g] / (errors[TREATED] + errors[CONTROL]);

		sum += share * share / (groups[g].n - 1);
	}
	return 1 / sum;
}

/*
 * spend_lift_finalfn(double precision[]) -> spend_lift
 *		NULL without rows.  Fields that need both groups, or a variance, are NULL
 *		without.
 */
Datum
spend_lift_finalfn(PG_FUNCTION_ARGS)
{
	RetRow		row = {0};
	const Spenders *groups;
	double		lift = get_float8_nan();
	double		errors[GROUPS];
	double		error;
	double		degrees;
	double		reach;

	(void) ret_agg_context(fcinfo);
	groups = get_groups(fcinfo, 0);
	for (int g = 0; g < GROUPS; g++)
	{
		check_group(&groups[g]);
		errors[g] = squared_error(&groups[g]);
		ret_put_bigint(&row, (int64) groups[g].n);
	}
	if (groups[TREATED].n == 0 && groups[CONTROL].n == 0)
		PG_RETURN_NULL();
	for (int g = 0; g < GROUPS; g++)
		ret_put_double(&row, groups[g].n > 0 ? ret_sum_value(&groups[g].sum) / groups[g].n : get_float8_nan());
	if (groups[TREATED].n > 0 && groups[CONTROL].n > 0)
		lift = difference_of_means(&groups[TREATED], &groups[CONTROL]);
	ret_put_double(&row, lift);

	error = sqrt(errors[TREATED] + errors[CONTROL]);
	if (isinf(lift) || isinf(error))
		float_overflow_error();
	if (!(error > 0))
	{
		for (int i = 0; i < 3; i++)
			ret_put_null(&row);
		return ret_finished_row(fcinfo, &row);
	}
	degrees = degrees_of_freedom(groups, errors);
	reach = ret_student_quantile(1 - CONFIDENCE, degrees) * error;
	ret_put_double(&row, lift - reach);
	ret_put_double(&row, lift + reach);
	ret_put_double(&row, ret_student_two_sided(lift / error, degrees));
	return ret_finished_row(fcinfo, &row);
}
