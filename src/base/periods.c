/*-------------------------------------------------------------------------
 *
 * periods.c
 *	  Periods as bins of whole months or whole days, counted from an origin.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/datetime.h"

#include "base/args.h"
#include "base/calendar.h"
#include "base/periods.h"

/* Most bins of a table */
#define MAX_BINS	INT64CONST(10000000)

static int64 add_months(DateADT day, int64 nmonths);
static int64 months_between(DateADT first, DateADT day);

static int64
month_of(DateADT day, int *mday)
{
	int			year,
				month;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, mday);
	return (int64) year * MONTHS_PER_YEAR + month - 1;
}

/*
 * Prepare bins of whole months or whole days; origin is in bin 0.  22023 if
 * the period is neither.
 */
void
ret_bins_init(RetBins *bins, const Interval *period, DateADT origin)
{
	int			mday;

	if (INTERVAL_NOT_FINITE(period) || period->time != 0 ||
		(period->month != 0 && period->day != 0) ||
		period->month < 0 || period->day < 0 ||
		(period->month == 0 && period->day == 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a period must be a positive number of whole months or of whole days"),
				 errhint("Use an interval such as '1 month', '3 months', '7 days' or '1 year'.")));
	memset(bins, 0, sizeof(RetBins));
	bins->months = period->month;
	bins->days = period->day;
	bins->origin = origin;
	bins->origin_month = month_of(origin, &mday);

	/* bins of months begin on the first, whatever the day of origin */
	if (bins->months != 0)
		bins->origin -= mday - 1;
}

/* Count the whole months from first to day */
static int64
months_between(DateADT first, DateADT day)
{
	int			mday,
				first_mday;
	int64		nmonths = -month_of(first, &first_mday) + month_of(day, &mday);

	/*
	 * where the month of day is too short for first_mday, its last day counts
	 * instead
	 */
	if (mday < first_mday && add_months(first, nmonths) > day)
		nmonths--;
	return nmonths;
}

/*
 * Get the day nmonths later, or the last of that month.  Beyond the range of
 * date the result is outside of it as well, so that it can still be compared.
 */
static int64
add_months(DateADT day, int64 nmonths)
{
	int			mday;
	int64		month = month_of(day, &mday) + nmonths;
	int64		year = ret_floor_div(month, MONTHS_PER_YEAR);

	month -= year * MONTHS_PER_YEAR;
	if (year > JULIAN_MAXYEAR || (year == JULIAN_MAXYEAR && month + 1 >= JULIAN_MAXMONTH))
		return PG_INT32_MAX;
	if (year < JULIAN_MINYEAR)
		return PG_INT32_MIN;
	mday = Min(mday, day_tab[isleap((int) year)][month]);
	return (int64) date2j((int) year, (int) month + 1, mday) - POSTGRES_EPOCH_JDATE;
}

/* Compute the bin of a day by the calendar */
int64
ret_bin_compute(const RetBins *bins, DateADT day)
{
	int			mday;

	if (bins->months == 0)
		return ret_floor_div((int64) day - bins->origin, bins->days);
	return ret_floor_div(month_of(day, &mday) - bins->origin_month, bins->months);
}

/* Get the first day of a bin, which may be outside the range of date */
int64
ret_bin_start(const RetBins *bins, int64 bin)
{
	return ret_window_start(bins, bins->origin, bin);
}

/* Get the first day of window k of a customer whose first day is `first` */
int64
ret_window_start(const RetBins *bins, DateADT first, int64 k)
{
	if (bins->months == 0)
		return first + k * bins->days;
	return add_months(first, k * bins->months);
}

/*
 * Get the window of a day that is not before `first`, the first day of the
 * customer
 */
int64
ret_window_of(const RetBins *bins, DateADT first, DateADT day)
{
	if (bins->months == 0)
		return ((int64) day - first) / bins->days;
	return months_between(first, day) / bins->months;
}

/*
 * Compute the bins of first..last once, unless they are too many: the table is
 * of use only while it fits the cache.
 */
void
ret_bins_table(RetBins *bins, DateADT first, DateADT last)
{
	int64		ndays = (int64) last - first + 1;

	if (ndays > 4 * 1024 * 1024)
		return;
	bins->table = palloc(ndays * sizeof(int32));
	bins->first_day = first;
	bins->ndays = (int32) ndays;
	for (int64 i = 0; i < ndays;)
	{
		int64		bin = ret_bin_compute(bins, (DateADT) (first + i));
		int64		end = Min(ret_bin_start(bins, bin + 1) - first, ndays);

		CHECK_FOR_INTERRUPTS();
		while (i < end)
			bins->table[i++] = (int32) bin;
	}
}

/* Get the bins from the arguments number `period` and `origin` */
void
ret_get_bins(FunctionCallInfo fcinfo, int period, int origin, RetBins *bins)
{
	ret_reject_null_option(fcinfo, period, "period");
	ret_reject_null_option(fcinfo, origin, "origin");
	ret_bins_init(bins, PG_GETARG_INTERVAL_P(period),
				  ret_finite_date(PG_GETARG_DATEADT(origin), "origin"));
}

/* Find the last bin that has begun before as_of */
int64
ret_begun_bin(const RetBins *bins, int64 as_of)
{
	return ret_bin_compute(bins, (DateADT) (as_of - 1));
}

/* Find the first bin that begins on or after since; PG_INT64_MIN if none was given */
int64
ret_first_bin(const RetBins *bins, int64 since)
{
	int64		bin;

	if (since == RET_INSTANT_MIN)
		return PG_INT64_MIN;
	bin = ret_bin_compute(bins, (DateADT) since);
	return ret_bin_start(bins, bin) < since ? bin + 1 : bin;
}

/* Return the first day of a bin; error 22008 if that is outside the range of dates */
Datum
ret_bin_date(const RetBins *bins, int64 bin)
{
	int64		day = ret_bin_start(bins, bin);

	if (!IS_VALID_DATE(day))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("a period begins outside the range of dates"),
				 errhint("Use since or as_of to leave such periods out.")));
	return DateADTGetDatum((DateADT) day);
}

/* Raise error 54000 if a table would have too many periods */
void
ret_check_bins(int64 nbins)
{
	if (nbins > MAX_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("there are too many periods"),
				 errdetail("There are %lld, the limit is %lld.",
						   (long long) nbins, (long long) MAX_BINS),
				 errhint("Use a longer period, or pass an earlier as_of.")));
}
