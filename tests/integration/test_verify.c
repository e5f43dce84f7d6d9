/*
 * parry-verify against journals that were altered in one place each. The program is run
 * as a user runs it; the alterations go in by SQLite with the triggers out of the way,
 * and the triggers back afterwards, as someone would who wants it to go unnoticed.
 */
#include "scoreboard/checkpoint.h"
#include "scoreboard/journal.h"
#include "scoreboard/kinds.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/score_fixture.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#define MIDDLE "42" /* an event below the first checkpoint, and no round */

typedef struct {
    Plan *plan;
    char *dir, *db;
    char *public_key;
    gint64 report, erased; /* seqs of the event that names a text, and of the erasure */
    gint64 batch, gap;     /* seqs of the observations and of what is missing */
    gint64 point, size;    /* seq and size of the last checkpoint */
    char root[65], report_hash[65];
} Drill;

static void sign_now(Drill *drill, Journal *journal, Feed *feed_to, CheckpointKey *key,
                     const char *origin)
{
    g_autofree char *note = NULL;

    g_assert_true(journal_commit(journal, NULL));
    drill->size = journal_committed(journal);
    g_assert_true(journal_root(journal, drill->size, drill->root, NULL));
    note = checkpoint_note(key, origin, drill->size, drill->root, NULL);
    drill->point = feed(feed_to, "checkpoint/1", "", "", 0,
                        json_pack("{s: I, s: s, s: s}", "size", (json_int_t)drill->size,
                                  "root", drill->root, "note", note));
}

static JournalObservation observed(guint64 n, const char *args)
{
    return (JournalObservation){.ob_host = 1,
                                .ob_n = n,
                                .ob_t_us = 1700000000000000,
                                .ob_what = SEEN_EXEC,
                                .ob_pid = 400,
                                .ob_ppid = -1,
                                .ob_exit = -1,
                                .ob_uid = 1001,
                                .ob_auid = 2000000001,
                                .ob_exe = "/bin/kill",
                                .ob_args = args,
                                .ob_cwd = "/root",
                                .ob_path = "",
                                .ob_to = "pid 12",
                                .ob_origin = SEEN_BY_PLAYER,
                                .ob_player = "h-1"};
}

/* A batch of four of which one is erased, and a gap after it. */
static void observe(Drill *drill, Journal *journal, Feed *to)
{
    static const guint which[] = {2};
    JournalObservation rows[] = {observed(1, "kill 12"), observed(2, "kill 13"),
                                 observed(3, "kill my-own-name"), observed(9, "true")};
    json_t *body = json_pack("{s: [s]}", "hosts", "health/web");

    drill->batch = journal_append_observations(
        journal, &(JournalEvent){.ev_kind = "observe.batch/1", .ev_body = body}, rows,
        G_N_ELEMENTS(rows), NULL);
    json_decref(body);
    g_assert_cmpint(drill->batch, >, 0);
    to->fx_seq = drill->batch;
    drill->gap =
        feed(to, "observe.gap/1", "health", "health/web", 0,
             json_pack("{s: i, s: i, s: i, s: i, s: i, s: i}", "from_us", 10, "to_us", 20,
                       "kernel", 0, "queue", 4, "channel", 1, "hub", 0));
    g_assert_true(journal_erase_observations(journal, drill->batch, which, 1, NULL));
    to->fx_seq = journal_seq(journal);
}

/* A drill with texts, observations, erasures and two checkpoints; `why`: one event's own
 * words. */
static Drill drill_new(const char *why)
{
    Drill drill = {.plan = fixture_plan(),
                   .dir = g_dir_make_tmp("parry-verify-XXXXXX", NULL)};
    g_autofree char *key_path = g_build_filename(drill.dir, "journal.key", NULL);
    g_autoptr(CheckpointKey) key = checkpoint_key_load_or_make(key_path, NULL);
    g_autofree char *origin = checkpoint_origin(drill.plan->p_uuid);
    Journal *journal = journal_create(drill.dir, NULL);
    Feed to = feed_new(drill.plan, NULL, journal);
    char hash[65];

    drill.db = g_build_filename(drill.dir, "journal.db", NULL);
    drill.public_key = checkpoint_key_public(key, origin);
    feed(&to, "drill.defined/1", "", "", 0,
         json_pack("{s: s, s: s, s: s}", "name", "fixture", "uuid", drill.plan->p_uuid,
                   "public_key", drill.public_key));
    feed(&to, "note/1", "", "", 0, json_pack("{s: s}", "text", why));
    feed_rounds(&to, TEAM_HEALTH, 30 * MIN_US, CHECK_UP, CHECK_DOWN);
    for (int i = 0; i < 20; i++)
        feed(&to, "note/1", "health", "health/web", 3,
             json_pack("{s: s}", "text", "a note"));
    sign_now(&drill, journal, &to, key, origin);
    journal_blob_put(journal, "we saw it", 9, drill.report_hash, NULL);
    drill.report = feed(&to, "report.submitted/1", "health", "health/web", 0,
                        json_pack("{s: s}", "text_sha256", drill.report_hash));
    journal_blob_put(journal, "a name", 6, hash, NULL);
    feed(&to, "message.answered/1", "health", "", 0,
         json_pack("{s: s}", "text_sha256", hash));
    feed(&to, "report.submitted/1", "health", "health/web", 0,
         json_pack("{s: s}", "text_sha256", "")); /* names none */
    journal_blob_erase(journal, hash, NULL);
    drill.erased = to.fx_seq = journal_seq(journal);
    observe(&drill, journal, &to);
    sign_now(&drill, journal, &to, key, origin);
    feed(&to, "drill.state/1", "", "", 0, json_pack("{s: s}", "to", "ended"));
    g_assert_true(journal_commit(journal, NULL));
    journal_close(journal);
    return drill;
}

static void drill_clear(Drill *drill)
{
    GDir *list = g_dir_open(drill->dir, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(list))) {
        g_autofree char *path = g_build_filename(drill->dir, name, NULL);
        unlink(path);
    }
    g_dir_close(list);
    rmdir(drill->dir);
    g_free(drill->dir);
    g_free(drill->db);
    g_free(drill->public_key);
    plan_free(drill->plan);
}

/* Runs the program; its output without the line ends lost. */
static int verify(char **out, const char *first, ...)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *errors = NULL;
    int status = -1;
    va_list args;

    g_ptr_array_add(argv, (char *)PARRY_BINARY_DIR "/bin/parry-verify");
    va_start(args, first);
    for (const char *arg = first; arg; arg = va_arg(args, const char *))
        g_ptr_array_add(argv, (char *)arg);
    va_end(args);
    g_ptr_array_add(argv, NULL);
    if (!g_spawn_sync(NULL, (char **)argv->pdata, NULL, 0, NULL, NULL, out, &errors,
                      &status, NULL))
        return -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
        g_free(*out);
        *out = g_steal_pointer(&errors);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void run_sql(sqlite3 *db, const char *sql)
{
    char *words = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &words) != SQLITE_OK)
        g_error("%s: %s", sql, words);
}

/* Takes the triggers away, alters, and puts them back as they were. */
static void alter(const char *path, const char *sql)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) makes = g_ptr_array_new_with_free_func(g_free);
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt;

    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    sqlite3_prepare_v2(db, "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'",
                       -1, &stmt, NULL);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        g_ptr_array_add(names,
                        g_strconcat("DROP TRIGGER ", sqlite3_column_text(stmt, 0), NULL));
        g_ptr_array_add(makes, g_strdup((const char *)sqlite3_column_text(stmt, 1)));
    }
    sqlite3_finalize(stmt);
    for (guint i = 0; i < names->len; i++)
        run_sql(db, names->pdata[i]);
    run_sql(db, sql);
    for (guint i = 0; i < makes->len; i++)
        run_sql(db, makes->pdata[i]);
    sqlite3_close(db);
}

static char *copy_of(const Drill *drill)
{
    char *path = g_build_filename(drill->dir, "copy.db", NULL);
    g_autofree char *bytes = NULL;
    gsize len;

    g_assert_true(g_file_get_contents(drill->db, &bytes, &len, NULL));
    g_assert_true(g_file_set_contents(path, bytes, (gssize)len, NULL));
    return path;
}

static void a_sound_journal_is_called_so(void)
{
    Drill drill = drill_new("all is well");
    g_autofree char *out = NULL, *by_dir = NULL, *json = NULL;
    g_autofree char *root =
        g_strdup_printf("%" G_GINT64_FORMAT ":%s", drill.size, drill.root);

    CU_ASSERT_EQUAL(
        verify(&out, "--key", drill.public_key, "--root", root, drill.db, NULL), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "SOUND"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "checkpoints  2 of 2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "2, of which 1 erased"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(out, "4 in 1 batches, of which 1 erased; 1 gaps, 5 lost"));
    CU_ASSERT_EQUAL(verify(&by_dir, drill.dir, NULL), 0);
    CU_ASSERT_EQUAL(verify(&json, "--json", drill.db, NULL), 0);
    json_t *parsed = json_loads(json, 0, NULL);
    CU_ASSERT_TRUE(json_is_true(json_object_get(parsed, "ok")));
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(parsed, "holding")), 2);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(parsed, "observations")), 4);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(parsed, "lost")), 5);
    json_decref(parsed);
    drill_clear(&drill);
}

static void it_reads_beside_a_writer(void)
{
    Drill drill = drill_new("all is well");
    Journal *journal = journal_open(drill.dir, NULL);
    g_autofree char *out = NULL;

    CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
    json_t *body = json_object();
    journal_append(journal, &(JournalEvent){.ev_kind = "note/1", .ev_body = body}, NULL);
    json_decref(body);
    CU_ASSERT_EQUAL(verify(&out, drill.db, NULL), 0);
    journal_close(journal);
    drill_clear(&drill);
}

#define ROW "UPDATE observation SET "

/* One alteration each; seq 0: told without an event; negative: see seq_of(). */
static const struct {
    const char *sql;
    gint64 seq;
    const char *words;
} ALTERATIONS[] = {
    {"UPDATE event SET at_us = at_us + 1 WHERE seq = " MIDDLE, 42, "was changed"},
    {"UPDATE event SET clock_us = clock_us - 1 WHERE seq = " MIDDLE, 42, "was changed"},
    {"UPDATE event SET kind = 'note/2' WHERE seq = " MIDDLE, 42, "was changed"},
    {"UPDATE event SET actor = 'tesT' WHERE seq = " MIDDLE, 42, "was changed"},
    {"UPDATE event SET team = 'heaLth' WHERE seq = " MIDDLE, 42, "was changed"},
    {"UPDATE event SET host = 'health/wec' WHERE seq = " MIDDLE, 42, "was changed"},
    {"UPDATE event SET ref = 4 WHERE seq = " MIDDLE, 42, "was changed"},
    {"UPDATE event SET body = replace(body, 'a note', 'b note') WHERE seq = " MIDDLE, 42,
     "was changed"},
    {"UPDATE event SET body = 'no json' WHERE seq = " MIDDLE, 42, "was changed"},
    {"UPDATE event SET prev = replace(prev, substr(prev, 1, 1), 'x') WHERE seq = " MIDDLE,
     42, "does not follow"},
    {"UPDATE event SET hash = substr(hash, 1, 63) || 'x' WHERE seq = " MIDDLE, 42,
     "was changed"},
    {"UPDATE event SET host = '', team = team || host WHERE seq = " MIDDLE, 42,
     "was changed"},
    {"UPDATE event SET seq = 100000 WHERE seq = " MIDDLE, 42, "missing"},
    {"DELETE FROM event WHERE seq = " MIDDLE, 42, "missing"},
    {"DELETE FROM event WHERE seq BETWEEN 40 AND 45", 40, "missing"},
    {"DELETE FROM event WHERE seq = 1", 1, "missing"},
    {"DELETE FROM event WHERE seq >= 50 AND kind <> 'checkpoint/1'", 50, "missing"},
    {"UPDATE check_result SET status = 0 WHERE seq = 10 AND row = 1", 10,
     "row of its round"},
    {"UPDATE check_result SET dur_us = 1201 WHERE seq = 10 AND row = 0", 10,
     "row of its round"},
    {"UPDATE check_result SET check_idx = 5 WHERE seq = 10 AND row = 0", 10,
     "row of its round"},
    {"UPDATE check_result SET text = '\"\\\x01\x7f' WHERE seq = 10 AND row = 1", 10,
     "row of its round"},
    {"UPDATE check_result SET row = 7 WHERE seq = 10 AND row = 1", 10, "numbered anew"},
    {"DELETE FROM check_result WHERE seq = 10 AND row = 1", 10, "has 1 rows, not 2"},
    {"INSERT INTO check_result VALUES(10, 2, 0, 0, 1, '')", 10, "has 3 rows, not 2"},
    {"INSERT INTO check_result VALUES(42, 0, 0, 0, 1, '')", 42, "no check round"},
    {"UPDATE blob SET bytes = CAST('we saW it' AS BLOB) WHERE bytes IS NOT NULL", 0,
     "bytes were changed"},
    {"UPDATE blob SET bytes = NULL, erased = 1 WHERE bytes IS NOT NULL", 0,
     "no event says that it was erased"},
    {"UPDATE blob SET bytes = CAST('x' AS BLOB) WHERE bytes IS NULL", -1,
     "marked as erased"},
    {"DELETE FROM blob WHERE bytes IS NOT NULL", -2, "is gone"},
    {"DELETE FROM blob WHERE bytes IS NULL", -3, "is gone"},
    {ROW "host_idx = 0 WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "n = 5 WHERE row = 0", -4, "row of its batch was changed"},
    {ROW "t_us = t_us + 1 WHERE row = 3", -4, "row of its batch was changed"},
    {ROW "what = 1 WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "act = 1 WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "pid = 401 WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "ppid = 1 WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "uid = 0 WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "auid = 0 WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "exit = 0 WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "origin = 2 WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "act_id = 3 WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "player = 'h-2' WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "player = 'h-2' WHERE row = 2", -4, "row of its batch was changed"},
    {ROW "exe = '/bin/true' WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "args = 'kill 14' WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "cwd = '' WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "path = '/' WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "to_ = 'pid 1' WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "salt = salt + 1 WHERE row = 1", -4, "row of its batch was changed"},
    {ROW "erased = zeroblob(32) WHERE row = 2", -4, "row of its batch was changed"},
    {ROW "row = 7 WHERE row = 3", -4, "numbered anew"},
    {"DELETE FROM observation WHERE row = 3", -4, "has 3 rows, not 4"},
    {"DELETE FROM observation", -4, "has 0 rows, not 4"},
    {"INSERT INTO observation SELECT seq, 4, 0, 4, 0, 0, 0, 0, 0, 0, 0, '', '', '', '',"
     " '', 0, '', 0, 0, 0, NULL FROM observation WHERE row = 0",
     -4, "has 5 rows, not 4"},
    {ROW "seq = 42 WHERE row = 3", 42, "no batch of them"},
    {ROW "args = 'x' WHERE row = 2", -4, "marked as erased, and its texts are there"},
    {ROW "salt = 1 WHERE row = 2", -4, "marked as erased, and its texts are there"},
    {ROW "exe = '', args = '', cwd = '', path = '', to_ = '', salt = NULL,"
         " erased = zeroblob(32) WHERE row = 1",
     -4, "no event says that it was erased"},
    {"UPDATE event SET body = '{\"rows\":[]}' WHERE kind = 'observe.erased/1'", -4,
     "no event says that it was erased"},
    {"UPDATE event SET body = replace(body, '\"queue\":4', '\"queue\":-4') WHERE"
     " kind = 'observe.gap/1'",
     -5, "less than nothing lost"},
    {"UPDATE event SET body = replace(body, '\"to_us\":20', '\"to_us\":9') WHERE"
     " kind = 'observe.gap/1'",
     -5, "no bounds"},
    {"CREATE TRIGGER helpful AFTER INSERT ON event BEGIN SELECT 1; END", 0,
     "that Parry does not make"},
};

static gint64 seq_of(const Drill *drill, gint64 seq)
{
    const gint64 named[] = {drill->erased, drill->report, drill->report + 1, drill->batch,
                            drill->gap};

    return seq < 0 ? named[-seq - 1] : seq;
}

static void every_alteration_is_found_and_named(void)
{
    Drill drill = drill_new("all is well");

    for (gsize i = 0; i < G_N_ELEMENTS(ALTERATIONS); i++) {
        g_autofree char *copy = copy_of(&drill), *out = NULL, *place = NULL;
        gint64 seq = ALTERATIONS[i].seq;
        int status;

        seq = seq_of(&drill, seq);
        place = seq ? g_strdup_printf("the first:\n  event %" G_GINT64_FORMAT ": ", seq)
                    : g_strdup("the first:\n  t");
        alter(copy, ALTERATIONS[i].sql);
        status = verify(&out, copy, NULL);
        CU_ASSERT_EQUAL(status, 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(out, place));
        CU_ASSERT_PTR_NOT_NULL(strstr(out, ALTERATIONS[i].words));
        if (status != 1 || !strstr(out, place) || !strstr(out, ALTERATIONS[i].words))
            fprintf(stderr, "%s\nwanted: %s\n%s\n", ALTERATIONS[i].sql, place, out);
        unlink(copy);
    }
    drill_clear(&drill);
}

static void without(const Drill *drill, const char *sql, const char *words)
{
    g_autofree char *copy = copy_of(drill), *out = NULL;
    sqlite3 *db = NULL;

    sqlite3_open(copy, &db);
    run_sql(db, sql);
    sqlite3_close(db);
    CU_ASSERT_EQUAL(verify(&out, copy, NULL), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, words));
    unlink(copy);
}

static void triggers_that_are_gone_or_toothless_are_found(void)
{
    Drill drill = drill_new("all is well");

    without(&drill, "DROP TRIGGER event_no_update", "event_no_update is gone");
    without(&drill, "DROP TRIGGER blob_only_erase", "blob_only_erase is gone");
    without(
        &drill,
        "DROP TRIGGER event_no_delete; CREATE TRIGGER event_no_delete BEFORE DELETE ON "
        "event BEGIN SELECT 1; END",
        "event_no_delete no longer refuses anything");
    drill_clear(&drill);
}

static void checkpoints_that_do_not_hold_are_found(void)
{
    static const struct {
        const char *sql, *words;
    } cases[] = {
        {"UPDATE event SET body = json_set(body, '$.size', 3) WHERE seq = %d",
         "says another"},
        {"UPDATE event SET body = json_set(body, '$.root', '%064d') WHERE seq = %d",
         "says another"},
        {"UPDATE event SET body = json_set(body, '$.note', 'x') WHERE seq = %d",
         "has no signature"},
        {"UPDATE event SET body = json_set(body, '$.size', 999999) WHERE seq = %d",
         "were not there yet"},
    };
    Drill drill = drill_new("all is well");

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *copy = copy_of(&drill), *out = NULL, *sql = NULL;

        sql = i == 1 ? g_strdup_printf(cases[i].sql, 0, (int)drill.point)
                     : g_strdup_printf(cases[i].sql, (int)drill.point);
        alter(copy, sql);
        CU_ASSERT_EQUAL(verify(&out, copy, NULL), 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(out, cases[i].words));
        unlink(copy);
    }
    drill_clear(&drill);
}

/* Somebody makes the whole chain anew, with other words in one event: every hash holds,
 * and only the signatures, or a key and a root kept elsewhere, tell. */
static void later(const char *dir, const Plan *plan, const char *kind, gint64 ref,
                  json_t *body)
{
    g_autoptr(GError) error = NULL;
    Journal *journal = journal_open(dir, &error);
    Feed to = feed_new(plan, NULL, journal);

    to.fx_seq = journal_seq(journal);
    feed(&to, kind, "health", "health/web", ref, body);
    g_assert_true(journal_commit(journal, NULL));
    journal_close(journal);
}

/* In a chain that is whole: who wrote it made up what it says. */
static void resets_out_of_nowhere_are_found(void)
{
    static const struct {
        const char *decision;
        gint64 reset;
        const char *words;
    } all[] = {
        {"refused", 0, "SOUND"},
        {"refused", 0, "a second decision"},
        {"approved", 7, "approved and no reset of that host"},
    };
    Drill drill = drill_new("all is well");
    g_autofree char *out = NULL, *none = NULL;
    Journal *journal = journal_open(drill.dir, NULL);
    gint64 asked = journal_seq(journal) + 1;

    journal_close(journal);
    later(drill.dir, drill.plan, "reset.asked/1", 0,
          json_pack("{s:s}", "reason", "gone"));
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autofree char *said = NULL;
        later(drill.dir, drill.plan, "reset.decided/1", asked,
              json_pack("{s:s, s:I}", "decision", all[i].decision, "reset",
                        (json_int_t)all[i].reset));
        CU_ASSERT_EQUAL(verify(&said, drill.db, NULL), i > 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(said, all[i].words));
    }
    later(drill.dir, drill.plan, "reset.waived/1", 2, json_object());
    CU_ASSERT_EQUAL(verify(&none, drill.db, NULL), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(none, "nobody had asked for"));
    drill_clear(&drill);
}

static void a_chain_made_anew_is_found(void)
{
    Drill drill = drill_new("the truth"), forged = drill_new("a lie");
    g_autofree char *out = NULL, *own = NULL, *root_out = NULL;
    g_autofree char *root =
        g_strdup_printf("%" G_GINT64_FORMAT ":%s", drill.size, drill.root);

    CU_ASSERT_EQUAL(verify(&own, forged.db, NULL), 0); /* its own word, and it says so */
    CU_ASSERT_PTR_NOT_NULL(strstr(own, "the journal's own word"));
    CU_ASSERT_EQUAL(verify(&out, "--key", drill.public_key, forged.db, NULL), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "signature does not hold"));
    CU_ASSERT_EQUAL(verify(&root_out, "--root", root, forged.db, NULL), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(root_out, "not the one given"));
    drill_clear(&drill);
    drill_clear(&forged);
}

/* The end cut off with its checkpoints leaves nothing inside the file that could tell. */
static void a_cut_end_is_found_by_a_root_kept_elsewhere(void)
{
    Drill drill = drill_new("all is well");
    g_autofree char *copy = copy_of(&drill), *alone = NULL, *out = NULL;
    g_autofree char *root =
        g_strdup_printf("%" G_GINT64_FORMAT ":%s", drill.size, drill.root);

    alter(copy, "DELETE FROM event WHERE seq >= 50; DELETE FROM blob;"
                " DELETE FROM observation");
    CU_ASSERT_EQUAL(verify(&alone, copy, NULL), 0);
    CU_ASSERT_EQUAL(verify(&out, "--root", root, copy, NULL), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "event 50: it and all to"));
    drill_clear(&drill);
}

/* Bytes flipped in the file itself. In what an event says they must be found; anywhere
 * they must not bring the program down. */
static void flipped_bytes_are_found(void)
{
    static const char *const marks[] = {"all is well", "health/web", "connection refused",
                                        "we saw it", "note/1"};
    Drill drill = drill_new("all is well");
    g_autofree char *bytes = NULL;
    gsize len;

    g_assert_true(g_file_get_contents(drill.db, &bytes, &len, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
        g_autofree char *copy = g_build_filename(drill.dir, "copy.db", NULL), *out = NULL;
        char *at = memmem(bytes, len, marks[i], strlen(marks[i]));

        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        at[2] ^= 1;
        g_assert_true(g_file_set_contents(copy, bytes, (gssize)len, NULL));
        at[2] ^= 1;
        CU_ASSERT_EQUAL(verify(&out, copy, NULL), 1);
    }
    for (gsize at = 0; at < len; at += len / 60) {
        g_autofree char *copy = g_build_filename(drill.dir, "copy.db", NULL), *out = NULL;

        bytes[at] ^= 0x55;
        g_assert_true(g_file_set_contents(copy, bytes, (gssize)len, NULL));
        bytes[at] ^= 0x55;
        CU_ASSERT_TRUE(verify(&out, copy, NULL) <= 2);
    }
    drill_clear(&drill);
}

static void what_cannot_be_read_is_told(void)
{
    g_autofree char *dir = g_dir_make_tmp("parry-verify-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "journal.db", NULL);
    g_autofree char *none = NULL, *text = NULL, *other = NULL, *usage = NULL,
                    *root = NULL;
    sqlite3 *db = NULL;

    CU_ASSERT_EQUAL(verify(&none, path, NULL), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(none, "No such file"));
    g_file_set_contents(path, "this is no database at all, only a line of text", -1,
                        NULL);
    CU_ASSERT_EQUAL(verify(&text, path, NULL), 2);
    unlink(path);
    sqlite3_open(path, &db);
    run_sql(db, "CREATE TABLE t(a)");
    sqlite3_close(db);
    CU_ASSERT_EQUAL(verify(&other, path, NULL), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(other, "not a Parry journal"));
    CU_ASSERT_EQUAL(verify(&usage, "--nonsense", path, NULL), 2);
    CU_ASSERT_EQUAL(verify(&root, "--root", "12:zz", path, NULL), 2);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a sound journal is called so", a_sound_journal_is_called_so},
        {"it reads beside a writer", it_reads_beside_a_writer},
        {"every alteration is found and named", every_alteration_is_found_and_named},
        {"triggers gone or toothless are found",
         triggers_that_are_gone_or_toothless_are_found},
        {"checkpoints that do not hold are found",
         checkpoints_that_do_not_hold_are_found},
        {"resets out of nowhere are found", resets_out_of_nowhere_are_found},
        {"a chain made anew is found", a_chain_made_anew_is_found},
        {"a cut end is found", a_cut_end_is_found_by_a_root_kept_elsewhere},
        {"flipped bytes are found", flipped_bytes_are_found},
        {"what cannot be read is told", what_cannot_be_read_is_told},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("verify", tests);
}
