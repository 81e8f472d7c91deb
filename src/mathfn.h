/*-------------------------------------------------------------------------
 *
 * mathfn.h
 *	  Pure mathematics: plain C, nothing of the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_MATHFN_H
#define RETENTION_MATHFN_H

/* the normal distribution */
extern double ret_normal_quantile(double p);
extern double ret_normal_two_sided(double z);

/* confidence intervals of x successes in n > 0 trials, z the normal quantile */
extern void ret_wilson(double x, double n, double z,
					   double *lower, double *upper);
extern void ret_newcombe(double x1, double n1, double x2, double n2, double z,
						 double *lower, double *upper);

#endif							/* RETENTION_MATHFN_H */
