#include "agents/agent/audit.h"

#include "agents/agent/agent.h"
#include "agents/agent/audit_rules.h"
#include "agents/agent/share.h"
#include "agents/agent/text.h"
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
#include <time.h>
#include <unistd.h>

#define RECORD_MAX 12288 /* the kernel makes none longer than 8,970 */
#define BACKLOG                                                                          \
    8192 /* records, of about 1 KiB, that the kernel keeps for a late reader */
#define BUFFER (1 << 20)
#define TURN 256 /* records in one turn of the loop */
#define ANSWER_MS 1000
#define SUSPICION_US 50000
#define POLLS 5 /* every so many, all is looked at */
#define RULES_TAKEN_MAX 64
#define YIELDED_US 60000000 /* somebody may need two tries to take it */

#define LIMITS                                                                           \
    (AUDIT_STATUS_BACKLOG_LIMIT | AUDIT_STATUS_BACKLOG_WAIT_TIME |                       \
     AUDIT_STATUS_FAILURE | AUDIT_STATUS_RATE_LIMIT)

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
    audit_fn fn;
    void *arg;
    bool yielding; /* somebody else wants it */
    int64_t yielded_us;
    /* Whether anybody but the agent changes what audit does. */
    audit_tamper_fn tamper;
    struct event *suspicion; /* soon after it did */
    struct audit_event by;   /* who it was, pid -1: not known */
    int polls;
    int64_t right_us; /* wall clock: when all was seen to be right */
} au = {.fd = -1};

static int64_t wall_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- netlink ---- */

static bool send_message(int type, int flags, const void *data, size_t len)
{
    struct {
        struct nlmsghdr head;
        char data[sizeof(union audit_rule_space)];
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

/* What somebody set is looked at when all records of it are there. */
static void suspect(void)
{
    struct timeval soon = {0, SUSPICION_US};

    if (au.source && au.suspicion && !evtimer_pending(au.suspicion, NULL))
        evtimer_add(au.suspicion, &soon);
}

static void on_event(void *arg, const struct audit_event *e)
{
    (void)arg;
    if (e->type != AUDIT_CONFIG_CHANGE) {
        au.fn(au.arg, e);
        return;
    }
    if (e->pid == getpid())
        return;
    if (e->pid > 0 || au.by.pid < 0)
        au.by = *e;
    suspect();
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
    else if (h->nlmsg_type == AUDIT_CONFIG_CHANGE)
        suspect();
    if (h->nlmsg_type >= AUDIT_FIRST_USER_MSG)
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

struct listed {
    uint64_t own; /* a bit for each of ours that is there */
    int hiding;
    union audit_rule_space first; /* of those that hide something */
    size_t first_len;
};

static void take_listed(struct listed *l, const char *data, size_t len)
{
    static union audit_rule_space m;

    if (len < sizeof(m.rule) || len > sizeof(m))
        return;
    memcpy(&m, data, len);
    int which = audit_rule_which(&m, len);
    if (which >= 0) {
        l->own |= UINT64_C(1) << which;
    } else if (audit_rule_hides(&m)) {
        if (l->hiding++ == 0) {
            memcpy(&l->first, &m, len);
            l->first_len = sizeof(m.rule) + m.rule.buflen;
        }
    }
}

static bool list_rules(struct listed *l)
{
    static char buf[RECORD_MAX];
    int64_t until = agent_now_us() + ANSWER_MS * 1000;
    const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)buf;

    memset(l, 0, sizeof(*l));
    if (!send_message(AUDIT_LIST_RULES, 0, NULL, 0))
        return false;
    for (;;) {
        int64_t left = until - agent_now_us();
        struct pollfd p = {au.fd, POLLIN, 0};
        if (left <= 0 || poll(&p, 1, (int)(left / 1000) + 1) < 0)
            return false;
        ssize_t n = receive(buf, sizeof(buf));
        if (n < 0)
            continue;
        if (h->nlmsg_type == NLMSG_DONE && h->nlmsg_seq == au.seq)
            return true;
        if (h->nlmsg_type == AUDIT_LIST_RULES)
            take_listed(l, buf + NLMSG_HDRLEN, (size_t)n - NLMSG_HDRLEN);
        else
            take(buf, (size_t)n);
    }
}

static int rule_ask(int type, size_t i)
{
    union audit_rule_space m;
    size_t len = audit_rule_build(i, &m);

    return ask(type, &m.rule, len, NULL, 0);
}

static void rules_remove(void)
{
    for (size_t i = 0; i < audit_rules_count(); i++)
        rule_ask(AUDIT_DEL_RULE, i);
}

/* Those whose bit is not in have; returns how many there are now. */
static int rules_add(uint64_t have)
{
    int there = 0;

    for (size_t i = 0; i < audit_rules_count(); i++) {
        int error = have >> i & 1 ? 0 : rule_ask(AUDIT_ADD_RULE, i);
        if (error && error != -EEXIST)
            agent_log("audit: rule %zu: %s", i, strerror(-error));
        else
            there++;
    }
    return there;
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
    error = set_status(LIMITS, 0, 0);
    if (error) /* a guest must not wait for us, rather blind than that */
        agent_log("audit: limits: %s", strerror(-error));
    if (!error && rules_add(0) > 0 && !(error = set_status(AUDIT_STATUS_ENABLED, 1, 0)))
        return true;
    agent_log("audit: cannot switch it on: %s", strerror(-error));
    rules_remove();
    set_status(AUDIT_STATUS_PID, 0, 0);
    au.source = 0;
    return false;
}

static void leave(void)
{
    int group = AUDIT_NLGRP_READLOG;

    (void)setsockopt(au.fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &group, sizeof(group));
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

static void tell_tamper(const char *text, bool mended)
{
    struct audit_tamper t = {text, &au.by, au.right_us, mended};

    agent_log("audit: %s", text);
    if (au.tamper)
        au.tamper(&t);
    au.by = (struct audit_event){.pid = -1, .ppid = -1, .uid = -1, .auid = -1, .ses = -1};
    au.right_us = wall_us();
}

static void yield_if_asked(void)
{
    if (!au.yielding || au.source != WIRE_SOURCE_AUDIT)
        return;
    rules_remove();
    set_status(AUDIT_STATUS_PID, 0, 0);
    au.source = 0;
    au.yielding = false;
    au.yielded_us = agent_now_us();
    join();
    tell_tamper("another daemon has taken it", false);
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

/* ---- whether all is as it was set ---- */

static bool owned_by_other(const struct audit_status *s)
{
    return s->pid != 0 && s->pid != (uint32_t)getpid() && kill((pid_t)s->pid, 0) == 0;
}

/* Rules of others that hide something are taken away: who watches, says what is seen. */
static int unhide(struct listed *l)
{
    int n = 0;

    while (l->hiding > 0 && n < RULES_TAKEN_MAX &&
           ask(AUDIT_DEL_RULE, &l->first, l->first_len, NULL, 0) == 0) {
        n++;
        if (!list_rules(l))
            break;
    }
    return n;
}

static bool settings_right(const struct audit_status *s)
{
    return s->pid == (uint32_t)getpid() && s->enabled != 0 && s->rate_limit == 0 &&
           s->backlog_limit == BACKLOG && s->backlog_wait_time == 0 &&
           s->failure == AUDIT_FAIL_SILENT;
}

static bool set_right(const struct audit_status *s)
{
    if (s->pid != (uint32_t)getpid() &&
        set_status(AUDIT_STATUS_PID, 0, (uint32_t)getpid()) != 0)
        return false;
    return set_status(LIMITS, 0, 0) == 0 &&
           (s->enabled != 0 || set_status(AUDIT_STATUS_ENABLED, 1, 0) == 0);
}

/* What is wrong is told and put right; where that cannot be, audit is no source any more
 * (locked: until the next boot). */
static void tend(void)
{
    static struct listed l;
    struct audit_status s = {0};
    char text[160];

    if (au.source != WIRE_SOURCE_AUDIT || ask(AUDIT_GET, NULL, 0, &s, sizeof(s)) != 0 ||
        !list_rules(&l))
        return;
    int all = (int)audit_rules_count(), had = __builtin_popcountll(l.own);
    int hiding = l.hiding;
    bool right = settings_right(&s);
    if (right && had == all && hiding == 0) {
        au.right_us = wall_us();
        return;
    }
    bool mended = right || set_right(&s);
    mended = (hiding == 0 || unhide(&l) == hiding) && mended;
    mended = rules_add(l.own) == all && mended;
    text_format(text, sizeof(text), "%s%d of %d rules gone, %d that hide; %s",
                s.enabled == 0 ? "switched off; "
                : right        ? ""
                               : "limits changed; ",
                all - had, all, hiding, mended ? "put right" : "cannot be put right");
    if (!mended) {
        au.source = 0;
        join();
    }
    tell_tamper(text, mended);
}

/* An auditd that took it is gone. */
static void take_back(void)
{
    struct audit_status s = {0};

    if (au.source != WIRE_SOURCE_MULTICAST || auditd_enabled() ||
        agent_now_us() - au.yielded_us < YIELDED_US ||
        ask(AUDIT_GET, NULL, 0, &s, sizeof(s)) != 0 || owned_by_other(&s) ||
        s.enabled == 2)
        return;
    leave();
    if (own(&s))
        tell_tamper("nobody has it any more: taken again", true);
    else
        join();
}

static void on_suspicion(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    audit_parse_flush(au.parse, 0); /* a change may stand alone, without an end */
    tend();
}

void audit_drain(void)
{
    static char buf[RECORD_MAX];
    ssize_t n;

    if (au.fd < 0 || share_spent())
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
    au.fn = fn;
    au.arg = arg;
    au.parse = audit_parse_new(on_event, NULL);
    au.readable = event_new(base, au.fd, EV_READ | EV_PERSIST, on_readable, NULL);
    au.suspicion = evtimer_new(base, on_suspicion, NULL);
    return au.parse && au.readable && au.suspicion;
}

int audit_start(struct event_base *base, audit_fn fn, audit_tamper_fn tamper, void *arg)
{
    struct audit_status status = {0};

    audit_stop();
    au.tamper = tamper;
    au.by.pid = -1;
    au.right_us = wall_us();
    if (!open_socket(base, fn, arg)) {
        audit_stop();
        return 0;
    }
    int error = ask(AUDIT_GET, NULL, 0, &status, sizeof(status));
    bool owned = owned_by_other(&status) || auditd_enabled();
    if (error)
        agent_log("audit: status: %s", strerror(-error));
    else if (status.enabled == 2)
        agent_log("audit: its rules are locked until the next boot");
    if (error || !((!owned && status.enabled != 2 && own(&status)) || join()) ||
        !share_add(au.readable))
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
    if (au.readable) {
        share_remove(au.readable);
        event_free(au.readable);
    }
    if (au.suspicion)
        event_free(au.suspicion);
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
    if (++au.polls % POLLS == 0) {
        tend();
        take_back();
    }
}

uint64_t audit_lost(void)
{
    return au.lost + au.settled;
}
