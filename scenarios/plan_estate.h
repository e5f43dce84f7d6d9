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

#endif
