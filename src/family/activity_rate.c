/*-------------------------------------------------------------------------
 *
 * activity_rate.c
 *	  Rates of a customer_activity between two ranges of days: retention_rate,
 *	  churn_rate, retention_summary; and repeat_purchase_rate.  And
 *	  retention_summary of a customer_subscriptions.
 *
 * Each is one walk over the customers, O(active days) at most.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/args.h"
#include "base/calendar.h"
#include "base/result.h"
#include "family/activity.h"
#include "family/mrr.h"

/* Numbers of customers, in the order of retention_summary's columns */
enum
{
	BASE,						/* active in base */
	RETAINED,					/* of these, active in comeback */
	LOST,						/* of these, not active in comeback */
	ACQUIRED,					/* active in comeback, not in base */
	NCOUNTS
};

PG_FUNCTION_INFO_V1(retention_rate_activity);
PG_FUNCTION_INFO_V1(churn_rate_activity);
PG_FUNCTION_INFO_V1(retention_summary_activity);
PG_FUNCTION_INFO_V1(retention_summary_subscriptions);
PG_FUNCTION_INFO_V1(repeat_purchase_rate_activity);

/* Tell whether the customer that was read was active on a day within the bounds */
static bool
any_day_in(const RetActivityReader *reader, const RetBounds *bounds)
{
	int64		low = 0;
	int64		high = reader->ndays;

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (reader->days[middle] < bounds->lower)
			low = middle + 1;
		else
			high = middle;
	}
	return low < reader->ndays && reader->days[low] < bounds->upper;
}

/* Count the customers by activity in the two ranges; false if the activity is null */
static bool
count_retention(FunctionCallInfo fcinfo, int64 *counts)
{
	RetActivityReader reader;
	RetBounds	base = {0};
	RetBounds	comeback = {0};

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ret_reject_null(PG_ARGISNULL(1) ? "base" : "comeback",
						"Pass a range of days such as '[2024-01-01,2024-02-01)'.");
	if (PG_ARGISNULL(0))
		return false;
	ret_bounds_get(&base, PG_GETARG_DATUM(1));
	ret_bounds_get(&comeback, PG_GETARG_DATUM(2));
	memset(counts, 0, NCOUNTS * sizeof(int64));
	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	while (ret_activity_next(&reader))
	{
		bool		was = any_day_in(&reader, &base);
		bool		is = any_day_in(&reader, &comeback);

		counts[BASE] += was;
		counts[RETAINED] += was && is;
		counts[LOST] += was && !is;
		counts[ACQUIRED] += is && !was;
		CHECK_FOR_INTERRUPTS();
	}
	return true;
}

/* retention_rate(activity, base, comeback) */
Datum
retention_rate_activity(PG_FUNCTION_ARGS)
{
	int64		counts[NCOUNTS];

	if (!count_retention(fcinfo, counts))
		PG_RETURN_NULL();
	return ret_share(fcinfo, counts[RETAINED], counts[BASE]);
}

/* churn_rate(activity, base, comeback) */
Datum
churn_rate_activity(PG_FUNCTION_ARGS)
{
	int64		counts[NCOUNTS];

	if (!count_retention(fcinfo, counts))
		PG_RETURN_NULL();
	return ret_share(fcinfo, counts[LOST], counts[BASE]);
}

/* retention_summary(activity, base, comeback) */
Datum
retention_summary_activity(PG_FUNCTION_ARGS)
{
	int64		counts[NCOUNTS];

	if (!count_retention(fcinfo, counts))
		PG_RETURN_NULL();
	return ret_counts_row(fcinfo, counts, NCOUNTS);
}

/*
 * retention_summary(subscriptions, period, grace)
 *		Count who paid at the end of the day before the period, or nobody if it has
 *		no beginning, and at the end of its last day; of a period without an end,
 *		the day of the last start.
 */
Datum
retention_summary_subscriptions(PG_FUNCTION_ARGS)
{
	RetSubscriptionsReader reader;
	RetBounds	period = {0};
	int64		counts[NCOUNTS] = {0};
	int32		grace = ret_grace_arg(fcinfo, 2);

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	ret_bounds_get(&period, PG_GETARG_DATUM(1));
	ret_subscriptions_open(&reader, PG_GETARG_DATUM(0));
	reader.grace = grace;
	if (period.upper == RET_INSTANT_MAX)
		period.upper = (int64) reader.last_start + 1;
	while (period.lower < period.upper && ret_subscriptions_next(&reader))
	{
		bool		before = period.lower != RET_INSTANT_MIN &&
			ret_subscriptions_mrr(&reader, period.lower - 1) > 0;
		bool		after = ret_subscriptions_mrr(&reader, period.upper - 1) > 0;

		CHECK_FOR_INTERRUPTS();
		counts[BASE] += before;
		counts[RETAINED] += before && after;
		counts[LOST] += before && !after;
		counts[ACQUIRED] += !before && after;
	}
	return ret_counts_row(fcinfo, counts, NCOUNTS);
}

/*
 * repeat_purchase_rate(activity)
 *		Return the share of the customers who have two or more active days.
 */
Datum
repeat_purchase_rate_activity(PG_FUNCTION_ARGS)
{
	RetActivityReader reader;
	int64		repeaters = 0;

	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	while (ret_activity_next(&reader))
	{
		repeaters += reader.ndays > 1;
		CHECK_FOR_INTERRUPTS();
	}
	return ret_share(fcinfo, repeaters, reader.walk.ncustomers);
}
