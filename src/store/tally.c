/*-------------------------------------------------------------------------
 *
 * tally.c
 *	  Counts of distinct points: the state of the aggregates that count how often
 *	  each combination of numbers occurred, whoever the customers are.
 *
 * A survival curve needs how many customers left, and how many were still
 * there, after each duration; a purchase model how many customers share a
 * frequency, recency and age.  A point is one to three finite numbers (0 and
 * -0 are the same number), with one or two counts.
 *
 * The value has two forms.
 *
 * - Flat: the entries of the points in ascending order, in a varlena.  This is
 *   what is stored; without room to spare it is canonical: equal content is
 *   equal bytes, whatever the order of the rows and the plan.  A transition
 *   value of a small group is flat too, with room to grow, and modified in
 *   place: an object with a memory context of its own for each of many groups
 *   would make HashAggregate quadratic.  It stays flat up to FLAT_MAX_POINTS
 *   points and FLAT_MAX_ROWS rows: a binary search among few points is fast
 *   enough, but takes longer than a probe, which matters in a large group.
 * - Expanded: an open-addressing hash table with linear probing, in a context
 *   below the aggregate's.  Its hash gets a random factor if the points were
 *   chosen to have similar hashes.  Once the table is larger than the cache, a
 *   row only prefetches its slot and waits until 64 others have come.
 *   Flattening sorts.
 *
 * Counting a row is O(1), combining is O(points of the second value), reading
 * and flattening an expanded value is O(points x log points).  A point needs
 * 8 bytes per number and count, 1.3 to 2.7 times that in the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "base/zone.h"
#include "store/customer_key.h"
#include "store/tally.h"

#define FLAT_MIN_POINTS		4
#define FLAT_MAX_POINTS		512		/* points of a flat transition value */
#define FLAT_MAX_ROWS		16384	/* rows that it counts */
#define MIN_SLOTS			256
#define PREFETCH_AHEAD		16
#define CACHED_SIZE			262144	/* bytes of a table that stays in the cache */

/* An entry to be sorted, with its first number at hand */
typedef struct SortItem
{
	double		first;
	const int64 *entry;
} SortItem;

pg_noreturn static void reject_other_kind(void);
static Size expanded_flat_size(ExpandedObjectHeader *eohptr);
static void expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size);

static const ExpandedObjectMethods tally_methods =
{
	expanded_flat_size,
	expanded_flatten
};

static inline int
compare_items(const SortItem *a, const SortItem *b, int ndims)
{
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return ret_tally_compare((const double *) a->entry, (const double *) b->entry, ndims);
}

#define ST_SORT			sort_items
#define ST_ELEMENT_TYPE	SortItem
#define ST_COMPARE(a, b, ndims) compare_items(a, b, *(ndims))
#define ST_COMPARE_ARG_TYPE	const int
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE		static
#define ST_DEFINE
#include "lib/sort_template.h"

void
ret_tally_overflow(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("bigint out of range"),
			 errdetail("More customers were counted than a bigint can hold.")));
}

/* Add other to counts, element by element; 22003 on overflow */
static inline void
add_counts(int64 *counts, const int64 *other, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (unlikely(pg_add_s64_overflow(counts[i], other[i], &counts[i])))
			ret_tally_overflow();
	}
}

static void
reject_other_kind(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("tally was made by another aggregate"),
			 errhint("Combine only what the same aggregate has made.")));
}

/* Raise the error for a state that the aggregate cannot have made */
void
ret_tally_inconsistent(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("tally is inconsistent"),
			 errdetail_internal("%s", detail)));
}

/*-------------------------------------------------------------------------
 * The flat form
 *-------------------------------------------------------------------------
 */

/*
 * Allocate a flat value without points and with room for n, in the current
 * context
 */
static RetFlatTally *
flat_alloc(const RetTallyDef *def, uint64 n)
{
	Size		size = ret_tally_flat_size(def->ndims + def->ncounts, n);
	RetFlatTally *flat = palloc0(size);

	ret_tally_set_header(flat, def->kind, def->ndims, def->ncounts, 0, size);
	return flat;
}

/* Get the number of points that a flat value has room for */
static inline uint64
flat_capacity(const RetFlatTally *flat)
{
	return (VARSIZE(flat) - offsetof(RetFlatTally, entries)) /
		((flat->ndims + flat->ncounts) * sizeof(int64));
}

/* Detoast a flat value and check that it is one of the family's */
static RetFlatTally *
flat_get(Datum datum, const RetTallyDef *def)
{
	RetFlatTally *flat = (RetFlatTally *) PG_DETOAST_DATUM(datum);

	if (VARSIZE(flat) < offsetof(RetFlatTally, entries) ||
		flat->version != RET_TALLY_VERSION || flat->kind != def->kind ||
		flat->ndims != def->ndims || flat->ncounts != def->ncounts ||
		flat->npoints > flat_capacity(flat))
		reject_other_kind();
	return flat;
}

/* Find the place where a point is in a flat value, or should be */
static uint32
flat_search(const RetFlatTally *flat, const double *point, bool *found)
{
	int			width = flat->ndims + flat->ncounts;
	uint32		low = 0;
	uint32		high = flat->npoints;

	*found = false;
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		int			order = ret_tally_compare(point, (const double *) (flat->entries + (Size) middle * width),
										   flat->ndims);

		if (order == 0)
		{
			*found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/*
 * Insert a new point with counts of 0 at place i of a flat value, which is
 * copied if it has no room.
 */
static RetFlatTally *
flat_insert(RetFlatTally *flat, const RetTallyDef *def, const double *point, uint32 i)
{
	int			width = def->ndims + def->ncounts;
	RetFlatTally *to = flat;
	int64	   *entry;

	if (flat->npoints >= flat_capacity(flat))
	{
		to = flat_alloc(def, Max(2 * (uint64) flat->npoints, FLAT_MIN_POINTS));
		to->nrows = flat->nrows;
		to->zone = flat->zone;
		memcpy(to->entries, flat->entries, (Size) i * width * sizeof(int64));
	}
	entry = to->entries + (Size) i * width;
	memmove(entry + width, flat->entries + (Size) i * width,
			(Size) (flat->npoints - i) * width * sizeof(int64));
	to->npoints = flat->npoints + 1;
	memset(entry, 0, width * sizeof(int64));
	for (int j = 0; j < def->ndims; j++)
	{
		double		number = point[j] + 0.0;	/* -0 is 0 */

		memcpy(&entry[j], &number, sizeof(number));
	}
	return to;
}

/*-------------------------------------------------------------------------
 * The expanded form
 *-------------------------------------------------------------------------
 */

/* Give a tally an empty table with room for n points */
static void
table_create(RetTally *tally, uint64 n)
{
	Size		size = (tally->def->ndims + tally->def->ncounts) * sizeof(int64);
	uint64		nslots = MIN_SLOTS;

	while (nslots / 4 * 3 < n)
		nslots *= 2;
	if (nslots > MaxAllocHugeSize / size)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct values in one group"),
				 errdetail("The tally needs room for %llu points.", (unsigned long long) n)));
	tally->slots = MemoryContextAllocHuge(tally->hdr.eoh_context, nslots * size);
	memset(tally->slots, 0xFF, nslots * size);	/* RET_TALLY_UNUSED */
	tally->nslots = nslots;
	tally->limit = nslots / 4 * 3;
	tally->shift = 64 - pg_leftmost_one_pos64(nslots);
	tally->delaying = nslots * size > CACHED_SIZE;
	if (tally->delaying && tally->rows == NULL)
		tally->rows = MemoryContextAlloc(tally->hdr.eoh_context,
										 RET_TALLY_DELAY_ROWS * sizeof(RetTallyRow));
}

/* Set crowded if the slot of a point that has been written is far from its home */
static inline void
table_check(RetTally *tally, const int64 *slot)
{
	int			ndims = tally->def->ndims;
	int64		width = ndims + tally->def->ncounts;
	int64		distance = slot - (tally->slots + ret_tally_home(tally, slot, ndims) * width);

	if (distance < 0)
		distance += tally->nslots * width;
	if (unlikely(distance > RET_MAX_PROBES * width))
		tally->crowded = true;
}

/*
 * Move the points into a new table with room for n.  The entries of the old
 * one come in the order of their hash; they do not pile up, since the new one
 * has room for all of them.
 */
static void
table_remake(RetTally *tally, uint64 n)
{
	int			ndims = tally->def->ndims;
	int			width = ndims + tally->def->ncounts;
	int64	   *old = tally->slots;
	uint64		nold = tally->nslots;

	table_create(tally, n);
	for (uint64 i = 0; i < nold; i++)
	{
		const int64 *entry = old + i * width;

		if (entry[0] != RET_TALLY_UNUSED)
		{
			int64	   *slot = ret_tally_probe(tally, entry, ndims, width);

			memcpy(slot, entry, width * sizeof(int64));
			table_check(tally, slot);
		}
		ret_check_interrupts_at(i);
	}
	pfree(old);
}

/*
 * Make room for n points in the table.  If a point is far from its home,
 * because numbers were chosen to have similar hashes, all points get new hashes
 * by a random factor.
 */
static void
table_reserve(RetTally *tally, uint64 n)
{
	if (n > tally->limit)
		table_remake(tally, n);
	while (tally->crowded)
	{
		tally->factor = ret_random_factor();
		tally->crowded = false;
		table_remake(tally, Max(n, tally->limit));
	}
}

/* Enter a point that is not in the table, with counts of 0, and return its slot */
int64 *
ret_tally_insert(RetTally *tally, const int64 *key)
{
	int			ndims = tally->def->ndims;
	int			ncounts = tally->def->ncounts;
	int64	   *slot;

	table_reserve(tally, tally->npoints + 1);
	slot = ret_tally_probe(tally, key, ndims, ndims + ncounts);
	memcpy(slot, key, ndims * sizeof(int64));
	memset(slot + ndims, 0, ncounts * sizeof(int64));
	tally->npoints++;
	table_check(tally, slot);
	return slot;
}

/* Create an expanded object without points, with room for n */
static RetTally *
expanded_create(const RetTallyDef *def, MemoryContext parent, uint64 n)
{
	MemoryContext context = AllocSetContextCreate(parent, "tally", ALLOCSET_SMALL_SIZES);
	RetTally   *tally = MemoryContextAllocZero(context, sizeof(RetTally));

	EOH_init_header(&tally->hdr, &tally_methods, context);
	tally->def = def;
	tally->factor = RET_HASH_FACTOR;
	table_create(tally, n);
	return tally;
}

/*
 * Bring all rows into the table.  That changes how the object is stored, not
 * its content, so it is done for read-only pointers as well.
 */
static void
expanded_flush(RetTally *tally)
{
	while (tally->napplied != tally->nadded)
	{
		RetTallyRow *row = &tally->rows[tally->napplied++ % RET_TALLY_DELAY_ROWS];

		ret_tally_count(tally, row->key, row->which, 1, tally->def->ndims, tally->def->ncounts);
	}
}

/*
 * Get the expanded object that a datum points to, which must be one of the
 * family's, with all rows in its table.
 */
static RetTally *
expanded_get(Datum datum, const RetTallyDef *def)
{
	RetTally   *tally = (RetTally *) DatumGetEOHP(datum);

	if (tally->hdr.eoh_methods != &tally_methods || tally->def != def)
		reject_other_kind();
	expanded_flush(tally);
	return tally;
}

/*
 * Write the entries in ascending order.  The items are in the tally's context,
 * since the current one may be that of a sort, in which nothing can be freed
 * since PostgreSQL 17.
 */
static void
expanded_sort(const RetTally *tally, int64 *entries)
{
	const int	ndims = tally->def->ndims;
	int			width = ndims + tally->def->ncounts;
	SortItem   *items = MemoryContextAllocExtended(tally->hdr.eoh_context,
											   Max(tally->npoints, 1) * sizeof(SortItem),
											   MCXT_ALLOC_HUGE);
	uint64		n = 0;

	for (uint64 i = 0; i < tally->nslots; i++)
	{
		const int64 *entry = tally->slots + i * width;

		if (entry[0] != RET_TALLY_UNUSED)
		{
			memcpy(&items[n].first, entry, sizeof(double));
			items[n++].entry = entry;
		}
		ret_check_interrupts_at(i);
	}
	Assert(n == tally->npoints);
	sort_items(items, n, &ndims);
	for (uint64 i = 0; i < n; i++)
	{
		if (i + PREFETCH_AHEAD < n)
			__builtin_prefetch(items[i + PREFETCH_AHEAD].entry);
		memcpy(entries + i * width, items[i].entry, width * sizeof(int64));
		ret_check_interrupts_at(i);
	}
	pfree(items);
}

/* Get the number of bytes of a flat value with n points; error if that is too large */
static Size
checked_flat_size(const RetTallyDef *def, uint64 n)
{
	int			width = def->ndims + def->ncounts;
	Size		limit = (MaxAllocSize - offsetof(RetFlatTally, entries)) / (width * sizeof(int64));

	if (n > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct values for a flat value"),
				 errdetail("There are %llu, the limit is %zu.", (unsigned long long) n, limit),
				 errhint("Round the values, for example to days or cents; in a parallel plan, SET max_parallel_workers_per_gather = 0.")));
	return ret_tally_flat_size(width, n);
}

static Size
expanded_flat_size(ExpandedObjectHeader *eohptr)
{
	RetTally   *tally = (RetTally *) eohptr;

	expanded_flush(tally);
	return checked_flat_size(tally->def, tally->npoints);
}

static void
expanded_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	RetTally   *tally = (RetTally *) eohptr;
	RetFlatTally *flat = (RetFlatTally *) result;

	Assert(allocated_size == expanded_flat_size(eohptr));
	ret_tally_set_header(flat, tally->def->kind, tally->def->ndims, tally->def->ncounts,
					tally->npoints, allocated_size);
	flat->zone = tally->zone;
	expanded_sort(tally, flat->entries);
}

/*-------------------------------------------------------------------------
 * The transition value
 *-------------------------------------------------------------------------
 */

/*
 * Raise an error if there is one among n entries that the family cannot have
 * counted; unused ones do not matter
 */
static void
check_entries(const int64 *entries, uint64 n, const RetTallyDef *def)
{
	int			width = def->ndims + def->ncounts;

	for (uint64 i = 0; def->valid && i < n; i++)
	{
		const int64 *entry = entries + i * width;

		if (entry[0] != RET_TALLY_UNUSED && !def->valid((const double *) entry))
			ret_tally_inconsistent("It has a point that its aggregate does not count.");
		ret_check_interrupts_at(i);
	}
}

/* Add n entries to the table, skipping those that are unused */
static void
table_merge(RetTally *tally, const int64 *entries, uint64 n)
{
	int			ndims = tally->def->ndims;
	int			ncounts = tally->def->ncounts;
	int			width = ndims + ncounts;

	for (uint64 i = 0; i < n; i++)
	{
		const int64 *entry = entries + i * width;

		if (i + PREFETCH_AHEAD < n)
			__builtin_prefetch(tally->slots + width *
							   ret_tally_home(tally, entry + PREFETCH_AHEAD * width, ndims), 1);
		if (entry[0] != RET_TALLY_UNUSED)
		{
			int64	   *slot = ret_tally_probe(tally, entry, ndims, width);

			if (slot[0] == RET_TALLY_UNUSED)
				slot = ret_tally_insert(tally, entry);
			add_counts(slot + ndims, entry + ndims, ncounts);
		}
		ret_check_interrupts_at(i);
	}
}

/* Make an expanded object with the points of a flat value, and room for n */
static RetTally *
expand(const RetFlatTally *flat, const RetTallyDef *def, MemoryContext parent, uint64 n)
{
	RetTally   *tally = expanded_create(def, parent, n);

	tally->zone = flat->zone;
	check_entries(flat->entries, flat->npoints, def);
	table_merge(tally, flat->entries, flat->npoints);
	return tally;
}

/* Add to the counts of a point in a flat value that stays flat */
static RetFlatTally *
flat_add(RetFlatTally *flat, const RetTallyDef *def, const double *point, const int64 *counts)
{
	bool		found;
	uint32		i = flat_search(flat, point, &found);

	if (!found)
		flat = flat_insert(flat, def, point, i);
	add_counts(flat->entries + (Size) i * (def->ndims + def->ncounts) + def->ndims,
			   counts, def->ncounts);
	return flat;
}

/*
 * Count a row that stands for n customers, n >= 1, in a transition value that is not an expanded object of the
 * family: a flat one, or none yet.  The executor copies a new flat value into
 * the aggregate's context and frees the old one; a new expanded object is
 * there already.
 */
Datum
ret_tally_add_flat(FunctionCallInfo fcinfo, const RetTallyDef *def,
				   const double *point, int which, int64 n, bool zoned)
{
	int64		counts[RET_TALLY_MAX_COUNTS] = {0};
	RetFlatTally *flat;

	if (PG_ARGISNULL(0))
		flat = flat_alloc(def, FLAT_MIN_POINTS);
	else if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(PG_GETARG_DATUM(0))))
		reject_other_kind();
	else
		flat = flat_get(PG_GETARG_DATUM(0), def);

	if (zoned && flat->zone == 0)
		flat->zone = ret_zone_number();
	if (flat->npoints >= FLAT_MAX_POINTS || flat->nrows >= FLAT_MAX_ROWS)
	{
		RetTally   *tally = expand(flat, def, ret_agg_context(fcinfo), flat->npoints + 1);
		int64		key[RET_TALLY_MAX_DIMS];

		ret_tally_key(point, def->ndims, key);
		ret_tally_count(tally, key, which, n, def->ndims, def->ncounts);
		PG_RETURN_DATUM(EOHPGetRWDatum(&tally->hdr));
	}
	flat->nrows++;
	counts[which] = n;
	PG_RETURN_POINTER(flat_add(flat, def, point, counts));
}

/*
 * Add n >= 1 to count number `which` of a point and return the transition value,
 * as n calls of ret_tally_add() would.  Rows that wait do not matter: they are
 * found by their numbers, wherever the table has them by then.
 */
Datum
ret_tally_add_counted(FunctionCallInfo fcinfo, const RetTallyDef *def,
					  const double *point, int which, int64 n)
{
	int64		key[RET_TALLY_MAX_DIMS];
	RetTally   *tally;

	if (PG_ARGISNULL(0) || !VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))))
		return ret_tally_add_flat(fcinfo, def, point, which, n, false);
	tally = (RetTally *) DatumGetEOHP(PG_GETARG_DATUM(0));
	if (tally->hdr.eoh_methods != &tally_methods || tally->def != def)
		reject_other_kind();
	ret_tally_key(point, def->ndims, key);
	ret_tally_count(tally, key, which, n, def->ndims, def->ncounts);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * Get the entries of a value in any order, and their number; some of them may
 * be unused.  Get also the number of points and the zone, which must be the
 * session's if there is one.  The value is not changed.
 */
static const int64 *
peek_entries(Datum datum, const RetTallyDef *def, uint64 *nentries, uint64 *npoints, uint32 *zone)
{
	RetFlatTally *flat;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(datum)))
	{
		RetTally   *tally = expanded_get(datum, def);

		ret_zone_check_number(*zone = tally->zone);
		*nentries = tally->nslots;
		*npoints = tally->npoints;
		return tally->slots;
	}
	flat = flat_get(datum, def);
	ret_zone_check_number(*zone = flat->zone);
	check_entries(flat->entries, flat->npoints, def);
	*nentries = *npoints = flat->npoints;
	return flat->entries;
}

/*
 * Combine two values, for any family; also the transition function of their
 * rollups.  The first value takes in the second, which is only read.  Correct
 * for any split of the rows.
 */
Datum
ret_tally_combine(FunctionCallInfo fcinfo, const RetTallyDef *def)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	return ret_tally_merge(fcinfo, def, PG_GETARG_DATUM(1));
}

/* Add the counts of a value to the transition value in argument 0 */
Datum
ret_tally_merge(FunctionCallInfo fcinfo, const RetTallyDef *def, Datum value)
{
	MemoryContext context = ret_agg_context(fcinfo);
	const int64 *entries;
	uint64		nentries,
				npoints;
	uint32		zone;
	RetFlatTally *flat = NULL;
	RetTally   *tally;

	entries = peek_entries(value, def, &nentries, &npoints, &zone);

	if (!PG_ARGISNULL(0) && VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))))
	{
		tally = expanded_get(PG_GETARG_DATUM(0), def);
		ret_zone_check_number(tally->zone);
		tally->zone |= zone;
		table_reserve(tally, tally->npoints + npoints);
	}
	else
	{
		flat = PG_ARGISNULL(0) ? flat_alloc(def, Min(npoints, FLAT_MAX_POINTS)) :
			flat_get(PG_GETARG_DATUM(0), def);
		ret_zone_check_number(flat->zone);
		flat->zone |= zone;
		if (flat->npoints + npoints <= FLAT_MAX_POINTS && flat->nrows < FLAT_MAX_ROWS)
		{
			flat->nrows += npoints;
			for (uint64 i = 0; i < nentries; i++)
			{
				const int64 *entry = entries + i * (def->ndims + def->ncounts);

				if (entry[0] != RET_TALLY_UNUSED)
					flat = flat_add(flat, def, (const double *) entry, entry + def->ndims);
			}
			PG_RETURN_POINTER(flat);
		}
		tally = expand(flat, def, context, flat->npoints + npoints);
	}
	table_merge(tally, entries, nentries);
	PG_RETURN_DATUM(EOHPGetRWDatum(&tally->hdr));
}

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* Add up all counts; 22003 if the sum does not fit a bigint */
static int64
sum_counts(const int64 *entries, uint64 n, const RetTallyDef *def)
{
	int64		total = 0;

	for (uint64 i = 0; i < n; i++)
	{
		const int64 *counts = entries + i * (def->ndims + def->ncounts) + def->ndims;

		for (int j = 0; j < def->ncounts; j++)
			add_counts(&total, &counts[j], 1);
		ret_check_interrupts_at(i);
	}
	return total;
}

/*
 * Make the canonical flat value of the transition value in argument 0, for a
 * final function.  22003 if the value could not be read again, since its counts
 * together are more than a bigint.
 */
Datum
ret_tally_finish(FunctionCallInfo fcinfo, const RetTallyDef *def)
{
	RetTallyReader reader;
	RetFlatTally *flat;

	(void) ret_agg_context(fcinfo);
	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(PG_GETARG_DATUM(0))))
	{
		RetTally   *tally = expanded_get(PG_GETARG_DATUM(0), def);
		Size		size = expanded_flat_size(&tally->hdr);

		ret_zone_check_number(tally->zone);
		flat = palloc(size);
		expanded_flatten(&tally->hdr, flat, size);
		flat->zone = 0;
		ret_tally_read(&reader, PointerGetDatum(flat), def);
	}
	else
	{
		ret_tally_read(&reader, PG_GETARG_DATUM(0), def);
		flat = flat_alloc(def, reader.npoints);
		flat->npoints = reader.npoints;
		memcpy(flat->entries, reader.entries, reader.npoints * reader.width * sizeof(int64));
	}
	if (def->possible && !def->possible(&reader))
		ret_tally_inconsistent("Its points are not those of customers.");
	PG_RETURN_POINTER(flat);
}

/*
 * Read the points of a value in ascending order.  The value may be flat,
 * toasted or expanded, and is not changed.  22003 if all the counts together
 * are more than a bigint, so that callers may add up any of them.
 */
void
ret_tally_read(RetTallyReader *reader, Datum value, const RetTallyDef *def)
{
	uint64		nentries;
	uint64		npoints;
	uint32		zone;
	const int64 *entries = peek_entries(value, def, &nentries, &npoints, &zone);

	reader->npoints = npoints;
	reader->ndims = def->ndims;
	reader->width = def->ndims + def->ncounts;
	reader->entries = entries;
	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		int64	   *sorted = palloc_extended(Max(npoints, 1) * reader->width * sizeof(int64),
											 MCXT_ALLOC_HUGE);

		expanded_sort(expanded_get(value, def), sorted);
		reader->entries = sorted;
	}
	reader->total = sum_counts(reader->entries, npoints, def);
}

/*-------------------------------------------------------------------------
 * Values that no aggregate makes
 *-------------------------------------------------------------------------
 */

/*
 * Create a table without points in the current context, for ret_tally_enter()
 * and then, by its EOHPGetRODatum(), for ret_tally_read()
 */
RetTally *
ret_tally_create(const RetTallyDef *def)
{
	return expanded_create(def, CurrentMemoryContext, 0);
}

/* Make the canonical flat value of points in ascending order, with their counts */
Datum
ret_tally_value(const RetTallyDef *def, const int64 *entries, uint64 npoints)
{
	Size		size = checked_flat_size(def, npoints);
	RetFlatTally *flat = palloc(size);

	ret_tally_set_header(flat, def->kind, def->ndims, def->ncounts, npoints, size);
	memcpy(flat->entries, entries, size - offsetof(RetFlatTally, entries));
	(void) sum_counts(flat->entries, npoints, def);
	return PointerGetDatum(flat);
}
