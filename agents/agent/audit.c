#include "agents/agent/audit.h"

#include "agents/agent/agent.h"
#include "agents/wire/msg_table.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RECORD_MAX 12288 /* the kernel makes none longer than 8,970 */
#define BACKLOG                                                                          \
    8192 /* records, of about 1 KiB, that the kernel keeps for a late reader */
#define BUFFER (1 << 20)
#define TURN 256 /* records in one turn of the loop */
#define ANSWER_MS 1000
#define KEY "parry"

static struct {
    int fd;
    int source;
    uint32_t seq;
    uint32_t was_enabled;
    uint32_t base_lost; /* the kernel's count when we began */
    uint64_t lost;
    uint64_t missing,
        settled;     /* events: at the last poll, and at two one after another */
    uint64_t polled; /* records fed at the last poll */
    struct event *readable;
    struct audit_parse *parse;
    bool yielding; /* somebody else wants it */
} au = {.fd = -1};

/* ---- netlink ---- */

static bool send_message(int type, int flags, const void *data, size_t len)
{
    struct {
        struct nlmsghdr head;
        char data[sizeof(struct audit_rule_data) + sizeof(KEY)];
    } m = {.head = {.nlmsg_type = (uint16_t)type,
                    .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
                    .nlmsg_seq = ++au.seq}};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

    if (len > sizeof(m.data))
        return false;
    m.head.nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
    if (len > 0)
        memcpy(m.data, data, len);
    return sendto(au.fd, &m, m.head.nlmsg_len, 0, (struct sockaddr *)&kernel,
                  sizeof(kernel)) >= 0;
}

/* One datagram; returns its size, or -1. From the kernel only. */
static ssize_t receive(char *buf, size_t size)
{
    struct sockaddr_nl from = {0};
    socklen_t len = sizeof(from);
    ssize_t n;

    do
        n = recvfrom(au.fd, buf, size, MSG_DONTWAIT, (struct sockaddr *)&from, &len);
    while (n < 0 && (errno == EINTR || errno == ENOBUFS));
    return n < (ssize_t)sizeof(struct nlmsghdr) || from.nl_pid != 0 ? -1 : n;
}

static void take_status(const struct nlmsghdr *h, size_t n)
{
    struct audit_status status = {0};
    size_t len = n - NLMSG_HDRLEN;

    memcpy(&status, NLMSG_DATA(h), len < sizeof(status) ? len : sizeof(status));
    if (au.source == WIRE_SOURCE_AUDIT)
        au.lost = (uint32_t)(status.lost - au.base_lost);
}

/* The kernel's own records have no true length in their head, for historical reasons:
 * what was received counts. */
static void take(const char *buf, size_t n)
{
    const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)buf;

    if (h->nlmsg_type == AUDIT_GET)
        take_status(h, n);
    else if (h->nlmsg_type == AUDIT_REPLACE)
        au.yielding = true;
    else if (h->nlmsg_type >= AUDIT_FIRST_USER_MSG)
        audit_parse_feed(au.parse, h->nlmsg_type, buf + NLMSG_HDRLEN, n - NLMSG_HDRLEN);
}

/* Sends and waits for the kernel's word; records that come between are taken. Returns 0,
 * or -errno. answer (may be NULL) takes the data of an answer of that type. */
static int ask(int type, const void *data, size_t len, void *answer, size_t size)
{
    static char buf[RECORD_MAX];
    int64_t until = agent_now_us() + ANSWER_MS * 1000;
    const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)buf;
    int result = answer ? 1 : 0; /* 1: the answer is missing yet */
    bool acked = false;

    if (!send_message(type, NLM_F_ACK, data, len))
        return -errno;
    while (!acked || result > 0) {
        int64_t left = until - agent_now_us();
        struct pollfd p = {au.fd, POLLIN, 0};
        if (left <= 0 || poll(&p, 1, (int)(left / 1000) + 1) < 0)
            return -ETIMEDOUT;
        ssize_t n = receive(buf, sizeof(buf));
        if (n < 0)
            continue;
        if (h->nlmsg_type == NLMSG_ERROR && h->nlmsg_seq == au.seq &&
            n >= (ssize_t)NLMSG_LENGTH(sizeof(int))) {
            int error;
            memcpy(&error, NLMSG_DATA(h), sizeof(error));
            if (error)
                return error;
            acked = true;
        } else if (answer && h->nlmsg_type == type) {
            size_t got = (size_t)n - NLMSG_HDRLEN;
            memcpy(answer, NLMSG_DATA(h), got < size ? got : size);
            result = 0;
        } else {
            take(buf, (size_t)n);
        }
    }
    return result;
}

/* ---- rules ---- */

struct rule {
    uint32_t list, arch;
    int calls[4];  /* ended by -1 */
    int a1;        /* the second argument must be this, -1: any */
    uint32_t type; /* AUDIT_FILTER_EXCLUDE: records of this type */
};

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "say which system calls audit sees on this architecture"
#endif

/* What is asked for by name of call, and what is left out of each event because nobody
 * reads it. 32-bit programs run on 64-bit kernels too. */
static const struct rule rules[] = {
    {AUDIT_FILTER_EXIT, ARCH, {SYS_execve, SYS_execveat, -1}, -1, 0},
    {AUDIT_FILTER_EXIT, ARCH, {SYS_listen, -1}, -1, 0},
    {AUDIT_FILTER_EXIT, ARCH, {SYS_mount, SYS_umount2, -1}, -1, 0},
    {AUDIT_FILTER_EXIT,
     ARCH,
     {SYS_init_module, SYS_finit_module, SYS_delete_module, -1},
     -1,
     0},
    {AUDIT_FILTER_EXIT, ARCH, {SYS_kill, -1}, SIGKILL, 0},
    {AUDIT_FILTER_EXIT, ARCH, {SYS_kill, -1}, SIGTERM, 0},
    {AUDIT_FILTER_EXIT, ARCH, {SYS_kill, -1}, SIGSTOP, 0},
#if defined(__x86_64__)
    {AUDIT_FILTER_EXIT, AUDIT_ARCH_I386, {11, 358, -1}, -1, 0}, /* execve, execveat */
#endif
    {AUDIT_FILTER_EXCLUDE, 0, {-1}, -1, AUDIT_PROCTITLE},
    {AUDIT_FILTER_EXCLUDE, 0, {-1}, -1, AUDIT_PATH},
    {AUDIT_FILTER_EXCLUDE, 0, {-1}, -1, AUDIT_BPF},
    {AUDIT_FILTER_EXCLUDE, 0, {-1}, -1, AUDIT_SECCOMP},
};

static void add_field(struct audit_rule_data *r, uint32_t field, uint32_t value)
{
    r->fields[r->field_count] = field;
    r->fieldflags[r->field_count] = AUDIT_EQUAL;
    r->values[r->field_count++] = value;
}

static int rule_ask(int type, const struct rule *from)
{
    union {
        struct audit_rule_data r;
        char bytes[sizeof(struct audit_rule_data) + sizeof(KEY)];
    } m;
    struct audit_rule_data *r = &m.r;

    memset(&m, 0, sizeof(m));
    r->flags = from->list;
    r->action = AUDIT_ALWAYS;
    if (from->list == AUDIT_FILTER_EXCLUDE) {
        add_field(r, AUDIT_MSGTYPE, from->type);
        return ask(type, r, sizeof(*r), NULL, 0);
    }
    for (int i = 0; from->calls[i] >= 0; i++)
        r->mask[AUDIT_WORD(from->calls[i])] |= AUDIT_BIT(from->calls[i]);
    add_field(r, AUDIT_ARCH, from->arch);
    add_field(r, AUDIT_SUCCESS, 1);
    if (from->a1 >= 0)
        add_field(r, AUDIT_ARG1, (uint32_t)from->a1);
    if (from->calls[0] == SYS_mount)
        add_field(r, AUDIT_LOGINUID_SET, 1); /* not the sandboxes of each service */
    add_field(r, AUDIT_FILTERKEY, sizeof(KEY) - 1);
    memcpy(r->buf, KEY, sizeof(KEY) - 1);
    r->buflen = sizeof(KEY) - 1;
    return ask(type, r, sizeof(*r) + r->buflen, NULL, 0);
}

static void rules_remove(void)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        rule_ask(AUDIT_DEL_RULE, &rules[i]);
}

static bool rules_add(void)
{
    int added = 0;

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        int error = rule_ask(AUDIT_ADD_RULE, &rules[i]);
        if (error && error != -EEXIST)
            agent_log("audit: rule %zu: %s", i, strerror(-error));
        else
            added++;
    }
    return added > 0;
}

/* ---- owning it, or reading beside its owner ---- */

static int set_status(uint32_t mask, uint32_t enabled, uint32_t pid)
{
    struct audit_status s = {.mask = mask,
                             .enabled = enabled,
                             .failure = AUDIT_FAIL_SILENT,
                             .pid = pid,
                             .backlog_limit = BACKLOG,
                             .backlog_wait_time = 0};

    return ask(AUDIT_SET, &s, sizeof(s), NULL, 0);
}

static bool own(const struct audit_status *was)
{
    int error = set_status(AUDIT_STATUS_PID, 0, (uint32_t)getpid());

    if (error) {
        agent_log("audit: cannot own it: %s", strerror(-error));
        return false;
    }
    au.was_enabled = was->enabled;
    au.base_lost = was->lost;
    au.source = WIRE_SOURCE_AUDIT;
    error = set_status(AUDIT_STATUS_BACKLOG_LIMIT | AUDIT_STATUS_BACKLOG_WAIT_TIME |
                           AUDIT_STATUS_FAILURE,
                       0, 0);
    if (error) /* a guest must not wait for us, rather blind than that */
        agent_log("audit: limits: %s", strerror(-error));
    if (!error && rules_add() && !(error = set_status(AUDIT_STATUS_ENABLED, 1, 0)))
        return true;
    agent_log("audit: cannot switch it on: %s", strerror(-error));
    rules_remove();
    set_status(AUDIT_STATUS_PID, 0, 0);
    au.source = 0;
    return false;
}

static bool join(void)
{
    int group = AUDIT_NLGRP_READLOG;

    if (setsockopt(au.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) <
        0) {
        agent_log("audit: beside its owner: %s", strerror(errno));
        return false;
    }
    au.source = WIRE_SOURCE_MULTICAST;
    return true;
}

static void yield_if_asked(void)
{
    if (!au.yielding || au.source != WIRE_SOURCE_AUDIT)
        return;
    agent_log("audit: another daemon wants it");
    rules_remove();
    set_status(AUDIT_STATUS_PID, 0, 0);
    au.source = 0;
    join();
}

void audit_drain(void)
{
    static char buf[RECORD_MAX];
    ssize_t n;

    if (au.fd < 0)
        return;
    for (int i = 0; i < TURN && (n = receive(buf, sizeof(buf))) >= 0; i++)
        take(buf, (size_t)n);
    yield_if_asked();
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    audit_drain();
}

static bool open_socket(struct event_base *base, audit_fn fn, void *arg)
{
    int size = BUFFER;

    au.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
    if (au.fd < 0) {
        agent_log("audit: %s", strerror(errno));
        return false;
    }
    if (setsockopt(au.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        agent_log("audit: buffer: %s", strerror(errno));
    au.parse = audit_parse_new(fn, arg);
    au.readable = event_new(base, au.fd, EV_READ | EV_PERSIST, on_readable, NULL);
    return au.parse && au.readable;
}

/* Whether an auditd runs at every boot here: it would not start beside an owner, and this
 * agent is up before it. */
static bool auditd_enabled(void)
{
    static const char *const marks[] = {
        "/etc/systemd/system/multi-user.target.wants/auditd.service",
        "/etc/systemd/system/sysinit.target.wants/auditd.service",
        "/etc/rc2.d/S01auditd",
    };

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (faccessat(AT_FDCWD, marks[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return true;
    return false;
}

int audit_start(struct event_base *base, audit_fn fn, void *arg)
{
    struct audit_status status = {0};

    audit_stop();
    if (!open_socket(base, fn, arg)) {
        audit_stop();
        return 0;
    }
    int error = ask(AUDIT_GET, NULL, 0, &status, sizeof(status));
    bool owned = status.pid != 0 && status.pid != (uint32_t)getpid() &&
                 kill((pid_t)status.pid, 0) == 0;
    owned = owned || auditd_enabled();
    if (error)
        agent_log("audit: status: %s", strerror(-error));
    else if (status.enabled == 2)
        agent_log("audit: its rules are locked until the next boot");
    if (error || !((!owned && status.enabled != 2 && own(&status)) || join()) ||
        event_add(au.readable, NULL) < 0)
        audit_stop();
    return au.source;
}

void audit_stop(void)
{
    if (au.fd >= 0 && au.source == WIRE_SOURCE_AUDIT) {
        rules_remove();
        set_status(AUDIT_STATUS_PID, 0, 0);
        if (!au.was_enabled)
            set_status(AUDIT_STATUS_ENABLED, 0, 0);
    }
    if (au.readable)
        event_free(au.readable);
    if (au.fd >= 0)
        close(au.fd);
    audit_parse_free(au.parse);
    memset(&au, 0, sizeof(au));
    au.fd = -1;
}

int audit_source(void)
{
    return au.source;
}

void audit_poll(void)
{
    if (au.fd < 0)
        return;
    uint64_t fed = audit_parse_count(au.parse), records = fed - au.polled;
    au.polled = fed;
    uint64_t missing = audit_parse_missing(au.parse);
    uint64_t both = missing < au.missing ? missing : au.missing;
    au.missing = missing;
    if (au.source == WIRE_SOURCE_AUDIT && both > au.settled)
        au.settled = both;
    /* What had no record since the last time has none coming. */
    audit_parse_flush(au.parse, records);
    if (records > 0 && !send_message(AUDIT_GET, 0, NULL, 0))
        agent_log("audit: status: %s", strerror(errno));
}

uint64_t audit_lost(void)
{
    return au.lost + au.settled;
}
