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
	uint32		purchased;		/* 1 if there was a purchase, 0 if refunds alone */
	int64		high;			/* sum of the amounts in units of 10^-scale: its high half, */
	int64		low;			/* and its low half, without sign */
} RetPurchaseDay;

/*
 * The days of a group.  Rows that come out of order wait, after the days that
 * are sorted, for a merge; after the last of them there may be room for more.
 */
typedef struct RetPurchaseDays
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;		/* RET_PURCHASE_DAYS_VERSION */
	uint8		kind;			/* a RetTimeKind */
	uint8		scale;			/* decimals of a unit: most that an amount needed */
	uint8		unused;			/* 0 */
	int32		ndays;			/* elements of days in use; may be none */
	int32		nsorted;		/* so many from the first are sorted and differ */
	int64		as_of;			/* an instant of as_of_day, which rows can show */
	int64		purchases;		/* rows that are purchases */
	DateADT		as_of_day;		/* the first day that does not count */
	uint16		zone;			/* ret_zone_number() of timestamptz, else 0 */
	uint16		reserved;		/* 0 */
	RetPurchaseDay days[FLEXIBLE_ARRAY_MEMBER];
} RetPurchaseDays;

#define RET_PURCHASE_DAYS_VERSION	2

extern RetPurchaseDays *ret_purchase_days_get(FunctionCallInfo fcinfo, int argno, int kind);
extern RetPurchaseDays *ret_purchase_days_begin(RetTimeKind kind, int64 as_of, DateADT as_of_day);
extern RetPurchaseDays *ret_purchase_days_add(RetPurchaseDays *state, DateADT day,
											  const RetMoney *amount, bool refund);
extern RetPurchaseDays *ret_purchase_days_merge(RetPurchaseDays *a, RetPurchaseDays *b);
extern RetPurchaseDays *ret_purchase_days_sorted(RetPurchaseDays *state);

/* The sum of the amounts of a day */
static inline RetMoney
ret_purchase_day_total(const RetPurchaseDays *state, const RetPurchaseDay *day)
{
	RetMoney	total = {day->high, day->low, RET_MONEY_FORM(state->scale, 0)};

	return total;
}

#endif							/* RETENTION_PURCHASE_DAYS_H */
