/*-------------------------------------------------------------------------
 *
 * survey.c
 *	  What customers say: net promoter score and customer satisfaction.
 *
 * NPS = 100 (promoters - detractors) / responses, where a score from 9 up to
 * 10 is a promoter's, from 7 up to 9 a passive's, below 7 a detractor's: F. F.
 * Reichheld, The one number you need to grow, Harvard Business Review (2003).
 * Its variance per response is p + d - (p - d)^2, where p and d are the shares
 * of promoters and detractors.  The interval is the adjusted Wald one: three
 * responses are added, 3/4 promoter, 3/4 detractor and 3/2 passive, as B. Rocks
 * recommends (Interval estimation for the net promoter score, The American
 * Statistician 70, 2016).  CSAT = share of the scores 4 and 5 of 1..5.
 *
 * The state is a bigint[] of counters, modified in place and owned by the
 * executor: {promoters, passives, detractors} for NPS, {satisfied, other} for
 * CSAT.  Counts can be taken back, so a moving frame costs one addition and one
 * subtraction per row.  All transition functions are strict with an INITCOND,
 * so NULL scores never reach them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"

#include "base/result.h"
#include "family/stats.h"
#include "math/mathfn.h"
#include "store/counters.h"

/* Order of the counters of NPS, and of the fields of nps_summary */
enum
{
	PROMOTER,
	PASSIVE,
	DETRACTOR,
	NPS_COUNTERS
};

/* Order of the counters of CSAT */
enum
{
	SATISFIED,
	UNSATISFIED,
	CSAT_COUNTERS
};

/* NPS on the scale -1..1, and the variance of its estimate */
typedef struct NpsEstimate
{
	double		nps;
	double		variance;
} NpsEstimate;

PG_FUNCTION_INFO_V1(nps_transfn_integer);
PG_FUNCTION_INFO_V1(nps_transfn_double);
PG_FUNCTION_INFO_V1(nps_invfn_integer);
PG_FUNCTION_INFO_V1(nps_invfn_double);
PG_FUNCTION_INFO_V1(nps_finalfn);
PG_FUNCTION_INFO_V1(nps_summary_finalfn);
PG_FUNCTION_INFO_V1(nps_rollup_finalfn);
PG_FUNCTION_INFO_V1(csat_transfn_integer);
PG_FUNCTION_INFO_V1(csat_transfn_double);
PG_FUNCTION_INFO_V1(csat_invfn_integer);
PG_FUNCTION_INFO_V1(csat_invfn_double);
PG_FUNCTION_INFO_V1(csat_finalfn);
PG_FUNCTION_INFO_V1(nps_from_summary);
PG_FUNCTION_INFO_V1(nps_from_counts);
PG_FUNCTION_INFO_V1(nps_interval);
PG_FUNCTION_INFO_V1(nps_test);
PG_FUNCTION_INFO_V1(nps_category_integer);
PG_FUNCTION_INFO_V1(nps_category_double);

static void score_out_of_range(double score, int lowest, int highest);
static Datum nps_result(FunctionCallInfo fcinfo, const int64 *counts);
static NpsEstimate nps_estimate(const int64 *counts, double added);

/* Find the category of a score from 0 to 10 */
static inline int
nps_category_of(double score)
{
	if (unlikely(!(score >= 0 && score <= 10)))
		score_out_of_range(score, 0, 10);
	return score >= 9 ? PROMOTER : score >= 7 ? PASSIVE : DETRACTOR;
}

/* Find the category of a score from 1 to 5 */
static inline int
csat_category_of(double score)
{
	if (unlikely(!(score >= 1 && score <= 5)))
		score_out_of_range(score, 1, 5);
	return score >= 4 ? SATISFIED : UNSATISFIED;
}

static inline Datum
count_nps(FunctionCallInfo fcinfo, double score, int step)
{
	int64	   *counters = ret_trans_counters(fcinfo, NPS_COUNTERS);

	return ret_count(fcinfo, &counters[nps_category_of(score)], step);
}

static inline Datum
count_csat(FunctionCallInfo fcinfo, double score, int step)
{
	int64	   *counters = ret_trans_counters(fcinfo, CSAT_COUNTERS);

	return ret_count(fcinfo, &counters[csat_category_of(score)], step);
}

Datum
nps_transfn_integer(PG_FUNCTION_ARGS)
{
	return count_nps(fcinfo, PG_GETARG_INT32(1), 1);
}

Datum
nps_transfn_double(PG_FUNCTION_ARGS)
{
	return count_nps(fcinfo, PG_GETARG_FLOAT8(1), 1);
}

Datum
nps_invfn_integer(PG_FUNCTION_ARGS)
{
	return count_nps(fcinfo, PG_GETARG_INT32(1), -1);
}

Datum
nps_invfn_double(PG_FUNCTION_ARGS)
{
	return count_nps(fcinfo, PG_GETARG_FLOAT8(1), -1);
}

Datum
nps_finalfn(PG_FUNCTION_ARGS)
{
	return nps_result(fcinfo, ret_final_counters(fcinfo, NPS_COUNTERS));
}

Datum
nps_summary_finalfn(PG_FUNCTION_ARGS)
{
	const int64 *counts = ret_final_counters(fcinfo, NPS_COUNTERS);

	if ((counts[PROMOTER] | counts[PASSIVE] | counts[DETRACTOR]) == 0)
		PG_RETURN_NULL();
	return ret_counts_row(fcinfo, counts, NPS_COUNTERS);
}

Datum
nps_rollup_finalfn(PG_FUNCTION_ARGS)
{
	return ret_rollup_row(fcinfo, NPS_COUNTERS);
}

Datum
csat_transfn_integer(PG_FUNCTION_ARGS)
{
	return count_csat(fcinfo, PG_GETARG_INT32(1), 1);
}

Datum
csat_transfn_double(PG_FUNCTION_ARGS)
{
	return count_csat(fcinfo, PG_GETARG_FLOAT8(1), 1);
}

Datum
csat_invfn_integer(PG_FUNCTION_ARGS)
{
	return count_csat(fcinfo, PG_GETARG_INT32(1), -1);
}

Datum
csat_invfn_double(PG_FUNCTION_ARGS)
{
	return count_csat(fcinfo, PG_GETARG_FLOAT8(1), -1);
}

Datum
csat_finalfn(PG_FUNCTION_ARGS)
{
	const int64 *counts = ret_final_counters(fcinfo, CSAT_COUNTERS);
	double		responses;

	responses = (double) counts[SATISFIED] + (double) counts[UNSATISFIED];
	if (responses == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) counts[SATISFIED] / responses);
}

/*
 * nps(nps_summary) -> double precision
 */
Datum
nps_from_summary(PG_FUNCTION_ARGS)
{
	int64		counts[NPS_COUNTERS];

	if (!ret_get_counts(fcinfo, 0, counts, NPS_COUNTERS))
		PG_RETURN_NULL();
	return nps_result(fcinfo, counts);
}

/*
 * nps(promoters, passives, detractors bigint) -> double precision
 */
Datum
nps_from_counts(PG_FUNCTION_ARGS)
{
	int64		counts[NPS_COUNTERS];

	for (int i = 0; i < NPS_COUNTERS; i++)
	{
		counts[i] = PG_GETARG_INT64(i);
		if (counts[i] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("counts must not be negative"),
					 errdetail("Argument %d is %lld.", i + 1, (long long) counts[i]),
					 errhint("Check where the counts come from.")));
	}
	return nps_result(fcinfo, counts);
}

/*
 * nps_interval(nps_summary, confidence) -> (lower, upper), in points
 */
Datum
nps_interval(PG_FUNCTION_ARGS)
{
	double		z = ret_confidence_z(fcinfo, 1);
	int64		counts[NPS_COUNTERS];
	NpsEstimate estimate;
	double		bounds[2];
	double		margin;

	if (PG_ARGISNULL(0) || !ret_get_counts(fcinfo, 0, counts, NPS_COUNTERS))
		PG_RETURN_NULL();
	if ((counts[PROMOTER] | counts[PASSIVE] | counts[DETRACTOR]) == 0)
		PG_RETURN_NULL();

	estimate = nps_estimate(counts, 0.75);
	margin = z * sqrt(estimate.variance);
	bounds[0] = 100 * Max(estimate.nps - margin, -1);
	bounds[1] = 100 * Min(estimate.nps + margin, 1);
	return ret_float_row(fcinfo, bounds, 2);
}

/*
 * nps_test(nps_summary, nps_summary) -> (difference, z, p_value)
 *		Compare two scores: the difference is the second minus the first, in
 *		points.  If neither has any variance, z and p_value are NULL.
 */
Datum
nps_test(PG_FUNCTION_ARGS)
{
	NpsEstimate estimate[2];
	double		values[3];
	double		variance;

	for (int i = 0; i < 2; i++)
	{
		int64		counts[NPS_COUNTERS];

		if (!ret_get_counts(fcinfo, i, counts, NPS_COUNTERS) ||
			(counts[PROMOTER] | counts[PASSIVE] | counts[DETRACTOR]) == 0)
			PG_RETURN_NULL();
		estimate[i] = nps_estimate(counts, 0);
	}

	values[0] = 100 * (estimate[1].nps - estimate[0].nps);
	variance = estimate[0].variance + estimate[1].variance;
	values[1] = variance > 0 ?
		(estimate[1].nps - estimate[0].nps) / sqrt(variance) : get_float8_nan();
	values[2] = ret_normal_two_sided(values[1]);
	return ret_float_row(fcinfo, values, 3);
}

/* Get the name of a score's category, as nps_category returns it */
static text *
category_name(double score)
{
	static const char *const names[] = {"promoter", "passive", "detractor"};

	return cstring_to_text(names[nps_category_of(score)]);
}

Datum
nps_category_integer(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(category_name(PG_GETARG_INT32(0)));
}

Datum
nps_category_double(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(category_name(PG_GETARG_FLOAT8(0)));
}

static void
score_out_of_range(double score, int lowest, int highest)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("score must be from %d to %d", lowest, highest),
			 errdetail("The score is %g.", score),
			 errhint("Leave other values out with FILTER (WHERE score BETWEEN %d AND %d).",
					 lowest, highest)));
}

/* Return NPS in points; NULL without responses */
static Datum
nps_result(FunctionCallInfo fcinfo, const int64 *counts)
{
	double		responses = (double) counts[PROMOTER] +
		(double) counts[PASSIVE] + (double) counts[DETRACTOR];

	if (responses == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(100 * (double) (counts[PROMOTER] - counts[DETRACTOR]) / responses);
}

/*
 * Estimate NPS and its variance after adding `added` promoters, as many
 * detractors and twice as many passives to the counts.  p + d - (p - d)^2 is
 * written as a sum of terms that are never negative, so that nothing cancels.
 */
static NpsEstimate
nps_estimate(const int64 *counts, double added)
{
	double		promoters = (double) counts[PROMOTER] + added;
	double		passives = (double) counts[PASSIVE] + 2 * added;
	double		detractors = (double) counts[DETRACTOR] + added;
	double		n = promoters + passives + detractors;
	double		p = promoters / n;
	double		d = detractors / n;
	NpsEstimate estimate;

	estimate.nps = (promoters - detractors) / n;
	estimate.variance = (p * ((passives + detractors) / n) +
						 d * ((passives + promoters) / n) + 2 * p * d) / n;
	return estimate;
}
