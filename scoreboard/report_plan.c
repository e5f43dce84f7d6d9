#include "scoreboard/report_plan.h"

#include "scoreboard/line.h"
#include "scoreboard/md.h"
#include "scoreboard/words.h"

#include <string.h>

/* ---- the JSON ---- */

static json_t *text_json(const ParryText *text)
{
    return text ? parry_text_to_json(text) : json_null();
}

static json_t *word_json(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *words_json(char *const *strv)
{
    json_t *out = json_array();

    for (; strv && *strv; strv++)
        json_array_append_new(out, json_string(*strv));
    return out;
}

json_t *report_agreed_json(const Plan *plan)
{
    const PlanScope *scope = &plan->p_scope;
    json_t *rules = json_object();
    json_t *out = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "authorised_by",
        word_json(scope->sp_authorised_by), "safety_officer",
        word_json(scope->sp_safety_officer), "safety_phone",
        word_json(scope->sp_safety_phone), "max_risk", word_json(scope->sp_max_risk),
        "allow", words_json(scope->sp_allow), "sub_techniques", scope->sp_sub_techniques,
        "targets", words_json(scope->sp_targets));

    for (int i = 0; scope->sp_has_rules && i < ENGAGE_COUNT; i++)
        json_object_set_new(rules, plan_engagement_name((PlanEngagement)i),
                            json_string(plan_ruling_name(scope->sp_rules[i])));
    json_object_set_new(out, "rules", rules);
    json_object_set_new(out, "text", text_json(plan->p_rules));
    json_object_set_new(out, "notice", text_json(plan->p_privacy.pv_notice));
    json_object_set_new(out, "contact", word_json(plan->p_privacy.pv_contact));
    return out;
}

static gboolean in_names(char *const *names, const char *name)
{
    return names && g_strv_contains((const char *const *)names, name);
}

static json_t *goals_of(const PlanObjectives *all, const char *objective)
{
    json_t *out = json_array();

    for (guint i = 0; i < all->ob_goals->len; i++) {
        const PlanGoal *goal = all->ob_goals->pdata[i];
        if (in_names(goal->og_objectives, objective))
            json_array_append_new(out, parry_text_to_json(goal->og_title));
    }
    return out;
}

static const PlanEvaluation *evaluation_of(const PlanObjectives *all, const char *name)
{
    for (guint i = 0; i < all->ob_evaluations->len; i++) {
        const PlanEvaluation *evaluation = all->ob_evaluations->pdata[i];
        if (!strcmp(evaluation->oe_name, name))
            return evaluation;
    }
    return NULL;
}

static const PlanCapability *capability_of(const PlanObjectives *all, const char *name)
{
    for (guint i = 0; name && i < all->ob_capabilities->len; i++) {
        const PlanCapability *capability = all->ob_capabilities->pdata[i];
        if (!strcmp(capability->oc_name, name))
            return capability;
    }
    return NULL;
}

static void set_evaluation(json_t *out, const PlanObjectives *all,
                           const PlanEvaluation *evaluation)
{
    json_t *metrics = json_array();
    gint64 most = 0;

    for (guint i = 0; evaluation && i < all->ob_metrics->len; i++) {
        const PlanMetric *metric = all->ob_metrics->pdata[i];
        if (!in_names(evaluation->oe_metrics, metric->om_name))
            continue;
        json_array_append_new(metrics, parry_text_to_json(metric->om_title));
        most += metric->om_max;
    }
    json_object_set_new(out, "evaluation",
                        evaluation ? parry_text_to_json(evaluation->oe_title)
                                   : json_null());
    json_object_set_new(out, "metrics", metrics);
    json_object_set_new(out, "most", json_integer(most));
    json_object_set_new(out, "min", json_integer(evaluation ? evaluation->oe_min : 0));
}

/* What teams earned of its conditional metrics. */
static void set_earned(json_t *out, const ReportFold *fold,
                       const PlanEvaluation *evaluation)
{
    json_t *earned = json_array(), *one;
    size_t i;

    json_array_foreach (fold->rf_metrics, i, one) {
        const char *metric = json_string_value(json_object_get(one, "metric"));
        if (evaluation && in_names(evaluation->oe_metrics, metric))
            json_array_append(earned, one);
    }
    json_object_set_new(out, "earned", earned);
}

/* The injects that serve it, and the events with which they began. */
static void set_injects(json_t *out, const ReportFold *fold, const char *objective)
{
    json_t *injects = json_array(), *refs = json_array();

    for (guint i = 0; i < fold->rf_plan->p_injects->len; i++) {
        const PlanInject *inject = plan_inject(fold->rf_plan, (int)i);
        gint64 seq = ledger_inject(fold->rf_ledger, (int)i)->lj_exec_seq;
        if (!in_names(inject->in_objectives, objective))
            continue;
        json_array_append_new(injects, json_string(inject->in_id));
        if (seq)
            json_array_append_new(refs, json_integer(seq));
    }
    json_object_set_new(out, "injects", injects);
    json_object_set_new(out, "refs", refs);
}

json_t *report_objectives_json(const ReportFold *fold)
{
    const PlanObjectives *all = &fold->rf_plan->p_objectives;
    json_t *list = json_array();

    for (guint i = 0; all->ob_training && i < all->ob_training->len; i++) {
        const PlanTrainingObjective *objective = all->ob_training->pdata[i];
        const PlanCapability *capability = capability_of(all, objective->ot_capability);
        json_t *out =
            json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", objective->ot_name, "title",
                      parry_text_to_json(objective->ot_title), "goals",
                      goals_of(all, objective->ot_name), "capability",
                      capability ? parry_text_to_json(capability->oc_title) : json_null(),
                      "notes", text_json(objective->ot_notes));
        set_evaluation(out, all, evaluation_of(all, objective->ot_evaluation));
        set_earned(out, fold, evaluation_of(all, objective->ot_evaluation));
        set_injects(out, fold, objective->ot_name);
        json_array_append_new(list, out);
    }
    return list;
}

/* ---- the sections ---- */

static const char *say(const Md *md, const char *english)
{
    return word_in(md->md_lang, english);
}

/* A text for people: a string, or an object by language; "" for none. */
static const char *text_in(const Md *md, const json_t *text)
{
    const char *out = json_string_value(text);

    if (!out)
        out = json_string_value(json_object_get(text, md->md_lang));
    if (!out)
        out = json_string_value(json_object_get(text, "en"));
    if (!out && json_object_iter((json_t *)text))
        out = json_string_value(json_object_iter_value(json_object_iter((json_t *)text)));
    return out ? out : "";
}

char *report_md_ranked(const Md *md, const json_t *team)
{
    const char *title = text_in(md, json_object_get(team, "title"));
    const char *bracket = json_string_value(json_object_get(team, "bracket"));

    return bracket && *bracket ? g_strdup_printf("%s (%s)", title, bracket)
                               : g_strdup(title);
}

static char *joined(const Md *md, const json_t *list)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        g_string_append_printf(out, "%s%s", i ? ", " : "", text_in(md, item));
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void pair(const Md *md, MdTable *table, const char *key, const char *value)
{
    if (!*value)
        return;
    md_cell(table, say(md, key));
    md_cell(table, value);
}

static char *rules_text(const Md *md, const json_t *rules)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)rules, key, value) {
        g_string_append_printf(out, "%s%s: %s", out->len ? "; " : "", say(md, key),
                               say(md, json_string_value(value)));
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

void report_md_agreed(Md *md)
{
    static const struct {
        const char *key, *label;
    } texts[] = {
        {"authorised_by", "Authorised by"}, {"safety_officer", "Safety officer"},
        {"safety_phone", "Safety phone"},   {"max_risk", "Highest risk"},
        {"text", "Rules for players"},      {"notice", "Privacy notice"},
        {"contact", "Privacy contact"},
    };
    const json_t *agreed = json_object_get(md->md_report, "agreed");
    g_autofree char *allow = joined(md, json_object_get(agreed, "allow"));
    g_autofree char *targets = joined(md, json_object_get(agreed, "targets"));
    g_autofree char *rules = rules_text(md, json_object_get(agreed, "rules"));
    g_autofree char *headings =
        g_strdup_printf("%s\t%s", say(md, "What"), say(md, "Value"));
    MdTable *table = md_table_new(headings);

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        pair(md, table, texts[i].label,
             say(md, text_in(md, json_object_get(agreed, texts[i].key))));
    pair(md, table, "Allowed techniques", allow);
    pair(md, table, "Allowed targets", targets);
    pair(md, table, "Rules of engagement", rules);
    g_string_append_printf(md->md_out, "## %s\n\n", say(md, "What was agreed"));
    md_table_end(table, md->md_out);
}

/* "health: 5; lands: 5" */
static char *earned_text(const json_t *earned)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const json_t *one;
    size_t i;

    json_array_foreach (earned, i, one) {
        g_autofree char *points =
            line_points(json_integer_value(json_object_get(one, "points")), 3);
        g_string_append_printf(out, "%s%s: %s", i ? "; " : "",
                               json_string_value(json_object_get(one, "team")), points);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void objective_row(Md *md, MdTable *table, const json_t *objective)
{
    g_autofree char *most =
        line_points(json_integer_value(json_object_get(objective, "most")), 3);
    g_autofree char *min =
        line_points(json_integer_value(json_object_get(objective, "min")), 3);
    const json_t *injects = json_object_get(objective, "injects");
    const json_t *refs = json_object_get(objective, "refs");

    md_cell(table, text_in(md, json_object_get(objective, "title")));
    md_cell_take(table, joined(md, json_object_get(objective, "goals")));
    md_cell(table, text_in(md, json_object_get(objective, "capability")));
    md_cell_take(table, joined(md, json_object_get(objective, "metrics")));
    md_cell_take(table, g_strdup_printf("%s / %s", min, most));
    md_cell_take(table, earned_text(json_object_get(objective, "earned")));
    md_cell_take(table, g_strdup_printf("%zu / %zu", json_array_size(refs),
                                        json_array_size(injects)));
}

void report_md_objectives(Md *md)
{
    static const char *const names[] = {
        "Objective", "Goal",   "Capability",     "Metrics",
        ">Passes",   "Earned", ">Injects begun",
    };
    const json_t *list = json_object_get(md->md_report, "objectives");
    g_autoptr(GString) headings = g_string_new(NULL);
    const json_t *objective;
    size_t i;

    if (!json_array_size(list))
        return;
    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        gboolean right = *names[i] == '>';
        g_string_append_printf(headings, "%s%s%s", i ? "\t" : "", right ? ">" : "",
                               say(md, names[i] + right));
    }
    MdTable *table = md_table_new(headings->str);
    json_array_foreach (list, i, objective) {
        objective_row(md, table, objective);
    }
    g_string_append_printf(md->md_out, "## %s\n\n", say(md, "Objectives"));
    report_md_prose(md, "objectives");
    md_table_end(table, md->md_out);
}
