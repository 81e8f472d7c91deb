/*-------------------------------------------------------------------------
 *
 * small.h
 *	  The transition value of a small group.  A part of engine.h.
 *
 * It is a flat varlena, since an object with a memory context for each of many
 * groups would make HashAggregate quadratic.  Rows are appended to an array, each
 * a customer and a unit, whose day counts from a base that the first row chooses:
 * 10 bytes for a day, 16 for an entry with a payload.  An entry that fits no unit
 * makes the form a wide one, an array of events.  A full array of some size is
 * sorted, and entries of one key are combined; it grows when that did not help,
 * and the next time without trying if hardly any were combined.
 *
 * Of a time zone it has the number only: it stays in the processes of one server,
 * whose names of zones are the same.  What goes elsewhere has the name, see forms.h.
 *
 * Sizes are powers of two, as the allocator would make them anyway.  Ten rows fit
 * into the first.
 *
 *-------------------------------------------------------------------------
 */
#include "base/retention.h"
#include "base/zone.h"

/* A form of this many bytes is compacted before it grows */
#define EVENTS_COMPACT_SIZE	4096

/* It grows the next time without trying if less than one in this many events was combined */
#define FEW_COMBINED		8

/* Bytes of a form before it becomes an expanded object */
#define EVENTS_MAX_SIZE		65536

/* A row of a small group */
typedef struct SmallRow
{
	uint16		customer[4];	/* an int64 that needs little alignment */
	Unit		unit;			/* with its day as an offset from the base */
} SmallRow;

/* Bytes of a form at first */
#define EVENTS_MIN_SIZE		(sizeof(SmallRow) > 10 ? 256 : 128)

/* The form of events, a multiple of 8 bytes long */
typedef struct EventsForm
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;		/* RET_VERSION */
	uint8		form;			/* FORM_EVENTS */
	uint8		wide:1;			/* 1: the data are events, 0: rows */
	uint8		distinct:1;		/* 1: the last time that it was compacted, few events were combined */
	uint8		scale;			/* decimals of the amounts */
	uint16		nevents;		/* events or rows in use */
	uint16		nalloc;			/* events or rows there is room for */
	uint32		zone;			/* ret_zone_number() of the days; 0 if they depend on no zone */
	DateADT		latest;			/* the latest day that the type has set */
	DateADT		base;			/* day of offset 0, set by the first row */
	char		data[FLEXIBLE_ARRAY_MEMBER];	/* aligned to 8 bytes */
} EventsForm;

static inline SmallRow *
form_rows(const EventsForm *form)
{
	return (SmallRow *) form->data;
}

static inline Event *
form_events(const EventsForm *form)
{
	return (Event *) form->data;
}

static inline Size
form_size(bool wide, int64 nevents)
{
	return offsetof(EventsForm, data) + nevents * (wide ? sizeof(Event) : sizeof(SmallRow));
}

static inline int64
row_customer(const SmallRow *row)
{
	int64		customer;

	memcpy(&customer, row->customer, sizeof(customer));
	return customer;
}

static inline int
small_row_compare(const SmallRow *a, const SmallRow *b)
{
	int64		x = row_customer(a);
	int64		y = row_customer(b);

	if (x != y)
		return x < y ? -1 : 1;
	return (unit_key(a->unit) > unit_key(b->unit)) - (unit_key(a->unit) < unit_key(b->unit));
}

#define ST_SORT sort_small_rows
#define ST_ELEMENT_TYPE SmallRow
#define ST_COMPARE(a, b) small_row_compare(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Allocate an empty form with room for nevents, in the current context */
static EventsForm *
events_alloc(bool wide, int64 nevents)
{
	Size		size = EVENTS_MIN_SIZE;
	EventsForm *form;

	while (size < form_size(wide, nevents))
		size *= 2;
	form = palloc(size);
	memset(form, 0, offsetof(EventsForm, data));
	SET_VARSIZE(form, size);
	form->version = RET_VERSION;
	form->form = FORM_EVENTS;
	form->wide = wide;
	form->latest = DATEVAL_NOBEGIN;
	form->nalloc = (size - offsetof(EventsForm, data)) / (wide ? sizeof(Event) : sizeof(SmallRow));
	return form;
}

/* Get an event of a form */
static inline Event
events_get(const EventsForm *form, int64 i)
{
	const SmallRow *row = &form_rows(form)[i];

	if (form->wide)
		return form_events(form)[i];
	return (Event) {.customer = row_customer(row),.entry = unit_entry(row->unit, form->base)};
}

/* Append an entry, for which there is room; false if it fits no unit of a form that is not wide */
static inline bool
events_put(EventsForm *form, int64 customer, const Entry *entry)
{
	SmallRow   *row = &form_rows(form)[form->nevents];
	int64		offset;

	if (unlikely(form->wide))
		form_events(form)[form->nevents] = (Event) {.customer = customer,.entry = *entry};
	else
	{
		if (form->nevents == 0)
			form->base = base_near(entry->day);
		/* as in parts_add() */
		offset = (int64) entry->day - form->base;
		if (unlikely((uint64) offset >= PG_UINT16_MAX || !unit_set(&row->unit, offset, entry)))
			return false;
		memcpy(row->customer, &customer, sizeof(customer));
	}
	form->nevents++;
	return true;
}

/* Copy a form into one with room for nevents or more, which may be wide */
static EventsForm *
events_copy(const EventsForm *form, bool wide, int64 nevents)
{
	EventsForm *copy = events_alloc(wide, nevents);

	copy->scale = form->scale;
	copy->distinct = form->distinct;
	copy->zone = form->zone;
	copy->latest = form->latest;
	copy->base = form->base;
	copy->nevents = form->nevents;
	if (form->wide == wide)
		memcpy(copy->data, form->data, form_size(wide, form->nevents) - offsetof(EventsForm, data));
	else
	{
		for (int64 i = 0; i < form->nevents; i++)
			form_events(copy)[i] = events_get(form, i);
	}
	return copy;
}

/* Sort rows and combine those of one key, except where the sum fits no unit; returns how many are left */
static int64
rows_compact(SmallRow *rows, int64 nrows)
{
	int64		n = 0;

	sort_small_rows(rows, nrows);
	for (int64 i = 0; i < nrows; i++)
	{
		if (n == 0 || small_row_compare(&rows[n - 1], &rows[i]) != 0 ||
			!unit_add(&rows[n - 1].unit, rows[i].unit))
			rows[n++] = rows[i];
	}
	return n;
}

/* Compact a full form */
static void
form_compact(EventsForm *form)
{
	form->nevents = form->wide ? events_compact(form_events(form), form->nevents) :
		rows_compact(form_rows(form), form->nevents);
	form->distinct = form->nevents >= form->nalloc - form->nalloc / FEW_COMBINED;
}

/* Give the amounts of a form more decimals; false, and nothing is done, if they fit no units */
static bool
events_rescale(EventsForm *form, int scale)
{
	int64		factor = ret_amount_factor(scale - form->scale);
	Unit		unit;

	for (int64 i = 0; i < form->nevents && !form->wide; i++)
	{
		Entry		entry = events_get(form, i).entry;

		entry_rescale(&entry, factor);
		if (!unit_set(&unit, 0, &entry))
			return false;
	}
	for (int64 i = 0; i < form->nevents; i++)
	{
		Entry		entry = events_get(form, i).entry;

		entry_rescale(&entry, factor);
		if (form->wide)
			form_events(form)[i].entry = entry;
		else
			(void) unit_set(&form_rows(form)[i].unit, entry.day - form->base, &entry);
	}
	form->scale = scale;
	return true;
}

/* Create an expanded object that is to have n customers, and what a form has beside its events */
static Expanded *
expanded_from_form(const EventsForm *form, MemoryContext parent, int64 n, DateADT base)
{
	Expanded   *expanded = parts_create(parent, n, base);

	expanded->scale = form->scale;
	expanded->latest = form->latest;
	ret_zone_name(&expanded->zone, form->zone);
	return expanded;
}

/* Create an expanded object with the events of a form that has become too small */
static Expanded *
expanded_from_events(const EventsForm *form, MemoryContext parent)
{
	DateADT		sample[BASE_SAMPLE] = {0};
	int			n = Min(form->nevents, BASE_SAMPLE);
	Expanded   *expanded;

	for (int i = 0; i < n; i++)
		sample[i] = events_get(form, form->nevents / n * i).entry.day;
	expanded = expanded_from_form(form, parent, form->nevents, choose_base(sample, Max(n, 1)));
	for (int64 i = 0; i < form->nevents; i++)
	{
		Event		event = events_get(form, i);

		parts_add(expanded, event.customer, event.entry);
	}
	return expanded;
}

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* Prepare to read a form of events */
static void
events_open(RetReader *reader, const EventsForm *form)
{
	Event	   *events = palloc(form->nevents * sizeof(Event));

	for (int64 i = 0; i < form->nevents; i++)
		events[i] = events_get(form, i);
	reader->events = events;
	reader->nevents = events_compact(events, form->nevents);
	reader->scale = form->scale;
	reader->latest = form->latest;
	reader->zone_number = form->zone;
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
