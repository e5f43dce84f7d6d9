#include "scenarios/schema.h"

#include "scenarios/node.h"
#include "scenarios/values.h"

#include <string.h>

/* A parameter may stand in any scalar; what it holds only the loader knows. */
#define PARAM "\\$\\{param\\.[a-z][a-z0-9-]*\\}"
#define LANGUAGE "^[a-z]{2,3}(-[A-Za-z0-9]+)*$"

static void collect(const KeyTable *table, GPtrArray *tables)
{
    if (g_ptr_array_find(tables, (gpointer)table, NULL))
        return;
    g_ptr_array_add(tables, (gpointer)table);
    for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++)
        if (spec->ks_sub)
            collect(spec->ks_sub, tables);
}

GPtrArray *schema_tables(void)
{
    GPtrArray *tables = g_ptr_array_new();

    collect(&keys_root, tables);
    return tables;
}

/* "a file check" is defined as file-check. */
static char *table_name(const KeyTable *table)
{
    const char *name = table->kt_name;

    if (g_str_has_prefix(name, "a ") || g_str_has_prefix(name, "an "))
        name = strchr(name, ' ') + 1;
    return g_strdelimit(g_strdup(name), " ", '-');
}

/*
 * A table has up to three definitions: as it is; partial, with nothing required, for what
 * `defaults` gives; and open, for files in which `defaults` or other files may say the
 * rest: in it, what has defaults is partial.
 */
typedef enum { WHOLE, PARTIAL, OPEN } Variant;

static const char *const variant_names[] = {"", "partial-", "open-"};

static gboolean has_defaults(const KeyTable *table)
{
    g_autoptr(GPtrArray) tables = schema_tables();

    for (guint i = 0; i < tables->len; i++) {
        const KeyTable *one = tables->pdata[i];
        for (const KeySpec *spec = one->kt_keys; spec->ks_key; spec++)
            if (spec->ks_sub == table && (spec->ks_flags & KEY_PARTIAL))
                return TRUE;
    }
    return FALSE;
}

/* Does something with defaults stand below the table? */
static gboolean leads_to_defaults(const KeyTable *table)
{
    g_autoptr(GPtrArray) below = g_ptr_array_new();

    collect(table, below);
    for (guint i = 1; i < below->len; i++)
        if (has_defaults(below->pdata[i]))
            return TRUE;
    return FALSE;
}

static Variant variant_of(const KeySpec *spec, Variant around)
{
    if (spec->ks_flags & KEY_PARTIAL)
        return PARTIAL;
    if (around != OPEN)
        return WHOLE;
    if (has_defaults(spec->ks_sub))
        return PARTIAL;
    return leads_to_defaults(spec->ks_sub) ? OPEN : WHOLE;
}

static char *definition(const KeyTable *table, Variant variant)
{
    g_autofree char *name = table_name(table);

    return g_strconcat(variant_names[variant], name, NULL);
}

static json_t *table_ref(const KeyTable *table, Variant variant)
{
    g_autofree char *name = definition(table, variant);
    g_autofree char *to = g_strconcat("#/$defs/", name, NULL);

    return json_pack("{s:s}", "$ref", to);
}

static json_t *sub_ref(const KeySpec *spec, Variant around)
{
    return table_ref(spec->ks_sub, variant_of(spec, around));
}

/* The words of a spec, unbuilt ones too. */
static json_t *word_list(const KeySpec *spec)
{
    json_t *out = json_array();

    for (const char *const *word = spec->ks_words; *word; word++)
        json_array_append_new(out, json_string(*word + (**word == '!')));
    return out;
}

/* Words, or a parameter. */
static json_t *words_schema(const KeySpec *spec)
{
    return json_pack("{s:[{s:o}, {s:s, s:s}]}", "anyOf", "enum", word_list(spec), "type",
                     "string", "pattern", PARAM);
}

/* Only numbers heed bounds, only strings a pattern: one schema serves both. */
static void set_form(json_t *out, const KeySpec *spec, KeyType type)
{
    const ValueForm *form = value_form(type);
    gboolean own = form->vf_min || form->vf_max;
    gint64 min = own ? form->vf_min : spec->ks_min;
    gint64 max = own ? form->vf_max : spec->ks_max;
    g_autofree char *pattern =
        form->vf_pattern ? g_strdup_printf("^(?:%s)$|%s", form->vf_pattern, PARAM) : NULL;

    if (type == KEY_VALUE) {
        json_object_set_new(out, "type",
                            json_pack("[s, s, s]", "string", "number", "boolean"));
    } else if (!form->vf_type) {
        json_object_set_new(out, "type", json_string("string"));
    } else {
        json_object_set_new(out, "type", json_pack("[s, s]", form->vf_type, "string"));
        if (min || max) {
            json_object_set_new(out, "minimum", json_integer(min));
            json_object_set_new(out, "maximum", json_integer(max));
        }
    }
    if (pattern)
        json_object_set_new(out, "pattern", json_string(pattern));
}

static json_t *scalar_schema(const KeySpec *spec, KeyType type)
{
    json_t *out;

    if (type == KEY_ENUM)
        return words_schema(spec);
    out = json_object();
    set_form(out, spec, type);
    if (spec->ks_words && type == spec->ks_type) /* "end" besides moments, and such */
        return json_pack("{s:[{s:o}, o]}", "anyOf", "enum", word_list(spec), out);
    return out;
}

/* The items of a list, the values of names. */
static json_t *item_schema(const KeySpec *spec, KeyType item, Variant around)
{
    switch (item) {
    case KEY_MAP:
        return sub_ref(spec, around);
    case KEY_PORTS: {
        json_t *port = scalar_schema(spec, KEY_PORT);
        return json_pack("{s:[O, {s:s, s:o}]}", "anyOf", port, "type", "array", "items",
                         port);
    }
    default:
        return scalar_schema(spec, item);
    }
}

/* One, or a list of them; takes `one` over. */
static json_t *one_or_list(json_t *one)
{
    return json_pack("{s:[O, {s:s, s:o}]}", "anyOf", one, "type", "array", "items", one);
}

static json_t *named_schema(const KeySpec *spec, Variant around)
{
    KeyType type = spec->ks_name == KEY_TEXT ? KEY_NAME : spec->ks_name;
    const char *pattern = value_form(type)->vf_pattern;
    g_autofree char *name = pattern ? g_strdup_printf("^(?:%s)$", pattern) : NULL;
    json_t *names = type == KEY_ENUM ? json_pack("{s:o}", "enum", word_list(spec))
                    : name           ? json_pack("{s:s}", "pattern", name)
                                     : json_true();

    return json_pack("{s:s, s:o, s:o}", "type", "object", "propertyNames", names,
                     "additionalProperties", item_schema(spec, spec->ks_item, around));
}

static json_t *langtext_schema(void)
{
    return json_pack("{s:[{s:s}, {s:s, s:i, s:{s:s}, s:{s:s}}]}", "anyOf", "type",
                     "string", "type", "object", "minProperties", 1, "propertyNames",
                     "pattern", LANGUAGE, "additionalProperties", "type", "string");
}

static json_t *form_schema(const KeySpec *spec, Variant around)
{
    switch (spec->ks_type) {
    case KEY_MAP:
        return sub_ref(spec, around);
    case KEY_MAPS:
        return one_or_list(sub_ref(spec, around));
    case KEY_SHORT:
        return json_pack("{s:[o, o]}", "anyOf", scalar_schema(spec, spec->ks_item),
                         sub_ref(spec, around));
    case KEY_NAMED:
        return named_schema(spec, around);
    case KEY_LIST:
        return json_pack("{s:s, s:o}", "type", "array", "items",
                         item_schema(spec, spec->ks_item, around));
    case KEY_ONE_OR_LIST:
        return one_or_list(item_schema(spec, spec->ks_item, around));
    case KEY_PORTS:
        return item_schema(spec, KEY_PORTS, around);
    case KEY_SELECTION:
        return json_pack("{s:[o, {s:s, s:o}]}", "anyOf", words_schema(spec), "type",
                         "array", "items", scalar_schema(spec, KEY_NAME));
    case KEY_LANGTEXT:
        return langtext_schema();
    case KEY_ANY:
        return json_object();
    default:
        return scalar_schema(spec, spec->ks_type);
    }
}

/* What YAML 1.2's core schema makes of a plain scalar, as far as examples and defaults of
 * the language go. */
static json_t *core_scalar(const char *text, gboolean plain)
{
    gint64 number, milli;

    if (plain && value_int(text, &number))
        return json_integer(number);
    if (plain && value_points(text, &milli))
        return json_real(g_ascii_strtod(text, NULL));
    if (plain && (!strcmp(text, "true") || !strcmp(text, "false")))
        return json_boolean(*text == 't');
    return json_string(text);
}

static json_t *core_value(const Node *node)
{
    json_t *out;

    switch (node->nd_kind) {
    case NODE_LIST:
        out = json_array();
        for (guint i = 0; i < node_len(node); i++)
            json_array_append_new(out, core_value(node_at(node, i)));
        return out;
    case NODE_MAP:
        out = json_object();
        for (guint i = 0; i < node_len(node); i++)
            json_object_set_new(out, node_key_at(node, i), core_value(node_at(node, i)));
        return out;
    default:
        return core_scalar(node->nd_text, node->nd_plain);
    }
}

/* The example as a value, or NULL where it is no YAML (a test keeps them sound). */
static json_t *example_value(const char *example)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autofree char *text = g_strdup_printf("value: %s\n", example);
    g_autoptr(Node) root = node_parse("example", 0, text, strlen(text), diags);

    return root ? core_value(node_get(root, "value")) : NULL;
}

static const char *unit_of(const KeySpec *spec)
{
    KeyType type = spec->ks_type < KEY_SCALARS ? spec->ks_type : spec->ks_item;
    gboolean scalar = spec->ks_type < KEY_SCALARS || spec->ks_type == KEY_LIST ||
                      spec->ks_type == KEY_ONE_OR_LIST || spec->ks_type == KEY_SHORT;

    if (!scalar || type >= KEY_SCALARS || type == KEY_TEXT || type == KEY_ENUM)
        return NULL;
    return value_want(type);
}

/* What the editor shows beside the key. */
static char *description(const KeySpec *spec)
{
    g_autoptr(GString) out = g_string_new(spec->ks_doc);
    const char *unit = unit_of(spec);

    if (unit)
        g_string_append_printf(out, " Wants %s.", unit);
    for (const char *const *word = spec->ks_words; word && *word; word++)
        if (**word == '!')
            g_string_append_printf(out, " The engine of %s is not built yet.", *word + 1);
    if (!spec->ks_since)
        g_string_append(out, " Its engine is not built yet: check knows it, up and "
                             "simulate refuse it.");
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static json_t *key_schema(const KeySpec *spec, Variant around)
{
    json_t *out = form_schema(spec, around);
    g_autofree char *text = description(spec);
    json_t *example = spec->ks_example ? example_value(spec->ks_example) : NULL;

    json_object_set_new(out, "description", json_string(text));
    if (spec->ks_default)
        json_object_set_new(
            out, "default",
            core_scalar(spec->ks_default, spec->ks_type < KEY_SCALARS &&
                                              value_form(spec->ks_type)->vf_type));
    if (example)
        json_object_set_new(out, "examples", json_pack("[o]", example));
    if (spec->ks_since)
        json_object_set_new(out, "x-parry-since", json_string(spec->ks_since));
    return out;
}

/* Of the keys with that flag exactly one; NULL where the table has no such group. */
static json_t *choice(const KeyTable *table, unsigned flag)
{
    json_t *out = NULL;

    for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++) {
        if (!(spec->ks_flags & flag))
            continue;
        if (!out)
            out = json_array();
        json_array_append_new(out, json_pack("{s:[s]}", "required", spec->ks_key));
    }
    return out ? json_pack("{s:o}", "oneOf", out) : NULL;
}

static void set_required(json_t *out, const KeyTable *table)
{
    json_t *required = json_array(), *groups = json_array();
    static const unsigned flags[] = {KEY_CHOICE, KEY_CHOICE_2};

    for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++)
        if (spec->ks_flags & KEY_REQUIRED)
            json_array_append_new(required, json_string(spec->ks_key));
    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++) {
        json_t *group = choice(table, flags[i]);
        if (group)
            json_array_append_new(groups, group);
    }
    if (json_array_size(required))
        json_object_set(out, "required", required);
    if (json_array_size(groups))
        json_object_set(out, "allOf", groups);
    json_decref(required);
    json_decref(groups);
}

/* Whether what must be there is asked for: another file may have it. */
static gboolean is_strict(const KeyTable *table, Variant variant)
{
    return variant == WHOLE || (variant == OPEN && table != &keys_root);
}

static json_t *table_schema(const KeyTable *table, Variant variant)
{
    json_t *keys = json_object();
    json_t *out = json_pack("{s:s, s:s, s:s, s:o, s:b}", "title", table->kt_name,
                            "description", table->kt_doc, "type", "object", "properties",
                            keys, "additionalProperties", FALSE);

    for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++)
        json_object_set_new(keys, spec->ks_key, key_schema(spec, variant));
    if (is_strict(table, variant))
        set_required(out, table);
    return out;
}

static void define(json_t *defs, const KeyTable *table, Variant variant)
{
    g_autofree char *name = definition(table, variant);

    json_object_set_new(defs, name, table_schema(table, variant));
}

static json_t *definitions(void)
{
    g_autoptr(GPtrArray) tables = schema_tables();
    json_t *defs = json_object();

    for (guint i = 0; i < tables->len; i++) {
        const KeyTable *table = tables->pdata[i];
        define(defs, table, WHOLE);
        if (has_defaults(table))
            define(defs, table, PARTIAL);
        else if (table == &keys_root || leads_to_defaults(table))
            define(defs, table, OPEN);
    }
    return defs;
}

static json_t *make(const char *title)
{
    return json_pack("{s:s, s:s, s:s, s:o}", "$schema",
                     "https://json-schema.org/draft/2020-12/schema", "title", title,
                     "$comment", "Made by parry " PARRY_VERSION, "$defs", definitions());
}

json_t *schema_json(void)
{
    json_t *out = make("Parry scenario");
    json_t *more = json_pack("{s:[{s:[s]}, {s:[s]}]}", "anyOf", "required", "defaults",
                             "required", "includes");

    json_object_set_new(out, "if", more);
    json_object_set_new(out, "then", table_ref(&keys_root, OPEN));
    json_object_set_new(out, "else", table_ref(&keys_root, WHOLE));
    return out;
}

json_t *schema_part_json(void)
{
    json_t *out = make("Part of a Parry scenario");
    json_t *ref = table_ref(&keys_root, OPEN);

    json_object_update(out, ref);
    json_decref(ref);
    return out;
}
