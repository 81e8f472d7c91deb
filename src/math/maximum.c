/*-------------------------------------------------------------------------
 *
 * maximum.c
 *	  The maximum of a log-likelihood over positive parameters.
 *
 * Newton's method, damped as D. W. Marquardt does (An algorithm for
 * least-squares estimation of nonlinear parameters, J. SIAM 11 (1963)), in the
 * logarithms of the parameters, which keeps them positive and makes the path
 * independent of the units.  Where a likelihood has no maximum it rises ever
 * more slowly towards a limit, f = f_max - c exp(-p): its gradient gets as
 * small as in a maximum, but the step that Newton's method asks for stays
 * near 1.  So a maximum is where gradient and step are both small.
 *
 * Nothing here allocates, and nothing throws: arguments outside the domain
 * give NaN or infinity, which callers exclude.
 *
 *-------------------------------------------------------------------------
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "math/maximum.h"

#define NEWTON_STEPS	100
#define LONGEST_STEP	3.0		/* of the logarithm of any parameter */
#define FARTHEST		30.0	/* of any such logarithm, from the start */
#define SMALL_GRADIENT	1e-9	/* all gradients are per unit of weight */
#define NO_GRADIENT		1e-12
#define FLAT_GRADIENT	1e-6
#define SMALL_STEP		1e-6
#define NO_STEP			1e-9
#define FIRST_DAMPING	1e-3
#define LEAST_DAMPING	1e-6	/* where there is any */
#define MOST_DAMPING	1e30
#define NO_DAMPING		1e-9	/* less damping than this is none */
#define DAMPING_FACTOR	10		/* by which it rises or falls after a step */
#define FLAT_PIVOT		1e-12	/* least pivot per unit of weight, times the damping */
#define VALUE_NOISE		1e-13	/* relative error of a sum of many logarithms */
#define PIVOT_NOISE		1e-12

typedef double Matrix[RET_MAX_PARAMS][RET_MAX_PARAMS];

static bool cholesky(int n, Matrix a);
static void cholesky_solve(int n, Matrix l, const double *b, double *x);
static double largest(int n, const double *values);
static bool newton_step(int n, const RetLikelihood *at, double lambda, double weight, double *step);
static void standard_errors(int n, const RetLikelihood *at, RetFit *fit);

/*
 * Turn derivatives with respect to the parameters into derivatives with
 * respect to their logarithms: g_i becomes theta_i g_i, and H_ij becomes
 * theta_i theta_j H_ij, plus theta_i g_i where i = j.
 */
void
ret_log_parameters(int n, const double *theta, RetLikelihood *result)
{
	for (int i = 0; i < n; i++)
	{
		result->gradient[i] *= theta[i];
		for (int j = 0; j < n; j++)
			result->hessian[i][j] *= theta[i] * theta[j];
		result->hessian[i][i] += result->gradient[i];
	}
}

/* A search in progress */
typedef struct Search
{
	const RetProblem *problem;
	double		p[RET_MAX_PARAMS];	/* the logarithms of the parameters */
	double		origin[RET_MAX_PARAMS]; /* where the search began */
	double		step[RET_MAX_PARAMS];	/* the step to be taken */
	double		lambda;			/* damping */
	RetLikelihood at;			/* the likelihood at p */
} Search;

/* Evaluate the likelihood at p; false if any part of the result is not finite */
static bool
evaluate(const RetProblem *problem, const double *p, RetLikelihood *result)
{
	int			n = problem->nparams;
	double		theta[RET_MAX_PARAMS];
	double		sum;

	if (problem->interrupt)
		problem->interrupt();
	for (int i = 0; i < n; i++)
		theta[i] = exp(p[i]);
	memset(result, 0, sizeof(RetLikelihood));
	problem->evaluate(problem->data, theta, result);
	sum = result->value;
	for (int i = 0; i < n; i++)
	{
		sum += result->gradient[i];
		for (int j = 0; j < n; j++)
			sum += result->hessian[i][j];
	}
	return isfinite(sum);
}

/*
 * Take the step, unless it lowers the likelihood by more than tolerance; false
 * if it is not taken
 */
static bool
take_step(Search *search, double tolerance)
{
	double		next[RET_MAX_PARAMS];
	RetLikelihood there;

	for (int i = 0; i < search->problem->nparams; i++)
		next[i] = search->p[i] + search->step[i];
	if (!evaluate(search->problem, next, &there) ||
		there.value < search->at.value - tolerance)
		return false;
	memcpy(search->p, next, sizeof(next));
	search->at = there;
	return true;
}

/*
 * Decide whether the search is over.  At a maximum the remaining step is too
 * small to be checked; it is taken anyway.
 */
static bool
search_ends(Search *search, RetFit *fit)
{
	const RetProblem *problem = search->problem;
	int			n = problem->nparams;
	bool		definite = newton_step(n, &search->at, 0, problem->weight, search->step);

	fit->gradient = largest(n, search->at.gradient) / problem->weight;
	if (definite && fit->gradient <= SMALL_GRADIENT && largest(n, search->step) <= SMALL_STEP)
	{
		fit->end = RET_FIT_CONVERGED;
		(void) take_step(search, INFINITY);
		return true;
	}
	if (fit->gradient <= NO_GRADIENT)
	{
		fit->end = RET_FIT_RIDGE;
		return true;
	}
	return false;
}

/*
 * Try one damped Newton step; false if the search cannot go on.  A parameter
 * may be on its way to 0 or infinity, or the remaining gain may be lost in
 * rounding.
 */
static bool
search_step(Search *search, RetFit *fit)
{
	int			n = search->problem->nparams;
	double		moved[RET_MAX_PARAMS];

	while (!newton_step(n, &search->at, search->lambda, search->problem->weight, search->step))
	{
		/* if even the strongest damping gives no pivot, there is no step */
		if (search->lambda > MOST_DAMPING)
			return false;
		search->lambda = fmax(search->lambda * DAMPING_FACTOR, LEAST_DAMPING);
	}
	for (int i = 0; i < n; i++)
		moved[i] = search->p[i] + search->step[i] - search->origin[i];
	if (largest(n, moved) > FARTHEST)
	{
		fit->end = RET_FIT_RIDGE;
		return false;
	}
	if (take_step(search, VALUE_NOISE * fabs(search->at.value)))
		search->lambda = search->lambda < NO_DAMPING ? 0 : search->lambda / DAMPING_FACTOR;
	else if (largest(n, search->step) > NO_STEP)
		search->lambda = fmax(search->lambda * DAMPING_FACTOR, LEAST_DAMPING);
	else
	{
		if (fit->gradient <= FLAT_GRADIENT)
			fit->end = RET_FIT_RIDGE;
		return false;
	}
	return true;
}

/*
 * Search for the maximum of a log-likelihood, from start.  Never fails:
 * fit->end says how the search ended, and fit->theta holds the parameters that
 * it reached.  If the likelihood is not finite even at the start, fit->value is
 * NaN.
 */
void
ret_maximize(const RetProblem *problem, const double *start, RetFit *fit)
{
	int			n = problem->nparams;
	double		farthest = 0;
	Search		search;

	search.problem = problem;
	search.lambda = FIRST_DAMPING;
	for (int i = 0; i < n; i++)
		search.p[i] = search.origin[i] = log(start[i]);
	memset(fit, 0, sizeof(RetFit));
	fit->end = RET_FIT_STEPS;
	if (!evaluate(problem, search.p, &search.at))
		search.at.value = NAN;
	else
		while (fit->iterations < NEWTON_STEPS &&
			   !search_ends(&search, fit) && search_step(&search, fit))
			fit->iterations++;

	fit->value = search.at.value;
	for (int i = 0; i < n; i++)
	{
		fit->theta[i] = exp(search.p[i]);
		if (fabs(search.p[i] - search.origin[i]) > farthest)
		{
			farthest = fabs(search.p[i] - search.origin[i]);
			fit->farthest = i;
		}
	}
	standard_errors(n, &search.at, fit);
}

/* Find the largest absolute value */
static double
largest(int n, const double *values)
{
	double		result = 0;

	for (int i = 0; i < n; i++)
		result = fmax(result, fabs(values[i]));
	return result;
}

/*
 * Solve (-H + lambda diag |H|) step = g, and shorten the step if need be.
 * False if the matrix is not positive definite.  Where the likelihood is flat
 * in a direction, the diagonal is 0 and multiplying by lambda leaves it 0.  So
 * damping adds a tiny pivot; the gradient is 0 there too, and no step results.
 */
static bool
newton_step(int n, const RetLikelihood *at, double lambda, double weight, double *step)
{
	Matrix		a;
	double		length;

	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j < n; j++)
			a[i][j] = -at->hessian[i][j];
		a[i][i] += lambda * fmax(fabs(a[i][i]), FLAT_PIVOT * weight);
	}
	if (!cholesky(n, a))
		return false;
	cholesky_solve(n, a, at->gradient, step);
	length = largest(n, step);
	if (length > LONGEST_STEP)
		for (int i = 0; i < n; i++)
			step[i] *= LONGEST_STEP / length;
	return true;
}

/*
 * Compute the standard errors at a maximum: the square roots of the diagonal
 * of the inverse of -H, times the parameters, since H is with respect to their
 * logarithms
 */
static void
standard_errors(int n, const RetLikelihood *at, RetFit *fit)
{
	Matrix		a;
	bool		known = fit->end == RET_FIT_CONVERGED;

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			a[i][j] = -at->hessian[i][j];
	known = known && cholesky(n, a);
	for (int i = 0; i < n; i++)
	{
		double		unit[RET_MAX_PARAMS] = {0};
		double		column[RET_MAX_PARAMS];

		fit->se[i] = NAN;
		if (!known)
			continue;
		unit[i] = 1;
		cholesky_solve(n, a, unit, column);
		fit->se[i] = fit->theta[i] * sqrt(column[i]);
	}
}

/*
 * Replace the lower half of a by L with L L' = a.  False if a is not positive
 * definite by more than rounding.
 */
static bool
cholesky(int n, Matrix a)
{
	for (int j = 0; j < n; j++)
	{
		double		pivot = a[j][j];

		for (int k = 0; k < j; k++)
			pivot -= a[j][k] * a[j][k];
		if (!(pivot > PIVOT_NOISE * fabs(a[j][j])))
			return false;
		a[j][j] = sqrt(pivot);
		for (int i = j + 1; i < n; i++)
		{
			for (int k = 0; k < j; k++)
				a[i][j] -= a[i][k] * a[j][k];
			a[i][j] /= a[j][j];
		}
	}
	return true;
}

/* Solve L L' x = b */
static void
cholesky_solve(int n, Matrix l, const double *b, double *x)
{
	for (int i = 0; i < n; i++)
	{
		x[i] = b[i];
		for (int k = 0; k < i; k++)
			x[i] -= l[i][k] * x[k];
		x[i] /= l[i][i];
	}
	for (int i = n - 1; i >= 0; i--)
	{
		for (int k = i + 1; k < n; k++)
			x[i] -= l[k][i] * x[k];
		x[i] /= l[i][i];
	}
}
