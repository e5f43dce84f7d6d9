#include "scoreboard/rpc.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <gio/gio.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DEPTH_MAX 32     /* nesting of what a peer sends */
#define ID_MAX 64        /* bytes of a string id */
#define METHOD_MAX 64    /* bytes of a method's name */
#define CALLS_MAX 64     /* unanswered calls a peer may have */
#define ACCEPT_PAUSE_S 1 /* when descriptors ran out */
#define BACKLOG_MAX ((gsize)RPC_LINE_OUT_MAX * 4)

struct RpcServer {
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *reap;   /* frees what was cut during a callback, from a fresh stack */
    struct event *resume; /* accepts again after descriptors ran out */
    GPtrArray *peers;     /* RpcPeer, each holding one reference */
    guint max_peers;
    RpcHandler handler;
    RpcClosed closed;
    gpointer data;
};

struct RpcPeer {
    RpcServer *server; /* NULL once closed */
    struct bufferevent *bev;
    guint refs; /* the server's, and one a call */
    guint calls;
    gboolean cut;      /* nothing more is read or sent; reap frees it */
    gboolean draining; /* a last error is on its way out, then it is cut */
    uid_t uid;
    gpointer data;
};

struct RpcCall {
    RpcPeer *peer;
    json_t *id; /* NULL for a notification: nobody waits for an answer */
};

GQuark rpc_error_quark(void)
{
    return g_quark_from_static_string("parry-rpc");
}

static void peer_unref(RpcPeer *peer)
{
    if (--peer->refs)
        return;
    if (peer->bev)
        bufferevent_free(peer->bev);
    g_free(peer);
}

/* The callback runs later: whoever walks over peers now must not lose one underway. */
static void peer_cut(RpcPeer *peer)
{
    if (peer->cut || !peer->server)
        return;
    peer->cut = TRUE;
    bufferevent_disable(peer->bev, EV_READ | EV_WRITE);
    event_active(peer->server->reap, EV_TIMEOUT, 0);
}

static void peer_close(RpcPeer *peer)
{
    RpcServer *server = peer->server;

    peer->cut = TRUE;
    if (server->closed)
        server->closed(peer, server->data);
    peer->server = NULL;
    /* libevent closes the descriptor a loop turn later, and there may be no other. */
    shutdown(bufferevent_getfd(peer->bev), SHUT_RDWR);
    bufferevent_free(peer->bev);
    peer->bev = NULL;
    peer_unref(peer);
}

static void on_reap(evutil_socket_t fd G_GNUC_UNUSED, short what G_GNUC_UNUSED,
                    void *data)
{
    RpcServer *server = data;

    for (guint i = server->peers->len; i-- > 0;) {
        RpcPeer *peer = server->peers->pdata[i];
        if (!peer->cut)
            continue;
        g_ptr_array_remove_index_fast(server->peers, i);
        peer_close(peer);
    }
}

static gboolean peer_write(RpcPeer *peer, const char *text, size_t len)
{
    if (peer->cut || peer->draining)
        return FALSE;
    if (rpc_peer_backlog(peer) + len > BACKLOG_MAX ||
        bufferevent_write(peer->bev, text, len) ||
        bufferevent_write(peer->bev, "\n", 1)) {
        peer_cut(peer);
        return FALSE;
    }
    return TRUE;
}

static json_t *error_object(json_t *id, int code, const char *message)
{
    json_t *text = json_string(message);

    if (!text) {
        g_autofree char *valid = g_utf8_make_valid(message, -1);
        text = json_string(valid);
    }
    return json_pack("{s:s, s:O?, s:{s:i, s:o}}", "jsonrpc", "2.0", "id", id, "error",
                     "code", code, "message", text);
}

/* Writes the object; one over the limit is replaced by `instead(bytes)`. Takes it over.
 */
static gboolean peer_send(RpcPeer *peer, json_t *object, json_t *id, const char *method)
{
    char *text = json_dumps(object, JSON_COMPACT);
    size_t len = text ? strlen(text) : 0;
    gboolean ok;

    if (text && len < RPC_LINE_OUT_MAX) {
        ok = peer_write(peer, text, len);
    } else {
        g_autofree char *why =
            text ? g_strdup_printf("the answer has %zu bytes, over the limit of %d: ask "
                                   "for less at a time",
                                   len, RPC_LINE_OUT_MAX)
                 : g_strdup("the answer cannot be written as JSON");
        json_t *instead = method ? json_pack("{s:s, s:s, s:{s:s, s:I}}", "jsonrpc", "2.0",
                                             "method", "rpc.dropped", "params", "method",
                                             method, "bytes", (json_int_t)len)
                                 : error_object(id, RPC_INTERNAL, why);
        char *short_text = json_dumps(instead, JSON_COMPACT);
        ok = peer_write(peer, short_text, strlen(short_text));
        free(short_text);
        json_decref(instead);
    }
    free(text);
    json_decref(object);
    return ok;
}

static void peer_error(RpcPeer *peer, json_t *id, int code, const char *message)
{
    peer_send(peer, error_object(id, code, message), id, NULL);
}

/* The framing itself is broken: one last word, then the connection ends. */
static void peer_refuse(RpcPeer *peer, int code, const char *message)
{
    peer_error(peer, NULL, code, message);
    if (peer->cut)
        return;
    peer->draining = TRUE;
    bufferevent_disable(peer->bev, EV_READ);
    if (!rpc_peer_backlog(peer))
        peer_cut(peer);
}

/* ---- what comes in ---- */

/* Whether brackets nest deeper than the limit: looked at before the parser recurses. */
static gboolean too_deep(const char *line, size_t len)
{
    int depth = 0;
    gboolean quoted = FALSE;

    for (size_t i = 0; i < len; i++) {
        if (quoted) {
            if (line[i] == '\\')
                i++;
            else if (line[i] == '"')
                quoted = FALSE;
        } else if (line[i] == '"') {
            quoted = TRUE;
        } else if (line[i] == '{' || line[i] == '[') {
            if (++depth > DEPTH_MAX)
                return TRUE;
        } else if (line[i] == '}' || line[i] == ']') {
            depth--;
        }
    }
    return FALSE;
}

static gboolean valid_id(const json_t *id)
{
    return json_is_integer(id) ||
           (json_is_string(id) && json_string_length(id) <= ID_MAX);
}

/* Why the object is no call; NULL when it is one. */
static const char *object_fault(const json_t *object, int *code)
{
    const json_t *id = json_object_get(object, "id");
    const json_t *method = json_object_get(object, "method");
    const json_t *params = json_object_get(object, "params");
    const char *version = json_string_value(json_object_get(object, "jsonrpc"));

    *code = RPC_INVALID;
    if (json_is_array(object))
        return "batches are not taken: send one object a line";
    if (!json_is_object(object))
        return "not an object";
    if (g_strcmp0(version, "2.0"))
        return "\"jsonrpc\" must be \"2.0\"";
    if (id && !valid_id(id))
        return "\"id\" must be an integer or a string of at most 64 bytes";
    if (!json_is_string(method) || !json_string_length(method) ||
        json_string_length(method) > METHOD_MAX)
        return "\"method\" must be a string of 1 to 64 bytes";
    *code = RPC_PARAMS;
    if (params && !json_is_object(params) && !json_is_null(params))
        return "\"params\" must be an object";
    return NULL;
}

static void dispatch(RpcPeer *peer, json_t *object)
{
    RpcServer *server = peer->server;
    json_t *id = json_object_get(object, "id");
    json_t *params = json_object_get(object, "params");
    int code;
    const char *fault = object_fault(object, &code);

    if (fault) {
        peer_error(peer, id && valid_id(id) ? id : NULL, code, fault);
        return;
    }
    if (peer->calls >= CALLS_MAX) {
        if (id)
            peer_error(peer, id, RPC_BUSY, "too many unanswered calls: wait for answers");
        return;
    }
    RpcCall *call = g_new0(RpcCall, 1);
    call->peer = peer;
    call->id = json_incref(id);
    peer->refs++;
    peer->calls++;
    server->handler(call, peer, json_string_value(json_object_get(object, "method")),
                    json_is_object(params) ? params : NULL, server->data);
}

static void take_line(RpcPeer *peer, const char *line, size_t len)
{
    json_error_t fault;

    if (!len)
        return;
    if (too_deep(line, len)) {
        peer_error(peer, NULL, RPC_PARSE, "nested deeper than 32 levels");
        return;
    }
    json_t *object =
        json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
    if (!object) {
        g_autofree char *why = g_strdup_printf("not JSON: %s", fault.text);
        peer_error(peer, NULL, RPC_PARSE, why);
        return;
    }
    dispatch(peer, object);
    json_decref(object);
}

static void on_read(struct bufferevent *bev, void *data)
{
    RpcPeer *peer = data;
    struct evbuffer *in = bufferevent_get_input(bev);

    peer->refs++; /* a handler may free the server */
    while (peer->server && !peer->cut && !peer->draining) {
        struct evbuffer_ptr end = evbuffer_search_eol(in, NULL, NULL, EVBUFFER_EOL_LF);
        size_t len = end.pos < 0 ? evbuffer_get_length(in) : (size_t)end.pos;
        if (len >= RPC_LINE_IN_MAX) {
            peer_refuse(peer, RPC_PARSE, "a line of 65536 bytes or more");
            break;
        }
        if (end.pos < 0)
            break;
        g_autofree char *line = g_malloc(len + 1);
        evbuffer_remove(in, line, len);
        evbuffer_drain(in, 1);
        take_line(peer, line, len);
    }
    peer_unref(peer);
}

static void on_written(struct bufferevent *bev G_GNUC_UNUSED, void *data)
{
    RpcPeer *peer = data;

    if (peer->draining)
        peer_cut(peer);
}

static void on_event(struct bufferevent *bev G_GNUC_UNUSED, short what, void *data)
{
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        peer_cut(data);
}

/* ---- connections ---- */

static void turn_away(int fd)
{
    static const char full[] =
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":5,"
        "\"message\":\"too many connections: close one and try again\"}}\n";

    if (send(fd, full, sizeof(full) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        g_debug("rpc: no word to a connection turned away: %s", g_strerror(errno));
    close(fd);
}

static void on_accept(struct evconnlistener *listener G_GNUC_UNUSED, evutil_socket_t fd,
                      struct sockaddr *address G_GNUC_UNUSED, int len G_GNUC_UNUSED,
                      void *data)
{
    RpcServer *server = data;
    struct ucred cred = {.uid = (uid_t)-1};
    socklen_t cred_len = sizeof(cred);

    if (server->peers->len >= server->max_peers) {
        turn_away(fd);
        return;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len)) {
        g_warning("rpc: credentials of a connection: %s; closed", g_strerror(errno));
        close(fd);
        return;
    }
    RpcPeer *peer = g_new0(RpcPeer, 1);
    peer->server = server;
    peer->refs = 1;
    peer->uid = cred.uid;
    peer->bev = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!peer->bev) {
        g_warning("rpc: no memory for a connection; closed");
        close(fd);
        g_free(peer);
        return;
    }
    g_ptr_array_add(server->peers, peer);
    bufferevent_setcb(peer->bev, on_read, on_written, on_event, peer);
    bufferevent_setwatermark(peer->bev, EV_READ, 0, (size_t)RPC_LINE_IN_MAX * 2);
    bufferevent_enable(peer->bev, EV_READ | EV_WRITE);
}

static void on_accept_error(struct evconnlistener *listener, void *data)
{
    RpcServer *server = data;
    struct timeval pause = {.tv_sec = ACCEPT_PAUSE_S};

    g_warning("rpc: accept: %s; trying again in %d s", g_strerror(errno), ACCEPT_PAUSE_S);
    evconnlistener_disable(listener);
    event_add(server->resume, &pause);
}

static void on_resume(evutil_socket_t fd G_GNUC_UNUSED, short what G_GNUC_UNUSED,
                      void *data)
{
    evconnlistener_enable(((RpcServer *)data)->listener);
}

RpcServer *rpc_server_new(struct event_base *base, int listen_fd, guint max_peers,
                          RpcHandler handler, RpcClosed closed, gpointer data)
{
    RpcServer *server = g_new0(RpcServer, 1);

    evutil_make_socket_nonblocking(listen_fd);
    evutil_make_socket_closeonexec(listen_fd);
    server->base = base;
    server->max_peers = max_peers;
    server->handler = handler;
    server->closed = closed;
    server->data = data;
    server->peers = g_ptr_array_new();
    server->reap = event_new(base, -1, 0, on_reap, server);
    server->resume = event_new(base, -1, 0, on_resume, server);
    server->listener =
        evconnlistener_new(base, on_accept, server,
                           LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, listen_fd);
    if (!server->reap || !server->resume || !server->listener)
        g_error("rpc: out of memory");
    evconnlistener_set_error_cb(server->listener, on_accept_error);
    return server;
}

void rpc_server_free(RpcServer *server)
{
    if (!server)
        return;
    evconnlistener_free(server->listener);
    while (server->peers->len)
        peer_close(g_ptr_array_remove_index_fast(server->peers, server->peers->len - 1));
    g_ptr_array_free(server->peers, TRUE);
    event_free(server->reap);
    event_free(server->resume);
    g_free(server);
}

uid_t rpc_peer_uid(const RpcPeer *peer)
{
    return peer->uid;
}

void rpc_peer_set_data(RpcPeer *peer, gpointer data)
{
    peer->data = data;
}

gpointer rpc_peer_data(const RpcPeer *peer)
{
    return peer->data;
}

gsize rpc_peer_backlog(const RpcPeer *peer)
{
    return peer->bev ? evbuffer_get_length(bufferevent_get_output(peer->bev)) : 0;
}

gboolean rpc_peer_notify(RpcPeer *peer, const char *method, json_t *params)
{
    json_t *object = json_pack("{s:s, s:s, s:o*}", "jsonrpc", "2.0", "method", method,
                               "params", params);

    if (!peer->server || peer->cut || peer->draining || !object) {
        json_decref(object);
        return FALSE;
    }
    return peer_send(peer, object, NULL, method);
}

/* ---- answers ---- */

static void call_end(RpcCall *call, json_t *answer)
{
    RpcPeer *peer = call->peer;

    peer->calls--;
    if (answer && peer->server && !peer->cut)
        peer_send(peer, answer, call->id, NULL);
    else
        json_decref(answer);
    json_decref(call->id);
    g_free(call);
    peer_unref(peer);
}

void rpc_reply(RpcCall *call, json_t *result)
{
    json_t *answer = NULL;

    if (call->id)
        answer = json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", call->id, "result",
                           result ? result : json_object());
    else
        json_decref(result);
    call_end(call, answer);
}

void rpc_fail(RpcCall *call, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    call_end(call, call->id ? error_object(call->id, code, message) : NULL);
}

/* ---- listening ---- */

static gboolean fill_address(const char *path, struct sockaddr_un *address,
                             GError **error)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(address->sun_path)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG,
                    "socket %s: the path has %zu bytes, a socket's may have %zu: use a "
                    "shorter PARRY_HOME",
                    path, strlen(path), sizeof(address->sun_path) - 1);
        return FALSE;
    }
    g_strlcpy(address->sun_path, path, sizeof(address->sun_path));
    return TRUE;
}

/* A socket file that nobody answers on is left over from a killed process. */
static gboolean remove_stale(const struct sockaddr_un *address, GError **error)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat about;
    int status, cause;

    if (fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "socket: %s",
                    g_strerror(errno));
        return FALSE;
    }
    status = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    cause = errno;
    close(fd);
    if (status && cause == ENOENT)
        return TRUE;
    /* A file that is no socket refuses too: that is somebody's file. */
    if (status && cause == ECONNREFUSED && !lstat(address->sun_path, &about)) {
        if (!S_ISSOCK(about.st_mode))
            cause = ENOTSOCK;
        else if (!unlink(address->sun_path))
            return TRUE;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE, "socket %s: %s",
                address->sun_path,
                !status || cause == EAGAIN ? "another process listens there already"
                                           : g_strerror(cause));
    return FALSE;
}

int rpc_listen(const char *path, mode_t mode, GError **error)
{
    struct sockaddr_un address;

    if (!fill_address(path, &address, error) || !remove_stale(&address, error))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* fchmod() first: Linux makes the file with the socket's own mode, so that it is
     * never open wider than asked; chmod() then gives back what the umask took. */
    if (fd < 0 || fchmod(fd, mode) ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) || chmod(path, mode) ||
        listen(fd, SOMAXCONN)) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "socket %s: listen: %s", path, g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}
