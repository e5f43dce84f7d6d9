/*
 * parry-host stays in the machine's own namespaces and has one child, pid 1 of new
 * ones. What dies takes down what is below it: pid 1 is killed when parry-host ends
 * (PR_SET_PDEATHSIG, and the closed note socket), and the kernel kills all that is in a
 * pid namespace when its pid 1 ends. So nothing outlives parry-host.
 */
#include "orchestrator/host/keeper.h"

#include "orchestrator/host/accounts.h"
#include "orchestrator/host/config.h"
#include "orchestrator/host/host.h"
#include "orchestrator/host/init.h"
#include "orchestrator/host/log.h"
#include "orchestrator/host/prime.h"
#include "orchestrator/host/state.h"
#include "orchestrator/host/trial.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES                                                                       \
    (CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)
#define STOP_US (8 * G_USEC_PER_SEC) /* for pid 1 after SIGTERM, before SIGKILL */
#define TICK_MS 30000                /* how often the log's size is looked at */
#define OLD_GONE_US (10 * G_USEC_PER_SEC)

typedef struct {
    const HostPaths *paths;
    int ready_fd, signals, notes, prime;
    pid_t prime_pid;
    HostState state;
    gboolean stopping, init_gone, answered;
    gint64 kill_at; /* monotonic; 0: pid 1 has not been asked to stop */
    int status;
} Keeper;

/*
 * Tells the starter, once. It reads until the end of file: after "ready" that comes now,
 * after a failure when this process has ended, so that nothing is left by then.
 */
static void answer(Keeper *keeper, const char *words, gboolean ready)
{
    if (keeper->ready_fd < 0 || keeper->answered)
        return;
    /* A starter that has gone away does not matter. */
    (void)!write(keeper->ready_fd, words, strlen(words));
    keeper->answered = TRUE;
    if (!ready)
        return;
    close(keeper->ready_fd);
    keeper->ready_fd = -1;
}

static void save_state(Keeper *keeper)
{
    g_autoptr(GError) error = NULL;

    if (!host_state_write(keeper->paths->state, &keeper->state, &error))
        host_log("%s", error->message);
}

/* Asks pid 1 to end; the words say why when it was not wished. */
static void stop(Keeper *keeper, int status, const char *words)
{
    if (words) {
        host_log("%s", words);
        answer(keeper, words, FALSE);
    }
    if (keeper->stopping)
        return;
    keeper->stopping = TRUE;
    keeper->status = status;
    keeper->kill_at = g_get_monotonic_time() + STOP_US;
    if (!keeper->init_gone)
        kill(keeper->state.init_pid, SIGTERM);
}

static void on_init_end(Keeper *keeper, int status)
{
    g_autofree char *how = NULL;

    keeper->init_gone = TRUE;
    if (keeper->stopping)
        return;
    if (WIFSIGNALED(status))
        how = g_strdup_printf("pid 1 of the host was killed by signal %d",
                              WTERMSIG(status));
    else
        how = g_strdup_printf("pid 1 of the host ended with status %d",
                              WEXITSTATUS(status));
    stop(keeper, keeper->state.ready ? KEEPER_LOST : KEEPER_FAILED, how);
}

static void on_child(Keeper *keeper)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == keeper->state.init_pid) {
            on_init_end(keeper, status);
        } else if (pid == keeper->prime_pid) {
            keeper->prime_pid = 0;
            if (!keeper->state.ready && !keeper->stopping)
                stop(keeper, KEEPER_FAILED,
                     "libvirtd did not let itself be connected to");
        }
    }
}

static void on_signal(Keeper *keeper)
{
    struct signalfd_siginfo info;

    while (read(keeper->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            continue; /* on_child() is called each turn */
        host_log("stopping: %s from pid %u", strsignal((int)info.ssi_signo),
                 info.ssi_pid);
        stop(keeper, KEEPER_STOPPED, NULL);
        answer(keeper, "stopped before it was ready", FALSE);
    }
}

static void on_up(Keeper *keeper)
{
    g_autoptr(GError) error = NULL;
    gboolean kvm = g_str_equal(keeper->state.accel, "kvm");

    host_log("libvirtd accepts connections");
    keeper->prime_pid = host_prime_start(keeper->paths->uri, kvm, &keeper->prime, &error);
    if (keeper->prime_pid < 0)
        stop(keeper, KEEPER_FAILED, error->message);
}

static void on_note(Keeper *keeper)
{
    HostNote note;

    while (recv(keeper->notes, &note, sizeof note, MSG_DONTWAIT) == sizeof note) {
        note.text[sizeof note.text - 1] = '\0';
        switch (note.kind) {
        case HOST_NOTE_UP:
            on_up(keeper);
            break;
        case HOST_NOTE_LOST:
            host_log("%s; starting it again", note.text);
            keeper->state.restarts++;
            g_free(keeper->state.last_loss);
            keeper->state.last_loss = g_strdup(note.text);
            save_state(keeper);
            break;
        case HOST_NOTE_FATAL:
            stop(keeper, keeper->state.ready ? KEEPER_LOST : KEEPER_FAILED, note.text);
            break;
        }
    }
}

static void on_prime(Keeper *keeper)
{
    char byte;
    ssize_t got;

    while ((got = read(keeper->prime, &byte, 1)) == 1) {
        if (byte == HOST_PRIME_OPENED) {
            keeper->state.ready = TRUE;
            save_state(keeper);
            host_log("ready: %s", keeper->paths->uri);
            answer(keeper, "ready", TRUE);
        } else if (byte == HOST_PRIME_PRIMED) {
            host_log("QEMU's capabilities are known");
        }
    }
    if (got == 0) {
        close(keeper->prime);
        keeper->prime = -1;
    }
}

static int turn_timeout(const Keeper *keeper)
{
    if (!keeper->kill_at)
        return TICK_MS;
    gint64 left = keeper->kill_at - g_get_monotonic_time();
    return left > 0 ? (int)(left / 1000) + 1 : 0;
}

static void serve(Keeper *keeper)
{
    while (!keeper->init_gone) {
        struct pollfd fds[] = {{keeper->signals, POLLIN, 0},
                               {keeper->init_gone ? -1 : keeper->notes, POLLIN, 0},
                               {keeper->prime, POLLIN, 0}};
        if (poll(fds, G_N_ELEMENTS(fds), turn_timeout(keeper)) == 0)
            host_log_trim(keeper->paths->log);
        /* Notes first: they hold the words about an end that SIGCHLD only announces. */
        on_note(keeper);
        if (keeper->prime >= 0)
            on_prime(keeper);
        on_signal(keeper);
        on_child(keeper);
        if (keeper->kill_at && g_get_monotonic_time() >= keeper->kill_at) {
            kill(keeper->state.init_pid, SIGKILL);
            keeper->kill_at += STOP_US;
        }
    }
    on_note(keeper);
}

/* A parry-host that was killed leaves a pid 1 that the kernel is still taking down. */
static gboolean old_is_gone(const HostPaths *paths, GError **error)
{
    g_auto(HostState) old = {0};
    gint64 deadline = g_get_monotonic_time() + OLD_GONE_US;

    if (!host_state_read(paths->state, &old, NULL))
        return TRUE;
    while (host_process_start(old.init_pid) == old.init_start) {
        if (g_get_monotonic_time() > deadline) {
            g_set_error(error, HOST_ERROR, HOST_ERROR_TIMEOUT,
                        "host of %s: pid %d of an earlier parry-host does not end: kill "
                        "it",
                        paths->home, (int)old.init_pid);
            return FALSE;
        }
        g_usleep(20000);
    }
    return TRUE;
}

static gboolean check_programs(GError **error)
{
    static const struct {
        const char *path, *package;
    } needed[] = {{"/usr/sbin/libvirtd", "libvirt-daemon"},
                  {"/usr/sbin/virtlogd", "libvirt-daemon"},
                  {"/usr/bin/qemu-system-x86_64", "qemu-system-x86"}};

    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (access(needed[i].path, X_OK) == 0)
            continue;
        g_set_error(error, HOST_ERROR, HOST_ERROR_PROGRAM,
                    "%s is not installed: apt install %s", needed[i].path,
                    needed[i].package);
        return FALSE;
    }
    return TRUE;
}

static void set_accel(HostState *state, const char *accel, const char *cpu,
                      const char *reason)
{
    g_free(state->accel);
    g_free(state->cpu);
    g_free(state->reason);
    state->accel = g_strdup(accel);
    state->cpu = g_strdup(cpu);
    state->reason = g_strdup(reason);
}

static gboolean decide_accel(Keeper *keeper, const char *kernel, GError **error)
{
    g_autoptr(TrialVerdict) verdict = trial_decide(keeper->paths->home, kernel, error);

    if (!verdict)
        return FALSE;
    set_accel(&keeper->state, verdict->accel, verdict->cpu, verdict->reason);
    keeper->state.settled = verdict->settled;
    host_log("guests run with %s: %s", verdict->accel, verdict->reason);
    return TRUE;
}

static gboolean prepare(Keeper *keeper, const char *kernel, gid_t *kvm_gid,
                        GError **error)
{
    uid_t uid;
    gid_t gid;

    if (!check_programs(error) || !old_is_gone(keeper->paths, error))
        return FALSE;
    save_state(keeper);
    if (!accounts_get(ACCOUNTS_QEMU, &uid, &gid, error) ||
        !decide_accel(keeper, kernel, error) ||
        !host_paths_empty(keeper->paths->run, error) ||
        !host_config_write(keeper->paths, uid, gid, error))
        return FALSE;
    *kvm_gid = g_str_equal(keeper->state.accel, "kvm") ? gid : (gid_t)-1;
    return TRUE;
}

/* Blocks what is read through the signal descriptor, here and in pid 1. */
static gboolean take_signals(Keeper *keeper, GError **error)
{
    sigset_t mask;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    keeper->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (keeper->signals >= 0)
        return TRUE;
    g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "signalfd: %s", g_strerror(errno));
    return FALSE;
}

static gboolean start_init(Keeper *keeper, gid_t kvm_gid, GError **error)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "socketpair: %s",
                    g_strerror(errno));
        return FALSE;
    }
    pid_t pid = (pid_t)syscall(SYS_clone, NAMESPACES | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        close(pair[0]);
        close(keeper->signals);
        if (keeper->ready_fd >= 0)
            close(keeper->ready_fd);
        host_init_run(keeper->paths, kvm_gid, pair[1]);
    }
    close(pair[1]);
    keeper->notes = pair[0];
    if (pid < 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED,
                    "new network, mount and pid namespaces: %s%s", g_strerror(errno),
                    errno == EPERM ? " (root with CAP_SYS_ADMIN is needed)" : "");
        return FALSE;
    }
    keeper->state.init_pid = pid;
    keeper->state.init_start = host_process_start(pid);
    save_state(keeper);
    return TRUE;
}

static void clean(Keeper *keeper)
{
    g_autoptr(GError) error = NULL;

    if (keeper->prime_pid > 0) {
        kill(keeper->prime_pid, SIGKILL);
        waitpid(keeper->prime_pid, NULL, 0);
    }
    if (!host_paths_empty(keeper->paths->run, &error))
        host_log("%s", error->message);
    unlink(keeper->paths->state);
    int *fds[] = {&keeper->signals, &keeper->notes, &keeper->prime};
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        if (*fds[i] >= 0)
            close(*fds[i]);
    host_state_clear(&keeper->state);
}

static int run_locked(Keeper *keeper, const KeeperOptions *options)
{
    g_autoptr(GError) error = NULL;
    gid_t kvm_gid;

    keeper->state.pid = getpid();
    keeper->state.pid_start = host_process_start(getpid());
    set_accel(&keeper->state, "qemu", "", "not decided yet");
    keeper->state.since = g_get_real_time() / G_USEC_PER_SEC;
    if (prepare(keeper, options->kernel, &kvm_gid, &error) &&
        take_signals(keeper, &error) && start_init(keeper, kvm_gid, &error)) {
        serve(keeper);
        host_log("stopped");
    } else {
        keeper->status = KEEPER_FAILED;
        host_log("%s", error->message);
        answer(keeper, error->message, FALSE);
    }
    clean(keeper);
    return keeper->status;
}

int host_keeper_run(const HostPaths *paths, const KeeperOptions *options)
{
    g_autoptr(GError) error = NULL;
    Keeper keeper = {.paths = paths,
                     .ready_fd = options->ready_fd,
                     .signals = -1,
                     .notes = -1,
                     .prime = -1};
    int lock = -1, status = KEEPER_FAILED;

    if (host_paths_make(paths, &error))
        lock = host_lock(paths->lock, 0, &error);
    if (lock >= 0 && (options->ready_fd < 0 || host_log_open(paths->log, &error))) {
        status = run_locked(&keeper, options);
    } else {
        if (g_error_matches(error, HOST_ERROR, HOST_ERROR_RUNNING))
            status = KEEPER_RUNNING;
        host_log("%s", error->message);
        answer(&keeper, error->message, FALSE);
    }
    if (lock >= 0)
        close(lock);
    return status;
}
