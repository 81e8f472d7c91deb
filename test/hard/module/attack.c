/*-------------------------------------------------------------------------
 *
 * attack.c
 *	  hard_attack(): send damaged values of a type through its input and
 *	  receive functions, and what they accept through every reader.
 *
 * A value that is accepted must be written as it was read.  Text forms of
 * bytes are read in both cases of their digits.  A state carries the name of
 * a time zone, which is written as the session spells it.  Composite values
 * have several forms, of which the one that is written must stay.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "hard.h"

PG_FUNCTION_INFO_V1(hard_attack);

/* Values that were read already are found in as many slots */
#define SEEN 65536
/* A reader that took this many microseconds is not called for the next value */
#define SLOW 50

/* How often something happened */
typedef struct Count
{
	const char *what;			/* recv, in, read or a complaint */
	int			reader;			/* number of the reader, or -1 */
	char		state[6];
	int64		number;
	int64		late;			/* the longest time from limit to end, in microseconds */
	int64		time;			/* of all, in microseconds */
	char	   *example;		/* text form of the first value */
	char	   *message;		/* of the first error */
} Count;

/* The type and how often what happened to its values */
typedef struct Attack
{
	Oid			type;
	bool		is_composite;
	bool		is_hex;			/* its text form is hexadecimal digits */
	bool		is_zoned;		/* may end with the name of a time zone */
	FmgrInfo	in,
				out,
				recv,
				send;
	Oid			in_param,
				recv_param;
	Count	   *counts;
	int			ncounts;
	MemoryContext context;		/* for what lasts */
	uint64		seen[SEEN];		/* hashes of values that were read */
} Attack;

/* A value on its way */
typedef struct Trip
{
	Attack	   *attack;
	StringInfo	bytes;			/* the form that is sent */
	bool		is_text;
	Datum		value;
	bytea	   *written;
	bool		is_canonical;
} Trip;

/* A value and a reader */
typedef struct Reading
{
	SPIPlanPtr	plan;
	Datum		value;
	bool		is_true;
} Reading;

/* The statements of the readers */
typedef struct Readers
{
	int			n;
	int			limit;			/* milliseconds that a call may take */
	SPIPlanPtr *plans;
	int64	   *skip;			/* values for which a reader that was slow is not called */
	char	   *record;			/* a mapped file, where a crash leaves the reader and the value */
} Readers;

/* Count something, and keep the first example */
static void
count(Attack *attack, const char *what, int reader, const HardOutcome *outcome, StringInfo bytes, bool is_text)
{
	MemoryContext old;
	Count	   *c = NULL;

	for (int i = 0; i < attack->ncounts && c == NULL; i++)
		if (attack->counts[i].what == what && attack->counts[i].reader == reader &&
			strcmp(attack->counts[i].state, outcome->state) == 0)
			c = &attack->counts[i];
	if (c != NULL)
	{
		c->number++;
		c->late = Max(c->late, outcome->late);
		c->time += outcome->time;
		return;
	}
	old = MemoryContextSwitchTo(attack->context);
	attack->counts = repalloc(attack->counts, (attack->ncounts + 1) * sizeof(Count));
	c = &attack->counts[attack->ncounts++];
	c->what = what;
	c->reader = reader;
	strcpy(c->state, outcome->state);
	c->number = 1;
	c->late = outcome->late;
	c->time = outcome->time;
	c->message = pstrdup(outcome->message == NULL ? "" : outcome->message);
	if (is_text)
		c->example = pnstrdup(bytes->data, bytes->len);
	else
	{
		c->example = palloc(2 * bytes->len + 3);
		strcpy(c->example, "\\x");
		c->example[2 + hex_encode(bytes->data, bytes->len, c->example + 2)] = '\0';
	}
	MemoryContextSwitchTo(old);
}

/* Do two values differ only in the spelling of the same time zone at their end? */
static bool
differ_in_zone(const char *a, int a_size, const char *b, int b_size)
{
	const char *name = pg_get_timezone_name(session_timezone);
	int			size = strlen(name);
	int			rest = b_size - size;

	return rest >= 0 && memcmp(b + rest, name, size) == 0 && a_size > rest && a_size - rest <= TZ_STRLEN_MAX &&
		memcmp(a, b, rest) == 0 && memchr(a + rest, '\0', a_size - rest) == NULL &&
		pg_tzset(pnstrdup(a + rest, a_size - rest)) != NULL;
}

/* Read the bytes of a binary form as the server does */
static Datum
receive(Attack *attack, const char *data, int size)
{
	StringInfoData buf;
	Datum		value;

	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, data, size);
	value = ReceiveFunctionCall(&attack->recv, &buf, attack->recv_param, -1);
	if (buf.cursor != buf.len)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("incorrect binary data format")));
	return value;
}

/* Was a value written as these bytes were read? */
static bool
is_written_as_read(Attack *attack, const char *data, int size, const bytea *written)
{
	const char *again = VARDATA_ANY(written);
	int			again_size = VARSIZE_ANY_EXHDR(written);

	return (size == again_size && memcmp(data, again, size) == 0) ||
		(attack->is_zoned && differ_in_zone(data, size, again, again_size));
}

/* Read a value and write it again */
static void
travel(void *arg)
{
	Trip	   *trip = arg;
	Attack	   *attack = trip->attack;
	char	   *data = trip->bytes->data;

	trip->value = trip->is_text ? InputFunctionCall(&attack->in, data, attack->in_param, -1)
		: receive(attack, data, trip->bytes->len);
	trip->written = SendFunctionCall(&attack->send, trip->value);
	if (attack->is_composite)
	{
		Datum		again = receive(attack, VARDATA_ANY(trip->written), VARSIZE_ANY_EXHDR(trip->written));
		char	   *form = OutputFunctionCall(&attack->out, trip->value);

		trip->is_canonical = is_written_as_read(attack, VARDATA_ANY(trip->written),
												VARSIZE_ANY_EXHDR(trip->written),
												SendFunctionCall(&attack->send, again));
		again = InputFunctionCall(&attack->in, form, attack->in_param, -1);
		if (strcmp(OutputFunctionCall(&attack->out, again), form) != 0)
			trip->is_canonical = false;
	}
	else if (!trip->is_text)
		trip->is_canonical = is_written_as_read(attack, data, trip->bytes->len, trip->written);
	else if (attack->is_hex)
	{
		bytea	   *bytes = DatumGetByteaPP(DirectFunctionCall1(byteain, CStringGetDatum(data)));

		trip->is_canonical = is_written_as_read(attack, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), trip->written);
	}
	else
		trip->is_canonical = strcmp(OutputFunctionCall(&attack->out, trip->value), data) == 0;
}

/* Run a reader, which returns one row: false if something is wrong */
static void
read_value(void *arg)
{
	Reading    *reading = arg;
	bool		isnull;
	int			code = SPI_execute_plan(reading->plan, &reading->value, NULL, true, 0);

	if (code != SPI_OK_SELECT || SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("a reader returned %llu rows", (unsigned long long) SPI_processed)));
	reading->is_true = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull)) || isnull;
	SPI_freetuptable(SPI_tuptable);
}

/* Is this value read for the first time, as far as is remembered? */
static bool
is_new(Attack *attack, const bytea *written)
{
	uint64		hash = DatumGetUInt64(hash_any_extended((unsigned char *) VARDATA_ANY(written),
														VARSIZE_ANY_EXHDR(written), 0));
	uint64	   *slot = &attack->seen[hash % SEEN];

	if (*slot == hash)
		return false;
	*slot = hash;
	return true;
}

/* Send one value in, and through the readers */
static void
attack_once(Attack *attack, StringInfo bytes, bool is_text, Readers *readers)
{
	Trip		trip = {attack, bytes, is_text, (Datum) 0, NULL, false};
	HardOutcome outcome;

	hard_note(readers->record, -1, bytes);
	outcome = hard_trap(travel, &trip, 10000);
	count(attack, is_text ? "in" : "recv", -1, &outcome, bytes, is_text);
	if (strcmp(outcome.state, "00000") != 0)
		return;
	if (!trip.is_canonical)
		count(attack, "not written as read", -1, &outcome, bytes, is_text);
	if (!is_new(attack, trip.written))
		return;
	count(attack, "distinct", -1, &outcome, bytes, is_text);
	for (int i = 0; i < readers->n; i++)
	{
		Reading		reading = {readers->plans[i], trip.value, true};

		if (readers->skip[i] > 0)
		{
			readers->skip[i]--;
			continue;
		}
		hard_note(readers->record, i, bytes);
		outcome = hard_trap(read_value, &reading, readers->limit);
		readers->skip[i] = outcome.time / SLOW;
		count(attack, "read", i, &outcome, bytes, is_text);
		if (!reading.is_true)
			count(attack, "not sound", i, &outcome, bytes, is_text);
	}
}

/* Prepare the readers, each with the value as its only parameter, and map the file */
static Readers
prepare_readers(ArrayType *array, Oid type, int limit, const char *path)
{
	Readers		readers;
	Datum	   *texts;

	readers.record = hard_open_record(path);
	readers.limit = limit;
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &texts, NULL, &readers.n);
	readers.plans = palloc(sizeof(SPIPlanPtr) * (readers.n + 1));
	readers.skip = palloc0(sizeof(int64) * (readers.n + 1));
	for (int i = 0; i < readers.n; i++)
		readers.plans[i] = SPI_prepare_cursor(TextDatumGetCString(texts[i]), 1, &type, CURSOR_OPT_GENERIC_PLAN);
	return readers;
}

/* Look up the functions of a type */
static Attack *
begin_attack(Oid type, bool is_zoned)
{
	Attack	   *attack = palloc0(sizeof(Attack));
	Oid			function;
	bool		is_varlena;

	attack->type = type;
	attack->is_composite = get_typtype(type) == TYPTYPE_COMPOSITE;
	attack->is_zoned = is_zoned;
	attack->context = CurrentMemoryContext;
	attack->counts = palloc(sizeof(Count));
	getTypeInputInfo(type, &function, &attack->in_param);
	fmgr_info(function, &attack->in);
	getTypeOutputInfo(type, &function, &is_varlena);
	fmgr_info(function, &attack->out);
	getTypeBinaryInputInfo(type, &function, &attack->recv_param);
	fmgr_info(function, &attack->recv);
	getTypeBinaryOutputInfo(type, &function, &is_varlena);
	fmgr_info(function, &attack->send);
	return attack;
}

/* Read the seeds; returns their text forms and their binary forms after them */
static StringInfo
read_seeds(Attack *attack, ArrayType *array, int *n)
{
	Datum	   *texts;
	StringInfo	seeds;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &texts, NULL, n);
	if (*n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no values to damage")));
	seeds = palloc(2 * *n * sizeof(StringInfoData));
	for (int i = 0; i < *n; i++)
	{
		char	   *seed = TextDatumGetCString(texts[i]);
		Datum		value = InputFunctionCall(&attack->in, seed, attack->in_param, -1);
		bytea	   *bytes = SendFunctionCall(&attack->send, value);

		initStringInfo(&seeds[i]);
		appendStringInfoString(&seeds[i], OutputFunctionCall(&attack->out, value));
		initStringInfo(&seeds[*n + i]);
		appendBinaryStringInfo(&seeds[*n + i], VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	}
	attack->is_hex = strncmp(seeds[0].data, "\\x", 2) == 0;
	return seeds;
}

/* Write bytes as hexadecimal digits */
static void
write_hex(StringInfo bytes)
{
	int			size = bytes->len;
	char	   *copy = palloc(size);

	memcpy(copy, bytes->data, size);
	resetStringInfo(bytes);
	appendStringInfoString(bytes, "\\x");
	enlargeStringInfo(bytes, 2 * size);
	bytes->len += hex_encode(copy, size, bytes->data + bytes->len);
	bytes->data[bytes->len] = '\0';
}

/* Damage a value: binary forms, and text forms either as text or by the bytes that they stand for */
static bool
damage(Attack *attack, StringInfo bytes, StringInfo seeds, int nseeds, uint64 *random)
{
	bool		is_text = hard_random(random) % 2 == 0;

	if (is_text && (!attack->is_hex || hard_random(random) % 4 == 0))
		hard_mutate_text(bytes, seeds, nseeds, random);
	else
	{
		hard_mutate(bytes, seeds + nseeds, nseeds, random);
		if (is_text)
			write_hex(bytes);
	}
	return is_text;
}

/* Return what was counted */
static void
put_counts(const Attack *attack, ReturnSetInfo *rsinfo)
{
	for (int i = 0; i < attack->ncounts; i++)
	{
		Count	   *c = &attack->counts[i];
		Datum		values[8] = {CStringGetTextDatum(c->what), Int32GetDatum(c->reader), CStringGetTextDatum(c->state),
			Int64GetDatum(c->number), Int64GetDatum(c->late), Int64GetDatum(c->time),
			CStringGetTextDatum(c->example), CStringGetTextDatum(c->message)};
		bool		nulls[8] = {false};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/*
 * hard_attack(type regtype, zoned boolean, seeds text[], readers text[], number
 * bigint, seed bigint, time_limit integer, record text) returns setof (what
 * text, reader integer, state text, number bigint, late bigint, "time" bigint,
 * example text, message text): the seeds as they are, then damaged ones
 */
Datum
hard_attack(PG_FUNCTION_ARGS)
{
	Attack	   *attack = begin_attack(PG_GETARG_OID(0), PG_GETARG_BOOL(1));
	int64		number = PG_GETARG_INT64(4);
	uint64		random = (uint64) PG_GETARG_INT64(5);
	MemoryContext each = AllocSetContextCreate(CurrentMemoryContext, "value", ALLOCSET_DEFAULT_SIZES);
	StringInfoData bytes;
	StringInfo	seeds;
	Readers		readers;
	int			nseeds;

	InitMaterializedSRF(fcinfo, 0);
	seeds = read_seeds(attack, PG_GETARG_ARRAYTYPE_P(2), &nseeds);
	initStringInfo(&bytes);
	SPI_connect();
	readers = prepare_readers(PG_GETARG_ARRAYTYPE_P(3), attack->type, PG_GETARG_INT32(6),
							  text_to_cstring(PG_GETARG_TEXT_PP(7)));
	for (int64 i = 0; i < nseeds + number; i++)
	{
		bool		is_text = true;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(each);
		if (i >= nseeds)
			is_text = damage(attack, &bytes, seeds, nseeds, &random);
		attack_once(attack, i < nseeds ? &seeds[i] : &bytes, is_text, &readers);
		MemoryContextReset(each);
	}
	hard_close_record(readers.record);
	put_counts(attack, (ReturnSetInfo *) fcinfo->resultinfo);
	SPI_finish();
	return (Datum) 0;
}
