/*-------------------------------------------------------------------------
 *
 * retention.h
 *	  What every file of the extension includes after the server's headers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_H
#define RETENTION_H

#include "fmgr.h"
#include "lib/stringinfo.h"

#include "base/compat.h"

#define RETENTION_VERSION "1.0"

/* Bytes of a line of the processor's cache; large tables begin at a multiple of it */
#define RET_CACHE_LINE		64

/* Put the sign of a number into the lowest bit, so that numbers near 0 take few bytes */
static inline uint64
ret_fold_sign(int64 value)
{
	return ((uint64) value << 1) ^ (uint64) (value >> 63);
}

/* Undo what ret_fold_sign() does */
static inline int64
ret_unfold_sign(uint64 bits)
{
	return (int64) (bits >> 1) ^ -(int64) (bits & 1);
}

#endif							/* RETENTION_H */
