/*
 * For guests of test_sees.c. Static, libc only.
 *   flood SECONDS [TEXT]  forks and executes itself, with TEXT, as fast as it can; prints
 *                   how often; less than 0: so many times
 *   records SECONDS prints what audit says meanwhile, a record a line: type and text
 *   listen PORT     listens for five seconds
 *   eat             takes memory until something ends it
 *   bomb N          forks until N of it run, each of which does nothing but run
 *   audit flush     takes all rules away;  audit off: switches audit off
 *   audit hide      nothing of new processes is to be recorded
 *   deaf            tells the process connector, ten times, that nobody listens
 */
#include <linux/audit.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int flood(const char *self, double seconds, char *text)
{
    char *const argv[] = {(char *)"sees", text, NULL};
    double end = now() + seconds;
    long n = 0;
    pid_t pid;

    while (seconds < 0 ? n < -seconds : now() < end) {
        if (posix_spawn(&pid, self, NULL, NULL, argv, environ) != 0)
            return 1;
        waitpid(pid, NULL, 0);
        n++;
    }
    printf("%ld\n", n);
    return 0;
}

static int records(double seconds)
{
    static char buf[16384];
    int group = AUDIT_NLGRP_READLOG;
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
    struct sockaddr_nl addr = {.nl_family = AF_NETLINK};
    struct pollfd p = {fd, POLLIN, 0};
    double end = now() + seconds;

    if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
        return 1;
    while (now() < end) {
        if (poll(&p, 1, 100) <= 0)
            continue;
        ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);
        if (n < NLMSG_HDRLEN)
            continue;
        buf[n] = '\0';
        printf("%d %s\n", ((struct nlmsghdr *)(void *)buf)->nlmsg_type,
               buf + NLMSG_HDRLEN);
        fflush(stdout);
    }
    return 0;
}

static int listen_on(int port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 1) < 0)
        return 1;
    sleep(5);
    return 0;
}

static _Noreturn void eat(void)
{
    for (;;) {
        char *bytes = malloc(1 << 20);
        if (bytes)
            memset(bytes, 1, 1 << 20);
    }
}

/* Each makes half of what is left and is one itself. */
static _Noreturn void bomb(long n)
{
    while (n > 1) {
        pid_t pid = fork();
        if (pid < 0)
            usleep(1000);
        else if (pid == 0)
            n = n / 2;
        else
            n -= n / 2;
    }
    for (;;)
        ;
}

/* One message to the kernel's audit; answers are read by the caller. */
static void tell_audit(int fd, int type, const void *data, size_t len)
{
    struct {
        struct nlmsghdr head;
        char data[8192];
    } m = {.head = {.nlmsg_type = (unsigned short)type,
                    .nlmsg_flags = NLM_F_REQUEST,
                    .nlmsg_len = (unsigned int)NLMSG_LENGTH(len)}};

    if (len > 0)
        memcpy(m.data, data, len);
    if (send(fd, &m, m.head.nlmsg_len, 0) < 0)
        perror("audit");
}

static void flush(int fd)
{
    static char buf[64][8192];
    int n = 0;

    tell_audit(fd, AUDIT_LIST_RULES, NULL, 0);
    while (n < 64 && recv(fd, buf[n], sizeof(buf[n]), 0) >= NLMSG_HDRLEN) {
        const struct nlmsghdr *h = (const struct nlmsghdr *)(void *)buf[n];
        if (h->nlmsg_type == NLMSG_DONE)
            break;
        n += h->nlmsg_type == AUDIT_LIST_RULES;
    }
    for (int i = 0; i < n; i++) {
        const struct audit_rule_data *r =
            (const struct audit_rule_data *)(void *)(buf[i] + NLMSG_HDRLEN);
        tell_audit(fd, AUDIT_DEL_RULE, r, sizeof(*r) + r->buflen);
    }
}

static int meddle(const char *how)
{
    struct audit_status off = {.mask = AUDIT_STATUS_ENABLED};
    struct audit_rule_data never = {.flags = AUDIT_FILTER_TASK, .action = AUDIT_NEVER};
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);

    if (strcmp(how, "flush") == 0)
        flush(fd);
    else if (strcmp(how, "off") == 0)
        tell_audit(fd, AUDIT_SET, &off, sizeof(off));
    else
        tell_audit(fd, AUDIT_ADD_RULE, &never, sizeof(never));
    return 0;
}

static int deafen(void)
{
    struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
    enum proc_cn_mcast_op op = PROC_CN_MCAST_IGNORE;
    int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_CONNECTOR);
    struct {
        struct nlmsghdr head;
        char data[sizeof(struct cn_msg) + sizeof(op)];
    } m = {.head = {.nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_DONE}};
    struct cn_msg cn = {.id = {CN_IDX_PROC, CN_VAL_PROC}, .len = sizeof(op)};

    memcpy(m.data, &cn, sizeof(cn));
    memcpy(m.data + sizeof(cn), &op, sizeof(op));
    if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
        return 1;
    for (int i = 0; i < 10; i++)
        if (send(fd, &m, sizeof(m), 0) < 0)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "eat") == 0)
        eat();
    if (argc == 3 && strcmp(argv[1], "bomb") == 0)
        bomb(atol(argv[2]));
    if (argc == 3 && strcmp(argv[1], "audit") == 0)
        return meddle(argv[2]);
    if (argc == 2 && strcmp(argv[1], "deaf") == 0)
        return deafen();
    if (argc >= 3 && strcmp(argv[1], "flood") == 0)
        return flood("/proc/self/exe", atof(argv[2]), argv[3]);
    if (argc == 3 && strcmp(argv[1], "records") == 0)
        return records(atof(argv[2]));
    if (argc >= 3 && strcmp(argv[1], "listen") == 0)
        return listen_on(atoi(argv[2]));
    return 0;
}
