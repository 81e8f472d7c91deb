/*-------------------------------------------------------------------------
 *
 * purchase_math.h
 *	  The purchase models: their parameters and likelihoods.
 *	  Pure mathematics: plain C, nothing of the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_PURCHASE_MATH_H
#define RETENTION_PURCHASE_MATH_H

#include "math/maximum.h"

/*-------------------------------------------------------------------------
 * BG/NBD and MBG/NBD
 *-------------------------------------------------------------------------
 */

/* Parameters in the order of RetFit.theta */
enum
{
	RET_R = 0,
	RET_ALPHA = 1,
	RET_A = 2,
	RET_B = 3,
	RET_S = 2,					/* of Pareto/NBD, which has no a and b */
	RET_BETA = 3
};

/* When customers may leave */
typedef enum RetPurchaseKind
{
	RET_BGNBD,					/* after each repeat purchase */
	RET_MBGNBD,					/* after each purchase, the first included */
	RET_PARETO_NBD				/* at any time */
} RetPurchaseKind;

/*
 * A fitted model: the customers' purchase rates are gamma(r, alpha).  Their
 * probabilities to leave after a purchase are beta(a, b), or their rates of
 * leaving are gamma(s, beta).
 */
typedef struct RetPurchaseModel
{
	RetPurchaseKind kind;
	double		r;
	double		alpha;			/* in days */
	double		a;				/* not of Pareto/NBD */
	double		b;				/* not of Pareto/NBD */
	double		s;				/* of Pareto/NBD alone */
	double		beta;			/* of Pareto/NBD alone, in days */
} RetPurchaseModel;

/* A distinct frequency */
typedef struct RetFrequency
{
	double		x;				/* repeat purchases */
	double		above;			/* customers with this many or more */
	double		weight;			/* customers with this many */
	int			knot;			/* index of their first knot, of Pareto/NBD alone */

	/* set for the parameters that are being evaluated */
	double		ln_b;			/* ln(b + x - 1 + k) */
	double		du;				/* b / (b + x - 1 + k) */
} RetFrequency;

/* A distinct time, as a recency, as an age, or both */
typedef struct RetMoment
{
	double		t;				/* days */
	double		weight;			/* customers of this age */
	double		purchases;		/* repeat purchases of customers of this age */

	/* set for the parameters that are being evaluated */
	double		ln;				/* ln(1 + t / alpha) */
	double		part;			/* alpha / (alpha + t) */
	double		rest;			/* t / (alpha + t) */
	double		ln_beta;		/* ln(1 + t / beta), of Pareto/NBD alone */
	double		rest_beta;		/* t / (beta + t), of Pareto/NBD alone */
} RetMoment;

/* An integral from a time to the last one, and others with weights; see pareto.c */
typedef struct RetTail
{
	double		sums[15];
} RetTail;

/* Customers of equal frequency, recency and age who may have left */
typedef struct RetPurchaseGroup
{
	double		weight;			/* number of customers */
	int			x;				/* index of their frequency */
	/* index among the moments; for Pareto/NBD among the knots of this frequency */
	int			tx;				/* of their recency */
	int			t;				/* of their age */
} RetPurchaseGroup;

/* What a likelihood is computed from; the arrays belong to the caller */
typedef struct RetPurchases
{
	RetPurchaseKind kind;		/* the model to be fitted */
	int			nfrequencies;
	int			nmoments;
	int			ngroups;
	double		customers;		/* sum of all weights */
	RetFrequency *frequencies;	/* ascending, and one more that ends the knots */
	RetMoment  *moments;
	RetPurchaseGroup *groups;	/* ascending by frequency */

	/* of Pareto/NBD alone */
	int		   *knots;			/* the moments of each frequency, ascending by time */
	RetTail	   *tails;			/* as many as the knots of any frequency, to work with */

	/* called now and then, and may not return; NULL for none */
	void		(*interrupt) (void);
} RetPurchases;

/* evaluate functions of a RetProblem whose data is a RetPurchases */
extern void ret_purchase_likelihood(void *data, const double *theta, RetLikelihood *result);
extern void ret_nbd_likelihood(void *data, const double *theta, RetLikelihood *result);

/* parts of likelihoods */
extern void ret_add_counts(const RetPurchases *data, double r, RetLikelihood *result);

/* A customer's history */
typedef struct RetHistory
{
	double		x;				/* repeat purchases */
	double		tx;				/* days from the first purchase to the last */
	double		t;				/* days from the first purchase until now */
} RetHistory;

/*-------------------------------------------------------------------------
 * Gamma-Gamma
 *-------------------------------------------------------------------------
 */

/* Parameters in the order of RetFit.theta */
enum
{
	RET_P = 0,
	RET_Q = 1,
	RET_V = 2
};

/*
 * A fitted model: the values of a customer's purchases are gamma(p, scale), and
 * the inverses of the customers' scales are gamma(q, v)
 */
typedef struct RetSpendModel
{
	double		p;
	double		q;
	double		v;				/* in units of money */
} RetSpendModel;

/* Customers of equal frequency and mean value */
typedef struct RetSpendGroup
{
	double		weight;			/* number of customers */
	double		total;			/* frequency x mean value */
	double		ln_total;		/* ln total */
} RetSpendGroup;

/* A distinct frequency; its groups end where those of the next one begin */
typedef struct RetSpendFrequency
{
	double		x;				/* repeat purchases */
	double		weight;			/* customers with this many */
	int			first;			/* index of its first group */
} RetSpendFrequency;

/* What the likelihood is computed from; the arrays belong to the caller */
typedef struct RetSpends
{
	int			nfrequencies;
	int			ngroups;
	double		customers;		/* sum of all weights */
	double		ln_means;		/* sum of the logarithms of all mean values */
	RetSpendFrequency *frequencies; /* ascending, and one more that ends the last */
	RetSpendGroup *groups;
	void		(*interrupt) (void);	/* as in RetPurchases */
} RetSpends;

extern void ret_spend_likelihood(void *data, const double *theta, RetLikelihood *result);
extern double ret_expected_spend(const RetSpendModel *model, double x, double mean);

#endif							/* RETENTION_PURCHASE_MATH_H */
