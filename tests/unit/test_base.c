/* The small base: what people read is cut, padded, measured and hashed right. */
#include "scenarios/base/cjson.h"
#include "scenarios/base/diag.h"
#include "scenarios/base/duration.h"
#include "scenarios/base/text.h"
#include "tests/unit/cunit_main.h"

#include <string.h>

static void durations_parse(void)
{
    static const struct {
        const char *text;
        gint64 us;
    } good[] = {
        {"0s", 0},
        {"1us", 1},
        {"250ms", 250000},
        {"90s", 90000000},
        {"20m", G_GINT64_CONSTANT(1200000000)},
        {"1h30m", G_GINT64_CONSTANT(5400000000)},
        {"2d", G_GINT64_CONSTANT(172800000000)},
        {"1d2h3m4s5ms6us", G_GINT64_CONSTANT(93784005006)},
        {"3650d", G_GINT64_CONSTANT(315360000000000)},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        gint64 us = -1;
        CU_ASSERT_TRUE(duration_parse(good[i].text, &us, &error));
        CU_ASSERT_EQUAL(us, good[i].us);
        g_autofree char *text = duration_text(good[i].us);
        gint64 again = -1;
        CU_ASSERT_TRUE(duration_parse(text, &again, NULL));
        CU_ASSERT_EQUAL(again, good[i].us);
    }
}

static void durations_refused(void)
{
    static const char *const bad[] = {
        "",
        "60",
        "s",
        "-1s",
        "1 h",
        "1.5h",
        "1x",
        "30m1h",
        "1h1h",
        "1H",
        "1hs",
        "3651d",
        "9999999999999999999s",
        "1h ",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        gint64 us = 77;
        CU_ASSERT_FALSE(duration_parse(bad[i], &us, &error));
        CU_ASSERT_PTR_NOT_NULL(error);
        CU_ASSERT_EQUAL(us, 77);
    }
}

static void durations_shown(void)
{
    static const struct {
        gint64 us;
        const char *clock, *text;
    } rows[] = {
        {0, "00:00:00", "0s"},
        {G_GINT64_CONSTANT(93784000000), "1d 02:03:04", "1d2h3m4s"},
        {G_GINT64_CONSTANT(216000000000), "2d 12:00:00", "2d12h"},
        {999999, "00:00:00", "999ms999us"},
        {-61000000, "-00:01:01", "0s"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *clock = duration_clock(rows[i].us);
        g_autofree char *text = duration_text(rows[i].us);
        CU_ASSERT_STRING_EQUAL(clock, rows[i].clock);
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
    }
}

static void canonical_json(void)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"{\"b\": 1, \"a\": [true, false, null, -7]}",
         "{\"a\":[true,false,null,-7],\"b\":1}"},
        {"{\"\\u00e9\": \"\\u0001\\u001f\\b\\n\\\"\\\\/\"}",
         "{\"é\":\"\\u0001\\u001f\\b\\n\\\"\\\\/\"}"},
        {"\"\\u000b\\t\\f\\r\"", "\"\\u000b\\t\\f\\r\""},
        /* RFC 8785: UTF-16 order puts U+1F600 (a surrogate pair) before U+FB33. */
        {"{\"\\ufb33\": 1, \"\\ud83d\\ude00\": 2, \"1\": 3}",
         "{\"1\":3,\"😀\":2,\"\xef\xac\xb3\":1}"},
        {"[]", "[]"},
        {"{}", "{}"},
        {"9007199254740993", "9007199254740993"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_t *value = json_loads(rows[i].in, JSON_DECODE_ANY, NULL);
        g_autofree char *text = cjson_text(value, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].out);
        json_decref(value);
    }
}

static void canonical_json_refuses_reals(void)
{
    g_autoptr(GError) error = NULL;
    json_t *value = json_loads("{\"a\": [1.5]}", 0, NULL);
    char hex[65];

    CU_ASSERT_PTR_NULL(cjson_text(value, &error));
    CU_ASSERT_TRUE(g_error_matches(error, cjson_error_quark(), 1));
    CU_ASSERT_FALSE(cjson_sha256(value, hex, NULL));
    json_decref(value);
}

static void digests(void)
{
    char hex[65];

    cjson_sha256_bytes("abc", 3, hex); /* FIPS 180-4, example */
    CU_ASSERT_STRING_EQUAL(
        hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cjson_sha256_bytes(NULL, 0, hex);
    CU_ASSERT_STRING_EQUAL(
        hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void texts_by_language(void)
{
    g_autoptr(ParryText) text = parry_text_new(NULL);
    g_autoptr(ParryText) plain = parry_text_new("Alpha");

    CU_ASSERT_STRING_EQUAL(parry_text_get(text, "en"), "");
    parry_text_set(text, "zh-Hant", "衞生署");
    CU_ASSERT_STRING_EQUAL(parry_text_get(text, "en"), "衞生署");
    parry_text_set(text, "en", "Health");
    CU_ASSERT_STRING_EQUAL(parry_text_get(text, "fr"), "Health");
    CU_ASSERT_STRING_EQUAL(parry_text_get(text, "zh-Hant"), "衞生署");
    CU_ASSERT_STRING_EQUAL(parry_text_get(text, NULL), "Health");
    CU_ASSERT_STRING_EQUAL(parry_text_get(plain, "zh-Hant"), "Alpha");
    json_t *json = parry_text_to_json(text);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "en")), "Health");
    json_decref(json);
    json = parry_text_to_json(plain);
    CU_ASSERT_STRING_EQUAL(json_string_value(json), "Alpha");
    json_decref(json);
}

static void texts_fit_columns(void)
{
    static const struct {
        const char *in;
        int columns;
        const char *out;
    } rows[] = {
        {"abc", 5, "abc  "},    {"abcdef", 4, "abc…"},           {"衞生署", 6, "衞生署"},
        {"衞生署", 5, "衞生…"}, {"衞生署", 4, "衞… "},           {"abc", 0, ""},
        {"", 2, "  "},          {"e\xcc\x81t", 2, "e\xcc\x81t"},
    };

    CU_ASSERT_EQUAL(parry_text_width("衞生署"), 6);
    CU_ASSERT_EQUAL(parry_text_width("e\xcc\x81"), 1);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *out = parry_text_fit(rows[i].in, rows[i].columns);
        CU_ASSERT_STRING_EQUAL(out, rows[i].out);
        CU_ASSERT_EQUAL(parry_text_width(out), rows[i].columns);
    }
}

/* What a guest or a player sends must not move another's cursor or reorder the line. */
static void texts_are_safe(void)
{
    g_autofree char *esc = parry_text_safe("a\033[31mred\033]0;title\a\x7f", -1);
    g_autofree char *c1 = parry_text_safe("x\xc2\x9b"
                                          "31my",
                                          -1);
    g_autofree char *bidi = parry_text_safe("user\xe2\x80\xaetxt.exe", -1);
    g_autofree char *bad = parry_text_safe("a\xff\xfe"
                                           "b",
                                           -1);
    g_autofree char *lines = parry_text_safe("a\nb\tc", -1);
    g_autofree char *nul = parry_text_safe("ab\0cd", 5);

    CU_ASSERT_STRING_EQUAL(esc, "a[31mred]0;title");
    CU_ASSERT_STRING_EQUAL(c1, "x31my");
    CU_ASSERT_STRING_EQUAL(bidi, "usertxt.exe");
    CU_ASSERT_STRING_EQUAL(bad, "a\xef\xbf\xbd\xef\xbf\xbd"
                                "b");
    CU_ASSERT_STRING_EQUAL(lines, "a b c");
    CU_ASSERT_TRUE(g_str_has_prefix(nul, "ab"));
}

static void diags_point_at_the_column(void)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();

    parry_diags_add(diags, DIAG_ERROR, "f.yaml", "x: 衞生署 oops\n", 1, 8, "mend it",
                    "bad %s", "word");
    g_autofree char *text = parry_diags_text(diags, FALSE);
    /* 4 blanks of margin, then "x: " and three characters of two columns and a blank. */
    CU_ASSERT_STRING_EQUAL(text, "f.yaml:1:8: error: bad word\n"
                                 "    x: 衞生署 oops\n"
                                 "              ^\n"
                                 "    hint: mend it\n");
    g_autofree char *colour = parry_diags_text(diags, TRUE);
    CU_ASSERT_PTR_NOT_NULL(strstr(colour, "\033[1;31merror:\033[0m"));
}

static void diags_come_in_order(void)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();

    parry_diags_add(diags, DIAG_WARNING, "f", NULL, 9, 1, NULL, "third");
    parry_diags_add(diags, DIAG_ERROR, "f", NULL, 2, 7, NULL, "second");
    parry_diags_add(diags, DIAG_NOTE, "f", NULL, 2, 3, NULL, "first");
    g_autofree char *text = parry_diags_text(diags, FALSE);
    CU_ASSERT_STRING_EQUAL(text, "f:2:3: note: first\nf:2:7: error: second\n"
                                 "f:9:1: warning: third\n");
    json_t *json = parry_diags_json(diags);
    CU_ASSERT_EQUAL(json_array_size(json), 3);
    CU_ASSERT_STRING_EQUAL(
        json_string_value(json_object_get(json_array_get(json, 1), "message")), "second");
    json_decref(json);
}

/* A megabyte in one line, and thousands of findings, stay readable and bounded. */
static void diags_are_bounded(void)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autofree char *line = g_strnfill(1 << 20, 'x');

    line[500000] = '!';
    parry_diags_add(diags, DIAG_ERROR, "f", line, 1, 500001, NULL, "here");
    const ParryDiag *diag = parry_diags_all(diags)->pdata[0];
    CU_ASSERT_TRUE(strlen(diag->dg_source) <= 200);
    CU_ASSERT_EQUAL(diag->dg_source[diag->dg_caret - 1], '!');
    for (int i = 0; i < 5000; i++)
        parry_diags_add(diags, DIAG_ERROR, "f", NULL, i, 1, NULL, "again");
    CU_ASSERT_EQUAL(parry_diags_count(diags, DIAG_ERROR), 5001);
    CU_ASSERT_TRUE(parry_diags_all(diags)->len <= 501);
}

static void diags_print_safely(void)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();

    parry_diags_add(diags, DIAG_ERROR, "f\033[2J", "a\033[2Jb", 1, 99, NULL,
                    "bad \033[0m");
    g_autofree char *text = parry_diags_text(diags, FALSE);
    CU_ASSERT_PTR_NULL(strchr(text, '\033'));
}

/* What an editor underlines. */
static void findings_have_ends(void)
{
    static const struct {
        const char *line;
        int column, end; /* 0: not known */
    } rows[] = {
        {"host: web", 1, 5},
        {"host: web", 7, 10},
        {"a: {image: micro, x: 1}", 12, 17},
        {"a: {image: micro}", 12, 17},
        {"a: two words # why", 4, 13},
        {"a: \"two: \\\" words\", b", 4, 19},
        {"a: 'one' ", 4, 9},
        {"題: 衞生署, b", 4, 7},
        {"a: [1, 2]", 4, 0},
        {"a: {b: c}", 4, 0},
        {"a: |", 4, 0},
        {"a: \"not ended", 4, 0},
        {"a:", 3, 0},
        {"a: 22:00-06:00", 4, 15},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(ParryDiags) diags = parry_diags_new();
        parry_diags_add(diags, DIAG_WARNING, "f", rows[i].line, 1, rows[i].column, NULL,
                        "m");
        json_t *json = parry_diags_json(diags);
        const json_t *one = json_array_get(json, 0);
        CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(one, "severity")),
                               "warning");
        CU_ASSERT_EQUAL(json_integer_value(json_object_get(one, "column")),
                        rows[i].column);
        CU_ASSERT_EQUAL(json_integer_value(json_object_get(one, "end-column")),
                        rows[i].end);
        json_decref(json);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"durations parse and read back", durations_parse},
        {"wrong durations are refused", durations_refused},
        {"durations are shown", durations_shown},
        {"canonical JSON has one form", canonical_json},
        {"canonical JSON refuses reals", canonical_json_refuses_reals},
        {"digests", digests},
        {"texts by language", texts_by_language},
        {"texts fit their columns", texts_fit_columns},
        {"texts are safe on a terminal", texts_are_safe},
        {"a caret counts wide characters", diags_point_at_the_column},
        {"findings come in order of place", diags_come_in_order},
        {"findings are bounded", diags_are_bounded},
        {"findings print safely", diags_print_safely},
        {"findings have ends", findings_have_ends},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("base", tests);
}
