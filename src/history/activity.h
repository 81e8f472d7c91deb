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

extern void ret_activity_open(RetActivityReader *reader, Datum value);
extern bool ret_activity_next(RetActivityReader *reader);
extern struct varlena *ret_activity_canonical(Datum value);
extern struct varlena *ret_activity_bytes(Datum value);

#endif							/* RETENTION_ACTIVITY_H */
