/*
 * The fold: events in, state out. What the state is worth is computed when asked for
 * (account.c), from scratch: there is no running total that could drift from its events.
 */
#include "scoreboard/ledger_priv.h"

#include "scenarios/plan_windows.h"

#include <string.h>

static void report_free(gpointer data)
{
    ReportFold *report = data;

    g_free(report->rf_indicator);
    g_free(report);
}

static void adjust_free(gpointer data)
{
    AdjustFold *adjust = data;

    g_free(adjust->af_reason);
    g_free(adjust);
}

static void init_inject(InjectFold *fold, const PlanInject *plan)
{
    LedgerInject *shown = &fold->if_shown;

    fold->if_plan = plan;
    shown->lj_exec_us = shown->lj_detect_us = shown->lj_contain_us = -1;
    shown->lj_eradicate_us = shown->lj_recover_us = -1;
    fold->if_wanted_us = -1;
    fold->if_effect_us = -1;
    fold->if_n_expect = plan->in_expect ? plan->in_expect->len : 0;
    fold->if_expect = g_new0(ExpectFold, fold->if_n_expect + 1);
    for (guint i = 0; i < fold->if_n_expect; i++) {
        fold->if_expect[i].es_plan = g_ptr_array_index(plan->in_expect, i);
        fold->if_expect[i].es_after_us = -1;
    }
    fold->if_prevent.es_after_us = -1;
}

static void init_check(CheckFold *fold)
{
    fold->cf_shown.lc_status = CHECK_UNCHECKED;
    fold->cf_text = g_strdup("");
    fold->cf_shown.lc_text = fold->cf_text;
    fold->cf_round_us = -1;
    fold->cf_refs = g_array_new(FALSE, FALSE, sizeof(gint64));
}

Ledger *ledger_new(const Plan *plan)
{
    Ledger *ledger = g_new0(Ledger, 1);
    guint teams = plan->p_teams->len;

    ledger->lg_plan = plan;
    ledger->lg_holds = holds_new(plan);
    ledger->lg_state = g_strdup("defined");
    ledger->lg_reason = g_strdup("");
    ledger->lg_missing = g_ptr_array_new_with_free_func(g_free);
    ledger->lg_n_injects = plan->p_injects->len;
    ledger->lg_injects = g_new0(InjectFold, MAX(ledger->lg_n_injects, 1));
    for (guint i = 0; i < ledger->lg_n_injects; i++)
        init_inject(&ledger->lg_injects[i], g_ptr_array_index(plan->p_injects, i));
    ledger->lg_n_checks = plan->p_checks->len;
    ledger->lg_checks = g_new0(CheckFold, MAX(ledger->lg_n_checks, 1));
    for (guint i = 0; i < ledger->lg_n_checks; i++)
        init_check(&ledger->lg_checks[i]);
    ledger->lg_wanted = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    ledger->lg_reports = g_hash_table_new(g_int64_hash, g_int64_equal);
    ledger->lg_report_order = g_ptr_array_new_with_free_func(report_free);
    ledger->lg_adjusts = g_ptr_array_new_with_free_func(adjust_free);
    resets_fold_init(ledger);
    ledger->lg_weakness = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    ledger->lg_taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    ledger->lg_accounts = g_new0(Account, MAX(teams, 1) * AS_COUNT);
    ledger->lg_ranked = g_new0(LedgerStanding, MAX(teams, 1));
    ledger->lg_texts = g_string_chunk_new(4096);
    return ledger;
}

void ledger_free(Ledger *ledger)
{
    if (!ledger)
        return;
    accounts_clear(ledger);
    holds_free(ledger->lg_holds);
    g_string_chunk_free(ledger->lg_texts);
    g_free(ledger->lg_ranked);
    g_free(ledger->lg_accounts);
    g_hash_table_unref(ledger->lg_taken);
    g_hash_table_unref(ledger->lg_weakness);
    g_ptr_array_unref(ledger->lg_adjusts);
    resets_fold_clear(ledger);
    g_hash_table_unref(ledger->lg_reports);
    g_ptr_array_unref(ledger->lg_report_order);
    g_hash_table_unref(ledger->lg_wanted);
    for (guint i = 0; i < ledger->lg_n_checks; i++) {
        g_free(ledger->lg_checks[i].cf_text);
        g_array_unref(ledger->lg_checks[i].cf_refs);
    }
    g_free(ledger->lg_checks);
    for (guint i = 0; i < ledger->lg_n_injects; i++)
        g_free(ledger->lg_injects[i].if_expect);
    g_free(ledger->lg_injects);
    g_free(ledger->lg_state);
    g_free(ledger->lg_reason);
    g_ptr_array_unref(ledger->lg_missing);
    g_free(ledger);
}

static gint64 member_int(const JournalEvent *event, const char *name, gint64 fallback)
{
    const json_t *value = json_object_get(event->ev_body, name);

    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

static const char *member_text(const JournalEvent *event, const char *name)
{
    const char *text = json_string_value(json_object_get(event->ev_body, name));

    return text ? text : "";
}

/* ---- checks ---- */

static gboolean is_outage(CheckStatus status)
{
    return status == CHECK_DOWN || status == CHECK_FAULTY || status == CHECK_CORRUPT;
}

/* An outage lasts from the round that saw it to the round that saw its end; a round that
 * could not look ends it too, for nobody knows what was after. Windows, and what its team
 * was held, count for nothing. */
static void fold_outage(const Ledger *ledger, int team, CheckFold *fold, gint64 at_us)
{
    if (is_outage(fold->cf_shown.lc_status) && fold->cf_round_us >= 0 &&
        at_us > fold->cf_round_us && !fold->cf_spared) {
        gint64 us = at_us - fold->cf_round_us -
                    holds_within(ledger->lg_holds, ledger->lg_plan, team,
                                 fold->cf_round_us, at_us);

        fold->cf_shown.lc_down_us += us;
        fold->cf_outage_us += us;
        fold->cf_shown.lc_longest_us =
            MAX(fold->cf_shown.lc_longest_us, fold->cf_outage_us);
    }
}

static void note_change(CheckFold *fold, const JournalEvent *event,
                        const JournalCheckRow *row, gint64 at_us)
{
    CheckStatus status = (CheckStatus)row->cr_status;

    if (fold->cf_shown.lc_seq && status == fold->cf_shown.lc_status)
        return;
    if (!is_outage(status))
        fold->cf_outage_us = 0;
    fold->cf_shown.lc_status = status;
    fold->cf_shown.lc_since_us = at_us;
    if (fold->cf_refs->len < CHECK_REFS_MAX)
        g_array_append_val(fold->cf_refs, event->ev_seq);
}

/* stands_for 0: a round on demand, which shows a status and counts for nothing. */
static void count_round(CheckFold *fold, gint64 stands_for)
{
    CheckStatus status = fold->cf_shown.lc_status;

    if (status == CHECK_UNCHECKED)
        return;
    fold->cf_shown.lc_checked += stands_for;
    fold->cf_all += 2 * stands_for;
    if (status == CHECK_UP) {
        fold->cf_shown.lc_up += stands_for;
        fold->cf_units += 2 * stands_for;
    } else if (status == CHECK_RECOVERING) {
        fold->cf_shown.lc_recovering += stands_for;
        fold->cf_units += stands_for;
    }
}

gboolean ledger_scores_at(const Plan *plan, gint64 clock_us)
{
    if (plan_is_quiet(plan, clock_us))
        return FALSE;
    for (guint i = 0; plan->p_phases && i < plan->p_phases->len; i++) {
        const PlanPhase *phase = g_ptr_array_index(plan->p_phases, i);

        if (clock_us >= phase->pz_from_us && clock_us < phase->pz_until_us)
            return phase->pz_score;
    }
    return TRUE;
}

static void fold_row(Ledger *ledger, const JournalEvent *event,
                     const JournalCheckRow *row)
{
    gint64 at_us = member_int(event, "at", event->ev_clock_us);
    gint64 stands_for = CLAMP(member_int(event, "stands_for", 1), 0, 1000000);
    CheckFold *fold;
    int team;

    if (row->cr_check < 0 || (guint)row->cr_check >= ledger->lg_n_checks ||
        row->cr_status < 0 || row->cr_status > CHECK_UNCHECKED)
        return;
    fold = &ledger->lg_checks[row->cr_check];
    team = plan_check(ledger->lg_plan, row->cr_check)->ck_team;
    if (holds_at(ledger->lg_holds, team, at_us))
        return; /* nobody asked */
    fold_outage(ledger, team, fold, at_us);
    note_change(fold, event, row, at_us);
    fold->cf_spared = resets_spare(ledger, plan_check(ledger->lg_plan, row->cr_check),
                                   at_us, event->ev_clock_us);
    if (!fold->cf_spared && ledger_scores_at(ledger->lg_plan, at_us))
        count_round(fold, stands_for);
    fold->cf_round_us = at_us;
    fold->cf_until_us =
        at_us + stands_for * plan_check(ledger->lg_plan, row->cr_check)->ck_interval_us;
    fold->cf_shown.lc_seq = event->ev_seq;
    if (g_strcmp0(fold->cf_text, row->cr_text) != 0) {
        g_free(fold->cf_text);
        fold->cf_text = g_strdup(row->cr_text ? row->cr_text : "");
        fold->cf_shown.lc_text = fold->cf_text;
    }
}

/* ---- reports and corrections ---- */

static void fold_report(Ledger *ledger, const JournalEvent *event)
{
    ReportFold *report = g_new0(ReportFold, 1);

    report->rf_seq = event->ev_seq;
    report->rf_us = event->ev_clock_us;
    report->rf_team = plan_team_index(ledger->lg_plan, event->ev_team);
    report->rf_inject = -1;
    report->rf_indicator = g_strdup(member_text(event, "indicator"));
    g_ptr_array_add(ledger->lg_report_order, report);
    g_hash_table_insert(ledger->lg_reports, &report->rf_seq, report);
}

static void fold_unmatched(Ledger *ledger, const JournalEvent *event)
{
    ReportFold *report = g_hash_table_lookup(ledger->lg_reports, &event->ev_ref);

    if (report)
        report->rf_unmatched = TRUE;
}

static void fold_adjust(Ledger *ledger, const JournalEvent *event)
{
    AdjustFold *adjust = g_new0(AdjustFold, 1);

    adjust->af_seq = event->ev_seq;
    adjust->af_ref = event->ev_ref;
    adjust->af_team = plan_team_index(ledger->lg_plan, event->ev_team);
    adjust->af_points = member_int(event, "points", 0);
    adjust->af_bonus = strcmp(member_text(event, "category"), "bonus") == 0;
    adjust->af_reason = g_strdup(member_text(event, "reason"));
    g_ptr_array_add(ledger->lg_adjusts, adjust);
}

/* No round comes after the end: the last one stands for the time up to it. */
static void close_outages(Ledger *ledger, gint64 clock_us)
{
    for (guint i = 0; i < ledger->lg_n_checks; i++) {
        CheckFold *fold = &ledger->lg_checks[i];
        gint64 until_us = MIN(clock_us, fold->cf_until_us);

        fold_outage(ledger, plan_check(ledger->lg_plan, (int)i)->ck_team, fold, until_us);
        fold->cf_round_us = MAX(fold->cf_round_us, until_us);
    }
}

static void fold_defined(Ledger *ledger, const JournalEvent *event)
{
    ledger->lg_simulated = json_is_true(json_object_get(event->ev_body, "simulated"));
}

static void fold_degraded(Ledger *ledger, const JournalEvent *event)
{
    const json_t *host;
    gsize i;

    g_ptr_array_set_size(ledger->lg_missing, 0);
    json_array_foreach (json_object_get(event->ev_body, "hosts"), i, host) {
        const char *id = json_string_value(json_object_get(host, "host"));
        if (id)
            g_ptr_array_add(ledger->lg_missing, g_strdup(id));
    }
}

static void fold_joined(Ledger *ledger, const JournalEvent *event)
{
    guint index;

    if (g_ptr_array_find_with_equal_func(ledger->lg_missing, event->ev_host, g_str_equal,
                                         &index))
        g_ptr_array_remove_index(ledger->lg_missing, index);
}

static void fold_state(Ledger *ledger, const JournalEvent *event)
{
    static const char *const closed[] = {"ended", "judging",  "provisional",
                                         "final", "archived", NULL};

    g_free(ledger->lg_state);
    g_free(ledger->lg_reason);
    ledger->lg_state = g_strdup(member_text(event, "to"));
    ledger->lg_reason = g_strdup(member_text(event, "reason"));
    ledger->lg_running = strcmp(ledger->lg_state, "running") == 0;
    if (strcmp(ledger->lg_state, "ended") == 0)
        close_outages(ledger, event->ev_clock_us);
    ledger->lg_closed = ledger->lg_closed || g_strv_contains(closed, ledger->lg_state);
}

static void fold_clock(Ledger *ledger, const JournalEvent *event)
{
    ledger->lg_running = strcmp(event->ev_kind, "clock.paused/1") != 0;
}

static void fold_checkpoint(Ledger *ledger, const JournalEvent *event)
{
    ledger->lg_checkpoint.lk_seq = event->ev_seq;
    ledger->lg_checkpoint.lk_size = member_int(event, "size", 0);
    g_strlcpy(ledger->lg_checkpoint.lk_root, member_text(event, "root"),
              sizeof ledger->lg_checkpoint.lk_root);
}

static const struct {
    const char *kind;
    void (*fold)(Ledger *ledger, const JournalEvent *event);
} FOLDS[] = {
    {"drill.state/1", fold_state},          {"report.submitted/1", fold_report},
    {"report.unmatched/1", fold_unmatched}, {"score.adjusted/1", fold_adjust},
    {"checkpoint/1", fold_checkpoint},      {"clock.started/1", fold_clock},
    {"clock.paused/1", fold_clock},         {"clock.resumed/1", fold_clock},
    {"drill.defined/1", fold_defined},      {"drill.degraded/1", fold_degraded},
    {"host.joined/1", fold_joined},
};

void ledger_apply(Ledger *ledger, const JournalEvent *event, const JournalCheckRow *rows,
                  guint n_rows)
{
    holds_apply(ledger->lg_holds, event);
    for (gsize i = 0; i < G_N_ELEMENTS(FOLDS); i++)
        if (strcmp(event->ev_kind, FOLDS[i].kind) == 0)
            FOLDS[i].fold(ledger, event);
    for (guint i = 0; i < n_rows; i++)
        fold_row(ledger, event, &rows[i]);
    inject_fold(ledger, event);
    resets_fold(ledger, event);
    ledger->lg_seq = event->ev_seq;
    if (event->ev_clock_us >= ledger->lg_clock_us) {
        ledger->lg_clock_us = event->ev_clock_us;
        ledger->lg_at_us = event->ev_at_us;
    }
    ledger->lg_fresh = FALSE;
}

/* ---- reading a journal ---- */

typedef struct {
    Ledger *rd_ledger;
    Journal *rd_journal;
    gint64 rd_until;
    GArray *rd_rows; /* JournalCheckRow with texts of their own */
    GError *rd_error;
} Reading;

static void row_clear(gpointer data)
{
    g_free((char *)((JournalCheckRow *)data)->cr_text);
}

static gboolean keep_row(gint64 seq, const JournalCheckRow *row, gpointer data)
{
    JournalCheckRow copy = *row;

    (void)seq;
    copy.cr_text = g_strdup(row->cr_text);
    g_array_append_val((GArray *)data, copy);
    return TRUE;
}

static gboolean read_event(const JournalEvent *event, gpointer data)
{
    Reading *reading = data;

    if (reading->rd_until && event->ev_seq > reading->rd_until)
        return FALSE;
    g_array_set_size(reading->rd_rows, 0);
    if (strcmp(event->ev_kind, "check.round/1") == 0 &&
        !journal_each_check(reading->rd_journal, event->ev_seq, keep_row,
                            reading->rd_rows, &reading->rd_error))
        return FALSE;
    ledger_apply(reading->rd_ledger, event, (JournalCheckRow *)reading->rd_rows->data,
                 reading->rd_rows->len);
    return TRUE;
}

Ledger *ledger_read(const Plan *plan, Journal *journal, gint64 seq, GError **error)
{
    g_autoptr(Ledger) ledger = ledger_new(plan);
    Reading reading = {ledger, journal, seq, NULL, NULL};
    gboolean ok;

    reading.rd_rows = g_array_new(FALSE, FALSE, sizeof(JournalCheckRow));
    g_array_set_clear_func(reading.rd_rows, row_clear);
    ok = journal_each(journal, 0, 0, read_event, &reading, error);
    g_array_unref(reading.rd_rows);
    if (reading.rd_error) {
        g_propagate_error(error, reading.rd_error);
        return NULL;
    }
    return ok ? g_steal_pointer(&ledger) : NULL;
}

gint64 ledger_seq(const Ledger *ledger)
{
    return ledger->lg_seq;
}

gint64 ledger_clock_us(const Ledger *ledger)
{
    return ledger->lg_clock_us;
}

gint64 ledger_at_us(const Ledger *ledger)
{
    return ledger->lg_at_us;
}

gboolean ledger_running(const Ledger *ledger)
{
    return ledger->lg_running;
}

gboolean ledger_simulated(const Ledger *ledger)
{
    return ledger->lg_simulated;
}

const GPtrArray *ledger_missing(const Ledger *ledger)
{
    return ledger->lg_missing;
}

const Holds *ledger_holds(const Ledger *ledger)
{
    return ledger->lg_holds;
}

const char *ledger_reason(const Ledger *ledger)
{
    return ledger->lg_reason;
}

const char *ledger_state(const Ledger *ledger)
{
    return ledger->lg_state;
}

const LedgerCheck *ledger_check(const Ledger *ledger, int check)
{
    return &ledger->lg_checks[check].cf_shown;
}

const LedgerCheckpoint *ledger_checkpoint(const Ledger *ledger)
{
    return &ledger->lg_checkpoint;
}
