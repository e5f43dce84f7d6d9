/*
 * Runs a fuzz target over the files of its corpus, where no libFuzzer is to be had: what
 * was found once stays found. usage: replay DIRECTORY
 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    GDir *dir = argc == 2 ? g_dir_open(argv[1], 0, &error) : NULL;
    const char *name;
    int n = 0;

    if (!dir) {
        fprintf(stderr, "%s\n", error ? error->message : "usage: replay DIRECTORY");
        return 2;
    }
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(argv[1], name, NULL);
        char *read_bytes = NULL;
        gsize size = 0;
        if (!g_file_get_contents(path, &read_bytes, &size, &error)) {
            fprintf(stderr, "%s\n", error->message);
            return 2;
        }
        /* Exactly as large as the input, so that reads past it are seen. */
        uint8_t *bytes = g_memdup2(read_bytes, size);
        LLVMFuzzerTestOneInput(bytes, size);
        g_free(bytes);
        g_free(read_bytes);
        n++;
    }
    g_dir_close(dir);
    printf("%d inputs\n", n);
    return n ? 0 : 2;
}
