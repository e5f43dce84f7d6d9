/*
 * parry-host: the private libvirt of one PARRY_HOME. Everything it does is in keeper.c.
 */
#include "orchestrator/host/host.h"
#include "orchestrator/host/keeper.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "Usage: parry-host [--home DIR] [--kernel FILE]\n"
    "\n"
    "Runs a private libvirtd, virtlogd and their QEMUs in network, mount and pid\n"
    "namespaces of their own, until SIGTERM or SIGINT. `parry` starts it when needed.\n"
    "\n"
    "  --home DIR      the state directory (default: $PARRY_HOME, /var/lib/parry)\n"
    "  --kernel FILE   a Linux kernel for the trial boot that decides about KVM\n"
    "  --ready-fd N    detach, log to DIR/host/host.log, and write to descriptor N\n"
    "                  \"ready\" or what went wrong\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 stopped on request; 1 could not start; 2 wrong usage; 3 another\n"
    "parry-host has this directory; 4 pid 1 of the namespaces was lost. Needs root.\n";

static int parse_fd(const char *text)
{
    char *end;
    long fd = strtol(text, &end, 10);

    if (*text == '\0' || *end != '\0' || fd <= STDERR_FILENO || fd > 65535 ||
        fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0)
        return -1;
    return (int)fd;
}

/* Fills in what the arguments say; -1 to go on, else the exit status. */
static int parse(int argc, char **argv, const char **home, KeeperOptions *options)
{
    static const struct option known[] = {{"home", required_argument, NULL, 'H'},
                                          {"kernel", required_argument, NULL, 'k'},
                                          {"ready-fd", required_argument, NULL, 'r'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {NULL, 0, NULL, 0}};

    for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        switch (c) {
        case 'H':
            *home = optarg;
            break;
        case 'k':
            options->kernel = optarg;
            break;
        case 'r':
            options->ready_fd = parse_fd(optarg);
            if (options->ready_fd >= 0)
                break;
            fprintf(stderr, "parry-host: --ready-fd %s: not an open descriptor\n",
                    optarg);
            return KEEPER_USAGE;
        case 'h':
            fputs(usage, stdout);
            return 0;
        case 'V':
            puts("parry-host " PARRY_VERSION);
            return 0;
        default:
            fputs("Try 'parry-host --help'.\n", stderr);
            return KEEPER_USAGE;
        }
    }
    if (optind == argc)
        return -1;
    fprintf(stderr, "parry-host: unexpected argument '%s'\n", argv[optind]);
    return KEEPER_USAGE;
}

int main(int argc, char **argv)
{
    const char *set = g_getenv("PARRY_HOME");
    const char *home = set && *set ? set : "/var/lib/parry";
    KeeperOptions options = {.kernel = NULL, .ready_fd = -1};
    g_autoptr(GError) error = NULL;
    int status = parse(argc, argv, &home, &options);

    if (status >= 0)
        return status;
    if (geteuid() != 0) {
        fputs("parry-host: needs root: namespaces, bridges and taps are made\n", stderr);
        return KEEPER_FAILED;
    }
    if (options.ready_fd >= 0)
        setsid();
    g_autoptr(HostPaths) paths = host_paths_new(home, &error);
    if (!paths) {
        fprintf(stderr, "parry-host: %s\n", error->message);
        return KEEPER_USAGE;
    }
    return host_keeper_run(paths, &options);
}
