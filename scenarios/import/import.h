/*
 * Imports: content that exists elsewhere, as a Parry scenario.
 *
 * Each import reads one foreign format into a tree of nodes with their places, writes
 * scenario YAML, and gives one line for every thing of the input: taken (it stands in the
 * scenario as it was), changed (it stands there in another form, or in part) or left (it
 * does not stand there), with place and reason. What no code of an import looked at is
 * found by a sweep over the input and is left, so that nothing is dropped in silence.
 *
 * Input is anybody's: readers have limits on size, depth, count and length.
 */
#ifndef PARRY_SCENARIOS_IMPORT_IMPORT_H
#define PARRY_SCENARIOS_IMPORT_IMPORT_H

#include "scenarios/base/diag.h"

#include <glib.h>
#include <jansson.h>

typedef enum {
    IMPORT_OCR,  /* Open Cyber Range SDL: a file, or a directory that holds one */
    IMPORT_KYPO, /* KYPO / CyberRangeCZ: a sandbox definition's directory */
    IMPORT_MSEL, /* a list of injects: CSV */
} ImportFormat;

typedef enum { IMPORT_TAKEN, IMPORT_CHANGED, IMPORT_LEFT } ImportVerdict;

typedef struct {
    ImportVerdict il_verdict;
    char *il_file;          /* NULL where it is about the whole */
    int il_line, il_column; /* 1-based, 0 where there is no place */
    char *il_what;          /* path in the input: "nodes.web.resources.ram" */
    char *il_to;            /* path in the scenario, or NULL */
    char *il_why;           /* the reason; NULL where it was taken as it stands */
} ImportLine;

typedef struct {
    GPtrArray *ir_lines;    /* ImportLine, in the order of the input */
    guint ir_count[3];      /* of lines, by verdict */
    ImportVerdict ir_worst; /* the highest verdict among them */
    char *ir_yaml;          /* the scenario */
} ImportResult;

/* One file of the input. */
typedef struct {
    char *if_name;    /* from the directory that was named: "provisioning/playbook.yml" */
    char *if_path;    /* as findings name it */
    GBytes *if_bytes; /* NULL: known by name only */
} ImportFile;

typedef struct {
    const char *io_map;   /* path of an image map, or NULL */
    const char *io_start; /* drill.start, "2026-11-13T09:00", or NULL */
} ImportOptions;

/*
 * Reads path and what the options name, and imports it. NULL: it cannot be read, or is
 * not of that format; findings say why.
 */
ImportResult *import_path(ImportFormat format, const char *path,
                          const ImportOptions *options, ParryDiags *diags);
/*
 * The same of files in memory (ImportFile); `map`: the bytes of an image map, or NULL.
 */
ImportResult *import_files(ImportFormat format, const GPtrArray *files, GBytes *map,
                           const ImportOptions *options, ParryDiags *diags);
void import_result_free(ImportResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImportResult, import_result_free)

ImportFile *import_file_new(const char *name, const char *path, const void *bytes,
                            gsize len);
void import_file_free(ImportFile *file);

/* "taken", "changed" or "left". */
const char *import_verdict_name(ImportVerdict verdict);
/* "FILE:LINE:COLUMN: verdict: what -> to: why", safe on anyone's terminal: control and
 * bidi characters are escaped. To be freed by g_free(). */
char *import_line_text(const ImportLine *line);
/* {"taken": 3, "changed": 1, "left": 0, "lines": [{"verdict", "file", "line", "column",
 * "what", "to", "why"}]}; what a line does not have is not there. */
json_t *import_result_json(const ImportResult *result);

#endif
