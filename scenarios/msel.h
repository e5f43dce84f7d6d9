/*
 * The timeline as a master scenario events list (MSEL), as exercises keep it (ISO 22398;
 * FEMA's HSEEP): one row an inject, for all teams that get it at the same moment.
 */
#ifndef PARRY_SCENARIOS_MSEL_H
#define PARRY_SCENARIOS_MSEL_H

#include "scenarios/plan.h"

typedef enum {
    MSEL_NUMBER,
    MSEL_TIME, /* "2026-11-13 09:30", or what makes it due: "after recon (success) +10m"
                */
    MSEL_FROM,
    MSEL_TO,
    MSEL_MEDIUM, /* mail, phone …, attack T1595, fault, traffic */
    MSEL_TITLE,
    MSEL_EXPECTED,
    MSEL_OBJECTIVE,
    MSEL_CONTROLLER,
    MSEL_COLUMNS,
} MselColumn;

typedef struct {
    char *ms_cells[MSEL_COLUMNS]; /* never NULL */
    int ms_inject;                /* index of the first team's inject */
    gboolean ms_timed;            /* ms_at_us says when; else its cell says what for */
    gint64 ms_at_us;
    GArray *ms_teams;   /* of int, in the plan's order */
    GPtrArray *ms_from; /* of char *: what MSEL_FROM joins, each once */
} MselRow;

/* MselRow, in order of time; what follows another inject stands behind it, the rest at
 * the end. Free with g_ptr_array_unref(). */
GPtrArray *msel_rows(const Plan *plan, const char *lang);

/* "number", "expected-action": the column's name in files. */
const char *msel_column(MselColumn column);

/*
 * CSV by RFC 4180, UTF-8, CRLF, with a header. A cell that begins with = + - @, tab or CR
 * gets an apostrophe in front: spreadsheets would take it for a formula (CWE-1236).
 */
char *msel_csv(const GPtrArray *rows);
/* A list of objects by column, and "at-us", "inject", "teams"; the caller owns it. */
json_t *msel_json(const Plan *plan, const GPtrArray *rows);

/* "when" of an inject in a few words: for rows without a time. Free with g_free(). */
char *msel_condition_text(const Plan *plan, const PlanCondition *condition);

#endif
