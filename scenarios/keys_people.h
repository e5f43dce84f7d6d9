/*
 * Tables of words of the people's and the drill's part (keys_drill.c, keys_people.c,
 * keys_objectives.c, keys_scoring.c).
 */
#ifndef PARRY_SCENARIOS_KEYS_PEOPLE_H
#define PARRY_SCENARIOS_KEYS_PEOPLE_H

#include "scenarios/keys.h"

extern const KeyTable keys_checkpoints;
extern const KeyTable keys_stop, keys_rules, keys_privacy, keys_library, keys_scope_rules,
    keys_window, keys_hours, keys_bracket, keys_channel, keys_shift;
extern const KeyTable keys_objectives, keys_capability, keys_metric, keys_evaluation,
    keys_training, keys_goal;
extern const KeyTable keys_bases, keys_false_report, keys_flag_rules, keys_uptime;
/* Roles of a member: see scoreboard/role.c. */
extern const char *const words_role[];

#endif
