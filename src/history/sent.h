/*-------------------------------------------------------------------------
 *
 * sent.h
 *	  The form in which a transition value goes to another process.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_SENT_H
#define RETENTION_SENT_H

#include "history/columns.h"

extern uint8 *ret_sent_write(const RetDays *parts, int nparts, const RetZone *zone, Size *size);
extern void ret_sent_open(RetActivityReader *reader, struct varlena *value);

#endif							/* RETENTION_SENT_H */
