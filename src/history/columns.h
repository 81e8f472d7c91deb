/*-------------------------------------------------------------------------
 *
 * columns.h
 *	  Customers and their sets of days, kept small and in order: what an
 *	  expanded customer_activity holds.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_COLUMNS_H
#define RETENTION_COLUMNS_H

#include "history/reader.h"
#include "history/events.h"
#include "history/rows.h"

/* RetDays.sizes: the units are a bitmap */
#define RET_HAS_BITMAP		0x8000

/* The arrays of units are read, but not used, up to so many beyond their end */
#define RET_UNITS_PAD		16

/*
 * The parts of a large value: customers are divided among them by the high bits
 * of their hash
 */
#define RET_PART_BITS		6
#define RET_MAX_PARTS		(1 << RET_PART_BITS)

/* Days of customers */
typedef struct RetDays
{
	MemoryContext context;		/* owns what the pointers point to */
	int			common_bits;	/* high bits that all hashes have in common */
	uint64	   *hashes;			/* the customers, in ascending order of their hash */
	uint16	   *sizes;			/* units of each, and RET_HAS_BITMAP */
	uint16	   *units;			/* the days of one after the other */
	int64		ncustomers;
	int64		nunits;
	DateADT		first;			/* first day of any customer */
	DateADT		last;			/* last day of any customer */
	DateADT		base;			/* day of offset 0 */
	RetEventList strays;		/* days too far from base */
	RetRow	   *rows;			/* rows that wait; those who add them count them */
	int64		rows_alloc;		/* rows there is room for */
} RetDays;

extern void ret_days_create(RetDays *sets, MemoryContext context, int common_bits);
extern void ret_days_free(RetDays *sets);
extern void ret_days_add(RetDays *sets, int64 n);
extern bool ret_days_make_room(RetDays *sets);
extern bool ret_days_union(RetDays *sets, const RetDays *other);
extern bool ret_days_check(const RetDays *sets);
extern void ret_days_read(const RetDays *sets, int64 i, int64 start, RetActivityReader *reader);
extern bool ret_days_next(const RetDays *sets, RetActivityReader *reader);
extern int64 *ret_days_starts(const RetDays *sets);
extern void ret_parts_walk(RetActivityReader *reader, RetDays *parts, int nparts);
extern bool ret_parts_next(RetActivityReader *reader);

/* Units of a customer */
static inline int
ret_days_units(const RetDays *sets, int64 i)
{
	return sets->sizes[i] & ~RET_HAS_BITMAP;
}

#endif							/* RETENTION_COLUMNS_H */
