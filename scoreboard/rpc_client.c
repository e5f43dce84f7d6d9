#include "scoreboard/rpc.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define QUEUE_MAX 65536                      /* notifications nobody fetched */
#define IN_MAX ((gsize)RPC_LINE_OUT_MAX * 4) /* bytes not yet looked at */

struct RpcClient {
    int fd;
    GString *in;
    gsize start;      /* of the next line in it */
    gsize scanned;    /* no line ends between start and here */
    GQueue notes;     /* json_t {method, params} */
    GHashTable *sent; /* id -> method of what rpc_client_send() sent */
    json_int_t last_id;
};

RpcClient *rpc_client_new(int fd)
{
    RpcClient *client = g_new0(RpcClient, 1);

    client->fd = fd;
    client->in = g_string_new(NULL);
    g_queue_init(&client->notes);
    client->sent = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return client;
}

RpcClient *rpc_client_connect(const char *path, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG,
                    "socket %s: the path has %zu bytes, a socket's may have %zu", path,
                    strlen(path), sizeof(address.sun_path) - 1);
        return NULL;
    }
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "socket %s: connect: %s", path, g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    return rpc_client_new(fd);
}

static void free_note(gpointer note)
{
    json_decref(note);
}

void rpc_client_free(RpcClient *client)
{
    if (!client)
        return;
    close(client->fd);
    g_string_free(client->in, TRUE);
    g_queue_clear_full(&client->notes, free_note);
    g_hash_table_destroy(client->sent);
    g_free(client);
}

int rpc_client_fd(const RpcClient *client)
{
    return client->fd;
}

/* Milliseconds until the deadline (-1: none), never below 0. */
static int left_ms(gint64 deadline_us)
{
    if (deadline_us < 0)
        return -1;
    gint64 left = deadline_us - g_get_monotonic_time();
    return left <= 0 ? 0 : (int)MIN((left + 999) / 1000, G_MAXINT);
}

static gint64 deadline_of(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : g_get_monotonic_time() + (gint64)timeout_ms * 1000;
}

static gboolean lost(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_CLOSED, "connection to parryd: %s", what);
    return FALSE;
}

/* Reads what there is; FALSE when the connection is over. */
static gboolean fill(RpcClient *client, GError **error)
{
    char bytes[65536];
    ssize_t n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return TRUE;
    if (n <= 0)
        return lost(error, n ? g_strerror(errno) : "closed by the other side");
    if (client->in->len > IN_MAX)
        return lost(error, "more than anybody takes in");
    g_string_erase(client->in, 0, (gssize)client->start);
    client->scanned -= client->start;
    client->start = 0;
    g_string_append_len(client->in, bytes, n);
    return TRUE;
}

/* Takes the next line out of the buffer as JSON: 1 got one, 0 none yet, -1 broken. */
static int next_object(RpcClient *client, json_t **object, GError **error)
{
    json_error_t fault;
    const char *end = memchr(client->in->str + client->scanned, '\n',
                             client->in->len - client->scanned);

    if (!end) {
        client->scanned = client->in->len;
        return 0;
    }
    const char *line = client->in->str + client->start;
    *object = json_loadb(line, (gsize)(end - line), JSON_REJECT_DUPLICATES, &fault);
    client->start = (gsize)(end - client->in->str) + 1;
    client->scanned = client->start;
    if (!json_is_object(*object)) {
        json_decref(*object);
        lost(error, "an answer that is no JSON object");
        return -1;
    }
    return 1;
}

static gboolean queue_note(RpcClient *client, json_t *note, GError **error)
{
    if (client->notes.length >= QUEUE_MAX) {
        json_decref(note);
        return lost(error, "more notifications than anybody fetches");
    }
    g_queue_push_tail(&client->notes, note);
    return TRUE;
}

/* An answer to rpc_client_send(): a result is of no interest, an error is told. */
static gboolean settle_sent(RpcClient *client, gint64 id, json_t *object, GError **error)
{
    json_t *failure = json_object_get(object, "error");
    const char *method = g_hash_table_lookup(client->sent, &id);
    gboolean ok = TRUE;

    if (method && failure)
        ok = queue_note(client,
                        json_pack("{s:s, s:{s:s, s:O}}", "method", "rpc.error", "params",
                                  "method", method, "error", failure),
                        error);
    g_hash_table_remove(client->sent, &id);
    return ok;
}

/* Files one object: a notification is queued, an answer to `want` goes to *answer. */
static gboolean file_object(RpcClient *client, json_t *object, gint64 want,
                            json_t **answer, GError **error)
{
    json_t *id = json_object_get(object, "id");
    const json_t *method = json_object_get(object, "method");
    gboolean ok = TRUE;

    if (json_is_string(method)) {
        ok = queue_note(client, json_incref(object), error);
    } else if (json_is_integer(id) && json_integer_value(id) == want && answer) {
        *answer = json_incref(object);
    } else if (json_is_integer(id)) {
        ok = settle_sent(client, json_integer_value(id), object, error);
    } else {
        const char *why = json_string_value(
            json_object_get(json_object_get(object, "error"), "message"));
        ok = lost(error, why ? why : "an answer to nothing");
    }
    json_decref(object);
    return ok;
}

/* Files every whole line that stands in the buffer, until `want` is answered. */
static gboolean file_lines(RpcClient *client, gint64 want, json_t **answer,
                           GError **error)
{
    json_t *object;
    int got;

    while (!(answer && *answer) && (got = next_object(client, &object, error)))
        if (got < 0 || !file_object(client, object, want, answer, error))
            return FALSE;
    return TRUE;
}

/* Waits for events on the socket; 0 on timeout, -1 on error. */
static int wait_fd(RpcClient *client, short events, gint64 deadline_us, GError **error)
{
    struct pollfd entry = {.fd = client->fd, .events = events};

    for (;;) {
        int n = poll(&entry, 1, left_ms(deadline_us));
        if (n > 0)
            return entry.revents;
        if (n == 0)
            return 0;
        if (errno != EINTR) {
            lost(error, g_strerror(errno));
            return -1;
        }
    }
}

/* Writes all of it, reading meanwhile, so that neither side waits for the other. */
static gboolean write_all(RpcClient *client, const char *text, gsize len,
                          gint64 deadline_us, GError **error)
{
    while (len) {
        ssize_t n = send(client->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            text += n;
            len -= (gsize)n;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return lost(error, g_strerror(errno));
        int ready = wait_fd(client, POLLIN | POLLOUT, deadline_us, error);
        if (ready < 0)
            return FALSE;
        if (!ready) /* half a line may be out: the stream is of no more use */
            return lost(error, "does not take what is sent");
        if ((ready & POLLIN) && !fill(client, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean send_call(RpcClient *client, const char *method, json_t *params,
                          gint64 deadline_us, GError **error)
{
    json_t *object = json_pack("{s:s, s:I, s:s, s:o*}", "jsonrpc", "2.0", "id",
                               ++client->last_id, "method", method, "params", params);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    gsize len = text ? strlen(text) : 0;
    gboolean ok = FALSE;

    json_decref(object);
    if (!text)
        g_set_error(error, RPC_ERROR, RPC_PARAMS, "%s: not to be written as JSON",
                    method);
    else if (len >= RPC_LINE_IN_MAX)
        g_set_error(error, RPC_ERROR, RPC_PARAMS,
                    "%s: a call of %" G_GSIZE_FORMAT " bytes, over the limit of %d",
                    method, len, RPC_LINE_IN_MAX);
    else {
        text[len] = '\n'; /* in place of the end: its length is known */
        ok = write_all(client, text, len + 1, deadline_us, error);
    }
    free(text);
    return ok;
}

static json_t *take_result(json_t *answer, const char *method, GError **error)
{
    const json_t *failure = json_object_get(answer, "error");
    json_t *result = json_object_get(answer, "result");

    if (!failure && result)
        return json_incref(result);
    int code = (int)json_integer_value(json_object_get(failure, "code"));
    const char *message = json_string_value(json_object_get(failure, "message"));
    g_set_error(error, RPC_ERROR, failure ? code : RPC_INTERNAL, "%s",
                message ? message : method);
    return NULL;
}

json_t *rpc_client_call(RpcClient *client, const char *method, json_t *params,
                        int timeout_ms, GError **error)
{
    gint64 deadline_us = deadline_of(timeout_ms);
    json_t *answer = NULL;

    if (!send_call(client, method, params, deadline_us, error))
        return NULL;
    gint64 want = client->last_id;
    for (;;) {
        if (!file_lines(client, want, &answer, error))
            return NULL;
        if (answer)
            break;
        int ready = wait_fd(client, POLLIN, deadline_us, error);
        if (ready < 0)
            return NULL;
        if (!ready) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                        "%s: no answer from parryd within %d ms", method, timeout_ms);
            return NULL;
        }
        if (!fill(client, error))
            return NULL;
    }
    json_t *result = take_result(answer, method, error);
    json_decref(answer);
    return result;
}

json_t *rpc_client_next(RpcClient *client, int timeout_ms, GError **error)
{
    gint64 deadline_us = deadline_of(timeout_ms);

    for (;;) {
        if (g_queue_is_empty(&client->notes) && !file_lines(client, 0, NULL, error))
            return NULL;
        json_t *note = g_queue_pop_head(&client->notes);
        if (note)
            return note;
        int ready = wait_fd(client, POLLIN, deadline_us, error);
        if (ready <= 0 || !fill(client, error))
            return NULL;
    }
}

gboolean rpc_client_send(RpcClient *client, const char *method, json_t *params,
                         GError **error)
{
    if (!send_call(client, method, params, -1, error))
        return FALSE;
    gint64 *id = g_new(gint64, 1);
    *id = client->last_id;
    g_hash_table_insert(client->sent, id, g_strdup(method));
    return TRUE;
}

guint rpc_client_unanswered(const RpcClient *client)
{
    return g_hash_table_size(client->sent);
}
