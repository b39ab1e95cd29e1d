/*
 * folder.h - a folder for one run of a program.
 */
#ifndef CDP_NET_FOLDER_H
#define CDP_NET_FOLDER_H

#include "msg.h"

/* Makes a folder that only this user may enter, below $TMPDIR or /tmp.  *path is the allocator's,
 * and ends in a NUL.  CDP_ENOMEM; CDP_EIO, and errno tells. */
int cdp__folder_make(char **path, const cdp_allocator *a);

/* Removes it and all that is in it, and follows no links.  Whoever still writes there may make it
 * fail: false. */
bool cdp__folder_remove(const char *path);

#endif /* CDP_NET_FOLDER_H */
