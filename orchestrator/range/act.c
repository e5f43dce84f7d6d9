#include "orchestrator/range/act.h"

#include "orchestrator/range/hold.h"
#include "orchestrator/range/range.h"
#include "orchestrator/range/save_image.h"
#include "orchestrator/range/tag.h"

#include <glib/gstdio.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <string.h>

/* How long a domain that another call is starting may take to run, and between looks. */
#define STARTING_LIMIT_S 60
#define STARTING_LOOK_US 50000
/* The same for one that was told to quit. */
#define QUIT_LIMIT_US (2 * G_USEC_PER_SEC)
#define QUIT_LOOK_US 5000

void act_object_clear(ActObject *object)
{
    g_clear_pointer(&object->ob_name, g_free);
    g_clear_pointer(&object->ob_uuid, g_free);
    g_clear_pointer(&object->ob_drill, g_free);
    g_clear_pointer(&object->ob_xml, g_free);
    g_clear_pointer(&object->ob_from, g_free);
    g_clear_pointer(&object->ob_to, g_free);
}

static gboolean foreign(GError **error, const ActObject *object, const char *attempt,
                        const char *found)
{
    g_set_error(error, RANGE_ERROR, RANGE_ERROR_FOREIGN,
                "%s: %s: its name or UUID is taken by %s, which is not of this drill; "
                "remove or rename that, or give the drill another name",
                object->ob_name, attempt, found);
    return FALSE;
}

static gboolean is_ours(const char *xml, const ActObject *object)
{
    g_autofree char *drill = xml ? tag_read(xml, NULL, NULL) : NULL;

    return g_strcmp0(drill, object->ob_drill) == 0;
}

/* Whether a failed lookup failed because nothing is there; sets error otherwise. */
static gboolean just_absent(virConnectPtr conn, int code, const ActObject *object,
                            GError **error)
{
    if (virt_failed_as(code, code))
        return TRUE;
    virt_error(error, conn, object->ob_name, "look up");
    return FALSE;
}

static virNetworkPtr find_network(virConnectPtr conn, const ActObject *object)
{
    virNetworkPtr found = virNetworkLookupByUUIDString(conn, object->ob_uuid);

    if (!found && virt_failed_as(VIR_ERR_NO_NETWORK, VIR_ERR_NO_NETWORK))
        found = virNetworkLookupByName(conn, object->ob_name);
    return found;
}

static gboolean accept_network(virConnectPtr conn, virNetworkPtr found,
                               const ActObject *object, GError **error)
{
    char *xml = virNetworkGetXMLDesc(found, 0);
    char uuid[VIR_UUID_STRING_BUFLEN] = "";
    gboolean ours = is_ours(xml, object);

    free(xml);
    virNetworkGetUUIDString(found, uuid);
    if (!ours || g_ascii_strcasecmp(uuid, object->ob_uuid) != 0)
        return foreign(error, object, "create network", virNetworkGetName(found));
    if (virNetworkIsActive(found) == 1 || virNetworkCreate(found) == 0)
        return TRUE;
    virt_error(error, conn, object->ob_name, "start network");
    return FALSE;
}

gboolean act_network_create(virConnectPtr conn, const ActObject *object, GError **error)
{
    g_autoptr(virNetwork) old = find_network(conn, object);

    if (old)
        return accept_network(conn, old, object, error);
    if (!just_absent(conn, VIR_ERR_NO_NETWORK, object, error))
        return FALSE;
    g_autoptr(virNetwork) made = virNetworkCreateXML(conn, object->ob_xml);
    if (made)
        return TRUE;
    virt_error(error, conn, object->ob_name, "create network");
    /* A call of a daemon that was killed meanwhile may have won. */
    g_autoptr(virNetwork) twin = find_network(conn, object);
    if (!twin)
        return FALSE;
    g_clear_error(error);
    return accept_network(conn, twin, object, error);
}

static virDomainPtr find_domain(virConnectPtr conn, const ActObject *object)
{
    virDomainPtr found = virDomainLookupByUUIDString(conn, object->ob_uuid);

    if (!found && virt_failed_as(VIR_ERR_NO_DOMAIN, VIR_ERR_NO_DOMAIN))
        found = virDomainLookupByName(conn, object->ob_name);
    return found;
}

/* Whether a found domain is this drill's host; NULL XML: it has gone meanwhile. */
static gboolean own_domain(virDomainPtr found, const ActObject *object)
{
    char *xml = virDomainGetXMLDesc(found, 0);
    char uuid[VIR_UUID_STRING_BUFLEN] = "";
    gboolean ours = is_ours(xml, object);

    free(xml);
    virDomainGetUUIDString(found, uuid);
    return ours && g_ascii_strcasecmp(uuid, object->ob_uuid) == 0;
}

/* Has the domain run, or not, as the kill switch wants it by now. */
static gboolean obey(virConnectPtr conn, virDomainPtr domain, gboolean paused,
                     const int *held, const char *name, GError **error)
{
    gboolean hold = g_atomic_int_get(held) != 0;
    int state = 0, want = hold ? VIR_DOMAIN_PAUSED : VIR_DOMAIN_RUNNING;

    if (hold == paused)
        return TRUE;
    if ((hold ? virDomainSuspend(domain) : virDomainResume(domain)) == 0)
        return TRUE;
    if (virDomainGetState(domain, &state, NULL, 0) == 0 && state == want)
        return TRUE;
    virt_error(error, conn, name, hold ? "suspend" : "resume");
    return FALSE;
}

/*
 * The domain is there: it may still be starting, by a call of a daemon that was killed
 * in the midst of it, and may yet fail to. *gone: it ended while it was looked at.
 */
static gboolean accept_domain(virConnectPtr conn, virDomainPtr found,
                              const ActObject *object, const int *held, gboolean *gone,
                              GError **error)
{
    gint64 until = g_get_monotonic_time() + (gint64)STARTING_LIMIT_S * G_USEC_PER_SEC;
    int state = 0, reason = 0;

    if (!own_domain(found, object)) {
        *gone = virDomainGetState(found, &state, &reason, 0) < 0;
        return foreign(error, object, "start", virDomainGetName(found));
    }
    while (virDomainGetState(found, &state, &reason, 0) == 0) {
        if (state == VIR_DOMAIN_RUNNING ||
            (state == VIR_DOMAIN_PAUSED && reason != VIR_DOMAIN_PAUSED_STARTING_UP))
            return obey(conn, found, state == VIR_DOMAIN_PAUSED, held, object->ob_name,
                        error);
        if (g_get_monotonic_time() > until) {
            g_set_error(error, RANGE_ERROR, RANGE_ERROR_FAILED,
                        "%s: create: found, and not running after %d s (state %d); "
                        "destroy it and try again",
                        object->ob_name, STARTING_LIMIT_S, state);
            return FALSE;
        }
        g_usleep(STARTING_LOOK_US);
    }
    *gone = virt_failed_as(VIR_ERR_NO_DOMAIN, VIR_ERR_NO_DOMAIN);
    virt_error(error, conn, object->ob_name, "wait for its start");
    return FALSE;
}

/* One try. libvirt answers no domain for a restored one, only whether it worked. */
static virDomainPtr try_domain(virConnectPtr conn, const ActObject *object, gboolean hold)
{
    if (!object->ob_from)
        return virDomainCreateXML(conn, object->ob_xml,
                                  hold ? VIR_DOMAIN_START_PAUSED : 0);
    return virDomainRestoreFlags(
               conn, object->ob_to ? object->ob_to : object->ob_from, NULL,
               hold ? VIR_DOMAIN_SAVE_PAUSED : VIR_DOMAIN_SAVE_RUNNING) == 0
               ? virDomainLookupByUUIDString(conn, object->ob_uuid)
               : NULL;
}

/* The one before has ended, is not found any more, and has not left libvirt's list. */
static gboolean leaves_list(void)
{
    return virGetLastErrorCode() == VIR_ERR_OPERATION_FAILED &&
           strstr(virGetLastErrorMessage(), "is already being removed");
}

/* A new domain out of nothing, or out of a save image. NULL: libvirt's error is set, or
 * error. */
static virDomainPtr begin_domain(virConnectPtr conn, const ActObject *object,
                                 gboolean hold, GError **error)
{
    gint64 until = g_get_monotonic_time() + QUIT_LIMIT_US;
    virDomainPtr made;

    if (object->ob_to && object->ob_from &&
        !save_image_rewrite(object->ob_from, object->ob_to, object->ob_xml, NULL, error))
        return NULL;
    while (!(made = try_domain(conn, object, hold)) && leaves_list() &&
           g_get_monotonic_time() < until)
        g_usleep(QUIT_LOOK_US);
    if (!object->ob_from)
        return made;
    if (!made)
        virt_error(error, conn, object->ob_name, "restore");
    if (object->ob_to)
        g_unlink(object->ob_to);
    return made;
}

static gboolean create_domain(virConnectPtr conn, const ActObject *object,
                              const int *held, gboolean *gone, GError **error)
{
    g_autoptr(virDomain) old = find_domain(conn, object);
    gboolean hold = g_atomic_int_get(held) != 0;

    if (old)
        return accept_domain(conn, old, object, held, gone, error);
    if (!just_absent(conn, VIR_ERR_NO_DOMAIN, object, error))
        return FALSE;
    g_autoptr(GError) why = NULL;
    g_autoptr(virDomain) made = begin_domain(conn, object, hold, &why);
    if (made)
        return obey(conn, made, hold, held, object->ob_name, error);
    if (why)
        g_propagate_error(error, g_steal_pointer(&why));
    else
        virt_error(error, conn, object->ob_name, "start");
    g_autoptr(virDomain) twin = find_domain(conn, object);
    if (!twin)
        return FALSE;
    g_clear_error(error);
    return accept_domain(conn, twin, object, held, gone, error);
}

gboolean act_domain_create(virConnectPtr conn, const ActObject *object, const int *held,
                           GError **error)
{
    gboolean gone = FALSE;

    if (create_domain(conn, object, held, &gone, error))
        return TRUE;
    if (!gone)
        return FALSE;
    /* An older one was just ending: now there is room. */
    g_clear_error(error);
    return create_domain(conn, object, held, &gone, error);
}

/* The file is whole, and the domain gone: a call of a daemon that was killed saved it,
 * maybe only now. */
static gboolean saved_before(virConnectPtr conn, const ActObject *object)
{
    gint64 until = g_get_monotonic_time() + (gint64)STARTING_LIMIT_S * G_USEC_PER_SEC;
    g_auto(SaveImage) image = {0};
    int state = 0, reason = 0;

    while (g_get_monotonic_time() < until) {
        g_autoptr(virDomain) found = virDomainLookupByUUIDString(conn, object->ob_uuid);

        if (!found)
            return virt_failed_as(VIR_ERR_NO_DOMAIN, VIR_ERR_NO_DOMAIN) &&
                   save_image_read(object->ob_to, &image, NULL);
        if (virDomainGetState(found, &state, &reason, 0) == 0 &&
            (state != VIR_DOMAIN_PAUSED || reason != VIR_DOMAIN_PAUSED_SAVE))
            return FALSE;
        g_usleep(STARTING_LOOK_US);
    }
    return FALSE;
}

gboolean act_domain_save(virConnectPtr conn, const ActObject *object, gboolean direct,
                         GError **error)
{
    if (g_file_test(object->ob_to, G_FILE_TEST_EXISTS) && saved_before(conn, object))
        return TRUE;
    g_autoptr(virDomain) found = virDomainLookupByUUIDString(conn, object->ob_uuid);
    unsigned int flags =
        VIR_DOMAIN_SAVE_RUNNING | (direct ? VIR_DOMAIN_SAVE_BYPASS_CACHE : 0);

    if (found && !own_domain(found, object))
        return foreign(error, object, "save", virDomainGetName(found));
    if (found && virDomainSaveFlags(found, object->ob_to, NULL, flags) == 0)
        return TRUE;
    virt_error(error, conn, object->ob_name, "save");
    return FALSE;
}

/*
 * Ends QEMU by its monitor: what its disks' caches hold is written. libvirt's own way is
 * a signal, and a nap of 200 ms before it looks whether that helped. FALSE: it is to be
 * done so.
 */
static gboolean quit_domain(virConnectPtr conn, virDomainPtr found,
                            const ActObject *object)
{
    gint64 until = g_get_monotonic_time() + QUIT_LIMIT_US;
    Hold *hold = hold_take(object->ob_uuid);
    char *answer = NULL;
    gboolean asked =
        virDomainQemuMonitorCommand(found, "{\"execute\":\"quit\"}", &answer, 0) == 0;

    free(answer);
    hold_wait(hold, asked ? QUIT_LIMIT_US : 0);
    while (asked && g_get_monotonic_time() < until) {
        g_autoptr(virDomain) still = virDomainLookupByUUIDString(conn, object->ob_uuid);

        if (!still)
            return virt_failed_as(VIR_ERR_NO_DOMAIN, VIR_ERR_NO_DOMAIN);
        g_usleep(QUIT_LOOK_US);
    }
    return FALSE;
}

gboolean act_domain_destroy(virConnectPtr conn, const ActObject *object, GError **error)
{
    g_autoptr(virDomain) found = virDomainLookupByUUIDString(conn, object->ob_uuid);

    if (!found)
        return just_absent(conn, VIR_ERR_NO_DOMAIN, object, error);
    if (!own_domain(found, object)) {
        g_autoptr(virDomain) again = virDomainLookupByUUIDString(conn, object->ob_uuid);

        return again ? foreign(error, object, "destroy", virDomainGetName(again))
                     : just_absent(conn, VIR_ERR_NO_DOMAIN, object, error);
    }
    if (quit_domain(conn, found, object) ||
        virDomainDestroyFlags(found, VIR_DOMAIN_DESTROY_DEFAULT) == 0 ||
        virt_failed_as(VIR_ERR_NO_DOMAIN, VIR_ERR_OPERATION_INVALID))
        return TRUE;
    virt_error(error, conn, object->ob_name, "destroy");
    return FALSE;
}

gboolean act_domain_reset(virConnectPtr conn, const ActObject *object, GError **error)
{
    g_autoptr(virDomain) found = virDomainLookupByUUIDString(conn, object->ob_uuid);

    if (found && !own_domain(found, object))
        return foreign(error, object, "reset", virDomainGetName(found));
    if (found && virDomainReset(found, 0) == 0)
        return TRUE;
    virt_error(error, conn, object->ob_name, "reset");
    return FALSE;
}

static ActState state_of(int state)
{
    if (state == VIR_DOMAIN_PAUSED)
        return ACT_PAUSED;
    return state == VIR_DOMAIN_SHUTOFF || state == VIR_DOMAIN_CRASHED ? ACT_ABSENT
                                                                      : ACT_RUNNING;
}

gboolean act_domain_used(virConnectPtr conn, const char *uuid, ActState *state,
                         gint64 *cpu_us, GError **error)
{
    g_autoptr(virDomain) found = virDomainLookupByUUIDString(conn, uuid);
    virDomainInfo info = {.state = VIR_DOMAIN_SHUTOFF};

    *state = ACT_ABSENT;
    *cpu_us = 0;
    if ((!found || virDomainGetInfo(found, &info) < 0) &&
        !virt_failed_as(VIR_ERR_NO_DOMAIN, VIR_ERR_NO_DOMAIN)) {
        virt_error(error, conn, uuid, "look at its CPU time");
        return FALSE;
    }
    *state = state_of(info.state);
    *cpu_us = (gint64)(info.cpuTime / 1000);
    return TRUE;
}

gboolean act_domain_state(virConnectPtr conn, const char *uuid, ActState *state,
                          GError **error)
{
    g_autoptr(virDomain) found = virDomainLookupByUUIDString(conn, uuid);
    int now = VIR_DOMAIN_SHUTOFF;

    *state = ACT_ABSENT;
    if ((!found || virDomainGetState(found, &now, NULL, 0) < 0) &&
        !virt_failed_as(VIR_ERR_NO_DOMAIN, VIR_ERR_NO_DOMAIN)) {
        virt_error(error, conn, uuid, "look at its state");
        return FALSE;
    }
    *state = state_of(now);
    return TRUE;
}
