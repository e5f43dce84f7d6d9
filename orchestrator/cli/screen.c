#include "orchestrator/cli/screen.h"

#include <string.h>

#define SEQUENCE_MAX 64

typedef enum {
    AT_TEXT,
    AT_ESCAPE,
    AT_SKIP_ONE, /* ESC ( B and its like: one byte more */
    AT_CSI,
    AT_STRING /* until BEL or ST */
} Place;

struct Screen {
    Place sc_place;
    gboolean sc_escape; /* within a string: ESC came, maybe of ST */
    GString *sc_held;   /* a sequence, or a character's first bytes */
    guint sc_want;      /* bytes of that character still to come */
};

Screen *screen_new(void)
{
    Screen *screen = g_new0(Screen, 1);

    screen->sc_held = g_string_new(NULL);
    return screen;
}

void screen_free(Screen *screen)
{
    if (!screen)
        return;
    g_string_free(screen->sc_held, TRUE);
    g_free(screen);
}

const char *screen_reset(void)
{
    return "\033[0m\033[?25h\033[?1049l\033[r\033[?7h";
}

/* Private modes that change only what is seen: cursor keys, wrapping, the cursor, the
 * other screen. Mouse reports, paste brackets and focus events make the terminal speak.
 */
static gboolean mode_is_harmless(const char *sequence)
{
    static const char *const modes[] = {"1", "7", "12", "25", "47", "1047", "1049", NULL};
    g_autofree char *numbers = g_strndup(sequence + 1, strlen(sequence) - 2);
    g_auto(GStrv) list = g_strsplit(numbers, ";", -1);

    for (char **mode = list; *mode; mode++)
        if (!g_strv_contains(modes, *mode))
            return FALSE;
    return *list != NULL;
}

/* parameters and final byte, without ESC [ */
static gboolean is_harmless(const char *sequence)
{
    char final = sequence[strlen(sequence) - 1];
    gboolean plain = strspn(sequence, "0123456789;") == strlen(sequence) - 1;

    if (sequence[0] == '?')
        return (final == 'h' || final == 'l') && mode_is_harmless(sequence);
    if (final == 'h' || final == 'l')
        return !strcmp(sequence, "4h") || !strcmp(sequence, "4l"); /* insert mode */
    return plain && strchr("@ABCDEFGHIJKLMPSTXZ`abdefgmrsu", final) != NULL;
}

static void take_csi(Screen *screen, guint8 byte, GString *out)
{
    if (byte < 0x20 || byte > 0x7e || screen->sc_held->len >= SEQUENCE_MAX) {
        screen->sc_place = AT_TEXT; /* broken off */
        return;
    }
    g_string_append_c(screen->sc_held, (char)byte);
    if (byte < 0x40)
        return;
    screen->sc_place = AT_TEXT;
    if (is_harmless(screen->sc_held->str)) {
        g_string_append(out, "\033[");
        g_string_append(out, screen->sc_held->str);
    }
}

static void take_escape(Screen *screen, guint8 byte, GString *out)
{
    g_string_truncate(screen->sc_held, 0);
    screen->sc_place = AT_TEXT;
    if (byte == '[')
        screen->sc_place = AT_CSI;
    else if (byte && strchr("]PX^_k", byte))
        screen->sc_place = AT_STRING;
    else if (byte && strchr(" #%()*+-./", byte))
        screen->sc_place = AT_SKIP_ONE;
    else if (byte && strchr("78DEM=>", byte)) /* save, restore, index, keypad */
        g_string_append_printf(out, "\033%c", byte);
}

static void take_string(Screen *screen, guint8 byte)
{
    if (byte == '\a' || byte == 0x18 || (screen->sc_escape && byte == '\\'))
        screen->sc_place = AT_TEXT;
    screen->sc_escape = byte == '\033';
}

/* A character of UTF-8 passes when it is whole and no control (C1 is U+0080 to U+009F).
 */
static void take_character(Screen *screen, guint8 byte, GString *out)
{
    g_string_append_c(screen->sc_held, (char)byte);
    if (--screen->sc_want)
        return;
    gunichar c =
        g_utf8_get_char_validated(screen->sc_held->str, (gssize)screen->sc_held->len);
    if (c < (gunichar)-2 && !g_unichar_iscntrl(c) &&
        g_unichar_type(c) != G_UNICODE_FORMAT)
        g_string_append_len(out, screen->sc_held->str, (gssize)screen->sc_held->len);
    else
        g_string_append(out, "\xef\xbf\xbd");
}

static void take_text(Screen *screen, guint8 byte, GString *out)
{
    if (screen->sc_want && (byte & 0xc0) == 0x80) {
        take_character(screen, byte, out);
        return;
    }
    screen->sc_want = 0;
    if (byte == '\033') {
        screen->sc_place = AT_ESCAPE;
    } else if ((byte >= 0x20 && byte < 0x7f) || (byte && strchr("\a\b\t\n\r", byte))) {
        g_string_append_c(out, (char)byte);
    } else if (byte >= 0xc2 && byte <= 0xf4) {
        g_string_truncate(screen->sc_held, 0);
        g_string_append_c(screen->sc_held, (char)byte);
        screen->sc_want = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
    } else if (byte >= 0x80) {
        g_string_append(out, "\xef\xbf\xbd");
    }
}

void screen_filter(Screen *screen, const void *bytes, gsize len, GString *out)
{
    const guint8 *at = bytes;

    for (gsize i = 0; i < len; i++) {
        switch (screen->sc_place) {
        case AT_TEXT:
            take_text(screen, at[i], out);
            break;
        case AT_ESCAPE:
            take_escape(screen, at[i], out);
            break;
        case AT_SKIP_ONE:
            screen->sc_place = AT_TEXT;
            break;
        case AT_CSI:
            take_csi(screen, at[i], out);
            break;
        case AT_STRING:
            take_string(screen, at[i]);
            break;
        }
    }
}
