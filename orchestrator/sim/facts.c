#include "orchestrator/sim/facts.h"

#include <stdlib.h>
#include <string.h>

#define EXIT_NOT_FOUND 1
#define EXIT_BLOCKED 10

/* Of one attack. */
typedef struct {
    json_t *fa_env;      /* what its script is run with */
    gboolean fa_tried;   /* its script ran: there are traces */
    gboolean fa_present; /* its effect is there */
    char *fa_stop;       /* what stops it beforehand, or NULL */
} Fact;

typedef enum { ROLE_ATTACK, ROLE_CLEANUP, ROLE_DETECT, ROLE_CONTAIN } Role;

typedef struct {
    int us_inject;
    Role us_role;
} Use;

/* A scripted action that has not been taken yet, or was. */
typedef struct {
    const PlanAction *ac_plan;
    int ac_team;
    gboolean ac_taken, ac_works;
} Action;

struct Facts {
    const Plan *fs_plan;
    Fact *fs_facts;         /* by inject */
    GHashTable *fs_scripts; /* "host\nscript" -> GArray of Use */
    GHashTable *fs_effects; /* "host\nkind\nparams" -> GArray of int: injects */
    GHashTable
        *fs_breaks;     /* the same of checks -> GArray of int: injects that break it */
    GArray *fs_actions; /* Action */
};

/* ---- what a question is known by ---- */

static char *script_key(int host, const char *script)
{
    GString *key = g_string_new(NULL);
    gboolean gap = TRUE;

    g_string_append_printf(key, "%d\n", host);
    for (const char *at = script; *at; at++) {
        if (!g_ascii_isspace(*at))
            g_string_append_c(key, *at);
        else if (!gap)
            g_string_append_c(key, ' ');
        gap = g_ascii_isspace(*at);
    }
    if (key->str[key->len - 1] == ' ')
        g_string_truncate(key, key->len - 1);
    return g_string_free(key, FALSE);
}

static char *look_key(int host, const char *kind, const json_t *params)
{
    char *text = json_dumps(params, JSON_SORT_KEYS | JSON_COMPACT);
    char *key = g_strdup_printf("%d\n%s\n%s", host, kind, text ? text : "");

    free(text);
    return key;
}

static GArray *list_of(GHashTable *table, char *key, gsize size)
{
    GArray *list = g_hash_table_lookup(table, key);

    if (list) {
        g_free(key);
        return list;
    }
    list = g_array_new(FALSE, FALSE, (guint)size);
    g_hash_table_insert(table, key, list);
    return list;
}

/* ---- what the plan says ---- */

static void learn_script(Facts *facts, int host, const char *script, int inject,
                         Role role)
{
    Use use = {inject, role};

    if (!script || host < 0)
        return;
    GArray *list = list_of(facts->fs_scripts, script_key(host, script), sizeof(Use));
    g_array_append_val(list, use);
}

static json_t *env_of(char *const *env)
{
    json_t *object = json_object();

    for (; env && *env; env++) {
        const char *equals = strchr(*env, '=');
        g_autofree char *name = equals ? g_strndup(*env, (gsize)(equals - *env)) : NULL;
        if (name)
            json_object_set_new(object, name, json_string(equals + 1));
    }
    return object;
}

/* A check that an expectation waits for is broken by the attack that it belongs to. */
static void learn_breaks(Facts *facts, const PlanInject *inject)
{
    for (guint i = 0; i < inject->in_expect->len; i++) {
        const PlanExpect *expect = inject->in_expect->pdata[i];
        if (expect->ex_check < 0)
            continue;
        const PlanCheck *check = plan_check(facts->fs_plan, expect->ex_check);
        GArray *list = list_of(facts->fs_breaks,
                               look_key(check->ck_from, check->ck_kind, check->ck_params),
                               sizeof(int));
        g_array_append_val(list, inject->in_index);
    }
}

static void learn_attack(Facts *facts, const PlanInject *inject)
{
    int index = inject->in_index;

    facts->fs_facts[index].fa_env = env_of(inject->in_env);
    learn_script(facts, inject->in_from, inject->in_run, index, ROLE_ATTACK);
    learn_script(facts, inject->in_from, inject->in_cleanup, index, ROLE_CLEANUP);
    learn_script(facts, inject->in_host, inject->in_detect, index, ROLE_DETECT);
    learn_script(facts, inject->in_host, inject->in_contain, index, ROLE_CONTAIN);
    if (inject->in_effect_kind) {
        GArray *list = list_of(facts->fs_effects,
                               look_key(inject->in_effect_host, inject->in_effect_kind,
                                        inject->in_effect_params),
                               sizeof(int));
        g_array_append_val(list, index);
    }
    learn_breaks(facts, inject);
}

static void learn_actions(Facts *facts, const PlanScript *script)
{
    for (guint i = 0; i < script->sc_actions->len; i++) {
        Action action = {script->sc_actions->pdata[i], script->sc_team, FALSE, FALSE};
        g_array_append_val(facts->fs_actions, action);
    }
}

static GHashTable *table_of_lists(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                 (GDestroyNotify)g_array_unref);
}

Facts *facts_new(const Plan *plan)
{
    Facts *facts = g_new0(Facts, 1);

    facts->fs_plan = plan;
    facts->fs_facts = g_new0(Fact, plan->p_injects->len + 1);
    facts->fs_scripts = table_of_lists();
    facts->fs_effects = table_of_lists();
    facts->fs_breaks = table_of_lists();
    facts->fs_actions = g_array_new(FALSE, FALSE, sizeof(Action));
    for (guint i = 0; i < plan->p_injects->len; i++)
        if (plan_inject(plan, (int)i)->in_kind == INJECT_ATTACK)
            learn_attack(facts, plan_inject(plan, (int)i));
    for (guint i = 0; i < plan->p_scripts->len; i++)
        learn_actions(facts, plan->p_scripts->pdata[i]);
    return facts;
}

void facts_free(Facts *facts)
{
    if (!facts)
        return;
    for (guint i = 0; i < facts->fs_plan->p_injects->len; i++) {
        json_decref(facts->fs_facts[i].fa_env);
        g_free(facts->fs_facts[i].fa_stop);
    }
    g_free(facts->fs_facts);
    g_hash_table_unref(facts->fs_scripts);
    g_hash_table_unref(facts->fs_effects);
    g_hash_table_unref(facts->fs_breaks);
    g_array_unref(facts->fs_actions);
    g_free(facts);
}

/* ---- scripts ---- */

/* The action whose turn it is, where the script is one's; each is taken once. */
static Action *action_taken(Facts *facts, int host, const char *key, gint64 now_us)
{
    for (guint i = 0; i < facts->fs_actions->len; i++) {
        Action *action = &g_array_index(facts->fs_actions, Action, i);
        if (action->ac_taken || action->ac_plan->ac_at_us > now_us ||
            action->ac_plan->ac_host != host)
            continue;
        g_autofree char *own = script_key(host, action->ac_plan->ac_run);
        if (strcmp(own, key) == 0) {
            action->ac_taken = TRUE;
            return action;
        }
    }
    return NULL;
}

/* What a script that only ends does: `exit 7` is a platform failure, here as in a guest.
 * 0: it does something. */
static int exit_of(const char *script)
{
    g_autofree char *text = g_strstrip(g_strdup(script));
    char *end;
    long status = g_str_has_prefix(text, "exit ") ? strtol(text + 5, &end, 10) : 0;

    return status > 0 && status < 256 && !*end ? (int)status : 0;
}

static int attack_run(Fact *fact, const char *script, char **said)
{
    int status = exit_of(script);

    if (status && status != EXIT_BLOCKED)
        return status;
    fact->fa_tried = TRUE;
    if (fact->fa_stop) {
        g_free(*said);
        *said = g_strdup_printf("simulated: stopped by %s", fact->fa_stop);
        return EXIT_BLOCKED;
    }
    fact->fa_present = TRUE;
    return 0;
}

static void fact_stop(Fact *fact, const char *what, const char *title)
{
    if (!fact->fa_tried && !fact->fa_stop)
        fact->fa_stop = g_strdup_printf("%s \"%s\"", what, title);
}

static const PlanWeakness *weakness_of(const Facts *facts, const PlanInject *inject)
{
    for (guint i = 0; i < facts->fs_plan->p_weaknesses->len; i++) {
        const PlanWeakness *weakness = facts->fs_plan->p_weaknesses->pdata[i];
        if (weakness->wk_host == inject->in_host &&
            g_strcmp0(weakness->wk_technique, inject->in_technique) == 0)
            return weakness;
    }
    return NULL;
}

/* Who puts an attack right closes the weakness that it came by, where the scenario says
 * that there is one: whatever comes that way later is stopped. */
static void weakness_close(Facts *facts, const PlanInject *inject)
{
    const PlanWeakness *weakness = weakness_of(facts, inject);

    for (guint i = 0; weakness && i < facts->fs_plan->p_injects->len; i++) {
        const PlanInject *other = plan_inject(facts->fs_plan, (int)i);
        if (other->in_kind == INJECT_ATTACK && weakness_of(facts, other) == weakness)
            fact_stop(&facts->fs_facts[i], "the closed weakness",
                      parry_text_get(weakness->wk_title, "en"));
    }
}

/* An action taken before the attack prevents it; later it puts right what the attack did.
 * A containment of something else beforehand prevents nothing by itself. */
static void contain_run(Facts *facts, int inject, Action *action)
{
    Fact *fact = &facts->fs_facts[inject];

    fact->fa_present = FALSE;
    if (action) {
        action->ac_works = TRUE;
        fact_stop(fact, "the action", action->ac_plan->ac_title);
    }
    weakness_close(facts, plan_inject(facts->fs_plan, inject));
}

int facts_run(Facts *facts, int host, const char *script, const json_t *env,
              gint64 now_us, char **said)
{
    g_autofree char *key = script_key(host, script);
    const GArray *uses = g_hash_table_lookup(facts->fs_scripts, key);
    Action *action = action_taken(facts, host, key, now_us);
    gboolean searched = FALSE, found = FALSE;
    int status = 0;

    *said = g_strdup("");
    for (guint i = 0; uses && i < uses->len; i++) {
        const Use *use = &g_array_index(uses, Use, i);
        Fact *fact = &facts->fs_facts[use->us_inject];
        gboolean mine = env && json_equal(env, fact->fa_env);
        if (use->us_role == ROLE_ATTACK && mine) {
            status = attack_run(fact, script, said);
        } else if (use->us_role == ROLE_CLEANUP && mine) {
            fact->fa_present = FALSE;
        } else if (use->us_role == ROLE_CONTAIN) {
            contain_run(facts, use->us_inject, action);
        } else if (use->us_role == ROLE_DETECT) {
            searched = TRUE;
            found = found || fact->fa_tried;
        }
    }
    return searched && !found ? EXIT_NOT_FOUND : status;
}

gboolean facts_of_player(const Facts *facts, int host, const char *script)
{
    g_autofree char *key = script_key(host, script);
    const GArray *uses = g_hash_table_lookup(facts->fs_scripts, key);

    for (guint i = 0; uses && i < uses->len; i++) {
        Role role = g_array_index(uses, Use, i).us_role;
        if (role == ROLE_DETECT || role == ROLE_CONTAIN)
            return TRUE;
    }
    for (guint i = 0; i < facts->fs_actions->len; i++) {
        const PlanAction *action = g_array_index(facts->fs_actions, Action, i).ac_plan;
        g_autofree char *own = script_key(action->ac_host, action->ac_run);
        if (action->ac_host == host && strcmp(own, key) == 0)
            return TRUE;
    }
    return FALSE;
}

/* ---- checks ---- */

static const PlanInject *first_present(const Facts *facts, const GArray *injects)
{
    for (guint i = 0; injects && i < injects->len; i++) {
        int index = g_array_index(injects, int, i);
        if (facts->fs_facts[index].fa_present)
            return plan_inject(facts->fs_plan, index);
    }
    return NULL;
}

/* How an agent words "it is not so", by the kind of question: docs/agent-protocol.md. */
static CheckStatus not_so(const char *kind)
{
    if (strcmp(kind, "file") == 0)
        return CHECK_CORRUPT;
    return strcmp(kind, "command") == 0 ? CHECK_FAULTY : CHECK_DOWN;
}

static char *absent_words(const Facts *facts, const GArray *injects)
{
    for (guint i = 0; i < injects->len; i++) {
        const Fact *fact = &facts->fs_facts[g_array_index(injects, int, i)];
        if (fact->fa_tried && fact->fa_stop)
            return g_strdup_printf("simulated: stopped by %s", fact->fa_stop);
    }
    return g_strdup("simulated: it is not there");
}

CheckStatus facts_look(const Facts *facts, int host, const char *kind,
                       const json_t *params, char **said)
{
    g_autofree char *key = look_key(host, kind, params);
    const GArray *effects = g_hash_table_lookup(facts->fs_effects, key);
    const PlanInject *inject;

    if (effects) {
        inject = first_present(facts, effects);
        *said =
            inject ? g_strdup("simulated: it is there") : absent_words(facts, effects);
        return inject ? CHECK_UP : not_so(kind);
    }
    inject = first_present(facts, g_hash_table_lookup(facts->fs_breaks, key));
    *said = inject ? g_strdup_printf("simulated: broken by %s", inject->in_name)
                   : g_strdup("");
    return inject ? not_so(kind) : CHECK_UP;
}

GPtrArray *facts_idle_actions(const Facts *facts)
{
    GPtrArray *idle = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < facts->fs_actions->len; i++) {
        const Action *action = &g_array_index(facts->fs_actions, Action, i);
        if (!action->ac_works)
            g_ptr_array_add(
                idle, g_strdup_printf("%s: %s",
                                      plan_team(facts->fs_plan, action->ac_team)->pt_id,
                                      action->ac_plan->ac_title));
    }
    return idle;
}
