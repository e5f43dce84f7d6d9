/*
 * A text for people, in one or more languages: `{en: …, zh-Hant: …}`, or one string.
 */
#ifndef PARRY_SCENARIOS_BASE_TEXT_H
#define PARRY_SCENARIOS_BASE_TEXT_H

#include <glib.h>
#include <jansson.h>

typedef struct ParryText ParryText;

ParryText *
parry_text_new(const char *plain); /* language unknown: serves every language */
void parry_text_set(ParryText *text, const char *lang, const char *value);
/* The text in lang, else in English, else the plain one, else the first; never NULL. */
const char *parry_text_get(const ParryText *text, const char *lang);
/* A string where there is one plain text, else an object by language; caller owns it. */
json_t *parry_text_to_json(const ParryText *text);
void parry_text_free(ParryText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParryText, parry_text_free)

/* Terminal columns of a UTF-8 text (wide characters count 2, combining ones 0). */
int parry_text_width(const char *utf8);
/* A copy padded with spaces, or cut with "…", to exactly `columns` columns. */
char *parry_text_fit(const char *utf8, int columns);
/* A copy of one line without ESC, C0, C1 and bidi controls: safe on anyone's terminal.
 * Line breaks and tabs become a blank, invalid UTF-8 becomes U+FFFD, NULL an empty text.
 */
char *parry_text_safe(const char *bytes, gssize len);

#endif
