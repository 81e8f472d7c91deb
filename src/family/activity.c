/*-------------------------------------------------------------------------
 *
 * activity.c
 *	  The type customer_activity and its aggregate: for each customer the set
 *	  of days with an event.
 *
 * The engine of src/history keeps, merges, sends and stores the values.  Here an
 * entry is a day and nothing else, and combining two equal ones drops one: the
 * union of sets.  In the columns a day takes 16 bits, or less in a bitmap.
 *
 * The canonical bytes of a value are
 *
 *		version, form		one byte each
 *		customers			8 bytes, number of customers
 *		active days			8 bytes, sum over the customers
 *		first, last			4 bytes each, days since 2000-01-01
 *		then for each customer, in ascending order:
 *		key					the first: 8 bytes; others: varint, less the one before, less 1
 *		days				varint, (number - 1) * 2 + (1 if bitmap)
 *		first day			varint, less the first of all
 *		other days			varints, each less the one before, less 1; or
 *							a varint, the number of days from the first to the
 *							last, and a bit for each of these days, lowest first,
 *							in bytes
 *
 * where numbers are written as varint.h says.  The bitmap is used where it is
 * shorter.  A customer of ten days in two years takes about 15 bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "base/aggregate.h"
#include "base/calendar.h"
#include "family/activity.h"
#include "history/varint.h"

/*-------------------------------------------------------------------------
 * What the engine has to know
 *-------------------------------------------------------------------------
 */

#define RET_TYPE		"customer_activity"
#define RET_SIGNATURE	"customer_activity(customer, at)"
#define RET_SPANS
#define UNITS_ADD		false
#define HEADER_SIZE		26

/* An active day of a customer */
typedef struct Entry
{
	DateADT		day;
} Entry;

/* In the columns: an offset, or 16 days of a bitmap */
typedef uint16 Unit;
typedef uint16 UnitCount;

/* What the header counts */
typedef struct Totals
{
	int64		ndays;			/* active days, summed over the customers */
} Totals;

static inline bool
entry_less(const Entry *a, const Entry *b)
{
	return a->day < b->day;
}

static inline void
entry_add(Entry *sum pg_attribute_unused(), const Entry *entry pg_attribute_unused())
{
}

static inline void
entry_rescale(Entry *entry pg_attribute_unused(), int64 factor pg_attribute_unused())
{
}

static inline int
entry_decimals(const Entry *entry pg_attribute_unused(), int scale pg_attribute_unused())
{
	return 0;
}

static inline bool
unit_set(Unit *unit, int64 offset, const Entry *entry pg_attribute_unused())
{
	*unit = (Unit) offset;
	return true;
}

static inline Entry
unit_entry(Unit unit, DateADT base)
{
	return (Entry) {.day = base + unit};
}

static inline int64
unit_key(Unit unit)
{
	return unit;
}

static inline bool
unit_add(Unit *sum pg_attribute_unused(), Unit unit pg_attribute_unused())
{
	return true;
}

#include "history/engine.h"

PG_FUNCTION_INFO_V1(customer_activity_transfn_date);
PG_FUNCTION_INFO_V1(customer_activity_transfn_timestamp);
PG_FUNCTION_INFO_V1(customer_activity_transfn_timestamptz);
PG_FUNCTION_INFO_V1(activity_during);
PG_FUNCTION_INFO_V1(customers);
PG_FUNCTION_INFO_V1(active_days);
PG_FUNCTION_INFO_V1(activity_span);

/*-------------------------------------------------------------------------
 * Canonical bytes
 *-------------------------------------------------------------------------
 */

static void
header_put(const Writer *writer, uint8 *p)
{
	p = ret_put_int64(p, writer->ncustomers);
	p = ret_put_int64(p, writer->totals.ndays);
	p = ret_put_int32(p, writer->first);
	(void) ret_put_int32(p, writer->last);
}

static bool
header_get(RetReader *reader, const uint8 *p)
{
	reader->ncustomers = ret_get_int64(p);
	reader->first = ret_get_int32(p + 16);
	reader->last = ret_get_int32(p + 20);
	return true;
}

/* Write the days after the first as a bitmap of nbits bits */
static uint8 *
put_bitmap(uint8 *p, const DateADT *days, int64 ndays, uint64 nbits)
{
	p = ret_put_varint(p, nbits);
	memset(p, 0, (nbits + 7) / 8);
	for (int64 i = 1; i < ndays; i++)
	{
		uint64		bit = (uint64) ((int64) days[i] - days[0] - 1);

		p[bit / 8] |= 1 << (bit % 8);
	}
	return p + (nbits + 7) / 8;
}

/* Write the days of a customer, in the form that is shorter */
static void
entries_put(Writer *writer, const RetReader *reader)
{
	const DateADT *days = (const DateADT *) reader->entries;
	int64		ndays = reader->nentries;
	uint64		nbits = (uint64) ((int64) days[ndays - 1] - days[0]);
	uint64		bitmap = ret_varint_size(nbits) + (nbits + 7) / 8;
	uint64		list = 0;
	bool		use_bitmap = bitmap <= (uint64) (ndays - 1);
	uint8	   *p;

	/* a list has a byte per day at least */
	if (!use_bitmap)
	{
		for (int64 i = 1; i < ndays; i++)
			list += ret_varint_size((uint64) ((int64) days[i] - days[i - 1] - 1));
		use_bitmap = bitmap <= list;
	}

	p = writer_reserve(writer, 3 * RET_MAX_VARINT + (use_bitmap ? bitmap : list));
	p = ret_put_varint(p, (uint64) (ndays - 1) * 2 + use_bitmap);
	p = ret_put_varint(p, (uint64) ((int64) days[0] - writer->first));
	if (use_bitmap)
		p = put_bitmap(p, days, ndays, nbits);
	else
	{
		for (int64 i = 1; i < ndays; i++)
			p = ret_put_varint(p, (uint64) ((int64) days[i] - days[i - 1] - 1));
	}
	totals_add(&writer->totals, reader);
	writer->used = p - writer->bytes;
}

/* Read the days of a customer after the first from a list; NULL if that is not one */
static const uint8 *
get_list(RetReader *reader, const uint8 *p, DateADT first, uint64 ndays)
{
	DateADT    *days;
	int64		day = first;

	/* each day is a byte at least */
	if (ndays - 1 > (uint64) (reader->end - p))
		return NULL;
	days = (DateADT *) reader_reserve(reader, (int64) ndays);
	days[0] = first;
	for (uint64 i = 1; i + 1 < ndays; i += 2)
	{
		uint64		delta;
		uint64		next;

		p = ret_get_two_varints(p, reader->end, &delta, &next);
		if (p == NULL || delta >= (uint64) (reader->last - day) ||
			next >= (uint64) (reader->last - day) - delta - 1)
			return NULL;
		days[i] = (DateADT) (day + (int64) delta + 1);
		day = days[i] + (int64) next + 1;
		days[i + 1] = (DateADT) day;
	}
	if (ndays % 2 == 0)
	{
		uint64		delta;

		p = ret_get_varint(p, reader->end, &delta);
		if (p == NULL || delta >= (uint64) (reader->last - day))
			return NULL;
		days[ndays - 1] = (DateADT) (day + (int64) delta + 1);
	}
	return p;
}

/* Read the days of a customer after the first from a bitmap; NULL if that is not one */
static const uint8 *
get_bitmap(RetReader *reader, const uint8 *p, DateADT first, uint64 ndays)
{
	DateADT    *days;
	uint64		nbits;
	uint64		nbytes;
	uint64		n = 1;

	p = ret_get_varint(p, reader->end, &nbits);
	if (p == NULL || nbits > (uint64) ((int64) reader->last - first))
		return NULL;
	nbytes = (nbits + 7) / 8;
	if (nbytes > (uint64) (reader->end - p) || ndays > nbits + 1)
		return NULL;
	days = (DateADT *) reader_reserve(reader, (int64) ndays);
	days[0] = first;
	for (uint64 i = 0; i < nbytes; i++)
	{
		for (unsigned int bits = p[i]; bits != 0; bits &= bits - 1)
		{
			uint64		bit = i * 8 + pg_rightmost_one_pos32(bits);

			if (n == ndays || bit >= nbits)
				return NULL;
			days[n++] = (DateADT) (first + 1 + (int64) bit);
		}
	}
	return n == ndays ? p + nbytes : NULL;
}

/* Read the days of a customer; NULL if the bytes are not days */
static const uint8 *
entries_get(RetReader *reader, const uint8 *p)
{
	uint64		ndays;
	uint64		day;
	DateADT		first;

	p = ret_get_two_varints(p, reader->end, &ndays, &day);
	if (p == NULL || day > (uint64) ((int64) reader->last - reader->first))
		return NULL;
	first = (DateADT) (reader->first + (int64) day);
	reader->nentries = (int64) (ndays / 2 + 1);
	if (ndays & 1)
		return get_bitmap(reader, p, first, reader->nentries);
	return get_list(reader, p, first, reader->nentries);
}

/* Find the end of a customer's days; NULL if it is not before end */
static const uint8 *
entries_skip(const uint8 *p, const uint8 *end)
{
	uint64		ndays;
	uint64		nbits;

	p = ret_get_varint(p, end, &ndays);
	if (p == NULL)
		return NULL;
	if ((ndays & 1) == 0)
		return ret_skip_varints(p, end, ndays / 2 + 1);
	p = ret_skip_varints(p, end, 1);
	if (p)
		p = ret_get_varint(p, end, &nbits);
	if (p == NULL || nbits > (uint64) (end - p) * 8)
		return NULL;
	return p + (nbits + 7) / 8;
}

/* Read the totals from the header of a canonical value */
static void
totals_get(Totals *totals, const uint8 *p)
{
	totals->ndays = ret_get_int64(p + 8);
}

/* Add the days of the customer that a reader has read */
static void
totals_add(Totals *totals, const RetReader *reader)
{
	totals->ndays += reader->nentries;
}

/* Add totals, or subtract them if sign is -1 */
static void
totals_sum(Totals *totals, const Totals *other, int sign)
{
	totals->ndays += sign * other->ndays;
}

/*-------------------------------------------------------------------------
 * The aggregate
 *-------------------------------------------------------------------------
 */

/*
 * Add a row to a small group, or to one that does not exist yet.  Apart from
 * the rows of large groups, which should not pay for its variables.
 */
static pg_noinline Datum
transfn_small(FunctionCallInfo fcinfo, DateADT day, bool zoned)
{
	State state;

	state_get(fcinfo, &state);
	if (zoned)
		state_set_session_zone(&state);
	state_add(&state, PG_GETARG_CUSTOMER(1), (Entry) {.day = day});
	PG_RETURN_DATUM(state.datum);
}

/* Add a row to a large group */
static inline Datum
transfn_large(FunctionCallInfo fcinfo, Expanded *expanded, DateADT day)
{
	parts_touch(expanded);
	parts_add(expanded, PG_GETARG_CUSTOMER(1), (Entry) {.day = day});
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* Add a row on a known day */
static inline Datum
transfn_day(FunctionCallInfo fcinfo, DateADT day)
{
	Expanded *expanded = expanded_arg(fcinfo);

	if (likely(expanded != NULL))
		return transfn_large(fcinfo, expanded, day);
	return transfn_small(fcinfo, day, false);
}

Datum
customer_activity_transfn_date(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	return transfn_day(fcinfo, (DateADT) ret_instant_date(PG_GETARG_DATEADT(2)));
}

Datum
customer_activity_transfn_timestamp(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	return transfn_day(fcinfo, ret_day_timestamp(PG_GETARG_TIMESTAMP(2)));
}

Datum
customer_activity_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	Expanded *expanded;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	expanded = expanded_arg(fcinfo);
	if (likely(expanded != NULL))
		return transfn_large(fcinfo, expanded,
							 ret_day_timestamptz(&expanded->offsets, PG_GETARG_TIMESTAMPTZ(2)));
	/* a cache for each small group would take more memory than its events */
	return transfn_small(fcinfo, ret_day_timestamptz(ret_call_offsets(fcinfo->flinfo),
													 PG_GETARG_TIMESTAMPTZ(2)), true);
}

#define RET_ORDERING_TYPE customer_activity
#include "history/type.h"

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* Prepare to read the customers of a value in any form */
void
ret_activity_open(RetActivityReader *reader, Datum value)
{
	value_open(&reader->walk, value);
}

/* Let the customers be read in ascending order */
void
ret_activity_order(RetActivityReader *reader)
{
	value_order(&reader->walk);
}

/* Read the next customer; false if there is none */
bool
ret_activity_next(RetActivityReader *reader)
{
	if (!value_next(&reader->walk))
		return false;
	reader->days = (DateADT *) reader->walk.entries;
	reader->ndays = reader->walk.nentries;
	return true;
}

/*
 * Prepare to read the customers of one value, and their days in another.  Large
 * values that an aggregate has just built are in the order of the hash, all others
 * in that of the customer; if one is and the other is not, the first is written.
 */
void
ret_activity_open_pair(RetActivityPair *pair, Datum a, Datum b)
{
	memset(pair, 0, sizeof(RetActivityPair));
	value_open(&pair->a.walk, a);
	value_open(&pair->b.walk, b);
	pair->by_hash = pair->a.walk.parts && pair->b.walk.parts;
	if (pair->a.walk.parts && !pair->by_hash)
		value_open(&pair->a.walk, PointerGetDatum(value_canonical(a)));
	if (pair->b.walk.parts && !pair->by_hash)
		value_open(&pair->b.walk, PointerGetDatum(value_canonical(b)));
}

/* Tell whether a customer is before another in the order of a pair */
static inline bool
pair_less(const RetActivityPair *pair, int64 a, int64 b)
{
	return pair->by_hash ? ret_customer_hash(a) < ret_customer_hash(b) : a < b;
}

/*
 * Read the next customer of a, and their days in b, of which there may be none;
 * false if there is no other customer in a
 */
bool
ret_activity_next_pair(RetActivityPair *pair)
{
	int64		customer;

	if (!ret_activity_next(&pair->a))
		return false;
	customer = pair->a.walk.customer;
	while (!pair->b_over && (!pair->b_read || pair_less(pair, pair->b.walk.customer, customer)))
	{
		CHECK_FOR_INTERRUPTS();
		pair->b_read = ret_activity_next(&pair->b);
		pair->b_over = !pair->b_read;
	}
	pair->b.ndays = pair->b_read && pair->b.walk.customer == customer ? pair->b.walk.nentries : 0;
	return true;
}

/*-------------------------------------------------------------------------
 * Building a value without the aggregate
 *-------------------------------------------------------------------------
 */

/* Begin to build a value of up to n customers, in the current context */
RetActivityBuilder *
ret_activity_build(int64 n, DateADT base)
{
	return (RetActivityBuilder *) parts_create(CurrentMemoryContext, n, base);
}

/* Add a day of a customer; days may come in any order, and more than once */
void
ret_activity_add(RetActivityBuilder *builder, int64 customer, DateADT day)
{
	parts_add((Expanded *) builder, customer, (Entry) {.day = day});
}

/* Finish a value, to which at least one day has been added */
Datum
ret_activity_built(RetActivityBuilder *builder)
{
	Expanded   *expanded = (Expanded *) builder;

	parts_set_canonical(expanded);
	return EOHPGetRODatum(&expanded->hdr);
}

/* activity_during(customer_activity, daterange): the days within the range */
Datum
activity_during(PG_FUNCTION_ARGS)
{
	return value_during(fcinfo);
}

/*-------------------------------------------------------------------------
 * What a value holds
 *-------------------------------------------------------------------------
 */

/* customers(customer_activity) */
Datum
customers(PG_FUNCTION_ARGS)
{
	RetReader	reader;

	value_open_header(&reader, PG_GETARG_DATUM(0));
	PG_RETURN_INT64(reader.ncustomers);
}

/* active_days(customer_activity): the sum over the customers */
Datum
active_days(PG_FUNCTION_ARGS)
{
	RetReader	reader;
	int64		n = 0;

	value_open(&reader, PG_GETARG_DATUM(0));
	while (value_next(&reader))
	{
		n += reader.nentries;
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_INT64(n);
}

/* activity_span(customer_activity): [first day, the day after the last) */
Datum
activity_span(PG_FUNCTION_ARGS)
{
	return value_span(fcinfo);
}
