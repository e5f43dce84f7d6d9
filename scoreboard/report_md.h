/*
 * What the files of the Markdown report share.
 */
#ifndef PARRY_SCOREBOARD_REPORT_MD_H
#define PARRY_SCOREBOARD_REPORT_MD_H

#include "scoreboard/md.h"

#include <glib.h>
#include <jansson.h>

typedef struct {
    const json_t *md_report;
    const char *md_lang;
    GString *md_out;
} Md;

/* ---- report_cells.c ---- */

/* Members of the JSON: "" and 0 where there is none. */
const char *md_str(const json_t *object, const char *key);
gint64 md_num(const json_t *object, const char *key);
/* The word in the report's language. */
const char *md_say(const Md *md, const char *english);
/* A text for people: a string, or an object by language; "" for none. */
const char *md_text_of(const Md *md, const json_t *object, const char *key);
const char *md_title_of(const Md *md, const json_t *object);
/* The first of a list that has that value; NULL for none. */
const json_t *md_find(const json_t *list, const char *key, const char *value);
const char *md_team_title(const Md *md, const char *id);
const char *md_inject_title(const Md *md, const char *id);

void md_cell_refs(MdTable *table, const json_t *refs);
void md_cell_seq(MdTable *table, gint64 seq);
void md_cell_points(MdTable *table, gint64 milli);
/* Texts, to be freed by g_free(). us < 0, ppm < 0: a dash. at_us: UTC. */
char *md_clock_or_dash(gint64 us);
char *md_per_cent(gint64 ppm);
char *md_wall(gint64 at_us);

/* As md_table_new(), headings in English, said in the report's language. */
MdTable *md_table_said(const Md *md, const char *headings);
/* As md_table_end(); "none" where there is no row. */
void md_table_close(Md *md, MdTable *table);
void md_heading(Md *md, int level, const char *english);
/* A row of two; value is freed. */
void md_pair(const Md *md, MdTable *table, const char *key, char *value);

/* ---- report_proof.c ---- */

void report_md_isolation(Md *md);
void report_md_gaps(Md *md);
void report_md_method(Md *md);
void report_md_verify(Md *md);

/* Appends one of the report's fixed paragraphs (report_prose.c). */
void report_md_prose(Md *md, const char *name);

#endif
