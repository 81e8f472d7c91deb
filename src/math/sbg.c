/*-------------------------------------------------------------------------
 *
 * sbg.c
 *	  The shifted beta-geometric model of contracts that are renewed or not,
 *	  period after period.
 *
 * Each customer leaves at the end of a period with a fixed probability of their
 * own.  Among customers it is distributed as beta(alpha, beta).  Of those still
 * there in period t, the share that is kept,
 *
 *	  r_t = (beta + t - 1) / (alpha + beta + t - 1)		t = 1, 2, ...
 *
 * rises with t, as those likely to leave do so early (P. S. Fader and B. G. S.
 * Hardie, How to project customer retention, Journal of Interactive Marketing
 * 21, 2007).  The share S(t) = r_1 ... r_t is still there after t periods.
 *
 * With lost_t and kept_t customers in period t, n_t together, the likelihood is
 *
 *	  ln l = sum lost_t ln alpha + kept_t ln(beta + t - 1)
 *			 - n_t ln(alpha + beta + t - 1)
 *
 * so that nothing more is needed for customers who began at different times, or
 * who are still there.  If no finite parameters above 0 are the most likely, the
 * fit detects that and says why.
 *
 * Nothing here allocates, and nothing throws.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <string.h>

#include "math/mathfn.h"
#include "math/maximum.h"
#include "math/sbg.h"

#define EXACT_PERIODS		1000	/* most periods to multiply one by one */

/* Constants of the fit */
#define SLOPE_TOLERANCE		1e-9	/* relative rounding error of a slope of 0 */
#define CONSTANT_HAZARD		1e6 /* alpha + beta above it count as infinite */
#define LIKELIHOOD_NOISE	1e-10	/* relative rounding error of a likelihood */
#define UNLIKE				0.1 /* second start / first start of the search */

/*-------------------------------------------------------------------------
 * The fit
 *-------------------------------------------------------------------------
 */

/*
 * Compute the log-likelihood and its derivatives by alpha = theta[0] and
 * beta = theta[1].  Logarithms are taken of shares, so that nothing cancels when
 * both parameters are large.
 */
static void
sbg_likelihood(void *data, const double *theta, RetLikelihood *result)
{
	const RetTenures *tenures = (const RetTenures *) data;
	double		alpha = theta[0];
	double		beta = theta[1];

	for (int t = 0; t < tenures->nperiods; t++)
	{
		double		lost = tenures->lost[t];
		double		kept = tenures->kept[t];
		double		n = lost + kept;
		double		b = beta + t;
		double		sum = alpha + b;

		if (lost > 0)
			result->value += lost * log(alpha / sum);
		result->value -= kept * log1p(alpha / b);
		result->gradient[0] += lost / alpha - n / sum;
		result->gradient[1] += kept / b - n / sum;
		result->hessian[0][0] += n / (sum * sum) - lost / (alpha * alpha);
		result->hessian[1][1] += n / (sum * sum) - kept / (b * b);
		result->hessian[0][1] += n / (sum * sum);
	}
	result->hessian[1][0] = result->hessian[0][1];
	ret_log_parameters(2, theta, result);
}

/*
 * Tell whether the share of customers who are kept rises with the period.  It
 * does if the likelihood rises with 1 / (alpha + beta) from 0, the limit in which
 * retention is constant.  The constant is the share kept over all customers and
 * periods.
 */
static bool
retention_rises(const RetTenures *tenures)
{
	double		share = tenures->all_kept / (tenures->all_kept + tenures->all_lost);
	double		slope = 0;
	double		size = 0;

	for (int t = 1; t < tenures->nperiods; t++)
	{
		double		n = tenures->lost[t] + tenures->kept[t];

		slope += t * (tenures->kept[t] - share * n);
		size += t * n;
	}
	return slope > SLOPE_TOLERANCE * size;
}

/* Compute the log-likelihood of constant retention */
static double
constant_likelihood(const RetTenures *tenures)
{
	double		n = tenures->all_kept + tenures->all_lost;

	return tenures->all_lost * log(tenures->all_lost / n) +
		tenures->all_kept * log(tenures->all_kept / n);
}

/* Find out why no method could fit these data; RET_SBG_FITTED if a fit may exist */
static RetSbgEnd
find_degenerate(const RetTenures *tenures)
{
	if (tenures->all_lost + tenures->all_kept == 0)
		return RET_SBG_NO_PERIOD;
	if (tenures->all_lost == 0)
		return RET_SBG_NOBODY_LEFT;
	if (tenures->all_kept == 0)
		return RET_SBG_NOBODY_KEPT;
	if (tenures->nperiods == 1)
		return RET_SBG_ONE_PERIOD;
	if (tenures->lost[0] == tenures->all_lost)
		return RET_SBG_LEFT_AT_ONCE;
	return RET_SBG_FITTED;
}

/*
 * Search twice, from parameters of similar customers and from parameters of
 * dissimilar ones: the likelihood of a few customers may have a maximum near
 * each.  Keep the higher of the two ends, and of two equally high ones a maximum.
 */
static void
search_twice(const RetProblem *problem, double kept_to_lost, RetFit *fit)
{
	double		start[2] = {1, kept_to_lost};
	RetFit		other;
	double		noise;

	ret_maximize(problem, start, fit);
	start[0] *= UNLIKE;
	start[1] *= UNLIKE;
	ret_maximize(problem, start, &other);
	other.iterations += fit->iterations;
	noise = LIKELIHOOD_NOISE * fabs(fit->value);
	if (other.value > fit->value + noise ||
		(other.value > fit->value - noise && fit->end != RET_FIT_CONVERGED))
		*fit = other;
	fit->iterations = other.iterations;
}

/*
 * Tell whether constant retention describes the customers as well as the fit
 * does.  A search along the ridge of constant retention may end anywhere on it.
 */
static bool
constant_will_do(const RetTenures *tenures, const RetFit *fit)
{
	double		constant = constant_likelihood(tenures);

	if (fit->theta[0] + fit->theta[1] > CONSTANT_HAZARD)
		return true;
	return !retention_rises(tenures) &&
		(fit->end != RET_FIT_CONVERGED || fit->value <= constant + LIKELIHOOD_NOISE * fabs(constant));
}

/*
 * Fit the model.  The likelihood, the parameters and their standard errors are
 * NaN unless the result is RET_SBG_FITTED or RET_SBG_NO_MAXIMUM.  `interrupt`
 * is called now and then, and may not return; NULL for none.
 */
RetSbgEnd
ret_sbg_fit(RetTenures *tenures, void (*interrupt) (void), RetFit *fit)
{
	RetProblem	problem = {.nparams = 2, .evaluate = sbg_likelihood, .interrupt = interrupt};
	RetSbgEnd	end = find_degenerate(tenures);

	memset(fit, 0, sizeof(RetFit));
	if (end == RET_SBG_FITTED)
	{
		problem.data = tenures;
		problem.weight = tenures->all_lost + tenures->all_kept;
		search_twice(&problem, tenures->all_kept / tenures->all_lost, fit);
		if (constant_will_do(tenures, fit))
			end = RET_SBG_CONSTANT;
		else if (fit->end != RET_FIT_CONVERGED)
			end = RET_SBG_NO_MAXIMUM;
	}
	if (end != RET_SBG_FITTED && end != RET_SBG_NO_MAXIMUM)
		fit->value = fit->theta[0] = fit->theta[1] = fit->se[0] = fit->se[1] = NAN;
	return end;
}

/*-------------------------------------------------------------------------
 * What a model says
 *-------------------------------------------------------------------------
 */

/*
 * Compute ln(Gamma(z + alpha) / Gamma(z)) for large z by Stirling's series,
 * without taking the difference of two large logarithms
 */
static double
log_gamma_ratio(double z, double alpha)
{
	double		w = z + alpha;

	return (w - 0.5) * log1p(alpha / z) + alpha * (log(z) - 1) +
		(1 / w - 1 / z) / 12 - (1 / (w * w * w) - 1 / (z * z * z)) / 360;
}

/* Compute S(t), the share of customers who are still there after t periods */
double
ret_sbg_survival(const RetSbgModel *model, int t)
{
	double		share = 1;
	int			exact = t < EXACT_PERIODS ? t : EXACT_PERIODS;

	for (int i = 1; i <= exact; i++)
		share *= ret_sbg_retention(model, i);
	if (t > exact)
	{
		double		rest = log_gamma_ratio(model->beta + exact, model->alpha) -
			log_gamma_ratio(model->beta + t, model->alpha);
		double		lowest = (t - exact) * log(ret_sbg_retention(model, exact + 1));
		double		highest = (t - exact) * log(ret_sbg_retention(model, t));

		/*
		 * With huge parameters only rounding errors are left of the difference,
		 * but then the bounds are close to each other.
		 */
		share *= exp(fmin(fmax(rest, lowest), highest));
	}
	return share;
}

/*
 * Compute the sum over t = 0, 1, ... of S(n + t) / S(n) / (1 + d)^t, that is,
 * the discounted number of payments of a customer after n periods who is just
 * making one, that one included.  log_discount is ln(1 + d).
 *
 * The sum is 2F1(1, b; alpha + b; z), b = beta + n, z = 1 / (1 + d).
 * If it is infinite, *payments is NaN: without a discount it may be, with a
 * negative one it always is, as customers are lost ever more slowly.  Returns
 * false if the discount is too small for the fraction to end.
 */
bool
ret_sbg_lifetime(const RetSbgModel *model, double n, double log_discount,
				 void (*interrupt) (void), double *payments)
{
	double		alpha = model->alpha;
	double		b = model->beta + n;
	double		z = exp(-log_discount);

	*payments = NAN;
	if (z == 1 && alpha > 1)
		*payments = (alpha + b - 1) / (alpha - 1);
	if (z >= 1)
		return true;
	return ret_gauss_fraction(b, alpha, z, interrupt, payments);
}

/*
 * Add up the discounted payments of a new customer before `horizon`, one by one.
 * O(horizon).
 */
double
ret_sbg_payments(const RetSbgModel *model, double horizon, double log_discount,
				 void (*interrupt) (void))
{
	double		factor = exp(-log_discount);
	double		payment = 1;
	double		sum = 0;

	for (int t = 0; t < horizon; t++)
	{
		sum += payment;
		payment *= ret_sbg_retention(model, t + 1) * factor;
		if ((t & 0xFFFF) == 0 && interrupt)
			interrupt();
	}
	return sum;
}
