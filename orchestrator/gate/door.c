#include "orchestrator/gate/door.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE_MS 1000 /* when descriptors or processes ran out */

static void signals_of_ours(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGCHLD);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

static char *address_of(const struct sockaddr_storage *peer, socklen_t len)
{
    char text[NI_MAXHOST];

    if (getnameinfo((const struct sockaddr *)peer, len, text, sizeof(text), NULL, 0,
                    NI_NUMERICHOST))
        return g_strdup("unknown");
    return g_strdup(text);
}

static guint count_address(GHashTable *children, const char *address)
{
    GHashTableIter iter;
    gpointer value;
    guint n = 0;

    g_hash_table_iter_init(&iter, children);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        n += !strcmp(value, address);
    return n;
}

static void reap(GHashTable *children)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        const char *address = g_hash_table_lookup(children, GINT_TO_POINTER(pid));
        /* The alarm is how one ends that did not say in time who it is. */
        if (WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM)
            fprintf(stderr, "parry-gate: connection from %s ended by signal %d (%s)\n",
                    address ? address : "?", WTERMSIG(status),
                    strsignal(WTERMSIG(status)));
        g_hash_table_remove(children, GINT_TO_POINTER(pid));
    }
}

/* FALSE where the machine has nothing left to give for now. */
static gboolean let_in(int listen_fd, const Door *door, GHashTable *children)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    int fd = accept4(listen_fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);

    if (fd < 0)
        return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
    g_autofree char *address = address_of(&peer, len);
    if (g_hash_table_size(children) >= door->dr_max ||
        count_address(children, address) >= door->dr_max_address) {
        fprintf(stderr, "parry-gate: too many connections; %s turned away\n", address);
        close(fd);
        return TRUE;
    }
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t set;
        signals_of_ours(&set);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        _exit(door->dr_visit(fd, address, door->dr_data));
    }
    close(fd);
    if (pid < 0) {
        fprintf(stderr, "parry-gate: fork: %s\n", g_strerror(errno));
        return FALSE;
    }
    g_hash_table_insert(children, GINT_TO_POINTER(pid), g_steal_pointer(&address));
    return TRUE;
}

static void end_all(GHashTable *children)
{
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, children);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        kill(GPOINTER_TO_INT(key), SIGTERM);
}

/* Handles what is pending; FALSE when the gate is to end. */
static gboolean take_signal(int fd, GHashTable *children)
{
    struct signalfd_siginfo info;

    while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGCHLD)
            return FALSE;
        reap(children);
    }
    return TRUE;
}

int door_keep(int listen_fd, const Door *door)
{
    g_autoptr(GHashTable) children =
        g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
    sigset_t set;

    signals_of_ours(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) {
        fprintf(stderr, "parry-gate: signalfd: %s\n", g_strerror(errno));
        return 1;
    }
    for (gboolean pause = FALSE;;) {
        struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
                               {.fd = pause ? -1 : listen_fd, .events = POLLIN}};
        if (poll(fds, 2, pause ? PAUSE_MS : -1) < 0 && errno != EINTR)
            break;
        pause = FALSE;
        if ((fds[0].revents & POLLIN) && !take_signal(signals, children))
            break;
        if ((fds[1].revents & POLLIN) && !let_in(listen_fd, door, children))
            pause = TRUE;
    }
    end_all(children);
    close(signals);
    return 0;
}
