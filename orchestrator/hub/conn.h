/*
 * One connection of one guest: bytes in, typed records out, and the limits past which
 * the guest is cut off. No descriptors, no clock of its own: the hub gives it both, and
 * so do tests and the fuzzer.
 *
 * The framing and decoding limits (line, depth, values, members) are agents/wire's; rate
 * and count are kept here.
 */
#ifndef PARRY_ORCHESTRATOR_HUB_CONN_H
#define PARRY_ORCHESTRATOR_HUB_CONN_H

#include "orchestrator/hub/records.h"

/*
 * An honest agent stays far below these: its streams move at the pace that parryd grants
 * credit (under 5 MB/s on the wire, see link.c), the rest is answers to orders and a few
 * lines a second of telemetry.
 */
#define CONN_BYTES_BURST (8 << 20) /* token bucket in bytes … */
#define CONN_BYTES_PER_S (8 << 20)
#define CONN_LINES_BURST 20000 /* … and in lines */
#define CONN_LINES_PER_S 20000
#define CONN_ROWS_BURST                                                                  \
    20000 /* observations at once, and a second: the rest is dropped */
#define CONN_ROWS_PER_S 5000
#define CONN_REFUSED_ROW 16    /* refused lines one after another */
#define CONN_REFUSED_MINUTE 64 /* refused lines within 60 s */

typedef struct HubConn HubConn;

/*
 * Gets each record: the type's fixed struct in body, len bytes of tail, the guest's seq
 * (0: unnumbered). All valid during the call only.
 */
typedef void (*conn_record_fn)(void *arg, uint32_t type, uint64_t seq, const void *body,
                               const void *tail, size_t len);

/* now_us: any monotonic clock, the same for all calls. Returns NULL when out of memory.
 */
HubConn *conn_new(conn_record_fn fn, void *arg, int64_t now_us);
void conn_free(HubConn *conn);

/*
 * Takes bytes of the guest. Returns false when the connection is to be cut: conn_reason()
 * says why, and nothing more may be put in.
 */
bool conn_input(HubConn *conn, const void *bytes, size_t len, int64_t now_us);

/* Why it is to be cut: UTF-8, at most 200 bytes, whatever the guest sent. */
const char *conn_reason(const HubConn *conn);

/* Whether it was cut because it speaks another version of the protocol. */
bool conn_wrong_version(const HubConn *conn);

/* Whether a hello has come, so that the agent may be written to. */
bool conn_greeted(const HubConn *conn);

/* What came in since conn_new. */
void conn_count(const HubConn *conn, struct hub_gone *counts);

#endif
