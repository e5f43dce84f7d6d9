/* Rehearsal: what scripted players do. */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

/* Is it the inject of that name, or a step of that chain? */
static gboolean is_named(const PlanInject *inject, const char *name)
{
    gsize len = strlen(name);

    return !strncmp(inject->in_name, name, len) &&
           (!inject->in_name[len] || inject->in_name[len] == '.');
}

/* The names as the plan has them: of a chain those of its steps. */
static char **plan_names(const Loader *loader, const Node *list)
{
    g_autoptr(GPtrArray) out = g_ptr_array_new();

    for (guint i = 0; i < node_len(list); i++) {
        const char *name = node_text(node_at(list, i));
        const GArray *all = name ? g_hash_table_lookup(loader->ld_injects, name) : NULL;
        for (guint j = 0; all && j < all->len; j++) {
            const char *own =
                plan_inject(loader->ld_plan, g_array_index(all, int, j))->in_name;
            if (!g_ptr_array_find_with_equal_func(out, own, g_str_equal, NULL))
                g_ptr_array_add(out, g_strdup(own));
        }
    }
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&out), FALSE);
}

/* "all", "none", or names of injects. */
static char **expand_selection(Loader *loader, const Node *def, const char *key,
                               gboolean *all)
{
    Node *node = node_get(def, key);
    const Node *injects = node_get(loader->ld_root, "injects");

    *all = FALSE;
    if (!node || node->nd_kind != NODE_LIST) {
        *all = !g_strcmp0(node_text(node), "all");
        return g_new0(char *, 1);
    }
    for (guint i = 0; i < node_len(node); i++)
        if (node_text(node_at(node, i)) && !node_get(injects, node_at(node, i)->nd_text))
            loader_dangling(loader, node_at(node, i), "inject", injects, NULL);
    return plan_names(loader, node);
}

static void expand_action(Loader *loader, PlanScript *script, Node *def)
{
    Node *at = node_get(def, "at"), *host = node_get(def, "host");
    Plan *plan = loader->ld_plan;
    gint64 when;

    if (!loader_moment(loader, at, &when) || !node_text(host))
        return;
    if (when >= plan->p_duration_us)
        loader_error(loader, at, NULL, "at or after the drill's end");
    int index = loader_host(loader, script->sc_team, host->nd_text);
    if (index < 0) {
        loader_dangling(loader, host, "host of the team",
                        node_get(loader_estate(loader, script->sc_team), "hosts"), NULL);
        return;
    }
    if (plan_host(plan, index)->ph_owner == SIDE_WHITE &&
        plan_team(plan, script->sc_team)->pt_side != SIDE_WHITE)
        loader_error(loader, host, NULL, "the host \"%s\" is white's: no team acts there",
                     host->nd_text);
    PlanAction *action = g_new0(PlanAction, 1);
    action->ac_at_us = when;
    action->ac_host = index;
    action->ac_run = g_strdup(node_get_text(def, "run"));
    const char *title = node_get_text(def, "title");
    action->ac_title = g_strdup(title ? title : "action");
    action->ac_limits = loader_limits(def);
    resets_expand_action(loader, action, def);
    g_ptr_array_add(script->sc_actions, action);
}

/* The team's inject of that name, or NULL; of a chain a step that has a playbook, if any.
 */
static const PlanInject *find_inject(const Plan *plan, int team, const char *name)
{
    const PlanInject *found = NULL;

    for (guint i = 0; i < plan->p_injects->len; i++) {
        const PlanInject *inject = plan_inject(plan, (int)i);
        if (inject->in_team == team && is_named(inject, name) &&
            (!found || inject->in_contain))
            found = inject;
    }
    return found;
}

/* Names that never come to anything for this team. */
static void check_selection(Loader *loader, int team, const Node *def, const char *key)
{
    Node *list = node_get(def, key);
    const Plan *plan = loader->ld_plan;
    gboolean contain = !strcmp(key, "contain");

    if (!list || list->nd_kind != NODE_LIST)
        return;
    for (guint i = 0; i < node_len(list); i++) {
        Node *name = node_at(list, i);
        if (!node_text(name))
            continue;
        const PlanInject *inject = find_inject(plan, team, name->nd_text);
        if (!inject)
            loader_warn(loader, name, NULL, "the inject \"%s\" is not for the team %s",
                        name->nd_text, plan_team(plan, team)->pt_id);
        else if (contain && !inject->in_contain)
            loader_warn(loader, name, "give it a playbook",
                        "nothing tells how to contain the inject \"%s\"", name->nd_text);
    }
}

static gint compare_actions(gconstpointer a, gconstpointer b)
{
    const PlanAction *x = *(PlanAction *const *)a, *y = *(PlanAction *const *)b;

    return (x->ac_at_us > y->ac_at_us) - (x->ac_at_us < y->ac_at_us);
}

static void expand_hold(Loader *loader, PlanScript *script, Node *def)
{
    Node *at = node_get(def, "at");
    const char *reason = node_get_text(def, "reason");
    gint64 when;

    if (!loader_moment(loader, at, &when) || !node_get(def, "for"))
        return;
    if (when >= loader->ld_plan->p_duration_us)
        loader_error(loader, at, NULL, "at or after the drill's end");
    PlanHold *hold = g_new0(PlanHold, 1);
    hold->hd_team = script->sc_team;
    hold->hd_at_us = when;
    hold->hd_for_us = key_duration(&keys_hold, def, "for");
    hold->hd_reason = g_strdup(reason ? reason : "");
    g_ptr_array_add(script->sc_holds, hold);
}

static gint compare_holds(gconstpointer a, gconstpointer b)
{
    const PlanHold *x = *(PlanHold *const *)a, *y = *(PlanHold *const *)b;

    return (x->hd_at_us > y->hd_at_us) - (x->hd_at_us < y->hd_at_us);
}

/* A team that is held cannot be held. */
static void expand_holds(Loader *loader, PlanScript *script, Node *list)
{
    for (guint i = 0; list && list->nd_kind == NODE_LIST && i < node_len(list); i++)
        expand_hold(loader, script, node_at(list, i));
    g_ptr_array_sort(script->sc_holds, compare_holds);
    for (guint i = 1; i < script->sc_holds->len; i++) {
        const PlanHold *before = script->sc_holds->pdata[i - 1];
        const PlanHold *hold = script->sc_holds->pdata[i];
        if (hold->hd_at_us <= before->hd_at_us + before->hd_for_us)
            loader_error(loader, list, NULL,
                         "one hold of the team begins before the other has ended");
    }
}

static void expand_script(Loader *loader, int team, Node *def)
{
    PlanScript *script = plan_script_add(loader->ld_plan, team);
    const Node *actions = node_get(def, "actions");

    script->sc_detect = expand_selection(loader, def, "detect", &script->sc_detect_all);
    script->sc_contain =
        expand_selection(loader, def, "contain", &script->sc_contain_all);
    script->sc_delay_us = key_duration(&keys_script, def, "delay");
    if (actions && actions->nd_kind == NODE_LIST)
        for (guint i = 0; i < node_len(actions); i++)
            expand_action(loader, script, node_at(actions, i));
    g_ptr_array_sort(script->sc_actions, compare_actions);
    expand_holds(loader, script, node_get(def, "holds"));
    check_selection(loader, team, def, "detect");
    check_selection(loader, team, def, "contain");
}

static gboolean has_script(const Plan *plan, int team)
{
    for (guint i = 0; i < plan->p_scripts->len; i++)
        if (((PlanScript *)plan->p_scripts->pdata[i])->sc_team == team)
            return TRUE;
    return FALSE;
}

void scripts_expand(Loader *loader)
{
    const Node *scripts = node_get(loader->ld_root, "rehearsal");

    if (!scripts || scripts->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(scripts); i++) {
        Node *name = scripts->nd_keys->pdata[i];
        if (name->nd_bad)
            continue;
        g_autoptr(GArray) teams = loader_teams(loader, name);
        for (guint j = 0; j < teams->len; j++) {
            int team = g_array_index(teams, int, j);
            if (has_script(loader->ld_plan, team))
                loader_error(loader, name, NULL, "the team %s has two scripts",
                             plan_team(loader->ld_plan, team)->pt_id);
            else
                expand_script(loader, team, node_at(scripts, i));
        }
    }
}
