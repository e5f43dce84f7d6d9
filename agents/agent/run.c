#include "agents/agent/run.h"

#include "agents/agent/agent.h"
#include "agents/agent/process.h"
#include "agents/agent/share.h"
#include "agents/wire/msg_table.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A program that writes line by line would make a message of each: after a small read the
 * stream rests for this long, while the pipe gathers. */
#define REST_US 10000
#define SMALL_READ 4096

struct stream {
    struct run *run;
    int number; /* 1 or 2 */
    int fd;     /* -1: read to its end */
    struct event *event;
    /* After the program's end: what was in the pipe by then and is still to be read.
     * Not to the end of file, which a daemon that it left behind may never bring. */
    int left;
};

struct run {
    struct event_base *base;
    struct run_spec spec;
    pid_t pid;
    struct group *group; /* or NULL */
    bool exited;
    bool killed;
    int status;
    enum run_cause cause;
    int64_t began_us;
    struct stream streams[2];
    struct event *timer; /* the deadline, then the end of the grace */
    struct event *rest;  /* the end of a rest */
};

/* All of it, or the session where it has no group. */
static void signal_all(struct run *r, int signal)
{
    if (!r->group)
        process_kill(r->pid, signal);
    else if (signal == SIGKILL)
        group_kill(r->group, r->pid);
    else
        group_signal(r->group, r->pid, signal);
}

static void free_event(struct stream *s)
{
    share_remove(s->event);
    event_free(s->event);
    s->event = NULL;
}

static void run_free(struct run *r)
{
    for (int i = 0; i < 2; i++) {
        if (r->streams[i].event)
            free_event(&r->streams[i]);
        if (r->streams[i].fd >= 0)
            close(r->streams[i].fd);
    }
    if (r->timer)
        event_free(r->timer);
    if (r->rest)
        event_free(r->rest);
    group_free(r->group);
    free(r);
}

static void finish_if_over(struct run *r)
{
    if (!r->exited || r->streams[0].fd >= 0 || r->streams[1].fd >= 0)
        return;
    struct run_end end = {.cause = r->cause, .exit = -1};
    if (WIFEXITED(r->status))
        end.exit = WEXITSTATUS(r->status);
    else if (WIFSIGNALED(r->status))
        end.signal = WTERMSIG(r->status);
    end.out_of_memory = r->group && group_out_of_memory(r->group);
    end.dur_us = agent_now_us() - r->began_us;
    r->spec.end(r->spec.arg, &end);
    run_free(r);
}

static void close_stream(struct stream *s)
{
    free_event(s);
    close(s->fd);
    s->fd = -1;
}

/* One read. Returns false when there is nothing more to be had now. */
static bool read_some(struct stream *s)
{
    struct run *r = s->run;
    char bytes[WIRE_CHUNK_MAX];
    size_t room = r->spec.room(r->spec.arg);
    struct timeval rest = {0, REST_US};

    if (r->exited && s->left == 0) {
        close_stream(s);
        return false;
    }
    if (room == 0) {
        event_del(s->event);
        return false;
    }
    if (room > sizeof(bytes))
        room = sizeof(bytes);
    if (r->exited && room > (size_t)s->left)
        room = (size_t)s->left;
    ssize_t n = read(s->fd, bytes, room);
    if (n > 0) {
        s->left -= r->exited ? (int)n : 0;
        if (n < SMALL_READ && !r->exited) {
            event_del(s->event);
            evtimer_add(r->rest, &rest);
        }
        r->spec.data(r->spec.arg, s->number, bytes, (size_t)n);
        return true;
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR) || r->exited)
        close_stream(s);
    return false;
}

static void on_output(evutil_socket_t fd, short what, void *arg)
{
    struct stream *s = arg;

    (void)fd;
    (void)what;
    if (share_spent()) {
        event_del(s->event); /* share.c goes on with it */
        return;
    }
    read_some(s);
    finish_if_over(s->run);
}

static void drain(struct run *r)
{
    for (int i = 0; i < 2; i++)
        while (r->streams[i].fd >= 0 && read_some(&r->streams[i]))
            ;
    finish_if_over(r);
}

static void on_exit_(void *arg, int status)
{
    struct run *r = arg;

    r->exited = true;
    r->status = status;
    evtimer_del(r->timer);
    if (r->cause != RUN_ENDED && r->group)
        group_kill(r->group, 0); /* what outlived its leader in the grace */
    for (int i = 0; i < 2; i++)
        if (r->streams[i].fd >= 0 &&
            ioctl(r->streams[i].fd, FIONREAD, &r->streams[i].left) < 0)
            r->streams[i].left = 0;
    drain(r);
}

static void stop(struct run *r, enum run_cause cause)
{
    struct timeval grace = {r->spec.grace_ms / 1000, r->spec.grace_ms % 1000 * 1000};

    if (r->exited || r->killed)
        return;
    if (r->cause == RUN_ENDED)
        r->cause = cause;
    else
        r->killed = true; /* the grace is over */
    r->killed |= r->spec.grace_ms == 0;
    signal_all(r, r->killed ? SIGKILL : SIGTERM);
    if (!r->killed) {
        signal_all(r, SIGCONT); /* a stopped process would not see it */
        evtimer_add(r->timer, &grace);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    stop(arg, RUN_DEADLINE);
}

void run_cancel(struct run *r)
{
    if (r->cause == RUN_ENDED)
        stop(r, RUN_CANCELLED);
}

static void watch_streams(struct run *r)
{
    for (int i = 0; i < 2; i++)
        if (r->streams[i].fd >= 0)
            event_add(r->streams[i].event, NULL);
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    watch_streams(arg);
}

pid_t run_pid(const struct run *r)
{
    return r->pid;
}

void run_resume(struct run *r)
{
    if (r->exited)
        drain(r);
    else
        watch_streams(r);
}

void run_kill(struct run *r)
{
    if (!r->exited) {
        signal_all(r, SIGKILL);
        spawn_forget(r->pid);
    }
    run_free(r);
}

static bool open_stream(struct run *r, int i, int *child_end, struct wire_error *e)
{
    struct stream *s = &r->streams[i];
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return wire_fail(e, "pipe: %s", strerror(errno));
    *child_end = fds[1];
    s->fd = fds[0];
    s->number = i + 1;
    s->run = r;
    if (fcntl(s->fd, F_SETFL, O_NONBLOCK) < 0)
        return wire_fail(e, "pipe: %s", strerror(errno));
    s->event = event_new(r->base, s->fd, EV_READ | EV_PERSIST, on_output, s);
    return (s->event && share_add(s->event)) || wire_fail(e, "out of memory");
}

/* Forks with the pipes in place. */
static bool launch(struct run *r, struct wire_error *e)
{
    struct spawn s = r->spec.spawn;
    bool ok = true;

    s.in = s.out = s.err = s.tty = -1;
    s.group = r->group;
    if (r->spec.input.len > 0 &&
        (s.in = spawn_input(r->spec.input.data, r->spec.input.len)) < 0)
        ok = wire_fail(e, "standard input: %s", strerror(errno));
    ok = ok && open_stream(r, 0, &s.out, e) && open_stream(r, 1, &s.err, e);
    if (ok)
        ok = (r->pid = spawn_start(&s, e)) > 0;
    if (s.in >= 0)
        close(s.in);
    if (s.out >= 0)
        close(s.out);
    if (s.err >= 0)
        close(s.err);
    return ok;
}

struct run *run_start(struct event_base *base, const struct run_spec *spec,
                      struct wire_error *e)
{
    struct timeval timeout = {spec->timeout_ms / 1000, spec->timeout_ms % 1000 * 1000};
    struct run *r = calloc(1, sizeof(*r));

    if (!r) {
        wire_fail(e, "out of memory");
        return NULL;
    }
    r->base = base;
    r->spec = *spec;
    r->streams[0].fd = r->streams[1].fd = -1;
    r->began_us = agent_now_us();
    r->timer = evtimer_new(base, on_timer, r);
    r->rest = evtimer_new(base, on_rested, r);
    bool ok = (r->timer && r->rest) || wire_fail(e, "out of memory");
    if (ok && spec->id > 0)
        ok = (r->group = group_new(spec->id, &spec->limits, e)) != NULL;
    if (!ok || !launch(r, e)) {
        run_free(r);
        return NULL;
    }
    /* What pointed into the message is not needed any more. */
    memset(&r->spec.spawn, 0, sizeof(r->spec.spawn));
    memset(&r->spec.input, 0, sizeof(r->spec.input));
    if (!spawn_watch(r->pid, on_exit_, r)) {
        wire_fail(e, "out of memory");
        kill(-r->pid, SIGKILL);
        waitpid(r->pid, NULL, 0);
        run_free(r);
        return NULL;
    }
    evtimer_add(r->timer, &timeout);
    return r;
}
