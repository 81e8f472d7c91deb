/*-------------------------------------------------------------------------
 *
 * lifecycle.c
 *	  Periods of a customer_activity: lifecycle_table, stickiness_table and
 *	  active_table.
 *
 * For each bin of the calendar, customers are counted as
 *
 *		active		= new + retained + resurrected
 *		new			active in this bin for the first time
 *		retained	active in this bin and in the one before
 *		resurrected	active in this bin and earlier, not in the one before
 *		churned		active in the one before, not in this bin
 *		dormant		active earlier, neither in this bin nor in the one before
 *
 * Only active, new and retained are counted, in one walk over the customers;
 * the others follow: churned = active(before) - retained, resurrected = active
 * - new - retained, and dormant is what is left, as each customer known before a
 * bin is retained, resurrected, churned or dormant in it.
 *
 * stickiness is the mean number of customers active in the inner bins of a
 * period (days) over the number active in the period (month): DAU / MAU.
 *
 * active_table counts, for each day, the customers active in the last days up
 * to it.  An active day of a customer counts for a run of days, whose last day
 * rises with the active day.  The runs of a customer are joined into intervals;
 * each interval is one customer more on its first day, and one customer less on
 * the day after its last.
 *
 * Cost: O(active days + bins).  Memory: five numbers per bin; for active_table,
 * two per day.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

#include "base/args.h"
#include "base/calendar.h"
#include "base/periods.h"
#include "family/activity.h"
#include "family/mrr.h"
#include "store/cells.h"

/* The counts of one bin */
typedef struct Period
{
	int64		active;			/* customers active in the bin */
	int64		new_customers;	/* of these, active for the first time */
	int64		arrived;		/* customers who are known from this bin on */
	int64		retained;		/* of these, active in the bin before as well */
	int64		inner_active;	/* stickiness: customers active, summed over inner bins */
	int64		inner_bins;		/* stickiness: number of inner bins */
} Period;

/* All bins of a value that have begun, with their counts */
typedef struct Lifecycle
{
	RetPeriods	periods;
	Period	   *counts;			/* by bin, from the first */
} Lifecycle;

PG_FUNCTION_INFO_V1(lifecycle_table);
PG_FUNCTION_INFO_V1(lifecycle_table_cells);
PG_FUNCTION_INFO_V1(lifecycle_table_subscriptions);
PG_FUNCTION_INFO_V1(stickiness_table);
PG_FUNCTION_INFO_V1(active_table);

/* Open the value in argument 0, and make room for the counts of its bins */
static void
open_lifecycle(FunctionCallInfo fcinfo, Lifecycle *lifecycle, RetActivityReader *reader)
{
	ret_activity_open(reader, PG_GETARG_DATUM(0));
	ret_periods_open(&lifecycle->periods, reader->walk.first, reader->walk.last);
	lifecycle->counts = palloc_extended(Max(lifecycle->periods.n, 1) * sizeof(Period),
										MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/*
 * Count the bins in which a customer was active.  Whether a day is in the bin of
 * the day before cannot be foreseen, so no branch asks it.
 */
static void
count_periods(Lifecycle *lifecycle, const RetActivityReader *reader)
{
	const RetPeriods *periods = &lifecycle->periods;
	int64		before = ret_bin_of(&periods->bins, reader->days[0]) - periods->first;

	if (before >= periods->n)
		return;
	lifecycle->counts[before].active++;
	lifecycle->counts[before].new_customers++;
	lifecycle->counts[before].arrived++;
	for (int64 i = 1; i < reader->ndays; i++)
	{
		int64		bin = ret_bin_of(&periods->bins, reader->days[i]) - periods->first;

		if (bin >= periods->n)
			break;
		lifecycle->counts[bin].active += bin > before;
		lifecycle->counts[bin].retained += bin == before + 1;
		before = bin;
	}
}

/* Put a ratio into a row; NULL if the denominator is 0 or the bin is not complete */
static void
put_ratio(Datum *value, bool *isnull, int64 numerator, int64 denominator, bool complete)
{
	*isnull = denominator == 0 || !complete;
	*value = Float8GetDatum(*isnull ? 0 : (double) numerator / (double) denominator);
}

/* Return the rows of lifecycle_table from the bin first_shown on */
static void
put_lifecycle(FunctionCallInfo fcinfo, const Lifecycle *lifecycle, int64 first_shown)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int64		known = 0;		/* customers before the bin */
	int64		before = 0;		/* active in the bin before */

	for (int64 i = 0; i < lifecycle->periods.n; i++)
	{
		const Period *period = &lifecycle->counts[i];
		int64		bin = lifecycle->periods.first + i;
		int64		resurrected = period->active - period->new_customers - period->retained;
		int64		churned = before - period->retained;
		bool		complete = ret_period_complete(&lifecycle->periods, bin);
		Datum		values[11];
		bool		nulls[11] = {0};

		CHECK_FOR_INTERRUPTS();
		if (bin >= first_shown)
		{
			values[0] = ret_bin_date(&lifecycle->periods.bins, bin);
			values[1] = Int64GetDatum(period->active);
			values[2] = Int64GetDatum(period->new_customers);
			values[3] = Int64GetDatum(period->retained);
			values[4] = Int64GetDatum(resurrected);
			values[5] = Int64GetDatum(churned);
			values[6] = Int64GetDatum(known - period->retained - resurrected - churned);
			put_ratio(&values[7], &nulls[7], period->retained, before, complete);
			put_ratio(&values[8], &nulls[8], churned, before, complete);
			put_ratio(&values[9], &nulls[9], period->new_customers + resurrected, churned, complete);
			values[10] = BoolGetDatum(complete);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
		known += period->arrived;
		before = period->active;
	}
}

/* lifecycle_table(activity, period, as_of, since, origin) */
Datum
lifecycle_table(PG_FUNCTION_ARGS)
{
	RetActivityReader reader;
	Lifecycle	lifecycle;
	int64		first_shown;

	InitMaterializedSRF(fcinfo, 0);
	ret_periods_get(fcinfo, 1, 2, 4, &lifecycle.periods);
	first_shown = ret_first_bin(&lifecycle.periods.bins, ret_get_day(fcinfo, 3, "since", RET_INSTANT_MIN));
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	open_lifecycle(fcinfo, &lifecycle, &reader);
	while (ret_activity_next(&reader))
	{
		count_periods(&lifecycle, &reader);
		CHECK_FOR_INTERRUPTS();
	}
	put_lifecycle(fcinfo, &lifecycle, first_shown);
	return (Datum) 0;
}

/* lifecycle_table(cells, since) */
Datum
lifecycle_table_cells(PG_FUNCTION_ARGS)
{
	Lifecycle	lifecycle;
	RetCellsReader reader;
	const RetCell *cell;
	int64		since;

	InitMaterializedSRF(fcinfo, 0);
	since = ret_get_day(fcinfo, 1, "since", RET_INSTANT_MIN);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	ret_cells_read(&reader, PG_GETARG_DATUM(0), &lifecycle.periods);
	lifecycle.counts = palloc_extended(Max(lifecycle.periods.n, 1) * sizeof(Period),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	while ((cell = ret_cells_next(&reader)) != NULL)
	{
		bool		whole = RET_CELL_AGE(cell->key) == RET_CELL_PERIOD;
		int64		age = whole ? 0 : RET_CELL_AGE(cell->key);
		Period	   *period = &lifecycle.counts[lifecycle.periods.n - 1 - RET_CELL_BACK(cell->key) + age];

		CHECK_FOR_INTERRUPTS();
		if (whole)
			period->retained += (int64) cell->sums[RET_CELL_RETAINED];
		else
			period->active += (int64) cell->sums[RET_CELL_ACTIVE];
		if (!whole && age == 0)
		{
			period->new_customers += (int64) cell->sums[RET_CELL_ACTIVE];
			period->arrived = period->new_customers;
		}
	}
	put_lifecycle(fcinfo, &lifecycle, ret_first_bin(&lifecycle.periods.bins, since));
	return (Datum) 0;
}

/*
 * Enter a customer who pays at the ends of periods: active and retained are
 * differences between one period and the next.  Who came and left within a period
 * is known from then on, and resurrected when they are back.
 */
static void
enter_subscriber(const RetMrrTable *table, Period *counts)
{
	const RetPeriods *periods = &table->periods;
	int64		arrived = ret_bin_of(&periods->bins, table->reader.segments[0].from) - periods->first;
	int64		next = -1;		/* period after the last at whose end they paid */

	counts[arrived].arrived++;
	for (int64 i = 0; i < table->reader.nsegments; i++)
	{
		int64		first;
		int64		last;

		ret_mrr_closings(periods, &table->reader.segments[i], &first, &last);
		if (first > last)
			continue;
		counts[first].active++;
		counts[last + 1].active--;
		if (next < 0 && first == arrived)
			counts[first].new_customers++;
		counts[first + (first != next)].retained++;
		counts[last + 1].retained--;
		next = last + 1;
	}
}

/* lifecycle_table(subscriptions, period, as_of, grace, since, origin): whoever pays at the end of a period is active */
Datum
lifecycle_table_subscriptions(PG_FUNCTION_ARGS)
{
	Lifecycle	lifecycle;
	RetMrrTable table;
	Period	   *counts;

	InitMaterializedSRF(fcinfo, 0);
	if (!ret_mrr_open(fcinfo, 1, 3, &table))
		return (Datum) 0;
	counts = palloc_extended((table.periods.n + 1) * sizeof(Period), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	while (ret_mrr_next(&table))
		enter_subscriber(&table, counts);
	for (int64 i = 1; i < table.periods.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		counts[i].active += counts[i - 1].active;
		counts[i].retained += counts[i - 1].retained;
	}
	lifecycle.periods = table.periods;
	/* the table begins when somebody pays, and who is back within the days of grace has not left */
	lifecycle.periods.first += table.begin;
	lifecycle.periods.n -= table.begin;
	lifecycle.periods.as_of -= table.reader.grace;
	lifecycle.counts = counts + table.begin;
	put_lifecycle(fcinfo, &lifecycle, table.first_shown);
	return (Datum) 0;
}

/* Count, for each period, the days in it on which a customer was active */
static void
count_days(Lifecycle *lifecycle, const RetActivityReader *reader)
{
	const RetPeriods *periods = &lifecycle->periods;

	for (int64 i = 0; i < reader->ndays; i++)
	{
		int64		period = ret_bin_of(&periods->bins, reader->days[i]) - periods->first;

		if (period >= periods->n)
			break;
		lifecycle->counts[period].inner_active++;
	}
}

/* Count, for each period, the inner bins that begin in it and in which a customer was active */
static void
count_inner(Lifecycle *lifecycle, const RetBins *inner, const RetActivityReader *reader)
{
	const RetPeriods *periods = &lifecycle->periods;
	int64		last = PG_INT64_MIN;

	for (int64 i = 0; i < reader->ndays; i++)
	{
		int64		bin = ret_bin_of(inner, reader->days[i]);
		int64		start;
		int64		period;

		if (bin == last)
			continue;
		last = bin;
		start = ret_bin_start(inner, bin);
		period = !IS_VALID_DATE(start) ? -1 :
			ret_bin_of(&periods->bins, (DateADT) start) - periods->first;
		if (period >= 0 && period < periods->n)
			lifecycle->counts[period].inner_active++;
	}
}

/* Count the inner bins that begin in each period */
static void
count_inner_bins(Lifecycle *lifecycle, const RetBins *inner)
{
	const RetPeriods *periods = &lifecycle->periods;

	for (int64 i = 0; i < periods->n; i++)
	{
		int64		from = ret_bin_start(&periods->bins, periods->first + i);
		int64		to = ret_bin_start(&periods->bins, periods->first + i + 1);

		CHECK_FOR_INTERRUPTS();
		lifecycle->counts[i].inner_bins = ret_first_bin(inner, to) - ret_first_bin(inner, from);
	}
}

/* stickiness_table(activity, inner_period, period, as_of, origin) */
Datum
stickiness_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RetActivityReader reader;
	Lifecycle	lifecycle;
	RetBins		inner;

	InitMaterializedSRF(fcinfo, 0);
	ret_periods_get(fcinfo, 2, 3, 4, &lifecycle.periods);
	ret_bins_get(fcinfo, 1, "inner_period", PG_GETARG_DATEADT(4), &inner);
	if (ret_bins_longer(&inner, &lifecycle.periods.bins))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("inner_period must not be longer than period"),
				 errhint("The inner period comes first.")));
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	open_lifecycle(fcinfo, &lifecycle, &reader);
	ret_bins_table(&inner, reader.walk.first, reader.walk.last);
	count_inner_bins(&lifecycle, &inner);
	while (ret_activity_next(&reader))
	{
		count_periods(&lifecycle, &reader);
		if (inner.days == 1)
			count_days(&lifecycle, &reader);
		else
			count_inner(&lifecycle, &inner, &reader);
		CHECK_FOR_INTERRUPTS();
	}

	for (int64 i = 0; i < lifecycle.periods.n; i++)
	{
		Period	   *period = &lifecycle.counts[i];
		int64		bin = lifecycle.periods.first + i;
		bool		complete = ret_period_complete(&lifecycle.periods, bin);
		Datum		values[5];
		bool		nulls[5] = {0};

		CHECK_FOR_INTERRUPTS();
		values[0] = ret_bin_date(&lifecycle.periods.bins, bin);
		values[1] = Int64GetDatum(period->active);
		put_ratio(&values[2], &nulls[2], period->inner_active, period->inner_bins, complete);
		put_ratio(&values[3], &nulls[3], period->inner_active,
				  period->inner_bins * period->active, complete);
		values[4] = BoolGetDatum(complete);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* The days from the first active one up to as_of, counted from 0, and their frames */
typedef struct DayFrames
{
	DateADT		first;			/* first active day */
	int64		ndays;			/* days from first to as_of, which is excluded */
	int32	   *last;			/* by day: last day whose frame holds it */
	int64	   *change;			/* by day: active customers minus those of the day before */
} DayFrames;

/*
 * Find for each day the last day whose frame holds it.  The frame of a day is
 * the days after (day - within) up to and including it; its start never goes back
 * as the day advances.
 */
static void
open_frames(DayFrames *frames, const RetBins *within)
{
	int64		next = 0;		/* first day that the frames may still hold */

	ret_check_bins(frames->ndays);
	frames->last = palloc_extended(Max(frames->ndays, 1) * sizeof(int32), MCXT_ALLOC_HUGE);
	frames->change = palloc_extended((frames->ndays + 1) * sizeof(int64),
									 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 day = 1; day < frames->ndays; day++)
	{
		int64		outside = ret_lap_start(within, frames->first + day, -1) - frames->first;

		while (next <= outside)
			frames->last[next++] = day - 1;
		if ((day & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	while (next < frames->ndays)
		frames->last[next++] = frames->ndays - 1;
}

/*
 * Count a customer for the days whose frames hold an active day.  Opening the
 * first interval also closes one at day 0 that was never opened; the last line
 * compensates.
 */
static void
count_frames(DayFrames *frames, const RetActivityReader *reader)
{
	int64		covered = -1;	/* last day the customer counts for so far */

	for (int64 i = 0; i < reader->ndays; i++)
	{
		int64		day = (int64) reader->days[i] - frames->first;
		int			opens = day > covered;

		if (day >= frames->ndays)
			break;
		frames->change[covered + 1] -= opens;
		frames->change[day] += opens;
		covered = frames->last[day];
	}
	frames->change[covered + 1]--;
	frames->change[0]++;
}

/* active_table(activity, within, as_of) */
Datum
active_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RetActivityReader reader;
	RetBins		within;
	DayFrames	frames;
	int64		as_of;
	int64		active = 0;

	InitMaterializedSRF(fcinfo, 0);
	ret_bins_get(fcinfo, 1, "within", 0, &within);
	as_of = ret_get_day(fcinfo, 2, "as_of", RET_INSTANT_MIN);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	if (as_of == RET_INSTANT_MIN)
		as_of = (int64) reader.walk.last + 1;
	frames.first = reader.walk.first;
	frames.ndays = Max(as_of - reader.walk.first, 0);
	open_frames(&frames, &within);
	while (ret_activity_next(&reader))
	{
		count_frames(&frames, &reader);
		CHECK_FOR_INTERRUPTS();
	}

	for (int64 day = 0; day < frames.ndays; day++)
	{
		Datum		values[3];
		bool		nulls[3] = {0};

		CHECK_FOR_INTERRUPTS();
		active += frames.change[day];
		values[0] = DateADTGetDatum((DateADT) (frames.first + day));
		values[1] = Int64GetDatum(active);
		values[2] = BoolGetDatum(ret_lap_start(&within, frames.first + day, -1) >= (int64) frames.first - 1);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
