#include "orchestrator/daemon/paces_plan.h"

#include <string.h>

#define CROWD_STEPS 6 /* 1, 4, 16, 64, 256, 1024 */
#define NAME_MAX_SHOWN 40

static const char *const way_names[] = {
    [PACE_WARM] = "warm", [PACE_COLD] = "cold", [PACE_BOOTED] = "booted"};

/* 0: one host, then up to 4, 16, … */
static int crowd_of(guint hosts)
{
    int step = 0;

    for (guint n = 1; n < hosts && step < CROWD_STEPS - 1; n *= 4)
        step++;
    return step;
}

static void hash_file(GChecksum *sum, const PlanFile *file)
{
    gsize len;
    const guchar *bytes = g_bytes_get_data(file->pf_bytes, &len);

    g_checksum_update(sum, (const guchar *)file->pf_path, (gssize)strlen(file->pf_path));
    g_checksum_update(sum, bytes, (gssize)len);
}

/* "debian/bookworm-1a2b3c4d": by what it is made of, whatever the scenario calls it. */
static char *image_text(const PlanImage *image)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    const char *base = image->pi_base;
    gsize len = strlen(base);

    g_checksum_update(sum, (const guchar *)base, (gssize)len);
    for (char **name = image->pi_packages; *name; name++)
        g_checksum_update(sum, (const guchar *)*name, (gssize)strlen(*name) + 1);
    for (guint i = 0; image->pi_files && i < image->pi_files->len; i++)
        hash_file(sum, image->pi_files->pdata[i]);
    g_autofree char *name =
        g_str_to_ascii(len > NAME_MAX_SHOWN ? base + len - NAME_MAX_SHOWN : base, "C");
    return g_strdup_printf("%s-%.8s", name, g_checksum_get_string(sum));
}

static char *shape_text(const Plan *plan, int index)
{
    const PlanHost *host = plan_host(plan, index);
    g_autofree char *image = image_text(plan_image(plan, host->ph_image));

    return g_strdup_printf("%s %dx%" G_GUINT64_FORMAT "M", image, host->ph_cpus,
                           host->ph_memory >> 20);
}

static char *key_of(const Plan *plan, const char *stage, int host, const char *accel,
                    int crowd)
{
    g_autofree char *shape = host >= 0 ? shape_text(plan, host) : g_strdup("-");

    return g_strdup_printf("%s %s %s by %u", stage, shape, accel, 1u << 2 * crowd);
}

char *pace_key(const Plan *plan, const char *stage, int host, const char *accel)
{
    return key_of(plan, stage, host, accel, crowd_of(plan->p_hosts->len));
}

char *pace_image_key(const PlanImage *image)
{
    g_autofree char *text = image_text(image);

    return g_strdup_printf("image %s", text);
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *pace_drill_key(const Plan *plan, const char *accel, PaceWay way)
{
    g_autoptr(GPtrArray) shapes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

    for (guint i = 0; i < plan->p_hosts->len; i++)
        g_ptr_array_add(shapes, shape_text(plan, (int)i));
    g_ptr_array_sort(shapes, by_text);
    for (guint i = 0; i < shapes->len; i++)
        g_checksum_update(sum, shapes->pdata[i], (gssize)strlen(shapes->pdata[i]) + 1);
    return g_strdup_printf("drill %.16s %s %s", g_checksum_get_string(sum), accel,
                           way_names[way]);
}

static char *each_key(int crowd, const char *accel, PaceWay way)
{
    return g_strdup_printf("each %s %s by %u", accel, way_names[way], 1u << 2 * crowd);
}

char *pace_each_key(guint hosts, const char *accel, PaceWay way)
{
    return each_key(crowd_of(hosts), accel, way);
}

/* Exactly that many, else the nearest step that anything was seen at. */
gint64 pace_usual(const Paces *paces, const Plan *plan, const char *stage, int host,
                  const char *accel)
{
    int crowd = crowd_of(plan->p_hosts->len);

    for (int off = 0; off < CROWD_STEPS; off++)
        for (int side = -1; side <= 1; side += 2) {
            int at = crowd + side * off;
            if (at < 0 || at >= CROWD_STEPS)
                continue;
            g_autofree char *key = key_of(plan, stage, host, accel, at);
            gint64 us = paces_usual(paces, key, NULL);
            if (us >= 0)
                return us;
        }
    return -1;
}

static gint64 by_number(const Paces *paces, const Plan *plan, const char *accel,
                        PaceWay way, char **rests)
{
    guint hosts = plan->p_hosts->len, n;
    int crowd = crowd_of(hosts);

    for (int off = 0; off <= 1; off++)
        for (int side = -1; side <= 1; side += 2) {
            int at = crowd + side * off;
            if (at < 0 || at >= CROWD_STEPS)
                continue;
            g_autofree char *key = each_key(at, accel, way);
            gint64 us = paces_usual(paces, key, &n);
            if (us < 0)
                continue;
            *rests = g_strdup_printf("by other drills of up to %u hosts here, %.1f s "
                                     "for each host",
                                     1u << 2 * at, (double)us / G_USEC_PER_SEC);
            return us * hosts;
        }
    return -1;
}

static gint64 by_drill(const Paces *paces, const Plan *plan, const char *accel,
                       PaceWay way, const char *but, char **rests)
{
    g_autofree char *key = pace_drill_key(plan, accel, way);
    guint n;
    gint64 us = paces_usual(paces, key, &n);

    if (us >= 0)
        *rests = n == 1 ? g_strdup_printf("as the last time here%s", but)
                        : g_strdup_printf("as the last %u times here%s", n, but);
    return us;
}

gint64 pace_estimate(const Paces *paces, const Plan *plan, const char *accel, PaceWay way,
                     char **rests)
{
    gint64 us = by_drill(paces, plan, accel, way, "", rests);

    if (us < 0 && way == PACE_WARM) /* no more than that */
        us = by_drill(paces, plan, accel, PACE_COLD, ", when more had to be made", rests);
    if (us < 0)
        us = by_number(paces, plan, accel, way, rests);
    if (us < 0)
        *rests = g_strdup("first time here");
    return us;
}
