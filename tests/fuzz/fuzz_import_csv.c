/*
 * The import of a list of injects over arbitrary bytes.
 *
 *   fuzz-import_csv tests/fuzz/corpus/import_csv tests/unit/data/import/msel
 */
#include "tests/fuzz/fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GPtrArray *files = g_ptr_array_new();
    ImportFile *file =
        import_file_new("f.csv", "f.csv", data ? (const void *)data : "", size);

    g_ptr_array_add(files, file);
    fuzz_import(IMPORT_MSEL, files);
    import_file_free(file);
    g_ptr_array_unref(files);
    return 0;
}
