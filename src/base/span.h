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

/* An end beyond the calendar: after all events, before infinity */
#define RET_ENDLESS			(RET_INSTANT_MAX - 1)

/*
 * An interval without negative parts, with the least and the greatest length
 * that it can have, in units of instants.  All zeros: not set yet.
 */
typedef struct RetSpan
{
	Interval	interval;
	int64		shortest;		/* least length */
	int64		longest;		/* greatest length, at most RET_ENDLESS; 0: not set yet */
} RetSpan;

extern Timestamp ret_plus_interval(Timestamp at, const Interval *span, bool zoned);
extern Timestamp ret_minus_interval(Timestamp at, const Interval *span, bool zoned);
extern double ret_interval_days(const Interval *interval);
extern void ret_span_set(RetSpan *span, const Interval *interval, RetTimeKind kind);
extern bool ret_span_reaches_by_calendar(const RetSpan *span, int64 at, int64 to, RetTimeKind kind);

/*
 * Return a + b, at most RET_ENDLESS; no underflow, since neither is near
 * PG_INT64_MIN
 */
static inline int64
ret_add_saturated(int64 a, int64 b)
{
	int64		sum;

	if (pg_add_s64_overflow(a, b, &sum) || sum > RET_ENDLESS)
		return RET_ENDLESS;
	return sum;
}

/*
 * Tell whether to <= at + span.  Usually the bounds of the length decide; only an
 * instant between them asks the calendar.
 */
static inline bool
ret_span_reaches(const RetSpan *span, int64 at, int64 to, RetTimeKind kind)
{
	if (to <= ret_add_saturated(at, span->shortest))
		return true;
	/* a longest of RET_ENDLESS was cut, and is no bound if at is long before 2000 */
	if (span->longest < RET_ENDLESS && to > ret_add_saturated(at, span->longest))
		return false;
	return ret_span_reaches_by_calendar(span, at, to, kind);
}

#endif							/* RETENTION_SPAN_H */
