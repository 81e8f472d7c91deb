/*-------------------------------------------------------------------------
 *
 * activity_type.c
 *	  Input, output and comparison of the type customer_activity.
 *
 * Text is the canonical bytes in hexadecimal digits, binary the bytes
 * themselves.  The order of two values is that of their bytes, which means
 * nothing but lets them be sorted, grouped and indexed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"

#include "base/varlena.h"
#include "history/activity.h"
#include "history/bytes.h"

PG_FUNCTION_INFO_V1(customer_activity_in);
PG_FUNCTION_INFO_V1(customer_activity_out);
PG_FUNCTION_INFO_V1(customer_activity_recv);
PG_FUNCTION_INFO_V1(customer_activity_send);

/*-------------------------------------------------------------------------
 * Input and output
 *-------------------------------------------------------------------------
 */

Datum
customer_activity_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			size = buf->len - buf->cursor;
	struct varlena *value = palloc(VARHDRSZ + size);

	SET_VARSIZE(value, VARHDRSZ + size);
	memcpy(VARDATA(value), pq_getmsgbytes(buf, size), size);
	if (!ret_canonical_valid(value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid customer_activity")));
	PG_RETURN_POINTER(value);
}

/* The canonical bytes; those of a transition value with its zone in front */
Datum
customer_activity_send(PG_FUNCTION_ARGS)
{
	struct varlena *value = ret_activity_bytes(PG_GETARG_DATUM(0));
	bytea	   *result = palloc(VARSIZE(value));

	memcpy(result, value, VARSIZE(value));
	PG_RETURN_BYTEA_P(result);
}

Datum
customer_activity_in(PG_FUNCTION_ARGS)
{
	struct varlena *value = ret_hex_input(fcinfo, "customer_activity");

	if (value == NULL)
		PG_RETURN_NULL();
	if (!ret_canonical_valid(value))
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s", "customer_activity"),
				 errhint("Values are made by the aggregate customer_activity(customer, at).")));
	PG_RETURN_POINTER(value);
}

/* The bytes that are sent, in hexadecimal digits */
Datum
customer_activity_out(PG_FUNCTION_ARGS)
{
	struct varlena *value = ret_activity_bytes(PG_GETARG_DATUM(0));

	PG_RETURN_CSTRING(ret_hex_output(VARDATA(value), VARSIZE(value) - VARHDRSZ, "customer_activity"));
}

/*-------------------------------------------------------------------------
 * Comparison
 *-------------------------------------------------------------------------
 */

#define RET_ORDERING_TYPE customer_activity
#define RET_ORDERING_VALUE(n) ret_activity_canonical(PG_GETARG_DATUM(n))
#include "base/ordering.h"
