/*-------------------------------------------------------------------------
 *
 * purchase_moments.c
 *	  The distinct times among the recencies and ages of a tally of purchases.
 *
 * What a likelihood computes from a time alone it computes once for each, so the
 * customers refer to their times by index.  Finding these takes O(points + days)
 * if the times are whole days, O(points log points) otherwise.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "family/purchase_moments.h"

#define MANY_MOMENTS	(1024 * 1024)	/* whole days that a table may hold */
#define SAMPLE_POINTS	1000

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/* Sort an array and remove duplicates; returns how many values remain */
static int
sort_distinct(double *times, int n)
{
	int			distinct = 0;

	qsort(times, n, sizeof(double), compare_doubles);
	for (int i = 0; i < n; i++)
	{
		if (i == 0 || times[i] != times[distinct - 1])
			times[distinct++] = times[i];
	}
	return distinct;
}

/* Estimate from a sample whether the times differ too much to look for equal ones */
static bool
times_differ(const RetTallyReader *reader, int npoints)
{
	double		times[2 * SAMPLE_POINTS];

	if (npoints < 4 * SAMPLE_POINTS)
		return false;
	for (int i = 0; i < SAMPLE_POINTS; i++)
	{
		const double *point = ret_tally_point(reader, (int64) npoints * i / SAMPLE_POINTS);

		times[2 * i] = point[RECENCY];
		times[2 * i + 1] = point[AGE];
	}
	return sort_distinct(times, 2 * SAMPLE_POINTS) > SAMPLE_POINTS;
}

/* Give the times of all points indexes, in the way that suits them */
void
ret_moments_find(RetMoments *moments, const RetTallyReader *reader, int npoints, bool ordered)
{
	double		longest = 0;
	bool		whole = true;

	memset(moments, 0, sizeof(RetMoments));
	for (int i = 0; i < npoints; i++)
	{
		const double *point = ret_tally_point(reader, i);

		ret_check_interrupts_at(i);
		longest = Max(longest, point[AGE]);
		whole = whole && point[AGE] == floor(point[AGE]) && point[RECENCY] == floor(point[RECENCY]);
	}
	if (whole && longest < MANY_MOMENTS && longest < 64.0 * npoints + 1024)
		moments->table = ret_alloc_zeros((int64) longest + 1, sizeof(int32));
	else if (!ordered && times_differ(reader, npoints))
		moments->n = 2 * npoints;
	else
		moments->times = ret_alloc_zeros((int64) npoints * 2, sizeof(double));

	for (int i = 0; i < npoints && (moments->table || moments->times); i++)
	{
		const double *point = ret_tally_point(reader, i);

		ret_check_interrupts_at(i);
		for (int j = RECENCY; j <= AGE; j++)
		{
			if (moments->times)
				moments->times[moments->n++] = point[j];
			else
				moments->table[(int) point[j]] = 1;
		}
	}
	for (int day = 0; moments->table && day <= (int) longest; day++)
	{
		if (moments->table[day])
			moments->table[day] = ++moments->n;
	}
	if (moments->times)
		moments->n = sort_distinct(moments->times, moments->n);
}

/* Find the index of the time j, RECENCY or AGE, of point i */
int
ret_moment_index(const RetMoments *moments, const double *point, int i, int j)
{
	if (moments->table)
		return moments->table[(int) point[j]] - 1;
	if (moments->times)
		return (double *) bsearch(&point[j], moments->times, moments->n,
								  sizeof(double), compare_doubles) - moments->times;
	return 2 * i + j - RECENCY;
}
