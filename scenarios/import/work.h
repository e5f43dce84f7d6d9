/*
 * What the imports share: the trees read, the scenario in the making, and the account of
 * what became of each node.
 */
#ifndef PARRY_SCENARIOS_IMPORT_WORK_H
#define PARRY_SCENARIOS_IMPORT_WORK_H

#include "scenarios/base/text.h"
#include "scenarios/import/import.h"
#include "scenarios/node.h"

#include <jansson.h>

/* Past these an import would make more than the loader takes. */
#define IMPORT_HOSTS_MAX 500
#define IMPORT_NETWORKS_MAX 200
#define IMPORT_COUNT_MAX 100 /* copies of one node */
#define IMPORT_TEAMS_MAX 100
#define IMPORT_CHECKS_MAX 2000  /* and weaknesses, objectives, secrets */
#define IMPORT_LIST_MAX 32      /* what one thing may have of a kind: users, features */
#define IMPORT_INJECTS_MAX 2000 /* an event may stand in many scripts */
#define IMPORT_TEXT_MAX 60000   /* bytes of one text: the loader takes 64 KiB */

#define IMPORT_START "2030-01-07T09:00" /* a Monday; where the input names no start */

/* What an image map says about one source. */
typedef struct {
    char *ms_name;
    char *ms_base;                        /* "micro", "debian/SUITE", a path, or NULL */
    GPtrArray *ms_packages, *ms_services; /* char * */
    char *ms_run;                         /* a script, or NULL */
    char *ms_technique;                   /* or NULL */
    char *ms_image; /* name in the scenario once it was used, or NULL */
} MapSource;

typedef struct {
    const ImportOptions *im_options;
    ParryDiags *im_diags;
    const GPtrArray *im_files; /* ImportFile */
    GPtrArray *im_lines;       /* ImportLine */
    GPtrArray *im_roots;       /* Node, owned */
    GHashTable *im_places;     /* Node to its place among its parents */
    GHashTable *im_seen;       /* Nodes that are accounted for */
    GHashTable *im_map;        /* text to MapSource; NULL without a map */
    json_t *im_out;            /* the scenario; texts only, the writer quotes */
    GString *im_comment;       /* lines that stand above it */
    char *im_to;               /* see import_to() */
    gint64 im_length_us;       /* the drill must last so long at least */
} Import;

/* --- report.c: the account --- */

/* A file's bytes as a tree of YAML; NULL with findings. */
Node *import_yaml(Import *import, const ImportFile *file);
/* Registers a tree (taken over) that came from that file. */
void import_root(Import *import, const char *file, Node *root);

/* The node, and nothing below it, stands in the scenario as it was, at that path. */
void import_taken(Import *import, const Node *node, const char *to, ...)
    G_GNUC_PRINTF(3, 4);
/* It stands there otherwise; to may be NULL. */
void import_changed(Import *import, const Node *node, const char *to, const char *why,
                    ...) G_GNUC_PRINTF(4, 5);
/* It, and all below it, does not stand there. */
void import_left(Import *import, const Node *node, const char *why, ...)
    G_GNUC_PRINTF(3, 4);
/* Says that of all scalars below too, which a line about `node` covers. */
void import_covers(Import *import, const Node *node);
/* About no node: something that the format does not know and a scenario needs. */
void import_added(Import *import, const char *to, const char *why, ...)
    G_GNUC_PRINTF(3, 4);
/* About a whole file. */
void import_file_line(Import *import, const ImportFile *file, ImportVerdict verdict,
                      const char *why);
/* The text made of the format, until the next call: for `to` beside a `why`. */
const char *import_to(Import *import, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Every node that nobody accounted for is left. */
void import_sweep(Import *import);
void import_line_free(gpointer line);

/* --- names.c: names, texts and numbers --- */

/* Characters of a name. A domain of libvirt is named pr-DRILL-TEAM-HOST, at most 63: the
 * three together stay below. */
#define IMPORT_NAME 31
#define IMPORT_DRILL_NAME 18
#define IMPORT_TEAM_NAME 16
#define IMPORT_HOST_NAME 24

/* A name of the language made from a text, at most `max` long: "My Host_1" is my-host-1.
 */
char *import_slug(const char *text, gsize max);
/* The slug of the text, made unlike the keys of `taken`, to which it is added. */
char *import_name(GHashTable *taken, const char *text, gsize max);
/* A set for that: char * to itself. */
GHashTable *import_names_new(void);
/* A foreign text as the scenario writes it: ${a.b} is not ours, and is escaped. NULL is
 * NULL. */
char *import_escape(const char *text);
/* The same as a JSON string, cut where it is longer than a text may be. */
json_t *import_text(const char *text);
/* Appends "\n\n" and the text, where there is one. */
void import_paragraph(GString *to, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* "10min 2 sec", "1 week 1day", "90": durations as SDL has them, at most 10 years. */
gboolean import_duration(const char *text, gint64 *us);
/* "4 gib", "2 GB", "512 MiB", bytes: as "4G" or "512M", rounded up; NULL where it is
 * none. */
char *import_size(const char *text);
/* A number of at most three decimals above 0, as thousandths; *milli stays where it is
 * none. */
gboolean import_milli(const char *text, gint64 *milli);
/* An integer of that range; *out stays where it is none. */
gboolean import_int(const char *text, gint64 min, gint64 max, gint64 *out);
/* The value's text of the first key that is `key`, small letters or not. */
Node *import_get(const Node *map, const char *key);
const char *import_get_text(const Node *map, const char *key);
/* Is it a name by which the loader knows accounts? */
gboolean import_is_account(const char *text);

/* --- scenario.c: parts of the scenario in the making --- */

/* The mapping at that path of keys, made where it is not there; borrowed. */
json_t *import_at(Import *import, const char *key, ...) G_GNUC_NULL_TERMINATED;
/* The name of the image for a source named so, which is added to `images`; micro, with
 * *mapped FALSE, where the map does not know it. Borrowed. */
const char *import_image(Import *import, const char *source, gboolean *mapped);
/* Notes that something happens until then. */
void import_until(Import *import, gint64 us);
/* drill.name, title, start and duration: what is not there yet. */
void import_drill(Import *import, const char *name);
/* Points as the scenario writes them. */
json_t *import_points(gint64 milli);
/* Removes images that no host has, and empty mappings from the top of the scenario. */
void import_trim(Import *import);

/* --- map.c --- */

/* Reads a map; NULL with findings. To be freed by g_hash_table_unref(). */
GHashTable *import_map_read(const char *file, GBytes *bytes, ParryDiags *diags);
/* What the map says of "NAME@VERSION" or of NAME, or NULL. */
MapSource *import_map_find(const Import *import, const char *name, const char *version);

/* --- readers --- */

/* JSON (RFC 8259) as nodes with places; findings go to diags. */
Node *json_in(const char *file, GBytes *bytes, ParryDiags *diags);
/*
 * CSV (RFC 4180): a list of mappings from the header's texts to cells. UTF-8 with or
 * without BOM, ',' or ';' (by the header), CR LF or LF. Cells of a row that go beyond the
 * header have keys such as "column 11"; empty cells are no nodes.
 */
Node *csv_in(const char *file, GBytes *bytes, ParryDiags *diags);

/* --- the formats --- */

gboolean ocr_import(Import *import);
gboolean kypo_import(Import *import);
gboolean msel_import(Import *import);

#endif
