/*-------------------------------------------------------------------------
 *
 * revenue_cells.c
 *	  The aggregate revenue_cells: the additive cells of many values, each of
 *	  other customers.
 *
 * The tables of cohort.c, lifecycle.c and revenue.c can be made from them, on the
 * clock 'calendar' and in the mode 'on'.  A customer adds to one cell for each
 * period in which they were active, by cohort and age, and to one for each period
 * as a whole, for what compares it with the one before.
 *
 * Cost: O(active days) per customer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/calendar.h"
#include "base/periods.h"
#include "family/activity.h"
#include "family/purchases.h"
#include "store/cells.h"
#include "store/money.h"

/* Customers for whom the bins of all days are computed before */
#define MANY_CUSTOMERS	1000

/* What is added to the cells, in units of their scale */
typedef struct Adding
{
	RetCells   *cells;
	RetBins		bins;			/* those of the cells, with a table if it is worth it */
	int64		factor;			/* units of the cells in one of the value */
	int64		divisor;		/* units of the value in one of the cells */
} Adding;

/* What a customer brought in a bin, in units of the cells */
typedef struct BinSums
{
	int64		purchases;
	int128		revenue;
	int128		refunded;
} BinSums;

PG_FUNCTION_INFO_V1(revenue_cells_transfn_activity);
PG_FUNCTION_INFO_V1(revenue_cells_transfn_purchases);

/*
 * Get the cells to which the value in argument 1 is added, from the transition
 * value in argument 0 and the period and as_of in arguments 2 and 3.  Returns NULL
 * if there is no value.
 */
static RetCells *
get_cells(FunctionCallInfo fcinfo, RetCellsKind kind)
{
	RetBins		bins;
	DateADT		as_of;
	RetCells   *cells;

	ret_agg_check(fcinfo);
	ret_bins_get(fcinfo, 2, "period", RET_DEFAULT_ORIGIN, &bins);
	if (PG_ARGISNULL(3))
		ret_reject_null_as_of();
	as_of = ret_finite_date(PG_GETARG_DATEADT(3), "as_of");
	if (PG_ARGISNULL(1))
		return NULL;
	if (PG_ARGISNULL(0))
		return ret_cells_create(kind, &bins, as_of);
	cells = ret_cells_state(fcinfo);
	ret_cells_match(cells, kind, &bins, as_of);
	return cells;
}

/* Prepare to add the customers of a value */
static void
begin_adding(Adding *adding, RetCells *cells, const RetReader *walk)
{
	adding->cells = cells;
	adding->bins = cells->bins;
	if (walk->ncustomers > MANY_CUSTOMERS)
		ret_bins_table(&adding->bins, walk->first, walk->last);
}

/* Add a customer's active days */
static void
add_active(const Adding *adding, const RetActivityReader *reader)
{
	RetCells   *cells = adding->cells;
	int64		first = ret_bin_of(&adding->bins, reader->days[0]);
	int64		before = PG_INT64_MIN;

	for (int64 i = 0; i < reader->ndays; i++)
	{
		int64		bin = ret_bin_of(&adding->bins, reader->days[i]);

		if (bin > cells->last)
			break;
		if (bin == before)
			continue;
		ret_cells_get(cells, cells->last - first, bin - first)[RET_CELL_ACTIVE]++;
		if (bin == before + 1)
			ret_cells_get(cells, cells->last - bin, RET_CELL_PERIOD)[RET_CELL_RETAINED]++;
		before = bin;
	}
}

/* revenue_cells(customer_activity, period, as_of): transition function */
Datum
revenue_cells_transfn_activity(PG_FUNCTION_ARGS)
{
	RetCells   *cells = get_cells(fcinfo, RET_CELLS_ACTIVITY);
	RetActivityReader reader;
	Adding		adding = {0};

	if (cells == NULL)
		return ret_agg_ignore(fcinfo);
	ret_activity_open(&reader, PG_GETARG_DATUM(1));
	begin_adding(&adding, cells, &reader.walk);
	while (ret_activity_next(&reader))
	{
		add_active(&adding, &reader);
		CHECK_FOR_INTERRUPTS();
	}
	return ret_cells_result(fcinfo, cells);
}

/* Convert an amount of the value to units of the cells */
static int128
cell_units(const Adding *adding, int128 units)
{
	return units * adding->factor / adding->divisor;
}

/* Add up a customer's days of one bin, from day i on; returns the first day after it */
static int64
sum_bin(const Adding *adding, const RetPurchasesReader *reader, int64 i, int64 bin, BinSums *sums)
{
	memset(sums, 0, sizeof(BinSums));
	for (; i < reader->ndays && ret_bin_of(&adding->bins, reader->days[i].day) == bin; i++)
	{
		sums->purchases += reader->days[i].purchases;
		sums->revenue += reader->days[i].revenue;
		sums->refunded += reader->days[i].refunded;
	}
	sums->revenue = cell_units(adding, sums->revenue);
	sums->refunded = cell_units(adding, sums->refunded);
	return i;
}

/* Add what a customer brought in a bin to the cell of their cohort; cumulative is what they brought before */
static void
add_cell(RetCells *cells, int64 first, int64 bin, const BinSums *brought, int128 cumulative)
{
	int128	   *sums = ret_cells_get(cells, cells->last - first, bin - first);

	sums[RET_CELL_ACTIVE]++;
	sums[RET_CELL_PURCHASES] += brought->purchases;
	ret_cells_add_amount(&sums[RET_CELL_REVENUE], brought->revenue);
	ret_cells_add_amount(&sums[RET_CELL_REFUNDED], brought->refunded);
	ret_cells_add_square(&sums[RET_CELL_SQUARES], cumulative + brought->revenue);
	ret_cells_add_square(&sums[RET_CELL_SQUARES_BEFORE], cumulative);
}

/* Add what a customer brought in a bin, who was there in the bin before as well */
static void
add_retained(RetCells *cells, int64 bin, int128 revenue, int128 revenue_before)
{
	int128	   *sums = ret_cells_get(cells, cells->last - bin, RET_CELL_PERIOD);

	sums[RET_CELL_RETAINED]++;
	ret_cells_add_amount(&sums[RET_CELL_RETAINED_REVENUE], revenue);
	ret_cells_add_amount(&sums[RET_CELL_EXPANSION], Max(revenue - revenue_before, 0));
}

/* Add what a customer brought in the last bin in which they were there, if one follows it */
static void
add_churned(RetCells *cells, int64 bin, int128 revenue)
{
	if (bin < cells->last)
		ret_cells_add_amount(&ret_cells_get(cells, cells->last - bin - 1,
											RET_CELL_PERIOD)[RET_CELL_CHURNED_REVENUE], revenue);
}

/* Add a customer's purchase days */
static void
add_purchases(const Adding *adding, const RetPurchasesReader *reader)
{
	RetCells   *cells = adding->cells;
	int64		first = ret_bin_of(&adding->bins, reader->days[0].day);
	int64		before = first;		/* the bin before with a purchase */
	int128		revenue_before = 0;
	int128		cumulative = 0;
	BinSums		sums;

	for (int64 i = 0; i < reader->ndays;)
	{
		int64		bin = ret_bin_of(&adding->bins, reader->days[i].day);

		if (bin > before + 1)
			add_churned(cells, before, revenue_before);
		if (bin > cells->last)
			return;
		i = sum_bin(adding, reader, i, bin, &sums);
		add_cell(cells, first, bin, &sums, cumulative);
		if (bin == before + 1)
			add_retained(cells, bin, sums.revenue, revenue_before);
		cumulative += sums.revenue;
		before = bin;
		revenue_before = sums.revenue;
	}
	add_churned(cells, before, revenue_before);
}

/* revenue_cells(customer_purchases, period, as_of): transition function */
Datum
revenue_cells_transfn_purchases(PG_FUNCTION_ARGS)
{
	RetCells   *cells = get_cells(fcinfo, RET_CELLS_PURCHASES);
	RetPurchasesReader reader;
	Adding		adding = {0};

	if (cells == NULL)
		return ret_agg_ignore(fcinfo);
	ret_purchases_open(&reader, PG_GETARG_DATUM(1));
	ret_cells_reserve_scale(cells, reader.least_scale);
	begin_adding(&adding, cells, &reader.walk);
	adding.factor = ret_amount_factor(Max(cells->scale - reader.walk.scale, 0));
	adding.divisor = ret_amount_factor(Max(reader.walk.scale - cells->scale, 0));
	while (ret_purchases_next(&reader))
	{
		add_purchases(&adding, &reader);
		CHECK_FOR_INTERRUPTS();
	}
	return ret_cells_result(fcinfo, cells);
}
