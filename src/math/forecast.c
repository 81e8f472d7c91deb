/*-------------------------------------------------------------------------
 *
 * forecast.c
 *	  What a purchase model expects of a customer.
 *
 * The models are those of purchase_math.c, with its names: x repeat purchases,
 * the last at t_x, observed until T; k is 0 for BG/NBD and 1 for MBG/NBD; e^u are
 * the odds of having left.
 *
 * Nothing here allocates, and nothing throws.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>

#include "math/forecast.h"
#include "math/mathfn.h"
#include "math/pareto.h"

#define SERIES_TERMS	4000	/* with more terms an integral is cheaper */
#define SERIES_START	600.0	/* a first term below e^-600 could underflow */
#define SERIES_END		1e-17
#define MAX_STEPS		100000	/* never reached */
#define FLAT_END		40.0	/* 1 + e^-40 is 1 in double precision */
#define LARGE_WEIGHT	1e10	/* with more, a density counts as a point */
#define LONG_HORIZON	50.0	/* what is discounted by e^-50 is worth nothing */

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
	double		shape;			/* s; (r+x) (beta+T) / (alpha+T) of Pareto/NBD */
	double		rate;			/* A, in days; beta+T of Pareto/NBD */
	double		a;
	double		c;
	RetPurchaseKind kind;
	double		s;				/* of Pareto/NBD alone */
	double		bends;			/* E bends over times of about rate / bends */
} Future;

/* Compute u of the likelihood, the log-odds of having left; x+k must be > 0 */
static double
log_odds_left(const RetPurchaseModel *model, const RetHistory *history)
{
	return log(model->a) - log(model->b + (history->x - 1 + (model->kind == RET_MBGNBD))) +
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
	if (model->kind == RET_PARETO_NBD)
		return ret_pareto_alive(model, history);
	if (history->x == 0 && model->kind == RET_BGNBD)
		return 1;
	return logistic(log_odds_left(model, history));
}

static Future
future(const RetPurchaseModel *model, const RetHistory *history)
{
	Future		result = {.kind = model->kind};

	result.shape = model->r + history->x;
	if (model->kind == RET_PARETO_NBD)
	{
		result.rate = model->beta + history->t;
		result.shape *= result.rate / (model->alpha + history->t);
		result.s = result.bends = model->s;
	}
	else
	{
		result.rate = model->alpha + history->t;
		result.a = model->a;
		result.c = model->b + history->x + (model->kind == RET_MBGNBD);
		result.bends = 2 * result.shape * result.a / (result.a + result.c);
	}
	return result;
}

/*
 * Compute the probability of no purchase within `days`: the customer has left,
 * or is active but does not buy
 */
double
ret_churn_risk(const RetPurchaseModel *model, const RetHistory *history, double days)
{
	double		none = exp(-(model->r + history->x) * log1p(days / (model->alpha + history->t)));
	double		left = 0;

	if (model->kind == RET_PARETO_NBD)
		return ret_pareto_churn_risk(model, history, days);
	if (history->x > 0 || model->kind == RET_MBGNBD)
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
	if (f->kind == RET_PARETO_NBD)
		for (int i = 0; i <= n; i++)
			result[i] = f->shape * ret_pareto_growth(f->s, times[i]);
	else if (f->shape * times[n] < SERIES_START && series_terms(f, times[n]) < SERIES_TERMS)
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
	double		scale = f.rate / fmax(1, f.bends);
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
 * BG/NBD and MBG/NBD: what is expected of a new customer
 *
 * If nobody left, the number N of repeat purchases within t would be negative
 * binomial.  A customer makes x of them who stays after each of x+k chances to
 * leave, and has N = x; or who leaves at the last of these, and has N >= x:
 *
 *	P(X=x) = B(a,b+x+k) / B(a,b) P(N=x) + B(a+1,b+x+k-1) / B(a,b) P(N>=x),
 *
 * the second term only if x+k > 0.
 *-------------------------------------------------------------------------
 */

/* Compute the probabilities of 0, 1, ... n - 1 repeat purchases of a new customer */
static void
count_purchases(const RetPurchaseModel *model, double t, int n, double *result)
{
	RetCounts	counts;
	double		k = model->kind == RET_MBGNBD;
	double		stays = 1;		/* B(a,b+x+k-1) / B(a,b), or 1 if x+k = 0 */
	double		sum = 0;
	double		tail;

	/* first P(N>=x), from the end, where nothing cancels; P(N=x) comes again */
	ret_counts_start(&counts, model->r, model->alpha, t);
	for (int x = 0; x < n; x++)
		sum += result[x] = ret_counts_next(&counts);
	tail = ret_counts_tail(&counts);
	tail = tail > 0 ? tail * ret_counts_next(&counts) : fmax(1 - sum, 0);
	for (int x = n - 1; x >= 0; x--)
		tail = result[x] += tail;

	ret_counts_start(&counts, model->r, model->alpha, t);
	for (int x = 0; x < n; x++)
	{
		double		chance = ret_counts_next(&counts);
		double		leaves = 0;
		double		before = model->b + (x + k - 1);

		if (x + k > 0)
		{
			leaves = stays * (model->a / (model->a + before));
			stays *= before / (model->a + before);
		}
		result[x] = stays * chance + leaves * result[x];
	}
}

/* Compute the expected number of repeat purchases of a new customer within `days` */
double
ret_model_expected(const RetPurchaseModel *model, double days)
{
	static const RetHistory new_customer = {0, 0, 0};

	return ret_expected_purchases(model, &new_customer, days);
}

/*
 * Compute the probabilities that a new customer makes 0, 1, ... n - 1 repeat
 * purchases within `days`
 */
void
ret_model_counts(const RetPurchaseModel *model, double days, int n, double *result)
{
	if (model->kind == RET_PARETO_NBD)
		ret_pareto_counts(model, days, n, result);
	else
		count_purchases(model, days, n, result);
}
