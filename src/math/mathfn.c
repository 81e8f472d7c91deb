/*-------------------------------------------------------------------------
 *
 * mathfn.c
 *	  Pure mathematics: the normal distribution and the confidence intervals
 *	  that are built on it, Student's t, the gamma function, quadrature, and sums.
 *
 * Normal quantile: a rough first value, then steps of Halley's method, which
 * triple the number of correct digits: on erf in the middle and on erfc in the
 * tails, so that digits are lost neither for p near 1/2 nor for a tiny p.
 *
 * Interval of one proportion: E. B. Wilson, Probable inference, the law of
 * succession, and statistical inference, JASA 22 (1927).  Of two: R. G.
 * Newcombe, Interval estimation for the difference between independent
 * proportions, Statistics in Medicine 17 (1998), method 10.
 *
 * Gamma function and derivatives: Stirling's series (Abramowitz and Stegun
 * 6.1.40, 6.3.18, 6.4.11), after the recurrence has made small arguments large.
 *
 * Chi-square tail: the regularized incomplete gamma function Q(degrees / 2,
 * x / 2), by series or continued fraction.
 *
 * Student's t: the regularized incomplete beta function I_x(a, b), by the continued
 * fraction Abramowitz and Stegun 26.5.8 (DLMF 8.17.22); by quadrature of the
 * density, if there are many degrees of freedom.
 *
 * Sums of doubles: T. Ogita, S. M. Rump, S. Oishi, Accurate sum and dot product,
 * SIAM Journal on Scientific Computing 26 (2005), SumK with K = 4; what a sum and
 * a product round off are TwoSum of D. E. Knuth and one fused multiply-add.
 *
 * Nothing here allocates, and nothing throws: arguments outside the domain
 * give NaN or infinity, which callers exclude.
 *
 *-------------------------------------------------------------------------
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "math/mathfn.h"

#define SQRT_2		1.41421356237309504880
#define SQRT_2PI	2.50662827463100050242

#define HALLEY_STEPS	3
#define GAMMA_STEPS		100000

#define STUDENT_STEPS	200
#define STUDENT_NODES	48
#define MANY_DEGREES	500

#define STIRLING_FROM	10		/* smaller arguments need the recurrence */
#define HALF_LN_2PI		0.91893853320467274178

static double central_quantile(double r);
static double tail_quantile(double q);

/* Compute the z below which a standard normal variable falls with probability p */
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
 * Compute the probability that a standard normal variable is further from 0
 * than z
 */
double
ret_normal_two_sided(double z)
{
	return erfc(fabs(z) / SQRT_2);
}

/*
 * Compute the Wilson interval of the proportion x / n.
 *
 * The usual lower bound (a - h) / (n + z^2), a = x + z^2/2, subtracts nearly
 * equal numbers when x is small against z^2.  Since a^2 - h^2 is
 * x^2 (n + z^2) / n, the bound equals x^2 / n / (a + h), where nothing cancels.
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
 * Compute the Newcombe interval of the difference x2 / n2 - x1 / n1.  Only
 * rounding could carry its bounds past -1 and 1.
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
 * Take one step of Halley's method from z, where u is the error in the
 * probability divided by the density
 */
static double
halley_step(double z, double u)
{
	return z - u / (1 + z * u / 2);
}

/* Solve erf(z / sqrt 2) / 2 = r, |r| <= 1/4 */
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
		/* compute q / density at once: the density alone may underflow */
		double		scale = SQRT_2PI * exp(z * z / 2 + lnq);

		z = halley_step(z, (1 - erfc(z / SQRT_2) / 2 / q) * scale);
	}
	return z;
}

/* Compute what Stirling's formula lacks for ln Gamma(z), z >= STIRLING_FROM */
static double
stirling_rest(double z)
{
	double		r = 1 / z;
	double		s = r * r;

	return r * (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s *
		(1.0 / 1188 - s * (691.0 / 360360 - s * (1.0 / 156)))))));
}

/*
 * Compute ln Gamma, digamma and trigamma of z > 0.  The error is about 1e-15,
 * relative or absolute, whichever is larger.
 */
void
ret_gamma(double z, RetGamma *gamma)
{
	double		product = 1;
	double		psi = 0;
	double		psi1 = 0;
	double		r,
				s;

	while (z < STIRLING_FROM)
	{
		product *= z;
		psi += 1 / z;
		psi1 += 1 / (z * z);
		z += 1;
	}
	r = 1 / z;
	s = r * r;
	gamma->ln = (z - 0.5) * log(z) - z + HALF_LN_2PI - log(product) + stirling_rest(z);
	gamma->psi = log(z) - r / 2 - psi -
		s * (1.0 / 12 - s * (1.0 / 120 - s * (1.0 / 252 - s * (1.0 / 240 - s *
			(1.0 / 132 - s * (691.0 / 32760 - s * (1.0 / 12)))))));
	gamma->psi1 = r + s / 2 + psi1 +
		r * s * (1.0 / 6 - s * (1.0 / 30 - s * (1.0 / 42 - s * (1.0 / 30 - s *
			(5.0 / 66 - s * (691.0 / 2730 - s * (7.0 / 6)))))));
}

/*
 * Compute the nodes of Gauss-Legendre quadrature and their weights.  The nodes
 * are the zeros of the Legendre polynomial of degree n, found by Newton's
 * method on its recurrence.  O(n^2).
 */
void
ret_gauss_legendre(int n, double *nodes, double *weights)
{
	for (int i = 0; i < (n + 1) / 2; i++)
	{
		double		x = cos(M_PI * (i + 0.75) / (n + 0.5));
		double		slope = 0;

		for (int step = 0; step < 6; step++)
		{
			double		p = 1;
			double		before = 0;

			for (int k = 1; k <= n; k++)
			{
				double		next = ((2 * k - 1) * x * p - (k - 1) * before) / k;

				before = p;
				p = next;
			}
			slope = n * (x * p - before) / (x * x - 1);
			x -= p / slope;
		}
		nodes[i] = -x;
		nodes[n - 1 - i] = x;
		weights[i] = weights[n - 1 - i] = 2 / ((1 - x * x) * slope * slope);
	}
}

/*
 * Compute the regularized lower incomplete gamma function P(a, x), given
 * factor = x^a e^-x / Gamma(a), by its power series, which converges fast for
 * x < a + 1
 */
static double
gamma_series(double a, double x, double factor)
{
	double		term = 1 / a;
	double		sum = term;

	for (int n = 1; n < GAMMA_STEPS && term > sum * DBL_EPSILON / 4; n++)
	{
		term *= x / (a + n);
		sum += term;
	}
	return factor * sum;
}

/*
 * Compute the upper function, Q(a, x) = 1 - P(a, x), for x >= a + 1 and the
 * same factor: the even part of the continued fraction Abramowitz and Stegun
 * 6.5.31, evaluated from the front by the method of Lentz
 */
static double
gamma_fraction(double a, double x, double factor)
{
	double		b = x + 1 - a;
	double		c = 1 / DBL_MIN;
	double		d = 1 / b;
	double		result = d;

	for (int n = 1; n < GAMMA_STEPS; n++)
	{
		double		numerator = -n * (n - a);
		double		change;

		b += 2;
		d = 1 / (numerator * d + b);
		c = b + numerator / c;
		change = c * d;
		result *= change;
		if (fabs(change - 1) <= DBL_EPSILON)
			break;
	}
	return factor * result;
}

/*
 * Compute the probability that a chi-square variable exceeds x, where `degrees`
 * is its number of degrees of freedom, at least 1.  The relative error is about
 * 1e-15 times the larger of x and degrees, even far out in the tail.
 */
double
ret_chi_square_tail(double x, int degrees)
{
	double		a = degrees / 2.0;
	RetGamma	gamma;
	double		factor;

	if (isnan(x))
		return NAN;
	if (x <= 0)
		return 1;
	if (degrees == 1)
		return erfc(sqrt(x / 2));
	x /= 2;
	ret_gamma(a, &gamma);
	factor = exp(a * log(x) - x - gamma.ln);
	if (x < a + 1)
		return 1 - gamma_series(a, x, factor);
	return factor > 0 ? gamma_fraction(a, x, factor) : 0;
}

/*
 * Compute Gamma(a + 1/2) / Gamma(a), a > 0.  The difference of two logarithms
 * would lose all that they have in common.
 */
static double
half_step_of_gamma(double a)
{
	double		product = 1;

	while (a < STIRLING_FROM)
	{
		product *= a / (a + 0.5);
		a += 1;
	}
	return product * sqrt(a) *
		exp(a * log1p(0.5 / a) - 0.5 + stirling_rest(a + 0.5) - stirling_rest(a));
}

/*
 * Compute the continued fraction of I_x(a, b), which is x^a (1 - x)^b / (a B(a, b))
 * times the result, from the front by the method of Lentz.  It converges fast for
 * x < (a + 1) / (a + b + 2), in about sqrt(max(a, b)) steps.
 */
static double
beta_fraction(double a, double b, double x)
{
	double		c = 1;
	double		d = 0;
	double		result = 1;

	for (int n = 1; n < GAMMA_STEPS; n++)
	{
		double		m = n / 2;
		double		numerator = n % 2 == 0 ? m * (b - m) * x / ((a + n - 1) * (a + n)) :
			-(a + m) * (a + b + m) * x / ((a + n - 1) * (a + n));
		double		change;

		d = 1 / (1 + numerator * d);
		c = 1 + numerator / c;
		change = c * d;
		result *= change;
		if (fabs(change - 1) <= DBL_EPSILON / 2)
			break;
	}
	return 1 / result;
}

/* Compute ln(1 + t^2 / degrees), also where the square overflows */
static double
log_spread(double t, double degrees)
{
	double		q = t / degrees * t;

	return isinf(q) ? 2 * log(fabs(t)) - log(degrees) : log1p(q);
}

/* Compute the density of Student's t distribution */
static double
student_density(double t, double degrees)
{
	return half_step_of_gamma(degrees / 2) / sqrt(M_PI * degrees) *
		exp(-(degrees + 1) / 2 * log_spread(t, degrees));
}

/*
 * Compute the integral of the density from t > 0, divided by its value there.
 * Each step of the continued fraction loses a little, and there are sqrt(degrees);
 * of many degrees the density falls like that of the normal distribution, which
 * quadrature follows to the point where it is e^-40 of the value at t.
 */
static double
tail_of_density(double t, double degrees)
{
	double		nodes[STUDENT_NODES];
	double		weights[STUDENT_NODES];
	double		scale = degrees + t * t;
	double		fall = expm1(80 / (degrees + 1)) * scale;
	double		reach = fall / (t + sqrt(t * t + fall));
	double		sum = 0;

	ret_gauss_legendre(STUDENT_NODES, nodes, weights);
	for (int i = 0; i < STUDENT_NODES; i++)
	{
		double		s = reach * (1 + nodes[i]) / 2;

		sum += weights[i] * exp(-(degrees + 1) / 2 * log1p(s * (2 * t + s) / scale));
	}
	return sum * reach / 2;
}

/*
 * Compute the probability that a variable with Student's t distribution is further
 * from 0 than t: I_x(degrees / 2, 1/2) with x = degrees / (degrees + t^2), or one
 * less the same of 1 - x, whichever converges.  The relative error is about 1e-15
 * times the logarithm of the result, and less than 1e-13 above 1e-30.
 */
double
ret_student_two_sided(double t, double degrees)
{
	double		a = degrees / 2;
	double		q = t / degrees * t;
	double		factor;

	if (isnan(t) || !(degrees > 0))
		return NAN;
	if (q == 0)
		return 1;
	/* x^a (1 - x)^b / B(a, b) */
	factor = half_step_of_gamma(a) / sqrt(M_PI) * exp(-a * log_spread(t, degrees)) /
		sqrt(1 + 1 / q);
	if (1 / (1 + q) > (a + 1) / (a + 2.5))
		return 1 - 2 * factor * beta_fraction(0.5, a, 1 / (1 + 1 / q));
	if (degrees > MANY_DEGREES)
		return 2 * student_density(t, degrees) * tail_of_density(fabs(t), degrees);
	return factor / a * beta_fraction(a, 0.5, 1 / (1 + q));
}

/*
 * Compute the t > 0 from which a variable with Student's t distribution is further
 * from 0 with probability p.  The probability is convex in t, and that of the
 * normal distribution is smaller, so Newton's method comes from below.
 */
double
ret_student_quantile(double p, double degrees)
{
	double		t = -ret_normal_quantile(p / 2);

	for (int i = 0; i < STUDENT_STEPS; i++)
	{
		double		step = (ret_student_two_sided(t, degrees) - p) / 2 / student_density(t, degrees);

		t += step;
		if (!(step > t * DBL_EPSILON))
			break;
	}
	return t;
}

/*
 * Round a sum to a double, once.  The parts are brought into the form in which
 * each is what the sum before it rounds off; then the first is the result, unless
 * the second is just half a unit in its last place and the third decides.
 */
double
ret_sum_value(const RetSum *sum)
{
	double		p[RET_SUM_PARTS];
	double		next;

	memcpy(p, sum->parts, sizeof(p));
	if (p[1] == 0 && p[2] == 0 && p[3] == 0)
		return p[0];
	for (int pass = 1; pass < RET_SUM_PARTS; pass++)
	{
		for (int i = RET_SUM_PARTS - 1; i > 0; i--)
			p[i] = ret_two_sum(p[i - 1], p[i], &p[i - 1]);
	}
	next = p[0] + 2 * p[1];
	if (p[1] * p[2] > 0 && next - p[0] == 2 * p[1])
		return next;
	return p[0];
}

/* Add the product a b, without rounding it */
void
ret_sum_add_product(RetSum *sum, double a, double b)
{
	double		product = a * b;

	ret_sum_add(sum, product);
	ret_sum_add(sum, fma(a, b, -product));
}
