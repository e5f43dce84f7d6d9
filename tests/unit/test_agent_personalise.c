/*
 * Personalising, files and routing by the real agent, in network, mount, UTS and pid
 * namespaces of this test's own: /etc, /home, /run and /srv are empty file systems in
 * memory, the links are veth pairs whose other ends lie in two more network namespaces.
 */
#include "tests/unit/agent_host.h"
#include "tests/unit/cunit_main.h"

#include <arpa/inet.h>
#include <crypt.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTER_MAC "52:54:00:aa:00:01"
#define INNER_MAC "52:54:00:aa:00:02"

static struct host host;
static pid_t outside; /* in the network beyond the outer link */
static pid_t inside;  /* beyond the inner one; answers on port 8080 */
static int64_t last_id;

/* What /etc/file says, or "" */
static const char *content(const char *path)
{
    static char text[8192];
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

    if (f)
        fclose(f);
    text[n] = '\0';
    return text;
}

static bool contains(const char *path, const char *wanted)
{
    const char *text = content(path);
    bool there = strstr(text, wanted) != NULL;

    if (!there)
        fprintf(stderr, "\n%s does not hold '%s':\n%s\n", path, wanted, text);
    return there;
}

/* Runs a script by the agent, which sees the same namespaces; its exit status. */
static int64_t run(const char *script)
{
    const struct wire_msg *r = host_order(&host, ++last_id, script);

    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    if (r->result.exit != 0) {
        char *err = host_data(&host, last_id, 2, NULL);
        fprintf(stderr, "\n%s: exit %lld %s\n", script, (long long)r->result.exit, err);
        free(err);
    }
    return r->result.exit;
}

static int64_t runf(const char *format, int pid, const char *rest)
{
    char script[512];

    snprintf(script, sizeof(script), format, pid, rest);
    return run(script);
}

static const struct wire_ready *personalise(struct wire_msg *m)
{
    m->id = ++last_id;
    host_send(&host, m);
    const struct wire_msg *r = host_wait(&host, WIRE_READY, m->id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    return &r->ready;
}

static struct wire_msg named(const char *hostname)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_PERSONALISE);
    m.personalise.hostname = hostname;
    return m;
}

static void expect_done(struct wire_msg *m)
{
    const struct wire_ready *r = personalise(m);

    if (r->status != WIRE_DONE)
        fprintf(stderr, "\npersonalise: %s\n", r->text);
    CU_ASSERT_EQUAL(r->status, WIRE_DONE);
}

static void expect_failed(struct wire_msg *m, const char *word)
{
    const struct wire_ready *r = personalise(m);

    CU_ASSERT_EQUAL(r->status, WIRE_FAILED);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r->text);
    if (!strstr(r->text, word))
        fprintf(stderr, "\n'%s' is not in: %s\n", word, r->text);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->text, word));
}

static void test_names(void)
{
    static const char *names[] = {"web", "www.clinic.example"};
    static const char *dns[] = {"10.10.1.1", "10.10.1.2"};
    struct wire_hostline hosts[] = {{"10.10.1.10", names, 2}};
    struct wire_msg m = named("web");
    char name[65];

    m.personalise.hosts = hosts;
    m.personalise.n_hosts = 1;
    m.personalise.dns = dns;
    m.personalise.n_dns = 2;
    expect_done(&m);
    CU_ASSERT_EQUAL(gethostname(name, sizeof(name)), 0);
    CU_ASSERT_STRING_EQUAL(name, "web");
    CU_ASSERT_STRING_EQUAL(content("/etc/hostname"), "web\n");
    CU_ASSERT(contains("/etc/hosts", "127.0.0.1\tlocalhost\n127.0.1.1\tweb\n"));
    CU_ASSERT(contains("/etc/hosts", "10.10.1.10\tweb www.clinic.example\n"));
    CU_ASSERT_STRING_EQUAL(content("/etc/resolv.conf"),
                           "nameserver 10.10.1.1\nnameserver 10.10.1.2\n");
    m = named("-bad name");
    expect_failed(&m, "not a host name");
}

static void test_links(void)
{
    struct wire_nic nics[] = {{OUTER_MAC, "203.0.113.1", 24},
                              {INNER_MAC, "10.10.1.1", 24}};
    struct wire_route routes[] = {{"0.0.0.0/0", "203.0.113.254"},
                                  {"10.99.0.0/16", "10.10.1.10"}};
    struct wire_msg m = named("gw");

    CU_ASSERT_EQUAL(run("ip address add 192.0.2.7/24 dev v0"), 0); /* an old life's */
    m.personalise.nics = nics;
    m.personalise.n_nics = 2;
    m.personalise.routes = routes;
    m.personalise.n_routes = 2;
    expect_done(&m);
    expect_done(&m); /* the same again is no error */
    CU_ASSERT_EQUAL(run("ip -4 -o address show dev v0 >/tmp/agent-test.ip"), 0);
    CU_ASSERT(contains("/tmp/agent-test.ip", "inet 203.0.113.1/24 brd 203.0.113.255"));
    CU_ASSERT_PTR_NULL(strstr(content("/tmp/agent-test.ip"), "192.0.2.7"));
    CU_ASSERT_EQUAL(
        run("ip route >/tmp/agent-test.ip; ip link show up >>/tmp/agent-test.ip"), 0);
    CU_ASSERT(contains("/tmp/agent-test.ip", "default via 203.0.113.254 dev v0"));
    CU_ASSERT(contains("/tmp/agent-test.ip", "10.99.0.0/16 via 10.10.1.10 dev w0"));
    CU_ASSERT(contains("/tmp/agent-test.ip", "lo: <LOOPBACK,UP"));
    unlink("/tmp/agent-test.ip");

    nics[0].mac = "52:54:00:aa:00:99";
    expect_failed(&m, "no interface has the MAC 52:54:00:aa:00:99");
    nics[0].mac = OUTER_MAC;
    nics[0].addr = "203.0.113.300";
    expect_failed(&m, "203.0.113.300");
    nics[0].addr = "203.0.113.1";
    routes[0].via = "198.51.100.1";
    expect_failed(&m, "route 0.0.0.0/0 via 198.51.100.1");
}

static void test_users(void)
{
    static const char *groups[] = {"sudo", "staff"};
    struct wire_user users[] = {
        {"nurse", "S3cret \xe5\xaf\x86", 1001, "/bin/sh", groups, 2},
        {"porter", NULL, -1, NULL, groups, 1},
    };
    struct wire_msg m = named("web");
    struct stat st;

    m.personalise.users = users;
    m.personalise.n_users = 2;
    expect_done(&m);
    CU_ASSERT(contains("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"));
    CU_ASSERT(contains("/etc/passwd", "nurse:x:1001:1001::/home/nurse:/bin/sh\n"));
    CU_ASSERT(contains("/etc/passwd", "porter:x:1000:1000::/home/porter:/bin/sh\n"));
    CU_ASSERT(contains("/etc/group", "sudo:x:27:nurse,porter\n"));
    CU_ASSERT(contains("/etc/group", "staff:x:900:nurse\n")); /* made: it was not there */
    CU_ASSERT(contains("/etc/shadow", "porter:!:"));
    CU_ASSERT_EQUAL(stat("/etc/shadow", &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0640);
    CU_ASSERT_EQUAL(stat("/home/nurse", &st), 0);
    CU_ASSERT_EQUAL(st.st_uid, 1001);
    char hash[200];
    CU_ASSERT_EQUAL_FATAL(
        sscanf(strstr(content("/etc/shadow"), "nurse:"), "nurse:%199[^:]:", hash), 1);
    CU_ASSERT_STRING_EQUAL(crypt("S3cret \xe5\xaf\x86", hash), hash);
    CU_ASSERT_EQUAL(strncmp(hash, "$6$", 3), 0);
    users[0].password = "other";
    users[0].shell = NULL;
    expect_done(&m); /* again: a new password, no second line */
    CU_ASSERT_PTR_NULL(strstr(strstr(content("/etc/passwd"), "nurse:") + 1, "nurse:x"));
    CU_ASSERT_PTR_NULL(strstr(content("/etc/shadow"), hash));
    CU_ASSERT(contains("/etc/group", "sudo:x:27:nurse,porter\n"));

    users[0].name = "nur:se";
    expect_failed(&m, "not a user name");
    users[0].name = "surgeon";
    users[0].uid = 1000;
    expect_failed(&m, "uid 1000 is taken");
}

/* An order of the new user, groups and home as made. */
static void test_new_user_works(void)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_ORDER);
    m.id = ++last_id;
    m.order.script = "id -u; id -G; pwd; touch mine";
    m.order.user = "nurse";
    host_send(&host, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&host, WIRE_RESULT, m.id));
    char *out = host_data(&host, m.id, 1, NULL);
    CU_ASSERT_STRING_EQUAL(out, "1001\n1001 27 900\n/home/nurse\n");
    free(out);
}

static void test_files_and_scripts(void)
{
    struct wire_file files[] = {
        {.path = "/srv/www/index.html", .mode = 0640, .owner = "nurse", .group = "sudo"},
        {.path = "/srv/plain", .mode = -1},
    };
    static const char *runs[] = {"cat /srv/www/index.html >/srv/copy",
                                 "hostname >>/srv/copy"};
    static const char *bad[] = {"echo first; echo it broke >&2; exit 3",
                                "touch /srv/never"};
    struct wire_msg m = named("web");
    struct stat st;

    files[0].data = (struct wire_bytes){(const unsigned char *)"Welcome\n", 8};
    m.personalise.files = files;
    m.personalise.n_files = 2;
    m.personalise.run = runs;
    m.personalise.n_run = 2;
    expect_done(&m);
    CU_ASSERT_STRING_EQUAL(content("/srv/copy"), "Welcome\nweb\n");
    CU_ASSERT_EQUAL(stat("/srv/www/index.html", &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0640);
    CU_ASSERT_EQUAL(st.st_uid, 1001);
    CU_ASSERT_EQUAL(st.st_gid, 27);
    CU_ASSERT_EQUAL(stat("/srv/plain", &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0644);
    m.personalise.run = bad;
    expect_failed(&m, "run script 1: exit 3: ");
    CU_ASSERT_EQUAL(access("/srv/never", F_OK), -1);
    files[1].owner = "nobody-here";
    expect_failed(&m, "/srv/plain: there is no user nobody-here");
}

static void send_piece(int64_t id, int64_t off, const unsigned char *data, size_t n,
                       bool end)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_FILE);
    m.id = id;
    m.file.path = "/srv/big/file";
    m.file.off = off;
    m.file.data = (struct wire_bytes){data, n};
    m.file.end = end;
    m.file.mode = 0600;
    host_send(&host, &m);
}

static void test_file_in_pieces(void)
{
    static unsigned char data[3 * WIRE_PIECE_MAX];
    int64_t id = ++last_id;
    struct stat st;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (unsigned char)(i * i >> 7);
    for (int64_t i = 0; i < 3; i++)
        send_piece(id, i * WIRE_PIECE_MAX, data + i * WIRE_PIECE_MAX, WIRE_PIECE_MAX,
                   i == 2);
    const struct wire_msg *r = host_wait(&host, WIRE_RESULT, id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_DONE);
    CU_ASSERT_EQUAL(stat("/srv/big/file", &st), 0);
    CU_ASSERT_EQUAL(st.st_size, (off_t)sizeof(data));
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
    FILE *f = fopen("/srv/big/file", "r");
    static unsigned char back[sizeof(data)];
    CU_ASSERT_EQUAL(fread(back, 1, sizeof(back), f), sizeof(back));
    fclose(f);
    CU_ASSERT_EQUAL(memcmp(data, back, sizeof(data)), 0);

    id = ++last_id; /* a hole: refused, and the file that is there stays */
    send_piece(id, 0, data, 100, false);
    send_piece(id, 500, data, 100, true);
    r = host_wait(&host, WIRE_RESULT, id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_FAILED);
    CU_ASSERT_EQUAL(stat("/srv/big/file", &st), 0);
    CU_ASSERT_EQUAL(st.st_size, (off_t)sizeof(data));
    CU_ASSERT_EQUAL(run("test \"$(ls /srv/big)\" = file"), 0); /* nothing left over */
}

static void test_services(void)
{
    static const char script[] =
        "#!/bin/sh\necho $$ >>/srv/demo.pids\nwhile :; do sleep 1; done\n";
    static const char *services[] = {"demo", "demo"};
    static const char *missing[] = {"no-such"};
    struct wire_file file = {.path = "/etc/parry/services/demo", .mode = 0755};
    struct wire_msg m = named("web");
    struct wire_msg check;

    file.data = (struct wire_bytes){(const unsigned char *)script, sizeof(script) - 1};
    m.personalise.files = &file;
    m.personalise.n_files = 1;
    m.personalise.services = services;
    m.personalise.n_services = 2;
    expect_done(&m);
    wire_msg_init(&check, WIRE_CHECK);
    check.id = ++last_id;
    check.check.kind = WIRE_CHECK_SERVICE;
    check.check.name = "demo";
    check.check.deadline_ms = 5000;
    host_send(&host, &check);
    const struct wire_msg *r = host_wait(&host, WIRE_CHECKED, check.id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->checked.status, WIRE_UP);
    m.personalise.services = missing;
    m.personalise.n_services = 1;
    expect_failed(&m, "service no-such");
    /* Started twice, runs once; and only what the test started is ended. */
    CU_ASSERT_EQUAL(
        run("i=0; until [ -s /srv/demo.pids ] || [ $i = 200 ]; do "
            "i=$((i + 1)); sleep 0.05; done; "
            "test $(wc -l </srv/demo.pids) = 1 && kill $(cat /srv/demo.pids)"),
        0);
}

static void test_router(void)
{
    static const char *masquerade[] = {OUTER_MAC};
    struct wire_publish publish = {WIRE_TCP, 80, "10.10.1.10", 8080};
    struct wire_router router = {
        .publish = &publish, .n_publish = 1, .masquerade = masquerade, .n_masquerade = 1};
    struct wire_nic nics[] = {{OUTER_MAC, "203.0.113.1", 24},
                              {INNER_MAC, "10.10.1.1", 24}};
    struct wire_msg m = named("gw");

    m.personalise.nics = nics;
    m.personalise.n_nics = 2;
    m.personalise.router = &router;
    m.personalise.n_router = 1;
    expect_done(&m);
    CU_ASSERT_STRING_EQUAL(content("/proc/sys/net/ipv4/ip_forward"), "1\n");
    /* From outside the published port leads in … */
    CU_ASSERT_EQUAL(runf("nsenter -t %d -n bash -c 'exec 3<>/dev/tcp/203.0.113.1/80; "
                         "read -r line <&3; test \"$line\" = %s'",
                         outside, "inner"),
                    0);
    /* … but nothing else does, even for one who sets a route. */
    CU_ASSERT_EQUAL(
        runf("nsenter -t %d -n ip route add 10.10.1.0/24 via %s", outside, "203.0.113.1"),
        0);
    CU_ASSERT_EQUAL(runf("nsenter -t %d -n timeout 1 bash -c 'exec "
                         "3<>/dev/tcp/10.10.1.10/8080' && exit 1; exit 0 %s",
                         outside, ""),
                    0);
    /* From inside the outside is reached, under the router's address. */
    CU_ASSERT_EQUAL(runf("nsenter -t %d -n ping -q -c 1 -W 5 %s", inside, "203.0.113.50"),
                    0);
    publish.to = "10.10.1.10; reboot";
    expect_failed(&m, "not an IPv4 address");
}

/* The published port, from outside. */
static int fetch(void)
{
    return runf("nsenter -t %d -n timeout 2 bash -c 'exec 3<>/dev/tcp/203.0.113.1/80; "
                "read -r line <&3; test \"$line\" = %s'",
                outside, "inner");
}

static int ping_out(void)
{
    return runf("nsenter -t %d -n ping -q -c 1 -W 1 %s", inside, "203.0.113.50");
}

static void test_firewall(void)
{
    static const char *masquerade[] = {OUTER_MAC};
    struct wire_publish publish = {WIRE_TCP, 80, "10.10.1.10", 8080};
    struct wire_rule rules[] = {
        {.name = "web",
         .to = "10.10.1.10/32",
         .proto = WIRE_TCP,
         .first = 8000,
         .last = 8100,
         .action = WIRE_REJECT,
         .log = true},
        {.name = "no-ping",
         .from = "10.10.1.0/24",
         .proto = WIRE_ICMP,
         .action = WIRE_DROP},
    };
    struct wire_router router = {
        .publish = &publish, .n_publish = 1, .masquerade = masquerade, .n_masquerade = 1};
    struct wire_nic nics[] = {{OUTER_MAC, "203.0.113.1", 24},
                              {INNER_MAC, "10.10.1.1", 24}};
    struct wire_msg m = named("gw");

    m.personalise.nics = nics;
    m.personalise.n_nics = 2;
    m.personalise.router = &router;
    m.personalise.n_router = 1;
    /* What no rule names is dropped, but what is published passes. */
    router.drop = true;
    expect_done(&m);
    CU_ASSERT_EQUAL(fetch(), 0);
    CU_ASSERT_NOT_EQUAL(ping_out(), 0);
    /* A rule decides before either. */
    router.rules = rules;
    router.n_rules = 2;
    router.drop = false;
    expect_done(&m);
    CU_ASSERT_NOT_EQUAL(fetch(), 0);
    CU_ASSERT_NOT_EQUAL(ping_out(), 0);
    rules[0].first = 9000;
    rules[0].last = 9100;
    rules[1].action = WIRE_ACCEPT;
    router.drop = true;
    expect_done(&m);
    CU_ASSERT_EQUAL(fetch(), 0);
    CU_ASSERT_EQUAL(ping_out(), 0);
    rules[1].from = "10.10.1.0/24 -j ACCEPT";
    expect_failed(&m, "not an IPv4 network");
    rules[1].from = NULL;
    rules[0].name = "a\" -j";
    expect_failed(&m, "not a name");
}

/* /etc/alternatives is not in this world: what came before was loaded by nft. Now the
 * same by the other program. */
static void test_router_by_iptables(void)
{
    if (access("/usr/sbin/iptables-restore", X_OK) == 0)
        return; /* no alternatives here: it was iptables-restore all the time */
    CU_ASSERT_EQUAL(run("nft list table ip parry | grep -q 'dnat to 10.10.1.10:8080'"),
                    0);
    CU_ASSERT_EQUAL(run("nft delete table ip parry; mkdir -p /etc/alternatives; "
                        "ln -s /usr/sbin/iptables-nft-restore "
                        "/etc/alternatives/iptables-restore"),
                    0);
    /* A route that the first run left. */
    CU_ASSERT_EQUAL(
        runf("nsenter -t %d -n ip route del 10.10.1.0/24 via %s", outside, "203.0.113.1"),
        0);
    test_router();
    test_firewall();
    CU_ASSERT_EQUAL(run("nft list table ip filter | grep -q FORWARD"), 0);
}

static void test_gateway_probe(void)
{
    struct wire_probe_row rows[] = {
        {"there", WIRE_PROBE_GATEWAY, "203.0.113.50", 0},
        {"nobody", WIRE_PROBE_GATEWAY, "203.0.113.77", 0},
        {"nobody-tcp", WIRE_PROBE_TCP, "203.0.113.77", 80},
        {"ping", WIRE_PROBE_PING, "10.10.1.10", 0},
    };
    struct wire_msg m;

    wire_msg_init(&m, WIRE_PROBE);
    m.id = ++last_id;
    m.probe.deadline_ms = 1500;
    m.probe.rows = rows;
    m.probe.n_rows = 4;
    host_send(&host, &m);
    const struct wire_msg *r = host_wait(&host, WIRE_PROBED, m.id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT(r->probed.rows[0].reached);
    CU_ASSERT_FALSE(r->probed.rows[1].reached);
    CU_ASSERT_FALSE(r->probed.rows[2].reached);
    CU_ASSERT(r->probed.rows[3].reached);
}

/* A clone of this guest becomes another: the links keep their order, all else changes. */
static void test_identity(void)
{
    static const unsigned char seed[] = "sixteen and more";
    struct wire_nic nics[] = {{"52:54:00:bb:00:01", "203.0.113.7", 24},
                              {"52:54:00:bb:00:02", "10.10.7.1", 24}};
    struct wire_route route = {"0.0.0.0/0", "203.0.113.254"};
    struct wire_msg m;

    expect_done(&(struct wire_msg){
        .kind = WIRE_PERSONALISE, .ack = -1, .personalise = {.hostname = "before"}});
    wire_msg_init(&m, WIRE_IDENTITY);
    m.id = ++last_id;
    m.identity.hostname = "after";
    m.identity.nics = nics;
    m.identity.n_nics = 2;
    m.identity.routes = &route;
    m.identity.n_routes = 1;
    m.identity.machine_id = "0123456789abcdef0123456789abcdef";
    m.identity.seed = (struct wire_bytes){seed, sizeof(seed)};
    m.identity.regenerate_ssh = true; /* there is no sshd here: nothing to do */
    host_send(&host, &m);
    const struct wire_msg *r = host_wait(&host, WIRE_RESULT, m.id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    if (r->result.text)
        fprintf(stderr, "\nidentity: %s\n", r->result.text);
    CU_ASSERT_EQUAL(r->result.status, WIRE_DONE);
    CU_ASSERT_EQUAL(r->result.exit, 0);
    CU_ASSERT_EQUAL(run("test \"$(hostname)\" = after"), 0);
    CU_ASSERT_STRING_EQUAL(content("/etc/machine-id"),
                           "0123456789abcdef0123456789abcdef\n");
    CU_ASSERT(contains("/etc/hosts", "127.0.1.1\tafter\n"));
    CU_ASSERT(contains("/etc/hosts", "127.0.0.1\tlocalhost\n"));
    CU_ASSERT_EQUAL(run("ip -o link show | grep -q 'UP.*52:54:00:bb:00:01' && "
                        "ip -o link show | grep -q 'UP.*52:54:00:bb:00:02'"),
                    0);
    CU_ASSERT_EQUAL(run("ip -4 -o addr show | grep -q 10.10.7.1/24 && "
                        "! ip -4 -o addr show | grep -q 10.10.1.1/24 && "
                        "ip route | grep -q 'default via 203.0.113.254'"),
                    0);
    m.id = ++last_id;
    m.identity.machine_id = "0123456789ABCDEF0123456789abcdef";
    host_send(&host, &m);
    r = host_wait(&host, WIRE_RESULT, m.id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->result.text, "machine-id"));
}

static void test_ends_clean(void)
{
    CU_ASSERT_EQUAL(host_stop(&host), 0);
}

/* A process in a network namespace of its own; with serve it says "inner" on port 8080.
 */
static pid_t neighbour(bool serve)
{
    int ready[2];
    char byte;

    if (pipe(ready) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(8080)};
        close(ready[0]);
        close(host.fd); /* or the agent would not see its end */
        if (unshare(CLONE_NEWNET) < 0)
            _exit(1);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(fd, 4) < 0 ||
            write(ready[1], "r", 1) != 1)
            _exit(1);
        while (serve) {
            int c = accept(fd, NULL, NULL);
            if (send(c, "inner\n", 6, MSG_NOSIGNAL) < 0)
                _exit(1);
            close(c);
        }
        pause();
    }
    close(ready[1]);
    bool ok = read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    return ok ? pid : -1;
}

/* The world that the rest is tested in. */
static void test_links_between_namespaces(void)
{
    outside = neighbour(false);
    inside = neighbour(true);
    CU_ASSERT_FATAL(outside > 0 && inside > 0);
    CU_ASSERT_EQUAL(run("ip link add v0 address " OUTER_MAC " type veth peer name v1; "
                        "ip link add w0 address " INNER_MAC " type veth peer name w1"),
                    0);
    CU_ASSERT_EQUAL(runf("ip link set v1 netns %d%s", outside, ""), 0);
    CU_ASSERT_EQUAL(runf("ip link set w1 netns %d%s", inside, ""), 0);
    CU_ASSERT_EQUAL(runf("nsenter -t %d -n sh -c 'ip address add %s/24 dev v1; "
                         "ip link set v1 up'",
                         outside, "203.0.113.50"),
                    0);
    CU_ASSERT_EQUAL(runf("nsenter -t %d -n sh -c 'ip address add %s/24 dev w1; "
                         "ip link set w1 up; ip route add default via 10.10.1.1'",
                         inside, "10.10.1.10"),
                    0);
}

static void write_text(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");

    if (!f || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, mode) < 0)
        perror(path);
}

static bool make_world(void)
{
    static const char *const dirs[] = {"/etc", "/home", "/run", "/srv"};

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("proc", "/proc", "proc", 0, NULL) < 0)
        return false;
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
        if (mount("tmpfs", dirs[i], "tmpfs", 0, "mode=755") < 0)
            return false;
    write_text("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n", 0644);
    write_text("/etc/group", "root:x:0:\nsudo:x:27:\n", 0644);
    write_text("/etc/shadow", "root:*:19000:0:99999:7:::\n", 0640);
    return true;
}

static int run_tests(void)
{
    CU_TestInfo tests[] = {
        {"links between namespaces", test_links_between_namespaces},
        {"host name, hosts, resolver", test_names},
        {"addresses and routes by rtnetlink", test_links},
        {"users", test_users},
        {"a new user's order", test_new_user_works},
        {"files and scripts", test_files_and_scripts},
        {"a file in pieces", test_file_in_pieces},
        {"services", test_services},
        {"router", test_router},
        {"a router's rules", test_firewall},
        {"both by iptables-restore", test_router_by_iptables},
        {"gateway probe", test_gateway_probe},
        {"another identity", test_identity},
        {"ends clean", test_ends_clean},
        CU_TEST_INFO_NULL,
    };

    if (!make_world()) {
        printf("skipped: no file systems of its own: %s\n", strerror(errno));
        return 77;
    }
    wire_init();
    if (!host_start(&host, false))
        return 2;
    return cunit_main("agent personalise", tests);
}

/* The first program of these that is nowhere in the usual places, or NULL. */
static const char *missing_program(void)
{
    static const char *const wanted[] = {"ip", "nsenter", "ping", "bash",
                                         "iptables-restore"};
    static const char *const dirs[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        char path[64];
        bool found = false;
        for (size_t j = 0; j < sizeof(dirs) / sizeof(dirs[0]) && !found; j++) {
            snprintf(path, sizeof(path), "%s/%s", dirs[j], wanted[i]);
            found = access(path, X_OK) == 0;
        }
        if (!found)
            return wanted[i];
    }
    return NULL;
}

int main(void)
{
    int status = 0;

    if (missing_program()) {
        printf("skipped: there is no %s here\n", missing_program());
        return 77;
    }

    if (geteuid() != 0 ||
        unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWPID) < 0) {
        printf("skipped: namespaces need root: %s\n", strerror(errno));
        return 77;
    }
    pid_t pid = fork(); /* is process 1 of the new namespace: with it all of it ends */
    if (pid == 0)
        exit(run_tests());
    waitpid(pid, &status, 0);
    /* No exit handlers: the leak checker cannot fork where process 1 is gone. */
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}
