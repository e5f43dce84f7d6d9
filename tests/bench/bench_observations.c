/*
 * Observations from simulated agents through the real parry-hub and its link into the
 * journal: how many a second become durable, how long from an agent's sending until they
 * are, and how long a result sent in between waits for its acknowledgement; beside the
 * same rows into bare SQLite. The same with all that parryd makes of them. Then what idle
 * agents cost the hub. Nothing is asserted.
 *
 *   bench-observations [SECONDS [RATE [AGENTS [IDLE]]]]     (default 5 100000 24 1000)
 *
 * PARRY_BENCH_GATHER: for how many milliseconds rows may wait for others before a commit;
 * default 0, a commit a turn of the loop. PARRY_BENCH_DIR: where the journal is written;
 * default: a temporary folder. The size of the figures in docs/benchmarks.md is
 * bench-observations 30 100000 24 10000.
 */
#include "orchestrator/hub/link.h"
#include "scoreboard/journal.h"
#include "scoreboard/kinds.h"
#include "tests/bench/fleet.h"
#include "tests/bench/machine.h"
#include "tests/bench/whole.h"

#include <event2/event.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define HUB_UID 64125 /* any account but root: it need not exist */
#define ARENA (4 << 20)
#define STEP_US 100 /* of the histogram */
#define STEPS 100000
#define WARM_US G_USEC_PER_SEC /* not counted */
#define ALONE_ROWS 400000

typedef struct {
    guint64 hs_count[STEPS + 1], hs_all;
} Histogram;

typedef struct {
    struct event_base *base;
    HubLink *link;
    Journal *journal; /* NULL: what comes is only counted */
    Daemon *daemon;   /* parryd's modules, or NULL */
    guint64 hellos, gone, beats, dropped;

    JournalObservation rows[JOURNAL_OBSERVATIONS_MAX];
    guint n_rows;
    char *arena; /* the texts of rows */
    gsize used;
    GArray *times; /* gint64: of the rows of this turn */

    gint64 gather_us;   /* for how long rows may wait for others */
    gint64 gathered_us; /* since when they do */

    gboolean counting;
    guint64 stored, durable, commits;
    Histogram latency, commit;
} Bench;

/* ---- figures ---- */

static void histogram_add(Histogram *h, gint64 us)
{
    h->hs_count[CLAMP(us / STEP_US, 0, STEPS)]++;
    h->hs_all++;
}

/* Milliseconds below which `share` of all lie. */
static double histogram_at(const Histogram *h, double share)
{
    guint64 below = 0;

    for (int i = 0; i <= STEPS; i++)
        if ((double)(below += h->hs_count[i]) >= share * (double)h->hs_all)
            return (i + 1) * STEP_US / 1000.0;
    return -1;
}

static Histogram acks_histogram(const FleetShared *shared)
{
    Histogram h = {0};

    for (guint i = 0; i < shared->fs_n_acks; i++)
        histogram_add(&h, shared->fs_ack_us[i]);
    return h;
}

static void print_load(const char *when)
{
    double load[3] = {-1, -1, -1};

    if (getloadavg(load, 3) == 3)
        printf("load average %s: %.2f %.2f %.2f\n", when, load[0], load[1], load[2]);
}

/* ---- the daemon's part ---- */

static void must(gboolean ok, GError *error)
{
    if (!ok)
        g_error("%s", error ? error->message : "failed");
}

static void flush_rows(Bench *b)
{
    g_autoptr(GError) error = NULL;
    json_t *body;

    if (b->n_rows == 0)
        return;
    body = json_pack("{s: []}", "hosts");
    must(journal_append_observations(b->journal,
                                     &(JournalEvent){.ev_kind = "observe.batch/1",
                                                     .ev_actor = "agent",
                                                     .ev_body = body},
                                     b->rows, b->n_rows, &error) > 0,
         error);
    json_decref(body);
    b->stored += b->n_rows;
    b->n_rows = 0;
    b->used = 0;
}

/* A text of a record as a string of the batch's. */
static const char *keep(Bench *b, const char *text, gsize len)
{
    char *at = b->arena + b->used;

    if (len == 0)
        return "";
    memcpy(at, text, len);
    at[len] = '\0';
    b->used += len + 1;
    return at;
}

typedef struct {
    Bench *bench;
    int host;
} From;

static void on_row(void *arg, const struct hub_row *row)
{
    const From *from = arg;
    Bench *b = from->bench;
    const struct hub_seen *seen = &row->seen;
    const char *texts[HUB_SEEN_TEXTS];

    for (int i = 0; i < HUB_SEEN_TEXTS; i++)
        texts[i] = keep(b, row->text[i], seen->len[i]);
    b->rows[b->n_rows++] = (JournalObservation){
        .ob_host = from->host,
        .ob_n = row->n,
        .ob_t_us = seen->t_us,
        .ob_what = seen->what,
        .ob_act = seen->act,
        .ob_origin = seen->origin,
        .ob_pid = seen->pid,
        .ob_ppid = seen->ppid,
        .ob_exit = seen->exit,
        .ob_uid = seen->uid,
        .ob_auid = seen->auid,
        .ob_act_id = seen->act_id,
        .ob_exe = texts[HUB_SEEN_EXE],
        .ob_args = texts[HUB_SEEN_ARGS],
        .ob_cwd = texts[HUB_SEEN_CWD],
        .ob_path = texts[HUB_SEEN_PATH],
        .ob_to = texts[HUB_SEEN_TO],
        .ob_player = texts[HUB_SEEN_PLAYER],
    };
    g_array_append_val(b->times, seen->t_us);
    if (b->n_rows == JOURNAL_OBSERVATIONS_MAX)
        flush_rows(b);
}

static void on_result(Bench *b, const struct hub_result *result)
{
    g_autoptr(GError) error = NULL;
    json_t *body = json_pack("{s: i, s: I, s: s}", "exit", result->exit, "dur_us",
                             (json_int_t)result->dur_us, "out", "");

    must(journal_append(b->journal,
                        &(JournalEvent){.ev_kind = "order.done/1",
                                        .ev_actor = "agent",
                                        .ev_ref = (gint64)result->id,
                                        .ev_body = body},
                        &error) > 0,
         error);
    json_decref(body);
}

/* parryd's own way; only when it was sent is kept here. */
static void on_time(void *arg, const struct hub_row *row)
{
    g_array_append_val((GArray *)arg, row->seen.t_us);
}

static void on_record(const struct hub_head *head, const void *body, const void *tail,
                      gpointer data)
{
    Bench *b = data;
    From from = {b, (int)head->rc_host};

    b->hellos += head->rc_type == HUB_HELLO;
    b->beats += head->rc_type == HUB_BEAT;
    b->gone += head->rc_type == HUB_GONE || head->rc_type == HUB_CUT;
    if (b->daemon) {
        if (head->rc_type == HUB_OBS)
            hub_obs_each(body, tail, on_time, b->times);
        whole_record(b->daemon, head, body, tail);
    } else if (head->rc_type == HUB_OBS && b->journal) {
        b->dropped = MAX(b->dropped, ((const struct hub_obs *)body)->dropped);
        hub_obs_each(body, tail, on_row, &from);
    } else if (head->rc_type == HUB_RESULT && b->journal) {
        on_result(b, body);
    }
}

static void on_process(pid_t pid, int status, gpointer data)
{
    (void)data;
    if (!pid)
        fprintf(stderr, "bench-observations: the hub ended (status 0x%x)\n", status);
}

/* TRUE where rows are to wait for others. */
static gboolean gather(Bench *b)
{
    gint64 now = g_get_monotonic_time();

    if (b->n_rows == 0 || journal_dirty(b->journal)) {
        b->gathered_us = 0;
        return FALSE;
    }
    if (!b->gathered_us)
        b->gathered_us = now;
    if (now - b->gathered_us < b->gather_us)
        return TRUE;
    b->gathered_us = 0;
    return FALSE;
}

/* Makes what came durable; TRUE where that was anything. */
static gboolean commit(Bench *b)
{
    g_autoptr(GError) error = NULL;
    gboolean dirty;

    if (b->daemon) {
        dirty = b->times->len > 0;
        b->stored += b->times->len;
        daemon_barrier(b->daemon);
        return dirty;
    }
    flush_rows(b);
    dirty = journal_dirty(b->journal);
    must(journal_commit(b->journal, &error), error);
    link_committed(b->link);
    return dirty;
}

/* The end of a turn: all of it durable, then all acknowledgements. */
static void barrier(Bench *b)
{
    gint64 start = g_get_monotonic_time();

    if (!b->daemon && (!b->journal || gather(b)))
        return;
    if (commit(b) && b->counting) {
        gint64 now = g_get_real_time();

        histogram_add(&b->commit, g_get_monotonic_time() - start);
        for (guint i = 0; i < b->times->len; i++)
            histogram_add(&b->latency, now - g_array_index(b->times, gint64, i));
        b->durable += b->times->len;
        b->commits++;
    }
    g_array_set_size(b->times, 0);
}

static void turn_until(Bench *b, gint64 end_us)
{
    while (g_get_monotonic_time() < end_us && !b->gone) {
        event_base_loop(b->base, EVLOOP_ONCE);
        barrier(b);
    }
}

/* ---- setting up ---- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

static void raise_files(void)
{
    struct rlimit files = {1 << 18, 1 << 18};

    if (setrlimit(RLIMIT_NOFILE, &files) == 0)
        return;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static void bench_listen(Bench *b, const char *dir, guint n)
{
    static const HubLinkCallbacks callbacks = {on_process, on_record};
    g_autoptr(GError) error = NULL;
    gboolean root = geteuid() == 0;

    b->link =
        link_new(b->base, PARRY_BINARY_DIR "/bin/parry-hub", root ? HUB_UID : geteuid(),
                 root ? HUB_UID : getegid(), n, &callbacks, b, &error);
    must(b->link != NULL, error);
    for (guint i = 0; i < n; i++) {
        g_autofree char *path = g_strdup_printf("%s/%u.sock", dir, i);

        must(link_listen(b->link, (int)i, path, geteuid(), 1, &error), error);
        event_base_loop(b->base, EVLOOP_NONBLOCK); /* none piles up */
    }
}

static Bench *bench_new(const char *dir, guint n)
{
    static const struct timeval tick = {0, 5 * 1000};
    const char *gather = g_getenv("PARRY_BENCH_GATHER");
    Bench *b = g_new0(Bench, 1);

    b->base = event_base_new();
    b->gather_us = gather ? strtol(gather, NULL, 10) * 1000 : 0;
    b->arena = g_malloc(ARENA);
    b->times = g_array_sized_new(FALSE, FALSE, sizeof(gint64), 65536);
    event_add(event_new(b->base, -1, EV_PERSIST, on_tick, NULL), &tick);
    bench_listen(b, dir, n);
    return b;
}

static void bench_free(Bench *b)
{
    link_free(b->link);
    if (b->daemon)
        whole_free(b->daemon);
    journal_close(b->journal);
    g_array_unref(b->times);
    g_free(b->arena);
    g_free(b);
}

static void connect_all(Bench *b, guint n)
{
    while (b->hellos < n && !b->gone) {
        event_base_loop(b->base, EVLOOP_ONCE);
        barrier(b);
    }
}

static void remove_databases(const char *dir)
{
    static const char *const names[] = {
        "journal.db", "journal.db-wal", "journal.db-shm", "journal.lock",
        "bare.db",    "bare.db-wal",    "bare.db-shm"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(dir, names[i], NULL);
        unlink(path);
    }
}

/* ---- the path ---- */

typedef struct {
    double hub, daemon, agents;
} Cpu;

static Cpu cpu_now(const Bench *b, const Fleet *fleet)
{
    return (Cpu){machine_cpu_s(link_hub_pid(b->link)), machine_cpu_s(getpid()),
                 machine_cpu_s(fleet_pid(fleet))};
}

/* Bytes of the journal, its log emptied. */
static gint64 journal_bytes(const char *dir)
{
    g_autofree char *path = g_build_filename(dir, "journal.db", NULL);
    GStatBuf st;

    return g_stat(path, &st) == 0 ? (gint64)st.st_size : -1;
}

static void print_path(const Bench *b, const Fleet *fleet, guint rate, double took,
                       Cpu cpu)
{
    const FleetShared *shared = fleet_shared(fleet);
    Histogram acks = acks_histogram(shared);
    double n = (double)b->durable;

    printf("%.0f /s durable (%u /s sent for %.0f s), %.0f rows a commit, "
           "%.0f commits/s; %" G_GUINT64_FORMAT " dropped by the hub\n",
           n / took, rate, took, n / (double)MAX(b->commits, 1),
           (double)b->commits / took, b->dropped);
    printf("  sent to durable: p50 %.1f, p99 %.1f, p99.9 %.1f ms; result to its "
           "acknowledgement: p50 %.1f, p99 %.1f, most %.1f ms of %u\n",
           histogram_at(&b->latency, 0.5), histogram_at(&b->latency, 0.99),
           histogram_at(&b->latency, 0.999), histogram_at(&acks, 0.5),
           histogram_at(&acks, 0.99), histogram_at(&acks, 1), shared->fs_n_acks);
    printf("  a commit: p50 %.1f, p99 %.1f, most %.1f ms\n",
           histogram_at(&b->commit, 0.5), histogram_at(&b->commit, 0.99),
           histogram_at(&b->commit, 1));
    printf("  processor: hub %.2f, daemon %.2f, agents %.2f of a core; %.1f, %.1f us a "
           "row\n",
           cpu.hub / took, cpu.daemon / took, cpu.agents / took, cpu.hub / n * 1e6,
           cpu.daemon / n * 1e6);
    if (shared->fs_late)
        printf("  the hub did not keep up: %" G_GUINT64_FORMAT " lines found it full\n",
               shared->fs_late);
}

static void open_journal(Bench *b, const char *dir, guint agents, gboolean whole)
{
    g_autoptr(GError) error = NULL;

    if (whole) {
        b->daemon = whole_new(b->base, dir, agents);
        b->daemon->dm_link = b->link;
        return;
    }
    b->journal = journal_create(dir, &error);
    must(b->journal != NULL, error);
}

/* Every host's agent is there, and watches. */
static void get_ready(Bench *b, guint agents)
{
    connect_all(b, agents);
    if (!b->daemon)
        return;
    while (whole_watched(b->daemon) < agents && !b->gone) {
        event_base_loop(b->base, EVLOOP_ONCE);
        barrier(b);
    }
    daemon_set_state(b->daemon, DRILL_RUNNING, "bench", "");
}

/* Returns rows a commit. */
static guint bench_path(const char *dir, guint seconds, guint rate, guint agents,
                        gboolean whole)
{
    FleetPlan plan = {dir, agents, rate, 10 * agents};
    Bench *b = bench_new(dir, agents);

    open_journal(b, dir, agents, whole);
    Fleet *fleet = fleet_start(&plan);
    get_ready(b, agents);
    fleet_go(fleet);
    turn_until(b, g_get_monotonic_time() + WARM_US);
    b->counting = TRUE;
    Cpu from = cpu_now(b, fleet);
    gint64 start = g_get_monotonic_time();
    turn_until(b, start + seconds * G_USEC_PER_SEC);
    double took = (double)(g_get_monotonic_time() - start) / 1e6;
    Cpu to = cpu_now(b, fleet);
    printf("%s: ", whole ? "the whole daemon" : "hub and journal");
    print_path(
        b, fleet, rate, took,
        (Cpu){to.hub - from.hub, to.daemon - from.daemon, to.agents - from.agents});
    if (b->gone)
        printf("  stopped early: a connection ended\n");
    guint rows = (guint)(b->durable / MAX(b->commits, 1));
    double stored = (double)MAX(b->stored, 1);
    fleet_end(fleet);
    bench_free(b);
    printf("  stored: %.0f bytes a row\n", (double)journal_bytes(dir) / stored);
    remove_databases(dir);
    return MAX(rows, 1);
}

/* ---- the same rows alone ---- */

static JournalObservation alone_row(guint i)
{
    static const char *const exes[] = {"/usr/bin/grep", "", "/usr/sbin/nginx"};
    static const int whats[] = {SEEN_EXEC, SEEN_EXIT, SEEN_FILE};
    gboolean player = i % 3 < 2, command = i % 3 == 0;

    return (JournalObservation){
        .ob_host = (int)(i / 48 % 24),
        .ob_n = 1000000 + i / 24,
        .ob_t_us = 1700000000000000 + i,
        .ob_what = whats[i % 3],
        .ob_act = player ? SEEN_NONE : SEEN_CHANGED,
        .ob_origin = player ? SEEN_BY_PLAYER : SEEN_BY_GUEST,
        .ob_pid = 21345,
        .ob_ppid = 20117,
        .ob_exit = i % 3 == 1 ? 0 : -1,
        .ob_uid = player ? 1001 : 33,
        .ob_auid = player ? 2000000003 : -1,
        .ob_act_id = player ? 1742 : 0,
        .ob_exe = exes[i % 3],
        .ob_args = command ? "grep -r 'Failed password' /var/log/auth.log" : "",
        .ob_cwd = command ? "/home/analyst" : "",
        .ob_path = player ? "" : "/var/www/html/index.html",
        .ob_to = "",
        .ob_player = player ? "health-3" : "",
    };
}

/* Rows a second, `size` of them a commit. */
static double journal_alone(const char *dir, guint size)
{
    g_autoptr(GError) error = NULL;
    Journal *journal = journal_create(dir, &error);
    g_autofree JournalObservation *rows =
        g_new(JournalObservation, JOURNAL_OBSERVATIONS_MAX);
    json_t *body = json_pack("{s: []}", "hosts");
    JournalEvent event = {
        .ev_kind = "observe.batch/1", .ev_actor = "agent", .ev_body = body};
    guint n = 0;

    must(journal != NULL, error);
    gint64 start = g_get_monotonic_time();
    for (guint i = 0; i < ALONE_ROWS; i++) {
        gboolean end = (i + 1) % size == 0 || i + 1 == ALONE_ROWS;

        rows[n++] = alone_row(i);
        if (n == JOURNAL_OBSERVATIONS_MAX || end) {
            must(journal_append_observations(journal, &event, rows, n, &error) > 0,
                 error);
            n = 0;
        }
        if (end)
            must(journal_commit(journal, &error), error);
    }
    double rate = ALONE_ROWS / ((double)(g_get_monotonic_time() - start) / 1e6);
    json_decref(body);
    journal_close(journal);
    remove_databases(dir);
    return rate;
}

static void bare_must(sqlite3 *db, int rc)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE)
        g_error("bare SQLite: %s", sqlite3_errmsg(db));
}

static void bare_row(sqlite3 *db, sqlite3_stmt *stmt, guint i)
{
    JournalObservation row = alone_row(i);
    const char *texts[] = {row.ob_exe,  row.ob_args, row.ob_cwd,
                           row.ob_path, row.ob_to,   row.ob_player};
    gint64 numbers[] = {
        i / 1000,    i % 1000,    row.ob_host,   (gint64)row.ob_n,     row.ob_t_us,
        row.ob_what, row.ob_act,  row.ob_pid,    row.ob_ppid,          row.ob_uid,
        row.ob_auid, row.ob_exit, row.ob_origin, (gint64)row.ob_act_id};

    for (guint k = 0; k < G_N_ELEMENTS(numbers); k++)
        sqlite3_bind_int64(stmt, (int)k + 1, numbers[k]);
    for (guint k = 0; k < G_N_ELEMENTS(texts); k++)
        sqlite3_bind_text(stmt, (int)k + 15, texts[k], -1, SQLITE_STATIC);
    bare_must(db, sqlite3_step(stmt));
    sqlite3_reset(stmt);
}

static double bare_alone(const char *dir, guint size)
{
    g_autofree char *path = g_build_filename(dir, "bare.db", NULL);
    sqlite3_stmt *stmt = NULL;
    sqlite3 *db = NULL;

    bare_must(db, sqlite3_open(path, &db));
    bare_must(
        db, sqlite3_exec(db,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                         "CREATE TABLE observation(seq, row, host, n, t, what, act, pid,"
                         " ppid, uid, auid, exit, origin, act_id, exe, args, cwd, path,"
                         " to_, player, PRIMARY KEY(seq, row)) WITHOUT ROWID",
                         NULL, NULL, NULL));
    bare_must(db, sqlite3_prepare_v2(db,
                                     "INSERT INTO observation VALUES(?1,?2,?3,?4,?5,?6,"
                                     "?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,"
                                     "?20)",
                                     -1, &stmt, NULL));
    gint64 start = g_get_monotonic_time();
    for (guint i = 0; i < ALONE_ROWS; i++) {
        if (i % size == 0)
            bare_must(db, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
        bare_row(db, stmt, i);
        if ((i + 1) % size == 0 || i + 1 == ALONE_ROWS)
            bare_must(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
    }
    double rate = ALONE_ROWS / ((double)(g_get_monotonic_time() - start) / 1e6);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    remove_databases(dir);
    return rate;
}

static void bench_alone(const char *dir, guint size)
{
    double bare = bare_alone(dir, size), ours = journal_alone(dir, size);

    printf("the same rows without agents, %u a commit: bare SQLite %.0f /s, journal %.0f "
           "/s, ratio %.2f\n",
           size, bare, ours, ours / bare);
}

/* ---- idle agents ---- */

typedef struct {
    long ri_hub, ri_daemon; /* KiB */
} Resident;

/* What is resident with so many agents connected and beating for so long. */
static Resident idle_run(const char *dir, guint agents, guint seconds, gboolean print)
{
    FleetPlan plan = {.fl_dir = dir, .fl_agents = agents};
    Bench *b = bench_new(dir, agents);
    Fleet *fleet = fleet_start(&plan);

    connect_all(b, agents);
    fleet_go(fleet);
    turn_until(b, g_get_monotonic_time() + 2 * G_USEC_PER_SEC); /* a round of beats */
    Cpu from = cpu_now(b, fleet);
    guint64 beats = b->beats;
    gint64 start = g_get_monotonic_time();
    turn_until(b, start + seconds * G_USEC_PER_SEC);
    double took = (double)(g_get_monotonic_time() - start) / 1e6;
    Cpu to = cpu_now(b, fleet);
    Resident kb = {machine_rss_kb(link_hub_pid(b->link)), machine_rss_kb(getpid())};
    if (print)
        printf(
            "idle: %u agents, %.0f beats/s with the answers to pings; hub %.2f, daemon "
            "%.2f, agents %.2f of a core\n",
            agents, (double)(b->beats - beats) / took, (to.hub - from.hub) / took,
            (to.daemon - from.daemon) / took, (to.agents - from.agents) / took);
    if (b->gone)
        printf("  stopped early: a connection ended\n");
    fleet_end(fleet);
    bench_free(b);
    return kb;
}

static void bench_idle(const char *dir, guint agents, guint seconds)
{
    Resident one = idle_run(dir, 1, 0, FALSE);
    Resident all = idle_run(dir, agents, seconds, TRUE);
    double others = (double)(agents - 1);

    printf("  hub resident: %ld KiB with one agent, %ld KiB with all: %.2f KiB each\n",
           one.ri_hub, all.ri_hub, (double)(all.ri_hub - one.ri_hub) / others);
    printf("  daemon's link: %ld KiB with one agent, %ld KiB with all: %.2f KiB each\n",
           one.ri_daemon, all.ri_daemon,
           (double)(all.ri_daemon - one.ri_daemon) / others);
}

static guint argument(int argc, char **argv, int i, guint otherwise)
{
    return i < argc ? (guint)strtoul(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    const char *given = g_getenv("PARRY_BENCH_DIR");
    g_autoptr(GError) error = NULL;
    g_autofree char *dir =
        given ? g_strdup(given) : g_dir_make_tmp("parry-bench-XXXXXX", &error);
    guint seconds = argument(argc, argv, 1, 5), rate = argument(argc, argv, 2, 100000);
    guint agents = argument(argc, argv, 3, 24), idle = argument(argc, argv, 4, 1000);

    must(dir != NULL, error);
    setvbuf(stdout, NULL, _IOLBF, 0); /* a pipe shows how far it got */
    raise_files();
    g_autofree char *libraries = g_strdup_printf(
        "SQLite %s, libevent %s", sqlite3_libversion(), event_get_version());
    machine_print(libraries);
    print_load("before");
    if (rate && agents)
        bench_alone(dir, bench_path(dir, seconds, rate, agents, FALSE));
    if (rate && agents)
        bench_path(dir, seconds, rate, agents, TRUE);
    if (idle > 1)
        bench_idle(dir, idle, seconds);
    print_load("after");
    if (!given)
        rmdir(dir);
    return 0;
}
