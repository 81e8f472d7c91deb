/*-------------------------------------------------------------------------
 *
 * rfm.c
 *	  Recency, frequency and monetary value of a customer: rfm_summary.
 *
 * rfm_summary reduces the purchases of a customer to what the purchase models
 * need.  A row with a negative amount is a refund and not a purchase.  It belongs
 * to the customer's latest purchase day that is not after it; if there is none,
 * to the first purchase day.  The results are computed from the purchase days
 * before the day of as_of:
 *
 *		frequency		number of days after the first
 *		recency			last day - first day
 *		age				last complete day (as_of - 1) - first day
 *		monetary_value	total of the days after the first / frequency
 *
 * So frequency x monetary_value is always the total of the days after the first.
 *
 * The state is a purchase_days, see purchase_days.c: the days with the exact
 * sums of the amounts.  So the result depends neither on the order of the rows
 * nor on the number of workers.  The final function walks the days once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/calendar.h"
#include "base/result.h"
#include "base/zone.h"
#include "family/purchase_days.h"
#include "store/money.h"

#define SUMMARY_FIELDS	8		/* columns of the result */

PG_FUNCTION_INFO_V1(rfm_summary_transfn_date);
PG_FUNCTION_INFO_V1(rfm_summary_transfn_timestamp);
PG_FUNCTION_INFO_V1(rfm_summary_transfn_timestamptz);
PG_FUNCTION_INFO_V1(rfm_summary_numeric_transfn_date);
PG_FUNCTION_INFO_V1(rfm_summary_numeric_transfn_timestamp);
PG_FUNCTION_INFO_V1(rfm_summary_numeric_transfn_timestamptz);
PG_FUNCTION_INFO_V1(rfm_summary_combine);
PG_FUNCTION_INFO_V1(rfm_summary_finalfn);

/*-------------------------------------------------------------------------
 * rfm_summary
 *-------------------------------------------------------------------------
 */

/* Check that as_of is on the same day as for the other rows of the group */
static void
check_as_of_day(const RetPurchaseDays *state, DateADT day)
{
	if (unlikely(state->as_of_day != day))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must be the same for all rows of a group"),
				 errhint("Pass a constant, or GROUP BY the column that is passed.")));
}

/* Get the state of the group, or make it; as_of is argument 3 */
static inline RetPurchaseDays *
get_state(FunctionCallInfo fcinfo, RetTimeKind kind)
{
	int64		as_of;
	RetPurchaseDays *state;

	if (unlikely(PG_ARGISNULL(3)))
		ret_reject_null_as_of();
	as_of = ret_instant(PG_GETARG_DATUM(3), kind);
	if (PG_ARGISNULL(0))
		return ret_purchase_days_begin(kind, as_of, ret_as_of_day(fcinfo->flinfo, as_of, kind));
	state = ret_purchase_days_get(fcinfo, 0, kind);
	if (unlikely(state->as_of != as_of))
		check_as_of_day(state, ret_as_of_day(fcinfo->flinfo, as_of, kind));
	return state;
}

/* A function that reads an amount, trying `scale` decimals first; true if it is a refund */
typedef bool (*ReadAmount) (Datum value, int scale, RetMoney *amount);

static inline bool
read_numeric(Datum value, int scale pg_attribute_unused(), RetMoney *amount)
{
	ret_money_read_numeric(value, amount);
	return ret_money_is_negative(amount);
}

static inline bool
read_double(Datum value, int scale, RetMoney *amount)
{
	double		x = DatumGetFloat8(value);

	ret_money_read_double_decimal(x, scale, amount);
	return x < 0;
}

/*
 * rfm_summary_transfn(purchase_days, at, amount, as_of)
 *		Add a purchase or a refund at a finite instant.  A row on the day of
 *		as_of or later is not added, but it does make the state of a new group,
 *		which keeps as_of.
 */
static pg_always_inline Datum
summary_transfn(FunctionCallInfo fcinfo, RetTimeKind kind, ReadAmount read_amount)
{
	int64		at;
	RetPurchaseDays *state;
	DateADT		day;
	RetMoney	amount = {0};
	bool		refund = false;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	at = ret_finite_instant(ret_instant(PG_GETARG_DATUM(1), kind), kind, false);
	state = get_state(fcinfo, kind);
	day = ret_instant_day(fcinfo->flinfo, at, kind);
	if (!PG_ARGISNULL(2))
		refund = read_amount(PG_GETARG_DATUM(2), state->scale, &amount);
	if (day < state->as_of_day)
		state = ret_purchase_days_add(state, day, &amount, refund);
	PG_RETURN_POINTER(state);
}

Datum
rfm_summary_transfn_date(PG_FUNCTION_ARGS)
{
	return summary_transfn(fcinfo, RET_DATE, read_double);
}

Datum
rfm_summary_transfn_timestamp(PG_FUNCTION_ARGS)
{
	return summary_transfn(fcinfo, RET_TIMESTAMP, read_double);
}

Datum
rfm_summary_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	return summary_transfn(fcinfo, RET_TIMESTAMPTZ, read_double);
}

Datum
rfm_summary_numeric_transfn_date(PG_FUNCTION_ARGS)
{
	return summary_transfn(fcinfo, RET_DATE, read_numeric);
}

Datum
rfm_summary_numeric_transfn_timestamp(PG_FUNCTION_ARGS)
{
	return summary_transfn(fcinfo, RET_TIMESTAMP, read_numeric);
}

Datum
rfm_summary_numeric_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	return summary_transfn(fcinfo, RET_TIMESTAMPTZ, read_numeric);
}

Datum
rfm_summary_combine(PG_FUNCTION_ARGS)
{
	RetPurchaseDays *a;
	RetPurchaseDays *b;

	(void) ret_agg_context(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	b = ret_purchase_days_get(fcinfo, 1, 0);
	ret_zone_check_number(b->zone);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(b);
	a = ret_purchase_days_get(fcinfo, 0, b->kind);
	ret_zone_check_number(a->zone);
	check_as_of_day(a, b->as_of_day);
	PG_RETURN_POINTER(ret_purchase_days_merge(a, b));
}

/*
 * Make a row of the result type.  Its description is remembered in fn_extra: for
 * a small group, looking it up would take longer than all the rest.
 */
static Datum
summary_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	tupdesc = fcinfo->flinfo->fn_extra;

	if (tupdesc == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		tupdesc = fcinfo->flinfo->fn_extra = ret_row_type(fcinfo, SUMMARY_FIELDS);
		MemoryContextSwitchTo(old);
	}
	return HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls));
}

/* What the days of a customer add up to */
typedef struct Walk
{
	int64		days;			/* days with a purchase */
	DateADT		first;			/* the first of these */
	DateADT		last;			/* the last of these */
	RetMoney	revenue;		/* sum of all amounts */
	RetMoney	repeated;		/* sum of the amounts from the second of these on */
} Walk;

/*
 * Walk the days in order.  A refund belongs to the latest purchase day that is
 * not after it; if there is none, to the first purchase day.
 */
static void
walk_days(const RetPurchaseDays *state, Walk *walk)
{
	memset(walk, 0, sizeof(Walk));
	for (int32 i = 0; i < state->ndays; i++)
	{
		const RetPurchaseDay *day = &state->days[i];
		RetMoney	total;

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (day->purchased)
		{
			if (walk->days++ == 0)
				walk->first = day->day;
			walk->last = day->day;
		}
		total = ret_purchase_day_total(state, day);
		ret_money_add(&walk->revenue, &total);
		if (walk->days > 1)
			ret_money_add(&walk->repeated, &total);
	}
}

/*
 * Return (frequency, recency, age, monetary_value, purchases, revenue,
 * first_day, last_day); NULL without purchases.
 */
Datum
rfm_summary_finalfn(PG_FUNCTION_ARGS)
{
	RetPurchaseDays *state;
	Walk		walk;
	Datum		values[SUMMARY_FIELDS];
	bool		nulls[SUMMARY_FIELDS] = {0};

	(void) ret_agg_context(fcinfo);
	state = ret_purchase_days_sorted(ret_purchase_days_get(fcinfo, 0, 0));
	ret_zone_check_number(state->zone);
	walk_days(state, &walk);
	if (walk.days == 0)
		PG_RETURN_NULL();
	nulls[3] = walk.days == 1;
	values[0] = Int64GetDatum(walk.days - 1);
	values[1] = Float8GetDatum((double) walk.last - walk.first);
	values[2] = Float8GetDatum((double) state->as_of_day - 1 - walk.first);
	values[3] = Float8GetDatum(nulls[3] ? 0 : ret_money_ratio(&walk.repeated, walk.days - 1));
	values[4] = Int64GetDatum(state->purchases);
	values[5] = Float8GetDatum(ret_money_double(&walk.revenue));
	values[6] = DateADTGetDatum(walk.first);
	values[7] = DateADTGetDatum(walk.last);
	return summary_row(fcinfo, values, nulls);
}
