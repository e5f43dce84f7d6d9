/*
 * Terminals of the real agent: a shell that echoes, credit, resizing, the end.
 */
#include "tests/unit/agent_host.h"
#include "tests/unit/cunit_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct host host;

static void open_pty(int64_t id, const char *user)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_OPEN);
    m.id = id;
    m.open.cols = 80;
    m.open.rows = 24;
    m.open.user = user;
    m.open.player = "p-7";
    host_send(&host, &m);
}

static void type(int64_t id, const char *text)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_IN);
    m.id = id;
    m.out.data = (struct wire_bytes){(const unsigned char *)text, strlen(text)};
    host_send(&host, &m);
}

/* Waits until the terminal has shown this text. */
static bool shows(int64_t id, const char *text)
{
    for (int i = 0; i < HOST_WAIT_MS / 10; i++) {
        char *data = host_data(&host, id, 0, NULL);
        bool there = strstr(data, text) != NULL;
        if (!there && i == HOST_WAIT_MS / 10 - 1)
            fprintf(stderr, "\nterminal shows: %s\n", data);
        free(data);
        if (there)
            return true;
        host_pump(&host, 10);
    }
    return false;
}

static void test_shell(void)
{
    open_pty(1, NULL);
    type(1, "echo $((6*7))-is-it $TERM $PARRY_PLAYER; tty; id -u\n");
    CU_ASSERT(shows(1, "42-is-it xterm-256color p-7\r\n/dev/pts/"));
    type(1, "stty size\n");
    CU_ASSERT(shows(1, "24 80"));
    struct wire_msg m;
    wire_msg_init(&m, WIRE_SIZE);
    m.id = 1;
    m.size.cols = 132;
    m.size.rows = 50;
    host_send(&host, &m);
    type(1, "stty size\n");
    CU_ASSERT(shows(1, "50 132"));
    type(1, "exit 6\n");
    const struct wire_msg *r = host_wait(&host, WIRE_PTYEND, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->ptyend.exit, 6);
}

static void test_other_user(void)
{
    open_pty(2, "nobody-here");
    const struct wire_msg *r = host_wait(&host, WIRE_PTYEND, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_STRING_EQUAL(r->ptyend.text, "there is no user nobody-here");
    open_pty(3, "daemon"); /* whose shell is nologin: it says so and ends */
    r = host_wait(&host, WIRE_PTYEND, 3);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->ptyend.exit, 1);
    CU_ASSERT(shows(3, "not available"));
}

/* Without credit nothing more is read, and the program that writes stops; the terminal
 * is not lost by it. */
static void test_credit(void)
{
    struct wire_msg m;

    open_pty(4, NULL);
    type(4, "echo rea''dy\n");
    CU_ASSERT(shows(4, "ready"));
    host_pump(&host, 50);
    host.grant = false;
    int64_t before = host.stream_bytes;
    type(4, "yes\n");
    while (host.stream_bytes - before < WIRE_CREDIT)
        host_pump(&host, 10);
    host_pump(&host, 150);
    CU_ASSERT_EQUAL(host.stream_bytes - before, WIRE_CREDIT);
    wire_msg_init(&m, WIRE_CREDIT_MSG);
    m.credit = 1000;
    host_send(&host, &m);
    while (host.stream_bytes - before < WIRE_CREDIT + 1000)
        host_pump(&host, 10);
    host_pump(&host, 100);
    CU_ASSERT_EQUAL(host.stream_bytes - before, WIRE_CREDIT + 1000);
    host.grant = true;
    m.credit = WIRE_CREDIT;
    host_send(&host, &m);
    type(4, "\003"); /* Ctrl-C reaches it through all of this */
    type(4, "echo st''opped\n");
    CU_ASSERT(shows(4, "stopped"));
    wire_msg_init(&m, WIRE_CLOSE);
    m.id = 4;
    host_send(&host, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&host, WIRE_PTYEND, 4));
}

/* close hangs up, and what ignores that is killed, background jobs too. */
static void test_close(void)
{
    struct wire_msg m;
    char script[160];
    int pid = 0;

    open_pty(5, NULL);
    type(5, "trap '' HUP; (trap '' HUP; sleep 600) & echo jo''b=$! e''nd\n");
    CU_ASSERT_FATAL(shows(5, " end\r\n"));
    char *data = host_data(&host, 5, 0, NULL);
    int found = sscanf(strstr(data, "job="), "job=%d", &pid);
    free(data);
    CU_ASSERT_EQUAL_FATAL(found, 1);
    wire_msg_init(&m, WIRE_CLOSE);
    m.id = 5;
    host_send(&host, &m);
    const struct wire_msg *r = host_wait(&host, WIRE_PTYEND, 5);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->ptyend.signal, 9);
    snprintf(script, sizeof(script),
             "for i in $(seq 100); do grep -qs '^State:.[^Z]' /proc/%d/status || exit 0; "
             "sleep 0.05; done; exit 1",
             pid);
    r = host_order(&host, 6, script);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.exit, 0);
}

static void test_abort(void)
{
    struct wire_msg m;

    open_pty(7, NULL);
    open_pty(8, NULL);
    type(8, "echo i''n\n");
    CU_ASSERT(shows(8, "in\r\n"));
    wire_msg_init(&m, WIRE_ABORT);
    host_send(&host, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&host, WIRE_PTYEND, 7));
    CU_ASSERT_PTR_NOT_NULL(host_wait(&host, WIRE_PTYEND, 8));
    type(8, "late\n"); /* for a terminal that is over: dropped */
    CU_ASSERT_PTR_NOT_NULL(host_order(&host, 9, "true"));
    CU_ASSERT_FALSE(host_has(&host, WIRE_RESULT, 8));
}

static void test_ends_clean(void)
{
    open_pty(10, NULL);
    type(10, "echo i''n\n");
    CU_ASSERT(shows(10, "in\r\n"));
    CU_ASSERT_EQUAL(host_stop(&host), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a shell, its size and its end", test_shell},
        {"users, known and unknown", test_other_user},
        {"no credit, no output", test_credit},
        {"close kills what stays", test_close},
        {"abort ends all", test_abort},
        {"ends clean with a terminal open", test_ends_clean},
        CU_TEST_INFO_NULL,
    };

    if (geteuid() != 0 || access("/dev/ptmx", R_OK | W_OK) != 0) {
        puts("skipped: terminals of other users need root and /dev/ptmx");
        return 77;
    }
    wire_init();
    if (!host_start(&host, false))
        return 2;
    return cunit_main("agent terminals", tests);
}
