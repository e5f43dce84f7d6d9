/*
 * Files and a program into a guest by its qemu-guest-agent, through libvirt.
 */
#include "orchestrator/range/guest_agent.h"
#include "orchestrator/range/range_parts.h"
#include "orchestrator/range/virt.h"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <stdlib.h>

#define ANSWER_S 10 /* libvirt waits so long for one answer */
#define PUSH_S 60

typedef struct {
    Range *pu_range;
    const PlanHost *pu_host;
    char *pu_folder, *pu_script;
    RangeGuestFile *pu_files;
    guint pu_count;
    virDomainPtr pu_domain;
    GError *pu_error;
    RangeDone pu_done;
    gpointer pu_data;
} Push;

static char *ask(const char *command, gpointer data, GError **error)
{
    const Push *push = data;
    char *answer = virDomainQemuAgentCommand(push->pu_domain, command, ANSWER_S, 0);
    char *copy = g_strdup(answer);

    free(answer);
    if (!copy)
        g_set_error(error, RANGE_ERROR,
                    virt_failed_as(VIR_ERR_AGENT_UNRESPONSIVE, VIR_ERR_AGENT_UNSYNCED)
                        ? RANGE_ERROR_ABSENT
                        : RANGE_ERROR_FAILED,
                    "%s: guest agent: %s", push->pu_host->ph_domain,
                    virGetLastErrorMessage());
    return copy;
}

static void push_work(gpointer data)
{
    Push *push = data;
    const char *name = push->pu_host->ph_domain;
    g_autoptr(virConnect) conn =
        connection_get(range_connection(push->pu_range), &push->pu_error);
    g_autoptr(virDomain) domain =
        conn ? virDomainLookupByUUIDString(conn, push->pu_host->ph_uuid) : NULL;
    GuestAgent agent = {name, ask, push,
                        g_get_monotonic_time() + PUSH_S * G_USEC_PER_SEC};
    RangeGuestPush what = {push->pu_folder, push->pu_files, push->pu_count,
                           push->pu_script};

    if (!conn)
        return;
    if (!domain) {
        virt_error(&push->pu_error, conn, name, "look for its guest agent");
        return;
    }
    push->pu_domain = domain;
    if (guest_agent_ping(&agent, &push->pu_error))
        guest_agent_push(&agent, &what, &push->pu_error);
}

static void push_done(gpointer data, gboolean ran)
{
    Push *push = data;

    if (!ran)
        g_set_error(&push->pu_error, RANGE_ERROR, RANGE_ERROR_CANCELLED,
                    "%s: ended before its guest agent was asked",
                    push->pu_host->ph_domain);
    push->pu_done(push->pu_error, push->pu_data);
    for (guint i = 0; i < push->pu_count; i++) {
        g_free((char *)push->pu_files[i].gf_path);
        g_bytes_unref(push->pu_files[i].gf_bytes);
    }
    g_free(push->pu_files);
    g_free(push->pu_folder);
    g_free(push->pu_script);
    g_clear_error(&push->pu_error);
    g_free(push);
}

void range_guest_push(Range *range, int host, const RangeGuestPush *what, RangeDone done,
                      gpointer data)
{
    Push *push = g_new0(Push, 1);

    push->pu_range = range;
    push->pu_host = range_host(range, host);
    push->pu_folder = g_strdup(what->gp_folder);
    push->pu_script = g_strdup(what->gp_script);
    push->pu_count = what->gp_count;
    push->pu_files = g_new0(RangeGuestFile, what->gp_count + 1);
    for (guint i = 0; i < what->gp_count; i++) {
        push->pu_files[i].gf_path = g_strdup(what->gp_files[i].gf_path);
        push->pu_files[i].gf_bytes = g_bytes_ref(what->gp_files[i].gf_bytes);
    }
    push->pu_done = done;
    push->pu_data = data;
    pool_run(range_pool(range), POOL_NORMAL, push_work, push_done, push);
}
