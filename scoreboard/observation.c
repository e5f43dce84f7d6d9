/*
 * Observations: what agents saw, in batches. There may be 100,000 rows a second, so a
 * batch is one event and one digest over a fixed binary encoding (docs/journal.md).
 *
 * What people typed stands in the rows, and must be erasable. So the batch's digest does
 * not cover the texts themselves but a salted digest of each row's: to erase a row, that
 * digest takes the texts' place and the salt goes, and the batch still adds up.
 */
#include "scoreboard/journal_priv.h"
#include "scoreboard/kinds.h"

#include <openssl/rand.h>
#include <string.h>

#define DIGEST 32
#define TEXTS 5 /* of a row: exe, args, cwd, path, to */

static const char TAG[] = "parry-observe-1";

static void put_u64(GByteArray *out, guint64 value)
{
    guint64 be = GUINT64_TO_BE(value);

    g_byte_array_append(out, (const guint8 *)&be, sizeof be);
}

static void put_text(GByteArray *out, const char *text)
{
    gsize len = strlen(text);

    put_u64(out, len);
    g_byte_array_append(out, (const guint8 *)text, len);
}

static void texts_of(const JournalObservation *row, const char *texts[TEXTS])
{
    texts[0] = row->ob_exe;
    texts[1] = row->ob_args;
    texts[2] = row->ob_cwd;
    texts[3] = row->ob_path;
    texts[4] = row->ob_to;
}

/* What stands in a row's place once it is erased. */
static void texts_digest(GByteArray *scratch, gint64 salt, const char *const texts[TEXTS],
                         guint8 out[DIGEST])
{
    g_byte_array_set_size(scratch, 0);
    put_u64(scratch, (guint64)salt);
    for (int i = 0; i < TEXTS; i++)
        put_text(scratch, texts[i]);
    merkle_sha256(scratch->data, scratch->len, NULL, 0, out);
}

static void put_row(GByteArray *out, guint index, const JournalObservation *row,
                    const guint8 texts[DIGEST])
{
    const gint64 numbers[] = {
        index,        row->ob_host,   (gint64)row->ob_n,      row->ob_t_us, row->ob_what,
        row->ob_act,  row->ob_pid,    row->ob_ppid,           row->ob_uid,  row->ob_auid,
        row->ob_exit, row->ob_origin, (gint64)row->ob_act_id,
    };

    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
        put_u64(out, (guint64)numbers[i]);
    put_text(out, row->ob_player);
    g_byte_array_append(out, texts, DIGEST);
}

/* The batch's digest as hex; salts: one a row. */
static void hash_rows(Journal *journal, const JournalObservation *rows, guint n_rows,
                      const gint64 *salts, char out[JOURNAL_HEX + 1])
{
    g_autoptr(GByteArray) all = g_byte_array_sized_new(n_rows * 192 + 32);
    guint8 digest[DIGEST];

    put_text(all, TAG);
    for (guint i = 0; i < n_rows; i++) {
        const char *texts[TEXTS];

        texts_of(&rows[i], texts);
        texts_digest(journal->jn_scratch, salts[i], texts, digest);
        put_row(all, i, &rows[i], digest);
    }
    merkle_sha256(all->data, all->len, NULL, 0, digest);
    merkle_hex(digest, DIGEST, out);
}

static const char *bad_text(const char *text)
{
    gsize len = strnlen(text, JOURNAL_OBSERVATION_TEXT_MAX + 1);

    if (len > JOURNAL_OBSERVATION_TEXT_MAX)
        return "a text is over 4096 bytes";
    return g_utf8_validate(text, (gssize)len, NULL) ? NULL : "a text is not UTF-8";
}

/* Words for what is wrong with a row, or NULL. */
static const char *bad_row(const JournalObservation *row)
{
    const char *texts[TEXTS], *why = bad_text(row->ob_player);

    if (row->ob_what < 0 || row->ob_what >= SEEN_WHATS || row->ob_act < 0 ||
        row->ob_act >= SEEN_ACTS || row->ob_origin < 0 || row->ob_origin >= SEEN_ORIGINS)
        return "what, act or origin names nothing in kinds.h";
    if (row->ob_host < 0)
        return "it has no host";
    texts_of(row, texts);
    for (int i = 0; i < TEXTS && !why; i++)
        why = bad_text(texts[i]);
    return why;
}

static gboolean check_rows(const JournalEvent *event, const JournalObservation *rows,
                           guint n_rows, GError **error)
{
    if (!json_is_object(event->ev_body))
        return journal_bad_event(event, "the body is not an object", error);
    if (n_rows == 0 || n_rows > JOURNAL_OBSERVATIONS_MAX)
        return journal_bad_event(event, "a batch has 1 to 1000 rows", error);
    for (guint i = 0; i < n_rows; i++) {
        const char *why = bad_row(&rows[i]);

        if (why) {
            g_autofree char *words = g_strdup_printf("row %u: %s", i, why);
            return journal_bad_event(event, words, error);
        }
    }
    return TRUE;
}

static void bind_text(sqlite3_stmt *stmt, int column, const char *text)
{
    sqlite3_bind_text(stmt, column, text, -1, SQLITE_STATIC);
}

static void bind_row(sqlite3_stmt *stmt, gint64 seq, guint index,
                     const JournalObservation *row, gint64 salt)
{
    sqlite3_bind_int64(stmt, 1, seq);
    sqlite3_bind_int64(stmt, 2, index);
    sqlite3_bind_int(stmt, 3, row->ob_host);
    sqlite3_bind_int64(stmt, 4, (gint64)row->ob_n);
    sqlite3_bind_int64(stmt, 5, row->ob_t_us);
    sqlite3_bind_int(stmt, 6, row->ob_what);
    sqlite3_bind_int(stmt, 7, row->ob_act);
    sqlite3_bind_int(stmt, 8, row->ob_pid);
    sqlite3_bind_int(stmt, 9, row->ob_ppid);
    sqlite3_bind_int64(stmt, 10, row->ob_uid);
    sqlite3_bind_int64(stmt, 11, row->ob_auid);
    bind_text(stmt, 12, row->ob_exe);
    bind_text(stmt, 13, row->ob_args);
    bind_text(stmt, 14, row->ob_cwd);
    bind_text(stmt, 15, row->ob_path);
    bind_text(stmt, 16, row->ob_to);
    sqlite3_bind_int(stmt, 17, row->ob_exit);
    bind_text(stmt, 18, row->ob_player);
    sqlite3_bind_int(stmt, 19, row->ob_origin);
    sqlite3_bind_int64(stmt, 20, (gint64)row->ob_act_id);
    sqlite3_bind_int64(stmt, 21, salt);
}

/* Every parameter is bound anew for each row; only the last one's texts would dangle. */
static gboolean insert_rows(Journal *journal, gint64 seq, const JournalObservation *rows,
                            guint n_rows, const gint64 *salts, GError **error)
{
    sqlite3_stmt *stmt = journal->jn_stmt[ST_OBSERVATION];
    gboolean ok = TRUE;

    for (guint i = 0; ok && i < n_rows; i++) {
        bind_row(stmt, seq, i, &rows[i], salts[i]);
        ok = sqlite3_step(stmt) == SQLITE_DONE;
        if (!ok) /* before the reset, which would clear the words */
            journal_db_error(journal, "observation", error);
        sqlite3_reset(stmt);
    }
    sqlite3_clear_bindings(stmt);
    return ok;
}

gint64 journal_write_observations(Journal *journal, const JournalEvent *event,
                                  const JournalObservation *rows, guint n_rows,
                                  GError **error)
{
    g_autoptr(GError) cause = NULL;
    gint64 salts[JOURNAL_OBSERVATIONS_MAX], seq;
    char sha256[JOURNAL_HEX + 1];

    if (!check_rows(event, rows, n_rows, error))
        return -1;
    if (RAND_bytes((unsigned char *)salts, (int)(n_rows * sizeof *salts)) != 1)
        return journal_bad_event(event, "OpenSSL has no random numbers", error), -1;
    hash_rows(journal, rows, n_rows, salts, sha256);
    seq = journal_append_with_rows(journal, event, n_rows, sha256, error);
    if (seq > 0 && !insert_rows(journal, seq, rows, n_rows, salts, &cause)) {
        journal_break_batch(journal, g_steal_pointer(&cause), error);
        return -1;
    }
    return seq;
}

/* ---- erasing ---- */

/* 1: its digest is in out; 0: it is erased already; -1: an error. */
static int digest_stored(Journal *journal, gint64 seq, guint row, guint8 out[DIGEST],
                         GError **error)
{
    sqlite3_stmt *stmt = journal->jn_stmt[ST_OBSERVATION_GET];
    const char *texts[TEXTS];
    int rc, found = -1;

    sqlite3_bind_int64(stmt, 1, seq);
    sqlite3_bind_int64(stmt, 2, row);
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW && sqlite3_column_type(stmt, 0) == SQLITE_NULL) {
        found = 0;
    } else if (rc == SQLITE_ROW) {
        for (int i = 0; i < TEXTS; i++)
            texts[i] = (const char *)sqlite3_column_text(stmt, i + 1);
        texts_digest(journal->jn_scratch, sqlite3_column_int64(stmt, 0), texts, out);
        found = 1;
    } else if (rc == SQLITE_DONE) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_IO,
                    "journal %s: erase observation %" G_GINT64_FORMAT "/%u: not there",
                    journal->jn_path, seq, row);
    } else {
        journal_db_error(journal, "read an observation", error);
    }
    sqlite3_reset(stmt);
    return found;
}

static gboolean erase_row(Journal *journal, gint64 seq, guint row,
                          const guint8 digest[DIGEST], GError **error)
{
    sqlite3_stmt *stmt = journal->jn_stmt[ST_OBSERVATION_ERASE];
    g_autoptr(GError) cause = NULL;

    sqlite3_bind_int64(stmt, 1, seq);
    sqlite3_bind_int64(stmt, 2, row);
    sqlite3_bind_blob(stmt, 3, digest, DIGEST, SQLITE_STATIC);
    if (journal_step(journal, stmt, "erase an observation", &cause))
        return TRUE;
    journal_break_batch(journal, g_steal_pointer(&cause), error);
    return FALSE;
}

static gboolean met_before(const guint *rows, guint i)
{
    for (guint before = 0; before < i; before++)
        if (rows[before] == rows[i])
            return TRUE;
    return FALSE;
}

static gboolean say_erased(Journal *journal, gint64 seq, json_t *rows, GError **error)
{
    json_t *body = json_pack("{s: O}", "rows", rows);
    gint64 said = journal_write(journal,
                                &(JournalEvent){.ev_kind = "observe.erased/1",
                                                .ev_actor = "parryd",
                                                .ev_ref = seq,
                                                .ev_body = body},
                                error);

    json_decref(body);
    journal->jn_erased = journal->jn_erased || said > 0;
    return said > 0;
}

gboolean journal_erase_observations(Journal *journal, gint64 seq, const guint *rows,
                                    guint n_rows, GError **error)
{
    g_autofree guint8 *digests = g_malloc(MAX(n_rows, 1) * DIGEST);
    json_t *list = json_array();
    gboolean ok = journal_begin(journal, error);
    int found = 1;

    for (guint i = 0; ok && i < n_rows;
         i++) { /* nothing is touched before all is known */
        found = digest_stored(journal, seq, rows[i], digests + i * DIGEST, error);
        if (found > 0 && !met_before(rows, i))
            json_array_append_new(list, json_integer(i));
        ok = found >= 0;
    }
    if (ok && json_array_size(list) == 0) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_IO,
                    "journal %s: erase observations of %" G_GINT64_FORMAT
                    ": all are erased already",
                    journal->jn_path, seq);
        ok = FALSE;
    }
    for (gsize at = 0; ok && at < json_array_size(list); at++) {
        guint i = (guint)json_integer_value(json_array_get(list, at));

        ok = erase_row(journal, seq, rows[i], digests + i * DIGEST, error);
        json_array_set_new(list, at, json_integer(rows[i]));
    }
    ok = ok && say_erased(journal, seq, list, error);
    json_decref(list);
    return ok;
}

/* ---- reading ---- */

static JournalObservation row_read(sqlite3_stmt *stmt)
{
    return (JournalObservation){
        .ob_host = sqlite3_column_int(stmt, 2),
        .ob_n = (guint64)sqlite3_column_int64(stmt, 3),
        .ob_t_us = sqlite3_column_int64(stmt, 4),
        .ob_what = sqlite3_column_int(stmt, 5),
        .ob_act = sqlite3_column_int(stmt, 6),
        .ob_pid = sqlite3_column_int(stmt, 7),
        .ob_ppid = sqlite3_column_int(stmt, 8),
        .ob_uid = sqlite3_column_int64(stmt, 9),
        .ob_auid = sqlite3_column_int64(stmt, 10),
        .ob_exe = (const char *)sqlite3_column_text(stmt, 11),
        .ob_args = (const char *)sqlite3_column_text(stmt, 12),
        .ob_cwd = (const char *)sqlite3_column_text(stmt, 13),
        .ob_path = (const char *)sqlite3_column_text(stmt, 14),
        .ob_to = (const char *)sqlite3_column_text(stmt, 15),
        .ob_exit = sqlite3_column_int(stmt, 16),
        .ob_player = (const char *)sqlite3_column_text(stmt, 17),
        .ob_origin = sqlite3_column_int(stmt, 18),
        .ob_act_id = (guint64)sqlite3_column_int64(stmt, 19),
        .ob_erased = sqlite3_column_type(stmt, 20) != SQLITE_NULL,
    };
}

gboolean journal_each_observation(Journal *journal, gint64 seq, JournalEachObservation fn,
                                  gpointer data, GError **error)
{
    gint64 last = journal->jn_writer ? journal->jn_committed : G_MAXINT64;
    gboolean more = TRUE;
    sqlite3_stmt *stmt;
    int rc = SQLITE_DONE;

    if (journal->jn_schema == JOURNAL_SCHEMA_ROUNDS)
        return TRUE; /* written before there were any */
    stmt =
        journal_prepare(journal,
                        "SELECT seq, row, host_idx, n, t_us, what, act, pid, ppid, uid,"
                        " auid, exe, args, cwd, path, to_, exit, player, origin,"
                        " act_id, erased FROM observation"
                        " WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq, row",
                        error);
    if (!stmt)
        return FALSE;
    sqlite3_bind_int64(stmt, 1, seq);
    sqlite3_bind_int64(stmt, 2, seq ? MIN(seq, last) : last);
    while (more && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        JournalObservation row = row_read(stmt);

        more = fn(sqlite3_column_int64(stmt, 0), (guint)sqlite3_column_int64(stmt, 1),
                  &row, data);
    }
    if (more && rc != SQLITE_DONE)
        journal_db_error(journal, "read observations", error);
    sqlite3_finalize(stmt);
    return !more || rc == SQLITE_DONE;
}
