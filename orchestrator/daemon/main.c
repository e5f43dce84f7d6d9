/*
 * parryd --home HOME --dir DIR [options]: the daemon of one drill. Started by `parry up`.
 */
#include "orchestrator/daemon/alive.h"
#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/control.h"
#include "orchestrator/daemon/daemon.h"
#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/drill.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/observations.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/players.h"
#include "orchestrator/daemon/programs.h"
#include "orchestrator/daemon/provision.h"
#include "orchestrator/daemon/resume.h"
#include "orchestrator/daemon/room.h"
#include "orchestrator/daemon/roster.h"
#include "orchestrator/daemon/services.h"
#include "orchestrator/daemon/signer.h"
#include "orchestrator/daemon/terminals.h"
#include "orchestrator/daemon/wall.h"
#include "orchestrator/host/accounts.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *op_home, *op_dir, *op_gate, *op_board;
    int op_ready_fd;
} Options;

/* ---- the hub ---- */

static void on_hub_process(pid_t pid, int status, gpointer data)
{
    Daemon *d = data;

    daemon_event(d, pid ? "helper.up/1" : "helper.down/1", "parryd", -1, -1, 0,
                 json_pack("{s:s, s:i, s:i}", "name", "parry-hub", "pid", (int)pid,
                           "status", status));
}

static void on_hub_record(const struct hub_head *head, const void *body, const void *tail,
                          gpointer data)
{
    Daemon *d = data;

    if (clones_record(d->dm_clones, head, body, tail))
        return;
    roster_record(d->dm_roster, head, body);
    hosts_record(d->dm_hosts, head, body, tail);
    observations_record(d->dm_observations, head, body, tail);
    if (head->rc_type == HUB_PTY || head->rc_type == HUB_PTYEND)
        terminals_record(d->dm_terminals, head, body, tail);
    else
        orders_record(d->dm_orders, head, body, tail);
}

static gboolean hub_open(Daemon *d, GError **error)
{
    static const HubLinkCallbacks callbacks = {on_hub_process, on_hub_record};
    g_autofree char *program = programs_path("parry-hub");
    uid_t uid;
    gid_t gid;

    if (!accounts_get("parry-hub", &uid, &gid, error))
        return FALSE;
    d->dm_link = link_new(d->dm_base, program, uid, gid, d->dm_plan->p_hosts->len,
                          &callbacks, d, error);
    if (d->dm_link)
        link_set_deadman(d->dm_link, d->dm_plan->p_scope.sp_deadman_us / 1000);
    return d->dm_link != NULL;
}

/* ---- start ---- */

/* A new journal, or that of a daemon that is gone. One that was killed before it had even
 * made its tables left nothing to go on with. */
static Journal *journal_take(const Daemon *d, GError **error)
{
    g_autofree char *path = g_build_filename(d->dm_dir, "journal.db", NULL);
    g_autoptr(GError) cause = NULL;
    AliveMark mark;

    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return journal_create(d->dm_dir, error);
    Journal *journal = journal_open(d->dm_dir, &cause);
    if (journal)
        return journal;
    if (g_error_matches(cause, JOURNAL_ERROR, JOURNAL_ERROR_VERSION) &&
        !alive_read(d, &mark)) {
        g_unlink(path);
        return journal_create(d->dm_dir, error);
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return NULL;
}

/* Two machines would tell two stories. */
static gboolean is_here(const Daemon *d, GError **error)
{
    g_autofree char *moved = drill_moved(d->dm_dir);

    if (moved)
        g_set_error(
            error, DRILL_ERROR, EBUSY,
            "this drill goes on on another machine, %s; if that is not so, remove "
            "%s/moved",
            moved, d->dm_dir);
    return !moved;
}

/* Everything that lives as long as the drill; main's end takes it down in reverse. */
static gboolean daemon_open(Daemon *d, const Options *options, GError **error)
{
    ServicesConfig services = {options->op_gate, options->op_board};

    d->dm_journal = journal_take(d, error);
    if (!d->dm_journal || !signer_open(d, error) || !players_prepare(d, error))
        return FALSE;
    journal_keep(d->dm_journal);
    d->dm_room = room_new(d);
    d->dm_ledger = ledger_new(d->dm_plan);
    daemon_modules_new(d);
    d->dm_control = control_new(d, error);
    if (!d->dm_control || (journal_committed(d->dm_journal) && !resume_drill(d, error)) ||
        !hub_open(d, error))
        return FALSE;
    d->dm_services = services_new(d, &services, error);
    if (!d->dm_services)
        return FALSE;
    d->dm_alive = alive_new(d);
    d->dm_wall = wall_new(d);
    if (d->dm_resume)
        provision_take_up(d->dm_provision);
    return TRUE;
}

static void daemon_close(Daemon *d)
{
    wall_free(d->dm_wall);
    alive_free(d->dm_alive);
    services_free(d->dm_services);
    control_free(d->dm_control);
    d->dm_control = NULL;
    /* Provisioning acts by the range: it ends before that does. */
    Provision *provision = g_steal_pointer(&d->dm_provision);
    provision_end(provision);
    range_free(d->dm_range); /* which answers what it was asked for */
    provision_free(provision);
    link_free(d->dm_link);
    daemon_modules_free(d);
    signer_close(d);
    ledger_free(d->dm_ledger);
    journal_close(d->dm_journal);
    room_free(d->dm_room);
    plan_free(d->dm_plan);
}

static void say_ready(const Options *options, const char *text)
{
    if (options->op_ready_fd < 0)
        return;
    if (write(options->op_ready_fd, text, strlen(text)) < 0)
        g_warning("nobody waits for the daemon to be ready");
    close(options->op_ready_fd);
}

static void on_down(Daemon *d, const RangeRemoved *removed, const GError *error,
                    gpointer data)
{
    (void)removed;
    (void)data;
    if (error)
        g_warning("tear down: %s", error->message);
    daemon_quit(d, "a signal while provisioning");
}

/* Half a range is of no use to anyone: it is torn down. A drill that was ready or runs
 * stays as it is, and `parry down` removes it. */
static void on_signal(evutil_socket_t fd, short what, void *data)
{
    Daemon *d = data;

    (void)fd;
    (void)what;
    if (d->dm_state == DRILL_PROVISIONING || d->dm_state == DRILL_FAILED)
        provision_down(d->dm_provision, on_down, NULL);
    else
        daemon_quit(d, "a signal");
}

static void daemon_loop(Daemon *d)
{
    struct event *term = evsignal_new(d->dm_base, SIGTERM, on_signal, d);
    struct event *interrupt = evsignal_new(d->dm_base, SIGINT, on_signal, d);

    event_add(term, NULL);
    event_add(interrupt, NULL);
    daemon_barrier(d);
    while (!d->dm_quit && event_base_loop(d->dm_base, EVLOOP_ONCE) == 0) {
        director_pump(d->dm_director);
        daemon_barrier(d);
        director_pump(d->dm_director);
        daemon_barrier(d);
    }
    /* What was answered last goes out before the sockets close. */
    event_base_loop(d->dm_base, EVLOOP_NONBLOCK);
    event_free(term);
    event_free(interrupt);
}

static gboolean options_parse(int argc, char **argv, Options *options)
{
    const GOptionEntry entries[] = {
        {"home", 0, 0, G_OPTION_ARG_FILENAME, &options->op_home, "PARRY_HOME", "DIR"},
        {"dir", 0, 0, G_OPTION_ARG_FILENAME, &options->op_dir, "the drill's directory",
         "DIR"},
        {"gate", 0, 0, G_OPTION_ARG_STRING, &options->op_gate, "where ssh listens",
         "ADDR:PORT"},
        {"board", 0, 0, G_OPTION_ARG_STRING, &options->op_board,
         "where the board listens", "ADDR:PORT"},
        {"ready-fd", 0, 0, G_OPTION_ARG_INT, &options->op_ready_fd,
         "descriptor that is told when it serves", "N"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- the daemon of one drill");
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_summary(
        context, "Started by `parry up`; see parryd(8) and docs/internals.md.");
    if (!g_option_context_parse(context, &argc, &argv, &error) || !options->op_home ||
        !options->op_dir) {
        fprintf(stderr, "parryd: %s\n",
                error ? error->message : "--home and --dir are needed; see --help");
        return FALSE;
    }
    return TRUE;
}

static int serve(const Options *options)
{
    Daemon d = {.dm_home = options->op_home, .dm_dir = options->op_dir};
    g_autoptr(GError) error = NULL;
    g_autoptr(Drill) drill = drill_open(options->op_dir, &error);
    int status = 1;

    g_queue_init(&d.dm_then);
    d.dm_reason = g_strdup("");
    d.dm_base = event_base_new();
    if (drill && (d.dm_plan = drill_plan(drill, &error))) {
        d.dm_connect = drill->dr_connect;
        d.dm_rehearsal = drill->dr_rehearsal;
        if (is_here(&d, &error) && daemon_open(&d, options, &error)) {
            say_ready(options, "ok\n");
            daemon_loop(&d);
            status = d.dm_full ? 1 : 0;
        }
        daemon_close(&d);
    }
    if (error) {
        g_autofree char *text = g_strconcat(error->message, "\n", NULL);
        say_ready(options, text);
        fprintf(stderr, "parryd: %s\n", error->message);
    }
    event_base_free(d.dm_base);
    g_free(d.dm_reason);
    g_free(d.dm_uri);
    g_free(d.dm_accel);
    return status;
}

int main(int argc, char **argv)
{
    Options options = {.op_ready_fd = -1};
    int status;

    signal(SIGPIPE, SIG_IGN);
    if (!options_parse(argc, argv, &options))
        return 64;
    if (!options.op_gate)
        options.op_gate = g_strdup("127.0.0.1:2222");
    if (!options.op_board)
        options.op_board = g_strdup("127.0.0.1:8080");
    status = serve(&options);
    g_free(options.op_home);
    g_free(options.op_dir);
    g_free(options.op_gate);
    g_free(options.op_board);
    return status;
}
