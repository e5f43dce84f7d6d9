/*
 * The parts of a snapshot. Each writes lines to standard output,
 * {"part": …, "key": …, …}: key tells an item from the others of its part and stays the
 * same while the item does. False when the part cannot be read; what is not there (no
 * systemd, no firewall program) has no lines.
 */
#ifndef PARRY_AGENT_SNAPSHOT_PARTS_H
#define PARRY_AGENT_SNAPSHOT_PARTS_H

#include "agents/wire/msg.h"

#include <jansson.h>

bool snapshot_processes(const struct wire_snapshot *ask);
bool snapshot_ports(const struct wire_snapshot *ask);
bool snapshot_users(const struct wire_snapshot *ask);
bool snapshot_crontabs(const struct wire_snapshot *ask);
bool snapshot_units(const struct wire_snapshot *ask);
bool snapshot_files(const struct wire_snapshot *ask);
bool snapshot_firewall(const struct wire_snapshot *ask);

/* What the parts share. */

/* An item of a part; text members are made fit for UTF-8. */
json_t *snapshot_item(const char *part, const char *key);
void snapshot_text(json_t *item, const char *member, const char *text);

/* Writes it as a line and frees it. False when the line cannot be written. */
bool snapshot_put(json_t *item);

/* A file, link or directory, and with depth above 0 what is in it: {mode, uid, gid, size,
 * sha256} or {link}. What is not there is no item. */
bool snapshot_path(const char *part, const char *path, int depth);

#endif
