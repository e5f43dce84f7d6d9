#include "orchestrator/hub/records.h"

#include "agents/wire/msg.h"
#include "scoreboard/kinds.h"

#include <glib.h>
#include <string.h>

typedef enum {
    TAIL_NONE,
    TAIL_BYTES, /* anything */
    TAIL_TEXT,  /* UTF-8 without NUL */
    TAIL_LINE,  /* text without newline */
    TAIL_ROWS,  /* of a probe */
    TAIL_SEEN,  /* of observations */
} Tail;

typedef struct {
    uint32_t rt_type;
    const char *rt_name;
    size_t rt_fixed;
    Tail rt_tail;
    size_t rt_tail_max;
} RecordType;

#define TEXT_TAIL 2048  /* reasons; the wire allows 512 characters */
#define DATA_TAIL 8192  /* of out and pty */
#define LINE_TAIL 65536 /* a line of the protocol */
#define ROWS_TAIL 65536
#define SEEN_TAIL (65536 + WIRE_OBS_ROWS * sizeof(struct hub_seen))

static const RecordType record_types[] = {
    {HUB_LISTEN, "LISTEN", 0, TAIL_NONE, 0},
    {HUB_UNLISTEN, "UNLISTEN", 0, TAIL_NONE, 0},
    {HUB_SEND, "SEND", 0, TAIL_LINE, LINE_TAIL},
    {HUB_DROP, "DROP", 0, TAIL_TEXT, TEXT_TAIL},
    {HUB_PING, "PING", 0, TAIL_NONE, 0},
    {HUB_UP, "UP", sizeof(struct hub_up), TAIL_NONE, 0},
    {HUB_PONG, "PONG", 0, TAIL_NONE, 0},
    {HUB_HELLO, "HELLO", sizeof(struct hub_hello), TAIL_NONE, 0},
    {HUB_BEAT, "BEAT", sizeof(struct hub_beat), TAIL_NONE, 0},
    {HUB_STARTED, "STARTED", sizeof(struct hub_started), TAIL_NONE, 0},
    {HUB_OUT, "OUT", sizeof(struct hub_out), TAIL_BYTES, DATA_TAIL},
    {HUB_RESULT, "RESULT", sizeof(struct hub_result), TAIL_TEXT, TEXT_TAIL},
    {HUB_CHECK, "CHECK", sizeof(struct hub_check), TAIL_TEXT, TEXT_TAIL},
    {HUB_PROBE, "PROBE", sizeof(struct hub_probe), TAIL_ROWS, ROWS_TAIL},
    {HUB_READY, "READY", sizeof(struct hub_ready), TAIL_TEXT, TEXT_TAIL},
    {HUB_PTY, "PTY", sizeof(struct hub_pty), TAIL_BYTES, DATA_TAIL},
    {HUB_PTYEND, "PTYEND", sizeof(struct hub_ptyend), TAIL_TEXT, TEXT_TAIL},
    {HUB_AGENT_ACK, "AGENT_ACK", sizeof(struct hub_acked), TAIL_NONE, 0},
    {HUB_BAD_LINE, "BAD_LINE", sizeof(struct hub_bad_line), TAIL_TEXT, TEXT_TAIL},
    {HUB_GONE, "GONE", sizeof(struct hub_gone), TAIL_TEXT, TEXT_TAIL},
    {HUB_CUT, "CUT", sizeof(struct hub_gone), TAIL_TEXT, TEXT_TAIL},
    {HUB_OBS, "OBS", sizeof(struct hub_obs), TAIL_SEEN, SEEN_TAIL},
    {HUB_LOSSY, "LOSSY", sizeof(struct hub_lossy), TAIL_NONE, 0},
};

static const RecordType *record_type(uint32_t type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(record_types); i++)
        if (record_types[i].rt_type == type)
            return &record_types[i];
    return NULL;
}

const char *hub_record_name(uint32_t type)
{
    const RecordType *rt = record_type(type);

    return rt ? rt->rt_name : "?";
}

int hub_record_fixed(uint32_t type)
{
    const RecordType *rt = record_type(type);

    return rt ? (int)rt->rt_fixed : -1;
}

static bool is_text(const char *text, size_t len)
{
    return g_utf8_validate(text, (gssize)len, NULL);
}

/* A field of fixed size: ended within it, and text. */
static bool is_field(const char *field, size_t size)
{
    const char *end = memchr(field, '\0', size);

    return end && is_text(field, (size_t)(end - field));
}

static bool are_rows(const uint8_t *p, size_t len, uint32_t rows)
{
    for (; rows > 0; rows--) {
        if (len < 3 || p[0] > 1 || len - 3 < (size_t)p[1] + p[2] ||
            !is_text((const char *)p + 3, p[1]) ||
            !is_text((const char *)p + 3 + p[1], p[2]))
            return false;
        size_t row = 3 + (size_t)p[1] + p[2];
        p += row;
        len -= row;
    }
    return len == 0;
}

static bool is_clean(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    return is_text(text, len);
}

/* The fixed parts first, then the texts, which must fill the rest. */
static bool are_seen(const char *p, size_t len, uint32_t count)
{
    size_t at = count * sizeof(struct hub_seen);

    if (count == 0 || count > WIRE_OBS_ROWS || len < at)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct hub_seen seen;
        memcpy(&seen, p + i * sizeof(seen), sizeof(seen));
        if (seen.what >= WIRE_SAW_KINDS || seen.act >= WIRE_ACTS ||
            seen.origin >= WIRE_ORIGINS)
            return false;
        for (int k = 0; k < HUB_SEEN_TEXTS; k++) {
            if (len - at < seen.len[k] || !is_clean(p + at, seen.len[k]))
                return false;
            at += seen.len[k];
        }
    }
    return at == len;
}

void hub_obs_each(const struct hub_obs *obs, const void *tail,
                  void (*fn)(void *arg, const struct hub_row *row), void *arg)
{
    const char *p = tail, *text = p + obs->count * sizeof(struct hub_seen);
    struct hub_row row;

    for (uint32_t i = 0; i < obs->count; i++) {
        row.n = obs->n + i;
        memcpy(&row.seen, p + i * sizeof(row.seen), sizeof(row.seen));
        for (int k = 0; k < HUB_SEEN_TEXTS; k++) {
            row.text[k] = text;
            text += row.seen.len[k];
        }
        fn(arg, &row);
    }
}

static const char *check_tail(const RecordType *rt, const void *body, const void *tail,
                              size_t len)
{
    if (len > rt->rt_tail_max)
        return "its variable part is too long";
    switch (rt->rt_tail) {
    case TAIL_NONE:
    case TAIL_BYTES:
        return NULL;
    case TAIL_LINE:
        if (memchr(tail, '\n', len))
            return "a newline inside a line";
        return is_text(tail, len) ? NULL : "its line is not UTF-8";
    case TAIL_TEXT:
        return is_text(tail, len) ? NULL : "its text is not UTF-8";
    case TAIL_ROWS:
        return are_rows(tail, len, ((const struct hub_probe *)body)->rows)
                   ? NULL
                   : "its rows do not fit their bytes";
    case TAIL_SEEN:
        return are_seen(tail, len, ((const struct hub_obs *)body)->count)
                   ? NULL
                   : "its observations do not fit their bytes";
    }
    return "unknown variable part";
}

static const char *check_hello(const struct hub_hello *hello)
{
    if (!is_field(hello->agent, sizeof(hello->agent)) ||
        !is_field(hello->boot, sizeof(hello->boot)) ||
        !is_field(hello->name, sizeof(hello->name)))
        return "a string without an end, or not UTF-8";
    return NULL;
}

static bool is_in(int32_t value, int32_t last)
{
    return value >= 0 && value <= last;
}

/* The fixed struct: strings, and enums that receivers may index tables with. */
static const char *check_body(uint32_t type, const void *body)
{
    static const char wrong[] = "an unknown status";

    switch (type) {
    case HUB_HELLO:
        return check_hello(body);
    case HUB_RESULT:
        return is_in(((const struct hub_result *)body)->status, HUB_LOST) ? NULL : wrong;
    case HUB_CHECK:
        return is_in(((const struct hub_check *)body)->status, CHECK_UNCHECKED) ? NULL
                                                                                : wrong;
    case HUB_READY:
        return is_in(((const struct hub_ready *)body)->status, HUB_FAILED) ? NULL : wrong;
    default:
        return NULL;
    }
}

const char *hub_record_open(const void *datagram, size_t size, bool event,
                            struct hub_head *head, const void **body, const void **tail)
{
    if (size < sizeof(*head))
        return "shorter than a head";
    memcpy(head, datagram, sizeof(*head));
    const RecordType *rt = record_type(head->rc_type);
    if (!rt || (rt->rt_type >= HUB_UP) != event)
        return "unknown type";
    if (size - sizeof(*head) < rt->rt_fixed ||
        size - sizeof(*head) - rt->rt_fixed != head->rc_len)
        return "its size is not what its type and head say";
    *body = (const char *)datagram + sizeof(*head);
    *tail = (const char *)*body + rt->rt_fixed;
    const char *wrong = check_body(head->rc_type, *body);
    return wrong ? wrong : check_tail(rt, *body, *tail, head->rc_len);
}
