/*
 * Writes files whole: beside the target, then renamed over it. What a message does not
 * say of mode and owner stays as it was, or becomes 0644 root:root.
 */
#ifndef PARRY_AGENT_FILES_H
#define PARRY_AGENT_FILES_H

#include "agents/agent/agent.h"

/* The bytes of f as one file; parents are made. False with the reason in *e. */
bool files_write(const struct wire_file *f, struct wire_error *e);

/* text as a file of root's with this mode, for the agent's own purposes. */
bool files_write_text(const char *path, const char *text, int mode, struct wire_error *e);

/* Every directory above path (and, with whole, path itself), 0755. */
bool files_make_parents(const char *path, bool whole, struct wire_error *e);

/* A piece of a file; the last is answered by result, a failure at once. */
void files_take_piece(struct agent *a, struct wire_msg *m);

/* Drops every file that is under way. */
void files_abort(void);

#endif
