/*
 * Which hosts' VMs are to stand still: all of the drill's, and some hosts' besides. Each
 * host's word is an int of its own that other threads read at any time.
 */
#ifndef PARRY_RANGE_STAND_H
#define PARRY_RANGE_STAND_H

#include <glib.h>

typedef struct Stand Stand;

Stand *stand_new(guint hosts);
void stand_free(Stand *stand);

/* Each reason is taken back by itself. */
void stand_all(Stand *stand, gboolean still);
void stand_host(Stand *stand, int host, gboolean still);

/* To be read atomically; not 0: its VM is to stand. host -1: what is no host's. */
const int *stand_of(const Stand *stand, int host);

#endif
