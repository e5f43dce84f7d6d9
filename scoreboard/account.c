/*
 * What the fold is worth: a team's lines and standing, for each kind of viewer. Computed
 * from scratch on demand; every line carries the events behind it.
 */
#include "scoreboard/ledger_priv.h"

#include "scenarios/base/duration.h"

#include <stdarg.h>
#include <string.h>

/* One team's account while it is being made. */
typedef struct {
    Ledger *mk_ledger;
    Account *mk_account;
    int mk_team;
    int mk_viewer;                 /* team, LEDGER_ROOM or LEDGER_WHITE */
    gint64 mk_earned, mk_possible; /* injects, milli-points */
    HkResponse mk_response;
    gint64 mk_bonus, mk_adjust, mk_resets;
    GArray *mk_false_refs;
} Making;

static void line_free(gpointer data)
{
    LedgerLine *line = data;

    g_array_unref((GArray *)line->li_refs);
    g_free(line);
}

void accounts_clear(Ledger *ledger)
{
    for (guint i = 0; i < ledger->lg_plan->p_teams->len * AS_COUNT; i++)
        g_clear_pointer(&ledger->lg_accounts[i].ac_lines, g_ptr_array_unref);
    g_string_chunk_clear(ledger->lg_texts);
}

/* refs: seqs ended by a negative one; zeros are left out. */
static GArray *refs_new(gint64 first, ...)
{
    GArray *refs = g_array_new(FALSE, FALSE, sizeof(gint64));
    va_list args;

    va_start(args, first);
    for (gint64 seq = first; seq >= 0; seq = va_arg(args, gint64))
        if (seq > 0)
            g_array_append_val(refs, seq);
    va_end(args);
    return refs;
}

#define REFS_END ((gint64)-1)

/* Takes refs over; without any there is no line, for a point must have its reason. */
static LedgerLine *add_line(Making *making, const char *category, const char *part,
                            const char *what, gint64 points, gint64 possible,
                            GArray *refs, const char *why)
{
    LedgerLine *line;

    if (refs->len == 0) {
        g_array_unref(refs);
        return NULL;
    }
    line = g_new0(LedgerLine, 1);
    line->li_team = making->mk_team;
    line->li_category = category;
    line->li_part = part;
    line->li_what = g_string_chunk_insert_const(making->mk_ledger->lg_texts, what);
    line->li_why = g_string_chunk_insert_const(making->mk_ledger->lg_texts, why);
    line->li_points = points;
    line->li_possible = possible;
    line->li_refs = refs;
    g_ptr_array_add(making->mk_account->ac_lines, line);
    return line;
}

/* ---- injects ---- */

static const struct {
    const char *met, *met_after, *missed;
} WORDS[] = {
    [EXPECT_PREVENT] = {"prevented", "prevented after %s", "not prevented"},
    [EXPECT_DETECT] = {"detected", "detected after %s", "not detected in time"},
    [EXPECT_CONTAIN] = {"contained", "contained after %s", "not contained in time"},
    [EXPECT_ANSWER] = {"answered", "answered after %s", "not answered in time"},
    [EXPECT_ERADICATE] = {"eradicated", "eradicated after %s", "not eradicated in time"},
    [EXPECT_RECOVER] = {"recovered", "recovered after %s", "not recovered in time"},
    [EXPECT_REPORT] = {"reported", "reported after %s", "not reported in time"},
    [EXPECT_SHARE] = {"shared", "shared after %s", "not shared in time"},
};

static char *expect_why(const ExpectFold *expect, ExpectState state)
{
    PlanExpectKind kind = expect->es_plan->ex_kind;
    gint64 after = expect->es_after_us;
    g_autofree char *text = after >= 0 ? duration_text(after / 1000000 * 1000000) : NULL;

    if (state != EXPECT_MET)
        return g_strdup(WORDS[kind].missed);
    return text ? g_strdup_printf(WORDS[kind].met_after, text)
                : g_strdup(WORDS[kind].met);
}

static gint64 met_points(const ExpectFold *expect, gint64 possible)
{
    return expect->es_given ? MIN(expect->es_points, possible) : possible;
}

static void count_expect(Making *making, const InjectFold *fold, const ExpectFold *expect)
{
    ExpectState state = inject_expect(making->mk_ledger, fold, expect);
    gint64 possible = expect->es_plan->ex_points;
    gint64 points = state == EXPECT_MET ? met_points(expect, possible) : 0;
    gboolean detect = expect->es_plan->ex_kind == EXPECT_DETECT;
    g_autofree char *why = expect_why(expect, state);
    const LedgerInject *shown = &fold->if_shown;

    if (state == EXPECT_OPEN ||
        (state == EXPECT_MISSED &&
         (shown->lj_state == INJECT_FAILED || shown->lj_state == INJECT_CANCELLED)))
        return;
    add_line(making, "injects", "expect", fold->if_plan->in_id, points, possible,
             refs_new(expect->es_seq, detect ? fold->if_report : (gint64)0,
                      shown->lj_exec_seq ? shown->lj_exec_seq : shown->lj_seq, REFS_END),
             why);
    making->mk_earned += points;
    making->mk_possible += possible;
}

static void count_blocked(Making *making, const InjectFold *fold)
{
    const ExpectFold *expect = &fold->if_prevent;
    gint64 possible = inject_prevent_points(fold);
    gint64 points = fold->if_victim_down             ? 0
                    : expect->es_state == EXPECT_MET ? met_points(expect, possible)
                                                     : possible;

    add_line(making, "injects", "expect", fold->if_plan->in_id, points, possible,
             refs_new(expect->es_seq, fold->if_shown.lj_end_seq,
                      fold->if_shown.lj_exec_seq, REFS_END),
             fold->if_victim_down
                 ? "came to nothing because the host was down: earns nothing"
                 : "prevented");
    making->mk_earned += points;
    making->mk_possible += possible;
}

static void count_injects(Making *making, const InjectFold *fold)
{
    if (inject_came_to_nothing(fold)) {
        count_blocked(making, fold);
        return;
    }
    for (guint i = 0; i < fold->if_n_expect; i++)
        if (fold->if_expect[i].es_plan->ex_kind != EXPECT_PREVENT)
            count_expect(making, fold, &fold->if_expect[i]);
}

/* ---- protection ---- */

/* Of what was to be put right and is settled, so much was: per cent; -1 where nothing is.
 */
static int handling(const Ledger *ledger, const InjectFold *fold)
{
    int met = 0, settled = 0;

    for (guint i = 0; i < fold->if_n_expect; i++) {
        PlanExpectKind kind = fold->if_expect[i].es_plan->ex_kind;
        ExpectState state = inject_expect(ledger, fold, &fold->if_expect[i]);

        if ((kind != EXPECT_CONTAIN && kind != EXPECT_ERADICATE &&
             kind != EXPECT_RECOVER) ||
            state == EXPECT_OPEN)
            continue;
        settled++;
        met += state == EXPECT_MET;
    }
    return settled ? 100 * met / settled : -1;
}

/* The heads that can be graded without a judge; the others leave the denominator. */
static Ratio quality(const Ledger *ledger, const InjectFold *fold)
{
    gboolean known = fold->if_plan->in_indicators && *fold->if_plan->in_indicators;
    HkHeads heads = {100, -1, handling(ledger, fold), -1, -1, -1};

    if (known && fold->if_report)
        heads.hq_analysis = fold->if_named ? 100 : 0;
    return hk_quality(&heads);
}

static void respond(Making *making, const InjectFold *fold, Ratio q, GArray *refs,
                    const char *why)
{
    hk_response_add(&making->mk_response, fold->if_weight, q);
    add_line(making, "protection", "response", fold->if_plan->in_id,
             ratio_of(q, fold->if_weight * 1000), fold->if_weight * 1000, refs, why);
}

static void count_response(Making *making, const InjectFold *fold)
{
    const LedgerInject *shown = &fold->if_shown;
    gint64 detect = inject_expect_seq(fold, EXPECT_DETECT);

    if (inject_came_to_nothing(fold)) {
        respond(making, fold, fold->if_victim_down ? RATIO_ZERO : RATIO_ONE,
                refs_new(shown->lj_end_seq, REFS_END),
                fold->if_victim_down ? "host was down" : "blocked: full quality");
    } else if (!inject_succeeded(fold)) {
        return;
    } else if (inject_detected(fold)) {
        Ratio q = quality(making->mk_ledger, fold);
        g_autofree char *why =
            g_strdup_printf("reported, quality %d %%", (int)ratio_of(q, 100));

        respond(making, fold, q,
                refs_new(fold->if_report, fold->if_match_seq, detect,
                         inject_expect_seq(fold, EXPECT_CONTAIN), REFS_END),
                why);
    } else if (making->mk_ledger->lg_clock_us >
                   ledger_window_us(making->mk_ledger,
                                    (int)(fold - making->mk_ledger->lg_injects)) ||
               inject_expects(making->mk_ledger, fold, EXPECT_DETECT) == EXPECT_MISSED) {
        respond(making, fold, RATIO_ZERO,
                refs_new(fold->if_effect_seq, detect,
                         fold->if_effect_seq ? (gint64)0 : shown->lj_end_seq, REFS_END),
                "not reported");
    }
}

static char *damage_why(const PlanScoring *rules, const InjectFold *fold)
{
    static const char *const nth[] = {"first", "second", "third"};
    gboolean named = fold->if_nth <= (int)G_N_ELEMENTS(nth);

    return g_strdup_printf(
        "%" G_GINT64_FORMAT " points, %s use of this weakness (%d %%)%s", fold->if_weight,
        named ? nth[fold->if_nth - 1] : "further", hk_repeat(rules, fold->if_nth),
        fold->if_worth < fold->if_weight * 10 * hk_repeat(rules, fold->if_nth)
            ? ", up to the cap"
            : "");
}

static void count_damage(Making *making, const InjectFold *fold, const char *category,
                         const char *part, int sign)
{
    const LedgerInject *shown = &fold->if_shown;
    g_autofree char *why = NULL;

    if (!fold->if_nth)
        return;
    why = damage_why(&making->mk_ledger->lg_plan->p_scoring, fold);
    add_line(making, category, part, fold->if_plan->in_id, sign * fold->if_worth, 0,
             refs_new(fold->if_effect_seq ? fold->if_effect_seq : shown->lj_end_seq,
                      shown->lj_exec_seq, REFS_END),
             why);
}

/* ---- availability ---- */

static GArray *check_refs(const CheckFold *fold)
{
    GArray *refs = refs_new(REFS_END);
    gint64 last = fold->cf_shown.lc_seq;

    g_array_append_vals(refs, fold->cf_refs->data, fold->cf_refs->len);
    if (last && (!refs->len || g_array_index(refs, gint64, refs->len - 1) != last))
        g_array_append_val(refs, last);
    return refs;
}

static void line_of_check(Making *making, const PlanCheck *plan, const CheckFold *fold,
                          gint64 all)
{
    Ratio up = ratio_make(plan->ck_weight * fold->cf_units, all);
    Ratio of = ratio_make(plan->ck_weight * fold->cf_all, all);
    gint64 up_rounds = fold->cf_shown.lc_up;
    g_autofree char *why = g_strdup_printf(
        "UP in %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " rounds%s", up_rounds,
        fold->cf_shown.lc_checked, plan->ck_self_reported ? ", self-reported" : "");

    add_line(making, "availability", "check", plan->ck_id, ratio_of(up, 10000000),
             ratio_of(of, 10000000), check_refs(fold), why);
}

static Ratio count_checks(Making *making)
{
    const Ledger *ledger = making->mk_ledger;
    gint64 units = 0, all = 0;

    for (guint i = 0; i < ledger->lg_n_checks; i++) {
        const PlanCheck *plan = plan_check(ledger->lg_plan, (int)i);

        if (plan->ck_team != making->mk_team || plan->ck_weight <= 0)
            continue;
        units += plan->ck_weight * ledger->lg_checks[i].cf_units;
        all += plan->ck_weight * ledger->lg_checks[i].cf_all;
    }
    for (guint i = 0; i < ledger->lg_n_checks; i++) {
        const PlanCheck *plan = plan_check(ledger->lg_plan, (int)i);

        if (plan->ck_team == making->mk_team && plan->ck_weight > 0 &&
            ledger->lg_checks[i].cf_all > 0)
            line_of_check(making, plan, &ledger->lg_checks[i], all);
    }
    return ratio_make(units, all);
}

/* ---- reports, corrections ---- */

static void count_reports(Making *making)
{
    LedgerStanding *standing = &making->mk_account->ac_standing;

    for (guint i = 0; i < making->mk_ledger->lg_report_order->len; i++) {
        const ReportFold *report =
            g_ptr_array_index(making->mk_ledger->lg_report_order, i);

        if (report->rf_team != making->mk_team)
            continue;
        standing->ls_reports++;
        if (report->rf_inject >= 0)
            standing->ls_matched +=
                ledger_disclosed(making->mk_ledger, report->rf_inject, making->mk_viewer);
        else if (report->rf_unmatched) {
            standing->ls_unmatched++;
            g_array_append_val(making->mk_false_refs, report->rf_seq);
        }
    }
}

static void count_adjusts(Making *making)
{
    for (guint i = 0; i < making->mk_ledger->lg_adjusts->len; i++) {
        const AdjustFold *adjust = g_ptr_array_index(making->mk_ledger->lg_adjusts, i);

        if (adjust->af_team != making->mk_team)
            continue;
        if (adjust->af_bonus)
            making->mk_bonus += adjust->af_points;
        else
            making->mk_adjust += adjust->af_points;
        add_line(making, adjust->af_bonus ? "protection" : "adjustment",
                 adjust->af_bonus ? "bonus" : "adjustment", "", adjust->af_points, 0,
                 refs_new(adjust->af_seq, adjust->af_ref, REFS_END), adjust->af_reason);
    }
}

/* Of those that the team asked for; white's own cost nothing. */
static void count_resets(Making *making)
{
    const Ledger *ledger = making->mk_ledger;

    for (guint i = 0; i < ledger->lg_resets->len; i++) {
        const ResetFold *reset = g_ptr_array_index(ledger->lg_resets, i);
        g_autofree char *why = NULL;

        if (reset->rs_team != making->mk_team || !reset->rs_wanted || reset->rs_failed ||
            reset->rs_cost <= 0)
            continue;
        why = g_strdup_printf("asked for by %s: %s", reset->rs_player, reset->rs_why);
        making->mk_resets += reset->rs_cost;
        add_line(making, "resets", "reset",
                 plan_host(ledger->lg_plan, reset->rs_host)->ph_id, -reset->rs_cost, 0,
                 refs_new(reset->rs_asked, reset->rs_decided, reset->rs_wanted,
                          reset->rs_over, REFS_END),
                 why);
    }
    making->mk_account->ac_standing.ls_resets = making->mk_resets;
}

/* ---- the account ---- */

static void count_outcome(const Ledger *ledger, LedgerStanding *standing,
                          const InjectFold *fold)
{
    if (!inject_is_attack(fold))
        return;
    if (inject_came_to_nothing(fold)) {
        standing->ls_prevented += !fold->if_victim_down;
        return;
    }
    if (!inject_succeeded(fold))
        return;
    standing->ls_executed++;
    standing->ls_detected += inject_detected(fold);
    standing->ls_contained += inject_expects(ledger, fold, EXPECT_CONTAIN) == EXPECT_MET;
}

static gboolean counts_for(const Making *making, const InjectFold *fold)
{
    return fold->if_shown.lj_seq && fold->if_scored &&
           ledger_disclosed(making->mk_ledger,
                            (int)(fold - making->mk_ledger->lg_injects),
                            making->mk_viewer);
}

static void total_blue(Making *making, Ratio availability)
{
    const PlanScoring *rules = &making->mk_ledger->lg_plan->p_scoring;
    LedgerStanding *standing = &making->mk_account->ac_standing;
    HkProtection in = {
        .hp_damage = standing->ls_damage,
        .hp_cap = rules->ps_cap * 1000,
        .hp_response = hk_response(&making->mk_response),
        .hp_availability = availability,
        .hp_bonus = making->mk_bonus,
        .hp_bonus_max = rules->ps_xmax * 1000,
    };
    gint64 protection = hk_protection(&in);
    gint64 cost = hk_false_cost(rules, protection, standing->ls_unmatched);
    g_autofree char *why = g_strdup_printf("%d reports matched nothing; %d are free",
                                           standing->ls_unmatched, rules->ps_false_free);

    if (cost > 0)
        add_line(making, "protection", "false-reports", "", -cost, 0,
                 g_array_ref(making->mk_false_refs), why);
    standing->ls_protection = protection - cost;
    standing->ls_availability = ratio_of(availability, 10000000);
    standing->ls_injects =
        ratio_of(ratio_make(making->mk_earned, making->mk_possible), 10000000);
    standing->ls_total = (rules->ps_protection * standing->ls_protection +
                          rules->ps_availability * standing->ls_availability +
                          rules->ps_injects * standing->ls_injects) /
                             100 +
                         making->mk_adjust - making->mk_resets;
}

static void make_blue(Making *making)
{
    Ledger *ledger = making->mk_ledger;
    LedgerStanding *standing = &making->mk_account->ac_standing;
    Ratio availability;

    for (guint i = 0; i < ledger->lg_n_injects; i++) {
        const InjectFold *fold = &ledger->lg_injects[i];

        if (fold->if_plan->in_team != making->mk_team || !counts_for(making, fold))
            continue;
        count_outcome(ledger, standing, fold);
        count_injects(making, fold);
        if (!inject_is_attack(fold))
            continue;
        count_damage(making, fold, "protection", "damage", -1);
        standing->ls_damage += fold->if_worth;
        count_response(making, fold);
    }
    availability = count_checks(making);
    count_reports(making);
    count_adjusts(making);
    count_resets(making);
    total_blue(making, availability);
}

static void make_red(Making *making)
{
    Ledger *ledger = making->mk_ledger;
    LedgerStanding *standing = &making->mk_account->ac_standing;

    for (guint i = 0; i < ledger->lg_n_injects; i++) {
        const InjectFold *fold = &ledger->lg_injects[i];

        if (!inject_is_attack(fold) || fold->if_plan->in_by != making->mk_team ||
            !counts_for(making, fold))
            continue;
        count_outcome(ledger, standing, fold);
        count_damage(making, fold, "attack", "taken", 1);
        standing->ls_taken += fold->if_worth;
    }
    count_adjusts(making);
    count_resets(making);
    standing->ls_total = standing->ls_taken + making->mk_adjust - making->mk_resets;
}

static void make_account(Ledger *ledger, int team, Audience audience)
{
    static const int viewers[] = {[AS_WHITE] = LEDGER_WHITE, [AS_ROOM] = LEDGER_ROOM};
    Account *account = &ledger->lg_accounts[team * AS_COUNT + audience];
    Making making = {
        .mk_ledger = ledger,
        .mk_account = account,
        .mk_team = team,
        .mk_viewer = audience == AS_SELF ? team : viewers[audience],
    };
    PlanSide side = plan_team(ledger->lg_plan, team)->pt_side;

    memset(&account->ac_standing, 0, sizeof account->ac_standing);
    account->ac_standing.ls_team = team;
    account->ac_lines = g_ptr_array_new_with_free_func(line_free);
    making.mk_false_refs = g_array_new(FALSE, FALSE, sizeof(gint64));
    if (side == SIDE_BLUE)
        make_blue(&making);
    else if (side == SIDE_RED)
        make_red(&making);
    g_array_unref(making.mk_false_refs);
}

static void refresh(Ledger *ledger)
{
    if (ledger->lg_fresh)
        return;
    accounts_clear(ledger);
    for (guint team = 0; team < ledger->lg_plan->p_teams->len; team++)
        for (int audience = 0; audience < AS_COUNT; audience++)
            make_account(ledger, (int)team, (Audience)audience);
    ledger->lg_fresh = TRUE;
    ledger->lg_viewer = G_MININT; /* the ranking is older than this */
}

static Account *account_for(Ledger *ledger, int team, int viewer)
{
    Audience audience = viewer == LEDGER_WHITE ? AS_WHITE
                        : viewer == team       ? AS_SELF
                                               : AS_ROOM;

    refresh(ledger);
    return &ledger->lg_accounts[team * AS_COUNT + audience];
}

/* Ranked with one another: the same side, and of it the same bracket. */
static gboolean ranked_together(const PlanTeam *a, const PlanTeam *b)
{
    return a->pt_side == b->pt_side && !g_strcmp0(a->pt_bracket, b->pt_bracket);
}

/* Rank: one more than the teams of the same side and bracket that have more. */
static void rank(Ledger *ledger, int viewer)
{
    guint n = ledger->lg_plan->p_teams->len;

    refresh(ledger);
    if (ledger->lg_viewer == viewer)
        return;
    for (guint i = 0; i < n; i++)
        ledger->lg_ranked[i] = account_for(ledger, (int)i, viewer)->ac_standing;
    for (guint i = 0; i < n; i++) {
        const PlanTeam *team = plan_team(ledger->lg_plan, (int)i);

        ledger->lg_ranked[i].ls_rank = 1;
        for (guint j = 0; j < n; j++)
            if (ranked_together(plan_team(ledger->lg_plan, (int)j), team) &&
                ledger->lg_ranked[j].ls_total > ledger->lg_ranked[i].ls_total)
                ledger->lg_ranked[i].ls_rank++;
    }
    ledger->lg_viewer = viewer;
}

const LedgerStanding *ledger_standing_for(Ledger *ledger, int team, int viewer)
{
    rank(ledger, viewer);
    return &ledger->lg_ranked[team];
}

const LedgerStanding *ledger_standing(Ledger *ledger, int team)
{
    return ledger_standing_for(ledger, team, LEDGER_WHITE);
}

const GPtrArray *ledger_lines_for(Ledger *ledger, int team, int viewer)
{
    return account_for(ledger, team, viewer)->ac_lines;
}

const GPtrArray *ledger_lines(Ledger *ledger, int team)
{
    return ledger_lines_for(ledger, team, LEDGER_WHITE);
}
