/*-------------------------------------------------------------------------
 *
 * columns.h
 *	  Customers and their entries, kept small and in order: what an expanded
 *	  value holds.  A part of engine.h.
 *
 * The customers lie in ascending order of their hash, in three arrays without
 * gaps: the hashes, from which the customers can be computed, the sizes, and the
 * units of all customers, one for each entry.  A unit counts its day from a base
 * that is chosen by the first entries.  What no unit can hold, such as a day too
 * far from the base (someone's year 9999), is kept as an event: a stray.
 *
 * Nothing is looked up and nothing is changed in place.  Rows wait until there
 * are five for three customers.  Then they are sorted, within the cache, and
 * merged with the arrays that are there into new ones, reading and writing from
 * front to end.  A row that touched its customer in a hash table
 * would wait for memory, and the branches on what it finds there cannot be
 * predicted; here the loops that see all rows or customers have hardly any.
 *
 * A row costs O(log(rows that wait)) in the worst case, for the sort, and its
 * share of a merge, which is O(what is there): since the rows that wait grow
 * with that, the share is constant.
 *
 *-------------------------------------------------------------------------
 */
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/retention.h"
#include "history/reader.h"
#include "store/customer_key.h"
#include "store/money.h"

/*
 * Rows that wait: from MIN_ROWS to MAX_ROWS, and in between five for three
 * customers, or one for UNITS_PER_ROW units if that is more.  More of them make
 * merges rarer and cost sizeof(Row) each.
 */
#define MIN_ROWS			512
#define MAX_ROWS			(1 << 24)

/* The base is a multiple of this, so that it is the same in all processes */
#define BASE_STEP			16384

/* A multiple of BASE_STEP, greater than the number of days before 2000 */
#define DATE_SHIFT			(BASE_STEP * 1024)

/* Most days by which the base is chosen */
#define BASE_SAMPLE			256

/* Where merge_hashes() has found a customer */
#define IN_DAYS				1
#define IN_OTHER			2

/* Units are read, but not used, up to this many beyond their end */
#define UNITS_PAD			(32 / sizeof(Unit))

/* Entries of customers */
typedef struct Days
{
	MemoryContext context;		/* owns what the pointers point to */
	int			common_bits;	/* high bits that all hashes have in common */
	uint64	   *hashes;			/* the customers, in ascending order of their hash */
	UnitCount  *sizes;			/* number of units of each, perhaps with a mark */
	Unit	   *units;			/* the units of the first customer, then of the second, ... */
	int64		ncustomers;
	int64		nunits;
	DateADT		first;			/* first day of any customer */
	DateADT		last;			/* last day of any customer */
	DateADT		base;			/* day of offset 0 */
	EventList	strays;			/* entries that no unit can hold, also of rows that wait */
	Row		   *rows;			/* rows that wait, counted by whoever adds them */
	int64		rows_alloc;		/* rows there is room for */
	const void *sent;			/* the SentPart whose hashes and sizes must be unpacked first, or NULL */
} Days;

/*-------------------------------------------------------------------------
 * Readers
 *-------------------------------------------------------------------------
 */

/* Initialize a reader, with room for a few entries */
static inline void
reader_init(RetReader *reader)
{
	memset(reader, 0, sizeof(RetReader));
	reader->nalloc = 64;
	reader->entries = palloc(reader->nalloc * sizeof(Entry));
}

/* Make room for n entries in a reader; returns where they are */
static inline Entry *
reader_reserve(RetReader *reader, int64 n)
{
	if (unlikely(n > reader->nalloc))
	{
		reader->nalloc = n + n / 2;
		reader->entries = repalloc_huge(reader->entries, reader->nalloc * sizeof(Entry));
	}
	return (Entry *) reader->entries;
}

/* Multiply the amounts of the customer that a reader has read */
static inline void
entries_rescale(RetReader *reader, int64 factor)
{
	Entry	   *entries = (Entry *) reader->entries;

	for (int64 i = 0; factor != 1 && i < reader->nentries; i++)
		entry_rescale(&entries[i], factor);
}

/* Combine two units of one key; if the result fits no unit, the second becomes a stray */
static inline void
days_add_unit(Days *days, uint64 hash, Unit *sum, Unit other)
{
	if (unlikely(!unit_add(sum, other)))
		strays_add(&days->strays, ret_hash_customer(hash), unit_entry(other, days->base), days->context);
}

/* How the units of one customer are merged and read */
#ifdef RET_PAYLOAD
#include "history/cellset.h"
#else
#include "history/dayset.h"
#endif

/* Copy a few units, in less time than a call of memcpy takes; reads and writes UNITS_PAD more */
static inline void
copy_units(Unit *to, const Unit *from, int64 n)
{
	memcpy(to, from, UNITS_PAD * sizeof(Unit));
	for (int64 i = UNITS_PAD; i < n; i += UNITS_PAD)
		memcpy(to + i, from + i, UNITS_PAD * sizeof(Unit));
}

/* Merge the strays of a customer with the entries that a reader has */
static pg_noinline void
read_strays(const EventList *strays, RetReader *reader)
{
	int64		i = strays_find(strays, reader->customer);
	int64		end = i;
	int64		n = reader->nentries;
	int64		out = 0;
	int64		next = 0;
	Entry	   *entries;
	Entry	   *units;

	while (end < strays->nevents && strays->events[end].customer == reader->customer)
		end++;
	if (i == end)
		return;

	/* the entries move to the end of the room for all, out of the way */
	entries = reader_reserve(reader, n + 2 * (end - i));
	units = entries + 2 * (end - i);
	memmove(units, entries, n * sizeof(Entry));
	while (next < n || i < end)
	{
		const Entry *stray = i < end ? &strays->events[i].entry : NULL;

		if (stray == NULL || (next < n && entry_less(&units[next], stray)))
			entries[out++] = units[next++];
		else
		{
			Entry		sum = *stray;

			i++;
			if (next < n && !entry_less(stray, &units[next]))
				entry_add(&sum, &units[next++]);
			entries[out++] = sum;
		}
	}
	reader->nentries = out;
}

/* Read a customer, whose number is i and whose units begin at start, and all entries in their order */
static inline void
days_read(const Days *days, int64 customer, int64 i, int64 start, RetReader *reader)
{
	reader->customer = customer;
	units_read(days->units + start, days->sizes[i], days->base, reader);
	if (unlikely(days->strays.nevents > 0))
		read_strays(&days->strays, reader);
	Assert(reader->nentries > 0);
}

/* Read the next customer */
static bool
days_next(const Days *days, RetReader *reader)
{
	int64		i = reader->index;

	if (i == days->ncustomers)
		return false;
	days_read(days, ret_hash_customer(days->hashes[i]), i, reader->unit, reader);
	reader->unit += units_of_size(days->sizes[i]);
	reader->index++;
	return true;
}

/* Find where the units of each customer begin, for reading in another order */
static int64 *
days_starts(const Days *days)
{
	int64	   *starts = MemoryContextAllocHuge(CurrentMemoryContext,
												(days->ncustomers + 1) * sizeof(int64));
	int64		next = 0;

	for (int64 i = 0; i < days->ncustomers; i++)
	{
		starts[i] = next;
		next += units_of_size(days->sizes[i]);
	}
	return starts;
}

/*-------------------------------------------------------------------------
 * Merging
 *-------------------------------------------------------------------------
 */

static void *
alloc_array(MemoryContext context, int64 n, Size size)
{
	return MemoryContextAllocHuge(context, n * size);
}

/* Two ascending lists of hashes, a and b, that are being merged */
typedef struct HashMerge
{
	const uint64 *a;			/* next hash of the columns */
	const uint64 *a_end;
	const uint64 *b;			/* next of the other hashes */
	const uint64 *b_end;
	uint64	   *out;
	uint8	   *where;			/* IN_DAYS, IN_OTHER or both, of each hash in out */
} HashMerge;

/* Merge one hash, without a branch on the hashes, since none could be predicted */
static pg_always_inline void
merge_step(HashMerge *merge)
{
	uint64		x = *merge->a;
	uint64		y = *merge->b;
	int			in_days = x <= y;
	int			in_other = y <= x;

	*merge->out++ = Min(x, y);
	*merge->where++ = in_days * IN_DAYS + in_other * IN_OTHER;
	merge->a += in_days;
	merge->b += in_other;
}

/* Merge the rest */
static pg_always_inline void
merge_finish(HashMerge *merge)
{
	while (merge->a < merge->a_end && merge->b < merge->b_end)
		merge_step(merge);
	for (; merge->a < merge->a_end; *merge->where++ = IN_DAYS)
		*merge->out++ = *merge->a++;
	for (; merge->b < merge->b_end; *merge->where++ = IN_OTHER)
		*merge->out++ = *merge->b++;
}

/* Find the first of n ascending hashes that is not less than hash */
static int64
find_hash(const uint64 *hashes, int64 n, uint64 hash)
{
	int64		low = 0;

	while (low < n)
	{
		int64		middle = low + (n - low) / 2;

		if (hashes[middle] < hash)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

/*
 * Merge the hashes of the columns with n others, and note where each was found.
 * Returns the number of different hashes.  A step must wait for the one before,
 * so both halves are merged at the same time.
 */
static int64
merge_hashes(const Days *days, const uint64 *others, int64 n, uint64 *hashes, uint8 *where)
{
	int64		a_half = days->ncustomers / 2;
	int64		b_half = a_half > 0 ? find_hash(others, n, days->hashes[a_half]) : 0;
	int64		half = a_half + b_half;
	HashMerge	low = {days->hashes, days->hashes + a_half, others, others + b_half,
	hashes, where};
	HashMerge	high = {low.a_end, days->hashes + days->ncustomers, low.b_end, others + n,
	hashes + half, where + half};
	int64		nhigh;

	while (low.a < low.a_end && low.b < low.b_end && high.a < high.a_end && high.b < high.b_end)
	{
		merge_step(&low);
		merge_step(&high);
	}
	merge_finish(&low);
	merge_finish(&high);

	/* hashes that were in both lists have left a gap */
	nhigh = high.out - (hashes + half);
	memmove(low.out, hashes + half, nhigh * sizeof(uint64));
	memmove(low.where, where + half, nhigh * sizeof(uint8));
	return low.out + nhigh - hashes;
}

/*
 * Merge the units of n customers, in ascending order of their hash, who have
 * nunits units.  Those of a customer end at ends[i] and are an array of any
 * length; or, if ends is NULL, sizes tell as in Days.  Either is looked at only
 * for the customers in hashes.
 *
 * It is longer than other functions: one loop moves eight cursors, which a
 * compiler keeps in registers only as long as they are the variables of one
 * function.
 */
static pg_always_inline void
merge_others(Days *days, const uint64 *other_hashes, int64 n, const int64 *ends,
			 const UnitCount *other_sizes, const Unit *other_units, int64 nunits)
{
	int64		most = days->ncustomers + n;
	int64		alloc = days->nunits + nunits + UNITS_PAD;
	uint64	   *hashes = alloc_array(days->context, most, sizeof(uint64));
	UnitCount  *sizes = alloc_array(days->context, most + 1, sizeof(UnitCount));
	Unit	   *merged = alloc_array(days->context, alloc, sizeof(Unit));
	uint8	   *where = alloc_array(CurrentMemoryContext, most, sizeof(uint8));
	Unit	   *scratch = NULL;
	Unit	   *out = merged;
	const UnitCount *size_next = days->sizes;
	const Unit *units = days->units;
	const Unit *end = units + days->nunits;
	const Unit *other = other_units;
	const Unit *other_end = other_units + nunits;
	int64		ncustomers = merge_hashes(days, other_hashes, n, hashes, where);

	for (int64 i = 0; i < ncustomers; i++)
	{
		int			in_days = (where[i] & IN_DAYS) / IN_DAYS;
		int			in_other = (where[i] & IN_OTHER) / IN_OTHER;
		int			size = *size_next & -in_days;
		int			size2 = (ends ? other_units + *ends - other : *other_sizes) & -in_other;
		int			nunits1 = units_of_size(size);
		int			nunits2 = ends ? size2 : units_of_size(size2);
		Unit		last = units[nunits1 - (nunits1 > 0)];
		int			same = (nunits1 > 0) & (nunits2 > 0) & (unit_key(last) >= unit_key(*other));
		int			both = ends ? nunits2 > 0 : (nunits1 > 0) & (nunits2 > 0);

		/* arrays that follow one another, perhaps with a key in common, are copied */
		size_next += in_days;
		if (ends)
			ends += in_other;
		else
			other_sizes += in_other;
		if (unlikely(both & (units_too_many(size, size2) | (same & (unit_key(last) != unit_key(*other))))))
		{
			int64		used = out - merged;
			int64		needed = used + (end - units) + (other_end - other) +
				UNITS_EXTRA + UNITS_PAD;

			if (needed > alloc)
			{
				alloc = needed + needed / 8;
				merged = repalloc_huge(merged, alloc * sizeof(Unit));
				out = merged + used;
			}
			sizes[i] = units_merge(days, hashes[i], out, units, nunits1, size != nunits1,
								   other, nunits2, size2 != nunits2, &scratch);
			out += units_of_size(sizes[i]);
		}
		else
		{
			copy_units(out, units, nunits1);
			copy_units(out + nunits1, other + same, nunits2 - same);
			if (UNITS_ADD && same)
				days_add_unit(days, hashes[i], out + nunits1 - 1, *other);
			sizes[i] = size + size2 - same;
			out += nunits1 + nunits2 - same;
		}
		units += nunits1;
		other += nunits2;
	}

	if (scratch)
		pfree(scratch);
	pfree(where);
	pfree(days->hashes);
	pfree(days->sizes);
	pfree(days->units);
	days->ncustomers = ncustomers;
	days->nunits = out - merged;
	days->hashes = repalloc_huge(hashes, ncustomers * sizeof(uint64));
	days->sizes = repalloc_huge(sizes, (ncustomers + 1) * sizeof(UnitCount));
	days->units = repalloc_huge(merged, (days->nunits + UNITS_PAD) * sizeof(Unit));
}

static int
compare_days(const void *a, const void *b)
{
	DateADT		x = *(const DateADT *) a;
	DateADT		y = *(const DateADT *) b;

	return (x > y) - (x < y);
}

/* Get the base that has a day near the middle of its offsets */
static inline DateADT
base_near(DateADT day)
{
	/* DateADT is far from negative where it is divided */
	int64		middle = ((int64) day + BASE_STEP / 2 + DATE_SHIFT) / BASE_STEP * BASE_STEP - DATE_SHIFT;

	return (DateADT) (middle - (PG_UINT16_MAX + 1) / 2);
}

/* Choose a base near the median of n > 0 days, which are sorted */
static DateADT
choose_base(DateADT *sample, int n)
{
	qsort(sample, n, sizeof(DateADT), compare_days);
	return base_near(sample[n / 2]);
}

/*
 * Make room for more rows to wait, in proportion to the customers and units;
 * false if there is enough already
 */
static bool
days_make_room(Days *days)
{
	int64		wanted = Max(days->ncustomers + days->ncustomers * 2 / 3,
							 days->nunits / UNITS_PER_ROW);

	wanted = Min(wanted, MAX_ROWS);
	if (wanted <= days->rows_alloc)
		return false;
	days->rows = repalloc_huge(days->rows, wanted * sizeof(Row));
	days->rows_alloc = wanted;
	return true;
}

/* Add the first n > 0 of the rows that wait */
static void
days_add(Days *days, int64 n)
{
	Row		   *other;
	Row		   *rows;
	uint64	   *hashes;
	int64	   *ends;
	Unit	   *units;
	Unit		first = NO_UNIT;
	Unit		last = 0;
	uint64		hash;
	int64		key = -1;
	int64		ncustomers = 0;
	int64		nunits = 0;

	other = alloc_array(CurrentMemoryContext, n, sizeof(Row));
	hashes = alloc_array(CurrentMemoryContext, n, sizeof(uint64));
	ends = alloc_array(CurrentMemoryContext, n + 2, sizeof(int64));
	units = alloc_array(CurrentMemoryContext, n + UNITS_PAD, sizeof(Unit));
	rows = rows_sort(days->rows, other, n, days->common_bits);

	/* group them, without a branch on what cannot be predicted */
	hash = ~row_hash(&rows[0]);
	for (int64 i = 0; i < n; i++)
	{
		Unit		unit = rows[i].unit;
		bool		new_customer = row_hash(&rows[i]) != hash;
		int64		before = key;

		hash = row_hash(&rows[i]);
		hashes[ncustomers] = hash;
		ends[ncustomers] = nunits;
		ncustomers += new_customer;
		if (unlikely(unit == NO_UNIT))
			continue;
		first = Min(first, unit);
		last = Max(last, unit);
		units[nunits] = unit;
		key = unit_key(unit);
		if (UNITS_ADD && !new_customer && key == before)
			days_add_unit(days, hash, &units[nunits - 1], units[nunits]);
		nunits += new_customer | (key != before);
	}
	/* ends[i] is where the units of customer i begin; one more is read, but not used */
	ends[ncustomers] = ends[ncustomers + 1] = nunits;
	if (nunits > 0)
	{
		days->first = Min(days->first, unit_entry(first, days->base).day);
		days->last = Max(days->last, unit_entry(last, days->base).day);
	}
	pfree(other);
	merge_others(days, hashes, ncustomers, ends + 1, NULL, units, nunits);
	pfree(hashes);
	pfree(ends);
	pfree(units);
}

/* Copy the columns of another into empty ones */
static void
copy_days(Days *days, const Days *other)
{
	int64		n = other->ncustomers;

	pfree(days->hashes);
	pfree(days->sizes);
	pfree(days->units);
	days->ncustomers = n;
	days->nunits = other->nunits;
	days->hashes = alloc_array(days->context, n, sizeof(uint64));
	days->sizes = alloc_array(days->context, n + 1, sizeof(UnitCount));
	days->units = alloc_array(days->context, other->nunits + UNITS_PAD, sizeof(Unit));
	memcpy(days->hashes, other->hashes, n * sizeof(uint64));
	memcpy(days->sizes, other->sizes, n * sizeof(UnitCount));
	memcpy(days->units, other->units, other->nunits * sizeof(Unit));
}

/*
 * Merge the columns of another, except its strays and the rows that wait there.
 * False, and nothing is done, if its days are counted from another base.
 */
static bool
days_union(Days *days, const Days *other)
{
	if (other->ncustomers == 0)
		return true;
	if (days->base != other->base)
		return false;
	days->first = Min(days->first, other->first);
	days->last = Max(days->last, other->last);
	if (days->ncustomers == 0)
		copy_days(days, other);
	else
		merge_others(days, other->hashes, other->ncustomers, NULL, other->sizes,
					 other->units, other->nunits);
	return true;
}

/* Check arrays that another process has sent */
static bool
days_check(const Days *days)
{
	const Unit *units = days->units;
	int64		left = days->nunits;

	for (int64 i = 0; i < days->ncustomers; i++)
	{
		int			nunits = units_of_size(days->sizes[i]);

		if (nunits > left || !units_valid(units, days->sizes[i]) ||
			(i > 0 && days->hashes[i - 1] >= days->hashes[i]))
			return false;
		units += nunits;
		left -= nunits;
	}
	return left == 0;
}

/* Create empty columns, for customers whose hashes have common_bits high bits in common */
static void
days_create(Days *days, MemoryContext context, int common_bits, DateADT base)
{
	memset(days, 0, sizeof(Days));
	days->context = context;
	days->common_bits = common_bits;
	days->base = base;
	days->first = DATEVAL_NOEND;
	days->last = DATEVAL_NOBEGIN;
	days->strays.sorted = true;
	days->rows_alloc = MIN_ROWS;
	days->rows = MemoryContextAlloc(context, MIN_ROWS * sizeof(Row));
	days->hashes = MemoryContextAlloc(context, sizeof(uint64));
	days->sizes = MemoryContextAlloc(context, sizeof(UnitCount));
	days->units = MemoryContextAlloc(context, UNITS_PAD * sizeof(Unit));
}

static void
days_free(Days *days)
{
	pfree(days->rows);
	pfree(days->hashes);
	pfree(days->sizes);
	pfree(days->units);
	if (days->strays.events)
		pfree(days->strays.events);
}

/*-------------------------------------------------------------------------
 * Parts
 *-------------------------------------------------------------------------
 */

static void sent_unpack(Days *part);

/* Prepare to read the customers of parts in which no rows wait */
static void
parts_walk(RetReader *reader, Days *parts, int nparts)
{
	reader->parts = parts;
	reader->nparts = nparts;
	reader->first = DATEVAL_NOEND;
	reader->last = DATEVAL_NOBEGIN;
	for (int i = 0; i < nparts; i++)
	{
		strays_sort(&parts[i].strays);
		reader->ncustomers += parts[i].ncustomers;
		reader->first = Min(reader->first, parts[i].first);
		reader->last = Max(reader->last, parts[i].last);
	}
}

/* Read the next customer of all parts; false after the last */
static bool
parts_next(RetReader *reader)
{
	while (reader->part < reader->nparts)
	{
		Days	   *part = (Days *) reader->parts + reader->part;

		if (part->sent && reader->index == 0)
			sent_unpack(part);
		if (days_next(part, reader))
			return true;
		reader->part++;
		reader->index = 0;
		reader->unit = 0;
	}
	return false;
}
