/*-------------------------------------------------------------------------
 *
 * periods.h
 *	  Periods as bins of whole months or whole days, counted from an origin.
 *
 * Bins are the same for all customers.  Laps are periods of the same length that
 * are counted from a day of the customer, so that lap 0 begins with that day.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_PERIODS_H
#define RETENTION_PERIODS_H

#include "base/calendar.h"

/* Bins of whole months, or of whole days, counted from an origin */
typedef struct RetBins
{
	int32		months;			/* length of a bin in months, or 0 */
	int32		days;			/* length of a bin in days, or 0 */
	DateADT		origin;			/* first day of bin 0 */
	int64		origin_month;	/* month of origin, counted from year 0 */
	DateADT		first_day;		/* day of table[0] */
	int32		ndays;			/* days in table */
	int32	   *table;			/* bins of these days; NULL: no table */
} RetBins;

/* Laps of the length of bins, counted from a day */
typedef struct RetLaps
{
	const RetBins *bins;
	DateADT		first;			/* first day of lap 0 */
	int			mday;			/* its day of the month */
	int64		month;			/* its month, counted from year 0 */
} RetLaps;

/*
 * The periods of a value: the bins from that of its first day to the last that
 * has begun before as_of
 */
typedef struct RetPeriods
{
	RetBins		bins;
	int64		as_of;			/* first day without complete data */
	int64		first;			/* first bin */
	int64		n;				/* number of bins; may be 0 */
} RetPeriods;

/* 2001-01-01, a Monday and the first day of a century */
#define RET_DEFAULT_ORIGIN	366

extern void ret_bins_init(RetBins *bins, int32 months, int32 days, DateADT origin);
extern void ret_bins_get(FunctionCallInfo fcinfo, int argno, const char *name, DateADT origin,
						 RetBins *bins);
extern bool ret_bins_longer(const RetBins *a, const RetBins *b);
extern void ret_bins_table(RetBins *bins, DateADT first, DateADT last);
extern int64 ret_bin_compute(const RetBins *bins, DateADT day);
extern int64 ret_bin_start(const RetBins *bins, int64 bin);
extern int64 ret_lap_start(const RetBins *bins, DateADT first, int64 k);
extern void ret_laps_init(RetLaps *laps, const RetBins *bins, DateADT first);
extern int64 ret_lap_of(const RetLaps *laps, DateADT day);

extern void ret_periods_get(FunctionCallInfo fcinfo, int period, int as_of, int origin,
							RetPeriods *periods);
extern void ret_periods_open(RetPeriods *periods, DateADT first, DateADT last);
extern int64 ret_first_bin(const RetBins *bins, int64 since);
extern void ret_check_bins(int64 nbins);
extern void ret_check_cells(int64 ncells, int64 limit, const char *hint);
extern void ret_check_period(const Interval *period, const char *name);
extern Datum ret_bin_date(const RetBins *bins, int64 bin);

/* Get the bin of a day */
static inline int64
ret_bin_of(const RetBins *bins, DateADT day)
{
	if (likely(bins->table && day >= bins->first_day &&
			   (int64) day - bins->first_day < bins->ndays))
		return bins->table[day - bins->first_day];
	return ret_bin_compute(bins, day);
}

/* Tell whether the data of a bin are complete */
static inline bool
ret_period_complete(const RetPeriods *periods, int64 bin)
{
	return ret_bin_start(&periods->bins, bin + 1) <= periods->as_of;
}

#endif							/* RETENTION_PERIODS_H */
