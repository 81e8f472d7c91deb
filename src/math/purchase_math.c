/*-------------------------------------------------------------------------
 *
 * purchase_math.c
 *	  The purchase models: likelihoods.
 *
 * BG/NBD: P. S. Fader, B. G. S. Hardie, K. L. Lee, "Counting your customers"
 * the easy way: an alternative to the Pareto/NBD model, Marketing Science 24
 * (2005).  While active, each customer buys at a constant rate; these rates are
 * gamma(r, alpha) among customers.  After each repeat purchase they leave with
 * a constant probability; these probabilities are beta(a, b) among customers.
 * MBG/NBD (E. P. Batislam, M. Denizel, A. Filiztekin, International Journal of
 * Research in Marketing 24 (2007)): customers may also leave right after the
 * first purchase.  Here k is 0 for BG/NBD and 1 for MBG/NBD.  The likelihood l
 * of a customer with x repeat purchases, the last at t_x, observed until T, is
 *
 *	ln l = sum of ln(r+j) over j < x, - r ln(1 + T/alpha) - x ln(alpha+T)
 *		 - sum of ln(1 + a/(b+j)) over j < x+k, + ln(1 + e^u)
 *	u	 = ln a - ln(b+x-1+k) + (r+x) ln((alpha+T)/(alpha+t_x)),
 *		   - infinity if x+k = 0
 *
 * Here the logarithms of gamma functions have become sums, since x is a whole
 * number.  These sums are taken over all customers at once: term j counts once
 * for each customer with x > j.  What depends on T alone, or on t_x alone, is
 * computed once per distinct time.  What remains per group of equal customers is
 * one exponential and one logarithm.
 *
 * Gamma-Gamma: P. S. Fader, B. G. S. Hardie, The gamma-gamma model of
 * monetary value (2013), from the mean m of x purchases:
 *
 *	ln l = lnG(px+q) - lnG(px) - lnG(q) - ln m + px ln w + q ln(1-w)
 *	w	 = xm / (xm + v)
 *
 * All derivatives are with respect to the logarithms of the parameters, and
 * written so that they keep their digits where parameters go to 0 or infinity.
 *
 * Nothing here allocates, and nothing throws.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>

#include "math/mathfn.h"
#include "math/maximum.h"
#include "math/purchase_math.h"

/*-------------------------------------------------------------------------
 * BG/NBD and MBG/NBD: likelihood
 *-------------------------------------------------------------------------
 */

/*
 * Add ln(r + j) for each customer and each j below their purchases: the part of
 * the likelihood that all models have
 */
void
ret_add_counts(const RetPurchases *data, double r, RetLikelihood *result)
{
	double		j = 0;

	for (int i = 0; i < data->nfrequencies; i++)
	{
		double		weight = data->frequencies[i].above;

		for (; j < data->frequencies[i].x; j++)
		{
			double		part = r / (r + j);

			result->value += weight * log(r + j);
			result->gradient[RET_R] += weight * part;
			result->hessian[RET_R][RET_R] += weight * part * (j / (r + j));
		}
	}
}

/* Add the part of the purchase rates, r and alpha, as if nobody had left */
static void
add_purchases(RetPurchases *data, double r, double alpha, RetLikelihood *result)
{
	double		ln_alpha = log(alpha);

	ret_add_counts(data, r, result);
	for (int i = 0; i < data->nmoments; i++)
	{
		RetMoment  *moment = &data->moments[i];
		double		rw = r * moment->weight;
		double		x = moment->purchases;

		moment->ln = log1p(moment->t / alpha);
		moment->part = alpha / (alpha + moment->t);
		moment->rest = moment->t / (alpha + moment->t);

		result->value -= rw * moment->ln + x * (ln_alpha + moment->ln);
		result->gradient[RET_R] -= rw * moment->ln;
		result->gradient[RET_ALPHA] += rw * moment->rest - x * moment->part;
		result->hessian[RET_R][RET_R] -= rw * moment->ln;
		result->hessian[RET_R][RET_ALPHA] += rw * moment->rest;
		result->hessian[RET_ALPHA][RET_ALPHA] -= moment->part * moment->rest * (rw + x);
	}
}

/* Add that `weight` customers stayed after purchase j + 1 */
static inline void
add_stay(double j, double weight, double a, double b, RetLikelihood *result)
{
	double		c = a / (a + b + j);	/* the probability of leaving then */
	double		d = b / (b + j);
	double		e = b / (a + b + j);

	result->value -= weight * log1p(a / (b + j));
	result->gradient[RET_A] -= weight * c;
	result->gradient[RET_B] += weight * c * d;
	result->hessian[RET_A][RET_A] -= weight * c * (1 - c);
	result->hessian[RET_A][RET_B] += weight * c * e;
	result->hessian[RET_B][RET_B] += weight * c * d * (j / (b + j) - e);
}

/* Add the part of the purchases after which customers stayed */
static void
add_stays(RetPurchases *data, double a, double b, RetLikelihood *result)
{
	double		k = data->kind == RET_MBGNBD;
	double		j = 0;

	if (data->kind == RET_MBGNBD)
		add_stay(j++, data->customers, a, b, result);
	for (int i = 0; i < data->nfrequencies; i++)
	{
		RetFrequency *frequency = &data->frequencies[i];
		double		rest = b + (frequency->x - 1 + k);

		for (; j < frequency->x + k; j++)
			add_stay(j, frequency->above, a, b, result);
		frequency->ln_b = rest > 0 ? log(rest) : 0;
		frequency->du = rest > 0 ? b / rest : 0;
	}
}

/* Add the part of the customers who may have left: ln(1 + e^u), see above */
static void
add_leaves(const RetPurchases *data, const double *theta, RetLikelihood *result)
{
	double		ln_a = log(theta[RET_A]);
	double		r = theta[RET_R];
	double		value = 0;
	double		g[RET_MAX_PARAMS] = {0};
	double		h[RET_MAX_PARAMS][RET_MAX_PARAMS] = {{0}};

	for (int i = 0; i < data->ngroups; i++)
	{
		const RetPurchaseGroup *group = &data->groups[i];
		const RetFrequency *frequency = &data->frequencies[group->x];
		const RetMoment *last = &data->moments[group->tx];
		const RetMoment *end = &data->moments[group->t];
		double		shape = r + frequency->x;
		double		ln = end->ln - last->ln;
		double		u = ln_a - frequency->ln_b + shape * ln;
		double		e = exp(-fabs(u));
		double		wq = group->weight * (u > 0 ? 1 : e) / (1 + e);
		double		wv = group->weight * e / ((1 + e) * (1 + e));

		/* derivatives of u by ln r, ln alpha and ln b; that by ln a is 1 */
		double		ur = r * ln;
		double		ual = last->rest - end->rest;
		double		urr = r * ual;
		double		ub = -frequency->du;

		if ((i & 0xFFFF) == 0xFFFF && data->interrupt)
			data->interrupt();
		ual *= shape;
		/* log1p would take longer, for digits that are lost in the sum */
		value += group->weight * (fmax(u, 0) + log(1 + e));
		g[RET_R] += wq * ur;
		g[RET_ALPHA] += wq * ual;
		g[RET_A] += wq;
		g[RET_B] += wq * ub;
		h[RET_R][RET_R] += (wv * ur + wq) * ur;
		h[RET_R][RET_ALPHA] += wv * ur * ual + wq * urr;
		h[RET_R][RET_A] += wv * ur;
		h[RET_R][RET_B] += wv * ur * ub;
		h[RET_ALPHA][RET_ALPHA] += wv * ual * ual +
			wq * shape * (end->part * end->rest - last->part * last->rest);
		h[RET_ALPHA][RET_A] += wv * ual;
		h[RET_ALPHA][RET_B] += wv * ual * ub;
		h[RET_A][RET_A] += wv;
		h[RET_A][RET_B] += wv * ub;
		h[RET_B][RET_B] += (wv * ub + wq * (1 + ub)) * ub;
	}
	result->value += value;
	for (int i = 0; i < RET_MAX_PARAMS; i++)
	{
		result->gradient[i] += g[i];
		for (int j = i; j < RET_MAX_PARAMS; j++)
			result->hessian[i][j] += h[i][j];
	}
}

/* Copy the upper half of the Hessian to the lower half */
static void
mirror(int n, RetLikelihood *result)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			result->hessian[i][j] = result->hessian[j][i];
}

/*
 * Evaluate the log-likelihood of BG/NBD or MBG/NBD.
 * O(largest frequency + distinct times + groups).
 */
void
ret_purchase_likelihood(void *data, const double *theta, RetLikelihood *result)
{
	RetPurchases *purchases = data;

	add_purchases(purchases, theta[RET_R], theta[RET_ALPHA], result);
	add_stays(purchases, theta[RET_A], theta[RET_B], result);
	add_leaves(purchases, theta, result);
	mirror(4, result);
}

/*
 * Evaluate the limit of both where nobody ever leaves (NBD): a model with the
 * parameters r and alpha alone
 */
void
ret_nbd_likelihood(void *data, const double *theta, RetLikelihood *result)
{
	add_purchases(data, theta[RET_R], theta[RET_ALPHA], result);
	mirror(2, result);
}

/*-------------------------------------------------------------------------
 * Gamma-Gamma
 *-------------------------------------------------------------------------
 */

/* Sums over the customers of one frequency */
typedef struct SpendSums
{
	double		ln_w;			/* sum of ln w */
	double		ln_rest;		/* sum of ln(1-w) */
	double		w;				/* sum of w */
	double		rest;			/* sum of 1-w */
	double		both;			/* sum of w (1-w) */
} SpendSums;

/* Sum over the groups from group up to, but not including, end */
static SpendSums
spend_sums(const RetSpendGroup *group, const RetSpendGroup *end, double v)
{
	SpendSums	sums = {0};
	double		ln_v = log(v);

	for (; group < end; group++)
	{
		double		w = group->total / (group->total + v);
		double		rest = v / (group->total + v);
		double		ln = ln_v - group->ln_total;	/* ln((1-w)/w) */
		double		weight = group->weight;

		/* log1p gives the logarithm closer to 0 without loss of digits */
		if (ln < 0)
		{
			double		ln_w = -log1p(v / group->total);

			sums.ln_w += weight * ln_w;
			sums.ln_rest += weight * (ln_w + ln);
		}
		else
		{
			double		ln_rest = -log1p(group->total / v);

			sums.ln_w += weight * (ln_rest - ln);
			sums.ln_rest += weight * ln_rest;
		}
		sums.w += weight * w;
		sums.rest += weight * rest;
		sums.both += weight * w * rest;
	}
	return sums;
}

/* Evaluate the log-likelihood of Gamma-Gamma.  O(groups). */
void
ret_spend_likelihood(void *data, const double *theta, RetLikelihood *result)
{
	RetSpends  *spends = data;
	double		q = theta[RET_Q];
	RetGamma	at_q;

	ret_gamma(q, &at_q);
	result->value = -spends->ln_means;
	for (int i = 0; i < spends->nfrequencies; i++)
	{
		const RetSpendFrequency *frequency = &spends->frequencies[i];
		SpendSums	sums = spend_sums(&spends->groups[frequency[0].first],
									  &spends->groups[frequency[1].first], theta[RET_V]);
		double		weight = frequency->weight;
		double		px = theta[RET_P] * frequency->x;
		RetGamma	at_px;
		RetGamma	at_sum;
		double		dp,
					dq;

		if (spends->interrupt)
			spends->interrupt();
		ret_gamma(px, &at_px);
		ret_gamma(px + q, &at_sum);
		dp = px * (weight * (at_sum.psi - at_px.psi) + sums.ln_w);
		dq = q * (weight * (at_sum.psi - at_q.psi) + sums.ln_rest);
		result->value += weight * (at_sum.ln - at_px.ln - at_q.ln) +
			px * sums.ln_w + q * sums.ln_rest;
		result->gradient[RET_P] += dp;
		result->gradient[RET_Q] += dq;
		result->gradient[RET_V] += q * sums.w - px * sums.rest;
		result->hessian[RET_P][RET_P] += dp + px * px * weight * (at_sum.psi1 - at_px.psi1);
		result->hessian[RET_P][RET_Q] += px * q * weight * at_sum.psi1;
		result->hessian[RET_P][RET_V] -= px * sums.rest;
		result->hessian[RET_Q][RET_Q] += dq + q * q * weight * (at_sum.psi1 - at_q.psi1);
		result->hessian[RET_Q][RET_V] += q * sums.w;
		result->hessian[RET_V][RET_V] -= (px + q) * sums.both;
	}
	mirror(3, result);
}

/*
 * Compute the expected mean value of the purchases of a customer who has made x
 * purchases of the given mean.  NaN if the model has no mean, because its tail
 * is too heavy.  A mean of 0 or below cannot occur in the model; it counts as 0.
 */
double
ret_expected_spend(const RetSpendModel *model, double x, double mean)
{
	double		divisor = model->p * x + model->q - 1;

	if (divisor <= 0)
		return NAN;
	return model->p * ((model->v + (x > 0 && mean > 0 ? x * mean : 0)) / divisor);
}
