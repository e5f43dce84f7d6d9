/*
 * A batch that outlives a disk without room: what was appended since the last commit is
 * kept in memory and, where a write fails, written again from the first event on when the
 * next commit is tried. Numbers and times that were given stay as they are.
 */
#include "scoreboard/journal_priv.h"

#include "scenarios/base/cjson.h"

#include <string.h>

typedef enum { KEPT_EVENT, KEPT_CHECKS, KEPT_OBSERVATIONS, KEPT_BLOB } KeptKind;

typedef struct {
    KeptKind kp_kind;
    JournalEvent kp_event; /* its texts and body are the entry's own */
    GPtrArray *kp_texts;   /* all other texts of the entry */
    gpointer kp_rows;
    guint kp_n_rows;
    GBytes *kp_blob;
} Kept;

static char *own(Kept *kept, const char *text)
{
    char *copy = g_strdup(text ? text : "");

    g_ptr_array_add(kept->kp_texts, copy);
    return copy;
}

static void kept_free(gpointer data)
{
    Kept *kept = data;

    g_ptr_array_unref(kept->kp_texts);
    json_decref((json_t *)kept->kp_event.ev_body);
    g_clear_pointer(&kept->kp_blob, g_bytes_unref);
    g_free(kept->kp_rows);
    g_free(kept);
}

void journal_keep(Journal *journal)
{
    if (!journal->jn_kept)
        journal->jn_kept = g_ptr_array_new_with_free_func(kept_free);
}

static Kept *kept_new(KeptKind kind)
{
    Kept *kept = g_new0(Kept, 1);

    kept->kp_kind = kind;
    kept->kp_texts = g_ptr_array_new_with_free_func(g_free);
    return kept;
}

static Kept *kept_event(KeptKind kind, const JournalEvent *event)
{
    Kept *kept = kept_new(kind);

    kept->kp_event = *event;
    kept->kp_event.ev_kind = own(kept, event->ev_kind);
    kept->kp_event.ev_actor = own(kept, event->ev_actor);
    kept->kp_event.ev_team = own(kept, event->ev_team);
    kept->kp_event.ev_host = own(kept, event->ev_host);
    kept->kp_event.ev_body = json_incref((json_t *)event->ev_body);
    return kept;
}

static void keep_checks(Kept *kept, const JournalCheckRow *rows, guint n_rows)
{
    JournalCheckRow *copy = g_memdup2(rows, n_rows * sizeof *rows);

    for (guint i = 0; i < n_rows; i++)
        copy[i].cr_text = own(kept, rows[i].cr_text);
    kept->kp_rows = copy;
    kept->kp_n_rows = n_rows;
}

static void keep_observations(Kept *kept, const JournalObservation *rows, guint n_rows)
{
    JournalObservation *copy = g_memdup2(rows, n_rows * sizeof *rows);

    for (guint i = 0; i < n_rows; i++) {
        copy[i].ob_exe = own(kept, rows[i].ob_exe);
        copy[i].ob_args = own(kept, rows[i].ob_args);
        copy[i].ob_cwd = own(kept, rows[i].ob_cwd);
        copy[i].ob_path = own(kept, rows[i].ob_path);
        copy[i].ob_to = own(kept, rows[i].ob_to);
        copy[i].ob_player = own(kept, rows[i].ob_player);
    }
    kept->kp_rows = copy;
    kept->kp_n_rows = n_rows;
}

/* Into the open transaction; -1: refused, or the write failed. */
static gint64 write_kept(Journal *journal, const Kept *kept, GError **error)
{
    char hash[JOURNAL_HEX + 1];
    gsize len;

    switch (kept->kp_kind) {
    case KEPT_EVENT:
        return journal_write(journal, &kept->kp_event, error);
    case KEPT_CHECKS:
        return journal_write_checks(journal, &kept->kp_event, kept->kp_rows,
                                    kept->kp_n_rows, error);
    case KEPT_OBSERVATIONS:
        return journal_write_observations(journal, &kept->kp_event, kept->kp_rows,
                                          kept->kp_n_rows, error);
    case KEPT_BLOB: {
        gconstpointer bytes = g_bytes_get_data(kept->kp_blob, &len);
        return journal_write_blob(journal, bytes, len, hash, error) ? 0 : -1;
    }
    }
    return -1;
}

/* The number that the last kept event has, or will have. */
static gint64 last_seq(const Journal *journal)
{
    gint64 seq = journal->jn_committed;

    for (guint i = 0; i < journal->jn_kept->len; i++)
        seq += ((Kept *)journal->jn_kept->pdata[i])->kp_kind != KEPT_BLOB;
    return seq;
}

/* kept is taken over. A write that fails is no failure: the next commit says so. */
static gint64 keep(Journal *journal, Kept *kept, GError **error)
{
    g_autoptr(GError) cause = NULL;
    gboolean refused =
        journal->jn_broken
            ? kept->kp_kind != KEPT_BLOB && !journal_check(&kept->kp_event, &cause)
            : write_kept(journal, kept, &cause) < 0 && !journal->jn_broken;

    if (refused) { /* nothing was touched */
        kept_free(kept);
        g_propagate_error(error, g_steal_pointer(&cause));
        return -1;
    }
    g_ptr_array_add(journal->jn_kept, kept);
    if (journal->jn_broken)
        journal->jn_seq = last_seq(journal);
    return journal->jn_seq;
}

static JournalEvent now(const JournalEvent *event)
{
    JournalEvent timed = *event;

    if (!timed.ev_at_us)
        timed.ev_at_us = g_get_real_time();
    return timed;
}

gint64 journal_append(Journal *journal, const JournalEvent *event, GError **error)
{
    JournalEvent timed = now(event);

    return journal->jn_kept ? keep(journal, kept_event(KEPT_EVENT, &timed), error)
                            : journal_write(journal, event, error);
}

gint64 journal_append_checks(Journal *journal, const JournalEvent *event,
                             const JournalCheckRow *rows, guint n_rows, GError **error)
{
    JournalEvent timed = now(event);

    if (!journal->jn_kept)
        return journal_write_checks(journal, event, rows, n_rows, error);
    Kept *kept = kept_event(KEPT_CHECKS, &timed);
    keep_checks(kept, rows, n_rows);
    return keep(journal, kept, error);
}

gint64 journal_append_observations(Journal *journal, const JournalEvent *event,
                                   const JournalObservation *rows, guint n_rows,
                                   GError **error)
{
    JournalEvent timed = now(event);

    if (!journal->jn_kept)
        return journal_write_observations(journal, event, rows, n_rows, error);
    Kept *kept = kept_event(KEPT_OBSERVATIONS, &timed);
    keep_observations(kept, rows, n_rows);
    return keep(journal, kept, error);
}

gboolean journal_blob_put(Journal *journal, const void *bytes, gsize len,
                          char hash_out[65], GError **error)
{
    if (!journal->jn_kept)
        return journal_write_blob(journal, bytes, len, hash_out, error);
    Kept *kept = kept_new(KEPT_BLOB);
    kept->kp_blob = g_bytes_new(bytes, len);
    cjson_sha256_bytes(bytes, len, hash_out);
    return keep(journal, kept, error) >= 0;
}

/* ---- once more ---- */

gboolean journal_keep_again(Journal *journal, GError **error)
{
    g_autoptr(GError) cause = NULL;

    g_clear_pointer(&journal->jn_broken, g_free);
    journal->jn_seq = journal->jn_committed;
    for (guint i = 0; i < journal->jn_kept->len; i++) {
        if (write_kept(journal, journal->jn_kept->pdata[i], &cause) >= 0)
            continue;
        if (!journal->jn_broken) /* not for want of room: it never will be */
            journal_drop_batch(journal, cause->message);
        journal->jn_seq = last_seq(journal);
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return TRUE;
}

void journal_keep_failed(Journal *journal, const char *why)
{
    journal_drop_batch(journal, why);
    journal->jn_seq = last_seq(journal);
}

void journal_keep_done(Journal *journal)
{
    if (journal->jn_kept)
        g_ptr_array_set_size(journal->jn_kept, 0);
}
