/*-------------------------------------------------------------------------
 *
 * active_days.c
 *	  On how many of the last days customers were active: active_days_table.
 *
 * The last n periods before as_of are windows [as_of - (i + 1) periods, as_of - i
 * periods); months are taken from as_of at once, so the windows adjoin.  Each customer
 * counts once, for the number of windows in which they were active: L7 and L28, if
 * these are 7 and 28 days.  Cost: O(active days + windows) for a customer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

#include "base/args.h"
#include "base/periods.h"
#include "family/activity.h"

/* Most windows */
#define MAX_PERIODS		1000

typedef struct LastPeriods
{
	int32		n;
	int64		starts[MAX_PERIODS + 1];	/* first days of the windows, backwards from as_of */
} LastPeriods;

PG_FUNCTION_INFO_V1(active_days_table);

/* Find the windows that end with the day before as_of */
static void
open_windows(LastPeriods *periods, const RetBins *bins, int64 as_of)
{
	periods->starts[0] = as_of;
	for (int32 i = 1; i <= periods->n; i++)
		periods->starts[i] = ret_lap_start(bins, (DateADT) as_of, -i);
}

/* Count the windows in which a customer was active */
static int32
count_windows(const LastPeriods *periods, const RetActivityReader *reader)
{
	int32		window = 0;		/* of the day, counted backwards */
	int32		last = -1;		/* the last that was counted */
	int32		count = 0;

	for (int64 i = reader->ndays - 1; i >= 0; i--)
	{
		DateADT		day = reader->days[i];

		if (day >= periods->starts[0])
			continue;
		while (window < periods->n && day < periods->starts[window + 1])
			window++;
		if (window == periods->n)
			break;
		count += window != last;
		last = window;
	}
	return count;
}

/* Return the rows, from the numbers of customers by the number of windows in which they were active */
static void
put_counts(ReturnSetInfo *rsinfo, const int64 *counts, int32 n)
{
	int64		all = 0;		/* active at all */
	int64		fewer = 0;		/* active in fewer windows */

	for (int32 i = 1; i <= n; i++)
		all += counts[i];
	for (int32 i = 1; i <= n; i++)
	{
		Datum		values[5];
		bool		nulls[5] = {0};

		values[0] = Int32GetDatum(i);
		values[1] = Int64GetDatum(counts[i]);
		values[2] = Int64GetDatum(all - fewer);
		values[3] = Float8GetDatum(all ? (double) counts[i] / (double) all : 0);
		values[4] = Float8GetDatum(all ? (double) (all - fewer) / (double) all : 0);
		nulls[3] = nulls[4] = all == 0;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		fewer += counts[i];
	}
}

/* active_days_table(activity, periods, period, as_of) */
Datum
active_days_table(PG_FUNCTION_ARGS)
{
	RetActivityReader reader;
	RetBins		bins;
	LastPeriods periods;
	int64		counts[MAX_PERIODS + 1] = {0};
	int64		as_of;

	InitMaterializedSRF(fcinfo, 0);
	ret_reject_null_option(fcinfo, 1, "periods");
	periods.n = PG_GETARG_INT32(1);
	ret_check_between(periods.n, 1, MAX_PERIODS, "periods",
					  "It is the number of periods before as_of, such as 28.");
	ret_bins_get(fcinfo, 2, "period", 0, &bins);
	as_of = ret_get_day(fcinfo, 3, "as_of", RET_INSTANT_MIN);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	if (as_of == RET_INSTANT_MIN)
		as_of = (int64) reader.walk.last + 1;
	open_windows(&periods, &bins, as_of);
	while (ret_activity_next(&reader))
	{
		CHECK_FOR_INTERRUPTS();
		counts[count_windows(&periods, &reader)]++;
	}
	put_counts((ReturnSetInfo *) fcinfo->resultinfo, counts, periods.n);
	return (Datum) 0;
}
