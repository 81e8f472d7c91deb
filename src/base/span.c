/*-------------------------------------------------------------------------
 *
 * span.c
 *	  Lengths of time: intervals, and what the calendar makes of them.
 *
 * The length of an interval depends on where it begins: a month has 28 to 31
 * days, and in a time zone the clocks may be put forward or back on the way.  So
 * a sum is the calendar's, which adds months first, then days, then time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"

#include "base/calendar.h"
#include "base/span.h"

/*
 * Most by which adding an interval in a time zone may differ from adding it in
 * UTC: an offset is at most a day, and so is a change of it.
 */
#define ZONE_SLACK		(2 * USECS_PER_DAY)

/*
 * Add an interval by the calendar: months first, then days, then time.  If
 * zoned, at is a timestamptz and days are those of the session's time zone.
 */
Timestamp
ret_plus_interval(Timestamp at, const Interval *span, bool zoned)
{
	return DatumGetTimestamp(DirectFunctionCall2(zoned ? timestamptz_pl_interval : timestamp_pl_interval,
												 TimestampGetDatum(at),
												 IntervalPGetDatum(span)));
}

/* Subtract an interval, as ret_plus_interval() adds one */
Timestamp
ret_minus_interval(Timestamp at, const Interval *span, bool zoned)
{
	return DatumGetTimestamp(DirectFunctionCall2(zoned ? timestamptz_mi_interval : timestamp_mi_interval,
												 TimestampGetDatum(at),
												 IntervalPGetDatum(span)));
}

/*
 * Return the mean length of an interval in days, for which a year has 365.25
 * days and a month a twelfth of that
 */
double
ret_interval_days(const Interval *interval)
{
	return interval->month * (DAYS_PER_YEAR / MONTHS_PER_YEAR) +
		interval->day + interval->time / (double) USECS_PER_DAY;
}

/* Return the product of two lengths; RET_ENDLESS if it overflows */
static int64
multiply_saturated(int64 a, int64 b)
{
	int64		product;

	if (pg_mul_s64_overflow(a, b, &product))
		return RET_ENDLESS;
	return product;
}

/* Return the length of an interval whose months have days_per_month days */
static int64
length(const Interval *interval, int days_per_month, RetTimeKind kind)
{
	int64		days = (int64) interval->month * days_per_month + interval->day;

	return ret_add_saturated(multiply_saturated(days, kind == RET_DATE ? 1 : USECS_PER_DAY),
							 interval->time);
}

/*
 * Set a span to an interval without negative parts; for dates, without a part
 * in units of time
 */
void
ret_span_set(RetSpan *span, const Interval *interval, RetTimeKind kind)
{
	span->interval = *interval;
	span->shortest = length(interval, 28, kind);
	span->longest = length(interval, 31, kind);
	if (kind == RET_TIMESTAMPTZ && (interval->month != 0 || interval->day != 0))
	{
		span->shortest = Max(span->shortest - ZONE_SLACK, 0);
		span->longest = ret_add_saturated(span->longest, ZONE_SLACK);
	}
}

/*
 * Compute at + interval by the calendar, without a time zone; RET_ENDLESS beyond
 * what can be counted.  The sum need not be a valid date or timestamp, since it
 * is only compared.
 */
static int64
plus_unzoned(int64 at, const Interval *interval, RetTimeKind kind)
{
	int64		day = kind == RET_DATE ? at : ret_day_of(at);
	int64		time = kind == RET_DATE ? 0 : at - day * USECS_PER_DAY;

	if (interval->month != 0)
		day = ret_add_months((DateADT) day, interval->month);
	day += interval->day;
	if (kind == RET_DATE)
		return day;
	return ret_add_saturated(ret_add_saturated(multiply_saturated(day, USECS_PER_DAY), time),
							 interval->time);
}

/* Tell whether to <= at + span, when the bounds of the length do not decide */
bool
ret_span_reaches_by_calendar(const RetSpan *span, int64 at, int64 to, RetTimeKind kind)
{
	int64		end = plus_unzoned(at, &span->interval, kind);

	/* near the end of the range of timestamps the zone would raise an error */
	if (kind == RET_TIMESTAMPTZ && end < END_TIMESTAMP - 2 * ZONE_SLACK)
		end = ret_plus_interval(at, &span->interval, true);
	return to <= end;
}
