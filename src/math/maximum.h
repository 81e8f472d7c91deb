/*-------------------------------------------------------------------------
 *
 * maximum.h
 *	  The maximum of a log-likelihood over positive parameters: plain C, nothing
 *	  of the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_MAXIMUM_H
#define RETENTION_MAXIMUM_H

#include <stdbool.h>

#define RET_MAX_PARAMS	4

/*
 * A log-likelihood with its derivatives with respect to the logarithms of the
 * parameters
 */
typedef struct RetLikelihood
{
	double		value;
	double		gradient[RET_MAX_PARAMS];
	double		hessian[RET_MAX_PARAMS][RET_MAX_PARAMS];
} RetLikelihood;

/* What is to be maximized */
typedef struct RetProblem
{
	int			nparams;		/* 1 to RET_MAX_PARAMS */
	double		weight;			/* sum of the observations' weights, > 0 */
	void	   *data;			/* for evaluate() */

	/* fills in result, which is zeroed before the call; each theta is > 0 */
	void		(*evaluate) (void *data, const double *theta, RetLikelihood *result);
	/* called before each evaluation, and may not return; NULL for none */
	void		(*interrupt) (void);
} RetProblem;

/* How the search ended */
typedef enum RetFitEnd
{
	RET_FIT_CONVERGED,			/* at a maximum with negative definite Hessian */
	RET_FIT_RIDGE,				/* no maximum: rising or flat towards 0 or infinity */
	RET_FIT_STEPS				/* out of steps */
} RetFitEnd;

/* The result of a search */
typedef struct RetFit
{
	double		theta[RET_MAX_PARAMS];	/* the parameters reached */
	double		se[RET_MAX_PARAMS]; /* standard errors; NaN unless converged */
	double		value;			/* log-likelihood at theta */
	double		gradient;		/* largest component of the gradient / weight */
	int			iterations;		/* Newton steps */
	RetFitEnd	end;			/* how the search ended */
	int			farthest;		/* index of the parameter that moved farthest */
} RetFit;

extern void ret_maximize(const RetProblem *problem, const double *start, RetFit *fit);
extern void ret_log_parameters(int n, const double *theta, RetLikelihood *result);

#endif							/* RETENTION_MAXIMUM_H */
