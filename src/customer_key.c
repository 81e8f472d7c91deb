/*-------------------------------------------------------------------------
 *
 * customer_key.c
 *	  What is a customer: 64 bits, passed by value.
 *
 * Integers are kept as they are; other types become 64 bits of their own
 * extended hash, so that values which are equal in SQL are one customer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "customer.h"

PG_FUNCTION_INFO_V1(customer_key_smallint);
PG_FUNCTION_INFO_V1(customer_key_integer);
PG_FUNCTION_INFO_V1(customer_key_text);
PG_FUNCTION_INFO_V1(customer_key_bpchar);
PG_FUNCTION_INFO_V1(customer_key_uuid);
PG_FUNCTION_INFO_V1(customer_key_numeric);
PG_FUNCTION_INFO_V1(customer_key_anyelement);

Datum
customer_key_smallint(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_INT16(0));
}

Datum
customer_key_integer(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_INT32(0));
}

/* The type's own extended hash of argument 0, under its collation */
static Datum
own_hash(FunctionCallInfo fcinfo, PGFunction hash)
{
	return DirectFunctionCall2Coll(hash, PG_GET_COLLATION(),
								   PG_GETARG_DATUM(0), Int64GetDatum(0));
}

Datum
customer_key_text(PG_FUNCTION_ARGS)
{
	return own_hash(fcinfo, hashtextextended);
}

Datum
customer_key_bpchar(PG_FUNCTION_ARGS)
{
	return own_hash(fcinfo, hashbpcharextended);
}

Datum
customer_key_uuid(PG_FUNCTION_ARGS)
{
	return own_hash(fcinfo, uuid_hash_extended);
}

Datum
customer_key_numeric(PG_FUNCTION_ARGS)
{
	return own_hash(fcinfo, hash_numeric_extended);
}

/*
 * customer_key(anyelement)
 *		Any type with a default hash operator class that hashes to 64 bits:
 *		enums, rows, domains, arrays, types of other extensions.  42883 for a
 *		type without.
 */
Datum
customer_key_anyelement(PG_FUNCTION_ARGS)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	TypeCacheEntry *typcache;

	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_INDETERMINATE_DATATYPE),
				 errmsg("could not determine the data type of the customer")));
	/* what anonymous rows hash to depends on the row, so the type cache has none */
	if (type == RECORDOID)
		return OidFunctionCall2Coll(F_HASH_RECORD_EXTENDED, PG_GET_COLLATION(),
									PG_GETARG_DATUM(0), Int64GetDatum(0));
	typcache = lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC_FINFO);
	if (!OidIsValid(typcache->hash_extended_proc))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify an extended hash function for type %s",
						format_type_be(type)),
				 errhint("Cast the customer to text.")));
	return FunctionCall2Coll(&typcache->hash_extended_proc_finfo, PG_GET_COLLATION(),
							 PG_GETARG_DATUM(0), Int64GetDatum(0));
}
