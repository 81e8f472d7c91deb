/*-------------------------------------------------------------------------
 *
 * pareto.c
 *	  The Pareto/NBD model: its likelihood, and what it says of a customer.
 *
 * D. C. Schmittlein, D. G. Morrison, R. Colombo, Counting your customers: who
 * are they and what will they do next?, Management Science 33 (1987); P. S. Fader,
 * B. G. S. Hardie, A note on deriving the Pareto/NBD model and related expressions
 * (2005), note 009 on brucehardie.com.  While active, each customer buys at a
 * constant rate; these rates are gamma(r, alpha) among customers.  They leave at
 * a constant rate, at any time; these rates are gamma(s, beta).  With m = r+x and
 *
 *	A(u) = ln(1 + u/alpha),		B(u) = ln(1 + u/beta),
 *
 * the likelihood l of a customer with x repeat purchases, the last at t_x, who is
 * observed until T, has a part of those who are active at T, and a part of those
 * who left at u, between t_x and T:
 *
 *	ln l = sum of ln(r+j) over j < x, - x ln alpha + ln(Y + Z)
 *	Y	 = e^(-m A(T) - s B(T)),
 *	Z	 = s/beta times the integral of e^(-m A(u) - (s+1) B(u)) du.
 *
 * Customers of one frequency share the integrand.  So it is integrated once, from
 * each of their times (the knots) to the last one, and Z is a difference of two
 * such tails, relative to the integrand at t_x.  Nothing is lost in it: Y is never
 * less than what is subtracted.  The derivatives with respect to the logarithms of
 * the parameters are integrals with other weights, and so the Hessian is exact.
 *
 * What is said of one customer comes from the same integral in closed form:
 * 2F1(1, b; c; z) by Gauss's continued fraction, where all terms are positive;
 * where alpha and beta differ too much for that, by quadrature.
 *
 * Nothing here allocates, and nothing throws.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <string.h>

#include "math/mathfn.h"
#include "math/pareto.h"

#define MOST_NODES		16
#define MAX_PANELS		10000	/* never reached */
#define STEEPEST		12.0	/* logarithm by which an integrand may fall within a panel */
#define WIDEST			2.0		/* width of a panel, times the distance of the singularity */
#define PANEL_END		1e-17
#define CLOSE_TO_1		0.999	/* with a larger z the fraction is long */

/* Rules of Gauss-Legendre quadrature, from those for the shortest panels on */
#define NRULES			4

typedef struct Rules
{
	double		nodes[NRULES][MOST_NODES];
	double		weights[NRULES][MOST_NODES];
} Rules;

static const int rule_nodes[NRULES] = {2, 4, 8, MOST_NODES};
static const double rule_falls[NRULES - 1] = {1e-3, 0.2, 3};	/* most by which the integrand falls */
static const double rule_widths[NRULES - 1] = {1e-4, 0.05, 0.5};	/* relative to the distance of the singularity */

static void
get_rules(Rules *rules)
{
	for (int i = 0; i < NRULES; i++)
		ret_gauss_legendre(rule_nodes[i], rules->nodes[i], rules->weights[i]);
}

/*
 * An integrand (alpha + u)^-m (beta + u)^-n: how fast it falls decides how wide a
 * panel may be
 */
typedef struct Integrand
{
	double		m;
	double		n;
	double		alpha;
	double		beta;
} Integrand;

/* Find the width of the next panel at u, at most `width`, and its rule */
static double
panel_width(const Integrand *f, double u, double width, int *rule)
{
	double		slope = f->m / (f->alpha + u) + f->n / (f->beta + u);
	double		distance = fmin(f->alpha, f->beta) + u;

	width = fmin(width, fmin(STEEPEST / slope, WIDEST * distance));
	*rule = 0;
	while (*rule < NRULES - 1 && (width * slope > rule_falls[*rule] || width > rule_widths[*rule] * distance))
		(*rule)++;
	return width;
}

/*-------------------------------------------------------------------------
 * Likelihood
 *-------------------------------------------------------------------------
 */

/*
 * The weights of the integrals: 1, A, u/(alpha+u), B, u/(beta+u), of which the
 * last four go with the parameters r, alpha, s, beta.  A RetTail has the integral
 * of the product of each two of them, in the order of PAIR, divided by the
 * integrand at the knot.
 */
#define NWEIGHTS	5
#define NPAIRS		15

static const int pair[NWEIGHTS][NWEIGHTS] = {
	{0, 1, 2, 3, 4},
	{1, 5, 6, 7, 8},
	{2, 6, 9, 10, 11},
	{3, 7, 10, 12, 13},
	{4, 8, 11, 13, 14}
};

/* Add an integral over `width` from the moment `from` on, relative to the integrand there */
static void
add_gap(const Integrand *f, const Rules *rules, const RetMoment *from, double width, double *sums)
{
	double		start = 0;

	for (int panels = 0; start < width && panels < MAX_PANELS; panels++)
	{
		int			rule;
		double		step = panel_width(f, from->t + start, width - start, &rule);
		double		before = sums[0];

		for (int i = 0; i < rule_nodes[rule]; i++)
		{
			double		d = start + step * (1 + rules->nodes[rule][i]) / 2;
			double		u = from->t + d;
			double		a = log1p(d / (f->alpha + from->t));
			double		b = log1p(d / (f->beta + from->t));
			double		w = rules->weights[rule][i] * step / 2 * exp(-f->m * a - f->n * b);
			double		g[NWEIGHTS] = {1, from->ln + a, u / (f->alpha + u), from->ln_beta + b, u / (f->beta + u)};
			int			k = 0;

			for (int p = 0; p < NWEIGHTS; p++)
			{
				double		wg = w * g[p];

				for (int q = p; q < NWEIGHTS; q++)
					sums[k++] += wg * g[q];
			}
		}
		start += step;
		if (sums[0] - before <= PANEL_END * sums[0])
			break;
	}
}

/* Integrate from each knot of a frequency to the last one, from behind */
static void
integrate_tails(const RetPurchases *data, const Integrand *f, const Rules *rules, const int *knots, int n)
{
	memset(&data->tails[n - 1], 0, sizeof(RetTail));
	for (int i = n - 2; i >= 0; i--)
	{
		const RetMoment *from = &data->moments[knots[i]];
		const RetMoment *to = &data->moments[knots[i + 1]];
		double	   *sums = data->tails[i].sums;
		double		ratio = exp(-f->m * (to->ln - from->ln) - f->n * (to->ln_beta - from->ln_beta));

		memset(sums, 0, sizeof(RetTail));
		add_gap(f, rules, from, to->t - from->t, sums);
		for (int k = 0; k < NPAIRS; k++)
			sums[k] += ratio * data->tails[i + 1].sums[k];
	}
}

/*
 * Add a group: ln(Y + Z), where the logarithm of the integrand has the
 * derivatives constant[i] + slope[i] x weight i by parameter i
 */
static void
add_group(const RetPurchases *data, const RetPurchaseGroup *group, const int *knots,
		  const Integrand *f, RetLikelihood *result)
{
	const RetMoment *last = &data->moments[knots[group->tx]];
	const RetMoment *end = &data->moments[knots[group->t]];
	const double *tail = data->tails[group->tx].sums;
	const double *rest = data->tails[group->t].sums;
	double		s = f->n - 1;
	double		r = f->m - data->frequencies[group->x].x;
	double		ln = -f->m * last->ln - f->n * last->ln_beta;
	double		ratio = exp(-f->m * (end->ln - last->ln) - f->n * (end->ln_beta - last->ln_beta));
	double		active = ratio * (1 + end->t / f->beta);	/* Y, relative to the integrand at t_x */
	double		total = active + s / f->beta * (tail[0] - ratio * rest[0]);
	double		y = active / total;
	double		scale = s / f->beta / total;
	double		z[NPAIRS];

	/* of the logarithm of Y: its first derivatives */
	const double at_end[4] = {-r * end->ln, f->m * end->rest, -s * end->ln_beta, s * end->rest_beta};
	const double constant[4] = {0, 0, 1, -1};
	const double slope[4] = {-r, f->m, -s, f->n};
	double		first[4];

	for (int k = 0; k < NPAIRS; k++)
		z[k] = scale * (tail[k] - ratio * rest[k]);
	result->value += group->weight * (ln + log(total));
	for (int i = 0; i < 4; i++)
	{
		first[i] = y * at_end[i] + constant[i] * z[0] + slope[i] * z[i + 1];
		result->gradient[i] += group->weight * first[i];
		for (int j = 0; j <= i; j++)
			result->hessian[j][i] += group->weight *
				(y * at_end[i] * at_end[j] - first[i] * first[j] +
				 constant[i] * constant[j] * z[0] +
				 constant[i] * slope[j] * z[j + 1] + constant[j] * slope[i] * z[i + 1] +
				 slope[i] * slope[j] * z[pair[i + 1][j + 1]]);
	}
	/* and the means of the second derivatives of both logarithms */
	result->hessian[RET_R][RET_R] += group->weight * (y * at_end[RET_R] - r * z[1]);
	result->hessian[RET_R][RET_ALPHA] += group->weight * r * (y * end->rest + z[2]);
	result->hessian[RET_ALPHA][RET_ALPHA] -= group->weight * f->m *
		(y * end->part * end->rest + (z[2] - z[pair[2][2]]));
	result->hessian[RET_S][RET_S] += group->weight * (y * at_end[RET_S] - s * z[3]);
	result->hessian[RET_S][RET_BETA] += group->weight * s * (y * end->rest_beta + z[4]);
	result->hessian[RET_BETA][RET_BETA] -= group->weight *
		(y * s * end->rest_beta / (1 + end->t / f->beta) + f->n * (z[4] - z[pair[4][4]]));
}

/* Set what depends on a time and the parameters alone */
static void
set_moments(RetPurchases *data, double alpha, double beta)
{
	for (int i = 0; i < data->nmoments; i++)
	{
		RetMoment  *moment = &data->moments[i];

		moment->ln = log1p(moment->t / alpha);
		moment->part = alpha / (alpha + moment->t);
		moment->rest = moment->t / (alpha + moment->t);
		moment->ln_beta = log1p(moment->t / beta);
		moment->rest_beta = moment->t / (beta + moment->t);
	}
}

/*
 * Evaluate the log-likelihood of Pareto/NBD.
 * O(largest frequency + knots + groups).
 */
void
ret_pareto_likelihood(void *data, const double *theta, RetLikelihood *result)
{
	RetPurchases *purchases = data;
	double		ln_alpha = log(theta[RET_ALPHA]);
	const RetPurchaseGroup *group = purchases->groups;
	const RetPurchaseGroup *end = group + purchases->ngroups;
	Rules		rules;

	get_rules(&rules);
	set_moments(purchases, theta[RET_ALPHA], theta[RET_BETA]);
	ret_add_counts(purchases, theta[RET_R], result);
	for (int i = 0; i < purchases->nfrequencies; i++)
	{
		const RetFrequency *frequency = &purchases->frequencies[i];
		const int  *knots = &purchases->knots[frequency[0].knot];
		Integrand	f = {theta[RET_R] + frequency->x, theta[RET_S] + 1, theta[RET_ALPHA], theta[RET_BETA]};

		result->value -= frequency->weight * frequency->x * ln_alpha;
		result->gradient[RET_ALPHA] -= frequency->weight * frequency->x;
		integrate_tails(purchases, &f, &rules, knots, frequency[1].knot - frequency[0].knot);
		for (; group < end && group->x == i; group++)
			add_group(purchases, group, knots, &f, result);
		if (purchases->interrupt)
			purchases->interrupt();
	}
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < i; j++)
			result->hessian[i][j] = result->hessian[j][i];
}

/*-------------------------------------------------------------------------
 * What the model says of a customer
 *-------------------------------------------------------------------------
 */

/* The nodes of the rule with 16, those above 0, and their weights */
static const double half_rule[MOST_NODES / 2][2] = {
	{0.9894009349916499326, 0.027152459411754094852},
	{0.94457502307323257608, 0.062253523938647892863},
	{0.86563120238783174388, 0.09515851168249278481},
	{0.7554044083550030339, 0.12462897125553387205},
	{0.61787624440264374845, 0.14959598881657673208},
	{0.45801677765722738634, 0.16915651939500253819},
	{0.28160355077925891323, 0.18260341504492358887},
	{0.095012509837637440185, 0.18945061045506849629}
};

/*
 * Integrate (alpha+u)^-m (beta+u)^-n over `width` from `from` on, relative to the
 * integrand there
 */
static double
integrate(const Integrand *f, double from, double width)
{
	double		sum = 0;
	double		start = 0;

	for (int panels = 0; start < width && panels < MAX_PANELS; panels++)
	{
		int			rule;
		double		step = panel_width(f, from + start, width - start, &rule);
		double		part = 0;

		for (int i = 0; i < MOST_NODES; i++)
		{
			double		node = i & 1 ? -half_rule[i / 2][0] : half_rule[i / 2][0];
			double		d = start + step * (1 + node) / 2;

			part += half_rule[i / 2][1] * step / 2 *
				exp(-f->m * log1p(d / (f->alpha + from)) - f->n * log1p(d / (f->beta + from)));
		}
		sum += part;
		start += step;
		if (part <= PANEL_END * sum)
			break;
	}
	return sum;
}

/*
 * Compute the probability that a customer who is active at `from` and has bought
 * m - r times leaves within `width`, without a purchase before:
 *
 *	s (alpha+from)^m (beta+from)^s times the integral above, with n = s+1.
 *
 * Fader and Hardie's closed form, in the form of Euler: the integral from t to
 * infinity is g(t) / (m+s), where for alpha >= beta
 *
 *	g(t) = (alpha+t)^-m (beta+t)^-s 2F1(1, m; m+s+1; (alpha-beta) / (alpha+t)),
 *
 * and for alpha < beta the exponents are m-1 and n, the function is
 * 2F1(1, n; m+s+1; (beta-alpha) / (beta+t)).
 */
static double
leaves_within(const RetPurchaseModel *model, double m, double from, double width)
{
	double		s = model->s;
	double		a = log1p(width / (model->alpha + from));
	double		b = log1p(width / (model->beta + from));
	double		near = fmin(model->alpha, model->beta);
	double		far = fmax(model->alpha, model->beta);
	bool		swapped = model->alpha < model->beta;
	double		first = swapped ? s + 1 : m;
	double		second = swapped ? m : s + 1;
	double		falls = swapped ? (m - 1) * a + (s + 1) * b : m * a + s * b;
	double		z = (far - near) / (far + from);
	double		at_start;
	double		at_end;

	if (!(width > 0))
		return 0;
	if (z > CLOSE_TO_1 ||
		!ret_gauss_fraction(first, second, z, NULL, &at_start) ||
		!ret_gauss_fraction(first, second, (far - near) / (far + from + width), NULL, &at_end))
	{
		Integrand	f = {m, s + 1, model->alpha, model->beta};

		return fmin(s / (model->beta + from) * integrate(&f, from, width), 1);
	}
	if (swapped)
		at_start *= (model->alpha + from) / (model->beta + from);
	if (swapped)
		at_end *= (model->alpha + from) / (model->beta + from);
	return fmin(s / (m + s) * fmax(at_start - at_end * exp(-falls), 0), 1);
}

/* Compute the odds of having left, as a logarithm; the customer has m = r+x */
static double
log_odds_left(const RetPurchaseModel *model, double m, const RetHistory *history)
{
	double		silence = history->t - history->tx;
	double		left = leaves_within(model, m, history->tx, silence);

	return log(left) + m * log1p(silence / (model->alpha + history->tx)) +
		model->s * log1p(silence / (model->beta + history->tx));
}

/* Compute the probability that the customer is still active */
double
ret_pareto_alive(const RetPurchaseModel *model, const RetHistory *history)
{
	if (history->t <= history->tx)
		return 1;
	return 1 / (1 + exp(log_odds_left(model, model->r + history->x, history)));
}

/*
 * Compute the probability of no purchase within `days`: the customer has left, or
 * stays and does not buy, or leaves before
 */
double
ret_pareto_churn_risk(const RetPurchaseModel *model, const RetHistory *history, double days)
{
	double		m = model->r + history->x;
	double		odds = history->t > history->tx ? log_odds_left(model, m, history) : -INFINITY;
	double		stays = exp(-m * log1p(days / (model->alpha + history->t)) -
							model->s * log1p(days / (model->beta + history->t)));
	double		none = fmin(stays + leaves_within(model, m, history->t, days), 1);

	return 1 / (1 + exp(-odds)) + 1 / (1 + exp(odds)) * none;
}

/*
 * Integrate e^((1-s) v) from 0 to `time`: how the expected purchases of an active
 * customer grow with the time t for which `time` is ln(1 + t / (beta+T)), as they
 * are the integral of m / (alpha+T) ((beta+T) / (beta+T+t))^s
 */
double
ret_pareto_growth(double s, double time)
{
	double		exponent = (1 - s) * time;

	return exponent == 0 ? time : time * (expm1(exponent) / exponent);
}

/*
 * Compute the probabilities of 0, 1, ... n - 1 repeat purchases of a new customer
 * within `days`.  They stay, and make as many as nobody's leaving would let
 * expect; or they leave at u, and have made as many by then.  O(n^1.5).
 */
void
ret_pareto_counts(const RetPurchaseModel *model, double days, int n, double *result)
{
	/* the counts as functions of ln(alpha + u) are bells of width n^-1/2 */
	Integrand	f = {model->r + 4 * sqrt(n), model->s + 1, model->alpha, model->beta};
	double		stays = exp(-model->s * log1p(days / model->beta));
	double		start = 0;
	Rules		rules;
	RetCounts	counts;

	get_rules(&rules);
	ret_counts_start(&counts, model->r, model->alpha, days);
	for (int x = 0; x < n; x++)
		result[x] = stays * ret_counts_next(&counts);
	for (int panels = 0; start < days && panels < MAX_PANELS; panels++)
	{
		int			rule;
		double		step = panel_width(&f, start, days - start, &rule);

		/* the counts are polynomials of a high degree */
		rule = NRULES - 1;
		for (int i = 0; i < rule_nodes[rule]; i++)
		{
			double		u = start + step * (1 + rules.nodes[rule][i]) / 2;
			double		w = rules.weights[rule][i] * step / 2 * model->s / model->beta *
				exp(-(model->s + 1) * log1p(u / model->beta));

			ret_counts_start(&counts, model->r, model->alpha, u);
			for (int x = 0; x < n; x++)
				result[x] += w * ret_counts_next(&counts);
		}
		start += step;
	}
}
