#include "agents/agent/replace.h"

#include "agents/agent/channel.h"
#include "agents/agent/kept.h"
#include "agents/agent/observe.h"
#include "agents/agent/run.h"
#include "agents/agent/text.h"
#include "agents/wire/msg_table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRY_MS 10000   /* for --version */
#define DRAIN_MS 10000 /* for the host to acknowledge all */
#define LOOK_MS 20

struct replace {
    struct agent *agent;
    struct wire_msg m;
    struct run *run;
    struct event *look;
    int64_t began_us;
};

static struct replace *under_way;
static char *const *own_argv;
static char own_path[PATH_MAX];

void replace_init(char *const *argv)
{
    ssize_t n = readlink("/proc/self/exe", own_path, sizeof(own_path) - 1);

    own_path[n > 0 ? n : 0] = '\0';
    own_argv = argv;
}

int64_t replace_done_id(void)
{
    long long id;
    const char *text = getenv(REPLACE_ENV);

    return text && text_number(text, 10, &id, NULL) ? id : 0;
}

static void forget(struct replace *r)
{
    under_way = NULL;
    if (r->look)
        event_free(r->look);
    if (r->run)
        run_kill(r->run);
    wire_msg_clear(&r->m);
    free(r);
}

static void fail(struct replace *r, const char *text)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_RESULT);
    m.id = r->m.id;
    m.result.status = WIRE_FAILED;
    m.result.text = text;
    kept_end(r->agent, &m);
    forget(r);
}

/* Why it cannot be now, or NULL. */
static const char *busy(const struct agent *a)
{
    return a->orders        ? "busy: an order runs"
           : a->ptys        ? "busy: a terminal is open"
           : a->personalise ? "busy: personalise is under way"
           : a->checks      ? "busy: a check runs"
           : a->probes      ? "busy: a probe runs"
                            : NULL;
}

static bool copy_bytes(int from, int to)
{
    char bytes[16384];
    ssize_t n;

    while ((n = read(from, bytes, sizeof(bytes))) > 0)
        if (write(to, bytes, (size_t)n) != n)
            return false;
    return n == 0;
}

/* From another file system: a copy beside the old program first, so that whoever starts
 * the agent again never meets half of one. */
static bool move_over(const char *path)
{
    char beside[PATH_MAX + 8];

    text_format(beside, sizeof(beside), "%s.new", own_path);
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int to = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0755);
    bool ok = from >= 0 && to >= 0 && copy_bytes(from, to) && fchmod(to, 0755) == 0;
    int why = errno;

    if (from >= 0)
        close(from);
    if (to >= 0 && close(to) < 0 && ok)
        ok = false, why = errno;
    if (ok && rename(beside, own_path) < 0)
        ok = false, why = errno;
    if (ok)
        unlink(path);
    else if (to >= 0)
        unlink(beside);
    errno = why;
    return ok;
}

/* Over the old program where that goes; else it runs from where it is. */
static const char *put_in_place(const char *path)
{
    if (!own_path[0] || rename(path, own_path) == 0)
        return own_path[0] ? own_path : path;
    if (errno == EXDEV && move_over(path))
        return own_path;
    agent_log("replace: %s stays where it is: rename to %s: %s", path, own_path,
              strerror(errno));
    return path;
}

static void become(struct replace *r)
{
    char id[24], text[300];

    text_format(id, sizeof(id), "%lld", (long long)r->m.id);
    const char *path = put_in_place(r->m.replace.path);
    setenv(REPLACE_ENV, id, 1);
    observe_done(r->agent);
    channel_keep(r->agent->channel);
    execv(path, own_argv);
    text_format(text, sizeof(text), "%s: %s", path, strerror(errno));
    unsetenv(REPLACE_ENV);
    fail(r, text);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
    struct replace *r = arg;
    struct wire_queue_stats stats;
    struct timeval look = {0, LOOK_MS * 1000L};

    (void)fd;
    (void)what;
    wire_queue_stats(r->agent->queue, &stats);
    if (busy(r->agent))
        fail(r, busy(r->agent));
    else if (stats.waiting + stats.unacked == 0 && observe_is_empty() &&
             channel_is_empty(r->agent->channel))
        become(r);
    else if (agent_now_us() - r->began_us > DRAIN_MS * INT64_C(1000))
        fail(r, "the host does not acknowledge what it was sent");
    else
        evtimer_add(r->look, &look);
}

static size_t room(void *arg)
{
    (void)arg;
    return WIRE_CHUNK_MAX;
}

static void output(void *arg, int stream, const void *bytes, size_t n)
{
    (void)arg, (void)stream, (void)bytes, (void)n;
}

static void tried(void *arg, const struct run_end *end)
{
    struct replace *r = arg;
    struct timeval now = {0, 0};

    r->run = NULL;
    if (end->cause != RUN_ENDED || end->exit != 0)
        fail(r, "the new agent does not run: its --version fails");
    else
        evtimer_add(r->look, &now);
}

/* The digest, the mode, and whether it runs here at all. */
static bool try_it(struct replace *r, struct wire_error *e)
{
    const char *path = r->m.replace.path;
    const char *argv[] = {path, "--version", NULL};
    char hex[SHA256_DIGEST_STRING_LENGTH];
    struct account root;
    struct stat st;
    struct run_spec spec = {
        .spawn = {.argv = argv, .account = &root},
        .timeout_ms = TRY_MS,
        .room = room,
        .data = output,
        .end = tried,
        .arg = r,
    };

    account_find(NULL, &root);
    if (path[0] != '/' || lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return wire_fail(e, "%s: not a file", path);
    if (!SHA256File((char *)(uintptr_t)path, hex))
        return wire_fail(e, "%s: %s", path, strerror(errno));
    if (strcasecmp(hex, r->m.replace.sha256) != 0)
        return wire_fail(e, "%s: its sha256 is %s", path, hex);
    if (chmod(path, 0755) < 0)
        return wire_fail(e, "%s: chmod: %s", path, strerror(errno));
    r->run = run_start(r->agent->base, &spec, e);
    return r->run != NULL;
}

void replace_take(struct agent *a, struct wire_msg *m)
{
    struct wire_error e;
    struct replace *r = under_way ? NULL : calloc(1, sizeof(*r));

    if (!r) {
        agent_refuse(a, m, under_way ? "another replace is under way" : "out of memory");
        return;
    }
    r->agent = a;
    r->m = *m;
    memset(m, 0, sizeof(*m));
    r->began_us = agent_now_us();
    under_way = r;
    r->look = evtimer_new(a->base, on_look, r);
    if (!r->look)
        fail(r, "out of memory");
    else if (busy(a))
        fail(r, busy(a));
    else if (!try_it(r, &e))
        fail(r, e.text);
}

void replace_abort(void)
{
    if (under_way)
        forget(under_way);
}
