#include "scoreboard/rpc.h"
#include "tests/unit/cunit_main.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_US (20 * G_USEC_PER_SEC)

/* A server on its own loop, turned by hand, or by a thread for the blocking client. */
typedef struct {
    struct event_base *base;
    RpcServer *server;
    char *dir, *path;
    GThread *thread;
    int stop; /* atomic */
    int opened, closed, notes;
    RpcCall *held;
    RpcPeer *last;
} Fixture;

static void handle(RpcCall *call, RpcPeer *peer, const char *method, const json_t *params,
                   gpointer data)
{
    Fixture *f = data;

    f->last = peer;
    if (!strcmp(method, "echo")) {
        rpc_reply(call, params ? json_deep_copy(params) : NULL);
    } else if (!strcmp(method, "uid")) {
        rpc_reply(call, json_pack("{s:I}", "uid", (json_int_t)rpc_peer_uid(peer)));
    } else if (!strcmp(method, "note")) {
        f->notes++;
        rpc_reply(call, NULL);
    } else if (!strcmp(method, "hold")) {
        f->held = call;
    } else if (!strcmp(method, "tell")) {
        for (int i = 0; i < 3; i++)
            rpc_peer_notify(peer, "told", json_pack("{s:i}", "i", i));
        rpc_reply(call, NULL);
    } else if (!strcmp(method, "huge")) {
        g_autofree char *text = g_strnfill(RPC_LINE_OUT_MAX, 'x');
        rpc_peer_notify(peer, "huge", json_pack("{s:s}", "text", text));
        rpc_reply(call, json_pack("{s:s}", "text", text));
    } else {
        rpc_fail(call, RPC_NO_METHOD, "no method \"%s\"", method);
    }
}

static void on_closed(RpcPeer *peer, gpointer data)
{
    Fixture *f = data;

    if (f->last == peer)
        f->last = NULL;
    f->closed++;
}

static void fixture_up(Fixture *f, guint max_peers)
{
    g_autoptr(GError) error = NULL;

    memset(f, 0, sizeof(*f));
    f->dir = g_dir_make_tmp("parry-rpc-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "t.sock", NULL);
    f->base = event_base_new();
    int fd = rpc_listen(f->path, 0600, &error);
    CU_ASSERT_FATAL(fd >= 0);
    f->server = rpc_server_new(f->base, fd, max_peers, handle, on_closed, f);
}

static gpointer serve(gpointer data)
{
    Fixture *f = data;
    struct timeval tick = {.tv_usec = 5000};

    while (!g_atomic_int_get(&f->stop)) {
        event_base_loopexit(f->base, &tick);
        event_base_dispatch(f->base);
    }
    return NULL;
}

static void fixture_down(Fixture *f)
{
    if (f->thread) {
        g_atomic_int_set(&f->stop, 1);
        g_thread_join(f->thread);
    }
    rpc_server_free(f->server);
    if (f->held)
        rpc_reply(f->held, NULL); /* its peer is gone: must be dropped in silence */
    event_base_free(f->base);
    g_unlink(f->path);
    g_rmdir(f->dir);
    g_free(f->path);
    g_free(f->dir);
}

static int dial(Fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, f->path, sizeof(address.sun_path));
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Sends all, turning the loop meanwhile; stops early where the server cut us off. */
static void put(Fixture *f, int fd, const char *bytes, gsize len)
{
    gint64 deadline = g_get_monotonic_time() + PATIENCE_US;

    while (len && g_get_monotonic_time() < deadline) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return;
        if (n > 0) {
            bytes += n;
            len -= (gsize)n;
        }
        event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
}

/* The next line from the server; NULL where the connection ended. */
static char *take(Fixture *f, int fd)
{
    gint64 deadline = g_get_monotonic_time() + PATIENCE_US;
    g_autoptr(GString) line = g_string_new(NULL);

    while (g_get_monotonic_time() < deadline) {
        char c;
        ssize_t n = recv(fd, &c, 1, 0);
        if (n == 1 && c == '\n')
            return g_string_free(g_steal_pointer(&line), FALSE);
        if (n == 1)
            g_string_append_c(line, c);
        else if (n == 0 || errno != EAGAIN)
            return NULL;
        else
            event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
    CU_FAIL("no line in time");
    return NULL;
}

/* Sends a line and compares the code of the error that answers it. */
static void expect_code(Fixture *f, int fd, const char *line, int code)
{
    put(f, fd, line, strlen(line));
    g_autofree char *answer = take(f, fd);
    CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
    json_t *object = json_loads(answer, 0, NULL);
    const json_t *error = json_object_get(object, "error");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(error, "code")), code);
    CU_ASSERT(json_string_length(json_object_get(error, "message")) > 0);
    CU_ASSERT(json_object_get(object, "id") != NULL);
    json_decref(object);
}

static void expect_line(Fixture *f, int fd, const char *line, const char *want)
{
    put(f, fd, line, strlen(line));
    g_autofree char *answer = take(f, fd);
    CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
    CU_ASSERT_STRING_EQUAL(answer, want);
}

#define ECHO "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}\n"
#define ECHOED "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"

static void test_answers(void)
{
    Fixture f;
    fixture_up(&f, 4);
    int fd = dial(&f);

    expect_line(&f, fd, ECHO, ECHOED);
    expect_line(&f, fd,
                "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"echo\",\"more\":1,"
                "\"params\":{\"k\":\"\\u885e\"}}\n",
                "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":{\"k\":\"衞\"}}");
    /* two lines in one packet, an empty one between, one split over packets */
    expect_line(&f, fd, ECHO "\n" ECHO "{\"jsonrpc\":\"2.0\",", ECHOED);
    expect_line(&f, fd, "", ECHOED);
    expect_line(&f, fd, "\"id\":1,\"method\":\"echo\"}\n", ECHOED);
    /* a notification is handled and not answered */
    expect_line(&f, fd, "{\"jsonrpc\":\"2.0\",\"method\":\"note\"}\n" ECHO, ECHOED);
    CU_ASSERT_EQUAL(f.notes, 1);
    expect_line(&f, fd, "{\"jsonrpc\":\"2.0\",\"method\":\"nothing\"}\n" ECHO, ECHOED);
    close(fd);
    fixture_down(&f);
}

static void test_hostile_objects(void)
{
    static const struct {
        const char *line;
        int code;
    } cases[] = {
        {"nonsense\n", RPC_PARSE},
        {"{\"jsonrpc\":\"2.0\"\n", RPC_PARSE},
        {"{\"a\":1,\"a\":2}\n", RPC_PARSE},
        {"{\"a\":\"\xff\xfe\"}\n", RPC_PARSE},
        {"{\"a\":\"\xed\xa0\x80\"}\n", RPC_PARSE},
        {"{\"a\":\"\\u0000\"}\n", RPC_PARSE},
        {"[" ECHO, RPC_PARSE},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}]\n", RPC_INVALID},
        {"[]\n", RPC_INVALID},
        {"7\n", RPC_INVALID},
        {"{}\n", RPC_INVALID},
        {"{\"id\":1,\"method\":\"echo\"}\n", RPC_INVALID},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"echo\"}\n", RPC_INVALID},
        {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"echo\"}\n", RPC_INVALID},
        {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"echo\"}\n", RPC_INVALID},
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"echo\"}\n", RPC_INVALID},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}\n", RPC_INVALID},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}\n", RPC_INVALID},
        {"{\"jsonrpc\":\"2.0\",\"id\":1}\n", RPC_INVALID},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":[1]}\n",
         RPC_PARAMS},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"none\"}\n", RPC_NO_METHOD},
    };
    Fixture f;
    fixture_up(&f, 4);
    int fd = dial(&f);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        expect_code(&f, fd, cases[i].line, cases[i].code);
    expect_line(&f, fd, ECHO, ECHOED); /* none of it cost the connection */
    close(fd);
    fixture_down(&f);
}

static void test_deep_nesting(void)
{
    Fixture f;
    fixture_up(&f, 4);
    int fd = dial(&f);
    g_autofree char *deep = g_strnfill(60000, '[');
    g_autofree char *line = g_strconcat(deep, "\n", NULL);

    expect_code(&f, fd, line, RPC_PARSE);
    /* brackets within a string nest nothing */
    g_autofree char *many = g_strnfill(100, '[');
    g_autofree char *quoted = g_strdup_printf("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                                              "\"note\",\"params\":{\"a\":\"\\\"%s\"}}\n",
                                              many);
    expect_line(&f, fd, quoted, ECHOED);
    close(fd);
    fixture_down(&f);
}

static void test_long_line_is_cut(void)
{
    Fixture f;
    fixture_up(&f, 4);
    int fd = dial(&f);
    int other = dial(&f);
    g_autofree char *mega = g_strnfill(1 << 20, 'a');

    expect_code(&f, fd, mega, RPC_PARSE);
    CU_ASSERT_PTR_NULL(take(&f, fd));
    CU_ASSERT_EQUAL(f.closed, 1);
    expect_line(&f, other, ECHO, ECHOED);
    close(fd);
    close(other);
    fixture_down(&f);
}

static void test_slow_reader_is_cut(void)
{
    Fixture f;
    fixture_up(&f, 4);
    int fd = dial(&f);
    g_autofree char *text = g_strnfill(100000, 'n');
    int told = 0;

    expect_line(&f, fd, ECHO, ECHOED);
    RpcPeer *peer = f.last;
    while (told < 1000 && rpc_peer_notify(peer, "n", json_pack("{s:s}", "t", text)))
        told++;
    CU_ASSERT(told >= 40 && told < 60);
    CU_ASSERT_EQUAL(f.closed, 0); /* not from within the call */
    CU_ASSERT_FALSE(rpc_peer_notify(peer, "n", NULL));
    event_base_loop(f.base, EVLOOP_NONBLOCK);
    CU_ASSERT_EQUAL(f.closed, 1);
    close(fd);
    fixture_down(&f);
}

static void test_too_many_peers(void)
{
    Fixture f;
    fixture_up(&f, 2);
    int first = dial(&f), second = dial(&f), third = dial(&f);

    expect_code(&f, third, "", RPC_BUSY);
    CU_ASSERT_PTR_NULL(take(&f, third));
    close(first);
    expect_line(&f, second, ECHO, ECHOED);
    while (!f.closed)
        event_base_loop(f.base, EVLOOP_NONBLOCK);
    int fourth = dial(&f);
    expect_line(&f, fourth, ECHO, ECHOED);
    close(second);
    close(third);
    close(fourth);
    fixture_down(&f);
}

static void test_unanswered_calls_are_bounded(void)
{
    static const char hold[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hold\"}\n";
    Fixture f;
    fixture_up(&f, 2);
    int fd = dial(&f);
    GPtrArray *held = g_ptr_array_new();

    for (int i = 0; i < 64; i++) {
        put(&f, fd, hold, strlen(hold));
        while (!f.held)
            event_base_loop(f.base, EVLOOP_NONBLOCK);
        g_ptr_array_add(held, g_steal_pointer(&f.held));
    }
    expect_code(&f, fd, hold, RPC_BUSY);
    rpc_fail(held->pdata[0], RPC_FAILED, "%s", "bad \xff bytes");
    expect_code(&f, fd, "", RPC_FAILED);
    close(fd);
    while (!f.closed)
        event_base_loop(f.base, EVLOOP_NONBLOCK);
    for (guint i = 1; i < held->len; i++)
        rpc_reply(held->pdata[i], NULL); /* to a peer that has left */
    g_ptr_array_free(held, TRUE);
    fixture_down(&f);
}

static void test_client(void)
{
    Fixture f;
    g_autoptr(GError) error = NULL;
    fixture_up(&f, 4);
    f.thread = g_thread_new("server", serve, &f);
    g_autoptr(RpcClient) client = rpc_client_connect(f.path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(client);

    json_t *result = rpc_client_call(client, "uid", NULL, 20000, &error);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(result, "uid")), getuid());
    json_decref(result);

    CU_ASSERT_PTR_NULL(rpc_client_call(client, "none", NULL, 20000, &error));
    CU_ASSERT(g_error_matches(error, RPC_ERROR, RPC_NO_METHOD));
    CU_ASSERT_STRING_EQUAL(error->message, "no method \"none\"");
    g_clear_error(&error);

    json_decref(rpc_client_call(client, "tell", NULL, 20000, &error));
    for (int i = 0; i < 3; i++) {
        json_t *note = rpc_client_next(client, 0, &error);
        const json_t *params = json_object_get(note, "params");
        CU_ASSERT_EQUAL(json_integer_value(json_object_get(params, "i")), i);
        json_decref(note);
    }
    CU_ASSERT_PTR_NULL(rpc_client_next(client, 0, &error));
    CU_ASSERT_PTR_NULL(error);

    CU_ASSERT_TRUE(rpc_client_send(client, "none", NULL, &error));
    CU_ASSERT_TRUE(rpc_client_send(client, "note", NULL, &error));
    json_t *note = rpc_client_next(client, 20000, &error);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(note, "method")),
                           "rpc.error");
    json_decref(note);

    CU_ASSERT_PTR_NULL(rpc_client_call(client, "hold", NULL, 20, &error));
    CU_ASSERT(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
    g_clear_error(&error);
    g_autofree char *big = g_strnfill(RPC_LINE_IN_MAX, 'b');
    CU_ASSERT_PTR_NULL(
        rpc_client_call(client, "echo", json_pack("{s:s}", "b", big), 20000, &error));
    CU_ASSERT(g_error_matches(error, RPC_ERROR, RPC_PARAMS));
    fixture_down(&f);
}

static void test_client_limits(void)
{
    Fixture f;
    g_autoptr(GError) error = NULL;
    fixture_up(&f, 4);
    f.thread = g_thread_new("server", serve, &f);
    g_autoptr(RpcClient) client = rpc_client_connect(f.path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(client);

    CU_ASSERT_PTR_NULL(rpc_client_call(client, "huge", NULL, 20000, &error));
    CU_ASSERT(g_error_matches(error, RPC_ERROR, RPC_INTERNAL));
    g_clear_error(&error);
    json_t *note = rpc_client_next(client, 0, &error);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(note, "method")),
                           "rpc.dropped");
    json_decref(note);
    fixture_down(&f);
    CU_ASSERT_PTR_NULL(rpc_client_next(client, 20000, &error));
    CU_ASSERT(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED));
}

static void test_listen(void)
{
    Fixture f;
    g_autoptr(GError) error = NULL;
    struct stat about;
    fixture_up(&f, 4);

    CU_ASSERT_EQUAL(stat(f.path, &about), 0);
    CU_ASSERT_EQUAL(about.st_mode & 0777, 0600);
    CU_ASSERT_EQUAL(rpc_listen(f.path, 0600, &error), -1);
    CU_ASSERT(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE));
    g_clear_error(&error);

    /* a file that nobody listens on any more is taken over */
    rpc_server_free(f.server);
    int fd = rpc_listen(f.path, 0666, &error);
    CU_ASSERT(fd >= 0);
    CU_ASSERT_EQUAL(stat(f.path, &about), 0);
    CU_ASSERT_EQUAL(about.st_mode & 0777, 0666);
    f.server = rpc_server_new(f.base, fd, 4, handle, on_closed, &f);

    g_autofree char *tail = g_strnfill(110, 'p');
    CU_ASSERT_EQUAL(rpc_listen(tail, 0600, &error), -1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "107"));
    g_clear_error(&error);

    /* what is no socket is not removed */
    g_autofree char *file = g_build_filename(f.dir, "file", NULL);
    CU_ASSERT(g_file_set_contents(file, "x", 1, NULL));
    CU_ASSERT_EQUAL(rpc_listen(file, 0600, &error), -1);
    CU_ASSERT(g_file_test(file, G_FILE_TEST_EXISTS));
    g_unlink(file);
    fixture_down(&f);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"calls and notifications", test_answers},
        {"hostile objects are refused by code", test_hostile_objects},
        {"deep nesting is refused", test_deep_nesting},
        {"a 1 MB line is cut off", test_long_line_is_cut},
        {"a peer that does not read is cut off", test_slow_reader_is_cut},
        {"connections are bounded", test_too_many_peers},
        {"unanswered calls are bounded", test_unanswered_calls_are_bounded},
        {"the client calls, is told, times out", test_client},
        {"the client meets limits and the end", test_client_limits},
        {"listening takes over only what is stale", test_listen},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("rpc", tests);
}
