/*-------------------------------------------------------------------------
 *
 * funnel.c
 *	  Funnels: funnel_table and funnel_attempts, who got how far along steps.
 *
 * An attempt begins with each event of the first step.  Its step k+1 is the first event
 * of that name that is not before step k, is not an event that the attempt has used,
 * and lies in [start, start + within).  Taking the first one is never worse: any chain
 * of events that fits stays one, or becomes longer, if an event is replaced by an earlier
 * one of the same name that may follow the step before.
 *
 * An event is used up only by a step of the same name at the same instant, since each
 * step is not before the others and a set has one event of a name and an instant.
 *
 * An attempt is known if start + within <= as_of.  'first' is the customer's first
 * attempt of all, if it is known; 'best' the one of the known attempts that gets
 * furthest, of those the earliest, of each bin if there are bins.
 *
 * For each customer the times of each name are listed in ascending order.  A later
 * attempt never takes an earlier event for a step than the attempt before, so a place in
 * the list of each step moves forward only.  Cost: O(events x steps) for a customer,
 * plus the selection of medians, which is linear.  Memory: the times of each attempt
 * that counts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/calendar.h"
#include "base/periods.h"
#include "family/events.h"
#include "family/stats.h"
#include "math/mathfn.h"

#define MAX_STEPS		32
#define LARGE_LOG		8192	/* numbers */
#define WITHIN_HINT		"Pass days or hours such as '30 days' or '24 hours'; a day is 24 hours."

typedef enum
{
	ATTEMPT_BEST,
	ATTEMPT_FIRST,
	ATTEMPT_ALL
} AttemptChoice;

/* An attempt of a customer */
typedef struct Attempt
{
	int64		number;			/* among all of the customer's, from 1 */
	int			reached;		/* steps that it has reached, at least 1 */
	int64		at[MAX_STEPS];	/* instants of these */
} Attempt;

/*
 * The attempts of a bin that count: of each the number of steps that it has reached, and
 * for each of these after the first how long after the start
 */
typedef struct AttemptLog
{
	uint64	   *numbers;
	int64		size;			/* numbers in use */
	int64		nalloc;
	int64		n;				/* attempts */
	bool		begun;			/* did an attempt begin in the bin, even one that does not count? */
} AttemptLog;

/* A funnel, and the customer who is in it */
typedef struct Funnel
{
	FunctionCallInfo fcinfo;
	RetEventReader reader;
	int			nsteps;
	Datum		steps[MAX_STEPS];	/* texts */
	uint64		within;			/* in days of dates, else microseconds */
	AttemptChoice choice;
	int64		as_of;			/* instant until which everything is known */
	int64		since;			/* first instant of an attempt that is shown */
	bool		binned;			/* is there a period? */
	RetBins		bins;
	int64		first_bin;
	int64		nbins;			/* from the first; 1 without a period */

	/* the names of the steps, each once */
	int			nlists;
	int			list_of_step[MAX_STEPS];
	int8		list_of_name[RET_MAX_EVENT_NAMES];	/* by number of the name; -1: no step */

	/* the customer's times */
	int64	   *times;			/* of each list, one list after the other */
	int64		nalloc;
	int64		begin[MAX_STEPS + 1];	/* where lists begin in times, and the last ends */
	int64		next[MAX_STEPS];	/* by step: place in its list that is not too early */

	/* what becomes of an attempt that counts */
	AttemptLog *logs;			/* by bin, of funnel_table; NULL: funnel_attempts */
} Funnel;

PG_FUNCTION_INFO_V1(funnel_table);
PG_FUNCTION_INFO_V1(funnel_attempts);

/*-------------------------------------------------------------------------
 * Arguments
 *-------------------------------------------------------------------------
 */

/* Read the argument steps: 1 to 32 names */
static void
get_steps(Funnel *funnel)
{
	FunctionCallInfo fcinfo = funnel->fcinfo;
	ArrayType  *array;
	Datum	   *elements;
	bool	   *nulls;

	if (PG_ARGISNULL(1))
		ret_reject_null("steps", "Pass the names of the steps, such as '{view,cart,buy}'.");
	array = PG_GETARG_ARRAYTYPE_P(1);
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &funnel->nsteps);
	if (ARR_NDIM(array) > 1 || funnel->nsteps < 1 || funnel->nsteps > MAX_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("steps must be a list of 1 to %d names", MAX_STEPS),
				 errhint("Pass the names of the steps, such as '{view,cart,buy}'.")));
	for (int i = 0; i < funnel->nsteps; i++)
	{
		if (nulls[i])
			ret_reject_null("a step", "Pass the names of the steps, such as '{view,cart,buy}'.");
		funnel->steps[i] = elements[i];
	}
}

/* Read the argument within; a length beyond all distances of instants is one of them */
static void
get_within(Funnel *funnel)
{
	FunctionCallInfo fcinfo = funnel->fcinfo;
	const Interval *within;
	int128		length;

	if (PG_ARGISNULL(2))
		ret_reject_null("within", WITHIN_HINT);
	within = PG_GETARG_INTERVAL_P(2);
	if (within->month != 0 && !INTERVAL_NOT_FINITE(within))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("within must not have months or years"),
				 errdetail("They have no fixed length."),
				 errhint("Say days: " WITHIN_HINT)));
	ret_check_length(within, "within");
	length = (int128) within->day * USECS_PER_DAY + within->time;

	/* an event is before the end if it is less than this number of units after the start */
	if (funnel->reader.kind == RET_DATE)
		length = (length + USECS_PER_DAY - 1) / USECS_PER_DAY;
	funnel->within = (uint64) Min(length, (int128) PG_UINT64_MAX);
}

/* Get the first instant of the day in an argument, or what is meant if it is null */
static int64
get_instant(Funnel *funnel, int argno, const char *name, int64 otherwise)
{
	FunctionCallInfo fcinfo = funnel->fcinfo;

	if (PG_ARGISNULL(argno))
		return otherwise;
	return ret_day_start(fcinfo->flinfo, (DateADT) ret_get_day(fcinfo, argno, name, 0), funnel->reader.kind);
}

/* List the names of the steps, each once, and find their numbers in the value */
static void
make_lists(Funnel *funnel)
{
	memset(funnel->list_of_name, -1, sizeof(funnel->list_of_name));
	for (int i = 0; i < funnel->nsteps; i++)
	{
		const text *step = DatumGetTextPP(funnel->steps[i]);
		int			number = ret_events_find(&funnel->reader, VARDATA_ANY(step), (int) VARSIZE_ANY_EXHDR(step));

		/* a name that is not there has a list of its own, which is empty */
		if (number >= 0 && funnel->list_of_name[number] >= 0)
			funnel->list_of_step[i] = funnel->list_of_name[number];
		else
		{
			if (number >= 0)
				funnel->list_of_name[number] = (int8) funnel->nlists;
			funnel->list_of_step[i] = funnel->nlists++;
		}
	}
}

/*
 * Read the first arguments, which both functions have: events, steps, within, attempt;
 * and as_of and since, whose numbers differ.  Returns false if the events are null.
 */
static bool
get_funnel(Funnel *funnel, FunctionCallInfo fcinfo, int nchoices, int as_of, int since)
{
	static const char *const choices[] = {"best", "first", "all"};

	memset(funnel, 0, sizeof(Funnel));
	funnel->fcinfo = fcinfo;
	if (!PG_ARGISNULL(0))
		ret_events_open(&funnel->reader, PG_GETARG_DATUM(0));
	else
		funnel->reader.kind = RET_DATE;
	get_steps(funnel);
	get_within(funnel);
	funnel->choice = (AttemptChoice) ret_get_choice(fcinfo, 3, "attempt", choices, nchoices);
	funnel->as_of = get_instant(funnel, as_of, "as_of", funnel->reader.last);
	funnel->since = get_instant(funnel, since, "since", PG_INT64_MIN);
	funnel->nbins = 1;
	make_lists(funnel);
	return !PG_ARGISNULL(0);
}

/*-------------------------------------------------------------------------
 * Attempts
 *-------------------------------------------------------------------------
 */

/* List the times of the customer's events that are steps, by name */
static void
list_times(Funnel *funnel)
{
	const RetEventReader *reader = &funnel->reader;
	int64		next[MAX_STEPS] = {0};
	int64		sum = 0;

	for (int64 i = 0; i < reader->nevents; i++)
	{
		int			list = funnel->list_of_name[reader->events[i].name];

		if (list >= 0)
			next[list]++;
		ret_check_interrupts_at(i);
	}
	for (int list = 0; list < funnel->nlists; list++)
	{
		funnel->begin[list] = sum;
		sum += next[list];
		next[list] = funnel->begin[list];
	}
	funnel->begin[funnel->nlists] = sum;
	if (sum > funnel->nalloc)
	{
		if (funnel->times)
			pfree(funnel->times);
		funnel->nalloc = 2 * sum;
		funnel->times = palloc_extended(funnel->nalloc * sizeof(int64), MCXT_ALLOC_HUGE);
	}
	for (int64 i = 0; i < reader->nevents; i++)
	{
		int			list = funnel->list_of_name[reader->events[i].name];

		if (list >= 0)
			funnel->times[next[list]++] = reader->events[i].at;
		ret_check_interrupts_at(i);
	}
	for (int k = 0; k < funnel->nsteps; k++)
		funnel->next[k] = funnel->begin[funnel->list_of_step[k]];
}

/* Tell whether the end of an attempt's window is known */
static inline bool
attempt_known(const Funnel *funnel, int64 start)
{
	return start <= funnel->as_of && (uint64) funnel->as_of - (uint64) start >= funnel->within;
}

/* Follow the attempt that begins at an instant; attempts must be followed in ascending order */
static void
follow_attempt(Funnel *funnel, int64 start, Attempt *attempt)
{
	uint32		used = (uint32) 1 << funnel->list_of_step[0];	/* lists of the steps at the last instant, as bits */

	attempt->at[0] = start;
	attempt->reached = 1;
	for (int k = 1; k < funnel->nsteps; k++)
	{
		int			list = funnel->list_of_step[k];
		int64		end = funnel->begin[list + 1];
		int64		before = attempt->at[k - 1];
		int64		next = funnel->next[k];
		bool		later = (used & ((uint32) 1 << list)) != 0;

		while (next < end && (funnel->times[next] < before || (later && funnel->times[next] == before)))
		{
			next++;
			ret_check_interrupts_at(next);
		}
		funnel->next[k] = next;
		if (next == end || (uint64) funnel->times[next] - (uint64) start >= funnel->within)
			break;
		if (funnel->times[next] != before)
			used = 0;
		used |= (uint32) 1 << list;
		attempt->at[k] = funnel->times[next];
		attempt->reached++;
	}
}

/* Add an attempt that counts to the log of its bin */
static void
log_attempt(AttemptLog *log, const Attempt *attempt)
{
	uint64	   *numbers;

	if (log->size + MAX_STEPS > log->nalloc)
	{
		/* much that is not used is not touched, and the C library keeps the memory of such an array */
		log->nalloc = Max((log->nalloc < LARGE_LOG ? 2 : 4) * log->nalloc, 4 * MAX_STEPS);
		if (log->numbers == NULL)
			log->numbers = palloc(log->nalloc * sizeof(uint64));
		else
			log->numbers = repalloc_huge(log->numbers, log->nalloc * sizeof(uint64));
	}
	numbers = log->numbers + log->size;
	numbers[0] = (uint64) attempt->reached;
	for (int k = 1; k < attempt->reached; k++)
		numbers[k] = (uint64) attempt->at[k] - (uint64) attempt->at[0];
	log->size += attempt->reached;
	log->n++;
}

/* Get the timestamp of an instant as it was written, or on the clocks of the session's time zone */
static Timestamp
written_time(Funnel *funnel, int64 at)
{
	FmgrInfo   *flinfo = funnel->fcinfo->flinfo;
	RetOffsets *offsets;

	if (funnel->reader.kind == RET_DATE)
		return ret_date_timestamp((DateADT) at);
	if (funnel->reader.kind == RET_TIMESTAMP)
		return at;
	offsets = ret_call_offsets(flinfo);
	(void) ret_day_timestamptz(offsets, at);
	at += offsets->spans[offsets->last].offset;
	if (!IS_VALID_TIMESTAMP(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return at;
}

/* Return the rows of an attempt that counts, one for each step that it has reached */
static void
put_attempt(Funnel *funnel, const Attempt *attempt)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) funnel->fcinfo->resultinfo;

	for (int k = 0; k < attempt->reached; k++)
	{
		Datum		values[5];
		bool		nulls[5] = {0};

		values[0] = Int64GetDatum(funnel->reader.customer);
		values[1] = Int64GetDatum(attempt->number);
		values[2] = Int32GetDatum(k + 1);
		values[3] = funnel->steps[k];
		values[4] = TimestampGetDatum(written_time(funnel, attempt->at[k]));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

static void
take_attempt(Funnel *funnel, const Attempt *attempt, int64 bin)
{
	if (funnel->logs)
		log_attempt(&funnel->logs[bin], attempt);
	else
		put_attempt(funnel, attempt);
}

/* Get the bin in which an attempt begins, counted from the first, and remember that one does */
static inline int64
begin_in_bin(Funnel *funnel, int64 start)
{
	int64		bin;

	if (!funnel->binned)
		return 0;
	bin = ret_bin_of(&funnel->bins, ret_instant_day(funnel->fcinfo->flinfo, start, funnel->reader.kind)) -
		funnel->first_bin;
	funnel->logs[bin].begun = true;
	return bin;
}

/* Follow the attempts of the customer that was read, and take those that count */
static void
walk_customer(Funnel *funnel)
{
	int64		nattempts;
	Attempt		attempt;
	Attempt		best;			/* of a bin; reached 0: none yet */
	int64		best_bin = 0;

	list_times(funnel);
	nattempts = funnel->begin[1];
	best.reached = 0;
	for (int64 i = 0; i < nattempts; i++)
	{
		int64		start = funnel->times[i];
		int64		bin;

		ret_check_interrupts_at(i);
		if (start < funnel->since)
			continue;
		bin = begin_in_bin(funnel, start);
		if (!attempt_known(funnel, start) || (funnel->choice == ATTEMPT_FIRST && i > 0))
		{
			/* what follows is not counted either, but begins in a bin */
			if (!funnel->binned)
				break;
			continue;
		}
		if (best.reached > 0 && bin != best_bin)
		{
			take_attempt(funnel, &best, best_bin);
			best.reached = 0;
		}
		if (best.reached == funnel->nsteps)
		{
			if (!funnel->binned)
				break;
			continue;
		}
		follow_attempt(funnel, start, &attempt);
		attempt.number = i + 1;
		if (funnel->choice != ATTEMPT_BEST)
			take_attempt(funnel, &attempt, bin);
		else if (attempt.reached > best.reached)
		{
			best = attempt;
			best_bin = bin;
		}
	}
	if (best.reached > 0)
		take_attempt(funnel, &best, best_bin);
}

/*-------------------------------------------------------------------------
 * Medians
 *-------------------------------------------------------------------------
 */

/*
 * Put the number that would be at place k of n sorted numbers there, those not greater
 * before it, those not smaller after it
 */
static void
select_number(uint64 *numbers, int64 n, int64 k)
{
	int64		low = 0;
	int64		high = n - 1;
	uint64		random = 1;		/* of a generator that spreads the pivots */

	while (low < high)
	{
		int64		i = low - 1;
		int64		j = high + 1;
		uint64		pivot;

		CHECK_FOR_INTERRUPTS();
		random = random * UINT64CONST(6364136223846793005) + UINT64CONST(1442695040888963407);
		pivot = numbers[low + (int64) ((random >> 33) % (uint64) (high - low))];
		for (;;)
		{
			uint64		number;

			do
				i++;
			while (numbers[i] < pivot);
			do
				j--;
			while (numbers[j] > pivot);
			if (i >= j)
				break;
			number = numbers[i];
			numbers[i] = numbers[j];
			numbers[j] = number;
		}
		if (k <= j)
			high = j;
		else
			low = j + 1;
	}
}

/* Compute the median of n numbers, the mean of the middle two if n is even; NaN if n is 0 */
static double
median(uint64 *numbers, int64 n)
{
	uint64		upper;
	uint64		lower;

	if (n == 0)
		return NAN;
	select_number(numbers, n, n / 2);
	upper = numbers[n / 2];
	if (n % 2 == 1)
		return (double) upper;
	lower = numbers[0];
	for (int64 i = 1; i < n / 2; i++)
		lower = Max(lower, numbers[i]);
	return ((double) lower + (double) upper) / 2;
}

/*-------------------------------------------------------------------------
 * funnel_table
 *-------------------------------------------------------------------------
 */

/* A bin's attempts, as they are shown */
typedef struct Bin
{
	int64		customers[MAX_STEPS];	/* who reached each step */
	double		seconds[MAX_STEPS]; /* median from the step before; not of the first */
	double		total[MAX_STEPS];	/* median from the start; not of the first */
} Bin;

/* Compute the median of the seconds between two steps, over the attempts that reached the second */
static double
median_seconds(const Funnel *funnel, const AttemptLog *log, int from, int to, uint64 *numbers)
{
	const uint64 *attempt = log->numbers;
	int64		found = 0;
	double		units;

	for (int64 i = 0; i < log->n; i++, attempt += attempt[0])
	{
		if (attempt[0] > (uint64) to)
			numbers[found++] = attempt[to] - (from == 0 ? 0 : attempt[from]);
		ret_check_interrupts_at(i);
	}
	units = median(numbers, found);
	return funnel->reader.kind == RET_DATE ? units * SECS_PER_DAY : units / USECS_PER_SEC;
}

/* Compute what is shown of the attempts of a bin; numbers has room for as many */
static void
compute_bin(const Funnel *funnel, const AttemptLog *log, uint64 *numbers, Bin *bin)
{
	const uint64 *attempt = log->numbers;

	/* first the attempts that end with each step */
	memset(bin, 0, sizeof(Bin));
	for (int64 i = 0; i < log->n; i++, attempt += attempt[0])
	{
		bin->customers[attempt[0] - 1]++;
		ret_check_interrupts_at(i);
	}
	for (int k = funnel->nsteps - 1; k > 0; k--)
		bin->customers[k - 1] += bin->customers[k];
	for (int k = 1; k < funnel->nsteps; k++)
	{
		bin->seconds[k] = median_seconds(funnel, log, k - 1, k, numbers);
		bin->total[k] = k == 1 ? bin->seconds[k] : median_seconds(funnel, log, 0, k, numbers);
	}
}

/* Tell whether all attempts that begin in a bin are known, and none is left out */
static bool
bin_complete(const Funnel *funnel, int64 bin)
{
	FmgrInfo   *flinfo = funnel->fcinfo->flinfo;
	int64		from = ret_bin_start(&funnel->bins, bin);
	int64		to = ret_bin_start(&funnel->bins, bin + 1);

	if (to > DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE && funnel->since != PG_INT64_MIN)
	{
		if (from < DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE ||
			ret_day_start(flinfo, (DateADT) from, funnel->reader.kind) < funnel->since)
			return false;
	}
	if (to >= (funnel->reader.kind == RET_DATE ? DATE_END_JULIAN : TIMESTAMP_END_JULIAN) - POSTGRES_EPOCH_JDATE)
		return false;
	return attempt_known(funnel, ret_day_start(flinfo, (DateADT) to, funnel->reader.kind));
}

/* Return the rows of a bin, one for each step */
static void
put_bin(const Funnel *funnel, int64 number, const Bin *bin, double z)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) funnel->fcinfo->resultinfo;
	bool		complete = !funnel->binned || bin_complete(funnel, funnel->first_bin + number);
	int64		started = bin->customers[0];

	for (int k = 0; k < funnel->nsteps; k++)
	{
		Datum		values[11] = {0};
		bool		nulls[11] = {0};
		int64		customers = bin->customers[k];
		int64		before = k > 0 ? bin->customers[k - 1] : 0;
		double		lower = 0;
		double		upper = 0;

		nulls[0] = !funnel->binned;
		if (funnel->binned)
			values[0] = ret_bin_date(&funnel->bins, funnel->first_bin + number);
		values[1] = Int32GetDatum(k + 1);
		values[2] = funnel->steps[k];
		values[3] = Int64GetDatum(customers);
		nulls[4] = started == 0;
		values[4] = Float8GetDatum(started == 0 ? 0 : (double) customers / (double) started);
		nulls[5] = nulls[6] = started == 0 || k == 0;
		if (!nulls[5])
			ret_wilson((double) customers, (double) started, z, &lower, &upper);
		values[5] = Float8GetDatum(lower);
		values[6] = Float8GetDatum(upper);
		nulls[7] = before == 0;
		values[7] = Float8GetDatum(before == 0 ? 0 : (double) customers / (double) before);
		nulls[8] = nulls[9] = customers == 0 || k == 0;
		values[8] = Float8GetDatum(bin->seconds[k]);
		values[9] = Float8GetDatum(bin->total[k]);
		values[10] = BoolGetDatum(complete);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/* Return the rows of each bin in which attempts began */
static void
put_bins(const Funnel *funnel, double z)
{
	uint64	   *numbers;
	int64		most = 1;

	for (int64 b = 0; b < funnel->nbins; b++)
		most = Max(most, funnel->logs[b].n);
	numbers = palloc_extended(most * sizeof(uint64), MCXT_ALLOC_HUGE);
	for (int64 b = 0; b < funnel->nbins; b++)
	{
		Bin			bin;

		CHECK_FOR_INTERRUPTS();
		if (funnel->binned && !funnel->logs[b].begun)
			continue;
		compute_bin(funnel, &funnel->logs[b], numbers, &bin);
		put_bin(funnel, b, &bin, z);
	}
}

/* Prepare the bins of a period, from that of the first instant to that of the last */
static void
open_bins(Funnel *funnel)
{
	FmgrInfo   *flinfo = funnel->fcinfo->flinfo;
	DateADT		first = ret_instant_day(flinfo, funnel->reader.first, funnel->reader.kind);
	DateADT		last = ret_instant_day(flinfo, funnel->reader.last, funnel->reader.kind);

	/* where clocks are put back over midnight, a later instant may have an earlier day */
	if (funnel->reader.kind == RET_TIMESTAMPTZ)
	{
		first = Max(first - 1, DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE);
		last++;
	}
	ret_bins_table(&funnel->bins, first, last);
	funnel->first_bin = ret_bin_of(&funnel->bins, first);
	funnel->nbins = ret_bin_of(&funnel->bins, last) - funnel->first_bin + 1;
	ret_check_bins(funnel->nbins);
}

/*
 * funnel_table(events, steps, within, attempt, period, as_of, since, confidence,
 *				origin)
 */
Datum
funnel_table(PG_FUNCTION_ARGS)
{
	Funnel		funnel;
	bool		given = get_funnel(&funnel, fcinfo, 2, 5, 6);
	double		z = ret_confidence_z(fcinfo, 7);
	DateADT		origin;

	ret_reject_null_option(fcinfo, 8, "origin");
	origin = ret_finite_date(PG_GETARG_DATEADT(8), "origin");
	funnel.binned = !PG_ARGISNULL(4);
	if (funnel.binned)
		ret_bins_get(fcinfo, 4, "period", origin, &funnel.bins);
	InitMaterializedSRF(fcinfo, 0);
	if (!given)
		return (Datum) 0;
	if (funnel.binned)
		open_bins(&funnel);
	funnel.logs = palloc_extended(funnel.nbins * sizeof(AttemptLog), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	while (ret_events_next(&funnel.reader))
	{
		CHECK_FOR_INTERRUPTS();
		walk_customer(&funnel);
	}
	put_bins(&funnel, z);
	return (Datum) 0;
}

/* funnel_attempts(events, steps, within, attempt, as_of, since) */
Datum
funnel_attempts(PG_FUNCTION_ARGS)
{
	Funnel		funnel;
	bool		given = get_funnel(&funnel, fcinfo, 3, 4, 5);

	InitMaterializedSRF(fcinfo, 0);
	if (!given)
		return (Datum) 0;
	ret_events_count(&funnel.reader);	/* for ascending order */
	while (ret_events_next(&funnel.reader))
	{
		CHECK_FOR_INTERRUPTS();
		walk_customer(&funnel);
	}
	return (Datum) 0;
}
