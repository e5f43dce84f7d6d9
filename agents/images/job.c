#include "agents/images/internal.h"

G_DEFINE_QUARK(parry - images - error - quark, images_error)

void images_job_step(ImagesJob *job, const char *step)
{
    if (job->progress)
        job->progress(job->image, step, job->done, job->total, job->data);
    if (job->done < job->total)
        job->done++;
}

gboolean images_job_cancelled(ImagesJob *job, GError **error)
{
    if (!g_cancellable_is_cancelled(job->cancel))
        return FALSE;
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_CANCELLED, "image %s: cancelled",
                job->image);
    return TRUE;
}
