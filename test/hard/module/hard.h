/*-------------------------------------------------------------------------
 *
 * hard.h
 *	  What the files of the module share: random numbers, mutation, and calls
 *	  whose errors are caught.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HARD_H
#define HARD_H

#include "lib/stringinfo.h"
#include "utils/elog.h"

/* A call that may fail */
typedef void (*HardCall) (void *arg);

/* What becomes of a call, in memory of the caller */
typedef struct HardOutcome
{
	char		state[6];		/* 00000 without an error */
	char	   *message;		/* of the error, or NULL */
	int64		late;			/* microseconds from its time limit to its end, or 0 */
	int64		time;			/* microseconds that it took */
} HardOutcome;

extern HardOutcome hard_trap(HardCall call, void *arg, int limit);

extern char *hard_open_record(const char *path);
extern void hard_note(char *record, int number, const StringInfoData *value);
extern void hard_close_record(char *record);

extern uint64 hard_random(uint64 *state);
extern void hard_mutate(StringInfo value, const StringInfo seeds, int nseeds, uint64 *random);
extern void hard_mutate_text(StringInfo value, const StringInfo seeds, int nseeds, uint64 *random);

#endif							/* HARD_H */
