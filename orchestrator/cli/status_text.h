/*
 * `parry status NAME` for people: the state, why, and what to type next; then of many
 * hosts only those that want a look, and a line for each team.
 */
#ifndef PARRY_ORCHESTRATOR_CLI_STATUS_TEXT_H
#define PARRY_ORCHESTRATOR_CLI_STATUS_TEXT_H

#include <glib.h>
#include <jansson.h>

typedef struct {
    const char *sv_team; /* only this team's hosts, all of them; NULL: any */
    gboolean sv_all;     /* every host */
} StatusView;

/* One line: of the list of drills, and the first of a drill. Free with g_free(). */
char *status_line(const json_t *status);
/* The whole; free with g_free(). */
char *status_text(const json_t *status, const StatusView *view);

#endif
