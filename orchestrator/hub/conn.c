#include "orchestrator/hub/conn.h"

#include "agents/wire/frame.h"
#include "agents/wire/msg.h"
#include "scoreboard/kinds.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US 1000000
#define MINUTE_US (60 * (int64_t)SECOND_US)
#define TOLD_BEFORE_HELLO 16 /* bad hellos told to parryd on one connection */
#define PERF_SHOWN 200       /* bytes of performance data that a row of checks keeps */

/* Tokens are counted in millionths, so that no refill is lost to rounding. */
typedef struct {
    int64_t bk_tokens, bk_burst, bk_per_s, bk_at_us;
} Bucket;

struct HubConn {
    conn_record_fn hc_fn;
    void *hc_arg;
    struct frame_reader hc_reader;
    int64_t hc_now_us;
    Bucket hc_bytes, hc_lines, hc_rows;
    uint64_t hc_dropped; /* rows */
    bool hc_greeted, hc_wrong_version;
    int64_t hc_acked; /* as last told */
    unsigned hc_row;  /* refused, one after another */
    unsigned hc_told;
    unsigned hc_minute_at; /* next slot of the ring */
    int64_t hc_minute[CONN_REFUSED_MINUTE];
    uint64_t hc_refused;
    char hc_reason[201];
};

/* ---- rate ---- */

static void bucket_init(Bucket *b, int64_t burst, int64_t per_s, int64_t now_us)
{
    b->bk_burst = burst * SECOND_US;
    b->bk_tokens = b->bk_burst;
    b->bk_per_s = per_s;
    b->bk_at_us = now_us;
}

static bool bucket_take(Bucket *b, int64_t n, int64_t now_us)
{
    int64_t passed = CLAMP(now_us - b->bk_at_us, 0, MINUTE_US);

    b->bk_tokens = MIN(b->bk_burst, b->bk_tokens + passed * b->bk_per_s);
    b->bk_at_us = now_us;
    b->bk_tokens -= n * SECOND_US;
    return b->bk_tokens >= 0;
}

/* What was taken and then not used: a bucket that only drops must not run into debt. */
static void bucket_put_back(Bucket *b, int64_t n)
{
    b->bk_tokens += n * SECOND_US;
}

/* ---- records ---- */

typedef union {
    struct hub_hello hello;
    struct hub_beat beat;
    struct hub_started started;
    struct hub_out out;
    struct hub_result result;
    struct hub_check check;
    struct hub_probe probe;
    struct hub_ready ready;
    struct hub_pty pty;
    struct hub_ptyend ptyend;
    struct hub_obs obs;
    struct hub_lossy lossy;
} Body;

typedef struct {
    const void *data;
    size_t len;
} Tail;

/* Copies text into a field, cut at a character where it is too long; always ended. */
static void put_text(char *field, size_t size, const char *text)
{
    size_t len = strlen(text);

    if (len >= size)
        len = (size_t)(g_utf8_find_prev_char(text, text + size) - text);
    memcpy(field, text, len);
    field[len] = '\0';
}

static Tail text_tail(const char *text)
{
    return (Tail){text, text ? strlen(text) : 0};
}

static Tail from_hello(const struct wire_msg *m, Body *b)
{
    put_text(b->hello.agent, sizeof(b->hello.agent), m->hello.agent);
    put_text(b->hello.boot, sizeof(b->hello.boot), m->hello.boot);
    put_text(b->hello.name, sizeof(b->hello.name), m->hello.name);
    b->hello.inst = m->hello.inst;
    b->hello.last = (uint64_t)m->hello.last;
    b->hello.epoch = (uint32_t)MIN(m->hello.epoch, (int64_t)UINT32_MAX);
    return (Tail){NULL, 0};
}

static Tail from_beat(const struct wire_msg *m, Body *b)
{
    b->beat = (struct hub_beat){.mono_us = m->beat.mono_us,
                                .wall_us = m->beat.wall_us,
                                .rss_kb = (uint64_t)m->beat.rss_kb,
                                .drops = (uint64_t)m->beat.drops,
                                .queued = (uint64_t)m->beat.queued,
                                .ping = m->beat.ping,
                                .sources = (uint32_t)m->beat.sources};
    return (Tail){NULL, 0};
}

static Tail from_started(const struct wire_msg *m, Body *b)
{
    b->started.id = (uint64_t)m->id;
    return (Tail){NULL, 0};
}

static Tail from_out(const struct wire_msg *m, Body *b)
{
    b->out.id = (uint64_t)m->id;
    b->out.stream = (uint32_t)m->out.stream;
    return (Tail){m->out.data.data, m->out.data.len};
}

static Tail from_result(const struct wire_msg *m, Body *b)
{
    static const int32_t status[] = {[WIRE_DONE] = HUB_DONE,
                                     [WIRE_FAILED] = HUB_FAILED,
                                     [WIRE_REFUSED] = HUB_REFUSED,
                                     [WIRE_LOST] = HUB_LOST};

    b->result = (struct hub_result){
        .id = (uint64_t)m->id,
        .dur_us = m->result.dur_us,
        .status = status[m->result.status],
        .exit = (int32_t)m->result.exit,
        .signal = (int32_t)m->result.signal,
        .cut = m->result.cut,
        .deadman = (int32_t)m->result.deadman,
    };
    return text_tail(m->result.text);
}

static Tail from_checked(const struct wire_msg *m, Body *b)
{
    static const int32_t status[] = {[WIRE_UP] = CHECK_UP,
                                     [WIRE_DOWN] = CHECK_DOWN,
                                     [WIRE_FAULTY] = CHECK_FAULTY,
                                     [WIRE_CORRUPT] = CHECK_CORRUPT,
                                     [WIRE_UNCHECKED] = CHECK_UNCHECKED};
    static char text[4 * 256 + 3 + PERF_SHOWN];
    char perf[PERF_SHOWN];

    b->check = (struct hub_check){
        .id = (uint64_t)m->id,
        .dur_us = m->checked.dur_us,
        .status = status[m->checked.status],
    };
    if (!m->checked.perf)
        return text_tail(m->checked.text);
    /* As a plugin writes it: its words, a bar, what it measured. */
    put_text(perf, sizeof(perf), m->checked.perf);
    put_text(text, 4 * 256, m->checked.text ? m->checked.text : "");
    g_strchomp(text);
    g_strlcat(text, " | ", sizeof(text));
    g_strlcat(text, perf, sizeof(text));
    return text_tail(text);
}

/* {u8 reached, u8 name_len, u8 text_len, name, text} for each row. */
static Tail from_probed(const struct wire_msg *m, Body *b)
{
    static unsigned char rows[WIRE_ROWS_MAX * (3 + 2 * 255)];
    size_t len = 0;

    b->probe.id = (uint64_t)m->id;
    b->probe.rows = (uint32_t)m->probed.n_rows;
    for (size_t i = 0; i < m->probed.n_rows; i++) {
        const struct wire_probed_row *row = &m->probed.rows[i];
        char name[256], text[256];
        put_text(name, sizeof(name), row->name);
        put_text(text, sizeof(text), row->text);
        size_t name_len = strlen(name), text_len = strlen(text);
        rows[len++] = row->reached;
        rows[len++] = (unsigned char)name_len;
        rows[len++] = (unsigned char)text_len;
        memcpy(rows + len, name, name_len);
        memcpy(rows + len + name_len, text, text_len);
        len += name_len + text_len;
    }
    return (Tail){rows, len};
}

static Tail from_ready(const struct wire_msg *m, Body *b)
{
    b->ready.id = (uint64_t)m->id;
    b->ready.status = m->ready.status == WIRE_DONE ? HUB_DONE : HUB_FAILED;
    return text_tail(m->ready.text);
}

static Tail from_pty(const struct wire_msg *m, Body *b)
{
    b->pty.id = (uint64_t)m->id;
    return (Tail){m->out.data.data, m->out.data.len};
}

static Tail from_ptyend(const struct wire_msg *m, Body *b)
{
    b->ptyend = (struct hub_ptyend){(uint64_t)m->id, (int32_t)m->ptyend.exit,
                                    (int32_t)m->ptyend.signal};
    return text_tail(m->ptyend.text);
}

/* Appends text to the heap at p, control characters of C0 and C1 as '?'. Returns the
 * bytes written, never more than text has. */
static uint16_t put_clean(char *p, const char *text)
{
    size_t len = 0;

    for (const unsigned char *t = (const unsigned char *)(text ? text : ""); *t; t++) {
        bool c1 = t[0] == 0xc2 && t[1] < 0xa0;
        p[len++] = *t < ' ' || *t == 0x7f || c1 ? '?' : (char)*t;
        t += c1;
    }
    return (uint16_t)len;
}

static struct hub_seen seen_of(const struct wire_seen *w)
{
    return (struct hub_seen){.t_us = w->t,
                             .act_id = (uint64_t)w->act_id,
                             .uid = w->uid,
                             .auid = w->auid,
                             .pid = (int32_t)w->pid,
                             .ppid = (int32_t)w->ppid,
                             .exit = (int32_t)w->exit,
                             .what = (uint8_t)w->what,
                             .act = (uint8_t)w->act,
                             .origin = (uint8_t)w->origin};
}

/* The rows, then their texts. A line's bytes bound the texts. */
static Tail from_obs(const struct wire_msg *m, Body *b)
{
    static char tail[WIRE_OBS_ROWS * sizeof(struct hub_seen) + FRAME_MAX];
    size_t at = m->obs.n_rows * sizeof(struct hub_seen);

    b->obs.n = (uint64_t)m->obs.n;
    b->obs.count = (uint32_t)m->obs.n_rows;
    for (size_t i = 0; i < m->obs.n_rows; i++) {
        const struct wire_seen *w = &m->obs.rows[i];
        const char *const texts[] = {w->exe, w->args, w->cwd, w->path, w->to, w->player};
        struct hub_seen seen = seen_of(w);
        for (int k = 0; k < HUB_SEEN_TEXTS; k++) {
            seen.len[k] = put_clean(tail + at, texts[k]);
            at += seen.len[k];
        }
        memcpy(tail + i * sizeof(seen), &seen, sizeof(seen));
    }
    return (Tail){tail, at};
}

static Tail from_lossy(const struct wire_msg *m, Body *b)
{
    b->lossy = (struct hub_lossy){.n = (uint64_t)m->lossy.n,
                                  .kernel = (uint64_t)m->lossy.kernel,
                                  .queue = (uint64_t)m->lossy.queue,
                                  .from_us = m->lossy.from_us,
                                  .to_us = m->lossy.to_us};
    return (Tail){NULL, 0};
}

static const struct {
    enum wire_kind kind;
    HubRecordType type;
    Tail (*fill)(const struct wire_msg *m, Body *b);
} translations[] = {
    {WIRE_HELLO, HUB_HELLO, from_hello},
    {WIRE_BEAT, HUB_BEAT, from_beat},
    {WIRE_STARTED, HUB_STARTED, from_started},
    {WIRE_OUT, HUB_OUT, from_out},
    {WIRE_RESULT, HUB_RESULT, from_result},
    {WIRE_CHECKED, HUB_CHECK, from_checked},
    {WIRE_PROBED, HUB_PROBE, from_probed},
    {WIRE_READY, HUB_READY, from_ready},
    {WIRE_PTY, HUB_PTY, from_pty},
    {WIRE_PTYEND, HUB_PTYEND, from_ptyend},
    {WIRE_OBS, HUB_OBS, from_obs},
    {WIRE_LOSSY, HUB_LOSSY, from_lossy},
};

static void emit(HubConn *conn, const struct wire_msg *m)
{
    Body body;

    for (size_t i = 0; i < G_N_ELEMENTS(translations); i++) {
        if (translations[i].kind != m->kind)
            continue;
        memset(&body, 0, sizeof(body)); /* no stack bytes between the fields */
        Tail tail = translations[i].fill(m, &body);
        if (m->kind == WIRE_OBS)
            body.obs.dropped = conn->hc_dropped;
        else if (m->kind == WIRE_LOSSY)
            body.lossy.dropped = conn->hc_dropped;
        conn->hc_fn(conn->hc_arg, translations[i].type, (uint64_t)m->seq, &body,
                    tail.data, tail.len);
    }
}

/* ---- lines ---- */

static bool cut(HubConn *conn, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool cut(HubConn *conn, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_vsnprintf(conn->hc_reason, sizeof(conn->hc_reason), format, args);
    va_end(args);
    return false;
}

static void tell_bad_line(HubConn *conn, const struct wire_msg *m,
                          const struct wire_error *e)
{
    struct hub_bad_line body = {(uint64_t)m->id};

    conn->hc_fn(conn->hc_arg, HUB_BAD_LINE, (uint64_t)m->seq, &body, e->text,
                strlen(e->text));
}

static bool refuse(HubConn *conn, const struct wire_msg *m, const struct wire_error *e)
{
    /* Before hello these may be bytes that were on their way on an earlier connection;
     * only a hello that cannot be read is worth a word: its guest never gets further. */
    if (!conn->hc_greeted) {
        if (m->kind == WIRE_HELLO && conn->hc_told++ < TOLD_BEFORE_HELLO)
            tell_bad_line(conn, m, e);
        return true;
    }
    conn->hc_refused++;
    tell_bad_line(conn, m, e);
    if (++conn->hc_row >= CONN_REFUSED_ROW)
        return cut(conn, "%u refused lines in a row, the last: %s", conn->hc_row,
                   e->text);
    int64_t *slot = &conn->hc_minute[conn->hc_minute_at++ % CONN_REFUSED_MINUTE];
    bool many =
        conn->hc_refused >= CONN_REFUSED_MINUTE &&
        conn->hc_now_us - conn->hc_minute[conn->hc_minute_at % CONN_REFUSED_MINUTE] <
            MINUTE_US;
    *slot = conn->hc_now_us;
    if (many)
        return cut(conn, "%d refused lines within a minute, the last: %s",
                   CONN_REFUSED_MINUTE, e->text);
    return true;
}

static bool take_message(HubConn *conn, const struct wire_msg *m)
{
    if (m->kind == WIRE_HELLO) {
        if (m->hello.v != WIRE_VERSION) {
            conn->hc_wrong_version = true;
            return cut(conn,
                       "the agent speaks version %lld of the protocol, this host %d: "
                       "give the guest the agent of this Parry",
                       (long long)m->hello.v, WIRE_VERSION);
        }
        conn->hc_greeted = true;
        conn->hc_acked = -1;
    } else if (!conn->hc_greeted) {
        return true;
    } else if (m->ack >= 0 && m->ack != conn->hc_acked) {
        struct hub_acked acked = {(uint64_t)m->ack};
        conn->hc_acked = m->ack;
        conn->hc_fn(conn->hc_arg, HUB_AGENT_ACK, 0, &acked, NULL, 0);
    }
    conn->hc_row = 0;
    /* Rows past the limit are dropped whole and counted: their numbers show the gap. */
    if (m->kind == WIRE_OBS &&
        !bucket_take(&conn->hc_rows, (int64_t)m->obs.n_rows, conn->hc_now_us)) {
        bucket_put_back(&conn->hc_rows, (int64_t)m->obs.n_rows);
        conn->hc_dropped += m->obs.n_rows;
        return true;
    }
    emit(conn, m);
    return true;
}

static bool on_line(void *arg, enum frame_event event, const char *line, size_t len)
{
    HubConn *conn = arg;
    struct wire_msg m;
    struct wire_error e;

    if (!bucket_take(&conn->hc_lines, 1, conn->hc_now_us))
        return cut(conn, "more than %d lines a second", CONN_LINES_PER_S);
    if (event == FRAME_TOO_LONG)
        return cut(conn, "a line longer than %d bytes", FRAME_MAX);
    if (event == FRAME_EMPTY)
        return true;
    bool good = wire_decode(WIRE_TO_HOST, line, len, &m, &e);
    bool go_on = good ? take_message(conn, &m) : refuse(conn, &m, &e);
    wire_msg_clear(&m);
    return go_on;
}

/* ---- the connection ---- */

HubConn *conn_new(conn_record_fn fn, void *arg, int64_t now_us)
{
    HubConn *conn = calloc(1, sizeof(*conn));

    if (!conn)
        return NULL;
    conn->hc_fn = fn;
    conn->hc_arg = arg;
    conn->hc_now_us = now_us;
    conn->hc_acked = -1;
    frame_reader_init(&conn->hc_reader);
    bucket_init(&conn->hc_bytes, CONN_BYTES_BURST, CONN_BYTES_PER_S, now_us);
    bucket_init(&conn->hc_lines, CONN_LINES_BURST, CONN_LINES_PER_S, now_us);
    bucket_init(&conn->hc_rows, CONN_ROWS_BURST, CONN_ROWS_PER_S, now_us);
    return conn;
}

void conn_free(HubConn *conn)
{
    if (!conn)
        return;
    frame_reader_clear(&conn->hc_reader);
    free(conn);
}

bool conn_input(HubConn *conn, const void *bytes, size_t len, int64_t now_us)
{
    conn->hc_now_us = now_us;
    if (!bucket_take(&conn->hc_bytes, (int64_t)len, now_us))
        return cut(conn, "more than %d bytes a second", CONN_BYTES_PER_S);
    if (frame_feed(&conn->hc_reader, bytes, len, on_line, conn))
        return true;
    return conn->hc_reason[0] ? false : cut(conn, "out of memory for its lines");
}

const char *conn_reason(const HubConn *conn)
{
    return conn->hc_reason;
}

bool conn_wrong_version(const HubConn *conn)
{
    return conn->hc_wrong_version;
}

bool conn_greeted(const HubConn *conn)
{
    return conn->hc_greeted;
}

void conn_count(const HubConn *conn, struct hub_gone *counts)
{
    counts->bytes = conn->hc_reader.stats.bytes;
    counts->lines = conn->hc_reader.stats.lines;
    counts->refused = conn->hc_refused;
}
