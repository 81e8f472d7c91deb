/*-------------------------------------------------------------------------
 *
 * rate.c
 *	  Who stayed and who left: retention_rate, churn_rate, retention_summary.
 *
 * All forms come down to two sets of customers, those of the base (or at the
 * opening of a period) and those that came back (or at its close), and to
 * three counts:
 *
 *		base		customers in the first set
 *		retained	customers in both
 *		acquired	customers in the second set only
 *
 *		retention = retained / base
 *		churn = lost / base, where lost = base - retained
 *
 * The form over two booleans has one row per customer and only counts: its
 * state is a bigint[], its inverse is exact.  The forms over events and over
 * subscriptions have many rows per customer: their state is a customer map
 * with one bit per set, and the counts are kept up to date as bits are set, so
 * that the final functions are O(1).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/aggregate.h"
#include "base/args.h"
#include "base/calendar.h"
#include "base/result.h"
#include "family/stats.h"
#include "store/counters.h"
#include "store/customer_key.h"
#include "store/customer_map.h"
#include "store/customer_sorted.h"
#include "store/customer_state.h"

/* flags of a customer */
#define IN_BASE			1
#define IN_COMEBACK		2
#define IN_BOTH			(IN_BASE | IN_COMEBACK)

/* totals of a map, and after the number of rows also the counters of a bigint[] */
enum
{
	BASE,
	RETAINED,
	ACQUIRED,
	NCOUNTS
};

#define NFIELDS			4		/* fields of a retention_summary */

/* The ranges of the last row: base and comeback, or active and period */
typedef struct RateScratch
{
	RetBounds	first;
	RetBounds	second;
} RateScratch;

PG_FUNCTION_INFO_V1(retention_boolean_transfn);
PG_FUNCTION_INFO_V1(retention_boolean_invfn);
PG_FUNCTION_INFO_V1(retention_rate_boolean_finalfn);
PG_FUNCTION_INFO_V1(churn_rate_boolean_finalfn);
PG_FUNCTION_INFO_V1(retention_summary_boolean_finalfn);
PG_FUNCTION_INFO_V1(retention_summary_rollup_finalfn);
PG_FUNCTION_INFO_V1(retention_events_transfn_date);
PG_FUNCTION_INFO_V1(retention_events_transfn_timestamp);
PG_FUNCTION_INFO_V1(retention_subscriptions_transfn);
PG_FUNCTION_INFO_V1(retention_customers_combine);
PG_FUNCTION_INFO_V1(retention_rate_customers_finalfn);
PG_FUNCTION_INFO_V1(churn_rate_customers_finalfn);
PG_FUNCTION_INFO_V1(retention_summary_customers_finalfn);
PG_FUNCTION_INFO_V1(retention_rate_from_summary);
PG_FUNCTION_INFO_V1(churn_rate_from_summary);
PG_FUNCTION_INFO_V1(retention_interval);
PG_FUNCTION_INFO_V1(retention_rate_from_counts);
PG_FUNCTION_INFO_V1(churn_rate_from_counts);

static void rate_add(RetMap *map, RetCustomer *customer, int64 value);
static void rate_merge(RetMap *map, RetCustomer *customer, const RetCustomer *other);

#define RET_FOLD rate_fold
#define RET_FOLD_VALUES 0
#define RET_FOLD_MAX_FLAGS IN_BOTH
#define RET_FOLD_ROW(c, row) ((c)->flags = *(row) & RET_FLAG_MASK)
#define RET_FOLD_MERGE(c, other) ((c)->flags |= (other)->flags)
#include "store/customer_fold.h"

static const RetMapDef rate_map = {
	.kind = 1,
	.ntotals = NCOUNTS,
	.scratch = sizeof(RateScratch),
	.add = rate_add,
	.merge = rate_merge,
	.fold = &rate_fold
};

/*-------------------------------------------------------------------------
 * Results from the three counts
 *-------------------------------------------------------------------------
 */

/* Return (base, retained, lost, acquired) */
static Datum
summary_row(FunctionCallInfo fcinfo, const int64 *counts)
{
	int64		fields[NFIELDS];

	fields[0] = counts[BASE];
	fields[1] = counts[RETAINED];
	fields[2] = counts[BASE] - counts[RETAINED];
	fields[3] = counts[ACQUIRED];
	return ret_counts_row(fcinfo, fields, NFIELDS);
}

/*-------------------------------------------------------------------------
 * One row per customer, two booleans
 *-------------------------------------------------------------------------
 */

/*
 * Add a row to the counters (sign = 1) or take it out of them (sign = -1); a
 * null boolean counts as false
 */
static Datum
boolean_count(FunctionCallInfo fcinfo, int sign)
{
	int64	   *counters = ret_trans_counters(fcinfo, 1 + NCOUNTS);
	bool		was = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
	bool		is = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);

	ret_counter_move(&counters[0], sign);
	ret_counter_move(&counters[1 + BASE], was ? sign : 0);
	ret_counter_move(&counters[1 + RETAINED], was && is ? sign : 0);
	ret_counter_move(&counters[1 + ACQUIRED], is && !was ? sign : 0);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

Datum
retention_boolean_transfn(PG_FUNCTION_ARGS)
{
	return boolean_count(fcinfo, 1);
}

Datum
retention_boolean_invfn(PG_FUNCTION_ARGS)
{
	return boolean_count(fcinfo, -1);
}

/*
 * Get the counters of a final function.  They are inconsistent only if a
 * user-defined aggregate has an INITCOND that is.
 */
static const int64 *
boolean_counters(FunctionCallInfo fcinfo)
{
	const int64 *counters = ret_final_counters(fcinfo, 1 + NCOUNTS);
	const int64 *counts = counters + 1;

	if (counts[RETAINED] > counts[BASE])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("counters of an aggregate state are inconsistent"),
				 errdetail("Base is %lld, retained is %lld.",
						   (long long) counts[BASE], (long long) counts[RETAINED]),
				 errhint("Give the aggregate an INITCOND of zeros.")));
	return counters;
}

Datum
retention_rate_boolean_finalfn(PG_FUNCTION_ARGS)
{
	const int64 *counts = boolean_counters(fcinfo) + 1;

	return ret_share(fcinfo, counts[RETAINED], counts[BASE]);
}

Datum
churn_rate_boolean_finalfn(PG_FUNCTION_ARGS)
{
	const int64 *counts = boolean_counters(fcinfo) + 1;

	return ret_share(fcinfo, counts[BASE] - counts[RETAINED], counts[BASE]);
}

Datum
retention_summary_boolean_finalfn(PG_FUNCTION_ARGS)
{
	const int64 *counters = boolean_counters(fcinfo);

	if (counters[0] == 0)
		PG_RETURN_NULL();
	return summary_row(fcinfo, counters + 1);
}

/*-------------------------------------------------------------------------
 * Many rows per customer: events, subscriptions
 *-------------------------------------------------------------------------
 */

/* Put the customer into the sets whose flags are in `value`, and update the counts */
static void
rate_add(RetMap *map, RetCustomer *customer, int64 value)
{
	int			old = customer->flags;
	int			new = old | (int) value;

	if (new == old)
		return;
	customer->flags = new;
	ret_counter_move(&map->totals[BASE], (new & IN_BASE) - (old & IN_BASE));
	ret_counter_move(&map->totals[RETAINED], new == IN_BOTH);
	ret_counter_move(&map->totals[ACQUIRED], (new == IN_COMEBACK) - (old == IN_COMEBACK));
}

static void
rate_merge(RetMap *map, RetCustomer *customer, const RetCustomer *other)
{
	rate_add(map, customer, other->flags & IN_BOTH);
}

static void
reject_null_range(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("%s must not be null", name),
			 errhint("Leave such rows out with FILTER (WHERE ... IS NOT NULL).")));
}

/* Find the sets into which an event at an instant puts its customer */
static inline int
event_sets(FunctionCallInfo fcinfo, RateScratch *ranges, int64 at)
{
	ret_bounds_get(&ranges->first, PG_GETARG_DATUM(3));
	ret_bounds_get(&ranges->second, PG_GETARG_DATUM(4));
	return (RET_BOUNDS_CONTAIN(&ranges->first, at) ? IN_BASE : 0) |
		(RET_BOUNDS_CONTAIN(&ranges->second, at) ? IN_COMEBACK : 0);
}

/*
 * retention_events_transfn(customer_map, customer_key, at, base, comeback)
 *		Add an event of a customer, at the instant `at`.  Most events are in
 *		neither range, and for these the state is not even unpacked.
 */
static inline Datum
events_transfn(FunctionCallInfo fcinfo, int64 at)
{
	RateScratch *ranges = ret_state_scratch(fcinfo, &rate_map);
	RetMapState	state;
	int			sets;

	if (PG_ARGISNULL(3))
		reject_null_range("base");
	if (PG_ARGISNULL(4))
		reject_null_range("comeback");
	if (likely(ranges != NULL) && event_sets(fcinfo, ranges, at) == 0)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));

	ret_state_get(fcinfo, &rate_map, &state);
	sets = event_sets(fcinfo, state.map->scratch, at);
	if (sets != 0)
		ret_state_add(&state, PG_GETARG_CUSTOMER(1), sets);
	PG_RETURN_DATUM(state.datum);
}

Datum
retention_events_transfn_date(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	return events_transfn(fcinfo, ret_instant_date(PG_GETARG_DATEADT(2)));
}

Datum
retention_events_transfn_timestamp(PG_FUNCTION_ARGS)
{
	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	return events_transfn(fcinfo, ret_instant_timestamp(PG_GETARG_TIMESTAMP(2)));
}

/*
 * retention_subscriptions_transfn(customer_map, customer_key, active, period)
 *		Add a subscription of a customer.  It counts at the opening or the close
 *		of the period if it contains the instant just before that.  So whatever
 *		begins or ends at an instant belongs to the period that contains the
 *		instant.
 */
Datum
retention_subscriptions_transfn(PG_FUNCTION_ARGS)
{
	RetMapState	state;
	RateScratch *ranges;
	RetBounds  *active;
	RetBounds  *period;
	int			sets;

	ret_agg_check(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ret_agg_ignore(fcinfo);
	if (PG_ARGISNULL(3))
		reject_null_range("period");

	ret_state_get(fcinfo, &rate_map, &state);
	ranges = state.map->scratch;
	active = &ranges->first;
	period = &ranges->second;
	ret_bounds_get(active, PG_GETARG_DATUM(2));
	if (active->lower >= active->upper)
	{
		/* a group with only ignored rows has no state */
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(state.datum);
	}
	ret_bounds_get(period, PG_GETARG_DATUM(3));
	if (period->lower >= period->upper ||
		period->lower == RET_INSTANT_MIN || period->upper == RET_INSTANT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("period must have both bounds"),
				 errdetail("Customers are counted at the opening and at the close of the period."),
				 errhint("Pass a range such as '[2024-02-01,2024-03-01)'.")));

	sets = (RET_BOUNDS_CONTAIN(active, period->lower - 1) ? IN_BASE : 0) |
		(RET_BOUNDS_CONTAIN(active, period->upper - 1) ? IN_COMEBACK : 0);
	if (sets != 0)
		ret_state_add(&state, PG_GETARG_CUSTOMER(1), sets);
	PG_RETURN_DATUM(state.datum);
}

Datum
retention_customers_combine(PG_FUNCTION_ARGS)
{
	return ret_state_combine(fcinfo, &rate_map);
}

/* Get the counts of the customer map in argument 0, checked against each other */
static const int64 *
customer_counts(FunctionCallInfo fcinfo, RetMapState *state)
{
	const RetMap *map;
	const int64 *counts;

	(void) ret_agg_context(fcinfo);
	map = ret_state_read(fcinfo, 0, &rate_map, state);
	counts = map->totals;
	if (counts[BASE] < 0 || counts[ACQUIRED] < 0 ||
		counts[RETAINED] < 0 || counts[RETAINED] > counts[BASE] ||
		counts[ACQUIRED] != ret_state_customers(state) - counts[BASE])
		ret_map_inconsistent();
	return counts;
}

Datum
retention_rate_customers_finalfn(PG_FUNCTION_ARGS)
{
	RetMapState	state;
	const int64 *counts = customer_counts(fcinfo, &state);

	return ret_share(fcinfo, counts[RETAINED], counts[BASE]);
}

Datum
churn_rate_customers_finalfn(PG_FUNCTION_ARGS)
{
	RetMapState	state;
	const int64 *counts = customer_counts(fcinfo, &state);

	return ret_share(fcinfo, counts[BASE] - counts[RETAINED], counts[BASE]);
}

Datum
retention_summary_customers_finalfn(PG_FUNCTION_ARGS)
{
	RetMapState	state;

	return summary_row(fcinfo, customer_counts(fcinfo, &state));
}

/*-------------------------------------------------------------------------
 * From known counts
 *-------------------------------------------------------------------------
 */

/* Read a retention_summary; false if it is null, error if it is inconsistent */
static bool
get_summary(FunctionCallInfo fcinfo, int64 *base, int64 *retained, int64 *lost)
{
	int64		fields[NFIELDS];

	if (PG_ARGISNULL(0) || !ret_get_counts(fcinfo, 0, fields, NFIELDS))
		return false;
	*base = fields[0];
	*retained = fields[1];
	*lost = fields[2];
	if (*retained > *base || *lost != *base - *retained)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("retained and lost customers must add up to base"),
				 errdetail("The summary has base %lld, retained %lld, lost %lld.",
						   (long long) *base, (long long) *retained, (long long) *lost)));
	return true;
}

/* retention_rate(retention_summary) */
Datum
retention_rate_from_summary(PG_FUNCTION_ARGS)
{
	int64		base,
				retained,
				lost;

	if (!get_summary(fcinfo, &base, &retained, &lost))
		PG_RETURN_NULL();
	return ret_share(fcinfo, retained, base);
}

/* churn_rate(retention_summary) */
Datum
churn_rate_from_summary(PG_FUNCTION_ARGS)
{
	int64		base,
				retained,
				lost;

	if (!get_summary(fcinfo, &base, &retained, &lost))
		PG_RETURN_NULL();
	return ret_share(fcinfo, lost, base);
}

/*
 * retention_interval(retention_summary, confidence)
 *		Compute the Wilson interval of the retention rate.
 */
Datum
retention_interval(PG_FUNCTION_ARGS)
{
	int64		base,
				retained,
				lost;

	(void) ret_confidence_z(fcinfo, 1);
	if (!get_summary(fcinfo, &base, &retained, &lost))
		PG_RETURN_NULL();
	return ret_wilson_row(fcinfo, retained, base, 1);
}

Datum
retention_summary_rollup_finalfn(PG_FUNCTION_ARGS)
{
	return ret_rollup_row(fcinfo, NFIELDS);
}

/*
 * retention_rate(customers_at_start, customers_at_end, customers_acquired)
 *		Compute the textbook formula (E - N) / S.  It counts everybody present at
 *		the end who is not new as retained, so it exceeds 1 when enough former
 *		customers return.  That is reported as an error.
 */
Datum
retention_rate_from_counts(PG_FUNCTION_ARGS)
{
	int64		start = ret_count_arg(fcinfo, 0, "customers_at_start");
	int64		end = ret_count_arg(fcinfo, 1, "customers_at_end");
	int64		acquired = ret_count_arg(fcinfo, 2, "customers_acquired");

	if (acquired > end)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("customers_acquired must not exceed customers_at_end"),
				 errdetail("%lld customers were acquired, %lld are there at the end.",
						   (long long) acquired, (long long) end),
				 errhint("Count only acquired customers who are still there at the end.")));
	if (start > 0 && end - acquired > start)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("customers_at_end must not exceed customers_at_start + customers_acquired"),
				 errdetail("(%lld - %lld) / %lld exceeds 1: former customers have come back, and the textbook formula counts them as retained.",
						   (long long) end, (long long) acquired, (long long) start),
				 errhint("Use the aggregate retention_rate(customer, at, base, comeback) on the customers' events.")));
	return ret_share(fcinfo, end - acquired, start);
}

/* churn_rate(customers_at_start, customers_lost) */
Datum
churn_rate_from_counts(PG_FUNCTION_ARGS)
{
	int64		start = ret_count_arg(fcinfo, 0, "customers_at_start");
	int64		lost = ret_count_arg(fcinfo, 1, "customers_lost");

	if (lost > start)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("customers_lost must not exceed customers_at_start"),
				 errdetail("%lld of %lld customers were lost.", (long long) lost, (long long) start),
				 errhint("Do not count the loss of customers acquired in the period.")));
	return ret_share(fcinfo, lost, start);
}
