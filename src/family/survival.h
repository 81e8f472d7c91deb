/*-------------------------------------------------------------------------
 *
 * survival.h
 *	  What other families use of survival.c: reading a survival_curve time by
 *	  time, reading contracts, and checking arguments.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_SURVIVAL_H
#define RETENTION_SURVIVAL_H

#include "base/args.h"
#include "base/calendar.h"
#include "store/tally.h"

/*
 * The counts of a duration: customers who were still there then, and who left
 * then.  A negative one, -x, stands for late entries: customers who came under
 * observation at the age x, in the first count, and 0.
 */
enum
{
	RET_CENSORED,
	RET_CHURNED,
	RET_DURATION_COUNTS,
	RET_ENTERED = RET_CENSORED
};

/* A walk over the distinct times of a curve, in ascending order */
typedef struct RetSurvivalWalk
{
	/* set by ret_survival_open */
	RetTallyReader reader;
	int64		nlate;			/* points of late entries; they come before the durations */
	int64		early;			/* customers observed from time 0 on */
	double		last;			/* the last observed time */

	/* the time read last */
	double		time;
	int64		at_risk;		/* customers under observation just before it */
	int64		churned;		/* customers who left at this time */
	int64		censored;		/* customers not observed after this time */

	/* estimates after it */
	double		survival;
	double		variance;		/* Greenwood's sum; infinite if survival is 0 */
	double		hazard;			/* cumulative, Nelson-Aalen */

	/* where the walk is */
	int64		nread;			/* points of the reader, late entries included */
	int64		late;			/* late entries still to come: those of the first points */
	int64		left;			/* customers at risk after the time */
	double		base_survival;	/* survival when somebody was censored or entered last */
	int64		base_at_risk;	/* customers at risk after that */
} RetSurvivalWalk;

/* What a survival_curve counts */
extern const RetTallyDef ret_survival_tally;

/* A duration and the number of customers who have it, for ret_survival_curve() */
typedef struct RetDuration
{
	double		duration;
	int64		counts[RET_DURATION_COUNTS];
} RetDuration;

extern Datum ret_survival_curve(const RetDuration *durations, int64 n);
extern void ret_survival_open(RetSurvivalWalk *walk, Datum curve);
extern void ret_survival_rewind(RetSurvivalWalk *walk);
extern bool ret_survival_next(RetSurvivalWalk *walk);
pg_noreturn extern void ret_reject_duration(double duration);
extern double ret_curve_horizon(FunctionCallInfo fcinfo, int argno, RetSurvivalWalk *walk);

/* Get an argument of a contract as an instant; error 22008 if it is infinite */
static inline int64
ret_contract_instant(FunctionCallInfo fcinfo, int argno, RetTimeKind kind, const char *name)
{
	int64		at = ret_instant(PG_GETARG_DATUM(argno), kind);

	if (unlikely(!ret_instant_is_finite(at, kind)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be finite", name),
				 errhint("Pass NULL for what is not known, or leave such rows out with FILTER (WHERE isfinite(...)).")));
	return at;
}

/*
 * Read a contract from arguments 1 to 3: started, ended, as_of.  The duration
 * is the number of days from the day of started to the day of ended, or to
 * as_of if the contract had not ended before that day.  Returns false if the
 * row does not count: started is null or its day is not before as_of, or the
 * contract ended on the day on which it started.
 */
static pg_always_inline bool
ret_contract_read(FunctionCallInfo fcinfo, RetTimeKind kind, RetTimeKind as_of_kind,
				  double *duration, bool *churned)
{
	DateADT		as_of;
	DateADT		first,
				last;
	int64		started,
				ended;

	if (PG_ARGISNULL(3))
		ret_reject_null_as_of();
	as_of = ret_as_of_day(fcinfo->flinfo, ret_instant(PG_GETARG_DATUM(3), as_of_kind), as_of_kind);
	if (PG_ARGISNULL(1))
		return false;
	started = ret_contract_instant(fcinfo, 1, kind, "started");
	first = ret_instant_day(fcinfo->flinfo, started, kind);
	if (first >= as_of)
		return false;
	*churned = false;
	*duration = (double) as_of - (double) first;
	if (PG_ARGISNULL(2) || ret_instant_is_noend(ret_instant(PG_GETARG_DATUM(2), kind), kind))
		return true;
	ended = ret_contract_instant(fcinfo, 2, kind, "ended");
	last = ret_instant_day(fcinfo->flinfo, ended, kind);
	if (last >= as_of)
		return true;
	if (ended < started)
		ret_reject_contract(started, ended, kind);
	*churned = true;
	*duration = (double) last - (double) first;
	return last > first;
}

#endif							/* RETENTION_SURVIVAL_H */
