/*
 * Diagnostics with a place: `file:line:column: error: …`, the source line and a caret.
 */
#ifndef PARRY_SCENARIOS_BASE_DIAG_H
#define PARRY_SCENARIOS_BASE_DIAG_H

#include <glib.h>
#include <jansson.h>

typedef enum { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE } ParryDiagLevel;

typedef struct {
    ParryDiagLevel dg_level;
    char *dg_file;
    int dg_line,
        dg_column; /* 1-based; 0 where there is no place; columns count characters */
    char *dg_message;
    char *dg_hint;   /* "did you mean …", or NULL */
    char *dg_source; /* the source line, of a long one the part around the column, or NULL
                      */
    int dg_caret;    /* column in dg_source that is meant, 1-based */
} ParryDiag;

typedef struct ParryDiags ParryDiags;

ParryDiags *parry_diags_new(void);
void parry_diags_free(ParryDiags *diags);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParryDiags, parry_diags_free)

/* Adds one; source is the whole text of the file, or NULL: its line is kept for printing.
 */
void parry_diags_add(ParryDiags *diags, ParryDiagLevel level, const char *file,
                     const char *source, int line, int column, const char *hint,
                     const char *format, ...) G_GNUC_PRINTF(8, 9);
guint parry_diags_count(const ParryDiags *diags, ParryDiagLevel level);
const GPtrArray *
parry_diags_all(const ParryDiags *diags); /* ParryDiag, in order of place */
/* The printed form of all of them, colour only if asked; free with g_free(). */
char *parry_diags_text(const ParryDiags *diags, gboolean colour);
/*
 * For editors, a list of: file (or null), line, column (0 where there is no place),
 * severity
 * ("error", "warning", "note"), message, hint and source (or null); end-column, the one
 * behind what is meant, only where that is known. Columns count characters from 1.
 */
json_t *parry_diags_json(const ParryDiags *diags);

#endif
