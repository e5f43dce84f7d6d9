/*
 * Records of the kernel's audit as text, gathered into events: a pure function of what is
 * fed, bounded in memory whatever comes. An event of a system call has several records
 * under one serial number and ends with EOE; those of other kinds stand alone. Fields:
 * linux-audit's field dictionary; values that a user chose are quoted, or hexadecimal
 * where a quote or a blank is in them.
 */
#ifndef PARRY_AGENT_AUDIT_PARSE_H
#define PARRY_AGENT_AUDIT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUDIT_PENDING_MAX 32 /* events that are not whole yet */
#define AUDIT_RAW_MAX 2048   /* bytes of arguments kept */

enum audit_has {
    AUDIT_HAS_SYSCALL = 1,
    AUDIT_HAS_EXECVE = 2,
    AUDIT_HAS_CWD = 4,
    AUDIT_HAS_OBJ = 8,
    AUDIT_HAS_NETFILTER = 16,
    AUDIT_HAS_MODULE = 32,
};

struct audit_event {
    uint64_t serial;
    int64_t t_us;    /* wall clock */
    unsigned has;    /* of enum audit_has */
    int type;        /* of its first record */
    int64_t arch;    /* AUDIT_ARCH_*, 0: none */
    int64_t syscall; /* -1: none */
    int success;     /* of the call, or res= of a message: 1, 0, -1: not said */
    int64_t exit;
    int64_t a0, a1;
    int64_t pid, ppid, uid, auid, ses; /* -1: none, or unset */
    int64_t opid;                      /* of the process that it was done to */
    char exe[257], comm[33], cwd[257], key[33];
    char ocomm[33];
    char op[33], acct[65], terminal[65], addr[65], unit[129];
    char table[65]; /* of the firewall, or a module's name */
    int64_t family;
    char raw[AUDIT_RAW_MAX]; /* arguments, each ended by NUL */
    size_t raw_len;
    int arg;      /* the one that the last bytes belong to, -1: none */
    bool raw_cut; /* there were more */
};

typedef void (*audit_fn)(void *arg, const struct audit_event *e);

struct audit_parse;

/* NULL when out of memory. */
struct audit_parse *audit_parse_new(audit_fn fn, void *arg);
void audit_parse_free(struct audit_parse *p);

/* Takes one record: its type (linux/audit.h) and text, "audit(TIME:SERIAL): FIELD=…".
 * Events that it completes are told. Text that is no record is counted and dropped. */
void audit_parse_feed(struct audit_parse *p, int type, const char *text, size_t len);

/* Tells what has been waiting for its end since before this feed'th record back: the
 * caller's way to bound events in time. With 0 all. */
void audit_parse_flush(struct audit_parse *p, uint64_t records);

/* Events that never came: serial numbers between the first and the highest seen that no
 * record bore. Kernels drop some without a word while their reader is stuck. May go down
 * again, when an event comes late. */
uint64_t audit_parse_missing(const struct audit_parse *p);

/* Records fed so far; and texts that were none. */
uint64_t audit_parse_count(const struct audit_parse *p);
uint64_t audit_parse_bad(const struct audit_parse *p);

#endif
