/*-------------------------------------------------------------------------
 *
 * type.h
 *	  The SQL functions that every type of the engine has: input, output,
 *	  receive, send, the combine and final functions of its aggregates, and
 *	  comparison.  A template, which the file of a type includes after engine.h.
 *
 * Before it is included, RET_ORDERING_TYPE is the name of the SQL type.
 *
 *-------------------------------------------------------------------------
 */
#define RET_TYPE_FUNCTION(suffix, body) \
	PG_FUNCTION_INFO_V1(RET_ORDERING_NAME(suffix)); \
	Datum \
	RET_ORDERING_NAME(suffix)(PG_FUNCTION_ARGS) \
	{ \
		return body(fcinfo); \
	} \
	extern int no_such_variable

#define RET_ORDERING_NAME(suffix) RET_ORDERING_JOIN(RET_ORDERING_TYPE, suffix)
#define RET_ORDERING_JOIN(type, suffix) RET_ORDERING_JOIN_(type, suffix)
#define RET_ORDERING_JOIN_(type, suffix) type##_##suffix

RET_TYPE_FUNCTION(in, value_in);
RET_TYPE_FUNCTION(out, value_out);
RET_TYPE_FUNCTION(recv, value_recv);
RET_TYPE_FUNCTION(send, value_send);
RET_TYPE_FUNCTION(combine, state_combine);
RET_TYPE_FUNCTION(finalfn, state_final);

#undef RET_TYPE_FUNCTION
#undef RET_ORDERING_JOIN_
#undef RET_ORDERING_JOIN
#undef RET_ORDERING_NAME

#define RET_ORDERING_VALUE(n) value_canonical(PG_GETARG_DATUM(n))
#include "base/ordering.h"
