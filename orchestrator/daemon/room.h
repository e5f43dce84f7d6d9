/*
 * Room for the journal. A reserve (journal.reserve, beside it) is let go when a commit
 * finds the disk full: the batch is written after all, the drill pauses by itself with
 * that as its reason, and there is room for what a paused drill still tells. It goes on
 * by itself once the reserve is back and as much again is free; white cannot resume it
 * before. The same pause comes before any write fails when less than the reserve is left.
 *
 * Where the reserve is gone too, the daemon ends with its VMs suspended, nothing of what
 * it could not write acknowledged; `parry up NAME` goes on.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_ROOM_H
#define PARRY_ORCHESTRATOR_DAEMON_ROOM_H

#include "orchestrator/daemon/daemon.h"

#define ROOM_RESERVE ((gint64)8 << 20)

Room *room_new(Daemon *d);
void room_free(Room *room);

/* A commit failed: TRUE, and there is some room again. */
gboolean room_spend(Daemon *d);
/* Looks now; also done every other second. */
void room_look(Room *room);
/* Why the drill cannot go on for want of room, or NULL. The caller frees it. */
char *room_words(const Daemon *d);

/* Bytes free to the daemon where the path lies, -1: nobody knows. */
gint64 room_free_at(const char *path);

#endif
