/*-------------------------------------------------------------------------
 *
 * span.h
 *	  Lengths of time: intervals, and what the calendar makes of them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_SPAN_H
#define RETENTION_SPAN_H

#include "common/int.h"

#include "base/calendar.h"

/* The end of a silence that outlasts the calendar: after all events, before infinity */
#define ENDLESS			(RET_INSTANT_MAX - 1)

extern void ret_check_within(const Interval *within);
extern Timestamp ret_plus_interval(Timestamp at, const Interval *span, bool zoned);
extern Timestamp ret_minus_interval(Timestamp at, const Interval *span, bool zoned);

/* Return a + b, at most ENDLESS; no underflow, since neither is near PG_INT64_MIN */
static inline int64
add_saturated(int64 a, int64 b)
{
	int64		sum;

	if (pg_add_s64_overflow(a, b, &sum) || sum > ENDLESS)
		return ENDLESS;
	return sum;
}

/* Return the product of two lengths; ENDLESS if it overflows */
static inline int64
multiply_saturated(int64 a, int64 b)
{
	int64		product;

	if (pg_mul_s64_overflow(a, b, &product))
		return ENDLESS;
	return product;
}

#endif							/* RETENTION_SPAN_H */
