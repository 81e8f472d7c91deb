/*-------------------------------------------------------------------------
 *
 * cohort.c
 *	  Cohorts of a customer_activity: cohort_table and retention_curve; and of
 *	  those who start in one activity and come back in another: return_table and
 *	  return_curve.
 *
 * A cohort is the customers whose first active day is in the same bin of the
 * calendar.  A cell (cohort, age) counts how many of them were active
 *
 *		on				in the bin age bins after the cohort's
 *		on_or_after		in that bin or a later one (up to bin horizon)
 *		every			in each bin up to that one
 *
 * where, on the clock 'elapsed', bin k of a customer is the window
 * [first day + k periods, first day + (k+1) periods).
 *
 * One walk over the customers adds each to the cells of their cohort.  In a mode
 * other than 'on' a customer counts for a run of ages from 0, so only its last age
 * is entered, and the cells are summed up from the right when the walk has ended;
 * likewise for the number of customers whose window has ended.  Cost: O(active
 * days + cells).  Memory: two numbers per cell of the cohorts that have customers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/args.h"
#include "base/calendar.h"
#include "base/periods.h"
#include "family/activity.h"
#include "family/cohort.h"
#include "family/mrr.h"
#include "family/stats.h"
#include "math/mathfn.h"
#include "store/cells.h"

/* A cohort that has customers */
typedef struct Cohort
{
	int64		customers;
	int64		nages;			/* ages that have begun, up to the horizon */
	int64		begun;			/* elapsed: last age begun for any customer */
	RetCohortCell *cells;		/* by age; NULL if there are no customers yet */
} Cohort;

/* All cohorts of a value */
typedef struct Cohorts
{
	RetCohortOptions options;
	Cohort	   *cohorts;		/* by bin, from the first */
	int64		first_shown;	/* first bin whose cohort is shown */
	int64		ncells;			/* cells allocated */
} Cohorts;

/* A cell as it is shown */
typedef struct CohortResult
{
	int64		customers;
	int64		retained;
	bool		complete;
	bool		rated;			/* is there a rate? */
} CohortResult;

PG_FUNCTION_INFO_V1(cohort_table);
PG_FUNCTION_INFO_V1(retention_curve);
PG_FUNCTION_INFO_V1(return_table);
PG_FUNCTION_INFO_V1(return_curve);
PG_FUNCTION_INFO_V1(cohort_table_cells);
PG_FUNCTION_INFO_V1(retention_curve_cells);
PG_FUNCTION_INFO_V1(cohort_table_subscriptions);
PG_FUNCTION_INFO_V1(retention_curve_subscriptions);

/*-------------------------------------------------------------------------
 * Options
 *-------------------------------------------------------------------------
 */

/* Read the argument mode */
RetCohortMode
ret_mode_arg(FunctionCallInfo fcinfo, int argno)
{
	static const char *const modes[] = {"on", "on_or_after", "every"};

	return ret_get_choice(fcinfo, argno, "mode", modes, lengthof(modes));
}

/* Read the argument clock: is it 'elapsed'? */
bool
ret_elapsed_arg(FunctionCallInfo fcinfo, int argno)
{
	static const char *const clocks[] = {"calendar", "elapsed"};

	return ret_get_choice(fcinfo, argno, "clock", clocks, lengthof(clocks)) == 1;
}

/* Read the argument horizon, the last age to show; NULL: all */
void
ret_horizon_arg(FunctionCallInfo fcinfo, int argno, RetCohortOptions *options)
{
	options->has_horizon = !PG_ARGISNULL(argno);
	options->horizon = options->has_horizon ? PG_GETARG_INT32(argno) : PG_INT32_MAX;
	ret_check_at_least(options->horizon, 0, "horizon", "It is the last age to show.");
}

/*
 * Read the options of cohort_table and retention_curve, which have the same
 * arguments: activity, period, as_of, mode, clock, horizon, since, confidence,
 * origin.  Those of return_table and return_curve come after two activities.
 * Returns false if the (first) activity is null.
 */
static bool
get_options(FunctionCallInfo fcinfo, int activities, RetCohortOptions *options)
{
	int			arg = activities;	/* number of the argument period */

	ret_periods_get(fcinfo, arg, arg + 1, arg + 7, &options->periods);
	options->mode = ret_mode_arg(fcinfo, arg + 2);
	options->elapsed = ret_elapsed_arg(fcinfo, arg + 3);
	ret_horizon_arg(fcinfo, arg + 4, options);
	options->since = ret_get_day(fcinfo, arg + 5, "since", RET_INSTANT_MIN);
	options->z = ret_confidence_z(fcinfo, arg + 6);
	return !PG_ARGISNULL(0);
}

/*-------------------------------------------------------------------------
 * The walk
 *-------------------------------------------------------------------------
 */

/* Prepare to read the customers of argument 0, who come back in argument 1 if there are two activities */
void
ret_starts_open(RetStarts *starts, FunctionCallInfo fcinfo, int activities)
{
	RetActivityPair *pair = &starts->pair;

	memset(starts, 0, sizeof(RetStarts));
	/* of nobody, as of an aggregate whose FILTER found no row, nobody came back */
	starts->nobody = activities == 2 && PG_ARGISNULL(1);
	starts->two = activities == 2 && !starts->nobody;
	if (starts->two)
		ret_activity_open_pair(pair, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1));
	else
		ret_activity_open(&pair->a, PG_GETARG_DATUM(0));
	starts->first = pair->a.walk.first;
	starts->last = pair->a.walk.last;
	if (starts->two)
		starts->last = Max(starts->last, pair->b.walk.last);
}

/* Let the customers be read in ascending order */
void
ret_starts_order(RetStarts *starts)
{
	ret_activity_order(&starts->pair.a);
	if (starts->two)
		ret_activity_order(&starts->pair.b);
	starts->pair.by_hash = false;
}

/* Read the next customer; false if there is none */
bool
ret_starts_next(RetStarts *starts)
{
	RetActivityPair *pair = &starts->pair;
	int64		before = 0;

	if (!(starts->two ? ret_activity_next_pair(pair) : ret_activity_next(&pair->a)))
		return false;
	starts->customer = pair->a.walk.customer;
	starts->start = pair->a.days[0];
	starts->days = pair->a.days;
	starts->ndays = starts->nobody ? 0 : pair->a.ndays;
	if (starts->two)
	{
		while (before < pair->b.ndays && pair->b.days[before] < starts->start)
			before++;
		starts->days = pair->b.days + before;
		starts->ndays = pair->b.ndays - before;
	}
	return true;
}

/* Return the cohort of a bin; allocate its cells if it has none yet */
static Cohort *
get_cohort(Cohorts *cohorts, int64 bin)
{
	const RetPeriods *periods = &cohorts->options.periods;
	Cohort	   *cohort = &cohorts->cohorts[bin - periods->first];

	if (cohort->cells == NULL)
	{
		cohort->nages = Min(periods->n - (bin - periods->first), cohorts->options.horizon + 1);

		/* enough for 'elapsed', too: windows begin no earlier than bins */
		cohorts->ncells += cohort->nages;
		ret_check_cells(cohorts->ncells, RET_MAX_COHORT_CELLS, "Use a longer period, or a horizon, or since.");
		cohort->begun = -1;
		cohort->cells = palloc_extended(cohort->nages * sizeof(RetCohortCell),
										MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	}
	return cohort;
}

/*
 * Enter a customer who was active at the n ages, which ascend and may repeat.
 * Ages above limit do not count.
 */
static void
enter_ages(RetCohortCell *cells, RetCohortMode mode, const int32 *ages, int64 n, int64 limit)
{
	int64		last = -1;

	if (mode == RET_MODE_ON)
	{
		/* no branch, since whether an age is repeated cannot be predicted */
		for (int64 i = 0; i < n && ages[i] <= limit; i++)
		{
			cells[ages[i]].retained += ages[i] != last;
			last = ages[i];
		}
		return;
	}
	last = ret_last_age(mode, ages, n, limit);
	if (last >= 0)
		cells[last].retained++;
}

/*
 * Enter a customer of the cohort of the bin first, and n days on which they were
 * active, by the clock 'calendar'; overwrites the days
 */
static void
enter_calendar(Cohorts *cohorts, int64 first, DateADT *days, int64 n)
{
	const RetBins *bins = &cohorts->options.periods.bins;
	Cohort	   *cohort = get_cohort(cohorts, first);

	cohort->customers++;
	enter_ages(cohort->cells, cohorts->options.mode, ret_calendar_ages(bins, first, days, n), n,
			   cohort->nages - 1);
}

/*
 * Enter a customer by the clock 'elapsed', with their first day, in the bin first,
 * and n days on which they were active; overwrites the days.  Only days before as_of
 * count, and only in windows that have ended.  An exception is on_or_after without a
 * horizon, which asks for any day after the start of a window that has ended.
 */
static void
enter_elapsed(Cohorts *cohorts, int64 first, DateADT day, DateADT *days, int64 n)
{
	const RetCohortOptions *options = &cohorts->options;
	RetWindows	windows;
	Cohort	   *cohort;
	int32	   *ages;
	int64		over;

	if (day >= options->periods.as_of)
		return;
	cohort = get_cohort(cohorts, first);
	cohort->customers++;
	ret_windows_init(&windows, &options->periods, day);
	cohort->begun = Max(cohort->begun, Min(windows.begun, cohort->nages - 1));
	if (windows.over < ret_window_needed(options))
		return;
	over = Min(windows.over, cohort->nages - 1);
	cohort->cells[over].eligible++;

	n = ret_days_before(days, n, options->periods.as_of);
	if (n == 0)
		return;
	ages = ret_elapsed_ages(&windows, days, n);
	if (options->mode == RET_MODE_ON_OR_AFTER && !options->has_horizon)
		cohort->cells[Min(ages[n - 1], over)].retained++;
	else
		enter_ages(cohort->cells, options->mode, ages, n, over);
}

/* Turn the number of runs that end at an age into the number that reach it */
static void
sum_up(Cohorts *cohorts)
{
	for (int64 i = 0; i < cohorts->options.periods.n; i++)
	{
		Cohort	   *cohort = &cohorts->cohorts[i];

		for (int64 age = cohort->nages - 2; cohort->cells && age >= 0; age--)
		{
			CHECK_FOR_INTERRUPTS();
			if (cohorts->options.mode != RET_MODE_ON)
				cohort->cells[age].retained += cohort->cells[age + 1].retained;
			cohort->cells[age].eligible += cohort->cells[age + 1].eligible;
		}
	}
}

/* Make room for the cohorts of values with these first and last days */
static void
open_cohorts(Cohorts *cohorts, DateADT first, DateADT last)
{
	RetPeriods *periods = &cohorts->options.periods;

	ret_periods_open(periods, first, last);
	cohorts->first_shown = ret_first_bin(&periods->bins, cohorts->options.since);
	cohorts->ncells = 0;
	cohorts->cohorts = palloc_extended(Max(periods->n, 1) * sizeof(Cohort),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* Enter a customer with their first day and n days on which they were active, from the first on */
static inline void
enter_customer(Cohorts *cohorts, DateADT day, DateADT *days, int64 n)
{
	const RetPeriods *periods = &cohorts->options.periods;
	int64		first = ret_bin_of(&periods->bins, day);

	if (first >= periods->first + periods->n || first < cohorts->first_shown)
		return;
	if (cohorts->options.elapsed)
		enter_elapsed(cohorts, first, day, days, n);
	else
		enter_calendar(cohorts, first, days, n);
}

/* Build the cohorts of the first of the activities in arguments 0 and 1, or of the only one */
static void
build_cohorts(FunctionCallInfo fcinfo, int activities, Cohorts *cohorts)
{
	RetStarts	starts;

	ret_starts_open(&starts, fcinfo, activities);
	open_cohorts(cohorts, starts.first, starts.last);
	while (ret_starts_next(&starts))
	{
		CHECK_FOR_INTERRUPTS();
		enter_customer(cohorts, starts.start, starts.days, starts.ndays);
	}
	sum_up(cohorts);
}

/*
 * Read the cohorts from cells: arguments cells, since, confidence.  Returns false
 * if the cells are null.
 */
static bool
read_cells(FunctionCallInfo fcinfo, Cohorts *cohorts)
{
	RetCohortOptions *options = &cohorts->options;
	RetPeriods *periods = &options->periods;
	RetCellsReader reader;
	const RetCell *cell;
	int64		first_shown;

	memset(cohorts, 0, sizeof(Cohorts));
	options->mode = RET_MODE_ON;
	options->horizon = PG_INT32_MAX;
	options->since = ret_get_day(fcinfo, 1, "since", RET_INSTANT_MIN);
	options->z = ret_confidence_z(fcinfo, 2);
	if (PG_ARGISNULL(0))
		return false;
	ret_cells_read(&reader, PG_GETARG_DATUM(0), periods);
	first_shown = ret_first_bin(&periods->bins, options->since);
	cohorts->cohorts = palloc_extended(Max(periods->n, 1) * sizeof(Cohort), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	while ((cell = ret_cells_next(&reader)) != NULL)
	{
		int64		bin = reader.last - RET_CELL_BACK(cell->key);
		Cohort	   *cohort;

		CHECK_FOR_INTERRUPTS();
		if (RET_CELL_AGE(cell->key) == RET_CELL_PERIOD || bin < first_shown)
			continue;
		cohort = get_cohort(cohorts, bin);
		cohort->cells[RET_CELL_AGE(cell->key)].retained = (int64) cell->sums[RET_CELL_ACTIVE];
		if (RET_CELL_AGE(cell->key) == 0)
			cohort->customers = (int64) cell->sums[RET_CELL_ACTIVE];
	}
	return true;
}

/* Enter a customer who was subscribed at the ends of periods, counted from 0 */
static void
enter_subscriber(Cohorts *cohorts, const RetMrrTable *table)
{
	const RetPeriods *periods = &table->periods;
	int64		cohort_period = ret_bin_of(&periods->bins, table->reader.segments[0].from) - periods->first;
	Cohort	   *cohort;

	if (periods->first + cohort_period < table->first_shown)
		return;
	cohort = get_cohort(cohorts, periods->first + cohort_period);
	cohort->customers++;
	for (int64 i = 0; i < table->reader.nsegments; i++)
	{
		int64		first;
		int64		last;

		ret_mrr_closings(periods, &table->reader.segments[i], &first, &last);
		if (first > last)
			continue;
		/* differences: who is there from an age on, and no longer after another */
		cohort->cells[first - cohort_period].retained++;
		if (last + 1 < periods->n)
			cohort->cells[last + 1 - cohort_period].retained--;
	}
}

/*
 * Build the cohorts of a customer_subscriptions, by the first day on which a
 * customer paid: arguments subscriptions, period, as_of, grace, since, origin,
 * confidence.  Whoever pays at the end of a period is retained in it.  Returns
 * false if the subscriptions are null.
 */
static bool
read_subscriptions(FunctionCallInfo fcinfo, Cohorts *cohorts)
{
	RetCohortOptions *options = &cohorts->options;
	RetMrrTable table;

	memset(cohorts, 0, sizeof(Cohorts));
	options->mode = RET_MODE_ON;
	options->horizon = PG_INT32_MAX;
	options->z = ret_confidence_z(fcinfo, 6);
	if (!ret_mrr_open(fcinfo, 1, 3, &table))
		return false;
	options->periods = table.periods;
	cohorts->cohorts = palloc_extended(Max(table.periods.n, 1) * sizeof(Cohort),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	while (ret_mrr_next(&table))
		enter_subscriber(cohorts, &table);
	for (int64 i = 0; i < options->periods.n; i++)
	{
		Cohort	   *cohort = &cohorts->cohorts[i];

		for (int64 age = 1; cohort->cells && age < cohort->nages; age++)
		{
			CHECK_FOR_INTERRUPTS();
			cohort->cells[age].retained += cohort->cells[age - 1].retained;
		}
	}
	/* who is back within the days of grace has not left */
	options->periods.as_of -= table.reader.grace;
	return true;
}

/* Compute what is shown of a cell; false if it has not begun */
static bool
cell_result(const Cohorts *cohorts, int64 i, int64 age, CohortResult *result)
{
	const RetCohortOptions *options = &cohorts->options;
	const Cohort *cohort = &cohorts->cohorts[i];
	int64		bin = options->periods.first + i;
	bool		open_ended = options->mode == RET_MODE_ON_OR_AFTER && !options->has_horizon;
	bool		cohort_over = ret_period_complete(&options->periods, bin);

	result->retained = cohort->cells[age].retained;
	if (options->elapsed)
	{
		if (age > cohort->begun)
			return false;
		result->customers = cohort->cells[age].eligible;
		result->rated = result->customers > 0;
		result->complete = !open_ended && cohort_over && result->customers == cohort->customers;
	}
	else
	{
		int64		last = options->mode == RET_MODE_ON_OR_AFTER ? options->horizon : age;

		result->customers = cohort->customers;
		result->complete = !open_ended && cohort_over &&
			ret_period_complete(&options->periods, bin + last);
		result->rated = result->complete;
	}
	return true;
}

/* Put rate, lower and upper of a cell into a row; NULL unless rated */
void
ret_put_rate(Datum *values, bool *nulls, int64 retained, int64 customers, double z, bool rated)
{
	double		lower = 0;
	double		upper = 0;

	if (rated)
		ret_wilson((double) retained, (double) customers, z, &lower, &upper);
	values[0] = Float8GetDatum(rated ? (double) retained / (double) customers : 0);
	values[1] = Float8GetDatum(lower);
	values[2] = Float8GetDatum(upper);
	nulls[0] = nulls[1] = nulls[2] = !rated;
}

/* Return the rows of cohort_table */
static void
put_cells(FunctionCallInfo fcinfo, const Cohorts *cohorts)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const RetPeriods *periods = &cohorts->options.periods;

	for (int64 i = 0; i < periods->n; i++)
	{
		const Cohort *cohort = &cohorts->cohorts[i];
		int64		bin = periods->first + i;
		CohortResult result;

		for (int64 age = 0; cohort->cells && age < cohort->nages; age++)
		{
			Datum		values[9];
			bool		nulls[9] = {0};

			CHECK_FOR_INTERRUPTS();
			if (!cell_result(cohorts, i, age, &result))
				break;
			values[0] = ret_bin_date(&periods->bins, bin);
			values[1] = Int32GetDatum((int32) age);
			values[2] = ret_bin_date(&periods->bins, bin + age);
			values[3] = Int64GetDatum(result.customers);
			values[4] = Int64GetDatum(result.retained);
			ret_put_rate(&values[5], &nulls[5], result.retained, result.customers,
					 cohorts->options.z, result.rated);
			values[8] = BoolGetDatum(result.complete);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
	}
}

/*
 * cohort_table(activity, period, as_of, mode, clock, horizon, since,
 *				confidence, origin)
 */
Datum
cohort_table(PG_FUNCTION_ARGS)
{
	Cohorts		cohorts;

	InitMaterializedSRF(fcinfo, 0);
	if (!get_options(fcinfo, 1, &cohorts.options))
		return (Datum) 0;
	build_cohorts(fcinfo, 1, &cohorts);
	put_cells(fcinfo, &cohorts);
	return (Datum) 0;
}

/* cohort_table(cells, since, confidence) */
Datum
cohort_table_cells(PG_FUNCTION_ARGS)
{
	Cohorts		cohorts;

	InitMaterializedSRF(fcinfo, 0);
	if (read_cells(fcinfo, &cohorts))
		put_cells(fcinfo, &cohorts);
	return (Datum) 0;
}

/* cohort_table(subscriptions, period, as_of, grace, since, origin, confidence) */
Datum
cohort_table_subscriptions(PG_FUNCTION_ARGS)
{
	Cohorts		cohorts;

	InitMaterializedSRF(fcinfo, 0);
	if (read_subscriptions(fcinfo, &cohorts))
		put_cells(fcinfo, &cohorts);
	return (Datum) 0;
}

/* Return the rows of retention_curve: the complete cells of all cohorts, pooled by age */
static void
put_curve(FunctionCallInfo fcinfo, const Cohorts *cohorts)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const RetPeriods *periods = &cohorts->options.periods;
	int64		nages = Min(periods->n, cohorts->options.horizon + 1);
	RetCohortCell *pooled;

	pooled = palloc_extended(Max(nages, 1) * sizeof(RetCohortCell), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 i = 0; i < periods->n; i++)
	{
		CohortResult result;

		for (int64 age = 0; cohorts->cohorts[i].cells && age < cohorts->cohorts[i].nages; age++)
		{
			CHECK_FOR_INTERRUPTS();
			if (!cell_result(cohorts, i, age, &result))
				break;
			if (result.complete)
			{
				pooled[age].retained += result.retained;
				pooled[age].eligible += result.customers;
			}
		}
	}
	for (int64 age = 0; age < nages; age++)
	{
		Datum		values[6];
		bool		nulls[6] = {0};

		CHECK_FOR_INTERRUPTS();
		if (pooled[age].eligible == 0)
			continue;
		values[0] = Int32GetDatum((int32) age);
		values[1] = Int64GetDatum(pooled[age].eligible);
		values[2] = Int64GetDatum(pooled[age].retained);
		ret_put_rate(&values[3], &nulls[3], pooled[age].retained, pooled[age].eligible,
				 cohorts->options.z, true);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/*
 * retention_curve(activity, period, as_of, mode, clock, horizon, since,
 *				   confidence, origin)
 */
Datum
retention_curve(PG_FUNCTION_ARGS)
{
	Cohorts		cohorts;

	InitMaterializedSRF(fcinfo, 0);
	if (!get_options(fcinfo, 1, &cohorts.options))
		return (Datum) 0;
	build_cohorts(fcinfo, 1, &cohorts);
	put_curve(fcinfo, &cohorts);
	return (Datum) 0;
}

/* retention_curve(cells, since, confidence) */
Datum
retention_curve_cells(PG_FUNCTION_ARGS)
{
	Cohorts		cohorts;

	InitMaterializedSRF(fcinfo, 0);
	if (read_cells(fcinfo, &cohorts))
		put_curve(fcinfo, &cohorts);
	return (Datum) 0;
}

/* retention_curve(subscriptions, period, as_of, grace, since, origin, confidence) */
Datum
retention_curve_subscriptions(PG_FUNCTION_ARGS)
{
	Cohorts		cohorts;

	InitMaterializedSRF(fcinfo, 0);
	if (read_subscriptions(fcinfo, &cohorts))
		put_curve(fcinfo, &cohorts);
	return (Datum) 0;
}

/*
 * return_table(starts, returns, period, as_of, mode, clock, horizon, since,
 *				confidence, origin)
 */
Datum
return_table(PG_FUNCTION_ARGS)
{
	Cohorts		cohorts;

	InitMaterializedSRF(fcinfo, 0);
	if (!get_options(fcinfo, 2, &cohorts.options))
		return (Datum) 0;
	build_cohorts(fcinfo, 2, &cohorts);
	put_cells(fcinfo, &cohorts);
	return (Datum) 0;
}

/*
 * return_curve(starts, returns, period, as_of, mode, clock, horizon, since,
 *				confidence, origin)
 */
Datum
return_curve(PG_FUNCTION_ARGS)
{
	Cohorts		cohorts;

	InitMaterializedSRF(fcinfo, 0);
	if (!get_options(fcinfo, 2, &cohorts.options))
		return (Datum) 0;
	build_cohorts(fcinfo, 2, &cohorts);
	put_curve(fcinfo, &cohorts);
	return (Datum) 0;
}
