#include "scoreboard/action_match.h"

#include "scenarios/base/text.h"

#include <arpa/inet.h>
#include <string.h>

/* ---- words ---- */

typedef struct {
    MatchWords *wr_words;
    gsize wr_used;
    gboolean wr_open; /* a word has begun */
} Writer;

static void put(Writer *writer, char c)
{
    MatchWords *words = writer->wr_words;

    if (writer->wr_used + 1 >= sizeof words->mw_text)
        return;
    if (!writer->wr_open) {
        if (words->mw_n == MATCH_WORDS_MAX)
            return;
        words->mw_word[words->mw_n++] = words->mw_text + writer->wr_used;
        writer->wr_open = TRUE;
    }
    words->mw_text[writer->wr_used++] = c;
}

/* Ends the word; one that is there though nothing was put ('') stays, empty. */
static void end_word(Writer *writer, gboolean even_empty)
{
    MatchWords *words = writer->wr_words;

    if (!writer->wr_open && even_empty && words->mw_n < MATCH_WORDS_MAX &&
        writer->wr_used + 1 < sizeof words->mw_text) {
        words->mw_word[words->mw_n++] = words->mw_text + writer->wr_used;
        writer->wr_open = TRUE;
    }
    if (writer->wr_open)
        words->mw_text[writer->wr_used++] = '\0';
    writer->wr_open = FALSE;
}

static void split(MatchWords *words, const char *args)
{
    Writer writer = {words, 0, FALSE};
    gboolean quoted = FALSE;
    char quote = '\0';
    const char *end = args + strnlen(args, MATCH_TEXT_MAX);

    for (const char *at = args; at < end; at++) {
        if (quote && *at == quote) {
            quote = '\0';
        } else if (!quote && (*at == '\'' || *at == '"')) {
            quote = *at;
            quoted = TRUE;
        } else if (!quote && *at == ' ') {
            end_word(&writer, quoted);
            quoted = FALSE;
        } else if (quote != '\'' && *at == '\\' && at + 1 < end) {
            put(&writer, *++at);
        } else if (!quote && *at == '=' && writer.wr_open && writer.wr_used > 2 &&
                   g_str_has_prefix(words->mw_word[words->mw_n - 1], "--")) {
            end_word(&writer, FALSE);
            quoted = TRUE;
        } else {
            put(&writer, *at);
        }
    }
    end_word(&writer, quoted);
}

/* Its name without the directory, and without the "-" of a login shell. */
static void set_program(MatchWords *words, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    g_strlcpy(words->mw_program, *name == '-' ? name + 1 : name,
              sizeof words->mw_program);
}

/* What runs another program, or a script, that stands behind it. */
static gboolean is_runner(const char *program)
{
    static const char *const runners[] = {"busybox", "toybox", "python*", "perl*", "sh",
                                          "bash",    "dash",   "ash",     "ruby*", NULL};

    return match_any((char *const *)runners, program);
}

void match_words(MatchWords *words, const char *args, const char *exe)
{
    words->mw_n = 0;
    words->mw_first = 0;
    split(words, args);
    set_program(words, exe);
    if (words->mw_n == 0)
        return;
    words->mw_first = 1;
    set_program(words, words->mw_word[0]);
    if (is_runner(words->mw_program) && words->mw_n > 1 && *words->mw_word[1] != '-') {
        words->mw_first = 2;
        set_program(words, words->mw_word[1]);
    }
}

void match_words_again(MatchWords *words)
{
    MatchWords again = {.mw_n = 0};
    Writer writer = {&again, 0, FALSE};

    for (guint i = words->mw_first; i < words->mw_n; i++) {
        for (const char *at = words->mw_word[i]; *at; at++)
            if (strchr(" \t,;{}\"'=", *at) &&
                !(at[0] == '=' && at > words->mw_word[i] && at[-1] == '!'))
                end_word(&writer, FALSE);
            else
                put(&writer, *at);
        end_word(&writer, FALSE);
    }
    /* Into the caller's own buffer, its pointers with it. */
    memcpy(words->mw_text, again.mw_text, writer.wr_used);
    words->mw_n = again.mw_n;
    words->mw_first = 0;
    for (guint i = 0; i < again.mw_n; i++)
        words->mw_word[i] = words->mw_text + (again.mw_word[i] - again.mw_text);
}

/* ---- globs ---- */

/* One star is remembered at a time: a later one makes the earlier's choice final, which
 * is enough for globs and keeps the work below length times length. */
gboolean match_glob(const char *glob, const char *text)
{
    const char *star = NULL, *again = NULL;
    const char *end = text;

    while (*end && end - text < MATCH_WORD_MAX)
        end++;
    while (text < end) {
        if (*glob == '*') {
            star = ++glob;
            again = text;
        } else if (*glob && (*glob == '?' || *glob == *text)) {
            glob++;
            text++;
        } else if (star) {
            glob = star;
            text = ++again;
        } else {
            return FALSE;
        }
    }
    while (*glob == '*')
        glob++;
    return !*glob;
}

gboolean match_any(char *const *globs, const char *text)
{
    for (; *globs; globs++)
        if (match_glob(*globs, text))
            return TRUE;
    return FALSE;
}

/* ---- phrases ---- */

static gboolean pattern_init(Pattern *pattern, const char *text, const char **why)
{
    const char *open = strchr(text, '{');
    const char *close = open ? strchr(open, '}') : NULL;
    g_autofree char *inner = close ? g_strndup(open + 1, close - open - 1) : NULL;

    if (!open) {
        pattern->pa_kind = PATTERN_WORD;
        pattern->pa_prefix = g_strdup("");
        pattern->pa_globs = g_strsplit(text, "|", -1);
        return TRUE;
    }
    *why = "a { must begin {object}, {object:GLOB} or {address}, which ends the word";
    if (!close || close[1])
        return FALSE;
    pattern->pa_prefix = g_strndup(text, open - text);
    if (strcmp(inner, "address") == 0 || strcmp(inner, "object") == 0) {
        pattern->pa_kind = *inner == 'a' ? PATTERN_ADDRESS : PATTERN_OBJECT;
        pattern->pa_globs = g_new0(char *, 1);
        return TRUE;
    }
    if (!g_str_has_prefix(inner, "object:"))
        return FALSE;
    pattern->pa_kind = PATTERN_OBJECT;
    pattern->pa_globs = g_strsplit(inner + strlen("object:"), "|", -1);
    return TRUE;
}

MatchPhrase *match_phrase_new(const char *text, const char **why)
{
    MatchPhrase *phrase = g_new0(MatchPhrase, 1);
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    guint n = g_strv_length(words), objects = 0;
    gboolean ok = n > 0 && n <= MATCH_PHRASE_WORDS;

    *why = "a phrase has 1 to 8 words";
    for (guint i = 0; ok && i < n; i++) {
        *why = "words of a phrase are separated by one blank";
        ok = *words[i] && pattern_init(&phrase->ph_word[phrase->ph_n++], words[i], why);
        objects += ok && phrase->ph_word[i].pa_kind != PATTERN_WORD;
    }
    if (ok && objects > 1) {
        *why = "a phrase takes one object";
        ok = FALSE;
    }
    if (ok)
        return phrase;
    match_phrase_free(phrase);
    return NULL;
}

void match_phrase_free(gpointer data)
{
    MatchPhrase *phrase = data;

    for (guint i = 0; phrase && i < phrase->ph_n; i++) {
        g_free(phrase->ph_word[i].pa_prefix);
        g_strfreev(phrase->ph_word[i].pa_globs);
    }
    g_free(phrase);
}

gboolean match_phrase_takes(const MatchPhrase *phrase)
{
    for (guint i = 0; i < phrase->ph_n; i++)
        if (phrase->ph_word[i].pa_kind != PATTERN_WORD)
            return TRUE;
    return FALSE;
}

static gboolean is_address(const char *text)
{
    char address[INET6_ADDRSTRLEN + 1];
    gsize len = strcspn(text, "/");
    const char *prefix = text[len] ? text + len + 1 : "0";
    struct in6_addr bytes;

    if (len >= sizeof address || !*prefix ||
        strspn(prefix, "0123456789.") != strlen(prefix))
        return FALSE;
    memcpy(address, text, len);
    address[len] = '\0';
    return inet_pton(AF_INET, address, &bytes) == 1 ||
           inet_pton(AF_INET6, address, &bytes) == 1;
}

static gboolean takes_paths(char *const *globs)
{
    return *globs && **globs == '/';
}

/* A relative word against globs for paths: as a path below cwd. */
static gboolean below_cwd(const Pattern *pattern, const char *word, const char *cwd,
                          char object[MATCH_OBJECT_MAX])
{
    char path[MATCH_WORD_MAX];
    gsize len = strnlen(cwd, sizeof path), rest = strnlen(word, sizeof path);

    if (*cwd != '/' || *word == '/' || *word == '-' || !*word ||
        !takes_paths(pattern->pa_globs) || len + rest + 2 > sizeof path)
        return FALSE;
    while (g_str_has_prefix(word, "./"))
        word += 2;
    while (len > 0 && cwd[len - 1] == '/')
        len--;
    memcpy(path, cwd, len);
    path[len] = '/';
    g_strlcpy(path + len + 1, word, sizeof path - len - 1);
    if (!match_any(pattern->pa_globs, path))
        return FALSE;
    match_object(object, path);
    return TRUE;
}

static gboolean match_word(const Pattern *pattern, const char *word, const char *cwd,
                           char object[MATCH_OBJECT_MAX])
{
    gsize prefix = strlen(pattern->pa_prefix);

    if (strncmp(word, pattern->pa_prefix, prefix) != 0)
        return FALSE;
    word += prefix;
    switch (pattern->pa_kind) {
    case PATTERN_WORD:
        return match_any(pattern->pa_globs, word);
    case PATTERN_ADDRESS:
        if (!is_address(word))
            return FALSE;
        break;
    case PATTERN_OBJECT:
        if (*pattern->pa_globs && !match_any(pattern->pa_globs, word))
            return below_cwd(pattern, word, cwd, object);
        if (!*word || (!*pattern->pa_globs && *word == '-'))
            return FALSE;
        break;
    }
    match_object(object, word);
    return TRUE;
}

static gboolean match_at(const MatchPhrase *phrase, const MatchWords *words, guint at,
                         const char *cwd, char object[MATCH_OBJECT_MAX])
{
    char found[MATCH_OBJECT_MAX] = "";

    for (guint i = 0; i < phrase->ph_n; i++)
        if (!match_word(&phrase->ph_word[i], words->mw_word[at + i], cwd, found))
            return FALSE;
    if (match_phrase_takes(phrase))
        memcpy(object, found, sizeof found);
    return TRUE;
}

/* What is written as a path comes first. Of other words, each of which might be a file
 * where the program stands, the last: options and their values come before files. */
gboolean match_phrase(const MatchPhrase *phrase, const MatchWords *words, const char *cwd,
                      char object[MATCH_OBJECT_MAX])
{
    guint n = words->mw_n - words->mw_first;

    if (phrase->ph_n > n)
        return FALSE;
    for (guint at = words->mw_first; at + phrase->ph_n <= words->mw_n; at++)
        if (match_at(phrase, words, at, "", object))
            return TRUE;
    for (guint back = phrase->ph_n; *cwd == '/' && back <= n; back++)
        if (match_at(phrase, words, words->mw_n - back, cwd, object))
            return TRUE;
    return FALSE;
}

void match_object(char object[MATCH_OBJECT_MAX], const char *text)
{
    g_autofree char *safe = parry_text_safe(text, (gssize)strnlen(text, MATCH_WORD_MAX));
    gsize len = strlen(safe);

    if (len >= MATCH_OBJECT_MAX) {
        const char *cut = g_utf8_find_prev_char(safe, safe + MATCH_OBJECT_MAX - 3);

        len = cut ? (gsize)(cut - safe) : 0;
        memcpy(object, safe, len);
        memcpy(object + len, "…", sizeof "…");
        return;
    }
    memcpy(object, safe, len + 1);
}
