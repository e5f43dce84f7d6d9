/*
 * One host as the link sees it: which agent is there, what it has taken, what it owes.
 *
 * A wire_queue (agents/wire/queue.h) does the numbering, the repeats and the
 * acknowledgements; here is decided when its counts go on and when they begin anew:
 *
 *   first hello in an epoch          what is queued is meant for this agent
 *   same boot, same instance         both counts go on; repeat what it has not taken
 *   same boot, another instance      the agent was started again: new numbers, same
 * messages another boot                     all of it dies
 *
 * An agent that an earlier daemon knew (link_restore) is joined where it stands. Any
 * other that knows this epoch although nobody was welcomed in it, or has taken numbers
 * that were never sent, remembers another parryd (or lies): the epoch moves, so that
 * both sides begin anew.
 */
#define G_LOG_DOMAIN "hub"
#include "orchestrator/hub/link_priv.h"

#include <stdlib.h>
#include <string.h>

/* Bytes sent and not acknowledged: far below HUB_OUT_MAX, so that an agent that is only
 * slow never loses its connection to what we pile up. */
#define WINDOW (256 * 1024)

/* An honest agent goes past its credit by less than one chunk. */
#define CREDIT_SLACK (2 * WIRE_CHUNK_MAX)

gboolean link_host_init(LinkHost *host, HubLink *link, guint index)
{
    host->lh_link = link;
    host->lh_index = index;
    host->lh_fresh = TRUE;
    host->lh_epoch = 1;
    host->lh_queue = wire_queue_new(NULL);
    return host->lh_queue != NULL;
}

void link_host_clear(LinkHost *host)
{
    wire_queue_free(host->lh_queue);
    g_free(host->lh_path);
}

/* ---- lines out ---- */

/* Writes a message that is not queued: welcome and credit. */
static void host_tell(LinkHost *host, const struct wire_msg *m)
{
    struct wire_error e;
    size_t len;
    char *line = wire_encode(m, &len, &e);

    if (!line) {
        g_warning("host %u: %s: %s", host->lh_index, wire_kind_name(m->kind), e.text);
        return;
    }
    link_push(host->lh_link, HUB_SEND, host, line, len, -1);
    free(line);
}

gboolean link_host_next(LinkHost *host)
{
    struct wire_queue_stats stats;
    size_t len;

    if (!host->lh_conn)
        return FALSE;
    wire_queue_stats(host->lh_queue, &stats);
    if (stats.unacked >= WINDOW && host->lh_repeat <= 0)
        return FALSE;
    const char *line = wire_queue_next(host->lh_queue, &len);
    if (!line)
        return FALSE;
    host->lh_repeat -= (gint64)len;
    link_push(host->lh_link, HUB_SEND, host, line, len - 1, -1); /* without its newline */
    return TRUE;
}

void link_host_grant(LinkHost *host)
{
    struct wire_msg m;

    if (!host->lh_conn || host->lh_grant <= 0)
        return; /* a welcome sets the whole credit */
    wire_msg_init(&m, WIRE_CREDIT_MSG);
    m.credit = host->lh_grant;
    host->lh_grant = 0;
    host_tell(host, &m);
}

/* Credit goes out on a timer, so that a stream runs at 64 KiB a tick at most: see
 * CONN_BYTES_PER_S. */
static void host_give(LinkHost *host, gint64 bytes)
{
    HubLink *link = host->lh_link;
    struct timeval tick = {0, 20 * 1000};

    host->lh_grant += bytes;
    if (host->lh_granted || bytes <= 0)
        return;
    host->lh_granted = TRUE;
    g_queue_push_tail(&link->lk_granted, host);
    if (!evtimer_pending(link->lk_grant, NULL))
        evtimer_add(link->lk_grant, &tick);
}

void link_set_deadman(HubLink *link, gint64 ms)
{
    link->lk_deadman_ms = ms;
}

void link_consumed(HubLink *link, int index, gsize bytes)
{
    g_return_if_fail(index >= 0 && (guint)index < link->lk_n_hosts);
    LinkHost *host = &link->lk_hosts[index];
    gint64 n = MIN((gint64)MIN(bytes, G_MAXINT32), host->lh_outstanding);

    host->lh_outstanding -= n;
    host_give(host, n);
}

/* ---- the connection ---- */

static void host_drop(LinkHost *host, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void host_drop(LinkHost *host, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *reason = g_strdup_vprintf(format, args);
    va_end(args);
    link_push(host->lh_link, HUB_DROP, host, reason, strlen(reason), -1);
    host->lh_conn = 0; /* what still comes from it is stale; the hub will say HUB_CUT */
}

static void host_welcome(LinkHost *host)
{
    struct wire_queue_stats stats;
    struct wire_msg m;

    wire_queue_stats(host->lh_queue, &stats);
    host->lh_repeat = (gint64)stats.unacked;
    host->lh_grant = 0;
    wire_msg_init(&m, WIRE_WELCOME);
    m.welcome.v = WIRE_VERSION;
    m.welcome.last = wire_queue_committed(host->lh_queue);
    m.welcome.epoch = host->lh_epoch;
    m.welcome.deadman_ms = host->lh_link->lk_deadman_ms;
    m.welcome.credit = MAX(0, WIRE_CREDIT - host->lh_outstanding);
    host_tell(host, &m);
    link_host_kick(host);
}

static void host_anew(LinkHost *host, gboolean keep)
{
    wire_queue_restart(host->lh_queue, keep);
    host->lh_outstanding = 0; /* its terminals and orders are gone */
}

/* The epoch is the guest's word: one that it could make overflow is not taken. */
static gboolean host_join(LinkHost *host, const struct hub_hello *hello)
{
    if (!hello->epoch || hello->epoch > G_MAXINT32 || hello->last > G_MAXINT64)
        return FALSE;
    host->lh_epoch = hello->epoch;
    host->lh_join = TRUE;
    wire_queue_set_sent(host->lh_queue, (gint64)hello->last);
    return TRUE;
}

void link_restore(HubLink *link, int index, const char *boot)
{
    g_return_if_fail(index >= 0 && (guint)index < link->lk_n_hosts);
    LinkHost *host = &link->lk_hosts[index];

    host->lh_known = *boot != '\0';
    g_strlcpy(host->lh_boot, boot, sizeof(host->lh_boot));
}

/* Which agent this is, and what becomes of the counts: see the top of this file. */
static enum hub_anew host_identify(LinkHost *host, const struct hub_hello *hello)
{
    gboolean fresh = host->lh_fresh;
    gboolean same_boot = strcmp(host->lh_boot, hello->boot) == 0;
    gboolean same_inst = host->lh_inst == hello->inst;
    gboolean known = host->lh_known;

    host->lh_known = host->lh_join = host->lh_fresh = FALSE;
    g_strlcpy(host->lh_boot, hello->boot, sizeof(host->lh_boot));
    host->lh_inst = hello->inst;
    if (known && same_boot && host_join(host, hello))
        return HUB_RESTARTED;
    if (known)
        host_anew(host, FALSE);
    if (fresh) {
        if (hello->epoch == host->lh_epoch)
            host->lh_epoch++;
        return HUB_REBOOTED;
    }
    if (!same_boot || !same_inst) {
        host_anew(host, same_boot);
        return same_boot ? HUB_RESTARTED : HUB_REBOOTED;
    }
    /* An older epoch: this hello was on its way before the welcome that told the new one.
     */
    guint64 last = hello->epoch == host->lh_epoch ? hello->last : 0;
    if (last <= G_MAXINT64 && wire_queue_resume(host->lh_queue, (gint64)last))
        return HUB_RESUMED;
    host->lh_epoch++;
    host_anew(host, FALSE);
    return HUB_REBOOTED;
}

static void host_hello(LinkHost *host, const struct hub_head *head,
                       const struct hub_hello *hello)
{
    HubLink *link = host->lh_link;
    struct hub_hello told = *hello;

    told.anew = host_identify(host, hello);
    host->lh_conn = head->rc_conn;
    host_welcome(host);
    link->lk_callbacks.hb_record(head, &told, NULL, link->lk_data);
}

static void host_acked(LinkHost *host, const struct hub_acked *acked)
{
    if (acked->seq > G_MAXINT64 ||
        !wire_queue_acked(host->lh_queue, (gint64)acked->seq)) {
        host_drop(host, "it acknowledges %" G_GUINT64_FORMAT ", which was never sent",
                  acked->seq);
        return;
    }
    link_host_kick(host); /* the window has moved */
}

void link_host_lost(LinkHost *host, const char *reason)
{
    HubLink *link = host->lh_link;
    struct hub_gone gone = {0, 0, 0};
    struct hub_head head = {HUB_GONE, host->lh_index, (uint32_t)strlen(reason),
                            host->lh_conn, 0};

    if (!host->lh_conn)
        return;
    host->lh_conn = 0;
    link->lk_callbacks.hb_record(&head, &gone, reason, link->lk_data);
}

/* ---- records in ---- */

static gsize stream_bytes(const struct hub_head *head)
{
    return head->rc_type == HUB_OUT || head->rc_type == HUB_PTY ? head->rc_len : 0;
}

/* Whether a numbered record is to be handed out. */
static gboolean host_take(LinkHost *host, const struct hub_head *head)
{
    HubLink *link = host->lh_link;
    gint64 taken = wire_queue_taken(host->lh_queue);
    gint64 seq = (gint64)MIN(head->rc_seq, (uint64_t)G_MAXINT64);

    if (host->lh_join) { /* it repeats what nobody acknowledged, from the oldest on */
        host->lh_join = FALSE;
        wire_queue_set_taken(host->lh_queue, seq - 1);
    }
    switch (wire_queue_take(host->lh_queue, seq)) {
    case WIRE_NEW:
        break;
    case WIRE_SEEN: /* a repeat cost credit all the same */
        host_give(host, (gint64)stream_bytes(head));
        return FALSE;
    case WIRE_GAP:
        host_drop(host,
                  "its message %" G_GINT64_FORMAT " came after %" G_GINT64_FORMAT
                  ": something between is missing",
                  seq, taken);
        return FALSE;
    }
    if (!host->lh_taken) {
        host->lh_taken = TRUE;
        g_queue_push_tail(&link->lk_taken, host);
    }
    return TRUE;
}

/* Hands a record out, with its bytes on the account of credit. */
static void host_hand_out(LinkHost *host, const struct hub_head *head, const void *body,
                          const void *tail)
{
    HubLink *link = host->lh_link;
    gsize bytes = stream_bytes(head);

    host->lh_outstanding += (gint64)bytes;
    if (host->lh_outstanding > WIRE_CREDIT + CREDIT_SLACK) {
        host_drop(host, "it sends output without credit");
        return;
    }
    link->lk_callbacks.hb_record(head, body, tail, link->lk_data);
    if (head->rc_type == HUB_OUT)
        link_consumed(link, (int)host->lh_index, bytes);
}

void link_host_record(LinkHost *host, const struct hub_head *head, const void *body,
                      const void *tail)
{
    HubLink *link = host->lh_link;
    gboolean ended = head->rc_type == HUB_GONE || head->rc_type == HUB_CUT;

    if (head->rc_type == HUB_HELLO) {
        host_hello(host, head, body);
        return;
    }
    /* Before hello only an end, or a hello that could not be read, is worth telling. */
    if (ended || (head->rc_type == HUB_BAD_LINE && host->lh_conn == 0)) {
        if (ended && head->rc_conn == host->lh_conn)
            host->lh_conn = 0;
        link->lk_callbacks.hb_record(head, body, tail, link->lk_data);
        return;
    }
    if (head->rc_conn != host->lh_conn)
        return; /* of a connection that we gave up */
    if (head->rc_type == HUB_AGENT_ACK)
        host_acked(host, body);
    else if (head->rc_seq == 0 || host_take(host, head))
        host_hand_out(host, head, body, tail);
}

/* ---- messages from the daemon ---- */

static gboolean send_fail(GError **error, LinkErrorCode code, const LinkHost *host,
                          const char *text)
{
    g_set_error(error, LINK_ERROR, code, "host %u: message to its agent: %s",
                host->lh_index, text);
    return FALSE;
}

static gboolean host_put(LinkHost *host, const struct wire_msg *m, GError **error)
{
    struct wire_error e;
    gint64 bytes;

    switch (m->kind) {
    case WIRE_CREDIT_MSG:
        bytes = m->credit;
        link_consumed(host->lh_link, (int)host->lh_index, (gsize)bytes);
        return TRUE;
    case WIRE_PING:
        if (host->lh_conn) /* of no worth later */
            host_tell(host, m);
        return TRUE;
    case WIRE_WELCOME:
    case WIRE_ACK:
        return send_fail(error, LINK_ERROR_MESSAGE, host,
                         "the link itself sends this kind");
    default:
        break;
    }
    struct wire_queue_stats before, after;
    wire_queue_stats(host->lh_queue, &before);
    if (wire_queue_put(host->lh_queue, m, &e))
        return TRUE;
    wire_queue_stats(host->lh_queue, &after);
    return send_fail(
        error, after.refused > before.refused ? LINK_ERROR_FULL : LINK_ERROR_MESSAGE,
        host, e.text);
}

/* The text of msg as the wire's decoder wants it: a numbered kind with a number. */
static char *message_text(json_t *msg)
{
    const char *kind = json_string_value(json_object_get(msg, "k"));
    gboolean numbered = g_strcmp0(kind, "credit") != 0 && g_strcmp0(kind, "ping") != 0 &&
                        g_strcmp0(kind, "welcome") != 0 && g_strcmp0(kind, "ack") != 0;

    if (numbered && json_object_set_new(msg, "seq", json_integer(1)) < 0)
        return NULL;
    return json_dumps(msg, JSON_COMPACT);
}

gboolean link_send(HubLink *link, int index, json_t *msg, GError **error)
{
    struct wire_msg m;
    struct wire_error e;

    if (index < 0 || (guint)index >= link->lk_n_hosts) {
        json_decref(msg);
        g_set_error(error, LINK_ERROR, LINK_ERROR_HOST, "host %d: there are %u", index,
                    link->lk_n_hosts);
        return FALSE;
    }
    LinkHost *host = &link->lk_hosts[index];
    char *text = message_text(msg);
    json_decref(msg);
    if (!text)
        return send_fail(error, LINK_ERROR_MESSAGE, host, "not a JSON object");
    gboolean good = wire_decode(WIRE_TO_AGENT, text, strlen(text), &m, &e);
    free(text);
    if (!good)
        return send_fail(error, LINK_ERROR_MESSAGE, host, e.text);
    gboolean done = host_put(host, &m, error);
    wire_msg_clear(&m);
    link_host_kick(host);
    link_flush(link);
    return done;
}
