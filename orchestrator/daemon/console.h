/*
 * The serial console of a host, through the socket that its QEMU listens on
 * (run/s/NUMBER.sock). It asks nothing of the guest's agent.
 *
 * QEMU serves one connection: there is one Console a host, and who opens it owns it. What
 * the guest writes is always read: a guest must not stand still because nobody looks.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CONSOLE_H
#define PARRY_ORCHESTRATOR_DAEMON_CONSOLE_H

#include "orchestrator/daemon/daemon.h"

typedef struct Console Console;

typedef struct {
    void (*cs_data)(const void *bytes, gsize len, gpointer data);
    /* QEMU ended the connection; the console is to be freed, from here or later. */
    void (*cs_end)(const char *reason, gpointer data);
    gpointer cs_data_of;
} ConsoleCalls;

/* NULL and an error where there is nobody to connect to. */
Console *console_open(Daemon *d, int host, const ConsoleCalls *calls, GError **error);
/* FALSE: the guest does not take what it was sent before. */
gboolean console_write(Console *console, const void *bytes, gsize len);
void console_free(Console *console); /* NULL is ignored */

#define CONSOLE_ERROR (console_error_quark())
GQuark console_error_quark(void);

#endif
