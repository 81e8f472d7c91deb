/*-------------------------------------------------------------------------
 *
 * cohort.h
 *	  What readers of cohorts share: their options, and the clock of a customer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_COHORT_H
#define RETENTION_COHORT_H

#include "base/periods.h"
#include "family/activity.h"

/* Most cells of a table */
#define RET_MAX_COHORT_CELLS	INT64CONST(50000000)

typedef enum RetCohortMode
{
	RET_MODE_ON,
	RET_MODE_ON_OR_AFTER,
	RET_MODE_EVERY
} RetCohortMode;

/* The options of cohort_table and its relatives */
typedef struct RetCohortOptions
{
	RetPeriods	periods;
	RetCohortMode mode;
	bool		elapsed;		/* is the clock 'elapsed'? */
	bool		has_horizon;
	int64		horizon;		/* last age to show */
	int64		since;			/* first day of the first cohort to show */
	double		z;				/* normal quantile of the confidence */
} RetCohortOptions;

/* One cell of a cohort: an age, or a bracket of ages */
typedef struct RetCohortCell
{
	int64		retained;		/* customers active as the mode asks */
	int64		eligible;		/* elapsed: customers whose window has ended */
} RetCohortCell;

extern RetCohortMode ret_mode_arg(FunctionCallInfo fcinfo, int argno);
extern bool ret_elapsed_arg(FunctionCallInfo fcinfo, int argno);
extern void ret_horizon_arg(FunctionCallInfo fcinfo, int argno, RetCohortOptions *options);
extern void ret_put_rate(Datum *values, bool *nulls, int64 retained, int64 customers, double z,
						 bool rated);

/*
 * A walk over customers: the day of the start of each, and the days on which they
 * were active from it on, in the same activity or in another
 */
typedef struct RetStarts
{
	RetActivityPair pair;		/* private: the starts, and the returns if they are another's */
	bool		two;			/* private: is there a second activity to read? */
	bool		nobody;			/* private: is it null, so that nobody came back? */
	DateADT		first;			/* first day of all starts */
	DateADT		last;			/* last day of all */
	int64		customer;
	DateADT		start;			/* the customer's first day */
	DateADT    *days;			/* ascending; there may be none; may be overwritten */
	int64		ndays;
} RetStarts;

extern void ret_starts_open(RetStarts *starts, FunctionCallInfo fcinfo, int activities);
extern void ret_starts_order(RetStarts *starts);
extern bool ret_starts_next(RetStarts *starts);

/* The windows of a customer on the clock 'elapsed' */
typedef struct RetWindows
{
	RetLaps		laps;
	int64		begun;			/* last window that has begun by as_of */
	int64		over;			/* last window that has ended by then, or -1 */
} RetWindows;

/* Find the windows of a customer whose first day is before as_of */
static inline void
ret_windows_init(RetWindows *windows, const RetPeriods *periods, DateADT first)
{
	ret_laps_init(&windows->laps, &periods->bins, first);
	windows->begun = ret_lap_of(&windows->laps, (DateADT) (periods->as_of - 1));
	windows->over = windows->begun;
	if (ret_lap_start(&periods->bins, first, windows->begun + 1) > periods->as_of)
		windows->over--;
}

/* Get the window that must have ended for a customer to count at all */
static inline int64
ret_window_needed(const RetCohortOptions *options)
{
	return options->mode == RET_MODE_ON_OR_AFTER && options->has_horizon ? options->horizon : 0;
}

/* Count how many of the n days, which ascend, are before as_of */
static inline int64
ret_days_before(const DateADT *days, int64 n, int64 as_of)
{
	while (n > 0 && days[n - 1] >= as_of)
		n--;
	return n;
}

/* Turn n days into ages by the calendar, in place, in a cohort of the bin first; returns the ages */
static inline int32 *
ret_calendar_ages(const RetBins *bins, int64 first, DateADT *days, int64 n)
{
	for (int64 i = 0; i < n; i++)
		days[i] = (int32) (ret_bin_of(bins, days[i]) - first);
	return days;
}

/* Turn n days into the windows in which they are, in place; returns the ages */
static inline int32 *
ret_elapsed_ages(const RetWindows *windows, DateADT *days, int64 n)
{
	for (int64 i = 0; i < n; i++)
		days[i] = (int32) ret_lap_of(&windows->laps, days[i]);
	return days;
}

/*
 * Find the last age at which a customer counts who was active at the n ages, which
 * ascend and may repeat, in a mode other than 'on'; -1 if there is none.  Ages above
 * limit do not count.
 */
static inline int64
ret_last_age(RetCohortMode mode, const int32 *ages, int64 n, int64 limit)
{
	int64		last = -1;

	for (int64 i = 0; i < n && ages[i] <= limit; i++)
	{
		if (ages[i] == last)
			continue;
		if (mode == RET_MODE_EVERY && ages[i] != last + 1)
			break;
		last = ages[i];
	}
	return last;
}

#endif							/* RETENTION_COHORT_H */
