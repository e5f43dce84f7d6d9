#include "agents/wire/base64.h"
#include "agents/wire/msg_table.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* What a decoded message owns: the parsed line, which the texts point into, and the
 * lists and bytes made from it. */
struct chunk {
    struct chunk *next;
    max_align_t data[];
};

struct arena {
    json_t *root;
    struct chunk *chunks;
};

/* What is being decoded, for words. */
struct where {
    struct arena *arena;
    const char *kind;
    struct wire_error *e;
};

static void *arena_alloc(struct arena *a, size_t size)
{
    struct chunk *c = calloc(1, sizeof(*c) + size);

    if (!c)
        return NULL;
    c->next = a->chunks;
    a->chunks = c;
    return c->data;
}

static void arena_free(struct arena *a)
{
    while (a->chunks) {
        struct chunk *next = a->chunks->next;
        free(a->chunks);
        a->chunks = next;
    }
    json_decref(a->root);
    free(a);
}

static bool no_memory(const struct where *w)
{
    return wire_fail(w->e, "%s: out of memory", w->kind);
}

static bool mistyped(const struct where *w, const struct member *f, const char *wanted)
{
    return wire_fail(w->e, "%s: member '%s' is not %s", w->kind, f->name, wanted);
}

static bool in_range(const struct where *w, const struct member *f, const char *what,
                     int64_t value)
{
    if (value < f->min)
        return wire_fail(w->e, "%s: member '%s': %s%lld is below %lld", w->kind, f->name,
                         what, (long long)value, (long long)f->min);
    if (value > f->max)
        return wire_fail(w->e, "%s: member '%s': %s%lld is above %lld", w->kind, f->name,
                         what, (long long)value, (long long)f->max);
    return true;
}

static bool take_members(const struct where *w, const struct member *members, json_t *obj,
                         char *base);

static bool take_int(const struct where *w, const struct member *f, json_t *v, char *at)
{
    if (!json_is_integer(v))
        return mistyped(w, f, "an integer");
    int64_t value = json_integer_value(v);
    if (!in_range(w, f, "", value))
        return false;
    *(int64_t *)(void *)at = value;
    return true;
}

static bool take_enum(const struct where *w, const struct member *f, json_t *v, char *at)
{
    if (!json_is_string(v))
        return mistyped(w, f, "text");
    for (int i = 0; i < f->max; i++)
        if (strcmp(f->names[i], json_string_value(v)) == 0) {
            *(int *)(void *)at = i;
            return true;
        }
    return wire_fail(w->e, "%s: member '%s': '%.32s' is not known", w->kind, f->name,
                     json_string_value(v));
}

static bool take_text(const struct where *w, const struct member *f, json_t *v, char *at)
{
    if (!json_is_string(v))
        return mistyped(w, f, "text");
    if (!in_range(w, f, "length ", (int64_t)json_string_length(v)))
        return false;
    *(const char **)(void *)at = json_string_value(v);
    return true;
}

static bool take_bytes(const struct where *w, const struct member *f, json_t *v, char *at)
{
    struct wire_bytes *bytes = (struct wire_bytes *)(void *)at;

    if (!json_is_string(v))
        return mistyped(w, f, "text");
    size_t len = json_string_length(v);
    unsigned char *data = arena_alloc(w->arena, base64_decoded_max(len) + 1);
    if (!data)
        return no_memory(w);
    ssize_t n = base64_decode(json_string_value(v), len, data);
    if (n < 0)
        return mistyped(w, f, "base64");
    bytes->data = data;
    bytes->len = (size_t)n;
    return in_range(w, f, "length ", n);
}

static bool take_texts(const struct where *w, const struct member *f, json_t *v,
                       char *base)
{
    if (!json_is_array(v))
        return mistyped(w, f, "a list");
    size_t n = json_array_size(v);
    if (!in_range(w, f, "count ", (int64_t)n))
        return false;
    /* One more, NULL, so that a list of arguments can be executed as it is. */
    const char **texts = arena_alloc(w->arena, (n + 1) * sizeof(*texts));
    if (!texts)
        return no_memory(w);
    for (size_t i = 0; i < n; i++) {
        json_t *item = json_array_get(v, i);
        if (!json_is_string(item))
            return mistyped(w, f, "a list of text");
        if ((int64_t)json_string_length(item) > f->each)
            return wire_fail(w->e, "%s: member '%s': item %zu is longer than %lld",
                             w->kind, f->name, i, (long long)f->each);
        texts[i] = json_string_value(item);
    }
    *(const char ***)(void *)(base + f->off) = texts;
    *(size_t *)(void *)(base + f->off_n) = n;
    return true;
}

static bool take_value(const struct where *w, const struct member *f, json_t *v,
                       char *base);

/* A row: its values by position, all there. */
static bool take_row(const struct where *w, const struct member *f, json_t *v, char *item)
{
    size_t n = 0;

    while (f->shape->members[n].name)
        n++;
    if (!json_is_array(v) || json_array_size(v) != n)
        return wire_fail(w->e, "%s: member '%s': a row has %zu values", w->kind, f->name,
                         n);
    for (size_t i = 0; i < n; i++)
        if (!take_value(w, &f->shape->members[i], json_array_get(v, i), item))
            return false;
    return true;
}

static bool take_item(const struct where *w, const struct member *f, json_t *v,
                      char *item)
{
    if (f->shape->row)
        return take_row(w, f, v, item);
    if (!json_is_object(v))
        return mistyped(w, f, "a list of objects");
    return take_members(w, f->shape->members, v, item);
}

static bool take_many(const struct where *w, const struct member *f, json_t *v,
                      char *base)
{
    size_t n = f->type == M_ONE ? 1 : json_array_size(v);

    if (f->type == M_MANY && !json_is_array(v))
        return mistyped(w, f, "a list");
    if (!in_range(w, f, "count ", (int64_t)n))
        return false;
    char *items = arena_alloc(w->arena, n * f->shape->size + 1);
    if (!items)
        return no_memory(w);
    for (size_t i = 0; i < n; i++) {
        json_t *item = f->type == M_ONE ? v : json_array_get(v, i);
        if (!take_item(w, f, item, items + i * f->shape->size))
            return false;
    }
    *(void **)(void *)(base + f->off) = items;
    *(size_t *)(void *)(base + f->off_n) = n;
    return true;
}

static bool take_map(const struct where *w, const struct member *f, json_t *v, char *base)
{
    const struct member *value_of = &f->shape->members[1];
    const char *key;
    json_t *value;
    size_t i = 0;

    if (!json_is_object(v))
        return mistyped(w, f, "an object");
    size_t n = json_object_size(v);
    if (!in_range(w, f, "count ", (int64_t)n))
        return false;
    char *items = arena_alloc(w->arena, n * f->shape->size + 1);
    if (!items)
        return no_memory(w);
    json_object_foreach (v, key, value) {
        char *item = items + i++ * f->shape->size;
        int64_t len = (int64_t)strlen(key);
        if (!in_range(w, &f->shape->members[0], "length ", len) ||
            !take_text(w, value_of, value, item + value_of->off))
            return false;
        *(const char **)(void *)(item + f->shape->members[0].off) = key;
    }
    *(void **)(void *)(base + f->off) = items;
    *(size_t *)(void *)(base + f->off_n) = n;
    return true;
}

static bool take_value(const struct where *w, const struct member *f, json_t *v,
                       char *base)
{
    switch (f->type) {
    case M_INT:
        return take_int(w, f, v, base + f->off);
    case M_BOOL:
        if (!json_is_boolean(v))
            return mistyped(w, f, "true or false");
        *(bool *)(void *)(base + f->off) = json_is_true(v);
        return true;
    case M_ENUM:
        return take_enum(w, f, v, base + f->off);
    case M_TEXT:
        return take_text(w, f, v, base + f->off);
    case M_BYTES:
        return take_bytes(w, f, v, base + f->off);
    case M_TEXTS:
        return take_texts(w, f, v, base);
    case M_ONE:
    case M_MANY:
        return take_many(w, f, v, base);
    case M_MAP:
        return take_map(w, f, v, base);
    }
    return false;
}

static void set_default(const struct member *f, char *base)
{
    if (f->type == M_INT)
        *(int64_t *)(void *)(base + f->off) = f->def;
    else if (f->type == M_ENUM)
        *(int *)(void *)(base + f->off) = (int)f->def;
}

static bool is_member(const struct member *members, const char *name)
{
    for (const struct member *f = members; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return true;
    return false;
}

/* Every known member of obj into the struct at base. Members that obj has beyond these
 * are the caller's to refuse at the top, and refused here below it. */
static bool take_known(const struct where *w, const struct member *members, json_t *obj,
                       char *base)
{
    for (const struct member *f = members; f->name; f++) {
        json_t *v = json_object_get(obj, f->name);
        if (!v && f->required)
            return wire_fail(w->e, "%s: member '%s' is missing", w->kind, f->name);
        if (!v)
            set_default(f, base);
        else if (!take_value(w, f, v, base))
            return false;
    }
    return true;
}

static bool take_members(const struct where *w, const struct member *members, json_t *obj,
                         char *base)
{
    const char *key;
    json_t *value;

    json_object_foreach (obj, key, value) {
        if (!is_member(members, key))
            return wire_fail(w->e, "%s: unknown member '%.32s'", w->kind, key);
    }
    return take_known(w, members, obj, base);
}

/* seq, ack and id: the same for every kind, each allowed or wanted by the table. */
static const struct member seq_member = {
    "seq", M_INT, true, 1, INT64_MAX, 0, .off = offsetof(struct wire_msg, seq)};
static const struct member ack_member = {
    "ack", M_INT, false, 0, INT64_MAX, -1, .off = offsetof(struct wire_msg, ack)};
static const struct member id_member = {
    "id", M_INT, true, 1, INT64_MAX, 0, .off = offsetof(struct wire_msg, id)};

static size_t envelope(const struct kind *k, struct member *out)
{
    size_t n = 0;

    out[n++] = ack_member;
    if (k->kind == WIRE_ACK)
        out[0].required = true;
    if (k->numbered)
        out[n++] = seq_member;
    if (k->has_id)
        out[n++] = id_member;
    out[n].name = NULL;
    return n;
}

static bool take_message(const struct where *w, const struct kind *k, json_t *root,
                         struct wire_msg *m)
{
    struct member head[4];
    const char *key;
    json_t *value;

    envelope(k, head);
    json_object_foreach (root, key, value) {
        if (strcmp(key, "k") != 0 && !is_member(head, key) && !is_member(k->members, key))
            return wire_fail(w->e, "%s: unknown member '%.32s'", k->name, key);
    }
    return take_known(w, head, root, (char *)m) &&
           take_known(w, k->members, root, (char *)m) && (!k->check || k->check(m, w->e));
}

static bool decode_root(enum wire_dir dir, json_t *root, struct wire_msg *m,
                        struct wire_error *e)
{
    json_t *name = json_object_get(root, "k");

    if (!json_is_string(name))
        return wire_fail(e, "member 'k' is missing or not text");
    const struct kind *k = kind_named(json_string_value(name), dir);
    if (!k)
        return wire_fail(e, "unknown kind '%.32s'", json_string_value(name));
    m->kind = k->kind;
    struct where w = {m->arena, k->name, e};
    return take_message(&w, k, root, m);
}

/* A number of a message that is refused, or 0. */
static int64_t readable_number(json_t *root, const char *name)
{
    int64_t value = json_integer_value(json_object_get(root, name));

    return value > 0 ? value : 0;
}

bool wire_decode(enum wire_dir dir, const char *line, size_t len, struct wire_msg *m,
                 struct wire_error *e)
{
    json_error_t why;

    memset(m, 0, sizeof(*m));
    if (!wire_scan(line, len, e))
        return false;
    json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return wire_fail(e, "not JSON: %.100s", why.text);
    struct arena *a = calloc(1, sizeof(*a));
    if (!a) {
        json_decref(root);
        return wire_fail(e, "out of memory");
    }
    a->root = root;
    m->arena = a;
    if (decode_root(dir, root, m, e))
        return true;
    struct wire_msg rest = {.kind = m->kind, .ack = -1};
    rest.seq = readable_number(root, "seq");
    rest.id = readable_number(root, "id");
    wire_msg_clear(m);
    *m = rest;
    return false;
}

void wire_msg_clear(struct wire_msg *m)
{
    if (m->arena)
        arena_free(m->arena);
    memset(m, 0, sizeof(*m));
}

void wire_msg_init(struct wire_msg *m, enum wire_kind kind)
{
    const struct kind *k = kind_of(kind);

    memset(m, 0, sizeof(*m));
    m->kind = kind;
    m->ack = -1;
    for (const struct member *f = k ? k->members : NULL; f && f->name; f++)
        set_default(f, (char *)m);
}

void wire_init(void)
{
    json_object_seed(0);
}
