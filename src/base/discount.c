/*-------------------------------------------------------------------------
 *
 * discount.c
 *	  The arguments annual_discount and periods_per_year, wherever they occur.
 *
 * annual_discount is an effective rate per year, a fraction above -1: below 0
 * if later payments are worth more than earlier ones.  periods_per_year is
 * above 0.  Both are options, so NULL is an error, and they are checked before
 * anything else.  A sum without a horizon that a negative discount makes
 * infinite is an error as well.  One that is infinite without a discount is
 * left to the function, which returns NULL as for any denominator of 0.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "base/discount.h"

/* Get argument argno, which must be finite and greater than `above` */
static double
option_above(FunctionCallInfo fcinfo, int argno, const char *name, double above, const char *hint)
{
	double		value;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name),
				 errhint("%s", hint)));
	value = PG_GETARG_FLOAT8(argno);
	if (isnan(value) || isinf(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be a finite number", name)));
	if (value <= above)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be greater than %g", name, above),
				 errdetail("The value is %g.", value),
				 errhint("%s", hint)));
	return value;
}

/*
 * Get ln(1 + d).  Normally d is the discount of a period, from the arguments
 * number `annual` and `periods`.  If `periods` is negative, d is the discount
 * of a year.
 */
double
ret_log_discount(FunctionCallInfo fcinfo, int annual, int periods)
{
	double		rate = option_above(fcinfo, annual, "annual_discount", -1,
									"Rates are fractions: 10 percent is 0.1, and 0 is no discount.");

	if (periods < 0)
		return log1p(rate);
	return log1p(rate) /
		option_above(fcinfo, periods, "periods_per_year", 0,
					 "It is 12 for periods of a month, 1 for periods of a year.");
}

/* Report that a negative discount outweighs the loss of customers */
void
ret_infinite_value(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the value is infinite"),
			 errdetail("With this negative annual_discount payments grow faster than customers are lost."),
			 errhint("Use an annual_discount of 0 or more, or a function with a horizon.")));
}
