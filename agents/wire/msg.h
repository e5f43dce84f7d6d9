/*
 * The messages of the agent protocol (docs/agent-protocol.md), version 1: typed structs,
 * and one const table (msg_table.c) from which decoding, checking, encoding and freeing
 * follow. This is the one place where bytes from a guest become anything else.
 *
 * A decoded message is past every limit of the protocol: sizes, depth, counts, ranges,
 * UTF-8, base64. What it *says* is still a guest's word.
 */
#ifndef PARRY_WIRE_MSG_H
#define PARRY_WIRE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_VERSION 1
#define WIRE_PORT_NAME "org.parry.agent.0"

#define WIRE_DEPTH_MAX 8      /* objects and lists inside each other */
#define WIRE_VALUES_MAX 1024  /* values in one line, objects and lists included */
#define WIRE_CHUNK_MAX 8192   /* bytes in one out, pty or in */
#define WIRE_PIECE_MAX 32768  /* bytes in one file message, or an order's stdin */
#define WIRE_SCRIPT_MAX 49152 /* bytes of a script */
#define WIRE_ROWS_MAX 128     /* rows of a probe */
#define WIRE_CREDIT 65536     /* initial stream credit */

/* Who a message is for. */
enum wire_dir {
    WIRE_TO_HOST = 1,
    WIRE_TO_AGENT = 2,
};

/* Queue that a kind travels in; lower goes first. */
enum wire_prio {
    WIRE_CONTROL,
    WIRE_STREAM,
    WIRE_TELEMETRY,
    WIRE_PRIOS,
};

enum wire_kind {
    WIRE_NONE,
    /* agent to host */
    WIRE_HELLO,
    WIRE_BEAT,
    WIRE_STARTED,
    WIRE_OUT,
    WIRE_RESULT,
    WIRE_CHECKED, /* "check" towards the host */
    WIRE_PROBED,  /* "probe" towards the host */
    WIRE_READY,
    WIRE_PTY,
    WIRE_PTYEND,
    /* host to agent */
    WIRE_WELCOME,
    WIRE_PERSONALISE,
    WIRE_FILE,
    WIRE_ORDER,
    WIRE_CHECK,
    WIRE_PROBE,
    WIRE_OPEN,
    WIRE_IN,
    WIRE_SIZE,
    WIRE_CLOSE,
    WIRE_CREDIT_MSG, /* "credit" */
    WIRE_CANCEL,
    WIRE_ABORT,
    WIRE_PING,
    /* both ways */
    WIRE_ACK,
    WIRE_KINDS,
};

enum wire_status {               /* of result and ready */
                   WIRE_DONE,    /* it ended by itself: exit or signal tell how */
                   WIRE_FAILED,  /* it could not be run, or was killed; text says why */
                   WIRE_REFUSED, /* it was not tried; text says why */
                   WIRE_LOST,    /* begun, and the outcome cannot be proved */
};

enum wire_verdict { /* of checked */
                    WIRE_UP,
                    WIRE_DOWN,
                    WIRE_FAULTY,
                    WIRE_CORRUPT,
                    WIRE_UNCHECKED,
};

enum wire_check_kind {
    WIRE_CHECK_TCP,
    WIRE_CHECK_HTTP,
    WIRE_CHECK_DNS,
    WIRE_CHECK_FILE,
    WIRE_CHECK_PROCESS,
    WIRE_CHECK_SERVICE,
    WIRE_CHECK_PORT,
    WIRE_CHECK_COMMAND,
    WIRE_CHECK_KINDS,
};

enum wire_proto { WIRE_TCP, WIRE_UDP, WIRE_ICMP, WIRE_ANY };

enum wire_probe_kind {
    WIRE_PROBE_TCP,
    WIRE_PROBE_UDP,
    WIRE_PROBE_PING,
    WIRE_PROBE_GATEWAY,
};

/* Text is UTF-8 without NUL; absent optional text is NULL; absent optional integers have
 * the default given here, or 0. Lists: a pointer and its count, NULL and 0 when absent.
 */

struct wire_bytes { /* travels as base64 in NAME_b64 */
    const unsigned char *data;
    size_t len;
};

struct wire_hello {
    int64_t v;
    const char *agent; /* version text */
    const char *boot;  /* kernel boot id, 36 characters */
    int64_t inst;      /* random number of the agent's process */
    int64_t epoch;     /* as the last welcome said; 0 before the first */
    int64_t last;      /* highest number taken from the host */
    const char *name;  /* hostname */
};

struct wire_beat {
    int64_t mono_us, wall_us, rss_kb;
    int64_t drops;  /* telemetry dropped since the agent began */
    int64_t queued; /* bytes waiting in its queues */
};

struct wire_out { /* out, pty, in; stream is 1 or 2 for out, else 0 */
    int64_t stream;
    struct wire_bytes data;
};

struct wire_result {
    enum wire_status status;
    int64_t exit;   /* exit status, -1: none */
    int64_t signal; /* that ended it, 0: none */
    int64_t dur_us;
    bool cut;         /* output went past out_max and was dropped */
    const char *text; /* reason, or NULL */
};

struct wire_checked {
    enum wire_verdict status;
    int64_t dur_us;
    const char *text;
};

struct wire_probed_row {
    const char *name;
    bool reached;
    const char *text;
};

struct wire_probed {
    struct wire_probed_row *rows;
    size_t n_rows;
};

struct wire_ready {
    enum wire_status status; /* done or failed */
    const char *text;
};

struct wire_ptyend {
    int64_t exit, signal; /* as in wire_result */
    const char *text;
};

struct wire_welcome {
    int64_t v;
    int64_t last;
    int64_t epoch;
    int64_t credit;
};

struct wire_nic {
    const char *mac; /* 52:54:00:00:00:01 */
    const char *addr;
    int64_t prefix;
};

struct wire_route {
    const char *to; /* 10.0.0.0/8 */
    const char *via;
};

struct wire_hostline { /* of /etc/hosts */
    const char *addr;
    const char **names;
    size_t n_names;
};

struct wire_user {
    const char *name;
    const char *password; /* plain, NULL: locked */
    int64_t uid;          /* -1: the next free one from 1000 */
    const char *shell;    /* NULL: /bin/sh */
    const char **groups;
    size_t n_groups;
};

struct wire_file { /* in personalise, and the body of "file" */
    const char *path;
    int64_t off;               /* of this piece ("file" only) */
    bool end;                  /* the last piece ("file" only) */
    int64_t mode;              /* -1: 0644, or as it is */
    const char *owner, *group; /* names or numbers; NULL: root, or as it is */
    struct wire_bytes data;
};

struct wire_publish {
    enum wire_proto proto;
    int64_t port;
    const char *to;
    int64_t to_port;
};

enum wire_action { WIRE_ACCEPT, WIRE_DROP, WIRE_REJECT };

struct wire_rule { /* of what a router forwards; the first that fits decides */
    const char *name;
    const char *from, *to; /* "10.1.0.0/24"; NULL: any */
    enum wire_proto proto;
    int64_t first, last; /* ports of tcp and udp, behind the router; 0: all */
    enum wire_action action;
    bool log;
};

struct wire_router {
    struct wire_publish *publish;
    size_t n_publish;
    const char **masquerade; /* MACs of the outer interfaces */
    size_t n_masquerade;
    struct wire_rule *rules;
    size_t n_rules;
    bool drop; /* what no rule names */
};

struct wire_personalise {
    const char *hostname;
    struct wire_nic *nics;
    size_t n_nics;
    struct wire_route *routes;
    size_t n_routes;
    struct wire_hostline *hosts;
    size_t n_hosts;
    const char **dns;
    size_t n_dns;
    struct wire_user *users;
    size_t n_users;
    struct wire_file *files;
    size_t n_files;
    const char **services;
    size_t n_services;
    struct wire_router *router; /* NULL: not a router */
    size_t n_router;            /* 0 or 1 */
    const char **run;
    size_t n_run;
};

struct wire_env {
    const char *name;
    const char *value;
};

struct wire_order { /* exactly one of argv and script */
    const char **argv;
    size_t n_argv;
    const char *script;
    const char *user; /* NULL: root */
    const char *cwd;  /* NULL: the user's home */
    struct wire_env *env;
    size_t n_env;
    struct wire_bytes input; /* stdin_b64 */
    int64_t timeout_ms;      /* default 60,000 */
    int64_t out_max;         /* bytes of both streams together, default 65,536 */
};

struct wire_check {
    enum wire_check_kind kind;
    int64_t deadline_ms;
    const char *addr;
    int64_t port;
    const char *expect;
    const char *host; /* Host header */
    const char *path; /* of http, or of file */
    int64_t status;   /* of http, default 200 */
    const char *body;
    const char *method; /* default GET */
    const char *name;   /* of dns, process, service */
    const char *answer;
    const char *sha256; /* 64 hex digits, "absent" or "exists" */
    const char *contains;
    int64_t min; /* processes, default 1 */
    enum wire_proto proto;
    const char **argv;
    size_t n_argv;
    const char *script;
    const char *user;
    int64_t exit;
};

struct wire_probe_row {
    const char *name;
    enum wire_probe_kind kind;
    const char *addr;
    int64_t port;
};

struct wire_probe {
    int64_t deadline_ms;
    struct wire_probe_row *rows;
    size_t n_rows;
};

struct wire_open {
    int64_t cols, rows;
    const char *user;   /* NULL: root */
    const char *player; /* for the guest's own records; NULL: none */
};

struct wire_size {
    int64_t cols, rows;
};

struct wire_msg {
    enum wire_kind kind;
    int64_t seq; /* number in its direction, 0: none */
    int64_t ack; /* highest number taken (host: committed), -1: none */
    int64_t id;  /* journal number of the act, 0: none */
    union {
        struct wire_hello hello;
        struct wire_beat beat;
        struct wire_out out; /* WIRE_OUT, WIRE_PTY, WIRE_IN */
        struct wire_result result;
        struct wire_checked checked;
        struct wire_probed probed;
        struct wire_ready ready;
        struct wire_ptyend ptyend;
        struct wire_welcome welcome;
        struct wire_personalise personalise;
        struct wire_file file;
        struct wire_order order;
        struct wire_check check;
        struct wire_probe probe;
        struct wire_open open;
        struct wire_size size;
        int64_t credit; /* bytes granted */
        int64_t ping;   /* t */
    };
    void *arena; /* what a decoded message owns; wire_msg_clear frees it */
};

/* Says what is wrong in words: "order: member 'timeout_ms': 0 is below 1". */
struct wire_error {
    char text[160];
};

/*
 * Seeds jansson's hash tables from the system's random source. Call once, before any
 * message and before a sandbox that forbids opening files.
 */
void wire_init(void);

/*
 * Decodes one line (without newline) that came from the other side and is meant for dir.
 * Returns true with *m filled, to be freed by wire_msg_clear; or false with the reason in
 * *e and of *m only kind, seq and id, as far as they could be read: enough to count the
 * message as taken and to refuse it by name. Never aborts, whatever the bytes.
 */
bool wire_decode(enum wire_dir dir, const char *line, size_t len, struct wire_msg *m,
                 struct wire_error *e);

/*
 * Encodes m, checked by the same table that decoding uses, as one line without newline
 * and NUL-terminated. m->seq, when above 0, and m->ack, when not below 0, are written
 * too (wire_queue writes its own: leave them 0 and -1). Returns a string to be freed by
 * free() and its length in *len (may be NULL); or NULL with the reason in *e.
 */
char *wire_encode(const struct wire_msg *m, size_t *len, struct wire_error *e);

/* Frees what a decoded message owns and zeroes it. Harmless on a zeroed message. */
void wire_msg_clear(struct wire_msg *m);

/* Initialises m as an empty message of this kind, every member at its default. */
void wire_msg_init(struct wire_msg *m, enum wire_kind kind);

/* Facts of a kind: its name on the wire, its queue, and whether it carries a seq. */
const char *wire_kind_name(enum wire_kind kind);
enum wire_prio wire_kind_prio(enum wire_kind kind);
bool wire_kind_numbered(enum wire_kind kind);

/* Names of enum values as they stand on the wire. */
const char *wire_status_name(enum wire_status status);
const char *wire_verdict_name(enum wire_verdict verdict);
const char *wire_check_kind_name(enum wire_check_kind kind);

#endif
