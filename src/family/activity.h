/*-------------------------------------------------------------------------
 *
 * activity.h
 *	  Reading a customer_activity, one customer at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_ACTIVITY_H
#define RETENTION_ACTIVITY_H

#include "history/reader.h"

/* A walk over the customers of a value and their active days */
typedef struct RetActivityReader
{
	RetReader	walk;			/* the value as a whole, and the customer */
	DateADT    *days;			/* the customer's days, ascending, at least one; may be overwritten */
	int64		ndays;
} RetActivityReader;

extern void ret_activity_open(RetActivityReader *reader, Datum value);
extern void ret_activity_order(RetActivityReader *reader);
extern bool ret_activity_next(RetActivityReader *reader);

/* Two values whose customers are read in the same order */
typedef struct RetActivityPair
{
	RetActivityReader a;
	RetActivityReader b;
	bool		by_hash;		/* is the order that of the hash?  Else of the customer */
	bool		b_read;			/* has b read a customer who is not before that of a? */
	bool		b_over;
} RetActivityPair;

extern void ret_activity_open_pair(RetActivityPair *pair, Datum a, Datum b);
extern bool ret_activity_next_pair(RetActivityPair *pair);

/* Leave out the days of the customer from as_of on; false if there are no others */
static inline bool
ret_activity_cut(RetActivityReader *reader, int64 as_of)
{
	while (reader->ndays > 0 && reader->days[reader->ndays - 1] >= as_of)
		reader->ndays--;
	return reader->ndays > 0;
}

/* A value that is built from days */
typedef struct RetActivityBuilder RetActivityBuilder;

extern RetActivityBuilder *ret_activity_build(int64 n, DateADT base);
extern void ret_activity_add(RetActivityBuilder *builder, int64 customer, DateADT day);
extern Datum ret_activity_built(RetActivityBuilder *builder);

#endif							/* RETENTION_ACTIVITY_H */
