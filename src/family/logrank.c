/*-------------------------------------------------------------------------
 *
 * logrank.c
 *	  Do groups of customers stay equally long?  The log-rank test.
 *
 * At each time at which customers leave, n are at risk and d of them leave; of
 * group g, n_g are at risk and d_g leave.  If the groups were equal, d n_g / n
 * of the group would be expected to leave.  Over all times
 *
 *	  U_g = sum (d_g - d n_g / n)
 *	  V_gh = sum d (n-d)/(n-1) n_g/n ((g = h) - n_h/n)
 *	  chi-square = U' V^- U
 *
 * where V^- is a generalized inverse, and the degrees of freedom are the rank of
 * V: usually one less than the number of groups that had anybody at risk when
 * customers left (N. Mantel, Evaluation of survival data and two new rank order
 * statistics arising in its consideration, Cancer Chemotherapy Reports 50, 1966).
 *
 * The state is a tally of (duration, group), with late entries as in the curves of
 * survival.c: curves of groups are added point by point.  A group is a boolean or a
 * customer_key; a text is hashed by the cast to that, where the query's
 * collation is known.  The 64 bits of a group are kept as two numbers of 32
 * bits, which doubles hold exactly.  The final function takes O(points log points
 * + times at which customers leave x groups^2 + groups^3).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/aggregate.h"
#include "base/calendar.h"
#include "base/result.h"
#include "family/survival.h"
#include "math/mathfn.h"
#include "store/customer_key.h"
#include "store/tally.h"

#define MAX_GROUPS		1000

/* A pivot below this share of the group's variance is only rounding error */
#define PIVOT_TOLERANCE	1e-9

/*
 * The counts of a point are those of a survival_curve: customers of this group
 * with this duration, or who entered late if it is negative
 */
#define CENSORED	RET_CENSORED
#define CHURNED		RET_CHURNED
#define NCOUNTS		RET_DURATION_COUNTS

/* The numbers of a point, in the order in which points are sorted */
enum
{
	DURATION,
	GROUP_HIGH,
	GROUP_LOW,
	NDIMS
};

/* Sums over the times read so far */
typedef struct Logrank
{
	int			ngroups;
	int64	   *groups;			/* in ascending order */
	int64	   *at_risk;		/* n_g, just before the time that is read */
	int64		all_at_risk;	/* n, their sum */
	int64		late;			/* late entries still to come: those of the first points */
	double	   *churned;		/* d_g, at the time that is read */
	double	   *surplus;		/* U_g */
	double	   *covariance;		/* V_gh, ngroups x ngroups, lower triangle */
} Logrank;

PG_FUNCTION_INFO_V1(logrank_test_transfn_key);
PG_FUNCTION_INFO_V1(logrank_test_transfn_boolean);
PG_FUNCTION_INFO_V1(logrank_test_transfn_counted_key);
PG_FUNCTION_INFO_V1(logrank_test_transfn_counted_boolean);
PG_FUNCTION_INFO_V1(logrank_test_transfn_date_key);
PG_FUNCTION_INFO_V1(logrank_test_transfn_date_boolean);
PG_FUNCTION_INFO_V1(logrank_test_transfn_date_now_key);
PG_FUNCTION_INFO_V1(logrank_test_transfn_date_now_boolean);
PG_FUNCTION_INFO_V1(logrank_test_transfn_timestamp_key);
PG_FUNCTION_INFO_V1(logrank_test_transfn_timestamp_boolean);
PG_FUNCTION_INFO_V1(logrank_test_transfn_timestamptz_key);
PG_FUNCTION_INFO_V1(logrank_test_transfn_timestamptz_boolean);
PG_FUNCTION_INFO_V1(logrank_test_transfn_curve_key);
PG_FUNCTION_INFO_V1(logrank_test_transfn_curve_boolean);
PG_FUNCTION_INFO_V1(logrank_test_combine);
PG_FUNCTION_INFO_V1(logrank_test_finalfn);

static bool valid_point(const double *point);

static const RetTallyDef logrank_tally = {
	.kind = RET_TALLY_LOGRANK,
	.ndims = NDIMS,
	.ncounts = NCOUNTS,
	.valid = valid_point
};

/* Check that a point has the two halves of a group */
static bool
valid_point(const double *point)
{
	return point[GROUP_HIGH] >= PG_INT32_MIN && point[GROUP_HIGH] <= PG_INT32_MAX &&
		point[GROUP_LOW] >= 0 && point[GROUP_LOW] <= PG_UINT32_MAX &&
		floor(point[GROUP_HIGH]) == point[GROUP_HIGH] &&
		floor(point[GROUP_LOW]) == point[GROUP_LOW];
}

/*-------------------------------------------------------------------------
 * The aggregate
 *-------------------------------------------------------------------------
 */

/* Get the group in argument argno, a customer_key or a boolean */
static inline int64
get_group(FunctionCallInfo fcinfo, int argno, bool boolean)
{
	if (boolean)
		return PG_GETARG_BOOL(argno) ? 1 : 0;
	return PG_GETARG_CUSTOMER(argno);
}

/* Set the numbers of a point */
static inline void
set_point(double *point, double duration, int64 group)
{
	point[DURATION] = duration;
	point[GROUP_HIGH] = (double) (int32) (group >> 32);
	point[GROUP_LOW] = (double) (uint32) group;
}

/* Count a customer of a group; zoned if the duration depends on the time zone */
static pg_always_inline Datum
count_row(FunctionCallInfo fcinfo, double duration, bool churned, int64 group, bool zoned)
{
	double		point[NDIMS];

	set_point(point, duration, group);
	return ret_tally_add(fcinfo, &logrank_tally, point, churned ? CHURNED : CENSORED, zoned);
}

/*
 * Count a row with (tally, duration, churned, grp).  A row with a null duration
 * or group is ignored; a null churned is false.
 */
static pg_always_inline Datum
count_duration(FunctionCallInfo fcinfo, bool boolean)
{
	double		duration;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(3))
		return ret_agg_ignore(fcinfo);
	duration = PG_GETARG_FLOAT8(1);
	if (unlikely(!(duration >= 0 && duration <= DBL_MAX)))
		ret_reject_duration(duration);
	return count_row(fcinfo, duration, !PG_ARGISNULL(2) && PG_GETARG_BOOL(2),
					 get_group(fcinfo, 3, boolean), false);
}

/* Count the customers of a row with (tally, duration, churned, grp, customers) */
static Datum
count_customers(FunctionCallInfo fcinfo, bool boolean)
{
	double		point[NDIMS];
	double		duration;
	int64		customers;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(3) || (customers = ret_customers_arg(fcinfo, 4)) == 0)
		return ret_agg_ignore(fcinfo);
	duration = PG_GETARG_FLOAT8(1);
	if (unlikely(!(duration >= 0 && duration <= DBL_MAX)))
		ret_reject_duration(duration);
	set_point(point, duration, get_group(fcinfo, 3, boolean));
	return ret_tally_add_counted(fcinfo, &logrank_tally, point,
								 !PG_ARGISNULL(2) && PG_GETARG_BOOL(2) ? CHURNED : CENSORED, customers);
}

/*
 * Count a row with (tally, started, ended, as_of, grp), as survival_curve does.
 * A row with a null group is ignored.
 */
static pg_always_inline Datum
count_contract(FunctionCallInfo fcinfo, RetTimeKind kind, RetTimeKind as_of_kind, bool boolean)
{
	double		duration;
	bool		churned;

	ret_agg_check(fcinfo);
	if (!ret_contract_read(fcinfo, kind, as_of_kind, &duration, &churned) || PG_ARGISNULL(4))
		return ret_agg_ignore(fcinfo);
	return count_row(fcinfo, duration, churned, get_group(fcinfo, 4, boolean),
					 as_of_kind == RET_TIMESTAMPTZ);
}

/*
 * Count the customers of a curve with (tally, curve, grp).  A row with a null
 * curve or group is ignored.
 */
static Datum
count_curve(FunctionCallInfo fcinfo, bool boolean)
{
	RetTallyReader reader;
	int64	   *entries;
	int64		group;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	group = get_group(fcinfo, 2, boolean);
	ret_tally_read(&reader, PG_GETARG_DATUM(1), &ret_survival_tally);
	entries = MemoryContextAllocHuge(CurrentMemoryContext,
									 reader.npoints * (NDIMS + NCOUNTS) * sizeof(int64));
	for (int64 i = 0; i < reader.npoints; i++)
	{
		int64	   *entry = entries + i * (NDIMS + NCOUNTS);
		double		point[NDIMS];

		set_point(point, *ret_tally_point(&reader, i), group);
		memcpy(entry, point, sizeof(point));
		memcpy(entry + NDIMS, ret_tally_counts(&reader, i), NCOUNTS * sizeof(int64));
		ret_check_interrupts_at(i);
	}
	return ret_tally_merge(fcinfo, &logrank_tally,
						   ret_tally_value(&logrank_tally, entries, reader.npoints));
}

Datum
logrank_test_transfn_key(PG_FUNCTION_ARGS)
{
	return count_duration(fcinfo, false);
}

Datum
logrank_test_transfn_boolean(PG_FUNCTION_ARGS)
{
	return count_duration(fcinfo, true);
}

Datum
logrank_test_transfn_counted_key(PG_FUNCTION_ARGS)
{
	return count_customers(fcinfo, false);
}

Datum
logrank_test_transfn_counted_boolean(PG_FUNCTION_ARGS)
{
	return count_customers(fcinfo, true);
}

Datum
logrank_test_transfn_date_key(PG_FUNCTION_ARGS)
{
	return count_contract(fcinfo, RET_DATE, RET_DATE, false);
}

Datum
logrank_test_transfn_date_boolean(PG_FUNCTION_ARGS)
{
	return count_contract(fcinfo, RET_DATE, RET_DATE, true);
}

/* logrank_test_transfn_date_now_*: as_of is a timestamptz, such as now() */
Datum
logrank_test_transfn_date_now_key(PG_FUNCTION_ARGS)
{
	return count_contract(fcinfo, RET_DATE, RET_TIMESTAMPTZ, false);
}

Datum
logrank_test_transfn_date_now_boolean(PG_FUNCTION_ARGS)
{
	return count_contract(fcinfo, RET_DATE, RET_TIMESTAMPTZ, true);
}

Datum
logrank_test_transfn_timestamp_key(PG_FUNCTION_ARGS)
{
	return count_contract(fcinfo, RET_TIMESTAMP, RET_TIMESTAMPTZ, false);
}

Datum
logrank_test_transfn_timestamp_boolean(PG_FUNCTION_ARGS)
{
	return count_contract(fcinfo, RET_TIMESTAMP, RET_TIMESTAMPTZ, true);
}

Datum
logrank_test_transfn_timestamptz_key(PG_FUNCTION_ARGS)
{
	return count_contract(fcinfo, RET_TIMESTAMPTZ, RET_TIMESTAMPTZ, false);
}

Datum
logrank_test_transfn_timestamptz_boolean(PG_FUNCTION_ARGS)
{
	return count_contract(fcinfo, RET_TIMESTAMPTZ, RET_TIMESTAMPTZ, true);
}

Datum
logrank_test_transfn_curve_key(PG_FUNCTION_ARGS)
{
	return count_curve(fcinfo, false);
}

Datum
logrank_test_transfn_curve_boolean(PG_FUNCTION_ARGS)
{
	return count_curve(fcinfo, true);
}

Datum
logrank_test_combine(PG_FUNCTION_ARGS)
{
	return ret_tally_combine(fcinfo, &logrank_tally);
}

/*-------------------------------------------------------------------------
 * The test
 *-------------------------------------------------------------------------
 */

/* Join the halves of a point's group */
static inline int64
point_group(const double *point)
{
	return (int64) ((uint64) (int64) point[GROUP_HIGH] << 32 | (uint64) point[GROUP_LOW]);
}

/* Find the index of a group, or the one at which to insert it */
static int
find_group(const Logrank *logrank, int64 group)
{
	int			low = 0;
	int			high = logrank->ngroups;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (logrank->groups[middle] < group)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Get the index of a group, which becomes one if it is new */
static int
enter_group(Logrank *logrank, int64 group)
{
	int			g = find_group(logrank, group);
	int			after = logrank->ngroups - g;

	if (after == 0 || logrank->groups[g] != group)
	{
		if (logrank->ngroups == MAX_GROUPS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many groups to compare"),
					 errdetail("The limit is %d groups.", MAX_GROUPS),
					 errhint("The last argument is the group of the customer, not the customer.")));
		memmove(&logrank->groups[g + 1], &logrank->groups[g], after * sizeof(int64));
		memmove(&logrank->at_risk[g + 1], &logrank->at_risk[g], after * sizeof(int64));
		logrank->groups[g] = group;
		logrank->at_risk[g] = 0;
		logrank->ngroups++;
	}
	return g;
}

/* Raise an error if more customers of a group are gone than were there */
static inline void
check_group(const Logrank *logrank, int g)
{
	if (unlikely(logrank->at_risk[g] < 0))
		ret_tally_inconsistent("Its points are not those of customers.");
}

/*
 * Find the groups, the late entries, and the number of customers at risk in each
 * group at the beginning
 */
static void
find_groups(Logrank *logrank, const RetTallyReader *reader)
{
	logrank->ngroups = 0;
	logrank->groups = palloc((MAX_GROUPS + 1) * sizeof(int64));
	logrank->at_risk = palloc0((MAX_GROUPS + 1) * sizeof(int64));
	logrank->all_at_risk = logrank->late = 0;
	for (int64 i = 0; i < reader->npoints; i++)
	{
		const double *point = ret_tally_point(reader, i);
		const int64 *counts = ret_tally_counts(reader, i);
		int64		customers = counts[CENSORED] + counts[CHURNED];

		if (point[DURATION] < 0)
		{
			/* not at risk until they enter */
			customers = -customers;
			logrank->late++;
		}
		logrank->at_risk[enter_group(logrank, point_group(point))] += customers;
		logrank->all_at_risk += customers;
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	for (int g = 0; g < logrank->ngroups; g++)
		check_group(logrank, g);
}

/* Let customers of the group of point i in, or out if n is negative */
static inline void
move_customers(Logrank *logrank, const RetTallyReader *reader, int64 i, int64 n)
{
	int			g = find_group(logrank, point_group(ret_tally_point(reader, i)));

	logrank->at_risk[g] += n;
	logrank->all_at_risk += n;
	check_group(logrank, g);
}

/* Let the customers in who came under observation before a time */
static void
enter_late(Logrank *logrank, const RetTallyReader *reader, double time)
{
	while (logrank->late > 0 && -ret_tally_point(reader, logrank->late - 1)[DURATION] < time)
	{
		logrank->late--;
		move_customers(logrank, reader, logrank->late,
					   ret_tally_counts(reader, logrank->late)[RET_ENTERED]);
		ret_check_interrupts_at(logrank->late);
	}
}

/*
 * Add the terms of a time at which `all` customers were at risk and `churned` of
 * them left.  Differences are taken between integers, before large counts are
 * rounded.
 */
static void
add_time(Logrank *logrank, int64 all, int64 churned)
{
	double		n = (double) all;
	double		d = (double) churned;
	double		factor = all > 1 ? d * ((double) (all - churned) / (double) (all - 1)) : 0;

	for (int g = 0; g < logrank->ngroups; g++)
	{
		double		share = (double) logrank->at_risk[g] / n;
		double	   *row = logrank->covariance + g * logrank->ngroups;

		if (share == 0)
			continue;
		logrank->surplus[g] += logrank->churned[g] - d * share;
		for (int h = 0; h < g; h++)
			row[h] -= factor * share * ((double) logrank->at_risk[h] / n);
		row[g] += factor * share * ((double) (all - logrank->at_risk[g]) / n);
	}
}

/* Add the terms of all times at which customers left */
static void
add_times(Logrank *logrank, const RetTallyReader *reader)
{
	int64		next;

	for (int64 i = logrank->late; i < reader->npoints; i = next)
	{
		double		time = ret_tally_point(reader, i)[DURATION];
		int64		d = 0;

		enter_late(logrank, reader, time);
		memset(logrank->churned, 0, logrank->ngroups * sizeof(double));
		for (next = i; next < reader->npoints && ret_tally_point(reader, next)[DURATION] == time; next++)
		{
			int64		churned = ret_tally_counts(reader, next)[CHURNED];

			logrank->churned[find_group(logrank, point_group(ret_tally_point(reader, next)))] = (double) churned;
			d += churned;
		}
		CHECK_FOR_INTERRUPTS();
		if (d > 0)
			add_time(logrank, logrank->all_at_risk, d);
		for (int64 j = i; j < next; j++)
		{
			const int64 *counts = ret_tally_counts(reader, j);

			move_customers(logrank, reader, j, -(counts[CENSORED] + counts[CHURNED]));
		}
	}
}

/*
 * Compute U' V^- U and the rank of V by a Cholesky decomposition.  The next pivot
 * is the group with the largest share of its variance unexplained; the end is
 * reached when only rounding errors are left.  Overwrites V and U.
 */
static double
quadratic_form(Logrank *logrank, int *rank)
{
	int			n = logrank->ngroups;
	double	   *u = logrank->surplus;
	double	   *rest = palloc(n * sizeof(double));	/* unexplained, 0: used */
	double	   *scale = palloc(n * sizeof(double)); /* whole variance */
	double		sum = 0;

#define V(g, h) (logrank->covariance[(g) * n + (h)])
	for (int g = 0; g < n; g++)
	{
		for (int h = 0; h < g; h++)
			V(h, g) = V(g, h);
		rest[g] = scale[g] = V(g, g);
	}
	for (*rank = 0; *rank < n; (*rank)++)
	{
		int			pivot = -1;

		CHECK_FOR_INTERRUPTS();
		for (int g = 0; g < n; g++)
		{
			if (rest[g] > PIVOT_TOLERANCE * scale[g] &&
				(pivot < 0 || rest[g] / scale[g] > rest[pivot] / scale[pivot]))
				pivot = g;
		}
		if (pivot < 0)
			break;
		sum += u[pivot] * u[pivot] / rest[pivot];

		/* subtract from the others what the pivot explains */
		for (int g = 0; g < n; g++)
		{
			double		slope = V(g, pivot) / rest[pivot];

			if (g == pivot || rest[g] == 0)
				continue;
			u[g] -= slope * u[pivot];
			for (int h = 0; h < n; h++)
			{
				if (h != pivot)
					V(g, h) -= slope * V(pivot, h);
			}
			rest[g] = V(g, g);
		}
		rest[pivot] = 0;
	}
#undef V
	return sum;
}

/*
 * logrank_test_finalfn(tally) -> (chi_square, degrees_of_freedom, p_value)
 *		NULL for fewer than two groups.  Without degrees of freedom, for example
 *		if nobody left, chi_square and p_value are NULL.
 */
Datum
logrank_test_finalfn(PG_FUNCTION_ARGS)
{
	RetTallyReader reader;
	Logrank		logrank;
	double		chi_square;
	int			rank;
	Datum		values[3];
	bool		nulls[3] = {0};

	(void) ret_agg_context(fcinfo);
	ret_tally_read(&reader, PG_GETARG_DATUM(0), &logrank_tally);
	find_groups(&logrank, &reader);
	if (logrank.ngroups < 2)
		PG_RETURN_NULL();
	logrank.churned = palloc0(logrank.ngroups * sizeof(double));
	logrank.surplus = palloc0(logrank.ngroups * sizeof(double));
	logrank.covariance = palloc0((Size) logrank.ngroups * logrank.ngroups * sizeof(double));
	add_times(&logrank, &reader);
	chi_square = quadratic_form(&logrank, &rank);

	nulls[0] = nulls[2] = rank == 0;
	values[0] = Float8GetDatum(chi_square);
	values[1] = Int32GetDatum(rank);
	values[2] = Float8GetDatum(rank == 0 ? 0 : ret_chi_square_tail(chi_square, rank));
	return ret_row(fcinfo, values, nulls, 3);
}
