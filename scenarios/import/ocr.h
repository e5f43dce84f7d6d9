/*
 * Open Cyber Range SDL: what the parts of its import share.
 */
#ifndef PARRY_SCENARIOS_IMPORT_OCR_H
#define PARRY_SCENARIOS_IMPORT_OCR_H

#include "scenarios/import/work.h"

/* Kinds of things that are referred to by name. */
typedef enum {
    OCR_NETWORK,
    OCR_HOST,
    OCR_CHECK,
    OCR_WEAKNESS,
    OCR_CAPABILITY,
    OCR_METRIC,
    OCR_EVALUATION,
    OCR_TLO,
    OCR_GOAL,
    OCR_TEAM,
    OCR_INJECT,
    OCR_KINDS,
} OcrKind;

/* Where an inject is put by a node. */
typedef struct {
    char *ob_host;
    char *ob_user; /* or NULL */
} OcrBinding;

typedef struct {
    Import *oc_import;
    const Node *oc_root;
    GHashTable *oc_taken[OCR_KINDS]; /* names given, see import_name() */
    GHashTable *oc_names[OCR_KINDS]; /* SDL's name to the scenario's */
    GHashTable *oc_copies;           /* name of a node: GPtrArray of its hosts' names */
    GHashTable *oc_checks;           /* name of a condition: GPtrArray of checks' names */
    GHashTable *oc_bindings;         /* name of an inject: OcrBinding */
    GHashTable *oc_used;             /* Nodes of definitions that something refers to */
    guint oc_plays;                  /* of injects */
    guint oc_hosts;
    gboolean oc_estate; /* there is one */
} Ocr;

#define OCR_ESTATE "range"

/* Gives the thing of that key a name below `where`, and says so of the node. */
const char *ocr_thing(Ocr *ocr, OcrKind kind, const char *key, const Node *thing,
                      const char *where);
/* The name given to it, or NULL. */
const char *ocr_find(const Ocr *ocr, OcrKind kind, const char *key);
/* FALSE, and the node left, where it is no mapping. */
gboolean ocr_is_map(Ocr *ocr, const Node *node);
/* Names that a list (or one scalar) refers to; those that are not there are left. To be
 * taken over; empty where there are none. */
json_t *ocr_refs(Ocr *ocr, OcrKind kind, const Node *list, const char *to);
/* The text of key as map[as], taken; `where` is the map's path. */
void ocr_text(Ocr *ocr, const Node *thing, const char *key, json_t *map, const char *as,
              const char *where);
/* title: name, else description; the description is left where both are there. */
void ocr_title(Ocr *ocr, const Node *thing, json_t *map, const char *where);
/* Name and version of a `source`; FALSE where there is none. */
gboolean ocr_source(const Node *thing, const char **name, const char **version);
/* Entries of a mapping or list of names: the i-th one's name, and its role or NULL. */
const char *ocr_entry(const Node *entries, guint i, const char **role);
/* Nodes of a definition that is used. */
const Node *ocr_definition(Ocr *ocr, const char *top, const char *key);
/* What no node refers to is left, with that reason. */
void ocr_unused(Ocr *ocr, const char *top, const char *why);
/* Account of that role at the node, or NULL. */
const char *ocr_role_user(const Node *node, const char *role);

void ocr_entities(Ocr *ocr);
void ocr_nodes(Ocr *ocr);
/* What a node has besides addresses: `names` are its hosts. */
void ocr_features(Ocr *ocr, const Node *node, const GPtrArray *names);
void ocr_conditions(Ocr *ocr, const Node *node, const GPtrArray *names);
void ocr_vulnerabilities(Ocr *ocr, const Node *node, const GPtrArray *names);
void ocr_bindings(Ocr *ocr, const Node *node, const GPtrArray *names);
/* Keys of the definitions above, once each. */
void ocr_definitions(Ocr *ocr);
void ocr_objectives(Ocr *ocr);
void ocr_stories(Ocr *ocr);
/* Everything of some conditions is met; NULL where none became a check. */
json_t *ocr_condition(Ocr *ocr, const Node *list, const char *to);

#endif
