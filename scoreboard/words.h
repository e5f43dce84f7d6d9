/*
 * The words of board, timeline and report in the languages that Parry speaks.
 */
#ifndef PARRY_SCOREBOARD_WORDS_H
#define PARRY_SCOREBOARD_WORDS_H

/* The English word or heading in lang ("zh-Hant"); itself where there is no other. */
const char *word_in(const char *lang, const char *english);

#endif
