/*-------------------------------------------------------------------------
 *
 * activity.c
 *	  The type customer_activity: for each customer the set of days with an
 *	  event, as an aggregate builds it, as it is stored and merged.
 *
 * The value has three forms.
 *
 * - Canonical: the bytes that are stored, sent and compared.  Equal content is
 *   equal bytes.  They are activity_io.c's.
 * - Events: the transition value of a small group, an array of (customer, day)
 *   to which rows are appended.  When it is full it is sorted, and duplicates
 *   leave it; it grows when that did not help.  It is a flat varlena, since an
 *   object with a memory context for each of many groups would make
 *   HashAggregate quadratic.
 * - Expanded: the transition value of a large group, an expanded object around
 *   maps from customers to days (activity_days.c): one, or many parts once there
 *   are many customers.  Rows wait until 256 of a part can be worked on at once.
 *
 * A row is O(1).  Merging is O(active days of the second value).  Everything is
 * owned by the aggregate's context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "activity.h"
#include "activity_days.h"
#include "activity_io.h"
#include "aggregate.h"
#include "calendar.h"
#include "customer.h"

/* Bytes of events, of which the last step before an expanded object is 64 kB */
#define EVENTS_MIN_SIZE		256
#define EVENTS_MAX_SIZE		65536

/* From so many on, duplicates are looked for before there is made more room */
#define EVENTS_COMPACT_SIZE	4096

/* Parts of an expanded object that has more than so many customers */
#define MAX_PARTS			128		/* a power of 2 */
#define ONE_PART_CUSTOMERS	50000

/* So many days of a customer are added at once */
#define MANY_DAYS			4

/* The form of events, a multiple of 8 bytes long */
typedef struct EventsForm
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;		/* ACTIVITY_VERSION */
	uint8		form;			/* ACTIVITY_EVENTS */
	uint16		unused;
	uint32		nevents;		/* events in use */
	uint32		nalloc;			/* events there is room for */
	RetEvent	events[FLEXIBLE_ARRAY_MEMBER];
} EventsForm;

/* The expanded form: customers are divided among parts by their hash */
typedef struct ExpandedActivity
{
	ExpandedObjectHeader hdr;	/* standard header for expanded objects */
	uint32		nparts;			/* 1 or MAX_PARTS */
	RetDays    *parts;			/* days of the customers of each part */
	int		   *nrows;			/* rows of each part that wait, */
	RetEvent   *rows;			/* RET_DAYS_BATCH for each part */
	RetOffsets	offsets;		/* of the time zone */
	bool		canonical;		/* is it a result?  Else it is sent unsorted */
	uint8	   *flat;			/* flat value, or NULL if not current */
	Size		flat_size;		/* their number */
} ExpandedActivity;

PG_FUNCTION_INFO_V1(customer_activity_transfn_date);
PG_FUNCTION_INFO_V1(customer_activity_transfn_timestamp);
PG_FUNCTION_INFO_V1(customer_activity_transfn_timestamptz);
PG_FUNCTION_INFO_V1(customer_activity_combine);
PG_FUNCTION_INFO_V1(customer_activity_finalfn);
PG_FUNCTION_INFO_V1(customers);
PG_FUNCTION_INFO_V1(active_days);
PG_FUNCTION_INFO_V1(activity_span);

static Size expanded_flat_size(ExpandedObjectHeader *eohptr);
static void expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size);
static void expanded_divide(ExpandedActivity *activity);

static const ExpandedObjectMethods activity_methods =
{
	expanded_flat_size,
	expanded_flatten
};

/*-------------------------------------------------------------------------
 * Events
 *-------------------------------------------------------------------------
 */

/* A form of events of so many bytes in the current context */
static EventsForm *
events_alloc(Size size)
{
	EventsForm *form = palloc(size);

	SET_VARSIZE(form, size);
	form->version = ACTIVITY_VERSION;
	form->form = ACTIVITY_EVENTS;
	form->unused = 0;
	form->nevents = 0;
	form->nalloc = (size - offsetof(EventsForm, events)) / sizeof(RetEvent);
	return form;
}

/*-------------------------------------------------------------------------
 * The expanded form
 *-------------------------------------------------------------------------
 */

/* Give an object empty parts with room for n customers in all */
static void
expanded_set_parts(ExpandedActivity *activity, uint32 nparts, uint64 n)
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
static ExpandedActivity *
expanded_create(MemoryContext parent, uint64 n)
{
	MemoryContext context = AllocSetContextCreate(parent, "customer activity",
												  ALLOCSET_SMALL_SIZES);
	ExpandedActivity *activity = MemoryContextAllocZero(context, sizeof(ExpandedActivity));

	EOH_init_header(&activity->hdr, &activity_methods, context);
	expanded_set_parts(activity, n > ONE_PART_CUSTOMERS ? MAX_PARTS : 1, n);
	return activity;
}

/* Bring the rows of a part into it */
static void
expanded_flush_part(ExpandedActivity *activity, uint32 part)
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
expanded_flush(ExpandedActivity *activity)
{
	/* an only part may be divided by that, and leave rows waiting in the new ones */
	if (activity->nparts == 1)
		expanded_flush_part(activity, 0);
	for (uint32 i = 0; i < activity->nparts; i++)
		expanded_flush_part(activity, i);
}

/* The flat value is no longer that of the object */
static inline void
expanded_touch(ExpandedActivity *activity)
{
	if (unlikely(activity->flat != NULL))
	{
		pfree(activity->flat);
		activity->flat = NULL;
	}
}

/* The part of a customer by the hash, of which the maps use the high bits */
static inline uint32
expanded_part(const ExpandedActivity *activity, uint64 hash)
{
	return (hash >> 24) & (activity->nparts - 1);
}

/*
 * Add a row.  Rows wait in their part until there are enough of them to be
 * worked on at once: the part is small enough for the cache and the TLB, and
 * what a row needs is prefetched while others are worked on.
 */
static inline void
expanded_add(ExpandedActivity *activity, int64 customer, DateADT day)
{
	uint64		hash = ret_customer_hash(customer);
	uint32		part = expanded_part(activity, hash);
	RetEvent   *row = &activity->rows[(uint64) part * RET_DAYS_BATCH + activity->nrows[part]];

	row->customer = customer;
	row->day = day;
	row->aux = hash >> 32;
	if (unlikely(++activity->nrows[part] == RET_DAYS_BATCH))
		expanded_flush_part(activity, part);
}

/*
 * Add the customer that a reader has read.  Many days at once are not worth
 * waiting, nor are few where customers come part by part, so that what they
 * touch is in the cache; the first of a part wait, since it is by some of them
 * that the part chooses its base.
 */
static void
expanded_merge(ExpandedActivity *activity, const RetActivityReader *reader)
{
	uint64		hash = ret_customer_hash(reader->customer);
	RetDays    *part = &activity->parts[expanded_part(activity, hash)];
	RetEvent	event = {.customer = reader->customer,.aux = hash >> 32};

	if (part->map.ncustomers > 0 && (reader->unsorted || reader->ndays >= MANY_DAYS))
	{
		ret_days_merge(part, &event, reader->days, reader->ndays);
		return;
	}
	for (int64 i = 0; i < reader->ndays; i++)
		expanded_add(activity, reader->customer, reader->days[i]);
}

/* Divide the only part of an object into many */
static void
expanded_divide(ExpandedActivity *activity)
{
	RetDays    *whole = activity->parts;
	RetEvent   *rows = activity->rows;
	int		   *nrows = activity->nrows;
	RetActivityReader reader;

	ret_strays_sort(&whole->strays);
	memset(&reader, 0, sizeof(reader));
	reader.days_alloc = 64;
	reader.days = palloc(reader.days_alloc * sizeof(DateADT));
	expanded_set_parts(activity, MAX_PARTS, 2 * ONE_PART_CUSTOMERS);
	while (ret_days_next(whole, &reader))
		expanded_merge(activity, &reader);
	pfree(reader.days);
	ret_days_free(whole);
	pfree(whole);
	pfree(rows);
	pfree(nrows);
}

/* The expanded object that a datum points to */
static ExpandedActivity *
expanded_get(Datum datum)
{
	ExpandedActivity *activity = (ExpandedActivity *) DatumGetEOHP(datum);

	Assert(activity->hdr.eoh_methods == &activity_methods);
	return activity;
}

/* An expanded object with the events of a form that has become too small */
static ExpandedActivity *
expanded_from_events(EventsForm *form, MemoryContext parent)
{
	ExpandedActivity *activity = expanded_create(parent, form->nevents);

	for (uint32 i = 0; i < form->nevents; i++)
		expanded_add(activity, form->events[i].customer, form->events[i].day);
	return activity;
}

/* The customers of all parts in ascending order, each with its part and slot */
static RetEvent *
expanded_sorted(ExpandedActivity *activity, uint64 ncustomers)
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
write_sorted(ExpandedActivity *activity, RetActivityReader *reader, RetActivityWriter *writer)
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
	while (ret_activity_next(reader))
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
expanded_write(ExpandedActivity *activity)
{
	MemoryContext old = MemoryContextSwitchTo(activity->hdr.eoh_context);
	RetActivityReader reader;
	RetActivityWriter writer;

	ret_activity_open(&reader, EOHPGetRODatum(&activity->hdr));
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
static void
expanded_set_canonical(ExpandedActivity *activity)
{
	if (!activity->canonical)
		expanded_touch(activity);
	activity->canonical = true;
}

static Size
expanded_flat_size(ExpandedObjectHeader *eohptr)
{
	ExpandedActivity *activity = (ExpandedActivity *) eohptr;

	if (activity->flat == NULL)
		expanded_write(activity);
	return activity->flat_size;
}

static void
expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	memcpy(result, ((ExpandedActivity *) eohptr)->flat, allocated_size);
}

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* Prepare to read the customers of a value in any form */
void
ret_activity_open(RetActivityReader *reader, Datum value)
{
	memset(reader, 0, sizeof(RetActivityReader));
	reader->days_alloc = 64;
	reader->days = palloc(reader->days_alloc * sizeof(DateADT));

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		reader->expanded = expanded_get(value);
		expanded_flush(reader->expanded);
		reader->first = DATEVAL_NOEND;
		reader->last = DATEVAL_NOBEGIN;
		for (uint32 i = 0; i < reader->expanded->nparts; i++)
		{
			RetDays    *part = &reader->expanded->parts[i];

			ret_strays_sort(&part->strays);
			reader->ncustomers += part->map.ncustomers;
			reader->first = Min(reader->first, part->first);
			reader->last = Max(reader->last, part->last);
		}
	}
	else
	{
		EventsForm *form = (EventsForm *) PG_DETOAST_DATUM(value);

		if (form->form != ACTIVITY_EVENTS)
		{
			ret_canonical_open(reader, (struct varlena *) form);
			return;
		}
		reader->events = palloc(form->nevents * sizeof(RetEvent));
		memcpy(reader->events, form->events, form->nevents * sizeof(RetEvent));
		reader->nevents = ret_events_compact(reader->events, form->nevents);
		reader->first = DATEVAL_NOEND;
		reader->last = DATEVAL_NOBEGIN;
		for (int64 i = 0; i < reader->nevents; i++)
		{
			reader->ncustomers += i == 0 || reader->events[i].customer != reader->events[i - 1].customer;
			reader->first = Min(reader->first, reader->events[i].day);
			reader->last = Max(reader->last, reader->events[i].day);
		}
	}
}

/* Read the next customer of an expanded object */
static bool
expanded_next(RetActivityReader *reader)
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

/* Read the next customer of sorted events */
static bool
events_next(RetActivityReader *reader)
{
	int64		n = 0;
	RetEvent   *event = &reader->events[reader->nread];

	if (reader->nread == reader->nevents)
		return false;
	reader->customer = event->customer;
	for (; reader->nread < reader->nevents && event->customer == reader->customer; event++)
	{
		ret_reader_reserve(reader, n + 1);
		reader->days[n++] = event->day;
		reader->nread++;
	}
	reader->ndays = n;
	return true;
}

/* Read the next customer; false if there is none */
bool
ret_activity_next(RetActivityReader *reader)
{
	if (reader->expanded)
		return expanded_next(reader);
	if (reader->events)
		return events_next(reader);
	return ret_canonical_next(reader);
}

/* The canonical value of an unsorted one */
static struct varlena *
sort_unsorted(Datum value)
{
	RetActivityReader reader;
	ExpandedActivity *activity;
	struct varlena *result;

	ret_activity_open(&reader, value);
	activity = expanded_create(CurrentMemoryContext, reader.ncustomers);
	while (ret_activity_next(&reader))
	{
		expanded_merge(activity, &reader);
		CHECK_FOR_INTERRUPTS();
	}
	expanded_set_canonical(activity);
	pfree(reader.days);
	result = palloc(EOH_get_flat_size(&activity->hdr));
	EOH_flatten_into(&activity->hdr, result, activity->flat_size);
	DeleteExpandedObject(EOHPGetRWDatum(&activity->hdr));
	return result;
}

/*
 * The canonical value of any form, perhaps the datum itself, with a 4-byte
 * header.
 */
struct varlena *
ret_activity_canonical(Datum value)
{
	struct varlena *flat;
	struct varlena *result;
	RetActivityReader reader;
	RetActivityWriter writer;
	Size		size;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
		expanded_set_canonical(expanded_get(value));
	flat = PG_DETOAST_DATUM(value);
	if (((EventsForm *) flat)->form == ACTIVITY_CANONICAL)
		return flat;
	if (((EventsForm *) flat)->form == ACTIVITY_UNSORTED)
		result = sort_unsorted(PointerGetDatum(flat));
	else
	{
		ret_activity_open(&reader, PointerGetDatum(flat));
		ret_writer_begin(&writer, ACTIVITY_CANONICAL, reader.ncustomers, reader.first, reader.last);
		write_all(&reader, &writer);
		result = (struct varlena *) ret_writer_end(&writer, &size);
		pfree(reader.events);
		pfree(reader.days);
	}
	if ((Pointer) flat != DatumGetPointer(value))
		pfree(flat);
	return result;
}

/*-------------------------------------------------------------------------
 * The aggregates
 *-------------------------------------------------------------------------
 */

/* The transition value of a call: one of these, and what is to be returned */
typedef struct ActivityState
{
	Datum		datum;
	EventsForm *form;
	ExpandedActivity *expanded;
	FunctionCallInfo fcinfo;	/* the call, which knows the aggregate's context */
} ActivityState;

static void
state_set_form(ActivityState *state, EventsForm *form)
{
	state->datum = PointerGetDatum(form);
	state->form = form;
	state->expanded = NULL;
}

static void
state_set_expanded(ActivityState *state, ExpandedActivity *expanded)
{
	state->datum = EOHPGetRWDatum(&expanded->hdr);
	state->form = NULL;
	state->expanded = expanded;
}

static void state_merge(ActivityState *state, RetActivityReader *reader);

/*
 * Unpack the transition value in argument 0, or make an empty one.  A
 * canonical value, as a strict transition function of somebody's own aggregate
 * might begin with, is taken in.
 */
static void
state_get(FunctionCallInfo fcinfo, ActivityState *state)
{
	Datum		datum = PG_GETARG_DATUM(0);
	EventsForm *form;

	state->fcinfo = fcinfo;
	if (PG_ARGISNULL(0))
	{
		state_set_form(state, events_alloc(EVENTS_MIN_SIZE));
		return;
	}
	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum)))
	{
		state_set_expanded(state, expanded_get(datum));
		return;
	}
	form = (EventsForm *) PG_DETOAST_DATUM(datum);
	if (form->form == ACTIVITY_EVENTS)
		state_set_form(state, form);
	else
	{
		RetActivityReader reader;

		state_set_form(state, events_alloc(EVENTS_MIN_SIZE));
		ret_activity_open(&reader, PointerGetDatum(form));
		state_merge(state, &reader);
	}
}

/* Make room in a full form of events: drop duplicates, then grow or expand */
static void
state_make_room(ActivityState *state)
{
	EventsForm *form = state->form;
	Size		size = VARSIZE(form);

	if (size >= EVENTS_COMPACT_SIZE)
	{
		form->nevents = ret_events_compact(form->events, form->nevents);
		if (form->nevents <= form->nalloc / 2)
			return;
	}
	if (size >= EVENTS_MAX_SIZE)
		state_set_expanded(state, expanded_from_events(form, ret_agg_context(state->fcinfo)));
	else
	{
		EventsForm *larger = events_alloc(size * 2);

		larger->nevents = form->nevents;
		memcpy(larger->events, form->events, form->nevents * sizeof(RetEvent));
		state_set_form(state, larger);
	}
}

/* Add a day of a customer.  state->datum may change. */
static inline void
state_add(ActivityState *state, int64 customer, DateADT day)
{
	EventsForm *form;

	if (state->form && state->form->nevents == state->form->nalloc)
		state_make_room(state);
	if (state->expanded)
	{
		expanded_touch(state->expanded);
		expanded_add(state->expanded, customer, day);
		return;
	}
	form = state->form;
	form->events[form->nevents].customer = customer;
	form->events[form->nevents].day = day;
	form->events[form->nevents++].aux = 0;
}

/*
 * Room for what another value holds, before it is merged.  Parts grow by
 * themselves; but the parts should be there, and what comes in the order of
 * the customers' hash must not be put into maps that are too small for it.
 */
static void
state_reserve(ActivityState *state, const RetActivityReader *reader)
{
	MemoryContext context = ret_agg_context(state->fcinfo);
	ExpandedActivity *activity;
	EventsForm *form = state->form;

	if (form)
	{
		if (reader->ncustomers <= form->nalloc - form->nevents)
			return;
		if (form->nevents > 0)
			activity = expanded_from_events(form, context);
		else
			activity = expanded_create(context, reader->ncustomers);
		state_set_expanded(state, activity);
	}
	activity = state->expanded;
	if (activity->nparts == 1 && reader->ncustomers > ONE_PART_CUSTOMERS)
	{
		expanded_flush(activity);
		if (activity->nparts == 1)
			expanded_divide(activity);
	}
	for (uint32 i = 0; i < activity->nparts; i++)
	{
		RetMap	   *map = &activity->parts[i].map;

		while (map->ncustomers + reader->ncustomers / activity->nparts > RET_MAP_LIMIT(map->nslots))
			ret_map_grow(map, map->nslots * 2);
	}
}

/* Take in all customers of a reader */
static void
state_merge(ActivityState *state, RetActivityReader *reader)
{
	state_reserve(state, reader);
	if (state->expanded)
		expanded_touch(state->expanded);
	while (ret_activity_next(reader))
	{
		if (state->expanded)
			expanded_merge(state->expanded, reader);
		else
			for (int64 i = 0; i < reader->ndays; i++)
				state_add(state, reader->customer, reader->days[i]);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * The expanded object in argument 0, or NULL.  Large groups are recognized in
 * line, since a row takes little more than the calls would.
 */
static inline ExpandedActivity *
expanded_arg(FunctionCallInfo fcinfo)
{
	Pointer		value = DatumGetPointer(PG_GETARG_DATUM(0));

	if (likely(!PG_ARGISNULL(0) && VARATT_IS_EXTERNAL_EXPANDED_RW(value)))
	{
		varatt_expanded pointer;

		memcpy(&pointer, VARDATA_EXTERNAL(value), sizeof(pointer));
		return (ExpandedActivity *) pointer.eohptr;
	}
	return NULL;
}

/* Add a row on a known day */
static inline Datum
transfn_day(FunctionCallInfo fcinfo, DateADT day)
{
	ExpandedActivity *expanded = expanded_arg(fcinfo);
	ActivityState state;

	if (likely(expanded != NULL))
	{
		expanded_touch(expanded);
		expanded_add(expanded, PG_GETARG_CUSTOMER(1), day);
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	state_get(fcinfo, &state);
	state_add(&state, PG_GETARG_CUSTOMER(1), day);
	PG_RETURN_DATUM(state.datum);
}

Datum
customer_activity_transfn_date(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_state_ignore(fcinfo);
	return transfn_day(fcinfo, (DateADT) ret_instant_date(PG_GETARG_DATEADT(2)));
}

Datum
customer_activity_transfn_timestamp(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_state_ignore(fcinfo);
	return transfn_day(fcinfo, ret_day_timestamp(PG_GETARG_TIMESTAMP(2)));
}

/*
 * The offsets that small groups share: one for each group would take more
 * cache than its events.  A caller that makes a new FmgrInfo for each row gets
 * them anew each time, which is slow and right.
 */
static RetOffsets *
call_offsets(FunctionCallInfo fcinfo)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;

	if (flinfo->fn_extra == NULL)
		flinfo->fn_extra = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(RetOffsets));
	return flinfo->fn_extra;
}

Datum
customer_activity_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	ExpandedActivity *expanded;
	ActivityState state;
	RetOffsets *offsets;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_state_ignore(fcinfo);
	expanded = expanded_arg(fcinfo);
	if (likely(expanded != NULL))
		return transfn_day(fcinfo, ret_day_timestamptz(&expanded->offsets, PG_GETARG_TIMESTAMPTZ(2)));
	state_get(fcinfo, &state);
	offsets = state.form ? call_offsets(fcinfo) : &state.expanded->offsets;
	state_add(&state, PG_GETARG_CUSTOMER(1),
			  ret_day_timestamptz(offsets, PG_GETARG_TIMESTAMPTZ(2)));
	PG_RETURN_DATUM(state.datum);
}

/* Combine function, and transition function of rollup: the union */
Datum
customer_activity_combine(PG_FUNCTION_ARGS)
{
	ActivityState state;
	RetActivityReader reader;

	(void) ret_agg_context(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_state_ignore(fcinfo);
	ret_activity_open(&reader, PG_GETARG_DATUM(1));
	state_get(fcinfo, &state);
	state_merge(&state, &reader);
	pfree(reader.days);
	PG_RETURN_DATUM(state.datum);
}

/*
 * What the aggregates return: canonical bytes for a small group, and for a
 * large one a pointer to the object, in a chunk of its own, since some
 * servers copy, and so flatten, a result that is not in the current context.
 */
Datum
customer_activity_finalfn(PG_FUNCTION_ARGS)
{
	Datum		datum = PG_GETARG_DATUM(0);
	char	   *pointer;

	(void) ret_agg_context(fcinfo);
	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(datum)))
		PG_RETURN_POINTER(ret_activity_canonical(datum));
	expanded_set_canonical(expanded_get(datum));
	pointer = palloc(EXPANDED_POINTER_SIZE);
	memcpy(pointer, expanded_get(datum)->hdr.eoh_ro_ptr, EXPANDED_POINTER_SIZE);
	PG_RETURN_POINTER(pointer);
}

/*-------------------------------------------------------------------------
 * What a value holds
 *-------------------------------------------------------------------------
 */

/*
 * Read what is known of a value from the beginning, for which the front of a
 * stored one will do
 */
static void
open_header(RetActivityReader *reader, Datum value)
{
	if (VARATT_IS_EXTENDED(DatumGetPointer(value)) &&
		!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		struct varlena *front = PG_DETOAST_DATUM_SLICE(value, 0, ACTIVITY_HEADER_SIZE);

		if (((EventsForm *) front)->form != ACTIVITY_EVENTS)
		{
			memset(reader, 0, sizeof(RetActivityReader));
			ret_canonical_open(reader, front);
			return;
		}
	}
	ret_activity_open(reader, value);
}

/* customers(customer_activity) */
Datum
customers(PG_FUNCTION_ARGS)
{
	RetActivityReader reader;

	open_header(&reader, PG_GETARG_DATUM(0));
	PG_RETURN_INT64(reader.ncustomers);
}

/* active_days(customer_activity): the sum over the customers */
Datum
active_days(PG_FUNCTION_ARGS)
{
	RetActivityReader reader;
	int64		n = 0;

	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	while (ret_activity_next(&reader))
	{
		n += reader.ndays;
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_INT64(n);
}

/* activity_span(customer_activity): [first day, the day after the last) */
Datum
activity_span(PG_FUNCTION_ARGS)
{
	RetActivityReader reader;
	TypeCacheEntry *typcache = lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound	lower = {.inclusive = true,.lower = true};
	RangeBound	upper = {.inclusive = true};

	open_header(&reader, PG_GETARG_DATUM(0));
	if (reader.ncustomers == 0)
		PG_RETURN_NULL();
	lower.val = DateADTGetDatum(reader.first);
	upper.val = DateADTGetDatum(reader.last);
	PG_RETURN_RANGE_P(ret_make_range(typcache, &lower, &upper));
}
