/*
 * The journal: one SQLite database per drill, an append-only, hash-chained table of
 * events and what is projected from it. Schema and kinds: docs/journal.md.
 *
 * One process writes (parryd); any number read (report, verify, replay). A writer adds
 * events to a batch and commits the batch as a whole: nothing may be acknowledged or
 * acted upon before journal_commit() has returned TRUE. Not for use by several threads.
 */
#ifndef PARRY_SCOREBOARD_JOURNAL_H
#define PARRY_SCOREBOARD_JOURNAL_H

#include <glib.h>
#include <jansson.h>
#include <stdint.h>

typedef struct Journal Journal;

typedef struct {
    gint64 ev_seq;       /* from 1, without gaps */
    gint64 ev_at_us;     /* UTC, microseconds since the epoch */
    gint64 ev_clock_us;  /* drill clock */
    const char *ev_kind; /* "check.round/1" */
    const char
        *ev_actor; /* "parryd", "white:root", "health/alice", "agent", "script:health" */
    const char *ev_team;   /* team id, or "" */
    const char *ev_host;   /* host id, or "" */
    gint64 ev_ref;         /* seq of the event this one answers or corrects, 0 for none */
    const json_t *ev_body; /* an object; canonical JSON when stored */
    const char *ev_hash;   /* 64 hex digits; ignored when appending */
} JournalEvent;

typedef struct {
    int cr_check;  /* index of the check in the plan */
    int cr_status; /* enum CheckStatus of scoreboard/kinds.h */
    gint64 cr_dur_us;
    const char *cr_text; /* reason, or "" */
} JournalCheckRow;

#define JOURNAL_OBSERVATIONS_MAX 1000     /* rows of one batch */
#define JOURNAL_OBSERVATION_TEXT_MAX 4096 /* bytes of one text of a row */

/* One thing that an agent saw; numbers are those of the wire (scoreboard/kinds.h names
 * them), -1 where not known. Texts are never NULL. */
typedef struct {
    int ob_host;    /* index in the plan */
    guint64 ob_n;   /* the agent's number of it */
    gint64 ob_t_us; /* the guest's wall clock, corrected by what it was measured to be off
                     */
    int ob_what, ob_act, ob_origin;
    int ob_pid, ob_ppid, ob_exit;
    gint64 ob_uid, ob_auid;
    guint64 ob_act_id; /* the order or terminal that it came from, 0 for none */
    const char *ob_exe, *ob_args, *ob_cwd, *ob_path, *ob_to;
    const char *ob_player; /* pseudonym, or "" */
    gboolean ob_erased; /* its texts but the player were erased; ignored when appending */
} JournalObservation;

typedef enum {
    JOURNAL_ERROR_OPEN,
    JOURNAL_ERROR_LOCKED, /* another process writes it */
    JOURNAL_ERROR_VERSION,
    JOURNAL_ERROR_IO, /* disk full included */
    JOURNAL_ERROR_CORRUPT,
    JOURNAL_ERROR_BODY, /* not canonical: a real, too large (256 KiB), unknown kind */
} JournalError;
#define JOURNAL_ERROR (journal_error_quark())
GQuark journal_error_quark(void);

/* Makes DIR/journal.db and opens it for writing; fails where it exists. */
Journal *journal_create(const char *dir, GError **error);
/* Opens for writing (exclusive among writers) and rebuilds projections of another
 * version. */
Journal *journal_open(const char *dir, GError **error);
/* Opens for reading beside a running writer. */
Journal *journal_open_read(const char *dir, GError **error);
/* From now on a commit does not wait for the disk: for a journal that would be made again
 * rather than recovered. */
gboolean journal_hurry(Journal *journal, GError **error);
/*
 * From now on a batch that cannot be written is not lost: appending goes on (what is
 * appended is numbered and kept in memory), journal_commit() fails, the batch stays, and
 * a later journal_commit() writes all of it. Erasing is no part of that.
 */
void journal_keep(Journal *journal);
void journal_close(Journal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Journal, journal_close)

/*
 * Adds an event to the current batch and gives it its seq (> 0), or returns -1. It is
 * not durable before journal_commit(). ev_seq, ev_hash are ignored; ev_at_us 0 is now.
 */
gint64 journal_append(Journal *journal, const JournalEvent *event, GError **error);

/* The same for one check round: rows go to their typed table, their SHA-256 into the body
 * (members "rows" and "sha256" are added to ev_body's copy). */
gint64 journal_append_checks(Journal *journal, const JournalEvent *event,
                             const JournalCheckRow *rows, guint n_rows, GError **error);

/*
 * The same for a batch of observations (`observe.batch/1`), 1 to JOURNAL_OBSERVATIONS_MAX
 * rows of any hosts: members "rows" and "sha256" are added to ev_body's copy. Texts that
 * are too long or not UTF-8, and numbers that name nothing, are JOURNAL_ERROR_BODY, and
 * nothing was appended.
 */
gint64 journal_append_observations(Journal *journal, const JournalEvent *event,
                                   const JournalObservation *rows, guint n_rows,
                                   GError **error);

/*
 * Erases exe, args, cwd, path and to of these rows of a committed batch for good and
 * appends `observe.erased/1`, in the batch. Numbers, times and the pseudonym stay. Rows
 * that are erased already are passed over; where all are, or one is not there, it fails.
 */
gboolean journal_erase_observations(Journal *journal, gint64 seq, const guint *rows,
                                    guint n_rows, GError **error);

/* Makes the batch durable (synchronous=FULL). TRUE with nothing to do. On failure the
 * whole batch is lost, the journal stays usable and journal_seq() is that of the last
 * commit. */
gboolean journal_commit(Journal *journal, GError **error);
gboolean journal_dirty(const Journal *journal);

gint64 journal_seq(const Journal *journal); /* last seq, uncommitted ones included */
gint64 journal_committed(const Journal *journal); /* last durable seq */

/*
 * Calls fn for each event with after < seq, in order (limit 0: all), as committed.
 * Pointers in the event live during the call only. fn returns FALSE to stop.
 */
typedef gboolean (*JournalEach)(const JournalEvent *event, gpointer data);
gboolean journal_each(Journal *journal, gint64 after, gint64 limit, JournalEach fn,
                      gpointer data, GError **error);
typedef gboolean (*JournalEachCheck)(gint64 seq, const JournalCheckRow *row,
                                     gpointer data);
gboolean journal_each_check(Journal *journal, gint64 seq, JournalEachCheck fn,
                            gpointer data, GError **error);

/* The rows of one batch, or of all in order where seq is 0; as committed. */
typedef gboolean (*JournalEachObservation)(gint64 seq, guint row,
                                           const JournalObservation *observation,
                                           gpointer data);
gboolean journal_each_observation(Journal *journal, gint64 seq, JournalEachObservation fn,
                                  gpointer data, GError **error);

/* Stores bytes as a blob by hash (free text, evidence, output); hash_out: 64 hex digits.
 * Same transaction as the batch. */
gboolean journal_blob_put(Journal *journal, const void *bytes, gsize len,
                          char hash_out[65], GError **error);
/* The blob, or NULL with error NULL where it was erased (a tombstone). */
GBytes *journal_blob_get(Journal *journal, const char *hash, GError **error);
/* Erases the bytes and appends `blob.erased/1`, in the batch; what was erased stays
 * erased, also where the same bytes are put again. */
gboolean journal_blob_erase(Journal *journal, const char *hash, GError **error);

/* Root of the RFC 6962 tree over the event hashes with seq <= size; 64 hex digits. */
gboolean journal_root(Journal *journal, gint64 size, char root[65], GError **error);

/* Drops and rebuilds every projection from the events (a test compares). */
gboolean journal_rebuild(Journal *journal, GError **error);

/*
 * The rows of a projection as an array of objects, one a row, members by column; the
 * batch in progress included. Caller owns it. Names: "drill_state" {state, was, reason,
 * seq, clock_us, at_us, last_us: of the last event}, "host_state" {host, state, reason,
 * seq, clock_us}, "inject_state" {inject, team, state, reason, seq, clock_us}, and
 * "open_act" {seq, kind, team, host, inject}: each `x.wanted` that nothing has settled,
 * which is what a restarted daemon looks at first.
 */
json_t *journal_projection(Journal *journal, const char *name, GError **error);

#endif
