/*-------------------------------------------------------------------------
 *
 * activity.c
 *	  The type customer_activity: for each customer the set of days with an
 *	  event, as an aggregate builds it, as it is stored and merged.
 *
 * The value has three forms.
 *
 * - Canonical: the bytes that are stored, sent and compared.  Equal content is
 *   equal bytes.  They are bytes.c's.
 * - Events: the transition value of a small group, an array of (customer, day)
 *   to which rows are appended.  When it is full it is sorted, and duplicates
 *   leave it; it grows when that did not help.  It is a flat varlena, since an
 *   object with a memory context for each of many groups would make
 *   HashAggregate quadratic.
 * - Expanded: the transition value of a large group, an expanded object around
 *   maps from customers to days.  It is parts.c's.
 *
 * The days of timestamptz are those of the session's time zone.  A transition
 * value of them carries the zone: at the end of a form of events, in an
 * expanded object, in front of the bytes of one that is sent.  To combine it
 * with one of another zone, or to finish it in another, is an error.
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
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "base/aggregate.h"
#include "base/calendar.h"
#include "history/activity.h"
#include "history/bytes.h"
#include "history/columns.h"
#include "history/events.h"
#include "history/parts.h"
#include "history/reader.h"
#include "history/sent.h"
#include "store/customer_map.h"

/* Bytes of events, of which the last step before an expanded object is 64 kB */
#define EVENTS_MIN_SIZE		256
#define EVENTS_MAX_SIZE		65536

/* From so many on, duplicates are looked for before there is made more room */
#define EVENTS_COMPACT_SIZE	4096

/* The events that take as much as a zone */
#define ZONE_EVENTS			(sizeof(RetZone) / sizeof(RetEvent))

/* The form of events, a multiple of 8 bytes long */
typedef struct EventsForm
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;		/* ACTIVITY_VERSION */
	uint8		form;			/* ACTIVITY_EVENTS */
	uint16		zoned;			/* 1: a RetZone is at the end */
	uint32		nevents;		/* events in use */
	uint32		nalloc;			/* events there is room for */
	RetEvent	events[FLEXIBLE_ARRAY_MEMBER];
} EventsForm;

PG_FUNCTION_INFO_V1(customer_activity_transfn_date);
PG_FUNCTION_INFO_V1(customer_activity_transfn_timestamp);
PG_FUNCTION_INFO_V1(customer_activity_transfn_timestamptz);
PG_FUNCTION_INFO_V1(customer_activity_combine);
PG_FUNCTION_INFO_V1(customer_activity_finalfn);
PG_FUNCTION_INFO_V1(customers);
PG_FUNCTION_INFO_V1(active_days);
PG_FUNCTION_INFO_V1(activity_span);

/*-------------------------------------------------------------------------
 * Events
 *-------------------------------------------------------------------------
 */

/* The zone of a form of events; only if it is zoned */
static inline RetZone *
events_zone(EventsForm *form)
{
	return (RetZone *) ((char *) form + VARSIZE(form)) - 1;
}

/* A form of events of so many bytes in the current context */
static EventsForm *
events_alloc(Size size)
{
	EventsForm *form = palloc(size);

	SET_VARSIZE(form, size);
	form->version = ACTIVITY_VERSION;
	form->form = ACTIVITY_EVENTS;
	form->zoned = 0;
	form->nevents = 0;
	form->nalloc = (size - offsetof(EventsForm, events)) / sizeof(RetEvent);
	return form;
}

/* Put a zone where there is room for ZONE_EVENTS events */
static void
events_set_zone(EventsForm *form, const RetZone *zone)
{
	Assert(form->nevents + ZONE_EVENTS <= form->nalloc);
	form->zoned = 1;
	form->nalloc -= ZONE_EVENTS;
	*events_zone(form) = *zone;
}

/* A form of twice the size, with the same events and zone */
static EventsForm *
events_grow(EventsForm *form)
{
	EventsForm *larger = events_alloc((Size) VARSIZE(form) * 2);

	larger->nevents = form->nevents;
	memcpy(larger->events, form->events, form->nevents * sizeof(RetEvent));
	if (form->zoned)
		events_set_zone(larger, events_zone(form));
	return larger;
}

/* An expanded object with the events of a form that has become too small */
static RetExpandedActivity *
expanded_from_events(EventsForm *form, MemoryContext parent)
{
	RetExpandedActivity *activity = ret_parts_create(parent, form->nevents);

	if (form->zoned)
		activity->zone = *events_zone(form);
	for (uint32 i = 0; i < form->nevents; i++)
		ret_parts_add(activity, form->events[i].customer, form->events[i].day);
	return activity;
}

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* Prepare to read the customers of a value in any form */
void
ret_activity_open(RetActivityReader *reader, Datum value)
{
	ret_reader_init(reader);
	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
		ret_parts_open(reader, ret_parts_get(value));
	else
	{
		EventsForm *form = (EventsForm *) PG_DETOAST_DATUM(value);

		if (form->form == ACTIVITY_SENT)
		{
			ret_sent_open(reader, (struct varlena *) form);
			return;
		}
		if (form->form != ACTIVITY_EVENTS)
		{
			ret_canonical_open(reader, (struct varlena *) form);
			return;
		}
		reader->events = palloc(form->nevents * sizeof(RetEvent));
		memcpy(reader->events, form->events, form->nevents * sizeof(RetEvent));
		reader->nevents = ret_events_compact(reader->events, form->nevents);
		if (form->zoned)
			reader->zone = *events_zone(form);
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
	if (reader->parts)
		return ret_parts_next(reader);
	if (reader->events)
		return events_next(reader);
	return ret_canonical_next(reader);
}

/* The value that a reader has opened, of a zone or of none.  Ends the reader. */
static struct varlena *
write_value(RetActivityReader *reader, const RetZone *zone)
{
	struct varlena *result;
	RetActivityWriter writer;
	Size		size;

	if (reader->parts)
		result = (struct varlena *) ret_parts_write(reader, zone, &size);
	else
	{
		ret_writer_begin(&writer, zone, reader->ncustomers, reader->first, reader->last);
		while (ret_activity_next(reader))
			ret_writer_add(&writer, reader->customer, reader->days, reader->ndays);
		result = (struct varlena *) ret_writer_end(&writer, &size);
		if (reader->events)
			pfree(reader->events);
	}
	pfree(reader->days);
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

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
		ret_parts_set_canonical(ret_parts_get(value));
	flat = PG_DETOAST_DATUM(value);
	if (((EventsForm *) flat)->form == ACTIVITY_CANONICAL)
		return flat;
	ret_activity_open(&reader, PointerGetDatum(flat));
	result = write_value(&reader, NULL);
	if ((Pointer) flat != DatumGetPointer(value))
		pfree(flat);
	return result;
}

/*
 * The bytes of a value for another server: the canonical ones, but those of a
 * transition value that depends on a time zone have it in front.
 */
struct varlena *
ret_activity_bytes(Datum value)
{
	RetActivityReader reader;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		RetExpandedActivity *activity = ret_parts_get(value);

		if (activity->canonical || !ret_zone_known(&activity->zone))
			return ret_activity_canonical(value);
	}
	else
	{
		struct varlena *flat = PG_DETOAST_DATUM(value);
		uint8		form = ((EventsForm *) flat)->form;

		if (form == ACTIVITY_CANONICAL || form == ACTIVITY_ZONED)
			return flat;
		value = PointerGetDatum(flat);
	}
	ret_activity_open(&reader, value);
	return write_value(&reader, &reader.zone);
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
	RetExpandedActivity *expanded;
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
state_set_expanded(ActivityState *state, RetExpandedActivity *expanded)
{
	state->datum = EOHPGetRWDatum(&expanded->hdr);
	state->form = NULL;
	state->expanded = expanded;
}

static void state_merge(ActivityState *state, RetActivityReader *reader);

/*
 * Unpack the transition value in argument 0, or make an empty one.  A
 * canonical value, as a strict transition function of a user-defined aggregate
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
		state_set_expanded(state, ret_parts_get(datum));
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

/* The zone of a transition value; NULL if it has none */
static inline const RetZone *
state_zone(const ActivityState *state)
{
	if (state->form)
		return state->form->zoned ? events_zone(state->form) : NULL;
	return ret_zone_known(&state->expanded->zone) ? &state->expanded->zone : NULL;
}

/* Give a transition value a zone, if it has none yet */
static void
state_set_zone(ActivityState *state, const RetZone *zone)
{
	if (state_zone(state) != NULL)
		return;
	if (state->expanded)
	{
		state->expanded->zone = *zone;
		return;
	}
	if (state->form->nevents + ZONE_EVENTS > state->form->nalloc)
		state_set_form(state, events_grow(state->form));
	events_set_zone(state->form, zone);
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
		state_set_form(state, events_grow(form));
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
		ret_parts_touch(state->expanded);
		ret_parts_add(state->expanded, customer, day);
		return;
	}
	form = state->form;
	form->events[form->nevents].customer = customer;
	form->events[form->nevents].day = day;
	form->events[form->nevents++].aux = 0;
}

/* Make room for what another value holds, before it is merged */
static void
state_reserve(ActivityState *state, const RetActivityReader *reader)
{
	MemoryContext context = ret_agg_context(state->fcinfo);
	EventsForm *form = state->form;

	if (form)
	{
		if (reader->ncustomers <= form->nalloc - form->nevents)
			return;
		state_set_expanded(state, form->nevents > 0 ?
						   expanded_from_events(form, context) :
						   ret_parts_create(context, reader->ncustomers));
		if (form->zoned)
			state->expanded->zone = *events_zone(form);
	}
}

/* Take in all customers of a reader, which must be of the session's zone or of none */
static void
state_merge(ActivityState *state, RetActivityReader *reader)
{
	if (ret_zone_known(&reader->zone))
	{
		RetZone		zone;

		ret_zone_check(&reader->zone);
		ret_zone_session(&zone);
		state_set_zone(state, &zone);
	}
	state_reserve(state, reader);
	if (state->expanded)
	{
		if (ret_parts_take(state->expanded, reader))
			return;
		while (ret_activity_next(reader))
		{
			ret_parts_add_days(state->expanded, reader);
			CHECK_FOR_INTERRUPTS();
		}
		return;
	}
	while (ret_activity_next(reader))
	{
		for (int64 i = 0; i < reader->ndays; i++)
			state_add(state, reader->customer, reader->days[i]);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * The expanded object in argument 0, or NULL.  Large groups are recognized in
 * line, since a row takes little more than the calls would.
 */
static inline RetExpandedActivity *
expanded_arg(FunctionCallInfo fcinfo)
{
	Pointer		value = DatumGetPointer(PG_GETARG_DATUM(0));

	if (likely(!PG_ARGISNULL(0) && VARATT_IS_EXTERNAL_EXPANDED_RW(value)))
	{
		varatt_expanded pointer;

		memcpy(&pointer, VARDATA_EXTERNAL(value), sizeof(pointer));
		return (RetExpandedActivity *) pointer.eohptr;
	}
	return NULL;
}

/*
 * Add a row to a small group, or to one that does not exist yet.  Apart from
 * the rows of large groups, which should not pay for its variables.
 */
static pg_noinline Datum
transfn_small(FunctionCallInfo fcinfo, DateADT day, bool zoned)
{
	ActivityState state;

	state_get(fcinfo, &state);
	if (zoned && state_zone(&state) == NULL)
	{
		RetZone		zone;

		ret_zone_session(&zone);
		state_set_zone(&state, &zone);
	}
	state_add(&state, PG_GETARG_CUSTOMER(1), day);
	PG_RETURN_DATUM(state.datum);
}

/* Add a row to a large group */
static inline Datum
transfn_large(FunctionCallInfo fcinfo, RetExpandedActivity *expanded, DateADT day)
{
	ret_parts_touch(expanded);
	ret_parts_add(expanded, PG_GETARG_CUSTOMER(1), day);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* Add a row on a known day */
static inline Datum
transfn_day(FunctionCallInfo fcinfo, DateADT day)
{
	RetExpandedActivity *expanded = expanded_arg(fcinfo);

	if (likely(expanded != NULL))
		return transfn_large(fcinfo, expanded, day);
	return transfn_small(fcinfo, day, false);
}

Datum
customer_activity_transfn_date(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	return transfn_day(fcinfo, (DateADT) ret_instant_date(PG_GETARG_DATEADT(2)));
}

Datum
customer_activity_transfn_timestamp(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	return transfn_day(fcinfo, ret_day_timestamp(PG_GETARG_TIMESTAMP(2)));
}

Datum
customer_activity_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	RetExpandedActivity *expanded;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	expanded = expanded_arg(fcinfo);
	if (likely(expanded != NULL))
		return transfn_large(fcinfo, expanded,
							 ret_day_timestamptz(&expanded->offsets, PG_GETARG_TIMESTAMPTZ(2)));
	/* a cache for each small group would take more memory than its events */
	return transfn_small(fcinfo, ret_day_timestamptz(ret_call_offsets(fcinfo->flinfo),
													 PG_GETARG_TIMESTAMPTZ(2)), true);
}

/* Combine function, and transition function of rollup: the union */
Datum
customer_activity_combine(PG_FUNCTION_ARGS)
{
	ActivityState state;
	RetActivityReader reader;

	(void) ret_agg_context(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	ret_activity_open(&reader, PG_GETARG_DATUM(1));
	state_get(fcinfo, &state);
	state_merge(&state, &reader);
	pfree(reader.days);
	PG_RETURN_DATUM(state.datum);
}

/* The canonical value of a flat transition value that is finished in its zone */
static struct varlena *
finish_flat(Datum datum)
{
	struct varlena *flat = PG_DETOAST_DATUM(datum);
	RetActivityReader reader;

	if (((EventsForm *) flat)->form == ACTIVITY_CANONICAL)
		return flat;
	ret_activity_open(&reader, PointerGetDatum(flat));
	ret_zone_check(&reader.zone);
	return write_value(&reader, NULL);
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
		PG_RETURN_POINTER(finish_flat(datum));
	ret_zone_check(&ret_parts_get(datum)->zone);
	ret_parts_set_canonical(ret_parts_get(datum));
	pointer = palloc(EXPANDED_POINTER_SIZE);
	memcpy(pointer, ret_parts_get(datum)->hdr.eoh_ro_ptr, EXPANDED_POINTER_SIZE);
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

		if (((EventsForm *) front)->form == ACTIVITY_CANONICAL)
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
