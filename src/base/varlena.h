/*-------------------------------------------------------------------------
 *
 * varlena.h
 *	  Types that are plain bytes: their order and their text form.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_VARLENA_H
#define RETENTION_VARLENA_H

#include "base/retention.h"

extern int ret_compare_bytes(const struct varlena *a, const struct varlena *b);
extern struct varlena *ret_hex_input(FunctionCallInfo fcinfo, const char *type);
extern char *ret_hex_output(const char *bytes, Size size, const char *type);

#endif							/* RETENTION_VARLENA_H */
