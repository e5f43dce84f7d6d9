/*
 * One ssh connection, in a process of its own: key exchange, authentication by the keys
 * that parryd knows, one session channel, and what is typed and shown in it.
 *
 * libssh 0.10: the public-key callback comes twice, for the probe and for the verified
 * signature; only the second makes vi_authenticated true, and every later callback looks
 * at that itself (CVE-2018-10933). Nothing here blocks on the player: output waits in
 * vi_out until their window has room.
 */
#ifndef PARRY_GATE_VISIT_H
#define PARRY_GATE_VISIT_H

#include "orchestrator/gate/lineedit.h"
#include "scoreboard/rpc.h"

#include <glib.h>
#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>

#define VISIT_CALL_MS 10000 /* patience with parryd */

typedef struct Relay Relay;
struct DeskReset;

typedef struct {
    ssh_session vi_ssh;
    ssh_channel vi_channel; /* NULL before it is opened */
    RpcClient *vi_rpc;
    const char *vi_address; /* of the peer */

    gboolean vi_authenticated; /* a signature was verified and parryd bound the player */
    guint vi_tries;            /* keys offered */
    char *vi_player, *vi_team, *vi_title, *vi_drill;
    const char *vi_lang; /* "en" or "zh-Hant" */

    gboolean vi_pty;
    int vi_cols, vi_rows;
    gboolean vi_started; /* shell or exec was asked for */
    char *vi_command;    /* exec: the one command; NULL: a prompt */
    gboolean vi_eof;     /* nothing more will be typed */
    gboolean vi_over;    /* end once vi_out is empty */
    int vi_status;       /* the exit status then */

    GByteArray *vi_in;  /* typed, not looked at yet */
    GByteArray *vi_out; /* to be shown, not written yet */
    LineEdit *vi_edit;
    Relay *vi_relay;            /* the open terminal, or NULL */
    struct DeskReset *vi_reset; /* that waits for the player's yes, or NULL */
} Visit;

typedef struct {
    const char *vc_gate; /* path of gate.sock */
    ssh_key vc_hostkey;
    guint vc_login_s; /* to authenticate within */
    guint vc_tries;   /* keys that may be offered; a signature counts again */
    /* Gives up everything but the descriptors; called before the first byte is read. */
    gboolean (*vc_confine)(GError **error);
} VisitConfig;

/* Serves the connection to its end; returns an exit status. fd is taken over. */
int visit_serve(int fd, const char *address, const VisitConfig *config);

/* Shows bytes as they are. */
void visit_write(Visit *visit, const void *bytes, gsize len);
/* Shows text; line ends become what the player's terminal wants. */
void visit_print(Visit *visit, const char *text);
void visit_printf(Visit *visit, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A line of others: made safe for a terminal first. */
void visit_print_safe(Visit *visit, const char *text);
/* A call to parryd; its refusal is shown, NULL then. params is taken over. */
json_t *visit_call(Visit *visit, const char *method, json_t *params);

#endif
