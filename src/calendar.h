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
#include "utils/timestamp.h"

#include "retention.h"

/* The instants before and after all others: an infinite bound of a range */
#define RET_INSTANT_MIN		PG_INT64_MIN
#define RET_INSTANT_MAX		PG_INT64_MAX

/* Largest range value of the three range types, less its varlena header */
#define RET_RANGE_IMAGE		23

/*
 * A range as the half-open [lower, upper) of instants, with the bytes it was
 * decoded from.  All zeros is a valid cache of nothing yet.
 */
typedef struct RetBounds
{
	int64		lower;			/* first instant in the range */
	int64		upper;			/* first instant behind it */
	uint8		length;			/* bytes used of image, 0 if there is none */
	char		image[RET_RANGE_IMAGE]; /* the range without varlena header */
} RetBounds;

#define RET_BOUNDS_CONTAIN(b, at)	((at) >= (b)->lower && (at) < (b)->upper)

extern int64 ret_instant_date(DateADT date);
extern int64 ret_instant_timestamp(Timestamp at);
extern Timestamp ret_date_timestamp(DateADT date);
extern void ret_bounds_get(RetBounds *bounds, Datum range);

extern void ret_check_within(const Interval *within);
extern Timestamp ret_plus_interval(Timestamp at, const Interval *span, bool zoned);
extern Timestamp ret_minus_interval(Timestamp at, const Interval *span, bool zoned);

#endif							/* RETENTION_CALENDAR_H */
