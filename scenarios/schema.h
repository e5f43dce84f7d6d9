/*
 * The language as JSON Schema, draft 2020-12 (https://json-schema.org/draft/2020-12),
 * made from the tables that drive the loader, so that it says what `check` says of form:
 * keys, types, words, what must be there. What only the whole file tells (names that
 * refer to nothing, colliding addresses, times) is left to `check`.
 *
 * It describes the file as YAML 1.2's core schema types it: `80` is an integer, `true` a
 * boolean, `2026-11-13` a text. What the loader takes, the schema takes.
 */
#ifndef PARRY_SCENARIOS_SCHEMA_H
#define PARRY_SCENARIOS_SCHEMA_H

#include "scenarios/keys.h"

#include <jansson.h>

/* The schema of a scenario; the caller owns the reference. */
json_t *schema_json(void);
/* The same for a file that another one includes: no key of the top must be there. */
json_t *schema_part_json(void);

/* The tables of the language, each once, in the order in which the reader meets them. */
GPtrArray *schema_tables(void);

#endif
