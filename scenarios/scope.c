/* The scope: who allowed the drill, and whether what is planned keeps to it. */
#include "scenarios/keys_spec.h"
#include "scenarios/people.h"
#include "scenarios/values.h"

#include <string.h>

#define DEADMAN_MIN_US (5 * (gint64)G_USEC_PER_SEC)

/* --- what is allowed --- */

static const KeySpec *rule_spec(PlanEngagement rule)
{
    return keys_find(&keys_scope_rules, plan_engagement_name(rule));
}

static PlanRuling ruling_of(const char *word)
{
    for (int i = RULING_FORBIDDEN; i <= RULING_ALLOWED; i++)
        if (!g_strcmp0(plan_ruling_name((PlanRuling)i), word))
            return (PlanRuling)i;
    return RULING_FORBIDDEN; /* the shape told that the word is none */
}

/* Is there a target of that name in any estate? If not, `known` gets the names. */
static gboolean target_known(const Loader *loader, const char *name, GPtrArray *known)
{
    const Node *estates = node_get(loader->ld_root, "estates");

    for (guint i = 0; i < node_len(estates); i++) {
        const Node *targets = node_get(node_at(estates, i), "targets");
        if (node_get(targets, name))
            return TRUE;
        for (guint j = 0;
             targets && targets->nd_kind == NODE_MAP && j < node_len(targets); j++)
            g_ptr_array_add(known, (char *)node_key_at(targets, j));
    }
    return FALSE;
}

static void check_targets(Loader *loader, const Node *list)
{
    for (guint i = 0; list && list->nd_kind == NODE_LIST && i < node_len(list); i++) {
        Node *node = node_at(list, i);
        g_autoptr(GPtrArray) known = g_ptr_array_new();
        g_autofree char *hint = NULL;
        if (!node_text(node) || target_known(loader, node->nd_text, known))
            continue;
        const char *close = value_closest(node->nd_text, known);
        if (close)
            hint = g_strdup_printf("did you mean \"%s\"?", close);
        loader_error(loader, node, hint, "no estate has a target named \"%s\"",
                     node->nd_text);
    }
}

static void expand_window(Loader *loader, const Node *scope)
{
    Node *window = node_get(scope, "window");
    PlanHours hours;

    if (!window || !hours_read(window, &hours))
        return;
    loader->ld_plan->p_scope.sp_windows =
        hours_occurrences(loader, &hours, "scope", WINDOW_QUIET);
    if (!loader->ld_plan->p_scope.sp_windows->len && loader->ld_has_start)
        loader_warn(
            loader, node_key(scope, "window"), NULL,
            "the scope's window never comes within the drill: nothing may attack");
    g_free(hours.hr_text);
}

void scope_expand(Loader *loader)
{
    const Node *scope = node_get(loader->ld_root, "scope");
    const Node *rules = node_get(scope, "rules");
    PlanScope *out = &loader->ld_plan->p_scope;

    out->sp_authorised_by = g_strdup(node_get_text(scope, "authorised-by"));
    out->sp_safety_officer = g_strdup(node_get_text(scope, "safety-officer"));
    out->sp_safety_phone = g_strdup(node_get_text(scope, "safety-phone"));
    out->sp_max_risk = g_strdup(key_text(&keys_scope, scope, "max-risk"));
    g_strfreev(out->sp_allow);
    out->sp_allow = key_texts(scope, "allow");
    out->sp_sub_techniques = key_bool(&keys_scope, scope, "sub-techniques");
    g_strfreev(out->sp_targets);
    out->sp_targets = key_texts(scope, "targets");
    out->sp_has_rules = rules != NULL;
    for (int i = 0; i < ENGAGE_COUNT; i++)
        out->sp_rules[i] = ruling_of(
            key_text(&keys_scope_rules, rules, rule_spec((PlanEngagement)i)->ks_key));
    out->sp_deadman_us = key_duration(&keys_scope, scope, "dead-man");
    if (out->sp_deadman_us && out->sp_deadman_us < DEADMAN_MIN_US)
        loader_error(loader, node_get(scope, "dead-man"), NULL,
                     "Parry is heard every 2 s: at least 5s, or 0s for never");
    check_targets(loader, node_get(scope, "targets"));
    expand_window(loader, scope);
}

/* --- an attack as written --- */

static int risk_of(const char *word)
{
    for (int i = 0; words_risk[i]; i++)
        if (!g_strcmp0(words_risk[i], word))
            return i;
    return 0;
}

static gboolean allowed(const PlanScope *scope, const char *technique)
{
    for (char **allow = scope->sp_allow; *allow; allow++)
        if (scope->sp_sub_techniques ? value_technique_covers(*allow, technique)
                                     : !strcmp(*allow, technique))
            return TRUE;
    return FALSE;
}

static void check_technique(Loader *loader, Node *name, const Node *def)
{
    const PlanScope *scope = &loader->ld_plan->p_scope;
    Node *technique = node_get(def, "technique");

    if (!node_get(node_get(loader->ld_root, "scope"), "allow"))
        loader_warn(
            loader, name, "write scope: {allow: [T1110, …]}",
            "the scope has no \"allow\": nothing holds the attacks to what was agreed");
    else if (!technique)
        loader_error(
            loader, name, "write for example \"technique: T1110.001\"",
            "an attack needs a technique, to be held against the scope's \"allow\"");
    else if (node_text(technique) && !allowed(scope, technique->nd_text))
        loader_error(
            loader, technique,
            scope->sp_sub_techniques
                ? "allow T1110 covers T1110 and all below it; allow T1110.001 only that"
                : "sub-techniques: false holds the scope to exactly what \"allow\" names",
            "the technique %s is outside the scope's \"allow\"", technique->nd_text);
}

/* Was the rule written, and forbids it? What is forbidden by default is for people. */
static gboolean forbids(const Loader *loader, PlanEngagement rule)
{
    const Node *rules = node_get(node_get(loader->ld_root, "scope"), "rules");

    return node_get(rules, plan_engagement_name(rule)) &&
           loader->ld_plan->p_scope.sp_rules[rule] == RULING_FORBIDDEN;
}

static void check_families(Loader *loader, const Node *def)
{
    static const struct {
        PlanEngagement rule;
        const char *techniques[3];
        const char *risk;
    } families[] = {
        {ENGAGE_DENIAL, {"T1498", "T1499", NULL}, "stops-service"},
        {ENGAGE_WIPING, {"T1485", "T1561", NULL}, "destroys-data"},
    };
    Node *technique = node_get(def, "technique"), *risk = node_get(def, "risk");

    for (gsize i = 0; i < G_N_ELEMENTS(families); i++) {
        const char *rule = plan_engagement_name(families[i].rule);
        if (!forbids(loader, families[i].rule))
            continue;
        for (const char *const *one = families[i].techniques; *one; one++)
            if (node_text(technique) && value_technique_covers(*one, technique->nd_text))
                loader_error(loader, technique, NULL,
                             "the scope's rule \"%s\" forbids the technique %s", rule,
                             technique->nd_text);
        if (!g_strcmp0(node_text(risk), families[i].risk))
            loader_error(loader, risk, NULL,
                         "the scope's rule \"%s\" forbids the risk \"%s\"", rule,
                         risk->nd_text);
    }
}

void scope_check_attack(Loader *loader, Node *name, const Node *def)
{
    const char *risk = key_text(&keys_inject, def, "risk");
    const char *most = loader->ld_plan->p_scope.sp_max_risk;

    check_technique(loader, name, def);
    if (risk_of(risk) > risk_of(most))
        loader_error(loader, node_get(def, "risk") ? node_get(def, "risk") : name, NULL,
                     "the risk \"%s\" is above the scope's max-risk \"%s\"", risk, most);
    check_families(loader, def);
}

/* --- an attack for one team --- */

static void check_target(Loader *loader, Node *name, const Node *def,
                         const PlanInject *inject)
{
    const PlanScope *scope = &loader->ld_plan->p_scope;
    Node *at = node_get(def, "target") ? node_get(def, "target") : node_get(def, "host");

    if (!*scope->sp_targets || inject->in_target < 0)
        return;
    const char *id = plan_target(loader->ld_plan, inject->in_target)->ta_id;
    const char *slash = strchr(id, '/');
    const char *target = slash ? slash + 1 : id;
    if (!g_strv_contains((const char *const *)scope->sp_targets, target))
        loader_error(loader, at ? at : name, "name it there, or write \"target: none\"",
                     "the target \"%s\" is not among the scope's \"targets\"", target);
}

static void check_victim(Loader *loader, Node *name, const Node *def,
                         const PlanInject *inject)
{
    const Plan *plan = loader->ld_plan;
    const PlanTeam *team = plan_team(plan, inject->in_team);
    Node *host = node_get(def, "host");

    if (inject->in_host >= 0 && forbids(loader, ENGAGE_REFEREE) &&
        plan_host(plan, inject->in_host)->ph_owner == SIDE_WHITE)
        loader_error(loader, host ? host : name, NULL,
                     "the host \"%s\" is white's: the scope's rule \"%s\" forbids it",
                     plan_host(plan, inject->in_host)->ph_name,
                     plan_engagement_name(ENGAGE_REFEREE));
    if (inject->in_by >= 0 && team->pt_side == SIDE_RED &&
        forbids(loader, ENGAGE_RED_ON_RED))
        loader_error(loader, node_get(def, "for") ? node_get(def, "for") : name, NULL,
                     "the team %s is red: the scope's rule \"%s\" forbids it",
                     team->pt_id, plan_engagement_name(ENGAGE_RED_ON_RED));
}

static gboolean within(const GPtrArray *windows, gint64 from, gint64 until)
{
    for (guint i = 0; i < windows->len; i++) {
        const PlanWindow *window = windows->pdata[i];
        if (from >= window->wi_from_us && until < window->wi_until_us)
            return TRUE;
    }
    return FALSE;
}

static void check_time(Loader *loader, const Node *def, const PlanInject *inject)
{
    const GPtrArray *windows = loader->ld_plan->p_scope.sp_windows;
    Node *at = node_get(def, "at");
    gint64 jitter = key_duration(&keys_inject, def, "jitter"), when;

    if (!windows)
        return;
    /* When one begins that waits for something is known in the drill, which holds it. */
    if (inject->in_trigger != TRIGGER_AT || !node_text(at) ||
        !loader_moment(loader, at, &when) || within(windows, when, when + jitter))
        return;
    loader_error(loader, at, NULL,
                 within(windows, when, when)
                     ? "with its jitter outside the scope's \"window\""
                     : "outside the scope's \"window\"");
}

void scope_check_inject(Loader *loader, Node *name, const Node *def,
                        const PlanInject *inject)
{
    check_target(loader, name, def, inject);
    check_victim(loader, name, def, inject);
    check_time(loader, def, inject);
}
