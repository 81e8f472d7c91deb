/*-------------------------------------------------------------------------
 *
 * purchase_model.h
 *	  What the fits of purchase models and the functions that use these models
 *	  share: which histories a customer can have.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_PURCHASE_MODEL_H
#define RETENTION_PURCHASE_MODEL_H

#include "fmgr.h"

#include "base/retention.h"
#include "math/purchase_math.h"

#define RET_MAX_FREQUENCY	1000000 /* a likelihood takes a step per purchase */
#define RET_MAX_DAYS		1e12

pg_noreturn extern void ret_reject_history(int64 frequency, double recency, double age);
extern void ret_check_frequency(int64 frequency);
extern void ret_check_monetary_value(int64 frequency, double value);
extern void ret_purchase_model_get(FunctionCallInfo fcinfo, int argno, RetPurchaseModel *model);

/* the names of the parameters, in the order of RetFit.theta */
extern const char *const ret_purchase_parameters[];
extern const char *const ret_spend_parameters[];

/* Check whether there can be x repeat purchases, the last after tx of t days */
static inline bool
ret_history_valid(double x, double tx, double t)
{
	return x >= 0 && x <= RET_MAX_FREQUENCY && x == (double) (int32) x &&
		tx >= 0 && tx <= t && t <= RET_MAX_DAYS && (x > 0) == (tx > 0);
}

#endif							/* RETENTION_PURCHASE_MODEL_H */
