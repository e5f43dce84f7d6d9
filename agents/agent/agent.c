/*
 * What the modules share, and the program: options, descriptors, the loop.
 */
#include "agents/agent/agent.h"

#include "agents/agent/beat.h"
#include "agents/agent/channel.h"
#include "agents/agent/check.h"
#include "agents/agent/deadman.h"
#include "agents/agent/files.h"
#include "agents/agent/group.h"
#include "agents/agent/itself.h"
#include "agents/agent/kept.h"
#include "agents/agent/observe.h"
#include "agents/agent/order.h"
#include "agents/agent/personalise.h"
#include "agents/agent/probe.h"
#include "agents/agent/pty.h"
#include "agents/agent/replace.h"
#include "agents/agent/session.h"
#include "agents/agent/share.h"
#include "agents/agent/spawn.h"
#include "agents/agent/text.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* What the agent keeps for a host that does not acknowledge: it must stay small. */
#define RELIABLE_MAX (1u << 20)

int64_t agent_now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void agent_log(const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    if (vsnprintf(line, sizeof(line), format, args) < 0)
        line[0] = '\0';
    va_end(args);
    text_clean(line);
    fprintf(stderr, "parry-agent: %s\n", line);
}

void agent_send(struct agent *a, const struct wire_msg *m)
{
    struct wire_error e;

    if (!wire_queue_put(a->queue, m, &e))
        agent_log("dropped an answer: %s", e.text);
    if (a->channel)
        channel_kick(a->channel);
}

void agent_refuse(struct agent *a, const struct wire_msg *m, const char *format, ...)
{
    struct wire_msg answer;
    char text[200];
    va_list args;

    va_start(args, format);
    if (vsnprintf(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    va_end(args);
    text_clean(text);
    if (m->id < 1)
        return;
    switch (m->kind) {
    case WIRE_PERSONALISE:
        wire_msg_init(&answer, WIRE_READY);
        answer.ready.status = WIRE_FAILED;
        answer.ready.text = text;
        break;
    case WIRE_CHECK:
        wire_msg_init(&answer, WIRE_CHECKED);
        answer.checked.status = WIRE_UNCHECKED;
        answer.checked.text = text;
        break;
    case WIRE_OPEN:
        wire_msg_init(&answer, WIRE_PTYEND);
        answer.ptyend.text = text;
        break;
    default:
        wire_msg_init(&answer, WIRE_RESULT);
        answer.result.status = WIRE_REFUSED;
        answer.result.text = text;
        break;
    }
    answer.id = m->id;
    if (m->kind == WIRE_CHECK || m->kind == WIRE_PROBE)
        agent_send(a, &answer); /* may be asked again */
    else
        kept_end(a, &answer);
}

void agent_credit(struct agent *a)
{
    orders_resume(a);
    ptys_resume(a);
}

void agent_abort(struct agent *a, bool quietly)
{
    orders_abort(a, quietly);
    checks_abort(a, quietly);
    probes_abort(a);
    ptys_abort(a, quietly);
    personalise_abort(a, quietly);
    replace_abort();
    files_abort();
}

struct options {
    const char *channel;
    const char *socket;
    int fd;
    bool once;
    const char *state_dir;
};

static const char usage[] =
    "Usage: parry-agent [--channel auto|PATH | --socket PATH | --fd N] [--once]\n"
    "                   [--state DIR]\n"
    "Carries out, inside a guest, what the host of the drill asks for.\n"
    "\n"
    "  --channel auto|PATH  a virtio-serial port; auto (the default) finds it by name\n"
    "  --socket PATH        a UNIX socket, connected to again and again\n"
    "  --fd N               an open descriptor, until its end\n"
    "  --once               end when the host goes away\n"
    "  --state DIR          where results are kept (" AGENT_STATE_DIR ")\n"
    "  --version, --help\n";

static bool parse_fd(const char *text, int *fd)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (!*text || *end || n < 0 || n > 1 << 20 || fcntl((int)n, F_GETFD) < 0)
        return false;
    *fd = (int)n;
    return true;
}

/* Returns -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {
        {"channel", required_argument, NULL, 'c'},
        {"socket", required_argument, NULL, 's'},
        {"fd", required_argument, NULL, 'f'},
        {"once", no_argument, NULL, '1'},
        {"state", required_argument, NULL, 'd'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (c) {
        case 'c':
            o->channel = optarg;
            break;
        case 's':
            o->socket = optarg;
            break;
        case 'f':
            if (!parse_fd(optarg, &o->fd)) {
                agent_log("--fd %s: not an open descriptor", optarg);
                return 2;
            }
            break;
        case '1':
            o->once = true;
            break;
        case 'd':
            o->state_dir = optarg;
            break;
        case 'V':
            puts("parry-agent " PARRY_VERSION);
            return 0;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    return -1;
}

/* An init may start its child with nothing open: 0 to 2 must never become a pipe. */
static void open_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
}

static void read_identity(struct agent *a)
{
    uint64_t random = 0;

    if (!text_first_line("/proc/sys/kernel/random/boot_id", a->boot, sizeof(a->boot)) ||
        strlen(a->boot) != 36)
        text_format(a->boot, sizeof(a->boot), "00000000-0000-0000-0000-000000000000");
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        random = (uint64_t)agent_now_us() << 16 ^ (uint64_t)getpid();
    a->inst = (int64_t)(random >> 11); /* 53 bits: exact in every JSON reader */
}

/* A guest that runs out of memory must still answer: the agent goes last. */
static void spare_from_oom(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (write(fd, "-900\n", 5) < 0 && errno != EACCES)
        agent_log("oom_score_adj: %s", strerror(errno));
    close(fd);
}

static bool once;

static void on_down(void *arg)
{
    struct agent *a = arg;

    session_down(a);
    if (once)
        event_base_loopexit(a->base, NULL);
}

static void on_end(void *arg)
{
    event_base_loopexit(((struct agent *)arg)->base, NULL);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    event_base_loopexit(arg, NULL);
}

static struct channel *open_channel(struct agent *a, const struct options *o)
{
    struct channel_owner owner = {.up = session_up,
                                  .down = on_down,
                                  .end = on_end,
                                  .line = session_line,
                                  .next = session_next,
                                  .arg = a};

    if (o->fd >= 0)
        return channel_open_fd(a->base, o->fd, &owner);
    if (o->socket)
        return channel_open_socket(a->base, o->socket, &owner);
    return channel_open_port(a->base, o->channel, &owner);
}

static bool set_up(struct agent *a, const struct options *o)
{
    struct wire_limits limits = {.reliable_max = RELIABLE_MAX};

    wire_init();
    read_identity(a);
    a->base = event_base_new();
    a->queue = wire_queue_new(&limits);
    group_init(a->inst);
    a->kept = kept_open(o->state_dir, a->inst);
    if (!a->base || !a->queue || !a->kept || !spawn_init(a->base) ||
        !share_start(a->base) || !beat_start(a))
        return false;
    a->epoch = kept_last_epoch(a->kept);
    kept_repeat(a);
    unsetenv(REPLACE_ENV);
    a->channel = open_channel(a, o);
    return a->channel != NULL;
}

static void tear_down(struct agent *a)
{
    agent_abort(a, true);
    channel_free(a->channel);
    a->channel = NULL;
    beat_stop();
    deadman_done();
    observe_done(a);
    share_stop();
    spawn_done();
    kept_free(a->kept);
    wire_queue_free(a->queue);
    if (a->base)
        event_base_free(a->base);
}

static int serve(const struct options *o)
{
    struct agent a = {.ping = -1};
    struct event *term = NULL;
    int status = 1;

    if (set_up(&a, o)) {
        term = evsignal_new(a.base, SIGTERM, on_signal, a.base);
        if (term)
            event_add(term, NULL);
        status = event_base_dispatch(a.base) < 0 ? 1 : 0;
    } else {
        agent_log("cannot start: %s", strerror(errno));
    }
    if (term)
        event_free(term);
    tear_down(&a);
    return status;
}

int main(int argc, char **argv)
{
    struct options o = {.channel = "auto", .fd = -1, .state_dir = AGENT_STATE_DIR};
    int status = parse_options(argc, argv, &o);

    if (status >= 0)
        return status;
    open_standard_descriptors();
    replace_init(argv);
    itself_init(argv[0]);
    spare_from_oom();
    signal(SIGPIPE, SIG_IGN);
    once = o.once;
    return serve(&o);
}
