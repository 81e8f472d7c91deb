/*-------------------------------------------------------------------------
 *
 * rows.h
 *	  Rows that wait to be merged, and how they are sorted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_ROWS_H
#define RETENTION_ROWS_H

#include "utils/date.h"

#include "base/retention.h"

/* A customer and a day */
typedef struct RetRow
{
	uint32		hash[2];		/* ret_customer_hash of the customer: a uint64 in 12 bytes, not 16 */
	DateADT		day;
} RetRow;

static inline uint64
ret_row_hash(const RetRow *row)
{
	uint64		hash;

	memcpy(&hash, row->hash, sizeof(hash));
	return hash;
}

static inline void
ret_row_set(RetRow *row, uint64 hash, DateADT day)
{
	memcpy(row->hash, &hash, sizeof(hash));
	row->day = day;
}

extern RetRow *ret_rows_sort(RetRow *rows, RetRow *other, int64 n, int common_bits);

#endif							/* RETENTION_ROWS_H */
