/*
 * The gate's door: accepts connections and gives each a process of its own, so many in
 * all and so many an address. It reads nothing that a stranger sent.
 */
#ifndef PARRY_GATE_DOOR_H
#define PARRY_GATE_DOOR_H

#include <glib.h>

typedef struct {
    guint dr_max;         /* processes at a time */
    guint dr_max_address; /* of which from one address */
    /* What the process does with its connection; returns its exit status. */
    int (*dr_visit)(int fd, const char *address, gpointer data);
    gpointer dr_data;
} Door;

/* Until SIGTERM or SIGINT, which end the processes too. Returns the exit status. */
int door_keep(int listen_fd, const Door *door);

#endif
