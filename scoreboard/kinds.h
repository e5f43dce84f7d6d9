/*
 * Event kinds, and the enumerations that their bodies use; docs/journal.md says what each
 * carries. One const table names them all: an unknown kind is refused at append.
 */
#ifndef PARRY_SCOREBOARD_KINDS_H
#define PARRY_SCOREBOARD_KINDS_H

#include <glib.h>

/* Order matters: stored in check_result.status. */
typedef enum {
    CHECK_UP,
    CHECK_DOWN,
    CHECK_FAULTY,
    CHECK_CORRUPT,
    CHECK_RECOVERING,
    CHECK_UNCHECKED,
} CheckStatus;

/* "UP", "DOWN", …; */
const char *check_status_name(CheckStatus status);
/* The status of the wire's lower-case word; FALSE where unknown. */
gboolean check_status_parse(const char *word, CheckStatus *status);

/* Who may see a kind: a bit set. */
typedef enum {
    SEE_WHITE = 1,
    SEE_OWN = 2,     /* the team that the event is about */
    SEE_PUBLIC = 4,  /* the room */
    SEE_EMBARGO = 8, /* for the victim and the room only after disclosure */
} KindSee;

/*
 * kd_line and kd_zh are formats of view_event_line(), "" for a kind that is not for
 * people: {member} is that member of the body; {inject} the inject's title, {word:member}
 * one of the words that Parry translates, {time:member} a duration, {points:member}
 * milli-points as points; [ … ] is left out where a member inside it is absent or empty.
 */
typedef struct {
    const char *kd_name; /* "inject.ended/1" */
    unsigned kd_see;
    const char *kd_line; /* English */
    const char *kd_zh;   /* Traditional Chinese */
} KindInfo;

/* NULL where unknown. */
const KindInfo *kind_find(const char *name);
const KindInfo *kinds_all(gsize *count);

#endif
