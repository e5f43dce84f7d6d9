/*
 * parry-verify: checks a journal with code of its own. Nothing here is shared with what
 * wrote the journal (docs/journal.md is the contract), and nothing but SQLite, libcrypto
 * and the C library is linked.
 */
#ifndef PARRY_VERIFY_H
#define PARRY_VERIFY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_LEN 32
#define HEX_LEN 64
#define FINDINGS_SHOWN 20

struct finding {
    int64_t seq; /* event that is bad, 0 where it is none of them */
    char *text;
};

/* A checkpoint event, and what the walk found for it. */
struct checkpoint {
    int64_t seq, size;
    char root[HEX_LEN + 1];
    bool sound; /* its note is signed and says the same */
    bool holds; /* its root is that of the tree */
};

struct verify {
    sqlite3 *db;
    const char *path;
    const char *key;   /* verifier key to use, NULL: the journal's own */
    int64_t want_size; /* of --root, 0: not given */
    char want_root[HEX_LEN + 1];

    int schema;                     /* version of the file's */
    char *name, *uuid, *public_key; /* of drill.defined/1, NULL: not there */
    int64_t events;
    char root[HEX_LEN + 1]; /* over all of them */
    int64_t batches, observed, observed_erased, gaps, lost;
    int64_t rounds, rows, blobs, erased, triggers;
    struct checkpoint *points; /* by size */
    size_t n_points;

    struct finding *findings; /* as met */
    size_t n_findings;
    char *failed; /* could not be read at all: exit 2 */
};

/* ---- findings.c ---- */
void finding(struct verify *v, int64_t seq, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* SQLite refused: damage is a finding, all else is a failure to read. */
void sql_failed(struct verify *v, int64_t seq, const char *what);
/* Prepares, or fails with the reason. */
sqlite3_stmt *sql_prepare(struct verify *v, const char *sql);
/* Steps; true for a row. A failure is recorded. */
bool sql_row(struct verify *v, sqlite3_stmt *stmt, int64_t seq, const char *what);
/* Text of a column, "" for NULL; lives until the next step. */
const char *sql_text(sqlite3_stmt *stmt, int column, size_t *len);
/* json_extract(body, path) as text; NULL where there is none. free() it. */
char *body_text(struct verify *v, const char *body, const char *path);
int64_t body_int(struct verify *v, const char *body, const char *path, int64_t fallback);

/* ---- digest.c ---- */
struct sha256;
struct sha256 *sha256_new(void);
void sha256_reset(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *bytes, size_t len);
void sha256_end(struct sha256 *sha, uint8_t out[HASH_LEN]);
void sha256_free(struct sha256 *sha);
void hex_of(const uint8_t *bytes, size_t len, char *out); /* 2 * len + 1 bytes */
bool hex_read(const char *text, uint8_t *bytes, size_t len);

/* ---- tree.c: RFC 6962 ---- */
struct tree {
    uint64_t size;
    uint8_t edge[64][HASH_LEN];
    struct sha256 *sha;
};
void tree_add(struct tree *tree, const uint8_t leaf[HASH_LEN]);
void tree_root(const struct tree *tree, uint8_t root[HASH_LEN]);

/* ---- note.c: C2SP signed notes ---- */
/* NULL when the note is signed by key and says size and root; else why not. */
const char *note_check(const char *note, const char *key, const char *origin,
                       int64_t size, const char *root);

/* ---- the checks, in the order in which they run ---- */
void check_schema(struct verify *v);   /* schema.c: a Parry journal, its triggers */
void check_points(struct verify *v);   /* points.c: checkpoints, signatures */
void check_chain(struct verify *v);    /* chain.c: events, hashes, gaps, tree */
void check_rounds(struct verify *v);   /* rounds.c: check rows */
void check_observed(struct verify *v); /* observed.c: observations, gaps */
void check_blobs(struct verify *v);    /* blobs.c: texts, tombstones */
void check_resets(struct verify *v);   /* resets.c: asked, decided, begun */

#endif
