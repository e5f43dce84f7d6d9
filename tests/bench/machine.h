/*
 * What every benchmark says of itself first: figures mean nothing without their machine.
 */
#ifndef PARRY_TESTS_BENCH_MACHINE_H
#define PARRY_TESTS_BENCH_MACHINE_H

/* Prints processor, cores, kernel, `libraries` ("libyaml 0.2.5") and Parry's version. */
void machine_print(const char *libraries);

#endif
