/* Parts of the scenario that every import makes. */
#include "scenarios/import/work.h"

#include "scenarios/base/duration.h"

#include <string.h>

#define HOUR_US (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)

json_t *import_at(Import *import, const char *key, ...)
{
    json_t *map = import->im_out;
    va_list args;

    va_start(args, key);
    for (; key; key = va_arg(args, const char *)) {
        json_t *next = json_object_get(map, key);
        if (!next) {
            next = json_object();
            json_object_set_new(map, key, next);
        }
        map = next;
    }
    va_end(args);
    return map;
}

static json_t *texts(const GPtrArray *list)
{
    json_t *out = json_array();

    for (guint i = 0; i < list->len; i++)
        json_array_append_new(out, json_string(list->pdata[i]));
    return out;
}

const char *import_image(Import *import, const char *source, gboolean *mapped)
{
    MapSource *known = import_map_find(import, source, NULL);

    *mapped = known && known->ms_base;
    if (!*mapped)
        return "micro";
    if (!known->ms_image && !strcmp(known->ms_base, "micro") && !known->ms_packages->len)
        known->ms_image = g_strdup("micro");
    if (!known->ms_image) {
        json_t *images = import_at(import, "images", NULL);
        g_autoptr(GHashTable) taken = import_names_new();
        const char *key;
        json_t *value;
        json_object_foreach (images, key, value)
            g_hash_table_add(taken, g_strdup(key));
        g_hash_table_add(taken, g_strdup("micro"));
        known->ms_image = import_name(taken, known->ms_name, IMPORT_NAME);
        json_t *image = json_pack("{s:s}", "base", known->ms_base);
        if (known->ms_packages->len)
            json_object_set_new(image, "packages", texts(known->ms_packages));
        json_object_set_new(images, known->ms_image, image);
    }
    return known->ms_image;
}

void import_until(Import *import, gint64 us)
{
    import->im_length_us = MAX(import->im_length_us, us);
}

void import_drill(Import *import, const char *name)
{
    json_t *drill = import_at(import, "drill", NULL);

    if (!json_object_get(drill, "name")) {
        g_autofree char *slug = import_slug(name, IMPORT_DRILL_NAME);
        json_object_set_new(drill, "name", json_string(slug));
    }
    if (!json_object_get(drill, "start")) {
        gboolean given = import->im_options && import->im_options->io_start;
        json_object_set_new(
            drill, "start",
            json_string(given ? import->im_options->io_start : IMPORT_START));
        if (!given)
            import_added(import, "drill.start",
                         "the input names no start: set it, or give --start");
    }
    if (!json_object_get(drill, "duration")) {
        /* Whole hours, and time to end in. */
        gint64 hours = import->im_length_us / HOUR_US + 1;
        g_autofree char *text = duration_text(hours * HOUR_US);
        json_object_set_new(drill, "duration", json_string(text));
        import_added(import, "drill.duration",
                     "made from the last thing that happens: see whether it does");
    }
}

json_t *import_points(gint64 milli)
{
    if (milli % 1000 == 0)
        return json_integer(milli / 1000);
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT ".%03" G_GINT64_FORMAT,
                                            milli / 1000, milli % 1000);
    return json_string(text);
}

/* A feature may have given a host an image of its own, and left another without one. */
static void trim_images(Import *import)
{
    json_t *images = import_at(import, "images", NULL);
    json_t *estates = import_at(import, "estates", NULL);
    g_autoptr(GHashTable) used = g_hash_table_new(g_str_hash, g_str_equal);
    const char *name, *key;
    json_t *estate, *host, *image;
    void *next;

    json_object_foreach (estates, name, estate)
        json_object_foreach (json_object_get(estate, "hosts"), key, host)
            g_hash_table_add(used,
                             (gpointer)json_string_value(json_object_get(host, "image")));
    json_object_foreach_safe(images, next, name,
                             image) if (!g_hash_table_contains(used, name))
        json_object_del(images, name);
}

/* The drill's keys in the order in which people read them. */
static void order_drill(Import *import)
{
    static const char *const keys[] = {"name", "title", "start", "duration"};
    json_t *drill = import_at(import, "drill", NULL), *sorted = json_object();

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (json_object_get(drill, keys[i]))
            json_object_set(sorted, keys[i], json_object_get(drill, keys[i]));
    json_object_set_new(import->im_out, "drill", sorted);
}

void import_trim(Import *import)
{
    static const char *const tops[] = {"scope",   "teams",   "networks",   "images",
                                       "secrets", "estates", "objectives", "injects"};

    trim_images(import);
    order_drill(import);
    for (gsize i = 0; i < G_N_ELEMENTS(tops); i++)
        if (!json_object_size(json_object_get(import->im_out, tops[i])))
            json_object_del(import->im_out, tops[i]);
}
