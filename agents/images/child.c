#include "agents/images/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    OUT_MAX = 4 << 20, /* captured standard output */
    LINE_MAX_LEN = 4096,
    TAIL_LINES = 8,      /* of standard error, kept for the error message */
    WORDS_MAX = 160,     /* of each of them, in characters */
    DRAIN_MS = 5 * 1000, /* for a killed group to let go of its pipes */
};

typedef struct {
    const ImagesChild *child;
    GString *out;
    GString *line; /* of standard error, not ended yet */
    GQueue tail;   /* of char * */
    int fd[2];     /* stdout (or -1), stderr */
} Run;

/* Between fork and exec: only calls that are safe there. */
static void set_up_child(gpointer data)
{
    (void)data;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void take_line(Run *run)
{
    g_strchomp(run->line->str);
    if (run->line->str[0]) {
        if (run->child->line)
            run->child->line(run->line->str, run->child->data);
        g_queue_push_tail(&run->tail, g_utf8_make_valid(run->line->str, -1));
        if (run->tail.length > TAIL_LINES)
            g_free(g_queue_pop_head(&run->tail));
    }
    g_string_truncate(run->line, 0);
}

static void take_error_bytes(Run *run, const char *bytes, gsize len)
{
    for (gsize i = 0; i < len; i++) {
        if (bytes[i] == '\n')
            take_line(run);
        else if (run->line->len < LINE_MAX_LEN)
            g_string_append_c(run->line, bytes[i]);
    }
}

/* Reads what is there; closes and forgets the descriptor at its end. */
static void drain(Run *run, int which)
{
    char bytes[16384];
    ssize_t n = read(run->fd[which], bytes, sizeof bytes);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        close(run->fd[which]);
        run->fd[which] = -1;
    } else if (which == 1) {
        take_error_bytes(run, bytes, (gsize)n);
    } else if (run->out && run->out->len + (gsize)n <= OUT_MAX) {
        g_string_append_len(run->out, bytes, n);
    }
}

/* Until both pipes ended, the deadline (monotonic us, 0: none) passed, or a cancel. */
static gboolean pump(Run *run, GPollFD *cancel, gint64 deadline)
{
    while (run->fd[0] >= 0 || run->fd[1] >= 0) {
        struct pollfd p[3] = {
            {.fd = run->fd[0], .events = POLLIN},
            {.fd = run->fd[1], .events = POLLIN},
            {.fd = cancel ? cancel->fd : -1, .events = POLLIN},
        };
        int wait = -1;

        if (deadline) {
            gint64 left = deadline - g_get_monotonic_time();
            if (left <= 0)
                return FALSE;
            wait = (int)(left / 1000) + 1;
        }
        if (poll(p, 3, wait) < 0 && errno != EINTR)
            return FALSE;
        if (p[2].revents)
            return FALSE;
        for (int i = 0; i < 2; i++) {
            if (p[i].revents)
                drain(run, i);
        }
    }
    return TRUE;
}

static char **make_argv(const ImagesChild *child)
{
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();

    /* The namespace dies with its first process: even a killed caller leaves nothing. */
    if (child->contained && geteuid() == 0)
        g_strv_builder_add_many(b, "unshare", "--pid", "--fork", "--kill-child",
                                "--mount-proc", "--", NULL);
    for (guint i = 0; child->argv[i]; i++)
        g_strv_builder_add(b, child->argv[i]);
    return g_strv_builder_end(b);
}

static char **make_env(const ImagesChild *child)
{
    g_auto(GStrv) env = g_get_environ();
    const char *path = g_environ_getenv(env, "PATH");
    g_autofree char *full =
        g_strconcat(path ? path : "/usr/bin:/bin", ":/usr/sbin:/sbin", NULL);

    env = g_environ_setenv(g_steal_pointer(&env), "PATH", full, TRUE);
    env = g_environ_setenv(g_steal_pointer(&env), "LC_ALL", "C.UTF-8", TRUE);
    for (guint i = 0; child->env && child->env[i]; i++) {
        g_auto(GStrv) pair = g_strsplit(child->env[i], "=", 2);
        env = g_environ_setenv(g_steal_pointer(&env), pair[0], pair[1], TRUE);
    }
    return g_steal_pointer(&env);
}

static gboolean spawn(Run *run, GPid *pid, const char *what, GError **error)
{
    g_auto(GStrv) argv = make_argv(run->child);
    g_auto(GStrv) env = make_env(run->child);
    g_autoptr(GError) err = NULL;
    int out = run->child->out_fd > 0 ? run->child->out_fd : -1;
    gboolean ok = g_spawn_async_with_pipes_and_fds(
        run->child->dir, (const char *const *)argv, (const char *const *)env,
        G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH_FROM_ENVP | G_SPAWN_CLOEXEC_PIPES,
        set_up_child, NULL, -1, out, -1, NULL, NULL, 0, pid, NULL,
        out < 0 ? &run->fd[0] : NULL, &run->fd[1], &err);

    if (!ok) {
        g_set_error(error, IMAGES_ERROR,
                    g_error_matches(err, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT)
                        ? IMAGES_ERROR_MISSING
                        : IMAGES_ERROR_CHILD,
                    "%s: %s: %s", what, run->child->argv[0], err->message);
    }
    return ok;
}

/* The last lines of standard error; of a Debian tool's only those that are errors. */
static char *last_words(Run *run)
{
    g_autoptr(GString) words = g_string_new(NULL);
    gboolean marked = FALSE;

    for (GList *l = run->tail.head; l; l = l->next)
        marked = marked || g_str_has_prefix(l->data, "E: ");
    for (GList *l = run->tail.head; l; l = l->next) {
        const char *line = l->data;
        glong shown = MIN(g_utf8_strlen(line, -1), WORDS_MAX);
        if (marked && !g_str_has_prefix(line, "E: "))
            continue;
        g_string_append(words, words->len ? "; " : "");
        g_string_append_len(words, line, g_utf8_offset_to_pointer(line, shown) - line);
    }
    return g_strdup(words->len ? words->str : "no word");
}

static void set_exit_error(Run *run, int status, const char *what, GError **error)
{
    g_autofree char *words = last_words(run);

    if (WIFSIGNALED(status))
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_CHILD,
                    "%s: %s was ended by signal %d: %s", what, run->child->argv[0],
                    WTERMSIG(status), words);
    else
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_CHILD, "%s: %s exit status %d: %s",
                    what, run->child->argv[0], WEXITSTATUS(status), words);
}

static gboolean reap(GPid pid, int *status, const char *what, GError **error)
{
    pid_t got;

    do {
        got = waitpid(pid, status, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_CHILD,
                    "%s: the end of process %d was taken by somebody else: %s", what,
                    (int)pid, g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

static gboolean run_to_end(Run *run, const char *what, GError **error)
{
    GPollFD cancel = {.fd = -1};
    gboolean watched = g_cancellable_make_pollfd(run->child->cancel, &cancel);
    GPid pid = 0;
    int status = 0;
    gboolean ended = FALSE, ok = FALSE;

    if (!spawn(run, &pid, what, error))
        goto out;
    ended = pump(run, watched ? &cancel : NULL, 0);
    if (!ended) {
        kill(-pid, SIGKILL);
        pump(run, NULL, g_get_monotonic_time() + (gint64)DRAIN_MS * 1000);
    }
    if (!reap(pid, &status, what, error))
        goto out;
    if (!ended)
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_CANCELLED, "%s: cancelled", what);
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        set_exit_error(run, status, what, error);
    else
        ok = TRUE;
out:
    if (watched)
        g_cancellable_release_fd(run->child->cancel);
    return ok;
}

gboolean images_child_run(const ImagesChild *child, const char *what, GString *out,
                          GError **error)
{
    Run run = {.child = child, .out = out, .line = g_string_new(NULL), .fd = {-1, -1}};

    g_queue_init(&run.tail);
    gboolean ok = run_to_end(&run, what, error);
    for (int i = 0; i < 2; i++) {
        if (run.fd[i] >= 0)
            close(run.fd[i]);
    }
    g_queue_clear_full(&run.tail, g_free);
    g_string_free(run.line, TRUE);
    return ok;
}
