/*-------------------------------------------------------------------------
 *
 * repeat.c
 *	  Who buys again: repeat_purchase_rate.
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

#include "base/aggregate.h"
#include "base/args.h"
#include "base/calendar.h"
#include "base/result.h"
#include "base/span.h"
#include "store/counters.h"
#include "store/customer_key.h"
#include "store/customer_map.h"
#include "store/customer_sorted.h"
#include "store/customer_state.h"

/* flags of a customer of repeat_purchase_rate */
#define BOUGHT_ONCE		1
#define BOUGHT_AGAIN	2

/* total of a map by rows or by order ids: customers with flags = BOUGHT_AGAIN */
#define REPEATERS		0

/* value of a customer by order ids: the first one seen */
#define ORDER_ID		0

/* values of a customer by times */
enum
{
	FIRST_AT,					/* the earliest purchase */
	SECOND_AT,					/* the second earliest */
	NTIMES
};

/* totals of a map by times */
enum
{
	WITHIN_TIME,				/* the interval's microseconds */
	WITHIN_DAYS,				/* its months (high half) and days */
	DATA_END,					/* the last time in the data */
	NTOTALS
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

#define RET_FOLD rows_fold
#define RET_FOLD_VALUES 0
#define RET_FOLD_MAX_FLAGS BOUGHT_AGAIN
#define RET_FOLD_ROW(c, row) ((void) (row), (c)->flags = BOUGHT_ONCE)
#define RET_FOLD_MERGE(c, other) ((void) (other), (c)->flags = BOUGHT_AGAIN)
#include "store/customer_fold.h"

static const RetMapDef rows_map = {
	.kind = 2,
	.ntotals = 1,
	.add = rows_add,
	.merge = rows_merge,
	.fold = &rows_fold
};

/* The order id of the earlier row stays */
static pg_always_inline void
orders_fold_merge(RetFolded *customer, const RetFolded *other)
{
	bool		same_order = (customer->flags == BOUGHT_ONCE) & (other->flags == BOUGHT_ONCE) &
		(customer->values[ORDER_ID] == other->values[ORDER_ID]);

	customer->flags = same_order ? BOUGHT_ONCE : BOUGHT_AGAIN;
}

#define RET_FOLD orders_fold
#define RET_FOLD_VALUES 1
#define RET_FOLD_MAX_FLAGS BOUGHT_AGAIN
#define RET_FOLD_ROW(c, row) ((c)->flags = BOUGHT_ONCE, (c)->values[ORDER_ID] = (row)[1])
#define RET_FOLD_MERGE(c, other) orders_fold_merge(c, other)
#include "store/customer_fold.h"

static const RetMapDef orders_map = {
	.kind = 3,
	.nvalues = 1,
	.ntotals = 1,
	.add = orders_add,
	.merge = orders_merge,
	.fold = &orders_fold
};

/* Keep the earliest two of up to four purchases, without a branch */
static pg_always_inline void
within_fold_merge(RetFolded *customer, const RetFolded *other)
{
	int64		second = customer->flags == BOUGHT_ONCE ? PG_INT64_MAX : customer->values[SECOND_AT];
	int64		other_second = other->flags == BOUGHT_ONCE ? PG_INT64_MAX : other->values[SECOND_AT];
	int64		later = Max(customer->values[FIRST_AT], other->values[FIRST_AT]);

	customer->flags = BOUGHT_AGAIN;
	customer->values[FIRST_AT] = Min(customer->values[FIRST_AT], other->values[FIRST_AT]);
	customer->values[SECOND_AT] = Min(later, Min(second, other_second));
}

#define RET_FOLD within_fold
#define RET_FOLD_VALUES 2
#define RET_FOLD_MAX_FLAGS BOUGHT_AGAIN
#define RET_FOLD_ROW(c, row) \
	((c)->flags = BOUGHT_ONCE, (c)->values[FIRST_AT] = (row)[1], (c)->values[SECOND_AT] = 0)
#define RET_FOLD_MERGE(c, other) within_fold_merge(c, other)
#include "store/customer_fold.h"

static const RetMapDef within_map = {
	.kind = 4,
	.nvalues = NTIMES,
	.ntotals = NTOTALS,
	.add = within_add,
	.merge = within_merge,
	.merge_totals = within_merge_totals,
	.fold = &within_fold
};

/*-------------------------------------------------------------------------
 * repeat_purchase_rate by rows and by order ids
 *-------------------------------------------------------------------------
 */

/* Note that a customer bought once, or again, unless that is known already */
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
	RetMapState	state;

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
	RetMapState	state;

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
	RetMapState	state;
	int64		repeaters;
	int64		customers;

	(void) ret_agg_context(fcinfo);
	repeaters = ret_state_read(fcinfo, 0, def, &state)->totals[REPEATERS];
	customers = ret_state_customers(&state);
	if (repeaters < 0 || repeaters > customers)
		ret_map_inconsistent();
	return ret_share(fcinfo, repeaters, customers);
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

/* Pack the months and the days of an interval into a total of a map */
static int64
pack_days(const Interval *interval)
{
	return (int64) (((uint64) interval->month << 32) | (uint32) interval->day);
}

/* Get the interval in the totals of a map */
static void
unpack_interval(const int64 *totals, Interval *interval)
{
	interval->time = totals[WITHIN_TIME];
	interval->day = (int32) (totals[WITHIN_DAYS] & 0xFFFFFFFF);
	interval->month = (int32) (totals[WITHIN_DAYS] >> 32);
}

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
	RetMapState	state;
	Interval   *within;

	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("within must not be null"),
				 errhint("Pass a length of time such as '56 days'.")));
	within = PG_GETARG_INTERVAL_P(3);

	ret_state_get(fcinfo, &within_map, &state);
	if (state.map->totals[WITHIN_TIME] == 0 && state.map->totals[WITHIN_DAYS] == 0)
		ret_check_length(within, "within");
	within_set(state.map, within->time, pack_days(within), at);
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
	RetMapState	state;
	RetMap	   *map;
	RetWalk		walk;
	const RetCustomer *customer;
	Interval	within;
	Timestamp	latest;
	int64		eligible = 0;
	int64		returned = 0;

	(void) ret_agg_context(fcinfo);
	map = ret_state_read(fcinfo, 0, &within_map, &state);
	unpack_interval(map->totals, &within);
	latest = ret_minus_interval(map->totals[DATA_END], &within, zoned);
	ret_walk_begin(&walk, state.lists, map);
	while ((customer = ret_walk_next(&walk)) != NULL)
	{
		if (customer->values[FIRST_AT] > latest)
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
