/* Words of resets that the loader reads by their place. */
#ifndef PARRY_SCENARIOS_KEYS_RESET_H
#define PARRY_SCENARIOS_KEYS_RESET_H

/* In the order of PlanResetBy and of PlanResetAnswer. */
extern const char *const words_asker[], *const words_answer[];

#endif
