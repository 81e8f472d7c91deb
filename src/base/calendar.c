/*-------------------------------------------------------------------------
 *
 * calendar.c
 *	  Times, days and ranges of time, as the aggregates see them.
 *
 * Decoding a range costs more than everything else that an aggregate does for
 * a row, and the same range usually comes with every row.  A RetBounds keeps
 * the decoded bounds beside the bytes they came from, and decodes again only
 * when the bytes differ.  It lives in the aggregate's state, since on a
 * cluster the support functions are called with a fresh FmgrInfo each time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/typcache.h"

#include "base/calendar.h"

static int64 bound_instant(const RangeBound *bound, Oid subtype);

/*
 * Raise error 22008 for an infinite time of an event.  The hint depends on whether
 * it is for a window function, which has no FILTER.
 */
void
ret_reject_infinite_time(bool window)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("the time of an event must be finite"),
			 errhint("Leave such rows out with %s.",
					 window ? "WHERE isfinite(...)" : "FILTER (WHERE isfinite(...))")));
	pg_unreachable();
}

/*
 * Get midnight of a date, for the functions that add intervals; 22008 if the
 * date is infinite or beyond what a timestamp can hold.
 */
Timestamp
ret_date_timestamp(DateADT date)
{
	date = (DateADT) ret_instant_date(date);
	if (unlikely(date < DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE ||
				 date >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range for timestamp")));
	return (Timestamp) date * USECS_PER_DAY;
}

/* Format an instant for an error message */
char *
ret_instant_text(int64 at, RetTimeKind kind)
{
	return DatumGetCString(kind == RET_DATE ? DirectFunctionCall1(date_out, DateADTGetDatum((DateADT) at)) :
						   kind == RET_TIMESTAMP ? DirectFunctionCall1(timestamp_out, TimestampGetDatum(at)) :
						   DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(at)));
}

/*
 * Set bounds to those of range, a daterange, tsrange or tstzrange, unless they
 * are set already.
 *
 * Time is discrete, so exclusive lower and inclusive upper bounds move up by
 * one unit and all ranges become [lower, upper).  A bound that is infinite, or
 * is the value infinity, becomes the outermost instant.  An empty range
 * becomes one that contains nothing.
 */
void
ret_bounds_decode(RetBounds *bounds, Datum range)
{
	RangeType  *value = DatumGetRangeTypeP(range);
	uint32		size = VARSIZE(value);
	TypeCacheEntry *typcache;
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;
	Oid			subtype;

	if (size == bounds->size && memcmp(value, bounds->image, size) == 0)
		return;

	typcache = lookup_type_cache(RangeTypeGetOid(value), TYPECACHE_RANGE_INFO);
	range_deserialize(typcache, value, &lower, &upper, &empty);
	subtype = typcache->rngelemtype->type_id;

	bounds->lower = bounds->upper = 0;
	if (!empty)
	{
		bounds->lower = bound_instant(&lower, subtype);
		bounds->upper = bound_instant(&upper, subtype);
		if (!lower.inclusive && bounds->lower != RET_INSTANT_MIN &&
			bounds->lower != RET_INSTANT_MAX)
			bounds->lower++;
		if (upper.inclusive && bounds->upper != RET_INSTANT_MAX)
			bounds->upper++;
	}

	/* a range that is too large for the image is merely not cached */
	bounds->size = size <= sizeof(bounds->image) ? size : 0;
	memcpy(bounds->image, value, bounds->size);
}

/* Get the instant of one bound of a range over date, timestamp or timestamptz */
static int64
bound_instant(const RangeBound *bound, Oid subtype)
{
	if (bound->infinite)
		return bound->lower ? RET_INSTANT_MIN : RET_INSTANT_MAX;
	if (subtype == DATEOID)
	{
		DateADT		date = DatumGetDateADT(bound->val);

		if (DATE_IS_NOBEGIN(date))
			return RET_INSTANT_MIN;
		if (DATE_IS_NOEND(date))
			return RET_INSTANT_MAX;
		return date;
	}
	/* the infinite timestamps are the outermost instants already */
	return DatumGetTimestamp(bound->val);
}

/*-------------------------------------------------------------------------
 * Months
 *-------------------------------------------------------------------------
 */

/*
 * Get the month of a day, counted from January of year 0, and its day of the
 * month, from 1
 */
int64
ret_month_of(DateADT day, int *mday)
{
	int			year,
				month;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, mday);
	return (int64) year * MONTHS_PER_YEAR + month - 1;
}

/*
 * Get the day nmonths later, or the last of that month.  Beyond the range of
 * date the result is outside of it as well, so that it can still be compared.
 */
int64
ret_add_months(DateADT day, int64 nmonths)
{
	int			mday;
	int64		month = ret_month_of(day, &mday) + nmonths;
	int64		year = ret_floor_div(month, MONTHS_PER_YEAR);

	month -= year * MONTHS_PER_YEAR;
	if (year > JULIAN_MAXYEAR || (year == JULIAN_MAXYEAR && month + 1 >= JULIAN_MAXMONTH))
		return PG_INT32_MAX;
	if (year < JULIAN_MINYEAR)
		return PG_INT32_MIN;
	mday = Min(mday, day_tab[isleap((int) year)][month]);
	return (int64) date2j((int) year, (int) month + 1, mday) - POSTGRES_EPOCH_JDATE;
}

/*-------------------------------------------------------------------------
 * Days
 *-------------------------------------------------------------------------
 */

/*
 * Get the offsets that all calls of a function in a query share, for states
 * that must be small.  A caller that makes a new FmgrInfo for each row gets
 * empty ones each time, which is slow but correct.
 */
RetOffsets *
ret_call_offsets(FmgrInfo *flinfo)
{
	if (flinfo->fn_extra == NULL)
		flinfo->fn_extra = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(RetOffsets));
	return flinfo->fn_extra;
}

/*
 * Convert a boundary of the zone's rules, in seconds since 1970, to the first
 * instant after the span that ends there; at most END_TIMESTAMP.
 */
static TimestampTz
boundary_instant(pg_time_t boundary)
{
	int64		seconds = boundary - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY;

	return seconds < END_TIMESTAMP / USECS_PER_SEC ? seconds * USECS_PER_SEC : END_TIMESTAMP;
}

/* Read the offset at an instant from the zone's rules, and until when it holds */
static RetOffset
read_offset(TimestampTz at)
{
	RetOffset	span = {at, RET_INSTANT_MAX, 0};
	pg_time_t	now = (pg_time_t) ret_floor_div(at, USECS_PER_SEC) +
		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY;
	pg_time_t	boundary;
	long int	before,
				after;
	int			before_dst,
				after_dst;

	switch (pg_next_dst_boundary(&now, &before, &before_dst,
								 &boundary, &after, &after_dst, session_timezone))
	{
		case 1:
			span.upper = boundary_instant(boundary);
			pg_fallthrough;
		case 0:
			span.offset = before * USECS_PER_SEC;
			break;
		default:
			/* beyond the zone's rules: UTC, as in the server */
			span.upper = at + 1;
			break;
	}
	return span;
}

/*
 * Tell whether the day of an instant in the session's time zone is before the
 * first of the calendar
 */
bool
ret_before_calendar(TimestampTz at)
{
	return at < MIN_TIMESTAMP + USECS_PER_DAY && at + read_offset(at).offset < MIN_TIMESTAMP;
}

/* Find the offset at an instant among those cached, or read it and cache it */
RetOffset *
ret_offset_find(RetOffsets *offsets, TimestampTz at)
{
	RetOffset	span;
	uint32		i;

	/* the zone may be set between two fetches from a cursor */
	if (offsets->zone != session_timezone)
	{
		memset(offsets, 0, sizeof(RetOffsets));
		offsets->zone = session_timezone;
	}
	for (i = 0; i < RET_OFFSETS; i++)
	{
		if (at >= offsets->spans[i].lower && at < offsets->spans[i].upper)
			goto found;
	}
	span = read_offset(at);

	/* checked only here, since no cached span contains such an instant */
	if (at + span.offset < MIN_TIMESTAMP)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("the day of an event is before the first day of the calendar"),
				 errdetail("In time zone \"%s\" it is before 4714-11-24 BC.",
						   pg_get_timezone_name(session_timezone)),
				 errhint("Leave such rows out with FILTER (WHERE ...).")));

	/* an earlier instant with the same offset and end widens a cached span */
	for (i = 0; i < RET_OFFSETS; i++)
	{
		if (offsets->spans[i].upper == span.upper &&
			offsets->spans[i].offset == span.offset &&
			offsets->spans[i].lower < offsets->spans[i].upper)
		{
			offsets->spans[i].lower = at;
			goto found;
		}
	}
	i = offsets->next++ % RET_OFFSETS;
	offsets->spans[i] = span;
found:
	offsets->last = i;
	return &offsets->spans[i];
}

/*
 * Find the first instant of a day in the session's time zone.  If clocks are put
 * back over midnight, the cast returns the second of the two midnights.
 */
static TimestampTz
zoned_day_start(RetOffsets *offsets, DateADT day)
{
	TimestampTz at = DatumGetTimestampTz(DirectFunctionCall1(date_timestamptz, DateADTGetDatum(day)));
	TimestampTz earlier = at;

	if (at > MIN_TIMESTAMP)
		earlier = (int64) day * USECS_PER_DAY - ret_offset_find(offsets, at - 1)->offset;
	if (earlier < at && earlier >= MIN_TIMESTAMP && ret_day_timestamptz(offsets, earlier) >= day)
		return earlier;
	return at;
}

/* Get the first instant of a day, in the session's time zone if kind is timestamptz */
int64
ret_day_start(FmgrInfo *flinfo, DateADT day, RetTimeKind kind)
{
	if (kind == RET_DATE)
		return day;
	if (kind == RET_TIMESTAMP)
		return ret_date_timestamp(day);
	return zoned_day_start(ret_call_offsets(flinfo), day);
}
