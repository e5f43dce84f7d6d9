/*
 * Imports: what their author sees. For each fixture below data/import the scenario and
 * the lines must be exactly those in its .expect file (PARRY_WRITE_EXPECT=1 writes them
 * anew: read the diff before you commit it), the loader must take the scenario, and every
 * node of the input must be accounted for, whatever is in it.
 */
#include "tests/unit/cunit_main.h"
#include "tests/unit/import_case.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- what is made --- */

static char *all_of(const ImportResult *result)
{
    GString *text = g_string_new(result->ir_yaml);

    g_string_append(text, "---\n");
    for (guint i = 0; i < result->ir_lines->len; i++) {
        g_autofree char *line = import_line_text(result->ir_lines->pdata[i]);
        g_string_append_printf(text, "%s\n", line);
    }
    return g_string_free(text, FALSE);
}

static void fixtures_become_what_they_did(void)
{
    for (guint i = 0; i < import_cases_len; i++) {
        const ImportCase *one = &import_cases[i];
        g_autoptr(GPtrArray) files = import_case_files(one);
        g_autoptr(ImportResult) result = import_case_run(one, files);
        g_autofree char *path = g_strconcat(one->ic_path, ".expect", NULL);
        g_autofree char *got = all_of(result), *expect = NULL;
        if (g_getenv("PARRY_WRITE_EXPECT"))
            CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, got, -1, NULL));
        if (!g_file_get_contents(path, &expect, NULL, NULL))
            CU_FAIL("a fixture without its .expect");
        if (g_strcmp0(expect, got) != 0) {
            printf("\n--- %s: got\n%s", one->ic_path, got);
            CU_FAIL("something else than expected");
        }
        import_case_check(result, one->ic_path);
    }
}

static void the_same_input_gives_the_same(void)
{
    for (guint i = 0; i < import_cases_len; i++) {
        g_autoptr(GPtrArray) files = import_case_files(&import_cases[i]);
        g_autoptr(ImportResult) one = import_case_run(&import_cases[i], files);
        g_autoptr(ImportResult) two = import_case_run(&import_cases[i], files);
        g_autofree char *first = all_of(one), *second = all_of(two);
        CU_ASSERT_STRING_EQUAL(first, second);
    }
}

/* --- where lines point to --- */

/* Follows "estates.range.hosts.web" and "links[2]". */
static const Node *follow(const Node *node, const char *path)
{
    while (node && *path) {
        gsize len = strcspn(path, ".[");
        g_autofree char *key = g_strndup(path, len);
        if (len)
            node = node_get(node, key);
        path += len;
        if (*path == '[') {
            guint i = (guint)strtoul(path + 1, NULL, 10);
            node = node && i < node_len(node) ? node_at(node, i) : NULL;
            path = strchr(path, ']') + 1;
        }
        path += *path == '.';
    }
    return node;
}

static void lines_point_into_the_scenario(void)
{
    guint n = 0;

    for (guint i = 0; i < import_cases_len; i++) {
        g_autoptr(GPtrArray) files = import_case_files(&import_cases[i]);
        g_autoptr(ImportResult) result = import_case_run(&import_cases[i], files);
        g_autoptr(ParryDiags) diags = parry_diags_new();
        g_autoptr(Node) made =
            node_parse("made.yaml", 0, result->ir_yaml, strlen(result->ir_yaml), diags);
        for (guint l = 0; l < result->ir_lines->len; l++) {
            const ImportLine *line = result->ir_lines->pdata[l];
            CU_ASSERT_TRUE(line->il_to || line->il_why);
            CU_ASSERT_TRUE(line->il_verdict == IMPORT_TAKEN || line->il_why);
            if (!line->il_to || follow(made, line->il_to)) {
                n += line->il_to != NULL;
                continue;
            }
            printf("\n%s: no %s\n", import_cases[i].ic_path, line->il_to);
            CU_FAIL("a line that points nowhere");
        }
    }
    CU_ASSERT_TRUE(n > 200);
}

/* --- nothing is dropped --- */

/* The line about what stands there, or NULL. */
static const ImportLine *line_at(const ImportResult *result, const char *file,
                                 const Node *at)
{
    for (guint i = 0; i < result->ir_lines->len; i++) {
        const ImportLine *line = result->ir_lines->pdata[i];
        if (!g_strcmp0(line->il_file, file) && line->il_line == at->nd_line &&
            line->il_column == at->nd_column)
            return line;
    }
    return NULL;
}

/* Keys whose one line is about all that is in them. */
static gboolean speaks_for_all(const char *key, const ImportLine *line)
{
    static const char *const whole[] = {"source", "Source", "links", NULL};

    return line->il_verdict == IMPORT_LEFT || (key && g_strv_contains(whole, key));
}

/* `told`: a line above speaks for all below it. */
static void walk(const ImportResult *result, const char *file, const Node *node,
                 const Node *at, const char *key, gboolean told, guint *n)
{
    const ImportLine *line = line_at(result, file, at);

    told = told || (line && speaks_for_all(key, line));
    if (!node_len(node)) {
        ++*n;
        if (told || line)
            return;
        printf("\n%s:%d:%d: \"%s\" is not accounted for\n", file, at->nd_line,
               at->nd_column, key ? key : "");
        CU_FAIL("something was dropped in silence");
    }
    for (guint i = 0; i < node_len(node); i++) {
        gboolean map = node->nd_kind == NODE_MAP;
        const Node *item = node_at(node, i);
        walk(result, file, item, map ? node->nd_keys->pdata[i] : item,
             map ? node_key_at(node, i) : NULL, told, n);
    }
}

static void every_node_is_accounted_for(void)
{
    guint n = 0;

    for (guint i = 0; i < import_cases_len; i++) {
        g_autoptr(GPtrArray) files = import_case_files(&import_cases[i]);
        g_autoptr(ImportResult) result = import_case_run(&import_cases[i], files);
        for (guint f = 0; f < files->len; f++) {
            const ImportFile *file = files->pdata[f];
            if (g_str_has_suffix(file->if_name, "playbook.yml"))
                continue;
            g_autoptr(Node) root = import_case_tree(file);
            walk(result, file->if_path, root, root, NULL, FALSE, &n);
        }
    }
    CU_ASSERT_TRUE(n > 400);
}

/* --- mutants --- */

typedef struct {
    const ImportCase *one;
    const GPtrArray *files;
    guint which; /* of the files, the one that is changed */
    json_t *tree;
    guint n;
} Mutants;

/* Imports with the tree in its file's place; NULL with findings. */
static ImportResult *run_mutant(const Mutants *mutants, gboolean map, ParryDiags *diags)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    g_autoptr(GBytes) images = map ? import_case_map() : NULL;
    const ImportFile *old = mutants->files->pdata[mutants->which];
    char *text = json_dumps(mutants->tree, JSON_INDENT(1));
    ImportFile *fresh = import_file_new(old->if_name, old->if_path, text, strlen(text));

    free(text);
    for (guint i = 0; i < mutants->files->len; i++)
        g_ptr_array_add(files,
                        i == mutants->which ? (gpointer)fresh : mutants->files->pdata[i]);
    ImportResult *result =
        import_files(mutants->one->ic_format, files, images, NULL, diags);
    import_file_free(fresh);
    return result;
}

/* Is there a line about that path, or one that leaves what holds it? */
static gboolean is_told(const ImportResult *result, const char *path)
{
    for (guint i = 0; i < result->ir_lines->len; i++) {
        const ImportLine *line = result->ir_lines->pdata[i];
        gsize len = strlen(line->il_what);
        if (!len || strncmp(path, line->il_what, len) != 0)
            continue;
        if (!path[len] ||
            (line->il_verdict == IMPORT_LEFT && (path[len] == '.' || path[len] == '[')))
            return TRUE;
        const char *last = strrchr(line->il_what, '.');
        if (path[len] == '.' && speaks_for_all(last ? last + 1 : line->il_what, line))
            return TRUE;
    }
    return FALSE;
}

static void with_unknown_key(json_t *parent G_GNUC_UNUSED, const char *key G_GNUC_UNUSED,
                             gsize index G_GNUC_UNUSED, json_t *value, const char *path,
                             gpointer data)
{
    Mutants *mutants = data;
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autofree char *unknown = g_strconcat(path, ".never-seen", NULL);

    if (!json_is_object(value))
        return;
    json_object_set_new(value, "never-seen", json_string("a"));
    g_autoptr(ImportResult) result = run_mutant(mutants, TRUE, diags);
    json_object_del(value, "never-seen");
    mutants->n++;
    CU_ASSERT_PTR_NOT_NULL_FATAL(result);
    if (!is_told(result, unknown)) {
        printf("\n%s: %s was dropped in silence\n", mutants->one->ic_path, unknown);
        CU_FAIL("a key that nobody speaks of");
    }
    import_case_check(result, unknown);
}

/* Each value in turn becomes what is not expected there. */
static void with_other_values(json_t *parent, const char *key, gsize index, json_t *value,
                              const char *path, gpointer data)
{
    static const char *const others[] = {"\"odd: ${a.b} \\u202e\"", "[]",
                                         "{\"x\": {\"y\": \"z\"}}", "\"-1\""};
    static const char *const below[] = {"", "", ".x.y", ""};
    Mutants *mutants = data;

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *leaf = g_strconcat(path, below[i], NULL);
        g_autoptr(ParryDiags) diags = parry_diags_new();
        json_t *other = json_loads(others[i], JSON_DECODE_ANY, NULL);
        if (key)
            json_object_set_new(parent, key, other);
        else
            json_array_set_new(parent, index, other);
        g_autoptr(ImportResult) result = run_mutant(mutants, i % 2, diags);
        if (result && !is_told(result, leaf)) {
            printf("\n%s: %s, now %s, was dropped in silence\n", mutants->one->ic_path,
                   leaf, others[i]);
            CU_FAIL("a value that nobody speaks of");
        }
        if (result)
            import_case_check(result, path);
        else
            CU_ASSERT_TRUE(parry_diags_count(diags, DIAG_ERROR) > 0);
        mutants->n++;
    }
    if (key)
        json_object_set(parent, key, value);
    else
        json_array_set(parent, index, value);
}

/* Runs func over each value of the case's files. */
static guint each_value(const ImportCase *one, ImportVisit func)
{
    g_autoptr(GPtrArray) files = import_case_files(one);
    guint n = 0;

    for (guint i = 0; i < files->len; i++) {
        const ImportFile *file = files->pdata[i];
        if (!strstr(".yml.json.yaml", strrchr(file->if_name, '.')) ||
            g_str_has_suffix(file->if_name, "playbook.yml"))
            continue;
        g_autoptr(Node) root = import_case_tree(file);
        Mutants mutants = {
            .one = one, .files = files, .which = i, .tree = import_case_json(root)};
        import_case_visit(mutants.tree, "", func, &mutants);
        json_decref(mutants.tree);
        n += mutants.n;
    }
    return n;
}

static void unknown_keys_are_left(void)
{
    guint n = 0;

    for (guint i = 0; i < import_cases_len; i++)
        n += each_value(&import_cases[i], with_unknown_key);
    CU_ASSERT_TRUE(n > 100);
}

static void odd_values_make_no_bad_scenario(void)
{
    guint n = 0;

    for (guint i = 0; i < import_cases_len; i++)
        n += each_value(&import_cases[i], with_other_values);
    CU_ASSERT_TRUE(n > 1000);
}

/* A thousand stories that play the same script a thousand times, and so on. */
static void bombs_are_bounded(void)
{
    g_autoptr(GString) text = g_string_new("nodes: {web: {type: VM, source: x, roles: {");
    static const ImportCase one = {IMPORT_OCR, "bomb.yml"};
    g_autoptr(GPtrArray) files = g_ptr_array_new();

    for (int i = 0; i < 2000; i++)
        g_string_append_printf(text, "r%d: u%d, ", i, i);
    g_string_append(text, "}, features: [");
    for (int i = 0; i < 2000; i++)
        g_string_append_printf(text, "f%d, ", i);
    g_string_append(text, "]}}\ninfrastructure: {web: 100}\nfeatures:\n");
    for (int i = 0; i < 2000; i++)
        g_string_append_printf(text, "  f%d: {source: s, dependencies: [f%d]}\n", i,
                               (i + 1) % 2000);
    g_string_append(text, "injects: {a: {name: x}}\nevents: {e: {injects: [a");
    for (int i = 0; i < 1000; i++)
        g_string_append(text, ",a");
    g_string_append(text, "]}}\nscripts: {s: {start-time: 0, end-time: 1h, speed: 1, "
                          "events: [e");
    for (int i = 0; i < 1000; i++)
        g_string_append(text, ",e");
    g_string_append(text, "]}}\nstories:\n");
    for (int i = 0; i < 1000; i++)
        g_string_append_printf(text, "  t%d: {speed: 1, scripts: [s,s,s,s,s]}\n", i);
    ImportFile *file = import_file_new("bomb.yml", "bomb.yml", text->str, text->len);
    g_ptr_array_add(files, file);
    gint64 start = g_get_monotonic_time();
    g_autoptr(ImportResult) result = import_case_run(&one, files);
    CU_ASSERT_TRUE(g_get_monotonic_time() - start < 30 * G_USEC_PER_SEC);
    CU_ASSERT_TRUE(result->ir_lines->len < 100000);
    import_case_check(result, "a bomb");
    import_file_free(file);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"fixtures become what they did", fixtures_become_what_they_did},
        {"the same input gives the same", the_same_input_gives_the_same},
        {"lines point into the scenario", lines_point_into_the_scenario},
        {"every node is accounted for", every_node_is_accounted_for},
        {"unknown keys are left", unknown_keys_are_left},
        {"odd values make no bad scenario", odd_values_make_no_bad_scenario},
        {"bombs are bounded", bombs_are_bounded},
        CU_TEST_INFO_NULL,
    };

    if (chdir(IMPORT_DATA) < 0)
        return EXIT_FAILURE;
    return cunit_main("import", tests);
}
