#include "orchestrator/daemon/pacing.h"

#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/control.h"
#include "orchestrator/daemon/paces_plan.h"
#include "orchestrator/daemon/provision.h"
#include "orchestrator/daemon/returns.h"
#include "orchestrator/range/range_parts.h"

#include <string.h>

#define LOOK_US 250000 /* how often viewers are told what has changed */

typedef enum {
    AT_NOTHING, /* nothing is under way */
    AT_IMAGES,
    AT_HYPERVISOR,
    AT_NETWORKS,
    AT_HOSTS,
    AT_PROOF,
} DrillAt;

typedef struct {
    HostState ru_state;
    gint64 ru_since_us; /* boot time */
    gboolean ru_first;  /* a golden guest is made in its shape */
    gboolean ru_queued; /* libvirt has not begun with it */
    gboolean ru_filter; /* what libvirt was asked for are its filters */
    gboolean ru_wanted; /* libvirt was asked for these or for its VM */
    guint ru_told;      /* hash of what viewers know */
} Run;

struct Pacing {
    Daemon *pg_daemon;
    Paces *pg_known;
    Paces *pg_fresh; /* what this drill has shown so far */
    Run *pg_runs;
    GArray *pg_asked;       /* of int: hosts that libvirt was asked for, in order */
    GHashTable *pg_images;  /* id -> gint64: since when it is made */
    GHashTable *pg_goldens; /* gint64 seq of golden.wanted/1 -> host + 1 */
    DrillAt pg_at;
    gint64 pg_at_us, pg_begun_us;
    PaceWay pg_way;
    char *pg_link; /* why there is no connection to libvirt, or NULL */
    struct event *pg_look;
    guint pg_told;
};

static gint64 now_s(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

static const char *accel_of(const Pacing *pacing)
{
    const char *accel = pacing->pg_daemon->dm_accel;

    return accel ? accel : "qemu";
}

static gboolean is_under_way(const Pacing *pacing)
{
    return pacing->pg_daemon->dm_state == DRILL_PROVISIONING;
}

/* What is replayed took no time, and of a drill that is taken up not all was seen. */
static gboolean is_measured(const Pacing *pacing)
{
    return !pacing->pg_daemon->dm_resume;
}

static void drill_at(Pacing *pacing, DrillAt at)
{
    pacing->pg_at = at;
    pacing->pg_at_us = clock_boottime_us();
}

/* ---- samples ---- */

static void sample(Pacing *pacing, const char *stage, int host, gint64 us)
{
    const Plan *plan = pacing->pg_daemon->dm_plan;
    g_autofree char *key = pace_key(plan, stage, host, accel_of(pacing));

    if (is_measured(pacing))
        paces_add(pacing->pg_fresh, key, us, now_s());
}

typedef struct {
    char *sa_home;
    Paces *sa_fresh;
} Saving;

static void saving_work(gpointer data)
{
    const Saving *saving = data;
    g_autoptr(GError) error = NULL;

    if (!paces_merge(saving->sa_home, saving->sa_fresh, &error))
        g_warning("how long it took is not kept: %s", error->message);
}

static void saving_done(gpointer data, gboolean ran)
{
    Saving *saving = data;

    (void)ran;
    paces_free(saving->sa_fresh);
    g_free(saving->sa_home);
    g_free(saving);
}

/* Off the loop: it is a write to a disk. */
static void keep(Pacing *pacing)
{
    Daemon *d = pacing->pg_daemon;
    Pool *pool = d->dm_provision ? provision_pool(d->dm_provision) : NULL;
    Saving *saving;

    if (!pool || paces_count(pacing->pg_fresh) == 0)
        return;
    saving = g_new0(Saving, 1);
    saving->sa_home = g_strdup(d->dm_home);
    saving->sa_fresh = g_steal_pointer(&pacing->pg_fresh);
    pacing->pg_fresh = paces_new();
    pool_run(pool, POOL_SOON, saving_work, saving_done, saving);
}

static void sample_whole(Pacing *pacing)
{
    const Plan *plan = pacing->pg_daemon->dm_plan;
    gint64 took = clock_boottime_us() - pacing->pg_begun_us;
    guint hosts = plan->p_hosts->len;
    g_autofree char *all = pace_drill_key(plan, accel_of(pacing), pacing->pg_way);
    g_autofree char *each = pace_each_key(hosts, accel_of(pacing), pacing->pg_way);

    if (!hosts || !is_measured(pacing))
        return;
    paces_add(pacing->pg_fresh, all, took, now_s());
    paces_add(pacing->pg_fresh, each, took / hosts, now_s());
}

/* ---- what is watched ---- */

/* What may be cached the next time. */
static void was_made(Pacing *pacing)
{
    if (pacing->pg_way == PACE_WARM)
        pacing->pg_way = PACE_COLD;
}

static void on_clones_off(Pacing *pacing, const JournalEvent *event)
{
    (void)event;
    pacing->pg_way = PACE_BOOTED;
}

static void forget_asked(Pacing *pacing, int host)
{
    pacing->pg_runs[host].ru_wanted = FALSE;
    for (guint i = 0; i < pacing->pg_asked->len; i++)
        if (g_array_index(pacing->pg_asked, int, i) == host) {
            g_array_remove_index(pacing->pg_asked, i);
            return;
        }
}

/* Or comes out of a checkpoint: it does not boot. */
static gboolean is_clone(const Pacing *pacing, int host)
{
    const Daemon *d = pacing->pg_daemon;

    return clones_golden(d->dm_clones, host) || returns_point(d->dm_returns, host);
}

static void sample_step(Pacing *pacing, int host, HostState to)
{
    const Run *run = &pacing->pg_runs[host];
    const Daemon *d = pacing->pg_daemon;
    const char *why = hosts_reason(d->dm_hosts, host); /* so far */
    gint64 took = clock_boottime_us() - run->ru_since_us;
    gboolean clone = is_clone(pacing, host);

    if (run->ru_state == HOST_CREATE && run->ru_first && *why)
        sample(pacing, why, host, took);
    else if (run->ru_state == HOST_CREATE && to == HOST_BOOT && d->dm_range)
        sample(pacing, clone ? PACE_RESTORE : PACE_START, host,
               pool_took_us(range_pool(d->dm_range)));
    else if (run->ru_state == HOST_BOOT && to == HOST_AGENT)
        sample(pacing, clone ? PACE_WAKE : PACE_BOOT, host, took);
    else if (run->ru_state == HOST_AGENT && to == HOST_READY)
        sample(pacing, PACE_PERSONALISE, host, took);
}

void pacing_host(Pacing *pacing, int host, HostState state)
{
    Run *run = &pacing->pg_runs[host];

    if (pacing->pg_daemon->dm_simulated)
        return;
    if (is_under_way(pacing))
        sample_step(pacing, host, state);
    forget_asked(pacing, host);
    run->ru_queued = FALSE;
    run->ru_state = state;
    run->ru_since_us = clock_boottime_us();
}

static void image_wanted(Pacing *pacing, const char *id)
{
    g_hash_table_insert(pacing->pg_images, g_strdup(id),
                        g_memdup2(&(gint64){clock_boottime_us()}, sizeof(gint64)));
}

static void image_done(Pacing *pacing, const json_t *body)
{
    const Plan *plan = pacing->pg_daemon->dm_plan;
    const char *id = json_string_value(json_object_get(body, "image"));
    const gint64 *since = id ? g_hash_table_lookup(pacing->pg_images, id) : NULL;

    for (guint i = 0; since && i < plan->p_images->len; i++) {
        const PlanImage *image = plan_image(plan, (int)i);
        if (strcmp(image->pi_id, id) != 0 ||
            json_is_true(json_object_get(body, "cached")))
            continue;
        g_autofree char *key = pace_image_key(image);
        if (is_measured(pacing))
            paces_add(pacing->pg_fresh, key, clock_boottime_us() - *since, now_s());
        was_made(pacing);
    }
    if (since)
        g_hash_table_remove(pacing->pg_images, id);
    if (pacing->pg_at == AT_IMAGES && g_hash_table_size(pacing->pg_images) == 0)
        drill_at(pacing, AT_HYPERVISOR);
}

static void on_image(Pacing *pacing, const JournalEvent *event)
{
    const char *id = json_string_value(json_object_get(event->ev_body, "image"));

    if (id && strcmp(event->ev_kind, "image.wanted/1") == 0)
        image_wanted(pacing, id);
    else if (strcmp(event->ev_kind, "image.done/1") == 0)
        image_done(pacing, event->ev_body);
}

static void on_libvirt(Pacing *pacing, const JournalEvent *event)
{
    const char *name = json_string_value(json_object_get(event->ev_body, "name"));
    const char *reason = json_string_value(json_object_get(event->ev_body, "reason"));
    gboolean up = strcmp(event->ev_kind, "helper.up/1") == 0;

    if (g_strcmp0(name, "libvirt") != 0)
        return;
    g_clear_pointer(&pacing->pg_link, g_free);
    if (!up)
        pacing->pg_link = g_strdup(reason && *reason ? reason : "it went away");
    if (up && pacing->pg_at <= AT_HYPERVISOR && is_under_way(pacing)) {
        if (pacing->pg_at == AT_HYPERVISOR)
            sample(pacing, PACE_HYPERVISOR, -1, clock_boottime_us() - pacing->pg_at_us);
        drill_at(pacing, AT_NETWORKS);
    }
}

static void on_golden(Pacing *pacing, const JournalEvent *event)
{
    const char *like = json_string_value(json_object_get(event->ev_body, "like"));
    int host = like ? plan_host_index(pacing->pg_daemon->dm_plan, like) : -1;

    if (strcmp(event->ev_kind, "golden.wanted/1") == 0 && host >= 0) {
        g_hash_table_insert(pacing->pg_goldens, g_memdup2(&event->ev_seq, sizeof(gint64)),
                            GINT_TO_POINTER(host + 1));
        pacing->pg_runs[host].ru_first = TRUE;
        if (pacing->pg_at == AT_NETWORKS)
            drill_at(pacing, AT_HOSTS);
        return;
    }
    host = GPOINTER_TO_INT(g_hash_table_lookup(pacing->pg_goldens, &event->ev_ref)) - 1;
    if (host >= 0 && strcmp(event->ev_kind, "golden.done/1") == 0 &&
        !json_is_true(json_object_get(event->ev_body, "cached")))
        was_made(pacing);
}

/* Filters, then the VM: each waits for a worker of libvirt's. */
static void on_asked(Pacing *pacing, const JournalEvent *event)
{
    int host = plan_host_index(pacing->pg_daemon->dm_plan, event->ev_host);
    gboolean filter = strcmp(event->ev_kind, "domain.wanted/1") != 0;

    if (pacing->pg_at == AT_NETWORKS)
        drill_at(pacing, AT_HOSTS);
    if (host < 0 || pacing->pg_runs[host].ru_state != HOST_CREATE)
        return;
    forget_asked(pacing, host);
    g_array_append_val(pacing->pg_asked, host);
    pacing->pg_runs[host].ru_wanted = TRUE;
    pacing->pg_runs[host].ru_filter = filter;
    pacing->pg_runs[host].ru_since_us = clock_boottime_us();
}

static void on_filtered(Pacing *pacing, const JournalEvent *event)
{
    int host = plan_host_index(pacing->pg_daemon->dm_plan, event->ev_host);

    if (host >= 0)
        forget_asked(pacing, host);
}

static void on_proof(Pacing *pacing, const JournalEvent *event)
{
    if (strcmp(event->ev_kind, "isolation.round/1") == 0) {
        if (is_under_way(pacing) && pacing->pg_at != AT_PROOF)
            drill_at(pacing, AT_PROOF);
    } else if (pacing->pg_at == AT_PROOF) {
        sample(pacing, PACE_PROOF, -1, clock_boottime_us() - pacing->pg_at_us);
    }
}

static void on_state(Pacing *pacing, const JournalEvent *event)
{
    const char *to = json_string_value(json_object_get(event->ev_body, "to"));
    struct timeval tv = {0, LOOK_US};

    if (g_strcmp0(to, "provisioning") == 0) {
        pacing->pg_begun_us = clock_boottime_us();
        if (pacing->pg_way != PACE_BOOTED)
            pacing->pg_way = PACE_WARM;
        drill_at(pacing, AT_IMAGES);
        if (pacing->pg_look)
            event_add(pacing->pg_look, &tv);
        return;
    }
    if (pacing->pg_at != AT_NOTHING) {
        if (g_strcmp0(to, "ready") == 0)
            sample_whole(pacing);
        keep(pacing);
    }
    drill_at(pacing, AT_NOTHING);
}

static const struct {
    const char *wa_kind;
    void (*wa_fn)(Pacing *pacing, const JournalEvent *event);
} watched[] = {
    {"drill.state/1", on_state},      {"clones.off/1", on_clones_off},
    {"image.wanted/1", on_image},     {"image.done/1", on_image},
    {"helper.up/1", on_libvirt},      {"helper.down/1", on_libvirt},
    {"golden.wanted/1", on_golden},   {"golden.done/1", on_golden},
    {"domain.wanted/1", on_asked},    {"filter.wanted/1", on_asked},
    {"filter.done/1", on_filtered},   {"isolation.round/1", on_proof},
    {"isolation.proved/1", on_proof},
};

void pacing_event(Pacing *pacing, const JournalEvent *event)
{
    if (pacing->pg_daemon->dm_simulated)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(watched); i++)
        if (strcmp(event->ev_kind, watched[i].wa_kind) == 0)
            watched[i].wa_fn(pacing, event);
}

/* ---- what is told ---- */

static const Paces *known(Pacing *pacing)
{
    if (!pacing->pg_known)
        pacing->pg_known = paces_load(pacing->pg_daemon->dm_home);
    return pacing->pg_known;
}

static gint64 usual(Pacing *pacing, const char *stage, int host)
{
    return pace_usual(known(pacing), pacing->pg_daemon->dm_plan, stage, host,
                      accel_of(pacing));
}

static json_t *telling(const char *stage, const char *why, gint64 since_us, gint64 usual)
{
    return json_pack("{s:s, s:s, s:I, s:I}", "stage", stage, "why", why, "for_us",
                     (json_int_t)(clock_boottime_us() - since_us), "usual_us",
                     (json_int_t)usual);
}

/* Of a host that an earlier daemon brought there: since it was found. */
static gint64 since(Pacing *pacing, int host)
{
    Run *run = &pacing->pg_runs[host];

    if (!run->ru_since_us)
        run->ru_since_us = clock_boottime_us();
    return run->ru_since_us;
}

static json_t *tell_stage(Pacing *pacing, const char *stage, int host)
{
    return telling(stage, "", since(pacing, host), usual(pacing, stage, host));
}

/* Of a hello that does not come one wants to know how long it is waited for. */
static json_t *tell_boot(Pacing *pacing, int host)
{
    const Daemon *d = pacing->pg_daemon;
    json_t *json =
        tell_stage(pacing, is_clone(pacing, host) ? PACE_WAKE : PACE_BOOT, host);

    if (d->dm_provision)
        json_object_set_new(json, "limit_us",
                            json_integer(provision_hello_us(d->dm_provision)));
    return json;
}

/* How many of those that libvirt was asked for are before it and not begun; -1: it is
 * under way. The pool takes them in order. */
static int place_in_queue(const Pacing *pacing, int host)
{
    const Daemon *d = pacing->pg_daemon;
    guint waiting = d->dm_range ? pool_waiting(range_pool(d->dm_range)) : 0;
    guint begun = pacing->pg_asked->len - MIN(waiting, pacing->pg_asked->len);

    for (guint i = begun; i < pacing->pg_asked->len; i++)
        if (g_array_index(pacing->pg_asked, int, i) == host)
            return (int)(i - begun);
    return -1;
}

static json_t *tell_create(Pacing *pacing, int host)
{
    Run *run = &pacing->pg_runs[host];
    const char *why = hosts_reason(pacing->pg_daemon->dm_hosts, host);
    int ahead = run->ru_wanted ? place_in_queue(pacing, host) : -1;

    if (*why)
        return telling(strstr(why, "golden guest") ? "golden" : "wait", why,
                       since(pacing, host), usual(pacing, why, host));
    if (pacing->pg_link)
        return telling("wait", "waits for libvirt: the connection is lost",
                       since(pacing, host), -1);
    if (!run->ru_wanted)
        return telling("wait", "its disk is made", since(pacing, host), -1);
    if (run->ru_queued && ahead < 0) /* its turn has come since the last look */
        run->ru_since_us = clock_boottime_us();
    run->ru_queued = ahead >= 0;
    if (ahead >= 0) {
        json_t *json =
            telling("wait", "waits for a free worker", since(pacing, host), -1);
        json_object_set_new(json, "ahead", json_integer(ahead));
        return json;
    }
    if (run->ru_filter)
        return telling("wait", "its filters are made", since(pacing, host), -1);
    return tell_stage(pacing, is_clone(pacing, host) ? PACE_RESTORE : PACE_START, host);
}

/* Before anything is done for it. */
static json_t *tell_planned(Pacing *pacing, int host)
{
    const Daemon *d = pacing->pg_daemon;
    const PlanHost *plan = plan_host(d->dm_plan, host);
    gboolean hopeless;
    int first = provision_blocker(d->dm_hosts, plan, &hopeless);
    const char *id = plan_image(d->dm_plan, plan->ph_image)->pi_id;
    const char *stage = "wait";
    g_autofree char *why = NULL;

    if (*hosts_reason(d->dm_hosts, host))
        why = g_strdup(hosts_reason(d->dm_hosts, host));
    else if (pacing->pg_at == AT_IMAGES)
        why = g_hash_table_contains(pacing->pg_images, id)
                  ? g_strdup_printf("waits for its image %s", id)
                  : g_strdup("waits for other images");
    else if (pacing->pg_at == AT_HYPERVISOR)
        why = g_strdup("waits for the hypervisor");
    else if (pacing->pg_link)
        why = g_strdup("waits for libvirt: the connection is lost");
    else if (pacing->pg_at == AT_NETWORKS)
        why = g_strdup("waits for the networks");
    else if (first >= 0) {
        stage = "after";
        why = g_strdup_printf("waits for %s to be ready",
                              plan_host(d->dm_plan, first)->ph_id);
    }
    return telling(stage, why ? why : "waits for its turn", pacing->pg_at_us, -1);
}

json_t *pacing_json(Pacing *pacing, int host)
{
    if (!pacing || pacing->pg_daemon->dm_simulated)
        return NULL;
    switch (hosts_state(pacing->pg_daemon->dm_hosts, host)) {
    case HOST_PLANNED:
        return is_under_way(pacing) ? tell_planned(pacing, host) : NULL;
    case HOST_CREATE:
        return tell_create(pacing, host);
    case HOST_BOOT:
        return tell_boot(pacing, host);
    case HOST_AGENT:
        return tell_stage(pacing, PACE_PERSONALISE, host);
    default:
        return NULL;
    }
}

json_t *pacing_drill_json(Pacing *pacing)
{
    guint failed;

    if (!pacing || pacing->pg_daemon->dm_simulated || !is_under_way(pacing))
        return NULL;
    if (pacing->pg_at == AT_HOSTS && !hosts_missing(pacing->pg_daemon->dm_hosts, &failed))
        drill_at(pacing, AT_PROOF);
    if (pacing->pg_link) {
        g_autofree char *why = g_strdup_printf(
            "waits for libvirt: the connection is lost: %s", pacing->pg_link);
        return telling("wait", why, pacing->pg_at_us, -1);
    }
    switch (pacing->pg_at) {
    case AT_IMAGES:
        return telling("image", "images are made or looked up", pacing->pg_at_us, -1);
    case AT_HYPERVISOR:
        return telling("hypervisor", "the hypervisor is started and asked",
                       pacing->pg_at_us, usual(pacing, PACE_HYPERVISOR, -1));
    case AT_NETWORKS:
        return telling("networks", "networks are made", pacing->pg_at_us, -1);
    case AT_PROOF:
        return telling("proof", "all VMs are there: their isolation is proved",
                       pacing->pg_at_us, usual(pacing, PACE_PROOF, -1));
    case AT_HOSTS:
        return telling("vms", "VMs are made", pacing->pg_at_us, -1);
    default:
        return NULL;
    }
}

/* ---- to those who follow ---- */

static guint told_of(const json_t *telling)
{
    const char *stage = json_string_value(json_object_get(telling, "stage"));
    const char *why = json_string_value(json_object_get(telling, "why"));

    return telling ? g_str_hash(stage) * 31 + g_str_hash(why) : 0;
}

static void tell_hosts(Pacing *pacing)
{
    const Plan *plan = pacing->pg_daemon->dm_plan;
    json_t *list = json_array();

    for (guint i = 0; i < plan->p_hosts->len; i++) {
        json_t *doing = pacing_json(pacing, (int)i);
        guint told = told_of(doing);
        if (doing && told != pacing->pg_runs[i].ru_told) {
            json_object_set_new(doing, "id", json_string(plan_host(plan, (int)i)->ph_id));
            json_array_append(list, doing);
        }
        pacing->pg_runs[i].ru_told = told;
        json_decref(doing);
    }
    if (json_array_size(list))
        control_progress(pacing->pg_daemon->dm_control,
                         json_pack("{s:O}", "hosts", list));
    json_decref(list);
}

static void on_look(evutil_socket_t fd, short what, void *data)
{
    Pacing *pacing = data;
    struct timeval tv = {0, LOOK_US};
    json_t *drill;

    (void)fd;
    (void)what;
    if (!is_under_way(pacing) || !pacing->pg_daemon->dm_control)
        return;
    tell_hosts(pacing);
    drill = pacing_drill_json(pacing);
    if (drill && told_of(drill) != pacing->pg_told)
        control_progress(pacing->pg_daemon->dm_control,
                         json_pack("{s:O}", "drill", drill));
    pacing->pg_told = told_of(drill);
    json_decref(drill);
    event_add(pacing->pg_look, &tv);
}

/* ---- life ---- */

Pacing *pacing_new(Daemon *d)
{
    Pacing *pacing = g_new0(Pacing, 1);

    pacing->pg_daemon = d;
    pacing->pg_fresh = paces_new();
    pacing->pg_runs = g_new0(Run, d->dm_plan->p_hosts->len + 1);
    pacing->pg_asked = g_array_new(FALSE, FALSE, sizeof(int));
    pacing->pg_images = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    pacing->pg_goldens = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    if (!d->dm_simulated)
        pacing->pg_look = evtimer_new(d->dm_base, on_look, pacing);
    return pacing;
}

void pacing_free(Pacing *pacing)
{
    if (!pacing)
        return;
    if (pacing->pg_look)
        event_free(pacing->pg_look);
    paces_free(pacing->pg_known);
    paces_free(pacing->pg_fresh);
    g_array_unref(pacing->pg_asked);
    g_hash_table_unref(pacing->pg_images);
    g_hash_table_unref(pacing->pg_goldens);
    g_free(pacing->pg_link);
    g_free(pacing->pg_runs);
    g_free(pacing);
}
