#include "orchestrator/gate/lineedit.h"

#include "scenarios/base/text.h"

#include <string.h>

#define HISTORY_MAX 50

/* Where in an escape sequence the last byte stood. */
typedef enum { ESC_NONE, ESC_SEEN, ESC_CSI, ESC_SS3 } EscState;

struct LineEdit {
    GString *line;
    GString *partial; /* the first bytes of a UTF-8 character */
    GQueue history;   /* newest first */
    int at;           /* in the history, -1: the line being typed */
    gboolean echo, ended, after_cr;
    EscState esc;
};

LineEdit *lineedit_new(gboolean echo)
{
    LineEdit *edit = g_new0(LineEdit, 1);

    edit->line = g_string_new(NULL);
    edit->partial = g_string_new(NULL);
    edit->echo = echo;
    edit->at = -1;
    g_queue_init(&edit->history);
    return edit;
}

void lineedit_free(LineEdit *edit)
{
    if (!edit)
        return;
    g_string_free(edit->line, TRUE);
    g_string_free(edit->partial, TRUE);
    g_queue_clear_full(&edit->history, g_free);
    g_free(edit);
}

const char *lineedit_line(const LineEdit *edit)
{
    return edit->line->str;
}

static void show(const LineEdit *edit, GString *out, const char *text)
{
    if (edit->echo)
        g_string_append(out, text);
}

/* Takes the end of the line from byte `from` on back, on the screen too. */
static void erase(LineEdit *edit, gsize from, GString *out)
{
    int width = parry_text_width(edit->line->str + from);

    g_string_truncate(edit->line, from);
    for (; width > 0; width--)
        show(edit, out, "\b \b");
}

static void erase_char(LineEdit *edit, GString *out)
{
    const char *start = edit->line->str;
    const char *end = start + edit->line->len;

    if (end == start)
        return;
    const char *last = g_utf8_find_prev_char(start, end);
    /* A mark that has no width goes together with what it stands on. */
    while (last > start && g_unichar_iszerowidth(g_utf8_get_char(last)))
        last = g_utf8_find_prev_char(start, last);
    erase(edit, (gsize)(last - start), out);
}

static void erase_word(LineEdit *edit, GString *out)
{
    gsize at = edit->line->len;

    while (at && edit->line->str[at - 1] == ' ')
        at--;
    while (at && edit->line->str[at - 1] != ' ')
        at--;
    erase(edit, at, out);
}

static void add(LineEdit *edit, const char *text, GString *out)
{
    if (edit->line->len + strlen(text) > LINEEDIT_MAX) {
        show(edit, out, "\a");
        return;
    }
    g_string_append(edit->line, text);
    show(edit, out, text);
}

/* A byte of text: whole characters are added, what is no UTF-8 becomes U+FFFD. */
static void take_text(LineEdit *edit, char byte, GString *out)
{
    g_string_append_c(edit->partial, byte);
    gunichar c =
        g_utf8_get_char_validated(edit->partial->str, (gssize)edit->partial->len);
    if (c == (gunichar)-2 && edit->partial->len < 6)
        return;
    g_autofree char *safe =
        parry_text_safe(edit->partial->str, (gssize)edit->partial->len);
    g_string_truncate(edit->partial, 0);
    add(edit, safe, out);
}

static void recall(LineEdit *edit, int step, GString *out)
{
    int to = CLAMP(edit->at + step, -1, (int)edit->history.length - 1);

    if (to == edit->at)
        return;
    edit->at = to;
    erase(edit, 0, out);
    if (to >= 0)
        add(edit, g_queue_peek_nth(&edit->history, (guint)to), out);
}

/* TRUE where the byte belongs to an escape sequence, which then says nothing as text. */
static gboolean take_escape(LineEdit *edit, char byte, GString *out)
{
    switch (edit->esc) {
    case ESC_NONE:
        if (byte == 0x1b)
            edit->esc = ESC_SEEN;
        return byte == 0x1b;
    case ESC_SEEN:
        edit->esc = byte == '[' ? ESC_CSI : byte == 'O' ? ESC_SS3 : ESC_NONE;
        return TRUE;
    case ESC_CSI:
    case ESC_SS3:
        if (byte < 0x40 || byte > 0x7e)
            return TRUE; /* a parameter */
        edit->esc = ESC_NONE;
        if (byte == 'A' || byte == 'B')
            recall(edit, byte == 'A' ? 1 : -1, out);
        return TRUE;
    }
    return FALSE;
}

static void end_line(LineEdit *edit)
{
    edit->ended = TRUE;
    edit->at = -1;
    if (!edit->echo || !*edit->line->str ||
        !g_strcmp0(g_queue_peek_head(&edit->history), edit->line->str))
        return;
    g_queue_push_head(&edit->history, g_strdup(edit->line->str));
    if (edit->history.length > HISTORY_MAX)
        g_free(g_queue_pop_tail(&edit->history));
}

static LineEditResult take_control(LineEdit *edit, char byte, GString *out)
{
    switch (byte) {
    case '\r':
    case '\n':
        show(edit, out, "\r\n");
        end_line(edit);
        return LINEEDIT_LINE;
    case 0x03: /* Ctrl-C */
        show(edit, out, "^C\r\n");
        g_string_truncate(edit->line, 0);
        edit->at = -1;
        return LINEEDIT_BREAK;
    case 0x04: /* Ctrl-D */
        return edit->line->len ? LINEEDIT_MORE : LINEEDIT_END;
    case 0x08:
    case 0x7f:
        erase_char(edit, out);
        return LINEEDIT_MORE;
    case 0x15: /* Ctrl-U */
        erase(edit, 0, out);
        return LINEEDIT_MORE;
    case 0x17: /* Ctrl-W */
        erase_word(edit, out);
        return LINEEDIT_MORE;
    case '\t':
        add(edit, " ", out);
        return LINEEDIT_MORE;
    default:
        return LINEEDIT_MORE;
    }
}

/* Without a terminal only line ends mean something. */
static gboolean is_control(const LineEdit *edit, char byte)
{
    if (edit->echo)
        return (guchar)byte < 0x20 || byte == 0x7f;
    return byte == '\n' || byte == '\r';
}

LineEditResult lineedit_feed(LineEdit *edit, const char *bytes, gsize len, gsize *used,
                             GString *out)
{
    if (edit->ended) {
        g_string_truncate(edit->line, 0);
        edit->ended = FALSE;
    }
    for (*used = 0; *used < len;) {
        char byte = bytes[(*used)++];
        gboolean second = byte == '\n' && edit->after_cr;
        edit->after_cr = byte == '\r';
        if (second || (edit->echo && take_escape(edit, byte, out)))
            continue;
        if (!is_control(edit, byte)) {
            take_text(edit, byte, out);
            continue;
        }
        LineEditResult result = take_control(edit, byte, out);
        if (result != LINEEDIT_MORE)
            return result;
    }
    return LINEEDIT_MORE;
}
