/*-------------------------------------------------------------------------
 *
 * states.c
 *	  Lists of customers: customer_states, who is new, retained, resurrected,
 *	  churned or dormant in a period, and rfm_table.
 *
 * The states are those of lifecycle_table.  With p the period and q the one
 * before, a customer is new if p has the first active day, retained if both p and
 * q have one, resurrected if only p has one, churned if only q has one, and
 * dormant if neither does but an earlier period.
 *
 * Each is one walk over the customers, in ascending order, that puts each of them
 * into the result.  Cost: O(active days + n log n) for n customers, O(active
 * days) for those of a stored value, who are in order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/args.h"
#include "base/calendar.h"
#include "base/periods.h"
#include "family/activity.h"
#include "family/purchases.h"
#include "store/money.h"

static const char *const states[] = {"new", "retained", "resurrected", "churned", "dormant"};

typedef enum CustomerState
{
	STATE_NONE = -1,			/* not active yet */
	STATE_NEW,
	STATE_RETAINED,
	STATE_RESURRECTED,
	STATE_CHURNED,
	STATE_DORMANT
} CustomerState;

/* The period that is asked about */
typedef struct StatesPeriod
{
	int			wanted;			/* the only state to show, or -1 */
	int64		begin;			/* first day of the period */
	int64		end;			/* first day after it */
	int64		before;			/* first day of the period before it */
	Datum		names[lengthof(states)];	/* the states as text */
} StatesPeriod;

/* A customer as it is shown */
typedef struct StateRow
{
	int64		customer;
	DateADT		first;
	DateADT		last;
	int128		revenue;
	int128		previous_revenue;
} StateRow;

/* A customer of rfm_table */
typedef struct RfmRow
{
	int64		purchases;
	int128		revenue;
	int128		repeated;		/* revenue of the days after the first */
} RfmRow;

PG_FUNCTION_INFO_V1(customer_states_activity);
PG_FUNCTION_INFO_V1(customer_states_purchases);
PG_FUNCTION_INFO_V1(rfm_table);

/*-------------------------------------------------------------------------
 * customer_states
 *-------------------------------------------------------------------------
 */

/*
 * Read the arguments after the value: at, state, period, origin.  Without `at`
 * the period is the last complete one of data that end on the day `last`.
 */
static void
get_period(FunctionCallInfo fcinfo, DateADT last, StatesPeriod *period)
{
	RetBins		bins;
	int64		bin;
	int64		at = ret_get_day(fcinfo, 1, "at", RET_INSTANT_MIN);

	period->wanted = PG_ARGISNULL(2) ? -1 : ret_get_choice(fcinfo, 2, "state", states, lengthof(states));
	ret_reject_null_option(fcinfo, 4, "origin");
	ret_bins_get(fcinfo, 3, "period", ret_finite_date(PG_GETARG_DATEADT(4), "origin"), &bins);
	if (at != RET_INSTANT_MIN)
		bin = ret_bin_compute(&bins, (DateADT) at);
	else
	{
		/* the period of the last day is complete if that is its own last day */
		bin = ret_bin_compute(&bins, last);
		if (ret_bin_start(&bins, bin + 1) > (int64) last + 1)
			bin--;
	}
	period->begin = ret_bin_start(&bins, bin);
	period->end = ret_bin_start(&bins, bin + 1);
	period->before = ret_bin_start(&bins, bin - 1);
	for (int i = 0; i < (int) lengthof(states); i++)
		period->names[i] = CStringGetTextDatum(states[i]);
}

/* Find the state of a customer by the first active day, and whether the two periods have any */
static CustomerState
find_state(const StatesPeriod *period, DateADT first, bool now, bool before)
{
	if (first >= period->end)
		return STATE_NONE;
	if (first >= period->begin)
		return STATE_NEW;
	if (now)
		return before ? STATE_RETAINED : STATE_RESURRECTED;
	return before ? STATE_CHURNED : STATE_DORMANT;
}

/*
 * Put a customer who was active now and before, or not, into the result, if the
 * state is to be shown; with the revenue if they are of purchases
 */
static void
show_state(ReturnSetInfo *rsinfo, const StatesPeriod *period, const StateRow *row, bool now, bool before,
		   const RetPurchasesReader *reader)
{
	CustomerState state = find_state(period, row->first, now, before);
	Datum		values[6];
	bool		nulls[6] = {0};

	if (state == STATE_NONE ||
		(period->wanted >= 0 ? (int) state != period->wanted : state == STATE_DORMANT))
		return;
	values[0] = Int64GetDatum(row->customer);
	values[1] = period->names[state];
	values[2] = DateADTGetDatum(row->first);
	values[3] = DateADTGetDatum(row->last);
	if (reader)
	{
		values[4] = ret_amount_shown(row->revenue, reader->walk.scale, reader->least_scale);
		values[5] = ret_amount_shown(row->previous_revenue, reader->walk.scale, reader->least_scale);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	if (reader)
	{
		pfree(DatumGetPointer(values[4]));
		pfree(DatumGetPointer(values[5]));
	}
}

/*
 * customer_states(activity, at, state, period, origin)
 */
Datum
customer_states_activity(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RetActivityReader reader;
	StatesPeriod period;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
	{
		get_period(fcinfo, 0, &period);
		return (Datum) 0;
	}
	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	get_period(fcinfo, reader.walk.last, &period);
	ret_activity_order(&reader);
	while (ret_activity_next(&reader))
	{
		StateRow	row = {.customer = reader.walk.customer,.first = reader.days[0]};
		bool		now = false;
		bool		before = false;

		for (int64 i = 0; i < reader.ndays && reader.days[i] < period.end; i++)
		{
			row.last = reader.days[i];
			now |= row.last >= period.begin;
			before |= row.last >= period.before && row.last < period.begin;
		}
		show_state(rsinfo, &period, &row, now, before, NULL);
		CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}

/*
 * customer_states(purchases, at, state, period, origin)
 */
Datum
customer_states_purchases(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RetPurchasesReader reader;
	StatesPeriod period;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
	{
		get_period(fcinfo, 0, &period);
		return (Datum) 0;
	}
	ret_purchases_open(&reader, PG_GETARG_DATUM(0));
	get_period(fcinfo, reader.walk.last, &period);
	ret_purchases_order(&reader);
	while (ret_purchases_next(&reader))
	{
		StateRow	row = {.customer = reader.walk.customer,.first = reader.days[0].day};
		bool		now = false;
		bool		before = false;

		for (int64 i = 0; i < reader.ndays && reader.days[i].day < period.end; i++)
		{
			const RetNetDay *day = &reader.days[i];

			row.last = day->day;
			if (day->day >= period.begin)
			{
				now = true;
				row.revenue += day->revenue;
			}
			else if (day->day >= period.before)
			{
				before = true;
				row.previous_revenue += day->revenue;
			}
		}
		show_state(rsinfo, &period, &row, now, before, &reader);
		CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}

/*-------------------------------------------------------------------------
 * rfm_table
 *-------------------------------------------------------------------------
 */

/* Add up the purchase days of a customer */
static void
read_rfm(const RetPurchasesReader *reader, RfmRow *row)
{
	*row = (RfmRow) {0};
	for (int64 i = 0; i < reader->ndays; i++)
	{
		row->purchases += reader->days[i].purchases;
		row->revenue += reader->days[i].revenue;
	}
	row->repeated = row->revenue - reader->days[0].revenue;
}

/* Put the customer that was read into the result */
static void
show_rfm(ReturnSetInfo *rsinfo, const RetPurchasesReader *reader)
{
	DateADT		first = reader->days[0].day;
	DateADT		last = reader->days[reader->ndays - 1].day;
	int			scale = reader->walk.scale;
	RfmRow		row;
	Datum		values[9];
	bool		nulls[9] = {0};

	read_rfm(reader, &row);
	values[0] = Int64GetDatum(reader->walk.customer);
	values[1] = Int64GetDatum(reader->ndays - 1);
	values[2] = Float8GetDatum((double) last - first);
	values[3] = Float8GetDatum((double) reader->as_of - 1 - first);
	nulls[4] = reader->ndays == 1;
	values[4] = Float8GetDatum(nulls[4] ? 0 : ret_amount_ratio(row.repeated, scale, reader->ndays - 1));
	values[5] = Int64GetDatum(row.purchases);
	values[6] = Float8GetDatum(ret_amount_ratio(row.revenue, scale, 1));
	values[7] = DateADTGetDatum(first);
	values[8] = DateADTGetDatum(last);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * rfm_table(purchases, as_of)
 *		Returns rfm_summary of every customer with a purchase before as_of.
 */
Datum
rfm_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RetPurchasesReader reader;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
	{
		(void) ret_get_day(fcinfo, 1, "as_of", 0);
		return (Datum) 0;
	}
	ret_purchases_open(&reader, PG_GETARG_DATUM(0));
	reader.as_of = ret_get_day(fcinfo, 1, "as_of", (int64) reader.walk.last + 1);
	ret_purchases_order(&reader);
	while (ret_purchases_next(&reader))
	{
		show_rfm(rsinfo, &reader);
		CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}
