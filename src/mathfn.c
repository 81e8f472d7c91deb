/*-------------------------------------------------------------------------
 *
 * mathfn.c
 *	  Pure mathematics: the normal distribution and the confidence intervals
 *	  that are built on it.
 *
 * Normal quantile: a rough first value, then steps of Halley's method, which
 * triple the number of right digits, on erf in the middle and on erfc in the
 * tails, so that neither a p near 1/2 nor a tiny one loses digits.
 *
 * Interval of one proportion: E. B. Wilson, Probable inference, the law of
 * succession, and statistical inference, JASA 22 (1927).  Of two: R. G.
 * Newcombe, Interval estimation for the difference between independent
 * proportions, Statistics in Medicine 17 (1998), method 10.
 *
 * Nothing here allocates, and nothing throws: arguments outside the domain
 * give NaN or infinity, which callers exclude.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>

#include "mathfn.h"

#define SQRT_2		1.41421356237309504880
#define SQRT_2PI	2.50662827463100050242

#define HALLEY_STEPS	3

static double central_quantile(double r);
static double tail_quantile(double q);

/*
 * The z below which a standard normal variable falls with probability p
 */
double
ret_normal_quantile(double p)
{
	if (isnan(p) || p < 0 || p > 1)
		return NAN;
	if (fabs(p - 0.5) <= 0.25)
		return central_quantile(p - 0.5);
	return p < 0.5 ? -tail_quantile(p) : tail_quantile(1 - p);
}

/*
 * Probability that a standard normal variable is further from 0 than z
 */
double
ret_normal_two_sided(double z)
{
	return erfc(fabs(z) / SQRT_2);
}

/*
 * Wilson interval of the proportion x / n.
 *
 * The usual lower bound (a - h) / (n + z^2), a = x + z^2/2, subtracts nearly
 * equal numbers when x is small against z^2.  Since a^2 - h^2 is
 * x^2 (n + z^2) / n, it also is x^2 / n / (a + h), where nothing cancels.
 * Rounding must not carry a bound past the estimate or past 0 and 1.
 */
void
ret_wilson(double x, double n, double z, double *lower, double *upper)
{
	double		zz = z * z;
	double		a = x + zz / 2;
	double		h = z * sqrt(x * ((n - x) / n) + zz / 4);

	*lower = x > 0 ? fmin((x / n) * x / (a + h), x / n) : 0;
	*upper = x < n ? fmax((a + h) / (n + zz), x / n) : 1;
}

/*
 * Newcombe interval of the difference x2 / n2 - x1 / n1, which only rounding
 * could carry past -1 and 1
 */
void
ret_newcombe(double x1, double n1, double x2, double n2, double z,
			 double *lower, double *upper)
{
	double		p1 = x1 / n1;
	double		p2 = x2 / n2;
	double		l1,
				u1,
				l2,
				u2;

	ret_wilson(x1, n1, z, &l1, &u1);
	ret_wilson(x2, n2, z, &l2, &u2);
	*lower = fmax(p2 - p1 - hypot(p2 - l2, u1 - p1), -1);
	*upper = fmin(p2 - p1 + hypot(u2 - p2, p1 - l1), 1);
}

/*
 * One step of Halley's method from z, where u is the error in the probability
 * divided by the density
 */
static double
halley_step(double z, double u)
{
	return z - u / (1 + z * u / 2);
}

/*
 * Solve erf(z / sqrt 2) / 2 = r, |r| <= 1/4
 */
static double
central_quantile(double r)
{
	double		z = r * SQRT_2PI;

	for (int i = 0; i < HALLEY_STEPS; i++)
		z = halley_step(z, (erf(z / SQRT_2) / 2 - r) * SQRT_2PI * exp(z * z / 2));
	return z;
}

/*
 * Solve erfc(z / sqrt 2) / 2 = q, q < 1/4.  The first value is Abramowitz and
 * Stegun 26.2.22, with an error below 0.003.
 */
static double
tail_quantile(double q)
{
	double		lnq = log(q);
	double		t = sqrt(-2 * lnq);
	double		z = t - (2.30753 + 0.27061 * t) / (1 + t * (0.99229 + 0.04481 * t));

	if (isinf(t))
		return t;
	for (int i = 0; i < HALLEY_STEPS; i++)
	{
		/* q divided by the density, as the density alone may underflow */
		double		scale = SQRT_2PI * exp(z * z / 2 + lnq);

		z = halley_step(z, (1 - erfc(z / SQRT_2) / 2 / q) * scale);
	}
	return z;
}
