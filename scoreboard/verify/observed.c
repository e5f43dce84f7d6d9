/*
 * Observations: the rows of each batch against its digest, those whose texts were erased
 * against the events that say so, and what is told to be missing.
 */
#include "verify.h"

#include <stdlib.h>
#include <string.h>

/* Columns of a row; what the batch's digest covers comes first, in its order. */
enum {
    C_ROW,
    C_NUMBERS = 13, /* so many of them from C_ROW on */
    C_PLAYER = C_NUMBERS,
    C_TEXTS,
    C_SALT = C_TEXTS + 5,
    C_ERASED,
};

struct batches {
    struct verify *v;
    struct sha256 *all, *texts;
    sqlite3_stmt *rows, *erasures;
};

static void add_number(struct sha256 *sha, int64_t value)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
    sha256_add(sha, bytes, sizeof bytes);
}

static void add_field(struct sha256 *sha, const char *text, size_t len)
{
    add_number(sha, (int64_t)len);
    sha256_add(sha, text, len);
}

static void add_column(struct sha256 *sha, sqlite3_stmt *stmt, int column)
{
    size_t len;
    const char *text = sql_text(stmt, column, &len);

    add_field(sha, text, len);
}

/* Nothing of the five texts is left, and the salt is gone too. */
static bool emptied(sqlite3_stmt *stmt)
{
    for (int i = C_TEXTS; i < C_SALT; i++)
        if (sqlite3_column_bytes(stmt, i))
            return false;
    return sqlite3_column_type(stmt, C_SALT) == SQLITE_NULL;
}

static bool erasure_told(struct batches *b, int64_t seq, int64_t row)
{
    sqlite3_reset(b->erasures);
    sqlite3_bind_int64(b->erasures, 1, seq);
    sqlite3_bind_int64(b->erasures, 2, row);
    return sql_row(b->v, b->erasures, 0, "read erasures");
}

/* The digest of a row's texts: of what stands there, or what took their place. */
static void texts_digest(struct batches *b, int64_t seq, uint8_t out[HASH_LEN])
{
    sqlite3_stmt *stmt = b->rows;
    int64_t row = sqlite3_column_int64(stmt, C_ROW);

    if (sqlite3_column_type(stmt, C_ERASED) == SQLITE_NULL) {
        add_number(b->texts, sqlite3_column_int64(stmt, C_SALT));
        for (int i = C_TEXTS; i < C_SALT; i++)
            add_column(b->texts, stmt, i);
        sha256_end(b->texts, out);
        return;
    }
    b->v->observed_erased++;
    if (!emptied(stmt))
        finding(b->v, seq, "row %lld is marked as erased, and its texts are there",
                (long long)row);
    else if (!erasure_told(b, seq, row))
        finding(b->v, seq, "row %lld was emptied, and no event says that it was erased",
                (long long)row);
    memset(out, 0, HASH_LEN);
    if (sqlite3_column_bytes(stmt, C_ERASED) == HASH_LEN)
        memcpy(out, sqlite3_column_blob(stmt, C_ERASED), HASH_LEN);
}

static void check_batch(struct batches *b, int64_t seq, const char *body)
{
    static const char tag[] = "parry-observe-1";
    char *expected = body_text(b->v, body, "$.sha256");
    int64_t want = body_int(b->v, body, "$.rows", -1), n = 0;
    uint8_t digest[HASH_LEN];
    char hex[HEX_LEN + 1];
    bool ordered = true;

    add_field(b->all, tag, strlen(tag));
    sqlite3_reset(b->rows);
    sqlite3_bind_int64(b->rows, 1, seq);
    while (sql_row(b->v, b->rows, seq, "read observations")) {
        texts_digest(b, seq, digest);
        ordered = ordered && sqlite3_column_int64(b->rows, C_ROW) == n;
        for (int i = 0; i < C_NUMBERS; i++)
            add_number(b->all, sqlite3_column_int64(b->rows, i));
        add_column(b->all, b->rows, C_PLAYER);
        sha256_add(b->all, digest, HASH_LEN);
        n++;
    }
    sha256_end(b->all, digest);
    hex_of(digest, HASH_LEN, hex);
    if (n != want)
        finding(b->v, seq, "its batch has %lld rows, not %lld", (long long)n,
                (long long)want);
    else if (!ordered)
        finding(b->v, seq, "the rows of its batch are numbered anew");
    else if (!expected || strcmp(hex, expected) != 0)
        finding(b->v, seq, "a row of its batch was changed");
    b->v->batches++;
    b->v->observed += n;
    free(expected);
}

static void check_batches(struct verify *v)
{
    struct batches b = {.v = v, .all = sha256_new(), .texts = sha256_new()};
    sqlite3_stmt *events = sql_prepare(
        v, "SELECT seq, body FROM event WHERE kind = 'observe.batch/1' ORDER BY seq");

    b.rows = sql_prepare(
        v, "SELECT row, host_idx, n, t_us, what, act, pid, ppid, uid, auid, exit, origin,"
           " act_id, player, exe, args, cwd, path, to_, salt, erased FROM observation"
           " WHERE seq = ?1 ORDER BY row");
    b.erasures = sql_prepare(v, "SELECT 1 FROM erasure WHERE batch = ?1 AND row = ?2");
    while (events && b.rows && b.erasures && sql_row(v, events, 0, "read batches"))
        check_batch(&b, sqlite3_column_int64(events, 0), sql_text(events, 1, NULL));
    sqlite3_finalize(b.erasures);
    sqlite3_finalize(b.rows);
    sqlite3_finalize(events);
    sha256_free(b.texts);
    sha256_free(b.all);
}

static void check_orphans(struct verify *v)
{
    sqlite3_stmt *stmt = sql_prepare(
        v, "SELECT DISTINCT seq FROM observation AS o WHERE NOT EXISTS(SELECT 1 FROM"
           " event WHERE event.seq = o.seq AND kind = 'observe.batch/1') LIMIT 20");

    while (stmt && sql_row(v, stmt, 0, "read observations"))
        finding(v, sqlite3_column_int64(stmt, 0),
                "there are observations for it, and it is no batch of them");
    sqlite3_finalize(stmt);
}

/* What the events say was erased, in a table of this connection's own: a person may have
 * typed a great deal. */
static bool gather_erasures(struct verify *v)
{
    sqlite3_stmt *stmt;

    if (sqlite3_exec(v->db,
                     "CREATE TEMP TABLE erasure(batch INTEGER, row INTEGER, seq INTEGER,"
                     " PRIMARY KEY(batch, row)) WITHOUT ROWID",
                     NULL, NULL, NULL) != SQLITE_OK) {
        sql_failed(v, 0, "make room for erasures");
        return false;
    }
    stmt = sql_prepare(
        v, "INSERT OR IGNORE INTO temp.erasure SELECT event.ref, each.value, event.seq"
           " FROM event, json_each(event.body, '$.rows') AS each"
           " WHERE kind = 'observe.erased/1' AND json_valid(event.body)");
    if (stmt)
        sql_row(v, stmt, 0, "read erasures");
    sqlite3_finalize(stmt);
    return !v->failed;
}

/* What was erased must be empty. */
static void check_erasures(struct verify *v)
{
    sqlite3_stmt *stmt = sql_prepare(
        v,
        "SELECT e.seq, e.batch, e.row FROM temp.erasure AS e LEFT JOIN observation AS o"
        " ON o.seq = e.batch AND o.row = e.row WHERE o.erased IS NULL"
        " ORDER BY 1, 2, 3 LIMIT 20");

    while (stmt && sql_row(v, stmt, 0, "read erasures"))
        finding(v, sqlite3_column_int64(stmt, 0),
                "it says that observation %lld/%lld was erased, which it was not",
                (long long)sqlite3_column_int64(stmt, 1),
                (long long)sqlite3_column_int64(stmt, 2));
    sqlite3_finalize(stmt);
}

/* Rows that have a number and never came, and how many a gap has told. */
static void check_gaps(struct verify *v)
{
    static const char *const counts[] = {"$.kernel", "$.queue", "$.channel", "$.hub"};
    sqlite3_stmt *stmt = sql_prepare(
        v, "SELECT seq, host, body FROM event WHERE kind = 'observe.gap/1' ORDER BY seq");

    while (stmt && sql_row(v, stmt, 0, "read gaps")) {
        int64_t seq = sqlite3_column_int64(stmt, 0);
        const char *body = sql_text(stmt, 2, NULL);
        int64_t from = body_int(v, body, "$.from_us", -1);
        int64_t to = body_int(v, body, "$.to_us", -1);
        bool sound = *sql_text(stmt, 1, NULL) && from >= 0 && to >= from;

        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            int64_t lost = body_int(v, body, counts[i], -1);

            sound = sound && lost >= 0;
            if (lost > 0 && v->lost <= INT64_MAX - lost)
                v->lost += lost;
        }
        if (!sound)
            finding(v, seq, "its gap has no host, no bounds, or less than nothing lost");
        v->gaps++;
    }
    sqlite3_finalize(stmt);
}

void check_observed(struct verify *v)
{
    if (v->schema < 2)
        return; /* there were none yet */
    if (!gather_erasures(v))
        return;
    check_batches(v);
    check_orphans(v);
    check_erasures(v);
    check_gaps(v);
}
