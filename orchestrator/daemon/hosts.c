#include "orchestrator/daemon/hosts.h"

#include "orchestrator/daemon/clocks.h"
#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/control.h"
#include "orchestrator/daemon/isolation.h"
#include "orchestrator/daemon/observations.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/pacing.h"
#include "orchestrator/daemon/points.h"
#include "orchestrator/daemon/provision.h"
#include "orchestrator/daemon/resets.h"
#include "orchestrator/daemon/returns.h"
#include "orchestrator/daemon/terminals.h"
#include "scenarios/base/text.h"

#include <string.h>

typedef struct {
    HostState hr_state;
    char *hr_reason;
    gint64 hr_since_us; /* boot time */
    gboolean hr_connected;
    gint64 hr_beat_us; /* boot time of the last sign of life */
    char hr_boot[40];
    gboolean hr_made; /* it was ready once */
} HostRun;

struct Hosts {
    Daemon *ho_daemon;
    HostRun *ho_runs;
    guint ho_count;
};

static const char *const state_names[] = {
    [HOST_PLANNED] = "planned",     [HOST_CREATE] = "create", [HOST_BOOT] = "boot",
    [HOST_AGENT] = "agent",         [HOST_READY] = "ready",   [HOST_SILENT] = "silent",
    [HOST_SUSPENDED] = "suspended", [HOST_LOST] = "lost",     [HOST_FAILED] = "failed",
    [HOST_GONE] = "gone",
};

const char *host_state_name(HostState state)
{
    return state_names[state];
}

HostState hosts_state(const Hosts *hosts, int host)
{
    return hosts->ho_runs[host].hr_state;
}

const char *hosts_reason(const Hosts *hosts, int host)
{
    return hosts->ho_runs[host].hr_reason;
}

gboolean hosts_connected(const Hosts *hosts, int host)
{
    return hosts->ho_runs[host].hr_connected;
}

void hosts_set(Hosts *hosts, int host, HostState state, const char *reason)
{
    HostRun *run = &hosts->ho_runs[host];
    g_autofree char *old = run->hr_reason;

    if (hosts->ho_daemon->dm_pacing)
        pacing_host(hosts->ho_daemon->dm_pacing, host, state);
    run->hr_state = state;
    run->hr_made = run->hr_made || state == HOST_READY;
    run->hr_reason = g_strdup(reason ? reason : "");
    run->hr_since_us = clock_boottime_us();
    if (hosts->ho_daemon->dm_control)
        control_hosts_changed(hosts->ho_daemon->dm_control);
}

gboolean hosts_made(const Hosts *hosts, int host)
{
    return hosts->ho_runs[host].hr_made;
}

void hosts_renew(Hosts *hosts, int host, const char *reason)
{
    HostRun *run = &hosts->ho_runs[host];

    run->hr_boot[0] = '\0';
    run->hr_connected = FALSE;
    hosts_set(hosts, host, HOST_CREATE, reason);
}

gboolean hosts_heard(const Hosts *hosts, int host)
{
    return hosts->ho_runs[host].hr_connected &&
           hosts->ho_runs[host].hr_state != HOST_SILENT;
}

gint64 hosts_age_us(const Hosts *hosts, int host)
{
    return clock_boottime_us() - hosts->ho_runs[host].hr_beat_us;
}

void hosts_touch(Hosts *hosts, int host)
{
    hosts->ho_runs[host].hr_beat_us = clock_boottime_us();
}

/* A host that had fallen silent is heard again. */
static void host_spoke(Hosts *hosts, int host)
{
    const HostRun *run = &hosts->ho_runs[host];

    if (run->hr_state != HOST_SILENT)
        return;
    daemon_event(hosts->ho_daemon, "agent.back/1", "agent", -1, host, 0,
                 json_pack("{s:I}", "silent_us", (json_int_t)hosts_age_us(hosts, host)));
    hosts_set(hosts, host, HOST_READY, NULL);
}

Hosts *hosts_new(Daemon *d)
{
    Hosts *hosts = g_new0(Hosts, 1);

    hosts->ho_daemon = d;
    hosts->ho_count = d->dm_plan->p_hosts->len;
    hosts->ho_runs = g_new0(HostRun, hosts->ho_count + 1);
    for (guint i = 0; i < hosts->ho_count; i++)
        hosts->ho_runs[i].hr_reason = g_strdup("");
    return hosts;
}

void hosts_free(Hosts *hosts)
{
    if (!hosts)
        return;
    for (guint i = 0; i < hosts->ho_count; i++)
        g_free(hosts->ho_runs[i].hr_reason);
    g_free(hosts->ho_runs);
    g_free(hosts);
}

/* The drill was ready without it. */
static void host_joins(Daemon *d, int host)
{
    if (d->dm_state < DRILL_READY || d->dm_state > DRILL_STOPPED)
        return;
    daemon_event(d, "host.joined/1", "parryd", -1, host, 0, NULL);
    isolation_joined(d->dm_isolation, host);
}

static void on_personalised(Daemon *d, gint64 id, gboolean ok, const char *text,
                            json_t *rows, gpointer data)
{
    int host = GPOINTER_TO_INT(data);

    (void)rows;
    if (ok) {
        gboolean joins = !hosts_made(d->dm_hosts, host);
        if (!resets_agent(d->dm_resets, host, TRUE, NULL))
            hosts_set(d->dm_hosts, host, HOST_READY, NULL);
        daemon_event(d, "agent.ready/1", "agent", -1, host, id,
                     json_pack("{s:s}", "text", text ? text : ""));
        observations_watch(d->dm_observations, host);
        if (joins)
            host_joins(d, host);
    } else {
        g_autofree char *reason = g_strdup_printf("personalise: %s", text ? text : "");
        if (!resets_agent(d->dm_resets, host, FALSE, reason))
            provision_host_failed(d->dm_provision, host, reason);
    }
    provision_advance(d->dm_provision);
}

/* Its guest came out of a checkpoint. */
static gboolean is_as_saved(const Daemon *d, int host)
{
    return resets_point(d->dm_resets, host) || returns_point(d->dm_returns, host);
}

/*
 * A hello of a new boot: nothing of the old one is still running. The guest may say what
 * it likes about itself; the socket tells which host it is.
 */
static void host_hello(Hosts *hosts, const struct hub_head *head,
                       const struct hub_hello *hello)
{
    Daemon *d = hosts->ho_daemon;
    int host = (int)head->rc_host;
    HostRun *run = &hosts->ho_runs[host];
    gboolean new_boot = strcmp(run->hr_boot, hello->boot) != 0;
    g_autofree char *name = parry_text_safe(hello->name, -1);
    g_autofree char *agent = parry_text_safe(hello->agent, -1);

    run->hr_connected = TRUE;
    daemon_event(d, "agent.hello/1", "agent", -1, host, 0,
                 json_pack("{s:s, s:s, s:I, s:s}", "version", agent, "boot", hello->boot,
                           "epoch", (json_int_t)hello->epoch, "name", name));
    if (new_boot) {
        if (run->hr_boot[0]) {
            orders_host_lost(d->dm_orders, host, "the guest booted anew");
            terminals_host_gone(d->dm_terminals, host, "the guest booted anew");
        }
        g_strlcpy(run->hr_boot, hello->boot, sizeof(run->hr_boot));
        hosts_set(hosts, host, HOST_AGENT, NULL);
        clocks_set(d, host, "personalised");
        if (is_as_saved(d, host))
            points_rejoin(d, host, on_personalised, GINT_TO_POINTER(host));
        else
            clones_personalise(d, host, on_personalised, GINT_TO_POINTER(host));
    } else {
        host_spoke(hosts, host);
        points_hello(d->dm_points, host);
    }
    run->hr_beat_us = clock_boottime_us();
}

static void host_gone(Hosts *hosts, const struct hub_head *head,
                      const struct hub_gone *gone, const void *tail)
{
    Daemon *d = hosts->ho_daemon;
    int host = (int)head->rc_host;
    HostRun *run = &hosts->ho_runs[host];
    g_autofree char *reason = parry_text_safe(tail, head->rc_len);

    run->hr_connected = FALSE;
    if (head->rc_type == HUB_CUT) {
        terminals_host_gone(d->dm_terminals, host, reason);
        daemon_event(d, "agent.cut/1", "parryd", -1, host, 0,
                     json_pack("{s:s, s:I, s:I, s:I}", "reason", reason, "lines",
                               (json_int_t)gone->lines, "refused",
                               (json_int_t)gone->refused, "bytes",
                               (json_int_t)gone->bytes));
    }
}

static void host_alive(Hosts *hosts, int host)
{
    HostRun *run = &hosts->ho_runs[host];

    run->hr_connected = TRUE;
    host_spoke(hosts, host);
    run->hr_beat_us = clock_boottime_us();
}

void hosts_record(Hosts *hosts, const struct hub_head *head, const void *body,
                  const void *tail)
{
    switch ((HubRecordType)head->rc_type) {
    case HUB_HELLO:
        host_hello(hosts, head, body);
        break;
    case HUB_GONE:
    case HUB_CUT:
        host_gone(hosts, head, body, tail);
        break;
    default: /* whatever else it says is a sign of life */
        host_alive(hosts, (int)head->rc_host);
        break;
    }
}

void hosts_range_event(Hosts *hosts, int host, RangeEvent event, const char *detail)
{
    Daemon *d = hosts->ho_daemon;
    HostRun *run = &hosts->ho_runs[host];

    if (event != RANGE_DOMAIN_STOPPED && event != RANGE_DOMAIN_CRASHED)
        return;
    if (points_standing(d->dm_points, host)) /* it is in a file, and comes back */
        return;
    if (run->hr_state == HOST_GONE || run->hr_state == HOST_LOST ||
        d->dm_state == DRILL_DOWN)
        return;
    /* The one before is meant: whoever comes back has none yet. */
    if (run->hr_state == HOST_CREATE && returns_pending(d->dm_returns, host))
        return;
    hosts_set(hosts, host, HOST_LOST, detail);
    run->hr_connected = FALSE;
    daemon_event(d, "domain.lost/1", "libvirt", -1, host, 0,
                 json_pack("{s:s}", "reason", detail ? detail : ""));
    orders_host_lost(d->dm_orders, host, "the VM is gone");
    terminals_host_gone(d->dm_terminals, host, "the VM is gone");
    provision_host_lost(d->dm_provision, host, detail ? detail : "its VM ended");
    returns_host_lost(d->dm_returns, host);
}

guint hosts_missing(const Hosts *hosts, guint *failed)
{
    guint missing = 0;

    *failed = 0;
    for (guint i = 0; i < hosts->ho_count; i++) {
        const PlanHost *host = plan_host(hosts->ho_daemon->dm_plan, (int)i);
        HostState state = hosts->ho_runs[i].hr_state;
        if (!host->ph_required || state == HOST_READY || state == HOST_SILENT)
            continue;
        missing++;
        *failed += state == HOST_FAILED || state == HOST_LOST;
    }
    return missing;
}

guint hosts_pending(const Hosts *hosts)
{
    guint pending = 0;

    for (guint i = 0; i < hosts->ho_count; i++)
        pending += hosts->ho_runs[i].hr_state <= HOST_AGENT;
    return pending;
}

/* What the hypervisor says of a guest is for white alone. */
static const char *reason_for(const HostRun *run, int team)
{
    return team >= 0 && run->hr_state == HOST_SILENT ? "its agent is silent"
                                                     : run->hr_reason;
}

/* What only white is told: what it does on its way, how complete the observations are,
 * and the guest's clock. */
static void add_seen(const Daemon *d, int host, json_t *entry)
{
    json_t *observed = observations_json(d->dm_observations, host);
    json_t *clock = observations_clock_json(d->dm_observations, host);
    json_t *doing = pacing_json(d->dm_pacing, host);

    if (doing)
        json_object_set_new(entry, "doing", doing);
    if (observed)
        json_object_set_new(entry, "observed", observed);
    if (clock)
        json_object_set_new(entry, "clock", clock);
}

/* What a reset of it would go back to. */
static void add_resettable(const Daemon *d, int host, json_t *entry)
{
    const char *why;
    const char *way = points_reset_way(d->dm_points, host, &why);

    json_object_set_new(entry, "resettable", json_boolean(strcmp(way, "boot") != 0));
    json_object_set_new(entry, "reset_by", json_string(way));
    json_object_set_new(entry, "reset_why", json_string(why));
}

char *hosts_failures(const Hosts *hosts)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < hosts->ho_count; i++) {
        const HostRun *run = &hosts->ho_runs[i];

        if (run->hr_state == HOST_FAILED || run->hr_state == HOST_LOST)
            g_string_append_printf(text, "%s%s: %s", text->len ? "; " : "",
                                   plan_host(hosts->ho_daemon->dm_plan, (int)i)->ph_id,
                                   run->hr_reason);
    }
    return g_string_free(text, FALSE);
}

/* The drill goes on without it. */
static gboolean is_missing(const Hosts *hosts, const HostRun *run)
{
    DrillState state = hosts->ho_daemon->dm_state;

    return !run->hr_made && state >= DRILL_READY && state <= DRILL_PROVISIONAL;
}

json_t *hosts_json(const Hosts *hosts, int team)
{
    const Plan *plan = hosts->ho_daemon->dm_plan;
    json_t *list = json_array();

    for (guint i = 0; i < hosts->ho_count; i++) {
        const PlanHost *host = plan_host(plan, (int)i);
        const HostRun *run = &hosts->ho_runs[i];
        if (team >= 0 && host->ph_team != team)
            continue;
        const PlanNic *nic = host->ph_nics->len ? host->ph_nics->pdata[0] : NULL;
        g_autofree char *ip = nic ? plan_addr_text(nic->ni_addr) : g_strdup("");
        json_t *entry = json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:s}", "id", host->ph_id, "name",
            host->ph_name, "state", host_state_name(run->hr_state), "ip", ip, "reason",
            reason_for(run, team), "since_us", (json_int_t)run->hr_since_us, "own",
            host->ph_owner == plan_team(plan, host->ph_team)->pt_side, "owner",
            plan_side_name(host->ph_owner));
        json_object_set_new(entry, "missing", json_boolean(is_missing(hosts, run)));
        if (team < 0) {
            json_object_set_new(
                entry, "tries",
                json_integer(provision_tries(hosts->ho_daemon->dm_provision, (int)i)));
            add_seen(hosts->ho_daemon, (int)i, entry);
            add_resettable(hosts->ho_daemon, (int)i, entry);
        }
        json_array_append_new(list, entry);
    }
    return list;
}

/* ---- taken up again ---- */

static const struct {
    const char *to_kind;
    HostState to_state;
} told[] = {
    {"domain.wanted/1", HOST_CREATE}, {"domain.done/1", HOST_BOOT},
    {"domain.failed/1", HOST_FAILED}, {"domain.lost/1", HOST_LOST},
    {"agent.ready/1", HOST_READY},    {"agent.lost/1", HOST_SILENT},
    {"reset.wanted/1", HOST_CREATE},  {"reset.done/1", HOST_READY},
    {"reset.failed/1", HOST_FAILED},  {"host.retry/1", HOST_CREATE},
    {"return.wanted/1", HOST_CREATE}, {"return.anew/1", HOST_CREATE},
    {"return.failed/1", HOST_LOST},
};

static void replay_hello(HostRun *run, const json_t *body)
{
    const char *boot = json_string_value(json_object_get(body, "boot"));

    if (g_strcmp0(boot, run->hr_boot) != 0) {
        g_strlcpy(run->hr_boot, boot ? boot : "", sizeof(run->hr_boot));
        run->hr_state = HOST_AGENT;
    } else if (run->hr_state == HOST_SILENT) {
        run->hr_state = HOST_READY;
    }
}

void hosts_replay(Hosts *hosts, const JournalEvent *event)
{
    const Plan *plan = hosts->ho_daemon->dm_plan;
    int host = *event->ev_host ? plan_host_index(plan, event->ev_host) : -1;
    const char *reason = json_string_value(json_object_get(event->ev_body, "reason"));

    if (host < 0)
        return;
    HostRun *run = &hosts->ho_runs[host];
    if (strcmp(event->ev_kind, "agent.hello/1") == 0)
        replay_hello(run, event->ev_body);
    if (strcmp(event->ev_kind, "reset.wanted/1") == 0 ||
        strcmp(event->ev_kind, "host.retry/1") == 0 ||
        strcmp(event->ev_kind, "return.wanted/1") == 0 ||
        strcmp(event->ev_kind, "return.anew/1") == 0)
        run->hr_boot[0] = '\0';
    for (guint i = 0; i < G_N_ELEMENTS(told); i++) {
        if (strcmp(event->ev_kind, told[i].to_kind) != 0)
            continue;
        /* An agent may say hello before libvirt says that its VM was started. */
        if (told[i].to_state == HOST_BOOT && run->hr_state != HOST_CREATE)
            return;
        run->hr_state = told[i].to_state;
        if (run->hr_state == HOST_BOOT && plan_host(plan, host)->ph_agent == AGENT_NONE)
            run->hr_state = HOST_READY;
        run->hr_made = run->hr_made || run->hr_state == HOST_READY;
        g_free(run->hr_reason);
        run->hr_reason = g_strdup(reason ? reason : "");
    }
}

const char *hosts_boot(const Hosts *hosts, int host)
{
    return hosts->ho_runs[host].hr_boot;
}

/* An agent has the grace of one that just spoke. One that was being personalised is told
 * the same once more: under its old number where that is open. Not where its guest is
 * about to be another one. */
void hosts_resume(Hosts *hosts)
{
    Daemon *d = hosts->ho_daemon;

    for (guint i = 0; i < hosts->ho_count; i++) {
        HostRun *run = &hosts->ho_runs[i];
        run->hr_beat_us = run->hr_since_us = clock_boottime_us();
        if (run->hr_state != HOST_AGENT || resets_pending(d->dm_resets, (int)i) ||
            clones_again(d->dm_clones, (int)i))
            continue;
        if (returns_point(d->dm_returns, (int)i))
            points_rejoin(d, (int)i, on_personalised, GINT_TO_POINTER((int)i));
        else
            clones_personalise_resume(d, (int)i, on_personalised,
                                      GINT_TO_POINTER((int)i));
    }
}
