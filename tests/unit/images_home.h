/*
 * A PARRY_HOME of a test's own, for images.
 */
#ifndef PARRY_TESTS_UNIT_IMAGES_HOME_H
#define PARRY_TESTS_UNIT_IMAGES_HOME_H

/* A new empty directory; images_home_free() removes it with all that is in it. */
char *images_home_new(void);
void images_home_free(char *home);

/* Writes a text file; returns its path, to be freed by g_free(). */
char *images_home_file(const char *dir, const char *name, const char *text);

#endif
