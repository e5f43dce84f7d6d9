/*
 * What the fuzz targets of imports share: whatever came in, there is YAML that the
 * loader reads and an account of it, or there are errors.
 */
#ifndef PARRY_TESTS_FUZZ_FUZZ_IMPORT_H
#define PARRY_TESTS_FUZZ_FUZZ_IMPORT_H

#include "scenarios/import/import.h"
#include "scenarios/node.h"
#include "scenarios/plan.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char fuzz_map[] = "debian10: {base: debian/bookworm, packages: [curl]}\n"
                               "web: {packages: [nginx-light], services: [nginx]}\n"
                               "tool: {run: \"true\", technique: T1053.003}\n";

/* TRUE for what a scenario may be without the import's fault. */
static inline gboolean fuzz_too_much(const ParryDiag *diag)
{
    return diag->dg_level != DIAG_ERROR || strstr(diag->dg_message, "more than") ||
           strstr(diag->dg_message, "larger than");
}

/*
 * What was written must be YAML that the loader reads. That it is a good scenario too is
 * what the import strives for, but an input may be nonsense (`parry import` lists what is
 * wrong then and exits 4): with PARRY_FUZZ_STRICT set this is looked for as well, to find
 * what more could be mended on the way.
 */
static inline void fuzz_check(const char *yaml)
{
    const gboolean strict = g_getenv("PARRY_FUZZ_STRICT") != NULL;
    ParryDiags *diags = parry_diags_new();
    Node *root = node_parse("made.yaml", 0, yaml, strlen(yaml), diags);
    Plan *plan = plan_load_bytes("made.yaml", "/proc/self/fdinfo/none", yaml,
                                 strlen(yaml), NULL, diags);
    const GPtrArray *all = parry_diags_all(diags);

    for (guint i = 0; (strict || !root) && i < all->len; i++) {
        const ParryDiag *diag = all->pdata[i];
        if (fuzz_too_much(diag))
            continue;
        fprintf(stderr, "made.yaml:%d: %s\n%s", diag->dg_line, diag->dg_message, yaml);
        abort();
    }
    node_free(root);
    plan_free(plan);
    parry_diags_free(diags);
}

static inline void fuzz_import(ImportFormat format, const GPtrArray *files)
{
    const ImportOptions options = {.io_map = "map.yaml"};
    ParryDiags *diags = parry_diags_new();
    GBytes *map = g_bytes_new_static(fuzz_map, sizeof fuzz_map - 1);
    ImportResult *result = import_files(format, files, map, &options, diags);

    if (!result && !parry_diags_count(diags, DIAG_ERROR))
        abort();
    for (guint i = 0; result && i < result->ir_lines->len; i++) {
        char *line = import_line_text(result->ir_lines->pdata[i]);
        if (!g_utf8_validate(line, -1, NULL) || strpbrk(line, "\n\r\x1b"))
            abort();
        g_free(line);
    }
    if (result) {
        json_t *json = import_result_json(result);
        if (json_array_size(json_object_get(json, "lines")) != result->ir_lines->len)
            abort();
        json_decref(json);
        fuzz_check(result->ir_yaml);
    }
    import_result_free(result);
    g_bytes_unref(map);
    parry_diags_free(diags);
}

#endif
