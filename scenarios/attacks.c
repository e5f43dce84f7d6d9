/* Attacks: a script, a chain of them, or one of a library. */
#include "scenarios/injects.h"
#include "scenarios/people.h"
#include "scenarios/values.h"

#include <string.h>

/* A host of the victim's estate, else of the red team; -1 with a finding. */
static int find_actor(Loader *loader, const PlanInject *inject, Node *node)
{
    int index = loader_host(loader, inject->in_team, node->nd_text);

    if (index < 0)
        index = loader_host(loader, inject->in_by, node->nd_text);
    if (index < 0) {
        const Node *red = inject->in_by < 0 ? NULL : loader_estate(loader, inject->in_by);
        loader_dangling(loader, node, "host of the victim's estate or of the red team",
                        node_get(red, "hosts"), NULL);
    }
    return index;
}

/* A script that looks for the effect gets the attack's environment too; a check has none
 * on the wire, so env(1) sets it. */
static void give_env(PlanInject *inject)
{
    const char *script =
        json_string_value(json_object_get(inject->in_effect_params, "script"));

    if (!script)
        return;
    json_t *argv = json_pack("[s]", "env");
    for (char **pair = inject->in_env; *pair; pair++)
        json_array_append_new(argv, json_string(*pair));
    json_array_append_new(argv, json_string("sh"));
    json_array_append_new(argv, json_string("-c"));
    json_array_append_new(argv, json_string(script));
    json_object_set_new(inject->in_effect_params, "argv", argv);
    json_object_del(inject->in_effect_params, "script");
}

static void expand_effect(Loader *loader, PlanInject *inject, Node *attack)
{
    Node *effect = node_get(attack, "effect");
    Node *host = node_get(effect, "host");
    CheckKind kind;

    if (!effect) {
        loader_warn(loader, node_key(attack, "run") ? node_key(attack, "run") : attack,
                    "give the attack an effect",
                    "nothing tells whether this attack worked");
        return;
    }
    if (!check_kind_of(&keys_effect, effect, &kind))
        return;
    int looks = node_text(host) ? find_actor(loader, inject, host) : inject->in_host;
    if (looks < 0)
        return;
    int seen = kind.ki_network ? inject->in_host : looks;
    inject->in_effect_host = looks;
    inject->in_effect_kind = g_strdup(kind.ki_kind);
    inject->in_effect_params = check_params(loader, &kind, inject->in_team, seen, looks);
    if (inject->in_effect_params)
        give_env(inject);
}

static void expand_env(const Loader *loader, PlanInject *inject, guint32 target)
{
    const Plan *plan = loader->ld_plan;
    g_autofree char *addr = target ? plan_addr_text(target) : g_strdup("");
    guint32 red = inject->in_by < 0 ? 0 : wiring_shared_address(loader, inject->in_by);
    g_autofree char *attacker = red ? plan_addr_text(red) : g_strdup("");

    g_strfreev(inject->in_env);
    inject->in_env = g_new0(char *, 6);
    inject->in_env[0] = g_strdup_printf("PARRY_DRILL=%s", plan->p_name);
    inject->in_env[1] =
        g_strdup_printf("PARRY_TEAM=%s", plan_team(plan, inject->in_team)->pt_id);
    inject->in_env[2] =
        g_strdup_printf("PARRY_HOST=%s", plan_host(plan, inject->in_host)->ph_name);
    inject->in_env[3] = g_strdup_printf("PARRY_TARGET=%s", addr);
    inject->in_env[4] = g_strdup_printf("PARRY_ATTACKER=%s", attacker);
}

/* Who runs it, and at which address it finds the victim. */
static void expand_actor(Loader *loader, PlanInject *inject, const Node *attack)
{
    const Plan *plan = loader->ld_plan;
    const PlanHost *victim = plan_host(plan, inject->in_host);
    Node *from = node_get(attack, "from");
    guint32 target = 0;
    int outer;

    inject->in_from =
        node_text(from) ? find_actor(loader, inject, from) : inject->in_host;
    if (inject->in_from < 0)
        inject->in_from = inject->in_host;
    else if (inject->in_from == inject->in_host)
        target =
            victim->ph_nics->len ? ((PlanNic *)victim->ph_nics->pdata[0])->ni_addr : 0;
    else if (!wiring_reach(loader, inject->in_from, inject->in_host, 0, "tcp", &target,
                           &outer))
        loader_error(loader, from, "let the router of that estate publish the host",
                     "the host \"%s\" cannot reach the victim \"%s\"",
                     plan_host(plan, inject->in_from)->ph_name, victim->ph_name);
    if (plan_host(plan, inject->in_from)->ph_agent == AGENT_NONE)
        loader_error(loader, from ? from : node_key(attack, "run"), NULL,
                     "the host \"%s\" has no agent that could run this",
                     plan_host(plan, inject->in_from)->ph_name);
    expand_env(loader, inject, target);
}

static void expand_target(Loader *loader, PlanInject *inject, const InjectDef *def)
{
    const Plan *plan = loader->ld_plan;
    Node *node = node_get(def->jd_def, "target");
    const char *team = plan_team(plan, inject->in_team)->pt_id;
    g_autofree char *id =
        node_text(node) ? g_strdup_printf("%s/%s", team, node->nd_text) : NULL;
    const Node *targets = node_get(loader_estate(loader, inject->in_team), "targets");

    if (node_text(node) && !strcmp(node->nd_text, "none") && !node_get(targets, "none"))
        return;

    for (guint i = 0; i < plan->p_targets->len && inject->in_target < 0; i++) {
        const PlanTarget *target = plan_target(plan, (int)i);
        if (id ? !strcmp(target->ta_id, id) : target->ta_host == inject->in_host)
            inject->in_target = (int)i;
    }
    if (id && inject->in_target < 0 && !node_get(targets, node->nd_text))
        loader_dangling(loader, node, "target of the victim's estate", targets, NULL);
}

static void expand_scripts(Loader *loader, const InjectDef *def, PlanInject *inject)
{
    Node *attack = def->jd_what;
    int team = inject->in_team;

    inject->in_run = inject_script(loader, attack, "run", team);
    inject->in_cleanup = inject_script(loader, attack, "cleanup", team);
    inject->in_user = g_strdup(key_text(&keys_attack, attack, "user"));
    inject->in_timeout_us = key_duration(&keys_attack, attack, "timeout");
    inject->in_limits = loader_limits(attack);
    inject->in_residue = key_bool(&keys_attack, attack, "residue");
    if (!inject->in_timeout_us)
        loader_error(loader, node_get(attack, "timeout"), NULL, "no time to run");
    inject_traces(loader, def, inject);
}

static PlanInject *expand_one(Loader *loader, const InjectDef *def, int team)
{
    Node *by = node_get(def->jd_def, "by");
    int victim = inject_victim(loader, def, team);
    PlanInject *inject = victim < 0 ? NULL : inject_add(loader, def, team);

    if (!inject)
        return NULL;
    inject->in_by = teams_opponent(loader, def->jd_by, by ? by : def->jd_name, team);
    inject->in_technique = g_strdup(node_get_text(def->jd_def, "technique"));
    inject->in_host = victim;
    expand_target(loader, inject, def);
    scope_check_inject(loader, def->jd_name, def->jd_def, inject);
    expand_scripts(loader, def, inject);
    expand_actor(loader, inject, def->jd_what);
    if (node_get(def->jd_what, "run"))
        expand_effect(loader, inject, def->jd_what);
    expects_expand(loader, def, inject, node_get(def->jd_def, "expect"));
    return inject;
}

/* --- chains --- */

/* A step falls back on its chain; but what is looked for when all is done is the last
 * one's. */
static InjectDef step_def(const InjectDef *chain, guint i)
{
    static const char *const never[] = {"steps", NULL};
    static const char *const last[] = {"steps",   "playbook", "expect",
                                       "cleanup", "effect",   NULL};
    Node *steps = node_get(chain->jd_what, "steps");
    const char *const *without = i + 1 < node_len(steps) ? last : never;
    InjectDef step = *chain;

    step.jd_def = node_overlay(node_at(steps, i), chain->jd_def, without);
    step.jd_what = node_overlay(node_at(steps, i), chain->jd_what, without);
    step.jd_number = i + 1;
    step.jd_count = node_len(steps);
    return step;
}

static void step_clear(InjectDef *step)
{
    node_free(step->jd_def);
    node_free(step->jd_what);
}

static void follow(PlanInject *inject, const InjectDef *step, int before)
{
    inject->in_trigger = TRIGGER_AFTER;
    inject->in_after = before;
    inject->in_outcome = OUTCOME_SUCCESS;
    inject->in_at_us = 0;
    inject->in_delay_us = key_duration(&keys_step, step->jd_what, "wait");
    inject->in_hold = inject->in_together = FALSE;
}

static void expand_chain(Loader *loader, const InjectDef *chain, const Node *steps,
                         int team)
{
    int before = -1;

    for (guint i = 0; i < node_len(steps); i++) {
        if (node_at(steps, i)->nd_kind != NODE_MAP)
            return; /* told by the shape */
        InjectDef step = step_def(chain, i);
        PlanInject *inject = expand_one(loader, &step, team);
        if (inject && i)
            follow(inject, &step, before);
        if (inject)
            before = inject->in_index;
        step_clear(&step);
        if (!inject)
            return;
    }
}

void attack_expand(Loader *loader, InjectDef *def, int team)
{
    Node *steps = node_get(def->jd_what, "steps");

    if (!steps)
        expand_one(loader, def, team);
    else if (steps->nd_kind == NODE_LIST)
        expand_chain(loader, def, steps, team);
}

/* --- what is the same for all teams --- */

static void check_steps(Loader *loader, const InjectDef *chain, const Node *steps)
{
    if (!node_len(steps))
        loader_error(loader, node_key(chain->jd_what, "steps"), NULL,
                     "a chain without a step");
    for (guint i = 0; i < node_len(steps); i++) {
        Node *node = node_at(steps, i);
        if (node->nd_kind != NODE_MAP)
            continue;
        InjectDef step = step_def(chain, i);
        scope_check_attack(loader, node, step.jd_def);
        expects_check(loader, &step, node_get(node, "expect"));
        if (!i && node_get(node, "wait"))
            loader_error(loader, node_key(node, "wait"), "write \"delay\" to the inject",
                         "the first step follows no other: it has no \"wait\"");
        step_clear(&step);
    }
}

void attack_read(Loader *loader, InjectDef *def)
{
    Node *steps = node_get(def->jd_what, "steps");
    Node *inputs = node_key(def->jd_what, "inputs");

    if (inputs && !node_get(def->jd_what, "atomic") && !node_get(def->jd_what, "caldera"))
        loader_error(loader, inputs, "a script takes none: write it there",
                     "\"inputs\" go with \"atomic\" and \"caldera\"");
    if (steps && steps->nd_kind == NODE_LIST)
        check_steps(loader, def, steps);
    else
        scope_check_attack(loader, def->jd_name, def->jd_def);
    def->jd_by = teams_attackers(loader, node_get(def->jd_def, "by"));
}
