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

extern void ret_bins_init(RetBins *bins, const Interval *period, DateADT origin);
extern void ret_bins_table(RetBins *bins, DateADT first, DateADT last);
extern int64 ret_bin_compute(const RetBins *bins, DateADT day);
extern int64 ret_bin_start(const RetBins *bins, int64 bin);
extern int64 ret_lap_start(const RetBins *bins, DateADT first, int64 k);
extern int64 ret_lap_of(const RetBins *bins, DateADT first, DateADT day);

extern void ret_get_bins(FunctionCallInfo fcinfo, int period, int origin, RetBins *bins);
extern int64 ret_begun_bin(const RetBins *bins, int64 as_of);
extern int64 ret_first_bin(const RetBins *bins, int64 since);
extern void ret_check_bins(int64 nbins);
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

#endif							/* RETENTION_PERIODS_H */
