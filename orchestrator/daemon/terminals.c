#include "orchestrator/daemon/terminals.h"

#include "orchestrator/daemon/cast.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/observations.h"
#include "orchestrator/daemon/players.h"

#include <string.h>

G_DEFINE_QUARK(parry - terminal - error - quark, terminal_error)

#define TERMINALS_PER_PLAYER 8
#define INPUT_MAX 8192
/*
 * Stream credit belongs to the agent as a whole: a player who stops reading would stop
 * the orders' output on that host too. One who holds most of it for this long loses the
 * terminal.
 */
#define HELD_MAX (48 * 1024)
#define STALL_US (30 * G_USEC_PER_SEC)
#define STALL_LOOK_S 5

typedef struct {
    gint64 te_id;
    ControlPeer *te_peer; /* NULL when the player left: the agent is told to close */
    int te_host;
    gboolean te_still; /* its player was told so */
    Cast *te_cast;
    gsize te_held;       /* bytes handed to the gate that it has not written yet */
    gint64 te_credit_us; /* when the gate last said that it had */
} Terminal;

struct Terminals {
    Daemon *ts_daemon;
    GHashTable *ts_open; /* gint64 -> Terminal */
    struct event *ts_look;
};

static void terminal_free(gpointer data)
{
    Terminal *terminal = data;

    cast_close(terminal->te_cast);
    g_free(terminal);
}

static void terminal_end(Terminals *terminals, Terminal *terminal, int exit,
                         const char *text);
static void close_at_agent(Terminals *terminals, const Terminal *terminal);

static void on_look(evutil_socket_t fd, short what, void *data)
{
    Terminals *terminals = data;
    g_autoptr(GPtrArray) stalled = g_ptr_array_new();
    gint64 now = clock_boottime_us();
    GHashTableIter iter;
    gpointer value;

    (void)fd;
    (void)what;
    g_hash_table_iter_init(&iter, terminals->ts_open);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Terminal *terminal = value;
        if (terminal->te_still)
            terminal->te_credit_us = now;
        else if (terminal->te_held >= HELD_MAX && now - terminal->te_credit_us > STALL_US)
            g_ptr_array_add(stalled, terminal);
    }
    for (guint i = 0; i < stalled->len; i++) {
        close_at_agent(terminals, stalled->pdata[i]);
        terminal_end(terminals, stalled->pdata[i], -1,
                     "closed: it had not read its output for 30 s");
    }
}

Terminals *terminals_new(Daemon *d)
{
    Terminals *terminals = g_new0(Terminals, 1);
    struct timeval tv = {STALL_LOOK_S, 0};

    terminals->ts_look = event_new(d->dm_base, -1, EV_PERSIST, on_look, terminals);
    event_add(terminals->ts_look, &tv);
    terminals->ts_daemon = d;
    terminals->ts_open =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, terminal_free);
    return terminals;
}

void terminals_free(Terminals *terminals)
{
    if (!terminals)
        return;
    event_free(terminals->ts_look);
    g_hash_table_unref(terminals->ts_open);
    g_free(terminals);
}

static guint count_of(const Terminals *terminals, const ControlPeer *peer)
{
    GHashTableIter iter;
    gpointer value;
    guint count = 0;

    g_hash_table_iter_init(&iter, terminals->ts_open);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        count += g_strcmp0(((Terminal *)value)->te_peer
                               ? ((Terminal *)value)->te_peer->pe_player
                               : NULL,
                           peer->pe_player) == 0;
    return count;
}

gboolean terminals_red_locked(const Daemon *d, const ControlPeer *peer)
{
    gint64 now = daemon_now(d);

    if (peer->pe_viewer.vw_role != ROLE_RED)
        return FALSE;
    for (guint i = 0; i < d->dm_plan->p_phases->len; i++) {
        const PlanPhase *phase = d->dm_plan->p_phases->pdata[i];
        if (phase->pz_from_us <= now && now < phase->pz_until_us)
            return phase->pz_red_locked;
    }
    return FALSE;
}

/* An own host, of a drill that runs, with its agent there. */
static gboolean may_open(Terminals *terminals, const ControlPeer *peer, int host,
                         GError **error)
{
    Daemon *d = terminals->ts_daemon;
    const PlanHost *plan = plan_host(d->dm_plan, host);
    g_autofree char *still = holding_words(d, host);
    g_autofree char *stands =
        still ? g_strdup_printf("cannot be used now: %s", still) : NULL;
    const char *why = NULL;

    if (plan->ph_team != peer->pe_viewer.vw_team || plan->ph_owner == SIDE_WHITE)
        why = "is not one of your team's hosts";
    else if (stands)
        why = stands;
    else if (d->dm_state != DRILL_RUNNING && d->dm_state != DRILL_READY)
        why = "cannot be used while the drill does not run";
    else if (terminals_red_locked(d, peer))
        why = "is locked: red comes in with a later phase";
    else if (!hosts_connected(d->dm_hosts, host))
        why = "has no agent connected at the moment";
    else if (count_of(terminals, peer) >= TERMINALS_PER_PLAYER)
        why = "would be one terminal too many; close another first";
    if (why)
        g_set_error(error, TERMINAL_ERROR, 0, "%s %s", plan->ph_id, why);
    return why == NULL;
}

static Cast *record_open(Daemon *d, const ControlPeer *peer, int host, gint64 number,
                         int cols, int rows)
{
    const PlanHost *plan = plan_host(d->dm_plan, host);
    g_autofree char *name =
        g_strdup_printf("%" G_GINT64_FORMAT "-%s.cast", number, plan->ph_name);
    g_autofree char *path = g_build_filename(d->dm_dir, "recordings", name, NULL);
    g_autofree char *title = g_strdup_printf("%s on %s", peer->pe_player, plan->ph_id);
    g_autoptr(GError) error = NULL;
    Cast *cast = cast_open(path, cols, rows, title, &error);

    if (!cast)
        g_warning("%s: not recorded: %s", title, error->message);
    return cast;
}

gint64 terminals_open(Terminals *terminals, ControlPeer *peer, int host, int cols,
                      int rows, GError **error)
{
    Daemon *d = terminals->ts_daemon;
    Terminal *terminal;
    gint64 id, uid;

    if (!may_open(terminals, peer, host, error))
        return -1;
    uid = players_login_uid(d->dm_plan, peer->pe_player);
    id = journal_seq(d->dm_journal) + 1;
    g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT "-%s.cast", id,
                                            plan_host(d->dm_plan, host)->ph_name);
    terminal = g_new0(Terminal, 1);
    terminal->te_id = daemon_event(d, "terminal.opened/1", peer->pe_player, -1, host, 0,
                                   json_pack("{s:s, s:s, s:I}", "player", peer->pe_player,
                                             "cast", name, "auid", (json_int_t)uid));
    terminal->te_peer = peer;
    terminal->te_host = host;
    terminal->te_credit_us = clock_boottime_us();
    terminal->te_cast = record_open(d, peer, host, terminal->te_id, cols, rows);
    g_hash_table_insert(terminals->ts_open, &terminal->te_id, terminal);
    observations_player(d->dm_observations, host, peer->pe_player);
    daemon_send(d, host,
                json_pack("{s:s, s:I, s:i, s:i, s:s, s:s, s:I}", "k", "open", "id",
                          (json_int_t)terminal->te_id, "cols", cols, "rows", rows, "user",
                          "root", "player", peer->pe_player, "auid", (json_int_t)uid));
    return terminal->te_id;
}

static Terminal *own(Terminals *terminals, const ControlPeer *peer, gint64 id)
{
    Terminal *terminal = g_hash_table_lookup(terminals->ts_open, &id);

    return terminal && terminal->te_peer == peer ? terminal : NULL;
}

gboolean terminals_input(Terminals *terminals, ControlPeer *peer, gint64 id,
                         const char *data_b64)
{
    Terminal *terminal = own(terminals, peer, id);
    gsize len;

    if (!terminal || strlen(data_b64) > INPUT_MAX * 4 / 3 + 4)
        return FALSE;
    if (terminal->te_still)
        return TRUE; /* its player was told that nothing is taken */
    g_autofree guchar *bytes = g_base64_decode(data_b64, &len);
    g_autofree char *clean = g_base64_encode(bytes, len);
    daemon_send(
        terminals->ts_daemon, terminal->te_host,
        json_pack("{s:s, s:I, s:s}", "k", "in", "id", (json_int_t)id, "data_b64", clean));
    return TRUE;
}

gboolean terminals_resize(Terminals *terminals, ControlPeer *peer, gint64 id, int cols,
                          int rows)
{
    Terminal *terminal = own(terminals, peer, id);

    if (!terminal)
        return FALSE;
    if (terminal->te_cast)
        cast_resize(terminal->te_cast, cols, rows);
    daemon_send(terminals->ts_daemon, terminal->te_host,
                json_pack("{s:s, s:I, s:i, s:i}", "k", "size", "id", (json_int_t)id,
                          "cols", cols, "rows", rows));
    return TRUE;
}

gboolean terminals_credit(Terminals *terminals, ControlPeer *peer, gint64 id, gsize bytes)
{
    Terminal *terminal = own(terminals, peer, id);

    if (!terminal)
        return FALSE;
    bytes = MIN(bytes, terminal->te_held);
    terminal->te_held -= bytes;
    terminal->te_credit_us = clock_boottime_us();
    link_consumed(terminals->ts_daemon->dm_link, terminal->te_host, bytes);
    return TRUE;
}

/* Into the recording too: what stands there is what the player saw. */
static void tell_still(Terminal *terminal, const char *words)
{
    g_autofree char *safe = words ? parry_text_safe(words, -1) : NULL;
    g_autofree char *shown =
        safe ? g_strdup_printf("\r\n[%s]\r\n", safe) : g_strdup("\r\n[goes on]\r\n");
    json_t *params = json_pack("{s:I}", "term", (json_int_t)terminal->te_id);

    terminal->te_still = words != NULL;
    if (terminal->te_cast)
        cast_output(terminal->te_cast, shown, strlen(shown));
    if (safe)
        json_object_set_new(params, "reason", json_string(safe));
    if (terminal->te_peer)
        rpc_peer_notify(terminal->te_peer->pe_rpc,
                        safe ? "terminal.paused" : "terminal.resumed", params);
    else
        json_decref(params);
}

void terminals_standing(Terminals *terminals)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, terminals->ts_open);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Terminal *terminal = value;
        g_autofree char *words = holding_words(terminals->ts_daemon, terminal->te_host);
        if (terminal->te_still != (words != NULL))
            tell_still(terminal, words);
    }
}

static void close_at_agent(Terminals *terminals, const Terminal *terminal)
{
    daemon_send(terminals->ts_daemon, terminal->te_host,
                json_pack("{s:s, s:I}", "k", "close", "id", (json_int_t)terminal->te_id));
}

gboolean terminals_close(Terminals *terminals, ControlPeer *peer, gint64 id)
{
    Terminal *terminal = own(terminals, peer, id);

    if (!terminal)
        return FALSE;
    close_at_agent(terminals, terminal);
    return TRUE;
}

/* The terminal is over: its recording is closed, its end is an event, its player is told.
 */
static void terminal_end(Terminals *terminals, Terminal *terminal, int exit,
                         const char *text)
{
    Daemon *d = terminals->ts_daemon;
    guint64 bytes = cast_close(terminal->te_cast);

    if (terminal->te_held)
        link_consumed(d->dm_link, terminal->te_host, terminal->te_held);
    terminal->te_cast = NULL;
    daemon_event(d, "terminal.closed/1", "agent", -1, terminal->te_host, terminal->te_id,
                 json_pack("{s:I, s:i, s:s}", "bytes", (json_int_t)bytes, "exit", exit,
                           "text", text));
    if (terminal->te_peer)
        rpc_peer_notify(terminal->te_peer->pe_rpc, "terminal.end",
                        json_pack("{s:I, s:i, s:s}", "term", (json_int_t)terminal->te_id,
                                  "exit", exit, "text", text));
    g_hash_table_remove(terminals->ts_open, &terminal->te_id);
}

static void terminal_output(Terminals *terminals, Terminal *terminal, const void *bytes,
                            gsize len)
{
    g_autofree char *data = g_base64_encode(bytes, len);

    if (terminal->te_cast)
        cast_output(terminal->te_cast, bytes, len);
    if (!terminal->te_peer) { /* nobody reads any more: let it drain to its end */
        link_consumed(terminals->ts_daemon->dm_link, terminal->te_host, len);
        return;
    }
    terminal->te_held += len;
    rpc_peer_notify(
        terminal->te_peer->pe_rpc, "terminal.data",
        json_pack("{s:I, s:s}", "term", (json_int_t)terminal->te_id, "data_b64", data));
}

gboolean terminals_record(Terminals *terminals, const struct hub_head *head,
                          const void *body, const void *tail)
{
    gint64 id =
        (gint64)(head->rc_type == HUB_PTY ? ((const struct hub_pty *)body)->id
                                          : ((const struct hub_ptyend *)body)->id);
    Terminal *terminal = g_hash_table_lookup(terminals->ts_open, &id);

    if (!terminal || terminal->te_host != (int)head->rc_host) {
        if (head->rc_type == HUB_PTY)
            link_consumed(terminals->ts_daemon->dm_link, (int)head->rc_host,
                          head->rc_len);
        return FALSE;
    }
    if (head->rc_type == HUB_PTY) {
        terminal_output(terminals, terminal, tail, head->rc_len);
    } else {
        g_autofree char *text = parry_text_safe(tail, head->rc_len);
        terminal_end(terminals, terminal, ((const struct hub_ptyend *)body)->exit, text);
    }
    return TRUE;
}

void terminals_peer_gone(Terminals *terminals, const ControlPeer *peer)
{
    GHashTableIter iter;
    gpointer value;

    if (!terminals)
        return;
    g_hash_table_iter_init(&iter, terminals->ts_open);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Terminal *terminal = value;
        if (terminal->te_peer != peer)
            continue;
        terminal->te_peer = NULL;
        link_consumed(terminals->ts_daemon->dm_link, terminal->te_host,
                      terminal->te_held);
        terminal->te_held = 0;
        close_at_agent(terminals, terminal);
    }
}

void terminals_host_gone(Terminals *terminals, int host, const char *reason)
{
    g_autoptr(GPtrArray) ended = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;

    if (!terminals)
        return;
    g_hash_table_iter_init(&iter, terminals->ts_open);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (((Terminal *)value)->te_host == host)
            g_ptr_array_add(ended, value);
    for (guint i = 0; i < ended->len; i++)
        terminal_end(terminals, ended->pdata[i], -1, reason);
}
