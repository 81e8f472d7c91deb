/*-------------------------------------------------------------------------
 *
 * clv.h
 *	  What other files use of clv.c: the row of clv_summary.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_CLV_H
#define RETENTION_CLV_H

#include "store/money.h"

extern Datum ret_clv_summary_row(FunctionCallInfo fcinfo, int64 customers, int64 purchases,
								 const RetMoney *revenue, double seconds);

#endif							/* RETENTION_CLV_H */
