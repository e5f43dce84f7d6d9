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

/* Resets of hosts, so often at most within so much drill time; limit 0: any number,
 * per 0: the whole drill. */
typedef struct {
    int rl_limit;
    gint64 rl_per_us;
} PlanResetLimit;

#define RESET_REASON_MAX 200 /* bytes of what who asks for one says */

typedef struct {
    char
        *pm_name; /* account-like identifier, the pseudonym in the journal is TEAM/NAME */
    char *pm_key; /* OpenSSH public key line, or NULL: a key pair is made at `up` */
    char *pm_role;        /* "player", "lead", "observer", a role of white's, or NULL */
    ParryText *pm_title;  /* their function, or NULL */
    GArray *pm_conflicts; /* of int: teams that they have a stake in */
} PlanMember;

/* "08:00-20:00" on some days of the week. */
typedef struct {
    char *hr_text;         /* as written */
    int hr_from, hr_until; /* minutes after midnight; until below from: the next day's */
    unsigned hr_days;      /* bit 0 is Monday: on which it begins */
} PlanHours;

typedef struct {
    char *sh_name;
    PlanHours sh_hours;
    char **sh_members; /* strv of names of members, never NULL */
} PlanShift;

typedef struct {
    char *pt_id; /* "health"; "red-1", "red-2" … where count > 1 */
    PlanSide pt_side;
    ParryText *pt_title;   /* never NULL: the id where the scenario gives none */
    char *pt_estate;       /* name of the estate, or NULL */
    GPtrArray *pt_members; /* PlanMember; never empty for red and blue */
    char **pt_labels;      /* strv, never NULL */
    char *pt_bracket;      /* name of its bracket, or NULL */
    GArray *pt_assign;     /* of int, red: the blue teams it attacks; empty: not said */
    GPtrArray *pt_shifts;  /* PlanShift */
    char *pt_contact;      /* how white reaches it, or NULL; never for players */
    gboolean pt_cert;      /* others share with it */
    PlanResetLimit pt_resets; /* of all its hosts together */
} PlanTeam;

/* Teams of a bracket are ranked with one another. */
typedef struct {
    char *br_name;
    ParryText *br_title; /* never NULL */
} PlanBracket;

/* Where teams share what they know. */
typedef struct {
    char *ch_name;
    ParryText *ch_title; /* never NULL */
    int ch_moderator;    /* team, -1: white */
    GArray *ch_teams;    /* of int: who reads and posts */
    char *ch_tlp;        /* clear, green, amber, amber-strict, red */
    gboolean ch_moderated;
} PlanChannel;

/* How much a script may take of its guest. */
typedef struct {
    guint64 li_memory; /* bytes; 0: half of the guest's */
    int li_processes;
    guint64 li_output; /* bytes of it that are kept */
} PlanLimits;

#define LIMITS_PROCESSES 256
#define LIMITS_OUTPUT 65536

/* What a scripted player does in a rehearsal. */
typedef struct {
    int sc_team;
    gboolean sc_detect_all, sc_contain_all;
    char **sc_detect; /* names of injects, where not all */
    char **sc_contain;
    gint64 sc_delay_us;    /* after the attack's execution: detect; twice that: contain */
    GPtrArray *sc_actions; /* PlanAction */
    GPtrArray *sc_holds;   /* PlanHold, in order of time */
} PlanScript;

/* White holds the team out of the rehearsal for a while. */
typedef struct {
    int hd_team;
    gint64 hd_at_us, hd_for_us; /* drill clock */
    char *hd_reason;
} PlanHold;

/* What white, played along, says to a reset that a script asks for. */
typedef enum {
    RESET_ANSWER_APPROVE,
    RESET_ANSWER_REFUSE,
    RESET_ANSWER_SILENCE
} PlanResetAnswer;

typedef struct {
    gint64 ac_at_us;
    int ac_host;
    char *ac_title;
    char *ac_run; /* NULL: it asks for a reset */
    PlanLimits ac_limits;
    char *ac_reset; /* the reason, NULL: it runs something */
    PlanResetAnswer ac_answer;
    gint64 ac_answer_us; /* so long after it was asked */
} PlanAction;

typedef enum {
    PHASE_ATTACK,
    PHASE_FAMILIARISATION,
    PHASE_JUDGING,
    PHASE_APPEALS,
    PHASE_BREAK,
} PlanPhaseKind;

typedef struct {
    char *pz_name;
    PlanPhaseKind pz_kind;
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

/* Rules of engagement, in the order of plan_engagement_name(). */
typedef enum {
    ENGAGE_RED_ON_RED,
    ENGAGE_HACK_BACK,
    ENGAGE_DENIAL,
    ENGAGE_WIPING,
    ENGAGE_REFEREE,
    ENGAGE_COUNT,
} PlanEngagement;

typedef enum { RULING_FORBIDDEN, RULING_WITH_CONSENT, RULING_ALLOWED } PlanRuling;

/* Who allowed it, and what is allowed. */
typedef struct {
    char *sp_authorised_by, *sp_safety_officer, *sp_safety_phone; /* or NULL */
    char *sp_max_risk;
    char **sp_allow;            /* techniques */
    gboolean sp_sub_techniques; /* T1110 covers T1110.001 */
    char **sp_targets;          /* names of targets; empty: all */
    gboolean sp_has_rules;
    PlanRuling sp_rules[ENGAGE_COUNT];
    gint64 sp_deadman_us;  /* a guest ends attacks after so long in silence; 0: never */
    GPtrArray *sp_windows; /* PlanWindow: attacks begin only then; NULL: at any time */
} PlanScope;

typedef struct {
    ParryText *pv_notice;   /* NULL: the scenario says nothing of privacy */
    char *pv_contact;       /* or NULL */
    gint64 pv_retention_us; /* after the end; 0: not said */
    char **pv_recordings;   /* roles that may see them, never NULL */
    gboolean pv_input;      /* key strokes are recorded too */
} PlanPrivacy;

/* Kinds of targets, as ps_bases counts them: see plan_target_kind(). */
#define SCORING_BASES 5
#define SCORING_REPEATS_MAX 16
#define SCORING_AT_END G_MAXINT64

typedef struct {
    char *ps_profile;                               /* "hk-drill" */
    int ps_protection, ps_availability, ps_injects; /* per cent, sum 100 */
    gint64 ps_cap;                                  /* points: 37000 */
    gint64 ps_xmax;                                 /* points: 3000 */
    gint64 ps_bases[SCORING_BASES];     /* points: attack-path, network-boundary,
                                         * target-system, important-data, other-system */
    int ps_repeat[SCORING_REPEATS_MAX]; /* per cent of the first, second … use */
    int ps_repeats;                     /* so many of them; further ones: nothing */
    int ps_false_free;                  /* reports that match nothing and cost nothing */
    int ps_false_cost;                  /* per cent of the protection for each more */
    gint64 ps_disclose_us;  /* an attack is disclosed so long after it; SCORING_AT_END; 0:
                             * when its time to detect is over */
    gint64 ps_flag_tick_us; /* profile ad: new flags so often, */
    int ps_flag_lifetime;   /* which count for so many ticks */
    char *ps_flag_prefix;   /* and begin so; or NULL */
    int ps_uptime_threshold, ps_uptime_penalty; /* profile ccdc: failures, per cent */
} PlanScoring;

/* What is in force where a scenario says nothing; ps_profile is newly made. */
PlanScoring plan_scoring_default(void);

#endif
