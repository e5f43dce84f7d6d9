/*
 * parry COMMAND …: the organiser's command line.
 */
#include "orchestrator/cli/cli.h"

#include "scenarios/base/text.h"
#include "scenarios/values.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GROUP_MAX 12
#define NAME_WIDTH 12
#define ARGS_WIDTH 27

/* In the order of a drill's life; each list ends with NULL. */
static const struct {
    const char *title;
    const CliCommand *commands[GROUP_MAX + 1];
} groups[] = {
    {"Prepare",
     {&cmd_check, &cmd_schema, &cmd_plan, &cmd_simulate, &cmd_import, &cmd_doctor}},
    {"Run",
     {&cmd_run, &cmd_up, &cmd_start, &cmd_pause, &cmd_resume, &cmd_stop, &cmd_end,
      &cmd_down}},
    {"Direct",
     {&cmd_inject, &cmd_approve, &cmd_cancel, &cmd_team, &cmd_reset, &cmd_resets,
      &cmd_checkpoint, &cmd_exec, &cmd_agent}},
    {"Look",
     {&cmd_status, &cmd_score, &cmd_acts, &cmd_observations, &cmd_console, &cmd_logs,
      &cmd_people, &cmd_names}},
    {"Afterwards", {&cmd_report, &cmd_verify}},
    {"This machine", {&cmd_host, &cmd_gc, &cmd_follow, &cmd_restore, &cmd_replicate}},
};

static const CliCommand *command_after(gsize *group, gsize *at)
{
    while (*group < G_N_ELEMENTS(groups)) {
        const CliCommand *command = groups[*group].commands[(*at)++];
        if (command)
            return command;
        (*group)++;
        *at = 0;
    }
    return NULL;
}

static const char help_end[] =
    "\n"
    "Every command has --help. Commands that report take --json.\n"
    "Exit status: 0 done, 1 failed, 2 the scenario has errors, 3 no such drill,\n"
    "4 not in this state of the drill, 5 the plan differs, 64 usage, 130 interrupted.\n"
    "\n"
    "PARRY_HOME (default /var/lib/parry) holds drills, images and keys; PARRY_CONNECT "
    "names\n"
    "a libvirt to use instead of Parry's own; NO_COLOR turns colours off.\n";

static void help_command(FILE *to, const CliCommand *command)
{
    g_autofree char *name = parry_text_fit(command->cc_name, NAME_WIDTH);
    g_autofree char *args = parry_text_fit(
        command->cc_args, MAX(ARGS_WIDTH, parry_text_width(command->cc_args)));

    fprintf(to, "  %s %s", name, args);
    if (parry_text_width(args) > ARGS_WIDTH)
        fprintf(to, "\n  %*s", NAME_WIDTH + 1 + ARGS_WIDTH, "");
    fprintf(to, " %s\n", command->cc_summary);
}

static void help(FILE *to)
{
    fprintf(to,
            "parry %s: cyber attack-and-defence drills on isolated VMs\n\n"
            "usage: parry COMMAND [OPTIONS] …\n",
            PARRY_VERSION);
    for (gsize g = 0; g < G_N_ELEMENTS(groups); g++) {
        fprintf(to, "\n%s\n", groups[g].title);
        for (gsize i = 0; groups[g].commands[i]; i++)
            help_command(to, groups[g].commands[i]);
    }
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

    gsize group = 0, at = 0;

    for (const CliCommand *c; (c = command_after(&group, &at));)
        g_ptr_array_add(names, (char *)c->cc_name);
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
    gsize group = 0, at = 0;
    for (const CliCommand *c; (c = command_after(&group, &at));)
        if (strcmp(argv[1], c->cc_name) == 0)
            return c->cc_run(argc - 1, argv + 1);
    return no_command(argv[1]);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    return finish(command(argc, argv));
}
