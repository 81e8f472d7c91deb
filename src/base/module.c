/*-------------------------------------------------------------------------
 *
 * module.c
 *	  The loadable module: its magic block, its version, and what it was
 *	  built from.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/retention.h"

/* The Makefile defines it; another build system need not */
#ifndef RETENTION_SOURCE_ID
#define RETENTION_SOURCE_ID "unknown sources"
#endif

#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(.name = "retention",.version = RETENTION_VERSION);
#else
PG_MODULE_MAGIC;
#endif

/*
 * Names the sources that the library was built from; tools/setup looks for it
 * in the file
 */
extern PGDLLEXPORT const char retention_build[];
const char	retention_build[] = "retention built from " RETENTION_SOURCE_ID " for " PG_MAJORVERSION ".";

PG_FUNCTION_INFO_V1(retention_version);

/* Return the version of the loaded library, which may be older than the script's */
Datum
retention_version(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_TEXT_P(cstring_to_text(RETENTION_VERSION));
}
