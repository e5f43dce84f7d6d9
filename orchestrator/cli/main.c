/*
 * parry COMMAND …: the organiser's command line.
 */
#include "orchestrator/cli/cli.h"

#include "scenarios/values.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const CliCommand *const commands[] = {
    &cmd_check,        &cmd_schema, &cmd_plan,    &cmd_simulate,  &cmd_run,
    &cmd_up,           &cmd_start,  &cmd_status,  &cmd_score,     &cmd_pause,
    &cmd_resume,       &cmd_stop,   &cmd_end,     &cmd_inject,    &cmd_approve,
    &cmd_cancel,       &cmd_exec,   &cmd_report,  &cmd_verify,    &cmd_down,
    &cmd_gc,           &cmd_people, &cmd_doctor,  &cmd_host,      &cmd_import,
    &cmd_names,        &cmd_follow, &cmd_restore, &cmd_replicate, &cmd_acts,
    &cmd_observations, &cmd_agent,  &cmd_console, &cmd_logs,
};

static const char help_end[] =
    "\n"
    "Every command has --help. Commands that report take --json.\n"
    "Exit status: 0 done, 1 failed, 2 the scenario has errors, 3 no such drill,\n"
    "4 not in this state of the drill, 5 the plan differs, 64 usage, 130 interrupted.\n"
    "\n"
    "PARRY_HOME (default /var/lib/parry) holds drills, images and keys; PARRY_CONNECT "
    "names\n"
    "a libvirt to use instead of Parry's own; NO_COLOR turns colours off.\n";

static void help(FILE *to)
{
    fprintf(to,
            "parry %s: cyber attack-and-defence drills on isolated VMs\n\n"
            "usage: parry COMMAND [OPTIONS] …\n\n",
            PARRY_VERSION);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        fprintf(to, "  %-12s %-27s %s\n", commands[i]->cc_name, commands[i]->cc_args,
                commands[i]->cc_summary);
    fputs(help_end, to);
}

/*
 * A full disk must not look like a success. A reader that went away, as `head` does, has
 * all it wanted.
 */
static int finish(int status)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    gboolean before = ferror(stdout);

    errno = 0;
    if (!fflush(stdout) && !before)
        return status;
    const char *why = errno ? g_strerror(errno) : "not all of it was taken";
    if (errno == EPIPE || (poll(&out, 1, 0) == 1 && (out.revents & POLLERR)))
        return status;
    return cli_fail(status ? status : EXIT_FAIL, "standard output: write: %s", why);
}

static int no_command(const char *word)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        g_ptr_array_add(names, (char *)commands[i]->cc_name);
    const char *close = value_closest(word, names);
    if (close)
        return cli_fail(EXIT_USAGE, "no command \"%s\"; did you mean \"%s\"?", word,
                        close);
    return cli_fail(EXIT_USAGE, "no command \"%s\"; `parry --help` lists them", word);
}

static int command(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
        !strcmp(argv[1], "help")) {
        help(stdout);
        return EXIT_OK;
    }
    if (!strcmp(argv[1], "--version")) {
        printf("parry %s\n", PARRY_VERSION);
        return EXIT_OK;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(argv[1], commands[i]->cc_name) == 0)
            return commands[i]->cc_run(argc - 1, argv + 1);
    return no_command(argv[1]);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    return finish(command(argc, argv));
}
