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

#endif							/* RETENTION_WINDOWFN_H */
