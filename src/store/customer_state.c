/*-------------------------------------------------------------------------
 *
 * customer_state.c
 *	  The map of customers as the transition value of an aggregate: the type
 *	  customer_map.
 *
 * The value has two forms.
 *
 * - Flat, up to FLAT_MAX_SLOTS slots: header, totals, scratch and table in one
 *   varlena that is modified in place.  An object with a memory context of its
 *   own for each of many groups would make HashAggregate quadratic, since it
 *   asks all contexts for their size whenever a group is added.
 * - Expanded, above that: an expanded object in a context below the
 *   aggregate's.  At a million customers each probe misses the cache.  So a
 *   row only prefetches its slot and then waits in a ring until 64 rows have
 *   followed: while the executor reads those, the slot arrives.
 *
 * Flattening an expanded object, to send it from a parallel worker to the
 * leader, packs the customers without gaps or hash table.  They stay in the
 * order of their slots.  In a table with room for all, they are then written
 * sequentially; in one that had to grow meanwhile they would pile up.  That is
 * why combining reserves room for both sides first.
 *
 * Adding a row is O(1); combining is O(customers of the second value) apart
 * from growth; memory is owned by the aggregate's context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/aggregate.h"
#include "store/customer_key.h"
#include "store/customer_map.h"
#include "store/customer_sorted.h"
#include "store/customer_state.h"

#define FLAT_MAX_SLOTS		4096
#define PREFETCH_AHEAD		16

/*
 * Customers of a table from which on they are sorted, if the family can: a table
 * that is the faster form has 512 kB, or 4 MB with values
 */
#define SORTED_CUSTOMERS(def)	((def)->nvalues == 0 ? 26000 : 106000)

/* Customers that the table beside sorted ones has before it is settled, at least */
#define SETTLED_CUSTOMERS	4096


pg_noreturn static void reject_other_kind(void);
static Size expanded_flat_size(ExpandedObjectHeader *eohptr);
static void expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size);
static void merge_lists(RetMapState *state, const RetCustomerList *lists);

static const ExpandedObjectMethods expanded_map_methods =
{
	expanded_flat_size,
	expanded_flatten
};

static void
reject_other_kind(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("customer_map was made by another aggregate"),
			 errhint("Combine only what the same aggregate has made.")));
}

/*-------------------------------------------------------------------------
 * The flat form
 *-------------------------------------------------------------------------
 */

/* Get the bytes of a slot */
Size
ret_flat_slot(int nvalues)
{
	return offsetof(RetCustomer, values) + nvalues * sizeof(int64);
}

/* Get the number of bytes before the slots */
Size
ret_flat_header(int ntotals, Size scratch)
{
	return MAXALIGN(sizeof(RetFlatMap) + ntotals * sizeof(int64) + scratch);
}

/* Allocate a flat value in the current context, and fill in its header only */
static RetFlatMap *
flat_alloc(const RetMapDef *def, uint32 nslots)
{
	Size		size = ret_flat_header(def->ntotals, def->scratch) +
		nslots * ret_flat_slot(def->nvalues);
	RetFlatMap *flat = palloc0(size);

	SET_VARSIZE(flat, size);
	flat->version = RET_FLAT_VERSION;
	flat->kind = def->kind;
	flat->nvalues = def->nvalues;
	flat->ntotals = def->ntotals;
	flat->nslots = nslots;
	flat->hashed = 1;
	flat->scratch = def->scratch;
	return flat;
}

/* Make map a view of a flat value */
void
ret_flat_view(RetFlatMap *flat, const RetMapDef *def, RetMap *map)
{
	Size		offset = ret_flat_header(flat->ntotals, flat->scratch);

	map->def = def;
	map->size = ret_flat_slot(flat->nvalues);
	map->factor = RET_HASH_FACTOR;
	ret_map_set_slots(map, (char *) flat + offset, Max(flat->nslots, 1));
	map->nslots = flat->nslots;
	if (!flat->hashed)
		map->shift = 0;
	map->chunk = NULL;
	map->ncustomers = flat->ncustomers;
	map->epoch = 0;
	map->totals = (int64 *) (flat + 1);
	map->scratch = map->totals + flat->ntotals;
}

/* Get the bytes of the lists of n customers in a flat value */
static Size
flat_lists_size(uint64 n, int nvalues)
{
	return n == 0 ? 0 : RET_SORTED_PARTS * sizeof(uint64) + n * (1 + nvalues) * sizeof(uint64);
}

/* Make views of the lists in a flat value; NULL if it has none */
RetCustomerList *
ret_flat_lists(RetFlatMap *flat)
{
	RetCustomerList *lists;
	uint64	   *counts;
	uint64	   *words;
	int64	   *values;

	if (flat->nsorted == 0)
		return NULL;
	lists = palloc(RET_SORTED_PARTS * sizeof(RetCustomerList));
	counts = (uint64 *) ((char *) flat + ret_flat_header(flat->ntotals, flat->scratch) +
						 flat->nslots * ret_flat_slot(flat->nvalues));
	words = counts + RET_SORTED_PARTS;
	values = (int64 *) words + flat->nsorted;
	for (int i = 0; i < RET_SORTED_PARTS; i++)
	{
		lists[i].n = counts[i];
		lists[i].words = words;
		lists[i].values = values;
		words += counts[i];
		values += counts[i] * flat->nvalues;
	}
	return lists;
}

/* Write lists of customers to a flat value, after its slots */
static void
flat_put_lists(RetFlatMap *flat, char *place, const RetCustomerList *lists)
{
	uint64	   *counts = (uint64 *) place;
	RetCustomerList *to;

	for (int i = 0; i < RET_SORTED_PARTS; i++)
		counts[i] = lists[i].n;
	flat->nsorted = ret_lists_count(lists);
	to = ret_flat_lists(flat);
	for (int i = 0; to != NULL && i < RET_SORTED_PARTS; i++)
	{
		memcpy(to[i].words, lists[i].words, lists[i].n * sizeof(uint64));
		if (flat->nvalues > 0)
			memcpy(to[i].values, lists[i].values, lists[i].n * flat->nvalues * sizeof(int64));
	}
}

/*
 * Detoast a flat value and check that it is one of the family's.  The type's
 * input functions let no inconsistent value pass, but a user may pass a value
 * of one aggregate to another.
 */
static RetFlatMap *
flat_get(Datum datum, const RetMapDef *def)
{
	RetFlatMap *flat = (RetFlatMap *) PG_DETOAST_DATUM(datum);

	if (flat->version != RET_FLAT_VERSION || flat->kind != def->kind ||
		flat->nvalues != def->nvalues || flat->ntotals != def->ntotals ||
		(flat->hashed && flat->scratch != def->scratch))
		reject_other_kind();
	return flat;
}

/*-------------------------------------------------------------------------
 * The expanded form
 *-------------------------------------------------------------------------
 */

/*
 * Create an expanded object with the content of map and room for n customers.
 * They may be sorted, once there are many, if the object is sortable.
 */
static RetExpandedMap *
expanded_create(const RetMap *map, uint64 n, bool sortable, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "customer map",
												  ALLOCSET_SMALL_SIZES);
	RetExpandedMap *expanded = MemoryContextAlloc(context, sizeof(RetExpandedMap));
	RetMap	   *own = &expanded->map;

	EOH_init_header(&expanded->hdr, &expanded_map_methods, context);
	expanded->nadded = expanded->napplied = 0;
	expanded->sorted = NULL;
	expanded->sort_at = sortable ? SORTED_CUSTOMERS(map->def) : UINT64_MAX;
	ret_map_create(own, map->size, Max(n, FLAT_MAX_SLOTS), context);
	own->def = map->def;
	own->totals = MemoryContextAlloc(context, Max(map->def->ntotals, 1) * sizeof(int64));
	memcpy(own->totals, map->totals, map->def->ntotals * sizeof(int64));
	own->scratch = MemoryContextAllocZero(context, Max(map->def->scratch, 1));
	ret_map_copy(own, map);
	return expanded;
}

/*
 * Bring all rows into the table.  That changes how the object is stored, not
 * its content, so it is done for read-only pointers as well.
 */
static void
expanded_flush(RetExpandedMap *expanded)
{
	while (expanded->napplied != expanded->nadded)
		ret_expanded_apply(expanded);
}

/*
 * Sort the customers of an object: its table keeps only those that no list can
 * keep.  The totals that count customers are left as they are, and counted anew
 * when somebody reads them.
 */
void
ret_expanded_sort(RetExpandedMap *expanded)
{
	MemoryContext context = expanded->hdr.eoh_context;
	RetMap		old;

	expanded_flush(expanded);
	old = expanded->map;
	expanded->sorted = ret_sorted_create(old.def, context);
	ret_map_create(&expanded->map, old.size, SETTLED_CUSTOMERS / 2, context);
	ret_sorted_take(expanded->sorted, &expanded->map, &old);
	pfree(old.chunk);
	expanded->settle_at = Max(SETTLED_CUSTOMERS, expanded->map.ncustomers * 2);
}

/*
 * Bring all rows of an object whose customers are sorted into the lists, and
 * also what its table knows about customers in lists
 */
static void
expanded_settle(RetExpandedMap *expanded)
{
	uint64		n;

	(void) ret_sorted_flush(expanded->sorted);
	ret_sorted_settle(expanded->sorted, &expanded->map);
	n = expanded->map.ncustomers;
	expanded->settle_at = Max(Max(SETTLED_CUSTOMERS, n * 2),
							  n + ret_lists_count(expanded->sorted->lists) / 8);
}

/* Count the customers in the totals of a map anew */
static void
recount(RetMap *map, const RetCustomerList *lists)
{
	int64		totals[RET_MAP_MAX_VALUES];
	RetWalk		walk;
	const RetCustomer *customer;
	union
	{
		RetCustomer customer;
		char		bytes[sizeof(RetCustomer) + RET_MAP_MAX_VALUES * sizeof(int64)];
	}			new;

	memcpy(totals, map->totals, map->def->ntotals * sizeof(int64));
	memset(map->totals, 0, map->def->ntotals * sizeof(int64));
	if (map->def->merge_totals)
		map->def->merge_totals(map, totals);
	ret_walk_begin(&walk, lists, map);
	while ((customer = ret_walk_next(&walk)) != NULL)
	{
		new.customer.flags = 0;
		map->def->merge(map, &new.customer, customer);
	}
}

/* Bring everything into place that waits, so that the object can be read */
static void
expanded_finish(RetExpandedMap *expanded)
{
	RetSorted  *sorted = expanded->sorted;

	if (sorted == NULL)
	{
		expanded_flush(expanded);
		return;
	}
	expanded_settle(expanded);
	if (!sorted->counted)
		recount(&expanded->map, sorted->lists);
	sorted->counted = true;
}

/*
 * Get the expanded object that a datum points to, which must be one of the
 * family's
 */
static RetExpandedMap *
expanded_get(Datum datum, const RetMapDef *def)
{
	RetExpandedMap *expanded = (RetExpandedMap *) DatumGetEOHP(datum);

	if (expanded->hdr.eoh_methods != &expanded_map_methods ||
		expanded->map.def->kind != def->kind)
		reject_other_kind();
	return expanded;
}

/* Get the lists of an object, or NULL */
static const RetCustomerList *
expanded_lists(const RetExpandedMap *expanded)
{
	return expanded->sorted ? expanded->sorted->lists : NULL;
}

static Size
expanded_flat_size(ExpandedObjectHeader *eohptr)
{
	RetExpandedMap *expanded = (RetExpandedMap *) eohptr;
	RetMap	   *map = &expanded->map;
	Size		header = ret_flat_header(map->def->ntotals, 0);
	Size		size = map->size;
	uint64		nsorted;
	Size		lists_size;
	MemoryContext old = MemoryContextSwitchTo(expanded->hdr.eoh_context);

	/* not in the context of the caller: a sort of PostgreSQL 17 calls from one that cannot free */
	expanded_finish(expanded);
	MemoryContextSwitchTo(old);
	nsorted = ret_lists_count(expanded_lists(expanded));
	lists_size = flat_lists_size(nsorted, map->def->nvalues);
	if (nsorted > map->ncustomers)
		size = (1 + map->def->nvalues) * sizeof(uint64);
	if (map->ncustomers > MaxAllocSize / map->size || lists_size > MaxAllocSize ||
		header + lists_size + map->ncustomers * map->size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many customers to pass between processes"),
				 errdetail("The map holds %llu customers, the limit is %zu.",
						   (unsigned long long) (map->ncustomers + nsorted),
						   (MaxAllocSize - header) / size),
				 errhint("SET max_parallel_workers_per_gather = 0.")));
	return header + lists_size + map->ncustomers * map->size;
}

static void
expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	RetExpandedMap *expanded = (RetExpandedMap *) eohptr;
	RetMap	   *map = &expanded->map;
	RetFlatMap *flat = (RetFlatMap *) result;
	char	   *next = (char *) result + ret_flat_header(map->def->ntotals, 0);

	memset(flat, 0, sizeof(RetFlatMap));
	SET_VARSIZE(flat, allocated_size);
	flat->version = RET_FLAT_VERSION;
	flat->kind = map->def->kind;
	flat->nvalues = map->def->nvalues;
	flat->ntotals = map->def->ntotals;
	flat->nslots = flat->ncustomers = map->ncustomers;
	memcpy(flat + 1, map->totals, map->def->ntotals * sizeof(int64));
	for (uint64 i = 0; i < map->nslots; i++)
	{
		RetCustomer *customer = ret_map_slot(map, i);

		ret_check_interrupts_at(i);
		if (customer->flags == 0)
			continue;
		memcpy(next, customer, map->size);
		((RetCustomer *) next)->epoch = 0;
		next += map->size;
	}
	if (expanded->sorted && next < (char *) result + allocated_size)
		flat_put_lists(flat, next, expanded->sorted->lists);
}

/*-------------------------------------------------------------------------
 * The transition value
 *-------------------------------------------------------------------------
 */

/* Make a flat value the state */
static void
state_set_flat(RetMapState *state, RetFlatMap *flat, const RetMapDef *def)
{
	state->datum = PointerGetDatum(flat);
	state->flat = flat;
	state->expanded = NULL;
	state->lists = ret_flat_lists(flat);
	ret_flat_view(flat, def, &state->view);
	state->map = &state->view;
}

static void
state_set_expanded(RetMapState *state, RetExpandedMap *expanded)
{
	state->datum = EOHPGetRWDatum(&expanded->hdr);
	state->flat = NULL;
	state->expanded = expanded;
	state->lists = NULL;
	state->map = &expanded->map;
}

/*
 * Tell whether the customers of a state may be sorted.  Over a growing window
 * frame the final function is called for each row, and counts must be there
 * already.
 */
static bool
state_sortable(FunctionCallInfo fcinfo, const RetMapDef *def)
{
	return def->fold != NULL && AggCheckCallContext(fcinfo, NULL) == AGG_CONTEXT_AGGREGATE;
}

/* Make the state an expanded object with room for n customers */
static void
state_expand(RetMapState *state, uint64 n)
{
	RetMap		old = *state->map;
	const RetCustomerList *lists = state->lists;

	state_set_expanded(state, expanded_create(&old, n, state_sortable(state->fcinfo, old.def),
											  ret_agg_context(state->fcinfo)));
	if (lists == NULL)
		return;
	if (state->expanded->sort_at == UINT64_MAX)
		merge_lists(state, lists);
	else
	{
		ret_expanded_sort(state->expanded);
		ret_sorted_merge(state->expanded->sorted, lists);
	}
}

/*
 * Give the state a table with room for n customers: a larger flat value, an
 * expanded object, or more slots in the present one.  The executor copies a
 * new flat value into the aggregate's context and frees the old one; a new
 * expanded object is there already.
 */
static void
state_reserve(RetMapState *state, uint64 n)
{
	const RetMapDef *def = state->map->def;
	RetMap		old = *state->map;
	uint64		nslots = ret_map_slots_for(n);

	if (state->expanded)
	{
		if (nslots > old.nslots)
			ret_map_grow(state->map, nslots);
		ret_map_scatter(state->map);
	}
	else if (nslots > FLAT_MAX_SLOTS || state->lists != NULL)
		state_expand(state, n);
	else if (nslots > old.nslots || old.shift == 0)
	{
		state_set_flat(state, flat_alloc(def, Max(nslots, ret_map_slots_for(old.ncustomers))), def);
		memcpy(state->map->totals, old.totals, def->ntotals * sizeof(int64));
		ret_map_copy(state->map, &old);
		state->flat->ncustomers = state->map->ncustomers;
	}
	else
		return;

	/* a packed value has no scratch to keep */
	if (old.shift != 0 && state->map->scratch != old.scratch)
		memcpy(state->map->scratch, old.scratch, def->scratch);
}

/*
 * Unpack a transition value that is not an expanded object of the family, or
 * make an empty one.  A packed value, such as the INITCOND of a user-defined
 * aggregate, gets its hash table here.
 */
void
ret_state_get_slow(FunctionCallInfo fcinfo, const RetMapDef *def, RetMapState *state)
{
	state->fcinfo = fcinfo;
	if (PG_ARGISNULL(0))
		state_set_flat(state, flat_alloc(def, RET_MAP_MIN_SLOTS), def);
	else if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))))
		state_set_expanded(state, expanded_get(PG_GETARG_DATUM(0), def));
	else
	{
		state_set_flat(state, flat_get(PG_GETARG_DATUM(0), def), def);
		if (state->map->shift == 0 || state->lists != NULL)
			state_reserve(state, state->map->ncustomers);
	}
}

/*
 * Get the customer of a key, entered with flags = 0 if new; the caller must
 * then set them.  For rows that cannot wait until the slot is in the cache.
 * state->datum may change.
 */
RetCustomer *
ret_state_enter(RetMapState *state, int64 key)
{
	RetMap	   *map = state->map;
	RetCustomer *customer;

	if (map->ncustomers >= RET_MAP_LIMIT(map->nslots) &&
		ret_map_probe(map, key)->flags == 0)
	{
		state_reserve(state, map->ncustomers + 1);
		map = state->map;
	}
	if (state->expanded && state->expanded->sorted)
	{
		if (unlikely(map->ncustomers >= state->expanded->settle_at))
			expanded_settle(state->expanded);
		if (unlikely(map->ncustomers >= map->limit))
			ret_map_remake(map);
	}
	customer = ret_map_enter(map, key);
	if (state->flat)
		state->flat->ncustomers = map->ncustomers;
	return customer;
}

/* Add a row of a customer to a flat value.  state->datum may change. */
void
ret_state_add_flat(RetMapState *state, int64 key, int64 value)
{
	RetCustomer *customer = ret_state_enter(state, key);

	state->map->def->add(state->map, customer, value);
}

/*
 * Get the map of argument argno for reading: that of an expanded object, or a
 * view, held in state, of a flat value, toasted or not.
 */
RetMap *
ret_state_read(FunctionCallInfo fcinfo, int argno, const RetMapDef *def, RetMapState *state)
{
	Datum		datum = PG_GETARG_DATUM(argno);

	state->fcinfo = fcinfo;
	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(datum)))
	{
		state_set_expanded(state, expanded_get(datum, def));
		expanded_finish(state->expanded);
		state->lists = expanded_lists(state->expanded);
	}
	else
		state_set_flat(state, flat_get(datum, def), def);
	return state->map;
}

/* Count the customers of a value that is read */
int64
ret_state_customers(const RetMapState *state)
{
	return state->map->ncustomers + ret_lists_count(state->lists);
}

/*
 * Merge a customer.  If the family does not know its flags they stay 0, and
 * the slot would count as used but look unused: an error.
 */
static inline void
merge_customer(RetMap *map, const RetCustomer *other)
{
	RetCustomer *customer = ret_map_enter(map, other->key);

	map->def->merge(map, customer, other);
	if (unlikely(customer->flags == 0))
		ret_map_inconsistent();
}

/* Merge customers in lists into the table of an expanded state */
static void
merge_lists(RetMapState *state, const RetCustomerList *lists)
{
	static const RetMap none = {0};
	RetMap		no_table = none;
	RetWalk		walk;
	const RetCustomer *customer;

	no_table.size = state->map->size;
	state_reserve(state, state->map->ncustomers + ret_lists_count(lists));
	ret_walk_begin(&walk, lists, &no_table);
	while ((customer = ret_walk_next(&walk)) != NULL)
	{
		merge_customer(state->map, customer);
		if (unlikely(state->map->limit == 0))
			ret_map_scatter(state->map);
	}
}

/* Merge the table of another value into that of the state */
static void
merge_table(RetMapState *state, const RetMap *from)
{
	RetMap	   *map = state->map;

	for (uint64 i = 0; i < from->nslots; i++)
	{
		const RetCustomer *customer = ret_map_slot(from, i);

		if (i + PREFETCH_AHEAD < from->nslots)
			ret_map_prefetch(map, ret_map_slot(from, i + PREFETCH_AHEAD)->key);
		if (customer->flags != 0)
			merge_customer(map, customer);
		if (unlikely(map->limit == 0) && state->expanded)
			ret_map_scatter(map);
		ret_check_interrupts_at(i);
	}
	if (state->flat)
		state->flat->ncustomers = map->ncustomers;
}

/*
 * Sort the customers of the state before another value is merged, if they may be
 * and are many with those of the other; false if they stay in a table
 */
static bool
state_sort(RetMapState *state, const RetMapState *other)
{
	if (state->expanded && state->expanded->sorted)
		return true;
	if (state->expanded)
		expanded_flush(state->expanded);
	if (!state_sortable(state->fcinfo, state->map->def) ||
		state->map->ncustomers + ret_state_customers(other) < SORTED_CUSTOMERS(state->map->def))
		return false;
	if (state->flat)
		state_expand(state, state->map->ncustomers);
	ret_expanded_sort(state->expanded);
	return true;
}

/*
 * Combine two values, for any family: the first takes in the second, which is
 * only read.  Correct for any split of the rows.
 */
Datum
ret_state_combine(FunctionCallInfo fcinfo, const RetMapDef *def)
{
	RetMapState	state;
	RetMapState	other;
	RetMap	   *from;
	bool		sorted;

	(void) ret_agg_context(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	from = ret_state_read(fcinfo, 1, def, &other);
	ret_state_get(fcinfo, def, &state);
	sorted = state_sort(&state, &other);
	if (!sorted)
		state_reserve(&state, state.map->ncustomers + ret_state_customers(&other));

	if (def->merge_totals)
		def->merge_totals(state.map, from->totals);
	if (sorted)
	{
		if (other.lists)
			ret_sorted_merge(state.expanded->sorted, other.lists);
		if (from->ncustomers > 0)
			ret_sorted_take(state.expanded->sorted, state.map, from);
	}
	else
	{
		if (other.lists)
			merge_lists(&state, other.lists);
		merge_table(&state, from);
	}
	PG_RETURN_DATUM(state.datum);
}
