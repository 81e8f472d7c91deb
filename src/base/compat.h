/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  Everything that depends on the server's major version, and nothing else.
 *
 * PostgreSQL 15 to 19 are supported.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_COMPAT_H
#define RETENTION_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "retention needs PostgreSQL 15 or newer"
#endif

/* varatt.h was split from postgres.h in 16 */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* initReadOnlyStringInfo appeared in 17 */
#if PG_VERSION_NUM < 170000
static inline void
initReadOnlyStringInfo(StringInfo str, char *data, int len)
{
	str->data = data;
	str->len = len;
	str->maxlen = 0;			/* read-only */
	str->cursor = 0;
}
#endif

/* Soft errors of input functions appeared in 16; before, all errors are hard */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#else
#define ereturn(context, dummy_value, ...)	ereport(ERROR, __VA_ARGS__)
#endif

/* make_range learned of soft errors in 16 */
#if PG_VERSION_NUM >= 160000
#define ret_make_range(typcache, lower, upper)	make_range(typcache, lower, upper, false, NULL)
#else
#define ret_make_range(typcache, lower, upper)	make_range(typcache, lower, upper, false)
#endif

/* Interval infinities appeared in 17 */
#if PG_VERSION_NUM < 170000
#define INTERVAL_NOT_FINITE(i)	(false)
#endif

/* Since 16 window functions may tell the planner which frame they need */
#if PG_VERSION_NUM >= 160000
#define RET_HAVE_OPTIMIZE_WINDOW_CLAUSE 1
#endif

/* Since 18 there is pg_noreturn, which stands before the declaration */
#ifndef pg_noreturn
#define pg_noreturn pg_attribute_noreturn()
#endif

/* Marks a case that continues with the next one; since 19 it is a statement */
#ifndef pg_fallthrough
#if defined(__GNUC__) && (__GNUC__ >= 7 || defined(__clang__))
#define pg_fallthrough __attribute__((fallthrough))
#else
#define pg_fallthrough ((void) 0)
#endif
#endif

/* pg_attribute_always_inline got this name in 20 and in later minor releases */
#ifndef pg_always_inline
#define pg_always_inline pg_attribute_always_inline
#endif

/* IGNORE NULLS appeared in 19; a function that does not know it must say so */
#if PG_VERSION_NUM >= 190000
#define ret_reject_null_treatment(winobj, fcinfo) \
	WinCheckAndInitializeNullTreatment(winobj, false, fcinfo)
#else
#define ret_reject_null_treatment(winobj, fcinfo)	((void) 0)
#endif

#endif							/* RETENTION_COMPAT_H */
