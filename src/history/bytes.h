/*-------------------------------------------------------------------------
 *
 * bytes.h
 *	  The canonical bytes of a value: writing, reading and checking them.  A
 *	  part of engine.h.
 *
 * The bytes are the same on every machine, and equal for equal content:
 *
 *		version, form		one byte each
 *		header				what the type writes: HEADER_SIZE bytes with the two before
 *		then for each customer, in ascending order:
 *		key					the first: 8 bytes; others: varint, less the one before, less 1
 *		entries				what the type writes
 *
 * A transition value that depends on a time zone goes to another server with
 * the zone in front: version, form, the length of its name, in one byte each,
 * its name, and then the canonical bytes.  What is stored has no zone: a day is
 * a day.
 *
 * Input is checked by reading it with all bounds, and by comparing it with
 * what would be written for what was read: nothing but canonical bytes pass.
 *
 *-------------------------------------------------------------------------
 */
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/calendar.h"
#include "history/reader.h"
#include "history/varint.h"

/* Bytes in front of the name of a zone */
#define ZONE_HEADER_SIZE	3

/* Canonical bytes that are being written */
struct Writer
{
	uint8	   *bytes;			/* a varlena */
	Size		header;			/* where the canonical bytes begin */
	Size		used;
	Size		alloc;
	int64		ncustomers;		/* customers to be written */
	int64		nwritten;		/* customers that have been written */
	int64		customer;		/* the last of them */
	DateADT		first;
	DateADT		last;
	int			scale;			/* decimals of the amounts that are written */
	DateADT		latest;			/* the latest day that the type has set */
	Totals		totals;			/* what the type's header has beside */
};

/* Reject bytes that are none of the type's */
pg_noreturn static void
value_corrupt(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("%s is corrupt", RET_TYPE)));
}

/*-------------------------------------------------------------------------
 * Writing
 *-------------------------------------------------------------------------
 */

/* Write a zone, if there is one; returns the number of bytes */
static Size
put_zone(uint8 *p, const RetZone *zone)
{
	Size		size;

	if (zone == NULL || !ret_zone_known(zone))
		return 0;
	size = strlen(zone->name);
	p[0] = RET_VERSION;
	p[1] = FORM_ZONED;
	p[2] = (uint8) size;
	memcpy(p + ZONE_HEADER_SIZE, zone->name, size);
	return ZONE_HEADER_SIZE + size;
}

/* Make room for size more bytes; returns where they begin */
static uint8 *
writer_reserve(Writer *writer, Size size)
{
	if (unlikely(writer->used + size > writer->alloc))
	{
		writer->alloc = writer->used + size + writer->alloc / 2;
		writer->bytes = repalloc_huge(writer->bytes, writer->alloc);
	}
	return writer->bytes + writer->used;
}

/* Find how many decimals the amounts of the customer that a reader has read need */
static inline int
entries_scale(const RetReader *reader)
{
	const Entry *entries = (const Entry *) reader->entries;
	int			least = 0;

	for (int64 i = 0; reader->scale > 0 && i < reader->nentries; i++)
		least = Max(least, entry_decimals(&entries[i], reader->scale));
	return least;
}

/*
 * Find how many decimals the amounts of a value need, by reading it.  The
 * reader is not moved.
 */
static int
least_scale(const RetReader *reader)
{
	RetReader	scan = *reader;
	int			least = 0;

	scan.entries = palloc(scan.nalloc * sizeof(Entry));
	while (least < scan.scale && value_next(&scan))
	{
		least = Max(least, entries_scale(&scan));
		CHECK_FOR_INTERRUPTS();
	}
	pfree(scan.entries);
	return least;
}

/*
 * Begin to write the value that a reader has opened, in the current context;
 * with a zone in front if there is one.  There is room for size bytes at first.
 */
static void
writer_begin_size(Writer *writer, const RetZone *zone, const RetReader *reader, Size size)
{
	memset(writer, 0, sizeof(Writer));
	writer->ncustomers = reader->ncustomers;
	writer->first = reader->first;
	writer->last = reader->last;
	writer->latest = reader->latest;
	writer->scale = reader->next ? reader->scale : least_scale(reader);
	writer->alloc = VARHDRSZ + sizeof(RetZone) + HEADER_SIZE + size;
	writer->bytes = MemoryContextAllocHuge(CurrentMemoryContext, writer->alloc);
	writer->header = VARHDRSZ + put_zone(writer->bytes + VARHDRSZ, zone);
	writer->used = writer->header + HEADER_SIZE;
}

/* Begin to write as writer_begin_size() does, with room for the usual customer */
static void
writer_begin(Writer *writer, const RetZone *zone, const RetReader *reader)
{
	writer_begin_size(writer, zone, reader, 16 * (Size) reader->ncustomers + 64);
}

/* Report that a value needs more than 1 GB */
pg_noreturn static pg_noinline void
writer_too_large(const Writer *writer)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("%s is too large to be written out", RET_TYPE),
			 errdetail("The first %lld of %lld customers need more than 1 GB.",
					   (long long) writer->nwritten, (long long) writer->ncustomers),
			 errhint("Build one value per segment or per year; in a parallel plan, SET max_parallel_workers_per_gather = 0.")));
}

/* Report it if what has been written is larger than a value can be */
static inline void
writer_check_size(const Writer *writer)
{
	if (unlikely(writer->used > MaxAllocSize))
		writer_too_large(writer);
}

/* Write the key of a customer who comes after those that have been written */
static inline void
writer_add_key(Writer *writer, int64 customer)
{
	uint8	   *p = writer_reserve(writer, RET_MAX_VARINT);

	if (writer->nwritten++ == 0)
		p = ret_put_int64(p, customer);
	else
		p = ret_put_varint(p, (uint64) customer - (uint64) writer->customer - 1);
	writer->customer = customer;
	writer->used = p - writer->bytes;
}

/*
 * Write the customer that a reader has read: in canonical bytes, one who comes
 * after those that have been written
 */
static void
writer_add(Writer *writer, const RetReader *reader)
{
	writer_add_key(writer, reader->customer);
	entries_put(writer, reader);
	writer_check_size(writer);
}

/* Finish the value; returns it, and its size */
static uint8 *
writer_end(Writer *writer, Size *size)
{
	uint8	   *p = writer->bytes + writer->header;

	Assert(writer->nwritten == writer->ncustomers);
	SET_VARSIZE(writer->bytes, writer->used);
	*p++ = RET_VERSION;
	*p++ = FORM_CANONICAL;
	header_put(writer, p);
	*size = writer->used;
	return writer->bytes;
}

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* Read the zone in front of canonical bytes, if there is one; NULL if it is damaged */
static const uint8 *
get_zone(RetZone *zone, const uint8 *p, const uint8 *end)
{
	if (end - p < ZONE_HEADER_SIZE || p[0] != RET_VERSION || p[1] != FORM_ZONED)
		return p;
	if (p[2] > end - p - ZONE_HEADER_SIZE ||
		!ret_zone_read(zone, (const char *) p + ZONE_HEADER_SIZE, p[2]))
		return NULL;
	return p + ZONE_HEADER_SIZE + p[2];
}

/* Read the header of a value into a reader that is all zeros; false if there is none */
static bool
header_read(RetReader *reader, struct varlena *value)
{
	const uint8 *p = (const uint8 *) VARDATA(value);
	const uint8 *end = p + (VARSIZE(value) - VARHDRSZ);

	p = get_zone(&reader->zone, p, end);
	if (p == NULL || end - p < HEADER_SIZE || p[0] != RET_VERSION || p[1] != FORM_CANONICAL)
		return false;
	reader->value = value;
	reader->next = p + HEADER_SIZE;
	reader->end = end;
	return header_get(reader, p + 2) &&
		reader->ncustomers > 0 && reader->first <= reader->last &&
		IS_VALID_DATE(reader->first) && IS_VALID_DATE(reader->last);
}

/* Prepare to read a canonical value */
static void
canonical_open(RetReader *reader, struct varlena *value)
{
	if (!header_read(reader, value))
		value_corrupt();
}

/*
 * Read the key of the next customer of a canonical value, which is there; the
 * entries are next.  False if the bytes are no key.
 */
static inline bool
canonical_read_key(RetReader *reader)
{
	const uint8 *p = reader->next;
	uint64		delta;

	if (reader->nread == 0)
	{
		if (reader->end - p < (ptrdiff_t) sizeof(int64))
			return false;
		reader->customer = ret_get_int64(p);
		p += sizeof(int64);
	}
	else
	{
		p = ret_get_varint(p, reader->end, &delta);
		if (p == NULL || delta >= (uint64) PG_INT64_MAX - (uint64) reader->customer)
			return false;
		reader->customer = (int64) ((uint64) reader->customer + delta + 1);
	}
	reader->next = p;
	return true;
}

/*
 * Read the next customer of a canonical value, which is there.  False if the
 * bytes are not those of a customer.
 */
static bool
canonical_read(RetReader *reader)
{
	if (!canonical_read_key(reader))
		return false;
	reader->next = entries_get(reader, reader->next);
	return reader->next != NULL;
}

/*
 * Read the next customer; false after the last.  Errors are possible, as a
 * value may have been damaged since it was taken in.
 */
static bool
canonical_next(RetReader *reader)
{
	if (reader->nread == reader->ncustomers)
		return false;
	if (!canonical_read(reader))
		value_corrupt();
	reader->nread++;
	return true;
}

/*-------------------------------------------------------------------------
 * Checking
 *-------------------------------------------------------------------------
 */

/*
 * Check that a value is canonical.  Writes what it reads, and so needs about as
 * much memory again.
 */
static bool
canonical_valid(struct varlena *value)
{
	RetReader	reader;
	Writer		writer;
	DateADT		first = DATEVAL_NOEND;
	DateADT		last = DATEVAL_NOBEGIN;
	Size		size;
	int			scale = 0;
	bool		valid;

	reader_init(&reader);

	/* a customer is three bytes at least */
	if (!header_read(&reader, value) ||
		reader.ncustomers > (reader.end - reader.next) / 3)
		return false;

	writer_begin(&writer, &reader.zone, &reader);
	valid = reader.scale >= 0 && reader.scale <= RET_AMOUNT_MAX_SCALE;
	for (; valid && reader.nread < reader.ncustomers; reader.nread++)
	{
		valid = canonical_read(&reader);
		if (!valid)
			break;
		writer_add(&writer, &reader);
		scale = Max(scale, entries_scale(&reader));
		first = Min(first, ((Entry *) reader.entries)[0].day);
		last = Max(last, ((Entry *) reader.entries)[reader.nentries - 1].day);
		valid = writer.used <= VARSIZE(value);
		if ((reader.nread & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (valid)
	{
		writer.last = last;
		(void) writer_end(&writer, &size);
		valid = size == VARSIZE(value) && first == reader.first && scale == reader.scale &&
			memcmp(writer.bytes + VARHDRSZ, VARDATA(value), size - VARHDRSZ) == 0;
	}
	pfree(writer.bytes);
	pfree(reader.entries);
	return valid;
}
