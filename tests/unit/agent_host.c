#include "tests/unit/agent_host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AGENT PARRY_BINARY_DIR "/bin/parry-agent"

void (*host_before_agent)(void);
const char *host_agent = AGENT;

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void write_line(struct host *h, const struct wire_msg *m)
{
    struct wire_error e;
    size_t len;
    char *line = wire_encode(m, &len, &e);

    if (!line) {
        fprintf(stderr, "host: %s\n", e.text);
        abort();
    }
    host_write(h, line, len);
    host_write(h, "\n", 1);
    free(line);
}

static void flush(struct host *h)
{
    const char *line;
    size_t len;

    while (h->fd >= 0 && (line = wire_queue_next(h->queue, &len)))
        host_write(h, line, len);
}

static void welcome(struct host *h, const struct wire_hello *hello)
{
    struct wire_msg m;

    h->hellos++;
    if (hello->epoch != h->epoch)
        wire_queue_restart(h->queue, h->hellos == 1);
    else if (h->inst && hello->inst != h->inst)
        wire_queue_restart(h->queue, true);
    else
        wire_queue_resume(h->queue, hello->last);
    h->inst = hello->inst;
    wire_msg_init(&m, WIRE_WELCOME);
    m.welcome = (struct wire_welcome){.v = WIRE_VERSION,
                                      .last = wire_queue_taken(h->queue),
                                      .epoch = h->epoch,
                                      .credit = h->credit,
                                      .deadman_ms = h->deadman_ms};
    write_line(h, &m);
    flush(h);
}

static void grant(struct host *h, size_t n)
{
    struct wire_msg m;
    struct wire_error e;

    h->stream_bytes += (int64_t)n;
    if (!h->grant)
        return;
    wire_msg_init(&m, WIRE_CREDIT_MSG);
    m.credit = (int64_t)n;
    wire_queue_put(h->queue, &m, &e);
}

static void keep(struct host *h, struct wire_msg *m)
{
    struct heard *item = calloc(1, sizeof(*item));

    item->m = *m;
    if (h->last)
        h->last->next = item;
    else
        h->first = item;
    h->last = item;
}

static bool on_line(void *arg, enum frame_event event, const char *line, size_t len)
{
    struct host *h = arg;
    struct wire_msg m;
    struct wire_error e;

    if (event != FRAME_LINE)
        return true;
    if (!wire_decode(WIRE_TO_HOST, line, len, &m, &e)) {
        /* What was half written when a connection broke is no fault of the agent's. */
        h->bad_lines += h->hellos > 0;
        return true;
    }
    if (m.ack >= 0)
        wire_queue_acked(h->queue, m.ack);
    if (m.kind == WIRE_OUT || m.kind == WIRE_PTY)
        grant(h, m.out.data.len);
    if (wire_kind_numbered(m.kind)) {
        if (wire_queue_take(h->queue, m.seq) != WIRE_NEW) {
            wire_msg_clear(&m);
            return true;
        }
        wire_queue_commit(h->queue, m.seq);
    }
    if (m.kind == WIRE_HELLO)
        welcome(h, &m.hello);
    keep(h, &m);
    return true;
}

/* One look at the connection, at most ms long. */
static void turn(struct host *h, int ms)
{
    char bytes[8192];
    struct pollfd p = {h->fd >= 0 ? h->fd : h->listener, POLLIN, 0};

    flush(h);
    if (poll(&p, 1, ms) <= 0)
        return;
    if (h->fd < 0) {
        h->fd = accept(h->listener, NULL, NULL);
        frame_reader_reset(&h->reader);
        host_write(h, "\n", 1);
        return;
    }
    ssize_t n = read(h->fd, bytes, sizeof(bytes));
    if (n > 0)
        frame_feed(&h->reader, bytes, (size_t)n, on_line, h);
    else if (n == 0 || errno != EAGAIN) {
        close(h->fd);
        h->fd = -1;
    }
    flush(h);
}

void host_write(struct host *h, const char *bytes, size_t n)
{
    while (n > 0 && h->fd >= 0) {
        ssize_t done = send(h->fd, bytes, n, MSG_NOSIGNAL);
        if (done < 0)
            return;
        bytes += done;
        n -= (size_t)done;
    }
}

void host_send(struct host *h, const struct wire_msg *m)
{
    struct wire_error e;

    if (!wire_queue_put(h->queue, m, &e)) {
        fprintf(stderr, "host: %s\n", e.text);
        abort();
    }
    if (h->hellos > 0)
        flush(h);
}

static struct heard *find(const struct host *h, enum wire_kind kind, int64_t id)
{
    struct heard *item = h->first;

    while (item && (item->taken || item->m.kind != kind || (id && item->m.id != id)))
        item = item->next;
    return item;
}

bool host_has(const struct host *h, enum wire_kind kind, int64_t id)
{
    return find(h, kind, id) != NULL;
}

const struct wire_msg *host_wait(struct host *h, enum wire_kind kind, int64_t id)
{
    int64_t end = now_ms() + HOST_WAIT_MS;
    struct heard *item;

    while (!(item = find(h, kind, id))) {
        int64_t left = end - now_ms();
        if (left <= 0 || (h->fd < 0 && h->listener < 0)) {
            fprintf(stderr, "host: no %s of %lld\n", wire_kind_name(kind), (long long)id);
            return NULL;
        }
        turn(h, (int)left);
    }
    item->taken = true;
    return &item->m;
}

void host_pump(struct host *h, int ms)
{
    int64_t end = now_ms() + ms;

    for (int64_t left = ms; left > 0; left = end - now_ms())
        turn(h, (int)left);
}

char *host_data(const struct host *h, int64_t id, int stream, size_t *len)
{
    enum wire_kind kind = stream ? WIRE_OUT : WIRE_PTY;
    char *data = calloc(1, 1);
    size_t n = 0;

    for (const struct heard *item = h->first; item; item = item->next) {
        const struct wire_out *out = &item->m.out;
        if (item->m.kind != kind || item->m.id != id || out->stream != stream)
            continue;
        data = realloc(data, n + out->data.len + 1);
        memcpy(data + n, out->data.data, out->data.len);
        n += out->data.len;
        data[n] = '\0';
    }
    if (len)
        *len = n;
    return data;
}

const struct wire_msg *host_order(struct host *h, int64_t id, const char *script)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_ORDER);
    m.id = id;
    m.order.script = script;
    host_send(h, &m);
    return host_wait(h, WIRE_RESULT, id);
}

static void exec_agent(const struct host *h, int fd)
{
    char number[16], path[128];

    if (host_before_agent)
        host_before_agent();
    snprintf(number, sizeof(number), "%d", fd);
    snprintf(path, sizeof(path), "%s/agent.sock", h->dir);
    if (fd >= 0 && fcntl(fd, F_SETFD, 0) == 0)
        execl(host_agent, host_agent, "--fd", number, "--state", h->dir, NULL);
    else
        execl(host_agent, host_agent, "--socket", path, "--state", h->dir, NULL);
    _exit(127);
}

static bool spawn_agent(struct host *h)
{
    int fds[2] = {-1, -1};

    if (h->listener < 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return false;
    h->pid = fork();
    if (h->pid == 0)
        exec_agent(h, fds[1]);
    if (fds[1] >= 0)
        close(fds[1]);
    if (h->listener < 0)
        h->fd = fds[0];
    return h->pid > 0;
}

bool host_start_agent(struct host *h)
{
    int hellos = h->hellos;
    int64_t end = now_ms() + HOST_WAIT_MS;

    if (h->fd >= 0 && h->listener < 0)
        close(h->fd);
    if (!spawn_agent(h))
        return false;
    while (h->hellos == hellos && now_ms() < end)
        turn(h, 100);
    return h->hellos > hellos;
}

static int listen_in(const char *dir)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/agent.sock", dir);
    if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 1) < 0)
        return -1;
    return fd;
}

static bool prepare(struct host *h, bool socket)
{
    memset(h, 0, sizeof(*h));
    h->fd = h->listener = -1;
    h->epoch = 1;
    h->credit = WIRE_CREDIT;
    h->grant = true;
    snprintf(h->dir, sizeof(h->dir), "/tmp/parry-agent-test-XXXXXX");
    if (!mkdtemp(h->dir))
        return false;
    if (socket && (h->listener = listen_in(h->dir)) < 0)
        return false;
    h->queue = wire_queue_new(NULL);
    frame_reader_init(&h->reader);
    return h->queue != NULL;
}

bool host_listen(struct host *h)
{
    return prepare(h, true);
}

bool host_start(struct host *h, bool socket)
{
    return prepare(h, socket) && host_start_agent(h);
}

void host_drop(struct host *h, size_t lose)
{
    char bytes[4096];

    while (lose > 0 && h->fd >= 0) {
        ssize_t n =
            recv(h->fd, bytes, lose < sizeof(bytes) ? lose : sizeof(bytes), MSG_DONTWAIT);
        if (n <= 0)
            break;
        lose -= (size_t)n;
    }
    close(h->fd);
    h->fd = -1;
}

void host_kill_agent(struct host *h)
{
    kill(h->pid, SIGKILL);
    waitpid(h->pid, NULL, 0);
    h->pid = -1;
    if (h->listener < 0) {
        close(h->fd);
        h->fd = -1;
    }
}

static int reap(struct host *h)
{
    int64_t end = now_ms() + HOST_WAIT_MS;
    struct timespec nap = {0, 5000000};
    int status;

    while (now_ms() < end) {
        if (waitpid(h->pid, &status, WNOHANG) == h->pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        nanosleep(&nap, NULL);
    }
    kill(h->pid, SIGKILL);
    waitpid(h->pid, NULL, 0);
    return -1;
}

static void remove_files(struct host *h)
{
    static const char *const names[] = {"state", "state.new", "agent.sock", NULL};
    char path[128];

    for (const char *const *name = names; *name; name++) {
        snprintf(path, sizeof(path), "%s/%s", h->dir, *name);
        unlink(path);
    }
    rmdir(h->dir);
}

int host_stop(struct host *h)
{
    int status = 0;

    if (h->fd >= 0)
        close(h->fd);
    if (h->pid > 0) {
        if (h->listener >= 0)
            kill(h->pid, SIGTERM);
        status = reap(h);
    }
    if (h->listener >= 0)
        close(h->listener);
    while (h->first) {
        struct heard *next = h->first->next;
        wire_msg_clear(&h->first->m);
        free(h->first);
        h->first = next;
    }
    frame_reader_clear(&h->reader);
    wire_queue_free(h->queue);
    remove_files(h);
    return status;
}
