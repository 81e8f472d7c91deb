/*-------------------------------------------------------------------------
 *
 * customer_io.c
 *	  Input and output of the type customer_map.
 *
 * The binary form is: version, kind, values per customer, totals per map (one
 * byte each), customers (int32), the totals, then the customers in ascending
 * order of their keys: key, flags (one byte), values.  The text form is the
 * binary form in hexadecimal digits.  Both exist for partial aggregation between
 * machines, not for storage.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "base/varlena.h"
#include "store/customer_key.h"
#include "store/customer_map.h"
#include "store/customer_sorted.h"
#include "store/customer_state.h"

#define BINARY_HEADER_SIZE	8

PG_FUNCTION_INFO_V1(customer_map_in);
PG_FUNCTION_INFO_V1(customer_map_out);
PG_FUNCTION_INFO_V1(customer_map_recv);
PG_FUNCTION_INFO_V1(customer_map_send);


/*
 * Allocate a packed value for the header of the binary form, without totals and
 * customers.  Returns NULL and sets *why if the header is not one.
 */
static RetFlatMap *
parse_header(StringInfo buf, const char **why)
{
	uint64		length = buf->len - buf->cursor;
	int			version,
				kind,
				nvalues,
				ntotals;
	uint32		n;
	Size		size;
	RetFlatMap *flat;

	*why = "it is too short";
	if (length < BINARY_HEADER_SIZE)
		return NULL;
	version = pq_getmsgbyte(buf);
	kind = pq_getmsgbyte(buf);
	nvalues = pq_getmsgbyte(buf);
	ntotals = pq_getmsgbyte(buf);
	n = pq_getmsgint(buf, 4);
	*why = "its version is not known";
	if (version != RET_FLAT_VERSION)
		return NULL;
	*why = "it has too many values";
	if (nvalues > RET_MAP_MAX_VALUES || ntotals > RET_MAP_MAX_VALUES)
		return NULL;
	*why = "its length does not fit its number of customers";
	if (length != BINARY_HEADER_SIZE + UINT64CONST(8) * ntotals + n * (UINT64CONST(9) + 8 * nvalues))
		return NULL;
	*why = "it has too many customers";
	if (n > (MaxAllocSize - ret_flat_header(ntotals, 0)) / ret_flat_slot(nvalues))
		return NULL;

	size = ret_flat_header(ntotals, 0) + n * ret_flat_slot(nvalues);
	flat = palloc0(size);
	SET_VARSIZE(flat, size);
	flat->version = RET_FLAT_VERSION;
	flat->kind = kind;
	flat->nvalues = nvalues;
	flat->ntotals = ntotals;
	flat->nslots = flat->ncustomers = n;
	return flat;
}

/*
 * Build a packed value from the binary form.  Returns NULL and sets *why if
 * the bytes are not one.
 */
static struct varlena *
flat_parse(StringInfo buf, const void *arg pg_attribute_unused(), const char **why)
{
	RetFlatMap *flat = parse_header(buf, why);
	RetMap		map;

	if (flat == NULL)
		return NULL;
	ret_flat_view(flat, NULL, &map);
	for (int i = 0; i < flat->ntotals; i++)
		map.totals[i] = pq_getmsgint64(buf);
	for (uint32 i = 0; i < flat->ncustomers; i++)
	{
		RetCustomer *customer = ret_map_slot(&map, i);

		customer->key = pq_getmsgint64(buf);
		customer->flags = pq_getmsgbyte(buf);
		for (int j = 0; j < flat->nvalues; j++)
			customer->values[j] = pq_getmsgint64(buf);
		*why = "a customer has no content";
		if (customer->flags == 0)
			return NULL;
		*why = "its customers are not in ascending order";
		if (i > 0 && customer->key <= ret_map_slot(&map, i - 1)->key)
			return NULL;
		ret_check_interrupts_at(i);
	}
	return (struct varlena *) flat;
}

static int
customer_compare(const void *a, const void *b)
{
	int64		x = (*(RetCustomer *const *) a)->key;
	int64		y = (*(RetCustomer *const *) b)->key;

	return (x > y) - (x < y);
}

/* Sort the customers of a value by their keys */
static RetCustomer **
sorted_customers(const RetMap *map)
{
	RetCustomer **sorted = palloc_extended((map->ncustomers + 1) * sizeof(RetCustomer *),
										   MCXT_ALLOC_HUGE);
	uint64		n = 0;

	for (uint64 i = 0; i < map->nslots; i++)
	{
		RetCustomer *customer = ret_map_slot(map, i);

		if (customer->flags != 0)
			sorted[n++] = customer;
		ret_check_interrupts_at(i);
	}
	qsort(sorted, n, sizeof(RetCustomer *), customer_compare);
	return sorted;
}

/* Make a packed copy of a flat value that has lists */
static RetFlatMap *
flat_pack(RetFlatMap *flat)
{
	Size		header = ret_flat_header(flat->ntotals, 0);
	Size		slot = ret_flat_slot(flat->nvalues);
	uint64		n = flat->ncustomers + (uint64) flat->nsorted;
	RetFlatMap *packed = palloc_extended(header + n * slot, MCXT_ALLOC_HUGE);
	char	   *next = (char *) packed + header;
	RetMap		map;
	RetWalk		walk;
	const RetCustomer *customer;

	memcpy(packed, flat, sizeof(RetFlatMap) + flat->ntotals * sizeof(int64));
	packed->nslots = packed->ncustomers = n;
	packed->nsorted = packed->hashed = packed->scratch = 0;
	ret_flat_view(flat, NULL, &map);
	ret_walk_begin(&walk, ret_flat_lists(flat), &map);
	while ((customer = ret_walk_next(&walk)) != NULL)
	{
		memcpy(next, customer, slot);
		next += slot;
	}
	return packed;
}

/* Write the binary form of the value in argument 0 */
static bytea *
flat_bytes(FunctionCallInfo fcinfo)
{
	RetFlatMap *flat = (RetFlatMap *) PG_GETARG_VARLENA_P(0);
	RetMap		map;
	RetCustomer **sorted;
	StringInfoData buf;

	if (flat->nsorted > 0)
		flat = flat_pack(flat);
	ret_flat_view(flat, NULL, &map);
	if (map.ncustomers > (MaxAllocSize / 2) / (9 + 8 * (Size) flat->nvalues))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many customers for the binary form"),
				 errdetail("The map holds %u customers.", flat->ncustomers)));
	sorted = sorted_customers(&map);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, RET_FLAT_VERSION);
	pq_sendbyte(&buf, flat->kind);
	pq_sendbyte(&buf, flat->nvalues);
	pq_sendbyte(&buf, flat->ntotals);
	pq_sendint32(&buf, flat->ncustomers);
	for (int i = 0; i < flat->ntotals; i++)
		pq_sendint64(&buf, map.totals[i]);
	for (uint64 i = 0; i < map.ncustomers; i++)
	{
		pq_sendint64(&buf, sorted[i]->key);
		pq_sendbyte(&buf, sorted[i]->flags);
		for (int j = 0; j < flat->nvalues; j++)
			pq_sendint64(&buf, sorted[i]->values[j]);
		ret_check_interrupts_at(i);
	}
	pfree(sorted);
	return pq_endtypsend(&buf);
}

Datum
customer_map_in(PG_FUNCTION_ARGS)
{
	return ret_parse_input(fcinfo, "customer_map", flat_parse, NULL);
}

Datum
customer_map_out(PG_FUNCTION_ARGS)
{
	return ret_bytes_output(flat_bytes(fcinfo), "customer_map");
}

Datum
customer_map_recv(PG_FUNCTION_ARGS)
{
	return ret_parse_receive(fcinfo, "customer_map", flat_parse, NULL);
}

Datum
customer_map_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(flat_bytes(fcinfo));
}
