/*
 * How many agents one hub carries and how many messages a second pass through it to a
 * link that counts them. The agents are a process of their own; nothing is asserted.
 *
 * usage: bench-hub [AGENTS [BUSY [MESSAGES]]]   (default 1000 100 5000)
 */
#include "orchestrator/hub/link.h"
#include "tests/bench/machine.h"
#include "tests/integration/fake_agent.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUB_UID 64125 /* any account but root: it need not exist */
#define TEXT_BYTES 200
#define BATCH 200 /* messages that an agent keeps queued */

typedef struct {
    guint64 hellos, records, bytes, gone;
    HubLink *link;
} Counts;

static void on_process(pid_t pid, int status, gpointer data)
{
    (void)data;
    if (!pid)
        fprintf(stderr, "bench-hub: the hub ended (status 0x%x)\n", status);
}

static void on_record(const struct hub_head *head, const void *body, const void *tail,
                      gpointer data)
{
    Counts *counts = data;

    (void)body;
    (void)tail;
    counts->hellos += head->rc_type == HUB_HELLO;
    counts->records += head->rc_type == HUB_CHECK;
    counts->bytes += head->rc_type == HUB_CHECK ? head->rc_len : 0;
    counts->gone += head->rc_type == HUB_GONE || head->rc_type == HUB_CUT;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

/* ---- the agents' process ---- */

typedef struct {
    FakeAgent *agent;
    guint left;
} Busy;

static void busy_fill(Busy *busy)
{
    static char text[TEXT_BYTES + 1];
    struct wire_queue_stats stats;
    struct wire_msg m;

    memset(text, 'x', TEXT_BYTES);
    wire_msg_init(&m, WIRE_CHECKED);
    m.id = 1;
    m.checked.status = WIRE_UP;
    m.checked.text = text;
    wire_queue_stats(busy->agent->fa_queue, &stats);
    for (guint i = 0; i < BATCH && busy->left && stats.waiting < 65536; i++)
        if (fake_agent_put(busy->agent, &m))
            busy->left--;
}

static void agents_run(const char *dir, guint n, guint n_busy, guint messages, int go)
{
    static const struct timeval tick = {0, 2000};
    struct event_base *base = event_base_new();
    struct event *timer = event_new(base, -1, EV_PERSIST, on_tick, NULL);
    g_autofree Busy *busy = g_new0(Busy, n);
    struct event *started = event_new(base, go, EV_READ, on_tick, NULL);

    event_add(timer, &tick);
    for (guint i = 0; i < n; i++) {
        g_autofree char *path = g_strdup_printf("%s/%u.sock", dir, i);
        busy[i].agent = fake_agent_new(base, path, "bench", NULL, NULL);
        busy[i].left = i < n_busy ? messages : 0;
    }
    event_add(started, NULL);
    while (event_pending(started, EV_READ, NULL))
        event_base_loop(base, EVLOOP_ONCE);
    for (;;) {
        for (guint i = 0; i < n_busy; i++)
            busy_fill(&busy[i]);
        event_base_loop(base, EVLOOP_ONCE);
    }
}

/* ---- figures ---- */

static void until(struct event_base *base, Counts *counts, const guint64 *value,
                  guint64 wanted)
{
    while (*value < wanted && !counts->gone) {
        event_base_loop(base, EVLOOP_ONCE);
        link_committed(counts->link);
    }
}

static void measure(struct event_base *base, Counts *counts, guint n, guint64 wanted,
                    int go)
{
    gint64 start = g_get_monotonic_time();

    until(base, counts, &counts->hellos, n);
    double connected = (double)(g_get_monotonic_time() - start) / 1e6;
    pid_t pid = link_hub_pid(counts->link);
    long idle_kb = machine_rss_kb(pid);
    double cpu = machine_cpu_s(pid);
    start = g_get_monotonic_time();
    if (write(go, "x", 1) != 1)
        perror("bench-hub: go");
    until(base, counts, &counts->records, wanted);
    double took = (double)(g_get_monotonic_time() - start) / 1e6;
    printf("agents: %u connected and welcomed in %.2f s; hub %ld KiB resident\n", n,
           connected, idle_kb);
    printf("messages: %" G_GUINT64_FORMAT " of %d bytes of text in %.2f s: %.0f /s, %.1f "
           "MB/s; hub %.2f s of processor, %ld KiB resident\n",
           counts->records, TEXT_BYTES, took, (double)counts->records / took,
           (double)counts->bytes / took / 1e6, machine_cpu_s(pid) - cpu,
           machine_rss_kb(pid));
    if (counts->gone)
        printf("stopped early: %" G_GUINT64_FORMAT " connections ended\n", counts->gone);
}

static guint argument(int argc, char **argv, int i, guint otherwise)
{
    return i < argc ? (guint)strtoul(argv[i], NULL, 10) : otherwise;
}

static void raise_files(void)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

int main(int argc, char **argv)
{
    static const HubLinkCallbacks callbacks = {on_process, on_record};
    static const struct timeval tick = {0, 10 * 1000};
    guint n = argument(argc, argv, 1, 1000);
    guint busy = MIN(argument(argc, argv, 2, 100), n);
    guint messages = argument(argc, argv, 3, 5000);
    g_autofree char *dir = g_dir_make_tmp("parry-bench-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    uid_t uid = geteuid() == 0 ? HUB_UID : geteuid();
    Counts counts = {0};
    int go[2];

    raise_files();
    struct event_base *base = event_base_new();
    struct event *timer = event_new(base, -1, EV_PERSIST, on_tick, NULL);
    event_add(timer, &tick);
    counts.link =
        link_new(base, PARRY_BINARY_DIR "/bin/parry-hub", uid,
                 geteuid() == 0 ? HUB_UID : getegid(), n, &callbacks, &counts, &error);
    for (guint i = 0; counts.link && !error && i < n; i++) {
        g_autofree char *path = g_strdup_printf("%s/%u.sock", dir, i);
        link_listen(counts.link, (int)i, path, geteuid(), 1, &error);
    }
    if (error || pipe(go) < 0) {
        fprintf(stderr, "bench-hub: %s\n", error ? error->message : "pipe");
        return 1;
    }
    pid_t agents = fork();
    if (agents == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        agents_run(dir, n, busy, messages, go[0]);
        _exit(0);
    }
    g_autofree char *libevent = g_strdup_printf("libevent %s", event_get_version());
    machine_print(libevent);
    measure(base, &counts, n, (guint64)busy * messages, go[1]);
    kill(agents, SIGKILL);
    waitpid(agents, NULL, 0);
    link_free(counts.link);
    event_free(timer);
    event_base_free(base);
    rmdir(dir);
    return counts.gone ? 1 : 0;
}
