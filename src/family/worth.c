/*-------------------------------------------------------------------------
 *
 * worth.c
 *	  What the customers of a customer_purchases have brought: clv and
 *	  clv_summary of a value, and revenue_retention.
 *
 * clv and clv_summary are those of clv.c, over the customers with a purchase in
 * a range of days and over their purchase days in it.  Revenue is net, as
 * everywhere in a customer_purchases (see purchases.h), and a relationship lasts
 * from the first purchase day in the range to the last.
 *
 *		revenue_retention = revenue in the range `comeback` of the customers who
 *		bought in the range `base` / revenue in `base`
 *
 * Amounts are added as whole numbers.  Cost: one walk, O(purchase days).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/calendar.h"
#include "family/clv.h"
#include "family/purchases.h"
#include "store/money.h"

/* The customers with a purchase in a range, and what they bought in it */
typedef struct Worth
{
	int64		customers;
	int64		purchases;
	int64		days;			/* sum of the days from the first purchase to the last */
	int128		revenue;		/* in units of 10^-scale */
	int			scale;
} Worth;

PG_FUNCTION_INFO_V1(clv_purchases);
PG_FUNCTION_INFO_V1(clv_summary_purchases);
PG_FUNCTION_INFO_V1(revenue_retention);

/* Add the purchase days of a customer that are in a range */
static void
add_customer(Worth *worth, const RetPurchasesReader *reader, const RetBounds *during)
{
	int64		n = 0;
	DateADT		first = 0;
	DateADT		last = 0;

	for (int64 i = 0; i < reader->ndays; i++)
	{
		const RetNetDay *day = &reader->days[i];

		if (!RET_BOUNDS_CONTAIN(during, day->day))
			continue;
		if (n++ == 0)
			first = day->day;
		last = day->day;
		worth->purchases += day->purchases;
		worth->revenue += day->revenue;
	}
	worth->customers += n > 0;
	worth->days += (int64) last - first;
}

/* Read the value in argument 0, in the range in argument 1; false if nobody bought */
static bool
read_worth(FunctionCallInfo fcinfo, Worth *worth)
{
	RetPurchasesReader reader;
	RetBounds	during = {.lower = RET_INSTANT_MIN,.upper = RET_INSTANT_MAX};

	memset(worth, 0, sizeof(Worth));
	if (PG_ARGISNULL(0))
		return false;
	if (!PG_ARGISNULL(1))
		ret_bounds_get(&during, PG_GETARG_DATUM(1));
	ret_purchases_open(&reader, PG_GETARG_DATUM(0));
	worth->scale = reader.walk.scale;
	while (ret_purchases_next(&reader))
	{
		add_customer(worth, &reader, &during);
		CHECK_FOR_INTERRUPTS();
	}
	return worth->customers > 0;
}

/*
 * clv(purchases, during)
 */
Datum
clv_purchases(PG_FUNCTION_ARGS)
{
	Worth		worth;

	if (!read_worth(fcinfo, &worth))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(ret_amount_ratio(worth.revenue, worth.scale, worth.customers));
}

/*
 * clv_summary(purchases, during)
 */
Datum
clv_summary_purchases(PG_FUNCTION_ARGS)
{
	Worth		worth;
	RetMoney	revenue;

	if (!read_worth(fcinfo, &worth))
		PG_RETURN_NULL();
	ret_money_set_units(&revenue, worth.revenue);
	revenue.form = RET_MONEY_FORM(worth.scale, 0);
	return ret_clv_summary_row(fcinfo, worth.customers, worth.purchases, &revenue,
							   (double) worth.days * SECS_PER_DAY);
}

/*
 * revenue_retention(purchases, base, comeback)
 *		NULL unless the revenue in base is above 0.
 */
Datum
revenue_retention(PG_FUNCTION_ARGS)
{
	RetPurchasesReader reader;
	RetBounds	base = {0};
	RetBounds	comeback = {0};
	int128		before = 0;
	int128		after = 0;

	ret_bounds_get(&base, PG_GETARG_DATUM(1));
	ret_bounds_get(&comeback, PG_GETARG_DATUM(2));
	ret_purchases_open(&reader, PG_GETARG_DATUM(0));
	while (ret_purchases_next(&reader))
	{
		int128		revenue = 0;
		bool		bought = false;

		for (int64 i = 0; i < reader.ndays; i++)
		{
			const RetNetDay *day = &reader.days[i];

			if (RET_BOUNDS_CONTAIN(&base, day->day))
			{
				bought = true;
				before += day->revenue;
			}
			if (RET_BOUNDS_CONTAIN(&comeback, day->day))
				revenue += day->revenue;
		}
		if (bought)
			after += revenue;
		CHECK_FOR_INTERRUPTS();
	}
	if (before <= 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(ret_amount_quotient(after, before));
}
