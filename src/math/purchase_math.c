/*-------------------------------------------------------------------------
 *
 * purchase_math.c
 *	  The purchase models: likelihoods and what is expected of a customer.
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

#define SERIES_TERMS	4000	/* with more terms an integral is cheaper */
#define SERIES_START	600.0	/* a first term below e^-600 could underflow */
#define SERIES_END		1e-17
#define MAX_STEPS		100000	/* never reached */
#define FLAT_END		40.0	/* 1 + e^-40 is 1 in double precision */
#define LARGE_WEIGHT	1e10	/* with more, a density counts as a point */
#define LONG_HORIZON	50.0	/* what is discounted by e^-50 is worth nothing */

/*-------------------------------------------------------------------------
 * BG/NBD and MBG/NBD: likelihood
 *-------------------------------------------------------------------------
 */

/* Add the part of the purchase rates, r and alpha, as if nobody had left */
static void
add_purchases(RetPurchases *data, double r, double alpha, RetLikelihood *result)
{
	double		ln_alpha = log(alpha);
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
	double		k = data->modified;
	double		j = 0;

	if (data->modified)
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
 * BG/NBD and MBG/NBD: what is expected of a customer
 *
 * For a customer who is active at T, the rate is gamma(s, A) and the
 * probability p to leave is beta(a, c), where s = r+x, A = alpha+T, c = b+x+k.
 * If they never left, the number n of purchases in (T, T+t] would be negative
 * binomial; of these n they make 1 + (1-p) + ... + (1-p)^(n-1) on average.  So
 * the expected number of purchases is
 *
 *	E = sum over n of (1-z)^s (s)_n / n! z^n G_n,		z = t/(A+t),
 *	G_n = sum over j < n of (c)_j / (a+c)_j,			(s)_n = s (s+1) ... (s+n-1)
 *
 * This is a sum of positive numbers.  The published closed form, with a 2F1
 * divided by a-1, loses its digits near a = 1, for small a+b, and for the large
 * r or b of a fit with a weak maximum.
 *-------------------------------------------------------------------------
 */

/* The future of an active customer, with the names from above */
typedef struct Future
{
	double		shape;			/* s */
	double		rate;			/* A, in days */
	double		a;
	double		c;
} Future;

/* Compute u of the likelihood, the log-odds of having left; x+k must be > 0 */
static double
log_odds_left(const RetPurchaseModel *model, const RetHistory *history)
{
	return log(model->a) - log(model->b + (history->x - 1 + model->modified)) +
		(model->r + history->x) *
		log1p((history->t - history->tx) / (model->alpha + history->tx));
}

/* Compute 1 / (1 + e^u) */
static double
logistic(double u)
{
	double		e = exp(-fabs(u));

	return (u > 0 ? e : 1) / (1 + e);
}

/* Compute the probability that the customer is still active */
double
ret_p_alive(const RetPurchaseModel *model, const RetHistory *history)
{
	if (history->x == 0 && !model->modified)
		return 1;
	return logistic(log_odds_left(model, history));
}

static Future
future(const RetPurchaseModel *model, const RetHistory *history)
{
	Future		result;

	result.shape = model->r + history->x;
	result.rate = model->alpha + history->t;
	result.a = model->a;
	result.c = model->b + history->x + model->modified;
	return result;
}

/*
 * Compute the probability of no purchase within `days`: the customer has left,
 * or is active but does not buy
 */
double
ret_churn_risk(const RetPurchaseModel *model, const RetHistory *history, double days)
{
	Future		f = future(model, history);
	double		none = exp(-f.shape * log1p(days / f.rate));
	double		left = 0;

	if (history->x > 0 || model->modified)
		left = logistic(-log_odds_left(model, history));
	return left + (1 - left) * none;
}

/*
 * Estimate how many terms the series needs for t = A (e^end - 1).  The number
 * of purchases has mean s y and variance s y (1+y), where y = t/A, and far
 * above the mean its probabilities fall like z^n.
 */
static double
series_terms(const Future *f, double end)
{
	double		y = expm1(end);
	double		mean = f->shape * y;

	return mean + 10 * sqrt(mean * (1 + y)) + 40 * (1 + y);
}

/*
 * Compute the sum above for times[n] and for n earlier times.  Times are
 * ln(1 + t/A), ascending; n must be a multiple of 8.
 */
static void
sum_series(const Future *f, const double *times, int n, double *result)
{
	double		z = -expm1(-times[n]);
	double		scale[RET_VALUE_NODES];
	double		power[RET_VALUE_NODES];
	double		last = 0;		/* the sum for times[n] */
	double		chance = 1;		/* (s)_m / m! z^m */
	double		stays = 1;		/* (c)_m / (a+c)_m */
	double		kept = 0;		/* G_m */

	for (int i = 0; i < n; i++)
	{
		scale[i] = -expm1(-times[i]) / z;
		power[i] = exp(-f->shape * times[i]);
		result[i] = 0;
	}
	for (double m = 1; m < MAX_STEPS; m++)
	{
		double		term;

		chance *= z * ((f->shape + (m - 1)) / m);
		kept += stays;
		stays *= (f->c + (m - 1)) / (f->a + f->c + (m - 1));
		term = chance * kept;
		last += term;
		for (int block = 0; block < n; block += 8)
			for (int i = block; i < block + 8; i++)
			{
				power[i] *= scale[i];
				result[i] += term * power[i];
			}

		/* the ratio of successive terms falls, so it bounds the terms left out */
		if (((int) m & 7) == 0)
		{
			double		ratio = z * ((f->shape + m) / (m + 1)) * (1 + stays / kept);

			if (ratio < 1 && term * ratio <= SERIES_END * (1 - ratio) * last)
				break;
		}
	}
	result[n] = last * exp(-f->shape * times[n]);
}

/* Compute ln(1 + e^y) */
static inline double
softplus(double y)
{
	return y > FLAT_END ? y : log1p(exp(y));
}

/*
 * Compute (1 - (1 + p y)^-s) / p, the expected purchases of a customer who
 * leaves with probability p
 */
static inline double
purchases_if(double p, double y, double shape)
{
	double		py = p * y;

	if (py * (shape + 1) < SERIES_END)
		return shape * y;
	return -expm1(-shape * log1p(py)) / py * y;
}

/*
 * Compute the same as sum_series() by an integral over the probability p to
 * leave, for heavy buyers and far horizons, where the series is long:
 *
 *	E = integral of (1 - (1 + p t/A)^-s) / p over the density of p,
 *
 * by the trapezoidal rule in ln(p/(1-p)), where the integrand p^a (1-p)^c
 * dies out at both ends and is smooth enough for full precision.  Where p is
 * close to 0 or 1, each term is e^(-ah) or e^(-ch) times the one before, so the
 * sum of the rest is known.  The larger a and c are, the narrower the density
 * is; in the end it counts as a point.
 */
static void
integrate(const Future *f, const double *times, int n, double *result)
{
	double		peak = log(f->a) - log(f->c);
	double		top = f->a * softplus(-peak) + f->c * softplus(peak);
	double		point = 1 / (1 + f->c / f->a);
	double		weight = 1 / (1 / f->a + 1 / f->c);
	double		h = fmin(0.25, 0.5 / sqrt(weight));
	double		y[RET_VALUE_NODES + 1]; /* t/A */
	double		ends[2];
	double		total = 0;

	for (int i = 0; i <= n; i++)
	{
		y[i] = expm1(times[i]);
		result[i] = weight > LARGE_WEIGHT ? purchases_if(point, y[i], f->shape) : 0;
	}
	ends[0] = fmax(peak, log(f->a + f->shape + 2)) + FLAT_END;
	ends[1] = fmin(peak, -log(f->c + f->a + (f->shape + 1) * y[n])) - FLAT_END;
	for (int left = 0; left < 2 && weight <= LARGE_WEIGHT; left++)
	{
		for (int step = left; step < MAX_STEPS; step++)
		{
			double		logit = peak + (left ? -step : step) * h;
			double		p = 1 / (1 + exp(-logit));
			double		ln_w = top - f->a * softplus(-logit) - f->c * softplus(logit);
			double		w = exp(ln_w);
			bool		end = left ? logit <= ends[1] : logit >= ends[0];

			if (end)
				w /= -expm1(-(left ? f->a : f->c) * h);
			else if (ln_w < -FLAT_END &&
					 (!left || ln_w + log1p(f->shape * y[n]) < -FLAT_END))
				break;
			total += w;
			for (int i = 0; i <= n; i++)
				result[i] += w * purchases_if(p, y[i], f->shape);
			if (end)
				break;
		}
	}
	for (int i = 0; i <= n && total > 0; i++)
		result[i] /= total;
}

/* Compute the expected purchases of an active customer, as sum_series() does */
static void
purchases_if_active(const Future *f, const double *times, int n, double *result)
{
	if (f->shape * times[n] < SERIES_START && series_terms(f, times[n]) < SERIES_TERMS)
		sum_series(f, times, n, result);
	else
		integrate(f, times, n, result);
}

/* Compute the expected number of purchases within `days` */
double
ret_expected_purchases(const RetPurchaseModel *model, const RetHistory *history, double days)
{
	Future		f = future(model, history);
	double		time = log1p(days / f.rate);
	double		result;

	if (!(days > 0))
		return 0;
	purchases_if_active(&f, &time, 0, &result);
	return ret_p_alive(model, history) * result;
}

/* The nodes of each rule, and the ends of the integral below which it is precise enough */
static const int rule_nodes[RET_VALUE_RULES] = {8, 16, 24, 40, 80};
static const double rule_ends[RET_VALUE_RULES - 1] = {1.5, 5, 9, 16};

/* Compute the rules of Gauss-Legendre quadrature, once for many customers */
void
ret_value_rules(RetValueRules *rules)
{
	for (int i = 0; i < RET_VALUE_RULES; i++)
		ret_gauss_legendre(rule_nodes[i], rules->nodes[i], rules->weights[i]);
}

/*
 * Compute the expected purchases within `days`, each discounted to now at the
 * rate `discount` per day:
 *
 *	integral of e^(-dt) dE(t) = E(H) e^(-dH) + d integral of E(t) e^(-dt) dt
 *
 * The integral is taken in the variable ln(1 + t/scale).  In it E is smooth
 * whatever the scale of times is: the nearest singularity is pi away.
 */
double
ret_discounted_purchases(const RetPurchaseModel *model, const RetHistory *history,
						 double days, double discount, const RetValueRules *rules)
{
	Future		f = future(model, history);
	double		horizon = discount > 0 ? fmin(days, LONG_HORIZON / discount) : days;
	/* E bends over times of about f.rate, or shorter if customers leave soon */
	double		scale = f.rate / fmax(1, 2 * f.shape * f.a / (f.a + f.c));
	double		end = log1p(horizon / scale);
	double		growth = fabs(discount) * horizon;
	double		times[RET_VALUE_NODES + 1];
	double		expected[RET_VALUE_NODES + 1];
	double		sum = 0;
	int			rule = 0;
	int			n;

	if (!(days > 0))
		return 0;
	if (discount == 0)
		return ret_expected_purchases(model, history, days);
	while (rule < RET_VALUE_RULES - 1 && !(end < rule_ends[rule]))
		rule++;
	if (growth > 1)
		rule = growth > 4 && rule < 3 ? 3 : rule < 4 ? rule + 1 : 4;
	n = rule_nodes[rule];
	for (int i = 0; i < n; i++)
		times[i] = log1p(expm1(end * (1 + rules->nodes[rule][i]) / 2) * scale / f.rate);
	times[n] = log1p(horizon / f.rate);
	purchases_if_active(&f, times, n, expected);
	for (int i = 0; i < n; i++)
	{
		double		t = f.rate * expm1(times[i]);

		sum += rules->weights[rule][i] * expected[i] * exp(-discount * t) * (scale + t);
	}
	return ret_p_alive(model, history) *
		(expected[n] * exp(-discount * horizon) + discount * end / 2 * sum);
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
