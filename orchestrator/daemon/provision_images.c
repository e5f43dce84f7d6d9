/*
 * Images: out of the cache, or built.
 */
#include "orchestrator/daemon/provision_priv.h"

#include "orchestrator/daemon/programs.h"
#include "orchestrator/daemon/progress.h"
#include "orchestrator/daemon/resume.h"

/* On a worker thread. */
static void image_progress(const char *image, const char *step, int done, int total,
                           void *data)
{
    Provision *provision = ((Image *)data)->im_provision;

    progress_post(provision->pv_daemon, provision->pv_pool, image, step, done, total);
}

static void image_work(gpointer data)
{
    Image *image = data;
    Provision *provision = image->im_provision;
    g_autofree char *agent = programs_path("parry-agent-static");

    image->im_cached =
        images_cached(provision->pv_daemon->dm_home, &image->im_spec, agent);
    images_build(provision->pv_daemon->dm_home, &image->im_spec, agent, image_progress,
                 image, provision->pv_cancel, &image->im_result, &image->im_error);
}

static void image_failed(Image *image)
{
    Daemon *d = image->im_provision->pv_daemon;
    g_autofree char *reason =
        g_strdup_printf("image %s: %s", image->im_spec.id, image->im_error->message);

    if (image->im_seq)
        daemon_event(
            d, "image.failed/1", "parryd", -1, -1, image->im_seq,
            json_pack("{s:s, s:s}", "image", image->im_spec.id, "reason", reason));
    g_cancellable_cancel(image->im_provision->pv_cancel); /* the others are in vain */
    g_clear_error(&image->im_error);
    provision_part_done(image->im_provision, reason);
}

static void image_done(gpointer data, gboolean ran)
{
    Image *image = data;
    Provision *provision = image->im_provision;

    if (!ran || !provision->pv_active)
        return;
    if (image->im_error) {
        image_failed(image);
        return;
    }
    image->im_there = TRUE;
    if (image->im_seq)
        daemon_event(provision->pv_daemon, "image.done/1", "parryd", -1, -1,
                     image->im_seq,
                     json_pack("{s:s, s:s, s:b}", "image", image->im_spec.id, "key",
                               image->im_result.key, "cached", image->im_cached));
    provision_part_done(provision, NULL);
}

static void image_build(Daemon *d, gint64 seq, gpointer data)
{
    (void)seq;
    pool_run(d->dm_provision->pv_pool, POOL_NORMAL, image_work, image_done, data);
}

void image_want(Image *image)
{
    Daemon *d = image->im_provision->pv_daemon;

    image->im_seq = resume_take(d, "image.wanted/1", -1, "image", image->im_spec.id);
    if (!image->im_seq &&
        !resume_done(d, "image.wanted/1", -1, "image", image->im_spec.id))
        image->im_seq = daemon_event(d, "image.wanted/1", "parryd", -1, -1, 0,
                                     json_pack("{s:s, s:s}", "image", image->im_spec.id,
                                               "base", image->im_spec.base));
    daemon_then(d, image_build, image->im_seq, image);
}

static gboolean wants_seed(const Plan *plan, const PlanImage *image)
{
    for (guint i = 0; i < plan->p_hosts->len; i++) {
        const PlanHost *host = plan_host(plan, (int)i);
        if (plan_image(plan, host->ph_image) == image &&
            plan_agent_way(plan, host) == AGENT_SEED)
            return TRUE;
    }
    return FALSE;
}

void image_init(Image *image, Provision *provision, const PlanImage *plan)
{
    image->im_provision = provision;
    image->im_plan = plan;
    image->im_files = g_ptr_array_new_with_free_func((GDestroyNotify)image_file_free);
    for (guint i = 0; plan->pi_files && i < plan->pi_files->len; i++) {
        const PlanFile *file = plan->pi_files->pdata[i];
        g_autofree char *owner = g_strconcat(file->pf_owner, ":", file->pf_group, NULL);
        g_ptr_array_add(
            image->im_files,
            image_file_new(file->pf_path, (guint)file->pf_mode, owner, file->pf_bytes));
    }
    image->im_spec = (ImageSpec){.id = plan->pi_id,
                                 .base = plan->pi_base,
                                 .packages = plan->pi_packages,
                                 .files = image->im_files->len ? image->im_files : NULL,
                                 .seed = wants_seed(provision->pv_daemon->dm_plan, plan)};
}

void image_clear(Image *image)
{
    image_result_clear(&image->im_result);
    g_ptr_array_unref(image->im_files);
    g_clear_error(&image->im_error);
}
