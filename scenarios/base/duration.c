#include "scenarios/base/duration.h"

#include <string.h>

#define SECOND ((gint64)1000000) /* microseconds */

G_DEFINE_QUARK(parry - duration - error, duration_error)

typedef struct {
    const char *name;
    gint64 us;
} Unit;

/* In falling order: a duration names each at most once, the greatest first. */
static const Unit units[] = {
    {"d", 86400 * SECOND}, {"h", 3600 * SECOND}, {"m", 60 * SECOND},
    {"s", SECOND},         {"ms", 1000},         {"us", 1},
};

#define DURATION_MAX (SECOND * 86400 * 3650)

static gboolean refuse(GError **error, const char *text, const char *why)
{
    g_set_error(error, duration_error_quark(), 1, "duration \"%.40s\": %s", text, why);
    return FALSE;
}

/* The index of the unit that fills name[0..len), or -1. */
static int unit_index(const char *name, gsize len)
{
    for (int i = 0; i < (int)G_N_ELEMENTS(units); i++)
        if (strlen(units[i].name) == len && !memcmp(units[i].name, name, len))
            return i;
    return -1;
}

gboolean duration_parse(const char *text, gint64 *us, GError **error)
{
    gint64 sum = 0;
    int last = -1;
    const char *at = text;

    if (!*text)
        return refuse(error, text, "empty; write for example 90s, 20m or 1h30m");
    while (*at) {
        gint64 number = 0;
        const char *digits = at;
        for (; g_ascii_isdigit(*at); at++) {
            number = number * 10 + (*at - '0');
            if (number > DURATION_MAX)
                return refuse(error, text, "longer than 10 years");
        }
        if (at == digits)
            return refuse(error, text,
                          "a number is missing; write for example 90s or 1h30m");
        gsize len = strspn(at, "abcdefghijklmnopqrstuvwxyz");
        if (!len)
            return refuse(error, text, "a unit is missing (d, h, m, s, ms or us)");
        int unit = unit_index(at, len);
        if (unit < 0)
            return refuse(error, text, "unknown unit; known are d, h, m, s, ms and us");
        if (unit <= last)
            return refuse(error, text, "units go from great to small, each once");
        if (number > DURATION_MAX / units[unit].us)
            return refuse(error, text, "longer than 10 years");
        sum += number * units[unit].us;
        last = unit;
        at += len;
    }
    if (sum > DURATION_MAX)
        return refuse(error, text, "longer than 10 years");
    *us = sum;
    return TRUE;
}

char *duration_clock(gint64 us)
{
    const char *sign = us < 0 ? "-" : "";
    guint64 abs = us < 0 ? -(guint64)us : (guint64)us;
    guint64 s = abs / G_USEC_PER_SEC;
    guint64 days = s / 86400;
    unsigned int h = s / 3600 % 24, m = s / 60 % 60, sec = s % 60;

    if (days)
        return g_strdup_printf("%s%" G_GUINT64_FORMAT "d %02u:%02u:%02u", sign, days, h,
                               m, sec);
    return g_strdup_printf("%s%02u:%02u:%02u", sign, h, m, sec);
}

char *duration_text(gint64 us)
{
    g_autoptr(GString) out = g_string_new(NULL);
    gint64 rest = MAX(us, 0);

    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        if (rest < units[i].us)
            continue;
        g_string_append_printf(out, "%" G_GINT64_FORMAT "%s", rest / units[i].us,
                               units[i].name);
        rest %= units[i].us;
    }
    if (!out->len)
        g_string_append(out, "0s");
    return g_string_free(g_steal_pointer(&out), FALSE);
}
