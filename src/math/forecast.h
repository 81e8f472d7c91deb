/*-------------------------------------------------------------------------
 *
 * forecast.h
 *	  What a purchase model expects of a customer.  Pure mathematics: plain C,
 *	  nothing of the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_FORECAST_H
#define RETENTION_FORECAST_H

#include "math/purchase_math.h"

extern double ret_p_alive(const RetPurchaseModel *model, const RetHistory *history);
extern double ret_churn_risk(const RetPurchaseModel *model, const RetHistory *history, double days);
extern double ret_expected_purchases(const RetPurchaseModel *model, const RetHistory *history, double days);

extern double ret_model_expected(const RetPurchaseModel *model, double days);
extern void ret_model_counts(const RetPurchaseModel *model, double days, int n, double *result);

/* Rules of quadrature over a horizon, from the coarsest to the finest */
#define RET_VALUE_RULES		5
#define RET_VALUE_NODES		80	/* of the finest rule */

typedef struct RetValueRules
{
	double		nodes[RET_VALUE_RULES][RET_VALUE_NODES];
	double		weights[RET_VALUE_RULES][RET_VALUE_NODES];
} RetValueRules;

extern void ret_value_rules(RetValueRules *rules);
extern double ret_discounted_purchases(const RetPurchaseModel *model, const RetHistory *history,
									   double days, double discount, const RetValueRules *rules);

#endif							/* RETENTION_FORECAST_H */
