#include "scoreboard/board/http.h"
#include "scoreboard/listen.h"
#include "tests/unit/cunit_main.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_US (20 * G_USEC_PER_SEC)
#define HOST "Host: x\r\n"

/* ---- the parser ---- */

static int parse(const char *head, HttpRequest *request)
{
    return http_parse(head, strlen(head), request);
}

static void test_parse(void)
{
    HttpRequest r;

    CU_ASSERT_EQUAL(parse("GET / HTTP/1.1\r\n" HOST "\r\n", &r), 0);
    CU_ASSERT_STRING_EQUAL(r.hr_path, "/");
    CU_ASSERT_EQUAL(r.hr_last_id, -1);
    CU_ASSERT_TRUE(r.hr_keep);
    CU_ASSERT_FALSE(r.hr_head);
    CU_ASSERT_EQUAL(parse("HEAD /events?lang=zh-Hant&x=1 HTTP/1.1\r\nhOST: x\r\n"
                          "Last-Event-ID: 17\r\nConnection: close\r\n\r\n",
                          &r),
                    0);
    CU_ASSERT_STRING_EQUAL(r.hr_path, "/events");
    CU_ASSERT_TRUE(r.hr_head);
    CU_ASSERT_FALSE(r.hr_keep);
    CU_ASSERT_EQUAL(r.hr_last_id, 17);
    g_autofree char *lang = http_query(&r, "lang");
    CU_ASSERT_STRING_EQUAL(lang, "zh-Hant");
    CU_ASSERT_PTR_NULL(http_query(&r, "la"));
    CU_ASSERT_EQUAL(parse("GET / HTTP/1.0\r\n\r\n", &r), 0);
    CU_ASSERT_FALSE(r.hr_keep);
    CU_ASSERT_EQUAL(parse("GET / HTTP/1.1\r\n" HOST "Last-Event-ID: -5\r\n\r\n", &r), 0);
    CU_ASSERT_EQUAL(r.hr_last_id, -1);
    CU_ASSERT_EQUAL(parse("GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", &r), 0);
}

static void test_parse_refuses(void)
{
    static const struct {
        const char *head;
        int status;
    } cases[] = {
        {"", 400},
        {"\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET / HTTP/1.1 \r\n" HOST "\r\n", 400},
        {"G\x01T / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET http://x/ HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET * HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /\x7f HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /\xff HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "nonsense\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "A: b\nC: d\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", 505},
        {"POST / HTTP/1.1\r\n" HOST "\r\n", 405},
        {"get / HTTP/1.1\r\n" HOST "\r\n", 405},
        {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 405},
        {"GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n", 413},
        {"GET / HTTP/1.1\r\n" HOST "Content-Length: +0\r\n\r\n", 413},
        {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 413},
    };
    HttpRequest r;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        CU_ASSERT_EQUAL(parse(cases[i].head, &r), cases[i].status);
    CU_ASSERT_EQUAL(http_parse("GET / HTTP/1.1\r\n\0", 17, &r), 400);
    g_autofree char *path = g_strnfill(300, 'p');
    g_autofree char *head = g_strdup_printf("GET /%s HTTP/1.1\r\n" HOST "\r\n", path);
    CU_ASSERT_EQUAL(parse(head, &r), 414);
    g_autoptr(GString) many = g_string_new("GET / HTTP/1.1\r\n" HOST);
    for (int i = 0; i < 100; i++)
        g_string_append_printf(many, "X-%d: y\r\n", i);
    g_string_append(many, "\r\n");
    CU_ASSERT_EQUAL(parse(many->str, &r), 431);
}

/* ---- the server ---- */

typedef struct {
    struct event_base *base;
    Http *http;
    guint16 port;
    int gone;
    HttpConn *stream;
} Fixture;

static void handle(HttpConn *conn, const HttpRequest *request, gpointer data)
{
    Fixture *f = data;

    if (!strcmp(request->hr_path, "/stream")) {
        f->stream = conn;
        http_stream(conn);
    } else {
        http_reply(conn, 200, "text/plain", "no-store", "hello", 5);
    }
}

static void on_gone(HttpConn *conn, gpointer data)
{
    Fixture *f = data;

    if (f->stream == conn)
        f->stream = NULL;
    f->gone++;
}

static void up(Fixture *f, guint connections, guint seconds)
{
    HttpLimits limits = {connections, seconds, seconds};
    g_autoptr(GError) error = NULL;

    memset(f, 0, sizeof(*f));
    f->base = event_base_new();
    int fd = listen_tcp("127.0.0.1", 0, 1, &f->port, &error);
    CU_ASSERT_FATAL(fd >= 0);
    f->http = http_new(f->base, fd, &limits, handle, on_gone, f);
}

static void down(Fixture *f)
{
    http_free(f->http);
    event_base_free(f->base);
}

static int dial(Fixture *f)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(f->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    event_base_loop(f->base, EVLOOP_NONBLOCK);
    return fd;
}

static void put(Fixture *f, int fd, const char *text)
{
    for (gsize len = strlen(text), n = 0; n < len;) {
        ssize_t sent = send(fd, text + n, len - n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN)
            return;
        n += sent > 0 ? (gsize)sent : 0;
        event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
}

/* All that comes until the other side ends; or until `want` stands in it, if not NULL. */
static char *take(Fixture *f, int fd, const char *want)
{
    gint64 deadline = g_get_monotonic_time() + PATIENCE_US;
    GString *got = g_string_new(NULL);

    while (g_get_monotonic_time() < deadline) {
        char bytes[4096];
        ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (n > 0)
            g_string_append_len(got, bytes, n);
        else if (n == 0 || errno != EAGAIN)
            return g_string_free(got, FALSE);
        if (want && strstr(got->str, want))
            return g_string_free(got, FALSE);
        event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
    CU_FAIL("not in time");
    return g_string_free(got, FALSE);
}

static void expect(Fixture *f, int fd, const char *request, const char *want)
{
    put(f, fd, request);
    g_autofree char *got = take(f, fd, want);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, want));
}

#define GET "GET / HTTP/1.1\r\n" HOST "\r\n"

static void test_serves(void)
{
    Fixture f;
    up(&f, 8, 20);
    int fd = dial(&f);

    put(&f, fd, "GET / HTT");
    put(&f, fd, "P/1.1\r\n" HOST "\r\n" GET); /* split, and two at once */
    g_autofree char *first = take(&f, fd, "hello");
    CU_ASSERT_PTR_NOT_NULL(strstr(first, "200 OK"));
    CU_ASSERT_PTR_NOT_NULL(strstr(first, "default-src 'none'"));
    CU_ASSERT_PTR_NOT_NULL(strstr(first, "nosniff"));
    CU_ASSERT_PTR_NOT_NULL(strstr(first, "no-referrer"));
    if (g_strrstr(first, "hello") == strstr(first, "hello"))
        expect(&f, fd, "", "hello"); /* the second came in a packet of its own */
    put(&f, fd, "HEAD / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    g_autofree char *head = take(&f, fd, NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(head, "Content-Length: 5"));
    CU_ASSERT_PTR_NULL(strstr(head, "hello"));
    close(fd);
    down(&f);
}

static void test_refuses(void)
{
    Fixture f;
    up(&f, 8, 20);
    int fd = dial(&f);
    g_autofree char *long_one = g_strnfill(20000, 'a');

    expect(&f, fd, "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
           "Allow: GET, HEAD");
    g_autofree char *end = take(&f, fd, NULL); /* and it is closed */
    close(fd);
    fd = dial(&f);
    expect(&f, fd, long_one, "431 ");
    close(fd);
    fd = dial(&f);
    put(&f, fd, GET);
    shutdown(fd, SHUT_WR); /* said all it wants: gets its answer */
    g_autofree char *half = take(&f, fd, NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(half, "hello"));
    close(fd);
    down(&f);
}

static void test_slow_request_is_cut(void)
{
    Fixture f;
    up(&f, 8, 1);
    int fd = dial(&f);
    gint64 began = g_get_monotonic_time();

    /* A byte now and then does not prolong it. */
    while (g_get_monotonic_time() - began < PATIENCE_US &&
           send(fd, "G", 1, MSG_NOSIGNAL) == 1)
        for (int i = 0; i < 10; i++) {
            g_usleep(10000);
            event_base_loop(f.base, EVLOOP_NONBLOCK);
        }
    CU_ASSERT(g_get_monotonic_time() - began < PATIENCE_US);
    close(fd);
    down(&f);
}

static void test_connections_are_bounded(void)
{
    Fixture f;
    up(&f, 2, 20);
    int first = dial(&f), second = dial(&f);
    put(&f, second, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    g_autofree char *stream = take(&f, second, "event-stream");
    int third = dial(&f);

    /* The one that only waits gave way; the one that watches did not. */
    g_autofree char *nothing = take(&f, first, NULL);
    CU_ASSERT_STRING_EQUAL(nothing, "");
    put(&f, third, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    g_autofree char *other = take(&f, third, "event-stream");
    int fourth = dial(&f);
    expect(&f, fourth, "", "503 ");
    close(first);
    close(second);
    close(third);
    close(fourth);
    down(&f);
}

static void test_stream(void)
{
    Fixture f;
    up(&f, 4, 20);
    int fd = dial(&f);
    g_autofree char *block = g_strnfill(10000, 'x');

    put(&f, fd, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    g_autofree char *head = take(&f, fd, "\r\n\r\n");
    CU_ASSERT_TRUE(http_stream_write(f.stream, "data: 1\n\n", 9));
    expect(&f, fd, "", "data: 1\n\n");
    put(&f, fd, "what a stream's reader says is of no interest");
    int written = 0;
    while (written < 1000 && f.stream && http_stream_write(f.stream, block, 10000))
        written++;
    CU_ASSERT(written > 20 && written < 30);
    event_base_loop(f.base, EVLOOP_NONBLOCK);
    CU_ASSERT_EQUAL(f.gone, 1); /* who lags is cut off */
    close(fd);

    fd = dial(&f);
    put(&f, fd, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    g_autofree char *again = take(&f, fd, "event-stream");
    close(fd);
    gint64 deadline = g_get_monotonic_time() + PATIENCE_US;
    while (f.gone < 2 && g_get_monotonic_time() < deadline)
        event_base_loop(f.base, EVLOOP_NONBLOCK);
    CU_ASSERT_EQUAL(f.gone, 2); /* who leaves is seen to leave */
    down(&f);
}

/* ---- the listener ---- */

static void test_listen(void)
{
    g_autoptr(GError) error = NULL;
    guint16 port, next;
    int fd = listen_tcp("127.0.0.1", 0, 0, &port, &error);

    CU_ASSERT(fd >= 0);
    CU_ASSERT_EQUAL(listen_tcp("127.0.0.1", port, 0, NULL, &error), -1);
    CU_ASSERT(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE));
    g_clear_error(&error);
    int other = listen_tcp("127.0.0.1", port, 3, &next, &error);
    CU_ASSERT(other >= 0);
    CU_ASSERT(next != port && next != 0);
    CU_ASSERT_EQUAL(listen_tcp("localhost", 0, 1, NULL, &error), -1);
    CU_ASSERT_PTR_NOT_NULL(error);
    close(fd);
    close(other);
}

static void test_listen_parse(void)
{
    static const struct {
        const char *text, *addr;
        guint16 port;
    } cases[] = {
        {"127.0.0.1:8080", "127.0.0.1", 8080},
        {"2222", "127.0.0.1", 2222},
        {"[::1]:80", "::1", 80},
    };
    char *addr;
    guint16 port;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        CU_ASSERT_TRUE(listen_parse(cases[i].text, &addr, &port, NULL));
        CU_ASSERT_STRING_EQUAL(addr, cases[i].addr);
        CU_ASSERT_EQUAL(port, cases[i].port);
        g_free(addr);
    }
    CU_ASSERT_FALSE(listen_parse("127.0.0.1", &addr, &port, NULL));
    CU_ASSERT_FALSE(listen_parse("127.0.0.1:70000", &addr, &port, NULL));
    CU_ASSERT_FALSE(listen_parse("", &addr, &port, NULL));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"requests", test_parse},
        {"doubtful requests are refused", test_parse_refuses},
        {"pages", test_serves},
        {"no bodies, no long heads", test_refuses},
        {"a slow request is cut", test_slow_request_is_cut},
        {"connections are bounded", test_connections_are_bounded},
        {"a stream's reader who lags or leaves", test_stream},
        {"a port that is taken", test_listen},
        {"addresses and ports", test_listen_parse},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("http", tests);
}
