#include "scenarios/import/import.h"

#include "scenarios/import/work.h"
#include "scenarios/import/yaml_out.h"
#include "scenarios/moment.h"

#include <gio/gio.h>
#include <string.h>

/* Files of a directory that are named in the account, and how deep. */
#define FILES_MAX 500
#define FILES_DEPTH 6

ImportFile *import_file_new(const char *name, const char *path, const void *bytes,
                            gsize len)
{
    ImportFile *file = g_new0(ImportFile, 1);

    file->if_name = g_strdup(name);
    file->if_path = g_strdup(path);
    file->if_bytes = bytes ? g_bytes_new(bytes, len) : NULL;
    return file;
}

void import_file_free(ImportFile *file)
{
    g_free(file->if_name);
    g_free(file->if_path);
    g_clear_pointer(&file->if_bytes, g_bytes_unref);
    g_free(file);
}

static void file_free_void(gpointer file)
{
    import_file_free(file);
}

/* --- reading --- */

/* One byte more than a reader takes is enough for it to say that it is too large. */
static GBytes *read_bytes(const char *path, ParryDiags *diags)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GError) error = NULL;
    g_autoptr(GFileInputStream) stream = g_file_read(file, NULL, &error);
    g_autofree char *bytes = g_malloc(NODE_FILE_MAX + 1);
    gsize len = 0;

    if (stream && g_input_stream_read_all(G_INPUT_STREAM(stream), bytes,
                                          NODE_FILE_MAX + 1, &len, NULL, &error))
        return g_bytes_new(bytes, len);
    parry_diags_add(diags, DIAG_ERROR, path, NULL, 0, 0, NULL, "cannot be read: %s",
                    error->message);
    return NULL;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of a directory, in order; NULL with a finding. */
static GPtrArray *list_dir(const char *path, ParryDiags *diags)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    if (!dir)
        parry_diags_add(diags, DIAG_ERROR, path, NULL, 0, 0, NULL, "cannot be read: %s",
                        error->message);
    while (dir && (name = g_dir_read_name(dir)))
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    return names;
}

static gboolean wanted(ImportFormat format, const char *name)
{
    static const char *const kypo[] = {"topology.yml",  "topology.yaml",  "training.json",
                                       "variables.yml", "variables.yaml", NULL};

    if (format == IMPORT_KYPO)
        return g_strv_contains(kypo, name);
    return g_str_has_suffix(name, ".yml") || g_str_has_suffix(name, ".yaml") ||
           g_str_has_suffix(name, ".sdl");
}

/* Hidden files (.git) are no content; what is beyond the limits is an error, not dropped.
 */
static gboolean add_dir(ImportFormat format, const char *top, const char *below,
                        int depth, GPtrArray *files, ParryDiags *diags)
{
    g_autofree char *dir = g_build_filename(top, below, NULL);
    g_autoptr(GPtrArray) names = list_dir(dir, diags);
    gboolean good = TRUE;

    for (guint i = 0; good && i < names->len; i++) {
        const char *entry = names->pdata[i];
        g_autofree char *name =
            *below ? g_strconcat(below, "/", entry, NULL) : g_strdup(entry);
        g_autofree char *path = g_build_filename(top, name, NULL);
        if (*entry == '.')
            continue;
        if (files->len >= FILES_MAX) {
            parry_diags_add(diags, DIAG_ERROR, top, NULL, 0, 0, NULL,
                            "more than %d files", FILES_MAX);
            return FALSE;
        }
        if (g_file_test(path, G_FILE_TEST_IS_DIR) && depth < FILES_DEPTH &&
            !g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
            good = add_dir(format, top, name, depth + 1, files, diags);
            continue;
        }
        ImportFile *file = import_file_new(name, path, NULL, 0);
        g_ptr_array_add(files, file);
        if (wanted(format, name) && g_file_test(path, G_FILE_TEST_IS_REGULAR))
            good = (file->if_bytes = read_bytes(path, diags)) != NULL;
    }
    return good;
}

static GPtrArray *read_files(ImportFormat format, const char *path, ParryDiags *diags)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(file_free_void);

    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        if (format == IMPORT_MSEL) {
            parry_diags_add(diags, DIAG_ERROR, path, NULL, 0, 0, "name a CSV file",
                            "is a directory");
            return NULL;
        }
        return add_dir(format, path, "", 0, files, diags) ? g_steal_pointer(&files)
                                                          : NULL;
    }
    if (format == IMPORT_KYPO) {
        parry_diags_add(diags, DIAG_ERROR, path, NULL, 0, 0,
                        "name the directory with topology.yml and training.json",
                        "is no directory");
        return NULL;
    }
    GBytes *bytes = read_bytes(path, diags);
    if (!bytes)
        return NULL;
    g_autofree char *name = g_path_get_basename(path);
    ImportFile *file = import_file_new(name, path, NULL, 0);
    file->if_bytes = bytes;
    g_ptr_array_add(files, file);
    return g_steal_pointer(&files);
}

ImportResult *import_path(ImportFormat format, const char *path,
                          const ImportOptions *options, ParryDiags *diags)
{
    g_autoptr(GPtrArray) files = read_files(format, path, diags);
    g_autoptr(GBytes) map = NULL;

    if (!files)
        return NULL;
    if (options && options->io_map) {
        map = read_bytes(options->io_map, diags);
        if (!map)
            return NULL;
    }
    return import_files(format, files, map, options, diags);
}

/* --- making --- */

static gboolean (*const formats[])(Import *) = {
    [IMPORT_OCR] = ocr_import,
    [IMPORT_KYPO] = kypo_import,
    [IMPORT_MSEL] = msel_import,
};

/* Keys of a scenario in the order in which people read it. */
static json_t *skeleton(void)
{
    static const char *const tops[] = {"drill",    "scope",      "teams",
                                       "networks", "images",     "secrets",
                                       "estates",  "objectives", "injects"};
    json_t *out = json_pack("{s:i}", "parry", 1);

    for (gsize i = 0; i < G_N_ELEMENTS(tops); i++)
        json_object_set_new(out, tops[i], json_object());
    return out;
}

/* Who writes the file, at the top of it. */
static void head_comment(Import *import, ImportFormat format)
{
    static const char *const names[] = {"ocr", "kypo", "msel"};
    GString *text = g_string_new(NULL);

    g_string_printf(text,
                    "Made by `parry import %s`. What it changed or left out, it "
                    "told when it was run.\n",
                    names[format]);
    g_string_append(text, import->im_comment->str);
    g_string_free(import->im_comment, TRUE);
    import->im_comment = text;
}

static ImportResult *result_of(Import *import)
{
    g_autoptr(GError) error = NULL;
    ImportResult *result = g_new0(ImportResult, 1);

    result->ir_lines = g_steal_pointer(&import->im_lines);
    for (guint i = 0; i < result->ir_lines->len; i++) {
        ImportVerdict verdict = ((ImportLine *)result->ir_lines->pdata[i])->il_verdict;
        result->ir_count[verdict]++;
        result->ir_worst = MAX(result->ir_worst, verdict);
    }
    result->ir_yaml = yaml_out(import->im_out, import->im_comment->str, &error);
    if (result->ir_yaml)
        return result;
    parry_diags_add(import->im_diags, DIAG_ERROR, NULL, NULL, 0, 0, NULL, "%s",
                    error->message);
    import_result_free(result);
    return NULL;
}

static gint compare_lines(gconstpointer a, gconstpointer b)
{
    const ImportLine *x = *(ImportLine *const *)a, *y = *(ImportLine *const *)b;
    int order = g_strcmp0(x->il_file, y->il_file);

    if (!order)
        order = (x->il_line > y->il_line) - (x->il_line < y->il_line);
    if (!order)
        order = (x->il_column > y->il_column) - (x->il_column < y->il_column);
    if (!order)
        order = strcmp(x->il_what, y->il_what);
    if (!order)
        order = (int)x->il_verdict - (int)y->il_verdict;
    if (!order)
        order = g_strcmp0(x->il_to, y->il_to);
    return order ? order : g_strcmp0(x->il_why, y->il_why);
}

/* In the input's order, and each once: a condition that two events have is told twice. */
static void sort_lines(GPtrArray *lines)
{
    guint kept = 0;

    g_ptr_array_sort(lines, compare_lines);
    for (guint i = 0; i < lines->len; i++) {
        if (kept && !compare_lines(&lines->pdata[kept - 1], &lines->pdata[i])) {
            import_line_free(lines->pdata[i]);
            continue;
        }
        lines->pdata[kept++] = lines->pdata[i];
    }
    g_ptr_array_set_free_func(lines, NULL);
    g_ptr_array_set_size(lines, (int)kept);
    g_ptr_array_set_free_func(lines, import_line_free);
}

static void import_clear(Import *import)
{
    g_clear_pointer(&import->im_lines, g_ptr_array_unref);
    g_ptr_array_unref(import->im_roots);
    g_hash_table_unref(import->im_places);
    g_hash_table_unref(import->im_seen);
    g_clear_pointer(&import->im_map, g_hash_table_unref);
    json_decref(import->im_out);
    g_string_free(import->im_comment, TRUE);
    g_free(import->im_to);
}

static void node_free_void(gpointer node)
{
    node_free(node);
}

static gboolean start_is_good(const Import *import)
{
    Moment moment;
    const char *start = import->im_options ? import->im_options->io_start : NULL;

    if (!start || moment_parse_date(start, &moment))
        return TRUE;
    parry_diags_add(import->im_diags, DIAG_ERROR, NULL, NULL, 0, 0,
                    "write for example 2026-11-13T09:00",
                    "--start \"%s\" is no date and "
                    "time",
                    start);
    return FALSE;
}

ImportResult *import_files(ImportFormat format, const GPtrArray *files, GBytes *map,
                           const ImportOptions *options, ParryDiags *diags)
{
    Import import = {
        .im_options = options,
        .im_diags = diags,
        .im_files = files,
        .im_lines = g_ptr_array_new_with_free_func(import_line_free),
        .im_roots = g_ptr_array_new_with_free_func(node_free_void),
        .im_places = g_hash_table_new_full(NULL, NULL, NULL, g_free),
        .im_seen = g_hash_table_new(NULL, NULL),
        .im_out = skeleton(),
        .im_comment = g_string_new(NULL),
    };
    ImportResult *result = NULL;
    gboolean good = start_is_good(&import);

    if (good && map) {
        import.im_map = import_map_read(
            options && options->io_map ? options->io_map : "map", map, diags);
        good = import.im_map != NULL;
    }
    if (good && formats[format](&import)) {
        import_trim(&import);
        import_sweep(&import);
        sort_lines(import.im_lines);
        head_comment(&import, format);
        result = result_of(&import);
    }
    import_clear(&import);
    return result;
}
