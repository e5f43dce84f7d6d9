#include "orchestrator/host/state.h"

#include "orchestrator/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define POLL_US 20000

void host_state_clear(HostState *state)
{
    g_clear_pointer(&state->accel, g_free);
    g_clear_pointer(&state->cpu, g_free);
    g_clear_pointer(&state->reason, g_free);
    g_clear_pointer(&state->last_loss, g_free);
}

gboolean host_state_write(const char *path, const HostState *state, GError **error)
{
    json_t *root = json_pack(
        "{s:i s:I s:i s:I s:I s:b s:i s:b s:s s:s s:s s:s*}", "pid", (int)state->pid,
        "pid_start", (json_int_t)state->pid_start, "init", (int)state->init_pid,
        "init_start", (json_int_t)state->init_start, "since", (json_int_t)state->since,
        "ready", state->ready, "restarts", state->restarts, "settled", state->settled,
        "accel", state->accel, "cpu", state->cpu, "reason", state->reason, "last_loss",
        state->last_loss);
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    gboolean fine = FALSE;

    if (text)
        fine = g_file_set_contents(path, text, -1, error);
    else
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED,
                    "%s: the state cannot be written as JSON", path);
    free(text);
    json_decref(root);
    return fine;
}

gboolean host_state_read(const char *path, HostState *state, GError **error)
{
    g_autofree char *text = NULL;
    const char *accel, *cpu, *reason, *loss = NULL;
    json_int_t pid_start, start, since;
    json_error_t why;
    int pid, init;

    if (!g_file_get_contents(path, &text, NULL, error))
        return FALSE;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    if (!root ||
        json_unpack_ex(root, &why, 0, "{s:i s:I s:i s:I s:I s:b s:i s:b s:s s:s s:s s?s}",
                       "pid", &pid, "pid_start", &pid_start, "init", &init, "init_start",
                       &start, "since", &since, "ready", &state->ready, "restarts",
                       &state->restarts, "settled", &state->settled, "accel", &accel,
                       "cpu", &cpu, "reason", &reason, "last_loss", &loss) != 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "%s: %s", path, why.text);
        json_decref(root);
        return FALSE;
    }
    state->pid = pid;
    state->pid_start = (guint64)pid_start;
    state->init_pid = init;
    state->init_start = (guint64)start;
    state->since = since;
    state->accel = g_strdup(accel);
    state->cpu = g_strdup(cpu);
    state->reason = g_strdup(reason);
    state->last_loss = g_strdup(loss);
    json_decref(root);
    return TRUE;
}

gboolean host_state_alive(const HostState *state)
{
    return state->pid > 0 && host_process_start(state->pid) == state->pid_start;
}

int host_lock(const char *path, gint64 deadline, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "%s: open: %s", path,
                    g_strerror(errno));
        return -1;
    }
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int cause = errno;
        if (cause == EWOULDBLOCK && g_get_monotonic_time() < deadline) {
            g_usleep(POLL_US);
            continue;
        }
        close(fd);
        g_set_error(
            error, HOST_ERROR,
            cause == EWOULDBLOCK ? HOST_ERROR_RUNNING : HOST_ERROR_FAILED, "%s: lock: %s",
            path, cause == EWOULDBLOCK ? "another process holds it" : g_strerror(cause));
        return -1;
    }
    return fd;
}

gboolean host_lock_held(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return FALSE;
    gboolean held = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return held;
}

guint64 host_process_start(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;

    if (pid <= 0 || !g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    /* The second field, the name, may hold anything, so count from its last ')'. */
    const char *rest = strrchr(text, ')');
    g_auto(GStrv) fields = g_strsplit(rest ? rest + 1 : "", " ", -1);
    if (g_strv_length(fields) < 21 || g_str_equal(fields[1], "Z"))
        return 0;
    return g_ascii_strtoull(fields[20], NULL, 10);
}
