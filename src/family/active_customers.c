/*-------------------------------------------------------------------------
 *
 * active_customers.c
 *	  Distinct customers of groups and of moving frames: active_customers.
 *
 * Over groups the state is a customer map.  Over a moving frame it is a multiset,
 * customer -> rows in the frame, from which a customer disappears with their last
 * row: the inverse is exact.  A row that enters or leaves takes O(1), and memory is
 * O(most customers in the frame at once).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "store/customer_key.h"
#include "store/customer_map.h"
#include "store/customer_sorted.h"
#include "store/customer_state.h"

/* A customer in a moving frame */
typedef struct FrameCustomer
{
	int64		key;			/* the customer_key */
	uint64		rows:63;		/* rows in the frame, never 0 */
	uint64		status:1;		/* simplehash: is the slot in use? */
} FrameCustomer;

#define SH_PREFIX			frame
#define SH_ELEMENT_TYPE		FrameCustomer
#define SH_KEY_TYPE			int64
#define SH_KEY				key
/* private_data has a random factor, so that nobody can choose keys that collide */
#define SH_HASH_KEY(tb, k)	((uint32) (ret_customer_hash_by(k, (uintptr_t) (tb)->private_data) >> 32))
#define SH_EQUAL(tb, a, b)	((a) == (b))
#define SH_SCOPE			static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Customers that the table of a frame has room for at first, and may hold at most */
#define FRAME_MIN_CUSTOMERS	14
#define FRAME_MAX_CUSTOMERS	UINT64CONST(4000000000)

PG_FUNCTION_INFO_V1(active_customers_transfn);
PG_FUNCTION_INFO_V1(active_customers_combine);
PG_FUNCTION_INFO_V1(active_customers_finalfn);
PG_FUNCTION_INFO_V1(active_customers_moving_transfn);
PG_FUNCTION_INFO_V1(active_customers_moving_invfn);
PG_FUNCTION_INFO_V1(active_customers_moving_finalfn);

static void active_add(RetMap *map, RetCustomer *customer, int64 value);
static void active_merge(RetMap *map, RetCustomer *customer, const RetCustomer *other);

#define RET_FOLD active_fold
#define RET_FOLD_VALUES 0
#define RET_FOLD_MAX_FLAGS 1
#define RET_FOLD_ROW(c, row) ((void) (row), (c)->flags = 1)
#define RET_FOLD_MERGE(c, other) ((void) (c), (void) (other))
#include "store/customer_fold.h"

static const RetMapDef active_map = {
	.kind = 6,
	.add = active_add,
	.merge = active_merge,
	.fold = &active_fold
};

/* Mark the customer as used: the map keeps nothing else about them */
static void
active_add(RetMap *map, RetCustomer *customer, int64 value)
{
	(void) map;
	(void) value;
	customer->flags = 1;
}

static void
active_merge(RetMap *map, RetCustomer *customer, const RetCustomer *other)
{
	(void) map;
	(void) other;
	customer->flags = 1;
}

/* active_customers_transfn(customer_map, customer_key) */
Datum
active_customers_transfn(PG_FUNCTION_ARGS)
{
	RetMapState	state;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1))
		return ret_agg_ignore(fcinfo);
	ret_state_get(fcinfo, &active_map, &state);
	ret_state_add(&state, PG_GETARG_CUSTOMER(1), 0);
	PG_RETURN_DATUM(state.datum);
}

Datum
active_customers_combine(PG_FUNCTION_ARGS)
{
	return ret_state_combine(fcinfo, &active_map);
}

/* Return 0 without customers, like count(DISTINCT customer) */
Datum
active_customers_finalfn(PG_FUNCTION_ARGS)
{
	RetMapState	state;

	(void) ret_agg_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);
	(void) ret_state_read(fcinfo, 0, &active_map, &state);
	PG_RETURN_INT64(ret_state_customers(&state));
}

/* active_customers_moving_transfn(internal, customer_key): a row enters the frame */
Datum
active_customers_moving_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = ret_agg_context(fcinfo);
	frame_hash *frame;
	FrameCustomer *customer;
	bool		found;

	/* the state of a moving frame must not be NULL, even if all customers are */
	frame = PG_ARGISNULL(0) ? frame_create(context, FRAME_MIN_CUSTOMERS, (void *) (uintptr_t) ret_random_factor()) :
		(frame_hash *) PG_GETARG_POINTER(0);
	if (!PG_ARGISNULL(1))
	{
		if (unlikely(frame->members >= FRAME_MAX_CUSTOMERS))
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many customers in one frame"),
					 errdetail("The limit is %llu.",
							   (unsigned long long) FRAME_MAX_CUSTOMERS)));
		customer = frame_insert(frame, PG_GETARG_CUSTOMER(1), &found);
		customer->rows = found ? customer->rows + 1 : 1;
	}
	PG_RETURN_POINTER(frame);
}

/*
 * active_customers_moving_invfn(internal, customer_key): a row leaves the frame.
 *		Returns NULL for a customer who is not in the frame, which makes the
 *		executor compute the frame anew.
 */
Datum
active_customers_moving_invfn(PG_FUNCTION_ARGS)
{
	frame_hash *frame;
	FrameCustomer *customer;

	(void) ret_agg_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	frame = (frame_hash *) PG_GETARG_POINTER(0);
	if (!PG_ARGISNULL(1))
	{
		customer = frame_lookup(frame, PG_GETARG_CUSTOMER(1));
		if (customer == NULL)
			PG_RETURN_NULL();
		if (customer->rows > 1)
			customer->rows--;
		else
			frame_delete_item(frame, customer);
	}
	PG_RETURN_POINTER(frame);
}

Datum
active_customers_moving_finalfn(PG_FUNCTION_ARGS)
{
	(void) ret_agg_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);
	PG_RETURN_INT64(((frame_hash *) PG_GETARG_POINTER(0))->members);
}
