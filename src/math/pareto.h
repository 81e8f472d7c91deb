/*-------------------------------------------------------------------------
 *
 * pareto.h
 *	  The Pareto/NBD model: its likelihood, and what it says of a customer.
 *	  Pure mathematics: plain C, nothing of the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_PARETO_H
#define RETENTION_PARETO_H

#include "math/purchase_math.h"

/* the evaluate function of a RetProblem whose data is a RetPurchases */
extern void ret_pareto_likelihood(void *data, const double *theta, RetLikelihood *result);

/* what forecast.c has for all models; the model must be Pareto/NBD */
extern double ret_pareto_alive(const RetPurchaseModel *model, const RetHistory *history);
extern double ret_pareto_churn_risk(const RetPurchaseModel *model, const RetHistory *history, double days);
extern void ret_pareto_counts(const RetPurchaseModel *model, double days, int n, double *result);

extern double ret_pareto_growth(double s, double time);

#endif							/* RETENTION_PARETO_H */
