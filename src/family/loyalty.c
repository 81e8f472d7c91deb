/*-------------------------------------------------------------------------
 *
 * loyalty.c
 *	  Points of a loyalty programme, row by row of a ledger: points_balance and
 *	  points_used.
 *
 * The rows of a partition are what a member earned (points > 0, with the instant
 * at which they expire) and spent (points < 0).  An instant is worked on as a
 * whole, whichever of its rows stands first:
 *
 *		1. earnings with expires <= instant expire, with what is left of them
 *		2. what is earned at the instant is added, unless it expires by then
 *		3. the debt, and what is spent at the instant, is taken from what expires
 *		   first; of equal expiry from what was earned first, then from the smaller
 *		4. what cannot be taken is the debt
 *
 * So debt and earnings that are left exclude each other, and at any time
 * earned - spent - expired = left - debt.  points_balance is that number after
 * the instant of the row, points_used what was taken of the row's own earning
 * before as_of.
 *
 * The earnings with something left are a binary heap, 32 bytes each, in the
 * partition's own memory; each enters and leaves it once, so a partition takes
 * O(n log n), and one whose earnings last equally long next to O(n).  Rows are
 * read once, ahead of the current one: by points_balance up to the end of its
 * instant, which its balance depends on; by points_used all at the first row,
 * since what an earning is used for comes later, with 8 bytes for each result.
 * Neither looks at the frame, which spell_support() tells the planner.
 *
 * Whole points are exact up to 2^53.  What is left is a sum of doubles that loses
 * nothing, and starts again from 0 whenever nothing is left.  Differences of
 * decimals round, so a remainder that is not whole and below 1e-9 of the earning
 * counts as nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "windowapi.h"

#include "base/args.h"
#include "base/calendar.h"
#include "base/result.h"
#include "base/windowfn.h"
#include "math/mathfn.h"

/* The remainder of an earning that counts as nothing, as a fraction */
#define NOTHING		1e-9

/* Arguments of the window functions */
enum
{
	ARG_AT = 0,
	ARG_POINTS = 1,
	ARG_EXPIRES = 2,
	ARG_AS_OF = 3
};

/* A row of the ledger */
typedef struct LedgerRow
{
	bool		absent;			/* has it no time? then the others are not set */
	int64		at;
	double		points;			/* earned; negative if spent */
	int64		expires;		/* set if points > 0; RET_INSTANT_MAX: never */
} LedgerRow;

/* An earning of which something is left */
typedef struct Lot
{
	int64		expires;
	double		points;
	double		left;
	int32		instant;		/* number of the instant at which it was earned */
	int32		row;			/* position in the partition */
} Lot;

/*
 * What a member has, and what was read of the partition.  All zeros before the
 * first row.
 */
typedef struct Ledger
{
	MemoryContext context;		/* the partition's */
	Lot		   *lots;			/* a heap: the one that is taken next comes first */
	int64		nlots;
	int64		nalloc;			/* room in lots */
	RetSum		left;			/* of all lots */
	RetSum		owed;			/* the debt; within an instant also what is spent */
	double	   *used;			/* points_used: the results by position, NaN for NULL */

	bool		started;		/* is there an instant? */
	bool		after_null;		/* has the row read last no time? */
	int32		instant;		/* number of the instant */
	int64		at;				/* the instant */
	int64		nread;			/* points_balance: rows whose time has been read */
	int64		as_of;			/* points_used: value in the first row */
	double		balance;		/* points_balance: the result of the instant */
} Ledger;

PG_FUNCTION_INFO_V1(points_balance_date);
PG_FUNCTION_INFO_V1(points_balance_timestamp);
PG_FUNCTION_INFO_V1(points_balance_timestamptz);
PG_FUNCTION_INFO_V1(points_used_date);
PG_FUNCTION_INFO_V1(points_used_timestamp);
PG_FUNCTION_INFO_V1(points_used_timestamptz);

/*-------------------------------------------------------------------------
 * The heap of earnings
 *-------------------------------------------------------------------------
 */

/* Tell whether points are taken from a before they are taken from b */
static inline bool
taken_before(const Lot *a, const Lot *b)
{
	if (a->expires != b->expires)
		return a->expires < b->expires;
	if (a->instant != b->instant)
		return a->instant < b->instant;
	if (a->points != b->points)
		return a->points < b->points;
	return a->row < b->row;
}

/* Add an earning; O(1) if it is taken after those that are there */
static void
push_lot(Ledger *ledger, const Lot *lot)
{
	Lot		   *lots;
	int64		place = ledger->nlots++;

	if (unlikely(place == ledger->nalloc))
	{
		ledger->nalloc = Max(2 * ledger->nalloc, 8);
		ledger->lots = ledger->lots ?
			repalloc_huge(ledger->lots, ledger->nalloc * sizeof(Lot)) :
			MemoryContextAllocHuge(ledger->context, ledger->nalloc * sizeof(Lot));
	}
	lots = ledger->lots;
	while (place > 0 && taken_before(lot, &lots[(place - 1) / 2]))
	{
		lots[place] = lots[(place - 1) / 2];
		place = (place - 1) / 2;
	}
	lots[place] = *lot;
}

/* Remove the first earning */
static void
pop_lot(Ledger *ledger)
{
	Lot		   *lots = ledger->lots;
	int64		n = --ledger->nlots;
	int64		place = 0;
	int64		child;

	while ((child = 2 * place + 1) < n)
	{
		if (child + 1 < n && taken_before(&lots[child + 1], &lots[child]))
			child++;
		if (!taken_before(&lots[child], &lots[n]))
			break;
		lots[place] = lots[child];
		place = child;
	}
	lots[place] = lots[n];
	if (n == 0)
		memset(&ledger->left, 0, sizeof(RetSum));
}

/*-------------------------------------------------------------------------
 * An instant
 *-------------------------------------------------------------------------
 */

/* Return a remainder, or 0 if it is below what counts beside the earning */
static inline double
remainder_of(double rest, double points)
{
	return rest < NOTHING * points && rest != rint(rest) ? 0 : rest;
}

/* Begin an instant: what expires by then is gone */
static void
begin_instant(Ledger *ledger, int64 at)
{
	while (ledger->nlots > 0 && ledger->lots[0].expires <= at)
	{
		CHECK_FOR_INTERRUPTS();
		ret_sum_add(&ledger->left, -ledger->lots[0].left);
		pop_lot(ledger);
	}
	ledger->started = true;
	ledger->at = at;
	ledger->instant++;
}

/* Take a row of the instant into the ledger */
static inline void
enter_row(Ledger *ledger, const LedgerRow *row, int32 position)
{
	if (row->points < 0)
		ret_sum_add(&ledger->owed, -row->points);
	else if (row->points > 0 && row->expires > row->at)
	{
		Lot			lot = {row->expires, row->points, row->points, ledger->instant, position};

		push_lot(ledger, &lot);
		ret_sum_add(&ledger->left, row->points);
	}
}

/* Take points from the first earning, as many as it has; returns how many are still needed */
static double
take(Ledger *ledger, double need)
{
	Lot		   *lot = &ledger->lots[0];
	double		had = lot->left;
	double		rest;

	rest = need < had ? remainder_of(had - need, lot->points) : 0;
	need = need > had ? remainder_of(need - had, lot->points) : 0;
	ret_sum_add(&ledger->left, -had);
	ret_sum_add(&ledger->left, rest);
	lot->left = rest;
	if (ledger->used)
		ledger->used[lot->row] = lot->points - rest;
	if (rest == 0)
		pop_lot(ledger);
	return need;
}

/* End an instant: pay what is owed from what is there; 22003 if a sum overflowed */
static void
end_instant(Ledger *ledger)
{
	double		need = ret_sum_value(&ledger->owed);

	if (!isfinite(need) || !isfinite(ledger->left.parts[0]))
		float_overflow_error();
	if (need == 0 || ledger->nlots == 0)
		return;
	while (need > 0 && ledger->nlots > 0)
	{
		CHECK_FOR_INTERRUPTS();
		need = take(ledger, need);
	}
	memset(&ledger->owed, 0, sizeof(RetSum));
	ledger->owed.parts[0] = need;
}

/*-------------------------------------------------------------------------
 * The rows of a partition
 *-------------------------------------------------------------------------
 */

/*
 * Get an argument of the row that is so many after the current one; false if the
 * partition ends before it
 */
static inline bool
get_arg(WindowObject winobj, int argno, int ahead, Datum *value, bool *isnull)
{
	bool		isout = false;

	if (ahead == 0)
		*value = WinGetFuncArgCurrent(winobj, argno, isnull);
	else
		*value = WinGetFuncArgInPartition(winobj, argno, ahead, WINDOW_SEEK_CURRENT,
										  false, isnull, &isout);
	return !isout;
}

/* Read the time of a row, and check that it is in order; false if there is no such row */
static bool
read_time(WindowObject winobj, Ledger *ledger, int64 position, int ahead,
		  LedgerRow *row, RetTimeKind kind)
{
	Datum		value;

	if (!get_arg(winobj, ARG_AT, ahead, &value, &row->absent))
		return false;
	if (!row->absent)
		row->at = ret_finite_instant(ret_instant(value, kind), kind, true);
	if (position > 0 &&
		(row->absent != ledger->after_null || (!row->absent && row->at != ledger->at)))
		ret_check_time_order(winobj, position - 1, position,
							 !row->absent && ledger->started && row->at < ledger->at);
	ledger->after_null = row->absent;
	return true;
}

/* Read what a row that has a time earns or spends */
static void
read_points(WindowObject winobj, int ahead, LedgerRow *row, RetTimeKind kind)
{
	Datum		value;
	bool		isnull;

	get_arg(winobj, ARG_POINTS, ahead, &value, &isnull);
	row->points = isnull ? 0 : DatumGetFloat8(value);
	if (unlikely(!isfinite(row->points)))
		ret_reject_infinite("points", "Points that are not known count as 0 if they are NULL.");
	if (row->points <= 0)
		return;
	get_arg(winobj, ARG_EXPIRES, ahead, &value, &isnull);
	row->expires = isnull || ret_instant_is_noend(ret_instant(value, kind), kind) ?
		RET_INSTANT_MAX : ret_instant(value, kind);
}

/* Return the ledger of the current row's partition */
static Ledger *
get_ledger(WindowObject winobj)
{
	Ledger	   *ledger = WinGetPartitionLocalMemory(winobj, sizeof(Ledger));

	ledger->context = GetMemoryChunkContext(ledger);
	return ledger;
}

/* Raise error 54000 if the number of a row does not fit */
static void
check_rows(int64 rows)
{
	if (rows > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows in one partition"),
				 errdetail("The limit is %d.", PG_INT32_MAX)));
}

/*-------------------------------------------------------------------------
 * points_balance
 *-------------------------------------------------------------------------
 */

/*
 * Work on the instant that begins at the current row, whose time has been read,
 * and read on up to the first row of the next one
 */
static void
balance_instant(WindowObject winobj, Ledger *ledger, LedgerRow *row, RetTimeKind kind)
{
	int64		position = WinGetCurrentPosition(winobj);
	int64		at = row->at;

	begin_instant(ledger, at);
	for (int ahead = 0;; ahead++)
	{
		check_rows(position + ahead + 1);
		if (ahead > 0 && !read_time(winobj, ledger, position + ahead, ahead, row, kind))
			break;
		ledger->nread = position + ahead + 1;
		if (row->absent)
			continue;
		if (row->at != at)
			break;
		read_points(winobj, ahead, row, kind);
		enter_row(ledger, row, (int32) (position + ahead));
	}
	end_instant(ledger);
	ledger->balance = ledger->nlots > 0 ? ret_sum_value(&ledger->left) :
		0 - ret_sum_value(&ledger->owed);
}

/* Return the points that the member has after the instant of the row; NULL without one */
static inline Datum
points_balance(FunctionCallInfo fcinfo, RetTimeKind kind)
{
	WindowObject winobj = ret_window_object(fcinfo);
	Ledger	   *ledger = get_ledger(winobj);
	int64		position = WinGetCurrentPosition(winobj);
	LedgerRow	row;
	Datum		value;

	if (position >= ledger->nread)
	{
		/* no instant before this row: it is the first, or all before it have no time */
		(void) read_time(winobj, ledger, position, 0, &row, kind);
		ledger->nread = position + 1;
	}
	else
	{
		value = WinGetFuncArgCurrent(winobj, ARG_AT, &row.absent);
		row.at = row.absent ? 0 : ret_instant(value, kind);
	}
	WinSetMarkPosition(winobj, position);
	if (row.absent)
		PG_RETURN_NULL();
	if (!ledger->started || row.at != ledger->at)
		balance_instant(winobj, ledger, &row, kind);
	return ret_finite_result(ledger->balance);
}

Datum
points_balance_date(PG_FUNCTION_ARGS)
{
	return points_balance(fcinfo, RET_DATE);
}

Datum
points_balance_timestamp(PG_FUNCTION_ARGS)
{
	return points_balance(fcinfo, RET_TIMESTAMP);
}

Datum
points_balance_timestamptz(PG_FUNCTION_ARGS)
{
	return points_balance(fcinfo, RET_TIMESTAMPTZ);
}

/*-------------------------------------------------------------------------
 * points_used
 *-------------------------------------------------------------------------
 */

/*
 * Work on the whole partition, whose first row is the current one.  Rows from
 * as_of on are read as well, since one of them may be out of order.
 */
static void
use_points(WindowObject winobj, Ledger *ledger, RetTimeKind kind)
{
	int64		nrows = WinGetPartitionRowCount(winobj);
	LedgerRow	row;

	check_rows(nrows);
	ledger->used = MemoryContextAllocHuge(ledger->context, nrows * sizeof(double));
	for (int i = 0; i < nrows; i++)
	{
		(void) read_time(winobj, ledger, i, i, &row, kind);
		ledger->used[i] = get_float8_nan();
		if (row.absent)
			continue;
		read_points(winobj, i, &row, kind);
		if (!ledger->started || row.at != ledger->at)
		{
			end_instant(ledger);
			begin_instant(ledger, row.at);
		}
		if (row.at >= ledger->as_of)
			continue;
		enter_row(ledger, &row, i);
		if (row.points > 0)
			ledger->used[i] = 0;
	}
	end_instant(ledger);
	if (ledger->lots)
		pfree(ledger->lots);
	ledger->lots = NULL;
}

/* Get as_of, which must be the same in all rows of a partition; 22004, 22023 */
static void
get_as_of(WindowObject winobj, Ledger *ledger, RetTimeKind kind)
{
	bool		isnull;
	Datum		value = WinGetFuncArgCurrent(winobj, ARG_AS_OF, &isnull);
	int64		as_of;

	if (isnull)
		ret_reject_null_as_of();
	as_of = ret_instant(value, kind);
	if (ledger->used == NULL)
		ledger->as_of = as_of;
	if (as_of != ledger->as_of)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must be the same for all rows of a partition"),
				 errhint("Pass a constant, or add as_of to PARTITION BY.")));
}

/*
 * Return how many points of the row's earning were spent before as_of; NULL for a
 * row that does not earn, or not before as_of
 */
static inline Datum
points_used(FunctionCallInfo fcinfo, RetTimeKind kind)
{
	WindowObject winobj = ret_window_object(fcinfo);
	Ledger	   *ledger = get_ledger(winobj);
	int64		position = WinGetCurrentPosition(winobj);

	get_as_of(winobj, ledger, kind);
	if (ledger->used == NULL)
		use_points(winobj, ledger, kind);
	WinSetMarkPosition(winobj, position);
	if (isnan(ledger->used[position]))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(ledger->used[position]);
}

Datum
points_used_date(PG_FUNCTION_ARGS)
{
	return points_used(fcinfo, RET_DATE);
}

Datum
points_used_timestamp(PG_FUNCTION_ARGS)
{
	return points_used(fcinfo, RET_TIMESTAMP);
}

Datum
points_used_timestamptz(PG_FUNCTION_ARGS)
{
	return points_used(fcinfo, RET_TIMESTAMPTZ);
}
