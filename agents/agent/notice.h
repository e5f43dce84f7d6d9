/*
 * What a changed file means: an account, a crontab, a unit, a key; and which accounts
 * changed when a table of them did.
 */
#ifndef PARRY_AGENT_NOTICE_H
#define PARRY_AGENT_NOTICE_H

#include "agents/wire/msg.h"

#include <stdbool.h>

/* WIRE_SAW_FILE for a file that means nothing more. */
enum wire_what notice_kind(const char *path);

/* What is watched besides what the host asks for; below: with all below it. NULL after
 * the last. */
const char *notice_path(size_t i, bool *below);

typedef void (*notice_fn)(enum wire_act act, const char *name, void *arg);

/* Whether path is a table of accounts (passwd, shadow, group). */
bool notice_is_table(const char *path);

/* Tells the names that were added to, removed from or changed in the table at path since
 * it was last read; fn NULL: only reads it. Of what it holds only digests are kept. */
void notice_accounts(const char *path, notice_fn fn, void *arg);

void notice_forget(void);

#endif
