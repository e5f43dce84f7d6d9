/* Frames on a bridge in another network namespace: a port bound to a filter as a guest's
 * tap is, and a witness beside it. */
#ifndef PARRY_TESTS_RANGE_WIRE_H
#define PARRY_TESTS_RANGE_WIRE_H

#include <glib.h>

typedef struct Wire Wire;

/* Runs a program in the network namespace of a process; TRUE if it exits with 0. */
gboolean wire_run(pid_t pid, const char *const *argv);

/* What the network namespace of a process has: links, and nft tables of bridges. */
char *wire_world(pid_t pid);

/* A listener that stands for the hub's, which must be there before the guest; ends the
 * test's process where that fails. */
int wire_listen(const char *path);

#define WIRE_GUEST_PORT "prtguest"
#define WIRE_WITNESS_PORT "prtwitness"

/* Plugs both cables into the bridge; NULL if that fails. */
Wire *wire_new(pid_t pid, const char *bridge);
void wire_free(Wire *wire);

/* Whom the filter under test binds the guest's port to. */
#define WIRE_OWN_MAC "52:54:00:aa:01:00"
#define WIRE_OWN_IP "203.0.113.20"

/* Sends what the port may and may not, both ways; says and counts what went wrong. */
guint wire_check(Wire *wire);

#endif
