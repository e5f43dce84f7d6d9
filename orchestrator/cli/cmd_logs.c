/*
 * parry logs: what a host wrote to its console, what its agent said, what libvirt and
 * QEMU say of it. Bytes of a guest: made safe line by line.
 */
#include "orchestrator/cli/cli.h"

#include "scenarios/base/text.h"
#include "scoreboard/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TICK_US (G_USEC_PER_SEC / 5)
#define LINE_MAX_SHOWN 4096
#define PIECE 65536
#define CALL_MS 60000
#define ANSWER_MS 5000
#define NO_JOURNAL 3 /* the guest keeps the agent's words nowhere but on its console */

/* Where it runs under systemd, its journal; on a micro host the console has it. */
static const char agent_script[] =
    "command -v journalctl >/dev/null && [ -d /run/systemd/system ] || exit 3\n"
    "journalctl --quiet --no-pager --boot --lines=\"$LINES\" "
    "--unit=parry-agent.service\n";

typedef struct {
    const char *tl_path;
    const char *tl_only; /* lines that begin so, NULL: all */
    int tl_fd;
    guint tl_shown; /* lines */
    ino_t tl_inode;
    GString *tl_line; /* one that has not ended */
} Tail;

static void show_line(Tail *tail, const char *line, gsize len)
{
    if (len && line[len - 1] == '\r')
        len--;
    if (tail->tl_only && !g_strstr_len(line, (gssize)len, tail->tl_only))
        return;
    g_autofree char *safe = parry_text_safe(line, (gssize)MIN(len, LINE_MAX_SHOWN));
    puts(safe);
    tail->tl_shown++;
}

static void take_bytes(Tail *tail, const char *bytes, gsize len)
{
    for (const char *end; (end = memchr(bytes, '\n', len));) {
        g_string_append_len(tail->tl_line, bytes, end - bytes);
        show_line(tail, tail->tl_line->str, tail->tl_line->len);
        g_string_truncate(tail->tl_line, 0);
        len -= (gsize)(end + 1 - bytes);
        bytes = end + 1;
    }
    g_string_append_len(tail->tl_line, bytes, (gssize)len);
    if (tail->tl_line->len <= LINE_MAX_SHOWN)
        return;
    show_line(tail, tail->tl_line->str, tail->tl_line->len);
    g_string_truncate(tail->tl_line, 0);
}

static gboolean tail_open(Tail *tail)
{
    struct stat st;

    tail->tl_fd = open(tail->tl_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
    if (tail->tl_fd < 0 || fstat(tail->tl_fd, &st) < 0 || !S_ISREG(st.st_mode))
        return FALSE;
    tail->tl_inode = st.st_ino;
    return TRUE;
}

static void read_on(Tail *tail)
{
    char bytes[PIECE];
    ssize_t n;

    while ((n = read(tail->tl_fd, bytes, sizeof(bytes))) > 0)
        take_bytes(tail, bytes, (gsize)n);
    fflush(stdout);
}

/* virtlogd moves a full log aside and begins another. */
static void look_for_new(Tail *tail)
{
    struct stat st;

    if (stat(tail->tl_path, &st) < 0 || st.st_ino == tail->tl_inode)
        return;
    read_on(tail);
    close(tail->tl_fd);
    tail_open(tail);
}

/* To where its last `lines` lines begin. */
static void skip_to_last(const Tail *tail, int lines)
{
    char bytes[PIECE];
    off_t at = lseek(tail->tl_fd, 0, SEEK_END), begin = 0;
    int seen = -1; /* the end of the last line begins no other */

    while (lines && at > 0 && !begin) {
        off_t from = MAX(at - (off_t)sizeof(bytes), 0);
        ssize_t n = pread(tail->tl_fd, bytes, (gsize)(at - from), from);
        for (ssize_t i = n - 1; i >= 0 && !begin; i--)
            if (bytes[i] == '\n' && ++seen >= lines)
                begin = from + i + 1;
        at = n > 0 ? from : 0;
    }
    lseek(tail->tl_fd, begin, SEEK_SET);
}

/* A host, and what of it is asked for. */
typedef struct {
    const Drill *wh_drill;
    const PlanHost *wh_host;
    int wh_lines;
    gboolean wh_follow;
} What;

/* ---- why there is nothing ---- */

static json_t *entry_of(const json_t *hosts, const char *member, const char *id)
{
    json_t *entry;
    gsize i;

    json_array_foreach (hosts, i, entry)
        if (g_strcmp0(json_string_value(json_object_get(entry, member)), id) == 0)
            return entry;
    return NULL;
}

/* As its daemon has it, else as the journal does; NULL: it knows of none. */
static json_t *hosts_known(const Drill *drill)
{
    g_autofree char *path = drill_socket(drill, "white.sock");
    g_autoptr(RpcClient) client = drill->dr_alive ? rpc_client_connect(path, NULL) : NULL;
    g_autoptr(Journal) journal = client ? NULL : journal_open_read(drill->dr_dir, NULL);

    if (client)
        return rpc_client_call(client, "hosts", NULL, ANSWER_MS, NULL);
    return journal ? journal_projection(journal, "host_state", NULL) : NULL;
}

/* "failed: start: …", "boot, after a restore", "planned: waits for its image server". */
static char *how_it_stands(const Drill *drill, const PlanHost *host)
{
    json_t *hosts = hosts_known(drill);
    const json_t *entry = entry_of(hosts, drill->dr_alive ? "id" : "host", host->ph_id);
    const char *state = json_string_value(json_object_get(entry, "state"));
    const char *reason = json_string_value(json_object_get(entry, "reason"));
    const char *why =
        json_string_value(json_object_get(json_object_get(entry, "doing"), "why"));

    if (!reason || !*reason)
        reason = why;
    char *text = g_strdup_printf("%s%s%s",
                                 state   ? state
                                 : hosts ? "its VM was never begun"
                                         : "and nothing else is known of it",
                                 reason && *reason ? ": " : "", reason ? reason : "");
    json_decref(hosts);
    return text;
}

/* Of a clone the boot is another's: that of the guest which it was restored from. */
static void say_golden(const Drill *drill)
{
    g_autofree char *logs = g_build_filename(drill->dr_dir, "logs", NULL);
    g_autoptr(GDir) dir = g_dir_open(logs, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)))
        if (g_str_has_suffix(name, "-golden.log"))
            fprintf(stderr, "a golden guest wrote, as it booted: %s/%s\n", logs, name);
}

static void say_nothing(const What *what, const char *path)
{
    g_autofree char *stands = how_it_stands(what->wh_drill, what->wh_host);

    fprintf(stderr,
            "%s wrote nothing there (%s), it is %s; a memory clone does not boot and is "
            "quiet\n",
            what->wh_host->ph_id, path, stands);
    say_golden(what->wh_drill);
}

static int no_such_file(const What *what, const char *path)
{
    g_autofree char *cause = g_strdup(g_strerror(errno));
    g_autofree char *stands = how_it_stands(what->wh_drill, what->wh_host);

    return cli_fail(EXIT_FAIL, "%s: %s: %s; the host: %s", what->wh_host->ph_id, path,
                    cause, stands);
}

/* ---- files ---- */

static int show_file(const What *what, const char *path, const char *only)
{
    Tail tail = {.tl_path = path, .tl_only = only};
    int lines = what->wh_lines;
    gboolean follow = what->wh_follow;

    if (!tail_open(&tail))
        return no_such_file(what, path);
    tail.tl_line = g_string_new(NULL);
    if (!only)
        skip_to_last(&tail, lines);
    cli_catch_signals();
    read_on(&tail);
    while (follow && !cli_interrupted() && tail.tl_fd >= 0) {
        g_usleep(TICK_US);
        read_on(&tail);
        look_for_new(&tail);
    }
    if (tail.tl_line->len)
        show_line(&tail, tail.tl_line->str, tail.tl_line->len);
    if (!tail.tl_shown)
        say_nothing(what, path);
    g_string_free(tail.tl_line, TRUE);
    if (tail.tl_fd >= 0)
        close(tail.tl_fd);
    return EXIT_OK;
}

static int show_console(const What *what, const char *only)
{
    g_autofree char *name = g_strconcat(what->wh_host->ph_domain, ".log", NULL);
    g_autofree char *path = g_build_filename(what->wh_drill->dr_dir, "logs", name, NULL);

    return show_file(what, path, only);
}

static int show_libvirt(const What *what)
{
    g_autofree char *home = drill_home();
    g_autofree char *name = g_strconcat(what->wh_host->ph_domain, ".log", NULL);
    g_autofree char *own = g_build_filename(home, "host", "log", "qemu", name, NULL);
    g_autofree char *system = g_build_filename("/var/log/libvirt/qemu", name, NULL);

    return show_file(what, what->wh_drill->dr_connect ? system : own, NULL);
}

/* The guest itself cannot be asked: whatever its console has. */
static int agent_from_console(const What *what, const char *why)
{
    fprintf(stderr, "the agent of %s cannot be asked: %s; from its console:\n",
            what->wh_host->ph_id, why);
    return show_console(what, "parry-agent: ");
}

static int show_agent(const What *what)
{
    int status = EXIT_OK;
    g_autofree char *script = g_strdup_printf(
        "LINES=%d\n%s", what->wh_lines ? what->wh_lines : 100000, agent_script);
    g_autoptr(GError) error = NULL;
    json_t *answer;

    if (!what->wh_drill->dr_alive)
        return agent_from_console(what, "the drill's daemon does not run");
    g_autoptr(RpcClient) client = cli_connect(what->wh_drill, &status);
    if (!client)
        return status;
    answer = rpc_client_call(
        client, "order",
        json_pack("{s:s, s:s}", "host", what->wh_host->ph_id, "script", script), CALL_MS,
        &error);
    if (!answer)
        return agent_from_console(what, error->message);
    int code = (int)json_integer_value(json_object_get(answer, "exit"));
    if (code != NO_JOURNAL)
        fputs(json_string_value(json_object_get(answer, "out")), stdout);
    json_decref(answer);
    if (code == NO_JOURNAL)
        return show_console(what, "parry-agent: ");
    return code ? cli_fail(EXIT_FAIL, "journalctl in the guest: exit %d", code) : EXIT_OK;
}

/* "web" will do where only one team has one. */
static const PlanHost *find_host(const Plan *plan, const char *name)
{
    int host = plan_host_index(plan, name);
    g_autoptr(GPtrArray) alike = g_ptr_array_new();

    for (guint i = 0; host < 0 && i < plan->p_hosts->len; i++)
        if (strcmp(plan_host(plan, (int)i)->ph_name, name) == 0)
            g_ptr_array_add(alike, plan_host(plan, (int)i)->ph_id);
    if (alike->len == 1)
        host = plan_host_index(plan, alike->pdata[0]);
    if (host >= 0)
        return plan_host(plan, host);
    g_ptr_array_set_size(alike, (int)MIN(alike->len, 8));
    g_ptr_array_add(alike, NULL);
    g_autofree char *names = g_strjoinv(", ", (char **)alike->pdata);
    cli_fail(EXIT_NO_DRILL, "no host \"%s\" in this drill; %s%s", name,
             *names ? "there are " : "`parry names hosts` lists them", names);
    return NULL;
}

static int run(int argc, char **argv)
{
    gboolean console = FALSE, agent = FALSE, libvirt = FALSE, follow = FALSE;
    int lines = 0, status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"console", 0, 0, G_OPTION_ARG_NONE, &console,
         "what it wrote to its serial console (the default)", NULL},
        {"agent", 0, 0, G_OPTION_ARG_NONE, &agent, "what its agent said", NULL},
        {"libvirt", 0, 0, G_OPTION_ARG_NONE, &libvirt,
         "what libvirt and QEMU say of its VM", NULL},
        {"follow", 'f', 0, G_OPTION_ARG_NONE, &follow, "and what comes, until Ctrl-C",
         NULL},
        {"lines", 'n', 0, G_OPTION_ARG_INT, &lines, "the last so many (all)", "N"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GError) error = NULL;

    if (!cli_options(&cmd_logs, entries, &argc, &argv, 2, 2, &status))
        return status;
    if (console + agent + libvirt > 1 || lines < 0)
        return cli_fail(EXIT_USAGE, "logs: one of --console, --agent, --libvirt; N is 0 "
                                    "or more");
    g_autoptr(Drill) drill = cli_drill(argv[1], &status);
    if (!drill)
        return status;
    g_autoptr(Plan) plan = drill_plan(drill, &error);
    if (!plan)
        return cli_fail(EXIT_FAIL, "%s", error->message);
    const PlanHost *host = find_host(plan, argv[2]);
    if (!host)
        return EXIT_NO_DRILL;
    const What what = {drill, host, lines, follow};
    if (agent)
        return show_agent(&what);
    return libvirt ? show_libvirt(&what) : show_console(&what, NULL);
}

const CliCommand cmd_logs = {"logs", "NAME HOST",
                             "a host's console, its agent's log, libvirt's", run};
