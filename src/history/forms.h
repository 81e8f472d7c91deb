/*-------------------------------------------------------------------------
 *
 * forms.h
 *	  The forms of a value, and the transition values that aggregates build.
 *	  A part of engine.h.
 *
 * A value has these forms.
 *
 * - Canonical: the bytes that are stored, sent and compared.  Equal content is
 *   equal bytes.  They are written and read by bytes.h.
 * - Events: the transition value of a small group, an array of events to which
 *   rows are appended.  When it is full it is sorted, and events of one key are
 *   combined; it grows when that did not help.  It is a flat varlena, since an
 *   object with a memory context for each of many groups would make
 *   HashAggregate quadratic.
 * - Expanded: the transition value of a large group, an expanded object around
 *   columns of customers.  It is that of parts.h.
 * - Sent: such an object on its way to another process, see sent.h.
 *
 * The days of timestamptz are those of the session's time zone.  A transition
 * value of them carries the zone: at the end of a form of events, in an
 * expanded object, in front of the bytes of one that is sent.  To combine it
 * with one of another zone, or to finish it in another, is an error.
 *
 * A row is O(1).  Merging is O(entries of the second value).  Everything is
 * owned by the aggregate's context.
 *
 *-------------------------------------------------------------------------
 */
#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "base/aggregate.h"
#include "base/varlena.h"

/* Bytes of a form of events at first, and before it becomes an expanded object */
#define EVENTS_MIN_SIZE		256
#define EVENTS_MAX_SIZE		65536

/* A form of this many bytes is compacted before it grows */
#define EVENTS_COMPACT_SIZE	4096

/* Number of events that take as much room as a zone */
#define ZONE_EVENTS			(sizeof(RetZone) / sizeof(Event))

/* The form of events, a multiple of 8 bytes long */
typedef struct EventsForm
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;		/* RET_VERSION */
	uint8		form;			/* FORM_EVENTS */
	uint8		zoned;			/* 1: a RetZone is at the end */
	uint8		scale;			/* decimals of the amounts */
	uint16		nevents;		/* events in use */
	uint16		nalloc;			/* events there is room for */
	DateADT		latest;			/* the latest day that the type has set */
	Event		events[FLEXIBLE_ARRAY_MEMBER];
} EventsForm;

/*-------------------------------------------------------------------------
 * Events
 *-------------------------------------------------------------------------
 */

/* Get the zone of a form of events, which must be zoned */
static inline RetZone *
events_zone(EventsForm *form)
{
	return (RetZone *) ((char *) form + VARSIZE(form)) - 1;
}

/* Allocate a form of events of size bytes, in the current context */
static EventsForm *
events_alloc(Size size)
{
	EventsForm *form = palloc(size);

	SET_VARSIZE(form, size);
	form->version = RET_VERSION;
	form->form = FORM_EVENTS;
	form->zoned = 0;
	form->scale = 0;
	form->latest = DATEVAL_NOBEGIN;
	form->nevents = 0;
	form->nalloc = (size - offsetof(EventsForm, events)) / sizeof(Event);
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

/* Copy a form of events into one of twice the size */
static EventsForm *
events_grow(EventsForm *form)
{
	EventsForm *larger = events_alloc((Size) VARSIZE(form) * 2);

	larger->scale = form->scale;
	larger->latest = form->latest;
	larger->nevents = form->nevents;
	memcpy(larger->events, form->events, form->nevents * sizeof(Event));
	if (form->zoned)
		events_set_zone(larger, events_zone(form));
	return larger;
}

/* Create an expanded object with the events of a form that has become too small */
static Expanded *
expanded_from_events(EventsForm *form, MemoryContext parent)
{
	DateADT		sample[BASE_SAMPLE];
	int			n = Min(form->nevents, BASE_SAMPLE);
	Expanded   *expanded;

	for (int i = 0; i < n; i++)
		sample[i] = form->events[form->nevents / n * i].entry.day;
	expanded = parts_create(parent, form->nevents, choose_base(sample, n));
	expanded->scale = form->scale;
	expanded->latest = form->latest;
	if (form->zoned)
		expanded->zone = *events_zone(form);
	for (uint32 i = 0; i < form->nevents; i++)
		parts_add(expanded, form->events[i].customer, form->events[i].entry);
	return expanded;
}

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* Prepare to read a form of events */
static void
events_open(RetReader *reader, EventsForm *form)
{
	Event	   *events = palloc(form->nevents * sizeof(Event));

	memcpy(events, form->events, form->nevents * sizeof(Event));
	reader->events = events;
	reader->nevents = events_compact(events, form->nevents);
	reader->scale = form->scale;
	reader->latest = form->latest;
	if (form->zoned)
		reader->zone = *events_zone(form);
	reader->first = DATEVAL_NOEND;
	reader->last = DATEVAL_NOBEGIN;
	for (int64 i = 0; i < reader->nevents; i++)
	{
		reader->ncustomers += i == 0 || events[i].customer != events[i - 1].customer;
		reader->first = Min(reader->first, events[i].entry.day);
		reader->last = Max(reader->last, events[i].entry.day);
	}
}

/* Read the next customer of sorted events */
static bool
events_next(RetReader *reader)
{
	const Event *events = (const Event *) reader->events;
	int64		n = 0;

	if (reader->nread == reader->nevents)
		return false;
	reader->customer = events[reader->nread].customer;
	do
	{
		reader_reserve(reader, n + 1)[n] = events[reader->nread].entry;
		n++;
		reader->nread++;
	} while (reader->nread < reader->nevents && events[reader->nread].customer == reader->customer);
	reader->nentries = n;
	return true;
}

/* Prepare to read the customers of a value in any form */
static void
value_open(RetReader *reader, Datum value)
{
	EventsForm *form;

	reader_init(reader);
	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		parts_open(reader, parts_get(value));
		return;
	}
	form = (EventsForm *) PG_DETOAST_DATUM(value);
	if (form->form == FORM_SENT)
		sent_open(reader, (struct varlena *) form);
	else if (form->form == FORM_EVENTS)
		events_open(reader, form);
	else
		canonical_open(reader, (struct varlena *) form);
}

/* Read the next customer; false if there is none */
static bool
value_next(RetReader *reader)
{
	if (reader->parts)
		return reader->order ? order_next(reader) : parts_next(reader);
	if (reader->events)
		return events_next(reader);
	return canonical_next(reader);
}

/* Let a reader that was opened read the customers in ascending order, as they lie except in parts */
pg_attribute_unused() static void
value_order(RetReader *reader)
{
	if (reader->parts)
		parts_order(reader);
}

/* Write the value that a reader has opened, of a zone or of none.  Ends the reader. */
static struct varlena *
value_write(RetReader *reader, const RetZone *zone)
{
	struct varlena *result;
	Writer		writer;
	Size		size;

	if (reader->parts)
		result = (struct varlena *) parts_write(reader, zone, &size);
	else
	{
		writer_begin(&writer, zone, reader);
		while (value_next(reader))
			writer_add(&writer, reader);
		result = (struct varlena *) writer_end(&writer, &size);
		if (reader->events)
			pfree(reader->events);
	}
	pfree(reader->entries);
	return result;
}

/*
 * Get the canonical value of any form, perhaps the datum itself, with a 4-byte
 * header
 */
static struct varlena *
value_canonical(Datum value)
{
	struct varlena *flat;
	struct varlena *result;
	RetReader	reader;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
		parts_set_canonical(parts_get(value));
	flat = PG_DETOAST_DATUM(value);
	if (((EventsForm *) flat)->form == FORM_CANONICAL)
		return flat;
	value_open(&reader, PointerGetDatum(flat));
	result = value_write(&reader, NULL);
	if ((Pointer) flat != DatumGetPointer(value))
		pfree(flat);
	return result;
}

/*
 * Get the bytes of a value for another server: the canonical ones; those of a
 * transition value that depends on a time zone have it in front
 */
static struct varlena *
value_bytes(Datum value)
{
	RetReader	reader;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		Expanded *expanded = parts_get(value);

		if (expanded->canonical || !ret_zone_known(&expanded->zone))
			return value_canonical(value);
	}
	else
	{
		struct varlena *flat = PG_DETOAST_DATUM(value);
		uint8		form = ((EventsForm *) flat)->form;

		if (form == FORM_CANONICAL || form == FORM_ZONED)
			return flat;
		value = PointerGetDatum(flat);
	}
	value_open(&reader, value);
	return value_write(&reader, &reader.zone);
}

/*-------------------------------------------------------------------------
 * The aggregates
 *-------------------------------------------------------------------------
 */

/* The transition value of a call: either form or expanded is set */
typedef struct State
{
	Datum		datum;			/* what the call is to return */
	EventsForm *form;
	Expanded   *expanded;
	FunctionCallInfo fcinfo;	/* the call, which knows the aggregate's context */
} State;

static void
state_set_form(State *state, EventsForm *form)
{
	state->datum = PointerGetDatum(form);
	state->form = form;
	state->expanded = NULL;
}

static void
state_set_expanded(State *state, Expanded *expanded)
{
	state->datum = EOHPGetRWDatum(&expanded->hdr);
	state->form = NULL;
	state->expanded = expanded;
}

static void state_merge(State *state, RetReader *reader);

/*
 * Unpack the transition value in argument 0, or make an empty one.  A
 * canonical value, as a strict transition function of a user-defined aggregate
 * might begin with, is taken in.
 */
static void
state_get(FunctionCallInfo fcinfo, State *state)
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
		state_set_expanded(state, parts_get(datum));
		return;
	}
	form = (EventsForm *) PG_DETOAST_DATUM(datum);
	if (form->form == FORM_EVENTS)
		state_set_form(state, form);
	else
	{
		RetReader	reader;

		state_set_form(state, events_alloc(EVENTS_MIN_SIZE));
		value_open(&reader, PointerGetDatum(form));
		state_merge(state, &reader);
	}
}

/* Get the zone of a transition value; NULL if it has none */
static inline const RetZone *
state_zone(const State *state)
{
	if (state->form)
		return state->form->zoned ? events_zone(state->form) : NULL;
	return ret_zone_known(&state->expanded->zone) ? &state->expanded->zone : NULL;
}

/* Give a transition value a zone, where it has none */
static void
state_set_zone(State *state, const RetZone *zone)
{
	if (state->expanded)
	{
		state->expanded->zone = *zone;
		return;
	}
	if (state->form->nevents + ZONE_EVENTS > state->form->nalloc)
		state_set_form(state, events_grow(state->form));
	events_set_zone(state->form, zone);
}

/* Give a transition value the zone of the session, if it has none yet */
static inline void
state_set_session_zone(State *state)
{
	RetZone		zone;

	if (state_zone(state) != NULL)
		return;
	ret_zone_session(&zone);
	state_set_zone(state, &zone);
}

/* Get the decimals of a transition value's amounts */
static inline int
state_scale(const State *state)
{
	return state->form ? state->form->scale : state->expanded->scale;
}

/* Give a transition value's amounts at least as many decimals as scale */
static void
state_set_scale(State *state, int scale)
{
	int			by = scale - state_scale(state);

	if (by <= 0)
		return;
	if (state->expanded)
	{
		parts_touch(state->expanded);
		expanded_rescale(state->expanded, scale);
		return;
	}
	for (uint32 i = 0; i < state->form->nevents; i++)
		entry_rescale(&state->form->events[i].entry, ret_amount_factor(by));
	state->form->scale = scale;
}

/* Make a day the latest of a transition value, unless a later one is known */
static inline void
state_set_latest(State *state, DateADT day)
{
	DateADT    *latest = state->form ? &state->form->latest : &state->expanded->latest;

	*latest = Max(*latest, day);
}

/* Make room in a full form of events: compact it, then grow or expand it */
static void
state_make_room(State *state)
{
	EventsForm *form = state->form;
	Size		size = VARSIZE(form);

	if (size >= EVENTS_COMPACT_SIZE)
	{
		form->nevents = events_compact(form->events, form->nevents);
		if (form->nevents <= form->nalloc / 2)
			return;
	}
	if (size >= EVENTS_MAX_SIZE)
		state_set_expanded(state, expanded_from_events(form, ret_agg_context(state->fcinfo)));
	else
		state_set_form(state, events_grow(form));
}

/* Add an entry of a customer.  state->datum may change. */
static inline void
state_add(State *state, int64 customer, Entry entry)
{
	EventsForm *form;

	if (state->form && state->form->nevents == state->form->nalloc)
		state_make_room(state);
	if (state->expanded)
	{
		parts_touch(state->expanded);
		parts_add(state->expanded, customer, entry);
		return;
	}
	form = state->form;
	form->events[form->nevents].customer = customer;
	form->events[form->nevents++].entry = entry;
}

/* Make room for what another value holds, before it is merged */
static void
state_reserve(State *state, const RetReader *reader)
{
	MemoryContext context = ret_agg_context(state->fcinfo);
	EventsForm *form = state->form;

	if (form)
	{
		if (reader->ncustomers <= form->nalloc - form->nevents)
			return;
		state_set_expanded(state, form->nevents > 0 ?
						   expanded_from_events(form, context) :
						   parts_create(context, reader->ncustomers, reader_base(reader)));
		state->expanded->scale = form->scale;
		state->expanded->latest = form->latest;
		if (form->zoned)
			state->expanded->zone = *events_zone(form);
	}
}

/* Write what a reader has opened, which stays where it is, and let an object keep that */
static void
keep_written(Expanded *expanded, const RetReader *reader)
{
	MemoryContext old = MemoryContextSwitchTo(expanded->hdr.eoh_context);
	RetReader	other = *reader;

	other.entries = palloc(other.nalloc * sizeof(Entry));
	parts_keep(expanded, value_write(&other, NULL), reader);
	MemoryContextSwitchTo(old);
}

/* Let an object keep the canonical value that a reader has opened, or a copy of it */
static void
keep_canonical(Expanded *expanded, RetReader *reader)
{
	struct varlena *value = reader->value;

	if (!reader->loose)
	{
		value = MemoryContextAllocHuge(expanded->hdr.eoh_context, VARSIZE(reader->value));
		memcpy(value, reader->value, VARSIZE(reader->value));
	}
	reader->loose = false;
	parts_keep(expanded, value, reader);
}

/*
 * Let the value that a reader has opened wait, to be merged with others as the
 * sorted list that it is.  One that is not canonical is written, and so are rows
 * that are there, if they have much fewer customers than the other.  False, and
 * nothing is done, if the value is small, or nothing is canonical.
 */
static bool
state_keep(State *state, RetReader *reader)
{
	EventsForm *form = state->form;
	Expanded   *expanded = state->expanded;

	if (ret_zone_known(&reader->zone) || state_zone(state) != NULL)
		return false;
	if (expanded && expanded->values.nvalues > 0)
	{
		if (reader->value)
			keep_canonical(expanded, reader);
		else if (reader->ncustomers <= expanded->values.ncustomers / VALUES_FEWER)
			keep_written(expanded, reader);
		else
			return false;
		return true;
	}
	if (reader->value == NULL)
		return false;
	if (expanded)
	{
		if (parts_customers(expanded) > reader->ncustomers / VALUES_FEWER)
			return false;
		parts_to_value(expanded);
	}
	else
	{
		if (reader->ncustomers <= form->nalloc - form->nevents)
			return false;
		expanded = parts_create(ret_agg_context(state->fcinfo), 0, reader_base(reader));
		expanded->latest = form->latest;
		if (form->nevents > 0)
		{
			RetReader	events;

			reader_init(&events);
			events_open(&events, form);
			keep_written(expanded, &events);
			pfree(events.entries);
		}
		state_set_expanded(state, expanded);
	}
	keep_canonical(expanded, reader);
	return true;
}

/* Merge all customers of a reader, which must be of the session's zone or of none */
static void
state_merge(State *state, RetReader *reader)
{
	int64		factor;

	if (state_keep(state, reader))
		return;
	if (ret_zone_known(&reader->zone))
	{
		ret_zone_check(&reader->zone);
		state_set_session_zone(state);
	}
	state_set_scale(state, reader->scale);
	state_set_latest(state, reader->latest);
	factor = ret_amount_factor(state_scale(state) - reader->scale);
	state_reserve(state, reader);
	if (state->expanded)
	{
		if (parts_take(state->expanded, reader))
			return;
		while (value_next(reader))
		{
			parts_add_scaled(state->expanded, reader, factor);
			CHECK_FOR_INTERRUPTS();
		}
		return;
	}
	while (value_next(reader))
	{
		entries_rescale(reader, factor);
		for (int64 i = 0; i < reader->nentries; i++)
			state_add(state, reader->customer, ((Entry *) reader->entries)[i]);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Get the expanded object in argument 0, or NULL.  Large groups are recognized
 * inline, since a row takes little more time than the calls would.
 */
static inline Expanded *
expanded_arg(FunctionCallInfo fcinfo)
{
	Pointer		value = DatumGetPointer(PG_GETARG_DATUM(0));

	if (likely(!PG_ARGISNULL(0) && VARATT_IS_EXTERNAL_EXPANDED_RW(value)))
	{
		varatt_expanded pointer;

		memcpy(&pointer, VARDATA_EXTERNAL(value), sizeof(pointer));
		return (Expanded *) pointer.eohptr;
	}
	return NULL;
}

/*
 * Get the flat value of an argument: where that has to be made from a stored
 * one, in the aggregate's context, so that the state can keep it without a copy
 */
static Datum
state_argument(const State *state, Datum value)
{
	MemoryContext old;
	struct varlena *flat;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)) || !VARATT_IS_EXTENDED(DatumGetPointer(value)))
		return value;
	old = MemoryContextSwitchTo(ret_agg_context(state->fcinfo));
	flat = PG_DETOAST_DATUM(value);
	MemoryContextSwitchTo(old);
	return PointerGetDatum(flat);
}

/* Combine function, and transition function of rollup: adds the value in argument 1 */
static Datum
state_combine(FunctionCallInfo fcinfo)
{
	State		state;
	RetReader	reader;
	Datum		value;

	(void) ret_agg_context(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	state_get(fcinfo, &state);
	value = state_argument(&state, PG_GETARG_DATUM(1));
	value_open(&reader, value);
	reader.loose = value != PG_GETARG_DATUM(1);
	state_merge(&state, &reader);
	if (reader.loose)
		pfree(DatumGetPointer(value));
	pfree(reader.entries);
	PG_RETURN_DATUM(state.datum);
}

/* Write the canonical value of a flat transition value that is finished in its zone */
static struct varlena *
finish_flat(Datum datum)
{
	struct varlena *flat = PG_DETOAST_DATUM(datum);
	RetReader	reader;

	if (((EventsForm *) flat)->form == FORM_CANONICAL)
		return flat;
	value_open(&reader, PointerGetDatum(flat));
	ret_zone_check(&reader.zone);
	return value_write(&reader, NULL);
}

/*
 * Final function: returns canonical bytes for a small group, and for a large
 * one a pointer to the object, in a chunk of its own, since some servers copy,
 * and so flatten, a result that is not in the current context.
 */
static Datum
state_final(FunctionCallInfo fcinfo)
{
	Datum		datum = PG_GETARG_DATUM(0);
	Expanded   *expanded;
	char	   *pointer;

	(void) ret_agg_context(fcinfo);
	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(datum)))
		PG_RETURN_POINTER(finish_flat(datum));
	expanded = parts_get(datum);
	ret_zone_check(&expanded->zone);
	parts_set_canonical(expanded);
	pointer = palloc(EXPANDED_POINTER_SIZE);
	memcpy(pointer, expanded->hdr.eoh_ro_ptr, EXPANDED_POINTER_SIZE);
	PG_RETURN_POINTER(pointer);
}

/*
 * Read what is known of a value from the beginning, for which the front of a
 * stored one will do
 */
pg_attribute_unused() static void
value_open_header(RetReader *reader, Datum value)
{
	if (VARATT_IS_EXTENDED(DatumGetPointer(value)) &&
		!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		struct varlena *front = PG_DETOAST_DATUM_SLICE(value, 0, HEADER_SIZE);

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
