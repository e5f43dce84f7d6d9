/*
 * JSON-RPC 2.0, one object a line (64 KiB in, 1 MiB out): the server side on a libevent
 * loop, and a blocking client. Methods: docs/control.md.
 */
#ifndef PARRY_SCOREBOARD_RPC_H
#define PARRY_SCOREBOARD_RPC_H

#include <event2/event.h>
#include <glib.h>
#include <jansson.h>
#include <sys/types.h>

#define RPC_LINE_IN_MAX 65536
#define RPC_LINE_OUT_MAX (1 << 20)

/* JSON-RPC's own codes, and ours. */
enum {
    RPC_PARSE = -32700,
    RPC_INVALID = -32600,
    RPC_NO_METHOD = -32601,
    RPC_PARAMS = -32602,
    RPC_INTERNAL = -32603,
    RPC_REFUSED = 1, /* not allowed to this role */
    RPC_STATE = 2,   /* not in this state of the drill */
    RPC_NOT_FOUND = 3,
    RPC_FAILED = 4, /* tried and failed; message says why */
    RPC_BUSY = 5,
};

typedef struct RpcServer RpcServer;
typedef struct RpcPeer RpcPeer; /* one connection */

/*
 * A call. Answer exactly once, at once or later, with rpc_reply() or rpc_fail(); params
 * is borrowed (an object or NULL). A call outlives its peer: the answer is then dropped.
 * A notification reaches the handler too; whatever answers it is dropped.
 */
typedef struct RpcCall RpcCall;
typedef void (*RpcHandler)(RpcCall *call, RpcPeer *peer, const char *method,
                           const json_t *params, gpointer data);
typedef void (*RpcClosed)(RpcPeer *peer, gpointer data);

/* Serves connections accepted on listen_fd (taken over; non-blocking). A peer that breaks
 * the framing, or does not read, is cut; `closed` is called for each peer that was, on
 * the next turn of the loop, never from within a call of this module but
 * rpc_server_free(). Of what a peer sends, unknown members are ignored; duplicate keys,
 * batches, nesting past 32 levels, params that are no object and more than 64 unanswered
 * calls are refused. */
RpcServer *rpc_server_new(struct event_base *base, int listen_fd, guint max_peers,
                          RpcHandler handler, RpcClosed closed, gpointer data);
void rpc_server_free(RpcServer *server); /* closes every peer */

/* Peer: credentials (SO_PEERCRED), the handler's own data, notifications. */
uid_t rpc_peer_uid(const RpcPeer *peer);
void rpc_peer_set_data(RpcPeer *peer, gpointer data);
gpointer rpc_peer_data(const RpcPeer *peer);
/* Queues a notification (params is taken over, may be NULL); a peer that does not read is
 * cut off past RPC_LINE_OUT_MAX * 4 of backlog. FALSE when it was cut. One over
 * RPC_LINE_OUT_MAX is replaced by `rpc.dropped` {method, bytes}. */
gboolean rpc_peer_notify(RpcPeer *peer, const char *method, json_t *params);
/* Bytes queued towards the peer: a stream's source is not read while this is high. */
gsize rpc_peer_backlog(const RpcPeer *peer);

void rpc_reply(RpcCall *call, json_t *result); /* takes result over; NULL: {} */
void rpc_fail(RpcCall *call, int code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* ---- client ---- */
typedef struct RpcClient RpcClient;

RpcClient *rpc_client_connect(const char *path, GError **error);
RpcClient *rpc_client_new(int fd); /* takes fd over */
void rpc_client_free(RpcClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RpcClient, rpc_client_free)
int rpc_client_fd(const RpcClient *client);

/* Calls and waits for the answer (timeout_ms, -1 for ever); notifications that come
 * meanwhile are queued. params is taken over. What the other side answered is in domain
 * RPC_ERROR with the RPC code; a lost connection is G_IO_ERROR_CLOSED, no answer in time
 * G_IO_ERROR_TIMED_OUT. */
json_t *rpc_client_call(RpcClient *client, const char *method, json_t *params,
                        int timeout_ms, GError **error);
/* The next notification: {method, params}; NULL with error NULL on timeout. */
json_t *rpc_client_next(RpcClient *client, int timeout_ms, GError **error);
/* Sends without waiting; a result is dropped, an error comes as the notification
 * `rpc.error` {method, error: {code, message}}. */
gboolean rpc_client_send(RpcClient *client, const char *method, json_t *params,
                         GError **error);
/* How many of those are not answered yet, as far as the answers have been read. */
guint rpc_client_unanswered(const RpcClient *client);

#define RPC_ERROR (rpc_error_quark())
GQuark rpc_error_quark(void);

/* A listening UNIX socket at path (removed first if nobody listens), mode as given; -1 on
 * error. A path over 107 bytes is an error that says so. */
int rpc_listen(const char *path, mode_t mode, GError **error);

#endif
