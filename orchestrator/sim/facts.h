/*
 * What is so in a simulated range: which attacks were tried, whose effect is there, and
 * what follows for a script that is run or a check that is made there. docs/simulate.md
 * says what is modelled and what is not.
 *
 * A question is known by its content, as a guest would meet it: a script by its text
 * (white space aside) and the host that runs it, a check by its kind, parameters and
 * host. The same questions in the same order give the same answers; there is no clock but
 * the one passed in, and no chance.
 */
#ifndef PARRY_ORCHESTRATOR_SIM_FACTS_H
#define PARRY_ORCHESTRATOR_SIM_FACTS_H

#include "scenarios/plan.h"
#include "scoreboard/kinds.h"

typedef struct Facts Facts;

/* A range in which everything works and nothing has happened; plan is borrowed. */
Facts *facts_new(const Plan *plan);
void facts_free(Facts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Facts, facts_free)

/*
 * The script runs on that host at now_us of the drill clock; env: an object, or NULL.
 * Returns its exit status: 10 where an attack is stopped, 1 where a search finds nothing,
 * else 0. *said is what it prints ("" mostly); free with g_free().
 */
int facts_run(Facts *facts, int host, const char *script, const json_t *env,
              gint64 now_us, char **said);

/* Whether that script on that host is a scripted player's, not an attack's or ours. */
gboolean facts_of_player(const Facts *facts, int host, const char *script);

/* That host looks: UP is "there" for the effect of an attack, and "works" for a check.
 * *said gives the reason; free with g_free(). */
CheckStatus facts_look(const Facts *facts, int host, const char *kind,
                       const json_t *params, char **said);

/* The host is put back as it was when ready: what was done to it, by whomever, is undone.
 */
void facts_reset(Facts *facts, int host);

/* Titles of scripted actions that change nothing here, "health: title"; owned by the
 * caller. */
GPtrArray *facts_idle_actions(const Facts *facts);

#endif
