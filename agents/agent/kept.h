/*
 * Orders are at most once: what was taken is stored before it runs, and its result when
 * it ends, in a file below /run (gone with the boot, which is what "same boot" means).
 * An order met again is answered with what is known; one that a killed agent left behind
 * is answered "lost" by the next.
 */
#ifndef PARRY_AGENT_KEPT_H
#define PARRY_AGENT_KEPT_H

#include "agents/agent/agent.h"

#define KEPT_MAX 256 /* results kept */

struct kept;

/* Opens dir/state, made where it is not there. inst is this process's. A directory that
 * cannot be written is logged, and results are kept in memory only. NULL when out of
 * memory. */
struct kept *kept_open(const char *dir, int64_t inst);
void kept_free(struct kept *k);

/* Epoch as stored by an earlier instance, 0: none. */
int64_t kept_last_epoch(const struct kept *k);
void kept_epoch(struct kept *k, int64_t epoch);

/* Queues the results of an earlier instance: as kept, or "lost". What a lost
 * order left running is killed. */
void kept_repeat(struct agent *a);

/* What ran has been killed without a word, for the host is in another epoch: whoever asks
 * for it again is answered "lost". */
void kept_forsake(struct kept *k);

/* Stores that m->id was taken. False when it had been before: then it was answered. */
bool kept_begin(struct agent *a, const struct wire_msg *m);

/* Stores a result, ready or ptyend and sends it. */
void kept_end(struct agent *a, const struct wire_msg *m);

#endif
