/*-------------------------------------------------------------------------
 *
 * zone.c
 *	  The time zone in which a state has counted days.
 *
 * A state that goes to another server or session carries the zone's name, since
 * the time zone there may be another.  A small state keeps only a number for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "pgtime.h"

#include "base/zone.h"

pg_noreturn static void reject_zone(const char *name);

/* Store the name of the session's time zone */
void
ret_zone_session(RetZone *zone)
{
	const char *name = pg_get_timezone_name(session_timezone);
	Size		size = strlen(name);

	memset(zone, 0, sizeof(RetZone));
	memcpy(zone->name, name, Min(size, RET_ZONE_SIZE - 1));
	if (unlikely(size > RET_ZONE_SIZE - 1))
		snprintf(zone->name + RET_ZONE_SIZE - 10, 10, "~%08x",
				 hash_bytes((const unsigned char *) name, (int) size));
}

/* Read the name of a zone from untrusted bytes; false if they cannot be one */
bool
ret_zone_read(RetZone *zone, const char *bytes, Size size)
{
	memset(zone, 0, sizeof(RetZone));
	if (size == 0 || size >= RET_ZONE_SIZE)
		return false;
	for (Size i = 0; i < size; i++)
	{
		if (bytes[i] <= ' ' || bytes[i] > '~')
			return false;
	}
	memcpy(zone->name, bytes, size);
	return true;
}

/*
 * Tell whether a zone and the session's each have one offset only, and the
 * same one
 */
static bool
same_offset(const RetZone *zone)
{
	pg_tz	   *other = pg_tzset(zone->name);
	long int	offset;
	long int	session_offset;

	return other != NULL &&
		pg_get_timezone_offset(other, &offset) &&
		pg_get_timezone_offset(session_timezone, &session_offset) &&
		offset == session_offset;
}

/*
 * Raise the error for days of another zone; name is NULL if that is not known
 * any longer
 */
static void
reject_zone(const char *name)
{
	const char *session = pg_get_timezone_name(session_timezone);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 name ? errmsg("days were counted in time zone \"%s\", but the session's time zone is \"%s\"",
						   name, session) :
			 errmsg("days were counted in another time zone, but the session's time zone is \"%s\"",
					session),
			 errdetail("Another server aggregated a part of the rows, or the time zone was set in between."),
			 errhint("Pass at AT TIME ZONE '%s', whose days are the same everywhere. On Citus, SET citus.propagate_set_commands = 'local' and then, in a transaction, SET LOCAL timezone; or set the servers' timezone.",
					 session)));
}

/*
 * Raise error 22023 unless a state may be combined or finished in this
 * session: its days must be those of the session's time zone, or of no zone.
 * UTC and GMT are one zone.
 */
void
ret_zone_check(const RetZone *zone)
{
	RetZone		session;

	if (!ret_zone_known(zone) ||
		strcmp(zone->name, pg_get_timezone_name(session_timezone)) == 0)
		return;
	ret_zone_session(&session);
	if (strcmp(zone->name, session.name) == 0 || same_offset(zone))
		return;
	reject_zone(zone->name);
}

/*
 * Get a number that stands for the session's time zone in small states; never 0.
 * Zones that have one offset only, and the same one, are one zone, as in
 * ret_zone_check().  Others are told apart by the hash of their name.
 */
uint32
ret_zone_number(void)
{
	const char *name = pg_get_timezone_name(session_timezone);
	long int	offset;
	uint32		hash;

	if (pg_get_timezone_offset(session_timezone, &offset))
		hash = hash_bytes_uint32((uint32) offset);
	else
		hash = hash_bytes((const unsigned char *) name, (int) strlen(name));
	return Max(hash, 1);
}

/*
 * Read the name of the zone of a state that keeps only the number, check that
 * it is the session's zone, and return the number; 0 if the bytes are no name.
 */
uint32
ret_zone_receive(const char *bytes, Size size)
{
	RetZone		zone;

	if (!ret_zone_read(&zone, bytes, size))
		return 0;
	ret_zone_check(&zone);
	return ret_zone_number();
}

/*
 * Send the name of the zone of a state that keeps only the number, if that is
 * not 0; 22023 if it is not the session's zone.
 */
void
ret_zone_send(StringInfo buf, uint32 number)
{
	RetZone		zone;

	if (number == 0)
		return;
	ret_zone_name(&zone, number);
	pq_sendbytes(buf, zone.name, (int) strlen(zone.name));
}

/*
 * Raise error 22023 unless number is 0 or that of the session's time zone.  The
 * name of the other zone is not known any longer.
 */
void
ret_zone_check_number(uint32 number)
{
	if (number != 0 && unlikely(number != ret_zone_number()))
		reject_zone(NULL);
}

/*
 * Store the name of the zone of a state that keeps only the number; if that is
 * 0, nothing is done.  22023 if it is not the session's zone.
 */
void
ret_zone_name(RetZone *zone, uint32 number)
{
	if (number == 0)
		return;
	ret_zone_check_number(number);
	ret_zone_session(zone);
}
