#include "agents/images/internal.h"

#include <string.h>

struct ImagesDeps {
    GHashTable *lines; /* module name -> char **: its path, then those it needs */
};

gboolean images_modules_load(ImagesModules *modules, GError **error)
{
    g_autoptr(GBytes) bytes = images_data_bytes("modules", error);

    if (!bytes)
        return FALSE;
    modules->base = g_ptr_array_new_with_free_func(g_free);
    modules->disk = g_ptr_array_new_with_free_func(g_free);
    modules->more = g_ptr_array_new_with_free_func(g_free);
    modules->rest = g_ptr_array_new_with_free_func(g_free);
    modules->optional = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *text =
        g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit(g_strstrip(lines[i]), " ", 2);
        if (!words[0] || !words[1] || words[0][0] == '#')
            continue;
        char *mark = strchr(words[1], '?');
        if (mark) {
            *mark = 0;
            g_hash_table_add(modules->optional, g_strdup(words[1]));
        }
        GPtrArray *list = strcmp(words[0], "base") == 0   ? modules->base
                          : strcmp(words[0], "disk") == 0 ? modules->disk
                          : strcmp(words[0], "more") == 0 ? modules->more
                                                          : modules->rest;
        g_ptr_array_add(list, g_strdup(words[1]));
    }
    return TRUE;
}

void images_modules_clear(ImagesModules *modules)
{
    g_clear_pointer(&modules->base, g_ptr_array_unref);
    g_clear_pointer(&modules->disk, g_ptr_array_unref);
    g_clear_pointer(&modules->more, g_ptr_array_unref);
    g_clear_pointer(&modules->rest, g_ptr_array_unref);
    g_clear_pointer(&modules->optional, g_hash_table_destroy);
}

/* "kernel/net/sched/sch_netem.ko.xz" -> "sch_netem"; "-" and "_" are the same letter. */
static char *module_name(const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    char *end = strstr(base, ".ko");

    if (end)
        *end = 0;
    return g_strdup(g_strdelimit(base, "-", '_'));
}

static void take_dep_line(ImagesDeps *deps, const char *line)
{
    g_auto(GStrv) halves = g_strsplit(line, ":", 2);

    if (!halves[0] || !halves[1])
        return;
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();
    g_strv_builder_add(b, halves[0]);
    g_auto(GStrv) needs = g_strsplit(g_strstrip(halves[1]), " ", -1);
    for (guint i = 0; needs[i]; i++) {
        if (needs[i][0])
            g_strv_builder_add(b, needs[i]);
    }
    g_hash_table_insert(deps->lines, module_name(halves[0]), g_strv_builder_end(b));
}

ImagesDeps *images_deps_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;

    if (!g_file_get_contents(path, &text, NULL, &err)) {
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO, "kernel modules: %s",
                    err->message);
        return NULL;
    }
    ImagesDeps *deps = g_new0(ImagesDeps, 1);
    deps->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify)g_strfreev);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        take_dep_line(deps, lines[i]);
    return deps;
}

static void add_once(GPtrArray *paths, const char *path)
{
    if (!g_ptr_array_find_with_equal_func(paths, path, g_str_equal, NULL))
        g_ptr_array_add(paths, g_strdup(path));
}

gboolean images_deps_resolve(const ImagesDeps *deps, const char *name, GPtrArray *paths)
{
    g_autofree char *folded = module_name(name);
    char **line = g_hash_table_lookup(deps->lines, folded);

    if (!line)
        return FALSE;
    /* depmod lists what is needed from the outside in: load from the end. */
    for (guint i = g_strv_length(line); i-- > 0;)
        add_once(paths, line[i]);
    return TRUE;
}

void images_deps_free(ImagesDeps *deps)
{
    if (!deps)
        return;
    g_hash_table_destroy(deps->lines);
    g_free(deps);
}
