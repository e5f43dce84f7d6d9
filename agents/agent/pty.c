#include "agents/agent/pty.h"

#include "agents/agent/kept.h"
#include "agents/agent/process.h"
#include "agents/agent/share.h"
#include "agents/agent/spawn.h"
#include "agents/agent/text.h"
#include "agents/agent/who.h"
#include "agents/wire/msg_table.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define PTYS_MAX 32
#define INPUT_MAX 65536 /* typed and not yet taken by the program */
#define HANGUP_S 1      /* from SIGHUP to SIGKILL */

struct pty {
    struct pty *next;
    struct agent *agent;
    int64_t id;
    pid_t pid;
    int fd; /* the master */
    bool exited;
    bool aborted; /* what is still to be read is dropped */
    int status;
    struct event *readable;
    struct event *writable;
    struct event *timer;
    size_t in_len;
    char in[INPUT_MAX];
};

static void pty_free(struct pty *p)
{
    struct pty **at = &p->agent->ptys;

    while (*at && *at != p)
        at = &(*at)->next;
    if (*at)
        *at = p->next;
    if (p->readable) {
        share_remove(p->readable);
        event_free(p->readable);
    }
    if (p->writable)
        event_free(p->writable);
    if (p->timer)
        event_free(p->timer);
    if (p->fd >= 0)
        close(p->fd);
    free(p);
}

static void end(struct pty *p, const char *text)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_PTYEND);
    m.id = p->id;
    m.ptyend.text = text;
    if (p->exited && WIFEXITED(p->status))
        m.ptyend.exit = WEXITSTATUS(p->status);
    else if (p->exited && WIFSIGNALED(p->status))
        m.ptyend.signal = WTERMSIG(p->status);
    kept_end(p->agent, &m);
    pty_free(p);
}

/* One read under credit. False when there is nothing more to be had now; p may be gone.
 */
static bool read_some(struct pty *p)
{
    char bytes[WIRE_CHUNK_MAX];
    int64_t credit = wire_credit_left(p->agent->queue);
    size_t room =
        credit < WIRE_CHUNK_MAX ? (size_t)(credit > 0 ? credit : 0) : sizeof(bytes);
    struct wire_msg m;

    if (room == 0) {
        event_del(p->readable);
        return false;
    }
    ssize_t n = read(p->fd, bytes, room);
    if (n > 0) {
        wire_msg_init(&m, WIRE_PTY);
        m.id = p->id;
        m.out.data = (struct wire_bytes){(unsigned char *)bytes, (size_t)n};
        agent_send(p->agent, &m);
        return true;
    }
    /* EIO: no process has the terminal open any more, which is the end of it. */
    if (n < 0 && errno == EIO && !p->exited)
        event_del(p->readable);
    if (p->exited)
        end(p, NULL);
    return false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    if (share_spent())
        event_del(((struct pty *)arg)->readable); /* share.c goes on with it */
    else
        read_some(arg);
}

static void drain(struct pty *p)
{
    while (read_some(p))
        ;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct pty *p = arg;

    (void)what;
    ssize_t n = write(fd, p->in, p->in_len);
    if (n > 0) {
        memmove(p->in, p->in + n, p->in_len - (size_t)n);
        p->in_len -= (size_t)n;
    }
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        p->in_len = 0; /* nobody is there to read it */
    if (p->in_len > 0)
        event_add(p->writable, NULL);
}

static void on_exit_(void *arg, int status)
{
    struct pty *p = arg;

    p->exited = true;
    p->status = status;
    evtimer_del(p->timer);
    if (p->aborted)
        end(p, NULL);
    else
        drain(p);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct pty *p = arg;

    (void)fd;
    (void)what;
    p->aborted = true;
    process_kill(p->pid, SIGKILL);
}

static bool set_size(int fd, int64_t cols, int64_t rows)
{
    struct winsize size = {.ws_col = (unsigned short)cols,
                           .ws_row = (unsigned short)rows};

    return ioctl(fd, TIOCSWINSZ, &size) == 0;
}

/* Opens master and slave, the slave owned as login(1) would have it. */
static bool open_terminal(struct pty *p, const struct account *account, int *slave,
                          struct wire_error *e)
{
    gid_t tty;
    int unlock = 0;

    p->fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (p->fd < 0)
        return wire_fail(e, "/dev/ptmx: %s", strerror(errno));
    if (ioctl(p->fd, TIOCSPTLCK, &unlock) < 0)
        return wire_fail(e, "/dev/ptmx: unlock: %s", strerror(errno));
    *slave = ioctl(p->fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*slave < 0)
        return wire_fail(e, "/dev/ptmx: no other end: %s", strerror(errno));
    if (!account_group("tty", &tty))
        tty = account->gid;
    if (fchown(*slave, account->uid, tty) < 0 || fchmod(*slave, 0620) < 0)
        return wire_fail(e, "terminal: owner: %s", strerror(errno));
    return true;
}

static bool start_shell(struct pty *p, const struct wire_open *ask,
                        const struct account *account, struct wire_error *e)
{
    struct wire_env env = {"PARRY_PLAYER", ask->player};
    char login[64];
    int slave = -1;
    const char *base = strrchr(account->shell, '/');

    text_format(login, sizeof(login), "-%s", base ? base + 1 : account->shell);
    bool ok = open_terminal(p, account, &slave, e);
    if (ok && !set_size(p->fd, ask->cols, ask->rows))
        ok = wire_fail(e, "terminal: size: %s", strerror(errno));
    struct spawn s = {.account = account,
                      .login = login,
                      .auid = ask->auid >= 0 ? ask->auid : account->uid,
                      .tty = slave,
                      .env = &env,
                      .n_env = ask->player ? 1 : 0};
    s.in = s.out = s.err = -1;
    ok = ok && (p->pid = spawn_start(&s, e)) > 0;
    if (slave >= 0)
        close(slave);
    return ok;
}

static bool watch(struct pty *p)
{
    struct event_base *base = p->agent->base;

    p->readable = event_new(base, p->fd, EV_READ | EV_PERSIST, on_readable, p);
    p->writable = event_new(base, p->fd, EV_WRITE, on_writable, p);
    p->timer = evtimer_new(base, on_timer, p);
    return p->readable && p->writable && p->timer && share_add(p->readable) &&
           spawn_watch(p->pid, on_exit_, p);
}

static size_t count(const struct agent *a)
{
    size_t n = 0;

    for (const struct pty *p = a->ptys; p; p = p->next)
        n++;
    return n;
}

void pty_open(struct agent *a, struct wire_msg *m)
{
    struct account account;
    struct wire_error e;

    if (count(a) >= PTYS_MAX) {
        agent_refuse(a, m, "%d terminals are open already", PTYS_MAX);
        return;
    }
    if (!account_find(m->open.user, &account)) {
        agent_refuse(a, m, "there is no user %s", m->open.user);
        return;
    }
    struct pty *p = calloc(1, sizeof(*p));
    if (!p) {
        agent_refuse(a, m, "out of memory");
        return;
    }
    p->agent = a;
    p->id = m->id;
    p->fd = -1;
    p->next = a->ptys;
    a->ptys = p;
    if (!start_shell(p, &m->open, &account, &e)) {
        agent_refuse(a, m, "%s", e.text);
        pty_free(p);
    } else if (!watch(p)) {
        process_kill(p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
        agent_refuse(a, m, "out of memory");
        pty_free(p);
    } else {
        who_session(p->pid, WIRE_FROM_PLAYER, p->id, m->open.player);
    }
}

static struct pty *find(const struct agent *a, int64_t id)
{
    struct pty *p = a->ptys;

    while (p && p->id != id)
        p = p->next;
    return p;
}

/* Messages for a terminal that is over are late, not wrong. */
void pty_input(struct agent *a, struct wire_msg *m)
{
    struct pty *p = find(a, m->id);
    size_t n = m->out.data.len;

    if (!p || p->exited)
        return;
    if (p->in_len + n > sizeof(p->in)) {
        agent_log("terminal %lld: %zu bytes typed and not taken: dropped",
                  (long long)p->id, n);
        return;
    }
    memcpy(p->in + p->in_len, m->out.data.data, n);
    p->in_len += n;
    event_add(p->writable, NULL);
}

void pty_size(struct agent *a, struct wire_msg *m)
{
    const struct pty *p = find(a, m->id);

    if (p && !set_size(p->fd, m->size.cols, m->size.rows))
        agent_log("terminal %lld: size: %s", (long long)p->id, strerror(errno));
}

void pty_close(struct agent *a, struct wire_msg *m)
{
    struct pty *p = find(a, m->id);
    struct timeval tv = {HANGUP_S, 0};

    if (!p)
        return;
    if (p->exited) {
        end(p, NULL); /* what was not read has nobody left to read it */
        return;
    }
    process_kill(p->pid, SIGHUP);
    process_kill(p->pid, SIGCONT);
    evtimer_add(p->timer, &tv);
}

void ptys_resume(struct agent *a)
{
    struct pty *next;

    for (struct pty *p = a->ptys; p; p = next) {
        next = p->next;
        if (p->exited)
            drain(p);
        else
            event_add(p->readable, NULL);
    }
}

void ptys_abort(struct agent *a, bool quietly)
{
    struct pty *next;

    for (struct pty *p = a->ptys; p; p = next) {
        next = p->next;
        if (!p->exited) {
            process_kill(p->pid, SIGKILL);
            spawn_forget(p->pid);
        }
        if (quietly)
            pty_free(p);
        else
            end(p, "aborted by the host");
    }
}
