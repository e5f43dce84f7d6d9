/* The hub's serving in this process, with the test as parryd and as guest. */
#include "agents/wire/msg.h"
#include "orchestrator/hub/hub.h"
#include "orchestrator/hub/records.h"
#include "tests/unit/cunit_main.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HELLO                                                                            \
    "\n{\"k\":\"hello\",\"v\":1,\"agent\":\"0.1\",\"boot\":"                             \
    "\"01234567-89ab-cdef-0123-456789abcdef\",\"inst\":7,\"epoch\":3,\"last\":5,"        \
    "\"name\":\"web\"}\n"

typedef struct {
    struct event_base *base;
    Hub *hub;
    int link; /* parryd's end */
    int link_hub;
    int guest;
    char *dir, *path;
    _Alignas(8) char record[HUB_RECORD_MAX]; /* the last one taken */
    struct hub_head head;
    const char *tail;
} Fixture;

static void send_record(Fixture *f, HubRecordType type, uint32_t conn, const char *tail,
                        size_t len, int fd)
{
    struct hub_head head = {type, 0, (uint32_t)len, conn, 0};
    struct iovec iov[2] = {{&head, sizeof(head)}, {(void *)tail, len}};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {{0}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};

    if (fd >= 0) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(int));
    }
    CU_ASSERT_TRUE(sendmsg(f->link, &msg, 0) > 0);
}

static void turn(Fixture *f)
{
    event_base_loop(f->base, EVLOOP_NONBLOCK);
}

/* Takes the next record; FALSE when there is none after a turn. */
static gboolean take(Fixture *f)
{
    const void *body, *tail;

    turn(f);
    ssize_t n = recv(f->link, f->record, sizeof(f->record), MSG_DONTWAIT);
    if (n <= 0)
        return FALSE;
    CU_ASSERT_PTR_NULL(
        hub_record_open(f->record, (size_t)n, true, &f->head, &body, &tail));
    f->tail = tail;
    return TRUE;
}

static gboolean took(Fixture *f, HubRecordType type)
{
    for (int i = 0; i < 100; i++)
        if (take(f))
            return f->head.rc_type == type;
    return FALSE;
}

static void start(Fixture *f)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int pair[2];

    memset(f, 0, sizeof(*f));
    f->dir = g_dir_make_tmp("parry-hub-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "0.sock", NULL);
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    f->link = pair[0];
    f->link_hub = pair[1];
    f->base = event_base_new();
    f->hub = hub_new(f->base, pair[1], 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->hub);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    g_strlcpy(addr.sun_path, f->path, sizeof(addr.sun_path));
    CU_ASSERT_EQUAL(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
    CU_ASSERT_EQUAL(listen(listener, 1), 0);
    send_record(f, HUB_LISTEN, 0, NULL, 0, listener);
    close(listener);
    f->guest = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CU_ASSERT_EQUAL(connect(f->guest, (struct sockaddr *)&addr, sizeof(addr)), 0);
    CU_ASSERT_EQUAL(send(f->guest, HELLO, strlen(HELLO), 0), (ssize_t)strlen(HELLO));
    CU_ASSERT_TRUE(took(f, HUB_HELLO));
    CU_ASSERT_EQUAL(f->head.rc_conn, 1);
}

static void stop(Fixture *f)
{
    hub_free(f->hub); /* closes its connection and listener, not the link */
    event_base_free(f->base);
    close(f->link);
    close(f->link_hub);
    close(f->guest);
    g_unlink(f->path);
    g_rmdir(f->dir);
    g_free(f->path);
    g_free(f->dir);
}

/* Reads what there is for the guest and compares. */
static gboolean guest_got(Fixture *f, const char *text)
{
    char got[256] = "";

    turn(f);
    ssize_t n = recv(f->guest, got, sizeof(got) - 1, 0);
    return n >= 0 && strcmp(got, text) == 0;
}

static void test_lines(void)
{
    Fixture f;

    start(&f);
    CU_ASSERT_TRUE(guest_got(&f, "\n"));
    send_record(&f, HUB_SEND, 1, "{\"k\":\"x\"}", 9, -1);
    CU_ASSERT_TRUE(guest_got(&f, "{\"k\":\"x\"}\n"));
    send_record(&f, HUB_SEND, 2, "{\"k\":\"y\"}", 9, -1); /* a connection that is not */
    turn(&f);
    char byte;
    CU_ASSERT_TRUE(recv(f.guest, &byte, 1, 0) < 0 && errno == EAGAIN);
    send_record(&f, HUB_PING, 0, NULL, 0, -1);
    CU_ASSERT_TRUE(took(&f, HUB_PONG));
    char ping[64] = "";
    CU_ASSERT_TRUE(recv(f.guest, ping, sizeof(ping) - 1, 0) > 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(ping, "\"ping\""));
    stop(&f);
}

static void test_does_not_read(void)
{
    g_autofree char *line = g_strnfill(60000, 'x');
    Fixture f;
    int sent = 0;

    start(&f);
    while (sent < 100 && !take(&f)) {
        send_record(&f, HUB_SEND, 1, line, 60000, -1);
        sent++;
    }
    CU_ASSERT_EQUAL(f.head.rc_type, HUB_CUT);
    CU_ASSERT_TRUE(g_str_has_prefix(f.tail, "it does not read"));
    /* 1 MiB here, and what the kernel takes for the socket. */
    CU_ASSERT_TRUE(sent * 60000 > HUB_OUT_MAX && sent < 60);
    stop(&f);
}

/* While a guest that is not read has a full buffer, pings do not pile up. */
static void test_no_pile_of_pings(void)
{
    g_autofree char *line = g_strnfill(60000, 'x');
    Fixture f;

    start(&f);
    for (int i = 0; i < 15; i++) {
        send_record(&f, HUB_SEND, 1, line, 60000, -1);
        turn(&f);
    }
    for (int i = 0; i < 20000; i++) {
        send_record(&f, HUB_PING, 0, NULL, 0, -1);
        CU_ASSERT_TRUE_FATAL(took(&f, HUB_PONG)); /* and not a cut */
    }
    stop(&f);
}

static void test_drop_and_unlisten(void)
{
    Fixture f;

    start(&f);
    send_record(&f, HUB_DROP, 1, "it lies", 7, -1);
    CU_ASSERT_TRUE(took(&f, HUB_CUT));
    CU_ASSERT_EQUAL(f.head.rc_len, 7);
    stop(&f);
    start(&f);
    send_record(&f, HUB_UNLISTEN, 0, NULL, 0, -1);
    CU_ASSERT_TRUE(took(&f, HUB_GONE));
    stop(&f);
}

/* parryd's own mistakes end the hub, and it says which. */
static void test_bad_requests(void)
{
    Fixture f;

    start(&f);
    send_record(&f, HUB_SEND, 1, "two\nlines", 9, -1);
    turn(&f);
    CU_ASSERT_STRING_EQUAL(hub_failure(f.hub), "a newline inside a line");
    stop(&f);
    start(&f);
    send_record(&f, HUB_LISTEN, 0, NULL, 0, -1);
    turn(&f);
    CU_ASSERT_PTR_NOT_NULL(hub_failure(f.hub));
    stop(&f);
    start(&f);
    shutdown(f.link, SHUT_RDWR);
    turn(&f);
    CU_ASSERT_TRUE(event_base_got_break(f.base));
    CU_ASSERT_PTR_NULL(hub_failure(f.hub)); /* parryd is gone: the ordinary end */
    stop(&f);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"lines and pings", test_lines},
        {"a guest that does not read is cut at 1 MiB", test_does_not_read},
        {"a paused guest gets no pile of pings", test_no_pile_of_pings},
        {"drop and unlisten", test_drop_and_unlisten},
        {"bad requests", test_bad_requests},
        CU_TEST_INFO_NULL,
    };

    signal(SIGPIPE, SIG_IGN);
    wire_init();
    return cunit_main("hub serving", tests);
}
