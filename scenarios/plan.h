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
#include "scenarios/base/text.h"

#include <glib.h>
#include <jansson.h>

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

typedef struct {
    char *pn_id;      /* "internet" (shared), "health/dmz" (a team's) */
    char *pn_libvirt; /* name of the libvirt network, unique per drill, <= 15 bytes for
                         the bridge */
    char *pn_bridge;  /* name of the bridge, <= 15 bytes */
    char *pn_uuid;    /* UUIDv5(drill, "net/" id) */
    int pn_team;      /* index into p_teams, -1 for white's shared networks */
    guint32 pn_addr;  /* network address, host byte order */
    int pn_prefix;
} PlanNetwork;

typedef struct {
    int ni_network;       /* index into p_networks */
    char ni_mac[18];      /* "52:54:00:xx:xx:xx", unique per drill */
    guint32 ni_addr;      /* host byte order */
    gboolean ni_isolated; /* port isolation: blue-owned NICs on a shared network */
} PlanNic;

typedef struct {
    guint32 pr_dest;
    int pr_prefix;
    guint32 pr_via;
} PlanRoute;

typedef struct {
    char *pp_proto; /* "tcp" or "udp" */
    int pp_port;    /* on the router's shared side */
    guint32 pp_to;  /* inner address */
    int pp_to_port;
} PlanPublish;

typedef struct {
    char *pf_path; /* absolute, no ".." */
    GBytes *pf_bytes;
    int pf_mode;    /* 0644 by default */
    char *pf_owner; /* "root" by default */
    char *pf_group;
} PlanFile;

typedef struct {
    char *pu_name;
    char *
        pu_password; /* plain text: planted, worthless outside the drill; NULL locks it */
    int pu_uid;
    char *pu_shell;
    char **pu_groups; /* strv, may be empty, never NULL */
} PlanUser;

typedef struct {
    char *pi_id;         /* "micro", or a name below images: */
    char *pi_base;       /* "micro", "debian/bookworm", or an absolute path of a qcow2 */
    char **pi_packages;  /* sorted, no duplicates, never NULL */
    GPtrArray *pi_files; /* PlanFile, baked into the image */
} PlanImage;

typedef enum { AGENT_AUTO, AGENT_SEED, AGENT_NONE } PlanAgent;

typedef struct {
    int ph_index;      /* its place in p_hosts: the host's number everywhere */
    char *ph_id;       /* "health/web" */
    char *ph_name;     /* "web": the hostname inside */
    char *ph_domain;   /* libvirt domain name: pr-DRILL-TEAM-HOST, <= 63 bytes */
    char *ph_uuid;     /* UUIDv5(drill, "host/" id "/0"): generation 0 */
    int ph_team;       /* index of the team whose estate it stands in */
    PlanSide ph_owner; /* who has root: the team's side, or SIDE_WHITE */
    int ph_image;      /* index into p_images */
    guint64 ph_memory; /* bytes */
    guint64 ph_disk;   /* bytes of the overlay, 0 for none (micro) */
    int ph_cpus;
    GPtrArray *ph_nics;   /* PlanNic */
    GPtrArray *ph_routes; /* PlanRoute */
    GPtrArray *ph_names;  /* PlanName: the hosts file */
    GPtrArray *ph_files;  /* PlanFile, at personalisation */
    GPtrArray *ph_users;  /* PlanUser */
    char **ph_services;   /* strv */
    char **ph_run;        /* strv of scripts, run once at personalisation */
    gboolean ph_router;
    GPtrArray *ph_publish; /* PlanPublish */
    GArray *ph_masquerade; /* of int: indexes into ph_nics that are masqueraded */
    PlanAgent ph_agent;
    gboolean ph_required;
} PlanHost;

typedef struct {
    guint32 pd_addr;
    char **pd_names; /* strv */
} PlanName;

typedef struct {
    char *ta_id; /* "health/portal" */
    int ta_team;
    int ta_host;
    char *ta_kind;      /* attack-path, network-boundary, target-system, important-data,
                           other-system */
    int ta_criticality; /* per cent */
} PlanTarget;

typedef struct {
    char *ck_id; /* "health/web-up" */
    int ck_index;
    int ck_team; /* the team whose availability it counts for */
    int ck_host; /* the host looked at */
    int ck_from; /* the host whose agent looks: ck_host itself for file, process, command
                    … */
    gboolean ck_self_reported; /* ck_from is not owned by white */
    char *ck_kind;             /* tcp, http, dns, file, process, service, port, command */
    json_t *ck_params; /* the wire parameters of that kind (docs/agent-protocol.md), no
                          id, no deadline */
    gint64 ck_interval_us; /* 0: only on demand (a check that only an expectation uses) */
    gint64 ck_deadline_us;
    int ck_weight; /* 0: not counted in availability */
} PlanCheck;

typedef enum {
    EXPECT_PREVENT,
    EXPECT_DETECT,
    EXPECT_CONTAIN,
    EXPECT_ANSWER,
} PlanExpectKind;

typedef struct {
    PlanExpectKind ex_kind;
    gint64 ex_points;    /* milli-points */
    gint64 ex_within_us; /* from the execution; 0 for prevent */
    int ex_check;        /* contain: index into p_checks, -1: the effect is gone */
} PlanExpect;

typedef enum { INJECT_ATTACK, INJECT_MESSAGE } PlanInjectKind;

/* One inject for one team: `for: [blue]` with two blue teams gives two of these. */
typedef struct {
    char *in_id;   /* "deface@health" */
    char *in_name; /* "deface": what the scenario calls it */
    int in_index;
    PlanInjectKind in_kind;
    ParryText *in_title;
    int in_team;     /* the team it is for */
    gint64 in_at_us; /* jitter already drawn */
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
    GPtrArray *in_expect; /* PlanExpect */
} PlanInject;

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

typedef struct {
    char *ps_profile;                               /* "hk-drill" */
    int ps_protection, ps_availability, ps_injects; /* per cent, sum 100 */
    gint64 ps_cap;                                  /* points: 37000 */
    gint64 ps_xmax;                                 /* points: 3000 */
} PlanScoring;

/* A key or word of the language whose engine is not in this build: `up` refuses the plan.
 */
typedef struct {
    char *pb_key;
    char *pb_file;
    int pb_line, pb_column;
} PlanUnbuilt;

typedef struct {
    char *p_name; /* [a-z][a-z0-9-]{0,30} */
    char
        *p_uuid; /* the drill's own UUID: given at `up`, v5 of the name for a mere plan */
    ParryText *p_title;
    char *p_timezone;  /* name in the tz database */
    gint64 p_start_us; /* UTC of the nominal start, microseconds since the epoch */
    gint64 p_duration_us;
    gboolean p_has_rehearsal;
    char *p_authorised_by, *p_safety_officer, *p_max_risk;
    char **p_allow; /* techniques */
    GPtrArray *p_teams, *p_networks, *p_images, *p_hosts;
    GPtrArray *p_targets, *p_checks, *p_injects, *p_scripts, *p_phases;
    GPtrArray *p_unbuilt; /* PlanUnbuilt, in order of place; empty: the plan can run */
    PlanScoring p_scoring;
    char p_scenario_sha256[65]; /* of the file's bytes */
    char p_rules_sha256[65]; /* of the canonical JSON of scoring, checks, injects, targets
                              */
} Plan;

/*
 * Loads, checks and expands the scenario at `path`. drill_uuid: the drill's UUID, or NULL
 * for a mere plan. All findings go to diags (never NULL); NULL is returned when one of
 * them is an error. The caller frees with plan_free(). Never exits, never prints.
 */
Plan *plan_load(const char *path, const char *drill_uuid, ParryDiags *diags);

/* The same from memory; `file` stands in findings, relative paths start from `dir`. */
Plan *plan_load_bytes(const char *file, const char *dir, const void *bytes, gsize len,
                      const char *drill_uuid, ParryDiags *diags);

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
PlanCheck *plan_check(const Plan *plan, int index);
PlanInject *plan_inject(const Plan *plan, int index);
PlanTarget *plan_target(const Plan *plan, int index);

/* "red", "blue", "white", "green", "observer". */
const char *plan_side_name(PlanSide side);

/* Dotted quad of a host-order IPv4 address; free with g_free(). */
char *plan_addr_text(guint32 addr);

/* The whole plan as JSON for `parry plan --json`; the caller owns the reference. */
json_t *plan_to_json(const Plan *plan);

/* Bytes of memory the plan's guests need under the given accelerator ("kvm" or "qemu").
 */
guint64 plan_memory_needed(const Plan *plan, const char *accel);

/* Bytes of disk that overlays, saves and the journal may need, images apart. */
guint64 plan_disk_needed(const Plan *plan);

#endif
