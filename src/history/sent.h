/*-------------------------------------------------------------------------
 *
 * sent.h
 *	  The form in which a transition value goes to another process.  A part of
 *	  engine.h.
 *
 * A worker of a parallel plan hands its expanded object to the leader as the
 * arrays of its parts, one after the other, which the leader merges where
 * they lie, in the order in which they are: nothing is sorted or parsed.  Only
 * the customers and the numbers of their units are made narrower, part by part,
 * since the executor copies a state up to five times on its way, and most often
 * to memory that was not touched before: customers are numbers of as few bytes
 * as the difference between the least and the greatest needs, not hashes.
 *
 * The form is a flat value of the type, with the byte order and alignment of the
 * machine; it is not meant to be stored, and never leaves the server, since
 * output and send functions make it canonical.
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

/* The front of a part, before its strays, units, customers and sizes */
typedef struct SentPart
{
	uint32		ncustomers;
	uint32		nunits;
	uint32		nstrays;
	DateADT		base;
	DateADT		first;
	DateADT		last;
	int64		least;			/* the least customer */
	uint32		customer_width; /* bytes of a customer, counted from the least */
	uint32		size_width;		/* bytes of a customer's number of units */
} SentPart;

/* Where the arrays of a part begin, in bytes from its front */
typedef struct SentLayout
{
	Size		units;			/* after the strays */
	Size		customers;		/* in ascending order of their hash */
	Size		sizes;
	Size		end;			/* of the part */
} SentLayout;

/* Lay out the arrays of a part; each begins at a multiple of 8 bytes */
static SentLayout
sent_layout(const SentPart *part)
{
	SentLayout	at;
	Size		ncustomers = part->ncustomers;

	at.units = sizeof(SentPart) + part->nstrays * sizeof(Event);
	at.customers = at.units + TYPEALIGN(sizeof(uint64), ((Size) part->nunits + UNITS_PAD) * sizeof(Unit));
	at.sizes = at.customers + TYPEALIGN(sizeof(uint64), ncustomers * part->customer_width);
	at.end = at.sizes + TYPEALIGN(sizeof(uint64), ncustomers * part->size_width);
	return at;
}

/* Choose the bytes of the elements of an array from the greatest of them */
static uint32
width_of(uint64 greatest)
{
	return greatest <= PG_UINT8_MAX ? 1 : greatest <= PG_UINT16_MAX ? 2 : greatest <= PG_UINT32_MAX ? 4 : 8;
}

/* Set an element of an array whose elements have `width` bytes */
static inline void
narrow_set(char *array, int64 i, uint32 width, uint64 value)
{
	switch (width)
	{
		case 1:
			((uint8 *) array)[i] = (uint8) value;
			break;
		case 2:
			((uint16 *) array)[i] = (uint16) value;
			break;
		case 4:
			((uint32 *) array)[i] = (uint32) value;
			break;
		default:
			((uint64 *) array)[i] = value;
	}
}

/* Get an element of such an array */
static inline uint64
narrow_get(const char *array, int64 i, uint32 width)
{
	switch (width)
	{
		case 1:
			return ((const uint8 *) array)[i];
		case 2:
			return ((const uint16 *) array)[i];
		case 4:
			return ((const uint32 *) array)[i];
		default:
			return ((const uint64 *) array)[i];
	}
}

/* Describe a part in which no rows wait */
static SentPart
sent_describe(const Days *part)
{
	SentPart	sent = {.ncustomers = part->ncustomers,.nunits = part->nunits,.nstrays = part->strays.nevents,
	.base = part->base,.first = part->first,.last = part->last};
	int64		greatest = PG_INT64_MIN;
	UnitCount	sizes = 0;

	sent.least = PG_INT64_MAX;
	for (int64 i = 0; i < part->ncustomers; i++)
	{
		int64		customer = ret_hash_customer(part->hashes[i]);

		sent.least = Min(sent.least, customer);
		greatest = Max(greatest, customer);
		sizes |= part->sizes[i];
	}
	sent.customer_width = width_of((uint64) greatest - (uint64) sent.least);
	sent.size_width = width_of(sizes);
	return sent;
}

/* Append bytes to others */
static char *
put_bytes(char *p, const void *bytes, Size size)
{
	memcpy(p, bytes, size);
	return p + size;
}

/*
 * Describe parts in which no rows wait, and compute their bytes; 0 if they are
 * too large for a value that shares a row with others
 */
static Size
sent_size(const Days *parts, int nparts, SentPart *sent)
{
	Size		size = sizeof(SentForm);

	for (int i = 0; i < nparts && size <= MaxAllocSize / 2; i++)
	{
		sent[i] = sent_describe(&parts[i]);
		size += sent_layout(&sent[i]).end;
	}
	return size <= MaxAllocSize / 2 ? size : 0;
}

/* Set bytes to zero up to an end, which is returned */
static char *
pad_bytes(char *p, char *end)
{
	memset(p, 0, end - p);
	return end;
}

/* Write a part at p; returns the end */
static char *
sent_put_part(char *p, const Days *part, const SentPart *sent)
{
	SentLayout	at = sent_layout(sent);
	char	   *customers = p + at.customers;
	char	   *sizes = p + at.sizes;
	char	   *end;

	end = put_bytes(p, sent, sizeof(SentPart));
	if (sent->nstrays > 0)
		end = put_bytes(end, part->strays.events, sent->nstrays * sizeof(Event));
	/* what is beyond the units is read and not used */
	end = put_bytes(end, part->units, part->nunits * sizeof(Unit));
	pad_bytes(end, customers);
	for (int64 i = 0; i < part->ncustomers; i++)
	{
		narrow_set(customers, i, sent->customer_width,
				   (uint64) ret_hash_customer(part->hashes[i]) - (uint64) sent->least);
		narrow_set(sizes, i, sent->size_width, part->sizes[i]);
	}
	pad_bytes(customers + part->ncustomers * sent->customer_width, sizes);
	return pad_bytes(sizes + part->ncustomers * sent->size_width, p + at.end);
}

/*
 * Write parts in which no rows wait, and what belongs to the value as a whole,
 * where there is room for sent_size() bytes: where the executor wants them, since
 * one more copy would cost as much as the merge that follows
 */
static void
sent_write(void *result, Size size, const Days *parts, const SentPart *sent, int nparts, int scale,
		   DateADT latest, const RetZone *zone)
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
		p = sent_put_part(p, &parts[i], &sent[i]);
	Assert(p == (char *) form + size);
}

/* Check the front of a part that has at most `size` bytes */
static bool
sent_part_valid(const SentPart *sent, Size size)
{
	return size >= sizeof(SentPart) &&
		(sent->customer_width == 1 || sent->customer_width == 2 ||
		 sent->customer_width == 4 || sent->customer_width == 8) &&
		(sent->size_width == 1 || sent->size_width == 2 || sent->size_width == 4) &&
		sent->size_width <= sizeof(UnitCount) &&
		sent_layout(sent).end <= size;
}

/* Compute the hashes and sizes of a part that was sent, where there is room for them */
static void
sent_unpack(Days *part)
{
	const SentPart *sent = (const SentPart *) part->sent;
	SentLayout	at = sent_layout(sent);
	const char *customers = (const char *) sent + at.customers;
	const char *sizes = (const char *) sent + at.sizes;

	for (int64 i = 0; i < part->ncustomers; i++)
	{
		part->hashes[i] = ret_customer_hash((int64) ((uint64) sent->least +
													 narrow_get(customers, i, sent->customer_width)));
		part->sizes[i] = narrow_get(sizes, i, sent->size_width);
	}
	/* one more is read, and not used */
	part->sizes[part->ncustomers] = 0;
	if (!days_check(part))
		value_corrupt();
}

/*
 * Give parts hashes and sizes, which live as long as the parts: each its own, or
 * all the same room, for one part at a time
 */
static void
sent_make_room(Days *parts, int nparts, bool shared)
{
	int64		most = 0;

	for (int i = 0; i < nparts; i++)
		most = Max(most, parts[i].ncustomers);
	for (int i = 0; i < nparts; i++)
	{
		int64		n = shared ? most : parts[i].ncustomers;
		bool		first = i == 0 || !shared;

		parts[i].hashes = first ? alloc_array(parts->context, n + 1, sizeof(uint64)) : parts->hashes;
		parts[i].sizes = first ? alloc_array(parts->context, n + 1, sizeof(UnitCount)) : parts->sizes;
	}
}

/* Unpack all parts that a reader has opened, to be read in any order */
static void
sent_unpack_all(Days *parts, int nparts)
{
	if (parts->sent == NULL)
		return;
	sent_make_room(parts, nparts, false);
	for (int i = 0; i < nparts; i++)
	{
		sent_unpack(&parts[i]);
		parts[i].sent = NULL;
	}
}

/*
 * Prepare to read the parts of a value where they lie; value has a 4-byte header
 * and lives as long as the reader.  A part is unpacked when its turn comes.
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
		const SentPart *sent = (const SentPart *) p;
		Days	   *part = &parts[i];
		SentLayout	at;

		if (!sent_part_valid(sent, end - p))
			value_corrupt();
		at = sent_layout(sent);
		part->context = CurrentMemoryContext;
		part->sent = sent;
		part->ncustomers = sent->ncustomers;
		part->nunits = sent->nunits;
		part->base = sent->base;
		part->first = sent->first;
		part->last = sent->last;
		part->strays.events = (Event *) (sent + 1);
		part->strays.nevents = sent->nstrays;
		part->strays.sorted = true;
		part->units = (Unit *) (p + at.units);
		p += at.end;
	}
	sent_make_room(parts, form->nparts, true);
	parts_walk(reader, parts, form->nparts);
	reader->zone = form->zone;
	reader->scale = form->scale;
	reader->latest = form->latest;
}
