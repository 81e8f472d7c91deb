/*-------------------------------------------------------------------------
 *
 * activity_days.c
 *	  A map from customers to sets of days, kept small: what an expanded
 *	  customer_activity holds.
 *
 * A slot of the map has 16 bytes: the customer, and either up to three days or
 * a reference to a block in an arena, which holds the days as a sorted array
 * or, where that is smaller, as a bitmap.  Days are 16 bits, counted from a
 * base that is chosen by the first events; the days that are too far from it
 * (someone's year 9999) are kept as events beside the map.  Blocks that are
 * outgrown are used again.  The map grows in place, the arena by segments.
 *
 * Blocks double, from 24 bytes, which is room for twelve days.  Adding a day is
 * O(1) but for the insertion in the middle of an array, which
 * has at most a few dozen elements before it becomes a bitmap, unless a
 * customer's days are sparse over decades.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "activity_days.h"

/* The arena grows by segments; a block has a number of units, from 3 to 1,536 */
#define BLOCK_UNIT			8
#define SEGMENT_UNITS		2048
#define PREFETCH_AHEAD		24

/* An array longer than this may become a bitmap */
#define ARRAY_ENOUGH		32

/* A day, as its offset from the base, for the customer in a slot */
typedef struct DayOfSlot
{
	RetCustomer *customer;
	int			day;
} DayOfSlot;

/* Words of 64 days that offsets of 16 bits can be in */
#define BITMAP_WORDS		1024

/*-------------------------------------------------------------------------
 * Events
 *-------------------------------------------------------------------------
 */

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
static void
strays_add(RetEventList *list, int64 customer, DateADT day, MemoryContext context)
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

void
ret_strays_sort(RetEventList *list)
{
	if (!list->sorted)
		list->nevents = ret_events_compact(list->events, list->nevents);
	list->sorted = true;
}

/* Place in a sorted list of the first event of a customer */
static int64
strays_find(const RetEventList *list, int64 customer)
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

/*-------------------------------------------------------------------------
 * Blocks
 *-------------------------------------------------------------------------
 */

/* Bytes of a block of a class: 24, 48, 96 ... */
static inline Size
class_size(int class)
{
	return (Size) 24 << class;
}

/* The class of a block of at least so many bytes */
static inline int
class_for(Size size)
{
	return size <= 24 ? 0 : pg_leftmost_one_pos64((size - 1) / 24) + 1;
}

static inline void *
block_at(const RetDays *sets, uint32 ref)
{
	return sets->segments[ref / SEGMENT_UNITS] + (ref % SEGMENT_UNITS) * BLOCK_UNIT;
}

/*
 * Add a segment to the arena.  Segments are small and never move: growing one
 * large chunk for each of many parts would leave as many holes behind.
 */
static void
segment_add(RetDays *sets)
{
	if (sets->nsegments == PG_UINT32_MAX / SEGMENT_UNITS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too much activity in one group"),
				 errdetail("The days of %llu customers need more than 32 GB.",
						   (unsigned long long) sets->map.ncustomers)));
	if (sets->nsegments == sets->segments_alloc)
	{
		sets->segments_alloc = Max(16, 2 * sets->segments_alloc);
		sets->segments = sets->segments ?
			repalloc_huge(sets->segments, sets->segments_alloc * sizeof(char *)) :
			MemoryContextAlloc(sets->context, sets->segments_alloc * sizeof(char *));
	}
	sets->segments[sets->nsegments] = MemoryContextAlloc(sets->context, SEGMENT_UNITS * BLOCK_UNIT);
	/* the first unit of all is not used, so that no block is number 0 */
	sets->segment_used = sets->nsegments++ == 0 ? 1 : 0;
}

/* Take a block of a class */
static uint32
block_alloc(RetDays *sets, int class)
{
	uint32		ref = sets->free[class];
	uint32		units = class_size(class) / BLOCK_UNIT;

	if (ref != 0)
	{
		memcpy(&sets->free[class], block_at(sets, ref), sizeof(uint32));
		return ref;
	}
	if (sets->nsegments == 0 || sets->segment_used + units > SEGMENT_UNITS)
		segment_add(sets);
	ref = (sets->nsegments - 1) * SEGMENT_UNITS + sets->segment_used;
	sets->segment_used += units;
	return ref;
}

static void
block_free(RetDays *sets, uint32 ref, int class)
{
	memcpy(block_at(sets, ref), &sets->free[class], sizeof(uint32));
	sets->free[class] = ref;
}

/*-------------------------------------------------------------------------
 * The days of a customer
 *-------------------------------------------------------------------------
 */

static inline int
days_class(const RetCustomer *customer)
{
	return customer->flags >> DAYS_CLASS_SHIFT;
}

/* Days that the array of a customer has room for */
static inline int
array_capacity(const RetCustomer *customer)
{
	return (24 / sizeof(uint16)) << days_class(customer);
}

/* Words in the bitmap of a customer */
static inline int
bitmap_nwords(const RetCustomer *customer)
{
	return (24 / sizeof(uint64)) << days_class(customer);
}

/* The class of a bitmap that covers words low..high and has room to grow */
static inline int
bitmap_class(int low, int high)
{
	int			nwords = high - low + 1;

	return class_for((nwords + nwords / 8) * sizeof(uint64));
}

/* Give a customer a new block of a class; whoever had an old one must free it */
static void *
days_set_block(RetDays *sets, RetCustomer *customer, int kind, int class)
{
	customer->flags = class << DAYS_CLASS_SHIFT | (customer->flags & HAS_STRAYS) | kind;
	customer->word = block_alloc(sets, class);
	return block_at(sets, customer->word);
}

/* Give a customer an empty bitmap that covers words low..high */
static uint64 *
bitmap_create(RetDays *sets, RetCustomer *customer, int low, int high)
{
	int			class = bitmap_class(low, high);
	uint64	   *bits = days_set_block(sets, customer, DAYS_BITMAP, class);

	customer->small = Max(Min(low, BITMAP_WORDS - bitmap_nwords(customer)), 0);
	return memset(bits, 0, class_size(class));
}

static inline void
bitmap_set(uint64 *bits, int first, uint16 day)
{
	bits[(day >> 6) - first] |= UINT64CONST(1) << (day & 63);
}

/* Enlarge the bitmap of a customer so that it covers a word */
static void
bitmap_cover(RetDays *sets, RetCustomer *customer, int word)
{
	const RetCustomer old = *customer;
	const uint64 *old_bits = block_at(sets, old.word);
	int			first = old.small;
	int			low = first;
	int			high = first + bitmap_nwords(&old) - 1;
	uint64	   *bits;

	while (high > low && old_bits[high - first] == 0)
		high--;
	while (low < high && old_bits[low - first] == 0)
		low++;
	bits = bitmap_create(sets, customer, Min(low, word), Max(high, word));
	memcpy(&bits[low - customer->small], &old_bits[low - first],
		   (high - low + 1) * sizeof(uint64));
	block_free(sets, old.word, days_class(&old));
}

/* A full array of a customer becomes a larger one, or a bitmap if that is smaller */
static void
array_enlarge(RetDays *sets, RetCustomer *customer, uint16 day)
{
	const RetCustomer old = *customer;
	const uint16 *days = block_at(sets, old.word);
	int			ndays = old.small;
	int			class = days_class(&old) + 1;
	int			low = Min(days[0], day) >> 6;
	int			high = Max(days[ndays - 1], day) >> 6;

	if (ndays >= ARRAY_ENOUGH && bitmap_class(low, high) <= class)
	{
		uint64	   *bits = bitmap_create(sets, customer, low, high);

		for (int i = 0; i < ndays; i++)
			bitmap_set(bits, customer->small, days[i]);
	}
	else
		memcpy(days_set_block(sets, customer, DAYS_ARRAY, class), days, ndays * sizeof(uint16));
	block_free(sets, old.word, days_class(&old));
}

/* Insert into ndays sorted days, of which there is room for one more; false if it is there */
static inline bool
insert_day(uint16 *days, int ndays, uint16 day)
{
	int			i = ndays;

	while (i > 0 && days[i - 1] > day)
		i--;
	if (i > 0 && days[i - 1] == day)
		return false;
	memmove(&days[i + 1], &days[i], (ndays - i) * sizeof(uint16));
	days[i] = day;
	return true;
}

/* The days of a customer of one to three */
static inline void
inline_get(const RetCustomer *customer, uint16 *days)
{
	days[0] = customer->small;
	days[1] = customer->word & 0xFFFF;
	days[2] = customer->word >> 16;
}

static inline void
inline_set(RetCustomer *customer, const uint16 *days, int ndays)
{
	customer->flags = (customer->flags & ~DAYS_KIND) | ndays;
	customer->small = days[0];
	customer->word = (ndays > 1 ? days[1] : 0) | (uint32) (ndays > 2 ? days[2] : 0) << 16;
}

/* Add a day, given as its offset from the base, to a customer who has an array */
static inline void
array_add(RetDays *sets, RetCustomer *customer, uint16 day)
{
	uint16	   *days = block_at(sets, customer->word);
	int			ndays = customer->small;

	/* usually it is the last */
	if (likely(days[ndays - 1] < day && ndays < array_capacity(customer)))
	{
		days[ndays] = day;
		customer->small++;
		return;
	}
	if (days[ndays - 1] == day)
		return;
	if (ndays == array_capacity(customer))
	{
		int			i = ndays - 1;

		while (i > 0 && days[i] > day)
			i--;
		if (days[i] == day)
			return;
		array_enlarge(sets, customer, day);
		days = block_at(sets, customer->word);
		if ((customer->flags & DAYS_KIND) == DAYS_BITMAP)
		{
			bitmap_set((uint64 *) days, customer->small, day);
			return;
		}
	}
	customer->small += insert_day(days, ndays, day);
}

/* The same to one who has a bitmap */
static inline void
bitmap_add(RetDays *sets, RetCustomer *customer, uint16 day)
{
	int			word = day >> 6;

	if (unlikely(word < customer->small ||
				 word >= customer->small + bitmap_nwords(customer)))
		bitmap_cover(sets, customer, word);
	bitmap_set(block_at(sets, customer->word), customer->small, day);
}

/* The same to one of whom less is known */
static void
inline_add(RetDays *sets, RetCustomer *customer, uint16 day)
{
	int			ndays = customer->flags & DAYS_KIND;
	uint16		days[DAYS_INLINE_MAX + 1];

	/* earlier events of the batch may have changed how the days are kept */
	if (ndays == DAYS_ARRAY)
	{
		array_add(sets, customer, day);
		return;
	}
	if (ndays == DAYS_BITMAP)
	{
		bitmap_add(sets, customer, day);
		return;
	}
	if (ndays == DAYS_NONE)
		ndays = 0;
	inline_get(customer, days);
	if (!insert_day(days, ndays, day))
		return;
	if (++ndays <= DAYS_INLINE_MAX)
		inline_set(customer, days, ndays);
	else
	{
		memcpy(days_set_block(sets, customer, DAYS_ARRAY, 0), days, ndays * sizeof(uint16));
		customer->small = ndays;
	}
}

/* Read the days of a customer, strays included, in ascending order */
void
ret_days_read(const RetDays *sets, const RetCustomer *customer, RetActivityReader *reader)
{
	DateADT		base = sets->base;
	int			kind = customer->flags & DAYS_KIND;
	int64		n = 0;

	if (kind <= DAYS_INLINE_MAX)
	{
		uint16		days[DAYS_INLINE_MAX];

		inline_get(customer, days);
		while (n < kind)
		{
			reader->days[n] = base + days[n];
			n++;
		}
	}
	else if (kind == DAYS_ARRAY)
	{
		const uint16 *days = block_at(sets, customer->word);

		ret_reader_reserve(reader, customer->small);
		for (; n < customer->small; n++)
			reader->days[n] = base + days[n];
	}
	else if (kind == DAYS_BITMAP)
	{
		const uint64 *words = block_at(sets, customer->word);
		int			nwords = bitmap_nwords(customer);

		ret_reader_reserve(reader, (int64) nwords * 64);
		for (int i = 0; i < nwords; i++)
		{
			DateADT		first = base + (customer->small + i) * 64;

			for (uint64 bits = words[i]; bits != 0; bits &= bits - 1)
				reader->days[n++] = first + pg_rightmost_one_pos64(bits);
		}
	}

	if (customer->flags & HAS_STRAYS)
	{
		const RetEventList *strays = &sets->strays;
		int64		i = strays_find(strays, customer->key);
		int64		before = i;
		int64		after;

		/* strays are before or behind all days that have an offset */
		while (before < strays->nevents && strays->events[before].customer == customer->key &&
			   strays->events[before].day < base)
			before++;
		after = before;
		while (after < strays->nevents && strays->events[after].customer == customer->key)
			after++;
		ret_reader_reserve(reader, n + after - i);
		memmove(reader->days + (before - i), reader->days, n * sizeof(DateADT));
		for (int64 j = i; j < before; j++)
			reader->days[j - i] = strays->events[j].day;
		for (int64 j = before; j < after; j++)
			reader->days[n + j - i] = strays->events[j].day;
		n += after - i;
	}
	reader->customer = customer->key;
	reader->ndays = n;
}

/* An empty map with room for n customers */
void
ret_days_create(RetDays *sets, MemoryContext context, uint64 n)
{
	memset(sets, 0, sizeof(RetDays));
	sets->context = context;
	ret_map_create(&sets->map, offsetof(RetCustomer, values), n, context);
	sets->first = DATEVAL_NOEND;
	sets->last = DATEVAL_NOBEGIN;
	sets->strays.sorted = true;
}

/* Free the chunks of a map */
void
ret_days_free(RetDays *sets)
{
	pfree(sets->map.chunk);
	for (uint32 i = 0; i < sets->nsegments; i++)
		pfree(sets->segments[i]);
	if (sets->segments)
		pfree(sets->segments);
	if (sets->strays.events)
		pfree(sets->strays.events);
}

/* A day that is too far from the base */
static void
stray_add(RetDays *sets, RetCustomer *customer, DateADT day)
{
	customer->flags |= HAS_STRAYS;
	strays_add(&sets->strays, customer->key, day, sets->context);
}

static int
compare_days(const void *a, const void *b)
{
	DateADT		x = *(const DateADT *) a;
	DateADT		y = *(const DateADT *) b;

	return (x > y) - (x < y);
}

/*
 * Choose the base by the first events: around their median, which is not the
 * one that stands for "never"
 */
static void
choose_base(RetDays *sets, const RetEvent *events, int n)
{
	DateADT		days[RET_DAYS_BATCH];

	for (int i = 0; i < n; i++)
		days[i] = events[i].day;
	qsort(days, n, sizeof(DateADT), compare_days);
	sets->base = days[n / 2] - (PG_UINT16_MAX + 1) / 2;
}

/*
 * Ask for the part of a customer's block that a day will touch: the word of a
 * bitmap, in an array the end, where a later day is put
 */
static pg_always_inline void
block_prefetch(const RetDays *sets, const RetCustomer *customer, int offset)
{
	int			word = (offset >> 6) - customer->small;
	int			at = customer->small * sizeof(uint16);

	if ((customer->flags & DAYS_KIND) == DAYS_BITMAP)
		at = word * sizeof(uint64);
	__builtin_prefetch((char *) block_at(sets, customer->word) + at, 1);
}

/* The slot at which the probes of an event begin: ret_map_home, by its aux */
static inline RetCustomer *
event_home(const RetMap *map, const RetEvent *event)
{
	return (RetCustomer *) map->slots + ((event->aux >> (map->shift - 32)) & map->group);
}

/* A new customer, still without days, in an unused slot */
static inline RetCustomer *
add_customer(RetMap *map, RetCustomer *slot, int64 key)
{
	slot->key = key;
	slot->flags = DAYS_NONE;
	slot->turn = map->turn;
	map->ncustomers++;
	return slot;
}

/*
 * The slot of an event's customer, entered if new.  Most are there, in the
 * first cache line: its slots are compared without a branch for each, since
 * how many it takes cannot be predicted.
 */
static inline RetCustomer *
enter_customer(RetMap *map, const RetEvent *event)
{
	RetCustomer *customer = event_home(map, event);
	int64		key = event->customer;
	unsigned int found;

	found = (customer[0].key == key) | (customer[1].key == key) << 1 |
		(customer[2].key == key) << 2 | (customer[3].key == key) << 3;
	if (likely(found != 0))
	{
		customer += pg_rightmost_one_pos32(found);
		/* an unused slot looks like that of customer 0 */
		if (likely(customer->flags != 0))
			return customer;
	}
	/* a line is filled from its beginning, so a customer who is not in one with room is new */
	customer = event_home(map, event);
	found = (customer[0].flags == 0) | (customer[1].flags == 0) << 1 |
		(customer[2].flags == 0) << 2 | (customer[3].flags == 0) << 3;
	if (likely(found != 0))
		return add_customer(map, customer + pg_rightmost_one_pos32(found), key);
	customer = ret_map_probe(map, key);
	return customer->flags != 0 ? customer : add_customer(map, customer, key);
}

/*
 * Add up to RET_DAYS_BATCH events, of which aux is the high half of the
 * customer's hash.  The first pass finds their slots, which it has asked for
 * some events ahead, asks for their blocks, and sorts the events by how the
 * days are kept; the second adds the days, kind by kind, so that the processor
 * knows what comes.
 */
void
ret_days_add(RetDays *sets, const RetEvent *events, int n)
{
	RetMap	   *map = &sets->map;
	DayOfSlot	days[3][RET_DAYS_BATCH];	/* inline, array, bitmap */
	int			ndays[3] = {0};
	DateADT		first = sets->first;
	DateADT		last = sets->last;

	if (map->ncustomers == 0 && n > 0)
		choose_base(sets, events, n);
	while (map->ncustomers + n > RET_MAP_LIMIT(map->nslots))
		ret_map_grow(map, map->nslots * 2);
	for (int i = 0; i < Min(n, PREFETCH_AHEAD); i++)
		__builtin_prefetch(event_home(map, &events[i]), 1);
	for (int i = 0; i < n; i++)
	{
		RetCustomer *customer;
		int64		offset = (int64) events[i].day - sets->base;
		int			kind;

		if (i + PREFETCH_AHEAD < n)
			__builtin_prefetch(event_home(map, &events[i + PREFETCH_AHEAD]), 1);
		first = Min(first, events[i].day);
		last = Max(last, events[i].day);
		customer = enter_customer(map, &events[i]);
		if (unlikely(offset < 0 || offset > PG_UINT16_MAX))
		{
			stray_add(sets, customer, events[i].day);
			continue;
		}
		kind = customer->flags & DAYS_KIND;
		kind = (kind >= DAYS_ARRAY) + (kind == DAYS_BITMAP);
		if (kind != 0)
			block_prefetch(sets, customer, offset);
		days[kind][ndays[kind]].customer = customer;
		days[kind][ndays[kind]++].day = offset;
	}
	sets->first = first;
	sets->last = last;
	for (int i = 0; i < ndays[0]; i++)
		inline_add(sets, days[0][i].customer, days[0][i].day);
	for (int i = 0; i < ndays[1]; i++)
	{
		/* an earlier event of the batch may have made it a bitmap */
		if (likely((days[1][i].customer->flags & DAYS_KIND) == DAYS_ARRAY))
			array_add(sets, days[1][i].customer, days[1][i].day);
		else
			bitmap_add(sets, days[1][i].customer, days[1][i].day);
	}
	for (int i = 0; i < ndays[2]; i++)
		bitmap_add(sets, days[2][i].customer, days[2][i].day);
}

/*
 * Add many days of one customer, whom event tells as above, to a map that is
 * not empty: the slot is looked for once
 */
void
ret_days_merge(RetDays *sets, const RetEvent *event, const DateADT *days, int64 ndays)
{
	RetCustomer *customer;

	if (sets->map.ncustomers >= RET_MAP_LIMIT(sets->map.nslots))
		ret_map_grow(&sets->map, sets->map.nslots * 2);
	customer = enter_customer(&sets->map, event);
	for (int64 i = 0; i < ndays; i++)
	{
		int64		offset = (int64) days[i] - sets->base;

		if (likely(offset >= 0 && offset <= PG_UINT16_MAX))
			inline_add(sets, customer, offset);
		else
			stray_add(sets, customer, days[i]);
	}
	sets->first = Min(sets->first, days[0]);
	sets->last = Max(sets->last, days[ndays - 1]);
}

/* Read the next customer of a map */
bool
ret_days_next(const RetDays *sets, RetActivityReader *reader)
{
	const RetMap *map = &sets->map;

	while (reader->slot < map->nslots)
	{
		RetCustomer *customer = ret_map_slot(map, reader->slot++);

		if (reader->slot + 8 < map->nslots)
		{
			RetCustomer *ahead = ret_map_slot(map, reader->slot + 8);

			if ((ahead->flags & DAYS_KIND) >= DAYS_ARRAY)
				__builtin_prefetch(block_at(sets, ahead->word));
		}
		if (customer->flags != 0)
		{
			ret_days_read(sets, customer, reader);
			return true;
		}
	}
	return false;
}

/*
 * List the customers, each as an event of the number of its slot; returns how
 * many there are
 */
uint64
ret_days_list(RetDays *sets, RetEvent *list)
{
	const RetMap *map = &sets->map;
	uint64		n = 0;

	for (uint64 i = 0; i < map->nslots; i++)
	{
		RetCustomer *customer = ret_map_slot(map, i);

		if (customer->flags != 0)
		{
			list[n].customer = customer->key;
			list[n++].day = (int32) i;
		}
	}
	return n;
}

/* Sort events by customer and day */
void
ret_events_sort(RetEvent *events, uint64 n)
{
	sort_events(events, n);
}
