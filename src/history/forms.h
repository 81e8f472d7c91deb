/*-------------------------------------------------------------------------
 *
 * forms.h
 *	  The forms of a value: reading and writing it, whatever its form.  A part of
 *	  engine.h.
 *
 * A value has these forms.
 *
 * - Canonical: the bytes that are stored, sent and compared.  Equal content is
 *   equal bytes.  They are written and read by bytes.h.
 * - Events: the transition value of a small group, see small.h.
 * - Expanded: the transition value of a large group, an expanded object around
 *   columns of customers.  It is that of parts.h.
 * - Sent: such an object on its way to another process, see sent.h.
 *
 * The days of timestamptz are those of the session's time zone.  A transition
 * value of them carries the zone: its number in a form of events, which stays in
 * the processes of one server; its name in an expanded object and in front of the
 * bytes of one that is sent.  To combine it with one of another zone, or to finish
 * it in another, is an error.
 *
 *-------------------------------------------------------------------------
 */
#include "base/zone.h"
#include "history/reader.h"

/* Check that the days of a value are those of the session's zone; false if they depend on none */
static inline bool
reader_check_zone(const RetReader *reader)
{
	ret_zone_check_number(reader->zone_number);
	ret_zone_check(&reader->zone);
	return reader->zone_number != 0 || ret_zone_known(&reader->zone);
}

/* Prepare to read the customers of a value in any form */
static void
value_open(RetReader *reader, Datum value)
{
	EventsForm *form;

	reader_init(reader);
	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		parts_open(reader, parts_get(value));
		return;
	}
	form = (EventsForm *) PG_DETOAST_DATUM(value);
	if (form->form == FORM_SENT)
		sent_open(reader, (struct varlena *) form);
	else if (form->form == FORM_EVENTS)
		events_open(reader, form);
	else
		canonical_open(reader, (struct varlena *) form);
}

/* Read the next customer; false if there is none */
static bool
value_next(RetReader *reader)
{
	if (reader->parts)
		return reader->order ? order_next(reader) : parts_next(reader);
	if (reader->events)
		return events_next(reader);
	return canonical_next(reader);
}

/* Let a reader that was opened read the customers in ascending order, as they lie except in parts */
pg_attribute_unused() static void
value_order(RetReader *reader)
{
	if (reader->parts)
		parts_order(reader);
}

/* Write the value that a reader has opened, of a zone or of none.  Ends the reader. */
static struct varlena *
value_write(RetReader *reader, const RetZone *zone)
{
	struct varlena *result;
	Writer		writer;
	Size		size;

	if (reader->parts)
		result = (struct varlena *) parts_write(reader, zone, &size);
	else
	{
		writer_begin(&writer, zone, reader);
		while (value_next(reader))
			writer_add(&writer, reader);
		result = (struct varlena *) writer_end(&writer, &size);
		if (reader->events)
			pfree(reader->events);
	}
	pfree(reader->entries);
	return result;
}

/*
 * Get the canonical value of any form, perhaps the datum itself, with a 4-byte
 * header
 */
static struct varlena *
value_canonical(Datum value)
{
	struct varlena *flat;
	struct varlena *result;
	RetReader	reader;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
		parts_set_canonical(parts_get(value));
	flat = PG_DETOAST_DATUM(value);
	if (((EventsForm *) flat)->form == FORM_CANONICAL)
		return flat;
	value_open(&reader, PointerGetDatum(flat));
	result = value_write(&reader, NULL);
	if ((Pointer) flat != DatumGetPointer(value))
		pfree(flat);
	return result;
}

/*
 * Get the bytes of a value for another server: the canonical ones; those of a
 * transition value that depends on a time zone have it in front
 */
static struct varlena *
value_bytes(Datum value)
{
	RetReader	reader;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
	{
		Expanded *expanded = parts_get(value);

		if (expanded->canonical || !ret_zone_known(&expanded->zone))
			return value_canonical(value);
	}
	else
	{
		struct varlena *flat = PG_DETOAST_DATUM(value);
		uint8		form = ((EventsForm *) flat)->form;

		if (form == FORM_CANONICAL || form == FORM_ZONED)
			return flat;
		value = PointerGetDatum(flat);
	}
	value_open(&reader, value);
	ret_zone_name(&reader.zone, reader.zone_number);
	return value_write(&reader, &reader.zone);
}
