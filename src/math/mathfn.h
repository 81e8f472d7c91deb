/*-------------------------------------------------------------------------
 *
 * mathfn.h
 *	  Pure mathematics: plain C, nothing of the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_MATHFN_H
#define RETENTION_MATHFN_H

#include <stdbool.h>

/* the normal distribution */
extern double ret_normal_quantile(double p);
extern double ret_normal_two_sided(double z);

/* the chi-square distribution */
extern double ret_chi_square_tail(double x, int degrees);

/* confidence intervals of x successes in n > 0 trials; z is the normal quantile */
extern void ret_wilson(double x, double n, double z,
					   double *lower, double *upper);
extern void ret_newcombe(double x1, double n1, double x2, double n2, double z,
						 double *lower, double *upper);

/* the logarithm of the gamma function with its first two derivatives, z > 0 */
typedef struct RetGamma
{
	double		ln;				/* ln Gamma(z) */
	double		psi;			/* digamma */
	double		psi1;			/* trigamma */
} RetGamma;

extern void ret_gamma(double z, RetGamma *gamma);

/*
 * The negative binomial distribution: how many events there are within t at a
 * rate that is gamma(r, alpha); for 0, 1, 2, ..., one after the other
 */
typedef struct RetCounts
{
	double		r;
	double		z;				/* t / (alpha + t) */
	double		x;				/* the next number */
	double		scaled;			/* its probability, divided by e^ln */
	double		ln;
	double		power;			/* e^ln, or 0 if that is too small to multiply with */
} RetCounts;

extern void ret_counts_start(RetCounts *counts, double r, double alpha, double t);
extern double ret_counts_next(RetCounts *counts);
extern double ret_counts_tail(const RetCounts *counts);

/* 2F1(1, b; b + rest; z) */
extern bool ret_gauss_fraction(double b, double rest, double z, void (*interrupt) (void), double *result);

/* nodes in -1..1, ascending, and weights of Gauss-Legendre quadrature */
extern void ret_gauss_legendre(int n, double *nodes, double *weights);

#endif							/* RETENTION_MATHFN_H */
