/*-------------------------------------------------------------------------
 *
 * mrr.c
 *	  Monthly recurring revenue (MRR) of a customer_subscriptions: mrr_table,
 *	  mrr_movements, mrr and subscribers; and monthly_amount.
 *
 * The MRR of a period is that at the end of its last day.  With m0 the MRR of a
 * customer at the end of the period before, and m1 at the end of this one:
 *
 *		new				m0 = 0 < m1, and the customer never paid before the period
 *		reactivation	m0 = 0 < m1, and they did
 *		expansion		m1 - m0 > 0, m0 > 0
 *		contraction		m0 - m1 > 0, m1 > 0
 *		churn			m0 > 0 = m1
 *
 * Movements are net, of a period as a whole, or daily: those of each day, summed
 * over the days of a period.  A customer adds to a period only what changes in
 * it, so closing = opening + new + reactivation + expansion - contraction - churn
 * is how the MRR of a period is computed.
 *
 * Retention compares the end of the period with the end of the one before, so it
 * follows from the net movements, whichever are shown.
 *
 * Cost: O(segments + periods).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

#include "base/args.h"
#include "base/calendar.h"
#include "family/mrr.h"
#include "store/money.h"

static const char *const movements[] = {"new", "reactivation", "expansion", "contraction", "churn"};

typedef enum Movement
{
	MOVED_NEW,
	MOVED_BACK,
	MOVED_UP,
	MOVED_DOWN,
	MOVED_OUT
} Movement;

#define NMOVEMENTS	lengthof(movements)

/* The movements of a period, each with an amount of at least 0 in units of the value's scale */
typedef struct Movements
{
	int128		mrr[NMOVEMENTS];
	int64		customers[NMOVEMENTS];
} Movements;

/* The movements of all periods of a table */
typedef struct Bridge
{
	RetMrrTable table;
	Movements  *net;			/* by period, counted from 0 */
	Movements  *daily;			/* the same, NULL if they are not to be shown */
} Bridge;

/* What mrr_movements is asked for */
typedef struct Asked
{
	RetBounds	during;			/* of an end that is known */
	int			movement;		/* the only movement to show, or -1 */
	Datum		names[NMOVEMENTS];	/* the movements as text */
} Asked;

PG_FUNCTION_INFO_V1(mrr_table);
PG_FUNCTION_INFO_V1(mrr_movements);
PG_FUNCTION_INFO_V1(mrr);
PG_FUNCTION_INFO_V1(subscribers);
PG_FUNCTION_INFO_V1(monthly_amount);

/*-------------------------------------------------------------------------
 * What all tables need
 *-------------------------------------------------------------------------
 */

/* Get the option grace: a number of days, at least 0 */
int32
ret_grace_arg(FunctionCallInfo fcinfo, int argno)
{
	ret_reject_null_option(fcinfo, argno, "grace");
	ret_check_at_least(PG_GETARG_INT32(argno), 0, "grace",
					   "Pass the longest pause, in days, after which a customer has not left.");
	return PG_GETARG_INT32(argno);
}

/*
 * Open the value in argument 0 for a table with the arguments period and as_of,
 * and grace, since and origin, whose numbers follow `period` and `grace`.  Returns
 * false if the value is null.
 */
bool
ret_mrr_open(FunctionCallInfo fcinfo, int period, int grace, RetMrrTable *table)
{
	RetPeriods *periods = &table->periods;
	RetSubscriptionsReader *reader = &table->reader;
	int32		days;
	int64		since;

	ret_periods_get(fcinfo, period, period + 1, grace + 2, periods);
	days = ret_grace_arg(fcinfo, grace);
	since = ret_get_day(fcinfo, grace + 1, "since", RET_INSTANT_MIN);
	if (PG_ARGISNULL(0))
		return false;

	ret_subscriptions_open(reader, PG_GETARG_DATUM(0));
	/* contracts that have not started say nothing, and ends may lie years ahead */
	if (periods->as_of == RET_INSTANT_MIN)
		periods->as_of = (int64) reader->last_start + 1;
	reader->as_of = periods->as_of;
	reader->grace = days;
	ret_periods_open(periods, reader->walk.first,
					 (DateADT) Max(reader->walk.first, Min(reader->walk.last, periods->as_of - 1)));
	table->first_shown = ret_first_bin(&periods->bins, since);
	table->begin = periods->n;
	return true;
}

/* Read the next customer; false if there is none */
bool
ret_mrr_next(RetMrrTable *table)
{
	int64		begin;

	CHECK_FOR_INTERRUPTS();
	if (!ret_subscriptions_next(&table->reader))
		return false;
	begin = ret_bin_of(&table->periods.bins, table->reader.segments[0].from) - table->periods.first;
	table->begin = Min(table->begin, begin);
	return true;
}

/* Put an amount with the decimals that the value needs */
void
ret_put_mrr(RetRow *row, const RetSubscriptionsReader *reader, int128 units)
{
	ret_put_datum(row, ret_amount_shown(units, reader->walk.scale, reader->least_scale));
}

/* Put the ratio of two amounts, or of two counts; NULL unless rated, and if the second is 0 */
void
ret_put_mrr_ratio(RetRow *row, int128 units, int128 whole, bool rated)
{
	if (rated && whole > 0)
		ret_put_double(row, ret_amount_quotient(units, whole));
	else
		ret_put_null(row);
}

/*-------------------------------------------------------------------------
 * mrr_table
 *-------------------------------------------------------------------------
 */

/* Name the movement between two different amounts; first: did the customer not pay before? */
static Movement
name_movement(int64 before, int64 now, bool first)
{
	if (before == 0)
		return first ? MOVED_NEW : MOVED_BACK;
	if (now == 0)
		return MOVED_OUT;
	return now > before ? MOVED_UP : MOVED_DOWN;
}

/* Add the movement between two amounts to those of a period */
static inline void
add_movement(Movements *period, int64 before, int64 now, bool first)
{
	Movement	movement;

	if (before == now)
		return;
	movement = name_movement(before, now, first);
	period->mrr[movement] += now > before ? now - before : before - now;
	period->customers[movement]++;
}

/* Enter the movements between the ends of periods of the customer that was read */
static void
enter_net(const Bridge *bridge)
{
	const RetSubscriptionsReader *reader = &bridge->table.reader;
	const RetPeriods *periods = &bridge->table.periods;
	int64		paid = 0;		/* first period in which the customer paid */
	int64		before = 0;		/* MRR at the end of the period before `next` */
	int64		next = -1;		/* period after the last at whose end the customer paid; -1: none yet */

	for (int64 i = 0; i < reader->nsegments; i++)
	{
		int64		first;
		int64		last;

		ret_mrr_closings(periods, &reader->segments[i], &first, &last);
		if (i == 0)
			paid = first;
		if (first > last)
			continue;
		if (next >= 0 && next < first)
		{
			add_movement(&bridge->net[next], before, 0, false);
			before = 0;
		}
		add_movement(&bridge->net[first], before, reader->segments[i].mrr, next < 0 && first == paid);
		before = reader->segments[i].mrr;
		next = last + 1;
	}
	if (next >= 0 && next < periods->n)
		add_movement(&bridge->net[next], before, 0, false);
}

/* Enter the movements between the ends of days of the customer that was read */
static void
enter_daily(const Bridge *bridge)
{
	const RetSubscriptionsReader *reader = &bridge->table.reader;
	const RetPeriods *periods = &bridge->table.periods;

	for (int64 i = 0; i < reader->nsegments; i++)
	{
		const RetSegment *segment = &reader->segments[i];
		bool		adjoins = i > 0 && segment[-1].to == segment->from;
		bool		adjoined = i + 1 < reader->nsegments && segment[1].from == segment->to;

		add_movement(&bridge->daily[ret_bin_of(&periods->bins, segment->from) - periods->first],
					 adjoins ? segment[-1].mrr : 0, segment->mrr, i == 0);
		if (!adjoined && segment->to != RET_STILL_RUNNING)
			add_movement(&bridge->daily[ret_bin_of(&periods->bins, (DateADT) segment->to) - periods->first],
						 segment->mrr, 0, false);
	}
}

/* Put the columns of a period after its start; returns its closing MRR and customers */
static void
put_period(RetRow *row, const Bridge *bridge, int64 i, int128 *mrr, int64 *customers)
{
	const RetSubscriptionsReader *reader = &bridge->table.reader;
	const Movements *net = &bridge->net[i];
	const Movements *shown = bridge->daily ? &bridge->daily[i] : net;
	bool		complete = ret_mrr_complete(&bridge->table, i);
	int128		opening = *mrr;
	int64		opening_customers = *customers;
	int128		kept = opening - net->mrr[MOVED_DOWN] - net->mrr[MOVED_OUT];

	*mrr = kept + net->mrr[MOVED_NEW] + net->mrr[MOVED_BACK] + net->mrr[MOVED_UP];
	*customers = opening_customers + net->customers[MOVED_NEW] + net->customers[MOVED_BACK] -
		net->customers[MOVED_OUT];

	ret_put_mrr(row, reader, opening);
	for (int m = 0; m < (int) NMOVEMENTS; m++)
		ret_put_mrr(row, reader, shown->mrr[m]);
	ret_put_mrr(row, reader, *mrr);
	ret_put_bigint(row, opening_customers);
	for (int m = 0; m < (int) NMOVEMENTS; m++)
		ret_put_bigint(row, shown->customers[m]);
	ret_put_bigint(row, *customers);
	ret_put_mrr_ratio(row, kept, opening, complete);
	ret_put_mrr_ratio(row, kept + net->mrr[MOVED_UP], opening, complete);
	ret_put_mrr_ratio(row, opening_customers - net->customers[MOVED_OUT], opening_customers, complete);
	ret_put_mrr_ratio(row, shown->mrr[MOVED_NEW] + shown->mrr[MOVED_BACK] + shown->mrr[MOVED_UP],
					  shown->mrr[MOVED_DOWN] + shown->mrr[MOVED_OUT], complete);
	if (complete && *customers > 0)
		ret_put_double(row, ret_amount_ratio(*mrr, reader->walk.scale, *customers));
	else
		ret_put_null(row);
	ret_put_boolean(row, complete);
}

/* Return the rows of mrr_table */
static void
put_bridge(FunctionCallInfo fcinfo, const Bridge *bridge)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const RetMrrTable *table = &bridge->table;
	int128		mrr = 0;
	int64		customers = 0;

	for (int64 i = table->begin; i < table->periods.n; i++)
	{
		RetRow		row = {0};
		int64		bin = table->periods.first + i;

		CHECK_FOR_INTERRUPTS();
		/* without its start, which may be no date where it is not to be shown */
		if (bin < table->first_shown)
		{
			put_period(&row, bridge, i, &mrr, &customers);
			continue;
		}
		ret_put_datum(&row, ret_bin_date(&table->periods.bins, bin));
		put_period(&row, bridge, i, &mrr, &customers);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row.values, row.nulls);
	}
}

/* Make room for the movements of all periods */
static Movements *
make_movements(const RetPeriods *periods)
{
	return palloc_extended(Max(periods->n, 1) * sizeof(Movements), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/*
 * mrr_table(subscriptions, period, as_of, movements, grace, since, origin)
 */
Datum
mrr_table(PG_FUNCTION_ARGS)
{
	static const char *const modes[] = {"net", "daily"};
	Bridge		bridge = {0};
	bool		daily;

	InitMaterializedSRF(fcinfo, 0);
	daily = ret_get_choice(fcinfo, 3, "movements", modes, lengthof(modes)) == 1;
	if (!ret_mrr_open(fcinfo, 1, 4, &bridge.table))
		return (Datum) 0;
	bridge.net = make_movements(&bridge.table.periods);
	if (daily)
		bridge.daily = make_movements(&bridge.table.periods);
	while (ret_mrr_next(&bridge.table))
	{
		enter_net(&bridge);
		if (daily)
			enter_daily(&bridge);
	}
	put_bridge(fcinfo, &bridge);
	return (Datum) 0;
}

/*-------------------------------------------------------------------------
 * mrr_movements
 *-------------------------------------------------------------------------
 */

/* Put the customer that was read into the result, if they moved as is asked for */
static void
put_mover(ReturnSetInfo *rsinfo, const RetSubscriptionsReader *reader, const Asked *asked)
{
	bool		first = reader->segments[0].from >= asked->during.lower;
	int64		opening = first ? 0 : ret_subscriptions_mrr(reader, asked->during.lower - 1);
	int64		closing = ret_subscriptions_mrr(reader, asked->during.upper - 1);
	Movement	movement;
	RetRow		row = {0};

	if (opening == closing)
		return;
	movement = name_movement(opening, closing, first);
	if (asked->movement >= 0 && movement != (Movement) asked->movement)
		return;
	ret_put_bigint(&row, reader->walk.customer);
	ret_put_datum(&row, asked->names[movement]);
	ret_put_mrr(&row, reader, opening);
	ret_put_mrr(&row, reader, closing);
	ret_put_mrr(&row, reader, (int128) closing - opening);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row.values, row.nulls);
	for (int column = 2; column < row.n; column++)
		pfree(DatumGetPointer(row.values[column]));
}

/*
 * mrr_movements(subscriptions, during, movement, grace)
 *		Compares the end of the day before the range, or nothing if it has no
 *		beginning, with the end of its last day; of a range without an end, the day
 *		of the last start.
 */
Datum
mrr_movements(PG_FUNCTION_ARGS)
{
	RetSubscriptionsReader reader;
	Asked		asked = {0};
	int32		grace;

	InitMaterializedSRF(fcinfo, 0);
	asked.movement = PG_ARGISNULL(2) ? -1 : ret_get_choice(fcinfo, 2, "movement", movements, NMOVEMENTS);
	grace = ret_grace_arg(fcinfo, 3);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	for (int m = 0; m < (int) NMOVEMENTS; m++)
		asked.names[m] = CStringGetTextDatum(movements[m]);
	ret_bounds_get(&asked.during, PG_GETARG_DATUM(1));
	ret_subscriptions_open(&reader, PG_GETARG_DATUM(0));
	ret_subscriptions_order(&reader);
	reader.grace = grace;
	if (asked.during.upper == RET_INSTANT_MAX)
		asked.during.upper = (int64) reader.last_start + 1;
	if (asked.during.lower >= asked.during.upper)
		return (Datum) 0;
	while (ret_subscriptions_next(&reader))
	{
		put_mover((ReturnSetInfo *) fcinfo->resultinfo, &reader, &asked);
		CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}

/*-------------------------------------------------------------------------
 * Numbers
 *-------------------------------------------------------------------------
 */

/*
 * Add up the MRR, in units of the value's scale, and the customers at the end of
 * the day in argument 1, by default that of the last start.  Returns false if the
 * value in argument 0 is null.
 */
static bool
read_day(FunctionCallInfo fcinfo, RetSubscriptionsReader *reader, int128 *mrr, int64 *customers)
{
	int64		day = 0;

	if (!PG_ARGISNULL(1))
		day = ret_finite_date(PG_GETARG_DATEADT(1), "at");
	if (PG_ARGISNULL(0))
		return false;
	ret_subscriptions_open(reader, PG_GETARG_DATUM(0));
	if (PG_ARGISNULL(1))
		day = reader->last_start;
	*mrr = 0;
	*customers = 0;
	while (ret_subscriptions_next(reader))
	{
		int64		units = ret_subscriptions_mrr(reader, day);

		*mrr += units;
		*customers += units > 0;
		CHECK_FOR_INTERRUPTS();
	}
	return true;
}

/* mrr(subscriptions, at) */
Datum
mrr(PG_FUNCTION_ARGS)
{
	RetSubscriptionsReader reader;
	int128		units;
	int64		customers;

	if (!read_day(fcinfo, &reader, &units, &customers))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(ret_amount_shown(units, reader.walk.scale, reader.least_scale));
}

/* subscribers(subscriptions, at) */
Datum
subscribers(PG_FUNCTION_ARGS)
{
	RetSubscriptionsReader reader;
	int128		units;
	int64		customers;

	if (!read_day(fcinfo, &reader, &units, &customers))
		PG_RETURN_NULL();
	PG_RETURN_INT64(customers);
}

/*
 * monthly_amount(amount, term)
 *		Divides an amount by the months of its term, of which one has 365.25 / 12 =
 *		487/16 days.  With amount / months = p / q, the result is (2 p 10^4 + q) / 2 q,
 *		cut to a whole number, / 10^4: rounded once, however long the amount is.
 */
Datum
monthly_amount(PG_FUNCTION_ARGS)
{
	Numeric		amount = PG_GETARG_NUMERIC(0);
	const Interval *term = PG_GETARG_INTERVAL_P(1);
	int64		times;
	int64		months;
	Datum		size;
	Datum		sign;

	ret_check_period(term, "term");
	if (numeric_is_nan(amount) || numeric_is_inf(amount))
		ret_reject_infinite("amount", "Pass NULL for an amount that is not known.");
	times = term->month != 0 ? 1 : 487;
	months = term->month != 0 ? term->month : INT64CONST(16) * term->day;
	sign = DirectFunctionCall1(numeric_sign, NumericGetDatum(amount));
	size = DirectFunctionCall1(numeric_abs, NumericGetDatum(amount));
	size = DirectFunctionCall2(numeric_mul, size, NumericGetDatum(int64_to_numeric(20000 * times)));
	size = DirectFunctionCall2(numeric_add, size, NumericGetDatum(int64_to_numeric(months)));
	size = DirectFunctionCall2(numeric_div_trunc, size, NumericGetDatum(int64_to_numeric(2 * months)));
	size = DirectFunctionCall2(numeric_mul, size, NumericGetDatum(int64_div_fast_to_numeric(1, 4)));
	PG_RETURN_DATUM(DirectFunctionCall2(numeric_mul, size, sign));
}
