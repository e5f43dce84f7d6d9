/*
 * Comparing what a guest reported with what a rule asks for. Texts are hostile: every
 * one is cut to a bound before it is looked at, globs need no more than length times
 * length, and little is allocated.
 */
#ifndef PARRY_SCOREBOARD_ACTION_MATCH_H
#define PARRY_SCOREBOARD_ACTION_MATCH_H

#include <glib.h>

#define MATCH_WORDS_MAX 64   /* words of a command line that are looked at */
#define MATCH_TEXT_MAX 1536  /* bytes of them in all */
#define MATCH_WORD_MAX 256   /* bytes of a word that are compared */
#define MATCH_OBJECT_MAX 160 /* bytes of an object, with the NUL */
#define MATCH_PHRASE_WORDS 8 /* of a pattern */

typedef struct {
    char mw_text[MATCH_TEXT_MAX];
    const char *mw_word[MATCH_WORDS_MAX];
    guint mw_n;
    guint mw_first;      /* the first argument: behind the program and what runs it */
    char mw_program[64]; /* "" where nothing is known */
} MatchWords;

/*
 * A command line as the agent quotes one, into words; "--name=value" becomes two. Its
 * program is the first word without its directory, or, where that is an interpreter with
 * a script or busybox, the second; exe where there are no words.
 */
void match_words(MatchWords *words, const char *args, const char *exe);
/* Breaks each word once more at blanks, commas, braces, quotes and "=": for programs that
 * take a small language in one argument. */
void match_words_again(MatchWords *words);

/* `*` any text, `?` one byte; all else is itself. */
gboolean match_glob(const char *glob, const char *text);
gboolean match_any(char *const *globs, const char *text);

typedef enum {
    PATTERN_WORD,    /* one of the globs */
    PATTERN_OBJECT,  /* what follows the prefix is the object, one of the globs if any */
    PATTERN_ADDRESS, /* the same, an IPv4 or IPv6 address or network */
} PatternKind;

typedef struct {
    PatternKind pa_kind;
    char *pa_prefix; /* "if=" of "if={object}"; "" */
    char **pa_globs; /* strv, empty: anything */
} Pattern;

/* A phrase: words that stand side by side, anywhere behind the program. */
typedef struct {
    guint ph_n;
    Pattern ph_word[MATCH_PHRASE_WORDS];
} MatchPhrase;

/* "-s|--source {address}": words of a phrase are separated by a blank; NULL, and *why,
 * for one that cannot be. */
MatchPhrase *match_phrase_new(const char *text, const char **why);
void match_phrase_free(gpointer phrase);
/* Whether it takes an object. */
gboolean match_phrase_takes(const MatchPhrase *phrase);

/*
 * Whether the phrase is in the words; its object goes to `object`. A word that is no path
 * from the root is tried against globs for paths also behind cwd, and the object is the
 * path then.
 */
gboolean match_phrase(const MatchPhrase *phrase, const MatchWords *words, const char *cwd,
                      char object[MATCH_OBJECT_MAX]);

/* Copies text as an object: one line, terminal controls gone, cut at a character. */
void match_object(char object[MATCH_OBJECT_MAX], const char *text);

#endif
