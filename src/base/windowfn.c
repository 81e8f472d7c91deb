/*-------------------------------------------------------------------------
 *
 * windowfn.c
 *	  What the window functions share: the window they are called over, and what
 *	  they tell the planner about its frame.
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
