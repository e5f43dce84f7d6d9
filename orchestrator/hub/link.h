/*
 * parryd's side of the hub: starts parry-hub, starts it again when it dies, keeps for
 * each host what its agent has not acknowledged, and hands decoded records to the daemon.
 *
 * All calls and callbacks are on the loop thread. A callback may call anything here but
 * link_free().
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
    /* The hub is up (pid) or went down (pid 0, status from waitpid). */
    void (*hb_process)(pid_t pid, int status, gpointer data);
    /*
     * A record from a guest, already de-duplicated (a numbered record comes once even
     * when the agent or the hub resends it). body points to the type's struct, tail to
     * rc_len bytes. The daemon appends what it means to the journal; link_committed()
     * acknowledges.
     *
     * HUB_HELLO comes before anything else of its connection; its member anew tells what
     * became of the messages that the agent had not acknowledged. A hub that died says
     * HUB_GONE for each agent that was connected. HUB_UP, HUB_PONG and HUB_AGENT_ACK stay
     * in the link.
     */
    void (*hb_record)(const struct hub_head *head, const void *body, const void *tail,
                      gpointer data);
} HubLinkCallbacks;

typedef enum {
    LINK_ERROR_SPAWN,   /* parry-hub cannot be started */
    LINK_ERROR_SOCKET,  /* the host's socket cannot be made */
    LINK_ERROR_HOST,    /* no such host */
    LINK_ERROR_MESSAGE, /* not a message of the protocol; the text says what is wrong */
    LINK_ERROR_FULL,    /* 4 MiB wait for this agent already */
} LinkErrorCode;

/* program: path of parry-hub; uid/gid: the account it drops to. Starts it at once. */
HubLink *link_new(struct event_base *base, const char *program, uid_t uid, gid_t gid,
                  guint n_hosts, const HubLinkCallbacks *callbacks, gpointer data,
                  GError **error);
/* Without a line from here for so long agents end attacks and run their cleanup; 0 (so it
 * begins): never. Told with each welcome from now on. */
void link_set_deadman(HubLink *link, gint64 ms);
void link_free(HubLink *link); /* ends the hub, removes the sockets; NULL is harmless */

/*
 * Binds the host's socket at path (owner: QEMU's account, mode 0600) and has the hub
 * serve it. epoch (from 1) moves after a revert: older queues die. A second call for the
 * same host replaces its socket; with the epoch as before its queue stays.
 */
gboolean link_listen(HubLink *link, int host, const char *path, uid_t owner,
                     guint32 epoch, GError **error);
/*
 * An earlier daemon knew the host's agent, in that boot of the guest: when it says hello,
 * its epoch and its counts are taken from there, so that its orders run on, nothing of
 * what it has to say is lost, and what is queued goes to it (HUB_RESTARTED). Another boot
 * is one like any other, and what is queued dies. After link_listen().
 */
void link_restore(HubLink *link, int host, const char *boot);
void link_unlisten(HubLink *link, int host); /* closes and unlinks the socket */

/*
 * Queues one message for the host's agent, without seq and ack; msg is taken over, also
 * on an error. It is checked by the protocol's table here, not first in the guest.
 * Numbered unless it is ping or credit, and then kept until the agent acknowledges it.
 * What is queued before the first hello of a host or an epoch goes to the agent that says
 * it; later, a message that was not acknowledged when another boot says hello has died.
 */
gboolean link_send(HubLink *link, int host, json_t *msg, GError **error);

/*
 * The daemon is done with so many bytes of HUB_PTY of this host (passed on, or thrown
 * away): the agent may send as many again. The same as link_send() of `credit`; never
 * more than what was handed out. HUB_OUT counts as consumed when hb_record returns.
 */
void link_consumed(HubLink *link, int host, gsize bytes);

/* Everything handed out by hb_record so far is durable: acknowledge it to the agents. */
void link_committed(HubLink *link);

gboolean link_connected(const HubLink *link, int host); /* an agent that has said hello */
pid_t link_hub_pid(const HubLink *link);                /* 0: it is down */
guint link_hub_sandbox(const HubLink *link); /* SandboxDone of the hub, 0: it is down */

#define LINK_ERROR (link_error_quark())
GQuark link_error_quark(void);

#endif
