/*
 * What the plan and the story say about an act: which inject it answers, and whether a
 * file is one that the drill cares about.
 */
#ifndef PARRY_SCOREBOARD_ACTION_INJECT_H
#define PARRY_SCOREBOARD_ACTION_INJECT_H

#include "scoreboard/action_rules.h"
#include "scoreboard/journal.h"

#include "scenarios/plan.h"

typedef struct ActionInjects ActionInjects;

/* plan must outlive it. */
ActionInjects *action_injects_new(const Plan *plan);
void action_injects_free(ActionInjects *injects);
/* Takes what tells of an inject's life; all else is passed over. */
void action_injects_event(ActionInjects *injects, const JournalEvent *event);

/* What an act was done to: a name, and by what else it may be known ("" for nothing). */
typedef struct {
    const char *ao_name, *ao_other;
} ActionThing;

/*
 * The inject for that host and team that had begun at at_us (drill clock) and whose
 * effect the thing is (*named TRUE): its checks, indicators or scripts name it. Else,
 * with ABOUT_WINDOW, the latest that is not contained and whose windows are open. -1:
 * none.
 */
int action_injects_find(ActionInjects *injects, int host, int team,
                        const ActionThing *thing, gint64 at_us, ActionAbout about,
                        gboolean *named);

/* A file that the scenario puts onto that host or looks at there. */
gboolean action_injects_planned(ActionInjects *injects, int host, const char *path);

#endif
