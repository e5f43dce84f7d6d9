/*
 * What else the agent does: attacks end with a silent host, snapshots, the clock.
 */
#include "tests/unit/agent_host.h"
#include "tests/unit/cunit_main.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <sha2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_us(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static struct wire_msg attack(int64_t id, const char *script)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_ORDER);
    m.id = id;
    m.order.script = script;
    m.order.purpose = WIRE_FOR_ATTACK;
    return m;
}

/* Takes the welcome with the new time: the agent is at its first hello already. */
static void start_with_deadman(struct host *h, int64_t ms)
{
    CU_ASSERT_FATAL(host_start(h, true));
    h->deadman_ms = ms;
    host_drop(h, 0);
    while (h->hellos < 2)
        host_pump(h, 10);
}

static void test_deadman(void)
{
    struct host h;
    char cleanup[128];
    struct stat st;

    start_with_deadman(&h, 400);
    struct wire_msg m = attack(1, "sleep 600");
    struct wire_env env = {"WHERE", h.dir};
    m.order.cleanup = "echo done >$WHERE/cleaned; exit 3";
    m.order.env = &env;
    m.order.n_env = 1;
    host_send(&h, &m);
    m = attack(2, "sleep 600");
    host_send(&h, &m);
    m = attack(3, "sleep 2; echo noise");
    m.order.purpose = WIRE_FOR_NOISE;
    host_send(&h, &m);
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->result.text, "nothing from the host for"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r->result.text, "its cleanup ended by exit 3"));
    CU_ASSERT_EQUAL(r->result.deadman, WIRE_DEADMAN_UNCLEANED);
    snprintf(cleanup, sizeof(cleanup), "%s/cleaned", h.dir);
    CU_ASSERT_EQUAL(stat(cleanup, &st), 0);
    unlink(cleanup);
    r = host_wait(&h, WIRE_RESULT, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->result.text, "it has no cleanup"));
    CU_ASSERT_EQUAL(r->result.deadman, WIRE_DEADMAN_KILLED);
    r = host_wait(&h, WIRE_RESULT, 3); /* no attack: left alone */
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_DONE);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

/* A host that speaks keeps the attack alive past the time. */
static void test_deadman_held(void)
{
    struct host h;
    struct wire_msg ping, m = attack(1, "sleep 1; echo hit");

    start_with_deadman(&h, 400);
    host_send(&h, &m);
    wire_msg_init(&ping, WIRE_PING);
    while (!host_has(&h, WIRE_RESULT, 1)) {
        host_send(&h, &ping);
        host_pump(&h, 50);
    }
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 1);
    CU_ASSERT_EQUAL(r->result.status, WIRE_DONE);
    CU_ASSERT_EQUAL(r->result.exit, 0);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

/* A guest that stood still, with its agent, hears the host before it counts the time. */
static void test_deadman_after_standing_still(void)
{
    struct host h;
    struct wire_msg ping, m = attack(1, "echo $$; sleep 3; echo hit");

    start_with_deadman(&h, 400);
    host_send(&h, &m);
    CU_ASSERT_PTR_NOT_NULL_FATAL(host_wait(&h, WIRE_OUT, 1));
    kill(h.pid, SIGSTOP);
    usleep(1600 * 1000); /* the very thing: time goes by, and nobody is there */
    kill(h.pid, SIGCONT);
    usleep(100 * 1000); /* the timer is over, and no line has come yet */
    wire_msg_init(&ping, WIRE_PING);
    while (!host_has(&h, WIRE_RESULT, 1)) {
        host_send(&h, &ping);
        host_pump(&h, 50);
    }
    CU_ASSERT_EQUAL(host_wait(&h, WIRE_RESULT, 1)->result.status, WIRE_DONE);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

/* Host gone altogether: the attack ends all the same, and the host reads why later. */
static void test_deadman_without_connection(void)
{
    struct host h;
    struct wire_msg m = attack(1, "echo $$; exec sleep 600");

    start_with_deadman(&h, 400);
    host_send(&h, &m);
    CU_ASSERT_PTR_NOT_NULL_FATAL(host_wait(&h, WIRE_OUT, 1));
    char *pid = host_data(&h, 1, 1, NULL);
    host_drop(&h, 0);
    for (int i = 0; i < 2000 && kill(atoi(pid), 0) == 0; i++)
        usleep(10000);
    CU_ASSERT(kill(atoi(pid), 0) < 0);
    free(pid);
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_FAILED);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

/* The item of this part and key, or NULL; every line is an object with both. */
static json_t *item(json_t *lines, const char *part, const char *key)
{
    size_t i;
    json_t *line;

    json_array_foreach (lines, i, line)
        if (strcmp(json_string_value(json_object_get(line, "part")), part) == 0 &&
            strcmp(json_string_value(json_object_get(line, "key")), key) == 0)
            return line;
    return NULL;
}

static json_t *snapshot(struct host *h, int64_t id, const char **parts, size_t n,
                        const char *path)
{
    struct wire_msg m;
    json_t *lines = json_array();
    char *rest;

    wire_msg_init(&m, WIRE_SNAPSHOT);
    m.id = id;
    m.snapshot.parts = parts;
    m.snapshot.n_parts = n;
    m.snapshot.paths = &path;
    m.snapshot.n_paths = 1;
    host_send(h, &m);
    const struct wire_msg *r = host_wait(h, WIRE_RESULT, id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_DONE);
    CU_ASSERT_EQUAL(r->result.exit, 0);
    CU_ASSERT_FALSE(r->result.cut);
    char *data = host_data(h, id, 1, NULL);
    for (char *line = strtok_r(data, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        json_t *object = json_loads(line, 0, NULL);
        CU_ASSERT_FATAL(json_is_string(json_object_get(object, "part")));
        CU_ASSERT_FATAL(json_is_string(json_object_get(object, "key")));
        json_array_append_new(lines, object);
    }
    free(data);
    return lines;
}

static void test_snapshot(void)
{
    static const char *parts[] = {"processes", "ports", "users",   "crontabs",
                                  "units",     "files", "firewall"};
    struct host h;
    char path[128], key[32];

    CU_ASSERT_FATAL(host_start(&h, false));
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    CU_ASSERT_EQUAL(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
    CU_ASSERT_EQUAL(listen(listener, 1), 0);
    CU_ASSERT_EQUAL(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    int port = ntohs(at.sin_port);
    snprintf(path, sizeof(path), "%s/watched", h.dir);
    FILE *f = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs("abc", f);
    fclose(f);
    json_t *lines = snapshot(&h, 1, parts, 7, path);
    json_t *file = item(lines, "files", path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_STRING_EQUAL(
        json_string_value(json_object_get(file, "sha256")),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(file, "size")), 3);
    snprintf(key, sizeof(key), "%d", (int)getpid());
    CU_ASSERT_PTR_NOT_NULL(item(lines, "processes", key));
    json_t *root = item(lines, "users", "root");
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(root, "uid")), "0");
    CU_ASSERT_PTR_NOT_NULL(item(lines, "users", "password root"));
    CU_ASSERT_PTR_NOT_NULL(item(lines, "users", "group root"));
    snprintf(key, sizeof(key), "tcp 127.0.0.1:%d", port);
    CU_ASSERT_PTR_NOT_NULL(item(lines, "ports", key));
    close(listener);
    json_decref(lines);
    unlink(path);
    /* What is watched and gone has no item; that is a finding, not a failure. */
    lines = snapshot(&h, 2, parts + 5, 1, path);
    CU_ASSERT_EQUAL(json_array_size(lines), 0);
    json_decref(lines);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void test_snapshot_of_what_is_not(void)
{
    const char *part = "colours";
    struct host h;
    struct wire_msg m;

    CU_ASSERT_FATAL(host_start(&h, false));
    wire_msg_init(&m, WIRE_SNAPSHOT);
    m.id = 1;
    m.snapshot.parts = &part;
    m.snapshot.n_parts = 1;
    host_send(&h, &m);
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_REFUSED);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

/* Moves the machine's clock by no more than the time that the message takes. */
static void test_clock(void)
{
    struct host h;
    struct wire_msg m;

    CU_ASSERT_FATAL(host_start(&h, false));
    for (int64_t id = 1; id <= 2; id++) {
        wire_msg_init(&m, WIRE_CLOCK);
        m.id = id;
        m.clock.mode = id == 1 ? WIRE_CLOCK_SLEW : WIRE_CLOCK_STEP;
        int64_t before = clock_us(CLOCK_REALTIME);
        m.clock.wall_us = before;
        host_send(&h, &m);
        const struct wire_msg *r = host_wait(&h, WIRE_RESULT, id);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        CU_ASSERT_EQUAL(r->result.status, WIRE_DONE);
        CU_ASSERT_EQUAL(strncmp(r->result.text, id == 1 ? "slewing" : "stepped", 7), 0);
        int64_t moved = before - clock_us(CLOCK_REALTIME);
        CU_ASSERT(moved > -10000000 && moved < 10000000);
    }
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void jumping_clock(void)
{
    setenv("LD_PRELOAD", CLOCK_JUMP, 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
}

/* Its wall clock leaps by days; beats show that, and deadlines do not. */
static void test_clock_that_jumps(void)
{
    struct host h;
    struct wire_msg m, ping;
    int64_t low = INT64_MAX, high = 0;

    host_before_agent = jumping_clock;
    CU_ASSERT_FATAL(host_start(&h, false));
    host_before_agent = NULL;
    wire_msg_init(&ping, WIRE_PING);
    for (int i = 0; i < 4; i++) {
        host_send(&h, &ping);
        const struct wire_msg *beat = host_wait(&h, WIRE_BEAT, 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(beat);
        low = beat->beat.wall_us < low ? beat->beat.wall_us : low;
        high = beat->beat.wall_us > high ? beat->beat.wall_us : high;
    }
    CU_ASSERT(high - low > INT64_C(86400) * 1000000); /* it really leaps */
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 1;
    m.order.script = "sleep 600";
    m.order.timeout_ms = 700;
    int64_t began = clock_us(CLOCK_MONOTONIC);
    host_send(&h, &m);
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    int64_t took = clock_us(CLOCK_MONOTONIC) - began;
    CU_ASSERT(took >= 700000 && took < 15000000);
    CU_ASSERT(r->result.dur_us >= 700000 && r->result.dur_us < 15000000);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

/* ---- replace ---- */

static void copy(const char *from, const char *to)
{
    char bytes[65536];
    size_t n;
    FILE *in = fopen(from, "r"), *out = fopen(to, "w");

    CU_ASSERT_FATAL(in && out);
    while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
        CU_ASSERT_EQUAL(fwrite(bytes, 1, n, out), n);
    fclose(in);
    CU_ASSERT_EQUAL(fclose(out), 0);
    chmod(to, 0755);
}

static const struct wire_result *replace(struct host *h, int64_t id, const char *path,
                                         const char *hex)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_REPLACE);
    m.id = id;
    m.replace.path = path;
    m.replace.sha256 = hex;
    host_send(h, &m);
    const struct wire_msg *r = host_wait(h, WIRE_RESULT, id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    return &r->result;
}

/* where: a directory that the new one is put into first; NULL: beside the old one. */
static void replace_over(bool socket, const char *where)
{
    const char *built = host_agent;
    char dir[] = "/tmp/parry-agent-new-XXXXXX", old[64], new[64], hex[65];
    struct host h;
    struct stat st;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    snprintf(old, sizeof(old), "%s/agent", dir);
    snprintf(new, sizeof(new), "%s/new-%d", where ? where : dir, (int)getpid());
    copy(built, old);
    copy(built, new);
    CU_ASSERT_PTR_NOT_NULL(SHA256File(new, hex));
    host_agent = old;
    CU_ASSERT_FATAL(host_start(&h, socket));
    host_agent = built;
    CU_ASSERT_PTR_NOT_NULL(host_order(&h, 1, "exit 5"));
    int64_t inst = h.inst;
    const struct wire_result *r = replace(&h, 2, new, hex);
    CU_ASSERT_EQUAL(r->status, WIRE_DONE);
    CU_ASSERT_NOT_EQUAL(h.inst, inst);
    CU_ASSERT_EQUAL(kill(h.pid, 0), 0); /* the same process */
    CU_ASSERT(stat(new, &st) < 0);      /* it took the old one's place */
    char now[65];
    CU_ASSERT_PTR_NOT_NULL(SHA256File(old, now));
    CU_ASSERT_STRING_EQUAL(now, hex);
    const struct wire_msg *again = host_order(&h, 1, "exit 6"); /* it remembers */
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_EQUAL(again->result.exit, 5);
    again = host_order(&h, 3, "exit 7");
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_EQUAL(again->result.exit, 7);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
    unlink(old);
    rmdir(dir);
}

static void test_replace(void)
{
    replace_over(false, NULL);
    replace_over(true, NULL);
}

/* From another file system, as on a host whose /run is one of its own. */
static void test_replace_across(void)
{
    struct stat tmp, shm;

    CU_ASSERT_EQUAL_FATAL(stat("/tmp", &tmp), 0);
    if (stat("/dev/shm", &shm) < 0 || shm.st_dev == tmp.st_dev)
        printf("SKIP: /dev/shm and /tmp are one file system\n");
    else
        replace_over(true, "/dev/shm");
}

/* What is no agent does not become one, and a busy agent is let be. */
static void test_replace_refused(void)
{
    struct host h;
    struct wire_msg m;
    char path[128], hex[65];

    CU_ASSERT_FATAL(host_start(&h, false));
    int64_t inst = h.inst;
    snprintf(path, sizeof(path), "%s/new", h.dir);
    FILE *f = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs("#!/bin/sh\nexit 1\n", f);
    fclose(f);
    memset(hex, '0', 64);
    hex[64] = '\0';
    const struct wire_result *r = replace(&h, 1, path, hex);
    CU_ASSERT_EQUAL(r->status, WIRE_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->text, "sha256"));
    CU_ASSERT_PTR_NOT_NULL(SHA256File(path, hex));
    r = replace(&h, 2, path, hex);
    CU_ASSERT_EQUAL(r->status, WIRE_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->text, "--version"));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 3;
    m.order.script = "sleep 600";
    host_send(&h, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&h, WIRE_STARTED, 3));
    r = replace(&h, 4, path, hex);
    CU_ASSERT_EQUAL(r->status, WIRE_FAILED);
    CU_ASSERT_STRING_EQUAL(r->text, "busy: an order runs");
    CU_ASSERT_EQUAL(h.inst, inst);
    unlink(path);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a silent host ends attacks", test_deadman},
        {"a host that speaks does not", test_deadman_held},
        {"standing still ends no attack", test_deadman_after_standing_still},
        {"a host whose connection is gone ends them too",
         test_deadman_without_connection},
        {"snapshot", test_snapshot},
        {"a part that is none", test_snapshot_of_what_is_not},
        {"the clock is set", test_clock},
        {"a clock that jumps", test_clock_that_jumps},
        {"a new agent in place", test_replace},
        {"replace from another file system", test_replace_across},
        {"no new agent", test_replace_refused},
        CU_TEST_INFO_NULL,
    };

    if (geteuid() != 0) {
        puts("skipped: the agent changes users, which needs root");
        return 77;
    }
    wire_init();
    return cunit_main("agent does", tests);
}
