/*-------------------------------------------------------------------------
 *
 * events.h
 *	  Reading a customer_events, one customer at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_EVENTS_H
#define RETENTION_EVENTS_H

#include "family/event_bytes.h"

extern void ret_events_open(RetEventReader *reader, Datum value);
extern bool ret_events_next(RetEventReader *reader);
extern int ret_events_find(const RetEventReader *reader, const char *bytes, int size);

#endif							/* RETENTION_EVENTS_H */
