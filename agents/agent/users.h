/*
 * Makes users and groups in /etc/passwd, /etc/shadow and /etc/group, as useradd would.
 */
#ifndef PARRY_AGENT_USERS_H
#define PARRY_AGENT_USERS_H

#include "agents/wire/msg.h"

#include <stdbool.h>

/*
 * Makes u, or changes the one of that name: its password, shell and groups are as u
 * says. Groups that are not there are made. The home is made with a new user. False with
 * the reason in *e.
 */
bool users_set(const struct wire_user *u, struct wire_error *e);

#endif
