/*
 * Records between parryd and parry-hub, over one SOCK_SEQPACKET socket pair: a datagram is
 * one record, a head and a body of the type's fixed struct followed by rc_len variable bytes.
 *
 * The hub decodes what guests send and keeps nothing that must survive it: numbering,
 * resending and acknowledgement after COMMIT are parryd's (orchestrator/hub/link.h). Both
 * ends are built from one tree and run on one machine, so structs travel as they are; each
 * receiver still checks type, size and every string's end against the table.
 */
#ifndef PARRY_ORCHESTRATOR_HUB_RECORDS_H
#define PARRY_ORCHESTRATOR_HUB_RECORDS_H

#include <stdint.h>

#define HUB_RECORD_MAX (128 * 1024)

typedef enum {
    /* REQUEST, parryd to hub */
    HUB_LISTEN = 1, /* with the listening socket's descriptor; body: struct hub_listen */
    HUB_UNLISTEN,   /* stop serving that host, close its connection */
    HUB_WELCOME,    /* answers HUB_HELLO: struct hub_welcome; the hub writes `welcome` */
    HUB_SEND,       /* struct hub_send + the line's JSON without seq and ack */
    HUB_ACKED,      /* struct hub_acked: committed up to this number; the hub tells the agent */
    HUB_PING,       /* heartbeat to every connected agent */
    /* EVENT, hub to parryd; each carries the host of the socket it came from */
    HUB_UP = 64,    /* the hub is sandboxed and ready */
    HUB_HELLO,      /* struct hub_hello */
    HUB_BEAT,       /* struct hub_beat */
    HUB_STARTED,    /* struct hub_started */
    HUB_OUT,        /* struct hub_out + bytes */
    HUB_RESULT,     /* struct hub_result + reason text */
    HUB_CHECK,      /* struct hub_check + text */
    HUB_PROBE,      /* struct hub_probe + rows: repeated {u8 reached, u8 name_len, u8 text_len, name, text} */
    HUB_READY,      /* struct hub_ready + text */
    HUB_PTY,        /* struct hub_pty + bytes */
    HUB_PTYEND,     /* struct hub_ptyend + text */
    HUB_AGENT_ACK,  /* struct hub_acked: the agent took ours up to this number */
    HUB_GONE,       /* struct hub_gone + reason: the connection ended */
    HUB_CUT,        /* struct hub_gone + reason: the hub ended it, the guest broke the rules */
} HubRecordType;

struct hub_head {
    uint32_t rc_type; /* HubRecordType */
    uint32_t rc_host; /* the host's index in the plan */
    uint32_t rc_len;  /* bytes after the fixed struct */
    uint32_t rc_conn; /* counts the host's connections; stale records are dropped by it */
    uint64_t rc_seq;  /* the agent's number of this message, 0 for unnumbered */
};

struct hub_listen { uint32_t epoch; };
struct hub_welcome { uint64_t last; uint32_t epoch; uint32_t credit; };
struct hub_send { uint64_t seq; }; /* 0: unnumbered */
struct hub_acked { uint64_t seq; };
struct hub_hello { char agent[32]; char boot[40]; char name[64]; uint64_t last; uint32_t epoch; };
struct hub_beat { int64_t mono_us, wall_us; uint64_t rss_kb, drops, queued; };
struct hub_started { uint64_t id; };
struct hub_out { uint64_t id; uint32_t stream; };
enum hub_status { HUB_DONE, HUB_FAILED, HUB_REFUSED, HUB_LOST };
struct hub_result { uint64_t id; int64_t dur_us; int32_t status, exit, signal, cut; };
struct hub_check { uint64_t id; int64_t dur_us; int32_t status; }; /* enum CheckStatus */
struct hub_probe { uint64_t id; uint32_t rows; };
struct hub_ready { uint64_t id; int32_t status; };
struct hub_pty { uint64_t id; };
struct hub_ptyend { uint64_t id; int32_t exit, signal; };
struct hub_gone { uint64_t lines, refused, bytes; };

#endif
