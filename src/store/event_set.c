/*-------------------------------------------------------------------------
 *
 * event_set.c
 *	  Sets of events in memory: a customer, an instant, and the name of what
 *	  happened.
 *
 * An array to which events are appended, with the numbers of their names in a
 * dictionary: 16 bytes each, in which an instant is counted from a base and has 54
 * bits, 285 years of microseconds around the first event.  An event beyond that, such
 * as of the year 9999, turns the array into one of 24 bytes each.  The machine of
 * src/history does not fit: it gains by merging the rows of a day early, and instants
 * with names are nearly all distinct.
 *
 * When the array is full it is sorted and freed of duplicates, at the earliest when
 * it has four times the events that were left the last time: so an event without
 * duplicates is sorted once and a third on the way, and duplicates take at most four
 * times the memory of the set.  Finishing puts the names in the order of their bytes,
 * numbers them anew, and sorts the events by customer, instant and name.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "base/aggregate.h"
#include "store/event_set.h"

#define MIN_EVENTS		16
#define MIN_NAMES		16
#define COMPACT_EVENTS	4096	/* events of which duplicates are worth removing */
#define NAME_SLOTS		2048	/* a power of 2, more than names */
#define BUCKET_BITS		8
#define FEW_EVENTS		32		/* events that are sorted by insertion */
#define MANY_EVENTS		65536	/* events that are sorted with a second array, which the cache holds */

StaticAssertDecl(RET_MAX_EVENT_NAMES <= RET_NAME_MASK + 1, "a name has a number of RET_NAME_BITS");
StaticAssertDecl(RET_RECENT_NAMES == 1 << 6, "ret_event_set_name() takes 6 bits of a hash");

#define SIGNED_KEY(value)	((uint64) (value) ^ (UINT64CONST(1) << 63))

#define EVENT_SORT sort_packed
#define EVENT_ROW RetPackedEvent
#define EVENT_FIELDS 2
#define EVENT_KEY(row, field) ((field) == 0 ? SIGNED_KEY((row)->customer) : (row)->moment)
#include "store/event_sort.h"

#define EVENT_SORT sort_wide
#define EVENT_ROW RetEvent
#define EVENT_FIELDS 3
#define EVENT_KEY(row, field) \
	SIGNED_KEY((field) == 0 ? (row)->customer : (field) == 1 ? (row)->at : (row)->name)
#include "store/event_sort.h"

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

/* Sort events by customer, instant and name, and remove duplicates; returns how many are left */
int64
ret_events_compact(RetPackedEvent *events, int64 n)
{
	return sort_packed_compact(events, n);
}

/* The same with those of a set */
static void
set_compact(RetEventSet *set)
{
	if (set->packed)
		set->nevents = sort_packed_compact(set->packed, set->nevents);
	else
		set->nevents = sort_wide_compact(set->wide, set->nevents);
	set->compact_at = Max(4 * set->nevents, COMPACT_EVENTS);
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

static inline bool
name_is(const RetEventName *name, const char *bytes, int size)
{
	return name->size == size && memcmp(name->bytes, bytes, size) == 0;
}

/* Find the slot of a name in the hash table, which is 0 if the name is not there */
static uint16 *
find_slot(RetEventSet *set, const char *bytes, int size)
{
	uint32		slot = hash_bytes((const unsigned char *) bytes, size) & (NAME_SLOTS - 1);

	while (set->slots[slot] != 0 && !name_is(&set->names[set->slots[slot] - 1], bytes, size))
		slot = (slot + 1) & (NAME_SLOTS - 1);
	return &set->slots[slot];
}

/* Find the number of a name, or -1 */
static int
find_name(RetEventSet *set, const char *bytes, int size)
{
	if (set->slots)
		return (int) *find_slot(set, bytes, size) - 1;
	for (int i = 0; i < set->nnames; i++)
	{
		if (name_is(&set->names[i], bytes, size))
			return i;
	}
	return -1;
}

/* Put all names into the hash table, if there are many or there were */
static void
fill_slots(RetEventSet *set)
{
	if (set->slots == NULL && set->nnames <= MIN_NAMES)
		return;
	if (set->slots == NULL)
		set->slots = MemoryContextAlloc(set->context, NAME_SLOTS * sizeof(uint16));
	memset(set->slots, 0, NAME_SLOTS * sizeof(uint16));
	for (int i = 0; i < set->nnames; i++)
		*find_slot(set, set->names[i].bytes, set->names[i].size) = (uint16) (i + 1);
}

/*
 * Get the number of a name that was not looked up lately, and note it there; it is
 * added if it is not there yet
 */
int64
ret_event_set_find_name(RetEventSet *set, const char *bytes, int size, RetRecentName *recent)
{
	int			number = find_name(set, bytes, size);
	char	   *copy;

	recent->size = -1;
	if (number < 0)
	{
		ret_check_event_name(size);
		ret_check_event_names(set->nnames);
		if (set->nnames == set->names_alloc)
		{
			set->names_alloc *= 2;
			set->names = repalloc(set->names, set->names_alloc * sizeof(RetEventName));
		}
		copy = MemoryContextAlloc(set->context, Max(size, 1));
		memcpy(copy, bytes, size);
		number = set->nnames++;
		set->names[number] = (RetEventName) {copy, size};
		if (set->slots)
			*find_slot(set, bytes, size) = (uint16) (number + 1);
		else
			fill_slots(set);
	}
	recent->size = size;
	recent->number = number;
	return number;
}

static void
forget_recent(RetEventSet *set)
{
	for (int i = 0; i < RET_RECENT_NAMES; i++)
		set->recent[i].size = -1;
}

/* Drop names without events, put the others in the order of their bytes, and number them anew */
static void
order_names(RetEventSet *set)
{
	bool		used[RET_MAX_EVENT_NAMES];
	int			order[RET_MAX_EVENT_NAMES];
	int64		numbers[RET_MAX_EVENT_NAMES];
	RetEventName names[RET_MAX_EVENT_NAMES];
	bool		same = true;
	int			n = 0;

	memset(used, 0, set->nnames * sizeof(bool));
	for (int64 i = 0; i < set->nevents; i++)
	{
		used[ret_event_set_get(set, i).name] = true;
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
		if (set->packed)
		{
			uint64	   *moment = &set->packed[i].moment;

			*moment = (*moment & ~RET_NAME_MASK) | (uint64) numbers[*moment & RET_NAME_MASK];
		}
		else
			set->wide[i].name = numbers[set->wide[i].name];
		ret_check_interrupts_at(i);
	}
	memcpy(set->names, names, n * sizeof(RetEventName));
	set->nnames = n;
	fill_slots(set);
	forget_recent(set);
}

/*-------------------------------------------------------------------------
 * Sets
 *-------------------------------------------------------------------------
 */

/* Begin a set without events, in a context, with a base and room for so many */
void
ret_event_set_init(RetEventSet *set, RetTimeKind kind, int64 base, int64 nalloc, MemoryContext context)
{
	memset(set, 0, sizeof(RetEventSet));
	set->context = context;
	set->kind = kind;
	set->names_alloc = MIN_NAMES;
	set->names = MemoryContextAlloc(context, set->names_alloc * sizeof(RetEventName));
	forget_recent(set);
	set->base = base;
	set->nalloc = Max(nalloc, MIN_EVENTS);
	set->packed = MemoryContextAllocHuge(context, set->nalloc * sizeof(RetPackedEvent));
	set->compact_at = COMPACT_EVENTS;
}

/* Add events that are counted from the base of the set, to an empty set that has room for them */
void
ret_event_set_append(RetEventSet *set, const RetPackedEvent *events, int64 n)
{
	memcpy(set->packed, events, n * sizeof(RetPackedEvent));
	set->nevents = n;
}

/* Free what a set has, except the bytes of its names */
void
ret_event_set_free(RetEventSet *set)
{
	pfree(set->names);
	if (set->slots)
		pfree(set->slots);
	pfree(set->packed ? (void *) set->packed : (void *) set->wide);
}

/* Make room in a full set: remove duplicates if it has become large, then grow unless that helped */
void
ret_event_set_make_room(RetEventSet *set)
{
	if (set->nevents >= set->compact_at)
		set_compact(set);
	if (set->nevents <= set->nalloc / 4 * 3)
		return;
	set->nalloc *= 2;
	if (set->packed)
		set->packed = repalloc_huge(set->packed, set->nalloc * sizeof(RetPackedEvent));
	else
		set->wide = repalloc_huge(set->wide, set->nalloc * sizeof(RetEvent));
}

/* Add an event to a set that has room for it, and whose events are not packed, or no longer are with this one */
void
ret_event_set_add_far(RetEventSet *set, int64 customer, int64 at, int64 name)
{
	if (set->packed)
	{
		RetEvent   *wide = MemoryContextAllocHuge(set->context, set->nalloc * sizeof(RetEvent));

		for (int64 i = 0; i < set->nevents; i++)
		{
			wide[i] = ret_event_set_get(set, i);
			ret_check_interrupts_at(i);
		}
		pfree(set->packed);
		set->packed = NULL;
		set->wide = wide;
	}
	set->wide[set->nevents++] = (RetEvent) {customer, at, name};
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

/* Compute the greatest common divisor of the distances of the instants of a finished set from the first, or 1 */
uint64
ret_event_set_unit(const RetEventSet *set)
{
	uint64		unit = 0;

	for (int64 i = 0; i < set->nevents && unit != 1; i++)
	{
		uint64		distance = (uint64) ret_event_set_get(set, i).at - (uint64) set->first;

		if (unit == 0 || distance % unit != 0)
			unit = greatest_common_divisor(distance, unit);
		ret_check_interrupts_at(i);
	}
	return Max(unit, 1);
}

/* Put names and events in their order, without duplicates, and compute what is known of all */
void
ret_event_set_finish(RetEventSet *set)
{
	int64		before = 0;

	if (set->finished)
		return;
	order_names(set);
	set_compact(set);
	set->ncustomers = 0;
	set->first = PG_INT64_MAX;
	set->last = PG_INT64_MIN;
	for (int64 i = 0; i < set->nevents; i++)
	{
		RetEvent	event = ret_event_set_get(set, i);

		set->ncustomers += i == 0 || event.customer != before;
		before = event.customer;
		set->first = Min(set->first, event.at);
		set->last = Max(set->last, event.at);
		ret_check_interrupts_at(i);
	}
	set->finished = true;
}
