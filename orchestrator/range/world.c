/* The range without a daemon: blocking looks and removal by tag alone. */
#include "orchestrator/range/range.h"
#include "orchestrator/range/sweep.h"
#include "orchestrator/range/virt.h"

static json_t *item_json(const SweepItem *item)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "kind", sweep_kind_name(item->sw_kind),
                     "name", item->sw_name, "uuid", item->sw_uuid, "drill",
                     item->sw_drill);
}

json_t *range_world(const char *uri, GError **error)
{
    static const SweepKind kinds[] = {SWEEP_DOMAIN, SWEEP_NETWORK, SWEEP_FILTER};
    g_autoptr(virConnect) conn = virt_init(error) ? virt_open(uri, error) : NULL;
    json_t *world = conn ? json_array() : NULL;

    for (guint k = 0; world && k < G_N_ELEMENTS(kinds); k++) {
        g_autoptr(GPtrArray) items = sweep_list(conn, uri, kinds[k], NULL, error);

        if (!items) {
            json_decref(world);
            return NULL;
        }
        for (guint i = 0; i < items->len; i++)
            json_array_append_new(world, item_json(g_ptr_array_index(items, i)));
    }
    return world;
}

gboolean range_remove(const char *uri, const char *drill_uuid, RangeRemoved *removed,
                      GError **error)
{
    g_autoptr(virConnect) conn = virt_init(error) ? virt_open(uri, error) : NULL;
    RangeRemoved counted = {0};
    gboolean removed_all = conn && sweep_remove(conn, uri, drill_uuid, &counted, error);

    if (removed)
        *removed = counted;
    return removed_all;
}

gboolean range_suspend(const char *uri, const char *drill_uuid, guint *count,
                       GError **error)
{
    g_autoptr(virConnect) conn = virt_init(error) ? virt_open(uri, error) : NULL;

    *count = 0;
    return conn && sweep_pause(conn, drill_uuid, &(SweepPause){0}, count, NULL, error);
}

char *range_versions(const char *uri, GError **error)
{
    g_autoptr(virConnect) conn = virt_init(error) ? virt_open(uri, error) : NULL;
    unsigned long libvirt = 0, qemu = 0;

    if (!conn)
        return NULL;
    if (virConnectGetLibVersion(conn, &libvirt) < 0 ||
        virConnectGetVersion(conn, &qemu) < 0) {
        virt_error(error, conn, uri, "ask for its version");
        return NULL;
    }
    return g_strdup_printf("libvirt %lu, QEMU %lu", libvirt, qemu);
}
