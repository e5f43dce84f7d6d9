/* JSON as nodes: jansson says whether it is good and reads its strings, a scan over the
 * same bytes finds the places, which jansson does not keep. */
#include "scenarios/import/work.h"

#include <string.h>

typedef struct {
    const char *at, *end;
    int line, column;
    int depth;
    guint nodes;
    const char *problem; /* a limit that was met */
} Scan;

static Node *scan_value(Scan *scan);

/* Steps over one character, or byte of one: columns count characters. */
static void step(Scan *scan)
{
    if (*scan->at == '\n') {
        scan->line++;
        scan->column = 1;
    } else if (((guchar)*scan->at & 0xc0) != 0x80) {
        scan->column++;
    }
    scan->at++;
}

/* To the next character that is not blank; 0 at the end. */
static char peek(Scan *scan)
{
    while (scan->at < scan->end && strchr(" \t\r\n", *scan->at))
        step(scan);
    return scan->at < scan->end ? *scan->at : '\0';
}

static Node *make(Scan *scan, NodeKind kind, const char *text, int line, int column)
{
    if (++scan->nodes > NODE_COUNT_MAX) {
        scan->problem = "more than 100000 values in one file";
        return NULL;
    }
    Node *node = node_make(kind, text, line, column);
    node->nd_plain = kind == NODE_SCALAR;
    return node;
}

static Node *scan_string(Scan *scan)
{
    const char *start = scan->at;
    int line = scan->line, column = scan->column;

    step(scan);
    while (scan->at < scan->end && *scan->at != '"') {
        if (*scan->at == '\\')
            step(scan);
        if (scan->at < scan->end)
            step(scan);
    }
    if (scan->at < scan->end)
        step(scan);
    json_t *value = json_loadb(start, (gsize)(scan->at - start), JSON_DECODE_ANY, NULL);
    const char *text = json_string_value(value);
    Node *node = NULL;
    if (!text)
        scan->problem = "a text that is none"; /* jansson took it before: not met */
    else if (strlen(text) > NODE_SCALAR_MAX)
        scan->problem = "a text of more than 64 KiB";
    else
        node = make(scan, NODE_SCALAR, text, line, column);
    if (node)
        node->nd_plain = FALSE;
    json_decref(value);
    return node;
}

/* A number, true, false or null: as it is written. */
static Node *scan_word(Scan *scan)
{
    const char *start = scan->at;
    int line = scan->line, column = scan->column;

    while (scan->at < scan->end && !strchr(" \t\r\n,:]}", *scan->at))
        step(scan);
    g_autofree char *word = g_strndup(start, (gsize)(scan->at - start));
    return make(scan, NODE_SCALAR, word, line, column);
}

static Node *scan_list(Scan *scan)
{
    g_autoptr(Node) list = make(scan, NODE_LIST, NULL, scan->line, scan->column);

    step(scan);
    while (list && peek(scan) && *scan->at != ']') {
        Node *item = scan_value(scan);
        if (!item)
            return NULL;
        node_append(list, item);
        if (peek(scan) == ',')
            step(scan);
    }
    if (scan->at < scan->end)
        step(scan);
    return g_steal_pointer(&list);
}

static Node *scan_map(Scan *scan)
{
    g_autoptr(Node) map = make(scan, NODE_MAP, NULL, scan->line, scan->column);

    step(scan);
    while (map && peek(scan) && *scan->at != '}') {
        Node *key = scan_string(scan);
        if (key && strlen(key->nd_text) > NODE_KEY_MAX)
            scan->problem = "a key of more than 256 bytes";
        if (peek(scan) == ':')
            step(scan);
        Node *value = key && !scan->problem ? scan_value(scan) : NULL;
        if (!value) {
            node_free(key);
            return NULL;
        }
        if (!node_put(map, key, value))
            scan->problem = "the same key twice in one object";
        if (peek(scan) == ',')
            step(scan);
    }
    if (scan->at < scan->end)
        step(scan);
    return g_steal_pointer(&map);
}

static Node *scan_value(Scan *scan)
{
    Node *node = NULL;
    char first = peek(scan);

    if (++scan->depth > NODE_DEPTH_MAX)
        scan->problem = "nested more than 32 deep";
    else if (first == '"')
        node = scan_string(scan);
    else if (first == '[')
        node = scan_list(scan);
    else if (first == '{')
        node = scan_map(scan);
    else
        node = scan_word(scan);
    scan->depth--;
    return node;
}

Node *json_in(const char *file, GBytes *bytes, ParryDiags *diags)
{
    gsize len = 0;
    const char *text = g_bytes_get_data(bytes, &len);
    json_error_t error;

    if (len > NODE_FILE_MAX) {
        parry_diags_add(diags, DIAG_ERROR, file, NULL, 0, 0, NULL,
                        "larger than 1 MiB: not read");
        return NULL;
    }
    if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
        text += 3;
        len -= 3;
    }
    g_autofree char *source = g_strndup(text ? text : "", len);
    json_t *json = json_loadb(source, len, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        parry_diags_add(diags, DIAG_ERROR, file, source, error.line, error.column, NULL,
                        "no JSON: %s", error.text);
        return NULL;
    }
    json_decref(json);
    Scan scan = {.at = source, .end = source + len, .line = 1, .column = 1};
    g_autoptr(Node) root = scan_value(&scan);
    if (scan.problem) {
        parry_diags_add(diags, DIAG_ERROR, file, source, scan.line, scan.column, NULL,
                        "%s", scan.problem);
        return NULL;
    }
    return g_steal_pointer(&root);
}
