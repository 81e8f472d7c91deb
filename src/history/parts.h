/*-------------------------------------------------------------------------
 *
 * parts.h
 *	  The expanded form of a customer_activity: customers and their days.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_PARTS_H
#define RETENTION_PARTS_H

#include "utils/expandeddatum.h"

#include "history/columns.h"
#include "base/calendar.h"
#include "store/customer_map.h"

/* Where the next row of a part is put */
typedef struct RetRowPlace
{
	RetRow	   *next;
	RetRow	   *end;			/* there is no room */
} RetRowPlace;

/* Customers are divided among parts by the high bits of their hash */
typedef struct RetExpandedActivity
{
	ExpandedObjectHeader hdr;	/* standard header for expanded objects */
	int			nparts;			/* 1 or RET_MAX_PARTS */
	int			shift;			/* of half a hash, to get the part */
	RetDays    *parts;			/* days of the customers of each part */
	RetOffsets	offsets;		/* of the time zone */
	RetZone		zone;			/* that the days depend on, if they do */
	bool		canonical;		/* is it a result?  Else it is sent as it is */
	uint8	   *flat;			/* flat value, or NULL if not current */
	Size		flat_size;		/* bytes of it */
	RetRowPlace places[RET_MAX_PARTS];	/* where the rows of each part wait */
} RetExpandedActivity;

extern RetExpandedActivity *ret_parts_create(MemoryContext parent, int64 n);
extern RetExpandedActivity *ret_parts_get(Datum datum);
extern void ret_parts_make_room(RetExpandedActivity *activity, int part);
extern bool ret_parts_take(RetExpandedActivity *activity, RetActivityReader *reader);
extern void ret_parts_add_days(RetExpandedActivity *activity, const RetActivityReader *reader);
extern void ret_parts_set_canonical(RetExpandedActivity *activity);
extern void ret_parts_open(RetActivityReader *reader, RetExpandedActivity *activity);
extern uint8 *ret_parts_write(RetActivityReader *reader, const RetZone *zone, Size *size);

/* The flat value is no longer that of the object */
static inline void
ret_parts_touch(RetExpandedActivity *activity)
{
	if (unlikely(activity->flat != NULL))
	{
		pfree(activity->flat);
		activity->flat = NULL;
	}
}

/* The part of a customer by the hash; half of it, since no shift is by 64 bits */
static inline int
ret_parts_of(const RetExpandedActivity *activity, uint64 hash)
{
	return (hash >> 1) >> activity->shift;
}

/* Add a row, which waits in its part until there are enough of them */
static inline void
ret_parts_add(RetExpandedActivity *activity, int64 customer, DateADT day)
{
	uint64		hash = ret_customer_hash(customer);
	int			part = ret_parts_of(activity, hash);
	RetRowPlace *place = &activity->places[part];
	RetRow	   *row = place->next;

	/* there are more parts than the processor foresees streams */
	__builtin_prefetch((char *) row + RET_CACHE_LINE, 1);
	ret_row_set(row, hash, day);
	place->next = ++row;
	if (unlikely(row == place->end))
		ret_parts_make_room(activity, part);
}

#endif							/* RETENTION_PARTS_H */
