/*
 * The report as data: what the fold gathered and what the ledger made of it, each figure
 * with the events behind it.
 */
#include "scoreboard/report.h"

#include "scoreboard/report_acts.h"
#include "scoreboard/report_fold.h"
#include "scoreboard/report_plan.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

static void set_int(json_t *object, const char *key, gint64 value)
{
    json_object_set_new(object, key, json_integer(value));
}

static void set_text(json_t *object, const char *key, const char *value)
{
    json_object_set_new(object, key, json_string(value ? value : ""));
}

/* Seqs above 0 as an array; ended by a negative one. */
static json_t *refs_of(gint64 first, ...)
{
    json_t *refs = json_array();
    va_list args;

    va_start(args, first);
    for (gint64 seq = first; seq >= 0; seq = va_arg(args, gint64))
        if (seq > 0)
            json_array_append_new(refs, json_integer(seq));
    va_end(args);
    return refs;
}

#define REFS_END ((gint64)-1)

static const char *team_id(const Plan *plan, int team)
{
    return team >= 0 ? plan_team(plan, team)->pt_id : "";
}

/* ---- cover ---- */

static json_t *drill_json(const ReportFold *fold)
{
    const Plan *plan = fold->rf_plan;
    const json_t *defined = fold->rf_defined;
    json_t *drill = json_object();

    set_text(drill, "name", plan->p_name);
    json_object_set_new(drill, "title", parry_text_to_json(plan->p_title));
    set_text(drill, "uuid", plan->p_uuid);
    set_text(drill, "state", ledger_state(fold->rf_ledger));
    set_text(drill, "reason", ledger_reason(fold->rf_ledger));
    json_object_set_new(
        drill, "rehearsal",
        json_boolean(json_is_true(json_object_get(defined, "rehearsal"))));
    json_object_set_new(drill, "simulated",
                        json_boolean(ledger_simulated(fold->rf_ledger)));
    set_text(drill, "version", json_string_value(json_object_get(defined, "version")));
    set_text(drill, "scenario_sha256", plan->p_scenario_sha256);
    set_text(drill, "rules_sha256", plan->p_rules_sha256);
    set_text(drill, "timezone", plan->p_timezone);
    set_int(drill, "started_at_us", fold->rf_started_at_us);
    set_int(drill, "ended_at_us", fold->rf_ended_at_us);
    set_int(drill, "clock_us", ledger_clock_us(fold->rf_ledger));
    set_int(drill, "duration_us", plan->p_duration_us);
    set_text(drill, "profile", plan->p_scoring.ps_profile);
    json_object_set_new(drill, "weights",
                        json_pack("{s: i, s: i, s: i}", "protection",
                                  plan->p_scoring.ps_protection, "availability",
                                  plan->p_scoring.ps_availability, "injects",
                                  plan->p_scoring.ps_injects));
    if (fold->rf_accel)
        json_object_set(drill, "accel", fold->rf_accel);
    return drill;
}

static json_t *journal_json(const ReportFold *fold, const char *root)
{
    const LedgerCheckpoint *point = ledger_checkpoint(fold->rf_ledger);
    json_t *journal = json_object();

    set_int(journal, "events", fold->rf_events);
    set_text(journal, "root", root);
    set_text(journal, "public_key",
             json_string_value(json_object_get(fold->rf_defined, "public_key")));
    if (point->lk_size)
        json_object_set_new(journal, "checkpoint",
                            json_pack("{s: I, s: s, s: I}", "size",
                                      (json_int_t)point->lk_size, "root", point->lk_root,
                                      "ref", (json_int_t)point->lk_seq));
    return journal;
}

/* ---- injects ---- */

static gint64 worth_of(Ledger *ledger, const PlanInject *inject)
{
    const GPtrArray *lines = ledger_lines(ledger, inject->in_team);

    for (guint i = 0; i < lines->len; i++) {
        const LedgerLine *line = lines->pdata[i];

        if (strcmp(line->li_part, "damage") == 0 &&
            strcmp(line->li_what, inject->in_id) == 0)
            return -line->li_points;
    }
    return 0;
}

/* Detection of an attack that is over: "prevented", "detected", "missed", or "open" while
 * its window runs; "" where there was nothing to detect. */
static const char *verdict_of(Ledger *ledger, int index)
{
    const LedgerInject *inject = ledger_inject(ledger, index);

    if (inject->lj_state == INJECT_BLOCKED)
        return "prevented";
    if (inject->lj_state != INJECT_SUCCEEDED)
        return "";
    if (inject->lj_detect_us >= 0)
        return "detected";
    return ledger_disclosed(ledger, index, LEDGER_ROOM) || inject->lj_detect_missed
               ? "missed"
               : "open";
}

/* Time between the two by the team's clock, 0 where the second came first, -1 where one
 * of them never came.
 */
static void set_after(json_t *json, const char *key, const ReportFold *fold, int team,
                      gint64 from_us, gint64 to_us)
{
    gint64 us =
        from_us >= 0 && to_us >= 0
            ? to_us - from_us -
                  holds_within(ledger_holds(fold->rf_ledger), NULL, team, from_us, to_us)
            : -1;

    set_int(json, key, from_us >= 0 && to_us >= 0 ? MAX(us, 0) : -1);
}

static json_t *inject_json(const ReportFold *fold, int index)
{
    static const char *const kinds[] = {[INJECT_ATTACK] = "attack",
                                        [INJECT_MESSAGE] = "message",
                                        [INJECT_FAULT] = "fault",
                                        [INJECT_TRAFFIC] = "traffic"};
    static const char *const triggers[] = {[TRIGGER_AT] = "at",
                                           [TRIGGER_AFTER] = "after",
                                           [TRIGGER_WHEN] = "when",
                                           [TRIGGER_MANUAL] = "manual"};
    const Plan *plan = fold->rf_plan;
    const PlanInject *in = plan_inject(plan, index);
    const LedgerInject *state = ledger_inject(fold->rf_ledger, index);
    const json_t *end = json_object_get(fold->rf_reasons, in->in_id);
    const json_t *left = json_object_get(fold->rf_residue, in->in_id);
    json_t *json = json_object();

    set_text(json, "id", in->in_id);
    json_object_set_new(json, "title", parry_text_to_json(in->in_title));
    set_text(json, "kind", kinds[in->in_kind]);
    set_text(json, "trigger", triggers[in->in_trigger]);
    set_text(json, "team", team_id(plan, in->in_team));
    set_text(json, "by", team_id(plan, in->in_by));
    set_text(json, "technique", in->in_technique);
    set_text(json, "host", in->in_host >= 0 ? plan_host(plan, in->in_host)->ph_id : "");
    set_text(json, "state", inject_state_name(state->lj_state));
    set_text(json, "reason", json_string_value(json_object_get(end, "reason")));
    set_text(json, "residue", json_string_value(json_object_get(left, "summary")));
    set_int(json, "planned_us", in->in_trigger == TRIGGER_AT ? in->in_at_us : -1);
    set_int(json, "executed_us", state->lj_exec_us);
    set_int(json, "detected_us", state->lj_detect_us);
    set_int(json, "contained_us", state->lj_contain_us);
    set_int(json, "eradicated_us", state->lj_eradicate_us);
    set_int(json, "recovered_us", state->lj_recover_us);
    set_after(json, "detect_after_us", fold, in->in_team, state->lj_exec_us,
              state->lj_detect_us);
    set_after(json, "contain_after_us", fold, in->in_team, state->lj_exec_us,
              state->lj_contain_us);
    set_after(json, "recover_after_us", fold, in->in_team, state->lj_exec_us,
              state->lj_recover_us);
    set_after(json, "contain_after_detect_us", fold, in->in_team, state->lj_detect_us,
              state->lj_contain_us);
    json_object_set_new(json, "contained", json_boolean(state->lj_contain_us >= 0));
    set_text(json, "verdict",
             in->in_kind == INJECT_ATTACK ? verdict_of(fold->rf_ledger, index) : "");
    set_int(json, "taken",
            in->in_kind == INJECT_ATTACK ? worth_of(fold->rf_ledger, in) : 0);
    json_object_set_new(json, "refs",
                        refs_of(state->lj_seq, state->lj_exec_seq, state->lj_end_seq,
                                state->lj_detect_seq, state->lj_contain_seq,
                                state->lj_eradicate_seq, state->lj_recover_seq,
                                json_integer_value(json_object_get(left, "ref")),
                                REFS_END));
    report_acts_of_inject(fold, index, json);
    return json;
}

static json_t *injects_json(const ReportFold *fold)
{
    json_t *list = json_array();

    for (guint i = 0; i < fold->rf_plan->p_injects->len; i++)
        json_array_append_new(list, inject_json(fold, (int)i));
    return list;
}

/* ---- weaknesses ---- */

static json_t *weakness_json(const Plan *plan, const PlanWeakness *weakness)
{
    json_t *json = json_object(), *attacks = json_array();

    for (guint i = 0; i < plan->p_injects->len; i++)
        if (plan_weakness_attacked(weakness, plan_inject(plan, (int)i)))
            json_array_append_new(attacks, json_string(plan_inject(plan, (int)i)->in_id));
    set_text(json, "id", weakness->wk_id);
    set_text(json, "team", team_id(plan, weakness->wk_team));
    set_text(json, "host", plan_host(plan, weakness->wk_host)->ph_id);
    set_text(json, "technique", weakness->wk_technique);
    set_text(json, "severity", weakness->wk_severity);
    set_text(json, "cwe", weakness->wk_cwe);
    json_object_set_new(json, "title", parry_text_to_json(weakness->wk_title));
    if (weakness->wk_fix)
        json_object_set_new(json, "fix", parry_text_to_json(weakness->wk_fix));
    json_object_set_new(json, "attacks", attacks);
    return json;
}

static json_t *weaknesses_json(const Plan *plan)
{
    json_t *list = json_array();

    for (guint i = 0; i < plan->p_weaknesses->len; i++)
        json_array_append_new(list, weakness_json(plan, plan->p_weaknesses->pdata[i]));
    return list;
}

/* ---- checks ---- */

static gint64 availability_ppm(const LedgerCheck *state)
{
    if (!state->lc_checked)
        return -1;
    return (2 * state->lc_up + state->lc_recovering) * 500000 / state->lc_checked;
}

static json_t *checks_json(const ReportFold *fold)
{
    const Plan *plan = fold->rf_plan;
    json_t *list = json_array();

    for (guint i = 0; i < plan->p_checks->len; i++) {
        const PlanCheck *check = plan_check(plan, (int)i);
        const LedgerCheck *state = ledger_check(fold->rf_ledger, (int)i);
        json_t *json;

        if (!json_array_size(fold->rf_strips[i]))
            continue;
        json = json_object();
        set_text(json, "id", check->ck_id);
        set_text(json, "team", team_id(plan, check->ck_team));
        set_text(json, "host", plan_host(plan, check->ck_host)->ph_id);
        set_int(json, "weight", check->ck_weight);
        json_object_set_new(json, "self_reported", json_boolean(check->ck_self_reported));
        set_text(json, "status", check_status_name(state->lc_status));
        set_int(json, "rounds", state->lc_checked);
        set_int(json, "up", state->lc_up);
        set_int(json, "recovering", state->lc_recovering);
        set_int(json, "availability_ppm", availability_ppm(state));
        set_int(json, "down_us", state->lc_down_us);
        set_int(json, "longest_us", state->lc_longest_us);
        json_object_set(json, "strip", fold->rf_strips[i]);
        json_array_append_new(list, json);
    }
    return list;
}

/* ---- page one ---- */

static int by_value(gconstpointer a, gconstpointer b)
{
    gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;

    return left < right ? -1 : left > right;
}

/* The value at that part of the sorted list, the lower one where two share it; -1 for
 * none. */
static gint64 percentile(GArray *values, guint per_cent)
{
    if (!values->len)
        return -1;
    g_array_sort(values, by_value);
    return g_array_index(values, gint64, (values->len - 1) * per_cent / 100);
}

static void add_member(GArray *values, const json_t *inject, const char *key)
{
    gint64 value = json_integer_value(json_object_get(inject, key));

    if (value >= 0)
        g_array_append_val(values, value);
}

static void set_times(json_t *out, const char *name, const json_t *injects,
                      const char *key)
{
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(gint64));
    const json_t *inject;
    json_t *json;
    size_t i;

    json_array_foreach (injects, i, inject) {
        if (strcmp(json_string_value(json_object_get(inject, "kind")), "attack") == 0)
            add_member(values, inject, key);
    }
    json = json_pack("{s: I, s: I}", "n", (json_int_t)values->len, "median_us",
                     (json_int_t)percentile(values, 50));
    set_int(json, "p90_us", percentile(values, 90));
    json_object_set_new(out, name, json);
}

/* How many attacks came to that verdict, and the events that ended them. */
static json_t *verdict_count(const json_t *injects, const char *verdict)
{
    json_t *refs = json_array();
    const json_t *inject;
    size_t i;

    json_array_foreach (injects, i, inject) {
        const char *own = json_string_value(json_object_get(inject, "verdict"));
        const json_t *all = json_object_get(inject, "refs");

        if (strcmp(own, verdict) == 0 && json_array_size(all))
            json_array_append(refs, json_array_get(all, 0));
    }
    return json_pack("{s: I, s: o}", "n", (json_int_t)json_array_size(refs), "refs",
                     refs);
}

static json_t *contained_count(const json_t *injects)
{
    json_t *refs = json_array();
    const json_t *inject;
    size_t i;

    json_array_foreach (injects, i, inject) {
        if (json_is_true(json_object_get(inject, "contained")))
            json_array_append(refs, json_array_get(json_object_get(inject, "refs"), 0));
    }
    return json_pack("{s: I, s: o}", "n", (json_int_t)json_array_size(refs), "refs",
                     refs);
}

/* The longest outage of a scored service, and where it began. */
static json_t *longest_outage(const json_t *checks)
{
    const json_t *check, *part, *worst = NULL, *worst_part = NULL;
    gint64 longest = 0;
    size_t i, j;

    json_array_foreach (checks, i, check) {
        gint64 us = json_integer_value(json_object_get(check, "longest_us"));

        if (us > longest && json_integer_value(json_object_get(check, "weight")) > 0) {
            longest = us;
            worst = check;
        }
    }
    if (!worst)
        return json_null();
    /* The outage may have several parts of other statuses; name the longest of those. */
    gint64 part_us = -1;
    json_array_foreach (json_object_get(worst, "strip"), j, part) {
        gint64 us = json_integer_value(json_object_get(part, "to_us")) -
                    json_integer_value(json_object_get(part, "from_us"));
        const char *status = json_string_value(json_object_get(part, "status"));

        if (us > part_us && strcmp(status, "UP") != 0 &&
            strcmp(status, "UNCHECKED") != 0 && strcmp(status, "RECOVERING") != 0) {
            part_us = us;
            worst_part = part;
        }
    }
    return json_pack(
        "{s: O, s: I, s: I, s: [I]}", "check", json_object_get(worst, "id"), "us",
        (json_int_t)longest, "from_us",
        (json_int_t)json_integer_value(json_object_get(worst_part, "from_us")), "refs",
        (json_int_t)json_integer_value(json_object_get(worst_part, "ref")));
}

/* Over every scored service of every blue team, each round by its weight; -1: none. */
static gint64 all_availability(const ReportFold *fold)
{
    gint64 up = 0, all = 0;

    for (guint i = 0; i < fold->rf_plan->p_checks->len; i++) {
        const PlanCheck *check = plan_check(fold->rf_plan, (int)i);
        const LedgerCheck *state = ledger_check(fold->rf_ledger, (int)i);

        up += check->ck_weight * (2 * state->lc_up + state->lc_recovering);
        all += 2 * state->lc_checked * check->ck_weight;
    }
    return all ? (gint64)((__int128)up * 1000000 / all) : -1;
}

static json_t *summary_json(const ReportFold *fold, const json_t *injects,
                            const json_t *checks)
{
    static const char *const verdicts[] = {"prevented", "detected", "missed", "open"};
    json_t *summary = json_object();
    gint64 attacks = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(verdicts); i++) {
        json_t *count = verdict_count(injects, verdicts[i]);

        attacks += json_integer_value(json_object_get(count, "n"));
        json_object_set_new(summary, verdicts[i], count);
    }
    set_int(summary, "attacks", attacks);
    json_object_set_new(summary, "contained", contained_count(injects));
    set_times(summary, "time_to_detect", injects, "detect_after_us");
    set_times(summary, "time_to_contain", injects, "contain_after_us");
    set_times(summary, "time_to_contain_detected", injects, "contain_after_detect_us");
    set_times(summary, "time_to_recover", injects, "recover_after_us");
    set_int(summary, "availability_ppm", all_availability(fold));
    json_object_set_new(summary, "longest_outage", longest_outage(checks));
    return summary;
}

/* ---- teams ---- */

static json_t *line_json(const LedgerLine *line)
{
    json_t *refs = json_array();
    json_t *json = json_object();

    for (guint i = 0; i < line->li_refs->len; i++)
        json_array_append_new(refs,
                              json_integer(g_array_index(line->li_refs, gint64, i)));
    set_text(json, "category", line->li_category);
    set_text(json, "part", line->li_part);
    set_text(json, "what", line->li_what);
    set_text(json, "why", line->li_why);
    set_int(json, "points", line->li_points);
    set_int(json, "possible", line->li_possible);
    json_object_set_new(json, "refs", refs);
    return json;
}

static json_t *team_json(const ReportFold *fold, int index)
{
    const PlanTeam *team = plan_team(fold->rf_plan, index);
    const LedgerStanding *standing = ledger_standing(fold->rf_ledger, index);
    const GPtrArray *lines = ledger_lines(fold->rf_ledger, index);
    json_t *json = json_object(), *list = json_array();

    set_text(json, "team", team->pt_id);
    json_object_set_new(json, "title", parry_text_to_json(team->pt_title));
    set_text(json, "side", plan_side_name(team->pt_side));
    set_text(json, "bracket", team->pt_bracket);
    set_int(json, "rank", standing->ls_rank);
    set_int(json, "total", standing->ls_total);
    set_int(json, "protection", standing->ls_protection);
    set_int(json, "availability", standing->ls_availability);
    set_int(json, "injects", standing->ls_injects);
    set_int(json, "damage", standing->ls_damage);
    set_int(json, "taken", standing->ls_taken);
    set_int(json, "resets", standing->ls_resets);
    set_int(json, "executed", standing->ls_executed);
    set_int(json, "prevented", standing->ls_prevented);
    set_int(json, "detected", standing->ls_detected);
    set_int(json, "contained", standing->ls_contained);
    set_int(json, "reports", standing->ls_reports);
    set_int(json, "matched", standing->ls_matched);
    set_int(json, "unmatched", standing->ls_unmatched);
    for (guint i = 0; i < lines->len; i++)
        json_array_append_new(list, line_json(lines->pdata[i]));
    json_object_set_new(json, "lines", list);
    return json;
}

static int by_rank(const void *a, const void *b)
{
    json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
    int side = strcmp(json_string_value(json_object_get(left, "side")),
                      json_string_value(json_object_get(right, "side")));

    if (side)
        return side; /* blue before red */
    int bracket = strcmp(json_string_value(json_object_get(left, "bracket")),
                         json_string_value(json_object_get(right, "bracket")));
    if (bracket)
        return bracket;
    return (int)(json_integer_value(json_object_get(left, "rank")) -
                 json_integer_value(json_object_get(right, "rank")));
}

static json_t *teams_json(const ReportFold *fold)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    json_t *list = json_array();

    for (guint i = 0; i < fold->rf_plan->p_teams->len; i++) {
        PlanSide side = plan_team(fold->rf_plan, (int)i)->pt_side;

        if (side == SIDE_BLUE || side == SIDE_RED)
            g_ptr_array_add(all, team_json(fold, (int)i));
    }
    g_ptr_array_sort(all, by_rank);
    for (guint i = 0; i < all->len; i++)
        json_array_append_new(list, all->pdata[i]);
    return list;
}

/* ---- the whole ---- */

static json_t *assemble(const ReportFold *fold, const char *root)
{
    static const char *const final[] = {"final", "archived", NULL};
    json_t *report = json_object(), *injects = injects_json(fold),
           *checks = checks_json(fold);

    set_text(report, "format", "parry-report/1");
    json_object_set_new(
        report, "draft",
        json_boolean(!g_strv_contains(final, ledger_state(fold->rf_ledger))));
    json_object_set_new(report, "drill", drill_json(fold));
    json_object_set_new(report, "journal", journal_json(fold, root));
    json_object_set_new(report, "summary", summary_json(fold, injects, checks));
    json_object_set_new(report, "teams", teams_json(fold));
    json_object_set_new(report, "injects", injects);
    json_object_set_new(report, "checks", checks);
    json_object_set_new(report, "agreed", report_agreed_json(fold->rf_plan));
    json_object_set_new(report, "objectives", report_objectives_json(fold));
    json_object_set_new(report, "weaknesses", weaknesses_json(fold->rf_plan));
    json_object_set(report, "reports", fold->rf_reports);
    json_object_set_new(report, "isolation",
                        json_pack("{s: O, s: O}", "verdicts", fold->rf_verdicts, "rounds",
                                  fold->rf_isolation));
    json_object_set(report, "acts", fold->rf_acts);
    json_object_set(report, "unobserved", fold->rf_blind);
    json_object_set(report, "gaps", fold->rf_gaps);
    json_object_set(report, "resets", fold->rf_resets);
    json_object_set_new(report, "observed", report_observed_json(fold->rf_observed));
    json_object_set_new(report, "provisioning",
                        report_provision_json(fold->rf_provision));
    json_object_set(report, "timeline", fold->rf_timeline);
    return report;
}

json_t *report_json(const Plan *plan, Journal *journal, GError **error)
{
    g_autoptr(ReportFold) fold = report_fold_read(plan, journal, error);
    char root[65];

    if (!fold || !journal_root(journal, fold->rf_events, root, error))
        return NULL;
    return assemble(fold, root);
}

static gboolean write_file(const char *dir, const char *name, const char *text,
                           GError **error)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    /* Written beside and renamed: a reader never meets half a report. */
    return g_file_set_contents_full(
        path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
        0640, error);
}

gboolean report_write(const Plan *plan, Journal *journal, const char *dir,
                      char **path_out, GError **error)
{
    g_autofree char *folder = g_build_filename(dir, "report", NULL);
    g_autofree char *english = NULL, *chinese = NULL;
    json_t *report;
    char *text;
    gboolean ok;

    if (g_mkdir_with_parents(folder, 0750) < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                    "report %s: create: %s", folder, g_strerror(errno));
        return FALSE;
    }
    report = report_json(plan, journal, error);
    if (!report)
        return FALSE;
    text = json_dumps(report, JSON_INDENT(1) | JSON_SORT_KEYS);
    english = report_markdown(report, "en");
    chinese = report_markdown(report, "zh-Hant");
    ok = write_file(folder, "report.json", text, error) &&
         write_file(folder, "report.md", english, error) &&
         write_file(folder, "report.zh-Hant.md", chinese, error);
    free(text);
    json_decref(report);
    if (ok && path_out)
        *path_out = g_build_filename(folder, "report.md", NULL);
    return ok;
}
