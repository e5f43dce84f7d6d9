#include "scenarios/import/yaml_out.h"

#include "scenarios/values.h"

#include <string.h>
#include <yaml.h>

/* Collections of scalars up to so many characters stand on one line. */
#define FLOW_CHARS 64

G_DEFINE_QUARK(yaml - out - error - quark, yaml_out_error)

typedef struct {
    yaml_emitter_t yaml;
    GString *text;
} Out;

static int write_bytes(void *data, unsigned char *bytes, size_t size)
{
    g_string_append_len(data, (const char *)bytes, (gssize)size);
    return 1;
}

/* Controls that reorder text or hide it; raw, they would make a file look like what it is
 * not. */
static gboolean is_bidi(gunichar c)
{
    return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static gboolean holds_controls(const char *text)
{
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (is_bidi(c) || (c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0) ||
            c == 0x2028 || c == 0x2029)
            return TRUE;
    }
    return FALSE;
}

static yaml_scalar_style_t style_of(const char *text, gboolean key)
{
    if (value_retyped(text) || !strcmp(text, "<<") || holds_controls(text))
        return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    if (!key && strchr(text, '\n') && !g_ascii_isspace(*text))
        return YAML_LITERAL_SCALAR_STYLE;
    return YAML_ANY_SCALAR_STYLE;
}

/* Takes the event over. */
static gboolean emit(Out *out, yaml_event_t *event)
{
    return yaml_emitter_emit(&out->yaml, event);
}

static gboolean emit_text(Out *out, const char *text, yaml_scalar_style_t style)
{
    yaml_event_t event;

    return yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
                                        (int)strlen(text), 1, 1, style) &&
           emit(out, &event);
}

/* Characters on one line, or more than FLOW_CHARS where it is not to stand on one. */
static gsize flow_chars(const json_t *value)
{
    gsize chars = 2, i;
    const char *key;
    const json_t *item;

    if (json_is_string(value))
        return strchr(json_string_value(value), '\n')
                   ? FLOW_CHARS + 1
                   : (gsize)g_utf8_strlen(json_string_value(value), -1) + 2;
    if (json_is_array(value))
        json_array_foreach (value, i, item) {
            chars += json_is_object(item) ? FLOW_CHARS : flow_chars(item);
            if (chars > FLOW_CHARS)
                return chars;
        }
    else if (json_is_object(value))
        json_object_foreach ((json_t *)value, key, item) {
            chars += strlen(key) + 2;
            chars += json_is_object(item) ? FLOW_CHARS : flow_chars(item);
            if (chars > FLOW_CHARS)
                return chars;
        }
    else
        chars = 8;
    return chars;
}

static gboolean emit_value(Out *out, const json_t *value, int depth);

static gboolean emit_list(Out *out, const json_t *list, int depth)
{
    yaml_event_t event;
    gboolean flow = flow_chars(list) <= FLOW_CHARS;
    gboolean good = yaml_sequence_start_event_initialize(
                        &event, NULL, NULL, 1,
                        flow ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE) &&
                    emit(out, &event);

    for (gsize i = 0; good && i < json_array_size(list); i++)
        good = emit_value(out, json_array_get(list, i), depth + 1);
    return good && yaml_sequence_end_event_initialize(&event) && emit(out, &event);
}

static gboolean emit_map(Out *out, const json_t *map, int depth)
{
    yaml_event_t event;
    const char *key;
    const json_t *value;
    gboolean flow = depth > 1 && flow_chars(map) <= FLOW_CHARS;
    gboolean good = yaml_mapping_start_event_initialize(
                        &event, NULL, NULL, 1,
                        flow ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE) &&
                    emit(out, &event);

    json_object_foreach ((json_t *)map, key, value) {
        good = good && emit_text(out, key, style_of(key, TRUE)) &&
               emit_value(out, value, depth + 1);
    }
    return good && yaml_mapping_end_event_initialize(&event) && emit(out, &event);
}

static gboolean emit_value(Out *out, const json_t *value, int depth)
{
    char number[32];

    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return emit_map(out, value, depth);
    case JSON_ARRAY:
        return emit_list(out, value, depth);
    case JSON_STRING:
        return emit_text(out, json_string_value(value),
                         style_of(json_string_value(value), FALSE));
    case JSON_INTEGER:
        g_snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT,
                   json_integer_value(value));
        return emit_text(out, number, YAML_PLAIN_SCALAR_STYLE);
    default:
        return emit_text(out, json_is_true(value) ? "true" : "false",
                         YAML_PLAIN_SCALAR_STYLE);
    }
}

static gboolean emit_document(Out *out, const json_t *tree)
{
    yaml_event_t event;

    return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
           emit(out, &event) &&
           yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
           emit(out, &event) && emit_value(out, tree, 0) &&
           yaml_document_end_event_initialize(&event, 1) && emit(out, &event) &&
           yaml_stream_end_event_initialize(&event) && emit(out, &event);
}

/* The emitter takes bidi controls for printable; they stand in double quotes only
 * (style_of), where an escape means the same. */
static char *escape_bidi(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (is_bidi(c))
            g_string_append_printf(out, "\\u%04X", c);
        else
            g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}

static void add_comment(GString *text, const char *comment)
{
    g_auto(GStrv) lines = g_strsplit(comment ? comment : "", "\n", -1);

    for (char **line = lines; *line; line++)
        if (**line || line[1])
            g_string_append_printf(text, "#%s%s\n", **line ? " " : "", *line);
}

char *yaml_out(const json_t *tree, const char *comment, GError **error)
{
    Out out = {.text = g_string_new(NULL)};

    if (!yaml_emitter_initialize(&out.yaml)) {
        g_set_error(error, yaml_out_error_quark(), 0, "scenario: write: out of memory");
        g_string_free(out.text, TRUE);
        return NULL;
    }
    add_comment(out.text, comment);
    yaml_emitter_set_output(&out.yaml, write_bytes, out.text);
    yaml_emitter_set_unicode(&out.yaml, 1);
    yaml_emitter_set_width(&out.yaml, -1);
    gboolean good = emit_document(&out, tree);
    if (!good)
        g_set_error(error, yaml_out_error_quark(), 0, "scenario: write: %s",
                    out.yaml.problem ? out.yaml.problem : "out of memory");
    yaml_emitter_delete(&out.yaml);
    if (out.text->len && out.text->str[out.text->len - 1] != '\n')
        g_string_append_c(out.text, '\n');
    char *text = good ? escape_bidi(out.text->str) : NULL;
    g_string_free(out.text, TRUE);
    return text;
}
