#include "scenarios/base/diag.h"

#include "scenarios/base/text.h"

#include <string.h>

/* Past this many findings the rest is only counted: nobody reads them, and a hostile file
 * must not make a megabyte of them. */
#define DIAGS_KEPT 500
/* Characters of a long line that are kept, and how many of them before the caret. */
#define WINDOW_CHARS 160
#define WINDOW_BEFORE 100

struct ParryDiags {
    GPtrArray *all;
    guint count[3];
    gboolean sorted;
    gboolean overflowed;
};

static const char *const level_names[] = {"error", "warning", "note"};

static void diag_free(gpointer data)
{
    ParryDiag *diag = data;

    g_free(diag->dg_file);
    g_free(diag->dg_message);
    g_free(diag->dg_hint);
    g_free(diag->dg_source);
    g_free(diag);
}

ParryDiags *parry_diags_new(void)
{
    ParryDiags *diags = g_new0(ParryDiags, 1);

    diags->all = g_ptr_array_new_with_free_func(diag_free);
    return diags;
}

void parry_diags_free(ParryDiags *diags)
{
    if (!diags)
        return;
    g_ptr_array_free(diags->all, TRUE);
    g_free(diags);
}

/* A copy of line `number` (1-based) of source, or NULL where it has none. */
static char *source_line(const char *source, int number)
{
    const char *start = source;

    for (int i = 1; i < number; i++) {
        start = strchr(start, '\n');
        if (!start)
            return NULL;
        start++;
    }
    gsize len = strcspn(start, "\r\n");
    g_autofree char *raw = g_strndup(start, len);
    return g_utf8_make_valid(raw, -1);
}

/* Keeps the line, or of a long one the part around the column; sets the caret's column.
 */
static void keep_source(ParryDiag *diag, const char *source)
{
    g_autofree char *line = source_line(source, diag->dg_line);

    if (!line)
        return;
    long chars = g_utf8_strlen(line, -1);
    long from = 0;
    if (chars > WINDOW_CHARS)
        from = CLAMP(diag->dg_column - 1 - WINDOW_BEFORE, 0, chars - WINDOW_CHARS);
    diag->dg_caret = MIN(diag->dg_column, (int)chars + 1) - (int)from;
    const char *start = g_utf8_offset_to_pointer(line, from);
    const char *end = g_utf8_offset_to_pointer(start, MIN(chars - from, WINDOW_CHARS));
    diag->dg_source = g_strndup(start, (gsize)(end - start));
}

static void keep(ParryDiags *diags, ParryDiag *diag)
{
    g_ptr_array_add(diags->all, diag);
    diags->sorted = FALSE;
}

static void note_overflow(ParryDiags *diags, const char *file)
{
    if (diags->overflowed)
        return;
    diags->overflowed = TRUE;
    ParryDiag *diag = g_new0(ParryDiag, 1);
    diag->dg_level = DIAG_NOTE;
    diag->dg_file = file ? g_utf8_make_valid(file, -1) : NULL;
    diag->dg_line = G_MAXINT; /* after all others; printed without a place */
    diag->dg_message =
        g_strdup_printf("more than %d findings: the rest is not shown", DIAGS_KEPT);
    keep(diags, diag);
}

void parry_diags_add(ParryDiags *diags, ParryDiagLevel level, const char *file,
                     const char *source, int line, int column, const char *hint,
                     const char *format, ...)
{
    va_list args;

    diags->count[level]++;
    if (diags->all->len >= DIAGS_KEPT) {
        note_overflow(diags, file);
        return;
    }
    ParryDiag *diag = g_new0(ParryDiag, 1);
    diag->dg_level = level;
    diag->dg_file = file ? g_utf8_make_valid(file, -1) : NULL;
    diag->dg_line = line;
    diag->dg_column = column;
    diag->dg_hint = g_strdup(hint);
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    diag->dg_message = parry_text_safe(message, -1);
    if (source && line > 0)
        keep_source(diag, source);
    keep(diags, diag);
}

guint parry_diags_count(const ParryDiags *diags, ParryDiagLevel level)
{
    return diags->count[level];
}

static gint compare_places(gconstpointer a, gconstpointer b)
{
    const ParryDiag *x = *(ParryDiag *const *)a, *y = *(ParryDiag *const *)b;
    int order = g_strcmp0(x->dg_file, y->dg_file);

    if (!order)
        order = (x->dg_line > y->dg_line) - (x->dg_line < y->dg_line);
    if (!order)
        order = (x->dg_column > y->dg_column) - (x->dg_column < y->dg_column);
    if (!order)
        order = (int)x->dg_level - (int)y->dg_level;
    return order ? order : strcmp(x->dg_message, y->dg_message);
}

const GPtrArray *parry_diags_all(const ParryDiags *diags)
{
    if (!diags->sorted) {
        g_ptr_array_sort(diags->all, compare_places);
        ((ParryDiags *)diags)->sorted = TRUE;
    }
    return diags->all;
}

/* The source line with controls made blank, and a caret below its column. */
static void print_source(GString *out, const ParryDiag *diag)
{
    int column = 1;

    g_string_append(out, "    ");
    g_autoptr(GString) below = g_string_new("    ");
    for (const char *p = diag->dg_source; *p; p = g_utf8_next_char(p), column++) {
        g_autofree char *safe = parry_text_safe(p, (gssize)(g_utf8_next_char(p) - p));
        if (!*safe) {
            g_free(safe);
            safe = g_strdup(" ");
        }
        g_string_append(out, safe);
        if (column < diag->dg_caret)
            for (int w = parry_text_width(safe); w > 0; w--)
                g_string_append_c(below, ' ');
    }
    g_string_append_printf(out, "\n%s^\n", below->str);
}

static void print_diag(GString *out, const ParryDiag *diag, gboolean colour)
{
    static const char *const colours[] = {"\033[1;31m", "\033[1;33m", "\033[1;36m"};
    gboolean placed = diag->dg_line > 0 && diag->dg_line < G_MAXINT;

    if (diag->dg_file) {
        g_autofree char *file = parry_text_safe(diag->dg_file, -1);
        g_string_append_printf(out, "%s:", file);
        if (placed)
            g_string_append_printf(out, "%d:%d:", diag->dg_line, diag->dg_column);
        g_string_append_c(out, ' ');
    }
    g_string_append_printf(out, "%s%s:%s %s\n", colour ? colours[diag->dg_level] : "",
                           level_names[diag->dg_level], colour ? "\033[0m" : "",
                           diag->dg_message);
    if (diag->dg_source)
        print_source(out, diag);
    if (diag->dg_hint)
        g_string_append_printf(out, "    hint: %s\n", diag->dg_hint);
}

char *parry_diags_text(const ParryDiags *diags, gboolean colour)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const GPtrArray *all = parry_diags_all(diags);

    for (guint i = 0; i < all->len; i++)
        print_diag(out, all->pdata[i], colour);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Where what begins at the caret ends: a quoted text with its quotes, else up to what
 * ends a plain scalar or a key. 0: a list, a mapping or a text that goes on below. */
static glong token_len(const char *at)
{
    const char *end = at;

    if (*at == '"' || *at == '\'') {
        for (end = at + 1; *end && *end != *at; end++)
            if (*end == '\\' && *at == '"' && end[1])
                end++;
        return *end ? g_utf8_pointer_to_offset(at, end + 1) : 0;
    }
    if (!*at || strchr("[{|>", *at))
        return 0;
    while (*end && !strchr("]}", *end) &&
           !(strchr(":,", *end) && (!end[1] || end[1] == ' ')) &&
           !(*end == ' ' && end[1] == '#'))
        end++;
    while (end > at && end[-1] == ' ')
        end--;
    return g_utf8_pointer_to_offset(at, end);
}

/* The column behind the last one that is meant, or 0 where that is not known. */
static int end_column(const ParryDiag *diag)
{
    if (!diag->dg_source || diag->dg_caret < 1 ||
        diag->dg_caret > g_utf8_strlen(diag->dg_source, -1))
        return 0;
    glong len = token_len(g_utf8_offset_to_pointer(diag->dg_source, diag->dg_caret - 1));
    return len > 0 ? diag->dg_column + (int)len : 0;
}

json_t *parry_diags_json(const ParryDiags *diags)
{
    const GPtrArray *all = parry_diags_all(diags);
    json_t *list = json_array();

    for (guint i = 0; i < all->len; i++) {
        const ParryDiag *diag = all->pdata[i];
        gboolean placed = diag->dg_line > 0 && diag->dg_line < G_MAXINT;
        json_t *item = json_pack("{s:s?, s:i, s:i, s:s, s:s, s:s?, s:s?}", "file",
                                 diag->dg_file, "line", placed ? diag->dg_line : 0,
                                 "column", placed ? diag->dg_column : 0, "severity",
                                 level_names[diag->dg_level], "message", diag->dg_message,
                                 "hint", diag->dg_hint, "source", diag->dg_source);
        int end = placed ? end_column(diag) : 0;
        if (item && end)
            json_object_set_new(item, "end-column", json_integer(end));
        if (item)
            json_array_append_new(list, item);
    }
    return list;
}
