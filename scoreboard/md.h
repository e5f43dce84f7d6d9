/*
 * Markdown that reads well as plain text: tables aligned in terminal columns, and text of
 * strangers that stays text.
 */
#ifndef PARRY_SCOREBOARD_MD_H
#define PARRY_SCOREBOARD_MD_H

#include <glib.h>

/* A copy that Markdown shows as it is: no markup, links, HTML, line breaks or terminal
 * controls of its own. Free with g_free(). */
char *md_escape(const char *text);

typedef struct MdTable MdTable;

/* columns: headings separated by '\t'; one that begins with '>' is aligned to the right.
 * Headings are taken as they are. */
MdTable *md_table_new(const char *headings);
/* The next cell of the row in the making; text is escaped unless raw. A row ends by
 * itself. */
void md_cell(MdTable *table, const char *text);
void md_cell_raw(MdTable *table, const char *text);
void md_cell_take(MdTable *table, char *text); /* escapes, then frees text */
guint md_table_rows(const MdTable *table);
/* Appends the table and an empty line, and frees it. Nothing for a table without rows. */
void md_table_end(MdTable *table, GString *out);

#endif
