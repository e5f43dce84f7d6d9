/*
 * The people's part of a plan: teams, phases, windows, scoring, scripted players.
 */
#ifndef PARRY_SCENARIOS_PLAN_PEOPLE_H
#define PARRY_SCENARIOS_PLAN_PEOPLE_H

#include "scenarios/base/text.h"

#include <glib.h>

typedef enum {
    SIDE_WHITE,
    SIDE_RED,
    SIDE_BLUE,
    SIDE_GREEN,
    SIDE_OBSERVER,
} PlanSide;

typedef struct {
    char
        *pm_name; /* account-like identifier, the pseudonym in the journal is TEAM/NAME */
    char *pm_key; /* OpenSSH public key line, or NULL: a key pair is made at `up` */
} PlanMember;

typedef struct {
    char *pt_id; /* "health"; "red-1", "red-2" … where count > 1 */
    PlanSide pt_side;
    ParryText *pt_title;   /* never NULL: the id where the scenario gives none */
    char *pt_estate;       /* name of the estate, or NULL */
    GPtrArray *pt_members; /* PlanMember; never empty for red and blue */
} PlanTeam;

/* What a scripted player does in a rehearsal. */
typedef struct {
    int sc_team;
    gboolean sc_detect_all, sc_contain_all;
    char **sc_detect; /* names of injects, where not all */
    char **sc_contain;
    gint64 sc_delay_us;    /* after the attack's execution: detect; twice that: contain */
    GPtrArray *sc_actions; /* PlanAction */
} PlanScript;

typedef struct {
    gint64 ac_at_us;
    int ac_host;
    char *ac_title;
    char *ac_run;
} PlanAction;

typedef struct {
    char *pz_name;
    gint64 pz_from_us, pz_until_us;
    gboolean pz_score;
    gboolean pz_red_locked;
} PlanPhase;

typedef enum { WINDOW_QUIET, WINDOW_PAUSE } PlanWindowMode;

/* A time at which nothing begins and nothing scores (quiet), or the drill pauses by
 * itself. One that comes back every night is written out, one after another. */
typedef struct {
    char *wi_name;
    gint64 wi_from_us, wi_until_us;
    PlanWindowMode wi_mode;
} PlanWindow;

typedef struct {
    char *ps_profile;                               /* "hk-drill" */
    int ps_protection, ps_availability, ps_injects; /* per cent, sum 100 */
    gint64 ps_cap;                                  /* points: 37000 */
    gint64 ps_xmax;                                 /* points: 3000 */
} PlanScoring;

#endif
