/*
 * A line typed at a terminal nobody knows the type of: echo, backspace, Ctrl-U, Ctrl-W,
 * Ctrl-C, Ctrl-D, history by the arrow keys; UTF-8 and wide characters. What it prints is
 * backspaces and blanks only, which every terminal understands.
 */
#ifndef PARRY_GATE_LINEEDIT_H
#define PARRY_GATE_LINEEDIT_H

#include <glib.h>

#define LINEEDIT_MAX 2048 /* bytes of a line; more is not taken */

typedef enum {
    LINEEDIT_MORE,  /* all bytes used, no line yet */
    LINEEDIT_LINE,  /* lineedit_line() has one; call again with the bytes left */
    LINEEDIT_BREAK, /* Ctrl-C: the line was dropped */
    LINEEDIT_END,   /* Ctrl-D on an empty line */
} LineEditResult;

typedef struct LineEdit LineEdit;

/* echo: whether typed characters are shown and edited; without, lines are only cut. */
LineEdit *lineedit_new(gboolean echo);
void lineedit_free(LineEdit *edit);

/* Takes bytes until something happens; *used tells how many. Echo is appended to out. */
LineEditResult lineedit_feed(LineEdit *edit, const char *bytes, gsize len, gsize *used,
                             GString *out);
/* What has been typed so far, or the line that just ended; valid UTF-8 without controls.
 */
const char *lineedit_line(const LineEdit *edit);

#endif
