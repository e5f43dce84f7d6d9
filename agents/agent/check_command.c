/* command: a program ends as it should within the deadline; plugin: a Nagios or
 * Monitoring plugin (nagios-plugins.org/doc/guidelines.html); service: asks systemd, or
 * looks for a process of that name. */
#include "agents/agent/checking.h"
#include "agents/agent/run.h"
#include "agents/agent/services.h"
#include "agents/agent/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX 65536 /* of both streams; what is beyond is read and dropped */

static size_t room(void *arg)
{
    (void)arg;
    return WIRE_CHUNK_MAX;
}

static void output(void *arg, int stream, const void *bytes, size_t n)
{
    struct check *c = arg;

    (void)stream;
    if (n > c->max - c->len)
        n = c->max - c->len;
    memcpy(c->buf + c->len, bytes, n);
    c->len += n;
    c->buf[c->len] = '\0';
}

/* The first line of the output, for the reader. */
static const char *first_line(struct check *c)
{
    c->buf[strcspn(c->buf, "\n")] = '\0';
    return c->buf;
}

static void command_ended(void *arg, const struct run_end *end)
{
    struct check *c = arg;
    const char *contains = c->ask->contains;

    c->run = NULL;
    if (end->cause != RUN_ENDED)
        check_end(c, WIRE_DOWN, "not done within %lld ms",
                  (long long)c->ask->deadline_ms);
    else if (end->signal)
        check_end(c, WIRE_FAULTY, "ended by signal %d", end->signal);
    else if (end->exit != c->ask->exit)
        check_end(c, WIRE_FAULTY, "exit %d instead of %lld%s%.100s", end->exit,
                  (long long)c->ask->exit, *first_line(c) ? ": " : "", first_line(c));
    else if (contains && !memmem(c->buf, c->len, contains, strlen(contains)))
        check_end(c, WIRE_FAULTY, "the text is not in: %.100s", first_line(c));
    else
        check_end(c, WIRE_UP, "exit %d", end->exit);
}

/* The first line is the reason up to '|'; what follows '|', there and after any later
 * '|', is performance data. Both come to be clean and NUL-terminated. */
static void split_plugin(struct check *c, char *text, size_t size, char *perf,
                         size_t perf_size)
{
    char *rest = c->buf + strcspn(c->buf, "\n");
    char *more = *rest ? strchr(rest + 1, '|') : NULL;

    *rest = '\0';
    char *bar = strchr(c->buf, '|');
    if (bar)
        *bar++ = '\0';
    for (char *p = more; p && *p; p++)
        if (*p == '\n' || *p == '\t')
            *p = ' ';
    text_format(perf, perf_size, "%s%s%s", bar ? bar + strspn(bar, " ") : "",
                bar && more ? " " : "", more ? more + 1 + strspn(more + 1, " ") : "");
    for (size_t n = strlen(perf); n > 0 && perf[n - 1] == ' '; n--)
        perf[n - 1] = '\0';
    text_format(text, size, "%s", c->buf);
    text_clean(text);
    text_clean(perf);
}

/* UNKNOWN is the plugin's own trouble (a wrong option, a program that it lacks) and no
 * finding; so is what is no plugin's exit status. */
static void plugin_ended(void *arg, const struct run_end *end)
{
    static const enum wire_verdict verdicts[] = {WIRE_UP, WIRE_FAULTY, WIRE_DOWN,
                                                 WIRE_UNCHECKED};
    static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    struct check *c = arg;
    char said[160], perf[1024], text[200];

    c->run = NULL;
    if (end->cause != RUN_ENDED) {
        check_end(c, WIRE_DOWN, "not done within %lld ms",
                  (long long)c->ask->deadline_ms);
        return;
    }
    split_plugin(c, said, sizeof(said), perf, sizeof(perf));
    if (end->signal)
        check_end(c, WIRE_UNCHECKED, "ended by signal %d", end->signal);
    else if (end->exit > 3)
        check_end(c, WIRE_UNCHECKED, "exit %d is none of a plugin: %s", end->exit, said);
    else {
        /* Most begin by the name of their state themselves. */
        text_format(text, sizeof(text), "%s%s%s",
                    strstr(said, names[end->exit]) ? "" : names[end->exit],
                    strstr(said, names[end->exit]) || !*said ? "" : ": ", said);
        check_end_perf(c, verdicts[end->exit], text, *perf ? perf : NULL);
    }
}

static void service_ended(void *arg, const struct run_end *end)
{
    struct check *c = arg;

    c->run = NULL;
    if (end->cause != RUN_ENDED)
        check_end(c, WIRE_DOWN, "systemctl: no answer");
    else
        check_end(c, end->exit == 0 ? WIRE_UP : WIRE_DOWN, "%.60s", first_line(c));
}

static void start(struct check *c, const char *const *argv, const char *script,
                  const struct account *account,
                  void (*end)(void *, const struct run_end *))
{
    struct wire_error e;
    struct run_spec spec = {
        .spawn = {.argv = argv,
                  .script = script,
                  .account = account,
                  .auid = WIRE_AUID_CHECK},
        .id = c->m.id,
        .timeout_ms = c->ask->deadline_ms,
        .grace_ms = 0, /* hard */
        .room = room,
        .data = output,
        .end = end,
        .arg = c,
    };

    c->max = OUTPUT_MAX;
    c->buf = calloc(1, OUTPUT_MAX + 1);
    if (!c->buf) {
        check_end(c, WIRE_UNCHECKED, "out of memory");
        return;
    }
    /* The run has the same deadline and ends first: it kills the group. */
    evtimer_del(c->deadline);
    c->run = run_start(c->agent->base, &spec, &e);
    if (!c->run)
        check_end(c, c->ask->kind == WIRE_CHECK_PLUGIN ? WIRE_UNCHECKED : WIRE_FAULTY,
                  "cannot run: %s", e.text);
}

void check_command(struct check *c)
{
    struct account account;

    if (!account_find(c->ask->user, &account))
        check_end(c, WIRE_FAULTY, "there is no user %s", c->ask->user);
    else
        start(c, c->ask->argv, c->ask->script, &account, command_ended);
}

void check_service(struct check *c)
{
    const char *argv[] = {"systemctl", "is-active", "--", c->ask->name, NULL};
    struct account root;

    if (!services_have_systemd()) {
        check_process(c);
        return;
    }
    account_find(NULL, &root);
    start(c, argv, NULL, &root, service_ended);
}

/* A plugin is named without its directory, which is another one in each distribution;
 * else PATH decides. */
static void find_plugin(const char *name, char *path, size_t size)
{
    static const char *const dirs[] = {
        "/usr/lib/nagios/plugins", "/usr/lib64/nagios/plugins",
        "/usr/lib/monitoring-plugins", "/usr/local/lib/nagios/plugins",
        "/usr/local/libexec/nagios"};

    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        text_format(path, size, "%s/%s", dirs[i], name);
        if (!strchr(name, '/') && access(path, X_OK) == 0)
            return;
    }
    text_format(path, size, "%s", name);
}

void check_plugin(struct check *c)
{
    struct account account;
    char path[1100];

    if (!account_find(c->ask->user, &account)) {
        check_end(c, WIRE_UNCHECKED, "there is no user %s", c->ask->user);
        return;
    }
    find_plugin(c->ask->argv[0], path, sizeof(path));
    c->ask->argv[0] = path; /* is executed before this returns */
    start(c, c->ask->argv, NULL, &account, plugin_ended);
}
