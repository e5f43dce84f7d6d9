#include "scoreboard/action_inject.h"

#include "scenarios/plan_windows.h"

#include <string.h>

#define NAMES_MAX 2048 /* of one inject, or of one host */
#define WINDOW_US                                                                        \
    (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC) /* where nothing is expected */

typedef struct {
    gint64 is_exec_us, is_until_us; /* drill clock, -1 before */
    gboolean is_over;               /* contained, or it came to nothing */
    GHashTable *is_names; /* what its checks and scripts name; made when asked */
} InjectState;

struct ActionInjects {
    const Plan *aj_plan;
    InjectState *aj_states;
    GHashTable **aj_planned; /* by host: set of paths; made when asked */
};

ActionInjects *action_injects_new(const Plan *plan)
{
    ActionInjects *injects = g_new0(ActionInjects, 1);

    injects->aj_plan = plan;
    injects->aj_states = g_new0(InjectState, plan->p_injects->len + 1);
    injects->aj_planned = g_new0(GHashTable *, plan->p_hosts->len + 1);
    for (guint i = 0; i < plan->p_injects->len; i++)
        injects->aj_states[i].is_exec_us = injects->aj_states[i].is_until_us = -1;
    return injects;
}

void action_injects_free(ActionInjects *injects)
{
    if (!injects)
        return;
    for (guint i = 0; i < injects->aj_plan->p_injects->len; i++)
        g_clear_pointer(&injects->aj_states[i].is_names, g_hash_table_unref);
    for (guint i = 0; i < injects->aj_plan->p_hosts->len; i++)
        g_clear_pointer(&injects->aj_planned[i], g_hash_table_unref);
    g_free(injects->aj_planned);
    g_free(injects->aj_states);
    g_free(injects);
}

/* ---- its life ---- */

/* As long as something is expected of the team. */
static gint64 window_end(const Plan *plan, const PlanInject *inject, gint64 exec_us)
{
    gint64 within = 0;

    for (guint i = 0; inject->in_expect && i < inject->in_expect->len; i++) {
        const PlanExpect *expect = inject->in_expect->pdata[i];

        within = MAX(within, expect->ex_within_us);
    }
    return plan_deadline(plan, exec_us, within > 0 ? within : WINDOW_US);
}

static void on_executed(ActionInjects *injects, int index, const JournalEvent *event)
{
    InjectState *state = &injects->aj_states[index];
    const json_t *at = json_object_get(event->ev_body, "at");

    state->is_exec_us = json_is_integer(at) ? json_integer_value(at) : event->ev_clock_us;
    state->is_until_us = window_end(
        injects->aj_plan, plan_inject(injects->aj_plan, index), state->is_exec_us);
    state->is_over = FALSE;
}

static void on_seen(ActionInjects *injects, int index, const JournalEvent *event)
{
    (void)event;
    injects->aj_states[index].is_over = FALSE;
}

static void on_gone(ActionInjects *injects, int index, const JournalEvent *event)
{
    (void)event;
    injects->aj_states[index].is_over = TRUE;
}

static void on_met(ActionInjects *injects, int index, const JournalEvent *event)
{
    const char *expect = json_string_value(json_object_get(event->ev_body, "expect"));

    if (g_strcmp0(expect, plan_expect_name(EXPECT_CONTAIN)) == 0)
        injects->aj_states[index].is_over = TRUE;
}

static void on_ended(ActionInjects *injects, int index, const JournalEvent *event)
{
    const char *state = json_string_value(json_object_get(event->ev_body, "state"));

    if (g_strcmp0(state, "succeeded") != 0)
        injects->aj_states[index].is_over = TRUE;
}

/* A held team's windows close so much later. */
static void on_released(ActionInjects *injects, const JournalEvent *event)
{
    int team = plan_team_index(injects->aj_plan, event->ev_team);
    gint64 held_us = json_integer_value(json_object_get(event->ev_body, "held_us"));
    gint64 from_us = event->ev_clock_us - held_us;

    for (guint i = 0; i < injects->aj_plan->p_injects->len; i++) {
        InjectState *state = &injects->aj_states[i];

        if (plan_inject(injects->aj_plan, (int)i)->in_team == team &&
            state->is_exec_us >= 0 && state->is_until_us > from_us)
            state->is_until_us += event->ev_clock_us - MAX(from_us, state->is_exec_us);
    }
}

void action_injects_event(ActionInjects *injects, const JournalEvent *event)
{
    static const struct {
        const char *kind;
        void (*on)(ActionInjects *injects, int index, const JournalEvent *event);
    } table[] = {
        {"inject.executed/1", on_executed}, {"effect.seen/1", on_seen},
        {"effect.gone/1", on_gone},         {"expect.met/1", on_met},
        {"inject.ended/1", on_ended},
    };

    if (strcmp(event->ev_kind, "team.released/1") == 0)
        on_released(injects, event);
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        const char *id = json_string_value(json_object_get(event->ev_body, "inject"));
        int index;

        if (strcmp(event->ev_kind, table[i].kind) != 0)
            continue;
        index = id ? plan_inject_index(injects->aj_plan, id) : -1;
        if (index >= 0)
            table[i].on(injects, index, event);
        return;
    }
}

/* ---- what it names ---- */

static void add_name(GHashTable *names, const char *text, gsize len)
{
    /* Words of the shell and of every script: they name nobody's work. */
    static const char *const common[] = {
        "sh",    "bash", "echo",   "cat",  "cp",    "mv",    "rm",     "ls",    "sleep",
        "test",  "true", "false",  "exit", "then",  "else",  "done",   "while", "for",
        "do",    "if",   "fi",     "in",   "set",   "root",  "printf", "grep",  "sed",
        "nohup", "kill", "export", "cd",   "chmod", "chown", "mkdir",  "touch", NULL};
    g_autofree char *name = g_strndup(text, len);

    if (len < 2 || g_hash_table_size(names) >= NAMES_MAX || g_strv_contains(common, name))
        return;
    g_hash_table_add(names, g_steal_pointer(&name));
}

static void add_words(GHashTable *names, const char *text)
{
    static const char part[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-@+";

    while (text && *text) {
        gsize len = strspn(text, part);
        gsize kept = len;

        while (kept > 1 && strchr(".:/-", text[kept - 1]))
            kept--;
        if (*text != '-')
            add_name(names, text, kept);
        text += len;
        text += strcspn(text, part);
    }
}

/* A check's parameters: the path, process, service or port that it looks at. */
static void add_params(GHashTable *names, const json_t *params)
{
    static const char *const keys[] = {"path", "name", "port", NULL};

    for (const char *const *key = keys; *key; key++) {
        const json_t *value = json_object_get(params, *key);
        const char *text = json_string_value(value);
        g_autofree char *number =
            json_is_integer(value)
                ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value))
                : NULL;

        if (text)
            add_name(names, text, strlen(text));
        if (number)
            add_name(names, number, strlen(number));
    }
}

static void add_env(GHashTable *names, char *const *env)
{
    for (; env && *env; env++)
        if (g_str_has_prefix(*env, "PARRY_ATTACKER="))
            add_words(names, *env + strlen("PARRY_ATTACKER="));
}

static GHashTable *names_of(ActionInjects *injects, int index)
{
    InjectState *state = &injects->aj_states[index];
    const Plan *plan = injects->aj_plan;
    const PlanInject *inject = plan_inject(plan, index);

    if (state->is_names)
        return state->is_names;
    state->is_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    add_params(state->is_names, inject->in_effect_params);
    for (guint i = 0; inject->in_expect && i < inject->in_expect->len; i++) {
        const PlanExpect *expect = inject->in_expect->pdata[i];

        if (expect->ex_check >= 0)
            add_params(state->is_names, plan_check(plan, expect->ex_check)->ck_params);
    }
    for (char **indicator = inject->in_indicators; indicator && *indicator; indicator++)
        add_words(state->is_names, *indicator);
    add_env(state->is_names, inject->in_env);
    add_words(state->is_names, inject->in_run);
    add_words(state->is_names, inject->in_cleanup);
    add_words(state->is_names, inject->in_contain);
    return state->is_names;
}

static gboolean has_name(GHashTable *names, const char *name)
{
    const char *slash = strrchr(name, '/');
    g_autofree char *alone = NULL;

    if (!*name)
        return FALSE;
    if (g_hash_table_contains(names, name))
        return TRUE;
    if (!slash || !slash[1])
        return FALSE;
    if (strcmp(slash, "/32") == 0 || strcmp(slash, "/128") == 0) {
        alone = g_strndup(name, slash - name);
        return g_hash_table_contains(names, alone);
    }
    /* A file by its last name, as indicators have it: "index.html". */
    return *name == '/' && g_hash_table_contains(names, slash + 1);
}

int action_injects_find(ActionInjects *injects, int host, int team,
                        const ActionThing *thing, gint64 at_us, ActionAbout about,
                        gboolean *named)
{
    const Plan *plan = injects->aj_plan;
    int best = -1, open = -1;

    *named = FALSE;
    for (guint i = 0; about != ABOUT_NEVER && i < plan->p_injects->len; i++) {
        const InjectState *state = &injects->aj_states[i];
        const PlanInject *inject = plan_inject(plan, (int)i);

        if (state->is_exec_us < 0 || at_us < state->is_exec_us ||
            inject->in_team != team ||
            (inject->in_host != host && inject->in_effect_host != host))
            continue;
        if (!state->is_over && at_us <= state->is_until_us &&
            (open < 0 || state->is_exec_us > injects->aj_states[open].is_exec_us))
            open = (int)i;
        if ((has_name(names_of(injects, (int)i), thing->ao_name) ||
             has_name(names_of(injects, (int)i), thing->ao_other)) &&
            (best < 0 || state->is_exec_us > injects->aj_states[best].is_exec_us))
            best = (int)i;
    }
    *named = best >= 0;
    if (best >= 0)
        return best;
    return about == ABOUT_WINDOW ? open : -1;
}

/* ---- files that the drill cares about ---- */

static void add_file(GHashTable *paths, const char *path)
{
    if (path && *path == '/' && g_hash_table_size(paths) < NAMES_MAX)
        g_hash_table_add(paths, g_strdup(path));
}

static GHashTable *planned_of(ActionInjects *injects, int host)
{
    const Plan *plan = injects->aj_plan;
    const GPtrArray *files = plan_host(plan, host)->ph_files;
    GHashTable *paths;

    if (injects->aj_planned[host])
        return injects->aj_planned[host];
    paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; files && i < files->len; i++)
        add_file(paths, ((const PlanFile *)files->pdata[i])->pf_path);
    for (guint i = 0; i < plan->p_checks->len; i++) {
        const PlanCheck *check = plan_check(plan, (int)i);

        if (check->ck_host == host && strcmp(check->ck_kind, "file") == 0)
            add_file(paths, json_string_value(json_object_get(check->ck_params, "path")));
    }
    injects->aj_planned[host] = paths;
    return paths;
}

gboolean action_injects_planned(ActionInjects *injects, int host, const char *path)
{
    return g_hash_table_contains(planned_of(injects, host), path);
}
