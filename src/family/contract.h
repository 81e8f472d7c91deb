/*-------------------------------------------------------------------------
 *
 * contract.h
 *	  Fitting the model of contracts to tenures that are counted one by one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_CONTRACT_H
#define RETENTION_CONTRACT_H

#include "fmgr.h"

/* Customers by the period in which they left, or up to which they have been kept */
typedef struct RetTenureCounts
{
	int64		customers;
	int64		nperiods;		/* the longest tenure */
	double	   *lost;			/* by period from 0: customers who left in it */
	double	   *kept;			/* customers kept in it, less those kept in the one before */
} RetTenureCounts;

extern void ret_tenures_init(RetTenureCounts *counts);
extern void ret_tenures_count(RetTenureCounts *counts, int64 entry, int64 tenure, bool churned);
extern Datum ret_tenures_fit(FunctionCallInfo fcinfo, RetTenureCounts *counts);

#endif							/* RETENTION_CONTRACT_H */
