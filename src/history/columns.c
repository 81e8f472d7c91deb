/*-------------------------------------------------------------------------
 *
 * columns.c
 *	  Customers and their sets of days, kept small and in order: what an
 *	  expanded customer_activity holds.
 *
 * The customers lie in ascending order of their hash, in three arrays without
 * gaps: the hashes, from which the customers can be told, the sizes, and the
 * days, as units of 16 bits.  The days of a customer are a sorted array or,
 * where that is smaller, a bitmap.  They are counted from a base that is chosen
 * by the first rows; the days that are too far from it (someone's year 9999)
 * are kept as events beside.
 *
 * Nothing is looked up and nothing is changed in place.  Rows wait until there
 * are five for three customers; then they are sorted, which is done
 * within the cache, and merged with what is there into new arrays, reading and
 * writing from front to end.  A row that touched its customer in a hash table
 * would wait for memory, and the branches on what it finds there cannot be
 * predicted; here the loops that see all rows or customers have hardly any.
 *
 * A row costs O(log(rows that wait)) in the worst case, for the sort, and its
 * share of a merge, which is O(what is there): since the rows that wait grow
 * with that, the share is constant.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "history/columns.h"
#include "history/events.h"
#include "history/reader.h"
#include "history/rows.h"
#include "store/customer_map.h"

/*
 * Rows that wait: at least and at most so many, and between the two five for
 * three customers, or one for so many bytes of their days if that is more.
 * More of them make merges rarer and cost 12 bytes each.
 */
#define MIN_ROWS			512
#define MAX_ROWS			(1 << 24)
#define BYTES_PER_ROW		30

/*
 * A bitmap has a unit for the 16 days at which it begins, one for the number
 * of days, less 1, and units of 16 days.  An array longer than ARRAY_ENOUGH
 * becomes one if that is shorter.
 */
#define BITMAP_HEADER		2
#define BITMAP_MAX_UNITS	(BITMAP_HEADER + (PG_UINT16_MAX + 1) / 16)
#define ARRAY_ENOUGH		32

/* The base is a multiple of this, so that it is the same in all processes */
#define BASE_STEP			16384

/* A multiple of it that is more than the days before 2000 */
#define DATE_SHIFT			(BASE_STEP * 1024)

/* Rows by which the base is chosen */
#define BASE_SAMPLE			256

/* merge_hashes: where a customer is */
#define IN_DAYS				1
#define IN_OTHER			2

/*-------------------------------------------------------------------------
 * The days of one customer
 *-------------------------------------------------------------------------
 */

/* Copy a few units, faster than memcpy would be called: see RET_UNITS_PAD */
static inline void
copy_units(uint16 *to, const uint16 *from, int64 n)
{
	memcpy(to, from, RET_UNITS_PAD * sizeof(uint16));
	for (int64 i = RET_UNITS_PAD; i < n; i += RET_UNITS_PAD)
		memcpy(to + i, from + i, RET_UNITS_PAD * sizeof(uint16));
}

/* The set of two ascending arrays; returns its size */
static int
array_merge(uint16 *out, const uint16 *a, int na, const uint16 *b, int nb)
{
	uint16	   *next = out;
	int			i = 0;
	int			j = 0;

	while (i < na && j < nb)
	{
		uint16		x = a[i];
		uint16		y = b[j];

		*next++ = Min(x, y);
		i += x <= y;
		j += y <= x;
	}
	memcpy(next, a + i, (na - i) * sizeof(uint16));
	next += na - i;
	memcpy(next, b + j, (nb - j) * sizeof(uint16));
	return next + (nb - j) - out;
}

/* Set the bits of n days in words that begin at word low */
static int
bitmap_set(uint16 *words, int low, const uint16 *days, int n)
{
	int			nnew = 0;

	for (int i = 0; i < n; i++)
	{
		uint16	   *word = &words[(days[i] >> 4) - low];
		uint16		bit = 1 << (days[i] & 15);

		nnew += (*word & bit) == 0;
		*word |= bit;
	}
	return nnew;
}

/* The days of a bitmap, as an array */
static int
bitmap_list(const uint16 *bitmap, int size, uint16 *days)
{
	int			n = 0;

	for (int i = BITMAP_HEADER; i < size; i++)
		for (uint32 bits = bitmap[i]; bits != 0; bits &= bits - 1)
			days[n++] = (bitmap[0] + i - BITMAP_HEADER) * 16 + pg_rightmost_one_pos32(bits);
	return n;
}

/*
 * Put days, of which there is at least one, into a bitmap; returns the size of
 * the result, which is again a bitmap unless its range has become so wide that
 * an array is smaller.  out has room for both.
 */
static int
bitmap_merge(uint16 *out, const uint16 *bitmap, int size, const uint16 *days, int ndays)
{
	int			nwords = size - BITMAP_HEADER;
	int			low = Min(bitmap[0], days[0] >> 4);
	int			high = Max(bitmap[0] + nwords - 1, days[ndays - 1] >> 4);
	int			before = bitmap[0] - low;
	int			after = high - (bitmap[0] + nwords - 1);
	int			count = bitmap[1] + 1;
	uint16	   *words = out + BITMAP_HEADER;

	memset(words, 0, before * sizeof(uint16));
	memcpy(words + before, bitmap + BITMAP_HEADER, nwords * sizeof(uint16));
	memset(words + before + nwords, 0, after * sizeof(uint16));
	count += bitmap_set(words, low, days, ndays);
	out[0] = low;
	out[1] = count - 1;
	size = BITMAP_HEADER + high - low + 1;
	if (unlikely(size >= count))
	{
		uint16		list[BITMAP_MAX_UNITS];

		bitmap_list(out, size, list);
		memcpy(out, list, count * sizeof(uint16));
		return count;
	}
	return size | RET_HAS_BITMAP;
}

/* Make a bitmap of an array if that is smaller; returns the size */
static int
array_shrink(uint16 *array, int n)
{
	int			low = array[0] >> 4;
	int			nwords = (array[n - 1] >> 4) - low + 1;
	uint16		words[BITMAP_MAX_UNITS];

	if (BITMAP_HEADER + nwords >= n)
		return n;
	memset(words, 0, nwords * sizeof(uint16));
	bitmap_set(words, low, array, n);
	array[0] = low;
	array[1] = n - 1;
	memcpy(array + BITMAP_HEADER, words, nwords * sizeof(uint16));
	return (BITMAP_HEADER + nwords) | RET_HAS_BITMAP;
}

/*
 * The set of the days of a customer in two places, of which b has one at least;
 * returns its size.  out has room for the units of both and for any bitmap.
 * *scratch is allocated when it is needed.
 */
static pg_noinline int
days_merge(uint16 *out, const uint16 *a, int na, bool a_bitmap,
		   const uint16 *b, int nb, bool b_bitmap, uint16 **scratch)
{
	int			n;

	if (a_bitmap && b_bitmap)
	{
		if (*scratch == NULL)
			*scratch = palloc((PG_UINT16_MAX + 1) * sizeof(uint16));
		nb = bitmap_list(b, nb, *scratch);
		b = *scratch;
	}
	else if (b_bitmap)
		return bitmap_merge(out, b, nb, a, na);
	if (a_bitmap)
		return bitmap_merge(out, a, na, b, nb);
	n = array_merge(out, a, na, b, nb);
	return n > ARRAY_ENOUGH ? array_shrink(out, n) : n;
}

/* Put the strays of a customer around the n days that a reader has */
static int64
read_strays(const RetDays *sets, RetActivityReader *reader, int64 n)
{
	const RetEventList *strays = &sets->strays;
	int64		i = ret_strays_find(strays, reader->customer);
	int64		before = i;
	int64		after;

	/* strays are before or behind all days that have an offset */
	while (before < strays->nevents && strays->events[before].customer == reader->customer &&
		   strays->events[before].day < sets->base)
		before++;
	after = before;
	while (after < strays->nevents && strays->events[after].customer == reader->customer)
		after++;
	ret_reader_reserve(reader, n + after - i);
	memmove(reader->days + (before - i), reader->days, n * sizeof(DateADT));
	for (int64 j = i; j < before; j++)
		reader->days[j - i] = strays->events[j].day;
	for (int64 j = before; j < after; j++)
		reader->days[n + j - i] = strays->events[j].day;
	return n + after - i;
}

/* Read customer i, whose units begin at start, and all days in ascending order */
void
ret_days_read(const RetDays *sets, int64 i, int64 start, RetActivityReader *reader)
{
	const uint16 *units = sets->units + start;
	int			size = sets->sizes[i];
	int64		n = 0;

	reader->customer = ret_hash_customer(sets->hashes[i]);
	if (size & RET_HAS_BITMAP)
	{
		ret_reader_reserve(reader, (int64) (size & ~RET_HAS_BITMAP) * 16);
		for (int w = BITMAP_HEADER; w < (size & ~RET_HAS_BITMAP); w++)
		{
			DateADT		first = sets->base + (units[0] + w - BITMAP_HEADER) * 16;

			for (uint32 bits = units[w]; bits != 0; bits &= bits - 1)
				reader->days[n++] = first + pg_rightmost_one_pos32(bits);
		}
	}
	else
	{
		ret_reader_reserve(reader, size);
		for (; n < size; n++)
			reader->days[n] = sets->base + units[n];
	}
	if (unlikely(sets->strays.nevents > 0))
		n = read_strays(sets, reader, n);
	Assert(n > 0);
	reader->ndays = n;
}

/* Read the next customer */
bool
ret_days_next(const RetDays *sets, RetActivityReader *reader)
{
	int64		i = reader->index;

	if (i == sets->ncustomers)
		return false;
	ret_days_read(sets, i, reader->unit, reader);
	reader->unit += ret_days_units(sets, i);
	reader->index++;
	return true;
}

/* Where the units of each customer begin, for reading in another order */
int64 *
ret_days_starts(const RetDays *sets)
{
	int64	   *starts = MemoryContextAllocHuge(CurrentMemoryContext,
												(sets->ncustomers + 1) * sizeof(int64));
	int64		next = 0;

	for (int64 i = 0; i < sets->ncustomers; i++)
	{
		starts[i] = next;
		next += ret_days_units(sets, i);
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

/* Two ascending lists of hashes that are being merged */
typedef struct HashMerge
{
	const uint64 *a;			/* next and end of those that are there, */
	const uint64 *a_end;
	const uint64 *b;			/* and of others */
	const uint64 *b_end;
	uint64	   *out;
	uint8	   *where;			/* in which of the two each is */
} HashMerge;

/* One step, without a branch on the hashes, since none could be predicted */
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

/* The rest */
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

/* The first of n ascending hashes that is not less than a hash */
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
 * The order of the customers that are there and n others, and in which of the
 * two each is.  Returns their number.  A step must wait for the one before, so
 * both halves are merged at the same time.
 */
static int64
merge_hashes(const RetDays *sets, const uint64 *others, int64 n, uint64 *hashes, uint8 *where)
{
	int64		a_half = sets->ncustomers / 2;
	int64		b_half = a_half > 0 ? find_hash(others, n, sets->hashes[a_half]) : 0;
	int64		half = a_half + b_half;
	HashMerge	low = {sets->hashes, sets->hashes + a_half, others, others + b_half,
	hashes, where};
	HashMerge	high = {low.a_end, sets->hashes + sets->ncustomers, low.b_end, others + n,
	hashes + half, where + half};
	int64		nhigh;

	while (low.a < low.a_end && low.b < low.b_end && high.a < high.a_end && high.b < high.b_end)
	{
		merge_step(&low);
		merge_step(&high);
	}
	merge_finish(&low);
	merge_finish(&high);

	/* those in both places have left a gap */
	nhigh = high.out - (hashes + half);
	memmove(low.out, hashes + half, nhigh * sizeof(uint64));
	memmove(low.where, where + half, nhigh * sizeof(uint8));
	return low.out + nhigh - hashes;
}

/*
 * Merge the days of n customers, in ascending order of their hash, who have
 * nunits units.  Those of a customer end at ends[i] and are an array of any
 * length; or, if ends is NULL, sizes tell as in RetDays.  Neither is looked at
 * but for the customers whom hashes has.
 */
static pg_always_inline void
merge_others(RetDays *sets, const uint64 *other_hashes, int64 n, const int64 *ends,
			 const uint16 *other_sizes, const uint16 *other_units, int64 nunits)
{
	int64		most = sets->ncustomers + n;
	int64		alloc = sets->nunits + nunits + RET_UNITS_PAD;
	uint64	   *hashes = alloc_array(sets->context, most, sizeof(uint64));
	uint16	   *sizes = alloc_array(sets->context, most + 1, sizeof(uint16));
	uint16	   *merged = alloc_array(sets->context, alloc, sizeof(uint16));
	uint8	   *where = alloc_array(CurrentMemoryContext, most, sizeof(uint8));
	uint16	   *scratch = NULL;
	uint16	   *out = merged;
	const uint16 *size_next = sets->sizes;
	const uint16 *units = sets->units;
	const uint16 *end = units + sets->nunits;
	const uint16 *other = other_units;
	const uint16 *other_end = other_units + nunits;
	int64		ncustomers = merge_hashes(sets, other_hashes, n, hashes, where);

	for (int64 i = 0; i < ncustomers; i++)
	{
		int			in_days = (where[i] & IN_DAYS) / IN_DAYS;
		int			in_other = (where[i] & IN_OTHER) / IN_OTHER;
		int			size = *size_next & -in_days;
		int			size2 = (ends ? other_units + *ends - other : *other_sizes) & -in_other;
		int			nunits1 = size & ~RET_HAS_BITMAP;
		int			nunits2 = ends ? size2 : size2 & ~RET_HAS_BITMAP;
		uint16		last = units[nunits1 - (nunits1 > 0)];
		int			same = (nunits1 > 0) & (nunits2 > 0) & (last >= *other);
		int			both = ends ? nunits2 > 0 : (nunits1 > 0) & (nunits2 > 0);

		/* arrays that follow one another, perhaps with a day in common, are copied */
		size_next += in_days;
		if (ends)
			ends += in_other;
		else
			other_sizes += in_other;
		if (unlikely(both & ((size + size2 > ARRAY_ENOUGH) | (same & (last != *other)))))
		{
			int64		used = out - merged;
			int64		needed = used + (end - units) + (other_end - other) +
				BITMAP_MAX_UNITS + RET_UNITS_PAD;

			if (needed > alloc)
			{
				alloc = needed + needed / 8;
				merged = repalloc_huge(merged, alloc * sizeof(uint16));
				out = merged + used;
			}
			sizes[i] = days_merge(out, units, nunits1, (size & RET_HAS_BITMAP) != 0,
								  other, nunits2, !ends && (size2 & RET_HAS_BITMAP) != 0,
								  &scratch);
			out += sizes[i] & ~RET_HAS_BITMAP;
		}
		else
		{
			copy_units(out, units, nunits1);
			copy_units(out + nunits1, other + same, nunits2 - same);
			sizes[i] = size + size2 - same;
			out += nunits1 + nunits2 - same;
		}
		units += nunits1;
		other += nunits2;
	}

	if (scratch)
		pfree(scratch);
	pfree(where);
	pfree(sets->hashes);
	pfree(sets->sizes);
	pfree(sets->units);
	sets->ncustomers = ncustomers;
	sets->nunits = out - merged;
	sets->hashes = repalloc_huge(hashes, ncustomers * sizeof(uint64));
	sets->sizes = repalloc_huge(sizes, (ncustomers + 1) * sizeof(uint16));
	sets->units = repalloc_huge(merged, (sets->nunits + RET_UNITS_PAD) * sizeof(uint16));
}

static int
compare_days(const void *a, const void *b)
{
	DateADT		x = *(const DateADT *) a;
	DateADT		y = *(const DateADT *) b;

	return (x > y) - (x < y);
}

/* Choose the base near the median of some rows */
static void
choose_base(RetDays *sets, int64 nrows)
{
	DateADT		days[BASE_SAMPLE];
	int			n = Min(nrows, BASE_SAMPLE);
	int64		middle;

	for (int i = 0; i < n; i++)
		days[i] = sets->rows[nrows / n * i].day;
	qsort(days, n, sizeof(DateADT), compare_days);
	/* DateADT is far from negative where it is divided */
	middle = ((int64) days[n / 2] + BASE_STEP / 2 + DATE_SHIFT) / BASE_STEP * BASE_STEP - DATE_SHIFT;
	sets->base = (DateADT) (middle - (PG_UINT16_MAX + 1) / 2);
}

/*
 * Make room for as many rows to wait as should by what is there; false if
 * there is so much already
 */
bool
ret_days_make_room(RetDays *sets)
{
	int64		wanted = Max(sets->ncustomers + sets->ncustomers * 2 / 3,
							 sets->nunits * (int64) sizeof(uint16) / BYTES_PER_ROW);

	wanted = Min(wanted, MAX_ROWS);
	if (wanted <= sets->rows_alloc)
		return false;
	sets->rows = repalloc_huge(sets->rows, wanted * sizeof(RetRow));
	sets->rows_alloc = wanted;
	return true;
}

/* Add the first n of the rows that wait */
void
ret_days_add(RetDays *sets, int64 n)
{
	RetRow	   *other;
	RetRow	   *rows;
	uint64	   *hashes;
	int64	   *ends;
	uint16	   *units;
	DateADT		first = sets->first;
	DateADT		last = sets->last;
	DateADT		base;
	uint64		hash;
	int64		offset = -1;
	int64		ncustomers = 0;
	int64		ndays = 0;

	if (n == 0)
		return;
	if (sets->ncustomers == 0)
		choose_base(sets, n);
	other = alloc_array(CurrentMemoryContext, n, sizeof(RetRow));
	hashes = alloc_array(CurrentMemoryContext, n, sizeof(uint64));
	ends = alloc_array(CurrentMemoryContext, n + 2, sizeof(int64));
	units = alloc_array(CurrentMemoryContext, n + RET_UNITS_PAD, sizeof(uint16));
	rows = ret_rows_sort(sets->rows, other, n, sets->common_bits);

	/* group them, without a branch on what cannot be predicted */
	base = sets->base;
	hash = ~ret_row_hash(&rows[0]);
	for (int64 i = 0; i < n; i++)
	{
		DateADT		day = rows[i].day;
		bool		new_customer = ret_row_hash(&rows[i]) != hash;
		int64		before = offset;

		first = Min(first, day);
		last = Max(last, day);
		hash = ret_row_hash(&rows[i]);
		offset = (int64) day - base;
		hashes[ncustomers] = hash;
		ends[ncustomers] = ndays;
		ncustomers += new_customer;
		if (unlikely(offset < 0 || offset > PG_UINT16_MAX))
		{
			ret_strays_add(&sets->strays, ret_hash_customer(hash), day, sets->context);
			continue;
		}
		units[ndays] = offset;
		ndays += new_customer | (offset != before);
	}
	/* what has been written is where the days of each begin; the last is looked at, not used */
	ends[ncustomers] = ends[ncustomers + 1] = ndays;
	sets->first = first;
	sets->last = last;
	pfree(other);
	merge_others(sets, hashes, ncustomers, ends + 1, NULL, units, ndays);
	pfree(hashes);
	pfree(ends);
	pfree(units);
}

/* What another has, in place of nothing */
static void
copy_days(RetDays *sets, const RetDays *other)
{
	int64		n = other->ncustomers;

	pfree(sets->hashes);
	pfree(sets->sizes);
	pfree(sets->units);
	sets->base = other->base;
	sets->ncustomers = n;
	sets->nunits = other->nunits;
	sets->hashes = alloc_array(sets->context, n, sizeof(uint64));
	sets->sizes = alloc_array(sets->context, n + 1, sizeof(uint16));
	sets->units = alloc_array(sets->context, other->nunits + RET_UNITS_PAD, sizeof(uint16));
	memcpy(sets->hashes, other->hashes, n * sizeof(uint64));
	memcpy(sets->sizes, other->sizes, n * sizeof(uint16));
	memcpy(sets->units, other->units, other->nunits * sizeof(uint16));
}

/*
 * Add all that another has, without its strays and the rows that wait there.
 * False, and nothing is done, if its days are counted from another base.
 */
bool
ret_days_union(RetDays *sets, const RetDays *other)
{
	if (other->ncustomers == 0)
		return true;
	if (sets->ncustomers > 0 && sets->base != other->base)
		return false;
	sets->first = Min(sets->first, other->first);
	sets->last = Max(sets->last, other->last);
	if (sets->ncustomers == 0)
		copy_days(sets, other);
	else
		merge_others(sets, other->hashes, other->ncustomers, NULL, other->sizes,
					 other->units, other->nunits);
	return true;
}

/* Are units the days of a customer, as merge_others leaves them? */
static bool
units_valid(const uint16 *units, int size)
{
	int			n = size & ~RET_HAS_BITMAP;
	int			count = 0;
	bool		valid = true;

	if ((size & RET_HAS_BITMAP) == 0)
	{
		for (int i = 1; i < n; i++)
			valid &= units[i - 1] < units[i];
		return valid && n <= BITMAP_MAX_UNITS;
	}
	if (n <= BITMAP_HEADER || units[0] + n > BITMAP_MAX_UNITS)
		return false;
	for (int i = BITMAP_HEADER; i < n; i++)
		count += pg_popcount32(units[i]);
	return count == units[1] + 1;
}

/* Are the arrays what they should be?  For those that have been somewhere else. */
bool
ret_days_check(const RetDays *sets)
{
	const uint16 *units = sets->units;
	int64		left = sets->nunits;

	for (int64 i = 0; i < sets->ncustomers; i++)
	{
		int			nunits = ret_days_units(sets, i);

		if (nunits > left || !units_valid(units, sets->sizes[i]) ||
			(i > 0 && sets->hashes[i - 1] >= sets->hashes[i]))
			return false;
		units += nunits;
		left -= nunits;
	}
	return left == 0;
}

/* No customers yet, whose hashes will have so many of their high bits in common */
void
ret_days_create(RetDays *sets, MemoryContext context, int common_bits)
{
	memset(sets, 0, sizeof(RetDays));
	sets->context = context;
	sets->common_bits = common_bits;
	sets->first = DATEVAL_NOEND;
	sets->last = DATEVAL_NOBEGIN;
	sets->strays.sorted = true;
	sets->rows_alloc = MIN_ROWS;
	sets->rows = MemoryContextAlloc(context, MIN_ROWS * sizeof(RetRow));
	sets->hashes = MemoryContextAlloc(context, sizeof(uint64));
	sets->sizes = MemoryContextAlloc(context, sizeof(uint16));
	sets->units = MemoryContextAlloc(context, RET_UNITS_PAD * sizeof(uint16));
}

void
ret_days_free(RetDays *sets)
{
	pfree(sets->rows);
	pfree(sets->hashes);
	pfree(sets->sizes);
	pfree(sets->units);
	if (sets->strays.events)
		pfree(sets->strays.events);
}

/*-------------------------------------------------------------------------
 * Parts
 *-------------------------------------------------------------------------
 */

/* Prepare to read the customers of parts in which no rows wait */
void
ret_parts_walk(RetActivityReader *reader, RetDays *parts, int nparts)
{
	reader->parts = parts;
	reader->nparts = nparts;
	reader->first = DATEVAL_NOEND;
	reader->last = DATEVAL_NOBEGIN;
	for (int i = 0; i < nparts; i++)
	{
		ret_strays_sort(&parts[i].strays);
		reader->ncustomers += parts[i].ncustomers;
		reader->first = Min(reader->first, parts[i].first);
		reader->last = Max(reader->last, parts[i].last);
	}
}

/* Read the next customer of all parts; false after the last */
bool
ret_parts_next(RetActivityReader *reader)
{
	while (reader->part < reader->nparts)
	{
		if (ret_days_next(&reader->parts[reader->part], reader))
			return true;
		reader->part++;
		reader->index = 0;
		reader->unit = 0;
	}
	return false;
}
