#include "scenarios/base/text.h"

#include <string.h>

typedef struct {
    char *lang; /* NULL: the language is not known */
    char *value;
} Entry;

struct ParryText {
    GPtrArray *entries;
};

static void entry_free(gpointer data)
{
    Entry *entry = data;

    g_free(entry->lang);
    g_free(entry->value);
    g_free(entry);
}

ParryText *parry_text_new(const char *plain)
{
    ParryText *text = g_new0(ParryText, 1);

    text->entries = g_ptr_array_new_with_free_func(entry_free);
    if (plain)
        parry_text_set(text, NULL, plain);
    return text;
}

static Entry *find(const ParryText *text, const char *lang)
{
    for (guint i = 0; i < text->entries->len; i++) {
        Entry *entry = text->entries->pdata[i];
        if (!g_strcmp0(entry->lang, lang))
            return entry;
    }
    return NULL;
}

void parry_text_set(ParryText *text, const char *lang, const char *value)
{
    Entry *entry = find(text, lang);

    if (!entry) {
        entry = g_new0(Entry, 1);
        entry->lang = g_strdup(lang);
        g_ptr_array_add(text->entries, entry);
    }
    g_free(entry->value);
    entry->value = g_strdup(value);
}

const char *parry_text_get(const ParryText *text, const char *lang)
{
    Entry *entry = NULL;

    if (!text || !text->entries->len)
        return "";
    if (lang)
        entry = find(text, lang);
    if (!entry)
        entry = find(text, "en");
    if (!entry)
        entry = find(text, NULL);
    if (!entry)
        entry = text->entries->pdata[0];
    return entry->value;
}

json_t *parry_text_to_json(const ParryText *text)
{
    if (text->entries->len == 1 && find(text, NULL))
        return json_string(find(text, NULL)->value);
    json_t *out = json_object();
    for (guint i = 0; i < text->entries->len; i++) {
        const Entry *entry = text->entries->pdata[i];
        json_object_set_new(out, entry->lang ? entry->lang : "",
                            json_string(entry->value));
    }
    return out;
}

void parry_text_free(ParryText *text)
{
    if (!text)
        return;
    g_ptr_array_free(text->entries, TRUE);
    g_free(text);
}

static int char_width(gunichar c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0) || g_unichar_iszerowidth(c))
        return 0;
    return g_unichar_iswide(c) ? 2 : 1;
}

int parry_text_width(const char *utf8)
{
    int width = 0;

    for (const char *p = utf8; *p; p = g_utf8_next_char(p))
        width += char_width(g_utf8_get_char(p));
    return width;
}

/* Bytes of the longest start of utf8 that takes at most `columns`; tells its width. */
static gsize prefix_len(const char *utf8, int columns, int *width)
{
    const char *p = utf8;

    *width = 0;
    while (*p) {
        int w = char_width(g_utf8_get_char(p));
        if (*width + w > columns)
            break;
        *width += w;
        p = g_utf8_next_char(p);
    }
    return (gsize)(p - utf8);
}

char *parry_text_fit(const char *utf8, int columns)
{
    g_autoptr(GString) out = g_string_new(NULL);
    int width = 0;

    columns = MAX(columns, 0);
    gsize len = prefix_len(utf8, columns, &width);
    if (utf8[len] && columns > 0) {
        len = prefix_len(utf8, columns - 1, &width);
        g_string_append_len(out, utf8, (gssize)len);
        g_string_append(out, "…");
        width++;
    } else {
        g_string_append_len(out, utf8, (gssize)len);
    }
    for (; width < columns; width++)
        g_string_append_c(out, ' ');
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Controls that reorder or hide what stands on a line (Trojan Source, CVE-2021-42574). */
static gboolean is_bidi_control(gunichar c)
{
    return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static gboolean is_break(gunichar c)
{
    return c == '\n' || c == '\t' || c == '\r' || c == 0x2028 || c == 0x2029;
}

char *parry_text_safe(const char *bytes, gssize len)
{
    if (!bytes)
        return g_strdup("");
    gsize left = len < 0 ? strlen(bytes) : (gsize)len;
    g_autofree char *valid = g_utf8_make_valid(bytes, (gssize)left);
    g_autoptr(GString) out = g_string_sized_new(left);

    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (is_break(c))
            g_string_append_c(out, ' ');
        else if (c >= 0x20 && !(c >= 0x7f && c < 0xa0) && !is_bidi_control(c))
            g_string_append_unichar(out, c);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
