/*-------------------------------------------------------------------------
 *
 * parts.h
 *	  The expanded form of a value: customers and their entries.  A part of
 *	  engine.h.
 *
 * An object is one set of columns or, once there are many customers, MAX_PARTS
 * of them.  Customers are divided among the parts by the high bits of their
 * hash, so all parts together are in the order of the hash, too.  Rows wait in
 * their part until there are enough of them to be merged.
 *
 * Before there is any row, an object can also be a list of canonical values that
 * wait to be merged (merge.h), which become rows only if others are added.
 * Everything is owned by the object's context.
 *
 *-------------------------------------------------------------------------
 */
#include "utils/expandeddatum.h"

#include "base/calendar.h"

/* Most customers of an object that is not divided into parts */
#define ONE_PART_CUSTOMERS	32768

/* An object this many times larger than another is not copied to merge the two */
#define MUCH_LARGER			8

/* How many customers ahead units are prefetched while customers are read in ascending order */
#define ORDER_AHEAD			8

/* Where the next row of a part is put */
typedef struct RowPlace
{
	Row		   *next;
	Row		   *end;			/* end of the room */
} RowPlace;

/* The expanded object of a value */
typedef struct Expanded
{
	ExpandedObjectHeader hdr;	/* standard header for expanded objects */
	int			nparts;			/* 1 or MAX_PARTS */
	int			shift;			/* of half a hash, to get the part */
	Days	   *parts;			/* entries of the customers of each part */
	RetOffsets	offsets;		/* of the time zone */
	RetZone		zone;			/* time zone that the days depend on, if they do */
	DateADT		base;			/* day of offset 0 in all parts */
	int			scale;			/* decimals of the amounts */
	DateADT		latest;			/* the latest day that the type has set */
	bool		canonical;		/* is it a result?  A transition value is sent as it is */
	bool		held;			/* is the flat value known, or do values wait?  Rows change that */
	SentPart   *sent;			/* parts as they are sent, between size and bytes */
	uint8	   *flat;			/* flat value, or NULL if not current */
	Size		flat_size;		/* bytes of it, or of what is sent; 0 if not current */
	ValueList	values;			/* canonical values that wait; then there are no rows */
	RowPlace	places[MAX_PARTS];	/* where the rows of each part wait */
} Expanded;

/* A customer of an object: where it is found */
typedef struct CustomerPlace
{
	int64		customer;
	uint32		index;			/* in the part */
	uint32		part;
} CustomerPlace;

/* The customers of an object in ascending order */
typedef struct CustomerOrder
{
	CustomerPlace *places;
	int			nparts;
	int64	   *starts[MAX_PARTS];	/* where the units of each customer of a part begin */
} CustomerOrder;

#define ST_SORT sort_customers
#define ST_ELEMENT_TYPE CustomerPlace
#define ST_COMPARE(a, b) ((a)->customer < (b)->customer ? -1 : (a)->customer > (b)->customer)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static Size expanded_flat_size(ExpandedObjectHeader *eohptr);
static void expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size);
static void expanded_divide(Expanded *expanded);
static void expanded_flush(Expanded *expanded);

static const ExpandedObjectMethods expanded_methods =
{
	expanded_flat_size,
	expanded_flatten
};

/* Note that n rows wait in a part */
static void
set_place(Expanded *expanded, int part, int64 n)
{
	const Days *days = &expanded->parts[part];

	expanded->places[part].next = days->rows + n;
	expanded->places[part].end = days->rows + days->rows_alloc;
}

/* Give an object empty parts */
static void
expanded_set_parts(Expanded *expanded, int nparts)
{
	MemoryContext context = expanded->hdr.eoh_context;

	expanded->nparts = nparts;
	expanded->shift = nparts == 1 ? 63 : 63 - PART_BITS;
	expanded->parts = MemoryContextAlloc(context, nparts * sizeof(Days));
	for (int i = 0; i < nparts; i++)
	{
		days_create(&expanded->parts[i], context, nparts == 1 ? 0 : PART_BITS, expanded->base);
		set_place(expanded, i, 0);
	}
}

/*
 * Choose the base of an object that is to have what a reader has opened.  The
 * reader is not moved.
 */
static DateADT
reader_base(const RetReader *reader)
{
	RetReader	scan = *reader;
	DateADT		sample[BASE_SAMPLE] = {0};
	int			n = 0;

	if (reader->parts)
		return ((Days *) reader->parts)->base;
	scan.entries = palloc(scan.nalloc * sizeof(Entry));
	while (n < BASE_SAMPLE && value_next(&scan))
		sample[n++] = ((Entry *) scan.entries)[scan.nentries / 2].day;
	pfree(scan.entries);
	return choose_base(sample, Max(n, 1));
}

/* Create an empty expanded object that is to have n customers */
static Expanded *
parts_create(MemoryContext parent, int64 n, DateADT base)
{
	MemoryContext context = AllocSetContextCreate(parent, RET_TYPE,
												  ALLOCSET_SMALL_SIZES);
	Expanded   *expanded = MemoryContextAllocZero(context, sizeof(Expanded));

	EOH_init_header(&expanded->hdr, &expanded_methods, context);
	expanded->latest = DATEVAL_NOBEGIN;
	expanded->base = base;
	expanded->values.context = context;
	expanded_set_parts(expanded, n > ONE_PART_CUSTOMERS ? MAX_PARTS : 1);
	return expanded;
}

/* Merge the rows that wait in a part */
static void
flush_part(Expanded *expanded, int part)
{
	Days	   *days = &expanded->parts[part];

	if (expanded->places[part].next > days->rows)
		days_add(days, expanded->places[part].next - days->rows);
	set_place(expanded, part, 0);
	if (unlikely(expanded->nparts == 1 && days->ncustomers > ONE_PART_CUSTOMERS))
		expanded_divide(expanded);
}

/* Make room for a row in a part that has none: let more rows wait, or merge them */
static void
parts_make_room(Expanded *expanded, int part)
{
	Days	   *days = &expanded->parts[part];
	int64		n = days->rows_alloc;

	if (days_make_room(days))
		set_place(expanded, part, n);
	else
		flush_part(expanded, part);
}

static void parts_release(Expanded *expanded);

/* Prepare to change an object: forget the flat value, and make rows of values that wait */
static inline void
parts_touch(Expanded *expanded)
{
	if (unlikely(expanded->held))
		parts_release(expanded);
}

/* Compute the part of a customer from half the hash, since no shift is by 64 bits */
static inline int
parts_of(const Expanded *expanded, uint64 hash)
{
	return (hash >> 1) >> expanded->shift;
}

/* Keep an entry of a part that no unit can hold */
static pg_noinline void
parts_add_stray(Expanded *expanded, int part, int64 customer, Entry entry)
{
	Days	   *days = &expanded->parts[part];

	days->first = Min(days->first, entry.day);
	days->last = Max(days->last, entry.day);
	strays_add(&days->strays, customer, entry, days->context);
}

/* Add a row, which waits in its part until there are enough of them */
static inline void
parts_add(Expanded *expanded, int64 customer, Entry entry)
{
	uint64		hash = ret_customer_hash(customer);
	int			part = parts_of(expanded, hash);
	RowPlace   *place = &expanded->places[part];
	Row		   *row = place->next;
	int64		offset = (int64) entry.day - expanded->base;

	/* there are more parts than the processor foresees streams */
	__builtin_prefetch((char *) row + RET_CACHE_LINE, 1);
	row_set_hash(row, hash);
	/* the last offset is that of NO_UNIT */
	if (unlikely((uint64) offset >= PG_UINT16_MAX || !unit_set(&row->unit, offset, &entry)))
	{
		row->unit = NO_UNIT;
		parts_add_stray(expanded, part, customer, entry);
	}
	place->next = ++row;
	if (unlikely(row == place->end))
		parts_make_room(expanded, part);
}

/* Add the customer that a reader has read */
static void
parts_add_entries(Expanded *expanded, const RetReader *reader)
{
	const Entry *entries = (const Entry *) reader->entries;

	for (int64 i = 0; i < reader->nentries; i++)
		parts_add(expanded, reader->customer, entries[i]);
}

/* Add the customer that a reader has read, with amounts of another scale */
static void
parts_add_scaled(Expanded *expanded, RetReader *reader, int64 factor)
{
	entries_rescale(reader, factor);
	parts_add_entries(expanded, reader);
}

/* Forget the flat value and its size, which are no longer those of the object */
static void
parts_forget(Expanded *expanded)
{
	if (expanded->flat)
		pfree(expanded->flat);
	expanded->flat = NULL;
	expanded->flat_size = 0;
	expanded->held = expanded->values.nvalues > 0;
}

/*
 * Let a canonical value, of the contents that a reader has opened, wait to be
 * merged with others.  It is the object's from now on, and lives as long.  There
 * are no rows.
 */
static void
parts_keep(Expanded *expanded, struct varlena *value, const RetReader *reader)
{
	expanded->values.ncustomers = Max(expanded->values.ncustomers, reader->ncustomers);
	expanded->scale = Max(expanded->scale, reader->scale);
	expanded->latest = Max(expanded->latest, reader->latest);
	values_add(&expanded->values, value);
	parts_forget(expanded);
}

/* Count the customers of the rows of an object */
static int64
parts_customers(Expanded *expanded)
{
	int64		n = 0;

	expanded_flush(expanded);
	for (int i = 0; i < expanded->nparts; i++)
		n += expanded->parts[i].ncustomers;
	return n;
}

/* Do what is left of parts_touch(): rows are about to be added */
static pg_noinline void
parts_release(Expanded *expanded)
{
	RetReader	reader;
	int64		factor;

	parts_forget(expanded);
	if (!expanded->held)
		return;
	reader_init(&reader);
	canonical_open(&reader, values_merge(&expanded->values));
	factor = ret_amount_factor(expanded->scale - reader.scale);
	while (canonical_next(&reader))
	{
		parts_add_scaled(expanded, &reader, factor);
		CHECK_FOR_INTERRUPTS();
	}
	pfree(reader.entries);
	values_clear(&expanded->values);
	expanded->held = false;
}

/* Merge all rows that wait: changes how the object is stored, not what it holds */
static void
expanded_flush(Expanded *expanded)
{
	for (int i = 0; i < expanded->nparts; i++)
		flush_part(expanded, i);
}

/* Compute the size of parts in units of 16 bits, without the rows that wait */
static int64
parts_units(const Days *parts, int nparts)
{
	int64		n = 0;

	for (int i = 0; i < nparts; i++)
		n += parts[i].nunits +
			parts[i].ncustomers * (int64) (sizeof(uint64) / sizeof(uint16) + 1);
	return n;
}

/*
 * Merge a part of another object, except the rows that wait there.  Customers
 * are in the order of their hash, so those who go to the same part lie
 * together.
 */
static void
take_part(Expanded *expanded, Days *from, RetReader *reader)
{
	Days		some = *from;
	int64		next = 0;

	some.ncustomers = 0;
	some.nunits = 0;
	for (int64 i = 0; i < from->ncustomers; i = next)
	{
		int			part = parts_of(expanded, from->hashes[i]);

		some.hashes += some.ncustomers;
		some.sizes += some.ncustomers;
		some.units += some.nunits;
		some.nunits = 0;
		for (; next < from->ncustomers &&
			 parts_of(expanded, from->hashes[next]) == part; next++)
			some.nunits += units_of_size(from->sizes[next]);
		some.ncustomers = next - i;
		if (!days_union(&expanded->parts[part], &some))
		{
			reader->index = 0;
			reader->unit = 0;
			while (days_next(&some, reader))
				parts_add_entries(expanded, reader);
		}
		CHECK_FOR_INTERRUPTS();
	}
	/* where the base is another one, strays were read with their customers */
	for (int64 i = 0; i < from->strays.nevents; i++)
	{
		const Event *stray = &from->strays.events[i];
		Days    *part = &expanded->parts[parts_of(expanded, ret_customer_hash(stray->customer))];

		if (part->base == from->base)
			strays_add(&part->strays, stray->customer, stray->entry, part->context);
	}
}

/* Divide the only part of an object, in which no rows wait, into many */
static void
expanded_divide(Expanded *expanded)
{
	Days	   *whole = expanded->parts;
	RetReader	reader;

	reader_init(&reader);
	expanded_set_parts(expanded, MAX_PARTS);
	take_part(expanded, whole, &reader);
	pfree(reader.entries);
	days_free(whole);
	pfree(whole);
}

/* Give the amounts of an object more decimals; its rows wait again */
static void
expanded_rescale(Expanded *expanded, int scale)
{
	int64		factor = ret_amount_factor(scale - expanded->scale);
	RetReader	reader;
	Days	   *parts;
	int			nparts;

	reader_init(&reader);
	expanded_flush(expanded);
	parts = expanded->parts;
	nparts = expanded->nparts;
	parts_walk(&reader, parts, nparts);
	expanded_set_parts(expanded, nparts);
	expanded->scale = scale;
	while (parts_next(&reader))
	{
		parts_add_scaled(expanded, &reader, factor);
		CHECK_FOR_INTERRUPTS();
	}
	for (int i = 0; i < nparts; i++)
		days_free(&parts[i]);
	pfree(parts);
	pfree(reader.entries);
}

/*
 * Merge the parts that a reader walks over, of an object or of what another
 * process has sent.  False, and nothing is merged, if the reader walks over no
 * parts, or over too few customers to be worth copying the object: then add them
 * one by one with parts_add_entries().
 */
static bool
parts_take(Expanded *expanded, RetReader *reader)
{
	parts_touch(expanded);
	if (expanded->nparts == 1 && reader->ncustomers > ONE_PART_CUSTOMERS)
	{
		expanded_flush(expanded);
		if (expanded->nparts == 1)
			expanded_divide(expanded);
	}
	if (reader->parts == NULL || reader->scale != expanded->scale ||
		parts_units((Days *) reader->parts, reader->nparts) <=
		parts_units(expanded->parts, expanded->nparts) / MUCH_LARGER)
		return false;
	for (int i = 0; i < reader->nparts; i++)
	{
		Days	   *part = (Days *) reader->parts + i;

		if (part->sent)
			sent_unpack(part);
		take_part(expanded, part, reader);
	}
	if (expanded->nparts == 1 && expanded->parts->ncustomers > ONE_PART_CUSTOMERS)
		flush_part(expanded, 0);	/* which divides it */
	return true;
}

/* Get the expanded object that a datum points to */
static Expanded *
parts_get(Datum datum)
{
	Expanded   *expanded = (Expanded *) DatumGetEOHP(datum);

	Assert(expanded->hdr.eoh_methods == &expanded_methods);
	return expanded;
}

/* Prepare to read the customers of an object, part by part, or of the values that wait */
static void
parts_open(RetReader *reader, Expanded *expanded)
{
	if (expanded->values.nvalues > 0)
		canonical_open(reader, values_merge(&expanded->values));
	else
	{
		expanded_flush(expanded);
		parts_walk(reader, expanded->parts, expanded->nparts);
		reader->scale = expanded->scale;
		reader->latest = expanded->latest;
	}
	if (!expanded->canonical)
		reader->zone = expanded->zone;
}

/* List the customers of all parts in ascending order */
static CustomerPlace *
parts_sorted(const Days *parts, int nparts, int64 ncustomers)
{
	CustomerPlace *list = MemoryContextAllocHuge(CurrentMemoryContext,
												 (ncustomers + 1) * sizeof(CustomerPlace));
	CustomerPlace *next = list;

	for (int part = 0; part < nparts; part++)
	{
		const Days *days = &parts[part];

		for (int64 i = 0; i < days->ncustomers; i++, next++)
		{
			next->customer = ret_hash_customer(days->hashes[i]);
			next->index = (uint32) i;
			next->part = part;
		}
	}
	sort_customers(list, ncustomers);
	return list;
}

/* Let a reader that has opened parts read the customers in ascending order */
static void
parts_order(RetReader *reader)
{
	Days	   *parts = (Days *) reader->parts;
	CustomerOrder *order = palloc(sizeof(CustomerOrder));

	sent_unpack_all(parts, reader->nparts);
	order->places = parts_sorted(parts, reader->nparts, reader->ncustomers);
	order->nparts = reader->nparts;
	for (int part = 0; part < order->nparts; part++)
		order->starts[part] = days_starts(&parts[part]);
	reader->order = order;
}

static void
order_free(CustomerOrder *order)
{
	for (int part = 0; part < order->nparts; part++)
		pfree(order->starts[part]);
	pfree(order->places);
	pfree(order);
}

/* Read the next customer in ascending order; false after the last */
static bool
order_next(RetReader *reader)
{
	const Days *parts = (const Days *) reader->parts;
	const CustomerOrder *order = (const CustomerOrder *) reader->order;
	const CustomerPlace *place = &order->places[reader->nread];

	if (reader->nread == reader->ncustomers)
		return false;
	/* a customer lies anywhere: where the units begin is wanted before the units */
	if (reader->nread + 2 * ORDER_AHEAD < reader->ncustomers)
	{
		const CustomerPlace *later = place + 2 * ORDER_AHEAD;
		const CustomerPlace *next = place + ORDER_AHEAD;

		__builtin_prefetch(&parts[later->part].sizes[later->index]);
		__builtin_prefetch(&order->starts[later->part][later->index]);
		__builtin_prefetch(&parts[next->part].units[order->starts[next->part][next->index]]);
	}
	days_read(&parts[place->part], place->customer, place->index,
			  order->starts[place->part][place->index], reader);
	reader->nread++;
	return true;
}

/*
 * Write the canonical value of the parts that a reader has opened, in the
 * current context; with a zone in front if there is one
 */
static uint8 *
parts_write(RetReader *reader, const RetZone *zone, Size *size)
{
	Writer		writer;

	writer_begin(&writer, zone, reader);
	parts_order(reader);
	while (order_next(reader))
	{
		writer_add(&writer, reader);
		CHECK_FOR_INTERRUPTS();
	}
	order_free(reader->order);
	return writer_end(&writer, size);
}

/*
 * Compute the size of the flat value of an object, which is kept until the object
 * changes, since the executor asks for it twice.  A result is canonical: it is
 * written, and kept as well.  A transition value only goes to another process and
 * is sent as it is, if it is not too large.
 */
static void
expanded_write(Expanded *expanded)
{
	MemoryContext old = MemoryContextSwitchTo(expanded->hdr.eoh_context);
	RetReader	reader;

	reader_init(&reader);
	parts_open(&reader, expanded);
	if (!expanded->canonical)
	{
		if (expanded->sent == NULL)
			expanded->sent = palloc(MAX_PARTS * sizeof(SentPart));
		expanded->flat_size = sent_size(expanded->parts, expanded->nparts, expanded->sent);
	}
	if (expanded->flat_size == 0)
		expanded->flat = parts_write(&reader, &reader.zone, &expanded->flat_size);
	expanded->held = true;
	pfree(reader.entries);
	MemoryContextSwitchTo(old);
}

/* Let what an object has, in which no rows wait, become a canonical value that waits */
static void
parts_to_value(Expanded *expanded)
{
	MemoryContext old = MemoryContextSwitchTo(expanded->hdr.eoh_context);
	Days	   *parts = expanded->parts;
	int			nparts = expanded->nparts;
	RetReader	reader;
	struct varlena *value;
	Size		size;

	parts_forget(expanded);
	reader_init(&reader);
	parts_open(&reader, expanded);
	value = (struct varlena *) parts_write(&reader, NULL, &size);
	expanded_set_parts(expanded, 1);
	for (int i = 0; i < nparts; i++)
		days_free(&parts[i]);
	pfree(parts);
	parts_keep(expanded, value, &reader);
	pfree(reader.entries);
	MemoryContextSwitchTo(old);
}

/* Make an object a result: from now on its flat value is canonical */
static void
parts_set_canonical(Expanded *expanded)
{
	if (!expanded->canonical)
		parts_forget(expanded);
	expanded->canonical = true;
}

static Size
expanded_flat_size(ExpandedObjectHeader *eohptr)
{
	Expanded   *expanded = (Expanded *) eohptr;

	if (expanded->values.nvalues > 0)
		return VARSIZE(values_merge(&expanded->values));
	if (expanded->flat_size == 0)
		expanded_write(expanded);
	return expanded->flat_size;
}

static void
expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	const Expanded *expanded = (Expanded *) eohptr;

	if (expanded->values.nvalues > 0)
		memcpy(result, expanded->values.values[0], allocated_size);
	else if (expanded->flat)
		memcpy(result, expanded->flat, allocated_size);
	else
		sent_write(result, allocated_size, expanded->parts, expanded->sent, expanded->nparts, expanded->scale,
				   expanded->latest, &expanded->zone);
}
