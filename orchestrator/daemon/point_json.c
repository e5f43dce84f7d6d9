/* The checkpoints of a drill as JSON: for the daemon, and where there is none. */
#include "orchestrator/daemon/point_store.h"

#include <string.h>

static json_t *entry_of(json_t *list, const PointMeta *meta)
{
    json_t *entry;
    gsize i;

    json_array_foreach (list, i, entry)
        if (!strcmp(json_string_value(json_object_get(entry, "name")), meta->pm_name))
            return entry;
    entry =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:[]}", "name", meta->pm_name,
                  "kind", point_kind_name(meta->pm_kind), "by", meta->pm_by, "at_us",
                  (json_int_t)meta->pm_at_us, "clock_us", (json_int_t)meta->pm_clock_us,
                  "bytes", (json_int_t)0, "stop_us", (json_int_t)0, "hosts");
    json_array_append_new(list, entry);
    return entry;
}

json_t *point_list_json(const char *drill_dir)
{
    g_autoptr(GPtrArray) broken = NULL;
    g_autoptr(GPtrArray) points = point_list(drill_dir, &broken);
    json_t *list = json_array(), *texts = json_array();

    for (guint i = 0; i < points->len; i++) {
        const Point *point = points->pdata[i];
        json_t *entry = entry_of(list, &point->po_meta);
        gint64 bytes = json_integer_value(json_object_get(entry, "bytes"));
        gint64 stop = json_integer_value(json_object_get(entry, "stop_us"));

        json_object_set_new(entry, "bytes",
                            json_integer(bytes + (gint64)point->po_bytes));
        json_object_set_new(entry, "stop_us",
                            json_integer(MAX(stop, point->po_meta.pm_stop_us)));
        json_array_append_new(json_object_get(entry, "hosts"),
                              json_pack("{s:s, s:I, s:I}", "host", point->po_meta.pm_host,
                                        "bytes", (json_int_t)point->po_bytes, "stop_us",
                                        (json_int_t)point->po_meta.pm_stop_us));
    }
    for (guint i = 0; i < broken->len; i++)
        json_array_append_new(texts, json_string(broken->pdata[i]));
    return json_pack("{s:o, s:o, s:I}", "checkpoints", list, "broken", texts, "taken",
                     (json_int_t)point_taken(drill_dir));
}

json_t *point_check_json(const char *drill_dir, const char *name)
{
    g_autoptr(GPtrArray) broken = NULL;
    g_autoptr(GPtrArray) points = point_list(drill_dir, &broken);
    json_t *rows = json_array();

    for (guint i = 0; i < points->len; i++) {
        const Point *point = points->pdata[i];
        g_autoptr(GError) error = NULL;
        gboolean ok;

        if (name && strcmp(point->po_meta.pm_name, name) != 0)
            continue;
        ok = point_check(point, &error);
        json_array_append_new(rows, json_pack("{s:s, s:s, s:b, s:s}", "name",
                                              point->po_meta.pm_name, "host",
                                              point->po_meta.pm_host, "ok", ok, "reason",
                                              ok ? "" : error->message));
    }
    for (guint i = 0; i < broken->len; i++)
        json_array_append_new(rows,
                              json_pack("{s:s, s:s, s:b, s:s}", "name", "", "host", "",
                                        "ok", FALSE, "reason", broken->pdata[i]));
    return rows;
}
