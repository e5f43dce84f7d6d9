/*
 * Rows a second into the journal, against the same rows into bare SQLite in the same run:
 * one by one, 100 and 1000 a commit. Prints figures, judges nothing.
 *
 *   bench_journal [DIRECTORY]     where to write; default: a temporary folder
 */
#include "scoreboard/journal.h"
#include "tests/bench/machine.h"

#include <glib/gstdio.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BODY_TEXT 170 /* makes a body of about 200 bytes, as most are */

static const int SIZES[] = {1, 100, 1000};

static double seconds(gint64 since)
{
    return (double)(g_get_monotonic_time() - since) / G_USEC_PER_SEC;
}

/* Enough rows for a second or so, whole commits only. */
static int rows_for(int size)
{
    return size == 1 ? 4000 : size == 100 ? 60000 : 120000;
}

static void remove_all(const char *dir)
{
    static const char *const names[] = {
        "journal.db", "journal.db-wal", "journal.db-shm", "journal.lock",
        "bare.db",    "bare.db-wal",    "bare.db-shm"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(dir, names[i], NULL);
        unlink(path);
    }
}

static double bench_journal(const char *dir, int size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strnfill(BODY_TEXT, 'x');
    Journal *journal = journal_create(dir, &error);
    int rows = rows_for(size);
    gint64 start;
    double rate;

    if (!journal)
        g_error("%s", error->message);
    start = g_get_monotonic_time();
    for (int i = 0; i < rows; i++) {
        json_t *body = json_pack("{s: i, s: s}", "n", i, "text", text);
        JournalEvent event = {.ev_kind = "note/1",
                              .ev_actor = "bench",
                              .ev_team = "health",
                              .ev_host = "health/web",
                              .ev_clock_us = i,
                              .ev_body = body};

        if (journal_append(journal, &event, &error) < 0 ||
            ((i + 1) % size == 0 && !journal_commit(journal, &error)))
            g_error("%s", error->message);
        json_decref(body);
    }
    rate = rows / seconds(start);
    journal_close(journal);
    remove_all(dir);
    return rate;
}

static void must(sqlite3 *db, int rc)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE)
        g_error("bare SQLite: %s", sqlite3_errmsg(db));
}

static void bare_row(sqlite3 *db, sqlite3_stmt *stmt, int i, const char *body)
{
    static const char hash[] =
        "0000000000000000000000000000000000000000000000000000000000000000";

    sqlite3_bind_int64(stmt, 1, i + 1);
    sqlite3_bind_int64(stmt, 2, g_get_real_time());
    sqlite3_bind_int64(stmt, 3, i);
    sqlite3_bind_text(stmt, 4, "note/1", -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 5, "bench", -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 6, "health", -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 7, "health/web", -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 8, 0);
    sqlite3_bind_text(stmt, 9, body, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 10, hash, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 11, hash, -1, SQLITE_STATIC);
    must(db, sqlite3_step(stmt));
    sqlite3_reset(stmt);
}

static double bench_bare(const char *dir, int size)
{
    g_autofree char *path = g_build_filename(dir, "bare.db", NULL);
    g_autofree char *body = g_strnfill(BODY_TEXT + 20, 'x');
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int rows = rows_for(size);
    gint64 start;
    double rate;

    must(db, sqlite3_open(path, &db));
    must(db,
         sqlite3_exec(db,
                      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                      "CREATE TABLE event(seq INTEGER PRIMARY KEY, at_us, clock_us, kind,"
                      " actor, team, host, ref, body, prev, hash)",
                      NULL, NULL, NULL));
    must(db, sqlite3_prepare_v2(
                 db, "INSERT INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)", -1,
                 &stmt, NULL));
    start = g_get_monotonic_time();
    for (int i = 0; i < rows; i++) {
        if (i % size == 0)
            must(db, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
        bare_row(db, stmt, i, body);
        if ((i + 1) % size == 0)
            must(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
    }
    rate = rows / seconds(start);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    remove_all(dir);
    return rate;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir =
        argc > 1 ? g_strdup(argv[1]) : g_dir_make_tmp("parry-bench-XXXXXX", &error);

    if (!dir)
        g_error("%s", error->message);
    g_autofree char *libraries = g_strdup_printf("SQLite %s, %s", sqlite3_libversion(),
                                                 OpenSSL_version(OPENSSL_VERSION));
    machine_print(libraries);
    printf("in %s\n", dir);
    printf("%12s %14s %14s %8s\n", "rows/commit", "journal rows/s", "bare rows/s",
           "ratio");
    for (gsize i = 0; i < G_N_ELEMENTS(SIZES); i++) {
        double bare = bench_bare(dir, SIZES[i]), ours = bench_journal(dir, SIZES[i]);

        printf("%12d %14.0f %14.0f %8.2f\n", SIZES[i], ours, bare, ours / bare);
    }
    if (argc <= 1)
        rmdir(dir);
    return 0;
}
