/*
 * Tables for a terminal: columns as wide as their cells, cells that do not fit wrapped
 * onto further lines, wide characters counted right.
 */
#ifndef PARRY_SCENARIOS_BASE_TABLE_H
#define PARRY_SCENARIOS_BASE_TABLE_H

#include <glib.h>

typedef struct {
    const char *tc_title;
    int tc_min; /* terminal columns that it may be squeezed to; 0: it is never */
    gboolean tc_right;
} ParryColumn;

typedef struct ParryTable ParryTable;

/* `columns` must outlive the table. */
ParryTable *parry_table_new(const ParryColumn *columns, guint n);
void parry_table_free(ParryTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParryTable, parry_table_free)

/* Adds a row of n cells; NULL is empty. Controls are taken out. */
void parry_table_row(ParryTable *table, const char *const *cells);
/*
 * Title line and rows, each begun by `indent` blanks, in `width` terminal columns (0: as
 * many as it takes). A column without any cell is left out. Free with g_free().
 */
char *parry_table_text(const ParryTable *table, int indent, int width);

#endif
