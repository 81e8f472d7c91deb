/*-------------------------------------------------------------------------
 *
 * events.c
 *	  The type customer_events, its aggregate, and what is read from it without
 *	  more: for each customer the set of instants and names of events.
 *
 * A value has three forms.
 *
 * - Canonical bytes, which are stored, and sent to other processes: event_bytes.c.
 *
 * - Building: the transition value of a small group, an array of events and a list of
 *   names with room to grow, modified in place.  It never is what a function returns
 *   to users: many small groups with a memory context each would make HashAggregate
 *   quadratic.
 *
 * - An expanded object around a RetEventSet, in a context below the aggregate's, once
 *   a group has more than BUILDING_MAX_SIZE bytes.
 *
 * Cost: a row is appended, O(1), and looks up its name; reading sorts, O(events), as
 * event_set.c and event_scan.c say.  A state does not depend on a time zone:
 * timestamptz is kept as an instant.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/aggregate.h"
#include "base/varlena.h"
#include "family/activity.h"
#include "family/events.h"
#include "history/varint.h"
#include "store/customer_key.h"

#define FORM_BUILDING		0xFF	/* in place of the version */

#define BUILDING_MIN_SIZE	128		/* of powers of 2, which memory is given out in */
#define BUILDING_MIN_NAMES	32		/* bytes */
#define BUILDING_MAX_SIZE	8192

/* The building form */
typedef struct Building
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		form;			/* FORM_BUILDING */
	uint8		kind;			/* a RetTimeKind */
	uint16		nnames;
	uint32		nevents;
	uint32		nalloc;			/* events there is room for */
	uint32		names_size;		/* bytes of the names in use */
	uint32		names_alloc;	/* bytes of names there is room for */
	int64		base;			/* of the instants */
	RetPackedEvent events[FLEXIBLE_ARRAY_MEMBER];	/* then the names: size in a byte, and bytes */
} Building;

/* An expanded object */
typedef struct ExpandedEvents
{
	ExpandedObjectHeader hdr;
	RetEventSet set;
	StringInfoData bytes;		/* canonical, with room for a varlena header; data NULL: not written yet */
} ExpandedEvents;

/* The transition value of a call: one of the two, or neither */
typedef struct State
{
	FunctionCallInfo fcinfo;
	Building   *building;
	ExpandedEvents *expanded;
} State;

static Size expanded_flat_size(ExpandedObjectHeader *eohptr);
static void expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size);

static const ExpandedObjectMethods events_methods =
{
	expanded_flat_size,
	expanded_flatten
};

static const char *const kind_names[] = {NULL, "date", "timestamp", "timestamptz"};

PG_FUNCTION_INFO_V1(customer_events_transfn_date);
PG_FUNCTION_INFO_V1(customer_events_transfn_timestamp);
PG_FUNCTION_INFO_V1(customer_events_transfn_timestamptz);
PG_FUNCTION_INFO_V1(customer_events_combine);
PG_FUNCTION_INFO_V1(customer_events_finalfn);
PG_FUNCTION_INFO_V1(customers_events);
PG_FUNCTION_INFO_V1(event_table);
PG_FUNCTION_INFO_V1(activity_events);
PG_FUNCTION_INFO_V1(customer_events_in);
PG_FUNCTION_INFO_V1(customer_events_out);
PG_FUNCTION_INFO_V1(customer_events_recv);
PG_FUNCTION_INFO_V1(customer_events_send);

/*-------------------------------------------------------------------------
 * Expanded objects
 *-------------------------------------------------------------------------
 */

/* Make an object, whose set the caller begins in the object's context */
static ExpandedEvents *
expanded_create(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, RET_EVENTS_TYPE, ALLOCSET_DEFAULT_SIZES);
	ExpandedEvents *expanded = MemoryContextAllocZero(context, sizeof(ExpandedEvents));

	EOH_init_header(&expanded->hdr, &events_methods, context);
	return expanded;
}

/*
 * Write the bytes, unless they are known, and keep them for expanded_flatten(); not
 * before all are written, since who catches an error may ask again
 */
static Size
expanded_flat_size(ExpandedObjectHeader *eohptr)
{
	ExpandedEvents *expanded = (ExpandedEvents *) eohptr;

	if (expanded->bytes.data == NULL || expanded->set.changed)
	{
		MemoryContext before = MemoryContextSwitchTo(expanded->hdr.eoh_context);
		MemoryContext reading;
		RetEventReader reader;
		StringInfoData bytes;

		if (expanded->bytes.data)
			pfree(expanded->bytes.data);
		expanded->bytes.data = NULL;
		/* not in the context of the caller: a sort of PostgreSQL 17 calls from one that cannot free */
		reading = AllocSetContextCreate(expanded->hdr.eoh_context, "events that are written", ALLOCSET_DEFAULT_SIZES);
		MemoryContextSwitchTo(reading);
		ret_events_open_set(&reader, &expanded->set);
		MemoryContextSwitchTo(expanded->hdr.eoh_context);
		initStringInfo(&bytes);
		appendStringInfoSpaces(&bytes, VARHDRSZ);
		ret_events_put(&bytes, &reader);
		expanded->bytes = bytes;
		expanded->set.changed = false;
		MemoryContextSwitchTo(before);
		ret_events_close(&reader);
		MemoryContextDelete(reading);
	}
	return expanded->bytes.len;
}

static void
expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	ExpandedEvents *expanded = (ExpandedEvents *) eohptr;

	Assert(allocated_size == (Size) expanded->bytes.len);
	memcpy(result, expanded->bytes.data, allocated_size);
	SET_VARSIZE(result, allocated_size);
}

/*
 * Get the expanded object in argument 0 if it may be changed, or NULL.  Large groups
 * are recognized inline, since a row takes little more time than the calls would.
 */
static inline ExpandedEvents *
expanded_arg(FunctionCallInfo fcinfo)
{
	Pointer		value = DatumGetPointer(PG_GETARG_DATUM(0));

	if (likely(!PG_ARGISNULL(0) && VARATT_IS_EXTERNAL_EXPANDED_RW(value)))
	{
		varatt_expanded pointer;

		memcpy(&pointer, VARDATA_EXTERNAL(value), sizeof(pointer));
		return (ExpandedEvents *) pointer.eohptr;
	}
	return NULL;
}

/*-------------------------------------------------------------------------
 * The building form
 *-------------------------------------------------------------------------
 */

static inline char *
building_names(Building *building)
{
	return (char *) &building->events[building->nalloc];
}

/*
 * Make a building of at least so many bytes, with room for so many bytes of names and
 * at least so many events
 */
static Building *
building_create(RetTimeKind kind, int64 base, Size size, uint32 names_alloc, uint32 nevents)
{
	Building   *building;

	while (size < offsetof(Building, events) + names_alloc + nevents * sizeof(RetPackedEvent))
		size *= 2;
	building = palloc(size);
	SET_VARSIZE(building, size);
	building->form = FORM_BUILDING;
	building->kind = kind;
	building->nnames = 0;
	building->nevents = 0;
	building->nalloc = (size - offsetof(Building, events) - names_alloc) / sizeof(RetPackedEvent);
	building->names_size = 0;
	building->names_alloc = names_alloc;
	building->base = base;
	return building;
}

/* Copy a building with more room for events, or for names */
static Building *
building_grow(Building *building, Size size, uint32 names_alloc)
{
	Building   *larger = building_create(building->kind, building->base, size, names_alloc, building->nevents + 1);

	larger->nnames = building->nnames;
	larger->nevents = building->nevents;
	larger->names_size = building->names_size;
	memcpy(larger->events, building->events, building->nevents * sizeof(RetPackedEvent));
	memcpy(building_names(larger), building_names(building), building->names_size);
	return larger;
}

/* List the names of a building, in a list that has room for them */
static void
building_list_names(Building *building, RetEventName *list)
{
	const char *p = building_names(building);

	for (int i = 0; i < building->nnames; i++)
	{
		list[i] = (RetEventName) {p + 1, (uint8) *p};
		p += 1 + (uint8) *p;
	}
}

/* Begin a set in a context with what a building has; names have the same numbers in it */
static void
building_to_set(Building *building, RetEventSet *set, MemoryContext context)
{
	const char *p = building_names(building);

	ret_event_set_init(set, building->kind, context);
	for (int i = 0; i < building->nnames; i++)
	{
		int			size = (uint8) *p;

		(void) ret_event_name(&set->names, p + 1, size);
		p += 1 + size;
	}
	for (uint32 i = 0; i < building->nevents; i++)
	{
		const RetPackedEvent *event = &building->events[i];

		ret_event_set_add(set, set->kind, event->customer,
						  (int64) ((uint64) building->base + (event->moment >> RET_NAME_BITS)),
						  (int64) (event->moment & RET_NAME_MASK));
	}
}

/*-------------------------------------------------------------------------
 * A walk over the customers
 *-------------------------------------------------------------------------
 */

/* Let a reader read a building, which stays as it is */
static void
open_building(RetEventReader *reader, Building *building)
{
	RetEventName names[RET_MAX_EVENT_NAMES];
	RetEventRows *rows = &reader->scan.rows;
	uint64		first = PG_UINT64_MAX;
	uint64		last = 0;

	memset(reader, 0, sizeof(RetEventReader));
	building_list_names(building, names);
	ret_event_names_order(names, NULL, building->nnames, &reader->scan.order);
	rows->base = building->base;
	rows->packed = palloc(building->nevents * sizeof(RetPackedEvent));
	for (uint32 i = 0; i < building->nevents; i++)
	{
		uint64		moment = building->events[i].moment;

		first = Min(first, moment);
		last = Max(last, moment);
		rows->packed[i].customer = building->events[i].customer;
		rows->packed[i].moment = (moment & ~RET_NAME_MASK) | reader->scan.order.ranks[moment & RET_NAME_MASK];
	}
	rows->n = ret_events_compact(rows->packed, building->nevents);
	reader->kind = building->kind;
	reader->ntotal = rows->n;
	reader->first = (int64) ((uint64) building->base + (first >> RET_NAME_BITS));
	reader->last = (int64) ((uint64) building->base + (last >> RET_NAME_BITS));
	reader->nnames = reader->scan.order.n;
	reader->names = reader->scan.order.names;
}

pg_noreturn static void
reject_damaged(const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("%s cannot be read", RET_EVENTS_TYPE),
			 errdetail("The stored value is damaged: %s.", why)));
	pg_unreachable();
}

/* Prepare to read the customers of a value in any form.  An expanded one is not copied. */
void
ret_events_open(RetEventReader *reader, Datum value)
{
	struct varlena *flat;
	const char *why;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		ret_events_open_set(reader, &((ExpandedEvents *) DatumGetEOHP(value))->set);
		return;
	}
	flat = PG_DETOAST_DATUM(value);
	if (((Building *) flat)->form == FORM_BUILDING)
	{
		open_building(reader, (Building *) flat);
		return;
	}
	why = ret_events_open_bytes(reader, (const uint8 *) VARDATA(flat), VARSIZE(flat) - VARHDRSZ);
	if (why != NULL)
		reject_damaged(why);
}

/* Read the next customer; false if there is none */
bool
ret_events_next(RetEventReader *reader)
{
	const RetEventScan *scan = &reader->scan;
	int			found;

	if (reader->next)
	{
		found = ret_events_next_in_bytes(reader);
		if (found < 0)
			reject_damaged("its bytes are not those of events");
		return found == 1;
	}
	if (!ret_event_scan_next(&reader->scan))
		return false;
	reader->customer = scan->customer;
	reader->nevents = scan->nevents;
	ret_events_reserve(reader);
	for (int64 i = 0; i < reader->nevents; i++)
		reader->events[i] = ret_event_rows_get(&scan->rows, scan->first + i);
	return true;
}

/* Find the number of a name; -1 if it is not in the value */
int
ret_events_find(const RetEventReader *reader, const char *bytes, int size)
{
	for (int i = 0; i < reader->nnames; i++)
	{
		if (reader->names[i].size == size && memcmp(reader->names[i].bytes, bytes, size) == 0)
			return i;
	}
	return -1;
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
	RetEventReader reader;

	/* this flattens an expanded object */
	flat = PG_DETOAST_DATUM(value);
	if (((Building *) flat)->form != FORM_BUILDING)
		return flat;
	open_building(&reader, (Building *) flat);
	result = ret_events_write(&reader);
	ret_events_close(&reader);
	return result;
}

/*-------------------------------------------------------------------------
 * Transition values
 *-------------------------------------------------------------------------
 */

/* Raise error 22023 unless events of this kind of time can be added */
static void
check_kind(RetTimeKind kind, RetTimeKind other)
{
	if (kind != other)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of %s cannot be added to those of %s",
						RET_EVENTS_TYPE, kind_names[other], kind_names[kind]),
				 errhint("Make all values from columns of one type.")));
}

/* Replace a building by an expanded object */
static void
state_expand(State *state)
{
	state->expanded = expanded_create(ret_agg_context(state->fcinfo));
	building_to_set(state->building, &state->expanded->set, state->expanded->hdr.eoh_context);
	state->building = NULL;
}

/* Unpack the transition value in argument 0, or make an empty one of a kind of time for an instant */
static void
state_get(State *state, FunctionCallInfo fcinfo, RetTimeKind kind, int64 at)
{
	RetEventReader reader;
	struct varlena *flat;

	state->fcinfo = fcinfo;
	state->building = NULL;
	state->expanded = expanded_arg(fcinfo);
	if (state->expanded)
	{
		check_kind(state->expanded->set.kind, kind);
		return;
	}
	if (PG_ARGISNULL(0))
	{
		state->building = building_create(kind, ret_event_base(at), BUILDING_MIN_SIZE, BUILDING_MIN_NAMES, 1);
		return;
	}
	flat = PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	if (((Building *) flat)->form == FORM_BUILDING)
	{
		state->building = (Building *) flat;
		check_kind(state->building->kind, kind);
		return;
	}

	/* a canonical value, as a user-defined aggregate might begin with */
	ret_events_open(&reader, PointerGetDatum(flat));
	check_kind(reader.kind, kind);
	state->expanded = expanded_create(ret_agg_context(fcinfo));
	ret_event_set_init(&state->expanded->set, kind, state->expanded->hdr.eoh_context);
	for (int i = 0; i < reader.nnames; i++)
		(void) ret_event_name(&state->expanded->set.names, reader.names[i].bytes, reader.names[i].size);
	while (ret_events_next(&reader))
	{
		CHECK_FOR_INTERRUPTS();
		for (int64 i = 0; i < reader.nevents; i++)
			ret_event_set_add(&state->expanded->set, kind, reader.customer, reader.events[i].at, reader.events[i].name);
	}
}

/* Get the number of a name in a transition value; it is added if it is not there yet */
static int64
state_name(State *state, const char *bytes, int size)
{
	Building   *building = state->building;
	char	   *p;

	if (state->expanded)
		return ret_event_name(&state->expanded->set.names, bytes, size);
	p = building_names(building);
	for (int i = 0; i < building->nnames; i++)
	{
		if ((uint8) *p == size && memcmp(p + 1, bytes, size) == 0)
			return i;
		p += 1 + (uint8) *p;
	}
	ret_check_event_name(size);
	ret_check_event_names(building->nnames);
	if (building->names_size + 1 + size > building->names_alloc)
	{
		building = building_grow(building, VARSIZE(building), 2 * (building->names_size + 1 + size));
		state->building = building;
	}
	p = building_names(building) + building->names_size;
	*p = (char) size;
	memcpy(p + 1, bytes, size);
	building->names_size += 1 + size;
	return building->nnames++;
}

/* Make room for an event in a full building: remove duplicates, then grow or expand it unless that helped */
static pg_noinline void
state_make_room(State *state)
{
	Building   *building = state->building;

	building->nevents = (uint32) ret_events_compact(building->events, building->nevents);
	if (building->nevents <= building->nalloc / 2)
		return;
	if (VARSIZE(building) >= BUILDING_MAX_SIZE)
		state_expand(state);
	else
		state->building = building_grow(building, 2 * VARSIZE(building), building->names_alloc);
}

/* Add an event, whose name has a number in the transition value */
static inline void
state_add(State *state, int64 customer, int64 at, int64 name)
{
	if (state->building && state->building->nevents == state->building->nalloc)
		state_make_room(state);
	if (state->building && !ret_event_packs(state->building->base, at))
		state_expand(state);
	if (state->expanded)
		ret_event_set_add(&state->expanded->set, state->expanded->set.kind, customer, at, name);
	else
		state->building->events[state->building->nevents++] = ret_event_pack(state->building->base, customer, at, name);
}

static Datum
state_result(const State *state)
{
	return state->expanded ? EOHPGetRWDatum(&state->expanded->hdr) : PointerGetDatum(state->building);
}

/*
 * Add a row to a small group, or to one that does not exist yet.  Apart from the rows
 * of large groups, which should not pay for its variables.
 */
static pg_noinline Datum
add_small(FunctionCallInfo fcinfo, int64 at, RetTimeKind kind)
{
	text	   *event = PG_GETARG_TEXT_PP(3);
	State		state;
	int64		name;

	state_get(&state, fcinfo, kind, at);
	name = state_name(&state, VARDATA_ANY(event), (int) VARSIZE_ANY_EXHDR(event));
	state_add(&state, PG_GETARG_CUSTOMER(1), at, name);
	return state_result(&state);
}

/* Add a row, whose customer and event are not null */
static inline Datum
add_row(FunctionCallInfo fcinfo, int64 at, RetTimeKind kind)
{
	ExpandedEvents *expanded = expanded_arg(fcinfo);
	text	   *event;

	if (unlikely(expanded == NULL || expanded->set.kind != kind))
		return add_small(fcinfo, at, kind);
	event = PG_GETARG_TEXT_PP(3);
	ret_event_set_add(&expanded->set, kind, PG_GETARG_CUSTOMER(1), at,
					  ret_event_name(&expanded->set.names, VARDATA_ANY(event), (int) VARSIZE_ANY_EXHDR(event)));
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

Datum
customer_events_transfn_date(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return ret_agg_ignore(fcinfo);
	return add_row(fcinfo, ret_instant_date(PG_GETARG_DATEADT(2)), RET_DATE);
}

Datum
customer_events_transfn_timestamp(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return ret_agg_ignore(fcinfo);
	return add_row(fcinfo, ret_instant_timestamp(PG_GETARG_TIMESTAMP(2)), RET_TIMESTAMP);
}

Datum
customer_events_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return ret_agg_ignore(fcinfo);
	return add_row(fcinfo, ret_instant_timestamp(PG_GETARG_TIMESTAMPTZ(2)), RET_TIMESTAMPTZ);
}

/* Combine function, and transition function of rollup: adds the events of the value in argument 1 */
Datum
customer_events_combine(PG_FUNCTION_ARGS)
{
	int64		numbers[RET_MAX_EVENT_NAMES];
	RetEventReader reader;
	State		state;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	ret_events_open(&reader, PG_GETARG_DATUM(1));
	state_get(&state, fcinfo, reader.kind, reader.first);
	for (int i = 0; i < reader.nnames; i++)
		numbers[i] = state_name(&state, reader.names[i].bytes, reader.names[i].size);
	if (state.building && offsetof(Building, events) + reader.ntotal * sizeof(RetPackedEvent) > BUILDING_MAX_SIZE)
		state_expand(&state);
	while (ret_events_next(&reader))
	{
		CHECK_FOR_INTERRUPTS();
		for (int64 i = 0; i < reader.nevents; i++)
		{
			state_add(&state, reader.customer, reader.events[i].at, numbers[reader.events[i].name]);
			ret_check_interrupts_at(i);
		}
	}
	return state_result(&state);
}

/*
 * Final function: returns canonical bytes for a small group, and for a large one a
 * pointer to the object, in a chunk of its own, since some servers copy, and so
 * flatten, a result that is not in the current context
 */
Datum
customer_events_finalfn(PG_FUNCTION_ARGS)
{
	Datum		value = PG_GETARG_DATUM(0);
	ExpandedEvents *expanded;
	char	   *pointer;

	ret_agg_check(fcinfo);
	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
		PG_RETURN_POINTER(value_canonical(value));
	expanded = (ExpandedEvents *) DatumGetEOHP(value);
	pointer = palloc(EXPANDED_POINTER_SIZE);
	memcpy(pointer, expanded->hdr.eoh_ro_ptr, EXPANDED_POINTER_SIZE);
	PG_RETURN_POINTER(pointer);
}

/*-------------------------------------------------------------------------
 * What a value holds
 *-------------------------------------------------------------------------
 */

/* customers(customer_events), for which the front of a stored value will do */
Datum
customers_events(PG_FUNCTION_ARGS)
{
	Datum		value = PG_GETARG_DATUM(0);
	RetEventReader reader;

	if (VARATT_IS_EXTENDED(DatumGetPointer(value)) && !VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		struct varlena *front = PG_DETOAST_DATUM_SLICE(value, 0, RET_EVENTS_HEADER_SIZE);

		if (VARSIZE(front) - VARHDRSZ == RET_EVENTS_HEADER_SIZE && *(uint8 *) VARDATA(front) == RET_EVENTS_VERSION)
			PG_RETURN_INT64(ret_get_int64((uint8 *) VARDATA(front) + 4));
	}
	ret_events_open(&reader, value);
	if (reader.next == NULL)
	{
		while (ret_event_scan_next(&reader.scan))
		{
			CHECK_FOR_INTERRUPTS();
			reader.ncustomers++;
		}
	}
	PG_RETURN_INT64(reader.ncustomers);
}

/* event_table(customer_events): for each name its customers and events */
Datum
event_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int64		customers[RET_MAX_EVENT_NAMES] = {0};
	int64		events[RET_MAX_EVENT_NAMES] = {0};
	int64		seen[RET_MAX_EVENT_NAMES] = {0};	/* number of the last customer who has the name */
	int64		ncustomers = 0;
	RetEventReader reader;

	InitMaterializedSRF(fcinfo, 0);
	ret_events_open(&reader, PG_GETARG_DATUM(0));
	while (ret_events_next(&reader))
	{
		CHECK_FOR_INTERRUPTS();
		ncustomers++;
		for (int64 i = 0; i < reader.nevents; i++)
		{
			int64		name = reader.events[i].name;

			events[name]++;
			customers[name] += seen[name] != ncustomers;
			seen[name] = ncustomers;
			ret_check_interrupts_at(i);
		}
	}
	for (int i = 0; i < reader.nnames; i++)
	{
		Datum		values[3];
		bool		nulls[3] = {0};

		values[0] = PointerGetDatum(cstring_to_text_with_len(reader.names[i].bytes, reader.names[i].size));
		values[1] = Int64GetDatum(customers[i]);
		values[2] = Int64GetDatum(events[i]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* activity(customer_events, event): the days of one event, or of all; NULL if there are none */
Datum
activity_events(PG_FUNCTION_ARGS)
{
	RetActivityBuilder *builder;
	RetEventReader reader;
	int			wanted = -1;	/* number of the name; -1: all */
	bool		found = false;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	ret_events_open(&reader, PG_GETARG_DATUM(0));
	if (!PG_ARGISNULL(1))
	{
		text	   *event = PG_GETARG_TEXT_PP(1);

		wanted = ret_events_find(&reader, VARDATA_ANY(event), (int) VARSIZE_ANY_EXHDR(event));
		if (wanted < 0)
			PG_RETURN_NULL();
	}
	/* how many they are need not be right */
	builder = ret_activity_build(Max(reader.ncustomers, reader.ntotal / 8),
								 ret_instant_day(fcinfo->flinfo, reader.first, reader.kind));
	while (ret_events_next(&reader))
	{
		CHECK_FOR_INTERRUPTS();
		for (int64 i = 0; i < reader.nevents; i++)
		{
			ret_check_interrupts_at(i);
			if (wanted >= 0 && reader.events[i].name != wanted)
				continue;
			ret_activity_add(builder, reader.customer,
							 ret_instant_day(fcinfo->flinfo, reader.events[i].at, reader.kind));
			found = true;
		}
	}
	if (!found)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(ret_activity_built(builder));
}

/*-------------------------------------------------------------------------
 * Input and output
 *-------------------------------------------------------------------------
 */

Datum
customer_events_in(PG_FUNCTION_ARGS)
{
	return ret_parse_input(fcinfo, RET_EVENTS_TYPE, ret_events_parse, NULL);
}

Datum
customer_events_recv(PG_FUNCTION_ARGS)
{
	return ret_parse_receive(fcinfo, RET_EVENTS_TYPE, ret_events_parse, NULL);
}

Datum
customer_events_out(PG_FUNCTION_ARGS)
{
	return ret_bytes_output((bytea *) value_canonical(PG_GETARG_DATUM(0)), RET_EVENTS_TYPE);
}

/* Send function: a copy, since the caller may free it */
Datum
customer_events_send(PG_FUNCTION_ARGS)
{
	struct varlena *value = value_canonical(PG_GETARG_DATUM(0));
	bytea	   *result = palloc(VARSIZE(value));

	memcpy(result, value, VARSIZE(value));
	PG_RETURN_BYTEA_P(result);
}

#define RET_ORDERING_TYPE customer_events
#define RET_ORDERING_VALUE(n) value_canonical(PG_GETARG_DATUM(n))
#include "base/ordering.h"
