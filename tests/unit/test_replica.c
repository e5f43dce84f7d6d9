/*
 * A copy of a journal by parts: it becomes the same, follows what comes and what is
 * erased, goes on after a break, and takes nothing that does not continue it.
 */
#include "orchestrator/daemon/drill.h"
#include "scoreboard/kinds.h"
#include "scoreboard/replica.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/disk_case.h"

#include <sqlite3.h>
#include <string.h>

#define SECRET "telephone-of-my-neighbour"

typedef struct {
    char *of_dir, *to_dir;
    Journal *of, *to;
} Pair;

static Pair pair_new(void)
{
    Pair pair = {g_dir_make_tmp("parry-source-XXXXXX", NULL),
                 g_dir_make_tmp("parry-copy-XXXXXX", NULL), NULL, NULL};

    pair.of = journal_create(pair.of_dir, NULL);
    pair.to = journal_create(pair.to_dir, NULL);
    CU_ASSERT_TRUE_FATAL(pair.of && pair.to);
    return pair;
}

static void pair_clear(Pair *pair)
{
    journal_close(pair->of);
    journal_close(pair->to);
    CU_ASSERT_TRUE(drill_remove_tree(pair->of_dir, NULL));
    CU_ASSERT_TRUE(drill_remove_tree(pair->to_dir, NULL));
    g_free(pair->of_dir);
    g_free(pair->to_dir);
}

static gint64 add(Journal *journal, const char *kind, json_t *body)
{
    JournalEvent event = {
        .ev_kind = kind, .ev_actor = "test", .ev_host = "health/web", .ev_body = body};
    gint64 seq = journal_append(journal, &event, NULL);

    json_decref(body);
    CU_ASSERT_TRUE_FATAL(seq > 0);
    return seq;
}

static gint64 add_seen(Journal *journal, guint64 n)
{
    JournalObservation row = {.ob_n = n,
                              .ob_t_us = 1700000000000000,
                              .ob_what = SEEN_EXEC,
                              .ob_exe = "/bin/echo",
                              .ob_args = "echo " SECRET,
                              .ob_cwd = "/",
                              .ob_path = "",
                              .ob_to = "",
                              .ob_player = "health/alice"};
    json_t *body = json_pack("{s:[s]}", "hosts", "health/web");
    gint64 seq = journal_append_observations(journal,
                                             &(JournalEvent){.ev_kind = "observe.batch/1",
                                                             .ev_actor = "parryd",
                                                             .ev_body = body},
                                             &row, 1, NULL);

    json_decref(body);
    CU_ASSERT_TRUE_FATAL(seq > 0);
    return seq;
}

/* Something for each table: events, blobs, rounds, observations, projections. */
static void add_some(Journal *journal, int rounds)
{
    JournalCheckRow row = {.cr_check = 1, .cr_dur_us = 200, .cr_text = "ok"};
    char hash[65];

    for (int i = 0; i < rounds; i++) {
        g_autofree char *text =
            g_strdup_printf("text %" G_GINT64_FORMAT, journal_seq(journal));
        json_t *body = json_pack("{s:i}", "at", i);

        CU_ASSERT_TRUE(journal_blob_put(journal, text, strlen(text), hash, NULL));
        add(journal, "message.answered/1",
            json_pack("{s:s, s:s}", "inject", "brief@health", "text_sha256", hash));
        add(journal, "domain.wanted/1", json_pack("{s:s}", "uuid", "u"));
        journal_append_checks(journal,
                              &(JournalEvent){.ev_kind = "check.round/1",
                                              .ev_actor = "parryd",
                                              .ev_body = body},
                              &row, 1, NULL);
        json_decref(body);
        add_seen(journal, (guint64)i + 1);
    }
    CU_ASSERT_TRUE_FATAL(journal_commit(journal, NULL));
}

/* All rows of all tables as text. */
static char *dump(const char *dir)
{
    static const char *const tables[] = {"event ORDER BY seq",
                                         "blob ORDER BY rowid",
                                         "check_result ORDER BY seq, row",
                                         "observation ORDER BY seq, row",
                                         "host_state ORDER BY host",
                                         "inject_state ORDER BY inject",
                                         "open_act ORDER BY seq"};
    g_autofree char *path = g_build_filename(dir, "journal.db", NULL);
    GString *all = g_string_new(NULL);
    sqlite3_stmt *stmt;
    sqlite3 *db;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL),
                          SQLITE_OK);
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *sql = g_strdup_printf("SELECT * FROM %s", tables[i]);
        CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
        while (sqlite3_step(stmt) == SQLITE_ROW)
            for (int c = 0; c < sqlite3_column_count(stmt); c++) {
                /* erased: a digest's bytes */
                g_autofree char *hex = g_base64_encode(
                    sqlite3_column_blob(stmt, c), (gsize)sqlite3_column_bytes(stmt, c));
                g_string_append_printf(all, "%s|", hex);
            }
        sqlite3_finalize(stmt);
    }
    sqlite3_close(db);
    return g_string_free(all, FALSE);
}

static void same(const Pair *pair)
{
    g_autofree char *of = dump(pair->of_dir), *to = dump(pair->to_dir);

    CU_ASSERT_TRUE(strlen(of) > 100);
    CU_ASSERT_STRING_EQUAL(of, to);
}

/* Parts until there is nothing more; how many there were. */
static int follow(const Pair *pair)
{
    for (int parts = 0;; parts++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) part =
            replica_part(pair->of_dir, replica_point(pair->to), &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(part);
        if (g_bytes_get_size(part) == 0)
            return parts;
        if (!replica_take(pair->to, part, &error))
            printf("\n%s\n", error->message);
        CU_ASSERT_PTR_NULL_FATAL(error);
    }
}

static void a_copy_becomes_the_same(void)
{
    Pair pair = pair_new();

    CU_ASSERT_EQUAL(follow(&pair), 0);
    add_some(pair.of, 3);
    CU_ASSERT_EQUAL(follow(&pair), 1);
    same(&pair);
    CU_ASSERT_EQUAL(follow(&pair), 0);
    add_some(pair.of, 1);
    add(pair.of, "note/1", json_pack("{s:s}", "text", "not committed"));
    CU_ASSERT_EQUAL(follow(&pair), 1);
    CU_ASSERT_EQUAL(journal_committed(pair.to), journal_committed(pair.of));
    CU_ASSERT_TRUE(journal_commit(pair.of, NULL));
    CU_ASSERT_EQUAL(follow(&pair), 1);
    same(&pair);
    pair_clear(&pair);
}

static void many_parts_go_on_after_a_break(void)
{
    Pair pair = pair_new();
    g_autoptr(GError) error = NULL;

    add_some(pair.of, 200);
    for (int i = 0; i < 5; i++) {
        g_autoptr(GBytes) part =
            replica_part(pair.of_dir, replica_point(pair.to), &error);
        CU_ASSERT_TRUE_FATAL(replica_take(pair.to, part, &error));
        journal_close(pair.to);
        pair.to = journal_open(pair.to_dir, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(pair.to);
    }
    CU_ASSERT_TRUE(journal_committed(pair.to) < journal_committed(pair.of));
    CU_ASSERT_TRUE(follow(&pair) > 1);
    same(&pair);
    add(pair.to, "note/1", json_pack("{s:s}", "text", "it goes on here"));
    CU_ASSERT_TRUE(journal_commit(pair.to, NULL));
    pair_clear(&pair);
}

static void what_is_erased_is_erased_in_the_copy(void)
{
    Pair pair = pair_new();
    char hash[65];
    guint first = 0;

    journal_blob_put(pair.of, SECRET "-too", strlen(SECRET "-too"), hash, NULL);
    add(pair.of, "message.answered/1",
        json_pack("{s:s, s:s}", "inject", "brief@health", "text_sha256", hash));
    gint64 seen = add_seen(pair.of, 1);
    CU_ASSERT_TRUE_FATAL(journal_commit(pair.of, NULL));
    follow(&pair);
    CU_ASSERT_TRUE(disk_holds(pair.to_dir, SECRET));
    CU_ASSERT_TRUE(journal_erase_observations(pair.of, seen, &first, 1, NULL));
    CU_ASSERT_TRUE(journal_blob_erase(pair.of, hash, NULL));
    CU_ASSERT_TRUE_FATAL(journal_commit(pair.of, NULL));
    CU_ASSERT_EQUAL(follow(&pair), 1);
    same(&pair);
    CU_ASSERT_FALSE(disk_holds(pair.to_dir, SECRET));
    pair_clear(&pair);
}

/* The part after `sql` was done to it. */
static GBytes *meddled(GBytes *part, const char *sql)
{
    gsize len;
    const guint8 *bytes = g_bytes_get_data(part, &len);
    unsigned char *own = sqlite3_malloc64(len);
    sqlite3_int64 size;
    sqlite3 *db;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open(":memory:", &db), SQLITE_OK);
    memcpy(own, bytes, len);
    CU_ASSERT_EQUAL_FATAL(sqlite3_deserialize(db, "main", own, (sqlite3_int64)len,
                                              (sqlite3_int64)len,
                                              SQLITE_DESERIALIZE_FREEONCLOSE |
                                                  SQLITE_DESERIALIZE_RESIZEABLE),
                          SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    unsigned char *image = sqlite3_serialize(db, "main", &size, 0);
    sqlite3_close(db);
    return g_bytes_new_with_free_func(image, (gsize)size, sqlite3_free, image);
}

static void what_does_not_continue_is_refused(void)
{
    static const struct {
        const char *sql, *says;
    } cases[] = {
        {"UPDATE event SET body = '{\"text\":\"other\"}' WHERE seq = 2", "hash"},
        {"UPDATE event SET at_us = at_us + 1 WHERE seq = 1", "hash"},
        {"DELETE FROM event WHERE seq = 2", "missing"},
        {"DELETE FROM event WHERE seq = 1", "missing"},
        {"DROP TABLE check_result", "no such table"},
        {"UPDATE check_result SET text = NULL", "NULL"},
        {"INSERT INTO check_result SELECT * FROM check_result", "UNIQUE"},
    };
    Pair pair = pair_new();

    add_some(pair.of, 2);
    g_autoptr(GBytes) part = replica_part(pair.of_dir, replica_point(pair.to), NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bad = meddled(part, cases[i].sql);
        CU_ASSERT_FALSE(replica_take(pair.to, bad, &error));
        CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(error->message, cases[i].says));
        CU_ASSERT_EQUAL(journal_committed(pair.to), 0);
        CU_ASSERT_EQUAL(replica_point(pair.to).rp_blob, 0);
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) rubbish = g_bytes_new_static(SECRET, strlen(SECRET));
    CU_ASSERT_FALSE(replica_take(pair.to, rubbish, &error));
    CU_ASSERT_TRUE(replica_take(pair.to, part, NULL));
    CU_ASSERT_FALSE(replica_take(pair.to, part, NULL)); /* twice */
    same(&pair);
    pair_clear(&pair);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a copy becomes the same", a_copy_becomes_the_same},
        {"many parts, and on after a break", many_parts_go_on_after_a_break},
        {"what is erased is erased in the copy", what_is_erased_is_erased_in_the_copy},
        {"what does not continue is refused", what_does_not_continue_is_refused},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("replica", tests);
}
