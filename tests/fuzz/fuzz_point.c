/* meta.json of a checkpoint: what is read of it can be written, and read again the same.
 */
#include "orchestrator/daemon/point_meta.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_auto(PointMeta) meta = {0}, again = {0};
    g_autoptr(GError) error = NULL;

    if (!point_meta_parse((const char *)data, size, &meta, &error)) {
        if (!error || meta.pm_name || meta.pm_base)
            abort();
        return 0;
    }
    if (!point_name_valid(meta.pm_name) || (meta.pm_base && strstr(meta.pm_base, "/.")) ||
        strlen(meta.pm_memory.pf_sha256) != 64)
        abort();
    g_autofree char *text = point_meta_text(&meta);
    if (!point_meta_parse(text, strlen(text), &again, NULL) ||
        strcmp(meta.pm_host, again.pm_host) != 0 || meta.pm_id != again.pm_id ||
        g_strcmp0(meta.pm_base, again.pm_base) != 0)
        abort();
    return 0;
}
