#include "agents/agent/users.h"

#include "agents/agent/account.h"
#include "agents/agent/files.h"
#include "agents/agent/text.h"
#include "agents/wire/msg_table.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_LIMIT (1u << 20)
#define FIRST_UID 1000
#define LAST_UID 59999
#define FIRST_SYSTEM_GID 900
#define LINE_MAX_ 2048

/* A file of lines under change: text, and its length. */
struct table {
    const char *path;
    int mode;
    char *text;
};

static bool table_load(struct table *t, const char *path, int mode, struct wire_error *e)
{
    t->path = path;
    t->mode = mode;
    t->text = text_read_file(path, FILE_LIMIT, NULL);
    if (!t->text && errno == ENOENT)
        t->text = strdup("");
    return t->text || wire_fail(e, "%s: %s", path, strerror(errno));
}

/* The line whose first field is name: its start and its end, or NULL. */
static char *table_find(const struct table *t, const char *name, char **end)
{
    size_t len = strlen(name);

    for (char *line = t->text; *line; line = **end ? *end + 1 : *end) {
        *end = line + strcspn(line, "\n");
        if (strncmp(line, name, len) == 0 && line[len] == ':')
            return line;
    }
    return NULL;
}

/* Puts line in the place of the one that begins with name, or at the end. */
static bool table_set(struct table *t, const char *name, const char *line,
                      struct wire_error *e)
{
    char *end = t->text + strlen(t->text);
    char *at = table_find(t, name, &end);

    if (!at)
        at = end = t->text + strlen(t->text);
    size_t before = (size_t)(at - t->text);
    size_t size = strlen(t->text) + strlen(line) + 3;
    char *text = malloc(size);
    if (!text)
        return wire_fail(e, "%s: out of memory", t->path);
    bool open = before > 0 && t->text[before - 1] != '\n';
    text_format(text, size, "%.*s%s%s\n%s", (int)before, t->text, open ? "\n" : "", line,
                *end ? end + 1 : "");
    free(t->text);
    t->text = text;
    return true;
}

static bool table_store(struct table *t, struct wire_error *e)
{
    struct wire_file f = {.path = t->path, .mode = -1};
    struct stat st;

    if (lstat(t->path, &st) < 0)
        f.mode = t->mode; /* a new one; an old one keeps its mode and owner */
    f.data = (struct wire_bytes){(const unsigned char *)t->text, strlen(t->text)};
    return files_write(&f, e);
}

/* Whether the third field of some line is number. */
static bool table_has_number(const struct table *t, unsigned int number)
{
    char wanted[16];

    text_format(wanted, sizeof(wanted), "%u", number);
    for (const char *line = t->text; *line;) {
        const char *end = line + strcspn(line, "\n");
        const char *field = memchr(line, ':', (size_t)(end - line));
        field = field ? memchr(field + 1, ':', (size_t)(end - field - 1)) : NULL;
        if (field && strncmp(field + 1, wanted, strlen(wanted)) == 0 &&
            (field[1 + strlen(wanted)] == ':' || field + 1 + strlen(wanted) == end))
            return true;
        line = *end ? end + 1 : end;
    }
    return false;
}

static unsigned int free_number(const struct table *t, unsigned int first)
{
    while (first < LAST_UID && table_has_number(t, first))
        first++;
    return first;
}

/* A crypt(5) hash: SHA-512 with 16 characters of salt. "!" locks. */
static bool hash_password(const char *password, char *out, size_t size,
                          struct wire_error *e)
{
    static const char letters[] =
        "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    unsigned char random[16];
    char salt[24] = "$6$";

    if (!password) {
        text_format(out, size, "!");
        return true;
    }
    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        return wire_fail(e, "password: no random bytes: %s", strerror(errno));
    for (size_t i = 0; i < sizeof(random); i++)
        salt[3 + i] = letters[random[i] & 63];
    salt[19] = '$';
    struct crypt_data *data = calloc(1, sizeof(*data));
    const char *hash = data ? crypt_r(password, salt, data) : NULL;
    bool ok = hash && hash[0] == '$';
    if (ok)
        text_format(out, size, "%s", hash);
    else
        wire_fail(e, "password: %s", strerror(errno));
    free(data);
    return ok;
}

static bool valid(const struct wire_user *u, struct wire_error *e)
{
    if (!text_is_name(u->name, 32))
        return wire_fail(e, "user %s: not a user name", u->name);
    if (u->shell && (u->shell[0] != '/' || strpbrk(u->shell, ":\n")))
        return wire_fail(e, "user %s: shell %s: not a path", u->name, u->shell);
    for (size_t i = 0; i < u->n_groups; i++)
        if (!text_is_name(u->groups[i], 32))
            return wire_fail(e, "user %s: %s: not a group name", u->name, u->groups[i]);
    return true;
}

/* Adds name to the members of the line of group, which is made where it is not there. */
static bool join_group(struct table *groups, const char *group, const char *name,
                       struct wire_error *e)
{
    char line[LINE_MAX_], *end;
    char *at = table_find(groups, group, &end);

    if (!at) {
        text_format(line, sizeof(line), "%s:x:%u:%s", group,
                    free_number(groups, FIRST_SYSTEM_GID), name);
        return table_set(groups, group, line, e);
    }
    size_t len = (size_t)(end - at);
    if (len + strlen(name) + 2 > sizeof(line))
        return wire_fail(e, "group %s: its line is too long", group);
    text_format(line, sizeof(line), "%.*s", (int)len, at);
    char *members = strrchr(line, ':');
    char *rest = members + 1, *member;
    char copy[LINE_MAX_];
    text_format(copy, sizeof(copy), "%s", rest);
    rest = copy;
    while ((member = strsep(&rest, ",")))
        if (strcmp(member, name) == 0)
            return true;
    size_t used = strlen(line);
    text_format(line + used, sizeof(line) - used, "%s%s", members[1] ? "," : "", name);
    return table_set(groups, group, line, e);
}

/* The user's own group, of the same name and, if it can be, number. */
static bool own_group(struct table *groups, const char *name, unsigned int wanted,
                      unsigned int *gid, struct wire_error *e)
{
    char line[64], *end;
    char *at = table_find(groups, name, &end);

    if (at) {
        const char *number = strchr(at + strlen(name) + 1, ':');
        *gid = number ? (unsigned int)strtoul(number + 1, NULL, 10) : 0;
        return true;
    }
    *gid = table_has_number(groups, wanted) ? free_number(groups, FIRST_UID) : wanted;
    text_format(line, sizeof(line), "%s:x:%u:", name, *gid);
    return table_set(groups, name, line, e);
}

static bool make_home(const struct account *a, struct wire_error *e)
{
    if (!files_make_parents(a->home, false, e))
        return false;
    if (mkdir(a->home, 0700) < 0)
        return errno == EEXIST || wire_fail(e, "%s: mkdir: %s", a->home, strerror(errno));
    return chown(a->home, a->uid, a->gid) == 0 ||
           wire_fail(e, "%s: chown: %s", a->home, strerror(errno));
}

/* Fills in what u leaves open: an account as it is, or as it is to be. */
static bool settle_account(const struct wire_user *u, const struct table *passwd,
                           struct table *groups, struct account *a, bool *made,
                           struct wire_error *e)
{
    *made = !account_find(u->name, a);
    if (*made) {
        memset(a, 0, sizeof(*a));
        text_format(a->name, sizeof(a->name), "%s", u->name);
        text_format(a->home, sizeof(a->home), "/home/%s", u->name);
        text_format(a->shell, sizeof(a->shell), "/bin/sh");
        a->uid = u->uid >= 0 ? (uid_t)u->uid : free_number(passwd, FIRST_UID);
        if (table_has_number(passwd, a->uid))
            return wire_fail(e, "user %s: uid %u is taken", u->name, a->uid);
        if (!own_group(groups, u->name, a->uid, &a->gid, e))
            return false;
    } else if (u->uid >= 0 && (uid_t)u->uid != a->uid) {
        return wire_fail(e, "user %s: is there with uid %u", u->name, a->uid);
    }
    if (u->shell)
        text_format(a->shell, sizeof(a->shell), "%s", u->shell);
    return true;
}

static bool set_lines(const struct wire_user *u, const struct account *a, bool made,
                      struct table *passwd, struct table *shadow, struct table *groups,
                      struct wire_error *e)
{
    char line[LINE_MAX_], hash[CRYPT_OUTPUT_SIZE];

    text_format(line, sizeof(line), "%s:x:%u:%u::%s:%s", a->name, a->uid, a->gid, a->home,
                a->shell);
    if ((made || u->shell) && !table_set(passwd, u->name, line, e))
        return false;
    if (made || u->password) { /* an old user's password stays without a new one */
        if (!hash_password(u->password, hash, sizeof(hash), e))
            return false;
        text_format(line, sizeof(line), "%s:%s:%lld:0:99999:7:::", u->name, hash,
                    (long long)time(NULL) / 86400);
        if (!table_set(shadow, u->name, line, e))
            return false;
    }
    for (size_t i = 0; i < u->n_groups; i++)
        if (!join_group(groups, u->groups[i], u->name, e))
            return false;
    return true;
}

bool users_set(const struct wire_user *u, struct wire_error *e)
{
    struct table passwd = {0}, shadow = {0}, groups = {0};
    struct account a;
    bool made = false;

    bool ok = valid(u, e) && table_load(&passwd, "/etc/passwd", 0644, e) &&
              table_load(&shadow, "/etc/shadow", 0640, e) &&
              table_load(&groups, "/etc/group", 0644, e) &&
              settle_account(u, &passwd, &groups, &a, &made, e) &&
              set_lines(u, &a, made, &passwd, &shadow, &groups, e);
    /* Groups first and passwd last: a user is there only when whole. */
    ok = ok && table_store(&groups, e) && table_store(&shadow, e) &&
         table_store(&passwd, e) && (!made || make_home(&a, e));
    free(passwd.text);
    free(shadow.text);
    free(groups.text);
    return ok;
}
