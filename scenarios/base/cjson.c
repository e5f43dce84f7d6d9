#include "scenarios/base/cjson.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

G_DEFINE_QUARK(parry - cjson - error, cjson_error)

static gboolean write_value(GString *out, const json_t *value, GError **error);

static void write_string(GString *out, const char *text, gsize len)
{
    static const char shorts[] = "btnvfr"; /* 8 to 13; 11 (\v) has no short form */

    g_string_append_c(out, '"');
    for (gsize i = 0; i < len; i++) {
        gsize plain = i;
        while (i < len && (unsigned char)text[i] >= 0x20 && text[i] != '"' &&
               text[i] != '\\')
            i++;
        g_string_append_len(out, text + plain, (gssize)(i - plain));
        if (i == len)
            break;
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            g_string_append_c(out, '\\');
            g_string_append_c(out, (char)c);
        } else if (c >= 8 && c <= 13 && c != 11) {
            g_string_append_c(out, '\\');
            g_string_append_c(out, shorts[c - 8]);
        } else {
            g_string_append_printf(out, "\\u%04x", c);
        }
    }
    g_string_append_c(out, '"');
}

typedef struct {
    const char *me_key;
    const json_t *me_value;
} Member;

/*
 * RFC 8785 sorts by UTF-16 code units. UTF-8 bytes sort alike, but for characters past
 * U+FFFF (surrogates, D800 to DFFF) against U+E000 to U+FFFF.
 */
static int compare_members(const void *a, const void *b)
{
    const char *x = ((const Member *)a)->me_key, *y = ((const Member *)b)->me_key;

    while (*x && *x == *y) {
        x++;
        y++;
    }
    unsigned char first = (unsigned char)*x, second = (unsigned char)*y;
    /* Only these can begin a character of four bytes, past U+FFFF; U+E000 begins EE. */
    if ((first >= 0xf0) != (second >= 0xf0) && first >= 0xee && second >= 0xee)
        return first >= 0xf0 ? -1 : 1;
    return (first > second) - (first < second);
}

static gboolean write_object(GString *out, const json_t *value, GError **error)
{
    size_t n = json_object_size(value);
    g_autofree Member *members = g_new(Member, n + 1);
    const char *key;
    json_t *member;

    n = 0;
    json_object_foreach ((json_t *)value, key, member)
        members[n++] = (Member){key, member};
    qsort(members, n, sizeof *members, compare_members);
    g_string_append_c(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            g_string_append_c(out, ',');
        write_string(out, members[i].me_key, strlen(members[i].me_key));
        g_string_append_c(out, ':');
        if (!write_value(out, members[i].me_value, error))
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

static void write_integer(GString *out, json_int_t value)
{
    char text[32];

    g_snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, value);
    g_string_append(out, text);
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
        write_integer(out, json_integer_value(value));
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

gboolean cjson_append(GString *out, const json_t *value, GError **error)
{
    if (value)
        return write_value(out, value, error);
    g_set_error(error, cjson_error_quark(), 2, "canonical JSON: there is no value");
    return FALSE;
}

char *cjson_text(const json_t *value, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);

    if (!cjson_append(out, value, error))
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
