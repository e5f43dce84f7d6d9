#include "orchestrator/range/virt.h"

#include "orchestrator/range/range.h"

#include <libvirt/virterror.h>

G_DEFINE_QUARK(parry - range - error - quark, range_error)

static GMutex events_lock;
static guint events_users;
static gboolean events_registered;
static int events_quit; /* atomic */
static int events_timer = -1;
static GThread *events_thread;

/* Errors reach people as GError with the object's name; a print besides says less. */
static void say_nothing(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

gboolean virt_init(GError **error)
{
    if (virInitialize() < 0) {
        virt_error(error, NULL, "libvirt", "initialise");
        return FALSE;
    }
    virSetErrorFunc(NULL, say_nothing);
    return TRUE;
}

/* The timer is there to wake the thread for its end. */
static void on_timer(int timer, void *data)
{
    (void)timer;
    (void)data;
}

static gpointer events_main(gpointer data)
{
    while (!g_atomic_int_get(&events_quit))
        if (virEventRunDefaultImpl() < 0)
            g_usleep(G_USEC_PER_SEC / 100);
    /* Twice more: handles of closed connections are freed by the turn after their end. */
    virEventRunDefaultImpl();
    virEventRunDefaultImpl();
    return data;
}

static gboolean start_events(GError **error)
{
    if (!events_registered && virEventRegisterDefaultImpl() < 0) {
        virt_error(error, NULL, "libvirt", "register an event loop");
        return FALSE;
    }
    events_registered = TRUE;
    g_atomic_int_set(&events_quit, 0);
    events_timer = virEventAddTimeout(-1, on_timer, NULL, NULL);
    if (events_timer < 0) {
        virt_error(error, NULL, "libvirt", "add a timer");
        return FALSE;
    }
    events_thread = g_thread_try_new("range-libvirt", events_main, NULL, error);
    if (events_thread)
        return TRUE;
    virEventRemoveTimeout(events_timer);
    return FALSE;
}

gboolean virt_events_hold(GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events_lock);

    if (events_users == 0 && !start_events(error))
        return FALSE;
    events_users++;
    return TRUE;
}

void virt_events_drop(void)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events_lock);

    if (--events_users > 0)
        return;
    g_atomic_int_set(&events_quit, 1);
    virEventUpdateTimeout(events_timer, 0);
    g_thread_join(events_thread);
    virEventRemoveTimeout(events_timer);
    events_thread = NULL;
}

virConnectPtr virt_open(const char *uri, GError **error)
{
    virConnectPtr conn = virConnectOpen(uri);

    if (!conn)
        g_set_error(error, RANGE_ERROR, RANGE_ERROR_LINK, "%s: connect: %s", uri,
                    virGetLastErrorMessage());
    return conn;
}

void virt_error(GError **error, virConnectPtr conn, const char *object,
                const char *attempt)
{
    g_autofree char *words = g_strdup(virGetLastErrorMessage());
    gboolean lost = conn && virConnectIsAlive(conn) != 1;

    g_set_error(error, RANGE_ERROR, lost ? RANGE_ERROR_LINK : RANGE_ERROR_FAILED,
                "%s: %s: %s", object, attempt, words);
}

gboolean virt_failed_as(int code, int or_code)
{
    int last = virGetLastErrorCode();

    return last == code || last == or_code;
}
