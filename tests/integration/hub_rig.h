/* A link with a real parry-hub below it, and what it handed out. For tests and
 * benchmarks. */
#ifndef PARRY_TESTS_HUB_RIG_H
#define PARRY_TESTS_HUB_RIG_H

#include "orchestrator/hub/link.h"

#include <CUnit/CUnit.h>

#define RIG_UID 64124 /* any account but root: it need not exist */

typedef struct {
    struct hub_head head;
    union {
        struct hub_hello hello;
        struct hub_result result;
        struct hub_gone gone;
        struct hub_bad_line bad_line;
        struct hub_started started;
        struct hub_pty pty;
    } body;
    char *text; /* the tail, NUL-terminated */
} RigRecord;

typedef struct {
    struct event_base *rg_base;
    struct event *rg_tick;
    HubLink *rg_link;
    char *rg_dir;
    GArray *rg_records; /* RigRecord */
    gboolean rg_hold;   /* do not commit */
    gboolean rg_forget; /* count records, do not keep them */
    guint64 rg_count;
    guint rg_ups, rg_downs;
    int rg_status; /* of the last death */
} Rig;

/* Starts program (NULL: the parry-hub of this build) and serves n hosts. */
void rig_start(Rig *rig, const char *program, guint n);
void rig_stop(Rig *rig);

/* The host's socket; the caller frees it. */
char *rig_path(const Rig *rig, guint host);

/* One turn of the loop, at most 10 ms long, and a commit. */
void rig_turn(Rig *rig);

/* How many records of this type came from the host. */
guint rig_n(const Rig *rig, guint host, HubRecordType type);

/* The last of them; NULL: none. Valid until the next turn. */
const RigRecord *rig_last(const Rig *rig, guint host, HubRecordType type);

/* Sends {"k":"order",…} that runs true. */
gboolean rig_order(Rig *rig, guint host, gint64 id, GError **error);

#define RIG_PATIENCE_US (60 * G_USEC_PER_SEC)

/* Turns until expr holds; the test fails when it does not within the patience. */
#define RIG_UNTIL(rig, expr)                                                             \
    do {                                                                                 \
        gint64 until_ = g_get_monotonic_time() + RIG_PATIENCE_US;                        \
        while (!(expr) && g_get_monotonic_time() < until_)                               \
            rig_turn(rig);                                                               \
        CU_ASSERT_TRUE(expr);                                                            \
    } while (0)

#endif
