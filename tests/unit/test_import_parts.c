/*
 * The parts of imports: readers of CSV and JSON, the writer of YAML, names, times, sizes.
 */
#include "scenarios/import/work.h"
#include "scenarios/import/yaml_out.h"
#include "scenarios/values.h"
#include "tests/unit/cunit_main.h"

#include <string.h>

typedef Node *(*Reader)(const char *file, GBytes *bytes, ParryDiags *diags);

static Node *read_bytes(Reader reader, const char *text, gsize len, char **findings)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(GBytes) bytes = g_bytes_new(text, len);
    Node *node = reader("f", bytes, diags);

    *findings = parry_diags_text(diags, FALSE);
    CU_ASSERT_EQUAL(node == NULL, parry_diags_count(diags, DIAG_ERROR) > 0);
    return node;
}

static void refuse(Reader reader, const char *text, gsize len, const char *want)
{
    g_autofree char *findings = NULL;
    g_autoptr(Node) node = read_bytes(reader, text, len, &findings);

    CU_ASSERT_PTR_NULL(node);
    if (strstr(findings, want))
        return;
    printf("\nwanted: %s\ngot: %s\n", want, findings);
    CU_FAIL("not the finding that was wanted");
}

static Node *accept(Reader reader, const char *text)
{
    g_autofree char *findings = NULL;
    Node *node = read_bytes(reader, text, strlen(text), &findings);

    if (!node)
        printf("\n%s\n%s", text, findings);
    CU_ASSERT_PTR_NOT_NULL_FATAL(node);
    return node;
}

/* --- CSV --- */

static void csv_is_read_as_the_rfc_says(void)
{
    g_autoptr(Node) list = accept(csv_in, "\xef\xbb\xbf"
                                          "a,b c,\"d\"\"e\"\r\n"
                                          "1,,\"x, y\nz\r\nw\"\r\n"
                                          "\r\n"
                                          "\" \xe8\xa1\x9b \",\"\",2,surplus\n");

    CU_ASSERT_EQUAL_FATAL(node_len(list), 2);
    CU_ASSERT_STRING_EQUAL(node_get_text(node_at(list, 0), "a"), "1");
    CU_ASSERT_PTR_NULL(node_get(node_at(list, 0), "b c"));
    CU_ASSERT_STRING_EQUAL(node_get_text(node_at(list, 0), "d\"e"), "x, y\nz\nw");
    const Node *second = node_at(list, 1);
    CU_ASSERT_STRING_EQUAL(node_get_text(second, "a"), "\xe8\xa1\x9b");
    CU_ASSERT_STRING_EQUAL(node_get_text(second, "column 4"), "surplus");
    CU_ASSERT_EQUAL(node_get(second, "column 4")->nd_line, 6);
    CU_ASSERT_EQUAL(node_get(second, "column 4")->nd_column, 12);
}

static void csv_knows_its_comma(void)
{
    g_autoptr(Node) one = accept(csv_in, "a;b;\"c,d,e,f\"\n1;2,5;3");
    g_autoptr(Node) two = accept(csv_in, "a\n1;2");

    CU_ASSERT_STRING_EQUAL(node_get_text(node_at(one, 0), "b"), "2,5");
    CU_ASSERT_STRING_EQUAL(node_get_text(node_at(two, 0), "a"), "1;2");
}

static void csv_in_doubt_is_refused(void)
{
    static const struct {
        const char *text, *want;
    } bad[] = {
        {"", "the first row is empty"},
        {"\n1,2\n", "the first row is empty"},
        {"a,a\n", "f:1:3: error: two columns have the same heading"},
        {"a\n\"x", "f:2:1: error: the file ends within quotes"},
        {"a\n\"x\"y\n", "f:2:4: error: something follows a closing quote"},
        {"a\nx\"y\"\n", "f:2:2: error: a quote within a cell"},
        {"a\rb\r", "a lone CR"},
        {"a\n\xe8\xa1\n", "f:2:1: error: a byte that is not UTF-8"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        refuse(csv_in, bad[i].text, strlen(bad[i].text), bad[i].want);
    refuse(csv_in, "a\n\0\n", 4, "a NUL byte");
}

static void csv_has_limits(void)
{
    g_autoptr(GString) wide = g_string_new("a"), tall = g_string_new("a\n");
    g_autofree char *cell = g_strnfill(40 * 1024, 'x');
    g_autofree char *fat = g_strconcat("a\n", cell, "\n", NULL);
    g_autofree char *head = g_strnfill(300, 'h');
    g_autofree char *large = g_strnfill(NODE_FILE_MAX + 1, ',');

    for (int i = 0; i < 70; i++)
        g_string_append(wide, ",");
    for (int i = 0; i < 5001; i++)
        g_string_append(tall, "x\n");
    refuse(csv_in, wide->str, wide->len, "more than 64 cells");
    refuse(csv_in, tall->str, tall->len, "more than 5000 rows");
    refuse(csv_in, fat, strlen(fat), "a cell of more than 32 KiB");
    refuse(csv_in, head, strlen(head), "a heading of more than 256 bytes");
    refuse(csv_in, large, NODE_FILE_MAX + 1, "larger than 1 MiB");
}

/* --- JSON --- */

static void json_keeps_places(void)
{
    g_autoptr(Node) root = accept(json_in, "{\"\xe8\xa1\x9b\": [1, -2.5e3, null],\n"
                                           "  \"k\\u0065y\": {\"x\": \"a\\n\\\"\\ud83d"
                                           "\\ude00\"}, \"\": true}");
    const Node *list = node_get(root, "\xe8\xa1\x9b");

    CU_ASSERT_EQUAL_FATAL(node_len(list), 3);
    CU_ASSERT_STRING_EQUAL(node_text(node_at(list, 1)), "-2.5e3");
    CU_ASSERT_TRUE(node_at(list, 2)->nd_plain);
    CU_ASSERT_EQUAL(node_at(list, 1)->nd_column, 11);
    CU_ASSERT_STRING_EQUAL(node_get_text(node_get(root, "key"), "x"),
                           "a\n\"\xf0\x9f\x98\x80");
    CU_ASSERT_EQUAL(node_key(root, "key")->nd_line, 2);
    CU_ASSERT_EQUAL(node_key(root, "key")->nd_column, 3);
    CU_ASSERT_STRING_EQUAL(node_get_text(root, ""), "true");
}

static void json_in_doubt_is_refused(void)
{
    static const struct {
        const char *text, *want;
    } bad[] = {
        {"", "no JSON"},
        {"{\"a\": 1,}", "no JSON"},
        {"{\"a\": 1, \"a\": 2}", "no JSON: duplicate object key"},
        {"[1] x", "no JSON"},
        {"[\"\\u0000\"]", "no JSON"},
        {"[\"\xe8\"]", "no JSON"},
        {"[01]", "no JSON"},
    };
    g_autoptr(GString) deep = g_string_new(NULL);
    g_autofree char *x = g_strnfill(NODE_SCALAR_MAX + 1, 'x');
    g_autofree char *text = g_strconcat("[\"", x, "\"]", NULL);
    g_autofree char *k = g_strnfill(NODE_KEY_MAX + 1, 'k');
    g_autofree char *key = g_strconcat("{\"", k, "\": 1}", NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        refuse(json_in, bad[i].text, strlen(bad[i].text), bad[i].want);
    for (int i = 0; i < 40; i++)
        g_string_append_c(deep, '[');
    for (int i = 0; i < 40; i++)
        g_string_append_c(deep, ']');
    refuse(json_in, deep->str, deep->len, "nested more than 32 deep");
    refuse(json_in, text, strlen(text), "a text of more than 64 KiB");
    refuse(json_in, key, strlen(key), "a key of more than 256 bytes");
}

/* --- YAML --- */

static const char *const odd_texts[] = {
    "",
    " ",
    "on",
    "No",
    "null",
    "~",
    "1e3",
    "0x1f",
    "12:30",
    "2026-01-01",
    " leading",
    "trailing ",
    "a: b",
    "a #b",
    "- x",
    "? y",
    "{a",
    "[a",
    "&a",
    "*a",
    "!a",
    "%a",
    "@a",
    "`a",
    "'",
    "\"",
    "\\",
    "a\nb",
    "a\nb\n",
    "a\n\n\nb\n\n",
    "\n",
    "\n\na",
    "  a\nb",
    "a\n  b\n c",
    "a \nb",
    "tab\tin",
    "\ttab\n x",
    "a\r\nb",
    "\xe8\xa1\x9b\xe7\x94\x9f",
    "\xe2\x80\xae"
    "evil",
    "a\n\xe2\x81\xa6"
    "b",
    "\x1b[31mred",
    "\xc2\x9b"
    "31m",
    "\xef\xbb\xbf"
    "bom",
    "\xe2\x80\xa8line",
    "\xf0\x9f\x98\x80",
    "---",
    "...",
    "a:",
    ": a",
    "a,b",
    "<<",
    "=",
    "#",
    "a\n---\nb",
    "a\n# b\nc",
    "x: |\n  y",
    "'a': \"b\"",
    "\xc2\xa0nbsp",
};

/* The text as value and, where it can be one, as key. */
static void one_survives(const char *text)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(GError) error = NULL;
    json_t *tree = json_pack("{s:s, s:[s, {s:s, s:{s:{s:s}}}]}", "plain", text, "list",
                             text, text, text, "a", "b", "c", text);
    g_autofree char *yaml = yaml_out(tree, "odd\n\ntexts", &error);

    json_decref(tree);
    CU_ASSERT_PTR_NOT_NULL_FATAL(yaml);
    g_autoptr(Node) root = node_parse("f", 0, yaml, strlen(yaml), diags);
    if (!root) {
        g_autofree char *why = parry_diags_text(diags, FALSE);
        printf("\n%s\n%s", why, yaml);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    const Node *plain = node_get(root, "plain");
    const Node *inner = node_at(node_get(root, "list"), 1);
    CU_ASSERT_STRING_EQUAL(node_text(plain), text);
    CU_ASSERT_STRING_EQUAL(node_text(node_at(node_get(root, "list"), 0)), text);
    CU_ASSERT_STRING_EQUAL(node_get_text(inner, text), text);
    CU_ASSERT_STRING_EQUAL(node_get_text(node_get(node_get(inner, "a"), "b"), "c"), text);
    CU_ASSERT_FALSE(plain->nd_plain && value_retyped(text));
    CU_ASSERT_PTR_NULL(strstr(yaml, "\xe2\x80\xae"));
    CU_ASSERT_PTR_NULL(strstr(yaml, "\xe2\x81\xa6"));
    CU_ASSERT_PTR_NULL(strchr(yaml, '\x1b'));
    CU_ASSERT_TRUE(g_str_has_suffix(yaml, "\n"));
}

static void odd_texts_survive_yaml(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(odd_texts); i++)
        one_survives(odd_texts[i]);
}

/* --- names, times, sizes --- */

static void names_are_made(void)
{
    static const struct {
        const char *text, *name;
    } known[] = {
        {"web", "web"},
        {"My Host_1", "my-host-1"},
        {"1st", "x-1st"},
        {"", "x"},
        {"\xe8\xa1\x9b\xe7\x94\x9f", "x"},
        {"--a--b--", "a-b"},
        {"A name that is longer than any name may be", "a-name-that-is-longer-than-any"},
        {"0123456789012345678901234567890", "x-01234567890123456789012345678"},
    };
    g_autoptr(GHashTable) taken = import_names_new();

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        g_autofree char *name = import_slug(known[i].text, IMPORT_NAME);
        CU_ASSERT_STRING_EQUAL(name, known[i].name);
    }
    for (int i = 1; i <= 12; i++) {
        g_autofree char *name = import_name(taken, known[6].text, IMPORT_NAME);
        g_autofree char *end = g_strdup_printf("-%d", i);
        CU_ASSERT_TRUE(strlen(name) <= 31);
        CU_ASSERT_TRUE(i == 1 || g_str_has_suffix(name, end));
    }
    CU_ASSERT_EQUAL(g_hash_table_size(taken), 12);
}

static void times_are_read(void)
{
    static const struct {
        const char *text;
        gint64 seconds; /* -1: none */
    } known[] = {
        {"10min 2 sec", 602},
        {"1 week 1day 1h 10 ms", 694800},
        {"0", 0},
        {"_1_0__0__ min", 6000},
        {"18h30m", 66600},
        {"1 month", 2629800},
        {"90", 90},
        {"", -1},
        {"h", -1},
        {"5 parsecs", -1},
        {"-1h", -1},
        {"1.5h", -1},
        {"99999 years", -1},
        {"9999999999999999 s", -1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        gint64 us = -1;
        gboolean good = import_duration(known[i].text, &us);
        CU_ASSERT_EQUAL(good, known[i].seconds >= 0);
        if (good)
            CU_ASSERT_EQUAL(us, known[i].seconds * G_USEC_PER_SEC);
    }
}

static void sizes_are_read(void)
{
    static const struct {
        const char *text, *size; /* NULL: none */
    } known[] = {
        {"4 gib", "4G"},
        {"512 MiB", "512M"},
        {"2 GB", "1908M"},
        {"2147483648", "2G"},
        {"1.5 GiB", "1536M"},
        {"1 tib", "1024G"},
        {"1k", "1M"},
        {"0", NULL},
        {"", NULL},
        {"-4 gib", NULL},
        {"4 gibberish", NULL},
        {"inf", NULL},
        {"1e400", NULL},
        {"99999999 TiB", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        g_autofree char *size = import_size(known[i].text);
        if (g_strcmp0(size, known[i].size) != 0)
            printf("\n%s: %s", known[i].text, size ? size : "none");
        CU_ASSERT_EQUAL(g_strcmp0(size, known[i].size), 0);
    }
}

static void references_of_others_are_escaped(void)
{
    static const struct {
        const char *text, *escaped;
    } known[] = {
        {"${HOME} and ${a.b}", "${HOME} and $${a.b}"},
        {"$${x}", "$$${x}"},
        {"${param.", "$${param."},
        {"$", "$"},
        {"${", "${"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        g_autofree char *escaped = import_escape(known[i].text);
        CU_ASSERT_STRING_EQUAL(escaped, known[i].escaped);
    }
}

static void long_texts_are_cut(void)
{
    g_autofree char *text = g_strnfill(IMPORT_TEXT_MAX + 9, 'x');

    memcpy(text + IMPORT_TEXT_MAX - 4, "$${a.b}", 7);
    json_t *cut = import_text(text);
    CU_ASSERT_TRUE(strlen(json_string_value(cut)) <= IMPORT_TEXT_MAX + 3);
    CU_ASSERT_TRUE(g_str_has_suffix(json_string_value(cut), "x\xe2\x80\xa6"));
    json_decref(cut);
}

/* --- lines --- */

static void lines_hide_nothing(void)
{
    ImportLine line = {.il_verdict = IMPORT_LEFT,
                       .il_file = (char *)"a\x1b[2Jb.yml",
                       .il_line = 3,
                       .il_column = 4,
                       .il_what = (char *)"x\xe2\x80\xaey\xc2\x9b.\n",
                       .il_why = (char *)"\xff why"};
    g_autofree char *text = import_line_text(&line);

    CU_ASSERT_STRING_EQUAL(text, "a\\u001B[2Jb.yml:3:4: left: x\\u202Ey\\u009B.\\n: "
                                 "\xef\xbf\xbd why");
}

/* --- the image map --- */

static void maps_are_checked(void)
{
    static const struct {
        const char *text, *want; /* NULL: good */
    } maps[] = {
        {"a: micro\nb: {base: debian/bookworm, packages: [curl]}\n", NULL},
        {"{}", NULL},
        {"- a\n", "an image map is a mapping"},
        {"a: {bass: x}\n", "f:1:5: error: unknown key \"bass\""},
        {"a: {packages: curl}\n", "must be a list"},
        {"a: {packages: [\"No Package\"]}\n", "no such name"},
        {"a: {run: [x]}\n", "must be a text"},
        {"a: \"\"\n", "must be a text"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(maps); i++) {
        g_autoptr(ParryDiags) diags = parry_diags_new();
        g_autoptr(GBytes) bytes = g_bytes_new(maps[i].text, strlen(maps[i].text));
        g_autoptr(GHashTable) map = import_map_read("f", bytes, diags);
        g_autofree char *text = parry_diags_text(diags, FALSE);
        CU_ASSERT_EQUAL(map != NULL, maps[i].want == NULL);
        CU_ASSERT_TRUE(!maps[i].want || strstr(text, maps[i].want));
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"CSV is read as the RFC says", csv_is_read_as_the_rfc_says},
        {"CSV knows its comma", csv_knows_its_comma},
        {"CSV in doubt is refused", csv_in_doubt_is_refused},
        {"CSV has limits", csv_has_limits},
        {"JSON keeps places", json_keeps_places},
        {"JSON in doubt is refused", json_in_doubt_is_refused},
        {"odd texts survive YAML", odd_texts_survive_yaml},
        {"names are made", names_are_made},
        {"times are read", times_are_read},
        {"sizes are read", sizes_are_read},
        {"references of others are escaped", references_of_others_are_escaped},
        {"long texts are cut", long_texts_are_cut},
        {"lines hide nothing", lines_hide_nothing},
        {"maps are checked", maps_are_checked},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("import-parts", tests);
}
