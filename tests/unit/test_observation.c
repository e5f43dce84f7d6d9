/*
 * Observations in the journal: what a batch carries, that nothing in it can be changed
 * unnoticed, and that what people typed can be erased.
 */
#include "agents/wire/msg.h"
#include "scoreboard/journal.h"
#include "scoreboard/journal_priv.h"
#include "scoreboard/kinds.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/disk_case.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "telephone-of-my-neighbour"

typedef struct {
    char *dir;
    Journal *journal;
} World;

static World world_new(void)
{
    World world = {.dir = g_dir_make_tmp("parry-observation-XXXXXX", NULL)};

    world.journal = journal_create(world.dir, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(world.journal);
    return world;
}

static void world_clear(World *world)
{
    GDir *list = g_dir_open(world->dir, 0, NULL);
    const char *name;

    journal_close(world->journal);
    while ((name = g_dir_read_name(list))) {
        g_autofree char *path = g_build_filename(world->dir, name, NULL);
        unlink(path);
    }
    g_dir_close(list);
    rmdir(world->dir);
    g_free(world->dir);
}

/* No two members alike, so that none can stand for another. */
static JournalObservation row_full(guint64 n)
{
    return (JournalObservation){
        .ob_host = 7,
        .ob_n = n,
        .ob_t_us = 1700000000123456,
        .ob_what = SEEN_FILE,
        .ob_act = SEEN_MOVED,
        .ob_origin = SEEN_BY_PLAYER,
        .ob_pid = 411,
        .ob_ppid = 402,
        .ob_exit = 3,
        .ob_uid = 1001,
        .ob_auid = 2000000004,
        .ob_act_id = 99,
        .ob_exe = "/usr/bin/mv",
        .ob_args = "mv a " SECRET,
        .ob_cwd = "/home/nurse",
        .ob_path = "/home/nurse/a",
        .ob_to = "/home/nurse/" SECRET,
        .ob_player = "h-3",
    };
}

static JournalObservation row_least(guint64 n)
{
    return (JournalObservation){
        .ob_n = n,
        .ob_what = SEEN_EXEC,
        .ob_pid = -1,
        .ob_ppid = -1,
        .ob_exit = -1,
        .ob_uid = -1,
        .ob_auid = -1,
        .ob_exe = "",
        .ob_args = "",
        .ob_cwd = "",
        .ob_path = "",
        .ob_to = "",
        .ob_player = "",
    };
}

static gint64 append(Journal *journal, const JournalObservation *rows, guint n_rows,
                     GError **error)
{
    json_t *body = json_pack("{s: [s]}", "hosts", "health/web");
    gint64 seq = journal_append_observations(
        journal, &(JournalEvent){.ev_kind = "observe.batch/1", .ev_body = body}, rows,
        n_rows, error);

    CU_ASSERT_EQUAL(json_object_size(body), 1); /* the caller's stays as it was */
    json_decref(body);
    return seq;
}

static gboolean print_row(gint64 seq, guint row, const JournalObservation *ob,
                          gpointer data)
{
    g_string_append_printf(
        data,
        "%d/%u host %d n %" G_GUINT64_FORMAT " t %" G_GINT64_FORMAT " %s %s %s pid %d %d"
        " exit %d uid %d %d id %d [%s|%s|%s|%s|%s|%s]%s\n",
        (int)seq, row, ob->ob_host, ob->ob_n, ob->ob_t_us, seen_what_name(ob->ob_what),
        seen_act_name(ob->ob_act), seen_origin_name(ob->ob_origin), ob->ob_pid,
        ob->ob_ppid, ob->ob_exit, (int)ob->ob_uid, (int)ob->ob_auid, (int)ob->ob_act_id,
        ob->ob_exe, ob->ob_args, ob->ob_cwd, ob->ob_path, ob->ob_to, ob->ob_player,
        ob->ob_erased ? " erased" : "");
    return TRUE;
}

static char *printed(Journal *journal, gint64 seq)
{
    GString *out = g_string_new(NULL);

    CU_ASSERT_TRUE(journal_each_observation(journal, seq, print_row, out, NULL));
    return g_string_free(out, FALSE);
}

static void rows_come_back_as_they_were_in_order(void)
{
    static const char first[] =
        "1/0 host 7 n 5 t 1700000000123456 file moved player pid 411 402 exit 3"
        " uid 1001 2000000004 id 99 [/usr/bin/mv|mv a " SECRET
        "|/home/nurse|/home/nurse/a|/home/nurse/" SECRET "|h-3]\n"
        "1/1 host 0 n 6 t 0 exec   pid -1 -1 exit -1 uid -1 -1 id 0 [|||||]\n";
    static const char second[] =
        "2/0 host 0 n 8 t 0 exec   pid -1 -1 exit -1 uid -1 -1 id 0 [|||||]\n";
    World world = world_new();
    JournalObservation rows[] = {row_full(5), row_least(6)}, later = row_least(8);
    g_autofree char *all = g_strconcat(first, second, NULL);

    CU_ASSERT_EQUAL(append(world.journal, rows, 2, NULL), 1);
    g_autofree char *none = printed(world.journal, 0);
    CU_ASSERT_STRING_EQUAL(none, ""); /* not before it is committed */
    CU_ASSERT_EQUAL(append(world.journal, &later, 1, NULL), 2);
    CU_ASSERT_TRUE(journal_commit(world.journal, NULL));
    g_autofree char *got = printed(world.journal, 0), *one = printed(world.journal, 1);
    CU_ASSERT_STRING_EQUAL(got, all);
    CU_ASSERT_STRING_EQUAL(one, first);

    Journal *reader = journal_open_read(world.dir, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
    g_autofree char *beside = printed(reader, 2);
    CU_ASSERT_STRING_EQUAL(beside, second);
    journal_close(reader);
    world_clear(&world);
}

static gboolean stop_at_once(gint64 seq, guint row, const JournalObservation *ob,
                             gpointer data)
{
    (void)seq;
    (void)row;
    (void)ob;
    return ++*(int *)data < 2;
}

static void reading_stops_where_it_is_told(void)
{
    World world = world_new();
    JournalObservation rows[] = {row_least(1), row_least(2), row_least(3)};
    int seen = 0;

    append(world.journal, rows, 3, NULL);
    journal_commit(world.journal, NULL);
    CU_ASSERT_TRUE(journal_each_observation(world.journal, 0, stop_at_once, &seen, NULL));
    CU_ASSERT_EQUAL(seen, 2);
    world_clear(&world);
}

static void what_cannot_be_stored_is_refused_and_the_batch_lives(void)
{
    g_autofree char *huge = g_strnfill(JOURNAL_OBSERVATION_TEXT_MAX + 1, 'x');
    g_autofree JournalObservation *many = g_new(JournalObservation, 1001);
    World world = world_new();
    JournalObservation good = row_least(1), bad[10];
    g_autoptr(GError) error = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        bad[i] = row_least(1);
    bad[0].ob_what = SEEN_WHATS;
    bad[1].ob_act = SEEN_ACTS;
    bad[2].ob_origin = SEEN_ORIGINS;
    bad[3].ob_what = -1;
    bad[4].ob_host = -1;
    bad[5].ob_args = huge;
    bad[6].ob_to = "\xff";
    bad[7].ob_exe = huge;
    bad[8].ob_player = "\xc3(";
    bad[9].ob_path = huge;
    CU_ASSERT_EQUAL(append(world.journal, &good, 1, NULL), 1);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        JournalObservation rows[] = {good, bad[i]};

        CU_ASSERT_EQUAL(append(world.journal, rows, 2, &error), -1);
        CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_BODY));
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "row 1"));
        g_clear_error(&error);
    }
    for (guint i = 0; i < 1001; i++)
        many[i] = row_least(i + 1);
    CU_ASSERT_EQUAL(append(world.journal, many, 1001, &error), -1);
    CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_BODY));
    g_clear_error(&error);
    CU_ASSERT_EQUAL(append(world.journal, many, 0, &error), -1);
    CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_BODY));
    CU_ASSERT_EQUAL(append(world.journal, many, 1000, NULL), 2);
    CU_ASSERT_TRUE(journal_commit(world.journal, NULL));
    CU_ASSERT_EQUAL(journal_committed(world.journal), 2);
    world_clear(&world);
}

/* Every column, none of which the owner of the file may touch by SQL. */
static void rows_cannot_be_changed_or_deleted(void)
{
    static const char *const columns[] = {
        "seq",  "row", "host_idx", "n",    "t_us",   "what",   "act",  "pid",
        "ppid", "uid", "auid",     "exit", "origin", "act_id", "salt", "exe",
        "args", "cwd", "path",     "to_",  "player", "erased"};
    World world = world_new();
    JournalObservation row = row_full(5);
    sqlite3 *db = world.journal->jn_db;

    append(world.journal, &row, 1, NULL);
    journal_commit(world.journal, NULL);
    g_autofree char *before = printed(world.journal, 0);
    CU_ASSERT_NOT_EQUAL(sqlite3_exec(db, "DELETE FROM observation", NULL, NULL, NULL),
                        SQLITE_OK);
    for (gsize i = 0; i < G_N_ELEMENTS(columns); i++) {
        gboolean text = i >= 15 && i < 21;
        g_autofree char *sql =
            g_strdup_printf("UPDATE observation SET %s = %s", columns[i],
                            text                                ? "''"
                            : strcmp(columns[i], "erased") == 0 ? "zeroblob(32)"
                            : strcmp(columns[i], "salt") == 0   ? "NULL"
                                                                : "77");
        /* and the same on the way of an erasure, where texts do go */
        g_autofree char *with =
            text && i < 20
                ? g_strdup("UPDATE observation SET exe = '', args = '', cwd = '',"
                           " path = '', salt = NULL, erased = zeroblob(32)")
                : g_strconcat(sql,
                              i < 14 || i == 20
                                  ? ", exe = '', args = '', cwd = '', path = '',"
                                    " to_ = '', salt = NULL, erased = zeroblob(32)"
                                  : ", exe = '', args = '', cwd = '', path = '',"
                                    " to_ = ''",
                              NULL);

        CU_ASSERT_NOT_EQUAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        CU_ASSERT_NOT_EQUAL(sqlite3_exec(db, with, NULL, NULL, NULL), SQLITE_OK);
    }
    g_autofree char *after = printed(world.journal, 0);
    CU_ASSERT_STRING_EQUAL(before, after);
    world_clear(&world);
}

static gboolean keep_body(const JournalEvent *event, gpointer data)
{
    json_t **body = data;

    json_decref(*body);
    *body = json_deep_copy(event->ev_body);
    return TRUE;
}

static void put_be(GChecksum *sum, gint64 value)
{
    guint64 be = GUINT64_TO_BE((guint64)value);

    g_checksum_update(sum, (const guchar *)&be, sizeof be);
}

static void put_field(GChecksum *sum, const char *text)
{
    put_be(sum, (gint64)strlen(text));
    g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
}

/* The documented encoding written out anew, over what stands in the table. */
static char *hash_of_table(sqlite3 *db, gint64 seq)
{
    /* 12 numbers after the row's own, then the player, the texts, salt and erased */
    static const char sql[] =
        "SELECT row, host_idx, n, t_us, what, act, pid, ppid, uid, auid, exit, origin,"
        " act_id, player, exe, args, cwd, path, to_, salt, erased FROM observation"
        " WHERE seq = ?1 ORDER BY row";
    g_autoptr(GChecksum) all = g_checksum_new(G_CHECKSUM_SHA256);
    sqlite3_stmt *stmt = NULL;

    sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    sqlite3_bind_int64(stmt, 1, seq);
    put_field(all, "parry-observe-1");
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        g_autoptr(GChecksum) texts = g_checksum_new(G_CHECKSUM_SHA256);
        guint8 digest[32];
        gsize len = sizeof digest;

        for (int i = 0; i < 13; i++)
            put_be(all, sqlite3_column_int64(stmt, i));
        put_field(all, (const char *)sqlite3_column_text(stmt, 13));
        put_be(texts, sqlite3_column_int64(stmt, 19));
        for (int i = 14; i < 19; i++)
            put_field(texts, (const char *)sqlite3_column_text(stmt, i));
        g_checksum_get_digest(texts, digest, &len);
        if (sqlite3_column_type(stmt, 20) != SQLITE_NULL)
            memcpy(digest, sqlite3_column_blob(stmt, 20), 32);
        g_checksum_update(all, digest, 32);
    }
    sqlite3_finalize(stmt);
    return g_strdup(g_checksum_get_string(all));
}

static char *hash_in_body(Journal *journal, gint64 seq, gint64 n_rows)
{
    json_t *body = NULL;
    char *hash;

    CU_ASSERT_TRUE(journal_each(journal, seq - 1, 1, keep_body, &body, NULL));
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(body, "rows")), n_rows);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(body, "hosts")), 1);
    hash = g_strdup(json_string_value(json_object_get(body, "sha256")));
    json_decref(body);
    return hash;
}

static void the_hash_is_the_documented_one(void)
{
    World world = world_new();
    JournalObservation rows[] = {row_full(5), row_least(6), row_full(7)};

    CU_ASSERT_EQUAL(append(world.journal, rows, 3, NULL), 1);
    CU_ASSERT_TRUE(journal_commit(world.journal, NULL));
    g_autofree char *told = hash_in_body(world.journal, 1, 3);
    g_autofree char *anew = hash_of_table(world.journal->jn_db, 1);
    CU_ASSERT_STRING_EQUAL(told, anew);
    world_clear(&world);
}

/* With the triggers out of the way, since nobody else could do it. */
static void the_hash_changes_with_any_member_of_any_row(void)
{
    static const char *const changes[] = {
        "host_idx = 8",
        "n = n + 1",
        "t_us = t_us + 1",
        "what = 0",
        "act = 0",
        "pid = 412",
        "ppid = 403",
        "uid = 0",
        "auid = 1",
        "exit = 4",
        "origin = 0",
        "act_id = 98",
        "player = 'x'",
        "exe = 'x'",
        "args = 'x'",
        "cwd = 'x'",
        "path = 'x'",
        "to_ = 'x'",
        "salt = 1 + salt",
        "row = 9",
        "exe = exe || substr(args, 1, 1), args = substr(args, 2)",
        "path = to_, to_ = path"};
    World world = world_new();
    JournalObservation rows[] = {row_full(5), row_full(6), row_full(7)};
    sqlite3 *db = world.journal->jn_db;

    append(world.journal, rows, 3, NULL);
    journal_commit(world.journal, NULL);
    g_autofree char *told = hash_in_body(world.journal, 1, 3);
    sqlite3_exec(db, "DROP TRIGGER observation_only_erase", NULL, NULL, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++)
        for (int row = 0; row < 3; row++) {
            g_autofree char *sql = g_strdup_printf(
                "BEGIN; UPDATE observation SET %s WHERE row = %d", changes[i], row);
            g_autofree char *anew = NULL;

            CU_ASSERT_EQUAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
            anew = hash_of_table(db, 1);
            CU_ASSERT_STRING_NOT_EQUAL(told, anew);
            sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        }
    g_autofree char *again = hash_of_table(db, 1);
    CU_ASSERT_STRING_EQUAL(told, again);
    world_clear(&world);
}

/* The same rows twice do not give the same digest: nobody can try out a guess. */
static void a_guess_cannot_be_tried(void)
{
    World world = world_new();
    JournalObservation row = row_full(5);

    append(world.journal, &row, 1, NULL);
    append(world.journal, &row, 1, NULL);
    journal_commit(world.journal, NULL);
    g_autofree char *one = hash_in_body(world.journal, 1, 1);
    g_autofree char *two = hash_in_body(world.journal, 2, 1);
    CU_ASSERT_STRING_NOT_EQUAL(one, two);
    world_clear(&world);
}

static void a_full_file_loses_rows_and_event_together(void)
{
    World world = world_new();
    sqlite3 *db = world.journal->jn_db;
    g_autofree JournalObservation *rows = g_new(JournalObservation, 1000);
    JournalObservation one = row_full(1);
    g_autoptr(GError) error = NULL;
    gint64 seq = 0;

    for (guint i = 0; i < 1000; i++)
        rows[i] = row_full(i + 1);
    append(world.journal, &one, 1, NULL);
    CU_ASSERT_TRUE(journal_commit(world.journal, NULL));
    g_autofree char *kept = printed(world.journal, 0);
    sqlite3_exec(db, "PRAGMA max_page_count = 40", NULL, NULL, NULL);
    CU_ASSERT_EQUAL(append(world.journal, &one, 1, NULL), 2); /* goes with the batch */
    seq = append(world.journal, rows, 1000, &error);
    CU_ASSERT_EQUAL(seq, -1);
    CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_IO));
    sqlite3_exec(db, "PRAGMA max_page_count = 100000", NULL, NULL, NULL);
    CU_ASSERT_EQUAL(append(world.journal, &one, 1, NULL), -1);
    CU_ASSERT_FALSE(journal_commit(world.journal, NULL));
    g_autofree char *after = printed(world.journal, 0);
    CU_ASSERT_STRING_EQUAL(kept, after);
    CU_ASSERT_EQUAL(append(world.journal, rows, 1000, NULL), 2);
    CU_ASSERT_TRUE(journal_commit(world.journal, NULL));
    g_autofree char *told = hash_in_body(world.journal, 2, 1000);
    g_autofree char *anew = hash_of_table(db, 2);
    CU_ASSERT_STRING_EQUAL(told, anew);
    world_clear(&world);
}

/* No half of a batch, and no rows without their event. */
static void a_killed_writer_leaves_whole_batches(void)
{
    World world = world_new();
    JournalObservation rows[] = {row_full(5), row_least(6)};
    int status;

    journal_close(world.journal);
    pid_t pid = fork();
    if (pid == 0) {
        Journal *journal = journal_open(world.dir, NULL);
        append(journal, rows, 2, NULL);
        journal_commit(journal, NULL);
        append(journal, rows, 2, NULL);
        raise(SIGKILL);
    }
    CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_TRUE(WIFSIGNALED(status));
    world.journal = journal_open(world.dir, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(world.journal);
    CU_ASSERT_EQUAL(journal_committed(world.journal), 1);
    CU_ASSERT_EQUAL(append(world.journal, rows, 1, NULL), 2);
    CU_ASSERT_TRUE(journal_commit(world.journal, NULL));
    g_autofree char *got = printed(world.journal, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "2/0 host 7 n 5"));
    CU_ASSERT_PTR_NULL(strstr(got, "2/1"));
    world_clear(&world);
}

static void erased_texts_are_gone_and_the_batch_still_adds_up(void)
{
    static const guint which[] = {2, 0, 2}; /* twice does no harm */
    World world = world_new();
    JournalObservation rows[] = {row_full(5), row_least(6), row_full(7)};
    json_t *body = NULL;

    append(world.journal, rows, 3, NULL);
    journal_commit(world.journal, NULL);
    CU_ASSERT_TRUE(disk_holds(world.dir, SECRET));
    CU_ASSERT_TRUE(journal_erase_observations(world.journal, 1, which, 3, NULL));
    CU_ASSERT_TRUE(journal_commit(world.journal, NULL));
    CU_ASSERT_FALSE(disk_holds(world.dir, SECRET));
    g_autofree char *got = printed(world.journal, 1);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(got, "1/2 host 7 n 7 t 1700000000123456 file moved player pid 411 402"
                    " exit 3 uid 1001 2000000004 id 99 [|||||h-3] erased\n"));
    g_autofree char *told = hash_in_body(world.journal, 1, 3);
    g_autofree char *anew = hash_of_table(world.journal->jn_db, 1);
    CU_ASSERT_STRING_EQUAL(told, anew);
    CU_ASSERT_TRUE(journal_each(world.journal, 1, 1, keep_body, &body, NULL));
    CU_ASSERT_EQUAL(json_array_size(json_object_get(body, "rows")), 2);
    json_decref(body);
    world_clear(&world);
}

static void what_is_not_there_is_not_erased(void)
{
    static const guint none[] = {0, 7}, first[] = {0};
    World world = world_new();
    JournalObservation row = row_full(5);
    g_autoptr(GError) error = NULL;

    append(world.journal, &row, 1, NULL);
    journal_commit(world.journal, NULL);
    CU_ASSERT_FALSE(journal_erase_observations(world.journal, 1, none, 2, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "1/7: not there"));
    g_clear_error(&error);
    CU_ASSERT_TRUE(journal_commit(world.journal, NULL));
    CU_ASSERT_TRUE(disk_holds(world.dir, SECRET)); /* all or nothing */
    CU_ASSERT_TRUE(journal_erase_observations(world.journal, 1, first, 1, NULL));
    CU_ASSERT_FALSE(journal_erase_observations(world.journal, 1, first, 1, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "erased already"));
    CU_ASSERT_TRUE(journal_commit(world.journal, NULL));
    CU_ASSERT_EQUAL(journal_committed(world.journal), 2);
    world_clear(&world);
}

/* SQLite moves rows between pages as they come: no page may keep a copy. */
static void nothing_is_left_of_many_rows(void)
{
    World world = world_new();
    g_autofree JournalObservation *rows = g_new(JournalObservation, 1000);
    g_autofree guint *which = g_new(guint, 1000);

    for (guint i = 0; i < 1000; i++) {
        rows[i] = row_full(i + 1);
        which[i] = i;
    }
    for (gint64 seq = 1; seq <= 5; seq++) {
        CU_ASSERT_EQUAL(append(world.journal, rows, 1000, NULL), seq);
        CU_ASSERT_TRUE(journal_commit(world.journal, NULL));
    }
    for (gint64 seq = 1; seq <= 5; seq++)
        CU_ASSERT_TRUE(journal_erase_observations(world.journal, seq, which, 1000, NULL));
    CU_ASSERT_TRUE(journal_commit(world.journal, NULL));
    CU_ASSERT_FALSE(disk_holds(world.dir, SECRET));
    world_clear(&world);
}

/* Made without the table, by the version before. */
static void a_journal_of_the_version_before_is_taken_up(void)
{
    World world = world_new();
    JournalObservation row = row_full(5);
    json_t *body = json_pack("{s: s}", "text", "kept");

    journal_append(world.journal, &(JournalEvent){.ev_kind = "note/1", .ev_body = body},
                   NULL);
    json_decref(body);
    journal_commit(world.journal, NULL);
    CU_ASSERT_EQUAL(sqlite3_exec(world.journal->jn_db,
                                 "DROP TRIGGER observation_no_delete;"
                                 "DROP TRIGGER observation_only_erase;"
                                 "DROP TABLE observation; PRAGMA user_version = 1",
                                 NULL, NULL, NULL),
                    SQLITE_OK);
    journal_close(world.journal);

    Journal *reader = journal_open_read(world.dir, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
    g_autofree char *none = printed(reader, 0);
    CU_ASSERT_STRING_EQUAL(none, "");
    journal_close(reader);
    world.journal = journal_open(world.dir, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(world.journal);
    CU_ASSERT_EQUAL(append(world.journal, &row, 1, NULL), 2);
    CU_ASSERT_TRUE(journal_commit(world.journal, NULL));
    journal_close(world.journal);
    world.journal = journal_open(world.dir, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(world.journal);
    g_autofree char *got = printed(world.journal, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "2/0 host 7 n 5"));
    world_clear(&world);
}

static void names_and_numbers_are_those_of_the_wire(void)
{
    int number;

    CU_ASSERT_EQUAL((int)SEEN_WHATS, (int)WIRE_SAW_KINDS);
    CU_ASSERT_EQUAL((int)SEEN_ACTS, (int)WIRE_ACTS);
    CU_ASSERT_EQUAL((int)SEEN_ORIGINS, (int)WIRE_ORIGINS);
    for (int i = 0; i < SEEN_WHATS; i++) {
        CU_ASSERT_STRING_EQUAL(seen_what_name(i), wire_what_name(i));
        CU_ASSERT_TRUE(seen_what_parse(wire_what_name(i), &number) && number == i);
    }
    for (int i = 0; i < SEEN_ACTS; i++) {
        CU_ASSERT_STRING_EQUAL(seen_act_name(i), wire_act_name(i));
        CU_ASSERT_TRUE(seen_act_parse(wire_act_name(i), &number) && number == i);
    }
    for (int i = 0; i < SEEN_ORIGINS; i++) {
        CU_ASSERT_STRING_EQUAL(seen_origin_name(i), wire_origin_name(i));
        CU_ASSERT_TRUE(seen_origin_parse(wire_origin_name(i), &number) && number == i);
    }
    CU_ASSERT_EQUAL((int)SEEN_EXEC, (int)WIRE_SAW_EXEC);
    CU_ASSERT_EQUAL((int)SEEN_MODULE, (int)WIRE_SAW_MODULE);
    CU_ASSERT_EQUAL((int)SEEN_REFUSED, (int)WIRE_ACT_REFUSED);
    CU_ASSERT_EQUAL((int)SEEN_BY_SCRIPT, (int)WIRE_FROM_SCRIPT);
    CU_ASSERT_STRING_EQUAL(seen_what_name(SEEN_WHATS), "?");
    CU_ASSERT_STRING_EQUAL(seen_what_name(-1), "?");
    CU_ASSERT_FALSE(seen_what_parse("executed", &number));
    CU_ASSERT_FALSE(seen_act_parse("?", &number));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"rows come back as they were, in order", rows_come_back_as_they_were_in_order},
        {"reading stops where it is told", reading_stops_where_it_is_told},
        {"what cannot be stored is refused, the batch lives",
         what_cannot_be_stored_is_refused_and_the_batch_lives},
        {"rows cannot be changed or deleted", rows_cannot_be_changed_or_deleted},
        {"the hash is the documented one", the_hash_is_the_documented_one},
        {"the hash changes with any member of any row",
         the_hash_changes_with_any_member_of_any_row},
        {"a guess cannot be tried", a_guess_cannot_be_tried},
        {"a full file loses rows and event together",
         a_full_file_loses_rows_and_event_together},
        {"a killed writer leaves whole batches", a_killed_writer_leaves_whole_batches},
        {"erased texts are gone, the batch still adds up",
         erased_texts_are_gone_and_the_batch_still_adds_up},
        {"what is not there is not erased", what_is_not_there_is_not_erased},
        {"nothing is left of many rows", nothing_is_left_of_many_rows},
        {"a journal of the version before is taken up",
         a_journal_of_the_version_before_is_taken_up},
        {"names and numbers are those of the wire",
         names_and_numbers_are_those_of_the_wire},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("observation", tests);
}
