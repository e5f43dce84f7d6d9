/*
 * The player's commands about resets of their own hosts. One is asked for only after it
 * was said what it costs and what is lost, and the player typed yes.
 */
#ifndef PARRY_GATE_DESK_RESET_H
#define PARRY_GATE_DESK_RESET_H

#include "orchestrator/gate/desk.h"

/* `reset HOST [REASON]`; with `yes` before the reason it is asked for at once, else the
 * next line is the answer. */
DeskResult desk_reset(Visit *visit, const char *host, const char *rest);
/* `resets`: what is left, and what waits. */
DeskResult desk_resets(Visit *visit);

/* Whether the next line is the answer to the question above; takes it. */
gboolean desk_reset_asks(const Visit *visit);
DeskResult desk_reset_answer(Visit *visit, const char *line);
void desk_reset_drop(Visit *visit);

#endif
