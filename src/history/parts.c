/*-------------------------------------------------------------------------
 *
 * parts.c
 *	  The expanded form of a customer_activity: customers and their days.
 *
 * There is one set of customers (columns.c), or many parts once there are
 * many, among whom they are divided by the high bits of their hash: so all
 * parts together are in the order of the hash, too.  Rows wait in their part
 * until there are enough of them to be merged.  Everything is owned by the
 * object's context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/calendar.h"
#include "history/bytes.h"
#include "history/columns.h"
#include "history/events.h"
#include "history/parts.h"
#include "history/reader.h"
#include "history/sent.h"
#include "store/customer_map.h"

/* Parts of an expanded object that has more than so many customers */
#define ONE_PART_CUSTOMERS	32768

/* An object is not copied to merge it with one of which it is so many times the size */
#define MUCH_LARGER			8

/* Customers for whose days is asked ahead while others are written */
#define WRITE_AHEAD			8

static Size expanded_flat_size(ExpandedObjectHeader *eohptr);
static void expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size);
static void expanded_divide(RetExpandedActivity *activity);

static const ExpandedObjectMethods activity_methods =
{
	expanded_flat_size,
	expanded_flatten
};

/* n rows of a part wait */
static void
set_place(RetExpandedActivity *activity, int part, int64 n)
{
	const RetDays *days = &activity->parts[part];

	activity->places[part].next = days->rows + n;
	activity->places[part].end = days->rows + days->rows_alloc;
}

/* Give an object empty parts */
static void
expanded_set_parts(RetExpandedActivity *activity, int nparts)
{
	MemoryContext context = activity->hdr.eoh_context;

	activity->nparts = nparts;
	activity->shift = nparts == 1 ? 63 : 63 - RET_PART_BITS;
	activity->parts = MemoryContextAlloc(context, nparts * sizeof(RetDays));
	for (int i = 0; i < nparts; i++)
	{
		ret_days_create(&activity->parts[i], context, nparts == 1 ? 0 : RET_PART_BITS);
		set_place(activity, i, 0);
	}
}

/* An empty expanded object that is to have n customers */
RetExpandedActivity *
ret_parts_create(MemoryContext parent, int64 n)
{
	MemoryContext context = AllocSetContextCreate(parent, "customer activity",
												  ALLOCSET_SMALL_SIZES);
	RetExpandedActivity *activity = MemoryContextAllocZero(context, sizeof(RetExpandedActivity));

	EOH_init_header(&activity->hdr, &activity_methods, context);
	expanded_set_parts(activity, n > ONE_PART_CUSTOMERS ? RET_MAX_PARTS : 1);
	return activity;
}

/* Merge the rows that wait in a part */
static void
flush_part(RetExpandedActivity *activity, int part)
{
	RetDays    *days = &activity->parts[part];

	ret_days_add(days, activity->places[part].next - days->rows);
	set_place(activity, part, 0);
	if (unlikely(activity->nparts == 1 && days->ncustomers > ONE_PART_CUSTOMERS))
		expanded_divide(activity);
}

/* Make room for a row in a part that has none: let more rows wait, or merge them */
void
ret_parts_make_room(RetExpandedActivity *activity, int part)
{
	RetDays    *days = &activity->parts[part];
	int64		n = days->rows_alloc;

	if (ret_days_make_room(days))
		set_place(activity, part, n);
	else
		flush_part(activity, part);
}

/* Add the customer that a reader has read */
void
ret_parts_add_days(RetExpandedActivity *activity, const RetActivityReader *reader)
{
	for (int64 i = 0; i < reader->ndays; i++)
		ret_parts_add(activity, reader->customer, reader->days[i]);
}

/* Merge all rows that wait: changes how the object is stored, not what it holds */
static void
expanded_flush(RetExpandedActivity *activity)
{
	for (int i = 0; i < activity->nparts; i++)
		flush_part(activity, i);
}

/* Size of parts in units, without the rows that wait */
static int64
parts_units(const RetDays *parts, int nparts)
{
	int64		n = 0;

	for (int i = 0; i < nparts; i++)
		n += parts[i].nunits +
			parts[i].ncustomers * (int64) (sizeof(uint64) / sizeof(uint16) + 1);
	return n;
}

/*
 * Add what a part of an object has, without the rows that wait there.  The
 * customers of either object's part are in the order of their hash, so those
 * who go to the same part lie together.
 */
static void
take_part(RetExpandedActivity *activity, RetDays *from, RetActivityReader *reader)
{
	RetDays		some = *from;
	int64		next = 0;

	some.ncustomers = 0;
	some.nunits = 0;
	for (int64 i = 0; i < from->ncustomers; i = next)
	{
		int			part = ret_parts_of(activity, from->hashes[i]);

		some.hashes += some.ncustomers;
		some.sizes += some.ncustomers;
		some.units += some.nunits;
		some.nunits = 0;
		for (; next < from->ncustomers &&
			 ret_parts_of(activity, from->hashes[next]) == part; next++)
			some.nunits += ret_days_units(from, next);
		some.ncustomers = next - i;
		if (!ret_days_union(&activity->parts[part], &some))
		{
			reader->index = 0;
			reader->unit = 0;
			while (ret_days_next(&some, reader))
				ret_parts_add_days(activity, reader);
		}
		CHECK_FOR_INTERRUPTS();
	}
	/* those of a part that counts its days from elsewhere were read with the others */
	for (int64 i = 0; i < from->strays.nevents; i++)
	{
		const RetEvent *stray = &from->strays.events[i];
		RetDays    *part = &activity->parts[ret_parts_of(activity, ret_customer_hash(stray->customer))];

		if (part->base == from->base)
			ret_strays_add(&part->strays, stray->customer, stray->day, part->context);
	}
}

/* Divide the only part of an object, in which no rows wait, into many */
static void
expanded_divide(RetExpandedActivity *activity)
{
	RetDays    *whole = activity->parts;
	RetActivityReader reader;

	ret_reader_init(&reader);
	expanded_set_parts(activity, RET_MAX_PARTS);
	take_part(activity, whole, &reader);
	pfree(reader.days);
	ret_days_free(whole);
	pfree(whole);
}

/*
 * Merge the parts that a reader walks over, of an object or of what another
 * process has sent.  False, and nothing is merged, if the reader walks over no
 * parts, or over so few customers that copying what is there would be a waste:
 * they are added one by one with ret_parts_add_days().
 */
bool
ret_parts_take(RetExpandedActivity *activity, RetActivityReader *reader)
{
	ret_parts_touch(activity);
	if (activity->nparts == 1 && reader->ncustomers > ONE_PART_CUSTOMERS)
	{
		expanded_flush(activity);
		if (activity->nparts == 1)
			expanded_divide(activity);
	}
	if (reader->parts == NULL ||
		parts_units(reader->parts, reader->nparts) <=
		parts_units(activity->parts, activity->nparts) / MUCH_LARGER)
		return false;
	for (int i = 0; i < reader->nparts; i++)
		take_part(activity, &reader->parts[i], reader);
	if (activity->nparts == 1 && activity->parts->ncustomers > ONE_PART_CUSTOMERS)
		flush_part(activity, 0);	/* which divides it */
	return true;
}

/* The expanded object that a datum points to */
RetExpandedActivity *
ret_parts_get(Datum datum)
{
	RetExpandedActivity *activity = (RetExpandedActivity *) DatumGetEOHP(datum);

	Assert(activity->hdr.eoh_methods == &activity_methods);
	return activity;
}

/* Prepare to read the customers of an object, part by part */
void
ret_parts_open(RetActivityReader *reader, RetExpandedActivity *activity)
{
	expanded_flush(activity);
	ret_parts_walk(reader, activity->parts, activity->nparts);
	if (!activity->canonical)
		reader->zone = activity->zone;
}

/* List the customers of all parts in ascending order, each with its part and index */
static RetEvent *
parts_sorted(const RetDays *parts, int nparts, int64 ncustomers)
{
	RetEvent   *list = MemoryContextAllocHuge(CurrentMemoryContext,
											  (ncustomers + 1) * sizeof(RetEvent));
	RetEvent   *next = list;

	for (int part = 0; part < nparts; part++)
	{
		const RetDays *days = &parts[part];

		for (int64 i = 0; i < days->ncustomers; i++, next++)
		{
			next->customer = ret_hash_customer(days->hashes[i]);
			next->day = (int32) i;
			next->aux = part;
		}
	}
	ret_events_sort(list, ncustomers);
	return list;
}

/*
 * The canonical value, in the current context, of what a reader has opened in
 * parts; with a zone in front if there is one
 */
uint8 *
ret_parts_write(RetActivityReader *reader, const RetZone *zone, Size *size)
{
	const RetDays *parts = reader->parts;
	RetEvent   *list = parts_sorted(parts, reader->nparts, reader->ncustomers);
	int64	   *starts[RET_MAX_PARTS];
	RetActivityWriter writer;

	ret_writer_begin(&writer, zone, reader->ncustomers, reader->first, reader->last);
	for (int part = 0; part < reader->nparts; part++)
		starts[part] = ret_days_starts(&parts[part]);
	for (int64 i = 0; i < reader->ncustomers; i++)
	{
		const RetEvent *customer = &list[i];

		if (i + WRITE_AHEAD < reader->ncustomers)
		{
			const RetEvent *ahead = customer + WRITE_AHEAD;

			__builtin_prefetch(&parts[ahead->aux].units[starts[ahead->aux][ahead->day]]);
		}
		ret_days_read(&parts[customer->aux], customer->day,
					  starts[customer->aux][customer->day], reader);
		ret_writer_add(&writer, reader->customer, reader->days, reader->ndays);
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	for (int part = 0; part < reader->nparts; part++)
		pfree(starts[part]);
	pfree(list);
	return ret_writer_end(&writer, size);
}

/*
 * Write the flat value of an object, and keep it until the object changes.  A
 * result is canonical.  A transition value only goes to another process and is
 * sent as it is, if it is not too large.
 */
static void
expanded_write(RetExpandedActivity *activity)
{
	MemoryContext old = MemoryContextSwitchTo(activity->hdr.eoh_context);
	RetActivityReader reader;

	ret_reader_init(&reader);
	ret_parts_open(&reader, activity);
	if (!activity->canonical)
		activity->flat = ret_sent_write(activity->parts, activity->nparts, &activity->zone, &activity->flat_size);
	if (activity->flat == NULL)
		activity->flat = ret_parts_write(&reader, &reader.zone, &activity->flat_size);
	pfree(reader.days);
	MemoryContextSwitchTo(old);
}

/* From now on an object is a result */
void
ret_parts_set_canonical(RetExpandedActivity *activity)
{
	if (!activity->canonical)
		ret_parts_touch(activity);
	activity->canonical = true;
}

static Size
expanded_flat_size(ExpandedObjectHeader *eohptr)
{
	RetExpandedActivity *activity = (RetExpandedActivity *) eohptr;

	if (activity->flat == NULL)
		expanded_write(activity);
	return activity->flat_size;
}

static void
expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	memcpy(result, ((RetExpandedActivity *) eohptr)->flat, allocated_size);
}
