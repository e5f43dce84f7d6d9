/*
 * The tree of a YAML file: scalars, lists and maps, each with its place.
 *
 * Only a plain subset of YAML is taken: one document, no anchors, aliases, tags or merge
 * keys, no duplicate keys, text keys; with limits on size, depth, nodes and scalars.
 * Accessors take NULL and nodes of another kind and answer as if nothing stood there, so
 * that one pass can go on past the first error.
 */
#ifndef PARRY_SCENARIOS_NODE_H
#define PARRY_SCENARIOS_NODE_H

#include "scenarios/base/diag.h"

#include <glib.h>

#define NODE_FILE_MAX ((gsize)1024 * 1024) /* bytes of a file */
#define NODE_DEPTH_MAX 32                  /* maps and lists within one another */
#define NODE_COUNT_MAX 100000              /* nodes of a file */
#define NODE_SCALAR_MAX ((gsize)64 * 1024) /* bytes of a scalar */
#define NODE_KEY_MAX 256                   /* bytes of a key */

typedef enum { NODE_SCALAR, NODE_LIST, NODE_MAP } NodeKind;

typedef struct Node Node;
typedef struct NodeBlocks NodeBlocks;

struct Node {
    NodeKind nd_kind;
    int nd_line, nd_column; /* 1-based, in characters */
    gboolean nd_plain;      /* a scalar without quotes, not a block */
    guint nd_shares;        /* owners besides the first: see node_share() */
    gboolean nd_refs;       /* a scalar that holds "${" */
    int nd_file;            /* which of the loader's files it stands in */
    gboolean nd_bad;       /* a finding was reported: later passes stay silent about it */
    char *nd_text;         /* scalar, its parameters replaced */
    char *nd_raw;          /* the scalar as written, where that is another, else NULL */
    GPtrArray *nd_items;   /* Node: of a list the items, of a map the values */
    GPtrArray *nd_keys;    /* Node: of a map the keys, in step with nd_items */
    GHashTable *nd_index;  /* of a large map: key text to place in nd_items plus 1 */
    gboolean nd_in_block;  /* it and its text are in a parse's blocks */
    NodeBlocks *nd_blocks; /* of a parse's root: the blocks, freed with it */
};

/* Parses a text of len bytes, with a NUL behind them; findings go to diags under the name
 * `file`; `number` is the nodes' nd_file. NULL: an error was added. */
Node *node_parse(const char *file, int number, const char *source, gsize len,
                 ParryDiags *diags);
void node_free(Node *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Node, node_free)

/* For readers of other formats (import/): a node at that place; text is copied, and NULL
 * but for scalars. */
Node *node_make(NodeKind kind, const char *text, int line, int column);
/* The same within blocks: whoever frees them frees the node; node_free() is for what it
 * has outside. `text`: len bytes, or NULL. */
NodeBlocks *node_blocks_new(void);
void node_blocks_free(NodeBlocks *blocks);
Node *node_make_in(NodeBlocks *blocks, NodeKind kind, const char *text, gsize len,
                   int line, int column);
/* Gives a scalar another text (taken over); what it had becomes nd_raw. Once only. */
void node_replace_text(Node *node, char *text);
/* Puts the item (taken over) at the list's end. */
void node_append(Node *list, Node *item);
/* Puts the pair (both taken over) at the map's end; FALSE, and both freed, where the key
 * is there already. */
gboolean node_put(Node *map, Node *key, Node *value);
/* One more owner of the node, who calls node_free() too. */
Node *node_share(Node *node);
/* Takes all pairs out of the map without freeing them: they are the caller's. */
void node_take_all(Node *map);
/* Removes the key and its value. */
void node_drop(Node *map, const char *key);

/* A map of what `over` says, and else what `under` says but for the keys `without`, at
 * the place of `over`; its pairs are shared with them. */
Node *node_overlay(const Node *over, const Node *under, const char *const *without);
/* Makes a node of the wrong kind empty: later passes find nothing in it. */
void node_blank(Node *node);

/* The value of that key, or NULL. */
Node *node_get(const Node *map, const char *key);
/* The key's own node, for findings about the key, or NULL. */
Node *node_key(const Node *map, const char *key);
/* Items of a list or values of a map. */
guint node_len(const Node *node);
Node *node_at(const Node *node, guint i);
/* The i-th key's text. */
const char *node_key_at(const Node *map, guint i);
/* A scalar's text, or NULL; of a bad node NULL. */
const char *node_text(const Node *node);
/* node_text() of a map's value. */
const char *node_get_text(const Node *map, const char *key);
/* "a list", "a mapping", "text": for messages. */
const char *node_kind_name(const Node *node);

#endif
