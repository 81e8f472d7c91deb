/*-------------------------------------------------------------------------
 *
 * bracket.c
 *	  Cohorts by brackets of ages: cohort_brackets and return_brackets.
 *
 * A bracket is a range of ages, such as 1 to 3.  A customer is retained in it who was
 * active at any of its ages.  On the clock 'elapsed' those count for whom all of its
 * ages are over; on the clock 'calendar' everybody does, and the bracket is complete
 * when its last age is over.  So the bracket of one age is the cell of cohort_table.
 *
 * The brackets are sorted by their first age, so that the first active age that is not
 * before a bracket only moves forward.  Cost: O(active days + brackets) for a
 * customer.  Memory: two numbers per cohort that has customers, and bracket.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "base/args.h"
#include "base/periods.h"
#include "family/cohort.h"
#include "family/stats.h"

/* Most brackets of a table */
#define MAX_BRACKETS	1000

#define BRACKETS_HINT	"Pass ranges of ages, such as ARRAY['[1,3]','[4,7]']::int4range[]."

typedef struct Bracket
{
	int64		first;			/* its first age */
	int64		last;			/* its last age */
	int			position;		/* in the argument */
	Datum		range;			/* as it was given */
} Bracket;

/* A cohort that has customers */
typedef struct BracketCohort
{
	int64		customers;
	int64		begun;			/* last age that has begun for any customer */
	RetCohortCell *cells;		/* by bracket; NULL if there are no customers yet */
} BracketCohort;

typedef struct BracketTable
{
	RetCohortOptions options;
	int			nbrackets;
	Bracket    *brackets;		/* by first age */
	int		   *sorted;			/* by position in the argument: index in brackets */
	BracketCohort *cohorts;		/* by bin, from the first */
	int64		first_shown;	/* first bin whose cohort is shown */
	int64		ncells;			/* cells allocated */
} BracketTable;

PG_FUNCTION_INFO_V1(cohort_brackets);
PG_FUNCTION_INFO_V1(return_brackets);

/*-------------------------------------------------------------------------
 * Options
 *-------------------------------------------------------------------------
 */

/* Raise error 22023 for a bracket that is not a range of ages */
pg_noreturn static void
reject_bracket(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a bracket must not %s", what),
			 errhint(BRACKETS_HINT)));
	pg_unreachable();
}

/* Read a range of ages into a bracket; error 22023 if it is none */
static void
get_bracket(Datum range, Bracket *bracket)
{
	TypeCacheEntry *typcache = lookup_type_cache(INT4RANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;

	range_deserialize(typcache, DatumGetRangeTypeP(range), &lower, &upper, &empty);
	if (empty)
		reject_bracket("be empty");
	if (lower.infinite || upper.infinite)
		reject_bracket("be without a first or a last age");
	bracket->first = (int64) DatumGetInt32(lower.val) + !lower.inclusive;
	bracket->last = (int64) DatumGetInt32(upper.val) - !upper.inclusive;
	if (bracket->first < 0)
		reject_bracket("begin before age 0");
	bracket->range = range;
}

/* Order brackets by their first age */
static int
compare_brackets(const void *a, const void *b)
{
	int64		first_a = ((const Bracket *) a)->first;
	int64		first_b = ((const Bracket *) b)->first;

	return (first_a > first_b) - (first_a < first_b);
}

/* Read the argument brackets */
static void
get_brackets(FunctionCallInfo fcinfo, int argno, BracketTable *table)
{
	ArrayType  *array;
	Datum	   *elements;
	bool	   *nulls;

	if (PG_ARGISNULL(argno))
		ret_reject_null("brackets", BRACKETS_HINT);
	array = PG_GETARG_ARRAYTYPE_P(argno);
	deconstruct_array(array, INT4RANGEOID, -1, false, TYPALIGN_INT, &elements, &nulls, &table->nbrackets);
	if (ARR_NDIM(array) > 1 || table->nbrackets < 1 || table->nbrackets > MAX_BRACKETS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("brackets must be a list of 1 to %d ranges of ages", MAX_BRACKETS),
				 errhint(BRACKETS_HINT)));
	table->brackets = palloc(table->nbrackets * sizeof(Bracket));
	table->sorted = palloc(table->nbrackets * sizeof(int));
	for (int i = 0; i < table->nbrackets; i++)
	{
		if (nulls[i])
			reject_bracket("be null");
		get_bracket(elements[i], &table->brackets[i]);
		table->brackets[i].position = i;
	}
	qsort(table->brackets, table->nbrackets, sizeof(Bracket), compare_brackets);
	for (int i = 0; i < table->nbrackets; i++)
		table->sorted[table->brackets[i].position] = i;
}

/*
 * Read the arguments after the activities: brackets, period, as_of, clock, since,
 * confidence, origin.  Returns false if the (first) activity is null.
 */
static bool
get_options(FunctionCallInfo fcinfo, int activities, BracketTable *table)
{
	RetCohortOptions *options = &table->options;
	int			arg = activities;	/* number of the argument brackets */

	memset(table, 0, sizeof(BracketTable));
	get_brackets(fcinfo, arg, table);
	ret_periods_get(fcinfo, arg + 1, arg + 2, arg + 6, &options->periods);
	options->mode = RET_MODE_ON;
	options->elapsed = ret_elapsed_arg(fcinfo, arg + 3);
	options->since = ret_get_day(fcinfo, arg + 4, "since", RET_INSTANT_MIN);
	options->z = ret_confidence_z(fcinfo, arg + 5);
	return !PG_ARGISNULL(0);
}

/*-------------------------------------------------------------------------
 * The walk
 *-------------------------------------------------------------------------
 */

/* Return the cohort of a bin; allocate its cells if it has none yet */
static BracketCohort *
get_cohort(BracketTable *table, int64 bin)
{
	BracketCohort *cohort = &table->cohorts[bin - table->options.periods.first];

	if (cohort->cells == NULL)
	{
		table->ncells += table->nbrackets;
		ret_check_cells(table->ncells, RET_MAX_COHORT_CELLS, "Use a longer period, or fewer brackets, or since.");
		cohort->begun = -1;
		cohort->cells = palloc0(table->nbrackets * sizeof(RetCohortCell));
	}
	return cohort;
}

/* Enter a customer who was active at the n ages, which ascend, in the brackets that end by the age over */
static void
enter_ages(const BracketTable *table, RetCohortCell *cells, const int32 *ages, int64 n, int64 over)
{
	int64		next = 0;		/* first active age that is not before the bracket */

	for (int i = 0; i < table->nbrackets; i++)
	{
		const Bracket *bracket = &table->brackets[i];

		while (next < n && ages[next] < bracket->first)
			next++;
		if (bracket->last > over)
			continue;
		cells[i].eligible++;
		cells[i].retained += next < n && ages[next] <= bracket->last;
	}
}

/* Enter a customer of the cohort of the bin first; overwrites the days */
static void
enter_customer(BracketTable *table, int64 first, RetStarts *starts)
{
	const RetPeriods *periods = &table->options.periods;
	BracketCohort *cohort;
	int64		n = starts->ndays;

	if (table->options.elapsed)
	{
		RetWindows	windows;

		if (starts->start >= periods->as_of)
			return;
		cohort = get_cohort(table, first);
		ret_windows_init(&windows, periods, starts->start);
		cohort->begun = Max(cohort->begun, windows.begun);
		/* days from as_of on are in no window that has ended */
		enter_ages(table, cohort->cells, ret_elapsed_ages(&windows, starts->days, n), n, windows.over);
	}
	else
	{
		int32	   *ages = ret_calendar_ages(&periods->bins, first, starts->days, n);

		cohort = get_cohort(table, first);
		cohort->begun = periods->first + periods->n - 1 - first;
		while (n > 0 && ages[n - 1] > cohort->begun)
			n--;
		enter_ages(table, cohort->cells, ages, n, PG_INT64_MAX);
	}
	cohort->customers++;
}

/* Build the cohorts of the first of the activities in arguments 0 and 1, or of the only one */
static void
build_cohorts(FunctionCallInfo fcinfo, int activities, BracketTable *table)
{
	RetPeriods *periods = &table->options.periods;
	RetStarts	starts;

	ret_starts_open(&starts, fcinfo, activities);
	ret_periods_open(periods, starts.first, starts.last);
	table->first_shown = ret_first_bin(&periods->bins, table->options.since);
	table->cohorts = palloc_extended(Max(periods->n, 1) * sizeof(BracketCohort),
									 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	while (ret_starts_next(&starts))
	{
		int64		first = ret_bin_of(&periods->bins, starts.start);

		CHECK_FOR_INTERRUPTS();
		if (first < periods->first + periods->n && first >= table->first_shown)
			enter_customer(table, first, &starts);
	}
}

/*-------------------------------------------------------------------------
 * Results
 *-------------------------------------------------------------------------
 */

/* Return the row of a bracket of a cohort that has customers, unless its first age has not begun */
static void
put_bracket(ReturnSetInfo *rsinfo, const BracketTable *table, int64 i, int bracket_number)
{
	const RetPeriods *periods = &table->options.periods;
	const BracketCohort *cohort = &table->cohorts[i];
	const Bracket *bracket = &table->brackets[bracket_number];
	const RetCohortCell *cell = &cohort->cells[bracket_number];
	int64		bin = periods->first + i;
	bool		complete;
	bool		rated;
	Datum		values[8];
	bool		nulls[8] = {0};

	if (bracket->first > cohort->begun)
		return;
	complete = ret_period_complete(periods, bin) &&
		(table->options.elapsed ? cell->eligible == cohort->customers :
		 ret_period_complete(periods, bin + bracket->last));
	rated = table->options.elapsed ? cell->eligible > 0 : complete;
	values[0] = ret_bin_date(&periods->bins, bin);
	values[1] = bracket->range;
	values[2] = Int64GetDatum(cell->eligible);
	values[3] = Int64GetDatum(cell->retained);
	ret_put_rate(&values[4], &nulls[4], cell->retained, cell->eligible, table->options.z, rated);
	values[7] = BoolGetDatum(complete);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* Return the rows of cohort_brackets, or of return_brackets, of one or two activities */
static Datum
put_brackets(FunctionCallInfo fcinfo, int activities)
{
	BracketTable table;

	InitMaterializedSRF(fcinfo, 0);
	if (!get_options(fcinfo, activities, &table))
		return (Datum) 0;
	build_cohorts(fcinfo, activities, &table);
	for (int64 i = 0; i < table.options.periods.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int k = 0; table.cohorts[i].cells && k < table.nbrackets; k++)
			put_bracket((ReturnSetInfo *) fcinfo->resultinfo, &table, i, table.sorted[k]);
	}
	return (Datum) 0;
}

/* cohort_brackets(activity, brackets, period, as_of, clock, since, confidence, origin) */
Datum
cohort_brackets(PG_FUNCTION_ARGS)
{
	return put_brackets(fcinfo, 1);
}

/* return_brackets(starts, returns, brackets, period, as_of, clock, since, confidence, origin) */
Datum
return_brackets(PG_FUNCTION_ARGS)
{
	return put_brackets(fcinfo, 2);
}
