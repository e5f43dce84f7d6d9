#include "orchestrator/daemon/cast.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct Cast {
    FILE *ca_file;
    char *ca_path;
    gint64 ca_start_us;
    guint64 ca_bytes;
    GByteArray *ca_held; /* a UTF-8 character's first bytes */
};

static void cast_line(Cast *cast, json_t *line)
{
    if (cast->ca_file &&
        (json_dumpf(line, cast->ca_file, JSON_COMPACT) < 0 ||
         fputc('\n', cast->ca_file) == EOF || fflush(cast->ca_file) != 0)) {
        g_warning("recording %s: %s; it ends here", cast->ca_path, g_strerror(errno));
        fclose(cast->ca_file);
        cast->ca_file = NULL;
    }
    json_decref(line);
}

/* Seconds with microseconds: a real is what the format wants, and no journal sees it. */
static void cast_event(Cast *cast, const char *type, const char *text)
{
    double at = (double)(g_get_monotonic_time() - cast->ca_start_us) / G_USEC_PER_SEC;

    cast_line(cast, json_pack("[f, s, s]", at, type, text));
}

Cast *cast_open(const char *path, int cols, int rows, const char *title, GError **error)
{
    Cast *cast;
    FILE *file = fopen(path, "wxe");

    if (!file) {
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno),
                    "%s: create: %s", path, g_strerror(errno));
        return NULL;
    }
    cast = g_new0(Cast, 1);
    cast->ca_file = file;
    cast->ca_path = g_strdup(path);
    cast->ca_start_us = g_get_monotonic_time();
    cast->ca_held = g_byte_array_new();
    cast_line(cast, json_pack("{s:i, s:i, s:i, s:I, s:s, s:{s:s}}", "version", 2, "width",
                              cols, "height", rows, "timestamp",
                              (json_int_t)(g_get_real_time() / G_USEC_PER_SEC), "title",
                              title, "env", "TERM", "xterm-256color"));
    return cast;
}

/* Bytes at the end of `bytes` that begin a character and do not finish it: 0 to 3. */
static guint cast_unfinished(const guint8 *bytes, guint len)
{
    for (guint back = 1; back <= 3 && back <= len; back++) {
        guint8 byte = bytes[len - back];
        if ((byte & 0xc0) == 0x80)
            continue;
        guint want = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        return want > back ? back : 0;
    }
    return 0;
}

void cast_output(Cast *cast, const void *bytes, gsize len)
{
    GByteArray *held = cast->ca_held;

    g_byte_array_append(held, bytes, (guint)len);
    cast->ca_bytes += len;
    guint keep = cast_unfinished(held->data, held->len);
    if (held->len == keep)
        return;
    /* Not _make_valid on NUL: a NUL would cut the text short. */
    for (guint i = 0; i < held->len - keep; i++)
        if (!held->data[i])
            held->data[i] = ' ';
    g_autofree char *text =
        g_utf8_make_valid((const char *)held->data, (gssize)(held->len - keep));
    cast_event(cast, "o", text);
    g_byte_array_remove_range(held, 0, held->len - keep);
}

void cast_resize(Cast *cast, int cols, int rows)
{
    g_autofree char *text = g_strdup_printf("%dx%d", cols, rows);

    cast_event(cast, "r", text);
}

guint64 cast_close(Cast *cast)
{
    guint64 bytes;

    if (!cast)
        return 0;
    bytes = cast->ca_bytes;
    if (cast->ca_held->len)
        cast_event(cast, "o", "\xef\xbf\xbd");
    if (cast->ca_file)
        fclose(cast->ca_file);
    g_byte_array_unref(cast->ca_held);
    g_free(cast->ca_path);
    g_free(cast);
    return bytes;
}

/* Bytes of output in a line that is whole: [seconds, "o", text]. */
static guint64 line_bytes(const char *line, gsize len)
{
    json_t *event = json_loadb(line, len, 0, NULL);
    const char *type = json_string_value(json_array_get(event, 1));
    guint64 bytes =
        type && strcmp(type, "o") == 0 ? json_string_length(json_array_get(event, 2)) : 0;

    json_decref(event);
    return bytes;
}

guint64 cast_mend(const char *path)
{
    g_autofree char *text = NULL;
    guint64 bytes = 0;
    gsize len;
    const char *at, *end;

    if (!g_file_get_contents(path, &text, &len, NULL))
        return 0;
    at = text;
    while ((end = memchr(at, '\n', len - (gsize)(at - text)))) {
        bytes += line_bytes(at, (gsize)(end - at));
        at = end + 1;
    }
    if ((gsize)(at - text) < len && truncate(path, at - text) < 0)
        g_warning("recording %s: cut to its last whole line: %s", path,
                  g_strerror(errno));
    return bytes;
}
