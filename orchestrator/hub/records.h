/*
 * Records between parryd and parry-hub, over one SOCK_SEQPACKET socket pair: a datagram
 * is one record, a head and a body of the type's fixed struct followed by rc_len variable
 * bytes.
 *
 * The hub decodes what guests send and keeps nothing that must survive it: numbering,
 * resending and acknowledgement after COMMIT are parryd's (orchestrator/hub/link.h). Both
 * ends are built from one tree and run on one machine, so structs travel as they are;
 * each receiver still checks type, size and every string's end against the table in
 * records.c.
 */
#ifndef PARRY_ORCHESTRATOR_HUB_RECORDS_H
#define PARRY_ORCHESTRATOR_HUB_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HUB_RECORD_MAX (128 * 1024)

typedef enum {
    /* REQUEST, parryd to hub */
    HUB_LISTEN = 1, /* with the listening socket's descriptor */
    HUB_UNLISTEN,   /* stop serving that host, close its connection */
    HUB_SEND, /* one finished line without its newline, for the connection rc_conn */
    HUB_DROP, /* end the connection rc_conn as HUB_CUT does; the reason as text */
    HUB_PING, /* heartbeat to every agent that has said hello; the hub answers PONG */
    /* EVENT, hub to parryd; each carries the host of the socket it came from */
    HUB_UP = 64, /* the hub is sandboxed and ready: struct hub_up */
    HUB_PONG,    /* the hub's own answer to HUB_PING */
    HUB_HELLO,   /* struct hub_hello */
    HUB_BEAT,    /* struct hub_beat */
    HUB_STARTED, /* struct hub_started */
    HUB_OUT,     /* struct hub_out + bytes */
    HUB_RESULT,  /* struct hub_result + reason text */
    HUB_CHECK,   /* struct hub_check + text */
    HUB_PROBE, /* struct hub_probe + rows: {u8 reached, name_len, text_len; name, text} */
    HUB_READY, /* struct hub_ready + text */
    HUB_PTY,   /* struct hub_pty + bytes */
    HUB_PTYEND,    /* struct hub_ptyend + text */
    HUB_AGENT_ACK, /* struct hub_acked: the agent took ours up to this number */
    HUB_BAD_LINE,  /* struct hub_bad_line + reason: a line that broke the protocol */
    HUB_GONE,      /* struct hub_gone + reason: the connection ended */
    HUB_CUT,   /* struct hub_gone + reason: the hub ended it, the guest broke the rules */
    HUB_OBS,   /* struct hub_obs + rows (struct hub_seen) + their texts, row by row */
    HUB_LOSSY, /* struct hub_lossy */
} HubRecordType;

struct hub_head {
    uint32_t rc_type; /* HubRecordType */
    uint32_t rc_host; /* the host's index in the plan */
    uint32_t rc_len;  /* bytes after the fixed struct */
    uint32_t rc_conn; /* counts the host's connections; stale records are dropped by it */
    uint64_t rc_seq;  /* the agent's number of this message, 0 for unnumbered */
};

/* What hub_hello.anew says; set by the link, not by the hub. */
enum hub_anew {
    HUB_RESUMED,   /* the same agent: both sides resend what the other has not taken */
    HUB_RESTARTED, /* the agent's process is another one: what it has not taken is sent
                      again */
    HUB_REBOOTED,  /* another boot or epoch: what it has not taken died */
};

struct hub_up {
    uint32_t sandbox; /* SandboxDone of orchestrator/sandbox/sandbox.h */
};
struct hub_hello {
    char agent[40];
    char boot[40];
    char name[72];
    int64_t inst;
    uint64_t last;
    uint32_t epoch;
    uint32_t anew; /* enum hub_anew */
};
struct hub_acked {
    uint64_t seq;
};
struct hub_beat {
    int64_t mono_us, wall_us;
    uint64_t rss_kb, drops, queued;
    int64_t ping;     /* t of the last ping, -1: none */
    uint32_t sources; /* of enum wire_source, or-ed */
    uint32_t unused;
};
struct hub_started {
    uint64_t id;
};
struct hub_out {
    uint64_t id;
    uint32_t stream; /* 1 or 2 */
    uint32_t unused;
};
enum hub_status { HUB_DONE, HUB_FAILED, HUB_REFUSED, HUB_LOST };
struct hub_result {
    uint64_t id;
    int64_t dur_us;
    int32_t status, exit, signal, cut; /* enum hub_status; exit -1: none; cut: 0 or 1 */
    int32_t deadman, unused;           /* enum wire_deadman */
};
struct hub_check {
    uint64_t id;
    int64_t dur_us;
    int32_t status; /* CheckStatus of scoreboard/kinds.h */
    int32_t unused;
};
struct hub_probe {
    uint64_t id;
    uint32_t rows, unused;
};
struct hub_ready {
    uint64_t id;
    int32_t status, unused; /* HUB_DONE or HUB_FAILED */
};
struct hub_pty {
    uint64_t id;
};
struct hub_ptyend {
    uint64_t id;
    int32_t exit, signal;
};
struct hub_bad_line {
    uint64_t id; /* of the act that it was about, 0 where it could not be read */
};
struct hub_gone {
    uint64_t lines, refused, bytes; /* of this connection */
};
struct hub_obs {
    uint64_t n;       /* number of the first row, in the agent's process */
    uint64_t dropped; /* rows of this connection that were past the hub's limit, so far */
    uint32_t count, unused;
};

/* Texts of a row, in this order, without NUL, free of control characters. */
enum hub_seen_text {
    HUB_SEEN_EXE,
    HUB_SEEN_ARGS,
    HUB_SEEN_CWD,
    HUB_SEEN_PATH,
    HUB_SEEN_TO,
    HUB_SEEN_PLAYER,
    HUB_SEEN_TEXTS,
};
struct hub_seen { /* see struct wire_seen of agents/wire/msg.h */
    int64_t t_us;
    uint64_t act_id;
    int64_t uid, auid; /* -1: not known */
    int32_t pid, ppid, exit;
    uint8_t what, act, origin, unused; /* enum wire_what, wire_act, wire_origin */
    uint16_t len[HUB_SEEN_TEXTS];
    uint16_t unused2[2];
};
struct hub_lossy {
    uint64_t n;             /* rows numbered so far */
    uint64_t kernel, queue; /* lost there so far */
    int64_t from_us, to_us; /* bounds of the latest gap, the guest's clock */
    uint64_t dropped;       /* as in struct hub_obs */
};

/* "HELLO", "OUT", …; "?" where unknown. */
const char *hub_record_name(uint32_t type);

/* Size of the type's fixed struct; -1 for an unknown type. */
int hub_record_fixed(uint32_t type);

/*
 * Takes a datagram apart after checking it: known type in that direction (event: hub to
 * parryd), size as the head and the table say, strings ended, text UTF-8 without NUL,
 * rows of a probe within their bytes. body and tail point into the datagram. Returns
 * NULL, or words for what is wrong.
 */
const char *hub_record_open(const void *datagram, size_t size, bool event,
                            struct hub_head *head, const void **body, const void **tail);

/* One row of HUB_OBS; text[i] has seen.len[i] bytes and no NUL. */
struct hub_row {
    uint64_t n;
    struct hub_seen seen;
    const char *text[HUB_SEEN_TEXTS];
};

/* Calls fn for each row of a record that hub_record_open() has checked, in order. */
void hub_obs_each(const struct hub_obs *obs, const void *tail,
                  void (*fn)(void *arg, const struct hub_row *row), void *arg);

#endif
