/*
 * The picture of provisioning on a terminal:
 *
 *   first-drill: networks and VMs · 12 of 65 VMs ready · 14 s of about 38 s (…)
 *   ██████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░
 *     20 × boots 6 s of ~9 s            where there are more VMs than lines
 *     red/box      image create boot agent …  boots 6 s of ~9 s
 *
 * What failed and what takes longer than usual comes first, then what is under way; what
 * is ready only where all have a line.
 */
#include "orchestrator/cli/stages_priv.h"

#include <string.h>

#define BAR_COLUMNS 60
#define GROUPS_SHOWN 6
#define WIDE 100 /* columns that leave room for the way of a VM beside what it does */

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define GREY "\033[90m"
#define BOLD "\033[1m"

typedef struct {
    const Stages *pi_stages;
    GString *pi_out;
    int pi_columns, pi_rows; /* that are left */
} Picture;

static void line(Picture *picture, const char *colour, const char *text)
{
    gboolean coloured = picture->pi_stages->st_colour && *colour;
    g_autofree char *fit = parry_text_fit(text, picture->pi_columns - 1);

    if (picture->pi_rows <= 0)
        return;
    picture->pi_rows--;
    g_string_append_printf(picture->pi_out, "%s%s%s\033[K\n", coloured ? colour : "",
                           g_strchomp(fit), coloured ? "\033[0m" : "");
}

static void append_bar(Picture *picture)
{
    guint all = picture->pi_stages->st_plan->p_hosts->len;
    int columns = MIN(picture->pi_columns - 4, BAR_COLUMNS);
    int ready = (int)(stages_count(picture->pi_stages, AT_READY) * (guint)columns / all);
    GString *bar = g_string_new("  ");

    for (int i = 0; i < columns; i++)
        g_string_append(bar, i < ready ? "█" : "░");
    line(picture, GREEN, bar->str);
    g_string_free(bar, TRUE);
}

static void append_image(Picture *picture, int index)
{
    const Stages *stages = picture->pi_stages;
    const ImageStage *image = &stages->st_images[index];
    const char *id = plan_image(stages->st_plan, index)->pi_id;
    g_autofree char *name = parry_text_fit(id, NAME_COLUMNS - 6);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "  image %s ", name);
    if (image->sg_there && image->sg_cached)
        g_string_append(text, "cached");
    else if (image->sg_there)
        g_string_append_printf(text, "built in %.0f s",
                               image->sg_there_at - image->sg_since);
    else if (image->sg_step)
        g_string_append_printf(text, "%d/%d %s, %.0f s", image->sg_done + 1,
                               image->sg_total, image->sg_step,
                               stages_now(stages) - image->sg_since);
    else
        g_string_append(text, "looked up");
    if (!image->sg_there && image->sg_step && image->sg_usual >= 0)
        g_string_append_printf(text, " of ~%.0f s", image->sg_usual);
    line(picture, "", text->str);
    g_string_free(text, TRUE);
}

/* Those that need no look any more share a line. */
static void append_images(Picture *picture)
{
    const Stages *stages = picture->pi_stages;
    GString *cached = g_string_new(NULL);

    for (guint i = 0; i < stages->st_plan->p_images->len; i++) {
        if (stages->st_images[i].sg_there && stages->st_images[i].sg_cached)
            g_string_append_printf(cached, "%s%s", cached->len ? ", " : "",
                                   plan_image(stages->st_plan, (int)i)->pi_id);
        else
            append_image(picture, (int)i);
    }
    if (cached->len) {
        g_string_prepend(cached, "  images cached: ");
        line(picture, "", cached->str);
    }
    g_string_free(cached, TRUE);
}

static const char *const way[] = {
    [AT_IMAGE] = "image", [AT_CREATE] = "create", [AT_BOOT] = "boot",
    [AT_AGENT] = "agent", [AT_READY] = "ready",
};

static void append_vm(Picture *picture, int host)
{
    const Stages *stages = picture->pi_stages;
    const Vm *vm = &stages->st_vms[host];
    gboolean slow = stages_is_slow(stages, &vm->vm_doing);
    g_autofree char *name =
        parry_text_fit(plan_host(stages->st_plan, host)->ph_id, NAME_COLUMNS);
    g_autofree char *doing = stages_doing_text(stages, &vm->vm_doing);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "  %s ", name);
    for (At at = AT_IMAGE;
         vm->vm_at != AT_FAILED && picture->pi_columns >= WIDE && at <= AT_READY; at++) {
        g_autofree char *word =
            parry_text_fit(vm->vm_at >= at ? way[at] : "·", (int)strlen(way[at]));
        g_string_append_printf(text, "%s ", word);
    }
    if (vm->vm_at == AT_FAILED)
        g_string_append_printf(text, "failed: %s", vm->vm_reason ? vm->vm_reason : "");
    else if (vm->vm_at == AT_READY)
        g_string_append_printf(text, "%safter %.1f s",
                               picture->pi_columns >= WIDE ? "" : "ready ", vm->vm_ready);
    else
        g_string_append(text, doing);
    line(picture,
         vm->vm_at == AT_FAILED  ? RED
         : vm->vm_at == AT_READY ? GREEN
         : slow                  ? BOLD
         : vm->vm_at > AT_IMAGE  ? YELLOW
                                 : GREY,
         text->str);
    g_string_free(text, TRUE);
}

/* What wants a look first comes first. */
static int urgency(const Stages *stages, int host)
{
    const Vm *vm = &stages->st_vms[host];

    if (vm->vm_at == AT_FAILED)
        return 0;
    if (stages_is_slow(stages, &vm->vm_doing))
        return 1;
    if (vm->vm_at == AT_READY)
        return 4;
    return stages_waits(&vm->vm_doing) ? 3 : 2;
}

static void append_some(Picture *picture)
{
    const Stages *stages = picture->pi_stages;
    guint hosts = stages->st_plan->p_hosts->len, shown = 0;
    guint of = hosts - stages_count(stages, AT_READY);

    for (int rank = 0; rank < 4; rank++)
        for (guint i = 0; i < hosts && picture->pi_rows > 1; i++)
            if (urgency(stages, (int)i) == rank) {
                append_vm(picture, (int)i);
                shown++;
            }
    if (shown < of) {
        g_autofree char *more = g_strdup_printf("  and %u more", of - shown);
        line(picture, GREY, more);
    }
}

static void append_groups(Picture *picture)
{
    g_autoptr(GPtrArray) groups = stages_groups(picture->pi_stages);

    for (guint i = 0; i < groups->len && i < GROUPS_SHOWN; i++) {
        g_autofree char *text = g_strdup_printf("  %s", (char *)groups->pdata[i]);
        line(picture, "", text);
    }
}

GString *stages_picture(const Stages *stages, int columns, int rows)
{
    Picture picture = {stages, g_string_new(NULL), columns, rows - 1};
    guint hosts = stages->st_plan->p_hosts->len, ready = stages_count(stages, AT_READY);
    g_autofree char *whole = stages_whole_text(stages);
    g_autofree char *drill = stages_doing_text(stages, &stages->st_drill);
    g_autofree char *head = g_strdup_printf("%s: %u of %u VMs ready · %s",
                                            stages->st_plan->p_name, ready, hosts, whole);
    g_autofree char *now = g_strdup_printf("  %s", *drill ? drill : stages->st_note);

    line(&picture, BOLD, head);
    if (hosts)
        append_bar(&picture);
    line(&picture, "", now);
    append_images(&picture);
    if ((int)hosts <= picture.pi_rows) {
        for (guint i = 0; i < hosts; i++)
            append_vm(&picture, (int)i);
    } else {
        append_groups(&picture);
        append_some(&picture);
    }
    g_string_append(picture.pi_out, "\033[J");
    return picture.pi_out;
}
