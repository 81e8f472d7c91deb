/*-------------------------------------------------------------------------
 *
 * stats.h
 *	  What other families use of stats.c: a quantile, and a Wilson interval.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_STATS_H
#define RETENTION_STATS_H

#include "base/retention.h"

extern double ret_confidence_z(FunctionCallInfo fcinfo, int argno);
extern Datum ret_wilson_row(FunctionCallInfo fcinfo, int64 successes,
							int64 trials, int confidence_argno);

#endif							/* RETENTION_STATS_H */
