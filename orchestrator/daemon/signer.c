#include "orchestrator/daemon/signer.h"

#include "scoreboard/checkpoint.h"

#define TICK_S 60

typedef struct {
    CheckpointKey *sg_key;
    char *sg_public;
    char *sg_origin;
    gint64 sg_size; /* of the last checkpoint */
    struct event *sg_tick;
} Signer;

static void on_tick(evutil_socket_t fd, short what, void *data)
{
    (void)fd;
    (void)what;
    signer_checkpoint(data);
}

gboolean signer_open(Daemon *d, GError **error)
{
    g_autofree char *dir = g_build_filename(d->dm_home, "keys", d->dm_plan->p_name, NULL);
    g_autofree char *path = g_build_filename(dir, "journal.key", NULL);
    Signer *signer = g_new0(Signer, 1);
    struct timeval tv = {TICK_S, 0};

    d->dm_signer = signer;
    signer->sg_origin = checkpoint_origin(d->dm_plan->p_uuid);
    if (g_mkdir_with_parents(dir, 0700) < 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: cannot be made", dir);
        return FALSE;
    }
    signer->sg_key = checkpoint_key_load_or_make(path, error);
    if (!signer->sg_key)
        return FALSE;
    signer->sg_public = checkpoint_key_public(signer->sg_key, signer->sg_origin);
    signer->sg_tick = event_new(d->dm_base, -1, EV_PERSIST, on_tick, d);
    event_add(signer->sg_tick, &tv);
    return TRUE;
}

void signer_close(Daemon *d)
{
    Signer *signer = d->dm_signer;

    if (!signer)
        return;
    if (signer->sg_tick)
        event_free(signer->sg_tick);
    checkpoint_key_free(signer->sg_key);
    g_free(signer->sg_public);
    g_free(signer->sg_origin);
    g_free(signer);
    d->dm_signer = NULL;
}

const char *signer_public(const Daemon *d)
{
    return ((Signer *)d->dm_signer)->sg_public;
}

/* A checkpoint over nothing but the last checkpoint says nothing new. */
void signer_checkpoint(Daemon *d)
{
    Signer *signer = d->dm_signer;
    gint64 size = journal_committed(d->dm_journal);
    g_autoptr(GError) error = NULL;
    g_autofree char *note = NULL;
    char root[65];

    if (size <= signer->sg_size + 1)
        return;
    if (!journal_root(d->dm_journal, size, root, &error) ||
        !(note =
              checkpoint_note(signer->sg_key, signer->sg_origin, size, root, &error))) {
        g_warning("checkpoint of %s: %s", d->dm_plan->p_name, error->message);
        return;
    }
    signer->sg_size = size;
    daemon_event(d, "checkpoint/1", "parryd", -1, -1, 0,
                 json_pack("{s:I, s:s, s:s}", "size", (json_int_t)size, "root", root,
                           "note", note));
}
