/*-------------------------------------------------------------------------
 *
 * customer_key.h
 *	  The type customer_key, and its hash.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_CUSTOMER_KEY_H
#define RETENTION_CUSTOMER_KEY_H

#include "common/pg_prng.h"

#include "base/retention.h"

/* A customer_key is passed by value and is the int64 it looks like */
#define PG_GETARG_CUSTOMER(n)	PG_GETARG_INT64(n)

/* Factor of hashes that must be the same in all processes */
#define RET_HASH_FACTOR		UINT64CONST(0x9E3779B97F4A7C15)

/* The second factor of all hashes, which lets the middle bits reach the high ones */
#define RET_HASH_FINISH		UINT64CONST(0xBF58476D1CE4E5B9)

/*
 * Most slots between an entry of a hash table and its home.  A larger distance
 * shows that keys were chosen to have similar hashes: by chance, it is 420 at
 * most in a table of 2^26 slots.
 */
#define RET_MAX_PROBES		1024

/*
 * Hash a key so that the high bits are good.  The first step lets the high
 * half of the key (keys are often a shard number and a counter) reach the
 * rest.
 */
static inline uint64
ret_customer_hash_by(int64 key, uint64 factor)
{
	uint64		h = (uint64) key;

	h ^= h >> 32;
	h *= factor;
	h ^= h >> 29;
	return h * RET_HASH_FINISH;
}

static inline uint64
ret_customer_hash(int64 key)
{
	return ret_customer_hash_by(key, RET_HASH_FACTOR);
}

/*
 * Draw a factor that nobody can foresee.  It must decide nothing except where
 * things lie in memory.
 */
static inline uint64
ret_random_factor(void)
{
	return pg_prng_uint64(&pg_global_prng_state) | 1;
}

/*
 * Get the customer of a hash by undoing each step of ret_customer_hash(); the
 * factors are the inverses of those there
 */
static inline int64
ret_hash_customer(uint64 h)
{
	h *= UINT64CONST(0x96DE1B173F119089);
	h ^= h >> 29 ^ h >> 58;
	h *= UINT64CONST(0xF1DE83E19937733D);
	return (int64) (h ^ h >> 32);
}

#endif							/* RETENTION_CUSTOMER_KEY_H */
