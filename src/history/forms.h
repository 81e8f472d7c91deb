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
 * - Events: the transition value of a small group, see small.h.
 * - Expanded: the transition value of a large group, an expanded object around
 *   columns of customers.  It is that of parts.h.
 * - Sent: such an object on its way to another process, see sent.h.
 *
 * The days of timestamptz are those of the session's time zone.  A transition
 * value of them carries the zone: its number in a form of events, which stays in
 * the processes of one plan; its name in an expanded object and in front of the
 * bytes of one that is sent.  To combine it with one of another zone, or to finish
 * it in another, is an error.
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

/* A group becomes an expanded object if this many entries are merged into it */
#define RESERVE_EVENTS		512

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* Check that the days of a value are those of the session's zone; false if they depend on none */
static inline bool
reader_check_zone(const RetReader *reader)
{
	ret_zone_check_number(reader->zone_number);
	ret_zone_check(&reader->zone);
	return reader->zone_number != 0 || ret_zone_known(&reader->zone);
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
	ret_zone_name(&reader.zone, reader.zone_number);
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
	if (nevents > RESERVE_EVENTS)
	{
		Expanded   *expanded = form->nevents > 0 ? NULL :
			parts_create(ret_agg_context(state->fcinfo), reader->ncustomers, reader_base(reader));

		if (expanded == NULL)
		{
			state_expand(state);
			return;
		}
		expanded->scale = form->scale;
		expanded->latest = form->latest;
		ret_zone_name(&expanded->zone, form->zone);
		state_set_expanded(state, expanded);
	}
	else if (nevents > form->nalloc)
		state_set_form(state, events_copy(form, form->wide, nevents));
}

/* Merge all customers of a reader, which must be of the session's zone or of none */
static void
state_merge(State *state, RetReader *reader)
{
	int64		factor;

	if (reader_check_zone(reader))
		state_set_session_zone(state);
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
	if (other->zone)
		state_set_session_zone(&state);
	state_set_scale(&state, other->scale);
	state_set_latest(&state, other->latest);
	factor = ret_amount_factor(state_scale(&state) - other->scale);
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

	(void) ret_agg_context(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	if (!VARATT_IS_EXTENDED(other) && ((EventsForm *) other)->form == FORM_EVENTS)
		return state_combine_events(fcinfo, (EventsForm *) other);
	value_open(&reader, PG_GETARG_DATUM(1));
	state_get(fcinfo, &state);
	state_merge(&state, &reader);
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

/*
 * Read what is known of a value from the beginning, for which the front of a
 * stored one will do
 */
pg_attribute_unused() static void
value_open_header(RetReader *reader, Datum value)
{
	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		struct varlena *front = (struct varlena *) DatumGetPointer(value);

		if (VARATT_IS_EXTENDED(front))
			front = PG_DETOAST_DATUM_SLICE(value, 0, HEADER_SIZE);

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
