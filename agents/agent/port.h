/*
 * Finds and opens the virtio-serial port of the host channel, with no help from udev.
 */
#ifndef PARRY_AGENT_PORT_H
#define PARRY_AGENT_PORT_H

/*
 * Opens the port at path without blocking; "auto" looks below /sys/class/virtio-ports for
 * the one that bears the channel's name, and makes its device node where there is none.
 * Returns a descriptor, or -1 (not there yet, or held open by another process).
 */
int port_open(const char *path);

#endif
