/*-------------------------------------------------------------------------
 *
 * mutate.c
 *	  Damage values: bytes, counts and varints of binary forms, characters and
 *	  fields of text forms.
 *
 * Most places are as likely as others, but the first bytes, where the counts
 * of a value are, are hit more often.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "hard.h"

/* Bytes at the front that are hit more often */
#define HEADER_BYTES 48
/* No value becomes longer */
#define MOST_BYTES 8192

/* Bytes of counts, varints, days and doubles at their limits */
typedef struct Favourite
{
	int			size;
	const char *bytes;
} Favourite;

#define FAVOURITE(s) {sizeof(s) - 1, s}
static const Favourite favourites[] = {
	FAVOURITE("\x00"), FAVOURITE("\x01"), FAVOURITE("\x02"), FAVOURITE("\x03"), FAVOURITE("\x3f"),
	FAVOURITE("\x40"), FAVOURITE("\x7f"), FAVOURITE("\x80"), FAVOURITE("\x81"), FAVOURITE("\xff"),
	FAVOURITE("\x00\x00"), FAVOURITE("\x80\x00"), FAVOURITE("\x80\x01"), FAVOURITE("\xff\x7f"),
	FAVOURITE("\xff\xff"), FAVOURITE("\xff\x01"), FAVOURITE("\x00\x00\x00\x00"),
	FAVOURITE("\x00\x00\x00\x01"), FAVOURITE("\x0f\xff\xff\xff"), FAVOURITE("\x10\x00\x00\x00"),
	FAVOURITE("\x7f\xff\xff\xff"), FAVOURITE("\x80\x00\x00\x00"), FAVOURITE("\xff\xff\xff\xff"),
	FAVOURITE("\xff\xff\xff\xff\x07"), FAVOURITE("\xff\xff\xff\xff\x0f"),
	FAVOURITE("\x80\x80\x80\x80\x00"),
	FAVOURITE("\x00\x00\x00\x00\x00\x00\x00\x00"), FAVOURITE("\x00\x00\x00\x00\x00\x00\x00\x01"),
	FAVOURITE("\x00\x00\x00\x00\x7f\xff\xff\xff"), FAVOURITE("\x00\x00\x00\x01\x00\x00\x00\x00"),
	FAVOURITE("\x00\x00\x00\x00\xff\xff\xff\xff"), FAVOURITE("\x7f\xff\xff\xff\xff\xff\xff\xff"),
	FAVOURITE("\x80\x00\x00\x00\x00\x00\x00\x00"), FAVOURITE("\xff\xff\xff\xff\xff\xff\xff\xff"),
	/* doubles: infinities, NaN, the largest, the least, 1, -1, 0.5, 2^53 - 1 */
	FAVOURITE("\x7f\xf0\x00\x00\x00\x00\x00\x00"), FAVOURITE("\xff\xf0\x00\x00\x00\x00\x00\x00"),
	FAVOURITE("\x7f\xf8\x00\x00\x00\x00\x00\x00"), FAVOURITE("\x7f\xef\xff\xff\xff\xff\xff\xff"),
	FAVOURITE("\x00\x10\x00\x00\x00\x00\x00\x00"), FAVOURITE("\x3f\xf0\x00\x00\x00\x00\x00\x00"),
	FAVOURITE("\xbf\xf0\x00\x00\x00\x00\x00\x00"), FAVOURITE("\x3f\xe0\x00\x00\x00\x00\x00\x00"),
	FAVOURITE("\x43\x3f\xff\xff\xff\xff\xff\xff"),
	/* varints: the largest bigint and beyond */
	FAVOURITE("\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
	FAVOURITE("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	FAVOURITE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	FAVOURITE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
	FAVOURITE("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")
};

/* Fields of text forms */
static const char *const words[] = {
	"", "0", "1", "-1", "2", "0.5", "-0", "1e308", "1e-308", "4.9e-324", "NaN", "Infinity", "-Infinity",
	"9223372036854775807", "-9223372036854775808", "9223372036854775808", "2147483647", "9007199254740993",
	"t", "f", "infinity", "-infinity", "2024-01-01", "4714-11-24 BC", "5874897-12-31", "BG/NBD", "MBG/NBD",
	"Pareto/NBD", "()", "\"", "\\x", "\\x01"
};

/* Return the next random number: splitmix64 */
uint64
hard_random(uint64 *state)
{
	uint64		z = (*state += UINT64CONST(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64CONST(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Return a number from 0 to below a limit above 0 */
static int
below(uint64 *random, int limit)
{
	return (int) (hard_random(random) % (uint64) limit);
}

/* Replace some bytes by others, of which there may be more or fewer */
static void
replace(StringInfo value, int at, int old, const char *bytes, int size)
{
	if (at + old > value->len || value->len - old + size > MOST_BYTES)
		return;
	enlargeStringInfo(value, size);
	memmove(value->data + at + size, value->data + at + old, value->len - at - old);
	memcpy(value->data + at, bytes, size);
	value->len += size - old;
	value->data[value->len] = '\0';
}

/* Replace a value by the beginning of itself and the end of another one */
static void
splice(StringInfo value, const StringInfoData *other, uint64 *random)
{
	int			at = below(random, value->len + 1);
	int			from = below(random, 2) && at <= other->len ? at : below(random, other->len + 1);

	replace(value, at, value->len - at, other->data + from, other->len - from);
}

/* Write a byte of a varint with more bytes than it needs */
static void
lengthen_varint(StringInfo value, int at, uint64 *random)
{
	char		longer[10];
	int			size = 2 + below(random, 9);

	if ((value->data[at] & 0x80) != 0)
		return;
	memset(longer, 0x80, size);
	longer[0] |= value->data[at];
	longer[size - 1] = below(random, 4) == 0;
	replace(value, at, 1, longer, size);
}

/* Change a count of 2, 4 or 8 bytes, in network byte order */
static void
change_count(StringInfo value, int at, uint64 *random)
{
	int			size = 2 << below(random, 3);
	uint64		count = 0;

	if (at + size > value->len)
		return;
	for (int i = 0; i < size; i++)
		count = count << 8 | (unsigned char) value->data[at + i];
	switch (below(random, 5))
	{
		case 0:
			count++;
			break;
		case 1:
			count--;
			break;
		case 2:
			count *= 2;
			break;
		case 3:
			count = -count;
			break;
		default:
			count += below(random, 200) - 100;
	}
	for (int i = size - 1; i >= 0; i--, count >>= 8)
		value->data[at + i] = (char) count;
}

/* Exchange two words of 8 bytes */
static void
exchange(StringInfo value, int a, int b)
{
	char		word[8];

	if (a + 8 > value->len || b + 8 > value->len)
		return;
	memcpy(word, value->data + a, 8);
	memmove(value->data + a, value->data + b, 8);
	memcpy(value->data + b, word, 8);
}

/* Damage a value in one place */
static void
mutate_once(StringInfo value, const StringInfoData *other, uint64 *random)
{
	bool		in_header = below(random, 5) < 2;
	int			at = below(random, in_header ? Min(value->len, HEADER_BYTES) : value->len);
	const Favourite *f = &favourites[below(random, lengthof(favourites))];
	int			from;
	char		c;

	switch (below(random, 16))
	{
		case 0:
		case 1:
			value->data[at] ^= (char) (1 << below(random, 8));
			break;
		case 2:
			value->data[at] = (char) below(random, 256);
			break;
		case 3:
			value->data[at] += below(random, 2) ? 1 : -1;
			break;
		case 4:
			value->data[at] = *f->bytes;
			break;
		case 5:
			replace(value, at, f->size, f->bytes, f->size);
			break;
		case 6:
			replace(value, at, 0, f->bytes, f->size);
			break;
		case 7:
			c = (char) below(random, 256);
			replace(value, at, 0, &c, 1);
			break;
		case 8:
			replace(value, at, 1 + below(random, below(random, 4) == 0 ? 40 : 8), "", 0);
			break;
		case 9:
			replace(value, at, value->len - at, "", 0);
			break;
		case 10:
			splice(value, other, random);
			break;
		case 11:
			lengthen_varint(value, at, random);
			break;
		case 12:
		case 13:
			change_count(value, at, random);
			break;
		case 14:
			exchange(value, at, below(random, value->len));
			break;
		default:
			/* a part of another value over this one, or between it */
			from = below(random, other->len);
			replace(value, at, below(random, 2) ? Min(24, value->len - at) : 0, other->data + from,
					Min(24, other->len - from));
	}
}

/* Set a value to one of the seeds, damaged once or some more times */
void
hard_mutate(StringInfo value, const StringInfo seeds, int nseeds, uint64 *random)
{
	const StringInfoData *seed = &seeds[below(random, nseeds)];

	resetStringInfo(value);
	appendBinaryStringInfo(value, seed->data, seed->len);
	do
	{
		if (value->len == 0)
			appendStringInfoChar(value, '\1');
		mutate_once(value, &seeds[below(random, nseeds)], random);
	} while (below(random, 5) < 2);
}

/* Replace what is between two separators by a word that means something */
static void
replace_field(StringInfo value, uint64 *random)
{
	int			at = below(random, value->len);
	int			end = at;
	const char *word = words[below(random, lengthof(words))];

	while (at > 0 && strchr("(,{", value->data[at - 1]) == NULL)
		at--;
	while (end < value->len && strchr(",)}", value->data[end]) == NULL)
		end++;
	replace(value, at, end - at, word, strlen(word));
}

/* The same for a text form, which stays one of ASCII characters */
void
hard_mutate_text(StringInfo value, const StringInfo seeds, int nseeds, uint64 *random)
{
	const StringInfoData *seed = &seeds[below(random, nseeds)];

	resetStringInfo(value);
	appendBinaryStringInfo(value, seed->data, seed->len);
	do
	{
		if (value->len == 0)
			appendStringInfoChar(value, '1');
		if (below(random, 2))
			replace_field(value, random);
		else
			mutate_once(value, &seeds[below(random, nseeds)], random);
	} while (below(random, 5) < 2);
	for (int i = 0; i < value->len; i++)
	{
		value->data[i] &= 0x7f;
		if (value->data[i] == '\0')
			value->data[i] = '0';
	}
}
