/*-------------------------------------------------------------------------
 *
 * gaps.c
 *	  How long until customers come again: purchase_gaps, gap_quantile and
 *	  gap_table.
 *
 * A gap is the number of days from an active day of a customer to the next.  It
 * is closed if there is a next one, and otherwise open: it lasts from the last
 * active day to the last day whose data are complete, as_of - 1.  Rows on as_of
 * and later are not seen.
 *
 * purchase_gaps counts both: closed gaps are events, open ones are censored, so
 * those who have not come back make the curve longer.  gap_quantile and the
 * quartiles of gap_table are those of the closed gaps alone, interpolated as
 * percentile_cont does.
 *
 * Cost: O(active days), for gap_table O(gaps x log gaps).  Memory: a table of
 * 1 MB for gaps of up to MANY_DAYS days and 8 bytes for each longer one; in
 * gap_table 4 bytes for each gap.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/float.h"
#include "utils/tuplestore.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/calendar.h"
#include "base/result.h"
#include "family/activity.h"
#include "family/stats.h"
#include "family/survival.h"
#include "math/mathfn.h"

/* Gaps below this number of days are counted in a table */
#define MANY_DAYS	65536

/* The gaps of all customers */
typedef struct Gaps
{
	int64		(*counts)[RET_DURATION_COUNTS]; /* by days, below MANY_DAYS */
	int64	   *longer;			/* 2 * days, + 1 if closed, of each longer gap */
	int64		nlonger;
	int64		nalloc;			/* room in longer */
} Gaps;

/* The customers with a purchase of a number, and the days until their next */
typedef struct NumberedGaps
{
	int64		customers;
	int32	   *days;
	int64		n;				/* days in use */
	int64		nalloc;
} NumberedGaps;

/* The gaps by the number of the purchase that opens them, from 1 */
typedef struct GapTable
{
	NumberedGaps *numbers;
	int64		n;				/* the highest number of any customer, at most upto */
	int64		nalloc;
	int64		upto;			/* the highest number to show */
} GapTable;

#define ST_SORT sort_longer
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_days
#define ST_ELEMENT_TYPE int32
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

PG_FUNCTION_INFO_V1(purchase_gaps);
PG_FUNCTION_INFO_V1(gap_quantile);
PG_FUNCTION_INFO_V1(gap_table);

/* Make room for one more element of a size in an array, which is NULL at first */
static void *
reserve(void *array, int64 n, int64 *nalloc, Size size)
{
	if (n < *nalloc)
		return array;
	*nalloc = Max(2 * n, 64);
	return array ? repalloc_huge(array, *nalloc * size) :
		MemoryContextAllocHuge(CurrentMemoryContext, *nalloc * size);
}

/*-------------------------------------------------------------------------
 * All gaps together
 *-------------------------------------------------------------------------
 */

/* Count a gap, which is RET_CHURNED if it is closed and RET_CENSORED if not */
static inline void
count_gap(Gaps *gaps, int64 days, int which)
{
	if (likely(days < MANY_DAYS))
	{
		gaps->counts[days][which]++;
		return;
	}
	gaps->longer = reserve(gaps->longer, gaps->nlonger, &gaps->nalloc, sizeof(int64));
	gaps->longer[gaps->nlonger++] = 2 * days + which;
}

/* Count the gaps of the value in argument 0, as of the day in argument argno */
static void
read_gaps(FunctionCallInfo fcinfo, int argno, Gaps *gaps)
{
	RetActivityReader reader;
	int64		as_of;

	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	as_of = ret_get_day(fcinfo, argno, "as_of", (int64) reader.walk.last + 1);
	memset(gaps, 0, sizeof(Gaps));
	gaps->counts = palloc0(MANY_DAYS * sizeof(*gaps->counts));
	while (ret_activity_next(&reader))
	{
		CHECK_FOR_INTERRUPTS();
		if (!ret_activity_cut(&reader, as_of))
			continue;
		for (int64 i = 1; i < reader.ndays; i++)
			count_gap(gaps, (int64) reader.days[i] - reader.days[i - 1], RET_CHURNED);
		count_gap(gaps, as_of - 1 - reader.days[reader.ndays - 1], RET_CENSORED);
	}
	sort_longer(gaps->longer, gaps->nlonger);
}

/* List the lengths of gaps, ascending, with the number of gaps of each; returns how many lengths */
static int64
list_gaps(const Gaps *gaps, RetDuration **list)
{
	RetDuration *lengths;
	int64		n = 0;

	lengths = MemoryContextAllocHuge(CurrentMemoryContext,
									 (MANY_DAYS + gaps->nlonger) * sizeof(RetDuration));
	for (int64 days = 0; days < MANY_DAYS; days++)
	{
		const int64 *counts = gaps->counts[days];

		if (counts[RET_CENSORED] + counts[RET_CHURNED] > 0)
			lengths[n++] = (RetDuration) {(double) days, {counts[RET_CENSORED], counts[RET_CHURNED]}};
	}
	for (int64 i = 0; i < gaps->nlonger; i++)
	{
		double		days = (double) (gaps->longer[i] >> 1);

		ret_check_interrupts_at(i);
		if (n == 0 || lengths[n - 1].duration != days)
			lengths[n++] = (RetDuration) {days, {0, 0}};
		lengths[n - 1].counts[gaps->longer[i] & 1]++;
	}
	*list = lengths;
	return n;
}

/*
 * purchase_gaps(activity, as_of)
 */
Datum
purchase_gaps(PG_FUNCTION_ARGS)
{
	Gaps		gaps;
	RetDuration *list;
	int64		n;

	if (PG_ARGISNULL(0))
	{
		(void) ret_get_day(fcinfo, 1, "as_of", 0);
		PG_RETURN_NULL();
	}
	read_gaps(fcinfo, 1, &gaps);
	n = list_gaps(&gaps, &list);
	if (n == 0)
		PG_RETURN_NULL();
	return ret_survival_curve(list, n);
}

/* Interpolate between the values of a place, which is seldom whole, and the two beside it */
static double
interpolate(double place, double below, double above)
{
	return below + (place - floor(place)) * (above - below);
}

/* Find the length of the closed gap at a place, counted from 0 in ascending order */
static double
length_at(const RetDuration *list, double place)
{
	int64		sum = 0;

	while ((double) (sum += list->counts[RET_CHURNED]) <= place)
		list++;
	return list->duration;
}

/*
 * gap_quantile(activity, fraction, as_of)
 */
Datum
gap_quantile(PG_FUNCTION_ARGS)
{
	double		fraction = ret_fraction_arg(fcinfo, 1, "The median is 0.5.");
	Gaps		gaps;
	RetDuration *list;
	int64		n;
	int64		closed = 0;
	double		place;

	if (PG_ARGISNULL(0))
	{
		(void) ret_get_day(fcinfo, 2, "as_of", 0);
		PG_RETURN_NULL();
	}
	read_gaps(fcinfo, 2, &gaps);
	n = list_gaps(&gaps, &list);
	for (int64 i = 0; i < n; i++)
		closed += list[i].counts[RET_CHURNED];
	if (closed == 0)
		PG_RETURN_NULL();
	place = fraction * (double) (closed - 1);
	PG_RETURN_FLOAT8(interpolate(place, length_at(list, floor(place)), length_at(list, ceil(place))));
}

/*-------------------------------------------------------------------------
 * The gaps by number
 *-------------------------------------------------------------------------
 */

/* Enter the customer that was read */
static void
enter_customer(GapTable *table, const RetActivityReader *reader)
{
	int64		n = Min(reader->ndays, table->upto);

	while (table->n < n)
	{
		table->numbers = reserve(table->numbers, table->n, &table->nalloc, sizeof(NumberedGaps));
		table->numbers[table->n++] = (NumberedGaps) {0};
	}
	for (int64 i = 0; i < n; i++)
	{
		NumberedGaps *gaps = &table->numbers[i];

		gaps->customers++;
		if (i + 1 == reader->ndays)
			break;
		gaps->days = reserve(gaps->days, gaps->n, &gaps->nalloc, sizeof(int32));
		gaps->days[gaps->n++] = (int32) ((int64) reader->days[i + 1] - reader->days[i]);
	}
}

/* Put the three quartiles of days in ascending order, NULL if there are none */
static void
put_quartiles(RetRow *row, const NumberedGaps *gaps)
{
	for (int quartile = 1; quartile <= 3; quartile++)
	{
		double		place = 0.25 * quartile * (double) (gaps->n - 1);

		if (gaps->n == 0)
			ret_put_null(row);
		else
			ret_put_double(row, interpolate(place, gaps->days[(int64) floor(place)],
											gaps->days[(int64) ceil(place)]));
	}
}

/*
 * gap_table(activity, as_of, upto, confidence)
 */
Datum
gap_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RetActivityReader reader;
	GapTable	table = {0};
	int64		as_of = ret_get_day(fcinfo, 1, "as_of", RET_INSTANT_MIN);
	double		z;

	InitMaterializedSRF(fcinfo, 0);
	ret_reject_null_option(fcinfo, 2, "upto");
	table.upto = PG_GETARG_INT32(2);
	ret_check_at_least(table.upto, 1, "upto", "Pass the number of the last purchase to show, such as 10.");
	z = ret_confidence_z(fcinfo, 3);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	if (as_of == RET_INSTANT_MIN)
		as_of = (int64) reader.walk.last + 1;
	while (ret_activity_next(&reader))
	{
		CHECK_FOR_INTERRUPTS();
		if (ret_activity_cut(&reader, as_of))
			enter_customer(&table, &reader);
	}
	for (int64 i = 0; i < table.n; i++)
	{
		const NumberedGaps *gaps = &table.numbers[i];
		double		lower;
		double		upper;
		RetRow		row = {0};

		CHECK_FOR_INTERRUPTS();
		sort_days(gaps->days, gaps->n);
		ret_wilson((double) gaps->n, (double) gaps->customers, z, &lower, &upper);
		ret_put_bigint(&row, i + 1);
		ret_put_bigint(&row, gaps->customers);
		ret_put_bigint(&row, gaps->n);
		ret_put_double(&row, (double) gaps->n / (double) gaps->customers);
		ret_put_double(&row, lower);
		ret_put_double(&row, upper);
		put_quartiles(&row, gaps);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row.values, row.nulls);
	}
	return (Datum) 0;
}
