/*-------------------------------------------------------------------------
 *
 * event_bytes.h
 *	  A walk over the customers of a customer_events, and the canonical bytes of one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_EVENT_BYTES_H
#define RETENTION_EVENT_BYTES_H

#include "store/event_scan.h"

#define RET_EVENTS_TYPE			"customer_events"
#define RET_EVENTS_VERSION		1	/* first of the bytes */
#define RET_EVENTS_HEADER_SIZE	44

/* A walk over the customers of a value */
typedef struct RetEventReader
{
	/* public: what is known from the beginning */
	RetTimeKind kind;
	int64		ncustomers;		/* of a set only after ret_events_count() */
	int64		ntotal;			/* events of all customers; of a set at least as many, before ret_events_count() */
	int64		first;			/* first instant of any customer */
	int64		last;			/* last instant of any customer */
	int			nnames;
	RetEventName *names;		/* by number, in the order of their bytes */

	/* public: the customer that was read, until the next is */
	int64		customer;
	RetEvent   *events;			/* in the order of time, then of the names' numbers */
	int64		nevents;

	/* private: where the reader is, in a set or in bytes */
	RetEventScan scan;			/* of a set or of a building */
	const uint8 *next;			/* bytes: of the next customer; NULL: not in bytes */
	const uint8 *end;
	uint64		unit;
	int64		nread;			/* customers that were read */
	int64		nalloc;			/* events there is room for */
} RetEventReader;

extern void ret_events_open_set(RetEventReader *reader, RetEventSet *set);
extern void ret_events_close(RetEventReader *reader);
extern void ret_events_count(RetEventReader *reader);
extern void ret_events_put(StringInfo buf, RetEventReader *reader);
extern struct varlena *ret_events_write(RetEventReader *reader);
extern const char *ret_events_open_bytes(RetEventReader *reader, const uint8 *bytes, Size size);
extern void ret_events_reserve(RetEventReader *reader);
extern int ret_events_next_in_bytes(RetEventReader *reader);
extern struct varlena *ret_events_parse(StringInfo buf, const void *arg, const char **why);

#endif							/* RETENTION_EVENT_BYTES_H */
