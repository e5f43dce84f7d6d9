#include "verify.h"

#include <string.h>

static void parent(struct sha256 *sha, const uint8_t *left, const uint8_t *right,
                   uint8_t out[HASH_LEN])
{
    sha256_add(sha, "\1", 1);
    sha256_add(sha, left, HASH_LEN);
    sha256_add(sha, right, HASH_LEN);
    sha256_end(sha, out);
}

void tree_add(struct tree *tree, const uint8_t leaf[HASH_LEN])
{
    uint8_t hash[HASH_LEN];
    unsigned level = 0;

    sha256_add(tree->sha, "\0", 1);
    sha256_add(tree->sha, leaf, HASH_LEN);
    sha256_end(tree->sha, hash);
    for (uint64_t rest = tree->size; rest & 1; rest >>= 1, level++)
        parent(tree->sha, tree->edge[level], hash, hash);
    memcpy(tree->edge[level], hash, HASH_LEN);
    tree->size++;
}

void tree_root(const struct tree *tree, uint8_t root[HASH_LEN])
{
    bool begun = false;

    for (unsigned level = 0; level < 64; level++) {
        if (!(tree->size >> level & 1))
            continue;
        if (begun)
            parent(tree->sha, tree->edge[level], root, root);
        else
            memcpy(root, tree->edge[level], HASH_LEN);
        begun = true;
    }
    if (!begun)
        sha256_end(tree->sha, root);
}
