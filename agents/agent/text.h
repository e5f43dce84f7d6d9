/*
 * Small text helpers: bounded copies, UTF-8 cleaning, whole files.
 */
#ifndef PARRY_AGENT_TEXT_H
#define PARRY_AGENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Formats into buf of size bytes, always ended by NUL, cut where it does not fit. */
void text_format(char *buf, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Replaces in place every byte that is not printable ASCII by '?': for text from files
 * and sockets that goes into an answer, which must be UTF-8 without control bytes. */
void text_clean(char *text);

/* Copies n bytes to out as UTF-8 that a line of text may hold: a control character
 * or a byte that is none of UTF-8 becomes '?', and what does not fit is cut at a
 * character. */
void text_printable(char *out, size_t size, const char *bytes, size_t n);

/* Whether list[0..n) holds text. */
bool text_in(const char *text, const char *const *list, size_t n);

/* A name that may stand in passwd, a path of one part or a command: letters, digits,
 * '-', '_', '.', not beginning with '-' or '.', 1 to max characters. */
bool text_is_name(const char *text, size_t max);

/*
 * The whole file at path, ended by a NUL that is not counted in *len (may be NULL), to be
 * freed; or NULL with errno set (EFBIG when it is longer than max).
 */
char *text_read_file(const char *path, size_t max, size_t *len);

/* The n-th word (from 0) of a line of words divided by blanks, or NULL. */
const char *text_word(const char *line, int n);

/* The number that text begins with, in this base; false when it begins with none. end,
 * unless NULL, becomes what follows. */
bool text_number(const char *text, int base, long long *value, const char **end);

/* The first line of a file, without newline, into buf; false when it cannot be read. */
bool text_first_line(const char *path, char *buf, size_t size);

#endif
