#include "scenarios/base/cjson.h"

#include <openssl/sha.h>
#include <string.h>

G_DEFINE_QUARK(parry - cjson - error, cjson_error)

static gboolean write_value(GString *out, const json_t *value, GError **error);

static void write_string(GString *out, const char *text, gsize len)
{
    static const char shorts[] = "btnvfr"; /* 8 to 13; 11 (\v) has no short form */

    g_string_append_c(out, '"');
    for (gsize i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            g_string_append_c(out, '\\');
            g_string_append_c(out, (char)c);
        } else if (c >= 8 && c <= 13 && c != 11) {
            g_string_append_c(out, '\\');
            g_string_append_c(out, shorts[c - 8]);
        } else if (c < 0x20) {
            g_string_append_printf(out, "\\u%04x", c);
        } else {
            g_string_append_c(out, (char)c);
        }
    }
    g_string_append_c(out, '"');
}

/*
 * RFC 8785 sorts by UTF-16 code units. UTF-8 bytes sort alike, but for characters past
 * U+FFFF (surrogates, D800 to DFFF) against U+E000 to U+FFFF.
 */
static gint compare_keys(gconstpointer a, gconstpointer b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;

    while (*x && *y) {
        gunichar cx = g_utf8_get_char(x), cy = g_utf8_get_char(y);
        if (cx != cy) {
            if ((cx > 0xffff) != (cy > 0xffff)) {
                gunichar ux = cx > 0xffff ? 0xd800 : cx, uy = cy > 0xffff ? 0xd800 : cy;
                return ux < uy ? -1 : 1;
            }
            return cx < cy ? -1 : 1;
        }
        x = g_utf8_next_char(x);
        y = g_utf8_next_char(y);
    }
    return (*x != 0) - (*y != 0);
}

static gboolean write_object(GString *out, const json_t *value, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    const char *key;
    json_t *member;

    json_object_foreach ((json_t *)value, key, member)
        g_ptr_array_add(keys, (void *)key);
    g_ptr_array_sort(keys, compare_keys);
    g_string_append_c(out, '{');
    for (guint i = 0; i < keys->len; i++) {
        key = keys->pdata[i];
        if (i)
            g_string_append_c(out, ',');
        write_string(out, key, strlen(key));
        g_string_append_c(out, ':');
        if (!write_value(out, json_object_get(value, key), error))
            return FALSE;
    }
    g_string_append_c(out, '}');
    return TRUE;
}

static gboolean write_array(GString *out, const json_t *value, GError **error)
{
    g_string_append_c(out, '[');
    for (gsize i = 0; i < json_array_size(value); i++) {
        if (i)
            g_string_append_c(out, ',');
        if (!write_value(out, json_array_get(value, i), error))
            return FALSE;
    }
    g_string_append_c(out, ']');
    return TRUE;
}

static gboolean write_value(GString *out, const json_t *value, GError **error)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return write_object(out, value, error);
    case JSON_ARRAY:
        return write_array(out, value, error);
    case JSON_STRING:
        write_string(out, json_string_value(value), json_string_length(value));
        return TRUE;
    case JSON_INTEGER:
        g_string_append_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return TRUE;
    case JSON_TRUE:
        g_string_append(out, "true");
        return TRUE;
    case JSON_FALSE:
        g_string_append(out, "false");
        return TRUE;
    case JSON_NULL:
        g_string_append(out, "null");
        return TRUE;
    case JSON_REAL:
        break;
    }
    g_set_error(error, cjson_error_quark(), 1,
                "canonical JSON: the real number %g: only integers are allowed",
                json_real_value(value));
    return FALSE;
}

char *cjson_text(const json_t *value, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);

    if (!value) {
        g_set_error(error, cjson_error_quark(), 2, "canonical JSON: there is no value");
        return NULL;
    }
    if (!write_value(out, value, error))
        return NULL;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

gboolean cjson_sha256(const json_t *value, char out[65], GError **error)
{
    g_autofree char *text = cjson_text(value, error);

    if (!text)
        return FALSE;
    cjson_sha256_bytes(text, strlen(text), out);
    return TRUE;
}

void cjson_sha256_bytes(const void *bytes, gsize len, char out[65])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[SHA256_DIGEST_LENGTH];

    SHA256(len ? bytes : "", len, digest);
    for (gsize i = 0; i < sizeof digest; i++) {
        out[2 * i] = hex[digest[i] >> 4];
        out[2 * i + 1] = hex[digest[i] & 15];
    }
    out[64] = '\0';
}
