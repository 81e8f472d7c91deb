/*-------------------------------------------------------------------------
 *
 * module.c
 *	  The loadable module: its magic block and its version.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "retention.h"

#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(.name = "retention",.version = RETENTION_VERSION);
#else
PG_MODULE_MAGIC;
#endif

PG_FUNCTION_INFO_V1(retention_version);

/* The version of the library that is loaded, which may lag the script's. */
Datum
retention_version(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_TEXT_P(cstring_to_text(RETENTION_VERSION));
}
