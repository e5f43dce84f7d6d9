/*
 * The chain: every event's hash anew, each bound to the one before, no number left out;
 * and the tree over them, compared with every checkpoint as its size is reached.
 */
#include "verify.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    struct verify *v;
    struct sha256 *sha;
    struct tree tree;
    int64_t last;                /* seq of the event before */
    char last_hash[HEX_LEN + 1]; /* as stored there */
    size_t next_point;
    int64_t sound_size; /* the largest checkpoint that held */
    bool want_met;
};

static void add_field(struct sha256 *sha, const char *text, size_t len)
{
    uint8_t size[8];

    for (int i = 0; i < 8; i++)
        size[i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
    sha256_add(sha, size, sizeof size);
    sha256_add(sha, text, len);
}

static void add_column(struct sha256 *sha, sqlite3_stmt *stmt, int column)
{
    size_t len;
    const char *text = sql_text(stmt, column, &len); /* integers become decimal text */

    add_field(sha, text, len);
}

/* Columns: seq, at_us, clock_us, ref, kind, actor, team, host, body, prev, hash: the
 * hashed ones in the order in which they are hashed. */
enum { C_SEQ, C_PREV = 9, C_HASH = 10 };

static void hash_event(struct walk *walk, sqlite3_stmt *stmt, uint8_t out[HASH_LEN])
{
    static const char tag[] = "parry-event-1";

    add_field(walk->sha, tag, strlen(tag));
    for (int column = C_SEQ; column <= C_PREV; column++)
        add_column(walk->sha, stmt, column);
    sha256_end(walk->sha, out);
}

static void check_points_at(struct walk *walk, int64_t seq)
{
    struct verify *v = walk->v;
    uint8_t root[HASH_LEN];
    char hex[HEX_LEN + 1];

    for (; walk->next_point < v->n_points && v->points[walk->next_point].size <= seq;
         walk->next_point++) {
        struct checkpoint *point = &v->points[walk->next_point];

        if (point->size != seq)
            continue; /* its last event is missing, which is told already */
        tree_root(&walk->tree, root);
        hex_of(root, HASH_LEN, hex);
        point->holds = strcmp(hex, point->root) == 0;
        if (point->holds && point->sound)
            walk->sound_size = point->size;
        else if (!point->holds)
            finding(
                v, point->seq,
                "checkpoint over %lld events: its root is not that of these events: one "
                "of %lld to %lld was changed and the chain made anew",
                (long long)seq, (long long)walk->sound_size + 1, (long long)seq);
    }
}

static void check_want_at(struct walk *walk, int64_t seq)
{
    struct verify *v = walk->v;
    uint8_t root[HASH_LEN];
    char hex[HEX_LEN + 1];

    if (seq != v->want_size)
        return;
    walk->want_met = true;
    tree_root(&walk->tree, root);
    hex_of(root, HASH_LEN, hex);
    if (strcmp(hex, v->want_root) != 0)
        finding(v, 0, "the root over %lld events is %s, not the one given",
                (long long)seq, hex);
}

static void check_number(struct walk *walk, int64_t seq, const char *prev)
{
    int64_t missing = walk->last + 1;

    if (seq == missing + 1)
        finding(walk->v, missing, "it is missing");
    else if (seq > missing)
        finding(walk->v, missing, "it and all to %lld are missing", (long long)seq - 1);
    else if (seq < missing)
        finding(walk->v, seq, "numbers begin at 1");
    else if (strcmp(prev, walk->last_hash) != 0)
        finding(walk->v, seq,
                "it does not follow event %lld: the hash it carries of that "
                "one is another",
                (long long)walk->last);
}

static void check_event(struct walk *walk, sqlite3_stmt *stmt)
{
    int64_t seq = sqlite3_column_int64(stmt, C_SEQ);
    const char *stored = sql_text(stmt, C_HASH, NULL);
    uint8_t hash[HASH_LEN];
    char hex[HEX_LEN + 1];

    check_number(walk, seq, sql_text(stmt, C_PREV, NULL));
    hash_event(walk, stmt, hash);
    hex_of(hash, HASH_LEN, hex);
    if (strcmp(hex, stored) != 0)
        finding(walk->v, seq, "it was changed: what it says does not match its hash");
    tree_add(&walk->tree, hash);
    strncpy(walk->last_hash, stored, HEX_LEN);
    walk->last = seq;
    walk->v->events++;
    check_points_at(walk, seq);
    check_want_at(walk, seq);
}

static void walk_end(struct walk *walk)
{
    struct verify *v = walk->v;
    uint8_t root[HASH_LEN];

    for (; walk->next_point < v->n_points; walk->next_point++)
        if (v->points[walk->next_point].size > walk->last)
            finding(v, v->points[walk->next_point].seq,
                    "checkpoint over %lld events, of which the end is missing",
                    (long long)v->points[walk->next_point].size);
    if (v->want_size && !walk->want_met)
        finding(v, walk->last + 1,
                "it and all to %lld are missing: the root given is over "
                "that many",
                (long long)v->want_size);
    tree_root(&walk->tree, root);
    hex_of(root, HASH_LEN, v->root);
}

void check_chain(struct verify *v)
{
    struct walk walk = {.v = v, .sha = sha256_new()};
    sqlite3_stmt *stmt = sql_prepare(
        v, "SELECT seq, at_us, clock_us, ref, kind, actor, team, host, body, prev,"
           " hash FROM event ORDER BY seq");

    walk.tree.sha = sha256_new();
    memset(walk.last_hash, '0', HEX_LEN);
    while (stmt && sql_row(v, stmt, walk.last + 1, "read events"))
        check_event(&walk, stmt);
    sqlite3_finalize(stmt);
    walk_end(&walk);
    sha256_free(walk.tree.sha);
    sha256_free(walk.sha);
}
