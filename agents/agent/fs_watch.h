/*
 * Files created, changed, deleted and moved below watched directories, and by whom, from
 * fanotify(7). Directories that are made later are watched too.
 */
#ifndef PARRY_AGENT_FS_WATCH_H
#define PARRY_AGENT_FS_WATCH_H

#include "agents/wire/msg.h"

#include <event2/event.h>
#include <stdbool.h>
#include <sys/types.h>

#define FS_WATCH_DIRS 8192 /* watched at most, all together */

/* to is NULL unless act is WIRE_ACT_MOVED; pid 0: not known. */
typedef void (*fs_watch_fn)(enum wire_act act, const char *path, const char *to,
                            pid_t pid);

/* False, with the reason logged, where the kernel has none. */
bool fs_watch_start(struct event_base *base, fs_watch_fn fn);
void fs_watch_stop(void);

/* Watches path: what is in it and, with below, all below it; one that is not there is not
 * an error. False when the kernel cannot watch it (logged). */
bool fs_watch_add(const char *path, bool below);

/* Looks whether what was to be watched is still what lies there: another directory, or
 * another file system over it, is watched from now on and told (not where nothing was
 * before). since_us is handed through. */
void fs_watch_tend(void (*fn)(const char *path, int64_t since_us), int64_t since_us);

/* Takes what has happened, now. */
void fs_watch_drain(void);

/* How often the kernel's queue overflowed, each time losing an unknown number. */
uint64_t fs_watch_lost(void);

#endif
