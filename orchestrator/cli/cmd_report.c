#include "orchestrator/cli/cli.h"

#include "orchestrator/daemon/programs.h"
#include "scoreboard/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static Journal *open_journal(const Drill *drill, Plan **plan, int *status)
{
    g_autoptr(GError) error = NULL;
    Journal *journal;

    *plan = drill_plan(drill, &error);
    journal = *plan ? journal_open_read(drill->dr_dir, &error) : NULL;
    if (!journal)
        *status = cli_fail(EXIT_FAIL, "drill %s: %s", drill->dr_name, error->message);
    return journal;
}

int report_print(const Drill *drill)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = NULL;
    g_autofree char *path = NULL;
    int status = EXIT_OK;
    g_autoptr(Journal) journal = open_journal(drill, &plan, &status);

    if (!journal)
        return status;
    if (!report_write(plan, journal, drill->dr_dir, &path, &error))
        return cli_fail(EXIT_FAIL, "drill %s: report: %s", drill->dr_name,
                        error->message);
    printf("report: %s\n", path);
    fflush(stdout);
    return EXIT_OK;
}

static int print_as(const Drill *drill, gboolean json, const char *lang)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = NULL;
    int status = EXIT_OK;
    g_autoptr(Journal) journal = open_journal(drill, &plan, &status);

    if (!journal)
        return status;
    json_t *report = report_json(plan, journal, &error);
    if (!report)
        return cli_fail(EXIT_FAIL, "drill %s: report: %s", drill->dr_name,
                        error->message);
    if (json)
        return cli_json(report);
    g_autofree char *text = report_markdown(report, lang);
    fputs(text, stdout);
    json_decref(report);
    return EXIT_OK;
}

static int report(int argc, char **argv)
{
    g_autofree char *lang = NULL;
    gboolean json = FALSE, print = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "print it as JSON", NULL},
        {"print", 'p', 0, G_OPTION_ARG_NONE, &print, "print it as Markdown", NULL},
        {"lang", 0, 0, G_OPTION_ARG_STRING, &lang, "en or zh-Hant, with --print", "LANG"},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_report, entries, &argc, &argv, 0, 1, &status))
        return status;
    g_autoptr(Drill) drill = cli_drill(argc > 1 ? argv[1] : NULL, &status);
    if (!drill)
        return status;
    return json || print ? print_as(drill, json, lang ? lang : "en")
                         : report_print(drill);
}

/* parry-verify shares no code with what wrote the journal: it takes over from here. */
static int verify(int argc, char **argv)
{
    gboolean json = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_verify, entries, &argc, &argv, 0, 1, &status))
        return status;
    g_autoptr(Drill) drill = cli_drill(argc > 1 ? argv[1] : NULL, &status);
    if (!drill)
        return status;
    g_autofree char *program = programs_path("parry-verify");
    g_autofree char *journal = g_build_filename(drill->dr_dir, "journal.db", NULL);
    char *args[] = {program, json ? "--json" : journal, json ? journal : NULL, NULL};
    execv(program, args);
    return cli_fail(EXIT_FAIL, "%s: %s", program, g_strerror(errno));
}

const CliCommand cmd_report = {"report", "[NAME]", "write the after-action report",
                               report};
const CliCommand cmd_verify = {"verify", "[NAME]",
                               "check the journal: chain, rows, signatures", verify};
