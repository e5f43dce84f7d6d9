/*
 * Clones of a drill that is taken up again. The journal tells which host came out of
 * which golden guest, which are given up, and which epochs there were; the cache still
 * has the golden guests, for the drill has pinned them.
 */
#include "orchestrator/daemon/clones_priv.h"
#include "orchestrator/daemon/personalise.h"
#include "orchestrator/daemon/resets.h"
#include "orchestrator/daemon/returns.h"

#include <string.h>

/* A reset that fails out of memory boots: two guests at most. */
#define EPOCHS_OF_A_RESET 2

static const char *body_text(const JournalEvent *event, const char *name)
{
    const char *text = json_string_value(json_object_get(event->ev_body, name));

    return text ? text : "";
}

/* ---- the journal ---- */

static void fold_golden(Clones *clones, const JournalEvent *event)
{
    int host = plan_host_index(clones->cl_daemon->dm_plan, body_text(event, "like"));
    Past past = {.pa_seq = event->ev_seq, .pa_host = host, .pa_open = TRUE};

    if (host < 0)
        return;
    clones->cl_runs[host].cr_epoch++;
    g_array_append_val(clones->cl_past, past);
}

static void fold_golden_end(Clones *clones, const JournalEvent *event)
{
    for (guint i = 0; i < clones->cl_past->len; i++) {
        Past *past = &g_array_index(clones->cl_past, Past, i);

        if (past->pa_seq != event->ev_ref)
            continue;
        past->pa_open = FALSE;
        past->pa_keys = json_is_true(json_object_get(event->ev_body, "ssh_keys"));
        if (strcmp(event->ev_kind, "golden.done/1") == 0)
            past->pa_key = g_strdup(body_text(event, "golden"));
    }
}

static void fold_off(Clones *clones, const JournalEvent *event)
{
    g_free(clones->cl_off);
    clones->cl_off = g_strdup(body_text(event, "reason"));
}

static void fold_made(CloneRun *run, const JournalEvent *event)
{
    gint64 epoch = json_integer_value(json_object_get(event->ev_body, "epoch"));

    run->cr_epoch = (guint32)CLAMP(epoch, run->cr_epoch, G_MAXINT32);
    run->cr_again = FALSE;
}

static void fold_domain(CloneRun *run, const JournalEvent *event)
{
    if (strcmp(body_text(event, "from"), "golden") != 0)
        return;
    g_free(run->cr_key);
    run->cr_key = g_strdup(body_text(event, "golden"));
}

/* The answer to `personalise` is what the host said of itself. */
static void fold_said(Clones *clones, int host, const JournalEvent *event)
{
    CloneRun *run = &clones->cl_runs[host];
    gboolean wanted = strcmp(event->ev_kind, "order.wanted/1") == 0;

    if (wanted && strcmp(body_text(event, "purpose"), "personalise") == 0)
        run->cr_told = event->ev_seq;
    if (wanted || !run->cr_told || event->ev_ref != run->cr_told)
        return;
    if (strcmp(event->ev_kind, "order.done/1") == 0)
        clone_proof_recall(clones->cl_proof, host, body_text(event, "text"));
    run->cr_told = 0;
}

static void fold_host(Clones *clones, int host, const JournalEvent *event)
{
    CloneRun *run = &clones->cl_runs[host];

    if (strcmp(event->ev_kind, "domain.wanted/1") == 0 ||
        strcmp(event->ev_kind, "reset.done/1") == 0) {
        fold_made(run, event);
    } else if (strcmp(event->ev_kind, "domain.done/1") == 0) {
        fold_domain(run, event);
    } else if (strcmp(event->ev_kind, "reset.wanted/1") == 0) {
        run->cr_epoch += EPOCHS_OF_A_RESET;
    } else if (strcmp(event->ev_kind, "clone.failed/1") == 0) {
        g_clear_pointer(&run->cr_key, g_free);
        clones_boots(clones, host, body_text(event, "reason"));
        clone_proof_forget(clones->cl_proof, host);
        run->cr_again = !resets_pending(clones->cl_daemon->dm_resets, host);
    } else if (g_str_has_prefix(event->ev_kind, "order.")) {
        fold_said(clones, host, event);
    }
}

void clones_replay(Clones *clones, const JournalEvent *event)
{
    int host = clones && *event->ev_host
                   ? plan_host_index(clones->cl_daemon->dm_plan, event->ev_host)
                   : -1;

    if (host >= 0)
        fold_host(clones, host, event);
    else if (!clones)
        return;
    else if (strcmp(event->ev_kind, "golden.wanted/1") == 0)
        fold_golden(clones, event);
    else if (g_str_has_prefix(event->ev_kind, "golden."))
        fold_golden_end(clones, event);
    else if (strcmp(event->ev_kind, "clones.off/1") == 0)
        fold_off(clones, event);
}

gboolean clones_again(const Clones *clones, int host)
{
    return clones && clones->cl_runs[host].cr_again;
}

/* ---- and on ---- */

static Group *group_of_key(const Clones *clones, const char *key)
{
    for (guint i = 0; i < clones->cl_groups->len; i++) {
        Group *group = clones->cl_groups->pdata[i];

        if (g_strcmp0(group->gr_key, key) == 0)
            return group;
    }
    return NULL;
}

/* It was checked when the drill took it, and nobody may write to it since. */
static void rejoin_group(Clones *clones, const Past *past)
{
    g_autoptr(GError) error = NULL;
    g_auto(Golden) golden = {0};

    if (group_of_key(clones, past->pa_key))
        return;
    if (!golden_open(clones->cl_daemon->dm_home, past->pa_key, &golden, &error)) {
        g_warning("golden guest %s: %s", past->pa_key,
                  error ? error->message : "it is not in the cache any more");
        return;
    }
    Group *group = clones_group_add(clones, past->pa_host);
    group->gr_key = g_strdup(past->pa_key);
    group->gr_cached = TRUE;
    group->gr_golden = golden;
    memset(&golden, 0, sizeof(golden));
    if (!clones_pin(group, &error)) {
        g_warning("golden guest %s: %s", past->pa_key, error->message);
        g_ptr_array_remove(clones->cl_groups, group);
        return;
    }
    clones_group_take(group);
}

static void rejoin_run(Clones *clones, int host)
{
    CloneRun *run = &clones->cl_runs[host];
    g_autofree char *key = g_steal_pointer(&run->cr_key);

    if (!key)
        return;
    run->cr_group = group_of_key(clones, key);
    if (run->cr_group)
        run->cr_group->gr_hosts++;
    else if (!returns_pending(clones->cl_daemon->dm_returns, host)) /* else one is made */
        clones_boots(clones, host, "its golden guest is not in the cache any more");
}

typedef struct {
    Clones *sw_clones;
    gint64 sw_seq;
    int sw_host;
} Sweep; /* of a golden guest that nobody knows any more */

static void resumed_step(Clones *clones)
{
    if (--clones->cl_left == 0)
        clones->cl_resumed(clones->cl_daemon);
}

static void on_swept(const GError *error, gpointer data)
{
    g_autofree Sweep *sweep = data;
    Daemon *d = sweep->sw_clones->cl_daemon;
    g_autofree char *saved = clones_saved_path(d, sweep->sw_host);
    g_autofree char *overlay = clones_overlay_path(d, sweep->sw_host);

    if (!d->dm_provision) /* the daemon ends: it stays open */
        return;
    if (error)
        g_warning("a golden guest of an earlier parryd: %s", error->message);
    else
        clones_remove_files(saved, overlay);
    daemon_event(d, "golden.failed/1", "parryd", -1, -1, sweep->sw_seq,
                 json_pack("{s:s}", "reason", "parryd ended before it was saved"));
    resumed_step(sweep->sw_clones);
}

/* Where it stood cannot be told: whether its memory is saved, its disk moved. */
static void sweep_past(Clones *clones, const Past *past)
{
    Sweep *sweep = g_new0(Sweep, 1);

    *sweep = (Sweep){clones, past->pa_seq, past->pa_host};
    clones->cl_left++;
    range_golden_destroy(clones->cl_daemon->dm_range, past->pa_host, on_swept, sweep);
}

void clones_resume(Daemon *d, ClonesResumed done)
{
    Clones *clones = d->dm_clones;

    if (!clones) {
        done(d);
        return;
    }
    clones->cl_left = 1;
    clones->cl_resumed = done;
    for (guint i = 0; i < clones->cl_past->len; i++) {
        const Past *past = &g_array_index(clones->cl_past, Past, i);

        if (past->pa_key)
            rejoin_group(clones, past);
        else if (past->pa_open)
            sweep_past(clones, past);
    }
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++)
        rejoin_run(clones, (int)i);
    g_array_set_size(clones->cl_past, 0);
    resumed_step(clones);
}

/* The golden guests are not known again yet; of the keys their events tell. */
static gboolean any_keys(const Clones *clones)
{
    for (guint i = 0; i < clones->cl_past->len; i++)
        if (g_array_index(clones->cl_past, Past, i).pa_keys)
            return TRUE;
    return FALSE;
}

void clones_personalise_resume(Daemon *d, int host, AnswerDone done, gpointer data)
{
    CloneRun *run = d->dm_clones ? &d->dm_clones->cl_runs[host] : NULL;

    if (!run) {
        personalise_resume(d, host, done, data);
        return;
    }
    run->cr_done = done;
    run->cr_data = data;
    if (orders_open(d->dm_orders, host, "identity"))
        clones_identify(d, host, any_keys(d->dm_clones));
    else
        personalise_resume(d, host, clones_personalised, GINT_TO_POINTER(host));
}
