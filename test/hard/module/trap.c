/*-------------------------------------------------------------------------
 *
 * trap.c
 *	  Calls whose errors are caught, in a subtransaction each, and that are
 *	  cancelled when they take too long; a record of what comes next, which
 *	  outlives a crash; and hard_run(), which runs queries so.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access/xact.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "hard.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(hard_run);

/* Bytes of a record */
#define RECORD_BYTES 65536

/* Whether the time of the current call is over, and since when */
static volatile sig_atomic_t is_over;
static TimestampTz over_since;

/* Cancel the current query: the handler of the timeout */
static void
cancel_call(void)
{
	is_over = true;
	over_since = GetCurrentTimestamp();
	InterruptPending = true;
	QueryCancelPending = true;
	SetLatch(MyLatch);
}

/* Return the timeout of this module, registered once in a session */
static TimeoutId
call_timeout(void)
{
	static TimeoutId id = MAX_TIMEOUTS;

	if (id == MAX_TIMEOUTS)
		id = RegisterTimeout(USER_TIMEOUT, cancel_call);
	return id;
}

/* Run a call in a subtransaction, for at most so many milliseconds */
HardOutcome
hard_trap(HardCall call, void *arg, int limit)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	TimeoutId	timeout = call_timeout();
	volatile HardOutcome outcome = {"00000", NULL, 0, 0};
	TimestampTz began = GetCurrentTimestamp();

	is_over = false;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		enable_timeout_after(timeout, limit);
		call(arg);
		disable_timeout(timeout, false);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		disable_timeout(timeout, false);
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		strcpy((char *) outcome.state, unpack_sql_state(error->sqlerrcode));
		outcome.message = error->message ? error->message : pstrdup("");
	}
	PG_END_TRY();
	if (is_over)
	{
		QueryCancelPending = false;
		outcome.late = GetCurrentTimestamp() - over_since;
	}
	outcome.time = GetCurrentTimestamp() - began;
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return outcome;
}

/* Map a file, in which a crash leaves what was noted last */
char *
hard_open_record(const char *path)
{
	int			file = open(path, O_RDWR | O_CREAT, 0644);
	char	   *record;

	if (file < 0 || ftruncate(file, RECORD_BYTES) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("cannot write to \"%s\": %m", path)));
	record = mmap(NULL, RECORD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (record == MAP_FAILED)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("cannot map \"%s\": %m", path)));
	return record;
}

/* Note what comes next: a number, and perhaps a value */
void
hard_note(char *record, int number, const StringInfoData *value)
{
	int			size = snprintf(record, 64, "number %d, %d bytes\n", number, value == NULL ? 0 : value->len);

	if (value != NULL)
		memcpy(record + size, value->data, Min(value->len, RECORD_BYTES - size));
}

void
hard_close_record(char *record)
{
	munmap(record, RECORD_BYTES);
}

/* A query, and the first column of its first row */
typedef struct HardQuery
{
	const char *text;
	char	   *result;
	MemoryContext context;		/* where the result goes */
} HardQuery;

/* Run a query and keep its result */
static void
run_query(void *arg)
{
	HardQuery  *query = arg;
	int			code = SPI_execute(query->text, false, 0);

	if (code < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot run this: %s", SPI_result_code_string(code))));
	if (SPI_processed > 0 && SPI_tuptable != NULL)
	{
		char	   *text = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);

		query->result = text == NULL ? NULL : MemoryContextStrdup(query->context, text);
	}
	SPI_freetuptable(SPI_tuptable);
}

/*
 * hard_run(queries text[], time_limit integer, record text) returns setof
 * (number integer, state text, message text, result text, late bigint): run
 * each query, whatever becomes of the others
 */
Datum
hard_run(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			limit = PG_GETARG_INT32(1);
	MemoryContext each = AllocSetContextCreate(CurrentMemoryContext, "query", ALLOCSET_DEFAULT_SIZES);
	char	   *record = hard_open_record(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	Datum	   *texts;
	int			n;

	InitMaterializedSRF(fcinfo, 0);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &texts, NULL, &n);
	SPI_connect();
	for (int i = 0; i < n; i++)
	{
		HardQuery	query = {TextDatumGetCString(texts[i]), NULL, each};
		HardOutcome outcome;
		Datum		values[5];
		bool		nulls[5] = {false};

		MemoryContextSwitchTo(each);
		hard_note(record, i, NULL);
		outcome = hard_trap(run_query, &query, limit);
		values[0] = Int32GetDatum(i + 1);
		values[1] = CStringGetTextDatum(outcome.state);
		nulls[2] = outcome.message == NULL;
		values[2] = nulls[2] ? (Datum) 0 : CStringGetTextDatum(outcome.message);
		nulls[3] = query.result == NULL;
		values[3] = nulls[3] ? (Datum) 0 : CStringGetTextDatum(query.result);
		values[4] = Int64GetDatum(outcome.late);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextReset(each);
	}
	hard_close_record(record);
	SPI_finish();
	return (Datum) 0;
}
