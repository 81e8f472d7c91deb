/*-------------------------------------------------------------------------
 *
 * survey.c
 *	  What customers say: net promoter score, customer satisfaction, and
 *	  customer effort score.
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
 * CES = mean of the scores 1..7, and the share of those from 5 up: M. Dixon, N.
 * Toman and R. DeLisi, The Effortless Experience (2013).
 *
 * The state is a bigint[] of counters, modified in place and owned by the
 * executor: {promoters, passives, detractors} for NPS, {satisfied, other} for
 * CSAT, {responses, agreeing, whole, high, low} for CES.  Counts can be taken
 * back, so a moving frame costs one addition and one subtraction per row.  All
 * transition functions are strict with an INITCOND, so NULL scores never reach
 * them.
 *
 * A double from 1 up is a multiple of 2^-52, so the sum of scores is kept in
 * three integers: whole scores, and their fractions in two halves of 26 bits.
 * It is exact, does not depend on the order, and can be taken back.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/typcache.h"

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

/* Order of the counters of CES; the sum of the scores is in the last three */
enum
{
	RESPONSES,
	AGREEING,
	WHOLE,						/* whole parts of the scores */
	HIGH,						/* fractions, in units of 1 / HALF */
	LOW,						/* what is left of them, in units of 1 / HALF^2 */
	CES_COUNTERS
};

/* A half of the 52 bits after the point */
#define HALF_BITS	26
#define HALF		(INT64CONST(1) << HALF_BITS)

/* Number of fields of ces_summary */
#define CES_FIELDS	3

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
PG_FUNCTION_INFO_V1(ces_transfn_integer);
PG_FUNCTION_INFO_V1(ces_transfn_double);
PG_FUNCTION_INFO_V1(ces_invfn_integer);
PG_FUNCTION_INFO_V1(ces_invfn_double);
PG_FUNCTION_INFO_V1(ces_finalfn);
PG_FUNCTION_INFO_V1(ces_agreement_finalfn);
PG_FUNCTION_INFO_V1(ces_summary_finalfn);
PG_FUNCTION_INFO_V1(ces_rollup_transfn);
PG_FUNCTION_INFO_V1(ces_rollup_finalfn);
PG_FUNCTION_INFO_V1(ces_from_summary);
PG_FUNCTION_INFO_V1(ces_agreement_from_summary);
PG_FUNCTION_INFO_V1(nps_from_summary);
PG_FUNCTION_INFO_V1(nps_from_counts);
PG_FUNCTION_INFO_V1(nps_interval);
PG_FUNCTION_INFO_V1(nps_test);
PG_FUNCTION_INFO_V1(nps_category_integer);
PG_FUNCTION_INFO_V1(nps_category_double);

static void score_out_of_range(double score, int lowest, int highest);
static Datum nps_result(FunctionCallInfo fcinfo, const int64 *counts);
static NpsEstimate nps_estimate(const int64 *counts, double added);
static bool get_ces_summary(FunctionCallInfo fcinfo, int argno, int64 *counters);
static Datum ces_mean(FunctionCallInfo fcinfo, const int64 *counters);
static Datum ces_row(FunctionCallInfo fcinfo, const int64 *counters);

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

/* Add the integers that a sum of scores is to the counters of CES, or take them back */
static inline void
move_sum(int64 *counters, double sum, int step)
{
	double		whole = floor(sum);
	double		fraction = (sum - whole) * HALF;
	double		high = floor(fraction);

	ret_counter_move(&counters[WHOLE], step * (int64) whole);
	ret_counter_move(&counters[HIGH], step * (int64) high);
	ret_counter_move(&counters[LOW], step * (int64) ((fraction - high) * HALF));
}

/* Count an answer from 1 to 7, or take it back */
static inline Datum
count_ces(FunctionCallInfo fcinfo, double score, int step)
{
	int64	   *counters = ret_trans_counters(fcinfo, CES_COUNTERS);

	if (unlikely(!(score >= 1 && score <= 7)))
		score_out_of_range(score, 1, 7);
	if (score >= 5)
		ret_counter_move(&counters[AGREEING], step);
	move_sum(counters, score, step);
	return ret_count(fcinfo, &counters[RESPONSES], step);
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

Datum
ces_transfn_integer(PG_FUNCTION_ARGS)
{
	return count_ces(fcinfo, PG_GETARG_INT32(1), 1);
}

Datum
ces_transfn_double(PG_FUNCTION_ARGS)
{
	return count_ces(fcinfo, PG_GETARG_FLOAT8(1), 1);
}

Datum
ces_invfn_integer(PG_FUNCTION_ARGS)
{
	return count_ces(fcinfo, PG_GETARG_INT32(1), -1);
}

Datum
ces_invfn_double(PG_FUNCTION_ARGS)
{
	return count_ces(fcinfo, PG_GETARG_FLOAT8(1), -1);
}

Datum
ces_finalfn(PG_FUNCTION_ARGS)
{
	return ces_mean(fcinfo, ret_final_counters(fcinfo, CES_COUNTERS));
}

Datum
ces_agreement_finalfn(PG_FUNCTION_ARGS)
{
	const int64 *counters = ret_final_counters(fcinfo, CES_COUNTERS);

	return ret_share(fcinfo, counters[AGREEING], counters[RESPONSES]);
}

Datum
ces_summary_finalfn(PG_FUNCTION_ARGS)
{
	const int64 *counters = ret_final_counters(fcinfo, CES_COUNTERS);

	if (counters[RESPONSES] == 0)
		PG_RETURN_NULL();
	return ces_row(fcinfo, counters);
}

/*
 * ces_rollup_transfn(bigint[], ces_summary) -> bigint[]
 *		Add a summary to counters[1..]; counters[0] counts the rows.
 */
Datum
ces_rollup_transfn(PG_FUNCTION_ARGS)
{
	int64	   *counters = ret_trans_counters(fcinfo, CES_COUNTERS + 1);
	int64		summary[CES_COUNTERS];

	if (get_ces_summary(fcinfo, 1, summary))
	{
		ret_counter_move(&counters[0], 1);
		ret_counters_add(counters + 1, summary, CES_COUNTERS);
	}
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

Datum
ces_rollup_finalfn(PG_FUNCTION_ARGS)
{
	const int64 *counters = ret_final_counters(fcinfo, CES_COUNTERS + 1);

	if (counters[0] == 0)
		PG_RETURN_NULL();
	return ces_row(fcinfo, counters + 1);
}

/*
 * ces(ces_summary) -> double precision
 */
Datum
ces_from_summary(PG_FUNCTION_ARGS)
{
	int64		counters[CES_COUNTERS];

	if (!get_ces_summary(fcinfo, 0, counters))
		PG_RETURN_NULL();
	return ces_mean(fcinfo, counters);
}

/*
 * ces_agreement(ces_summary) -> double precision
 */
Datum
ces_agreement_from_summary(PG_FUNCTION_ARGS)
{
	int64		counters[CES_COUNTERS];

	if (!get_ces_summary(fcinfo, 0, counters))
		PG_RETURN_NULL();
	return ret_share(fcinfo, counters[AGREEING], counters[RESPONSES]);
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

/* Check that a row is a ces_summary: its type may have been altered */
static bool
is_ces_summary(HeapTupleHeader row)
{
	static const Oid types[CES_FIELDS] = {INT8OID, INT8OID, FLOAT8OID};
	TupleDesc	tupdesc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row),
												 HeapTupleHeaderGetTypMod(row));
	bool		ok = tupdesc->natts == CES_FIELDS;

	for (int i = 0; ok && i < CES_FIELDS; i++)
		ok = TupleDescAttr(tupdesc, i)->atttypid == types[i];
	ReleaseTupleDesc(tupdesc);
	return ok;
}

/* Raise an error unless the answers of a summary can have been given */
static void
check_ces_summary(int64 responses, int64 agreeing, double total)
{
	if (responses < 0 || agreeing < 0 || agreeing > responses)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("agreeing must be between 0 and responses"),
				 errdetail("Of %lld responses %lld are agreeing.",
						   (long long) responses, (long long) agreeing),
				 errhint("Take the summary as ces_summary() or rollup() returned it.")));
	if (!(total >= (double) responses && total <= 7 * (double) responses))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("total must be from 1 to 7 for each response"),
				 errdetail("The total of %lld responses is %g.", (long long) responses, total),
				 errhint("The total is the sum of the scores, not their mean.")));
	if (total >= -(double) PG_INT64_MIN)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("bigint out of range")));
}

/*
 * Read the ces_summary in argument argno, which must not be null, into counters.
 * Returns false if all fields are null, as if there were no row.
 */
static bool
get_ces_summary(FunctionCallInfo fcinfo, int argno, int64 *counters)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(argno);
	Datum		values[CES_FIELDS];
	int			nnulls = 0;

	if (!is_ces_summary(row))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a summary of two counts and a total is needed")));
	for (int i = 0; i < CES_FIELDS; i++)
	{
		bool		isnull;

		values[i] = GetAttributeByNum(row, i + 1, &isnull);
		nnulls += isnull;
	}
	if (nnulls == CES_FIELDS)
		return false;
	if (nnulls > 0)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a summary must not have null fields"),
				 errhint("Use coalesce() to turn a missing count into 0.")));

	memset(counters, 0, CES_COUNTERS * sizeof(int64));
	counters[RESPONSES] = DatumGetInt64(values[0]);
	counters[AGREEING] = DatumGetInt64(values[1]);
	check_ces_summary(counters[RESPONSES], counters[AGREEING], DatumGetFloat8(values[2]));
	move_sum(counters, DatumGetFloat8(values[2]), 1);
	return true;
}

/* Get the sum of the scores, rounded once */
static double
ces_total(const int64 *counters)
{
	int64		high = counters[HIGH];
	int64		whole = counters[WHOLE];

	ret_counter_move(&high, counters[LOW] >> HALF_BITS);
	ret_counter_move(&whole, high >> HALF_BITS);
	high = ((high & (HALF - 1)) << HALF_BITS) | (counters[LOW] & (HALF - 1));
	return (double) whole + (double) high / ((double) HALF * HALF);
}

/* Return the mean of the scores; NULL without responses */
static Datum
ces_mean(FunctionCallInfo fcinfo, const int64 *counters)
{
	if (counters[RESPONSES] == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(ces_total(counters) / (double) counters[RESPONSES]);
}

/* Return the summary of the counters */
static Datum
ces_row(FunctionCallInfo fcinfo, const int64 *counters)
{
	bool		nulls[CES_FIELDS] = {0};
	Datum		values[CES_FIELDS];

	values[0] = Int64GetDatum(counters[RESPONSES]);
	values[1] = Int64GetDatum(counters[AGREEING]);
	values[2] = Float8GetDatum(ces_total(counters));
	return ret_row(fcinfo, values, nulls, CES_FIELDS);
}
