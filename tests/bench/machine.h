/*
 * What every benchmark says of itself first: figures mean nothing without their machine.
 */
#ifndef PARRY_TESTS_BENCH_MACHINE_H
#define PARRY_TESTS_BENCH_MACHINE_H

#include <sys/types.h>

/* Prints processor, cores, kernel, `libraries` ("libyaml 0.2.5") and Parry's version. */
void machine_print(const char *libraries);

/* A process's seconds of processor time, user and kernel; 0 where it is gone. */
double machine_cpu_s(pid_t pid);
/* Its resident memory, KiB; -1 where it is gone. */
long machine_rss_kb(pid_t pid);

#endif
