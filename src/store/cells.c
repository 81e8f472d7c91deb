/*-------------------------------------------------------------------------
 *
 * cells.c
 *	  Additive cells, and the type revenue_cells, whose values they are.
 *
 * In memory the cells are a hash table, by cohort and age or by period.  Bytes
 * are canonical: equal content is equal bytes, whatever the order in which it was
 * added.  They are what is stored, and what is sent:
 *
 *		version, kind, decimals of the amounts, 0		1 byte each
 *		months and days of the period, as_of			4 bytes each
 *		cells, ascending by period (the latest first) and age, that of the
 *		period as a whole after all ages; each is
 *			varint(periods since the cell before it << 1 | is it of a whole period)
 *			varint(age; less the age before it and 1 within a period)
 *			the sums: counts and squares as varints of up to 128 bits, amounts with
 *			the sign in the lowest bit
 *
 * The number of the last period follows from as_of.  Input is read, written again,
 * and refused unless that gives the same bytes.
 *
 * A transition value is flat while it is at most FLAT_MAX_SIZE bytes: many small
 * groups with a memory context each would make HashAggregate quadratic.  Above
 * that it is an expanded object, to which a customer is added in O(periods in
 * which they were active).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/varlena.h"
#include "store/cells.h"
#include "store/money.h"

#define CELLS_VERSION	1
#define HEADER_SIZE		16
#define FLAT_MAX_SIZE	512

/* Largest amount: sums of as many cells as fit into memory cannot overflow */
#define MAX_AMOUNT		((int128) 1 << 100)

#define MAX_VARINT128	19		/* bytes of a varint of 128 bits */

/* What a sum is a sum of, which decides how it is added and written */
typedef enum SumClass
{
	SUM_COUNT,
	SUM_AMOUNT,
	SUM_SQUARE
} SumClass;

/* The sums of a cell of one kind */
typedef struct CellDef
{
	int			n;
	SumClass	sums[RET_CELL_SUMS];
} CellDef;

static const char *const kind_names[] = {NULL, "customer_activity", "customer_purchases"};

/* By kind, for a cell of a cohort, and of a period */
static const CellDef cell_defs[][2] = {
	{{0}},
	{{1, {SUM_COUNT}}, {1, {SUM_COUNT}}},
	{{6, {SUM_COUNT, SUM_COUNT, SUM_AMOUNT, SUM_AMOUNT, SUM_SQUARE, SUM_SQUARE}},
	{4, {SUM_COUNT, SUM_AMOUNT, SUM_AMOUNT, SUM_AMOUNT}}}
};

#define SH_PREFIX cellmap
#define SH_ELEMENT_TYPE RetCell
#define SH_KEY_TYPE uint64
#define SH_KEY key
#define SH_HASH_KEY(tb, key) ((uint32) (((key) * UINT64CONST(0x9E3779B97F4A7C15)) >> 32))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef const RetCell *CellRef;

#define ST_SORT sort_cells
#define ST_ELEMENT_TYPE CellRef
#define ST_COMPARE(a, b) ((*(a))->key < (*(b))->key ? -1 : (*(a))->key > (*(b))->key)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static Size expanded_flat_size(ExpandedObjectHeader *eohptr);
static void expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size);

static const ExpandedObjectMethods cells_methods =
{
	expanded_flat_size,
	expanded_flatten
};

/* An expanded object, and its bytes since they were measured */
typedef struct ExpandedCells
{
	RetCells	cells;
	StringInfoData bytes;		/* data NULL: not written yet */
} ExpandedCells;

PG_FUNCTION_INFO_V1(revenue_cells_in);
PG_FUNCTION_INFO_V1(revenue_cells_out);
PG_FUNCTION_INFO_V1(revenue_cells_recv);
PG_FUNCTION_INFO_V1(revenue_cells_send);
PG_FUNCTION_INFO_V1(revenue_cells_combine);
PG_FUNCTION_INFO_V1(revenue_cells_finalfn);

static const CellDef *
cell_def(RetCellsKind kind, uint64 key)
{
	return &cell_defs[kind][RET_CELL_AGE(key) == RET_CELL_PERIOD];
}

/*-------------------------------------------------------------------------
 * Sums
 *-------------------------------------------------------------------------
 */

/* Add to a sum; 22003 if it is too large, but a square that is too large stays so */
static void
add_sum(int128 *sum, int128 value, SumClass class)
{
	if (class == SUM_SQUARE)
	{
		if (__builtin_add_overflow(*sum, value, sum))
			*sum = RET_CELL_MAX_SQUARE;
		return;
	}
	*sum += value;
	if (class == SUM_AMOUNT && unlikely(*sum > MAX_AMOUNT || *sum < -MAX_AMOUNT))
		ret_amount_too_large();
	if (class == SUM_COUNT && unlikely(*sum > PG_INT64_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("bigint out of range"),
				 errdetail("More was counted than a bigint can hold.")));
}

/* Add an amount to a sum of amounts */
void
ret_cells_add_amount(int128 *sum, int128 amount)
{
	add_sum(sum, amount, SUM_AMOUNT);
}

/* Add the square of an amount to a sum of squares */
void
ret_cells_add_square(int128 *sum, int128 root)
{
	int128		square;

	if (__builtin_mul_overflow(root, root, &square))
		square = RET_CELL_MAX_SQUARE;
	add_sum(sum, square, SUM_SQUARE);
}

/* Multiply a sum by what one more decimal does to it */
static void
rescale_sum(int128 *sum, SumClass class)
{
	if (class == SUM_SQUARE)
	{
		if (__builtin_mul_overflow(*sum, (int128) 100, sum))
			*sum = RET_CELL_MAX_SQUARE;
	}
	else if (class == SUM_AMOUNT)
	{
		*sum *= 10;
		if (*sum > MAX_AMOUNT || *sum < -MAX_AMOUNT)
			ret_amount_too_large();
	}
}

/*-------------------------------------------------------------------------
 * Cells in memory
 *-------------------------------------------------------------------------
 */

/* Begin cells without content, in the current context */
static void
cells_init(RetCells *cells, RetCellsKind kind, const RetBins *bins, DateADT as_of)
{
	cells->kind = kind;
	cells->bins = *bins;
	cells->bins.table = NULL;
	cells->as_of = as_of;
	cells->last = ret_bin_compute(bins, as_of - 1);
	cells->cells = cellmap_create(CurrentMemoryContext, 32, NULL);
}

RetCells *
ret_cells_create(RetCellsKind kind, const RetBins *bins, DateADT as_of)
{
	RetCells   *cells = palloc0(sizeof(RetCells));

	cells_init(cells, kind, bins, as_of);
	return cells;
}

/* Raise error 22023 unless cells of this kind, period and as_of can be added */
void
ret_cells_match(const RetCells *cells, RetCellsKind kind, const RetBins *bins, DateADT as_of)
{
	if (cells->kind != kind)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("revenue_cells of a %s cannot be added to those of a %s",
						kind_names[kind], kind_names[cells->kind]),
				 errhint("Make them all from the same type.")));
	if (cells->bins.months != bins->months || cells->bins.days != bins->days || cells->as_of != as_of)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("revenue_cells of different periods or as_of cannot be added"),
				 errhint("Pass the same period and as_of everywhere, as constants.")));
}

/* Give the amounts at least this number of decimals */
void
ret_cells_reserve_scale(RetCells *cells, int scale)
{
	for (; cells->scale < scale; cells->scale++)
	{
		cellmap_iterator walk;
		RetCell    *cell;

		cellmap_start_iterate(cells->cells, &walk);
		while ((cell = cellmap_iterate(cells->cells, &walk)) != NULL)
		{
			const CellDef *def = cell_def(cells->kind, cell->key);

			for (int i = 0; i < def->n; i++)
				rescale_sum(&cell->sums[i], def->sums[i]);
		}
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Get the sums of a cell, by the number of periods that its cohort (or it, if the
 * age is RET_CELL_PERIOD) lies before the last; zeros if there was none.  They may
 * move when another cell is got.
 */
int128 *
ret_cells_get(RetCells *cells, int64 back, uint32 age)
{
	bool		found;
	RetCell    *cell = cellmap_insert(cells->cells, RET_CELL_KEY(back, age), &found);

	if (!found)
		memset(cell->sums, 0, sizeof(cell->sums));
	return cell->sums;
}

/* Add other cells, which match */
static void
cells_add(RetCells *cells, RetCells *other)
{
	cellmap_iterator walk;
	const RetCell *from;
	int			missing;

	ret_cells_match(cells, other->kind, &other->bins, other->as_of);
	ret_cells_reserve_scale(cells, other->scale);
	missing = cells->scale - other->scale;
	cellmap_start_iterate(other->cells, &walk);
	while ((from = cellmap_iterate(other->cells, &walk)) != NULL)
	{
		const CellDef *def = cell_def(cells->kind, from->key);
		int128	   *sums = ret_cells_get(cells, RET_CELL_BACK(from->key), RET_CELL_AGE(from->key));

		for (int i = 0; i < def->n; i++)
		{
			int128		sum = from->sums[i];

			for (int j = 0; j < missing; j++)
				rescale_sum(&sum, def->sums[i]);
			add_sum(&sums[i], sum, def->sums[i]);
		}
	}
}

/*-------------------------------------------------------------------------
 * Bytes
 *-------------------------------------------------------------------------
 */

static void
put_varint(StringInfo buf, uint128 value)
{
	char		bytes[MAX_VARINT128];
	int			n = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[n++] = (char) (value | 0x80);
	bytes[n++] = (char) value;
	appendBinaryStringInfo(buf, bytes, n);
}

/* Read a varint of at most 128 bits; false at the end of the bytes, or if it is longer */
static bool
get_varint(StringInfo buf, uint128 *value)
{
	*value = 0;
	for (int shift = 0; shift < 7 * MAX_VARINT128 && buf->cursor < buf->len; shift += 7)
	{
		uint8		byte = (uint8) buf->data[buf->cursor++];

		*value |= (uint128) (byte & 0x7F) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

static void
put_sum(StringInfo buf, int128 sum, SumClass class)
{
	if (class == SUM_AMOUNT)
		put_varint(buf, ((uint128) sum << 1) ^ (uint128) (sum >> 127));
	else
		put_varint(buf, (uint128) sum);
}

static bool
get_sum(StringInfo buf, int128 *sum, SumClass class)
{
	uint128		value;

	if (!get_varint(buf, &value))
		return false;
	if (class == SUM_AMOUNT)
		*sum = (int128) (value >> 1) ^ -(int128) (value & 1);
	else
		*sum = (int128) value;
	return class == SUM_AMOUNT ? *sum <= MAX_AMOUNT && *sum >= -MAX_AMOUNT :
		*sum >= 0 && (class == SUM_SQUARE || *sum <= PG_INT64_MAX);
}

/* Write cells, canonically, after what is in buf */
static void
write_cells(StringInfo buf, const RetCells *cells)
{
	uint64		n = cells->cells->members;
	CellRef    *sorted = palloc_extended(Max(n, 1) * sizeof(*sorted), MCXT_ALLOC_HUGE);
	cellmap_iterator walk;
	const RetCell *cell;
	int64		back = 0;
	int64		age = -1;
	uint64		i = 0;

	pq_sendbyte(buf, CELLS_VERSION);
	pq_sendbyte(buf, cells->kind);
	pq_sendbyte(buf, cells->scale);
	pq_sendbyte(buf, 0);
	pq_sendint32(buf, cells->bins.months);
	pq_sendint32(buf, cells->bins.days);
	pq_sendint32(buf, cells->as_of);
	cellmap_start_iterate(cells->cells, &walk);
	while ((cell = cellmap_iterate(cells->cells, &walk)) != NULL)
		sorted[i++] = cell;
	sort_cells(sorted, n);
	for (i = 0; i < n; i++)
	{
		uint64		key = sorted[i]->key;
		bool		whole = RET_CELL_AGE(key) == RET_CELL_PERIOD;
		const CellDef *def = cell_def(cells->kind, key);

		if (RET_CELL_BACK(key) != back)
			age = -1;
		put_varint(buf, (uint128) (RET_CELL_BACK(key) - back) << 1 | whole);
		back = RET_CELL_BACK(key);
		if (!whole)
		{
			put_varint(buf, RET_CELL_AGE(key) - age - 1);
			age = RET_CELL_AGE(key);
		}
		for (int j = 0; j < def->n; j++)
			put_sum(buf, sorted[i]->sums[j], def->sums[j]);
		ret_check_interrupts_at(i);
	}
	pfree(sorted);
}

/* Read the header of the binary form; false if it is not one */
static bool
read_header(StringInfo buf, RetCells *cells)
{
	RetBins		bins;
	int32		months,
				days;
	int			version,
				kind,
				scale,
				reserved;
	DateADT		as_of;

	if (buf->len - buf->cursor < HEADER_SIZE)
		return false;
	version = pq_getmsgbyte(buf);
	kind = pq_getmsgbyte(buf);
	scale = pq_getmsgbyte(buf);
	reserved = pq_getmsgbyte(buf);
	months = (int32) pq_getmsgint(buf, 4);
	days = (int32) pq_getmsgint(buf, 4);
	as_of = (DateADT) pq_getmsgint(buf, 4);
	if (version != CELLS_VERSION || kind < RET_CELLS_ACTIVITY || kind > RET_CELLS_PURCHASES ||
		scale > RET_AMOUNT_MAX_SCALE || (kind == RET_CELLS_ACTIVITY && scale > 0) || reserved != 0 ||
		months < 0 || days < 0 || (months == 0) == (days == 0) ||
		!IS_VALID_DATE(as_of))
		return false;
	ret_bins_init(&bins, months, days, RET_DEFAULT_ORIGIN);
	cells_init(cells, kind, &bins, as_of);
	cells->scale = scale;
	return true;
}

/*
 * Read cells that write_cells() has written.  What is out of range is refused,
 * what is in another form may not be.
 */
static bool
read_cells(StringInfo buf, RetCells *cells)
{
	int64		back = 0;
	int64		age = -1;

	if (!read_header(buf, cells))
		return false;
	while (buf->cursor < buf->len)
	{
		uint128		head;
		uint128		skipped = 0;
		const CellDef *def;
		int128	   *sums;
		bool		whole;

		CHECK_FOR_INTERRUPTS();
		if (!get_varint(buf, &head))
			return false;
		whole = (head & 1) != 0;
		if (head >> 1 > PG_INT32_MAX || (!whole && !get_varint(buf, &skipped)) || skipped > PG_INT32_MAX)
			return false;
		if (head >> 1 > 0)
			age = -1;
		back += (int64) (head >> 1);
		age += whole ? 0 : (int64) skipped + 1;
		if (back > PG_INT32_MAX || age > back)
			return false;
		def = cell_def(cells->kind, whole ? RET_CELL_PERIOD : 0);
		sums = ret_cells_get(cells, back, whole ? RET_CELL_PERIOD : (uint32) age);
		for (int i = 0; i < def->n; i++)
		{
			if (!get_sum(buf, &sums[i], def->sums[i]))
				return false;
		}
	}
	return true;
}

/* Count the customers active in each period, whatever their cohort, and those not active for the first time */
static void
count_active(RetCells *cells, struct cellmap_hash *periods)
{
	cellmap_iterator walk;
	const RetCell *cell;

	cellmap_start_iterate(cells->cells, &walk);
	while ((cell = cellmap_iterate(cells->cells, &walk)) != NULL)
	{
		uint32		age = RET_CELL_AGE(cell->key);
		RetCell    *period;
		bool		found;

		CHECK_FOR_INTERRUPTS();
		if (age == RET_CELL_PERIOD)
			continue;
		period = cellmap_insert(periods, RET_CELL_KEY(RET_CELL_BACK(cell->key) - age, 0), &found);
		if (!found)
			memset(period->sums, 0, sizeof(period->sums));
		period->sums[0] += cell->sums[RET_CELL_ACTIVE];
		if (age > 0)
			period->sums[1] += cell->sums[RET_CELL_ACTIVE];
	}
}

/*
 * Tell whether customers can have been counted so: no age of a cohort has more of
 * them than its first, and no more are retained in a period than were active in the
 * one before, and are active in this one and not for the first time.
 */
static bool
cells_consistent(RetCells *cells)
{
	struct cellmap_hash *periods = cellmap_create(CurrentMemoryContext, cells->cells->members, NULL);
	cellmap_iterator walk;
	const RetCell *cell;
	int128		customers = 0;
	int128		purchases = 0;

	count_active(cells, periods);
	cellmap_start_iterate(cells->cells, &walk);
	while ((cell = cellmap_iterate(cells->cells, &walk)) != NULL)
	{
		int64		back = RET_CELL_BACK(cell->key);
		const RetCell *first = cellmap_lookup(cells->cells, RET_CELL_KEY(back, 0));
		const RetCell *now = cellmap_lookup(periods, RET_CELL_KEY(back, 0));
		const RetCell *before = cellmap_lookup(periods, RET_CELL_KEY(back + 1, 0));
		int128		active = cell->sums[RET_CELL_ACTIVE];

		CHECK_FOR_INTERRUPTS();
		if (RET_CELL_AGE(cell->key) == RET_CELL_PERIOD)
		{
			/* the first sum is that of the retained */
			if (before == NULL || active > before->sums[0] || active > (now ? now->sums[1] : 0))
				return false;
			continue;
		}
		if (first == NULL || active == 0 || active > first->sums[RET_CELL_ACTIVE])
			return false;
		if (RET_CELL_AGE(cell->key) == 0)
			customers += active;
		if (cells->kind == RET_CELLS_PURCHASES)
			purchases += cell->sums[RET_CELL_PURCHASES];
	}
	return customers <= PG_INT64_MAX && purchases <= PG_INT64_MAX;
}

/* Write cells as a flat value, in the current context */
static struct varlena *
flat_value(const RetCells *cells)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoSpaces(&buf, VARHDRSZ);
	write_cells(&buf, cells);
	SET_VARSIZE(buf.data, buf.len);
	return (struct varlena *) buf.data;
}

/*
 * Build a canonical value from the binary form, which is that of write_cells().
 * Returns NULL and sets *why if the bytes are not one.
 */
static struct varlena *
cells_parse(StringInfo buf, const void *arg pg_attribute_unused(), const char **why)
{
	const char *bytes = buf->data + buf->cursor;
	Size		size = buf->len - buf->cursor;
	RetCells	cells = {0};
	struct varlena *value;

	*why = "its bytes are not those of cells";
	if (!read_cells(buf, &cells))
		return NULL;
	*why = "its numbers of customers contradict each other";
	if (!cells_consistent(&cells))
		return NULL;
	*why = "it is not in the form that is written";
	value = flat_value(&cells);
	return VARSIZE(value) - VARHDRSZ == size && memcmp(VARDATA(value), bytes, size) == 0 ? value : NULL;
}

/*-------------------------------------------------------------------------
 * Expanded objects
 *-------------------------------------------------------------------------
 */

/* Write the bytes, and keep them for expanded_flatten() */
static Size
expanded_flat_size(ExpandedObjectHeader *eohptr)
{
	ExpandedCells *expanded = (ExpandedCells *) eohptr;
	MemoryContext before = MemoryContextSwitchTo(expanded->cells.hdr.eoh_context);

	if (expanded->bytes.data)
		resetStringInfo(&expanded->bytes);
	else
		initStringInfo(&expanded->bytes);
	write_cells(&expanded->bytes, &expanded->cells);
	MemoryContextSwitchTo(before);
	return VARHDRSZ + expanded->bytes.len;
}

static void
expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	ExpandedCells *expanded = (ExpandedCells *) eohptr;

	Assert(allocated_size == VARHDRSZ + expanded->bytes.len);
	memcpy(VARDATA(result), expanded->bytes.data, expanded->bytes.len);
	SET_VARSIZE(result, allocated_size);
}

/* Open a value to read it.  An expanded one is not copied. */
RetCells *
ret_cells_open(Datum value)
{
	Pointer		pointer = DatumGetPointer(value);
	RetCells   *cells;
	struct varlena *flat;
	StringInfoData buf;

	if (VARATT_IS_EXTERNAL_EXPANDED(pointer))
	{
		cells = (RetCells *) DatumGetEOHP(value);
		if (cells->hdr.eoh_methods == &cells_methods)
			return cells;
	}
	flat = PG_DETOAST_DATUM_PACKED(value);
	cells = palloc0(sizeof(RetCells));
	initReadOnlyStringInfo(&buf, VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat));
	if (!read_cells(&buf, cells))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("revenue_cells cannot be read"),
				 errdetail("The stored bytes are damaged.")));
	return cells;
}

/* Open the transition value in argument 0 of a support function, to add to it */
RetCells *
ret_cells_state(FunctionCallInfo fcinfo)
{
	Datum		value = PG_GETARG_DATUM(0);

	/* an object that is not ours to change is read from its bytes */
	if (!VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(value)))
		value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
	return ret_cells_open(value);
}

/* Return cells from an aggregate's support function: as they are, or flat while they are small */
Datum
ret_cells_result(FunctionCallInfo fcinfo, RetCells *cells)
{
	MemoryContext context;
	struct varlena *flat;
	ExpandedCells *expanded;

	if (cells->hdr.eoh_methods == &cells_methods)
		return EOHPGetRWDatum(&cells->hdr);
	flat = flat_value(cells);
	if (VARSIZE(flat) <= FLAT_MAX_SIZE)
		return PointerGetDatum(flat);

	context = AllocSetContextCreate(ret_agg_context(fcinfo), "revenue_cells", ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(context);
	expanded = palloc0(sizeof(ExpandedCells));
	EOH_init_header(&expanded->cells.hdr, &cells_methods, context);
	cells_init(&expanded->cells, cells->kind, &cells->bins, cells->as_of);
	cells_add(&expanded->cells, cells);
	return EOHPGetRWDatum(&expanded->cells.hdr);
}

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* Begin a walk over the cells of a value, and get its periods */
void
ret_cells_read(RetCellsReader *reader, Datum value, RetPeriods *periods)
{
	const RetCell *cell;
	int64		n = 0;

	reader->cells = ret_cells_open(value);
	reader->kind = reader->cells->kind;
	reader->scale = reader->cells->scale;
	reader->last = reader->cells->last;
	reader->next = 0;
	while ((cell = ret_cells_next(reader)) != NULL)
		n = Max(n, RET_CELL_BACK(cell->key) + 1);
	reader->next = 0;
	ret_check_bins(n);
	periods->bins = reader->cells->bins;
	periods->as_of = reader->cells->as_of;
	periods->first = reader->last - n + 1;
	periods->n = n;
}

/* Get the next cell; NULL after the last */
const RetCell *
ret_cells_next(RetCellsReader *reader)
{
	struct cellmap_hash *map = reader->cells->cells;

	while (reader->next < map->size)
	{
		const RetCell *cell = &map->data[reader->next++];

		if (cell->status == cellmap_SH_IN_USE)
			return cell;
	}
	return NULL;
}

/*-------------------------------------------------------------------------
 * The type's functions
 *-------------------------------------------------------------------------
 */

Datum
revenue_cells_in(PG_FUNCTION_ARGS)
{
	return ret_parse_input(fcinfo, "revenue_cells", cells_parse, NULL);
}

Datum
revenue_cells_recv(PG_FUNCTION_ARGS)
{
	return ret_parse_receive(fcinfo, "revenue_cells", cells_parse, NULL);
}

Datum
revenue_cells_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(PG_GETARG_BYTEA_P_COPY(0));
}

Datum
revenue_cells_out(PG_FUNCTION_ARGS)
{
	return ret_bytes_output(PG_GETARG_BYTEA_P(0), "revenue_cells");
}

/* Combine function, and transition function of rollup: adds the cells in argument 1 */
Datum
revenue_cells_combine(PG_FUNCTION_ARGS)
{
	RetCells   *cells;
	RetCells   *other;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	other = ret_cells_open(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(0))
		cells = ret_cells_create(other->kind, &other->bins, other->as_of);
	else
		cells = ret_cells_state(fcinfo);
	cells_add(cells, other);
	return ret_cells_result(fcinfo, cells);
}

/* Final function: returns the bytes */
Datum
revenue_cells_finalfn(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	PG_RETURN_POINTER(PG_GETARG_VARLENA_P(0));
}

#define RET_ORDERING_TYPE revenue_cells
#define RET_ORDERING_VALUE(n) PG_GETARG_VARLENA_P(n)
#include "base/ordering.h"
