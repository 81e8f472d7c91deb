/*-------------------------------------------------------------------------
 *
 * reader.h
 *	  A walk over the customers of a value and their entries, whatever the
 *	  type and the form of the value.
 *
 * Every form fills the same reader.  Who reads a value of a type uses the
 * functions that the type exports, and what is public here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_READER_H
#define RETENTION_READER_H

#include "utils/date.h"

#include "base/calendar.h"
#include "base/retention.h"
#include "base/zone.h"

/*
 * A walk over the customers of a value, in any order unless one is asked for.  The entries belong to
 * the reader and are those of the customer only until the next is read.
 */
typedef struct RetReader
{
	/* public: what is known from the beginning */
	int64		ncustomers;		/* customers in the value */
	DateADT		first;			/* first day of any customer */
	DateADT		last;			/* last day of any customer */
	int			scale;			/* decimals of the amounts, 0 if there are none */
	DateADT		latest;			/* latest of the days that belong to a value as a whole */
	RetZone		zone;			/* of a transition value that depends on one */
	uint32		zone_number;	/* of one that has the number only */

	/* public: the customer that was read */
	int64		customer;
	void	   *entries;		/* the type's entries in their order, at least one */
	int64		nentries;

	/* private: where the reader is, in canonical bytes, parts, or events */
	struct varlena *value;		/* bytes: all of them */
	bool		loose;			/* may the value be kept, as nobody else has it? */
	const uint8 *next;			/* bytes: of the next customer */
	const uint8 *end;
	void	   *parts;
	int			nparts;
	int			part;			/* the part that is read */
	int64		index;			/* its next customer */
	int64		unit;			/* where the units of that customer begin */
	void	   *order;			/* parts: the customers in ascending order, if they are read so */
	void	   *events;
	int64		nevents;
	int64		nread;			/* customers, or events, that were read */
	int64		nalloc;			/* entries there is room for */
} RetReader;

#endif							/* RETENTION_READER_H */
