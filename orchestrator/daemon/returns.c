#include "orchestrator/daemon/returns.h"

#include "agents/images/images.h"
#include "orchestrator/daemon/boot.h"
#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/injects.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/provision.h"
#include "orchestrator/daemon/resets.h"
#include "orchestrator/daemon/resume.h"
#include "orchestrator/daemon/terminals.h"
#include "orchestrator/host/host.h"

#include <errno.h>
#include <string.h>

/* How often a libvirt that is away is looked after. */
#define LOOK_US (G_USEC_PER_SEC / 2)

#define ALL_GONE "all its VMs and networks are gone: %s"

G_DEFINE_QUARK(parry - returns - error - quark, returns_error)

/* The words of return.wanted/1. */
static const char *const way_words[] = {
    [RETURN_DISK] = "disk", [RETURN_POINT] = "checkpoint", [RETURN_ANEW] = "anew"};

typedef struct {
    Returns *rn_returns;
    int rn_host;
    gint64 rn_seq; /* of return.wanted/1; 0: none is under way */
    gint64 rn_began_us;
    ReturnWay rn_way;
    char *rn_point;   /* RETURN_POINT: its name */
    gboolean rn_gone; /* it was to be a checkpoint, and the host is not made anew since */
    int rn_times;     /* by the scenario's word, so far */
} Return;

struct Returns {
    Daemon *rt_daemon;
    Return *rt_hosts;
    char *rt_held;       /* why everything waits for white, or NULL */
    char *rt_hypervisor; /* that the VMs ran on */
    struct event *rt_look;
};

static void on_look(evutil_socket_t fd, short what, void *data);

Returns *returns_new(Daemon *d)
{
    Returns *returns = g_new0(Returns, 1);

    returns->rt_daemon = d;
    returns->rt_hosts = g_new0(Return, d->dm_plan->p_hosts->len + 1);
    returns->rt_look = evtimer_new(d->dm_base, on_look, returns);
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++) {
        returns->rt_hosts[i].rn_returns = returns;
        returns->rt_hosts[i].rn_host = (int)i;
    }
    return returns;
}

void returns_free(Returns *returns)
{
    if (!returns)
        return;
    event_free(returns->rt_look);
    for (guint i = 0; i < returns->rt_daemon->dm_plan->p_hosts->len; i++)
        g_free(returns->rt_hosts[i].rn_point);
    g_free(returns->rt_hypervisor);
    g_free(returns->rt_held);
    g_free(returns->rt_hosts);
    g_free(returns);
}

static guint count(const Returns *returns)
{
    return returns->rt_daemon->dm_plan->p_hosts->len;
}

gboolean returns_pending(const Returns *returns, int host)
{
    return returns && returns->rt_hosts[host].rn_seq;
}

gboolean returns_from_disk(const Returns *returns, int host)
{
    return returns_pending(returns, host) &&
           returns->rt_hosts[host].rn_way == RETURN_DISK;
}

const char *returns_point(const Returns *returns, int host)
{
    return returns_pending(returns, host) ? returns->rt_hosts[host].rn_point : NULL;
}

gboolean returns_point_gone(const Returns *returns, int host)
{
    return returns_pending(returns, host) && returns->rt_hosts[host].rn_gone;
}

static void take_way(Return *one, ReturnWay way, const char *point)
{
    g_free(one->rn_point);
    one->rn_point = way == RETURN_POINT ? g_strdup(point) : NULL;
    one->rn_way = way == RETURN_POINT && !point ? RETURN_ANEW : way;
    one->rn_gone = FALSE;
}

/* ---- one host ---- */

ReturnWay returns_way(gboolean disk, const PointMeta *newest, gboolean golden)
{
    if (disk)
        return RETURN_DISK;
    if (!newest || (golden && newest->pm_kind == POINT_AT_READY))
        return RETURN_ANEW;
    return RETURN_POINT;
}

static void take_latest(Return *one)
{
    Daemon *d = one->rn_returns->rt_daemon;
    g_autofree char *disk = boot_path(d, one->rn_host, "disks", ".qcow2");
    g_autoptr(Point) point =
        point_newest(d->dm_dir, plan_host(d->dm_plan, one->rn_host)->ph_domain);

    take_way(one,
             returns_way(provision_image(d->dm_provision, one->rn_host)->disk &&
                             g_file_test(disk, G_FILE_TEST_EXISTS),
                         point ? &point->po_meta : NULL,
                         clones_golden(d->dm_clones, one->rn_host) != NULL),
             point ? point->po_meta.pm_name : NULL);
}

/* What was awaited of what was there before is void, as by a reset. */
static void void_windows(const Return *one)
{
    Daemon *d = one->rn_returns->rt_daemon;

    if (one->rn_way != RETURN_DISK)
        injects_host_reset(d->dm_injects, one->rn_host, one->rn_seq);
}

static void want(Return *one, const char *actor, const char *why)
{
    Daemon *d = one->rn_returns->rt_daemon;

    take_latest(one);
    one->rn_began_us = clock_boottime_us();
    one->rn_seq =
        daemon_event(d, "return.wanted/1", actor, -1, one->rn_host, 0,
                     json_pack("{s:s, s:s*, s:s}", "from", way_words[one->rn_way],
                               "checkpoint", one->rn_point, "reason", why));
    resume_forget(d, one->rn_host);
    hosts_set(d->dm_hosts, one->rn_host, HOST_CREATE, "comes back");
}

static void go(Daemon *d, gint64 seq, gpointer data)
{
    Return *one = data;

    if (!d->dm_provision || one->rn_seq != seq)
        return; /* the daemon ends */
    void_windows(one);
    provision_return(d->dm_provision, one->rn_host);
}

void returns_point_failed(Returns *returns, int host, const char *reason)
{
    Return *one = &returns->rt_hosts[host];

    daemon_event(returns->rt_daemon, "return.anew/1", "parryd", -1, host, one->rn_seq,
                 json_pack("{s:s, s:s}", "checkpoint", one->rn_point, "reason", reason));
    take_way(one, RETURN_ANEW, NULL);
}

static void settle(Return *one, const char *reason)
{
    Daemon *d = one->rn_returns->rt_daemon;
    gint64 seq = one->rn_seq;

    one->rn_seq = 0;
    if (reason)
        daemon_event(d, "return.failed/1", "parryd", -1, one->rn_host, seq,
                     json_pack("{s:s}", "reason", reason));
    else
        daemon_event(d, "return.done/1", "parryd", -1, one->rn_host, seq,
                     json_pack("{s:s, s:s*, s:I}", "from", way_words[one->rn_way],
                               "checkpoint", one->rn_point, "dur_us",
                               (json_int_t)(clock_boottime_us() - one->rn_began_us)));
}

/* A drill that is over needs no VMs; one that is being made has its own way. */
static gboolean takes_back(const Daemon *d)
{
    return d->dm_state == DRILL_READY || d->dm_state == DRILL_RUNNING ||
           d->dm_state == DRILL_PAUSED || d->dm_state == DRILL_STOPPED;
}

static void bring_back(Return *one)
{
    Daemon *d = one->rn_returns->rt_daemon;
    const PlanHost *plan = plan_host(d->dm_plan, one->rn_host);

    if (one->rn_times >= plan->ph_restores) {
        g_autofree char *reason =
            g_strdup_printf("%s; it came back %d times, more the scenario does not allow",
                            hosts_reason(d->dm_hosts, one->rn_host), one->rn_times);
        hosts_set(d->dm_hosts, one->rn_host, HOST_LOST, reason);
        return;
    }
    one->rn_times++;
    want(one, "parryd", "lost");
    daemon_then(d, go, one->rn_seq, one);
}

void returns_host_lost(Returns *returns, int host)
{
    if (!returns || returns->rt_held ||
        resets_busy(returns->rt_daemon->dm_resets, host) ||
        hosts_state(returns->rt_daemon->dm_hosts, host) != HOST_LOST)
        return; /* or it is tried once more, as it was never ready */
    Return *one = &returns->rt_hosts[host];
    if (one->rn_seq)
        settle(one, "its VM was lost again on the way");
    if (takes_back(returns->rt_daemon) && returns->rt_daemon->dm_range &&
        plan_host(returns->rt_daemon->dm_plan, host)->ph_lost == LOST_RESTORE)
        bring_back(one);
}

gboolean returns_settled(Returns *returns)
{
    guint open = 0;

    for (guint i = 0; returns && i < count(returns); i++) {
        Return *one = &returns->rt_hosts[i];
        const Hosts *hosts = returns->rt_daemon->dm_hosts;
        HostState state = hosts_state(hosts, (int)i);

        if (!one->rn_seq)
            continue;
        if (state == HOST_READY || state == HOST_SILENT)
            settle(one, NULL);
        else if (state == HOST_FAILED || state == HOST_LOST || state == HOST_GONE)
            settle(one, hosts_reason(hosts, (int)i));
        else
            open++;
    }
    return open == 0;
}

void returns_failed(Returns *returns, const char *reason)
{
    for (guint i = 0; returns && i < count(returns); i++) {
        Return *one = &returns->rt_hosts[i];

        if (!one->rn_seq)
            continue;
        hosts_set(returns->rt_daemon->dm_hosts, (int)i, HOST_LOST, reason);
        settle(one, reason);
    }
}

/* ---- everything at once ---- */

const char *returns_held(const Returns *returns)
{
    return returns ? returns->rt_held : NULL;
}

char *returns_hypervisor(const Daemon *d)
{
    return d->dm_simulated || d->dm_connect ? NULL : host_identity(d->dm_home);
}

static void lose(Returns *returns, int host, const char *reason)
{
    Daemon *d = returns->rt_daemon;
    HostState state = hosts_state(d->dm_hosts, host);

    if (state == HOST_PLANNED || state == HOST_LOST || state == HOST_GONE)
        return;
    if (returns->rt_hosts[host].rn_seq)
        settle(&returns->rt_hosts[host], reason);
    if (state != HOST_FAILED)
        daemon_event(d, "domain.lost/1", "parryd", -1, host, 0,
                     json_pack("{s:s}", "reason", reason));
    hosts_set(d->dm_hosts, host, HOST_LOST, reason);
    orders_host_lost(d->dm_orders, host, "the VM is gone");
    terminals_host_gone(d->dm_terminals, host, "the VM is gone");
}

/* Everybody is lost, the clock stands, and white has the word. */
static void hold(Returns *returns, const char *why)
{
    Daemon *d = returns->rt_daemon;
    g_autofree char *reason = g_strdup_printf(ALL_GONE, why);

    for (guint i = 0; i < count(returns); i++)
        lose(returns, (int)i, why);
    if (!takes_back(d))
        return;
    g_free(returns->rt_held);
    returns->rt_held = g_steal_pointer(&reason);
    if (d->dm_state == DRILL_RUNNING)
        daemon_set_state(d, DRILL_PAUSED, "parryd", returns->rt_held);
}

static gboolean has_any(const Daemon *d, const json_t *world)
{
    const json_t *object;
    gsize i;

    json_array_foreach (world, i, object) {
        const char *drill = json_string_value(json_object_get(object, "drill"));
        const char *kind = json_string_value(json_object_get(object, "kind"));
        if (g_strcmp0(drill, d->dm_plan->p_uuid) == 0 && g_strcmp0(kind, "filter") != 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean had_any(const Daemon *d)
{
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++)
        if (resume_done(d, "domain.wanted/1", (int)i, NULL, NULL))
            return TRUE;
    return FALSE;
}

gboolean returns_look(Returns *returns, const json_t *world)
{
    Daemon *d = returns ? returns->rt_daemon : NULL;

    if (!returns)
        return FALSE;
    g_free(returns->rt_hypervisor);
    returns->rt_hypervisor = returns_hypervisor(d);
    if (!world || d->dm_state == DRILL_PROVISIONING || has_any(d, world) || !had_any(d))
        return FALSE;
    hold(returns, "the machine, or its hypervisor, was started anew");
    return TRUE;
}

static gboolean is_another(const Returns *returns)
{
    g_autofree char *now = returns_hypervisor(returns->rt_daemon);

    return returns->rt_hypervisor && g_strcmp0(now, returns->rt_hypervisor) != 0;
}

/* The hypervisor ended, and all with it; nobody starts it again but on white's word. */
static void look(Returns *returns)
{
    if (!is_another(returns))
        return;
    g_clear_pointer(&returns->rt_hypervisor, g_free);
    hold(returns, "its hypervisor ended");
}

static void look_later(Returns *returns)
{
    struct timeval tv = {0, LOOK_US};

    evtimer_add(returns->rt_look, &tv);
}

static void on_look(evutil_socket_t fd, short what, void *data)
{
    Returns *returns = data;

    (void)fd;
    (void)what;
    look(returns);
    if (returns->rt_hypervisor)
        look_later(returns);
}

void returns_link(Returns *returns, gboolean connected)
{
    if (!returns || returns->rt_daemon->dm_state == DRILL_DOWN)
        return;
    evtimer_del(returns->rt_look);
    if (!connected) {
        look_later(returns);
        return;
    }
    look(returns);
    g_free(returns->rt_hypervisor);
    returns->rt_hypervisor = returns_hypervisor(returns->rt_daemon);
}

void returns_again(Returns *returns, const char *actor)
{
    Daemon *d = returns ? returns->rt_daemon : NULL;

    for (guint i = 0; returns && i < count(returns); i++) {
        Return *one = &returns->rt_hosts[i];
        HostState state = hosts_state(d->dm_hosts, (int)i);

        if (state != HOST_LOST &&
            (state != HOST_FAILED || !hosts_made(d->dm_hosts, (int)i)))
            continue;
        want(one, actor, "all was gone");
        void_windows(one);
        provision_station_return(d->dm_provision, (int)i);
    }
}

gboolean returns_all(Returns *returns, const char *actor, GError **error)
{
    Daemon *d = returns ? returns->rt_daemon : NULL;

    if (!returns || !returns->rt_held || !takes_back(d)) {
        g_set_error(error, RETURNS_ERROR, EINVAL,
                    "nothing waits for being brought back; `parry reset` is for a host "
                    "that is lost");
        return FALSE;
    }
    g_clear_pointer(&returns->rt_held, g_free);
    returns_again(returns, actor);
    resume_forget(d, -1);
    provision_again(d->dm_provision, actor);
    return TRUE;
}

static void on_still(guint count, const GError *error, gpointer data)
{
    (void)data;
    if (error)
        g_warning("all are back: %u VMs suspended, then: %s", count, error->message);
}

gboolean returns_over(Returns *returns)
{
    static const char reason[] = "every required host is back and isolated";
    Daemon *d = returns ? returns->rt_daemon : NULL;

    if (!returns || !daemon_now(d))
        return FALSE;
    daemon_set_state(d, DRILL_PAUSED, "parryd", reason);
    if (d->dm_rehearsal) /* nobody is there who would resume it */
        daemon_set_state(d, DRILL_RUNNING, "parryd", "a rehearsal goes on by itself");
    else
        range_suspend_all(d->dm_range, on_still, NULL);
    return TRUE;
}

json_t *returns_json(const Returns *returns)
{
    guint lost = 0, coming = 0;

    for (guint i = 0; returns && i < count(returns); i++) {
        lost += hosts_state(returns->rt_daemon->dm_hosts, (int)i) == HOST_LOST;
        coming += returns->rt_hosts[i].rn_seq != 0;
    }
    return json_pack("{s:s?, s:i, s:i}", "held", returns_held(returns), "hosts",
                     (int)lost, "coming", (int)coming);
}

/* ---- taken up again ---- */

static void replay_wanted(Return *one, const JournalEvent *event)
{
    Daemon *d = one->rn_returns->rt_daemon;
    const char *from = json_string_value(json_object_get(event->ev_body, "from"));
    const char *why = json_string_value(json_object_get(event->ev_body, "reason"));
    ReturnWay way = RETURN_DISK;

    while (way < RETURN_ANEW && g_strcmp0(from, way_words[way]) != 0)
        way++;
    one->rn_seq = event->ev_seq;
    take_way(one, way, json_string_value(json_object_get(event->ev_body, "checkpoint")));
    one->rn_times += g_strcmp0(why, "lost") == 0;
    resume_forget(d, one->rn_host);
    if (g_strcmp0(why, "lost") != 0)
        resume_forget(d, -1);
}

void returns_replay(Returns *returns, const JournalEvent *event)
{
    Daemon *d = returns ? returns->rt_daemon : NULL;
    int host =
        returns && *event->ev_host ? plan_host_index(d->dm_plan, event->ev_host) : -1;

    if (host < 0)
        return;
    Return *one = &returns->rt_hosts[host];
    if (strcmp(event->ev_kind, "return.wanted/1") == 0) {
        replay_wanted(one, event);
    } else if (strcmp(event->ev_kind, "return.anew/1") == 0) {
        take_way(one, RETURN_ANEW, NULL);
        one->rn_gone = TRUE;
        resume_forget(d, host);
    } else if (g_str_has_prefix(event->ev_kind, "return.")) {
        one->rn_seq = 0;
    } else if (strcmp(event->ev_kind, "domain.wanted/1") == 0) {
        one->rn_gone = FALSE;
    }
}

/* What was void already is passed over. */
void returns_resume(Returns *returns)
{
    for (guint i = 0; returns && i < count(returns); i++) {
        if (!returns->rt_hosts[i].rn_seq)
            continue;
        returns->rt_hosts[i].rn_began_us = clock_boottime_us();
        void_windows(&returns->rt_hosts[i]);
    }
}
