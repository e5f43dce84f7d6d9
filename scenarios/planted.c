/* What is planted in an estate: targets, weaknesses, flags and credentials. */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

/* Calls `expand` for each good definition below that key of the team's estate. */
static void each_named(Loader *loader, int team, const char *key,
                       void (*expand)(Loader *, int, Node *, const Node *))
{
    const Node *map = node_get(loader_estate(loader, team), key);

    if (!map || map->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(map); i++) {
        Node *name = map->nd_keys->pdata[i];
        if (!name->nd_bad && node_at(map, i)->nd_kind == NODE_MAP)
            expand(loader, team, name, node_at(map, i));
    }
}

static char *id_of(const Loader *loader, int team, const Node *name)
{
    return g_strdup_printf("%s/%s", plan_team(loader->ld_plan, team)->pt_id,
                           name->nd_text);
}

/* --- targets --- */

static void expand_target(Loader *loader, int team, Node *name, const Node *def)
{
    Plan *plan = loader->ld_plan;
    int host = loader_host_named(loader, team, node_get(def, "host"));

    if (host < 0)
        return;
    if (plan->p_targets->len >= LOADER_CHECKS_MAX) {
        loader_error(loader, name, NULL, "more than %d targets together",
                     LOADER_CHECKS_MAX);
        return;
    }
    PlanTarget *target = g_new0(PlanTarget, 1);
    target->ta_id = id_of(loader, team, name);
    target->ta_team = team;
    target->ta_host = host;
    target->ta_kind = g_strdup(key_text(&keys_target, def, "kind"));
    target->ta_criticality = key_percent(&keys_target, def, "criticality");
    target->ta_title = loader_text(node_get(def, "title"), name->nd_text);
    g_ptr_array_add(plan->p_targets, target);
}

/* Index of the target by name in the team's estate, or -1 with a finding. */
static int target_named(Loader *loader, int team, Node *node)
{
    const GPtrArray *targets = loader->ld_plan->p_targets;

    if (!node_text(node))
        return -1;
    g_autofree char *id = id_of(loader, team, node);
    for (guint i = 0; i < targets->len; i++)
        if (!strcmp(plan_target(loader->ld_plan, (int)i)->ta_id, id))
            return (int)i;
    loader_dangling(loader, node, "target of this estate",
                    node_get(loader_estate(loader, team), "targets"), NULL);
    return -1;
}

/* --- weaknesses --- */

static void check_cwe(Loader *loader, Node *node)
{
    const char *text = node_text(node);

    if (text && (!g_str_has_prefix(text, "CWE-") ||
                 !value_spans(text + strlen("CWE-"), "0123456789", 5)))
        loader_error(loader, node, "write for example CWE-521",
                     "\"%.60s\" is no entry of the Common Weakness Enumeration", text);
}

static void check_allowed(Loader *loader, Node *technique)
{
    char *const *allow = loader->ld_plan->p_scope.sp_allow;

    if (!node_text(technique) || !allow || !*allow)
        return;
    for (; *allow; allow++)
        if (value_technique_covers(*allow, technique->nd_text) ||
            value_technique_covers(technique->nd_text, *allow))
            return;
    loader_warn(loader, technique, NULL,
                "nobody may use this weakness: %s is outside the scope's \"allow\"",
                technique->nd_text);
}

static void expand_weakness(Loader *loader, int team, Node *name, const Node *def)
{
    int host = loader_host_named(loader, team, node_get(def, "host"));
    Node *technique = node_get(def, "technique"), *secret = node_get(def, "secret");

    check_cwe(loader, node_get(def, "cwe"));
    check_allowed(loader, technique);
    if (node_text(secret))
        loader_secret(loader, secret, team);
    if (host < 0 || !node_text(technique))
        return;
    PlanWeakness *weakness = g_new0(PlanWeakness, 1);
    weakness->wk_id = id_of(loader, team, name);
    weakness->wk_team = team;
    weakness->wk_host = host;
    weakness->wk_technique = g_strdup(technique->nd_text);
    weakness->wk_title = loader_text(node_get(def, "title"), name->nd_text);
    weakness->wk_severity = g_strdup(key_text(&keys_weakness, def, "severity"));
    weakness->wk_cwe = g_strdup(node_get_text(def, "cwe"));
    weakness->wk_fix =
        node_get(def, "fix") ? loader_text(node_get(def, "fix"), "") : NULL;
    weakness->wk_secret = g_strdup(node_text(secret));
    g_ptr_array_add(loader->ld_plan->p_weaknesses, weakness);
}

/* Red with hosts of its own is people, who may find a weakness by themselves; in a game
 * without red or attacks the teams attack one another. */
static gboolean people_attack(const Plan *plan)
{
    gboolean scripted = FALSE;

    for (guint i = 0; i < plan->p_teams->len; i++)
        scripted = scripted || plan_team(plan, (int)i)->pt_side == SIDE_RED;
    for (guint i = 0; i < plan->p_injects->len; i++)
        scripted = scripted || plan_inject(plan, (int)i)->in_kind == INJECT_ATTACK;
    if (!scripted)
        return TRUE;
    for (guint i = 0; i < plan->p_hosts->len; i++)
        if (plan_team(plan, plan_host(plan, (int)i)->ph_team)->pt_side == SIDE_RED)
            return TRUE;
    return FALSE;
}

gboolean plan_weakness_attacked(const PlanWeakness *weakness, const PlanInject *inject)
{
    return inject->in_host == weakness->wk_host && inject->in_technique &&
           (value_technique_covers(inject->in_technique, weakness->wk_technique) ||
            value_technique_covers(weakness->wk_technique, inject->in_technique));
}

static gboolean is_attacked(const Plan *plan, const PlanWeakness *weakness)
{
    for (guint i = 0; i < plan->p_injects->len; i++)
        if (plan_weakness_attacked(weakness, plan_inject(plan, (int)i)))
            return TRUE;
    return FALSE;
}

void weaknesses_check(Loader *loader)
{
    const Plan *plan = loader->ld_plan;

    for (guint i = 0; i < plan->p_weaknesses->len && !people_attack(plan); i++) {
        const PlanWeakness *weakness = plan->p_weaknesses->pdata[i];
        const char *name = strchr(weakness->wk_id, '/') + 1;
        const Node *all =
            node_get(loader_estate(loader, weakness->wk_team), "weaknesses");
        if (!is_attacked(plan, weakness))
            loader_warn(loader, node_key(all, name), NULL,
                        "nothing attacks this weakness: no inject uses %s on \"%s\", and "
                        "red has no hosts",
                        weakness->wk_technique,
                        plan_host(plan, weakness->wk_host)->ph_name);
    }
}

/* --- flags --- */

/* 128 bits that nobody can work out who has not got the scenario's files. */
static char *flag_value(const Loader *loader, const char *id)
{
    const Node *scoring = node_get(loader->ld_root, "scoring");
    const char *prefix = node_get_text(node_get(scoring, "flags"), "prefix");
    g_autofree char *label = g_strdup_printf("flag\n%s", id);
    g_autofree char *hex = g_compute_hmac_for_string(G_CHECKSUM_SHA256, loader->ld_key,
                                                     sizeof loader->ld_key, label, -1);

    return g_strdup_printf("%s{%.32s}", prefix ? prefix : "PARRY", hex);
}

static gboolean path_free(Loader *loader, const PlanHost *host, Node *path)
{
    for (guint i = 0; i < host->ph_files->len; i++) {
        const PlanFile *file = host->ph_files->pdata[i];
        if (strcmp(file->pf_path, path->nd_text) != 0)
            continue;
        loader_error(loader, path, NULL,
                     "the host \"%s\" has a planted file \"%s\" already", host->ph_name,
                     path->nd_text);
        return FALSE;
    }
    return TRUE;
}

static void plant_flag(PlanHost *host, const PlanFlag *flag, const Node *def)
{
    g_autofree char *line = g_strconcat(flag->fl_value, "\n", NULL);
    PlanFile *file = g_new0(PlanFile, 1);

    file->pf_path = g_strdup(flag->fl_path);
    file->pf_bytes = g_bytes_new(line, strlen(line));
    value_mode(key_text(&keys_flag, def, "mode"), &file->pf_mode);
    file->pf_owner = g_strdup(key_text(&keys_flag, def, "owner"));
    file->pf_group = g_strdup("root");
    g_ptr_array_add(host->ph_files, file);
}

static gboolean has_agent(Loader *loader, int host, Node *name, const char *what)
{
    const PlanHost *on = plan_host(loader->ld_plan, host);

    if (on->ph_agent != AGENT_NONE)
        return TRUE;
    loader_error(loader, name, NULL, "the host \"%s\" has no agent that could plant a %s",
                 on->ph_name, what);
    return FALSE;
}

static void expand_flag(Loader *loader, int team, Node *name, const Node *def)
{
    int host = loader_host_named(loader, team, node_get(def, "host"));
    Node *path = node_get(def, "path"), *target = node_get(def, "target");
    int proves = target ? target_named(loader, team, target) : -1;

    if (host < 0 || !node_text(path) || !has_agent(loader, host, name, "flag") ||
        !path_free(loader, plan_host(loader->ld_plan, host), path))
        return;
    if (node_get(def, "rotate") &&
        key_duration(&keys_flag, def, "rotate") < G_USEC_PER_SEC)
        loader_error(loader, node_get(def, "rotate"), NULL, "at most once a second");
    if (proves >= 0 && plan_target(loader->ld_plan, proves)->ta_host != host)
        loader_warn(loader, target, NULL,
                    "the target \"%s\" lives on another host than this flag",
                    target->nd_text);
    PlanFlag *flag = g_new0(PlanFlag, 1);
    flag->fl_id = id_of(loader, team, name);
    flag->fl_team = team;
    flag->fl_host = host;
    flag->fl_target = proves;
    flag->fl_path = g_strdup(path->nd_text);
    flag->fl_value = flag_value(loader, flag->fl_id);
    flag->fl_rotate_us = key_duration(&keys_flag, def, "rotate");
    plant_flag(plan_host(loader->ld_plan, host), flag, def);
    g_ptr_array_add(loader->ld_plan->p_flags, flag);
}

/* --- credentials --- */

static PlanChange change_of(const char *word)
{
    if (!strcmp(word, "report"))
        return CHANGE_REPORT;
    return !strcmp(word, "free") ? CHANGE_FREE : CHANGE_FORBIDDEN;
}

static void expand_credential(Loader *loader, int team, Node *name, const Node *def)
{
    int index = loader_host_named(loader, team, node_get(def, "host"));
    Node *account = node_get(def, "account"), *secret = node_get(def, "secret");
    const char *value = node_text(secret) ? loader_secret(loader, secret, team) : NULL;

    if (index < 0 || !node_text(account) || !value ||
        !has_agent(loader, index, name, "credential"))
        return;
    PlanHost *host = plan_host(loader->ld_plan, index);
    PlanUser *user = contents_user(host, account->nd_text);
    if (user && user->pu_password) {
        loader_error(loader, account, "leave the password in `users` away",
                     "the account \"%s\" of \"%s\" has a password already",
                     account->nd_text, host->ph_name);
        return;
    }
    if (!user)
        user = contents_user_add(host, account->nd_text);
    user->pu_password = g_strdup(value);
    PlanCredential *credential = g_new0(PlanCredential, 1);
    credential->cr_id = id_of(loader, team, name);
    credential->cr_team = team;
    credential->cr_host = index;
    credential->cr_account = g_strdup(account->nd_text);
    credential->cr_secret = g_strdup(secret->nd_text);
    credential->cr_password = g_strdup(value);
    credential->cr_change = change_of(key_text(&keys_credential, def, "change"));
    g_ptr_array_add(loader->ld_plan->p_credentials, credential);
}

void planted_expand(Loader *loader)
{
    for (int i = 0; i < (int)loader->ld_plan->p_teams->len; i++) {
        each_named(loader, i, "targets", expand_target);
        each_named(loader, i, "weaknesses", expand_weakness);
        each_named(loader, i, "flags", expand_flag);
        each_named(loader, i, "credentials", expand_credential);
    }
}
