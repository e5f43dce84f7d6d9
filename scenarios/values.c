#include "scenarios/values.h"

#include "scenarios/base/duration.h"
#include "scenarios/moment.h"

#include <string.h>

gboolean value_spans(const char *text, const char *allowed, gsize max)
{
    gsize len = strspn(text, allowed);

    return len > 0 && len <= max && !text[len];
}

#define DIGITS "0123456789"

gboolean value_int(const char *text, gint64 *out)
{
    const char *digits = *text == '-' ? text + 1 : text;

    /* A leading zero is octal to YAML 1.1 and decimal to 1.2: nobody may mean either. */
    if (!value_spans(digits, DIGITS, 18) || (digits[0] == '0' && digits[1]))
        return FALSE;
    *out = g_ascii_strtoll(text, NULL, 10);
    return TRUE;
}

gboolean value_percent(const char *text, int *out)
{
    gsize len = strspn(text, DIGITS);

    if (!len || len > 3 || strcmp(text + len, "%") != 0)
        return FALSE;
    *out = (int)g_ascii_strtoll(text, NULL, 10);
    return *out <= 100;
}

gboolean value_points(const char *text, gint64 *milli)
{
    gsize whole = strspn(text, DIGITS);
    gint64 value = g_ascii_strtoll(text, NULL, 10) * 1000;

    if (!whole || whole > 7 || (text[0] == '0' && whole > 1))
        return FALSE;
    if (text[whole] == '.') {
        const char *part = text + whole + 1;
        gint64 unit = 100;
        if (!value_spans(part, DIGITS, 3))
            return FALSE;
        for (; *part; part++, unit /= 10)
            value += (*part - '0') * unit;
    } else if (text[whole]) {
        return FALSE;
    }
    *milli = value;
    return TRUE;
}

gboolean value_size(const char *text, guint64 *bytes)
{
    static const char units[] = "KMGT";
    gsize len = strspn(text, DIGITS);

    if (!len || len > 9)
        return FALSE;
    const char *unit = text[len] ? strchr(units, text[len]) : NULL;
    if (!unit)
        return FALSE;
    const char *rest = text + len + 1;
    if (*rest && strcmp(rest, "iB") != 0)
        return FALSE;
    *bytes = g_ascii_strtoull(text, NULL, 10) << (10 * (unit - units + 1));
    return TRUE;
}

gboolean value_mode(const char *text, int *mode)
{
    if (!value_spans(text, "01234567", 4) || strlen(text) < 3)
        return FALSE;
    *mode = (int)g_ascii_strtoll(text, NULL, 8);
    return TRUE;
}

/* Reads one dotted quad and moves on; no leading zeros, which some read as octal. */
static gboolean take_address(const char **at, guint32 *addr)
{
    *addr = 0;
    for (int i = 0; i < 4; i++) {
        gsize len = strspn(*at, DIGITS);
        if (!len || len > 3 || (len > 1 && **at == '0'))
            return FALSE;
        gint64 part = g_ascii_strtoll(*at, NULL, 10);
        if (part > 255)
            return FALSE;
        *addr = *addr << 8 | (guint32)part;
        *at += len;
        if (i < 3 && *(*at)++ != '.')
            return FALSE;
    }
    return TRUE;
}

gboolean value_address(const char *text, guint32 *addr)
{
    const char *at = text;

    return take_address(&at, addr) && !*at;
}

gboolean value_cidr(const char *text, guint32 *addr, int *prefix)
{
    const char *at = text;

    if (!take_address(&at, addr) || *at != '/' || !value_spans(at + 1, DIGITS, 2))
        return FALSE;
    *prefix = (int)g_ascii_strtoll(at + 1, NULL, 10);
    return *prefix <= 32;
}

static gboolean take_port(const char **at, int *port)
{
    gsize len = strspn(*at, DIGITS);

    if (!len || len > 5 || **at == '0')
        return FALSE;
    *port = (int)g_ascii_strtoll(*at, NULL, 10);
    *at += len;
    return *port <= 65535;
}

gboolean value_port_range(const char *text, int *first, int *last)
{
    const char *at = text;

    if (!take_port(&at, first))
        return FALSE;
    *last = *first;
    if (*at != '-')
        return !*at;
    at++;
    return take_port(&at, last) && !*at && *last >= *first;
}

gboolean value_range(const char *text, guint32 *first, guint32 *last)
{
    const char *at = text;

    return take_address(&at, first) && *at++ == '-' && take_address(&at, last) && !*at &&
           *last >= *first;
}

/* "22:00", minutes after midnight; moves on. */
static gboolean take_clock(const char **at, int *minutes)
{
    const char *t = *at;

    for (int i = 0; i < 5; i++)
        if (i == 2 ? t[i] != ':' : !g_ascii_isdigit(t[i]))
            return FALSE;
    int hour = (t[0] - '0') * 10 + t[1] - '0', minute = (t[3] - '0') * 10 + t[4] - '0';
    if (hour > 24 || minute > 59 || (hour == 24 && minute))
        return FALSE;
    *minutes = hour * 60 + minute;
    *at += 5;
    return TRUE;
}

gboolean value_hours(const char *text, int *from, int *until)
{
    const char *at = text;

    return take_clock(&at, from) && *at++ == '-' && take_clock(&at, until) && !*at &&
           *from != *until && *from < 24 * 60;
}

gboolean value_offset(const char *text, gint64 *us)
{
    gboolean minus = *text == '-';

    if (!duration_parse(text + minus, us, NULL))
        return FALSE;
    if (minus)
        *us = -*us;
    return TRUE;
}

gboolean value_rate(const char *text, gint64 *bits)
{
    static const struct {
        const char *unit;
        gint64 bits;
    } units[] = {{"kbit", 1000}, {"mbit", 1000000}, {"gbit", 1000000000}};
    gsize len = strspn(text, DIGITS);

    for (gsize i = 0; len && len <= 6 && *text != '0' && i < G_N_ELEMENTS(units); i++) {
        if (strcmp(text + len, units[i].unit) != 0)
            continue;
        *bits = g_ascii_strtoll(text, NULL, 10) * units[i].bits;
        return TRUE;
    }
    return FALSE;
}

gboolean value_port(const char *text, int *outer, int *inner, const char **proto)
{
    const char *at = text;

    *proto = "tcp";
    if (!take_port(&at, outer))
        return FALSE;
    *inner = *outer;
    if (*at == ':') {
        at++;
        if (!take_port(&at, inner))
            return FALSE;
    }
    if (!strcmp(at, "/udp"))
        *proto = "udp";
    else if (*at && strcmp(at, "/tcp") != 0)
        return FALSE;
    return TRUE;
}

gboolean value_technique_covers(const char *allowed, const char *technique)
{
    gsize len = strlen(allowed);

    return !strncmp(allowed, technique, len) &&
           (!technique[len] || technique[len] == '.');
}

/* Distance of Damerau and Levenshtein (optimal string alignment): inserts, removals,
 * replacements and swaps of neighbours, each costs 1. */
static guint distance(const char *a, const char *b)
{
    gsize n = strlen(a), m = strlen(b);
    g_autofree guint *cells = g_new0(guint, (n + 1) * (m + 1));

#define AT(i, j) cells[(i) * (m + 1) + (j)]
    for (gsize i = 0; i <= n; i++)
        AT(i, 0) = (guint)i;
    for (gsize j = 0; j <= m; j++)
        AT(0, j) = (guint)j;
    for (gsize i = 1; i <= n; i++) {
        for (gsize j = 1; j <= m; j++) {
            guint best = AT(i - 1, j - 1) + (a[i - 1] != b[j - 1]);
            best = MIN(best, AT(i - 1, j) + 1);
            best = MIN(best, AT(i, j - 1) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = MIN(best, AT(i - 2, j - 2) + 1);
            AT(i, j) = best;
        }
    }
    return AT(n, m);
#undef AT
}

const char *value_closest(const char *text, const GPtrArray *names)
{
    const char *best = NULL;
    gsize len = strlen(text);
    guint limit = (guint)MAX(1, len / 3);

    if (len > 64)
        return NULL;
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        gsize other = strlen(name);
        if (other > len + limit || len > other + limit)
            continue;
        guint d = distance(text, name);
        if (d <= limit && (!best || d < distance(text, best)))
            best = name;
    }
    return best;
}

gboolean value_in_words(const char *text, const char *const *words)
{
    for (gsize i = 0; words[i]; i++)
        if (!strcmp(words[i] + (*words[i] == '!'), text))
            return TRUE;
    return FALSE;
}

/* A number to YAML 1.1 or 1.2: decimal, octal, hex, binary, sexagesimal, float, inf, nan.
 */
static gboolean reads_as_number(const char *text)
{
    const char *t = text + strspn(text, "+-");
    static const char *const specials[] = {".inf", ".Inf", ".INF", ".nan",
                                           ".NaN", ".NAN", NULL};

    if (t > text + 1)
        return FALSE;
    if (value_in_words(t, specials))
        return TRUE;
    if (g_str_has_prefix(t, "0x"))
        return value_spans(t + 2, DIGITS "abcdefABCDEF_", 64);
    if (g_str_has_prefix(t, "0o") || g_str_has_prefix(t, "0b"))
        return value_spans(t + 2, DIGITS "_", 64);
    if (!g_ascii_isdigit(*t) && !(*t == '.' && g_ascii_isdigit(t[1])))
        return FALSE;
    t += strspn(t, DIGITS "_");
    while (*t == ':' && g_ascii_isdigit(t[1])) /* 21:30 is 1290 to YAML 1.1 */
        t += 1 + strspn(t + 1, DIGITS);
    if (*t == '.')
        t += 1 + strspn(t + 1, DIGITS "_");
    if (*t == 'e' || *t == 'E') {
        t++;
        t += *t == '+' || *t == '-';
        if (!g_ascii_isdigit(*t))
            return FALSE;
        t += strspn(t, DIGITS);
    }
    return !*t;
}

/* 2026-11-13, and the longer forms of YAML 1.1's timestamp. */
static gboolean reads_as_date(const char *text)
{
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? text[i] != '-' : !g_ascii_isdigit(text[i]))
            return FALSE;
    return !text[10] || ((text[10] == 'T' || text[10] == 't' || text[10] == ' ') &&
                         g_ascii_isdigit(text[11]));
}

const char *value_retyped(const char *plain)
{
    static const char *const bools[] = {"true", "false", "yes", "no", "on",
                                        "off",  "y",     "n",   NULL};
    g_autofree char *lower = g_ascii_strdown(plain, -1);

    if (!*plain || !strcmp(plain, "~") || !strcmp(lower, "null"))
        return "null";
    if (value_in_words(lower, bools))
        return "a boolean";
    if (reads_as_number(plain))
        return "a number";
    return reads_as_date(plain) ? "a date" : NULL;
}
