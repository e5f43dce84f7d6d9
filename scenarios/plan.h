/*
 * The plan: a scenario expanded into what there is to make and to do.
 *
 * A scenario speaks of estates, sides and counts; the plan names every host, address,
 * check and inject once per team. Everything past the loader works on a plan. It is
 * immutable once made, owns all it points to, and is a pure function of the scenario's
 * bytes and the seed: the same input gives the same names, addresses and MACs anywhere.
 *
 * Times are microseconds of the drill clock from the drill's start; points are
 * milli-points; sizes are bytes. Strings are UTF-8, NULL where optional and not given.
 */
#ifndef PARRY_SCENARIOS_PLAN_H
#define PARRY_SCENARIOS_PLAN_H

#include "scenarios/base/diag.h"
#include "scenarios/plan_objectives.h"

#include <glib.h>
#include <jansson.h>

/* A file of the scenario. */
typedef struct {
    char *so_path; /* from the scenario's directory, plain: no ".", no ".." */
    GBytes *so_bytes;
} PlanSource;

/* A key or word of the language whose engine is not in this build: `up` refuses the plan.
 */
typedef struct {
    char *pb_key;
    char *pb_file;
    int pb_line, pb_column;
} PlanUnbuilt;

typedef enum {
    SECRET_PASSWORD,
    SECRET_NAME,
    SECRET_PORT,
    SECRET_TEXT,
    SECRET_ADDRESS,
    SECRET_NUMBER,
} PlanSecretKind;

/* One value of a secret: a pure function of the drill's seed and name, the team and the
 * secret's name. */
typedef struct {
    char *se_name;
    int se_team; /* -1: the same for all */
    PlanSecretKind se_kind;
    char *se_value;
} PlanSecret;

/* Checkpoints of hosts. */
typedef struct {
    gboolean pp_ready;  /* hosts that are no clones get one when the drill is ready */
    gint64 pp_every_us; /* on the drill clock; 0: none by the clock */
    int pp_keep;        /* of those by the clock */
    guint64 pp_limit;   /* bytes, of all together */
} PlanPoints;

typedef struct {
    char *p_name; /* [a-z][a-z0-9-]{0,30} */
    char
        *p_uuid; /* the drill's own UUID: given at `up`, v5 of the name for a mere plan */
    ParryText *p_title;
    char *p_timezone;  /* name in the tz database */
    gint64 p_start_us; /* UTC of the nominal start, microseconds since the epoch */
    gint64 p_duration_us;
    gboolean p_has_rehearsal;
    PlanScope p_scope;
    ParryText *p_rules;      /* what players keep to, or NULL */
    gboolean p_rules_accept; /* they must accept them before they are let in */
    PlanPrivacy p_privacy;
    PlanPoints p_points;
    char *p_atomics, *p_caldera; /* directories of attacks of others, or NULL */
    GPtrArray *p_brackets, *p_channels, *p_stops;
    PlanObjectives p_objectives;
    GPtrArray *p_teams, *p_networks, *p_images, *p_hosts;
    GPtrArray *p_pools, *p_weaknesses, *p_flags, *p_credentials, *p_zones;
    GPtrArray *p_targets, *p_checks, *p_injects, *p_scripts, *p_phases;
    GPtrArray *p_windows; /* PlanWindow, in order of time */
    GPtrArray *p_secrets; /* PlanSecret */
    GPtrArray *p_sources; /* PlanSource: the top file, and those it includes */
    gint64 p_seed;        /* what jitter and secrets are drawn by */
    gboolean p_reseeded;  /* it is po_seed, not the scenario's */
    char **p_set;         /* NAME=VALUE as --set gave them, never NULL */
    GPtrArray *p_unbuilt; /* PlanUnbuilt, in order of place; empty: the plan can run */
    PlanScoring p_scoring;
    char p_scenario_sha256[65]; /* of the file's bytes; of several: see include.c */
    char p_rules_sha256[65]; /* of the canonical JSON of scoring, checks, injects, targets
                              */
} Plan;

/* Reads an included file: `path` from the scenario's directory; NULL with an error. */
typedef GBytes *(*PlanReader)(const char *path, gpointer data, GError **error);

/* What a plan is made with; all zero for a mere plan of a file. */
typedef struct {
    const char *po_uuid;       /* the drill's UUID, or NULL */
    const char *const *po_set; /* NAME=VALUE of --set, ended by NULL; or NULL */
    const gint64 *po_seed;     /* in place of drill.seed, or NULL */
    PlanReader po_read;        /* where included files come from, NULL: the directory */
    gpointer po_data;
} PlanOptions;

/*
 * Loads, checks and expands the scenario at `path`. drill_uuid: the drill's UUID, or NULL
 * for a mere plan. All findings go to diags (never NULL); NULL is returned when one of
 * them is an error. The caller frees with plan_free(). Never exits, never prints.
 */
Plan *plan_load(const char *path, const char *drill_uuid, ParryDiags *diags);

/* The same from memory; `file` stands in findings, relative paths start from `dir`. */
Plan *plan_load_bytes(const char *file, const char *dir, const void *bytes, gsize len,
                      const char *drill_uuid, ParryDiags *diags);

/* The same with more said. */
Plan *plan_load_with(const char *path, const PlanOptions *options, ParryDiags *diags);
Plan *plan_load_bytes_with(const char *file, const char *dir, const void *bytes,
                           gsize len, const PlanOptions *options, ParryDiags *diags);

/* The language's keys that this file uses and this build cannot run: PlanUnbuilt. `up`
 * refuses a plan that has any, with file, line and key. */
const GPtrArray *plan_unbuilt(const Plan *plan);

void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

/* Index of the team, host, inject or check with that id, or -1. */
int plan_team_index(const Plan *plan, const char *id);
int plan_host_index(const Plan *plan, const char *id);
int plan_check_index(const Plan *plan, const char *id);
int plan_inject_index(const Plan *plan, const char *id);

/* Typed element access; the index must be in range. */
PlanTeam *plan_team(const Plan *plan, int index);
PlanHost *plan_host(const Plan *plan, int index);
PlanNetwork *plan_network(const Plan *plan, int index);
PlanImage *plan_image(const Plan *plan, int index);
/* Whether it is a qcow2 of the organiser's own, which boots by its own loader. */
gboolean plan_image_is_own(const PlanImage *image);
const char *plan_agent_name(PlanAgent agent); /* as the language has it */
/* The way that `auto` means for this host; any other as it is. */
PlanAgent plan_agent_way(const Plan *plan, const PlanHost *host);
PlanCheck *plan_check(const Plan *plan, int index);
PlanInject *plan_inject(const Plan *plan, int index);
PlanTarget *plan_target(const Plan *plan, int index);

/* Does the inject go for that weakness: on its host, by its technique, a sub-technique of
 * it, or the one that it is a sub-technique of? */
gboolean plan_weakness_attacked(const PlanWeakness *weakness, const PlanInject *inject);

/* "red", "blue", "white", "green", "observer". */
const char *plan_side_name(PlanSide side);
/* "prevent", "detect", "contain", "answer", "eradicate", "recover", "report", "share". */
const char *plan_expect_name(PlanExpectKind kind);

/* Kind of target by its place in ps_bases, or NULL past the last; its place, or -1. */
const char *plan_target_kind(int index);
int plan_target_kind_index(const char *kind);
/* "red-on-red" …, "forbidden" …, "familiarisation" …: as a scenario writes them. */
const char *plan_engagement_name(PlanEngagement rule);
const char *plan_ruling_name(PlanRuling ruling);
const char *plan_phase_kind_name(PlanPhaseKind kind);

/* Dotted quad of a host-order IPv4 address; free with g_free(). */
char *plan_addr_text(guint32 addr);

/* The whole plan as JSON for `parry plan --json`, the values of its secrets hidden; the
 * caller owns the reference. */
json_t *plan_to_json(const Plan *plan);
/* The same with the values. */
json_t *plan_to_json_open(const Plan *plan);

/* Bytes of memory the plan's guests need under the given accelerator ("kvm" or "qemu").
 */
guint64 plan_memory_needed(const Plan *plan, const char *accel);

/* Bytes of disk that overlays, saves and the journal may need, images apart. */
guint64 plan_disk_needed(const Plan *plan);

#endif
