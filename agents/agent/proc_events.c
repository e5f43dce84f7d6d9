#include "agents/agent/proc_events.h"

#include "agents/agent/agent.h"
#include "agents/agent/share.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (1 << 19)
#define LISTENS_MAX 1000
#define ANSWER_TURNS 8 /* of what waits before the answer */
#define TURN 512       /* events in one turn of the loop */

/* Of the event in a datagram. */
#define EVENT_AT (NLMSG_HDRLEN + sizeof(struct cn_msg))
#define AT(member) ((uint32_t)(EVENT_AT + offsetof(struct proc_event, member)))

static struct {
    int fd;
    struct event *readable;
    struct proc_events_owner owner;
    uint64_t lost;
    bool answered; /* the kernel, to a LISTEN or IGNORE */
} pe = {.fd = -1};

/* In the kernel: of forks, execs and exits those of whole processes, not of threads.
 * Jumps count from the next statement. */
static bool filter(bool execs)
{
    const uint32_t exec = execs ? PROC_EVENT_EXEC : ~0u;
    struct sock_filter code[] = {
        /*  0 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(what)),
        /*  1 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(PROC_EVENT_EXIT), 3, 0),
        /*  2 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(PROC_EVENT_FORK), 6, 0),
        /*  3 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(exec), 10, 0),
        /*  4 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROC_EVENT_NONE, 9, 8),
        /*  5 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(event_data.exit.process_pid)),
        /*  6 */ BPF_STMT(BPF_MISC | BPF_TAX, 0),
        /*  7 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(event_data.exit.process_tgid)),
        /*  8 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 5, 4),
        /*  9 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(event_data.fork.child_pid)),
        /* 10 */ BPF_STMT(BPF_MISC | BPF_TAX, 0),
        /* 11 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(event_data.fork.child_tgid)),
        /* 12 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 1, 0),
        /* 13 */ BPF_STMT(BPF_RET | BPF_K, 0),
        /* 14 */ BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};

    return setsockopt(pe.fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == 0;
}

static bool listen_to(enum proc_cn_mcast_op op)
{
    struct {
        struct nlmsghdr head;
        char data[sizeof(struct cn_msg) + sizeof(op)];
    } m = {.head = {.nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_DONE}};
    struct cn_msg cn = {.id = {CN_IDX_PROC, CN_VAL_PROC}, .len = sizeof(op)};

    memcpy(m.data, &cn, sizeof(cn));
    memcpy(m.data + sizeof(cn), &op, sizeof(op));
    return send(pe.fd, &m, sizeof(m), 0) == sizeof(m);
}

/* Events bear the time since boot. */
static int64_t wall_us(uint64_t boot_ns)
{
    struct timespec wall, boot;

    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_MONOTONIC, &boot);
    int64_t ahead = ((int64_t)wall.tv_sec - boot.tv_sec) * 1000000 +
                    (wall.tv_nsec - boot.tv_nsec) / 1000;
    return ahead + (int64_t)(boot_ns / 1000);
}

static void take(const struct proc_event *e)
{
    int code;

    switch ((unsigned int)e->what) {
    case PROC_EVENT_FORK:
        pe.owner.forked(e->event_data.fork.parent_tgid, e->event_data.fork.child_tgid);
        break;
    case PROC_EVENT_EXEC:
        pe.owner.executed(e->event_data.exec.process_tgid, wall_us(e->timestamp_ns));
        break;
    case PROC_EVENT_EXIT:
        code = (int)e->event_data.exit.exit_code;
        pe.owner.ended(e->event_data.exit.process_tgid,
                       code & 0x7f ? 128 + (code & 0x7f) : code >> 8 & 0xff,
                       wall_us(e->timestamp_ns));
        break;
    case PROC_EVENT_NONE:
        pe.answered = true;
        break;
    default:
        break;
    }
}

static void count_lost(void)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof(info);

    if (getsockopt(pe.fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0)
        pe.lost = info[SK_MEMINFO_DROPS];
}

void proc_events_drain(void)
{
    char buf[512];
    struct sockaddr_nl from = {0};
    struct proc_event e;

    if (pe.fd < 0 || share_spent())
        return;
    for (int i = 0; i < TURN; i++) {
        socklen_t len = sizeof(from);
        ssize_t n = recvfrom(pe.fd, buf, sizeof(buf), MSG_DONTWAIT,
                             (struct sockaddr *)&from, &len);
        if (n < 0 && errno == ENOBUFS) {
            count_lost();
            continue;
        }
        if (n < 0)
            return;
        if (from.nl_pid != 0 ||
            n < (ssize_t)(EVENT_AT + offsetof(struct proc_event, event_data)))
            continue;
        memset(&e, 0, sizeof(e));
        size_t size = (size_t)n - EVENT_AT;
        memcpy(&e, buf + EVENT_AT, size < sizeof(e) ? size : sizeof(e));
        take(&e);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    proc_events_drain();
}

bool proc_events_start(struct event_base *base, const struct proc_events_owner *owner,
                       bool execs)
{
    struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
    int size = BUFFER;

    proc_events_stop();
    pe.owner = *owner;
    pe.fd =
        socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
    if (pe.fd >= 0)
        (void)setsockopt(pe.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    if (pe.fd >= 0 && filter(execs) &&
        bind(pe.fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
        listen_to(PROC_CN_MCAST_LISTEN))
        pe.readable = event_new(base, pe.fd, EV_READ | EV_PERSIST, on_readable, NULL);
    if (pe.readable && share_add(pe.readable))
        return true;
    agent_log("process events: %s", strerror(errno));
    proc_events_stop();
    return false;
}

void proc_events_stop(void)
{
    if (pe.readable) {
        listen_to(PROC_CN_MCAST_IGNORE);
        share_remove(pe.readable);
        event_free(pe.readable);
    }
    if (pe.fd >= 0)
        close(pe.fd);
    memset(&pe, 0, sizeof(pe));
    pe.fd = -1;
}

/* The kernel answers at once, and only while it believes that somebody listens. */
static bool answers(enum proc_cn_mcast_op op)
{
    pe.answered = false;
    if (!listen_to(op))
        return true; /* nothing can be told */
    for (int i = 0; i < ANSWER_TURNS && !pe.answered && !share_spent(); i++)
        proc_events_drain();
    return pe.answered || share_spent();
}

bool proc_events_tend(void)
{
    int asked = 0;

    if (pe.fd < 0 || share_spent())
        return false;
    while (!answers(PROC_CN_MCAST_LISTEN) && asked < LISTENS_MAX)
        asked++;
    if (asked == 0)
        listen_to(PROC_CN_MCAST_IGNORE); /* it counts: one was enough */
    return asked > 0;
}

uint64_t proc_events_lost(void)
{
    return pe.lost;
}
