/* SDL: entities become teams and members; metrics, evaluations, tlos and goals
 * objectives. */
#include "scenarios/import/ocr.h"

#include <string.h>

#define ENTITY_DEPTH 8

static const char *const sides[] = {"white", "green", "red", "blue", "observer", NULL};

/* --- entities --- */

static const char *side_of(const Node *entity)
{
    const char *role = import_get_text(entity, "role");

    for (gsize i = 0; role && i < 4; i++)
        if (!g_ascii_strcasecmp(role, sides[i]))
            return sides[i];
    return NULL;
}

/* What an entity is for, its people are told at the start. */
static void add_mission(Ocr *ocr, const Node *entity, const char *team)
{
    Import *import = ocr->oc_import;
    const Node *mission = import_get(entity, "mission");
    const Node *description = import_get(entity, "description");
    g_autoptr(GString) body = g_string_new(NULL);

    if (node_text(description))
        import_paragraph(body, "%s", node_text(description));
    if (node_text(mission))
        import_paragraph(body, "%s", node_text(mission));
    if (!body->len)
        return;
    g_autofree char *wish = g_strdup_printf("mission-%.22s", team);
    g_autofree char *name = import_name(ocr->oc_taken[OCR_INJECT], wish, IMPORT_NAME);
    const char *title = import_get_text(entity, "name");
    json_object_set_new(import_at(import, "injects", NULL), name,
                        json_pack("{s:s, s:{s:[s], s:o, s:o}}", "at", "0s", "message",
                                  "to", team, "subject",
                                  import_text(title ? title : team), "body",
                                  import_text(body->str)));
    g_autofree char *to = g_strdup_printf("injects.%s.message.body", name);
    const char *why = "a team has no place for it: it is told at the start";
    if (node_text(mission))
        import_changed(import, mission, to, "%s", why);
    if (node_text(description))
        import_changed(import, description, to, "%s", why);
}

/* Keys that neither teams nor members have. */
static void say_rest(Ocr *ocr, const Node *entity)
{
    static const struct {
        const char *key, *why;
    } rest[] = {
        {"tlos", "a training objective is the whole drill's; injects serve it"},
        {"goals", "a goal is the whole drill's"},
        {"events", "who gets an event follows from its injects"},
        {"vulnerabilities", "weaknesses are of hosts"},
        {"facts", "teams have no place for facts"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rest); i++)
        import_left(ocr->oc_import, import_get(entity, rest[i].key), "%s", rest[i].why);
}

/* Words by which injects may choose teams. */
static void add_labels(Ocr *ocr, const Node *entity, const char *team)
{
    const Node *categories = import_get(entity, "categories");
    json_t *labels = json_array();
    json_t *teams = import_at(ocr->oc_import, "teams", NULL);

    for (guint i = 0; i < node_len(categories); i++) {
        const Node *item = node_at(categories, i);
        g_autofree char *slug =
            import_slug(node_text(item) ? node_text(item) : "", IMPORT_NAME);
        gboolean twice = FALSE;
        for (gsize l = 0; l < json_array_size(labels); l++)
            twice |= !strcmp(json_string_value(json_array_get(labels, l)), slug);
        if (!node_text(item) || twice || i >= IMPORT_LIST_MAX ||
            g_strv_contains(sides, slug) || json_object_get(teams, slug)) {
            import_left(
                ocr->oc_import, item,
                "a label may not be named as a side, a team or another label, and "
                "32 are taken");
            continue;
        }
        import_changed(ocr->oc_import, item,
                       import_to(ocr->oc_import, "teams.%s.labels[%u]", team,
                                 (guint)json_array_size(labels)),
                       "a category becomes a label");
        json_array_append_new(labels, json_string(slug));
    }
    if (json_array_size(labels))
        json_object_set(json_object_get(teams, team), "labels", labels);
    json_decref(labels);
}

static const char *add_team(Ocr *ocr, const char *path, const char *key,
                            const Node *entity, const char *side)
{
    Import *import = ocr->oc_import;
    const Node *role = import_get(entity, "role");
    char *name = import_name(ocr->oc_taken[OCR_TEAM], key, IMPORT_TEAM_NAME);
    json_t *team = import_at(import, "teams", name, NULL);
    g_autofree char *to = g_strdup_printf("teams.%s", name);

    g_hash_table_insert(ocr->oc_names[OCR_TEAM], g_strdup(path), name);
    json_object_set_new(team, "side", json_string(side ? side : "observer"));
    if (!strcmp(name, key))
        import_taken(import, entity, "%s", to);
    else
        import_changed(import, entity, to,
                       "a name has small letters, digits and -, and is short");
    if (side_of(entity))
        import_taken(import, role, "%s.side", to);
    else if (role)
        import_changed(import, role, import_to(import, "%s.side", to),
                       "none of White, Green, Red and Blue: an observer");
    else if (!side)
        import_added(import, import_to(import, "%s.side", to),
                     "the entity has no role: an observer");
    ocr_text(ocr, entity, "name", team, "title", to);
    if (side && !strcmp(side, "blue") && ocr->oc_estate)
        json_object_set_new(team, "estate", json_string(OCR_ESTATE));
    return name;
}

/* An entity within a team that is on no other side: one of its people. */
static void add_member(Ocr *ocr, const char *path, const char *key, const Node *entity,
                       const char *team)
{
    Import *import = ocr->oc_import;
    json_t *members = import_at(import, "teams", team, "members", NULL);
    g_autoptr(GHashTable) taken = import_names_new();
    const char *other;
    json_t *value;

    json_object_foreach (members, other, value)
        g_hash_table_add(taken, g_strdup(other));
    g_autofree char *name = import_name(taken, key, IMPORT_NAME);
    json_t *member = json_object();
    json_object_set_new(members, name, member);
    g_hash_table_insert(ocr->oc_names[OCR_TEAM], g_strdup(path), g_strdup(team));
    g_autofree char *to = g_strdup_printf("teams.%s.members.%s", team, name);
    import_changed(import, entity, to, "an entity within a team is one of its people");
    ocr_text(ocr, entity, "name", member, "title", to);
    if (side_of(entity))
        import_taken(import, import_get(entity, "role"), "teams.%s.side", team);
    import_left(import, import_get(entity, "description"), "members have no texts");
    import_left(import, import_get(entity, "mission"), "members have no texts");
    import_left(import, import_get(entity, "categories"), "members have no labels");
}

static gboolean any_role(const Node *entities, int depth)
{
    for (guint i = 0; depth && i < node_len(entities); i++)
        if (entities->nd_kind == NODE_MAP &&
            (side_of(node_at(entities, i)) ||
             any_role(import_get(node_at(entities, i), "entities"), depth - 1)))
            return TRUE;
    return FALSE;
}

static void walk_entities(Ocr *ocr, const Node *entities, const char *above,
                          const char *team, const char *side, int depth);

static void walk_entity(Ocr *ocr, const Node *entity, const char *key, const char *above,
                        const char *team, const char *side, int depth)
{
    g_autofree char *path = *above ? g_strconcat(above, ".", key, NULL) : g_strdup(key);
    const Node *inner = import_get(entity, "entities");
    const char *own = side_of(entity) ? side_of(entity) : side;

    if (!ocr_is_map(ocr, entity))
        return;
    if (!team && !own && any_role(inner, ENTITY_DEPTH)) {
        import_changed(ocr->oc_import, entity, NULL,
                       "it has no role: the entities within it are the teams");
        walk_entities(ocr, inner, path, NULL, NULL, depth - 1);
        return;
    }
    say_rest(ocr, entity);
    if (team && !g_strcmp0(own, side)) {
        add_member(ocr, path, key, entity, team);
    } else if (g_hash_table_size(ocr->oc_taken[OCR_TEAM]) >= IMPORT_TEAMS_MAX) {
        import_left(ocr->oc_import, entity, "more teams than are taken");
        return;
    } else {
        team = add_team(ocr, path, key, entity, own);
    }
    walk_entities(ocr, inner, path, team, own, depth - 1);
}

static void walk_entities(Ocr *ocr, const Node *entities, const char *above,
                          const char *team, const char *side, int depth)
{
    if (!entities || !ocr_is_map(ocr, entities))
        return;
    if (!depth) {
        import_left(ocr->oc_import, entities, "entities more than 8 deep");
        return;
    }
    for (guint i = 0; i < node_len(entities); i++)
        walk_entity(ocr, node_at(entities, i), node_key_at(entities, i), above, team,
                    side, depth);
}

/* What waits until all teams are known. */
static void finish_entities(Ocr *ocr, const Node *entities, const char *above, int depth)
{
    for (guint i = 0; depth && i < node_len(entities); i++) {
        const Node *entity = node_at(entities, i);
        if (entities->nd_kind != NODE_MAP || entity->nd_kind != NODE_MAP)
            continue;
        const char *key = node_key_at(entities, i);
        g_autofree char *path =
            *above ? g_strconcat(above, ".", key, NULL) : g_strdup(key);
        const char *parent = ocr_find(ocr, OCR_TEAM, above);
        const char *team = ocr_find(ocr, OCR_TEAM, path);
        if (team && g_strcmp0(parent, team) != 0) {
            add_labels(ocr, entity, team);
            add_mission(ocr, entity, team);
        }
        finish_entities(ocr, import_get(entity, "entities"), path, depth - 1);
    }
}

void ocr_entities(Ocr *ocr)
{
    const Node *entities = import_get(ocr->oc_root, "entities");
    json_t *teams = import_at(ocr->oc_import, "teams", NULL);
    const char *key;
    json_t *team;
    gboolean blue = FALSE;

    walk_entities(ocr, entities, "", NULL, NULL, ENTITY_DEPTH);
    finish_entities(ocr, entities, "", ENTITY_DEPTH);
    json_object_foreach (teams, key, team)
        blue |= !g_strcmp0(json_string_value(json_object_get(team, "side")), "blue");
    if (blue)
        return;
    g_autofree char *name =
        import_name(ocr->oc_taken[OCR_TEAM], "blue", IMPORT_TEAM_NAME);
    team = json_pack("{s:s}", "side", "blue");
    if (ocr->oc_estate)
        json_object_set_new(team, "estate", json_string(OCR_ESTATE));
    json_object_set_new(teams, name, team);
    import_added(ocr->oc_import, import_to(ocr->oc_import, "teams.%s", name),
                 "no entity is Blue: somebody must have the hosts and get the injects");
}

/* --- objectives --- */

static void add_metric(Ocr *ocr, const char *key, const Node *node)
{
    Import *import = ocr->oc_import;
    const Node *type = import_get(node, "type"), *artifact = import_get(node, "artifact");
    const Node *score = import_get(node, "max-score");
    gboolean conditional =
        !g_ascii_strcasecmp(node_text(type) ? node_text(type) : "", "conditional");
    gint64 milli;
    const char *name = ocr_thing(ocr, OCR_METRIC, key, node, "objectives.metrics");
    json_t *metric = import_at(import, "objectives", "metrics", name, NULL);
    g_autofree char *to = g_strdup_printf("objectives.metrics.%s", name);
    g_autofree char *when = g_strconcat(to, ".condition", NULL);

    ocr_title(ocr, node, metric, to);
    json_t *condition = ocr_condition(ocr, import_get(node, "condition"), when);
    json_object_set_new(metric, "kind",
                        json_string(condition ? "conditional" : "manual"));
    if (condition)
        json_object_set_new(metric, "condition", condition);
    if (conditional == (condition != NULL))
        import_taken(import, type, "%s.kind", to);
    else
        import_changed(import, type, import_to(import, "%s.kind", to),
                       condition ? "it has a condition" : "no check tells it");
    if (!condition && !g_strcmp0(node_text(artifact), "true")) {
        json_object_set_new(metric, "artifact", json_true());
        import_taken(import, artifact, "%s.artifact", to);
    } else {
        import_left(import, artifact, "only a manual metric has one");
    }
    if (import_milli(node_text(score), &milli)) {
        json_object_set_new(metric, "max-score", import_points(milli));
        import_taken(import, score, "%s.max-score", to);
    } else {
        json_object_set_new(metric, "max-score", json_integer(10));
        import_left(import, score, "no points above 0: 10");
    }
}

/* The most that the evaluation's metrics give together, in thousandths. */
static gint64 most_of(Ocr *ocr, const json_t *evaluation)
{
    const json_t *names = json_object_get(evaluation, "metrics");
    json_t *metrics = import_at(ocr->oc_import, "objectives", "metrics", NULL);
    gint64 most = 0, milli;

    for (gsize i = 0; i < json_array_size(names); i++) {
        const json_t *score = json_object_get(
            json_object_get(metrics, json_string_value(json_array_get(names, i))),
            "max-score");
        if (json_is_integer(score))
            most += json_integer_value(score) * 1000;
        else if (import_milli(json_string_value(score), &milli))
            most += milli;
    }
    return most;
}

static void add_min_score(Ocr *ocr, const Node *node, json_t *evaluation, const char *to)
{
    Import *import = ocr->oc_import;
    const Node *score = import_get(node, "min-score");
    const Node *absolute = import_get(score, "absolute");
    const Node *percent = node_text(score) ? score : import_get(score, "percentage");
    gint64 number;

    if (import_int(node_text(percent), 0, 100, &number)) {
        g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT "%%", number);
        json_object_set_new(evaluation, "min-score", json_string(text));
        import_taken(import, percent, "%s.min-score", to);
        import_left(import, absolute, "there is a percentage");
    } else if (import_milli(node_text(absolute), &number) &&
               number <= most_of(ocr, evaluation)) {
        json_object_set_new(evaluation, "min-score", import_points(number));
        import_taken(import, absolute, "%s.min-score", to);
        import_left(import, percent, "no percentage");
    } else {
        import_left(import, score,
                    "neither a percentage nor points that its metrics give");
    }
}

static void add_evaluation(Ocr *ocr, const char *key, const Node *node)
{
    Import *import = ocr->oc_import;
    const Node *list = import_get(node, "metrics");
    gboolean any = FALSE;

    for (guint i = 0; i < node_len(list); i++)
        any |= ocr_find(ocr, OCR_METRIC, node_text(node_at(list, i))) != NULL;
    if (!any) {
        import_left(import, node, "none of its metrics is there");
        return;
    }
    const char *name =
        ocr_thing(ocr, OCR_EVALUATION, key, node, "objectives.evaluations");
    json_t *evaluation = import_at(import, "objectives", "evaluations", name, NULL);
    g_autofree char *to = g_strdup_printf("objectives.evaluations.%s", name);
    g_autofree char *metrics = g_strconcat(to, ".metrics", NULL);
    ocr_title(ocr, node, evaluation, to);
    json_object_set_new(evaluation, "metrics", ocr_refs(ocr, OCR_METRIC, list, metrics));
    add_min_score(ocr, node, evaluation, to);
}

/* What an objective is judged by where the file does not say: a person. */
static char *add_judged(Ocr *ocr, const char *wish)
{
    Import *import = ocr->oc_import;
    g_autofree char *metric = import_name(ocr->oc_taken[OCR_METRIC], wish, IMPORT_NAME);
    char *name = import_name(ocr->oc_taken[OCR_EVALUATION], wish, IMPORT_NAME);

    json_object_set_new(import_at(import, "objectives", "metrics", NULL), metric,
                        json_pack("{s:s, s:i}", "kind", "manual", "max-score", 10));
    json_object_set_new(import_at(import, "objectives", "evaluations", NULL), name,
                        json_pack("{s:[s]}", "metrics", metric));
    import_added(import, import_to(import, "objectives.evaluations.%s", name),
                 "a training objective must have an evaluation: a person judges it");
    return name;
}

static void add_tlo(Ocr *ocr, const char *key, const Node *node)
{
    Import *import = ocr->oc_import;
    const Node *evaluation = import_get(node, "evaluation");
    const char *judged = ocr_find(ocr, OCR_EVALUATION, node_text(evaluation));
    const char *name =
        ocr_thing(ocr, OCR_TLO, key, node, "objectives.training-objectives");
    json_t *tlo = import_at(import, "objectives", "training-objectives", name, NULL);
    g_autofree char *to = g_strdup_printf("objectives.training-objectives.%s", name);
    const Node *capabilities = import_get(node, "capabilities");

    ocr_text(ocr, node, "name", tlo, "title", to);
    ocr_text(ocr, node, "description", tlo,
             json_object_get(tlo, "title") ? "notes" : "title", to);
    if (judged) {
        import_taken(import, evaluation, "%s.evaluation", to);
        json_object_set_new(tlo, "evaluation", json_string(judged));
    } else {
        import_left(import, evaluation, "no evaluation of that name was taken");
        g_autofree char *own = add_judged(ocr, name);
        json_object_set_new(tlo, "evaluation", json_string(own));
    }
    for (guint i = 0; i < node_len(capabilities); i++) {
        const Node *item = node_at(capabilities, i);
        const char *able = ocr_find(ocr, OCR_CAPABILITY, node_text(item));
        if (!able || json_object_get(tlo, "capability")) {
            import_left(import, item,
                        able ? "an objective is about one capability"
                             : "no capability of that name was taken");
            continue;
        }
        json_object_set_new(tlo, "capability", json_string(able));
        import_taken(import, item, "%s.capability", to);
    }
}

static void add_goal(Ocr *ocr, const char *key, const Node *node)
{
    Import *import = ocr->oc_import;
    const Node *list = import_get(node, "tlos");
    gboolean any = FALSE;

    for (guint i = 0; i < node_len(list); i++)
        any |= ocr_find(ocr, OCR_TLO, node_text(node_at(list, i))) != NULL;
    if (!any) {
        import_left(import, node, "none of its training objectives is there");
        return;
    }
    const char *name = ocr_thing(ocr, OCR_GOAL, key, node, "objectives.goals");
    json_t *goal = import_at(import, "objectives", "goals", name, NULL);
    g_autofree char *to = g_strdup_printf("objectives.goals.%s", name);
    g_autofree char *tlos = g_strconcat(to, ".training-objectives", NULL);
    ocr_title(ocr, node, goal, to);
    json_object_set_new(goal, "training-objectives", ocr_refs(ocr, OCR_TLO, list, tlos));
}

static void add_capability(Ocr *ocr, const char *key, const Node *node)
{
    const char *name =
        ocr_thing(ocr, OCR_CAPABILITY, key, node, "objectives.capabilities");
    json_t *capability =
        import_at(ocr->oc_import, "objectives", "capabilities", name, NULL);
    g_autofree char *to = g_strdup_printf("objectives.capabilities.%s", name);

    ocr_title(ocr, node, capability, to);
    import_left(ocr->oc_import, import_get(node, "condition"),
                "people rate capabilities; no condition does");
    import_left(ocr->oc_import, import_get(node, "vulnerabilities"),
                "weaknesses are of hosts");
}

void ocr_objectives(Ocr *ocr)
{
    static const struct {
        const char *top;
        void (*add)(Ocr *, const char *, const Node *);
    } all[] = {
        {"capabilities", add_capability},
        {"metrics", add_metric},
        {"evaluations", add_evaluation},
        {"tlos", add_tlo},
        {"goals", add_goal},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        const Node *list = import_get(ocr->oc_root, all[i].top);
        for (guint n = 0; n < node_len(list) && list->nd_kind == NODE_MAP; n++)
            if (n >= IMPORT_CHECKS_MAX)
                import_left(ocr->oc_import, node_at(list, n), "more than are taken");
            else if (ocr_is_map(ocr, node_at(list, n)))
                all[i].add(ocr, node_key_at(list, n), node_at(list, n));
    }
}
