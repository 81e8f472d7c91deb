/*-------------------------------------------------------------------------
 *
 * customer_map.h
 *	  Customers, and the map from customers to what is known about each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_CUSTOMER_MAP_H
#define RETENTION_CUSTOMER_MAP_H

#include "utils/expandeddatum.h"

#include "base/retention.h"
#include "store/customer_key.h"

/*
 * One customer in a map.  The map knows how many values follow; only the
 * family that the map belongs to knows what flags and values mean.
 */
typedef struct RetCustomer
{
	int64		key;			/* the customer_key */
	uint8		flags;			/* never 0 once the customer is in the map */
	uint8		turn;			/* RetMap.turn when it was placed */
	uint8		unused[6];		/* 0 */
	int64		values[FLEXIBLE_ARRAY_MEMBER];	/* RetMapDef.nvalues of them */
} RetCustomer;

struct RetMap;

/* What a family of aggregates keeps in its maps, and how to combine it */
typedef struct RetMapDef
{
	uint8		kind;			/* tells apart the maps of the families */
	uint8		nvalues;		/* values per customer */
	uint8		ntotals;		/* values per map, part of its content */
	uint16		scratch;		/* bytes of cache per map, not part of its content */

	/* add a row of the customer; flags are 0 if it is the customer's first */
	void		(*add) (struct RetMap *map, RetCustomer *customer, int64 value);
	/* merge the same customer from another map */
	void		(*merge) (struct RetMap *map, RetCustomer *customer, const RetCustomer *other);
	/* merge the totals of another map, before its customers; may be NULL */
	void		(*merge_totals) (struct RetMap *map, const int64 *other);
} RetMapDef;

/*
 * An open-addressing hash table of RetCustomers, or, when shift is 0, just an
 * array of them.  It may lie inside a flat value or on its own.
 */
typedef struct RetMap
{
	const RetMapDef *def;		/* the family's definition */
	char	   *slots;			/* RetCustomers, flags = 0 where unused */
	char	   *chunk;			/* allocated chunk in which they lie, or NULL */
	uint64		nslots;			/* a power of 2 if hashed */
	uint64		limit;			/* customers at which it must be remade; 0: at once */
	uint64		factor;			/* factor of the hash */
	uint64		group;			/* mask of the slot at which the probes of a key begin */
	uint64		ncustomers;		/* slots in use */
	Size		size;			/* bytes of a slot */
	int			shift;			/* slot = hash >> shift */
	uint8		turn;			/* mark of the customers placed since all were moved last */
	int64	   *totals;			/* the family's totals */
	void	   *scratch;		/* the family's cache */
} RetMap;

#define RET_FLAT_VERSION	1
#define RET_DELAY_ROWS		64	/* a power of 2 */

/* The flat form, always a multiple of 8 bytes long */
typedef struct RetFlatMap
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;		/* RET_FLAT_VERSION */
	uint8		kind;			/* RetMapDef.kind */
	uint8		nvalues;		/* RetMapDef.nvalues */
	uint8		ntotals;		/* RetMapDef.ntotals */
	uint32		nslots;			/* number of slots that follow */
	uint32		ncustomers;		/* number of slots in use */
	uint16		hashed;			/* 1: a hash table, 0: packed */
	uint16		scratch;		/* bytes of scratch, 0 if packed */
	uint32		unused;			/* 0 */
	/* followed by totals, scratch and slots */
} RetFlatMap;

/* One row that waits for its slot to arrive in the cache */
typedef struct RetDelayedRow
{
	int64		key;
	int64		value;
} RetDelayedRow;

/* The expanded form */
typedef struct RetExpandedMap
{
	ExpandedObjectHeader hdr;	/* standard header for expanded objects */
	RetMap		map;			/* slots is a chunk of hdr.eoh_context */
	uint32		nadded;			/* number of rows added so far */
	uint32		napplied;		/* number of these rows that are in the table */
	RetDelayedRow rows[RET_DELAY_ROWS];	/* row n is rows[n % RET_DELAY_ROWS] */
} RetExpandedMap;

/* The transition value of an aggregate over customers, unpacked for a call */
typedef struct RetState
{
	Datum		datum;			/* to be returned to the executor */
	RetMap	   *map;			/* the map of the value */
	RetFlatMap *flat;			/* the flat value; NULL if it is expanded */
	RetExpandedMap *expanded;	/* the expanded object; NULL if it is flat */
	FunctionCallInfo fcinfo;	/* the call, which knows the aggregate's context */
	RetMap		view;			/* map of a flat value */
} RetState;

extern void ret_map_remake(RetMap *map);

extern void ret_state_get_slow(FunctionCallInfo fcinfo, const RetMapDef *def, RetState *state);
extern RetCustomer *ret_state_enter(RetState *state, int64 key);
extern void ret_state_add_flat(RetState *state, int64 key, int64 value);
extern Datum ret_state_combine(FunctionCallInfo fcinfo, const RetMapDef *def);
extern RetMap *ret_state_read(FunctionCallInfo fcinfo, int argno, const RetMapDef *def, RetState *state);

/* Most customers that a table of n slots may hold before it must grow */
#define RET_MAP_LIMIT(n)	((n) / 16 * 13 + (n) % 16 * 13 / 16)

/* Get the customer in slot i, which may be unused */
static inline RetCustomer *
ret_map_slot(const RetMap *map, uint64 i)
{
	return (RetCustomer *) (map->slots + i * map->size);
}

/* Slots of a table that is a chunk of its own begin at a multiple of this */
#define RET_CACHE_LINE		64

/*
 * Get the slot at which the probes of a key begin.  Where slots fill cache
 * lines exactly, it is the first of a line, so that nearly every probe needs
 * just that line.
 */
static inline uint64
ret_map_home(const RetMap *map, int64 key)
{
	return (ret_customer_hash_by(key, map->factor) >> map->shift) & map->group;
}

/*
 * Find the slot of a key in a table: its own, or the unused one that it should
 * get
 */
static inline RetCustomer *
ret_map_probe(const RetMap *map, int64 key)
{
	uint64		i = ret_map_home(map, key);

	for (;;)
	{
		RetCustomer *customer = ret_map_slot(map, i);

		if (customer->flags == 0 || customer->key == key)
			return customer;
		i = (i + 1) & (map->nslots - 1);
	}
}

/*
 * Prefetch the slot of a key.  Must be always inlined: gcc treats a function
 * that only prefetches as free of side effects and deletes calls of it.
 */
static pg_always_inline void
ret_map_prefetch(const RetMap *map, int64 key)
{
	__builtin_prefetch(ret_map_slot(map, ret_map_home(map, key)), 1);
}

/*
 * Get the customer of a key, entered with flags = 0 if new; there must be
 * room.  If the slot is far from home, limit becomes 0, so that the map is
 * remade.
 */
static inline RetCustomer *
ret_map_enter(RetMap *map, int64 key)
{
	RetCustomer *customer = ret_map_probe(map, key);

	if (customer->flags == 0)
	{
		int64		distance = (char *) customer - (char *) ret_map_slot(map, ret_map_home(map, key));

		customer->key = key;
		customer->turn = map->turn;
		map->ncustomers++;
		if (distance < 0)
			distance += map->nslots * map->size;
		if (unlikely(distance > (int64) (RET_MAX_PROBES * map->size)))
			map->limit = 0;
	}
	return customer;
}

/* Bring the row that has waited longest into the table */
static inline void
ret_expanded_apply(RetExpandedMap *expanded)
{
	RetMap	   *map = &expanded->map;
	RetDelayedRow *row = &expanded->rows[expanded->napplied++ % RET_DELAY_ROWS];

	if (unlikely(map->ncustomers >= map->limit))
		ret_map_remake(map);
	map->def->add(map, ret_map_enter(map, row->key), row->value);
}

/*
 * Prefetch the slot of a row and queue the row; if the queue is full, bring
 * its oldest row into the table first.
 */
static inline void
ret_expanded_add(RetExpandedMap *expanded, int64 key, int64 value)
{
	RetDelayedRow *row = &expanded->rows[expanded->nadded % RET_DELAY_ROWS];

	if (expanded->nadded - expanded->napplied == RET_DELAY_ROWS)
		ret_expanded_apply(expanded);
	row->key = key;
	row->value = value;
	ret_map_prefetch(&expanded->map, key);
	expanded->nadded++;
}

/* Get the expanded object in argument 0; NULL if it is not one of the family */
static inline RetExpandedMap *
ret_state_expanded(FunctionCallInfo fcinfo, const RetMapDef *def)
{
	Pointer		value = DatumGetPointer(PG_GETARG_DATUM(0));

	if (likely(!PG_ARGISNULL(0) && VARATT_IS_EXTERNAL_EXPANDED_RW(value)))
	{
		varatt_expanded pointer;

		memcpy(&pointer, VARDATA_EXTERNAL(value), sizeof(pointer));
		if (likely(((RetExpandedMap *) pointer.eohptr)->map.def == def))
			return (RetExpandedMap *) pointer.eohptr;
	}
	return NULL;
}

/*
 * Look for the scratch of the transition value in argument 0, for rows that
 * may not have to be added; NULL if the state must be unpacked to find it.
 * The caller has checked that this is an aggregate's call.
 */
static inline void *
ret_state_scratch(FunctionCallInfo fcinfo, const RetMapDef *def)
{
	RetExpandedMap *expanded = ret_state_expanded(fcinfo, def);
	RetFlatMap *flat = (RetFlatMap *) DatumGetPointer(PG_GETARG_DATUM(0));

	if (expanded)
		return expanded->map.scratch;
	if (!PG_ARGISNULL(0) && VARATT_IS_4B_U(flat) && flat->hashed &&
		flat->version == RET_FLAT_VERSION && flat->kind == def->kind &&
		flat->ntotals == def->ntotals && flat->scratch == def->scratch)
		return (int64 *) (flat + 1) + flat->ntotals;
	return NULL;
}

/*
 * Unpack the transition value in argument 0; the caller has checked that this
 * is an aggregate's call.  Large groups are recognized inline, since function
 * calls would take nearly as long as the row.
 */
static inline void
ret_state_get(FunctionCallInfo fcinfo, const RetMapDef *def, RetState *state)
{
	RetExpandedMap *expanded = ret_state_expanded(fcinfo, def);

	if (likely(expanded != NULL))
	{
		state->datum = PG_GETARG_DATUM(0);
		state->map = &expanded->map;
		state->flat = NULL;
		state->expanded = expanded;
		state->fcinfo = fcinfo;
	}
	else
		ret_state_get_slow(fcinfo, def, state);
}

/* Add a row of a customer.  state->datum may change. */
static inline void
ret_state_add(RetState *state, int64 key, int64 value)
{
	if (likely(state->expanded != NULL))
		ret_expanded_add(state->expanded, key, value);
	else
		ret_state_add_flat(state, key, value);
}

#endif							/* RETENTION_CUSTOMER_MAP_H */
