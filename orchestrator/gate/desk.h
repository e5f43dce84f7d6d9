/*
 * The commands that a player types at the gate. What each needs to know it asks parryd,
 * as the player: what that may see, parryd's one table of roles decides.
 */
#ifndef PARRY_GATE_DESK_H
#define PARRY_GATE_DESK_H

#include "orchestrator/gate/visit.h"

typedef enum {
    DESK_DONE,   /* said all it had to say */
    DESK_FAILED, /* refused or misunderstood, which was said */
    DESK_SHELL,  /* a terminal is open now: visit->vi_relay */
    DESK_QUIT,
} DeskResult;

/* Runs one line; an empty one does nothing. */
DeskResult desk_run(Visit *visit, const char *line);
/* What a player sees first. */
void desk_welcome(Visit *visit);
void desk_prompt(Visit *visit);
/* An event that came while the prompt stands: told where it concerns the player at once.
 */
void desk_event(Visit *visit, const json_t *event);

#endif
