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
 * Each is one walk over the customers, who are sorted before they are shown.
 * Cost: O(active days + n log n) for n customers.
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
} StatesPeriod;

/* A customer as it is shown */
typedef struct StateRow
{
	int64		customer;
	CustomerState state;
	DateADT		first;
	DateADT		last;
	int128		revenue;
	int128		previous_revenue;
} StateRow;

/* A customer of rfm_table */
typedef struct RfmRow
{
	int64		customer;
	int64		ndays;
	int64		purchases;
	DateADT		first;
	DateADT		last;
	int128		revenue;
	int128		repeated;		/* revenue of the days after the first */
} RfmRow;

/* Rows that are being collected */
typedef struct RowList
{
	void	   *rows;
	int64		n;
	int64		nalloc;
} RowList;

#define ST_SORT sort_state_rows
#define ST_ELEMENT_TYPE StateRow
#define ST_COMPARE(a, b) ((a)->customer < (b)->customer ? -1 : (a)->customer > (b)->customer)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_rfm_rows
#define ST_ELEMENT_TYPE RfmRow
#define ST_COMPARE(a, b) ((a)->customer < (b)->customer ? -1 : (a)->customer > (b)->customer)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

PG_FUNCTION_INFO_V1(customer_states_activity);
PG_FUNCTION_INFO_V1(customer_states_purchases);
PG_FUNCTION_INFO_V1(rfm_table);

/* Make room for one more row of a size; returns it */
static void *
next_row(RowList *list, Size size)
{
	if (list->n == list->nalloc)
	{
		list->nalloc = list->nalloc == 0 ? 64 : 2 * list->nalloc;
		list->rows = list->rows ? repalloc_huge(list->rows, list->nalloc * size) :
			MemoryContextAllocHuge(CurrentMemoryContext, list->nalloc * size);
	}
	return (char *) list->rows + list->n++ * size;
}

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

/* Add a customer who was active now and before, or not, to the list, if the state is to be shown */
static void
add_state(RowList *list, const StatesPeriod *period, StateRow *row, bool now, bool before)
{
	row->state = find_state(period, row->first, now, before);
	if (row->state == STATE_NONE)
		return;
	if (period->wanted >= 0 ? (int) row->state == period->wanted : row->state != STATE_DORMANT)
		*(StateRow *) next_row(list, sizeof(StateRow)) = *row;
}

/* Put the rows of a list into the result, by customer; with the revenue if scale is not negative */
static void
show_states(ReturnSetInfo *rsinfo, RowList *list, int scale, int shown_scale)
{
	StateRow   *rows = (StateRow *) list->rows;

	sort_state_rows(rows, list->n);
	for (int64 i = 0; i < list->n; i++)
	{
		Datum		values[6];
		bool		nulls[6] = {0};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int64GetDatum(rows[i].customer);
		values[1] = PointerGetDatum(cstring_to_text(states[rows[i].state]));
		values[2] = DateADTGetDatum(rows[i].first);
		values[3] = DateADTGetDatum(rows[i].last);
		if (scale >= 0)
		{
			values[4] = ret_amount_shown(rows[i].revenue, scale, shown_scale);
			values[5] = ret_amount_shown(rows[i].previous_revenue, scale, shown_scale);
		}
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
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
	RowList		list = {0};

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
	{
		get_period(fcinfo, 0, &period);
		return (Datum) 0;
	}
	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	get_period(fcinfo, reader.walk.last, &period);
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
		add_state(&list, &period, &row, now, before);
		CHECK_FOR_INTERRUPTS();
	}
	show_states(rsinfo, &list, -1, -1);
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
	RowList		list = {0};

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
	{
		get_period(fcinfo, 0, &period);
		return (Datum) 0;
	}
	ret_purchases_open(&reader, PG_GETARG_DATUM(0));
	get_period(fcinfo, reader.walk.last, &period);
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
		add_state(&list, &period, &row, now, before);
		CHECK_FOR_INTERRUPTS();
	}
	show_states(rsinfo, &list, reader.walk.scale, reader.least_scale);
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
	*row = (RfmRow) {.customer = reader->walk.customer,.ndays = reader->ndays,
		.first = reader->days[0].day,.last = reader->days[reader->ndays - 1].day};
	for (int64 i = 0; i < reader->ndays; i++)
	{
		row->purchases += reader->days[i].purchases;
		row->revenue += reader->days[i].revenue;
		if (i > 0)
			row->repeated += reader->days[i].revenue;
	}
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
	RowList		list = {0};
	RfmRow	   *rows;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
	{
		(void) ret_get_day(fcinfo, 1, "as_of", 0);
		return (Datum) 0;
	}
	ret_purchases_open(&reader, PG_GETARG_DATUM(0));
	reader.as_of = ret_get_day(fcinfo, 1, "as_of", (int64) reader.walk.last + 1);
	while (ret_purchases_next(&reader))
	{
		read_rfm(&reader, (RfmRow *) next_row(&list, sizeof(RfmRow)));
		CHECK_FOR_INTERRUPTS();
	}
	rows = (RfmRow *) list.rows;
	sort_rfm_rows(rows, list.n);
	for (int64 i = 0; i < list.n; i++)
	{
		const RfmRow *row = &rows[i];
		int			scale = reader.walk.scale;
		Datum		values[9];
		bool		nulls[9] = {0};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int64GetDatum(row->customer);
		values[1] = Int64GetDatum(row->ndays - 1);
		values[2] = Float8GetDatum((double) row->last - row->first);
		values[3] = Float8GetDatum((double) reader.as_of - 1 - row->first);
		nulls[4] = row->ndays == 1;
		values[4] = Float8GetDatum(nulls[4] ? 0 : ret_amount_ratio(row->repeated, scale, row->ndays - 1));
		values[5] = Int64GetDatum(row->purchases);
		values[6] = Float8GetDatum(ret_amount_ratio(row->revenue, scale, 1));
		values[7] = DateADTGetDatum(row->first);
		values[8] = DateADTGetDatum(row->last);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
