/*
 * The kernel's audit over netlink: owned by rules of the agent's own where nobody has it
 * (key "parry"; no process ever waits for the agent: what does not fit the kernel's queue
 * is lost and counted), read beside an auditd, best effort and without rules, where one
 * has it.
 */
#ifndef PARRY_AGENT_AUDIT_H
#define PARRY_AGENT_AUDIT_H

#include "agents/agent/audit_parse.h"

#include <event2/event.h>

/* What somebody else did to it. */
struct audit_tamper {
    const char *text;
    const struct audit_event *by; /* pid -1: not known */
    int64_t since_us;             /* wall clock: all was right then */
    bool mended;
};

typedef void (*audit_tamper_fn)(const struct audit_tamper *t);

/* Begins; told events come from the loop. Returns the source that it became: of enum
 * wire_source, 0: the kernel gives none (with the reason logged). */
int audit_start(struct event_base *base, audit_fn fn, audit_tamper_fn tamper, void *arg);

/* Takes the rules away and lets go. */
void audit_stop(void);

/* Which it is now; an auditd that asks for it gets it. */
int audit_source(void);

/* Takes what has arrived, now. */
void audit_drain(void);

/* Asks the kernel for its count of lost records, where any record came since the last
 * time; the answer comes through the loop. Tells events that wait for their end. Every
 * few times looks whether its settings and rules are as they were made, and puts them
 * right; what audit itself tells of changes has that done at once. */
void audit_poll(void);

/* Lost in the kernel since audit_start: records that it counted, as of the last answer,
 * and events that it dropped without counting them. */
uint64_t audit_lost(void);

#endif
