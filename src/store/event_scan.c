/*-------------------------------------------------------------------------
 *
 * event_scan.c
 *	  A walk over the customers of a set of events.
 *
 * A part is unpacked and sorted, and its customers follow one another.  Who walks over a
 * set a second time leaves its parts as they are then, in order, so a third walk only
 * unpacks them.  Ascending order is for those who need it: counting, which goes over all
 * parts and leaves them in order, and then a merge of the parts, which reads a few lines
 * of each at a time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/aggregate.h"
#include "store/event_scan.h"

/* Begin a walk over a set, part by part */
void
ret_event_scan_set(RetEventScan *scan, RetEventSet *set)
{
	int64		most = 0;

	memset(scan, 0, sizeof(RetEventScan));
	for (int i = 0; i < set->nparts; i++)
		most = Max(most, set->parts[i].nevents);
	ret_event_names_order(set->names.list, set->names.used, set->names.n, &scan->order);
	ret_event_rows_init(&scan->rows, set, most);
	scan->set = set;
	scan->rewrite = set->read;
	set->read = true;
}

/* Unpack the next part that has events; false if there is none */
static bool
load_part(RetEventScan *scan)
{
	RetEventSet *set = scan->set;

	while (set && scan->part < set->nparts)
	{
		RetEventPart *part = &set->parts[scan->part++];

		if (part->nevents == 0)
			continue;
		ret_event_rows_load(&scan->rows, set, part, &scan->order);
		if (scan->rewrite && part->nsorted < part->nevents)
			ret_event_rows_store(&scan->rows, set, part, &scan->order);
		scan->index = 0;
		return true;
	}
	return false;
}

/*-------------------------------------------------------------------------
 * Ascending order
 *-------------------------------------------------------------------------
 */

/* Read the event after that of a cursor; false if there is none */
static inline bool
cursor_next(RetEventCursor *cursor, const RetEventShape *shapes)
{
	if (--cursor->left <= 0)
		return false;
	if (cursor->next == (cursor->chunk == cursor->part->last ? cursor->part->next : cursor->chunk->end))
	{
		cursor->chunk = cursor->chunk->next;
		cursor->next = cursor->chunk->bytes;
	}
	cursor->next = ret_event_get(cursor->next, shapes, &cursor->customer, &cursor->at, &cursor->name);
	return true;
}

/* Move the cursor at the top of the heap to where it belongs */
static void
sift_down(RetEventScan *scan, int place)
{
	RetEventCursor *cursors = scan->cursors;
	RetEventCursor moved = cursors[place];

	for (;;)
	{
		int			child = 2 * place + 1;

		if (child >= scan->nopen)
			break;
		if (child + 1 < scan->nopen && (int64) cursors[child + 1].customer < (int64) cursors[child].customer)
			child++;
		if ((int64) cursors[child].customer >= (int64) moved.customer)
			break;
		cursors[place] = cursors[child];
		place = child;
	}
	cursors[place] = moved;
}

/* Begin to merge parts, all of which are in order */
static void
open_cursors(RetEventScan *scan)
{
	RetEventSet *set = scan->set;

	scan->cursors = palloc(set->nparts * sizeof(RetEventCursor));
	scan->shapes = palloc(RET_EVENT_HEADS * sizeof(RetEventShape));
	ret_event_shapes(scan->shapes, set->kind);
	for (int i = 0; i < set->nparts; i++)
	{
		RetEventPart *part = &set->parts[i];
		RetEventCursor cursor = {.part = part,.chunk = part->first,.left = part->nevents + 1};

		if (part->nevents == 0)
			continue;
		cursor.next = part->first->bytes;
		(void) cursor_next(&cursor, scan->shapes);
		scan->cursors[scan->nopen++] = cursor;
	}
	for (int i = scan->nopen / 2 - 1; i >= 0; i--)
		sift_down(scan, i);
}

/* Read the lowest customer of all cursors */
static void
merge_next(RetEventScan *scan)
{
	RetEventCursor *cursor = scan->cursors;
	int64		customer = (int64) cursor->customer;
	RetEventRows *rows = &scan->rows;
	int64		n = 0;
	bool		more;

	do
	{
		uint16		name = scan->order.ranks[cursor->name];

		if (rows->packed)
			rows->packed[n++] = ret_event_pack(rows->base, customer, (int64) cursor->at, name);
		else
			rows->wide[n++] = (RetEvent) {customer, (int64) cursor->at, name};
		ret_check_interrupts_at(n);
		more = cursor_next(cursor, scan->shapes);
	} while (more && (int64) cursor->customer == customer);
	if (!more)
		*cursor = scan->cursors[--scan->nopen];
	sift_down(scan, 0);
	scan->customer = customer;
	scan->first = 0;
	scan->nevents = n;
}

/*-------------------------------------------------------------------------
 * Walking and counting
 *-------------------------------------------------------------------------
 */

/* Read the next customer; false if there is none */
bool
ret_event_scan_next(RetEventScan *scan)
{
	int64		i;

	if (scan->nopen > 0)
	{
		merge_next(scan);
		return true;
	}
	if (scan->index == scan->rows.n && !load_part(scan))
		return false;
	i = scan->index;
	scan->first = i;
	scan->customer = ret_event_rows_customer(&scan->rows, i);
	do
	{
		i++;
		ret_check_interrupts_at(i);
	} while (i < scan->rows.n && ret_event_rows_customer(&scan->rows, i) == scan->customer);
	scan->nevents = i - scan->first;
	scan->index = i;
	return true;
}

static uint64
greatest_common_divisor(uint64 a, uint64 b)
{
	while (b != 0)
	{
		uint64		rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Count the customers and events in rows */
static void
count_rows(RetEventScan *scan, int64 first)
{
	const RetEventRows *rows = &scan->rows;
	uint64		unit = scan->unit;
	int64		before = 0;

	for (int64 i = 0; i < rows->n; i++)
	{
		RetEvent	event = ret_event_rows_get(rows, i);
		uint64		distance = (uint64) event.at - (uint64) first;

		scan->ncustomers += i == 0 || event.customer != before;
		before = event.customer;
		if (unit != 1 && (unit == 0 || distance % unit != 0))
			unit = greatest_common_divisor(distance, unit);
		ret_check_interrupts_at(i);
	}
	scan->ntotal += rows->n;
	scan->unit = unit;
}

/* Count customers and events before any is read; from then on they are read in ascending order */
void
ret_event_scan_count(RetEventScan *scan, int64 first)
{
	scan->rewrite |= scan->set && scan->set->nparts > 1;
	if (scan->set == NULL)
		count_rows(scan, first);
	else
	{
		while (load_part(scan))
			count_rows(scan, first);
		if (scan->set->nparts > 1)
		{
			/* what is in rows from now on is the customer who was read */
			scan->rows.n = scan->index = 0;
			open_cursors(scan);
		}
	}
	scan->unit = Max(scan->unit, 1);
}
