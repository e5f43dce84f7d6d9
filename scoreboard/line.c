#include "scoreboard/line.h"

#include "scenarios/base/duration.h"
#include "scoreboard/kinds.h"
#include "scoreboard/words.h"

#include <string.h>

#define LINE_MAX_BYTES 2048 /* a guest's words are never longer than this in a line */

char *line_points(gint64 milli, int decimals)
{
    static const gint64 scale[] = {1000, 100, 10, 1};
    gint64 step = scale[CLAMP(decimals, 0, 3)], rest = 1000 / step;
    gint64 value = milli / step - (milli % step < 0); /* down, below zero too */
    guint64 magnitude = (guint64)ABS(value), whole = magnitude / (guint64)rest;
    GString *out = g_string_new(NULL);

    g_string_printf(out, "%" G_GUINT64_FORMAT, whole);
    for (gssize at = (gssize)out->len - 3; at > 0; at -= 3)
        g_string_insert_c(out, at, ',');
    if (value < 0)
        g_string_prepend_c(out, '-');
    if (decimals > 0)
        g_string_append_printf(out, ".%0*" G_GUINT64_FORMAT, CLAMP(decimals, 0, 3),
                               magnitude % (guint64)rest);
    return g_string_free(out, FALSE);
}

/* Title of the inject that the body names; its id where the plan does not know it. */
static char *inject_title(const Plan *plan, const JournalEvent *event, const char *lang)
{
    const char *id = json_string_value(json_object_get(event->ev_body, "inject"));
    int index = id ? plan_inject_index(plan, id) : -1;

    if (index >= 0)
        return g_strdup(parry_text_get(plan_inject(plan, index)->in_title, lang));
    return g_strdup(id ? id : "");
}

static char *plain(const json_t *value)
{
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    if (json_is_integer(value))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_boolean(value))
        return g_strdup(json_is_true(value) ? "true" : "false");
    return g_strdup("");
}

/* The value of one placeholder, "" where the body has no such member. */
static char *expand(const Plan *plan, const JournalEvent *event, const char *lang,
                    const char *name)
{
    const char *colon = strchr(name, ':');
    const char *member = colon ? colon + 1 : name;
    const json_t *value = json_object_get(event->ev_body, member);
    g_autofree char *text = NULL;

    if (strcmp(name, "inject") == 0)
        return inject_title(plan, event, lang);
    if (colon && g_str_has_prefix(name, "time:"))
        return json_is_integer(value) ? duration_clock(json_integer_value(value))
                                      : g_strdup("");
    if (colon && g_str_has_prefix(name, "points:"))
        return json_is_integer(value) ? line_points(json_integer_value(value), 0)
                                      : g_strdup("");
    text = plain(value);
    return colon ? g_strdup(word_in(lang, text)) : g_steal_pointer(&text);
}

/* Fills `format` up to `end`; *empty becomes TRUE where a placeholder gave nothing. */
static void fill(GString *out, const Plan *plan, const JournalEvent *event,
                 const char *lang, const char *format, const char *end, gboolean *empty)
{
    while (format < end) {
        const char *close = *format == '{' ? memchr(format, '}', end - format) : NULL;

        if (close) {
            g_autofree char *name = g_strndup(format + 1, close - format - 1);
            g_autofree char *value = expand(plan, event, lang, name);

            *empty = *empty || !*value;
            g_string_append(out, value);
            format = close + 1;
        } else {
            g_string_append_c(out, *format++);
        }
    }
}

static void fill_all(GString *out, const Plan *plan, const JournalEvent *event,
                     const char *lang, const char *format)
{
    gboolean empty = FALSE;

    while (*format) {
        const char *open = strchr(format, '[');
        const char *close = open ? strchr(open, ']') : NULL;

        fill(out, plan, event, lang, format, close ? open : format + strlen(format),
             &empty);
        if (!close)
            return;
        gsize before = out->len;
        empty = FALSE;
        fill(out, plan, event, lang, open + 1, close, &empty);
        if (empty)
            g_string_truncate(out, before);
        format = close + 1;
    }
}

char *line_words(const Plan *plan, const JournalEvent *event, const char *lang)
{
    const KindInfo *kind = kind_find(event->ev_kind);
    GString *out;
    char *safe;

    if (!kind || !*kind->kd_line)
        return NULL;
    out = g_string_new(NULL);
    fill_all(out, plan, event, lang,
             g_strcmp0(lang, "zh-Hant") == 0 ? kind->kd_zh : kind->kd_line);
    safe = parry_text_safe(out->str, (gssize)MIN(out->len, LINE_MAX_BYTES));
    g_string_free(out, TRUE);
    return safe;
}
