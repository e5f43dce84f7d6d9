#include "agents/agent/services.h"

#include "agents/agent/agent.h"
#include "agents/agent/files.h"
#include "agents/agent/process.h"
#include "agents/agent/spawn.h"
#include "agents/agent/text.h"
#include "agents/wire/msg_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_DIR "/etc/parry/services"
#define WEB_ROOT "/var/www/html"
#define KNOWN_MAX 32

static char known[KNOWN_MAX][65];
static int n_known;

/* Applets that serve, kept in the foreground so that their end is seen and told. */
static const struct applet {
    const char *name;
    const char *argv[6];
    const char *needs; /* a directory that must be there, or NULL */
} applets[] = {
    {"httpd", {"httpd", "-f", "-h", WEB_ROOT}, WEB_ROOT},
    {"crond", {"crond", "-f"}, "/var/spool/cron/crontabs"},
    {"telnetd", {"telnetd", "-F"}, NULL},
    {"syslogd", {"syslogd", "-n"}, "/var/log"},
    {"inetd", {"inetd", "-f"}, NULL},
};

int services_known(const char *name)
{
    for (int i = 0; i < n_known; i++)
        if (strcmp(known[i], name) == 0)
            return i + 1;
    return 0;
}

const char *services_name(int number)
{
    return number > 0 && number <= n_known ? known[number - 1] : NULL;
}

static void remember(const char *name)
{
    if (!services_known(name) && n_known < KNOWN_MAX)
        text_format(known[n_known++], sizeof(known[0]), "%s", name);
}

bool services_have_systemd(void)
{
    char comm[32];

    return text_first_line("/proc/1/comm", comm, sizeof(comm)) &&
           strcmp(comm, "systemd") == 0;
}

static void ended(void *arg, int status)
{
    char *name = arg;

    agent_log("service %s ended: %s %d", name, WIFEXITED(status) ? "exit" : "signal",
              WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    free(name);
}

static bool start(const char *name, const char *const *argv, struct wire_error *e)
{
    struct account root;
    struct wire_error why;
    struct spawn s = {.argv = argv, .account = &root, .in = -1, .out = -1, .err = -1};

    s.tty = -1;
    account_find(NULL, &root);
    pid_t pid = spawn_start(&s, &why);
    if (pid < 0)
        return wire_fail(e, "service %s: %s", name, why.text);
    char *copy = strdup(name);
    if (!copy || !spawn_watch(pid, ended, copy)) {
        free(copy);
        return wire_fail(e, "service %s: out of memory", name);
    }
    return true;
}

bool services_launch(const char *name, struct wire_error *e)
{
    char path[128];
    const char *own[] = {path, NULL};

    if (!text_is_name(name, 64))
        return wire_fail(e, "service %s: not a name", name);
    remember(name);
    text_format(path, sizeof(path), OWN_DIR "/%s", name);
    if (access(path, X_OK) == 0)
        return process_count(name) > 0 || start(name, own, e);
    for (size_t i = 0; i < sizeof(applets) / sizeof(applets[0]); i++) {
        const struct applet *a = &applets[i];
        if (strcmp(a->name, name) != 0)
            continue;
        if (process_count(name) > 0)
            return true;
        return (!a->needs || files_make_parents(a->needs, true, e)) &&
               start(name, a->argv, e);
    }
    return wire_fail(
        e, "service %s: there is no systemd, no " OWN_DIR "/%s and no such applet", name,
        name);
}
