/*
 * Appending and committing.
 *
 * A batch is one SQLite transaction, opened by the first append and closed by
 * journal_commit(). When a write fails in the middle (a full disk), SQLite may or may not
 * have rolled back; the batch is dropped at once and stays "broken" until the commit has
 * said so. Otherwise the events after the fault would become durable without those
 * before.
 */
#include "scoreboard/journal_priv.h"
#include "scoreboard/kinds.h"

#include "scenarios/base/cjson.h"

#include <string.h>

static void put_field(GByteArray *out, const char *text, gsize len)
{
    guint64 size = GUINT64_TO_BE((guint64)len);

    g_byte_array_append(out, (const guint8 *)&size, sizeof size);
    g_byte_array_append(out, (const guint8 *)text, len);
}

static void put_text(GByteArray *out, const char *text)
{
    put_field(out, text, strlen(text));
}

static void put_int(GByteArray *out, gint64 value)
{
    char text[32];

    put_field(out, text, g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT, value));
}

void journal_hash_event(GByteArray *scratch, gint64 seq, const JournalEvent *event,
                        const char *body, const char *prev, char out[JOURNAL_HEX + 1])
{
    guint8 digest[32];

    g_byte_array_set_size(scratch, 0);
    put_text(scratch, "parry-event-1");
    put_int(scratch, seq);
    put_int(scratch, event->ev_at_us);
    put_int(scratch, event->ev_clock_us);
    put_int(scratch, event->ev_ref);
    put_text(scratch, event->ev_kind);
    put_text(scratch, event->ev_actor);
    put_text(scratch, event->ev_team);
    put_text(scratch, event->ev_host);
    put_text(scratch, body);
    put_text(scratch, prev);
    merkle_sha256(scratch->data, scratch->len, NULL, 0, digest);
    merkle_hex(digest, sizeof digest, out);
}

static gboolean refuse_reader(const Journal *journal, GError **error)
{
    if (journal->jn_writer)
        return FALSE;
    g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_IO,
                "journal %s: opened for reading only", journal->jn_path);
    return TRUE;
}

gboolean journal_begin(Journal *journal, GError **error)
{
    if (refuse_reader(journal, error))
        return FALSE;
    if (journal->jn_broken) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_IO,
                    "%s; nothing more enters this batch, which is lost",
                    journal->jn_broken);
        return FALSE;
    }
    if (!journal->jn_batch &&
        !journal_step(journal, journal->jn_stmt[ST_BEGIN], "begin", error))
        return FALSE;
    journal->jn_batch = TRUE;
    return TRUE;
}

void journal_drop_batch(Journal *journal, const char *why)
{
    /* SQLite may have rolled back by itself: then there is nothing to end. */
    if (journal->jn_batch && !sqlite3_get_autocommit(journal->jn_db))
        journal_step(journal, journal->jn_stmt[ST_ROLLBACK], "roll back", NULL);
    journal->jn_batch = FALSE;
    journal->jn_erased = FALSE;
    journal->jn_seq = journal->jn_committed;
    memcpy(journal->jn_head, journal->jn_committed_head, sizeof journal->jn_head);
    g_free(journal->jn_broken);
    journal->jn_broken = g_strdup(why);
}

gboolean journal_bad_event(const JournalEvent *event, const char *why, GError **error)
{
    g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_BODY, "event %s: %s",
                event->ev_kind ? event->ev_kind : "(no kind)", why);
    return FALSE;
}

/* Checks what an event must be before anything is touched; *body: its canonical text. */
static gboolean check_event(const JournalEvent *event, char **body, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;

    if (!event->ev_kind || !kind_find(event->ev_kind))
        return journal_bad_event(
            event, "unknown kind; kinds.c and docs/journal.md name them all", error);
    if (!json_is_object(event->ev_body))
        return journal_bad_event(event, "the body is not an object", error);
    if (!g_utf8_validate(event->ev_actor, -1, NULL) ||
        !g_utf8_validate(event->ev_team, -1, NULL) ||
        !g_utf8_validate(event->ev_host, -1, NULL))
        return journal_bad_event(event, "actor, team or host is not UTF-8", error);
    text = cjson_text(event->ev_body, &cause);
    if (!text)
        return journal_bad_event(event, cause->message, error);
    if (strlen(text) > JOURNAL_BODY_MAX)
        return journal_bad_event(
            event, "the body is over 256 KiB; put the bulk into a blob", error);
    *body = g_steal_pointer(&text);
    return TRUE;
}

gboolean journal_check(const JournalEvent *event, GError **error)
{
    g_autofree char *body = NULL;

    return check_event(event, &body, error);
}

gboolean journal_insert_event(Journal *journal, const JournalEvent *event,
                              const char *body, const char *hash, GError **error)
{
    sqlite3_stmt *stmt = journal->jn_stmt[ST_EVENT];

    sqlite3_bind_int64(stmt, 1, event->ev_seq);
    sqlite3_bind_int64(stmt, 2, event->ev_at_us);
    sqlite3_bind_int64(stmt, 3, event->ev_clock_us);
    sqlite3_bind_text(stmt, 4, event->ev_kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 5, event->ev_actor, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 6, event->ev_team, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 7, event->ev_host, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 8, event->ev_ref);
    sqlite3_bind_text(stmt, 9, body, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 10, journal->jn_head, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 11, hash, -1, SQLITE_STATIC);
    return journal_step(journal, stmt, event->ev_kind, error);
}

/* The event with nothing left out; strings stay the caller's. */
static JournalEvent complete(const Journal *journal, const JournalEvent *event)
{
    JournalEvent full = *event;

    full.ev_seq = journal->jn_seq + 1;
    if (!full.ev_at_us)
        full.ev_at_us = g_get_real_time();
    full.ev_actor = full.ev_actor ? full.ev_actor : "";
    full.ev_team = full.ev_team ? full.ev_team : "";
    full.ev_host = full.ev_host ? full.ev_host : "";
    return full;
}

/* A write failed: the whole batch goes, and its commit will say why. */
void journal_break_batch(Journal *journal, GError *cause, GError **error)
{
    journal_drop_batch(journal, cause->message);
    g_propagate_error(error, cause);
}

gint64 journal_write(Journal *journal, const JournalEvent *event, GError **error)
{
    JournalEvent full = complete(journal, event);
    g_autofree char *body = NULL;
    g_autoptr(GError) cause = NULL;
    char hash[JOURNAL_HEX + 1];

    if (!check_event(&full, &body, error) || !journal_begin(journal, error))
        return -1;
    journal_hash_event(journal->jn_scratch, full.ev_seq, &full, body, journal->jn_head,
                       hash);
    full.ev_hash = hash;
    if (!journal_insert_event(journal, &full, body, hash, &cause) ||
        !projections_apply(journal, &full, &cause)) {
        journal_break_batch(journal, g_steal_pointer(&cause), error);
        return -1;
    }
    journal->jn_seq = full.ev_seq;
    memcpy(journal->jn_head, hash, sizeof hash);
    return full.ev_seq;
}

/* The bytes that a round's SHA-256 covers: a canonical array and a newline for each row.
 */
static GString *rows_text(const JournalCheckRow *rows, guint n_rows, GError **error)
{
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < n_rows; i++) {
        json_t *row = json_pack("[i, i, I, s]", rows[i].cr_check, rows[i].cr_status,
                                (json_int_t)rows[i].cr_dur_us,
                                rows[i].cr_text ? rows[i].cr_text : "");
        g_autofree char *text = row ? cjson_text(row, NULL) : NULL;

        json_decref(row);
        if (!text) {
            g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_BODY,
                        "check.round/1: row %u: its text is not UTF-8", i);
            g_string_free(all, TRUE);
            return NULL;
        }
        g_string_append(all, text);
        g_string_append_c(all, '\n');
    }
    return all;
}

static gboolean insert_rows(Journal *journal, gint64 seq, const JournalCheckRow *rows,
                            guint n_rows, GError **error)
{
    sqlite3_stmt *stmt = journal->jn_stmt[ST_CHECK];

    for (guint i = 0; i < n_rows; i++) {
        const char *text = rows[i].cr_text ? rows[i].cr_text : "";

        sqlite3_bind_int64(stmt, 1, seq);
        sqlite3_bind_int64(stmt, 2, i);
        sqlite3_bind_int(stmt, 3, rows[i].cr_check);
        sqlite3_bind_int(stmt, 4, rows[i].cr_status);
        sqlite3_bind_int64(stmt, 5, rows[i].cr_dur_us);
        sqlite3_bind_text(stmt, 6, text, -1, SQLITE_STATIC);
        if (!journal_step(journal, stmt, "check row", error))
            return FALSE;
    }
    return TRUE;
}

gint64 journal_append_with_rows(Journal *journal, const JournalEvent *event, guint n_rows,
                                const char *sha256, GError **error)
{
    JournalEvent with_rows = *event;
    json_t *body = json_copy((json_t *)event->ev_body);
    gint64 seq;

    json_object_set_new(body, "rows", json_integer(n_rows));
    json_object_set_new(body, "sha256", json_string(sha256));
    with_rows.ev_body = body;
    seq = journal_write(journal, &with_rows, error);
    json_decref(body);
    return seq;
}

gint64 journal_write_checks(Journal *journal, const JournalEvent *event,
                            const JournalCheckRow *rows, guint n_rows, GError **error)
{
    g_autoptr(GError) cause = NULL;
    char sha256[JOURNAL_HEX + 1];
    GString *text;
    gint64 seq;

    if (!json_is_object(event->ev_body))
        return journal_bad_event(event, "the body is not an object", error), -1;
    text = rows_text(rows, n_rows, error);
    if (!text)
        return -1;
    cjson_sha256_bytes(text->str, text->len, sha256);
    g_string_free(text, TRUE);
    seq = journal_append_with_rows(journal, event, n_rows, sha256, error);
    if (seq > 0 && !insert_rows(journal, seq, rows, n_rows, &cause)) {
        journal_break_batch(journal, g_steal_pointer(&cause), error);
        return -1;
    }
    return seq;
}

/* Erased bytes must not live on in the write-ahead log; a reader may hold it for a while,
 * then the next checkpoint takes it. */
static void truncate_wal(Journal *journal)
{
    int rc = sqlite3_wal_checkpoint_v2(journal->jn_db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
                                       NULL, NULL);

    if (rc != SQLITE_OK)
        g_warning("journal %s: erased bytes stay in the write-ahead log until it is next "
                  "emptied: %s",
                  journal->jn_path, sqlite3_errstr(rc));
}

gboolean journal_commit(Journal *journal, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (journal->jn_broken && journal->jn_kept) {
        if (!journal_keep_again(journal, error))
            return FALSE;
    } else if (journal->jn_broken) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_IO, "%s; the batch is lost",
                    journal->jn_broken);
        g_clear_pointer(&journal->jn_broken, g_free);
        return FALSE;
    }
    if (!journal->jn_batch)
        return TRUE;
    if (!journal_step(journal, journal->jn_stmt[ST_COMMIT], "commit", &cause)) {
        if (journal->jn_kept) {
            journal_keep_failed(journal, cause->message);
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        journal_drop_batch(journal, NULL);
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_IO, "%s; the batch is lost",
                    cause->message);
        return FALSE;
    }
    journal->jn_batch = FALSE;
    journal_keep_done(journal);
    journal->jn_committed = journal->jn_seq;
    memcpy(journal->jn_committed_head, journal->jn_head, sizeof journal->jn_head);
    if (journal->jn_erased)
        truncate_wal(journal);
    journal->jn_erased = FALSE;
    return TRUE;
}

gboolean journal_dirty(const Journal *journal)
{
    return journal->jn_batch || journal->jn_broken;
}
