/*
 * What the tests of imports share: the fixtures of data/import, and mutants of them.
 */
#ifndef PARRY_TESTS_UNIT_IMPORT_CASE_H
#define PARRY_TESTS_UNIT_IMPORT_CASE_H

#include "scenarios/import/work.h"

#define IMPORT_DATA PARRY_SOURCE_DIR "/tests/unit/data/import"

typedef struct {
    ImportFormat ic_format;
    const char *ic_path; /* below IMPORT_DATA, which is the working directory */
} ImportCase;

extern const ImportCase import_cases[];
extern const guint import_cases_len;

/* The case's input, as import_path() reads it; never NULL. To be freed by
 * g_ptr_array_unref(). */
GPtrArray *import_case_files(const ImportCase *one);
GBytes *import_case_map(void);
/* The bytes of a file as a tree. */
Node *import_case_tree(const ImportFile *file);
/* Imports; fails the test where that does. */
ImportResult *import_case_run(const ImportCase *one, const GPtrArray *files);
/* Fails the test where the loader finds errors in the scenario. */
void import_case_check(const ImportResult *result, const char *about);

/* The same as JSON, which is YAML too; scalars are strings. */
json_t *import_case_json(const Node *node);
/* Calls func with each value of the tree that is in a collection, where it stands, and
 * its path as lines have it. */
typedef void (*ImportVisit)(json_t *parent, const char *key, gsize index, json_t *value,
                            const char *path, gpointer data);
void import_case_visit(json_t *tree, const char *path, ImportVisit func, gpointer data);

#endif
