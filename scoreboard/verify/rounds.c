#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A string as RFC 8785 writes it. */
static void add_json_string(struct sha256 *sha, const char *text, size_t len)
{
    static const char shorts[] = "btn_fr"; /* 8 to 13 */
    char escape[8];

    sha256_add(sha, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        int n = 0;

        if (c == '"' || c == '\\')
            n = snprintf(escape, sizeof escape, "\\%c", c);
        else if (c >= 8 && c <= 13 && c != 11)
            n = snprintf(escape, sizeof escape, "\\%c", shorts[c - 8]);
        else if (c < 0x20)
            n = snprintf(escape, sizeof escape, "\\u%04x", c);
        sha256_add(sha, n ? escape : text + i, n ? (size_t)n : 1);
    }
    sha256_add(sha, "\"", 1);
}

/* "[check,status,dur_us,text]" and a newline. */
static void add_row(struct sha256 *sha, sqlite3_stmt *stmt)
{
    size_t len;
    const char *text;

    for (int column = 1; column <= 3; column++) {
        const char *number = sql_text(stmt, column, &len);

        sha256_add(sha, column == 1 ? "[" : ",", 1);
        sha256_add(sha, number, len);
    }
    sha256_add(sha, ",", 1);
    text = sql_text(stmt, 4, &len);
    add_json_string(sha, text, len);
    sha256_add(sha, "]\n", 2);
}

static void check_round(struct verify *v, struct sha256 *sha, sqlite3_stmt *rows,
                        int64_t seq, const char *body)
{
    char *expected = body_text(v, body, "$.sha256");
    int64_t want = body_int(v, body, "$.rows", -1), n = 0;
    uint8_t digest[HASH_LEN];
    char hex[HEX_LEN + 1];
    bool ordered = true;

    sqlite3_reset(rows);
    sqlite3_bind_int64(rows, 1, seq);
    while (sql_row(v, rows, seq, "read check rows")) {
        ordered = ordered && sqlite3_column_int64(rows, 0) == n;
        add_row(sha, rows);
        n++;
    }
    sha256_end(sha, digest);
    hex_of(digest, HASH_LEN, hex);
    if (n != want)
        finding(v, seq, "its round has %lld rows, not %lld", (long long)n,
                (long long)want);
    else if (!ordered)
        finding(v, seq, "the rows of its round are numbered anew");
    else if (!expected || strcmp(hex, expected) != 0)
        finding(v, seq, "a row of its round was changed");
    v->rounds++;
    v->rows += n;
    free(expected);
}

static void check_orphans(struct verify *v)
{
    sqlite3_stmt *stmt = sql_prepare(
        v,
        "SELECT DISTINCT seq FROM check_result AS c WHERE NOT EXISTS(SELECT 1 FROM event"
        " WHERE event.seq = c.seq AND kind = 'check.round/1') LIMIT 20");

    while (stmt && sql_row(v, stmt, 0, "read check rows"))
        finding(v, sqlite3_column_int64(stmt, 0),
                "there are check rows for it, and it is no "
                "check round");
    sqlite3_finalize(stmt);
}

void check_rounds(struct verify *v)
{
    struct sha256 *sha = sha256_new();
    sqlite3_stmt *events = sql_prepare(
        v, "SELECT seq, body FROM event WHERE kind = 'check.round/1' ORDER BY seq");
    sqlite3_stmt *rows = sql_prepare(v, "SELECT row, check_idx, status, dur_us, text"
                                        " FROM check_result WHERE seq = ?1 ORDER BY row");

    while (events && rows && sql_row(v, events, 0, "read check rounds"))
        check_round(v, sha, rows, sqlite3_column_int64(events, 0),
                    sql_text(events, 1, NULL));
    sqlite3_finalize(rows);
    sqlite3_finalize(events);
    sha256_free(sha);
    check_orphans(v);
}
