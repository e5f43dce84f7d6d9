#include "orchestrator/daemon/residue.h"

#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/residue_diff.h"

#include <string.h>

/* An attack waits for its snapshot, so it waits not long. */
#define BEFORE_US (10 * G_USEC_PER_SEC)
#define AFTER_US (30 * G_USEC_PER_SEC)
#define OUT_MAX ((guint64)4 << 20) /* what the agent sends at most */
#define PATHS_MAX 64

/* One snapshot that is waited for. */
typedef struct {
    Residue *lk_residue;
    int lk_host, lk_inject;
    gint64 lk_ref;     /* 0: before the attack */
    gint64 lk_order;   /* 0: it has not begun */
    gboolean lk_given; /* up: its time is over */
    struct event *lk_timer;
    ResidueReady lk_ready;
    gpointer lk_data;
} Look;

struct Residue {
    Daemon *rd_daemon;
    Snapshot **rd_before; /* by inject */
    char **rd_kept;       /* likewise: its blob in a journal that is taken up, or NULL */
    GQueue *rd_queues;    /* by host: Looks, the first is under way */
    GPtrArray *rd_looks;  /* owns them */
};

/* ---- where files are compared ---- */

/* Where attackers leave things, whatever the scenario says. */
static const char *const usual[] = {"/tmp", "/var/tmp", "/dev/shm", "/root", NULL};
/* Too much to hash for one file in it. */
static const char *const wide[] = {
    "/",        "/etc",     "/usr",     "/var",  "/bin",     "/sbin",
    "/lib",     "/home",    "/opt",     "/srv",  "/usr/bin", "/usr/sbin",
    "/usr/lib", "/var/lib", "/var/log", "/boot", NULL};

static void add_path(GPtrArray *paths, const char *path)
{
    if (path[0] == '/' && !strpbrk(path, "*?[ \n") && strlen(path) < 512 &&
        !g_ptr_array_find_with_equal_func(paths, path, g_str_equal, NULL))
        g_ptr_array_add(paths, g_strdup(path));
}

/* The directory of what was planted, or where that is a wide one only the file. */
static void add_around(GPtrArray *paths, const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);

    add_path(paths, g_strv_contains(wide, dir) ? path : dir);
}

static void add_checked(GPtrArray *paths, const Plan *plan, const PlanInject *inject)
{
    const char *seen =
        json_string_value(json_object_get(inject->in_effect_params, "path"));

    if (seen && g_strcmp0(inject->in_effect_kind, "file") == 0 &&
        inject->in_effect_host == inject->in_host)
        add_path(paths, seen);
    for (guint i = 0; i < plan->p_checks->len; i++) {
        const PlanCheck *check = plan_check(plan, (int)i);
        const char *path = json_string_value(json_object_get(check->ck_params, "path"));
        if (check->ck_host == inject->in_host && path &&
            strcmp(check->ck_kind, "file") == 0)
            add_path(paths, path);
    }
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, what is below another goes by that one. */
static char **without_nested(GPtrArray *paths)
{
    GPtrArray *out = g_ptr_array_new();

    g_ptr_array_sort(paths, by_text);
    for (guint i = 0; i < paths->len && out->len < PATHS_MAX; i++) {
        const char *path = paths->pdata[i];
        gboolean nested = FALSE;
        for (guint o = 0; o < out->len && !nested; o++) {
            gsize len = strlen(out->pdata[o]);
            nested = !strncmp(out->pdata[o], path, len) && path[len] == '/';
        }
        if (!nested)
            g_ptr_array_add(out, g_strdup(path));
    }
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(out, FALSE);
}

char **residue_paths(const Plan *plan, const PlanInject *inject)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    const PlanHost *host = plan_host(plan, inject->in_host);

    for (const char *const *path = usual; *path; path++)
        add_path(paths, *path);
    for (guint i = 0; i < host->ph_files->len; i++)
        add_around(paths, ((const PlanFile *)host->ph_files->pdata[i])->pf_path);
    for (guint i = 0; i < host->ph_users->len; i++) {
        const PlanUser *user = host->ph_users->pdata[i];
        g_autofree char *home = g_build_filename("/home", user->pu_name, NULL);
        add_path(paths, home);
    }
    for (char **hint = inject->in_indicators; hint && *hint; hint++)
        add_path(paths, *hint);
    add_checked(paths, plan, inject);
    return without_nested(paths);
}

/* ---- looking ---- */

static void look_step(Residue *residue, int host);

static void look_free(gpointer data)
{
    Look *look = data;

    event_free(look->lk_timer);
    g_free(look);
}

static json_t *unknown(const char *reason)
{
    g_autofree char *summary = g_strdup_printf("not known: %s", reason);

    return json_pack("{s:s, s:s}", "reason", reason, "summary", summary);
}

static void append(Residue *residue, int inject, gint64 ref, json_t *body)
{
    Daemon *d = residue->rd_daemon;
    const PlanInject *plan = plan_inject(d->dm_plan, inject);

    json_object_set_new(body, "inject", json_string(plan->in_id));
    daemon_event(d, "residue/1", "parryd", plan->in_team, plan->in_host, ref, body);
}

/* The whole difference as a blob; "" where there is none, or it could not be kept. */
static void keep_full(Daemon *d, json_t *body, const GString *full)
{
    g_autoptr(GError) error = NULL;
    char hash[65] = "";

    if (full->len && !journal_blob_put(d->dm_journal, full->str, full->len, hash, &error))
        g_warning("residue: %s", error->message);
    json_object_set_new(body, "text_sha256", json_string(hash));
}

static gboolean is_running(gint64 act, gpointer data)
{
    return orders_running(data, act);
}

/* What the agent said; NULL with the reason where it said nothing of use. */
static Snapshot *snapshot_of(Daemon *d, const Order *order, const char **reason)
{
    if (order->or_status != ORDER_DONE || !order->or_out->len) {
        *reason = order->or_reason ? order->or_reason : "the snapshot is empty";
        return NULL;
    }
    return snapshot_read((const char *)order->or_out->data, order->or_out->len,
                         is_running, d->dm_orders);
}

/* ---- the snapshot of before, for a daemon that comes later ---- */

static void before_keep(Residue *residue, int inject)
{
    Daemon *d = residue->rd_daemon;
    const PlanInject *plan = plan_inject(d->dm_plan, inject);
    const Snapshot *before = residue->rd_before[inject];
    char *text = before ? snapshot_save(before) : NULL;
    g_autoptr(GError) error = NULL;
    char hash[65];

    if (text && journal_blob_put(d->dm_journal, text, strlen(text), hash, &error))
        daemon_event(d, "residue.before/1", "parryd", plan->in_team, plan->in_host, 0,
                     json_pack("{s:s, s:i, s:s}", "inject", plan->in_id, "items",
                               (int)snapshot_count(before), "text_sha256", hash));
    else if (error)
        g_warning("residue: %s", error->message);
    free(text);
}

/* Out of the journal where an earlier daemon took it; NULL: there is none. */
static const Snapshot *before_of(Residue *residue, int inject)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) blob = NULL;

    if (residue->rd_before[inject] || !residue->rd_kept[inject])
        return residue->rd_before[inject];
    blob = journal_blob_get(residue->rd_daemon->dm_journal, residue->rd_kept[inject],
                            &error);
    if (error)
        g_warning("residue: %s", error->message);
    if (blob)
        residue->rd_before[inject] =
            snapshot_load(g_bytes_get_data(blob, NULL), g_bytes_get_size(blob));
    g_clear_pointer(&residue->rd_kept[inject], g_free);
    return residue->rd_before[inject];
}

void residue_replay(Residue *residue, const JournalEvent *event)
{
    const json_t *body = event->ev_body;
    const char *name = json_string_value(json_object_get(body, "inject"));
    int inject = strcmp(event->ev_kind, "residue.before/1") == 0 && name
                     ? plan_inject_index(residue->rd_daemon->dm_plan, name)
                     : -1;

    if (inject < 0)
        return;
    g_free(residue->rd_kept[inject]);
    residue->rd_kept[inject] =
        g_strdup(json_string_value(json_object_get(body, "text_sha256")));
}

static void compare(Look *look, const Order *order)
{
    Residue *residue = look->lk_residue;
    g_autoptr(GString) full = g_string_new(NULL);
    const char *reason = NULL;
    Snapshot *after = snapshot_of(residue->rd_daemon, order, &reason);

    if (!after) {
        append(residue, look->lk_inject, look->lk_ref, unknown(reason));
        return;
    }
    json_t *body = snapshot_diff(before_of(residue, look->lk_inject), after, full);
    snapshot_free(after);
    keep_full(residue->rd_daemon, body, full);
    append(residue, look->lk_inject, look->lk_ref, body);
}

static void look_end(Look *look)
{
    Residue *residue = look->lk_residue;
    Daemon *d = residue->rd_daemon;
    int host = look->lk_host;

    g_queue_remove(&residue->rd_queues[host], look);
    if (!look->lk_given)
        look->lk_ready(d, look->lk_data);
    g_ptr_array_remove(residue->rd_looks, look);
    look_step(residue, host);
}

static void on_snapshot(Daemon *d, const Order *order, gpointer data)
{
    Look *look = data;
    Residue *residue = look->lk_residue;
    const char *reason;

    if (!look->lk_given && look->lk_ref) {
        compare(look, order);
    } else if (!look->lk_given && !before_of(residue, look->lk_inject)) {
        residue->rd_before[look->lk_inject] = snapshot_of(d, order, &reason);
        before_keep(residue, look->lk_inject);
    }
    look_end(look);
}

/* The snapshot may go on: the host's next one waits for its end all the same. */
static void on_late(evutil_socket_t fd, short what, void *data)
{
    Look *look = data;
    Daemon *d = look->lk_residue->rd_daemon;

    (void)fd;
    (void)what;
    if (look->lk_given)
        return;
    if (look->lk_ref)
        append(look->lk_residue, look->lk_inject, look->lk_ref,
               unknown("the snapshot was not there in time"));
    if (!look->lk_order) { /* it was not its turn yet */
        look_end(look);
        return;
    }
    look->lk_given = TRUE;
    orders_cancel(d->dm_orders, look->lk_order);
    look->lk_ready(d, look->lk_data);
}

static json_t *snapshot_message(const Plan *plan, const PlanInject *inject)
{
    g_auto(GStrv) paths = residue_paths(plan, inject);
    json_t *list = json_array();

    for (char **path = paths; *path; path++)
        json_array_append_new(list, json_string(*path));
    return json_pack("{s:s, s:[s, s, s, s, s, s, s], s:o}", "k", "snapshot", "parts",
                     "processes", "ports", "users", "crontabs", "units", "files",
                     "firewall", "paths", list);
}

static void look_begin(Look *look)
{
    Daemon *d = look->lk_residue->rd_daemon;
    const PlanInject *inject = plan_inject(d->dm_plan, look->lk_inject);
    OrderSpec spec = {
        .os_host = look->lk_host,
        .os_purpose = "snapshot",
        .os_title = inject->in_id,
        .os_msg = snapshot_message(d->dm_plan, inject),
        .os_out_max = OUT_MAX,
        .os_timeout_us = look->lk_ref ? AFTER_US : BEFORE_US,
        .os_ref = look->lk_ref,
        .os_done = on_snapshot,
        .os_data = look,
    };

    look->lk_order = orders_run(d->dm_orders, &spec);
}

static void look_step(Residue *residue, int host)
{
    Look *first = g_queue_peek_head(&residue->rd_queues[host]);

    if (first && !first->lk_order)
        look_begin(first);
}

static void look_new(Residue *residue, int inject, gint64 ref, ResidueReady ready,
                     gpointer data)
{
    Daemon *d = residue->rd_daemon;
    gint64 us = ref ? AFTER_US : BEFORE_US;
    struct timeval tv = {us / G_USEC_PER_SEC, us % G_USEC_PER_SEC};
    Look *look = g_new0(Look, 1);

    look->lk_residue = residue;
    look->lk_inject = inject;
    look->lk_host = plan_inject(d->dm_plan, inject)->in_host;
    look->lk_ref = ref;
    look->lk_ready = ready;
    look->lk_data = data;
    look->lk_timer = evtimer_new(d->dm_base, on_late, look);
    evtimer_add(look->lk_timer, &tv);
    g_ptr_array_add(residue->rd_looks, look);
    g_queue_push_tail(&residue->rd_queues[look->lk_host], look);
    look_step(residue, look->lk_host);
}

static gboolean is_wanted(const Residue *residue, int inject)
{
    const Daemon *d = residue->rd_daemon;
    const PlanInject *plan = plan_inject(d->dm_plan, inject);

    return !d->dm_simulated && plan->in_residue && plan->in_host >= 0 &&
           plan_host(d->dm_plan, plan->in_host)->ph_agent != AGENT_NONE;
}

void residue_before(Residue *residue, int inject, ResidueReady ready, gpointer data)
{
    Daemon *d = residue->rd_daemon;

    if (!is_wanted(residue, inject) || before_of(residue, inject) ||
        hosts_state(d->dm_hosts, plan_inject(d->dm_plan, inject)->in_host) != HOST_READY)
        ready(d, data);
    else
        look_new(residue, inject, 0, ready, data);
}

void residue_after(Residue *residue, int inject, gint64 ref, ResidueReady ready,
                   gpointer data)
{
    Daemon *d = residue->rd_daemon;
    const char *reason = NULL;

    if (!is_wanted(residue, inject)) {
        ready(d, data);
        return;
    }
    if (!before_of(residue, inject))
        reason = "there is no snapshot of before the attack";
    else if (hosts_state(d->dm_hosts, plan_inject(d->dm_plan, inject)->in_host) !=
             HOST_READY)
        reason = "its agent does not answer";
    if (!reason) {
        look_new(residue, inject, ref, ready, data);
        return;
    }
    append(residue, inject, ref, unknown(reason));
    ready(d, data);
}

/* ---- life ---- */

Residue *residue_new(Daemon *d)
{
    Residue *residue = g_new0(Residue, 1);

    residue->rd_daemon = d;
    residue->rd_before = g_new0(Snapshot *, d->dm_plan->p_injects->len + 1);
    residue->rd_kept = g_new0(char *, d->dm_plan->p_injects->len + 1);
    residue->rd_queues = g_new0(GQueue, d->dm_plan->p_hosts->len + 1);
    residue->rd_looks = g_ptr_array_new_with_free_func(look_free);
    return residue;
}

void residue_free(Residue *residue)
{
    if (!residue)
        return;
    for (guint i = 0; i < residue->rd_daemon->dm_plan->p_injects->len; i++) {
        snapshot_free(residue->rd_before[i]);
        g_free(residue->rd_kept[i]);
    }
    for (guint i = 0; i < residue->rd_daemon->dm_plan->p_hosts->len; i++)
        g_queue_clear(&residue->rd_queues[i]);
    g_ptr_array_unref(residue->rd_looks);
    g_free(residue->rd_queues);
    g_free(residue->rd_before);
    g_free(residue->rd_kept);
    g_free(residue);
}
