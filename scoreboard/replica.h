/*
 * A copy of a journal that is being written, kept by its parts: events with their rows
 * and blobs, in order, each part an SQLite database in memory. The copy's writer checks
 * that each event continues the chain; parry-verify checks the rest of a copy as of any
 * other journal.
 *
 * Erased texts come as they are now, and what was copied before they were erased is
 * erased in the copy with the event that says so.
 */
#ifndef PARRY_SCOREBOARD_REPLICA_H
#define PARRY_SCOREBOARD_REPLICA_H

#include "scoreboard/journal.h"

/* How far a copy has come. */
typedef struct {
    gint64 rp_seq;    /* its last event, 0: none */
    gint64 rp_blob;   /* number of its last blob, 0: none */
    char rp_hash[65]; /* of its last event; 64 zeros: none */
} ReplicaPoint;

#define REPLICA_PART_MAX ((gsize)256 << 20) /* bytes; nobody takes a larger one */

/* Where a copy that has nothing stands. */
ReplicaPoint replica_start(void);
/* What the journal in dir has beyond that point, or as much of it as fits a part. No
 * bytes where there is nothing more; NULL and error where it cannot be read, and
 * JOURNAL_ERROR_CORRUPT where it has not this event itself: then it is no copy of it. */
GBytes *replica_part(const char *dir, ReplicaPoint after, GError **error);

ReplicaPoint replica_point(Journal *copy);

/* Adds a part to a copy that journal_create() or journal_open() gave, and commits.
 * JOURNAL_ERROR_CORRUPT where it does not continue the copy; nothing of it stays then. */
gboolean replica_take(Journal *copy, GBytes *part, GError **error);

#endif
