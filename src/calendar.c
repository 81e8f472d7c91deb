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
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/typcache.h"

#include "calendar.h"

static int64 bound_instant(const RangeBound *bound, Oid subtype);

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
 * Midnight of a date, for the functions that add intervals; 22008 if the date
 * is infinite or beyond what a timestamp can hold.
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
 * Make bounds those of range, a daterange, tsrange or tstzrange, unless they
 * are already.
 *
 * Time is discrete, so exclusive lower and inclusive upper bounds move up by
 * one unit and all ranges become [lower, upper).  An infinite bound, and a
 * bound that is the value infinity, is the outermost instant; an empty range
 * is one that contains nothing.
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

	/* a range of another size would merely not be cached */
	bounds->size = size <= sizeof(bounds->image) ? size : 0;
	memcpy(bounds->image, value, bounds->size);
}

/* The value of one bound of a range over date, timestamp or timestamptz */
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

/* Error 22023 unless the interval reaches forward by a finite amount */
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
 * at + span by the calendar: months first, then days, then time.  If zoned,
 * at is a timestamptz and days are those of the session's time zone.
 */
Timestamp
ret_plus_interval(Timestamp at, const Interval *span, bool zoned)
{
	return DatumGetTimestamp(DirectFunctionCall2(zoned ? timestamptz_pl_interval : timestamp_pl_interval,
												 TimestampGetDatum(at),
												 IntervalPGetDatum(span)));
}

/* at - span, as above */
Timestamp
ret_minus_interval(Timestamp at, const Interval *span, bool zoned)
{
	return DatumGetTimestamp(DirectFunctionCall2(zoned ? timestamptz_mi_interval : timestamp_mi_interval,
												 TimestampGetDatum(at),
												 IntervalPGetDatum(span)));
}
