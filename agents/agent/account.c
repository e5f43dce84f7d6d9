#include "agents/agent/account.h"

#include "agents/agent/text.h"

#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_LIMIT (1u << 20)
#define FIELDS 7

/* Splits a line of passwd or group at its colons, in place. Returns the count. */
static int split(char *line, char *fields[FIELDS])
{
    int n = 0;

    while (n < FIELDS && (fields[n] = strsep(&line, ":")))
        n++;
    for (int i = n; i < FIELDS; i++)
        fields[i] = "";
    return n;
}

static bool number(const char *text, unsigned int *value)
{
    char *end;

    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (!*text || *text == '-' || *end || errno || v >= UINT32_MAX)
        return false;
    *value = (unsigned int)v;
    return true;
}

/* Finds the line of name in a file of colon-separated lines. The fields point into
 * *text, which the caller frees. */
static bool find_line(const char *path, const char *name, char **text,
                      char *fields[FIELDS])
{
    char *line;

    *text = text_read_file(path, FILE_LIMIT, NULL);
    char *rest = *text;
    while (rest && (line = strsep(&rest, "\n")))
        if (split(line, fields) >= 3 && strcmp(fields[0], name) == 0)
            return true;
    return false;
}

static bool has_member(char *members, const char *name)
{
    char *member;

    while ((member = strsep(&members, ",")))
        if (strcmp(member, name) == 0)
            return true;
    return false;
}

static void find_groups(struct account *a)
{
    char *text = text_read_file("/etc/group", FILE_LIMIT, NULL);
    char *rest = text;
    char *line, *fields[FIELDS];
    unsigned int gid;

    a->groups[0] = a->gid;
    a->n_groups = 1;
    while (rest && (line = strsep(&rest, "\n")))
        if (split(line, fields) >= 4 && number(fields[2], &gid) && gid != a->gid &&
            a->n_groups < ACCOUNT_GROUPS && has_member(fields[3], a->name))
            a->groups[a->n_groups++] = gid;
    free(text);
}

static void root_without_file(struct account *a)
{
    *a = (struct account){.name = "root", .home = "/", .shell = "/bin/sh"};
    a->n_groups = 1;
}

bool account_find(const char *name, struct account *a)
{
    char *text, *fields[FIELDS];
    bool found = false;
    bool is_root = !name || strcmp(name, "root") == 0;

    memset(a, 0, sizeof(*a));
    if (find_line("/etc/passwd", is_root ? "root" : name, &text, fields)) {
        found = number(fields[2], &a->uid) && number(fields[3], &a->gid);
        text_format(a->name, sizeof(a->name), "%s", fields[0]);
        text_format(a->home, sizeof(a->home), "%s", *fields[5] ? fields[5] : "/");
        text_format(a->shell, sizeof(a->shell), "%s", *fields[6] ? fields[6] : "/bin/sh");
    }
    free(text);
    if (found)
        find_groups(a);
    else if (is_root)
        root_without_file(a);
    return found || is_root;
}

bool account_uid(const char *name, uid_t *uid)
{
    struct account a;

    if (number(name, uid))
        return true;
    if (!account_find(name, &a))
        return false;
    *uid = a.uid;
    return true;
}

bool account_group(const char *name, gid_t *gid)
{
    char *text, *fields[FIELDS];

    if (number(name, gid))
        return true;
    bool found = find_line("/etc/group", name, &text, fields) && number(fields[2], gid);
    free(text);
    if (found || strcmp(name, "root") != 0)
        return found;
    *gid = 0; /* an initramfs may have no file */
    return true;
}

int account_become(const struct account *a)
{
    /* Root may be without the right to set groups (in a user namespace); nobody else
     * may keep root's. */
    if (setgroups(a->n_groups, a->groups) < 0 && a->uid != 0)
        return -1;
    if (setgid(a->gid) < 0)
        return -1;
    return setuid(a->uid);
}
