/*
 * The rules that the agent has in the kernel's audit (key "parry"), as the kernel takes
 * and lists them.
 */
#ifndef PARRY_AGENT_AUDIT_RULES_H
#define PARRY_AGENT_AUDIT_RULES_H

#include <linux/audit.h>
#include <stdbool.h>
#include <stddef.h>

#define AUDIT_RULE_KEY "parry"

union audit_rule_space {
    struct audit_rule_data rule;
    char bytes[sizeof(struct audit_rule_data) + 2048]; /* texts follow the struct */
};

/* At most 64: a set of them is a number. */
size_t audit_rules_count(void);

/* Rule i as a message; returns its length. */
size_t audit_rule_build(size_t i, union audit_rule_space *m);

/* Which of them a listed rule of len bytes is: -1, none. */
int audit_rule_which(const union audit_rule_space *listed, size_t len);

/* Whether a listed rule, none of the agent's, keeps something from being recorded. */
bool audit_rule_hides(const union audit_rule_space *listed);

#endif
