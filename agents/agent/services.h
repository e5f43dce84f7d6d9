/*
 * Services by name: systemd's where it runs; else a program of the scenario's in
 * /etc/parry/services, or a busybox applet that serves.
 */
#ifndef PARRY_AGENT_SERVICES_H
#define PARRY_AGENT_SERVICES_H

#include "agents/wire/msg.h"

#include <stdbool.h>

/* Whether systemd is the init here. */
bool services_have_systemd(void);

/* Starts name without systemd; one that runs already is left alone. False with the
 * reason in *e. */
bool services_launch(const char *name, struct wire_error *e);

/* The number, from 1, of a service that services_launch was asked for here; 0: none. Its
 * processes bear its name. */
int services_known(const char *name);

/* The name of such a number, or NULL. */
const char *services_name(int number);

#endif
