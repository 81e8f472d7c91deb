/*-------------------------------------------------------------------------
 *
 * args.h
 *	  Arguments that several functions take, with one text for each error.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_ARGS_H
#define RETENTION_ARGS_H

#include "base/calendar.h"

/* numbers */
extern double ret_finite_arg(FunctionCallInfo fcinfo, int argno, const char *name);
extern double ret_finite_arg_min(FunctionCallInfo fcinfo, int argno, const char *name, double lowest);
extern double ret_count_arg(FunctionCallInfo fcinfo, int argno, const char *name);

/* options: arguments that must not be null */
extern void ret_reject_null_option(FunctionCallInfo fcinfo, int argno, const char *name);
extern int ret_get_choice(FunctionCallInfo fcinfo, int argno, const char *name,
						   const char *const *choices, int nchoices);

/* days */
pg_noreturn extern void ret_reject_null_as_of(void);
extern DateADT ret_finite_date(DateADT date, const char *name);
extern DateADT ret_finite_day(RetOffsets *offsets, TimestampTz at, const char *name);
extern DateADT ret_as_of_day(FmgrInfo *flinfo, int64 as_of, RetTimeKind kind);
extern int64 ret_get_day(FunctionCallInfo fcinfo, int argno, const char *name, int64 otherwise);

/* lengths of time */
extern void ret_check_length(const Interval *interval, const char *name);
extern double ret_days_arg(FunctionCallInfo fcinfo, int argno, const char *name);

/* annual_discount and periods_per_year */
extern double ret_log_discount(FunctionCallInfo fcinfo, int annual, int periods);
pg_noreturn extern void ret_infinite_value(void);

#endif							/* RETENTION_ARGS_H */
