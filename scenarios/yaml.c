/* A YAML file into nodes: libyaml's events, and all that is refused of YAML. */
#include "scenarios/syntax.h"

#include <string.h>
#include <yaml.h>

/* One parse. A finding ends it, but for a duplicate key. */
typedef struct {
    yaml_parser_t yaml;
    const char *file;
    const char *source;
    int number; /* for nd_file */
    ParryDiags *diags;
    NodeBlocks *blocks;
    guint nodes;
    int depth;
} Parse;

static Node *parse_node(Parse *parse, yaml_event_t *event);

static void finding(Parse *parse, yaml_mark_t mark, const char *hint, const char *message)
{
    parry_diags_add(parse->diags, DIAG_ERROR, parse->file, parse->source,
                    (int)mark.line + 1, (int)mark.column + 1, hint, "%s", message);
}

static gboolean next_event(Parse *parse, yaml_event_t *event)
{
    if (yaml_parser_parse(&parse->yaml, event))
        return TRUE;
    syntax_finding(&parse->yaml, parse->file, parse->source, parse->diags);
    return FALSE;
}

static Node *node_new(Parse *parse, NodeKind kind, const char *text, gsize len,
                      yaml_mark_t mark)
{
    if (++parse->nodes > NODE_COUNT_MAX) {
        finding(parse, mark, NULL, "more than 100000 values in one file");
        return NULL;
    }
    Node *node = node_make_in(parse->blocks, kind, text, len, (int)mark.line + 1,
                              (int)mark.column + 1);
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
    Node *node = node_new(parse, NODE_SCALAR, (const char *)event->data.scalar.value,
                          event->data.scalar.length, event->start_mark);
    if (!node)
        return NULL;
    node->nd_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
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
    g_autoptr(Node) list = node_new(parse, NODE_LIST, NULL, 0, start->start_mark);
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
        node_append(list, item);
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
    const Node *first = node_key(map, key->nd_text);

    if (first)
        parry_diags_add(parse->diags, DIAG_ERROR, parse->file, parse->source,
                        key->nd_line, key->nd_column, NULL,
                        "duplicate key \"%s\": the first is in line %d", key->nd_text,
                        first->nd_line);
    node_put(map, key, value);
}

static Node *parse_map(Parse *parse, const yaml_event_t *start)
{
    if (!enter(parse, start) ||
        !check_decoration(parse, start, start->data.mapping_start.anchor,
                          start->data.mapping_start.tag))
        return NULL;
    g_autoptr(Node) map = node_new(parse, NODE_MAP, NULL, 0, start->start_mark);
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
    parse.blocks = node_blocks_new();
    yaml_parser_set_encoding(&parse.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parse.yaml, (const unsigned char *)source, len);
    Node *root = parse_stream(&parse);
    yaml_parser_delete(&parse.yaml);
    if (root)
        root->nd_blocks = parse.blocks;
    else
        node_blocks_free(parse.blocks);
    return root;
}
