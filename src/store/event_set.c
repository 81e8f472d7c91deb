/*-------------------------------------------------------------------------
 *
 * event_set.c
 *	  Sets of events in memory: a customer, an instant, and the name of what
 *	  happened.
 *
 * An array to which events are appended, 24 bytes each, with the numbers of their
 * names in a dictionary.  The machine of src/history does not fit: it gains by
 * merging the rows of a day early, and instants with names are nearly all distinct.
 *
 * When the array is full it is sorted and freed of duplicates, at the earliest when
 * it has four times the events that were left the last time: so an event without
 * duplicates is sorted once and a third on the way, and duplicates take at most four
 * times the memory of the set.  Finishing puts the names in the order of their bytes,
 * numbers them anew, and sorts the events by customer, instant and name.
 *
 * The sort is by the highest differing bits of the customer, in place, then of the
 * instant, until few events are left: O(events) for keys that are spread evenly, and
 * never more than one pass for each 8 bits of a key.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "base/aggregate.h"
#include "store/event_set.h"

#define MIN_EVENTS		256
#define MIN_NAMES		16
#define COMPACT_EVENTS	4096	/* events of which duplicates are worth removing */
#define NAME_SLOTS		2048	/* a power of 2, more than names */
#define BUCKET_BITS		8
#define FEW_EVENTS		64		/* events that are sorted by comparison */

/* The fields by which events are ordered, in this order */
enum
{
	FIELD_CUSTOMER,
	FIELD_AT,
	FIELD_NAME
};

static inline int
event_compare(const RetEvent *a, const RetEvent *b)
{
	if (a->customer != b->customer)
		return a->customer < b->customer ? -1 : 1;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return (a->name > b->name) - (a->name < b->name);
}

#define ST_SORT sort_few
#define ST_ELEMENT_TYPE RetEvent
#define ST_COMPARE(a, b) event_compare(a, b)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

static inline int
name_compare(const RetEventName *a, const RetEventName *b)
{
	int			result = memcmp(a->bytes, b->bytes, Min(a->size, b->size));

	return result != 0 ? result : a->size - b->size;
}

#define ST_SORT sort_names
#define ST_ELEMENT_TYPE int
#define ST_COMPARE_ARG_TYPE const RetEventName
#define ST_COMPARE(a, b, names) name_compare(&(names)[*(a)], &(names)[*(b)])
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*-------------------------------------------------------------------------
 * Sorting
 *-------------------------------------------------------------------------
 */

/* Get a field of an event as a number without sign, in the same order */
static inline uint64
event_key(const RetEvent *event, int field)
{
	int64		key = field == FIELD_CUSTOMER ? event->customer : field == FIELD_AT ? event->at : event->name;

	return (uint64) key ^ (UINT64CONST(1) << 63);
}

static void sort_by(RetEvent *events, int64 n, int field);

/*
 * Divide events into buckets by the highest bits in which their field differs, and
 * sort these.  Returns false, and does nothing, if it differs nowhere.
 */
static pg_always_inline bool
sort_buckets(RetEvent *events, int64 n, int field)
{
	int64		next[1 << BUCKET_BITS];
	int64		ends[1 << BUCKET_BITS];
	uint64		lowest = PG_UINT64_MAX;
	uint64		highest = 0;
	int64		sum = 0;
	int			bits,
				shift;
	int			nbuckets;

	for (int64 i = 0; i < n; i++)
	{
		uint64		key = event_key(&events[i], field);

		lowest = Min(lowest, key);
		highest = Max(highest, key);
	}
	if (lowest == highest)
		return false;

	/* not more buckets than are filled with some events each */
	bits = Min(BUCKET_BITS, pg_leftmost_one_pos64((uint64) n / 16) + 1);
	shift = Max(pg_leftmost_one_pos64(highest - lowest) + 1 - bits, 0);
	nbuckets = (int) ((highest - lowest) >> shift) + 1;
	memset(ends, 0, nbuckets * sizeof(int64));
	for (int64 i = 0; i < n; i++)
		ends[(event_key(&events[i], field) - lowest) >> shift]++;
	for (int b = 0; b < nbuckets; b++)
	{
		next[b] = sum;
		sum += ends[b];
		ends[b] = sum;
	}
	for (int b = 0; b < nbuckets; b++)
	{
		CHECK_FOR_INTERRUPTS();
		while (next[b] < ends[b])
		{
			RetEvent	event = events[next[b]];
			int			to;

			while ((to = (int) ((event_key(&event, field) - lowest) >> shift)) != b)
			{
				RetEvent	other = events[next[to]];

				events[next[to]++] = event;
				event = other;
			}
			events[next[b]++] = event;
		}
	}
	for (int b = 0; b < nbuckets; b++)
	{
		int64		begin = b == 0 ? 0 : ends[b - 1];

		sort_by(events + begin, ends[b] - begin, field);
	}
	return true;
}

/* Sort events, all of which agree in the fields before this one */
static void
sort_by(RetEvent *events, int64 n, int field)
{
	if (n <= FEW_EVENTS)
	{
		if (n > 1)
			sort_few(events, n);
		return;
	}
	CHECK_FOR_INTERRUPTS();
	check_stack_depth();
	if (field == FIELD_CUSTOMER && sort_buckets(events, n, FIELD_CUSTOMER))
		return;
	if (field <= FIELD_AT && sort_buckets(events, n, FIELD_AT))
		return;
	(void) sort_buckets(events, n, FIELD_NAME);
}

/* Sort events by customer, instant and name, and remove duplicates; returns how many are left */
int64
ret_events_compact(RetEvent *events, int64 n)
{
	int64		kept = 1;
	int64		i = 1;

	while (i < n && event_compare(&events[i - 1], &events[i]) <= 0)
		i++;
	if (i < n)
		sort_by(events, n, FIELD_CUSTOMER);
	for (i = 1; i < n; i++)
	{
		if (event_compare(&events[kept - 1], &events[i]) != 0)
			events[kept++] = events[i];
		ret_check_interrupts_at(i);
	}
	return Min(kept, n);
}

/*-------------------------------------------------------------------------
 * Names
 *-------------------------------------------------------------------------
 */

/* Raise error 54000 if a name is too long */
void
ret_check_event_name(int size)
{
	if (size > RET_MAX_EVENT_NAME_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the name of an event is too long"),
				 errdetail("It has %d bytes, the limit is %d.", size, RET_MAX_EVENT_NAME_SIZE),
				 errhint("Pass a short name for what happened, for instance with CASE.")));
}

/* Raise error 54000 unless a set of n names may have another */
void
ret_check_event_names(int n)
{
	if (n >= RET_MAX_EVENT_NAMES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("there are too many names of events"),
				 errdetail("The limit is %d.", RET_MAX_EVENT_NAMES),
				 errhint("Map them to fewer names with CASE, or leave events out with FILTER.")));
}

/* Find the slot of a name, which is 0 if the name is not there */
static uint16 *
find_slot(RetEventSet *set, const char *bytes, int size)
{
	uint32		slot = hash_bytes((const unsigned char *) bytes, size) & (NAME_SLOTS - 1);

	for (;; slot = (slot + 1) & (NAME_SLOTS - 1))
	{
		const RetEventName *name;

		if (set->slots[slot] == 0)
			return &set->slots[slot];
		name = &set->names[set->slots[slot] - 1];
		if (name->size == size && memcmp(name->bytes, bytes, size) == 0)
			return &set->slots[slot];
	}
}

/* Get the number of a name; it is added if it is not there yet */
int64
ret_event_set_name(RetEventSet *set, const char *bytes, int size)
{
	uint16	   *slot = find_slot(set, bytes, size);
	char	   *copy;

	if (likely(*slot != 0))
		return *slot - 1;
	ret_check_event_name(size);
	ret_check_event_names(set->nnames);
	if (set->nnames == set->names_alloc)
	{
		set->names_alloc *= 2;
		set->names = repalloc(set->names, set->names_alloc * sizeof(RetEventName));
	}
	copy = MemoryContextAlloc(set->context, Max(size, 1));
	memcpy(copy, bytes, size);
	set->names[set->nnames] = (RetEventName) {copy, size};
	*slot = (uint16) ++set->nnames;
	return set->nnames - 1;
}

/* Drop names without events, put the others in the order of their bytes, and number them anew */
static void
order_names(RetEventSet *set)
{
	bool		used[RET_MAX_EVENT_NAMES] = {0};
	int			order[RET_MAX_EVENT_NAMES];
	int64		numbers[RET_MAX_EVENT_NAMES];
	RetEventName names[RET_MAX_EVENT_NAMES];
	bool		same = true;
	int			n = 0;

	for (int64 i = 0; i < set->nevents; i++)
	{
		used[set->events[i].name] = true;
		ret_check_interrupts_at(i);
	}
	for (int i = 0; i < set->nnames; i++)
	{
		if (used[i])
			order[n++] = i;
	}
	sort_names(order, n, set->names);
	for (int i = 0; i < n; i++)
	{
		names[i] = set->names[order[i]];
		numbers[order[i]] = i;
		same &= order[i] == i;
	}
	if (same && n == set->nnames)
		return;
	for (int64 i = 0; i < set->nevents; i++)
	{
		set->events[i].name = numbers[set->events[i].name];
		ret_check_interrupts_at(i);
	}
	memcpy(set->names, names, n * sizeof(RetEventName));
	set->nnames = n;
	memset(set->slots, 0, NAME_SLOTS * sizeof(uint16));
	for (int i = 0; i < n; i++)
		*find_slot(set, names[i].bytes, names[i].size) = (uint16) (i + 1);
}

/*-------------------------------------------------------------------------
 * Sets
 *-------------------------------------------------------------------------
 */

/* Begin a set without events, in a context */
void
ret_event_set_init(RetEventSet *set, RetTimeKind kind, MemoryContext context)
{
	memset(set, 0, sizeof(RetEventSet));
	set->context = context;
	set->kind = kind;
	set->names_alloc = MIN_NAMES;
	set->names = MemoryContextAlloc(context, set->names_alloc * sizeof(RetEventName));
	set->slots = MemoryContextAllocZero(context, NAME_SLOTS * sizeof(uint16));
	set->nalloc = MIN_EVENTS;
	set->events = MemoryContextAlloc(context, set->nalloc * sizeof(RetEvent));
	set->compact_at = COMPACT_EVENTS;
}

/* Make room for n events in all */
static void
set_reserve(RetEventSet *set, int64 n)
{
	if (n <= set->nalloc)
		return;
	set->nalloc = Max(n, 2 * set->nalloc);
	set->events = repalloc_huge(set->events, set->nalloc * sizeof(RetEvent));
}

/* Make room in a full set: remove duplicates if it has become large, then grow unless that helped */
void
ret_event_set_make_room(RetEventSet *set)
{
	if (set->nevents >= set->compact_at)
	{
		set->nevents = ret_events_compact(set->events, set->nevents);
		set->compact_at = Max(4 * set->nevents, COMPACT_EVENTS);
	}
	if (set->nevents > set->nalloc / 4 * 3)
		set_reserve(set, 2 * set->nalloc);
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

/* Put names and events in their order, without duplicates, and compute what is known of all */
void
ret_event_set_finish(RetEventSet *set)
{
	const RetEvent *events = set->events;
	uint64		unit = 0;

	if (set->finished)
		return;
	order_names(set);
	set->nevents = ret_events_compact(set->events, set->nevents);
	set->compact_at = Max(4 * set->nevents, COMPACT_EVENTS);
	set->ncustomers = 0;
	set->first = PG_INT64_MAX;
	set->last = PG_INT64_MIN;
	for (int64 i = 0; i < set->nevents; i++)
	{
		set->ncustomers += i == 0 || events[i].customer != events[i - 1].customer;
		set->first = Min(set->first, events[i].at);
		set->last = Max(set->last, events[i].at);
		ret_check_interrupts_at(i);
	}
	for (int64 i = 0; i < set->nevents && unit != 1; i++)
	{
		uint64		distance = (uint64) events[i].at - (uint64) set->first;

		if (unit == 0 || distance % unit != 0)
			unit = greatest_common_divisor(distance, unit);
		ret_check_interrupts_at(i);
	}
	set->unit = Max(unit, 1);
	set->finished = true;
}
