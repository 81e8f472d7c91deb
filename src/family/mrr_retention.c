/*-------------------------------------------------------------------------
 *
 * mrr_retention.c
 *	  What is kept of the MRR of a customer_subscriptions: mrr_cohort_table,
 *	  mrr_retention_table, gross_revenue_retention, net_revenue_retention and
 *	  customer_retention.
 *
 * Each compares two days, the base and a later one, over the customers who pay at
 * the end of the base.  With m0 and m1 the MRR of a customer at the end of both:
 *
 *		customer retention	customers with m1 > 0 / customers
 *		gross				sum of min(m0, m1) / sum of m0
 *		net					sum of m1 / sum of m0
 *
 * So whoever pays more does not make up for others in the gross rate, and who
 * came after the base is in none of them.
 *
 * The base of mrr_cohort_table is each customer's first day with an MRR, and m1 is
 * that at the end of a period; the base of mrr_retention_table is a day before the
 * end of each period.  A customer adds to the cells what begins with them, and
 * subtracts what ends in the cell after; the cells are summed up from the left when
 * the walk has ended.
 *
 * Cost: O(segments + cells), and for mrr_retention_table the days of the value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

#include "base/args.h"
#include "base/calendar.h"
#include "family/mrr.h"
#include "store/money.h"

/* Most cells of a table */
#define MAX_CELLS	INT64CONST(10000000)

/* What is kept from the base to a later day; in tables, differences at first */
typedef struct Kept
{
	int64		customers;		/* customers of the base */
	int64		retained;		/* those of them who pay on the later day */
	int128		base;			/* MRR of the base, in units of the value's scale */
	int128		kept;			/* sum of the smaller MRR of the two days */
	int128		mrr;			/* what the customers of the base pay on the later day */
} Kept;

/* A cohort that has customers */
typedef struct Cohort
{
	int64		nages;			/* ages that have begun */
	Kept	   *cells;			/* by age; NULL if there are no customers yet */
} Cohort;

/* All cohorts of a value */
typedef struct Cohorts
{
	RetMrrTable table;
	Cohort	   *cohorts;		/* by period, counted from 0 */
	int64		ncells;			/* cells allocated */
} Cohorts;

/* Most days that a table of the bases is made for */
#define MAX_TABLE_DAYS	(4 * 1024 * 1024)

/* The bases of all periods */
typedef struct Bases
{
	int64	   *days;			/* by period, counted from 0; they never go back */
	int64		n;
	DateADT		first_day;		/* day of table[0] */
	int64		ndays;			/* days in table, 0 if it would be too large */
	int32	   *table;			/* for each day the first base that is not before it; n: none */
} Bases;

PG_FUNCTION_INFO_V1(mrr_cohort_table);
PG_FUNCTION_INFO_V1(mrr_retention_table);
PG_FUNCTION_INFO_V1(gross_revenue_retention);
PG_FUNCTION_INFO_V1(net_revenue_retention);
PG_FUNCTION_INFO_V1(customer_retention);

/*-------------------------------------------------------------------------
 * Cells
 *-------------------------------------------------------------------------
 */

/* Add a customer of the base to the cells first..last */
static void
add_base(Kept *cells, int64 first, int64 last, int64 base)
{
	cells[first].customers++;
	cells[first].base += base;
	cells[last + 1].customers--;
	cells[last + 1].base -= base;
}

/* Add what a customer of the base pays to the cells first..last */
static void
add_later(Kept *cells, int64 first, int64 last, int64 base, int64 later)
{
	int64		kept = Min(base, later);

	cells[first].retained++;
	cells[first].kept += kept;
	cells[first].mrr += later;
	cells[last + 1].retained--;
	cells[last + 1].kept -= kept;
	cells[last + 1].mrr -= later;
}

/* Turn the differences of n cells into sums */
static void
sum_up(Kept *cells, int64 n)
{
	for (int64 i = 1; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		cells[i].customers += cells[i - 1].customers;
		cells[i].retained += cells[i - 1].retained;
		cells[i].base += cells[i - 1].base;
		cells[i].kept += cells[i - 1].kept;
		cells[i].mrr += cells[i - 1].mrr;
	}
}

/* Put the columns that both tables have */
static void
put_kept(RetRow *row, const RetSubscriptionsReader *reader, const Kept *kept, bool complete)
{
	ret_put_bigint(row, kept->customers);
	ret_put_bigint(row, kept->retained);
	ret_put_mrr(row, reader, kept->base);
	ret_put_mrr(row, reader, kept->kept);
	ret_put_mrr(row, reader, kept->mrr);
	ret_put_mrr_ratio(row, kept->retained, kept->customers, complete);
	ret_put_mrr_ratio(row, kept->kept, kept->base, complete);
	ret_put_mrr_ratio(row, kept->mrr, kept->base, complete);
	ret_put_boolean(row, complete);
}

/*-------------------------------------------------------------------------
 * mrr_cohort_table
 *-------------------------------------------------------------------------
 */

/* Return the cohort of a period; allocate its cells if it has none yet */
static Cohort *
get_cohort(Cohorts *cohorts, int64 i)
{
	Cohort	   *cohort = &cohorts->cohorts[i];

	if (cohort->cells == NULL)
	{
		cohort->nages = cohorts->table.periods.n - i;
		cohorts->ncells += cohort->nages;
		ret_check_cells(cohorts->ncells, MAX_CELLS, "Use a longer period, or since.");

		/* one more, so that what ends with the last age can be subtracted after it */
		cohort->cells = palloc_extended((cohort->nages + 1) * sizeof(Kept), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	}
	return cohort;
}

/* Enter the customer that was read */
static void
enter_cohort(Cohorts *cohorts)
{
	const RetPeriods *periods = &cohorts->table.periods;
	const RetSubscriptionsReader *reader = &cohorts->table.reader;
	int64		base = reader->segments[0].mrr;
	int64		begin = ret_bin_of(&periods->bins, reader->segments[0].from) - periods->first;
	Cohort	   *cohort;

	if (periods->first + begin < cohorts->table.first_shown)
		return;
	cohort = get_cohort(cohorts, begin);
	add_base(cohort->cells, 0, cohort->nages - 1, base);
	for (int64 i = 0; i < reader->nsegments; i++)
	{
		int64		first;
		int64		last;

		ret_mrr_closings(periods, &reader->segments[i], &first, &last);
		if (first <= last)
			add_later(cohort->cells, first - begin, last - begin, base, reader->segments[i].mrr);
	}
}

/* Return the rows of mrr_cohort_table */
static void
put_cohorts(FunctionCallInfo fcinfo, const Cohorts *cohorts)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const RetPeriods *periods = &cohorts->table.periods;

	for (int64 i = 0; i < periods->n; i++)
	{
		const Cohort *cohort = &cohorts->cohorts[i];

		for (int64 age = 0; cohort->cells && age < cohort->nages; age++)
		{
			RetRow		row = {0};

			CHECK_FOR_INTERRUPTS();
			ret_put_datum(&row, ret_bin_date(&periods->bins, periods->first + i));
			ret_put_integer(&row, (int32) age);
			ret_put_datum(&row, ret_bin_date(&periods->bins, periods->first + i + age));
			put_kept(&row, &cohorts->table.reader, &cohort->cells[age], ret_mrr_complete(&cohorts->table, i + age));
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row.values, row.nulls);
		}
	}
}

/*
 * mrr_cohort_table(subscriptions, period, as_of, grace, since, origin)
 */
Datum
mrr_cohort_table(PG_FUNCTION_ARGS)
{
	Cohorts		cohorts = {0};
	const RetPeriods *periods = &cohorts.table.periods;

	InitMaterializedSRF(fcinfo, 0);
	if (!ret_mrr_open(fcinfo, 1, 3, &cohorts.table))
		return (Datum) 0;
	cohorts.cohorts = palloc_extended(Max(periods->n, 1) * sizeof(Cohort), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	while (ret_mrr_next(&cohorts.table))
		enter_cohort(&cohorts);
	for (int64 i = 0; i < periods->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		sum_up(cohorts.cohorts[i].cells, cohorts.cohorts[i].nages);
	}
	put_cohorts(fcinfo, &cohorts);
	return (Datum) 0;
}

/*-------------------------------------------------------------------------
 * mrr_retention_table
 *-------------------------------------------------------------------------
 */

/* Compute the base of each period: the day that is `within` before its last day */
static void
find_bases(const RetMrrTable *table, const RetBins *within, Bases *bases)
{
	const RetPeriods *periods = &table->periods;
	int64		ndays = periods->as_of - table->reader.walk.first;
	int64		next = 0;

	memset(bases, 0, sizeof(Bases));
	bases->n = periods->n;
	bases->days = MemoryContextAllocHuge(CurrentMemoryContext, Max(bases->n, 1) * sizeof(int64));
	for (int64 i = 0; i < bases->n; i++)
	{
		int64		end = Min(ret_bin_start(&periods->bins, periods->first + i + 1), periods->as_of);

		CHECK_FOR_INTERRUPTS();
		bases->days[i] = ret_lap_start(within, (DateADT) end, -1) - 1;
	}
	if (ndays <= 0 || ndays > MAX_TABLE_DAYS)
		return;
	bases->first_day = table->reader.walk.first;
	bases->ndays = ndays;
	bases->table = palloc(ndays * sizeof(int32));
	for (int64 i = 0; i < ndays; i++)
	{
		while (next < bases->n && bases->days[next] < bases->first_day + i)
			next++;
		bases->table[i] = (int32) next;
	}
}

/* Find the first base that is not before a day; n if there is none */
static int64
first_base(const Bases *bases, int64 day)
{
	int64		low = 0;
	int64		high = bases->n;

	if (likely(day >= bases->first_day && day - bases->first_day < bases->ndays))
		return bases->table[day - bases->first_day];
	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (bases->days[middle] < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Enter the customer that was read: each segment in which there are bases, with
 * the segments in which the periods of these bases end
 */
static void
enter_kept(const RetMrrTable *table, const Bases *bases, Kept *cells)
{
	const RetSubscriptionsReader *reader = &table->reader;
	int64		j = 0;

	for (int64 i = 0; i < reader->nsegments; i++)
	{
		const RetSegment *base = &reader->segments[i];
		int64		first = first_base(bases, base->from);
		int64		last = (base->to == RET_STILL_RUNNING ? bases->n : first_base(bases, base->to)) - 1;

		if (first > last)
			continue;
		add_base(cells, first, last, base->mrr);
		for (; j < reader->nsegments; j++)
		{
			int64		from;
			int64		to;

			ret_mrr_closings(&table->periods, &reader->segments[j], &from, &to);
			if (from > last)
				break;
			if (Max(from, first) <= Min(to, last))
				add_later(cells, Max(from, first), Min(to, last), base->mrr, reader->segments[j].mrr);
			if (to > last)
				break;
		}
	}
}

/* Return the rows of mrr_retention_table */
static void
put_retention(FunctionCallInfo fcinfo, const RetMrrTable *table, const Bases *bases, const Kept *cells)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	for (int64 i = table->begin; i < table->periods.n; i++)
	{
		RetRow		row = {0};
		int64		bin = table->periods.first + i;

		CHECK_FOR_INTERRUPTS();
		if (bin < table->first_shown)
			continue;
		if (!IS_VALID_DATE(bases->days[i]))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("a base is outside the range of dates"),
					 errhint("Use a shorter within.")));
		ret_put_datum(&row, ret_bin_date(&table->periods.bins, bin));
		ret_put_datum(&row, DateADTGetDatum((DateADT) bases->days[i]));
		put_kept(&row, &table->reader, &cells[i], ret_mrr_complete(table, i));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row.values, row.nulls);
	}
}

/*
 * mrr_retention_table(subscriptions, within, period, as_of, grace, since, origin)
 */
Datum
mrr_retention_table(PG_FUNCTION_ARGS)
{
	RetMrrTable table;
	RetBins		within;
	Bases		bases;
	Kept	   *cells;

	InitMaterializedSRF(fcinfo, 0);
	ret_bins_get(fcinfo, 1, "within", 0, &within);
	if (!ret_mrr_open(fcinfo, 2, 4, &table))
		return (Datum) 0;
	find_bases(&table, &within, &bases);
	cells = palloc_extended((table.periods.n + 1) * sizeof(Kept), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	while (ret_mrr_next(&table))
		enter_kept(&table, &bases, cells);
	sum_up(cells, table.periods.n);
	put_retention(fcinfo, &table, &bases, cells);
	return (Datum) 0;
}

/*-------------------------------------------------------------------------
 * Between two days
 *-------------------------------------------------------------------------
 */

/*
 * Read what is kept from the day in argument 1 to that in argument 2, with the
 * grace in argument 3.  Returns false if the value or a day is null.
 */
static bool
read_kept(FunctionCallInfo fcinfo, Kept *kept)
{
	RetSubscriptionsReader reader;
	int32		grace = ret_grace_arg(fcinfo, 3);
	DateADT		base;
	DateADT		at;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return false;
	base = ret_finite_date(PG_GETARG_DATEADT(1), "base");
	at = ret_finite_date(PG_GETARG_DATEADT(2), "at");
	if (at < base)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("at must not be before base"),
				 errhint("The earlier day comes first.")));
	memset(kept, 0, sizeof(Kept));
	ret_subscriptions_open(&reader, PG_GETARG_DATUM(0));
	reader.grace = grace;
	while (ret_subscriptions_next(&reader))
	{
		int64		before = ret_subscriptions_mrr(&reader, base);
		int64		now = ret_subscriptions_mrr(&reader, at);

		CHECK_FOR_INTERRUPTS();
		if (before == 0)
			continue;
		kept->customers++;
		kept->retained += now > 0;
		kept->base += before;
		kept->kept += Min(before, now);
		kept->mrr += now;
	}
	return kept->customers > 0;
}

/* gross_revenue_retention(subscriptions, base, at, grace) */
Datum
gross_revenue_retention(PG_FUNCTION_ARGS)
{
	Kept		kept;

	if (!read_kept(fcinfo, &kept))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(ret_amount_quotient(kept.kept, kept.base));
}

/* net_revenue_retention(subscriptions, base, at, grace) */
Datum
net_revenue_retention(PG_FUNCTION_ARGS)
{
	Kept		kept;

	if (!read_kept(fcinfo, &kept))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(ret_amount_quotient(kept.mrr, kept.base));
}

/* customer_retention(subscriptions, base, at, grace) */
Datum
customer_retention(PG_FUNCTION_ARGS)
{
	Kept		kept;

	if (!read_kept(fcinfo, &kept))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(ret_amount_quotient(kept.retained, kept.customers));
}
