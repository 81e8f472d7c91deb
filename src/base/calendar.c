/*-------------------------------------------------------------------------
 *
 * calendar.c
 *	  Times, ranges of time and intervals, as the aggregates see them.
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
#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/typcache.h"

#include "base/calendar.h"

static int64 bound_instant(const RangeBound *bound, Oid subtype);
pg_noreturn static void reject_zone(const char *name);

void
ret_reject_infinite_time(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("the time of an event must be finite"),
			 errhint("Leave such rows out with FILTER (WHERE isfinite(...)).")));
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

/* Raise error 22023 unless the interval is positive and finite */
void
ret_check_within(const Interval *within)
{
	Interval	zero = {0};

	if (INTERVAL_NOT_FINITE(within) ||
		DatumGetInt32(DirectFunctionCall2(interval_cmp,
										  IntervalPGetDatum(within),
										  IntervalPGetDatum(&zero))) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the interval must be positive and finite"),
				 errhint("Pass a length of time such as '56 days'.")));
}

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

/*-------------------------------------------------------------------------
 * Time zones of states
 *-------------------------------------------------------------------------
 */

/* Store the name of the session's time zone */
void
ret_zone_session(RetZone *zone)
{
	const char *name = pg_get_timezone_name(session_timezone);
	Size		size = strlen(name);

	memset(zone, 0, sizeof(RetZone));
	memcpy(zone->name, name, Min(size, RET_ZONE_SIZE - 1));
	if (unlikely(size > RET_ZONE_SIZE - 1))
		snprintf(zone->name + RET_ZONE_SIZE - 10, 10, "~%08x",
				 hash_bytes((const unsigned char *) name, (int) size));
}

/* Read the name of a zone from untrusted bytes; false if they cannot be one */
bool
ret_zone_read(RetZone *zone, const char *bytes, Size size)
{
	memset(zone, 0, sizeof(RetZone));
	if (size == 0 || size >= RET_ZONE_SIZE)
		return false;
	for (Size i = 0; i < size; i++)
	{
		if (bytes[i] <= ' ' || bytes[i] > '~')
			return false;
	}
	memcpy(zone->name, bytes, size);
	return true;
}

/*
 * Tell whether a zone and the session's each have one offset only, and the
 * same one
 */
static bool
same_offset(const RetZone *zone)
{
	pg_tz	   *other = pg_tzset(zone->name);
	long int	offset;
	long int	session_offset;

	return other != NULL &&
		pg_get_timezone_offset(other, &offset) &&
		pg_get_timezone_offset(session_timezone, &session_offset) &&
		offset == session_offset;
}

/*
 * Raise the error for days of another zone; name is NULL if that is not known
 * any longer
 */
static void
reject_zone(const char *name)
{
	const char *session = pg_get_timezone_name(session_timezone);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 name ? errmsg("days were counted in time zone \"%s\", but the session's time zone is \"%s\"",
						   name, session) :
			 errmsg("days were counted in another time zone, but the session's time zone is \"%s\"",
					session),
			 errdetail("Another server aggregated a part of the rows, or the time zone was set in between."),
			 errhint("Pass at AT TIME ZONE '%s', whose days are the same everywhere. On Citus, SET citus.propagate_set_commands = 'local' and then, in a transaction, SET LOCAL timezone; or set the servers' timezone.",
					 session)));
}

/*
 * Raise error 22023 unless a state may be combined or finished in this
 * session: its days must be those of the session's time zone, or of no zone.
 * UTC and GMT are one zone.
 */
void
ret_zone_check(const RetZone *zone)
{
	RetZone		session;

	if (!ret_zone_known(zone) ||
		strcmp(zone->name, pg_get_timezone_name(session_timezone)) == 0)
		return;
	ret_zone_session(&session);
	if (strcmp(zone->name, session.name) == 0 || same_offset(zone))
		return;
	reject_zone(zone->name);
}

/* Get a number that stands for the session's time zone in small states; never 0 */
uint16
ret_zone_number(void)
{
	const char *name = pg_get_timezone_name(session_timezone);

	return (uint16) (hash_bytes((const unsigned char *) name, (int) strlen(name)) | 1);
}

/*
 * Read the name of the zone of a state that keeps only the number, check that
 * it is the session's zone, and return the number; 0 if the bytes are no name.
 */
uint16
ret_zone_receive(const char *bytes, Size size)
{
	RetZone		zone;

	if (!ret_zone_read(&zone, bytes, size))
		return 0;
	ret_zone_check(&zone);
	return ret_zone_number();
}

/*
 * Send the name of the zone of a state that keeps only the number, if that is
 * not 0; 22023 if it is not the session's zone.
 */
void
ret_zone_send(StringInfo buf, uint16 number)
{
	RetZone		zone;

	if (number == 0)
		return;
	ret_zone_check_number(number);
	ret_zone_session(&zone);
	pq_sendbytes(buf, zone.name, (int) strlen(zone.name));
}

/*
 * Raise error 22023 unless number is 0 or that of the session's time zone.
 * States that keep only the number check the name when they are read, so here
 * the zone can only have been set while the aggregate ran.
 */
void
ret_zone_check_number(uint16 number)
{
	if (number != 0 && unlikely(number != ret_zone_number()))
		reject_zone(NULL);
}
