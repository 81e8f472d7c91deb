/*-------------------------------------------------------------------------
 *
 * revenue.c
 *	  Revenue of a customer_purchases over time: revenue_cohort_table,
 *	  revenue_curve and revenue_table.
 *
 * A cohort is the customers whose first purchase day is in the same bin of the
 * calendar.  Revenue is net: a refund counts on the purchase day it belongs to.
 * Bin and age are those of cohort.c.  On the clock 'calendar' all customers of a
 * cohort count at each age; on the clock 'elapsed' those whose lap has ended.
 *
 * A customer adds to the cells of the ages with purchases, and to what is
 * cumulative as differences: what begins at an age is added there, and what ends
 * with the last age that counts is subtracted after it.  The cells are summed up
 * from the left when the walk has ended.  Cost: O(purchase days + cells).
 *
 * Sums are whole numbers of units in 128 bits, so they are exact.  The interval
 * of the cumulative revenue per customer is mean +- z s / sqrt(n), where s^2 is
 * the sample variance (n sum(c^2) - sum(c)^2) / (n (n - 1)).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

#include "base/args.h"
#include "base/calendar.h"
#include "base/periods.h"
#include "base/result.h"
#include "family/purchases.h"
#include "family/stats.h"
#include "store/cells.h"
#include "store/money.h"

/* Most cells of a table */
#define MAX_CELLS	INT64CONST(10000000)

/* The options of revenue_cohort_table and revenue_curve */
typedef struct RevenueOptions
{
	RetPeriods	periods;
	bool		elapsed;		/* is the clock 'elapsed'? */
	int64		since;			/* first day of the first cohort to show */
	double		z;				/* normal quantile of the confidence */
} RevenueOptions;

/* How the amounts of a row are computed and shown */
typedef struct Scales
{
	int			computed;		/* decimals of a unit */
	int			shown;			/* decimals that the value needs */
} Scales;

/* One cell of a cohort; amounts in units of the value's scale */
typedef struct RevenueCell
{
	int64		active;			/* customers with a purchase */
	int64		purchases;
	int128		revenue;
	int128		refunded;

	/* over the customers who count at this age; differences at first */
	int64		customers;
	int128		cumulative;		/* revenue up to this age; at first, less that of this age */
	int128		base;			/* revenue of age 0 */
	int128		squares;		/* sum of the squares of each customer's cumulative revenue */
} RevenueCell;

/* A cohort that has customers */
typedef struct RevenueCohort
{
	int64		customers;
	int64		nages;			/* ages that have begun */
	bool		overflow;		/* do the squares need more than 128 bits? */
	RevenueCell *cells;			/* by age; NULL if there are no customers yet */
} RevenueCohort;

/* All cohorts of a value */
typedef struct RevenueCohorts
{
	RevenueOptions options;
	Scales		scales;
	RevenueCohort *cohorts;		/* by bin, from the first */
	int64		ncells;			/* cells allocated */
} RevenueCohorts;

/* One period of revenue_table; amounts in units of the value's scale */
typedef struct RevenuePeriod
{
	int64		active;
	int64		purchases;
	int128		revenue;
	int128		refunded;
	int128		new_revenue;
	int128		retained;
	int128		resurrected;
	int128		expansion;
	int128		contraction;
	int128		churned;
} RevenuePeriod;

PG_FUNCTION_INFO_V1(revenue_cohort_table);
PG_FUNCTION_INFO_V1(revenue_curve);
PG_FUNCTION_INFO_V1(revenue_table);
PG_FUNCTION_INFO_V1(revenue_cohort_table_cells);
PG_FUNCTION_INFO_V1(revenue_curve_cells);
PG_FUNCTION_INFO_V1(revenue_table_cells);

/*-------------------------------------------------------------------------
 * Values of a row
 *-------------------------------------------------------------------------
 */

static void
put_amount(RetRow *row, int128 units, Scales scales)
{
	ret_put_datum(row, ret_amount_shown(units, scales.computed, scales.shown));
}

/* Put an amount per count; NULL unless rated, and for a count of 0 */
static void
put_mean(RetRow *row, int128 units, int64 count, Scales scales, bool rated)
{
	if (rated && count > 0)
		ret_put_double(row, ret_amount_ratio(units, scales.computed, count));
	else
		ret_put_null(row);
}

/* Put the ratio of two amounts; NULL unless rated, and unless the second is greater than 0 */
static void
put_ratio(RetRow *row, int128 units, int128 whole, bool rated)
{
	if (rated && whole > 0)
		ret_put_double(row, ret_amount_quotient(units, whole));
	else
		ret_put_null(row);
}

/*-------------------------------------------------------------------------
 * Cohorts
 *-------------------------------------------------------------------------
 */

/*
 * Read the options of revenue_cohort_table and revenue_curve, which have the
 * same arguments: purchases, period, as_of, clock, since, confidence, origin.
 * Returns false if the purchases are null.
 */
static bool
get_options(FunctionCallInfo fcinfo, RevenueOptions *options)
{
	static const char *const clocks[] = {"calendar", "elapsed"};

	ret_periods_get(fcinfo, 1, 2, 6, &options->periods);
	options->elapsed = ret_get_choice(fcinfo, 3, "clock", clocks, lengthof(clocks)) == 1;
	options->since = ret_get_day(fcinfo, 4, "since", RET_INSTANT_MIN);
	options->z = ret_confidence_z(fcinfo, 5);
	return !PG_ARGISNULL(0);
}

/* Return the cohort of a bin; allocate its cells if it has none yet */
static RevenueCohort *
get_cohort(RevenueCohorts *cohorts, int64 bin)
{
	const RetPeriods *periods = &cohorts->options.periods;
	RevenueCohort *cohort = &cohorts->cohorts[bin - periods->first];

	if (cohort->cells == NULL)
	{
		cohort->nages = periods->n - (bin - periods->first);
		cohorts->ncells += cohort->nages;
		ret_check_cells(cohorts->ncells, MAX_CELLS, "Use a longer period, or since.");

		/* one more, so that what ends with the last age can be subtracted after it */
		cohort->cells = palloc_extended((cohort->nages + 1) * sizeof(RevenueCell),
										MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	}
	return cohort;
}

/*
 * Add to the squares of a cell what changes when a customer's cumulative revenue
 * grows by an amount: (before + amount)^2 - before^2
 */
static inline void
add_squares(RevenueCohort *cohort, RevenueCell *cell, int128 before, int128 amount)
{
	int128		sum = 2 * before + amount;
	int128		change;

	/* 64 bits times 64 bits are enough for nearly all */
	if (likely(sum == (int64) sum && amount == (int64) amount))
		change = (int128) (int64) sum * (int64) amount;
	else if (__builtin_mul_overflow(sum, amount, &change))
	{
		cohort->overflow = true;
		return;
	}
	if (unlikely(__builtin_add_overflow(cell->squares, change, &cell->squares)))
		cohort->overflow = true;
}

/* Enter a customer whose purchases count up to the age `over`; ages has that of each day */
static void
enter_customer(RevenueCohort *cohort, const RetPurchasesReader *reader, const int64 *ages, int64 over)
{
	RevenueCell *cells = cohort->cells;
	int128		cumulative = 0;
	int128		base = 0;
	int64		last = -1;

	for (int64 i = 0; i < reader->ndays && ages[i] <= over; i++)
	{
		const RetNetDay *day = &reader->days[i];
		RevenueCell *cell = &cells[ages[i]];

		cell->active += ages[i] != last;
		cell->purchases += day->purchases;
		cell->revenue += day->revenue;
		cell->refunded += day->refunded;
		add_squares(cohort, cell, cumulative, day->revenue);
		cumulative += day->revenue;
		if (ages[i] == 0)
			base = cumulative;
		last = ages[i];
	}
	cells[0].customers++;
	cells[0].base += base;
	cells[over + 1].customers--;
	cells[over + 1].base -= base;
	cells[over + 1].cumulative -= cumulative;
	add_squares(cohort, &cells[over + 1], cumulative, -cumulative);
}

/* Compute the ages of a customer's purchase days; returns the last age that counts, -1 if none does */
static int64
customer_ages(const RevenueCohorts *cohorts, const RevenueCohort *cohort,
			  const RetPurchasesReader *reader, int64 first, int64 *ages)
{
	const RetPeriods *periods = &cohorts->options.periods;
	DateADT		day = reader->days[0].day;
	RetLaps		laps;
	int64		begun;

	if (!cohorts->options.elapsed)
	{
		for (int64 i = 0; i < reader->ndays; i++)
			ages[i] = ret_bin_of(&periods->bins, reader->days[i].day) - first;
		return cohort->nages - 1;
	}
	ret_laps_init(&laps, &periods->bins, day);
	begun = ret_lap_of(&laps, (DateADT) (periods->as_of - 1));
	for (int64 i = 0; i < reader->ndays; i++)
		ages[i] = ret_lap_of(&laps, reader->days[i].day);
	if (ret_lap_start(&periods->bins, day, begun + 1) > periods->as_of)
		begun--;
	return Min(begun, cohort->nages - 1);
}

/* Turn the differences of each cohort into sums */
static void
sum_up(RevenueCohorts *cohorts)
{
	for (int64 i = 0; i < cohorts->options.periods.n; i++)
	{
		RevenueCohort *cohort = &cohorts->cohorts[i];

		for (int64 age = 0; cohort->cells && age < cohort->nages; age++)
		{
			RevenueCell *cell = &cohort->cells[age];

			CHECK_FOR_INTERRUPTS();
			cell->cumulative += cell->revenue;
			if (age == 0)
				continue;
			cell->customers += cell[-1].customers;
			cell->base += cell[-1].base;
			cell->cumulative += cell[-1].cumulative;
			if (__builtin_add_overflow(cell->squares, cell[-1].squares, &cell->squares))
				cohort->overflow = true;
		}
	}
}

/* Build the cohorts in a walk over the customers of the value in argument 0 */
static void
build_cohorts(FunctionCallInfo fcinfo, RevenueCohorts *cohorts)
{
	RetPeriods *periods = &cohorts->options.periods;
	RetPurchasesReader reader;
	int64	   *ages;
	int64		nalloc = 64;
	int64		first_shown;

	ret_purchases_open(&reader, PG_GETARG_DATUM(0));
	cohorts->scales = (Scales) {reader.walk.scale, reader.least_scale};
	cohorts->ncells = 0;
	ret_periods_open(periods, reader.walk.first, reader.walk.last);
	first_shown = ret_first_bin(&periods->bins, cohorts->options.since);
	cohorts->cohorts = palloc_extended(Max(periods->n, 1) * sizeof(RevenueCohort),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	ages = palloc(nalloc * sizeof(int64));

	while (ret_purchases_next(&reader))
	{
		int64		first = ret_bin_of(&periods->bins, reader.days[0].day);
		RevenueCohort *cohort;
		int64		over;

		CHECK_FOR_INTERRUPTS();
		if (first >= periods->first + periods->n || first < first_shown)
			continue;
		if (reader.ndays > nalloc)
		{
			nalloc = reader.ndays + reader.ndays / 2;
			ages = repalloc_huge(ages, nalloc * sizeof(int64));
		}
		cohort = get_cohort(cohorts, first);
		cohort->customers++;
		over = customer_ages(cohorts, cohort, &reader, first, ages);
		if (over >= 0)
			enter_customer(cohort, &reader, ages, over);
	}
	sum_up(cohorts);
}

/* Begin to read the cells of argument 0, which must have revenue */
static void
open_cells(FunctionCallInfo fcinfo, RetCellsReader *reader, RetPeriods *periods, Scales *scales)
{
	ret_cells_read(reader, PG_GETARG_DATUM(0), periods);
	if (reader->kind != RET_CELLS_PURCHASES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("these revenue_cells have no revenue"),
				 errdetail("They were made from a customer_activity."),
				 errhint("Make them from a customer_purchases.")));
	*scales = (Scales) {reader->scale, reader->scale};
}

/* Enter a cell of revenue_cells */
static void
enter_cell(RevenueCohort *cohort, int64 age, const int128 *sums)
{
	RevenueCell *cell = &cohort->cells[age];

	cell->active = (int64) sums[RET_CELL_ACTIVE];
	cell->purchases = (int64) sums[RET_CELL_PURCHASES];
	cell->revenue = sums[RET_CELL_REVENUE];
	cell->refunded = sums[RET_CELL_REFUNDED];
	cell->squares = sums[RET_CELL_SQUARES] - sums[RET_CELL_SQUARES_BEFORE];
	cohort->overflow |= sums[RET_CELL_SQUARES] == RET_CELL_MAX_SQUARE ||
		sums[RET_CELL_SQUARES_BEFORE] == RET_CELL_MAX_SQUARE;
	if (age == 0)
	{
		cohort->customers = cell->customers = cell->active;
		cell->base = cell->revenue;
	}
}

/*
 * Read the cohorts from cells: arguments cells, since, confidence.  Returns false
 * if the cells are null.
 */
static bool
read_cells(FunctionCallInfo fcinfo, RevenueCohorts *cohorts)
{
	RetPeriods *periods = &cohorts->options.periods;
	RetCellsReader reader;
	const RetCell *cell;
	int64		first_shown;

	memset(cohorts, 0, sizeof(RevenueCohorts));
	cohorts->options.since = ret_get_day(fcinfo, 1, "since", RET_INSTANT_MIN);
	cohorts->options.z = ret_confidence_z(fcinfo, 2);
	if (PG_ARGISNULL(0))
		return false;
	open_cells(fcinfo, &reader, periods, &cohorts->scales);
	first_shown = ret_first_bin(&periods->bins, cohorts->options.since);
	cohorts->cohorts = palloc_extended(Max(periods->n, 1) * sizeof(RevenueCohort),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	while ((cell = ret_cells_next(&reader)) != NULL)
	{
		int64		bin = reader.last - RET_CELL_BACK(cell->key);

		CHECK_FOR_INTERRUPTS();
		if (RET_CELL_AGE(cell->key) != RET_CELL_PERIOD && bin >= first_shown)
			enter_cell(get_cohort(cohorts, bin), RET_CELL_AGE(cell->key), cell->sums);
	}
	sum_up(cohorts);
	return true;
}

/* Put lower and upper of the cumulative revenue per customer; NULL for fewer than two customers */
static void
put_interval(RetRow *row, const RevenueCell *cell, Scales scales, double z, bool rated)
{
	int128		n = cell->customers;
	int128		product;
	int128		square;
	double		mean;
	double		deviation;

	if (!rated || n < 2 ||
		__builtin_mul_overflow(n, cell->squares, &product) ||
		__builtin_mul_overflow(cell->cumulative, cell->cumulative, &square))
	{
		ret_put_null(row);
		ret_put_null(row);
		return;
	}
	mean = ret_amount_ratio(cell->cumulative, scales.computed, cell->customers);
	deviation = sqrt((double) (product - square) / ((double) (n - 1))) / (double) n / pow(10, scales.computed);
	ret_put_double(row, mean - z * deviation);
	ret_put_double(row, mean + z * deviation);
}

/* Put the columns of a cell that both functions have */
static void
put_cell(RetRow *row, const RevenueCell *cell, Scales scales, double z, bool rated, bool overflow)
{
	ret_put_bigint(row, cell->customers);
	ret_put_bigint(row, cell->active);
	ret_put_bigint(row, cell->purchases);
	put_amount(row, cell->revenue, scales);
	put_amount(row, cell->refunded, scales);
	put_amount(row, cell->cumulative, scales);
	put_amount(row, cell->base, scales);
	put_mean(row, cell->revenue, cell->purchases, scales, rated);
	put_mean(row, cell->revenue, cell->customers, scales, rated);
	put_mean(row, cell->cumulative, cell->customers, scales, rated);
	put_interval(row, cell, scales, z, rated && !overflow);
	put_ratio(row, cell->revenue, cell->base, rated);
}

/* Tell whether the data of a cell are complete */
static bool
cell_complete(const RevenueCohorts *cohorts, int64 i, int64 age)
{
	const RetPeriods *periods = &cohorts->options.periods;
	const RevenueCohort *cohort = &cohorts->cohorts[i];

	if (cohorts->options.elapsed)
		return ret_period_complete(periods, periods->first + i) &&
			cohort->cells[age].customers == cohort->customers;
	return ret_period_complete(periods, periods->first + i + age);
}

/* Return the rows of revenue_cohort_table */
static void
put_cohorts(FunctionCallInfo fcinfo, const RevenueCohorts *cohorts)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const RetPeriods *periods = &cohorts->options.periods;

	for (int64 i = 0; i < periods->n; i++)
	{
		const RevenueCohort *cohort = &cohorts->cohorts[i];

		for (int64 age = 0; cohort->cells && age < cohort->nages; age++)
		{
			RetRow		row = {0};
			const RevenueCell *cell = &cohort->cells[age];
			bool		complete = cell_complete(cohorts, i, age);

			CHECK_FOR_INTERRUPTS();
			if (cell->customers == 0)
				break;
			ret_put_datum(&row, ret_bin_date(&periods->bins, periods->first + i));
			ret_put_integer(&row, (int32) age);
			ret_put_datum(&row, ret_bin_date(&periods->bins, periods->first + i + age));
			put_cell(&row, cell, cohorts->scales, cohorts->options.z, complete || cohorts->options.elapsed,
					 cohort->overflow);
			ret_put_boolean(&row, complete);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row.values, row.nulls);
		}
	}
}

/*
 * revenue_cohort_table(purchases, period, as_of, clock, since, confidence, origin)
 */
Datum
revenue_cohort_table(PG_FUNCTION_ARGS)
{
	RevenueCohorts cohorts;

	InitMaterializedSRF(fcinfo, 0);
	if (!get_options(fcinfo, &cohorts.options))
		return (Datum) 0;
	build_cohorts(fcinfo, &cohorts);
	put_cohorts(fcinfo, &cohorts);
	return (Datum) 0;
}

/* revenue_cohort_table(cells, since, confidence) */
Datum
revenue_cohort_table_cells(PG_FUNCTION_ARGS)
{
	RevenueCohorts cohorts;

	InitMaterializedSRF(fcinfo, 0);
	if (read_cells(fcinfo, &cohorts))
		put_cohorts(fcinfo, &cohorts);
	return (Datum) 0;
}

/* Add a cell to the one of its age in which all cohorts are pooled */
static void
pool_cell(RevenueCell *pooled, const RevenueCell *cell, bool *overflow)
{
	pooled->active += cell->active;
	pooled->purchases += cell->purchases;
	pooled->revenue += cell->revenue;
	pooled->refunded += cell->refunded;
	pooled->customers += cell->customers;
	pooled->cumulative += cell->cumulative;
	pooled->base += cell->base;
	if (__builtin_add_overflow(pooled->squares, cell->squares, &pooled->squares))
		*overflow = true;
}

/* Return the rows of revenue_curve: the complete cells of all cohorts, pooled by age */
static void
put_curve(FunctionCallInfo fcinfo, const RevenueCohorts *cohorts)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int64		n = cohorts->options.periods.n;
	RevenueCell *pooled = palloc_extended(Max(n, 1) * sizeof(RevenueCell), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	bool		overflow = false;

	for (int64 i = 0; i < n; i++)
	{
		const RevenueCohort *cohort = &cohorts->cohorts[i];

		for (int64 age = 0; cohort->cells && age < cohort->nages; age++)
		{
			CHECK_FOR_INTERRUPTS();
			if (cell_complete(cohorts, i, age))
			{
				pool_cell(&pooled[age], &cohort->cells[age], &overflow);
				overflow |= cohort->overflow;
			}
		}
	}
	for (int64 age = 0; age < n; age++)
	{
		RetRow		row = {0};

		CHECK_FOR_INTERRUPTS();
		if (pooled[age].customers == 0)
			continue;
		ret_put_integer(&row, (int32) age);
		put_cell(&row, &pooled[age], cohorts->scales, cohorts->options.z, true, overflow);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row.values, row.nulls);
	}
}

/*
 * revenue_curve(purchases, period, as_of, clock, since, confidence, origin)
 */
Datum
revenue_curve(PG_FUNCTION_ARGS)
{
	RevenueCohorts cohorts;

	InitMaterializedSRF(fcinfo, 0);
	if (!get_options(fcinfo, &cohorts.options))
		return (Datum) 0;
	build_cohorts(fcinfo, &cohorts);
	put_curve(fcinfo, &cohorts);
	return (Datum) 0;
}

/* revenue_curve(cells, since, confidence) */
Datum
revenue_curve_cells(PG_FUNCTION_ARGS)
{
	RevenueCohorts cohorts;

	InitMaterializedSRF(fcinfo, 0);
	if (read_cells(fcinfo, &cohorts))
		put_curve(fcinfo, &cohorts);
	return (Datum) 0;
}

/*-------------------------------------------------------------------------
 * Revenue of each period
 *-------------------------------------------------------------------------
 */

/* Enter what a customer brought in a period, and what changed since the period before */
static void
enter_period(RevenuePeriod *period, int128 revenue, int128 before, bool is_new, bool retained)
{
	period->active++;
	period->revenue += revenue;
	if (is_new)
		period->new_revenue += revenue;
	else if (!retained)
		period->resurrected += revenue;
	else
	{
		period->retained += revenue;
		if (revenue > before)
			period->expansion += revenue - before;
		else
			period->contraction += before - revenue;
	}
}

/* Enter a customer, period by period */
static void
enter_periods(const RetPeriods *periods, RevenuePeriod *counts, const RetPurchasesReader *reader)
{
	int64		before = PG_INT64_MIN;	/* the last period with a purchase */
	int128		revenue_before = 0;
	int64		i = 0;

	while (i < reader->ndays)
	{
		int64		bin = ret_bin_of(&periods->bins, reader->days[i].day) - periods->first;
		int128		revenue = 0;

		/* a customer who did not come in the period after one has churned */
		if (before != PG_INT64_MIN && before + 1 < bin && before + 1 < periods->n)
			counts[before + 1].churned += revenue_before;
		if (bin >= periods->n)
			return;
		for (; i < reader->ndays &&
			 ret_bin_of(&periods->bins, reader->days[i].day) - periods->first == bin; i++)
		{
			revenue += reader->days[i].revenue;
			counts[bin].purchases += reader->days[i].purchases;
			counts[bin].refunded += reader->days[i].refunded;
		}
		enter_period(&counts[bin], revenue, revenue_before, before == PG_INT64_MIN, before + 1 == bin);
		before = bin;
		revenue_before = revenue;
	}
	if (before + 1 < periods->n)
		counts[before + 1].churned += revenue_before;
}

/* Put the columns of a period, from active on */
static void
put_period(RetRow *row, const RevenuePeriod *period, Scales scales, int128 before, bool complete)
{
	ret_put_bigint(row, period->active);
	ret_put_bigint(row, period->purchases);
	put_amount(row, period->revenue, scales);
	put_amount(row, period->refunded, scales);
	put_mean(row, period->revenue, period->purchases, scales, complete);
	put_mean(row, period->revenue, period->active, scales, complete);
	put_amount(row, period->new_revenue, scales);
	put_amount(row, period->retained, scales);
	put_amount(row, period->resurrected, scales);
	put_amount(row, period->expansion, scales);
	put_amount(row, period->contraction, scales);
	put_amount(row, period->churned, scales);
	put_ratio(row, period->retained, before, complete);
	put_ratio(row, before - period->contraction - period->churned, before, complete);
	put_ratio(row, period->new_revenue + period->resurrected + period->expansion,
			  period->contraction + period->churned, complete);
	ret_put_boolean(row, complete);
}

/* Make room for the counts of periods */
static RevenuePeriod *
make_counts(const RetPeriods *periods)
{
	return palloc_extended(Max(periods->n, 1) * sizeof(RevenuePeriod), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* Return the rows of revenue_table from the bin first_shown on */
static void
put_periods(FunctionCallInfo fcinfo, const RetPeriods *periods, const RevenuePeriod *counts, Scales scales,
			int64 first_shown)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		begun = false;

	for (int64 i = 0; i < periods->n; i++)
	{
		RetRow		row = {0};
		bool		complete = ret_period_complete(periods, periods->first + i);

		CHECK_FOR_INTERRUPTS();
		/* refunds may be earlier than any purchase */
		begun |= counts[i].active > 0;
		if (!begun || periods->first + i < first_shown)
			continue;
		ret_put_datum(&row, ret_bin_date(&periods->bins, periods->first + i));
		put_period(&row, &counts[i], scales, i > 0 ? counts[i - 1].revenue : 0, complete);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row.values, row.nulls);
	}
}

/*
 * revenue_table(purchases, period, as_of, since, origin)
 */
Datum
revenue_table(PG_FUNCTION_ARGS)
{
	RetPeriods	periods;
	RetPurchasesReader reader;
	RevenuePeriod *counts;
	int64		since;

	InitMaterializedSRF(fcinfo, 0);
	ret_periods_get(fcinfo, 1, 2, 4, &periods);
	since = ret_get_day(fcinfo, 3, "since", RET_INSTANT_MIN);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	ret_purchases_open(&reader, PG_GETARG_DATUM(0));
	ret_periods_open(&periods, reader.walk.first, reader.walk.last);
	counts = make_counts(&periods);
	while (ret_purchases_next(&reader))
	{
		enter_periods(&periods, counts, &reader);
		CHECK_FOR_INTERRUPTS();
	}
	put_periods(fcinfo, &periods, counts, (Scales) {reader.walk.scale, reader.least_scale},
				ret_first_bin(&periods.bins, since));
	return (Datum) 0;
}

/* Enter a cell of revenue_cells, of a cohort and an age, into its period */
static void
enter_period_cell(RevenuePeriod *period, uint32 age, const int128 *sums)
{
	period->active += (int64) sums[RET_CELL_ACTIVE];
	period->purchases += (int64) sums[RET_CELL_PURCHASES];
	period->revenue += sums[RET_CELL_REVENUE];
	period->refunded += sums[RET_CELL_REFUNDED];
	if (age == 0)
		period->new_revenue = sums[RET_CELL_REVENUE];
}

/* Derive what follows from the sums of each period and of the one before */
static void
derive_periods(RevenuePeriod *counts, int64 n)
{
	for (int64 i = 0; i < n; i++)
	{
		int128		before = i > 0 ? counts[i - 1].revenue : 0;

		counts[i].resurrected = counts[i].revenue - counts[i].new_revenue - counts[i].retained;
		counts[i].contraction = before - counts[i].churned + counts[i].expansion - counts[i].retained;
	}
}

/* revenue_table(cells, since) */
Datum
revenue_table_cells(PG_FUNCTION_ARGS)
{
	RetPeriods	periods;
	RetCellsReader reader;
	const RetCell *cell;
	RevenuePeriod *counts;
	Scales		scales;
	int64		since;

	InitMaterializedSRF(fcinfo, 0);
	since = ret_get_day(fcinfo, 1, "since", RET_INSTANT_MIN);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	open_cells(fcinfo, &reader, &periods, &scales);
	counts = make_counts(&periods);
	while ((cell = ret_cells_next(&reader)) != NULL)
	{
		RevenuePeriod *period = &counts[periods.n - 1 - RET_CELL_BACK(cell->key)];
		uint32		age = RET_CELL_AGE(cell->key);

		CHECK_FOR_INTERRUPTS();
		if (age != RET_CELL_PERIOD)
			enter_period_cell(period + age, age, cell->sums);
		else
		{
			period->retained = cell->sums[RET_CELL_RETAINED_REVENUE];
			period->expansion = cell->sums[RET_CELL_EXPANSION];
			period->churned = cell->sums[RET_CELL_CHURNED_REVENUE];
		}
	}
	derive_periods(counts, periods.n);
	put_periods(fcinfo, &periods, counts, scales, ret_first_bin(&periods.bins, since));
	return (Datum) 0;
}
