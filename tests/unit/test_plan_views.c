/*
 * The views of a plan, each against a file of data/plan: tables, events list, topology,
 * difference. With PARRY_WRITE_EXPECT=1 in the environment the expected files are written
 * anew: read the diff before you commit it.
 */
#include "scenarios/base/table.h"
#include "scenarios/msel.h"
#include "scenarios/plan_diff.h"
#include "scenarios/plan_text.h"
#include "scenarios/topology.h"
#include "tests/unit/cunit_main.h"

#include <string.h>

#define DATA PARRY_SOURCE_DIR "/tests/unit/data/plan/"
#define UUID "6ba7b810-9dad-41d1-80b4-00c04fd430c8"

static Plan *load(const char *name)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autofree char *path = g_strconcat(DATA, name, NULL);
    Plan *plan = plan_load(path, UUID, diags);
    g_autofree char *text = parry_diags_text(diags, FALSE);

    if (!plan)
        printf("\n%s", text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

static void same_as_file(const char *name, const char *got)
{
    g_autofree char *path = g_strconcat(DATA, name, NULL);
    g_autofree char *want = NULL;

    if (g_getenv("PARRY_WRITE_EXPECT"))
        CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, got, -1, NULL));
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &want, NULL, NULL));
    if (strcmp(want, got) != 0) {
        printf("\n--- %s: expected\n%s--- got\n%s", name, want, got);
        CU_FAIL("another view than expected");
    }
}

/* --- tables --- */

static void tables_wrap(void)
{
    static const ParryColumn columns[] = {
        {.tc_title = "n", .tc_right = TRUE},
        {.tc_title = "title", .tc_min = 6},
        {.tc_title = "empty"},
        {.tc_title = "end"},
    };
    static const char *const rows[][4] = {
        {"1", "two words and more", NULL, "x"},
        {"22", "衞生署衞生署", "", "y"},
        {"3", "page-restored\033[1m", NULL, NULL},
    };
    g_autoptr(ParryTable) table = parry_table_new(columns, G_N_ELEMENTS(columns));

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        parry_table_row(table, rows[i]);
    g_autofree char *wide = parry_table_text(table, 1, 0);
    g_autofree char *narrow = parry_table_text(table, 0, 16);
    CU_ASSERT_STRING_EQUAL(wide, "  n  title               end\n"
                                 "  1  two words and more  x\n"
                                 " 22  衞生署衞生署        y\n"
                                 "  3  page-restored[1m\n");
    CU_ASSERT_STRING_EQUAL(narrow, " n  title    end\n"
                                   " 1  two      x\n"
                                   "    words\n"
                                   "    and\n"
                                   "    more\n"
                                   "22  衞生署   y\n"
                                   "    衞生署\n"
                                   " 3  page-\n"
                                   "    restore\n"
                                   "    d[1m\n");
}

/* No line is longer than the terminal, however narrow, as long as columns may give. */
static void lines_fit(void)
{
    g_autoptr(Plan) plan = load("drill.yaml");
    const PlanHere here = {.hr_accel = "qemu", .hr_cores = 2};

    for (int width = 80; width <= 200; width += 7) {
        g_autofree char *text = plan_text(plan, &here, "zh-Hant", width);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        for (char **line = lines + 1; *line; line++)
            CU_ASSERT_TRUE(parry_text_width(*line) <= width);
    }
}

static void plan_as_text(void)
{
    g_autoptr(Plan) plan = load("drill.yaml");
    g_autoptr(GHashTable) built = g_hash_table_new(g_str_hash, g_str_equal);
    const PlanHere here = {.hr_accel = "qemu",
                           .hr_memory = (guint64)4 << 30,
                           .hr_disk = (guint64)1 << 30,
                           .hr_cores = 2,
                           .hr_cached = built};

    g_hash_table_add(built, (gpointer) "micro");
    g_autofree char *narrow = plan_text(plan, &here, "zh-Hant", 80);
    g_autofree char *wide = plan_text(plan, &here, NULL, 0);
    same_as_file("text-80-zh", narrow);
    same_as_file("text", wide);
}

/* 10 micro and 4 Debian hosts: 4 s + (10 * 3.5 s + 4 * 20 s) / 2, as the header says. */
static void time_to_ready(void)
{
    g_autoptr(Plan) plan = load("drill.yaml");

    CU_ASSERT_EQUAL(plan_ready_us(plan, "qemu", 2), 61500000);
    CU_ASSERT_EQUAL(plan_ready_us(plan, "qemu", 64), 24000000); /* the longest boot */
    CU_ASSERT_EQUAL(plan_ready_us(plan, "kvm", 2), 15500000);
    json_t *needs = plan_needs_json(plan, &(PlanHere){.hr_accel = "kvm", .hr_cores = 2});
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(needs, "ready-us")), 15500000);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(needs, "cores")), 14);
    json_decref(needs);
}

/* --- the events list --- */

static void events_as_csv(void)
{
    g_autoptr(Plan) plan = load("drill.yaml");
    g_autoptr(GPtrArray) rows = msel_rows(plan, "en");
    g_autofree char *csv = msel_csv(rows);

    CU_ASSERT_TRUE(g_str_has_prefix(
        csv,
        "number,time,from,to,medium,title,expected-action,objective,controller\r\n"));
    same_as_file("msel.csv", csv);
}

static void events_as_json(void)
{
    g_autoptr(Plan) plan = load("drill.yaml");
    g_autoptr(GPtrArray) rows = msel_rows(plan, "zh-Hant");
    json_t *json = msel_json(plan, rows);
    char *text = json_dumps(json, JSON_INDENT(2));

    same_as_file("msel.json", text);
    free(text);
    json_decref(json);
}

/* --- the topology --- */

static void topology(void)
{
    g_autoptr(Plan) plan = load("drill.yaml");
    g_autofree char *dot = topology_dot(plan, "en", FALSE);
    g_autofree char *each = topology_dot(plan, "en", TRUE);

    same_as_file("topology.dot", dot);
    /* Every host and every wire is there once. */
    for (guint i = 0; i < plan->p_hosts->len; i++) {
        g_autofree char *node = g_strdup_printf("    host%u [", i);
        const char *at = strstr(each, node);
        CU_ASSERT_TRUE(at && !strstr(at + 1, node));
    }
    guint wires = 0, nics = 0;
    for (const char *at = each; (at = strstr(at, " -> ")); at++)
        wires++;
    for (guint i = 0; i < plan->p_hosts->len; i++)
        nics += plan_host(plan, (int)i)->ph_nics->len;
    guint mirrors = 4; /* one a copy of the clinic */
    CU_ASSERT_EQUAL(wires, nics + mirrors);
}

/* --- the difference --- */

static void difference(void)
{
    g_autoptr(Plan) old = load("drill.yaml");
    g_autoptr(Plan) new = load("edited.yaml");
    g_autoptr(GPtrArray) diffs = plan_diff(old, new);
    g_autofree char *text = plan_diff_text(diffs, 0);
    json_t *json = plan_diff_json(diffs);

    same_as_file("diff", text);
    CU_ASSERT_EQUAL(json_array_size(json), diffs->len);
    json_decref(json);
}

static void no_difference(void)
{
    g_autoptr(Plan) old = load("drill.yaml");
    g_autoptr(Plan) new = load("drill.yaml");
    g_autoptr(GPtrArray) diffs = plan_diff(old, new);

    CU_ASSERT_EQUAL(diffs->len, 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"tables wrap", tables_wrap},
        {"lines fit the terminal", lines_fit},
        {"the plan as text", plan_as_text},
        {"time to ready", time_to_ready},
        {"events as CSV", events_as_csv},
        {"events as JSON", events_as_json},
        {"topology", topology},
        {"difference", difference},
        {"no difference", no_difference},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("plan views", tests);
}
