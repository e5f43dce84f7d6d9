#include "agents/agent/audit_parse.h"

#include "agents/agent/text.h"

#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

#define UNSET INT64_C(4294967295) /* a login uid or session that is none */

struct pending {
    struct pending *next; /* oldest first */
    uint64_t fed;         /* count of records at its last one */
    struct audit_event e;
};

struct audit_parse {
    audit_fn fn;
    void *arg;
    struct pending *pending, *spare;
    size_t n;
    uint64_t fed, bad;
    uint64_t first, highest, distinct; /* serial numbers */
};

/* A field: both parts point into the record. */
struct field {
    const char *name, *value;
    size_t name_len, value_len;
    bool quoted;
};

struct audit_parse *audit_parse_new(audit_fn fn, void *arg)
{
    struct audit_parse *p = calloc(1, sizeof(*p));

    if (p) {
        p->fn = fn;
        p->arg = arg;
    }
    return p;
}

static void free_list(struct pending *list)
{
    while (list) {
        struct pending *next = list->next;
        free(list);
        list = next;
    }
}

void audit_parse_free(struct audit_parse *p)
{
    if (!p)
        return;
    free_list(p->pending);
    free_list(p->spare);
    free(p);
}

uint64_t audit_parse_count(const struct audit_parse *p)
{
    return p->fed;
}

uint64_t audit_parse_missing(const struct audit_parse *p)
{
    uint64_t all = p->distinct ? p->highest - p->first + 1 : 0;

    return all > p->distinct ? all - p->distinct : 0;
}

uint64_t audit_parse_bad(const struct audit_parse *p)
{
    return p->bad;
}

/* ---- values ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* Of two digits that is_hex has seen. */
static char hex_byte(const char *p)
{
    return (char)((unsigned int)hex_digit(p[0]) << 4 | (unsigned int)hex_digit(p[1]));
}

static bool is_hex(const struct field *f)
{
    if (f->quoted || f->value_len == 0 || f->value_len % 2)
        return false;
    for (size_t i = 0; i < f->value_len; i++)
        if (hex_digit(f->value[i]) < 0)
            return false;
    return true;
}

/* The bytes that a text field stands for, up to max; how many there were in *whole. */
static size_t field_bytes(const struct field *f, char *out, size_t max, size_t *whole)
{
    bool hex = is_hex(f);
    size_t n = hex ? f->value_len / 2 : f->value_len;

    *whole = n;
    if (n > max)
        n = max;
    for (size_t i = 0; i < n; i++)
        out[i] = hex ? hex_byte(f->value + 2 * i) : f->value[i];
    return n;
}

static void field_text(const struct field *f, char *out, size_t size)
{
    char bytes[512];
    size_t whole;

    if (!f->quoted && ((f->value_len == 6 && memcmp(f->value, "(null)", 6) == 0) ||
                       (f->value_len == 1 && f->value[0] == '?')))
        return;
    size_t n = field_bytes(f, bytes, sizeof(bytes), &whole);
    text_printable(out, size, bytes, n);
}

/* Plain text: terminals and addresses are never hexadecimal. */
static void field_plain(const struct field *f, char *out, size_t size)
{
    if (f->value_len != 1 || f->value[0] != '?')
        text_printable(out, size, f->value, f->value_len);
}

static int64_t field_number(const struct field *f, int base)
{
    char digits[24];
    long long value;

    text_format(digits, sizeof(digits), "%.*s",
                (int)(f->value_len < 20 ? f->value_len : 20), f->value);
    return text_number(digits, base, &value, NULL) ? value : -1;
}

/* ---- the fields that are kept ---- */

static bool is(const struct field *f, const char *name)
{
    return strlen(name) == f->name_len && memcmp(f->name, name, f->name_len) == 0;
}

struct number_field {
    const char *name;
    int base;
    size_t off;
};
struct text_field {
    const char *name;
    size_t off, size;
    bool plain;
};

#define NUMBER(n, base, m)                                                               \
    {                                                                                    \
        n, base, offsetof(struct audit_event, m)                                         \
    }
#define TEXT(n, m, plain)                                                                \
    {                                                                                    \
        n, offsetof(struct audit_event, m), sizeof(((struct audit_event *)0)->m), plain  \
    }

static const struct number_field number_fields[] = {
    NUMBER("arch", 16, arch), NUMBER("syscall", 10, syscall),
    NUMBER("exit", 10, exit), NUMBER("a0", 16, a0),
    NUMBER("a1", 16, a1),     NUMBER("pid", 10, pid),
    NUMBER("ppid", 10, ppid), NUMBER("uid", 10, uid),
    NUMBER("auid", 10, auid), NUMBER("ses", 10, ses),
    NUMBER("opid", 10, opid), NUMBER("family", 10, family),
};

static const struct text_field text_fields[] = {
    TEXT("exe", exe, false),          TEXT("comm", comm, false),
    TEXT("cwd", cwd, false),          TEXT("key", key, false),
    TEXT("ocomm", ocomm, false),      TEXT("op", op, true),
    TEXT("acct", acct, false),        TEXT("addr", addr, true),
    TEXT("terminal", terminal, true), TEXT("unit", unit, true),
    TEXT("table", table, true),
};

static bool is_yes(const struct field *f)
{
    return f->value_len > 0 &&
           (f->value[0] == 'y' || f->value[0] == 's' || f->value[0] == '1');
}

/* The first of a name counts: what the kernel says stands before what a program says. */
static void take_field(struct audit_event *e, const struct field *f)
{
    for (size_t i = 0; i < sizeof(number_fields) / sizeof(number_fields[0]); i++)
        if (is(f, number_fields[i].name)) {
            char *at = (char *)e + number_fields[i].off;
            int64_t old, value = field_number(f, number_fields[i].base);
            memcpy(&old, at, sizeof(old));
            if (value == UNSET && number_fields[i].base == 10)
                value = -1;
            if (old == -1)
                memcpy(at, &value, sizeof(value));
            return;
        }
    for (size_t i = 0; i < sizeof(text_fields) / sizeof(text_fields[0]); i++)
        if (is(f, text_fields[i].name)) {
            char *at = (char *)e + text_fields[i].off;
            if (*at == '\0')
                (text_fields[i].plain ? field_plain : field_text)(f, at,
                                                                  text_fields[i].size);
            return;
        }
    if ((is(f, "success") || is(f, "res")) && e->success < 0)
        e->success = is_yes(f);
}

/* a0="x", a1_len=5 a1[0]=x a1[1]=y: appended to raw in the order in which they come. */
static void take_argument(struct audit_event *e, const struct field *f)
{
    long long index;
    const char *rest;
    char name[24];
    size_t whole;

    if (f->name_len < 2 || f->name[0] != 'a' || f->name_len >= sizeof(name))
        return;
    text_format(name, sizeof(name), "%.*s", (int)f->name_len, f->name);
    if (!text_number(name + 1, 10, &index, &rest) || (*rest && *rest != '['))
        return; /* argc, a1_len */
    if (index < e->arg || index > 1000000)
        return;
    if (index > e->arg && e->arg >= 0) {
        if (e->raw_len < sizeof(e->raw))
            e->raw[e->raw_len++] = '\0';
        else
            e->raw_cut = true;
    }
    if (index > e->arg + 1)
        e->raw_cut = true; /* a record between was lost */
    e->arg = (int)index;
    size_t n = field_bytes(f, e->raw + e->raw_len, sizeof(e->raw) - e->raw_len, &whole);
    if (n < whole)
        e->raw_cut = true;
    for (size_t i = 0; i < n; i++)
        if (!e->raw[e->raw_len + i])
            e->raw[e->raw_len + i] = '?';
    e->raw_len += n;
}

/* The next field from *at on; false at the end. */
static bool next_field(const char **at, const char *end, struct field *f)
{
    const char *p = *at;

    for (;;) {
        while (p < end && (*p == ' ' || *p == '\'' || *p == '\n' || *p == '\x1d'))
            p++;
        const char *name = p;
        while (p < end && *p != '=' && *p != ' ' && *p != '\'')
            p++;
        if (p >= end)
            return false;
        if (*p != '=')
            continue; /* a word that is no field */
        f->name = name;
        f->name_len = (size_t)(p - name);
        break;
    }
    p++;
    f->quoted = p < end && *p == '"';
    if (f->quoted)
        p++;
    f->value = p;
    if (f->quoted)
        while (p < end && *p != '"')
            p++;
    else
        while (p < end && *p != ' ' && *p != '\'')
            p++;
    f->value_len = (size_t)(p - f->value);
    *at = f->quoted && p < end ? p + 1 : p;
    return true;
}

/* ---- records ---- */

/* "audit(1700000000.123:456): …" */
static bool take_stamp(const char **at, const char *end, int64_t *t_us, uint64_t *serial)
{
    static const char head[] = "audit(";
    char stamp[64];
    long long s, ms, number;
    const char *p;

    const char *close = memchr(*at, ')', (size_t)(end - *at));
    if (!close || (size_t)(close - *at) >= sizeof(stamp) ||
        (size_t)(close - *at) < sizeof(head) || memcmp(*at, head, sizeof(head) - 1) != 0)
        return false;
    text_format(stamp, sizeof(stamp), "%.*s", (int)(close - *at), *at);
    if (!text_number(stamp + sizeof(head) - 1, 10, &s, &p) || *p != '.' ||
        !text_number(p + 1, 10, &ms, &p) || *p != ':' ||
        !text_number(p + 1, 10, &number, &p) || *p)
        return false;
    if (s < 0 || s > 1000000000000 || ms < 0 || ms > 999 || number < 0)
        return false;
    *t_us = s * 1000000 + ms * 1000;
    *serial = (uint64_t)number;
    *at = close + 1;
    if (*at < end && **at == ':')
        (*at)++;
    return true;
}

static void finish(struct audit_parse *p, struct pending **at)
{
    struct pending *done = *at;

    if (!done)
        return;
    *at = done->next;
    p->n--;
    p->fn(p->arg, &done->e);
    done->next = p->spare;
    p->spare = done;
}

static void reset(struct audit_event *e, int type, uint64_t serial, int64_t t_us)
{
    *e = (struct audit_event){.serial = serial, .t_us = t_us, .type = type};
    for (size_t i = 0; i < sizeof(number_fields) / sizeof(number_fields[0]); i++) {
        int64_t none = -1;
        memcpy((char *)e + number_fields[i].off, &none, sizeof(none));
    }
    e->success = -1;
    e->arg = -1;
}

static void count_serial(struct audit_parse *p, uint64_t serial)
{
    if (p->distinct == 0)
        p->first = p->highest = serial;
    p->first = serial < p->first ? serial : p->first;
    p->highest = serial > p->highest ? serial : p->highest;
    p->distinct++;
}

static struct pending **find(struct audit_parse *p, uint64_t serial)
{
    struct pending **at = &p->pending;

    while (*at && (*at)->e.serial != serial)
        at = &(*at)->next;
    return at;
}

/* The event of this serial, made where there is none; NULL when out of memory. */
static struct pending **want(struct audit_parse *p, int type, uint64_t serial,
                             int64_t t_us)
{
    struct pending **at = find(p, serial);

    if (*at)
        return at;
    if (p->n >= AUDIT_PENDING_MAX) {
        finish(p, &p->pending);
        at = find(p, serial);
    }
    struct pending *new = p->spare ? p->spare : calloc(1, sizeof(*new));
    if (!new)
        return NULL;
    if (p->spare)
        p->spare = new->next;
    new->next = NULL;
    reset(&new->e, type, serial, t_us);
    count_serial(p, serial);
    *at = new;
    p->n++;
    return at;
}

static const struct {
    int type;
    unsigned has;
} parts[] = {
    {AUDIT_SYSCALL, AUDIT_HAS_SYSCALL},
    {AUDIT_EXECVE, AUDIT_HAS_EXECVE},
    {AUDIT_CWD, AUDIT_HAS_CWD},
    {AUDIT_OBJ_PID, AUDIT_HAS_OBJ},
    {AUDIT_NETFILTER_CFG, AUDIT_HAS_NETFILTER},
    {AUDIT_KERN_MODULE, AUDIT_HAS_MODULE},
};

/* Records that are a whole event: messages of programs, and settings of audit. */
static bool stands_alone(int type)
{
    return (type >= AUDIT_FIRST_USER_MSG && type <= AUDIT_LAST_USER_MSG) ||
           (type >= AUDIT_FIRST_USER_MSG2 && type <= AUDIT_LAST_USER_MSG2);
}

static void take_record(struct audit_event *e, int type, const char *at, const char *end)
{
    struct field f;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i].type == type)
            e->has |= parts[i].has;
    while (next_field(&at, end, &f)) {
        if (type == AUDIT_EXECVE)
            take_argument(e, &f);
        else if (type == AUDIT_KERN_MODULE && is(&f, "name"))
            field_text(&f, e->table, sizeof(e->table));
        else
            take_field(e, &f);
    }
}

void audit_parse_feed(struct audit_parse *p, int type, const char *text, size_t len)
{
    const char *at = text, *end = text + len;
    uint64_t serial;
    int64_t t_us;

    p->fed++;
    if (!take_stamp(&at, end, &t_us, &serial)) {
        p->bad++;
        return;
    }
    if (type == AUDIT_EOE) {
        struct pending **known = find(p, serial);
        if (*known)
            finish(p, known);
        return;
    }
    struct pending **event = want(p, type, serial, t_us);
    if (!event)
        return;
    (*event)->fed = p->fed;
    take_record(&(*event)->e, type, at, end);
    if (stands_alone(type))
        finish(p, event);
}

void audit_parse_flush(struct audit_parse *p, uint64_t records)
{
    for (struct pending **at = &p->pending; *at;)
        if (records == 0 || (*at)->fed + records <= p->fed)
            finish(p, at);
        else
            at = &(*at)->next;
}
