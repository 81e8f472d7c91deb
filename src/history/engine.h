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
 * small groups (small.h) and large ones (columns.h, parts.h), sends them between
 * processes (sent.h), writes, reads and merges canonical bytes (bytes.h, merge.h), and
 * has the functions of the aggregate (state.h) and of the type (value.h).  All functions are
 * static, so that what the type says about a row is compiled into the loops.
 *
 * What a type says before it includes this file, after the server's headers,
 * base/aggregate.h, base/calendar.h, history/varint.h and store/customer_key.h.
 * All of it is required; what it has no use for is empty.
 *
 *		RET_TYPE, RET_SIGNATURE	its name, and how its aggregate is called
 *		RET_PAYLOAD			defined if an entry is more than a day
 *		RET_SPANS			defined if customers can be copied, see below
 *		Entry				struct: the first member is DateADT day
 *		entry_less(a, b)	the order of a customer's entries: by day, then
 *							perhaps by a part of the payload; entries of which
 *							none is less have the same key
 *		entry_add(sum, b)	combine two entries of one key; 22003 if the sum is
 *							out of range
 *		entry_rescale(entry, factor)	multiply the amount, if an entry has one
 *		entry_decimals(entry, scale)	how many decimals the amount needs, which
 *							is a whole number of units of 10^-scale; 0 without
 *		Unit				an entry in the columns, and as it waits: an unsigned
 *							integer, with its day as an offset from a base in the
 *							high bits; smaller than an entry, since nearly all of
 *							a large value's entries are held as units
 *		UnitCount			an integer for the number of a customer's units:
 *							uint16 without a payload, whose highest bit marks a
 *							bitmap, otherwise uint32
 *		unit_set(unit, offset, entry)	set a unit; offset is from 0 to 65534.
 *							False if the entry fits no unit: then it becomes an
 *							event beside the columns, a stray
 *		unit_entry(unit, base)	the entry, whose offset counts from base
 *		unit_key(unit)		a number, not negative, in the order of entry_less()
 *		unit_add(sum, b)	combine two units of one key; false, and nothing is
 *							done, if the result fits no unit
 *		UNITS_ADD			true if combining changes a unit, false if it drops one
 *		HEADER_SIZE			bytes of the header, version and form included
 *		Totals				struct: what the header has beside the members of Writer
 *
 * and after it:
 *
 *		header_put(writer, p)	write the header after version and form
 *		header_get(reader, p)	read it: ncustomers, first, last and scale; latest, if
 *							the type sets one
 *		entries_put(writer, reader)	write a customer's entries, at least two
 *							bytes: get room from writer_reserve(), advance
 *							writer->used, divide amounts by 10^(reader->scale -
 *							writer->scale), and add to writer->totals
 *		entries_get(reader, p)	read them into what reader_reserve() returns, set
 *							reader->nentries, and return their end; NULL if they
 *							are not as they would be written, as far as that can
 *							be seen without writing them
 *		and, if it defines RET_SPANS, since a customer's entries then have the same
 *		bytes in each value of that first day and scale, and entries never cancel:
 *		entries_skip(p, end)	find the end of a customer's entries; NULL if it is not
 *							before end
 *		totals_get(totals, p)	read the totals from the header
 *		totals_add(totals, reader)	add the customer that a reader has read
 *		totals_sum(totals, other, sign)	add or subtract other totals
 *
 * Then RET_ORDERING_TYPE is the name of the SQL type, and history/type.h defines
 * the functions that every type has: in, out, recv, send, combine, finalfn, and
 * comparison.  What is left to the type is
 *
 *		transition functions	expanded_arg(), parts_touch() and parts_add() for
 *							rows of large groups, state_get(),
 *							state_set_session_zone(), state_set_scale() and state_add()
 *							for others; state_set_latest() for a day that belongs to
 *							no customer, of which the latest counts
 *		reading				value_open() and value_next(), whose customers come in
 *							no order; value_open_header() for what the header has
 *		parts of a value	value_during(), and value_span() for its days
 *
 * customer_activity (family/activity.c) drops the second of two equal entries,
 * customer_purchases (family/purchases.c) adds them, customer_subscriptions
 * (family/subscriptions.c) adds changes that may cancel: copy the one that is nearer.
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

typedef struct Writer Writer;

static uint8 *writer_reserve(Writer *writer, Size size);
static void header_put(const Writer *writer, uint8 *p);
static bool header_get(RetReader *reader, const uint8 *p);
static void entries_put(Writer *writer, const RetReader *reader);
static const uint8 *entries_get(RetReader *reader, const uint8 *p);
#ifdef RET_SPANS
static const uint8 *entries_skip(const uint8 *p, const uint8 *end);
static void totals_get(Totals *totals, const uint8 *p);
static void totals_add(Totals *totals, const RetReader *reader);
static void totals_sum(Totals *totals, const Totals *other, int sign);
#endif
static bool value_next(RetReader *reader);

#include "history/rows.h"
#include "history/events.h"
#include "history/columns.h"
#include "history/bytes.h"
#include "history/merge.h"
#include "history/sent.h"
#include "history/parts.h"
#include "history/small.h"
#include "history/forms.h"
#include "history/state.h"
#include "history/value.h"
