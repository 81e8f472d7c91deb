/*-------------------------------------------------------------------------
 *
 * purchase_days.c
 *	  The state of rfm_summary: type purchase_days.
 *
 * A state is one varlena per group, modified in place.  It grows only with the
 * number of distinct days.  For each day with a row it holds whether there was
 * a purchase and the sum of the amounts, refunds included.  Which purchase a
 * refund belongs to is not known until all rows are, so a day with only refunds
 * is kept as such; rfm.c reads the days in order and decides.
 *
 * Sums are exact: see money.h.  All sums of a state are in units of 10^-scale,
 * where scale is the largest number of decimals that any amount needs.  So the
 * scale and the sums depend on the rows alone, not on their order or the plan.
 *
 * Groups are customers, and there may be millions.  So a state begins with room
 * for one day in 64 bytes, and doubles when it is full; the sizes are those that
 * the allocator would round up to anyway.
 *
 * A row in order of time costs O(1), any other a binary search.  While a state
 * has few days, a new one is inserted in its place.  Once it has many, a new day
 * before others waits after the sorted ones, and when there is no more room, the
 * waiting days are sorted and merged.  At least a quarter of the room is free
 * after that, so n days in any order take O(n log n).  Combining is a merge.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "base/calendar.h"
#include "base/varlena.h"
#include "base/zone.h"
#include "family/purchase_days.h"
#include "store/counters.h"
#include "store/money.h"

#define FIRST_SIZE			64	/* bytes of a state with one day */
#define FEW_DAYS			64	/* most days among which a new one is inserted rather than waits */
#define NO_INSTANT			PG_INT64_MIN	/* as_of of a state that was received */
#define BINARY_HEADER_SIZE	19
#define BINARY_DAY_SIZE		21
#define MAX_DAYS			((MaxAllocSize - sizeof(RetPurchaseDays)) / sizeof(RetPurchaseDay))

PG_FUNCTION_INFO_V1(purchase_days_in);
PG_FUNCTION_INFO_V1(purchase_days_out);
PG_FUNCTION_INFO_V1(purchase_days_recv);
PG_FUNCTION_INFO_V1(purchase_days_send);

/*-------------------------------------------------------------------------
 * Room
 *-------------------------------------------------------------------------
 */

static inline Size
state_size(int64 ndays)
{
	return offsetof(RetPurchaseDays, days) + ndays * sizeof(RetPurchaseDay);
}

/* Get the number of days for which a state has room */
static inline int32
state_capacity(const RetPurchaseDays *state)
{
	return (VARSIZE(state) - offsetof(RetPurchaseDays, days)) / sizeof(RetPurchaseDay);
}

/* Make a state without days but with room for ndays, in the current context */
static RetPurchaseDays *
state_alloc(int64 ndays)
{
	Size		size = FIRST_SIZE;
	RetPurchaseDays *state;

	if (ndays > (int64) MAX_DAYS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many days with purchases in one group"),
				 errdetail("There are %lld, the limit is %lld.", (long long) ndays, (long long) MAX_DAYS)));
	while (size < state_size(ndays))
		size = Min(size * 2, state_size(MAX_DAYS));
	state = palloc0(size);
	SET_VARSIZE(state, size);
	state->version = RET_PURCHASE_DAYS_VERSION;
	return state;
}

/* Copy a state, with room for at least ndays */
static RetPurchaseDays *
state_copy(const RetPurchaseDays *state, int64 ndays)
{
	RetPurchaseDays *copy = state_alloc(ndays);
	Size		size = VARSIZE(copy);

	memcpy(copy, state, state_size(state->ndays));
	SET_VARSIZE(copy, size);
	return copy;
}

/* Make the state of a new group */
RetPurchaseDays *
ret_purchase_days_begin(RetTimeKind kind, int64 as_of, DateADT as_of_day)
{
	RetPurchaseDays *state = state_alloc(1);

	state->kind = kind;
	state->as_of = as_of;
	state->as_of_day = as_of_day;
	state->zone = kind == RET_TIMESTAMPTZ ? ret_zone_number() : 0;
	return state;
}

/*
 * Get the state in argument argno, which must not be null; it may be detoasted
 * into the current context.  Unless kind is 0, a state of another kind of time
 * is an error.  There are no other checks: states that the aggregate has made or
 * the input functions have accepted are consistent.
 */
RetPurchaseDays *
ret_purchase_days_get(FunctionCallInfo fcinfo, int argno, int kind)
{
	RetPurchaseDays *state = (RetPurchaseDays *) PG_DETOAST_DATUM(PG_GETARG_DATUM(argno));

	if (state->version != RET_PURCHASE_DAYS_VERSION || (kind != 0 && state->kind != kind))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("purchase_days was made by another aggregate"),
				 errhint("Combine only what the same aggregate has made.")));
	return state;
}

/* Set the sum of a day, at the scale of its state */
static inline void
set_total(RetPurchaseDay *day, const RetMoney *total)
{
	day->high = total->high;
	day->low = total->low;
}

/* Rewrite all sums of a state with more decimals */
static void
set_scale(RetPurchaseDays *state, int scale)
{
	RetMoney	nothing = {0, 0, RET_MONEY_FORM(scale, 0)};

	for (int32 i = 0; i < state->ndays; i++)
	{
		RetMoney	total;

		ret_check_interrupts_at(i);
		total = ret_purchase_day_total(state, &state->days[i]);
		ret_money_add(&total, &nothing);
		set_total(&state->days[i], &total);
	}
	state->scale = scale;
}

/*-------------------------------------------------------------------------
 * Days in order
 *-------------------------------------------------------------------------
 */

static int
compare_days(const void *a, const void *b, void *arg pg_attribute_unused())
{
	DateADT		x = ((const RetPurchaseDay *) a)->day;
	DateADT		y = ((const RetPurchaseDay *) b)->day;

	return (x > y) - (x < y);
}

/* Add another element of the same day; both are at the scale of the state */
static inline void
add_same_day(const RetPurchaseDays *state, RetPurchaseDay *day, const RetPurchaseDay *other)
{
	RetMoney	total = ret_purchase_day_total(state, day);
	RetMoney	more = ret_purchase_day_total(state, other);

	ret_money_add(&total, &more);
	set_total(day, &total);
	day->purchased |= other->purchased;
}

/* Sort days of a state, and merge those that are the same; returns how many remain */
static int32
sort_distinct(const RetPurchaseDays *state, RetPurchaseDay *days, int32 n)
{
	int32		distinct = 0;

	qsort_interruptible(days, n, sizeof(RetPurchaseDay), compare_days, NULL);
	for (int32 i = 0; i < n; i++)
	{
		if (distinct > 0 && days[i].day == days[distinct - 1].day)
			add_same_day(state, &days[distinct - 1], &days[i]);
		else
			days[distinct++] = days[i];
	}
	return distinct;
}

/* Merge the days that wait into those that are sorted, in place */
static void
merge_waiting(RetPurchaseDays *state)
{
	int32		waiting = state->ndays - state->nsorted;
	RetPurchaseDay *days = palloc(waiting * sizeof(RetPurchaseDay));
	int32		i = state->nsorted;
	int32		to;

	memcpy(days, &state->days[i], waiting * sizeof(RetPurchaseDay));
	waiting = sort_distinct(state, days, waiting);
	/* backwards, since the room is after the sorted days; no day is in both */
	state->ndays = state->nsorted = to = i + waiting;
	while (waiting > 0)
	{
		ret_check_interrupts_at(to);
		if (i > 0 && state->days[i - 1].day > days[waiting - 1].day)
			state->days[--to] = state->days[--i];
		else
			state->days[--to] = days[--waiting];
	}
	pfree(days);
}

/* Return the state, or a copy if its days are not in order, with its days in order */
RetPurchaseDays *
ret_purchase_days_sorted(RetPurchaseDays *state)
{
	if (state->nsorted < state->ndays)
	{
		state = state_copy(state, state->ndays);
		merge_waiting(state);
	}
	return state;
}

/* Find the position of a day among the sorted ones, or where it is to be inserted */
static inline int32
find_day(const RetPurchaseDays *state, DateADT day)
{
	int32		low = 0;
	int32		high = state->nsorted;

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

/* Make room for one more day; returns the state, or a larger one */
static RetPurchaseDays *
make_room(RetPurchaseDays *state)
{
	int32		capacity = state_capacity(state);

	if (state->nsorted < state->ndays)
		merge_waiting(state);
	if (state->ndays > capacity - 1 - capacity / 4 || state->ndays <= FEW_DAYS)
		state = state_copy(state, (int64) capacity + 1);
	return state;
}

/*
 * Get the place of a day, which is added if it is new.  *state_ptr may be
 * replaced by a larger state.
 */
static inline RetPurchaseDay *
get_day(RetPurchaseDays **state_ptr, DateADT day)
{
	RetPurchaseDays *state = *state_ptr;
	int32		i = find_day(state, day);

	if (i < state->nsorted && state->days[i].day == day)
		return &state->days[i];
	if (state->nsorted < state->ndays && state->days[state->ndays - 1].day == day)
		return &state->days[state->ndays - 1];
	if (state->ndays == state_capacity(state))
	{
		state = *state_ptr = make_room(state);
		i = find_day(state, day);
		if (i < state->nsorted && state->days[i].day == day)
			return &state->days[i];
	}
	if (state->nsorted == state->ndays &&
		(i == state->nsorted || state->nsorted <= FEW_DAYS))
	{
		memmove(&state->days[i + 1], &state->days[i],
				(state->ndays - i) * sizeof(RetPurchaseDay));
		state->nsorted++;
	}
	else
		i = state->ndays;
	state->ndays++;
	memset(&state->days[i], 0, sizeof(RetPurchaseDay));
	state->days[i].day = day;
	return &state->days[i];
}

/* Add a purchase or a refund; returns the state, or a larger one */
RetPurchaseDays *
ret_purchase_days_add(RetPurchaseDays *state, DateADT day, const RetMoney *amount, bool refund)
{
	RetPurchaseDay *place = get_day(&state, day);
	RetMoney	total;

	if (unlikely(ret_money_scale(amount) > state->scale))
		set_scale(state, ret_money_scale(amount));
	total = ret_purchase_day_total(state, place);
	ret_money_add(&total, amount);
	set_total(place, &total);
	if (!refund)
	{
		place->purchased = 1;
		ret_counter_move(&state->purchases, 1);
	}
	return state;
}

/* Merge the days of two states of the same scale into result, which has room for all */
static void
merge_days(RetPurchaseDays *result, const RetPurchaseDays *a, const RetPurchaseDays *b)
{
	int32		i = 0;
	int32		j = 0;
	int32		n = 0;

	while (i < a->ndays || j < b->ndays)
	{
		RetPurchaseDay *day = &result->days[n++];

		ret_check_interrupts_at(n);
		if (j == b->ndays || (i < a->ndays && a->days[i].day < b->days[j].day))
			*day = a->days[i++];
		else if (i == a->ndays || b->days[j].day < a->days[i].day)
			*day = b->days[j++];
		else
		{
			*day = a->days[i++];
			add_same_day(result, day, &b->days[j++]);
		}
	}
	result->ndays = result->nsorted = n;
}

/* Merge two states with the same as_of_day into a new one; neither is changed */
RetPurchaseDays *
ret_purchase_days_merge(RetPurchaseDays *a, RetPurchaseDays *b)
{
	RetPurchaseDays *result = state_alloc((int64) a->ndays + b->ndays);

	result->kind = a->kind;
	result->as_of = a->as_of;
	result->as_of_day = a->as_of_day;
	result->zone = a->zone;
	result->scale = Max(a->scale, b->scale);
	result->purchases = a->purchases;
	ret_counter_move(&result->purchases, b->purchases);
	a = ret_purchase_days_sorted(a);
	b = ret_purchase_days_sorted(b);
	if (a->scale < result->scale)
		set_scale(a = state_copy(a, a->ndays), result->scale);
	if (b->scale < result->scale)
		set_scale(b = state_copy(b, b->ndays), result->scale);
	merge_days(result, a, b);
	return result;
}

/*-------------------------------------------------------------------------
 * Input and output
 *
 * The binary form is: version, kind, scale (one byte each), days (int32), day
 * of as_of (int32), purchases (int64), then for each day in order its number
 * (int32), whether there was a purchase (one byte) and the sum of the amounts
 * (16 bytes), and for timestamptz the name of the time zone of these days.  The
 * text form is the same in hexadecimal digits.  Both exist for partial
 * aggregation between machines.  Equal content gives equal bytes.
 *
 * The name of a zone would take as much room as two days, and most states have
 * fewer.  So the name is checked when a state is received, and from then on a
 * number stands for it.
 *-------------------------------------------------------------------------
 */

/* Read the days after the header; false if they are invalid, and *why says why */
static bool
parse_days(StringInfo buf, RetPurchaseDays *state, int32 ndays, const char **why)
{
	int64		purchased = 0;

	for (int32 i = 0; i < ndays; i++)
	{
		RetPurchaseDay *day = &state->days[i];

		ret_check_interrupts_at(i);
		day->day = pq_getmsgint(buf, 4);
		day->purchased = pq_getmsgbyte(buf);
		day->high = pq_getmsgint64(buf);
		day->low = pq_getmsgint64(buf);
		*why = "its days are not in ascending order before as_of";
		if (!IS_VALID_DATE(day->day) || day->day >= state->as_of_day ||
			(i > 0 && day->day <= day[-1].day))
			return false;
		*why = "a day has neither purchases nor refunds";
		if (day->purchased > 1)
			return false;
		purchased += day->purchased;
	}
	*why = "its purchases do not fit its days";
	if (state->purchases < purchased || (purchased == 0 && state->purchases != 0))
		return false;
	state->ndays = state->nsorted = ndays;
	return true;
}

/* Build a state from the binary form; NULL if it is invalid, and *why says why */
static struct varlena *
state_parse(StringInfo buf, const void *arg pg_attribute_unused(), const char **why)
{
	int64		length = buf->len - buf->cursor;
	int			version,
				kind,
				scale;
	int32		ndays;
	RetPurchaseDays *state;

	*why = "it is too short";
	if (length < BINARY_HEADER_SIZE)
		return NULL;
	version = pq_getmsgbyte(buf);
	kind = pq_getmsgbyte(buf);
	scale = pq_getmsgbyte(buf);
	ndays = pq_getmsgint(buf, 4);
	*why = "its version is not known";
	if (version != RET_PURCHASE_DAYS_VERSION)
		return NULL;
	*why = "its type of time is not known";
	if (kind < RET_DATE || kind > RET_TIMESTAMPTZ)
		return NULL;
	*why = "its amounts have too many decimals";
	if (scale > RET_MONEY_MAX_DECIMALS)
		return NULL;
	*why = "its length does not fit its number of days";
	length -= BINARY_HEADER_SIZE + (int64) ndays * BINARY_DAY_SIZE;
	if (ndays < 0 || length < 0 || (length > 0 && kind != RET_TIMESTAMPTZ))
		return NULL;

	state = state_alloc(ndays);
	state->kind = kind;
	state->scale = scale;
	state->as_of_day = pq_getmsgint(buf, 4);
	state->as_of = NO_INSTANT;
	state->purchases = pq_getmsgint64(buf);
	*why = "its as_of is not a day";
	if (!IS_VALID_DATE(state->as_of_day))
		return NULL;
	if (!parse_days(buf, state, ndays, why))
		return NULL;
	if (kind == RET_TIMESTAMPTZ)
		state->zone = ret_zone_receive(pq_getmsgbytes(buf, (int) length), length);
	*why = "its time zone is not a name";
	return (state->zone != 0) == (kind == RET_TIMESTAMPTZ) ? (struct varlena *) state : NULL;
}

Datum
purchase_days_recv(PG_FUNCTION_ARGS)
{
	return ret_parse_receive(fcinfo, "purchase_days", state_parse, NULL);
}

Datum
purchase_days_send(PG_FUNCTION_ARGS)
{
	RetPurchaseDays *state = ret_purchase_days_sorted(ret_purchase_days_get(fcinfo, 0, 0));
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, RET_PURCHASE_DAYS_VERSION);
	pq_sendbyte(&buf, state->kind);
	pq_sendbyte(&buf, state->scale);
	pq_sendint32(&buf, state->ndays);
	pq_sendint32(&buf, state->as_of_day);
	pq_sendint64(&buf, state->purchases);
	for (int32 i = 0; i < state->ndays; i++)
	{
		ret_check_interrupts_at(i);
		pq_sendint32(&buf, state->days[i].day);
		pq_sendbyte(&buf, state->days[i].purchased);
		pq_sendint64(&buf, state->days[i].high);
		pq_sendint64(&buf, state->days[i].low);
	}
	ret_zone_send(&buf, state->zone);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
purchase_days_in(PG_FUNCTION_ARGS)
{
	return ret_parse_input(fcinfo, "purchase_days", state_parse, NULL);
}

Datum
purchase_days_out(PG_FUNCTION_ARGS)
{
	return ret_bytes_output(DatumGetByteaP(purchase_days_send(fcinfo)), "purchase_days");
}
