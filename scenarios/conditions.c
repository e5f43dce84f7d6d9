/* Conditions: what a mapping such as {check: web-up, state: down} means for one team. */
#include "scenarios/injects.h"
#include "scenarios/values.h"

#include <string.h>

static const char *team_id(const Loader *loader, int team)
{
    return plan_team(loader->ld_plan, team)->pt_id;
}

PlanOutcome condition_outcome(const char *word)
{
    static const char *const words[] = {
        [OUTCOME_COMPLETION] = "completion",
        [OUTCOME_SUCCESS] = "success",
        [OUTCOME_FAILURE] = "failure",
        [OUTCOME_EXPIRY] = "expiry",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (!g_strcmp0(words[i], word))
            return (PlanOutcome)i;
    return OUTCOME_COMPLETION; /* the shape told that the word is none */
}

static PlanCondition *of_check(Loader *loader, const Node *map, Node *name, int team)
{
    Plan *plan = loader->ld_plan;
    const Node *checks = node_get(loader_estate(loader, team), "checks");
    g_autofree char *id = g_strdup_printf("%s/%s", team_id(loader, team), name->nd_text);
    int check = plan_check_index(plan, id);

    if (check < 0) {
        if (!node_get(checks, name->nd_text)) {
            g_autofree char *what =
                g_strdup_printf("check of the team %s", team_id(loader, team));
            loader_dangling(loader, name, what, checks, NULL);
        }
        return NULL;
    }
    if (!plan_check(plan, check)->ck_interval_us)
        loader_error(loader, name, "give the check \"every\"",
                     "the check \"%s\" is asked only on demand: its state is not known",
                     name->nd_text);
    if (!node_get(map, "state"))
        loader_error(loader, node_key(map, "check"), "write for example \"state: down\"",
                     "a condition on a check needs \"state\"");
    PlanCondition *out = plan_condition_new(CONDITION_CHECK);
    out->co_ref = check;
    out->co_state = g_strdup(key_text(&keys_condition, map, "state"));
    out->co_lasts_us = key_duration(&keys_condition, map, "lasts");
    return out;
}

static void part_add(PlanCondition *any, PlanConditionKind kind, int ref,
                     PlanOutcome outcome)
{
    PlanCondition *part = plan_condition_new(kind);

    part->co_ref = ref;
    part->co_outcome = outcome;
    g_ptr_array_add(any->co_parts, part);
}

/* A chain is one inject to whoever writes a condition: its success is that of the last
 * step, anything else that of any step; and a step that went well ends no chain. */
static PlanCondition *of_steps(PlanConditionKind kind, const GArray *steps,
                               PlanOutcome outcome)
{
    gboolean last = kind == CONDITION_INJECT && outcome == OUTCOME_SUCCESS;
    gboolean ended = kind == CONDITION_INJECT && outcome == OUTCOME_COMPLETION;

    if (steps->len == 1 || last) {
        PlanCondition *out = plan_condition_new(kind);
        out->co_ref = g_array_index(steps, int, steps->len - 1);
        out->co_outcome = outcome;
        return out;
    }
    PlanCondition *out = plan_condition_new(CONDITION_ANY);
    for (guint i = 0; i < steps->len; i++) {
        int step = g_array_index(steps, int, i);
        if (ended && i + 1 < steps->len) {
            part_add(out, kind, step, OUTCOME_FAILURE);
            part_add(out, kind, step, OUTCOME_EXPIRY);
        } else {
            part_add(out, kind, step, outcome);
        }
    }
    return out;
}

PlanCondition *condition_of_inject(const GArray *steps, PlanOutcome outcome)
{
    return of_steps(CONDITION_INJECT, steps, outcome);
}

void condition_check_outcome(Loader *loader, Node *at, int inject, PlanOutcome outcome)
{
    const PlanInject *plan = plan_inject(loader->ld_plan, inject);
    int len = (int)strcspn(plan->in_name, "."); /* a chain is told by its own name */
    gboolean silent = plan->in_kind == INJECT_MESSAGE;

    for (guint i = 0; i < plan->in_expect->len; i++)
        if (((const PlanExpect *)plan->in_expect->pdata[i])->ex_kind == EXPECT_ANSWER)
            silent = FALSE;
    if (outcome == OUTCOME_EXPIRY && !plan->in_expires_us)
        loader_error(loader, at, "give it \"expires\"",
                     "the inject \"%.*s\" never expires", len, plan->in_name);
    else if (silent && outcome == OUTCOME_FAILURE)
        loader_error(loader, at, "give the message \"answer-within\"",
                     "the message \"%.*s\" wants no answer: it never fails", len,
                     plan->in_name);
}

static PlanCondition *of_inject(Loader *loader, const Node *map, Node *name, int team)
{
    g_autoptr(GArray) steps = loader_injects(loader, name, team);
    PlanOutcome outcome = condition_outcome(key_text(&keys_condition, map, "outcome"));

    if (!steps->len)
        return NULL;
    condition_check_outcome(loader,
                            node_get(map, "outcome") ? node_get(map, "outcome") : name,
                            g_array_index(steps, int, steps->len - 1), outcome);
    return of_steps(CONDITION_INJECT, steps, outcome);
}

static PlanCondition *of_report(Loader *loader, const Node *map, Node *name, int team)
{
    g_autoptr(GArray) steps = loader_injects(loader, name, team);

    (void)map;
    if (!steps->len)
        return NULL;
    if (plan_inject(loader->ld_plan, g_array_index(steps, int, 0))->in_kind !=
        INJECT_ATTACK)
        loader_error(loader, name,
                     "attacks are reported; of a message ask for its "
                     "outcome: {inject: NAME, outcome: success}",
                     "\"%s\" is no attack: nobody reports it", name->nd_text);
    return of_steps(CONDITION_REPORT, steps, OUTCOME_COMPLETION);
}

static PlanCondition *of_claim(Loader *loader, const Node *map, Node *name, int team)
{
    const Plan *plan = loader->ld_plan;
    const Node *targets = node_get(loader_estate(loader, team), "targets");
    g_autofree char *id = g_strdup_printf("%s/%s", team_id(loader, team), name->nd_text);

    (void)map;
    for (guint i = 0; i < plan->p_targets->len; i++) {
        if (strcmp(plan_target(plan, (int)i)->ta_id, id) != 0)
            continue;
        PlanCondition *out = plan_condition_new(CONDITION_CLAIM);
        out->co_ref = (int)i;
        return out;
    }
    if (!node_get(targets, name->nd_text)) {
        g_autofree char *what =
            g_strdup_printf("target of the team %s", team_id(loader, team));
        loader_dangling(loader, name, what, targets, NULL);
    }
    return NULL;
}

static PlanCondition *of_score(const Node *score)
{
    PlanCondition *out = plan_condition_new(CONDITION_SCORE);

    if (node_get_text(score, "below"))
        out->co_below = key_points(&keys_score_is, score, "below");
    if (node_get_text(score, "above"))
        out->co_above = key_points(&keys_score_is, score, "above");
    return out;
}

static PlanCondition *of_parts(Loader *loader, PlanConditionKind kind, Node *key,
                               const Node *list, int team)
{
    PlanCondition *out = plan_condition_new(kind);

    if (list->nd_kind != NODE_LIST)
        return out; /* told by the shape */
    if (!node_len(list))
        loader_error(loader, key, NULL, "\"%s\" of nothing says nothing", key->nd_text);
    for (guint i = 0; i < node_len(list); i++) {
        PlanCondition *part = condition_expand(loader, node_at(list, i), team);
        if (part)
            g_ptr_array_add(out->co_parts, part);
    }
    return out;
}

/* "state" of something that has none. */
static void check_only_with(Loader *loader, const Node *map, const char *key,
                            const char *with)
{
    if (node_get(map, key) && !node_get(map, with))
        loader_error(loader, node_key(map, key), NULL, "\"%s\" goes with \"%s\" only",
                     key, with);
}

PlanCondition *condition_expand(Loader *loader, Node *node, int team)
{
    static const struct {
        const char *key;
        PlanConditionKind kind;
        PlanCondition *(*expand)(Loader *, const Node *, Node *, int);
    } kinds[] = {
        {"check", CONDITION_CHECK, of_check},
        {"inject", CONDITION_INJECT, of_inject},
        {"report", CONDITION_REPORT, of_report},
        {"claim", CONDITION_CLAIM, of_claim},
        {"score", CONDITION_SCORE, NULL},
        {"all", CONDITION_ALL, NULL},
        {"any", CONDITION_ANY, NULL},
        {"none", CONDITION_NONE, NULL},
    };

    if (!node || node->nd_kind != NODE_MAP)
        return NULL;
    check_only_with(loader, node, "state", "check");
    check_only_with(loader, node, "lasts", "check");
    check_only_with(loader, node, "outcome", "inject");
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        Node *value = node_get(node, kinds[i].key);
        if (!value)
            continue;
        if (kinds[i].expand)
            return node_text(value) ? kinds[i].expand(loader, node, value, team) : NULL;
        if (kinds[i].kind == CONDITION_SCORE)
            return of_score(value);
        return of_parts(loader, kinds[i].kind, node_key(node, kinds[i].key), value, team);
    }
    return NULL; /* told by the shape */
}
