/* Injects: attacks and messages, one for each team that they are for. */
#include "scenarios/injects.h"
#include "scenarios/people.h"
#include "scenarios/values.h"

#include <string.h>

/* The wire takes scripts of 48 KiB. */
#define SCRIPT_MAX ((gsize)48 * 1024)

/* Keys that only one kind of inject has. */
static void check_kind_keys(Loader *loader, const InjectDef *def)
{
    static const char *const attack_only[] = {"for",      "by",     "technique",
                                              "host",     "risk",   "indicators",
                                              "playbook", "target", NULL};
    gboolean message = node_get(def->jd_def, "message") != NULL;

    for (int i = 0; message && attack_only[i]; i++)
        if (node_get(def->jd_def, attack_only[i]))
            loader_error(loader, node_key(def->jd_def, attack_only[i]),
                         i ? NULL : "say whom it goes to by message: {to: …}",
                         "a message has no \"%s\"", attack_only[i]);
    Node *expect = node_get(def->jd_def, "expect");
    for (guint i = 0; i < node_len(expect) && expect->nd_kind == NODE_MAP; i++) {
        const char *key = node_key_at(expect, i);
        if (message != !strcmp(key, "answer") && keys_find(&keys_expect, key) &&
            keys_find(&keys_expect, key)->ks_since)
            loader_error(loader, expect->nd_keys->pdata[i], NULL,
                         message ? "a message is answered: \"%s\" never comes"
                                 : "an attack is not answered: \"%s\" never comes",
                         key);
    }
}

/* --- expectations --- */

static PlanExpect *expect_add(PlanInject *inject, PlanExpectKind kind,
                              const KeyTable *table, const Node *def)
{
    PlanExpect *expect = g_new0(PlanExpect, 1);

    expect->ex_kind = kind;
    expect->ex_points = key_points(table, def, "points");
    expect->ex_check = -1;
    if (keys_find(table, "within"))
        expect->ex_within_us = key_duration(table, def, "within");
    g_ptr_array_add(inject->in_expect, expect);
    return expect;
}

static void check_window(Loader *loader, const InjectDef *def, const Node *map,
                         const PlanExpect *expect)
{
    Node *within = node_get(map, "within");

    if (!node_text(within))
        return;
    if (!expect->ex_within_us)
        loader_error(loader, within, NULL, "no time: nobody can meet this");
    else if (def->jd_has_at &&
             def->jd_at + expect->ex_within_us > loader->ld_plan->p_duration_us)
        loader_warn(loader, within, NULL,
                    "this window ends after the drill: what is left of it counts");
}

static void expect_contain(Loader *loader, const InjectDef *def, PlanInject *inject,
                           Node *map)
{
    Plan *plan = loader->ld_plan;
    Node *check = node_get(map, "check");
    PlanExpect *expect = expect_add(inject, EXPECT_CONTAIN, &keys_contain, map);

    check_window(loader, def, map, expect);
    if (!check) {
        if (!inject->in_effect_kind &&
            !node_get(node_get(def->jd_def, "attack"), "effect"))
            loader_error(loader, node_key(node_get(def->jd_def, "expect"), "contain"),
                         "name a check, or give the attack an effect",
                         "nothing tells when this is contained");
        return;
    }
    if (!node_text(check))
        return;
    const char *team = plan_team(plan, inject->in_team)->pt_id;
    g_autofree char *id = g_strdup_printf("%s/%s", team, check->nd_text);
    const Node *checks = node_get(loader_estate(loader, inject->in_team), "checks");
    expect->ex_check = plan_check_index(plan, id);
    if (expect->ex_check < 0 && !node_get(checks, check->nd_text))
        loader_dangling(loader, check, "check of the victim's estate", checks, NULL);
}

static void expand_expect(Loader *loader, const InjectDef *def, PlanInject *inject)
{
    Node *expect = node_get(def->jd_def, "expect");
    Node *prevent = node_get(expect, "prevent"), *detect = node_get(expect, "detect");
    Node *contain = node_get(expect, "contain");

    if (prevent)
        expect_add(inject, EXPECT_PREVENT, &keys_prevent, prevent);
    if (detect)
        check_window(loader, def, detect,
                     expect_add(inject, EXPECT_DETECT, &keys_detect, detect));
    if (contain)
        expect_contain(loader, def, inject, contain);
}

/* --- attacks --- */

static char *take_script(Loader *loader, const Node *map, const char *key)
{
    Node *node = node_get(map, key);

    if (node_text(node) && strlen(node->nd_text) > SCRIPT_MAX)
        loader_error(loader, node, "plant the bulk of it by `files:` of the host",
                     "a script of more than 48 KiB does not fit into an order");
    return g_strdup(node_text(node));
}

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
    inject->in_effect_params = check_params(loader, &kind, seen, looks);
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

static int find_victim(Loader *loader, const InjectDef *def, int team)
{
    Node *node = node_get(def->jd_def, "host");
    const PlanTeam *victim = plan_team(loader->ld_plan, team);

    if (!node) {
        loader_error(loader, def->jd_name, NULL, "the attack \"%s\" has no \"host\"",
                     def->jd_name->nd_text);
        return -1;
    }
    if (!node_text(node))
        return -1;
    int index = loader_host(loader, team, node->nd_text);
    if (index >= 0)
        return index;
    if (!victim->pt_estate)
        loader_error(loader, node, NULL, "the team %s has no estate", victim->pt_id);
    else {
        g_autofree char *what =
            g_strdup_printf("host of the estate \"%s\"", victim->pt_estate);
        loader_dangling(loader, node, what,
                        node_get(loader_estate(loader, team), "hosts"), NULL);
    }
    return -1;
}

static PlanInject *inject_add(Loader *loader, const InjectDef *def, int team)
{
    Plan *plan = loader->ld_plan;

    if (plan->p_injects->len >= LOADER_INJECTS_MAX) {
        loader_error(loader, def->jd_name, NULL, "more than %d injects",
                     LOADER_INJECTS_MAX);
        return NULL;
    }
    g_autofree char *id =
        g_strdup_printf("%s@%s", def->jd_name->nd_text, plan_team(plan, team)->pt_id);
    PlanInject *inject = plan_inject_add(plan, id);
    inject->in_name = g_strdup(def->jd_name->nd_text);
    inject->in_title = loader_text(node_get(def->jd_def, "title"), inject->in_name);
    inject->in_team = team;
    triggers_set(def, inject);
    GArray *all = g_hash_table_lookup(loader->ld_injects, def->jd_name->nd_text);
    if (!all) {
        all = g_array_new(FALSE, FALSE, sizeof(int));
        g_hash_table_insert(loader->ld_injects, def->jd_name->nd_text, all);
    }
    g_array_append_val(all, inject->in_index);
    return inject;
}

static void expand_attack(Loader *loader, const InjectDef *def, int team)
{
    Node *attack = node_get(def->jd_def, "attack");
    Node *playbook = node_get(def->jd_def, "playbook");
    Node *by = node_get(def->jd_def, "by");
    int victim = find_victim(loader, def, team);
    PlanInject *inject = victim < 0 ? NULL : inject_add(loader, def, team);

    if (!inject)
        return;
    inject->in_kind = INJECT_ATTACK;
    inject->in_by =
        teams_opponent(loader, def->jd_by, by ? by : def->jd_name, team);
    inject->in_technique = g_strdup(node_get_text(def->jd_def, "technique"));
    inject->in_host = victim;
    expand_target(loader, inject, def);
    scope_check_inject(loader, def->jd_name, def->jd_def, inject);
    inject->in_run = take_script(loader, attack, "run");
    inject->in_cleanup = take_script(loader, attack, "cleanup");
    inject->in_user = g_strdup(key_text(&keys_attack, attack, "user"));
    inject->in_timeout_us = key_duration(&keys_attack, attack, "timeout");
    if (!inject->in_timeout_us)
        loader_error(loader, node_get(attack, "timeout"), NULL, "no time to run");
    expand_actor(loader, inject, attack);
    if (node_get(attack, "run"))
        expand_effect(loader, inject, attack);
    g_strfreev(inject->in_indicators);
    inject->in_indicators = key_texts(def->jd_def, "indicators");
    inject->in_detect = take_script(loader, playbook, "detect");
    inject->in_contain = take_script(loader, playbook, "contain");
    expand_expect(loader, def, inject);
}

static void expand_attacks(Loader *loader, InjectDef *def)
{
    Node *names = node_get(def->jd_def, "for");
    g_autoptr(Node) blue = NULL;

    scope_check_attack(loader, def->jd_name, def->jd_def);
    def->jd_by = teams_attackers(loader, node_get(def->jd_def, "by"));
    if (!names) {
        blue = g_new0(Node, 1);
        blue->nd_text = g_strdup("blue");
        blue->nd_line = def->jd_name->nd_line;
        blue->nd_column = def->jd_name->nd_column;
    }
    g_autoptr(GArray) teams = loader_teams(loader, names ? names : blue);
    for (guint i = 0; i < teams->len; i++)
        expand_attack(loader, def, g_array_index(teams, int, i));
    g_clear_pointer(&def->jd_by, g_array_unref);
}

/* --- messages --- */

static void expand_message(Loader *loader, const InjectDef *def, int team)
{
    Node *message = node_get(def->jd_def, "message");
    Node *answer = node_get(node_get(def->jd_def, "expect"), "answer");
    gint64 within = key_duration(&keys_message, message, "answer-within");
    PlanInject *inject = inject_add(loader, def, team);

    if (!inject)
        return;
    inject->in_kind = INJECT_MESSAGE;
    inject->in_subject = loader_text(node_get(message, "subject"), "");
    inject->in_body = loader_text(node_get(message, "body"), "");
    if (!node_get(def->jd_def, "title")) {
        parry_text_free(inject->in_title);
        inject->in_title = loader_text(node_get(message, "subject"), inject->in_name);
    }
    if (!answer && !within)
        return;
    PlanExpect *expect = expect_add(inject, EXPECT_ANSWER, &keys_answer, answer);
    check_window(loader, def, answer, expect);
    if (!expect->ex_within_us)
        expect->ex_within_us = within;
    if (!expect->ex_within_us)
        loader_error(loader, node_key(node_get(def->jd_def, "expect"), "answer"),
                     "give it \"within\", or the message \"answer-within\"",
                     "nothing tells until when an answer counts");
}

static void expand_inject(Loader *loader, Node *name, Node *node)
{
    InjectDef def = {.jd_name = name, .jd_def = node};

    triggers_read(loader, &def);
    check_kind_keys(loader, &def);
    if (node_get(node, "attack") && node_get(node, "message"))
        return; /* told by the shape */
    if (node_get(node, "attack"))
        expand_attacks(loader, &def);
    if (!node_get(node, "message"))
        return;
    g_autoptr(GArray) teams =
        loader_teams(loader, node_get(node_get(node, "message"), "to"));
    for (guint i = 0; i < teams->len; i++)
        expand_message(loader, &def, g_array_index(teams, int, i));
}

void injects_expand(Loader *loader)
{
    const Node *injects = node_get(loader->ld_root, "injects");

    if (!injects || injects->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(injects); i++) {
        Node *name = injects->nd_keys->pdata[i], *def = node_at(injects, i);
        if (!name->nd_bad && def->nd_kind == NODE_MAP)
            expand_inject(loader, name, def);
    }
    triggers_resolve(loader);
}
