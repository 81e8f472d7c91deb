/*-------------------------------------------------------------------------
 *
 * args.h
 *	  Arguments that several functions take, with one text for each error.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_ARGS_H
#define RETENTION_ARGS_H

#include "access/htup.h"

#include "base/calendar.h"

/* Null, and options: arguments that have a default and must not be null */
pg_noreturn extern void ret_reject_null(const char *name, const char *hint);
extern void ret_reject_null_option(FunctionCallInfo fcinfo, int argno, const char *name);
extern int ret_get_choice(FunctionCallInfo fcinfo, int argno, const char *name,
						   const char *const *choices, int nchoices);

/* Numbers */
pg_noreturn extern void ret_reject_infinite(const char *name, const char *hint);
pg_noreturn extern void ret_reject_negative(double value, const char *name, const char *hint);
extern void ret_check_at_least(int64 value, int64 lowest, const char *name, const char *hint);
extern void ret_check_between(int64 value, int64 lowest, int64 highest,
							  const char *name, const char *hint);
extern double ret_confidence_arg(FunctionCallInfo fcinfo, int argno);
extern double ret_fraction_arg(FunctionCallInfo fcinfo, int argno, const char *hint);
extern double ret_finite_arg(FunctionCallInfo fcinfo, int argno, const char *name);
extern double ret_finite_arg_min(FunctionCallInfo fcinfo, int argno, const char *name, double lowest);
extern int64 ret_count_arg(FunctionCallInfo fcinfo, int argno, const char *name);
extern int64 ret_customers_arg(FunctionCallInfo fcinfo, int argno);

/* Days */
pg_noreturn extern void ret_reject_null_as_of(void);
extern DateADT ret_finite_date(DateADT date, const char *name);
extern DateADT ret_finite_day(RetOffsets *offsets, TimestampTz at, const char *name);
extern DateADT ret_as_of_day(FmgrInfo *flinfo, int64 as_of, RetTimeKind kind);
pg_noreturn extern void ret_reject_contract(int64 started, int64 ended, RetTimeKind kind);
extern int64 ret_get_day(FunctionCallInfo fcinfo, int argno, const char *name, int64 otherwise);

/* Lengths of time */
#define RET_LENGTH_HINT	"Pass a length of time such as '30 days' or '1 month'."

extern void ret_check_length(const Interval *interval, const char *name);
extern double ret_days_arg(FunctionCallInfo fcinfo, int argno, const char *name);

/* annual_discount and periods_per_year */
extern double ret_log_discount(FunctionCallInfo fcinfo, int annual, int periods);
pg_noreturn extern void ret_infinite_value(void);

/* rows of the extension's own types, which their owner may have altered */
extern bool ret_row_matches(HeapTupleHeader row, const Oid *types, int n, bool exactly);
extern void ret_check_model(HeapTupleHeader row, const char *type, const Oid *types, int n);
pg_noreturn extern void ret_reject_model(const char *type, const char *detail);

#endif							/* RETENTION_ARGS_H */
