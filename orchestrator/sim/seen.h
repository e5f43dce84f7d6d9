/*
 * What a simulated agent sees of a scripted player: each command of their script as an
 * execution in a terminal of theirs, and what the plainest commands do to files and
 * services. Nothing is executed, so nothing else is known.
 */
#ifndef PARRY_ORCHESTRATOR_SIM_SEEN_H
#define PARRY_ORCHESTRATOR_SIM_SEEN_H

#include "orchestrator/daemon/daemon.h"

#define SEEN_ROWS_MAX 48 /* of one record: docs/agent-protocol.md */

typedef struct {
    const Plan *sn_plan;
    int sn_host;
    gint64 sn_t_us; /* the guest's clock */
    guint64 sn_act; /* id of the order */
    guint64 *sn_n;  /* rows numbered so far on that host */
} SeenContext;

/*
 * The record of the rows that the script makes: *obs and the bytes after it, NULL where
 * there are none; free with g_byte_array_unref(). At most SEEN_ROWS_MAX rows.
 */
GByteArray *seen_of_script(const SeenContext *context, const char *script,
                           struct hub_obs *obs);

#endif
