/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  Sorting the rows that wait to be merged.
 *
 * Rows are spread over as many buckets as there are rows, by bits of the hash,
 * which leaves them nearly sorted: a pass over them without a branch that
 * depends on their values, in O(rows).  Since equal bits keep the order of the
 * rows, those that come in the order of time have it within each customer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "history/rows.h"

/* Bits that one pass of the sort goes by: their counters fit the cache */
#define MAX_DIGIT			14

/* Bits that the sort by day goes by, if of so many rows one in 16 is before another */
#define DAY_DIGIT			11
#define ORDER_SAMPLE		256
#define FEW_DESCENTS		16

/* Moves per row after which the sort gives up to insert rows one by one */
#define MAX_MOVES			8

static inline bool
row_less(const RetRow *a, const RetRow *b)
{
	uint64		x = ret_row_hash(a);
	uint64		y = ret_row_hash(b);

	/* no branch on x == y, which cannot be predicted */
	return (x < y) | ((x == y) & (a->day < b->day));
}

#define ST_SORT sort_rows_compare
#define ST_ELEMENT_TYPE RetRow
#define ST_COMPARE(a, b) (row_less(a, b) ? -1 : row_less(b, a))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* What a pass of the sort goes by */
typedef struct SortKey
{
	bool		by_day;			/* days from first on, else hashes, */
	DateADT		first;
	int			shift;			/* of which these bits count */
	uint64		mask;
} SortKey;

static pg_always_inline uint64
sort_key_of(const RetRow *row, SortKey key)
{
	uint64		value = key.by_day ? (uint64) ((int64) row->day - key.first) : ret_row_hash(row);

	return (value >> key.shift) & key.mask;
}

/* Order rows by some bits, and otherwise as they were */
static pg_always_inline void
sort_pass(const RetRow *from, RetRow *to, int64 n, SortKey key)
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
sort_by_hash(const RetRow *from, RetRow *to, int64 n, int shift, int nbits)
{
	sort_pass(from, to, n, (SortKey) {.shift = shift,.mask = (UINT64CONST(1) << nbits) - 1});
}

/* Are rows in the order of time, but for a few?  Decided by some of them. */
static bool
rows_by_time(const RetRow *rows, int64 n)
{
	int64		step = Max(n / ORDER_SAMPLE, 1);
	int			descents = 0;

	for (int64 i = 1; i < n; i += step)
		descents += rows[i].day < rows[i - 1].day;
	return descents <= Min(n, ORDER_SAMPLE) / FEW_DESCENTS;
}

/* Order rows by their day, or nearly so if they are of many years */
static pg_noinline void
sort_by_day(const RetRow *from, RetRow *to, int64 n)
{
	DateADT		first = from[0].day;
	DateADT		last = from[0].day;
	SortKey		key = {.by_day = true,.mask = (1 << DAY_DIGIT) - 1};

	for (int64 i = 1; i < n; i++)
	{
		first = Min(first, from[i].day);
		last = Max(last, from[i].day);
	}
	key.first = first;
	while (((int64) last - first) >> key.shift > (int64) key.mask)
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
RetRow *
ret_rows_sort(RetRow *rows, RetRow *other, int64 n, int common_bits)
{
	int			nbits = Min(Max(pg_leftmost_one_pos64(n), 8), 2 * MAX_DIGIT);
	int			shift = 64 - common_bits - nbits;
	int64		moves = n * MAX_MOVES;
	RetRow	   *swap;

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
		RetRow		row = rows[i];
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
