/*
 * parry-board: the public web scoreboard of one drill.
 *
 * Started by parryd with a listener (--fd) it lives as long as its connection to parryd
 * and is started again by it. By hand (--listen) a parent keeps the listener and starts
 * a new sandboxed child whenever parryd is there again.
 */
#include "orchestrator/sandbox/sandbox.h"
#include "scoreboard/board/board.h"
#include "scoreboard/listen.h"
#include "scoreboard/rpc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_LOST 3   /* parryd's side of view.sock ended */
#define FILES_MAX 640 /* 512 browsers and what the loop itself has open */
#define MEMORY_MAX ((guint64)512 << 20)
#define AGAIN_US (G_USEC_PER_SEC / 2)
#define BOARD_TRIES 10 /* ports after the one asked for */

static char *view_path, *listen_on, *account = NULL;
static int listen_fd = -1;
static gboolean show_version;

static const GOptionEntry entries[] = {
    {"view", 0, 0, G_OPTION_ARG_FILENAME, &view_path, "The drill's view.sock", "PATH"},
    {"listen", 0, 0, G_OPTION_ARG_STRING, &listen_on,
     "Listen there, or on a free port where it is taken", "ADDR:PORT"},
    {"fd", 0, 0, G_OPTION_ARG_INT, &listen_fd, "Serve this listening descriptor", "N"},
    {"account", 0, 0, G_OPTION_ARG_STRING, &account,
     "Account to run as when started as root (parry-board)", "NAME"},
    {"version", 0, 0, G_OPTION_ARG_NONE, &show_version, "Print the version", NULL},
    G_OPTION_ENTRY_NULL,
};

static int fail(const char *what)
{
    fprintf(stderr, "parry-board: %s\n", what);
    return 1;
}

static gboolean enter_sandbox(GError **error)
{
    Sandbox sandbox = {
        .sb_profile = SANDBOX_BOARD, .sb_files = FILES_MAX, .sb_memory = MEMORY_MAX};

    return sandbox_account(account ? account : "parry-board", &sandbox.sb_uid,
                           &sandbox.sb_gid, error) &&
           sandbox_enter(&sandbox, NULL, error);
}

typedef struct {
    struct event_base *base;
    gboolean lost;
} Life;

static void on_lost(const char *why, gpointer data)
{
    Life *life = data;

    fprintf(stderr, "parry-board: %s\n", why);
    life->lost = TRUE;
    event_base_loopbreak(life->base);
}

static void on_stop(evutil_socket_t sig G_GNUC_UNUSED, short what G_GNUC_UNUSED,
                    void *data)
{
    event_base_loopbreak(((Life *)data)->base);
}

/* Serves until parryd goes or a signal comes; returns the exit status. */
static int serve(int fd)
{
    g_autoptr(GError) error = NULL;
    if (!sandbox_close_others(&fd, 1, &error))
        return fail(error->message);
    Life life = {.base = event_base_new()};
    struct event *term = evsignal_new(life.base, SIGTERM, on_stop, &life);
    struct event *intr = evsignal_new(life.base, SIGINT, on_stop, &life);
    Board *board = board_new(life.base, view_path, fd, on_lost, &life, &error);

    if (!board)
        return fail(error->message);
    evsignal_add(term, NULL);
    evsignal_add(intr, NULL);
    if (!enter_sandbox(&error))
        return fail(error->message);
    event_base_dispatch(life.base);
    board_free(board);
    event_free(term);
    event_free(intr);
    event_base_free(life.base);
    return life.lost ? EXIT_LOST : 0;
}

/* Waits until somebody listens on view.sock; a signal ends the process meanwhile. */
static void wait_for_parryd(void)
{
    for (gboolean told = FALSE;; told = TRUE) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RpcClient) client = rpc_client_connect(view_path, &error);
        if (client)
            return;
        if (!told)
            fprintf(stderr, "parry-board: %s; waiting for it\n", error->message);
        g_usleep(AGAIN_US);
    }
}

static int keep_serving(int fd)
{
    for (;;) {
        int status;

        wait_for_parryd();
        pid_t child = fork();
        if (child < 0)
            return fail(g_strerror(errno));
        if (child == 0)
            _exit(serve(fd));
        while (waitpid(child, &status, 0) < 0)
            if (errno != EINTR)
                return fail(g_strerror(errno));
        if (WIFSIGNALED(status)) {
            fprintf(stderr, "parry-board: ended by signal %d (%s)\n", WTERMSIG(status),
                    strsignal(WTERMSIG(status)));
            return 1;
        }
        if (WEXITSTATUS(status) != EXIT_LOST)
            return WEXITSTATUS(status);
    }
}

static int listen_and_serve(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *addr = NULL;
    guint16 port;

    if (!listen_parse(listen_on, &addr, &port, &error))
        return fail(error->message);
    int fd = listen_tcp(addr, port, BOARD_TRIES, &port, &error);
    if (fd < 0)
        return fail(error->message);
    printf(strchr(addr, ':') ? "http://[%s]:%u/\n" : "http://%s:%u/\n", addr, port);
    fflush(stdout);
    return keep_serving(fd);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(context,
                                 "Shows a drill's public scoreboard to browsers.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        return fail(error->message), 2;
    if (show_version) {
        printf("parry-board %s\n", PARRY_VERSION);
        return 0;
    }
    if (!view_path || !listen_on == (listen_fd < 0) || argc > 1)
        return fail("give --view PATH and one of --listen ADDR:PORT and --fd N"), 2;
    signal(SIGPIPE, SIG_IGN);
    return listen_on ? listen_and_serve() : serve(listen_fd);
}
