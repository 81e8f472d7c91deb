/*-------------------------------------------------------------------------
 *
 * varlena.h
 *	  Types that are plain bytes: their order, their text form, and reading
 *	  their binary form.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_VARLENA_H
#define RETENTION_VARLENA_H

#include "base/retention.h"

extern int ret_compare_bytes(const struct varlena *a, const struct varlena *b);
extern struct varlena *ret_hex_input(FunctionCallInfo fcinfo, const char *type);
extern char *ret_hex_output(const char *bytes, Size size, const char *type);

/*
 * Builds a value from its binary form.  Returns NULL and sets *why, which says
 * of the value what is wrong, if the bytes are not one.
 */
typedef struct varlena *(*RetParse) (StringInfo buf, const void *arg, const char **why);

extern Datum ret_parse_input(FunctionCallInfo fcinfo, const char *type, RetParse parse, const void *arg);
extern Datum ret_parse_receive(FunctionCallInfo fcinfo, const char *type, RetParse parse, const void *arg);
extern Datum ret_bytes_output(bytea *bytes, const char *type);

#endif							/* RETENTION_VARLENA_H */
