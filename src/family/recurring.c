/*-------------------------------------------------------------------------
 *
 * recurring.c
 *	  Recurring retention of a customer_activity: recurring_table.
 *
 * A row (period, age) has the customers who were active in a bin of the calendar, new
 * ones or not, and how many of them were active age bins later as well.  A customer
 * counts for each pair of bins in which they were active.  Cost: O(active days + pairs
 * of active bins) for a customer.  Memory: a number per period and age.
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
#include "family/cohort.h"
#include "family/stats.h"

typedef struct Recurring
{
	RetCohortOptions options;
	int64		first_shown;	/* first bin shown, counted from that of the first day */
	int64	  **active;			/* by bin, from the first, and age: customers active in both; NULL unless shown */
} Recurring;

PG_FUNCTION_INFO_V1(recurring_table);

/*
 * Read the options: activity, period, as_of, horizon, since, confidence, origin.
 * Returns false if the activity is null.
 */
static bool
get_options(FunctionCallInfo fcinfo, RetCohortOptions *options)
{
	memset(options, 0, sizeof(RetCohortOptions));
	ret_periods_get(fcinfo, 1, 2, 6, &options->periods);
	ret_horizon_arg(fcinfo, 3, options);
	options->since = ret_get_day(fcinfo, 4, "since", RET_INSTANT_MIN);
	options->z = ret_confidence_z(fcinfo, 5);
	return !PG_ARGISNULL(0);
}

/* Count the ages of a bin that have begun, up to the horizon */
static int64
ages_of(const RetCohortOptions *options, int64 bin)
{
	return Min(options->periods.n - bin, options->horizon + 1);
}

/* Make room for the cells of a value with these first and last days */
static void
open_cells(Recurring *recurring, DateADT first, DateADT last)
{
	RetPeriods *periods = &recurring->options.periods;
	int64		ncells = 0;

	ret_periods_open(periods, first, last);
	recurring->first_shown = 0;
	if (recurring->options.since != RET_INSTANT_MIN)
		recurring->first_shown = Max(ret_first_bin(&periods->bins, recurring->options.since) - periods->first, 0);
	for (int64 bin = recurring->first_shown; bin < periods->n; bin++)
	{
		ncells += ages_of(&recurring->options, bin);
		ret_check_cells(ncells, RET_MAX_COHORT_CELLS, "Use a longer period, or a horizon, or since.");
	}
	recurring->active = palloc_extended(Max(periods->n, 1) * sizeof(int64 *), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 bin = recurring->first_shown; bin < periods->n; bin++)
	{
		CHECK_FOR_INTERRUPTS();
		recurring->active[bin] = palloc_extended(ages_of(&recurring->options, bin) * sizeof(int64),
												 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	}
}

/* Turn the customer's days into the bins shown in which they are, each once; returns how many there are */
static int64
find_bins(const Recurring *recurring, RetActivityReader *reader)
{
	const RetPeriods *periods = &recurring->options.periods;
	int32	   *bins = reader->days;	/* written over the days */
	int64		n = 0;

	for (int64 i = 0; i < reader->ndays; i++)
	{
		int64		bin = ret_bin_of(&periods->bins, reader->days[i]) - periods->first;

		if (bin >= periods->n)
			break;
		if (bin >= recurring->first_shown && (n == 0 || bin != bins[n - 1]))
			bins[n++] = (int32) bin;
	}
	return n;
}

/* Count a customer for each pair of bins */
static void
enter_customer(const Recurring *recurring, RetActivityReader *reader)
{
	int64		n = find_bins(recurring, reader);
	const int32 *bins = reader->days;

	for (int64 i = 0; i < n; i++)
	{
		int64	   *active = recurring->active[bins[i]];
		int64		last = recurring->options.horizon + bins[i];

		CHECK_FOR_INTERRUPTS();
		for (int64 k = i; k < n && bins[k] <= last; k++)
			active[bins[k] - bins[i]]++;
	}
}

/* Return the rows of a bin */
static void
put_bin(ReturnSetInfo *rsinfo, const Recurring *recurring, int64 i)
{
	const RetPeriods *periods = &recurring->options.periods;
	const int64 *active = recurring->active[i];
	int64		bin = periods->first + i;
	int64		nages = ages_of(&recurring->options, i);

	for (int64 age = 0; age < nages; age++)
	{
		bool		complete = ret_period_complete(periods, bin + age);
		Datum		values[8];
		bool		nulls[8] = {0};

		CHECK_FOR_INTERRUPTS();
		values[0] = ret_bin_date(&periods->bins, bin);
		values[1] = Int32GetDatum((int32) age);
		values[2] = Int64GetDatum(active[0]);
		values[3] = Int64GetDatum(active[age]);
		ret_put_rate(&values[4], &nulls[4], active[age], active[0], recurring->options.z,
					 complete && active[0] > 0);
		values[7] = BoolGetDatum(complete);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/* recurring_table(activity, period, as_of, horizon, since, confidence, origin) */
Datum
recurring_table(PG_FUNCTION_ARGS)
{
	RetActivityReader reader;
	Recurring	recurring;

	InitMaterializedSRF(fcinfo, 0);
	if (!get_options(fcinfo, &recurring.options))
		return (Datum) 0;
	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	open_cells(&recurring, reader.walk.first, reader.walk.last);
	while (ret_activity_next(&reader))
	{
		CHECK_FOR_INTERRUPTS();
		enter_customer(&recurring, &reader);
	}
	for (int64 bin = recurring.first_shown; bin < recurring.options.periods.n; bin++)
		put_bin((ReturnSetInfo *) fcinfo->resultinfo, &recurring, bin);
	return (Datum) 0;
}
