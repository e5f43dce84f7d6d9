#include "orchestrator/daemon/people.h"

#include <sqlite3.h>
#include <sys/stat.h>

G_DEFINE_QUARK(parry - people - error - quark, people_error)

struct People {
    sqlite3 *pp_db;
};

static gboolean fail(People *people, const char *what, GError **error)
{
    g_set_error(error, PEOPLE_ERROR, 0, "people.db: %s: %s", what,
                sqlite3_errmsg(people->pp_db));
    return FALSE;
}

void people_close(People *people)
{
    if (!people)
        return;
    sqlite3_close(people->pp_db);
    g_free(people);
}

People *people_open(const char *home, GError **error)
{
    static const char schema[] =
        "PRAGMA secure_delete = ON;"
        "CREATE TABLE IF NOT EXISTS person (drill TEXT, player TEXT, name TEXT NOT NULL,"
        " PRIMARY KEY (drill, player)) WITHOUT ROWID;";
    g_autofree char *path = g_build_filename(home, "people.db", NULL);
    g_autoptr(People) people = g_new0(People, 1);
    mode_t old = umask(0077);
    int rc = sqlite3_open(path, &people->pp_db);

    umask(old);
    if (rc != SQLITE_OK || sqlite3_busy_timeout(people->pp_db, 5000) != SQLITE_OK ||
        sqlite3_exec(people->pp_db, schema, NULL, NULL, NULL) != SQLITE_OK) {
        fail(people, "open", error);
        return NULL;
    }
    return g_steal_pointer(&people);
}

/* A prepared statement with its texts bound from 1; NULL texts are bound as NULL. */
static sqlite3_stmt *prepare(People *people, const char *sql, const char *const *texts,
                             int count, GError **error)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(people->pp_db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        fail(people, "prepare", error);
        return NULL;
    }
    for (int i = 0; i < count; i++)
        sqlite3_bind_text(stmt, i + 1, texts[i], -1, SQLITE_TRANSIENT);
    return stmt;
}

static gboolean run(People *people, const char *sql, const char *const *texts, int count,
                    GError **error)
{
    sqlite3_stmt *stmt = prepare(people, sql, texts, count, error);
    gboolean ok = stmt && sqlite3_step(stmt) == SQLITE_DONE;

    if (stmt && !ok)
        fail(people, "write", error);
    sqlite3_finalize(stmt);
    return ok;
}

gboolean people_set(People *people, const char *drill, const char *player,
                    const char *name, GError **error)
{
    const char *const texts[] = {drill, player, name};

    return run(people, "INSERT OR REPLACE INTO person VALUES (?1, ?2, ?3)", texts, 3,
               error);
}

gboolean people_erase(People *people, const char *drill, const char *player,
                      GError **error)
{
    const char *const texts[] = {drill, player};

    return run(people,
               "DELETE FROM person WHERE drill = ?1 AND (?2 IS NULL OR player = ?2)",
               texts, 2, error) &&
           sqlite3_changes(people->pp_db) > 0;
}

gboolean people_each(People *people, const char *drill, PeopleEach fn, gpointer data,
                     GError **error)
{
    sqlite3_stmt *stmt = prepare(
        people, "SELECT player, name FROM person WHERE drill = ?1 ORDER BY player",
        &drill, 1, error);
    int rc = SQLITE_ERROR;

    while (stmt && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        fn((const char *)sqlite3_column_text(stmt, 0),
           (const char *)sqlite3_column_text(stmt, 1), data);
    if (stmt && rc != SQLITE_DONE)
        fail(people, "read", error);
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE;
}
