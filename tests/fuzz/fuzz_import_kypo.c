/*
 * The import of a KYPO definition over arbitrary bytes: topology.yml, a line %%,
 * training.json, a line %%, variables.yml.
 *
 *   fuzz-import_kypo -dict=tests/fuzz/import.dict tests/fuzz/corpus/import_kypo
 */
#include "tests/fuzz/fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"topology.yml", "training.json", "variables.yml"};
    GPtrArray *files = g_ptr_array_new_with_free_func((GDestroyNotify)import_file_free);
    const uint8_t *at = data, *end = data ? data + size : NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(names) && at < end; i++) {
        const uint8_t *mark = memmem(at, (size_t)(end - at), "\n%%\n", 4);
        const uint8_t *stop = mark ? mark + 1 : end;
        if (stop > at + 1) /* an empty part is a file that is not there */
            g_ptr_array_add(files,
                            import_file_new(names[i], names[i], at, (gsize)(stop - at)));
        at = mark ? mark + 4 : end;
    }
    g_ptr_array_add(files, import_file_new("provisioning/playbook.yml", "p", NULL, 0));
    fuzz_import(IMPORT_KYPO, files);
    g_ptr_array_unref(files);
    return 0;
}
