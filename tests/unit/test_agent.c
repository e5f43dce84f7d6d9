/*
 * The real agent, over a socket: hello, orders, their limits, breaks of the connection,
 * and an agent that is killed.
 */
#include "tests/unit/agent_host.h"
#include "tests/unit/cunit_main.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_hello(void)
{
    struct host h;

    CU_ASSERT_FATAL(host_start(&h, false));
    const struct wire_msg *m = host_wait(&h, WIRE_HELLO, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    CU_ASSERT_EQUAL(m->hello.v, WIRE_VERSION);
    CU_ASSERT_EQUAL(m->hello.epoch, 0);
    CU_ASSERT_EQUAL(m->hello.last, 0);
    char name[65] = "";
    gethostname(name, sizeof(name) - 1);
    CU_ASSERT_STRING_EQUAL(m->hello.name, name);
    m = host_wait(&h, WIRE_BEAT, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    CU_ASSERT(m->beat.mono_us > 0 && m->beat.rss_kb > 0);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void test_ping(void)
{
    struct host h;
    struct wire_msg ping;

    CU_ASSERT_FATAL(host_start(&h, false));
    CU_ASSERT_PTR_NOT_NULL(host_wait(&h, WIRE_BEAT, 0));
    wire_msg_init(&ping, WIRE_PING);
    for (int i = 0; i < 3; i++) {
        ping.ping = 1000 + i;
        host_send(&h, &ping);
        const struct wire_msg *m;
        do { /* beats of the timer tell an earlier one */
            m = host_wait(&h, WIRE_BEAT, 0);
            CU_ASSERT_PTR_NOT_NULL_FATAL(m);
        } while (m->beat.ping != 1000 + i);
    }
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void check_data(const struct host *h, int64_t id, int stream, const char *wanted)
{
    char *data = host_data(h, id, stream, NULL);

    CU_ASSERT_STRING_EQUAL(data, wanted);
    free(data);
}

static void test_order_streams_and_exit(void)
{
    struct host h;

    CU_ASSERT_FATAL(host_start(&h, false));
    const struct wire_msg *m = host_order(&h, 10, "echo out; echo err >&2; exit 3");
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    CU_ASSERT_EQUAL(m->result.status, WIRE_DONE);
    CU_ASSERT_EQUAL(m->result.exit, 3);
    CU_ASSERT_EQUAL(m->result.signal, 0);
    CU_ASSERT(m->result.dur_us > 0);
    CU_ASSERT_FALSE(m->result.cut);
    CU_ASSERT(host_has(&h, WIRE_STARTED, 10));
    check_data(&h, 10, 1, "out\n");
    check_data(&h, 10, 2, "err\n");
    m = host_order(&h, 11, "kill -9 $$");
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    CU_ASSERT_EQUAL(m->result.status, WIRE_DONE);
    CU_ASSERT_EQUAL(m->result.exit, -1);
    CU_ASSERT_EQUAL(m->result.signal, SIGKILL);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void test_order_surroundings(void)
{
    static const char *argv[] = {"sh", "-c",
                                 "cat; pwd; echo $A $HOME $TERM-; ls /proc/$$/fd", NULL};
    struct wire_env env = {"A", "b c"};
    struct host h;
    struct wire_msg m;

    CU_ASSERT_FATAL(host_start(&h, false));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 5;
    m.order.argv = argv;
    m.order.n_argv = 3;
    m.order.cwd = "/usr";
    m.order.env = &env;
    m.order.n_env = 1;
    m.order.input = (struct wire_bytes){(const unsigned char *)"in\n", 3};
    host_send(&h, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&h, WIRE_RESULT, 5));
    /* No descriptor of the agent's reaches an order. */
    char *out = host_data(&h, 5, 1, NULL);
    CU_ASSERT_EQUAL(strncmp(out, "in\n/usr\nb c /root -\n0\n1\n2\n", 26), 0);
    CU_ASSERT_PTR_NULL(strchr(out + 26, '4'));
    free(out);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void test_order_that_cannot_run(void)
{
    static const char *argv[] = {"/no/such/program", NULL};
    struct host h;
    struct wire_msg m;

    CU_ASSERT_FATAL(host_start(&h, false));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 1;
    m.order.argv = argv;
    m.order.n_argv = 1;
    host_send(&h, &m);
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_FAILED);
    CU_ASSERT_STRING_EQUAL(r->result.text, "/no/such/program: No such file or directory");
    m.id = 2;
    m.order.cwd = "/no/such/place";
    host_send(&h, &m);
    r = host_wait(&h, WIRE_RESULT, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_FAILED);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

/* A group that ignores TERM, with a child and a grandchild, is gone after its deadline.
 */
static void test_timeout_kills_the_group(void)
{
    struct host h;
    struct wire_msg m;

    CU_ASSERT_FATAL(host_start(&h, false));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 1;
    m.order.script =
        "trap '' TERM; (trap '' TERM; echo $$; sleep 600 & echo $!; wait; sleep 600)";
    m.order.timeout_ms = 300;
    host_send(&h, &m);
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_FAILED);
    CU_ASSERT_EQUAL(r->result.signal, SIGKILL);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->result.text, "deadline of 300 ms"));
    char *pids = host_data(&h, 1, 1, NULL);
    int shell = 0, child = 0;
    CU_ASSERT_EQUAL_FATAL(sscanf(pids, "%d %d", &shell, &child), 2);
    /* The orphan is reaped by init, or by whoever stands in for it, in its own time. */
    char state[128];
    snprintf(state, sizeof(state),
             "for i in $(seq 100); do grep -qs '^State:.[^Z]' /proc/%d/status || exit 0; "
             "sleep 0.05; done; exit 1",
             child);
    r = host_order(&h, 2, state);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.exit, 0);
    free(pids);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void test_cancel_and_abort(void)
{
    struct host h;
    struct wire_msg m;

    CU_ASSERT_FATAL(host_start(&h, false));
    wire_msg_init(&m, WIRE_ORDER);
    m.order.script = "sleep 600";
    for (m.id = 1; m.id <= 3; m.id++)
        host_send(&h, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&h, WIRE_STARTED, 3));
    wire_msg_init(&m, WIRE_CANCEL);
    m.id = 2;
    host_send(&h, &m);
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_FAILED);
    CU_ASSERT_STRING_EQUAL(r->result.text, "cancelled by the host");
    CU_ASSERT_FALSE(host_has(&h, WIRE_RESULT, 1));
    wire_msg_init(&m, WIRE_ABORT);
    host_send(&h, &m);
    for (int64_t id = 1; id <= 3; id += 2) {
        r = host_wait(&h, WIRE_RESULT, id);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        CU_ASSERT_EQUAL(r->result.status, WIRE_FAILED);
    }
    r = host_order(&h, 9, "echo fine"); /* the agent itself goes on */
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.exit, 0);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void test_output_is_capped(void)
{
    struct host h;
    struct wire_msg m;
    size_t len;

    CU_ASSERT_FATAL(host_start(&h, false));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 1;
    m.order.script = "head -c 3000000 /dev/zero; exit 7";
    m.order.out_max = 100000;
    host_send(&h, &m);
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT(r->result.cut);
    CU_ASSERT_EQUAL(r->result.exit, 7); /* it was not held up by what nobody reads */
    free(host_data(&h, 1, 1, &len));
    CU_ASSERT_EQUAL(len, 100000);
    m.id = 2;
    m.order.out_max = 3000000; /* exactly: nothing is cut */
    host_send(&h, &m);
    r = host_wait(&h, WIRE_RESULT, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_FALSE(r->result.cut);
    free(host_data(&h, 2, 1, &len));
    CU_ASSERT_EQUAL(len, 3000000);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

/* What a daemon left behind holds the pipe open: the order ends all the same. */
static void test_background_does_not_hold_the_order(void)
{
    struct host h;

    CU_ASSERT_FATAL(host_start(&h, false));
    const struct wire_msg *r = host_order(&h, 1, "sleep 600 & echo $!");
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.exit, 0);
    char *pid = host_data(&h, 1, 1, NULL);
    char script[64];
    snprintf(script, sizeof(script), "kill %d", atoi(pid));
    r = host_order(&h, 2, script); /* it lived */
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.exit, 0);
    free(pid);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void test_users(void)
{
    struct host h;
    struct wire_msg m;

    CU_ASSERT_FATAL(host_start(&h, false));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 1;
    m.order.script = "id -un; id -u; id -g; echo $USER; grep ^Groups /proc/self/status";
    m.order.user = "daemon";
    host_send(&h, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&h, WIRE_RESULT, 1));
    check_data(&h, 1, 1, "daemon\n1\n1\ndaemon\nGroups:\t1 \n");
    m.id = 2;
    m.order.user = "nobody-here";
    host_send(&h, &m);
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_REFUSED);
    CU_ASSERT_STRING_EQUAL(r->result.text, "there is no user nobody-here");
    CU_ASSERT_FALSE(host_has(&h, WIRE_STARTED, 2));
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void test_same_id_runs_once(void)
{
    struct host h;
    char script[256];

    CU_ASSERT_FATAL(host_start(&h, false));
    snprintf(script, sizeof(script), "echo x >>%s/runs; wc -l <%s/runs; exit 4", h.dir,
             h.dir);
    for (int i = 0; i < 3; i++) {
        const struct wire_msg *r = host_order(&h, 77, script);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        CU_ASSERT_EQUAL(r->result.exit, 4); /* the same result each time */
    }
    check_data(&h, 77, 1, "1\n");
    snprintf(script, sizeof(script), "rm %s/runs", h.dir);
    CU_ASSERT_PTR_NOT_NULL(host_order(&h, 78, script));
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

/* No credit, no more output: the source is not even read. With credit, all of it. */
static void test_order_waits_for_credit(void)
{
    struct host h;
    struct wire_msg m;
    size_t len;

    CU_ASSERT_FATAL(host_start(&h, false));
    h.grant = false;
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 1;
    m.order.script = "head -c 300000 /dev/zero";
    m.order.out_max = 1000000;
    host_send(&h, &m);
    while (h.stream_bytes < WIRE_CREDIT)
        host_pump(&h, 10);
    host_pump(&h, 200);
    CU_ASSERT_EQUAL(h.stream_bytes, WIRE_CREDIT);
    CU_ASSERT_FALSE(host_has(&h, WIRE_RESULT, 1));
    wire_msg_init(&m, WIRE_PING); /* control is not held up */
    host_send(&h, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&h, WIRE_BEAT, 0));
    h.grant = true;
    wire_msg_init(&m, WIRE_CREDIT_MSG);
    m.credit = WIRE_CREDIT;
    host_send(&h, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&h, WIRE_RESULT, 1));
    free(host_data(&h, 1, 1, &len));
    CU_ASSERT_EQUAL(len, 300000);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void test_garbage_between_good_lines(void)
{
    struct host h;
    char *junk = malloc(200000);

    memset(junk, 'J', 200000);
    junk[199999] = '\n';
    CU_ASSERT_FATAL(host_start(&h, false));
    const struct wire_msg *r = host_order(&h, 1, "echo one");
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    host_write(&h, "\xff\xfe{]\n\n\n{\"k\":\"order\"}\n[[[[[[[[[[[[\n{\"k\":\"no\"}\n",
               45);
    host_write(&h, junk, 200000);
    r = host_order(&h, 2, "echo two");
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    check_data(&h, 1, 1, "one\n");
    check_data(&h, 2, 1, "two\n");
    /* Well-formed and wrong, with a number: counted, refused by name, and the rest goes
     * on. */
    char line[128];
    snprintf(line, sizeof(line),
             "{\"k\":\"order\",\"seq\":3,\"id\":3,\"colour\":\"red\"}\n");
    host_write(&h, line, strlen(line));
    r = host_wait(&h, WIRE_RESULT, 3);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->result.text, "colour"));
    CU_ASSERT_EQUAL(h.bad_lines, 0);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
    free(junk);
}

/* The connection breaks again and again in the middle of a stream, bytes are lost on the
 * way: what arrives is what was written. */
static void test_breaks_lose_nothing(void)
{
    struct host h;
    struct wire_msg m;
    size_t len;
    int breaks = 0;

    CU_ASSERT_FATAL(host_start(&h, true));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 1;
    m.order.script = "i=0; while [ $i -lt 40000 ]; do echo line $i; i=$((i+1)); done";
    m.order.out_max = 10000000;
    m.order.timeout_ms = 120000;
    host_send(&h, &m);
    while (!host_has(&h, WIRE_RESULT, 1) && breaks < 8) {
        int64_t before = h.stream_bytes;
        while (!host_has(&h, WIRE_RESULT, 1) && h.stream_bytes < before + 40000)
            host_pump(&h, 1);
        if (h.fd >= 0) {
            host_drop(&h, 3000);
            breaks++;
        }
    }
    CU_ASSERT(breaks >= 3);
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.exit, 0);
    char *data = host_data(&h, 1, 1, &len);
    char *at = data;
    bool same = true;
    for (int i = 0; same && i < 40000; i++) {
        char line[32];
        int n = snprintf(line, sizeof(line), "line %d\n", i);
        same = strncmp(at, line, (size_t)n) == 0;
        at += n;
    }
    CU_ASSERT(same);
    CU_ASSERT_EQUAL(at, data + len);
    free(data);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

/* kill -9 of the agent: what had ended keeps its result, what had not is lost, and is
 * not run again. */
static void test_killed_agent_answers_lost(void)
{
    struct host h;
    struct wire_msg m;

    CU_ASSERT_FATAL(host_start(&h, true));
    CU_ASSERT_PTR_NOT_NULL(host_order(&h, 1, "exit 5"));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 2;
    m.order.script = "sleep 600 & echo $!; wait";
    host_send(&h, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&h, WIRE_OUT, 2));
    char *pid = host_data(&h, 2, 1, NULL);
    host_kill_agent(&h);
    CU_ASSERT_FATAL(host_start_agent(&h));
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_LOST);
    r = host_wait(&h, WIRE_RESULT, 1); /* repeated: the host may not have it */
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.exit, 5);
    host_send(&h, &m);
    r = host_wait(&h, WIRE_RESULT, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_LOST);
    kill(atoi(pid), SIGKILL); /* what the killed agent had started */
    free(pid);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

/* A revert: the host moves the epoch. Orders die without a word, both counts begin anew.
 */
static void test_new_epoch(void)
{
    struct host h;
    struct wire_msg m;

    CU_ASSERT_FATAL(host_start(&h, true));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 1;
    m.order.script = "sleep 600";
    host_send(&h, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&h, WIRE_STARTED, 1));
    h.epoch = 2;
    host_drop(&h, 0);
    while (h.hellos < 2)
        host_pump(&h, 20);
    const struct wire_msg *r = host_order(&h, 2, "echo new");
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.exit, 0);
    CU_ASSERT_FALSE(host_has(&h, WIRE_RESULT, 1));
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"hello and the first beat", test_hello},
        {"ping is answered by a beat", test_ping},
        {"an order: streams, exit, signal", test_order_streams_and_exit},
        {"an order: input, environment, directory", test_order_surroundings},
        {"an order that cannot run", test_order_that_cannot_run},
        {"a deadline kills the whole group", test_timeout_kills_the_group},
        {"cancel and abort", test_cancel_and_abort},
        {"output is capped and marked", test_output_is_capped},
        {"a daemon left behind", test_background_does_not_hold_the_order},
        {"users, known and unknown", test_users},
        {"the same id runs once", test_same_id_runs_once},
        {"no credit, no output", test_order_waits_for_credit},
        {"garbage between good lines", test_garbage_between_good_lines},
        {"breaks lose nothing", test_breaks_lose_nothing},
        {"a killed agent answers lost", test_killed_agent_answers_lost},
        {"a new epoch", test_new_epoch},
        CU_TEST_INFO_NULL,
    };

    if (geteuid() != 0) {
        puts("skipped: the agent changes users, which needs root");
        return 77;
    }
    wire_init();
    return cunit_main("agent", tests);
}
