/*-------------------------------------------------------------------------
 *
 * subscriptions.c
 *	  The type customer_subscriptions and its aggregate: for each customer the
 *	  days on which contracts and what is paid per month have changed.
 *
 * The engine of src/history keeps, merges, sends and stores the values.  An
 * entry is the change of a day: in the number of contracts, and in the amount per
 * month.  A contract is two of them, at its start and, less, at its end.  Combining
 * two entries adds them, so the result depends on no order; two equal contracts
 * are two.  Changes of both to 0, as when a contract is renewed on the day, are not
 * written.
 *
 * That never leaves a customer without entries.  The first entry of each has more
 * contracts than there were before, as no contract ends before its start; when
 * values are merged, so has the first of all entries of a customer.
 *
 * Amounts are whole numbers of units of 10^-scale, as those of purchases.c.  The
 * last day on which a contract started belongs to the value as a whole: it is the
 * default of as_of, since ends may lie years ahead.
 *
 * The canonical bytes of a value are
 *
 *		version, form		one byte each
 *		scale, unused		one byte each
 *		customers			8 bytes
 *		changes				8 bytes, sum over the customers
 *		first, last			4 bytes each, days of changes since 2000-01-01
 *		last start			4 bytes
 *		then for each customer, in ascending order:
 *		key					the first: 8 bytes; others: varint, less the one before, less 1
 *		changes				varint, number - 1
 *		then for each change, in ascending order:
 *		day, code			varint, days since the change before (at first: since the
 *							first of all) * 4 + code: the number of contracts changes
 *							by 0, 1, -1, or (3) by another number
 *		number				varint, if the code is 3: the change, its sign in the lowest bit
 *		amount				varint, with its sign in the lowest bit
 *
 * where numbers are written as varint.h says.  A contract takes about 10 bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/calendar.h"
#include "family/subscriptions.h"
#include "history/varint.h"
#include "store/customer_key.h"
#include "store/money.h"

/*-------------------------------------------------------------------------
 * What the engine has to know
 *-------------------------------------------------------------------------
 */

#define RET_TYPE		"customer_subscriptions"
#define RET_SIGNATURE	"customer_subscriptions(customer, started, ended, amount)"
#define RET_PAYLOAD
#define UNITS_ADD		true
#define HEADER_SIZE		32

/* The change of a customer on a day */
typedef struct Entry
{
	DateADT		day;
	int32		contracts;		/* contracts that start less those that end */
	int64		amount;			/* what is paid more per month */
} Entry;

/*
 * In the columns, from the highest bit: the day as an offset (16 bits), contracts
 * (8) and amount (40), both with their sign
 */
typedef uint64 Unit;
typedef uint32 UnitCount;

#define UNIT_KEY_SHIFT		48
#define UNIT_AMOUNT_BITS	40
#define UNIT_MAX_AMOUNT		((INT64CONST(1) << (UNIT_AMOUNT_BITS - 1)) - 1)

/* What the header counts */
typedef struct Totals
{
	int64		changes;
	DateADT		last;			/* last day of a change that is written */
	DateADT		last_start;		/* last day with more contracts than before */
} Totals;

static inline bool
entry_less(const Entry *a, const Entry *b)
{
	return a->day < b->day;
}

static inline void
entry_add(Entry *sum, const Entry *entry)
{
	if (unlikely(pg_add_s32_overflow(sum->contracts, entry->contracts, &sum->contracts)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many contracts of one customer on one day"),
				 errdetail("There are more than %d.", PG_INT32_MAX)));
	if (unlikely(pg_add_s64_overflow(sum->amount, entry->amount, &sum->amount)))
		ret_amount_too_large();
}

static inline void
entry_rescale(Entry *entry, int64 factor)
{
	if (unlikely(pg_mul_s64_overflow(entry->amount, factor, &entry->amount)))
		ret_amount_too_large();
}

static inline int
entry_decimals(const Entry *entry, int scale)
{
	int64		amount = entry->amount;

	if (amount == 0)
		return 0;
	for (; scale > 0 && amount % 10 == 0; scale--)
		amount /= 10;
	return scale;
}

static inline int64
unit_amount(Unit unit)
{
	return (int64) (unit << (64 - UNIT_AMOUNT_BITS)) >> (64 - UNIT_AMOUNT_BITS);
}

static inline int
unit_contracts(Unit unit)
{
	return (int8) (unit >> UNIT_AMOUNT_BITS);
}

/* Make a unit of an offset that is in its place; false if the numbers do not fit */
static inline bool
unit_make(Unit *unit, uint64 offset, int contracts, int64 amount)
{
	*unit = offset | (uint64) (uint8) contracts << UNIT_AMOUNT_BITS |
		((uint64) amount & ((UINT64CONST(1) << UNIT_AMOUNT_BITS) - 1));
	return contracts == (int8) contracts && amount <= UNIT_MAX_AMOUNT && amount >= -UNIT_MAX_AMOUNT;
}

static inline bool
unit_set(Unit *unit, int64 offset, const Entry *entry)
{
	return unit_make(unit, (uint64) offset << UNIT_KEY_SHIFT, entry->contracts, entry->amount);
}

static inline Entry
unit_entry(Unit unit, DateADT base)
{
	return (Entry) {
		.day = base + (DateADT) (unit >> UNIT_KEY_SHIFT),
		.contracts = unit_contracts(unit),
		.amount = unit_amount(unit)
	};
}

static inline int64
unit_key(Unit unit)
{
	return (int64) (unit >> UNIT_KEY_SHIFT);
}

static inline bool
unit_add(Unit *sum, Unit unit)
{
	Unit		result;

	if (unlikely(!unit_make(&result, (*sum >> UNIT_KEY_SHIFT) << UNIT_KEY_SHIFT,
							unit_contracts(*sum) + unit_contracts(unit), unit_amount(*sum) + unit_amount(unit))))
		return false;
	*sum = result;
	return true;
}

#include "history/engine.h"

PG_FUNCTION_INFO_V1(customer_subscriptions_transfn_date);
PG_FUNCTION_INFO_V1(customer_subscriptions_transfn_timestamp);
PG_FUNCTION_INFO_V1(customer_subscriptions_transfn_timestamptz);
PG_FUNCTION_INFO_V1(customer_subscriptions_numeric_transfn_date);
PG_FUNCTION_INFO_V1(customer_subscriptions_numeric_transfn_timestamp);
PG_FUNCTION_INFO_V1(customer_subscriptions_numeric_transfn_timestamptz);

/*-------------------------------------------------------------------------
 * Canonical bytes
 *-------------------------------------------------------------------------
 */

static void
header_put(const Writer *writer, uint8 *p)
{
	*p++ = (uint8) writer->scale;
	*p++ = 0;
	p = ret_put_int64(p, writer->ncustomers);
	p = ret_put_int64(p, writer->totals.changes);
	p = ret_put_int32(p, writer->first);
	p = ret_put_int32(p, writer->totals.last);
	(void) ret_put_int32(p, Max(writer->latest, writer->totals.last_start));
}

static bool
header_get(RetReader *reader, const uint8 *p)
{
	reader->scale = p[0];
	reader->ncustomers = ret_get_int64(p + 2);
	reader->first = ret_get_int32(p + 18);
	reader->last = ret_get_int32(p + 22);
	reader->latest = ret_get_int32(p + 26);
	return reader->scale <= RET_AMOUNT_MAX_SCALE && reader->latest >= reader->first && IS_VALID_DATE(reader->latest);
}

static uint8 *
put_signed(uint8 *p, int64 value)
{
	return ret_put_varint(p, ret_fold_sign(value));
}

/* Leave out what does not change anything from the entries of a customer; returns how many are left */
static int64
drop_unchanged(Entry *changes, int64 n)
{
	int64		kept = 0;

	for (int64 i = 0; i < n; i++)
	{
		if (changes[i].contracts != 0 || changes[i].amount != 0)
			changes[kept++] = changes[i];
	}
	return kept;
}

/* Write the changes of a customer */
static void
entries_put(Writer *writer, const RetReader *reader)
{
	Entry	   *changes = (Entry *) reader->entries;
	int64		n = drop_unchanged(changes, reader->nentries);
	int64		divisor = ret_amount_factor(reader->scale - writer->scale);
	DateADT		before = writer->first;
	uint8	   *p = writer_reserve(writer, RET_MAX_VARINT * (1 + 3 * n));

	if (writer->totals.changes == 0)
		writer->totals.last = writer->totals.last_start = DATEVAL_NOBEGIN;
	p = ret_put_varint(p, (uint64) (n - 1));
	for (int64 i = 0; i < n; i++)
	{
		uint64		distance = (uint64) ((int64) changes[i].day - before);
		int			contracts = changes[i].contracts;
		uint64		code = contracts == 0 ? 0 : contracts == 1 ? 1 : contracts == -1 ? 2 : 3;

		p = ret_put_varint(p, distance << 2 | code);
		if (code == 3)
			p = put_signed(p, contracts);
		p = put_signed(p, changes[i].amount / divisor);
		before = changes[i].day;
		if (contracts > 0)
			writer->totals.last_start = Max(writer->totals.last_start, before);
	}
	writer->totals.changes += n;
	writer->totals.last = Max(writer->totals.last, before);
	writer->used = p - writer->bytes;
}

/* Read a change that is not before `before`; NULL if the bytes are none */
static const uint8 *
get_change(const RetReader *reader, const uint8 *p, DateADT before, Entry *change)
{
	uint64		distance;
	uint64		amount;
	int64		contracts;

	/* what follows the distance is the amount, except after code 3 */
	p = ret_get_two_varints(p, reader->end, &distance, &amount);
	if (p == NULL || distance >> 2 > (uint64) ((int64) reader->last - before))
		return NULL;
	change->day = (DateADT) (before + (int64) (distance >> 2));
	contracts = (int64) (distance & 1) - (int64) (distance >> 1 & 1);
	if (unlikely((distance & 3) == 3))
	{
		contracts = ret_unfold_sign(amount);
		if (contracts != (int32) contracts)
			return NULL;
		p = ret_get_varint(p, reader->end, &amount);
	}
	change->contracts = (int32) contracts;
	change->amount = ret_unfold_sign(amount);
	return change->contracts == 0 && change->amount == 0 ? NULL : p;
}

/* Read the changes of a customer; NULL if the bytes are not changes */
static const uint8 *
entries_get(RetReader *reader, const uint8 *p)
{
	DateADT		before = reader->first;
	uint64		n;
	Entry	   *changes;

	/* each change is two bytes at least */
	p = ret_get_varint(p, reader->end, &n);
	if (p == NULL || n >= (uint64) (reader->end - p) / 2)
		return NULL;
	reader->nentries = (int64) n + 1;
	changes = reader_reserve(reader, reader->nentries);
	for (int64 i = 0; i < reader->nentries; i++)
	{
		p = get_change(reader, p, before, &changes[i]);
		if (p == NULL || (i > 0 && changes[i].day == before))
			return NULL;
		before = changes[i].day;
	}
	return changes[0].contracts > 0 ? p : NULL;
}

/*-------------------------------------------------------------------------
 * The aggregate
 *-------------------------------------------------------------------------
 */

/* The days of a contract */
typedef struct Contract
{
	DateADT		started;
	DateADT		ended;			/* first day after it */
	bool		running;		/* without an end? */
} Contract;

/*
 * Get the days of the contract in arguments 2 and 3: 22008 if its start is
 * infinite, 22023 if it ended before.  False if it has no day.
 */
static pg_always_inline bool
get_contract(FunctionCallInfo fcinfo, RetTimeKind kind, RetOffsets *offsets, Contract *contract)
{
	int64		started = ret_finite_instant(ret_instant(PG_GETARG_DATUM(2), kind), kind, false);
	int64		ended = 0;

	contract->running = PG_ARGISNULL(3);
	if (!contract->running)
	{
		ended = ret_instant(PG_GETARG_DATUM(3), kind);
		contract->running = ret_instant_is_noend(ended, kind);
	}
	if (unlikely(!contract->running && ended < started))
		ret_reject_contract(started, ended, kind);
	if (kind == RET_DATE)
	{
		contract->started = (DateADT) started;
		contract->ended = (DateADT) ended;
	}
	else if (kind == RET_TIMESTAMP)
	{
		contract->started = ret_day_of(started);
		contract->ended = ret_day_of(ended);
	}
	else
	{
		contract->started = ret_day_timestamptz(offsets, started);
		contract->ended = contract->running ? 0 : ret_day_timestamptz(offsets, ended);
	}
	return contract->running || contract->ended > contract->started;
}

/* Get the amount of a row, whose scale may be larger; a contract without one counts as 1 */
static pg_always_inline RetAmount
row_amount(FunctionCallInfo fcinfo, RetReadAmount read_amount, int scale)
{
	if (PG_NARGS() > 4)
		return read_amount(PG_GETARG_DATUM(4), scale);
	return (RetAmount) {ret_amount_factor(scale), scale};
}

/*
 * Add a row to a small group, or to one that does not exist yet.  Apart from
 * the rows of large groups, which should not pay for its variables.
 */
static pg_noinline Datum
transfn_small(FunctionCallInfo fcinfo, const Contract *contract, bool zoned, RetReadAmount read_amount)
{
	State		state;
	int64		customer = PG_GETARG_CUSTOMER(1);
	RetAmount	amount;

	state_get(fcinfo, &state);
	if (zoned)
		state_set_session_zone(&state);
	amount = row_amount(fcinfo, read_amount, state_scale(&state));
	state_set_scale(&state, amount.scale);
	state_set_latest(&state, contract->started);
	state_add(&state, customer, (Entry) {.day = contract->started, .contracts = 1, .amount = amount.units});
	if (!contract->running)
		state_add(&state, customer, (Entry) {.day = contract->ended, .contracts = -1, .amount = -amount.units});
	PG_RETURN_DATUM(state.datum);
}

/* Add a row to a large group */
static pg_always_inline Datum
transfn_large(FunctionCallInfo fcinfo, Expanded *expanded, const Contract *contract, RetReadAmount read_amount)
{
	int64		customer = PG_GETARG_CUSTOMER(1);
	RetAmount	amount = row_amount(fcinfo, read_amount, expanded->scale);

	parts_touch(expanded);
	if (unlikely(amount.scale != expanded->scale))
		expanded_rescale(expanded, amount.scale);
	expanded->latest = Max(expanded->latest, contract->started);
	parts_add(expanded, customer, (Entry) {.day = contract->started, .contracts = 1, .amount = amount.units});
	if (!contract->running)
		parts_add(expanded, customer, (Entry) {.day = contract->ended, .contracts = -1, .amount = -amount.units});
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* Add a row: all transition functions, for each kind of time and type of amount */
static pg_always_inline Datum
transfn(FunctionCallInfo fcinfo, RetTimeKind kind, RetReadAmount read_amount)
{
	Expanded   *expanded;
	RetOffsets *offsets = NULL;
	Contract	contract;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || (PG_NARGS() > 4 && PG_ARGISNULL(4)))
		return ret_agg_ignore(fcinfo);
	expanded = expanded_arg(fcinfo);
	if (kind == RET_TIMESTAMPTZ)
		offsets = expanded ? &expanded->offsets : ret_call_offsets(fcinfo->flinfo);
	if (unlikely(!get_contract(fcinfo, kind, offsets, &contract)))
		return ret_agg_ignore(fcinfo);
	if (likely(expanded != NULL))
		return transfn_large(fcinfo, expanded, &contract, read_amount);
	return transfn_small(fcinfo, &contract, kind == RET_TIMESTAMPTZ, read_amount);
}

Datum
customer_subscriptions_transfn_date(PG_FUNCTION_ARGS)
{
	return transfn(fcinfo, RET_DATE, ret_read_double);
}

Datum
customer_subscriptions_transfn_timestamp(PG_FUNCTION_ARGS)
{
	return transfn(fcinfo, RET_TIMESTAMP, ret_read_double);
}

Datum
customer_subscriptions_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	return transfn(fcinfo, RET_TIMESTAMPTZ, ret_read_double);
}

Datum
customer_subscriptions_numeric_transfn_date(PG_FUNCTION_ARGS)
{
	return transfn(fcinfo, RET_DATE, ret_read_numeric);
}

Datum
customer_subscriptions_numeric_transfn_timestamp(PG_FUNCTION_ARGS)
{
	return transfn(fcinfo, RET_TIMESTAMP, ret_read_numeric);
}

Datum
customer_subscriptions_numeric_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	return transfn(fcinfo, RET_TIMESTAMPTZ, ret_read_numeric);
}

#define RET_ORDERING_TYPE customer_subscriptions
#include "history/type.h"

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* Prepare to read all customers who have ever paid, of a value in any form */
void
ret_subscriptions_open(RetSubscriptionsReader *reader, Datum value)
{
	value_open(&reader->walk, value);
	reader->least_scale = reader->walk.next ? reader->walk.scale : least_scale(&reader->walk);
	reader->last_start = reader->walk.latest;
	reader->as_of = PG_INT64_MAX;
	reader->grace = 0;
	reader->nalloc = 64;
	reader->segments = palloc(reader->nalloc * sizeof(RetSegment));
}

/* Let the customers be read in ascending order */
void
ret_subscriptions_order(RetSubscriptionsReader *reader)
{
	value_order(&reader->walk);
}

/* Add days of an MRR above 0, which begin on a day, and fill the gap before them if it is short enough */
static void
add_segment(RetSubscriptionsReader *reader, DateADT from, int64 mrr)
{
	RetSegment *last = &reader->segments[reader->nsegments - 1];

	if (reader->nsegments > 0 && from - last->to <= reader->grace)
	{
		last->to = from;
		if (last->mrr == mrr)
		{
			last->to = RET_STILL_RUNNING;
			return;
		}
	}
	reader->segments[reader->nsegments++] = (RetSegment) {from, RET_STILL_RUNNING, mrr};
}

/* Find the segments of the customer that the walk has read, from the changes before as_of */
static void
read_segments(RetSubscriptionsReader *reader)
{
	const Entry *changes = (const Entry *) reader->walk.entries;
	int64		sum = 0;
	int64		before = 0;		/* the MRR before a change */

	reader->nsegments = 0;
	for (int64 i = 0; i < reader->walk.nentries && changes[i].day < reader->as_of; i++)
	{
		int64		mrr;

		if (unlikely(pg_add_s64_overflow(sum, changes[i].amount, &sum)))
			ret_amount_too_large();
		mrr = Max(sum, 0);
		if (mrr == before)
			continue;
		if (before > 0)
			reader->segments[reader->nsegments - 1].to = changes[i].day;
		if (mrr > 0)
			add_segment(reader, changes[i].day, mrr);
		before = mrr;
	}
}

/* Read the next customer; false if there is none */
bool
ret_subscriptions_next(RetSubscriptionsReader *reader)
{
	while (value_next(&reader->walk))
	{
		if (unlikely(reader->walk.nentries > reader->nalloc))
		{
			reader->nalloc = reader->walk.nentries + reader->walk.nentries / 2;
			reader->segments = repalloc_huge(reader->segments, reader->nalloc * sizeof(RetSegment));
		}
		read_segments(reader);
		if (reader->nsegments > 0)
			return true;
		CHECK_FOR_INTERRUPTS();
	}
	return false;
}

/* Get the MRR of the customer at the end of a day, in units of 10^-walk.scale */
int64
ret_subscriptions_mrr(const RetSubscriptionsReader *reader, int64 day)
{
	for (int64 i = 0; i < reader->nsegments && reader->segments[i].from <= day; i++)
	{
		if (day < reader->segments[i].to)
			return reader->segments[i].mrr;
	}
	return 0;
}
