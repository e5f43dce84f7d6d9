#include "orchestrator/cli/cli.h"

#include "orchestrator/cli/status_text.h"
#include "scoreboard/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS 5000
#define WATCH_MS 1000
#define LOG_END 4096

/* The last line of the daemon's log, or NULL. */
static char *last_words(const Drill *drill)
{
    g_autofree char *path = g_build_filename(drill->dr_dir, "parryd.log", NULL);
    char bytes[LOG_END + 1] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    ssize_t n =
        end > 0 ? pread(fd, bytes, LOG_END, end > LOG_END ? end - LOG_END : 0) : -1;

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return NULL;
    g_strchomp(bytes);
    const char *line = strrchr(bytes, '\n');
    line = line ? line + 1 : bytes;
    return strstr(line, "-Message: ") ? NULL /* no news */ : parry_text_safe(line, -1);
}

/* As the journal's projections have it, without a walk through the events. */
static void add_journal(const Drill *drill, json_t *status)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Journal) journal = journal_open_read(drill->dr_dir, &error);
    json_t *was = journal ? journal_projection(journal, "drill_state", &error) : NULL;
    json_t *hosts = was ? journal_projection(journal, "host_state", &error) : NULL;
    json_t *row;
    gsize i;

    if (json_array_size(was)) {
        const json_t *clock = json_object_get(json_array_get(was, 0), "clock_us");
        json_object_set(status, "was", json_array_get(was, 0));
        json_object_set(status, "clock_us", (json_t *)clock);
    }
    json_array_foreach (hosts, i, row) /* as `hosts` names it */
        json_object_set(row, "id", json_object_get(row, "host"));
    if (hosts)
        json_object_set(status, "hosts", hosts);
    if (error)
        json_object_set_new(status, "reason", json_string(error->message));
    json_decref(was);
    json_decref(hosts);
}

static json_t *dead_status(const Drill *drill, gboolean whole)
{
    const char *state = drill->dr_alive ? "silent" : cli_dead_state(drill);
    g_autofree char *log = strcmp(state, "down") != 0 ? last_words(drill) : NULL;
    json_t *status = json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", drill->dr_name,
                               "uuid", drill->dr_uuid, "state", state, "dir",
                               drill->dr_dir, "rehearsal", drill->dr_rehearsal);

    if (log)
        json_object_set_new(status, "log", json_string(log));
    if (whole)
        add_journal(drill, status);
    return status;
}

static json_t *drill_status(const Drill *drill, gboolean whole)
{
    int status = EXIT_OK;
    json_t *answer = NULL;

    if (drill->dr_alive) {
        g_autoptr(RpcClient) client = cli_connect(drill, &status);
        if (client)
            answer = cli_call(client, "status", NULL, ANSWER_MS, &status);
    }
    return answer ? answer : dead_status(drill, whole);
}

static int all(gboolean json)
{
    g_autofree char *home = drill_home();
    g_autoptr(GPtrArray) drills = drill_list(home);
    json_t *list = json_array(), *status;
    gsize i;

    for (guint d = 0; d < drills->len; d++)
        json_array_append_new(list, drill_status(drills->pdata[d], FALSE));
    if (json)
        return cli_json(list);
    if (!drills->len)
        printf("no drills in %s\n", home);
    json_array_foreach (list, i, status) {
        g_autofree char *line = status_line(status);
        fputs(line, stdout);
    }
    json_decref(list);
    return EXIT_OK;
}

/* Takes it over. */
static void show(json_t *status, const StatusView *view, gboolean json)
{
    if (json) {
        cli_json(status);
        return;
    }
    g_autofree char *text = status_text(status, view);
    fputs(text, stdout);
    json_decref(status);
}

/* Asked anew each time: while nobody reads what was printed, the daemon is not asked. */
static int watch(const char *name, const StatusView *view, gboolean json)
{
    gboolean terminal = cli_colour(1);
    int status = EXIT_OK;

    cli_catch_signals();
    while (!cli_interrupted() && !ferror(stdout)) {
        g_autoptr(Drill) drill = cli_drill(name, &status);
        if (!drill)
            return status;
        if (terminal && !json)
            printf("\033[H\033[J");
        show(drill_status(drill, TRUE), view, json);
        printf("%s", json || terminal ? "" : "\n");
        fflush(stdout);
        g_usleep(WATCH_MS * 1000);
    }
    return EXIT_OK;
}

static int run(int argc, char **argv)
{
    g_autofree char *team = NULL;
    gboolean json = FALSE, every = FALSE, watching = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "as JSON", NULL},
        {"team", 't', 0, G_OPTION_ARG_STRING, &team, "the hosts of this team", "TEAM"},
        {"all", 'a', 0, G_OPTION_ARG_NONE, &every, "every host, however many", NULL},
        {"watch", 'w', 0, G_OPTION_ARG_NONE, &watching, "again each second, until Ctrl-C",
         NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_status, entries, &argc, &argv, 0, 1, &status))
        return status;
    if (argc < 2 && (team || every || watching))
        return cli_fail(EXIT_USAGE, "status: --team, --all and --watch are of one drill");
    if (argc < 2)
        return all(json);
    const StatusView view = {team, every};
    if (watching)
        return watch(argv[1], &view, json);
    g_autoptr(Drill) drill = cli_drill(argv[1], &status);
    if (!drill)
        return status;
    show(drill_status(drill, TRUE), &view, json);
    return EXIT_OK;
}

const CliCommand cmd_status = {"status", "[NAME]", "all drills, or one with its hosts",
                               run};
