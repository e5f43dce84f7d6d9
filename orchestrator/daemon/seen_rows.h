/*
 * Rows of observations on their way from the hub's records into the journal: put right,
 * kept until the turn's commit, then classified.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_SEEN_ROWS_H
#define PARRY_ORCHESTRATOR_DAEMON_SEEN_ROWS_H

#include "orchestrator/daemon/daemon.h"

typedef struct SeenRows SeenRows;

SeenRows *seen_rows_new(Daemon *d);
void seen_rows_free(SeenRows *rows);

/* A row of that host; t_us: its time by the host's clock; bounded: that is not what the
 * guest said. */
void seen_rows_add(SeenRows *rows, int host, const struct hub_row *row, gint64 t_us,
                   gboolean bounded);

/* What was added becomes observe.batch/1 events, JOURNAL_OBSERVATIONS_MAX rows each. */
void seen_rows_flush(SeenRows *rows);

/* The rows of that batch, as they are since the last flush or in the journal. */
gboolean seen_rows_each(SeenRows *rows, gint64 seq, JournalEachObservation fn,
                        gpointer data, GError **error);

#endif
