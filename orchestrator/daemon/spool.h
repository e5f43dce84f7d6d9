/*
 * What orders in flight have printed so far, on the disk: output is acknowledged to the
 * agent long before its order ends, and a daemon that takes up the drill must have it.
 * Not synchronised: it has to outlive the process, not the machine, whose guests would
 * be gone too.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_SPOOL_H
#define PARRY_ORCHESTRATOR_DAEMON_SPOOL_H

#include <glib.h>

/* A piece of stream 1 or 2 of that order, with the agent's number of its message. */
void spool_append(const char *dir, gint64 id, guint32 stream, guint64 seq,
                  gconstpointer bytes, guint32 len);
/* Adds what there is to out and err; returns the highest number, 0 where there is none.
 */
guint64 spool_load(const char *dir, gint64 id, GByteArray *out, GByteArray *err);
void spool_remove(const char *dir, gint64 id);

#endif
