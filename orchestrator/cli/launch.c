#include "orchestrator/cli/cli.h"

#include "orchestrator/daemon/needs.h"
#include "orchestrator/daemon/programs.h"
#include "orchestrator/host/trial.h"
#include "orchestrator/range/range.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define DOWN_TIMEOUT_MS 120000
#define SERVE_TIMEOUT_MS 30000

/* Says where an older drill of that name is kept from now on. */
static gboolean set_aside(const char *home, const char *name, GError **error)
{
    g_autofree char *kept = NULL;

    if (!drill_set_aside(home, name, &kept, error))
        return FALSE;
    if (kept)
        fprintf(stderr, "the drill of that name that was taken down is kept in %s\n",
                kept);
    return TRUE;
}

static void child_setup(gpointer data)
{
    int fd = *(int *)data;

    setsid();
    if (fd == 3)
        fcntl(3, F_SETFD, 0);
    else
        dup2(fd, 3);
}

static void add_option(GPtrArray *argv, const char *name, const char *value)
{
    if (!value)
        return;
    g_ptr_array_add(argv, (char *)name);
    g_ptr_array_add(argv, (char *)value);
}

/* "ok", or the daemon's reason for not serving. */
static gboolean wait_ready(int fd, const Drill *drill, GError **error)
{
    char text[2048] = "";
    struct pollfd pfd = {fd, POLLIN, 0};
    ssize_t n =
        poll(&pfd, 1, SERVE_TIMEOUT_MS) > 0 ? read(fd, text, sizeof(text) - 1) : -1;

    if (n > 0 && strcmp(text, "ok\n") == 0)
        return TRUE;
    g_strchomp(text);
    g_set_error(error, DRILL_ERROR, 0, "parryd: %s (log: %s/parryd.log)",
                n > 0    ? text
                : n == 0 ? "it died"
                         : "not ready in time",
                drill->dr_dir);
    return FALSE;
}

static gboolean spawn_daemon(const char *home, const Launch *launch, const Drill *drill,
                             GError **error)
{
    g_autofree char *program = programs_path("parryd");
    g_autofree char *log_path = g_build_filename(drill->dr_dir, "parryd.log", NULL);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    int ready[2], log, null;
    gboolean ok;

    if (pipe2(ready, O_CLOEXEC) < 0) {
        g_set_error(error, DRILL_ERROR, errno, "pipe: %s", g_strerror(errno));
        return FALSE;
    }
    log = open(log_path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    g_ptr_array_add(argv, program);
    add_option(argv, "--home", home);
    add_option(argv, "--dir", drill->dr_dir);
    add_option(argv, "--gate", launch->la_gate);
    add_option(argv, "--board", launch->la_board);
    add_option(argv, "--ready-fd", "3");
    g_ptr_array_add(argv, NULL);
    ok = g_spawn_async_with_fds(NULL, (char **)argv->pdata, NULL,
                                G_SPAWN_LEAVE_DESCRIPTORS_OPEN | G_SPAWN_CLOEXEC_PIPES,
                                child_setup, &ready[1], NULL, null, log, log, error);
    close(ready[1]);
    close(log);
    close(null);
    ok = ok && wait_ready(ready[0], drill, error);
    close(ready[0]);
    return ok;
}

/* Everything that can say no without having made anything. */
static Plan *plan_that_fits(const char *home, const Launch *launch, int *status)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = cli_plan(launch->la_scenario, launch->la_set, FALSE, status);
    g_autoptr(TrialVerdict) verdict = NULL;

    if (!plan)
        return NULL;
    if (cli_refuse_unbuilt(plan, status))
        return NULL;
    if (geteuid() != 0) {
        *status = cli_fail(EXIT_FAIL, "making VMs needs root: run it with sudo");
        return NULL;
    }
    if (g_mkdir_with_parents(home, 0711) < 0) {
        *status = cli_fail(EXIT_FAIL, "%s: cannot be made: %s", home, g_strerror(errno));
        return NULL;
    }
    verdict = trial_cached(home);
    if (!needs_check(plan, home, verdict ? verdict->accel : "kvm", &error)) {
        *status = cli_fail(EXIT_FAIL, "%s", error->message);
        return NULL;
    }
    return g_steal_pointer(&plan);
}

/* Whether it has still to be made ready. */
static gboolean is_on_its_way(RpcClient *client, int *status)
{
    static const char *const states[] = {"defined", "provisioning", "failed", NULL};
    json_t *answer = cli_call(client, "status", NULL, -1, status);
    const char *state = json_string_value(json_object_get(answer, "state"));
    gboolean is = state && g_strv_contains(states, state);

    json_decref(answer);
    return is;
}

/* how: "option", "terminal" or NULL: nobody agreed to a start without some. */
static gboolean provision(RpcClient *client, const Launch *launch, const char *how,
                          gboolean again, int *status)
{
    json_t *params =
        json_pack("{s:i, s:b, s:b, s:b, s:s}", "boot_timeout_s",
                  launch->la_boot_timeout_s, "clones", !launch->la_no_clones, "degraded",
                  how != NULL, "again", again, "by", consent_name());

    if (how)
        json_object_set_new(params, "how", json_string(how));
    json_t *answer = cli_call(client, "provision", params, -1, status);
    json_decref(answer);
    return answer != NULL;
}

/* A drill that went on without some hosts: they are made now, beside it. */
static void make_missing(RpcClient *client, const Launch *launch, int *status)
{
    static const char *const states[] = {"ready", "running", NULL};
    json_t *answer = cli_call(client, "status", NULL, -1, status);
    const char *state = json_string_value(json_object_get(answer, "state"));
    const json_t *losses = json_object_get(answer, "losses");

    if (losses && state && g_strv_contains(states, state)) {
        fprintf(stderr, "made now, beside the drill; `parry status` shows how far:\n");
        consent_say(losses);
        provision(client, launch, NULL, TRUE, status);
    }
    json_decref(answer);
}

/* after: which events are not shown any more. */
static RpcClient *begin(const Launch *launch, const Drill *drill, gint64 after,
                        int *status)
{
    g_autoptr(RpcClient) client = cli_connect(drill, status);
    json_t *answer;

    if (!client)
        return NULL;
    answer = cli_call(client, "subscribe", json_pack("{s:I}", "after", (json_int_t)after),
                      -1, status);
    json_decref(answer);
    if (!answer)
        return NULL;
    if (after && !is_on_its_way(client, status))
        make_missing(client, launch, status);
    else if (!provision(client, launch, launch->la_degraded ? "option" : NULL, TRUE,
                        status))
        return NULL;
    return g_steal_pointer(&client);
}

/* Until it is ready, or failed and nobody wants to go on with it. *keep: whoever was
 * asked wants it kept. */
static int follow_up(const Launch *launch, const Plan *plan, RpcClient *client,
                     gboolean *keep, char **reason)
{
    int code, status = EXIT_OK;

    for (;;) {
        code = follow(client, plan, FOLLOW_UNTIL_READY, launch->la_json, reason);
        ConsentAnswer answer = code == EXIT_FAIL && !launch->la_json ? consent_ask(client)
                                                                     : CONSENT_NOT_ASKED;
        *keep = answer == CONSENT_KEEP;
        if (answer < CONSENT_AGAIN)
            return code;
        if (!provision(client, launch, answer == CONSENT_DEGRADED ? "terminal" : NULL,
                       answer == CONSENT_AGAIN, &status))
            return status;
    }
}

/* A daemon that died takes nothing along: whatever it made can be gone on with. */
static gboolean has_lost_daemon(const Drill *drill)
{
    g_autoptr(Drill) now = drill_open(drill->dr_dir, NULL);

    if (!now || now->dr_alive)
        return FALSE;
    fprintf(stderr, "its daemon has died; `parry up %s` goes on (log: %s/parryd.log)\n",
            drill->dr_name, drill->dr_dir);
    return TRUE;
}

/* FALSE: it did not come to `ready`, and what there was is gone, or kept as asked. */
static gboolean came_up(gboolean keep, const Drill *drill, int code, const char *reason,
                        int *status)
{
    if (code == EXIT_OK)
        return TRUE;
    *status = code;
    if (code == EXIT_INTERRUPTED)
        cli_fail(code, "interrupted: tearing down what was made");
    else
        cli_fail(code, "drill %s is not ready: %s", drill->dr_name, reason);
    if (code == EXIT_FAIL && has_lost_daemon(drill))
        return FALSE;
    if (keep && code != EXIT_INTERRUPTED)
        fprintf(stderr,
                "kept as it is: look with `parry status %s`, make what is missing with "
                "`parry up %s`, remove with `parry down %s`; logs are in %s/logs\n",
                drill->dr_name, drill->dr_name, drill->dr_name, drill->dr_dir);
    else
        launch_down(drill, code == EXIT_INTERRUPTED, TRUE);
    return FALSE;
}

/* ---- taking a drill up ---- */

#define AFTER_ALL ((gint64)1 << 50)

/* A drill of that name whose daemon is gone or at work; one that was taken down is none.
 */
static Drill *standing(const char *home, const char *name)
{
    g_autofree char *dir = drill_dir(home, name);
    g_autofree char *run = g_build_filename(dir, "run", NULL);

    return g_file_test(run, G_FILE_TEST_IS_DIR) ? drill_open(dir, NULL) : NULL;
}

static gboolean is_same(const Drill *drill, const Plan *plan)
{
    g_autoptr(Plan) own = drill_plan(drill, NULL);

    return own && strcmp(own->p_scenario_sha256, plan->p_scenario_sha256) == 0;
}

#define LOOK_MS 300000
#define LOOK_AGAIN_MS 100

/* What the daemon says of itself once it knows what there is of the drill; NULL and
 * *status. */
static json_t *looked(RpcClient *client, int *status)
{
    gint64 deadline = g_get_monotonic_time() + LOOK_MS * (gint64)1000;

    for (;;) {
        json_t *answer = cli_call(client, "status", NULL, -1, status);
        if (!answer || !json_is_true(json_object_get(answer, "looks")))
            return answer;
        json_decref(answer);
        if (g_get_monotonic_time() > deadline || cli_interrupted_pending()) {
            *status = cli_fail(EXIT_FAIL, "what there is of the drill is not known yet; "
                                          "`parry status` tells");
            return NULL;
        }
        poll(NULL, 0, LOOK_AGAIN_MS);
    }
}

static const char what_returns[] =
    "Networks are made again. Hosts that have a disk boot from it as it is; the others "
    "come back out\nof their newest checkpoint, or as they were when ready: what was to "
    "be contained or eradicated there is void.\n";

/* Everything of it is gone: TRUE where it may be made again. */
static gboolean consented(const Launch *launch, const Drill *drill, const json_t *lost,
                          int *status)
{
    const char *held = json_string_value(json_object_get(lost, "held"));
    gboolean yes = launch->la_yes;

    fprintf(stderr, "drill %s stands still: %s\n%s", drill->dr_name, held, what_returns);
    if (!yes)
        yes = cli_ask("make them again?");
    if (!yes)
        *status = cli_fail(EXIT_STATE,
                           "nothing was made; `parry up -y %s` makes all of it again, "
                           "`parry down %s` ends the drill",
                           drill->dr_name, drill->dr_name);
    return yes;
}

/* TRUE: nothing of it is gone, or it is on its way back. */
static gboolean bring_back(const Launch *launch, const Drill *drill, RpcClient *client,
                           int *status)
{
    json_t *answer = looked(client, status);
    const json_t *lost = json_object_get(answer, "lost");
    gboolean held = json_is_string(json_object_get(lost, "held"));
    gboolean ok = answer && (!held || consented(launch, drill, lost, status));

    json_decref(answer);
    if (!ok || !held)
        return ok;
    answer = cli_call(client, "return", NULL, -1, status);
    json_decref(answer);
    return answer != NULL;
}

Drill *launch_resume(const Launch *launch, Drill *taken, RpcClient **client, int *status)
{
    g_autofree char *home = drill_home();
    g_autofree char *reason = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(Drill) drill = taken;
    g_autoptr(Plan) plan = drill_plan(drill, &error);
    gboolean keep;

    if (!plan || (!drill->dr_alive && !spawn_daemon(home, launch, drill, &error))) {
        *status = cli_fail(EXIT_FAIL, "%s", error->message);
        return NULL;
    }
    drill->dr_alive = TRUE;
    cli_catch_signals();
    *client = begin(launch, drill, AFTER_ALL, status);
    if (!*client)
        return NULL;
    if (!bring_back(launch, drill, *client, status)) {
        g_clear_pointer(client, rpc_client_free);
        return NULL;
    }
    int code = is_on_its_way(*client, status)
                   ? follow_up(launch, plan, *client, &keep, &reason)
                   : EXIT_OK;
    if (code == EXIT_OK)
        return g_steal_pointer(&drill);
    g_clear_pointer(client, rpc_client_free);
    *status = code;
    if (code == EXIT_INTERRUPTED)
        cli_fail(code, "interrupted; drill %s stays as it is", drill->dr_name);
    else
        cli_fail(code, "drill %s is not ready: %s; `parry up %s` tries again",
                 drill->dr_name, reason, drill->dr_name);
    return NULL;
}

/* By its name, or by the scenario that it was made from. *status is set where that is
 * another one's place. */
Drill *launch_standing(const Launch *launch, int *status)
{
    g_autofree char *home = drill_home();
    gboolean file = g_file_test(launch->la_scenario, G_FILE_TEST_EXISTS);

    *status = EXIT_OK;
    if (!file)
        return strchr(launch->la_scenario, '/') ? NULL
                                                : standing(home, launch->la_scenario);
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(Plan) plan = cli_load(launch->la_scenario, launch->la_set, diags);
    g_autoptr(Drill) drill = plan ? standing(home, plan->p_name) : NULL;
    if (!drill || !is_same(drill, plan))
        return NULL;
    if (launch->la_rehearsal != drill->dr_rehearsal)
        *status = cli_fail(EXIT_STATE,
                           "drill %s stands already, %s rehearsal; `parry up %s` "
                           "goes on with it, `parry down %s` removes it",
                           drill->dr_name, drill->dr_rehearsal ? "as a" : "and is no",
                           drill->dr_name, drill->dr_name);
    return *status == EXIT_OK ? g_steal_pointer(&drill) : NULL;
}

Drill *launch_up(const Launch *launch, RpcClient **client, int *status)
{
    g_autofree char *home = drill_home();
    g_autofree char *reason = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = plan_that_fits(home, launch, status);
    g_autoptr(Drill) drill = NULL;

    if (!plan)
        return NULL;
    if (!set_aside(home, plan->p_name, &error) ||
        !(drill = drill_create(home, plan->p_name, launch->la_scenario, plan,
                               launch->la_connect, launch->la_rehearsal, &error))) {
        *status = cli_fail(EXIT_FAIL, "%s", error->message);
        return NULL;
    }
    cli_catch_signals();
    if (!spawn_daemon(home, launch, drill, &error)) {
        *status = cli_fail(EXIT_FAIL, "%s", error->message);
        drill_remove(home, drill, TRUE, NULL);
        return NULL;
    }
    drill->dr_alive = TRUE;
    *client = begin(launch, drill, 0, status);
    if (!*client) {
        if (!has_lost_daemon(drill))
            launch_down(drill, TRUE, TRUE);
        return NULL;
    }
    gboolean keep = FALSE;
    int code = follow_up(launch, plan, *client, &keep, &reason);
    if (came_up(launch->la_keep || keep, drill, code, reason, status))
        return g_steal_pointer(&drill);
    g_clear_pointer(client, rpc_client_free);
    return NULL;
}

/* The daemon holds the journal's lock until it is gone. */
static gboolean wait_gone(const Drill *drill)
{
    gint64 deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;

    while (g_get_monotonic_time() < deadline) {
        g_autoptr(Drill) now = drill_open(drill->dr_dir, NULL);
        if (!now || !now->dr_alive)
            return TRUE;
        poll(NULL, 0, 20);
    }
    return FALSE;
}

static int down_by_daemon(const Drill *drill, RangeRemoved *removed)
{
    int status = EXIT_OK;
    g_autoptr(RpcClient) client = cli_connect(drill, &status);
    json_t *answer, *count;

    if (!client)
        return status;
    answer = cli_call(client, "down", json_object(), DOWN_TIMEOUT_MS, &status);
    if (!answer)
        return status;
    count = json_object_get(answer, "domains");
    removed->rm_domains = (guint)json_integer_value(count);
    removed->rm_networks = (guint)json_integer_value(json_object_get(answer, "networks"));
    removed->rm_filters = (guint)json_integer_value(json_object_get(answer, "filters"));
    json_decref(answer);
    if (!wait_gone(drill))
        return cli_fail(EXIT_FAIL, "drill %s: its daemon has not ended", drill->dr_name);
    return EXIT_OK;
}

/* Nobody is there to ask: what bears the drill's tag is removed from here. */
static int down_by_hand(const Drill *drill, RangeRemoved *removed)
{
    g_autofree char *uri = cli_uri(drill);
    g_autoptr(GError) error = NULL;

    if (uri && !range_remove(uri, drill->dr_uuid, removed, &error))
        return cli_fail(EXIT_FAIL, "drill %s: %s", drill->dr_name, error->message);
    return EXIT_OK;
}

int launch_down(const Drill *drill, gboolean purge, gboolean quiet)
{
    g_autofree char *home = drill_home();
    g_autoptr(GError) error = NULL;
    RangeRemoved removed = {0};
    int status =
        drill->dr_alive ? down_by_daemon(drill, &removed) : down_by_hand(drill, &removed);

    if (status != EXIT_OK)
        return status;
    if (!drill_remove(home, drill, purge, &error))
        return cli_fail(EXIT_FAIL, "%s", error->message);
    if (!quiet)
        printf("drill %s is down: %u VMs, %u networks and %u filters removed%s%s\n",
               drill->dr_name, removed.rm_domains, removed.rm_networks,
               removed.rm_filters,
               purge ? ", and its directory" : "; journal and report stay in ",
               purge ? "" : drill->dr_dir);
    return EXIT_OK;
}
