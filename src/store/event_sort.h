/*-------------------------------------------------------------------------
 *
 * event_sort.h
 *	  Sorting events of one layout, and removing duplicates: a template.
 *
 * Who includes it defines
 *
 *		EVENT_SORT				the prefix of its functions
 *		EVENT_ROW				the type of an event
 *		EVENT_FIELDS			the number of its fields, by which it is ordered
 *		EVENT_KEY(row, field)	a field as a number without sign, in the same order
 *
 * Rows are divided into buckets by the highest bits in which a field differs: many rows
 * in place, MANY_EVENTS at most from one array to another and, on the next level, back,
 * which keeps the order of equal keys, so that rows in the order of time need no more
 * than the customers put in order.  Cost: O(rows) for keys that are spread evenly, and
 * never more than one pass for each 8 bits of a key.  Memory: the second array.
 *
 *-------------------------------------------------------------------------
 */
#define EVENT_PASTE(prefix, name)	prefix##name
#define EVENT_EXPAND(prefix, name)	EVENT_PASTE(prefix, name)
#define EVENT_NAME(name)			EVENT_EXPAND(EVENT_SORT, name)

/* Tell whether a is before b */
static inline bool
EVENT_NAME(_before) (const EVENT_ROW *a, const EVENT_ROW *b)
{
	for (int field = 0; field < EVENT_FIELDS - 1; field++)
	{
		if (EVENT_KEY(a, field) != EVENT_KEY(b, field))
			return EVENT_KEY(a, field) < EVENT_KEY(b, field);
	}
	return EVENT_KEY(a, EVENT_FIELDS - 1) < EVENT_KEY(b, EVENT_FIELDS - 1);
}

/* Sort few rows into another array, or within their own */
static void
EVENT_NAME(_few) (const EVENT_ROW *from, EVENT_ROW *to, int64 n)
{
	for (int64 i = 0; i < n; i++)
	{
		EVENT_ROW	row = from[i];
		int64		place = i;

		for (; place > 0 && EVENT_NAME(_before) (&row, &to[place - 1]); place--)
			to[place] = to[place - 1];
		to[place] = row;
	}
}

/* Tell whether rows are in order */
static inline bool
EVENT_NAME(_sorted) (const EVENT_ROW *rows, int64 n)
{
	int64		i = 1;

	while (i < n && !EVENT_NAME(_before) (&rows[i], &rows[i - 1]))
		i++;
	return i >= n;
}

/* Find the lowest and the highest value of a field */
static inline void
EVENT_NAME(_range) (const EVENT_ROW *rows, int64 n, int field, uint64 *lowest, uint64 *highest)
{
	*lowest = PG_UINT64_MAX;
	*highest = 0;
	for (int64 i = 0; i < n; i++)
	{
		uint64		key = EVENT_KEY(&rows[i], field);

		*lowest = Min(*lowest, key);
		*highest = Max(*highest, key);
	}
}

/* Compute where each bucket of a field begins: the bits above shift, from lowest on */
static inline void
EVENT_NAME(_begins) (const EVENT_ROW *rows, int64 n, int field, uint64 lowest, int shift,
					 int64 *begin, int nbuckets)
{
	int64		sum = 0;

	memset(begin, 0, nbuckets * sizeof(int64));
	for (int64 i = 0; i < n; i++)
		begin[(EVENT_KEY(&rows[i], field) - lowest) >> shift]++;
	for (int b = 0; b < nbuckets; b++)
	{
		int64		size = begin[b];

		begin[b] = sum;
		sum += size;
	}
}

/* Sort rows that agree in the fields before this one; the result is in to, which is one of the two arrays */
static void
EVENT_NAME(_rows) (EVENT_ROW *rows, EVENT_ROW *other, int64 n, int field, EVENT_ROW *to)
{
	int64		next[1 << BUCKET_BITS];
	uint64		lowest;
	uint64		highest;
	int			bits,
				shift,
				nbuckets;

	if (n <= FEW_EVENTS)
	{
		EVENT_NAME(_few) (rows, to, n);
		return;
	}
	CHECK_FOR_INTERRUPTS();
	check_stack_depth();
	EVENT_NAME(_range) (rows, n, field, &lowest, &highest);
	if (EVENT_NAME(_sorted) (rows, n))
	{
		if (to != rows)
			memcpy(to, rows, n * sizeof(EVENT_ROW));
		return;
	}
	if (lowest == highest)
	{
		EVENT_NAME(_rows) (rows, other, n, field + 1, to);
		return;
	}

	/* not more buckets than are filled with some rows each */
	bits = Min(BUCKET_BITS, pg_leftmost_one_pos64((uint64) n / 2));
	shift = Max(pg_leftmost_one_pos64(highest - lowest) + 1 - bits, 0);
	nbuckets = (int) ((highest - lowest) >> shift) + 1;
	EVENT_NAME(_begins) (rows, n, field, lowest, shift, next, nbuckets);
	for (int64 i = 0; i < n; i++)
		other[next[(EVENT_KEY(&rows[i], field) - lowest) >> shift]++] = rows[i];

	/* now each bucket ends where its next row would be put */
	for (int b = 0; b < nbuckets; b++)
	{
		int64		begin = b == 0 ? 0 : next[b - 1];

		if (next[b] > begin)
			EVENT_NAME(_rows) (other + begin, rows + begin, next[b] - begin, field, to + begin);
	}
}

/* Sort rows of any number, which agree in the fields before this one; other has room for MANY_EVENTS */
static void
EVENT_NAME(_many) (EVENT_ROW *rows, EVENT_ROW *other, int64 n, int field)
{
	int64		next[1 << BUCKET_BITS];
	int64		ends[1 << BUCKET_BITS];
	uint64		lowest;
	uint64		highest;
	int			shift,
				nbuckets;

	if (n <= MANY_EVENTS)
	{
		EVENT_NAME(_rows) (rows, other, n, field, rows);
		return;
	}
	CHECK_FOR_INTERRUPTS();
	check_stack_depth();
	EVENT_NAME(_range) (rows, n, field, &lowest, &highest);
	if (EVENT_NAME(_sorted) (rows, n))
		return;
	if (lowest == highest)
	{
		EVENT_NAME(_many) (rows, other, n, field + 1);
		return;
	}
	shift = Max(pg_leftmost_one_pos64(highest - lowest) + 1 - BUCKET_BITS, 0);
	nbuckets = (int) ((highest - lowest) >> shift) + 1;
	EVENT_NAME(_begins) (rows, n, field, lowest, shift, next, nbuckets);
	memcpy(ends, next + 1, (nbuckets - 1) * sizeof(int64));
	ends[nbuckets - 1] = n;
	for (int b = 0; b < nbuckets; b++)
	{
		CHECK_FOR_INTERRUPTS();
		while (next[b] < ends[b])
		{
			EVENT_ROW	row = rows[next[b]];
			int			to;

			while ((to = (int) ((EVENT_KEY(&row, field) - lowest) >> shift)) != b)
			{
				EVENT_ROW	moved = rows[next[to]];

				rows[next[to]++] = row;
				row = moved;
			}
			rows[next[b]++] = row;
		}
	}
	for (int b = 0; b < nbuckets; b++)
	{
		int64		begin = b == 0 ? 0 : ends[b - 1];

		EVENT_NAME(_many) (rows + begin, other, ends[b] - begin, field);
	}
}

/*
 * Sort rows and remove duplicates; returns how many are left.  other has room for as
 * many rows, up to MANY_EVENTS.
 */
static int64
EVENT_NAME(_compact) (EVENT_ROW *rows, EVENT_ROW *other, int64 n)
{
	int64		kept = 1;

	if (n <= FEW_EVENTS)
		EVENT_NAME(_few) (rows, rows, n);
	else if (!EVENT_NAME(_sorted) (rows, n))
		EVENT_NAME(_many) (rows, other, n, 0);
	for (int64 i = 1; i < n; i++)
	{
		if (EVENT_NAME(_before) (&rows[kept - 1], &rows[i]))
			rows[kept++] = rows[i];
		ret_check_interrupts_at(i);
	}
	return Min(kept, n);
}

#undef EVENT_PASTE
#undef EVENT_EXPAND
#undef EVENT_NAME
#undef EVENT_SORT
#undef EVENT_ROW
#undef EVENT_FIELDS
#undef EVENT_KEY
