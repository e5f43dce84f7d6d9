/*
 * Two snapshots of a host (docs/agent-protocol.md) and what differs between them.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_RESIDUE_DIFF_H
#define PARRY_ORCHESTRATOR_DAEMON_RESIDUE_DIFF_H

#include <glib.h>
#include <jansson.h>

/* Items of one snapshot: their text for people to a digest of the rest. Bounded. */
typedef struct Snapshot Snapshot;

/*
 * Reads an agent's output, an object a line; lines that are none are passed over.
 * running: whether that order is under way: its processes are Parry's own. What checks
 * and players run is left out too.
 */
typedef gboolean (*SnapshotRunning)(gint64 act, gpointer data);
Snapshot *snapshot_read(const char *bytes, gsize len, SnapshotRunning running,
                        gpointer data);
void snapshot_free(Snapshot *snapshot);
/* As a text that snapshot_load() reads, for a daemon that comes later; free() it. NULL
 * from snapshot_load(): it is none. */
char *snapshot_save(const Snapshot *snapshot);
Snapshot *snapshot_load(const char *bytes, gsize len);
guint snapshot_count(const Snapshot *snapshot);

/*
 * {parts: {PART: [added, removed, changed]}, added, removed, changed: at most 64 texts
 * each, summary}. *full gets all of it, a line each, "+ ", "- " or "~ " before it; "" for
 * no difference.
 */
json_t *snapshot_diff(const Snapshot *before, const Snapshot *after, GString *full);

#endif
