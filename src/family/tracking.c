/*-------------------------------------------------------------------------
 *
 * tracking.c
 *	  Does a purchase model fit?  tracking_table: the repeat purchases of each
 *	  period and what the model expects; frequency_table: the customers by number
 *	  of repeat purchases, and how many the model expects.
 *
 * A repeat purchase is an active day of a customer after the first.  With X(t)
 * the repeat purchases of a customer within t days after the first, a period
 * [p, q) is expected to have
 *
 *	  sum over customers of E X(q-1-b) - E X(p-1-b),	b the customer's first day,
 *
 * where X is 0 before b; and of the customers who have begun before as_of, those
 * with x repeat purchases are expected to be the sum of P(X(as_of-1-b) = x).
 * The model alone is asked, not what a customer has done since.
 *
 * One walk over the value counts the customers by first day, and what they have
 * done.  E X is computed once for each number of days, so that a table takes
 * O(active days + first days x periods) sums and O(days) evaluations; a
 * frequency table takes first days x (max_frequency + 1) evaluations of P.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

#include "base/args.h"
#include "base/periods.h"
#include "family/activity.h"
#include "family/purchase_model.h"
#include "math/purchase_math.h"
#include "store/tally.h"

/* LOCAL UNTIL MERGED */
static double
ret_model_expected(const RetPurchaseModel *model, double days)
{
	RetHistory	h = {0, 0, 0};
	return ret_expected_purchases(model, &h, days);
}
static double
lbeta(double a, double b) { return lgamma(a) + lgamma(b) - lgamma(a + b); }
static double
nb(const RetPurchaseModel *m, double x, double t)
{
	return exp(lgamma(m->r + x) - lgamma(m->r) - lgamma(x + 1) - m->r * log1p(t / m->alpha) + (x > 0 ? x * log(t / (m->alpha + t)) : 0));
}
static double
ret_model_pmf(const RetPurchaseModel *m, int64 n, double t)
{
	double x = (double) n, k = m->modified, above = 1, p;
	for (int64 j = 0; j < n; j++)
		above -= nb(m, j, t);
	p = exp(lbeta(m->a, m->b + x + k) - lbeta(m->a, m->b)) * nb(m, x, t);
	if (x + k > 0)
		p += exp(lbeta(m->a + 1, m->b + x + k - 1) - lbeta(m->a, m->b)) * above;
	return p;
}
/* END LOCAL */
#define MAX_FREQUENCY	1000	/* of frequency_table */
#define MAX_KEPT_DAYS	(4 * 1024 * 1024)	/* numbers of days whose expectation is kept */

PG_FUNCTION_INFO_V1(tracking_table);
PG_FUNCTION_INFO_V1(frequency_table);

/* The customers by first day */
static const RetTallyDef births_tally = {
	.kind = RET_TALLY_BIRTHS,
	.ndims = 1,
	.ncounts = 1
};

/* What the model expects of a customer within each number of days */
typedef struct Expectations
{
	RetPurchaseModel model;
	int64		nkept;			/* numbers of days that have a place in kept */
	double	   *kept;			/* expected repeat purchases by days; -1: not computed yet */
} Expectations;

/*-------------------------------------------------------------------------
 * tracking_table
 *-------------------------------------------------------------------------
 */

/* Prepare to compute expectations of up to `days` days */
static void
open_expectations(Expectations *expectations, int64 days)
{
	expectations->nkept = days < MAX_KEPT_DAYS ? Max(days, 0) + 1 : 0;
	expectations->kept = palloc(Max(expectations->nkept, 1) * sizeof(double));
	for (int64 i = 0; i < expectations->nkept; i++)
		expectations->kept[i] = -1;
}

/* Get the expected repeat purchases of a customer within `days` days */
static inline double
expected_within(Expectations *expectations, int64 days)
{
	double	   *kept = expectations->kept;

	if (days >= expectations->nkept)
		return ret_model_expected(&expectations->model, (double) days);
	if (kept[days] < 0)
		kept[days] = ret_model_expected(&expectations->model, (double) days);
	return kept[days];
}

/* Compute what all customers who begin before `end` are expected to have bought by then */
static double
expected_by(Expectations *expectations, const RetTallyReader *births, int64 end)
{
	double		sum = 0;

	for (int64 i = 0; i < births->npoints; i++)
	{
		int64		days = end - 1 - (int64) *ret_tally_point(births, i);

		if (days < 0)
			break;
		ret_check_interrupts_at(i);
		sum += (double) *ret_tally_counts(births, i) * expected_within(expectations, days);
	}
	return sum;
}

/* Count the customers of a value by first day, and the repeat purchases by period */
static void
count_repeats(RetActivityReader *reader, const RetPeriods *periods, RetTally *births, int64 *repeats)
{
	while (ret_activity_next(reader))
	{
		double		first = (double) reader->days[0];

		CHECK_FOR_INTERRUPTS();
		if (!ret_activity_cut(reader, periods->as_of))
			continue;
		ret_tally_enter(births, &births_tally, &first, 0);
		for (int64 i = 1; i < reader->ndays; i++)
			repeats[ret_bin_of(&periods->bins, reader->days[i]) - periods->first]++;
	}
}

/* Return the rows of tracking_table */
static void
put_tracking(FunctionCallInfo fcinfo, const RetPeriods *periods, const RetTallyReader *births,
			 Expectations *expectations, const int64 *repeats)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int64		actual = 0;		/* so far */
	double		expected = 0;	/* so far */

	for (int64 i = 0; i < periods->n; i++)
	{
		int64		bin = periods->first + i;
		int64		end = Min(ret_bin_start(&periods->bins, bin + 1), periods->as_of);
		double		by_end = expected_by(expectations, births, end);
		Datum		values[6];
		bool		nulls[6] = {0};

		CHECK_FOR_INTERRUPTS();
		/* what has been expected does not shrink, whatever was rounded */
		by_end = Max(by_end, expected);
		actual += repeats[i];
		values[0] = ret_bin_date(&periods->bins, bin);
		values[1] = Int64GetDatum(repeats[i]);
		values[2] = Float8GetDatum(by_end - expected);
		values[3] = Int64GetDatum(actual);
		values[4] = Float8GetDatum(by_end);
		values[5] = BoolGetDatum(ret_period_complete(periods, bin));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		expected = by_end;
	}
}

/* tracking_table(model, activity, period, as_of, origin) */
Datum
tracking_table(PG_FUNCTION_ARGS)
{
	RetActivityReader reader;
	RetPeriods	periods;
	RetTally   *tally;
	RetTallyReader births;
	Expectations expectations;
	int64	   *repeats;

	InitMaterializedSRF(fcinfo, 0);
	ret_periods_get(fcinfo, 2, 3, 4, &periods);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	ret_purchase_model_get(fcinfo, 0, &expectations.model);
	ret_activity_open(&reader, PG_GETARG_DATUM(1));
	ret_periods_open(&periods, reader.walk.first, reader.walk.last);
	repeats = palloc_extended(Max(periods.n, 1) * sizeof(int64), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	open_expectations(&expectations, periods.as_of - reader.walk.first);
	tally = ret_tally_create(&births_tally);
	count_repeats(&reader, &periods, tally, repeats);
	ret_tally_read(&births, EOHPGetRODatum(&tally->hdr), &births_tally);
	put_tracking(fcinfo, &periods, &births, &expectations, repeats);
	return (Datum) 0;
}

/*-------------------------------------------------------------------------
 * frequency_table
 *-------------------------------------------------------------------------
 */

/* Count the customers of a value by first day, and by repeat purchases up to max_frequency */
static void
count_frequencies(RetActivityReader *reader, int64 as_of, RetTally *births, int64 max_frequency,
				  int64 *customers)
{
	while (ret_activity_next(reader))
	{
		double		first = (double) reader->days[0];

		CHECK_FOR_INTERRUPTS();
		if (!ret_activity_cut(reader, as_of))
			continue;
		ret_tally_enter(births, &births_tally, &first, 0);
		customers[Min(reader->ndays - 1, max_frequency)]++;
	}
}

/*
 * Add up the customers that the model expects to have each number of repeat
 * purchases; those with max_frequency or more are the rest of each first day
 */
static void
expect_frequencies(const RetPurchaseModel *model, const RetTallyReader *births, int64 as_of,
				   int64 max_frequency, double *expected)
{
	for (int64 i = 0; i < births->npoints; i++)
	{
		double		days = (double) (as_of - 1) - *ret_tally_point(births, i);
		double		customers = (double) *ret_tally_counts(births, i);
		double		rest = 1;

		for (int64 x = 0; x < max_frequency; x++)
		{
			double		p = ret_model_pmf(model, x, days);

			CHECK_FOR_INTERRUPTS();
			expected[x] += customers * p;
			rest -= p;
		}
		expected[max_frequency] += customers * Max(rest, 0);
	}
}

/* frequency_table(model, activity, as_of, max_frequency) */
Datum
frequency_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RetActivityReader reader;
	RetPurchaseModel model;
	RetTally   *tally;
	RetTallyReader births;
	int64		as_of = ret_get_day(fcinfo, 2, "as_of", RET_INSTANT_MIN);
	int64		max_frequency;
	int64	   *customers;
	double	   *expected;

	InitMaterializedSRF(fcinfo, 0);
	ret_reject_null_option(fcinfo, 3, "max_frequency");
	max_frequency = PG_GETARG_INT32(3);
	ret_check_between(max_frequency, 0, MAX_FREQUENCY, "max_frequency",
					  "The last row is the customers with that many repeat purchases or more.");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	ret_purchase_model_get(fcinfo, 0, &model);
	ret_activity_open(&reader, PG_GETARG_DATUM(1));
	if (as_of == RET_INSTANT_MIN)
		as_of = (int64) reader.walk.last + 1;
	customers = palloc0((max_frequency + 1) * sizeof(int64));
	expected = palloc0((max_frequency + 1) * sizeof(double));
	tally = ret_tally_create(&births_tally);
	count_frequencies(&reader, as_of, tally, max_frequency, customers);
	ret_tally_read(&births, EOHPGetRODatum(&tally->hdr), &births_tally);
	if (births.npoints == 0)
		return (Datum) 0;
	expect_frequencies(&model, &births, as_of, max_frequency, expected);
	for (int64 x = 0; x <= max_frequency; x++)
	{
		Datum		values[3];
		bool		nulls[3] = {0};

		values[0] = Int32GetDatum((int32) x);
		values[1] = Int64GetDatum(customers[x]);
		values[2] = Float8GetDatum(expected[x]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
