#include "agents/wire/base64.h"
#include "agents/wire/frame.h"
#include "agents/wire/msg_table.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Room that a queue needs to put its own seq and ack into the line, and the newline. */
#define ENVELOPE_ROOM 64

struct where {
    const char *kind;
    struct wire_error *e;
};

/* Reports and returns NULL, so that it can stand for the value that is not to be had. */
static json_t *bad(const struct where *w, const struct member *f, const char *what)
{
    wire_fail(w->e, "%s: member '%s' %s", w->kind, f->name, what);
    return NULL;
}

static bool within(const struct member *f, int64_t value)
{
    return value >= f->min && value <= f->max;
}

static json_t *give_text(const struct where *w, const struct member *f, const char *text,
                         int64_t min, int64_t max)
{
    int64_t len = text ? (int64_t)strlen(text) : -1;

    if (len < min || len > max)
        return bad(w, f, text ? "has a length out of range" : "is missing");
    json_t *v = json_string(text);
    return v ? v : bad(w, f, "is not UTF-8");
}

static json_t *give_bytes(const struct where *w, const struct member *f,
                          const struct wire_bytes *bytes)
{
    if (!within(f, (int64_t)bytes->len))
        return bad(w, f, "has a length out of range");
    char *text = malloc(base64_encoded_size(bytes->len) + 1);
    if (!text)
        return bad(w, f, "found no memory");
    size_t len = base64_encode(bytes->data, bytes->len, text);
    json_t *v = json_stringn_nocheck(text, len);
    free(text);
    return v ? v : bad(w, f, "found no memory");
}

static json_t *give_texts(const struct where *w, const struct member *f,
                          const char *const *texts, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < n; i++) {
        json_t *v = give_text(w, f, texts[i], 0, f->each);
        if (!v || json_array_append_new(list, v) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list ? list : bad(w, f, "found no memory");
}

static bool give_members(const struct where *w, const struct member *members,
                         const char *base, json_t *obj);
static json_t *give_value(const struct where *w, const struct member *f,
                          const char *base);

static json_t *give_item(const struct where *w, const struct member *f, const char *item)
{
    json_t *v = f->shape->row ? json_array() : json_object();

    if (!v)
        return bad(w, f, "found no memory");
    bool ok = true;
    if (!f->shape->row)
        ok = give_members(w, f->shape->members, item, v);
    else
        for (const struct member *m = f->shape->members; ok && m->name; m++)
            /* append_new fails on the NULL of a value that is not valid */
            ok = json_array_append_new(v, give_value(w, m, item)) == 0;
    if (ok)
        return v;
    json_decref(v);
    return NULL;
}

static json_t *give_many(const struct where *w, const struct member *f, const char *items,
                         size_t n)
{
    if (f->type == M_ONE)
        return give_item(w, f, items);
    json_t *list = json_array();
    for (size_t i = 0; list && i < n; i++) {
        json_t *v = give_item(w, f, items + i * f->shape->size);
        if (!v || json_array_append_new(list, v) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list ? list : bad(w, f, "found no memory");
}

static json_t *give_map(const struct where *w, const struct member *f, const char *items,
                        size_t n)
{
    const struct member *name = &f->shape->members[0];
    const struct member *value = &f->shape->members[1];
    json_t *map = json_object();

    for (size_t i = 0; map && i < n; i++) {
        const char *item = items + i * f->shape->size;
        const char *key = *(const char *const *)(const void *)(item + name->off);
        json_t *v = give_value(w, value, item);
        bool ok = v && key && within(name, (int64_t)strlen(key));
        if (!ok)
            json_decref(v);
        if (!ok || json_object_set_new(map, key, v) < 0) {
            json_decref(map);
            return bad(w, f, "holds what is not valid");
        }
    }
    return map ? map : bad(w, f, "found no memory");
}

static json_t *give_list(const struct where *w, const struct member *f, const char *base)
{
    const void *items = *(const void *const *)(const void *)(base + f->off);
    size_t n = *(const size_t *)(const void *)(base + f->off_n);

    if (!within(f, (int64_t)n))
        return bad(w, f, "has too many items");
    switch (f->type) {
    case M_TEXTS:
        return give_texts(w, f, items, n);
    case M_MAP:
        return give_map(w, f, items, n);
    default:
        return give_many(w, f, items, n);
    }
}

static json_t *give_value(const struct where *w, const struct member *f, const char *base)
{
    const void *at = base + f->off;

    switch (f->type) {
    case M_INT:
        if (!within(f, *(const int64_t *)at))
            return bad(w, f, "is out of range");
        return json_integer(*(const int64_t *)at);
    case M_BOOL:
        return json_boolean(*(const bool *)at);
    case M_ENUM:
        if (*(const int *)at < 0 || *(const int *)at >= f->max)
            return bad(w, f, "is out of range");
        return json_string(f->names[*(const int *)at]);
    case M_TEXT:
        return give_text(w, f, *(const char *const *)at, f->min, f->max);
    case M_BYTES:
        return give_bytes(w, f, at);
    default:
        return give_list(w, f, base);
    }
}

/* An optional member at its default is left out. */
static bool is_default(const struct member *f, const char *base)
{
    const void *at = base + f->off;

    switch (f->type) {
    case M_INT:
        return *(const int64_t *)at == f->def;
    case M_BOOL:
        return !*(const bool *)at;
    case M_ENUM:
        return *(const int *)at == f->def;
    case M_TEXT:
        return *(const char *const *)at == NULL;
    case M_BYTES:
        return ((const struct wire_bytes *)at)->len == 0;
    default:
        return *(const size_t *)(const void *)(base + f->off_n) == 0;
    }
}

static bool give_members(const struct where *w, const struct member *members,
                         const char *base, json_t *obj)
{
    for (const struct member *f = members; f->name; f++) {
        if (!f->required && is_default(f, base))
            continue;
        if (json_object_set_new(obj, f->name, give_value(w, f, base)) < 0)
            return false;
    }
    return true;
}

static bool give_head(const struct where *w, const struct kind *k,
                      const struct wire_msg *m, json_t *root)
{
    bool ok = json_object_set_new(root, "k", json_string(k->name)) == 0;

    if (k->numbered && m->seq > 0)
        ok = ok && json_object_set_new(root, "seq", json_integer(m->seq)) == 0;
    if (m->ack >= 0)
        ok = ok && json_object_set_new(root, "ack", json_integer(m->ack)) == 0;
    if (k->has_id && m->id < 1)
        return wire_fail(w->e, "%s: member 'id' is missing", k->name);
    if (k->has_id)
        ok = ok && json_object_set_new(root, "id", json_integer(m->id)) == 0;
    return ok || wire_fail(w->e, "%s: out of memory", k->name);
}

char *wire_encode(const struct wire_msg *m, size_t *len, struct wire_error *e)
{
    const struct kind *k = kind_of(m->kind);
    struct where w = {wire_kind_name(m->kind), e};
    char *line = NULL;

    if (!k) {
        wire_fail(e, "no message kind %d", (int)m->kind);
        return NULL;
    }
    json_t *root = json_object();
    e->text[0] = '\0';
    if (root && give_head(&w, k, m, root) &&
        give_members(&w, k->members, (const char *)m, root) &&
        (!k->check || k->check(m, e)))
        line = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (!line) {
        if (!e->text[0])
            wire_fail(e, "%s: out of memory", k->name);
        return NULL;
    }
    size_t n = strlen(line);
    if (n > FRAME_MAX - ENVELOPE_ROOM || !wire_scan(line, n, e)) {
        if (n > FRAME_MAX - ENVELOPE_ROOM)
            wire_fail(e, "%s: %zu bytes do not fit a line", k->name, n);
        free(line);
        return NULL;
    }
    if (len)
        *len = n;
    return line;
}
