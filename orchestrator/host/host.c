#include "orchestrator/host/host.h"

#include "orchestrator/host/log.h"
#include "orchestrator/host/netns.h"
#include "orchestrator/host/paths.h"
#include "orchestrator/host/state.h"
#include "orchestrator/host/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROGRAM "parry-host"
#define READY_US (60 * G_USEC_PER_SEC)
#define STOP_US (20 * G_USEC_PER_SEC)
#define POLL_US 20000
#define LOG_LINES 8

G_DEFINE_QUARK(parry - host - error - quark, host_error)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virConnect, virConnectClose)

void host_status_clear(HostStatus *status)
{
    g_clear_pointer(&status->uri, g_free);
    g_clear_pointer(&status->accel, g_free);
    g_clear_pointer(&status->cpu, g_free);
    g_clear_pointer(&status->reason, g_free);
    g_clear_pointer(&status->last_loss, g_free);
    g_clear_pointer(&status->log, g_free);
}

/* parry-host beside this program (a build), in bin/ seen from tests/ or from
 * libexec/parry/ (an installation), or in PATH. */
static char *find_program(GError **error)
{
    static const char *const places[] = {"", "../bin", PARRY_LIBEXEC_TO_BIN};
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *directory = self ? g_path_get_dirname(self) : g_strdup("/");

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path = g_build_filename(directory, places[i], PROGRAM, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
            return g_steal_pointer(&path);
    }
    char *path = g_find_program_in_path(PROGRAM);
    if (!path)
        g_set_error(error, HOST_ERROR, HOST_ERROR_PROGRAM,
                    "%s is neither in %s nor in PATH: install Parry completely", PROGRAM,
                    directory);
    return path;
}

/* What the new parry-host writes until it closes the pipe, or until the deadline. */
static char *read_answer(int fd, gint64 deadline)
{
    g_autoptr(GString) words = g_string_new(NULL);
    char buffer[512];

    for (;;) {
        gint64 left = deadline - g_get_monotonic_time();
        struct pollfd poller = {fd, POLLIN, 0};
        if (left <= 0)
            break;
        if (poll(&poller, 1, (int)(left / 1000) + 1) <= 0)
            continue;
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        g_string_append_len(words, buffer, got);
    }
    return g_string_free(g_steal_pointer(&words), FALSE);
}

/* Starts the program, which outlives us, and returns its answer. */
static char *spawn(const HostPaths *paths, const char *kernel, GError **error)
{
    g_autofree char *program = find_program(error);
    const char *argv[] = {program, "--home",   paths->home, "--ready-fd",
                          "3",     "--kernel", kernel,      NULL};
    int pipe_fds[2], target = 3;

    if (!program)
        return NULL;
    if (!kernel)
        argv[5] = NULL;
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "pipe: %s", g_strerror(errno));
        return NULL;
    }
    gboolean fine = g_spawn_async_with_pipes_and_fds(
        "/", argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
        NULL, -1, -1, -1, &pipe_fds[1], &target, 1, NULL, NULL, NULL, NULL, error);
    close(pipe_fds[1]);
    char *answer =
        fine ? read_answer(pipe_fds[0], g_get_monotonic_time() + READY_US) : NULL;
    close(pipe_fds[0]);
    if (!fine)
        g_prefix_error(error, "start %s: ", program);
    return answer;
}

static gboolean start(const HostPaths *paths, const char *kernel, GError **error)
{
    g_autofree char *answer = spawn(paths, kernel, error);

    if (!answer)
        return FALSE;
    if (g_str_equal(answer, "ready"))
        return TRUE;
    g_autofree char *tail = host_log_tail(paths->log, LOG_LINES);
    g_set_error(error, HOST_ERROR, *answer ? HOST_ERROR_FAILED : HOST_ERROR_TIMEOUT,
                "host of %s: start: %s\nThe last lines of %s:\n%s", paths->home,
                *answer ? answer : "it ended, or was not ready in time, without a word",
                paths->log, tail);
    return FALSE;
}

/* Waits for a host that another process has started. FALSE, no error: it ended. */
static gboolean wait_ready(const HostPaths *paths, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + READY_US;

    while (host_lock_held(paths->lock)) {
        g_auto(HostState) state = {0};
        if (host_state_read(paths->state, &state, NULL) && state.ready &&
            host_state_alive(&state) && host_listener(paths->sock) > 0)
            return TRUE;
        if (g_get_monotonic_time() > deadline) {
            g_set_error(error, HOST_ERROR, HOST_ERROR_TIMEOUT,
                        "host of %s: it runs, but is not ready after %d s: see %s, or "
                        "'parry host stop --force'",
                        paths->home, (int)(READY_US / G_USEC_PER_SEC), paths->log);
            return FALSE;
        }
        g_usleep(POLL_US);
    }
    return FALSE;
}

static int count_domains(const HostPaths *paths)
{
    g_autoptr(virConnect) conn = virConnectOpen(paths->uri);
    return conn ? virConnectNumOfDomains(conn) : -1;
}

/* A host without KVM only for want of a kernel, and idle: worth a new start. */
static gboolean deserves_restart(const HostPaths *paths, const char *kernel)
{
    g_auto(HostState) state = {0};

    return kernel && host_state_read(paths->state, &state, NULL) && !state.settled &&
           count_domains(paths) == 0;
}

static gboolean stop_locked(const HostPaths *paths, gboolean force, GError **error);

static gboolean ensure_locked(const HostPaths *paths, const char *kernel, GError **error)
{
    GError *problem = NULL;

    if (wait_ready(paths, &problem)) {
        if (!deserves_restart(paths, kernel))
            return TRUE;
        if (!stop_locked(paths, FALSE, &problem)) {
            /* A domain came up in between: the host as it is will do. */
            g_clear_error(&problem);
            return TRUE;
        }
    }
    if (problem) {
        g_propagate_error(error, problem);
        return FALSE;
    }
    return start(paths, kernel, error);
}

gboolean host_ensure_with(const char *parry_home, const char *kernel, char **uri_out,
                          GError **error)
{
    g_autoptr(HostPaths) paths = host_paths_new(parry_home, error);

    if (!paths)
        return FALSE;
    if (geteuid() != 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_NOT_ROOT,
                    "host of %s: the embedded hypervisor needs root; or give a libvirt "
                    "with --connect",
                    paths->home);
        return FALSE;
    }
    if (!host_paths_make(paths, error))
        return FALSE;
    int lock =
        host_lock(paths->ensure_lock, g_get_monotonic_time() + READY_US + STOP_US, error);
    if (lock < 0)
        return FALSE;
    gboolean fine = ensure_locked(paths, kernel, error);
    close(lock);
    if (fine)
        *uri_out = g_strdup(paths->uri);
    return fine;
}

gboolean host_ensure(const char *parry_home, char **uri_out, GError **error)
{
    return host_ensure_with(parry_home, NULL, uri_out, error);
}

/* Refuses while domains run, naming some; not being able to tell is a refusal too. */
static gboolean check_idle(const HostPaths *paths, GError **error)
{
    g_autoptr(virConnect) conn = virConnectOpen(paths->uri);
    g_autoptr(GString) names = g_string_new(NULL);
    virDomainPtr *domains = NULL;
    int count =
        conn ? virConnectListAllDomains(conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE)
             : -1;

    if (count < 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_BUSY,
                    "host of %s: whether domains run cannot be told: %s; "
                    "'parry host stop --force' stops it all the same",
                    paths->home, virGetLastErrorMessage());
        return FALSE;
    }
    for (int i = 0; i < count; i++) {
        if (i < 3)
            g_string_append_printf(names, "%s%s", i ? ", " : "",
                                   virDomainGetName(domains[i]));
        virDomainFree(domains[i]);
    }
    free(domains);
    if (count == 0)
        return TRUE;
    g_set_error(error, HOST_ERROR, HOST_ERROR_BUSY,
                "host of %s: %d domains run (%s%s): end their drills with 'parry down', "
                "or use 'parry host stop --force'",
                paths->home, count, names->str, count > 3 ? ", …" : "");
    return FALSE;
}

/* Waits until nobody holds the lock and the namespace's pid 1 is gone. */
static gboolean wait_gone(const HostPaths *paths, const HostState *state, gint64 limit)
{
    gint64 deadline = g_get_monotonic_time() + limit;

    while (
        host_lock_held(paths->lock) ||
        (state->init_pid && host_process_start(state->init_pid) == state->init_start)) {
        if (g_get_monotonic_time() > deadline)
            return FALSE;
        g_usleep(POLL_US);
    }
    return TRUE;
}

static void send_signal(const HostState *state, int number)
{
    int fd = (int)syscall(SYS_pidfd_open, state->pid, 0);

    /* The descriptor holds on to one process; only then is it looked at closely. */
    if (fd >= 0 && host_state_alive(state))
        syscall(SYS_pidfd_send_signal, fd, number, NULL, 0);
    if (fd >= 0)
        close(fd);
}

static gboolean stop_locked(const HostPaths *paths, gboolean force, GError **error)
{
    g_auto(HostState) state = {0};

    if (!host_lock_held(paths->lock))
        return TRUE;
    if (!force && !check_idle(paths, error))
        return FALSE;
    if (!host_state_read(paths->state, &state, error)) {
        g_prefix_error(error,
                       "host of %s: it runs, but its pid is not known: ", paths->home);
        return FALSE;
    }
    send_signal(&state, SIGTERM);
    if (wait_gone(paths, &state, STOP_US))
        return TRUE;
    send_signal(&state, SIGKILL);
    if (wait_gone(paths, &state, STOP_US))
        return TRUE;
    g_set_error(error, HOST_ERROR, HOST_ERROR_TIMEOUT,
                "host of %s: pid %d does not end, not even by SIGKILL: see %s",
                paths->home, (int)state.pid, paths->log);
    return FALSE;
}

gboolean host_stop(const char *parry_home, gboolean force, GError **error)
{
    g_autoptr(HostPaths) paths = host_paths_new(parry_home, error);

    if (!paths)
        return FALSE;
    if (geteuid() != 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_NOT_ROOT,
                    "host of %s: stopping it needs root", paths->home);
        return FALSE;
    }
    if (!g_file_test(paths->host, G_FILE_TEST_IS_DIR))
        return TRUE;
    int lock =
        host_lock(paths->ensure_lock, g_get_monotonic_time() + READY_US + STOP_US, error);
    if (lock < 0)
        return FALSE;
    gboolean fine = stop_locked(paths, force, error);
    close(lock);
    return fine;
}

gboolean host_status(const char *parry_home, HostStatus *status, GError **error)
{
    g_autoptr(HostPaths) paths = host_paths_new(parry_home, error);
    g_auto(HostState) state = {0};

    memset(status, 0, sizeof *status);
    status->domains = -1;
    if (!paths)
        return FALSE;
    status->uri = g_strdup(paths->uri);
    status->log = g_strdup(paths->log);
    status->running = host_lock_held(paths->lock);
    if (!status->running || !host_state_read(paths->state, &state, NULL) ||
        !host_state_alive(&state))
        return TRUE;
    status->pid = state.pid;
    status->init_pid = state.init_pid;
    status->since = state.since;
    status->restarts = state.restarts;
    status->accel = g_steal_pointer(&state.accel);
    status->cpu = g_steal_pointer(&state.cpu);
    status->reason = g_steal_pointer(&state.reason);
    status->last_loss = g_steal_pointer(&state.last_loss);
    status->libvirtd_pid = host_listener(paths->sock);
    status->ready = state.ready && status->libvirtd_pid > 0;
    if (status->ready)
        status->domains = count_domains(paths);
    return TRUE;
}

char *host_identity(const char *parry_home)
{
    g_autoptr(HostPaths) paths = host_paths_new(parry_home, NULL);
    g_autofree char *boot = NULL;
    g_auto(HostState) state = {0};

    if (!paths || !host_state_read(paths->state, &state, NULL) || !state.init_pid ||
        host_process_start(state.init_pid) != state.init_start ||
        !g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL))
        return NULL;
    return g_strdup_printf("%s/%d/%" G_GUINT64_FORMAT, g_strchomp(boot),
                           (int)state.init_pid, state.init_start);
}
