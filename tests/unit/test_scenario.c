/*
 * What a scenario's author sees when something is wrong: for each data/scenario/NAME.yaml
 * the findings must be exactly those in NAME.expect. With PARRY_WRITE_EXPECT=1 in the
 * environment the .expect files are written anew: read the diff before you commit it.
 */
#include "scenarios/node.h"
#include "scenarios/plan.h"
#include "tests/unit/cunit_main.h"

#include <stdlib.h>
#include <string.h>

#define DATA PARRY_SOURCE_DIR "/tests/unit/data/scenario"

static char *findings_of(const char *file, const char *bytes, gsize len, gboolean *good)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(Plan) plan = plan_load_bytes(file, DATA, bytes, len, NULL, diags);

    *good = plan != NULL;
    if ((plan == NULL) != (parry_diags_count(diags, DIAG_ERROR) > 0))
        CU_FAIL("a plan with errors, or none without");
    return parry_diags_text(diags, FALSE);
}

static void compare_one(const char *name)
{
    g_autofree char *path = g_build_filename(DATA, name, NULL);
    g_autofree char *expect_path =
        g_strdup_printf("%.*s.expect", (int)strlen(path) - 5, path);
    g_autofree char *bytes = NULL, *expect = NULL;
    gsize len;
    gboolean good;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &bytes, &len, NULL));
    g_autofree char *text = findings_of(name, bytes, len, &good);
    if (g_getenv("PARRY_WRITE_EXPECT"))
        CU_ASSERT_TRUE_FATAL(g_file_set_contents(expect_path, text, -1, NULL));
    if (!g_file_get_contents(expect_path, &expect, NULL, NULL))
        CU_FAIL("a file without its .expect");
    if (g_strcmp0(expect, text) != 0) {
        printf("\n--- %s: expected\n%s--- got\n%s", name, expect, text);
        CU_FAIL("other findings than expected");
    }
}

static void wrong_files_tell_why(void)
{
    GDir *dir = g_dir_open(DATA, 0, NULL);
    const char *name;
    int n = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
    while ((name = g_dir_read_name(dir))) {
        if (!g_str_has_suffix(name, ".yaml"))
            continue;
        compare_one(name);
        n++;
    }
    g_dir_close(dir);
    CU_ASSERT_TRUE(n >= 60);
}

/* Text, then what one finding must hold. */
static void refuse(const char *bytes, gsize len, const char *want)
{
    gboolean good;
    g_autofree char *text = findings_of("f.yaml", bytes, len, &good);

    CU_ASSERT_FALSE(good);
    if (!strstr(text, want)) {
        printf("\nwanted: %s\ngot: %s\n", want, text);
        CU_FAIL("not the finding that was wanted");
    }
}

static void limits_hold(void)
{
    g_autofree char *large = g_strnfill(NODE_FILE_MAX + 1, '#');
    g_autofree char *scalar = g_strnfill(NODE_SCALAR_MAX + 1, 'x');
    g_autofree char *text = g_strconcat("parry: \"", scalar, "\"\n", NULL);
    g_autofree char *key_text = g_strnfill(NODE_KEY_MAX + 1, 'k');
    g_autofree char *key = g_strconcat(key_text, ": 1\n", NULL);
    g_autoptr(GString) many = g_string_new("parry: [");

    for (int i = 0; i < NODE_COUNT_MAX + 1; i++)
        g_string_append(many, "x,");
    g_string_append(many, "]\n");
    refuse(large, NODE_FILE_MAX + 1, "larger than 1 MiB");
    refuse(text, strlen(text), "more than 64 KiB");
    refuse(key, strlen(key), "a key of more than 256 bytes");
    refuse(many->str, many->len, "more than 100000 values");
}

static void counts_are_bounded(void)
{
    g_autoptr(GString) text = g_string_new("parry: 1\n"
                                           "drill: {name: t, start: 2026-01-01T00:00, "
                                           "duration: 1h}\nteams:\n");

    for (int i = 0; i < 8; i++)
        g_string_append_printf(text, "  t%d: {side: blue, count: 64, estate: e}\n", i);
    g_string_append(text, "estates:\n  e:\n    hosts:\n");
    for (int i = 0; i < 40; i++)
        g_string_append_printf(text, "      h%d: {image: micro}\n", i);
    refuse(text->str, text->len, "more than 256 teams");
    refuse(text->str, text->len, "more than 1000 hosts");
}

static void unreadable_files_are_named(void)
{
    static const char *const paths[] = {"/nowhere/at-all.yaml", "/dev/zero", "/tmp"};

    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(ParryDiags) diags = parry_diags_new();
        CU_ASSERT_PTR_NULL(plan_load(paths[i], NULL, diags));
        CU_ASSERT_EQUAL(parry_diags_count(diags, DIAG_ERROR), 1);
        g_autofree char *text = parry_diags_text(diags, FALSE);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, paths[i]));
    }
}

static void bad_drill_uuid_is_refused(void)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();

    CU_ASSERT_PTR_NULL(plan_load(DATA "/good-small.yaml", "not-a-uuid", diags));
    CU_ASSERT_EQUAL(parry_diags_count(diags, DIAG_ERROR), 1);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"wrong files tell why, and where", wrong_files_tell_why},
        {"limits on a file hold", limits_hold},
        {"counts are bounded", counts_are_bounded},
        {"unreadable files are named", unreadable_files_are_named},
        {"a bad drill UUID is refused", bad_drill_uuid_is_refused},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("scenario", tests);
}
