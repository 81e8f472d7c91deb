/*-------------------------------------------------------------------------
 *
 * spell.c
 *	  Row by row: lifecycle_state, relationship_number and churned.
 *
 * A relationship is a run of a customer's events without a silence longer than
 * inactive_after.  With the events of a partition in order of time,
 *
 *		an event continues the relationship iff at <= previous + inactive_after
 *
 * where previous is the last instant before at, and the sum is the calendar's:
 * months are added first, then days, then time.  Events at the same instant are
 * one event and get the same result.  Rows without a time get NULL and have no
 * influence on others.
 *
 * churned looks in the other direction, at the next later instant, if that is
 * before the day of as_of, the first whose data are not complete.
 *
 * Each function keeps a Spell per partition, in the partition's own memory.  The
 * only rows asked for again are the one before and, for churned, those up to the
 * next instant; a mark tells the executor so.  That takes one pass, O(rows) time,
 * and O(1) memory in addition to the rows of one instant.  Most silences are
 * decided by the least and the greatest length that the interval can have; only
 * one in between asks the calendar.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "windowapi.h"

#include "base/args.h"
#include "base/calendar.h"
#include "base/span.h"
#include "base/windowfn.h"

/* Arguments of the window functions */
enum
{
	ARG_AT = 0,
	ARG_INACTIVE_AFTER = 1,
	ARG_AS_OF = 2
};

typedef enum LifecycleState
{
	STATE_NEW,
	STATE_RETAINED,
	STATE_RESURRECTED
} LifecycleState;

/*
 * What a window function remembers of a partition.  All zeros before the first
 * row.
 */
typedef struct Spell
{
	RetSpan		inactive_after; /* value in the last row */
	bool		after_null;		/* does the row before have no time? */
	bool		searched;		/* churned: is next known? */
	LifecycleState state;		/* lifecycle_state of instant */
	int64		relationship;	/* number of the relationship at instant; 0: none yet */
	int64		instant;		/* time of the last row that has one */
	int64		next;			/* churned: next instant, RET_INSTANT_MAX if none */

	/* churned: where complete data end */
	const pg_tz *zone;			/* time zone of as_of's day; NULL: not set */
	int64		as_of;			/* value in the last row */
	int64		complete_until; /* the first instant of as_of's day */
} Spell;

PG_FUNCTION_INFO_V1(lifecycle_state_date);
PG_FUNCTION_INFO_V1(lifecycle_state_timestamp);
PG_FUNCTION_INFO_V1(lifecycle_state_timestamptz);
PG_FUNCTION_INFO_V1(relationship_number_date);
PG_FUNCTION_INFO_V1(relationship_number_timestamp);
PG_FUNCTION_INFO_V1(relationship_number_timestamptz);
PG_FUNCTION_INFO_V1(churned_date);
PG_FUNCTION_INFO_V1(churned_date_now);
PG_FUNCTION_INFO_V1(churned_timestamp);
PG_FUNCTION_INFO_V1(churned_timestamptz);
PG_FUNCTION_INFO_V1(spell_support);

/*-------------------------------------------------------------------------
 * Arguments
 *-------------------------------------------------------------------------
 */

/*
 * Raise error 22023 unless the interval reaches forward from any day.  One with
 * parts of both signs need not ('1 month -30 days' is nothing in April).
 */
static void
check_inactive_after(const Interval *span, RetTimeKind kind)
{
	ret_check_length(span, "inactive_after");
	if (span->month < 0 || span->day < 0 || span->time < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("inactive_after must not have negative parts"),
				 errhint(RET_LENGTH_HINT)));
	if (kind == RET_DATE && span->time != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("inactive_after must be whole months and days, since events are dates"),
				 errhint("Pass times as timestamp, or an interval such as '30 days'.")));
}

/*-------------------------------------------------------------------------
 * The rows of a partition
 *-------------------------------------------------------------------------
 */

/* Take over an as_of, a date or a timestamptz, that differs from the last row's */
static void
set_as_of(FmgrInfo *flinfo, Spell *spell, int64 as_of, RetTimeKind kind, RetTimeKind as_of_kind)
{
	DateADT		day = ret_as_of_day(flinfo, as_of, as_of_kind);

	spell->complete_until = ret_day_start(flinfo, day, kind);
	spell->as_of = as_of;
	spell->zone = session_timezone;
}

/* Return the first instant whose data are not complete: the start of as_of's day */
static inline int64
as_of_instant(FunctionCallInfo fcinfo, WindowObject winobj, Spell *spell,
			  RetTimeKind kind, RetTimeKind as_of_kind)
{
	bool		isnull;
	Datum		value = WinGetFuncArgCurrent(winobj, ARG_AS_OF, &isnull);
	int64		as_of;

	if (unlikely(isnull))
		ret_reject_null_as_of();
	as_of = ret_instant(value, as_of_kind);
	/* the zone may change between two fetches from a cursor */
	if (unlikely(spell->zone != session_timezone || spell->as_of != as_of))
		set_as_of(fcinfo->flinfo, spell, as_of, kind, as_of_kind);
	return spell->complete_until;
}

/*
 * Bring the partition's memory up to date with the current row; if numbered, also
 * the state and the number of the relationship.  Returns NULL if the row has no
 * time, and so no result.
 */
static inline Spell *
spell_of_row(WindowObject winobj, RetTimeKind kind, bool numbered)
{
	Spell	   *spell = WinGetPartitionLocalMemory(winobj, sizeof(Spell));
	int64		position = WinGetCurrentPosition(winobj);
	int64		at = 0;
	bool		isnull;
	Datum		value = WinGetFuncArgCurrent(winobj, ARG_INACTIVE_AFTER, &isnull);

	if (unlikely(isnull))
		ret_reject_null("inactive_after", RET_LENGTH_HINT);
	if (unlikely(spell->inactive_after.longest == 0 ||
				 memcmp(DatumGetIntervalP(value), &spell->inactive_after.interval, sizeof(Interval)) != 0))
	{
		check_inactive_after(DatumGetIntervalP(value), kind);
		ret_span_set(&spell->inactive_after, DatumGetIntervalP(value), kind);
	}

	value = WinGetFuncArgCurrent(winobj, ARG_AT, &isnull);
	if (!isnull)
		at = ret_finite_instant(ret_instant(value, kind), kind, true);
	if (position > 0 &&
		(isnull != spell->after_null || (!isnull && at != spell->instant)))
		ret_check_time_order(winobj, position - 1, position,
							 !isnull && spell->relationship != 0 && at < spell->instant);
	spell->after_null = isnull;
	WinSetMarkPosition(winobj, position);
	if (isnull)
		return NULL;

	if (spell->relationship == 0)
	{
		spell->relationship = 1;
		spell->state = STATE_NEW;
	}
	else if (at == spell->instant)
		return spell;
	else if (numbered && ret_span_reaches(&spell->inactive_after, spell->instant, at, kind))
		spell->state = STATE_RETAINED;
	else if (numbered)
	{
		spell->relationship++;
		spell->state = STATE_RESURRECTED;
	}
	spell->instant = at;
	spell->searched = false;
	return spell;
}

/* Find the next instant after the current row's, once for all rows of that instant */
static void
search_next(WindowObject winobj, Spell *spell, RetTimeKind kind)
{
	spell->searched = true;
	spell->next = RET_INSTANT_MAX;
	for (int ahead = 1;; ahead++)
	{
		bool		isnull;
		bool		isout;
		Datum		value = WinGetFuncArgInPartition(winobj, ARG_AT, ahead, WINDOW_SEEK_CURRENT,
													 false, &isnull, &isout);
		int64		at;

		if (isout)
			return;
		CHECK_FOR_INTERRUPTS();
		if (!isnull)
		{
			at = ret_finite_instant(ret_instant(value, kind), kind, true);
			if (at != spell->instant)
			{
				int64		position = WinGetCurrentPosition(winobj);

				/* the query may end before that row is the current one */
				ret_check_time_order(winobj, position, position + ahead, at < spell->instant);
				spell->next = at;
				return;
			}
		}
		if (ahead == PG_INT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many rows with the same time in one partition"),
					 errdetail("The limit is %d.", PG_INT32_MAX)));
	}
}

/*-------------------------------------------------------------------------
 * Window functions
 *-------------------------------------------------------------------------
 */

/* Return 'new', 'retained' or 'resurrected' */
static inline Datum
lifecycle_state(FunctionCallInfo fcinfo, RetTimeKind kind)
{
	static const char *const names[] = {"new", "retained", "resurrected"};
	Spell	   *spell = spell_of_row(ret_window_object(fcinfo), kind, true);

	if (spell == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(names[spell->state]));
}

Datum
lifecycle_state_date(PG_FUNCTION_ARGS)
{
	return lifecycle_state(fcinfo, RET_DATE);
}

Datum
lifecycle_state_timestamp(PG_FUNCTION_ARGS)
{
	return lifecycle_state(fcinfo, RET_TIMESTAMP);
}

Datum
lifecycle_state_timestamptz(PG_FUNCTION_ARGS)
{
	return lifecycle_state(fcinfo, RET_TIMESTAMPTZ);
}

/* Return the number of the customer's relationship, counted from 1 */
static inline Datum
relationship_number(FunctionCallInfo fcinfo, RetTimeKind kind)
{
	Spell	   *spell = spell_of_row(ret_window_object(fcinfo), kind, true);

	if (spell == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT64(spell->relationship);
}

Datum
relationship_number_date(PG_FUNCTION_ARGS)
{
	return relationship_number(fcinfo, RET_DATE);
}

Datum
relationship_number_timestamp(PG_FUNCTION_ARGS)
{
	return relationship_number(fcinfo, RET_TIMESTAMP);
}

Datum
relationship_number_timestamptz(PG_FUNCTION_ARGS)
{
	return relationship_number(fcinfo, RET_TIMESTAMPTZ);
}

/*
 * Tell whether the event was the last one before a silence longer than
 * inactive_after; NULL if that is not known at as_of.  Events from the day of as_of
 * on are treated as absent, so that a label never depends on incomplete data.
 */
static inline Datum
churned(FunctionCallInfo fcinfo, RetTimeKind kind, RetTimeKind as_of_kind)
{
	WindowObject winobj = ret_window_object(fcinfo);
	Spell	   *spell = spell_of_row(winobj, kind, false);
	int64		as_of = as_of_instant(fcinfo, winobj, WinGetPartitionLocalMemory(winobj, sizeof(Spell)),
									  kind, as_of_kind);

	if (spell == NULL || spell->instant >= as_of)
		PG_RETURN_NULL();
	if (!spell->searched)
		search_next(winobj, spell, kind);
	if (spell->next < as_of)
		PG_RETURN_BOOL(!ret_span_reaches(&spell->inactive_after, spell->instant, spell->next, kind));
	if (ret_span_reaches(&spell->inactive_after, spell->instant, as_of, kind))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(true);
}

Datum
churned_date(PG_FUNCTION_ARGS)
{
	return churned(fcinfo, RET_DATE, RET_DATE);
}

/* churned_date_now: as_of is a timestamptz, such as now() */
Datum
churned_date_now(PG_FUNCTION_ARGS)
{
	return churned(fcinfo, RET_DATE, RET_TIMESTAMPTZ);
}

Datum
churned_timestamp(PG_FUNCTION_ARGS)
{
	return churned(fcinfo, RET_TIMESTAMP, RET_TIMESTAMPTZ);
}

Datum
churned_timestamptz(PG_FUNCTION_ARGS)
{
	return churned(fcinfo, RET_TIMESTAMPTZ, RET_TIMESTAMPTZ);
}

/*
 * spell_support(internal) -> internal
 *		Tell the planner that the window functions do not look at the frame, so
 *		that it may choose the one that costs least.
 *
 *		It does not say that relationship_number rises, as row_number does: the
 *		planner would stop a partition at the first row that fails a condition
 *		on it, and a row without a time, whose number is NULL, fails each.
 */
Datum
spell_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	PG_RETURN_POINTER(ret_any_frame_will_do(request) ? request : NULL);
}
