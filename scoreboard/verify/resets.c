/*
 * Resets that players asked for: each is decided once at most, about the host that was
 * asked for, and one that was approved names the reset that it began. What such a reset
 * cost is a line of the score: it must not come from nowhere.
 */
#include "verify.h"

static const struct {
    const char *sql; /* seqs of the events that are wrong */
    const char *words;
} CHECKS[] = {
    {"SELECT d.seq FROM event d LEFT JOIN event a ON a.seq = d.ref"
     " AND a.kind = 'reset.asked/1' AND a.host = d.host AND a.seq < d.seq"
     " WHERE d.kind IN ('reset.decided/1', 'reset.waived/1') AND a.seq IS NULL"
     " ORDER BY d.seq",
     "about a reset of that host that nobody had asked for"},
    {"SELECT max(seq) FROM event WHERE kind = 'reset.decided/1'"
     " GROUP BY ref HAVING count(*) > 1",
     "a second decision on one and the same reset"},
    {"SELECT d.seq FROM event d LEFT JOIN event w"
     " ON w.seq = json_extract(CASE WHEN json_valid(d.body) THEN d.body END, '$.reset')"
     " AND w.kind = 'reset.wanted/1' AND w.host = d.host"
     " WHERE d.kind = 'reset.decided/1' AND (w.seq IS NULL) ="
     " (json_extract(CASE WHEN json_valid(d.body) THEN d.body END, '$.decision') IS"
     " 'approved') ORDER BY d.seq",
     "approved and no reset of that host, or a reset and not approved"},
};

void check_resets(struct verify *v)
{
    for (size_t i = 0; i < sizeof CHECKS / sizeof CHECKS[0]; i++) {
        sqlite3_stmt *stmt = sql_prepare(v, CHECKS[i].sql);

        while (stmt && sql_row(v, stmt, 0, "read the resets"))
            finding(v, sqlite3_column_int64(stmt, 0), "%s", CHECKS[i].words);
        sqlite3_finalize(stmt);
    }
}
