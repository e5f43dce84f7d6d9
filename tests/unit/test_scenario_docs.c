/*
 * docs/scenario-keys.md is the reference of the language: what stands between its two
 * marks is made from the tables that drive the loader, so it cannot drift. With
 * PARRY_WRITE_DOCS=1 in the environment this program writes it anew.
 */
#include "scenarios/loader.h"
#include "scenarios/schema.h"
#include "scenarios/values.h"
#include "tests/unit/cunit_main.h"

#include <string.h>

#define PAGE PARRY_SOURCE_DIR "/docs/scenario-keys.md"
#define BEGIN_MARK "<!-- begin: made from scenarios/keys*.c -->\n"
#define END_MARK "<!-- end: made from scenarios/keys*.c -->\n"

/* "a drill" has the anchor #a-drill. */
static char *anchor(const KeyTable *table)
{
    char *text = g_strdup(table->kt_name);

    return g_strdelimit(text, " ", '-');
}

static char *words(const KeySpec *spec)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (const char *const *word = spec->ks_words; *word; word++)
        g_string_append_printf(out, "%s`%s`%s", out->len ? ", " : "",
                               *word + (**word == '!'),
                               **word == '!' ? " (not built yet)" : "");
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static char *scalar(const KeySpec *spec, KeyType type)
{
    if (type == KEY_ENUM)
        return words(spec);
    if (type == KEY_INT && (spec->ks_min || spec->ks_max))
        return g_strdup_printf("an integer from %" G_GINT64_FORMAT
                               " to %" G_GINT64_FORMAT,
                               spec->ks_min, spec->ks_max);
    return g_strdup(value_want(type));
}

static char *sub_link(const KeySpec *spec)
{
    g_autofree char *to = anchor(spec->ks_sub);

    return g_strdup_printf("[%s](#%s)", spec->ks_sub->kt_name, to);
}

static char *type_text(const KeySpec *spec)
{
    g_autofree char *item = spec->ks_sub                  ? sub_link(spec)
                            : spec->ks_item < KEY_SCALARS ? scalar(spec, spec->ks_item)
                                                          : NULL;

    switch (spec->ks_type) {
    case KEY_MAP:
        return sub_link(spec);
    case KEY_MAPS:
        return g_strdup_printf("%s, or a list of them", item);
    case KEY_SHORT: {
        g_autofree char *small = scalar(spec, spec->ks_item);
        return g_strdup_printf("%s; or more by %s", small, item);
    }
    case KEY_NAMED:
        return g_strdup_printf("names, each with %s",
                               spec->ks_item == KEY_PORTS
                                   ? "a port such as 80, \"8080:80\" "
                                     "or \"53/udp\", or a list of them"
                                   : item);
    case KEY_LIST:
        return g_strdup_printf("a list; each item %s", item);
    case KEY_ONE_OR_LIST:
        return g_strdup_printf("%s, or a list of them", item);
    case KEY_SELECTION: {
        g_autofree char *known = words(spec);
        return g_strdup_printf("%s, or a list of names", known);
    }
    case KEY_LANGTEXT:
        return g_strdup("a text, or one a language: `{en: …, zh-Hant: …}`");
    case KEY_ANY:
        return g_strdup("not built yet");
    default:
        return scalar(spec, spec->ks_type);
    }
}

/* The first name of `{web: {…}}`, or NULL. */
static char *first_name(const char *example)
{
    gsize len;

    if (!example || *example != '{')
        return NULL;
    len = strcspn(example + 1, ":");
    return g_strndup(example + 1, len);
}

/* The line above the table's keys in a scenario, and what they are indented by: `drill:`
 * of one mapping, `web:` of names. */
static char *parent_line(const KeyTable *table, const GPtrArray *tables)
{
    for (guint i = 0; i < tables->len; i++) {
        const KeyTable *above = tables->pdata[i];
        for (const KeySpec *spec = above->kt_keys; spec->ks_key; spec++) {
            if (spec->ks_sub != table)
                continue;
            g_autofree char *name =
                spec->ks_type == KEY_NAMED ? first_name(spec->ks_example) : NULL;
            return g_strdup_printf("%s:\n", name ? name : spec->ks_key);
        }
    }
    return g_strdup("");
}

/* Is it listed, and nothing else? Then each mapping begins with a dash. */
static gboolean only_listed(const KeyTable *table, const GPtrArray *tables)
{
    for (guint i = 0; i < tables->len; i++) {
        const KeyTable *above = tables->pdata[i];
        for (const KeySpec *spec = above->kt_keys; spec->ks_key; spec++)
            if (spec->ks_sub == table && spec->ks_type != KEY_LIST)
                return FALSE;
    }
    return table != &keys_root;
}

/* Two lines a key: what stands above it, and the key with a value. */
static void write_examples(GString *out, const KeyTable *table, const GPtrArray *tables)
{
    g_autofree char *parent = parent_line(table, tables);
    const char *indent = !*parent ? "" : only_listed(table, tables) ? "  - " : "  ";

    g_string_append(out, "\n```yaml\n");
    for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++)
        if (spec->ks_example)
            g_string_append_printf(out, "%s%s%s: %s\n", parent, indent, spec->ks_key,
                                   spec->ks_example);
    g_string_append(out, "```\n\n");
}

static void write_table(GString *out, const KeyTable *table, const GPtrArray *tables)
{
    const char *since = NULL;

    g_string_append_printf(out, "### %s\n\n%s\n\n", table->kt_name, table->kt_doc);
    g_string_append(out,
                    "| key | what | type | default | since |\n|---|---|---|---|---|\n");
    for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++) {
        g_autofree char *type = type_text(spec);
        const char *need = spec->ks_flags & KEY_REQUIRED ? "required"
                           : spec->ks_flags & KEY_CHOICE ? "exactly one of these"
                                                         : "";
        const char *more = spec->ks_flags & KEY_REFS
                               ? "; [references](scenario.md#references)"
                           : spec->ks_flags & KEY_PARTIAL ? "; no key is required"
                                                          : "";
        since = spec->ks_since ? spec->ks_since : "-";
        g_string_append_printf(out, "| `%s` | %s | %s%s | %s%s%s | %s |\n", spec->ks_key,
                               spec->ks_doc, type, more, spec->ks_default ? "`" : need,
                               spec->ks_default ? spec->ks_default : "",
                               spec->ks_default ? "`" : "", since);
    }
    write_examples(out, table, tables);
}

static char *reference(void)
{
    g_autoptr(GPtrArray) tables = schema_tables();
    g_autoptr(GString) out = g_string_new("\n");

    for (guint i = 0; i < tables->len; i++)
        write_table(out, tables->pdata[i], tables);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void page_matches_tables(void)
{
    g_autofree char *page = NULL, *want = reference();

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(PAGE, &page, NULL, NULL));
    char *begin = strstr(page, BEGIN_MARK), *end = strstr(page, END_MARK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(begin);
    CU_ASSERT_PTR_NOT_NULL_FATAL(end);
    begin += strlen(BEGIN_MARK);
    if (g_getenv("PARRY_WRITE_DOCS")) {
        g_autofree char *before = g_strndup(page, (gsize)(begin - page));
        g_autofree char *made = g_strconcat(before, want, end, NULL);
        CU_ASSERT_TRUE(g_file_set_contents(PAGE, made, -1, NULL));
        return;
    }
    g_autofree char *got = g_strndup(begin, (gsize)(end - begin));
    CU_ASSERT_STRING_EQUAL(got, want);
}

/* Each key says what it is for, and each default is what its own type takes. */
static void keys_are_sound(void)
{
    g_autoptr(GPtrArray) tables = schema_tables();

    for (guint i = 0; i < tables->len; i++) {
        const KeyTable *table = tables->pdata[i];
        for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++) {
            char *why = NULL;
            CU_ASSERT_TRUE(spec->ks_doc && g_str_has_suffix(spec->ks_doc, "."));
            CU_ASSERT_PTR_NULL(value_retyped(spec->ks_key));
            CU_ASSERT_TRUE(keys_find(table, spec->ks_key) == spec);
            CU_ASSERT_TRUE(spec->ks_type != KEY_ANY || !spec->ks_since);
            if (spec->ks_default && spec->ks_type < KEY_SCALARS)
                CU_ASSERT_TRUE(value_check(spec, spec->ks_type, spec->ks_default, &why));
            for (int w = 0; spec->ks_words && spec->ks_words[w]; w++)
                CU_ASSERT_PTR_NULL(value_retyped(spec->ks_words[w]));
            g_free(why);
        }
    }
}

/* Each key that has a type has an example, and what it shows has the form that it wants.
 */
static void examples_are_sound(void)
{
    g_autoptr(GPtrArray) tables = schema_tables();

    for (guint i = 0; i < tables->len; i++) {
        const KeyTable *table = tables->pdata[i];
        for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++) {
            g_autofree char *why = NULL;
            if (!spec->ks_example && spec->ks_type == KEY_ANY)
                continue;
            if (!spec->ks_example)
                why = g_strdup("it has no ks_example");
            else if (shape_example(spec, spec->ks_example, &why))
                continue;
            printf("\n  `%s` in %s: %s\n", spec->ks_key, table->kt_name, why);
            CU_FAIL("an example is missing or wrong");
        }
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"docs/scenario-keys.md matches the tables", page_matches_tables},
        {"keys are sound", keys_are_sound},
        {"examples are sound", examples_are_sound},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("scenario docs", tests);
}
