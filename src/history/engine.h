/*-------------------------------------------------------------------------
 *
 * engine.h
 *	  One machine for the types that are a map from customers to entries by
 *	  day: a template, which a type includes once, in the file of its
 *	  aggregate.
 *
 * A value is a set of (customer, day, payload).  Entries of one customer that
 * have the same key, which is the day and perhaps a part of the payload, are
 * combined; how is the type's to say: it may drop the second or add the two.
 * The engine does the rest: it lets rows wait and sorts them (rows.h), keeps
 * small groups (events.h) and large ones (columns.h, parts.h), sends them between
 * processes (sent.h), writes and reads canonical bytes (bytes.h), and has the
 * functions of the aggregate and of the type (forms.h).  All functions are
 * static, so that what the type says about a row is compiled into the loops.
 *
 * What a type says before it includes this file:
 *
 *		RET_TYPE, RET_SIGNATURE	its name, and how its aggregate is called
 *		RET_PAYLOAD			defined if an entry is more than a day
 *		Entry				struct: the first member is DateADT day
 *		entry_less(a, b)	the order of the keys of a customer's entries
 *		entry_add(sum, b)	combine two entries of one key
 *		Unit				an entry in the columns, with its day as an offset
 *							of 16 bits; smaller than an entry, since all of a
 *							value's entries are held as units
 *		UnitCount			an integer for the number of a customer's units
 *		unit_set(unit, offset, entry)	false if the entry fits no unit
 *		unit_entry(unit, base)	the entry, whose offset counts from base
 *		unit_key(unit)		a number, not negative, in the order of entry_less()
 *		unit_add(sum, b)	combine two units of one key; false, and nothing is
 *							done, if the result fits no unit
 *		UNITS_ADD			true if combining changes a unit, false if it drops one
 *		HEADER_SIZE			bytes of the header, version and form included
 *		Totals				struct: what the header has beside the members of Writer
 *
 *		entry_rescale(entry, factor)	multiply the amount, if an entry has one
 *		entry_decimals(entry, scale)	how many decimals the amount needs, which
 *							is a whole number of units of 10^-scale; 0 without
 *
 * and after it:
 *
 *		header_put(writer, p)	write the header after version and form
 *		header_get(reader, p)	read it: at least ncustomers, first and last
 *		entries_put(writer, reader)	write a customer's entries
 *		entries_get(reader, p)	read them; returns their end, or NULL if they are
 *							not as they would be written, as far as that can
 *							be seen without writing them
 *
 * customer_activity (family/activity.c) and customer_purchases
 * (family/purchases.c) are the examples to follow.
 *
 *-------------------------------------------------------------------------
 */
#include "history/reader.h"

/* The version of the formats; not the extension's */
#define RET_VERSION			1

/* The forms of a flat value: their numbers are stored and sent */
#define FORM_CANONICAL		0	/* as it is stored and sent */
#define FORM_EVENTS			1	/* a transition value of a small group */
#define FORM_SENT			2	/* a transition value on its way to another process */
#define FORM_ZONED			3	/* one on its way to another server: a zone, and canonical bytes */

/*
 * The parts of a large value: customers are divided among them by the high bits
 * of their hash
 */
#define PART_BITS			6
#define MAX_PARTS			(1 << PART_BITS)

/* Most decimals of an amount */
#define RET_MAX_SCALE		9

typedef struct Writer Writer;

static uint8 *writer_reserve(Writer *writer, Size size);
static void header_put(const Writer *writer, uint8 *p);
static bool header_get(RetReader *reader, const uint8 *p);
static void entries_put(Writer *writer, const RetReader *reader);
static const uint8 *entries_get(RetReader *reader, const uint8 *p);
static bool value_next(RetReader *reader);

#include "history/rows.h"
#include "history/events.h"
#include "history/columns.h"
#include "history/bytes.h"
#include "history/sent.h"
#include "history/parts.h"
#include "history/forms.h"
