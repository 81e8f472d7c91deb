/*-------------------------------------------------------------------------
 *
 * value.h
 *	  What SQL functions do with a value: its header, the part within a range of
 *	  days, input and output.  A part of engine.h.
 *
 *-------------------------------------------------------------------------
 */
#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "base/calendar.h"
#include "base/varlena.h"

/*
 * Read what is known of a value from the beginning, for which the front of a
 * stored one will do
 */
pg_attribute_unused() static void
value_open_header(RetReader *reader, Datum value)
{
	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		struct varlena *front = (struct varlena *) DatumGetPointer(value);

		if (VARATT_IS_EXTENDED(front))
			front = PG_DETOAST_DATUM_SLICE(value, 0, HEADER_SIZE);

		if (((EventsForm *) front)->form == FORM_CANONICAL)
		{
			memset(reader, 0, sizeof(RetReader));
			canonical_open(reader, front);
			return;
		}
	}
	value_open(reader, value);
}

/* Return the range of days of the value in argument 0, from the first to the last; NULL if it is empty */
pg_attribute_unused() static Datum
value_span(FunctionCallInfo fcinfo)
{
	RetReader	reader;
	TypeCacheEntry *typcache = lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound	lower = {.inclusive = true,.lower = true};
	RangeBound	upper = {.inclusive = true};

	value_open_header(&reader, PG_GETARG_DATUM(0));
	if (reader.ncustomers == 0)
		PG_RETURN_NULL();
	lower.val = DateADTGetDatum(reader.first);
	upper.val = DateADTGetDatum(reader.last);
	PG_RETURN_RANGE_P(ret_make_range(typcache, &lower, &upper));
}

/* Leave only the entries of days within bounds of the customer that was read; false if none is left */
static bool
entries_within(RetReader *reader, const RetBounds *bounds)
{
	Entry	   *entries = (Entry *) reader->entries;
	int64		n = 0;

	for (int64 i = 0; i < reader->nentries; i++)
	{
		if (RET_BOUNDS_CONTAIN(bounds, entries[i].day))
			entries[n++] = entries[i];
	}
	reader->nentries = n;
	return n > 0;
}

/*
 * Write the part within bounds of a canonical value that a reader has opened:
 * read once to find what the header says of it, and once to write it.  NULL if
 * it is empty.
 */
static struct varlena *
canonical_during(RetReader *reader, const RetBounds *bounds)
{
	RetReader	all = *reader;
	RetReader	part = *reader;
	Writer		writer;
	Size		size;

	part.ncustomers = 0;
	part.first = DATEVAL_NOEND;
	part.last = DATEVAL_NOBEGIN;
	part.scale = 0;
	while (canonical_next(reader))
	{
		CHECK_FOR_INTERRUPTS();
		if (!entries_within(reader, bounds))
			continue;
		part.ncustomers++;
		part.first = Min(part.first, ((Entry *) reader->entries)[0].day);
		part.last = Max(part.last, ((Entry *) reader->entries)[reader->nentries - 1].day);
		if (part.scale < reader->scale)
			part.scale = Max(part.scale, entries_scale(reader));
	}
	if (part.ncustomers == 0)
		return NULL;

	/* entries may lie elsewhere now, since the reader had to make room */
	all.entries = reader->entries;
	all.nalloc = reader->nalloc;
	writer_begin(&writer, NULL, &part);
	while (canonical_next(&all))
	{
		CHECK_FOR_INTERRUPTS();
		if (entries_within(&all, bounds))
			writer_add(&writer, &all);
	}
	return (struct varlena *) writer_end(&writer, &size);
}

/* Return the part of the value in argument 0 within the daterange in argument 1; NULL if it is empty */
pg_attribute_unused() static Datum
value_during(FunctionCallInfo fcinfo)
{
	RetReader	reader;
	RetBounds	during = {0};
	Expanded   *expanded;
	bool		found = false;

	ret_bounds_get(&during, PG_GETARG_DATUM(1));
	value_open(&reader, PG_GETARG_DATUM(0));
	if (reader.value)
	{
		struct varlena *part = canonical_during(&reader, &during);

		if (part == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(part);
	}
	expanded = parts_create(CurrentMemoryContext, reader.ncustomers, reader_base(&reader));
	expanded->scale = reader.scale;
	expanded->latest = reader.latest;
	while (value_next(&reader))
	{
		found |= entries_within(&reader, &during);
		parts_add_entries(expanded, &reader);
		CHECK_FOR_INTERRUPTS();
	}
	if (!found)
		PG_RETURN_NULL();
	parts_set_canonical(expanded);
	PG_RETURN_DATUM(EOHPGetRODatum(&expanded->hdr));
}

/*-------------------------------------------------------------------------
 * Input and output
 *-------------------------------------------------------------------------
 */

/* Input function: canonical bytes in hexadecimal digits */
static Datum
value_in(FunctionCallInfo fcinfo)
{
	struct varlena *value = ret_hex_input(fcinfo, RET_TYPE);

	if (value == NULL)
		PG_RETURN_NULL();
	if (!canonical_valid(value))
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s", RET_TYPE),
				 errhint("Values are made by the aggregate %s.", RET_SIGNATURE)));
	PG_RETURN_POINTER(value);
}

/* Output function: the bytes that are sent, in hexadecimal digits */
static Datum
value_out(FunctionCallInfo fcinfo)
{
	struct varlena *value = value_bytes(PG_GETARG_DATUM(0));

	PG_RETURN_CSTRING(ret_hex_output(VARDATA(value), VARSIZE(value) - VARHDRSZ, RET_TYPE));
}

/* Receive function */
static Datum
value_recv(FunctionCallInfo fcinfo)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			size = buf->len - buf->cursor;
	struct varlena *value = palloc(VARHDRSZ + size);

	SET_VARSIZE(value, VARHDRSZ + size);
	memcpy(VARDATA(value), pq_getmsgbytes(buf, size), size);
	if (!canonical_valid(value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid %s", RET_TYPE)));
	PG_RETURN_POINTER(value);
}

/* Send function: the canonical bytes; those of a transition value with its zone in front */
static Datum
value_send(FunctionCallInfo fcinfo)
{
	struct varlena *value = value_bytes(PG_GETARG_DATUM(0));
	bytea	   *result = palloc(VARSIZE(value));

	memcpy(result, value, VARSIZE(value));
	PG_RETURN_BYTEA_P(result);
}
