#include "scoreboard/report_fold.h"

#include "scoreboard/line.h"
#include "scoreboard/report_resets.h"

#include <string.h>

typedef struct {
    ReportFold *rd_fold;
    Journal *rd_journal;
    GArray *rd_rows;
    GPtrArray *rd_texts;
    GError *rd_error;
} Reading;

static const char *text_of(const JournalEvent *event, const char *name)
{
    const char *text = json_string_value(json_object_get(event->ev_body, name));

    return text ? text : "";
}

static json_t *safe_string(const char *text)
{
    g_autofree char *safe = parry_text_safe(text, -1);

    return json_string(safe);
}

/* ---- checks ---- */

/* A part lasts to the next round; the last one as long as its round stands for. */
static void strip_row(ReportFold *fold, gint64 seq, gint64 at_us, gint64 stands_for,
                      const JournalCheckRow *row)
{
    json_t *strip, *last;
    const char *status;
    gint64 to_us;

    if (row->cr_check < 0 || row->cr_check >= (int)fold->rf_plan->p_checks->len)
        return;
    strip = fold->rf_strips[row->cr_check];
    status = check_status_name((CheckStatus)row->cr_status);
    last = json_array_get(strip, json_array_size(strip) - 1);
    to_us = at_us + stands_for * plan_check(fold->rf_plan, row->cr_check)->ck_interval_us;
    if (last && strcmp(json_string_value(json_object_get(last, "status")), status) == 0) {
        json_object_set_new(last, "to_us", json_integer(to_us));
        return;
    }
    if (last)
        json_object_set_new(last, "to_us", json_integer(at_us));
    last = json_pack("{s: I, s: I, s: s, s: I}", "from_us", (json_int_t)at_us, "to_us",
                     (json_int_t)to_us, "status", status, "ref", (json_int_t)seq);
    if (row->cr_status != CHECK_UP)
        json_object_set_new(last, "text", safe_string(row->cr_text));
    json_array_append_new(strip, last);
}

static gboolean keep_row(gint64 seq, const JournalCheckRow *row, gpointer data)
{
    Reading *reading = data;
    JournalCheckRow copy = *row;

    (void)seq;
    copy.cr_text = g_strdup(row->cr_text);
    g_ptr_array_add(reading->rd_texts, (char *)copy.cr_text);
    g_array_append_val(reading->rd_rows, copy);
    return TRUE;
}

static gboolean read_rows(Reading *reading, const JournalEvent *event)
{
    const json_t *at = json_object_get(event->ev_body, "at");
    gint64 at_us = json_is_integer(at) ? json_integer_value(at) : event->ev_clock_us;
    const json_t *stands = json_object_get(event->ev_body, "stands_for");
    gint64 stands_for = json_is_integer(stands) ? json_integer_value(stands) : 1;

    if (!journal_each_check(reading->rd_journal, event->ev_seq, keep_row, reading,
                            &reading->rd_error))
        return FALSE;
    for (guint i = 0; i < reading->rd_rows->len; i++)
        strip_row(reading->rd_fold, event->ev_seq, at_us, CLAMP(stands_for, 0, 1000000),
                  &g_array_index(reading->rd_rows, JournalCheckRow, i));
    return TRUE;
}

/* ---- events ---- */

static void on_defined(ReportFold *fold, const JournalEvent *event)
{
    json_decref(fold->rf_defined);
    fold->rf_defined = json_deep_copy(event->ev_body);
}

static void on_state(ReportFold *fold, const JournalEvent *event)
{
    const char *to = text_of(event, "to");

    if (strcmp(to, "running") == 0 && !fold->rf_started_at_us)
        fold->rf_started_at_us = event->ev_at_us;
    if (strcmp(to, "ended") == 0)
        fold->rf_ended_at_us = event->ev_at_us;
}

static void on_helper(ReportFold *fold, const JournalEvent *event)
{
    if (!*text_of(event, "accel"))
        return;
    json_decref(fold->rf_accel);
    fold->rf_accel = json_pack(
        "{s: o, s: o, s: I}", "accel", safe_string(text_of(event, "accel")), "reason",
        safe_string(text_of(event, "reason")), "ref", (json_int_t)event->ev_seq);
}

/* A probe that answered otherwise than it must; all others are only counted. */
static gboolean row_failed(const json_t *row)
{
    return json_is_true(json_array_get(row, 1)) != json_is_true(json_array_get(row, 2));
}

static void on_round(ReportFold *fold, const JournalEvent *event)
{
    const json_t *rows = json_object_get(event->ev_body, "rows"), *row;
    json_t *failed = json_array();
    size_t i;

    json_array_foreach (rows, i, row) {
        const char *name = json_string_value(json_array_get(row, 0));

        if (row_failed(row))
            json_array_append_new(failed, safe_string(name ? name : ""));
    }
    json_array_append_new(
        fold->rf_isolation,
        json_pack("{s: I, s: s, s: b, s: I, s: o}", "seq", (json_int_t)event->ev_seq,
                  "host", event->ev_host, "ok",
                  json_is_true(json_object_get(event->ev_body, "ok")), "probes",
                  (json_int_t)json_array_size(rows), "failed", failed));
}

static void on_verdict(ReportFold *fold, const JournalEvent *event)
{
    json_t *verdict = json_deep_copy(event->ev_body);

    json_object_set_new(verdict, "seq", json_integer(event->ev_seq));
    json_object_set_new(verdict, "clock_us", json_integer(event->ev_clock_us));
    json_object_set_new(verdict, "skipped",
                        json_boolean(strcmp(event->ev_kind, "isolation.skipped/1") == 0));
    json_object_set_new(verdict, "proved",
                        json_boolean(strcmp(event->ev_kind, "isolation.proved/1") == 0));
    json_array_append_new(fold->rf_verdicts, verdict);
}

static void on_report(ReportFold *fold, const JournalEvent *event)
{
    json_array_append_new(fold->rf_reports,
                          json_pack("{s: I, s: I, s: s, s: s, s: o, s: s, s: n}", "seq",
                                    (json_int_t)event->ev_seq, "clock_us",
                                    (json_int_t)event->ev_clock_us, "team",
                                    event->ev_team, "host", event->ev_host, "indicator",
                                    safe_string(text_of(event, "indicator")), "outcome",
                                    "submitted", "inject"));
}

static void on_settled(ReportFold *fold, const JournalEvent *event)
{
    gboolean matched = strcmp(event->ev_kind, "report.matched/1") == 0;
    json_t *report;
    size_t i;

    json_array_foreach (fold->rf_reports, i, report) {
        if (json_integer_value(json_object_get(report, "seq")) != event->ev_ref)
            continue;
        json_object_set_new(report, "outcome",
                            json_string(matched ? "matched" : "unmatched"));
        json_object_set_new(report, "ref", json_integer(event->ev_seq));
        if (matched)
            json_object_set(report, "inject", json_object_get(event->ev_body, "inject"));
    }
}

static void on_ended(ReportFold *fold, const JournalEvent *event)
{
    const char *inject = text_of(event, "inject");

    if (!json_object_get(fold->rf_reasons, inject))
        json_object_set_new(fold->rf_reasons, inject,
                            json_pack("{s: o, s: I}", "reason",
                                      safe_string(text_of(event, "reason")), "ref",
                                      (json_int_t)event->ev_seq));
}

static void on_residue(ReportFold *fold, const JournalEvent *event)
{
    json_object_set_new(fold->rf_residue, text_of(event, "inject"),
                        json_pack("{s: o, s: I}", "summary",
                                  safe_string(text_of(event, "summary")), "ref",
                                  (json_int_t)event->ev_seq));
}

static void on_gap(ReportFold *fold, const JournalEvent *event)
{
    g_autofree char *words = strcmp(event->ev_kind, "observe.gap/1") == 0
                                 ? report_observed_words(event)
                                 : line_words(fold->rf_plan, event, "en");

    json_array_append_new(
        fold->rf_gaps,
        json_pack("{s: I, s: I, s: s, s: s, s: s}", "seq", (json_int_t)event->ev_seq,
                  "clock_us", (json_int_t)event->ev_clock_us, "kind", event->ev_kind,
                  "host", *event->ev_host ? event->ev_host : event->ev_team, "text",
                  words ? words : ""));
}

/* The members of a body as they are, texts made safe: they bear names out of a guest. */
static void copy_texts(json_t *to, const JournalEvent *event, const char *const *names)
{
    for (; *names; names++)
        json_object_set_new(to, *names, safe_string(text_of(event, *names)));
}

static void on_act(ReportFold *fold, const JournalEvent *event)
{
    static const char *const texts[] = {"player",  "action", "rule",  "object", "text",
                                        "text_zh", "inject", "about", NULL};
    const json_t *at = json_object_get(event->ev_body, "at");
    const json_t *evidence = json_object_get(event->ev_body, "evidence");
    json_t *act = json_pack(
        "{s: I, s: I, s: s, s: s}", "seq", (json_int_t)event->ev_seq, "clock_us",
        json_is_integer(at) ? json_integer_value(at) : (json_int_t)event->ev_clock_us,
        "team", event->ev_team, "host", event->ev_host);

    copy_texts(act, event, texts);
    json_object_set_new(act, "evidence",
                        evidence ? json_deep_copy(evidence) : json_array());
    if (json_is_integer(json_object_get(event->ev_body, "gap")))
        json_object_set(act, "gap", json_object_get(event->ev_body, "gap"));
    json_array_append_new(fold->rf_acts, act);
}

/* UTC as the drill clock had it, by the event that names it. */
static gint64 clock_of(const JournalEvent *event, const char *name)
{
    const json_t *at = json_object_get(event->ev_body, name);
    gint64 us = json_is_integer(at) ? json_integer_value(at) : event->ev_at_us;
    gint64 ago = CLAMP(us, 0, event->ev_at_us);

    return MAX(event->ev_clock_us - (event->ev_at_us - ago), 0);
}

static void on_blind(ReportFold *fold, const JournalEvent *event)
{
    static const char *const where[] = {"kernel", "queue", "channel", "hub", NULL};
    g_autofree char *en = line_words(fold->rf_plan, event, "en");
    g_autofree char *zh = line_words(fold->rf_plan, event, "zh-Hant");
    json_int_t lost = 0;

    for (const char *const *name = where; *name; name++) {
        json_int_t n = json_integer_value(json_object_get(event->ev_body, *name));

        lost = n > G_MAXINT64 - lost ? G_MAXINT64 : lost + MAX(n, 0);
    }
    json_array_append_new(fold->rf_blind,
                          json_pack("{s: I, s: s, s: I, s: I, s: I, s: s, s: s}", "seq",
                                    (json_int_t)event->ev_seq, "host", event->ev_host,
                                    "from_us", (json_int_t)clock_of(event, "from_us"),
                                    "to_us", (json_int_t)clock_of(event, "to_us"), "lost",
                                    lost, "text", en ? en : "", "text_zh", zh ? zh : ""));
    on_gap(fold, event);
}

static void on_metric(ReportFold *fold, const JournalEvent *event)
{
    const json_t *points = json_object_get(event->ev_body, "points");
    const char *metric = json_string_value(json_object_get(event->ev_body, "metric"));

    json_array_append_new(fold->rf_metrics,
                          json_pack("{s: s, s: s, s: I, s: I}", "metric",
                                    metric ? metric : "", "team", event->ev_team,
                                    "points", json_integer_value(points), "ref",
                                    (json_int_t)event->ev_seq));
}

static const struct {
    const char *kind;
    void (*on)(ReportFold *fold, const JournalEvent *event);
} ON[] = {
    {"drill.defined/1", on_defined},
    {"drill.state/1", on_state},
    {"helper.up/1", on_helper},
    {"isolation.round/1", on_round},
    {"isolation.proved/1", on_verdict},
    {"isolation.broken/1", on_verdict},
    {"isolation.skipped/1", on_verdict},
    {"report.submitted/1", on_report},
    {"report.matched/1", on_settled},
    {"report.unmatched/1", on_settled},
    {"inject.ended/1", on_ended},
    {"residue/1", on_residue},
    {"metric.met/1", on_metric},
    {"player.action/1", on_act},
    {"observe.gap/1", on_blind},
    {"daemon.gap/1", on_gap},
    {"agent.lost/1", on_gap},
    {"agent.cut/1", on_gap},
    {"domain.lost/1", on_gap},
    {"team.held/1", on_gap},
    {"team.released/1", on_gap},
    {"clock.jumped/1", on_gap},
};

/* What a reader of the report wants to see of a timeline: what happened to teams and
 * drill, and what went wrong; not how each network was made. */
static gboolean in_timeline(const JournalEvent *event)
{
    static const char *const also[] = {
        "agent.lost/1",       "agent.cut/1",    "helper.down/1",
        "isolation.broken/1", "note/1",         "daemon.gap/1",
        "order.lost/1",       "inject.due/1",   "inject.held/1",
        "inject.approved/1",  "inject.retry/1", "inject.skew/1",
        "metric.met/1",       "stop.met/1",     "agent.back/1",
        "deadman.fired/1",    "residue/1",      NULL};
    const KindInfo *kind = kind_find(event->ev_kind);

    /* There is much of that, and the sections on teams and attacks have it. */
    if (strcmp(text_of(event, "action"), "looked-around") == 0)
        return FALSE;
    return kind && ((kind->kd_see & (SEE_OWN | SEE_PUBLIC)) ||
                    g_strv_contains(also, event->ev_kind));
}

static void add_to_timeline(ReportFold *fold, const JournalEvent *event)
{
    g_autofree char *en = line_words(fold->rf_plan, event, "en");
    g_autofree char *zh = line_words(fold->rf_plan, event, "zh-Hant");

    if (!en || !in_timeline(event))
        return;
    json_array_append_new(fold->rf_timeline,
                          json_pack("{s: I, s: I, s: I, s: s, s: s, s: s, s: s, s: s}",
                                    "seq", (json_int_t)event->ev_seq, "clock_us",
                                    (json_int_t)event->ev_clock_us, "at_us",
                                    (json_int_t)event->ev_at_us, "team", event->ev_team,
                                    "host", event->ev_host, "kind", event->ev_kind,
                                    "text", en, "text_zh", zh ? zh : en));
}

static gboolean read_event(const JournalEvent *event, gpointer data)
{
    Reading *reading = data;
    ReportFold *fold = reading->rd_fold;

    g_array_set_size(reading->rd_rows, 0);
    g_ptr_array_set_size(reading->rd_texts, 0);
    if (strcmp(event->ev_kind, "check.round/1") == 0 && !read_rows(reading, event))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(ON); i++)
        if (strcmp(event->ev_kind, ON[i].kind) == 0)
            ON[i].on(fold, event);
    report_observed_event(fold->rf_observed, event);
    report_provision_event(fold->rf_provision, event);
    report_resets_event(fold->rf_resets, fold->rf_plan, event);
    add_to_timeline(fold, event);
    ledger_apply(fold->rf_ledger, event, (JournalCheckRow *)reading->rd_rows->data,
                 reading->rd_rows->len);
    fold->rf_events = event->ev_seq;
    return TRUE;
}

static ReportFold *fold_new(const Plan *plan)
{
    ReportFold *fold = g_new0(ReportFold, 1);

    fold->rf_plan = plan;
    fold->rf_ledger = ledger_new(plan);
    fold->rf_timeline = json_array();
    fold->rf_isolation = json_array();
    fold->rf_verdicts = json_array();
    fold->rf_reports = json_array();
    fold->rf_metrics = json_array();
    fold->rf_gaps = json_array();
    fold->rf_resets = json_array();
    fold->rf_acts = json_array();
    fold->rf_blind = json_array();
    fold->rf_reasons = json_object();
    fold->rf_residue = json_object();
    fold->rf_observed = report_observed_new(plan);
    fold->rf_provision = report_provision_new(plan);
    fold->rf_strips = g_new0(json_t *, plan->p_checks->len + 1);
    for (guint i = 0; i < plan->p_checks->len; i++)
        fold->rf_strips[i] = json_array();
    return fold;
}

void report_fold_free(ReportFold *fold)
{
    if (!fold)
        return;
    for (guint i = 0; i < fold->rf_plan->p_checks->len; i++)
        json_decref(fold->rf_strips[i]);
    g_free(fold->rf_strips);
    json_decref(fold->rf_reasons);
    json_decref(fold->rf_residue);
    report_observed_free(fold->rf_observed);
    report_provision_free(fold->rf_provision);
    json_decref(fold->rf_gaps);
    json_decref(fold->rf_resets);
    json_decref(fold->rf_acts);
    json_decref(fold->rf_blind);
    json_decref(fold->rf_metrics);
    json_decref(fold->rf_reports);
    json_decref(fold->rf_verdicts);
    json_decref(fold->rf_isolation);
    json_decref(fold->rf_timeline);
    json_decref(fold->rf_accel);
    json_decref(fold->rf_defined);
    ledger_free(fold->rf_ledger);
    g_free(fold);
}

/* Nothing reaches past the clock. */
static void clip_strips(ReportFold *fold)
{
    gint64 clock_us = ledger_clock_us(fold->rf_ledger);

    for (guint i = 0; i < fold->rf_plan->p_checks->len; i++) {
        json_t *strip = fold->rf_strips[i];
        json_t *last = json_array_get(strip, json_array_size(strip) - 1);

        if (last && json_integer_value(json_object_get(last, "to_us")) > clock_us)
            json_object_set_new(last, "to_us", json_integer(clock_us));
    }
}

ReportFold *report_fold_read(const Plan *plan, Journal *journal, GError **error)
{
    g_autoptr(ReportFold) fold = fold_new(plan);
    Reading reading = {fold, journal, NULL, NULL, NULL};
    gboolean ok;

    reading.rd_rows = g_array_new(FALSE, FALSE, sizeof(JournalCheckRow));
    reading.rd_texts = g_ptr_array_new_with_free_func(g_free);
    ok = journal_each(journal, 0, 0, read_event, &reading, error);
    g_array_unref(reading.rd_rows);
    g_ptr_array_unref(reading.rd_texts);
    if (reading.rd_error) {
        g_propagate_error(error, reading.rd_error);
        return NULL;
    }
    if (!ok)
        return NULL;
    clip_strips(fold);
    return g_steal_pointer(&fold);
}
