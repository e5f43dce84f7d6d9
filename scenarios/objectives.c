/*
 * What the drill is to show: metrics, evaluations, training objectives and goals; and the
 * conditions at which it stops by itself.
 */
#include "scenarios/people.h"
#include "scenarios/values.h"

#include <string.h>

static const Node *section(const Loader *loader, const char *key)
{
    const Node *map = node_get(node_get(loader->ld_root, "objectives"), key);

    return map && map->nd_kind == NODE_MAP ? map : NULL;
}

/* The definition that the node names in that section; NULL with a finding. */
static Node *refer(Loader *loader, const char *key, const char *what, Node *name)
{
    const Node *map = section(loader, key);
    Node *def = node_text(name) ? node_get(map, name->nd_text) : NULL;

    if (def)
        g_hash_table_add(loader->ld_used, def);
    else if (node_text(name))
        loader_dangling(loader, name, what, map, NULL);
    return def;
}

/* Likewise for one name, or a list of them. */
static char **refer_all(Loader *loader, const char *key, const char *what,
                        const Node *map, const char *names)
{
    Node *node = node_get(map, names);

    if (node && node->nd_kind == NODE_LIST)
        for (guint i = 0; i < node_len(node); i++)
            refer(loader, key, what, node_at(node, i));
    else if (node)
        refer(loader, key, what, node);
    if (node && node->nd_kind == NODE_LIST && !node_len(node))
        loader_error(loader, node, NULL, "an empty list: name a %s", what);
    return key_texts(map, names);
}

/* For each of the teams; those for which it means nothing are told and left out. */
static GPtrArray *conditions_for(Loader *loader, Node *condition, const GArray *teams)
{
    GPtrArray *out = plan_team_conditions_new();

    for (guint i = 0; condition && i < teams->len; i++) {
        int team = g_array_index(teams, int, i);
        PlanCondition *one = condition_expand(loader, condition, team);
        if (one)
            g_ptr_array_add(out, plan_team_condition_new(team, one));
    }
    return out;
}

static GArray *blue_teams(const Plan *plan)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(int));

    for (int i = 0; i < (int)plan->p_teams->len; i++)
        if (plan_team(plan, i)->pt_side == SIDE_BLUE)
            g_array_append_val(out, i);
    return out;
}

static void expand_capability(Loader *loader, Node *name, Node *def)
{
    PlanCapability *out = g_new0(PlanCapability, 1);

    out->oc_name = g_strdup(name->nd_text);
    out->oc_title = loader_text(node_get(def, "title"), name->nd_text);
    g_ptr_array_add(loader->ld_plan->p_objectives.ob_capabilities, out);
}

static void expand_metric(Loader *loader, Node *name, Node *def)
{
    PlanMetric *out = g_new0(PlanMetric, 1);
    Node *condition = node_get(def, "condition");
    g_autoptr(GArray) teams = blue_teams(loader->ld_plan);

    out->om_name = g_strdup(name->nd_text);
    out->om_title = loader_text(node_get(def, "title"), name->nd_text);
    out->om_conditional = !g_strcmp0(key_text(&keys_metric, def, "kind"), "conditional");
    out->om_artifact = key_bool(&keys_metric, def, "artifact");
    out->om_max = key_points(&keys_metric, def, "max-score");
    out->om_conditions = conditions_for(loader, condition, teams);
    g_ptr_array_add(loader->ld_plan->p_objectives.ob_metrics, out);
    if (out->om_conditional && !condition)
        loader_error(loader, name, "give it \"condition\", or leave \"kind\" away",
                     "the conditional metric \"%s\" has no condition", name->nd_text);
    if (!out->om_conditional && condition)
        loader_error(loader, node_key(def, "condition"), "write kind: conditional",
                     "an evaluator gives the score of a manual metric, not a condition");
    if (out->om_conditional && out->om_artifact)
        loader_error(loader, node_key(def, "artifact"), NULL,
                     "a document is handed in to an evaluator: \"artifact\" goes with "
                     "kind: manual");
    if (node_get_text(def, "max-score") && !out->om_max)
        loader_error(loader, node_get(def, "max-score"), NULL,
                     "no points: the metric tells nothing");
}

/* What its metrics give together at most. */
static gint64 most(Loader *loader, char *const *metrics)
{
    gint64 sum = 0;

    for (; *metrics; metrics++)
        sum += key_points(&keys_metric, node_get(section(loader, "metrics"), *metrics),
                          "max-score");
    return sum;
}

static void expand_evaluation(Loader *loader, Node *name, Node *def)
{
    PlanEvaluation *out = g_new0(PlanEvaluation, 1);
    const char *min = key_text(&keys_evaluation, def, "min-score");
    int percent;

    out->oe_name = g_strdup(name->nd_text);
    out->oe_title = loader_text(node_get(def, "title"), name->nd_text);
    out->oe_metrics = refer_all(loader, "metrics", "metric", def, "metrics");
    gint64 sum = most(loader, out->oe_metrics);
    if (value_percent(min, &percent))
        out->oe_min = sum * percent / 100;
    else
        value_points(min, &out->oe_min);
    if (out->oe_min > sum && sum)
        loader_error(loader, node_get(def, "min-score"), NULL,
                     "nobody can meet this: its metrics give %" G_GINT64_FORMAT
                     " points together",
                     sum / 1000);
    g_ptr_array_add(loader->ld_plan->p_objectives.ob_evaluations, out);
}

static void expand_training(Loader *loader, Node *name, Node *def)
{
    PlanTrainingObjective *out = g_new0(PlanTrainingObjective, 1);
    Node *capability = node_get(def, "capability"), *notes = node_get(def, "notes");

    out->ot_name = g_strdup(name->nd_text);
    out->ot_title = loader_text(node_get(def, "title"), name->nd_text);
    refer(loader, "evaluations", "evaluation", node_get(def, "evaluation"));
    out->ot_evaluation = g_strdup(node_get_text(def, "evaluation"));
    if (capability)
        refer(loader, "capabilities", "capability", capability);
    out->ot_capability = g_strdup(node_text(capability));
    out->ot_notes = notes ? loader_text(notes, "") : NULL;
    g_ptr_array_add(loader->ld_plan->p_objectives.ob_training, out);
}

static void expand_goal(Loader *loader, Node *name, Node *def)
{
    PlanGoal *out = g_new0(PlanGoal, 1);

    out->og_name = g_strdup(name->nd_text);
    out->og_title = loader_text(node_get(def, "title"), name->nd_text);
    out->og_objectives = refer_all(loader, "training-objectives", "training objective",
                                   def, "training-objectives");
    g_ptr_array_add(loader->ld_plan->p_objectives.ob_goals, out);
}

/* Objectives that injects serve; whether they are there was looked at with the inject. */
static void mark_served(Loader *loader)
{
    const Plan *plan = loader->ld_plan;

    for (guint i = 0; i < plan->p_injects->len; i++)
        for (char **name = plan_inject(plan, (int)i)->in_objectives; *name; name++) {
            Node *def = node_get(section(loader, "training-objectives"), *name);
            if (def)
                g_hash_table_add(loader->ld_used, def);
        }
}

/* In the order in which a reader meets them; the goals' own names nobody refers to. */
static const struct {
    const char *key;
    void (*expand)(Loader *, Node *, Node *);
    const char *idle; /* what is said of one that nothing refers to */
} sections[] = {
    {"capabilities", expand_capability, "no training objective is about the capability"},
    {"metrics", expand_metric, "no evaluation adds up the metric"},
    {"evaluations", expand_evaluation, "no training objective rests on the evaluation"},
    {"training-objectives", expand_training,
     "no goal and no inject serves the training objective"},
    {"goals", expand_goal, NULL},
};

void objectives_expand(Loader *loader)
{
    for (gsize s = 0; s < G_N_ELEMENTS(sections); s++) {
        const Node *map = section(loader, sections[s].key);
        for (guint i = 0; i < node_len(map); i++) {
            Node *name = map->nd_keys->pdata[i], *def = node_at(map, i);
            if (!name->nd_bad && def->nd_kind == NODE_MAP)
                sections[s].expand(loader, name, def);
        }
    }
    mark_served(loader);
    for (gsize s = 0; s < G_N_ELEMENTS(sections); s++) {
        const Node *map = section(loader, sections[s].key);
        for (guint i = 0; sections[s].idle && i < node_len(map); i++)
            if (!g_hash_table_contains(loader->ld_used, node_at(map, i)))
                loader_warn(loader, map->nd_keys->pdata[i], NULL, "%s \"%s\"",
                            sections[s].idle, node_key_at(map, i));
    }
}

void stops_expand(Loader *loader)
{
    const Node *list = node_get(node_get(loader->ld_root, "drill"), "stop");

    if (!list || list->nd_kind != NODE_LIST)
        return;
    for (guint i = 0; i < node_len(list); i++) {
        const Node *def = node_at(list, i);
        Node *names = node_get(def, "for"), *reason = node_get(def, "reason");
        g_autoptr(GArray) teams =
            names ? loader_teams(loader, names) : blue_teams(loader->ld_plan);
        PlanStop *stop = plan_stop_add(loader->ld_plan);
        g_ptr_array_unref(stop->st_when);
        stop->st_when = conditions_for(loader, node_get(def, "when"), teams);
        stop->st_action = !g_strcmp0(key_text(&keys_stop, def, "action"), "end")
                              ? STOP_END
                              : STOP_PAUSE;
        stop->st_reason = reason ? loader_text(reason, "") : NULL;
    }
}
