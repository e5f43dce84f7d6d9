#include "orchestrator/daemon/delivery.h"

#include "agents/images/images.h"
#include "orchestrator/daemon/programs.h"

#define AGAIN_US (G_USEC_PER_SEC / 2)
#define FOLDER IMAGES_AGENT_DIR "/new"

typedef struct {
    Delivery *pa_delivery; /* NULL once that is gone while the range is at it */
    int pa_host;
    gint64 pa_seq; /* of deliver.wanted/1, 0: not begun, or over */
    gboolean pa_busy;
    struct event *pa_again;
    char *pa_reason;
} Parcel; /* what one host is to get */

struct Delivery {
    Daemon *de_daemon;
    Parcel **de_parcels; /* one a host; freed by its own callback where one is due */
    GBytes *de_agent, *de_unit;
    char *de_script;
};

static void parcel_free(Parcel *parcel)
{
    g_free(parcel->pa_reason);
    g_free(parcel);
}

static void on_again(evutil_socket_t fd, short what, void *data);

Delivery *delivery_new(Daemon *d)
{
    Delivery *delivery = g_new0(Delivery, 1);

    delivery->de_daemon = d;
    delivery->de_parcels = g_new0(Parcel *, d->dm_plan->p_hosts->len + 1);
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++) {
        Parcel *parcel = g_new0(Parcel, 1);
        parcel->pa_delivery = delivery;
        parcel->pa_host = (int)i;
        parcel->pa_again = evtimer_new(d->dm_base, on_again, parcel);
        parcel->pa_reason = g_strdup("");
        delivery->de_parcels[i] = parcel;
    }
    return delivery;
}

void delivery_free(Delivery *delivery)
{
    if (!delivery)
        return;
    for (Parcel **parcel = delivery->de_parcels; *parcel; parcel++) {
        event_free((*parcel)->pa_again);
        (*parcel)->pa_delivery = NULL;
        if (!(*parcel)->pa_busy)
            parcel_free(*parcel);
    }
    g_clear_pointer(&delivery->de_agent, g_bytes_unref);
    g_clear_pointer(&delivery->de_unit, g_bytes_unref);
    g_free(delivery->de_script);
    g_free(delivery->de_parcels);
    g_free(delivery);
}

static void parcel_over(Parcel *parcel, const char *kind, json_t *body)
{
    Daemon *d = parcel->pa_delivery->de_daemon;

    daemon_event(d, kind, "parryd", -1, parcel->pa_host, parcel->pa_seq, body);
    parcel->pa_seq = 0;
    evtimer_del(parcel->pa_again);
}

/* Read once, by the first host that wants it. */
static gboolean contents(Delivery *delivery, GError **error)
{
    g_autofree char *path = programs_path("parry-agent-static");
    GMappedFile *file;

    if (delivery->de_agent)
        return TRUE;
    if (!delivery->de_unit &&
        !images_guest_parts(&delivery->de_unit, &delivery->de_script, error))
        return FALSE;
    file = g_mapped_file_new(path, FALSE, error);
    if (file) {
        delivery->de_agent = g_mapped_file_get_bytes(file);
        g_mapped_file_unref(file);
    }
    return delivery->de_agent != NULL;
}

/* What the guest refuses once is tried again too: it may have been half booted. */
static void on_pushed(const GError *error, gpointer data)
{
    Parcel *parcel = data;
    struct timeval again = {AGAIN_US / G_USEC_PER_SEC, AGAIN_US % G_USEC_PER_SEC};

    parcel->pa_busy = FALSE;
    if (!parcel->pa_delivery) {
        parcel_free(parcel);
        return;
    }
    if (!parcel->pa_seq)
        return;
    g_free(parcel->pa_reason);
    parcel->pa_reason = g_strdup(error ? error->message : "");
    if (error)
        evtimer_add(parcel->pa_again, &again);
    else
        parcel_over(parcel, "deliver.done/1", json_object());
}

static void parcel_try(Daemon *d, gint64 seq, gpointer data)
{
    Parcel *parcel = data;
    Delivery *delivery = parcel->pa_delivery;
    const RangeGuestFile files[] = {{FOLDER "/agent", delivery->de_agent},
                                    {FOLDER "/unit", delivery->de_unit}};
    const RangeGuestPush push = {FOLDER, files, G_N_ELEMENTS(files), delivery->de_script};

    (void)seq;
    if (!parcel->pa_seq || parcel->pa_busy || !d->dm_range)
        return;
    parcel->pa_busy = TRUE;
    range_guest_push(d->dm_range, parcel->pa_host, &push, on_pushed, parcel);
}

static void on_again(evutil_socket_t fd, short what, void *data)
{
    Parcel *parcel = data;

    (void)fd;
    (void)what;
    parcel_try(parcel->pa_delivery->de_daemon, 0, parcel);
}

void delivery_begin(Delivery *delivery, int host)
{
    Daemon *d = delivery->de_daemon;
    Parcel *parcel = delivery->de_parcels[host];
    g_autoptr(GError) error = NULL;

    if (parcel->pa_seq)
        return;
    gboolean good = contents(delivery, &error);
    g_autofree char *sha256 =
        good ? g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, delivery->de_agent) : NULL;
    parcel->pa_seq = daemon_event(
        d, "deliver.wanted/1", "parryd", -1, host, 0,
        json_pack("{s:s, s:s}", "way", "guest-agent", "sha256", good ? sha256 : ""));
    if (good) {
        daemon_then(d, parcel_try, parcel->pa_seq, parcel);
        return;
    }
    g_free(parcel->pa_reason);
    parcel->pa_reason = g_strdup(error->message);
    parcel_over(parcel, "deliver.failed/1", json_pack("{s:s}", "reason", error->message));
}

void delivery_end(Delivery *delivery, int host)
{
    Parcel *parcel = delivery->de_parcels[host];

    if (parcel->pa_seq)
        parcel_over(parcel, "deliver.failed/1",
                    json_pack("{s:s}", "reason",
                              *parcel->pa_reason ? parcel->pa_reason
                                                 : "nobody waits for it any more"));
}

const char *delivery_reason(const Delivery *delivery, int host)
{
    return delivery->de_parcels[host]->pa_reason;
}
