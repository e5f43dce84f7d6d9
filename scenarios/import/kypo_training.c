/* KYPO: training.json: levels become messages in their order, with training objectives
 * that say how they are judged. */
#include "scenarios/import/kypo.h"

#include "scenarios/base/duration.h"
#include "scenarios/values.h"

#include <string.h>

#define MINUTE_US (G_GINT64_CONSTANT(60) * G_USEC_PER_SEC)
#define LEVEL_MINUTES 30 /* where a level says nothing */
#define LEVELS_MAX 200

typedef struct {
    Kypo *kypo;
    Import *import;
    GHashTable *names;      /* of injects */
    GHashTable *objectives; /* of objectives, metrics and evaluations alike */
    char *before;           /* the inject of the level before, or NULL */
    gint64 us;              /* of the levels so far */
} Training;

/* A level in the making. */
typedef struct {
    const Node *node;
    char *name; /* of its inject */
    char *to;   /* "injects.NAME" */
    char *goal; /* name of its training objective, or NULL */
    json_t *inject, *message;
    GString *body, *notes;
    json_t *rubric;
    gint64 points; /* milli; 0: nothing is scored */
} Level;

/* --- pieces of a level --- */

static void say(Training *training, const Level *level, const char *key,
                const char *where, const char *why)
{
    const Node *node = import_get(level->node, key);

    if (node)
        import_changed(training->import, node,
                       import_to(training->import, "%s.%s", level->to, where), "%s", why);
}

/* Notes stand with the training objective: evaluators read them there. */
static void say_notes(Training *training, const Level *level, const Node *node,
                      const char *why)
{
    import_changed(training->import, node,
                   import_to(training->import, "objectives.training-objectives.%s.notes",
                             level->goal),
                   "%s", why);
}

static void add_body(Training *training, Level *level, const char *key, const char *head)
{
    const Node *node = import_get(level->node, key);

    if (!node_text(node) || !*node_text(node))
        return;
    if (!head && !level->body->len)
        import_taken(training->import, node, "%s.message.body", level->to);
    else
        say(training, level, key, "message.body", "put below the text before it");
    import_paragraph(level->body, "%s%s%s", head ? head : "", head ? "\n" : "",
                     node_text(node));
}

static void add_criterion(Level *level, const char *criterion, gint64 milli)
{
    json_array_append_new(level->rubric,
                          json_pack("{s:o, s:o}", "criterion", import_text(criterion),
                                    "points", import_points(milli)));
}

/* Hints cost points in KYPO; here a controller gives them and takes the points. */
static void add_hints(Training *training, Level *level)
{
    const Node *hints = import_get(level->node, "hints");
    const char *why = "a controller gives hints, and takes their points by hand";

    for (guint i = 0; i < node_len(hints); i++) {
        const Node *hint = node_at(hints, i);
        const char *title = import_get_text(hint, "title");
        const char *content = import_get_text(hint, "content");
        const char *penalty = import_get_text(hint, "hint_penalty");
        static const char *const keys[] = {"title", "content", "hint_penalty"};
        if (!kypo_is_map(training->kypo, hint))
            continue;
        import_paragraph(level->notes, "Hint %u (costs %s): %s\n%s", i + 1,
                         penalty ? penalty : "0", title ? title : "",
                         content ? content : "");
        for (gsize k = 0; k < G_N_ELEMENTS(keys); k++)
            say_notes(training, level, import_get(hint, keys[k]), why);
        import_left(training->import, import_get(hint, "order"),
                    "hints stand in the order of the file");
    }
}

static void add_answer(Training *training, Level *level)
{
    const Node *answer = import_get(level->node, "answer");
    const Node *variable = import_get(level->node, "answer_variable_name");
    const Node *drawn = import_get(level->node, "variant_answers");
    const char *secret =
        node_text(variable)
            ? g_hash_table_lookup(training->kypo->ky_secrets, node_text(variable))
            : NULL;
    gboolean given = node_text(answer) && *node_text(answer) && !answer->nd_plain;

    if (secret) {
        g_autofree char *text =
            g_strdup_printf("The answer is the team's secret \"%s\".", secret);
        add_criterion(level, text, level->points);
        say(training, level, "answer_variable_name", "message.rubric",
            "a judge compares with the team's secret");
    } else if (given) {
        g_autofree char *text = g_strdup_printf("The answer is: %s", node_text(answer));
        add_criterion(level, text, level->points);
        say(training, level, "answer", "message.rubric", "a judge compares");
    }
    if (!secret && !(node_text(variable) && variable->nd_plain)) /* not null */
        import_left(training->import, variable, "variables.yml has no such variable");
    import_left(training->import, drawn, "a secret is one for each team by itself");
}

static void say_step(Training *training, const Level *level, const Node *node)
{
    if (node_text(node))
        import_changed(training->import, node,
                       import_to(training->import, "%s.message.rubric", level->to),
                       "Parry does not watch for commands: a criterion without points, "
                       "for a judge");
}

/* The commands of a model solution: Parry does not watch for commands, a judge may. */
static void add_solution(Training *training, Level *level)
{
    const Node *steps = import_get(level->node, "reference_solution");
    static const char *const keys[] = {"state_name", "cmd", "cmd_regex", "optional"};

    for (guint i = 0; i < node_len(steps); i++) {
        const Node *step = node_at(steps, i), *before = import_get(step, "prereq_state");
        g_autoptr(GString) text = g_string_new(NULL);
        const char *name = import_get_text(step, "state_name");
        const char *cmd = import_get_text(step, "cmd");
        const char *regex = import_get_text(step, "cmd_regex");
        gboolean optional = !g_strcmp0(import_get_text(step, "optional"), "true");
        if (!kypo_is_map(training->kypo, step))
            continue;
        g_string_append_printf(text, "%s: %s", name ? name : "step", cmd ? cmd : "");
        if (regex)
            g_string_append_printf(text, " (matches %s)", regex);
        for (guint n = 0; n < node_len(before); n++)
            if (node_text(node_at(before, n)))
                g_string_append_printf(text, "%s%s", n ? ", " : "; after ",
                                       node_text(node_at(before, n)));
        if (optional)
            g_string_append(text, "; optional");
        add_criterion(level, text->str, 0);
        for (gsize k = 0; k < G_N_ELEMENTS(keys); k++)
            say_step(training, level, import_get(step, keys[k]));
        for (guint n = 0; n < node_len(before); n++)
            say_step(training, level, node_at(before, n));
        import_left(training->import, import_get(step, "cmd_type"),
                    "a criterion says not where a command is typed");
    }
}

static gboolean good_technique(const char *text)
{
    const KeySpec spec = {.ks_key = "allow", .ks_type = KEY_TECHNIQUE};
    char *why = NULL;
    gboolean good = value_check(&spec, KEY_TECHNIQUE, text, &why);

    g_free(why);
    return good;
}

/* "TA0007.T1046" or "T1046": what the scope allows. */
static void add_techniques(Training *training, const Level *level)
{
    const Node *list = import_get(level->node, "mitre_techniques");
    json_t *scope = import_at(training->import, "scope", NULL);

    for (guint i = 0; i < node_len(list); i++) {
        const Node *item = node_at(list, i);
        const Node *key = node_text(item) ? item : import_get(item, "technique_key");
        const char *text = node_text(key) ? node_text(key) : "";
        const char *dot = g_str_has_prefix(text, "TA") ? strchr(text, '.') : NULL;
        gboolean there = FALSE;
        if (dot)
            text = dot + 1;
        if (!good_technique(text) ||
            json_array_size(json_object_get(scope, "allow")) >= IMPORT_CHECKS_MAX) {
            import_left(training->import, item, "no technique such as T1046");
            continue;
        }
        json_t *allow = json_object_get(scope, "allow");
        if (!allow)
            json_object_set_new(scope, "allow", allow = json_array());
        for (gsize a = 0; a < json_array_size(allow); a++)
            there |= !strcmp(json_string_value(json_array_get(allow, a)), text);
        if (!there)
            json_array_append_new(allow, json_string(text));
        if (dot)
            import_changed(training->import, key, "scope.allow",
                           "allowed; tactics are not named");
        else
            import_taken(training->import, key, "scope.allow");
    }
}

/* --- assessments --- */

/* What the answers to choose from are, and which are right. */
static void add_choices(Training *training, Level *level, const Node *question,
                        GString *text, GString *right)
{
    static const char *const lists[] = {"choices", "extended_matching_options",
                                        "extended_matching_statements"};

    for (gsize l = 0; l < G_N_ELEMENTS(lists); l++) {
        const Node *list = import_get(question, lists[l]);
        for (guint i = 0; i < node_len(list); i++) {
            const Node *choice = node_at(list, i);
            const char *words = import_get_text(choice, "text");
            const Node *correct = import_get(choice, "correct");
            const Node *option = import_get(choice, "correct_option_order");
            if (!words)
                continue;
            g_string_append_printf(text, "\n%s %s", l == 2 ? "?" : "-", words);
            import_changed(training->import, import_get(choice, "text"),
                           import_to(training->import, "%s.message.body", level->to),
                           "a line of the question");
            if (!g_strcmp0(node_text(correct), "true"))
                g_string_append_printf(right, "%s%s", right->len ? "; " : "", words);
            if (node_text(option))
                g_string_append_printf(right, "%s%s = option %s", right->len ? "; " : "",
                                       words, node_text(option));
            import_changed(training->import, correct,
                           import_to(training->import, "%s.message.rubric", level->to),
                           "the right ones stand in the rubric");
            import_changed(training->import, option,
                           import_to(training->import, "%s.message.rubric", level->to),
                           "the right ones stand in the rubric");
            import_left(training->import, import_get(choice, "order"),
                        "lines stand in the order of the file");
        }
    }
}

static void add_question(Training *training, Level *level, const Node *question, guint i,
                         gboolean graded)
{
    Import *import = training->import;
    const Node *points = import_get(question, "points");
    g_autoptr(GString) text = g_string_new(NULL), right = g_string_new(NULL);
    const char *words = import_get_text(question, "text");
    gint64 milli = 0;

    g_string_append_printf(text, "%u. %s", i + 1, words ? words : "");
    add_choices(training, level, question, text, right);
    import_paragraph(level->body, "%s", text->str);
    import_changed(import, import_get(question, "text"),
                   import_to(import, "%s.message.body", level->to),
                   "a question is a paragraph of the message");
    if (graded && import_milli(node_text(points), &milli))
        level->points += milli;
    if (graded || right->len) {
        g_autofree char *criterion =
            g_strdup_printf("Question %u%s%s", i + 1, right->len ? ": " : "", right->str);
        add_criterion(level, criterion, milli);
        import_changed(import, points, import_to(import, "%s.message.rubric", level->to),
                       "the criterion of the question");
    } else {
        import_left(import, points, "a questionnaire is not graded");
    }
    import_left(import, import_get(question, "penalty"), "a wrong answer costs nothing");
    import_left(import, import_get(question, "question_type"),
                "how a question is answered is the players' matter");
    import_left(import, import_get(question, "answer_required"),
                "no question must be answered");
    import_left(import, import_get(question, "order"),
                "questions stand in the order of the file");
}

static void add_assessment(Training *training, Level *level)
{
    const Node *questions = import_get(level->node, "questions");
    const Node *type = import_get(level->node, "assessment_type");
    gboolean graded = !g_strcmp0(node_text(type), "TEST");

    add_body(training, level, "instructions", NULL);
    for (guint i = 0; i < node_len(questions); i++)
        if (kypo_is_map(training->kypo, node_at(questions, i)))
            add_question(training, level, node_at(questions, i), i, graded);
    import_changed(
        training->import, type, import_to(training->import, "%s.message", level->to),
        graded ? "its points are those of an answer" : "it is asked, and earns nothing");
}

/* --- the objective of a training level --- */

static void add_objective(Training *training, Level *level, const char *title)
{
    Import *import = training->import;
    const char *name = level->goal;

    json_object_set_new(import_at(import, "objectives", "metrics", NULL), name,
                        json_pack("{s:o, s:s, s:o}", "title", import_text(title), "kind",
                                  "manual", "max-score",
                                  import_points(MAX(level->points, 1000))));
    json_object_set_new(import_at(import, "objectives", "evaluations", NULL), name,
                        json_pack("{s:[s]}", "metrics", name));
    json_t *objective =
        json_pack("{s:o, s:s}", "title", import_text(title), "evaluation", name);
    if (level->notes->len)
        json_object_set_new(objective, "notes", import_text(level->notes->str));
    json_object_set_new(import_at(import, "objectives", "training-objectives", NULL),
                        name, objective);
    json_object_set_new(level->inject, "objective", json_string(name));
    import_added(import, import_to(import, "objectives.training-objectives.%s", name),
                 "what the level is for; an evaluator judges it");
}

/* --- levels --- */

static void take_score(Training *training, Level *level)
{
    const Node *score = import_get(level->node, "max_score");

    if (!score)
        return;
    if (import_milli(node_text(score), &level->points))
        say(training, level, "max_score", "expect.answer.points",
            "the points of a right answer");
    else
        import_left(training->import, score, "no points above 0");
}

static void take_level(Training *training, Level *level, const char *type,
                       const char *title)
{
    if (!strcmp(type, "ASSESSMENT_LEVEL")) {
        add_assessment(training, level);
        return;
    }
    add_body(training, level, "content", NULL);
    if (!strcmp(type, "ACCESS_LEVEL")) {
        add_body(training, level, "cloud_content", NULL);
        add_body(training, level, "local_content", "On an own machine:");
        import_left(training->import, import_get(level->node, "passkey"),
                    "players come by Parry's gateway, with keys");
    }
    if (strcmp(type, "TRAINING_LEVEL") != 0)
        return;
    take_score(training, level);
    add_answer(training, level);
    add_solution(training, level);
    add_hints(training, level);
    if (import_get_text(level->node, "solution") &&
        *import_get_text(level->node, "solution")) {
        import_paragraph(level->notes, "Solution: %s",
                         import_get_text(level->node, "solution"));
        say_notes(training, level, import_get(level->node, "solution"),
                  "for controllers and evaluators");
    }
    add_techniques(training, level);
    add_objective(training, level, title);
}

/* Keys that nothing stands for, each with its reason. */
static void say_left(Training *training, const Level *level)
{
    static const struct {
        const char *key, *why;
    } rest[] = {
        {"incorrect_answer_limit", "answers are not counted"},
        {"solution_penalized",
         "a controller shows the solution, and takes points by hand"},
        {"minimal_possible_solve_time", "nothing is done about teams that are too fast"},
        {"attachments", "files of another range are not at hand"},
        {"expected_commands", "Parry does not watch for commands"},
        {"commands_required", "Parry does not watch for commands"},
        {"order", "levels stand in their order"},
        {"id", "levels are known by their titles"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rest); i++)
        import_left(training->import, import_get(level->node, rest[i].key), "%s",
                    rest[i].why);
}

/* When the level comes, and how long it may take. */
static void put_times(Training *training, Level *level, gboolean answered)
{
    Import *import = training->import;
    const Node *estimate = import_get(level->node, "estimated_duration");
    gint64 minutes = LEVEL_MINUTES;
    gboolean given = import_int(node_text(estimate), 1, 7 * 24 * 60, &minutes);
    g_autofree char *within = duration_text(minutes * MINUTE_US);

    if (training->before)
        json_object_set_new(
            level->inject, "after",
            json_pack("{s:s, s:s}", "inject", training->before, "outcome", "completion"));
    else
        json_object_set_new(level->inject, "at", json_string("0s"));
    if (answered)
        json_object_set_new(level->message, "answer-within", json_string(within));
    if (answered && given)
        say(training, level, "estimated_duration", "message.answer-within",
            "an estimate in KYPO, a limit here");
    else
        import_left(import, estimate,
                    answered ? "no minutes: 30" : "nothing is wanted of the team");
    training->us += answered ? minutes * MINUTE_US : 0;
}

static void finish_level(Training *training, Level *level, gboolean answered)
{
    json_object_set_new(
        level->message, "body",
        import_text(level->body->len ? level->body->str : "See the title."));
    if (json_array_size(level->rubric) && answered)
        json_object_set(level->message, "rubric", level->rubric);
    if (answered && level->points)
        json_object_set_new(
            level->inject, "expect",
            json_pack("{s:{s:o}}", "answer", "points", import_points(level->points)));
    g_free(training->before);
    training->before = g_strdup(level->name);
}

static gboolean known_type(const char *type)
{
    static const char *const types[] = {"INFO_LEVEL", "ACCESS_LEVEL", "TRAINING_LEVEL",
                                        "ASSESSMENT_LEVEL", NULL};

    return type && g_strv_contains(types, type);
}

static void add_level(Training *training, const Node *node)
{
    Import *import = training->import;
    const char *type = import_get_text(node, "level_type");
    const char *title = import_get_text(node, "title");
    Level level = {.node = node};

    if (!known_type(type)) {
        import_left(import, node, "no level of a type that is known");
        return;
    }
    if (!title || !*title)
        title = "Level";
    gboolean answered =
        strcmp(type, "INFO_LEVEL") != 0 && strcmp(type, "ACCESS_LEVEL") != 0;
    level.name = import_name(training->names, title, IMPORT_NAME);
    level.to = g_strdup_printf("injects.%s", level.name);
    if (!strcmp(type, "TRAINING_LEVEL"))
        level.goal = import_name(training->objectives, title, IMPORT_NAME);
    level.inject = import_at(import, "injects", level.name, NULL);
    level.body = g_string_new(NULL);
    level.notes = g_string_new(NULL);
    level.rubric = json_array();
    level.message =
        json_pack("{s:s, s:o}", "to", KYPO_TEAM, "subject", import_text(title));
    put_times(training, &level, answered);
    json_object_set_new(level.inject, "title", import_text(title));
    json_object_set_new(level.inject, "message", level.message);
    import_taken(import, import_get(node, "title"), "%s.title", level.to);
    import_changed(import, import_get(node, "level_type"), level.to,
                   "a level is a message that comes when the one before is over");
    take_level(training, &level, type, title);
    say_left(training, &level);
    finish_level(training, &level, answered);
    g_free(level.name);
    g_free(level.to);
    g_free(level.goal);
    g_string_free(level.body, TRUE);
    g_string_free(level.notes, TRUE);
    json_decref(level.rubric);
}

/* --- the top --- */

/* Description, prerequisites and outcomes are told before the first level. */
static void add_brief(Training *training, const Node *root)
{
    static const struct {
        const char *key, *head;
    } lists[] = {{"prerequisites", "Before you begin:"},
                 {"outcomes", "What you will learn:"}};
    Import *import = training->import;
    const Node *description = import_get(root, "description");
    g_autoptr(GString) body = g_string_new(NULL);

    if (node_text(description))
        import_paragraph(body, "%s", node_text(description));
    for (gsize l = 0; l < G_N_ELEMENTS(lists); l++) {
        const Node *list = import_get(root, lists[l].key);
        for (guint i = 0; i < node_len(list); i++)
            if (node_text(node_at(list, i)))
                g_string_append_printf(body, "%s%s\n- %s", i ? "" : "\n\n",
                                       i ? "" : lists[l].head,
                                       node_text(node_at(list, i)));
    }
    g_strstrip(body->str);
    if (!*body->str)
        return;
    g_autofree char *name = import_name(training->names, "brief", IMPORT_NAME);
    g_autofree char *to = g_strdup_printf("injects.%s.message.body", name);
    json_object_set_new(import_at(import, "injects", NULL), name,
                        json_pack("{s:s, s:{s:s, s:s, s:o}}", "at", "0s", "message", "to",
                                  KYPO_TEAM, "subject", "About this training", "body",
                                  import_text(body->str)));
    if (node_text(description) && *node_text(description))
        import_changed(import, description, to, "a drill has no description: it is told");
    for (gsize l = 0; l < G_N_ELEMENTS(lists); l++) {
        const Node *list = import_get(root, lists[l].key);
        for (guint i = 0; i < node_len(list); i++)
            if (node_text(node_at(list, i)))
                import_changed(import, node_at(list, i), to, "told with the description");
    }
}

static gint compare_orders(gconstpointer a, gconstpointer b)
{
    const Node *x = *(Node *const *)a, *y = *(Node *const *)b;
    gint64 first = G_MAXINT32, second = G_MAXINT32;

    import_int(import_get_text(x, "order"), 0, G_MAXINT32 - 1, &first);
    import_int(import_get_text(y, "order"), 0, G_MAXINT32 - 1, &second);
    if (first != second)
        return first < second ? -1 : 1;
    return (x->nd_line > y->nd_line) - (x->nd_line < y->nd_line);
}

static void say_top(Training *training, const Node *root)
{
    static const struct {
        const char *key, *why;
    } rest[] = {
        {"state", "a scenario has no such state"},
        {"show_stepper_bar", "nothing is shown to players but messages"},
        {"variant_sandboxes", "secrets are one for each team by themselves"},
        {"phases", "an adaptive training: its phases are chosen while it runs"},
    };
    const Node *title = import_get(root, "title");
    const Node *minutes = import_get(root, "estimated_duration");
    gint64 number;

    if (node_text(title) && *node_text(title)) {
        json_object_set_new(import_at(training->import, "drill", NULL), "title",
                            import_text(node_text(title)));
        import_taken(training->import, title, "drill.title");
    }
    if (import_int(node_text(minutes), 1, 7 * 24 * 60, &number)) {
        import_until(training->import, number * MINUTE_US);
        import_changed(training->import, minutes, "drill.duration",
                       "the drill lasts so long at least");
    } else {
        import_left(training->import, minutes, "no minutes up to a week");
    }
    for (gsize i = 0; i < G_N_ELEMENTS(rest); i++)
        import_left(training->import, import_get(root, rest[i].key), "%s", rest[i].why);
}

void kypo_training(Kypo *kypo, const Node *root)
{
    Training training = {.kypo = kypo, .import = kypo->ky_import};
    const Node *list = import_get(root, "levels");
    g_autoptr(GPtrArray) levels = g_ptr_array_new();

    if (!root)
        return;
    training.names = import_names_new();
    training.objectives = import_names_new();
    say_top(&training, root);
    add_brief(&training, root);
    for (guint i = 0; i < node_len(list); i++) {
        Node *level = node_at(list, i);
        if (level->nd_kind != NODE_MAP || levels->len >= LEVELS_MAX)
            import_left(training.import, level, "no level, or more than 200");
        else
            g_ptr_array_add(levels, level);
    }
    g_ptr_array_sort(levels, compare_orders);
    for (guint i = 0; i < levels->len; i++)
        add_level(&training, levels->pdata[i]);
    import_until(training.import, training.us);
    g_hash_table_unref(training.names);
    g_hash_table_unref(training.objectives);
    g_free(training.before);
}
