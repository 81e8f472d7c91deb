/*-------------------------------------------------------------------------
 *
 * merge.h
 *	  Merging canonical values as the sorted lists that they are.  A part of
 *	  engine.h.
 *
 * Values that are rolled up wait as they are stored, until there are many of
 * them or somebody reads the result.  Their customers are all in ascending
 * order, so one walk from front to end gives the canonical bytes of the result:
 * nothing is hashed and nothing is sorted again.
 *
 * - One large value and smaller ones: what lies between the customers of the
 *   smaller ones is copied, and only skipped over to find where it ends.  This
 *   needs a type that defines RET_SPANS.
 * - Many values: a window of customers moves from the least to the greatest.
 *   The entries of all values within the window are listed, value after value,
 *   sorted while the cache holds them, and written.  A heap of values would
 *   need several unpredictable branches for each customer.
 *
 * The first day and the scale of a value are in its header, and its entries
 * refer to them, so only values that agree with the result in both are copied.
 *
 *-------------------------------------------------------------------------
 */
#include "miscadmin.h"
#include "utils/memutils.h"

#include "history/reader.h"

/* Bytes of values that wait, besides the largest, before they are merged */
#define VALUES_MAX_SIZE		(32 * 1024 * 1024)

/* A value with this many times fewer customers than one that waits is written, and waits as well */
#define VALUES_FEWER		2

/* Most values that wait; the smaller ones of as many are merged */
#define VALUES_MAX			512
#define VALUES_KEPT			128

/* Entries of a window, which the cache holds; if they become WINDOW_FULL times as many, it is made smaller */
#define WINDOW_SIZE			(512 * 1024 / sizeof(Event))
#define WINDOW_FULL			4

/* Most by which a window grows, and the customers that it first spans */
#define WINDOW_GROWTH		16
#define WINDOW_FIRST		1024

/* Bits of a customer's place in the window that a sort goes by */
#define WINDOW_DIGIT		14

/* Canonical values that wait to be merged, each with a 4-byte header */
typedef struct ValueList
{
	MemoryContext context;		/* owns the values */
	struct varlena **values;
	int			nvalues;
	Size		size;			/* bytes of all */
	Size		largest;		/* bytes of the largest */
	int64		ncustomers;		/* of the value that has most */
} ValueList;

/* A window of customers, and what the values have of them */
typedef struct Window
{
	Event	   *events;
	Event	   *other;			/* as much room, for sorting */
	int64		nevents;
	int64		nalloc;
	int64		first;			/* first customer */
	uint64		width;			/* last customer, less the first */
} Window;

/* Where a walk over a value was, to begin there again */
typedef struct Mark
{
	const uint8 *next;
	int64		customer;
	int64		nread;
} Mark;

/*-------------------------------------------------------------------------
 * Values that wait
 *-------------------------------------------------------------------------
 */

static struct varlena *merge_values(struct varlena **values, int n);

/* Order values by their size, the smallest first */
static int
compare_values(const void *a, const void *b)
{
	Size		x = VARSIZE(*(struct varlena *const *) a);
	Size		y = VARSIZE(*(struct varlena *const *) b);

	return (x > y) - (x < y);
}

/* Merge the n smallest values of a list, whose place the result takes */
static void
values_merge_smallest(ValueList *list, int n)
{
	MemoryContext old = MemoryContextSwitchTo(list->context);
	struct varlena *merged;

	qsort(list->values, list->nvalues, sizeof(struct varlena *), compare_values);
	merged = merge_values(list->values, n);
	for (int i = 0; i < n; i++)
	{
		list->size -= VARSIZE(list->values[i]);
		pfree(list->values[i]);
	}
	list->nvalues -= n;
	memmove(list->values, list->values + n, list->nvalues * sizeof(struct varlena *));
	list->values[list->nvalues++] = merged;
	list->size += VARSIZE(merged);
	list->largest = Max(list->largest, VARSIZE(merged));
	MemoryContextSwitchTo(old);
}

/* Merge the values of a list, of which there is at least one, and return the only one that is left */
static struct varlena *
values_merge(ValueList *list)
{
	if (list->nvalues > 1)
		values_merge_smallest(list, list->nvalues);
	return list->values[0];
}

/* Add a value, which the list's context owns */
static void
values_add(ValueList *list, struct varlena *value)
{
	if (list->values == NULL)
		list->values = MemoryContextAlloc(list->context, VALUES_MAX * sizeof(struct varlena *));
	list->values[list->nvalues++] = value;
	list->size += VARSIZE(value);
	list->largest = Max(list->largest, VARSIZE(value));
	if (list->size - list->largest > Max(list->largest, VALUES_MAX_SIZE))
		(void) values_merge(list);
	else if (list->nvalues == VALUES_MAX)
		values_merge_smallest(list, VALUES_MAX - VALUES_KEPT);
}

/* Free all values of a list */
static void
values_clear(ValueList *list)
{
	for (int i = 0; i < list->nvalues; i++)
		pfree(list->values[i]);
	list->nvalues = 0;
	list->size = 0;
	list->largest = 0;
	list->ncustomers = 0;
}

/*-------------------------------------------------------------------------
 * Walking
 *-------------------------------------------------------------------------
 */

/* Read the key of the next customer of a value; false after the last */
static inline bool
stream_next(RetReader *stream)
{
	if (stream->nread == stream->ncustomers)
		return false;
	if (unlikely(!canonical_read_key(stream)))
		value_corrupt();
	return true;
}

/* Tell whether there is a customer, whose key has been read */
static inline bool
stream_has(const RetReader *stream)
{
	return stream->nread < stream->ncustomers;
}

/* Read the entries of the customer whose key has been read, in units of a scale that is factor times larger */
static inline void
stream_entries(RetReader *stream, int64 factor)
{
	stream->next = entries_get(stream, stream->next);
	if (unlikely(stream->next == NULL))
		value_corrupt();
	entries_rescale(stream, factor);
}

/* Go on to the next customer */
static inline void
stream_advance(RetReader *stream)
{
	stream->nread++;
	(void) stream_next(stream);
}

/* Order values by their first day: then the entries of a customer mostly come in order */
static int
compare_streams(const void *a, const void *b)
{
	return compare_days(&((const RetReader *) a)->first, &((const RetReader *) b)->first);
}

/*
 * Begin to write the result of merging values that readers have opened; it is
 * about size bytes long
 */
static void
merge_begin(Writer *writer, const RetReader *streams, int n, Size size)
{
	RetReader	all = streams[0];

	for (int i = 1; i < n; i++)
	{
		all.ncustomers += streams[i].ncustomers;
		all.first = Min(all.first, streams[i].first);
		all.last = Max(all.last, streams[i].last);
		all.scale = Max(all.scale, streams[i].scale);
		all.latest = Max(all.latest, streams[i].latest);
	}
	writer_begin_size(writer, NULL, &all, size);
}

/*
 * Finish the result of merging values.  Sums of amounts may need fewer decimals
 * than what was added: then all is written again.
 */
static struct varlena *
merge_end(Writer *writer)
{
	struct varlena *result;
	RetReader	reader;
	Size		size;
	int			scale = writer->scale;

	writer->ncustomers = writer->nwritten;
	result = (struct varlena *) writer_end(writer, &size);
	if (scale == 0)
		return result;
	reader_init(&reader);
	canonical_open(&reader, result);
	scale = least_scale(&reader);
	if (scale < reader.scale)
	{
		writer_begin(writer, NULL, &reader);
		writer->scale = scale;
		while (canonical_next(&reader))
		{
			writer_add(writer, &reader);
			CHECK_FOR_INTERRUPTS();
		}
		pfree(result);
		result = (struct varlena *) writer_end(writer, &size);
	}
	pfree(reader.entries);
	return result;
}

/*-------------------------------------------------------------------------
 * Many values
 *-------------------------------------------------------------------------
 */

/* Append the entries that a reader has to a window */
static inline void
window_add(Window *window, const RetReader *stream)
{
	const Entry *entries = (const Entry *) stream->entries;
	Event	   *next;

	if (unlikely(window->nevents + stream->nentries > window->nalloc))
	{
		window->nalloc = (window->nevents + stream->nentries) * 2;
		window->events = repalloc_huge(window->events, window->nalloc * sizeof(Event));
		window->other = repalloc_huge(window->other, window->nalloc * sizeof(Event));
	}
	next = window->events + window->nevents;
	for (int64 i = 0; i < stream->nentries; i++)
	{
		next[i].customer = stream->customer;
		next[i].entry = entries[i];
	}
	window->nevents += stream->nentries;
}

/*
 * Sort what is listed in a window: spread it by the customers' places in the
 * window, which keeps the order of the values, then insert the few that are not
 * in order yet
 */
static void
window_sort(Window *window)
{
	uint32		places[1 << WINDOW_DIGIT];
	uint32		next = 0;
	int			shift = 0;
	int64		n = window->nevents;
	int64		moves = n * MAX_MOVES;
	Event	   *from = window->events;
	Event	   *to = window->other;

	while (window->width >> shift >= lengthof(places))
		shift++;
	memset(places, 0, ((window->width >> shift) + 1) * sizeof(uint32));
	for (int64 i = 0; i < n; i++)
		places[((uint64) from[i].customer - (uint64) window->first) >> shift]++;
	for (uint64 i = 0; i <= window->width >> shift; i++)
	{
		uint32		count = places[i];

		places[i] = next;
		next += count;
	}
	for (int64 i = 0; i < n; i++)
		to[places[((uint64) from[i].customer - (uint64) window->first) >> shift]++] = from[i];
	window->events = to;
	window->other = from;

	for (int64 i = 1; i < n; i++)
	{
		Event		event = to[i];
		int64		j = i;

		if (likely(event_compare(&to[i - 1], &event) <= 0))
			continue;
		for (; j > 0 && event_compare(&event, &to[j - 1]) < 0; j--)
			to[j] = to[j - 1];
		to[j] = event;
		moves -= i - j;
		if (unlikely(moves < 0))
		{
			sort_events(to, n);
			break;
		}
	}
}

/* Move a window to the first customer who is left; false if there is none */
static bool
window_move(Window *window, const RetReader *streams, int n)
{
	bool		found = false;

	window->first = PG_INT64_MAX;
	for (int i = 0; i < n; i++)
	{
		if (stream_has(&streams[i]))
		{
			window->first = Min(window->first, streams[i].customer);
			found = true;
		}
	}
	window->width = Min(window->width, (uint64) PG_INT64_MAX - (uint64) window->first);
	return found;
}

/* List the entries of a value within a window; false if there are too many */
static inline bool
window_list(Window *window, RetReader *stream, int scale)
{
	int64		last = (int64) ((uint64) window->first + window->width);
	int64		factor = ret_amount_factor(scale - stream->scale);

	while (stream_has(stream) && stream->customer <= last)
	{
		stream_entries(stream, factor);
		window_add(window, stream);
		stream_advance(stream);
		if (unlikely(window->nevents >= (int64) WINDOW_SIZE * WINDOW_FULL) && window->width > 0)
			return false;
	}
	return true;
}

/* List the entries of all values within a window; false, and all values are where they were, if there are too many */
static bool
window_fill(Window *window, RetReader *streams, Mark *marks, int n, int scale)
{
	bool		enough = true;

	window->nevents = 0;
	for (int i = 0; enough && i < n; i++)
	{
		marks[i] = (Mark) {streams[i].next, streams[i].customer, streams[i].nread};
		enough = window_list(window, &streams[i], scale);
		for (int j = i; !enough && j >= 0; j--)
		{
			streams[j].next = marks[j].next;
			streams[j].customer = marks[j].customer;
			streams[j].nread = marks[j].nread;
		}
	}
	return enough;
}

/* Make a window smaller in which there was too much, so that less of what was listed is in it */
static void
window_shrink(Window *window)
{
	window_sort(window);
	window->width = Min(window->width - 1,
						(uint64) window->events[WINDOW_SIZE - 1].customer - (uint64) window->first);
}

/* Make a window wider in which there was little */
static void
window_grow(Window *window)
{
	uint64		by = Min(WINDOW_SIZE / Max(window->nevents, 1), WINDOW_GROWTH);

	if (by > 1)
		window->width = Max(window->width, 1) > PG_UINT64_MAX / by ? PG_UINT64_MAX : Max(window->width, 1) * by;
}

/* Write the sorted entries of a window, of which those of one key are combined */
static void
window_write(const Window *window, Writer *writer, RetReader *out)
{
	const Event *event = window->events;
	const Event *end = event + window->nevents;

	while (event < end)
	{
		Entry	   *entries = (Entry *) out->entries;
		int64		n = 0;

		out->customer = event->customer;
		do
		{
			if (n > 0 && !entry_less(&entries[n - 1], &event->entry))
				entry_add(&entries[n - 1], &event->entry);
			else
			{
				entries = reader_reserve(out, n + 1);
				entries[n++] = event->entry;
			}
			event++;
		} while (event < end && event->customer == out->customer);
		out->nentries = n;
		writer_add(writer, out);
	}
}

/* Merge values that readers have opened by a window that moves over all of them */
static void
merge_windows(Writer *writer, RetReader *streams, int n)
{
	Window		window = {.width = WINDOW_FIRST,.nalloc = WINDOW_SIZE};
	Mark	   *marks = palloc(n * sizeof(Mark));
	RetReader	out;

	reader_init(&out);
	out.scale = writer->scale;
	window.events = palloc(window.nalloc * sizeof(Event));
	window.other = palloc(window.nalloc * sizeof(Event));
	while (window_move(&window, streams, n))
	{
		CHECK_FOR_INTERRUPTS();
		if (!window_fill(&window, streams, marks, n, writer->scale))
		{
			window_shrink(&window);
			continue;
		}
		window_sort(&window);
		window_write(&window, writer, &out);
		window_grow(&window);
	}
	pfree(window.events);
	pfree(window.other);
	pfree(marks);
	pfree(out.entries);
}

/*-------------------------------------------------------------------------
 * A large value and a small one
 *-------------------------------------------------------------------------
 */
#ifdef RET_SPANS

/*
 * Copy the customers of a value before `customer`, without reading their
 * entries; all that are left if there is no such bound.  Only the key of the
 * first is written anew, as the others are told by their distance from the one
 * before.
 */
static void
copy_span(Writer *writer, RetReader *stream, const int64 *customer)
{
	const uint8 *begin = stream->next;
	const uint8 *end = begin;
	int64		last = stream->customer;
	int64		before = stream->nread;

	if (!stream_has(stream) || (customer && stream->customer >= *customer))
		return;
	writer_add_key(writer, stream->customer);
	do
	{
		last = stream->customer;
		end = entries_skip(stream->next, stream->end);
		if (unlikely(end == NULL))
			value_corrupt();
		stream->next = end;
		stream_advance(stream);
		if ((stream->nread & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	} while (stream_has(stream) && (customer == NULL || stream->customer < *customer));
	memcpy(writer_reserve(writer, end - begin), begin, end - begin);
	writer->used += end - begin;
	writer->customer = last;
	writer->nwritten += stream->nread - before - 1;
	writer_check_size(writer);
}

/*
 * Merge a large value and a small one that readers have opened.  The result's
 * first day and scale are those of the large one.  The totals are those of the
 * large one, less those of its customers who are written anew.
 */
static void
merge_spans(Writer *writer, RetReader *large, RetReader *small)
{
	int64		factor = ret_amount_factor(writer->scale - small->scale);
	Totals		anew = {0};
	Totals		all;
	Window		window = {.nalloc = 64};
	RetReader	out;

	reader_init(&out);
	out.scale = writer->scale;
	window.events = palloc(window.nalloc * sizeof(Event));
	window.other = palloc(window.nalloc * sizeof(Event));
	totals_get(&all, (const uint8 *) VARDATA(large->value) + 2);
	while (stream_has(small))
	{
		copy_span(writer, large, &small->customer);
		window.first = small->customer;
		window.nevents = 0;
		if (stream_has(large) && large->customer == small->customer)
		{
			stream_entries(large, 1);
			totals_add(&anew, large);
			window_add(&window, large);
			stream_advance(large);
		}
		stream_entries(small, factor);
		window_add(&window, small);
		stream_advance(small);
		window_sort(&window);
		window_write(&window, writer, &out);
		CHECK_FOR_INTERRUPTS();
	}
	copy_span(writer, large, NULL);
	totals_sum(&all, &anew, -1);
	totals_sum(&writer->totals, &all, 1);
	pfree(window.events);
	pfree(window.other);
	pfree(out.entries);
}

/* Tell whether merge_spans() can merge a value with one that is not larger */
static bool
spans_fit(const RetReader *large, const RetReader *small)
{
	return small->first >= large->first && small->scale <= large->scale &&
		small->end - small->next <= (large->end - large->next) / 2;
}
#endif

/*-------------------------------------------------------------------------
 * Merging
 *-------------------------------------------------------------------------
 */

/* Merge n values, of which none is larger than the next, in the current context */
static struct varlena *
merge_values(struct varlena **values, int n)
{
	RetReader  *streams = palloc(n * sizeof(RetReader));
	struct varlena *others = NULL;
	struct varlena *result;
	Writer		writer;
	Size		size = 0;

	for (int i = 0; i < n - 1; i++)
		size += VARSIZE(values[i]);
	if (n > 2 && size <= VARSIZE(values[n - 1]) / 2)
	{
		/* the largest is copied if all others are one */
		struct varlena *pair[2];

		others = merge_values(values, n - 1);
		pair[0] = others;
		pair[1] = values[n - 1];
		result = merge_values(pair, 2);
		pfree(others);
		pfree(streams);
		return result;
	}
	for (int i = 0; i < n; i++)
	{
		reader_init(&streams[i]);
		canonical_open(&streams[i], values[i]);
		(void) stream_next(&streams[i]);
	}
	merge_begin(&writer, streams, n, size + VARSIZE(values[n - 1]));
#ifdef RET_SPANS
	if (n == 2 && spans_fit(&streams[1], &streams[0]))
		merge_spans(&writer, &streams[1], &streams[0]);
	else
#endif
	{
		qsort(streams, n, sizeof(RetReader), compare_streams);
		merge_windows(&writer, streams, n);
	}
	for (int i = 0; i < n; i++)
		pfree(streams[i].entries);
	pfree(streams);
	return merge_end(&writer);
}
