#include "orchestrator/daemon/point_meta.h"

#include <string.h>

G_DEFINE_QUARK(parry - point - error - quark, point_error)

#define VERSION 1
#define TEXT_MAX 200
#define BASE_MAX 1024

static const char *const kind_names[] = {
    [POINT_AT_READY] = "ready",
    [POINT_ASKED] = "asked",
    [POINT_SCHEDULED] = "scheduled",
};

const char *point_kind_name(PointKind kind)
{
    return kind_names[kind];
}

gboolean point_kind_parse(const char *name, PointKind *kind)
{
    for (guint i = 0; name && i < G_N_ELEMENTS(kind_names); i++)
        if (strcmp(kind_names[i], name) == 0) {
            *kind = (PointKind)i;
            return TRUE;
        }
    return FALSE;
}

void point_meta_clear(PointMeta *meta)
{
    g_free(meta->pm_name);
    g_free(meta->pm_by);
    g_free(meta->pm_drill);
    g_free(meta->pm_host);
    g_free(meta->pm_uuid);
    g_free(meta->pm_base);
    memset(meta, 0, sizeof(*meta));
}

gboolean point_name_valid(const char *name)
{
    gsize len = name ? strlen(name) : 0;

    return len > 0 && len <= POINT_NAME_MAX && g_ascii_islower(*name) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static gboolean refuse(GError **error, const char *what)
{
    g_set_error(error, POINT_ERROR, POINT_ERROR_FORMAT, "meta.json: %s", what);
    return FALSE;
}

/* Below PARRY_HOME, and not out of it again. */
static gboolean base_valid(const char *base)
{
    g_auto(GStrv) parts = g_strsplit(base, "/", -1);

    if (strlen(base) > BASE_MAX ||
        (strcmp(parts[0], "images") != 0 && strcmp(parts[0], "golden") != 0) || !parts[1])
        return FALSE;
    for (char **part = parts; *part; part++)
        if (!**part || **part == '.')
            return FALSE;
    return TRUE;
}

static gboolean read_file(const json_t *files, const char *name, PointFile *file)
{
    json_int_t bytes;
    const char *sum;

    if (json_unpack(json_object_get(files, name), "{s:I, s:s!}", "bytes", &bytes,
                    "sha256", &sum) < 0 ||
        bytes <= 0 || strlen(sum) != 64 || strspn(sum, "0123456789abcdef") != 64)
        return FALSE;
    file->pf_bytes = (guint64)bytes;
    g_strlcpy(file->pf_sha256, sum, sizeof(file->pf_sha256));
    return TRUE;
}

/* The files that it names are those that there may be, and no more. */
static gboolean read_files(const json_t *files, PointMeta *meta, GError **error)
{
    gboolean disk = json_object_get(files, POINT_DISK) != NULL;

    if (json_object_size(files) != (disk ? 2 : 1))
        return refuse(error, "files: there may be \"" POINT_MEMORY "\" and \"" POINT_DISK
                             "\", and nothing else");
    if (!read_file(files, POINT_MEMORY, &meta->pm_memory) ||
        (disk && !read_file(files, POINT_DISK, &meta->pm_disk)))
        return refuse(error, "files: each wants its bytes and its SHA-256");
    if (disk != (meta->pm_base != NULL))
        return refuse(error, "a disk wants a base, and without one there is none");
    return TRUE;
}

static gboolean text_valid(const char *text)
{
    return *text && strlen(text) <= TEXT_MAX;
}

static gboolean read_texts(const json_t *json, PointMeta *meta, GError **error)
{
    const char *name, *kind, *by, *drill, *host, *uuid, *base = NULL;
    json_t *files;
    json_int_t id, at, clock, stop, base_bytes = 0, base_mtime = 0;
    int version;

    if (json_unpack((json_t *)json,
                    "{s:i, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s?s, "
                    "s?I, s?I, s:o!}",
                    "v", &version, "name", &name, "kind", &kind, "id", &id, "by", &by,
                    "drill", &drill, "host", &host, "uuid", &uuid, "at_us", &at,
                    "clock_us", &clock, "stop_us", &stop, "base", &base, "base_bytes",
                    &base_bytes, "base_mtime_us", &base_mtime, "files", &files) < 0)
        return refuse(error, "a member is missing, of another type or not known");
    if (version != VERSION)
        return refuse(error, "its version is not known, only 1 is");
    if (!point_name_valid(name) || !point_kind_parse(kind, &meta->pm_kind))
        return refuse(error, "its name or kind is none");
    if (!text_valid(by) || !text_valid(host) || !g_uuid_string_is_valid(drill) ||
        !g_uuid_string_is_valid(uuid) || id <= 0 || at < 0 || clock < 0 || stop < 0)
        return refuse(error, "a member is out of range");
    if (base && !base_valid(base))
        return refuse(error, "its base is not below images/ or golden/");
    meta->pm_name = g_strdup(name);
    meta->pm_by = g_strdup(by);
    meta->pm_drill = g_strdup(drill);
    meta->pm_host = g_strdup(host);
    meta->pm_uuid = g_strdup(uuid);
    meta->pm_base = g_strdup(base);
    meta->pm_base_bytes = base_bytes;
    meta->pm_base_mtime_us = base_mtime;
    meta->pm_id = id;
    meta->pm_at_us = at;
    meta->pm_clock_us = clock;
    meta->pm_stop_us = stop;
    return read_files(files, meta, error);
}

gboolean point_meta_parse(const char *bytes, gsize len, PointMeta *meta, GError **error)
{
    g_auto(PointMeta) found = {0};
    json_error_t at;
    json_t *json;
    gboolean ok;

    if (len > POINT_META_MAX)
        return refuse(error, "it is longer than 16 KiB");
    json = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &at);
    if (!json)
        return refuse(error, at.text);
    ok = json_is_object(json) ? read_texts(json, &found, error)
                              : refuse(error, "it is no object");
    json_decref(json);
    if (ok) {
        *meta = found;
        memset(&found, 0, sizeof(found));
    }
    return ok;
}

static json_t *file_json(const PointFile *file)
{
    return json_pack("{s:I, s:s}", "bytes", (json_int_t)file->pf_bytes, "sha256",
                     file->pf_sha256);
}

char *point_meta_text(const PointMeta *meta)
{
    json_t *files = json_object();
    json_t *json =
        json_pack("{s:i, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:o}", "v",
                  VERSION, "name", meta->pm_name, "kind", point_kind_name(meta->pm_kind),
                  "id", (json_int_t)meta->pm_id, "by", meta->pm_by, "drill",
                  meta->pm_drill, "host", meta->pm_host, "uuid", meta->pm_uuid, "at_us",
                  (json_int_t)meta->pm_at_us, "clock_us", (json_int_t)meta->pm_clock_us,
                  "stop_us", (json_int_t)meta->pm_stop_us, "files", files);

    json_object_set_new(files, POINT_MEMORY, file_json(&meta->pm_memory));
    if (meta->pm_base) {
        json_object_set_new(json, "base", json_string(meta->pm_base));
        json_object_set_new(json, "base_bytes", json_integer(meta->pm_base_bytes));
        json_object_set_new(json, "base_mtime_us", json_integer(meta->pm_base_mtime_us));
        json_object_set_new(files, POINT_DISK, file_json(&meta->pm_disk));
    }
    char *text = json_dumps(json, JSON_INDENT(1) | JSON_SORT_KEYS);
    char *own = g_strdup(text);
    free(text);
    json_decref(json);
    return own;
}
