/*
 * What a guest writes to its console, for the terminal of whoever looks.
 *
 * A hostile guest could have a terminal answer in its user's name, change its title, fill
 * its clipboard or reprogram its keys. Text, line ends, and the sequences that move the
 * cursor, erase, scroll, colour and switch the screen pass; everything else does not:
 * queries, OSC, DCS, APC, PM, SOS, C1 controls, window operations, character sets.
 * (ECMA-48; xterm's ctlseqs.)
 */
#ifndef PARRY_ORCHESTRATOR_CLI_SCREEN_H
#define PARRY_ORCHESTRATOR_CLI_SCREEN_H

#include <glib.h>

typedef struct Screen Screen;

Screen *screen_new(void);
void screen_free(Screen *screen);

/* Appends to out what may be shown of the bytes; a sequence may be split over calls. */
void screen_filter(Screen *screen, const void *bytes, gsize len, GString *out);
/* What brings a terminal back that was left in the middle: colours, cursor, screen. */
const char *screen_reset(void);

#endif
