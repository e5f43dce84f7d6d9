/*
 * The agent's checks and probes against servers that this test makes on loopback, each a
 * child of its own.
 */
#include "tests/unit/agent_host.h"
#include "tests/unit/cunit_main.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct host host;

struct server {
    pid_t pid;
    int port;
};

/* A socket on a free port of 127.0.0.1. */
static int bound(int type, int *port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
        return -1;
    *port = ntohs(addr.sin_port);
    return fd;
}

/* Answers each connection with these bytes after it has read something (or at once when
 * first), then closes; NULL: never answers. */
static struct server serve(const char *bytes, bool first)
{
    struct server s = {0};
    int fd = bound(SOCK_STREAM, &s.port);

    CU_ASSERT_FATAL(fd >= 0 && listen(fd, 8) == 0);
    s.pid = fork();
    if (s.pid == 0) {
        char request[2048];
        close(host.fd); /* or the agent would not see its end */
        for (;;) {
            int c = accept(fd, NULL, NULL);
            if (!first && read(c, request, sizeof(request)) < 0)
                _exit(1);
            if (!bytes)
                pause();
            else if (send(c, bytes, strlen(bytes), MSG_NOSIGNAL) < 0)
                _exit(1);
            shutdown(c, SHUT_WR);
            while (read(c, request, sizeof(request)) > 0)
                ;
            close(c);
        }
    }
    close(fd);
    return s;
}

static void stop(struct server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
}

/* Sends a check with a new id and compares its verdict. */
static void expect(struct wire_msg *m, enum wire_verdict verdict)
{
    static int64_t id = 1000;

    m->id = ++id;
    if (!m->check.deadline_ms)
        m->check.deadline_ms = 10000;
    host_send(&host, m);
    const struct wire_msg *r = host_wait(&host, WIRE_CHECKED, m->id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    if (r->checked.status != verdict)
        fprintf(stderr, "\n%s: %s instead of %s: %s\n",
                wire_check_kind_name(m->check.kind), wire_verdict_name(r->checked.status),
                wire_verdict_name(verdict), r->checked.text);
    CU_ASSERT_EQUAL(r->checked.status, verdict);
}

static struct wire_msg check(enum wire_check_kind kind)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_CHECK);
    m.check.kind = kind;
    m.check.addr = "127.0.0.1";
    return m;
}

/* A port on which nothing listens. */
static int closed_port(void)
{
    int port = 0;
    int fd = bound(SOCK_STREAM, &port);

    close(fd);
    return port;
}

static void test_tcp(void)
{
    struct server greeter = serve("220 mail ready\r\n", true);
    struct server silent = serve(NULL, false);
    struct wire_msg m = check(WIRE_CHECK_TCP);

    m.check.port = greeter.port;
    expect(&m, WIRE_UP);
    m.check.expect = "mail ready";
    expect(&m, WIRE_UP);
    m.check.expect = "ftp";
    expect(&m, WIRE_FAULTY);
    m.check.port = silent.port;
    m.check.deadline_ms = 150;
    expect(&m, WIRE_FAULTY); /* it connects, and does not say so */
    m.check.port = closed_port();
    expect(&m, WIRE_DOWN);
    m.check.addr = "not-an-address";
    expect(&m, WIRE_UNCHECKED);
    stop(&greeter);
    stop(&silent);
}

static void test_http(void)
{
    struct server ok = serve("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
                             "<h1>Welcome to the clinic</h1>",
                             false);
    struct server teapot = serve("HTTP/1.1 418 I'm a teapot\r\n\r\n", false);
    struct server other = serve("SSH-2.0-OpenSSH_9.2\r\n", true);
    struct server mute = serve("", false);
    struct server silent = serve(NULL, false);
    struct wire_msg m = check(WIRE_CHECK_HTTP);

    m.check.path = "/";
    m.check.port = ok.port;
    expect(&m, WIRE_UP);
    m.check.body = "Welcome";
    expect(&m, WIRE_UP);
    m.check.body = "HACKED";
    expect(&m, WIRE_FAULTY);
    m.check.body = NULL;
    m.check.port = teapot.port;
    expect(&m, WIRE_FAULTY);
    m.check.status = 418;
    expect(&m, WIRE_UP);
    m.check.port = other.port;
    expect(&m, WIRE_FAULTY);
    m.check.port = mute.port;
    expect(&m, WIRE_DOWN);
    m.check.port = closed_port();
    expect(&m, WIRE_DOWN);
    m.check.port = silent.port;
    m.check.deadline_ms = 150;
    expect(&m, WIRE_DOWN);
    m.check.path = "/a b\r\nX: y";
    expect(&m, WIRE_UNCHECKED);
    stop(&ok);
    stop(&teapot);
    stop(&other);
    stop(&mute);
    stop(&silent);
}

/* What a server sees of the request: told back in its answer. */
static void test_http_request(void)
{
    struct server s = {0};
    int fd = bound(SOCK_STREAM, &s.port);
    struct wire_msg m = check(WIRE_CHECK_HTTP);

    CU_ASSERT_FATAL(fd >= 0 && listen(fd, 1) == 0);
    s.pid = fork();
    if (s.pid == 0) {
        static const char head[] = "HTTP/1.0 200 OK\r\n\r\n";
        char request[2048];
        int c = accept(fd, NULL, NULL);
        ssize_t n = read(c, request, sizeof(request));
        if (send(c, head, sizeof(head) - 1, MSG_NOSIGNAL) < 0 ||
            send(c, request, (size_t)n, MSG_NOSIGNAL) < 0)
            _exit(1);
        _exit(0);
    }
    close(fd);
    m.check.port = s.port;
    m.check.path = "/status?x=1";
    m.check.method = "HEAD";
    m.check.host = "www.clinic.example";
    m.check.body = "HEAD /status?x=1 HTTP/1.0\r\nHost: www.clinic.example\r\n";
    expect(&m, WIRE_UP);
    stop(&s);
}

/* A name server that answers A 10.9.8.7, or with this code. */
static struct server serve_dns(int code)
{
    static const unsigned char tail[] = {0xc0, 12, 0, 1, 0,  1, 0, 0,
                                         0,    9,  0, 4, 10, 9, 8, 7};
    struct server s = {0};
    int fd = bound(SOCK_DGRAM, &s.port);

    CU_ASSERT_FATAL(fd >= 0);
    s.pid = fork();
    for (bool first = true; s.pid == 0; first = false) {
        unsigned char p[512];
        struct sockaddr_in from;
        socklen_t len = sizeof(from);
        ssize_t n = recvfrom(fd, p, 400, 0, (struct sockaddr *)&from, &len);
        if (n < 12)
            _exit(1);
        if (first && code == 0)
            continue; /* lost on the way: it is asked again */
        p[2] = 0x81;
        p[3] = (unsigned char)code;
        p[7] = code ? 0 : 1;
        memcpy(p + n, tail, sizeof(tail));
        n += code ? 0 : (ssize_t)sizeof(tail);
        if (sendto(fd, p, (size_t)n, 0, (struct sockaddr *)&from, len) < 0)
            _exit(1);
    }
    close(fd);
    return s;
}

static void test_dns(void)
{
    struct server good = serve_dns(0);
    struct server refusing = serve_dns(3);
    struct wire_msg m = check(WIRE_CHECK_DNS);

    m.check.port = good.port;
    m.check.name = "www.clinic.example";
    m.check.answer = "10.9.8.7";
    expect(&m, WIRE_UP);
    m.check.answer = "10.9.8.6";
    expect(&m, WIRE_FAULTY);
    m.check.port = refusing.port;
    expect(&m, WIRE_FAULTY);
    m.check.port = closed_port();
    expect(&m, WIRE_DOWN);
    m.check.name = "bad..name";
    expect(&m, WIRE_UNCHECKED);
    stop(&good);
    stop(&refusing);
}

static void write_file(const char *path, const char *text, int times)
{
    FILE *f = fopen(path, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    for (int i = 0; i < times; i++)
        fputs(text, f);
    fclose(f);
}

static void test_file(void)
{
    char path[128];
    struct wire_msg m = check(WIRE_CHECK_FILE);

    snprintf(path, sizeof(path), "%s/watched", host.dir);
    m.check.path = path;
    m.check.sha256 = "absent";
    expect(&m, WIRE_UP);
    m.check.sha256 = "exists";
    expect(&m, WIRE_CORRUPT);
    write_file(path, "abc", 1);
    expect(&m, WIRE_UP);
    m.check.sha256 = "absent";
    expect(&m, WIRE_CORRUPT);
    m.check.sha256 = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
    expect(&m, WIRE_UP); /* FIPS 180-2's example */
    m.check.contains = "bc";
    expect(&m, WIRE_UP);
    m.check.contains = "bd";
    expect(&m, WIRE_CORRUPT);
    m.check.contains = NULL;
    write_file(path, "abd", 1);
    expect(&m, WIRE_CORRUPT);
    unlink(path);
    expect(&m, WIRE_CORRUPT);
    CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
    expect(&m, WIRE_CORRUPT);
    rmdir(path);
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    expect(&m, WIRE_CORRUPT); /* and the agent does not hang on it */
    unlink(path);
}

/* A text across the border of two reads is found. */
static void test_file_contains_across_slices(void)
{
    char path[128];
    struct wire_msg m = check(WIRE_CHECK_FILE);

    snprintf(path, sizeof(path), "%s/large", host.dir);
    write_file(path, "0123456789abcdef", 16384 * 3);
    FILE *f = fopen(path, "r+");
    fseek(f, 262144 - 3, SEEK_SET);
    fputs("NEEDLE", f);
    fclose(f);
    m.check.path = path;
    m.check.contains = "NEEDLE";
    expect(&m, WIRE_UP);
    m.check.contains = "NEEDLES";
    expect(&m, WIRE_CORRUPT);
    unlink(path);
}

static void test_process_and_port(void)
{
    struct wire_msg m = check(WIRE_CHECK_PROCESS);
    int port = 0;

    m.check.name = "parry-agent";
    expect(&m, WIRE_UP);
    m.check.min = 5000;
    expect(&m, WIRE_DOWN);
    m.check.name = "no-such-process";
    m.check.min = 1;
    expect(&m, WIRE_DOWN);

    m = check(WIRE_CHECK_PORT);
    m.check.port = closed_port();
    expect(&m, WIRE_DOWN);
    int fd = bound(SOCK_STREAM, &port);
    m.check.port = port;
    expect(&m, WIRE_DOWN); /* bound, not listening */
    CU_ASSERT_EQUAL(listen(fd, 1), 0);
    expect(&m, WIRE_UP);
    m.check.proto = WIRE_UDP;
    expect(&m, WIRE_DOWN);
    close(fd);
    fd = bound(SOCK_DGRAM, &port);
    m.check.port = port;
    expect(&m, WIRE_UP);
    close(fd);
}

static void test_command(void)
{
    struct wire_msg m = check(WIRE_CHECK_COMMAND);

    m.check.script = "echo all is well";
    expect(&m, WIRE_UP);
    m.check.contains = "well";
    expect(&m, WIRE_UP);
    m.check.contains = "ill";
    expect(&m, WIRE_FAULTY);
    m.check.contains = NULL;
    m.check.script = "exit 2";
    expect(&m, WIRE_FAULTY);
    m.check.exit = 2;
    expect(&m, WIRE_UP);
    m.check.exit = 0;
    m.check.user = "nobody-here";
    expect(&m, WIRE_FAULTY);
    m.check.user = "daemon";
    m.check.script = "test \"$(id -un)\" = daemon";
    expect(&m, WIRE_UP);
    m.check.script = "trap '' TERM; sleep 600";
    m.check.deadline_ms = 150;
    expect(&m, WIRE_DOWN);
}

static const struct wire_checked *plugin(const char *script)
{
    static int64_t id = 5000;
    const char *argv[] = {"/bin/sh", "-c", script};
    struct wire_msg m = check(WIRE_CHECK_PLUGIN);

    m.id = ++id;
    m.check.argv = argv;
    m.check.n_argv = 3;
    m.check.deadline_ms = 10000;
    host_send(&host, &m);
    const struct wire_msg *r = host_wait(&host, WIRE_CHECKED, id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    return &r->checked;
}

static void test_plugin(void)
{
    const struct wire_checked *c =
        plugin("echo 'HTTP OK: fine | time=0.1s;1;2 size=5B'; echo more; "
               "echo 'end | load=3'; echo last=4");

    CU_ASSERT_EQUAL(c->status, WIRE_UP);
    CU_ASSERT_STRING_EQUAL(c->text, "HTTP OK: fine ");
    CU_ASSERT_STRING_EQUAL(c->perf, "time=0.1s;1;2 size=5B load=3 last=4");
    c = plugin("echo slow; exit 1");
    CU_ASSERT_EQUAL(c->status, WIRE_FAULTY);
    CU_ASSERT_STRING_EQUAL(c->text, "WARNING: slow");
    CU_ASSERT_PTR_NULL(c->perf);
    c = plugin("exit 2");
    CU_ASSERT_EQUAL(c->status, WIRE_DOWN);
    CU_ASSERT_STRING_EQUAL(c->text, "CRITICAL");
    CU_ASSERT_EQUAL(plugin("echo 'what?'; exit 3")->status, WIRE_UNCHECKED);
    CU_ASSERT_EQUAL(plugin("exit 77")->status, WIRE_UNCHECKED);
    CU_ASSERT_EQUAL(plugin("kill -9 $$")->status, WIRE_UNCHECKED);
    struct wire_msg m = check(WIRE_CHECK_PLUGIN);
    const char *argv[] = {"check_no_such"};
    m.check.argv = argv;
    m.check.n_argv = 1;
    expect(&m, WIRE_UNCHECKED);
}

static void test_too_many_checks_are_refused(void)
{
    struct wire_msg m = check(WIRE_CHECK_COMMAND);

    m.check.script = "sleep 600";
    m.check.deadline_ms = 400;
    for (m.id = 1; m.id <= 140; m.id++)
        host_send(&host, &m);
    int down = 0, unchecked = 0;
    for (int64_t id = 1; id <= 140; id++) {
        const struct wire_msg *r = host_wait(&host, WIRE_CHECKED, id);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        down += r->checked.status == WIRE_DOWN;
        unchecked += r->checked.status == WIRE_UNCHECKED;
    }
    CU_ASSERT_EQUAL(down + unchecked, 140); /* each is answered once */
    CU_ASSERT(unchecked >= 1);
}

static void test_probe(void)
{
    struct server open_port = serve("x", true);
    int udp_port = 0;
    int udp = bound(SOCK_DGRAM, &udp_port);
    struct wire_probe_row rows[] = {
        {"open", WIRE_PROBE_TCP, "127.0.0.1", open_port.port},
        {"refusing", WIRE_PROBE_TCP, "127.0.0.1", closed_port()},
        {"refusing-udp", WIRE_PROBE_UDP, "127.0.0.1", closed_port()},
        {"silent-udp", WIRE_PROBE_UDP, "127.0.0.1", udp_port},
        {"loopback", WIRE_PROBE_PING, "127.0.0.1", 0},
        {"unroutable", WIRE_PROBE_TCP, "255.255.255.255", 80},
        {"no-address", WIRE_PROBE_TCP, "example", 80},
        {"refusing-gateway", WIRE_PROBE_GATEWAY, "127.8.8.8", 0},
    };
    static const bool reached[] = {true, true, true, false, true, false, false, true};
    struct wire_msg m;

    wire_msg_init(&m, WIRE_PROBE);
    m.id = 1;
    m.probe.deadline_ms = 700;
    m.probe.rows = rows;
    m.probe.n_rows = sizeof(rows) / sizeof(rows[0]);
    host_send(&host, &m);
    const struct wire_msg *r = host_wait(&host, WIRE_PROBED, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL_FATAL(r->probed.n_rows, m.probe.n_rows);
    for (size_t i = 0; i < m.probe.n_rows; i++) {
        CU_ASSERT_STRING_EQUAL(r->probed.rows[i].name, rows[i].name);
        if (r->probed.rows[i].reached != reached[i])
            fprintf(stderr, "\n%s: %s\n", rows[i].name, r->probed.rows[i].text);
        CU_ASSERT_EQUAL(r->probed.rows[i].reached, reached[i]);
    }
    m.id = 2;
    m.probe.n_rows = 0; /* nothing asked, answered all the same */
    host_send(&host, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&host, WIRE_PROBED, 2));
    close(udp);
    stop(&open_port);
}

static void test_ends_clean(void)
{
    struct wire_msg m = check(WIRE_CHECK_COMMAND);
    struct server silent = serve(NULL, false);

    /* Checks under way when the host goes: the agent's leak checker would tell. */
    m.id = 9000;
    m.check.deadline_ms = 60000;
    m.check.script = "sleep 600";
    host_send(&host, &m);
    m = check(WIRE_CHECK_TCP);
    m.id = 9001;
    m.check.deadline_ms = 60000;
    m.check.port = silent.port;
    m.check.expect = "x";
    host_send(&host, &m);
    host_pump(&host, 50);
    CU_ASSERT_EQUAL(host_stop(&host), 0);
    stop(&silent);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"tcp", test_tcp},
        {"http", test_http},
        {"http: the request", test_http_request},
        {"dns", test_dns},
        {"file", test_file},
        {"file: a text across two reads", test_file_contains_across_slices},
        {"process and port", test_process_and_port},
        {"command", test_command},
        {"plugin", test_plugin},
        {"more checks than fit", test_too_many_checks_are_refused},
        {"probe", test_probe},
        {"ends clean with checks under way", test_ends_clean},
        CU_TEST_INFO_NULL,
    };

    if (geteuid() != 0) {
        puts("skipped: the agent changes users and opens raw sockets, which needs root");
        return 77;
    }
    wire_init();
    if (!host_start(&host, false))
        return 2;
    return cunit_main("agent checks", tests);
}
