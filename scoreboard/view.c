/*
 * What a viewer may see, and the board and events as data. How they are drawn:
 * board_text.c.
 */
#include "scoreboard/view.h"

#include "scenarios/base/duration.h"
#include "scoreboard/line.h"

#include <string.h>

int view_audience(const Viewer *viewer)
{
    if (role_may(viewer->vw_role, MAY_SEE_ALL))
        return LEDGER_WHITE;
    return role_may(viewer->vw_role, MAY_SEE_OWN) ? viewer->vw_team : LEDGER_ROOM;
}

/* The red team in whose name an inject is may follow its own attack, but for what its
 * victim does about it. */
static gboolean is_own(const Plan *plan, int team, const JournalEvent *event, int inject,
                       unsigned see)
{
    if (team < 0)
        return FALSE;
    if (strcmp(plan_team(plan, team)->pt_id, event->ev_team) == 0)
        return TRUE;
    return !(see & SEE_ALONE) && inject >= 0 &&
           plan_inject(plan, inject)->in_kind == INJECT_ATTACK &&
           plan_inject(plan, inject)->in_by == team;
}

ViewSight view_event_sight(const Viewer *viewer, const Plan *plan, const Ledger *ledger,
                           const JournalEvent *event)
{
    const KindInfo *kind = kind_find(event->ev_kind);
    int who = view_audience(viewer), inject;
    gboolean own, open;

    if (!kind)
        return SIGHT_NEVER;
    if (who == LEDGER_WHITE)
        return kind->kd_see & SEE_WHITE ? SIGHT_NOW : SIGHT_NEVER;
    inject = ledger_event_inject(ledger, event);
    own = role_may(viewer->vw_role, MAY_SEE_OWN) && (kind->kd_see & SEE_OWN) &&
          is_own(plan, who, event, inject, kind->kd_see);
    open = role_may(viewer->vw_role, MAY_SEE_PUBLIC) && (kind->kd_see & SEE_PUBLIC) &&
           !(viewer->vw_freeze > 0 && event->ev_seq > viewer->vw_freeze);
    if (!own && !open)
        return SIGHT_NEVER;
    if (!(kind->kd_see & SEE_EMBARGO))
        return SIGHT_NOW;
    if (inject < 0)
        return SIGHT_NEVER;
    return ledger_disclosed(ledger, inject, who) ? SIGHT_NOW : SIGHT_LATER;
}

gboolean view_event_visible(const Viewer *viewer, const Plan *plan, const Ledger *ledger,
                            const JournalEvent *event)
{
    return view_event_sight(viewer, plan, ledger, event) == SIGHT_NOW;
}

static const char *place(const JournalEvent *event)
{
    return event->ev_host && *event->ev_host ? event->ev_host
           : event->ev_team                  ? event->ev_team
                                             : "";
}

/* Columns that the places of a timeline take: the longest there is, within reason. */
static int place_width(const Plan *plan)
{
    int width = 4;

    for (guint i = 0; i < plan->p_hosts->len; i++)
        width = MAX(width, parry_text_width(plan_host(plan, (int)i)->ph_id));
    for (guint i = 0; i < plan->p_teams->len; i++)
        width = MAX(width, parry_text_width(plan_team(plan, (int)i)->pt_id));
    return MIN(width, 24);
}

char *view_event_line(const Plan *plan, const JournalEvent *event, const char *lang)
{
    g_autofree char *words = line_words(plan, event, lang);
    g_autofree char *clock = NULL, *where = NULL, *safe = NULL;

    if (!words)
        return NULL;
    clock = duration_clock(event->ev_clock_us);
    safe = parry_text_safe(place(event), -1);
    where = parry_text_fit(safe, place_width(plan));
    return g_strdup_printf("%s  %s  %s", clock, where, words);
}

json_t *view_event_json(const Viewer *viewer, const Plan *plan, const JournalEvent *event,
                        gint64 n, const char *lang)
{
    g_autofree char *line = view_event_line(plan, event, lang);
    g_autofree char *words = line_words(plan, event, lang);
    json_t *json = json_pack("{s: I, s: I, s: I, s: s, s: s, s: s, s: s, s: s}", "n",
                             (json_int_t)n, "clock", (json_int_t)event->ev_clock_us,
                             "at_us", (json_int_t)event->ev_at_us, "kind", event->ev_kind,
                             "team", event->ev_team ? event->ev_team : "", "host",
                             event->ev_host ? event->ev_host : "", "text",
                             line ? line : "", "words", words ? words : "");

    /* Only who sees everything learns how many events there are. */
    if (json && role_may(viewer->vw_role, MAY_SEE_ALL))
        json_object_set_new(json, "seq", json_integer(event->ev_seq));
    return json;
}

static void set_int(json_t *object, const char *key, gint64 value)
{
    json_object_set_new(object, key, json_integer(value));
}

static json_t *standing_json(const Plan *plan, const LedgerStanding *standing,
                             const HoldStretch *held, const char *lang)
{
    const PlanTeam *team = plan_team(plan, standing->ls_team);
    json_t *json = json_pack("{s: s, s: s, s: s}", "team", team->pt_id, "title",
                             parry_text_get(team->pt_title, lang), "side",
                             plan_side_name(team->pt_side));

    set_int(json, "rank", standing->ls_rank);
    set_int(json, "total", standing->ls_total);
    set_int(json, "protection", standing->ls_protection);
    set_int(json, "availability", standing->ls_availability);
    set_int(json, "injects", standing->ls_injects);
    set_int(json, "prevented", standing->ls_prevented);
    set_int(json, "detected", standing->ls_detected);
    set_int(json, "contained", standing->ls_contained);
    set_int(json, "executed", standing->ls_executed);
    set_int(json, "taken", standing->ls_taken);
    if (held) {
        g_autofree char *reason = parry_text_safe(held->hs_reason, -1);

        json_object_set_new(json, "held", json_string(reason));
    }
    set_int(json, "resets", standing->ls_resets);
    return json;
}

static int by_side_and_rank(gconstpointer a, gconstpointer b, gpointer data)
{
    const LedgerStanding *left = a, *right = b;
    const Plan *plan = data;
    PlanSide left_side = plan_team(plan, left->ls_team)->pt_side;
    PlanSide right_side = plan_team(plan, right->ls_team)->pt_side;

    if (left_side != right_side) /* blue before red: the defence is what is exercised */
        return left_side == SIDE_BLUE ? -1 : 1;
    if (left->ls_rank != right->ls_rank)
        return left->ls_rank - right->ls_rank;
    return left->ls_team - right->ls_team;
}

static json_t *standings_json(const Plan *plan, Ledger *ledger, int who, const char *lang)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(LedgerStanding));
    json_t *list = json_array();

    for (guint i = 0; i < plan->p_teams->len; i++) {
        PlanSide side = plan_team(plan, (int)i)->pt_side;

        if (side == SIDE_BLUE || side == SIDE_RED)
            g_array_append_vals(all, ledger_standing_for(ledger, (int)i, who), 1);
    }
    g_array_sort_with_data(all, by_side_and_rank, (gpointer)plan);
    for (guint i = 0; i < all->len; i++) {
        const LedgerStanding *standing = &g_array_index(all, LedgerStanding, i);

        json_array_append_new(
            list, standing_json(plan, standing,
                                holds_on(ledger_holds(ledger), standing->ls_team), lang));
    }
    return list;
}

static json_t *checks_json(const Plan *plan, const Ledger *ledger, int who)
{
    json_t *list = json_array();

    for (guint i = 0; i < plan->p_checks->len; i++) {
        const PlanCheck *check = plan_check(plan, (int)i);
        const LedgerCheck *state = ledger_check(ledger, (int)i);
        const char *slash = strchr(check->ck_id, '/');
        json_t *json;

        if (check->ck_interval_us <= 0)
            continue; /* looked at on demand: no service of anybody's */
        json = json_pack("{s: s, s: s, s: s, s: s, s: s, s: I, s: b}", "id", check->ck_id,
                         "team", plan_team(plan, check->ck_team)->pt_id, "name",
                         slash ? slash + 1 : check->ck_id, "host",
                         plan_host(plan, check->ck_host)->ph_id, "status",
                         check_status_name(state->lc_status), "since_us",
                         (json_int_t)state->lc_since_us, "self", check->ck_self_reported);
        if (who == LEDGER_WHITE || who == check->ck_team) {
            g_autofree char *safe = parry_text_safe(state->lc_text, -1);

            json_object_set_new(json, "text", json_string(safe));
        }
        json_array_append_new(list, json);
    }
    return list;
}

static json_t *injects_json(const Plan *plan, const Ledger *ledger, int who,
                            const char *lang)
{
    json_t *list = json_array();

    for (guint i = 0; i < plan->p_injects->len; i++) {
        const PlanInject *inject = plan_inject(plan, (int)i);
        const LedgerInject *state = ledger_inject(ledger, (int)i);

        if (!ledger_disclosed(ledger, (int)i, who))
            continue;
        json_t *json = json_pack(
            "{s: s, s: s, s: s, s: s, s: I, s: I, s: I}", "id", inject->in_id, "title",
            parry_text_get(inject->in_title, lang), "team",
            inject->in_team >= 0 ? plan_team(plan, inject->in_team)->pt_id : "", "state",
            inject_state_name(state->lj_state), "executed_us",
            (json_int_t)state->lj_exec_us, "detected_us", (json_int_t)state->lj_detect_us,
            "contained_us", (json_int_t)state->lj_contain_us);
        set_int(json, "eradicated_us", state->lj_eradicate_us);
        set_int(json, "recovered_us", state->lj_recover_us);
        if (who == LEDGER_WHITE)
            set_int(json, "planned_us",
                    inject->in_trigger == TRIGGER_AT ? inject->in_at_us : -1);
        json_array_append_new(list, json);
    }
    return list;
}

static json_t *checkpoint_json(const Ledger *ledger)
{
    const LedgerCheckpoint *point = ledger_checkpoint(ledger);

    if (!point->lk_size)
        return json_null();
    return json_pack("{s: I, s: s}", "size", (json_int_t)point->lk_size, "root",
                     point->lk_root);
}

/* Which of a team's hosts are missing is for white and that team; how many, for all. */
static void set_missing(json_t *board, const Plan *plan, const Ledger *ledger, int who)
{
    const GPtrArray *missing = ledger_missing(ledger);
    json_t *list = json_array();

    for (guint i = 0; i < missing->len; i++) {
        int host = plan_host_index(plan, missing->pdata[i]);
        if (host >= 0 && (who == LEDGER_WHITE || who == plan_host(plan, host)->ph_team))
            json_array_append_new(list, json_string(missing->pdata[i]));
    }
    set_int(board, "missing", missing->len);
    json_object_set_new(board, "missing_hosts", list);
}

/* Why it stands is for everybody; why something failed is white's. */
static gboolean drill_stands(const Ledger *ledger)
{
    const char *state = ledger_state(ledger);

    return strcmp(state, "paused") == 0 || strcmp(state, "stopped") == 0;
}

json_t *view_board_json(const Viewer *viewer, const Plan *plan, Ledger *ledger,
                        const char *lang)
{
    int who = view_audience(viewer);
    json_t *board = json_object();
    g_autofree char *reason = parry_text_safe(ledger_reason(ledger), -1);

    json_object_set_new(board, "drill", json_string(plan->p_name));
    json_object_set_new(board, "uuid", json_string(plan->p_uuid));
    json_object_set_new(board, "title", json_string(parry_text_get(plan->p_title, lang)));
    json_object_set_new(board, "lang", json_string(lang ? lang : "en"));
    json_object_set_new(board, "state", json_string(ledger_state(ledger)));
    json_object_set_new(
        board, "reason",
        json_string(who == LEDGER_WHITE || drill_stands(ledger) ? reason : ""));
    set_int(board, "clock", ledger_clock_us(ledger));
    json_object_set_new(board, "running", json_boolean(ledger_running(ledger)));
    set_int(board, "at_us", ledger_at_us(ledger));
    set_int(board, "duration_us", plan->p_duration_us);
    json_object_set_new(board, "simulated", json_boolean(ledger_simulated(ledger)));
    set_missing(board, plan, ledger, who);
    json_object_set_new(board, "frozen", json_boolean(viewer->vw_freeze > 0));
    json_object_set_new(board, "standings", standings_json(plan, ledger, who, lang));
    json_object_set_new(board, "checks", checks_json(plan, ledger, who));
    json_object_set_new(board, "injects", injects_json(plan, ledger, who, lang));
    json_object_set_new(board, "checkpoint", checkpoint_json(ledger));
    return board;
}
