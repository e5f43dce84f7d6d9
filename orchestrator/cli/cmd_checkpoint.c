/* `parry checkpoint`: hosts' memory and disks, kept while the drill runs. */
#include "orchestrator/cli/cli.h"

#include "orchestrator/daemon/point_store.h"
#include "scenarios/base/duration.h"

#include <stdio.h>

#define MAKE_TIMEOUT_MS 3600000
#define CHECK_TIMEOUT_MS 600000

static gint64 number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value ? value : "";
}

/* ---- what there is ---- */

static void print_one(const json_t *one)
{
    gint64 at = number(one, "at_us");
    gsize hosts = json_array_size(json_object_get(one, "hosts"));
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_local(at / G_USEC_PER_SEC);
    g_autofree char *wall = g_date_time_format(when, "%F %T");
    g_autofree char *clock = duration_clock(number(one, "clock_us"));
    g_autofree char *size = cli_size((guint64)number(one, "bytes"));

    printf("  %-20s %s  clock %-10s %3zu host%s %10s  stood %.2f s  by %s\n",
           text(one, "name"), wall, clock, hosts, hosts == 1 ? " " : "s", size,
           (double)number(one, "stop_us") / G_USEC_PER_SEC, text(one, "by"));
}

static void print_all(const Drill *drill, const json_t *answer)
{
    const json_t *list = json_object_get(answer, "checkpoints"), *one;
    g_autofree char *taken = cli_size((guint64)number(answer, "taken"));
    g_autofree char *limit = cli_size((guint64)number(answer, "limit"));
    gsize i;

    printf("drill %s: %zu checkpoint%s, %s%s%s\n", drill->dr_name, json_array_size(list),
           json_array_size(list) == 1 ? "" : "s", taken,
           number(answer, "limit") ? " of " : "", number(answer, "limit") ? limit : "");
    json_array_foreach (list, i, one)
        print_one(one);
    json_array_foreach (json_object_get(answer, "making"), i, one)
        printf("  %-20s of %s is being made\n", text(one, "name"), text(one, "host"));
    json_array_foreach (json_object_get(answer, "broken"), i, one)
        printf("  not usable: %s\n", json_string_value(one));
}

static int list(const Drill *drill, gboolean json)
{
    g_autoptr(RpcClient) client = NULL;
    int status = EXIT_OK;
    json_t *answer;

    if (!drill->dr_alive) {
        answer = point_list_json(drill->dr_dir);
    } else {
        client = cli_connect(drill, &status);
        answer = client ? cli_call(client, "checkpoints", json_object(), CHECK_TIMEOUT_MS,
                                   &status)
                        : NULL;
    }
    if (!answer)
        return status;
    if (json)
        return cli_json(answer);
    print_all(drill, answer);
    json_decref(answer);
    return EXIT_OK;
}

/* ---- made, checked, deleted ---- */

static int make(const Drill *drill, const char *name, const char *target, gboolean json)
{
    int status = EXIT_OK;
    g_autoptr(RpcClient) client = cli_connect(drill, &status);
    json_t *params = json_pack("{s:s, s:s}", "name", name, "target", target);
    json_t *answer =
        client ? cli_call(client, "checkpoint", params, MAKE_TIMEOUT_MS, &status) : NULL;
    int hosts, failed;

    if (!client)
        json_decref(params);
    if (!answer)
        return status;
    if (json)
        return cli_json(answer);
    hosts = (int)number(answer, "hosts");
    failed = (int)number(answer, "failed");
    if (failed) {
        status =
            cli_fail(EXIT_FAIL, "checkpoint %s: %d of %d hosts of %s are not in it: %s",
                     name, failed, hosts, target, text(answer, "reason"));
    } else {
        g_autofree char *size = cli_size((guint64)number(answer, "bytes"));

        printf("checkpoint %s: %d host%s, %s, after %.2f s; none stood still for more "
               "than %.2f s\n",
               name, hosts, hosts == 1 ? "" : "s", size,
               (double)number(answer, "us") / G_USEC_PER_SEC,
               (double)number(answer, "stop_us") / G_USEC_PER_SEC);
    }
    json_decref(answer);
    return status;
}

static int print_checked(const Drill *drill, const char *name, const json_t *rows)
{
    guint bad = 0;
    const json_t *row;
    gsize i;

    json_array_foreach (rows, i, row) {
        gboolean ok = json_is_true(json_object_get(row, "ok"));

        bad += !ok;
        printf("  %-20s %-26s %s%s\n", text(row, "name"), text(row, "host"),
               ok ? "as it was written" : "SPOILT: ", text(row, "reason"));
    }
    if (name && !json_array_size(rows))
        return cli_fail(EXIT_FAIL, "drill %s has no checkpoint %s", drill->dr_name, name);
    return bad ? cli_fail(EXIT_FAIL, "drill %s: %u of %zu are not as they were written",
                          drill->dr_name, bad, json_array_size(rows))
               : EXIT_OK;
}

static int verify(const Drill *drill, const char *name, gboolean json)
{
    g_autoptr(RpcClient) client = NULL;
    int status = EXIT_OK;
    json_t *answer = NULL;

    if (!drill->dr_alive)
        answer = json_pack("{s:o}", "rows", point_check_json(drill->dr_dir, name));
    else if ((client = cli_connect(drill, &status)))
        answer = cli_call(client, "checkpoint.verify", json_pack("{s:s*}", "name", name),
                          CHECK_TIMEOUT_MS, &status);
    if (!answer)
        return status;
    if (json)
        return cli_json(answer);
    status = print_checked(drill, name, json_object_get(answer, "rows"));
    json_decref(answer);
    return status;
}

static int delete (const Drill *drill, const char *name, gboolean json)
{
    int status = EXIT_OK;
    g_autoptr(RpcClient) client = cli_connect(drill, &status);
    json_t *answer =
        client ? cli_call(client, "checkpoint.delete", json_pack("{s:s}", "name", name),
                          CHECK_TIMEOUT_MS, &status)
               : NULL;

    if (!answer)
        return status;
    if (json)
        return cli_json(answer);
    g_autofree char *size = cli_size((guint64)number(answer, "bytes"));
    printf("checkpoint %s deleted, %s\n", name, size);
    json_decref(answer);
    return EXIT_OK;
}

static int checkpoint(int argc, char **argv)
{
    gboolean json = FALSE, check = FALSE, gone = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"verify", 0, 0, G_OPTION_ARG_NONE, &check,
         "check the files of one, or of all, against their hashes", NULL},
        {"delete", 0, 0, G_OPTION_ARG_NONE, &gone, "remove it", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "the answer as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_checkpoint, entries, &argc, &argv, 1, 3, &status))
        return status;
    const char *name = argc > 2 ? argv[2] : NULL;
    if ((check && gone) || ((check || gone) && argc > 3) || (gone && !name))
        return cli_fail(EXIT_USAGE, "checkpoint: --verify NAME [CHECKPOINT] or --delete "
                                    "NAME CHECKPOINT; see parry checkpoint --help");
    g_autoptr(Drill) drill = cli_drill(argv[1], &status);
    if (!drill)
        return status;
    if (check)
        return verify(drill, name, json);
    if (gone)
        return delete (drill, name, json);
    return name ? make(drill, name, argc > 3 ? argv[3] : "all", json) : list(drill, json);
}

const CliCommand cmd_checkpoint = {"checkpoint", "NAME [CHECKPOINT [HOST|TEAM|all]]",
                                   "keep hosts' memory and disks; list, verify, delete",
                                   checkpoint};
