#include "agents/agent/notice.h"

#include "agents/agent/text.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_MAX (1 << 20)

static const struct {
    const char *path;
    bool prefix;
    enum wire_what what;
} kinds[] = {
    {"/etc/passwd", false, WIRE_SAW_ACCOUNT},
    {"/etc/shadow", false, WIRE_SAW_ACCOUNT},
    {"/etc/group", false, WIRE_SAW_ACCOUNT},
    {"/etc/sudoers", false, WIRE_SAW_ACCOUNT},
    {"/etc/sudoers.d/", true, WIRE_SAW_ACCOUNT},
    {"/etc/crontab", false, WIRE_SAW_CRON},
    {"/etc/anacrontab", false, WIRE_SAW_CRON},
    {"/etc/cron.", true, WIRE_SAW_CRON},
    {"/var/spool/cron/", true, WIRE_SAW_CRON},
    {"/etc/systemd/", true, WIRE_SAW_UNIT},
    {"/lib/systemd/system/", true, WIRE_SAW_UNIT},
    {"/usr/lib/systemd/system/", true, WIRE_SAW_UNIT},
    {"/usr/local/lib/systemd/", true, WIRE_SAW_UNIT},
    {"/etc/init.d/", true, WIRE_SAW_UNIT},
    {"/etc/rc", true, WIRE_SAW_UNIT},
    {"/etc/inittab", false, WIRE_SAW_UNIT},
    {"/etc/parry/services/", true, WIRE_SAW_UNIT},
    {"/etc/ssh/", true, WIRE_SAW_KEY},
};

static const struct {
    const char *path;
    bool below;
} watched[] = {
    {"/etc", true},
    {"/var/spool/cron", true},
    {"/usr/lib/systemd/system", true},
    {"/usr/local/lib/systemd", true},
    {"/root", false}, /* for a .ssh that is made */
    {"/root/.ssh", true},
    {"/home", false},
};

struct account_line {
    char name[33];
    uint64_t digest;
    bool seen;
};

static struct account_table {
    const char *path;
    struct account_line *lines;
    size_t n;
} tables[] = {
    {"/etc/passwd", NULL, 0},
    {"/etc/shadow", NULL, 0},
    {"/etc/group", NULL, 0},
};

enum wire_what notice_kind(const char *path)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t n = strlen(kinds[i].path);
        if (strncmp(path, kinds[i].path, n) == 0 && (kinds[i].prefix || !path[n]))
            return kinds[i].what;
    }
    return strstr(path, "/.ssh/") ? WIRE_SAW_KEY : WIRE_SAW_FILE;
}

const char *notice_path(size_t i, bool *below)
{
    if (i >= sizeof(watched) / sizeof(watched[0]))
        return NULL;
    *below = watched[i].below;
    return watched[i].path;
}

static struct account_table *table_at(const char *path)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        if (strcmp(tables[i].path, path) == 0)
            return &tables[i];
    return NULL;
}

bool notice_is_table(const char *path)
{
    return table_at(path) != NULL;
}

/* FNV-1a: enough to tell that a line is another one. */
static uint64_t digest(const char *line)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (; *line; line++)
        h = (h ^ (unsigned char)*line) * UINT64_C(1099511628211);
    return h;
}

/* The lines of a table; *n of them, to be freed. */
static struct account_line *read_lines(const char *path, size_t *n)
{
    struct account_line *lines = NULL;
    char *text = text_read_file(path, TABLE_MAX, NULL), *rest = text, *line;
    size_t room = 0;

    *n = 0;
    while (text && (line = strsep(&rest, "\n"))) {
        size_t len = strcspn(line, ":");
        if (!line[0] || line[0] == '#' || line[len] != ':')
            continue;
        if (*n == room) {
            room = room ? room * 2 : 32;
            struct account_line *more = realloc(lines, room * sizeof(*lines));
            if (!more)
                break;
            lines = more;
        }
        lines[*n] = (struct account_line){.digest = digest(line)};
        text_printable(lines[(*n)++].name, sizeof(lines[0].name), line, len);
    }
    free(text);
    return lines;
}

static struct account_line *find(struct account_table *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->lines[i].name, name) == 0)
            return &t->lines[i];
    return NULL;
}

void notice_accounts(const char *path, notice_fn fn, void *arg)
{
    struct account_table *t = table_at(path);
    size_t n;

    if (!t)
        return;
    struct account_line *now = read_lines(path, &n);
    for (size_t i = 0; fn && i < n; i++) {
        struct account_line *old = find(t, now[i].name);
        if (!old)
            fn(WIRE_ACT_ADDED, now[i].name, arg);
        else if (old->digest != now[i].digest)
            fn(WIRE_ACT_CHANGED, now[i].name, arg);
        if (old)
            old->seen = true;
    }
    for (size_t i = 0; fn && i < t->n; i++)
        if (!t->lines[i].seen)
            fn(WIRE_ACT_REMOVED, t->lines[i].name, arg);
    free(t->lines);
    t->lines = now;
    t->n = n;
}

void notice_forget(void)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        free(tables[i].lines);
        tables[i].lines = NULL;
        tables[i].n = 0;
    }
}
