/*
 * The methods of control, one const table: name, who may call it, what it does.
 */
#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/control.h"
#include "orchestrator/daemon/control_agents.h"
#include "orchestrator/daemon/control_params.h"
#include "orchestrator/daemon/control_points.h"
#include "orchestrator/daemon/control_resets.h"
#include "orchestrator/daemon/control_standing.h"
#include "orchestrator/daemon/control_terminals.h"
#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/injects.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/pacing.h"
#include "orchestrator/daemon/players.h"
#include "orchestrator/daemon/point_meta.h"
#include "orchestrator/daemon/provision.h"
#include "orchestrator/daemon/reset_asks.h"
#include "orchestrator/daemon/resets.h"
#include "orchestrator/daemon/services.h"
#include "scenarios/base/cjson.h"
#include "scoreboard/observed.h"

#include <string.h>

#define EVENTS_MAX 500
#define INDICATOR_MAX 200
#define PIECE_MAX ((gsize)192 * 1024) /* bytes of an attachment in one answer */
#define TEXT_MAX 16384
#define HELLO_TIMEOUT_S 180

typedef void (*MethodFn)(RpcCall *call, ControlPeer *peer, Daemon *d,
                         const json_t *params);

typedef struct {
    const char *me_name;
    unsigned me_needs; /* any of these permissions; 0: everyone */
    MethodFn me_fn;
} Method;

/* ---- looking ---- */

static void method_status(RpcCall *call, ControlPeer *peer, Daemon *d,
                          const json_t *params)
{
    gint64 next = director_next(d->dm_director);
    json_t *status = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:i, s:i, s:b, s:I, s:o, s:o, s:I}", "name",
        d->dm_plan->p_name, "uuid", d->dm_plan->p_uuid, "state",
        drill_state_name(d->dm_state), "reason", d->dm_reason, "clock_us",
        (json_int_t)daemon_now(d), "duration_us", (json_int_t)d->dm_plan->p_duration_us,
        "accel", d->dm_accel ? d->dm_accel : "", "pid", (int)getpid(), "hub_pid",
        d->dm_link ? (int)link_hub_pid(d->dm_link) : 0, "rehearsal", d->dm_rehearsal,
        "seq", (json_int_t)journal_committed(d->dm_journal), "hosts",
        hosts_json(d->dm_hosts, -1), "services", services_json(d->dm_services), "next_us",
        (json_int_t)next);
    json_t *doing = pacing_drill_json(d->dm_pacing);

    (void)peer;
    (void)params;
    json_object_set_new(status, "waiting", injects_waiting(d->dm_injects));
    json_object_set_new(status, "held", holding_json(d));
    json_object_set_new(status, "resets", reset_asks_waiting(d->dm_reset_asks));
    json_object_set_new(status, "golden", clones_json(d->dm_clones));
    if (doing)
        json_object_set_new(status, "doing", doing);
    json_t *losses = provision_losses_json(d);
    if (losses)
        json_object_set_new(status, "losses", losses);
    if (d->dm_uri)
        json_object_set_new(status, "uri", json_string(d->dm_uri));
    rpc_reply(call, status);
}

static void method_board(RpcCall *call, ControlPeer *peer, Daemon *d,
                         const json_t *params)
{
    (void)params;
    rpc_reply(call,
              view_board_json(&peer->pe_viewer, d->dm_plan, d->dm_ledger, peer->pe_lang));
}

static void method_hosts(RpcCall *call, ControlPeer *peer, Daemon *d,
                         const json_t *params)
{
    rpc_reply(call, hosts_json(d->dm_hosts, param_team(peer, d, params)));
}

typedef struct {
    const ControlPeer *li_peer;
    json_t *li_events;
    gint64 li_n;
} Listing;

static gboolean list_event(const JournalEvent *event, gpointer data)
{
    Listing *listing = data;

    json_array_append_new(listing->li_events,
                          control_event_json(listing->li_peer, event, listing->li_n++));
    return TRUE;
}

/* Of what came after number `after` the newest `limit`; *count: how many there are at
 * all. */
static json_t *list_events(Daemon *d, const ControlPeer *peer, gint64 after, gint64 limit,
                           gint64 *count)
{
    const Stream *stream = control_stream(peer->pe_control, peer);
    Listing listing = {peer, json_array(), 0};
    g_autoptr(GError) error = NULL;

    *count = stream_count(stream);
    listing.li_n = MAX(MAX(after, 0), *count - CLAMP(limit, 1, EVENTS_MAX)) + 1;
    if (listing.li_n <= *count &&
        !stream_each(stream, d->dm_journal, listing.li_n, list_event, &listing, &error))
        g_warning("events: %s", error->message);
    return listing.li_events;
}

static void method_events(RpcCall *call, ControlPeer *peer, Daemon *d,
                          const json_t *params)
{
    gint64 n;
    json_t *events = list_events(d, peer, param_int(params, "after", 0),
                                 param_int(params, "limit", 100), &n);

    rpc_reply(call, json_pack("{s:o, s:I}", "events", events, "n", (json_int_t)n));
}

/* Rows of observations, a page at a time: what players do is for white alone, their own
 * team's too, for among it is what attacks do to it. */
static void method_observations(RpcCall *call, ControlPeer *peer, Daemon *d,
                                const json_t *params)
{
    ObservedFilter filter = {-1, 0, param_text(params, "player", 128)};
    const char *what = param_text(params, "what", 256);
    g_autoptr(GError) error = NULL;
    json_t *page;

    if (json_object_get(params, "host") &&
        (filter.of_host = param_host(peer, d, params)) < 0) {
        rpc_fail(call, RPC_NOT_FOUND, "host: no such host; `hosts` lists them");
        return;
    }
    if (what && !observed_whats(what, &filter.of_whats, &error)) {
        rpc_fail(call, RPC_PARAMS, "what: %s", error->message);
        return;
    }
    page = observed_page(d->dm_journal, d->dm_plan, param_int(params, "seq", 1),
                         (guint)CLAMP(param_int(params, "row", 0), 0, G_MAXINT32),
                         &filter, &error);
    if (page)
        rpc_reply(call, page);
    else
        rpc_fail(call, RPC_FAILED, "%s", error->message);
}

static void method_subscribe(RpcCall *call, ControlPeer *peer, Daemon *d,
                             const json_t *params)
{
    json_t *events =
        list_events(d, peer, param_int(params, "after", 0), EVENTS_MAX, &peer->pe_n);
    json_t *event;
    gsize i;

    peer->pe_subscribed = TRUE;
    rpc_reply(call, json_object());
    json_array_foreach (events, i, event)
        rpc_peer_notify(peer->pe_rpc, "event", json_incref(event));
    json_decref(events);
    rpc_peer_notify(
        peer->pe_rpc, "board",
        view_board_json(&peer->pe_viewer, d->dm_plan, d->dm_ledger, peer->pe_lang));
}

static void method_inbox(RpcCall *call, ControlPeer *peer, Daemon *d,
                         const json_t *params)
{
    int team = param_team(peer, d, params);

    if (team < 0)
        rpc_fail(call, RPC_PARAMS, "team: name one");
    else
        rpc_reply(call, injects_inbox(d->dm_injects, team, peer->pe_lang));
}

/* An attachment, or a piece of one: base64 of as much as fits into a line. */
static void method_attachment(RpcCall *call, ControlPeer *peer, Daemon *d,
                              const json_t *params)
{
    int team = param_team(peer, d, params);
    const char *inject = param_text(params, "inject", 128);
    const char *name = param_text(params, "name", 256);
    const PlanAttachment *attachment =
        team < 0 || !inject || !name
            ? NULL
            : injects_attachment(d->dm_injects, team, inject, name);
    gsize len, from = (gsize)MAX(param_int(params, "offset", 0), 0);

    if (!attachment) {
        rpc_fail(call, RPC_NOT_FOUND,
                 "attachment: no message to your team has one of that name");
        return;
    }
    const guchar *bytes = g_bytes_get_data(attachment->at_bytes, &len);
    from = MIN(from, len);
    g_autofree char *data = g_base64_encode(bytes + from, MIN(len - from, PIECE_MAX));
    rpc_reply(call, json_pack("{s:I, s:s}", "size", (json_int_t)len, "data_b64", data));
}

/* ---- running ---- */

static void method_provision(RpcCall *call, ControlPeer *peer, Daemon *d,
                             const json_t *params)
{
    gint64 hello = param_int(params, "boot_timeout_s", HELLO_TIMEOUT_S);

    const char *by = param_text(params, "by", 64), *how = param_text(params, "how", 32);
    ProvisionAsk ask = {
        .pa_hello_us = hello * G_USEC_PER_SEC,
        .pa_again = !json_is_false(json_object_get(params, "again")),
        .pa_degraded = json_is_true(json_object_get(params, "degraded")),
        .pa_by = by ? by : actor_of(peer),
        .pa_how = how ? how : "option",
    };

    /* One that stopped half way, or failed, goes on where it is; hosts that are missing
     * may come later. */
    if (wrong_state(call, d,
                    1u << DRILL_DEFINED | 1u << DRILL_PROVISIONING | 1u << DRILL_FAILED |
                        1u << DRILL_READY | 1u << DRILL_RUNNING,
                    "provision"))
        return;
    if (hello < 1 || hello > 3600) {
        rpc_fail(call, RPC_PARAMS, "boot_timeout_s: 1 to 3600 seconds");
        return;
    }
    if (json_is_false(json_object_get(params, "clones")))
        clones_disable(d->dm_clones, "clones were switched off (--no-clones)");
    rpc_reply(call, json_object());
    provision_begin(d->dm_provision, &ask);
}

static void method_start(RpcCall *call, ControlPeer *peer, Daemon *d,
                         const json_t *params)
{
    (void)params;
    if (wrong_state(call, d, 1u << DRILL_READY, "start"))
        return;
    daemon_set_state(d, DRILL_RUNNING, actor_of(peer), "started");
    rpc_reply(call, json_object());
}

static void method_end(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params)
{
    const char *reason = param_text(params, "reason", 500);

    /* The cleanups need VMs that run: a paused drill is resumed first. */
    if (wrong_state(call, d, 1u << DRILL_RUNNING, "end"))
        return;
    director_end(d->dm_director, actor_of(peer), reason ? reason : "ended by white");
    rpc_reply(call, json_object());
}

static void on_down(Daemon *d, const RangeRemoved *removed, const GError *error,
                    gpointer data)
{
    RpcCall *call = data;

    if (error) {
        rpc_fail(call, RPC_FAILED, "%s; `parry gc` removes what is left", error->message);
    } else {
        rpc_reply(call, json_pack("{s:i, s:i, s:i}", "domains", (int)removed->rm_domains,
                                  "networks", (int)removed->rm_networks, "filters",
                                  (int)removed->rm_filters));
        daemon_set_state(d, DRILL_DOWN, "white", "taken down");
    }
    daemon_quit(d, "down");
}

static void method_down(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params)
{
    (void)peer;
    (void)params;
    provision_down(d->dm_provision, on_down, call);
}

static void on_reset(Daemon *d, const ResetTotal *total, gpointer call)
{
    const char *reason = total->rt_reason ? total->rt_reason : "";

    if (!call) { /* answered before: it stood still */
        if (total->rt_failed)
            g_warning("drill %s: reset: %s", d->dm_plan->p_name, reason);
        return;
    }
    if (total->rt_failed == total->rt_hosts)
        rpc_fail(call, RPC_FAILED, "%s", reason);
    else
        rpc_reply(call, json_pack("{s:i, s:i, s:I, s:s}", "hosts", (int)total->rt_hosts,
                                  "failed", (int)total->rt_failed, "us",
                                  (json_int_t)total->rt_us, "reason", reason));
}

/* The first reason for which one of them stands still, or NULL. */
static char *stand_words(const Daemon *d, const GArray *hosts)
{
    char *words = NULL;

    for (guint i = 0; !words && i < hosts->len; i++)
        words = holding_words(d, g_array_index(hosts, int, i));
    return words;
}

/* {target, to, reason}: answered when all are back; where one of them stands still, at
 * once: it is made anew, and its agent comes when it runs. */
static void method_reset(RpcCall *call, ControlPeer *peer, Daemon *d,
                         const json_t *params)
{
    const char *target = param_text(params, "target", 128);
    const char *to = param_text(params, "to", POINT_NAME_MAX);
    const char *reason = param_text(params, "reason", 500);
    g_autofree char *safe = parry_text_safe(reason ? reason : "", -1);
    g_autofree char *still = NULL;
    g_autoptr(GArray) hosts = NULL;
    g_autoptr(GError) error = NULL;

    if (wrong_state(call, d, 1u << DRILL_READY | 1u << DRILL_RUNNING | 1u << DRILL_PAUSED,
                    "reset"))
        return;
    if (!target)
        rpc_fail(call, RPC_PARAMS, "reset: wants a host, a team or \"all\"");
    else if (!(hosts = resets_hosts(d, target, &error)))
        rpc_fail(call, RPC_NOT_FOUND, "reset: %s", error->message);
    else if (!resets_begin(d->dm_resets, hosts, to, actor_of(peer), safe, on_reset,
                           (still = stand_words(d, hosts)) ? NULL : call, &error))
        rpc_fail(call, RPC_STATE, "reset: %s", error->message);
    else if (still)
        rpc_reply(call, json_pack("{s:i, s:i, s:s}", "hosts", (int)hosts->len, "failed",
                                  0, "waits", still));
}

/* ---- injects by white's word ---- */

/* {inject, team, by, reason}: the answer says to how many it was done. */
static void say_word(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params,
                     InjectsWord word, const char *what)
{
    const char *name = param_text(params, "inject", 128);
    const char *team = param_text(params, "team", 64);
    const char *by = param_text(params, "by", 128);
    const char *reason = param_text(params, "reason", 500);
    int index = team ? plan_team_index(d->dm_plan, team) : -1;
    g_autofree char *safe_by = by ? parry_text_safe(by, -1) : NULL;
    g_autofree char *safe = reason ? parry_text_safe(reason, -1) : NULL;
    g_autoptr(GError) error = NULL;

    if (wrong_state(call, d, 1u << DRILL_RUNNING | 1u << DRILL_PAUSED, what))
        return;
    if (!name || (team && index < 0)) {
        rpc_fail(call, team && name ? RPC_NOT_FOUND : RPC_PARAMS,
                 "%s: wants an inject, and where a team is named one of the drill's",
                 what);
        return;
    }
    guint count = injects_word(d->dm_injects, word, name, index, actor_of(peer), safe_by,
                               safe, &error);
    if (!count)
        rpc_fail(call,
                 g_error_matches(error, INJECTS_ERROR, INJECTS_ERROR_UNKNOWN)
                     ? RPC_NOT_FOUND
                     : RPC_STATE,
                 "%s: %s", what, error->message);
    else
        rpc_reply(call, json_pack("{s:i}", "injects", (int)count));
}

static void method_inject(RpcCall *call, ControlPeer *peer, Daemon *d,
                          const json_t *params)
{
    say_word(call, peer, d, params, WORD_FIRE, "inject");
}

static void method_approve(RpcCall *call, ControlPeer *peer, Daemon *d,
                           const json_t *params)
{
    say_word(call, peer, d, params, WORD_APPROVE, "approve");
}

static void method_cancel(RpcCall *call, ControlPeer *peer, Daemon *d,
                          const json_t *params)
{
    say_word(call, peer, d, params, WORD_CANCEL, "cancel");
}

/* ---- orders of white ---- */

/* Output of a guest for white's terminal: safe line by line. */
static char *safe_lines(const GByteArray *bytes)
{
    g_autofree char *text =
        bytes->len ? g_strndup((const char *)bytes->data, bytes->len) : g_strdup("");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++) {
        char *safe = parry_text_safe(*line, -1);
        g_free(*line);
        *line = safe;
    }
    return g_strjoinv("\n", lines);
}

static void on_ordered(Daemon *d, const Order *order, gpointer data)
{
    RpcCall *call = data;
    g_autofree char *out = safe_lines(order->or_out);
    g_autofree char *err = safe_lines(order->or_err);

    (void)d;
    if (order->or_status != ORDER_DONE)
        rpc_fail(call, RPC_FAILED, "%s", order->or_reason);
    else
        rpc_reply(call,
                  json_pack("{s:i, s:i, s:s, s:s, s:b, s:I, s:s}", "exit", order->or_exit,
                            "signal", order->or_signal, "out", out, "err", err, "cut",
                            order->or_cut, "seq", (json_int_t)order->or_id, "reason",
                            order->or_reason ? order->or_reason : ""));
}

static PlanLimits param_limits(const json_t *params)
{
    return (PlanLimits){
        .li_memory = (guint64)CLAMP(param_int(params, "memory", 0), 0, (gint64)1 << 40),
        .li_processes =
            (int)CLAMP(param_int(params, "processes", LIMITS_PROCESSES), 1, 32768),
        .li_output =
            (guint64)CLAMP(param_int(params, "output", LIMITS_OUTPUT), 1024, 1 << 18),
    };
}

static void method_order(RpcCall *call, ControlPeer *peer, Daemon *d,
                         const json_t *params)
{
    int host = param_host(peer, d, params);
    const char *script = param_text(params, "script", 48 * 1024);
    PlanLimits limits = param_limits(params);

    if (wrong_state(call, d, ~(1u << DRILL_PAUSED | 1u << DRILL_STOPPED), "order"))
        return;
    if (host < 0 || !script) {
        rpc_fail(call, RPC_PARAMS, "order: wants a known host and a script");
        return;
    }
    if (plan_host(d->dm_plan, host)->ph_agent == AGENT_NONE) {
        rpc_fail(call, RPC_FAILED,
                 "%s has no agent (`agent: none`); `parry console` reaches it",
                 plan_host(d->dm_plan, host)->ph_id);
        return;
    }
    OrderSpec spec = {
        .os_host = host,
        .os_purpose = "white",
        .os_title = "order",
        .os_actor = actor_of(peer),
        .os_script = script,
        .os_limits = &limits,
        .os_user = param_text(params, "user", 32),
        .os_timeout_us = CLAMP(param_int(params, "timeout_ms", 30000), 1, 600000) * 1000,
        .os_done = on_ordered,
        .os_data = call,
    };
    orders_run(d->dm_orders, &spec);
}

/* ---- players ---- */

static gboolean may_act(RpcCall *call, const Daemon *d, int team)
{
    g_autofree char *still = holding_words(d, -1);
    const HoldStretch *on = holding_team(d, team);

    if (still)
        rpc_fail(call, RPC_STATE, "%s", still);
    else if (on)
        rpc_fail(call, RPC_STATE, "your team is held: %s", on->hs_reason);
    return !still && !on && !wrong_state(call, d, 1u << DRILL_RUNNING, "this");
}

static void method_report(RpcCall *call, ControlPeer *peer, Daemon *d,
                          const json_t *params)
{
    int team = param_team(peer, d, params), host = param_host(peer, d, params), matched;
    const char *indicator = param_text(params, "indicator", INDICATOR_MAX);
    gint64 about = param_int(params, "about_us", daemon_now(d));

    if (!may_act(call, d, team))
        return;
    if (team < 0 || host < 0 || plan_host(d->dm_plan, host)->ph_team != team) {
        rpc_fail(call, RPC_NOT_FOUND, "report: name one of your team's hosts");
        return;
    }
    if (!indicator || !*indicator || about < 0 || about > daemon_now(d)) {
        rpc_fail(call, RPC_PARAMS,
                 "report: one indicator of 1 to %d bytes, and a time that has been",
                 INDICATOR_MAX);
        return;
    }
    g_autofree char *safe = parry_text_safe(indicator, -1);
    gint64 seq = injects_report(d->dm_injects, actor_of(peer), team, host, about, safe,
                                param_text(params, "text", TEXT_MAX), &matched);
    json_t *result = json_pack("{s:I}", "seq", (json_int_t)seq);
    /* Whether it matched is for white: a team would probe the embargo with it. */
    if (role_may(peer->pe_viewer.vw_role, MAY_SEE_ALL))
        json_object_set_new(result, "matched", json_boolean(matched >= 0));
    rpc_reply(call, result);
}

static void method_answer(RpcCall *call, ControlPeer *peer, Daemon *d,
                          const json_t *params)
{
    int team = param_team(peer, d, params);
    const char *name = param_text(params, "inject", 128);
    const char *text = param_text(params, "text", TEXT_MAX);
    gint64 seq = -1;

    if (!may_act(call, d, team))
        return;
    if (team >= 0 && name && text) {
        g_autofree char *id =
            g_strdup_printf("%s@%s", name, plan_team(d->dm_plan, team)->pt_id);
        int inject = plan_inject_index(d->dm_plan, strchr(name, '@') ? name : id);
        if (inject >= 0)
            seq = injects_answer(d->dm_injects, actor_of(peer), team, inject, text);
    }
    if (seq < 0)
        rpc_fail(call, RPC_NOT_FOUND,
                 "answer: no open message of that name for your team");
    else
        rpc_reply(call, json_pack("{s:I}", "seq", (json_int_t)seq));
}

static void method_whois(RpcCall *call, ControlPeer *peer, Daemon *d,
                         const json_t *params)
{
    const char *user = param_text(params, "user", 64);
    const char *key = param_text(params, "key", 8192);
    const PlanMember *member = user && key ? players_find(d, user, key) : NULL;

    (void)peer;
    if (!member) {
        rpc_reply(call, json_pack("{s:b}", "ok", 0));
        return;
    }
    int team = plan_team_index(d->dm_plan, user);
    g_autofree char *player = g_strdup_printf("%s/%s", user, member->pm_name);
    rpc_reply(call,
              json_pack("{s:b, s:s, s:s, s:s}", "ok", 1, "player", player, "team", user,
                        "role", plan_side_name(plan_team(d->dm_plan, team)->pt_side)));
}

Role control_role_of_side(PlanSide side)
{
    switch (side) {
    case SIDE_RED:
        return ROLE_RED;
    case SIDE_BLUE:
        return ROLE_BLUE;
    case SIDE_GREEN:
        return ROLE_GREEN;
    default:
        return ROLE_OBSERVER;
    }
}

/* Who only looks on sees what the room sees, in whatever team. */
static Role role_of(const PlanTeam *team, const PlanMember *member)
{
    return g_strcmp0(member->pm_role, role_name(ROLE_OBSERVER)) == 0
               ? ROLE_OBSERVER
               : control_role_of_side(team->pt_side);
}

static void method_bind(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params)
{
    const char *user = param_text(params, "user", 64);
    const char *key = param_text(params, "key", 8192);
    const PlanMember *member = user && key ? players_find(d, user, key) : NULL;
    char hash[65];

    if (!member || peer->pe_player) {
        daemon_event(d, "player.refused/1", "parryd", -1, -1, 0,
                     json_pack("{s:s, s:s}", "what", "bind", "reason",
                               member ? "already bound" : "no such key"));
        rpc_fail(call, RPC_REFUSED, "bind: %s", member ? "already bound" : "no such key");
        return;
    }
    int index = plan_team_index(d->dm_plan, user);
    const PlanTeam *team = plan_team(d->dm_plan, index);
    cjson_sha256_bytes(key, strlen(key), hash);
    peer->pe_player = g_strdup_printf("%s/%s", user, member->pm_name);
    peer->pe_viewer.vw_role = role_of(team, member);
    peer->pe_viewer.vw_team = peer->pe_viewer.vw_role == ROLE_OBSERVER ? -1 : index;
    daemon_event(d, "player.bound/1", peer->pe_player, index, -1, 0,
                 json_pack("{s:s, s:s}", "player", peer->pe_player, "key_sha256", hash));
    rpc_reply(call,
              json_pack("{s:s, s:s, s:s, s:s, s:s}", "player", peer->pe_player, "team",
                        team->pt_id, "role", role_name(peer->pe_viewer.vw_role), "title",
                        parry_text_get(team->pt_title, peer->pe_lang), "drill",
                        parry_text_get(d->dm_plan->p_title, peer->pe_lang)));
}

static const Method methods[] = {
    {"status", MAY_SEE_ALL, method_status},
    {"board", MAY_SEE_ALL | MAY_SEE_OWN | MAY_SEE_PUBLIC, method_board},
    {"events", MAY_SEE_ALL | MAY_SEE_OWN | MAY_SEE_PUBLIC, method_events},
    {"observations", MAY_SEE_ALL, method_observations},
    {"subscribe", MAY_SEE_ALL | MAY_SEE_OWN | MAY_SEE_PUBLIC, method_subscribe},
    {"hosts", MAY_SEE_ALL | MAY_SEE_OWN, method_hosts},
    {"inbox", MAY_SEE_ALL | MAY_SEE_OWN, method_inbox},
    {"attachment", MAY_SEE_ALL | MAY_SEE_OWN, method_attachment},
    {"provision", MAY_RUN, method_provision},
    {"start", MAY_RUN, method_start},
    {"pause", MAY_RUN, control_pause},
    {"resume", MAY_RUN, control_resume},
    {"team.hold", MAY_RUN, control_team_hold},
    {"team.release", MAY_RUN, control_team_release},
    {"end", MAY_RUN, method_end},
    {"down", MAY_RUN, method_down},
    {"reset", MAY_RUN, method_reset},
    {"checkpoint", MAY_RUN, control_checkpoint},
    {"checkpoints", MAY_SEE_ALL, control_checkpoints},
    {"checkpoint.verify", MAY_SEE_ALL, control_checkpoint_verify},
    {"checkpoint.delete", MAY_RUN, control_checkpoint_delete},
    {"resets", MAY_SEE_ALL | MAY_SEE_OWN, control_resets},
    {"reset.ask", MAY_ASK, control_reset_ask},
    {"reset.decide", MAY_RUN, control_reset_decide},
    {"inject", MAY_RUN, method_inject},
    {"approve", MAY_RUN, method_approve},
    {"cancel", MAY_RUN, method_cancel},
    {"stop", MAY_STOP, control_stop},
    {"order", MAY_ORDER, method_order},
    {"agents", MAY_SEE_ALL, control_agents},
    {"agent.push", MAY_ORDER, control_agent_push},
    {"report", MAY_REPORT, method_report},
    {"answer", MAY_REPORT, method_answer},
    {"whois", MAY_BIND, method_whois},
    {"bind", MAY_BIND, method_bind},
    {"terminal.open", MAY_TERMINAL, control_terminal_open},
    {"console.open", MAY_TERMINAL, control_console_open},
    {"terminal.in", MAY_TERMINAL, control_terminal_in},
    {"terminal.size", MAY_TERMINAL, control_terminal_size},
    {"terminal.credit", MAY_TERMINAL, control_terminal_credit},
    {"terminal.close", MAY_TERMINAL, control_terminal_close},
};

static gboolean allowed(Role role, unsigned needs)
{
    for (unsigned bit = 1; bit <= needs; bit <<= 1)
        if ((needs & bit) && role_may(role, (Permission)bit))
            return TRUE;
    return FALSE;
}

/* Any call may name the language that the peer is spoken to in from then on. */
static void take_lang(ControlPeer *peer, const json_t *params)
{
    const char *lang = param_text(params, "lang", 16);

    if (!lang)
        return;
    g_free(peer->pe_lang);
    peer->pe_lang = g_strdup(lang);
}

void control_dispatch(RpcCall *call, ControlPeer *peer, const char *method,
                      const json_t *params)
{
    for (guint i = 0; i < G_N_ELEMENTS(methods); i++) {
        if (strcmp(methods[i].me_name, method) != 0)
            continue;
        if (!allowed(peer->pe_viewer.vw_role, methods[i].me_needs)) {
            rpc_fail(call, RPC_REFUSED, "%s: not for the role %s", method,
                     role_name(peer->pe_viewer.vw_role));
        } else {
            take_lang(peer, params);
            methods[i].me_fn(call, peer, control_daemon(peer->pe_control), params);
        }
        return;
    }
    rpc_fail(call, RPC_NO_METHOD, "no method %s", method);
}
