/*-------------------------------------------------------------------------
 *
 * survival.h
 *	  Reading a survival_curve, one time at a time, and checking arguments.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_SURVIVAL_H
#define RETENTION_SURVIVAL_H

#include "calendar.h"
#include "tally.h"

/* A walk over the distinct times of a curve, in ascending order */
typedef struct RetSurvivalWalk
{
	/* what is known from the beginning */
	RetTallyReader reader;
	double		last;			/* the last observed time */

	/* the time that was read */
	double		time;
	int64		at_risk;		/* customers still there before it */
	int64		churned;		/* of them left at this time, */
	int64		censored;		/* and were not observed any longer */

	/* estimates behind it */
	double		survival;
	double		variance;		/* Greenwood's sum, infinite when survival is 0 */
	double		hazard;			/* cumulative, Nelson-Aalen */

	/* where the walk is */
	int64		nread;
	int64		left;			/* customers behind the time */
	double		base_survival;	/* survival when somebody was censored last, */
	int64		base_at_risk;	/* and customers behind that */
} RetSurvivalWalk;

extern void ret_survival_open(RetSurvivalWalk *walk, Datum curve);
extern void ret_survival_rewind(RetSurvivalWalk *walk);
extern bool ret_survival_next(RetSurvivalWalk *walk);
extern bool ret_contract_read(FunctionCallInfo fcinfo, RetTimeKind kind, RetTimeKind as_of_kind,
							  double *duration, bool *churned);
pg_noreturn extern void ret_reject_duration(double duration);
extern double ret_finite_arg(FunctionCallInfo fcinfo, int argno, const char *name, double lowest);
extern double ret_curve_horizon(FunctionCallInfo fcinfo, int argno, const RetSurvivalWalk *walk);

#endif							/* RETENTION_SURVIVAL_H */
