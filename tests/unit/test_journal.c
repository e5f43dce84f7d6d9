/*
 * The journal: what a committed batch means, and what survives faults.
 */
#include "scoreboard/journal.h"
#include "scoreboard/journal_priv.h"
#include "scoreboard/kinds.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/disk_case.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char *temp_dir(void)
{
    g_autoptr(GError) error = NULL;
    char *dir = g_dir_make_tmp("parry-journal-XXXXXX", &error);

    if (!dir)
        g_error("temporary directory: %s", error->message);
    return dir;
}

static void remove_dir(char *dir)
{
    GDir *list = g_dir_open(dir, 0, NULL);
    const char *name;

    while (list && (name = g_dir_read_name(list))) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        unlink(path);
    }
    if (list)
        g_dir_close(list);
    rmdir(dir);
    g_free(dir);
}

static gint64 append_body(Journal *journal, const char *kind, const char *host,
                          gint64 ref, json_t *body, GError **error)
{
    gint64 seq = journal_append(journal,
                                &(JournalEvent){.ev_kind = kind,
                                                .ev_actor = "test",
                                                .ev_team = "health",
                                                .ev_host = host,
                                                .ev_ref = ref,
                                                .ev_at_us = 1700000000000000,
                                                .ev_clock_us = 1000,
                                                .ev_body = body},
                                error);

    json_decref(body);
    return seq;
}

static gint64 append_note(Journal *journal, const char *text)
{
    return append_body(journal, "note/1", "", 0, json_pack("{s: s}", "text", text), NULL);
}

static gboolean collect(const JournalEvent *event, gpointer data)
{
    GString *out = data;

    g_string_append_printf(out, "%" G_GINT64_FORMAT " %s;", event->ev_seq,
                           json_string_value(json_object_get(event->ev_body, "text")));
    return TRUE;
}

static char *notes(Journal *journal)
{
    GString *out = g_string_new(NULL);

    CU_ASSERT_TRUE(journal_each(journal, 0, 0, collect, out, NULL));
    return g_string_free(out, FALSE);
}

static void what_is_committed_is_there_after_reopening(void)
{
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
    CU_ASSERT_EQUAL(append_note(journal, "one"), 1);
    CU_ASSERT_EQUAL(append_note(journal, "two"), 2);
    CU_ASSERT_TRUE(journal_dirty(journal));
    CU_ASSERT_EQUAL(journal_seq(journal), 2);
    CU_ASSERT_EQUAL(journal_committed(journal), 0);
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    CU_ASSERT_FALSE(journal_dirty(journal));
    append_note(journal, "never committed");
    journal_close(journal);

    journal = journal_open(dir, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
    g_autofree char *text = notes(journal);
    CU_ASSERT_STRING_EQUAL(text, "1 one;2 two;");
    CU_ASSERT_EQUAL(append_note(journal, "three"), 3);
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    journal_close(journal);
    remove_dir(dir);
}

/* The preimage written out by hand, so that the documented encoding cannot drift. */
static void the_hash_is_the_documented_one(void)
{
    static const char fields[] =
        "\0\0\0\0\0\0\0\015parry-event-1\0\0\0\0\0\0\0\001"
        "1\0\0\0\0\0\0\0\020"
        "1700000000000000\0\0\0\0\0\0\0\004"
        "1000\0\0\0\0\0\0\0\001"
        "0\0\0\0\0\0\0\0\006note/1\0\0\0\0\0\0\0\004test\0\0\0\0\0\0\0\006health"
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\016{\"text\":\"one\"}\0\0\0\0\0\0\0\100"
        "0000000000000000000000000000000000000000000000000000000000000000";
    g_autofree char *expected = g_compute_checksum_for_data(
        G_CHECKSUM_SHA256, (const guchar *)fields, sizeof fields - 1);
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);

    append_note(journal, "one");
    journal_commit(journal, NULL);
    CU_ASSERT_STRING_EQUAL(journal->jn_committed_head, expected);
    journal_close(journal);
    remove_dir(dir);
}

static void a_second_writer_is_refused_and_a_reader_is_not(void)
{
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);
    g_autoptr(GError) error = NULL;

    append_note(journal, "one");
    journal_commit(journal, NULL);
    CU_ASSERT_PTR_NULL(journal_open(dir, &error));
    CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_LOCKED));
    g_autofree char *pid = g_strdup_printf("pid %ld", (long)getpid());
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, pid));

    Journal *reader = journal_open_read(dir, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
    append_note(journal, "two");
    CU_ASSERT_EQUAL(journal_committed(reader), 1);
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    CU_ASSERT_EQUAL(journal_committed(reader), 2);
    g_clear_error(&error);
    CU_ASSERT_EQUAL(append_body(reader, "note/1", "", 0, json_object(), &error), -1);
    CU_ASSERT_PTR_NOT_NULL(error);
    journal_close(reader);
    journal_close(journal);
    remove_dir(dir);
}

static void creating_over_a_journal_is_refused(void)
{
    char *dir = temp_dir();
    g_autoptr(GError) error = NULL;

    journal_close(journal_create(dir, NULL));
    CU_ASSERT_PTR_NULL(journal_create(dir, &error));
    CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_OPEN));
    Journal *journal = journal_open(dir, NULL);
    CU_ASSERT_PTR_NOT_NULL(journal); /* and the one that was there is unharmed */
    journal_close(journal);
    remove_dir(dir);
}

static void a_bad_event_is_refused_and_the_batch_lives(void)
{
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *huge = g_strnfill(300 * 1024, 'x');

    append_note(journal, "one");
    CU_ASSERT_EQUAL(append_body(journal, "no.such/1", "", 0, json_object(), &error), -1);
    CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_BODY));
    g_clear_error(&error);
    CU_ASSERT_EQUAL(
        append_body(journal, "note/1", "", 0, json_pack("{s: f}", "text", 1.5), &error),
        -1);
    CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_BODY));
    g_clear_error(&error);
    CU_ASSERT_EQUAL(
        append_body(journal, "note/1", "", 0, json_pack("{s: s}", "text", huge), &error),
        -1);
    CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_BODY));
    g_clear_error(&error);
    CU_ASSERT_EQUAL(append_body(journal, "note/1", "\xff", 0, json_object(), &error), -1);
    CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_BODY));
    CU_ASSERT_EQUAL(append_note(journal, "two"), 2);
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    g_autofree char *text = notes(journal);
    CU_ASSERT_STRING_EQUAL(text, "1 one;2 two;");
    journal_close(journal);
    remove_dir(dir);
}

static void events_cannot_be_changed_or_deleted(void)
{
    static const char *const attempts[] = {
        "UPDATE event SET actor = 'x'",
        "DELETE FROM event",
        "UPDATE check_result SET status = 0",
        "DELETE FROM check_result",
        "DELETE FROM blob",
        "UPDATE blob SET bytes = x'00'",
    };
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);
    char hash[65];
    JournalCheckRow row = {0, CHECK_DOWN, 5, "no answer"};
    json_t *body = json_pack("{s: i}", "at", 0);

    journal_blob_put(journal, "abc", 3, hash, NULL);
    journal_append_checks(journal,
                          &(JournalEvent){.ev_kind = "check.round/1", .ev_body = body},
                          &row, 1, NULL);
    journal_commit(journal, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(attempts); i++)
        CU_ASSERT_NOT_EQUAL(sqlite3_exec(journal->jn_db, attempts[i], NULL, NULL, NULL),
                            SQLITE_OK);
    json_decref(body);
    journal_close(journal);
    remove_dir(dir);
}

static gboolean collect_row(gint64 seq, const JournalCheckRow *row, gpointer data)
{
    g_string_append_printf(data, "%d/%d %s %d %s;", (int)seq, row->cr_check,
                           check_status_name(row->cr_status), (int)row->cr_dur_us,
                           row->cr_text);
    return TRUE;
}

static gboolean keep_sha(const JournalEvent *event, gpointer data)
{
    *(char **)data =
        g_strdup(json_string_value(json_object_get(event->ev_body, "sha256")));
    return TRUE;
}

static void a_round_carries_the_hash_of_its_rows(void)
{
    static const char text[] = "[3,1,70,\"no answer\"]\n[4,0,12,\"\"]\n";
    g_autofree char *expected =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    g_autofree char *found = NULL;
    JournalCheckRow rows[] = {{3, CHECK_DOWN, 70, "no answer"}, {4, CHECK_UP, 12, NULL}};
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);
    GString *seen = g_string_new(NULL);
    json_t *body = json_pack("{s: i, s: i}", "at", 60, "stands_for", 1);

    CU_ASSERT_EQUAL(journal_append_checks(
                        journal,
                        &(JournalEvent){.ev_kind = "check.round/1", .ev_body = body},
                        rows, G_N_ELEMENTS(rows), NULL),
                    1);
    CU_ASSERT_PTR_NULL(
        json_object_get(body, "sha256")); /* the caller's body stays as it was */
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    CU_ASSERT_TRUE(journal_each_check(journal, 1, collect_row, seen, NULL));
    CU_ASSERT_STRING_EQUAL(seen->str, "1/3 DOWN 70 no answer;1/4 UP 12 ;");
    CU_ASSERT_TRUE(journal_each(journal, 0, 0, keep_sha, &found, NULL));
    CU_ASSERT_STRING_EQUAL(found, expected);
    g_string_free(seen, TRUE);
    json_decref(body);
    journal_close(journal);
    remove_dir(dir);
}

static void an_erased_blob_is_gone_for_good(void)
{
    static const char secret[] = "my neighbour's telephone number";
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);
    g_autoptr(GError) error = NULL;
    char hash[65], again[65];

    CU_ASSERT_TRUE(journal_blob_put(journal, secret, strlen(secret), hash, NULL));
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    GBytes *bytes = journal_blob_get(journal, hash, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    CU_ASSERT_EQUAL(g_bytes_get_size(bytes), strlen(secret));
    g_bytes_unref(bytes);
    CU_ASSERT_TRUE(disk_holds(dir, secret));

    CU_ASSERT_TRUE(journal_blob_erase(journal, hash, NULL));
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    CU_ASSERT_FALSE(disk_holds(dir, secret));
    CU_ASSERT_PTR_NULL(journal_blob_get(journal, hash, &error));
    CU_ASSERT_PTR_NULL(error);
    CU_ASSERT_FALSE(journal_blob_erase(journal, hash, NULL));
    CU_ASSERT_TRUE(journal_blob_put(journal, secret, strlen(secret), again, NULL));
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    CU_ASSERT_PTR_NULL(journal_blob_get(journal, hash, NULL));
    CU_ASSERT_FALSE(disk_holds(dir, secret));
    CU_ASSERT_PTR_NULL(journal_blob_get(journal, "00", &error));
    CU_ASSERT_PTR_NOT_NULL(error);
    journal_close(journal);
    remove_dir(dir);
}

/* RFC 6962 over leaves given as text, recursively as the RFC words it. */
static void reference_root(char **leaves, gsize n, guint8 out[32])
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 half[32];
    gsize len = 32, k = 1;

    if (n == 1) {
        guint8 leaf[32];
        merkle_unhex(leaves[0], leaf, 32);
        g_checksum_update(sum, (const guchar *)"\0", 1);
        g_checksum_update(sum, leaf, 32);
    } else {
        while (2 * k < n)
            k *= 2;
        g_checksum_update(sum, (const guchar *)"\1", 1);
        reference_root(leaves, k, half);
        g_checksum_update(sum, half, 32);
        reference_root(leaves + k, n - k, half);
        g_checksum_update(sum, half, 32);
    }
    g_checksum_get_digest(sum, out, &len);
}

static gboolean keep_hash(const JournalEvent *event, gpointer data)
{
    g_ptr_array_add(data, g_strdup(event->ev_hash));
    return TRUE;
}

static void the_root_is_that_of_rfc_6962(void)
{
    g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func(g_free);
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);
    char root[65], expected[65];
    guint8 digest[32];

    CU_ASSERT_TRUE(journal_root(journal, 0, root, NULL));
    CU_ASSERT_STRING_EQUAL(
        root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (int i = 0; i < 70; i++)
        append_note(journal, "x");
    CU_ASSERT_FALSE(journal_root(journal, 1, root, NULL)); /* not committed yet */
    journal_commit(journal, NULL);
    journal_each(journal, 0, 0, keep_hash, hashes, NULL);
    for (int n = 70; n >= 1;
         n -= 3) { /* backwards too: the cache must not get in the way */
        reference_root((char **)hashes->pdata, (gsize)n, digest);
        merkle_hex(digest, 32, expected);
        CU_ASSERT_TRUE(journal_root(journal, n, root, NULL));
        CU_ASSERT_STRING_EQUAL(root, expected);
    }
    CU_ASSERT_FALSE(journal_root(journal, 71, root, NULL));
    journal_close(journal);
    remove_dir(dir);
}

static void fill_life(Journal *journal)
{
    gint64 want = append_body(journal, "domain.wanted/1", "health/web", 0,
                              json_pack("{s: s}", "uuid", "u"), NULL);
    append_body(journal, "domain.wanted/1", "health/files", 0, json_object(), NULL);
    append_body(journal, "domain.done/1", "health/web", want, json_object(), NULL);
    append_body(journal, "agent.ready/1", "health/web", 0, json_object(), NULL);
    append_body(journal, "inject.wanted/1", "health/web", 0,
                json_pack("{s: s}", "inject", "deface@health"), NULL);
    append_body(journal, "agent.lost/1", "health/web", 0,
                json_pack("{s: s}", "reason", "silent"), NULL);
    journal_commit(journal, NULL);
}

static char *all_projections(Journal *journal)
{
    static const char *const names[] = {"drill_state", "host_state", "inject_state",
                                        "open_act"};
    GString *all = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        json_t *rows = journal_projection(journal, names[i], NULL);
        char *text = json_dumps(rows, JSON_SORT_KEYS);
        g_string_append_printf(all, "%s %s\n", names[i], text);
        free(text);
        json_decref(rows);
    }
    return g_string_free(all, FALSE);
}

static void projections_are_what_the_events_say(void)
{
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);

    fill_life(journal);
    g_autofree char *live = all_projections(journal);
    CU_ASSERT_STRING_EQUAL(
        live, "drill_state []\n"
              "host_state [{\"clock_us\": 1000, \"host\": \"health/files\", \"reason\": "
              "\"\", \"seq\": 2, "
              "\"state\": \"creating\"}, {\"clock_us\": 1000, \"host\": \"health/web\", "
              "\"reason\": "
              "\"silent\", \"seq\": 6, \"state\": \"silent\"}]\n"
              "inject_state [{\"clock_us\": 1000, \"inject\": \"deface@health\", "
              "\"reason\": \"\", "
              "\"seq\": 5, \"state\": \"running\", \"team\": \"health\"}]\n"
              "open_act [{\"host\": \"health/files\", \"inject\": \"\", \"kind\": "
              "\"domain.wanted/1\", "
              "\"seq\": 2, \"team\": \"health\"}, {\"host\": \"health/web\", \"inject\": "
              "\"deface@health\", \"kind\": \"inject.wanted/1\", \"seq\": 5, \"team\": "
              "\"health\"}]\n");
    CU_ASSERT_TRUE(journal_rebuild(journal, NULL));
    g_autofree char *rebuilt = all_projections(journal);
    CU_ASSERT_STRING_EQUAL(live, rebuilt);

    append_body(journal, "inject.ended/1", "health/web", 5,
                json_pack("{s: s, s: s}", "inject", "deface@health", "state", "blocked"),
                NULL);
    append_body(journal, "drill.state/1", "", 0,
                json_pack("{s: s, s: s, s: s}", "from", "provisioning", "to", "failed",
                          "reason", "no memory"),
                NULL);
    g_autofree char *after = all_projections(journal);
    CU_ASSERT_PTR_NOT_NULL(strstr(after, "\"state\": \"blocked\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(after, "\"reason\": \"no memory\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(after, "\"state\": \"failed\", \"was\": "
                                         "\"provisioning\""));
    CU_ASSERT_PTR_NULL(strstr(after, "inject.wanted/1"));
    journal_close(journal);
    remove_dir(dir);
}

static void a_projection_of_another_version_is_rebuilt_at_open(void)
{
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);

    fill_life(journal);
    g_autofree char *live = all_projections(journal);
    CU_ASSERT_EQUAL(
        sqlite3_exec(journal->jn_db,
                     "UPDATE projection SET version = 0 WHERE name = 'host_state';"
                     "DROP TABLE host_state; CREATE TABLE host_state(old);",
                     NULL, NULL, NULL),
        SQLITE_OK);
    journal_close(journal);
    journal = journal_open(dir, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
    g_autofree char *rebuilt = all_projections(journal);
    CU_ASSERT_STRING_EQUAL(live, rebuilt);
    journal_close(journal);
    remove_dir(dir);
}

/* Fills the file up to a page limit: SQLite answers as it does on a full disk. */
static void a_full_file_loses_the_batch_and_only_the_batch(void)
{
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *long_text = g_strnfill(3000, 'x');
    gint64 seq = 0;

    append_note(journal, "kept");
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    sqlite3_exec(journal->jn_db, "PRAGMA max_page_count = 40", NULL, NULL, NULL);
    for (int i = 0; i < 200 && seq >= 0; i++)
        seq = append_body(journal, "note/1", "", 0,
                          json_pack("{s: s}", "text", long_text), &error);
    CU_ASSERT_EQUAL(seq, -1);
    CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_IO));
    CU_ASSERT_EQUAL(journal_seq(journal), 1);
    /* Room again in the middle of the batch: what comes now must not survive alone. */
    sqlite3_exec(journal->jn_db, "PRAGMA max_page_count = 100000", NULL, NULL, NULL);
    CU_ASSERT_EQUAL(append_note(journal, "orphan"), -1);
    CU_ASSERT_TRUE(journal_dirty(journal));
    g_clear_error(&error);
    CU_ASSERT_FALSE(journal_commit(journal, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "full"));
    CU_ASSERT_FALSE(journal_dirty(journal));
    CU_ASSERT_EQUAL(append_note(journal, "after"), 2);
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    g_autofree char *text = notes(journal);
    CU_ASSERT_STRING_EQUAL(text, "1 kept;2 after;");
    journal_close(journal);
    journal_close(journal = journal_open(dir, NULL));
    CU_ASSERT_PTR_NOT_NULL(journal);
    remove_dir(dir);
}

/* The same where the batch is kept: nothing is lost, numbers and times stay. */
static void a_kept_batch_outlives_a_full_file(void)
{
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);
    g_autofree char *long_text = g_strnfill(3000, 'x');
    g_autofree char *bytes = g_strnfill(300000, 'b');
    JournalCheckRow row = {3, CHECK_DOWN, 17, "refused"};
    json_t *body = json_pack("{s: i}", "at", 5);
    char hash[65];
    gint64 seq = 0;

    journal_keep(journal);
    append_note(journal, "kept");
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    sqlite3_exec(journal->jn_db, "PRAGMA max_page_count = 40", NULL, NULL, NULL);
    for (int i = 0; i < 100; i++) {
        gint64 next = append_body(journal, "note/1", "", 0,
                                  json_pack("{s: s}", "text", long_text), NULL);
        CU_ASSERT_TRUE(!seq || next == seq + 1);
        seq = next;
    }
    CU_ASSERT_EQUAL(seq, 101);
    CU_ASSERT_TRUE(journal_blob_put(journal, bytes, strlen(bytes), hash, NULL));
    CU_ASSERT_EQUAL(journal_append_checks(journal,
                                          &(JournalEvent){.ev_kind = "check.round/1",
                                                          .ev_at_us = 1234,
                                                          .ev_body = body},
                                          &row, 1, NULL),
                    102);
    CU_ASSERT_EQUAL(append_body(journal, "no-such-kind/1", "", 0, json_object(), NULL),
                    -1);
    for (int i = 0; i < 3; i++) {
        g_autoptr(GError) error = NULL;
        CU_ASSERT_FALSE(journal_commit(journal, &error));
        CU_ASSERT_TRUE(error && strstr(error->message, "full"));
        CU_ASSERT_TRUE(journal_dirty(journal));
        CU_ASSERT_EQUAL(journal_committed(journal), 1);
        CU_ASSERT_EQUAL(append_note(journal, "more"), 103 + i);
    }
    sqlite3_exec(journal->jn_db, "PRAGMA max_page_count = 100000", NULL, NULL, NULL);
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    CU_ASSERT_EQUAL(journal_committed(journal), 105);
    CU_ASSERT_FALSE(journal_dirty(journal));
    g_autoptr(GBytes) blob = journal_blob_get(journal, hash, NULL);
    CU_ASSERT_TRUE(blob && g_bytes_get_size(blob) == strlen(bytes));
    CU_ASSERT_EQUAL(append_note(journal, "after"), 106);
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    json_decref(body);
    journal_close(journal);
    journal_close(journal = journal_open(dir, NULL));
    CU_ASSERT_PTR_NOT_NULL(journal);
    remove_dir(dir);
}

/* Forty events wait for a commit that the write-ahead log has no room for. The limit on
 * file sizes as it was, to be put back. */
static struct rlimit no_room_for_batch(Journal *journal, const char *dir)
{
    g_autofree char *wal = g_build_filename(dir, "journal.db-wal", NULL);
    struct rlimit old, low;
    GStatBuf st;

    CU_ASSERT_EQUAL_FATAL(g_stat(wal, &st), 0);
    for (int i = 0; i < 40; i++)
        append_note(journal,
                    "a line that needs room in the log, much more than is left in it");
    getrlimit(RLIMIT_FSIZE, &old);
    low = old;
    low.rlim_cur = (rlim_t)st.st_size + 1000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &low);
    return old;
}

/* The write of the commit itself fails: a limit on file sizes hits the write-ahead log.
 */
static void a_commit_that_cannot_be_written_loses_the_batch(void)
{
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);
    g_autoptr(GError) error = NULL;
    struct rlimit old;

    append_note(journal, "kept");
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    old = no_room_for_batch(journal, dir);
    CU_ASSERT_FALSE(journal_commit(journal, &error));
    setrlimit(RLIMIT_FSIZE, &old);
    CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_IO));
    CU_ASSERT_EQUAL(journal_seq(journal), 1);
    CU_ASSERT_EQUAL(append_note(journal, "after"), 2);
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    journal_close(journal);
    journal = journal_open(dir, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
    g_autofree char *text = notes(journal);
    CU_ASSERT_STRING_EQUAL(text, "1 kept;2 after;");
    journal_close(journal);
    remove_dir(dir);
}

static void a_killed_writer_leaves_what_it_committed(void)
{
    char *dir = temp_dir();
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        Journal *journal = journal_create(dir, NULL);
        append_note(journal, "kept");
        journal_commit(journal, NULL);
        append_note(journal, "in flight");
        raise(SIGKILL);
    }
    CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_TRUE(WIFSIGNALED(status));
    Journal *journal = journal_open(dir, NULL); /* and its lock died with it */
    CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
    g_autofree char *text = notes(journal);
    CU_ASSERT_STRING_EQUAL(text, "1 kept;");
    CU_ASSERT_EQUAL(append_note(journal, "after"), 2);
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    journal_close(journal);
    remove_dir(dir);
}

static void what_is_no_journal_is_named_so(void)
{
    char *dir = temp_dir();
    g_autofree char *path = g_build_filename(dir, "journal.db", NULL);
    g_autoptr(GError) error = NULL;

    CU_ASSERT_PTR_NULL(journal_open(dir, &error));
    CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_OPEN));
    g_clear_error(&error);
    g_file_set_contents(path, "this is not a database, but text that is long enough", -1,
                        NULL);
    CU_ASSERT_PTR_NULL(journal_open_read(dir, &error));
    CU_ASSERT_PTR_NOT_NULL(error);
    g_clear_error(&error);
    unlink(path);
    sqlite3 *other = NULL;
    sqlite3_open(path, &other);
    sqlite3_exec(other, "CREATE TABLE t(a)", NULL, NULL, NULL);
    sqlite3_close(other);
    CU_ASSERT_PTR_NULL(journal_open(dir, &error));
    CU_ASSERT_TRUE(g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_VERSION));
    remove_dir(dir);
}

static gboolean stop_at_two(const JournalEvent *event, gpointer data)
{
    *(gint64 *)data = event->ev_seq;
    return event->ev_seq < 2;
}

static void reading_stops_where_it_is_told(void)
{
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);
    gint64 last = 0;

    for (int i = 0; i < 5; i++)
        append_note(journal, "x");
    journal_commit(journal, NULL);
    CU_ASSERT_TRUE(journal_each(journal, 0, 0, stop_at_two, &last, NULL));
    CU_ASSERT_EQUAL(last, 2);
    CU_ASSERT_TRUE(journal_each(journal, 3, 1, stop_at_two, &last, NULL));
    CU_ASSERT_EQUAL(last, 4);
    journal_close(journal);
    remove_dir(dir);
}

/* And where it is the commit that fails. */
static void a_kept_batch_outlives_its_commit(void)
{
    char *dir = temp_dir();
    Journal *journal = journal_create(dir, NULL);
    struct rlimit old;

    journal_keep(journal);
    append_note(journal, "kept");
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    old = no_room_for_batch(journal, dir);
    CU_ASSERT_FALSE(journal_commit(journal, NULL));
    CU_ASSERT_EQUAL(append_note(journal, "meanwhile"), 42);
    CU_ASSERT_FALSE(journal_commit(journal, NULL));
    setrlimit(RLIMIT_FSIZE, &old);
    CU_ASSERT_TRUE(journal_commit(journal, NULL));
    CU_ASSERT_EQUAL(journal_committed(journal), 42);
    journal_close(journal);
    journal = journal_open(dir, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
    CU_ASSERT_EQUAL(journal_committed(journal), 42);
    journal_close(journal);
    remove_dir(dir);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"what is committed is there after reopening",
         what_is_committed_is_there_after_reopening},
        {"the hash is the documented one", the_hash_is_the_documented_one},
        {"a second writer is refused, a reader is not",
         a_second_writer_is_refused_and_a_reader_is_not},
        {"creating over a journal is refused", creating_over_a_journal_is_refused},
        {"a bad event is refused, the batch lives",
         a_bad_event_is_refused_and_the_batch_lives},
        {"events cannot be changed or deleted", events_cannot_be_changed_or_deleted},
        {"a round carries the hash of its rows", a_round_carries_the_hash_of_its_rows},
        {"an erased blob is gone for good", an_erased_blob_is_gone_for_good},
        {"the root is that of RFC 6962", the_root_is_that_of_rfc_6962},
        {"projections are what the events say", projections_are_what_the_events_say},
        {"another version is rebuilt at open",
         a_projection_of_another_version_is_rebuilt_at_open},
        {"a kept batch outlives a full file", a_kept_batch_outlives_a_full_file},
        {"a kept batch outlives its commit", a_kept_batch_outlives_its_commit},
        {"a full file loses the batch only",
         a_full_file_loses_the_batch_and_only_the_batch},
        {"a failed commit loses the batch",
         a_commit_that_cannot_be_written_loses_the_batch},
        {"a killed writer leaves what it committed",
         a_killed_writer_leaves_what_it_committed},
        {"what is no journal is named so", what_is_no_journal_is_named_so},
        {"reading stops where it is told", reading_stops_where_it_is_told},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("journal", tests);
}
