/*-------------------------------------------------------------------------
 *
 * sent.c
 *	  The form in which a transition value goes to another process.
 *
 * A worker of a parallel plan hands its expanded object to the leader as the
 * arrays of its parts, one behind the other, which the leader merges where
 * they lie.  Nothing is encoded, sorted or parsed.  The form is a flat value of
 * the type, with the byte order and alignment of the machine; it is not meant
 * to be stored, and never leaves the server, since output and send functions
 * make it canonical.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/calendar.h"
#include "history/bytes.h"
#include "history/columns.h"
#include "history/reader.h"
#include "history/sent.h"

/* The front of the value, a multiple of 8 bytes long */
typedef struct SentForm
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;		/* ACTIVITY_VERSION */
	uint8		form;			/* ACTIVITY_SENT */
	uint16		nparts;
	RetZone		zone;			/* that the days depend on, if they do */
} SentForm;

/* The front of a part, of 24 bytes, before its hashes, strays, sizes and units */
typedef struct SentPart
{
	uint32		ncustomers;
	uint32		nunits;
	uint32		nstrays;
	DateADT		base;
	DateADT		first;
	DateADT		last;
} SentPart;

/* Bytes of a part that has so many; the sizes have one element more */
static Size
part_size(Size ncustomers, Size nunits, Size nstrays)
{
	return sizeof(SentPart) + ncustomers * sizeof(uint64) + nstrays * sizeof(RetEvent) +
		TYPEALIGN(sizeof(uint64),
				  (ncustomers + 1 + nunits + RET_UNITS_PAD) * sizeof(uint16));
}

/* Append bytes to others */
static char *
put_bytes(char *p, const void *bytes, Size size)
{
	memcpy(p, bytes, size);
	return p + size;
}

/*
 * Write parts in which no rows wait, and the zone that they depend on, in the
 * current context; NULL if they are too large for a value that shares a row
 * with others
 */
uint8 *
ret_sent_write(const RetDays *parts, int nparts, const RetZone *zone, Size *size)
{
	SentForm   *form;
	char	   *p;

	*size = sizeof(SentForm);
	for (int i = 0; i < nparts; i++)
	{
		const RetDays *part = &parts[i];

		*size += part_size(part->ncustomers, part->nunits, part->strays.nevents);
		if (*size > MaxAllocSize / 2)
			return NULL;
	}

	form = palloc0(*size);
	SET_VARSIZE(form, *size);
	form->version = ACTIVITY_VERSION;
	form->form = ACTIVITY_SENT;
	form->nparts = nparts;
	form->zone = *zone;
	p = (char *) (form + 1);
	for (int i = 0; i < nparts; i++)
	{
		const RetDays *part = &parts[i];
		SentPart   *sent = (SentPart *) p;
		char	   *next;

		sent->ncustomers = part->ncustomers;
		sent->nunits = part->nunits;
		sent->nstrays = part->strays.nevents;
		sent->base = part->base;
		sent->first = part->first;
		sent->last = part->last;
		next = put_bytes((char *) (sent + 1), part->hashes, part->ncustomers * sizeof(uint64));
		if (part->strays.nevents > 0)
			next = put_bytes(next, part->strays.events, part->strays.nevents * sizeof(RetEvent));
		next = put_bytes(next, part->sizes, part->ncustomers * sizeof(uint16));
		put_bytes(next + sizeof(uint16), part->units, part->nunits * sizeof(uint16));
		p += part_size(part->ncustomers, part->nunits, part->strays.nevents);
	}
	Assert(p == (char *) form + *size);
	return (uint8 *) form;
}

/*
 * Prepare to read the parts of a value where they lie, without copying; value
 * has a 4-byte header and lives as long as the reader
 */
void
ret_sent_open(RetActivityReader *reader, struct varlena *value)
{
	const SentForm *form = (SentForm *) value;
	RetDays    *parts;
	char	   *p = (char *) (form + 1);
	char	   *end = (char *) form + VARSIZE(form);

	if (end < p || form->version != ACTIVITY_VERSION ||
		form->zone.name[RET_ZONE_SIZE - 1] != '\0' ||
		(form->nparts != 1 && form->nparts != RET_MAX_PARTS))
		ret_activity_corrupt();
	parts = palloc0(form->nparts * sizeof(RetDays));
	for (int i = 0; i < form->nparts; i++)
	{
		SentPart   *sent = (SentPart *) p;
		RetDays    *part = &parts[i];

		if (end - p < (ptrdiff_t) sizeof(SentPart) ||
			(Size) (end - p) < part_size(sent->ncustomers, sent->nunits, sent->nstrays))
			ret_activity_corrupt();
		part->ncustomers = sent->ncustomers;
		part->nunits = sent->nunits;
		part->base = sent->base;
		part->first = sent->first;
		part->last = sent->last;
		part->hashes = (uint64 *) (sent + 1);
		part->strays.events = (RetEvent *) (part->hashes + sent->ncustomers);
		part->strays.nevents = sent->nstrays;
		part->strays.sorted = true;
		part->sizes = (uint16 *) (part->strays.events + sent->nstrays);
		part->units = part->sizes + sent->ncustomers + 1;
		if (!ret_days_check(part))
			ret_activity_corrupt();
		p += part_size(sent->ncustomers, sent->nunits, sent->nstrays);
	}
	ret_parts_walk(reader, parts, form->nparts);
	reader->zone = form->zone;
}
