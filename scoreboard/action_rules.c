/*
 * Reading the rules. Every key has a row in a table: what is unknown, missing or of the
 * wrong form is a finding with its place, as in a scenario.
 */
#include "scoreboard/action_rules.h"

#include "scenarios/base/duration.h"
#include "scenarios/node.h"
#include "scoreboard/kinds.h"

#include <string.h>

#define WITHIN_US (G_GINT64_CONSTANT(60) * G_USEC_PER_SEC)

typedef struct {
    ActionRules *lo_rules;
    ParryDiags *lo_diags;
    const char *lo_file, *lo_text;
    GHashTable *lo_kinds; /* by name */
} Loading;

static void finding(Loading *loading, const Node *node, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void finding(Loading *loading, const Node *node, const char *format, ...)
{
    va_list args;
    g_autofree char *message = NULL;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    parry_diags_add(loading->lo_diags, DIAG_ERROR, loading->lo_file, loading->lo_text,
                    node ? node->nd_line : 1, node ? node->nd_column : 1, NULL, "%s",
                    message);
}

/* ---- values ---- */

static ParryText *read_text(Loading *loading, const Node *node)
{
    ParryText *text = parry_text_new(node_text(node) ? node_text(node) : "");

    if (node && node->nd_kind == NODE_SCALAR)
        return text;
    for (guint i = 0; i < node_len(node); i++)
        if (node_text(node_at(node, i)))
            parry_text_set(text, node_key_at(node, i), node_text(node_at(node, i)));
    if (!node || node->nd_kind != NODE_MAP || !*parry_text_get(text, "en"))
        finding(loading, node, "a text is wanted, or texts by language, one of them en");
    return text;
}

static gint64 read_duration(Loading *loading, const Node *node, gint64 otherwise)
{
    g_autoptr(GError) error = NULL;
    gint64 us = otherwise;

    if (!node)
        return otherwise;
    if (!node_text(node) || !duration_parse(node_text(node), &us, &error))
        finding(loading, node, "a duration is wanted%s%s", error ? ": " : "",
                error ? error->message : "");
    return us;
}

/* One text or a list of them. */
static char **read_list(Loading *loading, const Node *node)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();

    if (node_text(node))
        g_ptr_array_add(list, g_strdup(node_text(node)));
    for (guint i = 0; node && node->nd_kind == NODE_LIST && i < node_len(node); i++) {
        if (!node_text(node_at(node, i)))
            finding(loading, node_at(node, i), "a text is wanted");
        else
            g_ptr_array_add(list, g_strdup(node_text(node_at(node, i))));
    }
    if (node && !list->len)
        finding(loading, node, "a text is wanted, or a list of them");
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_steal(list, NULL);
}

static gboolean read_true(Loading *loading, const Node *node)
{
    if (node && g_strcmp0(node_text(node), "true") != 0)
        finding(loading, node, "only true can stand here");
    return node != NULL;
}

/* "cron deleted moved": a kind of row, then what became of it. */
static gboolean read_what(Loading *loading, const Node *node, int *what, guint32 *acts)
{
    g_auto(GStrv) words = g_strsplit(node_text(node) ? node_text(node) : "", " ", -1);
    int act;

    *acts = 0;
    if (!words[0] || !seen_what_parse(words[0], what)) {
        finding(loading, node, "no row is about \"%s\"", words[0] ? words[0] : "");
        return FALSE;
    }
    for (char **word = words + 1; *word; word++) {
        if (!**word || !seen_act_parse(*word, &act)) {
            finding(loading, node, "no row says \"%s\"", *word);
            return FALSE;
        }
        *acts |= 1U << act;
    }
    return TRUE;
}

static GPtrArray *read_phrases(Loading *loading, const Node *node)
{
    g_auto(GStrv) texts = read_list(loading, node);
    GPtrArray *phrases = g_ptr_array_new_with_free_func(match_phrase_free);

    for (char **text = texts; *text; text++) {
        const char *why = NULL;
        MatchPhrase *phrase = match_phrase_new(*text, &why);

        if (phrase)
            g_ptr_array_add(phrases, phrase);
        else
            finding(loading, node, "\"%s\": %s", *text, why);
    }
    return phrases;
}

static int read_word(Loading *loading, const Node *node, const char *const *words)
{
    g_autofree char *known = g_strjoinv(", ", (char **)words);

    for (int i = 0; words[i]; i++)
        if (g_strcmp0(node_text(node), words[i]) == 0)
            return i;
    finding(loading, node, "one of %s is wanted", known);
    return 0;
}

static gboolean known_keys(Loading *loading, const Node *map, const char *const *keys)
{
    gboolean ok = map && map->nd_kind == NODE_MAP;

    if (!ok)
        finding(loading, map, "a mapping is wanted");
    for (guint i = 0; ok && i < node_len(map); i++)
        if (!g_strv_contains(keys, node_key_at(map, i)))
            finding(loading, node_key(map, node_key_at(map, i)), "no such key: %s",
                    node_key_at(map, i));
    return ok;
}

/* ---- actions ---- */

static const char *const ABOUT_WORDS[] = {"window", "object", "never", NULL};

static void kind_free(gpointer data)
{
    ActionKind *kind = data;

    g_free(kind->ak_name);
    parry_text_free(kind->ak_says);
    g_free(kind);
}

static void read_kind(Loading *loading, const char *name, const Node *node)
{
    static const char *const keys[] = {"says", "about", "gather", NULL};
    ActionKind *kind = g_new0(ActionKind, 1);

    kind->ak_name = g_strdup(name);
    known_keys(loading, node, keys);
    kind->ak_says = read_text(loading, node_get(node, "says"));
    if (node_get(node, "about"))
        kind->ak_about =
            (ActionAbout)read_word(loading, node_get(node, "about"), ABOUT_WORDS);
    kind->ak_gather_us = read_duration(loading, node_get(node, "gather"), 0);
    g_ptr_array_add(loading->lo_rules->as_kinds, kind);
    g_hash_table_insert(loading->lo_kinds, kind->ak_name, kind);
}

/* ---- rules ---- */

static const char *const OBJECT_WORDS[] = {
    [OBJECT_NONE] = "none",     [OBJECT_ARGS] = "args",       [OBJECT_LAST] = "last",
    [OBJECT_PATH] = "path",     [OBJECT_TO] = "to",           [OBJECT_PLACE] = "place",
    [OBJECT_TARGET] = "target", [OBJECT_PROGRAM] = "program", NULL};

static void rule_free(gpointer data)
{
    ActionRule *rule = data;

    g_free(rule->ru_name);
    parry_text_free(rule->ru_says);
    g_strfreev(rule->ru_program);
    g_strfreev(rule->ru_path);
    g_strfreev(rule->ru_not_path);
    g_strfreev(rule->ru_to);
    g_clear_pointer(&rule->ru_args, g_ptr_array_unref);
    g_clear_pointer(&rule->ru_not_args, g_ptr_array_unref);
    g_clear_pointer(&rule->ru_confirm, g_array_unref);
    g_free(rule);
}

static void read_confirm(Loading *loading, ActionRule *rule, const Node *node)
{
    g_auto(GStrv) words = read_list(loading, node);

    for (guint i = 0; words[i]; i++) {
        const Node *item = node->nd_kind == NODE_LIST ? node_at(node, i) : node;
        RuleConfirm confirm;

        if (read_what(loading, item, &confirm.rc_what, &confirm.rc_acts))
            g_array_append_val(rule->ru_confirm, confirm);
    }
}

/* The object of a rule whose phrases take one is what they take. */
static void read_object(Loading *loading, ActionRule *rule, const Node *node)
{
    const Node *said = node_get(node, "object");
    guint takes = 0;

    for (guint i = 0; i < rule->ru_args->len; i++)
        takes += match_phrase_takes(rule->ru_args->pdata[i]);
    if (takes > 1 || (takes && said))
        finding(loading, node, "it takes its object in more than one way");
    else if (!takes && !said)
        finding(loading, node, "it has no object: none says so");
    rule->ru_object =
        said ? (ActionObject)read_word(loading, said, OBJECT_WORDS) : OBJECT_ARGS;
    if (said && rule->ru_object == OBJECT_ARGS)
        finding(loading, said, "args is what {object} in a phrase says");
}

static void read_rule(Loading *loading, const char *name, const Node *node)
{
    static const char *const keys[] = {"action", "says",     "what",    "program",
                                       "args",   "not-args", "path",    "not-path",
                                       "to",     "split",    "planned", "attacked",
                                       "object", "confirm",  "within",  NULL};
    ActionRule *rule = g_new0(ActionRule, 1);
    const char *action = node_get_text(node, "action");

    rule->ru_name = g_strdup(name);
    known_keys(loading, node, keys);
    rule->ru_action = action ? g_hash_table_lookup(loading->lo_kinds, action) : NULL;
    if (!rule->ru_action)
        finding(loading, node_get(node, "action") ? node_get(node, "action") : node,
                "%s: no such action: %s", name, action ? action : "(none given)");
    if (node_get(node, "says"))
        rule->ru_says = read_text(loading, node_get(node, "says"));
    read_what(loading, node_get(node, "what") ? node_get(node, "what") : node,
              &rule->ru_what, &rule->ru_acts);
    rule->ru_program = read_list(loading, node_get(node, "program"));
    rule->ru_path = read_list(loading, node_get(node, "path"));
    rule->ru_not_path = read_list(loading, node_get(node, "not-path"));
    rule->ru_to = read_list(loading, node_get(node, "to"));
    rule->ru_args = read_phrases(loading, node_get(node, "args"));
    rule->ru_not_args = read_phrases(loading, node_get(node, "not-args"));
    rule->ru_split = read_true(loading, node_get(node, "split"));
    rule->ru_planned = read_true(loading, node_get(node, "planned"));
    rule->ru_attacked = read_true(loading, node_get(node, "attacked"));
    rule->ru_confirm = g_array_new(FALSE, FALSE, sizeof(RuleConfirm));
    if (node_get(node, "confirm"))
        read_confirm(loading, rule, node_get(node, "confirm"));
    rule->ru_within_us = read_duration(loading, node_get(node, "within"), WITHIN_US);
    read_object(loading, rule, node);
    if (rule->ru_what == SEEN_EXEC && !*rule->ru_program)
        finding(loading, node, "%s: a rule for executions names programs", name);
    g_ptr_array_add(loading->lo_rules->as_rules, rule);
}

/* ---- the file ---- */

static void add_by_name(ActionRules *rules, const char *program, ActionRule *rule)
{
    GPtrArray *list = g_hash_table_lookup(rules->as_by_name, program);

    if (!list) {
        list = g_ptr_array_new();
        g_hash_table_insert(rules->as_by_name, g_strdup(program), list);
    }
    g_ptr_array_add(list, rule);
}

/* A program is looked up, not compared with each rule: rows come by the thousand. */
static void make_index(ActionRules *rules)
{
    guint32 started = 1U << SEEN_STARTED;

    for (int what = 0; what < SEEN_WHATS; what++)
        g_ptr_array_add(rules->as_by_what, g_ptr_array_new());
    for (guint i = 0; i < rules->as_rules->len; i++) {
        ActionRule *rule = rules->as_rules->pdata[i];

        if (rule->ru_what != SEEN_EXEC || rule->ru_acts != started) {
            g_ptr_array_add(rules->as_by_what->pdata[rule->ru_what], rule);
            continue;
        }
        gboolean globbed = FALSE;
        for (char **program = rule->ru_program; *program; program++) {
            if (strpbrk(*program, "*?"))
                globbed = TRUE;
            else
                add_by_name(rules, *program, rule);
        }
        if (globbed)
            g_ptr_array_add(rules->as_globbed, rule);
    }
}

static void list_free(gpointer list)
{
    g_ptr_array_unref(list);
}

static ActionRules *rules_new(void)
{
    ActionRules *rules = g_new0(ActionRules, 1);

    rules->as_kinds = g_ptr_array_new_with_free_func(kind_free);
    rules->as_rules = g_ptr_array_new_with_free_func(rule_free);
    rules->as_by_what = g_ptr_array_new_with_free_func(list_free);
    rules->as_by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, list_free);
    rules->as_globbed = g_ptr_array_new();
    return rules;
}

void action_rules_free(ActionRules *rules)
{
    if (!rules)
        return;
    g_ptr_array_unref(rules->as_globbed);
    g_hash_table_unref(rules->as_by_name);
    g_ptr_array_unref(rules->as_by_what);
    g_ptr_array_unref(rules->as_rules);
    g_ptr_array_unref(rules->as_kinds);
    g_strfreev(rules->as_scratch);
    g_free(rules);
}

ActionRules *action_rules_parse(const char *file, const char *text, gsize len,
                                ParryDiags *diags)
{
    static const char *const keys[] = {"actions", "scratch", "rules", NULL};
    g_autoptr(ActionRules) rules = rules_new();
    g_autoptr(GHashTable) kinds = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(Node) root = node_parse(file, 0, text, len, diags);
    Loading loading = {rules, diags, file, text, kinds};
    const Node *actions = node_get(root, "actions"), *list = node_get(root, "rules");

    if (root && known_keys(&loading, root, keys)) {
        for (guint i = 0; i < node_len(actions); i++)
            read_kind(&loading, node_key_at(actions, i), node_at(actions, i));
        rules->as_scratch = read_list(&loading, node_get(root, "scratch"));
        for (guint i = 0; i < node_len(list); i++)
            read_rule(&loading, node_key_at(list, i), node_at(list, i));
    }
    if (parry_diags_count(diags, DIAG_ERROR))
        return NULL;
    make_index(rules);
    return g_steal_pointer(&rules);
}

const ActionRules *action_rules(void)
{
    static gsize once;
    static ActionRules *rules;

    if (g_once_init_enter(&once)) {
        g_autoptr(ParryDiags) diags = parry_diags_new();
        const char *text = (const char *)action_rules_text;

        rules = action_rules_parse("actions.yaml", text, action_rules_text_len, diags);
        if (!rules) {
            /* A test holds that they can be read; without rules nothing is an act. */
            g_autofree char *why = parry_diags_text(diags, FALSE);
            g_warning("%s", why);
            rules = rules_new();
            rules->as_scratch = g_new0(char *, 1);
            make_index(rules);
        }
        g_once_init_leave(&once, 1);
    }
    return rules;
}

char *action_says(const ActionRule *rule, const char *object, const char *lang)
{
    const char *format =
        parry_text_get(rule->ru_says ? rule->ru_says : rule->ru_action->ak_says, lang);
    GString *out = g_string_new(NULL);
    gboolean skip = FALSE;

    for (const char *at = format; *at; at++) {
        if (*at == '[') {
            skip = !*object;
        } else if (*at == ']') {
            skip = FALSE;
        } else if (!skip && g_str_has_prefix(at, "{object}")) {
            g_string_append(out, object);
            at += strlen("{object}") - 1;
        } else if (!skip) {
            g_string_append_c(out, *at);
        }
    }
    return g_string_free(out, FALSE);
}
