/*
 * parry agent list|push: what runs in the hosts, and another one in its place.
 */
#include "orchestrator/cli/cli.h"

#include "scenarios/base/text.h"

#include <stdio.h>
#include <string.h>

#define CALL_MS 30000
#define PATIENCE_S 300 /* past the wait for busy agents: sending, trying, draining */

/* Past every event there is: only what comes from now on. */
#define FROM_NOW ((json_int_t)1 << 52)

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* ---- list ---- */

static char *sources_text(const json_t *agent)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const json_t *source;
    gsize i;

    json_array_foreach (json_object_get(agent, "sources"), i, source)
        g_string_append_printf(text, "%s%s", i ? "," : "", json_string_value(source));
    return g_strdup(text->len ? text->str : "-");
}

static void print_agent(const json_t *agent)
{
    g_autofree char *sources = sources_text(agent);
    const char *version = text_of(agent, "version");

    printf("%-24s %-10s %-11s %-12s", text_of(agent, "id"), text_of(agent, "state"),
           text_of(agent, "way"), *version ? version : "-");
    if (json_object_get(agent, "rss_kb"))
        printf(" %6lld %6lld %6lld %6.1f  %s",
               (long long)json_integer_value(json_object_get(agent, "rss_kb")),
               (long long)json_integer_value(json_object_get(agent, "queued")),
               (long long)json_integer_value(json_object_get(agent, "drops")),
               (double)json_integer_value(json_object_get(agent, "beat_ms")) / 1000,
               sources);
    printf("%s\n", json_is_true(json_object_get(agent, "pushing")) ? "  (being replaced)"
                   : *text_of(agent, "pushed")                     ? "  (replaced)"
                                                                   : "");
}

static int list(const Drill *drill, gboolean json)
{
    int status = EXIT_OK;
    g_autoptr(RpcClient) client = cli_connect(drill, &status);
    json_t *agents = client ? cli_call(client, "agents", NULL, CALL_MS, &status) : NULL;
    const json_t *agent;
    gsize i;

    if (!agents)
        return status;
    if (json)
        return cli_json(agents);
    printf("%-24s %-10s %-11s %-12s %6s %6s %6s %6s  %s\n", "host", "state", "way",
           "version", "rss KB", "queue", "drops", "beat s", "sources");
    json_array_foreach (agents, i, agent)
        print_agent(agent);
    json_decref(agents);
    return EXIT_OK;
}

/* ---- push ---- */

typedef struct {
    json_t *pu_open;   /* array of hosts whose end has not come */
    json_t *pu_result; /* [{host, ok, version, reason}] */
    gboolean pu_json;
    gboolean pu_failed;
} Push;

static void push_end(Push *push, const char *host, gboolean ok, const char *version,
                     const char *reason)
{
    const json_t *name;
    gsize i;

    json_array_foreach (push->pu_open, i, name)
        if (strcmp(json_string_value(name), host) == 0) {
            json_array_remove(push->pu_open, i);
            break;
        }
    push->pu_failed |= !ok;
    json_array_append_new(push->pu_result,
                          json_pack("{s:s, s:b, s:s, s:s}", "host", host, "ok", ok,
                                    "version", version, "reason", reason));
    if (!push->pu_json)
        printf("%-24s %s%s\n", host,
               ok ? "replaced, now " : "not replaced: ", ok ? version : reason);
    fflush(stdout);
}

static void push_note(Push *push, const json_t *note)
{
    const char *method = text_of(note, "method");
    const json_t *params = json_object_get(note, "params");
    const json_t *body = json_object_get(params, "body");
    const char *kind = text_of(params, "kind");

    if (!strcmp(method, "progress") && json_object_get(params, "agent")) {
        if (!push->pu_json)
            printf("%-24s %s %s\n", text_of(params, "agent"), text_of(params, "step"),
                   text_of(params, "text"));
    } else if (!strcmp(kind, "agent.replace.done/1")) {
        push_end(push, text_of(params, "host"), TRUE, text_of(body, "version"), "");
    } else if (!strcmp(kind, "agent.replace.failed/1")) {
        push_end(push, text_of(params, "host"), FALSE, text_of(body, "version"),
                 text_of(body, "reason"));
    }
    fflush(stdout);
}

static int push_follow(Push *push, RpcClient *client, int wait_s)
{
    gint64 until =
        g_get_monotonic_time() + (gint64)(wait_s + PATIENCE_S) * G_USEC_PER_SEC;

    while (json_array_size(push->pu_open)) {
        g_autoptr(GError) error = NULL;
        json_t *note = rpc_client_next(client, 1000, &error);
        if (note)
            push_note(push, note);
        json_decref(note);
        if (error)
            return cli_fail(EXIT_FAIL, "the daemon is gone: %s", error->message);
        if (cli_interrupted())
            return cli_fail(EXIT_INTERRUPTED, "left; what was begun goes on");
        if (g_get_monotonic_time() > until)
            return cli_fail(EXIT_FAIL, "no end in time; `parry agent list` shows it");
    }
    return push->pu_failed ? EXIT_FAIL : EXIT_OK;
}

static json_t *push_params(char **hosts, const char *file, int wait_s)
{
    json_t *params = json_pack("{s:i}", "wait_s", wait_s);
    json_t *names = json_array();

    for (; *hosts; hosts++)
        json_array_append_new(names, json_string(*hosts));
    json_object_set_new(params, "hosts", names);
    if (file) {
        g_autofree char *path = g_canonicalize_filename(file, NULL);
        json_object_set_new(params, "file", json_string(path));
    }
    return params;
}

static int push(const Drill *drill, char **hosts, const char *file, int wait_s,
                gboolean json)
{
    int status = EXIT_OK;
    g_autoptr(RpcClient) client = cli_connect(drill, &status);
    Push push = {.pu_result = json_array(), .pu_json = json};
    const json_t *refused;
    json_t *answer = NULL;
    gsize i;

    cli_catch_signals();
    if (client &&
        (answer = cli_call(client, "subscribe", json_pack("{s:I}", "after", FROM_NOW),
                           CALL_MS, &status))) {
        json_decref(answer);
        answer = cli_call(client, "agent.push", push_params(hosts, file, wait_s), CALL_MS,
                          &status);
    }
    if (!answer) {
        json_decref(push.pu_result);
        return status;
    }
    push.pu_open = json_object_get(answer, "begun");
    json_array_foreach (json_object_get(answer, "refused"), i, refused)
        push_end(&push, text_of(refused, "host"), FALSE, "", text_of(refused, "reason"));
    status = push_follow(&push, client, wait_s);
    json_decref(answer);
    if (json)
        cli_json(push.pu_result);
    else
        json_decref(push.pu_result);
    return status;
}

/* ---- both ---- */

static int run(int argc, char **argv)
{
    g_autofree char *file = NULL;
    gboolean json = FALSE, all = FALSE;
    int wait_s = 60, status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "push: to every host that has one", NULL},
        {"file", 0, 0, G_OPTION_ARG_FILENAME, &file,
         "push: this program (the installed parry-agent-static)", "PATH"},
        {"wait", 0, 0, G_OPTION_ARG_INT, &wait_s,
         "push: so long for one that is busy (60)", "SECONDS"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "the result as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_agent, entries, &argc, &argv, 2, G_MAXINT, &status))
        return status;
    gboolean pushes = !strcmp(argv[1], "push");
    if (!pushes && (strcmp(argv[1], "list") != 0 || argc > 3))
        return cli_fail(EXIT_USAGE, "usage: parry agent %s", cmd_agent.cc_args);
    if (pushes && all != (argc == 3))
        return cli_fail(EXIT_USAGE, "agent push: name hosts, or --all");
    if (wait_s < 0 || wait_s > 3600)
        return cli_fail(EXIT_USAGE, "--wait: 0 to 3600 seconds");
    g_autoptr(Drill) drill = cli_drill(argv[2], &status);
    if (!drill)
        return status;
    return pushes ? push(drill, argv + 3, file, wait_s, json) : list(drill, json);
}

const CliCommand cmd_agent = {"agent", "list|push NAME [HOST…]",
                              "agents in the hosts; put another in their place", run};
