/*
 * Orders, checks and probes in flight: what was asked of an agent and who waits for it.
 *
 * Each ends exactly once: by the agent's answer, or by a deadline kept here, on the host.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_ORDERS_H
#define PARRY_ORCHESTRATOR_DAEMON_ORDERS_H

#include "orchestrator/daemon/daemon.h"

typedef enum { ORDER_DONE, ORDER_FAILED, ORDER_REFUSED, ORDER_LOST } OrderStatus;

/* What the agent did without a word from here: the numbers of enum wire_deadman. */
typedef enum {
    DEADMAN_NONE,
    DEADMAN_KILLED,    /* ended the attack, which has no cleanup */
    DEADMAN_CLEANED,   /* ended it, and its cleanup ran well */
    DEADMAN_UNCLEANED, /* ended it, and its cleanup failed */
} OrderDeadman;

typedef struct {
    gint64 or_id; /* seq of order.wanted/1 */
    int or_host;
    OrderStatus or_status;
    int or_exit, or_signal;
    gint64 or_dur_us;
    gboolean or_cut; /* output was truncated */
    const GByteArray *or_out, *or_err;
    const char *or_reason; /* where not ORDER_DONE, or where a limit was met */
    OrderDeadman or_deadman;
    gboolean or_aborted; /* by orders_abort() */
} Order;

typedef void (*OrderDone)(Daemon *d, const Order *order, gpointer data);
typedef void (*OrderStarted)(Daemon *d, gint64 id, gpointer data);

typedef struct {
    int os_host;
    const char *os_purpose; /* attack, cleanup, script, white */
    const char *os_title;   /* inject or action it belongs to */
    const char *os_actor;   /* NULL: parryd */
    const char *os_script;  /* either this … */
    char *const *os_argv;   /* … or this (strv) */
    json_t *os_msg;         /* … or a message of another kind that is answered by `out`
                             * and `result` (taken over); then os_out_max says how much
                             * of that is kept, and nothing of it is journalled */
    guint64 os_out_max;
    const char *os_cleanup;      /* undoes it where the dead-man ends it; may be NULL */
    const PlanLimits *os_limits; /* NULL: what holds by default */
    const char *os_user;         /* NULL: root */
    char *const *os_env;         /* strv of KEY=VALUE, or NULL */
    gint64 os_timeout_us;
    gint64 os_ref;
    OrderStarted os_started; /* may be NULL */
    OrderDone os_done;
    gpointer os_data;
} OrderSpec;

/* Purpose of orders that the dead-man ends. */
#define ORDER_ATTACK "attack"

Orders *orders_new(Daemon *d);
void orders_free(Orders *orders);

/* Wants, and once durable sends, an order. Returns its id. */
gint64 orders_run(Orders *orders, const OrderSpec *spec);

/* Asks the agent to end an order that is under way; its result comes all the same. */
void orders_cancel(Orders *orders, gint64 id);
/*
 * Everything that runs in any guest for this drill ends at once: orders, checks,
 * terminals. Each order's end says so (or_aborted), when its agent can answer.
 */
void orders_abort(Orders *orders, const char *reason);
/* The VMs stand still, or run again: meanwhile nobody's deadline passes. Those of a held
 * team stand besides; called again when that has changed. */
void orders_stand(Orders *orders, gboolean still);
/* Whether that order is under way. */
gboolean orders_running(const Orders *orders, gint64 id);

/* A check on the host; unrecorded by itself: the caller appends the round. */
typedef void (*CheckDone)(Daemon *d, CheckStatus status, gint64 dur_us, const char *text,
                          gpointer data);
void orders_check(Orders *orders, int host, const char *kind, const json_t *params,
                  gint64 deadline_us, CheckDone done, gpointer data);

/* The checks that wait for that host's agent end so: it does not answer. */
void orders_checks_end(Orders *orders, int host, CheckStatus status, const char *why);

/* A numbered message that is answered by `ready`, `probe` or `result`: personalise, the
 * proof, a file. msg (taken over) is one message, or an array of pieces that share the
 * id. */
typedef void (*AnswerDone)(Daemon *d, gint64 id, gboolean ok, const char *text,
                           json_t *rows, gpointer data);
gint64 orders_ask(Orders *orders, int host, const char *purpose, json_t *msg,
                  gint64 timeout_us, AnswerDone done, gpointer data);

/* A record from the host's agent; FALSE where it answers nothing that is in flight. */
gboolean orders_record(Orders *orders, const struct hub_head *head, const void *body,
                       const void *tail);
/* The host's VM is gone or booted anew: what was in flight there is lost. */
void orders_host_lost(Orders *orders, int host, const char *reason);
/*
 * A drill that is taken up: each event of the journal, in order. From then on an order
 * that is wanted and says the same as one that was left open is that one: it keeps its
 * id, by which its agent runs nothing twice. orders_resumed(): all that wanted theirs
 * have said so; what is left has nobody who waits.
 */
void orders_replay(Orders *orders, const JournalEvent *event);
gboolean orders_ends(const char *kind); /* whether an event of that kind settles one */
void orders_resumed(Orders *orders);
gboolean orders_open(const Orders *orders, int host, const char *purpose);
/* How many are in flight: a leaping clock waits for none. */
guint orders_in_flight(const Orders *orders);

#endif
