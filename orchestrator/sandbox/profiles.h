/* The allow-lists of system calls, one a profile. Private to orchestrator/sandbox. */
#ifndef PARRY_ORCHESTRATOR_SANDBOX_PROFILES_H
#define PARRY_ORCHESTRATOR_SANDBOX_PROFILES_H

#include "orchestrator/sandbox/sandbox.h"

/* AddressSanitizer in this build (gcc says it by a macro, clang by a feature). */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_ASAN 1
#endif
#endif

typedef enum {
    CALL_ALLOW,   /* as it is */
    CALL_NO_EXEC, /* mmap and mprotect: never executable */
    CALL_NOENT,   /* answered with ENOENT, the truth in an empty root */
    CALL_ARG1,    /* only with this second argument */
    CALL_SELF,    /* only with the own process id as first argument */
} ProfileRule;

typedef struct {
    int pc_call; /* SCMP_SYS() */
    ProfileRule pc_rule;
    guint64 pc_arg; /* CALL_ARG1 */
} ProfileCall;

typedef struct {
    const ProfileCall *pf_calls;
    gsize pf_n_calls;
} ProfilePart;

/* The parts of a profile, at most 4; ends with pf_calls NULL. */
const ProfilePart *profile_parts(SandboxProfile profile);

#endif
