/*-------------------------------------------------------------------------
 *
 * windowfn.c
 *	  What the window functions share: the window they are called over, what they
 *	  tell the planner about its frame, and the check that its rows are in order
 *	  of time.
 *
 * The functions do not see the window's ORDER BY.  What they see is whether a
 * row is earlier than the one before it, and whether two neighbours of different
 * times are peers: either proves that the rows are not ordered by time.  Only the
 * second reveals a query that stops before it reaches an earlier row, or one whose
 * rows are in order by chance.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/parsenodes.h"
#include "nodes/supportnodes.h"
#include "windowapi.h"

#include "base/windowfn.h"

/*
 * Get the window that a window function is called over.  It is an error if
 * there is none: a user-defined operator could call the function without one.
 */
WindowObject
ret_window_object(FunctionCallInfo fcinfo)
{
	WindowObject winobj = PG_WINDOW_OBJECT();

	if (!WindowObjectIsValid(winobj))
		ereport(ERROR,
				(errcode(ERRCODE_WINDOWING_ERROR),
				 errmsg("window function called without a window"),
				 errhint("Call it with OVER (...).")));
	ret_reject_null_treatment(winobj, fcinfo);
	return winobj;
}

/*
 * Answer the planner's request for the frame that a window function needs;
 * false if it is another request.  The result of the function does not depend
 * on the frame, so the planner gets the one that costs least.
 */
bool
ret_any_frame_will_do(Node *request)
{
#ifdef RET_HAVE_OPTIMIZE_WINDOW_CLAUSE
	if (IsA(request, SupportRequestOptimizeWindowClause))
	{
		((SupportRequestOptimizeWindowClause *) request)->frameOptions =
			FRAMEOPTION_NONDEFAULT | FRAMEOPTION_ROWS |
			FRAMEOPTION_START_UNBOUNDED_PRECEDING | FRAMEOPTION_END_CURRENT_ROW;
		return true;
	}
#else
	(void) request;
#endif
	return false;
}

pg_noreturn static void
reject_order(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_WINDOWING_ERROR),
			 errmsg("rows are not in order of time"),
			 errdetail_internal("%s", detail),
			 errhint("Write OVER (PARTITION BY ... ORDER BY ...) with the column of times that is passed to the function, ascending.")));
	pg_unreachable();
}

/*
 * Raise error 42P20 if two rows, whose times differ or of which one has none,
 * prove that the rows are not in order of time: earlier tells whether the later
 * row has the earlier time
 */
void
ret_check_time_order(WindowObject winobj, int64 before, int64 row, bool earlier)
{
	if (earlier)
		reject_order("A row is earlier than one before it.");
	if (WinRowsArePeers(winobj, before, row))
		reject_order("Rows of different times are peers in the window.");
}
