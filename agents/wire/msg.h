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
#define WIRE_OBS_ROWS 48      /* rows of one obs */
#define WIRE_WATCH_MAX 64     /* directories watched, paths of a snapshot */
#define WIRE_SEED_MAX 512     /* bytes of a random seed */

/* Login uids (audit(8)) that tell whose a process is, through sudo and su. */
#define WIRE_AUID_PLAYER INT64_C(2000000000) /* + k: player k, 1 to 99,999,999 */
#define WIRE_AUID_ORDER INT64_C(2100000001)
#define WIRE_AUID_CHECK INT64_C(2100000002)
#define WIRE_AUID_SCRIPT INT64_C(2100000003)
#define WIRE_AUID_NONE INT64_C(-1)

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
    WIRE_OBS,
    WIRE_LOSSY,
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
    WIRE_OBSERVE,
    WIRE_SNAPSHOT,
    WIRE_CLOCK,
    WIRE_IDENTITY,
    WIRE_REPLACE,
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
    WIRE_CHECK_PLUGIN,
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
    int64_t drops;   /* telemetry dropped since the agent began */
    int64_t queued;  /* bytes waiting in its queues */
    int64_t ping;    /* t of the last ping, -1: none yet */
    int64_t sources; /* of enum wire_source, or-ed: what observes now */
};

enum wire_source {
    WIRE_SOURCE_AUDIT = 1,     /* the kernel's audit, by rules of the agent's own */
    WIRE_SOURCE_MULTICAST = 2, /* audit beside an auditd, best effort */
    WIRE_SOURCE_PROC = 4,      /* the process events connector */
    WIRE_SOURCE_FANOTIFY = 8,
};

struct wire_out { /* out, pty, in; stream is 1 or 2 for out, else 0 */
    int64_t stream;
    struct wire_bytes data;
};

enum wire_deadman { /* what became of an attack that the dead-man ended */
                    WIRE_DEADMAN_NONE,      /* it did not */
                    WIRE_DEADMAN_KILLED,    /* it has no cleanup */
                    WIRE_DEADMAN_CLEANED,   /* its cleanup ended by exit 0 */
                    WIRE_DEADMAN_UNCLEANED, /* its cleanup failed, or could not run */
};

struct wire_result {
    enum wire_status status;
    int64_t exit;   /* exit status, -1: none */
    int64_t signal; /* that ended it, 0: none */
    int64_t dur_us;
    bool cut;         /* output went past out_max and was dropped */
    const char *text; /* reason, or NULL */
    enum wire_deadman deadman;
};

struct wire_checked {
    enum wire_verdict status;
    int64_t dur_us;
    const char *text;
    const char *perf; /* performance data of a plugin, as it wrote it; NULL: none */
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

/* What an observation is about, and what became of it. */
enum wire_what {
    WIRE_SAW_EXEC,
    WIRE_SAW_EXIT,
    WIRE_SAW_LOGIN,
    WIRE_SAW_LOGOUT,
    WIRE_SAW_AUTH_FAILURE,
    WIRE_SAW_FILE,
    WIRE_SAW_SERVICE,
    WIRE_SAW_LISTEN,
    WIRE_SAW_UNLISTEN,
    WIRE_SAW_FIREWALL,
    WIRE_SAW_ACCOUNT,
    WIRE_SAW_CRON,
    WIRE_SAW_UNIT,
    WIRE_SAW_KEY,
    WIRE_SAW_MOUNT,
    WIRE_SAW_MODULE,
    WIRE_SAW_SESSION,
    WIRE_SAW_WATCH, /* the agent's own watching was changed from outside */
    WIRE_SAW_KINDS,
};

enum wire_act {
    WIRE_ACT_NONE,
    WIRE_ACT_CREATED,
    WIRE_ACT_CHANGED,
    WIRE_ACT_DELETED,
    WIRE_ACT_MOVED,
    WIRE_ACT_STARTED,
    WIRE_ACT_STOPPED,
    WIRE_ACT_ADDED,
    WIRE_ACT_REMOVED,
    WIRE_ACT_OPENED,
    WIRE_ACT_CLOSED,
    WIRE_ACT_GRANTED,
    WIRE_ACT_REFUSED,
    WIRE_ACTS,
};

/* Whose doing it is: the guest's own, or something of Parry's. */
enum wire_origin {
    WIRE_FROM_GUEST,
    WIRE_FROM_PLAYER, /* a terminal opened through Parry */
    WIRE_FROM_ORDER,
    WIRE_FROM_CHECK,
    WIRE_FROM_SCRIPT, /* of personalise */
    WIRE_FROM_AGENT,
    WIRE_ORIGINS,
};

struct wire_seen { /* one observation; texts NULL and numbers -1 where not known */
    int64_t t;     /* wall clock of the guest, us */
    enum wire_what what;
    enum wire_act act;
    int64_t pid, ppid;
    int64_t uid;
    int64_t auid; /* login uid */
    const char *exe;
    const char *args; /* as a shell would want them, masked */
    const char *cwd;
    const char *path;
    const char *to;     /* where it was moved, or "tcp 0.0.0.0:80" */
    int64_t exit;       /* status, or 128 and the signal */
    const char *player; /* pseudonym */
    enum wire_origin origin;
    int64_t act_id; /* "id": the order or terminal that it came from, 0: none */
};

struct wire_obs {
    int64_t n; /* number of the first row, from 1 in an agent's process */
    struct wire_seen *rows;
    size_t n_rows;
};

struct wire_lossy {
    int64_t n;              /* rows up to here have been numbered */
    int64_t kernel;         /* records that the kernel lost, so far */
    int64_t queue;          /* rows that the agent dropped, so far */
    int64_t from_us, to_us; /* wall clock bounds of the latest gap */
};

struct wire_welcome {
    int64_t v;
    int64_t last;
    int64_t epoch;
    int64_t credit;
    int64_t deadman_ms; /* without a line from the host attacks end; 0: never */
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

enum wire_purpose { WIRE_FOR_ANY, WIRE_FOR_ATTACK, WIRE_FOR_NOISE };

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
    enum wire_purpose purpose;
    const char *cleanup; /* script that undoes it, run when the dead-man ends it */
    int64_t mem_kb;      /* most memory of all its processes together, 0: no limit */
    int64_t procs;       /* most processes at once, 0: no limit */
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
    int64_t auid;       /* login uid of all that runs in it; -1: the user's own */
};

struct wire_size {
    int64_t cols, rows;
};

struct wire_player {
    int64_t auid;
    const char *name; /* pseudonym */
};

struct wire_observe {   /* replaces what an earlier one asked for */
    const char **paths; /* directories, with all below them */
    size_t n_paths;
    const char **mask; /* options whose argument is a secret: "--password" */
    size_t n_mask;
    int64_t rate; /* rows a second, default 2000 */
    int64_t cpu;  /* hundredths of a core that the agent may use, default 25 */
    struct wire_player *players;
    size_t n_players;
};

struct wire_snapshot {
    const char **parts; /* processes ports users crontabs units files firewall */
    size_t n_parts;
    const char **paths; /* of part files */
    size_t n_paths;
};

enum wire_clock_mode { WIRE_CLOCK_STEP, WIRE_CLOCK_SLEW };

struct wire_clock {
    int64_t wall_us;
    enum wire_clock_mode mode;
};

struct wire_identity { /* after a clone or a revert; absent: as it is */
    const char *hostname;
    struct wire_nic *nics;
    size_t n_nics;
    struct wire_route *routes;
    size_t n_routes;
    const char *machine_id; /* 32 hex digits */
    bool regenerate_ssh;    /* new host keys */
    struct wire_bytes seed; /* for the kernel's random source */
    int64_t wall_us;        /* 0: leave the clock */
};

struct wire_replace {
    const char *path; /* of a new agent, written by file messages before */
    const char *sha256;
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
        struct wire_obs obs;
        struct wire_lossy lossy;
        struct wire_welcome welcome;
        struct wire_personalise personalise;
        struct wire_file file;
        struct wire_order order;
        struct wire_check check;
        struct wire_probe probe;
        struct wire_open open;
        struct wire_size size;
        struct wire_observe observe;
        struct wire_snapshot snapshot;
        struct wire_clock clock;
        struct wire_identity identity;
        struct wire_replace replace;
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
const char *wire_what_name(enum wire_what what);
const char *wire_act_name(enum wire_act act);
const char *wire_origin_name(enum wire_origin origin);

#endif
