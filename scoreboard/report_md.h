/*
 * What the files of the Markdown report share.
 */
#ifndef PARRY_SCOREBOARD_REPORT_MD_H
#define PARRY_SCOREBOARD_REPORT_MD_H

#include <glib.h>
#include <jansson.h>

typedef struct {
    const json_t *md_report;
    const char *md_lang;
    GString *md_out;
} Md;

/* Appends one of the report's fixed paragraphs (report_prose.c). */
void report_md_prose(Md *md, const char *name);

#endif
