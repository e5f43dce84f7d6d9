/*
 * What the agent sees in real guests: a micro host and a Debian host in bare QEMU, the
 * agent's port on a socket of the test's. PARRY_SEES_RECORD=FILE keeps the records that
 * the kernel's audit gave meanwhile (the samples of the parser's unit test come from
 * there).
 */
#include "tests/integration/agent_guest.h"
#include "tests/unit/cunit_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FLOOD_S = 10 };

/* ---- what both kinds of guests show ---- */

static void orders(struct guest *g)
{
    CU_ASSERT_PTR_NOT_NULL(host_order(
        &g->h, 11,
        "cd /srv; sees --password hunter2 'two words' --pin=1234; sh -c 'exit 7'"));
    EXPECT(g, "an order's program", WIRE_SAW_EXEC, .exe = "/bin/sees",
           .args = "sees --password *** 'two words' --pin=***", .origin = WIRE_FROM_ORDER,
           .auid = WIRE_AUID_ORDER, .id = 11);
    EXPECT(g, "an exit", WIRE_SAW_EXIT, .origin = WIRE_FROM_ORDER, .id = 11, .exit = 7);
}

static void player(struct guest *g)
{
    guest_terminal(g, 12, NULL);
    guest_type(g, 12, "cd /srv; sees as-player; echo x >made; mv made moved; rm moved\n");
    EXPECT(g, "a player's program", WIRE_SAW_EXEC, .args = "sees as-player",
           .player = "p-7", .origin = WIRE_FROM_PLAYER, .auid = PLAYER, .id = 12);
    EXPECT(g, "a file made", WIRE_SAW_FILE, WIRE_ACT_CREATED, .path = "/srv/made",
           .player = "p-7");
    EXPECT(g, "a file moved", WIRE_SAW_FILE, WIRE_ACT_MOVED, .path = "/srv/made",
           .to = "/srv/moved");
    EXPECT(g, "a file deleted", WIRE_SAW_FILE, WIRE_ACT_DELETED, .path = "/srv/moved",
           .player = "p-7");
    guest_type(g, 12, "mkdir -p /srv/a/b/c; echo deep >/srv/a/b/c/file\n");
    EXPECT(g, "a file in new directories", WIRE_SAW_FILE, .path = "/srv/a/b/c/file");
    guest_type(g, 12, "sees listen 4444 &\n");
    EXPECT(g, "a listener", WIRE_SAW_LISTEN, WIRE_ACT_OPENED, .to = "tcp 0.0.0.0:4444",
           .exe = "/bin/sees", .player = "p-7");
    EXPECT(g, "a listener's end", WIRE_SAW_UNLISTEN, .to = "tcp 0.0.0.0:4444");
    guest_type(g, 12, "sees listen 4445 & sleep 1; kill -9 $!\n");
    EXPECT(g, "a kill", WIRE_SAW_EXEC, WIRE_ACT_STOPPED, .to = "signal 9",
           .player = "p-7");
    EXPECT(g, "who was killed", WIRE_SAW_EXIT, .exit = 137, .player = "p-7");
    guest_type(g, 12, "echo 'eve:x:1066:1066::/:/bin/sh' >>/etc/passwd\n");
    EXPECT(g, "an account", WIRE_SAW_ACCOUNT, WIRE_ACT_ADDED, .to = "eve",
           .player = "p-7");
    guest_type(g, 12, "mkdir -p /root/.ssh; echo key >/root/.ssh/authorized_keys\n");
    EXPECT(g, "a key", WIRE_SAW_KEY, .path = "/root/.ssh/authorized_keys",
           .player = "p-7");
    guest_type(g, 12, "mkdir -p /etc/cron.d; echo x >/etc/cron.d/job\n");
    EXPECT(g, "a crontab", WIRE_SAW_CRON, .path = "/etc/cron.d/job", .player = "p-7");
}

/* Rows and their numbers after a flood: every execution is there or counted as lost. */
static void count_flood(struct guest *g, long made)
{
    int64_t rows = 0, last = 0, seen = 0, kernel = 0, queue = 0, n = 0;

    for (const struct heard *item = g->h.first; item; item = item->next) {
        if (item->m.kind == WIRE_LOSSY) {
            kernel = item->m.lossy.kernel;
            queue = item->m.lossy.queue;
            n = item->m.lossy.n;
            CU_ASSERT(item->m.lossy.from_us > 0 &&
                      item->m.lossy.from_us <= item->m.lossy.to_us);
        }
        if (item->m.kind != WIRE_OBS)
            continue;
        CU_ASSERT(item->m.obs.n > last);
        last = item->m.obs.n + (int64_t)item->m.obs.n_rows - 1;
        rows += (int64_t)item->m.obs.n_rows;
        for (size_t i = 0; i < item->m.obs.n_rows; i++)
            seen += item->m.obs.rows[i].what == WIRE_SAW_EXEC &&
                    item->m.obs.rows[i].act_id == 13;
    }
    printf(
        "  %s: %ld executions in %d s, %lld seen; %lld of %lld rows came; lost: kernel "
        "%lld records, queue %lld rows, told up to %lld\n",
        g->vm.role, made, FLOOD_S, (long long)seen, (long long)rows, (long long)last,
        (long long)kernel, (long long)queue, (long long)n);
    CU_ASSERT_EQUAL(last - rows, queue); /* nothing is lost on the channel */
    if (kernel == 0 && queue == 0) {
        CU_ASSERT_EQUAL(seen, made + 2); /* with the shell and the first */
    } else {
        CU_ASSERT(seen + kernel + queue >= made);
    }
}

static void flood(struct guest *g)
{
    g_autofree char *script = g_strdup_printf("sees flood %d", FLOOD_S);
    size_t len;

    const struct wire_msg *m = NULL;
    struct wire_msg order;
    wire_msg_init(&order, WIRE_ORDER);
    order.id = 13;
    order.order.script = script;
    host_send(&g->h, &order);
    host_pump(&g->h, FLOOD_S * 1000);
    m = host_wait(&g->h, WIRE_RESULT, 13);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    char *out = host_data(&g->h, 13, 1, &len);
    long made = atol(out);
    free(out);
    CU_ASSERT(made > 100);
    /* The end of the queue, and two heartbeats after it. */
    CU_ASSERT_PTR_NOT_NULL(host_order(&g->h, 14, "exec sees after-flood"));
    EXPECT(g, "the end of the queue", WIRE_SAW_EXIT, .id = 14);
    host_pump(&g->h, 5000);
    count_flood(g, made);
}

/* Ten rows a second: what is past it is dropped, and every number accounted for. */
static void slow_rate(struct guest *g)
{
    int64_t rows = 0, last = 0;
    struct wire_msg m;

    wire_msg_init(&m, WIRE_OBSERVE);
    m.id = 20;
    m.observe.rate = 10;
    host_send(&g->h, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&g->h, WIRE_RESULT, 20));
    CU_ASSERT_PTR_NOT_NULL(host_order(&g->h, 21, "sees flood 3"));
    host_pump(&g->h, 5000);
    CU_ASSERT_PTR_NOT_NULL(host_order(&g->h, 22, "exec sees after-drops"));
    EXPECT(g, "rows after the drops", WIRE_SAW_EXEC, .args = "sees after-drops");
    host_pump(&g->h, 5000);
    const struct wire_lossy *lossy = NULL;
    for (const struct heard *item = g->h.first; item; item = item->next) {
        if (item->m.kind == WIRE_LOSSY)
            lossy = &item->m.lossy;
        if (item->m.kind != WIRE_OBS)
            continue;
        rows += (int64_t)item->m.obs.n_rows;
        last = item->m.obs.n + (int64_t)item->m.obs.n_rows - 1;
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(lossy);
    printf("  %s: at 10 rows a second %lld of %lld rows, %lld told as dropped\n",
           g->vm.role, (long long)rows, (long long)last, (long long)lossy->queue);
    CU_ASSERT(lossy->queue > 100);
    CU_ASSERT_EQUAL(last - rows, lossy->queue);
    CU_ASSERT(lossy->from_us > 0 && lossy->from_us < lossy->to_us);
}

/* An agent that does not run: what the kernel could not keep for it is counted, the guest
 * never waits, and afterwards it sees again. */
static void blind(struct guest *g)
{
    const struct wire_lossy *lossy = NULL;
    int64_t seen = 0;
    struct wire_msg m;

    wire_msg_init(&m, WIRE_OBSERVE);
    m.id = 30;
    m.observe.rate = 100000;
    host_send(&g->h, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&g->h, WIRE_RESULT, 30));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 31;
    m.order.script = "kill -STOP $PPID; sees flood 40; kill -CONT $PPID";
    m.order.timeout_ms = 120000;
    host_send(&g->h, &m);
    for (int i = 0; i < 100 && !host_has(&g->h, WIRE_RESULT, 31); i++)
        host_pump(&g->h, 1000);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&g->h, WIRE_RESULT, 31));
    char *out = host_data(&g->h, 31, 1, NULL);
    long made = atol(out);
    free(out);
    CU_ASSERT_PTR_NOT_NULL(host_order(&g->h, 32, "exec sees after-blind"));
    EXPECT(g, "rows after the gap", WIRE_SAW_EXEC, .args = "sees after-blind");
    host_pump(&g->h, 10000); /* heartbeats: see audit_poll */
    for (const struct heard *item = g->h.first; item; item = item->next) {
        if (item->m.kind == WIRE_LOSSY)
            lossy = &item->m.lossy;
        for (size_t i = 0; item->m.kind == WIRE_OBS && i < item->m.obs.n_rows; i++)
            seen += item->m.obs.rows[i].what == WIRE_SAW_EXEC &&
                    item->m.obs.rows[i].act_id == 31;
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(lossy);
    printf(
        "  %s: stopped for 40 s: %ld executions, %lld seen, kernel lost %lld records in "
        "%lld s\n",
        g->vm.role, made, (long long)seen, (long long)lossy->kernel,
        (long long)((lossy->to_us - lossy->from_us) / 1000000));
    /* Each has a fork, an execution and an end; some of them waited in the kernel. */
    CU_ASSERT(lossy->kernel >= 3 * (made - seen) - 3000);
    CU_ASSERT(lossy->to_us - lossy->from_us > 30 * G_USEC_PER_SEC);
}

static void idle(struct guest *g)
{
    const struct wire_msg *m;
    struct wire_msg ping;

    wire_msg_init(&ping, WIRE_PING);
    ping.ping = 77;
    host_send(&g->h, &ping);
    while ((m = host_wait(&g->h, WIRE_BEAT, 0)) && m->beat.ping != 77)
        ;
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    printf("  %s: %lld KiB resident\n", g->vm.role, (long long)m->beat.rss_kb);
    CU_ASSERT(m->beat.rss_kb < 3072);
}

/* Without systemd a service is what the agent was asked to start. */
static void services(struct guest *g)
{
    const char *names[] = {"httpd"};
    struct wire_msg m;

    wire_msg_init(&m, WIRE_PERSONALISE);
    m.id = 15;
    m.personalise.hostname = "micro";
    m.personalise.services = names;
    m.personalise.n_services = 1;
    host_send(&g->h, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&g->h, WIRE_READY, 15));
    EXPECT(g, "a service started by the agent", WIRE_SAW_SERVICE, WIRE_ACT_STARTED,
           .path = "httpd");
    guest_type(g, 12, "kill -9 $(pidof httpd)\n");
    EXPECT(g, "a service stopped", WIRE_SAW_SERVICE, WIRE_ACT_STOPPED, .path = "httpd");
    guest_type(g, 12, "httpd -h /srv\n"); /* goes to the background */
    EXPECT(g, "a service started by a player", WIRE_SAW_SERVICE, WIRE_ACT_STARTED,
           .path = "httpd", .player = "p-7");
}

/* Nothing to do: the agent wakes for its heartbeat, not otherwise. */
static void wakeups(struct guest *g)
{
    long before = 0, after = 0;

    CU_ASSERT_PTR_NOT_NULL(host_order(&g->h, 16,
                                      "n() { grep ^vol /proc/$PPID/status | cut -f2; }; "
                                      "sleep 1; a=$(n); sleep 15; echo $a $(n)"));
    char *out = host_data(&g->h, 16, 1, NULL);
    CU_ASSERT_EQUAL(sscanf(out, "%ld %ld", &before, &after), 2);
    free(out);
    printf("  %s: %ld wakeups in 15 s\n", g->vm.role, after - before);
    CU_ASSERT(after - before < 60); /* 7 beats, and what the order itself is seen by */
}

static void record(struct guest *g)
{
    const char *path = g_getenv("PARRY_SEES_RECORD");
    struct wire_msg m;

    if (!path)
        return;
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 9;
    m.order.script = "sees records 40";
    m.order.out_max = 1 << 20;
    host_send(&g->h, &m);
    host_pump(&g->h, 1000);
}

static void keep_record(struct guest *g)
{
    const char *path = g_getenv("PARRY_SEES_RECORD");
    size_t len;

    if (!path)
        return;
    while (!host_has(&g->h, WIRE_RESULT, 9))
        host_pump(&g->h, 100);
    char *out = host_data(&g->h, 9, 1, &len);
    g_autofree char *name = g_strdup_printf("%s.%s", path, g->vm.role);
    CU_ASSERT_TRUE(g_file_set_contents(name, out, (gssize)len, NULL));
    free(out);
}

/* sudo, su, services, logins: what only a whole system has. */
static void whole_system(struct guest *g)
{
    guest_type(g, 12, "echo 'PS1=' >/dev/null; sudo -u nobody sees as-nobody\n");
    EXPECT(g, "a player through sudo", WIRE_SAW_EXEC, .args = "sees as-nobody",
           .player = "p-7", .auid = PLAYER, .id = 12);
    /* sudo reads what is typed ahead. */
    EXPECT(g, "the end of sudo's session", WIRE_SAW_SESSION, WIRE_ACT_CLOSED,
           .path = "nobody");
    guest_type(g, 12, "su -s /bin/sh nobody -c 'sees as-nobody-by-su'\n");
    EXPECT(g, "a player through su", WIRE_SAW_EXEC, .exe = "sees",
           .args = "sees as-nobody-by-su", .player = "p-7", .auid = PLAYER, .id = 12);
    EXPECT(g, "a session of su", WIRE_SAW_SESSION, WIRE_ACT_OPENED, .path = "nobody");
    guest_type(g, 12, "systemctl restart cron\n");
    EXPECT(g, "a service stopped", WIRE_SAW_SERVICE, WIRE_ACT_STOPPED, .path = "cron");
    EXPECT(g, "a service started", WIRE_SAW_SERVICE, WIRE_ACT_STARTED, .path = "cron");
    guest_type(g, 12, "echo root:sesame | chpasswd\n");
    EXPECT(g, "a password", WIRE_SAW_ACCOUNT, WIRE_ACT_CHANGED, .path = "/etc/shadow",
           .to = "root", .player = "p-7");
    guest_type(g, 12, "nft add table inet parrytest\n");
    EXPECT(g, "the firewall", WIRE_SAW_FIREWALL, .path = "parrytest", .player = "p-7");
    guest_type(g, 12, "su -s /bin/sh nobody -c 'echo wrong | su root -c true'\n");
    EXPECT(g, "a failure", WIRE_SAW_AUTH_FAILURE, WIRE_ACT_REFUSED, .path = "root");
    guest_type(g, 12,
               "mkdir -p /etc/systemd/system; echo x >/etc/systemd/system/x.service\n");
    EXPECT(g, "a unit", WIRE_SAW_UNIT, .path = "/etc/systemd/system/x.service",
           .player = "p-7");
}

static bool boot_debian(struct guest *g, const char *role, const char *packages)
{
    g_autoptr(GPtrArray) files = guest_files();
    g_auto(ImageResult) image = {0};

    if (!rig_build("debian/bookworm", packages, guest_agent(), files, &image))
        return false;
    g_autofree char *name = g_strconcat(role, ".qcow2", NULL);
    g_autofree char *disk = g_build_filename(rig_dir(), name, NULL);
    g_autofree char *drive =
        g_strdup_printf("file=%s,if=virtio,format=qcow2,cache=unsafe", disk);
    const char *const args[] = {"-m", "256", "-drive", drive, NULL};
    CU_ASSERT_TRUE_FATAL(images_overlay(image.disk, disk, (guint64)3 << 30, NULL));
    return guest_begin(g, &image, role, args);
}

static void test_debian(void)
{
    struct guest g = {0};

    if (geteuid() != 0) {
        puts("  (not as root: not tried)");
        return;
    }
    if (boot_debian(&g, "debian", "sudo nftables cron")) {
        guest_sources(&g, WIRE_SOURCE_AUDIT | WIRE_SOURCE_PROC | WIRE_SOURCE_FANOTIFY);
        record(&g);
        orders(&g);
        player(&g);
        whole_system(&g);
        keep_record(&g);
        idle(&g);
        flood(&g);
    }
    guest_end(&g);
}

/* Where an auditd has audit, its rules stay its own: the rest is seen all the same. */
static void test_auditd(void)
{
    struct guest g = {0};

    if (geteuid() != 0) {
        puts("  (not as root: not tried)");
        return;
    }
    if (boot_debian(&g, "auditd", "auditd")) {
        /* It may have come after the agent, and then takes over. */
        guest_sources(&g,
                      WIRE_SOURCE_MULTICAST | WIRE_SOURCE_PROC | WIRE_SOURCE_FANOTIFY);
        guest_terminal(&g, 12, NULL);
        guest_type(&g, 12, "sees listen 4444 --pin 1234\n");
        EXPECT(&g, "a program", WIRE_SAW_EXEC, .args = "sees listen 4444 --pin ***",
               .player = "p-7", .id = 12);
        guest_type(&g, 12, "echo x >/srv/made\n");
        EXPECT(&g, "a file", WIRE_SAW_FILE, .path = "/srv/made", .player = "p-7");
        guest_type(&g, 12,
                   "until systemctl -q is-active auditd; do sleep 1; done; "
                   "su -s /bin/sh nobody -c 'exit 9'\n");
        EXPECT(&g, "a session", WIRE_SAW_SESSION, WIRE_ACT_OPENED, .path = "nobody",
               .player = "p-7");
        EXPECT(&g, "an exit", WIRE_SAW_EXIT, .player = "p-7", .exit = 9);
        guest_type(&g, 12, "auditctl -l; auditctl -s\n");
        EXPECT(&g, "auditctl", WIRE_SAW_EXIT, .exe = "auditctl");
    }
    guest_end(&g);
}

static void test_micro(void)
{
    static const char *const args[] = {"-m", "128", NULL};
    g_autoptr(GPtrArray) files = guest_files();
    g_auto(ImageResult) image = {0};
    struct guest g;

    if (!rig_build("micro", "", guest_agent(), files, &image))
        return;
    if (guest_begin(&g, &image, "micro", args)) {
        guest_sources(&g, WIRE_SOURCE_AUDIT | WIRE_SOURCE_PROC | WIRE_SOURCE_FANOTIFY);
        idle(&g);
        wakeups(&g);
        record(&g);
        orders(&g);
        player(&g);
        guest_type(&g, 12, "echo 'pat:x:1000:1000::/tmp:/bin/sh' >>/etc/passwd\n");
        guest_type(&g, 12, "su pat -c 'sees as-pat'\n");
        EXPECT(&g, "a player through su", WIRE_SAW_EXEC, .args = "sees as-pat",
               .player = "p-7", .auid = PLAYER, .id = 12);
        services(&g);
        keep_record(&g);
        flood(&g);
        slow_rate(&g);
        blind(&g);
    }
    guest_end(&g);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a micro host", test_micro},
        {"a Debian host", test_debian},
        {"a Debian host with an auditd", test_auditd},
        CU_TEST_INFO_NULL,
    };
    const char *obstacle = rig_obstacle();

    if (obstacle) {
        printf("skipped: %s is not installed\n", obstacle);
        return 77;
    }
    int rc = cunit_main("sees", tests);
    rig_clean();
    return rc;
}
