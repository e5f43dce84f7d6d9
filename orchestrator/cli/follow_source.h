/*
 * Where a drill is followed from: its directory on this machine, or over ssh on another.
 * `parry replicate` there answers with parts of the journal; rsync brings the other
 * files.
 */
#ifndef PARRY_ORCHESTRATOR_CLI_FOLLOW_SOURCE_H
#define PARRY_ORCHESTRATOR_CLI_FOLLOW_SOURCE_H

#include "scoreboard/replica.h"

#include <glib.h>

typedef struct FollowSource FollowSource;

/* DIR or ssh://[USER@]HOST[:PORT]/DIR, DIR being the drill's own directory
 * (PARRY_HOME/drills/NAME). Nothing is connected yet. */
FollowSource *follow_source_new(const char *text, GError **error);
void follow_source_free(FollowSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FollowSource, follow_source_free)

const char *follow_source_name(const FollowSource *source); /* the drill's */

/* Connects where it is not, and asks. After an error it is not connected any more. */
GBytes *follow_source_part(FollowSource *source, ReplicaPoint after, GError **error);

/*
 * From now on no daemon takes the drill up there: it goes on with who (words for people).
 * G_IO_ERROR_BUSY: the other side refuses, since one has it; any other error: nobody
 * knows.
 */
gboolean follow_source_fence(FollowSource *source, const char *who, GError **error);

/* Copies the drill's files but its journal, sockets, disks and checkpoints to `drill`,
 * and its keys to `keys`; a directory each, which exists. */
gboolean follow_source_files(const FollowSource *source, const char *drill,
                             const char *keys, GError **error);

/*
 * Its checkpoints, beside all else, for they are large: begins a round where none is
 * under way, and waits for its end where asked to. kib: a second at most, 0: no limit.
 */
gboolean follow_source_checkpoints(FollowSource *source, const char *drill, int kib,
                                   gboolean wait, GError **error);

/* The other side, `parry replicate DIR`: answers on standard output what standard input
 * asks, until it ends. */
gboolean follow_source_serve(const char *dir, GError **error);

#endif
