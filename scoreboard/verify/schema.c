#include "verify.h"

#include <stdlib.h>
#include <string.h>

#define APP_ID 0x50415252
#define SCHEMA 2

static const struct {
    const char *trigger, *table;
    int since; /* version of the schema */
} TRIGGERS[] = {
    {"event_no_update", "event", 1},
    {"event_no_delete", "event", 1},
    {"check_no_update", "check_result", 1},
    {"check_no_delete", "check_result", 1},
    {"blob_no_delete", "blob", 1},
    {"blob_only_erase", "blob", 1},
    {"observation_no_delete", "observation", 2},
    {"observation_only_erase", "observation", 2},
};

#define N_TRIGGERS (sizeof TRIGGERS / sizeof TRIGGERS[0])

static int64_t pragma(struct verify *v, const char *sql)
{
    sqlite3_stmt *stmt = sql_prepare(v, sql);
    int64_t value = 0;

    if (stmt && sql_row(v, stmt, 0, "read"))
        value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static void check_kind_of_file(struct verify *v)
{
    int64_t app = pragma(v, "PRAGMA application_id");
    int64_t version = v->failed ? 0 : pragma(v, "PRAGMA user_version");

    if (v->failed)
        return;
    if (app != APP_ID)
        v->failed = strdup("this is not a Parry journal");
    else if (version < 1 || version > SCHEMA)
        v->failed =
            strdup("this journal has a schema that this parry-verify does not know; "
                   "use the version of Parry that wrote it");
    v->schema = (int)version;
}

/* A trigger that refuses, on its table. */
static void check_trigger(struct verify *v, const char *name, const char *table)
{
    sqlite3_stmt *stmt = sql_prepare(
        v, "SELECT sql LIKE '%RAISE(ABORT,%' AND tbl_name = ?2 FROM sqlite_schema"
           " WHERE type = 'trigger' AND name = ?1");
    bool there, right;

    if (!stmt)
        return;
    sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, table, -1, SQLITE_STATIC);
    there = sql_row(v, stmt, 0, "read the schema");
    right = there && sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    if (right)
        v->triggers++;
    else if (!v->failed)
        finding(v, 0, "the trigger %s %s: somebody opened this file to change it", name,
                there ? "no longer refuses anything" : "is gone");
}

static bool known_trigger(const char *name)
{
    for (size_t i = 0; i < N_TRIGGERS; i++)
        if (strcmp(name, TRIGGERS[i].trigger) == 0)
            return true;
    return false;
}

static void check_strangers(struct verify *v)
{
    sqlite3_stmt *stmt =
        sql_prepare(v, "SELECT name FROM sqlite_schema WHERE type = 'trigger'");

    while (stmt && sql_row(v, stmt, 0, "read the schema")) {
        const char *name = sql_text(stmt, 0, NULL);

        if (!known_trigger(name))
            finding(v, 0, "there is a trigger %s that Parry does not make", name);
    }
    sqlite3_finalize(stmt);
}

static void check_pages(struct verify *v)
{
    sqlite3_stmt *stmt = sql_prepare(v, "PRAGMA integrity_check(3)");

    while (stmt && sql_row(v, stmt, 0, "check the file")) {
        const char *text = sql_text(stmt, 0, NULL);

        if (strcmp(text, "ok") != 0)
            finding(v, 0, "the file is damaged: %s", text);
    }
    sqlite3_finalize(stmt);
}

void check_schema(struct verify *v)
{
    check_kind_of_file(v);
    if (v->failed)
        return;
    check_pages(v);
    for (size_t i = 0; i < N_TRIGGERS; i++)
        if (TRIGGERS[i].since <= v->schema)
            check_trigger(v, TRIGGERS[i].trigger, TRIGGERS[i].table);
    check_strangers(v);
}
