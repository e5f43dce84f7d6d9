#include "orchestrator/cli/stages.h"

#include "orchestrator/cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NAME_COLUMNS 24

/* A VM's way; each word is printed once that far. */
typedef enum {
    AT_WAITING,
    AT_IMAGE,
    AT_CREATE,
    AT_BOOT,
    AT_AGENT,
    AT_READY,
    AT_FAILED
} At;

static const char *const at_words[] = {"waiting", "image",        "create", "boot",
                                       "agent",   "personalised", "failed"};

typedef struct {
    At vm_at;
    double vm_since; /* seconds since the start */
    double vm_ready;
    char *vm_reason;
} Vm;

typedef struct {
    char *sg_step;
    int sg_done, sg_total;
    gboolean sg_there, sg_cached;
} ImageStage;

struct Stages {
    const Plan *st_plan;
    gint64 st_start_us;
    gint64 st_drawn_us;
    Vm *st_vms;
    ImageStage *st_images;
    int st_lines; /* of the picture on the screen */
    gboolean st_tty, st_colour;
    char *st_note; /* what is going on as a whole */
};

static double now(const Stages *stages)
{
    return (double)(g_get_monotonic_time() - stages->st_start_us) / G_USEC_PER_SEC;
}

Stages *stages_new(const Plan *plan)
{
    Stages *stages = g_new0(Stages, 1);

    stages->st_plan = plan;
    stages->st_start_us = g_get_monotonic_time();
    stages->st_vms = g_new0(Vm, plan->p_hosts->len + 1);
    stages->st_images = g_new0(ImageStage, plan->p_images->len + 1);
    stages->st_tty = isatty(1);
    stages->st_colour = cli_colour(1);
    stages->st_note = g_strdup("images");
    return stages;
}

void stages_free(Stages *stages)
{
    for (guint i = 0; i < stages->st_plan->p_hosts->len; i++)
        g_free(stages->st_vms[i].vm_reason);
    for (guint i = 0; i < stages->st_plan->p_images->len; i++)
        g_free(stages->st_images[i].sg_step);
    g_free(stages->st_vms);
    g_free(stages->st_images);
    g_free(stages->st_note);
    g_free(stages);
}

static void say(const Stages *stages, const char *what, const char *text)
{
    if (stages->st_tty)
        return;
    printf("%7.1f s  %-*s %s\n", now(stages), NAME_COLUMNS, what, text);
    fflush(stdout);
}

static void note(Stages *stages, const char *text)
{
    g_free(stages->st_note);
    stages->st_note = g_strdup(text);
    say(stages, "", text);
}

static int image_index(const Stages *stages, const char *id)
{
    for (guint i = 0; i < stages->st_plan->p_images->len; i++)
        if (g_strcmp0(plan_image(stages->st_plan, (int)i)->pi_id, id) == 0)
            return (int)i;
    return -1;
}

void stages_image(Stages *stages, const json_t *progress)
{
    const char *id = json_string_value(json_object_get(progress, "image"));
    const char *step = json_string_value(json_object_get(progress, "step"));
    int index = image_index(stages, id);

    if (index < 0 || !step)
        return;
    ImageStage *image = &stages->st_images[index];
    g_free(image->sg_step);
    image->sg_step = g_strdup(step);
    image->sg_done = (int)json_integer_value(json_object_get(progress, "done"));
    image->sg_total = (int)json_integer_value(json_object_get(progress, "total"));
    g_autofree char *what = g_strdup_printf("image %s", id);
    g_autofree char *text =
        g_strdup_printf("%s (%d of %d)", step, image->sg_done + 1, image->sg_total);
    say(stages, what, text);
}

static void image_there(Stages *stages, const json_t *body)
{
    const char *id = json_string_value(json_object_get(body, "image"));
    int index = image_index(stages, id);

    if (index < 0)
        return;
    stages->st_images[index].sg_there = TRUE;
    stages->st_images[index].sg_cached = json_is_true(json_object_get(body, "cached"));
    g_autofree char *what = g_strdup_printf("image %s", id);
    say(stages, what, stages->st_images[index].sg_cached ? "cached" : "built");
    for (guint i = 0; i < stages->st_plan->p_hosts->len; i++)
        if (plan_host(stages->st_plan, (int)i)->ph_image == index)
            stages->st_vms[i].vm_at = AT_IMAGE;
}

static void vm_at(Stages *stages, int host, At at, const char *reason)
{
    Vm *vm = &stages->st_vms[host];
    gboolean bare = plan_host(stages->st_plan, host)->ph_agent == AGENT_NONE;

    if (bare && at == AT_BOOT) /* nobody inside will say more */
        at = AT_READY;
    if (at <= vm->vm_at && at != AT_FAILED)
        return;
    vm->vm_at = at;
    vm->vm_since = now(stages);
    if (at == AT_READY)
        vm->vm_ready = vm->vm_since;
    g_free(vm->vm_reason);
    vm->vm_reason = g_strdup(reason);
    g_autofree char *text =
        reason ? g_strdup_printf("%s: %s", at_words[at], reason)
               : g_strdup(bare && at == AT_READY ? "on, without agent" : at_words[at]);
    say(stages, plan_host(stages->st_plan, host)->ph_id, text);
}

/* Which event brings a VM how far. */
static const struct {
    const char *st_kind;
    At st_at;
} steps[] = {
    {"domain.wanted/1", AT_CREATE}, {"domain.done/1", AT_BOOT},
    {"agent.hello/1", AT_AGENT},    {"agent.ready/1", AT_READY},
    {"domain.failed/1", AT_FAILED}, {"domain.lost/1", AT_FAILED},
};

/* What does not move a VM on, but is why the next step takes longer. */
static const struct {
    const char *al_kind, *al_text;
} asides[] = {
    {"clone.failed/1", "no memory clone, it boots"},
    {"golden.failed/1", "no golden guest, its like boot"},
    {"host.retry/1", "made once more"},
};

static void aside(const Stages *stages, int host, const char *kind, const json_t *body)
{
    const char *reason = json_string_value(json_object_get(body, "reason"));

    for (guint i = 0; i < G_N_ELEMENTS(asides); i++) {
        if (strcmp(kind, asides[i].al_kind) != 0)
            continue;
        g_autofree char *text =
            g_strdup_printf("%s: %s", asides[i].al_text, reason ? reason : "");
        say(stages, host >= 0 ? plan_host(stages->st_plan, host)->ph_id : "", text);
    }
}

static const struct {
    const char *no_kind, *no_text;
} notes[] = {
    {"golden.wanted/1", "golden guests, networks and VMs"},
    {"net.wanted/1", "networks and VMs"},
    {"isolation.round/1", "isolation proof"},
};

void stages_event(Stages *stages, const json_t *event)
{
    const char *kind = json_string_value(json_object_get(event, "kind"));
    const char *id = json_string_value(json_object_get(event, "host"));
    const json_t *body = json_object_get(event, "body");
    int host = id && *id ? plan_host_index(stages->st_plan, id) : -1;

    if (strcmp(kind, "image.done/1") == 0)
        image_there(stages, body);
    aside(stages, host, kind, body);
    if (host >= 0 && strcmp(kind, "host.retry/1") == 0) /* the steps come once more */
        stages->st_vms[host].vm_at = AT_IMAGE;
    for (guint i = 0; host >= 0 && i < G_N_ELEMENTS(steps); i++)
        if (strcmp(kind, steps[i].st_kind) == 0)
            vm_at(stages, host, steps[i].st_at,
                  steps[i].st_at == AT_FAILED
                      ? json_string_value(json_object_get(body, "reason"))
                      : NULL);
    for (guint i = 0; i < G_N_ELEMENTS(notes); i++)
        if (strcmp(kind, notes[i].no_kind) == 0 &&
            strcmp(stages->st_note, notes[i].no_text) != 0)
            note(stages, notes[i].no_text);
}

static guint count_at(const Stages *stages, At at)
{
    guint count = 0;

    for (guint i = 0; i < stages->st_plan->p_hosts->len; i++)
        count += stages->st_vms[i].vm_at == at;
    return count;
}

static void append_image(const Stages *stages, GString *out, int index)
{
    const ImageStage *image = &stages->st_images[index];
    g_autofree char *name =
        parry_text_fit(plan_image(stages->st_plan, index)->pi_id, NAME_COLUMNS - 6);

    g_string_append_printf(out, "  image %s ", name);
    if (image->sg_there)
        g_string_append(out, image->sg_cached ? "cached" : "built");
    else if (image->sg_step)
        g_string_append_printf(out, "%d/%d %s", image->sg_done + 1, image->sg_total,
                               image->sg_step);
    else
        g_string_append(out, "…");
    g_string_append(out, "\033[K\n");
}

static void append_vm(const Stages *stages, GString *out, int host)
{
    const Vm *vm = &stages->st_vms[host];
    g_autofree char *name =
        parry_text_fit(plan_host(stages->st_plan, host)->ph_id, NAME_COLUMNS);
    const char *colour = !stages->st_colour       ? ""
                         : vm->vm_at == AT_READY  ? "\033[32m"
                         : vm->vm_at == AT_FAILED ? "\033[31m"
                                                  : "\033[33m";

    g_string_append_printf(out, "  %s ", name);
    for (At at = AT_IMAGE; at <= AT_READY; at++) {
        gboolean there = vm->vm_at >= at && vm->vm_at != AT_FAILED;
        g_autofree char *word =
            parry_text_fit(there ? at_words[at] : "·", (int)strlen(at_words[at]));
        g_string_append_printf(out, "%s%s ",
                               there               ? colour
                               : stages->st_colour ? "\033[90m"
                                                   : "",
                               word);
    }
    if (vm->vm_at == AT_FAILED)
        g_string_append_printf(out, "%sfailed: %s", colour, vm->vm_reason);
    else if (vm->vm_at == AT_READY)
        g_string_append_printf(out, "%.1f s", vm->vm_ready);
    g_string_append_printf(out, "%s\033[K\n", stages->st_colour ? "\033[0m" : "");
}

static int rows_for_vms(const Stages *stages)
{
    struct winsize size;
    int rows = ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_row ? size.ws_row : 24;

    return MAX(rows - 4 - (int)stages->st_plan->p_images->len, 3);
}

static GString *picture(const Stages *stages)
{
    GString *out = g_string_new(NULL);
    guint hosts = stages->st_plan->p_hosts->len;
    int room = rows_for_vms(stages);
    gboolean all = (int)hosts <= room;

    g_string_append_printf(out, "%s: %u of %u VMs ready, %.0f s\033[K\n", stages->st_note,
                           count_at(stages, AT_READY), hosts, now(stages));
    for (guint i = 0; i < stages->st_plan->p_images->len; i++)
        append_image(stages, out, (int)i);
    for (guint i = 0; i < hosts && room > 0; i++)
        if (all || stages->st_vms[i].vm_at != AT_READY) {
            append_vm(stages, out, (int)i);
            room--;
        }
    g_string_append(out, "\033[J");
    return out;
}

static void draw_now(Stages *stages)
{
    g_autoptr(GString) out = picture(stages);

    if (stages->st_lines)
        printf("\033[%dA", stages->st_lines);
    fputs(out->str, stdout);
    fflush(stdout);
    stages->st_lines = 0;
    for (const char *at = out->str; *at; at++)
        stages->st_lines += *at == '\n';
    stages->st_drawn_us = g_get_monotonic_time();
}

void stages_draw(Stages *stages)
{
    if (stages->st_tty && g_get_monotonic_time() - stages->st_drawn_us >= 200000)
        draw_now(stages);
}

void stages_end(Stages *stages)
{
    if (stages->st_tty)
        draw_now(stages);
    printf("%u of %u VMs ready after %.1f s\n", count_at(stages, AT_READY),
           stages->st_plan->p_hosts->len, now(stages));
    fflush(stdout);
}
