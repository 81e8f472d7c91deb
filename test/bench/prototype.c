/*-------------------------------------------------------------------------
 *
 * prototype.c
 *	  What a customer map on the server's own hash table would cost.
 *
 * proto_plain and proto_batch(customer bigint, at, lower, middle, upper
 * timestamptz) compute the retention rate between [lower, middle) and
 * [middle, upper) like the extension's aggregate, without any of its checks:
 * a map from the customer to two bits, on lib/simplehash.h with entries of 16
 * bytes.  The plain one probes the map at each row.  The batched one collects
 * 256 rows, asks for the cache lines of all their entries, and only then
 * probes.  They exist to be measured against the extension's own map.
 *
 * The state is internal, lives in the aggregate's context, and can neither be
 * combined nor inverted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "utils/timestamp.h"

#define BATCH_SIZE		256
#define BIT_BASE		1
#define BIT_COMEBACK	2

typedef struct MapEntry
{
	int64		key;			/* the customer */
	uint32		bits;			/* BIT_BASE, BIT_COMEBACK */
	char		status;			/* of simplehash */
} MapEntry;

/* The upper half of a Fibonacci product spreads sequential ids evenly */
#define HASH_CUSTOMER(key) \
	((uint32) (((uint64) (key) * UINT64CONST(0x9E3779B97F4A7C15)) >> 32))

#define SH_PREFIX map
#define SH_ELEMENT_TYPE MapEntry
#define SH_KEY_TYPE int64
#define SH_KEY key
#define SH_HASH_KEY(tb, key) HASH_CUSTOMER(key)
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct PrototypeState
{
	map_hash   *map;			/* customer -> bits */
	int			nbatch;			/* rows that wait in the batch */
	int64		keys[BATCH_SIZE];	/* their customers */
	uint32		bits[BATCH_SIZE];	/* and what they add */
} PrototypeState;

PG_FUNCTION_INFO_V1(proto_plain_transfn);
PG_FUNCTION_INFO_V1(proto_batch_transfn);
PG_FUNCTION_INFO_V1(proto_finalfn);

static PrototypeState *state_of(FunctionCallInfo fcinfo);
static uint32 bits_of(FunctionCallInfo fcinfo);
static inline void map_add(map_hash *map, int64 key, uint32 bits);
static void flush_batch(PrototypeState *state);

Datum
proto_plain_transfn(PG_FUNCTION_ARGS)
{
	PrototypeState *state = state_of(fcinfo);
	uint32		bits = bits_of(fcinfo);

	if (bits != 0)
		map_add(state->map, PG_GETARG_INT64(1), bits);
	PG_RETURN_POINTER(state);
}

Datum
proto_batch_transfn(PG_FUNCTION_ARGS)
{
	PrototypeState *state = state_of(fcinfo);
	uint32		bits = bits_of(fcinfo);

	if (bits != 0)
	{
		state->keys[state->nbatch] = PG_GETARG_INT64(1);
		state->bits[state->nbatch++] = bits;
		if (state->nbatch == BATCH_SIZE)
			flush_batch(state);
	}
	PG_RETURN_POINTER(state);
}

Datum
proto_finalfn(PG_FUNCTION_ARGS)
{
	PrototypeState *state;
	map_iterator iterator;
	MapEntry   *entry;
	int64		nbase = 0;
	int64		nretained = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (PrototypeState *) PG_GETARG_POINTER(0);
	flush_batch(state);
	map_start_iterate(state->map, &iterator);
	while ((entry = map_iterate(state->map, &iterator)) != NULL)
	{
		nbase += entry->bits & BIT_BASE;
		nretained += entry->bits == (BIT_BASE | BIT_COMEBACK);
	}
	if (nbase == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) nretained / nbase);
}

/* The state of the running aggregate, made at its first row */
static PrototypeState *
state_of(FunctionCallInfo fcinfo)
{
	MemoryContext aggcontext;
	PrototypeState *state;

	if (!PG_ARGISNULL(0))
		return (PrototypeState *) PG_GETARG_POINTER(0);
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "prototype called outside an aggregate");
	state = MemoryContextAlloc(aggcontext, sizeof(PrototypeState));
	state->map = map_create(aggcontext, 1024, NULL);
	state->nbatch = 0;
	return state;
}

/* Which of the two periods the row's time is in */
static uint32
bits_of(FunctionCallInfo fcinfo)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(2);

	if (at < PG_GETARG_TIMESTAMPTZ(3) || at >= PG_GETARG_TIMESTAMPTZ(5))
		return 0;
	return at < PG_GETARG_TIMESTAMPTZ(4) ? BIT_BASE : BIT_COMEBACK;
}

static inline void
map_add(map_hash *map, int64 key, uint32 bits)
{
	bool		found;
	MapEntry   *entry = map_insert(map, key, &found);

	if (!found)
		entry->bits = 0;
	entry->bits |= bits;
}

static void
flush_batch(PrototypeState *state)
{
	map_hash   *map = state->map;

	for (int i = 0; i < state->nbatch; i++)
		__builtin_prefetch(&map->data[HASH_CUSTOMER(state->keys[i]) & map->sizemask], 1);
	for (int i = 0; i < state->nbatch; i++)
		map_add(map, state->keys[i], state->bits[i]);
	state->nbatch = 0;
}
