/* Injects: attacks, messages, faults and traffic, one for each team that they are for. */
#include "scenarios/injects.h"
#include "scenarios/values.h"

#include <string.h>

/* The wire takes scripts of 48 KiB. */
#define SCRIPT_MAX ((gsize)48 * 1024)

static const struct {
    const char *name;
    void (*expand)(Loader *loader, InjectDef *def, int team);
} kinds[] = {
    [INJECT_ATTACK] = {"attack", attack_expand},
    [INJECT_MESSAGE] = {"message", message_expand},
    [INJECT_FAULT] = {"fault", fault_expand},
    [INJECT_TRAFFIC] = {"traffic", traffic_expand},
};

const char *inject_kind_name(PlanInjectKind kind)
{
    return kinds[kind].name;
}

/* --- what kinds share --- */

char *inject_script(Loader *loader, const Node *map, const char *key, int team)
{
    Node *node = node_get(map, key);
    char *text = loader_subst(loader, node, team);

    if (text && strlen(text) > SCRIPT_MAX)
        loader_error(loader, node, "plant the bulk of it by `files:` of the host",
                     "a script of more than 48 KiB does not fit into an order");
    return text;
}

void inject_traces(Loader *loader, const InjectDef *def, PlanInject *inject)
{
    const Node *playbook = node_get(def->jd_def, "playbook");
    int team = inject->in_team;

    g_strfreev(inject->in_indicators);
    inject->in_indicators = loader_subst_texts(loader, def->jd_def, "indicators", team);
    inject->in_detect = inject_script(loader, playbook, "detect", team);
    inject->in_contain = inject_script(loader, playbook, "contain", team);
    inject->in_book_limits = loader_limits(playbook);
}

int inject_victim(Loader *loader, const InjectDef *def, int team)
{
    Node *node = node_get(def->jd_def, "host");
    const PlanTeam *victim = plan_team(loader->ld_plan, team);

    if (!node) {
        loader_error(loader, def->jd_count ? def->jd_def : def->jd_name, NULL,
                     "the %s \"%s\" has no \"host\"", inject_kind_name(def->jd_kind),
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

/* --- one for a team --- */

/* " (step 2 of 3)" behind the title, in its language. */
static ParryText *step_title(const InjectDef *def)
{
    Node *title = node_get(def->jd_def, "title");
    gboolean many = title && title->nd_kind == NODE_MAP && node_len(title);
    const char *plain = node_text(title) ? node_text(title) : def->jd_name->nd_text;
    ParryText *out = many ? parry_text_new(NULL) : NULL;

    for (guint i = 0; many && i < node_len(title); i++) {
        const char *lang = node_key_at(title, i), *text = node_text(node_at(title, i));
        g_autofree char *full = g_strdup_printf(
            g_str_has_prefix(lang, "zh") ? "%s（第 %u 步，共 %u 步）"
                                         : "%s (step %u of %u)",
            text ? text : def->jd_name->nd_text, def->jd_number, def->jd_count);
        parry_text_set(out, lang, full);
    }
    if (many)
        return out;
    g_autofree char *full =
        g_strdup_printf("%s (step %u of %u)", plain, def->jd_number, def->jd_count);
    return parry_text_new(full);
}

/* Objectives must be among those that the scenario names. */
static char **objectives_of(Loader *loader, const InjectDef *def)
{
    Node *list = node_get(def->jd_def, "objective");
    const Node *known =
        node_get(node_get(loader->ld_root, "objectives"), "training-objectives");
    guint n = list && list->nd_kind == NODE_LIST ? node_len(list) : list ? 1 : 0;

    for (guint i = 0; i < n; i++) {
        Node *name = list->nd_kind == NODE_LIST ? node_at(list, i) : list;
        if (node_text(name) && !node_get(known, name->nd_text))
            loader_dangling(loader, name, "training objective", known, NULL);
    }
    return key_texts(def->jd_def, "objective");
}

static void remember(Loader *loader, const InjectDef *def, const PlanInject *inject)
{
    GArray *all = g_hash_table_lookup(loader->ld_injects, def->jd_name->nd_text);

    if (!all) {
        all = g_array_new(FALSE, FALSE, sizeof(int));
        g_hash_table_insert(loader->ld_injects, def->jd_name->nd_text, all);
    }
    g_array_append_val(all, inject->in_index);
}

PlanInject *inject_add(Loader *loader, const InjectDef *def, int team)
{
    Plan *plan = loader->ld_plan;
    const char *name = def->jd_name->nd_text;

    if (plan->p_injects->len >= LOADER_INJECTS_MAX) {
        loader_error(loader, def->jd_name, NULL, "more than %d injects",
                     LOADER_INJECTS_MAX);
        return NULL;
    }
    g_autofree char *own =
        def->jd_count ? g_strdup_printf("%s.%u", name, def->jd_number) : g_strdup(name);
    g_autofree char *id = g_strdup_printf("%s@%s", own, plan_team(plan, team)->pt_id);
    PlanInject *inject = plan_inject_add(plan, id);
    inject->in_kind = def->jd_kind;
    inject->in_name = g_steal_pointer(&own);
    inject->in_title = def->jd_count ? step_title(def)
                                     : loader_text(node_get(def->jd_def, "title"), name);
    inject->in_team = team;
    inject->in_controller = g_strdup(node_get_text(def->jd_def, "controller"));
    if (node_get(def->jd_def, "notes"))
        inject->in_notes = loader_text(node_get(def->jd_def, "notes"), "");
    g_strfreev(inject->in_objectives);
    inject->in_objectives = objectives_of(loader, def);
    triggers_set(def, inject);
    remember(loader, def, inject);
    return inject;
}

/* --- all of one --- */

/* Keys that only some kinds of inject have; a default for all is not held against them.
 */
static void check_kind_keys(Loader *loader, const InjectDef *def)
{
    enum { ATTACK = 1, MESSAGE = 2, FAULT = 4, TRAFFIC = 8 };
    static const struct {
        const char *key;
        unsigned kinds;
    } only[] = {
        {"for", ATTACK | FAULT | TRAFFIC},
        {"by", ATTACK},
        {"technique", ATTACK},
        {"host", ATTACK | FAULT},
        {"risk", ATTACK | FAULT},
        {"indicators", ATTACK | FAULT},
        {"playbook", ATTACK | FAULT},
        {"target", ATTACK},
        {"retry", ATTACK | FAULT},
    };
    static const char *const what[] = {"an attack", "a message", "a fault", "traffic"};

    for (gsize i = 0; i < G_N_ELEMENTS(only); i++) {
        Node *key = node_key(def->jd_def, only[i].key);
        if (key && !(only[i].kinds & 1U << def->jd_kind) && !defaults_gave(key))
            loader_error(loader, key,
                         i ? NULL : "say whom it goes to by message: {to: …}",
                         "%s has no \"%s\"", what[def->jd_kind], only[i].key);
    }
}

static GArray *teams_of(Loader *loader, const InjectDef *def)
{
    Node *names = def->jd_kind == INJECT_MESSAGE ? node_get(def->jd_what, "to")
                                                 : node_get(def->jd_def, "for");
    g_autoptr(Node) blue = NULL;

    if (!names && def->jd_kind != INJECT_MESSAGE) {
        blue = g_new0(Node, 1);
        blue->nd_text = g_strdup("blue");
        blue->nd_line = def->jd_name->nd_line;
        blue->nd_column = def->jd_name->nd_column;
        names = blue;
    }
    return loader_teams(loader, names);
}

/* FALSE where it has none, or more than one: the shape told it. */
static gboolean find_kind(InjectDef *def)
{
    guint found = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        Node *what = node_get(def->jd_def, kinds[i].name);
        if (!what)
            continue;
        def->jd_kind = (PlanInjectKind)i;
        def->jd_what = what;
        found++;
    }
    return found == 1 && def->jd_what->nd_kind == NODE_MAP;
}

static void expand_inject(Loader *loader, Node *name, Node *node)
{
    InjectDef def = {.jd_name = name, .jd_def = node};

    gboolean known = find_kind(&def);
    triggers_read(loader, &def);
    if (!known)
        return;
    check_kind_keys(loader, &def);
    expects_check(loader, &def, node_get(node, "expect"));
    if (def.jd_kind == INJECT_ATTACK)
        attack_read(loader, &def);
    g_autoptr(GArray) teams = teams_of(loader, &def);
    for (guint i = 0; i < teams->len; i++)
        kinds[def.jd_kind].expand(loader, &def, g_array_index(teams, int, i));
    g_clear_pointer(&def.jd_by, g_array_unref);
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
