/*
 * What the parts of the loader share: the file, where findings go, and the plan in the
 * making. Each part reads its mappings after their shape was checked, and goes on past
 * what is wrong, so that one pass tells all.
 */
#ifndef PARRY_SCENARIOS_LOADER_H
#define PARRY_SCENARIOS_LOADER_H

#include "scenarios/keys.h"
#include "scenarios/node.h"
#include "scenarios/plan.h"

/* A scenario may not expand past these, whatever `count` says. */
#define LOADER_TEAMS_MAX 256
#define LOADER_HOSTS_MAX 1000
#define LOADER_NETWORKS_MAX 1000
#define LOADER_CHECKS_MAX 10000
#define LOADER_INJECTS_MAX 20000

typedef struct {
    const char *ld_file; /* as findings name it */
    const char *ld_dir;  /* where relative paths start */
    const char *ld_source;
    ParryDiags *ld_diags;
    GHashTable *ld_seen; /* findings already told: an estate is expanded once a team */
    GHashTable *ld_injects; /* name of an inject to GArray of its indexes */
    Node *ld_root;
    Plan *ld_plan;
    GTimeZone *ld_zone;    /* NULL where the timezone is unknown */
    gboolean ld_has_start; /* start and duration are known: times can be judged */
    gint64 ld_seed;
    GPtrArray *ld_host_nodes; /* Node of each host of the plan, in step with p_hosts */
    GPtrArray *ld_ports;      /* GArray of LoaderPort, in step with p_networks */
    GHashTable *ld_host_ids;  /* host id to index plus 1 */
    GHashTable *ld_net_ids;   /* network id to index plus 1 */
    int ld_unbuilt;      /* above 0: within a key that was noted as unbuilt */
    GHashTable *ld_used;      /* Nodes of definitions that something refers to */
    GHashTable *ld_bytes;     /* Node of a file to its GBytes: copies share them */
} Loader;

/* One NIC on a network. */
typedef struct {
    int lp_host;
    int lp_nic;
} LoaderPort;

/* Reports at the node's place, once; marks an error's node as bad. */
void loader_say(Loader *loader, ParryDiagLevel level, Node *at, const char *hint,
                const char *format, ...) G_GNUC_PRINTF(5, 6);
#define loader_error(loader, at, hint, ...)                                              \
    loader_say(loader, DIAG_ERROR, at, hint, __VA_ARGS__)
#define loader_warn(loader, at, hint, ...)                                               \
    loader_say(loader, DIAG_WARNING, at, hint, __VA_ARGS__)

/* "no WHAT is named …" at the node, with the closest of map's keys as hint. `extra` is
 * one more known name, or NULL. */
void loader_dangling(Loader *loader, Node *at, const char *what, const Node *map,
                     const char *extra);
/* Notes that a key or word has no engine in this build. */
void loader_unbuilt(Loader *loader, Node *at, const char *key);
/* A text for people; `fallback` where the node is absent. Never NULL. */
ParryText *loader_text(const Node *node, const char *fallback);
/* Resolves a moment node to the drill clock; FALSE where it cannot be judged. */
gboolean loader_moment(Loader *loader, Node *node, gint64 *us);
/* Index of the host by name in the team's estate, or -1. */
int loader_host(const Loader *loader, int team, const char *name);
/* Node of the estate of that team, or NULL. */
Node *loader_estate(const Loader *loader, int team);
/* Teams that a list of team and side names means, in the plan's order; errors are told.
 * Array of int. */
GArray *loader_teams(Loader *loader, Node *names);

/* The parts, in the order in which they run. */
void shape_check(Loader *loader);
void drill_expand(Loader *loader); /* drill, scope, scoring */
void phases_expand(Loader *loader);
void teams_expand(Loader *loader);
void images_expand(Loader *loader);
void estates_expand(Loader *loader); /* networks and hosts */
void addresses_expand(Loader *loader);
void wiring_expand(Loader *loader); /* publishing, routes, names */
void checks_expand(Loader *loader); /* targets and checks */
void injects_expand(Loader *loader);
void scripts_expand(Loader *loader);
void unused_check(Loader *loader);

/* Files of a host or an image. */
void files_expand(Loader *loader, const Node *list, GPtrArray *out);

/*
 * The kind and wire parameters of the check that `map` (by `table`) describes: `host` is
 * looked at, `from` looks. FALSE with a finding where it cannot be.
 */
typedef struct {
    const char *ki_kind;
    gboolean ki_network; /* asked over the network: `from` may be another host */
    Node *ki_node;
} CheckKind;
gboolean check_kind_of(const KeyTable *table, const Node *map, CheckKind *kind);
json_t *check_params(Loader *loader, const CheckKind *kind, int host, int from);

/*
 * The address at which `from` reaches `to`, and the port there for to's own `port` (0:
 * any that is published). FALSE where it cannot.
 */
gboolean wiring_reach(const Loader *loader, int from, int to, int port, const char *proto,
                      guint32 *addr, int *outer);
/* The team's first address on a shared network, or 0. */
guint32 wiring_shared_address(const Loader *loader, int team);
/* TRUE where the network is white's, shared by all. */
gboolean wiring_shared(const Loader *loader, int network);

/*
 * What a mapping by keys_condition means for the team: to be called once injects_expand()
 * has run (or within it). NULL with findings where it means nothing; the caller owns it.
 */
PlanCondition *condition_expand(Loader *loader, Node *node, int team);
/*
 * Indexes of the inject that the node names, as far as it is for the team: one, or the
 * steps of a chain in their order. Where it is not for the team but for exactly one other,
 * that one's. Empty, with a finding, where there is none. Array of int.
 */
GArray *loader_injects(Loader *loader, Node *name, int team);

/* Names made from hashes. */
char *ident_uuid5(const char *space_uuid, const char *name); /* NULL: space is no UUID */
char *ident_drill_uuid(const char *name);
void ident_mac(const char *drill_uuid, const char *host_id, int nic, int attempt,
               char mac[18]);
char *ident_bridge(const char *drill_uuid, guint index);
/* Evenly drawn from 0 to max by the seed and the name: splitmix64 over SHA-256. */
gint64 ident_draw(const char *drill, gint64 seed, const char *name, gint64 max);

/* Elements of a plan in the making (plan_make.c). */
Plan *plan_new(void);
PlanTeam *plan_team_add(Plan *plan, const char *id);
PlanImage *plan_image_add(Plan *plan, const char *id);
PlanHost *plan_host_add(Plan *plan, const char *id);
PlanInject *plan_inject_add(Plan *plan, const char *id);
PlanCondition *plan_condition_new(PlanConditionKind kind);
PlanScript *plan_script_add(Plan *plan, int team);
/* SHA-256 of the rules: scoring, checks, injects, targets (plan_json.c). */
gboolean plan_rules_sha256(const Plan *plan, char out[65], GError **error);

#endif
