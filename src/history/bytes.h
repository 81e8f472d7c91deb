/*-------------------------------------------------------------------------
 *
 * bytes.h
 *	  The canonical bytes of a customer_activity: writing and reading them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_BYTES_H
#define RETENTION_BYTES_H

#include "history/reader.h"

#define ACTIVITY_VERSION	1

/* The forms of a flat value */
#define ACTIVITY_CANONICAL	0	/* as it is stored and sent */
#define ACTIVITY_EVENTS		1	/* a transition value only */
#define ACTIVITY_SENT		2	/* a transition value on its way to another process */
#define ACTIVITY_ZONED		3	/* one on its way to another server: a zone, and canonical bytes */

/* Bytes in front of the customers, without the varlena header */
#define ACTIVITY_HEADER_SIZE	26

/* Canonical bytes that are being written */
typedef struct RetActivityWriter
{
	uint8	   *bytes;			/* a varlena */
	Size		header;			/* where the canonical bytes begin */
	Size		used;
	Size		alloc;
	int64		ncustomers;		/* customers to be written, */
	int64		nwritten;		/* and those that have been */
	int64		ndays;			/* days of these */
	int64		customer;		/* the last of them */
	DateADT		first;
	DateADT		last;
} RetActivityWriter;

extern void ret_writer_begin(RetActivityWriter *writer, const RetZone *zone,
							 int64 ncustomers, DateADT first, DateADT last);
extern void ret_writer_add(RetActivityWriter *writer, int64 customer, const DateADT *days, int64 ndays);
extern uint8 *ret_writer_end(RetActivityWriter *writer, Size *size);

pg_noreturn extern void ret_activity_corrupt(void);
extern void ret_canonical_open(RetActivityReader *reader, struct varlena *value);
extern bool ret_canonical_next(RetActivityReader *reader);
extern bool ret_canonical_valid(struct varlena *value);

#endif							/* RETENTION_BYTES_H */
