#include "orchestrator/cli/cli.h"

#include "scenarios/base/duration.h"

#include <stdio.h>
#include <string.h>

/* What there is to say of a drill whose daemon does not run. */
static const char *dead_state(const Drill *drill)
{
    g_autofree char *run = g_build_filename(drill->dr_dir, "run", NULL);
    g_autofree char *moved = drill_moved(drill->dr_dir);

    if (moved)
        return "moved";
    return g_file_test(run, G_FILE_TEST_EXISTS) ? "crashed" : "down";
}

static json_t *drill_status(const Drill *drill)
{
    int status = EXIT_OK;
    json_t *answer = NULL;

    if (drill->dr_alive) {
        g_autoptr(RpcClient) client = cli_connect(drill, &status);
        if (client)
            answer = cli_call(client, "status", NULL, 5000, &status);
    }
    if (answer)
        return answer;
    return json_pack(
        "{s:s, s:s, s:s, s:s}", "name", drill->dr_name, "uuid", drill->dr_uuid, "state",
        drill->dr_alive ? "silent" : dead_state(drill), "dir", drill->dr_dir);
}

static void print_line(const json_t *status)
{
    const char *name = json_string_value(json_object_get(status, "name"));
    const char *state = json_string_value(json_object_get(status, "state"));
    g_autofree char *clock =
        duration_clock(json_integer_value(json_object_get(status, "clock_us")));

    printf("%-28s %-13s", name, state);
    if (json_object_get(status, "hosts"))
        printf(" %s  %zu hosts", clock,
               json_array_size(json_object_get(status, "hosts")));
    else if (strcmp(state, "crashed") == 0)
        printf(" its daemon is gone; `parry up %s` goes on, `parry down %s` removes it",
               name, name);
    printf("\n");
}

/* What is missing of a host's observations, and a clock that is off by over a second. */
static void print_seen(const json_t *host)
{
    const json_t *observed = json_object_get(host, "observed");
    const json_t *clock = json_object_get(host, "clock");
    const char *why = json_string_value(json_object_get(observed, "why"));
    static const char *const where[] = {"kernel", "queue", "channel", "hub"};
    gint64 lost[G_N_ELEMENTS(where)], all = 0;
    gint64 off_us = json_integer_value(json_object_get(clock, "offset_us"));

    for (gsize i = 0; i < G_N_ELEMENTS(where); i++) {
        lost[i] = json_integer_value(
            json_object_get(json_object_get(observed, "lost"), where[i]));
        all += lost[i];
    }
    if (why && *why)
        printf("    not watched: %s\n", why);
    if (all)
        printf(
            "    observations: %lld, lost %lld (kernel %lld, queue %lld, channel %lld, "
            "hub %lld)\n",
            (long long)json_integer_value(json_object_get(observed, "rows")),
            (long long)all, (long long)lost[0], (long long)lost[1], (long long)lost[2],
            (long long)lost[3]);
    if (off_us > G_USEC_PER_SEC || off_us < -(gint64)G_USEC_PER_SEC)
        printf("    its clock is %.1f s %s\n",
               (double)ABS(off_us) / (double)G_USEC_PER_SEC,
               off_us > 0 ? "ahead" : "behind");
}

static void print_hosts(const json_t *hosts, const char *drill)
{
    const json_t *host;
    gsize i;

    json_array_foreach (hosts, i, host) {
        const char *reason = json_string_value(json_object_get(host, "reason"));
        printf("  %-26s %-10s %-16s %s\n", json_string_value(json_object_get(host, "id")),
               json_string_value(json_object_get(host, "state")),
               json_string_value(json_object_get(host, "ip")), reason ? reason : "");
        if (drill &&
            g_strcmp0(json_string_value(json_object_get(host, "state")), "lost") == 0)
            printf("    `parry reset %s %s` brings it back as it was when ready\n", drill,
                   json_string_value(json_object_get(host, "id")));
        print_seen(host);
    }
}

/* What white can move comes with the command that moves it. */
static void print_waiting(const json_t *waiting)
{
    static const struct {
        const char *why, *words;
    } words[] = {
        {"approval", "waits for `parry approve`"},
        {"quiet", "waits: a window in which nothing begins"},
        {"scope", "waits: the scope lets no attack begin now"},
        {"together", "waits for the others of its name"},
        {"retry", "failed, and is tried again"},
        {"manual", "is fired by `parry inject`"},
    };
    const json_t *one;
    gsize i;

    json_array_foreach (waiting, i, one) {
        const char *why = json_string_value(json_object_get(one, "why"));
        gint64 until = json_integer_value(json_object_get(one, "until_us"));
        g_autofree char *clock = until >= 0 ? duration_clock(until) : NULL;
        for (gsize w = 0; w < G_N_ELEMENTS(words); w++)
            if (g_strcmp0(why, words[w].why) == 0)
                printf("  %-26s %s%s%s\n",
                       json_string_value(json_object_get(one, "inject")), words[w].words,
                       clock ? ", until " : "", clock ? clock : "");
    }
}

/* Which machines were restored from one that booted before, and why some were not. */
static void print_golden(const json_t *golden)
{
    const json_t *one;
    gsize i;

    json_array_foreach (golden, i, one) {
        const char *reason = json_string_value(json_object_get(one, "reason"));

        printf("  golden guest like %s %s%s, for %lld clone(s)%s%s\n",
               json_string_value(json_object_get(one, "like")),
               json_string_value(json_object_get(one, "state")),
               json_is_true(json_object_get(one, "cached")) ? ", from the cache" : "",
               (long long)json_integer_value(json_object_get(one, "hosts")),
               reason && *reason ? ": " : "", reason ? reason : "");
    }
}

static void print_full(const json_t *status)
{
    const json_t *service;
    const char *reason = json_string_value(json_object_get(status, "reason"));
    const char *name = json_string_value(json_object_get(status, "name"));
    const char *held =
        json_string_value(json_object_get(json_object_get(status, "lost"), "held"));
    gsize i;

    print_line(status);
    if (reason && *reason)
        printf("  reason: %s\n", reason);
    if (held && g_strcmp0(held, reason) != 0)
        printf("  holds: %s\n", held);
    json_array_foreach (json_object_get(status, "services"), i, service)
        printf("  %-12s %s, pid %lld, restarted %lld times\n",
               json_string_value(json_object_get(service, "name")),
               json_string_value(json_object_get(service, "listen")),
               (long long)json_integer_value(json_object_get(service, "pid")),
               (long long)json_integer_value(json_object_get(service, "restarts")));
    if (json_object_get(status, "accel"))
        printf("  accelerator  %s\n",
               json_string_value(json_object_get(status, "accel")));
    print_golden(json_object_get(status, "golden"));
    if (held)
        printf("  `parry up %s` makes all of it again\n", name);
    print_hosts(json_object_get(status, "hosts"), held ? NULL : name);
    print_waiting(json_object_get(status, "waiting"));
}

static int all(gboolean json)
{
    g_autofree char *home = drill_home();
    g_autoptr(GPtrArray) drills = drill_list(home);
    json_t *list = json_array(), *status;
    gsize i;

    for (guint d = 0; d < drills->len; d++)
        json_array_append_new(list, drill_status(drills->pdata[d]));
    if (json)
        return cli_json(list);
    if (!drills->len)
        printf("no drills in %s\n", home);
    json_array_foreach (list, i, status)
        print_line(status);
    json_decref(list);
    return EXIT_OK;
}

static int run(int argc, char **argv)
{
    gboolean json = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_status, entries, &argc, &argv, 0, 1, &status))
        return status;
    if (argc < 2)
        return all(json);
    g_autoptr(Drill) drill = cli_drill(argv[1], &status);
    if (!drill)
        return status;
    json_t *answer = drill_status(drill);
    if (json)
        return cli_json(answer);
    print_full(answer);
    json_decref(answer);
    return EXIT_OK;
}

const CliCommand cmd_status = {"status", "[NAME]", "all drills, or one with its hosts",
                               run};
