/*
 * Who a pseudonym is: PARRY_HOME/people.db, apart from every journal, so that a name can
 * be erased while the drill's record stands. Mode 0600; what is erased is overwritten.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_PEOPLE_H
#define PARRY_ORCHESTRATOR_DAEMON_PEOPLE_H

#include <glib.h>

typedef struct People People;

/* Opens it, and makes it where it is missing. */
People *people_open(const char *home, GError **error);
void people_close(People *people);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(People, people_close)

/* player: the journal's pseudonym, TEAM/NAME, of a drill by its UUID. Replaces an earlier
 * name. */
gboolean people_set(People *people, const char *drill, const char *player,
                    const char *name, GError **error);
/* FALSE with error NULL where there was nothing to erase. player NULL: everyone of the
 * drill. */
gboolean people_erase(People *people, const char *drill, const char *player,
                      GError **error);
/* Calls fn for each of the drill's people, by pseudonym. */
typedef void (*PeopleEach)(const char *player, const char *name, gpointer data);
gboolean people_each(People *people, const char *drill, PeopleEach fn, gpointer data,
                     GError **error);

#define PEOPLE_ERROR (people_error_quark())
GQuark people_error_quark(void);

#endif
