/*
 * What makes an inject due: a time, another inject, a condition, or white's word; and
 * whether that can come before the drill's end.
 */
#include "scenarios/base/duration.h"
#include "scenarios/injects.h"

#include <string.h>

/* --- what is the same for all teams --- */

static gboolean overlaps(const InjectDef *def, gint64 jitter, gint64 from, gint64 until)
{
    return def->jd_at < until && def->jd_at + jitter >= from;
}

static void check_phases(Loader *loader, const InjectDef *def, Node *at, gint64 jitter)
{
    const Plan *plan = loader->ld_plan;
    gboolean attack = node_get(def->jd_def, "attack") != NULL;

    for (guint i = 0; attack && i < plan->p_phases->len; i++) {
        const PlanPhase *phase = plan->p_phases->pdata[i];
        if (phase->pz_red_locked &&
            overlaps(def, jitter, phase->pz_from_us, phase->pz_until_us))
            loader_error(loader, at, NULL,
                         "an attack in the phase \"%s\", in which red is locked",
                         phase->pz_name);
    }
}

static void check_windows(Loader *loader, const InjectDef *def, Node *at, gint64 jitter)
{
    const GPtrArray *windows = loader->ld_plan->p_windows;

    for (guint i = 0; i < windows->len; i++) {
        const PlanWindow *window = windows->pdata[i];
        if (overlaps(def, jitter, window->wi_from_us, window->wi_until_us))
            loader_error(loader, at, NULL,
                         window->wi_mode == WINDOW_PAUSE
                             ? "%s the window \"%s\", in which the drill pauses"
                             : "%s the window \"%s\", in which nothing begins",
                         def->jd_at >= window->wi_from_us ? "in" : "with its jitter in",
                         window->wi_name);
    }
}

static void check_moment(Loader *loader, const InjectDef *def, gint64 jitter)
{
    gint64 end = loader->ld_plan->p_duration_us;
    Node *at = node_get(def->jd_def, "at");

    if (def->jd_at >= end || def->jd_at + jitter > end) {
        g_autofree char *text = duration_text(end);
        loader_error(loader, at, NULL, "%s after the drill's end (%s)",
                     def->jd_at >= end ? "at or" : "with its jitter", text);
        return;
    }
    check_phases(loader, def, at, jitter);
    check_windows(loader, def, at, jitter);
}

/* Keys that say nothing with this trigger. */
static void check_delay(Loader *loader, const InjectDef *def)
{
    Node *after = node_get(def->jd_def, "after");
    Node *delay = node_key(def->jd_def, "delay");
    Node *manual = node_get(def->jd_def, "manual");

    if (delay && defaults_gave(delay))
        delay = NULL;
    if (delay && node_get(def->jd_def, "at"))
        loader_error(loader, delay, "write the later time in \"at\"",
                     "\"delay\" goes with \"after\" and \"when\"");
    else if (delay && node_get(after, "delay"))
        loader_error(loader, delay, NULL, "\"after\" has a delay too: one of the two");
    if (!manual)
        return;
    if (!g_strcmp0(node_text(manual), "false"))
        loader_error(loader, manual,
                     "leave it away and say \"at\", \"after\" or \"when\"",
                     "manual: false is no trigger");
    static const char *const none[] = {"delay", "jitter"};
    for (gsize i = 0; i < G_N_ELEMENTS(none); i++) {
        Node *key = node_key(def->jd_def, none[i]);
        if (key && !defaults_gave(key))
            loader_error(loader, key, NULL,
                         "a manual inject begins at once: it has no \"%s\"", none[i]);
    }
}

void triggers_read(Loader *loader, InjectDef *def)
{
    const Plan *plan = loader->ld_plan;
    Node *at = node_get(def->jd_def, "at");
    gint64 jitter = key_duration(&keys_inject, def->jd_def, "jitter");
    gint64 drawn =
        ident_draw(plan->p_name, loader->ld_seed, def->jd_name->nd_text, jitter);

    check_delay(loader, def);
    def->jd_delay = drawn + key_duration(&keys_inject, def->jd_def, "delay") +
                    key_duration(&keys_after, node_get(def->jd_def, "after"), "delay");
    def->jd_has_at = at && loader_moment(loader, at, &def->jd_at);
    if (!def->jd_has_at)
        return;
    check_moment(loader, def, jitter);
    def->jd_at += drawn;
}

void triggers_set(const InjectDef *def, PlanInject *inject)
{
    const Node *node = def->jd_def, *retry = node_get(node, "retry");

    inject->in_trigger = node_get(node, "after")    ? TRIGGER_AFTER
                         : node_get(node, "when")   ? TRIGGER_WHEN
                         : node_get(node, "manual") ? TRIGGER_MANUAL
                                                    : TRIGGER_AT;
    inject->in_at_us = def->jd_at;
    if (inject->in_trigger == TRIGGER_AFTER || inject->in_trigger == TRIGGER_WHEN)
        inject->in_delay_us = def->jd_delay;
    inject->in_hold = key_bool(&keys_inject, node, "hold");
    inject->in_retries = (int)key_int(&keys_retry, retry, "times");
    inject->in_retry_wait_us = retry ? key_duration(&keys_retry, retry, "wait") : 0;
    inject->in_expires_us = key_duration(&keys_inject, node, "expires");
    inject->in_together = key_bool(&keys_inject, node, "together");
}

/* --- who waits for whom --- */

GArray *loader_injects(Loader *loader, Node *name, int team)
{
    const Plan *plan = loader->ld_plan;
    const Node *injects = node_get(loader->ld_root, "injects");
    const GArray *all = g_hash_table_lookup(loader->ld_injects, name->nd_text);
    GArray *out = g_array_new(FALSE, FALSE, sizeof(int));
    int only = -1;

    if (!node_get(injects, name->nd_text)) {
        loader_dangling(loader, name, "inject", injects, NULL);
        return out;
    }
    for (guint i = 0; all && i < all->len; i++) {
        int index = g_array_index(all, int, i);
        int whose = plan_inject(plan, index)->in_team;
        if (whose == team)
            g_array_append_val(out, index);
        only = !i || only == whose ? whose : -1;
    }
    if (out->len || !all) /* one with errors of its own has no instances */
        return out;
    if (only >= 0)
        g_array_append_vals(out, all->data, all->len);
    else
        loader_error(loader, name, NULL,
                     "the inject \"%s\" is not for the team %s, but for several others",
                     name->nd_text, plan_team(plan, team)->pt_id);
    return out;
}

static void resolve_after(Loader *loader, const Node *def, PlanInject *inject)
{
    Node *after = node_get(def, "after");
    gboolean more = after->nd_kind == NODE_MAP;
    Node *name = more ? node_get(after, "inject") : after;
    Node *word = more ? node_get(after, "outcome") : NULL;

    if (!node_text(name))
        return;
    g_autoptr(GArray) steps = loader_injects(loader, name, inject->in_team);
    inject->in_outcome =
        condition_outcome(key_text(&keys_after, more ? after : NULL, "outcome"));
    if (!steps->len)
        return;
    int last = g_array_index(steps, int, steps->len - 1);
    condition_check_outcome(loader, word ? word : name, last, inject->in_outcome);
    inject->in_after = last;
    if (steps->len == 1 || inject->in_outcome == OUTCOME_SUCCESS)
        return;
    /* Any step of a chain may end it. */
    inject->in_after = -1;
    inject->in_trigger = TRIGGER_WHEN;
    inject->in_when = condition_of_inject(steps, inject->in_outcome);
    inject->in_outcome = OUTCOME_COMPLETION;
}

static void resolve(Loader *loader, const Node *def, PlanInject *inject)
{
    if (inject->in_trigger == TRIGGER_AFTER && inject->in_after < 0)
        resolve_after(loader, def, inject);
    else if (inject->in_trigger == TRIGGER_WHEN)
        inject->in_when =
            condition_expand(loader, node_get(def, "when"), inject->in_team);
}

/* --- when that is, at the earliest --- */

#define NEVER G_MAXINT64

static gint64 later(gint64 base, gint64 by)
{
    return base == NEVER || base > NEVER - by ? NEVER : base + by;
}

static gint64 outcome_lasts(const PlanInject *inject, PlanOutcome outcome)
{
    if (outcome == OUTCOME_EXPIRY)
        return inject->in_expires_us;
    if (outcome != OUTCOME_FAILURE || inject->in_kind != INJECT_MESSAGE)
        return 0;
    for (guint i = 0; i < inject->in_expect->len; i++) {
        const PlanExpect *expect = inject->in_expect->pdata[i];
        if (expect->ex_kind == EXPECT_ANSWER)
            return expect->ex_within_us;
    }
    return 0;
}

static gint64 ended_at(const Plan *plan, const gint64 *earliest, int inject,
                       PlanOutcome outcome)
{
    return later(earliest[inject], outcome_lasts(plan_inject(plan, inject), outcome));
}

static gint64 condition_at(const Plan *plan, const gint64 *earliest,
                           const PlanCondition *condition)
{
    gboolean any = condition->co_kind == CONDITION_ANY;
    gint64 at = any && condition->co_parts->len ? NEVER : 0;

    switch (condition->co_kind) {
    case CONDITION_CHECK:
        return condition->co_lasts_us;
    case CONDITION_INJECT:
        return ended_at(plan, earliest, condition->co_ref, condition->co_outcome);
    case CONDITION_REPORT:
        return earliest[condition->co_ref];
    case CONDITION_CLAIM:
    case CONDITION_SCORE:
    case CONDITION_NONE:
        return 0;
    case CONDITION_ALL:
    case CONDITION_ANY:
        break;
    }
    for (guint i = 0; i < condition->co_parts->len; i++) {
        gint64 part = condition_at(plan, earliest, condition->co_parts->pdata[i]);
        at = any ? MIN(at, part) : MAX(at, part);
    }
    return at;
}

static gint64 inject_at(const Plan *plan, const gint64 *earliest,
                        const PlanInject *inject)
{
    if (inject->in_trigger == TRIGGER_AFTER && inject->in_after >= 0)
        return later(ended_at(plan, earliest, inject->in_after, inject->in_outcome),
                     inject->in_delay_us);
    if (inject->in_trigger == TRIGGER_WHEN && inject->in_when)
        return later(condition_at(plan, earliest, inject->in_when), inject->in_delay_us);
    return inject->in_at_us;
}

/* Times only fall, so this comes to an end; to and fro, since most files are written in
 * one of these orders. */
static gint64 *earliest_of(const Plan *plan)
{
    guint n = plan->p_injects->len;
    gint64 *earliest = g_new(gint64, n + 1);
    gboolean changed = TRUE;

    for (guint i = 0; i < n; i++)
        earliest[i] = NEVER;
    while (changed) {
        changed = FALSE;
        for (guint i = 0; i < 2 * n; i++) {
            guint at = i < n ? i : 2 * n - 1 - i;
            gint64 us = inject_at(plan, earliest, plan_inject(plan, (int)at));
            changed = changed || us < earliest[at];
            earliest[at] = MIN(earliest[at], us);
        }
    }
    return earliest;
}

/* --- cycles --- */

/* An inject that never comes and that the condition needs, or -1. */
static int missing_part(const gint64 *earliest, const PlanCondition *condition)
{
    int missing = -1;

    if (condition->co_kind == CONDITION_INJECT || condition->co_kind == CONDITION_REPORT)
        return earliest[condition->co_ref] == NEVER ? condition->co_ref : -1;
    if (condition->co_kind != CONDITION_ALL && condition->co_kind != CONDITION_ANY)
        return -1;
    for (guint i = 0; i < condition->co_parts->len && missing < 0; i++)
        missing = missing_part(earliest, condition->co_parts->pdata[i]);
    return missing;
}

static int missing_of(const Plan *plan, const gint64 *earliest, int index)
{
    const PlanInject *inject = plan_inject(plan, index);

    if (inject->in_trigger == TRIGGER_AFTER)
        return inject->in_after;
    return inject->in_when ? missing_part(earliest, inject->in_when) : -1;
}

static Node *trigger_node(const Loader *loader, const PlanInject *inject)
{
    const Node *injects = node_get(loader->ld_root, "injects");
    gsize len = strcspn(inject->in_name, ".");
    g_autofree char *name = g_strndup(inject->in_name, len);
    const Node *def = node_get(injects, name);

    return node_get(def, "after") ? node_key(def, "after") : node_key(def, "when");
}

/* `first` waits for itself: names all on the way, from the one that stands first. */
static void tell_cycle(Loader *loader, const gint64 *earliest, int first)
{
    const Plan *plan = loader->ld_plan;
    g_autoptr(GString) way = g_string_new(NULL);
    int start = first, at = first;

    do {
        at = missing_of(plan, earliest, at);
        start = MIN(start, at);
    } while (at != first);
    at = start;
    do {
        g_string_append_printf(way, "%s → ", plan_inject(plan, at)->in_name);
        at = missing_of(plan, earliest, at);
    } while (at != start);
    g_string_append(way, plan_inject(plan, start)->in_name);
    loader_error(loader, trigger_node(loader, plan_inject(plan, start)), NULL,
                 "a cycle: %s; each waits for the next", way->str);
}

static void tell_cycles(Loader *loader, const gint64 *earliest)
{
    const Plan *plan = loader->ld_plan;
    guint n = plan->p_injects->len;
    g_autofree guint *walk = g_new0(guint, n + 1);

    for (guint i = 0; i < n; i++) {
        int at = (int)i;
        while (at >= 0 && earliest[at] == NEVER && !walk[at]) {
            walk[at] = i + 1;
            at = missing_of(plan, earliest, at);
        }
        if (at >= 0 && earliest[at] == NEVER && walk[at] == i + 1)
            tell_cycle(loader, earliest, at);
    }
}

static void tell_late(Loader *loader, const gint64 *earliest)
{
    const Plan *plan = loader->ld_plan;

    for (guint i = 0; loader->ld_has_start && i < plan->p_injects->len; i++) {
        const PlanInject *inject = plan_inject(plan, (int)i);
        if (inject->in_trigger == TRIGGER_AT || earliest[i] == NEVER ||
            earliest[i] < plan->p_duration_us)
            continue;
        g_autofree char *at = duration_text(earliest[i]);
        g_autofree char *end = duration_text(plan->p_duration_us);
        loader_error(loader, trigger_node(loader, inject), NULL,
                     "\"%s\" comes at %s at the earliest: the drill ends at %s",
                     inject->in_name, at, end);
    }
}

void triggers_resolve(Loader *loader)
{
    const Node *injects = node_get(loader->ld_root, "injects");

    for (guint i = 0; i < node_len(injects); i++) {
        const GArray *all =
            g_hash_table_lookup(loader->ld_injects, node_key_at(injects, i));
        for (guint j = 0; all && j < all->len; j++)
            resolve(loader, node_at(injects, i),
                    plan_inject(loader->ld_plan, g_array_index(all, int, j)));
    }
    g_autofree gint64 *earliest = earliest_of(loader->ld_plan);
    tell_cycles(loader, earliest);
    tell_late(loader, earliest);
}
