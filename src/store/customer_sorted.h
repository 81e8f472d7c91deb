/*-------------------------------------------------------------------------
 *
 * customer_sorted.h
 *	  Many customers, sorted by their hash, and rows that wait to be merged.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_CUSTOMER_SORTED_H
#define RETENTION_CUSTOMER_SORTED_H

#include "store/customer_key.h"
#include "store/customer_map.h"

#define RET_SORTED_BITS		6	/* high bits of the hash that tell the part */
#define RET_SORTED_PARTS	(1 << RET_SORTED_BITS)

/*
 * Flags of a customer take the bits of the word that the part makes free.  All
 * bits above them are the rest of the hash.
 */
#define RET_FLAG_MASK		((uint64) RET_SORTED_PARTS - 1)
#define RET_WORD_HASH(word)	((word) >> RET_SORTED_BITS)

/* Customers of a part, in ascending order of their hash */
typedef struct RetCustomerList
{
	uint64	   *words;			/* rest of the hash, and flags */
	int64	   *values;			/* RetMapDef.nvalues of each */
	int64		n;
} RetCustomerList;

/* What is known about one customer */
typedef struct RetFolded
{
	uint64		flags;
	int64		values[RET_MAP_MAX_VALUES];
} RetFolded;

/* How a family folds sorted rows and lists; made by customer_fold.h */
typedef struct RetFold
{
	uint64		max_flags;		/* customers with greater flags stay in a table */

	/* make a list, with room for n customers, of n > 0 sorted rows */
	void		(*rows) (const uint64 *rows, int64 n, RetCustomerList *to);
	/* merge two lists into one with room for the customers of both */
	void		(*lists) (const RetCustomerList *a, const RetCustomerList *b, RetCustomerList *to);
} RetFold;

/* Where the next row of a part is put */
typedef struct RetRowPlace
{
	uint64	   *next;
	uint64	   *end;			/* end of the room */
} RetRowPlace;

/* Customers, and rows that wait; all memory is owned by the context */
typedef struct RetSorted
{
	const RetMapDef *def;
	MemoryContext context;
	int			row_words;		/* words of a row: 1, or 2 if it has a value */
	bool		counted;		/* do the totals of the map count these customers? */
	RetCustomerList lists[RET_SORTED_PARTS];
	uint64	   *rows[RET_SORTED_PARTS];
	RetRowPlace places[RET_SORTED_PARTS];
} RetSorted;

extern RetSorted *ret_sorted_create(const RetMapDef *def, MemoryContext context);
extern void ret_sorted_make_room(RetSorted *sorted, int part);
extern bool ret_sorted_flush(RetSorted *sorted);
extern uint64 ret_lists_count(const RetCustomerList *lists);
extern void ret_sorted_merge(RetSorted *sorted, const RetCustomerList *lists);
extern void ret_sorted_take(RetSorted *sorted, RetMap *rest, const RetMap *from);
extern void ret_sorted_settle(RetSorted *sorted, RetMap *rest);

/* Add a row: its flags or, for a family with values, its value */
static pg_always_inline void
ret_sorted_add(RetSorted *sorted, int64 key, int64 value)
{
	uint64		hash = ret_customer_hash(key);
	int			part = hash >> (64 - RET_SORTED_BITS);
	RetRowPlace *place = &sorted->places[part];
	uint64	   *row = place->next;

	/* there are more parts than the processor foresees streams */
	__builtin_prefetch((char *) row + RET_CACHE_LINE, 1);
	row[0] = hash << RET_SORTED_BITS;
	if (sorted->row_words == 1)
		row[0] |= value;
	else
		row[1] = value;
	place->next = row + sorted->row_words;
	if (unlikely(place->next == place->end))
		ret_sorted_make_room(sorted, part);
}

/* Customers of a value, one after the other: those in lists, then those in a table */
typedef struct RetWalk
{
	const RetCustomerList *lists;	/* may be NULL */
	const RetMap *map;
	int			part;
	int64		index;			/* of the next customer in the list of the part */
	uint64		slot;			/* the next one of the table */
	union
	{
		RetCustomer customer;
		char		bytes[sizeof(RetCustomer) + RET_MAP_MAX_VALUES * sizeof(int64)];
	}			read;			/* the one read last from a list */
} RetWalk;

extern void ret_walk_begin(RetWalk *walk, const RetCustomerList *lists, const RetMap *map);
extern const RetCustomer *ret_walk_next(RetWalk *walk);

#endif							/* RETENTION_CUSTOMER_SORTED_H */
