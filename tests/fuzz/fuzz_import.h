/*
 * What the fuzz targets of imports share: whatever came in, there is a scenario that the
 * loader takes and an account of it, or there are errors.
 */
#ifndef PARRY_TESTS_FUZZ_FUZZ_IMPORT_H
#define PARRY_TESTS_FUZZ_FUZZ_IMPORT_H

#include "scenarios/import/import.h"
#include "scenarios/plan.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char fuzz_map[] = "debian10: {base: debian/bookworm, packages: [curl]}\n"
                               "web: {packages: [nginx-light], services: [nginx]}\n"
                               "tool: {run: \"true\", technique: T1053.003}\n";

/* A scenario may be more than the loader takes; else it must be good. */
static inline void fuzz_check(const char *yaml)
{
    ParryDiags *diags = parry_diags_new();
    Plan *plan = plan_load_bytes("made.yaml", "/proc/self/fdinfo/none", yaml,
                                 strlen(yaml), NULL, diags);
    const GPtrArray *all = parry_diags_all(diags);

    for (guint i = 0; i < all->len; i++) {
        const ParryDiag *diag = all->pdata[i];
        if (diag->dg_level != DIAG_ERROR || strstr(diag->dg_message, "more than") ||
            strstr(diag->dg_message, "larger than"))
            continue;
        fprintf(stderr, "made.yaml:%d: %s\n%s", diag->dg_line, diag->dg_message, yaml);
        abort();
    }
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
