/*
 * A viewer's own stream of events, numbered from 1 without gaps.
 *
 * What is under embargo enters the stream when it is disclosed, not where it stands in
 * the journal: a number once given never means another event, whoever asks again and
 * whenever. The stream is a fold like the ledger: the same journal gives the same
 * numbers.
 */
#ifndef PARRY_SCOREBOARD_STREAM_H
#define PARRY_SCOREBOARD_STREAM_H

#include "scoreboard/view.h"

typedef struct Stream Stream;

/* One serves all viewers of a kind: the room, one team, white. plan must outlive it. */
Stream *stream_new(const Viewer *viewer, const Plan *plan);
void stream_free(Stream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stream, stream_free)

/* Takes each committed event in order, right after ledger_apply() took it. Returns how
 * many events it added to the stream: they are the last ones. */
guint stream_apply(Stream *stream, const Ledger *ledger, const JournalEvent *event);

gint64 stream_count(const Stream *stream);
/* Journal seq of number n (1 to stream_count()). */
gint64 stream_seq(const Stream *stream, gint64 n);

/* Calls fn for number n and those after it, in order, as journal_each() does. */
gboolean stream_each(const Stream *stream, Journal *journal, gint64 n, JournalEach fn,
                     gpointer data, GError **error);

#endif
