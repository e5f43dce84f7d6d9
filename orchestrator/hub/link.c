/*
 * The hub's process and the socket to it. What happens to one host's messages is in
 * link_host.c.
 *
 * This side never blocks: what the socket cannot take waits in lk_out, and the hosts'
 * lines stay in their queues until it can. The hub's side blocks instead (hub.h).
 */
#define G_LOG_DOMAIN "hub"
#include "orchestrator/hub/link_priv.h"

#include "orchestrator/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_LAST_MS 5000
#define LIVED_US (10 * G_USEC_PER_SEC) /* after so long the backoff begins anew */
#define SOCKET_BYTES (1 << 20)
#define TURN_RECORDS 256 /* taken from the hub in one turn of the loop */
#define TURN_LINES 8     /* of one host before the next one's turn */
#define PING_S 2
#define PING_PATIENCE 8 /* unanswered ones before the hub counts as stuck */
#define CHILD_FD 3

G_DEFINE_QUARK(parry - link - error - quark, link_error)

static void link_spawn_or_retry(HubLink *link);

/* ---- to the hub ---- */

typedef struct {
    struct hub_head rq_head;
    int rq_fd;
    char rq_tail[];
} Request;

static void request_free(gpointer request)
{
    int fd = ((Request *)request)->rq_fd;

    if (fd >= 0)
        close(fd);
    g_free(request);
}

void link_push(HubLink *link, HubRecordType type, const LinkHost *host, const void *tail,
               gsize len, int fd)
{
    if (link->lk_fd < 0)
        return; /* no hub: what counts is kept in the hosts' queues and listeners */
    Request *request = g_malloc(sizeof(*request) + len);
    request->rq_head = (struct hub_head){.rc_type = type,
                                         .rc_host = host ? host->lh_index : 0,
                                         .rc_len = (uint32_t)len,
                                         .rc_conn = host ? host->lh_conn : 0};
    request->rq_fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, CHILD_FD) : -1;
    if (len)
        memcpy(request->rq_tail, tail, len);
    g_queue_push_tail(&link->lk_out, request);
}

/* FALSE with errno when the socket did not take it. */
static gboolean request_send(int fd, const Request *request)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov[2] = {
        {(void *)&request->rq_head, sizeof(request->rq_head)},
        {(void *)request->rq_tail, request->rq_head.rc_len},
    };
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};

    if (request->rq_fd >= 0) {
        memset(&control, 0, sizeof(control));
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &request->rq_fd, sizeof(int));
    }
    return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* Moves lines of the hosts that have some into lk_out, each host a few at a time. */
static gboolean link_pump(HubLink *link)
{
    LinkHost *host = g_queue_pop_head(&link->lk_ready);

    if (!host)
        return FALSE;
    host->lh_ready = FALSE;
    for (int i = 0; i < TURN_LINES; i++)
        if (!link_host_next(host))
            return TRUE;
    link_host_kick(host);
    return TRUE;
}

void link_host_kick(LinkHost *host)
{
    if (host->lh_ready || !host->lh_conn)
        return;
    host->lh_ready = TRUE;
    g_queue_push_tail(&host->lh_link->lk_ready, host);
}

void link_flush(HubLink *link)
{
    Request *request;

    if (link->lk_fd < 0)
        return;
    do {
        while ((request = g_queue_peek_head(&link->lk_out))) {
            if (!request_send(link->lk_fd, request)) {
                /* ETOOMANYREFS: too many descriptors are on their way; it passes.
                 * Anything else means that the hub is dead, which its pidfd is about to
                 * tell. */
                if (errno == EAGAIN || errno == EINTR || errno == ETOOMANYREFS)
                    event_add(link->lk_writable, NULL);
                return;
            }
            request_free(g_queue_pop_head(&link->lk_out));
        }
    } while (link_pump(link));
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    link_flush(arg);
}

/* ---- from the hub ---- */

/* A hub that does not keep to the records is not trusted with another one. */
static void link_kill(HubLink *link, const char *why)
{
    g_warning("parry-hub (pid %d): %s; killing it, it will be started again",
              (int)link->lk_pid, why);
    kill(link->lk_pid, SIGKILL);
}

static void link_is_up(HubLink *link, const struct hub_up *up)
{
    g_autofree char *done = sandbox_done_text(up->sandbox);

    link->lk_up = TRUE;
    link->lk_sandbox = up->sandbox;
    if (up->sandbox == SANDBOX_ALL)
        g_message("parry-hub (pid %d) is up", (int)link->lk_pid);
    else
        g_warning("parry-hub (pid %d) is up, sandboxed only by: %s", (int)link->lk_pid,
                  done);
    if (link->lk_callbacks.hb_process)
        link->lk_callbacks.hb_process(link->lk_pid, 0, link->lk_data);
}

static gboolean is_numbered(uint32_t type)
{
    return type >= HUB_STARTED && type <= HUB_PTYEND;
}

/* Takes one record. FALSE when there is none. */
static gboolean link_take(HubLink *link)
{
    struct hub_head head;
    const void *body, *tail;
    ssize_t n = recv(link->lk_fd, link->lk_in, HUB_RECORD_MAX, MSG_DONTWAIT);

    if (n <= 0) {
        if (n == 0) /* the end; the pidfd tells how it died */
            event_del(link->lk_readable);
        return FALSE;
    }
    const char *wrong = hub_record_open(link->lk_in, (gsize)n, true, &head, &body, &tail);
    if (!wrong && head.rc_host >= link->lk_n_hosts && head.rc_type > HUB_PONG)
        wrong = "a host that is not there";
    if (!wrong && is_numbered(head.rc_type) && head.rc_seq == 0)
        wrong = "a message without its number";
    if (wrong) {
        g_autofree char *why = g_strdup_printf("sent a bad %s record: %s",
                                               hub_record_name(head.rc_type), wrong);
        link_kill(link, why);
        event_del(link->lk_readable);
        return FALSE;
    }
    if (head.rc_type == HUB_UP)
        link_is_up(link, body);
    else if (head.rc_type == HUB_PONG)
        link->lk_unanswered = 0;
    else
        link_host_record(&link->lk_hosts[head.rc_host], &head, body, tail);
    return TRUE;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    HubLink *link = arg;

    (void)fd;
    (void)what;
    for (int i = 0; i < TURN_RECORDS && link_take(link); i++)
        ;
    link_flush(link);
}

/* ---- timers ---- */

static void on_ping(evutil_socket_t fd, short what, void *arg)
{
    HubLink *link = arg;

    (void)fd;
    (void)what;
    if (!link->lk_pid)
        return;
    if (link->lk_unanswered++ >= PING_PATIENCE) {
        link->lk_unanswered = 0;
        link_kill(link, "does not answer");
        return;
    }
    link_push(link, HUB_PING, NULL, NULL, 0, -1);
    link_flush(link);
}

static void on_grant(evutil_socket_t fd, short what, void *arg)
{
    HubLink *link = arg;
    LinkHost *host;

    (void)fd;
    (void)what;
    while ((host = g_queue_pop_head(&link->lk_granted))) {
        host->lh_granted = FALSE;
        link_host_grant(host);
    }
    link_flush(link);
}

static void on_respawn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    link_spawn_or_retry(arg);
}

/* ---- the process ---- */

static void link_disconnect(HubLink *link)
{
    struct event **events[] = {&link->lk_readable, &link->lk_writable, &link->lk_died};

    for (gsize i = 0; i < G_N_ELEMENTS(events); i++) {
        if (*events[i])
            event_free(*events[i]);
        *events[i] = NULL;
    }
    if (link->lk_fd >= 0)
        close(link->lk_fd);
    if (link->lk_pidfd >= 0)
        close(link->lk_pidfd);
    link->lk_fd = link->lk_pidfd = -1;
    g_queue_clear_full(&link->lk_out, request_free);
    link->lk_pid = 0;
    link->lk_up = FALSE;
    link->lk_sandbox = 0;
    link->lk_unanswered = 0;
}

static void link_later(HubLink *link)
{
    struct timeval tv = {link->lk_backoff_ms / 1000, link->lk_backoff_ms % 1000 * 1000};

    evtimer_add(link->lk_respawn, &tv);
    link->lk_backoff_ms = MIN(link->lk_backoff_ms * 2, BACKOFF_LAST_MS);
}

static char *died_text(int status)
{
    if (!WIFSIGNALED(status))
        return g_strdup_printf("parry-hub ended with status %d", WEXITSTATUS(status));
    return g_strdup_printf("parry-hub was ended by signal %d (%s)%s", WTERMSIG(status),
                           strsignal(WTERMSIG(status)),
                           WTERMSIG(status) == SIGSYS
                               ? ": it asked for a system call that its sandbox forbids"
                               : "");
}

static void on_died(evutil_socket_t fd, short what, void *arg)
{
    HubLink *link = arg;
    int status = 0;

    (void)fd;
    (void)what;
    while (link_take(link)) /* what it still said */
        ;
    while (waitpid(link->lk_pid, &status, 0) < 0 && errno == EINTR)
        ;
    g_autofree char *text = died_text(status);
    g_warning("%s; starting another", text);
    if (g_get_monotonic_time() - link->lk_started_us > LIVED_US)
        link->lk_backoff_ms = BACKOFF_FIRST_MS;
    link_disconnect(link);
    for (guint i = 0; i < link->lk_n_hosts; i++)
        link_host_lost(&link->lk_hosts[i], text);
    if (link->lk_callbacks.hb_process)
        link->lk_callbacks.hb_process(0, status, link->lk_data);
    link_later(link);
}

/* Signals as a fresh process has them, an own group (Ctrl-C is parryd's to handle), and
 * the socket at CHILD_FD. Returns an errno. */
static int hub_exec(const HubLink *link, int child_fd, pid_t *pid)
{
    g_autofree char *fd = g_strdup_printf("%d", CHILD_FD);
    g_autofree char *hosts = g_strdup_printf("%u", link->lk_n_hosts);
    g_autofree char *uid = g_strdup_printf("%u", (guint)link->lk_uid);
    g_autofree char *gid = g_strdup_printf("%u", (guint)link->lk_gid);
    char *argv[] = {"parry-hub", "--fd", fd,      "--hosts", hosts,
                    "--uid",     uid,    "--gid", gid,       NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    int rc = posix_spawn_file_actions_adddup2(&actions, child_fd, CHILD_FD);
    if (!rc)
        rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
                                                 POSIX_SPAWN_SETSIGMASK |
                                                 POSIX_SPAWN_SETSIGDEF);
    if (!rc)
        rc = posix_spawnattr_setsigmask(&attr, &none);
    if (!rc)
        rc = posix_spawnattr_setsigdefault(&attr, &all);
    if (!rc)
        rc = posix_spawn(pid, link->lk_program, &actions, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return rc;
}

static gboolean spawn_fail(const HubLink *link, GError **error, const char *what, int why)
{
    g_set_error(error, LINK_ERROR, LINK_ERROR_SPAWN, "%s: %s: %s", link->lk_program, what,
                g_strerror(why));
    return FALSE;
}

static gboolean link_watch(HubLink *link, GError **error)
{
    struct event_base *base = link->lk_base;

    link->lk_pidfd = pidfd_open(link->lk_pid, 0);
    if (link->lk_pidfd < 0)
        return spawn_fail(link, error, "pidfd_open", errno);
    link->lk_readable =
        event_new(base, link->lk_fd, EV_READ | EV_PERSIST, on_readable, link);
    link->lk_writable = event_new(base, link->lk_fd, EV_WRITE, on_writable, link);
    link->lk_died = event_new(base, link->lk_pidfd, EV_READ, on_died, link);
    if (!link->lk_readable || !link->lk_writable || !link->lk_died ||
        event_add(link->lk_readable, NULL) < 0 || event_add(link->lk_died, NULL) < 0)
        return spawn_fail(link, error, "watch it", ENOMEM);
    return TRUE;
}

static gboolean link_spawn(HubLink *link, GError **error)
{
    int pair[2], bytes = SOCKET_BYTES;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return spawn_fail(link, error, "socketpair", errno);
    for (int i = 0; i < 2; i++) /* only a wish: the system's maximum may be lower */
        setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    int rc = hub_exec(link, pair[1], &link->lk_pid);
    close(pair[1]);
    link->lk_fd = pair[0];
    link->lk_started_us = g_get_monotonic_time();
    if (rc || !link_watch(link, error)) {
        if (rc) {
            link->lk_pid = 0;
            spawn_fail(link, error, "start", rc);
        } else {
            kill(link->lk_pid, SIGKILL);
            waitpid(link->lk_pid, NULL, 0);
        }
        link_disconnect(link);
        return FALSE;
    }
    for (guint i = 0; i < link->lk_n_hosts; i++)
        if (link->lk_hosts[i].lh_listener >= 0)
            link_push(link, HUB_LISTEN, &link->lk_hosts[i], NULL, 0,
                      link->lk_hosts[i].lh_listener);
    link_flush(link);
    return TRUE;
}

static void link_spawn_or_retry(HubLink *link)
{
    g_autoptr(GError) error = NULL;

    if (link_spawn(link, &error))
        return;
    g_warning("%s; trying again", error->message);
    link_later(link);
}

/* ---- listeners ---- */

static gboolean socket_fail(GError **error, const char *path, const char *what, int why)
{
    g_set_error(error, LINK_ERROR, LINK_ERROR_SOCKET, "%s: %s: %s", path, what,
                g_strerror(why));
    return FALSE;
}

/* The mode is set before the name exists: nobody else can connect in between. */
static gboolean socket_bind(int fd, const char *path, uid_t owner, GError **error)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    if (g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path)) >= sizeof(addr.sun_path))
        return socket_fail(error, path, "a socket path is at most 107 bytes",
                           ENAMETOOLONG);
    if (fchmod(fd, 0600) < 0)
        return socket_fail(error, path, "chmod", errno);
    if (unlink(path) < 0 && errno != ENOENT)
        return socket_fail(error, path, "remove the old one", errno);
    if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
        return socket_fail(error, path, "bind", errno);
    if (lchown(path, owner, (gid_t)-1) < 0 || listen(fd, 8) < 0) {
        int why = errno;
        unlink(path);
        return socket_fail(error, path, "chown and listen", why);
    }
    return TRUE;
}

static void host_close_listener(LinkHost *host)
{
    if (host->lh_listener < 0)
        return;
    close(host->lh_listener);
    host->lh_listener = -1;
    if (unlink(host->lh_path) < 0 && errno != ENOENT)
        g_warning("%s: remove: %s", host->lh_path, g_strerror(errno));
    g_clear_pointer(&host->lh_path, g_free);
}

/* After a revert or a reset all that was queued for the older state dies. */
static void host_set_epoch(LinkHost *host, guint32 epoch)
{
    if (epoch == host->lh_given)
        return;
    gboolean first = host->lh_given == 0;
    host->lh_given = epoch;
    /* The link may have moved on by itself: a number once told must not come again. */
    host->lh_epoch = first ? MAX(epoch, 1) : MAX(epoch, host->lh_epoch + 1);
    host->lh_fresh = TRUE;
    /* A clone has the boot id of the guest before it: it is not the one that was known.
     */
    host->lh_known = host->lh_join = FALSE;
    host->lh_outstanding = 0;
    wire_queue_restart(host->lh_queue, first);
}

gboolean link_listen(HubLink *link, int index, const char *path, uid_t owner,
                     guint32 epoch, GError **error)
{
    if (index < 0 || (guint)index >= link->lk_n_hosts) {
        g_set_error(error, LINK_ERROR, LINK_ERROR_HOST, "host %d: there are %u", index,
                    link->lk_n_hosts);
        return FALSE;
    }
    LinkHost *host = &link->lk_hosts[index];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return socket_fail(error, path, "socket", errno);
    host_close_listener(host);
    if (!socket_bind(fd, path, owner, error)) {
        close(fd);
        return FALSE;
    }
    host->lh_listener = fd;
    host->lh_path = g_strdup(path);
    host_set_epoch(host, epoch);
    host->lh_conn = 0; /* the hub ends the connection that it had on the old socket */
    link_push(link, HUB_LISTEN, host, NULL, 0, fd);
    link_flush(link);
    return TRUE;
}

void link_unlisten(HubLink *link, int index)
{
    g_return_if_fail(index >= 0 && (guint)index < link->lk_n_hosts);
    LinkHost *host = &link->lk_hosts[index];
    host_close_listener(host);
    host->lh_conn = 0;
    link_push(link, HUB_UNLISTEN, host, NULL, 0, -1);
    link_flush(link);
}

/* ---- the link ---- */

static gboolean link_prepare(HubLink *link, GError **error)
{
    static const struct timeval ping = {PING_S, 0};

    for (guint i = 0; i < link->lk_n_hosts; i++) {
        if (!link_host_init(&link->lk_hosts[i], link, i))
            return spawn_fail(link, error, "queues", ENOMEM);
    }
    link->lk_respawn = evtimer_new(link->lk_base, on_respawn, link);
    link->lk_grant = evtimer_new(link->lk_base, on_grant, link);
    link->lk_ping = event_new(link->lk_base, -1, EV_PERSIST, on_ping, link);
    if (!link->lk_respawn || !link->lk_grant || !link->lk_ping ||
        event_add(link->lk_ping, &ping) < 0)
        return spawn_fail(link, error, "timers", ENOMEM);
    return TRUE;
}

HubLink *link_new(struct event_base *base, const char *program, uid_t uid, gid_t gid,
                  guint n_hosts, const HubLinkCallbacks *callbacks, gpointer data,
                  GError **error)
{
    HubLink *link = g_new0(HubLink, 1);

    link->lk_base = base;
    link->lk_program = g_strdup(program);
    link->lk_uid = uid;
    link->lk_gid = gid;
    link->lk_callbacks = *callbacks;
    link->lk_data = data;
    link->lk_n_hosts = n_hosts;
    link->lk_hosts = g_new0(LinkHost, MAX(n_hosts, 1));
    for (guint i = 0; i < n_hosts; i++)
        link->lk_hosts[i].lh_listener = -1;
    link->lk_fd = link->lk_pidfd = -1;
    link->lk_backoff_ms = BACKOFF_FIRST_MS;
    link->lk_in = g_malloc(HUB_RECORD_MAX);
    if (link_prepare(link, error) && link_spawn(link, error))
        return link;
    link_free(link);
    return NULL;
}

void link_free(HubLink *link)
{
    if (!link)
        return;
    if (link->lk_pid) { /* it keeps nothing that would be worth a farewell */
        kill(link->lk_pid, SIGKILL);
        while (waitpid(link->lk_pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    link_disconnect(link);
    struct event *timers[] = {link->lk_respawn, link->lk_grant, link->lk_ping};
    for (gsize i = 0; i < G_N_ELEMENTS(timers); i++)
        if (timers[i])
            event_free(timers[i]);
    g_queue_clear(&link->lk_ready);
    g_queue_clear(&link->lk_granted);
    g_queue_clear(&link->lk_taken);
    for (guint i = 0; i < link->lk_n_hosts; i++) {
        host_close_listener(&link->lk_hosts[i]);
        link_host_clear(&link->lk_hosts[i]);
    }
    g_free(link->lk_hosts);
    g_free(link->lk_in);
    g_free(link->lk_program);
    g_free(link);
}

void link_committed(HubLink *link)
{
    LinkHost *host;

    while ((host = g_queue_pop_head(&link->lk_taken))) {
        host->lh_taken = FALSE;
        wire_queue_commit(host->lh_queue, wire_queue_taken(host->lh_queue));
        link_host_kick(host);
    }
    link_flush(link);
}

gboolean link_connected(const HubLink *link, int index)
{
    return index >= 0 && (guint)index < link->lk_n_hosts &&
           link->lk_hosts[index].lh_conn != 0;
}

pid_t link_hub_pid(const HubLink *link)
{
    return link->lk_up ? link->lk_pid : 0;
}

guint link_hub_sandbox(const HubLink *link)
{
    return link->lk_sandbox;
}
