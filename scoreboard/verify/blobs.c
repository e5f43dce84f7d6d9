/*
 * Texts by hash. A text may be erased, for a person may ask for that; then the row stays
 * and an event says so. A row that is gone, or empty without such an event, was tampered
 * with.
 */
#include "verify.h"

#include <stdlib.h>
#include <string.h>

/* Seq of the event that says the blob was erased, 0 where there is none. The body is
 * canonical, so that it can be compared as it stands. */
static int64_t erased_by(struct verify *v, sqlite3_stmt *stmt, const char *hash)
{
    int64_t seq = 0;

    sqlite3_reset(stmt);
    sqlite3_bind_text(stmt, 1, hash, -1, SQLITE_STATIC);
    if (sql_row(v, stmt, 0, "read erasures"))
        seq = sqlite3_column_int64(stmt, 0);
    return seq;
}

static void check_bytes(struct verify *v, struct sha256 *sha, sqlite3_stmt *stmt,
                        const char *hash)
{
    uint8_t digest[HASH_LEN];
    char hex[HEX_LEN + 1];
    const void *bytes = sqlite3_column_blob(stmt, 1);

    sha256_add(sha, bytes ? bytes : "", (size_t)sqlite3_column_bytes(stmt, 1));
    sha256_end(sha, digest);
    hex_of(digest, HASH_LEN, hex);
    if (strcmp(hex, hash) != 0)
        finding(v, 0, "text %.12s...: its bytes were changed", hash);
}

static void check_blob(struct verify *v, struct sha256 *sha, sqlite3_stmt *stmt,
                       sqlite3_stmt *erasures)
{
    const char *hash = sql_text(stmt, 0, NULL);
    bool gone = sqlite3_column_type(stmt, 1) == SQLITE_NULL;
    int64_t seq =
        gone || sqlite3_column_int64(stmt, 2) ? erased_by(v, erasures, hash) : 0;

    if (gone && !seq)
        finding(v, 0,
                "text %.12s...: it was emptied, and no event says that it was erased",
                hash);
    else if (!gone && sqlite3_column_int64(stmt, 2))
        finding(v, seq, "text %.12s...: it is marked as erased, and its bytes are there",
                hash);
    if (gone)
        v->erased++;
    else
        check_bytes(v, sha, stmt, hash);
    v->blobs++;
}

static void check_all(struct verify *v)
{
    struct sha256 *sha = sha256_new();
    sqlite3_stmt *blobs = sql_prepare(v, "SELECT hash, bytes, erased FROM blob");
    sqlite3_stmt *erasures =
        sql_prepare(v, "SELECT seq FROM event WHERE kind = 'blob.erased/1'"
                       " AND body = '{\"sha256\":\"' || ?1 || '\"}' LIMIT 1");

    while (blobs && erasures && sql_row(v, blobs, 0, "read texts"))
        check_blob(v, sha, blobs, erasures);
    sqlite3_finalize(erasures);
    sqlite3_finalize(blobs);
    sha256_free(sha);
}

/* Each text that an event names must have its row. */
static void check_named(struct verify *v)
{
    sqlite3_stmt *stmt = sql_prepare(
        v, "WITH named(seq, hash) AS ("
           " SELECT seq, json_extract(body, '$.text_sha256') FROM event"
           "  WHERE body LIKE '%\"text\\_sha256\":%' ESCAPE '\\' AND json_valid(body)"
           " UNION ALL"
           " SELECT seq, json_extract(body, '$.body_sha256') FROM event"
           "  WHERE body LIKE '%\"body\\_sha256\":%' ESCAPE '\\' AND json_valid(body))"
           "SELECT seq, hash FROM named WHERE hash <> '' AND hash <>"
           " 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'"
           " AND NOT EXISTS(SELECT 1 FROM blob WHERE blob.hash = named.hash)"
           " ORDER BY seq LIMIT 20");

    while (stmt && sql_row(v, stmt, 0, "read texts"))
        finding(v, sqlite3_column_int64(stmt, 0),
                "the text that it names (%.12s...) is gone", sql_text(stmt, 1, NULL));
    sqlite3_finalize(stmt);
}

void check_blobs(struct verify *v)
{
    check_all(v);
    check_named(v);
}
