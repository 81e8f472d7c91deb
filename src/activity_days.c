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

/* Days of one customer as a bitmap over 64-day words */
typedef struct BitmapBlock
{
	uint16		first;			/* word of bits[0]: day offset / 64 */
	uint16		nwords;			/* words there are */
	uint32		unused;
	uint64		bits[FLEXIBLE_ARRAY_MEMBER];
} BitmapBlock;

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
	list->events[list->nevents++].unused = 0;
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
array_class(int ndays)
{
	return class_for(ndays * sizeof(uint16));
}

static inline int
array_capacity(int ndays)
{
	return class_size(array_class(ndays)) / sizeof(uint16);
}

/* A bitmap block, all bits 0, that covers words low..high and has room to grow */
static uint32
bitmap_alloc(RetDays *sets, int low, int high)
{
	int			nwords = high - low + 1;
	int			class = class_for(offsetof(BitmapBlock, bits) + (nwords + nwords / 8) * sizeof(uint64));
	uint32		ref = block_alloc(sets, class);
	BitmapBlock *bitmap = block_at(sets, ref);

	nwords = (class_size(class) - offsetof(BitmapBlock, bits)) / sizeof(uint64);
	bitmap->first = Min(low, (1 << 10) - Min(nwords, 1 << 10));
	bitmap->nwords = nwords;
	bitmap->unused = 0;
	memset(bitmap->bits, 0, nwords * sizeof(uint64));
	return ref;
}

static inline void
bitmap_set(BitmapBlock *bitmap, uint16 day)
{
	bitmap->bits[(day >> 6) - bitmap->first] |= UINT64CONST(1) << (day & 63);
}

/* Enlarge the bitmap of a customer so that it covers a word */
static void
bitmap_cover(RetDays *sets, RetCustomer *customer, int word)
{
	uint32		old_ref = customer->word;
	BitmapBlock *old = block_at(sets, old_ref);
	int			low = old->first;
	int			high = old->first + old->nwords - 1;
	BitmapBlock *new;
	uint32		ref;

	while (high > low && old->bits[high - low] == 0)
		high--;
	while (low < high && old->bits[low - old->first] == 0)
		low++;
	ref = bitmap_alloc(sets, Min(low, word), Max(high, word));
	old = block_at(sets, old_ref);
	new = block_at(sets, ref);
	memcpy(&new->bits[low - new->first], &old->bits[low - old->first],
		   (high - low + 1) * sizeof(uint64));
	block_free(sets, old_ref,
			   class_for(offsetof(BitmapBlock, bits) + old->nwords * sizeof(uint64)));
	customer->word = ref;
}

/* A full array of a customer becomes a larger one, or a bitmap if that is smaller */
static void
array_enlarge(RetDays *sets, RetCustomer *customer, uint16 day)
{
	int			ndays = customer->small;
	uint32		old_ref = customer->word;
	uint16	   *days = block_at(sets, old_ref);
	int			low = Min(days[0], day) >> 6;
	int			high = Max(days[ndays - 1], day) >> 6;
	Size		bitmap_size = offsetof(BitmapBlock, bits) + (high - low + 1) * sizeof(uint64);
	uint32		ref;

	if (ndays >= ARRAY_ENOUGH && bitmap_size <= class_size(array_class(ndays + 1)))
	{
		BitmapBlock *bitmap;

		ref = bitmap_alloc(sets, low, high);
		bitmap = block_at(sets, ref);
		days = block_at(sets, old_ref);
		for (int i = 0; i < ndays; i++)
			bitmap_set(bitmap, days[i]);
		customer->flags = (customer->flags & ~DAYS_KIND) | DAYS_BITMAP;
		customer->small = 0;
	}
	else
	{
		ref = block_alloc(sets, array_class(ndays + 1));
		memcpy(block_at(sets, ref), block_at(sets, old_ref), ndays * sizeof(uint16));
	}
	block_free(sets, old_ref, array_class(ndays));
	customer->word = ref;
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

/* Is the day among the sorted ones?  (The array is short, the day mostly near its end.) */
static inline bool
array_has(const uint16 *days, int ndays, uint16 day)
{
	int			i = ndays;

	while (i > 0 && days[i - 1] > day)
		i--;
	return i > 0 && days[i - 1] == day;
}

/* Add a day, given as its offset from the base, to a customer */
static void
days_add(RetDays *sets, RetCustomer *customer, uint16 day)
{
	int			kind = customer->flags & DAYS_KIND;

	if (kind == DAYS_ARRAY)
	{
		uint16	   *days = block_at(sets, customer->word);
		int			ndays = customer->small;

		if (ndays < array_capacity(ndays))
		{
			customer->small += insert_day(days, ndays, day);
			return;
		}
		if (array_has(days, ndays, day))
			return;
		array_enlarge(sets, customer, day);
		if ((customer->flags & DAYS_KIND) == DAYS_ARRAY)
			customer->small += insert_day(block_at(sets, customer->word), ndays, day);
		else
			bitmap_set(block_at(sets, customer->word), day);
	}
	else if (kind == DAYS_BITMAP)
	{
		BitmapBlock *bitmap = block_at(sets, customer->word);
		int			word = day >> 6;

		if (word < bitmap->first || word >= bitmap->first + bitmap->nwords)
		{
			bitmap_cover(sets, customer, word);
			bitmap = block_at(sets, customer->word);
		}
		bitmap_set(bitmap, day);
	}
	else
	{
		uint16		days[DAYS_INLINE_MAX + 1];
		int			ndays = kind == DAYS_NONE ? 0 : kind;

		inline_get(customer, days);
		if (!insert_day(days, ndays, day))
			return;
		if (++ndays <= DAYS_INLINE_MAX)
			inline_set(customer, days, ndays);
		else
		{
			customer->flags = (customer->flags & ~DAYS_KIND) | DAYS_ARRAY;
			customer->word = block_alloc(sets, array_class(ndays));
			customer->small = ndays;
			memcpy(block_at(sets, customer->word), days, ndays * sizeof(uint16));
		}
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
		const BitmapBlock *bitmap = block_at(sets, customer->word);

		ret_reader_reserve(reader, (int64) bitmap->nwords * 64);
		for (int i = 0; i < bitmap->nwords; i++)
		{
			uint64		bits = bitmap->bits[i];

			for (; bits != 0; bits &= bits - 1)
				reader->days[n++] = base + (bitmap->first + i) * 64 + pg_rightmost_one_pos64(bits);
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
	pfree(sets->map.slots);
	for (uint32 i = 0; i < sets->nsegments; i++)
		pfree(sets->segments[i]);
	if (sets->segments)
		pfree(sets->segments);
	if (sets->strays.events)
		pfree(sets->strays.events);
}

/* Add a day to the slot of a customer */
static inline void
add_event(RetDays *sets, RetCustomer *customer, DateADT day)
{
	int64		offset = (int64) day - sets->base;

	sets->first = Min(sets->first, day);
	sets->last = Max(sets->last, day);
	if (likely(offset >= 0 && offset <= PG_UINT16_MAX))
	{
		days_add(sets, customer, (uint16) offset);
		return;
	}
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
 * The slot of a customer, entered if new.  Most customers are there, in their
 * own slot or one of the next three: these are compared without a branch for
 * each, since how many it takes cannot be predicted.
 */
static inline RetCustomer *
enter_customer(RetMap *map, int64 key)
{
	uint64		home = ret_customer_hash(key) >> map->shift;
	unsigned int found = 0;
	RetCustomer *customer;

	for (int i = 0; i < 4; i++)
	{
		customer = ret_map_slot(map, (home + i) & (map->nslots - 1));
		found |= (unsigned int) (customer->key == key && customer->flags != 0) << i;
	}
	if (likely(found != 0))
		return ret_map_slot(map, (home + pg_rightmost_one_pos32(found)) & (map->nslots - 1));

	customer = ret_map_enter(map, key);
	if (customer->flags == 0)
		customer->flags = DAYS_NONE;
	return customer;
}

/*
 * Add up to RET_DAYS_BATCH events.  The first pass finds their slots, which it
 * has asked for some events ahead, asks for their blocks, and sorts the events
 * by how the days are kept; the second adds the days, kind by kind, so that
 * the processor knows what comes.
 */
void
ret_days_add(RetDays *sets, const RetEvent *events, int n)
{
	RetMap	   *map = &sets->map;
	RetCustomer *slots[RET_DAYS_BATCH];
	uint16		kinds[3][RET_DAYS_BATCH];	/* inline, array, bitmap */
	int			nkinds[3] = {0};

	if (map->ncustomers == 0 && n > 0)
		choose_base(sets, events, n);
	while (map->ncustomers + n > RET_MAP_LIMIT(map->nslots))
		ret_map_grow(map, map->nslots * 2);
	for (int i = 0; i < Min(n, PREFETCH_AHEAD); i++)
		ret_map_prefetch(map, events[i].customer);
	for (int i = 0; i < n; i++)
	{
		RetCustomer *customer;
		int			kind;

		if (i + PREFETCH_AHEAD < n)
			ret_map_prefetch(map, events[i + PREFETCH_AHEAD].customer);
		customer = enter_customer(map, events[i].customer);
		kind = customer->flags & DAYS_KIND;
		kind = (kind >= DAYS_ARRAY) + (kind == DAYS_BITMAP);
		/* in an array, where a later day will be put */
		if (kind != 0)
			__builtin_prefetch((uint16 *) block_at(sets, customer->word) + customer->small, 1);
		slots[i] = customer;
		kinds[kind][nkinds[kind]++] = i;
	}
	for (int kind = 0; kind < 3; kind++)
	{
		for (int i = 0; i < nkinds[kind]; i++)
			add_event(sets, slots[kinds[kind][i]], events[kinds[kind][i]].day);
	}
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
