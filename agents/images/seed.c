/*
 * A NoCloud seed: the ISO 9660 volume "cidata" with user-data and meta-data that
 * cloud-init looks for (cloud-init documentation, "NoCloud"), and beside them the agent
 * and its unit, which user-data copies from there.
 */
#include "agents/images/internal.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static const char *const texts[] = {
    "seed/user-data",
    "seed/meta-data",
    "seed/network-config",
    "seed/parry-agent.service",
};

char *images_seed_key(const char *agent_path, GError **error)
{
    g_autoptr(ImagesKey) key = images_key_new("seed");

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GBytes) bytes = images_data_bytes(texts[i], error);
        if (!bytes)
            return NULL;
        images_key_bytes(key, texts[i], g_bytes_get_data(bytes, NULL),
                         g_bytes_get_size(bytes));
    }
    return images_key_file(key, "agent", agent_path, error) ? images_key_hex(key) : NULL;
}

/* "name=path" pairs: which file stands under which name in the volume. */
static GPtrArray *grafts(const char *agent_path, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *path = images_data_path(texts[i], error);
        if (!path)
            return NULL;
        g_ptr_array_add(list, g_strdup_printf("%s=%s", texts[i] + strlen("seed/"), path));
    }
    g_ptr_array_add(list, g_strdup_printf("parry-agent=%s", agent_path));
    return g_steal_pointer(&list);
}

gboolean images_seed(const char *agent_path, const char *path, GCancellable *cancel,
                     GError **error)
{
    g_autoptr(GPtrArray) list = grafts(agent_path, error);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    static const char *const fixed[] = {
        "xorriso", "-as", "mkisofs", "-quiet", "-V", "cidata", "-J", "-r", "-o",
    };

    if (!list)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(argv, (char *)fixed[i]);
    g_ptr_array_add(argv, (char *)path);
    g_ptr_array_add(argv, (char *)"-graft-points");
    for (guint i = 0; i < list->len; i++)
        g_ptr_array_add(argv, list->pdata[i]);
    g_ptr_array_add(argv, NULL);
    const char *env[] = {"SOURCE_DATE_EPOCH=1700000000", NULL};
    ImagesChild child = {
        .argv = (const char *const *)argv->pdata, .env = env, .cancel = cancel};
    return images_child_run(&child, "cloud-init seed", NULL, error);
}

gboolean images_guest_parts(GBytes **unit, char **script, GError **error)
{
    g_autoptr(GBytes) service = images_data_bytes("seed/parry-agent.service", error);
    g_autoptr(GBytes) text =
        service ? images_data_bytes("guest-agent/install", error) : NULL;

    if (!text)
        return FALSE;
    *script = g_strndup(g_bytes_get_data(text, NULL), g_bytes_get_size(text));
    *unit = g_steal_pointer(&service);
    return TRUE;
}
