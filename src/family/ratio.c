/*-------------------------------------------------------------------------
 *
 * ratio.c
 *	  Ratios of known numbers: costs, return on investment, engagement; and the
 *	  type of a customer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/args.h"
#include "base/result.h"

PG_FUNCTION_INFO_V1(retention_cost);
PG_FUNCTION_INFO_V1(acquisition_cost);
PG_FUNCTION_INFO_V1(clv_to_cac);
PG_FUNCTION_INFO_V1(roi);
PG_FUNCTION_INFO_V1(engagement_rate);
PG_FUNCTION_INFO_V1(customer_type);

Datum
retention_cost(PG_FUNCTION_ARGS)
{
	return ret_ratio(fcinfo, ret_finite_arg(fcinfo, 0, "total_cost"),
				 ret_count_arg(fcinfo, 1, "retained_customers"));
}

Datum
acquisition_cost(PG_FUNCTION_ARGS)
{
	return ret_ratio(fcinfo, ret_finite_arg(fcinfo, 0, "total_cost"),
				 ret_count_arg(fcinfo, 1, "acquired_customers"));
}

Datum
clv_to_cac(PG_FUNCTION_ARGS)
{
	return ret_ratio(fcinfo, ret_finite_arg(fcinfo, 0, "clv"), ret_finite_arg(fcinfo, 1, "cac"));
}

/* Compute (gain - cost) / cost, where gain is everything that came back */
Datum
roi(PG_FUNCTION_ARGS)
{
	double		gain = ret_finite_arg(fcinfo, 0, "gain");
	double		cost = ret_finite_arg(fcinfo, 1, "cost");

	return ret_ratio(fcinfo, gain - cost, cost);
}

Datum
engagement_rate(PG_FUNCTION_ARGS)
{
	return ret_ratio(fcinfo, ret_count_arg(fcinfo, 0, "interactions"),
				 ret_count_arg(fcinfo, 1, "audience"));
}

/*
 * customer_type(purchases, score)
 *		Classify a customer.  loyal: bought again and would recommend (a score
 *		of 9 or 10); repeat: any other who bought again; one-time: bought once;
 *		NULL without purchases.
 */
Datum
customer_type(PG_FUNCTION_ARGS)
{
	int64		purchases;
	int32		score;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	purchases = ret_count_arg(fcinfo, 0, "purchases");
	score = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1);
	if (score < 0 || score > 10)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("score must be between 0 and 10"),
				 errdetail("It is %d.", score)));
	if (purchases == 0)
		PG_RETURN_NULL();
	if (purchases == 1)
		PG_RETURN_TEXT_P(cstring_to_text("one-time"));
	PG_RETURN_TEXT_P(cstring_to_text(score >= 9 ? "loyal" : "repeat"));
}
