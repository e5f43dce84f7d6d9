/*
 * Accounts as the files say, read without NSS: the static agent has none, and a guest's
 * NSS modules are not to be trusted with the agent's memory.
 */
#ifndef PARRY_AGENT_ACCOUNT_H
#define PARRY_AGENT_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#define ACCOUNT_GROUPS 64

struct account {
    char name[33];
    uid_t uid;
    gid_t gid;
    char home[256];
    char shell[256];
    gid_t groups[ACCOUNT_GROUPS]; /* gid first */
    size_t n_groups;
};

/*
 * Finds name in /etc/passwd and its groups in /etc/group. NULL means root, who is there
 * even without the file. Returns false when there is no such user.
 */
bool account_find(const char *name, struct account *a);

/* Number of a group by name or by digits; false when there is none. */
bool account_group(const char *name, gid_t *gid);

/* Number of a user by name or by digits; false when there is none. */
bool account_uid(const char *name, uid_t *uid);

/* Becomes a in a child: groups, gid, uid. Returns 0 or -1 with errno. */
int account_become(const struct account *a);

#endif
