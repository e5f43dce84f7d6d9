#include "scenarios/node.h"

#include <string.h>
#include <yaml.h>

/* One parse: libyaml's events in, nodes out. `failed` is set with the first finding that
 * ends it; a duplicate key does not end it. */
typedef struct {
    yaml_parser_t yaml;
    const char *file;
    const char *source;
    int number; /* for nd_file */
    ParryDiags *diags;
    guint nodes;
    int depth;
} Parse;

static Node *parse_node(Parse *parse, yaml_event_t *event);

void node_free(Node *node)
{
    if (!node)
        return;
    if (node->nd_shares) {
        node->nd_shares--;
        return;
    }
    g_clear_pointer(&node->nd_items, g_ptr_array_unref);
    g_clear_pointer(&node->nd_keys, g_ptr_array_unref);
    g_clear_pointer(&node->nd_index, g_hash_table_unref);
    g_free(node->nd_text);
    g_free(node->nd_raw);
    g_free(node);
}

static void node_free_void(gpointer node)
{
    node_free(node);
}

static void finding(Parse *parse, yaml_mark_t mark, const char *hint, const char *message)
{
    parry_diags_add(parse->diags, DIAG_ERROR, parse->file, parse->source,
                    (int)mark.line + 1, (int)mark.column + 1, hint, "%s", message);
}

/* What libyaml says, and what people usually did when it says so. */
static const struct {
    const char *problem;
    const char *message;
    const char *hint;
} known_problems[] = {
    {"found character that cannot start any token", NULL,
     "text that begins with @, ` or % needs quotes"},
    {"mapping values are not allowed in this context",
     "a \": \" stands where no key can be",
     "quote text that holds \": \", or mend the indent of this line"},
    {"did not find expected key", "this line is not in step with the keys above it",
     "keys of one mapping begin in the same column; a quote may be missing above"},
    {"could not find expected ':'", "a key without \":\"",
     "write \"key: value\", with a blank after the colon; a quote may be missing above"},
    {"did not find expected '-' indicator",
     "this line is not in step with the list above it",
     "items of one list begin in the same column with \"- \""},
    {"found unexpected end of stream", "the file ends within quoted text",
     "a closing quote is missing"},
    {"did not find expected ',' or '}'", "a \",\" or the closing \"}\" is missing", NULL},
    {"did not find expected ',' or ']'", "a \",\" or the closing \"]\" is missing", NULL},
    {"block sequence entries are not allowed in this context",
     "a list item stands where none can be", "begin the list on a line of its own"},
    {"found unknown escape character", NULL,
     "within \"…\" write \\\\ for a backslash, or use '…'"},
    {"did not find expected <document start>",
     "something follows the end of the document",
     "the whole scenario is one mapping; mend the indent of this line"},
};

/* TRUE where a tab stands in the indent of that line. */
static gboolean tab_in_indent(const char *source, size_t line)
{
    const char *p = source;

    for (size_t i = 0; i < line && p; i++) {
        p = strchr(p, '\n');
        p = p ? p + 1 : NULL;
    }
    return p && p[strspn(p, " ")] == '\t';
}

static void syntax_finding(Parse *parse)
{
    const yaml_parser_t *yaml = &parse->yaml;
    yaml_mark_t mark = yaml->problem_mark;
    const char *problem = yaml->problem ? yaml->problem : "out of memory";
    const char *message = problem, *hint = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(known_problems); i++) {
        if (strcmp(problem, known_problems[i].problem) != 0)
            continue;
        message = known_problems[i].message ? known_problems[i].message : problem;
        hint = known_problems[i].hint;
    }
    /* An unclosed quote or bracket is found far below it: show where it was opened. */
    if (yaml->context && (g_str_has_prefix(yaml->context, "while scanning a quoted") ||
                          g_str_has_prefix(yaml->context, "while parsing a flow")))
        mark = yaml->context_mark;
    if (tab_in_indent(parse->source, mark.line)) {
        message = "a tab in the indent";
        hint = "YAML is indented with blanks only";
    }
    finding(parse, mark, hint, message);
}

static gboolean next_event(Parse *parse, yaml_event_t *event)
{
    if (yaml_parser_parse(&parse->yaml, event))
        return TRUE;
    syntax_finding(parse);
    return FALSE;
}

Node *node_make(NodeKind kind, const char *text, int line, int column)
{
    Node *node = g_new0(Node, 1);

    node->nd_kind = kind;
    node->nd_line = line;
    node->nd_column = column;
    node->nd_text = g_strdup(text);
    if (kind != NODE_SCALAR)
        node->nd_items = g_ptr_array_new_with_free_func(node_free_void);
    if (kind == NODE_MAP) {
        node->nd_keys = g_ptr_array_new_with_free_func(node_free_void);
        node->nd_index = g_hash_table_new(g_str_hash, g_str_equal);
    }
    return node;
}

void node_append(Node *list, Node *item)
{
    g_ptr_array_add(list->nd_items, item);
}

gboolean node_put(Node *map, Node *key, Node *value)
{
    if (g_hash_table_contains(map->nd_index, key->nd_text)) {
        node_free(key);
        node_free(value);
        return FALSE;
    }
    g_ptr_array_add(map->nd_keys, key);
    g_ptr_array_add(map->nd_items, value);
    g_hash_table_insert(map->nd_index, key->nd_text, GUINT_TO_POINTER(map->nd_keys->len));
    return TRUE;
}

Node *node_share(Node *node)
{
    node->nd_shares++;
    return node;
}

void node_take_all(Node *map)
{
    g_hash_table_remove_all(map->nd_index);
    g_ptr_array_set_free_func(map->nd_keys, NULL);
    g_ptr_array_set_free_func(map->nd_items, NULL);
    g_ptr_array_set_size(map->nd_keys, 0);
    g_ptr_array_set_size(map->nd_items, 0);
    g_ptr_array_set_free_func(map->nd_keys, node_free_void);
    g_ptr_array_set_free_func(map->nd_items, node_free_void);
}

void node_drop(Node *map, const char *key)
{
    gpointer place = g_hash_table_lookup(map->nd_index, key);

    if (!place)
        return;
    guint index = GPOINTER_TO_UINT(place) - 1;
    g_hash_table_remove_all(map->nd_index);
    g_ptr_array_remove_index(map->nd_keys, index);
    g_ptr_array_remove_index(map->nd_items, index);
    for (guint i = 0; i < map->nd_keys->len; i++) {
        Node *other = map->nd_keys->pdata[i];
        g_hash_table_insert(map->nd_index, other->nd_text, GUINT_TO_POINTER(i + 1));
    }
}

void node_blank(Node *node)
{
    if (node->nd_index)
        g_hash_table_remove_all(node->nd_index);
    if (node->nd_keys)
        g_ptr_array_set_size(node->nd_keys, 0);
    if (node->nd_items)
        g_ptr_array_set_size(node->nd_items, 0);
}

static Node *node_new(Parse *parse, NodeKind kind, yaml_mark_t mark)
{
    if (++parse->nodes > NODE_COUNT_MAX) {
        finding(parse, mark, NULL, "more than 100000 values in one file");
        return NULL;
    }
    Node *node = node_make(kind, NULL, (int)mark.line + 1, (int)mark.column + 1);
    node->nd_file = parse->number;
    return node;
}

/* Anchors and tags: FALSE with a finding where the event carries one. */
static gboolean check_decoration(Parse *parse, const yaml_event_t *event,
                                 const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor) {
        finding(parse, event->start_mark, "write the value out where it is needed",
                "an anchor (&name): anchors are not part of the language");
        return FALSE;
    }
    if (tag) {
        finding(parse, event->start_mark, "leave the !tag away",
                "a tag (!name): tags are not part of the language");
        return FALSE;
    }
    return TRUE;
}

static Node *parse_scalar(Parse *parse, const yaml_event_t *event)
{
    if (!check_decoration(parse, event, event->data.scalar.anchor,
                          event->data.scalar.tag))
        return NULL;
    if (event->data.scalar.length > NODE_SCALAR_MAX) {
        finding(parse, event->start_mark, "put it into a file and name that",
                "a text of more than 64 KiB");
        return NULL;
    }
    if (memchr(event->data.scalar.value, 0, event->data.scalar.length)) {
        finding(parse, event->start_mark, NULL, "a NUL character in a text");
        return NULL;
    }
    Node *node = node_new(parse, NODE_SCALAR, event->start_mark);
    if (!node)
        return NULL;
    node->nd_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->nd_text = g_strdup((const char *)event->data.scalar.value);
    node->nd_refs = strstr(node->nd_text, "${") != NULL;
    return node;
}

static gboolean enter(Parse *parse, const yaml_event_t *event)
{
    if (++parse->depth <= NODE_DEPTH_MAX)
        return TRUE;
    finding(parse, event->start_mark, NULL, "nested more than 32 deep");
    return FALSE;
}

static Node *parse_list(Parse *parse, const yaml_event_t *start)
{
    if (!enter(parse, start) ||
        !check_decoration(parse, start, start->data.sequence_start.anchor,
                          start->data.sequence_start.tag))
        return NULL;
    g_autoptr(Node) list = node_new(parse, NODE_LIST, start->start_mark);
    while (list) {
        yaml_event_t event;
        if (!next_event(parse, &event))
            return NULL;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            parse->depth--;
            return g_steal_pointer(&list);
        }
        Node *item = parse_node(parse, &event);
        yaml_event_delete(&event);
        if (!item)
            return NULL;
        g_ptr_array_add(list->nd_items, item);
    }
    return NULL;
}

/* The next key, NULL at the end of the map or on a finding (then *failed). */
static Node *parse_key(Parse *parse, gboolean *failed)
{
    yaml_event_t event;
    Node *key = NULL;

    *failed = TRUE;
    if (!next_event(parse, &event))
        return NULL;
    if (event.type == YAML_MAPPING_END_EVENT) {
        *failed = FALSE;
    } else if (event.type != YAML_SCALAR_EVENT) {
        if (event.type == YAML_ALIAS_EVENT)
            key = parse_node(parse, &event);
        else
            finding(parse, event.start_mark,
                    "a text that begins with { or [ needs quotes",
                    "a key must be a text");
    } else if (event.data.scalar.length > NODE_KEY_MAX) {
        finding(parse, event.start_mark, NULL, "a key of more than 256 bytes");
    } else if (event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
               !strcmp((const char *)event.data.scalar.value, "<<")) {
        finding(parse, event.start_mark, "write the keys out",
                "a merge key (<<): merge keys are not part of the language");
    } else {
        key = parse_scalar(parse, &event);
        *failed = !key;
    }
    yaml_event_delete(&event);
    return key;
}

/* Takes both; the second of two like keys is reported and dropped. */
static void add_pair(Parse *parse, Node *map, Node *key, Node *value)
{
    gpointer first = g_hash_table_lookup(map->nd_index, key->nd_text);

    if (first) {
        const Node *other = map->nd_keys->pdata[GPOINTER_TO_UINT(first) - 1];
        parry_diags_add(parse->diags, DIAG_ERROR, parse->file, parse->source,
                        key->nd_line, key->nd_column, NULL,
                        "duplicate key \"%s\": the first is in line %d", key->nd_text,
                        other->nd_line);
        node_free(key);
        node_free(value);
        return;
    }
    node_put(map, key, value);
}

static Node *parse_map(Parse *parse, const yaml_event_t *start)
{
    if (!enter(parse, start) ||
        !check_decoration(parse, start, start->data.mapping_start.anchor,
                          start->data.mapping_start.tag))
        return NULL;
    g_autoptr(Node) map = node_new(parse, NODE_MAP, start->start_mark);
    while (map) {
        yaml_event_t event;
        gboolean failed;
        g_autoptr(Node) key = parse_key(parse, &failed);
        if (!key) {
            if (failed)
                return NULL;
            parse->depth--;
            return g_steal_pointer(&map);
        }
        if (!next_event(parse, &event))
            return NULL;
        Node *value = parse_node(parse, &event);
        yaml_event_delete(&event);
        if (!value)
            return NULL;
        add_pair(parse, map, g_steal_pointer(&key), value);
    }
    return NULL;
}

static Node *parse_node(Parse *parse, yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return parse_scalar(parse, event);
    case YAML_SEQUENCE_START_EVENT:
        return parse_list(parse, event);
    case YAML_MAPPING_START_EVENT:
        return parse_map(parse, event);
    case YAML_ALIAS_EVENT:
        finding(parse, event->start_mark,
                "write the value out; a text that begins with * needs quotes",
                "an alias (*name): aliases are not part of the language");
        return NULL;
    default:
        finding(parse, event->start_mark, NULL, "a value is missing");
        return NULL;
    }
}

/* The root of the one document that the stream must hold. */
static Node *parse_stream(Parse *parse)
{
    yaml_event_t event;
    g_autoptr(Node) root = NULL;
    int documents = 0;

    for (;;) {
        if (!next_event(parse, &event))
            return NULL;
        yaml_event_type_t type = event.type;
        yaml_mark_t mark = event.start_mark;
        gboolean ok = TRUE;
        if (type == YAML_DOCUMENT_START_EVENT && documents++) {
            finding(parse, mark, "one file holds one scenario",
                    "a second document (---)");
            ok = FALSE;
        } else if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT ||
                   type == YAML_MAPPING_START_EVENT || type == YAML_ALIAS_EVENT) {
            root = parse_node(parse, &event);
            ok = root != NULL;
        }
        yaml_event_delete(&event);
        if (!ok)
            return NULL;
        if (type == YAML_STREAM_END_EVENT)
            break;
    }
    if (!root)
        parry_diags_add(parse->diags, DIAG_ERROR, parse->file, NULL, 1, 1,
                        "a scenario begins with \"parry: 1\"", "the file is empty");
    return g_steal_pointer(&root);
}

/* Place of the first byte that is no UTF-8. */
static yaml_mark_t place_of(const char *bytes, const char *bad)
{
    yaml_mark_t mark = {0};

    for (const char *p = bytes; p < bad; p = g_utf8_next_char(p)) {
        mark.column++;
        if (*p == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

static gboolean check_bytes(Parse *parse, const char *bytes, gsize len)
{
    const char *bad = NULL;

    if (len > NODE_FILE_MAX) {
        parry_diags_add(parse->diags, DIAG_ERROR, parse->file, NULL, 0, 0, NULL,
                        "larger than 1 MiB: not read");
        return FALSE;
    }
    if (!g_utf8_validate_len(bytes, len, &bad)) {
        finding(parse, place_of(bytes, bad), "save the file as UTF-8",
                *bad ? "a byte that is not UTF-8" : "a NUL byte");
        return FALSE;
    }
    return TRUE;
}

Node *node_parse(const char *file, int number, const char *source, gsize len,
                 ParryDiags *diags)
{
    Parse parse = {.file = file, .source = source, .number = number, .diags = diags};

    if (!check_bytes(&parse, source, len))
        return NULL;
    if (!yaml_parser_initialize(&parse.yaml)) {
        parry_diags_add(diags, DIAG_ERROR, file, NULL, 0, 0, NULL, "out of memory");
        return NULL;
    }
    yaml_parser_set_encoding(&parse.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parse.yaml, (const unsigned char *)source, len);
    Node *root = parse_stream(&parse);
    yaml_parser_delete(&parse.yaml);
    return root;
}

static gpointer index_of(const Node *map, const char *key)
{
    if (!map || map->nd_kind != NODE_MAP)
        return NULL;
    return g_hash_table_lookup(map->nd_index, key);
}

Node *node_get(const Node *map, const char *key)
{
    gpointer place = index_of(map, key);

    return place ? map->nd_items->pdata[GPOINTER_TO_UINT(place) - 1] : NULL;
}

Node *node_key(const Node *map, const char *key)
{
    gpointer place = index_of(map, key);

    return place ? map->nd_keys->pdata[GPOINTER_TO_UINT(place) - 1] : NULL;
}

guint node_len(const Node *node)
{
    return node && node->nd_items ? node->nd_items->len : 0;
}

Node *node_at(const Node *node, guint i)
{
    return node->nd_items->pdata[i];
}

const char *node_key_at(const Node *map, guint i)
{
    return ((const Node *)map->nd_keys->pdata[i])->nd_text;
}

const char *node_text(const Node *node)
{
    return node && node->nd_kind == NODE_SCALAR && !node->nd_bad ? node->nd_text : NULL;
}

const char *node_get_text(const Node *map, const char *key)
{
    return node_text(node_get(map, key));
}

const char *node_kind_name(const Node *node)
{
    switch (node->nd_kind) {
    case NODE_LIST:
        return "a list";
    case NODE_MAP:
        return "a mapping";
    case NODE_SCALAR:
        break;
    }
    return "a text";
}
