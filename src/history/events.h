/*-------------------------------------------------------------------------
 *
 * events.h
 *	  Lists of customers and entries: small groups, and strays, which are the
 *	  entries that no unit can hold.  A part of engine.h.
 *
 *-------------------------------------------------------------------------
 */
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/retention.h"

/* So many events are sorted by insertion */
#define FEW_EVENTS			16

/* An entry of a customer */
typedef struct Event
{
	int64		customer;
	Entry		entry;
} Event;

/* Events, perhaps with several of one key */
typedef struct EventList
{
	Event	   *events;
	int64		nevents;
	int64		nalloc;
	bool		sorted;			/* and of different keys */
} EventList;

static inline int
event_compare(const Event *a, const Event *b)
{
	if (a->customer != b->customer)
		return a->customer < b->customer ? -1 : 1;
	return entry_less(&b->entry, &a->entry) - entry_less(&a->entry, &b->entry);
}

#define ST_SORT sort_events
#define ST_ELEMENT_TYPE Event
#define ST_COMPARE(a, b) event_compare(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Sort a few events */
static inline void
sort_few_events(Event *events, int64 nevents)
{
	for (int64 i = 1; i < nevents; i++)
	{
		Event		event = events[i];
		int64		j = i;

		for (; j > 0 && event_compare(&event, &events[j - 1]) < 0; j--)
			events[j] = events[j - 1];
		events[j] = event;
	}
}

/* Sort events and combine those of one key; returns how many are left */
static int64
events_compact(Event *events, int64 nevents)
{
	int64		n = 0;

	if (nevents <= FEW_EVENTS)
		sort_few_events(events, nevents);
	else
		sort_events(events, nevents);
	for (int64 i = 0; i < nevents; i++)
	{
		if (n == 0 || event_compare(&events[n - 1], &events[i]) != 0)
			events[n++] = events[i];
		else
			entry_add(&events[n - 1].entry, &events[i].entry);
	}
	return n;
}

/* Add a stray to a list in context, which is compacted whenever it is full */
static pg_noinline void
strays_add(EventList *list, int64 customer, Entry entry, MemoryContext context)
{
	if (list->nevents == list->nalloc)
	{
		if (list->nalloc == 0)
		{
			list->nalloc = 64;
			list->events = MemoryContextAlloc(context, list->nalloc * sizeof(Event));
		}
		else
			list->nevents = events_compact(list->events, list->nevents);
		if (list->nevents > list->nalloc / 2)
		{
			list->nalloc *= 2;
			list->events = repalloc_huge(list->events, list->nalloc * sizeof(Event));
		}
	}
	list->events[list->nevents].customer = customer;
	list->events[list->nevents++].entry = entry;
	list->sorted = false;
}

/* Put a list in order, with one event of each key */
static void
strays_sort(EventList *list)
{
	if (!list->sorted)
		list->nevents = events_compact(list->events, list->nevents);
	list->sorted = true;
}

/* Find the place in a sorted list of the first event of a customer */
static int64
strays_find(const EventList *list, int64 customer)
{
	int64		low = 0;
	int64		high = list->nevents;

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (list->events[middle].customer < customer)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
