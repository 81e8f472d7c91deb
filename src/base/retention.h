/*-------------------------------------------------------------------------
 *
 * retention.h
 *	  What every file of the extension includes after the server's headers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_H
#define RETENTION_H

#include "fmgr.h"
#include "lib/stringinfo.h"

#include "base/compat.h"

#define RETENTION_VERSION "1.0"

/* Bytes of a line of the processor's cache; large tables begin at a multiple of it */
#define RET_CACHE_LINE		64

#endif							/* RETENTION_H */
