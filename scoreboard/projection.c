/*
 * Projections: small tables derived from the events, changed in the transaction of the
 * event that changes them. A projection is a row of PROJECTIONS (its table and the one
 * statement of each effect) and rows of RULES (which kind has which effect).
 */
#include "scoreboard/journal_priv.h"
#include "scoreboard/kinds.h"

#include <string.h>

typedef enum { EFFECT_SET, EFFECT_CLEAR, EFFECTS } Effect;

/* Parameters of every effect: ?1 seq, ?2 ref, ?3 clock_us, ?4 kind, ?5 team, ?6 host,
 * ?7 the rule's word, or where that is NULL the body's "state", ?8 "reason", ?9 "inject",
 * ?10 "from", ?11 "to". */
typedef struct {
    const char *pr_name;
    int pr_version; /* raise it with any change here or in the rules: forces a rebuild */
    const char *pr_create, *pr_drop, *pr_select;
    const char *pr_effect[EFFECTS];
} ProjectionInfo;

enum { DRILL_STATE, HOST_STATE, INJECT_STATE, OPEN_ACT, N_PROJECTIONS };

static const ProjectionInfo PROJECTIONS[N_PROJECTIONS] = {
    /* One row. What its last state was, when a drill ends without a word (last_us: the
     * last event), without a walk through a journal of days. */
    [DRILL_STATE] =
        {"drill_state",
         1,
         "CREATE TABLE drill_state(id INTEGER PRIMARY KEY, state TEXT NOT NULL,"
         " was TEXT NOT NULL, reason TEXT NOT NULL, seq INTEGER NOT NULL,"
         " clock_us INTEGER NOT NULL) STRICT",
         "DROP TABLE IF EXISTS drill_state",
         "SELECT d.state, d.was, d.reason, d.seq, d.clock_us, e.at_us,"
         " (SELECT at_us FROM event ORDER BY seq DESC LIMIT 1) AS last_us"
         " FROM drill_state d JOIN event e ON e.seq = d.seq",
         {"INSERT OR REPLACE INTO drill_state(id, state, was, reason, seq, clock_us)"
          " VALUES(1, ?11, ?10, ?8, ?1, ?3)",
          NULL}},
    [HOST_STATE] =
        {"host_state",
         1,
         "CREATE TABLE host_state(host TEXT PRIMARY KEY, state TEXT NOT NULL,"
         " reason TEXT NOT NULL, seq INTEGER NOT NULL, clock_us INTEGER NOT NULL"
         ") STRICT, WITHOUT ROWID",
         "DROP TABLE IF EXISTS host_state",
         "SELECT * FROM host_state ORDER BY host",
         {"INSERT OR REPLACE INTO host_state(host, state, reason, seq, clock_us)"
          " VALUES(?6, ?7, ?8, ?1, ?3)",
          NULL}},
    [INJECT_STATE] =
        {"inject_state",
         2,
         "CREATE TABLE inject_state(inject TEXT PRIMARY KEY, team TEXT NOT NULL,"
         " state TEXT NOT NULL, reason TEXT NOT NULL, seq INTEGER NOT NULL,"
         " clock_us INTEGER NOT NULL) STRICT, WITHOUT ROWID",
         "DROP TABLE IF EXISTS inject_state",
         "SELECT * FROM inject_state ORDER BY inject",
         {"INSERT OR REPLACE INTO inject_state(inject, team, state, reason, seq, "
          "clock_us)"
          " VALUES(?9, ?5, ?7, ?8, ?1, ?3)",
          NULL}},
    /* What was wanted and is not settled: what a restarted daemon has to look at. */
    [OPEN_ACT] = {"open_act",
                  1,
                  "CREATE TABLE open_act(seq INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
                  " team TEXT NOT NULL, host TEXT NOT NULL, inject TEXT NOT NULL) STRICT",
                  "DROP TABLE IF EXISTS open_act",
                  "SELECT * FROM open_act ORDER BY seq",
                  {"INSERT OR REPLACE INTO open_act(seq, kind, team, host, inject)"
                   " VALUES(?1, ?4, ?5, ?6, ?9)",
                   "DELETE FROM open_act WHERE seq = ?2"}},
};

typedef struct {
    const char *ru_kind;
    int ru_projection;
    Effect ru_effect;
    const char *ru_word;
} Rule;

static const Rule RULES[] = {
    {"drill.state/1", DRILL_STATE, EFFECT_SET, ""},
    {"domain.wanted/1", HOST_STATE, EFFECT_SET, "creating"},
    {"domain.done/1", HOST_STATE, EFFECT_SET, "created"},
    {"domain.failed/1", HOST_STATE, EFFECT_SET, "failed"},
    {"domain.lost/1", HOST_STATE, EFFECT_SET, "lost"},
    {"domain.destroy.wanted/1", HOST_STATE, EFFECT_SET, "destroying"},
    {"domain.destroy.done/1", HOST_STATE, EFFECT_SET, "destroyed"},
    {"agent.hello/1", HOST_STATE, EFFECT_SET, "agent"},
    {"agent.ready/1", HOST_STATE, EFFECT_SET, "ready"},
    {"agent.lost/1", HOST_STATE, EFFECT_SET, "silent"},
    {"agent.back/1", HOST_STATE, EFFECT_SET, "ready"},
    {"agent.cut/1", HOST_STATE, EFFECT_SET, "cut"},
    {"inject.held/1", INJECT_STATE, EFFECT_SET, "held"},
    {"inject.wanted/1", INJECT_STATE, EFFECT_SET, "running"},
    {"inject.executed/1", INJECT_STATE, EFFECT_SET, "executed"},
    {"inject.ended/1", INJECT_STATE, EFFECT_SET, NULL},
    {"inject.ended/1", OPEN_ACT, EFFECT_CLEAR, ""},
};

struct Projections {
    GArray *ps_rules;       /* Rule: RULES and those of OPEN_ACT, made from the kinds */
    GHashTable *ps_by_kind; /* kind -> GArray of int: indexes into ps_rules */
    sqlite3_stmt *ps_stmt[N_PROJECTIONS][EFFECTS];
};

static void add_rule(Projections *projections, Rule rule)
{
    GArray *list = g_hash_table_lookup(projections->ps_by_kind, rule.ru_kind);
    int index = (int)projections->ps_rules->len;

    if (!list) {
        list = g_array_new(FALSE, FALSE, sizeof(int));
        g_hash_table_insert(projections->ps_by_kind, (gpointer)rule.ru_kind, list);
    }
    g_array_append_val(projections->ps_rules, rule);
    g_array_append_val(list, index);
}

/* "x.wanted/1" opens an act; "x.done/1", "x.failed/1" and "x.lost/1" settle it. */
static void add_act_rules(Projections *projections)
{
    static const char *const ends[] = {".done/1", ".failed/1", ".lost/1"};
    gsize count;
    const KindInfo *kinds = kinds_all(&count);

    for (gsize i = 0; i < count; i++) {
        const char *kind = kinds[i].kd_name;

        if (g_str_has_suffix(kind, ".wanted/1"))
            add_rule(projections, (Rule){kind, OPEN_ACT, EFFECT_SET, ""});
        for (gsize e = 0; e < G_N_ELEMENTS(ends); e++)
            if (g_str_has_suffix(kind, ends[e]))
                add_rule(projections, (Rule){kind, OPEN_ACT, EFFECT_CLEAR, ""});
    }
}

Projections *projections_new(void)
{
    Projections *projections = g_new0(Projections, 1);

    projections->ps_rules = g_array_new(FALSE, FALSE, sizeof(Rule));
    projections->ps_by_kind = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                                    (GDestroyNotify)g_array_unref);
    for (gsize i = 0; i < G_N_ELEMENTS(RULES); i++)
        add_rule(projections, RULES[i]);
    add_act_rules(projections);
    return projections;
}

static void forget_statements(Projections *projections)
{
    for (int p = 0; p < N_PROJECTIONS; p++)
        for (int e = 0; e < EFFECTS; e++)
            g_clear_pointer(&projections->ps_stmt[p][e], sqlite3_finalize);
}

void projections_free(Projections *projections)
{
    forget_statements(projections);
    g_hash_table_unref(projections->ps_by_kind);
    g_array_unref(projections->ps_rules);
    g_free(projections);
}

static sqlite3_stmt *statement(Journal *journal, int projection, Effect effect,
                               GError **error)
{
    sqlite3_stmt **slot = &journal->jn_projections->ps_stmt[projection][effect];

    if (!*slot)
        *slot =
            journal_prepare(journal, PROJECTIONS[projection].pr_effect[effect], error);
    return *slot;
}

static void bind_member(sqlite3_stmt *stmt, int at, const json_t *body,
                        const char *member)
{
    const char *text = json_string_value(json_object_get(body, member));

    sqlite3_bind_text(stmt, at, text ? text : "", -1, SQLITE_STATIC);
}

static gboolean apply_rule(Journal *journal, const Rule *rule, const JournalEvent *event,
                           GError **error)
{
    sqlite3_stmt *stmt = statement(journal, rule->ru_projection, rule->ru_effect, error);
    int n;

    if (!stmt)
        return FALSE;
    n = sqlite3_bind_parameter_count(stmt); /* the highest number that it uses */
    sqlite3_bind_int64(stmt, 1, event->ev_seq);
    sqlite3_bind_int64(stmt, 2, event->ev_ref);
    if (n > 2) {
        sqlite3_bind_int64(stmt, 3, event->ev_clock_us);
        sqlite3_bind_text(stmt, 4, event->ev_kind, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 5, event->ev_team, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 6, event->ev_host, -1, SQLITE_STATIC);
        if (rule->ru_word)
            sqlite3_bind_text(stmt, 7, rule->ru_word, -1, SQLITE_STATIC);
        else
            bind_member(stmt, 7, event->ev_body, "state");
        bind_member(stmt, 8, event->ev_body, "reason");
        bind_member(stmt, 9, event->ev_body, "inject");
        bind_member(stmt, 10, event->ev_body, "from");
        bind_member(stmt, 11, event->ev_body, "to");
    }
    return journal_step(journal, stmt, PROJECTIONS[rule->ru_projection].pr_name, error);
}

gboolean projections_apply(Journal *journal, const JournalEvent *event, GError **error)
{
    Projections *projections = journal->jn_projections;
    GArray *list = g_hash_table_lookup(projections->ps_by_kind, event->ev_kind);

    for (guint i = 0; list && i < list->len; i++) {
        int index = g_array_index(list, int, i);

        if (!apply_rule(journal, &g_array_index(projections->ps_rules, Rule, index),
                        event, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- rebuilding ---- */

typedef struct {
    Journal *rb_journal;
    const gboolean *rb_wanted; /* by projection */
    GError **rb_error;
    gboolean rb_failed;
} Rebuild;

static gboolean rebuild_event(const JournalEvent *event, gpointer data)
{
    Rebuild *rebuild = data;
    Projections *projections = rebuild->rb_journal->jn_projections;
    GArray *list = g_hash_table_lookup(projections->ps_by_kind, event->ev_kind);

    for (guint i = 0; list && i < list->len && !rebuild->rb_failed; i++) {
        const Rule *rule =
            &g_array_index(projections->ps_rules, Rule, g_array_index(list, int, i));

        if (rebuild->rb_wanted[rule->ru_projection])
            rebuild->rb_failed =
                !apply_rule(rebuild->rb_journal, rule, event, rebuild->rb_error);
    }
    return !rebuild->rb_failed;
}

static gboolean write_version(Journal *journal, const ProjectionInfo *info,
                              GError **error)
{
    sqlite3_stmt *stmt = journal_prepare(
        journal, "INSERT OR REPLACE INTO projection(name, version) VALUES(?1, ?2)",
        error);
    gboolean ok;

    if (!stmt)
        return FALSE;
    sqlite3_bind_text(stmt, 1, info->pr_name, -1, SQLITE_STATIC);
    sqlite3_bind_int(stmt, 2, info->pr_version);
    ok = journal_step(journal, stmt, info->pr_name, error);
    sqlite3_finalize(stmt);
    return ok;
}

static gboolean rebuild_in(Journal *journal, const gboolean *wanted, GError **error)
{
    Rebuild rebuild = {journal, wanted, error, FALSE};

    for (int p = 0; p < N_PROJECTIONS; p++)
        if (wanted[p] &&
            (!journal_exec(journal, PROJECTIONS[p].pr_drop, "drop", error) ||
             !journal_exec(journal, PROJECTIONS[p].pr_create, "create", error) ||
             !write_version(journal, &PROJECTIONS[p], error)))
            return FALSE;
    return journal_each(journal, 0, 0, rebuild_event, &rebuild, error) &&
           !rebuild.rb_failed;
}

static gboolean rebuild_some(Journal *journal, const gboolean *wanted, GError **error)
{
    forget_statements(journal->jn_projections);
    if (!journal_begin(journal, error))
        return FALSE;
    if (!rebuild_in(journal, wanted, error)) {
        journal_drop_batch(journal, NULL);
        return FALSE;
    }
    return journal_commit(journal, error);
}

static gboolean has_version(Journal *journal, const ProjectionInfo *info, gboolean *same,
                            GError **error)
{
    sqlite3_stmt *stmt = journal_prepare(
        journal, "SELECT 1 FROM projection WHERE name = ?1 AND version = ?2", error);
    int rc;

    if (!stmt)
        return FALSE;
    sqlite3_bind_text(stmt, 1, info->pr_name, -1, SQLITE_STATIC);
    sqlite3_bind_int(stmt, 2, info->pr_version);
    rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        journal_db_error(journal, "read projections", error);
    sqlite3_finalize(stmt);
    *same = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

gboolean projections_ready(Journal *journal, GError **error)
{
    gboolean wanted[N_PROJECTIONS] = {FALSE}, any = FALSE;

    for (int p = 0; p < N_PROJECTIONS; p++) {
        gboolean same;

        if (!has_version(journal, &PROJECTIONS[p], &same, error))
            return FALSE;
        wanted[p] = !same;
        any = any || !same;
    }
    return !any || rebuild_some(journal, wanted, error);
}

gboolean journal_rebuild(Journal *journal, GError **error)
{
    gboolean wanted[N_PROJECTIONS];

    for (int p = 0; p < N_PROJECTIONS; p++)
        wanted[p] = TRUE;
    if (journal_dirty(journal)) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_IO,
                    "journal %s: rebuild: a batch is open; commit it first",
                    journal->jn_path);
        return FALSE;
    }
    return rebuild_some(journal, wanted, error);
}

/* ---- reading ---- */

static json_t *row_json(sqlite3_stmt *stmt)
{
    json_t *row = json_object();

    for (int c = 0; c < sqlite3_column_count(stmt); c++) {
        const char *name = sqlite3_column_name(stmt, c);

        if (sqlite3_column_type(stmt, c) == SQLITE_INTEGER)
            json_object_set_new(row, name, json_integer(sqlite3_column_int64(stmt, c)));
        else
            json_object_set_new(row, name,
                                json_string((const char *)sqlite3_column_text(stmt, c)));
    }
    return row;
}

json_t *journal_projection(Journal *journal, const char *name, GError **error)
{
    const ProjectionInfo *info = NULL;
    sqlite3_stmt *stmt;
    json_t *rows;
    int rc;

    for (int p = 0; p < N_PROJECTIONS; p++)
        if (strcmp(PROJECTIONS[p].pr_name, name) == 0)
            info = &PROJECTIONS[p];
    if (!info) {
        g_set_error(error, JOURNAL_ERROR, JOURNAL_ERROR_VERSION,
                    "journal %s: no projection '%s'", journal->jn_path, name);
        return NULL;
    }
    stmt = journal_prepare(journal, info->pr_select, error);
    if (!stmt)
        return NULL;
    rows = json_array();
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
        json_array_append_new(rows, row_json(stmt));
    if (rc != SQLITE_DONE) {
        journal_db_error(journal, name, error);
        g_clear_pointer(&rows, json_decref);
    }
    sqlite3_finalize(stmt);
    return rows;
}
