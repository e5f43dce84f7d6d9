/*
 * The import of SDL over arbitrary bytes.
 *
 *   fuzz-import_ocr -dict=tests/fuzz/import.dict tests/fuzz/corpus/import_ocr \
 *       tests/unit/data/import/ocr
 */
#include "tests/fuzz/fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GPtrArray *files = g_ptr_array_new();
    ImportFile *file =
        import_file_new("f.yml", "f.yml", data ? (const void *)data : "", size);

    g_ptr_array_add(files, file);
    fuzz_import(IMPORT_OCR, files);
    import_file_free(file);
    g_ptr_array_unref(files);
    return 0;
}
