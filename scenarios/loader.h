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
#define LOADER_SECRETS_MAX 10000
/* Bytes of text that references may make, all together. */
#define LOADER_GROWN_MAX ((gsize)64 * 1024 * 1024)

/* A file of the scenario. */
typedef struct {
    char *lf_name;   /* as findings name it */
    char *lf_path;   /* from the scenario's directory; of the top file its last part */
    char *lf_source; /* its text, ended by NUL */
    gsize lf_len;
    Node *lf_root;
    int lf_parent; /* the file that includes it; -1: the top file */
    int lf_line;   /* where */
} LoaderFile;

typedef struct {
    GPtrArray *ld_files; /* LoaderFile, the top one first: nd_file counts them */
    const char *ld_dir;  /* where relative paths start, in all files */
    ParryDiags *ld_diags;
    GHashTable *ld_seen;    /* findings already told: an estate is expanded once a team */
    GHashTable *ld_injects; /* name of an inject to GArray of its indexes */
    Node *ld_root;
    Node *ld_tree; /* the root of several files, else NULL */
    Plan *ld_plan;
    GTimeZone *ld_zone;    /* NULL where the timezone is unknown */
    gboolean ld_has_start; /* start and duration are known: times can be judged */
    gint64 ld_seed;
    guint8 ld_key[32];         /* what secrets and flags are drawn with: files_key() */
    const gint64 *ld_reseed;   /* in place of drill.seed, or NULL */
    GPtrArray *ld_host_nodes;  /* Node of each host of the plan, in step with p_hosts */
    GPtrArray *ld_ports;       /* GArray of LoaderPort, in step with p_networks */
    GHashTable *ld_host_ids;   /* host id to index plus 1 */
    GHashTable *ld_net_ids;    /* network id to index plus 1 */
    int ld_unbuilt;            /* above 0: within a key that was noted as unbuilt */
    GHashTable *ld_used;       /* Nodes of definitions that something refers to */
    GHashTable *ld_bytes;      /* Node of a file to its GBytes: copies share them */
    const char *const *ld_set; /* NAME=VALUE, ended by NULL; or NULL */
    gsize ld_grown;            /* bytes of texts in which references were replaced */
    GHashTable *ld_params;     /* name of a parameter to its value */
    GHashTable *ld_secrets;    /* "TEAM-INDEX/NAME" (-1: the drill's) to PlanSecret */
} Loader;

/* One NIC on a network. */
typedef struct {
    int lp_host;
    int lp_nic;
    int lp_number; /* of the host among those that its definition makes, from 0 */
} LoaderPort;

/* Reports at the node's place, once; marks an error's node as bad. */
void loader_say(Loader *loader, ParryDiagLevel level, Node *at, const char *hint,
                const char *format, ...) G_GNUC_PRINTF(5, 6);
/* The same at any place of that file. */
void loader_say_at(Loader *loader, ParryDiagLevel level, int file, int line, int column,
                   const char *hint, const char *message);
#define loader_error(loader, at, hint, ...)                                              \
    loader_say(loader, DIAG_ERROR, at, hint, __VA_ARGS__)
#define loader_warn(loader, at, hint, ...)                                               \
    loader_say(loader, DIAG_WARNING, at, hint, __VA_ARGS__)

/* The file that a node stands in. */
const LoaderFile *loader_file(const Loader *loader, const Node *node);

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
/* The same for a node that names one; -1 with a finding. */
int loader_host_named(Loader *loader, int team, Node *node);
/* Node of the estate of that team, or NULL. */
Node *loader_estate(const Loader *loader, int team);
/* Teams that a list of team and side names means, in the plan's order; errors are told.
 * Array of int. */
GArray *loader_teams(Loader *loader, Node *names);

/*
 * References. What differs from team to team stays in nd_text as it was written: whoever
 * puts a text into the plan takes it through loader_subst(), and gives its key KEY_REFS
 * in the table (references in all other texts are refused by the shape). `team`: whose
 * copy it is, -1 where the text is the same for all. Hosts have their addresses once
 * addresses_expand() has run, secrets their values once secrets_expand() has; what goes
 * into a guest is read after that (contents_expand()).
 */
/* The scalar's text with all references replaced, to be freed by g_free(); NULL where
 * node_text() is. A reference that cannot be is told at its own column. */
char *loader_subst(Loader *loader, const Node *node, int team);
/* key_texts() and loader_text() with references replaced. */
char **loader_subst_texts(Loader *loader, const Node *map, const char *key, int team);
ParryText *loader_subst_text(Loader *loader, const Node *node, int team,
                             const char *fallback);
/* TRUE where copies of that text may differ: else they may share its bytes. */
gboolean loader_has_refs(const Node *node);
/* The value of the secret that `name` names, for a key that names one; NULL with a
 * finding where there is none. */
const char *loader_secret(Loader *loader, Node *name, int team);

/* Draws the secrets that are addresses of that network: none of `taken`, which they join
 * (address to NULL). After the fixed addresses of hosts, before the automatic ones. */
void secrets_reserve(Loader *loader, int network, GHashTable *taken);

/*
 * Reads the top file's bytes and what it includes into ld_files, and joins them to
 * ld_root. FALSE with findings.
 */
gboolean files_load(Loader *loader, const char *name, const void *bytes, gsize len,
                    const PlanOptions *options);
LoaderFile *loader_file_add(Loader *loader, const char *name, const char *path,
                            const void *bytes, gsize len);
void loader_file_free(gpointer file);

/* For the shape: are the text's references good, as far as the file alone tells? Where
 * none may stand, each is refused. */
void refs_check(Loader *loader, Node *node, gboolean may);
/* Replaces ${param.…} in a scalar. */
void refs_params(Loader *loader, Node *node);
/* Value of a parameter, or NULL. */
const char *param_value(const Loader *loader, const char *name);
/* Value of a secret: the team's, or the drill's; NULL. */
const char *secret_value(const Loader *loader, const char *name, int team);
/* The network that a secret of the kind address names, else NULL. */
const char *secret_network(const Loader *loader, const char *name);

/* Makes ld_key of the seed and every byte of the files: who has not got the files cannot
 * work a secret out, whatever else is known of the drill. */
void files_key(Loader *loader);

/* The parts, in the order in which they run. */
void params_expand(Loader *loader); /* parameters, in the whole tree */
void defaults_apply(Loader *loader);
/* Does the pair of that key come from `defaults`? It may not fit this one then. */
gboolean defaults_gave(const Node *key);
void shape_check(Loader *loader);
/* Does `KEY: EXAMPLE` have the form that the spec asks for? If not, *why (g_free()) gets
 * the findings. For examples in the tables: references are not followed. */
gboolean shape_example(const KeySpec *spec, const char *example, char **why);
void drill_expand(Loader *loader); /* drill, scope, scoring */
void phases_expand(Loader *loader);
void teams_expand(Loader *loader);
void images_expand(Loader *loader);
void estates_expand(Loader *loader); /* networks and hosts */
/* Of estates_expand() and scripts_expand(): what stands there about resets. */
void resets_expand_host(Loader *loader, PlanHost *host, const Node *def);
void resets_expand_team(Loader *loader, int team);
void resets_expand_action(Loader *loader, PlanAction *action, Node *def);
void addresses_expand(Loader *loader);
void secrets_expand(Loader *loader);
void image_contents_expand(Loader *loader);
void contents_expand(Loader *loader); /* files, accounts and scripts of hosts */
void wiring_expand(Loader *loader);   /* publishing, routes, names */
void checks_expand(Loader *loader);   /* targets and checks */
void injects_expand(Loader *loader);
void scripts_expand(Loader *loader);
void order_expand(Loader *loader);   /* which hosts wait for which */
void links_expand(Loader *loader);   /* mirror ports */
void planted_expand(Loader *loader); /* targets, weaknesses, flags, credentials */
void zones_expand(Loader *loader);   /* DNS inside */
void watch_expand(Loader *loader);   /* what agents watch, when all else is known */
void limits_check(Loader *loader);   /* of what one guest can be told */

/* The host `from` runs that plugin: its image gets the package where Parry builds it, and
 * a finding at the node tells where it cannot have it. */
void plugin_require(Loader *loader, Node *at, int from, const char *plugin);
/* What `limits` of that mapping says; where it says nothing, what holds by default. */
PlanLimits loader_limits(const Node *map);

void weaknesses_check(Loader *loader);
void unused_check(Loader *loader);

/* Ranges of shared networks: by estates_expand(), before any host. */
void pools_expand(Loader *loader);
int pools_find(const Loader *loader, const char *name); /* index, or -1 */
/* The pool that has the address of that network, or NULL. */
const PlanPool *pools_of(const Loader *loader, int network, guint32 addr);
/* An account of the host, or NULL; and one more, its password locked. */
PlanUser *contents_user(PlanHost *host, const char *name);
PlanUser *contents_user_add(PlanHost *host, const char *name);
/*
 * The router whose firewall does not let a connection pass that wiring_reach() found, at
 * the address that it gave; NULL: it passes, as far as rules tell. `port`: to's own;
 * *why: the name of the rule, or "forward".
 */
const PlanHost *passage_stopped(const Loader *loader, int from, int to, guint32 addr,
                                int port, const char *proto, const char **why);
/* The rules of a router, by wiring_expand(). */
void firewall_expand(Loader *loader, PlanHost *router, const Node *def);

/* Bytes of the file that `source:` names, below the scenario's directory; NULL with a
 * finding. The caller owns them. */
GBytes *loader_source(Loader *loader, Node *node);
/* Files of a team's host, or of an image (team -1). */
void files_expand(Loader *loader, const Node *list, int team, GPtrArray *out);

/*
 * The kind and wire parameters of the check that `map` (by `table`) describes, for that
 * team: `host` is looked at, `from` looks. FALSE with a finding where it cannot be.
 */
typedef struct {
    const char *ki_kind;
    gboolean ki_network; /* asked over the network: `from` may be another host */
    Node *ki_node;
} CheckKind;
gboolean check_kind_of(const KeyTable *table, const Node *map, CheckKind *kind);
json_t *check_params(Loader *loader, const CheckKind *kind, int team, int host, int from);

/*
 * The address at which `from` reaches `to`, and the port there for to's own `port` (0:
 * any that is published). FALSE where it cannot.
 */
gboolean wiring_reach(const Loader *loader, int from, int to, int port, const char *proto,
                      guint32 *addr, int *outer);
/* The address at which a host finds another of its own estate, inside rather than on a
 * shared network; 0: not at all. */
guint32 wiring_near(const Loader *loader, int from, int to);
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
 * steps of a chain in their order. Where it is not for the team but for exactly one
 * other, that one's. Empty, with a finding, where there is none. Array of int.
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

/* Elements of a plan in the making (plan_make.c, plan_make_estate.c). */
Plan *plan_new(void);
void plan_estates_init(Plan *plan);
void plan_estates_clear(Plan *plan);
PlanZone *plan_zone_add(Plan *plan, int team);
PlanTeam *plan_team_add(Plan *plan, const char *id);
PlanImage *plan_image_add(Plan *plan, const char *id);
PlanHost *plan_host_add(Plan *plan, const char *id);
PlanCheck *plan_check_new(void);
PlanInject *plan_inject_add(Plan *plan, const char *id);
PlanCondition *plan_condition_new(PlanConditionKind kind);
PlanScript *plan_script_add(Plan *plan, int team);
PlanSecret *plan_secret_add(Plan *plan, const char *name, int team);
/* SHA-256 of the rules: scoring, checks, injects, targets (plan_json.c). */
gboolean plan_rules_sha256(const Plan *plan, char out[65], GError **error);

#endif
