#include "orchestrator/cli/stages_priv.h"

#include "orchestrator/cli/cli.h"
#include "orchestrator/host/trial.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DRAW_US 200000
#define SILENCE_S 3.0 /* in a pipe: then a line says what is going on */
#define GROUPS_SAID 4
#define PATIENCE_S 5.0 /* then it is said how much there is */

static const char *const at_words[] = {"waiting", "image",        "create", "boot",
                                       "agent",   "personalised", "failed"};

double stages_now(const Stages *stages)
{
    return (double)(g_get_monotonic_time() - stages->st_start_us) / G_USEC_PER_SEC;
}

/* ---- how long it takes ---- */

/* The hypervisor says under what it runs; before that, what the trial boot told. */
static void estimate(Stages *stages)
{
    g_clear_pointer(&stages->st_rests, g_free);
    stages->st_usual_us = -1;
    if (stages->st_accel)
        stages->st_usual_us =
            pace_estimate(stages->st_paces, stages->st_plan, stages->st_accel,
                          stages->st_way, &stages->st_rests);
}

static void is_made(Stages *stages)
{
    if (stages->st_way != PACE_WARM)
        return;
    stages->st_way = PACE_COLD;
    estimate(stages);
}

char *stages_whole_text(const Stages *stages)
{
    double now = stages_now(stages), usual = (double)stages->st_usual_us / G_USEC_PER_SEC;

    if (stages->st_usual_us < 0)
        return g_strdup_printf("%.0f s so far; first time here, so how long it takes is "
                               "not known",
                               now);
    return g_strdup_printf("%.0f s of about %.0f s%s (%s)", now, usual,
                           now > usual * 1.3 + 2 ? ", longer than usual" : "",
                           stages->st_rests);
}

static Stages *known_paces(Stages *stages)
{
    g_autofree char *home = drill_home();
    g_autoptr(TrialVerdict) verdict = trial_cached(home);

    stages->st_paces = paces_load(home);
    stages->st_accel = verdict ? g_strdup(verdict->accel) : NULL;
    for (guint i = 0; i < stages->st_plan->p_images->len; i++) {
        g_autofree char *key = pace_image_key(plan_image(stages->st_plan, (int)i));
        gint64 us = paces_usual(stages->st_paces, key, NULL);
        stages->st_images[i].sg_usual = us < 0 ? -1 : (double)us / G_USEC_PER_SEC;
    }
    stages->st_usual_us = -1;
    estimate(stages);
    return stages;
}

Stages *stages_new(const Plan *plan, gboolean json)
{
    Stages *stages = g_new0(Stages, 1);

    stages->st_plan = plan;
    stages->st_start_us = g_get_monotonic_time();
    stages->st_vms = g_new0(Vm, plan->p_hosts->len + 1);
    stages->st_images = g_new0(ImageStage, plan->p_images->len + 1);
    stages->st_json = json;
    stages->st_tty = !json && isatty(1);
    stages->st_colour = cli_colour(1);
    stages->st_note = g_strdup("images");
    return known_paces(stages);
}

static void doing_clear(Doing *doing)
{
    g_free(doing->do_stage);
    g_free(doing->do_why);
    *doing = (Doing){0};
}

void stages_free(Stages *stages)
{
    for (guint i = 0; i < stages->st_plan->p_hosts->len; i++) {
        g_free(stages->st_vms[i].vm_reason);
        doing_clear(&stages->st_vms[i].vm_doing);
    }
    for (guint i = 0; i < stages->st_plan->p_images->len; i++)
        g_free(stages->st_images[i].sg_step);
    doing_clear(&stages->st_drill);
    paces_free(stages->st_paces);
    g_free(stages->st_accel);
    g_free(stages->st_rests);
    g_free(stages->st_vms);
    g_free(stages->st_images);
    g_free(stages->st_note);
    g_free(stages);
}

/* ---- in words ---- */

static const struct {
    const char *ve_stage, *ve_words;
} verbs[] = {
    {"start", "is started"},
    {"restore", "is restored"},
    {"boot", "boots"},
    {"wake", "wakes up as a clone"},
    {"personalise", "is personalised"},
};

static const char *words_of(const Doing *doing)
{
    if (*doing->do_why)
        return doing->do_why;
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (strcmp(verbs[i].ve_stage, doing->do_stage) == 0)
            return verbs[i].ve_words;
    return doing->do_stage;
}

static double doing_for(const Stages *stages, const Doing *doing)
{
    return MAX(stages_now(stages) - doing->do_since, 0);
}

gboolean stages_waits(const Doing *doing)
{
    return !doing->do_stage || strcmp(doing->do_stage, "wait") == 0 ||
           strcmp(doing->do_stage, "after") == 0;
}

gboolean stages_is_slow(const Stages *stages, const Doing *doing)
{
    return doing->do_stage && doing->do_usual >= 0 &&
           doing_for(stages, doing) > doing->do_usual * 1.5 + 2;
}

static void append_time(const Stages *stages, const Doing *doing, GString *out)
{
    double took = doing_for(stages, doing);

    if (took < 1 && doing->do_usual < 0)
        return;
    g_string_append_printf(out, " %.0f s", took);
    if (stages_is_slow(stages, doing))
        g_string_append_printf(out, ", usually %.*f s", doing->do_usual < 1 ? 1 : 0,
                               doing->do_usual);
    else if (doing->do_usual >= 0)
        g_string_append_printf(out, " of ~%.*f s", doing->do_usual < 1 ? 1 : 0,
                               doing->do_usual);
    if (doing->do_limit > 0 && took >= PATIENCE_S &&
        (doing->do_usual < 0 || stages_is_slow(stages, doing)))
        g_string_append_printf(out, ", given up at %.0f s", doing->do_limit);
}

char *stages_doing_text(const Stages *stages, const Doing *doing)
{
    GString *out = g_string_new(NULL);

    if (doing->do_stage) {
        g_string_append(out, words_of(doing));
        append_time(stages, doing, out);
    }
    return g_string_free(out, FALSE);
}

guint stages_count(const Stages *stages, At at)
{
    guint count = 0;

    for (guint i = 0; i < stages->st_plan->p_hosts->len; i++)
        count += stages->st_vms[i].vm_at == at;
    return count;
}

typedef struct {
    const char *gr_words;
    guint gr_count;
    const Doing *gr_longest;
} Group;

static int by_count(gconstpointer a, gconstpointer b)
{
    const Group *x = a, *y = b;

    return x->gr_count > y->gr_count ? -1 : x->gr_count < y->gr_count;
}

/* Each waits for one of its own. */
static const char *group_words(const Doing *doing)
{
    return strcmp(doing->do_stage, "after") == 0 ? "waits for another host to be ready"
                                                 : words_of(doing);
}

static void group_add(GArray *groups, const Doing *doing)
{
    const char *words = group_words(doing);

    for (guint i = 0; i < groups->len; i++) {
        Group *group = &g_array_index(groups, Group, i);
        if (strcmp(group->gr_words, words) != 0)
            continue;
        group->gr_count++;
        if (doing->do_since < group->gr_longest->do_since)
            group->gr_longest = doing;
        return;
    }
    Group group = {words, 1, doing};
    g_array_append_val(groups, group);
}

GPtrArray *stages_groups(const Stages *stages)
{
    g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(Group));
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < stages->st_plan->p_hosts->len; i++) {
        const Vm *vm = &stages->st_vms[i];
        if (vm->vm_doing.do_stage && vm->vm_at < AT_READY)
            group_add(groups, &vm->vm_doing);
    }
    g_array_sort(groups, by_count);
    for (guint i = 0; i < groups->len; i++) {
        const Group *group = &g_array_index(groups, Group, i);
        g_autofree char *text = stages_doing_text(stages, group->gr_longest);
        const char *time = text + strlen(words_of(group->gr_longest));
        g_ptr_array_add(
            lines, g_strdup_printf(
                       "%u × %s%s%s", group->gr_count, group->gr_words,
                       group->gr_count > 1 && *time ? ", the longest for" : "", time));
    }
    return lines;
}

/* ---- lines ---- */

static void say(Stages *stages, const char *what, const char *text)
{
    if (stages->st_tty || stages->st_json)
        return;
    printf("%7.1f s  %-*s %s\n", stages_now(stages), NAME_COLUMNS, what, text);
    fflush(stdout);
    stages->st_said = stages_now(stages);
}

/* One object a line; takes it over. */
static void tell(const Stages *stages, json_t *what)
{
    if (stages->st_json) {
        json_object_set_new(what, "t", json_real(stages_now(stages)));
        char *line = json_dumps(what, JSON_COMPACT | JSON_REAL_PRECISION(6));
        puts(line);
        fflush(stdout);
        free(line);
    }
    json_decref(what);
}

static void note(Stages *stages, const char *text)
{
    g_free(stages->st_note);
    stages->st_note = g_strdup(text);
    say(stages, "", text);
    tell(stages, json_pack("{s:s}", "note", text));
}

/* Nothing has changed for a while: what is it, then? */
static void say_where(Stages *stages)
{
    g_autoptr(GPtrArray) groups = stages_groups(stages);
    g_autofree char *drill = stages_doing_text(stages, &stages->st_drill);
    g_autofree char *whole = stages_whole_text(stages);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%u of %u VMs ready, %s", stages_count(stages, AT_READY),
                           stages->st_plan->p_hosts->len, whole);
    if (*drill)
        g_string_append_printf(text, "; %s", drill);
    for (guint i = 0; i < groups->len && i < GROUPS_SAID; i++)
        g_string_append_printf(text, "; %s", (char *)groups->pdata[i]);
    say(stages, "…", text->str);
    g_string_free(text, TRUE);
}

/* ---- images ---- */

static int image_index(const Stages *stages, const char *id)
{
    for (guint i = 0; i < stages->st_plan->p_images->len; i++)
        if (g_strcmp0(plan_image(stages->st_plan, (int)i)->pi_id, id) == 0)
            return (int)i;
    return -1;
}

static void image_step(Stages *stages, const json_t *progress)
{
    const char *id = json_string_value(json_object_get(progress, "image"));
    const char *step = json_string_value(json_object_get(progress, "step"));
    int index = image_index(stages, id);

    if (index < 0 || !step)
        return;
    ImageStage *image = &stages->st_images[index];
    if (!image->sg_step)
        image->sg_since = stages_now(stages);
    g_free(image->sg_step);
    image->sg_step = g_strdup(step);
    image->sg_done = (int)json_integer_value(json_object_get(progress, "done"));
    image->sg_total = (int)json_integer_value(json_object_get(progress, "total"));
    is_made(stages);
    g_autofree char *what = g_strdup_printf("image %s", id);
    g_autofree char *usual =
        image->sg_usual >= 0 && image->sg_done == 0
            ? g_strdup_printf(", usually %.0f s in all", image->sg_usual)
            : g_strdup("");
    g_autofree char *text = g_strdup_printf("%s (%d of %d%s)", step, image->sg_done + 1,
                                            image->sg_total, usual);
    say(stages, what, text);
    tell(stages, json_pack("{s:s, s:s, s:i, s:i}", "image", id, "step", step, "done",
                           image->sg_done, "total", image->sg_total));
}

static void image_there(Stages *stages, const json_t *body)
{
    const char *id = json_string_value(json_object_get(body, "image"));
    int index = image_index(stages, id);

    if (index < 0)
        return;
    ImageStage *image = &stages->st_images[index];
    image->sg_there = TRUE;
    image->sg_there_at = stages_now(stages);
    image->sg_cached = json_is_true(json_object_get(body, "cached"));
    g_autofree char *what = g_strdup_printf("image %s", id);
    say(stages, what, image->sg_cached ? "cached" : "built");
    tell(stages, json_pack("{s:s, s:s}", "image", id, "step",
                           image->sg_cached ? "cached" : "built"));
    for (guint i = 0; i < stages->st_plan->p_hosts->len; i++)
        if (plan_host(stages->st_plan, (int)i)->ph_image == index &&
            stages->st_vms[i].vm_at < AT_IMAGE)
            stages->st_vms[i].vm_at = AT_IMAGE;
}

/* ---- VMs ---- */

/* Of a drill that is taken up nobody tells of images any more. */
static void image_passed(Stages *stages, int host)
{
    ImageStage *image = &stages->st_images[plan_host(stages->st_plan, host)->ph_image];

    if (!image->sg_there && !image->sg_step)
        image->sg_there = image->sg_cached = TRUE;
}

/* Until the daemon says more. */
static void doing_next(const Stages *stages, Doing *doing, At at)
{
    const char *stage = at == AT_BOOT ? "boot" : at == AT_AGENT ? "personalise" : NULL;

    if (at == AT_CREATE)
        return;
    doing_clear(doing);
    if (stage)
        *doing = (Doing){g_strdup(stage), g_strdup(""), stages_now(stages), -1, 0};
}

static void vm_at(Stages *stages, int host, At at, const char *reason)
{
    Vm *vm = &stages->st_vms[host];
    const PlanHost *plan = plan_host(stages->st_plan, host);
    gboolean bare = plan->ph_agent == AGENT_NONE;

    if (bare && at == AT_BOOT) /* nobody inside will say more */
        at = AT_READY;
    /* What failed as a clone boots; what is wanted anew begins anew. */
    if (at <= vm->vm_at && at != AT_FAILED && at != AT_CREATE && vm->vm_at != AT_FAILED)
        return;
    vm->vm_at = at;
    if (at >= AT_CREATE && at <= AT_READY)
        image_passed(stages, host);
    if (at == AT_READY)
        vm->vm_ready = stages_now(stages);
    doing_next(stages, &vm->vm_doing, at);
    g_free(vm->vm_reason);
    vm->vm_reason = g_strdup(reason);
    g_autofree char *text =
        reason ? g_strdup_printf("%s: %s", at_words[at], reason)
               : g_strdup(bare && at == AT_READY ? "on, without agent" : at_words[at]);
    say(stages, plan->ph_id, text);
    tell(stages, json_pack("{s:s, s:s, s:s}", "host", plan->ph_id, "at", at_words[at],
                           "reason", reason ? reason : ""));
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

static void aside(Stages *stages, int host, const char *kind, const json_t *body)
{
    const char *reason = json_string_value(json_object_get(body, "reason"));
    const char *id = host >= 0 ? plan_host(stages->st_plan, host)->ph_id : "";

    for (guint i = 0; i < G_N_ELEMENTS(asides); i++) {
        if (strcmp(kind, asides[i].al_kind) != 0)
            continue;
        g_autofree char *text =
            g_strdup_printf("%s: %s", asides[i].al_text, reason ? reason : "");
        say(stages, id, text);
        tell(stages, json_pack("{s:s, s:s}", "host", id, "aside", text));
    }
}

static const struct {
    const char *no_kind, *no_text;
} notes[] = {
    {"golden.wanted/1", "golden guests, networks and VMs"},
    {"net.wanted/1", "networks and VMs"},
    {"isolation.round/1", "isolation proof"},
};

static void libvirt_there(Stages *stages, const json_t *body)
{
    const char *accel = json_string_value(json_object_get(body, "accel"));

    if (!accel || g_strcmp0(accel, stages->st_accel) == 0)
        return;
    g_free(stages->st_accel);
    stages->st_accel = g_strdup(accel);
    estimate(stages);
}

void stages_event(Stages *stages, const json_t *event)
{
    const char *kind = json_string_value(json_object_get(event, "kind"));
    const char *id = json_string_value(json_object_get(event, "host"));
    const json_t *body = json_object_get(event, "body");
    int host = id && *id ? plan_host_index(stages->st_plan, id) : -1;

    if (strcmp(kind, "image.done/1") == 0)
        image_there(stages, body);
    if (strcmp(kind, "helper.up/1") == 0)
        libvirt_there(stages, body);
    if (strcmp(kind, "clones.off/1") == 0) {
        stages->st_way = PACE_BOOTED;
        estimate(stages);
    }
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

/* ---- what they do ---- */

static void doing_take(const Stages *stages, Doing *doing, const json_t *told)
{
    const char *stage = json_string_value(json_object_get(told, "stage"));
    const char *why = json_string_value(json_object_get(told, "why"));
    gint64 usual = json_integer_value(json_object_get(told, "usual_us"));
    gint64 took = json_integer_value(json_object_get(told, "for_us"));
    gint64 limit = json_integer_value(json_object_get(told, "limit_us"));

    doing_clear(doing);
    if (!stage || !why)
        return;
    doing->do_stage = g_strdup(stage);
    doing->do_why = parry_text_safe(why, -1);
    doing->do_since = stages_now(stages) - (double)took / G_USEC_PER_SEC;
    doing->do_usual = usual < 0 ? -1 : (double)usual / G_USEC_PER_SEC;
    doing->do_limit = (double)limit / G_USEC_PER_SEC;
}

static void host_doing(Stages *stages, const json_t *told)
{
    const char *id = json_string_value(json_object_get(told, "id"));
    const char *stage = json_string_value(json_object_get(told, "stage"));
    int host = id ? plan_host_index(stages->st_plan, id) : -1;

    if (host < 0)
        return;
    if (g_strcmp0(stage, "golden") == 0 &&
        strstr(json_string_value(json_object_get(told, "why")), "boots"))
        is_made(stages);
    if (stages->st_vms[host].vm_at == AT_READY) /* it was told before that was */
        return;
    doing_take(stages, &stages->st_vms[host].vm_doing, told);
    tell(stages, json_pack("{s:s, s:o}", "host", id, "doing", json_deep_copy(told)));
}

void stages_progress(Stages *stages, const json_t *progress)
{
    const json_t *hosts = json_object_get(progress, "hosts"), *told;
    const json_t *drill = json_object_get(progress, "drill");
    gsize i;

    if (json_object_get(progress, "image"))
        image_step(stages, progress);
    json_array_foreach (hosts, i, told)
        host_doing(stages, told);
    if (drill) {
        doing_take(stages, &stages->st_drill, drill);
        tell(stages, json_pack("{s:o}", "drill", json_deep_copy(drill)));
    }
}

void stages_hosts(Stages *stages, const json_t *hosts)
{
    const json_t *entry;
    gsize i;

    json_array_foreach (hosts, i, entry) {
        const char *id = json_string_value(json_object_get(entry, "id"));
        const char *state = json_string_value(json_object_get(entry, "state"));
        int host = id ? plan_host_index(stages->st_plan, id) : -1;
        if (host < 0 || !state)
            continue;
        if (strcmp(state, "ready") == 0)
            stages->st_vms[host].vm_at = AT_READY;
        doing_take(stages, &stages->st_vms[host].vm_doing,
                   json_object_get(entry, "doing"));
    }
}

/* ---- the terminal ---- */

static void draw_now(Stages *stages)
{
    struct winsize size = {0};
    gboolean known = ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col;
    g_autoptr(GString) out =
        stages_picture(stages, known ? size.ws_col : 80, known ? size.ws_row : 24);

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
    if (stages->st_tty && g_get_monotonic_time() - stages->st_drawn_us >= DRAW_US)
        draw_now(stages);
    if (!stages->st_tty && !stages->st_json &&
        stages_now(stages) - stages->st_said >= SILENCE_S)
        say_where(stages);
}

void stages_end(Stages *stages)
{
    guint ready = stages_count(stages, AT_READY), all = stages->st_plan->p_hosts->len;

    if (stages->st_tty)
        draw_now(stages);
    tell(stages, json_pack("{s:i, s:i}", "ready", (int)ready, "hosts", (int)all));
    if (stages->st_json)
        return;
    printf("%u of %u VMs ready after %.1f s", ready, all, stages_now(stages));
    if (stages->st_usual_us >= 0)
        printf("; expected: about %.0f s, %s",
               (double)stages->st_usual_us / G_USEC_PER_SEC, stages->st_rests);
    printf("\n");
    fflush(stdout);
}
