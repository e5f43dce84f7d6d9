/*
 * The timeline's part of a plan: checks, injects, expectations.
 */
#ifndef PARRY_SCENARIOS_PLAN_INJECT_H
#define PARRY_SCENARIOS_PLAN_INJECT_H

#include "scenarios/plan_estate.h"

#include <glib.h>
#include <jansson.h>

typedef struct {
    char *ck_id; /* "health/web-up" */
    int ck_index;
    int ck_team; /* the team whose availability it counts for */
    int ck_host; /* the host looked at */
    int ck_from; /* the host whose agent looks: ck_host itself for file, process, command
                    … */
    gboolean ck_self_reported; /* ck_from is not owned by white */
    char *ck_kind;             /* tcp, http, dns, file, process, service, port, command,
                                * plugin */
    json_t *ck_params; /* the wire parameters of that kind (docs/agent-protocol.md), no
                          id, no deadline */
    gint64 ck_interval_us; /* 0: only on demand (a check that only an expectation uses) */
    gint64 ck_deadline_us;
    gint64 ck_jitter_us; /* each time later by up to so much */
    gint64 ck_grace_us;  /* 0: rounds at a reset of ck_host count as any other */
    GPtrArray *ck_quiet; /* PlanWindow: it is not asked then; never NULL */
    int ck_weight;       /* 0: not counted in availability */
} PlanCheck;

typedef enum {
    EXPECT_PREVENT,
    EXPECT_DETECT,
    EXPECT_CONTAIN,
    EXPECT_ANSWER,
    EXPECT_ERADICATE, /* nothing of it is left: effect gone and its check UP */
    EXPECT_RECOVER,   /* the check is UP again */
    EXPECT_REPORT,    /* told to white or on a channel */
    EXPECT_SHARE,     /* shared on a channel */
} PlanExpectKind;

typedef struct {
    PlanExpectKind ex_kind;
    gint64 ex_points;    /* milli-points */
    gint64 ex_within_us; /* from the execution; 0 for prevent */
    int ex_check;        /* contain: index into p_checks, -1: the effect is gone */
} PlanExpect;

typedef enum {
    INJECT_ATTACK,
    INJECT_MESSAGE,
    INJECT_FAULT,
    INJECT_TRAFFIC,
} PlanInjectKind;

/* What makes an inject due. */
typedef enum {
    TRIGGER_AT,     /* in_at_us */
    TRIGGER_AFTER,  /* in_after ended with in_outcome; in_delay_us later */
    TRIGGER_WHEN,   /* in_when came true; in_delay_us later */
    TRIGGER_MANUAL, /* white's word */
} PlanTrigger;

typedef enum {
    OUTCOME_COMPLETION, /* ended, however */
    OUTCOME_SUCCESS,    /* an attack whose effect was seen, a message that was answered */
    OUTCOME_FAILURE,    /* an attack that was blocked or failed, a message not answered
                         * in time */
    OUTCOME_EXPIRY,     /* never begun: too late */
} PlanOutcome;

typedef enum {
    CONDITION_CHECK,
    CONDITION_INJECT,
    CONDITION_REPORT,
    CONDITION_CLAIM,
    CONDITION_SCORE,
    CONDITION_ALL,
    CONDITION_ANY,
    CONDITION_NONE,
} PlanConditionKind;

/* Judged for one team; a tree of at most 32 levels. */
typedef struct {
    PlanConditionKind co_kind;
    int co_ref;         /* index of the check, inject, reported inject or target */
    char *co_state;     /* check: "up", "down", "faulty", "corrupt", "recovering" */
    gint64 co_lasts_us; /* check: so long without a break, 0: at once */
    PlanOutcome co_outcome;
    gint64 co_below, co_above; /* score: milli-points; G_MININT64 where not given */
    GPtrArray *co_parts;       /* PlanCondition, of all, any, none */
} PlanCondition;

typedef struct {
    char *at_name;
    GBytes *at_bytes;
} PlanAttachment;

/* One inject for one team: `for: [blue]` with two blue teams gives two of these. */
typedef struct {
    char *in_id;   /* "deface@health" */
    char *in_name; /* "deface": what the scenario calls it */
    int in_index;
    PlanInjectKind in_kind;
    ParryText *in_title;
    int in_team; /* the team it is for */
    PlanTrigger in_trigger;
    gint64 in_at_us;    /* jitter already drawn; TRIGGER_AT only, else 0 */
    gint64 in_delay_us; /* after the trigger, jitter already drawn */
    int in_after;       /* TRIGGER_AFTER: index into p_injects, else -1 */
    PlanOutcome in_outcome;
    PlanCondition *in_when; /* TRIGGER_WHEN, else NULL */
    gboolean in_hold;       /* waits for white's approval when it is due */
    int in_retries;         /* so often again where the platform failed */
    gint64 in_retry_wait_us;
    gint64 in_expires_us;  /* too late so long after it was due; 0: never */
    gboolean in_together;  /* the same moment for all teams; the skew is recorded */
    char **in_objectives;  /* strv of training objectives, never NULL */
    char *in_controller;   /* who runs it, or NULL */
    gint64 in_disclose_us; /* an attack is disclosed so long after it; SCORING_AT_END; 0:
                            * as the scoring says */
    ParryText *in_notes;   /* for controllers and evaluators, or NULL */
    /* attack */
    int in_by; /* the red team in whose name it is, -1: white's own */
    char *in_technique;
    int in_host;   /* the victim; -1 for messages */
    int in_target; /* index into p_targets, -1: none */
    int in_from;   /* the host whose agent runs it: in_host, or a red host */
    char *in_run;
    char *in_cleanup; /* or NULL */
    char *in_user;    /* who runs it in the guest, "root" by default */
    gint64 in_timeout_us;
    PlanLimits in_limits;
    PlanLimits in_book_limits; /* of the playbook's scripts */
    gboolean in_residue;       /* what is left of it after the cleanup is looked for */
    char **in_env;      /* KEY=VALUE: PARRY_DRILL, PARRY_TEAM, PARRY_HOST (the victim's),
                         * PARRY_TARGET (the victim's address as in_from sees it) and
                         * PARRY_ATTACKER (the red team's shared address, may be empty);
                         * also for cleanup and playbook */
    int in_effect_host; /* whose agent checks the effect */
    char *in_effect_kind; /* a check kind; its `up` means: the effect is there */
    json_t *in_effect_params;
    char **in_indicators; /* what a report may name */
    char *in_detect;      /* playbook: how a skilled defender would find it, or NULL */
    char *in_contain;     /* playbook: how one would put it right, or NULL */
    /* message */
    ParryText *in_subject;
    ParryText *in_body;
    char *in_sender;           /* "Help desk", or NULL: drill control */
    char *in_channel;          /* mail, phone, radio, chat, paper, press, social */
    GPtrArray *in_attachments; /* PlanAttachment */
    /* fault and traffic */
    char *in_fault; /* link-down, latency, service-stop, crash, clock-skew, disk-full */
    gint64 in_lasts_us;   /* 0: to the drill's end */
    GPtrArray *in_expect; /* PlanExpect */
} PlanInject;

#endif
