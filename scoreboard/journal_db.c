/*
 * Opening the journal: files, lock, schema.
 *
 * The writer's lock is flock() on a file beside the database, not SQLite's own locking:
 * that one lets a second writer wait for its turn, while here a second daemon on the same
 * drill must be told at once, and by name.
 */
#include "scoreboard/journal_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(parry - journal - error - quark, journal_error)

static const char SCHEMA[] =
    "CREATE TABLE event("
    " seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, clock_us INTEGER NOT NULL,"
    " kind TEXT NOT NULL, actor TEXT NOT NULL, team TEXT NOT NULL, host TEXT NOT NULL,"
    " ref INTEGER NOT NULL, body TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL"
    ") STRICT;"
    "CREATE TABLE check_result("
    " seq INTEGER NOT NULL, row INTEGER NOT NULL, check_idx INTEGER NOT NULL,"
    " status INTEGER NOT NULL, dur_us INTEGER NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY(seq, row)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE blob("
    " hash TEXT PRIMARY KEY, bytes BLOB, erased INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE projection(name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT;"
    "CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN"
    " SELECT RAISE(ABORT, 'the journal is insert-only'); END;"
    "CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN"
    " SELECT RAISE(ABORT, 'the journal is insert-only'); END;"
    "CREATE TRIGGER check_no_update BEFORE UPDATE ON check_result BEGIN"
    " SELECT RAISE(ABORT, 'the journal is insert-only'); END;"
    "CREATE TRIGGER check_no_delete BEFORE DELETE ON check_result BEGIN"
    " SELECT RAISE(ABORT, 'the journal is insert-only'); END;"
    "CREATE TRIGGER blob_no_delete BEFORE DELETE ON blob BEGIN"
    " SELECT RAISE(ABORT, 'a blob is erased, never deleted'); END;"
    "CREATE TRIGGER blob_only_erase BEFORE UPDATE ON blob"
    " WHEN NEW.hash IS NOT OLD.hash OR NEW.bytes IS NOT NULL OR NEW.erased = 0 BEGIN"
    " SELECT RAISE(ABORT, 'a blob may only be erased'); END;";

/* Since version 2. A row's five texts stand under their own digest, so that they can be
 * erased: then the digest takes their place, and the salt, without which nobody can try
 * whether a guess was right, goes with them. */
static const char SCHEMA_OBSERVATION[] =
    "CREATE TABLE observation("
    " seq INTEGER NOT NULL, row INTEGER NOT NULL, host_idx INTEGER NOT NULL,"
    " n INTEGER NOT NULL, t_us INTEGER NOT NULL, what INTEGER NOT NULL,"
    " act INTEGER NOT NULL, pid INTEGER NOT NULL, ppid INTEGER NOT NULL,"
    " uid INTEGER NOT NULL, auid INTEGER NOT NULL, exe TEXT NOT NULL,"
    " args TEXT NOT NULL, cwd TEXT NOT NULL, path TEXT NOT NULL, to_ TEXT NOT NULL,"
    " exit INTEGER NOT NULL, player TEXT NOT NULL, origin INTEGER NOT NULL,"
    " act_id INTEGER NOT NULL, salt INTEGER, erased BLOB,"
    " PRIMARY KEY(seq, row)) STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER observation_no_delete BEFORE DELETE ON observation BEGIN"
    " SELECT RAISE(ABORT, 'the journal is insert-only'); END;"
    "CREATE TRIGGER observation_only_erase BEFORE UPDATE ON observation"
    " WHEN OLD.erased IS NOT NULL OR length(NEW.erased) IS NOT 32"
    " OR NEW.salt IS NOT NULL OR NEW.exe <> '' OR NEW.args <> '' OR NEW.cwd <> ''"
    " OR NEW.path <> '' OR NEW.to_ <> '' OR (NEW.seq, NEW.row, NEW.host_idx, NEW.n,"
    " NEW.t_us, NEW.what, NEW.act, NEW.pid, NEW.ppid, NEW.uid, NEW.auid, NEW.exit,"
    " NEW.player, NEW.origin, NEW.act_id) IS NOT (OLD.seq, OLD.row, OLD.host_idx, OLD.n,"
    " OLD.t_us, OLD.what, OLD.act, OLD.pid, OLD.ppid, OLD.uid, OLD.auid, OLD.exit,"
    " OLD.player, OLD.origin, OLD.act_id) BEGIN"
    " SELECT RAISE(ABORT, 'an observation may only be erased'); END;";

static const char *const STATEMENTS[ST_COUNT] = {
    [ST_BEGIN] = "BEGIN IMMEDIATE",
    [ST_COMMIT] = "COMMIT",
    [ST_ROLLBACK] = "ROLLBACK",
    [ST_EVENT] =
        "INSERT INTO event(seq, at_us, clock_us, kind, actor, team, host, ref, body,"
        " prev, hash) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [ST_CHECK] = "INSERT INTO check_result(seq, row, check_idx, status, dur_us, text)"
                 " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [ST_OBSERVATION] =
        "INSERT INTO observation(seq, row, host_idx, n, t_us, what, act, pid, ppid, uid,"
        " auid, exe, args, cwd, path, to_, exit, player, origin, act_id, salt)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
        " ?17, ?18, ?19, ?20, ?21)",
    [ST_OBSERVATION_GET] = "SELECT salt, exe, args, cwd, path, to_ FROM observation"
                           " WHERE seq = ?1 AND row = ?2",
    [ST_OBSERVATION_ERASE] =
        "UPDATE observation SET exe = '', args = '', cwd = '', path = '', to_ = '',"
        " salt = NULL, erased = ?3 WHERE seq = ?1 AND row = ?2 AND erased IS NULL",
    [ST_BLOB_PUT] = "INSERT INTO blob(hash, bytes) VALUES(?1, ?2) ON CONFLICT DO NOTHING",
    [ST_BLOB_ERASE] =
        "UPDATE blob SET bytes = NULL, erased = ?2 WHERE hash = ?1 AND erased = 0",
    [ST_LAST] =
        "SELECT seq, at_us, clock_us, kind, actor, team, host, ref, body, prev, hash"
        " FROM event ORDER BY seq DESC LIMIT 1",
};

void journal_db_error(Journal *journal, const char *what, GError **error)
{
    g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_IO, "journal %s: %s: %s",
                journal->jn_path, what, sqlite3_errmsg(journal->jn_db));
}

sqlite3_stmt *journal_prepare(Journal *journal, const char *sql, GError **error)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v3(journal->jn_db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt,
                           NULL) != SQLITE_OK)
        journal_db_error(journal, "prepare", error);
    return stmt;
}

gboolean journal_exec(Journal *journal, const char *sql, const char *what, GError **error)
{
    if (sqlite3_exec(journal->jn_db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return TRUE;
    journal_db_error(journal, what, error);
    return FALSE;
}

gboolean journal_step(Journal *journal, sqlite3_stmt *stmt, const char *what,
                      GError **error)
{
    int rc = sqlite3_step(stmt);
    gboolean ok = rc == SQLITE_DONE || rc == SQLITE_ROW;

    if (!ok) /* before the reset, which would clear the words */
        journal_db_error(journal, what, error);
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return ok;
}

gboolean journal_int(Journal *journal, const char *sql, gint64 fallback, gint64 *out,
                     GError **error)
{
    sqlite3_stmt *stmt = journal_prepare(journal, sql, error);
    int rc;

    if (!stmt)
        return FALSE;
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(stmt, 0);
    else if (rc == SQLITE_DONE)
        *out = fallback;
    else
        journal_db_error(journal, "read", error);
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

static Journal *journal_alloc(const char *dir)
{
    Journal *journal = g_new0(Journal, 1);

    journal->jn_path = g_build_filename(dir, "journal.db", NULL);
    journal->jn_lock = -1;
    journal->jn_scratch = g_byte_array_new();
    journal->jn_projections = projections_new();
    merkle_init(&journal->jn_merkle);
    memcpy(journal->jn_head, JOURNAL_NO_HASH, sizeof journal->jn_head);
    memcpy(journal->jn_committed_head, JOURNAL_NO_HASH, sizeof journal->jn_head);
    return journal;
}

void journal_close(Journal *journal)
{
    if (!journal)
        return;
    journal_drop_batch(journal, NULL);
    projections_free(journal->jn_projections);
    for (int i = 0; i < ST_COUNT; i++)
        sqlite3_finalize(journal->jn_stmt[i]);
    sqlite3_close(journal->jn_db);
    if (journal->jn_lock >= 0)
        close(journal->jn_lock);
    g_byte_array_unref(journal->jn_scratch);
    g_free(journal->jn_broken);
    g_free(journal->jn_path);
    g_clear_pointer(&journal->jn_kept, g_ptr_array_unref);
    g_free(journal);
}

/* The pid that an earlier holder left in the lock file, for the message only. */
static void lock_refused(const char *path, int fd, GError **error)
{
    char who[32] = "";
    ssize_t n = pread(fd, who, sizeof who - 1, 0);

    who[n > 0 ? n : 0] = '\0';
    g_strchomp(who);
    g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_LOCKED,
                "journal %s: another process (pid %s) writes it; stop that one first",
                path, *who ? who : "unknown");
}

static gboolean lock_dir(Journal *journal, const char *dir, GError **error)
{
    g_autofree char *path = g_build_filename(dir, "journal.lock", NULL);
    char pid[32];
    int len = g_snprintf(pid, sizeof pid, "%ld\n", (long)getpid());

    journal->jn_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (journal->jn_lock < 0) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_OPEN, "journal %s: open %s: %s",
                    journal->jn_path, path, g_strerror(errno));
        return FALSE;
    }
    if (flock(journal->jn_lock, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            lock_refused(journal->jn_path, journal->jn_lock, error);
        else
            g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_OPEN,
                        "journal %s: lock %s: %s", journal->jn_path, path,
                        g_strerror(errno));
        return FALSE;
    }
    /* The pid only makes the refusal of others readable: a full disk is no reason to
     * fail. */
    if (ftruncate(journal->jn_lock, 0) < 0 ||
        pwrite(journal->jn_lock, pid, len, 0) != len)
        g_debug("journal %s: the lock file does not name us: %s", path,
                g_strerror(errno));
    return TRUE;
}

static gboolean open_db(Journal *journal, int flags, GError **error)
{
    int rc = sqlite3_open_v2(journal->jn_path, &journal->jn_db,
                             flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    if (rc != SQLITE_OK) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_OPEN, "journal %s: open: %s",
                    journal->jn_path,
                    journal->jn_db ? sqlite3_errmsg(journal->jn_db) : "out of memory");
        return FALSE;
    }
    sqlite3_busy_timeout(journal->jn_db, 5000);
    sqlite3_db_config(journal->jn_db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(journal->jn_db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return TRUE;
}

/* WAL lets readers in beside the writer; FULL makes COMMIT mean "on the disk";
 * secure_delete makes an erased blob's bytes zeros in the file. */
static gboolean writer_pragmas(Journal *journal, GError **error)
{
    return journal_exec(
        journal,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 67108864;",
        "set up", error);
}

gboolean journal_hurry(Journal *journal, GError **error)
{
    return journal_exec(journal, "PRAGMA synchronous = OFF;", "hurry", error);
}

static gboolean prepare_all(Journal *journal, GError **error)
{
    for (int i = 0; i < ST_COUNT; i++) {
        journal->jn_stmt[i] = journal_prepare(journal, STATEMENTS[i], error);
        if (!journal->jn_stmt[i])
            return FALSE;
    }
    return TRUE;
}

static gboolean check_version(Journal *journal, GError **error)
{
    gint64 app = 0, version = 0;
    g_autoptr(GError) cause = NULL;

    if (!journal_int(journal, "PRAGMA application_id", 0, &app, &cause) ||
        !journal_int(journal, "PRAGMA user_version", 0, &version, &cause)) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_OPEN, "%s",
                    cause ? cause->message : "it cannot be read");
        return FALSE;
    }
    if (app != JOURNAL_APP_ID) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_VERSION,
                    "journal %s: this is not a Parry journal", journal->jn_path);
        return FALSE;
    }
    if (version != JOURNAL_SCHEMA && version != JOURNAL_SCHEMA_ROUNDS) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_VERSION,
                    "journal %s: schema %" G_GINT64_FORMAT
                    ", this Parry reads %d; use the "
                    "version that wrote it",
                    journal->jn_path, version, JOURNAL_SCHEMA);
        return FALSE;
    }
    journal->jn_schema = (int)version;
    return TRUE;
}

/* Takes up seq and hash of the last event, after making sure that it is whole. */
static gboolean read_head(Journal *journal, GError **error)
{
    sqlite3_stmt *stmt = journal->jn_stmt[ST_LAST];
    char hash[JOURNAL_HEX + 1];
    int rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW) {
        JournalEvent event = {
            .ev_at_us = sqlite3_column_int64(stmt, 1),
            .ev_clock_us = sqlite3_column_int64(stmt, 2),
            .ev_kind = (const char *)sqlite3_column_text(stmt, 3),
            .ev_actor = (const char *)sqlite3_column_text(stmt, 4),
            .ev_team = (const char *)sqlite3_column_text(stmt, 5),
            .ev_host = (const char *)sqlite3_column_text(stmt, 6),
            .ev_ref = sqlite3_column_int64(stmt, 7),
        };
        journal->jn_seq = sqlite3_column_int64(stmt, 0);
        journal_hash_event(journal->jn_scratch, journal->jn_seq, &event,
                           (const char *)sqlite3_column_text(stmt, 8),
                           (const char *)sqlite3_column_text(stmt, 9), hash);
        if (strcmp(hash, (const char *)sqlite3_column_text(stmt, 10)) == 0)
            memcpy(journal->jn_head, hash, sizeof hash);
        else
            rc = SQLITE_CORRUPT;
    }
    if (rc == SQLITE_CORRUPT)
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_CORRUPT,
                    "journal %s: event %" G_GINT64_FORMAT " does not match its hash; see "
                    "what else with parry-verify",
                    journal->jn_path, journal->jn_seq);
    else if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        journal_db_error(journal, "read the last event", error);
    sqlite3_reset(stmt);
    journal->jn_committed = journal->jn_seq;
    memcpy(journal->jn_committed_head, journal->jn_head, sizeof journal->jn_head);
    return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

/* All of it, or what a journal of the version before has not. Nothing that is there is
 * touched. */
static gboolean make_schema(Journal *journal, GError **error)
{
    g_autofree char *id = g_strdup_printf("PRAGMA application_id = %d;", JOURNAL_APP_ID);
    g_autofree char *version =
        g_strdup_printf("PRAGMA user_version = %d;", JOURNAL_SCHEMA);
    gboolean ok;

    if (journal->jn_schema == JOURNAL_SCHEMA)
        return TRUE;
    ok = journal_exec(journal, "BEGIN", "create", error) &&
         (journal->jn_schema || journal_exec(journal, SCHEMA, "create", error)) &&
         journal_exec(journal, SCHEMA_OBSERVATION, "create", error) &&
         journal_exec(journal, id, "create", error) &&
         journal_exec(journal, version, "create", error) &&
         journal_exec(journal, "COMMIT", "create", error);
    if (ok)
        journal->jn_schema = JOURNAL_SCHEMA;
    return ok;
}

/* Makes the empty file, so that it is ours alone from its first moment. */
static gboolean make_file(Journal *journal, GError **error)
{
    int fd = open(journal->jn_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_OPEN, "journal %s: create: %s",
                    journal->jn_path, g_strerror(errno));
        return FALSE;
    }
    close(fd);
    return TRUE;
}

Journal *journal_create(const char *dir, GError **error)
{
    g_autoptr(Journal) journal = journal_alloc(dir);
    g_autofree char *path = g_strdup(journal->jn_path);

    journal->jn_writer = TRUE;
    if (!lock_dir(journal, dir, error) || !make_file(journal, error))
        return NULL;
    if (open_db(journal, SQLITE_OPEN_READWRITE, error) &&
        writer_pragmas(journal, error) && make_schema(journal, error) &&
        prepare_all(journal, error) && projections_ready(journal, error))
        return g_steal_pointer(&journal);
    g_clear_pointer(&journal, journal_close);
    unlink(path); /* half a schema is worth nothing, and would stop the next attempt */
    return NULL;
}

Journal *journal_open(const char *dir, GError **error)
{
    g_autoptr(Journal) journal = journal_alloc(dir);

    journal->jn_writer = TRUE;
    if (!g_file_test(journal->jn_path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_OPEN, "journal %s: open: %s",
                    journal->jn_path, g_strerror(ENOENT));
        return NULL;
    }
    if (lock_dir(journal, dir, error) && open_db(journal, SQLITE_OPEN_READWRITE, error) &&
        check_version(journal, error) && writer_pragmas(journal, error) &&
        make_schema(journal, error) && prepare_all(journal, error) &&
        read_head(journal, error) && projections_ready(journal, error))
        return g_steal_pointer(&journal);
    return NULL;
}

Journal *journal_open_read(const char *dir, GError **error)
{
    g_autoptr(Journal) journal = journal_alloc(dir);

    if (open_db(journal, SQLITE_OPEN_READONLY, error) && check_version(journal, error))
        return g_steal_pointer(&journal);
    return NULL;
}
