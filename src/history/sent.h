/*-------------------------------------------------------------------------
 *
 * sent.h
 *	  The form in which a transition value goes to another process.  A part of
 *	  engine.h.
 *
 * A worker of a parallel plan hands its expanded object to the leader as the
 * arrays of its parts, one after the other, which the leader merges where
 * they lie.  Nothing is encoded, sorted or parsed.  The form is a flat value of
 * the type, with the byte order and alignment of the machine; it is not meant
 * to be stored, and never leaves the server, since output and send functions
 * make it canonical.
 *
 *-------------------------------------------------------------------------
 */
#include "utils/memutils.h"


/* The front of the value, a multiple of 8 bytes long */
typedef struct SentForm
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;		/* RET_VERSION */
	uint8		form;			/* FORM_SENT */
	uint16		nparts;
	RetZone		zone;			/* time zone that the days depend on, if they do */
	int32		scale;			/* decimals of the amounts */
	DateADT		latest;			/* the latest day that the type has set */
} SentForm;

/* The front of a part, of 24 bytes, before its hashes, strays, units and sizes */
typedef struct SentPart
{
	uint32		ncustomers;
	uint32		nunits;
	uint32		nstrays;
	DateADT		base;
	DateADT		first;
	DateADT		last;
} SentPart;

/* Compute the bytes of a part; the sizes have one element more */
static Size
part_size(Size ncustomers, Size nunits, Size nstrays)
{
	return sizeof(SentPart) + ncustomers * sizeof(uint64) + nstrays * sizeof(Event) +
		TYPEALIGN(sizeof(uint64),
				  (nunits + UNITS_PAD) * sizeof(Unit) + (ncustomers + 1) * sizeof(UnitCount));
}

/* Append bytes to others */
static char *
put_bytes(char *p, const void *bytes, Size size)
{
	memcpy(p, bytes, size);
	return p + size;
}

/*
 * Compute the bytes of parts in which no rows wait; 0 if they are too large for a
 * value that shares a row with others
 */
static Size
sent_size(const Days *parts, int nparts)
{
	Size		size = sizeof(SentForm);

	for (int i = 0; i < nparts && size <= MaxAllocSize / 2; i++)
		size += part_size(parts[i].ncustomers, parts[i].nunits, parts[i].strays.nevents);
	return size <= MaxAllocSize / 2 ? size : 0;
}

/* Write a part at p; returns the end */
static char *
sent_put_part(char *p, const Days *part)
{
	SentPart   *sent = (SentPart *) p;
	char	   *end = p + part_size(part->ncustomers, part->nunits, part->strays.nevents);
	char	   *next;

	sent->ncustomers = part->ncustomers;
	sent->nunits = part->nunits;
	sent->nstrays = part->strays.nevents;
	sent->base = part->base;
	sent->first = part->first;
	sent->last = part->last;
	next = put_bytes((char *) (sent + 1), part->hashes, part->ncustomers * sizeof(uint64));
	if (part->strays.nevents > 0)
		next = put_bytes(next, part->strays.events, part->strays.nevents * sizeof(Event));
	next = put_bytes(next, part->units, part->nunits * sizeof(Unit));
	/* what is beyond the units, and beyond the sizes, is read and not used */
	memset(next, 0, UNITS_PAD * sizeof(Unit));
	next = put_bytes(next + UNITS_PAD * sizeof(Unit), part->sizes, part->ncustomers * sizeof(UnitCount));
	memset(next, 0, end - next);
	return end;
}

/*
 * Write parts in which no rows wait, and what belongs to the value as a whole,
 * where there is room for sent_size() bytes: where the executor wants them, since
 * one more copy would cost as much as the merge that follows
 */
static void
sent_write(void *result, Size size, const Days *parts, int nparts, int scale, DateADT latest, const RetZone *zone)
{
	SentForm   *form = (SentForm *) result;
	char	   *p = (char *) (form + 1);

	memset(form, 0, sizeof(SentForm));
	SET_VARSIZE(form, size);
	form->version = RET_VERSION;
	form->form = FORM_SENT;
	form->nparts = nparts;
	form->zone = *zone;
	form->scale = scale;
	form->latest = latest;
	for (int i = 0; i < nparts; i++)
		p = sent_put_part(p, &parts[i]);
	Assert(p == (char *) form + size);
}

/*
 * Prepare to read the parts of a value where they lie, without copying; value
 * has a 4-byte header and lives as long as the reader
 */
static void
sent_open(RetReader *reader, struct varlena *value)
{
	const SentForm *form = (SentForm *) value;
	Days	   *parts;
	char	   *p = (char *) (form + 1);
	char	   *end = (char *) form + VARSIZE(form);

	if (end < p || form->version != RET_VERSION ||
		form->zone.name[RET_ZONE_SIZE - 1] != '\0' ||
		form->scale < 0 || form->scale > RET_AMOUNT_MAX_SCALE ||
		(form->nparts != 1 && form->nparts != MAX_PARTS))
		value_corrupt();
	parts = palloc0(form->nparts * sizeof(Days));
	for (int i = 0; i < form->nparts; i++)
	{
		SentPart   *sent = (SentPart *) p;
		Days	   *part = &parts[i];

		if (end - p < (ptrdiff_t) sizeof(SentPart) ||
			(Size) (end - p) < part_size(sent->ncustomers, sent->nunits, sent->nstrays))
			value_corrupt();
		part->ncustomers = sent->ncustomers;
		part->nunits = sent->nunits;
		part->base = sent->base;
		part->first = sent->first;
		part->last = sent->last;
		part->hashes = (uint64 *) (sent + 1);
		part->strays.events = (Event *) (part->hashes + sent->ncustomers);
		part->strays.nevents = sent->nstrays;
		part->strays.sorted = true;
		part->units = (Unit *) (part->strays.events + sent->nstrays);
		part->sizes = (UnitCount *) (part->units + sent->nunits + UNITS_PAD);
		if (!days_check(part))
			value_corrupt();
		p += part_size(sent->ncustomers, sent->nunits, sent->nstrays);
	}
	parts_walk(reader, parts, form->nparts);
	reader->zone = form->zone;
	reader->scale = form->scale;
	reader->latest = form->latest;
}
