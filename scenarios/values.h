/*
 * The forms of the language's scalars: what each may look like and how it reads.
 */
#ifndef PARRY_SCENARIOS_VALUES_H
#define PARRY_SCENARIOS_VALUES_H

#include "scenarios/keys.h"

/*
 * Is `text` of the spec's scalar type (`type`: ks_type, or ks_item)? If not, *why gets
 * what is wrong, to be freed by g_free().
 */
gboolean value_check(const KeySpec *spec, KeyType type, const char *text, char **why);
/* "a duration such as 1h30m": what the type wants. */
const char *value_want(KeyType type);
/* TRUE where the type is text to people: a plain scalar must not read as something else.
 */
gboolean value_is_text(KeyType type);

/* What editors are told of a type: see schema.h. */
typedef struct {
    const char
        *vf_pattern; /* of the whole text, to be anchored; NULL: any text, or words */
    const char
        *vf_type; /* JSON type of what YAML 1.2's core schema makes of its plain form,
                   * beside "string": "integer", "number", "boolean" or NULL */
    gint64 vf_min, vf_max; /* of such a number; both 0: the spec's own */
} ValueForm;
const ValueForm *value_form(KeyType type);

/* "a boolean", "null", "a number" or "a date" where YAML 1.1 or 1.2 reads the plain
 * scalar so, else NULL. */
const char *value_retyped(const char *plain);

gboolean value_int(const char *text, gint64 *out);
gboolean value_percent(const char *text, int *out);
gboolean value_points(const char *text, gint64 *milli);
gboolean value_size(const char *text, guint64 *bytes);
gboolean value_mode(const char *text, int *mode);
gboolean value_address(const char *text, guint32 *addr);
gboolean value_cidr(const char *text, guint32 *addr, int *prefix);
/* "8443:443/tcp": outer and inner port (the same where one is given), "tcp" or "udp". */
gboolean value_port(const char *text, int *outer, int *inner, const char **proto);
/* 80, or "8000-8100". */
gboolean value_port_range(const char *text, int *first, int *last);
/* "10.1.0.20-10.1.0.40", host byte order. */
gboolean value_range(const char *text, guint32 *first, guint32 *last);
/* "22:00-06:00" in minutes after midnight: from 0 to 1439, until 0 to 1440; where until
 * is below from, it is the next day's. */
gboolean value_hours(const char *text, int *from, int *until);
/* A duration that may begin with "-", in microseconds. */
gboolean value_offset(const char *text, gint64 *us);
/* "10mbit" in bits a second. */
gboolean value_rate(const char *text, gint64 *bits);
/* Does the text consist of 1 to max characters of `allowed`? */
gboolean value_spans(const char *text, const char *allowed, gsize max);
/* Is it one of the words, ended by NULL? A leading "!" of a word does not matter. */
gboolean value_in_words(const char *text, const char *const *words);
/* T1110 covers T1110 and T1110.001. */
gboolean value_technique_covers(const char *allowed, const char *technique);
/* Of the names, the one that `text` is most likely a slip of, or NULL. */
const char *value_closest(const char *text, const GPtrArray *names);

#endif
