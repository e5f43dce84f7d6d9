/*
 * The lists of docs/actions.md, out of the rules.
 */
#include "scoreboard/action_rules.h"

#include "scenarios/base/duration.h"
#include "scoreboard/kinds.h"

static void add_list(GString *out, const char *before, char *const *words)
{
    if (*words)
        g_string_append_printf(out, "%s%s", out->len ? "; " : "", before);
    for (char *const *word = words; *word; word++)
        g_string_append_printf(out, "%s`%s`", word == words ? "" : " ", *word);
}

static void add_pattern(GString *out, const Pattern *pattern)
{
    g_autofree char *globs = g_strjoinv("|", pattern->pa_globs);

    if (pattern->pa_kind == PATTERN_ADDRESS)
        g_string_append_printf(out, "%s{address}", pattern->pa_prefix);
    else if (pattern->pa_kind == PATTERN_OBJECT)
        g_string_append_printf(out, "%s{object%s%s}", pattern->pa_prefix,
                               *globs ? ":" : "", globs);
    else
        g_string_append(out, globs);
}

static void add_phrases(GString *out, const char *before, const GPtrArray *phrases)
{
    if (phrases->len)
        g_string_append_printf(out, "%s%s", out->len ? "; " : "", before);
    for (guint i = 0; i < phrases->len; i++) {
        const MatchPhrase *phrase = phrases->pdata[i];

        g_string_append(out, i ? ", `" : "`");
        for (guint w = 0; w < phrase->ph_n; w++) {
            if (w)
                g_string_append_c(out, ' ');
            add_pattern(out, &phrase->ph_word[w]);
        }
        g_string_append_c(out, '`');
    }
}

static void add_what(GString *out, int what, guint32 acts)
{
    g_string_append(out, seen_what_name(what));
    for (int act = 0; act < SEEN_ACTS; act++)
        if (acts & (1U << (guint)act))
            g_string_append_printf(out, " %s", seen_act_name(act));
}

/* A cell of a Markdown table: the one character that would end it. */
static char *cell(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "|", -1);

    return g_strjoinv("\\|", parts);
}

static void add_rule(GString *out, const ActionRule *rule)
{
    g_autoptr(GString) row = g_string_new(NULL), asks = g_string_new(NULL),
                       shows = g_string_new(NULL);
    g_autofree char *asks_cell = NULL, *within = duration_text(rule->ru_within_us);

    add_what(row, rule->ru_what, rule->ru_acts);
    add_list(asks, "", rule->ru_program);
    add_phrases(asks, "with ", rule->ru_args);
    add_phrases(asks, "without ", rule->ru_not_args);
    add_list(asks, "path ", rule->ru_path);
    add_list(asks, "not ", rule->ru_not_path);
    add_list(asks, "to ", rule->ru_to);
    if (rule->ru_planned)
        g_string_append_printf(asks, "%sa file of the scenario's", asks->len ? "; " : "");
    if (rule->ru_attacked)
        g_string_append_printf(asks, "%swhat an attack is about", asks->len ? "; " : "");
    for (guint i = 0; i < rule->ru_confirm->len; i++) {
        const RuleConfirm *confirm = &g_array_index(rule->ru_confirm, RuleConfirm, i);

        g_string_append(shows, i ? ", " : "");
        add_what(shows, confirm->rc_what, confirm->rc_acts);
    }
    if (shows->len)
        g_string_append_printf(shows, " within %s", within);
    asks_cell = cell(asks->str);
    g_string_append_printf(out, "| `%s` | %s | %s | %s |\n", rule->ru_name, row->str,
                           asks_cell, shows->len ? shows->str : "the row itself");
}

static void add_kind(GString *out, const ActionRules *rules, const ActionKind *kind)
{
    static const char *const about[] = {
        [ABOUT_WINDOW] = "one whose effect the object is, else the one under way there",
        [ABOUT_OBJECT] = "one whose effect the object is",
        [ABOUT_NEVER] = "none"};
    g_autofree char *gather =
        kind->ak_gather_us ? duration_text(kind->ak_gather_us) : NULL;

    g_string_append_printf(out, "### %s\n\n%s / %s. ", kind->ak_name,
                           parry_text_get(kind->ak_says, "en"),
                           parry_text_get(kind->ak_says, "zh-Hant"));
    g_string_append_printf(out, "Inject: %s.", about[kind->ak_about]);
    if (gather)
        g_string_append_printf(out, " Gathered for %s.", gather);
    g_string_append(out, "\n\n| rule | row | asks for | shown by |\n|---|---|---|---|\n");
    for (guint i = 0; i < rules->as_rules->len; i++) {
        const ActionRule *rule = rules->as_rules->pdata[i];

        if (rule->ru_action == kind)
            add_rule(out, rule);
    }
    g_string_append_c(out, '\n');
}

char *action_rules_markdown(const ActionRules *rules)
{
    GString *out = g_string_new(NULL), *scratch = g_string_new(NULL);

    for (guint i = 0; i < rules->as_kinds->len; i++)
        add_kind(out, rules, rules->as_kinds->pdata[i]);
    add_list(scratch, "Never an act, whatever the rules: rows about ", rules->as_scratch);
    g_string_append_printf(out, "%s.\n", scratch->str);
    g_string_free(scratch, TRUE);
    return g_string_free(out, FALSE);
}
