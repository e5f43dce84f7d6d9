#include "agents/agent/mask.h"

#include "agents/agent/text.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define STARS "***"
#define ARG_MAX_ 2048
#define ELLIPSIS "\xe2\x80\xa6"

/* Options whose argument is a secret whatever the program. */
static const char *const known_options[] = {
    "--password", "--passwd",        "--pass",       "--secret",
    "--token",    "--api-key",       "--apikey",     "--access-token",
    "--auth",     "--http-password", "--passphrase", "--auth-token"};

/* Parts of a name that say that its value is a secret. */
static const char *const secret_words[] = {"password", "passwd", "secret",    "token",
                                           "api_key",  "apikey", "passphrase"};

/* Short options that take a secret, by program. */
static const struct {
    const char *program, *option;
    bool glued; /* -pSECRET: the argument stands in the same word */
} short_options[] = {
    {"sshpass", "-p", true},    {"curl", "-u", true},       {"curl", "--user", false},
    {"mysql", "-p", true},      {"mysqldump", "-p", true},  {"mysqladmin", "-p", true},
    {"mariadb", "-p", true},    {"useradd", "-p", false},   {"usermod", "-p", false},
    {"redis-cli", "-a", false}, {"ldapsearch", "-w", true}, {"smbclient", "-U", true},
    {"htpasswd", "-b", false},  {"xfreerdp", "/p:", true},  {"snmpwalk", "-A", true},
};

struct out {
    char *text;
    size_t len, size;
    bool full;
};

static void put(struct out *o, const char *text, size_t n)
{
    if (o->full || o->len + n + sizeof(ELLIPSIS) > o->size) {
        o->full = true;
        return;
    }
    memcpy(o->text + o->len, text, n);
    o->len += n;
}

/* As much of a long text as fits, ended at a character. */
static void put_text(struct out *o, const char *text)
{
    size_t n = strlen(text);
    size_t room = o->full ? 0 : o->size - o->len - sizeof(ELLIPSIS);

    if (n <= room) {
        put(o, text, n);
        return;
    }
    while (room > 0 && ((unsigned char)text[room] & 0xc0) == 0x80)
        room--;
    put(o, text, room);
    o->full = true;
}

static bool is_plain(const char *word)
{
    return *word &&
           word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789-_./:=,+@%*")] == '\0';
}

static void put_word(struct out *o, const char *word)
{
    if (is_plain(word)) {
        put_text(o, word);
        return;
    }
    put(o, "'", 1);
    for (const char *quote; (quote = strchr(word, '\'')); word = quote + 1) {
        char part[ARG_MAX_];
        text_format(part, sizeof(part), "%.*s", (int)(quote - word), word);
        put_text(o, part);
        put(o, "'\\''", 4);
    }
    put_text(o, word);
    put(o, "'", 1);
}

static bool holds(const char *text, size_t len, const char *part)
{
    size_t n = strlen(part);

    for (size_t i = 0; i + n <= len; i++)
        if (strncasecmp(text + i, part, n) == 0)
            return true;
    return false;
}

/* Whether a name of len bytes speaks of a secret: DB_PASSWORD, ApiToken. */
static bool is_secret_name(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(secret_words) / sizeof(secret_words[0]); i++)
        if (holds(name, len, secret_words[i]))
            return true;
    return false;
}

static bool is_option(const struct mask *mask, const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof(known_options) / sizeof(known_options[0]); i++)
        if (strlen(known_options[i]) == len && memcmp(known_options[i], word, len) == 0)
            return true;
    for (size_t i = 0; mask && i < mask->n; i++)
        if (strlen(mask->options[i]) == len && memcmp(mask->options[i], word, len) == 0)
            return true;
    return false;
}

static void stars(char *at, size_t size)
{
    text_format(at, size, "%s", STARS);
}

/* scheme://user:password@host: the password. */
static void mask_url(char *word, size_t size)
{
    char *begin = strstr(word, "://");
    char *at = begin ? strchr(begin + 3, '@') : NULL;
    char *colon = at ? memchr(begin + 3, ':', (size_t)(at - begin - 3)) : NULL;
    char rest[ARG_MAX_];

    if (!colon)
        return;
    text_format(rest, sizeof(rest), "%s", at);
    text_format(colon + 1, size - (size_t)(colon + 1 - word), STARS "%s", rest);
}

/* Masks inside one word without blanks; returns whether the next word is a secret. */
static bool mask_word(const struct mask *mask, const char *program, char *word,
                      size_t size)
{
    char *value = strchr(word, '=');
    size_t name = value ? (size_t)(value - word) : strlen(word);

    for (size_t i = 0; i < sizeof(short_options) / sizeof(short_options[0]); i++) {
        const char *option = short_options[i].option;
        size_t n = strlen(option);
        if (strcmp(program, short_options[i].program) != 0 ||
            strncmp(word, option, n) != 0)
            continue;
        if (!word[n])
            return true;
        if (short_options[i].glued)
            stars(word + n, size - n);
    }
    if (value && (is_option(mask, word, name) || is_secret_name(word, name)))
        stars(value + 1, size - name - 1);
    else if (!value && is_option(mask, word, name))
        return true;
    else
        mask_url(word, size);
    return !value && strcasecmp(word, "bearer") == 0;
}

/* user:password for chpasswd, in a script's text. */
static void mask_pair(char *word, size_t size)
{
    char *colon = strchr(word, ':');

    if (colon && colon > word && colon[1])
        stars(colon + 1, size - (size_t)(colon + 1 - word));
}

/* An argument that is a script or holds blanks: its words, one by one. */
static void mask_text(const struct mask *mask, char *text, size_t size)
{
    static const char blanks[] = " \t\n;|&\"'";
    char copy[ARG_MAX_], word[ARG_MAX_], program[64] = "";
    bool next = false, pairs = strstr(text, "chpasswd") != NULL;
    size_t used = 0;

    text_format(copy, sizeof(copy), "%s", text);
    text[0] = '\0';
    for (const char *p = copy; *p;) {
        size_t gap = strspn(p, blanks);
        size_t n = strcspn(p + gap, blanks);
        text_format(word, sizeof(word), "%.*s", (int)n, p + gap);
        if (strpbrk(p, ";|&") && strcspn(p, ";|&") < gap)
            program[0] = '\0';
        if (next && n > 0) {
            stars(word, sizeof(word));
            next = false;
        } else if (n > 0) {
            next = mask_word(mask, program, word, sizeof(word));
            if (pairs)
                mask_pair(word, sizeof(word));
        }
        if (!program[0] && n > 0 && !strchr(word, '='))
            text_format(program, sizeof(program), "%s", word);
        text_format(text + used, size - used, "%.*s%s", (int)gap, p, word);
        used += strlen(text + used);
        p += gap + n;
    }
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

void mask_args(const struct mask *mask, const char *args, size_t len, int cut, char *out,
               size_t size)
{
    struct out o = {.text = out, .size = size};
    char program[64] = "", word[ARG_MAX_];
    bool next = false;

    for (size_t i = 0, k = 0; i < len && !o.full; k++) {
        size_t n = strnlen(args + i, len - i);
        text_printable(word, sizeof(word), args + i, n);
        i += n + 1;
        if (k == 0)
            text_format(program, sizeof(program), "%s", base_name(word));
        else
            put(&o, " ", 1);
        if (next) {
            stars(word, sizeof(word));
            next = false;
        } else if (strpbrk(word, " \t\n")) {
            mask_text(mask, word, sizeof(word));
        } else if (k > 0) {
            next = mask_word(mask, program, word, sizeof(word));
        }
        put_word(&o, word);
    }
    if ((o.full || cut) && size >= o.len + sizeof(ELLIPSIS)) {
        memcpy(o.text + o.len, ELLIPSIS, sizeof(ELLIPSIS) - 1);
        o.len += sizeof(ELLIPSIS) - 1;
    }
    o.text[o.len] = '\0';
}
