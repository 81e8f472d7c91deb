/*-------------------------------------------------------------------------
 *
 * windowfn.h
 *	  What the window functions share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef RETENTION_WINDOWFN_H
#define RETENTION_WINDOWFN_H

#include "nodes/nodes.h"

#include "base/retention.h"

extern struct WindowObjectData *ret_window_object(FunctionCallInfo fcinfo);
extern bool ret_any_frame_will_do(Node *request);
extern void ret_check_time_order(struct WindowObjectData *winobj, int64 before, int64 row,
								 bool earlier);

#endif							/* RETENTION_WINDOWFN_H */
