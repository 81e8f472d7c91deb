/*-------------------------------------------------------------------------
 *
 * rfm_score.c
 *	  Scores by rank, and the segments that are named by them: rfm_score and
 *	  rfm_segment.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"
#include "windowapi.h"

#include "base/args.h"
#include "base/windowfn.h"

#define BINS_HINT	"Pass the highest score, such as 5."

/* What rfm_score remembers of a partition.  All zeros before the first row. */
typedef struct ScoreState
{
	int64		counted;		/* rows up to the last peer of the current row */
} ScoreState;

PG_FUNCTION_INFO_V1(rfm_score);
PG_FUNCTION_INFO_V1(rfm_score_support);
PG_FUNCTION_INFO_V1(rfm_segment);

/*-------------------------------------------------------------------------
 * rfm_score
 *-------------------------------------------------------------------------
 */

/*
 * rfm_score(bins integer) OVER (ORDER BY value) -> integer
 *		Compute ceil(bins x cume_dist) in integers: (bins k + n - 1) / n, where n
 *		is the number of rows and k that of the rows up to the last peer of the
 *		current row.  Peers get the same score, and the last peers get `bins`.
 *		Each group of peers is searched for once: O(rows).
 */
Datum
rfm_score(PG_FUNCTION_ARGS)
{
	WindowObject winobj = ret_window_object(fcinfo);
	ScoreState *state;
	int64		position;
	int64		rows;
	int64		product;
	int32		bins;
	bool		isnull;

	bins = DatumGetInt32(WinGetFuncArgCurrent(winobj, 0, &isnull));
	if (isnull)
		ret_reject_null("bins", BINS_HINT);
	ret_check_at_least(bins, 1, "bins", BINS_HINT);

	state = WinGetPartitionLocalMemory(winobj, sizeof(ScoreState));
	position = WinGetCurrentPosition(winobj);
	rows = WinGetPartitionRowCount(winobj);
	if (position >= state->counted)
	{
		/* compare neighbours: jumping about in a partition on disk is slow */
		state->counted = position + 1;
		while (state->counted < rows && WinRowsArePeers(winobj, state->counted - 1, state->counted))
		{
			if ((state->counted++ & 0x0FFF) == 0)
				CHECK_FOR_INTERRUPTS();
		}
	}
	WinSetMarkPosition(winobj, position);
	if (pg_mul_s64_overflow(bins, state->counted, &product) ||
		pg_add_s64_overflow(product, rows - 1, &product))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for %d bins", bins)));
	PG_RETURN_INT32((int32) (product / rows));
}

/*
 * rfm_score_support(internal) -> internal
 *		Tell the planner what it may assume.  rfm_score does not look at the
 *		frame, so the frame may be the cheapest one.  If bins is constant, the
 *		score never falls, so a condition on it may end the scan early.
 */
Datum
rfm_score_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	Node	   *answer = NULL;

	if (IsA(request, SupportRequestWFuncMonotonic))
	{
		SupportRequestWFuncMonotonic *monotonic = (SupportRequestWFuncMonotonic *) request;

		if (IsA(linitial(monotonic->window_func->args), Const))
		{
			monotonic->monotonic = MONOTONICFUNC_INCREASING;
			answer = request;
		}
	}
	if (ret_any_frame_will_do(request))
		answer = request;
	PG_RETURN_POINTER(answer);
}

/*-------------------------------------------------------------------------
 * rfm_segment
 *-------------------------------------------------------------------------
 */

/*
 * Names of segments by two scores of 1..5: recency, and frequency and monetary
 * value together
 */
static const char *const segments[5][5] = {
	{"lost", "lost", "at risk", "at risk", "cannot lose"},
	{"hibernating", "hibernating", "at risk", "at risk", "cannot lose"},
	{"about to sleep", "about to sleep", "need attention", "loyal", "loyal"},
	{"promising", "potential loyalists", "potential loyalists", "loyal", "champions"},
	{"new", "potential loyalists", "potential loyalists", "champions", "champions"}
};

/*
 * rfm_segment(r, f, m integer) -> text
 *		Name the segment of a customer with these scores of 1..5.  Frequency and
 *		monetary value count as one score: their mean, with halves rounded up.
 */
Datum
rfm_segment(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"r", "f", "m"};
	int32		scores[3];

	for (int i = 0; i < 3; i++)
	{
		scores[i] = PG_GETARG_INT32(i);
		ret_check_between(scores[i], 1, 5, names[i], "Compute the scores with rfm_score(5).");
	}
	PG_RETURN_TEXT_P(cstring_to_text(segments[scores[0] - 1][(scores[1] + scores[2] + 1) / 2 - 1]));
}
