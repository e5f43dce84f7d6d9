/*
 * parry logs: what a host wrote to its console, what its agent said, what libvirt and
 * QEMU say of it. Bytes of a guest: made safe line by line.
 */
#include "orchestrator/cli/cli.h"

#include "scenarios/base/text.h"

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

static int show_file(const char *path, const char *only, int lines, gboolean follow)
{
    Tail tail = {.tl_path = path, .tl_only = only};

    if (!tail_open(&tail))
        return cli_fail(EXIT_FAIL, "%s: %s", path, g_strerror(errno));
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
    g_string_free(tail.tl_line, TRUE);
    if (tail.tl_fd >= 0)
        close(tail.tl_fd);
    return EXIT_OK;
}

static int show_console(const Drill *drill, const PlanHost *host, const char *only,
                        int lines, gboolean follow)
{
    g_autofree char *name = g_strconcat(host->ph_domain, ".log", NULL);
    g_autofree char *path = g_build_filename(drill->dr_dir, "logs", name, NULL);

    return show_file(path, only, lines, follow);
}

static int show_libvirt(const Drill *drill, const PlanHost *host, int lines,
                        gboolean follow)
{
    g_autofree char *home = drill_home();
    g_autofree char *name = g_strconcat(host->ph_domain, ".log", NULL);
    g_autofree char *own = g_build_filename(home, "host", "log", "qemu", name, NULL);
    g_autofree char *system = g_build_filename("/var/log/libvirt/qemu", name, NULL);

    return show_file(drill->dr_connect ? system : own, NULL, lines, follow);
}

static int show_agent(const Drill *drill, const PlanHost *host, int lines,
                      gboolean follow)
{
    int status = EXIT_OK;
    g_autoptr(RpcClient) client = cli_connect(drill, &status);
    g_autofree char *script =
        g_strdup_printf("LINES=%d\n%s", lines ? lines : 100000, agent_script);
    json_t *answer =
        client ? cli_call(client, "order",
                          json_pack("{s:s, s:s}", "host", host->ph_id, "script", script),
                          CALL_MS, &status)
               : NULL;

    if (!answer) {
        fprintf(stderr, "from its console instead:\n");
        show_console(drill, host, "parry-agent: ", lines, FALSE);
        return status;
    }
    int code = (int)json_integer_value(json_object_get(answer, "exit"));
    if (code != NO_JOURNAL)
        fputs(json_string_value(json_object_get(answer, "out")), stdout);
    json_decref(answer);
    if (code == NO_JOURNAL)
        return show_console(drill, host, "parry-agent: ", lines, follow);
    return code ? cli_fail(EXIT_FAIL, "journalctl in the guest: exit %d", code) : EXIT_OK;
}

static const PlanHost *find_host(const Plan *plan, const char *name)
{
    int host = plan_host_index(plan, name);

    if (host < 0)
        cli_fail(EXIT_NO_DRILL, "no host \"%s\" in this drill; `parry status` lists them",
                 name);
    return host < 0 ? NULL : plan_host(plan, host);
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
    if (agent)
        return show_agent(drill, host, lines, follow);
    return libvirt ? show_libvirt(drill, host, lines, follow)
                   : show_console(drill, host, NULL, lines, follow);
}

const CliCommand cmd_logs = {"logs", "NAME HOST",
                             "a host's console, its agent's log, libvirt's", run};
