/*
 * The SHA-256 of a file that may be as large as a guest's memory.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_FILE_SUM_H
#define PARRY_ORCHESTRATOR_DAEMON_FILE_SUM_H

#include <glib.h>

#define FILE_SUM_SIZE 65 /* 64 hex digits and the end */

/* Of what is in it now; no link is followed. bytes: how much that was, NULL is nobody.
 * Blocks: for worker threads. Errors: G_FILE_ERROR, with path and attempt. */
gboolean file_sum(const char *path, char sum[FILE_SUM_SIZE], guint64 *bytes,
                  GError **error);

#endif
