/*
 * The progress of provisioning: what each image and each VM does, for how long, how long
 * that usually takes on this machine, and what it waits for. Redrawn in place on a
 * terminal; in a pipe one plain line a change, and what is going on where nothing changes
 * for some seconds; as JSON one object a line.
 */
#ifndef PARRY_ORCHESTRATOR_CLI_STAGES_H
#define PARRY_ORCHESTRATOR_CLI_STAGES_H

#include "scenarios/plan.h"

typedef struct Stages Stages;

Stages *stages_new(const Plan *plan, gboolean json);
void stages_free(Stages *stages);

/* Params of a notification: {image, …}, {hosts: [{id, stage, …}]} or {drill: …}. */
void stages_progress(Stages *stages, const json_t *progress);
/* What `hosts` answered: where they stand when the following begins. */
void stages_hosts(Stages *stages, const json_t *hosts);
void stages_event(Stages *stages, const json_t *event); /* a notification's params */
void stages_draw(Stages *stages);                       /* often: it keeps its own pace */
void stages_end(Stages *stages); /* the last picture, and a line that sums it up */

#endif
