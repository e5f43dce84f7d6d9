/* Expectations: what earns points, and whether anybody can meet it. */
#include "scenarios/base/duration.h"
#include "scenarios/injects.h"

#include <string.h>

typedef void (*Reader)(Loader *loader, const InjectDef *def, const PlanInject *inject,
                       Node *key, Node *map, PlanExpect *expect);

static void read_contain(Loader *, const InjectDef *, const PlanInject *, Node *, Node *,
                         PlanExpect *);
static void read_eradicate(Loader *, const InjectDef *, const PlanInject *, Node *,
                           Node *, PlanExpect *);
static void read_recover(Loader *, const InjectDef *, const PlanInject *, Node *, Node *,
                         PlanExpect *);
static void read_report(Loader *, const InjectDef *, const PlanInject *, Node *, Node *,
                        PlanExpect *);
static void read_share(Loader *, const InjectDef *, const PlanInject *, Node *, Node *,
                       PlanExpect *);

enum { ATTACK = 1, MESSAGE = 2, FAULT = 4 };

/* In the order in which the plan has them. */
static const struct {
    const char *key;
    PlanExpectKind kind;
    const KeyTable *table;
    unsigned of; /* kinds of inject */
    Reader read;
} kinds[] = {
    {"prevent", EXPECT_PREVENT, &keys_prevent, ATTACK, NULL},
    {"detect", EXPECT_DETECT, &keys_detect, ATTACK | FAULT, NULL},
    {"contain", EXPECT_CONTAIN, &keys_contain, ATTACK | FAULT, read_contain},
    {"eradicate", EXPECT_ERADICATE, &keys_eradicate, ATTACK, read_eradicate},
    {"recover", EXPECT_RECOVER, &keys_recover, ATTACK | FAULT, read_recover},
    {"answer", EXPECT_ANSWER, &keys_answer, MESSAGE, NULL},
    {"report", EXPECT_REPORT, &keys_report, ATTACK | MESSAGE | FAULT, read_report},
    {"share", EXPECT_SHARE, &keys_share, ATTACK | MESSAGE | FAULT, read_share},
};

void expects_check(Loader *loader, const InjectDef *def, Node *expect)
{
    static const char *const never[] = {
        [INJECT_ATTACK] = "an attack is not answered: \"%s\" never comes",
        [INJECT_MESSAGE] = "a message is answered: \"%s\" never comes",
        [INJECT_FAULT] = "a fault is no attack: \"%s\" never comes",
        [INJECT_TRAFFIC] = "traffic is nothing to act upon: \"%s\" never comes",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (node_get(expect, kinds[i].key) && !(kinds[i].of & 1U << def->jd_kind))
            loader_error(loader, node_key(expect, kinds[i].key), NULL,
                         never[def->jd_kind], kinds[i].key);
}

/* --- windows --- */

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

/* By how much the team's windows are longer. */
static gint64 extension(Loader *loader, const InjectDef *def, int team)
{
    const Node *extend = node_get(def->jd_def, "extend"), *first = NULL;
    gint64 out = 0;

    for (guint i = 0; extend && extend->nd_kind == NODE_MAP && i < node_len(extend);
         i++) {
        Node *name = extend->nd_keys->pdata[i];
        const char *by = node_text(node_at(extend, i));
        if (!node_text(name) || !by)
            continue;
        g_autoptr(GArray) teams = loader_teams(loader, name);
        for (guint j = 0; j < teams->len; j++) {
            if (g_array_index(teams, int, j) != team)
                continue;
            if (first)
                loader_error(loader, name, NULL, "the team %s is extended by \"%s\" too",
                             plan_team(loader->ld_plan, team)->pt_id, first->nd_text);
            first = name;
            duration_parse(by, &out, NULL);
        }
    }
    return out;
}

/* --- what each kind needs --- */

/* The check of the victim's estate that the expectation names, or -1. */
static int find_check(Loader *loader, const PlanInject *inject, Node *node)
{
    const Plan *plan = loader->ld_plan;

    if (!node_text(node))
        return -1;
    const char *team = plan_team(plan, inject->in_team)->pt_id;
    g_autofree char *id = g_strdup_printf("%s/%s", team, node->nd_text);
    const Node *checks = node_get(loader_estate(loader, inject->in_team), "checks");
    int index = plan_check_index(plan, id);
    if (index < 0 && !node_get(checks, node->nd_text))
        loader_dangling(loader, node, "check of the victim's estate", checks, NULL);
    return index;
}

static gboolean has_effect(const InjectDef *def, const PlanInject *inject)
{
    return inject->in_effect_kind || node_get(def->jd_what, "effect");
}

static void read_contain(Loader *loader, const InjectDef *def, const PlanInject *inject,
                         Node *key, Node *map, PlanExpect *expect)
{
    Node *check = node_get(map, "check");

    expect->ex_check = find_check(loader, inject, check);
    if (!check && !has_effect(def, inject))
        loader_error(loader, key,
                     inject->in_kind == INJECT_ATTACK
                         ? "name a check, or give the attack an effect"
                         : "name a check",
                     "nothing tells when this is contained");
}

static void read_eradicate(Loader *loader, const InjectDef *def, const PlanInject *inject,
                           Node *key, Node *map, PlanExpect *expect)
{
    expect->ex_check = find_check(loader, inject, node_get(map, "check"));
    if (!node_get(map, "check") && !has_effect(def, inject))
        loader_error(loader, key, "name a check, or give the attack an effect",
                     "nothing tells when nothing of it is left");
}

static void read_recover(Loader *loader, const InjectDef *def, const PlanInject *inject,
                         Node *key, Node *map, PlanExpect *expect)
{
    Node *check = node_get(map, "check");

    (void)def;
    (void)key;
    expect->ex_check = find_check(loader, inject, check);
    if (expect->ex_check >= 0 &&
        !plan_check(loader->ld_plan, expect->ex_check)->ck_interval_us)
        loader_error(loader, check, "give the check \"every\"",
                     "the check \"%s\" is asked only on demand: nothing tells that it "
                     "was down",
                     check->nd_text);
}

static void find_channel(Loader *loader, Node *node, const char *extra)
{
    const Node *channels = node_get(loader->ld_root, "channels");

    if (node_text(node) && g_strcmp0(node->nd_text, extra) != 0 &&
        !node_get(channels, node->nd_text))
        loader_dangling(loader, node, "channel", channels, extra);
}

static void read_report(Loader *loader, const InjectDef *def, const PlanInject *inject,
                        Node *key, Node *map, PlanExpect *expect)
{
    (void)def;
    (void)inject;
    (void)key;
    (void)expect;
    find_channel(loader, node_get(map, "to"), "white");
}

static void read_share(Loader *loader, const InjectDef *def, const PlanInject *inject,
                       Node *key, Node *map, PlanExpect *expect)
{
    (void)def;
    (void)inject;
    (void)key;
    (void)expect;
    find_channel(loader, node_get(map, "channel"), NULL);
}

/* --- all of an inject --- */

/* Two that would be met by the same deed. */
static void check_twice(Loader *loader, const PlanInject *inject, guint from, gsize k,
                        Node *at)
{
    const PlanExpect *last = inject->in_expect->pdata[inject->in_expect->len - 1];

    for (guint i = from; i + 1 < inject->in_expect->len; i++) {
        const PlanExpect *other = inject->in_expect->pdata[i];
        if (other->ex_within_us == last->ex_within_us &&
            other->ex_check == last->ex_check)
            loader_error(loader, at, NULL, "a second \"%s\" with the same window",
                         kinds[k].key);
    }
}

static PlanExpect *add_one(Loader *loader, const InjectDef *def, PlanInject *inject,
                           gsize k, Node *key, Node *map)
{
    PlanExpect *expect = g_new0(PlanExpect, 1);

    expect->ex_kind = kinds[k].kind;
    expect->ex_points = key_points(kinds[k].table, map, "points");
    expect->ex_check = -1;
    if (keys_find(kinds[k].table, "within"))
        expect->ex_within_us = key_duration(kinds[k].table, map, "within");
    check_window(loader, def, map, expect);
    if (kinds[k].read)
        kinds[k].read(loader, def, inject, key, map, expect);
    g_ptr_array_add(inject->in_expect, expect);
    return expect;
}

/* An answer is wanted by then even where nothing says so but the message. */
static void answer_window(Loader *loader, const InjectDef *def, Node *key,
                          PlanExpect *expect)
{
    if (!expect->ex_within_us)
        expect->ex_within_us = key_duration(&keys_message, def->jd_what, "answer-within");
    if (!expect->ex_within_us)
        loader_error(loader, key, "give it \"within\", or the message \"answer-within\"",
                     "nothing tells until when an answer counts");
}

static void add_kind(Loader *loader, const InjectDef *def, PlanInject *inject, gsize k,
                     Node *key, Node *node)
{
    gboolean many = node && node->nd_kind == NODE_LIST;
    guint from = inject->in_expect->len;

    for (guint i = 0; i < (many ? node_len(node) : 1); i++) {
        Node *map = many ? node_at(node, i) : node;
        if (map && map->nd_kind != NODE_MAP)
            continue;
        PlanExpect *expect = add_one(loader, def, inject, k, many ? map : key, map);
        if (kinds[k].kind == EXPECT_ANSWER)
            answer_window(loader, def, many ? map : key, expect);
        check_twice(loader, inject, from, k, many ? map : key);
    }
}

static void read_disclose(Loader *loader, const InjectDef *def, PlanInject *inject,
                          const Node *expect)
{
    Node *node = node_get(expect, "disclose-after");

    if (!node_text(node))
        return;
    if (def->jd_kind != INJECT_ATTACK)
        loader_error(loader, node_key(expect, "disclose-after"), NULL,
                     "only attacks are hidden and disclosed");
    inject->in_disclose_us = !strcmp(node->nd_text, "end")
                                 ? SCORING_AT_END
                                 : key_duration(&keys_expect, expect, "disclose-after");
    if (!inject->in_disclose_us)
        loader_error(loader, node, NULL, "no time: the attack would be told at once");
    for (guint i = 0; i < inject->in_expect->len; i++) {
        const PlanExpect *one = inject->in_expect->pdata[i];
        if (one->ex_kind == EXPECT_DETECT && inject->in_disclose_us &&
            inject->in_disclose_us < one->ex_within_us)
            loader_warn(loader, node, NULL,
                        "sooner than the time to detect is over: it is told then");
    }
}

void expects_expand(Loader *loader, const InjectDef *def, PlanInject *inject,
                    Node *expect)
{
    gint64 more = extension(loader, def, inject->in_team);

    for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++) {
        Node *node = node_get(expect, kinds[k].key);
        gboolean asked = kinds[k].kind == EXPECT_ANSWER &&
                         def->jd_kind == INJECT_MESSAGE &&
                         node_get_text(def->jd_what, "answer-within");
        if ((node || asked) && kinds[k].of & 1U << def->jd_kind)
            add_kind(loader, def, inject, k, node_key(expect, kinds[k].key), node);
    }
    for (guint i = 0; i < inject->in_expect->len; i++) {
        PlanExpect *one = inject->in_expect->pdata[i];
        if (one->ex_within_us)
            one->ex_within_us += more;
    }
    read_disclose(loader, def, inject, expect);
}
