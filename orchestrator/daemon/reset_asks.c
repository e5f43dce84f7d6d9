#include "orchestrator/daemon/reset_asks.h"

#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/injects.h"
#include "orchestrator/daemon/resets.h"
#include "scenarios/base/duration.h"

#include <string.h>

#define REFUSALS_EVERY_US (60 * (gint64)G_USEC_PER_SEC)
#define ASKS_SHOWN 50

G_DEFINE_QUARK(parry - reset - asks - error - quark, reset_asks_error)

typedef enum { ASK_WAITS, ASK_APPROVED, ASK_REFUSED, ASK_EXPIRED } AskState;

static const char *const decisions[] = {"waits", "approved", "refused", "expired"};

typedef struct {
    ResetAsks *ak_asks;
    gint64 ak_seq; /* reset.asked/1 */
    int ak_host, ak_team;
    gint64 ak_at_us, ak_decided_us; /* drill clock */
    gint64 ak_cost;                 /* milli-points */
    AskState ak_state;
    gint64 ak_reset;            /* reset.wanted/1, 0: none */
    gboolean ak_over;           /* that came to its end */
    gboolean ak_failed;         /* … which was no good: it counts for nothing */
    gboolean ak_waived;         /* … and its team was told so */
    gboolean ak_heard, ak_back; /* its new guest said hello, was ready: where simulated */
    char *ak_actor, *ak_reason;
    char *ak_by, *ak_word; /* who decided, and what they said; NULL: not said */
} Ask;

struct ResetAsks {
    Daemon *ra_daemon;
    GPtrArray *ra_asks;    /* Ask, in order; timers of the drill clock point at them */
    gint64 *ra_refused_us; /* by team, boot time: when the last refusal was journalled */
};

static void ask_free(gpointer data)
{
    Ask *ask = data;

    g_free(ask->ak_actor);
    g_free(ask->ak_reason);
    g_free(ask->ak_by);
    g_free(ask->ak_word);
    g_free(ask);
}

ResetAsks *reset_asks_new(Daemon *d)
{
    ResetAsks *asks = g_new0(ResetAsks, 1);

    asks->ra_daemon = d;
    asks->ra_asks = g_ptr_array_new_with_free_func(ask_free);
    asks->ra_refused_us = g_new0(gint64, d->dm_plan->p_teams->len + 1);
    return asks;
}

void reset_asks_free(ResetAsks *asks)
{
    if (!asks)
        return;
    g_ptr_array_unref(asks->ra_asks);
    g_free(asks->ra_refused_us);
    g_free(asks);
}

static const PlanReset *terms_of(const ResetAsks *asks, int host)
{
    return &plan_host(asks->ra_daemon->dm_plan, host)->ph_reset;
}

static const char *id_of(const ResetAsks *asks, int host)
{
    return plan_host(asks->ra_daemon->dm_plan, host)->ph_id;
}

static gboolean is_script(const char *actor)
{
    return g_str_has_prefix(actor, "script:");
}

/* ---- what the events say ---- */

static const char *text_of(const JournalEvent *event, const char *name)
{
    return json_string_value(json_object_get(event->ev_body, name));
}

static Ask *find_by(const ResetAsks *asks, gint64 seq, gint64 reset)
{
    for (guint i = asks->ra_asks->len; i-- > 0;) {
        Ask *ask = asks->ra_asks->pdata[i];
        if ((seq && ask->ak_seq == seq) || (reset && ask->ak_reset == reset))
            return ask;
    }
    return NULL;
}

static Ask *find_waiting(const ResetAsks *asks, int host)
{
    for (guint i = asks->ra_asks->len; i-- > 0;) {
        Ask *ask = asks->ra_asks->pdata[i];
        if (ask->ak_host == host && ask->ak_state == ASK_WAITS)
            return ask;
    }
    return NULL;
}

gint64 reset_asks_waits(const ResetAsks *asks, int host)
{
    const Ask *ask = find_waiting(asks, host);

    return ask ? ask->ak_seq : 0;
}

static void due_expire(Daemon *d, gpointer data);

static gint64 until_us(const Ask *ask)
{
    return ask->ak_at_us + terms_of(ask->ak_asks, ask->ak_host)->rs_expires_us;
}

static void fold_asked(ResetAsks *asks, const JournalEvent *event)
{
    Daemon *d = asks->ra_daemon;
    Ask *ask = g_new0(Ask, 1);

    *ask = (Ask){
        .ak_asks = asks,
        .ak_seq = event->ev_seq,
        .ak_host = plan_host_index(d->dm_plan, event->ev_host),
        .ak_team = plan_team_index(d->dm_plan, event->ev_team),
        .ak_at_us = event->ev_clock_us,
        .ak_cost = json_integer_value(json_object_get(event->ev_body, "cost")),
        .ak_actor = g_strdup(event->ev_actor),
        .ak_reason = g_strdup(text_of(event, "reason")),
    };
    if (ask->ak_host < 0 || ask->ak_team < 0) {
        ask_free(ask); /* of a plan that has changed: nobody's */
        return;
    }
    g_ptr_array_add(asks->ra_asks, ask);
    if (json_is_true(json_object_get(event->ev_body, "approval")))
        director_due(d->dm_director, until_us(ask), due_expire, ask);
}

static void fold_decided(ResetAsks *asks, const JournalEvent *event)
{
    Ask *ask = find_by(asks, event->ev_ref, 0);
    const char *decision = text_of(event, "decision"), *by = text_of(event, "by");

    if (!ask || ask->ak_state != ASK_WAITS)
        return;
    for (AskState state = ASK_APPROVED; state <= ASK_EXPIRED; state++)
        if (g_strcmp0(decision, decisions[state]) == 0)
            ask->ak_state = state;
    ask->ak_decided_us = event->ev_clock_us;
    ask->ak_reset = json_integer_value(json_object_get(event->ev_body, "reset"));
    ask->ak_by = g_strdup(by ? by : event->ev_actor);
    ask->ak_word = g_strdup(text_of(event, "reason"));
}

static void due_nothing(Daemon *d, gpointer data)
{
    (void)d;
    (void)data;
}

/* A leap ends where the grace of checks does: a sample speaks for one side of that. */
static void stop_leaps(Daemon *d, const JournalEvent *event)
{
    int host = plan_host_index(d->dm_plan, event->ev_host);

    for (guint i = 0; i < d->dm_plan->p_checks->len; i++) {
        const PlanCheck *check = plan_check(d->dm_plan, (int)i);
        if (check->ck_host == host && check->ck_grace_us > 0)
            director_due(d->dm_director, event->ev_clock_us + check->ck_grace_us,
                         due_nothing, NULL);
    }
}

static void fold_over(ResetAsks *asks, const JournalEvent *event, gboolean failed)
{
    Ask *ask = find_by(asks, 0, event->ev_ref);

    stop_leaps(asks->ra_daemon, event);
    if (!ask)
        return; /* white's own */
    ask->ak_over = TRUE;
    ask->ak_failed = failed;
}

/* Where there are no guests nobody else waits for the host. */
static void fold_agent(ResetAsks *asks, const JournalEvent *event)
{
    int host = plan_host_index(asks->ra_daemon->dm_plan, event->ev_host);
    gboolean ready = strcmp(event->ev_kind, "agent.ready/1") == 0;

    if (!asks->ra_daemon->dm_simulated ||
        (!ready && strcmp(event->ev_kind, "agent.hello/1") != 0))
        return;
    for (guint i = asks->ra_asks->len; i-- > 0;) {
        Ask *ask = asks->ra_asks->pdata[i];
        if (ask->ak_host != host || !ask->ak_reset || ask->ak_over)
            continue;
        ask->ak_heard = TRUE;
        ask->ak_back = ask->ak_back || ready;
    }
}

void reset_asks_on_event(ResetAsks *asks, const JournalEvent *event)
{
    Ask *ask;

    if (g_str_has_prefix(event->ev_kind, "agent."))
        fold_agent(asks, event);
    if (!g_str_has_prefix(event->ev_kind, "reset."))
        return;
    if (strcmp(event->ev_kind, "reset.asked/1") == 0) {
        if (!find_by(asks, event->ev_seq, 0)) /* else it was folded when appended */
            fold_asked(asks, event);
    } else if (strcmp(event->ev_kind, "reset.decided/1") == 0) {
        fold_decided(asks, event);
    } else if (strcmp(event->ev_kind, "reset.done/1") == 0) {
        fold_over(asks, event, FALSE);
    } else if (strcmp(event->ev_kind, "reset.failed/1") == 0) {
        fold_over(asks, event, TRUE);
    } else if (strcmp(event->ev_kind, "reset.waived/1") == 0) {
        ask = find_by(asks, event->ev_ref, 0);
        if (ask)
            ask->ak_waived = TRUE;
    }
}

/* Appends, and folds at once: who asks next in this turn is judged by it. body is taken
 * over. */
static gint64 say(ResetAsks *asks, const char *kind, const char *actor, int host,
                  gint64 ref, json_t *body)
{
    Daemon *d = asks->ra_daemon;
    const PlanHost *plan = plan_host(d->dm_plan, host);
    JournalEvent event = {.ev_clock_us = daemon_now(d),
                          .ev_kind = (char *)kind,
                          .ev_actor = (char *)actor,
                          .ev_team = plan_team(d->dm_plan, plan->ph_team)->pt_id,
                          .ev_host = plan->ph_id,
                          .ev_ref = ref,
                          .ev_body = body};

    json_incref(body);
    event.ev_seq = daemon_event(d, kind, actor, plan->ph_team, host, ref, body);
    reset_asks_on_event(asks, &event);
    json_decref(body);
    return event.ev_seq;
}

/* ---- the terms ---- */

static gboolean is_lead(const PlanTeam *team, const char *actor)
{
    if (is_script(actor))
        return TRUE;
    for (guint i = 0; i < team->pt_members->len; i++) {
        const PlanMember *member = team->pt_members->pdata[i];
        g_autofree char *player = g_strdup_printf("%s/%s", team->pt_id, member->pm_name);
        if (strcmp(player, actor) == 0)
            return g_strcmp0(member->pm_role, "lead") == 0;
    }
    return FALSE;
}

static gboolean counts(const Ask *ask, gint64 since_us)
{
    return (ask->ak_state == ASK_WAITS ||
            (ask->ak_state == ASK_APPROVED && !ask->ak_failed)) &&
           ask->ak_at_us >= since_us;
}

/* Of the host, or with host -1 of the whole team: how many are left, -1: any number. */
static int left_of(const ResetAsks *asks, const PlanResetLimit *limit, int team, int host)
{
    gint64 now = daemon_now(asks->ra_daemon);
    gint64 since = limit->rl_per_us > 0 ? now - limit->rl_per_us : 0;
    int used = 0;

    for (guint i = 0; i < asks->ra_asks->len; i++) {
        const Ask *ask = asks->ra_asks->pdata[i];
        if (ask->ak_team == team && (host < 0 || ask->ak_host == host))
            used += counts(ask, since);
    }
    return limit->rl_limit ? MAX(limit->rl_limit - used, 0) : -1;
}

/* Drill time from which the next may be asked for, by the last that was settled. */
static gint64 again_us(const ResetAsks *asks, int host)
{
    for (guint i = asks->ra_asks->len; i-- > 0;) {
        const Ask *ask = asks->ra_asks->pdata[i];
        if (ask->ak_host == host && ask->ak_state != ASK_WAITS)
            return ask->ak_decided_us + terms_of(asks, host)->rs_cooldown_us;
    }
    return 0;
}

static gboolean refuse(GError **error, ResetAsksError code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static gboolean refuse(GError **error, ResetAsksError code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, RESET_ASKS_ERROR, code, "%s", text);
    return FALSE;
}

static gboolean is_own(const Daemon *d, int team, int host)
{
    return host >= 0 && plan_host(d->dm_plan, host)->ph_team == team &&
           plan_host(d->dm_plan, host)->ph_owner == plan_team(d->dm_plan, team)->pt_side;
}

/* Who they are, and which host it is. */
static gboolean may_ever(const ResetAsks *asks, const char *actor, int team, int host,
                         GError **error)
{
    const Daemon *d = asks->ra_daemon;

    if (!is_own(d, team, host))
        return refuse(error, RESET_ASKS_ERROR_UNKNOWN,
                      "name one of your team's own hosts; `hosts` lists them");
    if (terms_of(asks, host)->rs_by == RESET_BY_NOBODY)
        return refuse(error, RESET_ASKS_ERROR_REFUSED,
                      "the scenario lets nobody ask for a reset of %s",
                      id_of(asks, host));
    if (terms_of(asks, host)->rs_by == RESET_BY_LEAD &&
        !is_lead(plan_team(d->dm_plan, team), actor))
        return refuse(error, RESET_ASKS_ERROR_REFUSED,
                      "only the lead of your team may ask for a reset of %s",
                      id_of(asks, host));
    return TRUE;
}

static gboolean is_under_way(const ResetAsks *asks, int host)
{
    for (guint i = asks->ra_asks->len; i-- > 0;) {
        const Ask *ask = asks->ra_asks->pdata[i];
        if (ask->ak_host == host && ask->ak_state == ASK_APPROVED && !ask->ak_over)
            return TRUE;
    }
    return resets_busy(asks->ra_daemon->dm_resets, host);
}

gboolean reset_asks_busy(const ResetAsks *asks)
{
    const Daemon *d = asks->ra_daemon;

    for (guint i = 0; i < asks->ra_asks->len; i++) {
        const Ask *ask = asks->ra_asks->pdata[i];
        if (ask->ak_state == ASK_APPROVED && !ask->ak_over)
            return TRUE;
    }
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++)
        if (resets_busy(d->dm_resets, (int)i))
            return TRUE;
    return FALSE;
}

/* How the drill stands, and what was asked for before. */
static gboolean may_now(const ResetAsks *asks, int team, int host, GError **error)
{
    const Daemon *d = asks->ra_daemon;
    const PlanTeam *plan = plan_team(d->dm_plan, team);
    gint64 wait = again_us(asks, host) - daemon_now(d);
    g_autofree char *in = duration_text(MAX(wait, 0));

    if (d->dm_state != DRILL_RUNNING)
        return refuse(error, RESET_ASKS_ERROR_STATE, "not while the drill is %s",
                      drill_state_name(d->dm_state));
    if (holding_team(d, team))
        return refuse(error, RESET_ASKS_ERROR_STATE, "not while white holds your team");
    if (resets_early(d))
        return refuse(error, RESET_ASKS_ERROR_STATE,
                      "not while the drill is being taken up; ask again in a moment");
    if (find_waiting(asks, host))
        return refuse(error, RESET_ASKS_ERROR_STATE, "one of %s waits for white already",
                      id_of(asks, host));
    if (is_under_way(asks, host))
        return refuse(error, RESET_ASKS_ERROR_STATE, "%s is being reset already",
                      id_of(asks, host));
    if (left_of(asks, &terms_of(asks, host)->rs_limit, team, host) == 0)
        return refuse(error, RESET_ASKS_ERROR_REFUSED, "no reset of %s is left",
                      id_of(asks, host));
    if (left_of(asks, &plan->pt_resets, team, -1) == 0)
        return refuse(error, RESET_ASKS_ERROR_REFUSED, "no reset is left to your team");
    if (wait > 0)
        return refuse(error, RESET_ASKS_ERROR_STATE,
                      "the next of %s may be asked for in %s", id_of(asks, host), in);
    return TRUE;
}

gint64 reset_asks_cost(const ResetAsks *asks, int host)
{
    const Daemon *d = asks->ra_daemon;

    return ledger_scores_at(d->dm_plan, daemon_now(d)) ? terms_of(asks, host)->rs_cost
                                                       : 0;
}

/* ---- the reset ---- */

/* How it ended is told by its events. */
static void on_reset(Daemon *d, const ResetTotal *total, gpointer data)
{
    (void)d;
    (void)total;
    (void)data;
}

/* Where there are no guests: what is so in the range is as at first. */
static void put_back(Daemon *d, gint64 seq, gpointer data)
{
    Ask *ask = data;

    injects_host_reset(d->dm_injects, ask->ak_host, seq);
    hosts_renew(d->dm_hosts, ask->ak_host, "the host is reset");
    d->dm_put_back(ask->ak_host, d->dm_put_back_data);
    ask->ak_back = plan_host(d->dm_plan, ask->ak_host)->ph_agent == AGENT_NONE;
}

/* Seq of its reset.wanted/1, or 0. */
static gint64 begin(Ask *ask, GError **error)
{
    Daemon *d = ask->ak_asks->ra_daemon;
    g_autoptr(GArray) hosts = g_array_new(FALSE, FALSE, sizeof(int));

    g_array_append_val(hosts, ask->ak_host);
    if (d->dm_resets)
        return resets_begin(d->dm_resets, hosts, NULL, ask->ak_actor, ask->ak_reason,
                            on_reset, NULL, error)
                   ? resets_seq(d->dm_resets, ask->ak_host)
                   : 0;
    gint64 seq = daemon_event(d, "reset.wanted/1", ask->ak_actor, -1, ask->ak_host, 0,
                              json_pack("{s:s}", "reason", ask->ak_reason));
    daemon_then(d, put_back, seq, ask);
    return seq;
}

/* ---- asked and decided ---- */

static void decide(Ask *ask, AskState state, const char *actor, const char *by,
                   const char *reason, gint64 reset)
{
    json_t *body = json_pack("{s:s}", "decision", decisions[state]);

    if (by)
        json_object_set_new(body, "by", json_string(by));
    if (reason && *reason)
        json_object_set_new(body, "reason", json_string(reason));
    if (reset)
        json_object_set_new(body, "reset", json_integer(reset));
    say(ask->ak_asks, "reset.decided/1", actor, ask->ak_host, ask->ak_seq, body);
}

static void due_expire(Daemon *d, gpointer data)
{
    Ask *ask = data;

    (void)d;
    if (ask->ak_state == ASK_WAITS)
        decide(ask, ASK_EXPIRED, "parryd", NULL, "nobody answered in time", 0);
}

static gboolean approve(Ask *ask, const char *actor, const char *by, const char *reason,
                        GError **error)
{
    gint64 reset = begin(ask, error);

    if (!reset)
        return FALSE;
    decide(ask, ASK_APPROVED, actor, by, reason, reset);
    return TRUE;
}

/* A flood of them is worth a line a minute; of a script each is, for it is not said
 * twice when the drill is taken up. */
static void tell_refusal(ResetAsks *asks, const char *actor, int team, int host,
                         const char *reason)
{
    gint64 now = clock_boottime_us(), *last = &asks->ra_refused_us[team];

    if (!is_script(actor) && *last && now - *last < REFUSALS_EVERY_US)
        return;
    *last = now;
    daemon_event(asks->ra_daemon, "player.refused/1", actor, team, -1, 0,
                 json_pack("{s:s, s:s, s:s}", "what", "reset", "host",
                           host >= 0 ? id_of(asks, host) : "", "reason", reason));
}

gint64 reset_asks_ask(ResetAsks *asks, const char *actor, int team, int host,
                      const char *reason, GError **error)
{
    g_autoptr(GError) why = NULL;
    gsize len = reason ? strlen(reason) : 0;

    if (!len || len > RESET_REASON_MAX)
        refuse(&why, RESET_ASKS_ERROR_REASON, "wants a reason of 1 to %d bytes",
               RESET_REASON_MAX);
    if (why || !may_ever(asks, actor, team, host, &why) ||
        !may_now(asks, team, host, &why)) {
        tell_refusal(asks, actor, team, host, why->message);
        g_propagate_error(error, g_steal_pointer(&why));
        return -1;
    }
    gint64 cost = reset_asks_cost(asks, host);
    json_t *body = json_pack("{s:s, s:s, s:b}", "player", actor, "reason", reason,
                             "approval", terms_of(asks, host)->rs_approval);
    if (cost)
        json_object_set_new(body, "cost", json_integer(cost));
    gint64 seq = say(asks, "reset.asked/1", actor, host, 0, body);
    Ask *ask = find_by(asks, seq, 0);
    if (!terms_of(asks, host)->rs_approval &&
        !approve(ask, "parryd", NULL, "no approval is needed", &why))
        decide(ask, ASK_REFUSED, "parryd", NULL, why->message, 0);
    return seq;
}

guint reset_asks_decide(ResetAsks *asks, int host, gboolean approves, const char *actor,
                        const char *by, const char *reason, GError **error)
{
    DrillState state = asks->ra_daemon->dm_state;
    g_autoptr(GError) why = NULL;
    guint count = 0;

    if (approves
            ? state != DRILL_RUNNING
            : state != DRILL_RUNNING && state != DRILL_PAUSED && state != DRILL_STOPPED)
        return (guint)refuse(error, RESET_ASKS_ERROR_STATE, "not while the drill is %s",
                             drill_state_name(state));
    for (guint i = 0; i < asks->ra_asks->len; i++) {
        Ask *ask = asks->ra_asks->pdata[i];
        if (ask->ak_state != ASK_WAITS || (host >= 0 && ask->ak_host != host))
            continue;
        if (!approves)
            decide(ask, ASK_REFUSED, actor, by, reason, 0);
        else if (!approve(ask, actor, by, reason, why ? NULL : &why))
            continue;
        count++;
    }
    if (!count && why)
        g_propagate_error(error, g_steal_pointer(&why));
    else if (!count)
        refuse(error, RESET_ASKS_ERROR_UNKNOWN, "nobody waits for a reset of %s",
               host < 0 ? "anything" : id_of(asks, host));
    return count;
}

/* ---- telling ---- */

static json_t *ask_json(const Ask *ask)
{
    json_t *json = json_pack(
        "{s:I, s:s, s:s, s:s, s:I, s:s, s:I, s:I}", "seq", (json_int_t)ask->ak_seq,
        "host", id_of(ask->ak_asks, ask->ak_host), "player", ask->ak_actor, "reason",
        ask->ak_reason ? ask->ak_reason : "", "cost", (json_int_t)ask->ak_cost, "state",
        decisions[ask->ak_state], "at_us", (json_int_t)ask->ak_at_us, "until_us",
        (json_int_t)until_us(ask));

    if (ask->ak_failed)
        json_object_set_new(json, "state", json_string("failed"));
    else if (ask->ak_over)
        json_object_set_new(json, "state", json_string("done"));
    if (ask->ak_state == ASK_WAITS)
        return json;
    json_object_set_new(json, "decided_us", json_integer(ask->ak_decided_us));
    json_object_set_new(json, "by", json_string(ask->ak_by));
    json_object_set_new(json, "word", json_string(ask->ak_word ? ask->ak_word : ""));
    return json;
}

static json_t *host_json(const ResetAsks *asks, int host, int team, const char *actor)
{
    const PlanHost *plan = plan_host(asks->ra_daemon->dm_plan, host);
    g_autoptr(GError) why = NULL;
    gboolean may =
        may_ever(asks, actor, team, host, &why) && may_now(asks, team, host, &why);

    return json_pack("{s:s, s:s, s:b, s:s, s:I, s:b, s:i, s:i, s:I}", "id", plan->ph_id,
                     "name", plan->ph_name, "may", may, "why", why ? why->message : "",
                     "cost", (json_int_t)reset_asks_cost(asks, host), "approval",
                     plan->ph_reset.rs_approval, "limit",
                     plan->ph_reset.rs_limit.rl_limit, "left",
                     left_of(asks, &plan->ph_reset.rs_limit, team, host), "again_us",
                     (json_int_t)again_us(asks, host));
}

static json_t *asks_of(const ResetAsks *asks, int team, gboolean waiting)
{
    json_t *list = json_array();

    for (guint i = asks->ra_asks->len; i-- > 0 && json_array_size(list) < ASKS_SHOWN;) {
        const Ask *ask = asks->ra_asks->pdata[i];
        if ((team < 0 || ask->ak_team == team) &&
            (!waiting || ask->ak_state == ASK_WAITS))
            json_array_append_new(list, ask_json(ask));
    }
    return list;
}

json_t *reset_asks_json(const ResetAsks *asks, int team, const char *actor)
{
    const Plan *plan = asks->ra_daemon->dm_plan;
    json_t *json = json_pack("{s:o}", "asks", asks_of(asks, team, FALSE));
    json_t *hosts = json_array();

    if (team >= 0) {
        const PlanResetLimit *limit = &plan_team(plan, team)->pt_resets;
        json_object_set_new(json, "team",
                            json_pack("{s:i, s:i}", "limit", limit->rl_limit, "left",
                                      left_of(asks, limit, team, -1)));
    }
    for (guint i = 0; i < plan->p_hosts->len; i++)
        if (team >= 0 && is_own(asks->ra_daemon, team, (int)i))
            json_array_append_new(hosts, host_json(asks, (int)i, team, actor));
    json_object_set_new(json, "hosts", hosts);
    return json;
}

json_t *reset_asks_waiting(const ResetAsks *asks)
{
    return asks_of(asks, -1, TRUE);
}

/* ---- what follows ---- */

void reset_asks_committed(ResetAsks *asks)
{
    for (guint i = 0; i < asks->ra_asks->len; i++) {
        Ask *ask = asks->ra_asks->pdata[i];
        if (ask->ak_back && !ask->ak_over)
            say(asks, "reset.done/1", "parryd", ask->ak_host, ask->ak_reset,
                json_pack("{s:s, s:i}", "from", "simulated", "dur_us", 0));
        if (ask->ak_failed && !ask->ak_waived)
            say(asks, "reset.waived/1", "parryd", ask->ak_host, ask->ak_seq,
                json_object());
    }
}

void reset_asks_state_changed(ResetAsks *asks)
{
    DrillState state = asks->ra_daemon->dm_state;

    for (guint i = 0; state >= DRILL_ENDED && i < asks->ra_asks->len; i++) {
        Ask *ask = asks->ra_asks->pdata[i];
        if (ask->ak_state == ASK_WAITS)
            decide(ask, ASK_EXPIRED, "parryd", NULL, "the drill ended", 0);
    }
}

void reset_asks_resume(ResetAsks *asks)
{
    Daemon *d = asks->ra_daemon;

    for (guint i = 0; i < asks->ra_asks->len; i++) {
        Ask *ask = asks->ra_asks->pdata[i];
        if (ask->ak_reset && !ask->ak_over && !ask->ak_heard && d->dm_simulated)
            daemon_then(d, put_back, ask->ak_reset, ask);
    }
    reset_asks_state_changed(asks);
}
