/*-------------------------------------------------------------------------
 *
 * mathfn.h
 *	  Pure mathematics: plain C, nothing of the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_MATHFN_H
#define RETENTION_MATHFN_H

#include <math.h>
#include <stdbool.h>

/*
 * A sum of doubles in four parts, of which each takes what the one before had
 * to round off.  All zeros is the empty sum.  Sums of at most 200 bits from the
 * highest to the lowest are exact, so that neither order nor grouping shows.
 */
#define RET_SUM_PARTS	4

typedef struct RetSum
{
	double		parts[RET_SUM_PARTS];
} RetSum;

extern double ret_sum_value(const RetSum *sum);
extern void ret_sum_add_product(RetSum *sum, double a, double b);

/* Compute a + b in *sum, and return what that had to round off */
static inline double
ret_two_sum(double a, double b, double *sum)
{
	double		s = a + b;
	double		z = s - a;

	*sum = s;
	return (a - (s - z)) + (b - z);
}

/* Add a number to a sum; one that overflows is no longer finite */
static inline void
ret_sum_add(RetSum *sum, double x)
{
	for (int i = 0; i < RET_SUM_PARTS && x != 0; i++)
		x = ret_two_sum(sum->parts[i], x, &sum->parts[i]);
}

/* the normal distribution */
extern double ret_normal_quantile(double p);
extern double ret_normal_two_sided(double z);

/* the chi-square distribution */
extern double ret_chi_square_tail(double x, int degrees);

/* Student's t distribution; degrees need not be whole */
extern double ret_student_two_sided(double t, double degrees);
extern double ret_student_quantile(double p, double degrees);

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

/* nodes in -1..1, ascending, and weights of Gauss-Legendre quadrature */
extern void ret_gauss_legendre(int n, double *nodes, double *weights);

#endif							/* RETENTION_MATHFN_H */
