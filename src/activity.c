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
 *   a map from customers to days (activity_days.c).  Rows wait in a ring until
 *   their slot, and then the block of the slot, have been prefetched.
 *
 * A row is O(1).  Merging is O(active days of the second value).  Everything is
 * owned by the aggregate's context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
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

#define DELAY_BLOCK			32	/* when to prefetch the block of a slot */
#define MERGE_CUSTOMERS		64

/* The form of events, a multiple of 8 bytes long */
typedef struct EventsForm
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;		/* ACTIVITY_VERSION */
	uint8		form;			/* ACTIVITY_EVENTS */
	uint16		unused;
	uint32		nevents;		/* events in use */
	uint32		nalloc;			/* events there is room for */
	RetOffsets	offsets;		/* of the time zone */
	RetEvent	events[FLEXIBLE_ARRAY_MEMBER];
} EventsForm;

/* The expanded form */
typedef struct ExpandedActivity
{
	ExpandedObjectHeader hdr;	/* standard header for expanded objects */
	RetDays		days;			/* what it holds */
	RetOffsets	offsets;		/* of the time zone */
	uint8	   *flat;			/* canonical bytes, or NULL if not current */
	Size		flat_size;		/* their number */
	uint32		nadded;			/* rows that were delayed so far, */
	uint32		nlooked;		/* those whose block was asked for, */
	uint32		napplied;		/* and those that are in the map */
	RetEvent	rows[RET_DELAY_ROWS];	/* row n is rows[n % RET_DELAY_ROWS] */
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
	memset(&form->offsets, 0, sizeof(RetOffsets));
	return form;
}

/*-------------------------------------------------------------------------
 * The expanded form
 *-------------------------------------------------------------------------
 */

/* An empty expanded object for days around one, with room for n customers */
static ExpandedActivity *
expanded_create(MemoryContext parent, DateADT around, uint64 n)
{
	MemoryContext context = AllocSetContextCreate(parent, "customer activity",
												  ALLOCSET_SMALL_SIZES);
	ExpandedActivity *activity = MemoryContextAllocZero(context, sizeof(ExpandedActivity));

	EOH_init_header(&activity->hdr, &activity_methods, context);
	ret_days_create(&activity->days, context, around, n);
	return activity;
}

/* Bring the row that has waited longest into the map */
static inline void
expanded_apply(ExpandedActivity *activity)
{
	RetEvent   *row = &activity->rows[activity->napplied++ % RET_DELAY_ROWS];

	ret_days_add(&activity->days, ret_days_enter(&activity->days, row->customer), row->day);
}

/* Bring all rows into the map: changes how the object is stored, not what it holds */
static void
expanded_flush(ExpandedActivity *activity)
{
	while (activity->napplied != activity->nadded)
		expanded_apply(activity);
	activity->nlooked = activity->nadded;
	ret_days_finish(&activity->days);
}

/* The canonical bytes are no longer those of the object */
static inline void
expanded_touch(ExpandedActivity *activity)
{
	if (unlikely(activity->flat != NULL))
	{
		pfree(activity->flat);
		activity->flat = NULL;
	}
}

/* Add a row */
static inline void
expanded_add(ExpandedActivity *activity, int64 customer, DateADT day)
{
	RetEvent   *row = &activity->rows[activity->nadded % RET_DELAY_ROWS];

	expanded_touch(activity);
	if (activity->nadded - activity->napplied == RET_DELAY_ROWS)
		expanded_apply(activity);
	row->customer = customer;
	row->day = day;
	ret_map_prefetch(&activity->days.map, customer);
	activity->nadded++;
	if (activity->nadded - activity->nlooked == DELAY_BLOCK)
		ret_days_prefetch(&activity->days,
						  activity->rows[activity->nlooked++ % RET_DELAY_ROWS].customer);
}

/* The expanded object that a datum points to */
static ExpandedActivity *
expanded_get(Datum datum)
{
	ExpandedActivity *activity = (ExpandedActivity *) DatumGetEOHP(datum);

	Assert(activity->hdr.eoh_methods == &activity_methods);
	return activity;
}

static int
compare_days(const void *a, const void *b)
{
	DateADT		x = *(const DateADT *) a;
	DateADT		y = *(const DateADT *) b;

	return (x > y) - (x < y);
}

/* An expanded object with the events of a form that has become too small */
static ExpandedActivity *
expanded_from_events(EventsForm *form, MemoryContext parent)
{
	/* the day of the middle event is surely not the odd one */
	ExpandedActivity *activity;
	DateADT    *days = palloc(form->nevents * sizeof(DateADT));

	for (uint32 i = 0; i < form->nevents; i++)
		days[i] = form->events[i].day;
	qsort(days, form->nevents, sizeof(DateADT), compare_days);
	activity = expanded_create(parent, days[form->nevents / 2], form->nevents);
	pfree(days);
	activity->offsets = form->offsets;
	for (uint32 i = 0; i < form->nevents; i++)
		expanded_add(activity, form->events[i].customer, form->events[i].day);
	return activity;
}

/* Write the canonical bytes, and keep them until the object changes */
static void
expanded_write(ExpandedActivity *activity)
{
	MemoryContext old = MemoryContextSwitchTo(activity->hdr.eoh_context);
	RetActivityReader reader;
	RetActivityWriter writer;
	RetEvent   *slots;

	expanded_flush(activity);
	ret_activity_open(&reader, EOHPGetRODatum(&activity->hdr));
	slots = ret_days_sorted(&activity->days);
	ret_writer_begin(&writer, activity->days.map.ncustomers, activity->days.first, activity->days.last);
	for (uint64 i = 0; i < activity->days.map.ncustomers; i++)
	{
		if (i + 8 < activity->days.map.ncustomers)
			__builtin_prefetch(ret_map_slot(&activity->days.map, slots[i + 8].day));
		ret_days_read(&activity->days, ret_map_slot(&activity->days.map, slots[i].day), &reader);
		ret_writer_add(&writer, reader.customer, reader.days, reader.ndays);
	}
	activity->flat = ret_writer_end(&writer, &activity->flat_size);
	pfree(slots);
	pfree(reader.days);
	MemoryContextSwitchTo(old);
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
		reader->ncustomers = reader->expanded->days.map.ncustomers;
		reader->first = reader->expanded->days.first;
		reader->last = reader->expanded->days.last;
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
		return ret_days_next(&reader->expanded->days, reader);
	if (reader->events)
		return events_next(reader);
	return ret_canonical_next(reader);
}

/*
 * The canonical value of any form, perhaps the datum itself, with a 4-byte
 * header.
 */
struct varlena *
ret_activity_canonical(Datum value)
{
	struct varlena *flat = PG_DETOAST_DATUM(value);
	RetActivityReader reader;
	RetActivityWriter writer;
	Size		size;

	if (((EventsForm *) flat)->form != ACTIVITY_EVENTS)
		return flat;
	ret_activity_open(&reader, PointerGetDatum(flat));
	ret_writer_begin(&writer, reader.ncustomers, reader.first, reader.last);
	while (ret_activity_next(&reader))
		ret_writer_add(&writer, reader.customer, reader.days, reader.ndays);
	return (struct varlena *) ret_writer_end(&writer, &size);
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

static void state_add(ActivityState *state, int64 customer, DateADT day);
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

	form->nevents = ret_events_compact(form->events, form->nevents);
	if (form->nevents <= form->nalloc / 2)
		return;
	if (size >= EVENTS_MAX_SIZE)
		state_set_expanded(state, expanded_from_events(form, ret_agg_context(state->fcinfo)));
	else
	{
		EventsForm *larger = events_alloc(size * 2);

		larger->nevents = form->nevents;
		larger->offsets = form->offsets;
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
		expanded_add(state->expanded, customer, day);
		return;
	}
	form = state->form;
	form->events[form->nevents].customer = customer;
	form->events[form->nevents].day = day;
	form->events[form->nevents++].unused = 0;
}

/* Room for what another value holds, before it is merged */
static void
state_reserve(ActivityState *state, const RetActivityReader *reader)
{
	uint64		ncustomers = reader->ncustomers;
	RetMap	   *map;

	if (state->form)
	{
		DateADT		around = reader->first + (DateADT) (((int64) reader->last - reader->first) / 2);
		ExpandedActivity *activity;

		if (ncustomers <= state->form->nalloc - state->form->nevents)
			return;
		if (state->form->nevents > 0)
			activity = expanded_from_events(state->form, ret_agg_context(state->fcinfo));
		else
			activity = expanded_create(ret_agg_context(state->fcinfo), around, ncustomers);
		state_set_expanded(state, activity);
	}
	expanded_flush(state->expanded);
	map = &state->expanded->days.map;
	ncustomers += map->ncustomers;
	while (ncustomers > RET_MAP_LIMIT(map->nslots))
		ret_map_grow(map, map->nslots * 2);
}

/*
 * Take in all customers of a reader.  They are read some ahead, so that their
 * slots can be prefetched.
 */
static void
state_merge(ActivityState *state, RetActivityReader *reader)
{
	int64		customers[MERGE_CUSTOMERS];
	int64		ends[MERGE_CUSTOMERS];
	DateADT    *days = NULL;
	int64		days_alloc = 0;
	bool		more = reader->ncustomers > 0;

	if (more)
		state_reserve(state, reader);
	while (more)
	{
		int64		n = 0;
		int64		ndays = 0;

		CHECK_FOR_INTERRUPTS();
		while (n < MERGE_CUSTOMERS && (more = ret_activity_next(reader)))
		{
			if (ndays + reader->ndays > days_alloc)
			{
				days_alloc = Max(2 * days_alloc, ndays + reader->ndays + 1024);
				days = days ? repalloc_huge(days, days_alloc * sizeof(DateADT)) :
					MemoryContextAllocHuge(CurrentMemoryContext, days_alloc * sizeof(DateADT));
			}
			memcpy(&days[ndays], reader->days, reader->ndays * sizeof(DateADT));
			ndays += reader->ndays;
			customers[n] = reader->customer;
			ends[n++] = ndays;
			if (state->expanded)
				ret_map_prefetch(&state->expanded->days.map, reader->customer);
		}
		ndays = 0;
		for (int64 i = 0; i < n; i++)
		{
			RetCustomer *customer;

			if (!state->expanded)
			{
				for (; ndays < ends[i]; ndays++)
					state_add(state, customers[i], days[ndays]);
				continue;
			}
			expanded_touch(state->expanded);
			customer = ret_days_enter(&state->expanded->days, customers[i]);
			for (; ndays < ends[i]; ndays++)
				ret_days_add(&state->expanded->days, customer, days[ndays]);
		}
	}
	if (days)
		pfree(days);
}

/* What a transition function returns for a row that it ignores */
static inline bool
ignored(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(1) || PG_ARGISNULL(2);
}

Datum
customer_activity_transfn_date(PG_FUNCTION_ARGS)
{
	ActivityState state;

	ret_agg_check(fcinfo);
	if (ignored(fcinfo))
		return ret_state_ignore(fcinfo);
	state_get(fcinfo, &state);
	state_add(&state, PG_GETARG_CUSTOMER(1), (DateADT) ret_instant_date(PG_GETARG_DATEADT(2)));
	PG_RETURN_DATUM(state.datum);
}

Datum
customer_activity_transfn_timestamp(PG_FUNCTION_ARGS)
{
	ActivityState state;

	ret_agg_check(fcinfo);
	if (ignored(fcinfo))
		return ret_state_ignore(fcinfo);
	state_get(fcinfo, &state);
	state_add(&state, PG_GETARG_CUSTOMER(1), ret_day_timestamp(PG_GETARG_TIMESTAMP(2)));
	PG_RETURN_DATUM(state.datum);
}

Datum
customer_activity_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	ActivityState state;
	RetOffsets *offsets;

	ret_agg_check(fcinfo);
	if (ignored(fcinfo))
		return ret_state_ignore(fcinfo);
	state_get(fcinfo, &state);
	offsets = state.form ? &state.form->offsets : &state.expanded->offsets;
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
	pointer = palloc(EXPANDED_POINTER_SIZE);
	memcpy(pointer, expanded_get(datum)->hdr.eoh_ro_ptr, EXPANDED_POINTER_SIZE);
	PG_RETURN_POINTER(pointer);
}

/*-------------------------------------------------------------------------
 * What a value holds
 *-------------------------------------------------------------------------
 */

/* customers(customer_activity) */
Datum
customers(PG_FUNCTION_ARGS)
{
	RetActivityReader reader;

	ret_activity_open(&reader, PG_GETARG_DATUM(0));
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

	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	if (reader.ncustomers == 0)
		PG_RETURN_NULL();
	lower.val = DateADTGetDatum(reader.first);
	upper.val = DateADTGetDatum(reader.last);
	PG_RETURN_RANGE_P(ret_make_range(typcache, &lower, &upper));
}
