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

/*
 * What an observation is about, what became of that, and whose doing it was: stored in
 * observation.what, act and origin. The numbers are the agent protocol's
 * (agents/wire/msg.h), of which this is independent; a test holds both equal.
 */
typedef enum {
    SEEN_EXEC,
    SEEN_EXIT,
    SEEN_LOGIN,
    SEEN_LOGOUT,
    SEEN_AUTH_FAILURE,
    SEEN_FILE,
    SEEN_SERVICE,
    SEEN_LISTEN,
    SEEN_UNLISTEN,
    SEEN_FIREWALL,
    SEEN_ACCOUNT,
    SEEN_CRON,
    SEEN_UNIT,
    SEEN_KEY,
    SEEN_MOUNT,
    SEEN_MODULE,
    SEEN_SESSION,
    SEEN_WATCH, /* the watching itself was changed */
    SEEN_WHATS,
} SeenWhat;

typedef enum {
    SEEN_NONE,
    SEEN_CREATED,
    SEEN_CHANGED,
    SEEN_DELETED,
    SEEN_MOVED,
    SEEN_STARTED,
    SEEN_STOPPED,
    SEEN_ADDED,
    SEEN_REMOVED,
    SEEN_OPENED,
    SEEN_CLOSED,
    SEEN_GRANTED,
    SEEN_REFUSED,
    SEEN_ACTS,
} SeenAct;

typedef enum {
    SEEN_BY_GUEST, /* the guest itself: nobody of Parry's */
    SEEN_BY_PLAYER,
    SEEN_BY_ORDER,
    SEEN_BY_CHECK,
    SEEN_BY_SCRIPT,
    SEEN_BY_AGENT,
    SEEN_ORIGINS,
} SeenOrigin;

/* "exec"; "created", "" for none; "player", "" for the guest; "?" where unknown. */
const char *seen_what_name(int what);
const char *seen_act_name(int act);
const char *seen_origin_name(int origin);
/* The number of such a name; FALSE where unknown. */
gboolean seen_what_parse(const char *name, int *what);
gboolean seen_act_parse(const char *name, int *act);
gboolean seen_origin_parse(const char *name, int *origin);

/* Who may see a kind: a bit set. */
typedef enum {
    SEE_WHITE = 1,
    SEE_OWN = 2,     /* the team that the event is about */
    SEE_PUBLIC = 4,  /* the room */
    SEE_EMBARGO = 8, /* for the victim and the room only after disclosure */
    SEE_ALONE = 16,  /* of teams only that one: not the red team of its inject */
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
