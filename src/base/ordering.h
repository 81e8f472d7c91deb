/*-------------------------------------------------------------------------
 *
 * ordering.h
 *	  Comparison and hash functions of a type whose equal values are equal
 *	  bytes: a template, which a file includes once for its type.
 *
 * The order is that of the bytes.  It means nothing, but lets values be sorted,
 * grouped, indexed and compared by REFRESH MATERIALIZED VIEW CONCURRENTLY.
 *
 * Before it is included:
 *
 *		RET_ORDERING_TYPE		the name of the SQL type; NAME_eq, NAME_cmp,
 *								NAME_hash and the others are defined
 *		RET_ORDERING_VALUE(n)	the canonical bytes of argument n, a struct
 *								varlena *; a copy of the argument is freed
 *
 *-------------------------------------------------------------------------
 */
#include "common/hashfn.h"

#include "base/varlena.h"

#define RET_ORDERING_NAME(suffix) RET_ORDERING_JOIN(RET_ORDERING_TYPE, suffix)
#define RET_ORDERING_JOIN(type, suffix) RET_ORDERING_JOIN_(type, suffix)
#define RET_ORDERING_JOIN_(type, suffix) type##_##suffix

/* Compare arguments 0 and 1: negative, 0 or positive */
static int
compare_arguments(FunctionCallInfo fcinfo)
{
	struct varlena *a = RET_ORDERING_VALUE(0);
	struct varlena *b = RET_ORDERING_VALUE(1);
	int			result = ret_compare_bytes(a, b);

	/* sorts do not reset their context after each comparison */
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return result;
}

#define RET_ORDERING_FUNCTION(suffix, result) \
	PG_FUNCTION_INFO_V1(RET_ORDERING_NAME(suffix)); \
	Datum \
	RET_ORDERING_NAME(suffix)(PG_FUNCTION_ARGS) \
	{ \
		result; \
	} \
	extern int no_such_variable

RET_ORDERING_FUNCTION(eq, PG_RETURN_BOOL(compare_arguments(fcinfo) == 0));
RET_ORDERING_FUNCTION(ne, PG_RETURN_BOOL(compare_arguments(fcinfo) != 0));
RET_ORDERING_FUNCTION(lt, PG_RETURN_BOOL(compare_arguments(fcinfo) < 0));
RET_ORDERING_FUNCTION(le, PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0));
RET_ORDERING_FUNCTION(gt, PG_RETURN_BOOL(compare_arguments(fcinfo) > 0));
RET_ORDERING_FUNCTION(ge, PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0));
RET_ORDERING_FUNCTION(cmp, PG_RETURN_INT32(compare_arguments(fcinfo)));

/* Hash argument 0, with a seed if there is one */
static Datum
hash_argument(FunctionCallInfo fcinfo, const uint64 *seed)
{
	struct varlena *value = RET_ORDERING_VALUE(0);
	const unsigned char *bytes = (const unsigned char *) VARDATA_ANY(value);
	int			size = (int) VARSIZE_ANY_EXHDR(value);
	Datum		result = seed ? hash_any_extended(bytes, size, *seed) : hash_any(bytes, size);

	PG_FREE_IF_COPY(value, 0);
	return result;
}

RET_ORDERING_FUNCTION(hash, return hash_argument(fcinfo, NULL));
RET_ORDERING_FUNCTION(hash_extended, uint64 seed = (uint64) PG_GETARG_INT64(1); return hash_argument(fcinfo, &seed));

#undef RET_ORDERING_FUNCTION
#undef RET_ORDERING_JOIN_
#undef RET_ORDERING_JOIN
#undef RET_ORDERING_NAME
#undef RET_ORDERING_VALUE
#undef RET_ORDERING_TYPE
