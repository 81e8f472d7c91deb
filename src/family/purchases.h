/*-------------------------------------------------------------------------
 *
 * purchases.h
 *	  Reading a customer_purchases, one customer at a time.
 *
 * Refunds are not seen by themselves.  A refund counts on the customer's latest
 * purchase day that is not after it, and one before any purchase on the first,
 * so the revenue of a purchase day is net, and may be negative.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_PURCHASES_H
#define RETENTION_PURCHASES_H

#include "history/reader.h"

/* A purchase day of a customer; amounts in units of 10^-scale */
typedef struct RetNetDay
{
	DateADT		day;
	int64		purchases;		/* number of purchases */
	int64		revenue;		/* amounts of the purchases less those of the refunds */
	int64		refunded;		/* amounts of the refunds, not negative */
} RetNetDay;

/* A walk over the customers who have bought, and their purchase days */
typedef struct RetPurchasesReader
{
	RetReader	walk;			/* the value as a whole, and the customer */
	int			least_scale;	/* decimals that the amounts need, at most walk.scale */
	int64		as_of;			/* rows of this day and later ones are not seen */
	bool		all;			/* also read people with refunds alone? */
	RetNetDay *days;		/* the purchase days, ascending; may be overwritten */
	int64		ndays;
	bool		bought;			/* false: the days are those of the refunds, without purchases */
	int64		nalloc;			/* days there is room for */
} RetPurchasesReader;

extern void ret_purchases_open(RetPurchasesReader *reader, Datum value);
extern void ret_purchases_order(RetPurchasesReader *reader);
extern bool ret_purchases_next(RetPurchasesReader *reader);

#endif							/* RETENTION_PURCHASES_H */
