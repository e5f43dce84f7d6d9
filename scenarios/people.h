/*
 * The people's and the drill's part of the loader: what its files share, and what other
 * parts ask of it.
 */
#ifndef PARRY_SCENARIOS_PEOPLE_H
#define PARRY_SCENARIOS_PEOPLE_H

#include "scenarios/keys_people.h"
#include "scenarios/loader.h"

/* The parts, as load.c runs them. */
void windows_expand(Loader *loader); /* windows, and that of the scope */
void channels_expand(Loader *loader);
void objectives_expand(Loader *loader); /* once injects are there */
void stops_expand(Loader *loader);      /* likewise */

/* --- windows.c --- */

/* HOURS, as text or {hours, days}; FALSE where the shape was wrong. `hours` is cleared by
 * g_free() of its hr_text. */
gboolean hours_read(const Node *node, PlanHours *hours);
/*
 * When those hours come between the drill's start and its end, by the calendar of its
 * zone: PlanWindow named `name`, in order of time, with from and until on the drill
 * clock. The caller owns the array.
 */
GPtrArray *hours_occurrences(Loader *loader, const PlanHours *hours, const char *name,
                             PlanWindowMode mode);

/* --- scope.c --- */

void scope_expand(Loader *loader);
/* Holds an attack as written against the scope: technique, risk, rules. */
void scope_check_attack(Loader *loader, Node *name, const Node *def);
/* Holds the attack for one team against it: victim, target, time. */
void scope_check_inject(Loader *loader, Node *name, const Node *def,
                        const PlanInject *inject);

/* --- teams.c --- */

/* The red teams that an attack may be of: those of `by`, or by default the first red
 * team, or all where any has `assign`. Empty: white's own. Array of int. */
GArray *teams_attackers(Loader *loader, Node *by);
/* Of those the opponent of that team: who is assigned to it, in turn where many are; -1
 * for none, with a finding at `at` where none of them may. */
int teams_opponent(Loader *loader, const GArray *attackers, Node *at, int team);
/* Of the teams' labels, the one that `name` is most likely a slip of, or NULL. */
const char *teams_closest_label(const Loader *loader, const char *name);

/* --- plan_make_people.c --- */
void plan_people_init(Plan *plan);
void plan_people_clear(Plan *plan);
PlanWindow *plan_window_new(const char *name, gint64 from, gint64 until,
                            PlanWindowMode mode);
PlanTeamCondition *plan_team_condition_new(int team, PlanCondition *condition);
GPtrArray *plan_windows_new(void);
GPtrArray *plan_team_conditions_new(void);
PlanStop *plan_stop_add(Plan *plan);

/* --- plan_make.c --- */
void plan_condition_free(gpointer condition);

#endif
