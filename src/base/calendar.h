/*-------------------------------------------------------------------------
 *
 * calendar.h
 *	  Times, days and ranges of time, as the aggregates see them.
 *
 * An instant is an int64: the day number of a date, the microseconds of a
 * timestamp or timestamptz, both counted from 2000-01-01.  Which of the two is
 * meant follows from the aggregate's argument types.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_CALENDAR_H
#define RETENTION_CALENDAR_H

#include "fmgr.h"
#include "pgtime.h"
#include "utils/date.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"

#include "base/retention.h"

/*
 * Types of time.  The numbers are in bytes that are sent and stored: never
 * renumber.
 */
typedef enum RetTimeKind
{
	RET_DATE = 1,
	RET_TIMESTAMP = 2,
	RET_TIMESTAMPTZ = 3
} RetTimeKind;

/*
 * Instants before and after all others, which stand for infinite bounds of a
 * range
 */
#define RET_INSTANT_MIN		PG_INT64_MIN
#define RET_INSTANT_MAX		PG_INT64_MAX

/* Sizes of ranges with two bounds, over timestamps and over dates */
#define RET_RANGE_8_SIZE	(sizeof(RangeType) + 2 * sizeof(Timestamp) + 1)
#define RET_RANGE_4_SIZE	(sizeof(RangeType) + 2 * sizeof(DateADT) + 1)

/*
 * A range as the half-open interval [lower, upper) of instants, with the bytes
 * it was decoded from.  All zeros is an empty cache.
 */
typedef struct RetBounds
{
	int64		lower;			/* first instant in the range */
	int64		upper;			/* first instant after the range */
	uint32		size;			/* bytes of image, 0 if there is none */
	char		image[RET_RANGE_8_SIZE + 3];	/* the range, with a 4-byte header */
} RetBounds;

#define RET_BOUNDS_CONTAIN(b, at)	((at) >= (b)->lower && (at) < (b)->upper)

/*
 * A span of instants with one offset from UTC: the local day is (at + offset)
 * / one day
 */
typedef struct RetOffset
{
	TimestampTz lower;			/* first instant known to have the offset */
	TimestampTz upper;			/* first instant after the span */
	int64		offset;			/* microseconds east of Greenwich */
} RetOffset;

#define RET_OFFSETS		4

/*
 * The offsets of a time zone that were needed last.  All zeros is an empty
 * cache.
 */
typedef struct RetOffsets
{
	uint32		next;			/* index of the span to replace next */
	uint32		last;			/* index of the span used last */
	const pg_tz *zone;			/* the time zone */
	RetOffset	spans[RET_OFFSETS]; /* empty ones have lower = upper */
} RetOffsets;

pg_noreturn extern void ret_reject_infinite_time(bool window);
extern Timestamp ret_date_timestamp(DateADT date);
extern char *ret_instant_text(int64 at, RetTimeKind kind);
extern void ret_bounds_decode(RetBounds *bounds, Datum range);

extern int64 ret_month_of(DateADT day, int *mday);
extern int64 ret_add_months(DateADT day, int64 nmonths);

extern bool ret_before_calendar(TimestampTz at);
extern RetOffset *ret_offset_find(RetOffsets *offsets, TimestampTz at);
extern RetOffsets *ret_call_offsets(FmgrInfo *flinfo);
extern int64 ret_day_start(FmgrInfo *flinfo, DateADT day, RetTimeKind kind);

static inline int64
ret_floor_div(int64 a, int64 b)
{
	return a / b - (a % b < 0);
}

/* Get the instant of a value of a type of time, which may be infinite */
static inline int64
ret_instant(Datum value, RetTimeKind kind)
{
	return kind == RET_DATE ? DatumGetDateADT(value) : DatumGetTimestamp(value);
}

static inline bool
ret_instant_is_finite(int64 at, RetTimeKind kind)
{
	return kind == RET_DATE ? !DATE_NOT_FINITE((DateADT) at) : !TIMESTAMP_NOT_FINITE(at);
}

static inline bool
ret_instant_is_noend(int64 at, RetTimeKind kind)
{
	return kind == RET_DATE ? DATE_IS_NOEND((DateADT) at) : TIMESTAMP_IS_NOEND(at);
}

/* Return the instant of an event; 22008 if it is infinite */
static inline int64
ret_finite_instant(int64 at, RetTimeKind kind, bool window)
{
	if (unlikely(!ret_instant_is_finite(at, kind)))
		ret_reject_infinite_time(window);
	return at;
}

/* Get the instant of an event on a date; 22008 if the date is infinite */
static inline int64
ret_instant_date(DateADT date)
{
	return ret_finite_instant(date, RET_DATE, false);
}

/*
 * Get the instant of an event at a timestamp or timestamptz; 22008 if it is
 * infinite
 */
static inline int64
ret_instant_timestamp(Timestamp at)
{
	return ret_finite_instant(at, RET_TIMESTAMP, false);
}

/*
 * Set bounds to those of a range.  Whether it is the range of the row before
 * is checked inline for the two usual sizes: a compiler can compare a known
 * number of bytes in a few instructions.
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

/* Get the day of an instant in microseconds, rounded down */
static inline DateADT
ret_day_of(int64 at)
{
	return (DateADT) (at / USECS_PER_DAY - (at % USECS_PER_DAY < 0));
}

/* Get the day of a timestamp; 22008 if it is infinite */
static inline DateADT
ret_day_timestamp(Timestamp at)
{
	return ret_day_of(ret_instant_timestamp(at));
}

/*
 * Get the day of a timestamptz in the session's time zone; 22008 if it is
 * infinite, or before the first day of the calendar there.
 *
 * The zone's UTC offset changes a few times a year, so offsets are cached
 * rather than days: even rows in random order rarely need the calendar.
 */
static inline DateADT
ret_day_timestamptz(RetOffsets *offsets, TimestampTz at)
{
	RetOffset  *span = &offsets->spans[offsets->last];

	if (unlikely(at < span->lower || at >= span->upper || offsets->zone != session_timezone))
		span = ret_offset_find(offsets, ret_instant_timestamp(at));
	return ret_day_of(at + span->offset);
}

/*
 * Get the day of a finite instant, in the session's time zone if it is a
 * timestamptz.  Errors are those of ret_day_timestamptz().
 */
static inline DateADT
ret_instant_day(FmgrInfo *flinfo, int64 at, RetTimeKind kind)
{
	if (kind == RET_DATE)
		return (DateADT) at;
	if (kind == RET_TIMESTAMP)
		return ret_day_of(at);
	return ret_day_timestamptz(ret_call_offsets(flinfo), at);
}

#endif							/* RETENTION_CALENDAR_H */
