#include "orchestrator/daemon/progress.h"

#include "orchestrator/daemon/control.h"

typedef struct {
    Daemon *pg_daemon;
    char *pg_image, *pg_step;
    int pg_done, pg_total;
} Progress;

static void progress_done(gpointer data, gboolean ran)
{
    Progress *progress = data;
    Control *control = progress->pg_daemon->dm_control;

    if (ran && control)
        control_progress(control,
                         json_pack("{s:s, s:s, s:i, s:i}", "image", progress->pg_image,
                                   "step", progress->pg_step, "done", progress->pg_done,
                                   "total", progress->pg_total));
    g_free(progress->pg_image);
    g_free(progress->pg_step);
    g_free(progress);
}

void progress_post(Daemon *d, Pool *pool, const char *image, const char *step, int done,
                   int total)
{
    Progress *progress = g_new0(Progress, 1);

    progress->pg_daemon = d;
    progress->pg_image = g_strdup(image);
    progress->pg_step = g_strdup(step);
    progress->pg_done = done;
    progress->pg_total = total;
    pool_post(pool, progress_done, progress);
}
