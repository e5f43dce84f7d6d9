/*
 * What the files of the journal share: journal.c (batches), journal_db.c (opening,
 * schema), journal_read.c, observation.c, blob.c, merkle.c, projection.c, replica.c. Not
 * for other modules.
 */
#ifndef PARRY_SCOREBOARD_JOURNAL_PRIV_H
#define PARRY_SCOREBOARD_JOURNAL_PRIV_H

#include "scoreboard/journal.h"
#include "scoreboard/merkle.h"

#include <sqlite3.h>

#define JOURNAL_SCHEMA 2
#define JOURNAL_SCHEMA_ROUNDS 1   /* without observations: taken up, and added to */
#define JOURNAL_APP_ID 0x50415252 /* "PARR" */
#define JOURNAL_BODY_MAX ((gsize)256 * 1024)
#define JOURNAL_HEX 64
#define JOURNAL_NO_HASH "0000000000000000000000000000000000000000000000000000000000000000"

typedef enum {
    ST_BEGIN,
    ST_COMMIT,
    ST_ROLLBACK,
    ST_EVENT,
    ST_CHECK,
    ST_OBSERVATION,
    ST_OBSERVATION_GET,
    ST_OBSERVATION_ERASE,
    ST_BLOB_PUT,
    ST_BLOB_ERASE,
    ST_LAST,
    ST_COUNT,
} JournalStatement;

typedef struct Projections Projections;

struct Journal {
    sqlite3 *jn_db;
    char *jn_path; /* DIR/journal.db */
    int jn_lock;   /* DIR/journal.lock, -1 for a reader */
    gboolean jn_writer;
    int jn_schema;      /* of the file */
    gboolean jn_batch;  /* a transaction is open */
    char *jn_broken;    /* why the batch is lost already; said again at commit */
    GPtrArray *jn_kept; /* of the batch: journal_keep.c; NULL: nothing is kept */
    gboolean jn_erased; /* the batch erases texts: the WAL goes too, after commit */
    gint64 jn_seq, jn_committed;
    char jn_head[JOURNAL_HEX + 1], jn_committed_head[JOURNAL_HEX + 1];
    sqlite3_stmt *jn_stmt[ST_COUNT];
    Projections *jn_projections;
    Merkle jn_merkle; /* over the first jn_merkle.mk_size committed events */
    GByteArray *jn_scratch;
};

/* Turns SQLite's last error into a GError: "journal PATH: WHAT: SQLite's words". */
void journal_db_error(Journal *journal, const char *what, GError **error);
/* Prepares SQL once; NULL on error. */
sqlite3_stmt *journal_prepare(Journal *journal, const char *sql, GError **error);
/* Runs constant SQL without parameters or rows. */
gboolean journal_exec(Journal *journal, const char *sql, const char *what,
                      GError **error);
/* Steps a statement that gives no rows, and resets it. */
gboolean journal_step(Journal *journal, sqlite3_stmt *stmt, const char *what,
                      GError **error);
/* One integer, or `fallback` where there is no row. */
gboolean journal_int(Journal *journal, const char *sql, gint64 fallback, gint64 *out,
                     GError **error);

/* Opens the batch's transaction if none is open. FALSE also where the batch is broken. */
gboolean journal_begin(Journal *journal, GError **error);
/* Rolls the whole batch back; why: said again by journal_commit(), or NULL when that is
 * not wanted. */
void journal_drop_batch(Journal *journal, const char *why);

/* A write failed: drops the batch and hands cause (taken over) to the caller. */
void journal_break_batch(Journal *journal, GError *cause, GError **error);
/* Whether it is one that can be appended at all. */
gboolean journal_check(const JournalEvent *event, GError **error);
/* FALSE, with JOURNAL_ERROR_BODY. */
gboolean journal_bad_event(const JournalEvent *event, const char *why, GError **error);
/* One row of `event`, behind jn_head; nothing else changes. body: canonical text. */
gboolean journal_insert_event(Journal *journal, const JournalEvent *event,
                              const char *body, const char *hash, GError **error);
/* Appends an event whose body gets "rows" and "sha256" besides. */
gint64 journal_append_with_rows(Journal *journal, const JournalEvent *event, guint n_rows,
                                const char *sha256, GError **error);

/* The appending functions of journal.h, past what keeps the batch. */
gint64 journal_write(Journal *journal, const JournalEvent *event, GError **error);
gint64 journal_write_checks(Journal *journal, const JournalEvent *event,
                            const JournalCheckRow *rows, guint n_rows, GError **error);
gint64 journal_write_observations(Journal *journal, const JournalEvent *event,
                                  const JournalObservation *rows, guint n_rows,
                                  GError **error);
gboolean journal_write_blob(Journal *journal, const void *bytes, gsize len,
                            char hash_out[65], GError **error);
/* The lost batch into a new transaction; FALSE, and it is broken again. */
gboolean journal_keep_again(Journal *journal, GError **error);
/* The commit failed: the batch stays broken. Or it is durable: nothing is kept. */
void journal_keep_failed(Journal *journal, const char *why);
void journal_keep_done(Journal *journal);

/* The hash of an event, docs/journal.md; body is the canonical text. */
void journal_hash_event(GByteArray *scratch, gint64 seq, const JournalEvent *event,
                        const char *body, const char *prev, char out[JOURNAL_HEX + 1]);

/* Projections: projection.c. */
Projections *projections_new(void);
void projections_free(Projections *projections);
/* Makes what is missing and rebuilds what has another version; opens its own transaction.
 */
gboolean projections_ready(Journal *journal, GError **error);
gboolean projections_apply(Journal *journal, const JournalEvent *event, GError **error);

#endif
