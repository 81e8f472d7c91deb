/*-------------------------------------------------------------------------
 *
 * purchase.c
 *	  Who buys again: repeat_purchase_rate; and ratios of known numbers.
 *
 * repeat_purchase_rate comes in three forms, which differ in what a second
 * purchase is: another row; a row with another order id; a row less than an
 * interval after the first.
 *
 * The states are customer maps: O(1) per row, O(customers) for the final
 * function that looks at each customer's times.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/calendar.h"
#include "base/result.h"
#include "base/span.h"
#include "store/counters.h"
#include "store/customer_map.h"

/* flags of a customer of repeat_purchase_rate */
#define BOUGHT_ONCE		1
#define BOUGHT_AGAIN	2

/* values of a customer */
enum
{
	ORDER_ID = 0,				/* by order id: the first one seen */
	FIRST_AT = 0,				/* by time: the earliest purchase */
	SECOND_AT = 1				/* by time: the second earliest */
};

/* totals of a map */
enum
{
	REPEATERS = 0,				/* customers with flags = BOUGHT_AGAIN */

	WITHIN_TIME = 0,			/* by time: the interval's microseconds */
	WITHIN_DAYS = 1,			/* by time: its months (high half) and days */
	DATA_END = 2				/* by time: the last one in the data */
};

PG_FUNCTION_INFO_V1(repeat_rows_transfn);
PG_FUNCTION_INFO_V1(repeat_rows_combine);
PG_FUNCTION_INFO_V1(repeat_rows_finalfn);
PG_FUNCTION_INFO_V1(repeat_orders_transfn);
PG_FUNCTION_INFO_V1(repeat_orders_combine);
PG_FUNCTION_INFO_V1(repeat_orders_finalfn);
PG_FUNCTION_INFO_V1(repeat_within_transfn_date);
PG_FUNCTION_INFO_V1(repeat_within_transfn_timestamp);
PG_FUNCTION_INFO_V1(repeat_within_combine);
PG_FUNCTION_INFO_V1(repeat_within_finalfn);
PG_FUNCTION_INFO_V1(repeat_within_finalfn_timestamptz);

static void rows_add(RetMap *map, RetCustomer *customer, int64 value);
static void rows_merge(RetMap *map, RetCustomer *customer, const RetCustomer *other);
static void orders_add(RetMap *map, RetCustomer *customer, int64 order);
static void orders_merge(RetMap *map, RetCustomer *customer, const RetCustomer *other);
static void within_add(RetMap *map, RetCustomer *customer, int64 at);
static void within_merge(RetMap *map, RetCustomer *customer, const RetCustomer *other);
static void within_merge_totals(RetMap *map, const int64 *other);

static const RetMapDef rows_map = {
	.kind = 2,
	.ntotals = 1,
	.add = rows_add,
	.merge = rows_merge
};

static const RetMapDef orders_map = {
	.kind = 3,
	.nvalues = 1,
	.ntotals = 1,
	.add = orders_add,
	.merge = orders_merge
};

static const RetMapDef within_map = {
	.kind = 4,
	.nvalues = 2,
	.ntotals = 3,
	.add = within_add,
	.merge = within_merge,
	.merge_totals = within_merge_totals
};

/*-------------------------------------------------------------------------
 * repeat_purchase_rate by rows and by order ids
 *-------------------------------------------------------------------------
 */

/* Note that a customer bought once, or again, unless it is known already */
static inline void
bought(RetMap *map, RetCustomer *customer, uint8 flags)
{
	if (customer->flags != BOUGHT_AGAIN)
	{
		customer->flags = flags;
		ret_counter_move(&map->totals[REPEATERS], flags == BOUGHT_AGAIN);
	}
}

static void
rows_add(RetMap *map, RetCustomer *customer, int64 value)
{
	(void) value;
	bought(map, customer, customer->flags == 0 ? BOUGHT_ONCE : BOUGHT_AGAIN);
}

static void
rows_merge(RetMap *map, RetCustomer *customer, const RetCustomer *other)
{
	bought(map, customer, customer->flags == 0 && other->flags == BOUGHT_ONCE ?
		   BOUGHT_ONCE : BOUGHT_AGAIN);
}

static void
orders_add(RetMap *map, RetCustomer *customer, int64 order)
{
	if (customer->flags == 0)
	{
		customer->values[ORDER_ID] = order;
		bought(map, customer, BOUGHT_ONCE);
	}
	else if (customer->values[ORDER_ID] != order)
		bought(map, customer, BOUGHT_AGAIN);
}

static void
orders_merge(RetMap *map, RetCustomer *customer, const RetCustomer *other)
{
	orders_add(map, customer, other->values[ORDER_ID]);
	if (other->flags != BOUGHT_ONCE)
		bought(map, customer, BOUGHT_AGAIN);
}

/* repeat_rows_transfn(customer_map, customer_key): a row is a purchase */
Datum
repeat_rows_transfn(PG_FUNCTION_ARGS)
{
	RetState	state;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	ret_state_get(fcinfo, &rows_map, &state);
	ret_state_add(&state, PG_GETARG_CUSTOMER(1), 0);
	PG_RETURN_DATUM(state.datum);
}

Datum
repeat_rows_combine(PG_FUNCTION_ARGS)
{
	return ret_state_combine(fcinfo, &rows_map);
}

/* repeat_orders_transfn(customer_map, customer_key, customer_key): an order id is a purchase */
Datum
repeat_orders_transfn(PG_FUNCTION_ARGS)
{
	RetState	state;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	ret_state_get(fcinfo, &orders_map, &state);
	ret_state_add(&state, PG_GETARG_CUSTOMER(1), PG_GETARG_CUSTOMER(2));
	PG_RETURN_DATUM(state.datum);
}

Datum
repeat_orders_combine(PG_FUNCTION_ARGS)
{
	return ret_state_combine(fcinfo, &orders_map);
}

/* Return the share of the customers who bought again */
static Datum
repeat_final(FunctionCallInfo fcinfo, const RetMapDef *def)
{
	RetState	state;
	RetMap	   *map;
	int64		repeaters;

	(void) ret_agg_context(fcinfo);
	map = ret_state_read(fcinfo, 0, def, &state);
	repeaters = map->totals[REPEATERS];
	if (repeaters < 0 || repeaters > (int64) map->ncustomers)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("customer_map is inconsistent")));
	return ret_share(fcinfo, repeaters, map->ncustomers);
}

Datum
repeat_rows_finalfn(PG_FUNCTION_ARGS)
{
	return repeat_final(fcinfo, &rows_map);
}

Datum
repeat_orders_finalfn(PG_FUNCTION_ARGS)
{
	return repeat_final(fcinfo, &orders_map);
}

/*-------------------------------------------------------------------------
 * repeat_purchase_rate within an interval
 *-------------------------------------------------------------------------
 */

/* Keep the earliest two purchases */
static void
within_add(RetMap *map, RetCustomer *customer, int64 at)
{
	(void) map;
	if (customer->flags == 0)
	{
		customer->flags = BOUGHT_ONCE;
		customer->values[FIRST_AT] = at;
	}
	else if (at < customer->values[FIRST_AT])
	{
		customer->flags = BOUGHT_AGAIN;
		customer->values[SECOND_AT] = customer->values[FIRST_AT];
		customer->values[FIRST_AT] = at;
	}
	else if (customer->flags == BOUGHT_ONCE || at < customer->values[SECOND_AT])
	{
		customer->flags = BOUGHT_AGAIN;
		customer->values[SECOND_AT] = at;
	}
}

static void
within_merge(RetMap *map, RetCustomer *customer, const RetCustomer *other)
{
	within_add(map, customer, other->values[FIRST_AT]);
	if (other->flags != BOUGHT_ONCE)
		within_add(map, customer, other->values[SECOND_AT]);
}

/*
 * Set the interval of a map from its first row, check that others have the
 * same, and move the end of the data.  There is no map without rows, so a map
 * without an interval is one that is just being made.
 */
static void
within_set(RetMap *map, int64 time, int64 days, int64 end)
{
	int64	   *totals = map->totals;

	if (totals[WITHIN_TIME] == 0 && totals[WITHIN_DAYS] == 0)
	{
		totals[WITHIN_TIME] = time;
		totals[WITHIN_DAYS] = days;
		totals[DATA_END] = end;
	}
	else if (totals[WITHIN_TIME] != time || totals[WITHIN_DAYS] != days)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("within must be the same for all rows of a group"),
				 errhint("Pass a constant, or GROUP BY the column that is passed.")));
	totals[DATA_END] = Max(totals[DATA_END], end);
}

static void
within_merge_totals(RetMap *map, const int64 *other)
{
	within_set(map, other[WITHIN_TIME], other[WITHIN_DAYS], other[DATA_END]);
}

/* repeat_within_transfn(customer_map, customer_key, at, within): a row is a purchase */
static Datum
within_transfn(FunctionCallInfo fcinfo, Timestamp at)
{
	RetState	state;
	Interval   *within;
	int64		days;

	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("within must not be null"),
				 errhint("Pass a length of time such as '56 days'.")));
	within = PG_GETARG_INTERVAL_P(3);
	days = (int64) (((uint64) within->month << 32) | (uint32) within->day);

	ret_state_get(fcinfo, &within_map, &state);
	if (state.map->ncustomers == 0)
		ret_check_length(within, "within");
	within_set(state.map, within->time, days, at);
	ret_state_add(&state, PG_GETARG_CUSTOMER(1), at);
	PG_RETURN_DATUM(state.datum);
}

Datum
repeat_within_transfn_date(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	return within_transfn(fcinfo, ret_date_timestamp(PG_GETARG_DATEADT(2)));
}

Datum
repeat_within_transfn_timestamp(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	return within_transfn(fcinfo, ret_instant_timestamp(PG_GETARG_TIMESTAMP(2)));
}

Datum
repeat_within_combine(PG_FUNCTION_ARGS)
{
	return ret_state_combine(fcinfo, &within_map);
}

/*
 * Return the share of customers who bought again less than the interval after
 * their first purchase, among those whose first purchase is not later than the
 * end of the data minus the interval.  Adding an interval takes the calendar,
 * so it is only done for customers who bought again.
 */
static Datum
within_final(FunctionCallInfo fcinfo, bool zoned)
{
	RetState	state;
	RetMap	   *map;
	int64		days;
	Interval	within;
	Timestamp	latest;
	int64		eligible = 0;
	int64		returned = 0;

	(void) ret_agg_context(fcinfo);
	map = ret_state_read(fcinfo, 0, &within_map, &state);
	days = map->totals[WITHIN_DAYS];
	within.time = map->totals[WITHIN_TIME];
	within.day = (int32) (days & 0xFFFFFFFF);
	within.month = (int32) (days >> 32);
	latest = ret_minus_interval(map->totals[DATA_END], &within, zoned);
	for (uint64 i = 0; i < map->nslots; i++)
	{
		RetCustomer *customer = ret_map_slot(map, i);

		if ((i & 0x0FFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (customer->flags == 0 || customer->values[FIRST_AT] > latest)
			continue;
		eligible++;
		if (customer->flags != BOUGHT_ONCE)
			returned += customer->values[SECOND_AT] <
				ret_plus_interval(customer->values[FIRST_AT], &within, zoned);
	}
	return ret_share(fcinfo, returned, eligible);
}

Datum
repeat_within_finalfn(PG_FUNCTION_ARGS)
{
	return within_final(fcinfo, false);
}

Datum
repeat_within_finalfn_timestamptz(PG_FUNCTION_ARGS)
{
	return within_final(fcinfo, true);
}
