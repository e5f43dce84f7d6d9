#include "scenarios/node.h"

#include <string.h>

/* Maps of so few keys are searched one by one: most are, and a hash table costs more. */
#define INDEX_FROM 9
#define BLOCK_SIZE ((gsize)64 * 1024)

/* ---- blocks: what a parse allocates is freed with its root ---- */

struct NodeBlocks {
    GPtrArray *nb_all;
    char *nb_at;
    gsize nb_left;
};

NodeBlocks *node_blocks_new(void)
{
    NodeBlocks *blocks = g_new0(NodeBlocks, 1);

    blocks->nb_all = g_ptr_array_new_with_free_func(g_free);
    return blocks;
}

void node_blocks_free(NodeBlocks *blocks)
{
    if (!blocks)
        return;
    g_ptr_array_unref(blocks->nb_all);
    g_free(blocks);
}

static gpointer take(NodeBlocks *blocks, gsize size)
{
    size = (size + 7) & ~(gsize)7;
    if (size > blocks->nb_left) {
        blocks->nb_left = MAX(size, BLOCK_SIZE);
        blocks->nb_at = g_malloc(blocks->nb_left);
        g_ptr_array_add(blocks->nb_all, blocks->nb_at);
    }
    gpointer out = blocks->nb_at;
    blocks->nb_at += size;
    blocks->nb_left -= size;
    return out;
}

/* ---- nodes ---- */

void node_free(Node *node)
{
    if (!node)
        return;
    if (node->nd_shares) {
        node->nd_shares--;
        return;
    }
    NodeBlocks *blocks = node->nd_blocks;
    gboolean in_block = node->nd_in_block;
    g_clear_pointer(&node->nd_items, g_ptr_array_unref);
    g_clear_pointer(&node->nd_keys, g_ptr_array_unref);
    g_clear_pointer(&node->nd_index, g_hash_table_unref);
    if (!in_block || node->nd_raw) /* one that was replaced is not in a block */
        g_free(node->nd_text);
    if (!in_block) {
        g_free(node->nd_raw);
        g_free(node);
    }
    node_blocks_free(blocks);
}

static void node_free_void(gpointer node)
{
    node_free(node);
}

static Node *init(Node *node, NodeKind kind, int line, int column)
{
    node->nd_kind = kind;
    node->nd_line = line;
    node->nd_column = column;
    if (kind != NODE_SCALAR)
        node->nd_items = g_ptr_array_new_with_free_func(node_free_void);
    if (kind == NODE_MAP)
        node->nd_keys = g_ptr_array_new_with_free_func(node_free_void);
    return node;
}

Node *node_make(NodeKind kind, const char *text, int line, int column)
{
    Node *node = init(g_new0(Node, 1), kind, line, column);

    node->nd_text = g_strdup(text);
    return node;
}

Node *node_make_in(NodeBlocks *blocks, NodeKind kind, const char *text, gsize len,
                   int line, int column)
{
    Node *node = take(blocks, sizeof(Node));

    memset(node, 0, sizeof *node);
    node->nd_in_block = TRUE;
    if (text) {
        node->nd_text = take(blocks, len + 1);
        memcpy(node->nd_text, text, len);
        node->nd_text[len] = '\0';
    }
    return init(node, kind, line, column);
}

void node_replace_text(Node *node, char *text)
{
    node->nd_raw = node->nd_text;
    node->nd_text = text;
}

void node_append(Node *list, Node *item)
{
    g_ptr_array_add(list->nd_items, item);
}

/* Place of the key in the map plus 1, or 0. */
static guint index_of(const Node *map, const char *key)
{
    if (!map || map->nd_kind != NODE_MAP)
        return 0;
    if (map->nd_index)
        return GPOINTER_TO_UINT(g_hash_table_lookup(map->nd_index, key));
    for (guint i = 0; i < map->nd_keys->len; i++) {
        const char *text = ((const Node *)map->nd_keys->pdata[i])->nd_text;
        if (*text == *key && !strcmp(text, key))
            return i + 1;
    }
    return 0;
}

/* Brings the index up to date with keys from `from` on. */
static void index_keys(Node *map, guint from)
{
    if (!map->nd_index && map->nd_keys->len < INDEX_FROM)
        return;
    if (!map->nd_index) {
        map->nd_index = g_hash_table_new(g_str_hash, g_str_equal);
        from = 0;
    }
    for (guint i = from; i < map->nd_keys->len; i++)
        g_hash_table_insert(map->nd_index, ((Node *)map->nd_keys->pdata[i])->nd_text,
                            GUINT_TO_POINTER(i + 1));
}

gboolean node_put(Node *map, Node *key, Node *value)
{
    if (index_of(map, key->nd_text)) {
        node_free(key);
        node_free(value);
        return FALSE;
    }
    g_ptr_array_add(map->nd_keys, key);
    g_ptr_array_add(map->nd_items, value);
    index_keys(map, map->nd_keys->len - 1);
    return TRUE;
}

Node *node_share(Node *node)
{
    node->nd_shares++;
    return node;
}

void node_take_all(Node *map)
{
    g_clear_pointer(&map->nd_index, g_hash_table_unref);
    g_ptr_array_set_free_func(map->nd_keys, NULL);
    g_ptr_array_set_free_func(map->nd_items, NULL);
    g_ptr_array_set_size(map->nd_keys, 0);
    g_ptr_array_set_size(map->nd_items, 0);
    g_ptr_array_set_free_func(map->nd_keys, node_free_void);
    g_ptr_array_set_free_func(map->nd_items, node_free_void);
}

void node_drop(Node *map, const char *key)
{
    guint place = index_of(map, key);

    if (!place)
        return;
    g_clear_pointer(&map->nd_index, g_hash_table_unref);
    g_ptr_array_remove_index(map->nd_keys, place - 1);
    g_ptr_array_remove_index(map->nd_items, place - 1);
    index_keys(map, 0);
}

void node_blank(Node *node)
{
    g_clear_pointer(&node->nd_index, g_hash_table_unref);
    if (node->nd_keys)
        g_ptr_array_set_size(node->nd_keys, 0);
    if (node->nd_items)
        g_ptr_array_set_size(node->nd_items, 0);
}

Node *node_overlay(const Node *over, const Node *under, const char *const *without)
{
    Node *out = node_make(NODE_MAP, NULL, over->nd_line, over->nd_column);
    const Node *layers[] = {over, under};

    out->nd_file = over->nd_file;
    out->nd_bad = over->nd_bad;
    for (gsize l = 0; l < G_N_ELEMENTS(layers); l++) {
        if (!layers[l] || layers[l]->nd_kind != NODE_MAP)
            continue;
        for (guint i = 0; i < node_len(layers[l]); i++) {
            const char *key = node_key_at(layers[l], i);
            if (l && (node_get(out, key) || g_strv_contains(without, key)))
                continue;
            node_put(out, node_share(layers[l]->nd_keys->pdata[i]),
                     node_share(node_at(layers[l], i)));
        }
    }
    return out;
}

Node *node_get(const Node *map, const char *key)
{
    guint place = index_of(map, key);

    return place ? map->nd_items->pdata[place - 1] : NULL;
}

Node *node_key(const Node *map, const char *key)
{
    guint place = index_of(map, key);

    return place ? map->nd_keys->pdata[place - 1] : NULL;
}

guint node_len(const Node *node)
{
    return node && node->nd_items ? node->nd_items->len : 0;
}

Node *node_at(const Node *node, guint i)
{
    return node->nd_items->pdata[i];
}

const char *node_key_at(const Node *map, guint i)
{
    return ((const Node *)map->nd_keys->pdata[i])->nd_text;
}

const char *node_text(const Node *node)
{
    return node && node->nd_kind == NODE_SCALAR && !node->nd_bad ? node->nd_text : NULL;
}

const char *node_get_text(const Node *map, const char *key)
{
    return node_text(node_get(map, key));
}

const char *node_kind_name(const Node *node)
{
    switch (node->nd_kind) {
    case NODE_LIST:
        return "a list";
    case NODE_MAP:
        return "a mapping";
    case NODE_SCALAR:
        break;
    }
    return "a text";
}
