/*-------------------------------------------------------------------------
 *
 * purchases.c
 *	  The type customer_purchases and its aggregate: for each customer and day
 *	  the purchases and the refunds, how many and for how much.
 *
 * The engine of src/history keeps, merges, sends and stores the values.  An
 * entry is a cell: the purchases of a customer on a day, or the refunds, with
 * their number and the sum of their amounts.  Combining two cells adds them, so
 * the result depends on no order, and merging the same value twice counts
 * everything twice.
 *
 * Amounts are whole numbers of units of 10^-scale.  While a value is built its
 * scale is the largest that any row has needed.  What is written has the
 * smallest scale at which all cells are whole, so it depends on the content
 * alone.  Cells of refunds hold how much was paid back: no amount is negative,
 * and nothing cancels.
 *
 * The canonical bytes of a value are
 *
 *		version, form		one byte each
 *		scale, unused		one byte each
 *		customers			8 bytes, number of customers, with a purchase or not
 *		cells				8 bytes, sum over the customers
 *		purchasers			8 bytes, number of customers with a purchase
 *		first, last			4 bytes each, days since 2000-01-01
 *		purchases, refunds	8 bytes each, numbers of rows
 *		purchased, refunded	16 bytes each, sums of amounts
 *		then for each customer, in ascending order:
 *		key					the first: 8 bytes; others: varint, less the one before, less 1
 *		cells				varint, number - 1
 *		then for each cell, in ascending order, purchases first:
 *		day, kind, one		varint, days since the cell before (at first: since the
 *							first of all) * 4 + 2 (if refunds) + 1 (if the number of
 *							rows is not 1)
 *		number				varint, if it is not 1: 0 if it is 0, otherwise less 1
 *		amount				varint
 *
 * where numbers are written as varint.h says.  A customer of ten days takes
 * about 35 bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"

#include "base/aggregate.h"
#include "base/calendar.h"
#include "family/activity.h"
#include "family/purchases.h"
#include "history/varint.h"
#include "store/customer_key.h"
#include "store/money.h"

/*-------------------------------------------------------------------------
 * What the engine has to know
 *-------------------------------------------------------------------------
 */

#define RET_TYPE		"customer_purchases"
#define RET_SIGNATURE	"customer_purchases(customer, at, amount)"
#define RET_PAYLOAD
#define RET_SPANS
#define UNITS_ADD		true
#define HEADER_SIZE		84

#define MAX_ROWS_OF_CELL	0x7FFFFFFF

/* A cell: the purchases, or the refunds, of a customer on a day */
typedef struct Entry
{
	DateADT		day;
	uint32		refund:1;		/* is it a cell of refunds? */
	uint32		rows:31;		/* number of purchases, or of refunds */
	int64		amount;			/* sum of the amounts, not negative */
} Entry;

/*
 * In the columns, from the highest bit: the day as an offset (16 bits), refund
 * (1), rows (15), amount (32)
 */
typedef uint64 Unit;
typedef uint32 UnitCount;

#define UNIT_KEY_SHIFT		47
#define UNIT_ROWS_SHIFT		32
#define UNIT_MAX_ROWS		0x7FFF

/* What the header counts */
typedef struct Totals
{
	int64		cells;
	int64		purchasers;		/* customers with a purchase */
	int64		purchases;
	int64		refunds;
	int128		purchased;
	int128		refunded;
} Totals;

static inline bool
entry_less(const Entry *a, const Entry *b)
{
	return ((int64) a->day * 2 + a->refund) < ((int64) b->day * 2 + b->refund);
}

static inline void
entry_add(Entry *sum, const Entry *entry)
{
	if (unlikely(entry->rows > MAX_ROWS_OF_CELL - sum->rows))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many purchases of one customer on one day"),
				 errdetail("There are more than %d.", MAX_ROWS_OF_CELL)));
	sum->rows += entry->rows;
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

static inline bool
unit_set(Unit *unit, int64 offset, const Entry *entry)
{
	*unit = (uint64) offset << (UNIT_KEY_SHIFT + 1) | (uint64) entry->refund << UNIT_KEY_SHIFT |
		(uint64) entry->rows << UNIT_ROWS_SHIFT | (uint64) entry->amount;
	return entry->rows <= UNIT_MAX_ROWS && entry->amount <= PG_UINT32_MAX;
}

static inline Entry
unit_entry(Unit unit, DateADT base)
{
	return (Entry) {
		.day = base + (DateADT) (unit >> (UNIT_KEY_SHIFT + 1)),
		.refund = (unit >> UNIT_KEY_SHIFT) & 1,
		.rows = (unit >> UNIT_ROWS_SHIFT) & UNIT_MAX_ROWS,
		.amount = (int64) (unit & PG_UINT32_MAX)
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
	uint64		rows = ((*sum >> UNIT_ROWS_SHIFT) & UNIT_MAX_ROWS) + ((unit >> UNIT_ROWS_SHIFT) & UNIT_MAX_ROWS);
	uint64		amount = (*sum & PG_UINT32_MAX) + (unit & PG_UINT32_MAX);

	if (unlikely(rows > UNIT_MAX_ROWS || amount > PG_UINT32_MAX))
		return false;
	*sum = (*sum >> UNIT_KEY_SHIFT) << UNIT_KEY_SHIFT | rows << UNIT_ROWS_SHIFT | amount;
	return true;
}

#include "history/engine.h"

PG_FUNCTION_INFO_V1(customer_purchases_transfn_date);
PG_FUNCTION_INFO_V1(customer_purchases_transfn_timestamp);
PG_FUNCTION_INFO_V1(customer_purchases_transfn_timestamptz);
PG_FUNCTION_INFO_V1(customer_purchases_numeric_transfn_date);
PG_FUNCTION_INFO_V1(customer_purchases_numeric_transfn_timestamp);
PG_FUNCTION_INFO_V1(customer_purchases_numeric_transfn_timestamptz);
PG_FUNCTION_INFO_V1(customer_purchases_activity);
PG_FUNCTION_INFO_V1(purchases_during);
PG_FUNCTION_INFO_V1(customer_purchases_customers);
PG_FUNCTION_INFO_V1(customer_purchases_purchases);
PG_FUNCTION_INFO_V1(customer_purchases_revenue);
PG_FUNCTION_INFO_V1(customer_purchases_refunded);
PG_FUNCTION_INFO_V1(purchase_span);

/*-------------------------------------------------------------------------
 * Canonical bytes
 *-------------------------------------------------------------------------
 */

static uint8 *
put_int128(uint8 *p, int128 value)
{
	p = ret_put_int64(p, (int64) (value >> 64));
	return ret_put_int64(p, (int64) (uint64) value);
}

static int128
get_int128(const uint8 *p)
{
	return (int128) ((uint128) (uint64) ret_get_int64(p) << 64 | (uint64) ret_get_int64(p + 8));
}

static void
header_put(const Writer *writer, uint8 *p)
{
	*p++ = (uint8) writer->scale;
	*p++ = 0;
	p = ret_put_int64(p, writer->ncustomers);
	p = ret_put_int64(p, writer->totals.cells);
	p = ret_put_int64(p, writer->totals.purchasers);
	p = ret_put_int32(p, writer->first);
	p = ret_put_int32(p, writer->last);
	p = ret_put_int64(p, writer->totals.purchases);
	p = ret_put_int64(p, writer->totals.refunds);
	p = put_int128(p, writer->totals.purchased);
	(void) put_int128(p, writer->totals.refunded);
}

static bool
header_get(RetReader *reader, const uint8 *p)
{
	reader->scale = p[0];
	reader->ncustomers = ret_get_int64(p + 2);
	reader->first = ret_get_int32(p + 26);
	reader->last = ret_get_int32(p + 30);
	return reader->scale <= RET_AMOUNT_MAX_SCALE;
}

/* Read the totals from the header of a canonical value */
static void
totals_get(Totals *totals, const uint8 *p)
{
	totals->cells = ret_get_int64(p + 10);
	totals->purchasers = ret_get_int64(p + 18);
	totals->purchases = ret_get_int64(p + 34);
	totals->refunds = ret_get_int64(p + 42);
	totals->purchased = get_int128(p + 50);
	totals->refunded = get_int128(p + 66);
}

/* Add the cells of the customer that a reader has read, in units of the reader */
static void
totals_add(Totals *totals, const RetReader *reader)
{
	const Entry *cells = (const Entry *) reader->entries;
	int64		purchases = totals->purchases;

	totals->cells += reader->nentries;
	for (int64 i = 0; i < reader->nentries; i++)
	{
		if (cells[i].refund)
		{
			totals->refunds += cells[i].rows;
			totals->refunded += cells[i].amount;
		}
		else
		{
			totals->purchases += cells[i].rows;
			totals->purchased += cells[i].amount;
		}
	}
	totals->purchasers += totals->purchases > purchases;
}

/* Add totals, or subtract them if sign is -1 */
static void
totals_sum(Totals *totals, const Totals *other, int sign)
{
	totals->cells += sign * other->cells;
	totals->purchasers += sign * other->purchasers;
	totals->purchases += sign * other->purchases;
	totals->refunds += sign * other->refunds;
	totals->purchased += sign * other->purchased;
	totals->refunded += sign * other->refunded;
}

/* Write the cells of a customer */
static void
entries_put(Writer *writer, const RetReader *reader)
{
	Entry	   *cells = (Entry *) reader->entries;
	int64		n = reader->nentries;
	int64		divisor = ret_amount_factor(reader->scale - writer->scale);
	DateADT		before = writer->first;
	uint8	   *p = writer_reserve(writer, RET_MAX_VARINT * (1 + 3 * n));

	p = ret_put_varint(p, (uint64) (n - 1));
	for (int64 i = 0; i < n; i++)
	{
		uint64		distance = (uint64) ((int64) cells[i].day - before);
		uint32		rows = cells[i].rows;

		if (divisor != 1)
			cells[i].amount /= divisor;
		p = ret_put_varint(p, distance << 2 | cells[i].refund << 1 | (rows != 1));
		if (rows != 1)
			p = ret_put_varint(p, rows == 0 ? 0 : rows - 1);
		p = ret_put_varint(p, (uint64) cells[i].amount);
		before = cells[i].day;
	}
	totals_add(&writer->totals, reader);
	writer->used = p - writer->bytes;
}

/* Read a cell that is not before `before`; NULL if the bytes are none */
static const uint8 *
get_cell(const RetReader *reader, const uint8 *p, DateADT before, Entry *cell)
{
	uint64		distance;
	uint64		rows = 1;
	uint64		amount;

	p = ret_get_two_varints(p, reader->end, &distance, &amount);
	if (p == NULL || distance >> 2 > (uint64) ((int64) reader->last - before))
		return NULL;
	if (distance & 1)
	{
		rows = amount;
		if (rows >= MAX_ROWS_OF_CELL)
			return NULL;
		rows += rows > 0;
		p = ret_get_varint(p, reader->end, &amount);
		if (p == NULL)
			return NULL;
	}
	if (amount > PG_INT64_MAX)
		return NULL;
	cell->day = (DateADT) (before + (int64) (distance >> 2));
	cell->refund = (distance >> 1) & 1;
	cell->rows = (uint32) rows;
	cell->amount = (int64) amount;
	return p;
}

/* Read the cells of a customer; NULL if the bytes are not cells */
static const uint8 *
entries_get(RetReader *reader, const uint8 *p)
{
	DateADT		before = reader->first;
	uint64		n;
	Entry	   *cells;

	/* each cell is two bytes at least */
	p = ret_get_varint(p, reader->end, &n);
	if (p == NULL || n >= (uint64) (reader->end - p) / 2)
		return NULL;
	reader->nentries = (int64) n + 1;
	cells = reader_reserve(reader, reader->nentries);
	for (int64 i = 0; i < reader->nentries; i++)
	{
		p = get_cell(reader, p, before, &cells[i]);
		if (p == NULL || (i > 0 && !entry_less(&cells[i - 1], &cells[i])))
			return NULL;
		before = cells[i].day;
	}
	return p;
}

/* Find the end of a customer's cells; NULL if it is not before end */
static const uint8 *
entries_skip(const uint8 *p, const uint8 *end)
{
	uint64		n;

	p = ret_get_varint(p, end, &n);
	if (p == NULL || n >= (uint64) (end - p) / 2)
		return NULL;
	for (uint64 i = 0; p && i <= n; i++)
		p = ret_skip_few_varints(p, end, p < end && (*p & 1));
	return p;
}

/*-------------------------------------------------------------------------
 * The aggregate
 *-------------------------------------------------------------------------
 */

/* Get the number of purchases that the row stands for, from argument 4 if there is one */
static inline uint32
row_purchases(FunctionCallInfo fcinfo)
{
	int32		n = 1;

	if (PG_NARGS() > 4 && !PG_ARGISNULL(4))
		n = PG_GETARG_INT32(4);
	if (unlikely(n < 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("purchases must not be negative"),
				 errdetail("The value is %d.", n),
				 errhint("Pass 1 for the first line item of an order and 0 for the others.")));
	return (uint32) n;
}

/* Read the amount of a row, 0 if it is null; with `scale` decimals or more */
static pg_always_inline RetAmount
row_amount(FunctionCallInfo fcinfo, RetReadAmount read_amount, int scale)
{
	if (PG_ARGISNULL(3))
		return (RetAmount) {.scale = scale};
	return read_amount(PG_GETARG_DATUM(3), scale);
}

/* Make the cell of a row on a known day */
static pg_always_inline Entry
row_cell(FunctionCallInfo fcinfo, DateADT day, RetAmount amount)
{
	uint32		purchases = row_purchases(fcinfo);

	if (amount.units < 0)
		return (Entry) {.day = day,.refund = 1,.rows = 1,.amount = -amount.units};
	return (Entry) {.day = day,.rows = purchases,.amount = amount.units};
}

/*
 * Add a row to a small group, or to one that does not exist yet.  Apart from
 * the rows of large groups, which should not pay for its variables.
 */
static pg_noinline Datum
transfn_small(FunctionCallInfo fcinfo, DateADT day, bool zoned, RetReadAmount read_amount)
{
	State		state;
	RetAmount	amount;

	state_get(fcinfo, &state);
	if (zoned)
		state_set_session_zone(&state);
	amount = row_amount(fcinfo, read_amount, state_scale(&state));
	state_set_scale(&state, amount.scale);
	state_add(&state, PG_GETARG_CUSTOMER(1), row_cell(fcinfo, day, amount));
	PG_RETURN_DATUM(state.datum);
}

/* Add a row to a large group */
static pg_always_inline Datum
transfn_large(FunctionCallInfo fcinfo, Expanded *expanded, DateADT day, RetReadAmount read_amount)
{
	RetAmount	amount = row_amount(fcinfo, read_amount, expanded->scale);

	parts_touch(expanded);
	if (unlikely(amount.scale != expanded->scale))
		expanded_rescale(expanded, amount.scale);
	parts_add(expanded, PG_GETARG_CUSTOMER(1), row_cell(fcinfo, day, amount));
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* Add a row: all transition functions, for each kind of time and type of amount */
static pg_always_inline Datum
transfn(FunctionCallInfo fcinfo, RetTimeKind kind, RetReadAmount read_amount)
{
	Expanded   *expanded;
	DateADT		day;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	expanded = expanded_arg(fcinfo);
	if (kind == RET_DATE)
		day = (DateADT) ret_instant_date(PG_GETARG_DATEADT(2));
	else if (kind == RET_TIMESTAMP)
		day = ret_day_timestamp(PG_GETARG_TIMESTAMP(2));
	else
		day = ret_day_timestamptz(expanded ? &expanded->offsets : ret_call_offsets(fcinfo->flinfo),
								  PG_GETARG_TIMESTAMPTZ(2));
	if (likely(expanded != NULL))
		return transfn_large(fcinfo, expanded, day, read_amount);
	return transfn_small(fcinfo, day, kind == RET_TIMESTAMPTZ, read_amount);
}

Datum
customer_purchases_transfn_date(PG_FUNCTION_ARGS)
{
	return transfn(fcinfo, RET_DATE, ret_read_double);
}

Datum
customer_purchases_transfn_timestamp(PG_FUNCTION_ARGS)
{
	return transfn(fcinfo, RET_TIMESTAMP, ret_read_double);
}

Datum
customer_purchases_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	return transfn(fcinfo, RET_TIMESTAMPTZ, ret_read_double);
}

Datum
customer_purchases_numeric_transfn_date(PG_FUNCTION_ARGS)
{
	return transfn(fcinfo, RET_DATE, ret_read_numeric);
}

Datum
customer_purchases_numeric_transfn_timestamp(PG_FUNCTION_ARGS)
{
	return transfn(fcinfo, RET_TIMESTAMP, ret_read_numeric);
}

Datum
customer_purchases_numeric_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	return transfn(fcinfo, RET_TIMESTAMPTZ, ret_read_numeric);
}

#define RET_ORDERING_TYPE customer_purchases
#include "history/type.h"

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* Prepare to read all customers with a purchase, of a value in any form */
void
ret_purchases_open(RetPurchasesReader *reader, Datum value)
{
	value_open(&reader->walk, value);
	reader->least_scale = reader->walk.next ? reader->walk.scale : least_scale(&reader->walk);
	reader->as_of = PG_INT64_MAX;
	reader->all = false;
	reader->nalloc = 64;
	reader->days = palloc(reader->nalloc * sizeof(RetNetDay));
}

/* Let the customers be read in ascending order */
void
ret_purchases_order(RetPurchasesReader *reader)
{
	value_order(&reader->walk);
}

/* Add an amount, which may be negative, to a purchase day */
static inline void
add_amount(RetNetDay *day, const Entry *cell)
{
	int64		amount = cell->refund ? -cell->amount : cell->amount;

	if (unlikely(pg_add_s64_overflow(day->revenue, amount, &day->revenue) ||
				 pg_add_s64_overflow(day->refunded, cell->refund ? cell->amount : 0, &day->refunded)))
		ret_amount_too_large();
}

/*
 * Find the purchase days of the customer that the walk has read, whose cells
 * are before as_of.  A cell without a purchase, of refunds or of line items
 * alone, belongs to the latest purchase day; those before the first, to the
 * first.
 */
static void
read_purchase_days(RetPurchasesReader *reader)
{
	const Entry *cells = (const Entry *) reader->walk.entries;
	RetNetDay early = {0};
	RetNetDay *day = &early;

	reader->ndays = 0;
	for (int64 i = 0; i < reader->walk.nentries && cells[i].day < reader->as_of; i++)
	{
		if (!cells[i].refund && cells[i].rows > 0)
		{
			day = &reader->days[reader->ndays++];
			*day = reader->ndays == 1 ? early : (RetNetDay) {0};
			day->day = cells[i].day;
			day->purchases = cells[i].rows;
		}
		add_amount(day, &cells[i]);
	}
	reader->bought = reader->ndays > 0;
}

/* List the days of somebody who has not bought, each with its own cells */
static void
read_other_days(RetPurchasesReader *reader)
{
	const Entry *cells = (const Entry *) reader->walk.entries;

	for (int64 i = 0; i < reader->walk.nentries && cells[i].day < reader->as_of; i++)
	{
		if (reader->ndays == 0 || reader->days[reader->ndays - 1].day != cells[i].day)
			reader->days[reader->ndays++] = (RetNetDay) {.day = cells[i].day};
		add_amount(&reader->days[reader->ndays - 1], &cells[i]);
	}
}

/* Read the next customer; false if there is none */
bool
ret_purchases_next(RetPurchasesReader *reader)
{
	while (value_next(&reader->walk))
	{
		if (unlikely(reader->walk.nentries > reader->nalloc))
		{
			reader->nalloc = reader->walk.nentries + reader->walk.nentries / 2;
			reader->days = repalloc_huge(reader->days, reader->nalloc * sizeof(RetNetDay));
		}
		read_purchase_days(reader);
		if (reader->bought)
			return true;
		if (reader->all)
		{
			read_other_days(reader);
			if (reader->ndays > 0)
				return true;
		}
	}
	return false;
}

/* Cast to customer_activity: the days with a purchase; NULL if there is none */
Datum
customer_purchases_activity(PG_FUNCTION_ARGS)
{
	RetReader	reader;
	RetActivityBuilder *builder;
	bool		found = false;

	value_open(&reader, PG_GETARG_DATUM(0));
	builder = ret_activity_build(reader.ncustomers, reader_base(&reader));
	while (value_next(&reader))
	{
		const Entry *cells = (const Entry *) reader.entries;

		for (int64 i = 0; i < reader.nentries; i++)
		{
			if (cells[i].refund || cells[i].rows == 0)
				continue;
			ret_activity_add(builder, reader.customer, cells[i].day);
			found = true;
		}
		CHECK_FOR_INTERRUPTS();
	}
	if (!found)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(ret_activity_built(builder));
}

/* purchases_during(customer_purchases, daterange): the cells within the range, refunds by their own day */
Datum
purchases_during(PG_FUNCTION_ARGS)
{
	return value_during(fcinfo);
}

/*-------------------------------------------------------------------------
 * What a value holds
 *-------------------------------------------------------------------------
 */

/* Get the totals of a value, for which the front of a stored one will do, and their scale */
static void
get_totals(Datum value, Totals *totals, int *scale)
{
	RetReader	reader;

	memset(totals, 0, sizeof(Totals));
	value_open_header(&reader, value);
	*scale = reader.scale;
	if (reader.next)
		totals_get(totals, reader.next - HEADER_SIZE + 2);
	else
	{
		*scale = least_scale(&reader);
		while (value_next(&reader))
		{
			totals_add(totals, &reader);
			CHECK_FOR_INTERRUPTS();
		}
		totals->purchased /= ret_amount_factor(reader.scale - *scale);
		totals->refunded /= ret_amount_factor(reader.scale - *scale);
	}
}

/* Add up the days within the range in argument 1, each with its refunds */
static void
get_totals_during(FunctionCallInfo fcinfo, Totals *totals, int *scale)
{
	RetPurchasesReader reader;
	RetBounds	during = {0};

	memset(totals, 0, sizeof(Totals));
	ret_bounds_get(&during, PG_GETARG_DATUM(1));
	ret_purchases_open(&reader, PG_GETARG_DATUM(0));
	reader.all = true;
	*scale = reader.least_scale;
	while (ret_purchases_next(&reader))
	{
		for (int64 i = 0; i < reader.ndays; i++)
		{
			const RetNetDay *day = &reader.days[i];

			if (!RET_BOUNDS_CONTAIN(&during, day->day))
				continue;
			totals->purchases += day->purchases;
			totals->purchased += (int128) day->revenue + day->refunded;
			totals->refunded += day->refunded;
		}
		CHECK_FOR_INTERRUPTS();
	}
	totals->purchased /= ret_amount_factor(reader.walk.scale - *scale);
	totals->refunded /= ret_amount_factor(reader.walk.scale - *scale);
}

/* Get the totals of the value in argument 0, during argument 1 if it is not null */
static bool
totals_arg(FunctionCallInfo fcinfo, Totals *totals, int *scale)
{
	if (PG_ARGISNULL(0))
		return false;
	if (PG_ARGISNULL(1))
		get_totals(PG_GETARG_DATUM(0), totals, scale);
	else
		get_totals_during(fcinfo, totals, scale);
	return true;
}

/* customers(customer_purchases): those with a purchase */
Datum
customer_purchases_customers(PG_FUNCTION_ARGS)
{
	Totals		totals;
	int			scale;

	get_totals(PG_GETARG_DATUM(0), &totals, &scale);
	PG_RETURN_INT64(totals.purchasers);
}

/* purchases(customer_purchases, during) */
Datum
customer_purchases_purchases(PG_FUNCTION_ARGS)
{
	Totals		totals;
	int			scale;

	if (!totals_arg(fcinfo, &totals, &scale))
		PG_RETURN_NULL();
	PG_RETURN_INT64(totals.purchases);
}

/* revenue(customer_purchases, during): what was paid less what was paid back */
Datum
customer_purchases_revenue(PG_FUNCTION_ARGS)
{
	Totals		totals;
	int			scale;

	if (!totals_arg(fcinfo, &totals, &scale))
		PG_RETURN_NULL();
	return ret_amount_numeric(totals.purchased - totals.refunded, scale);
}

/* refunded(customer_purchases, during): what was paid back */
Datum
customer_purchases_refunded(PG_FUNCTION_ARGS)
{
	Totals		totals;
	int			scale;

	if (!totals_arg(fcinfo, &totals, &scale))
		PG_RETURN_NULL();
	return ret_amount_numeric(totals.refunded, scale);
}

/* purchase_span(customer_purchases): [first day of any row, the day after the last) */
Datum
purchase_span(PG_FUNCTION_ARGS)
{
	return value_span(fcinfo);
}
