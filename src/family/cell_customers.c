/*-------------------------------------------------------------------------
 *
 * cell_customers.c
 *	  The customers of a cell: cohort_customers, of a cell of cohort_table, and
 *	  return_customers, of one of return_table.
 *
 * The cell has the rules of cohort.c: whoever is counted there is in the list, and
 * those are marked as retained who are counted as that.  Cost: O(active days + n log
 * n) for n customers, O(active days) for those of a stored value, who are in order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

#include "base/args.h"
#include "base/periods.h"
#include "family/cohort.h"

/* The cell that is asked for */
typedef struct Cell
{
	RetCohortOptions options;
	DateADT		cohort;			/* a day of the cohort's bin */
	int64		bin;
	int64		age;
	int64		last;			/* last age of the cohort that is shown, -1 if there is none */
} Cell;

PG_FUNCTION_INFO_V1(cohort_customers);
PG_FUNCTION_INFO_V1(return_customers);

/*
 * Read the arguments after the activities: cohort, age, period, as_of, mode, clock,
 * horizon, origin.  Returns false if the (first) activity is null.
 */
static bool
get_options(FunctionCallInfo fcinfo, int activities, Cell *cell)
{
	RetCohortOptions *options = &cell->options;
	int			arg = activities;	/* number of the argument cohort */

	memset(cell, 0, sizeof(Cell));
	if (PG_ARGISNULL(arg))
		ret_reject_null("cohort", "Pass the cohort of a row of cohort_table or return_table.");
	cell->cohort = ret_finite_date(PG_GETARG_DATEADT(arg), "cohort");
	if (PG_ARGISNULL(arg + 1))
		ret_reject_null("age", "Pass the age of a row of cohort_table or return_table.");
	cell->age = PG_GETARG_INT32(arg + 1);
	ret_check_at_least(cell->age, 0, "age", "Pass the age of a row of cohort_table or return_table.");
	ret_periods_get(fcinfo, arg + 2, arg + 3, arg + 7, &options->periods);
	options->mode = ret_mode_arg(fcinfo, arg + 4);
	options->elapsed = ret_elapsed_arg(fcinfo, arg + 5);
	ret_horizon_arg(fcinfo, arg + 6, options);
	return !PG_ARGISNULL(0);
}

/* Find the cell in a value with these first and last days */
static void
open_cell(Cell *cell, DateADT first, DateADT last)
{
	RetPeriods *periods = &cell->options.periods;

	ret_periods_open(periods, first, last);
	cell->bin = ret_bin_compute(&periods->bins, cell->cohort);
	cell->last = -1;
	if (cell->bin >= periods->first && cell->bin < periods->first + periods->n)
		cell->last = Min(periods->first + periods->n - 1 - cell->bin, cell->options.horizon);
}

/* Tell whether a customer counts at the age of the cell; ages above limit do not count */
static bool
counts_at(const Cell *cell, const int32 *ages, int64 n, int64 limit)
{
	if (cell->options.mode != RET_MODE_ON)
		return ret_last_age(cell->options.mode, ages, n, limit) >= cell->age;
	for (int64 i = 0; i < n && ages[i] <= cell->age; i++)
	{
		if (ages[i] == cell->age)
			return true;
	}
	return false;
}

/* Tell whether a customer is in the cell, and retained; overwrites the days */
static bool
in_cell(const Cell *cell, RetStarts *starts, bool *retained)
{
	const RetCohortOptions *options = &cell->options;
	const RetPeriods *periods = &options->periods;
	RetWindows	windows;
	int64		n;
	int32	   *ages;

	if (ret_bin_of(&periods->bins, starts->start) != cell->bin)
		return false;
	if (!options->elapsed)
	{
		ages = ret_calendar_ages(&periods->bins, cell->bin, starts->days, starts->ndays);
		*retained = counts_at(cell, ages, starts->ndays, cell->last);
		return true;
	}
	if (starts->start >= periods->as_of)
		return false;
	ret_windows_init(&windows, periods, starts->start);
	if (windows.over < Max(cell->age, ret_window_needed(options)))
		return false;
	n = ret_days_before(starts->days, starts->ndays, periods->as_of);
	ages = ret_elapsed_ages(&windows, starts->days, n);
	if (options->mode == RET_MODE_ON_OR_AFTER && !options->has_horizon)
		*retained = n > 0 && ages[n - 1] >= cell->age;
	else
		*retained = counts_at(cell, ages, n, cell->last);
	return true;
}

/* Return the customers of a cell of one or two activities */
static Datum
put_customers(FunctionCallInfo fcinfo, int activities)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RetStarts	starts;
	Cell		cell;

	InitMaterializedSRF(fcinfo, 0);
	if (!get_options(fcinfo, activities, &cell))
		return (Datum) 0;
	ret_starts_open(&starts, fcinfo, activities);
	open_cell(&cell, starts.first, starts.last);
	if (cell.age > cell.last)
		return (Datum) 0;
	ret_starts_order(&starts);
	while (ret_starts_next(&starts))
	{
		Datum		values[4];
		bool		nulls[4] = {0};
		bool		retained;

		CHECK_FOR_INTERRUPTS();
		values[0] = Int64GetDatum(starts.customer);
		values[1] = DateADTGetDatum(starts.start);
		nulls[2] = starts.ndays == 0;
		values[2] = nulls[2] ? (Datum) 0 : DateADTGetDatum(starts.days[starts.ndays - 1]);
		if (!in_cell(&cell, &starts, &retained))
			continue;
		values[3] = BoolGetDatum(retained);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* cohort_customers(activity, cohort, age, period, as_of, mode, clock, horizon, origin) */
Datum
cohort_customers(PG_FUNCTION_ARGS)
{
	return put_customers(fcinfo, 1);
}

/* return_customers(starts, returns, cohort, age, period, as_of, mode, clock, horizon, origin) */
Datum
return_customers(PG_FUNCTION_ARGS)
{
	return put_customers(fcinfo, 2);
}
