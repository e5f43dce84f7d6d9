/*
 * The one description of every message: what decoding, checking and encoding walk over.
 * Private to agents/wire.
 */
#ifndef PARRY_WIRE_MSG_TABLE_H
#define PARRY_WIRE_MSG_TABLE_H

#include "agents/wire/msg.h"

enum member_type {
    M_INT,   /* int64_t */
    M_BOOL,  /* bool */
    M_ENUM,  /* an enum, by its name in names */
    M_TEXT,  /* const char * */
    M_BYTES, /* struct wire_bytes */
    M_TEXTS, /* list of text: const char ** and a count */
    M_ONE,   /* an object: pointer to one item and a count of 0 or 1 */
    M_MANY,  /* a list of objects, or of rows (lists by position) */
    M_MAP,   /* an object of text members; the item has a name and a value */
};

struct shape;

struct member {
    const char *name; /* NULL ends a list of members */
    enum member_type type;
    bool required;
    int64_t min;       /* value, length of text, bytes, or items of a list */
    int64_t max;       /* likewise; M_ENUM: number of names */
    int64_t def;       /* of an absent integer or enum */
    size_t off, off_n; /* in the struct: the value, and the count of a list */
    int64_t each;      /* M_TEXTS, M_MAP: longest text of one item */
    const char *const *names;
    const struct shape *shape;
};

/* An item of a list. */
struct shape {
    const struct member *members;
    size_t size;
    bool row; /* written as [a, b, …] in the order of members, all of them required */
};

struct kind {
    const char *name;
    enum wire_kind kind;
    int dirs; /* of enum wire_dir */
    enum wire_prio prio;
    bool numbered;
    bool has_id;
    const struct member *members; /* offsets in struct wire_msg */
    /* What one member cannot say alone; NULL: nothing. */
    bool (*check)(const struct wire_msg *m, struct wire_error *e);
};

/* By kind, or NULL. */
const struct kind *kind_of(enum wire_kind kind);

/* By name and direction, or NULL. */
const struct kind *kind_named(const char *name, enum wire_dir dir);

/* Writes the reason; bytes that are not printable ASCII become '?'. Returns false. */
bool wire_fail(struct wire_error *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Refuses, before any parsing, a line that nests too deep, holds too many values, or is
 * not an object. Costs one pass and no memory. */
bool wire_scan(const char *line, size_t len, struct wire_error *e);

#endif
