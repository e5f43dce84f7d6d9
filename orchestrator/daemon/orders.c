#include "orchestrator/daemon/orders.h"

#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/order_message.h"
#include "orchestrator/daemon/points.h"
#include "orchestrator/daemon/spool.h"
#include "scenarios/base/cjson.h"
#include "scenarios/base/text.h"

#include <string.h>

/* An agent answers at the deadline; the host gives it this much more before it speaks for
 * it. */
#define ANSWER_GRACE_US (20 * G_USEC_PER_SEC)
#define OUTPUT_SHOWN 1024
/* A loop that was away (a stopped process) finds deadlines passed and the answers still
 * to be read: what is so late gets the grace once more. */
#define LATE_US (2 * G_USEC_PER_SEC)

/* Check ids share the agent's number space with event seqs, and must never come twice in
 * a boot of the guest, not even after a restart of the daemon: boot time above 2^51. */
#define CHECK_ID_BASE ((gint64)1 << 51)

typedef enum { FLIGHT_ORDER, FLIGHT_CHECK, FLIGHT_ASK } FlightKind;

typedef struct {
    Orders *fl_orders;
    FlightKind fl_kind;
    gint64 fl_id;
    int fl_host;
    gboolean fl_started, fl_aborted, fl_quiet, fl_extended;
    guint64 fl_out_max;
    struct event *fl_deadline;
    gint64 fl_due_us;   /* boot time of the deadline */
    gint64 fl_stood_us; /* of its host, that the deadline has been moved by */
    gint64 fl_left_us;  /* of it, while the VM stands still */
    gboolean fl_still;
    GByteArray *fl_out, *fl_err;
    guint64 fl_spooled; /* number of the last piece that an earlier daemon had */
    OrderDone fl_done;
    OrderStarted fl_on_started;
    CheckDone fl_check;
    AnswerDone fl_answer;
    gpointer fl_data;
} Flight;

/* An order.wanted/1 that nothing has settled when the journal is taken up. */
typedef struct {
    gint64 op_id;
    int op_host;
    gboolean op_started;
    char *op_actor;
    json_t *op_body;
} Open;

struct Orders {
    Daemon *od_daemon;
    GHashTable *od_flights; /* gint64 id -> Flight */
    GPtrArray *od_open;     /* Open, in order */
    gint64 od_last_check;
    gboolean od_still; /* the VMs stand */
    char *od_abort;    /* why it was */
};

static void flight_free(gpointer data)
{
    Flight *flight = data;

    if (flight->fl_deadline)
        event_free(flight->fl_deadline);
    if (flight->fl_out)
        g_byte_array_unref(flight->fl_out);
    if (flight->fl_err)
        g_byte_array_unref(flight->fl_err);
    g_free(flight);
}

static void open_free(gpointer data)
{
    Open *open = data;

    g_free(open->op_actor);
    json_decref(open->op_body);
    g_free(open);
}

Orders *orders_new(Daemon *d)
{
    Orders *orders = g_new0(Orders, 1);

    orders->od_daemon = d;
    orders->od_open = g_ptr_array_new_with_free_func(open_free);
    orders->od_flights =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, flight_free);
    return orders;
}

void orders_free(Orders *orders)
{
    if (!orders)
        return;
    g_hash_table_unref(orders->od_flights);
    g_ptr_array_unref(orders->od_open);
    g_free(orders->od_abort);
    g_free(orders);
}

guint orders_in_flight(const Orders *orders)
{
    return g_hash_table_size(orders->od_flights);
}

/* Takes the flight out of the table, so that its end comes once, whatever its end does.
 */
static void flight_take(Flight *flight)
{
    g_hash_table_steal(flight->fl_orders->od_flights, &flight->fl_id);
}

static void order_output(json_t *body, const char *name, const GByteArray *bytes)
{
    g_autofree char *key = g_strconcat(name, "_sha256", NULL);
    g_autofree char *text =
        parry_text_safe((const char *)bytes->data, MIN(bytes->len, OUTPUT_SHOWN));
    char hash[65];

    if (!bytes->len)
        return;
    cjson_sha256_bytes(bytes->data, bytes->len, hash);
    json_object_set_new(body, name, json_string(text));
    json_object_set_new(body, key, json_string(hash));
}

static const char *const order_ends[] = {
    [ORDER_DONE] = "order.done/1",
    [ORDER_FAILED] = "order.failed/1",
    [ORDER_REFUSED] = "order.failed/1",
    [ORDER_LOST] = "order.lost/1",
};

static void forget_spool(Daemon *d, gint64 id, gpointer data)
{
    (void)data;
    spool_remove(d->dm_dir, id);
}

static void order_result(Order *order, json_t *body, const struct hub_result *result)
{
    order->or_exit = result->exit;
    order->or_signal = result->signal;
    order->or_dur_us = result->dur_us;
    order->or_cut = result->cut != 0;
    order->or_deadman =
        (OrderDeadman)CLAMP(result->deadman, DEADMAN_NONE, DEADMAN_UNCLEANED);
    json_object_set_new(body, "exit", json_integer(result->exit));
    json_object_set_new(body, "signal", json_integer(result->signal));
    json_object_set_new(body, "dur_us", json_integer(result->dur_us));
    json_object_set_new(body, "cut", json_boolean(order->or_cut));
}

static void order_end(Flight *flight, OrderStatus status, const struct hub_result *result,
                      const char *reason)
{
    Daemon *d = flight->fl_orders->od_daemon;
    json_t *body = json_object();
    Order order = {
        .or_id = flight->fl_id,
        .or_host = flight->fl_host,
        .or_status = status,
        .or_out = flight->fl_out,
        .or_err = flight->fl_err,
        .or_reason = reason,
        .or_aborted = flight->fl_aborted,
    };
    g_autofree char *aborted =
        flight->fl_aborted ? g_strdup_printf("aborted: %s", flight->fl_orders->od_abort)
                           : NULL;

    if (aborted && status != ORDER_DONE)
        order.or_reason = reason = aborted;
    if (result)
        order_result(&order, body, result);
    if (reason && *reason)
        json_object_set_new(body, "reason", json_string(reason));
    if (!flight->fl_quiet) {
        order_output(body, "out", flight->fl_out);
        order_output(body, "err", flight->fl_err);
    }
    flight_take(flight);
    if (!d->dm_simulated)
        daemon_then(d, forget_spool, flight->fl_id, NULL);
    daemon_event(d, order_ends[status], "agent", -1, flight->fl_host, flight->fl_id,
                 body);
    flight->fl_done(d, &order, flight->fl_data);
    flight_free(flight);
}

static void check_end(Flight *flight, CheckStatus status, gint64 dur_us, const char *text)
{
    flight_take(flight);
    flight->fl_check(flight->fl_orders->od_daemon, status, dur_us, text, flight->fl_data);
    flight_free(flight);
}

/*
 * A check that nobody answered: on a team's own host silence is its own affair and counts
 * DOWN; on a host of white's the fault is Parry's.
 */
static void check_silent(Flight *flight, const char *reason)
{
    const Daemon *d = flight->fl_orders->od_daemon;
    const PlanHost *host = plan_host(d->dm_plan, flight->fl_host);
    CheckStatus status = host->ph_owner == SIDE_WHITE ? CHECK_UNCHECKED : CHECK_DOWN;

    check_end(flight, status, 0, reason);
}

static void ask_end(Flight *flight, gboolean ok, const char *text, json_t *rows)
{
    Daemon *d = flight->fl_orders->od_daemon;
    json_t *body = json_object();

    json_object_set_new(body, ok ? "text" : "reason", json_string(text ? text : ""));
    flight_take(flight);
    daemon_event(d, ok ? "order.done/1" : "order.failed/1", "agent", -1, flight->fl_host,
                 flight->fl_id, body);
    flight->fl_answer(d, flight->fl_id, ok, text, rows, flight->fl_data);
    flight_free(flight);
}

static void flight_lost(Flight *flight, const char *reason)
{
    switch (flight->fl_kind) {
    case FLIGHT_ORDER:
        order_end(flight, flight->fl_started ? ORDER_LOST : ORDER_FAILED, NULL, reason);
        break;
    case FLIGHT_CHECK:
        check_silent(flight, reason);
        break;
    case FLIGHT_ASK:
        ask_end(flight, FALSE, reason, NULL);
        break;
    }
}

static gboolean stands(const Orders *orders, int host)
{
    return orders->od_still || holding_host(orders->od_daemon, host);
}

static void flight_wait(Flight *flight, gint64 us)
{
    struct timeval tv = {us / G_USEC_PER_SEC, us % G_USEC_PER_SEC};

    flight->fl_left_us = us;
    flight->fl_due_us = clock_boottime_us() + us;
    flight->fl_still = stands(flight->fl_orders, flight->fl_host);
    if (!flight->fl_still)
        evtimer_add(flight->fl_deadline, &tv);
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
    Flight *flight = data;
    gint64 late_us = clock_boottime_us() - flight->fl_due_us;
    const Daemon *d = flight->fl_orders->od_daemon;
    gint64 stood_us =
        points_stood_us(d->dm_points, flight->fl_host) - flight->fl_stood_us;

    (void)fd;
    (void)what;
    if (stood_us > 0) { /* its guest had so much less of the time */
        flight->fl_stood_us += stood_us;
        flight_wait(flight, stood_us);
        return;
    }
    if (late_us > LATE_US && !flight->fl_extended) {
        flight->fl_extended = TRUE;
        flight_wait(flight, ANSWER_GRACE_US);
        return;
    }
    flight_lost(flight, hosts_connected(d->dm_hosts, flight->fl_host)
                            ? "the agent did not answer by the deadline"
                            : "the agent is not connected");
}

static Flight *flight_new(Orders *orders, FlightKind kind, gint64 id, int host,
                          gint64 timeout_us, gpointer data)
{
    Flight *flight = g_new0(Flight, 1);

    flight->fl_orders = orders;
    flight->fl_kind = kind;
    flight->fl_id = id;
    flight->fl_host = host;
    flight->fl_data = data;
    flight->fl_stood_us = points_stood_us(orders->od_daemon->dm_points, host);
    flight->fl_out = g_byte_array_new();
    flight->fl_err = g_byte_array_new();
    flight->fl_deadline = evtimer_new(orders->od_daemon->dm_base, on_deadline, flight);
    flight_wait(flight, timeout_us + ANSWER_GRACE_US);
    g_hash_table_insert(orders->od_flights, &flight->fl_id, flight);
    return flight;
}

/*
 * The open order that says the same, which is taken up then, by its id; 0 where there is
 * none. Its agent runs it if it never saw it, goes on where it runs, and answers with
 * the result that it kept where it has ended: the message may go out again.
 */
static gint64 open_take(Orders *orders, int host, const char *actor, const json_t *body,
                        gboolean *started)
{
    for (guint i = 0; i < orders->od_open->len; i++) {
        Open *open = orders->od_open->pdata[i];
        if (open->op_host != host || strcmp(open->op_actor, actor) != 0 ||
            !json_equal(open->op_body, (json_t *)body))
            continue;
        gint64 id = open->op_id;
        *started = open->op_started;
        g_ptr_array_remove_index(orders->od_open, i);
        return id;
    }
    *started = FALSE;
    return 0;
}

/* Appends order.wanted/1, unless one that says the same is open. body is taken over. */
static gint64 want(Orders *orders, int host, const char *actor, gint64 ref, json_t *body,
                   gboolean *started)
{
    gint64 id = open_take(orders, host, actor, body, started);

    if (!id)
        return daemon_event(orders->od_daemon, "order.wanted/1", actor, -1, host, ref,
                            body);
    json_decref(body);
    return id;
}

gint64 orders_run(Orders *orders, const OrderSpec *spec)
{
    Daemon *d = orders->od_daemon;
    gboolean started;
    gint64 id = want(orders, spec->os_host, spec->os_actor ? spec->os_actor : "parryd",
                     spec->os_ref, order_wanted(d, spec), &started);
    Flight *flight = flight_new(orders, FLIGHT_ORDER, id, spec->os_host,
                                spec->os_timeout_us, spec->os_data);
    PlanLimits limits = order_limits(d, spec);
    json_t *msg = spec->os_msg ? spec->os_msg : order_message(spec, &limits);

    flight->fl_done = spec->os_done;
    flight->fl_on_started = spec->os_started;
    flight->fl_started = started;
    flight->fl_quiet = spec->os_msg != NULL;
    flight->fl_out_max = spec->os_msg ? spec->os_out_max : limits.li_output;
    if (started && !d->dm_simulated)
        flight->fl_spooled = spool_load(d->dm_dir, id, flight->fl_out, flight->fl_err);
    json_object_set_new(msg, "id", json_integer(id));
    daemon_send(d, spec->os_host, msg);
    return id;
}

void orders_check(Orders *orders, int host, const char *kind, const json_t *params,
                  gint64 deadline_us, CheckDone done, gpointer data)
{
    gint64 id = MAX(CHECK_ID_BASE + clock_boottime_us(), orders->od_last_check + 1);
    Flight *flight = flight_new(orders, FLIGHT_CHECK, id, host, deadline_us, data);
    json_t *msg = json_deep_copy(params);

    orders->od_last_check = id;
    flight->fl_check = done;
    json_object_set_new(msg, "k", json_string("check"));
    json_object_set_new(msg, "id", json_integer(id));
    json_object_set_new(msg, "kind", json_string(kind));
    json_object_set_new(msg, "deadline_ms", json_integer(deadline_us / 1000));
    daemon_send(orders->od_daemon, host, msg);
}

gint64 orders_ask(Orders *orders, int host, const char *purpose, json_t *msg,
                  gint64 timeout_us, AnswerDone done, gpointer data)
{
    Daemon *d = orders->od_daemon;
    gboolean started;
    gint64 id = want(
        orders, host, "parryd", 0,
        json_pack("{s:s, s:I}", "purpose", purpose, "timeout_us", (json_int_t)timeout_us),
        &started);
    Flight *flight = flight_new(orders, FLIGHT_ASK, id, host, timeout_us, data);

    flight->fl_answer = done;
    if (json_is_object(msg)) {
        json_object_set_new(msg, "id", json_integer(id));
        daemon_send(d, host, msg);
        return id;
    }
    for (gsize i = 0; i < json_array_size(msg); i++) {
        json_t *piece = json_array_get(msg, i);
        json_object_set_new(piece, "id", json_integer(id));
        daemon_send(d, host, json_incref(piece));
    }
    json_decref(msg);
    return id;
}

static void record_out(Flight *flight, const struct hub_head *head,
                       const struct hub_out *out, const void *tail)
{
    const Daemon *d = flight->fl_orders->od_daemon;
    GByteArray *bytes = out->stream == 2 ? flight->fl_err : flight->fl_out;
    guint32 len = (guint32)MIN(head->rc_len,
                               flight->fl_out_max - MIN(bytes->len, flight->fl_out_max));

    if (!len || (head->rc_seq && head->rc_seq <= flight->fl_spooled))
        return;
    g_byte_array_append(bytes, tail, len);
    if (!d->dm_simulated)
        spool_append(d->dm_dir, flight->fl_id, out->stream, head->rc_seq, tail, len);
}

static void record_result(Flight *flight, const struct hub_result *result,
                          const void *tail, guint32 len)
{
    g_autofree char *reason = parry_text_safe(tail, len);

    /* One enumeration each side of the socket pair; the same order by intent. */
    G_STATIC_ASSERT((int)ORDER_DONE == (int)HUB_DONE && (int)ORDER_LOST == (int)HUB_LOST);
    order_end(flight, (OrderStatus)CLAMP(result->status, 0, HUB_LOST), result, reason);
}

static void record_started(Flight *flight)
{
    Daemon *d = flight->fl_orders->od_daemon;

    if (flight->fl_started)
        return;
    flight->fl_started = TRUE;
    daemon_event(d, "order.started/1", "agent", -1, flight->fl_host, flight->fl_id, NULL);
    if (flight->fl_on_started)
        flight->fl_on_started(d, flight->fl_id, flight->fl_data);
}

static void record_check(Flight *flight, const struct hub_check *check, const void *tail,
                         guint32 len)
{
    g_autofree char *text = parry_text_safe(tail, len);

    check_end(flight, (CheckStatus)CLAMP(check->status, 0, CHECK_UNCHECKED),
              check->dur_us, text);
}

/* {u8 reached, u8 name_len, u8 text_len, name, text} repeated; the hub checked the shape,
 * and a short tail ends the list all the same. */
static json_t *probe_rows(const guint8 *at, guint32 len)
{
    json_t *rows = json_array();

    while (len >= 3 && len >= 3u + at[1] + at[2]) {
        g_autofree char *name = parry_text_safe((const char *)at + 3, at[1]);
        g_autofree char *text = parry_text_safe((const char *)at + 3 + at[1], at[2]);
        guint32 size = 3u + at[1] + at[2];
        json_array_append_new(rows, json_pack("[s, b, s]", name, at[0] != 0, text));
        at += size;
        len -= size;
    }
    return rows;
}

static void record_ready(Flight *flight, const struct hub_ready *ready, const void *tail,
                         guint32 len)
{
    g_autofree char *text = parry_text_safe(tail, len);

    ask_end(flight, ready->status == HUB_DONE, text, NULL);
}

static void record_probe(Flight *flight, const void *tail, guint32 len)
{
    json_t *rows = probe_rows(tail, len);

    ask_end(flight, TRUE, NULL, rows);
    json_decref(rows);
}

/* The id that a record answers stands first in each of these bodies. */
static const struct {
    HubRecordType an_type;
    FlightKind an_kind;
} answers[] = {
    {HUB_STARTED, FLIGHT_ORDER}, {HUB_OUT, FLIGHT_ORDER}, {HUB_RESULT, FLIGHT_ORDER},
    {HUB_CHECK, FLIGHT_CHECK},   {HUB_PROBE, FLIGHT_ASK}, {HUB_READY, FLIGHT_ASK},
    {HUB_RESULT, FLIGHT_ASK},
};

static Flight *flight_find(Orders *orders, const struct hub_head *head, const void *body)
{
    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        uint64_t id;
        if (answers[i].an_type != (HubRecordType)head->rc_type)
            continue;
        memcpy(&id, body, sizeof(id));
        gint64 key = (gint64)id;
        Flight *flight = g_hash_table_lookup(orders->od_flights, &key);
        /* An agent may only answer what its own host was asked. */
        if (flight && flight->fl_kind == answers[i].an_kind &&
            flight->fl_host == (int)head->rc_host)
            return flight;
    }
    return NULL;
}

gboolean orders_record(Orders *orders, const struct hub_head *head, const void *body,
                       const void *tail)
{
    Flight *flight = flight_find(orders, head, body);

    if (!flight)
        return FALSE;
    switch ((HubRecordType)head->rc_type) {
    case HUB_STARTED:
        record_started(flight);
        break;
    case HUB_OUT:
        record_out(flight, head, body, tail);
        break;
    case HUB_RESULT:
        if (flight->fl_kind == FLIGHT_ASK) {
            g_autofree char *text = parry_text_safe(tail, head->rc_len);
            ask_end(flight, ((const struct hub_result *)body)->status == HUB_DONE, text,
                    NULL);
        } else {
            record_result(flight, body, tail, head->rc_len);
        }
        break;
    case HUB_CHECK:
        record_check(flight, body, tail, head->rc_len);
        break;
    case HUB_READY:
        record_ready(flight, body, tail, head->rc_len);
        break;
    case HUB_PROBE:
        record_probe(flight, tail, head->rc_len);
        break;
    default:
        return FALSE;
    }
    return TRUE;
}

/* Those of a host, or only its checks. */
static GPtrArray *flights_of(const Orders *orders, int host, gboolean checks)
{
    GPtrArray *flights = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, orders->od_flights);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (((Flight *)value)->fl_host == host &&
            (!checks || ((Flight *)value)->fl_kind == FLIGHT_CHECK))
            g_ptr_array_add(flights, value);
    return flights;
}

void orders_host_lost(Orders *orders, int host, const char *reason)
{
    g_autoptr(GPtrArray) lost = flights_of(orders, host, FALSE);

    /* Ends may add new flights, never end these. */
    for (guint i = 0; i < lost->len; i++)
        flight_lost(lost->pdata[i], reason);
}

/* ---- all at once ---- */

void orders_checks_end(Orders *orders, int host, CheckStatus status, const char *why)
{
    g_autoptr(GPtrArray) ended = flights_of(orders, host, TRUE);

    for (guint i = 0; i < ended->len; i++)
        check_end(ended->pdata[i], status, 0, why);
}

gboolean orders_running(const Orders *orders, gint64 id)
{
    return g_hash_table_contains(orders->od_flights, &id);
}

void orders_cancel(Orders *orders, gint64 id)
{
    const Flight *flight = g_hash_table_lookup(orders->od_flights, &id);

    if (flight)
        daemon_send(orders->od_daemon, flight->fl_host,
                    json_pack("{s:s, s:I}", "k", "cancel", "id", (json_int_t)id));
}

/* Every agent is told, also one of which no order is known here: whatever runs there for
 * this drill ends. Those that stand still hear it before anything else. */
void orders_abort(Orders *orders, const char *reason)
{
    Daemon *d = orders->od_daemon;
    GHashTableIter iter;
    gpointer value;

    g_free(orders->od_abort);
    orders->od_abort = g_strdup(reason);
    g_hash_table_iter_init(&iter, orders->od_flights);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        ((Flight *)value)->fl_aborted = ((Flight *)value)->fl_kind == FLIGHT_ORDER;
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++)
        if (plan_host(d->dm_plan, (int)i)->ph_agent != AGENT_NONE &&
            hosts_connected(d->dm_hosts, (int)i))
            daemon_send(d, (int)i, json_pack("{s:s}", "k", "abort"));
}

void orders_stand(Orders *orders, gboolean still)
{
    GHashTableIter iter;
    gpointer value;

    orders->od_still = still;
    g_hash_table_iter_init(&iter, orders->od_flights);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Flight *flight = value;
        if (flight->fl_still == stands(orders, flight->fl_host))
            continue;
        if (!flight->fl_still) {
            evtimer_del(flight->fl_deadline);
            flight->fl_left_us = MAX(flight->fl_due_us - clock_boottime_us(), 0);
            flight->fl_still = TRUE;
        } else {
            flight_wait(flight, flight->fl_left_us);
        }
    }
}

/* ---- taken up again ---- */

static Open *open_of(const Orders *orders, gint64 id)
{
    for (guint i = 0; i < orders->od_open->len; i++)
        if (((Open *)orders->od_open->pdata[i])->op_id == id)
            return orders->od_open->pdata[i];
    return NULL;
}

gboolean orders_ends(const char *kind)
{
    for (guint i = 0; i < G_N_ELEMENTS(order_ends); i++)
        if (strcmp(kind, order_ends[i]) == 0)
            return TRUE;
    return FALSE;
}

void orders_replay(Orders *orders, const JournalEvent *event)
{
    Open *open;

    if (strcmp(event->ev_kind, "order.wanted/1") == 0) {
        open = g_new0(Open, 1);
        open->op_id = event->ev_seq;
        open->op_host = plan_host_index(orders->od_daemon->dm_plan, event->ev_host);
        open->op_actor = g_strdup(event->ev_actor);
        open->op_body = json_deep_copy(event->ev_body);
        g_ptr_array_add(orders->od_open, open);
    } else if (strcmp(event->ev_kind, "order.started/1") == 0) {
        if ((open = open_of(orders, event->ev_ref)))
            open->op_started = TRUE;
    } else if (orders_ends(event->ev_kind)) {
        g_ptr_array_remove(orders->od_open, open_of(orders, event->ev_ref));
    }
}

/* Whoever waited for it is gone: how it ends stands in the journal all the same. */
static void on_orphan(Daemon *d, const Order *order, gpointer data)
{
    (void)d;
    (void)order;
    (void)data;
}

gboolean orders_open(const Orders *orders, int host, const char *purpose)
{
    for (guint i = 0; i < orders->od_open->len; i++) {
        const Open *open = orders->od_open->pdata[i];
        if (open->op_host == host &&
            !g_strcmp0(json_string_value(json_object_get(open->op_body, "purpose")),
                       purpose))
            return TRUE;
    }
    return FALSE;
}

void orders_resumed(Orders *orders)
{
    Daemon *d = orders->od_daemon;
    g_autoptr(GPtrArray) open = g_steal_pointer(&orders->od_open);

    orders->od_open = g_ptr_array_new_with_free_func(open_free);
    for (guint i = 0; i < open->len; i++) {
        const Open *one = open->pdata[i];
        const json_t *body = one->op_body;
        const char *purpose = json_string_value(json_object_get(body, "purpose"));
        if (json_object_get(body, "title")) {
            Flight *flight =
                flight_new(orders, FLIGHT_ORDER, one->op_id, one->op_host,
                           json_integer_value(json_object_get(body, "timeout_us")), NULL);
            flight->fl_done = on_orphan;
            flight->fl_started = TRUE; /* nobody can say that it did not */
        } else {
            g_autofree char *reason = g_strdup_printf(
                "parryd ended before the answer; a %s is asked for anew", purpose);
            daemon_event(d, "order.failed/1", "parryd", -1, one->op_host, one->op_id,
                         json_pack("{s:s}", "reason", reason));
        }
    }
}
