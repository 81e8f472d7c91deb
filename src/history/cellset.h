/*-------------------------------------------------------------------------
 *
 * cellset.h
 *	  The units of one customer where an entry is more than a day: a sorted
 *	  array of units.  A part of engine.h.
 *
 *-------------------------------------------------------------------------
 */

/* Rows wait for a merge as days_make_room() says */
#define UNITS_PER_ROW		6

/* Most units by which a set may grow beyond those that are merged */
#define UNITS_EXTRA			0

/* Count the units of a customer */
static inline int64
units_of_size(UnitCount size)
{
	return size;
}

/* Tell whether sets of these sizes must be merged even if they could follow one another */
static inline bool
units_too_many(int64 a pg_attribute_unused(), int64 b pg_attribute_unused())
{
	return false;
}

/*
 * Merge two sets of a customer: na units at a and nb at b.  Returns the size;
 * out has room for both.
 */
static pg_noinline int
units_merge(Days *days, uint64 hash, Unit *out, const Unit *a, int na, bool a_marked pg_attribute_unused(),
			const Unit *b, int nb, bool b_marked pg_attribute_unused(), Unit **scratch pg_attribute_unused())
{
	Unit	   *next = out;
	int			i = 0;
	int			j = 0;

	while (i < na && j < nb)
	{
		int64		x = unit_key(a[i]);
		int64		y = unit_key(b[j]);

		*next = x <= y ? a[i] : b[j];
		if (x == y)
			days_add_unit(days, hash, next, b[j]);
		next++;
		i += x <= y;
		j += y <= x;
	}
	memcpy(next, a + i, (na - i) * sizeof(Unit));
	next += na - i;
	memcpy(next, b + j, (nb - j) * sizeof(Unit));
	return next + (nb - j) - out;
}

/* Check that units are in the order that units_merge() leaves */
static bool
units_valid(const Unit *units, UnitCount size)
{
	bool		valid = true;

	for (UnitCount i = 1; i < size; i++)
		valid &= unit_key(units[i - 1]) < unit_key(units[i]);
	return valid;
}

/* Read the units of a customer, whose offsets are counted from base, into a reader */
static inline void
units_read(const Unit *units, UnitCount size, DateADT base, RetReader *reader)
{
	Entry	   *entries = reader_reserve(reader, size);

	for (UnitCount i = 0; i < size; i++)
		entries[i] = unit_entry(units[i], base);
	reader->nentries = size;
}
