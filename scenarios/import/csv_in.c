/* CSV (RFC 4180), read strictly: what is in doubt is an error with its line, not a guess.
 */
#include "scenarios/import/work.h"

#include <string.h>

#define CSV_BYTES_MAX NODE_FILE_MAX
#define CSV_ROWS_MAX 5000
#define CSV_COLUMNS_MAX 64
#define CSV_CELL_MAX ((gsize)32 * 1024)

typedef struct {
    const char *file, *source;
    const char *at, *end;
    char comma;
    int line, column;
    ParryDiags *diags;
} Csv;

typedef struct {
    char *text;
    int line, column;
} Cell;

static void cell_free(gpointer data)
{
    Cell *cell = data;

    g_free(cell->text);
    g_free(cell);
}

static gboolean fail(const Csv *csv, const char *hint, const char *message)
{
    parry_diags_add(csv->diags, DIAG_ERROR, csv->file, csv->source, csv->line,
                    csv->column, hint, "%s", message);
    return FALSE;
}

static void step(Csv *csv)
{
    if (*csv->at == '\n') {
        csv->line++;
        csv->column = 1;
    } else if (((guchar)*csv->at & 0xc0) != 0x80) {
        csv->column++;
    }
    csv->at++;
}

static gboolean at_line_end(const Csv *csv)
{
    return csv->at == csv->end || *csv->at == '\n' ||
           (*csv->at == '\r' && csv->at + 1 < csv->end && csv->at[1] == '\n');
}

static gboolean take_quoted(Csv *csv, GString *out)
{
    Csv start = *csv;

    for (step(csv); csv->at < csv->end; step(csv)) {
        if (*csv->at == '"') {
            if (csv->at + 1 == csv->end || csv->at[1] != '"')
                break;
            step(csv);
        }
        /* A line break is one, however the file writes it. */
        if (*csv->at != '\r' || csv->at + 1 == csv->end || csv->at[1] != '\n')
            g_string_append_c(out, *csv->at);
    }
    if (csv->at == csv->end)
        return fail(&start, "a closing \" is missing", "the file ends within quotes");
    step(csv);
    if (!at_line_end(csv) && *csv->at != csv->comma)
        return fail(csv, "within quotes a \" is written twice",
                    "something follows a closing quote");
    return TRUE;
}

static gboolean take_bare(Csv *csv, GString *out)
{
    for (; !at_line_end(csv) && *csv->at != csv->comma; step(csv)) {
        if (*csv->at == '"')
            return fail(csv, "put the whole cell in quotes, and write the quote twice",
                        "a quote within a cell that does not begin with one");
        if (*csv->at == '\r')
            return fail(csv, "save the file with line ends CR LF or LF", "a lone CR");
        g_string_append_c(out, *csv->at);
    }
    return TRUE;
}

static gboolean take_cell(Csv *csv, GPtrArray *row)
{
    g_autoptr(GString) text = g_string_new(NULL);
    Csv start = *csv;

    if (row->len >= CSV_COLUMNS_MAX)
        return fail(csv, NULL, "more than 64 cells in a row");
    gboolean good = csv->at < csv->end && *csv->at == '"' ? take_quoted(csv, text)
                                                          : take_bare(csv, text);
    if (!good)
        return FALSE;
    if (text->len > CSV_CELL_MAX)
        return fail(&start, NULL, "a cell of more than 32 KiB");
    Cell *cell = g_new0(Cell, 1);
    cell->text = g_strdup(text->str);
    g_strstrip(cell->text);
    cell->line = start.line;
    cell->column = start.column;
    g_ptr_array_add(row, cell);
    return TRUE;
}

/* Cells of the next row, NULL with a finding. */
static GPtrArray *take_row(Csv *csv)
{
    g_autoptr(GPtrArray) row = g_ptr_array_new_with_free_func(cell_free);

    for (;;) {
        if (!take_cell(csv, row))
            return NULL;
        if (at_line_end(csv))
            break;
        step(csv);
    }
    if (csv->at < csv->end && *csv->at == '\r')
        step(csv);
    if (csv->at < csv->end)
        step(csv);
    return g_steal_pointer(&row);
}

static gboolean is_blank(const GPtrArray *row)
{
    for (guint i = 0; i < row->len; i++)
        if (*((const Cell *)row->pdata[i])->text)
            return FALSE;
    return TRUE;
}

static Node *row_node(const GPtrArray *header, const GPtrArray *row)
{
    const Cell *first = row->pdata[0];
    Node *map = node_make(NODE_MAP, NULL, first->line, first->column);

    for (guint i = 0; i < row->len; i++) {
        const Cell *cell = row->pdata[i];
        const Cell *head = i < header->len ? header->pdata[i] : NULL;
        if (!*cell->text)
            continue;
        g_autofree char *name = head && *head->text ? g_strdup(head->text)
                                                    : g_strdup_printf("column %u", i + 1);
        node_put(map, node_make(NODE_SCALAR, name, cell->line, cell->column),
                 node_make(NODE_SCALAR, cell->text, cell->line, cell->column));
    }
    return map;
}

static gboolean check_header(const Csv *csv, const GPtrArray *header)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    Csv place = *csv;

    for (guint i = 0; i < header->len; i++) {
        const Cell *cell = header->pdata[i];
        place.line = cell->line;
        place.column = cell->column;
        if (strlen(cell->text) > NODE_KEY_MAX)
            return fail(&place, NULL, "a heading of more than 256 bytes");
        if (*cell->text && !g_hash_table_add(names, cell->text))
            return fail(&place, "give each column a heading of its own",
                        "two columns have the same heading");
    }
    return TRUE;
}

/* What parts cells: whichever stands more often in the first line, outside quotes. */
static char comma_of(const char *at, const char *end)
{
    int commas = 0, semicolons = 0;
    gboolean quoted = FALSE;

    for (; at < end && (quoted || *at != '\n'); at++) {
        quoted ^= *at == '"';
        commas += !quoted && *at == ',';
        semicolons += !quoted && *at == ';';
    }
    return semicolons > commas ? ';' : ',';
}

static gboolean take_rows(Csv *csv, const GPtrArray *header, Node *list)
{
    for (int rows = 0; csv->at < csv->end; rows++) {
        if (rows >= CSV_ROWS_MAX)
            return fail(csv, NULL, "more than 5000 rows");
        g_autoptr(GPtrArray) row = take_row(csv);
        if (!row)
            return FALSE;
        if (!is_blank(row))
            node_append(list, row_node(header, row));
    }
    return TRUE;
}

static gboolean check_bytes(Csv *csv, gsize len)
{
    const char *bad;

    if (len > CSV_BYTES_MAX)
        return fail(csv, NULL, "larger than 1 MiB: not read");
    if (g_utf8_validate_len(csv->at, len, &bad))
        return TRUE;
    while (csv->at < bad)
        step(csv);
    return fail(csv, "save the file as UTF-8 (\"CSV UTF-8\" in spreadsheets)",
                *bad ? "a byte that is not UTF-8" : "a NUL byte");
}

Node *csv_in(const char *file, GBytes *bytes, ParryDiags *diags)
{
    gsize len = 0;
    const char *data = g_bytes_get_data(bytes, &len);
    gsize skip = len >= 3 && !memcmp(data, "\xef\xbb\xbf", 3) ? 3 : 0;
    g_autofree char *source = g_strndup(data ? data + skip : "", len - skip);
    Csv csv = {.file = file,
               .source = source,
               .at = source,
               .end = source + len - skip,
               .line = 1,
               .column = 1,
               .diags = diags};

    if (!check_bytes(&csv, len - skip))
        return NULL;
    csv.comma = comma_of(csv.at, csv.end);
    g_autoptr(GPtrArray) header = take_row(&csv);
    if (!header || !check_header(&csv, header))
        return NULL;
    if (is_blank(header)) {
        fail(&csv, "the first row holds the headings, such as number,time,from,to",
             "the first row is empty");
        return NULL;
    }
    g_autoptr(Node) list = node_make(NODE_LIST, NULL, 1, 1);
    return take_rows(&csv, header, list) ? g_steal_pointer(&list) : NULL;
}
