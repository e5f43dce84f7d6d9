/* Images, and files of images and hosts. */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>
#include <sys/stat.h>

#define SOURCE_MAX ((gint64)1024 * 1024)

/* Bytes of the file that `source:` names, below the scenario's directory. */
GBytes *loader_source(Loader *loader, Node *node)
{
    g_autoptr(GError) error = NULL;
    struct stat st;
    char *bytes = NULL;
    gsize len = 0;

    if (g_path_is_absolute(node->nd_text) || strstr(node->nd_text, "..")) {
        loader_error(
            loader, node, NULL,
            "source: name a file below the scenario's directory, without \"..\"");
        return NULL;
    }
    g_autofree char *path = g_build_filename(loader->ld_dir, node->nd_text, NULL);
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
        loader_error(loader, node, NULL, "source: there is no file \"%s\"",
                     node->nd_text);
        return NULL;
    }
    if (st.st_size > SOURCE_MAX) {
        loader_error(loader, node, NULL, "source: \"%s\" is larger than 1 MiB",
                     node->nd_text);
        return NULL;
    }
    if (!g_file_get_contents(path, &bytes, &len, &error)) {
        loader_error(loader, node, NULL, "source: %s", error->message);
        return NULL;
    }
    return g_bytes_new_take(bytes, len);
}

/* What the file holds, the same bytes for every copy of it; NULL with a finding. */
static GBytes *shared_bytes(Loader *loader, const Node *def)
{
    GBytes *bytes = g_hash_table_lookup(loader->ld_bytes, def);
    Node *source = node_get(def, "source");
    const char *content = node_get_text(def, "content");

    if (bytes)
        return bytes;
    if (node_text(source))
        bytes = loader_source(loader, source);
    else
        bytes = g_bytes_new(content ? content : "", content ? strlen(content) : 0);
    if (bytes)
        g_hash_table_insert(loader->ld_bytes, (gpointer)def, bytes);
    return bytes;
}

/* The same, for the caller to unref; a text with references is each team's own. */
static GBytes *file_bytes(Loader *loader, const Node *def, int team)
{
    Node *content = node_get(def, "content");

    if (loader_has_refs(content)) {
        char *text = loader_subst(loader, content, team);
        return text ? g_bytes_new_take(text, strlen(text)) : NULL;
    }
    GBytes *bytes = shared_bytes(loader, def);
    return bytes ? g_bytes_ref(bytes) : NULL;
}

static void expand_file(Loader *loader, const Node *def, int team, GHashTable *paths,
                        GPtrArray *out)
{
    Node *path = node_get(def, "path");

    if (!node_text(path))
        return;
    const Node *first = g_hash_table_lookup(paths, path->nd_text);
    if (first) {
        loader_error(loader, path, NULL, "\"%s\" is planted twice: first in line %d",
                     path->nd_text, first->nd_line);
        return;
    }
    g_hash_table_insert(paths, path->nd_text, path);
    GBytes *bytes = file_bytes(loader, def, team);
    if (!bytes)
        return;
    PlanFile *file = g_new0(PlanFile, 1);
    file->pf_path = g_strdup(path->nd_text);
    file->pf_bytes = bytes;
    value_mode(key_text(&keys_file, def, "mode"), &file->pf_mode);
    file->pf_owner = g_strdup(key_text(&keys_file, def, "owner"));
    file->pf_group = g_strdup(key_text(&keys_file, def, "group"));
    g_ptr_array_add(out, file);
}

void files_expand(Loader *loader, const Node *list, int team, GPtrArray *out)
{
    g_autoptr(GHashTable) paths = g_hash_table_new(g_str_hash, g_str_equal);

    if (!list || list->nd_kind != NODE_LIST)
        return;
    for (guint i = 0; i < node_len(list); i++)
        expand_file(loader, node_at(list, i), team, paths, out);
}

static gboolean is_debian(const char *base)
{
    const char *suite = base + strlen("debian/");

    return g_str_has_prefix(base, "debian/") && *suite &&
           !suite[strspn(suite, "abcdefghijklmnopqrstuvwxyz")];
}

/* The base as the plan has it: a path is made absolute and must be there. */
static char *expand_base(Loader *loader, Node *node)
{
    const char *base = node->nd_text;
    struct stat st;

    if (!strcmp(base, "micro") || is_debian(base))
        return g_strdup(base);
    if (!strchr(base, '/') && !g_str_has_suffix(base, ".qcow2")) {
        loader_error(loader, node, "micro, debian/bookworm, or the path of a qcow2",
                     "no base is named \"%.60s\"", base);
        return NULL;
    }
    char *path = g_canonicalize_filename(base, loader->ld_dir);
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
        loader_error(loader, node, "a relative path starts at the scenario's directory",
                     "there is no image file \"%s\"", base);
        g_clear_pointer(&path, g_free);
    }
    return path;
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted and without duplicates: the same set is the same image. */
static char **expand_packages(const Node *def)
{
    g_auto(GStrv) all = key_texts(def, "packages");
    GPtrArray *out = g_ptr_array_new();

    qsort(all, g_strv_length(all), sizeof *all, compare_texts);
    for (char **package = all; *package; package++)
        if (package == all || strcmp(package[-1], *package) != 0)
            g_ptr_array_add(out, g_strdup(*package));
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(out, FALSE);
}

static void expand_image(Loader *loader, Node *name, const Node *def)
{
    Node *base = node_get(def, "base");

    if (!strcmp(name->nd_text, "micro")) {
        loader_error(loader, name, "choose another name", "\"micro\" is built in");
        g_hash_table_add(loader->ld_used, (gpointer)def);
        return;
    }
    PlanImage *image = plan_image_add(loader->ld_plan, name->nd_text);
    image->pi_base = node_text(base) ? expand_base(loader, base) : NULL;
    image->pi_packages = expand_packages(def);
    gboolean debian = image->pi_base && is_debian(image->pi_base);
    if (image->pi_base && !debian && image->pi_packages[0])
        loader_error(loader, node_key(def, "packages"),
                     "only images on debian/SUITE take packages",
                     "an image on %s takes no packages", node_text(base));
    if (image->pi_base && !debian && strcmp(image->pi_base, "micro") != 0 &&
        node_len(node_get(def, "files")))
        loader_error(loader, node_key(def, "files"), "give the files to the host",
                     "files cannot be baked into an image of your own");
}

/* Texts may refer to the drill's own secrets: read once those are drawn. */
void image_contents_expand(Loader *loader)
{
    const Node *images = node_get(loader->ld_root, "images");
    const GPtrArray *all = loader->ld_plan->p_images;

    for (guint i = 1; i < all->len; i++) {
        PlanImage *image = all->pdata[i];
        files_expand(loader, node_get(node_get(images, image->pi_id), "files"), -1,
                     image->pi_files);
    }
}

void images_expand(Loader *loader)
{
    const Node *images = node_get(loader->ld_root, "images");
    PlanImage *micro = plan_image_add(loader->ld_plan, "micro");

    micro->pi_base = g_strdup("micro");
    micro->pi_packages = g_new0(char *, 1);
    for (guint i = 0; i < node_len(images); i++) {
        Node *name = images->nd_keys->pdata[i];
        if (!name->nd_bad)
            expand_image(loader, name, node_at(images, i));
    }
}
