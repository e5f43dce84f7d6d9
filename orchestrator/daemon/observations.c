#include "orchestrator/daemon/observations.h"

#include "orchestrator/daemon/gaps.h"
#include "orchestrator/daemon/host_clock.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/players.h"
#include "orchestrator/daemon/seen_rows.h"
#include "scoreboard/actions.h"

#include <string.h>

#define WATCH_TIMEOUT_US (60 * G_USEC_PER_SEC)
#define ASK_AGAIN_US (120 * G_USEC_PER_SEC)
#define LOOK_S 5
#define CLOCK_MOVED_US 100000
#define CLOCK_EVERY_US (60 * G_USEC_PER_SEC)
#define AHEAD_US                                                                         \
    G_USEC_PER_SEC /* of the host's clock a row may be, with an exact offset */
#define NEAR_US (60 * G_USEC_PER_SEC) /* an act so near to a gap says so */

typedef struct {
    int wa_host;
    char wa_boot[40]; /* as its last hello said */
    gint64 wa_inst;
    gboolean wa_taken_up; /* by another daemon; no hello since */
    gint64 wa_asked;      /* id of the `observe` that is on its way, 0: none */
    gboolean wa_on;       /* its agent watches */
    gint64 wa_failed_us;  /* boot time: when the last `observe` failed */
    char *wa_why;         /* where it does not, though it should; or NULL */
    gint64 wa_since_us;   /* UTC: before it nothing can have been seen; 0: never asked */
    gint64 wa_heard_us;   /* UTC: when its last heartbeat or row came */
    gint64 wa_blind_us;   /* UTC: since when nothing is seen, 0: it is */
    Gaps wa_gaps;
    guint64 wa_bounded;
    guint64 wa_looked; /* all losses, when they were last looked at */
    HostClock wa_clock;
    gboolean wa_clock_told;
    gint64 wa_told_offset_us, wa_told_at_us;
    gint64 wa_gap_seq, wa_gap_from_us, wa_gap_to_us; /* of the last gap event */
    GHashTable *wa_players; /* who opened a terminal there; keys */
} Watched;

struct Observations {
    Daemon *os_daemon;
    Watched *os_hosts;
    guint os_count;
    SeenRows *os_rows;
    Actions *os_actions;
    GQueue os_found; /* of Found, for the next batch */
    /* Taken up: act_key() of what the journal has, until it is found here too. */
    gboolean os_replaying;
    GHashTable *os_told;
    struct event *os_look;
};

/* An act that was found, as its event will tell it. */
typedef struct {
    int fo_team, fo_host;
    json_t *fo_body;
} Found;

/* UTC. A simulation's guests live by the drill's own time. */
static gint64 wall_us(const Observations *obs)
{
    const Daemon *d = obs->os_daemon;

    return d->dm_simulated ? d->dm_plan->p_start_us + daemon_now(d) : g_get_real_time();
}

static gboolean is_watched(const Observations *obs, int host)
{
    return plan_host(obs->os_daemon->dm_plan, host)->ph_watch_rate > 0;
}

/* ---- time ---- */

/* The host's time of what a guest says was at t. */
static gint64 host_time(const Watched *watched, gint64 t_us)
{
    t_us = CLAMP(t_us, 0, G_MAXINT64 / 4);
    return host_clock_known(&watched->wa_clock) ? t_us - watched->wa_clock.hc_offset_us
                                                : t_us;
}

/* The same, within the time in which it can have been seen. */
static gint64 bound_time(const Observations *obs, const Watched *watched, gint64 t_us,
                         gboolean *bounded)
{
    gint64 now_us = wall_us(obs), slack_us = AHEAD_US + watched->wa_clock.hc_rtt_us / 2;
    gint64 at_us = host_time(watched, t_us);
    gint64 low_us = watched->wa_since_us - slack_us, high_us = now_us + slack_us;

    *bounded = at_us < low_us || at_us > high_us;
    if (at_us > high_us)
        return now_us;
    return MAX(at_us, MIN(low_us, now_us));
}

static json_t *clock_body(const HostClock *clock)
{
    return json_pack("{s:I, s:I, s:I}", "offset_us", (json_int_t)clock->hc_offset_us,
                     "drift_ppb", (json_int_t)clock->hc_drift_ppb, "rtt_us",
                     (json_int_t)clock->hc_rtt_us);
}

static void tell_clock(Observations *obs, Watched *watched, json_t *body)
{
    watched->wa_clock_told = TRUE;
    watched->wa_told_offset_us = watched->wa_clock.hc_offset_us;
    watched->wa_told_at_us = clock_boottime_us();
    daemon_event(obs->os_daemon, "agent.clock/1", "parryd", -1, watched->wa_host, 0,
                 body);
}

static void take_beat(Observations *obs, Watched *watched, const struct hub_beat *beat)
{
    HostClock *clock = &watched->wa_clock;

    gaps_beat(&watched->wa_gaps, beat->ping, beat->queued);
    if (!host_clock_beat(clock, beat->ping, beat->wall_us, g_get_monotonic_time(),
                         g_get_real_time()) ||
        !host_clock_known(clock))
        return;
    /* By more than what the measure itself can be wrong. */
    gint64 moved_us = ABS(clock->hc_offset_us - watched->wa_told_offset_us);
    if (!watched->wa_clock_told ||
        (moved_us > CLOCK_MOVED_US + clock->hc_rtt_us / 2 &&
         clock_boottime_us() - watched->wa_told_at_us >= CLOCK_EVERY_US))
        tell_clock(obs, watched, clock_body(clock));
}

gboolean observations_clock_offset(const Observations *obs, int host, gint64 *offset_us,
                                   gint64 *error_us)
{
    const HostClock *clock = &obs->os_hosts[host].wa_clock;

    if (!host_clock_known(clock))
        return FALSE;
    *offset_us = clock->hc_offset_us;
    *error_us = clock->hc_rtt_us / 2;
    return TRUE;
}

/* What was measured before says nothing now: the guest may have stood still since. */
void observations_clock_corrected(Observations *obs, int host, gint64 corrected_us,
                                  gint64 rtt_us, const char *why)
{
    Watched *watched = &obs->os_hosts[host];
    HostClock *clock = &watched->wa_clock;

    host_clock_reset(clock);
    clock->hc_rtt_us = rtt_us;
    json_t *body = clock_body(clock);
    json_object_set_new(body, "corrected_us", json_integer(corrected_us));
    json_object_set_new(body, "why", json_string(why));
    tell_clock(obs, watched, body);
}

/* ---- gaps ---- */

static void tell_gap(Observations *obs, Watched *watched, const GapTold *gap,
                     const char *why)
{
    const Losses *lost = &gap->ge_lost;
    gint64 now_us = wall_us(obs);
    gint64 low_us = MIN(watched->wa_since_us, now_us);
    gint64 from_us = CLAMP(gap->ge_from_us, low_us, now_us);
    gint64 to_us = CLAMP(gap->ge_to_us, from_us, now_us);
    json_t *body =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "from_us", (json_int_t)from_us,
                  "to_us", (json_int_t)to_us, "kernel", (json_int_t)lost->lo_kernel,
                  "queue", (json_int_t)lost->lo_queue, "channel",
                  (json_int_t)lost->lo_channel, "hub", (json_int_t)lost->lo_hub);

    if (why)
        json_object_set_new(body, "why", json_string(why));
    watched->wa_gap_from_us = from_us;
    watched->wa_gap_to_us = to_us;
    watched->wa_gap_seq = daemon_event(obs->os_daemon, "observe.gap/1", "parryd", -1,
                                       watched->wa_host, 0, body);
}

static void tell_losses(Observations *obs, Watched *watched, gboolean force)
{
    GapTold gap;

    if (gaps_take(&watched->wa_gaps, clock_boottime_us(), force, &gap))
        tell_gap(obs, watched, &gap, NULL);
}

/* What an agent that is gone had not sent, and what happened before the next one watched,
 * nobody can count. */
static void tell_blind(Observations *obs, Watched *watched, const char *why)
{
    GapTold gap = {{0, 0, 0, 0}, watched->wa_blind_us, wall_us(obs)};

    if (watched->wa_blind_us)
        tell_gap(obs, watched, &gap, why);
    watched->wa_blind_us = 0;
}

static void take_lossy(Observations *obs, Watched *watched, const struct hub_lossy *lossy)
{
    gaps_lossy(&watched->wa_gaps, lossy->n, lossy->kernel, lossy->queue, lossy->dropped,
               host_time(watched, lossy->from_us), host_time(watched, lossy->to_us));
    tell_losses(obs, watched, FALSE);
}

/* ---- rows ---- */

typedef struct {
    Observations *ta_obs;
    Watched *ta_watched;
    gint64 ta_first_us, ta_last_us;
} Taking;

static void take_row(void *arg, const struct hub_row *row)
{
    Taking *taking = arg;
    gboolean bounded;
    gint64 t_us =
        bound_time(taking->ta_obs, taking->ta_watched, row->seen.t_us, &bounded);

    if (!taking->ta_first_us)
        taking->ta_first_us = t_us;
    taking->ta_last_us = t_us;
    taking->ta_watched->wa_bounded += (guint64)bounded;
    seen_rows_add(taking->ta_obs->os_rows, taking->ta_watched->wa_host, row, t_us,
                  bounded);
}

static void take_obs(Observations *obs, Watched *watched, const struct hub_obs *rows,
                     const void *tail)
{
    Taking taking = {obs, watched, 0, 0};

    if (!watched->wa_since_us) /* nobody asked it: a guest that makes up what it says */
        return;
    watched->wa_heard_us = wall_us(obs);
    hub_obs_each(rows, tail, take_row, &taking);
    gaps_rows(&watched->wa_gaps, rows->n, rows->count, rows->dropped, taking.ta_first_us,
              taking.ta_last_us);
    tell_losses(obs, watched, FALSE);
}

/* ---- asking ---- */

static void on_watching(Daemon *d, gint64 id, gboolean ok, const char *text, json_t *rows,
                        gpointer data)
{
    Observations *obs = d->dm_observations;
    Watched *watched = &obs->os_hosts[GPOINTER_TO_INT(data)];

    (void)rows;
    if (id != watched->wa_asked) /* it was asked again meanwhile */
        return;
    watched->wa_asked = 0;
    watched->wa_on = ok;
    g_free(watched->wa_why);
    watched->wa_why = ok ? NULL : g_strdup(text);
    watched->wa_failed_us = clock_boottime_us();
    if (ok)
        tell_blind(obs, watched, "another agent process watches");
    else
        g_warning("%s: not watched: %s", plan_host(d->dm_plan, watched->wa_host)->ph_id,
                  text ? text : "");
}

static void ask(Observations *obs, Watched *watched, const char *first)
{
    Daemon *d = obs->os_daemon;
    const PlanHost *host = plan_host(d->dm_plan, watched->wa_host);

    if (!watched->wa_since_us)
        watched->wa_since_us = watched->wa_heard_us = wall_us(obs);
    watched->wa_asked =
        orders_ask(d->dm_orders, watched->wa_host, "observe",
                   observations_message(d->dm_plan, host, first), WATCH_TIMEOUT_US,
                   on_watching, GINT_TO_POINTER(watched->wa_host));
}

void observations_watch(Observations *obs, int host)
{
    Watched *watched = &obs->os_hosts[host];

    if (is_watched(obs, host) && !watched->wa_asked && !watched->wa_on)
        ask(obs, watched, NULL);
}

/* All members fit into the message mostly; of a team that is larger, those come first who
 * are there. */
void observations_player(Observations *obs, int host, const char *player)
{
    const Plan *plan = obs->os_daemon->dm_plan;
    const PlanTeam *team = plan_team(plan, plan_host(plan, host)->ph_team);
    Watched *watched = &obs->os_hosts[host];

    if (team->pt_members->len > 200 && watched->wa_on &&
        g_hash_table_add(watched->wa_players, g_strdup(player)))
        ask(obs, watched, player);
}

/* Another process of the agent, the same one as it was some time ago, or another guest
 * altogether. */
static void take_hello(Observations *obs, Watched *watched, const struct hub_hello *hello)
{
    gboolean same_boot = strcmp(watched->wa_boot, hello->boot) == 0;
    gboolean same_inst = watched->wa_inst == hello->inst;

    g_strlcpy(watched->wa_boot, hello->boot, sizeof(watched->wa_boot));
    watched->wa_inst = hello->inst;
    if (hello->anew == HUB_RESUMED && watched->wa_since_us) {
        gaps_connected(&watched->wa_gaps);
        watched->wa_taken_up = FALSE;
        if (hosts_state(obs->os_daemon->dm_hosts, watched->wa_host) == HOST_READY)
            observations_watch(obs, watched->wa_host);
        return;
    }
    if (watched->wa_on)
        watched->wa_blind_us = watched->wa_heard_us;
    watched->wa_on = FALSE;
    watched->wa_asked = 0;
    if (watched->wa_taken_up) {
        watched->wa_taken_up = FALSE;
        same_boot = TRUE; /* as far as anybody knows: to be asked again does no harm */
    } else if (same_boot && same_inst)
        gaps_reverted(&watched->wa_gaps);
    else
        gaps_restart(&watched->wa_gaps);
    if (!same_boot) {
        host_clock_reset(&watched->wa_clock);
        return; /* hosts.c personalises it first */
    }
    if (hosts_state(obs->os_daemon->dm_hosts, watched->wa_host) == HOST_READY)
        observations_watch(obs, watched->wa_host);
}

void observations_record(Observations *obs, const struct hub_head *head, const void *body,
                         const void *tail)
{
    Watched *watched = &obs->os_hosts[head->rc_host];

    switch ((HubRecordType)head->rc_type) {
    case HUB_HELLO:
        take_hello(obs, watched, body);
        break;
    case HUB_BEAT:
        watched->wa_heard_us = wall_us(obs);
        take_beat(obs, watched, body);
        tell_losses(obs, watched, FALSE);
        break;
    case HUB_OBS:
        take_obs(obs, watched, body, tail);
        break;
    case HUB_LOSSY:
        if (watched->wa_since_us)
            take_lossy(obs, watched, body);
        break;
    default:
        break;
    }
}

/* ---- acts ---- */

static void on_action(const Action *action, gpointer data)
{
    Observations *obs = data;
    const Watched *watched = &obs->os_hosts[action->ac_host];
    Found *found = g_new(Found, 1);

    *found = (Found){action->ac_team, action->ac_host,
                     actions_body(obs->os_daemon->dm_plan, action)};
    if (watched->wa_gap_seq && action->ac_t_us >= watched->wa_gap_from_us - NEAR_US &&
        action->ac_t_us <= watched->wa_gap_to_us + NEAR_US)
        json_object_set_new(found->fo_body, "gap", json_integer(watched->wa_gap_seq));
    g_queue_push_tail(&obs->os_found, found);
}

/* Rows are numbered on from there. */
static void take_up_row(Observations *obs, const JournalObservation *seen)
{
    if (seen->ob_host < 0 || (guint)seen->ob_host >= obs->os_count)
        return;
    Watched *watched = &obs->os_hosts[seen->ob_host];
    gaps_resume(&watched->wa_gaps, seen->ob_n + 1);
    watched->wa_gaps.ga_last_us = seen->ob_t_us;
    watched->wa_heard_us = MAX(watched->wa_heard_us, seen->ob_t_us);
}

static gboolean classify_row(gint64 seq, guint row, const JournalObservation *seen,
                             gpointer data)
{
    Observations *obs = data;

    if (obs->os_replaying)
        take_up_row(obs, seen);
    actions_row(obs->os_actions, seq, row, seen, on_action, obs);
    return TRUE;
}

/* An act that was found before an earlier daemon ended, and told by it, is known by where
 * it begins: what else belongs to it may have been gathered otherwise. */
static char *act_key(const Daemon *d, int host, const json_t *body)
{
    const char *rule = json_string_value(json_object_get(body, "rule"));
    const char *first =
        json_string_value(json_array_get(json_object_get(body, "evidence"), 0));

    return g_strdup_printf("%s %s %s", plan_host(d->dm_plan, host)->ph_id,
                           rule ? rule : "", first ? first : "");
}

static gboolean was_told(Observations *obs, const Found *found)
{
    g_autofree char *key = NULL;

    if (!g_hash_table_size(obs->os_told))
        return FALSE;
    key = act_key(obs->os_daemon, found->fo_host, found->fo_body);
    return g_hash_table_remove(obs->os_told, key);
}

static void tell_actions(Observations *obs)
{
    Found *found;

    while ((found = g_queue_pop_head(&obs->os_found))) {
        if (was_told(obs, found))
            json_decref(found->fo_body);
        else
            daemon_event(obs->os_daemon, "player.action/1", "parryd", found->fo_team,
                         found->fo_host, 0, found->fo_body);
        g_free(found);
    }
}

/* ---- taken up again ---- */

/* UTC of an event, by the drill's own time where that is a simulation. */
static gint64 event_us(const Observations *obs, const JournalEvent *event)
{
    const Daemon *d = obs->os_daemon;

    return d->dm_simulated ? d->dm_plan->p_start_us + event->ev_clock_us
                           : event->ev_at_us;
}

static void take_up_hello(Observations *obs, Watched *watched, const JournalEvent *event)
{
    const char *boot = json_string_value(json_object_get(event->ev_body, "boot"));

    (void)obs;
    if (g_strcmp0(boot, watched->wa_boot) != 0)
        watched->wa_on = FALSE; /* of another guest nothing is asked yet */
    g_strlcpy(watched->wa_boot, boot ? boot : "", sizeof(watched->wa_boot));
}

static void take_up_order(Observations *obs, Watched *watched, const JournalEvent *event)
{
    const json_t *purpose = json_object_get(event->ev_body, "purpose");

    if (g_strcmp0(json_string_value(purpose), "observe") != 0)
        return;
    watched->wa_asked = event->ev_seq;
    watched->wa_taken_up = TRUE;
    if (!watched->wa_since_us)
        watched->wa_since_us = watched->wa_heard_us = event_us(obs, event);
}

static void take_up_answer(Observations *obs, Watched *watched, const JournalEvent *event)
{
    (void)obs;
    if (watched->wa_asked && watched->wa_asked == event->ev_ref) {
        watched->wa_on = strcmp(event->ev_kind, "order.done/1") == 0;
        watched->wa_asked = 0;
    }
}

static void take_up_gap(Observations *obs, Watched *watched, const JournalEvent *event)
{
    const json_t *body = event->ev_body;

    (void)obs;
    watched->wa_gap_seq = event->ev_seq;
    watched->wa_gap_from_us = json_integer_value(json_object_get(body, "from_us"));
    watched->wa_gap_to_us = json_integer_value(json_object_get(body, "to_us"));
}

static void take_up_action(Observations *obs, Watched *watched, const JournalEvent *event)
{
    g_hash_table_add(obs->os_told,
                     act_key(obs->os_daemon, watched->wa_host, event->ev_body));
}

static const struct {
    const char *kind;
    void (*take)(Observations *obs, Watched *watched, const JournalEvent *event);
} take_ups[] = {
    {"agent.hello/1", take_up_hello}, {"order.wanted/1", take_up_order},
    {"order.done/1", take_up_answer}, {"order.failed/1", take_up_answer},
    {"observe.gap/1", take_up_gap},   {"player.action/1", take_up_action},
};

static void take_up_event(Observations *obs, const JournalEvent *event)
{
    int host =
        *event->ev_host ? plan_host_index(obs->os_daemon->dm_plan, event->ev_host) : -1;

    for (guint i = 0; host >= 0 && i < G_N_ELEMENTS(take_ups); i++)
        if (strcmp(event->ev_kind, take_ups[i].kind) == 0)
            take_ups[i].take(obs, &obs->os_hosts[host], event);
}

/* What was asked has nobody who waits for the answer: it is asked anew. */
void observations_take_up(Observations *obs, gboolean replaying)
{
    obs->os_replaying = replaying;
    for (guint i = 0; !replaying && i < obs->os_count; i++)
        obs->os_hosts[i].wa_asked = 0;
}

void observations_on_event(Observations *obs, const JournalEvent *event)
{
    g_autoptr(GError) error = NULL;

    actions_event(obs->os_actions, event);
    if (obs->os_replaying)
        take_up_event(obs, event);
    if (strcmp(event->ev_kind, "observe.batch/1") == 0 &&
        !seen_rows_each(obs->os_rows, event->ev_seq, classify_row, obs, &error))
        g_warning("rows of event %" G_GINT64_FORMAT ": %s", event->ev_seq,
                  error->message);
}

void observations_committed(Observations *obs)
{
    gint64 now_us = wall_us(obs);

    if (actions_due_us(obs->os_actions) <= now_us)
        actions_flush(obs->os_actions, now_us, on_action, obs);
    tell_actions(obs);
}

void observations_flush(Observations *obs)
{
    seen_rows_flush(obs->os_rows);
}

void observations_final(Observations *obs)
{
    for (guint i = 0; i < obs->os_count; i++) {
        tell_losses(obs, &obs->os_hosts[i], TRUE);
        tell_blind(obs, &obs->os_hosts[i], "no agent process has watched since");
    }
    actions_flush(obs->os_actions, G_MAXINT64, on_action, obs);
    tell_actions(obs);
}

/* ---- life ---- */

/* Once the drill is over what is left to tell is told as soon as it grows no more. */
static gboolean is_last_word(const Observations *obs, Watched *watched)
{
    DrillState state = obs->os_daemon->dm_state;
    const Losses *all = &watched->wa_gaps.ga_all;
    guint64 sum = all->lo_kernel + all->lo_queue + all->lo_channel + all->lo_hub;
    gboolean quiet = sum == watched->wa_looked;

    watched->wa_looked = sum;
    return quiet &&
           (state == DRILL_ENDED || state == DRILL_JUDGING || state == DRILL_PROVISIONAL);
}

/* One that failed for reasons that may pass. */
static void ask_again(Observations *obs, Watched *watched)
{
    const Hosts *hosts = obs->os_daemon->dm_hosts;

    if (watched->wa_why && clock_boottime_us() - watched->wa_failed_us > ASK_AGAIN_US &&
        hosts_connected(hosts, watched->wa_host) &&
        hosts_state(hosts, watched->wa_host) == HOST_READY)
        observations_watch(obs, watched->wa_host);
}

static void on_look(evutil_socket_t fd, short what, void *data)
{
    Observations *obs = data;

    (void)fd;
    (void)what;
    for (guint i = 0; i < obs->os_count; i++) {
        tell_losses(obs, &obs->os_hosts[i], is_last_word(obs, &obs->os_hosts[i]));
        ask_again(obs, &obs->os_hosts[i]);
    }
    observations_committed(obs);
}

Observations *observations_new(Daemon *d)
{
    Observations *obs = g_new0(Observations, 1);
    struct timeval tv = {LOOK_S, 0};

    obs->os_daemon = d;
    obs->os_count = d->dm_plan->p_hosts->len;
    obs->os_hosts = g_new0(Watched, obs->os_count + 1);
    for (guint i = 0; i < obs->os_count; i++) {
        obs->os_hosts[i].wa_host = (int)i;
        obs->os_hosts[i].wa_players =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        gaps_restart(&obs->os_hosts[i].wa_gaps);
    }
    obs->os_rows = seen_rows_new(d);
    obs->os_actions = actions_new(d->dm_plan);
    g_queue_init(&obs->os_found);
    obs->os_told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    obs->os_look = event_new(d->dm_base, -1, EV_PERSIST, on_look, obs);
    event_add(obs->os_look, &tv);
    return obs;
}

static void found_free(gpointer data)
{
    Found *found = data;

    json_decref(found->fo_body);
    g_free(found);
}

void observations_free(Observations *obs)
{
    if (!obs)
        return;
    event_free(obs->os_look);
    g_queue_clear_full(&obs->os_found, found_free);
    g_hash_table_unref(obs->os_told);
    actions_free(obs->os_actions);
    seen_rows_free(obs->os_rows);
    for (guint i = 0; i < obs->os_count; i++) {
        g_free(obs->os_hosts[i].wa_why);
        g_hash_table_unref(obs->os_hosts[i].wa_players);
    }
    g_free(obs->os_hosts);
    g_free(obs);
}

/* ---- looking ---- */

json_t *observations_json(const Observations *obs, int host)
{
    const Watched *watched = &obs->os_hosts[host];
    const Losses *all = &watched->wa_gaps.ga_all;

    if (!is_watched(obs, host))
        return NULL;
    return json_pack("{s:b, s:s, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}}", "on",
                     watched->wa_on, "why", watched->wa_why ? watched->wa_why : "",
                     "rows", (json_int_t)watched->wa_gaps.ga_rows, "numbered",
                     (json_int_t)watched->wa_gaps.ga_numbered, "bounded",
                     (json_int_t)watched->wa_bounded, "lost", "kernel",
                     (json_int_t)all->lo_kernel, "queue", (json_int_t)all->lo_queue,
                     "channel", (json_int_t)all->lo_channel, "hub",
                     (json_int_t)all->lo_hub);
}

json_t *observations_clock_json(const Observations *obs, int host)
{
    const HostClock *clock = &obs->os_hosts[host].wa_clock;

    return host_clock_known(clock) ? clock_body(clock) : NULL;
}
