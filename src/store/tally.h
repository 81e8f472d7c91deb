/*-------------------------------------------------------------------------
 *
 * tally.h
 *	  Counts of distinct points, of one to three numbers each.
 *
 * A row adds 1 to a count of a point, and which numbers and counts there are is
 * a constant of each file that adds rows.  So the functions for a row are inline
 * and leave hardly more than the probe, which is why the table is not that of
 * customer_map.h, whose families bring functions of their own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_TALLY_H
#define RETENTION_TALLY_H

#include "common/int.h"
#include "utils/expandeddatum.h"

#include "base/aggregate.h"
#include "base/retention.h"
#include "store/customer_key.h"

#define RET_TALLY_MAX_DIMS		3
#define RET_TALLY_MAX_COUNTS	2
#define RET_TALLY_DELAY_ROWS	64	/* a power of 2 */

/*
 * The families.  The numbers are in bytes that are sent and stored: never
 * renumber.
 */
typedef enum RetTallyKind
{
	RET_TALLY_SURVIVAL = 1,		/* (duration): censored, churned */
	RET_TALLY_LOGRANK = 2,		/* (duration, group): censored, churned */
	RET_TALLY_TENURE = 3,		/* (tenure): kept, lost */
	RET_TALLY_PURCHASES = 4,	/* (frequency, recency, age): customers */
	RET_TALLY_SPEND = 5,		/* (frequency, monetary value): customers */
	RET_TALLY_BIRTHS = 6		/* (first day): customers; never stored */
} RetTallyKind;

typedef struct RetTallyReader RetTallyReader;

/*
 * What a family of aggregates counts.  A family has exactly one definition,
 * which is compared by its address.
 */
typedef struct RetTallyDef
{
	uint8		kind;			/* a RetTallyKind, tells the families apart */
	uint8		ndims;			/* numbers of a point */
	uint8		ncounts;		/* counts of a point */

	/* tell whether the family can have counted the point; NULL: any finite one */
	bool		(*valid) (const double *point);

	/* tell whether the family can have made a value of these points; NULL: of any */
	bool		(*possible) (const RetTallyReader *reader);
} RetTallyDef;

#define RET_TALLY_VERSION		1

/* The flat form, a multiple of 8 bytes long */
typedef struct RetFlatTally
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;		/* RET_TALLY_VERSION */
	uint8		kind;			/* RetTallyDef.kind */
	uint8		ndims;			/* RetTallyDef.ndims */
	uint8		ncounts;		/* RetTallyDef.ncounts */
	uint32		npoints;		/* points in use; the entries after them are zeros */
	uint32		nrows;			/* rows counted while it is built, else 0 */
	uint32		zone;			/* ret_zone_number() of what its points depend on, or 0 */
	uint32		unused;			/* 0 */
	int64		entries[FLEXIBLE_ARRAY_MEMBER]; /* of a point: numbers, then counts */
} RetFlatTally;

/* One row that waits for its slot to arrive in the cache */
typedef struct RetTallyRow
{
	int64		key[RET_TALLY_MAX_DIMS];	/* bits of the point's numbers */
	int64		which;			/* index of the count to which it adds 1 */
} RetTallyRow;

/*
 * The expanded form: an open-addressing hash table.  A point's entry is its
 * numbers and then its counts, 8 bytes each.
 */
typedef struct RetTally
{
	ExpandedObjectHeader hdr;	/* standard header for expanded objects */
	const RetTallyDef *def;		/* the family's definition */
	int64	   *slots;			/* entries; an unused one begins with RET_TALLY_UNUSED */
	uint64		nslots;			/* a power of 2 */
	uint64		limit;			/* points with which it is full */
	uint64		npoints;		/* slots in use */
	uint64		factor;			/* factor of the hash */
	int			shift;			/* slot = hash >> shift */
	bool		crowded;		/* whether a point is far from its home slot */
	uint32		zone;			/* as in the flat form */
	bool		delaying;		/* whether rows wait, since the table is large */
	uint32		nadded;			/* number of rows delayed so far */
	uint32		napplied;		/* number of these rows that are in the table */
	RetTallyRow *rows;			/* row n is rows[n % RET_TALLY_DELAY_ROWS]; NULL: none yet */
} RetTally;

/* No point begins with these bits, which are a NaN */
#define RET_TALLY_UNUSED	INT64CONST(-1)

/*
 * The points of a value in ascending order of the first number, then of the
 * second, then of the third
 */
struct RetTallyReader
{
	int64		npoints;		/* number of points, at least 1 */
	int64		total;			/* sum of all counts of all points */
	int			ndims;
	int			width;			/* 8-byte words of an entry */
	const int64 *entries;		/* read-only, in the value or in the current context */
};

/* for transition, combine and final functions */
extern Datum ret_tally_add_flat(FunctionCallInfo fcinfo, const RetTallyDef *def,
								const double *point, int which, int64 n, bool zoned);
extern Datum ret_tally_add_counted(FunctionCallInfo fcinfo, const RetTallyDef *def,
								   const double *point, int which, int64 n);
extern int64 *ret_tally_insert(RetTally *tally, const int64 *key);
pg_noreturn extern void ret_tally_overflow(void);
pg_noreturn extern void ret_tally_inconsistent(const char *detail);
extern Datum ret_tally_combine(FunctionCallInfo fcinfo, const RetTallyDef *def);
extern Datum ret_tally_merge(FunctionCallInfo fcinfo, const RetTallyDef *def, Datum value);
extern Datum ret_tally_finish(FunctionCallInfo fcinfo, const RetTallyDef *def);
extern void ret_tally_read(RetTallyReader *reader, Datum value, const RetTallyDef *def);

/* for values that no aggregate makes */
extern RetTally *ret_tally_create(const RetTallyDef *def);
extern Datum ret_tally_value(const RetTallyDef *def, const int64 *entries, uint64 npoints);

/* for types whose values are those of one family */
extern Datum ret_tally_input(FunctionCallInfo fcinfo, const RetTallyDef *def, const char *type);
extern Datum ret_tally_output(FunctionCallInfo fcinfo, const char *type);
extern Datum ret_tally_receive(FunctionCallInfo fcinfo, const RetTallyDef *def, const char *type);
extern Datum ret_tally_send(FunctionCallInfo fcinfo);

/* Compare points a and b number by number: negative, 0 or positive, as for qsort() */
static inline int
ret_tally_compare(const double *a, const double *b, int ndims)
{
	for (int i = 0; i < ndims; i++)
	{
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	}
	return 0;
}

/* Get the number of bytes of a flat value of n points of `width` words each */
static inline Size
ret_tally_flat_size(int width, uint64 n)
{
	return offsetof(RetFlatTally, entries) + n * width * sizeof(int64);
}

static inline void
ret_tally_set_header(RetFlatTally *flat, int kind, int ndims, int ncounts,
					 uint32 npoints, Size size)
{
	SET_VARSIZE(flat, size);
	flat->version = RET_TALLY_VERSION;
	flat->kind = kind;
	flat->ndims = ndims;
	flat->ncounts = ncounts;
	flat->npoints = npoints;
	flat->nrows = 0;
	flat->zone = 0;
	flat->unused = 0;
}

/* Get the numbers of point i */
static inline const double *
ret_tally_point(const RetTallyReader *reader, int64 i)
{
	return (const double *) (reader->entries + i * reader->width);
}

/* Get the counts of point i */
static inline const int64 *
ret_tally_counts(const RetTallyReader *reader, int64 i)
{
	return reader->entries + i * reader->width + reader->ndims;
}

/*
 * Get the slot at which the probes of a point begin, from the bits of its
 * numbers
 */
static pg_always_inline uint64
ret_tally_home(const RetTally *tally, const int64 *key, int n)
{
	uint64		h = 0;

	for (int i = 0; i < n; i++)
	{
		/* small whole numbers have all their bits in the high half of a double */
		h ^= (uint64) key[i];
		h ^= h >> 32;
		h *= tally->factor;
	}
	h ^= h >> 29;
	return (h * RET_HASH_FINISH) >> tally->shift;
}

/* Find the slot of a point: its own, or the unused one that it should get */
static pg_always_inline int64 *
ret_tally_probe(const RetTally *tally, const int64 *key, int ndims, int width)
{
	uint64		i = ret_tally_home(tally, key, ndims);

	for (;;)
	{
		int64	   *slot = tally->slots + i * width;

		if (slot[0] == key[0] &&
			(ndims < 2 || slot[1] == key[1]) && (ndims < 3 || slot[2] == key[2]))
			return slot;
		if (slot[0] == RET_TALLY_UNUSED)
			return slot;
		i = (i + 1) & (tally->nslots - 1);
	}
}

/* Get the bits of a point's numbers */
static pg_always_inline void
ret_tally_key(const double *point, int ndims, int64 *key)
{
	for (int i = 0; i < ndims; i++)
	{
		double		number = point[i] + 0.0;	/* -0 is 0 */

		memcpy(&key[i], &number, sizeof(number));
	}
}

/* Add n to a count in the table */
static pg_always_inline void
ret_tally_count(RetTally *tally, const int64 *key, int64 which, int64 n, int ndims, int ncounts)
{
	int64	   *slot = ret_tally_probe(tally, key, ndims, ndims + ncounts);
	int64	   *count;

	if (unlikely(slot[0] == RET_TALLY_UNUSED))
		slot = ret_tally_insert(tally, key);
	count = slot + ndims + which;
	if (unlikely(pg_add_s64_overflow(*count, n, count)))
		ret_tally_overflow();
}

/*
 * Prefetch the slot of a row and queue the row; if the queue is full, count
 * its oldest row first.
 */
static pg_always_inline void
ret_tally_delay(RetTally *tally, const int64 *key, int which, int ndims, int ncounts)
{
	RetTallyRow *row = &tally->rows[tally->nadded % RET_TALLY_DELAY_ROWS];
	int64	   *slot;

	if (tally->nadded - tally->napplied == RET_TALLY_DELAY_ROWS)
	{
		tally->napplied++;
		ret_tally_count(tally, row->key, row->which, 1, ndims, ncounts);
	}
	for (int i = 0; i < ndims; i++)
		row->key[i] = key[i];
	row->which = which;
	slot = tally->slots + (ndims + ncounts) * ret_tally_home(tally, key, ndims);
	__builtin_prefetch(slot, 1);
	__builtin_prefetch(slot + ndims + ncounts - 1, 1);
	tally->nadded++;
}

/* Add 1 to count number `which` of a point in a table of the family */
static pg_always_inline void
ret_tally_enter(RetTally *tally, const RetTallyDef *def, const double *point, int which)
{
	int64		key[RET_TALLY_MAX_DIMS];

	ret_tally_key(point, def->ndims, key);
	if (unlikely(tally->delaying))
		ret_tally_delay(tally, key, which, def->ndims, def->ncounts);
	else
		ret_tally_count(tally, key, which, 1, def->ndims, def->ncounts);
}

/*
 * Add 1 to count number `which` of a point and return the transition value.
 * The point's numbers must be finite.  The caller has checked that this is an
 * aggregate's call; argument 0 is the state, or null.
 *
 * Large groups are recognized inline, and as def is a constant of the caller's
 * file, the compiler leaves nothing but the probe.  If zoned, the point
 * depends on the session's time zone: the state gets the zone's number with
 * its first row, when it is flat.
 */
static pg_always_inline Datum
ret_tally_add(FunctionCallInfo fcinfo, const RetTallyDef *def, const double *point, int which,
			  bool zoned)
{
	Pointer		value = DatumGetPointer(PG_GETARG_DATUM(0));

	if (likely(!PG_ARGISNULL(0) && VARATT_IS_EXTERNAL_EXPANDED_RW(value)))
	{
		varatt_expanded pointer;
		RetTally   *tally;

		memcpy(&pointer, VARDATA_EXTERNAL(value), sizeof(pointer));
		tally = (RetTally *) pointer.eohptr;
		if (likely(tally->def == def))
		{
			ret_tally_enter(tally, def, point, which);
			PG_RETURN_DATUM(PG_GETARG_DATUM(0));
		}
	}
	return ret_tally_add_flat(fcinfo, def, point, which, 1, zoned);
}

#endif							/* RETENTION_TALLY_H */
