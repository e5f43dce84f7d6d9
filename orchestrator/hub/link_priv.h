/* Shared by link.c (the process and the socket to it) and link_host.c (one host's queue).
 */
#ifndef PARRY_ORCHESTRATOR_HUB_LINK_PRIV_H
#define PARRY_ORCHESTRATOR_HUB_LINK_PRIV_H

#include "agents/wire/queue.h"
#include "orchestrator/hub/link.h"

typedef struct {
    HubLink *lh_link;
    guint lh_index;
    int lh_listener; /* -1: none */
    char *lh_path;
    guint32 lh_given;  /* epoch as the daemon gave it last */
    guint32 lh_epoch;  /* as agents are told */
    guint32 lh_conn;   /* of the connection that said hello, 0: none */
    gboolean lh_known; /* lh_boot is what an earlier daemon knew, until the first hello */
    gboolean lh_join;  /* the next number that comes is where its count stands */
    gboolean lh_fresh; /* nobody was welcomed in this epoch yet */
    gboolean lh_ready; /* stands in lk_ready */
    gboolean lh_granted; /* stands in lk_granted */
    gboolean lh_taken;   /* stands in lk_taken */
    char lh_boot[40];
    gint64 lh_inst;
    struct wire_queue *lh_queue;
    gint64 lh_outstanding; /* stream bytes handed to the daemon and not consumed yet */
    gint64 lh_grant;       /* credit to give at the next tick */
    gint64 lh_repeat;      /* bytes to be sent again, whatever the window says */
} LinkHost;

struct HubLink {
    struct event_base *lk_base;
    char *lk_program;
    uid_t lk_uid;
    gid_t lk_gid;
    HubLinkCallbacks lk_callbacks;
    gpointer lk_data;
    gint64 lk_deadman_ms;
    guint lk_n_hosts;
    LinkHost *lk_hosts;

    pid_t lk_pid; /* 0: not running */
    gboolean lk_up;
    guint lk_sandbox;
    int lk_fd, lk_pidfd;
    struct event *lk_readable, *lk_writable, *lk_died;
    struct event *lk_respawn, *lk_ping, *lk_grant;
    guint lk_backoff_ms;
    gint64 lk_started_us;
    guint lk_unanswered; /* pings */

    GQueue lk_out;     /* records that wait for room in the socket */
    GQueue lk_ready;   /* hosts that may have lines to send */
    GQueue lk_granted; /* hosts with credit to give */
    GQueue lk_taken;   /* hosts with records that are not acknowledged yet */
    char *lk_in;       /* HUB_RECORD_MAX bytes */
};

/* Queues a record for the hub; fd (-1: none) is duplicated. Nothing while it is down. */
void link_push(HubLink *link, HubRecordType type, const LinkHost *host, const void *tail,
               gsize len, int fd);

/* Sends what waits, records before lines, until the socket is full. */
void link_flush(HubLink *link);

/* Has the host looked at by the next link_flush(). */
void link_host_kick(LinkHost *host);

/* ---- link_host.c ---- */

gboolean link_host_init(LinkHost *host, HubLink *link, guint index);
void link_host_clear(LinkHost *host);

/* A record that came for this host: taken, dropped or handed to the daemon. */
void link_host_record(LinkHost *host, const struct hub_head *head, const void *body,
                      const void *tail);

/* The hub died: the connection with it. */
void link_host_lost(LinkHost *host, const char *reason);

/* Sends one line of the queue; FALSE when there is none to send now. */
gboolean link_host_next(LinkHost *host);

/* Sends the credit that is due. */
void link_host_grant(LinkHost *host);

#endif
