/*
 * Checkpoints: read first, so that the walk over the chain can look at each root as it
 * passes. The drill's own key stands in its first event: who holds the whole file could
 * put another there, so a key that was kept elsewhere (--key) is worth more.
 */
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_drill(struct verify *v)
{
    sqlite3_stmt *stmt = sql_prepare(
        v, "SELECT body FROM event WHERE kind = 'drill.defined/1' ORDER BY seq"
           " LIMIT 1");

    if (stmt && sql_row(v, stmt, 1, "read event 1")) {
        const char *body = sql_text(stmt, 0, NULL);

        v->name = body_text(v, body, "$.name");
        v->uuid = body_text(v, body, "$.uuid");
        v->public_key = body_text(v, body, "$.public_key");
    }
    sqlite3_finalize(stmt);
}

static void check_note(struct verify *v, struct checkpoint *point, const char *body)
{
    const char *key = v->key ? v->key : v->public_key;
    char *note = body_text(v, body, "$.note"), *origin = NULL;
    const char *why;

    if (!key || !v->uuid) {
        finding(v, point->seq, "a checkpoint, but event 1 names no drill and no key");
        free(note);
        return;
    }
    if (asprintf(&origin, "parry/%s", v->uuid) < 0)
        abort();
    why = note_check(note ? note : "", key, origin, point->size, point->root);
    if (why)
        finding(v, point->seq, "checkpoint over %lld events: %s", (long long)point->size,
                why);
    point->sound = !why;
    free(origin);
    free(note);
}

static void add_point(struct verify *v, int64_t seq, const char *body)
{
    struct checkpoint *all = reallocarray(v->points, v->n_points + 1, sizeof *all);
    char *root = body_text(v, body, "$.root");
    struct checkpoint *point;

    if (!all)
        abort();
    v->points = all;
    point = &v->points[v->n_points++];
    *point = (struct checkpoint){.seq = seq, .size = body_int(v, body, "$.size", -1)};
    if (root)
        snprintf(point->root, sizeof point->root, "%s", root);
    free(root);
    if (point->size < 0 || point->size >= seq)
        finding(v, seq, "checkpoint over %lld events that were not there yet",
                (long long)point->size);
    check_note(v, point, body);
}

static int by_size(const void *a, const void *b)
{
    const struct checkpoint *left = a, *right = b;

    return left->size < right->size ? -1 : left->size > right->size;
}

void check_points(struct verify *v)
{
    sqlite3_stmt *stmt;

    read_drill(v);
    stmt = sql_prepare(v, "SELECT seq, body FROM event WHERE kind = 'checkpoint/1'"
                          " ORDER BY seq");
    while (stmt && sql_row(v, stmt, 0, "read the checkpoints"))
        add_point(v, sqlite3_column_int64(stmt, 0), sql_text(stmt, 1, NULL));
    sqlite3_finalize(stmt);
    if (v->n_points)
        qsort(v->points, v->n_points, sizeof *v->points, by_size);
}
