/*-------------------------------------------------------------------------
 *
 * cohort.h
 *	  What other families use of cohort.c: options, days and choices as
 *	  arguments, and bins as rows of a table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_COHORT_H
#define RETENTION_COHORT_H

#include "base/calendar.h"

extern void ret_reject_null_option(FunctionCallInfo fcinfo, int argno, const char *name);
extern void ret_get_bins(FunctionCallInfo fcinfo, int period, int origin, RetBins *bins);
extern int ret_get_choice(FunctionCallInfo fcinfo, int argno, const char *name,
						   const char *const *choices, int nchoices);
pg_noreturn extern void ret_reject_null_as_of(void);
extern DateADT ret_finite_date(DateADT date, const char *name);
extern DateADT ret_finite_day(RetOffsets *offsets, TimestampTz at, const char *name);
extern int64 ret_get_day(FunctionCallInfo fcinfo, int argno, const char *name, int64 otherwise);
extern int64 ret_begun_bin(const RetBins *bins, int64 as_of);
extern int64 ret_first_bin(const RetBins *bins, int64 since);
extern void ret_check_bins(int64 nbins);
extern Datum ret_bin_date(const RetBins *bins, int64 bin);

#endif							/* RETENTION_COHORT_H */
