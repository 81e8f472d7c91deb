/*-------------------------------------------------------------------------
 *
 * stays.c
 *	  How long customers stay, where survival.c and contract.c count contracts:
 *	  survival_curve and fit_sbg of a customer_subscriptions.
 *
 * A stay of a customer is a run of days with an MRR above 0.  Contracts that
 * adjoin or overlap are one stay, so a change of plan is none, and a gap of at most
 * `grace` days is part of the stay.  A stay that goes on at as_of is censored
 * there; one that ended in the last `grace` days before is censored at its end,
 * since the customer may still return in time.
 *
 * The first stay is the customer's lifetime, or each stay by itself is one
 * (returns => 'new').
 *
 * If the data begin on the day `since`, a stay that began before is known only if
 * it was not over by then (left truncation): it comes under observation at the age
 * that it has on that day.
 *
 * Cost: O(segments), and a look-up among the distinct durations for each stay;
 * for fit_sbg the fit, too.  Memory: 24 to 64 bytes for each distinct duration; for
 * fit_sbg 1.6 MB.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/args.h"
#include "base/calendar.h"
#include "base/periods.h"
#include "family/contract.h"
#include "family/subscriptions.h"
#include "family/survival.h"
#include "store/tally.h"

/* What a return after the end of the first stay is */
typedef enum Returns
{
	RETURNS_END,				/* nothing: the lifetime has ended */
	RETURNS_NEW					/* a stay of its own */
} Returns;

/* A walk over the stays of all customers */
typedef struct Stays
{
	RetSubscriptionsReader reader;
	Returns		returns;
	int64		since;			/* first day with data, or RET_INSTANT_MIN */
	int64		segment;		/* the customer's next segment */

	/* the stay that was read last */
	DateADT		from;			/* first day */
	DateADT		to;				/* first day after it, or after what is known of it */
	bool		churned;		/* has it ended? */
	bool		late;			/* did it begin before since? */
} Stays;

PG_FUNCTION_INFO_V1(survival_curve_subscriptions);
PG_FUNCTION_INFO_V1(fit_sbg_subscriptions);

/*-------------------------------------------------------------------------
 * The stays
 *-------------------------------------------------------------------------
 */

/*
 * Begin to walk over the stays of the value in argument 0, as of the day in
 * argument as_of, with the grace and since of other arguments.  Returns false for a
 * null value, after the other arguments have been checked.
 */
static bool
open_stays(FunctionCallInfo fcinfo, Stays *stays, int as_of, int grace, int since)
{
	int64		day = ret_get_day(fcinfo, as_of, "as_of", RET_INSTANT_MIN);

	ret_reject_null_option(fcinfo, grace, "grace");
	ret_check_at_least(PG_GETARG_INT32(grace), 0, "grace", "Pass the most days that a gap may last, or 0.");
	stays->returns = RETURNS_END;
	stays->since = ret_get_day(fcinfo, since, "since", RET_INSTANT_MIN);
	stays->segment = 0;
	if (PG_ARGISNULL(0))
		return false;
	ret_subscriptions_open(&stays->reader, PG_GETARG_DATUM(0));
	stays->reader.as_of = PG_ARGISNULL(as_of) ? (int64) stays->reader.last_start + 1 : day;
	stays->reader.grace = PG_GETARG_INT32(grace);
	stays->reader.nsegments = 0;
	return true;
}

/* Read the next stay of the customer, from segments that adjoin */
static void
read_stay(Stays *stays)
{
	const RetSubscriptionsReader *reader = &stays->reader;
	const RetSegment *segments = reader->segments;
	int64		to;

	stays->from = segments[stays->segment].from;
	do
		to = segments[stays->segment++].to;
	while (stays->segment < reader->nsegments && segments[stays->segment].from == to);

	/* a return in time may still come, on as_of or later */
	stays->churned = to != RET_STILL_RUNNING && to + reader->grace < reader->as_of;
	stays->to = (DateADT) (to == RET_STILL_RUNNING ? reader->as_of : to);
	stays->late = stays->from < stays->since;
}

/* Read the next stay that is under observation; false if there is none */
static bool
next_stay(Stays *stays)
{
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (stays->segment == 0 || stays->returns == RETURNS_END ||
			stays->segment == stays->reader.nsegments)
		{
			if (!ret_subscriptions_next(&stays->reader))
				return false;
			stays->segment = 0;
		}
		read_stay(stays);
		if (stays->to > stays->since || !stays->late)
			return true;
	}
}

/*-------------------------------------------------------------------------
 * Readers
 *-------------------------------------------------------------------------
 */

/*
 * survival_curve(subscriptions, as_of, grace, returns, since)
 */
Datum
survival_curve_subscriptions(PG_FUNCTION_ARGS)
{
	/* in the order of Returns */
	static const char *const choices[] = {"end", "new"};
	Stays		stays;
	Returns		returns = (Returns) ret_get_choice(fcinfo, 3, "returns", choices, lengthof(choices));
	bool		any = open_stays(fcinfo, &stays, 1, 2, 4);
	RetTally   *tally;
	RetTallyReader points;

	if (!any)
		PG_RETURN_NULL();
	stays.returns = returns;
	tally = ret_tally_create(&ret_survival_tally);
	while (next_stay(&stays))
	{
		double		duration = (double) stays.to - (double) stays.from;
		double		entry = (double) stays.from - (double) stays.since;

		if (stays.late)
			ret_tally_enter(tally, &ret_survival_tally, &entry, RET_ENTERED);
		ret_tally_enter(tally, &ret_survival_tally, &duration, stays.churned ? RET_CHURNED : RET_CENSORED);
	}
	ret_tally_read(&points, EOHPGetRODatum(&tally->hdr), &ret_survival_tally);
	if (points.npoints == 0)
		PG_RETURN_NULL();
	return ret_tally_value(&ret_survival_tally, points.entries, points.npoints);
}

/*
 * fit_sbg(subscriptions, period, as_of, grace, since) -> sbg_model
 *		The tenure of a stay is the number of its periods that are over, and one more
 *		if it ended in the one that had begun.  A late one is not at risk in those
 *		that were over by since.
 */
Datum
fit_sbg_subscriptions(PG_FUNCTION_ARGS)
{
	Stays		stays;
	RetBins		bins;
	RetTenureCounts counts;
	bool		any;

	ret_bins_get(fcinfo, 1, "period", RET_DEFAULT_ORIGIN, &bins);
	any = open_stays(fcinfo, &stays, 2, 3, 4);
	if (!any)
		PG_RETURN_NULL();
	ret_tenures_init(&counts);
	while (next_stay(&stays))
	{
		RetLaps		laps;
		int64		kept;

		ret_laps_init(&laps, &bins, stays.from);
		kept = ret_lap_of(&laps, stays.to - 1);
		ret_tenures_count(&counts, stays.late ? ret_lap_of(&laps, (DateADT) stays.since) : 0,
						  kept + (stays.churned ? 1 : 0), stays.churned);
	}
	return ret_tenures_fit(fcinfo, &counts);
}
