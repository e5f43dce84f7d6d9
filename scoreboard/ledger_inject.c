/*
 * Injects in the ledger: what happened to each, who may know, and what it took.
 *
 * The daemon settles expectations and says so in events; the ledger adds those up. It
 * adds nothing of its own that an event could say as well, so nothing counts twice: a met
 * expectation beats a missed one in either order, for a report counts when it was
 * submitted, not when somebody matched it.
 */
#include "scoreboard/ledger_priv.h"

#include <string.h>

static const char *const STATE_NAMES[] = {
    [INJECT_PLANNED] = "planned", [INJECT_HELD] = "held",
    [INJECT_RUNNING] = "running", [INJECT_SUCCEEDED] = "succeeded",
    [INJECT_BLOCKED] = "blocked", [INJECT_FAILED] = "failed",
    [INJECT_SENT] = "sent",       [INJECT_CANCELLED] = "cancelled",
    [INJECT_EXPIRED] = "expired", [INJECT_NOT_RUN] = "not-run",
};

const char *inject_state_name(InjectState state)
{
    return (gsize)state < G_N_ELEMENTS(STATE_NAMES) ? STATE_NAMES[state] : "planned";
}

gboolean inject_is_attack(const InjectFold *inject)
{
    return inject->if_plan->in_kind == INJECT_ATTACK;
}

gboolean inject_succeeded(const InjectFold *inject)
{
    return inject_is_attack(inject) &&
           (inject->if_shown.lj_state == INJECT_SUCCEEDED || inject->if_effect_seq > 0);
}

gboolean inject_came_to_nothing(const InjectFold *inject)
{
    return inject_is_attack(inject) && !inject->if_effect_seq &&
           (inject->if_shown.lj_state == INJECT_BLOCKED || inject->if_victim_down);
}

gboolean inject_detected(const InjectFold *inject)
{
    if (inject->if_report > 0)
        return TRUE;
    for (guint i = 0; i < inject->if_n_expect; i++)
        if (inject->if_expect[i].es_plan->ex_kind == EXPECT_DETECT &&
            inject->if_expect[i].es_state == EXPECT_MET)
            return TRUE;
    return FALSE;
}

/* What an attack leaves to earn, which prevention stands for. */
static gboolean is_defence(PlanExpectKind kind)
{
    return kind == EXPECT_DETECT || kind == EXPECT_CONTAIN || kind == EXPECT_ERADICATE ||
           kind == EXPECT_RECOVER;
}

gint64 inject_prevent_points(const InjectFold *inject)
{
    gint64 given = 0, otherwise = 0;

    for (guint i = 0; i < inject->if_n_expect; i++) {
        const PlanExpect *expect = inject->if_expect[i].es_plan;

        if (expect->ex_kind == EXPECT_PREVENT)
            given += expect->ex_points;
        else if (is_defence(expect->ex_kind))
            otherwise += expect->ex_points;
    }
    return given ? given : otherwise;
}

static gint64 begin_us(const InjectFold *inject)
{
    return inject->if_shown.lj_exec_us >= 0 ? inject->if_shown.lj_exec_us
                                            : inject->if_wanted_us;
}

/* What the attack itself says, or the scoring; 0: neither says when it is told. */
static gint64 disclose_after(const Ledger *ledger, const InjectFold *inject)
{
    return inject->if_plan->in_disclose_us ? inject->if_plan->in_disclose_us
                                           : ledger->lg_plan->p_scoring.ps_disclose_us;
}

/* Within which time a report of it counts. Where nothing is expected, until it is told.
 */
static gint64 report_within(const Ledger *ledger, const InjectFold *inject)
{
    gint64 disclose = disclose_after(ledger, inject), within = 0;

    for (guint i = 0; i < inject->if_n_expect; i++)
        if (inject->if_expect[i].es_plan->ex_kind == EXPECT_DETECT)
            within = MAX(within, inject->if_expect[i].es_plan->ex_within_us);
    if (within > 0)
        return within;
    return disclose > 0 && disclose != SCORING_AT_END ? disclose : HK_WINDOW_US;
}

/* Its team's windows and holds are left out. */
static gint64 deadline(const Ledger *ledger, const InjectFold *inject, gint64 within_us)
{
    return holds_deadline(ledger->lg_holds, ledger->lg_plan, inject->if_plan->in_team,
                          begin_us(inject), within_us);
}

static gint64 window_of(const Ledger *ledger, const InjectFold *inject)
{
    return begin_us(inject) < 0 ? -1
                                : deadline(ledger, inject, report_within(ledger, inject));
}

/* Never before the report window closes: after it was told a report is no detection. */
static gboolean is_told(const Ledger *ledger, const InjectFold *inject)
{
    gint64 disclose = disclose_after(ledger, inject);

    if (disclose == SCORING_AT_END)
        return FALSE;
    return ledger->lg_clock_us >
           deadline(ledger, inject, MAX(report_within(ledger, inject), disclose));
}

gint64 ledger_window_us(const Ledger *ledger, int inject)
{
    return window_of(ledger, &ledger->lg_injects[inject]);
}

ExpectState inject_expect(const Ledger *ledger, const InjectFold *inject,
                          const ExpectFold *expect)
{
    if (expect->es_state != EXPECT_OPEN || expect->es_void || begin_us(inject) < 0 ||
        expect->es_plan->ex_within_us <= 0)
        return expect->es_state;
    return ledger->lg_clock_us > deadline(ledger, inject, expect->es_plan->ex_within_us)
               ? EXPECT_MISSED
               : EXPECT_OPEN;
}

ExpectState inject_expects(const Ledger *ledger, const InjectFold *inject,
                           PlanExpectKind kind)
{
    guint n = 0, met = 0, open = 0;

    for (guint i = 0; i < inject->if_n_expect; i++) {
        ExpectState state;

        if (inject->if_expect[i].es_plan->ex_kind != kind)
            continue;
        state = inject_expect(ledger, inject, &inject->if_expect[i]);
        n++;
        met += state == EXPECT_MET;
        open += state == EXPECT_OPEN;
    }
    if (!n || open)
        return EXPECT_OPEN;
    return met == n ? EXPECT_MET : EXPECT_MISSED;
}

gint64 inject_expect_seq(const InjectFold *inject, PlanExpectKind kind)
{
    for (guint i = 0; i < inject->if_n_expect; i++)
        if (inject->if_expect[i].es_plan->ex_kind == kind &&
            inject->if_expect[i].es_state != EXPECT_OPEN)
            return inject->if_expect[i].es_seq;
    return 0;
}

gboolean ledger_disclosed(const Ledger *ledger, int inject, int viewer)
{
    const InjectFold *fold = &ledger->lg_injects[inject];
    const PlanInject *plan = fold->if_plan;

    if (viewer == LEDGER_WHITE)
        return TRUE;
    if (!fold->if_shown.lj_seq)
        return FALSE; /* what did not begin is nobody's business, even after the end */
    if (!inject_is_attack(fold))
        return viewer == plan->in_team && fold->if_shown.lj_exec_seq > 0;
    if (fold->if_disclosed || ledger->lg_closed || is_told(ledger, fold))
        return TRUE;
    if (viewer < 0)
        return FALSE;
    return viewer == plan->in_by || (viewer == plan->in_team && inject_detected(fold));
}

int ledger_inject_of(const Ledger *ledger, gint64 wanted_seq)
{
    return GPOINTER_TO_INT(g_hash_table_lookup(ledger->lg_wanted, &wanted_seq)) - 1;
}

int ledger_event_inject(const Ledger *ledger, const JournalEvent *event)
{
    const json_t *named = json_object_get(event->ev_body, "inject");
    int index = json_is_string(named)
                    ? plan_inject_index(ledger->lg_plan, json_string_value(named))
                    : -1;

    if (index < 0 && strcmp(event->ev_kind, "inject.wanted/1") == 0)
        index = ledger_inject_of(ledger, event->ev_seq);
    return index >= 0 ? index : ledger_inject_of(ledger, event->ev_ref);
}

const LedgerInject *ledger_inject(const Ledger *ledger, int inject)
{
    InjectFold *fold = &ledger->lg_injects[inject];

    fold->if_shown.lj_detect_missed =
        inject_expects(ledger, fold, EXPECT_DETECT) == EXPECT_MISSED;
    fold->if_shown.lj_contain_missed =
        inject_expects(ledger, fold, EXPECT_CONTAIN) == EXPECT_MISSED;
    return &fold->if_shown;
}

/* ---- what an attack takes ---- */

/* Base times criticality of the target. An attack on none (looking around, a step on the
 * way) takes nothing; whether it was noticed weighs as much as an attack path. */
static gint64 weight_of(const Plan *plan, const PlanInject *inject)
{
    const PlanTarget *target =
        inject->in_target >= 0 ? plan_target(plan, inject->in_target) : NULL;

    const PlanScoring *rules = &plan->p_scoring;

    return target ? hk_base(rules, target->ta_kind) * target->ta_criticality / 100
                  : hk_base(rules, "attack-path");
}

static int next_use(Ledger *ledger, const PlanInject *inject)
{
    char *key =
        g_strdup_printf("%d|%s", inject->in_target,
                        inject->in_technique ? inject->in_technique : inject->in_name);
    int uses = GPOINTER_TO_INT(g_hash_table_lookup(ledger->lg_weakness, key)) + 1;

    g_hash_table_insert(ledger->lg_weakness, key, GINT_TO_POINTER(uses));
    return uses;
}

/* What is left of the cap of this red team on this blue team, milli-points. */
static gint64 take_capped(Ledger *ledger, const PlanInject *inject, gint64 worth)
{
    char *key = g_strdup_printf("%d|%d", inject->in_by, inject->in_team);
    gint64 *taken = g_hash_table_lookup(ledger->lg_taken, key);
    gint64 cap = ledger->lg_plan->p_scoring.ps_cap * 1000;

    if (taken) {
        g_free(key);
    } else {
        taken = g_new0(gint64, 1);
        g_hash_table_insert(ledger->lg_taken, key, taken);
    }
    worth = CLAMP(worth, 0, cap - *taken);
    *taken += worth;
    return worth;
}

static void take(Ledger *ledger, InjectFold *fold)
{
    if (fold->if_nth || !fold->if_scored || !inject_is_attack(fold) ||
        fold->if_plan->in_target < 0)
        return;
    fold->if_nth = next_use(ledger, fold->if_plan);
    fold->if_worth = take_capped(
        ledger, fold->if_plan,
        fold->if_weight * 10 * hk_repeat(&ledger->lg_plan->p_scoring, fold->if_nth));
}

/* ---- events ---- */

static gint64 body_int(const JournalEvent *event, const char *name, gint64 fallback)
{
    const json_t *value = json_object_get(event->ev_body, name);

    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

static void on_wanted(Ledger *ledger, InjectFold *fold, const JournalEvent *event)
{
    gint64 *seq = g_memdup2(&event->ev_seq, sizeof event->ev_seq);

    g_hash_table_insert(ledger->lg_wanted, seq,
                        GINT_TO_POINTER((int)(fold - ledger->lg_injects) + 1));
    fold->if_shown.lj_seq = event->ev_seq;
    fold->if_shown.lj_state = INJECT_RUNNING;
    fold->if_wanted_us = event->ev_clock_us;
    fold->if_scored = ledger_scores_at(ledger->lg_plan, event->ev_clock_us);
    fold->if_weight =
        inject_is_attack(fold) ? weight_of(ledger->lg_plan, fold->if_plan) : 0;
}

static void on_held(Ledger *ledger, InjectFold *fold, const JournalEvent *event)
{
    (void)ledger;
    (void)event;
    if (fold->if_shown.lj_state == INJECT_PLANNED)
        fold->if_shown.lj_state = INJECT_HELD;
}

/* Where an attempt failed by the platform's fault, the next one is the attack. */
static void on_executed(Ledger *ledger, InjectFold *fold, const JournalEvent *event)
{
    (void)ledger;
    if (fold->if_shown.lj_exec_seq && body_int(event, "attempt", 1) <= 1)
        return;
    fold->if_shown.lj_exec_seq = event->ev_seq;
    fold->if_shown.lj_exec_us = body_int(event, "at", event->ev_clock_us);
}

/* Whether everything that is scored on the victim's host was down: then an attack that
 * came to nothing was not prevented by a defence. */
static gboolean victim_down(const Ledger *ledger, const PlanInject *inject)
{
    gboolean any = FALSE;

    for (guint i = 0; i < ledger->lg_n_checks; i++) {
        const PlanCheck *check = plan_check(ledger->lg_plan, (int)i);

        if (check->ck_host != inject->in_host || check->ck_team != inject->in_team ||
            check->ck_weight <= 0)
            continue;
        if (ledger->lg_checks[i].cf_shown.lc_status != CHECK_DOWN)
            return FALSE;
        any = TRUE;
    }
    return any;
}

static void on_ended(Ledger *ledger, InjectFold *fold, const JournalEvent *event)
{
    const char *word = json_string_value(json_object_get(event->ev_body, "state"));

    if (fold->if_shown.lj_end_seq)
        return; /* terminal is terminal */
    for (gsize i = INJECT_SUCCEEDED; word && i < G_N_ELEMENTS(STATE_NAMES); i++)
        if (strcmp(word, STATE_NAMES[i]) == 0)
            fold->if_shown.lj_state = (InjectState)i;
    fold->if_shown.lj_end_seq = event->ev_seq;
    /* An attack that could not even be tried, on a host that its owner keeps down, is no
     * fault of the platform: one of those shows as UNCHECKED. */
    if (fold->if_shown.lj_state == INJECT_BLOCKED ||
        fold->if_shown.lj_state == INJECT_FAILED)
        fold->if_victim_down = victim_down(ledger, fold->if_plan);
    if (fold->if_shown.lj_state == INJECT_SUCCEEDED)
        take(ledger, fold);
}

static void on_seen(Ledger *ledger, InjectFold *fold, const JournalEvent *event)
{
    if (fold->if_effect_seq || !inject_is_attack(fold))
        return;
    fold->if_effect_seq = event->ev_seq;
    fold->if_effect_us = event->ev_clock_us;
    take(ledger, fold);
}

static void on_disclosed(Ledger *ledger, InjectFold *fold, const JournalEvent *event)
{
    (void)ledger;
    (void)event;
    fold->if_disclosed = TRUE;
}

static gboolean names_indicator(const PlanInject *inject, const char *indicator)
{
    g_autofree char *said = g_utf8_casefold(indicator, -1);

    if (!*said)
        return FALSE;
    for (char **known = inject->in_indicators; known && *known; known++) {
        g_autofree char *folded = g_utf8_casefold(*known, -1);

        if (*folded && (strstr(said, folded) || strstr(folded, said)))
            return TRUE;
    }
    return FALSE;
}

static void on_matched(Ledger *ledger, InjectFold *fold, const JournalEvent *event)
{
    ReportFold *report = g_hash_table_lookup(ledger->lg_reports, &event->ev_ref);
    gint64 window = window_of(ledger, fold);

    if (!report || report->rf_team != fold->if_plan->in_team)
        return;
    report->rf_inject = (int)(fold - ledger->lg_injects);
    /* After disclosure, or before there was anything, a report is no detection. */
    if (window < 0 || report->rf_us > window || report->rf_us < begin_us(fold))
        return;
    fold->if_named =
        fold->if_named || names_indicator(fold->if_plan, report->rf_indicator);
    if (fold->if_report && report->rf_seq > fold->if_report)
        return;
    fold->if_report = report->rf_seq;
    fold->if_match_seq = event->ev_seq;
    fold->if_shown.lj_detect_us = report->rf_us;
    fold->if_shown.lj_detect_seq = report->rf_seq;
}

/* t_contain and the like once all of the kind are met, and t_det where no report says it
 * better. */
static void note_time(const Ledger *ledger, InjectFold *fold, PlanExpectKind kind,
                      const JournalEvent *event, gint64 after_us)
{
    LedgerInject *shown = &fold->if_shown;
    gint64 at_us = event->ev_clock_us;
    gint64 *us = kind == EXPECT_CONTAIN     ? &shown->lj_contain_us
                 : kind == EXPECT_ERADICATE ? &shown->lj_eradicate_us
                 : kind == EXPECT_RECOVER   ? &shown->lj_recover_us
                                            : &shown->lj_detect_us;
    gint64 *seq = kind == EXPECT_CONTAIN     ? &shown->lj_contain_seq
                  : kind == EXPECT_ERADICATE ? &shown->lj_eradicate_seq
                  : kind == EXPECT_RECOVER   ? &shown->lj_recover_seq
                                             : &shown->lj_detect_seq;

    if (after_us >= 0 && shown->lj_exec_us >= 0) { /* its team's time, without holds */
        gint64 own_us = holds_deadline(ledger->lg_holds, NULL, fold->if_plan->in_team,
                                       shown->lj_exec_us, after_us);
        at_us = own_us == G_MAXINT64 ? at_us : own_us;
    }
    if (!is_defence(kind) || (kind == EXPECT_DETECT && fold->if_report) ||
        inject_expects(ledger, fold, kind) != EXPECT_MET)
        return;
    *us = at_us;
    *seq = event->ev_seq;
}

/* The expectation that the event settles: by its place, and where that is not said the
 * first of its kind. NULL: the scenario asks for no such thing. */
static ExpectFold *expect_of(InjectFold *fold, const JournalEvent *event)
{
    const char *word = json_string_value(json_object_get(event->ev_body, "expect"));
    gint64 index = body_int(event, "index", -1);

    if (g_strcmp0(word, plan_expect_name(EXPECT_PREVENT)) == 0)
        return &fold->if_prevent;
    for (guint i = 0; word && i < fold->if_n_expect; i++)
        if ((index < 0 || index == (gint64)i) &&
            strcmp(word, plan_expect_name(fold->if_expect[i].es_plan->ex_kind)) == 0)
            return &fold->if_expect[i];
    return NULL;
}

static void on_met(Ledger *ledger, InjectFold *fold, const JournalEvent *event)
{
    ExpectFold *expect = expect_of(fold, event);

    if (!expect || expect->es_void || expect->es_state == EXPECT_MET)
        return;
    expect->es_state = EXPECT_MET;
    expect->es_seq = event->ev_seq;
    expect->es_after_us = body_int(event, "after_us", -1);
    expect->es_points = body_int(event, "points", -1);
    expect->es_given = expect->es_points >= 0;
    if (expect->es_plan)
        note_time(ledger, fold, expect->es_plan->ex_kind, event, expect->es_after_us);
}

static void on_missed(Ledger *ledger, InjectFold *fold, const JournalEvent *event)
{
    ExpectFold *expect = expect_of(fold, event);

    (void)ledger;
    if (!expect || expect->es_void || expect->es_state != EXPECT_OPEN)
        return;
    expect->es_state = EXPECT_MISSED;
    expect->es_seq = event->ev_seq;
}

static void on_voided(Ledger *ledger, InjectFold *fold, const JournalEvent *event)
{
    ExpectFold *expect = expect_of(fold, event);

    (void)ledger;
    if (expect && expect->es_state == EXPECT_OPEN)
        expect->es_void = TRUE;
}

static const struct {
    const char *kind;
    void (*on)(Ledger *ledger, InjectFold *fold, const JournalEvent *event);
} INJECT_EVENTS[] = {
    {"inject.held/1", on_held},
    {"inject.wanted/1", on_wanted},
    {"inject.executed/1", on_executed},
    {"message.sent/1", on_executed},
    {"inject.ended/1", on_ended},
    {"effect.seen/1", on_seen},
    {"inject.disclosed/1", on_disclosed},
    {"report.matched/1", on_matched},
    {"expect.met/1", on_met},
    {"expect.missed/1", on_missed},
    {"expect.voided/1", on_voided},
};

gboolean inject_fold(Ledger *ledger, const JournalEvent *event)
{
    for (gsize i = 0; i < G_N_ELEMENTS(INJECT_EVENTS); i++) {
        int index;

        if (strcmp(event->ev_kind, INJECT_EVENTS[i].kind) != 0)
            continue;
        index = ledger_event_inject(ledger, event);
        if (index >= 0)
            INJECT_EVENTS[i].on(ledger, &ledger->lg_injects[index], event);
        return TRUE;
    }
    return FALSE;
}
