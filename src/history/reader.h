/*-------------------------------------------------------------------------
 *
 * reader.h
 *	  A walk over the customers of a value and their days, whatever its form.
 *
 * Every form fills the same reader, and who reads a value needs no more than
 * this and ret_activity_open() and ret_activity_next().
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_READER_H
#define RETENTION_READER_H

#include "utils/date.h"

#include "base/calendar.h"
#include "base/retention.h"
#include "base/zone.h"

struct RetDays;

/* A customer and a day, in forms of the value that are not sorted yet */
typedef struct RetEvent
{
	int64		customer;
	int32		day;
	uint32		aux;			/* 0, or what a list of events uses it for */
} RetEvent;

/*
 * A walk over the customers of a value, in any order.  The days belong to the
 * reader and are those of the customer only until the next is read.
 */
typedef struct RetActivityReader
{
	/* what is known from the beginning */
	int64		ncustomers;		/* customers in the value */
	DateADT		first;			/* first day of any customer */
	DateADT		last;			/* last day of any customer */
	RetZone		zone;			/* of a transition value that depends on one */

	/* the customer that was read */
	int64		customer;
	DateADT    *days;			/* ascending, at least one */
	int64		ndays;

	/* where the reader is: in canonical bytes, in parts, or in events */
	const uint8 *next;
	const uint8 *end;
	struct RetDays *parts;
	int			nparts;
	int			part;
	int64		index;			/* of the next customer of the part, */
	int64		unit;			/* and where its days begin */
	RetEvent   *events;
	int64		nevents;
	int64		nread;			/* customers, or events, that were read */
	int64		days_alloc;		/* days there is room for */
} RetActivityReader;

/* An empty reader */
static inline void
ret_reader_init(RetActivityReader *reader)
{
	memset(reader, 0, sizeof(RetActivityReader));
	reader->days_alloc = 64;
	reader->days = palloc(reader->days_alloc * sizeof(DateADT));
}

/* Room for n days in a reader */
static inline void
ret_reader_reserve(RetActivityReader *reader, int64 n)
{
	if (unlikely(n > reader->days_alloc))
	{
		reader->days_alloc = n + n / 2;
		reader->days = repalloc_huge(reader->days, reader->days_alloc * sizeof(DateADT));
	}
}

#endif							/* RETENTION_READER_H */
