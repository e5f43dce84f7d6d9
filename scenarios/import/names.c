/* Names, texts and numbers of foreign files in Parry's forms. */
#include "scenarios/import/work.h"

#include "scenarios/values.h"

#include <math.h>
#include <string.h>

char *import_slug(const char *text, gsize max)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p && out->len < max; p++) {
        if (g_ascii_isalnum(*p))
            g_string_append_c(out, g_ascii_tolower(*p));
        else if (out->len && out->str[out->len - 1] != '-')
            g_string_append_c(out, '-');
    }
    if (!g_ascii_isalpha(out->str[0]))
        g_string_prepend(out, out->len ? "x-" : "x");
    g_string_truncate(out, MIN(out->len, max));
    while (out->len > 1 && out->str[out->len - 1] == '-')
        g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}

GHashTable *import_names_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

char *import_name(GHashTable *taken, const char *text, gsize max)
{
    g_autofree char *slug = import_slug(text, max);
    char *name = g_strdup(slug);

    /* After some tries in leaps: a hostile file has thousands of like names. */
    for (guint i = 2; g_hash_table_contains(taken, name);
         i += i < 100 ? 1 : g_hash_table_size(taken)) {
        g_autofree char *end = g_strdup_printf("-%u", i);
        g_free(name);
        name = g_strdup_printf("%.*s%s", (int)(max - strlen(end)), slug, end);
    }
    g_hash_table_add(taken, g_strdup(name));
    return name;
}

/* Does "${" begin what the loader takes for a reference: a name and a dot? */
static gboolean is_reference(const char *at)
{
    gsize len = strspn(at + 2, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_-");

    return len && at[2 + len] == '.';
}

char *import_escape(const char *text)
{
    if (!text)
        return NULL;
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p; p++) {
        gboolean opens = p[0] == '$' && p[1] == '{';
        if (opens && (is_reference(p) || (p > text && p[-1] == '$')))
            g_string_append_c(out, '$');
        g_string_append_c(out, *p);
    }
    return g_string_free(out, FALSE);
}

json_t *import_text(const char *text)
{
    g_autofree char *escaped = import_escape(text ? text : "");

    if (strlen(escaped) <= IMPORT_TEXT_MAX)
        return json_string(escaped);
    char *cut = g_utf8_find_prev_char(escaped, escaped + IMPORT_TEXT_MAX);
    /* Not within "$${". */
    while (cut > escaped && strchr("${", *cut))
        cut--;
    *cut = '\0';
    g_autofree char *whole = g_strconcat(escaped, "…", NULL);
    return json_string(whole);
}

void import_paragraph(GString *to, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_strstrip(text);
    if (*text)
        g_string_append_printf(to, "%s%s", to->len ? "\n\n" : "", text);
}

/* Seconds of a unit by its letters, 0 where it is none. */
static double unit_seconds(const char *unit, gsize len)
{
    static const struct {
        const char *names;
        double seconds;
    } units[] = {
        {" y yr year years ", 365.25 * 86400},
        {" mon month months ", 30.4375 * 86400},
        {" w wk week weeks ", 7 * 86400},
        {" d day days ", 86400},
        {" h hr hrs hour hours ", 3600},
        {" m min mins minute minutes ", 60},
        {" s sec secs second seconds ", 1},
        {" ms msec millisecond milliseconds ", 1e-3},
        {" us usec microsecond microseconds ", 1e-6},
        {" ns nsec nanosecond nanoseconds ", 1e-9},
    };
    g_autofree char *padded = g_strdup_printf(" %.*s ", (int)MIN(len, 20), unit);

    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (strstr(units[i].names, padded))
            return units[i].seconds;
    return 0;
}

gboolean import_duration(const char *text, gint64 *us)
{
    g_autoptr(GString) plain = g_string_new(NULL);
    double seconds = 0;

    for (const char *p = text; *p; p++)
        if (!g_ascii_isspace(*p) && *p != '_' && *p != '+')
            g_string_append_c(plain, g_ascii_tolower(*p));
    if (!plain->len || plain->len > 100)
        return FALSE;
    for (const char *p = plain->str; *p;) {
        gsize digits = strspn(p, "0123456789");
        gsize letters = strspn(p + digits, "abcdefghijklmnopqrstuvwxyz");
        double value = g_ascii_strtod(p, NULL);
        double unit = letters ? unit_seconds(p + digits, letters) : 1;
        if (!digits || digits > 12 || unit <= 0)
            return FALSE;
        seconds += value * unit;
        p += digits + letters;
    }
    if (seconds > 10 * 365 * 86400.0)
        return FALSE;
    *us = (gint64)llround(seconds) * G_USEC_PER_SEC;
    return TRUE;
}

char *import_size(const char *text)
{
    static const char *const units[] = {"b", "k", "m", "g", "t"};
    g_autofree char *plain = g_ascii_strdown(text, -1);
    char *end = NULL;
    double bytes = 0, step;

    if (!g_ascii_isdigit(*g_strstrip(plain)) || strlen(plain) > 40)
        return NULL;
    bytes = g_ascii_strtod(plain, &end);
    g_strstrip(end);
    gsize u = 0;
    while (*end && u < G_N_ELEMENTS(units) && *end != *units[u])
        u++;
    if (u == G_N_ELEMENTS(units))
        return NULL;
    const char *rest = *end ? end + 1 : "";
    gboolean binary = !strcmp(rest, "ib") || (*end && !*rest);
    if (*rest && strcmp(rest, "b") != 0 && strcmp(rest, "ib") != 0)
        return NULL;
    step = binary ? 1024 : 1000;
    for (; u > 0; u--)
        bytes *= step;
    double mib = ceil(bytes / (1024.0 * 1024));
    if (!(mib >= 1 && mib <= 16.0 * 1024 * 1024))
        return NULL;
    gint64 whole = (gint64)mib;
    return whole % 1024 ? g_strdup_printf("%" G_GINT64_FORMAT "M", whole)
                        : g_strdup_printf("%" G_GINT64_FORMAT "G", whole / 1024);
}

gboolean import_milli(const char *text, gint64 *milli)
{
    gint64 value;

    if (!text || !value_points(text, &value) || value <= 0)
        return FALSE;
    *milli = value;
    return TRUE;
}

gboolean import_int(const char *text, gint64 min, gint64 max, gint64 *out)
{
    gint64 value;

    if (!text || !value_int(text, &value) || value < min || value > max)
        return FALSE;
    *out = value;
    return TRUE;
}

Node *import_get(const Node *map, const char *key)
{
    for (guint i = 0; map && map->nd_kind == NODE_MAP && i < node_len(map); i++)
        if (!g_ascii_strcasecmp(node_key_at(map, i), key))
            return node_at(map, i);
    return NULL;
}

const char *import_get_text(const Node *map, const char *key)
{
    return node_text(import_get(map, key));
}

gboolean import_is_account(const char *text)
{
    gsize len = text ? strlen(text) : 0;

    return len && len <= 32 && (g_ascii_islower(*text) || *text == '_') &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}
