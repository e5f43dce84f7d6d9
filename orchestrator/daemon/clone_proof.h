/*
 * What tells a clone from all others, as its agent reads it after it was made itself:
 * name, MACs, machine-id, ssh host keys, random numbers, clock. Compared with the plan
 * and with what every other host said.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CLONE_PROOF_H
#define PARRY_ORCHESTRATOR_DAEMON_CLONE_PROOF_H

#include "scenarios/plan.h"

#include <glib.h>
#include <jansson.h>

typedef struct CloneProof CloneProof;

CloneProof *clone_proof_new(const Plan *plan);
void clone_proof_free(CloneProof *proof);

/*
 * Takes what the host's agent said of it (docs/agent-protocol.md, `ready`); now_us: the
 * wall clock when it came. Returns the facts as they belong in the journal (numbers drawn
 * are not in them), and in *finding (to be freed) what is wrong, or NULL.
 */
json_t *clone_proof_take(CloneProof *proof, int host, const char *text, gint64 now_us,
                         char **finding);
/* What it said to an earlier daemon, and was found good: later ones are compared with
 * it. */
void clone_proof_recall(CloneProof *proof, int host, const char *text);
/* What the host said counts no longer: it is made anew. */
void clone_proof_forget(CloneProof *proof, int host);

#endif
