/*-------------------------------------------------------------------------
 *
 * customer_sorted.c
 *	  Many customers, sorted by their hash, and rows that wait to be merged.
 *
 * The large form of a map of customers.  A row that finds its customer in a
 * hash table waits for a line of memory, and the branches on what it finds
 * there cannot be predicted.  Here nothing is looked up.  The high bits of the
 * hash, which can be undone, tell one of 64 parts; the row waits there as the
 * rest of the hash and its flags in one word, with a value if the family has
 * values.  Once there are enough of them, they are sorted within the
 * cache, folded to one entry for each customer, and merged with the list of
 * the part into a new one, from front to end.  It is what history/engine.h does
 * with entries by day, for customers of a fixed size.
 *
 * Adding a row is O(log(rows that wait)) in the worst case, for the sort, and
 * its share of a merge is constant, since the rows that wait grow with the
 * list.  A customer takes 8 bytes and 8 for each value, and 10 to 12 for the
 * rows that wait.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "store/customer_key.h"
#include "store/customer_map.h"
#include "store/customer_sorted.h"

/* Bits that one pass of the sort goes by: their counters fit the cache */
#define MAX_DIGIT			14

/* Moves per row after which the sort gives up to insert rows one by one */
#define MAX_MOVES			8

/*
 * Rows that wait in a part, at least and at most, and for four customers: fewer
 * where rows are larger.  More of them make merges rarer and take memory.
 */
#define MIN_ROWS			512
#define MAX_ROWS			(1 << 24)
#define ROWS_PER_FOUR(def)	((def)->nvalues == 0 ? 5 : 3)

/* Room for customers of the table that keeps those who are in no list */
#define REST_CUSTOMERS		64

/* A row with a value */
typedef struct ValueRow
{
	uint64		word;
	uint64		value;
} ValueRow;

#define ST_SORT sort_words
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_value_rows
#define ST_ELEMENT_TYPE ValueRow
#define ST_COMPARE(a, b) ((a)->word < (b)->word ? -1 : (a)->word > (b)->word)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/*-------------------------------------------------------------------------
 * Sorting rows
 *-------------------------------------------------------------------------
 */

/* Order rows by nbits of their words from shift on; equal ones stay in their order */
static pg_always_inline void
sort_pass(const uint64 *from, uint64 *to, int64 n, int size, int shift, int nbits)
{
	uint32		places[1 << MAX_DIGIT];
	uint64		mask = (UINT64CONST(1) << nbits) - 1;
	uint32		next = 0;

	memset(places, 0, (mask + 1) * sizeof(uint32));
	for (int64 i = 0; i < n; i++)
		places[(from[i * size] >> shift) & mask]++;
	for (uint64 i = 0; i <= mask; i++)
	{
		uint32		count = places[i];

		places[i] = next;
		next += count;
	}
	for (int64 i = 0; i < n; i++)
	{
		uint64	   *row = to + (int64) places[(from[i * size] >> shift) & mask]++ * size;

		for (int j = 0; j < size; j++)
			row[j] = from[i * size + j];
	}
}

/* Insert the rows that are not in order; false if there are too many of them */
static pg_always_inline bool
insert_rows(uint64 *rows, int64 n, int size)
{
	int64		moves = n * MAX_MOVES;

	for (int64 i = 1; i < n; i++)
	{
		uint64	   *row = rows + i * size;
		uint64		word = row[0];
		uint64		value = row[size - 1];
		uint64	   *place = row;

		if (likely(RET_WORD_HASH(word) >= RET_WORD_HASH(row[-size])))
			continue;
		do
		{
			for (int j = 0; j < size; j++)
				place[j] = place[j - size];
			place -= size;
		} while (place > rows && RET_WORD_HASH(word) < RET_WORD_HASH(place[-size]));
		place[size - 1] = value;
		place[0] = word;
		moves -= (row - place) / size;
		if (unlikely(moves < 0))
			return false;
	}
	return true;
}

/*
 * Sort rows of `size` words by their hash: by as many bits as tell nearly all
 * customers apart, then by inserting the rows that are not yet in order, or if
 * there are too many of them, since somebody chose the customers, by
 * comparisons.  other has room for as many rows; returns where the sorted ones
 * are.
 */
static pg_always_inline uint64 *
sort_rows(uint64 *rows, uint64 *other, int64 n, int size)
{
	int			nbits = Min(Max(pg_leftmost_one_pos64(n), 8), 2 * MAX_DIGIT);
	int			shift = 64 - nbits;

	if (nbits > MAX_DIGIT)
	{
		uint64	   *swap = rows;

		sort_pass(rows, other, n, size, shift, nbits / 2);
		rows = other;
		other = swap;
		shift += nbits / 2;
		nbits -= nbits / 2;
	}
	sort_pass(rows, other, n, size, shift, nbits);
	if (!insert_rows(other, n, size))
	{
		if (size == 1)
			sort_words(other, n);
		else
			sort_value_rows((ValueRow *) other, n);
	}
	return other;
}

static pg_noinline uint64 *
sort_single(uint64 *rows, uint64 *other, int64 n)
{
	return sort_rows(rows, other, n, 1);
}

static pg_noinline uint64 *
sort_double(uint64 *rows, uint64 *other, int64 n)
{
	return sort_rows(rows, other, n, 2);
}

/*-------------------------------------------------------------------------
 * Lists
 *-------------------------------------------------------------------------
 */

static void
list_alloc(RetCustomerList *list, int64 n, int nvalues, MemoryContext context)
{
	list->n = 0;
	list->words = MemoryContextAllocHuge(context, Max(n, 1) * sizeof(uint64));
	list->values = nvalues == 0 ? NULL :
		MemoryContextAllocHuge(context, Max(n, 1) * nvalues * sizeof(int64));
}

static void
list_free(RetCustomerList *list)
{
	pfree(list->words);
	if (list->values)
		pfree(list->values);
}

/* Merge the customers of another list into that of a part */
static void
list_merge(RetSorted *sorted, int part, const RetCustomerList *other)
{
	RetCustomerList *list = &sorted->lists[part];
	RetCustomerList merged;
	int			nvalues = sorted->def->nvalues;

	if (other->n == 0)
		return;
	list_alloc(&merged, list->n + other->n, nvalues, sorted->context);
	sorted->def->fold->lists(list, other, &merged);
	list_free(list);
	*list = merged;
	list->words = repalloc_huge(list->words, list->n * sizeof(uint64));
	if (nvalues > 0)
		list->values = repalloc_huge(list->values, list->n * nvalues * sizeof(int64));
	sorted->counted = false;
}

/* Note that n rows wait in a part that has room for alloc */
static void
set_place(RetSorted *sorted, int part, int64 n, int64 alloc)
{
	sorted->places[part].next = sorted->rows[part] + n * sorted->row_words;
	sorted->places[part].end = sorted->rows[part] + alloc * sorted->row_words;
}

static int64
rows_alloc(const RetSorted *sorted, int part)
{
	return (sorted->places[part].end - sorted->rows[part]) / sorted->row_words;
}

RetSorted *
ret_sorted_create(const RetMapDef *def, MemoryContext context)
{
	RetSorted  *sorted = MemoryContextAllocZero(context, sizeof(RetSorted));

	sorted->def = def;
	sorted->context = context;
	sorted->row_words = def->nvalues > 0 ? 2 : 1;
	for (int i = 0; i < RET_SORTED_PARTS; i++)
	{
		list_alloc(&sorted->lists[i], 0, def->nvalues, context);
		sorted->rows[i] = MemoryContextAllocHuge(context, MIN_ROWS * sorted->row_words * sizeof(uint64));
		set_place(sorted, i, 0, MIN_ROWS);
	}
	return sorted;
}

/* Merge the n rows that wait in a part */
static void
flush_part(RetSorted *sorted, int part)
{
	int64		n = (sorted->places[part].next - sorted->rows[part]) / sorted->row_words;
	uint64	   *other;
	uint64	   *rows;
	RetCustomerList folded;

	if (n == 0)
		return;
	CHECK_FOR_INTERRUPTS();
	other = MemoryContextAllocHuge(CurrentMemoryContext, n * sorted->row_words * sizeof(uint64));
	rows = sorted->row_words == 1 ? sort_single(sorted->rows[part], other, n) :
		sort_double(sorted->rows[part], other, n);
	list_alloc(&folded, n, sorted->def->nvalues, CurrentMemoryContext);
	sorted->def->fold->rows(rows, n, &folded);
	pfree(other);
	list_merge(sorted, part, &folded);
	list_free(&folded);
	set_place(sorted, part, 0, rows_alloc(sorted, part));
}

/* Make room for a row in a part that has none: let more rows wait, or merge them */
void
ret_sorted_make_room(RetSorted *sorted, int part)
{
	int64		n = rows_alloc(sorted, part);
	int64		wanted = Min(sorted->lists[part].n * ROWS_PER_FOUR(sorted->def) / 4, MAX_ROWS);

	if (wanted > n)
	{
		sorted->rows[part] = repalloc_huge(sorted->rows[part],
										   wanted * sorted->row_words * sizeof(uint64));
		set_place(sorted, part, n, wanted);
	}
	else
		flush_part(sorted, part);
}

/*
 * Merge all rows that wait; returns whether the totals count all customers.
 * That changes how the value is stored, not its content.
 */
bool
ret_sorted_flush(RetSorted *sorted)
{
	for (int i = 0; i < RET_SORTED_PARTS; i++)
		flush_part(sorted, i);
	return sorted->counted;
}

/* Count the customers of lists, which may be NULL */
uint64
ret_lists_count(const RetCustomerList *lists)
{
	uint64		n = 0;

	for (int i = 0; lists != NULL && i < RET_SORTED_PARTS; i++)
		n += lists[i].n;
	return n;
}

/* Merge the lists of another value */
void
ret_sorted_merge(RetSorted *sorted, const RetCustomerList *lists)
{
	for (int i = 0; i < RET_SORTED_PARTS; i++)
	{
		list_merge(sorted, i, &lists[i]);
		CHECK_FOR_INTERRUPTS();
	}
}

/*-------------------------------------------------------------------------
 * Tables and lists
 *-------------------------------------------------------------------------
 */

/* A customer with the most values */
typedef union SingleCustomer
{
	RetCustomer customer;
	char		bytes[sizeof(RetCustomer) + RET_MAP_MAX_VALUES * sizeof(int64)];
} SingleCustomer;

/* Merge a customer into a table, which grows */
static void
enter_rest(RetMap *rest, const RetCustomer *other)
{
	if (unlikely(rest->ncustomers >= rest->limit))
		ret_map_remake(rest);
	rest->def->merge(rest, ret_map_enter(rest, other->key), other);
}

/*
 * Make a list of n > 0 customers of a table, given in the order of their hash
 * by the numbers of their slots.  Those whose flags no list can keep go to
 * another table.
 */
static void
list_of_slots(const RetMap *from, const uint64 *rows, int64 n, RetCustomerList *list, RetMap *rest)
{
	const RetMapDef *def = from->def;
	int64		totals[RET_MAP_MAX_VALUES] = {0};
	RetMap		uncounted = {.def = def,.totals = totals};

	list_alloc(list, n, def->nvalues, CurrentMemoryContext);
	for (int64 i = 0; i < n; i++)
	{
		SingleCustomer copy = {0};

		/* not just a copy: flags may have come from elsewhere */
		copy.customer.key = ret_map_slot(from, rows[2 * i + 1])->key;
		def->merge(&uncounted, &copy.customer, ret_map_slot(from, rows[2 * i + 1]));
		if (copy.customer.flags == 0)
			ret_map_inconsistent();
		if (copy.customer.flags > def->fold->max_flags)
		{
			enter_rest(rest, &copy.customer);
			continue;
		}
		list->words[list->n] = rows[2 * i] | copy.customer.flags;
		if (def->nvalues > 0)
			memcpy(list->values + list->n * def->nvalues, copy.customer.values,
				   def->nvalues * sizeof(int64));
		list->n++;
	}
}

/*
 * Merge the customers of a table.  Those whose flags no list can keep go to the
 * table of the rest.
 */
void
ret_sorted_take(RetSorted *sorted, RetMap *rest, const RetMap *from)
{
	int64		ends[RET_SORTED_PARTS] = {0};
	int64		start = 0;
	uint64	   *rows;
	uint64	   *other;

	rows = MemoryContextAllocHuge(CurrentMemoryContext, (from->ncustomers + 1) * 2 * sizeof(uint64));
	other = MemoryContextAllocHuge(CurrentMemoryContext, (from->ncustomers + 1) * 2 * sizeof(uint64));
	for (uint64 i = 0; i < from->nslots; i++)
	{
		const RetCustomer *customer = ret_map_slot(from, i);

		if (customer->flags != 0)
			ends[ret_customer_hash(customer->key) >> (64 - RET_SORTED_BITS)]++;
		ret_check_interrupts_at(i);
	}
	for (int i = 0; i < RET_SORTED_PARTS; i++)
	{
		int64		n = ends[i];

		ends[i] = start;
		start += n;
	}
	for (uint64 i = 0; i < from->nslots; i++)
	{
		const RetCustomer *customer = ret_map_slot(from, i);
		uint64		hash = ret_customer_hash(customer->key);

		if (customer->flags != 0)
		{
			uint64	   *row = rows + 2 * ends[hash >> (64 - RET_SORTED_BITS)]++;

			row[0] = hash << RET_SORTED_BITS;
			row[1] = i;
		}
		ret_check_interrupts_at(i);
	}
	start = 0;
	for (int i = 0; i < RET_SORTED_PARTS; i++)
	{
		RetCustomerList list;

		if (ends[i] > start)
		{
			list_of_slots(from, sort_double(rows + 2 * start, other, ends[i] - start),
						  ends[i] - start, &list, rest);
			list_merge(sorted, i, &list);
			list_free(&list);
		}
		start = ends[i];
		CHECK_FOR_INTERRUPTS();
	}
	pfree(rows);
	pfree(other);
}

/* Find the first customer of a list whose hash is not less than one */
static int64
list_find(const RetCustomerList *list, uint64 hash)
{
	int64		low = 0;
	int64		high = list->n;

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (RET_WORD_HASH(list->words[middle]) < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Read a customer from a list */
static void
list_read(const RetCustomerList *list, int part, int64 i, int nvalues, RetCustomer *customer)
{
	customer->key = ret_hash_customer((uint64) part << (64 - RET_SORTED_BITS) |
									  RET_WORD_HASH(list->words[i]));
	customer->flags = list->words[i] & RET_FLAG_MASK;
	if (nvalues > 0)
		memcpy(customer->values, list->values + i * nvalues, nvalues * sizeof(int64));
}

/*
 * Merge a customer of a table into their list; false if they are not in it.
 * No rows wait.
 */
static bool
list_take(RetSorted *sorted, RetMap *rest, const RetCustomer *other)
{
	uint64		hash = ret_customer_hash(other->key);
	int			part = hash >> (64 - RET_SORTED_BITS);
	uint64		word = hash << RET_SORTED_BITS;
	RetCustomerList *list = &sorted->lists[part];
	int64		i = list_find(list, RET_WORD_HASH(word));
	int			nvalues = sorted->def->nvalues;
	SingleCustomer copy = {0};

	if (i == list->n || RET_WORD_HASH(list->words[i]) != RET_WORD_HASH(word))
		return false;
	list_read(list, part, i, nvalues, &copy.customer);
	sorted->def->merge(rest, &copy.customer, other);
	if (copy.customer.flags == 0 || copy.customer.flags > sorted->def->fold->max_flags)
		ret_map_inconsistent();
	list->words[i] = word | copy.customer.flags;
	if (nvalues > 0)
		memcpy(list->values + i * nvalues, copy.customer.values, nvalues * sizeof(int64));
	return true;
}

/*
 * Merge the customers of the table of the rest who are also in a list into the
 * list.  No rows wait.
 */
void
ret_sorted_settle(RetSorted *sorted, RetMap *rest)
{
	RetMap		old = *rest;

	if (old.ncustomers == 0)
		return;
	ret_map_create(rest, old.size, REST_CUSTOMERS, sorted->context);
	for (uint64 i = 0; i < old.nslots; i++)
	{
		const RetCustomer *customer = ret_map_slot(&old, i);

		if (customer->flags != 0 && !list_take(sorted, rest, customer))
			enter_rest(rest, customer);
		ret_check_interrupts_at(i);
	}
	pfree(old.chunk);
	sorted->counted = false;
}

/*-------------------------------------------------------------------------
 * Walking through all customers
 *-------------------------------------------------------------------------
 */

void
ret_walk_begin(RetWalk *walk, const RetCustomerList *lists, const RetMap *map)
{
	walk->lists = lists;
	walk->map = map;
	walk->part = lists ? 0 : RET_SORTED_PARTS;
	walk->index = 0;
	walk->slot = 0;
	memset(&walk->read, 0, sizeof(walk->read));
}

/* Get the next customer, or NULL; valid until the next call */
const RetCustomer *
ret_walk_next(RetWalk *walk)
{
	while (walk->part < RET_SORTED_PARTS)
	{
		const RetCustomerList *list = &walk->lists[walk->part];

		if (walk->index < list->n)
		{
			ret_check_interrupts_at(walk->index);
			list_read(list, walk->part, walk->index++, (walk->map->size - sizeof(RetCustomer)) / sizeof(int64),
					  &walk->read.customer);
			return &walk->read.customer;
		}
		walk->part++;
		walk->index = 0;
	}
	while (walk->slot < walk->map->nslots)
	{
		const RetCustomer *customer = ret_map_slot(walk->map, walk->slot++);

		ret_check_interrupts_at(walk->slot);
		if (customer->flags != 0)
			return customer;
	}
	return NULL;
}
