/*-------------------------------------------------------------------------
 *
 * event_names.c
 *	  The names of the events of a set, as numbers.
 *
 * Names are numbered as they come, and keep their numbers.  Few are searched one by
 * one, many in a hash table; most rows find their name among those that were looked up
 * lately.  Who reads events in order has them numbered by the order of their bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "store/event_names.h"

#define MIN_NAMES		16
#define NAME_SLOTS		2048	/* a power of 2, more than names */

StaticAssertDecl(RET_RECENT_NAMES == 1 << 6, "ret_event_name() takes 6 bits of a hash");

static inline int
name_compare(const RetEventName *a, const RetEventName *b)
{
	int			result = memcmp(a->bytes, b->bytes, Min(a->size, b->size));

	return result != 0 ? result : a->size - b->size;
}

#define ST_SORT sort_names
#define ST_ELEMENT_TYPE uint16
#define ST_COMPARE_ARG_TYPE const RetEventName
#define ST_COMPARE(a, b, names) name_compare(&(names)[*(a)], &(names)[*(b)])
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Begin a dictionary without names, in a context */
void
ret_event_names_init(RetEventNames *names, MemoryContext context)
{
	memset(names, 0, sizeof(RetEventNames));
	names->context = context;
	names->nalloc = MIN_NAMES;
	names->list = MemoryContextAlloc(context, names->nalloc * sizeof(RetEventName));
	for (int i = 0; i < RET_RECENT_NAMES; i++)
		names->recent[i].size = -1;
}

/* Raise error 54000 if a name is too long */
void
ret_check_event_name(int size)
{
	if (size > RET_MAX_EVENT_NAME_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the name of an event is too long"),
				 errdetail("It has %d bytes, the limit is %d.", size, RET_MAX_EVENT_NAME_SIZE),
				 errhint("Pass a short name for what happened, for instance with CASE.")));
}

/* Raise error 54000 unless a set of n names may have another */
void
ret_check_event_names(int n)
{
	if (n >= RET_MAX_EVENT_NAMES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("there are too many names of events"),
				 errdetail("The limit is %d.", RET_MAX_EVENT_NAMES),
				 errhint("Map them to fewer names with CASE, or leave events out with FILTER.")));
}

static inline bool
name_is(const RetEventName *name, const char *bytes, int size)
{
	return name->size == size && memcmp(name->bytes, bytes, size) == 0;
}

/* Find the slot of a name in the hash table, which is 0 if the name is not there */
static uint16 *
find_slot(RetEventNames *names, const char *bytes, int size)
{
	uint32		slot = hash_bytes((const unsigned char *) bytes, size) & (NAME_SLOTS - 1);

	while (names->slots[slot] != 0 && !name_is(&names->list[names->slots[slot] - 1], bytes, size))
		slot = (slot + 1) & (NAME_SLOTS - 1);
	return &names->slots[slot];
}

/* Find the number of a name, or -1 */
static int
find_name(RetEventNames *names, const char *bytes, int size)
{
	if (names->slots)
		return (int) *find_slot(names, bytes, size) - 1;
	for (int i = 0; i < names->n; i++)
	{
		if (name_is(&names->list[i], bytes, size))
			return i;
	}
	return -1;
}

/* Put all names into the hash table, if there are many or there were */
static void
fill_slots(RetEventNames *names)
{
	if (names->slots == NULL && names->n <= MIN_NAMES)
		return;
	if (names->slots == NULL)
		names->slots = MemoryContextAlloc(names->context, NAME_SLOTS * sizeof(uint16));
	memset(names->slots, 0, NAME_SLOTS * sizeof(uint16));
	for (int i = 0; i < names->n; i++)
		*find_slot(names, names->list[i].bytes, names->list[i].size) = (uint16) (i + 1);
}

/*
 * Get the number of a name that was not looked up lately, and note it there; it is
 * added if it is not there yet
 */
int64
ret_event_names_find(RetEventNames *names, const char *bytes, int size, RetRecentName *recent)
{
	int			number = find_name(names, bytes, size);
	char	   *copy;

	recent->size = -1;
	if (number < 0)
	{
		ret_check_event_name(size);
		ret_check_event_names(names->n);
		if (names->n == names->nalloc)
		{
			names->nalloc *= 2;
			names->list = repalloc(names->list, names->nalloc * sizeof(RetEventName));
		}
		copy = MemoryContextAlloc(names->context, Max(size, 1));
		memcpy(copy, bytes, size);
		number = names->n++;
		names->list[number] = (RetEventName) {copy, size};
		if (names->slots)
			*find_slot(names, bytes, size) = (uint16) (number + 1);
		else
			fill_slots(names);
	}
	recent->size = size;
	recent->number = number;
	return number;
}

/* Put names in the order of their bytes, without those that are not used; used NULL: all are */
void
ret_event_names_order(const RetEventName *list, const bool *used, int n, RetNameOrder *order)
{
	order->n = 0;
	order->names = palloc(n * (sizeof(RetEventName) + 2 * sizeof(uint16)));
	order->numbers = (uint16 *) (order->names + n);
	order->ranks = order->numbers + n;
	for (int i = 0; i < n; i++)
	{
		if (used == NULL || used[i])
			order->numbers[order->n++] = (uint16) i;
	}
	sort_names(order->numbers, order->n, list);
	for (int i = 0; i < order->n; i++)
	{
		order->names[i] = list[order->numbers[i]];
		order->ranks[order->numbers[i]] = (uint16) i;
	}
}
