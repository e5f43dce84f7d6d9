#include "scenarios/loader.h"

#include <string.h>

const GPtrArray *plan_unbuilt(const Plan *plan)
{
    return plan->p_unbuilt;
}

/* Every element begins with a member that names it, at `offset`. */
static int index_by_id(const GPtrArray *all, gsize offset, const char *id)
{
    for (guint i = 0; id && i < all->len; i++) {
        const char *other = *(char **)((char *)all->pdata[i] + offset);
        if (!strcmp(other, id))
            return (int)i;
    }
    return -1;
}

int plan_team_index(const Plan *plan, const char *id)
{
    return index_by_id(plan->p_teams, G_STRUCT_OFFSET(PlanTeam, pt_id), id);
}

int plan_host_index(const Plan *plan, const char *id)
{
    return index_by_id(plan->p_hosts, G_STRUCT_OFFSET(PlanHost, ph_id), id);
}

int plan_check_index(const Plan *plan, const char *id)
{
    return index_by_id(plan->p_checks, G_STRUCT_OFFSET(PlanCheck, ck_id), id);
}

int plan_inject_index(const Plan *plan, const char *id)
{
    return index_by_id(plan->p_injects, G_STRUCT_OFFSET(PlanInject, in_id), id);
}

PlanTeam *plan_team(const Plan *plan, int index)
{
    return g_ptr_array_index(plan->p_teams, index);
}

PlanHost *plan_host(const Plan *plan, int index)
{
    return g_ptr_array_index(plan->p_hosts, index);
}

PlanNetwork *plan_network(const Plan *plan, int index)
{
    return g_ptr_array_index(plan->p_networks, index);
}

const char *plan_agent_name(PlanAgent agent)
{
    static const char *const names[] = {
        [AGENT_AUTO] = "auto",   [AGENT_INITRAMFS] = "initramfs",
        [AGENT_SEED] = "seed",   [AGENT_GUEST_AGENT] = "guest-agent",
        [AGENT_IMAGE] = "image", [AGENT_NONE] = "none",
    };

    return names[agent];
}

gboolean plan_image_is_own(const PlanImage *image)
{
    return image->pi_base && image->pi_base[0] == '/';
}

PlanAgent plan_agent_way(const Plan *plan, const PlanHost *host)
{
    if (host->ph_agent != AGENT_AUTO)
        return host->ph_agent;
    return plan_image_is_own(plan_image(plan, host->ph_image)) ? AGENT_SEED
                                                               : AGENT_INITRAMFS;
}

PlanImage *plan_image(const Plan *plan, int index)
{
    return g_ptr_array_index(plan->p_images, index);
}

PlanCheck *plan_check(const Plan *plan, int index)
{
    return g_ptr_array_index(plan->p_checks, index);
}

PlanInject *plan_inject(const Plan *plan, int index)
{
    return g_ptr_array_index(plan->p_injects, index);
}

PlanTarget *plan_target(const Plan *plan, int index)
{
    return g_ptr_array_index(plan->p_targets, index);
}

const char *plan_side_name(PlanSide side)
{
    static const char *const names[] = {"white", "red", "blue", "green", "observer"};

    return names[side];
}

static const char *const target_kinds[SCORING_BASES] = {
    "attack-path", "network-boundary", "target-system", "important-data", "other-system",
};

const char *plan_target_kind(int index)
{
    return index >= 0 && index < SCORING_BASES ? target_kinds[index] : NULL;
}

int plan_target_kind_index(const char *kind)
{
    for (int i = 0; kind && i < SCORING_BASES; i++)
        if (!strcmp(kind, target_kinds[i]))
            return i;
    return -1;
}

const char *plan_engagement_name(PlanEngagement rule)
{
    static const char *const names[ENGAGE_COUNT] = {
        "red-on-red", "hack-back", "denial-of-service", "wiping", "referee-hosts",
    };

    return names[rule];
}

const char *plan_ruling_name(PlanRuling ruling)
{
    static const char *const names[] = {"forbidden", "with-consent", "allowed"};

    return names[ruling];
}

const char *plan_phase_kind_name(PlanPhaseKind kind)
{
    static const char *const names[] = {"attack", "familiarisation", "judging", "appeals",
                                        "break"};

    return names[kind];
}

const char *plan_expect_name(PlanExpectKind kind)
{
    static const char *const names[] = {
        [EXPECT_PREVENT] = "prevent",     [EXPECT_DETECT] = "detect",
        [EXPECT_CONTAIN] = "contain",     [EXPECT_ANSWER] = "answer",
        [EXPECT_ERADICATE] = "eradicate", [EXPECT_RECOVER] = "recover",
        [EXPECT_REPORT] = "report",       [EXPECT_SHARE] = "share",
    };

    return (gsize)kind < G_N_ELEMENTS(names) ? names[kind] : "";
}

char *plan_addr_text(guint32 addr)
{
    return g_strdup_printf("%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255,
                           addr & 255);
}

#define MIB (G_GUINT64_CONSTANT(1) << 20)

/* Measured: an emulated guest of 128 MB takes about 215 MB (translation cache, QEMU
 * itself); with KVM there is no such cache. */
#define OVERHEAD_QEMU (90 * MIB)
#define OVERHEAD_KVM (40 * MIB)

guint64 plan_memory_needed(const Plan *plan, const char *accel)
{
    guint64 overhead = g_strcmp0(accel, "kvm") == 0 ? OVERHEAD_KVM : OVERHEAD_QEMU;
    guint64 sum = 0;

    for (guint i = 0; i < plan->p_hosts->len; i++)
        sum += plan_host(plan, (int)i)->ph_memory + overhead;
    return sum;
}

/* An overlay holds what the guest writes: logs and a few files, not its whole disk. */
#define OVERLAY_WRITTEN (256 * MIB)
#define JOURNAL_ROOM (256 * MIB)

guint64 plan_disk_needed(const Plan *plan)
{
    guint64 sum = JOURNAL_ROOM;

    for (guint i = 0; i < plan->p_hosts->len; i++) {
        const PlanHost *host = plan_host(plan, (int)i);
        sum += MIN(host->ph_disk, OVERLAY_WRITTEN);
        sum += host->ph_memory; /* its checkpoint */
    }
    return sum;
}
