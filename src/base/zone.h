/*-------------------------------------------------------------------------
 *
 * zone.h
 *	  The time zone in which a state has counted days.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_ZONE_H
#define RETENTION_ZONE_H

#include "lib/stringinfo.h"

#include "base/retention.h"

/*
 * The name of the time zone in which a state has counted days; all zeros if
 * they do not depend on one.  A state that goes to another server or session
 * carries it, since the time zone there may be another.  A name that is too
 * long is cut, and ends in its hash.
 */
#define RET_ZONE_SIZE	48

typedef struct RetZone
{
	char		name[RET_ZONE_SIZE];	/* padded with at least one zero */
} RetZone;

extern void ret_zone_session(RetZone *zone);
extern bool ret_zone_read(RetZone *zone, const char *bytes, Size size);
extern void ret_zone_check(const RetZone *zone);
extern uint32 ret_zone_number(void);
extern uint32 ret_zone_receive(const char *bytes, Size size);
extern void ret_zone_send(StringInfo buf, uint32 number);
extern void ret_zone_check_number(uint32 number);
extern void ret_zone_name(RetZone *zone, uint32 number);

/* Tell whether a state depends on a time zone */
static inline bool
ret_zone_known(const RetZone *zone)
{
	return zone->name[0] != '\0';
}

#endif							/* RETENTION_ZONE_H */
