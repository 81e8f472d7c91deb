/*-------------------------------------------------------------------------
 *
 * args.c
 *	  Arguments that several functions take, with one text for each error.
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

#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/args.h"
#include "base/calendar.h"
#include "base/span.h"

/*-------------------------------------------------------------------------
 * Options
 *-------------------------------------------------------------------------
 */

/* Raise error 22004 for an argument that is null */
void
ret_reject_null(const char *name, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("%s must not be null", name),
			 errhint("%s", hint)));
	pg_unreachable();
}

/* Raise error 22004 if an option, which has a default, is null */
void
ret_reject_null_option(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ret_reject_null(name, "Leave the argument out to get its default.");
}

/* Find a text argument among its choices; error 22023 if it is none of them */
int
ret_get_choice(FunctionCallInfo fcinfo, int argno, const char *name,
			   const char *const *choices, int nchoices)
{
	char	   *given;
	StringInfoData list;

	ret_reject_null_option(fcinfo, argno, name);
	given = text_to_cstring(PG_GETARG_TEXT_PP(argno));
	initStringInfo(&list);
	for (int i = 0; i < nchoices; i++)
	{
		if (strcmp(given, choices[i]) == 0)
			return i;
		appendStringInfo(&list, "%s'%s'", i == 0 ? "" : i == nchoices - 1 ? " or " : ", ", choices[i]);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized %s \"%s\"", name, given),
			 errhint("Use %s.", list.data)));
}

/*-------------------------------------------------------------------------
 * Numbers
 *-------------------------------------------------------------------------
 */

/* Raise error 22003 for a number that is infinite or NaN; hint may be NULL */
void
ret_reject_infinite(const char *name, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s must be a finite number", name),
			 hint ? errhint("%s", hint) : 0));
	pg_unreachable();
}

/* Raise error 22023 for a value below the lowest; hint may be NULL */
pg_noreturn static void
reject_below(const char *name, const char *value, const char *lowest, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 strcmp(lowest, "0") == 0 ? errmsg("%s must not be negative", name) :
			 errmsg("%s must be at least %s", name, lowest),
			 errdetail("The value is %s.", value),
			 hint ? errhint("%s", hint) : 0));
	pg_unreachable();
}

/* Raise error 22023 for a number that is negative; hint may be NULL */
void
ret_reject_negative(double value, const char *name, const char *hint)
{
	reject_below(name, psprintf("%g", value), "0", hint);
}

/* Raise error 22023 if an integer is below the lowest; hint may be NULL */
void
ret_check_at_least(int64 value, int64 lowest, const char *name, const char *hint)
{
	if (value < lowest)
		reject_below(name, psprintf(INT64_FORMAT, value), psprintf(INT64_FORMAT, lowest), hint);
}

/* Raise error 22023 unless an integer is between two others; hint may be NULL */
void
ret_check_between(int64 value, int64 lowest, int64 highest, const char *name, const char *hint)
{
	if (value < lowest || value > highest)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be between %lld and %lld", name,
						(long long) lowest, (long long) highest),
				 errdetail("The value is %lld.", (long long) value),
				 hint ? errhint("%s", hint) : 0));
}

/* Get argument argno, which must be a finite number; error 22003 otherwise */
double
ret_finite_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	double		value = PG_GETARG_FLOAT8(argno);

	if (isnan(value) || isinf(value))
		ret_reject_infinite(name, NULL);
	return value;
}

/* Get a finite number, not less than lowest, from argument argno */
double
ret_finite_arg_min(FunctionCallInfo fcinfo, int argno, const char *name, double lowest)
{
	double		value = ret_finite_arg(fcinfo, argno, name);

	if (value < lowest)
		reject_below(name, psprintf("%g", value), psprintf("%g", lowest), NULL);
	return value;
}

/* Get argument argno, which is a count; error 22023 if it is negative */
int64
ret_count_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	int64		count = PG_GETARG_INT64(argno);

	ret_check_at_least(count, 0, name, NULL);
	return count;
}

/* Get argument argno, the number of customers that a row stands for: 0 if it is null, error 22023 if it is negative */
int64
ret_customers_arg(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? 0 : ret_count_arg(fcinfo, argno, "customers");
}

/* Get the confidence of an interval, which is an option; error 22023 unless 0 < confidence < 1 */
double
ret_confidence_arg(FunctionCallInfo fcinfo, int argno)
{
	double		confidence;

	ret_reject_null_option(fcinfo, argno, "confidence");
	confidence = PG_GETARG_FLOAT8(argno);
	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be greater than 0 and less than 1"),
				 errdetail("The value is %g.", confidence),
				 errhint("Confidence is a fraction: 95 percent is 0.95.")));
	return confidence;
}

/* Get the argument `fraction`, which is an option; error 22023 unless 0 <= fraction <= 1 */
double
ret_fraction_arg(FunctionCallInfo fcinfo, int argno, const char *hint)
{
	double		fraction;

	ret_reject_null_option(fcinfo, argno, "fraction");
	fraction = PG_GETARG_FLOAT8(argno);
	if (!(fraction >= 0 && fraction <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fraction must be between 0 and 1"),
				 errdetail("The value is %g.", fraction),
				 errhint("%s", hint)));
	return fraction;
}

/*-------------------------------------------------------------------------
 * Days
 *-------------------------------------------------------------------------
 */

/* Return a hint on what to pass for the argument `name`, which is a day */
static const char *
day_hint(const char *name)
{
	return strcmp(name, "as_of") == 0 ?
		"Pass the first day whose data are not complete, for example current_date." :
		"Pass a day, such as '2024-07-01' or current_date.";
}

/* Raise error 22004 for a null as_of that has no default */
void
ret_reject_null_as_of(void)
{
	ret_reject_null("as_of", day_hint("as_of"));
}

/* Return date, or raise error 22008 if it is infinite */
DateADT
ret_finite_date(DateADT date, const char *name)
{
	if (DATE_NOT_FINITE(date))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be a finite date", name),
				 errhint("%s", day_hint(name))));
	return date;
}

/*
 * Find the day, in the session's time zone, of an argument that is a timestamptz
 * because date, timestamp and now() all cast to that.  Raises error 22008 if it is
 * infinite, or if in the zone its day is before the calendar begins.
 */
DateADT
ret_finite_day(RetOffsets *offsets, TimestampTz at, const char *name)
{
	if (TIMESTAMP_NOT_FINITE(at))
		(void) ret_finite_date(TIMESTAMP_IS_NOBEGIN(at) ? DATEVAL_NOBEGIN : DATEVAL_NOEND, name);
	if (ret_before_calendar(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s is outside the range of dates", name)));
	return ret_day_timestamptz(offsets, at);
}

/*
 * Get the day of an as_of, in the session's time zone if it is a timestamptz.
 * Raises error 22008 if it is infinite.
 */
DateADT
ret_as_of_day(FmgrInfo *flinfo, int64 as_of, RetTimeKind kind)
{
	if (kind == RET_TIMESTAMPTZ)
		return ret_finite_day(ret_call_offsets(flinfo), as_of, "as_of");
	if (kind == RET_TIMESTAMP && ret_instant_is_finite(as_of, kind))
		return ret_day_of(as_of);
	return ret_finite_date(kind == RET_DATE ? (DateADT) as_of : DATEVAL_NOEND, "as_of");
}

/* Raise the error for a contract that ended before it started */
void
ret_reject_contract(int64 started, int64 ended, RetTimeKind kind)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("ended must not be before started"),
			 errdetail("It started on %s and ended on %s.",
					   ret_instant_text(started, kind), ret_instant_text(ended, kind)),
			 errhint("Correct such rows, or leave them out with FILTER (WHERE ended IS NULL OR ended >= started).")));
}

/* Get the day of a timestamptz argument, or `otherwise` if it is null */
int64
ret_get_day(FunctionCallInfo fcinfo, int argno, const char *name, int64 otherwise)
{
	RetOffsets	offsets = {0};

	if (PG_ARGISNULL(argno))
		return otherwise;
	return ret_finite_day(&offsets, PG_GETARG_TIMESTAMPTZ(argno), name);
}

/*-------------------------------------------------------------------------
 * Lengths of time
 *-------------------------------------------------------------------------
 */

/* Raise error 22023 unless an interval is positive and finite */
void
ret_check_length(const Interval *interval, const char *name)
{
	Interval	zero = {0};

	if (INTERVAL_NOT_FINITE(interval) ||
		DatumGetInt32(DirectFunctionCall2(interval_cmp,
										  IntervalPGetDatum(interval),
										  IntervalPGetDatum(&zero))) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be positive and finite", name),
				 errhint(RET_LENGTH_HINT)));
}

/* Get the length in days of an interval argument; error 22023 if it is negative */
double
ret_days_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	Interval   *interval = PG_GETARG_INTERVAL_P(argno);
	double		days = ret_interval_days(interval);

	if (INTERVAL_NOT_FINITE(interval) || days < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be finite and not negative", name),
				 errhint(RET_LENGTH_HINT)));
	return days;
}

/*-------------------------------------------------------------------------
 * Discounts
 *-------------------------------------------------------------------------
 */

/* Get argument argno, which must be finite and greater than `above` */
static double
option_above(FunctionCallInfo fcinfo, int argno, const char *name, double above, const char *hint)
{
	double		value;

	if (PG_ARGISNULL(argno))
		ret_reject_null(name, hint);
	value = ret_finite_arg(fcinfo, argno, name);
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

/* Check whether a row begins with columns of n types, and has no others if `exactly` */
bool
ret_row_matches(HeapTupleHeader row, const Oid *types, int n, bool exactly)
{
	TupleDesc	tupdesc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row),
												 HeapTupleHeaderGetTypMod(row));
	bool		ok = exactly ? tupdesc->natts == n : tupdesc->natts >= n;

	/* a column that has been dropped has no type */
	for (int i = 0; ok && i < n; i++)
		ok = TupleDescAttr(tupdesc, i)->atttypid == types[i];
	ReleaseTupleDesc(tupdesc);
	return ok;
}

/* Raise the error for a row of a model's type that no fit can have returned */
void
ret_reject_model(const char *type, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s is not the model of a fit", type),
			 errdetail_internal("%s", detail)));
	pg_unreachable();
}

/* Check that a row of a model's type begins with columns of n types */
void
ret_check_model(HeapTupleHeader row, const char *type, const Oid *types, int n)
{
	if (!ret_row_matches(row, types, n, false))
		ret_reject_model(type, "The type has been altered.");
}
