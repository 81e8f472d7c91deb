/*-------------------------------------------------------------------------
 *
 * dayset.h
 *	  The units of one customer where an entry is a day and nothing else: a
 *	  sorted array of offsets or, where that is smaller, a bitmap.  A part of
 *	  engine.h.
 *
 * A bitmap has a unit for the 16 days at which it begins, one for the number
 * of days, less 1, and units of 16 days.  An array longer than ARRAY_ENOUGH
 * becomes one if that is shorter.
 *
 *-------------------------------------------------------------------------
 */
#include "port/pg_bitutils.h"

#define HAS_BITMAP			0x8000	/* in a size */
#define BITMAP_HEADER		2
#define BITMAP_MAX_UNITS	(BITMAP_HEADER + (PG_UINT16_MAX + 1) / 16)
#define ARRAY_ENOUGH		32

/* Rows wait for a merge as days_make_room() says */
#define UNITS_PER_ROW		15

/* Most units by which a set may grow beyond those that are merged */
#define UNITS_EXTRA			BITMAP_MAX_UNITS

/* Count the units of a customer, whose size may have a mark */
static inline int64
units_of_size(UnitCount size)
{
	return size & ~HAS_BITMAP;
}

/* Tell whether sets of these sizes must be merged even if they could follow one another */
static inline bool
units_too_many(int64 a, int64 b)
{
	return a + b > ARRAY_ENOUGH;
}

/* Set the bits of n days in words that begin at word low; returns how many were not set */
static int
bitmap_set(Unit *words, int low, const Unit *days, int n)
{
	int			nnew = 0;

	for (int i = 0; i < n; i++)
	{
		Unit	   *word = &words[(days[i] >> 4) - low];
		Unit		bit = 1 << (days[i] & 15);

		nnew += (*word & bit) == 0;
		*word |= bit;
	}
	return nnew;
}

/* List the days of a bitmap */
static int
bitmap_list(const Unit *bitmap, int size, Unit *days)
{
	int			n = 0;

	for (int i = BITMAP_HEADER; i < size; i++)
		for (uint32 bits = bitmap[i]; bits != 0; bits &= bits - 1)
			days[n++] = (bitmap[0] + i - BITMAP_HEADER) * 16 + pg_rightmost_one_pos32(bits);
	return n;
}

/*
 * Put one day or more into a bitmap; returns the size of the result, which is
 * again a bitmap unless its range has become so wide that an array is smaller.
 * out has room for either.
 */
static int
bitmap_merge(Unit *out, const Unit *bitmap, int size, const Unit *days, int ndays)
{
	int			nwords = size - BITMAP_HEADER;
	int			low = Min(bitmap[0], days[0] >> 4);
	int			high = Max(bitmap[0] + nwords - 1, days[ndays - 1] >> 4);
	int			before = bitmap[0] - low;
	int			after = high - (bitmap[0] + nwords - 1);
	int			count = bitmap[1] + 1;
	Unit	   *words = out + BITMAP_HEADER;

	memset(words, 0, before * sizeof(Unit));
	memcpy(words + before, bitmap + BITMAP_HEADER, nwords * sizeof(Unit));
	memset(words + before + nwords, 0, after * sizeof(Unit));
	count += bitmap_set(words, low, days, ndays);
	out[0] = low;
	out[1] = count - 1;
	size = BITMAP_HEADER + high - low + 1;
	if (unlikely(size >= count))
	{
		Unit		list[BITMAP_MAX_UNITS];

		bitmap_list(out, size, list);
		memcpy(out, list, count * sizeof(Unit));
		return count;
	}
	return size | HAS_BITMAP;
}

/* Make a bitmap of an array if that is smaller; returns the size */
static int
array_shrink(Unit *array, int n)
{
	int			low = array[0] >> 4;
	int			nwords = (array[n - 1] >> 4) - low + 1;
	Unit		words[BITMAP_MAX_UNITS];

	if (BITMAP_HEADER + nwords >= n)
		return n;
	memset(words, 0, nwords * sizeof(Unit));
	bitmap_set(words, low, array, n);
	array[0] = low;
	array[1] = n - 1;
	memcpy(array + BITMAP_HEADER, words, nwords * sizeof(Unit));
	return (BITMAP_HEADER + nwords) | HAS_BITMAP;
}

/* Merge two ascending arrays into one without duplicates; returns its size */
static int
array_merge(Unit *out, const Unit *a, int na, const Unit *b, int nb)
{
	Unit	   *next = out;
	int			i = 0;
	int			j = 0;

	while (i < na && j < nb)
	{
		Unit		x = a[i];
		Unit		y = b[j];

		*next++ = Min(x, y);
		i += x <= y;
		j += y <= x;
	}
	memcpy(next, a + i, (na - i) * sizeof(Unit));
	next += na - i;
	memcpy(next, b + j, (nb - j) * sizeof(Unit));
	return next + (nb - j) - out;
}

/*
 * Merge two sets of a customer: na units at a and nb, at least one, at b, each
 * marked if they are a bitmap.  Returns the size.  out has room for both and
 * for UNITS_EXTRA more.  *scratch is allocated when it is needed.
 */
static pg_noinline int
units_merge(Days *days pg_attribute_unused(), uint64 hash pg_attribute_unused(), Unit *out,
			const Unit *a, int na, bool a_marked, const Unit *b, int nb, bool b_marked, Unit **scratch)
{
	int			n;

	if (a_marked && b_marked)
	{
		if (*scratch == NULL)
			*scratch = palloc((PG_UINT16_MAX + 1) * sizeof(Unit));
		nb = bitmap_list(b, nb, *scratch);
		b = *scratch;
	}
	else if (b_marked)
		return bitmap_merge(out, b, nb, a, na);
	if (a_marked)
		return bitmap_merge(out, a, na, b, nb);
	n = array_merge(out, a, na, b, nb);
	return n > ARRAY_ENOUGH ? array_shrink(out, n) : n;
}

/* Check that units are a set of days as units_merge() leaves it */
static bool
units_valid(const Unit *units, UnitCount size)
{
	int			n = size & ~HAS_BITMAP;
	int			count = 0;
	bool		valid = true;

	if ((size & HAS_BITMAP) == 0)
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

/* Read the units of a customer, whose offsets are counted from base, into a reader */
static inline void
units_read(const Unit *units, UnitCount size, DateADT base, RetReader *reader)
{
	int64		n = 0;
	DateADT    *days;

	if (size & HAS_BITMAP)
	{
		int			nunits = size & ~HAS_BITMAP;

		days = (DateADT *) reader_reserve(reader, (int64) nunits * 16);
		for (int w = BITMAP_HEADER; w < nunits; w++)
		{
			DateADT		first = base + (units[0] + w - BITMAP_HEADER) * 16;

			for (uint32 bits = units[w]; bits != 0; bits &= bits - 1)
				days[n++] = first + pg_rightmost_one_pos32(bits);
		}
	}
	else
	{
		days = (DateADT *) reader_reserve(reader, size);
		for (; n < size; n++)
			days[n] = base + units[n];
	}
	reader->nentries = n;
}
