/*-------------------------------------------------------------------------
 *
 * state.h
 *	  Transition values: adding rows and other values, and finishing.  A part of
 *	  engine.h.
 *
 * A small group is a form of events (small.h), a large one an expanded object
 * (parts.h).  A row is O(1).  Merging is O(entries of the second value).
 * Everything is owned by the aggregate's context.
 *
 *-------------------------------------------------------------------------
 */
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/aggregate.h"

/* A group becomes an expanded object if this many entries are merged into it */
#define RESERVE_EVENTS		512

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
		state_set_form(state, events_alloc(false, 0));
		return;
	}
	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum)))
	{
		state_set_expanded(state, parts_get(datum));
		return;
	}
	/* inline, since a small group's row takes little more time than the call would */
	form = (EventsForm *) DatumGetPointer(datum);
	if (unlikely(VARATT_IS_EXTENDED(form)))
		form = (EventsForm *) PG_DETOAST_DATUM(datum);
	if (likely(form->form == FORM_EVENTS))
		state_set_form(state, form);
	else
	{
		RetReader	reader;

		state_set_form(state, events_alloc(false, 0));
		value_open(&reader, PointerGetDatum(form));
		state_merge(state, &reader);
	}
}

/* Give a transition value the zone of the session, if it has none yet */
static inline void
state_set_session_zone(State *state)
{
	if (state->expanded)
	{
		if (!ret_zone_known(&state->expanded->zone))
			ret_zone_session(&state->expanded->zone);
	}
	else if (state->form->zone == 0)
		state->form->zone = ret_zone_number();
}

/* Get the decimals of a transition value's amounts */
static inline int
state_scale(const State *state)
{
	return state->form ? state->form->scale : state->expanded->scale;
}

static inline void
state_expand(State *state)
{
	state_set_expanded(state, expanded_from_events(state->form, ret_agg_context(state->fcinfo)));
}

/* Let a form hold entries that fit no unit */
static pg_noinline void
state_widen(State *state)
{
	int64		nevents = state->form->nevents + 1;

	if (form_size(true, nevents) > EVENTS_MAX_SIZE)
		state_expand(state);
	else
		state_set_form(state, events_copy(state->form, true, nevents));
}

/* Give a transition value's amounts at least as many decimals as scale */
static void
state_set_scale(State *state, int scale)
{
	if (scale <= state_scale(state))
		return;
	if (state->form && !events_rescale(state->form, scale))
	{
		state_widen(state);
		if (state->form)
			(void) events_rescale(state->form, scale);
	}
	if (state->expanded)
	{
		parts_touch(state->expanded);
		expanded_rescale(state->expanded, scale);
	}
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

	if (size >= EVENTS_COMPACT_SIZE && !form->distinct)
	{
		form_compact(form);
		if (form->nevents <= form->nalloc / 2)
			return;
	}
	else
		form->distinct = false;
	if (size >= EVENTS_MAX_SIZE)
		state_expand(state);
	else
		state_set_form(state, events_copy(form, form->wide, form->nalloc + 1));
}

/* Add an entry of a customer.  state->datum may change. */
static inline void
state_add(State *state, int64 customer, Entry entry)
{
	if (state->form)
	{
		if (unlikely(state->form->nevents == state->form->nalloc))
			state_make_room(state);
		if (likely(state->form && events_put(state->form, customer, &entry)))
			return;
		if (state->form)
			state_widen(state);
		if (state->form && events_put(state->form, customer, &entry))
			return;
	}
	parts_touch(state->expanded);
	parts_add(state->expanded, customer, entry);
}

/* Make room for what another value holds, before it is merged */
static void
state_reserve(State *state, const RetReader *reader)
{
	EventsForm *form = state->form;
	int64		nevents;

	if (form == NULL)
		return;
	nevents = form->nevents + Max(reader->ncustomers, reader->nevents);
	if (nevents > RESERVE_EVENTS && form->nevents > 0)
		state_expand(state);
	else if (nevents > RESERVE_EVENTS)
		state_set_expanded(state, expanded_from_form(form, ret_agg_context(state->fcinfo),
													 reader->ncustomers, reader_base(reader)));
	else if (nevents > form->nalloc)
		state_set_form(state, events_copy(form, form->wide, nevents));
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

	/* a canonical value has no zone: what is mixed with it must have none, either */
	if (reader->zone_number != 0 || ret_zone_known(&reader->zone) ||
		(form ? form->zone != 0 : ret_zone_known(&expanded->zone)))
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
		if (form->nevents + reader->ncustomers <= RESERVE_EVENTS)
			return false;
		expanded = expanded_from_form(form, ret_agg_context(state->fcinfo), 0, reader_base(reader));
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

/*
 * Prepare to merge a value whose days are of the session's zone, if it is zoned,
 * whose amounts have `scale` decimals, and whose latest day is known; returns by
 * what its amounts are multiplied
 */
static int64
state_prepare(State *state, bool zoned, int scale, DateADT latest)
{
	if (zoned)
		state_set_session_zone(state);
	state_set_scale(state, scale);
	state_set_latest(state, latest);
	return ret_amount_factor(state_scale(state) - scale);
}

/* Merge all customers of a reader, which must be of the session's zone or of none */
static void
state_merge(State *state, RetReader *reader)
{
	int64		factor;

	if (state_keep(state, reader))
		return;
	factor = state_prepare(state, reader_check_zone(reader), reader->scale, reader->latest);
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

/* Merge the transition value of a small group, which need not be sorted for that */
static Datum
state_combine_events(FunctionCallInfo fcinfo, const EventsForm *other)
{
	State		state;
	int64		factor;

	ret_zone_check_number(other->zone);
	/* the executor copies it */
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	state_get(fcinfo, &state);
	factor = state_prepare(&state, other->zone != 0, other->scale, other->latest);
	for (int64 i = 0; i < other->nevents; i++)
	{
		Event		event = events_get(other, i);

		if (factor != 1)
			entry_rescale(&event.entry, factor);
		state_add(&state, event.customer, event.entry);
	}
	PG_RETURN_DATUM(state.datum);
}

/* Combine function, and transition function of rollup: adds the value in argument 1 */
static Datum
state_combine(FunctionCallInfo fcinfo)
{
	State		state;
	RetReader	reader;
	Pointer		other = DatumGetPointer(PG_GETARG_DATUM(1));
	Datum		value;

	(void) ret_agg_context(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	if (!VARATT_IS_EXTENDED(other) && ((EventsForm *) other)->form == FORM_EVENTS)
		return state_combine_events(fcinfo, (EventsForm *) other);
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
	(void) reader_check_zone(&reader);
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
