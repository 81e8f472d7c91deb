/*-------------------------------------------------------------------------
 *
 * purchase_days.h
 *	  The state of rfm_summary: for each day of a group whether there was a
 *	  purchase, and the exact sum of the amounts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_PURCHASE_DAYS_H
#define RETENTION_PURCHASE_DAYS_H

#include "base/calendar.h"
#include "store/money.h"
#include "base/retention.h"

/* A day with purchases or refunds */
typedef struct RetPurchaseDay
{
	DateADT		day;
	uint32		purchased;		/* 1 if there was a purchase, 0 if only refunds */
	int64		high;			/* sum of the amounts in units of 10^-scale, high half */
	int64		low;			/* low half of that sum, without sign */
} RetPurchaseDay;

/*
 * The days of a group: first the sorted ones, then those that came out of order
 * and wait for a merge, then free room
 */
typedef struct RetPurchaseDays
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;		/* RET_PURCHASE_DAYS_VERSION */
	uint8		kind;			/* a RetTimeKind */
	uint8		scale;			/* the most decimals that an amount needed */
	uint8		unused;			/* 0 */
	int32		ndays;			/* elements of days in use; may be 0 */
	int32		nsorted;		/* the first nsorted days are sorted and distinct */
	int64		as_of;			/* as_of of the first row, quick to compare with others */
	int64		purchases;		/* rows that are purchases */
	DateADT		as_of_day;		/* the first day that does not count */
	uint32		zone;			/* ret_zone_number() of timestamptz, else 0 */
	RetPurchaseDay days[FLEXIBLE_ARRAY_MEMBER];
} RetPurchaseDays;

#define RET_PURCHASE_DAYS_VERSION	2

extern RetPurchaseDays *ret_purchase_days_get(FunctionCallInfo fcinfo, int argno, int kind);
extern RetPurchaseDays *ret_purchase_days_begin(RetTimeKind kind, int64 as_of, DateADT as_of_day);
extern RetPurchaseDays *ret_purchase_days_add(RetPurchaseDays *state, DateADT day,
											  const RetMoney *amount, bool refund);
extern RetPurchaseDays *ret_purchase_days_merge(RetPurchaseDays *a, RetPurchaseDays *b);
extern RetPurchaseDays *ret_purchase_days_sorted(RetPurchaseDays *state);

/* Get the sum of the amounts of a day */
static inline RetMoney
ret_purchase_day_total(const RetPurchaseDays *state, const RetPurchaseDay *day)
{
	RetMoney	total = {day->high, day->low, RET_MONEY_FORM(state->scale, 0)};

	return total;
}

#endif							/* RETENTION_PURCHASE_DAYS_H */
