/*
 * The agent in a guest, a micro host in bare QEMU: how large it is, how soon ready, what
 * it costs idle, and what it sees of the fastest loop of fork and exec that the guest can
 * run. Prints; fails only where a loss is not accounted for.
 */
#include "tests/bench/machine.h"
#include "tests/integration/agent_guest.h"
#include "tests/unit/cunit_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FLOOD_S = 10, IDLE_S = 20, WAIT_S = 120 };

struct count {
    int64_t rows, execs, n, kernel, queue;
    int64_t from_us, to_us;
};

static int64_t next_id = 100;

static char *said(struct guest *g, const char *script)
{
    int64_t id = next_id++;
    struct wire_msg m;

    wire_msg_init(&m, WIRE_ORDER);
    m.id = id;
    m.order.script = script;
    m.order.timeout_ms = WAIT_S * 1000;
    host_send(&g->h, &m);
    for (int i = 0; i < WAIT_S && !host_has(&g->h, WIRE_RESULT, id); i++)
        host_pump(&g->h, i == 0 ? 100 : 1000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(host_wait(&g->h, WIRE_RESULT, id));
    char *text = host_data(&g->h, id, 1, NULL);
    g_strchomp(text);
    return text;
}

static void observe(struct guest *g, int64_t cpu)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_OBSERVE);
    m.id = next_id++;
    m.observe.rate = 100000;
    m.observe.cpu = cpu;
    host_send(&g->h, &m);
    CU_ASSERT_PTR_NOT_NULL_FATAL(host_wait(&g->h, WIRE_RESULT, m.id));
}

static struct count counted(const struct guest *g)
{
    struct count c = {0};

    for (const struct heard *item = g->h.first; item; item = item->next) {
        if (item->m.kind == WIRE_LOSSY) {
            c.kernel = item->m.lossy.kernel;
            c.queue = item->m.lossy.queue;
        }
        for (size_t i = 0; item->m.kind == WIRE_OBS && i < item->m.obs.n_rows; i++) {
            const struct wire_seen *s = &item->m.obs.rows[i];
            c.rows++;
            c.n = item->m.obs.n + (int64_t)i;
            c.execs += s->what == WIRE_SAW_EXEC && s->act == WIRE_ACT_STARTED &&
                       s->args && strcmp(s->args, "sees") == 0;
        }
    }
    return c;
}

/* Processor seconds that the guest's QEMU has had: on a busy machine a guest's second is
 * worth anything, this is what it could use. */
static double guest_cpu(const struct guest *g)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)g->vm.pid);
    g_autofree char *text = NULL;
    long user = 0, system = 0;

    if (g_file_get_contents(path, &text, NULL, NULL) && strrchr(text, ')'))
        sscanf(strrchr(text, ')') + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Executions in a second of the guest's processor; *cpu: the agent's share of the guest's
 * core meanwhile. */
static double flood(struct guest *g, long *made, double *cpu)
{
    g_autofree char *script = g_strdup_printf(
        "t() { set -- $(cut -d' ' -f14,15 /proc/$PPID/stat); echo $(($1 + $2)); }; "
        "a=$(t); n=$(sees flood %d); echo $n $(($(t) - a))",
        FLOOD_S);
    double began = guest_cpu(g);
    long ticks = 0;

    g_autofree char *out = said(g, script);
    double used = guest_cpu(g) - began;
    CU_ASSERT_EQUAL(sscanf(out, "%ld %ld", made, &ticks), 2);
    *cpu = (double)ticks / 100 / FLOOD_S;
    return used > 0 ? (double)*made / used : 0;
}

/* All that was seen has come when a row of later has. */
static void settle(struct guest *g)
{
    char args[32];
    int64_t id = next_id++;

    snprintf(args, sizeof(args), "sees end-%lld", (long long)id);
    g_autofree char *script = g_strconcat("exec ", args, NULL);
    CU_ASSERT_PTR_NOT_NULL(host_order(&g->h, id, script));
    EXPECT(g, "the end of it", WIRE_SAW_EXEC, .args = args);
    host_pump(&g->h, 9000); /* losses are known up to four heartbeats late */
}

static void flood_seen(struct guest *g, int64_t cpu_share, double bare)
{
    struct count before, after;
    double cpu;
    long made;

    observe(g, cpu_share);
    settle(g);
    before = counted(g);
    double rate = flood(g, &made, &cpu);
    settle(g);
    after = counted(g);
    int64_t seen = after.execs - before.execs, kernel = after.kernel - before.kernel;
    int64_t queue = after.queue - before.queue;
    printf("  observed, %3lld %% of the core  %6.0f executions a second of "
           "processor (%.2f of the bare rate), %ld in %d s: %lld seen, %lld not; counted "
           "as lost: %lld records in the "
           "kernel, %lld rows in the agent; %.1f %% of the core used\n",
           (long long)cpu_share, rate, rate / bare, made, FLOOD_S, (long long)seen,
           (long long)(made - seen), (long long)kernel, (long long)queue, cpu * 100);
    CU_ASSERT_EQUAL(after.n - after.rows, after.queue);
    CU_ASSERT(seen + kernel + queue >= made);
    CU_ASSERT(kernel + queue > 0 || seen == made);
}

static void idle(struct guest *g)
{
    g_autofree char *script = g_strdup_printf(
        "w() { grep ^vol /proc/$PPID/status | cut -f2; }; "
        "t() { set -- $(cut -d' ' -f14,15 /proc/$PPID/stat); echo $(($1 + $2)); }; "
        "sleep 1; a=$(w); b=$(w); c=$(t); sleep %d; d=$(t); echo $a $b $(w) $c $d "
        "$(grep VmRSS /proc/$PPID/status | tr -dc 0-9)",
        IDLE_S);
    long first = 0, from = 0, to = 0, c = 0, d = 0, rss = 0;

    g_autofree char *out = said(g, script);
    CU_ASSERT_EQUAL(
        sscanf(out, "%ld %ld %ld %ld %ld %ld", &first, &from, &to, &c, &d, &rss), 6);
    to -= from - first; /* what looking once costs, for it is seen, too */
    printf(
        "  idle                        %.1f voluntary switches a second (%ld in %d s), "
        "%.2f %% of a "
        "core, %ld KiB resident  target: nothing but the heartbeat (0.5/s), 3072 KiB\n",
        (double)(to - from) / IDLE_S, to - from, IDLE_S, (double)(d - c) / IDLE_S, rss);
}

/* From the start of its process, in hundredths of a second, to its first heartbeat, which
 * follows the welcome. */
static void ready(struct guest *g)
{
    int64_t inst = g->h.inst, mono = 0;
    struct wire_msg m;

    wire_msg_init(&m, WIRE_ORDER);
    m.id = next_id++;
    m.order.script = "kill -9 $PPID";
    while (host_has(&g->h, WIRE_BEAT, 0))
        host_wait(&g->h, WIRE_BEAT, 0);
    host_send(&g->h, &m);
    for (int i = 0; g->h.inst == inst && i < 1000; i++)
        host_pump(&g->h, 1);
    const struct wire_msg *beat = host_wait(&g->h, WIRE_BEAT, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(beat);
    mono = beat->beat.mono_us;
    g_autofree char *started = said(g, "cut -d' ' -f22,14,15 /proc/$PPID/stat");
    long user = 0, system = 0, start = 0;
    CU_ASSERT_EQUAL(sscanf(started, "%ld %ld %ld", &user, &system, &start), 3);
    printf("  ready                       %lld ms (± 10) after its start, host's answer "
           "included; %ld ms (± 10) of processor  target 50 ms\n",
           (long long)(mono / 1000 - start * 10), (user + system) * 10);
}

static void test_bench(void)
{
    static const char *const args[] = {"-m", "128", NULL};
    g_autoptr(GPtrArray) files = guest_files();
    g_auto(ImageResult) image = {0};
    struct guest g = {0};
    struct stat st;
    double cpu;
    long made;

    if (!rig_build("micro", "", guest_agent(), files, &image))
        return;
    CU_ASSERT_TRUE_FATAL(host_listen(&g.h));
    snprintf(g.channel, sizeof(g.channel), "%s/agent.sock", g.h.dir);
    g.vm.channel = g.channel;
    rig_boot(&g.vm, &image, image.initrd, "bench", args);
    if (guest_hello(&g)) {
        g_autofree char *kernel = said(&g, "uname -r");
        printf("  guest: Linux %s, emulated, one core, 128 MiB\n", kernel);
        if (stat(guest_agent(), &st) == 0)
            printf("  static agent on disk        %lld bytes  target 2097152\n",
                   (long long)st.st_size);
        ready(&g);
        double bare = flood(&g, &made, &cpu);
        printf("  bare, nothing observed      %6.0f executions a second of processor, "
               "%ld in "
               "%d s\n",
               bare, made, FLOOD_S);
        observe(&g, 25);
        idle(&g);
        flood_seen(&g, 25, bare);
        flood_seen(&g, 100, bare);
    }
    guest_end(&g);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"the agent in a guest", test_bench},
        CU_TEST_INFO_NULL,
    };
    const char *obstacle = rig_obstacle();

    if (obstacle) {
        printf("skipped: %s is not installed\n", obstacle);
        return 77;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    wire_init();
    g_autofree char *qemu = NULL, *load = NULL;
    const char *const version[] = {"qemu-system-x86_64", "--version", NULL};
    g_spawn_sync(NULL, (char **)version, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &qemu,
                 NULL, NULL, NULL);
    if (qemu)
        qemu[strcspn(qemu, "\n")] = '\0';
    g_file_get_contents("/proc/loadavg", &load, NULL, NULL);
    machine_print(qemu ? qemu : "QEMU");
    printf("load average before: %s", load ? load : "?\n");
    int rc = cunit_main("bench", tests);
    g_clear_pointer(&load, g_free);
    g_file_get_contents("/proc/loadavg", &load, NULL, NULL);
    printf("load average after: %s", load ? load : "?\n");
    rig_clean();
    return rc;
}
