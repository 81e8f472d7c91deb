/*-------------------------------------------------------------------------
 *
 * activity_parts.c
 *	  The expanded form of a customer_activity: maps from customers to days.
 *
 * There is one map (activity_days.c), or many parts once there are many
 * customers, who are divided among them by their hash.  Rows wait until 256 of
 * a part can be worked on at once.  Everything is owned by the object's
 * context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "activity_io.h"
#include "activity_parts.h"

/* Parts of an expanded object that has more than so many customers */
#define MAX_PARTS			128		/* a power of 2 */
#define ONE_PART_CUSTOMERS	50000

/* So many days of a customer are added at once */
#define MANY_DAYS			4

static Size expanded_flat_size(ExpandedObjectHeader *eohptr);
static void expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size);
static void expanded_divide(RetExpandedActivity *activity);

static const ExpandedObjectMethods activity_methods =
{
	expanded_flat_size,
	expanded_flatten
};

/* Give an object empty parts with room for n customers in all */
static void
expanded_set_parts(RetExpandedActivity *activity, uint32 nparts, uint64 n)
{
	MemoryContext context = activity->hdr.eoh_context;

	activity->nparts = nparts;
	activity->parts = MemoryContextAlloc(context, nparts * sizeof(RetDays));
	activity->nrows = MemoryContextAllocZero(context, nparts * sizeof(int));
	activity->rows = MemoryContextAlloc(context, nparts * RET_DAYS_BATCH * sizeof(RetEvent));
	for (uint32 i = 0; i < nparts; i++)
		ret_days_create(&activity->parts[i], context, n / nparts);
}

/* An empty expanded object with room for n customers */
RetExpandedActivity *
ret_parts_create(MemoryContext parent, uint64 n)
{
	MemoryContext context = AllocSetContextCreate(parent, "customer activity",
												  ALLOCSET_SMALL_SIZES);
	RetExpandedActivity *activity = MemoryContextAllocZero(context, sizeof(RetExpandedActivity));

	EOH_init_header(&activity->hdr, &activity_methods, context);
	expanded_set_parts(activity, n > ONE_PART_CUSTOMERS ? MAX_PARTS : 1, n);
	return activity;
}

/* Bring the rows of a part into it */
void
ret_parts_flush_part(RetExpandedActivity *activity, uint32 part)
{
	ret_days_add(&activity->parts[part], &activity->rows[(uint64) part * RET_DAYS_BATCH],
				 activity->nrows[part]);
	activity->nrows[part] = 0;
	if (unlikely(activity->nparts == 1 &&
				 activity->parts[0].map.ncustomers > ONE_PART_CUSTOMERS))
		expanded_divide(activity);
}

/* Bring all rows into their parts: changes how the object is stored, not what it holds */
static void
expanded_flush(RetExpandedActivity *activity)
{
	/* an only part may be divided by that, and leave rows waiting in the new ones */
	if (activity->nparts == 1)
		ret_parts_flush_part(activity, 0);
	for (uint32 i = 0; i < activity->nparts; i++)
		ret_parts_flush_part(activity, i);
}

/*
 * Add the customer that a reader has read.  Many days at once are not worth
 * waiting, nor are few where customers come part by part, so that what they
 * touch is in the cache; the first of a part wait, since it is by some of them
 * that the part chooses its base.
 */
void
ret_parts_merge(RetExpandedActivity *activity, const RetActivityReader *reader)
{
	uint64		hash = ret_customer_hash(reader->customer);
	RetDays    *part = &activity->parts[ret_parts_of(activity, hash)];
	RetEvent	event = {.customer = reader->customer,.aux = hash >> 32};

	if (part->map.ncustomers > 0 && (reader->unsorted || reader->ndays >= MANY_DAYS))
	{
		ret_days_merge(part, &event, reader->days, reader->ndays);
		if (unlikely(activity->nparts == 1 && part->map.ncustomers > ONE_PART_CUSTOMERS))
			ret_parts_flush_part(activity, 0);	/* which divides it */
		return;
	}
	for (int64 i = 0; i < reader->ndays; i++)
		ret_parts_add(activity, reader->customer, reader->days[i]);
}

/* Divide the only part of an object into many */
static void
expanded_divide(RetExpandedActivity *activity)
{
	RetDays    *whole = activity->parts;
	RetEvent   *rows = activity->rows;
	int		   *nrows = activity->nrows;
	RetActivityReader reader;

	ret_strays_sort(&whole->strays);
	memset(&reader, 0, sizeof(reader));
	reader.days_alloc = 64;
	reader.days = palloc(reader.days_alloc * sizeof(DateADT));
	/* they come in the order of their hash, for which there must be room */
	expanded_set_parts(activity, MAX_PARTS, 2 * whole->map.ncustomers);
	while (ret_days_next(whole, &reader))
	{
		ret_parts_merge(activity, &reader);
		CHECK_FOR_INTERRUPTS();
	}
	pfree(reader.days);
	ret_days_free(whole);
	pfree(whole);
	pfree(rows);
	pfree(nrows);
}

/*
 * Room for n customers more.  Parts grow by themselves; but the parts should
 * be there, and what comes in the order of the customers' hash must not be put
 * into maps that are too small for it.
 */
void
ret_parts_reserve(RetExpandedActivity *activity, int64 n)
{
	if (activity->nparts == 1 && n > ONE_PART_CUSTOMERS)
	{
		expanded_flush(activity);
		if (activity->nparts == 1)
			expanded_divide(activity);
	}
	for (uint32 i = 0; i < activity->nparts; i++)
	{
		RetMap	   *map = &activity->parts[i].map;

		while (map->ncustomers + n / activity->nparts > RET_MAP_LIMIT(map->nslots))
			ret_map_grow(map, map->nslots * 2);
	}
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
	reader->expanded = activity;
	expanded_flush(activity);
	reader->first = DATEVAL_NOEND;
	reader->last = DATEVAL_NOBEGIN;
	for (uint32 i = 0; i < activity->nparts; i++)
	{
		RetDays    *part = &activity->parts[i];

		ret_strays_sort(&part->strays);
		reader->ncustomers += part->map.ncustomers;
		reader->first = Min(reader->first, part->first);
		reader->last = Max(reader->last, part->last);
	}
}

/* Read the next customer of an expanded object */
bool
ret_parts_next(RetActivityReader *reader)
{
	while (reader->part < reader->expanded->nparts)
	{
		if (ret_days_next(&reader->expanded->parts[reader->part], reader))
			return true;
		reader->part++;
		reader->slot = 0;
	}
	return false;
}

/* The customers of all parts in ascending order, each with its part and slot */
static RetEvent *
expanded_sorted(RetExpandedActivity *activity, uint64 ncustomers)
{
	RetEvent   *list = MemoryContextAllocHuge(CurrentMemoryContext,
											  (ncustomers + 1) * sizeof(RetEvent));
	uint64		n = 0;

	for (uint32 i = 0; i < activity->nparts; i++)
	{
		uint64		end = n + ret_days_list(&activity->parts[i], list + n);

		while (n < end)
			list[n++].aux = i;
	}
	ret_events_sort(list, n);
	return list;
}

/* Write all customers in ascending order */
static void
write_sorted(RetExpandedActivity *activity, RetActivityReader *reader, RetActivityWriter *writer)
{
	RetEvent   *list = expanded_sorted(activity, reader->ncustomers);

	for (int64 i = 0; i < reader->ncustomers; i++)
	{
		const RetDays *part = &activity->parts[list[i].aux];

		if (i + 8 < reader->ncustomers)
			__builtin_prefetch(ret_map_slot(&activity->parts[list[i + 8].aux].map, list[i + 8].day));
		ret_days_read(part, ret_map_slot(&part->map, list[i].day), reader);
		ret_writer_add(writer, reader->customer, reader->days, reader->ndays);
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	pfree(list);
}

/* Write all customers as they come */
static void
write_all(RetActivityReader *reader, RetActivityWriter *writer)
{
	while (ret_parts_next(reader))
	{
		ret_writer_add(writer, reader->customer, reader->days, reader->ndays);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Write the flat value of an object, and keep it until the object changes.  A
 * result is canonical.  A transition value only goes to another process and
 * is merged there: it need not be sorted, and is merged faster part by part.
 */
static void
expanded_write(RetExpandedActivity *activity)
{
	MemoryContext old = MemoryContextSwitchTo(activity->hdr.eoh_context);
	RetActivityReader reader;
	RetActivityWriter writer;

	memset(&reader, 0, sizeof(reader));
	reader.days_alloc = 64;
	reader.days = palloc(reader.days_alloc * sizeof(DateADT));
	ret_parts_open(&reader, activity);
	ret_writer_begin(&writer, activity->canonical ? ACTIVITY_CANONICAL : ACTIVITY_UNSORTED,
					 reader.ncustomers, reader.first, reader.last);
	if (activity->canonical)
		write_sorted(activity, &reader, &writer);
	else
		write_all(&reader, &writer);
	activity->flat = ret_writer_end(&writer, &activity->flat_size);
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
