/*-------------------------------------------------------------------------
 *
 * cells.h
 *	  Additive cells: what a table by cohort and age, or by period, is made of.
 *
 * A cell is a few sums over customers, so the cells of different customers are
 * added, wherever they were counted.  They belong to a period and to an as_of,
 * and are counted backwards from the last period that has begun before as_of,
 * which is number 0.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_CELLS_H
#define RETENTION_CELLS_H

#include "utils/expandeddatum.h"

#include "base/periods.h"
#include "base/retention.h"

/* Most sums of a cell */
#define RET_CELL_SUMS	6

/*
 * What the cells were made from.  The numbers are in bytes that are sent and
 * stored: never renumber.
 */
typedef enum RetCellsKind
{
	RET_CELLS_ACTIVITY = 1,
	RET_CELLS_PURCHASES = 2
} RetCellsKind;

/* Sums of a cell by cohort and age; those of an activity have the first only */
enum
{
	RET_CELL_ACTIVE,			/* customers active, or with a purchase */
	RET_CELL_PURCHASES,
	RET_CELL_REVENUE,
	RET_CELL_REFUNDED,

	/* squares of each active customer's cumulative revenue, with this cell and without it */
	RET_CELL_SQUARES,
	RET_CELL_SQUARES_BEFORE
};

/* Sums of a period; those of an activity have the first only */
enum
{
	RET_CELL_RETAINED,			/* customers active in the period and in the one before */
	RET_CELL_RETAINED_REVENUE,
	RET_CELL_EXPANSION,			/* what they bring more than in the period before */
	RET_CELL_CHURNED_REVENUE	/* revenue in the period before of customers who are not back */
};

/* A sum of squares that is too large; others are smaller */
#define RET_CELL_MAX_SQUARE	((int128) (~(uint128) 0 >> 1))

/* A cell: of a cohort and an age, or of a period */
typedef struct RetCell
{
	uint64		key;			/* RET_CELL_KEY() */
	char		status;			/* of the hash table */
	int128		sums[RET_CELL_SUMS];
} RetCell;

/* The age of a key that stands for a period as a whole */
#define RET_CELL_PERIOD		PG_UINT32_MAX
#define RET_CELL_KEY(back, age) ((uint64) (back) << 32 | (uint32) (age))
#define RET_CELL_BACK(key)	((int64) ((key) >> 32))
#define RET_CELL_AGE(key)	((uint32) (key))

/* Cells that can be added to, or read */
typedef struct RetCells
{
	ExpandedObjectHeader hdr;	/* standard header for expanded objects, if it is one */
	RetCellsKind kind;
	int			scale;			/* decimals of the amounts */
	RetBins		bins;			/* the period */
	DateADT		as_of;
	int64		last;			/* the last bin that has begun before as_of */
	struct cellmap_hash *cells;
} RetCells;

/* A walk over the cells, in any order */
typedef struct RetCellsReader
{
	RetCellsKind kind;
	int			scale;			/* decimals of the amounts */
	int64		last;			/* the last bin that has begun before as_of */
	RetCells   *cells;			/* private */
	uint64		next;			/* private: where the walk is */
} RetCellsReader;

extern RetCells *ret_cells_create(RetCellsKind kind, const RetBins *bins, DateADT as_of);
extern RetCells *ret_cells_open(Datum value);
extern RetCells *ret_cells_state(FunctionCallInfo fcinfo);
extern void ret_cells_match(const RetCells *cells, RetCellsKind kind, const RetBins *bins, DateADT as_of);
extern void ret_cells_reserve_scale(RetCells *cells, int scale);
extern int128 *ret_cells_get(RetCells *cells, int64 back, uint32 age);
extern void ret_cells_add_amount(int128 *sum, int128 amount);
extern void ret_cells_add_square(int128 *sum, int128 root);
extern Datum ret_cells_result(FunctionCallInfo fcinfo, RetCells *cells);

extern void ret_cells_read(RetCellsReader *reader, Datum value, RetPeriods *periods);
extern const RetCell *ret_cells_next(RetCellsReader *reader);

#endif							/* RETENTION_CELLS_H */
