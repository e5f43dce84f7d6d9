/* The gate's words to players, by language. */
#ifndef PARRY_GATE_SAY_H
#define PARRY_GATE_SAY_H

/* The English text in lang ("zh-Hant"); itself where there is no other. */
const char *say(const char *lang, const char *english);

#endif
