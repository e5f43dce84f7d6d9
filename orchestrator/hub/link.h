/*
 * parryd's side of the hub: starts parry-hub, starts it again when it dies, keeps for each
 * host what its agent has not acknowledged, and hands decoded records to the daemon.
 *
 * All calls and callbacks are on the loop thread.
 */
#ifndef PARRY_ORCHESTRATOR_HUB_LINK_H
#define PARRY_ORCHESTRATOR_HUB_LINK_H

#include "orchestrator/hub/records.h"

#include <event2/event.h>
#include <glib.h>
#include <jansson.h>
#include <sys/types.h>

typedef struct HubLink HubLink;

typedef struct {
    /* The hub came up (pid) or went down (pid 0, status from waitpid). */
    void (*hb_process)(pid_t pid, int status, gpointer data);
    /*
     * A record from a guest, already de-duplicated (a numbered record comes once even when
     * the agent or the hub resends it). body points to the type's struct, tail to rc_len
     * bytes. The daemon appends what it means to the journal; link_committed() acknowledges.
     */
    void (*hb_record)(const struct hub_head *head, const void *body, const void *tail,
                      gpointer data);
} HubLinkCallbacks;

/* program: path of parry-hub; uid/gid: the account it drops to. Starts it at once. */
HubLink *link_new(struct event_base *base, const char *program, uid_t uid, gid_t gid,
                  guint n_hosts, const HubLinkCallbacks *callbacks, gpointer data,
                  GError **error);
void link_free(HubLink *link); /* ends the hub */

/* Binds the host's socket at path (owner: QEMU's account, mode 0600) and has the hub serve it.
 * epoch moves after a revert: older queues die. */
gboolean link_listen(HubLink *link, int host, const char *path, uid_t owner, guint32 epoch,
                     GError **error);
void link_unlisten(HubLink *link, int host); /* closes and unlinks the socket */

/*
 * Queues one message for the host's agent, without seq and ack; msg is taken over. Numbered
 * unless it is ping or credit. Kept until the agent acknowledges it.
 */
gboolean link_send(HubLink *link, int host, json_t *msg, GError **error);

/* Everything handed out by hb_record so far is durable: acknowledge it to the agents. */
void link_committed(HubLink *link);

gboolean link_connected(const HubLink *link, int host);
pid_t link_hub_pid(const HubLink *link);

#define LINK_ERROR (link_error_quark())
GQuark link_error_quark(void);

#endif
