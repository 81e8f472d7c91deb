/*-------------------------------------------------------------------------
 *
 * activity.c
 *	  The type customer_activity: for each customer the set of days with an
 *	  event, as an aggregate builds it, as it is stored and merged.
 *
 * The value has three forms.
 *
 * - Canonical: the bytes that are stored, sent and compared.  Equal content is
 *   equal bytes.  They are activity_io.c's.
 * - Events: the transition value of a small group, an array of (customer, day)
 *   to which rows are appended.  When it is full it is sorted, and duplicates
 *   leave it; it grows when that did not help.  It is a flat varlena, since an
 *   object with a memory context for each of many groups would make
 *   HashAggregate quadratic.
 * - Expanded: the transition value of a large group, an expanded object.  A
 *   map (customer.c) has 16 bytes per customer: the key, and either up to three
 *   days or a reference to a block in an arena, which holds the days as a
 *   sorted array or, where that is smaller, as a bitmap.  Days are 16 bits,
 *   counted from a base that is chosen when the map is made; the days that are
 *   too far from it (someone's year 9999) are kept as events beside the map.
 *
 * A row is O(1) but for the insertion of a day in the middle of an array, which
 * has at most a few dozen elements before it becomes a bitmap.  Rows wait in a
 * ring until their slot, and then their block, have been prefetched.  Arena and
 * map grow in place.  Everything is owned by the aggregate's context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "activity.h"
#include "activity_io.h"
#include "aggregate.h"
#include "calendar.h"
#include "customer.h"

/* Bytes of events, of which the last step before an expanded object is 64 kB */
#define EVENTS_MIN_SIZE		256
#define EVENTS_MAX_SIZE		65536

#define DELAY_ROWS			64	/* a power of 2 */
#define DELAY_BLOCK			32	/* when to prefetch the block of a slot */
#define MERGE_CUSTOMERS		64

/* RetCustomer.flags: how the days are kept */
#define DAYS_INLINE_MAX		3	/* 1 to 3: that many, in small and word */
#define DAYS_NONE			4	/* all days are strays */
#define DAYS_ARRAY			5	/* word is a block of small sorted days */
#define DAYS_BITMAP			6	/* word is a BitmapBlock */
#define DAYS_KIND			0x0F
#define HAS_STRAYS			0x10

/* Blocks come in classes of 16, 24, 32, 48, 64, 96 ... bytes */
#define BLOCK_CLASSES		20
#define BLOCK_UNIT			8
#define ARENA_MIN_SIZE		(64 * 1024)

/* An array longer than this may become a bitmap */
#define ARRAY_ENOUGH		32

/* The form of events, a multiple of 8 bytes long */
typedef struct EventsForm
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;		/* ACTIVITY_VERSION */
	uint8		form;			/* ACTIVITY_EVENTS */
	uint16		unused;
	uint32		nevents;		/* events in use */
	uint32		nalloc;			/* events there is room for */
	RetOffsets	offsets;		/* of the time zone */
	RetEvent	events[FLEXIBLE_ARRAY_MEMBER];
} EventsForm;

/* Days of one customer as a bitmap over 64-day words */
typedef struct BitmapBlock
{
	uint16		first;			/* word of bits[0]: day offset / 64 */
	uint16		nwords;			/* words there are */
	uint32		unused;
	uint64		bits[FLEXIBLE_ARRAY_MEMBER];
} BitmapBlock;

/* Events that may have duplicates, beside a map */
typedef struct EventList
{
	RetEvent   *events;
	int64		nevents;
	int64		nalloc;
	bool		sorted;			/* and free of duplicates */
} EventList;

/* The expanded form */
typedef struct ExpandedActivity
{
	ExpandedObjectHeader hdr;	/* standard header for expanded objects */
	RetMap		map;			/* of slots without values */
	DateADT		first;			/* first day of any customer */
	DateADT		last;			/* last day of any customer */
	DateADT		base;			/* day of offset 0 */
	char	   *arena;			/* blocks; the first unit is not used */
	uint64		arena_used;		/* in units of 8 bytes */
	uint64		arena_size;		/* in units of 8 bytes */
	uint32		free[BLOCK_CLASSES];	/* blocks to use again, as lists */
	EventList	strays;			/* days too far from base */
	RetOffsets	offsets;		/* of the time zone */
	uint8	   *flat;			/* canonical bytes, or NULL if not current */
	Size		flat_size;		/* their number */
	uint32		nadded;			/* rows that were delayed so far, */
	uint32		nlooked;		/* those whose block was asked for, */
	uint32		napplied;		/* and those that are in the map */
	RetEvent	rows[DELAY_ROWS];	/* row n is rows[n % DELAY_ROWS] */
} ExpandedActivity;

PG_FUNCTION_INFO_V1(customer_activity_transfn_date);
PG_FUNCTION_INFO_V1(customer_activity_transfn_timestamp);
PG_FUNCTION_INFO_V1(customer_activity_transfn_timestamptz);
PG_FUNCTION_INFO_V1(customer_activity_combine);
PG_FUNCTION_INFO_V1(customer_activity_finalfn);
PG_FUNCTION_INFO_V1(customers);
PG_FUNCTION_INFO_V1(active_days);
PG_FUNCTION_INFO_V1(activity_span);

static Size expanded_flat_size(ExpandedObjectHeader *eohptr);
static void expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size);

static const ExpandedObjectMethods activity_methods =
{
	expanded_flat_size,
	expanded_flatten
};

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
static int64
compact_events(RetEvent *events, int64 nevents)
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
strays_add(EventList *list, int64 customer, DateADT day, MemoryContext context)
{
	if (list->nevents == list->nalloc)
	{
		if (list->nalloc == 0)
		{
			list->nalloc = 64;
			list->events = MemoryContextAlloc(context, list->nalloc * sizeof(RetEvent));
		}
		else
			list->nevents = compact_events(list->events, list->nevents);
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

static void
strays_sort(EventList *list)
{
	if (!list->sorted)
		list->nevents = compact_events(list->events, list->nevents);
	list->sorted = true;
}

/* Place in a sorted list of the first event of a customer */
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

/* A form of events of so many bytes in the current context */
static EventsForm *
events_alloc(Size size)
{
	EventsForm *form = palloc(size);

	SET_VARSIZE(form, size);
	form->version = ACTIVITY_VERSION;
	form->form = ACTIVITY_EVENTS;
	form->unused = 0;
	form->nevents = 0;
	form->nalloc = (size - offsetof(EventsForm, events)) / sizeof(RetEvent);
	memset(&form->offsets, 0, sizeof(RetOffsets));
	return form;
}

/*-------------------------------------------------------------------------
 * Blocks
 *-------------------------------------------------------------------------
 */

/* Bytes of a block of a class */
static inline Size
class_size(int class)
{
	return (Size) (class % 2 == 0 ? 16 : 24) << (class / 2);
}

/* The class of a block of at least so many bytes */
static inline int
class_for(Size size)
{
	int			bit;

	if (size <= 16)
		return 0;
	bit = pg_leftmost_one_pos64(size - 1);	/* 2^bit < size <= 2^(bit + 1) */
	return size <= ((Size) 3 << (bit - 1)) ? 2 * (bit - 4) + 1 : 2 * (bit - 3);
}

static inline void *
block_at(const ExpandedActivity *activity, uint32 ref)
{
	return activity->arena + (uint64) ref * BLOCK_UNIT;
}

/* Take a block of a class; the arena may move */
static uint32
block_alloc(ExpandedActivity *activity, int class)
{
	uint32		ref = activity->free[class];
	uint64		units = class_size(class) / BLOCK_UNIT;

	if (ref != 0)
	{
		memcpy(&activity->free[class], block_at(activity, ref), sizeof(uint32));
		return ref;
	}
	if (activity->arena_used + units > activity->arena_size)
	{
		uint64		size = activity->arena_size + activity->arena_size / 2 + units;

		if (size > PG_UINT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too much activity in one group"),
					 errdetail("The days of %llu customers need more than 32 GB.",
							   (unsigned long long) activity->map.ncustomers)));
		activity->arena = repalloc_huge(activity->arena, size * BLOCK_UNIT);
		activity->arena_size = size;
	}
	ref = (uint32) activity->arena_used;
	activity->arena_used += units;
	return ref;
}

static void
block_free(ExpandedActivity *activity, uint32 ref, int class)
{
	memcpy(block_at(activity, ref), &activity->free[class], sizeof(uint32));
	activity->free[class] = ref;
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
bitmap_alloc(ExpandedActivity *activity, int low, int high)
{
	int			nwords = high - low + 1;
	int			class = class_for(offsetof(BitmapBlock, bits) + (nwords + nwords / 8) * sizeof(uint64));
	uint32		ref = block_alloc(activity, class);
	BitmapBlock *bitmap = block_at(activity, ref);

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
bitmap_cover(ExpandedActivity *activity, RetCustomer *customer, int word)
{
	uint32		old_ref = customer->word;
	BitmapBlock *old = block_at(activity, old_ref);
	int			low = old->first;
	int			high = old->first + old->nwords - 1;
	BitmapBlock *new;
	uint32		ref;

	while (high > low && old->bits[high - low] == 0)
		high--;
	while (low < high && old->bits[low - old->first] == 0)
		low++;
	ref = bitmap_alloc(activity, Min(low, word), Max(high, word));
	old = block_at(activity, old_ref);
	new = block_at(activity, ref);
	memcpy(&new->bits[low - new->first], &old->bits[low - old->first],
		   (high - low + 1) * sizeof(uint64));
	block_free(activity, old_ref,
			   class_for(offsetof(BitmapBlock, bits) + old->nwords * sizeof(uint64)));
	customer->word = ref;
}

/* A full array of a customer becomes a larger one, or a bitmap if that is smaller */
static void
array_enlarge(ExpandedActivity *activity, RetCustomer *customer, uint16 day)
{
	int			ndays = customer->small;
	uint32		old_ref = customer->word;
	uint16	   *days = block_at(activity, old_ref);
	int			low = Min(days[0], day) >> 6;
	int			high = Max(days[ndays - 1], day) >> 6;
	Size		bitmap_size = offsetof(BitmapBlock, bits) + (high - low + 1) * sizeof(uint64);
	uint32		ref;

	if (ndays >= ARRAY_ENOUGH && bitmap_size <= class_size(array_class(ndays + 1)))
	{
		BitmapBlock *bitmap;

		ref = bitmap_alloc(activity, low, high);
		bitmap = block_at(activity, ref);
		days = block_at(activity, old_ref);
		for (int i = 0; i < ndays; i++)
			bitmap_set(bitmap, days[i]);
		customer->flags = (customer->flags & ~DAYS_KIND) | DAYS_BITMAP;
		customer->small = 0;
	}
	else
	{
		ref = block_alloc(activity, array_class(ndays + 1));
		memcpy(block_at(activity, ref), block_at(activity, old_ref), ndays * sizeof(uint16));
	}
	block_free(activity, old_ref, array_class(ndays));
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
days_add(ExpandedActivity *activity, RetCustomer *customer, uint16 day)
{
	int			kind = customer->flags & DAYS_KIND;

	if (kind == DAYS_ARRAY)
	{
		uint16	   *days = block_at(activity, customer->word);
		int			ndays = customer->small;

		if (ndays < array_capacity(ndays))
		{
			customer->small += insert_day(days, ndays, day);
			return;
		}
		if (array_has(days, ndays, day))
			return;
		array_enlarge(activity, customer, day);
		if ((customer->flags & DAYS_KIND) == DAYS_ARRAY)
			customer->small += insert_day(block_at(activity, customer->word), ndays, day);
		else
			bitmap_set(block_at(activity, customer->word), day);
	}
	else if (kind == DAYS_BITMAP)
	{
		BitmapBlock *bitmap = block_at(activity, customer->word);
		int			word = day >> 6;

		if (word < bitmap->first || word >= bitmap->first + bitmap->nwords)
		{
			bitmap_cover(activity, customer, word);
			bitmap = block_at(activity, customer->word);
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
			customer->word = block_alloc(activity, array_class(ndays));
			customer->small = ndays;
			memcpy(block_at(activity, customer->word), days, ndays * sizeof(uint16));
		}
	}
}

/* Room for n days in a reader */
static inline void
reader_reserve(RetActivityReader *reader, int64 n)
{
	if (unlikely(n > reader->days_alloc))
	{
		reader->days_alloc = Max(n, 2 * reader->days_alloc);
		reader->days = repalloc_huge(reader->days, reader->days_alloc * sizeof(DateADT));
	}
}

/* Read the days of a customer, strays included, in ascending order */
static void
days_read(RetActivityReader *reader, const RetCustomer *customer)
{
	const ExpandedActivity *activity = reader->expanded;
	DateADT		base = activity->base;
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
		const uint16 *days = block_at(activity, customer->word);

		reader_reserve(reader, customer->small);
		for (; n < customer->small; n++)
			reader->days[n] = base + days[n];
	}
	else if (kind == DAYS_BITMAP)
	{
		const BitmapBlock *bitmap = block_at(activity, customer->word);

		reader_reserve(reader, (int64) bitmap->nwords * 64);
		for (int i = 0; i < bitmap->nwords; i++)
		{
			uint64		bits = bitmap->bits[i];

			for (; bits != 0; bits &= bits - 1)
				reader->days[n++] = base + (bitmap->first + i) * 64 + pg_rightmost_one_pos64(bits);
		}
	}

	if (customer->flags & HAS_STRAYS)
	{
		const EventList *strays = &activity->strays;
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
		reader_reserve(reader, n + after - i);
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

/*-------------------------------------------------------------------------
 * The expanded form
 *-------------------------------------------------------------------------
 */

/* An empty expanded object for days around one, with room for n customers */
static ExpandedActivity *
expanded_create(MemoryContext parent, DateADT around, uint64 n)
{
	MemoryContext context = AllocSetContextCreate(parent, "customer activity",
												  ALLOCSET_SMALL_SIZES);
	ExpandedActivity *activity = MemoryContextAllocZero(context, sizeof(ExpandedActivity));

	EOH_init_header(&activity->hdr, &activity_methods, context);
	ret_map_create(&activity->map, offsetof(RetCustomer, values), Max(n, 1024), context);
	activity->first = DATEVAL_NOEND;
	activity->last = DATEVAL_NOBEGIN;
	activity->base = around - (PG_UINT16_MAX + 1) / 2;
	activity->arena_size = ARENA_MIN_SIZE / BLOCK_UNIT;
	activity->arena_used = 1;
	activity->arena = MemoryContextAlloc(context, ARENA_MIN_SIZE);
	activity->strays.sorted = true;
	return activity;
}

/* Add a day to a customer's slot */
static inline void
expanded_add_day(ExpandedActivity *activity, RetCustomer *customer, DateADT day)
{
	int64		offset = (int64) day - activity->base;

	activity->first = Min(activity->first, day);
	activity->last = Max(activity->last, day);
	if (likely(offset >= 0 && offset <= PG_UINT16_MAX))
	{
		if (customer->flags == 0)
			customer->flags = DAYS_NONE;
		days_add(activity, customer, (uint16) offset);
		return;
	}
	if (customer->flags == 0)
		customer->flags = DAYS_NONE;
	customer->flags |= HAS_STRAYS;
	strays_add(&activity->strays, customer->key, day, activity->hdr.eoh_context);
}

/* The slot of a customer; the map may grow */
static inline RetCustomer *
expanded_enter(ExpandedActivity *activity, int64 customer)
{
	RetMap	   *map = &activity->map;

	if (unlikely(map->ncustomers >= RET_MAP_LIMIT(map->nslots)))
		ret_map_grow(map, map->nslots * 2);
	return ret_map_enter(map, customer);
}

/* Ask for the block of a row whose slot has been asked for earlier */
static inline void
expanded_look(ExpandedActivity *activity)
{
	RetEvent   *row = &activity->rows[activity->nlooked++ % DELAY_ROWS];
	RetCustomer *customer = ret_map_probe(&activity->map, row->customer);

	if ((customer->flags & DAYS_KIND) >= DAYS_ARRAY)
		__builtin_prefetch(block_at(activity, customer->word), 1);
}

/* Bring the row that has waited longest into the map */
static inline void
expanded_apply(ExpandedActivity *activity)
{
	RetEvent   *row = &activity->rows[activity->napplied++ % DELAY_ROWS];

	expanded_add_day(activity, expanded_enter(activity, row->customer), row->day);
}

/* Bring all rows into the map: changes how the object is stored, not what it holds */
static void
expanded_flush(ExpandedActivity *activity)
{
	while (activity->napplied != activity->nadded)
		expanded_apply(activity);
	activity->nlooked = activity->nadded;
	strays_sort(&activity->strays);
}

/* The canonical bytes are no longer those of the object */
static inline void
expanded_touch(ExpandedActivity *activity)
{
	if (unlikely(activity->flat != NULL))
	{
		pfree(activity->flat);
		activity->flat = NULL;
	}
}

/* Add a row */
static inline void
expanded_add(ExpandedActivity *activity, int64 customer, DateADT day)
{
	RetEvent   *row = &activity->rows[activity->nadded % DELAY_ROWS];

	expanded_touch(activity);
	if (activity->nadded - activity->napplied == DELAY_ROWS)
		expanded_apply(activity);
	row->customer = customer;
	row->day = day;
	ret_map_prefetch(&activity->map, customer);
	activity->nadded++;
	if (activity->nadded - activity->nlooked == DELAY_BLOCK)
		expanded_look(activity);
}

/* The expanded object that a datum points to */
static ExpandedActivity *
expanded_get(Datum datum)
{
	ExpandedActivity *activity = (ExpandedActivity *) DatumGetEOHP(datum);

	Assert(activity->hdr.eoh_methods == &activity_methods);
	return activity;
}

static int
compare_days(const void *a, const void *b)
{
	DateADT		x = *(const DateADT *) a;
	DateADT		y = *(const DateADT *) b;

	return (x > y) - (x < y);
}

/* An expanded object with the events of a form that has become too small */
static ExpandedActivity *
expanded_from_events(EventsForm *form, MemoryContext parent)
{
	/* the day of the middle event is surely not the odd one */
	ExpandedActivity *activity;
	DateADT    *days = palloc(form->nevents * sizeof(DateADT));

	for (uint32 i = 0; i < form->nevents; i++)
		days[i] = form->events[i].day;
	qsort(days, form->nevents, sizeof(DateADT), compare_days);
	activity = expanded_create(parent, days[form->nevents / 2], form->nevents);
	pfree(days);
	activity->offsets = form->offsets;
	for (uint32 i = 0; i < form->nevents; i++)
		expanded_add(activity, form->events[i].customer, form->events[i].day);
	return activity;
}

/* The slots of the map in ascending order of customers, as events with the slot for a day */
static RetEvent *
sorted_slots(const ExpandedActivity *activity)
{
	const RetMap *map = &activity->map;
	RetEvent   *slots = MemoryContextAllocHuge(CurrentMemoryContext,
											   (map->ncustomers + 1) * sizeof(RetEvent));
	uint64		n = 0;

	if (map->nslots > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many customers to write out"),
				 errdetail("The value holds %llu customers.",
						   (unsigned long long) map->ncustomers)));
	for (uint64 i = 0; i < map->nslots; i++)
	{
		RetCustomer *customer = ret_map_slot(map, i);

		if (customer->flags != 0)
		{
			slots[n].customer = customer->key;
			slots[n++].day = (int32) i;
		}
	}
	sort_events(slots, n);
	return slots;
}

/* Write the canonical bytes, and keep them until the object changes */
static void
expanded_write(ExpandedActivity *activity)
{
	MemoryContext old = MemoryContextSwitchTo(activity->hdr.eoh_context);
	RetActivityReader reader;
	RetActivityWriter writer;
	RetEvent   *slots;

	expanded_flush(activity);
	ret_activity_open(&reader, EOHPGetRODatum(&activity->hdr));
	slots = sorted_slots(activity);
	ret_writer_begin(&writer, activity->map.ncustomers, activity->first, activity->last);
	for (uint64 i = 0; i < activity->map.ncustomers; i++)
	{
		if (i + 8 < activity->map.ncustomers)
			__builtin_prefetch(ret_map_slot(&activity->map, slots[i + 8].day));
		days_read(&reader, ret_map_slot(&activity->map, slots[i].day));
		ret_writer_add(&writer, reader.customer, reader.days, reader.ndays);
	}
	activity->flat = ret_writer_end(&writer, &activity->flat_size);
	pfree(slots);
	pfree(reader.days);
	MemoryContextSwitchTo(old);
}

static Size
expanded_flat_size(ExpandedObjectHeader *eohptr)
{
	ExpandedActivity *activity = (ExpandedActivity *) eohptr;

	if (activity->flat == NULL)
		expanded_write(activity);
	return activity->flat_size;
}

static void
expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	memcpy(result, ((ExpandedActivity *) eohptr)->flat, allocated_size);
}

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* Prepare to read the customers of a value in any form */
void
ret_activity_open(RetActivityReader *reader, Datum value)
{
	memset(reader, 0, sizeof(RetActivityReader));
	reader->days_alloc = 64;
	reader->days = palloc(reader->days_alloc * sizeof(DateADT));

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		reader->expanded = expanded_get(value);
		expanded_flush(reader->expanded);
		reader->ncustomers = reader->expanded->map.ncustomers;
		reader->first = reader->expanded->first;
		reader->last = reader->expanded->last;
	}
	else
	{
		EventsForm *form = (EventsForm *) PG_DETOAST_DATUM(value);

		if (form->form != ACTIVITY_EVENTS)
		{
			ret_canonical_open(reader, (struct varlena *) form);
			return;
		}
		reader->events = palloc(form->nevents * sizeof(RetEvent));
		memcpy(reader->events, form->events, form->nevents * sizeof(RetEvent));
		reader->nevents = compact_events(reader->events, form->nevents);
		reader->first = DATEVAL_NOEND;
		reader->last = DATEVAL_NOBEGIN;
		for (int64 i = 0; i < reader->nevents; i++)
		{
			reader->ncustomers += i == 0 || reader->events[i].customer != reader->events[i - 1].customer;
			reader->first = Min(reader->first, reader->events[i].day);
			reader->last = Max(reader->last, reader->events[i].day);
		}
	}
}

/* Read the next customer of a map */
static bool
expanded_next(RetActivityReader *reader)
{
	const RetMap *map = &reader->expanded->map;

	while (reader->slot < map->nslots)
	{
		RetCustomer *customer = ret_map_slot(map, reader->slot++);

		if (reader->slot + 8 < map->nslots)
		{
			RetCustomer *ahead = ret_map_slot(map, reader->slot + 8);

			if ((ahead->flags & DAYS_KIND) >= DAYS_ARRAY)
				__builtin_prefetch(block_at(reader->expanded, ahead->word));
		}
		if (customer->flags != 0)
		{
			days_read(reader, customer);
			return true;
		}
	}
	return false;
}

/* Read the next customer of sorted events */
static bool
events_next(RetActivityReader *reader)
{
	int64		n = 0;
	RetEvent   *event = &reader->events[reader->nread];

	if (reader->nread == reader->nevents)
		return false;
	reader->customer = event->customer;
	for (; reader->nread < reader->nevents && event->customer == reader->customer; event++)
	{
		reader_reserve(reader, n + 1);
		reader->days[n++] = event->day;
		reader->nread++;
	}
	reader->ndays = n;
	return true;
}

/* Read the next customer; false if there is none */
bool
ret_activity_next(RetActivityReader *reader)
{
	if (reader->expanded)
		return expanded_next(reader);
	if (reader->events)
		return events_next(reader);
	return ret_canonical_next(reader);
}

/*
 * The canonical value of any form, perhaps the datum itself, with a 4-byte
 * header.
 */
struct varlena *
ret_activity_canonical(Datum value)
{
	struct varlena *flat = PG_DETOAST_DATUM(value);
	RetActivityReader reader;
	RetActivityWriter writer;
	Size		size;

	if (((EventsForm *) flat)->form != ACTIVITY_EVENTS)
		return flat;
	ret_activity_open(&reader, PointerGetDatum(flat));
	ret_writer_begin(&writer, reader.ncustomers, reader.first, reader.last);
	while (ret_activity_next(&reader))
		ret_writer_add(&writer, reader.customer, reader.days, reader.ndays);
	return (struct varlena *) ret_writer_end(&writer, &size);
}

/*-------------------------------------------------------------------------
 * The aggregates
 *-------------------------------------------------------------------------
 */

/* The transition value of a call: one of these, and what is to be returned */
typedef struct ActivityState
{
	Datum		datum;
	EventsForm *form;
	ExpandedActivity *expanded;
	FunctionCallInfo fcinfo;	/* the call, which knows the aggregate's context */
} ActivityState;

static void
state_set_form(ActivityState *state, EventsForm *form)
{
	state->datum = PointerGetDatum(form);
	state->form = form;
	state->expanded = NULL;
}

static void
state_set_expanded(ActivityState *state, ExpandedActivity *expanded)
{
	state->datum = EOHPGetRWDatum(&expanded->hdr);
	state->form = NULL;
	state->expanded = expanded;
}

static void state_add(ActivityState *state, int64 customer, DateADT day);
static void state_merge(ActivityState *state, RetActivityReader *reader);

/*
 * Unpack the transition value in argument 0, or make an empty one.  A
 * canonical value, as a strict transition function of somebody's own aggregate
 * might begin with, is taken in.
 */
static void
state_get(FunctionCallInfo fcinfo, ActivityState *state)
{
	Datum		datum = PG_GETARG_DATUM(0);
	EventsForm *form;

	state->fcinfo = fcinfo;
	if (PG_ARGISNULL(0))
	{
		state_set_form(state, events_alloc(EVENTS_MIN_SIZE));
		return;
	}
	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum)))
	{
		state_set_expanded(state, expanded_get(datum));
		return;
	}
	form = (EventsForm *) PG_DETOAST_DATUM(datum);
	if (form->form == ACTIVITY_EVENTS)
		state_set_form(state, form);
	else
	{
		RetActivityReader reader;

		state_set_form(state, events_alloc(EVENTS_MIN_SIZE));
		ret_activity_open(&reader, PointerGetDatum(form));
		state_merge(state, &reader);
	}
}

/* Make room in a full form of events: drop duplicates, then grow or expand */
static void
state_make_room(ActivityState *state)
{
	EventsForm *form = state->form;
	Size		size = VARSIZE(form);

	form->nevents = compact_events(form->events, form->nevents);
	if (form->nevents <= form->nalloc / 2)
		return;
	if (size >= EVENTS_MAX_SIZE)
		state_set_expanded(state, expanded_from_events(form, ret_agg_context(state->fcinfo)));
	else
	{
		EventsForm *larger = events_alloc(size * 2);

		larger->nevents = form->nevents;
		larger->offsets = form->offsets;
		memcpy(larger->events, form->events, form->nevents * sizeof(RetEvent));
		state_set_form(state, larger);
	}
}

/* Add a day of a customer.  state->datum may change. */
static inline void
state_add(ActivityState *state, int64 customer, DateADT day)
{
	EventsForm *form;

	if (state->form && state->form->nevents == state->form->nalloc)
		state_make_room(state);
	if (state->expanded)
	{
		expanded_add(state->expanded, customer, day);
		return;
	}
	form = state->form;
	form->events[form->nevents].customer = customer;
	form->events[form->nevents].day = day;
	form->events[form->nevents++].unused = 0;
}

/* Room for what another value holds, before it is merged */
static void
state_reserve(ActivityState *state, const RetActivityReader *reader)
{
	uint64		ncustomers = reader->ncustomers;
	RetMap	   *map;

	if (state->form)
	{
		DateADT		around = reader->first + (DateADT) (((int64) reader->last - reader->first) / 2);
		ExpandedActivity *activity;

		if (ncustomers <= state->form->nalloc - state->form->nevents)
			return;
		if (state->form->nevents > 0)
			activity = expanded_from_events(state->form, ret_agg_context(state->fcinfo));
		else
			activity = expanded_create(ret_agg_context(state->fcinfo), around, ncustomers);
		state_set_expanded(state, activity);
	}
	expanded_flush(state->expanded);
	map = &state->expanded->map;
	ncustomers += map->ncustomers;
	while (ncustomers > RET_MAP_LIMIT(map->nslots))
		ret_map_grow(map, map->nslots * 2);
}

/*
 * Take in all customers of a reader.  They are read some ahead, so that their
 * slots can be prefetched.
 */
static void
state_merge(ActivityState *state, RetActivityReader *reader)
{
	int64		customers[MERGE_CUSTOMERS];
	int64		ends[MERGE_CUSTOMERS];
	DateADT    *days = NULL;
	int64		days_alloc = 0;
	bool		more = reader->ncustomers > 0;

	if (more)
		state_reserve(state, reader);
	while (more)
	{
		int64		n = 0;
		int64		ndays = 0;

		CHECK_FOR_INTERRUPTS();
		while (n < MERGE_CUSTOMERS && (more = ret_activity_next(reader)))
		{
			if (ndays + reader->ndays > days_alloc)
			{
				days_alloc = Max(2 * days_alloc, ndays + reader->ndays + 1024);
				days = days ? repalloc_huge(days, days_alloc * sizeof(DateADT)) :
					MemoryContextAllocHuge(CurrentMemoryContext, days_alloc * sizeof(DateADT));
			}
			memcpy(&days[ndays], reader->days, reader->ndays * sizeof(DateADT));
			ndays += reader->ndays;
			customers[n] = reader->customer;
			ends[n++] = ndays;
			if (state->expanded)
				ret_map_prefetch(&state->expanded->map, reader->customer);
		}
		ndays = 0;
		for (int64 i = 0; i < n; i++)
		{
			RetCustomer *customer;

			if (!state->expanded)
			{
				for (; ndays < ends[i]; ndays++)
					state_add(state, customers[i], days[ndays]);
				continue;
			}
			expanded_touch(state->expanded);
			customer = expanded_enter(state->expanded, customers[i]);
			for (; ndays < ends[i]; ndays++)
				expanded_add_day(state->expanded, customer, days[ndays]);
		}
	}
	if (days)
		pfree(days);
}

/* What a transition function returns for a row that it ignores */
static inline bool
ignored(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(1) || PG_ARGISNULL(2);
}

Datum
customer_activity_transfn_date(PG_FUNCTION_ARGS)
{
	ActivityState state;

	ret_agg_check(fcinfo);
	if (ignored(fcinfo))
		return ret_state_ignore(fcinfo);
	state_get(fcinfo, &state);
	state_add(&state, PG_GETARG_CUSTOMER(1), (DateADT) ret_instant_date(PG_GETARG_DATEADT(2)));
	PG_RETURN_DATUM(state.datum);
}

Datum
customer_activity_transfn_timestamp(PG_FUNCTION_ARGS)
{
	ActivityState state;

	ret_agg_check(fcinfo);
	if (ignored(fcinfo))
		return ret_state_ignore(fcinfo);
	state_get(fcinfo, &state);
	state_add(&state, PG_GETARG_CUSTOMER(1), ret_day_timestamp(PG_GETARG_TIMESTAMP(2)));
	PG_RETURN_DATUM(state.datum);
}

Datum
customer_activity_transfn_timestamptz(PG_FUNCTION_ARGS)
{
	ActivityState state;
	RetOffsets *offsets;

	ret_agg_check(fcinfo);
	if (ignored(fcinfo))
		return ret_state_ignore(fcinfo);
	state_get(fcinfo, &state);
	offsets = state.form ? &state.form->offsets : &state.expanded->offsets;
	state_add(&state, PG_GETARG_CUSTOMER(1),
			  ret_day_timestamptz(offsets, PG_GETARG_TIMESTAMPTZ(2)));
	PG_RETURN_DATUM(state.datum);
}

/* Combine function, and transition function of rollup: the union */
Datum
customer_activity_combine(PG_FUNCTION_ARGS)
{
	ActivityState state;
	RetActivityReader reader;

	(void) ret_agg_context(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_state_ignore(fcinfo);
	ret_activity_open(&reader, PG_GETARG_DATUM(1));
	state_get(fcinfo, &state);
	state_merge(&state, &reader);
	pfree(reader.days);
	PG_RETURN_DATUM(state.datum);
}

/*
 * What the aggregates return: canonical bytes for a small group, and for a
 * large one a pointer to the object, in a chunk of its own, since some
 * servers copy, and so flatten, a result that is not in the current context.
 */
Datum
customer_activity_finalfn(PG_FUNCTION_ARGS)
{
	Datum		datum = PG_GETARG_DATUM(0);
	char	   *pointer;

	(void) ret_agg_context(fcinfo);
	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(datum)))
		PG_RETURN_POINTER(ret_activity_canonical(datum));
	pointer = palloc(EXPANDED_POINTER_SIZE);
	memcpy(pointer, expanded_get(datum)->hdr.eoh_ro_ptr, EXPANDED_POINTER_SIZE);
	PG_RETURN_POINTER(pointer);
}

/*-------------------------------------------------------------------------
 * What a value holds
 *-------------------------------------------------------------------------
 */

/* customers(customer_activity) */
Datum
customers(PG_FUNCTION_ARGS)
{
	RetActivityReader reader;

	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	PG_RETURN_INT64(reader.ncustomers);
}

/* active_days(customer_activity): the sum over the customers */
Datum
active_days(PG_FUNCTION_ARGS)
{
	RetActivityReader reader;
	int64		n = 0;

	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	while (ret_activity_next(&reader))
	{
		n += reader.ndays;
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_INT64(n);
}

/* activity_span(customer_activity): [first day, the day after the last) */
Datum
activity_span(PG_FUNCTION_ARGS)
{
	RetActivityReader reader;
	TypeCacheEntry *typcache = lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound	lower = {.inclusive = true,.lower = true};
	RangeBound	upper = {.inclusive = true};

	ret_activity_open(&reader, PG_GETARG_DATUM(0));
	if (reader.ncustomers == 0)
		PG_RETURN_NULL();
	lower.val = DateADTGetDatum(reader.first);
	upper.val = DateADTGetDatum(reader.last);
	PG_RETURN_RANGE_P(ret_make_range(typcache, &lower, &upper));
}
