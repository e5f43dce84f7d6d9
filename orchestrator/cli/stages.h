/*
 * The progress of provisioning: each image and each VM with the stage it is in and how
 * long it took. Redrawn in place on a terminal, one plain line a change in a pipe.
 */
#ifndef PARRY_ORCHESTRATOR_CLI_STAGES_H
#define PARRY_ORCHESTRATOR_CLI_STAGES_H

#include "scenarios/plan.h"

typedef struct Stages Stages;

Stages *stages_new(const Plan *plan);
void stages_free(Stages *stages);

void stages_image(Stages *stages,
                  const json_t *progress);              /* {image, step, done, total} */
void stages_event(Stages *stages, const json_t *event); /* a notification's params */
void stages_draw(Stages *stages); /* on a terminal: at most five times a second */
void stages_end(Stages *stages);  /* the last picture, and a line that sums it up */

#endif
