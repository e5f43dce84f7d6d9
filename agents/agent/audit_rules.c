#include "agents/agent/audit_rules.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

struct rule {
    uint32_t list, arch;
    int calls[4];  /* ended by -1 */
    int a1;        /* the second argument must be this, -1: any */
    uint32_t type; /* AUDIT_FILTER_EXCLUDE: records of this type */
};

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "say which system calls audit sees on this architecture"
#endif

/* What is asked for by name of call, and what is left out of each event because nobody
 * reads it. 32-bit programs run on 64-bit kernels too. */
static const struct rule rules[] = {
    {AUDIT_FILTER_EXIT, ARCH, {SYS_execve, SYS_execveat, -1}, -1, 0},
    {AUDIT_FILTER_EXIT, ARCH, {SYS_listen, -1}, -1, 0},
    {AUDIT_FILTER_EXIT, ARCH, {SYS_mount, SYS_umount2, -1}, -1, 0},
    {AUDIT_FILTER_EXIT,
     ARCH,
     {SYS_init_module, SYS_finit_module, SYS_delete_module, -1},
     -1,
     0},
    {AUDIT_FILTER_EXIT, ARCH, {SYS_kill, -1}, SIGKILL, 0},
    {AUDIT_FILTER_EXIT, ARCH, {SYS_kill, -1}, SIGTERM, 0},
    {AUDIT_FILTER_EXIT, ARCH, {SYS_kill, -1}, SIGSTOP, 0},
#if defined(__x86_64__)
    {AUDIT_FILTER_EXIT, AUDIT_ARCH_I386, {11, 358, -1}, -1, 0}, /* execve, execveat */
#endif
    {AUDIT_FILTER_EXCLUDE, 0, {-1}, -1, AUDIT_PROCTITLE},
    {AUDIT_FILTER_EXCLUDE, 0, {-1}, -1, AUDIT_PATH},
    {AUDIT_FILTER_EXCLUDE, 0, {-1}, -1, AUDIT_BPF},
    {AUDIT_FILTER_EXCLUDE, 0, {-1}, -1, AUDIT_SECCOMP},
};

static void add_field(struct audit_rule_data *r, uint32_t field, uint32_t value)
{
    r->fields[r->field_count] = field;
    r->fieldflags[r->field_count] = AUDIT_EQUAL;
    r->values[r->field_count++] = value;
}

size_t audit_rules_count(void)
{
    return sizeof(rules) / sizeof(rules[0]);
}

size_t audit_rule_build(size_t i, union audit_rule_space *m)
{
    const struct rule *from = &rules[i];
    struct audit_rule_data *r = &m->rule;

    memset(m, 0, sizeof(*m));
    r->flags = from->list;
    r->action = AUDIT_ALWAYS;
    if (from->list == AUDIT_FILTER_EXCLUDE) {
        add_field(r, AUDIT_MSGTYPE, from->type);
        return sizeof(*r);
    }
    for (int c = 0; from->calls[c] >= 0; c++)
        r->mask[AUDIT_WORD(from->calls[c])] |= AUDIT_BIT(from->calls[c]);
    add_field(r, AUDIT_ARCH, from->arch);
    add_field(r, AUDIT_SUCCESS, 1);
    if (from->a1 >= 0)
        add_field(r, AUDIT_ARG1, (uint32_t)from->a1);
    if (from->calls[0] == SYS_mount)
        add_field(r, AUDIT_LOGINUID_SET, 1); /* not the sandboxes of each service */
    add_field(r, AUDIT_FILTERKEY, sizeof(AUDIT_RULE_KEY) - 1);
    memcpy(m->bytes + sizeof(*r), AUDIT_RULE_KEY, sizeof(AUDIT_RULE_KEY) - 1);
    r->buflen = sizeof(AUDIT_RULE_KEY) - 1;
    return sizeof(*r) + r->buflen;
}

int audit_rule_which(const union audit_rule_space *listed, size_t len)
{
    union audit_rule_space own;

    for (size_t i = 0; i < audit_rules_count(); i++) {
        size_t size = audit_rule_build(i, &own);
        if (len < size)
            continue;
        /* An exclusion's mask and its action say nothing: the kernel sets them. */
        if (own.rule.flags == AUDIT_FILTER_EXCLUDE) {
            memcpy(own.rule.mask, listed->rule.mask, sizeof(own.rule.mask));
            own.rule.action = listed->rule.action;
        }
        if (memcmp(&own, listed, size) == 0)
            return (int)i;
    }
    return -1;
}

bool audit_rule_hides(const union audit_rule_space *listed)
{
    return listed->rule.action == AUDIT_NEVER ||
           listed->rule.flags == AUDIT_FILTER_EXCLUDE;
}
