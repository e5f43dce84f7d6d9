#include "orchestrator/cli/cli.h"

#include "orchestrator/host/doctor.h"
#include "orchestrator/host/host.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

/* A kernel of the image cache makes the trial boot conclusive. */
static char *cached_kernel(const char *home)
{
    g_autofree char *pattern = g_build_filename(home, "images", "kit-*", "vmlinuz", NULL);
    glob_t found = {0};
    char *path = NULL;

    if (glob(pattern, 0, NULL, &found) == 0)
        path = g_strdup(found.gl_pathv[0]);
    globfree(&found);
    return path;
}

static json_t *results_json(const GPtrArray *results)
{
    json_t *list = json_array();

    for (guint i = 0; i < results->len; i++) {
        const DoctorResult *result = results->pdata[i];
        json_t *entry = json_pack("{s:s, s:s, s:s, s:s}", "name", result->name, "title",
                                  result->title, "level",
                                  doctor_level_name(result->level), "seen", result->seen);
        if (result->mend)
            json_object_set_new(entry, "mend", json_string(result->mend));
        json_array_append_new(list, entry);
    }
    return list;
}

static void print_result(const DoctorResult *result)
{
    static const char *const colours[] = {"\033[32m", "\033[33m", "\033[31m"};
    gboolean colour = cli_colour(1);

    printf("%s%-4s%s  %-22s %s\n", colour ? colours[result->level] : "",
           doctor_level_name(result->level), colour ? "\033[0m" : "", result->title,
           result->seen);
    if (result->mend)
        printf("      %-22s -> %s\n", "", result->mend);
}

static int doctor(int argc, char **argv)
{
    gboolean json = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_doctor, entries, &argc, &argv, 0, 0, &status))
        return status;
    g_autofree char *home = drill_home();
    g_autofree char *kernel = cached_kernel(home);
    g_autoptr(GPtrArray) results = doctor_run(home, kernel);
    if (json)
        cli_json(results_json(results));
    else
        for (guint i = 0; i < results->len; i++)
            print_result(results->pdata[i]);
    return doctor_worst(results) == DOCTOR_FAIL ? EXIT_FAIL : EXIT_OK;
}

static int host_print(const char *home, gboolean json)
{
    g_auto(HostStatus) host = {0};
    g_autoptr(GError) error = NULL;

    if (!host_status(home, &host, &error))
        return cli_fail(EXIT_FAIL, "%s", error->message);
    if (json)
        return cli_json(json_pack(
            "{s:b, s:b, s:i, s:i, s:i, s:s, s:s, s:s}", "running", host.running, "ready",
            host.ready, "pid", (int)host.pid, "restarts", host.restarts, "domains",
            host.domains, "uri", host.uri ? host.uri : "", "accel",
            host.accel ? host.accel : "", "reason", host.reason ? host.reason : ""));
    if (!host.running) {
        printf("the private libvirt of %s does not run; it is started on demand\n", home);
        return EXIT_OK;
    }
    printf(
        "the private libvirt of %s runs, pid %d, %d VMs\n  uri    %s\n  accel  %s: %s\n",
        home, (int)host.pid, host.domains, host.uri, host.accel ? host.accel : "?",
        host.reason ? host.reason : "");
    if (host.last_loss)
        printf("  daemons restarted %d times, the last: %s\n", host.restarts,
               host.last_loss);
    return EXIT_OK;
}

static int host(int argc, char **argv)
{
    gboolean json = FALSE, force = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "status as JSON", NULL},
        {"force", 'f', 0, G_OPTION_ARG_NONE, &force, "stop although VMs run", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GError) error = NULL;

    if (!cli_options(&cmd_host, entries, &argc, &argv, 1, 1, &status))
        return status;
    g_autofree char *home = drill_home();
    if (strcmp(argv[1], "status") == 0)
        return host_print(home, json);
    if (strcmp(argv[1], "stop") != 0)
        return cli_fail(EXIT_USAGE, "usage: parry host stop|status");
    if (!host_stop(home, force, &error))
        return cli_fail(EXIT_FAIL, "%s", error->message);
    printf("the private libvirt of %s is stopped\n", home);
    return EXIT_OK;
}

const CliCommand cmd_doctor = {"doctor", "",
                               "can this machine run drills, and how to mend it", doctor};
const CliCommand cmd_host = {"host", "stop|status",
                             "the private libvirt of this PARRY_HOME", host};
