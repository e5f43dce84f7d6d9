#include "tests/integration/gate_rig.h"

#include "tests/integration/gate_parryd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct Rig {
    char *dir;
    GateParryd *parryd;
    GPid gate;
    guint16 port;
};

static char *in_dir(const Rig *rig, const char *name)
{
    return g_build_filename(rig->dir, name, NULL);
}

char *rig_key(const Rig *rig, const char *name)
{
    return in_dir(rig, name);
}

/* ---- running things ---- */

static gboolean take(int fd, GString *into)
{
    char bytes[65536];
    ssize_t n = read(fd, bytes, sizeof(bytes));

    if (n > 0)
        g_string_append_len(into, bytes, n);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Waits for the end of pid; -1 where a signal ended it or it had to be killed. */
static int await(pid_t pid, gint64 deadline)
{
    int status;

    for (;;) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        if (g_get_monotonic_time() > deadline)
            break;
        g_usleep(5000);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

RigRun rig_run(char **argv, const char *input)
{
    RigRun run = {-1, g_string_new(NULL), g_string_new(NULL)};
    g_autoptr(GError) error = NULL;
    gint64 deadline = g_get_monotonic_time() + RIG_PATIENCE_US;
    gsize len = input ? strlen(input) : 0;
    int in, out, err;
    GPid pid;

    if (!g_spawn_async_with_pipes(NULL, argv, NULL,
                                  G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, NULL,
                                  NULL, &pid, &in, &out, &err, &error))
        g_error("%s", error->message);
    /* Inputs here are short: a pipe takes them whole. */
    if (len && write(in, input, len) != (ssize_t)len)
        g_error("write: %s", g_strerror(errno));
    close(in);
    struct pollfd fds[] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
    while (g_get_monotonic_time() < deadline && (fds[0].fd >= 0 || fds[1].fd >= 0)) {
        poll(fds, 2, 100);
        if (fds[0].revents && !take(out, run.rr_out))
            fds[0].fd = -1;
        if (fds[1].revents && !take(err, run.rr_err))
            fds[1].fd = -1;
    }
    run.rr_exit = await(pid, deadline);
    close(out);
    close(err);
    g_strfreev(argv);
    return run;
}

void rig_run_clear(RigRun *run)
{
    g_string_free(run->rr_out, TRUE);
    g_string_free(run->rr_err, TRUE);
}

RigTty rig_tty(char **argv, int cols, int rows)
{
    struct winsize size = {.ws_col = (unsigned short)cols,
                           .ws_row = (unsigned short)rows};
    RigTty tty = {.rt_seen = g_string_new(NULL)};

    tty.rt_pid = forkpty(&tty.rt_fd, NULL, NULL, &size);
    if (tty.rt_pid < 0)
        g_error("forkpty: %s", g_strerror(errno));
    if (tty.rt_pid == 0) {
        execvp(argv[0], argv);
        _exit(127);
    }
    fcntl(tty.rt_fd, F_SETFL, fcntl(tty.rt_fd, F_GETFL) | O_NONBLOCK);
    g_strfreev(argv);
    return tty;
}

gboolean rig_tty_expect(RigTty *tty, const char *text)
{
    gint64 deadline = g_get_monotonic_time() + RIG_PATIENCE_US;
    struct pollfd entry = {.fd = tty->rt_fd, .events = POLLIN};

    while (g_get_monotonic_time() < deadline) {
        const char *found = strstr(tty->rt_seen->str + tty->rt_from, text);
        if (found) {
            tty->rt_from = (gsize)(found - tty->rt_seen->str) + strlen(text);
            return TRUE;
        }
        if (poll(&entry, 1, 100) > 0 && !take(tty->rt_fd, tty->rt_seen))
            break;
    }
    g_printerr("expected \"%s\", was shown: %s\n", text, tty->rt_seen->str);
    return FALSE;
}

void rig_tty_type(RigTty *tty, const char *text)
{
    if (write(tty->rt_fd, text, strlen(text)) != (ssize_t)strlen(text))
        g_error("write: %s", g_strerror(errno));
}

void rig_tty_resize(RigTty *tty, int cols, int rows)
{
    struct winsize size = {.ws_col = (unsigned short)cols,
                           .ws_row = (unsigned short)rows};

    if (ioctl(tty->rt_fd, TIOCSWINSZ, &size))
        g_error("TIOCSWINSZ: %s", g_strerror(errno));
}

int rig_tty_end(RigTty *tty)
{
    gint64 deadline = g_get_monotonic_time() + RIG_PATIENCE_US;
    struct pollfd entry = {.fd = tty->rt_fd, .events = POLLIN};

    while (g_get_monotonic_time() < deadline)
        if (poll(&entry, 1, 100) > 0 && !take(tty->rt_fd, tty->rt_seen))
            break; /* EIO: nobody has the terminal open any more */
    int status = await(tty->rt_pid, deadline);
    close(tty->rt_fd);
    g_string_free(tty->rt_seen, TRUE);
    return status;
}

/* ---- ssh ---- */

char **rig_ssh(const Rig *rig, const char *key, const char *user,
               const char *const *options, const char *command)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *known = in_dir(rig, "known_hosts");
    g_autofree char *path = key ? rig_key(rig, key) : NULL;
    const char *const fixed[] = {"ssh",
                                 "-F",
                                 "/dev/null",
                                 "-o",
                                 "IdentitiesOnly=yes",
                                 "-o",
                                 "BatchMode=yes",
                                 "-o",
                                 "StrictHostKeyChecking=accept-new",
                                 "-o",
                                 "IdentityAgent=none",
                                 NULL};

    for (const char *const *word = fixed; *word; word++)
        g_ptr_array_add(argv, g_strdup(*word));
    g_ptr_array_add(argv, g_strdup("-o"));
    g_ptr_array_add(argv, g_strconcat("UserKnownHostsFile=", known, NULL));
    if (path) {
        g_ptr_array_add(argv, g_strdup("-i"));
        g_ptr_array_add(argv, g_steal_pointer(&path));
    }
    g_ptr_array_add(argv, g_strdup("-p"));
    g_ptr_array_add(argv, g_strdup_printf("%u", rig->port));
    for (; options && *options; options++)
        g_ptr_array_add(argv, g_strdup(*options));
    g_ptr_array_add(argv, g_strconcat(user, "@127.0.0.1", NULL));
    if (command)
        g_ptr_array_add(argv, g_strdup(command));
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&argv), FALSE);
}

static void make_key(const Rig *rig, const char *name)
{
    g_autofree char *path = in_dir(rig, name);
    const char *argv[] = {"ssh-keygen", "-q",   "-t", "ed25519", "-N", "",
                          "-C",         "test", "-f", path,      NULL};
    RigRun run = rig_run(g_strdupv((char **)argv), NULL);

    if (run.rr_exit)
        g_error("ssh-keygen: %s", run.rr_err->str);
    rig_run_clear(&run);
}

static char *key_blob(const Rig *rig, const char *name)
{
    g_autofree char *file = g_strconcat(name, ".pub", NULL);
    g_autofree char *path = in_dir(rig, file);
    g_autofree char *line = NULL;

    if (!g_file_get_contents(path, &line, NULL, NULL))
        g_error("%s: not there", path);
    g_auto(GStrv) words = g_strsplit(line, " ", 3);
    return g_strdup(words[1]);
}

/* ---- the gate ---- */

static void start_gate(Rig *rig, const char *socket, const char *const *extra)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *hostkey = in_dir(rig, "host_key");
    g_autoptr(GError) error = NULL;
    const char *const fixed[] = {PARRY_BINARY_DIR "/bin/parry-gate",
                                 "--gate",
                                 socket,
                                 "--hostkey",
                                 hostkey,
                                 "--listen",
                                 "127.0.0.1:0",
                                 "--account",
                                 "nobody",
                                 NULL};
    char line[64] = "";
    int out;

    for (const char *const *word = fixed; *word; word++)
        g_ptr_array_add(argv, g_strdup(*word));
    for (; extra && *extra; extra++)
        g_ptr_array_add(argv, g_strdup(*extra));
    g_ptr_array_add(argv, NULL);
    if (!g_spawn_async_with_pipes(NULL, (char **)argv->pdata, NULL,
                                  G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &rig->gate, NULL,
                                  &out, NULL, &error))
        g_error("%s", error->message);
    ssize_t n = read(out, line, sizeof(line) - 1);
    const char *colon = n > 0 ? strrchr(line, ':') : NULL;
    if (!colon)
        g_error("parry-gate said no port");
    rig->port = (guint16)g_ascii_strtoull(colon + 1, NULL, 10);
    close(out);
}

Rig *rig_new(const char *const *extra)
{
    Rig *rig = g_new0(Rig, 1);

    rig->dir = g_dir_make_tmp("parry-gate-XXXXXX", NULL);
    make_key(rig, "right");
    make_key(rig, "wrong");
    make_key(rig, "other");
    g_autofree char *socket = in_dir(rig, "gate.sock");
    g_autofree char *blob = key_blob(rig, "right");
    rig->parryd = gate_parryd_new(socket, blob);
    start_gate(rig, socket, extra);
    return rig;
}

static void remove_dir(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_unlink(file);
    }
    g_rmdir(path);
}

void rig_free(Rig *rig)
{
    kill(rig->gate, SIGTERM);
    await(rig->gate, g_get_monotonic_time() + RIG_PATIENCE_US);
    gate_parryd_free(rig->parryd);
    remove_dir(rig->dir);
    g_free(rig->dir);
    g_free(rig);
}

RigSeen rig_seen(Rig *rig)
{
    return gate_parryd_seen(rig->parryd);
}

void rig_stop_parryd(Rig *rig)
{
    gate_parryd_stop(rig->parryd);
}

guint16 rig_port(const Rig *rig)
{
    return rig->port;
}

pid_t rig_gate_pid(const Rig *rig)
{
    return rig->gate;
}

GArray *rig_children(const Rig *rig)
{
    GArray *pids = g_array_new(FALSE, FALSE, sizeof(int));
    g_autofree char *path =
        g_strdup_printf("/proc/%d/task/%d/children", rig->gate, rig->gate);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return pids;
    g_auto(GStrv) words = g_strsplit(g_strstrip(text), " ", 0);
    for (char **word = words; *word; word++) {
        int pid = atoi(*word);
        if (pid > 0)
            g_array_append_val(pids, pid);
    }
    return pids;
}

gboolean rig_wait_children(const Rig *rig, guint n)
{
    gint64 deadline = g_get_monotonic_time() + RIG_PATIENCE_US;

    while (g_get_monotonic_time() < deadline) {
        g_autoptr(GArray) pids = rig_children(rig);
        if (pids->len == n)
            return TRUE;
        g_usleep(10000);
    }
    return FALSE;
}
