#include "orchestrator/range/range.h"

#include "orchestrator/range/act.h"
#include "orchestrator/range/connection.h"
#include "orchestrator/range/domain_xml.h"
#include "orchestrator/range/filter.h"
#include "orchestrator/range/inspect.h"
#include "orchestrator/range/network_xml.h"
#include "orchestrator/range/pool.h"
#include "orchestrator/range/range_parts.h"
#include "orchestrator/range/stand.h"
#include "orchestrator/range/sweep.h"
#include "orchestrator/range/watch.h"

/* libvirt serves 5 calls at a time on a connection, keepalives included. */
#define WORKERS_MAX 4

struct Range {
    const Plan *ra_plan;
    RangeConfig ra_config; /* its texts are copies */
    struct event_base *ra_base;
    Pool *ra_pool;
    Connection *ra_link;
    Watch *ra_watch;
    GHashTable *ra_hosts; /* domain UUID -> host + 1 */
    GQueue *ra_queues;    /* a host each: Jobs, the first is under way */
    gboolean ra_events;   /* holds the event thread */
    gboolean ra_freeing;
    Stand *ra_stand;        /* who stands still; whatever is created there stays paused */
    int ra_ending;          /* atomic: a teardown is under way: nothing more is created */
    int ra_creating;        /* creating jobs that are queued or in flight */
    GPtrArray *ra_parked;   /* Sweeps that wait until ra_creating is 0 */
    struct event *ra_again; /* looks at everything once more, ra_looks times */
    guint ra_looks;
};

typedef enum {
    JOB_FILTERS,
    JOB_NETWORK,
    JOB_CREATE, /* or restored */
    JOB_DESTROY,
    JOB_RESET,
    JOB_SAVE
} JobKind;

/* One act on one host or network. */
typedef struct {
    Range *jo_range;
    JobKind jo_kind;
    int jo_host;        /* -1: not about a host's domain */
    gboolean jo_direct; /* a save, past the page cache */
    GArray *jo_objects; /* of ActObject */
    GError *jo_error;
    RangeDone jo_done;
    gpointer jo_data;
} Job;

/* One look at a domain. */
typedef struct {
    Range *lo_range;
    int lo_host;
    guint lo_turn;
    const char *lo_uuid; /* the plan's */
    ActState lo_state;
    GError *lo_error;
} Look;

/* One act on everything. */
typedef struct {
    Range *su_range;
    gboolean su_resume;
    GHashTable *su_hosts; /* host + 1: only theirs; NULL: all */
    GPtrArray *su_uuids;
    guint su_count;
    RangeRemoved su_removed, su_total;
    gboolean su_raced; /* something was being created when the look began */
    GError *su_error;
    RangeCounted su_counted;
    RangeTornDown su_torn;
    gpointer su_data;
} Sweep;

typedef struct {
    Range *vi_range;
    json_t *vi_rows;
    GError *vi_error;
    RangeInspected vi_done;
    gpointer vi_data;
} Visit;

static void cancelled(GError **error)
{
    g_clear_error(error);
    g_set_error(error, RANGE_ERROR, RANGE_ERROR_CANCELLED,
                "range: torn down or ended before the call began");
}

/* A connection of its own for what acts on everything: no call in flight on the range's
 * own can be in its way, and it works while that is being opened again. */
static virConnectPtr own_connection(Range *range, GError **error)
{
    virConnectPtr conn = virt_open(range->ra_config.rg_uri, error);

    if (conn)
        return conn;
    conn = connection_get(range->ra_link, NULL);
    if (conn)
        g_clear_error(error);
    return conn;
}

/* ---- events ---- */

static void look_work(gpointer data)
{
    Look *look = data;
    g_autoptr(virConnect) conn = connection_get(look->lo_range->ra_link, &look->lo_error);

    if (conn)
        act_domain_state(conn, look->lo_uuid, &look->lo_state, &look->lo_error);
}

static void look_done(gpointer data, gboolean ran)
{
    g_autofree Look *look = data;
    Watch *watch = look->lo_range->ra_watch;

    if (ran && !look->lo_error && !look->lo_range->ra_freeing)
        watch_seen(watch, look->lo_host, look->lo_turn, look->lo_state);
    else
        watch_missed(watch, look->lo_host);
    g_clear_error(&look->lo_error);
}

static void on_look(int host, guint turn, gpointer data)
{
    Range *range = data;
    Look *look = g_new0(Look, 1);

    look->lo_range = range;
    look->lo_host = host;
    look->lo_turn = turn;
    look->lo_uuid = plan_host(range->ra_plan, host)->ph_uuid;
    pool_run(range->ra_pool, POOL_SOON, look_work, look_done, look);
}

/* What libvirt's (event, detail) says, for people; most others change no state. */
static const struct {
    int de_event, de_detail;
    gboolean de_crashed;
    const char *de_text;
} event_texts[] = {
    {VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_CRASHED, TRUE, "it crashed"},
    {VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_FAILED, TRUE,
     "its QEMU process ended unexpectedly"},
    {VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN, FALSE,
     "it was shut down from inside"},
    {VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_DESTROYED, FALSE,
     "it was destroyed, not by this drill"},
    {VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SAVED, FALSE, "it was saved"},
    {VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_PAUSED, FALSE,
     "it was paused, not by this drill"},
    {VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_IOERROR, FALSE,
     "its disk failed: is the hypervisor's disk full?"},
    {VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_WATCHDOG, FALSE,
     "its watchdog fired"},
    {VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_UNPAUSED, FALSE,
     "it was resumed, not by this drill"},
    {VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_BOOTED, FALSE,
     "it was started, not by this drill"},
    {VIR_DOMAIN_EVENT_CRASHED, VIR_DOMAIN_EVENT_CRASHED_PANICKED, TRUE,
     "its kernel panicked"},
};

static void on_domain(const char *uuid, int event, int detail, gpointer data)
{
    Range *range = data;
    int host = GPOINTER_TO_INT(g_hash_table_lookup(range->ra_hosts, uuid)) - 1;

    if (host < 0)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(event_texts); i++)
        if (event_texts[i].de_event == event && event_texts[i].de_detail == detail) {
            watch_hint(range->ra_watch, host, event_texts[i].de_crashed,
                       event_texts[i].de_text);
            return;
        }
    watch_hint(range->ra_watch, host, FALSE, "libvirt reported a change");
}

#define AWAY_TEXT "found so after libvirt was away"
#define AGAIN_S 2
#define AGAIN_LOOKS 5

/*
 * A libvirtd that was started again takes up its guests by and by, after it lets clients
 * in: it shows one that died meanwhile as running until it gets to it, and then tells
 * nobody.
 */
static void look_again(Range *range)
{
    struct timeval tv = {AGAIN_S, 0};

    watch_all(range->ra_watch, AWAY_TEXT);
    if (range->ra_looks == 0)
        return;
    range->ra_looks--;
    evtimer_add(range->ra_again, &tv);
}

static void on_again(evutil_socket_t fd, short what, void *data)
{
    (void)fd;
    (void)what;
    look_again(data);
}

static void on_change(gboolean connected, const char *reason, gpointer data)
{
    Range *range = data;

    if (range->ra_config.rg_on_link)
        range->ra_config.rg_on_link(connected, reason, range->ra_config.rg_data);
    if (!connected)
        return;
    range->ra_looks = AGAIN_LOOKS;
    look_again(range);
}

/* ---- acts on one object ---- */

static gboolean job_creates(const Job *job)
{
    return job->jo_kind < JOB_DESTROY;
}

static gboolean job_act(Job *job, virConnectPtr conn, const ActObject *object)
{
    switch (job->jo_kind) {
    case JOB_FILTERS:
        return filter_apply(job->jo_range->ra_config.rg_uri, object->ob_xml,
                            &job->jo_error);
    case JOB_NETWORK:
        return act_network_create(conn, object, &job->jo_error);
    case JOB_CREATE:
        return act_domain_create(conn, object,
                                 stand_of(job->jo_range->ra_stand, job->jo_host),
                                 &job->jo_error);
    case JOB_DESTROY:
        return act_domain_destroy(conn, object, &job->jo_error);
    case JOB_RESET:
        return act_domain_reset(conn, object, &job->jo_error);
    case JOB_SAVE:
        return act_domain_save(conn, object, job->jo_direct, &job->jo_error);
    }
    return FALSE;
}

static void job_work(gpointer data)
{
    Job *job = data;
    g_autoptr(virConnect) conn = NULL;

    if (job_creates(job) && g_atomic_int_get(&job->jo_range->ra_ending)) {
        cancelled(&job->jo_error);
        return;
    }
    conn = connection_get(job->jo_range->ra_link, &job->jo_error);
    for (guint i = 0; conn && i < job->jo_objects->len; i++)
        if (!job_act(job, conn, &g_array_index(job->jo_objects, ActObject, i)))
            return;
}

static void start_parked(Range *range);
static void job_done(gpointer data, gboolean ran);

static void job_free(Job *job)
{
    g_clear_error(&job->jo_error);
    g_array_unref(job->jo_objects);
    g_free(job);
}

/* The act on the host's domain is over: begin the next one. */
static void host_done(Range *range, Job *job)
{
    GQueue *queue = &range->ra_queues[job->jo_host];
    gboolean ends = job->jo_kind == JOB_DESTROY || job->jo_kind == JOB_SAVE;
    int still = g_atomic_int_get(stand_of(range->ra_stand, job->jo_host));
    ActState state = ends ? ACT_ABSENT : still ? ACT_PAUSED : ACT_RUNNING;

    watch_end(range->ra_watch, job->jo_host, !job->jo_error, state);
    g_queue_pop_head(queue);
    if (!g_queue_is_empty(queue))
        pool_run(range->ra_pool, POOL_NORMAL, job_work, job_done,
                 g_queue_peek_head(queue));
}

static void job_done(gpointer data, gboolean ran)
{
    Job *job = data;
    Range *range = job->jo_range;

    if (!ran)
        cancelled(&job->jo_error);
    if (job_creates(job))
        range->ra_creating--;
    if (job->jo_host >= 0)
        host_done(range, job);
    if (job->jo_done)
        job->jo_done(job->jo_error, job->jo_data);
    start_parked(range);
    job_free(job);
}

static Job *job_new(Range *range, JobKind kind, int host, RangeDone done, gpointer data)
{
    Job *job = g_new0(Job, 1);

    job->jo_range = range;
    job->jo_kind = kind;
    job->jo_host = host;
    job->jo_done = done;
    job->jo_data = data;
    job->jo_objects = g_array_new(FALSE, TRUE, sizeof(ActObject));
    g_array_set_clear_func(job->jo_objects, (GDestroyNotify)act_object_clear);
    return job;
}

/* Takes over name, uuid and xml. */
static void job_add(Job *job, char *name, char *uuid, char *xml)
{
    ActObject object = {.ob_name = name,
                        .ob_uuid = uuid,
                        .ob_drill = g_strdup(job->jo_range->ra_config.rg_drill),
                        .ob_xml = xml};

    g_array_append_val(job->jo_objects, object);
}

/* Acts on one host's domain follow one another; others go side by side. */
static void job_start(Job *job)
{
    Range *range = job->jo_range;
    GQueue *queue = job->jo_host >= 0 ? &range->ra_queues[job->jo_host] : NULL;

    if (job_creates(job))
        range->ra_creating++;
    if (queue) {
        watch_begin(range->ra_watch, job->jo_host);
        g_queue_push_tail(queue, job);
    }
    if (!queue || g_queue_get_length(queue) == 1)
        pool_run(range->ra_pool, POOL_NORMAL, job_work, job_done, job);
}

void range_filter_create(Range *range, int host, RangeDone done, gpointer data)
{
    const char *drill = range->ra_config.rg_drill;
    Job *job = job_new(range, JOB_FILTERS, -1, done, data);

    job_add(job, filter_table(drill), NULL, filter_rules(range->ra_plan, drill, host));
    job_start(job);
}

void range_network_create(Range *range, int network, RangeDone done, gpointer data)
{
    const PlanNetwork *net = plan_network(range->ra_plan, network);
    Job *job = job_new(range, JOB_NETWORK, -1, done, data);

    job_add(job, g_strdup(net->pn_libvirt), g_strdup(net->pn_uuid),
            network_xml(range->ra_plan, range->ra_config.rg_drill, network));
    job_start(job);
}

/* A golden guest is no host's domain: nobody watches it, nothing of its host's waits. */
static Job *domain_job_new(Range *range, JobKind kind, int host, gboolean golden,
                           char *xml)
{
    const PlanHost *owner = plan_host(range->ra_plan, host);
    Job *job = job_new(range, kind, golden ? -1 : host, NULL, NULL);

    job_add(job, domain_name(owner, golden), domain_uuid(owner, golden), xml);
    return job;
}

static void domain_job_start(Job *job, RangeDone done, gpointer data)
{
    job->jo_done = done;
    job->jo_data = data;
    job_start(job);
}

static void domain_job(Range *range, JobKind kind, int host, char *xml, RangeDone done,
                       gpointer data)
{
    domain_job_start(domain_job_new(range, kind, host, FALSE, xml), done, data);
}

void range_domain_create(Range *range, int host, const RangeDomain *domain,
                         RangeDone done, gpointer data)
{
    char *xml = domain_xml(range->ra_plan, &range->ra_config, host, domain);

    domain_job_start(domain_job_new(range, JOB_CREATE, host, domain->rd_golden, xml),
                     done, data);
}

void range_restore(Range *range, int host, const RangeDomain *domain, const char *from,
                   const char *at, RangeDone done, gpointer data)
{
    char *xml = domain_xml(range->ra_plan, &range->ra_config, host, domain);
    Job *job = domain_job_new(range, JOB_CREATE, host, FALSE, xml);
    ActObject *object = &g_array_index(job->jo_objects, ActObject, 0);

    object->ob_from = g_strdup(from);
    object->ob_to = g_strdup(at);
    domain_job_start(job, done, data);
}

void range_save(Range *range, const RangeSave *save, RangeDone done, gpointer data)
{
    Job *job = domain_job_new(range, JOB_SAVE, save->sv_host, save->sv_golden, NULL);

    g_array_index(job->jo_objects, ActObject, 0).ob_to = g_strdup(save->sv_path);
    job->jo_direct = save->sv_direct;
    domain_job_start(job, done, data);
}

void range_golden_destroy(Range *range, int host, RangeDone done, gpointer data)
{
    domain_job_start(domain_job_new(range, JOB_DESTROY, host, TRUE, NULL), done, data);
}

void range_domain_destroy(Range *range, int host, RangeDone done, gpointer data)
{
    domain_job(range, JOB_DESTROY, host, NULL, done, data);
}

void range_domain_reset(Range *range, int host, RangeDone done, gpointer data)
{
    domain_job(range, JOB_RESET, host, NULL, done, data);
}

char *range_shape(const Range *range, int host, const RangeDomain *domain)
{
    return domain_shape(range->ra_plan, &range->ra_config, host, domain);
}

GPtrArray *range_filter_names(const Range *range, int host)
{
    const PlanHost *owner = plan_host(range->ra_plan, host);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < owner->ph_nics->len; i++)
        if (filter_needed(range->ra_plan, g_ptr_array_index(owner->ph_nics, i)))
            g_ptr_array_add(names, filter_port(range->ra_plan, host, (int)i));
    return names;
}

/* ---- acts on everything ---- */

static void begin_all(Range *range)
{
    for (guint i = 0; i < range->ra_plan->p_hosts->len; i++)
        watch_begin(range->ra_watch, (int)i);
}

static void end_all(Range *range, gboolean known, ActState state)
{
    for (guint i = 0; i < range->ra_plan->p_hosts->len; i++)
        watch_end(range->ra_watch, (int)i, known, state);
}

static void sweep_drop(Sweep *sweep)
{
    g_clear_error(&sweep->su_error);
    g_ptr_array_unref(sweep->su_uuids);
    g_clear_pointer(&sweep->su_hosts, g_hash_table_unref);
    g_free(sweep);
}

static Sweep *sweep_begin(Range *range, gpointer data)
{
    Sweep *sweep = g_new0(Sweep, 1);

    sweep->su_range = range;
    sweep->su_data = data;
    sweep->su_uuids = g_ptr_array_new_with_free_func(g_free);
    begin_all(range);
    return sweep;
}

/* Whether what stands, and what does not, wants this domain touched by that sweep. */
static gboolean wants_pause(const char *uuid, gpointer data)
{
    const Sweep *sweep = data;
    gpointer known = g_hash_table_lookup(sweep->su_range->ra_hosts, uuid);
    const int *still = stand_of(sweep->su_range->ra_stand, GPOINTER_TO_INT(known) - 1);

    if (sweep->su_hosts && !g_hash_table_contains(sweep->su_hosts, known))
        return FALSE;
    return (g_atomic_int_get(still) == 0) == sweep->su_resume;
}

static void pause_work(gpointer data)
{
    Sweep *sweep = data;
    SweepPause pause = {sweep->su_resume, wants_pause, sweep};
    g_autoptr(virConnect) conn = own_connection(sweep->su_range, &sweep->su_error);

    if (conn)
        sweep_pause(conn, sweep->su_range->ra_config.rg_drill, &pause, &sweep->su_count,
                    sweep->su_uuids, &sweep->su_error);
}

static void pause_done(gpointer data, gboolean ran)
{
    Sweep *sweep = data;
    Range *range = sweep->su_range;

    if (!ran)
        cancelled(&sweep->su_error);
    for (guint i = 0; i < sweep->su_uuids->len; i++) {
        const char *uuid = g_ptr_array_index(sweep->su_uuids, i);
        int host = GPOINTER_TO_INT(g_hash_table_lookup(range->ra_hosts, uuid)) - 1;

        if (host < 0)
            continue;
        watch_begin(range->ra_watch, host);
        watch_end(range->ra_watch, host, TRUE,
                  sweep->su_resume ? ACT_RUNNING : ACT_PAUSED);
    }
    end_all(range, FALSE, ACT_ABSENT);
    if (sweep->su_counted)
        sweep->su_counted(sweep->su_count, sweep->su_error, sweep->su_data);
    sweep_drop(sweep);
}

/* After it was written down who stands: a domain is created either before the look at
 * what there is, and so found, or after it, and then its creator sees that. */
static void pause_start(Range *range, gboolean resume, GHashTable *hosts,
                        RangeCounted done, gpointer data)
{
    Sweep *sweep = sweep_begin(range, data);

    sweep->su_resume = resume;
    sweep->su_hosts = hosts;
    sweep->su_counted = done;
    pool_run(range->ra_pool, POOL_URGENT, pause_work, pause_done, sweep);
}

void range_suspend_all(Range *range, RangeCounted done, gpointer data)
{
    stand_all(range->ra_stand, TRUE);
    pause_start(range, FALSE, NULL, done, data);
}

void range_resume_all(Range *range, RangeCounted done, gpointer data)
{
    stand_all(range->ra_stand, FALSE);
    pause_start(range, TRUE, NULL, done, data);
}

void range_hold(Range *range, const GArray *hosts, gboolean hold, RangeCounted done,
                gpointer data)
{
    GHashTable *only = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < hosts->len; i++) {
        stand_host(range->ra_stand, g_array_index(hosts, int, i), hold);
        g_hash_table_add(only, GINT_TO_POINTER(g_array_index(hosts, int, i) + 1));
    }
    pause_start(range, !hold, only, done, data);
}

static void teardown_work(gpointer data)
{
    Sweep *sweep = data;
    g_autoptr(virConnect) conn = own_connection(sweep->su_range, &sweep->su_error);

    if (conn)
        sweep_remove(conn, sweep->su_range->ra_config.rg_uri,
                     sweep->su_range->ra_config.rg_drill, &sweep->su_removed,
                     &sweep->su_error);
}

static void teardown_done(gpointer data, gboolean ran);

/* What is being created while this looks may come after the look. */
static void teardown_run(Sweep *sweep)
{
    Range *range = sweep->su_range;

    sweep->su_raced = range->ra_creating > 0;
    g_clear_error(&sweep->su_error);
    pool_run(range->ra_pool, POOL_URGENT, teardown_work, teardown_done, sweep);
}

static void start_parked(Range *range)
{
    while (range->ra_creating == 0 && range->ra_parked->len > 0)
        teardown_run(g_ptr_array_steal_index(range->ra_parked, 0));
}

static void teardown_done(gpointer data, gboolean ran)
{
    Sweep *sweep = data;
    Range *range = sweep->su_range;

    sweep->su_total.rm_domains += sweep->su_removed.rm_domains;
    sweep->su_total.rm_networks += sweep->su_removed.rm_networks;
    sweep->su_total.rm_filters += sweep->su_removed.rm_filters;
    sweep->su_removed = (RangeRemoved){0};
    if (!ran) {
        cancelled(&sweep->su_error);
    } else if (sweep->su_raced) {
        /* Once more when nothing is being created any longer; nothing new begins. */
        g_ptr_array_add(range->ra_parked, sweep);
        start_parked(range);
        return;
    }
    g_atomic_int_add(&range->ra_ending, -1);
    end_all(range, !sweep->su_error, ACT_ABSENT);
    if (sweep->su_torn)
        sweep->su_torn(&sweep->su_total, sweep->su_error, sweep->su_data);
    sweep_drop(sweep);
}

void range_teardown(Range *range, RangeTornDown done, gpointer data)
{
    Sweep *sweep = sweep_begin(range, data);

    g_atomic_int_inc(&range->ra_ending);
    sweep->su_torn = done;
    teardown_run(sweep);
}

static void inspect_work(gpointer data)
{
    Visit *visit = data;
    Range *range = visit->vi_range;
    g_autoptr(virConnect) conn = connection_get(range->ra_link, &visit->vi_error);

    if (conn)
        visit->vi_rows =
            inspect(conn, range->ra_plan, &range->ra_config, &visit->vi_error);
}

static void inspect_done(gpointer data, gboolean ran)
{
    Visit *visit = data;

    if (!ran)
        cancelled(&visit->vi_error);
    visit->vi_done(g_steal_pointer(&visit->vi_rows), visit->vi_error, visit->vi_data);
    g_clear_error(&visit->vi_error);
    g_free(visit);
}

void range_inspect(Range *range, RangeInspected done, gpointer data)
{
    Visit *visit = g_new0(Visit, 1);

    visit->vi_range = range;
    visit->vi_done = done;
    visit->vi_data = data;
    pool_run(range->ra_pool, POOL_SOON, inspect_work, inspect_done, visit);
}

/* ---- for the range's other files ---- */

Pool *range_pool(const Range *range)
{
    return range->ra_pool;
}

Connection *range_connection(const Range *range)
{
    return range->ra_link;
}

const PlanHost *range_host(const Range *range, int host)
{
    return plan_host(range->ra_plan, host);
}

/* ---- life ---- */

static void copy_config(Range *range, const RangeConfig *config)
{
    RangeConfig *own = &range->ra_config;

    *own = *config;
    own->rg_uri = g_strdup(config->rg_uri);
    own->rg_accel = g_strdup(config->rg_accel);
    own->rg_cpu = g_strdup(config->rg_cpu);
    own->rg_dir = g_strdup(config->rg_dir);
    own->rg_drill = g_strdup(config->rg_drill);
}

static int worker_count(int wanted)
{
    return CLAMP(wanted > 0 ? wanted : (int)g_get_num_processors(), 1, WORKERS_MAX);
}

static void index_hosts(Range *range)
{
    range->ra_hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < range->ra_plan->p_hosts->len; i++)
        g_hash_table_insert(
            range->ra_hosts,
            g_ascii_strdown(plan_host(range->ra_plan, (int)i)->ph_uuid, -1),
            GINT_TO_POINTER((int)i + 1));
}

static gboolean start(Range *range, GError **error)
{
    ConnectionCalls link = {on_domain, on_change, range};

    if (!virt_init(error) || !virt_events_hold(error))
        return FALSE;
    range->ra_events = TRUE;
    range->ra_pool =
        pool_new(range->ra_base, worker_count(range->ra_config.rg_workers), error);
    if (!range->ra_pool)
        return FALSE;
    range->ra_link =
        connection_new(range->ra_base, range->ra_pool, range->ra_config.rg_uri, &link);
    return connection_open(range->ra_link, error);
}

Range *range_new(struct event_base *base, const Plan *plan, const RangeConfig *config,
                 GError **error)
{
    Range *range = g_new0(Range, 1);
    WatchCalls calls = {on_look, config->rg_on_event, range, config->rg_data};

    range->ra_plan = plan;
    range->ra_base = base;
    range->ra_parked = g_ptr_array_new();
    range->ra_stand = stand_new(plan->p_hosts->len);
    copy_config(range, config);
    index_hosts(range);
    range->ra_queues = g_new0(GQueue, plan->p_hosts->len + 1);
    range->ra_again = evtimer_new(base, on_again, range);
    range->ra_watch = watch_new(plan->p_hosts->len, &calls);
    if (!start(range, error)) {
        range_free(range);
        return NULL;
    }
    watch_all(range->ra_watch, "it was there before");
    return range;
}

static void free_config(RangeConfig *config)
{
    g_free((char *)config->rg_uri);
    g_free((char *)config->rg_accel);
    g_free((char *)config->rg_cpu);
    g_free((char *)config->rg_dir);
    g_free((char *)config->rg_drill);
}

void range_free(Range *range)
{
    if (!range)
        return;
    range->ra_freeing = TRUE;
    if (range->ra_again)
        event_free(range->ra_again);
    if (range->ra_link)
        connection_close(range->ra_link);
    pool_free(range->ra_pool);
    if (range->ra_link)
        connection_free(range->ra_link);
    if (range->ra_events)
        virt_events_drop();
    watch_free(range->ra_watch);
    g_hash_table_unref(range->ra_hosts);
    g_ptr_array_unref(range->ra_parked);
    stand_free(range->ra_stand);
    g_free(range->ra_queues);
    free_config(&range->ra_config);
    g_free(range);
}
