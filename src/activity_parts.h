/*-------------------------------------------------------------------------
 *
 * activity_parts.h
 *	  The expanded form of a customer_activity: maps from customers to days.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_ACTIVITY_PARTS_H
#define RETENTION_ACTIVITY_PARTS_H

#include "utils/expandeddatum.h"

#include "activity.h"
#include "activity_days.h"
#include "calendar.h"
#include "customer.h"

/* Customers are divided among parts by their hash */
typedef struct RetExpandedActivity
{
	ExpandedObjectHeader hdr;	/* standard header for expanded objects */
	uint32		nparts;			/* 1 or MAX_PARTS */
	RetDays    *parts;			/* days of the customers of each part */
	int		   *nrows;			/* rows of each part that wait, */
	RetEvent   *rows;			/* RET_DAYS_BATCH for each part */
	RetOffsets	offsets;		/* of the time zone */
	bool		canonical;		/* is it a result?  Else it is sent unsorted */
	uint8	   *flat;			/* flat value, or NULL if not current */
	Size		flat_size;		/* their number */
} RetExpandedActivity;

extern RetExpandedActivity *ret_parts_create(MemoryContext parent, uint64 n);
extern RetExpandedActivity *ret_parts_get(Datum datum);
extern void ret_parts_flush_part(RetExpandedActivity *activity, uint32 part);
extern void ret_parts_merge(RetExpandedActivity *activity, const RetActivityReader *reader);
extern void ret_parts_reserve(RetExpandedActivity *activity, int64 n);
extern void ret_parts_set_canonical(RetExpandedActivity *activity);
extern void ret_parts_open(RetActivityReader *reader, RetExpandedActivity *activity);
extern bool ret_parts_next(RetActivityReader *reader);

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

/* The part of a customer by the hash, of which the maps use the high bits */
static inline uint32
ret_parts_of(const RetExpandedActivity *activity, uint64 hash)
{
	return (hash >> 24) & (activity->nparts - 1);
}

/*
 * Add a row.  Rows wait in their part until there are enough of them to be
 * worked on at once: the part is small enough for the cache and the TLB, and
 * what a row needs is prefetched while others are worked on.
 */
static inline void
ret_parts_add(RetExpandedActivity *activity, int64 customer, DateADT day)
{
	uint64		hash = ret_customer_hash(customer);
	uint32		part = ret_parts_of(activity, hash);
	RetEvent   *row = &activity->rows[(uint64) part * RET_DAYS_BATCH + activity->nrows[part]];

	row->customer = customer;
	row->day = day;
	row->aux = hash >> 32;
	if (unlikely(++activity->nrows[part] == RET_DAYS_BATCH))
		ret_parts_flush_part(activity, part);
}

#endif							/* RETENTION_ACTIVITY_PARTS_H */
