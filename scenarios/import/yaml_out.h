/*
 * Scenario YAML from a tree of JSON values, by libyaml's emitter: keys in their order,
 * texts quoted wherever the loader would want it, bidi controls escaped.
 */
#ifndef PARRY_SCENARIOS_IMPORT_YAML_OUT_H
#define PARRY_SCENARIOS_IMPORT_YAML_OUT_H

#include <glib.h>
#include <jansson.h>

/* Objects, arrays, strings, integers and booleans; `comment`: lines for the top, or NULL.
 * To be freed by g_free(). NULL: the emitter's words in *error. */
char *yaml_out(const json_t *tree, const char *comment, GError **error);

GQuark yaml_out_error_quark(void);

#endif
