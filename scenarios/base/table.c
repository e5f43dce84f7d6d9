#include "scenarios/base/table.h"

#include "scenarios/base/text.h"

#include <string.h>

#define GAP 2 /* blanks between columns */

struct ParryTable {
    const ParryColumn *columns;
    guint n;
    GPtrArray *rows; /* char ** of n cells */
};

ParryTable *parry_table_new(const ParryColumn *columns, guint n)
{
    ParryTable *table = g_new0(ParryTable, 1);

    table->columns = columns;
    table->n = n;
    table->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    return table;
}

void parry_table_free(ParryTable *table)
{
    if (!table)
        return;
    g_ptr_array_unref(table->rows);
    g_free(table);
}

void parry_table_row(ParryTable *table, const char *const *cells)
{
    char **row = g_new0(char *, table->n + 1);

    for (guint i = 0; i < table->n; i++)
        row[i] = parry_text_safe(cells[i], -1);
    g_ptr_array_add(table->rows, row);
}

/* What each column takes where there is room; 0: nothing stands in it. */
static void natural_widths(const ParryTable *table, int *widths)
{
    for (guint i = 0; i < table->n; i++) {
        widths[i] = 0;
        for (guint r = 0; r < table->rows->len; r++) {
            char **row = table->rows->pdata[r];
            widths[i] = MAX(widths[i], parry_text_width(row[i]));
        }
        if (widths[i])
            widths[i] = MAX(widths[i], parry_text_width(table->columns[i].tc_title));
    }
}

static int total(const int *widths, guint n)
{
    int sum = -GAP;

    for (guint i = 0; i < n; i++)
        if (widths[i])
            sum += widths[i] + GAP;
    return sum;
}

/* Takes from the widest column that may give, until the table fits or none may. */
static void squeeze(const ParryTable *table, int *widths, int room)
{
    for (int over = total(widths, table->n) - room; over > 0; over--) {
        int widest = -1;
        for (guint i = 0; i < table->n; i++) {
            int min = table->columns[i].tc_min;
            if (min && widths[i] > min && (widest < 0 || widths[i] > widths[widest]))
                widest = (int)i;
        }
        if (widest < 0)
            return;
        widths[widest]--;
    }
}

/* Bytes of the cell's next line of at most `width` columns; *skip: the blank behind it.
 */
static gsize line_len(const char *cell, int width, gsize *skip)
{
    gsize blank = 0, hyphen = 0;
    int used = 0;

    *skip = 0;
    for (const char *p = cell; *p; p = g_utf8_next_char(p)) {
        g_autofree char *one = g_strndup(p, (gsize)(g_utf8_next_char(p) - p));
        int w = parry_text_width(one);
        if (*p == ' ')
            blank = (gsize)(p - cell);
        if (used + w > width) {
            *skip = blank ? 1 : 0;
            gsize hard = MAX((gsize)(p - cell), (gsize)(g_utf8_next_char(cell) - cell));
            return blank ? blank : hyphen ? hyphen : hard;
        }
        if (*p == '-' && p > cell)
            hyphen = (gsize)(p + 1 - cell);
        used += w;
    }
    return strlen(cell);
}

static void print_cell(GString *out, const char *text, int width, gboolean right)
{
    int pad = width - parry_text_width(text);

    if (right)
        g_string_append_printf(out, "%*s", MAX(pad, 0), "");
    g_string_append(out, text);
    if (!right)
        g_string_append_printf(out, "%*s", MAX(pad, 0), "");
}

/* One row, in as many lines as its tallest cell takes. */
static void print_row(GString *out, const ParryTable *table, const char *const *cells,
                      const int *widths, int indent)
{
    g_autofree const char **rest = g_new0(const char *, table->n);
    gboolean more = TRUE;

    for (guint i = 0; i < table->n; i++)
        rest[i] = cells[i];
    while (more) {
        gsize begin = out->len;
        more = FALSE;
        g_string_append_printf(out, "%*s", indent, "");
        gboolean first = TRUE;
        for (guint i = 0; i < table->n; i++) {
            gsize skip;
            if (!widths[i])
                continue;
            gsize len = line_len(rest[i], widths[i], &skip);
            g_autofree char *line = g_strndup(rest[i], len);
            rest[i] += len + skip;
            more = more || *rest[i];
            g_string_append_printf(out, "%*s", first ? 0 : GAP, "");
            print_cell(out, line, widths[i], table->columns[i].tc_right);
            first = FALSE;
        }
        while (out->len > begin && out->str[out->len - 1] == ' ')
            g_string_truncate(out, out->len - 1);
        g_string_append_c(out, '\n');
    }
}

char *parry_table_text(const ParryTable *table, int indent, int width)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree int *widths = g_new0(int, table->n);
    g_autofree const char **titles = g_new0(const char *, table->n);

    natural_widths(table, widths);
    if (width > 0)
        squeeze(table, widths, width - indent);
    for (guint i = 0; i < table->n; i++)
        titles[i] = table->columns[i].tc_title;
    print_row(out, table, titles, widths, indent);
    for (guint r = 0; r < table->rows->len; r++)
        print_row(out, table, table->rows->pdata[r], widths, indent);
    return g_string_free(g_steal_pointer(&out), FALSE);
}
