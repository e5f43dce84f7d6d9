/*
 * Observations for who may see them all: pages of rows out of the journal.
 */
#ifndef PARRY_SCOREBOARD_OBSERVED_H
#define PARRY_SCOREBOARD_OBSERVED_H

#include "scenarios/plan.h"
#include "scoreboard/journal.h"

typedef struct {
    int of_host;           /* plan index, -1: all */
    guint of_whats;        /* bits 1 << SEEN_…, 0: all */
    const char *of_player; /* NULL: all */
} ObservedFilter;

/* Bits of "exec,file"; FALSE with an error that names the words there are. */
gboolean observed_whats(const char *words, guint *whats, GError **error);

/*
 * {rows: [{seq, row, host, n, t_us, what, act, origin, pid, ppid, uid, auid, exit, id,
 * exe, args, cwd, path, to, player, erased}…], seq, row, more}: the committed rows from
 * seq/row on that pass the filter, as many as fit one answer; the next page begins at its
 * seq/row, and there is one now where more is true. What is not known of a row is left
 * out. Caller owns it.
 */
json_t *observed_page(Journal *journal, const Plan *plan, gint64 seq, guint row,
                      const ObservedFilter *filter, GError **error);

/* One row of a page as a line for a terminal: "18:04:11.250  health/web  …", UTC. Free
 * with g_free(). */
char *observed_line(const json_t *row);

#define OBSERVED_ERROR (observed_error_quark())
GQuark observed_error_quark(void);

#endif
