/*
 * What tests look for on the disk itself, behind the programs' backs.
 */
#ifndef PARRY_TESTS_UNIT_DISK_CASE_H
#define PARRY_TESTS_UNIT_DISK_CASE_H

#include <glib.h>

/* Whether any file right in dir holds these bytes: databases with their logs. */
gboolean disk_holds(const char *dir, const char *needle);

#endif
