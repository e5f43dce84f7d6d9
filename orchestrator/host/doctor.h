/* What `parry doctor` looks at: can this machine run drills, and how to mend it if not.
 */
#ifndef PARRY_HOST_DOCTOR_H
#define PARRY_HOST_DOCTOR_H

#include <glib.h>

typedef enum {
    DOCTOR_OK,
    DOCTOR_WARN, /* drills run, but less well, or some part is missing */
    DOCTOR_FAIL, /* drills with hosts cannot run on the embedded hypervisor */
} DoctorLevel;

typedef struct {
    const char *name;  /* stable, ASCII, for --json: "kvm", "disk", … */
    const char *title; /* for people */
    DoctorLevel level;
    char *seen; /* what was found */
    char *mend; /* what to do; NULL when nothing needs to be done */
} DoctorResult;

void doctor_result_free(DoctorResult *result);

/*
 * Runs every check for this home (which need not exist, and is not made) and returns
 * one DoctorResult each, in a fixed order, owned by the array. As root this may take
 * about 10 s once per kernel, for the trial boot; kernel is the path of a Linux kernel
 * for it, or NULL. What cannot be looked at becomes a result too; this never fails.
 * Forks: for single-threaded callers.
 */
GPtrArray *doctor_run(const char *home, const char *kernel);

/* "ok", "warn", "fail". */
const char *doctor_level_name(DoctorLevel level);

/* The worst level of the results. */
DoctorLevel doctor_worst(const GPtrArray *results);

#endif
