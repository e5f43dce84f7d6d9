#include "scenarios/plan_text.h"

#include "scenarios/base/duration.h"
#include "scenarios/base/table.h"
#include "scenarios/msel.h"

#include <string.h>

#define INDENT 2
#define COUNTED(array) (array)->len, (array)->len == 1 ? "" : "s"
#define ROOMY                                                                            \
    112 /* terminal columns that leave room for both times, objective, controller */

/* --- needs --- */

#define PROOF_US (4 * G_USEC_PER_SEC)
#define MICRO_US (G_USEC_PER_SEC * 35 / 10)
#define SYSTEM_US (20 * G_USEC_PER_SEC)
#define KVM_FASTER 5

static gint64 boot_us(const Plan *plan, int host)
{
    const PlanImage *image = plan_image(plan, plan_host(plan, host)->ph_image);

    return g_strcmp0(image->pi_base, "micro") ? SYSTEM_US : MICRO_US;
}

/* From the first power-on to the host's boot: with those that it waits for. `known` holds
 * what was worked out before, 0 for what was not; there are no cycles. */
static gint64 chain_us(const Plan *plan, int host, gint64 *known)
{
    const GArray *after = plan_host(plan, host)->ph_after;
    gint64 first = 0;

    for (guint i = 0; !known[host] && i < after->len; i++)
        first = MAX(first, chain_us(plan, g_array_index(after, int, i), known));
    if (!known[host])
        known[host] = first + boot_us(plan, host);
    return known[host];
}

gint64 plan_ready_us(const Plan *plan, const char *accel, int cores)
{
    gint64 faster = g_strcmp0(accel, "kvm") == 0 ? KVM_FASTER : 1;
    g_autofree gint64 *known = g_new0(gint64, plan->p_hosts->len + 1);
    gint64 sum = 0, longest = 0;

    for (guint i = 0; i < plan->p_hosts->len; i++) {
        sum += boot_us(plan, (int)i) / faster;
        longest = MAX(longest, chain_us(plan, (int)i, known) / faster);
    }
    return sum ? PROOF_US + MAX(sum / MAX(cores, 1), longest) : 0;
}

static int cpus_needed(const Plan *plan)
{
    int sum = 0;

    for (guint i = 0; i < plan->p_hosts->len; i++)
        sum += plan_host(plan, (int)i)->ph_cpus;
    return sum;
}

static char *size_text(guint64 bytes)
{
    return g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);
}

/* "about 45s": a second more or less is not known. */
static char *about(gint64 us)
{
    gint64 s = us / G_USEC_PER_SEC, grain = s < 60 ? 5 : s < 600 ? 30 : 300;
    g_autofree char *text =
        duration_text((s + grain - 1) / grain * grain * G_USEC_PER_SEC);

    return g_strdup_printf("about %s", text);
}

/* What earlier drills took here, and else a figure of another machine; which of both it
 * is comes with it. */
static char *ready_text(const Plan *plan, const PlanHere *here, guint missing)
{
    gboolean known = here->hr_ready_us > 0;
    gint64 us =
        known ? here->hr_ready_us : plan_ready_us(plan, here->hr_accel, here->hr_cores);
    g_autofree char *time = about(us);
    g_autofree char *build = missing
                                 ? g_strdup_printf(", and the time to build %u image%s",
                                                   missing, missing > 1 ? "s" : "")
                                 : g_strdup("");

    return g_strdup_printf("%s%s (%s%s)", time, build,
                           here->hr_rests ? here->hr_rests : "nothing is known here",
                           known ? "" : "; by figures of another machine");
}

static guint images_missing(const Plan *plan, const PlanHere *here)
{
    guint missing = 0;

    for (guint i = 0; here->hr_cached && i < plan->p_images->len; i++)
        missing +=
            !g_hash_table_contains(here->hr_cached, plan_image(plan, (int)i)->pi_id);
    return missing;
}

static void need_row(ParryTable *table, const char *what, guint64 need, guint64 here,
                     const char *word)
{
    g_autofree char *needed = size_text(need), *there = size_text(here);
    g_autofree char *line = here ? g_strdup_printf("%s of %s %s%s", needed, there, word,
                                                   need > here ? ": too little" : "")
                                 : g_strdup(needed);
    const char *cells[] = {what, line};

    parry_table_row(table, cells);
}

static void append_table(GString *out, const char *heading, const ParryTable *table,
                         int width)
{
    g_autofree char *text = parry_table_text(table, INDENT, width);

    g_string_append_printf(out, "\n%s\n%s", heading, text);
}

static void append_needs(GString *out, const Plan *plan, const PlanHere *here, int width)
{
    static const ParryColumn columns[] = {{.tc_title = "need"},
                                          {.tc_title = "here", .tc_min = 20}};
    g_autoptr(ParryTable) table = parry_table_new(columns, G_N_ELEMENTS(columns));
    gboolean kvm = g_strcmp0(here->hr_accel, "kvm") == 0;
    guint missing = images_missing(plan, here);
    g_autofree char *ready = ready_text(plan, here, missing);
    g_autofree char *cores =
        g_strdup_printf("%d virtual on %d, %s", cpus_needed(plan), here->hr_cores,
                        kvm ? "with KVM" : "emulated");
    const char *const rows[][2] = {{"cores", cores}, {"ready", ready}};

    if (!plan->p_hosts->len)
        return;
    need_row(table, "memory", plan_memory_needed(plan, here->hr_accel), here->hr_memory,
             "available");
    need_row(table, "disk", plan_disk_needed(plan), here->hr_disk, "free");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        parry_table_row(table, rows[i]);
    append_table(out, "Needs", table, width);
}

json_t *plan_needs_json(const Plan *plan, const PlanHere *here)
{
    json_t *missing = json_array();

    for (guint i = 0; here->hr_cached && i < plan->p_images->len; i++) {
        const char *id = plan_image(plan, (int)i)->pi_id;
        if (!g_hash_table_contains(here->hr_cached, id))
            json_array_append_new(missing, json_string(id));
    }
    gint64 ready = here->hr_ready_us > 0
                       ? here->hr_ready_us
                       : plan_ready_us(plan, here->hr_accel, here->hr_cores);
    return json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:i, s:i, s:I, s:s, s:b, s:o}", "accel",
        here->hr_accel, "memory", (json_int_t)plan_memory_needed(plan, here->hr_accel),
        "memory-here", (json_int_t)here->hr_memory, "disk",
        (json_int_t)plan_disk_needed(plan), "disk-here", (json_int_t)here->hr_disk,
        "cores", cpus_needed(plan), "cores-here", here->hr_cores, "ready-us",
        (json_int_t)ready, "ready-rests-on", here->hr_rests ? here->hr_rests : "",
        "ready-seen-here", here->hr_ready_us > 0, "images-to-build", missing);
}

/* --- what there is --- */

char *plan_rate_text(gint64 bits)
{
    static const struct {
        const char *unit;
        gint64 bits;
    } units[] = {{"gbit", 1000000000}, {"mbit", 1000000}, {"kbit", 1000}, {"bit", 1}};
    gsize i = 0;

    while (bits % units[i].bits)
        i++;
    return g_strdup_printf("%" G_GINT64_FORMAT "%s", bits / units[i].bits, units[i].unit);
}

char *plan_link_text(const PlanNetwork *network)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *delay = duration_text(network->pn_delay_us);
    g_autofree char *jitter = duration_text(network->pn_jitter_us);
    g_autofree char *rate = plan_rate_text(network->pn_rate);

    if (network->pn_delay_us)
        g_string_append(out, delay);
    if (network->pn_jitter_us)
        g_string_append_printf(out, " \xc2\xb1 %s", jitter);
    if (network->pn_loss)
        g_string_append_printf(out, "%sloss %d%%", out->len ? ", " : "",
                               network->pn_loss);
    if (network->pn_rate)
        g_string_append_printf(out, "%s%s", out->len ? ", " : "", rate);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Hosts on each network, in step with p_networks. */
static int *hosts_on_networks(const Plan *plan)
{
    int *count = g_new0(int, plan->p_networks->len + 1);

    for (guint i = 0; i < plan->p_hosts->len; i++) {
        const PlanHost *host = plan_host(plan, (int)i);
        for (guint n = 0; n < host->ph_nics->len; n++)
            count[((const PlanNic *)host->ph_nics->pdata[n])->ni_network]++;
    }
    return count;
}

static void append_networks(GString *out, const Plan *plan, int width)
{
    static const ParryColumn columns[] = {
        {.tc_title = "network", .tc_min = 8},    {.tc_title = "addresses"},
        {.tc_title = "hosts", .tc_right = TRUE}, {.tc_title = "whose", .tc_min = 6},
        {.tc_title = "link", .tc_min = 8},       {.tc_title = "mirror", .tc_min = 8},
    };
    g_autoptr(ParryTable) table = parry_table_new(columns, G_N_ELEMENTS(columns));
    g_autofree int *count = hosts_on_networks(plan);

    for (guint i = 0; i < plan->p_networks->len; i++) {
        const PlanNetwork *network = plan_network(plan, (int)i);
        g_autofree char *addr = plan_addr_text(network->pn_addr);
        g_autofree char *cidr = g_strdup_printf("%s/%d", addr, network->pn_prefix);
        g_autofree char *hosts = g_strdup_printf("%d", count[i]);
        const char *whose =
            network->pn_team < 0 ? "shared" : plan_team(plan, network->pn_team)->pt_id;
        g_autofree char *link = plan_link_text(network);
        const char *mirror =
            network->pn_mirror < 0 ? NULL : plan_host(plan, network->pn_mirror)->ph_id;
        const char *cells[] = {network->pn_id, cidr, hosts, whose, link, mirror};
        parry_table_row(table, cells);
    }
    if (plan->p_networks->len)
        append_table(out, "Networks", table, width);
}

static void append_images(GString *out, const Plan *plan, const PlanHere *here, int width)
{
    static const ParryColumn columns[] = {
        {.tc_title = "image"},
        {.tc_title = "base", .tc_min = 12},
        {.tc_title = "hosts", .tc_right = TRUE},
        {.tc_title = "packages", .tc_min = 16},
        {.tc_title = "here"},
    };
    g_autoptr(ParryTable) table = parry_table_new(columns, G_N_ELEMENTS(columns));
    g_autofree int *count = g_new0(int, plan->p_images->len + 1);

    for (guint i = 0; i < plan->p_hosts->len; i++)
        count[plan_host(plan, (int)i)->ph_image]++;
    for (guint i = 0; i < plan->p_images->len; i++) {
        const PlanImage *image = plan_image(plan, (int)i);
        g_autofree char *packages = g_strjoinv(", ", image->pi_packages);
        g_autofree char *hosts = g_strdup_printf("%d", count[i]);
        const char *built = !here->hr_cached ? NULL
                            : g_hash_table_contains(here->hr_cached, image->pi_id)
                                ? "built"
                                : "to be built";
        const char *cells[] = {image->pi_id, image->pi_base, hosts, packages, built};
        parry_table_row(table, cells);
    }
    if (plan->p_images->len)
        append_table(out, "Images", table, width);
}

/* "203.0.113.11 internet, 10.10.1.1 dmz": within a team its networks need no team. */
static char *nics_text(const Plan *plan, const PlanHost *host)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (guint n = 0; n < host->ph_nics->len; n++) {
        const PlanNic *nic = host->ph_nics->pdata[n];
        const PlanNetwork *network = plan_network(plan, nic->ni_network);
        const char *slash = strchr(network->pn_id, '/');
        gboolean own = slash && network->pn_team == host->ph_team;
        g_autofree char *addr = plan_addr_text(nic->ni_addr);
        g_string_append_printf(out, "%s%s %s", n ? ", " : "", addr,
                               own ? slash + 1 : network->pn_id);
        if (nic->ni_pool >= 0)
            g_string_append_printf(
                out, " (of %s)",
                ((PlanPool *)plan->p_pools->pdata[nic->ni_pool])->po_name);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void append_hosts(GString *out, const Plan *plan, int width)
{
    static const ParryColumn columns[] = {
        {.tc_title = "host", .tc_min = 12},     {.tc_title = "owner"},
        {.tc_title = "image", .tc_min = 6},     {.tc_title = "memory", .tc_right = TRUE},
        {.tc_title = "cpus", .tc_right = TRUE}, {.tc_title = "addresses", .tc_min = 20},
    };
    g_autoptr(ParryTable) table = parry_table_new(columns, G_N_ELEMENTS(columns));

    for (guint i = 0; i < plan->p_hosts->len; i++) {
        const PlanHost *host = plan_host(plan, (int)i);
        g_autofree char *memory =
            g_strdup_printf("%" G_GUINT64_FORMAT " MiB", host->ph_memory >> 20);
        g_autofree char *cpus = g_strdup_printf("%d", host->ph_cpus);
        g_autofree char *nics = nics_text(plan, host);
        const char *cells[] = {host->ph_id,
                               plan_side_name(host->ph_owner),
                               plan_image(plan, host->ph_image)->pi_id,
                               memory,
                               cpus,
                               nics};
        parry_table_row(table, cells);
    }
    if (plan->p_hosts->len)
        append_table(out, "Hosts", table, width);
}

static void append_phases(GString *out, const Plan *plan, int width)
{
    static const ParryColumn columns[] = {
        {.tc_title = "phase", .tc_min = 8},
        {.tc_title = "from", .tc_right = TRUE},
        {.tc_title = "until", .tc_right = TRUE},
        {.tc_title = "scored"},
        {.tc_title = "red"},
    };
    g_autoptr(ParryTable) table = parry_table_new(columns, G_N_ELEMENTS(columns));

    for (guint i = 0; i < plan->p_phases->len; i++) {
        const PlanPhase *phase = plan->p_phases->pdata[i];
        g_autofree char *from = duration_clock(phase->pz_from_us);
        g_autofree char *until = duration_clock(phase->pz_until_us);
        const char *cells[] = {phase->pz_name, from, until,
                               phase->pz_score ? "yes" : "no",
                               phase->pz_red_locked ? "locked" : "free"};
        parry_table_row(table, cells);
    }
    if (plan->p_phases->len)
        append_table(out, "Phases", table, width);
}

/* --- the timeline --- */

/* "Fri 13 09:30" of "2026-11-13 09:30": day and time is what people look for. */
static char *day_time(const char *local)
{
    static const char *const days[] = {"",    "Mon", "Tue", "Wed",
                                       "Thu", "Fri", "Sat", "Sun"};
    int year = 0, month = 0, day = 0;
    GDate date;

    if (strlen(local) >= strlen("2026-11-13 09:30")) {
        year = (int)g_ascii_strtoll(local, NULL, 10);
        month = (int)g_ascii_strtoll(local + strlen("2026-"), NULL, 10);
        day = (int)g_ascii_strtoll(local + strlen("2026-11-"), NULL, 10);
    }
    if (!g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return g_strdup(local);
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    return g_strdup_printf("%s %02d %.5s", days[g_date_get_weekday(&date)], day,
                           local + strlen("2026-11-13 "));
}

/* Where there is no room for columns of their own. */
static char *expected_text(const MselRow *row, gboolean narrow)
{
    const char *objective = row->ms_cells[MSEL_OBJECTIVE];
    const char *controller = row->ms_cells[MSEL_CONTROLLER];
    g_autoptr(GString) out = g_string_new(row->ms_cells[MSEL_EXPECTED]);

    if (narrow && *objective)
        g_string_append_printf(out, "%sfor %s", out->len ? "; " : "", objective);
    if (narrow && *controller)
        g_string_append_printf(out, "%sby %s", out->len ? "; " : "", controller);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *plan_text_msel(const Plan *plan, const char *lang, int width)
{
    static const ParryColumn columns[] = {
        {.tc_title = "#", .tc_right = TRUE},
        {.tc_title = "time", .tc_min = 12},
        {.tc_title = "elapsed", .tc_right = TRUE},
        {.tc_title = "from", .tc_min = 7},
        {.tc_title = "to", .tc_min = 6},
        {.tc_title = "medium", .tc_min = 9},
        {.tc_title = "title", .tc_min = 12},
        {.tc_title = "expected action", .tc_min = 12},
        {.tc_title = "objective", .tc_min = 9},
        {.tc_title = "controller", .tc_min = 10},
    };
    g_autoptr(ParryTable) table = parry_table_new(columns, G_N_ELEMENTS(columns));
    g_autoptr(GPtrArray) rows = msel_rows(plan, lang);
    gboolean narrow = width > 0 && width < ROOMY;

    for (guint i = 0; i < rows->len; i++) {
        const MselRow *row = rows->pdata[i];
        char *const *from = row->ms_cells;
        g_autofree char *elapsed =
            row->ms_timed && !narrow ? duration_clock(row->ms_at_us) : g_strdup("");
        g_autofree char *time =
            row->ms_timed ? day_time(from[MSEL_TIME]) : g_strdup(from[MSEL_TIME]);
        g_autofree char *expected = expected_text(row, narrow);
        const char *cells[] = {from[MSEL_NUMBER],
                               time,
                               elapsed,
                               from[MSEL_FROM],
                               from[MSEL_TO],
                               from[MSEL_MEDIUM],
                               from[MSEL_TITLE],
                               expected,
                               narrow ? NULL : from[MSEL_OBJECTIVE],
                               narrow ? NULL : from[MSEL_CONTROLLER]};
        parry_table_row(table, cells);
    }
    return rows->len ? parry_table_text(table, INDENT, width) : g_strdup("");
}

static char *head_line(const Plan *plan, const char *lang)
{
    g_autofree char *length = duration_text(plan->p_duration_us);

    return g_strdup_printf(
        "%s (%s): %s, %u team%s, %u network%s, %u host%s, %u inject%s\n",
        parry_text_get(plan->p_title, lang), plan->p_name, length, COUNTED(plan->p_teams),
        COUNTED(plan->p_networks), COUNTED(plan->p_hosts), COUNTED(plan->p_injects));
}

char *plan_text(const Plan *plan, const PlanHere *here, const char *lang, int width)
{
    g_autofree char *head = head_line(plan, lang);
    g_autofree char *msel = plan_text_msel(plan, lang, width);
    g_autofree char *planted = plan_text_planted(plan, lang, INDENT, width);
    g_autoptr(GString) out = g_string_new(head);

    append_networks(out, plan, width);
    append_hosts(out, plan, width);
    append_images(out, plan, here, width);
    if (*planted)
        g_string_append_printf(out, "\nPlanted\n%s", planted);
    append_phases(out, plan, width);
    if (*msel)
        g_string_append_printf(out, "\nTimeline (%s)\n%s", plan->p_timezone, msel);
    append_needs(out, plan, here, width);
    return g_string_free(g_steal_pointer(&out), FALSE);
}
