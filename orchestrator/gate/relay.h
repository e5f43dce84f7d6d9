/*
 * A terminal on a host of the player's own: their keys to parryd, its output to them as
 * it is. Output is credited only when it was written to the player's channel.
 */
#ifndef PARRY_GATE_RELAY_H
#define PARRY_GATE_RELAY_H

#include "orchestrator/gate/visit.h"

/* Opens a terminal on host by the method (terminal.open, console.open) and makes it
 * visit's; FALSE when refused, which was shown. */
gboolean relay_open(Visit *visit, const char *method, const char *host);
void relay_free(Relay *relay);

/* Takes typed bytes; *used tells how many, the rest waits. FALSE: the player left it. */
gboolean relay_typed(Visit *visit, const guint8 *bytes, gsize len, gsize *used);
/* A notification; TRUE where it was the terminal's end, *status then its exit status. */
gboolean relay_note(Visit *visit, const char *method, const json_t *params, int *status);
/* Sends what may be sent: input, end of input, credit. FALSE: parryd is gone. */
gboolean relay_pump(Visit *visit, GError **error);
/* The player's window changed. */
void relay_resize(Visit *visit);

#endif
