/*
 * Why a file is no YAML, in words that help.
 */
#ifndef PARRY_SCENARIOS_SYNTAX_H
#define PARRY_SCENARIOS_SYNTAX_H

#include "scenarios/node.h"

#include <yaml.h>

/* Reports what the parser stopped at: its place and words, or better ones where the cause
 * is known. `source`: the whole file, ended by NUL. */
void syntax_finding(const yaml_parser_t *yaml, const char *file, const char *source,
                    ParryDiags *diags);

#endif
