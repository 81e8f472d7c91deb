/*-------------------------------------------------------------------------
 *
 * events.c
 *	  Lists of customers and days: small groups, and days that fit nowhere else.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "history/events.h"
#include "history/reader.h"

static inline int
event_compare(const RetEvent *a, const RetEvent *b)
{
	if (a->customer != b->customer)
		return a->customer < b->customer ? -1 : 1;
	return (a->day > b->day) - (a->day < b->day);
}

#define ST_SORT sort_events
#define ST_ELEMENT_TYPE RetEvent
#define ST_COMPARE(a, b) event_compare(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Sort events and drop duplicates; returns how many are left */
int64
ret_events_compact(RetEvent *events, int64 nevents)
{
	int64		n = 0;

	sort_events(events, nevents);
	for (int64 i = 0; i < nevents; i++)
		if (n == 0 || event_compare(&events[n - 1], &events[i]) != 0)
			events[n++] = events[i];
	return n;
}

/* Add to a list in context; duplicates are dropped whenever it is full */
void
ret_strays_add(RetEventList *list, int64 customer, DateADT day, MemoryContext context)
{
	if (list->nevents == list->nalloc)
	{
		if (list->nalloc == 0)
		{
			list->nalloc = 64;
			list->events = MemoryContextAlloc(context, list->nalloc * sizeof(RetEvent));
		}
		else
			list->nevents = ret_events_compact(list->events, list->nevents);
		if (list->nevents > list->nalloc / 2)
		{
			list->nalloc *= 2;
			list->events = repalloc_huge(list->events, list->nalloc * sizeof(RetEvent));
		}
	}
	list->events[list->nevents].customer = customer;
	list->events[list->nevents].day = day;
	list->events[list->nevents++].aux = 0;
	list->sorted = false;
}

/* Put a list in order, without duplicates */
void
ret_strays_sort(RetEventList *list)
{
	if (!list->sorted)
		list->nevents = ret_events_compact(list->events, list->nevents);
	list->sorted = true;
}

/* Place in a sorted list of the first event of a customer */
int64
ret_strays_find(const RetEventList *list, int64 customer)
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

/* Sort events by customer and day */
void
ret_events_sort(RetEvent *events, uint64 n)
{
	sort_events(events, n);
}
