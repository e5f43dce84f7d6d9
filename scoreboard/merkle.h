/*
 * The Merkle tree of RFC 6962, section 2.1, kept as its right edge: appending a leaf and
 * taking the root cost O(log n), and nothing but the edge is stored.
 */
#ifndef PARRY_SCOREBOARD_MERKLE_H
#define PARRY_SCOREBOARD_MERKLE_H

#include <glib.h>

typedef struct {
    guint64 mk_size;        /* leaves so far */
    guint8 mk_node[64][32]; /* root of the perfect subtree of 2^i leaves, where bit i is
                               set */
} Merkle;

void merkle_init(Merkle *tree);
/* Appends the leaf SHA-256(0x00 || data). */
void merkle_add(Merkle *tree, const void *data, gsize len);
/* The root; SHA-256 of nothing for an empty tree. */
void merkle_root(const Merkle *tree, guint8 root[32]);

/* SHA-256 of up to two pieces one after the other, without a fetch per call. */
void merkle_sha256(const void *a, gsize a_len, const void *b, gsize b_len,
                   guint8 out[32]);
void merkle_hex(const guint8 *bytes, gsize len, char *out); /* 2 * len + 1 bytes */
/* FALSE where text is not exactly 2 * len lower-case hex digits. */
gboolean merkle_unhex(const char *text, guint8 *bytes, gsize len);

#endif
