#include "scoreboard/stream.h"

typedef struct {
    gint64 hd_seq;
    int hd_inject;
} Hidden;

struct Stream {
    Viewer st_viewer;
    const Plan *st_plan;
    GArray *st_seqs;   /* gint64: number n is at n - 1 */
    GArray *st_hidden; /* Hidden, in order: what waits for its disclosure */
};

Stream *stream_new(const Viewer *viewer, const Plan *plan)
{
    Stream *stream = g_new0(Stream, 1);

    stream->st_viewer = *viewer;
    stream->st_plan = plan;
    stream->st_seqs = g_array_new(FALSE, FALSE, sizeof(gint64));
    stream->st_hidden = g_array_new(FALSE, FALSE, sizeof(Hidden));
    return stream;
}

void stream_free(Stream *stream)
{
    if (!stream)
        return;
    g_array_unref(stream->st_seqs);
    g_array_unref(stream->st_hidden);
    g_free(stream);
}

/* Moves what has been disclosed meanwhile, in its order. */
static void disclose(Stream *stream, const Ledger *ledger)
{
    guint kept = 0;

    for (guint i = 0; i < stream->st_hidden->len; i++) {
        Hidden hidden = g_array_index(stream->st_hidden, Hidden, i);

        if (ledger_disclosed(ledger, hidden.hd_inject, view_audience(&stream->st_viewer)))
            g_array_append_val(stream->st_seqs, hidden.hd_seq);
        else
            g_array_index(stream->st_hidden, Hidden, kept++) = hidden;
    }
    g_array_set_size(stream->st_hidden, kept);
}

guint stream_apply(Stream *stream, const Ledger *ledger, const JournalEvent *event)
{
    guint before = stream->st_seqs->len;

    disclose(stream, ledger);
    switch (view_event_sight(&stream->st_viewer, stream->st_plan, ledger, event)) {
    case SIGHT_NOW:
        g_array_append_val(stream->st_seqs, event->ev_seq);
        break;
    case SIGHT_LATER: {
        Hidden hidden = {event->ev_seq, ledger_event_inject(ledger, event)};

        g_array_append_val(stream->st_hidden, hidden);
        break;
    }
    case SIGHT_NEVER:
        break;
    }
    return stream->st_seqs->len - before;
}

gint64 stream_count(const Stream *stream)
{
    return stream->st_seqs->len;
}

gint64 stream_seq(const Stream *stream, gint64 n)
{
    return g_array_index(stream->st_seqs, gint64, n - 1);
}

typedef struct {
    JournalEach on_fn;
    gpointer on_data;
    gboolean on_more;
} One;

static gboolean give_one(const JournalEvent *event, gpointer data)
{
    One *one = data;

    one->on_more = one->on_fn(event, one->on_data);
    return FALSE;
}

gboolean stream_each(const Stream *stream, Journal *journal, gint64 n, JournalEach fn,
                     gpointer data, GError **error)
{
    One one = {fn, data, TRUE};

    for (n = MAX(n, 1); one.on_more && n <= stream_count(stream); n++)
        if (!journal_each(journal, stream_seq(stream, n) - 1, 1, give_one, &one, error))
            return FALSE;
    return TRUE;
}
