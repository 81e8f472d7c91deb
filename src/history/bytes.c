/*-------------------------------------------------------------------------
 *
 * bytes.c
 *	  The canonical bytes of a customer_activity: writing, reading, comparing.
 *
 * The bytes are the same on every machine, and equal for equal content:
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
 *							last, and so many bits, lowest first, in bytes
 *
 * Numbers of fixed size are big-endian; a varint has 7 bits per byte, lowest
 * first, and no needless bytes.  The bitmap is used where it is shorter.  A
 * customer of ten days in two years takes about 15 bytes.
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
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"

#include "base/calendar.h"
#include "history/bytes.h"
#include "history/reader.h"

#define MAX_VARINT		10		/* bytes of a varint of 64 bits */
#define ZONE_HEADER_SIZE 3		/* bytes in front of the name of a zone */

/*-------------------------------------------------------------------------
 * Writing
 *-------------------------------------------------------------------------
 */

static inline uint8 *
put_varint(uint8 *p, uint64 value)
{
	while (value >= 0x80)
	{
		*p++ = (uint8) (value | 0x80);
		value >>= 7;
	}
	*p++ = (uint8) value;
	return p;
}

static inline int
varint_size(uint64 value)
{
	int			size = 1;

	while (value >= 0x80)
	{
		value >>= 7;
		size++;
	}
	return size;
}

static inline void
put_int32(uint8 *p, int32 value)
{
	uint32		big = pg_hton32((uint32) value);

	memcpy(p, &big, sizeof(big));
}

static inline void
put_int64(uint8 *p, int64 value)
{
	uint64		big = pg_hton64((uint64) value);

	memcpy(p, &big, sizeof(big));
}

/* Write a zone, if there is one; returns the number of bytes */
static Size
put_zone(uint8 *p, const RetZone *zone)
{
	Size		size;

	if (zone == NULL || !ret_zone_known(zone))
		return 0;
	size = strlen(zone->name);
	p[0] = ACTIVITY_VERSION;
	p[1] = ACTIVITY_ZONED;
	p[2] = (uint8) size;
	memcpy(p + ZONE_HEADER_SIZE, zone->name, size);
	return ZONE_HEADER_SIZE + size;
}

/* Room for so many more bytes */
static uint8 *
writer_reserve(RetActivityWriter *writer, Size size)
{
	if (unlikely(writer->used + size > writer->alloc))
	{
		writer->alloc = writer->used + size + writer->alloc / 2;
		writer->bytes = repalloc_huge(writer->bytes, writer->alloc);
	}
	return writer->bytes + writer->used;
}

/*
 * Begin to write a value of so many customers, between two days, in the current
 * context; with a zone in front if there is one
 */
void
ret_writer_begin(RetActivityWriter *writer, const RetZone *zone,
				 int64 ncustomers, DateADT first, DateADT last)
{
	memset(writer, 0, sizeof(RetActivityWriter));
	writer->ncustomers = ncustomers;
	writer->first = first;
	writer->last = last;
	writer->alloc = VARHDRSZ + sizeof(RetZone) + ACTIVITY_HEADER_SIZE +
		16 * (Size) ncustomers + 64;
	writer->bytes = MemoryContextAllocHuge(CurrentMemoryContext, writer->alloc);
	writer->header = VARHDRSZ + put_zone(writer->bytes + VARHDRSZ, zone);
	writer->used = writer->header + ACTIVITY_HEADER_SIZE;
}

/* Write the days behind the first as a bitmap of nbits bits */
static uint8 *
put_bitmap(uint8 *p, const DateADT *days, int64 ndays, uint64 nbits)
{
	p = put_varint(p, nbits);
	memset(p, 0, (nbits + 7) / 8);
	for (int64 i = 1; i < ndays; i++)
	{
		uint64		bit = (uint64) ((int64) days[i] - days[0] - 1);

		p[bit / 8] |= 1 << (bit % 8);
	}
	return p + (nbits + 7) / 8;
}

/* Write a customer, in canonical bytes one who comes after those that have been written */
void
ret_writer_add(RetActivityWriter *writer, int64 customer, const DateADT *days, int64 ndays)
{
	uint64		nbits = (uint64) ((int64) days[ndays - 1] - days[0]);
	uint64		bitmap = varint_size(nbits) + (nbits + 7) / 8;
	uint64		list = 0;
	bool		use_bitmap = bitmap <= (uint64) (ndays - 1);
	uint8	   *p;

	/* a list has a byte per day at least */
	if (!use_bitmap)
	{
		for (int64 i = 1; i < ndays; i++)
			list += varint_size((uint64) ((int64) days[i] - days[i - 1] - 1));
		use_bitmap = bitmap <= list;
	}

	p = writer_reserve(writer, 4 * MAX_VARINT + (use_bitmap ? bitmap : list));
	if (writer->nwritten++ == 0)
	{
		put_int64(p, customer);
		p += sizeof(int64);
	}
	else
		p = put_varint(p, (uint64) customer - (uint64) writer->customer - 1);
	p = put_varint(p, (uint64) (ndays - 1) * 2 + use_bitmap);
	p = put_varint(p, (uint64) ((int64) days[0] - writer->first));
	if (use_bitmap)
		p = put_bitmap(p, days, ndays, nbits);
	else
	{
		for (int64 i = 1; i < ndays; i++)
			p = put_varint(p, (uint64) ((int64) days[i] - days[i - 1] - 1));
	}
	writer->customer = customer;
	writer->ndays += ndays;
	writer->used = p - writer->bytes;
	if (unlikely(writer->used > MaxAllocSize))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("customer_activity is too large to be written out"),
				 errdetail("The first %lld of %lld customers need more than 1 GB.",
						   (long long) writer->nwritten, (long long) writer->ncustomers),
				 errhint("Build one value per segment or per year; in a parallel plan, SET max_parallel_workers_per_gather = 0.")));
}

/* The finished value, and its size */
uint8 *
ret_writer_end(RetActivityWriter *writer, Size *size)
{
	uint8	   *p = writer->bytes + writer->header;

	Assert(writer->nwritten == writer->ncustomers);
	SET_VARSIZE(writer->bytes, writer->used);
	p[0] = ACTIVITY_VERSION;
	p[1] = ACTIVITY_CANONICAL;
	put_int64(p + 2, writer->ncustomers);
	put_int64(p + 10, writer->ndays);
	put_int32(p + 18, writer->first);
	put_int32(p + 22, writer->last);
	*size = writer->used;
	return writer->bytes;
}

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

static inline int32
get_int32(const uint8 *p)
{
	uint32		big;

	memcpy(&big, p, sizeof(big));
	return (int32) pg_ntoh32(big);
}

static inline int64
get_int64(const uint8 *p)
{
	uint64		big;

	memcpy(&big, p, sizeof(big));
	return (int64) pg_ntoh64(big);
}

/* Read a varint; NULL at the end of the bytes, or if it has more than 64 bits */
static inline const uint8 *
get_varint(const uint8 *p, const uint8 *end, uint64 *value)
{
	uint64		result = 0;

	for (int shift = 0; shift < 70 && p < end; shift += 7)
	{
		uint8		byte = *p++;

		result |= (uint64) (byte & 0x7F) << Min(shift, 63);
		if (byte < 0x80)
		{
			*value = result;
			return shift == 63 && byte > 1 ? NULL : p;
		}
	}
	return NULL;
}

/* Reject bytes that are none of the type's */
void
ret_activity_corrupt(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("customer_activity is corrupt")));
}

/* Read the zone in front of canonical bytes, if there is one; NULL if it is damaged */
static const uint8 *
get_zone(RetZone *zone, const uint8 *p, const uint8 *end)
{
	if (end - p < ZONE_HEADER_SIZE || p[0] != ACTIVITY_VERSION || p[1] != ACTIVITY_ZONED)
		return p;
	if (p[2] > end - p - ZONE_HEADER_SIZE ||
		!ret_zone_read(zone, (const char *) p + ZONE_HEADER_SIZE, p[2]))
		return NULL;
	return p + ZONE_HEADER_SIZE + p[2];
}

/* Read the header of a value into a reader that is all zeros; false if there is none */
static bool
read_header(RetActivityReader *reader, const struct varlena *value)
{
	const uint8 *p = (const uint8 *) VARDATA(value);
	const uint8 *end = p + (VARSIZE(value) - VARHDRSZ);

	p = get_zone(&reader->zone, p, end);
	if (p == NULL || end - p < ACTIVITY_HEADER_SIZE || p[0] != ACTIVITY_VERSION)
		return false;
	reader->ncustomers = get_int64(p + 2);
	reader->first = get_int32(p + 18);
	reader->last = get_int32(p + 22);
	reader->next = p + ACTIVITY_HEADER_SIZE;
	reader->end = end;
	return p[1] == ACTIVITY_CANONICAL &&
		reader->ncustomers > 0 && reader->first <= reader->last &&
		IS_VALID_DATE(reader->first) && IS_VALID_DATE(reader->last);
}

/* Prepare to read a canonical value */
void
ret_canonical_open(RetActivityReader *reader, struct varlena *value)
{
	if (!read_header(reader, value))
		ret_activity_corrupt();
}

/* Read a customer's days behind the first from a list; NULL if that is not one */
static const uint8 *
get_list(RetActivityReader *reader, const uint8 *p, uint64 ndays)
{
	int64		day = reader->days[0];

	/* each day is a byte at least */
	if (ndays - 1 > (uint64) (reader->end - p))
		return NULL;
	ret_reader_reserve(reader, (int64) ndays);
	for (uint64 i = 1; i < ndays; i++)
	{
		uint64		delta;

		p = get_varint(p, reader->end, &delta);
		if (p == NULL || delta >= (uint64) (reader->last - day))
			return NULL;
		day += (int64) delta + 1;
		reader->days[i] = (DateADT) day;
	}
	return p;
}

/* The same from a bitmap */
static const uint8 *
get_bitmap(RetActivityReader *reader, const uint8 *p, uint64 ndays)
{
	uint64		nbits;
	uint64		nbytes;
	uint64		n = 1;

	p = get_varint(p, reader->end, &nbits);
	if (p == NULL || nbits > (uint64) ((int64) reader->last - reader->days[0]))
		return NULL;
	nbytes = (nbits + 7) / 8;
	if (nbytes > (uint64) (reader->end - p) || ndays > nbits + 1)
		return NULL;
	ret_reader_reserve(reader, (int64) ndays);
	for (uint64 i = 0; i < nbytes; i++)
	{
		for (unsigned int bits = p[i]; bits != 0; bits &= bits - 1)
		{
			uint64		bit = i * 8 + pg_rightmost_one_pos32(bits);

			if (n == ndays || bit >= nbits)
				return NULL;
			reader->days[n++] = (DateADT) (reader->days[0] + 1 + (int64) bit);
		}
	}
	return n == ndays ? p + nbytes : NULL;
}

/*
 * Read the next customer of a canonical value, which is there.  False if the
 * bytes are not those of a customer.
 */
static bool
canonical_read(RetActivityReader *reader)
{
	const uint8 *p = reader->next;
	uint64		delta;
	uint64		ndays;
	uint64		day;

	if (reader->nread == 0)
	{
		if (reader->end - p < (ptrdiff_t) sizeof(int64))
			return false;
		reader->customer = get_int64(p);
		p += sizeof(int64);
	}
	else
	{
		p = get_varint(p, reader->end, &delta);
		if (p == NULL || delta >= (uint64) PG_INT64_MAX - (uint64) reader->customer)
			return false;
		reader->customer = (int64) ((uint64) reader->customer + delta + 1);
	}
	p = get_varint(p, reader->end, &ndays);
	if (p == NULL)
		return false;
	p = get_varint(p, reader->end, &day);
	if (p == NULL || day > (uint64) ((int64) reader->last - reader->first))
		return false;
	reader->days[0] = (DateADT) (reader->first + (int64) day);
	reader->ndays = (int64) (ndays / 2 + 1);
	if (ndays & 1)
		p = get_bitmap(reader, p, reader->ndays);
	else
		p = get_list(reader, p, reader->ndays);
	reader->next = p;
	return p != NULL;
}

/*
 * Read the next customer; false behind the last.  Errors are possible, as a
 * value may have been damaged since it was taken in.
 */
bool
ret_canonical_next(RetActivityReader *reader)
{
	if (reader->nread == reader->ncustomers)
		return false;
	if (!canonical_read(reader))
		ret_activity_corrupt();
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
bool
ret_canonical_valid(struct varlena *value)
{
	RetActivityReader reader;
	RetActivityWriter writer;
	DateADT		lowest = DATEVAL_NOEND;
	Size		written_size;
	bool		valid;

	ret_reader_init(&reader);

	/* a customer is three bytes at least */
	if (!read_header(&reader, value) ||
		reader.ncustomers > (reader.end - reader.next) / 3)
		return false;

	ret_writer_begin(&writer, &reader.zone, reader.ncustomers, DATEVAL_NOEND, DATEVAL_NOBEGIN);
	writer.first = reader.first;
	valid = true;
	for (; valid && reader.nread < reader.ncustomers; reader.nread++)
	{
		valid = canonical_read(&reader);
		if (!valid)
			break;
		ret_writer_add(&writer, reader.customer, reader.days, reader.ndays);
		lowest = Min(lowest, reader.days[0]);
		writer.last = Max(writer.last, reader.days[reader.ndays - 1]);
		valid = writer.used <= VARSIZE(value);
		if ((reader.nread & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (valid)
	{
		(void) ret_writer_end(&writer, &written_size);
		valid = written_size == VARSIZE(value) && lowest == reader.first &&
			memcmp(writer.bytes + VARHDRSZ, VARDATA(value), written_size - VARHDRSZ) == 0;
	}
	pfree(writer.bytes);
	pfree(reader.days);
	return valid;
}
