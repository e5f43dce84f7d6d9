/*
 * A scenario of several files: `includes` are read, each once, and joined to one tree.
 *
 * Mappings of names are joined; what there can be only one of stands in one file only.
 * Names of an included file come before those of the file that includes it, as if its
 * text stood there. All paths start at the scenario's directory, whatever file they are
 * written in.
 */
#include "scenarios/base/cjson.h"
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 32
#define NESTED_MAX 8
#define TOGETHER_MAX ((gsize)4 * 1024 * 1024)

typedef struct {
    Loader *in_loader;
    const PlanOptions *in_options;
    const char *in_shown; /* what stands before the path of a file in findings */
    GPtrArray *in_chain;  /* LoaderFile: the top one, what it includes, … */
    gsize in_together;    /* bytes */
    gboolean in_failed;
} Include;

void loader_file_free(gpointer data)
{
    LoaderFile *file = data;

    g_free(file->lf_name);
    g_free(file->lf_path);
    g_free(file->lf_source);
    node_free(file->lf_root);
    g_free(file);
}

LoaderFile *loader_file_add(Loader *loader, const char *name, const char *path,
                            const void *bytes, gsize len)
{
    LoaderFile *file = g_new0(LoaderFile, 1);

    /* An editor does not show the mark that some put before a text: no column is its. */
    if (len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
        bytes = (const char *)bytes + 3;
        len -= 3;
    }
    file->lf_name = g_strdup(name);
    file->lf_path = g_strdup(path);
    file->lf_source = g_malloc(len + 1);
    memcpy(file->lf_source, bytes, len);
    file->lf_source[len] = '\0';
    file->lf_len = len;
    g_ptr_array_add(loader->ld_files, file);
    file->lf_root = node_parse(name, (int)loader->ld_files->len - 1, file->lf_source, len,
                               loader->ld_diags);
    return file;
}

static const char *name_of(const Loader *loader, int number)
{
    return ((const LoaderFile *)loader->ld_files->pdata[number])->lf_name;
}

/* An error at the item of `includes`; of a nested one the hint says who includes it. */
static void refuse(Include *in, Node *item, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void refuse(Include *in, Node *item, const char *format, ...)
{
    const LoaderFile *file = loader_file(in->in_loader, item);
    g_autofree char *hint = NULL;
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    if (file->lf_parent >= 0)
        hint = g_strdup_printf("%s is included from %s:%d", file->lf_name,
                               name_of(in->in_loader, file->lf_parent), file->lf_line);
    loader_error(in->in_loader, item, hint, "%s", message);
    in->in_failed = TRUE;
}

/* "./a//b.yaml" is "a/b.yaml": one file has one name. */
static char *plain_path(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    g_autoptr(GPtrArray) kept = g_ptr_array_new();

    for (char **part = parts; *part; part++)
        if (**part && strcmp(*part, ".") != 0)
            g_ptr_array_add(kept, *part);
    g_ptr_array_add(kept, NULL);
    return g_strjoinv("/", (char **)kept->pdata);
}

/*
 * Bytes of a file below the directory. A symbolic link may lead to another file there,
 * but not out of it: whoever may write the scenario must not read what they could not.
 */
static GBytes *read_below(const char *dir, const char *path, GError **error)
{
    g_autofree char *full = g_build_filename(dir, path, NULL);
    g_autofree char *top = realpath(dir, NULL);
    g_autofree char *real = top ? realpath(full, NULL) : NULL;
    struct stat st;
    char *bytes;
    gsize len;

    if (!real || stat(real, &st) < 0) {
        int err = errno;
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(err), "%s",
                    g_strerror(err));
        return NULL;
    }
    gsize prefix = strlen(top);
    if (strcmp(top, "/") != 0 &&
        (strncmp(real, top, prefix) != 0 || real[prefix] != '/')) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "a symbolic link leads out of the scenario's directory");
        return NULL;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > (off_t)NODE_FILE_MAX) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s",
                    S_ISREG(st.st_mode) ? "larger than 1 MiB" : "not a regular file");
        return NULL;
    }
    if (!g_file_get_contents(real, &bytes, &len, error))
        return NULL;
    return g_bytes_new_take(bytes, len);
}

static LoaderFile *find(const Include *in, const char *path)
{
    const GPtrArray *files = in->in_loader->ld_files;

    for (guint i = 0; i < files->len; i++) {
        LoaderFile *file = files->pdata[i];
        if (!strcmp(file->lf_path, path))
            return file;
    }
    return NULL;
}

/* FALSE with a finding where the file was met already: above in the chain, or elsewhere.
 */
static gboolean check_new(Include *in, Node *item, const char *path)
{
    const LoaderFile *first = find(in, path);
    g_autoptr(GString) way = g_string_new(NULL);
    gboolean within = FALSE;

    if (!first)
        return TRUE;
    for (guint i = 0; i < in->in_chain->len; i++) {
        const LoaderFile *file = in->in_chain->pdata[i];
        within = within || file == first;
        if (within)
            g_string_append_printf(way, "%s → ", file->lf_path);
    }
    if (within)
        refuse(in, item, "the files include one another: %s%s", way->str, path);
    else
        refuse(in, item, "\"%s\" is included twice: first by %s, line %d", path,
               name_of(in->in_loader, first->lf_parent), first->lf_line);
    return FALSE;
}

static GBytes *read_bytes(Include *in, const char *path, GError **error)
{
    const PlanOptions *options = in->in_options;
    const Loader *loader = in->in_loader;
    GBytes *bytes = options->po_read ? options->po_read(path, options->po_data, error)
                                     : read_below(loader->ld_dir, path, error);

    if (bytes && g_bytes_get_size(bytes) > NODE_FILE_MAX) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "larger than 1 MiB");
        g_clear_pointer(&bytes, g_bytes_unref);
    }
    return bytes;
}

static void include_all(Include *in, LoaderFile *file);

static void include_one(Include *in, Node *item)
{
    static const KeySpec spec = {.ks_key = "includes", .ks_type = KEY_FILE};
    Loader *loader = in->in_loader;
    g_autoptr(GError) error = NULL;
    g_autofree char *why = NULL;

    if (item->nd_kind != NODE_SCALAR || !*item->nd_text || item->nd_refs) {
        refuse(in, item, "includes wants paths of files, not %s",
               item->nd_kind != NODE_SCALAR ? node_kind_name(item)
               : item->nd_refs              ? "references"
                                            : "nothing");
        return;
    }
    if (!value_check(&spec, KEY_FILE, item->nd_text, &why)) {
        refuse(in, item, "includes: %s", why);
        return;
    }
    g_autofree char *path = plain_path(item->nd_text);
    if (!check_new(in, item, path))
        return;
    if (in->in_chain->len > NESTED_MAX) {
        refuse(in, item, "includes are nested more than %d deep", NESTED_MAX);
        return;
    }
    if (loader->ld_files->len >= FILES_MAX) {
        refuse(in, item, "more than %d files", FILES_MAX);
        return;
    }
    g_autoptr(GBytes) bytes = read_bytes(in, path, &error);
    if (!bytes) {
        refuse(in, item, "cannot include \"%s\": %s%s", path, error->message,
               in->in_chain->len > 1 ? " (paths begin at the top file's directory)" : "");
        return;
    }
    in->in_together += g_bytes_get_size(bytes);
    if (in->in_together > TOGETHER_MAX) {
        refuse(in, item, "the files are larger than 4 MiB together");
        return;
    }
    g_autofree char *name = g_strconcat(in->in_shown, path, NULL);
    LoaderFile *file = loader_file_add(loader, name, path, g_bytes_get_data(bytes, NULL),
                                       g_bytes_get_size(bytes));
    file->lf_parent = item->nd_file;
    file->lf_line = item->nd_line;
    if (!file->lf_root) {
        in->in_failed = TRUE; /* the parser told why */
        return;
    }
    include_all(in, file);
}

static void include_all(Include *in, LoaderFile *file)
{
    Node *list = node_get(file->lf_root, "includes");

    if (!list)
        return;
    if (list->nd_kind != NODE_LIST) {
        refuse(in, list, "includes wants a list, not %s", node_kind_name(list));
        return;
    }
    g_ptr_array_add(in->in_chain, file);
    for (guint i = 0; i < node_len(list); i++)
        include_one(in, node_at(list, i));
    g_ptr_array_set_size(in->in_chain, (gint)in->in_chain->len - 1);
}

/* ---- one tree ---- */

/* Are all keys of the table mappings of names, so that two such can be joined? */
static gboolean is_group(const KeyTable *table)
{
    for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++)
        if (spec->ks_type != KEY_NAMED)
            return FALSE;
    return TRUE;
}

static void told_twice(Loader *loader, Node *key, const Node *first, gboolean alone)
{
    const char *file = loader_file(loader, first)->lf_name;

    if (alone)
        loader_error(loader, key, NULL,
                     "\"%s\" may stand in one file only: it stands in %s, line %d, too",
                     key->nd_text, file, first->nd_line);
    else
        loader_error(loader, key, "choose another name",
                     "\"%s\" is defined twice: first in %s, line %d", key->nd_text, file,
                     first->nd_line);
}

/* Moves the pairs of `from` to the end of `to`; names that are there already are told. */
static void join(Loader *loader, const KeyTable *table, Node *to, Node *from);

static void join_pair(Loader *loader, const KeyTable *table, Node *to, Node *key,
                      Node *value)
{
    const KeySpec *spec = table ? keys_find(table, key->nd_text) : NULL;
    Node *there = node_get(to, key->nd_text);

    if (!there) {
        node_put(to, key, value);
        return;
    }
    gboolean maps = there->nd_kind == NODE_MAP && value->nd_kind == NODE_MAP;
    gboolean names = spec && spec->ks_type == KEY_NAMED;
    gboolean joins =
        names || (spec && spec->ks_type == KEY_MAP && is_group(spec->ks_sub));
    if (joins && maps)
        join(loader, names ? NULL : spec->ks_sub, there, value);
    else if (maps || !joins)
        told_twice(loader, key, node_key(to, key->nd_text), table != NULL);
    else if (value->nd_kind != NODE_MAP) /* else the shape tells of the other */
        loader_error(loader, value, NULL, "%s wants a mapping of names, not %s",
                     key->nd_text, node_kind_name(value));
    node_free(key);
    node_free(value);
}

static void join(Loader *loader, const KeyTable *table, Node *to, Node *from)
{
    guint n = node_len(from);
    g_autofree Node **keys = g_new(Node *, n + 1), **values = g_new(Node *, n + 1);

    for (guint i = 0; i < n; i++) {
        keys[i] = from->nd_keys->pdata[i];
        values[i] = from->nd_items->pdata[i];
    }
    node_take_all(from);
    for (guint i = 0; i < n; i++)
        join_pair(loader, table, to, keys[i], values[i]);
}

/* An included file's own keys: its version must be this one, its list is done with. */
static void drop_key(Loader *loader, Node *root, const char *key)
{
    Node *value = node_get(root, key);

    if (value && !strcmp(key, "parry") && g_strcmp0(value->nd_text, "1") != 0)
        loader_error(loader, value, NULL, "parry: this build reads version 1 only");
    node_drop(root, key);
}

/* Included files first, depth first, the top file last. */
static void join_file(Loader *loader, Node *tree, int number)
{
    const GPtrArray *files = loader->ld_files;
    Node *root = ((LoaderFile *)files->pdata[number])->lf_root;

    for (guint i = 0; i < files->len; i++) {
        if (((const LoaderFile *)files->pdata[i])->lf_parent == number)
            join_file(loader, tree, (int)i);
    }
    if (root->nd_kind != NODE_MAP) {
        loader_error(loader, root, NULL, "an included file is a mapping, not %s",
                     node_kind_name(root));
        return;
    }
    if (number) {
        drop_key(loader, root, "parry");
        drop_key(loader, root, "includes");
    }
    join(loader, &keys_root, tree, root);
}

/* Copies for those who keep the scenario. */
static void keep_sources(Loader *loader)
{
    for (guint i = 0; i < loader->ld_files->len; i++) {
        const LoaderFile *file = loader->ld_files->pdata[i];
        PlanSource *source = g_new0(PlanSource, 1);
        source->so_path = g_strdup(file->lf_path);
        source->so_bytes = g_bytes_new(file->lf_source, file->lf_len);
        g_ptr_array_add(loader->ld_plan->p_sources, source);
    }
}

/* Of one file its own hash; of several that of their paths, lengths and bytes. */
static void hash_files(Loader *loader)
{
    const LoaderFile *top = loader->ld_files->pdata[0];
    char *out = loader->ld_plan->p_scenario_sha256;

    if (loader->ld_files->len == 1) {
        cjson_sha256_bytes(top->lf_source, top->lf_len, out);
        return;
    }
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (guint i = 0; i < loader->ld_files->len; i++) {
        const LoaderFile *file = loader->ld_files->pdata[i];
        /* The top file's own name may change: a drill's copy has another. */
        g_autofree char *head = g_strdup_printf("%s\n%" G_GSIZE_FORMAT "\n",
                                                i ? file->lf_path : "", file->lf_len);
        g_checksum_update(sum, (const guchar *)head, -1);
        g_checksum_update(sum, (const guchar *)file->lf_source, (gssize)file->lf_len);
    }
    g_strlcpy(out, g_checksum_get_string(sum), 65);
    g_checksum_free(sum);
}

void files_key(Loader *loader)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *head =
        g_strdup_printf("parry-seed-1\n%" G_GINT64_FORMAT "\n", loader->ld_seed);
    gsize len = sizeof loader->ld_key;

    g_checksum_update(sum, (const guchar *)head, -1);
    for (guint i = 0; i < loader->ld_files->len; i++) {
        const LoaderFile *file = loader->ld_files->pdata[i];
        g_autofree char *size = g_strdup_printf("%" G_GSIZE_FORMAT "\n", file->lf_len);
        g_checksum_update(sum, (const guchar *)size, -1);
        g_checksum_update(sum, (const guchar *)file->lf_source, (gssize)file->lf_len);
    }
    g_checksum_get_digest(sum, loader->ld_key, &len);
    g_checksum_free(sum);
}

gboolean files_load(Loader *loader, const char *name, const void *bytes, gsize len,
                    const PlanOptions *options)
{
    g_autofree char *dir = g_path_get_dirname(name);
    g_autofree char *shown = !strcmp(dir, ".") && !g_str_has_prefix(name, "./")
                                 ? g_strdup("")
                                 : g_strconcat(dir, "/", NULL);
    g_autofree char *base = g_path_get_basename(name);
    g_autoptr(GPtrArray) chain = g_ptr_array_new();
    Include in = {.in_loader = loader,
                  .in_options = options,
                  .in_shown = shown,
                  .in_chain = chain,
                  .in_together = len};

    LoaderFile *top = loader_file_add(loader, name, base, bytes, len);
    top->lf_parent = -1;
    loader->ld_root = top->lf_root;
    if (!top->lf_root)
        return FALSE;
    if (top->lf_root->nd_kind == NODE_MAP)
        include_all(&in, top);
    if (in.in_failed)
        return FALSE;
    hash_files(loader);
    keep_sources(loader);
    if (loader->ld_files->len == 1)
        return TRUE;
    Node *tree =
        node_make(NODE_MAP, NULL, top->lf_root->nd_line, top->lf_root->nd_column);
    join_file(loader, tree, 0);
    loader->ld_root = loader->ld_tree = tree;
    return TRUE;
}
