#include "orchestrator/range/connection.h"

#include "orchestrator/range/range.h"

#include <libvirt/virterror.h>

/* Pauses between attempts: from a quarter of a second, doubled, to five seconds. */
#define PAUSE_FIRST_MS 250
#define PAUSE_LAST_MS 5000

/* Seconds between keepalives and how many may go unanswered: a busy machine is not a
 * lost one, and a local daemon's end is noticed at once by its socket. */
#define KEEPALIVE_S 10
#define KEEPALIVE_COUNT 6

/*
 * What libvirt's callbacks hold. libvirt frees its reference when it likes, also after
 * the connection is gone; pt_pool is NULL from then on and the callbacks say nothing.
 */
typedef struct {
    GMutex pt_lock;
    Pool *pt_pool;
    Connection *pt_owner;
} Port;

/* One connection, with which of its callbacks are registered. */
typedef struct {
    virConnectPtr se_conn;
    int se_event;
} Session;

struct Connection {
    char *li_uri;
    Pool *li_pool;
    ConnectionCalls li_calls;
    Port *li_port;
    struct event *li_timer;
    guint li_pause_ms;
    gboolean li_closing;
    virConnectPtr li_lost; /* lost before its attempt was delivered; only compared */

    GMutex li_lock; /* over li_now */
    Session li_now; /* se_conn NULL: not connected */
};

/* A lifecycle event on its way to the loop thread. */
typedef struct {
    Connection *no_owner;
    char no_uuid[VIR_UUID_STRING_BUFLEN];
    int no_event, no_detail;
} Note;

/* The end of a connection on its way to the loop thread. */
typedef struct {
    Connection *lo_owner;
    virConnectPtr lo_conn; /* only compared */
    int lo_reason;
} Loss;

/* An attempt to connect. */
typedef struct {
    Connection *tr_owner;
    Session tr_session;
    GError *tr_error;
} Attempt;

static void port_clear(gpointer data)
{
    g_mutex_clear(&((Port *)data)->pt_lock);
}

static void port_unref(void *data)
{
    g_atomic_rc_box_release_full(data, port_clear);
}

static void port_post(Port *port, PoolDone done, gpointer note)
{
    g_mutex_lock(&port->pt_lock);
    if (port->pt_pool)
        pool_post(port->pt_pool, done, note);
    else
        g_free(note);
    g_mutex_unlock(&port->pt_lock);
}

static void deliver_note(gpointer data, gboolean ran)
{
    g_autofree Note *note = data;
    Connection *connection = note->no_owner;

    (void)ran;
    if (!connection->li_closing)
        connection->li_calls.cn_on_domain(note->no_uuid, note->no_event, note->no_detail,
                                          connection->li_calls.cn_data);
}

/* On libvirt's event thread: nothing but the way over to the loop. */
static int on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail,
                        void *data)
{
    Port *port = data;
    Note *note = g_new0(Note, 1);

    (void)conn;
    *note = (Note){.no_owner = port->pt_owner, .no_event = event, .no_detail = detail};
    if (virDomainGetUUIDString(domain, note->no_uuid) < 0)
        note->no_uuid[0] = '\0';
    port_post(port, deliver_note, note);
    return 0;
}

static const char *loss_text(int reason)
{
    switch (reason) {
    case VIR_CONNECT_CLOSE_REASON_EOF:
        return "libvirt closed the connection";
    case VIR_CONNECT_CLOSE_REASON_KEEPALIVE:
        return "libvirt answered no keepalive";
    case VIR_CONNECT_CLOSE_REASON_CLIENT:
        return "closed";
    default:
        return "the connection to libvirt broke";
    }
}

static void on_close(virConnectPtr conn, int reason, void *data);

static void session_close(Session *session)
{
    if (!session->se_conn)
        return;
    virConnectUnregisterCloseCallback(session->se_conn, on_close);
    if (session->se_event >= 0)
        virConnectDomainEventDeregisterAny(session->se_conn, session->se_event);
    virConnectClose(session->se_conn);
    session->se_conn = NULL;
}

static void later(Connection *connection)
{
    struct timeval pause = {.tv_sec = connection->li_pause_ms / 1000,
                            .tv_usec = (long)(connection->li_pause_ms % 1000) * 1000};

    connection->li_pause_ms = MIN(connection->li_pause_ms * 2, PAUSE_LAST_MS);
    event_add(connection->li_timer, &pause);
}

static void drop_session(gpointer data)
{
    session_close(data);
}

static void dropped(gpointer data, gboolean ran)
{
    if (!ran)
        drop_session(data);
    g_free(data);
}

static void retire(Connection *connection, Session session)
{
    pool_run(connection->li_pool, POOL_URGENT, drop_session, dropped,
             g_memdup2(&session, sizeof(session)));
}

static void deliver_loss(gpointer data, gboolean ran)
{
    g_autofree Loss *loss = data;
    Connection *connection = loss->lo_owner;
    Session old = {0};

    (void)ran;
    if (connection->li_closing)
        return;
    g_mutex_lock(&connection->li_lock);
    if (connection->li_now.se_conn == loss->lo_conn) {
        old = connection->li_now;
        connection->li_now.se_conn = NULL;
    }
    g_mutex_unlock(&connection->li_lock);
    if (!old.se_conn) {
        connection->li_lost = loss->lo_conn;
        return;
    }
    retire(connection, old);
    connection->li_calls.cn_on_change(FALSE, loss_text(loss->lo_reason),
                                      connection->li_calls.cn_data);
    connection->li_pause_ms = PAUSE_FIRST_MS;
    later(connection);
}

/* On libvirt's event thread, or on the thread whose call noticed. */
static void on_close(virConnectPtr conn, int reason, void *data)
{
    Port *port = data;
    Loss *loss = g_new0(Loss, 1);

    *loss = (Loss){.lo_owner = port->pt_owner, .lo_conn = conn, .lo_reason = reason};
    port_post(port, deliver_loss, loss);
}

static gboolean watch_session(Connection *connection, Session *session, GError **error)
{
    virConnectPtr conn = session->se_conn;
    Port *port = connection->li_port;

    if (virConnectRegisterCloseCallback(conn, on_close, g_atomic_rc_box_acquire(port),
                                        port_unref) < 0) {
        port_unref(port);
        virt_error(error, NULL, connection->li_uri, "watch the connection");
        return FALSE;
    }
    session->se_event =
        virConnectDomainEventRegisterAny(conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                         VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle),
                                         g_atomic_rc_box_acquire(port), port_unref);
    if (session->se_event < 0) {
        port_unref(port);
        virt_error(error, NULL, connection->li_uri, "watch domains");
        return FALSE;
    }
    /* A driver without keepalives (test, or embedded in the client) refuses them. */
    if (virConnectSetKeepAlive(conn, KEEPALIVE_S, KEEPALIVE_COUNT) < 0)
        virResetLastError();
    return TRUE;
}

static gboolean session_open(Connection *connection, Session *session, GError **error)
{
    session->se_event = -1;
    session->se_conn = virt_open(connection->li_uri, error);
    if (!session->se_conn)
        return FALSE;
    if (watch_session(connection, session, error))
        return TRUE;
    session_close(session);
    return FALSE;
}

static void attempt(gpointer data)
{
    Attempt *try = data;

    session_open(try->tr_owner, &try->tr_session, &try->tr_error);
}

static void attempted(gpointer data, gboolean ran)
{
    g_autofree Attempt *try = data;
    Connection *connection = try->tr_owner;
    gboolean good =
        try->tr_session.se_conn && try->tr_session.se_conn != connection->li_lost;

    g_clear_error(&try->tr_error);
    if (!ran || connection->li_closing) {
        session_close(&try->tr_session);
    } else if (good) {
        g_mutex_lock(&connection->li_lock);
        connection->li_now = try->tr_session;
        g_mutex_unlock(&connection->li_lock);
        connection->li_calls.cn_on_change(TRUE, NULL, connection->li_calls.cn_data);
    } else {
        if (try->tr_session.se_conn)
            retire(connection, try->tr_session);
        later(connection);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *data)
{
    Connection *connection = data;
    Attempt *try = g_new0(Attempt, 1);

    (void)fd;
    (void)what;
    try->tr_owner = connection;
    connection->li_lost = NULL;
    pool_run(connection->li_pool, POOL_URGENT, attempt, attempted, try);
}

Connection *connection_new(struct event_base *base, Pool *pool, const char *uri,
                           const ConnectionCalls *calls)
{
    Connection *connection = g_new0(Connection, 1);

    connection->li_uri = g_strdup(uri);
    connection->li_pool = pool;
    connection->li_calls = *calls;
    connection->li_pause_ms = PAUSE_FIRST_MS;
    connection->li_timer = evtimer_new(base, on_timer, connection);
    g_mutex_init(&connection->li_lock);
    connection->li_port = g_atomic_rc_box_new0(Port);
    g_mutex_init(&connection->li_port->pt_lock);
    connection->li_port->pt_pool = pool;
    connection->li_port->pt_owner = connection;
    return connection;
}

gboolean connection_open(Connection *connection, GError **error)
{
    return session_open(connection, &connection->li_now, error);
}

virConnectPtr connection_get(Connection *connection, GError **error)
{
    virConnectPtr conn;

    g_mutex_lock(&connection->li_lock);
    conn = connection->li_now.se_conn;
    if (conn && virConnectRef(conn) < 0)
        conn = NULL;
    g_mutex_unlock(&connection->li_lock);
    if (!conn)
        g_set_error(error, RANGE_ERROR, RANGE_ERROR_LINK,
                    "%s: not connected to libvirt at the moment", connection->li_uri);
    return conn;
}

void connection_close(Connection *connection)
{
    connection->li_closing = TRUE;
    event_free(connection->li_timer);
    g_mutex_lock(&connection->li_port->pt_lock);
    connection->li_port->pt_pool = NULL;
    g_mutex_unlock(&connection->li_port->pt_lock);
}

void connection_free(Connection *connection)
{
    session_close(&connection->li_now);
    port_unref(connection->li_port);
    g_mutex_clear(&connection->li_lock);
    g_free(connection->li_uri);
    g_free(connection);
}
