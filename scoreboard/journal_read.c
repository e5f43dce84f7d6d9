/*
 * Reading: events, check rows, and the tree over them. What a writer reads back here is
 * what is committed: nobody may act upon an event that a failed commit can still take
 * away.
 */
#include "scoreboard/journal_priv.h"

#include <string.h>

gint64 journal_committed(const Journal *journal)
{
    Journal *self = (Journal *)journal; /* a reader asks the file, which moves on */
    gint64 seq = 0;

    if (journal->jn_writer)
        return journal->jn_committed;
    if (!journal_int(self, "SELECT max(seq) FROM event", 0, &seq, NULL))
        return 0;
    return seq;
}

gint64 journal_seq(const Journal *journal)
{
    return journal->jn_writer ? journal->jn_seq : journal_committed(journal);
}

static gboolean give_event(Journal *journal, sqlite3_stmt *stmt, JournalEach fn,
                           gpointer data, gboolean *more, GError **error)
{
    const char *text = (const char *)sqlite3_column_text(stmt, 8);
    JournalEvent event = {
        .ev_seq = sqlite3_column_int64(stmt, 0),
        .ev_at_us = sqlite3_column_int64(stmt, 1),
        .ev_clock_us = sqlite3_column_int64(stmt, 2),
        .ev_kind = (const char *)sqlite3_column_text(stmt, 3),
        .ev_actor = (const char *)sqlite3_column_text(stmt, 4),
        .ev_team = (const char *)sqlite3_column_text(stmt, 5),
        .ev_host = (const char *)sqlite3_column_text(stmt, 6),
        .ev_ref = sqlite3_column_int64(stmt, 7),
        .ev_hash = (const char *)sqlite3_column_text(stmt, 9),
    };
    json_t *body = text ? json_loads(text, JSON_ALLOW_NUL, NULL) : NULL;

    if (!json_is_object(body)) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_CORRUPT,
                    "journal %s: event %" G_GINT64_FORMAT ": its body is not JSON",
                    journal->jn_path, event.ev_seq);
        json_decref(body);
        return FALSE;
    }
    event.ev_body = body;
    *more = fn(&event, data);
    json_decref(body);
    return TRUE;
}

gboolean journal_each(Journal *journal, gint64 after, gint64 limit, JournalEach fn,
                      gpointer data, GError **error)
{
    sqlite3_stmt *stmt = journal_prepare(
        journal,
        "SELECT seq, at_us, clock_us, kind, actor, team, host, ref, body, hash FROM event"
        " WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3",
        error);
    gboolean more = TRUE, ok = stmt != NULL;
    int rc = SQLITE_DONE;

    if (!stmt)
        return FALSE;
    sqlite3_bind_int64(stmt, 1, after);
    sqlite3_bind_int64(stmt, 2, journal->jn_writer ? journal->jn_committed : G_MAXINT64);
    sqlite3_bind_int64(stmt, 3, limit > 0 ? limit : -1);
    while (ok && more && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        ok = give_event(journal, stmt, fn, data, &more, error);
    if (ok && more && rc != SQLITE_DONE) {
        journal_db_error(journal, "read events", error);
        ok = FALSE;
    }
    sqlite3_finalize(stmt);
    return ok;
}

gboolean journal_each_check(Journal *journal, gint64 seq, JournalEachCheck fn,
                            gpointer data, GError **error)
{
    sqlite3_stmt *stmt = journal_prepare(journal,
                                         "SELECT check_idx, status, dur_us, text FROM "
                                         "check_result WHERE seq = ?1 ORDER BY row",
                                         error);
    gboolean more = TRUE;
    int rc = SQLITE_DONE;

    if (!stmt)
        return FALSE;
    sqlite3_bind_int64(stmt, 1, seq);
    while (more && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        JournalCheckRow row = {
            .cr_check = sqlite3_column_int(stmt, 0),
            .cr_status = sqlite3_column_int(stmt, 1),
            .cr_dur_us = sqlite3_column_int64(stmt, 2),
            .cr_text = (const char *)sqlite3_column_text(stmt, 3),
        };
        more = fn(seq, &row, data);
    }
    if (more && rc != SQLITE_DONE)
        journal_db_error(journal, "read check rows", error);
    sqlite3_finalize(stmt);
    return !more || rc == SQLITE_DONE;
}

/* Brings the tree from its size to `size` leaves. */
static gboolean grow_tree(Journal *journal, Merkle *tree, gint64 size, GError **error)
{
    sqlite3_stmt *stmt = journal_prepare(
        journal, "SELECT seq, hash FROM event WHERE seq > ?1 AND seq <= ?2 ORDER BY seq",
        error);
    guint8 hash[32];
    gboolean ok = stmt != NULL;

    if (!stmt)
        return FALSE;
    sqlite3_bind_int64(stmt, 1, (gint64)tree->mk_size);
    sqlite3_bind_int64(stmt, 2, size);
    while (ok && sqlite3_step(stmt) == SQLITE_ROW) {
        ok = sqlite3_column_int64(stmt, 0) == (gint64)tree->mk_size + 1 &&
             merkle_unhex((const char *)sqlite3_column_text(stmt, 1), hash, sizeof hash);
        if (ok)
            merkle_add(tree, hash, sizeof hash);
    }
    sqlite3_finalize(stmt);
    if (ok && tree->mk_size == (guint64)size)
        return TRUE;
    g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_CORRUPT,
                "journal %s: event %" G_GUINT64_FORMAT
                " is missing or has no proper hash",
                journal->jn_path, tree->mk_size + 1);
    return FALSE;
}

gboolean journal_root(Journal *journal, gint64 size, char root[65], GError **error)
{
    Merkle tree = journal->jn_merkle; /* a failure must not leave half a tree behind */
    guint8 digest[32];

    if (size < 0 || size > journal_committed(journal)) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_IO,
                    "journal %s: no tree over %" G_GINT64_FORMAT
                    " events: it has %" G_GINT64_FORMAT,
                    journal->jn_path, size, journal_committed(journal));
        return FALSE;
    }
    if ((guint64)size < tree.mk_size)
        merkle_init(&tree); /* backwards: from the beginning, and the cache stays */
    if (!grow_tree(journal, &tree, size, error))
        return FALSE;
    if (tree.mk_size > journal->jn_merkle.mk_size)
        journal->jn_merkle = tree;
    merkle_root(&tree, digest);
    merkle_hex(digest, sizeof digest, root);
    return TRUE;
}
