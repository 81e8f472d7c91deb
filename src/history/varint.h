/*-------------------------------------------------------------------------
 *
 * varint.h
 *	  Numbers in bytes that are the same on every machine.
 *
 * Numbers of fixed size are big-endian.  A varint has 7 bits per byte, lowest
 * first, and as few bytes as possible.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_VARINT_H
#define RETENTION_VARINT_H

#include "port/pg_bitutils.h"
#include "port/pg_bswap.h"

#include "base/retention.h"

#define RET_MAX_VARINT		10	/* bytes of a varint of 64 bits */

static inline uint8 *
ret_put_varint(uint8 *p, uint64 value)
{
	while (value >= 0x80)
	{
		*p++ = (uint8) (value | 0x80);
		value >>= 7;
	}
	*p++ = (uint8) value;
	return p;
}

static inline int
ret_varint_size(uint64 value)
{
	int			size = 1;

	while (value >= 0x80)
	{
		value >>= 7;
		size++;
	}
	return size;
}

/* Read a varint; NULL at the end of the bytes, or if it has more than 64 bits */
static inline const uint8 *
ret_get_varint(const uint8 *p, const uint8 *end, uint64 *value)
{
	uint64		result = 0;

	for (int shift = 0; shift < 70 && p < end; shift += 7)
	{
		uint8		byte = *p++;

		result |= (uint64) (byte & 0x7F) << Min(shift, 63);
		if (byte < 0x80)
		{
			*value = result;
			return shift == 63 && byte > 1 ? NULL : p;
		}
	}
	return NULL;
}

/*
 * Skip n varints, up to eight bytes at a time; NULL if the bytes end before they
 * do
 */
static inline const uint8 *
ret_skip_varints(const uint8 *p, const uint8 *end, uint64 n)
{
	const uint64 highest = UINT64CONST(0x8080808080808080);

	while (n > 0 && end - p >= (ptrdiff_t) sizeof(uint64))
	{
		uint64		word;
		uint64		ends;		/* the highest bit of each byte that ends a varint */
		uint64		count;

		memcpy(&word, p, sizeof(word));
#ifdef WORDS_BIGENDIAN
		word = pg_bswap64(word);
#endif
		ends = ~word & highest;
		count = (ends >> 7) * UINT64CONST(0x0101010101010101) >> 56;
		if (count >= n)
		{
			while (--n > 0)
				ends &= ends - 1;
			return p + (pg_rightmost_one_pos64(ends) + 1) / 8;
		}
		n -= count;
		p += sizeof(word);
	}
	for (; n > 0 && p < end; p++)
		n -= *p < 0x80;
	return n > 0 ? NULL : p;
}

/* Skip two varints, or three, as ret_skip_varints() does, where they have up to eight bytes without a branch */
static inline const uint8 *
ret_skip_few_varints(const uint8 *p, const uint8 *end, bool three)
{
#ifndef WORDS_BIGENDIAN
	uint64		word;

	if (likely(end - p >= (ptrdiff_t) sizeof(word)))
	{
		uint64		ends;

		memcpy(&word, p, sizeof(word));
		ends = ~word & UINT64CONST(0x8080808080808080);
		ends &= ends - 1;
		ends &= ends - three;
		if (likely(ends != 0))
			return p + (pg_rightmost_one_pos64(ends) + 1) / 8;
	}
#endif
	return ret_skip_varints(p, end, three ? 3 : 2);
}

/* Join the 7 bits of each of 4 bytes, lowest first */
static inline uint64
ret_join_sevens(uint64 bytes)
{
	return (bytes & 0x7F) | (bytes >> 1 & 0x3F80) | (bytes >> 2 & 0x1FC000) | (bytes >> 3 & 0xFE00000);
}

/*
 * Read two varints, one after the other, as ret_get_varint() does.  Those of up
 * to 4 bytes, and 8 together, are read without a branch on their size, which is
 * hard to foresee.
 */
static inline const uint8 *
ret_get_two_varints(const uint8 *p, const uint8 *end, uint64 *a, uint64 *b)
{
#ifndef WORDS_BIGENDIAN
	uint64		word;

	if (likely(end - p >= (ptrdiff_t) sizeof(word)))
	{
		uint64		ends;		/* the highest bit of each byte that ends a varint */
		uint64		others;		/* without the first of them */

		memcpy(&word, p, sizeof(word));
		ends = ~word & UINT64CONST(0x8080808080808080);
		others = ends & (ends - 1);
		if (likely(others != 0))
		{
			uint64		first = word & (ends ^ (ends - 1));
			uint64		second = (word & (others ^ (others - 1))) >> (pg_rightmost_one_pos64(ends) + 1);

			if (likely((first | second) >> 32 == 0))
			{
				*a = ret_join_sevens(first);
				*b = ret_join_sevens(second);
				return p + (pg_rightmost_one_pos64(others) + 1) / 8;
			}
		}
	}
#endif
	p = ret_get_varint(p, end, a);
	return p ? ret_get_varint(p, end, b) : NULL;
}

static inline uint8 *
ret_put_int32(uint8 *p, int32 value)
{
	uint32		big = pg_hton32((uint32) value);

	memcpy(p, &big, sizeof(big));
	return p + sizeof(big);
}

static inline uint8 *
ret_put_int64(uint8 *p, int64 value)
{
	uint64		big = pg_hton64((uint64) value);

	memcpy(p, &big, sizeof(big));
	return p + sizeof(big);
}

static inline int32
ret_get_int32(const uint8 *p)
{
	uint32		big;

	memcpy(&big, p, sizeof(big));
	return (int32) pg_ntoh32(big);
}

static inline int64
ret_get_int64(const uint8 *p)
{
	uint64		big;

	memcpy(&big, p, sizeof(big));
	return (int64) pg_ntoh64(big);
}

#endif							/* RETENTION_VARINT_H */
