/*
 * The file holds lines: "took KIND ID INST" for what was taken, and lines of the
 * protocol, read by the same decoder: the answer of what ended, "welcome" for the epoch.
 * It is appended to, and written anew when it has grown to twice what is worth keeping.
 */
#include "agents/agent/kept.h"

#include "agents/agent/group.h"
#include "agents/agent/replace.h"
#include "agents/agent/text.h"
#include "agents/wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AGAIN_US 2000000

struct record {
    int64_t id; /* 0: free */
    enum wire_kind kind;
    int64_t inst; /* of the agent's process that took it */
    char *answer; /* encoded, or NULL while it runs */
};

struct kept {
    struct record ring[KEPT_MAX];
    size_t next;
    int64_t epoch;
    int64_t inst;      /* of this process */
    int fd;            /* -1: in memory only */
    int64_t failed_us; /* since when */
    size_t lines;
    char dir[248];
    char path[256];
};

static struct record *find(struct kept *k, int64_t id)
{
    for (size_t i = 0; i < KEPT_MAX; i++)
        if (k->ring[i].id == id)
            return &k->ring[i];
    return NULL;
}

static struct record *add(struct kept *k, int64_t id, enum wire_kind kind)
{
    struct record *r = &k->ring[k->next];

    /* What still runs is not overwritten unless everything does. */
    for (size_t i = 0; r->id && !r->answer && i < KEPT_MAX; i++) {
        k->next = (k->next + 1) % KEPT_MAX;
        r = &k->ring[k->next];
    }
    k->next = (k->next + 1) % KEPT_MAX;
    free(r->answer);
    r->answer = NULL;
    r->id = id;
    r->kind = kind;
    r->inst = k->inst;
    return r;
}

/* Encodes with a number, which the decoder wants of these kinds. */
static char *encode(struct wire_msg m, size_t *len)
{
    struct wire_error e;

    m.seq = 1;
    m.ack = -1;
    char *line = wire_encode(&m, len, &e);
    if (!line)
        agent_log("state: %s", e.text);
    return line;
}

static void append(struct kept *k, const char *line, size_t len)
{
    char out[FRAME_MAX];

    if (k->fd < 0)
        return;
    memcpy(out, line, len);
    out[len] = '\n';
    k->lines++;
    if (write(k->fd, out, len + 1) == (ssize_t)len + 1)
        return;
    agent_log("%s: write: %s; results are kept in memory only", k->path, strerror(errno));
    close(k->fd);
    k->fd = -1;
    k->failed_us = agent_now_us();
}

static void append_taken(struct kept *k, const struct record *r)
{
    char line[80];

    text_format(line, sizeof(line), "took %s %lld %lld", wire_kind_name(r->kind),
                (long long)r->id, (long long)r->inst);
    append(k, line, strlen(line));
}

static void append_epoch(struct kept *k)
{
    struct wire_msg m;
    size_t len;

    wire_msg_init(&m, WIRE_WELCOME);
    m.welcome.v = WIRE_VERSION;
    m.welcome.epoch = k->epoch;
    char *line = encode(m, &len);
    if (line)
        append(k, line, len);
    free(line);
}

/* A new file beside the old one, then over it: a kill in between loses nothing. */
static void rewrite(struct kept *k)
{
    char path[sizeof(k->path) + 8];

    k->lines = 0; /* where it fails: not again at once */
    text_format(path, sizeof(path), "%s.new", k->path);
    if (mkdir(k->dir, 0755) < 0 && errno != EEXIST)
        agent_log("%s: mkdir: %s", k->dir, strerror(errno));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        agent_log("%s: %s; results are kept in memory only", path, strerror(errno));
        k->failed_us = agent_now_us();
        return;
    }
    if (k->fd >= 0)
        close(k->fd);
    k->fd = fd;
    append_epoch(k);
    for (size_t i = 0; i < KEPT_MAX; i++) {
        const struct record *r = &k->ring[(k->next + i) % KEPT_MAX];
        if (r->id && r->answer)
            append(k, r->answer, strlen(r->answer));
        else if (r->id)
            append_taken(k, r);
    }
    if (k->fd < 0) /* not whole: the old one is better */
        unlink(path);
    else if (rename(path, k->path) < 0)
        agent_log("%s: rename: %s", k->path, strerror(errno));
}

/* Where the file could not be written, it is tried again later: disks get room again. */
static void try_again(struct kept *k)
{
    if (k->fd < 0 && agent_now_us() - k->failed_us > AGAIN_US)
        rewrite(k);
}

static void load_taken(struct kept *k, const char *line, size_t len)
{
    static const enum wire_kind kinds[] = {WIRE_ORDER,    WIRE_FILE,     WIRE_PERSONALISE,
                                           WIRE_OPEN,     WIRE_SNAPSHOT, WIRE_CLOCK,
                                           WIRE_IDENTITY, WIRE_REPLACE};
    char text[80];
    long long id, inst;

    text_format(text, sizeof(text), "%.*s", (int)len, line);
    const char *name = text_word(text, 1);
    if (strncmp(text, "took ", 5) != 0 ||
        !text_number(text_word(text, 2), 10, &id, NULL) || id < 1 || find(k, id))
        return;
    if (!text_word(text, 3) || !text_number(text_word(text, 3), 10, &inst, NULL))
        inst = 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const char *kind = wire_kind_name(kinds[i]);
        if (strncmp(name, kind, strlen(kind)) == 0 && name[strlen(kind)] == ' ')
            add(k, id, kinds[i])->inst = inst;
    }
}

static bool load_line(void *arg, enum frame_event event, const char *line, size_t len)
{
    struct kept *k = arg;
    struct wire_msg m;
    struct wire_error e;

    if (event != FRAME_LINE)
        return true;
    if (line[0] != '{') {
        load_taken(k, line, len);
        return true;
    }
    if (wire_decode(WIRE_TO_AGENT, line, len, &m, &e) && m.kind == WIRE_WELCOME) {
        k->epoch = m.welcome.epoch;
    } else if (wire_decode(WIRE_TO_HOST, line, len, &m, &e) && m.id > 0) {
        struct record *r = find(k, m.id);
        if (!r)
            r = add(k, m.id, WIRE_NONE);
        if (!r->answer)
            r->answer = strndup(line, len);
    }
    wire_msg_clear(&m);
    return true;
}

static void load(struct kept *k)
{
    struct frame_reader reader;
    size_t len;
    char *text = text_read_file(k->path, 4u << 20, &len);

    if (!text)
        return;
    frame_reader_init(&reader);
    frame_feed(&reader, text, len, load_line, k);
    frame_reader_clear(&reader);
    free(text);
}

struct kept *kept_open(const char *dir, int64_t inst)
{
    struct kept *k = calloc(1, sizeof(*k));

    if (!k)
        return NULL;
    k->fd = -1;
    k->inst = inst;
    text_format(k->dir, sizeof(k->dir), "%s", dir);
    text_format(k->path, sizeof(k->path), "%s/state", k->dir);
    load(k);
    rewrite(k);
    return k;
}

void kept_free(struct kept *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < KEPT_MAX; i++)
        free(k->ring[i].answer);
    if (k->fd >= 0)
        close(k->fd);
    free(k);
}

int64_t kept_last_epoch(const struct kept *k)
{
    return k->epoch;
}

void kept_epoch(struct kept *k, int64_t epoch)
{
    k->epoch = epoch;
    append_epoch(k);
}

static void store_answer(struct kept *k, const struct wire_msg *m)
{
    struct record *r = find(k, m->id);
    size_t len;

    char *line = encode(*m, &len);
    if (!line)
        return;
    if (!r)
        r = add(k, m->id, WIRE_NONE);
    free(r->answer);
    r->answer = line;
    append(k, line, len);
    if (k->lines > 2UL * KEPT_MAX)
        rewrite(k);
    else
        try_again(k);
}

/* This process is what came of it. */
static void answer_replaced(struct agent *a, int64_t id)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_RESULT);
    m.id = id;
    m.result.status = WIRE_DONE;
    m.result.exit = 0;
    m.result.text = "agent " PARRY_VERSION;
    kept_end(a, &m);
}

/* The answer to what was begun, where nobody can say how it ended. */
static struct wire_msg lost(const struct record *r, const char *text)
{
    struct wire_msg m;

    switch (r->kind) {
    case WIRE_PERSONALISE:
        wire_msg_init(&m, WIRE_READY);
        m.ready.status = WIRE_FAILED;
        m.ready.text = text;
        break;
    case WIRE_OPEN:
        wire_msg_init(&m, WIRE_PTYEND);
        m.ptyend.text = text;
        break;
    default:
        wire_msg_init(&m, WIRE_RESULT);
        m.result.status = WIRE_LOST;
        m.result.text = text;
        break;
    }
    m.id = r->id;
    return m;
}

static void answer_lost(struct agent *a, const struct record *r)
{
    struct wire_msg m = lost(r, "the agent was started again while it ran");

    kept_end(a, &m);
}

void kept_forsake(struct kept *k)
{
    for (size_t i = 0; i < KEPT_MAX; i++) {
        const struct record *r = &k->ring[i];
        if (!r->id || r->answer)
            continue;
        struct wire_msg m = lost(r, "the guest was reset or reverted while it ran");
        store_answer(k, &m);
    }
}

static void answer_again(struct agent *a, const struct record *r)
{
    struct wire_msg m;
    struct wire_error e;

    if (wire_decode(WIRE_TO_HOST, r->answer, strlen(r->answer), &m, &e))
        agent_send(a, &m);
    else
        agent_log("state: %s", e.text);
    wire_msg_clear(&m);
}

void kept_repeat(struct agent *a)
{
    struct kept *k = a->kept;

    for (size_t i = 0; i < KEPT_MAX; i++) {
        struct record *r = &k->ring[(k->next + i) % KEPT_MAX];
        if (r->id && r->answer)
            answer_again(a, r);
        else if (r->id && r->id == replace_done_id())
            answer_replaced(a, r->id);
        else if (r->id) {
            if (r->kind == WIRE_ORDER)
                group_kill_left(r->inst, r->id);
            answer_lost(a, r);
        }
    }
}

bool kept_begin(struct agent *a, const struct wire_msg *m)
{
    struct record *r = find(a->kept, m->id);

    if (r && r->answer)
        answer_again(a, r);
    if (r) /* or it runs right now, and will be answered */
        return false;
    append_taken(a->kept, add(a->kept, m->id, m->kind));
    try_again(a->kept);
    return true;
}

void kept_end(struct agent *a, const struct wire_msg *m)
{
    store_answer(a->kept, m);
    agent_send(a, m);
}
