#include "tests/unit/import_case.h"

#include "scenarios/plan.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

const ImportCase import_cases[] = {
    {IMPORT_OCR, "ocr/hospital.yml"}, {IMPORT_OCR, "ocr/capitals.yml"},
    {IMPORT_OCR, "ocr/older.yml"},    {IMPORT_KYPO, "kypo/bank"},
    {IMPORT_KYPO, "kypo/quiz"},       {IMPORT_MSEL, "msel/exercise.csv"},
    {IMPORT_MSEL, "msel/agency.csv"}, {IMPORT_MSEL, "msel/dates.csv"},
};
const guint import_cases_len = G_N_ELEMENTS(import_cases);

static const char *const kypo_files[] = {"topology.yml", "training.json", "variables.yml",
                                         "provisioning/playbook.yml"};

static void file_free(gpointer file)
{
    import_file_free(file);
}

static void add_file(GPtrArray *files, const char *name, const char *path)
{
    g_autofree char *bytes = NULL;
    gsize len = 0;

    if (g_file_get_contents(path, &bytes, &len, NULL))
        g_ptr_array_add(files, import_file_new(name, path, bytes, len));
}

GPtrArray *import_case_files(const ImportCase *one)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(file_free);

    if (one->ic_format != IMPORT_KYPO)
        add_file(files, one->ic_path, one->ic_path);
    for (gsize i = 0; one->ic_format == IMPORT_KYPO && i < G_N_ELEMENTS(kypo_files);
         i++) {
        g_autofree char *path = g_build_filename(one->ic_path, kypo_files[i], NULL);
        add_file(files, kypo_files[i], path);
    }
    CU_ASSERT_TRUE_FATAL(files->len > 0);
    return files;
}

GBytes *import_case_map(void)
{
    char *bytes = NULL;
    gsize len = 0;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents("images.yaml", &bytes, &len, NULL));
    return g_bytes_new_take(bytes, len);
}

Node *import_case_tree(const ImportFile *file)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    gsize len = 0;
    const char *bytes = g_bytes_get_data(file->if_bytes, &len);
    g_autofree char *text = g_strndup(bytes, len);
    Node *root;

    if (g_str_has_suffix(file->if_name, ".json"))
        root = json_in(file->if_path, file->if_bytes, diags);
    else if (g_str_has_suffix(file->if_name, ".csv"))
        root = csv_in(file->if_path, file->if_bytes, diags);
    else
        root = node_parse(file->if_path, 0, text, len, diags);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    return root;
}

ImportResult *import_case_run(const ImportCase *one, const GPtrArray *files)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(GBytes) map = import_case_map();
    const ImportOptions options = {.io_map = "images.yaml"};
    ImportResult *result = import_files(one->ic_format, files, map, &options, diags);

    if (!result) {
        g_autofree char *text = parry_diags_text(diags, FALSE);
        printf("\n%s: %s\n", one->ic_path, text);
        CU_FAIL_FATAL("a fixture that is not imported");
    }
    return result;
}

void import_case_check(const ImportResult *result, const char *about)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(Plan) plan = plan_load_bytes("made.yaml", ".", result->ir_yaml,
                                           strlen(result->ir_yaml), NULL, diags);
    const GPtrArray *all = parry_diags_all(diags);

    if (plan)
        return;
    for (guint i = 0; i < all->len; i++) {
        const ParryDiag *diag = all->pdata[i];
        if (diag->dg_level == DIAG_ERROR)
            printf("\n%s: made.yaml:%d: %s\n%s\n", about, diag->dg_line, diag->dg_message,
                   diag->dg_source ? diag->dg_source : "");
    }
    CU_FAIL("a scenario that does not pass the check");
}

json_t *import_case_json(const Node *node)
{
    json_t *out;

    if (node->nd_kind == NODE_SCALAR)
        return json_string(node->nd_text);
    if (node->nd_kind == NODE_LIST) {
        out = json_array();
        for (guint i = 0; i < node_len(node); i++)
            json_array_append_new(out, import_case_json(node_at(node, i)));
        return out;
    }
    out = json_object();
    for (guint i = 0; i < node_len(node); i++)
        json_object_set_new(out, node_key_at(node, i),
                            import_case_json(node_at(node, i)));
    return out;
}

static void visit_value(json_t *parent, const char *key, gsize index, json_t *value,
                        const char *above, ImportVisit func, gpointer data)
{
    g_autofree char *path = key ? g_strdup_printf("%s%s%s", above, *above ? "." : "", key)
                                : g_strdup_printf("%s[%u]", above, (guint)index);

    json_incref(value);
    import_case_visit(value, path, func, data);
    func(parent, key, index, value, path, data);
    json_decref(value);
}

void import_case_visit(json_t *tree, const char *path, ImportVisit func, gpointer data)
{
    const char *key;
    json_t *value;
    gsize i;
    void *next;

    if (json_is_object(tree))
        json_object_foreach_safe(tree, next, key, value)
        {
            g_autofree char *name = g_strdup(key);
            visit_value(tree, name, 0, value, path, func, data);
        }
    if (json_is_array(tree))
        json_array_foreach (tree, i, value)
            visit_value(tree, NULL, i, value, path, func, data);
}
