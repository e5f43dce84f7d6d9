#include "orchestrator/range/inspect.h"

#include <stdarg.h>

void inspect_row(Inspection *inspection, const char *name, const char *wrong,
                 const char *good)
{
    json_array_append_new(
        inspection->in_rows,
        json_pack("[s, b, b, s]", name, wrong[0] != '\0', 0, wrong[0] ? wrong : good));
}

void inspect_wrong(GString *wrong, const char *format, ...)
{
    va_list values;

    if (wrong->len > 0)
        g_string_append(wrong, "; ");
    va_start(values, format);
    g_string_append_vprintf(wrong, format, values);
    va_end(values);
}

static void tap_free(gpointer data)
{
    g_free(((InspectTap *)data)->tp_dev);
    g_free(data);
}

/* What the kernel has, or the row that says that it could not be seen. */
static void look_at_kernel(Inspection *inspection)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NetView) view =
        netns_look(inspection->in_config->rg_uri, inspection->in_plan,
                   inspection->in_config->rg_drill, &error);

    if (view) {
        inspect_kernel(inspection, view);
    } else {
        g_autofree char *text = g_strconcat("not proved: ", error->message, NULL);

        inspect_row(inspection, "hypervisor: bridges, addresses, forwarding, filters",
                    text, "");
    }
}

json_t *inspect(virConnectPtr conn, const Plan *plan, const RangeConfig *config,
                GError **error)
{
    g_autoptr(GPtrArray) taps = g_ptr_array_new_with_free_func(tap_free);
    Inspection inspection = {conn, plan, config, json_array(), taps};

    if (inspect_networks(&inspection, error) && inspect_domains(&inspection, error)) {
        look_at_kernel(&inspection);
        return inspection.in_rows;
    }
    json_decref(inspection.in_rows);
    return NULL;
}
