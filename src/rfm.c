/*-------------------------------------------------------------------------
 *
 * rfm.c
 *	  Recency, frequency and monetary value: rfm_summary, rfm_score and
 *	  rfm_segment.
 *
 * rfm_summary reduces the purchases of a customer to what the purchase models
 * need.  With the days on which there was a purchase up to as_of,
 *
 *		frequency		days after the first
 *		recency			last day - first day
 *		age				day of as_of - first day
 *		monetary_value	mean of the totals of the days after the first, of
 *						those that are positive
 *
 * Amounts are decimals of which a double knows 15 digits: 0.1 + 0.2 - 0.3 is
 * not 0.  So a total is positive if it is more than the amounts' own errors.
 *
 * The state is a purchase_days: one varlena per group, modified in place, that
 * grows with the distinct days alone.  It has the total of each day as the sum
 * of two doubles, in ascending order of the days.  Groups are customers and
 * there may be millions, so it begins with room for one day in 64 bytes and
 * doubles; the sizes are those that the allocator would round up to anyway.
 * Sums are in twice the precision of a double (Knuth's TwoSum), so that
 * neither the order of the rows nor the number of workers shows.
 *
 * A row in order of time costs O(1), another one a binary search, and one on a
 * new day among later ones moves these.  Combining is a merge.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "access/htup_details.h"
#include "common/int.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "windowapi.h"

#include "aggregate.h"
#include "calendar.h"

/* A day with purchases */
typedef struct PurchaseDay
{
	DateADT		day;
	float4		size;			/* sum of the amounts without their signs */
	double		total;			/* sum of the amounts, */
	double		rest;			/* and what it lost to rounding */
} PurchaseDay;

#define PURCHASE_DAYS_VERSION	1

/* The purchases of a group.  Behind the days there may be room for more. */
typedef struct PurchaseDays
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;		/* PURCHASE_DAYS_VERSION */
	uint8		kind;			/* a RetTimeKind */
	uint16		unused;			/* 0 */
	int32		ndays;			/* days in use; may be none */
	DateADT		as_of_day;		/* day of as_of */
	int64		as_of;			/* the instant up to which purchases count */
	int64		purchases;		/* rows that count */
	PurchaseDay days[FLEXIBLE_ARRAY_MEMBER];	/* ascending */
} PurchaseDays;

#define FIRST_SIZE			64	/* bytes of a state with one day */
#define BINARY_HEADER_SIZE	26
#define BINARY_DAY_SIZE		24
#define MAX_DAYS			((MaxAllocSize - sizeof(PurchaseDays)) / sizeof(PurchaseDay))

/* What rfm_score remembers of a partition.  All zeros before the first row. */
typedef struct ScoreState
{
	int64		counted;		/* rows up to the last peer of the current row */
} ScoreState;

PG_FUNCTION_INFO_V1(purchase_days_in);
PG_FUNCTION_INFO_V1(purchase_days_out);
PG_FUNCTION_INFO_V1(purchase_days_recv);
PG_FUNCTION_INFO_V1(purchase_days_send);
PG_FUNCTION_INFO_V1(rfm_summary_transfn_date);
PG_FUNCTION_INFO_V1(rfm_summary_transfn_timestamp);
PG_FUNCTION_INFO_V1(rfm_summary_transfn_timestamptz);
PG_FUNCTION_INFO_V1(rfm_summary_combine);
PG_FUNCTION_INFO_V1(rfm_summary_finalfn);
PG_FUNCTION_INFO_V1(rfm_score);
PG_FUNCTION_INFO_V1(rfm_score_support);
PG_FUNCTION_INFO_V1(rfm_segment);

/*-------------------------------------------------------------------------
 * The state
 *-------------------------------------------------------------------------
 */

static inline Size
state_size(int64 ndays)
{
	return offsetof(PurchaseDays, days) + ndays * sizeof(PurchaseDay);
}

/* The number of days there is room for */
static inline int32
state_capacity(const PurchaseDays *state)
{
	return (VARSIZE(state) - offsetof(PurchaseDays, days)) / sizeof(PurchaseDay);
}

/* A state without days but with room for so many, in the current context */
static PurchaseDays *
state_alloc(int64 ndays)
{
	Size		size = FIRST_SIZE;
	PurchaseDays *state;

	if (ndays > (int64) MAX_DAYS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many days with purchases in one group"),
				 errdetail("The limit is %d days.", (int) MAX_DAYS)));
	while (size < state_size(ndays))
		size = Min(size * 2, state_size(MAX_DAYS));
	state = palloc0(size);
	SET_VARSIZE(state, size);
	state->version = PURCHASE_DAYS_VERSION;
	return state;
}

/* A copy with room for more days */
static PurchaseDays *
state_grow(const PurchaseDays *state, int64 ndays)
{
	PurchaseDays *copy = state_alloc(ndays);
	Size		size = VARSIZE(copy);

	memcpy(copy, state, state_size(state->ndays));
	SET_VARSIZE(copy, size);
	return copy;
}

/*
 * The state in argument argno, which must not be null, wherever detoasting has
 * put it.  What the aggregate makes and its input functions let pass is
 * consistent; a state of another type of time is not one of this aggregate.
 */
static PurchaseDays *
state_get(FunctionCallInfo fcinfo, int argno, int kind)
{
	PurchaseDays *state = (PurchaseDays *) PG_DETOAST_DATUM(PG_GETARG_DATUM(argno));

	if (state->version != PURCHASE_DAYS_VERSION || (kind != 0 && state->kind != kind))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("purchase_days was made by another aggregate"),
				 errhint("Combine only what the same aggregate has made.")));
	return state;
}

static void
check_as_of(const PurchaseDays *state, int64 as_of)
{
	if (unlikely(state->as_of != as_of))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must be the same for all rows of a group"),
				 errhint("Pass a constant, or GROUP BY the column that is passed.")));
}

/* The position of a day in a state, or that at which it should be */
static inline int32
find_day(const PurchaseDays *state, DateADT day)
{
	int32		low = 0;
	int32		high = state->ndays;

	if (high > 0 && day >= state->days[high - 1].day)
		return day == state->days[high - 1].day ? high - 1 : high;
	while (low < high)
	{
		int32		middle = low + (high - low) / 2;

		if (state->days[middle].day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Add a purchase; returns the state, or a larger one */
static PurchaseDays *
add_purchase(PurchaseDays *state, DateADT day, double amount)
{
	int32		i = find_day(state, day);

	if (i == state->ndays || state->days[i].day != day)
	{
		if (state->ndays == state_capacity(state))
			state = state_grow(state, (int64) state->ndays + 1);
		memmove(&state->days[i + 1], &state->days[i],
				(state->ndays - i) * sizeof(PurchaseDay));
		memset(&state->days[i], 0, sizeof(PurchaseDay));
		state->days[i].day = day;
		state->ndays++;
	}
	if (pg_add_s64_overflow(state->purchases, 1, &state->purchases))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("bigint out of range")));
	state->days[i].size = (float4) Min(state->days[i].size + fabs(amount), FLT_MAX);
	ret_add_amount(&state->days[i].total, &state->days[i].rest, amount);
	return state;
}

/*-------------------------------------------------------------------------
 * rfm_summary
 *-------------------------------------------------------------------------
 */

/* Day of an instant */
static DateADT
day_of(FunctionCallInfo fcinfo, RetTimeKind kind, int64 at)
{
	if (kind == RET_DATE)
		return (DateADT) at;
	if (kind == RET_TIMESTAMP)
		return ret_day_of(at);
	return ret_day_timestamptz(ret_call_offsets(fcinfo->flinfo), at);
}

/* The amount in argument 2: 0 if it is not known */
static inline double
get_amount(FunctionCallInfo fcinfo)
{
	double		amount;

	if (PG_ARGISNULL(2))
		return 0;
	amount = PG_GETARG_FLOAT8(2);
	if (unlikely(isnan(amount) || isinf(amount)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the amount of a purchase must be a finite number"),
				 errhint("Pass NULL for an amount that is not known.")));
	return amount;
}

/* The first state of a group */
static PurchaseDays *
state_begin(FunctionCallInfo fcinfo, RetTimeKind kind, int64 as_of)
{
	PurchaseDays *state;

	if (kind == RET_DATE ? DATE_NOT_FINITE((DateADT) as_of) : TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of must be finite"),
				 errhint("Pass the time up to which the data are complete.")));
	state = state_alloc(1);
	state->kind = kind;
	state->as_of = as_of;
	state->as_of_day = day_of(fcinfo, kind, as_of);
	return state;
}

/*
 * rfm_summary_transfn(purchase_days, at, amount, as_of)
 *		A purchase at a finite instant; one after as_of is not known yet, but
 *		it makes the group's state, which knows as_of.
 */
static Datum
summary_transfn(FunctionCallInfo fcinfo, RetTimeKind kind, int64 at)
{
	double		amount = get_amount(fcinfo);
	int64		as_of;
	PurchaseDays *state;

	if (unlikely(PG_ARGISNULL(3)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("as_of must not be null"),
				 errhint("Pass the time up to which the data are complete.")));
	as_of = kind == RET_DATE ? PG_GETARG_DATEADT(3) : PG_GETARG_TIMESTAMP(3);
	if (PG_ARGISNULL(0))
		state = state_begin(fcinfo, kind, as_of);
	else
	{
		state = state_get(fcinfo, 0, kind);
		check_as_of(state, as_of);
	}
	if (at <= as_of)
		state = add_purchase(state, day_of(fcinfo, kind, at), amount);
	PG_RETURN_POINTER(state);
}

Datum
rfm_summary_transfn_date(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	return summary_transfn(fcinfo, RET_DATE, ret_instant_date(PG_GETARG_DATEADT(1)));
}

Datum
rfm_summary_transfn_timestamp(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	return summary_transfn(fcinfo, RET_TIMESTAMP, ret_instant_timestamp(PG_GETARG_TIMESTAMP(1)));
}

Datum
rfm_summary_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	return summary_transfn(fcinfo, RET_TIMESTAMPTZ, ret_instant_timestamp(PG_GETARG_TIMESTAMP(1)));
}

/* Merge the days of two states into one that has room for all */
static void
merge_days(PurchaseDays *result, const PurchaseDays *a, const PurchaseDays *b)
{
	int32		i = 0;
	int32		j = 0;
	int32		n = 0;

	while (i < a->ndays || j < b->ndays)
	{
		PurchaseDay *day = &result->days[n++];

		if ((n & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (j == b->ndays || (i < a->ndays && a->days[i].day < b->days[j].day))
			*day = a->days[i++];
		else if (i == a->ndays || b->days[j].day < a->days[i].day)
			*day = b->days[j++];
		else
		{
			*day = a->days[i++];
			day->size = (float4) Min((double) day->size + b->days[j].size, FLT_MAX);
			ret_add_amount(&day->total, &day->rest, b->days[j].total);
			ret_add_amount(&day->total, &day->rest, b->days[j++].rest);
		}
	}
	result->ndays = n;
}

Datum
rfm_summary_combine(PG_FUNCTION_ARGS)
{
	PurchaseDays *a;
	PurchaseDays *b;
	PurchaseDays *result;

	(void) ret_agg_context(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	b = state_get(fcinfo, 1, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(b);
	a = state_get(fcinfo, 0, b->kind);
	check_as_of(a, b->as_of);
	result = state_alloc((int64) a->ndays + b->ndays);
	result->kind = a->kind;
	result->as_of = a->as_of;
	result->as_of_day = a->as_of_day;
	if (pg_add_s64_overflow(a->purchases, b->purchases, &result->purchases))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("bigint out of range")));
	merge_days(result, a, b);
	PG_RETURN_POINTER(result);
}

/* Is there anything left of the amounts of a day but their errors? */
static inline bool
day_has_value(const PurchaseDay *day)
{
	return day->total + day->rest > 8 * DBL_EPSILON * (double) day->size;
}

/*
 * A row of the result type, whose description is remembered where it can be:
 * to look it up would take longer than all the rest for a small group
 */
static Datum
summary_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	tupdesc = fcinfo->flinfo->fn_extra;

	if (tupdesc == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE ||
			tupdesc->natts != 8)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("function must return a row of %d columns", 8)));
		tupdesc = fcinfo->flinfo->fn_extra = BlessTupleDesc(tupdesc);
		MemoryContextSwitchTo(old);
	}
	return HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls));
}

/*
 * (frequency, recency, age, monetary_value, purchases, revenue, first_day,
 * last_day); NULL without purchases.
 */
Datum
rfm_summary_finalfn(PG_FUNCTION_ARGS)
{
	PurchaseDays *state;
	const PurchaseDay *first;
	const PurchaseDay *last;
	double		revenue[2] = {0};
	double		value[2] = {0};
	int64		valued = 0;
	Datum		values[8];
	bool		nulls[8] = {0};

	(void) ret_agg_context(fcinfo);
	state = state_get(fcinfo, 0, 0);
	if (state->ndays == 0)
		PG_RETURN_NULL();
	for (int32 i = 0; i < state->ndays; i++)
	{
		const PurchaseDay *day = &state->days[i];

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		ret_add_amount(&revenue[0], &revenue[1], day->total);
		revenue[1] += day->rest;
		if (i > 0 && day_has_value(day))
		{
			valued++;
			ret_add_amount(&value[0], &value[1], day->total);
			value[1] += day->rest;
		}
	}
	if (isinf(revenue[0] + revenue[1]) || isnan(revenue[0] + revenue[1]) ||
		isinf(value[0] + value[1]) || isnan(value[0] + value[1]))
		float_overflow_error();
	first = &state->days[0];
	last = &state->days[state->ndays - 1];
	values[0] = Int64GetDatum((int64) state->ndays - 1);
	values[1] = Float8GetDatum((double) last->day - first->day);
	values[2] = Float8GetDatum((double) state->as_of_day - first->day);
	values[3] = Float8GetDatum(valued > 0 ? (value[0] + value[1]) / valued : 0);
	values[4] = Int64GetDatum(state->purchases);
	values[5] = Float8GetDatum(revenue[0] + revenue[1]);
	values[6] = DateADTGetDatum(first->day);
	values[7] = DateADTGetDatum(last->day);
	nulls[3] = valued == 0;
	return summary_row(fcinfo, values, nulls);
}

/*-------------------------------------------------------------------------
 * Input and output of purchase_days
 *
 * The binary form is: version, kind (one byte each), days (int32), day of
 * as_of (int32), as_of, purchases (int64), then for each day its number
 * (int32), size of the amounts (float4), total and rest (float8).  The text form is
 * that in hexadecimal digits.  Both exist for partial aggregation between
 * machines.
 *-------------------------------------------------------------------------
 */

/* Read the days that follow the header; false, and why, if they are none */
static bool
parse_days(StringInfo buf, PurchaseDays *state, int32 ndays, const char **why)
{
	for (int32 i = 0; i < ndays; i++)
	{
		PurchaseDay *day = &state->days[i];

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		day->day = pq_getmsgint(buf, 4);
		day->size = pq_getmsgfloat4(buf);
		day->total = pq_getmsgfloat8(buf);
		day->rest = pq_getmsgfloat8(buf);
		*why = "its days are not in ascending order up to as_of";
		if (!IS_VALID_DATE(day->day) || day->day > state->as_of_day ||
			(i > 0 && day->day <= day[-1].day))
			return false;
		*why = "an amount is not finite";
		if (isnan(day->total) || isinf(day->total) || isnan(day->rest) || isinf(day->rest) ||
			!(day->size >= 0 && day->size <= FLT_MAX))
			return false;
	}
	state->ndays = ndays;
	return true;
}

/* Is the day of as_of what it can be?  In a time zone, a day more or less. */
static bool
as_of_on_day(const PurchaseDays *state)
{
	int64		day = state->kind == RET_DATE ? state->as_of : ret_day_of(state->as_of);
	int64		slack = state->kind == RET_TIMESTAMPTZ ? 1 : 0;

	return IS_VALID_DATE(state->as_of_day) &&
		state->as_of_day >= day - slack && state->as_of_day <= day + slack;
}

/* Build a state from the binary form.  Returns NULL and says why if it is none. */
static PurchaseDays *
state_parse(StringInfo buf, const char **why)
{
	int64		length = buf->len - buf->cursor;
	int			version,
				kind;
	int32		ndays;
	PurchaseDays *state;

	*why = "it is too short";
	if (length < BINARY_HEADER_SIZE)
		return NULL;
	version = pq_getmsgbyte(buf);
	kind = pq_getmsgbyte(buf);
	ndays = pq_getmsgint(buf, 4);
	*why = "its version is not known";
	if (version != PURCHASE_DAYS_VERSION)
		return NULL;
	*why = "its type of time is not known";
	if (kind < RET_DATE || kind > RET_TIMESTAMPTZ)
		return NULL;
	*why = "its length does not fit its number of days";
	if (ndays < 0 || length != BINARY_HEADER_SIZE + (int64) ndays * BINARY_DAY_SIZE)
		return NULL;

	state = state_alloc(ndays);
	state->kind = kind;
	state->as_of_day = pq_getmsgint(buf, 4);
	state->as_of = pq_getmsgint64(buf);
	state->purchases = pq_getmsgint64(buf);
	*why = "its as_of is not finite";
	if (DATE_NOT_FINITE(state->as_of_day) || TIMESTAMP_NOT_FINITE(state->as_of))
		return NULL;
	*why = "its as_of is not on the day it says";
	if (!as_of_on_day(state))
		return NULL;
	*why = "its purchases do not fit its days";
	if (state->purchases < ndays || (ndays == 0 && state->purchases != 0))
		return NULL;
	return parse_days(buf, state, ndays, why) ? state : NULL;
}

Datum
purchase_days_recv(PG_FUNCTION_ARGS)
{
	const char *why;
	PurchaseDays *state = state_parse((StringInfo) PG_GETARG_POINTER(0), &why);

	if (state == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid purchase_days"),
				 errdetail("The value cannot be read: %s.", why)));
	PG_RETURN_POINTER(state);
}

Datum
purchase_days_send(PG_FUNCTION_ARGS)
{
	PurchaseDays *state = state_get(fcinfo, 0, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, PURCHASE_DAYS_VERSION);
	pq_sendbyte(&buf, state->kind);
	pq_sendint32(&buf, state->ndays);
	pq_sendint32(&buf, state->as_of_day);
	pq_sendint64(&buf, state->as_of);
	pq_sendint64(&buf, state->purchases);
	for (int32 i = 0; i < state->ndays; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		pq_sendint32(&buf, state->days[i].day);
		pq_sendfloat4(&buf, state->days[i].size);
		pq_sendfloat8(&buf, state->days[i].total);
		pq_sendfloat8(&buf, state->days[i].rest);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
purchase_days_in(PG_FUNCTION_ARGS)
{
	struct varlena *bytes = ret_hex_input(fcinfo, "purchase_days");
	StringInfoData buf;
	const char *why;
	PurchaseDays *state;

	if (bytes == NULL)
		PG_RETURN_NULL();
	initReadOnlyStringInfo(&buf, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ);
	state = state_parse(&buf, &why);
	if (state == NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid purchase_days"),
				 errdetail("The value cannot be read: %s.", why)));
	PG_RETURN_POINTER(state);
}

Datum
purchase_days_out(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = DatumGetByteaPP(purchase_days_send(fcinfo));

	PG_RETURN_CSTRING(ret_hex_output(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), "purchase_days"));
}

/*-------------------------------------------------------------------------
 * rfm_score
 *-------------------------------------------------------------------------
 */

/*
 * rfm_score(bins integer) OVER (ORDER BY value) -> integer
 *		ceil(bins x cume_dist), in integers: of n rows, k of them up to the
 *		last peer of the current one, (bins k + n - 1) / n.  Peers get one
 *		score, the rows of the last group bins.  The peers of a row are looked
 *		for once: O(rows).
 */
Datum
rfm_score(PG_FUNCTION_ARGS)
{
	WindowObject winobj = ret_window_object(fcinfo);
	ScoreState *state;
	int64		position;
	int64		rows;
	int64		product;
	int32		bins;
	bool		isnull;

	bins = DatumGetInt32(WinGetFuncArgCurrent(winobj, 0, &isnull));
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("bins must not be null"),
				 errhint("Pass the highest score, such as 5.")));
	if (bins < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins must be positive"),
				 errdetail("It is %d.", bins),
				 errhint("Pass the highest score, such as 5.")));

	state = WinGetPartitionLocalMemory(winobj, sizeof(ScoreState));
	position = WinGetCurrentPosition(winobj);
	rows = WinGetPartitionRowCount(winobj);
	if (position >= state->counted)
	{
		/* neighbours: a partition on disk is slow to go back and forth in */
		state->counted = position + 1;
		while (state->counted < rows && WinRowsArePeers(winobj, state->counted - 1, state->counted))
		{
			if ((state->counted++ & 0x0FFF) == 0)
				CHECK_FOR_INTERRUPTS();
		}
	}
	WinSetMarkPosition(winobj, position);
	if (pg_mul_s64_overflow(bins, state->counted, &product) ||
		pg_add_s64_overflow(product, rows - 1, &product))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for so many bins")));
	PG_RETURN_INT32((int32) (product / rows));
}

/*
 * rfm_score_support(internal) -> internal
 *		What the planner may know of rfm_score: it does not look at the frame,
 *		which may be the one that costs least, and with one number of bins it
 *		never falls, so that a condition on it may end the scan early.
 */
Datum
rfm_score_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	Node	   *answer = NULL;

	if (IsA(request, SupportRequestWFuncMonotonic))
	{
		SupportRequestWFuncMonotonic *monotonic = (SupportRequestWFuncMonotonic *) request;

		if (IsA(linitial(monotonic->window_func->args), Const))
		{
			monotonic->monotonic = MONOTONICFUNC_INCREASING;
			answer = request;
		}
	}
	if (ret_any_frame_will_do(request))
		answer = request;
	PG_RETURN_POINTER(answer);
}

/*-------------------------------------------------------------------------
 * rfm_segment
 *-------------------------------------------------------------------------
 */

/* By recency, and by frequency and monetary value together, 1..5 each */
static const char *const segments[5][5] = {
	{"lost", "lost", "at risk", "at risk", "cannot lose"},
	{"hibernating", "hibernating", "at risk", "at risk", "cannot lose"},
	{"about to sleep", "about to sleep", "need attention", "loyal", "loyal"},
	{"promising", "potential loyalists", "potential loyalists", "loyal", "champions"},
	{"new", "potential loyalists", "potential loyalists", "champions", "champions"}
};

/*
 * rfm_segment(r, f, m integer) -> text
 *		The name of what scores of 1..5 make of a customer.  Frequency and
 *		monetary value count as one, their mean, half a point rounded up.
 */
Datum
rfm_segment(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"r", "f", "m"};
	int32		scores[3];

	for (int i = 0; i < 3; i++)
	{
		scores[i] = PG_GETARG_INT32(i);
		if (scores[i] < 1 || scores[i] > 5)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must be a score from 1 to 5", names[i]),
					 errdetail("It is %d.", scores[i]),
					 errhint("Compute the scores with rfm_score(5).")));
	}
	PG_RETURN_TEXT_P(cstring_to_text(segments[scores[0] - 1][(scores[1] + scores[2] + 1) / 2 - 1]));
}
