/*-------------------------------------------------------------------------
 *
 * clv.c
 *	  What customers have brought in so far: clv and clv_summary.
 *
 * clv is the simple historic customer lifetime value
 *
 *		average purchase value x purchases per year x relationship in years
 *		= revenue / purchases x purchases / years x years / customers
 *
 * where years is the sum over customers of (last - first purchase), in years
 * of 365.25 days.  Each factor is a ratio of sums, and rate and length use the
 * same years, so the product is revenue / customers.
 *
 * A row with a negative amount is a refund.  It lowers the revenue and is not a
 * purchase, so it neither makes a customer nor lengthens the relationship.  A
 * refund belongs to a purchase: the refunds of a customer who has not bought are
 * kept with that customer, and become part of the revenue with their first
 * purchase.
 *
 * Amounts are added exactly (see money.h), as numeric or as double precision,
 * purchases and refunds separately.  So the state depends, to the last byte, on
 * the rows alone, not on their order or on how they are split among workers.
 * Whether a sum is too large depends on the rows alone, too.
 *
 * The state is a customer map: O(1) per row, and O(customers) for the summary,
 * which looks at each customer's times.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "utils/float.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/calendar.h"
#include "base/result.h"
#include "family/clv.h"
#include "store/counters.h"
#include "store/customer_key.h"
#include "store/customer_map.h"
#include "store/customer_sorted.h"
#include "store/customer_state.h"
#include "store/money.h"

#define SECS_PER_JULIAN_YEAR	(365.25 * SECS_PER_DAY)

/*
 * Flags of a customer: BOUGHT, or for a customer who has refunds but has not
 * bought, the scale of the refunds
 */
#define BOUGHT				1
#define DECIMAL_REFUNDS		2	/* plus the scale: 2 to 26 */
#define BINARY_REFUNDS		120	/* plus the scale: 52 to 188 */
#define FIRST_BINARY		50	/* from here on the refunds are binary */

/* values of a customer */
enum
{
	FIRST_AT = 0,				/* if BOUGHT, the earliest purchase */
	LAST_AT = 1,				/* if BOUGHT, the latest purchase */
	REFUND_HIGH = 0,			/* otherwise, the high half of the refunds */
	REFUND_LOW = 1				/* otherwise, the low half of the refunds */
};

/* totals of a map */
enum
{
	CUSTOMERS = 0,				/* customers who bought */
	PURCHASES = 1,				/* rows that are purchases */
	PURCHASED = 2,				/* a RetMoney: the sum of purchases, >= 0 */
	REFUNDED = 5,				/* a RetMoney: the sum of their refunds, <= 0 */
	NTOTALS = 8
};

StaticAssertDecl(sizeof(RetMoney) == 3 * sizeof(int64), "RetMoney must fit in totals");

PG_FUNCTION_INFO_V1(clv_transfn_date);
PG_FUNCTION_INFO_V1(clv_transfn_timestamp);
PG_FUNCTION_INFO_V1(clv_transfn_date_numeric);
PG_FUNCTION_INFO_V1(clv_transfn_timestamp_numeric);
PG_FUNCTION_INFO_V1(clv_combine);
PG_FUNCTION_INFO_V1(clv_finalfn);
PG_FUNCTION_INFO_V1(clv_summary_finalfn);
PG_FUNCTION_INFO_V1(simple_clv);
PG_FUNCTION_INFO_V1(clv_contractual);

static void add_purchase(RetMap *map, RetCustomer *customer, int64 at);
static void merge_customer(RetMap *map, RetCustomer *customer, const RetCustomer *other);
static void merge_totals(RetMap *map, const int64 *other);

/* Customers who have refunds but have not bought stay in a table */
static pg_always_inline void
times_fold_merge(RetFolded *customer, const RetFolded *other)
{
	customer->values[FIRST_AT] = Min(customer->values[FIRST_AT], other->values[FIRST_AT]);
	customer->values[LAST_AT] = Max(customer->values[LAST_AT], other->values[LAST_AT]);
}

#define RET_FOLD clv_fold
#define RET_FOLD_VALUES 2
#define RET_FOLD_MAX_FLAGS BOUGHT
#define RET_FOLD_ROW(c, row) \
	((c)->flags = BOUGHT, (c)->values[FIRST_AT] = (c)->values[LAST_AT] = (row)[1])
#define RET_FOLD_MERGE(c, other) times_fold_merge(c, other)
#include "store/customer_fold.h"

static const RetMapDef clv_map = {
	.kind = 5,
	.nvalues = 2,
	.ntotals = NTOTALS,
	.add = add_purchase,
	.merge = merge_customer,
	.merge_totals = merge_totals,
	.fold = &clv_fold
};

/* Get the sum of money that begins at total i */
static inline RetMoney *
total_money(int64 *totals, int i)
{
	return (RetMoney *) &totals[i];
}

/*-------------------------------------------------------------------------
 * Customers
 *-------------------------------------------------------------------------
 */

/* Get the refunds of a customer who has not bought */
static void
get_refunds(const RetCustomer *customer, RetMoney *refunds)
{
	bool		binary = customer->flags >= FIRST_BINARY;
	int			scale = customer->flags - (binary ? BINARY_REFUNDS : DECIMAL_REFUNDS);

	refunds->high = customer->values[REFUND_HIGH];
	refunds->low = customer->values[REFUND_LOW];
	refunds->form = RET_MONEY_FORM(scale, binary);
	if (!ret_money_is_valid(refunds) || !ret_money_is_negative(refunds))
		ret_map_inconsistent();
}

/* Add refunds: to the revenue if the customer has bought, else to the customer */
static void
add_refunds(RetMap *map, RetCustomer *customer, const RetMoney *refunds)
{
	RetMoney	sum = *refunds;

	if (customer->flags == BOUGHT)
	{
		ret_money_add(total_money(map->totals, REFUNDED), refunds);
		return;
	}
	if (customer->flags != 0)
	{
		get_refunds(customer, &sum);
		ret_money_add(&sum, refunds);
	}
	customer->values[REFUND_HIGH] = sum.high;
	customer->values[REFUND_LOW] = sum.low;
	customer->flags = ret_money_scale(&sum) +
		(ret_money_is_binary(&sum) ? BINARY_REFUNDS : DECIMAL_REFUNDS);
}

/* Count a customer as one who bought, and add their earlier refunds to the revenue */
static void
add_customer(RetMap *map, RetCustomer *customer, int64 at)
{
	if (customer->flags != 0)
	{
		RetMoney	refunds;

		get_refunds(customer, &refunds);
		ret_money_add(total_money(map->totals, REFUNDED), &refunds);
	}
	customer->flags = BOUGHT;
	customer->values[FIRST_AT] = customer->values[LAST_AT] = at;
	ret_counter_move(&map->totals[CUSTOMERS], 1);
}

/* Add a purchase to the times of a customer, who may be new */
static void
add_purchase(RetMap *map, RetCustomer *customer, int64 at)
{
	if (unlikely(customer->flags != BOUGHT))
		add_customer(map, customer, at);
	else if (at < customer->values[FIRST_AT])
		customer->values[FIRST_AT] = at;
	else if (at > customer->values[LAST_AT])
		customer->values[LAST_AT] = at;
}

static void
merge_customer(RetMap *map, RetCustomer *customer, const RetCustomer *other)
{
	if (other->flags == BOUGHT)
	{
		add_purchase(map, customer, other->values[FIRST_AT]);
		add_purchase(map, customer, other->values[LAST_AT]);
	}
	else
	{
		RetMoney	refunds;

		get_refunds(other, &refunds);
		add_refunds(map, customer, &refunds);
	}
}

/* Raise an error for totals that no rows can have made */
static void
check_totals(int64 *totals)
{
	const RetMoney *purchased = total_money(totals, PURCHASED);
	const RetMoney *refunded = total_money(totals, REFUNDED);

	if (totals[CUSTOMERS] < 0 || totals[PURCHASES] < totals[CUSTOMERS] ||
		!ret_money_is_valid(purchased) || ret_money_is_negative(purchased) ||
		!ret_money_is_valid(refunded) || !(ret_money_is_negative(refunded) || ret_money_is_zero(refunded)))
		ret_map_inconsistent();
}

/*
 * Add the totals of another map, except CUSTOMERS: both maps may have the same
 * customers, so these are counted when they are merged
 */
static void
merge_totals(RetMap *map, const int64 *other)
{
	int64		totals[NTOTALS];

	memcpy(totals, other, sizeof(totals));
	check_totals(totals);
	ret_counter_move(&map->totals[PURCHASES], totals[PURCHASES]);
	ret_money_add(total_money(map->totals, PURCHASED), total_money(totals, PURCHASED));
	ret_money_add(total_money(map->totals, REFUNDED), total_money(totals, REFUNDED));
}

/*-------------------------------------------------------------------------
 * Rows
 *-------------------------------------------------------------------------
 */

/*
 * clv_transfn(customer_map, customer_key, at, amount)
 *		Add a purchase, or a refund if the amount is negative.  A row with a null
 *		amount is a purchase that adds no revenue.
 */
static pg_always_inline Datum
clv_transfn(FunctionCallInfo fcinfo, Timestamp at, bool numeric)
{
	RetMapState	state;
	RetMoney	amount = {0};
	int64	   *totals;

	if (!PG_ARGISNULL(3))
	{
		if (numeric)
			ret_money_read_numeric(PG_GETARG_DATUM(3), &amount);
		else
			ret_money_read_double(PG_GETARG_FLOAT8(3), &amount);
	}
	ret_state_get(fcinfo, &clv_map, &state);
	if (unlikely(ret_money_is_negative(&amount)))
	{
		RetCustomer *customer = ret_state_enter(&state, PG_GETARG_CUSTOMER(1));

		add_refunds(state.map, customer, &amount);
		PG_RETURN_DATUM(state.datum);
	}
	totals = state.map->totals;
	ret_counter_move(&totals[PURCHASES], 1);
	ret_money_add(total_money(totals, PURCHASED), &amount);
	ret_state_add(&state, PG_GETARG_CUSTOMER(1), at);
	PG_RETURN_DATUM(state.datum);
}

static pg_always_inline Datum
clv_transfn_date_of(FunctionCallInfo fcinfo, bool numeric)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	return clv_transfn(fcinfo, ret_date_timestamp(PG_GETARG_DATEADT(2)), numeric);
}

static pg_always_inline Datum
clv_transfn_timestamp_of(FunctionCallInfo fcinfo, bool numeric)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	return clv_transfn(fcinfo, ret_instant_timestamp(PG_GETARG_TIMESTAMP(2)), numeric);
}

Datum
clv_transfn_date(PG_FUNCTION_ARGS)
{
	return clv_transfn_date_of(fcinfo, false);
}

Datum
clv_transfn_date_numeric(PG_FUNCTION_ARGS)
{
	return clv_transfn_date_of(fcinfo, true);
}

Datum
clv_transfn_timestamp(PG_FUNCTION_ARGS)
{
	return clv_transfn_timestamp_of(fcinfo, false);
}

Datum
clv_transfn_timestamp_numeric(PG_FUNCTION_ARGS)
{
	return clv_transfn_timestamp_of(fcinfo, true);
}

Datum
clv_combine(PG_FUNCTION_ARGS)
{
	return ret_state_combine(fcinfo, &clv_map);
}

/*-------------------------------------------------------------------------
 * Results
 *-------------------------------------------------------------------------
 */

/* Read the state in argument 0, and compute the revenue of its customers */
static RetMap *
clv_read(FunctionCallInfo fcinfo, RetMapState *state, RetMoney *revenue)
{
	RetMap	   *map;

	(void) ret_agg_context(fcinfo);
	map = ret_state_read(fcinfo, 0, &clv_map, state);
	check_totals(map->totals);
	if (map->totals[CUSTOMERS] > ret_state_customers(state))
		ret_map_inconsistent();
	*revenue = *total_money(map->totals, PURCHASED);
	ret_money_add(revenue, total_money(map->totals, REFUNDED));
	return map;
}

/* Return revenue / customers; NULL if nobody bought */
Datum
clv_finalfn(PG_FUNCTION_ARGS)
{
	RetMapState	state;
	RetMoney	revenue;
	RetMap	   *map = clv_read(fcinfo, &state, &revenue);

	if (map->totals[CUSTOMERS] == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(ret_money_ratio(&revenue, map->totals[CUSTOMERS]));
}

/*
 * Add up (last - first purchase) over the customers, in seconds.  Whole seconds
 * and microseconds are added as integers, so the sum is exact in any order.
 */
static double
relationship_seconds(const RetMapState *state)
{
	RetWalk		walk;
	const RetCustomer *customer;
	uint64		seconds = 0;
	uint64		microseconds = 0;

	ret_walk_begin(&walk, state->lists, state->map);
	while ((customer = ret_walk_next(&walk)) != NULL)
	{
		if (customer->flags == BOUGHT)
		{
			uint64		span = (uint64) customer->values[LAST_AT] -
				(uint64) customer->values[FIRST_AT];

			seconds += span / USECS_PER_SEC;
			microseconds += span % USECS_PER_SEC;
		}
	}
	return (double) seconds + microseconds / 1e6;
}

/*
 * Return (customers, purchases, revenue, average_purchase_value,
 * purchases_per_year, relationship_years, clv) of at least one customer, given
 * the sum of the times between first and last purchase.  If nobody bought at two
 * different times, rate and length are NULL.
 */
Datum
ret_clv_summary_row(FunctionCallInfo fcinfo, int64 customers, int64 purchases,
					const RetMoney *revenue, double seconds)
{
	double		years = seconds / SECS_PER_JULIAN_YEAR;
	RetRow		row = {0};

	ret_put_bigint(&row, customers);
	ret_put_bigint(&row, purchases);
	ret_put_double(&row, ret_money_double(revenue));
	ret_put_double(&row, ret_money_ratio(revenue, purchases));
	ret_put_double(&row, years > 0 ? (double) purchases / years : get_float8_nan());
	ret_put_double(&row, years > 0 ? years / (double) customers : get_float8_nan());
	ret_put_double(&row, ret_money_ratio(revenue, customers));
	return ret_finished_row(fcinfo, &row);
}

/* Return the row of a state; NULL if nobody bought */
Datum
clv_summary_finalfn(PG_FUNCTION_ARGS)
{
	RetMapState	state;
	RetMoney	revenue;
	RetMap	   *map = clv_read(fcinfo, &state, &revenue);

	if (map->totals[CUSTOMERS] == 0)
		PG_RETURN_NULL();
	return ret_clv_summary_row(fcinfo, map->totals[CUSTOMERS], map->totals[PURCHASES], &revenue,
							   relationship_seconds(&state));
}

/*-------------------------------------------------------------------------
 * Values by formula
 *-------------------------------------------------------------------------
 */

/*
 * simple_clv(average_purchase_value, purchases_per_year, relationship_years)
 *		Multiply the three.
 */
Datum
simple_clv(PG_FUNCTION_ARGS)
{
	return ret_finite_result(ret_finite_arg(fcinfo, 0, "average_purchase_value") *
						 ret_finite_arg(fcinfo, 1, "purchases_per_year") *
						 ret_finite_arg(fcinfo, 2, "relationship_years"));
}

/*
 * Compute the denominator 1 + d - r.  With a negative discount it is a
 * difference of two rounded numbers, so it counts as 0 if it is within the
 * rounding error of 0.
 */
static double
value_rest(double retention, double discount)
{
	double		rest = retention == 1 ? discount : 1 + discount - retention;

	if (discount < 0 && fabs(rest) <= DBL_EPSILON)
		return 0;
	return rest;
}

/* When the margin of a period is paid: the choices of the argument payment */
enum
{
	FIRST_INCLUDED,
	FIRST_EXCLUDED,
	END_OF_PERIOD,
	NPAYMENTS
};

static const char *const payments[] = {"first_included", "first_excluded", "end_of_period"};

/*
 * Compute the value of a customer with margin m per period, constant retention
 * r from period to period and discount d per period (Fader and Hardie, note
 * 024, "Reconciling and Clarifying CLV Formulas"), as the sum over t of
 *
 *		first_included	m r^t / (1+d)^t			from t = 0: m (1+d) / (1+d-r)
 *		first_excluded	m r^t / (1+d)^t			from t = 1: m r / (1+d-r)
 *		end_of_period	m r^(t-1) / (1+d)^t		from t = 1: m / (1+d-r)
 */
static Datum
contractual_value(FunctionCallInfo fcinfo, double margin, double retention,
				  double discount, int payment)
{
	double		rest = value_rest(retention, discount);

	if (payment == FIRST_INCLUDED)
		return ret_ratio(fcinfo, margin * (1 + discount), rest);
	return ret_ratio(fcinfo, payment == FIRST_EXCLUDED ? margin * retention : margin, rest);
}

/*
 * clv_contractual(margin, retention_rate, annual_discount, payment,
 *				   periods_per_year)
 *		Compute the sum above; margin and retention_rate are per period.  Where
 *		the sum is infinite, the result is NULL if the denominator is 0, as for
 *		a rate of 1 without discount, and error 22023 if it is negative, as for
 *		a negative discount that outweighs the losses.
 */
Datum
clv_contractual(PG_FUNCTION_ARGS)
{
	double		margin;
	double		retention;
	double		discount = expm1(ret_log_discount(fcinfo, 2, 4));
	int			payment = ret_get_choice(fcinfo, 3, "payment", payments, NPAYMENTS);

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();

	margin = ret_finite_arg(fcinfo, 0, "margin");
	retention = ret_finite_arg(fcinfo, 1, "retention_rate");
	if (retention < 0 || retention > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("retention_rate must be between 0 and 1"),
				 errdetail("The value is %g.", retention),
				 errhint("Rates are fractions: 0.8, not 80.")));
	if (value_rest(retention, discount) < 0)
		ret_infinite_value();
	return contractual_value(fcinfo, margin, retention, discount, payment);
}
