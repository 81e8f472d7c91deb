/*-------------------------------------------------------------------------
 *
 * calendar.h
 *	  Times, ranges of time and intervals, as the aggregates see them.
 *
 * An instant is an int64: the day number of a date, the microseconds of a
 * timestamp or timestamptz, both counted from 2000-01-01.  Which of the two is
 * meant follows from the aggregate's argument types.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_CALENDAR_H
#define RETENTION_CALENDAR_H

#include "utils/date.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"

#include "retention.h"

/* The instants before and after all others: an infinite bound of a range */
#define RET_INSTANT_MIN		PG_INT64_MIN
#define RET_INSTANT_MAX		PG_INT64_MAX

/* Sizes of ranges with two bounds, over timestamps and over dates */
#define RET_RANGE_8_SIZE	(sizeof(RangeType) + 2 * sizeof(Timestamp) + 1)
#define RET_RANGE_4_SIZE	(sizeof(RangeType) + 2 * sizeof(DateADT) + 1)

/*
 * A range as the half-open [lower, upper) of instants, with the bytes it was
 * decoded from.  All zeros is a valid cache of nothing yet.
 */
typedef struct RetBounds
{
	int64		lower;			/* first instant in the range */
	int64		upper;			/* first instant behind it */
	uint32		size;			/* bytes of image, 0 if there is none */
	char		image[RET_RANGE_8_SIZE + 3];	/* the range, with a 4-byte header */
} RetBounds;

#define RET_BOUNDS_CONTAIN(b, at)	((at) >= (b)->lower && (at) < (b)->upper)

extern void ret_reject_infinite_time(void) pg_attribute_noreturn();
extern Timestamp ret_date_timestamp(DateADT date);
extern void ret_bounds_decode(RetBounds *bounds, Datum range);

extern void ret_check_within(const Interval *within);
extern Timestamp ret_plus_interval(Timestamp at, const Interval *span, bool zoned);
extern Timestamp ret_minus_interval(Timestamp at, const Interval *span, bool zoned);

/* Instant of an event on a date; 22008 if it is infinite */
static inline int64
ret_instant_date(DateADT date)
{
	if (unlikely(DATE_NOT_FINITE(date)))
		ret_reject_infinite_time();
	return date;
}

/* Instant of an event at a timestamp or timestamptz; 22008 if it is infinite */
static inline int64
ret_instant_timestamp(Timestamp at)
{
	if (unlikely(TIMESTAMP_NOT_FINITE(at)))
		ret_reject_infinite_time();
	return at;
}

/*
 * Make bounds those of a range.  That it is the range of the row before is
 * found in line for the two usual sizes: the compiler knows how to compare
 * a known number of bytes in a few instructions.
 */
static inline void
ret_bounds_get(RetBounds *bounds, Datum range)
{
	const char *value = DatumGetPointer(range);

	if (likely(VARATT_IS_4B_U(value) && VARSIZE_4B(value) == bounds->size))
	{
		if (bounds->size == RET_RANGE_8_SIZE)
		{
			if (likely(memcmp(value, bounds->image, RET_RANGE_8_SIZE) == 0))
				return;
		}
		else if (bounds->size == RET_RANGE_4_SIZE)
		{
			if (likely(memcmp(value, bounds->image, RET_RANGE_4_SIZE) == 0))
				return;
		}
	}
	ret_bounds_decode(bounds, range);
}

#endif							/* RETENTION_CALENDAR_H */
