/* The account: what became of each node of the input. */
#include "scenarios/import/work.h"

#include <string.h>

/* Characters of a path; a hostile file may have keys of 256 bytes 32 deep. */
#define PATH_CHARS 160

/* Where a node stands in its tree. */
typedef struct {
    const char *file; /* of the import */
    const Node *parent;
    const char *key; /* in a mapping, else NULL */
    guint index;
} Place;

void import_line_free(gpointer data)
{
    ImportLine *line = data;

    g_free(line->il_file);
    g_free(line->il_what);
    g_free(line->il_to);
    g_free(line->il_why);
    g_free(line);
}

void import_result_free(ImportResult *result)
{
    if (!result)
        return;
    g_ptr_array_unref(result->ir_lines);
    g_free(result->ir_yaml);
    g_free(result);
}

const char *import_verdict_name(ImportVerdict verdict)
{
    static const char *const names[] = {"taken", "changed", "left"};

    return names[verdict];
}

static gboolean hides(gunichar c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e ||
           c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
           c == 0xfeff;
}

static void append_visible(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '\n')
            g_string_append(out, "\\n");
        else if (hides(c))
            g_string_append_printf(out, "\\u%04X", c);
        else
            g_string_append_unichar(out, c);
    }
}

char *import_line_text(const ImportLine *line)
{
    GString *out = g_string_new(NULL);

    if (line->il_file)
        append_visible(out, line->il_file);
    if (line->il_file && line->il_line)
        g_string_append_printf(out, ":%d:%d", line->il_line, line->il_column);
    g_string_append_printf(out, "%s%s: ", line->il_file ? ": " : "",
                           import_verdict_name(line->il_verdict));
    append_visible(out, line->il_what);
    if (line->il_to && *line->il_what)
        g_string_append(out, " -> ");
    if (line->il_to)
        append_visible(out, line->il_to);
    if (line->il_why) {
        g_string_append(out, ": ");
        append_visible(out, line->il_why);
    }
    return g_string_free(out, FALSE);
}

static void set_text(json_t *object, const char *key, const char *text)
{
    g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;

    if (valid && *valid)
        json_object_set_new(object, key, json_string(valid));
}

json_t *import_result_json(const ImportResult *result)
{
    json_t *lines = json_array();

    for (guint i = 0; i < result->ir_lines->len; i++) {
        const ImportLine *line = result->ir_lines->pdata[i];
        json_t *object =
            json_pack("{s:s}", "verdict", import_verdict_name(line->il_verdict));
        set_text(object, "file", line->il_file);
        if (line->il_line) {
            json_object_set_new(object, "line", json_integer(line->il_line));
            json_object_set_new(object, "column", json_integer(line->il_column));
        }
        set_text(object, "what", line->il_what);
        set_text(object, "to", line->il_to);
        set_text(object, "why", line->il_why);
        json_array_append_new(lines, object);
    }
    return json_pack("{s:i, s:i, s:i, s:o}", "taken", (int)result->ir_count[IMPORT_TAKEN],
                     "changed", (int)result->ir_count[IMPORT_CHANGED], "left",
                     (int)result->ir_count[IMPORT_LEFT], "lines", lines);
}

/* --- trees --- */

static void place_all(Import *import, const char *file, const Node *node,
                      const Node *parent, const char *key, guint index)
{
    Place *place = g_new0(Place, 1);

    *place = (Place){.file = file, .parent = parent, .key = key, .index = index};
    g_hash_table_insert(import->im_places, (gpointer)node, place);
    for (guint i = 0; i < node_len(node); i++)
        place_all(import, file, node_at(node, i), node,
                  node->nd_kind == NODE_MAP ? node_key_at(node, i) : NULL, i);
}

void import_root(Import *import, const char *file, Node *root)
{
    g_ptr_array_add(import->im_roots, root);
    place_all(import, file, root, NULL, NULL, 0);
}

Node *import_yaml(Import *import, const ImportFile *file)
{
    gsize len = 0;
    const char *bytes = g_bytes_get_data(file->if_bytes, &len);
    g_autofree char *text = g_strndup(bytes ? bytes : "", len);

    return node_parse(file->if_path, 0, text, len, import->im_diags);
}

/* "nodes.web.links[2]", of a long one the end. */
static char *path_of(Import *import, const Node *node)
{
    g_autoptr(GPtrArray) steps = g_ptr_array_new();
    g_autoptr(GString) path = g_string_new(NULL);

    for (const Place *place = g_hash_table_lookup(import->im_places, node);
         place && place->parent;
         place = g_hash_table_lookup(import->im_places, place->parent))
        g_ptr_array_add(steps, (gpointer)place);
    for (guint i = steps->len; i > 0; i--) {
        const Place *place = steps->pdata[i - 1];
        if (place->key)
            g_string_append_printf(path, "%s%s", path->len ? "." : "", place->key);
        else
            g_string_append_printf(path, "[%u]", place->index);
    }
    glong chars = g_utf8_strlen(path->str, -1);
    if (chars <= PATH_CHARS)
        return g_strdup(path->str);
    return g_strconcat("…", g_utf8_offset_to_pointer(path->str, chars - PATH_CHARS),
                       NULL);
}

/* Takes to and why over. */
static void add_line(Import *import, const Node *node, ImportVerdict verdict, char *to,
                     char *why)
{
    const Place *place = node ? g_hash_table_lookup(import->im_places, node) : NULL;
    ImportLine *line = g_new0(ImportLine, 1);

    line->il_verdict = verdict;
    line->il_what = node ? path_of(import, node) : g_strdup("");
    line->il_to = to;
    line->il_why = why;
    if (place) {
        /* A value is found by its key: that is where people look. */
        const Node *at =
            place->key ? (const Node *)place->parent->nd_keys->pdata[place->index] : node;
        line->il_file = g_strdup(place->file);
        line->il_line = at->nd_line;
        line->il_column = at->nd_column;
        g_hash_table_add(import->im_seen, (gpointer)node);
    }
    g_ptr_array_add(import->im_lines, line);
}

void import_taken(Import *import, const Node *node, const char *to, ...)
{
    va_list args;

    if (!node)
        return;
    va_start(args, to);
    add_line(import, node, IMPORT_TAKEN, g_strdup_vprintf(to, args), NULL);
    va_end(args);
}

void import_changed(Import *import, const Node *node, const char *to, const char *why,
                    ...)
{
    va_list args;

    if (!node)
        return;
    va_start(args, why);
    add_line(import, node, IMPORT_CHANGED, g_strdup(to), g_strdup_vprintf(why, args));
    va_end(args);
}

void import_covers(Import *import, const Node *node)
{
    g_hash_table_add(import->im_seen, (gpointer)node);
    for (guint i = 0; i < node_len(node); i++)
        import_covers(import, node_at(node, i));
}

void import_left(Import *import, const Node *node, const char *why, ...)
{
    va_list args;

    if (!node)
        return;
    va_start(args, why);
    add_line(import, node, IMPORT_LEFT, NULL, g_strdup_vprintf(why, args));
    va_end(args);
    import_covers(import, node);
}

void import_added(Import *import, const char *to, const char *why, ...)
{
    va_list args;

    va_start(args, why);
    add_line(import, NULL, IMPORT_CHANGED, g_strdup(to), g_strdup_vprintf(why, args));
    va_end(args);
}

void import_file_line(Import *import, const ImportFile *file, ImportVerdict verdict,
                      const char *why)
{
    add_line(import, NULL, verdict, NULL, g_strdup(why));
    ImportLine *line = import->im_lines->pdata[import->im_lines->len - 1];
    line->il_file = g_strdup(file->if_path);
    g_free(line->il_what);
    line->il_what = g_strdup("file");
}

const char *import_to(Import *import, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_free(import->im_to);
    import->im_to = g_strdup_vprintf(format, args);
    va_end(args);
    return import->im_to;
}

/* --- what nobody looked at --- */

/* Is something in the subtree accounted for? */
static gboolean any_seen(const Import *import, const Node *node)
{
    if (g_hash_table_contains(import->im_seen, node))
        return TRUE;
    for (guint i = 0; i < node_len(node); i++)
        if (any_seen(import, node_at(node, i)))
            return TRUE;
    return FALSE;
}

/* Nothing stands there: an empty collection, null, an empty text. */
static gboolean is_empty(const Node *node)
{
    if (node->nd_kind != NODE_SCALAR)
        return !node_len(node);
    return !*node->nd_text || (node->nd_plain && (!strcmp(node->nd_text, "~") ||
                                                  !strcmp(node->nd_text, "null")));
}

static void sweep(Import *import, const Node *node)
{
    const Place *place = g_hash_table_lookup(import->im_places, node);

    if (is_empty(node)) {
        if (!g_hash_table_contains(import->im_seen, node))
            add_line(import, node, IMPORT_TAKEN, NULL,
                     g_strdup("there is nothing in it"));
        return;
    }
    if (!any_seen(import, node)) {
        import_left(import, node,
                    place->key ? "the import does not know this key here"
                               : "the import does not know what to do with this");
        return;
    }
    for (guint i = 0; i < node_len(node); i++)
        sweep(import, node_at(node, i));
}

void import_sweep(Import *import)
{
    for (guint i = 0; i < import->im_roots->len; i++)
        sweep(import, import->im_roots->pdata[i]);
}
