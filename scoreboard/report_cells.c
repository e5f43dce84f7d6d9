/*
 * What the sections of the report share: reading its JSON, cells of tables.
 */
#include "scoreboard/report_md.h"

#include "scenarios/base/duration.h"
#include "scoreboard/line.h"
#include "scoreboard/words.h"

#include <string.h>

#define REFS_SHOWN 6 /* of a figure's events; the JSON has them all */

/* ---- reading the JSON ---- */

const char *md_str(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

gint64 md_num(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

const char *md_say(const Md *md, const char *english)
{
    return word_in(md->md_lang, english);
}

/* A text for people: a string, or an object by language. */
const char *md_text_of(const Md *md, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);

    if (!text)
        text = json_string_value(json_object_get(value, md->md_lang));
    if (!text)
        text = json_string_value(json_object_get(value, "en"));
    if (!text && json_object_iter((json_t *)value))
        text =
            json_string_value(json_object_iter_value(json_object_iter((json_t *)value)));
    return text ? text : "";
}

const char *md_title_of(const Md *md, const json_t *object)
{
    return md_text_of(md, object, "title");
}

const json_t *md_find(const json_t *list, const char *key, const char *value)
{
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        if (strcmp(md_str(item, key), value) == 0)
            return item;
    }
    return NULL;
}

const char *md_team_title(const Md *md, const char *id)
{
    const json_t *team = md_find(json_object_get(md->md_report, "teams"), "team", id);

    return team ? md_title_of(md, team) : id;
}

const char *md_inject_title(const Md *md, const char *id)
{
    const json_t *inject = md_find(json_object_get(md->md_report, "injects"), "id", id);

    return inject ? md_title_of(md, inject) : id;
}

/* ---- cells ---- */

void md_cell_refs(MdTable *table, const json_t *refs)
{
    g_autoptr(GString) out = g_string_new(NULL);
    size_t n = json_array_size(refs);

    for (size_t i = 0; i < n && i < REFS_SHOWN; i++)
        g_string_append_printf(out, "%s%" JSON_INTEGER_FORMAT, i ? ", " : "",
                               json_integer_value(json_array_get(refs, i)));
    if (n > REFS_SHOWN)
        g_string_append_printf(out, ", … (%zu)", n);
    md_cell_raw(table, out->str);
}

void md_cell_seq(MdTable *table, gint64 seq)
{
    md_cell_take(table,
                 seq > 0 ? g_strdup_printf("%" G_GINT64_FORMAT, seq) : g_strdup(""));
}

void md_cell_points(MdTable *table, gint64 milli)
{
    g_autofree char *text = line_points(milli, 3);

    md_cell_raw(table, text); /* digits only: a minus needs no escape to read as one */
}

char *md_clock_or_dash(gint64 us)
{
    return us < 0 ? g_strdup("–") : duration_clock(us);
}

char *md_per_cent(gint64 ppm)
{
    return ppm < 0 ? g_strdup("–")
                   : g_strdup_printf("%d.%02d %%", (int)(ppm / 10000),
                                     (int)(ppm % 10000 / 100));
}

char *md_wall(gint64 at_us)
{
    g_autoptr(GDateTime) utc =
        at_us ? g_date_time_new_from_unix_utc(at_us / G_USEC_PER_SEC) : NULL;

    return utc ? g_date_time_format(utc, "%Y-%m-%d %H:%M:%S UTC") : g_strdup("–");
}

/* Headings given in English, separated by tabs, each in the report's language. */
MdTable *md_table_said(const Md *md, const char *headings)
{
    g_auto(GStrv) parts = g_strsplit(headings, "\t", -1);
    g_autoptr(GString) all = g_string_new(NULL);

    for (char **part = parts; *part; part++)
        g_string_append_printf(all, "%s%s%s", part == parts ? "" : "\t",
                               **part == '>' ? ">" : "",
                               md_say(md, **part == '>' ? *part + 1 : *part));
    return md_table_new(all->str);
}

void md_table_close(Md *md, MdTable *table)
{
    if (md_table_rows(table) == 0)
        g_string_append_printf(md->md_out, "%s\n\n", md_say(md, "none"));
    md_table_end(table, md->md_out);
}

void md_heading(Md *md, int level, const char *english)
{
    g_string_append_printf(md->md_out, "%.*s %s\n\n", level, "####", md_say(md, english));
}

void md_pair(const Md *md, MdTable *table, const char *key, char *value)
{
    md_cell(table, md_say(md, key));
    md_cell_take(table, value);
}
