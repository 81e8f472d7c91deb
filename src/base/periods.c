/*-------------------------------------------------------------------------
 *
 * periods.c
 *	  Periods as bins of whole months or whole days, counted from an origin.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/args.h"
#include "base/calendar.h"
#include "base/periods.h"

/* Most periods of a value */
#define MAX_BINS	INT64CONST(10000000)

/* Most days that a table of their bins is made for */
#define MAX_TABLE_DAYS	(4 * 1024 * 1024)

/*
 * Days of a month, to compare it with days.  A year must not be longer than 365
 * days, and 366 days must not be longer than a year.
 */
#define SHORT_MONTH		30.4
#define LONG_MONTH		30.5

/* Set bins of this length, whole months or whole days; origin is in bin 0 */
void
ret_bins_init(RetBins *bins, int32 months, int32 days, DateADT origin)
{
	int			mday;

	memset(bins, 0, sizeof(RetBins));
	bins->months = months;
	bins->days = days;
	bins->origin = origin;
	bins->origin_month = ret_month_of(origin, &mday);

	/* bins of months begin on the first, whatever the day of origin */
	if (bins->months != 0)
		bins->origin -= mday - 1;
}

/* Raise error 22023 unless an interval is a positive number of whole months or of whole days */
void
ret_check_period(const Interval *period, const char *name)
{
	if (INTERVAL_NOT_FINITE(period) || period->time != 0 ||
		(period->month != 0 && period->day != 0) ||
		period->month < 0 || period->day < 0 ||
		(period->month == 0 && period->day == 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a positive number of whole months or of whole days", name),
				 errhint("Use an interval such as '1 month', '3 months', '7 days' or '1 year'.")));
}

/*
 * Get bins whose length is the interval argument argno: whole months or whole
 * days, error 22023 otherwise.  origin is in bin 0.
 */
void
ret_bins_get(FunctionCallInfo fcinfo, int argno, const char *name, DateADT origin, RetBins *bins)
{
	const Interval *period;

	ret_reject_null_option(fcinfo, argno, name);
	period = PG_GETARG_INTERVAL_P(argno);
	ret_check_period(period, name);
	ret_bins_init(bins, period->month, period->day, origin);
}

/* Compute the bin of a day by the calendar */
int64
ret_bin_compute(const RetBins *bins, DateADT day)
{
	int			mday;

	if (bins->months == 0)
		return ret_floor_div((int64) day - bins->origin, bins->days);
	return ret_floor_div(ret_month_of(day, &mday) - bins->origin_month, bins->months);
}

/* Get the first day of a bin, which may be outside the range of date */
int64
ret_bin_start(const RetBins *bins, int64 bin)
{
	return ret_lap_start(bins, bins->origin, bin);
}

/* Tell whether the bins of a are longer than those of b */
bool
ret_bins_longer(const RetBins *a, const RetBins *b)
{
	if (a->months && b->months)
		return a->months > b->months;
	return (a->months ? a->months * SHORT_MONTH : a->days) >
		(b->months ? b->months * LONG_MONTH : b->days);
}

/* Get the first day of lap k, for laps that are counted from the day `first` */
int64
ret_lap_start(const RetBins *bins, DateADT first, int64 k)
{
	if (bins->months == 0)
		return first + k * bins->days;
	return ret_add_months(first, k * bins->months);
}

/* Prepare to count laps from the day `first` */
void
ret_laps_init(RetLaps *laps, const RetBins *bins, DateADT first)
{
	laps->bins = bins;
	laps->first = first;
	laps->month = ret_month_of(first, &laps->mday);
}

/* Get the lap of a day that is not before the first */
int64
ret_lap_of(const RetLaps *laps, DateADT day)
{
	const RetBins *bins = laps->bins;
	int			mday;
	int64		nmonths;

	if (bins->months == 0)
		return ((int64) day - laps->first) / bins->days;
	nmonths = ret_month_of(day, &mday) - laps->month;

	/* in a month that is too short for laps->mday, its last day counts instead */
	if (mday < laps->mday && ret_add_months(laps->first, nmonths) > day)
		nmonths--;
	return nmonths / bins->months;
}

/*
 * Compute the bins of first..last once, unless they are too many: the table is
 * of use only while it fits the cache.
 */
void
ret_bins_table(RetBins *bins, DateADT first, DateADT last)
{
	int64		ndays = (int64) last - first + 1;

	if (ndays > MAX_TABLE_DAYS)
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

/* Raise error 54000 if a cohort table would have too many cells */
void
ret_check_cells(int64 ncells, int64 limit, const char *hint)
{
	if (ncells > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the cohort table has too many cells"),
				 errdetail("The limit is %lld.", (long long) limit),
				 errhint("%s", hint)));
}

/*
 * Get the periods from the arguments number `period`, `as_of` and `origin`.  If
 * as_of is null, ret_periods_open() sets it to the day after the last one.
 */
void
ret_periods_get(FunctionCallInfo fcinfo, int period, int as_of, int origin, RetPeriods *periods)
{
	ret_reject_null_option(fcinfo, origin, "origin");
	ret_bins_get(fcinfo, period, "period",
				 ret_finite_date(PG_GETARG_DATEADT(origin), "origin"), &periods->bins);
	periods->as_of = ret_get_day(fcinfo, as_of, "as_of", RET_INSTANT_MIN);
}

/* Find the periods of a value with the given first and last day */
void
ret_periods_open(RetPeriods *periods, DateADT first, DateADT last)
{
	if (periods->as_of == RET_INSTANT_MIN)
		periods->as_of = (int64) last + 1;
	ret_bins_table(&periods->bins, first, last);
	periods->first = ret_bin_compute(&periods->bins, first);
	periods->n = ret_bin_compute(&periods->bins, (DateADT) (periods->as_of - 1)) - periods->first + 1;
	periods->n = Max(periods->n, 0);
	ret_check_bins(periods->n);
}
