/*
 * For guests of test_sees.c. Static, libc only.
 *   flood SECONDS   forks and executes itself as fast as it can; prints how often
 *   records SECONDS prints what audit says meanwhile, a record a line: type and text
 *   listen PORT     listens for five seconds
 */
#include <linux/audit.h>
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

static int flood(const char *self, double seconds)
{
    char *const argv[] = {(char *)"sees", NULL};
    double end = now() + seconds;
    long n = 0;
    pid_t pid;

    while (now() < end) {
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

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "flood") == 0)
        return flood("/proc/self/exe", atof(argv[2]));
    if (argc == 3 && strcmp(argv[1], "records") == 0)
        return records(atof(argv[2]));
    if (argc == 3 && strcmp(argv[1], "listen") == 0)
        return listen_on(atoi(argv[2]));
    return 0;
}
