/*-------------------------------------------------------------------------
 *
 * customer.h
 *	  Customers, and the map from customers to what is known about each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_CUSTOMER_H
#define RETENTION_CUSTOMER_H

#include "retention.h"

/* A customer_key is passed by value and is the int64 it looks like */
#define PG_GETARG_CUSTOMER(n)	PG_GETARG_INT64(n)

/*
 * One customer in a map.  How many values follow is the map's; what flags and
 * values mean is known only to the family that the map belongs to.
 */
typedef struct RetCustomer
{
	int64		key;			/* the customer_key */
	uint8		flags;			/* never 0 once the customer is in the map */
	uint8		turn;			/* which growth of the map placed it */
	uint16		small;			/* for families that need little, */
	uint32		word;			/* else 0 */
	int64		values[FLEXIBLE_ARRAY_MEMBER];
} RetCustomer;

struct RetMap;

/* What a family of aggregates keeps in its maps, and how it is put together */
typedef struct RetMapDef
{
	uint8		kind;			/* tells the families' maps apart */
	uint8		nvalues;		/* values per customer */
	uint8		ntotals;		/* values per map, part of its content */
	uint16		scratch;		/* bytes of cache per map, not part of it */

	/* a row of the customer; flags are 0 if it is the first */
	void		(*add) (struct RetMap *map, RetCustomer *customer, int64 value);
	/* the same customer from another map */
	void		(*merge) (struct RetMap *map, RetCustomer *customer, const RetCustomer *other);
	/* the totals of another map, before its customers; may be NULL */
	void		(*merge_totals) (struct RetMap *map, const int64 *other);
} RetMapDef;

/*
 * An open-addressing hash table of RetCustomers, or, when shift is 0, just an
 * array of them.  It may lie inside a flat value or on its own.
 */
typedef struct RetMap
{
	const RetMapDef *def;		/* whose map */
	char	   *slots;			/* RetCustomers, flags = 0 where unused */
	uint64		nslots;			/* a power of 2 if hashed */
	uint64		ncustomers;		/* slots in use */
	Size		size;			/* bytes of a slot */
	int			shift;			/* slot = hash >> shift */
	uint8		turn;			/* mark of the customers placed since the last growth */
	int64	   *totals;			/* the family's totals */
	void	   *scratch;		/* the family's cache */
} RetMap;

/* The transition value of an aggregate over customers, unpacked for a call */
typedef struct RetState
{
	Datum		datum;			/* to be returned to the executor */
	RetMap	   *map;			/* its map */
	struct FlatMap *flat;		/* the flat value, or NULL: expanded */
	struct ExpandedMap *expanded;	/* the expanded object, or NULL: flat */
	FunctionCallInfo fcinfo;	/* the call, which knows the aggregate's context */
	RetMap		view;			/* map of a flat value */
} RetState;

extern void ret_state_get(FunctionCallInfo fcinfo, const RetMapDef *def, RetState *state);
extern void ret_state_add(RetState *state, int64 key, int64 value);
extern Datum ret_state_ignore(FunctionCallInfo fcinfo);
extern Datum ret_state_combine(FunctionCallInfo fcinfo, const RetMapDef *def);
extern RetMap *ret_state_read(FunctionCallInfo fcinfo, int argno, const RetMapDef *def, RetState *state);

/* The customer in slot i, which may be unused */
static inline RetCustomer *
ret_map_slot(const RetMap *map, uint64 i)
{
	return (RetCustomer *) (map->slots + i * map->size);
}

#endif							/* RETENTION_CUSTOMER_H */
