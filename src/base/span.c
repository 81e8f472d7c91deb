/*-------------------------------------------------------------------------
 *
 * span.c
 *	  Lengths of time: intervals, and what the calendar makes of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"

#include "base/span.h"

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
