/*-------------------------------------------------------------------------
 *
 * customer_fold.h
 *	  How a family folds sorted rows and lists of customers: a template.
 *
 * Both loops see every row or customer.  They have no branch on what they see,
 * since none could be predicted: whatever may be needed is computed, and the
 * right one is chosen.
 *
 * Before it is included:
 *
 *		RET_FOLD				name of the RetFold that is defined
 *		RET_FOLD_VALUES			RetMapDef.nvalues, a number
 *		RET_FOLD_MAX_FLAGS		RetFold.max_flags
 *		RET_FOLD_ROW(c, row)	make c, a RetFolded *, the customer of one row:
 *								of its flags, or of its value if the family has
 *								values
 *		RET_FOLD_MERGE(c, other)	merge the same customer, of later rows, into c
 *
 *-------------------------------------------------------------------------
 */
#define FOLD_NAME(suffix) FOLD_JOIN(RET_FOLD, suffix)
#define FOLD_JOIN(name, suffix) FOLD_JOIN_(name, suffix)
#define FOLD_JOIN_(name, suffix) name##_##suffix
#define fold_rows FOLD_NAME(rows)
#define fold_lists FOLD_NAME(lists)
#define fold_read FOLD_NAME(read)
#define fold_write FOLD_NAME(write)
#define fold_choose FOLD_NAME(choose)

#define FOLD_ROW_WORDS	(RET_FOLD_VALUES > 0 ? 2 : 1)

/* Read what a list knows about a customer */
static pg_always_inline void
fold_read(RetFolded *customer, const uint64 *word, const int64 *values)
{
	customer->flags = *word & RET_FLAG_MASK;
	for (int i = 0; i < RET_FOLD_VALUES; i++)
		customer->values[i] = values[i];
}

static pg_always_inline void
fold_write(uint64 *word, int64 *values, uint64 hash, const RetFolded *customer)
{
	*word = hash << RET_SORTED_BITS | customer->flags;
	for (int i = 0; i < RET_FOLD_VALUES; i++)
		values[i] = customer->values[i];
}

/* Make customer the other one if `other_one` */
static pg_always_inline void
fold_choose(RetFolded *customer, bool other_one, const RetFolded *other)
{
	customer->flags = other_one ? other->flags : customer->flags;
	for (int i = 0; i < RET_FOLD_VALUES; i++)
		customer->values[i] = other_one ? other->values[i] : customer->values[i];
}

static void
fold_rows(const uint64 *rows, int64 n, RetCustomerList *to)
{
	uint64		hash = RET_WORD_HASH(rows[0]);
	uint64	   *word = to->words;
	int64	   *values = to->values;
	RetFolded	customer;

	RET_FOLD_ROW(&customer, rows);
	for (int64 i = 1; i < n; i++)
	{
		uint64		next_hash;
		bool		same;
		RetFolded	next;
		RetFolded	merged = customer;

		rows += FOLD_ROW_WORDS;
		next_hash = RET_WORD_HASH(*rows);
		same = next_hash == hash;
		RET_FOLD_ROW(&next, rows);
		RET_FOLD_MERGE(&merged, &next);
		fold_write(word, values, hash, &customer);
		word += !same;
		values += RET_FOLD_VALUES * !same;
		fold_choose(&next, same, &merged);
		customer = next;
		hash = next_hash;
	}
	fold_write(word++, values, hash, &customer);
	to->n = word - to->words;
}

static void
fold_lists(const RetCustomerList *a, const RetCustomerList *b, RetCustomerList *to)
{
	const uint64 *a_word = a->words;
	const uint64 *a_end = a_word + a->n;
	const uint64 *b_word = b->words;
	const uint64 *b_end = b_word + b->n;
	const int64 *a_values = a->values;
	const int64 *b_values = b->values;
	uint64	   *word = to->words;
	int64	   *values = to->values;

	while (a_word < a_end && b_word < b_end)
	{
		uint64		a_hash = RET_WORD_HASH(*a_word);
		uint64		b_hash = RET_WORD_HASH(*b_word);
		bool		in_a = a_hash <= b_hash;
		bool		in_b = b_hash <= a_hash;
		RetFolded	customer;
		RetFolded	other;
		RetFolded	merged;

		fold_read(&customer, a_word, a_values);
		fold_read(&other, b_word, b_values);
		merged = customer;
		RET_FOLD_MERGE(&merged, &other);
		fold_choose(&customer, !in_a, &other);
		fold_choose(&customer, in_a & in_b, &merged);
		fold_write(word++, values, Min(a_hash, b_hash), &customer);
		values += RET_FOLD_VALUES;
		a_word += in_a;
		a_values += RET_FOLD_VALUES * in_a;
		b_word += in_b;
		b_values += RET_FOLD_VALUES * in_b;
	}

	/* the rest of either list; there may be no array of values */
	if (RET_FOLD_VALUES > 0)
	{
		memcpy(values, a_values, (a_end - a_word) * RET_FOLD_VALUES * sizeof(int64));
		values += (a_end - a_word) * RET_FOLD_VALUES;
		memcpy(values, b_values, (b_end - b_word) * RET_FOLD_VALUES * sizeof(int64));
	}
	memcpy(word, a_word, (a_end - a_word) * sizeof(uint64));
	word += a_end - a_word;
	memcpy(word, b_word, (b_end - b_word) * sizeof(uint64));
	word += b_end - b_word;
	to->n = word - to->words;
}

static const RetFold RET_FOLD = {
	.max_flags = RET_FOLD_MAX_FLAGS,
	.rows = fold_rows,
	.lists = fold_lists
};

#undef RET_FOLD
#undef RET_FOLD_VALUES
#undef RET_FOLD_MAX_FLAGS
#undef RET_FOLD_ROW
#undef RET_FOLD_MERGE
#undef FOLD_NAME
#undef FOLD_JOIN
#undef FOLD_JOIN_
#undef FOLD_ROW_WORDS
#undef fold_rows
#undef fold_lists
#undef fold_read
#undef fold_write
#undef fold_choose
