#include "agents/agent/spawn.h"

#include "agents/agent/agent.h"
#include "agents/agent/process.h"
#include "agents/agent/text.h"
#include "agents/wire/msg_table.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct watched {
    struct watched *next;
    pid_t pid;
    spawn_fn fn; /* NULL: forgotten */
    void *arg;
};

static struct watched *watched;
static struct event *on_child;

/* What a child that could not become its program writes before it ends. */
struct failure {
    char what[48];
    int error;
};

static void fail_child(int fd, const char *what)
{
    struct failure f = {.error = errno};

    text_format(f.what, sizeof(f.what), "%s", what);
    if (write(fd, &f, sizeof(f)) != sizeof(f))
        _exit(126);
    _exit(127);
}

static void child_env(const struct spawn *s)
{
    if (clearenv() != 0)
        environ = NULL;
    setenv("PATH", DEFAULT_PATH, 1);
    setenv("HOME", s->account->home, 1);
    setenv("USER", s->account->name, 1);
    setenv("LOGNAME", s->account->name, 1);
    setenv("SHELL", s->account->shell, 1);
    setenv("LANG", "C.UTF-8", 1);
    if (s->tty >= 0)
        setenv("TERM", "xterm-256color", 1);
    if (s->group && group_mark(s->group))
        setenv(PROCESS_MARK, group_mark(s->group), 1);
    for (size_t i = 0; i < s->n_env; i++)
        setenv(s->env[i].name, s->env[i].value, 1);
}

static void child_signals(void)
{
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Puts from, or /dev/null, at to. Both are close-on-exec before. */
static int place(int from, int to, int flags)
{
    int fd = from >= 0 ? from : open("/dev/null", flags | O_CLOEXEC);

    if (fd < 0)
        return -1;
    if (fd == to) /* dup2 would leave close-on-exec set */
        return fcntl(fd, F_SETFD, 0);
    return dup2(fd, to);
}

static void child_descriptors(const struct spawn *s, int report)
{
    if (s->tty >= 0 && ioctl(s->tty, TIOCSCTTY, 0) < 0)
        fail_child(report, "terminal");
    bool tty = s->tty >= 0;
    if (place(tty ? s->tty : s->in, 0, O_RDONLY) < 0 ||
        place(tty ? s->tty : s->out, 1, O_WRONLY) < 0 ||
        place(tty ? s->tty : s->err, 2, O_WRONLY) < 0)
        fail_child(report, "descriptors");
    /* What the agent itself was started with is no business of an order's. Kernels
     * before 5.11 lack the call; the agent's own are close-on-exec anyway. */
    (void)close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
}

static void child_directory(const struct spawn *s, int report)
{
    if (s->cwd && chdir(s->cwd) < 0)
        fail_child(report, s->cwd);
    if (!s->cwd && chdir(s->account->home) < 0 && chdir("/") < 0)
        fail_child(report, "/");
}

static void write_proc(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return; /* a kernel without it */
    (void)!write(fd, text, strlen(text));
    close(fd);
}

/* What of the agent's must not go over to a child, and what a login sets: best effort,
 * for kernels differ. */
static void child_proc(const struct spawn *s)
{
    char uid[16];

    write_proc("/proc/self/oom_score_adj", "0");
    text_format(uid, sizeof(uid), "%lld", (long long)s->auid);
    if (s->login || s->auid > 0)
        write_proc("/proc/self/loginuid", uid);
}

static void child_main(const struct spawn *s, int report)
{
    const char *const shell[] = {"sh", "-c", s->script, NULL};
    const char *const login[] = {s->login, NULL};

    setsid();
    child_signals();
    child_descriptors(s, report);
    child_proc(s);
    if (s->group && group_enter(s->group) < 0)
        fail_child(report, "control group");
    if (account_become(s->account) < 0)
        fail_child(report, "change of user");
    child_directory(s, report);
    child_env(s);
    umask(022);
    if (s->main) {
        close(report);
        int status = s->main(s->arg);
        _exit(fflush(stdout) == 0 ? status : 1);
    }
    if (s->login)
        execv(s->account->shell, (char *const *)login);
    else if (s->script)
        execv("/bin/sh", (char *const *)shell);
    else
        execvp(s->argv[0], (char *const *)s->argv);
    fail_child(report, s->login ? s->account->shell : s->script ? "/bin/sh" : s->argv[0]);
}

pid_t spawn_start(const struct spawn *s, struct wire_error *e)
{
    struct failure f;
    int report[2];

    if (pipe2(report, O_CLOEXEC) < 0) {
        wire_fail(e, "pipe: %s", strerror(errno));
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0)
        child_main(s, report[1]);
    close(report[1]);
    if (pid < 0) {
        wire_fail(e, "fork: %s", strerror(errno));
        close(report[0]);
        return -1;
    }
    /* Ends at once: by the failure, or by exec, which closes the pipe. */
    ssize_t n;
    do
        n = read(report[0], &f, sizeof(f));
    while (n < 0 && errno == EINTR);
    close(report[0]);
    if (n != sizeof(f))
        return pid;
    waitpid(pid, NULL, 0);
    wire_fail(e, "%s: %s", f.what, strerror(f.error));
    return -1;
}

bool spawn_watch(pid_t pid, spawn_fn fn, void *arg)
{
    struct watched *w = calloc(1, sizeof(*w));

    if (!w)
        return false;
    *w = (struct watched){watched, pid, fn, arg};
    watched = w;
    return true;
}

void spawn_forget(pid_t pid)
{
    for (struct watched *w = watched; w; w = w->next)
        if (w->pid == pid)
            w->fn = NULL;
}

static struct watched *take(pid_t pid)
{
    for (struct watched **at = &watched; *at; at = &(*at)->next) {
        struct watched *w = *at;
        if (pid > 0 && w->pid != pid)
            continue;
        *at = w->next;
        return w;
    }
    return NULL;
}

/* One that has ended, taken off the list; or NULL. The list may change in a callback,
 * hence one at a time. Orphans that the agent has adopted are reaped on the way. Without
 * any child left, what is still watched has ended and was reaped elsewhere. */
static struct watched *take_ended(int *status)
{
    struct watched *w = NULL;
    pid_t pid;

    while (!w && (pid = waitpid(-1, status, WNOHANG)) > 0)
        w = take(pid);
    if (!w && pid < 0 && errno == ECHILD)
        w = take(0);
    return w;
}

static void reap(evutil_socket_t fd, short what, void *arg)
{
    struct watched *w;
    int status = 0;

    (void)fd;
    (void)what;
    (void)arg;
    while ((w = take_ended(&status))) {
        if (w->fn)
            w->fn(w->arg, status);
        free(w);
    }
}

bool spawn_init(struct event_base *base)
{
    on_child = evsignal_new(base, SIGCHLD, reap, NULL);
    return on_child && event_add(on_child, NULL) == 0;
}

void spawn_done(void)
{
    if (on_child)
        event_free(on_child);
    on_child = NULL;
    while (watched) {
        struct watched *next = watched->next;
        free(watched);
        watched = next;
    }
}

int spawn_input(const void *bytes, size_t len)
{
    int fd = memfd_create("stdin", MFD_CLOEXEC);

    if (fd < 0)
        return -1;
    if (write(fd, bytes, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}
