#include "orchestrator/daemon/consoles.h"

#include "orchestrator/daemon/cast.h"
#include "orchestrator/daemon/console.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/terminals.h"

#include <string.h>

#define INPUT_MAX 8192
#define PIECE ((gsize)8192)
/* Shown ahead of what the viewer read; what comes then is counted, not kept. */
#define HELD_MAX ((gsize)64 * 1024)
/* A guest may write to its console for ever. */
#define RECORDED_MAX ((guint64)64 * 1024 * 1024)

typedef struct {
    Consoles *se_consoles;
    gint64 se_id;
    ControlPeer *se_peer;
    int se_host;
    Console *se_console;
    Cast *se_cast;
    gboolean se_still; /* its viewer was told so */
    gsize se_held;
    guint64 se_missed, se_recorded;
} Session;

struct Consoles {
    Daemon *cs_daemon;
    GHashTable *cs_open; /* gint64 -> Session */
};

static void session_free(gpointer data)
{
    Session *session = data;

    console_free(session->se_console);
    cast_close(session->se_cast);
    g_free(session);
}

Consoles *consoles_new(Daemon *d)
{
    Consoles *consoles = g_new0(Consoles, 1);

    consoles->cs_daemon = d;
    consoles->cs_open =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, session_free);
    return consoles;
}

void consoles_free(Consoles *consoles)
{
    if (!consoles)
        return;
    g_hash_table_unref(consoles->cs_open);
    g_free(consoles);
}

/* peer: FALSE where nobody is there any more to be told. */
static void session_end(Session *session, gboolean peer, const char *text)
{
    Consoles *consoles = session->se_consoles;
    guint64 bytes = cast_close(session->se_cast);

    session->se_cast = NULL;
    daemon_event(consoles->cs_daemon, "terminal.closed/1", "parryd", -1, session->se_host,
                 session->se_id,
                 json_pack("{s:I, s:i, s:s, s:I}", "bytes", (json_int_t)bytes, "exit", 0,
                           "text", text, "missed", (json_int_t)session->se_missed));
    if (peer)
        rpc_peer_notify(session->se_peer->pe_rpc, "terminal.end",
                        json_pack("{s:I, s:i, s:s}", "term", (json_int_t)session->se_id,
                                  "exit", 0, "text", text));
    g_hash_table_remove(consoles->cs_open, &session->se_id);
}

static void show(Session *session, const void *bytes, gsize len)
{
    g_autofree char *data = g_base64_encode(bytes, len);

    session->se_held += len;
    if (session->se_cast && session->se_recorded < RECORDED_MAX) {
        cast_output(session->se_cast, bytes, len);
        session->se_recorded += len;
    }
    rpc_peer_notify(
        session->se_peer->pe_rpc, "terminal.data",
        json_pack("{s:I, s:s}", "term", (json_int_t)session->se_id, "data_b64", data));
}

static void on_data(const void *bytes, gsize len, gpointer data)
{
    Session *session = data;

    if (session->se_missed || session->se_held + len > HELD_MAX)
        session->se_missed += len;
    else
        show(session, bytes, MIN(len, PIECE));
}

static void on_end(const char *reason, gpointer data)
{
    session_end(data, TRUE, reason);
}

static Session *session_on(const Consoles *consoles, int host)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, consoles->cs_open);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (((Session *)value)->se_host == host)
            return value;
    return NULL;
}

static const char *name_of(const ControlPeer *peer)
{
    return peer->pe_player ? peer->pe_player : "white";
}

/* White's everywhere; players' on their own hosts, of a drill that runs. */
static const char *obstacle(const Daemon *d, const ControlPeer *peer, int host)
{
    const PlanHost *plan = plan_host(d->dm_plan, host);

    if (role_may(peer->pe_viewer.vw_role, MAY_SEE_ALL))
        return NULL;
    if (plan->ph_team != peer->pe_viewer.vw_team || plan->ph_owner == SIDE_WHITE)
        return "is not one of your team's hosts";
    if (holding_team(d, plan->ph_team))
        return "is your team's, which is held";
    if (d->dm_state != DRILL_RUNNING && d->dm_state != DRILL_READY)
        return "cannot be used while the drill does not run";
    if (terminals_red_locked(d, peer))
        return "is locked: red comes in with a later phase";
    return NULL;
}

static gboolean may_open(const Consoles *consoles, const ControlPeer *peer, int host,
                         gboolean take, GError **error)
{
    const Daemon *d = consoles->cs_daemon;
    const char *id = plan_host(d->dm_plan, host)->ph_id;
    const char *why = obstacle(d, peer, host);
    Session *open = why ? NULL : session_on(consoles, host);

    if (why) {
        g_set_error(error, TERMINAL_ERROR, 0, "%s %s", id, why);
        return FALSE;
    }
    if (open && take && role_may(peer->pe_viewer.vw_role, MAY_SEE_ALL)) {
        session_end(open, TRUE, "white took the console over");
        return TRUE;
    }
    if (open)
        g_set_error(error, TERMINAL_ERROR, 0, "%s: its console is open already (%s)", id,
                    name_of(open->se_peer));
    return open == NULL;
}

static Cast *record_open(const Daemon *d, const ControlPeer *peer, int host,
                         const char *name, int cols, int rows)
{
    g_autofree char *path = g_build_filename(d->dm_dir, "recordings", name, NULL);
    g_autofree char *title = g_strdup_printf("%s on the console of %s", name_of(peer),
                                             plan_host(d->dm_plan, host)->ph_id);
    g_autoptr(GError) error = NULL;
    Cast *cast = cast_open(path, cols, rows, title, &error);

    if (!cast)
        g_warning("%s: not recorded: %s", title, error->message);
    return cast;
}

gint64 consoles_open(Consoles *consoles, ControlPeer *peer, int host, int cols, int rows,
                     gboolean take, GError **error)
{
    Daemon *d = consoles->cs_daemon;
    Session *session;

    if (!may_open(consoles, peer, host, take, error))
        return -1;
    session = g_new0(Session, 1);
    ConsoleCalls calls = {on_data, on_end, session};
    session->se_console = console_open(d, host, &calls, error);
    if (!session->se_console) {
        g_free(session);
        return -1;
    }
    g_autofree char *name =
        g_strdup_printf("%" G_GINT64_FORMAT "-%s.cast", journal_seq(d->dm_journal) + 1,
                        plan_host(d->dm_plan, host)->ph_name);
    session->se_id = daemon_event(d, "terminal.opened/1", name_of(peer), -1, host, 0,
                                  json_pack("{s:s, s:s, s:s}", "player", name_of(peer),
                                            "cast", name, "via", "console"));
    session->se_consoles = consoles;
    session->se_peer = peer;
    session->se_host = host;
    session->se_cast = record_open(d, peer, host, name, cols, rows);
    g_hash_table_insert(consoles->cs_open, &session->se_id, session);
    return session->se_id;
}

static Session *own(const Consoles *consoles, const ControlPeer *peer, gint64 id)
{
    Session *session = g_hash_table_lookup(consoles->cs_open, &id);

    return session && session->se_peer == peer ? session : NULL;
}

gboolean consoles_input(Consoles *consoles, ControlPeer *peer, gint64 id,
                        const char *data_b64)
{
    Session *session = own(consoles, peer, id);
    gsize len;

    if (!session || strlen(data_b64) > INPUT_MAX * 4 / 3 + 4)
        return FALSE;
    if (session->se_still)
        return TRUE;
    g_autofree guchar *bytes = g_base64_decode(data_b64, &len);
    console_write(session->se_console, bytes, len);
    return TRUE;
}

void consoles_standing(Consoles *consoles)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, consoles->cs_open);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Session *session = value;
        g_autofree char *words = holding_words(consoles->cs_daemon, session->se_host);
        g_autofree char *safe = words ? parry_text_safe(words, -1) : NULL;
        if (session->se_still == (words != NULL) ||
            role_may(session->se_peer->pe_viewer.vw_role, MAY_SEE_ALL))
            continue;
        session->se_still = words != NULL;
        json_t *params = json_pack("{s:I}", "term", (json_int_t)session->se_id);
        if (safe)
            json_object_set_new(params, "reason", json_string(safe));
        rpc_peer_notify(session->se_peer->pe_rpc,
                        safe ? "terminal.paused" : "terminal.resumed", params);
    }
}

gboolean consoles_resize(Consoles *consoles, ControlPeer *peer, gint64 id, int cols,
                         int rows)
{
    Session *session = own(consoles, peer, id);

    /* A serial line has no size: only the recording learns of it. */
    if (session && session->se_cast)
        cast_resize(session->se_cast, cols, rows);
    return session != NULL;
}

gboolean consoles_credit(Consoles *consoles, ControlPeer *peer, gint64 id, gsize bytes)
{
    Session *session = own(consoles, peer, id);

    if (!session)
        return FALSE;
    session->se_held -= MIN(bytes, session->se_held);
    if (!session->se_missed || session->se_held > HELD_MAX / 2)
        return TRUE;
    g_autofree char *text = g_strdup_printf("\r\n[parry: %" G_GUINT64_FORMAT
                                            " bytes of the console are not shown]\r\n",
                                            session->se_missed);
    session->se_missed = 0;
    show(session, text, strlen(text));
    return TRUE;
}

gboolean consoles_close(Consoles *consoles, ControlPeer *peer, gint64 id)
{
    Session *session = own(consoles, peer, id);

    if (session)
        session_end(session, TRUE, "left");
    return session != NULL;
}

void consoles_peer_gone(Consoles *consoles, const ControlPeer *peer)
{
    g_autoptr(GPtrArray) gone = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;

    if (!consoles)
        return;
    g_hash_table_iter_init(&iter, consoles->cs_open);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (((Session *)value)->se_peer == peer)
            g_ptr_array_add(gone, value);
    for (guint i = 0; i < gone->len; i++)
        session_end(gone->pdata[i], FALSE, "its viewer left");
}
