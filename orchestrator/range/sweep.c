#include "orchestrator/range/sweep.h"

#include "orchestrator/range/filter.h"
#include "orchestrator/range/tag.h"

#include <libvirt/virterror.h>

#define IN_FLIGHT 4

/* Acts on one item; sets *did where it changed the world. pause: NULL but for those. */
typedef gboolean (*SweepAct)(virConnectPtr conn, const SweepItem *item,
                             const SweepPause *pause, gboolean *did, GError **error);

/* One round of acts over a list, shared by its threads. */
typedef struct {
    virConnectPtr ro_conn;
    GPtrArray *ro_items;
    SweepAct ro_act;
    const SweepPause *ro_pause;
    gboolean *ro_did; /* one an item */
    int ro_next;      /* atomic */
    GMutex ro_lock;   /* over ro_error */
    GError *ro_error; /* the first */
} Round;

static void item_free(gpointer data)
{
    SweepItem *item = data;

    g_free(item->sw_name);
    g_free(item->sw_uuid);
    g_free(item->sw_drill);
    g_free(item);
}

const char *sweep_kind_name(SweepKind kind)
{
    static const char *const names[] = {"domain", "network", "filter"};

    return names[kind];
}

/* Adds an item whose tag fits; takes over tag. */
static void add(GPtrArray *items, SweepKind kind, const char *drill, const char *name,
                const char *uuid, char *tag)
{
    SweepItem *item;

    if (!tag || (drill && g_ascii_strcasecmp(tag, drill) != 0)) {
        g_free(tag);
        return;
    }
    item = g_new0(SweepItem, 1);
    *item = (SweepItem){kind, g_strdup(name), g_strdup(uuid), tag};
    g_ptr_array_add(items, item);
}

static int list_domains(virConnectPtr conn, const char *drill, GPtrArray *items)
{
    virDomainPtr *all = NULL;
    int n = virConnectListAllDomains(conn, &all, 0);

    for (int i = 0; i < n; i++) {
        char uuid[VIR_UUID_STRING_BUFLEN] = "";
        /* Gone since it was listed: no XML, no tag. */
        char *xml = virDomainGetXMLDesc(all[i], 0);

        virDomainGetUUIDString(all[i], uuid);
        add(items, SWEEP_DOMAIN, drill, virDomainGetName(all[i]), uuid,
            xml ? tag_read(xml, NULL, NULL) : NULL);
        free(xml);
        virDomainFree(all[i]);
    }
    free(all);
    return n;
}

static int list_networks(virConnectPtr conn, const char *drill, GPtrArray *items)
{
    virNetworkPtr *all = NULL;
    int n = virConnectListAllNetworks(conn, &all, 0);

    for (int i = 0; i < n; i++) {
        char uuid[VIR_UUID_STRING_BUFLEN] = "";
        char *xml = virNetworkGetXMLDesc(all[i], 0);

        virNetworkGetUUIDString(all[i], uuid);
        add(items, SWEEP_NETWORK, drill, virNetworkGetName(all[i]), uuid,
            xml ? tag_read(xml, NULL, NULL) : NULL);
        free(xml);
        virNetworkFree(all[i]);
    }
    free(all);
    return n;
}

static gboolean list_filters(const char *uri, const char *drill, GPtrArray *items,
                             GError **error)
{
    g_autoptr(GPtrArray) tables = filter_list(uri, error);

    for (guint i = 0; tables && i < tables->len; i++) {
        const char *table = g_ptr_array_index(tables, i);
        char *tag = filter_drill(table);

        add(items, SWEEP_FILTER, drill, table, tag, tag);
    }
    return tables != NULL;
}

GPtrArray *sweep_list(virConnectPtr conn, const char *uri, SweepKind kind,
                      const char *drill, GError **error)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(item_free);

    if (kind == SWEEP_FILTER)
        return list_filters(uri, drill, items, error) ? g_steal_pointer(&items) : NULL;
    if ((kind == SWEEP_DOMAIN ? list_domains : list_networks)(conn, drill, items) >= 0)
        return g_steal_pointer(&items);
    virt_error(error, conn, sweep_kind_name(kind), "list all");
    return NULL;
}

static gpointer round_main(gpointer data)
{
    Round *round = data;
    guint i;

    while ((i = (guint)g_atomic_int_add(&round->ro_next, 1)) < round->ro_items->len) {
        g_autoptr(GError) error = NULL;

        if (round->ro_act(round->ro_conn, g_ptr_array_index(round->ro_items, i),
                          round->ro_pause, &round->ro_did[i], &error))
            continue;
        g_mutex_lock(&round->ro_lock);
        if (!round->ro_error)
            round->ro_error = g_steal_pointer(&error);
        g_mutex_unlock(&round->ro_lock);
    }
    return NULL;
}

static guint count_done(const Round *round, GPtrArray *uuids)
{
    guint n = 0;

    for (guint i = 0; i < round->ro_items->len; i++) {
        const SweepItem *item = g_ptr_array_index(round->ro_items, i);

        if (!round->ro_did[i])
            continue;
        n++;
        if (uuids)
            g_ptr_array_add(uuids, g_strdup(item->sw_uuid));
    }
    return n;
}

/* Acts on all of a kind, on this thread and up to three more. Adds to *count. */
static gboolean sweep(virConnectPtr conn, SweepKind kind, const char *drill, SweepAct act,
                      const SweepPause *pause, guint *count, GPtrArray *uuids,
                      GError **error)
{
    g_autoptr(GPtrArray) items = sweep_list(conn, NULL, kind, drill, error);
    GThread *helpers[IN_FLIGHT - 1];
    Round round = {.ro_conn = conn, .ro_items = items, .ro_act = act, .ro_pause = pause};
    guint n = 0;

    if (!items)
        return FALSE;
    g_mutex_init(&round.ro_lock);
    round.ro_did = g_new0(gboolean, items->len + 1);
    /* Without further threads this one does it all. */
    while (n < G_N_ELEMENTS(helpers) && n + 1 < items->len &&
           (helpers[n] = g_thread_try_new("range-sweep", round_main, &round, NULL)))
        n++;
    round_main(&round);
    while (n > 0)
        g_thread_join(helpers[--n]);
    *count += count_done(&round, uuids);
    g_free(round.ro_did);
    g_mutex_clear(&round.ro_lock);
    if (!round.ro_error)
        return TRUE;
    g_propagate_error(error, round.ro_error);
    return FALSE;
}

static gboolean remove_domain(virConnectPtr conn, const SweepItem *item,
                              const SweepPause *pause, gboolean *did, GError **error)
{
    static const guint leave_nothing =
        VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
        VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | VIR_DOMAIN_UNDEFINE_NVRAM;
    g_autoptr(virDomain) domain = virDomainLookupByUUIDString(conn, item->sw_uuid);
    gboolean kept = domain && virDomainIsPersistent(domain) == 1;

    (void)pause;
    /* At once: a guest has nothing to say about its end, and its disk is an overlay. */
    if (domain && virDomainDestroyFlags(domain, VIR_DOMAIN_DESTROY_DEFAULT) == 0)
        *did = TRUE;
    else if (!virt_failed_as(VIR_ERR_NO_DOMAIN, VIR_ERR_OPERATION_INVALID)) {
        virt_error(error, conn, item->sw_name, "destroy");
        return FALSE;
    }
    if (!kept || virDomainUndefineFlags(domain, leave_nothing) == 0) {
        *did = *did || kept;
        return TRUE;
    }
    virt_error(error, conn, item->sw_name, "undefine");
    return FALSE;
}

static gboolean remove_network(virConnectPtr conn, const SweepItem *item,
                               const SweepPause *pause, gboolean *did, GError **error)
{
    g_autoptr(virNetwork) network = virNetworkLookupByUUIDString(conn, item->sw_uuid);
    gboolean kept = network && virNetworkIsPersistent(network) == 1;

    (void)pause;
    if (network && virNetworkDestroy(network) == 0)
        *did = TRUE;
    else if (!virt_failed_as(VIR_ERR_NO_NETWORK, VIR_ERR_OPERATION_INVALID)) {
        virt_error(error, conn, item->sw_name, "destroy network");
        return FALSE;
    }
    if (!kept || virNetworkUndefine(network) == 0) {
        *did = *did || kept;
        return TRUE;
    }
    virt_error(error, conn, item->sw_name, "undefine network");
    return FALSE;
}

/* A drill has one table at most. */
static gboolean remove_filters(const char *uri, const char *drill, guint *count,
                               GError **error)
{
    g_autoptr(GPtrArray) items = sweep_list(NULL, uri, SWEEP_FILTER, drill, error);

    for (guint i = 0; items && i < items->len; i++) {
        const SweepItem *item = g_ptr_array_index(items, i);

        if (!filter_remove(uri, item->sw_name, error))
            return FALSE;
        *count += 1;
    }
    return items != NULL;
}

/* Brings a domain into one of two states from the other; others are left alone. */
static gboolean switch_domain(virConnectPtr conn, const SweepItem *item,
                              const SweepPause *pause, gboolean *did, GError **error)
{
    gboolean resume = pause->sp_resume;
    int wanted = resume ? VIR_DOMAIN_RUNNING : VIR_DOMAIN_PAUSED;
    int state = VIR_DOMAIN_SHUTOFF;

    if (pause->sp_wants && !pause->sp_wants(item->sw_uuid, pause->sp_data))
        return TRUE;
    g_autoptr(virDomain) domain = virDomainLookupByUUIDString(conn, item->sw_uuid);
    if (!domain)
        return TRUE; /* gone since it was listed: nothing runs */
    if (virDomainGetState(domain, &state, NULL, 0) == 0 &&
        (state == wanted || state == VIR_DOMAIN_SHUTOFF || state == VIR_DOMAIN_CRASHED))
        return TRUE;
    if ((resume ? virDomainResume(domain) : virDomainSuspend(domain)) == 0) {
        *did = TRUE;
        return TRUE;
    }
    if (virt_failed_as(VIR_ERR_NO_DOMAIN, VIR_ERR_OPERATION_INVALID) &&
        (virDomainGetState(domain, &state, NULL, 0) < 0 || state == wanted ||
         state == VIR_DOMAIN_SHUTOFF))
        return TRUE; /* ended, or got there by itself, between the look and the act */
    virt_error(error, conn, item->sw_name, resume ? "resume" : "suspend");
    return FALSE;
}

gboolean sweep_pause(virConnectPtr conn, const char *drill, const SweepPause *pause,
                     guint *count, GPtrArray *uuids, GError **error)
{
    *count = 0;
    return sweep(conn, SWEEP_DOMAIN, drill, switch_domain, pause, count, uuids, error);
}

gboolean sweep_remove(virConnectPtr conn, const char *uri, const char *drill,
                      RangeRemoved *removed, GError **error)
{
    g_autoptr(GError) domains = NULL, networks = NULL, filters = NULL;
    guint still = 0;

    *removed = (RangeRemoved){0};
    /* Guests that stand still leave the cores to libvirt and to their own end. Whether
     * they do stand still does not matter. */
    sweep_pause(conn, drill, &(SweepPause){0}, &still, NULL, NULL);
    sweep(conn, SWEEP_DOMAIN, drill, remove_domain, NULL, &removed->rm_domains, NULL,
          &domains);
    sweep(conn, SWEEP_NETWORK, drill, remove_network, NULL, &removed->rm_networks, NULL,
          &networks);
    remove_filters(uri, drill, &removed->rm_filters, &filters);
    if (domains)
        g_propagate_error(error, g_steal_pointer(&domains));
    else if (networks)
        g_propagate_error(error, g_steal_pointer(&networks));
    else if (filters)
        g_propagate_error(error, g_steal_pointer(&filters));
    else
        return TRUE;
    return FALSE;
}
