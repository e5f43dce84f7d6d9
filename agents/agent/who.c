#include "agents/agent/who.h"

#include "agents/agent/agent.h"
#include "agents/agent/services.h"
#include "agents/agent/text.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETS 512 /* of WAYS entries each, chosen by pid */
#define WAYS 4
#define SESSIONS 256
#define PLAYERS 200
#define FORK_FRESH_US 10000000 /* an entry younger than this is not undone by a fork */

struct session { /* a ring: the oldest is overwritten */
    int64_t ses; /* 0: free */
    int64_t id;
    enum wire_origin origin;
    char player[65];
};

struct player {
    int64_t auid;
    char name[65];
};

static struct who (*table)[WAYS];
static struct session sessions[SESSIONS];
static size_t next_session;
static struct player *players;
static size_t n_players;

/* ---- /proc ---- */

static int64_t read_number(pid_t pid, const char *name)
{
    char path[64], line[32];
    long long value;

    text_format(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    if (!text_first_line(path, line, sizeof(line)) ||
        !text_number(line, 10, &value, NULL) || value == 4294967295)
        return -1;
    return value;
}

static int64_t status_number(const char *status, const char *name)
{
    const char *at = strstr(status, name);
    long long value;

    return at && text_number(at + strlen(name), 10, &value, NULL) ? value : -1;
}

bool who_read(pid_t pid, struct who *w)
{
    char path[64], exe[256];

    text_format(path, sizeof(path), "/proc/%d/status", (int)pid);
    char *status = text_read_file(path, 16384, NULL);
    if (!status)
        return false;
    w->ppid = (pid_t)status_number(status, "\nPPid:\t");
    w->uid = status_number(status, "\nUid:\t");
    free(status);
    w->auid = read_number(pid, "loginuid");
    w->ses = read_number(pid, "sessionid");
    text_format(path, sizeof(path), "/proc/%d/exe", (int)pid);
    ssize_t n = readlink(path, exe, sizeof(exe));
    text_printable(w->exe, sizeof(w->exe), exe, n > 0 ? (size_t)n : 0);
    text_format(path, sizeof(path), "/proc/%d/comm", (int)pid);
    if (text_first_line(path, exe, 64))
        w->service = services_known(exe);
    w->seen_us = agent_now_us();
    return true;
}

/* ---- the table ---- */

struct who *who_known(pid_t pid)
{
    if (!table || pid <= 0)
        return NULL;
    struct who *set = table[(unsigned int)pid % SETS];
    for (int i = 0; i < WAYS; i++)
        if (set[i].pid == pid)
            return &set[i];
    return NULL;
}

/* Which of two entries is less of a loss: one that has ended, then the older. */
static bool worse(const struct who *a, const struct who *b)
{
    if ((a->exit >= 0) != (b->exit >= 0))
        return a->exit >= 0;
    return a->seen_us < b->seen_us;
}

struct who *who_make(pid_t pid)
{
    struct who *w = who_known(pid);

    if (!table || pid <= 0)
        return NULL;
    if (!w) {
        struct who *set = table[(unsigned int)pid % SETS];
        w = &set[0];
        for (int i = 1; i < WAYS; i++)
            if (worse(&set[i], w))
                w = &set[i];
    }
    *w = (struct who){.pid = pid,
                      .ppid = -1,
                      .uid = -1,
                      .auid = -1,
                      .ses = -1,
                      .exit = -1,
                      .seen_us = agent_now_us()};
    return w;
}

struct who *who_is(pid_t pid)
{
    struct who *w = who_known(pid);
    struct who fresh = {.pid = pid, .exit = -1};

    if (w || !who_read(pid, &fresh))
        return w;
    w = who_make(pid);
    if (w)
        *w = fresh;
    return w;
}

void who_forked(pid_t parent, pid_t child)
{
    const struct who *from = who_known(parent);
    const struct who *old = who_known(child);

    /* Audit may have been read first: it knows more. */
    if (!from || (old && old->exit < 0 && old->ppid == parent &&
                  agent_now_us() - old->seen_us < FORK_FRESH_US))
        return;
    struct who copy = *from; /* making room may throw the parent out */
    struct who *w = who_make(child);
    if (!w)
        return;
    w->ppid = parent;
    w->uid = copy.uid;
    w->auid = copy.auid;
    w->ses = copy.ses;
    w->service = copy.service;
    memcpy(w->exe, copy.exe, sizeof(w->exe));
}

bool who_start(void)
{
    struct dirent *d;

    who_stop();
    table = calloc(SETS, sizeof(*table));
    if (!table)
        return false;
    DIR *proc = opendir("/proc");
    while (proc && (d = readdir(proc))) {
        long long pid;
        if (!text_number(d->d_name, 10, &pid, NULL) || pid <= 0)
            continue;
        struct who *w = who_is((pid_t)pid);
        if (w)
            w->executed =
                w->exe[0]; /* its end is worth a row; a kernel thread's is not */
    }
    if (proc)
        closedir(proc);
    return true;
}

void who_stop(void)
{
    free(table);
    table = NULL;
}

/* ---- labels ---- */

void who_session(pid_t pid, enum wire_origin origin, int64_t id, const char *player)
{
    int64_t ses = read_number(pid, "sessionid");

    if (ses <= 0)
        return; /* a kernel without audit */
    struct session *s = &sessions[next_session++ % SESSIONS];
    *s = (struct session){.ses = ses, .id = id, .origin = origin};
    text_format(s->player, sizeof(s->player), "%s", player ? player : "");
}

void who_players(const struct wire_player *list, size_t n)
{
    free(players);
    n_players = 0;
    players = calloc(n < PLAYERS ? n + 1 : PLAYERS, sizeof(*players));
    for (size_t i = 0; players && i < n && i < PLAYERS; i++) {
        players[i].auid = list[i].auid;
        text_printable(players[i].name, sizeof(players[i].name), list[i].name,
                       strlen(list[i].name));
        n_players++;
    }
}

static const char *player_named(int64_t auid)
{
    for (size_t i = 0; i < n_players; i++)
        if (players[i].auid == auid)
            return players[i].name;
    return NULL;
}

static const struct session *session_of(int64_t ses)
{
    for (size_t i = 0; ses > 0 && i < SESSIONS; i++)
        if (sessions[i].ses == ses)
            return &sessions[i];
    return NULL;
}

void who_label(struct wire_seen *s, int64_t ses)
{
    const struct session *known = session_of(ses);

    s->player = player_named(s->auid);
    if (known) {
        s->origin = known->origin;
        s->act_id = known->id;
        if (!s->player && known->player[0])
            s->player = known->player;
    } else if (s->auid == WIRE_AUID_ORDER) {
        s->origin = WIRE_FROM_ORDER;
    } else if (s->auid == WIRE_AUID_CHECK) {
        s->origin = WIRE_FROM_CHECK;
    } else if (s->auid == WIRE_AUID_SCRIPT) {
        s->origin = WIRE_FROM_SCRIPT;
    } else if (s->player || (s->auid > WIRE_AUID_PLAYER && s->auid < WIRE_AUID_ORDER)) {
        s->origin = WIRE_FROM_PLAYER;
    } else if (s->pid == getpid() || s->ppid == getpid()) {
        s->origin = WIRE_FROM_AGENT;
    }
}

void who_fill(struct wire_seen *s, pid_t pid)
{
    const struct who *w = who_is(pid);

    s->pid = pid > 0 ? pid : -1;
    if (w) {
        s->ppid = s->ppid < 0 ? w->ppid : s->ppid;
        s->uid = s->uid < 0 ? w->uid : s->uid;
        s->auid = s->auid < 0 ? w->auid : s->auid;
        s->exe = s->exe ? s->exe : w->exe;
    }
    who_label(s, w ? w->ses : -1);
}
