/*
 * The system accounts that Parry's unprivileged processes run as:
 * parry-qemu (the guests' QEMUs), parry-hub, parry-gate and parry-board.
 */
#ifndef PARRY_HOST_ACCOUNTS_H
#define PARRY_HOST_ACCOUNTS_H

#include <glib.h>
#include <sys/types.h>

/* The account of the QEMUs below parry-host. */
#define ACCOUNTS_QEMU "parry-qemu"

/* The names of all accounts, NULL at the end. */
extern const char *const accounts_names[];

/*
 * Looks the account up without making it. Returns FALSE, error untouched, when it is
 * not there or cannot be read. uid and gid may be NULL.
 */
gboolean accounts_find(const char *name, uid_t *uid, gid_t *gid);

/*
 * The uid and primary gid of one of accounts_names; uid and gid may be NULL. An account
 * that is missing is made by useradd(8) when the caller is root: a system account with
 * its own group, no home and no login. Errors (HOST_ERROR): a name that is not in the
 * table, not root and missing, useradd's own words.
 */
gboolean accounts_get(const char *name, uid_t *uid, gid_t *gid, GError **error);

#endif
