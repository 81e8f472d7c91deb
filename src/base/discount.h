/*-------------------------------------------------------------------------
 *
 * discount.h
 *	  The arguments annual_discount and periods_per_year, wherever they occur.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_DISCOUNT_H
#define RETENTION_DISCOUNT_H

#include "base/retention.h"

extern double ret_log_discount(FunctionCallInfo fcinfo, int annual, int periods);
pg_noreturn extern void ret_infinite_value(void);

#endif							/* RETENTION_DISCOUNT_H */
