/*-------------------------------------------------------------------------
 *
 * concentration.c
 *	  How unequal the revenue of customers is: top_share, gini and
 *	  concentration_table.
 *
 * The worth of a customer is the net revenue of their purchase days within a
 * range of days, and at least 0.  All customers with a purchase in the range
 * count.  Everything is computed from the sorted worths in whole numbers, so
 * neither ties nor the order of customers show.
 *
 * Cost: O(purchase days + n) for n customers.  Memory: 16 bytes a customer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

#include "base/args.h"
#include "base/calendar.h"
#include "family/purchases.h"
#include "store/money.h"

/* Most bins of a concentration_table */
#define MAX_BINS	1000000

/* Bits that one pass of the sort goes by */
#define SORT_DIGIT	11

/* The worths of customers, in units of 10^-scale */
typedef struct Worths
{
	int64	   *worths;			/* ascending */
	int64		n;
	int128		total;
	int			scale;			/* decimals of the amounts, as they are computed */
	int			shown_scale;	/* and as they are shown */
} Worths;

PG_FUNCTION_INFO_V1(top_share);
PG_FUNCTION_INFO_V1(gini);
PG_FUNCTION_INFO_V1(concentration_table);

/*
 * Sort n worths, none of them negative, by their lowest bits, then by higher
 * ones, up to the highest that any has.  Returns them; frees the other array.
 */
static int64 *
sort_worths(int64 *worths, int64 n)
{
	int64	   *other = MemoryContextAllocHuge(CurrentMemoryContext, (n + 1) * sizeof(int64));
	uint64		all = 0;

	for (int64 i = 0; i < n; i++)
		all |= (uint64) worths[i];
	for (int shift = 0; shift < 64 && all >> shift != 0; shift += SORT_DIGIT)
	{
		int64		places[1 << SORT_DIGIT] = {0};
		int64		next = 0;
		int64	   *sorted = other;

		for (int64 i = 0; i < n; i++)
			places[worths[i] >> shift & ((1 << SORT_DIGIT) - 1)]++;
		for (int i = 0; i < 1 << SORT_DIGIT; i++)
		{
			int64		count = places[i];

			places[i] = next;
			next += count;
		}
		for (int64 i = 0; i < n; i++)
			sorted[places[worths[i] >> shift & ((1 << SORT_DIGIT) - 1)]++] = worths[i];
		other = worths;
		worths = sorted;
		CHECK_FOR_INTERRUPTS();
	}
	pfree(other);
	return worths;
}

/* Read the worths of the value in argument 0, in the range of argument `during` if it is not null */
static void
read_worths(FunctionCallInfo fcinfo, int during, Worths *worths)
{
	RetPurchasesReader reader;
	RetBounds	bounds = {.lower = RET_INSTANT_MIN,.upper = RET_INSTANT_MAX};

	if (!PG_ARGISNULL(during))
		ret_bounds_get(&bounds, PG_GETARG_DATUM(during));
	ret_purchases_open(&reader, PG_GETARG_DATUM(0));
	memset(worths, 0, sizeof(Worths));
	worths->scale = reader.walk.scale;
	worths->shown_scale = reader.least_scale;
	worths->worths = MemoryContextAllocHuge(CurrentMemoryContext,
											(reader.walk.ncustomers + 1) * sizeof(int64));
	while (ret_purchases_next(&reader))
	{
		int64		worth = 0;
		bool		bought = false;

		for (int64 i = 0; i < reader.ndays; i++)
		{
			if (!RET_BOUNDS_CONTAIN(&bounds, reader.days[i].day))
				continue;
			bought = true;
			if (unlikely(pg_add_s64_overflow(worth, reader.days[i].revenue, &worth)))
				ret_amount_too_large();
		}
		CHECK_FOR_INTERRUPTS();
		if (!bought)
			continue;
		worth = Max(worth, 0);
		worths->worths[worths->n++] = worth;
		worths->total += worth;
	}
	worths->worths = sort_worths(worths->worths, worths->n);
}

/*
 * top_share(purchases, fraction, during)
 *		Returns 1 - L(1 - fraction), where L is the Lorenz curve, linear within a
 *		customer.
 */
Datum
top_share(PG_FUNCTION_ARGS)
{
	Worths		worths;
	double		fraction = ret_fraction_arg(fcinfo, 1, "The best tenth of the customers is 0.1.");
	double		place;
	int64		whole;
	int128		sum = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	read_worths(fcinfo, 2, &worths);
	if (worths.total == 0)
		PG_RETURN_NULL();

	/* the best customers up to this place, the last of them in part */
	place = fraction * (double) worths.n;
	whole = Min((int64) floor(place), worths.n);
	for (int64 i = 0; i < whole; i++)
		sum += worths.worths[worths.n - 1 - i];
	place -= (double) whole;
	PG_RETURN_FLOAT8(((double) sum +
					  (whole < worths.n ? place * (double) worths.worths[worths.n - 1 - whole] : 0)) /
					 (double) worths.total);
}

/*
 * gini(purchases, during)
 *		Returns 2 sum(i x_i) / (n sum(x)) - (n + 1) / n for ascending x_1..x_n: the
 *		coefficient of the population.
 */
Datum
gini(PG_FUNCTION_ARGS)
{
	Worths		worths;
	long double ranked = 0;
	int128		exact = 0;
	bool		overflow = false;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	read_worths(fcinfo, 1, &worths);
	if (worths.total == 0)
		PG_RETURN_NULL();

	/* sum(x_i (2 i - n - 1)), whose parts cancel where all are equal */
	for (int64 i = 0; i < worths.n; i++)
	{
		int128		part = (int128) worths.worths[i] * (2 * i + 1 - worths.n);

		overflow |= __builtin_add_overflow(exact, part, &exact);
		ranked += (long double) part;
	}
	if (!overflow)
		ranked = (long double) exact;
	PG_RETURN_FLOAT8((double) (ranked / ((long double) worths.n * (long double) worths.total)));
}

/*
 * concentration_table(purchases, bins, during)
 *		Bin b has the places floor((b - 1) n / bins) + 1 to floor(b n / bins), the
 *		customer with the largest worth first.
 */
Datum
concentration_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Worths		worths;
	int32		bins;
	int64		place = 0;
	int128		cumulative = 0;

	InitMaterializedSRF(fcinfo, 0);
	ret_reject_null_option(fcinfo, 1, "bins");
	bins = PG_GETARG_INT32(1);
	ret_check_between(bins, 1, MAX_BINS, "bins", "Pass the number of groups, such as 10.");
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	read_worths(fcinfo, 2, &worths);
	for (int32 bin = 1; bin <= bins && worths.total > 0; bin++)
	{
		int64		end = (int64) ((int128) bin * worths.n / bins);
		int64		customers = end - place;
		int128		sum = 0;
		Datum		values[5];
		bool		nulls[5] = {0};

		CHECK_FOR_INTERRUPTS();
		for (; place < end; place++)
			sum += worths.worths[worths.n - 1 - place];
		cumulative += sum;
		values[0] = Int32GetDatum(bin);
		values[1] = Int64GetDatum(customers);
		values[2] = ret_amount_shown(sum, worths.scale, worths.shown_scale);
		values[3] = Float8GetDatum((double) ((long double) sum / (long double) worths.total));
		values[4] = Float8GetDatum((double) ((long double) cumulative / (long double) worths.total));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
