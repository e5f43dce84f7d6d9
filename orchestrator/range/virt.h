/*
 * What the rest of the range needs of libvirt as a process: its errors, and its event
 * loop.
 *
 * libvirt wants an event implementation before the first connection is opened. Two ways
 * were open: an own one on libevent, or libvirt's own on a thread of its own. The second
 * is taken. An own one must carry each change that libvirt makes from any of its threads
 * over to the loop thread and must not free handles inline (both have deadlocked
 * elsewhere), and every callback would run, and could block, on the loop. With libvirt's
 * own, its thread does socket work and keepalives only, the callbacks registered with it
 * post to a Pool and return, and no libvirt call is ever made on the loop thread.
 */
#ifndef PARRY_RANGE_VIRT_H
#define PARRY_RANGE_VIRT_H

#include <glib.h>
#include <libvirt/libvirt.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virNetwork, virNetworkFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virNWFilter, virNWFilterFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virNWFilterBinding, virNWFilterBindingFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virConnect, virConnectClose)

/* Prepares libvirt: threads, and no printing of errors on stderr. Any thread, repeatable.
 */
gboolean virt_init(GError **error);

/* Starts the event thread, or counts one more user of it; drop the last to end it. The
 * implementation stays registered for the life of the process. */
gboolean virt_events_hold(GError **error);
void virt_events_drop(void);

/* Opens a connection. Errors: RANGE_ERROR_LINK. */
virConnectPtr virt_open(const char *uri, GError **error);

/*
 * Sets "OBJECT: ATTEMPT: <libvirt's words>" from this thread's last libvirt error:
 * RANGE_ERROR_LINK if conn is lost, else RANGE_ERROR_FAILED. conn may be NULL.
 */
void virt_error(GError **error, virConnectPtr conn, const char *object,
                const char *attempt);

/* Whether this thread's last libvirt error has one of two codes. */
gboolean virt_failed_as(int code, int or_code);

#endif
