/*-------------------------------------------------------------------------
 *
 * tally_io.c
 *	  Input and output of tallies, and of the types whose values they are.
 *
 * The binary form is: version, kind, numbers and counts per point (one byte
 * each), points (int32), then the points in ascending order, their numbers
 * (float8) before their counts (int64).  The text form is the binary form in
 * hexadecimal digits.  A transition value whose durations count days of a time
 * zone ends with the zone's name, which is checked where it arrives; the values
 * of other types than tally have none.  Only what would be written can be read:
 * finite numbers in order, no -0, no point without a count, and no more counts
 * than a bigint can hold.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "base/varlena.h"
#include "base/zone.h"
#include "store/tally.h"

#define BINARY_HEADER_SIZE	8

PG_FUNCTION_INFO_V1(tally_in);
PG_FUNCTION_INFO_V1(tally_out);
PG_FUNCTION_INFO_V1(tally_recv);
PG_FUNCTION_INFO_V1(tally_send);

/*
 * Read one entry of the binary form, and add its counts to *total.  Returns
 * false and sets *why if the bytes are not one.
 */
static bool
parse_entry(StringInfo buf, int ndims, int ncounts, int64 *entry, int64 *total, const char **why)
{
	int64		before = *total;

	for (int j = 0; j < ndims; j++)
	{
		double		number = pq_getmsgfloat8(buf);

		*why = "a number is not finite";
		if (!isfinite(number))
			return false;
		*why = "a number is -0";
		if (number == 0 && signbit(number))
			return false;
		memcpy(&entry[j], &number, sizeof(number));
	}
	for (int j = 0; j < ncounts; j++)
	{
		entry[ndims + j] = pq_getmsgint64(buf);
		*why = "a count is negative, or all together are too large";
		if (entry[ndims + j] < 0 ||
			pg_add_s64_overflow(*total, entry[ndims + j], total))
			return false;
	}
	*why = "a point was never counted";
	return *total > before;
}

/*
 * Tell whether a value may depend on a time zone, which only one of the type
 * tally may
 */
static bool
may_be_zoned(const RetTallyDef *def, int kind)
{
	return def == NULL && (kind == RET_TALLY_SURVIVAL || kind == RET_TALLY_LOGRANK);
}

/*
 * Allocate a flat value for the header of the binary form, with its number of
 * points but without entries.  Returns NULL and sets *why if the header is not
 * one, or not one of the family def, if that is given.  *rest becomes the number
 * of bytes after the points.
 */
static RetFlatTally *
parse_header(StringInfo buf, const RetTallyDef *def, uint64 *rest, const char **why)
{
	uint64		length = buf->len - buf->cursor;
	uint64		points_end;
	int			version,
				kind,
				ndims,
				ncounts,
				width;
	uint32		n;
	RetFlatTally *flat;

	*why = "it is too short";
	if (length < BINARY_HEADER_SIZE)
		return NULL;
	version = pq_getmsgbyte(buf);
	kind = pq_getmsgbyte(buf);
	ndims = pq_getmsgbyte(buf);
	ncounts = pq_getmsgbyte(buf);
	n = pq_getmsgint(buf, 4);
	width = ndims + ncounts;
	*why = "its version is not known";
	if (version != RET_TALLY_VERSION)
		return NULL;
	*why = "it is not of this type";
	if (def && (kind != def->kind || ndims != def->ndims || ncounts != def->ncounts))
		return NULL;
	*why = "the size of its points is not known";
	if (ndims < 1 || ndims > RET_TALLY_MAX_DIMS || ncounts < 1 || ncounts > RET_TALLY_MAX_COUNTS)
		return NULL;
	*why = "its length does not fit its number of points";
	points_end = BINARY_HEADER_SIZE + (uint64) n * width * sizeof(int64);
	if (n < 1 || length < points_end || (length > points_end && !may_be_zoned(def, kind)))
		return NULL;
	*why = "it has too many points";
	if (ret_tally_flat_size(width, n) > MaxAllocSize)
		return NULL;

	*rest = length - points_end;
	flat = palloc(ret_tally_flat_size(width, n));
	ret_tally_set_header(flat, kind, ndims, ncounts, n, ret_tally_flat_size(width, n));
	return flat;
}

/*
 * Build a canonical flat value from the binary form.  Returns NULL and sets *why
 * if the bytes are not one, or not one of the family that `arg` defines, if that
 * is given.
 */
static struct varlena *
flat_parse(StringInfo buf, const void *arg, const char **why)
{
	const RetTallyDef *def = arg;
	uint64		rest;
	RetFlatTally *flat = parse_header(buf, def, &rest, why);
	int64		total = 0;
	int			width;

	if (flat == NULL)
		return NULL;
	width = flat->ndims + flat->ncounts;
	for (uint32 i = 0; i < flat->npoints; i++)
	{
		int64	   *entry = flat->entries + (Size) i * width;

		if (!parse_entry(buf, flat->ndims, flat->ncounts, entry, &total, why))
			return NULL;
		*why = "its points are not in ascending order";
		if (i > 0 && ret_tally_compare((double *) (entry - width), (double *) entry, flat->ndims) >= 0)
			return NULL;
		*why = "a number is out of range";
		if (def && def->valid && !def->valid((double *) entry))
			return NULL;
		ret_check_interrupts_at(i);
	}
	*why = "its points are not those of customers";
	if (def && def->possible &&
		!def->possible(&(RetTallyReader) {flat->npoints, total, flat->ndims, width, flat->entries}))
		return NULL;
	*why = "its time zone is not a name";
	if (rest > 0 && (flat->zone = ret_zone_receive(pq_getmsgbytes(buf, (int) rest), rest)) == 0)
		return NULL;
	return (struct varlena *) flat;
}

/*
 * Receive a value of a type whose values are those of the family def, or of
 * any if NULL
 */
Datum
ret_tally_receive(FunctionCallInfo fcinfo, const RetTallyDef *def, const char *type)
{
	return ret_parse_receive(fcinfo, type, flat_parse, def);
}

/* Read the text form of a value of such a type */
Datum
ret_tally_input(FunctionCallInfo fcinfo, const RetTallyDef *def, const char *type)
{
	return ret_parse_input(fcinfo, type, flat_parse, def);
}

/* Send a value of such a type */
Datum
ret_tally_send(FunctionCallInfo fcinfo)
{
	RetFlatTally *flat = (RetFlatTally *) PG_GETARG_VARLENA_P(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, RET_TALLY_VERSION);
	pq_sendbyte(&buf, flat->kind);
	pq_sendbyte(&buf, flat->ndims);
	pq_sendbyte(&buf, flat->ncounts);
	pq_sendint32(&buf, flat->npoints);
	for (uint32 i = 0; i < flat->npoints; i++)
	{
		const int64 *entry = flat->entries + (Size) i * (flat->ndims + flat->ncounts);

		for (int j = 0; j < flat->ndims; j++)
			pq_sendfloat8(&buf, ((const double *) entry)[j]);
		for (int j = 0; j < flat->ncounts; j++)
			pq_sendint64(&buf, entry[flat->ndims + j]);
		ret_check_interrupts_at(i);
	}
	ret_zone_send(&buf, flat->zone);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* Write the text form of a value of such a type */
Datum
ret_tally_output(FunctionCallInfo fcinfo, const char *type)
{
	return ret_bytes_output(DatumGetByteaP(ret_tally_send(fcinfo)), type);
}

Datum
tally_in(PG_FUNCTION_ARGS)
{
	return ret_tally_input(fcinfo, NULL, "tally");
}

Datum
tally_out(PG_FUNCTION_ARGS)
{
	return ret_tally_output(fcinfo, "tally");
}

Datum
tally_recv(PG_FUNCTION_ARGS)
{
	return ret_tally_receive(fcinfo, NULL, "tally");
}

Datum
tally_send(PG_FUNCTION_ARGS)
{
	return ret_tally_send(fcinfo);
}
