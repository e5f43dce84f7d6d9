/*
 * A drill's directory: PARRY_HOME/drills/NAME. What `parry up` puts there before the
 * daemon starts, and what every command that comes later finds.
 *
 *   drill.json      uuid, name, the scenario's own directory, --set, --seed, --connect,
 *                   rehearsal
 *   scenario.yaml   a copy: the drill keeps what it was made from
 *   includes/       copies of the files that it includes
 *   journal.db      the drill
 *   run/            sockets; run/a/N.sock the agents'
 *   disks/ logs/ recordings/ report/
 *   moved           it goes on on another machine
 *   checkpoints/    point_store.h
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_DRILL_H
#define PARRY_ORCHESTRATOR_DAEMON_DRILL_H

#include "scenarios/plan.h"

#include <glib.h>

typedef struct {
    char *dr_name, *dr_uuid;
    char *dr_dir;      /* the drill's directory */
    char *dr_scenario; /* the copy */
    char *dr_base;     /* the directory that the scenario's relative paths start from */
    char **dr_set;     /* NAME=VALUE of --set, never NULL */
    gint64 dr_seed;    /* of --seed, where dr_reseeded */
    gboolean dr_reseeded;
    char *dr_connect; /* libvirt URI, or NULL for the embedded host */
    gboolean dr_rehearsal;
    gboolean dr_alive; /* its daemon runs (holds the journal) */
} Drill;

void drill_free(Drill *drill);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Drill, drill_free)

/* The home: PARRY_HOME, else /var/lib/parry; absolute. Free with g_free(). */
char *drill_home(void);
char *drill_dir(const char *home, const char *name);

/* Makes the directory for a scenario that was checked, with copies of its files and of
 * what --set gave (both of the plan); fails where the drill exists. */
Drill *drill_create(const char *home, const char *name, const char *scenario,
                    const Plan *plan, const char *connect, gboolean rehearsal,
                    GError **error);
/*
 * Moves a drill of that name that is not up to a name with its date, so that it keeps its
 * journal and report: *kept is the new directory, or NULL where there was nothing to
 * move. One that is still up stays: drill_create() says so.
 */
gboolean drill_set_aside(const char *home, const char *name, char **kept, GError **error);
/* What a copy of a drill's directory lacks: run/, disks/. */
gboolean drill_complete(const char *dir, GError **error);
/*
 * The drill goes on on another machine: no daemon takes it up here any more, until
 * DIR/moved is removed. Fails where one has it now. where: words for people.
 * drill_moved(): since when and where it goes on, or NULL. Free with g_free().
 */
gboolean drill_move(const char *dir, const char *where, GError **error);
char *drill_moved(const char *dir);
/* Reads DIR/drill.json. */
Drill *drill_open(const char *dir, GError **error);
/* All drills of a home: Drill elements, by name; those that cannot be read are left out.
 */
GPtrArray *drill_list(const char *home);
/* Loads the drill's own plan. */
Plan *drill_plan(const Drill *drill, GError **error);
/* Path of a socket below run/. */
char *drill_socket(const Drill *drill, const char *name);
/* Removes disks/, checkpoints/ and run/; with all, the whole directory and the drill's
 * keys. */
gboolean drill_remove(const char *home, const Drill *drill, gboolean all, GError **error);

/* Removes a directory with all that is in it; TRUE where there is none. */
gboolean drill_remove_tree(const char *path, GError **error);

#define DRILL_ERROR (drill_error_quark())
GQuark drill_error_quark(void);

#endif
