#include "scoreboard/replica.h"

#include "scoreboard/journal_priv.h"

#include <string.h>

#define PART_EVENTS 250 /* each may be a batch of 1,000 rows */
#define PART_BLOBS 64

/* What goes from the journal into a part: ?1 the last event and ?2 the last blob that the
 * copy has, ?3 the last event of this part. Blobs go first: no event without its texts.
 */
static const char *const FILL[] = {
    "CREATE TABLE blob AS SELECT rowid AS number, hash, bytes, erased FROM src.blob"
    " WHERE rowid > ?2 ORDER BY rowid LIMIT " G_STRINGIFY(PART_BLOBS),
    "CREATE TABLE event AS SELECT * FROM src.event WHERE seq > ?1 AND NOT EXISTS"
    " (SELECT 1 FROM src.blob WHERE rowid >"
    "  max(?2, (SELECT ifnull(max(number), 0) FROM blob)))"
    " ORDER BY seq LIMIT " G_STRINGIFY(PART_EVENTS),
    "INSERT INTO blob SELECT rowid, hash, bytes, erased FROM src.blob WHERE rowid <= ?2"
    " AND hash IN (SELECT json_extract(body, '$.sha256') FROM event"
    "              WHERE kind = 'blob.erased/1')",
    "CREATE TABLE check_result AS SELECT * FROM src.check_result"
    " WHERE seq IN (SELECT seq FROM event)",
    "CREATE TABLE observation AS SELECT * FROM src.observation"
    " WHERE seq IN (SELECT seq FROM event)",
    "INSERT INTO observation SELECT * FROM src.observation WHERE seq <= ?1"
    " AND erased IS NOT NULL"
    " AND seq IN (SELECT ref FROM event WHERE kind = 'observe.erased/1')",
};

/* From a part into the copy, in this order. Columns are named: their order in the copy
 * does not matter, and nothing else of a part is looked at. */
static const struct {
    const char *what, *get, *put;
} TAKE[] = {
    {"blob", "SELECT number, hash, bytes, erased FROM blob ORDER BY number",
     "INSERT INTO blob(rowid, hash, bytes, erased) VALUES(?1, ?2, ?3, ?4)"
     " ON CONFLICT(hash) DO UPDATE SET bytes = NULL, erased = excluded.erased"
     " WHERE excluded.bytes IS NULL AND blob.erased = 0"},
    {"check row",
     "SELECT seq, row, check_idx, status, dur_us, text FROM check_result"
     " ORDER BY seq, row",
     "INSERT INTO check_result(seq, row, check_idx, status, dur_us, text)"
     " VALUES(?1, ?2, ?3, ?4, ?5, ?6)"},
    {"observation",
     "SELECT seq, row, host_idx, n, t_us, what, act, pid, ppid, uid, auid, exe, args,"
     " cwd, path, to_, exit, player, origin, act_id, salt, erased FROM observation"
     " ORDER BY seq, row",
     "INSERT INTO observation(seq, row, host_idx, n, t_us, what, act, pid, ppid, uid,"
     " auid, exe, args, cwd, path, to_, exit, player, origin, act_id, salt, erased)"
     " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
     " ?17, ?18, ?19, ?20, ?21, ?22)"
     " ON CONFLICT(seq, row) DO UPDATE SET exe = '', args = '', cwd = '', path = '',"
     " to_ = '', salt = NULL, erased = excluded.erased"
     " WHERE excluded.erased IS NOT NULL AND observation.erased IS NULL"},
};

typedef sqlite3 Memory;

static void memory_close(Memory *memory)
{
    sqlite3_close(memory);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Memory, memory_close)

static gboolean memory_error(Memory *memory, const char *of, const char *what,
                             GError **error)
{
    g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_IO, "copy of %s: %s: %s", of, what,
                memory ? sqlite3_errmsg(memory) : "out of memory");
    return FALSE;
}

static Memory *memory_open(const char *of, GError **error)
{
    Memory *memory = NULL;

    if (sqlite3_open_v2(":memory:", &memory,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI |
                            SQLITE_OPEN_NOMUTEX,
                        NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(memory, 5000);
        /* A part is another machine's. */
        sqlite3_db_config(memory, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        return memory;
    }
    memory_error(memory, of, "open", error);
    memory_close(memory);
    return NULL;
}

/* ---- making a part ---- */

static gboolean run(Memory *memory, const char *of, const char *sql, ReplicaPoint after,
                    GError **error)
{
    sqlite3_stmt *stmt = NULL;
    gboolean ok = sqlite3_prepare_v2(memory, sql, -1, &stmt, NULL) == SQLITE_OK;

    if (ok && sqlite3_bind_parameter_count(stmt) >= 1)
        sqlite3_bind_int64(stmt, 1, after.rp_seq);
    if (ok && sqlite3_bind_parameter_count(stmt) >= 2)
        sqlite3_bind_int64(stmt, 2, after.rp_blob);
    ok = ok && sqlite3_step(stmt) == SQLITE_DONE;
    if (!ok)
        memory_error(memory, of, "read", error);
    sqlite3_finalize(stmt);
    return ok;
}

/* That the copy is a beginning of this journal. */
static gboolean has_point(Memory *memory, const char *of, ReplicaPoint point,
                          GError **error)
{
    sqlite3_stmt *stmt = NULL;
    gboolean has = point.rp_seq == 0;

    if (has)
        return TRUE;
    if (sqlite3_prepare_v2(memory, "SELECT hash FROM src.event WHERE seq = ?1", -1, &stmt,
                           NULL) != SQLITE_OK)
        return memory_error(memory, of, "read", error);
    sqlite3_bind_int64(stmt, 1, point.rp_seq);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        has = g_strcmp0((const char *)sqlite3_column_text(stmt, 0), point.rp_hash) == 0;
    sqlite3_finalize(stmt);
    if (!has)
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_CORRUPT,
                    "journal %s: the copy does not continue it: event %" G_GINT64_FORMAT
                    " is another one there; remove the copy to begin anew",
                    of, point.rp_seq);
    return has;
}

static gboolean attach(Memory *memory, const char *path, GError **error)
{
    g_autofree char *escaped = g_uri_escape_string(path, "/", TRUE);
    g_autofree char *uri = g_strdup_printf("file:%s?mode=ro", escaped);
    sqlite3_stmt *stmt = NULL;
    gboolean ok =
        sqlite3_prepare_v2(memory, "ATTACH ?1 AS src", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_bind_text(stmt, 1, uri, -1, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_DONE;

    if (!ok)
        memory_error(memory, path, "open", error);
    sqlite3_finalize(stmt);
    return ok;
}

/* In one read transaction, so that all is of one moment. */
static gboolean fill(Memory *memory, const char *path, ReplicaPoint after, GError **error)
{
    if (!attach(memory, path, error) || !run(memory, path, "BEGIN", after, error))
        return FALSE;
    if (!has_point(memory, path, after, error))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(FILL); i++)
        if (!run(memory, path, FILL[i], after, error))
            return FALSE;
    return run(memory, path, "COMMIT", after, error);
}

static gboolean holds_any(Memory *memory)
{
    sqlite3_stmt *stmt = NULL;
    gboolean any =
        sqlite3_prepare_v2(memory, "SELECT 1 FROM event UNION SELECT 1 FROM blob", -1,
                           &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW;

    sqlite3_finalize(stmt);
    return any;
}

GBytes *replica_part(const char *dir, ReplicaPoint after, GError **error)
{
    g_autofree char *path = g_build_filename(dir, "journal.db", NULL);
    g_autoptr(Journal) reader = journal_open_read(dir, error); /* the version */
    g_autoptr(Memory) memory = reader ? memory_open(path, error) : NULL;
    sqlite3_int64 size = 0;

    if (!memory || !fill(memory, path, after, error))
        return NULL;
    if (!holds_any(memory))
        return g_bytes_new(NULL, 0);
    unsigned char *image = sqlite3_serialize(memory, "main", &size, 0);
    if (!image) {
        memory_error(memory, path, "serialise", error);
        return NULL;
    }
    return g_bytes_new_with_free_func(image, (gsize)size, sqlite3_free, image);
}

/* ---- taking one ---- */

ReplicaPoint replica_start(void)
{
    return (ReplicaPoint){0, 0, JOURNAL_NO_HASH};
}

ReplicaPoint replica_point(Journal *copy)
{
    ReplicaPoint point = replica_start();

    point.rp_seq = journal_committed(copy);
    memcpy(point.rp_hash, copy->jn_committed_head, sizeof point.rp_hash);
    if (!journal_int(copy, "SELECT max(rowid) FROM blob", 0, &point.rp_blob, NULL))
        point.rp_blob = 0;
    return point;
}

static gboolean does_not_continue(Journal *copy, gint64 seq, const char *why,
                                  GError **error)
{
    g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_CORRUPT,
                "journal %s: event %" G_GINT64_FORMAT " does not continue it: %s",
                copy->jn_path, seq, why);
    return FALSE;
}

static const char *text_of(sqlite3_stmt *from, int column)
{
    const char *text = (const char *)sqlite3_column_text(from, column);

    return text ? text : "";
}

static gboolean take_event(Journal *copy, sqlite3_stmt *from, GError **error)
{
    JournalEvent event = {
        .ev_seq = sqlite3_column_int64(from, 0),
        .ev_at_us = sqlite3_column_int64(from, 1),
        .ev_clock_us = sqlite3_column_int64(from, 2),
        .ev_kind = text_of(from, 3),
        .ev_actor = text_of(from, 4),
        .ev_team = text_of(from, 5),
        .ev_host = text_of(from, 6),
        .ev_ref = sqlite3_column_int64(from, 7),
        .ev_hash = text_of(from, 9),
    };
    const char *text = text_of(from, 8);
    char hash[JOURNAL_HEX + 1];

    if (event.ev_seq != copy->jn_seq + 1)
        return does_not_continue(copy, event.ev_seq, "one is missing before it", error);
    journal_hash_event(copy->jn_scratch, event.ev_seq, &event, text, copy->jn_head, hash);
    if (strcmp(hash, event.ev_hash) != 0)
        return does_not_continue(copy, event.ev_seq, "its hash is another", error);
    json_t *body = json_loads(text, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(body)) {
        json_decref(body);
        return does_not_continue(copy, event.ev_seq, "its body is not JSON", error);
    }
    event.ev_body = body;
    gboolean ok = journal_insert_event(copy, &event, text, hash, error) &&
                  projections_apply(copy, &event, error);
    json_decref(body);
    copy->jn_seq = event.ev_seq;
    memcpy(copy->jn_head, hash, sizeof hash);
    copy->jn_erased |= g_str_has_suffix(event.ev_kind, ".erased/1");
    return ok;
}

/* Each row of `get` in the part to give(). */
static gboolean each_row(Journal *copy, Memory *part, const char *get,
                         gboolean (*give)(Journal *, sqlite3_stmt *from, sqlite3_stmt *to,
                                          GError **),
                         sqlite3_stmt *to, GError **error)
{
    sqlite3_stmt *from = NULL;
    gboolean ok = sqlite3_prepare_v2(part, get, -1, &from, NULL) == SQLITE_OK;
    int rc = SQLITE_ERROR;

    while (ok && (rc = sqlite3_step(from)) == SQLITE_ROW)
        ok = give(copy, from, to, error);
    if ((ok && rc != SQLITE_DONE) || !from)
        ok = memory_error(part, copy->jn_path, "read a part", error);
    sqlite3_finalize(from);
    return ok;
}

static gboolean give_event(Journal *copy, sqlite3_stmt *from, sqlite3_stmt *to,
                           GError **error)
{
    (void)to;
    return take_event(copy, from, error);
}

static gboolean give_row(Journal *copy, sqlite3_stmt *from, sqlite3_stmt *to,
                         GError **error)
{
    for (int c = 0; c < sqlite3_column_count(from); c++)
        sqlite3_bind_value(to, c + 1, sqlite3_column_value(from, c));
    return journal_step(copy, to, "add a part", error);
}

static gboolean take_rows(Journal *copy, Memory *part, GError **error)
{
    gboolean ok = TRUE;

    for (gsize i = 0; ok && i < G_N_ELEMENTS(TAKE); i++) {
        sqlite3_stmt *to = journal_prepare(copy, TAKE[i].put, error);
        ok = to && each_row(copy, part, TAKE[i].get, give_row, to, error);
        sqlite3_finalize(to);
    }
    return ok;
}

gboolean replica_take(Journal *copy, GBytes *part, GError **error)
{
    g_autoptr(Memory) memory = memory_open(copy->jn_path, error);
    g_autoptr(GError) cause = NULL;
    gsize len;
    const guint8 *bytes = g_bytes_get_data(part, &len);

    if (!memory)
        return FALSE;
    if (len > REPLICA_PART_MAX ||
        sqlite3_deserialize(memory, "main", (unsigned char *)(guintptr)bytes,
                            (sqlite3_int64)len, (sqlite3_int64)len,
                            SQLITE_DESERIALIZE_READONLY) != SQLITE_OK)
        return memory_error(memory, copy->jn_path, "open a part", error);
    if (!journal_begin(copy, error))
        return FALSE;
    if (!each_row(copy, memory,
                  "SELECT seq, at_us, clock_us, kind, actor, team, host, ref, body, hash"
                  " FROM event ORDER BY seq",
                  give_event, NULL, &cause) ||
        !take_rows(copy, memory, &cause)) {
        journal_drop_batch(copy, NULL);
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return journal_commit(copy, error);
}
