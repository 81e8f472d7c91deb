/*-------------------------------------------------------------------------
 *
 * rows.h
 *	  Rows that wait to be merged, and how they are sorted.  A part of engine.h.
 *
 * Rows are spread over as many buckets as there are rows, by bits of the hash,
 * which leaves them nearly sorted: a pass over them without a branch that
 * depends on their values, in O(rows).  Since equal bits keep the order of the
 * rows, those that come in the order of time have it within each customer.
 *
 *-------------------------------------------------------------------------
 */
#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "base/retention.h"
#include "store/customer_key.h"

/* Bits that one pass of the sort goes by: their counters fit the cache */
#define MAX_DIGIT			14

/* Bits that the sort by day goes by */
#define DAY_DIGIT			11

/* Rows are sorted by day if one in FEW_DESCENTS of ORDER_SAMPLE is earlier than the row before it */
#define ORDER_SAMPLE		256
#define FEW_DESCENTS		16

/* Moves per row after which the sort gives up to insert rows one by one */
#define MAX_MOVES			8

/* What waits in place of an entry that no unit can hold: it comes last */
#define NO_UNIT				((Unit) ~(Unit) 0)

/* A unit of a customer */
typedef struct Row
{
	uint32		hash[2];		/* ret_customer_hash of the customer: a uint64 that needs no alignment */
	Unit		unit;			/* with its day as an offset from the base, or NO_UNIT */
} Row;

static inline uint64
row_hash(const Row *row)
{
	uint64		hash;

	memcpy(&hash, row->hash, sizeof(hash));
	return hash;
}

static inline void
row_set_hash(Row *row, uint64 hash)
{
	memcpy(row->hash, &hash, sizeof(hash));
}

static inline bool
row_less(const Row *a, const Row *b)
{
	uint64		x = row_hash(a);
	uint64		y = row_hash(b);

	/* no branch on x == y, which cannot be predicted */
	return (x < y) | ((x == y) & (unit_key(a->unit) < unit_key(b->unit)));
}

#define ST_SORT sort_rows_compare
#define ST_ELEMENT_TYPE Row
#define ST_COMPARE(a, b) (row_less(a, b) ? -1 : row_less(b, a))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* What a pass of the sort goes by */
typedef struct SortKey
{
	bool		by_day;			/* by unit_key() less first?  Else by the hash */
	int64		first;
	int			shift;			/* bits to drop */
	uint64		mask;			/* bits to keep */
} SortKey;

static pg_always_inline uint64
sort_key_of(const Row *row, SortKey key)
{
	uint64		value = key.by_day ? (uint64) (unit_key(row->unit) - key.first) : row_hash(row);

	return (value >> key.shift) & key.mask;
}

/* Order rows by the bits of a key; rows with the same bits stay in their order */
static pg_always_inline void
sort_pass(const Row *from, Row *to, int64 n, SortKey key)
{
	uint32		places[1 << MAX_DIGIT];
	uint32		next = 0;

	memset(places, 0, (key.mask + 1) * sizeof(uint32));
	for (int64 i = 0; i < n; i++)
		places[sort_key_of(&from[i], key)]++;
	for (uint64 i = 0; i <= key.mask; i++)
	{
		uint32		count = places[i];

		places[i] = next;
		next += count;
	}
	for (int64 i = 0; i < n; i++)
		to[places[sort_key_of(&from[i], key)]++] = from[i];
}

static pg_noinline void
sort_by_hash(const Row *from, Row *to, int64 n, int shift, int nbits)
{
	sort_pass(from, to, n, (SortKey) {.shift = shift,.mask = (UINT64CONST(1) << nbits) - 1});
}

/* Tell from a sample whether nearly all rows are in the order of time */
static bool
rows_by_time(const Row *rows, int64 n)
{
	int64		step = Max(n / ORDER_SAMPLE, 1);
	int			descents = 0;

	for (int64 i = 1; i < n; i += step)
		descents += unit_key(rows[i].unit) < unit_key(rows[i - 1].unit);
	return descents <= Min(n, ORDER_SAMPLE) / FEW_DESCENTS;
}

/* Order rows by their day, or by spans of days if they are of many years */
static pg_noinline void
sort_by_day(const Row *from, Row *to, int64 n)
{
	int64		first = unit_key(from[0].unit);
	int64		last = first;
	SortKey		key = {.by_day = true,.mask = (1 << DAY_DIGIT) - 1};

	for (int64 i = 1; i < n; i++)
	{
		first = Min(first, unit_key(from[i].unit));
		last = Max(last, unit_key(from[i].unit));
	}
	key.first = first;
	while ((last - first) >> key.shift > (int64) key.mask)
		key.shift++;
	sort_pass(from, to, n, key);
}

/*
 * Sort rows by hash and day: by the day, if they do not come in the order of
 * time anyway, then by as many bits of the hash, below those that all have in
 * common, as tell nearly all customers apart, and at last by inserting the rows
 * that are not yet in order, or if there are too many of them by comparisons.
 * other has room for as many rows; returns where the sorted ones are.
 */
static Row *
rows_sort(Row *rows, Row *other, int64 n, int common_bits)
{
	int			nbits = Min(Max(pg_leftmost_one_pos64(n), 8), 2 * MAX_DIGIT);
	int			shift = 64 - common_bits - nbits;
	int64		moves = n * MAX_MOVES;
	Row	   *swap;

	if (!rows_by_time(rows, n))
	{
		sort_by_day(rows, other, n);
		swap = rows;
		rows = other;
		other = swap;
	}
	if (nbits > MAX_DIGIT)
	{
		sort_by_hash(rows, other, n, shift, nbits / 2);
		swap = rows;
		rows = other;
		other = swap;
		shift += nbits / 2;
		nbits -= nbits / 2;
	}
	sort_by_hash(rows, other, n, shift, nbits);
	rows = other;

	for (int64 i = 1; i < n; i++)
	{
		Row		row = rows[i];
		int64		j = i;

		if (likely(!row_less(&row, &rows[i - 1])))
			continue;
		do
		{
			rows[j] = rows[j - 1];
			j--;
		} while (j > 0 && row_less(&row, &rows[j - 1]));
		rows[j] = row;
		moves -= i - j;
		if (unlikely(moves < 0))
		{
			sort_rows_compare(rows, n);
			break;
		}
	}
	return rows;
}
