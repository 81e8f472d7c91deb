/*-------------------------------------------------------------------------
 *
 * customer_state.h
 *	  The map of customers as the transition value of an aggregate.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_CUSTOMER_STATE_H
#define RETENTION_CUSTOMER_STATE_H

#include "utils/expandeddatum.h"

#include "store/customer_map.h"
#include "store/customer_sorted.h"

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
	uint32		nsorted;		/* number of customers in lists, which follow the slots */
	/* followed by totals, scratch, slots, and if nsorted is not 0 by lists */
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
	RetSorted  *sorted;			/* if not NULL, map has only customers that are not here */
	uint64		sort_at;		/* customers of the table from which on they are sorted */
	uint64		settle_at;		/* customers of the table at which it is settled */
	uint32		nadded;			/* number of rows added so far */
	uint32		napplied;		/* number of these rows that are in the table */
	RetDelayedRow rows[RET_DELAY_ROWS];	/* row n is rows[n % RET_DELAY_ROWS] */
} RetExpandedMap;

/* The transition value of an aggregate over customers, unpacked for a call */
typedef struct RetMapState
{
	Datum		datum;			/* to be returned to the executor */
	RetMap	   *map;			/* the map of the value */
	RetFlatMap *flat;			/* the flat value; NULL if it is expanded */
	RetExpandedMap *expanded;	/* the expanded object; NULL if it is flat */
	const RetCustomerList *lists;	/* of a value that is read: more customers; or NULL */
	FunctionCallInfo fcinfo;	/* the call, which knows the aggregate's context */
	RetMap		view;			/* map of a flat value */
} RetMapState;

extern Size ret_flat_slot(int nvalues);
extern Size ret_flat_header(int ntotals, Size scratch);
extern void ret_flat_view(RetFlatMap *flat, const RetMapDef *def, RetMap *map);
extern RetCustomerList *ret_flat_lists(RetFlatMap *flat);
extern void ret_state_get_slow(FunctionCallInfo fcinfo, const RetMapDef *def, RetMapState *state);
extern RetCustomer *ret_state_enter(RetMapState *state, int64 key);
extern void ret_state_add_flat(RetMapState *state, int64 key, int64 value);
extern Datum ret_state_combine(FunctionCallInfo fcinfo, const RetMapDef *def);
extern void ret_expanded_sort(RetExpandedMap *expanded);
extern RetMap *ret_state_read(FunctionCallInfo fcinfo, int argno, const RetMapDef *def, RetMapState *state);
extern int64 ret_state_customers(const RetMapState *state);

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
ret_state_get(FunctionCallInfo fcinfo, const RetMapDef *def, RetMapState *state)
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
static pg_always_inline void
ret_state_add(RetMapState *state, int64 key, int64 value)
{
	RetExpandedMap *expanded = state->expanded;

	if (unlikely(expanded == NULL))
		ret_state_add_flat(state, key, value);
	else if (expanded->sorted)
		ret_sorted_add(expanded->sorted, key, value);
	else
	{
		ret_expanded_add(expanded, key, value);
		if (unlikely(expanded->map.ncustomers >= expanded->sort_at))
			ret_expanded_sort(expanded);
	}
}

#endif							/* RETENTION_CUSTOMER_STATE_H */
