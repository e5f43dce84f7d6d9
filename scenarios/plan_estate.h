/*
 * The estates' part of a plan: networks, hosts, images, targets.
 */
#ifndef PARRY_SCENARIOS_PLAN_ESTATE_H
#define PARRY_SCENARIOS_PLAN_ESTATE_H

#include "scenarios/plan_people.h"

#include <glib.h>

typedef struct {
    char *pn_id;      /* "internet" (shared), "health/dmz" (a team's) */
    char *pn_libvirt; /* name of the libvirt network, unique per drill, <= 15 bytes for
                         the bridge */
    char *pn_bridge;  /* name of the bridge, <= 15 bytes */
    char *pn_uuid;    /* UUIDv5(drill, "net/" id) */
    int pn_team;      /* index into p_teams, -1 for white's shared networks */
    guint32 pn_addr;  /* network address, host byte order */
    int pn_prefix;
    /* How good it is; without an engine yet, all 0: as good as it gets. */
    gint64 pn_delay_us, pn_jitter_us, pn_rate; /* rate: bits a second */
    int pn_loss;                               /* per cent */
    int pn_mirror; /* host that sees a copy of all frames, -1: none */
} PlanNetwork;

/* Addresses of a shared network that hosts get one of, at random. */
typedef struct {
    char *po_name;
    int po_network;
    guint32 po_first, po_last; /* host byte order, both belong to it */
    gint64 po_change_us;       /* 0: they keep it */
} PlanPool;

typedef struct {
    int ni_network;       /* index into p_networks */
    char ni_mac[18];      /* "52:54:00:xx:xx:xx", unique per drill */
    guint32 ni_addr;      /* host byte order */
    gboolean ni_isolated; /* port isolation: blue-owned NICs on a shared network */
    int ni_pool;          /* index into p_pools that the address is of, -1: none */
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

typedef enum { WALL_ACCEPT, WALL_DROP, WALL_REJECT } PlanWallAction;

/* One line of a router's firewall: a rule whose hosts have several addresses makes
 * several, under the same name. A prefix of 0 is any address. */
typedef struct {
    char *pw_name;
    guint32 pw_from, pw_to;
    int pw_from_prefix, pw_to_prefix;
    char *pw_proto;                  /* "tcp", "udp", "icmp" or "any" */
    int pw_first_port, pw_last_port; /* of the host inside; 0: all */
    PlanWallAction pw_action;
    gboolean pw_log;
} PlanWallRule;

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

/* How the agent gets into a host. */
typedef enum {
    AGENT_AUTO,        /* as plan_agent_way() has it */
    AGENT_INITRAMFS,   /* brought along by the initramfs that Parry boots it with */
    AGENT_SEED,        /* installed by cloud-init from a NoCloud seed */
    AGENT_GUEST_AGENT, /* written and started by the guest's qemu-guest-agent */
    AGENT_IMAGE,       /* it is in the image and starts there */
    AGENT_NONE
} PlanAgent;

typedef enum { RESET_BY_TEAM, RESET_BY_LEAD, RESET_BY_NOBODY } PlanResetBy;

/* On what terms a host's team may ask for a reset of it. */
typedef struct {
    PlanResetBy rs_by;
    gint64 rs_cost; /* milli-points */
    PlanResetLimit rs_limit;
    gint64 rs_cooldown_us;
    gboolean rs_approval; /* white must agree, within rs_expires_us */
    gint64 rs_expires_us;
} PlanReset;

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
    gboolean ph_hugepages;
    guint64 ph_disk; /* bytes of the overlay, 0 for none (micro) */
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
    GPtrArray *ph_rules;   /* PlanWallRule, in the order in which they are tried */
    gboolean ph_drop;      /* a router drops what no rule names */
    PlanAgent ph_agent;
    gboolean ph_required;
    int ph_retries;          /* so often made again where it could not be made ready */
    gint64 ph_retry_wait_us; /* before the first of them; doubled for each that follows */
    GArray *ph_after;        /* of int: hosts that are ready before it is switched on */
    GArray *ph_dns;          /* of guint32: resolvers, host byte order; empty: none */
    char **ph_labels;        /* strv, never NULL */
    ParryText *ph_title;     /* never NULL: the name where the scenario gives none */
    PlanReset ph_reset;
    /* What its agent tells of what is done there. */
    int ph_watch_rate;     /* rows a second, 0: it is not watched */
    char **ph_watch_paths; /* strv, never NULL: directories with all below, and files */
    char **ph_watch_mask;  /* strv, never NULL: options whose argument is a secret */
} PlanHost;

typedef struct {
    guint32 pd_addr;
    char **pd_names; /* strv */
} PlanName;

typedef struct {
    char *ta_id; /* "health/portal" */
    int ta_team;
    int ta_host;
    char *ta_kind;       /* attack-path, network-boundary, target-system, important-data,
                            other-system */
    int ta_criticality;  /* per cent */
    ParryText *ta_title; /* never NULL: the name where the scenario gives none */
} PlanTarget;

/* What was left open on purpose. */
typedef struct {
    char *wk_id; /* "health/weak-staff" */
    int wk_team, wk_host;
    char *wk_technique;
    ParryText *wk_title; /* never NULL */
    char *wk_severity;   /* low, medium, high, critical */
    char *wk_cwe;        /* "CWE-521", or NULL */
    ParryText *wk_fix;   /* or NULL */
    char *wk_secret;     /* name of a secret, or NULL */
} PlanWeakness;

/* A secret in a file, planted with the host's other files. */
typedef struct {
    char *fl_id; /* "health/records" */
    int fl_team, fl_host;
    int fl_target; /* index into p_targets, -1: none */
    char *fl_path;
    char *fl_value;      /* what the file holds, without the end of line; a secret */
    gint64 fl_rotate_us; /* 0: it stays */
} PlanFlag;

typedef enum { CHANGE_FORBIDDEN, CHANGE_REPORT, CHANGE_FREE } PlanChange;

/* An account whose password is a secret: it stands in the host's ph_users. */
typedef struct {
    char *cr_id; /* "health/webmaster" */
    int cr_team, cr_host;
    char *cr_account;
    char *cr_secret;   /* name of the secret */
    char *cr_password; /* its value for that team; a secret */
    PlanChange cr_change;
} PlanCredential;

/* Names served inside an estate. */
typedef struct {
    int zn_team;
    char *zn_domain;
    GArray *zn_servers;    /* of int: hosts */
    GPtrArray *zn_records; /* PlanRecord, in the order written */
} PlanZone;

typedef struct {
    char *rd_name; /* with the domain behind it */
    guint32 rd_addr;
} PlanRecord;

#endif
