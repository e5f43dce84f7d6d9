/* The file of how long things took: what is read of it stays within its bounds, and is
 * read again the same. */
#include "orchestrator/daemon/paces.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Paces) paces = paces_parse((const char *)data, size, &error);

    if (!paces) {
        if (!error)
            abort();
        return 0;
    }
    g_autofree char *text = paces_text(paces);
    g_autoptr(Paces) again = paces_parse(text, strlen(text), NULL);
    if (!again || paces_count(again) != paces_count(paces))
        abort();
    g_autofree char *same = paces_text(again);
    if (strcmp(text, same) != 0)
        abort();
    return 0;
}
