/*
 * Blobs: free text, evidence and output by hash. The chain holds only the hash, so that a
 * person's words can be erased later: the row stays as a tombstone, an event says that it
 * was erased, and verification accepts the pair.
 */
#include "scoreboard/journal_priv.h"

#include "scenarios/base/cjson.h"

gboolean journal_write_blob(Journal *journal, const void *bytes, gsize len,
                            char hash_out[65], GError **error)
{
    sqlite3_stmt *stmt = journal->jn_stmt[ST_BLOB_PUT];
    g_autoptr(GError) cause = NULL;

    cjson_sha256_bytes(bytes, len, hash_out);
    if (!journal_begin(journal, error))
        return FALSE;
    sqlite3_bind_text(stmt, 1, hash_out, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(stmt, 2, len ? bytes : "", len, SQLITE_STATIC);
    if (journal_step(journal, stmt, "store a blob", &cause))
        return TRUE;
    journal_drop_batch(journal, cause->message);
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

GBytes *journal_blob_get(Journal *journal, const char *hash, GError **error)
{
    sqlite3_stmt *stmt =
        journal_prepare(journal, "SELECT bytes FROM blob WHERE hash = ?1", error);
    GBytes *bytes = NULL;
    int rc;

    if (!stmt)
        return NULL;
    sqlite3_bind_text(stmt, 1, hash, -1, SQLITE_STATIC);
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
        bytes = g_bytes_new(sqlite3_column_blob(stmt, 0), sqlite3_column_bytes(stmt, 0));
    else if (rc == SQLITE_DONE)
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_IO, "journal %s: no blob %s",
                    journal->jn_path, hash);
    else if (rc != SQLITE_ROW)
        journal_db_error(journal, "read a blob", error);
    sqlite3_finalize(stmt);
    return bytes;
}

gboolean journal_blob_erase(Journal *journal, const char *hash, GError **error)
{
    sqlite3_stmt *stmt = journal->jn_stmt[ST_BLOB_ERASE];
    g_autoptr(GError) cause = NULL;
    json_t *body;
    gint64 seq;

    if (!journal_begin(journal, error))
        return FALSE;
    sqlite3_bind_text(stmt, 1, hash, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, g_get_real_time());
    if (!journal_step(journal, stmt, "erase a blob", &cause)) {
        journal_drop_batch(journal, cause->message);
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    if (sqlite3_changes(journal->jn_db) == 0) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_IO,
                    "journal %s: blob %s: not there, or erased already", journal->jn_path,
                    hash);
        return FALSE;
    }
    body = json_pack("{s: s}", "sha256", hash);
    seq = journal_write(journal,
                        &(JournalEvent){.ev_kind = "blob.erased/1",
                                        .ev_actor = "parryd",
                                        .ev_body = body},
                        error);
    json_decref(body);
    journal->jn_erased = seq > 0;
    return seq > 0;
}
