/*
 * Who sees what: the one table of roles, and the views that every screen is made of.
 */
#ifndef PARRY_SCOREBOARD_VIEW_H
#define PARRY_SCOREBOARD_VIEW_H

#include "scoreboard/ledger.h"

typedef enum {
    ROLE_DIRECTOR,
    ROLE_CONTROLLER,
    ROLE_JUDGE,
    ROLE_RANGE_OP,
    ROLE_SAFETY,
    ROLE_EVALUATOR,
    ROLE_RED,
    ROLE_BLUE,
    ROLE_GREEN,
    ROLE_OBSERVER,
    ROLE_NOBODY, /* a gate connection before it is bound */
} Role;

typedef enum {
    MAY_SEE_ALL = 1 << 0, /* every team, no embargo */
    MAY_SEE_OWN = 1 << 1,
    MAY_SEE_PUBLIC = 1 << 2,
    MAY_RUN = 1 << 3,  /* up, start, pause, end, down; inject, approve, cancel */
    MAY_STOP = 1 << 4, /* the kill switch */
    MAY_JUDGE = 1 << 5,
    MAY_ORDER = 1 << 6,    /* run something in a guest */
    MAY_TERMINAL = 1 << 7, /* open a terminal on an own host */
    MAY_REPORT = 1 << 8,   /* submit an incident report */
    MAY_CLAIM = 1 << 9,
    MAY_BIND = 1 << 10,
    MAY_ASK = 1 << 11, /* for a reset of an own host */
} Permission;

typedef struct {
    Role vw_role;
    int vw_team;      /* index, -1 for none */
    gint64 vw_freeze; /* public views: last seq to show, 0 for live */
} Viewer;

const char *role_name(Role role);
gboolean role_parse(const char *name, Role *role);
gboolean role_may(Role role, Permission permission);

/* The viewer as ledger_standing_for() and ledger_disclosed() know one. */
int view_audience(const Viewer *viewer);

typedef enum {
    SIGHT_NEVER,
    SIGHT_LATER, /* when its inject is disclosed to the viewer */
    SIGHT_NOW,
} ViewSight;
/* Whether, or when, the viewer may see this event (kinds table, own team, embargo). A
 * stream of events with numbers is scoreboard/stream.h, not a filter by this. */
ViewSight view_event_sight(const Viewer *viewer, const Plan *plan, const Ledger *ledger,
                           const JournalEvent *event);
/* SIGHT_NOW. */
gboolean view_event_visible(const Viewer *viewer, const Plan *plan, const Ledger *ledger,
                            const JournalEvent *event);
/* One timeline line, safe for a terminal: "18:04:11  health/web  web defacement:
 * succeeded". NULL where the kind has no line for people. Free with g_free(). */
char *view_event_line(const Plan *plan, const JournalEvent *event, const char *lang);
/* The event as the viewer may see it: {n, clock, at_us, kind, team, host, text}; n
 * numbers the viewer's own stream (who sees all gets the journal's `seq` too). Caller
 * owns it. */
json_t *view_event_json(const Viewer *viewer, const Plan *plan, const JournalEvent *event,
                        gint64 n, const char *lang);
/* {drill, state, clock, standings: […], checks: […], injects: […]} as the viewer may see
 * it. */
json_t *view_board_json(const Viewer *viewer, const Plan *plan, Ledger *ledger,
                        const char *lang);
/* The text scoreboard, `columns` wide; colour only if asked. Made from view_board_json(),
 * so that it can be drawn on the client's side. Free with g_free(). */
char *view_board_text(const json_t *board, int columns, gboolean colour,
                      const char *lang);

#endif
