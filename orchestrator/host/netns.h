/* Who listens at libvirt's socket, and in which network. */
#ifndef PARRY_HOST_NETNS_H
#define PARRY_HOST_NETNS_H

#include <sys/types.h>

/* The pid of the process that listens at a unix socket, 0 if it does not answer. */
pid_t host_listener(const char *path);

#endif
