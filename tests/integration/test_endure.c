/*
 * What the agent lives through in a real guest, a micro host in bare QEMU: each case ends
 * in a known state, which is that it answers as before.
 */
#include "tests/integration/agent_guest.h"
#include "tests/unit/cunit_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BREAKS 100
#define DAY_US (INT64_C(86400) * 1000000)
#define BOMB_PROCS 250
#define WAIT_S 120  /* on a machine with much else to do */
#define ANSWER_S 10 /* beside the bomb, on an emulated core */

static struct guest guest;
static char *saved; /* memory of a guest */
static int64_t next_id = 100;

static int64_t wall_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- the guest and its port ---- */

static bool plug(struct guest *g)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    g_strlcpy(addr.sun_path, g->channel, sizeof(addr.sun_path));
    for (int i = 0; i < 1000; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0) {
            g->h.fd = fd;
            frame_reader_reset(&g->h.reader);
            host_write(&g->h, "\n", 1);
            return true;
        }
        close(fd);
        g_usleep(10000);
    }
    CU_FAIL("nobody listens at the guest's port");
    return false;
}

static bool plug_again(struct guest *g)
{
    int hellos = g->h.hellos;

    if (g->h.fd >= 0)
        host_drop(&g->h, 0);
    if (!plug(g))
        return false;
    for (int i = 0; g->h.hellos == hellos && i < 1000; i++)
        host_pump(&g->h, 20);
    CU_ASSERT(g->h.hellos > hellos);
    return g->h.hellos > hellos;
}

/* state: a file of saved memory to go on from, or NULL. */
static bool boot(struct guest *g, const ImageResult *image, const char *role,
                 const char *state)
{
    g_autofree char *monitor = rig_monitor(role);
    g_autofree char *incoming = g_strdup_printf("exec:cat %s", state ? state : "");
    const char *const args[] = {"-m",
                                "128",
                                "-monitor",
                                monitor,
                                "-netdev",
                                "hubport,hubid=0,id=n0",
                                "-device",
                                "virtio-net-pci,netdev=n0,mac=52:54:00:00:00:01",
                                state ? "-incoming" : NULL,
                                incoming,
                                NULL};

    memset(g, 0, sizeof(*g));
    if (!host_listen(&g->h))
        return false;
    snprintf(g->channel, sizeof(g->channel), "%s/%s.port", rig_dir(), role);
    g->vm.channel = g->channel;
    g->vm.serves = TRUE;
    rig_boot(&g->vm, image, image->initrd, role, args);
    return plug(g) && guest_hello(g);
}

static const struct wire_result *run(struct guest *g, const char *script)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_ORDER);
    m.id = next_id++;
    m.order.script = script;
    m.order.timeout_ms = WAIT_S * 1000;
    host_send(&g->h, &m);
    for (int i = 0; i < WAIT_S * 10 && !host_has(&g->h, WIRE_RESULT, m.id); i++)
        host_pump(&g->h, i == 0 ? 10 : 100);
    const struct wire_msg *r = host_wait(&g->h, WIRE_RESULT, m.id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    return &r->result;
}

/* What a script says; to be freed. */
static char *said(struct guest *g, const char *script)
{
    int64_t id = next_id;

    run(g, script);
    char *text = host_data(&g->h, id, 1, NULL);
    g_strchomp(text);
    return text;
}

static void expect_fine(struct guest *g)
{
    const struct wire_result *r = run(g, "exit 4");

    CU_ASSERT_EQUAL(r->status, WIRE_DONE);
    CU_ASSERT_EQUAL(r->exit, 4);
}

/* Programs that wait, once those that were killed have had time to go; to be freed. */
static char *sleepers(struct guest *g)
{
    return said(g, "i=0; while pidof sleep >/dev/null && [ $i -lt 50 ]; do "
                   "i=$((i + 1)); usleep 100000; done; pidof sleep; echo");
}

static void send_order(struct guest *g, int64_t id, const char *script)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_ORDER);
    m.id = id;
    m.order.script = script;
    host_send(&g->h, &m);
}

/* Waits for a hello of another instance of the agent. */
static bool another_agent(struct guest *g, int64_t inst)
{
    for (int i = 0; g->h.inst == inst && i < HOST_WAIT_MS / 20; i++)
        host_pump(&g->h, 20);
    CU_ASSERT_NOT_EQUAL(g->h.inst, inst);
    return g->h.inst != inst;
}

/* The first heartbeat that answers a ping from now on. */
static const struct wire_beat *beat(struct guest *g)
{
    const struct wire_msg *m;
    struct wire_msg ping;
    static int64_t t = 1000;

    wire_msg_init(&ping, WIRE_PING);
    ping.ping = ++t;
    host_send(&g->h, &ping);
    while ((m = host_wait(&g->h, WIRE_BEAT, 0)) && m->beat.ping != t)
        ;
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    return &m->beat;
}

/* The first hello of the agent that runs now: each process of it counts anew. */
static const struct heard *this_agent(const struct guest *g)
{
    const struct heard *item = g->h.first;

    while (item && (item->m.kind != WIRE_HELLO || item->m.hello.inst != g->h.inst))
        item = item->next;
    return item;
}

/* Tells of the last loss that came; NULL: none. */
static const struct wire_lossy *last_loss(const struct guest *g)
{
    const struct wire_lossy *loss = NULL;

    for (const struct heard *item = this_agent(g); item; item = item->next)
        if (item->m.kind == WIRE_LOSSY)
            loss = &item->m.lossy;
    return loss;
}

/* Rows that came of those numbered up to n. */
static int64_t rows_up_to(const struct guest *g, int64_t n)
{
    int64_t rows = 0;

    for (const struct heard *item = this_agent(g); item; item = item->next)
        for (size_t i = 0; item->m.kind == WIRE_OBS && i < item->m.obs.n_rows; i++)
            rows += item->m.obs.n + (int64_t)i <= n;
    return rows;
}

static void observe(struct guest *g, int64_t cpu)
{
    const char *paths[] = {"/srv"};
    struct wire_player players[] = {{PLAYER, "p-7"}};
    struct wire_msg m;

    wire_msg_init(&m, WIRE_OBSERVE);
    m.id = next_id++;
    m.observe.paths = paths;
    m.observe.n_paths = 1;
    m.observe.players = players;
    m.observe.n_players = 1;
    m.observe.rate = 100000;
    m.observe.cpu = cpu;
    host_send(&g->h, &m);
    CU_ASSERT_PTR_NOT_NULL_FATAL(host_wait(&g->h, WIRE_RESULT, m.id));
}

/* ---- cases ---- */

/* Limits by control groups that the agent itself mounted; it is in none of them. */
static void test_limits(void)
{
    struct guest *g = &guest;
    struct wire_msg m;

    g_autofree char *own = said(g, "cat /proc/self/cgroup /proc/$PPID/cgroup");
    CU_ASSERT_PTR_NOT_NULL(strstr(own, "0::/parry.agent/"));
    CU_ASSERT_PTR_NOT_NULL(strstr(own, "0::/\n") ?: strstr(own, "\n0::/"));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = next_id++;
    m.order.script = "sees eat";
    m.order.mem_kb = 16384;
    host_send(&g->h, &m);
    const struct wire_msg *r = host_wait(&g->h, WIRE_RESULT, m.id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_PTR_NOT_NULL(r->result.text);
    CU_ASSERT(r->result.text && strstr(r->result.text, "killed at 16384 KiB"));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = next_id++;
    m.order.script = "for i in 1 2 3 4 5 6 7 8 9; do sleep 60 & done; echo made";
    m.order.procs = 5;
    m.order.timeout_ms = 2000;
    host_send(&g->h, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&g->h, WIRE_RESULT, m.id));
    char *made = host_data(&g->h, m.id, 1, NULL);
    char *err = host_data(&g->h, m.id, 2, NULL);
    CU_ASSERT_PTR_NULL(strstr(made, "made"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "fork"));
    free(made);
    free(err);
    run(g, "killall -9 sleep"); /* an order that ended by itself leaves its children */
    expect_fine(g);
}

static void test_breaks(void)
{
    struct guest *g = &guest;
    g_autofree char *files = said(g, "ls /proc/$PPID/fd | wc -l");
    int64_t before = beat(g)->rss_kb;

    for (int i = 0; i < BREAKS; i++)
        if (!plug_again(g))
            return;
    g_autofree char *after = said(g, "ls /proc/$PPID/fd | wc -l");
    CU_ASSERT_STRING_EQUAL(after, files);
    CU_ASSERT(beat(g)->rss_kb <= before + 512);
    CU_ASSERT_EQUAL(g->h.bad_lines, 0);
    expect_fine(g);
}

/* Nobody reads: orders run and end, rows are made until the queue of them has been filled
 * several times over, and the agent stays small. Then all is read. */
static void test_host_that_does_not_read(void)
{
    struct guest *g = &guest;
    int64_t rows = 0;

    observe(g, 100);
    int64_t first = next_id;
    for (; next_id < first + 30; next_id++) {
        g_autofree char *script = g_strdup_printf("echo %lld", (long long)next_id);
        send_order(g, next_id, script);
    }
    g_autofree char *text = g_strnfill(900, 'x');
    g_autofree char *flood =
        g_strdup_printf("sees flood -1000 %s; grep VmRSS /proc/$PPID/status >/tmp/rss; "
                        "echo not read >/dev/ttyS0; cat /tmp/rss",
                        text);
    struct wire_msg m;
    wire_msg_init(&m, WIRE_ORDER);
    m.id = next_id++;
    m.order.script = flood;
    m.order.timeout_ms = 120000;
    host_send(&g->h, &m);
    CU_ASSERT_TRUE(rig_wait(&g->vm, "not read", 120));
    for (int64_t id = first; id < next_id; id++) {
        const struct wire_msg *r = host_wait(&g->h, WIRE_RESULT, id);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        CU_ASSERT_EQUAL(r->result.status, WIRE_DONE);
        g_autofree char *out = host_data(&g->h, id, 1, NULL);
        CU_ASSERT(id == next_id - 1 || atoll(out) == id);
    }
    g_autofree char *size = host_data(&g->h, next_id - 1, 1, NULL);
    long kb = 0;
    for (char *at = size; *at && !kb; at++)
        kb = strstr(at, "VmRSS:") ? atol(strstr(at, "VmRSS:") + 6) : 0;
    EXPECT(g, "rows after it", WIRE_SAW_EXEC, .exe = "sees", .id = next_id - 1);
    const struct wire_lossy *loss = NULL;
    for (int i = 0; i < 200; i++) { /* told with heartbeats */
        host_pump(&g->h, 100);
        loss = last_loss(g);
        rows = loss ? rows_up_to(g, loss->n) : 0;
        if (loss && loss->n - rows == loss->queue)
            break;
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(loss);
    printf("  unread: %lld of %lld rows kept, %lld told as dropped, %lld records lost in "
           "the kernel, %ld KiB resident\n",
           (long long)rows, (long long)loss->n, (long long)loss->queue,
           (long long)loss->kernel, kb);
    CU_ASSERT(loss->queue > 0);
    CU_ASSERT_EQUAL(loss->n - rows, loss->queue);
    CU_ASSERT(kb > 0 && kb < 8192);
    expect_fine(g);
}

static void test_clock(void)
{
    struct guest *g = &guest;
    struct wire_msg m;
    static const char *const leaps[] = {"date -s @$(($(date +%s) + 86400))",
                                        "date -s @$(($(date +%s) - 172800))"};

    for (int i = 0; i < 2; i++) {
        run(g, leaps[i]);
        int64_t off = beat(g)->wall_us - wall_us();
        CU_ASSERT(off < 0 ? i == 1 : i == 0);
        CU_ASSERT(llabs(off) > DAY_US * 9 / 10 && llabs(off) < DAY_US * 11 / 10);
        wire_msg_init(&m, WIRE_ORDER); /* deadlines are none of its business */
        m.id = next_id++;
        m.order.script = "sleep 600";
        m.order.timeout_ms = 500;
        host_send(&g->h, &m);
        const struct wire_msg *r = host_wait(&g->h, WIRE_RESULT, m.id);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        CU_ASSERT(r->result.dur_us > 400000 && r->result.dur_us < 10000000);
    }
    wire_msg_init(&m, WIRE_CLOCK);
    m.id = next_id++;
    m.clock.wall_us = wall_us();
    host_send(&g->h, &m);
    const struct wire_msg *r = host_wait(&g->h, WIRE_RESULT, m.id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_DONE);
    CU_ASSERT(r->result.text && strncmp(r->result.text, "stepped by ", 11) == 0);
    int64_t off = beat(g)->wall_us - wall_us();
    printf("  clock: %lld ms off after it was set\n", (long long)off / 1000);
    CU_ASSERT(llabs(off) < 1000000);
}

/* Neither its directory nor the root has a byte left. */
static void test_disk_full(void)
{
    struct guest *g = &guest;
    struct wire_msg m;

    run(g,
        "mkdir -p /srv/full; mount -t tmpfs -o size=1m full /srv/full; "
        "dd if=/dev/zero of=/run/filling bs=4096; dd if=/dev/zero of=/srv/full/filling "
        "bs=4096; df /run");
    for (int i = 0; i < 5; i++)
        expect_fine(g);
    wire_msg_init(&m, WIRE_FILE);
    m.id = next_id++;
    m.file.path = "/srv/full/new";
    m.file.data = (struct wire_bytes){(const unsigned char *)"abc", 3};
    m.file.end = true;
    host_send(&g->h, &m);
    const struct wire_msg *r = host_wait(&g->h, WIRE_RESULT, m.id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_FAILED);
    CU_ASSERT(r->result.text && strstr(r->result.text, "No space left"));
    g_autofree char *left = said(g, "ls /srv/full");
    CU_ASSERT_STRING_EQUAL(left, "filling");
    run(g, "rm /run/filling; umount /srv/full");
    host_pump(&g->h, 2500); /* it tries its file again */
    int64_t id = next_id;
    run(g, "echo kept; exit 9");
    g_autofree char *script =
        g_strdup_printf("grep -c '\"id\":%lld,' /run/parry/state", (long long)id);
    g_autofree char *stored = said(g, script);
    CU_ASSERT(atoi(stored) >= 1);
}

/* An order without a limit eats the guest's memory: it dies whole, and that is said. */
static void test_out_of_memory(void)
{
    struct guest *g = &guest;
    int64_t inst = g->h.inst;

    const struct wire_result *r = run(g, "sleep 611 & sees eat; echo survived");
    CU_ASSERT_EQUAL(r->signal, 9);
    CU_ASSERT(r->text && strstr(r->text, "ran out of memory"));
    g_autofree char *left = sleepers(g);
    CU_ASSERT_STRING_EQUAL(left, "");
    CU_ASSERT_EQUAL(g->h.inst, inst);
    g_autofree char *spared = said(g, "cat /proc/$PPID/oom_score_adj");
    CU_ASSERT_STRING_EQUAL(spared, "-900");
    expect_fine(g);
}

static void test_killed_in_an_order(void)
{
    struct guest *g = &guest;
    int64_t inst = g->h.inst, id = next_id++;

    send_order(g, id, "setsid sleep 612 & kill -9 $PPID; sleep 613");
    if (!another_agent(g, inst))
        return;
    const struct wire_msg *r = host_wait(&g->h, WIRE_RESULT, id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_LOST);
    g_autofree char *left = sleepers(g);
    CU_ASSERT_STRING_EQUAL(left, "");
    expect_fine(g);
}

/* The bomb has a control group of its own, beside the agent's. */
static void test_fork_bomb(void)
{
    struct guest *g = &guest;
    g_autofree char *script = g_strdup_printf(
        "mkdir /sys/fs/cgroup/bomb; echo $$ >/sys/fs/cgroup/bomb/cgroup.procs; "
        "setsid sees bomb %d >/dev/null 2>&1 & exit 0\n",
        BOMB_PROCS);

    g_autofree char *grown =
        g_strdup_printf("until [ $(wc -l </sys/fs/cgroup/bomb/cgroup.procs) -ge %d ]; do "
                        "sleep 0.2; done",
                        BOMB_PROCS);

    run(g, script);
    run(g, grown);
    int64_t worst = 0;
    for (int i = 0; i < 3; i++) {
        int64_t began = g_get_monotonic_time();
        beat(g);
        int64_t beaten = g_get_monotonic_time() - began;
        worst = beaten > worst ? beaten : worst;
    }
    int64_t began = g_get_monotonic_time();
    expect_fine(g);
    int64_t took = g_get_monotonic_time() - began;
    printf("  beside %d spinning processes: a ping is answered after %lld ms at most, an "
           "order after %lld ms\n",
           BOMB_PROCS, (long long)worst / 1000, (long long)took / 1000);
    CU_ASSERT(worst < ANSWER_S * G_USEC_PER_SEC);
    CU_ASSERT(took < 2 * ANSWER_S * G_USEC_PER_SEC);
    run(g, "echo 1 >/sys/fs/cgroup/bomb/cgroup.kill; "
           "until rmdir /sys/fs/cgroup/bomb; do sleep 0.1; done");
    expect_fine(g);
}

/* What root in the guest can do to the watching: noticed, told, put right. */
static void test_tampering(void)
{
    struct guest *g = &guest;

    observe(g, 100);
    guest_terminal(g, next_id, NULL);
    int64_t pty = next_id++;
    guest_type(g, pty, "sees audit flush\n");
    EXPECT(g, "rules taken away", WIRE_SAW_WATCH, WIRE_ACT_CHANGED, .path = "audit",
           .to = "rules gone", .exe = "sees", .player = "p-7", .auid = PLAYER);
    run(g, "exec sees after-flush");
    EXPECT(g, "rows after that", WIRE_SAW_EXEC, .args = "sees after-flush");
    guest_type(g, pty, "sees audit off\n");
    EXPECT(g, "audit switched off", WIRE_SAW_WATCH, WIRE_ACT_CHANGED, .path = "audit",
           .to = "switched off");
    run(g, "exec sees after-off");
    EXPECT(g, "rows after that", WIRE_SAW_EXEC, .args = "sees after-off");
    guest_type(g, pty, "sees audit hide\n");
    EXPECT(g, "a rule that hides", WIRE_SAW_WATCH, WIRE_ACT_CHANGED, .path = "audit",
           .to = "1 that hide");
    guest_type(g, pty, "sees after-hide\n");
    EXPECT(g, "rows after that", WIRE_SAW_EXEC, .args = "sees after-hide");
    const struct wire_lossy *loss = last_loss(g);
    for (int i = 0; i < 100 && !(loss = last_loss(g)); i++)
        host_pump(&g->h, 100);
    CU_ASSERT_PTR_NOT_NULL_FATAL(loss);
    CU_ASSERT(loss->kernel > 0 && loss->from_us > 0 && loss->from_us <= loss->to_us);
}

/* What only the look with each fifth heartbeat finds: the connector silenced, another
 * file system over what is watched, and the agent's own files gone. */
static void test_deleted(void)
{
    struct guest *g = &guest;
    int64_t inst = g->h.inst;

    observe(g, 100);
    run(g, "rm -rf /parry/agent /run/parry; sees deaf; mount -t tmpfs over /srv; sees x");
    EXPECT(g, "its program gone", WIRE_SAW_WATCH, WIRE_ACT_CHANGED, .to = "put back");
    EXPECT(g, "files laid over", WIRE_SAW_WATCH, WIRE_ACT_CHANGED, .path = "/srv");
    EXPECT(g, "the connector", WIRE_SAW_WATCH, WIRE_ACT_CHANGED, .path = "processes");
    run(g, "echo x >/srv/over; sh -c 'exit 77'");
    EXPECT(g, "a file", WIRE_SAW_FILE, .path = "/srv/over");
    EXPECT(g, "an end", WIRE_SAW_EXIT, .exit = 77);
    send_order(g, next_id++, "kill -9 $PPID");
    if (!another_agent(g, inst)) /* init finds it where it was */
        return;
    expect_fine(g);
    run(g, "umount /srv");
}

/* Processor time of the agent while a guest does nothing but make processes. */
static double flooded(struct guest *g, int64_t cpu)
{
    long ticks = 0, hz = 100;

    observe(g, cpu);
    host_pump(&g->h, 1000);
    g_autofree char *text = said(
        g, "t() { set -- $(cut -d' ' -f14,15 /proc/$PPID/stat); echo $(($1 + $2)); }; "
           "a=$(t); sees flood 8 >/dev/null; echo $(($(t) - a))");
    ticks = atol(text);
    return (double)ticks / (double)hz / 8;
}

static void test_share(void)
{
    struct guest *g = &guest;
    double at_25 = flooded(g, 25), at_5 = flooded(g, 5);

    printf("  share: %.1f %% of the core at 25, %.1f %% at 5\n", at_25 * 100, at_5 * 100);
    CU_ASSERT(at_25 < 0.30); /* with what may be used at once */
    CU_ASSERT(at_5 < 0.08);
    expect_fine(g);
}

/* ---- reverts and clones ---- */

static bool identify(struct guest *g, const char *name, char number)
{
    g_autofree char *mac = g_strdup_printf("52:54:00:00:00:a%c", number);
    g_autofree char *machine = g_strnfill(32, number), *seed = g_strnfill(32, number);
    struct wire_nic nic = {mac, "10.9.8.7", 24};
    struct wire_msg m;

    wire_msg_init(&m, WIRE_IDENTITY);
    m.id = next_id++;
    m.identity = (struct wire_identity){
        .hostname = name,
        .nics = &nic,
        .n_nics = 1,
        .machine_id = machine,
        .seed = {(const unsigned char *)seed, 32},
        .wall_us = wall_us(),
    };
    host_send(&g->h, &m);
    const struct wire_msg *r = host_wait(&g->h, WIRE_RESULT, m.id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    if (r->result.status != WIRE_DONE || r->result.exit != 0)
        printf("  identity of %s: %s\n", name, r->result.text ? r->result.text : "");
    CU_ASSERT_EQUAL(r->result.status, WIRE_DONE);
    g_autofree char *is =
        said(g, "hostname; cat /etc/machine-id /sys/class/net/eth0/address");
    g_autofree char *want = g_strdup_printf("%s\n%s\n%s", name, machine, mac);
    CU_ASSERT_STRING_EQUAL(is, want);
    CU_ASSERT(llabs(beat(g)->wall_us - wall_us()) < 1000000);
    return true;
}

/* Memory is saved in the middle of an order; two guests go on from it. Each is told of
 * another epoch: the order is gone, and lost to whoever asks for it. */
static void restored(const ImageResult *image, const char *role, int64_t order,
                     char number, char *random, size_t size)
{
    struct guest g;

    if (!boot(&g, image, role, saved))
        return;
    g.h.epoch = 2; /* the hello that came was answered with the epoch before */
    plug_again(&g);
    g_autofree char *left = sleepers(&g);
    CU_ASSERT_STRING_EQUAL(left, "");
    CU_ASSERT_FALSE(host_has(&g.h, WIRE_RESULT, order));
    send_order(&g, order, "echo run twice");
    const struct wire_msg *r = host_wait(&g.h, WIRE_RESULT, order);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_LOST);
    identify(&g, role, number);
    g_autofree char *bytes = said(&g, "head -c 16 /dev/urandom | od -An -tx1");
    g_strlcpy(random, bytes, size);
    expect_fine(&g);
    guest_end(&g);
}

static void test_revert(const ImageResult *image)
{
    struct guest *g = &guest;
    int64_t order = next_id++;
    char random[2][128] = {"", ""};

    saved = g_build_filename(rig_dir(), "memory", NULL);
    g_autofree char *command = g_strdup_printf("migrate \"exec:cat >%s\"", saved);
    send_order(g, order, "setsid sleep 614 & sleep 615");
    CU_ASSERT_PTR_NOT_NULL_FATAL(host_wait(&g->h, WIRE_STARTED, order));
    if (!rig_command(&g->vm, command, 60))
        return;
    restored(image, "clone1", order, '1', random[0], sizeof(random[0]));
    restored(image, "clone2", order, '2', random[1], sizeof(random[1]));
    CU_ASSERT_STRING_NOT_EQUAL(random[0], random[1]);
    CU_ASSERT(strlen(random[0]) > 40);
}

/* ---- one guest for all ---- */

static void test_micro(void)
{
    static const struct {
        const char *name;
        void (*test)(void);
    } cases[] = {
        {"limits", test_limits},
        {"a port closed and opened", test_breaks},
        {"a clock that leaps", test_clock},
        {"full disks", test_disk_full},
        {"no memory left", test_out_of_memory},
        {"killed in an order", test_killed_in_an_order},
        {"a fork bomb", test_fork_bomb},
        {"tampering", test_tampering},
        {"files deleted", test_deleted},
        {"a host that does not read", test_host_that_does_not_read},
        {"its share of the core", test_share},
    };
    g_autoptr(GPtrArray) files = guest_files();
    g_auto(ImageResult) image = {0};
    const char *only = g_getenv("PARRY_TEST_CASE");

    if (!rig_build("micro", "", guest_agent(), files, &image))
        return;
    if (boot(&guest, &image, "endure", NULL)) {
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
            int64_t began = g_get_monotonic_time();
            if (only && strcmp(only, cases[i].name) != 0)
                continue;
            cases[i].test();
            printf("  %s: %.1f s, %u failures so far\n", cases[i].name,
                   (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC,
                   CU_get_number_of_failure_records());
        }
        if (!only || strcmp(only, "revert") == 0)
            test_revert(&image);
    }
    guest_end(&guest);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a micro host", test_micro},
        CU_TEST_INFO_NULL,
    };
    const char *obstacle = rig_obstacle();

    if (obstacle) {
        printf("skipped: %s is not installed\n", obstacle);
        return 77;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    wire_init();
    int rc = cunit_main("endure", tests);
    g_free(saved);
    rig_clean();
    return rc;
}
