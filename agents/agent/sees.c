#include "agents/agent/sees.h"

#include "agents/agent/agent.h"
#include "agents/agent/audit.h"
#include "agents/agent/fs_watch.h"
#include "agents/agent/itself.h"
#include "agents/agent/listeners.h"
#include "agents/agent/mask.h"
#include "agents/agent/notice.h"
#include "agents/agent/observe.h"
#include "agents/agent/proc_events.h"
#include "agents/agent/process.h"
#include "agents/agent/services.h"
#include "agents/agent/text.h"
#include "agents/agent/who.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ENDS_MAX 1024
#define END_WAIT_US 30000
#define SERVICES_MAX 32
#define TEND_BEATS 5         /* so often the sources are looked after */
#define LISTEN_WAIT_US 30000 /* after listen(2), for the socket to stand in /proc/net */

/* Messages of programs to audit (libaudit's names for them). */
enum {
    USER_AUTH = 1100,
    USER_START = 1105,
    USER_END = 1106,
    USER_CHAUTHTOK = 1108,
    USER_LOGIN = 1112,
    USER_LOGOUT = 1113,
    SERVICE_START = 1130,
    SERVICE_STOP = 1131,
};

struct ended {
    pid_t pid;
    int exit;
    int64_t t, at_us;
};

static struct {
    struct event_base *base;
    struct ended ends[ENDS_MAX];
    size_t end_at, n_ends;
    struct event *ends_timer;
    bool proc, files;
    bool up[SERVICES_MAX + 1]; /* services without systemd, by services_known */
    bool began;
    bool execs; /* from the connector, for want of audit */
    struct mask mask;
    char paths[WIRE_WATCH_MAX][512];
    size_t n_paths;
    struct event *listen;
    uint64_t lost_before; /* of sources that were begun anew */
    unsigned beats;
    int64_t tended_us; /* wall clock */
} see;

static int64_t wall_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

const struct mask *sees_mask(void)
{
    return &see.mask;
}

static struct wire_seen row(enum wire_what what, enum wire_act act, int64_t t)
{
    return (struct wire_seen){.t = t > 0 ? t : wall_us(),
                              .what = what,
                              .act = act,
                              .pid = -1,
                              .ppid = -1,
                              .uid = -1,
                              .auid = -1,
                              .exit = -1};
}

/* ---- processes ---- */

/* Services without systemd are processes of a name: up while there is one. */
static void tell_service(int number, enum wire_act act, const struct wire_seen *of)
{
    const char *name = services_name(number);

    if (!name || number > SERVICES_MAX || see.up[number] == (act == WIRE_ACT_STARTED))
        return;
    if (act == WIRE_ACT_STOPPED && process_count(name) > 0)
        return;
    struct wire_seen s = *of;
    see.up[number] = act == WIRE_ACT_STARTED;
    s.what = WIRE_SAW_SERVICE;
    s.act = act;
    s.path = name;
    s.args = NULL;
    observe_row(&s);
}

static int service_of(const struct audit_event *e)
{
    char first[64];

    text_format(first, sizeof(first), "%.*s", (int)strnlen(e->raw, e->raw_len), e->raw);
    const char *slash = strrchr(first, '/');
    int number = services_known(slash ? slash + 1 : first);
    return number ? number : services_known(e->comm);
}

static void tell_exit(struct who *w, int exit, int64_t t)
{
    struct wire_seen s = row(WIRE_SAW_EXIT, WIRE_ACT_NONE, t);

    w->exit = exit;
    s.exit = exit;
    who_fill(&s, w->pid);
    if (w->service)
        tell_service(w->service, WIRE_ACT_STOPPED, &s);
    if ((!w->executed && exit < 128) || w->told_exit)
        return; /* when the exec comes later, it tells both */
    w->told_exit = true;
    observe_row(&s);
}

/* Ends arrive before the executions that came earlier: audit has a longer way. They wait
 * a little, in a ring; past its size they go as they are. */
static void ends_flush(int64_t before_us)
{
    for (; see.n_ends > 0 && see.ends[see.end_at].at_us <= before_us; see.n_ends--) {
        const struct ended *e = &see.ends[see.end_at];
        struct who *w = who_known(e->pid);
        if (w && w->exit < 0)
            tell_exit(w, e->exit, e->t);
        see.end_at = (see.end_at + 1) % ENDS_MAX;
    }
}

static void on_ends_timer(evutil_socket_t fd, short what, void *arg)
{
    struct timeval soon = {0, END_WAIT_US};

    (void)fd;
    (void)what;
    (void)arg;
    audit_drain();
    ends_flush(agent_now_us() - END_WAIT_US);
    if (see.n_ends > 0)
        evtimer_add(see.ends_timer, &soon);
}

static void on_exit_(pid_t pid, int exit, int64_t t)
{
    struct timeval soon = {0, END_WAIT_US};

    if (see.n_ends == ENDS_MAX)
        ends_flush(see.ends[see.end_at].at_us);
    see.ends[(see.end_at + see.n_ends++) % ENDS_MAX] =
        (struct ended){pid, exit, t, agent_now_us()};
    if (!evtimer_pending(see.ends_timer, NULL))
        evtimer_add(see.ends_timer, &soon);
}

/* Makes of what is known of pid a process that has just executed. */
static struct who *executed(pid_t pid, int *exit)
{
    const struct who *old = who_known(pid);
    int64_t now = agent_now_us();

    /* An end that was told by the other source before: of this very process. */
    *exit = old && !old->executed && now - old->seen_us < 5000000 ? old->exit : -1;
    struct who *w = who_make(pid);
    if (w)
        w->executed = true;
    return w;
}

static void on_exec_event(const struct audit_event *e)
{
    struct wire_seen s = row(WIRE_SAW_EXEC, WIRE_ACT_STARTED, e->t_us);
    char args[1025];
    int exit;

    mask_args(&see.mask, e->raw, e->raw_len, e->raw_cut, args, sizeof(args));
    struct who *w = executed((pid_t)e->pid, &exit);
    if (w) {
        w->ppid = (pid_t)e->ppid;
        w->uid = e->uid;
        w->auid = e->auid;
        w->ses = e->ses;
        text_format(w->exe, sizeof(w->exe), "%s", e->exe);
    }
    s.pid = e->pid;
    s.ppid = e->ppid;
    s.uid = e->uid;
    s.auid = e->auid;
    s.exe = e->exe;
    s.args = args;
    s.cwd = e->cwd;
    who_label(&s, e->ses);
    observe_row(&s);
    if (w && (w->service = service_of(e)))
        tell_service(w->service, WIRE_ACT_STARTED, &s);
    if (w && exit >= 0)
        tell_exit(w, exit, 0);
}

/* Without audit: what /proc still says. */
static void on_exec_proc(pid_t pid, int64_t t)
{
    struct wire_seen s = row(WIRE_SAW_EXEC, WIRE_ACT_STARTED, t);
    struct who fresh = {.pid = pid, .exit = -1, .executed = true};
    char path[64], link[PATH_MAX], cwd[257], args[1025];
    size_t len = 0;

    bool there = who_read(pid, &fresh);
    struct who *w = who_make(pid);
    if (!w)
        return;
    if (there)
        *w = fresh;
    w->executed = true;
    text_format(path, sizeof(path), "/proc/%d/cwd", (int)pid);
    ssize_t n = readlink(path, link, sizeof(link));
    text_printable(cwd, sizeof(cwd), link, n > 0 ? (size_t)n : 0);
    text_format(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    char *raw = text_read_file(path, 1 << 20, &len);
    mask_args(&see.mask, raw ? raw : "", raw ? len : 0, !raw, args, sizeof(args));
    free(raw);
    s.args = args;
    s.cwd = cwd;
    who_fill(&s, pid);
    observe_row(&s);
    if (w->service)
        tell_service(w->service, WIRE_ACT_STARTED, &s);
}

static void on_exec(pid_t pid, int64_t t)
{
    if (audit_source() != WIRE_SOURCE_AUDIT)
        on_exec_proc(pid, t);
}

/* ---- system calls ---- */

static void on_listener(bool opened, const char *name, pid_t pid)
{
    struct wire_seen s = row(opened ? WIRE_SAW_LISTEN : WIRE_SAW_UNLISTEN,
                             opened ? WIRE_ACT_OPENED : WIRE_ACT_CLOSED, 0);

    s.to = name;
    who_fill(&s, pid);
    observe_row(&s);
}

static void on_listen_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    listeners_look(on_listener);
}

static void fill_from_event(struct wire_seen *s, const struct audit_event *e)
{
    s->pid = e->pid;
    s->ppid = e->ppid;
    s->uid = e->uid;
    s->auid = e->auid;
    s->exe = e->exe[0] ? e->exe : NULL;
    who_label(s, e->ses);
    if (!s->exe && e->pid > 0)
        who_fill(s, (pid_t)e->pid);
}

static void on_kill(const struct audit_event *e)
{
    struct wire_seen s = row(WIRE_SAW_EXEC, WIRE_ACT_STOPPED, e->t_us);
    char to[128];
    const struct who *w = who_known((pid_t)e->opid);

    if (!(e->has & AUDIT_HAS_OBJ))
        return;
    text_format(to, sizeof(to), "signal %lld pid %lld %s", (long long)e->a1,
                (long long)e->opid, e->ocomm);
    s.to = to;
    s.path = w ? w->exe : NULL;
    fill_from_event(&s, e);
    observe_row(&s);
}

static const struct {
    int64_t call;
    enum wire_what what;
    enum wire_act act;
} calls[] = {
    {SYS_mount, WIRE_SAW_MOUNT, WIRE_ACT_ADDED},
    {SYS_umount2, WIRE_SAW_MOUNT, WIRE_ACT_REMOVED},
    {SYS_init_module, WIRE_SAW_MODULE, WIRE_ACT_ADDED},
    {SYS_finit_module, WIRE_SAW_MODULE, WIRE_ACT_ADDED},
    {SYS_delete_module, WIRE_SAW_MODULE, WIRE_ACT_REMOVED},
};

static void on_call(const struct audit_event *e)
{
    struct timeval soon = {0, LISTEN_WAIT_US};

    if (e->syscall == SYS_listen && see.listen && !evtimer_pending(see.listen, NULL))
        evtimer_add(see.listen, &soon);
    if (e->syscall == SYS_kill)
        on_kill(e);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (calls[i].call != e->syscall)
            continue;
        struct wire_seen s = row(calls[i].what, calls[i].act, e->t_us);
        s.path = e->table[0] ? e->table : NULL;
        fill_from_event(&s, e);
        observe_row(&s);
    }
}

static void on_firewall(const struct audit_event *e)
{
    struct wire_seen s = row(WIRE_SAW_FIREWALL, WIRE_ACT_CHANGED, e->t_us);

    s.path = e->table;
    s.to = e->op;
    fill_from_event(&s, e);
    observe_row(&s);
}

/* ---- what programs tell audit ---- */

static const struct {
    int type;
    enum wire_what what;
    enum wire_act good; /* WIRE_ACT_NONE: no row */
    enum wire_what what_bad;
    enum wire_act bad;
} messages[] = {
    {USER_AUTH, WIRE_SAW_LOGIN, WIRE_ACT_NONE, WIRE_SAW_AUTH_FAILURE, WIRE_ACT_REFUSED},
    {USER_LOGIN, WIRE_SAW_LOGIN, WIRE_ACT_GRANTED, WIRE_SAW_AUTH_FAILURE,
     WIRE_ACT_REFUSED},
    {USER_LOGOUT, WIRE_SAW_LOGOUT, WIRE_ACT_CLOSED, WIRE_SAW_LOGOUT, WIRE_ACT_CLOSED},
    {USER_START, WIRE_SAW_SESSION, WIRE_ACT_OPENED, WIRE_SAW_SESSION, WIRE_ACT_REFUSED},
    {USER_END, WIRE_SAW_SESSION, WIRE_ACT_CLOSED, WIRE_SAW_SESSION, WIRE_ACT_CLOSED},
    {SERVICE_START, WIRE_SAW_SERVICE, WIRE_ACT_STARTED, WIRE_SAW_SERVICE,
     WIRE_ACT_REFUSED},
    {SERVICE_STOP, WIRE_SAW_SERVICE, WIRE_ACT_STOPPED, WIRE_SAW_SERVICE,
     WIRE_ACT_STOPPED},
};

static void on_message(const struct audit_event *e)
{
    char to[160] = "";

    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        if (messages[i].type != e->type)
            continue;
        bool good = e->success != 0;
        enum wire_act act = good ? messages[i].good : messages[i].bad;
        if (act == WIRE_ACT_NONE)
            return;
        struct wire_seen s =
            row(good ? messages[i].what : messages[i].what_bad, act, e->t_us);
        if (e->terminal[0] || e->addr[0])
            text_format(to, sizeof(to), "%s%s%s", e->terminal,
                        e->terminal[0] && e->addr[0] ? " " : "", e->addr);
        s.path = e->unit[0] ? e->unit : e->acct[0] ? e->acct : NULL;
        s.to = to[0] && !e->unit[0] ? to : NULL;
        fill_from_event(&s, e);
        observe_row(&s);
    }
}

static void on_event(void *arg, const struct audit_event *e)
{
    (void)arg;
    bool ours = audit_source() == WIRE_SOURCE_AUDIT;
    if (e->has & AUDIT_HAS_NETFILTER)
        on_firewall(e);
    if ((e->has & AUDIT_HAS_EXECVE) && ours)
        on_exec_event(e);
    else if ((e->has & AUDIT_HAS_SYSCALL) && e->success == 1 && ours)
        on_call(e);
    else if (!e->has)
        on_message(e);
}

/* ---- the watching itself ---- */

/* by: who did it, or NULL. What went unseen meanwhile counts as one, whatever it was. */
static void tell_watch(enum wire_act act, const char *source, const char *text,
                       const struct audit_event *by, int64_t since_us)
{
    struct wire_seen s = row(WIRE_SAW_WATCH, act, by ? by->t_us : 0);

    s.path = source;
    s.to = text;
    if (by)
        fill_from_event(&s, by);
    else
        s.origin = WIRE_FROM_AGENT;
    see.lost_before++;
    observe_gap(since_us);
    observe_row(&s);
}

static void on_tamper(const struct audit_tamper *t)
{
    tell_watch(t->mended ? WIRE_ACT_CHANGED : WIRE_ACT_STOPPED, "audit", t->text,
               t->by->pid > 0 ? t->by : NULL, t->since_us);
}

static void on_watch_moved(const char *path, int64_t since_us)
{
    tell_watch(WIRE_ACT_CHANGED, path, "another directory is there: watched anew", NULL,
               since_us);
}

/* ---- files ---- */

static bool below(const char *path, const char *dir)
{
    size_t n = strlen(dir);

    while (n > 1 && dir[n - 1] == '/')
        n--;
    return strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n] || n == 1);
}

static bool is_asked(const char *path)
{
    for (size_t i = 0; i < see.n_paths; i++)
        if (below(path, see.paths[i]))
            return true;
    return false;
}

static void tell_file(enum wire_what what, enum wire_act act, const char *path,
                      const char *to, pid_t pid)
{
    struct wire_seen s = row(what, act, 0);
    char from[513], dest[513];

    text_printable(from, sizeof(from), path, strlen(path));
    text_printable(dest, sizeof(dest), to ? to : "", to ? strlen(to) : 0);
    s.path = from;
    s.to = to ? dest : NULL;
    /* A path in a table of accounts bears the account's name. */
    who_fill(&s, pid);
    observe_row(&s);
}

struct table_change {
    const char *path;
    pid_t pid;
};

static void on_account(enum wire_act act, const char *name, void *arg)
{
    const struct table_change *change = arg;

    tell_file(WIRE_SAW_ACCOUNT, act, change->path, name, change->pid);
}

static void on_file(enum wire_act act, const char *path, const char *to, pid_t pid)
{
    bool asked = is_asked(path) || (to && is_asked(to));
    const char *subject = path;

    /* Programs write beside a file and rename over it: then that file has changed. */
    if (act == WIRE_ACT_MOVED && to && notice_kind(to) != WIRE_SAW_FILE) {
        subject = to;
        if (!asked) {
            act = WIRE_ACT_CHANGED;
            to = NULL;
        }
    }
    /* Who it was may be in what audit and the connector have not handed over yet. */
    proc_events_drain();
    audit_drain();
    if (notice_is_table(subject)) {
        struct table_change change = {subject, pid};
        notice_accounts(subject, on_account, &change);
        if (!asked)
            return;
    }
    enum wire_what what = notice_kind(subject);
    if (asked || (what != WIRE_SAW_FILE && !notice_is_table(subject)))
        tell_file(asked && notice_is_table(subject) ? WIRE_SAW_FILE : what, act,
                  to ? path : subject, to, pid);
}

static void watch_homes(void)
{
    struct dirent *d;
    char path[PATH_MAX];
    DIR *homes = opendir("/home");

    while (homes && (d = readdir(homes))) {
        if (d->d_name[0] == '.')
            continue;
        text_format(path, sizeof(path), "/home/%s", d->d_name);
        fs_watch_add(path, false);
        text_format(path, sizeof(path), "/home/%s/.ssh", d->d_name);
        fs_watch_add(path, true);
    }
    if (homes)
        closedir(homes);
}

static bool watch_files(const struct wire_observe *o)
{
    static const char *const account_tables[] = {"/etc/passwd", "/etc/shadow",
                                                 "/etc/group"};
    const char *path;
    bool deep, any = false;

    see.n_paths = 0;
    if (!fs_watch_start(see.base, on_file))
        return false;
    for (size_t i = 0; i < sizeof(account_tables) / sizeof(account_tables[0]); i++)
        notice_accounts(account_tables[i], NULL, NULL);
    for (size_t i = 0; (path = notice_path(i, &deep)); i++)
        any = fs_watch_add(path, deep) || any;
    watch_homes();
    for (size_t i = 0; i < o->n_paths && i < WIRE_WATCH_MAX; i++) {
        text_format(see.paths[see.n_paths++], sizeof(see.paths[0]), "%s", o->paths[i]);
        any = fs_watch_add(o->paths[i], true) || any;
    }
    if (!any)
        fs_watch_stop();
    return any;
}

/* ---- all of it ---- */

static void take_mask(const struct wire_observe *o)
{
    see.mask.n = 0;
    for (size_t i = 0; i < o->n_mask && i < MASK_MAX; i++)
        text_format(see.mask.options[see.mask.n++], sizeof(see.mask.options[0]), "%s",
                    o->mask[i]);
}

static void start_proc(void)
{
    static const struct proc_events_owner owner = {who_forked, on_exec, on_exit_};

    see.execs = audit_source() != WIRE_SOURCE_AUDIT;
    see.lost_before += proc_events_lost();
    see.proc = proc_events_start(see.base, &owner, see.execs);
}

int sees_start(struct event_base *base, const struct wire_observe *o)
{
    see.base = base;
    take_mask(o);
    who_players(o->players, o->n_players);
    if (!see.began) {
        if (!who_start())
            return 0;
        see.began = true;
        see.listen = evtimer_new(base, on_listen_timer, NULL);
        see.ends_timer = evtimer_new(base, on_ends_timer, NULL);
        if (!see.listen || !see.ends_timer)
            return 0;
        see.tended_us = wall_us();
        audit_start(base, on_event, on_tamper, NULL);
        start_proc();
        listeners_look(NULL);
        for (int i = 1; services_name(i) && i <= SERVICES_MAX; i++)
            see.up[i] = process_count(services_name(i)) > 0;
    }
    see.lost_before += fs_watch_lost();
    see.files = watch_files(o);
    return sees_sources();
}

void sees_stop(void)
{
    if (!see.began)
        return;
    see.lost_before = sees_lost();
    audit_stop();
    proc_events_stop();
    fs_watch_stop();
    listeners_forget();
    notice_forget();
    who_stop();
    who_players(NULL, 0);
    if (see.listen)
        event_free(see.listen);
    if (see.ends_timer)
        event_free(see.ends_timer);
    see.listen = see.ends_timer = NULL;
    see.n_ends = 0;
    see.began = see.proc = see.files = false;
}

int sees_sources(void)
{
    return audit_source() | (see.proc ? WIRE_SOURCE_PROC : 0) |
           (see.files ? WIRE_SOURCE_FANOTIFY : 0);
}

void sees_beat(void)
{
    const char *path;

    if (!see.began)
        return;
    listeners_look(on_listener);
    audit_poll();
    /* An auditd has taken over, or is gone. */
    if (see.execs != (audit_source() != WIRE_SOURCE_AUDIT))
        start_proc();
    if (++see.beats % TEND_BEATS)
        return;
    if (see.proc && proc_events_tend())
        tell_watch(WIRE_ACT_CHANGED, "processes",
                   "the connector was silenced; asked again", NULL, see.tended_us);
    fs_watch_tend(on_watch_moved, see.tended_us);
    if (itself_tend(&path))
        tell_watch(WIRE_ACT_CHANGED, path, "the agent's program was gone: put back", NULL,
                   see.tended_us);
    see.tended_us = wall_us();
}

uint64_t sees_lost(void)
{
    return see.lost_before + audit_lost() + proc_events_lost() + fs_watch_lost();
}
