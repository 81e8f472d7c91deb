/*-------------------------------------------------------------------------
 *
 * event_bytes.c
 *	  The canonical bytes of a customer_events: writing, reading, checking.
 *
 * Equal content is equal bytes, whatever the order of the rows and the plan.  They are
 * what is stored, and what is sent:
 *
 *		version				1 byte
 *		kind of time		1 byte, a RetTimeKind
 *		encoding			1 byte, of the names: that of the database
 *		0					1 byte
 *		customers, events	8 bytes each, numbers of them
 *		first, last			8 bytes each, instants: days of dates, else microseconds
 *		unit				8 bytes, the greatest common divisor of the distances of all
 *							instants from the first; 1 if there is only one
 *		names				varint, number of names; each is a varint, its number of
 *							bytes, and the bytes; ascending by bytes
 *		then for each customer, in ascending order:
 *		key					the first: 8 bytes; others: varint, less the one before, less 1
 *		events				varint, number - 1
 *		of each event		varint, units since the one before, or since the first of all;
 *							varint, number of its name; ascending
 *
 * where numbers are written as varint.h says.  An event takes 3 bytes or so with
 * dates, 5 with whole seconds, 8 with microseconds.  Input is read into a set, written
 * again, and refused unless that gives the same bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "family/event_bytes.h"
#include "history/varint.h"

/*-------------------------------------------------------------------------
 * Writing canonical bytes
 *-------------------------------------------------------------------------
 */

/* Make room for n bytes; error 54000 if a value would be too large to be stored */
static uint8 *
reserve_bytes(StringInfo buf, int n)
{
	if (unlikely((Size) buf->len + n >= MaxAllocSize - 1))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s is too large", RET_EVENTS_TYPE),
				 errdetail("It has more than %zu bytes.", (Size) MaxAllocSize),
				 errhint("Make several values, for instance by a part of the customers.")));
	if (unlikely(buf->len + n >= buf->maxlen))
		enlargeStringInfo(buf, n);
	return (uint8 *) buf->data + buf->len;
}

static inline void
end_bytes(StringInfo buf, const uint8 *p)
{
	buf->len = (int) ((const char *) p - buf->data);
}

/* Let a reader read a set */
void
ret_events_open_set(RetEventReader *reader, RetEventSet *set)
{
	memset(reader, 0, sizeof(RetEventReader));
	ret_event_scan_set(&reader->scan, set);
	reader->kind = set->kind;
	reader->ntotal = ret_event_set_size(set);
	reader->first = set->first;
	reader->last = set->last;
	reader->nnames = reader->scan.order.n;
	reader->names = reader->scan.order.names;
}

/* Free what a reader of a set or a building has */
void
ret_events_close(RetEventReader *reader)
{
	RetEventScan *scan = &reader->scan;

	ret_event_rows_free(&scan->rows);
	pfree(scan->order.names);
	if (scan->cursors)
	{
		pfree(scan->cursors);
		pfree(scan->shapes);
	}
}

/* Count the customers before any is read; from then on they are read in ascending order */
void
ret_events_count(RetEventReader *reader)
{
	if (reader->next)
		return;
	ret_event_scan_count(&reader->scan, reader->first);
	reader->ncustomers = reader->scan.ncustomers;
	reader->ntotal = reader->scan.ntotal;
	reader->unit = reader->scan.unit;
}

/* Write the header, and the names */
static void
put_header(StringInfo buf, const RetEventReader *reader)
{
	uint8	   *p = reserve_bytes(buf, RET_EVENTS_HEADER_SIZE + RET_MAX_VARINT);

	*p++ = RET_EVENTS_VERSION;
	*p++ = reader->kind;
	*p++ = GetDatabaseEncoding();
	*p++ = 0;
	p = ret_put_int64(p, reader->ncustomers);
	p = ret_put_int64(p, reader->ntotal);
	p = ret_put_int64(p, reader->first);
	p = ret_put_int64(p, reader->last);
	p = ret_put_int64(p, (int64) reader->unit);
	end_bytes(buf, ret_put_varint(p, reader->nnames));
	for (int i = 0; i < reader->nnames; i++)
	{
		const RetEventName *name = &reader->names[i];

		p = ret_put_varint(reserve_bytes(buf, RET_MAX_VARINT + name->size), name->size);
		memcpy(p, name->bytes, name->size);
		end_bytes(buf, p + name->size);
	}
}

/* Write what a reader has opened, which is not bytes, canonically, after what is in buf */
void
ret_events_put(StringInfo buf, RetEventReader *reader)
{
	RetEventScan *scan = &reader->scan;
	int64		previous = 0;
	bool		begun = false;
	uint64		unit;

	ret_events_count(reader);
	unit = reader->unit;
	put_header(buf, reader);
	while (ret_event_scan_next(scan))
	{
		int64		before = reader->first;
		uint8	   *p = reserve_bytes(buf, 2 * RET_MAX_VARINT);

		if (begun)
			p = ret_put_varint(p, (uint64) scan->customer - (uint64) previous - 1);
		else
			p = ret_put_int64(p, scan->customer);
		begun = true;
		previous = scan->customer;
		end_bytes(buf, ret_put_varint(p, (uint64) scan->nevents - 1));
		CHECK_FOR_INTERRUPTS();
		for (int64 i = scan->first; i < scan->first + scan->nevents; i++)
		{
			RetEvent	event = ret_event_rows_get(&scan->rows, i);
			uint64		distance = (uint64) event.at - (uint64) before;

			p = reserve_bytes(buf, 2 * RET_MAX_VARINT);
			p = ret_put_varint(p, unit == 1 ? distance : distance / unit);
			end_bytes(buf, ret_put_varint(p, (uint64) event.name));
			before = event.at;
			ret_check_interrupts_at(i);
		}
	}
}

/* Write what a reader has opened as a canonical value, in the current context */
struct varlena *
ret_events_write(RetEventReader *reader)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoSpaces(&buf, VARHDRSZ);
	ret_events_put(&buf, reader);
	SET_VARSIZE(buf.data, buf.len);
	return (struct varlena *) buf.data;
}

/*-------------------------------------------------------------------------
 * Reading canonical bytes
 *-------------------------------------------------------------------------
 */

/* Tell whether an instant is in the range of its type */
static inline bool
instant_valid(int64 at, RetTimeKind kind)
{
	return kind == RET_DATE ? IS_VALID_DATE(at) : IS_VALID_TIMESTAMP(at);
}

/* Read the names after the header; false if they are none */
static bool
read_names(RetEventReader *reader)
{
	uint64		n;

	reader->next = ret_get_varint(reader->next, reader->end, &n);
	if (reader->next == NULL || n < 1 || n > RET_MAX_EVENT_NAMES)
		return false;
	reader->nnames = (int) n;
	reader->names = palloc(n * sizeof(RetEventName));
	for (int i = 0; i < reader->nnames; i++)
	{
		uint64		size;

		reader->next = ret_get_varint(reader->next, reader->end, &size);
		if (reader->next == NULL || size > RET_MAX_EVENT_NAME_SIZE || size > (uint64) (reader->end - reader->next))
			return false;
		reader->names[i] = (RetEventName) {(const char *) reader->next, (int) size};
		reader->next += size;
	}
	return true;
}

/* Begin to read canonical bytes; returns why they cannot be read, or NULL */
const char *
ret_events_open_bytes(RetEventReader *reader, const uint8 *bytes, Size size)
{
	memset(reader, 0, sizeof(RetEventReader));
	if (size < RET_EVENTS_HEADER_SIZE || bytes[0] != RET_EVENTS_VERSION || bytes[1] < RET_DATE ||
		bytes[1] > RET_TIMESTAMPTZ || bytes[3] != 0)
		return "its bytes are not those of events";
	if (bytes[2] != GetDatabaseEncoding())
		return "its names are in the encoding of another database";
	reader->kind = (RetTimeKind) bytes[1];
	reader->ncustomers = ret_get_int64(bytes + 4);
	reader->ntotal = ret_get_int64(bytes + 12);
	reader->first = ret_get_int64(bytes + 20);
	reader->last = ret_get_int64(bytes + 28);
	reader->unit = (uint64) ret_get_int64(bytes + 36);
	reader->next = bytes + RET_EVENTS_HEADER_SIZE;
	reader->end = bytes + size;
	if (reader->ncustomers < 1 || reader->ntotal < reader->ncustomers || reader->first > reader->last ||
		!instant_valid(reader->first, reader->kind) || !instant_valid(reader->last, reader->kind) ||
		reader->unit == 0 || !read_names(reader))
		return "its bytes are not those of events";
	return NULL;
}

/* Read the key and the number of events of the next customer; false if the bytes are none */
static bool
read_customer(RetEventReader *reader)
{
	uint64		n;

	if (reader->nread == 0)
	{
		if (reader->end - reader->next < (ptrdiff_t) sizeof(int64))
			return false;
		reader->customer = ret_get_int64(reader->next);
		reader->next += sizeof(int64);
	}
	else
	{
		reader->next = ret_get_varint(reader->next, reader->end, &n);
		if (reader->next == NULL || n >= (uint64) PG_INT64_MAX - (uint64) reader->customer)
			return false;
		reader->customer = (int64) ((uint64) reader->customer + n + 1);
	}
	reader->next = ret_get_varint(reader->next, reader->end, &n);

	/* each event is two bytes at least */
	if (reader->next == NULL || n >= (uint64) (reader->end - reader->next))
		return false;
	reader->nevents = (int64) n + 1;
	return true;
}

/* Make room for the events of the customer that is read */
void
ret_events_reserve(RetEventReader *reader)
{
	if (reader->nevents <= reader->nalloc)
		return;
	if (reader->events)
		pfree(reader->events);
	reader->nalloc = Max(2 * reader->nalloc, Max(reader->nevents, 64));
	reader->events = palloc_extended(reader->nalloc * sizeof(RetEvent), MCXT_ALLOC_HUGE);
}

/* Read the next customer from bytes: 1, or 0 if there is none, or -1 if the bytes are damaged */
int
ret_events_next_in_bytes(RetEventReader *reader)
{
	int64		at = reader->first;

	if (reader->next == reader->end)
		return reader->nread == reader->ncustomers ? 0 : -1;
	if (!read_customer(reader))
		return -1;
	ret_events_reserve(reader);
	for (int64 i = 0; i < reader->nevents; i++)
	{
		uint64		units;
		uint64		name;

		reader->next = ret_get_two_varints(reader->next, reader->end, &units, &name);
		if (reader->next == NULL || name >= (uint64) reader->nnames ||
			units > ((uint64) reader->last - (uint64) at) / reader->unit)
			return -1;
		at = (int64) ((uint64) at + units * reader->unit);
		reader->events[i] = (RetEvent) {reader->customer, at, (int64) name};
		ret_check_interrupts_at(i);
	}
	reader->nread++;
	return 1;
}

/*
 * Build a canonical value from the binary form.  Returns NULL and sets *why if the
 * bytes are not one.
 */
struct varlena *
ret_events_parse(StringInfo buf, const void *arg pg_attribute_unused(), const char **why)
{
	Size		size = buf->len - buf->cursor;
	const uint8 *bytes = (const uint8 *) pq_getmsgbytes(buf, size);
	RetEventReader reader;
	RetEventReader made;
	RetEventSet *set = palloc(sizeof(RetEventSet));
	struct varlena *value;
	int			found;

	*why = ret_events_open_bytes(&reader, bytes, size);
	if (*why != NULL)
		return NULL;
	ret_event_set_init(set, reader.kind, CurrentMemoryContext);
	for (int i = 0; i < reader.nnames; i++)
	{
		*why = "a name is not text in the encoding of the database";
		if (!pg_verify_mbstr(GetDatabaseEncoding(), reader.names[i].bytes, reader.names[i].size, true))
			return NULL;
		*why = "it is not in the form that is written";
		if (ret_event_name(&set->names, reader.names[i].bytes, reader.names[i].size) != i)
			return NULL;
	}
	while ((found = ret_events_next_in_bytes(&reader)) == 1)
	{
		CHECK_FOR_INTERRUPTS();
		for (int64 i = 0; i < reader.nevents; i++)
			ret_event_set_add(set, reader.kind, reader.customer, reader.events[i].at, reader.events[i].name);
	}
	*why = "its bytes are not those of events";
	if (found < 0)
		return NULL;
	*why = "it is not in the form that is written";
	ret_events_open_set(&made, set);
	value = ret_events_write(&made);
	return VARSIZE(value) - VARHDRSZ == size && memcmp(VARDATA(value), bytes, size) == 0 ? value : NULL;
}

