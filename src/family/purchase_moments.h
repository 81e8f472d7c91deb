/*-------------------------------------------------------------------------
 *
 * purchase_moments.h
 *	  What the tally of a purchase model has in its points, and the distinct
 *	  times among them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_PURCHASE_MOMENTS_H
#define RETENTION_PURCHASE_MOMENTS_H

#include "store/tally.h"

/* numbers of a point of the tally */
enum
{
	FREQUENCY = 0,
	RECENCY = 1,
	AGE = 2
};

/*
 * The distinct times among the recencies and ages, and how to find their
 * indexes, ascending by time: in a table if all are whole days, by binary search
 * otherwise.  If hardly any two times are the same, and their order does not
 * matter, each point has two indexes of its own.
 */
typedef struct RetMoments
{
	int32	   *table;			/* index + 1 by the number of days, or NULL */
	double	   *times;			/* the times, ascending, or NULL */
	int			n;				/* number of indexes */
} RetMoments;

extern void ret_moments_find(RetMoments *moments, const RetTallyReader *reader, int npoints, bool ordered);
extern int ret_moment_index(const RetMoments *moments, const double *point, int i, int j);

/* Allocate an array of zeros, which may be larger than 1 GB */
static inline void *
ret_alloc_zeros(int64 n, Size size)
{
	return palloc_extended(Max(n, 1) * size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

#endif							/* RETENTION_PURCHASE_MOMENTS_H */
