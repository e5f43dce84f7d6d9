/*
 * parry-hub: the process that reads what guests send (docs/hub.md). Started by
 * parryd, not by people.
 */
#include "agents/wire/msg.h"
#include "orchestrator/hub/hub.h"
#include "orchestrator/sandbox/sandbox.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_BASE (256ull << 20) /* program, libraries, decoder */
#define MEMORY_HOST (2ull << 20)   /* a full output buffer, a line, the decoder's share */
#define FILES_BASE 32
#define HOSTS_MAX 100000

typedef struct {
    int op_fd;
    guint op_hosts;
    uid_t op_uid;
    gid_t op_gid;
} Options;

static const char usage_text[] =
    "usage: parry-hub --fd N --hosts N --uid UID --gid GID\n"
    "\n"
    "Reads what the agents in a drill's guests send. parryd starts it with a socket\n"
    "at descriptor N; it is of no use by hand.\n"
    "\n"
    "  --fd N       descriptor of the SOCK_SEQPACKET socket to parryd\n"
    "  --hosts N    how many hosts the drill has\n"
    "  --uid UID    account to run as\n"
    "  --gid GID    its group\n"
    "  -h, --help   this text\n"
    "  --version    the version\n"
    "\n"
    "Exit status: 0 parryd closed the socket, 1 a failure (named on standard error),\n"
    "2 wrong usage. Killed by SIGSYS: it asked for a system call that its sandbox "
    "forbids.\n";

static gboolean to_number(const char *name, const char *text, guint64 max, guint64 *value)
{
    g_autoptr(GError) error = NULL;

    if (g_ascii_string_to_unsigned(text, 10, 0, max, value, &error))
        return TRUE;
    fprintf(stderr, "parry-hub: --%s: %s\n", name, error->message);
    return FALSE;
}

/* -1: go on; else the exit status. */
static int options_parse(int argc, char **argv, Options *options)
{
    static const struct option longs[] = {{"fd", required_argument, NULL, 'f'},
                                          {"hosts", required_argument, NULL, 'n'},
                                          {"uid", required_argument, NULL, 'u'},
                                          {"gid", required_argument, NULL, 'g'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {NULL, 0, NULL, 0}};
    guint64 values[256] = {0};
    guint given = 0;
    int c, index = 0;

    while ((c = getopt_long(argc, argv, "h", longs, &index)) != -1) {
        if (c == 'h' || c == 'V') {
            printf("%s", c == 'h' ? usage_text : "parry-hub " PARRY_VERSION "\n");
            return 0;
        }
        guint64 max = c == 'f' ? G_MAXINT : c == 'n' ? HOSTS_MAX : G_MAXUINT32 - 1;
        if (c == '?' || !to_number(longs[index].name, optarg, max, &values[c]))
            return 2;
        given |= 1u << index;
    }
    if (given != 15 || optind != argc) {
        fprintf(stderr, "%s", usage_text);
        return 2;
    }
    *options = (Options){(int)values['f'], (guint)values['n'], (uid_t)values['u'],
                         (gid_t)values['g']};
    return -1;
}

static gboolean hub_sandbox(const Options *options, guint *done)
{
    g_autoptr(GError) error = NULL;
    Sandbox sandbox = {
        .sb_profile = SANDBOX_HUB,
        .sb_uid = options->op_uid,
        .sb_gid = options->op_gid,
        .sb_files = FILES_BASE + 2 * options->op_hosts,
        .sb_memory = MEMORY_BASE + MEMORY_HOST * options->op_hosts,
    };

    if (sandbox_enter(&sandbox, done, &error))
        return TRUE;
    fprintf(stderr, "parry-hub: %s\n", error->message);
    return FALSE;
}

static int hub_run(const Options *options)
{
    struct event_base *base = event_base_new();
    Hub *hub = base ? hub_new(base, options->op_fd, options->op_hosts) : NULL;
    guint done;

    if (!hub) {
        fprintf(stderr, "parry-hub: out of memory\n");
        return 1;
    }
    if (!hub_sandbox(options, &done))
        return 1;
    hub_tell_up(hub, done);
    event_base_dispatch(base);
    const char *failure = hub_failure(hub);
    if (failure)
        fprintf(stderr, "parry-hub: %s\n", failure);
    hub_free(hub);
    event_base_free(base);
    return failure ? 1 : 0;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Options options;
    int status = options_parse(argc, argv, &options);

    if (status >= 0)
        return status;
    if (!sandbox_close_others(&options.op_fd, 1, &error)) {
        fprintf(stderr, "parry-hub: %s\n", error->message);
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    wire_init();
    return hub_run(&options);
}
