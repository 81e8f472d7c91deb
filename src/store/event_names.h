/*-------------------------------------------------------------------------
 *
 * event_names.h
 *	  The names of the events of a set, as numbers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_EVENT_NAMES_H
#define RETENTION_EVENT_NAMES_H

#include "base/retention.h"

#define RET_MAX_EVENT_NAMES		1024	/* names in a set */
#define RET_MAX_EVENT_NAME_SIZE	255		/* bytes of a name */

/* A name, in the encoding of the database; not terminated */
typedef struct RetEventName
{
	const char *bytes;
	int			size;
} RetEventName;

/* A name that was looked up lately */
typedef struct RetRecentName
{
	uint64		head;			/* its first bytes */
	uint64		tail;			/* its last bytes */
	int32		size;			/* -1: none */
	int32		number;
} RetRecentName;

#define RET_RECENT_NAMES		64

/* A dictionary of names, numbered as they come */
typedef struct RetEventNames
{
	MemoryContext context;		/* owns all of it */
	int			n;
	int			nalloc;			/* names there is room for */
	RetEventName *list;			/* by number */
	uint16	   *slots;			/* hash table of many names: number + 1, or 0 */
	RetRecentName recent[RET_RECENT_NAMES];
	bool		used[RET_MAX_EVENT_NAMES];	/* by number: does an event have it? */
} RetEventNames;

/* Names in the order of their bytes, which numbers them anew: their ranks */
typedef struct RetNameOrder
{
	int			n;
	RetEventName *names;		/* by rank */
	uint16	   *numbers;		/* by rank */
	uint16	   *ranks;			/* by number */
} RetNameOrder;

extern void ret_event_names_init(RetEventNames *names, MemoryContext context);
extern int64 ret_event_names_find(RetEventNames *names, const char *bytes, int size, RetRecentName *recent);
extern void ret_event_names_order(const RetEventName *list, const bool *used, int n, RetNameOrder *order);
extern void ret_check_event_name(int size);
extern void ret_check_event_names(int n);

/*
 * Get the number of a name; it is added if it is not there yet.  Names of up to 16
 * bytes are known by their first and last 8, which may overlap.
 */
static inline int64
ret_event_name(RetEventNames *names, const char *bytes, int size)
{
	uint64		head = 0;
	uint64		tail = 0;
	RetRecentName *recent;

	if (size >= 8)
	{
		memcpy(&head, bytes, 8);
		memcpy(&tail, bytes + size - 8, 8);
	}
	else if (size >= 4)
	{
		memcpy(&head, bytes, 4);
		memcpy(&tail, bytes + size - 4, 4);
	}
	else if (size > 0)
		head = (uint8) bytes[0] | (uint8) bytes[size / 2] << 8 | (uint8) bytes[size - 1] << 16;
	recent = &names->recent[((head ^ (tail + size) * UINT64CONST(0x9E3779B97F4A7C15)) *
							 UINT64CONST(0xBF58476D1CE4E5B9)) >> (64 - 6)];
	if (likely(recent->size == size && recent->head == head && recent->tail == tail &&
			   (size <= 16 || memcmp(names->list[recent->number].bytes, bytes, size) == 0)))
		return recent->number;
	recent->head = head;
	recent->tail = tail;
	return ret_event_names_find(names, bytes, size, recent);
}

#endif							/* RETENTION_EVENT_NAMES_H */
