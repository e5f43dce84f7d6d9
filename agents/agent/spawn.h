/*
 * Starts a program the way every order, command check, script and terminal wants it: its
 * own session, another user, a clean environment, no descriptor of the agent's.
 */
#ifndef PARRY_AGENT_SPAWN_H
#define PARRY_AGENT_SPAWN_H

#include "agents/agent/account.h"
#include "agents/agent/group.h"
#include "agents/wire/msg.h"

#include <event2/event.h>
#include <stdbool.h>
#include <sys/types.h>

struct spawn {
    const char *const *argv;      /* ended by NULL */
    const char *script;           /* instead of argv: sh -c script */
    int (*main)(const void *arg); /* instead: in a fork of the agent; its exit status */
    const void *arg;
    const struct account *account;
    const char *cwd; /* NULL: the account's home, or / where there is none */
    const struct wire_env *env;
    size_t n_env;
    const struct group *group; /* NULL: the agent's own */
    int in, out, err;          /* -1: /dev/null; the caller's to close */
    int tty;                   /* instead: a terminal to be controlled by, -1: none */
    const char *login;         /* with tty: argv[0] of a login shell, else NULL */
    int64_t auid;              /* login uid, 0: as the agent's, without login */
};

/*
 * Forks and executes. Returns the child's pid, which leads a process group of the same
 * number; or -1 with the reason in *e ("exec /bin/x: No such file or directory").
 */
pid_t spawn_start(const struct spawn *s, struct wire_error *e);

/* Told once when a child has ended, from the loop; status as of wait(2). */
typedef void (*spawn_fn)(void *arg, int status);

/* Watches a child. Returns false when out of memory. */
bool spawn_watch(pid_t pid, spawn_fn fn, void *arg);

/* Stops watching without a word; the child is still reaped. */
void spawn_forget(pid_t pid);

/* Begins reaping by SIGCHLD in base. */
bool spawn_init(struct event_base *base);
void spawn_done(void);

/* A descriptor that reads these bytes from the start, or -1 with errno. */
int spawn_input(const void *bytes, size_t len);

#endif
