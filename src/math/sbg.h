/*-------------------------------------------------------------------------
 *
 * sbg.h
 *	  The shifted beta-geometric model of contracts: plain C, nothing of the
 *	  server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_SBG_H
#define RETENTION_SBG_H

#include "math/maximum.h"

/* The customers at risk in each period; the arrays belong to the caller */
typedef struct RetTenures
{
	int			nperiods;		/* the longest tenure */
	double	   *lost;			/* customers who left, by period from 0 */
	double	   *kept;			/* customers kept, by period from 0 */
	double		all_lost;		/* sum of lost */
	double		all_kept;		/* sum of kept */
} RetTenures;

/* How a fit ended */
typedef enum RetSbgEnd
{
	RET_SBG_FITTED,				/* with the most likely parameters */
	RET_SBG_NO_PERIOD,			/* nobody has been there for a whole period */
	RET_SBG_NOBODY_LEFT,
	RET_SBG_NOBODY_KEPT,		/* everybody left in the first period */
	RET_SBG_ONE_PERIOD,			/* one period does not show how retention changes */
	RET_SBG_LEFT_AT_ONCE,		/* all who left did so in the first period */
	RET_SBG_CONSTANT,			/* retention does not rise with the period */
	RET_SBG_NO_MAXIMUM			/* the search ended elsewhere */
} RetSbgEnd;

extern RetSbgEnd ret_sbg_fit(RetTenures *tenures, void (*interrupt) (void), RetFit *fit);

/* A fitted model: the customers' probabilities to leave are beta(alpha, beta) */
typedef struct RetSbgModel
{
	double		alpha;
	double		beta;
} RetSbgModel;

/* Compute r_t, the share of customers who are kept in period t = 1, 2, ... */
static inline double
ret_sbg_retention(const RetSbgModel *model, double t)
{
	return 1 / (1 + model->alpha / (model->beta + (t - 1)));
}

extern double ret_sbg_survival(const RetSbgModel *model, int t);
extern bool ret_sbg_lifetime(const RetSbgModel *model, double n, double log_discount,
							 void (*interrupt) (void), double *payments);
extern double ret_sbg_payments(const RetSbgModel *model, double horizon, double log_discount,
							   void (*interrupt) (void));

#endif							/* RETENTION_SBG_H */
