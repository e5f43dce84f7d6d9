/*
 * What a guest sends, as parry-hub reads it: framing, decoding, limits, and the records
 * that come out, each of which parryd must be willing to take.
 *
 * The first byte says into pieces of what size the rest is cut and whether a hello came
 * before it.
 */
#include "agents/wire/msg.h"
#include "orchestrator/hub/conn.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define HELLO                                                                            \
    "{\"k\":\"hello\",\"v\":1,\"agent\":\"0.1\",\"boot\":"                               \
    "\"01234567-89ab-cdef-0123-456789abcdef\",\"inst\":7,\"epoch\":3,\"last\":5,"        \
    "\"name\":\"web\"}\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_record(void *arg, uint32_t type, uint64_t seq, const void *body,
                      const void *tail, size_t len)
{
    size_t fixed = (size_t)hub_record_fixed(type);
    size_t whole = sizeof(struct hub_head) + fixed + len;
    struct hub_head head = {type, 0, (uint32_t)len, 1, seq}, opened;
    const void *open_body, *open_tail;
    char *datagram = malloc(whole);

    (void)arg;
    if (!datagram)
        return;
    memcpy(datagram, &head, sizeof(head));
    memcpy(datagram + sizeof(head), body, fixed);
    if (len)
        memcpy(datagram + sizeof(head) + fixed, tail, len);
    const char *wrong =
        hub_record_open(datagram, whole, true, &opened, &open_body, &open_tail);
    free(datagram);
    if (wrong || whole > HUB_RECORD_MAX)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {1, 2, 7, 64, 1000, 4096, 16384, 65536};
    int64_t now_us = 0;

    if (size == 0)
        return 0;
    size_t piece = pieces[data[0] & 7];
    HubConn *conn = conn_new(on_record, NULL, now_us);
    if (!conn)
        return 0;
    bool go_on = !(data[0] & 8) || conn_input(conn, HELLO, strlen(HELLO), now_us);
    for (size_t at = 1; go_on && at < size; at += piece) {
        now_us += 1000;
        go_on = conn_input(conn, data + at, MIN(piece, size - at), now_us);
    }
    if (!go_on &&
        (!conn_reason(conn)[0] || !g_utf8_validate(conn_reason(conn), -1, NULL)))
        abort();
    conn_free(conn);
    return 0;
}
