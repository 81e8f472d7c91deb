/*-------------------------------------------------------------------------
 *
 * customer_key.c
 *	  The type customer_key, which identifies a customer: 64 bits, passed by
 *	  value.
 *
 * Integers are kept as they are, and so are whole floating-point numbers.  Other
 * types become 64 bits of their own extended hash, so that values that are equal
 * in SQL are one customer.  The server's hash of numeric leaves out the sign; it
 * is added here, also where a numeric is inside another value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <errno.h>
#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "base/retention.h"
#include "store/customer_key.h"

/* Up to this, every integer is exact in double precision */
#define MAX_WHOLE_DOUBLE	9007199254740992.0

/*
 * The first two bytes of a numeric, which are the same on disk in all
 * versions.  The highest two bits tell the form: 00 long and positive, 01 long
 * and negative, 10 short, 11 NaN or an infinity, which has no more bytes than
 * these.
 */
#define NUMERIC_FORM		0xC000
#define NUMERIC_NEGATIVE	0x4000
#define NUMERIC_SHORT		0x8000
#define NUMERIC_SHORT_SIGN	0x2000

PG_FUNCTION_INFO_V1(customer_key_in);
PG_FUNCTION_INFO_V1(customer_key_smallint);
PG_FUNCTION_INFO_V1(customer_key_integer);
PG_FUNCTION_INFO_V1(customer_key_oid);
PG_FUNCTION_INFO_V1(customer_key_real);
PG_FUNCTION_INFO_V1(customer_key_double);
PG_FUNCTION_INFO_V1(customer_key_text);
PG_FUNCTION_INFO_V1(customer_key_bpchar);
PG_FUNCTION_INFO_V1(customer_key_name);
PG_FUNCTION_INFO_V1(customer_key_bytea);
PG_FUNCTION_INFO_V1(customer_key_inet);
PG_FUNCTION_INFO_V1(customer_key_uuid);
PG_FUNCTION_INFO_V1(customer_key_numeric);
PG_FUNCTION_INFO_V1(customer_key_record);
PG_FUNCTION_INFO_V1(customer_key_record_support);
PG_FUNCTION_INFO_V1(customer_key_anyelement);
PG_FUNCTION_INFO_V1(in_sample);

static uint64 hash_value(Oid type, Oid collation, Datum value, bool *null);

/*
 * Read the text form of a customer_key, which is the integer as it is written
 * and nothing else: customer_key(citext) comes here too, and '07' is not '7'.
 */
Datum
customer_key_in(PG_FUNCTION_ARGS)
{
	char	   *string = PG_GETARG_CSTRING(0);
	char	   *end;
	char		written[MAXINT8LEN + 1];
	int64		key;

	errno = 0;
	key = strtoi64(string, &end, 10);
	if (errno == ERANGE && *end == '\0')
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value \"%s\" is out of range for type %s", string, "customer_key")));
	written[pg_lltoa(key, written)] = '\0';
	if (strcmp(string, written) != 0)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "customer_key", string),
				 errdetail("The text form of a customer_key is an integer."),
				 errhint("Cast a literal or a parameter to the type of the customers, such as text; pass lower(email) if email is of type citext.")));
	PG_RETURN_INT64(key);
}

/*-------------------------------------------------------------------------
 * Numbers
 *-------------------------------------------------------------------------
 */

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

Datum
customer_key_oid(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_OID(0));
}

/*
 * Hash a floating-point number.  Whole numbers stay the integers they are,
 * since programs turn a column of integers into floating-point numbers as soon
 * as one value is missing.
 */
static uint64
hash_double(double number)
{
	if (number >= -MAX_WHOLE_DOUBLE && number <= MAX_WHOLE_DOUBLE && rint(number) == number)
		return (uint64) (int64) number;
	return DatumGetUInt64(DirectFunctionCall2(hashfloat8extended, Float8GetDatum(number),
											  Int64GetDatum(0)));
}

Datum
customer_key_real(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) hash_double(PG_GETARG_FLOAT4(0)));
}

Datum
customer_key_double(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) hash_double(PG_GETARG_FLOAT8(0)));
}

/* Read the first two bytes of a numeric */
static uint16
numeric_header(Datum value)
{
	uint16		header;

	memcpy(&header, VARDATA_ANY(DatumGetPointer(value)), sizeof(header));
	return header;
}

/* Tell whether a numeric is less than 0; not for infinities */
static bool
numeric_negative(Datum value)
{
	uint16		header = numeric_header(value);

	if ((header & NUMERIC_FORM) == NUMERIC_SHORT)
		return (header & NUMERIC_SHORT_SIGN) != 0;
	return (header & NUMERIC_FORM) == NUMERIC_NEGATIVE;
}

/*
 * Hash a numeric with the server's own function, and invert the bits for a
 * negative number.  NaN and the infinities, which that function does not tell
 * apart, get a hash each.
 */
static uint64
hash_numeric_sign(Datum value)
{
	Datum		plain = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
	uint64		hash;

	if ((numeric_header(plain) & NUMERIC_FORM) == NUMERIC_FORM)
		return hash_bytes_uint32_extended(numeric_header(plain), 0);
	hash = DatumGetUInt64(DirectFunctionCall2(hash_numeric_extended, plain, Int64GetDatum(0)));
	return numeric_negative(plain) ? ~hash : hash;
}

Datum
customer_key_numeric(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) hash_numeric_sign(PG_GETARG_DATUM(0)));
}

/*-------------------------------------------------------------------------
 * Other types with an implicit cast
 *-------------------------------------------------------------------------
 */

/* Hash argument 0 with the extended hash function of its type, under its collation */
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
customer_key_name(PG_FUNCTION_ARGS)
{
	return own_hash(fcinfo, hashnameextended);
}

Datum
customer_key_bytea(PG_FUNCTION_ARGS)
{
	return own_hash(fcinfo, hashvarlenaextended);
}

Datum
customer_key_inet(PG_FUNCTION_ARGS)
{
	return own_hash(fcinfo, hashinetextended);
}

Datum
customer_key_uuid(PG_FUNCTION_ARGS)
{
	return own_hash(fcinfo, uuid_hash_extended);
}

/*-------------------------------------------------------------------------
 * Any other type
 *-------------------------------------------------------------------------
 */

/* Add the hash of a part of a value, as hash_record_extended does */
static inline uint64
add_hash(uint64 hash, uint64 part)
{
	return hash * 31 + part;
}

/* Hash a record; *null becomes true if one of its fields is null */
static uint64
hash_fields(Datum value, bool *null)
{
	HeapTupleHeader record = DatumGetHeapTupleHeader(value);
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(record),
											  HeapTupleHeaderGetTypMod(record));
	HeapTupleData tuple;
	uint64		hash = 0;

	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	for (int i = 0; i < desc->natts && !*null; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Datum		field;

		if (att->attisdropped)
			continue;
		field = heap_getattr(&tuple, i + 1, desc, null);
		if (!*null)
			hash = add_hash(hash, hash_value(att->atttypid, att->attcollation, field, null));
	}
	ReleaseTupleDesc(desc);
	return hash;
}

/* Hash an array; *null becomes true if one of its elements is null */
static uint64
hash_elements(Datum value, Oid collation, bool *null)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	Oid			type = ARR_ELEMTYPE(array);
	uint64		hash = 1;
	int16		length;
	bool		by_value;
	char		align;
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(array, type, length, by_value, align, &elements, &nulls, &n);
	for (int i = 0; i < n && !*null; i++)
	{
		*null = nulls[i];
		if (!*null)
			hash = add_hash(hash, hash_value(type, collation, elements[i], null));
	}
	return hash;
}

/* Hash a jsonb, including the signs of its numbers */
static uint64
hash_jsonb(Datum value)
{
	Jsonb	   *jsonb = DatumGetJsonbP(value);
	uint64		hash = DatumGetUInt64(DirectFunctionCall2(jsonb_hash_extended,
														  JsonbPGetDatum(jsonb), Int64GetDatum(0)));
	JsonbIterator *iterator = JsonbIteratorInit(&jsonb->root);
	JsonbIteratorToken token;
	JsonbValue	part;
	uint64		n = 0;

	while ((token = JsonbIteratorNext(&iterator, &part, false)) != WJB_DONE)
	{
		n++;
		if ((token == WJB_ELEM || token == WJB_VALUE) && part.type == jbvNumeric &&
			numeric_negative(NumericGetDatum(part.val.numeric)))
			hash = hash_combine64(hash, n);
	}
	return hash;
}

/* Add the hash of a bound, unless it is infinite */
static uint64
add_bound(uint64 hash, TypeCacheEntry *range, const RangeBound *bound, bool *null)
{
	if (bound->infinite || *null)
		return hash;
	return add_hash(hash, hash_value(range->rngelemtype->type_id, range->rng_collation,
									 bound->val, null));
}

/*
 * Add the hashes of the bounds to `hash`, which is the server's hash of a
 * range, or of a multirange if `multi`: there may be numbers with a sign in
 * the bounds.  `range` is the type of the range, or of the ranges in the
 * multirange.
 */
static uint64
hash_ranges(uint64 hash, TypeCacheEntry *range, Datum value, bool multi, bool *null)
{
	MultirangeType *ranges = multi ? DatumGetMultirangeTypeP(value) : NULL;
	int			n = multi ? (int) ranges->rangeCount : 1;

	/* types passed by value contain no numeric */
	if (range->rngelemtype->typbyval)
		return hash;
	for (int i = 0; i < n; i++)
	{
		RangeBound	lower;
		RangeBound	upper;
		bool		empty = false;

		if (multi)
			multirange_get_bounds(range, ranges, i, &lower, &upper);
		else
			range_deserialize(range, DatumGetRangeTypeP(value), &lower, &upper, &empty);
		if (empty)
			break;
		hash = add_bound(hash, range, &lower, null);
		hash = add_bound(hash, range, &upper, null);
	}
	return hash;
}

/*
 * Hash a value of any type that has an extended hash function; 42883 for other
 * types.  *null becomes true, and the result means nothing, if a part of the
 * value is null.
 */
static uint64
hash_value(Oid type, Oid collation, Datum value, bool *null)
{
	TypeCacheEntry *typcache;
	uint64		hash;

	check_stack_depth();
	type = getBaseType(type);
	if (type == NUMERICOID)
		return hash_numeric_sign(value);
	/* a literal in a row constructor is hashed as the text would be */
	if (type == UNKNOWNOID)
		return hash_bytes_extended((unsigned char *) DatumGetCString(value),
								   strlen(DatumGetCString(value)), 0);
	if (type == JSONBOID)
		return hash_jsonb(value);
	if (type == RECORDOID || get_typtype(type) == TYPTYPE_COMPOSITE)
		return hash_fields(value, null);
	if (type == RECORDARRAYOID || OidIsValid(get_base_element_type(type)))
		return hash_elements(value, collation, null);
	typcache = lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC_FINFO |
								 TYPECACHE_RANGE_INFO | TYPECACHE_MULTIRANGE_INFO);
	if (!OidIsValid(typcache->hash_extended_proc))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("type %s cannot be a customer", format_type_be(type)),
				 errdetail("It has no extended hash function."),
				 errhint("Cast the customer to text.")));
	hash = DatumGetUInt64(FunctionCall2Coll(&typcache->hash_extended_proc_finfo, collation,
											value, Int64GetDatum(0)));
	if (typcache->rngelemtype)
		return hash_ranges(hash, typcache, value, false, null);
	if (typcache->rngtype)
		return hash_ranges(hash, typcache->rngtype, value, true, null);
	return hash;
}

/*
 * Convert a value of a type without a function of its own:
 * customer_key(anyelement)
 */
Datum
customer_key_anyelement(PG_FUNCTION_ARGS)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	bool		null = false;
	uint64		hash;

	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_INDETERMINATE_DATATYPE),
				 errmsg("could not determine the data type of the customer")));
	hash = hash_value(type, PG_GET_COLLATION(), PG_GETARG_DATUM(0), &null);
	if (null)
		PG_RETURN_NULL();
	PG_RETURN_INT64((int64) hash);
}

/*-------------------------------------------------------------------------
 * Records
 *
 * "o.customer_key" means customer_key(o) if o has no such column, and must not
 * make a customer of each row.  A row of a table fits customer_key(record) and
 * customer_key(anyelement) alike, so the parser takes neither and reports that
 * there is no such column.  A row of a subquery has the same type as row(a, b).
 * But its fields have the names of the columns, while those of row(a, b) are
 * called f1 and f2.
 *-------------------------------------------------------------------------
 */

/* Tell whether a row constructor gives this name to field n, counted from 1 */
static bool
constructed_name(const char *name, int n)
{
	return strcmp(name, psprintf("f%d", n)) == 0;
}

pg_noreturn static void
reject_row(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" does not exist", "customer_key"),
			 errdetail("A whole row of a table or subquery is not a customer."),
			 errhint("Name the columns of the customer: customer_key(row(a, b)).")));
}

/*
 * Raise an error if a record of no named type does not come from a row
 * constructor
 */
static void
check_constructed(FmgrInfo *flinfo, Datum value)
{
	HeapTupleHeader record = DatumGetHeapTupleHeader(value);
	int32		typmod = HeapTupleHeaderGetTypMod(record);
	TupleDesc	desc;

	if (HeapTupleHeaderGetTypeId(record) != RECORDOID)
		return;
	/* fn_extra holds the last typmod that passed the check */
	if (flinfo->fn_extra && *(int32 *) flinfo->fn_extra == typmod)
		return;
	desc = lookup_rowtype_tupdesc(RECORDOID, typmod);
	for (int i = 0; i < desc->natts; i++)
	{
		if (!constructed_name(NameStr(TupleDescAttr(desc, i)->attname), i + 1))
			reject_row();
	}
	ReleaseTupleDesc(desc);
	if (flinfo->fn_extra == NULL)
		flinfo->fn_extra = MemoryContextAlloc(flinfo->fn_mcxt, sizeof(int32));
	*(int32 *) flinfo->fn_extra = typmod;
}

/* Make a customer of several columns: customer_key(record) */
Datum
customer_key_record(PG_FUNCTION_ARGS)
{
	bool		null = false;
	uint64		hash;

	check_constructed(fcinfo->flinfo, PG_GETARG_DATUM(0));
	hash = hash_fields(PG_GETARG_DATUM(0), &null);
	if (null)
		PG_RETURN_NULL();
	PG_RETURN_INT64((int64) hash);
}

/*
 * Support the planner for customer_key(record): raise the same error before
 * any row is read, where the expression shows that it is a row of a subquery.
 */
Datum
customer_key_record_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSimplify))
	{
		Node	   *arg = linitial(((SupportRequestSimplify *) request)->fcall->args);

		if (IsA(arg, Var) && ((Var *) arg)->varattno == InvalidAttrNumber)
			reject_row();
		if (IsA(arg, RowExpr) && ((RowExpr *) arg)->row_typeid == RECORDOID)
		{
			ListCell   *name;

			foreach(name, ((RowExpr *) arg)->colnames)
			{
				if (!constructed_name(strVal(lfirst(name)), foreach_current_index(name) + 1))
					reject_row();
			}
		}
	}
	PG_RETURN_POINTER(NULL);
}

/*-------------------------------------------------------------------------
 * A sample of the customers
 *-------------------------------------------------------------------------
 */

/*
 * Mix the bits of a customer so that the high ones decide who is in a sample.
 * It must share nothing with ret_customer_hash(): a sample by that hash would fill
 * one corner of each map, whose home slots are its high bits.  These are the steps
 * of the finalizer of MurmurHash3, with a constant in front so that customer 0 is
 * not the first of every sample.
 */
static uint64
sample_hash(int64 customer)
{
	uint64		h = (uint64) customer ^ UINT64CONST(0x5851F42D4C957F2D);

	h ^= h >> 33;
	h *= UINT64CONST(0xFF51AFD7ED558CCD);
	h ^= h >> 33;
	h *= UINT64CONST(0xC4CEB9FE1A85EC53);
	return h ^ h >> 33;
}

/*
 * in_sample(customer, share double precision) -> boolean
 *		The hash is below share * 2^53 in a sample of the share, so a smaller share
 *		is a part of a larger one.
 */
Datum
in_sample(PG_FUNCTION_ARGS)
{
	double		share = PG_GETARG_FLOAT8(1);

	if (unlikely(!(share > 0 && share <= 1)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("share must be greater than 0 and at most 1"),
				 errdetail("The value is %g.", share),
				 errhint("A share is a fraction: 0.01 for one customer of a hundred.")));
	PG_RETURN_BOOL((double) (sample_hash(PG_GETARG_CUSTOMER(0)) >> 11) < share * MAX_WHOLE_DOUBLE);
}
