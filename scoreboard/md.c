#include "scoreboard/md.h"

#include "scenarios/base/text.h"

#include <string.h>

#define CELL_MAX_COLUMNS 160 /* a stranger's text never stretches a table past this */

struct MdTable {
    guint mt_columns;
    gboolean *mt_right;
    GPtrArray *mt_cells; /* char *, row by row, headings first */
    int *mt_widths;      /* once all cells are there */
};

static gboolean is_word(char c)
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80;
}

/* An underscore inside a word is no emphasis: leaving it keeps identifiers readable. */
static gboolean must_escape(const char *at, const char *start)
{
    if (*at == '_')
        return at == start || !is_word(at[-1]) || !is_word(at[1]);
    if (*at == ':')
        return g_str_has_prefix(at, "://");
    if (*at == '.')
        return at - start >= 3 && g_ascii_strncasecmp(at - 3, "www", 3) == 0;
    if (at == start && strchr("#+-=", *at))
        return TRUE;
    return strchr("\\`*[]<>|~&", *at) != NULL;
}

char *md_escape(const char *text)
{
    g_autofree char *safe = parry_text_safe(text, -1);
    GString *out = g_string_new(NULL);

    for (const char *at = safe; *at; at++) {
        if (*at == '\n' || *at == '\t' || *at == '\r') {
            g_string_append_c(out, ' ');
            continue;
        }
        if (must_escape(at, safe))
            g_string_append_c(out, '\\');
        g_string_append_c(out, *at);
    }
    return g_string_free(out, FALSE);
}

MdTable *md_table_new(const char *headings)
{
    MdTable *table = g_new0(MdTable, 1);
    g_auto(GStrv) parts = g_strsplit(headings, "\t", -1);

    table->mt_columns = g_strv_length(parts);
    table->mt_right = g_new0(gboolean, table->mt_columns);
    table->mt_widths = g_new0(int, table->mt_columns);
    table->mt_cells = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < table->mt_columns; i++) {
        table->mt_right[i] = parts[i][0] == '>';
        g_ptr_array_add(table->mt_cells, g_strdup(parts[i] + table->mt_right[i]));
    }
    return table;
}

void md_cell_raw(MdTable *table, const char *text)
{
    g_ptr_array_add(table->mt_cells, g_strdup(text ? text : ""));
}

void md_cell(MdTable *table, const char *text)
{
    const char *given = text ? text : "";
    g_autofree char *cut = parry_text_width(given) > CELL_MAX_COLUMNS
                               ? parry_text_fit(given, CELL_MAX_COLUMNS)
                               : NULL;

    g_ptr_array_add(table->mt_cells, md_escape(cut ? cut : given));
}

void md_cell_take(MdTable *table, char *text)
{
    md_cell(table, text);
    g_free(text);
}

guint md_table_rows(const MdTable *table)
{
    return table->mt_cells->len / table->mt_columns - 1;
}

static void blanks(GString *out, int n)
{
    for (; n > 0; n--)
        g_string_append_c(out, ' ');
}

static void put_row(const MdTable *table, GString *out, guint row)
{
    for (guint c = 0; c < table->mt_columns; c++) {
        const char *cell = table->mt_cells->pdata[row * table->mt_columns + c];
        int gap = table->mt_widths[c] - parry_text_width(cell);

        g_string_append(out, "| ");
        if (table->mt_right[c])
            blanks(out, gap);
        g_string_append(out, cell);
        if (!table->mt_right[c])
            blanks(out, gap);
        g_string_append_c(out, ' ');
    }
    g_string_append(out, "|\n");
}

static void put_rule(const MdTable *table, GString *out)
{
    for (guint c = 0; c < table->mt_columns; c++) {
        g_string_append(out, "| ");
        for (int i = 0; i < table->mt_widths[c] - (table->mt_right[c] ? 1 : 0); i++)
            g_string_append_c(out, '-');
        g_string_append(out, table->mt_right[c] ? ": " : " ");
    }
    g_string_append(out, "|\n");
}

void md_table_end(MdTable *table, GString *out)
{
    guint rows = md_table_rows(table) + 1;

    for (guint i = 0; i < rows * table->mt_columns; i++) {
        int width = MAX(parry_text_width(table->mt_cells->pdata[i]), 3);

        table->mt_widths[i % table->mt_columns] =
            MAX(table->mt_widths[i % table->mt_columns], width);
    }
    if (rows > 1) {
        put_row(table, out, 0);
        put_rule(table, out);
        for (guint row = 1; row < rows; row++)
            put_row(table, out, row);
        g_string_append_c(out, '\n');
    }
    g_ptr_array_unref(table->mt_cells);
    g_free(table->mt_widths);
    g_free(table->mt_right);
    g_free(table);
}
