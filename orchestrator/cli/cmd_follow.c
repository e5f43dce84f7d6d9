/*
 * A standby: follow keeps a copy of a drill that runs elsewhere, replicate is what it
 * calls there, restore makes a drill of the copy.
 *
 *   PARRY_HOME/copies/NAME/drill   what will be PARRY_HOME/drills/NAME
 *   PARRY_HOME/copies/NAME/keys    what will be PARRY_HOME/keys/NAME
 */
#include "orchestrator/cli/cli.h"

#include "orchestrator/cli/follow_source.h"
#include "orchestrator/daemon/programs.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EVERY_S 5 /* a copy is to be 10 s behind at most */
#define SLICE_US 200000

static char *copy_path(const char *name, const char *part)
{
    g_autofree char *home = drill_home();

    return g_build_filename(home, "copies", name, part, NULL);
}

/* ---- follow ---- */

typedef struct {
    FollowSource *fo_source;
    char *fo_drill, *fo_keys;
    Journal *fo_copy;
    gboolean fo_behind; /* the source could not be read last time */
} Follower;

static void follower_clear(Follower *follower)
{
    journal_close(follower->fo_copy);
    follow_source_free(follower->fo_source);
    g_free(follower->fo_drill);
    g_free(follower->fo_keys);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Follower, follower_clear)

static gboolean make_dir(const char *path, GError **error)
{
    if (g_mkdir_with_parents(path, 0700) == 0)
        return TRUE;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: make directory: %s", path,
                g_strerror(errno));
    return FALSE;
}

static gboolean follower_open(Follower *follower, const char *source, GError **error)
{
    follower->fo_source = follow_source_new(source, error);
    if (!follower->fo_source)
        return FALSE;
    const char *name = follow_source_name(follower->fo_source);
    follower->fo_drill = copy_path(name, "drill");
    follower->fo_keys = copy_path(name, "keys");
    g_autofree char *journal = g_build_filename(follower->fo_drill, "journal.db", NULL);
    if (g_file_test(journal, G_FILE_TEST_EXISTS))
        follower->fo_copy = journal_open(follower->fo_drill, error);
    return follower->fo_copy || !*error;
}

/* Nothing is made of a drill of which nothing came. */
static gboolean take(Follower *follower, GBytes *part, GError **error)
{
    if (!follower->fo_copy && make_dir(follower->fo_drill, error) &&
        make_dir(follower->fo_keys, error))
        follower->fo_copy = journal_create(follower->fo_drill, error);
    return follower->fo_copy && replica_take(follower->fo_copy, part, error);
}

static ReplicaPoint point_of(const Follower *follower)
{
    return follower->fo_copy ? replica_point(follower->fo_copy) : replica_start();
}

/* All that there is now; *events: how many were new. */
static gboolean catch_up(Follower *follower, gint64 *events, GError **error)
{
    gint64 before = point_of(follower).rp_seq;

    for (;;) {
        g_autoptr(GBytes) part =
            follow_source_part(follower->fo_source, point_of(follower), error);
        if (!part)
            return FALSE;
        if (g_bytes_get_size(part) == 0)
            break;
        if (!take(follower, part, error))
            return FALSE;
    }
    *events = point_of(follower).rp_seq - before;
    return !follower->fo_copy ||
           follow_source_files(follower->fo_source, follower->fo_drill, follower->fo_keys,
                               error);
}

static void tell(const Follower *follower, gint64 events)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *at = g_date_time_format(now, "%H:%M:%S");

    if (events || follower->fo_behind)
        printf("%s  %s: the copy has all %" G_GINT64_FORMAT " events\n", at,
               follow_source_name(follower->fo_source), point_of(follower).rp_seq);
    fflush(stdout);
}

/* Waits for the next round; FALSE: the user has had enough. */
static gboolean pause_between(void)
{
    for (gint64 until = g_get_monotonic_time() + EVERY_S * G_USEC_PER_SEC;
         g_get_monotonic_time() < until && !cli_interrupted_pending();)
        g_usleep(SLICE_US);
    return !cli_interrupted_pending();
}

static int follow_until_interrupted(Follower *follower, gboolean once)
{
    do {
        g_autoptr(GError) error = NULL;
        gint64 events = 0;
        gboolean ok = catch_up(follower, &events, &error);
        if (ok)
            tell(follower, events);
        else if (once || g_error_matches(error, JOURNAL_ERROR, JOURNAL_ERROR_CORRUPT))
            return cli_fail(EXIT_FAIL, "follow: %s", error->message);
        else if (!follower->fo_behind)
            cli_fail(EXIT_FAIL, "follow: %s; trying again every %d s", error->message,
                     EVERY_S);
        follower->fo_behind = !ok;
    } while (!once && pause_between());
    return EXIT_OK;
}

static int follow_drill(int argc, char **argv)
{
    gboolean once = FALSE;
    const GOptionEntry entries[] = {
        {"once", 0, 0, G_OPTION_ARG_NONE, &once, "copy what there is now, and end", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Follower) follower = {0};
    g_autoptr(GError) error = NULL;
    int status = EXIT_OK;

    if (!cli_options(&cmd_follow, entries, &argc, &argv, 1, 1, &status))
        return status;
    cli_catch_signals();
    umask(077);
    if (!follower_open(&follower, argv[1], &error))
        return cli_fail(EXIT_FAIL, "follow: %s", error->message);
    return follow_until_interrupted(&follower, once);
}

static int replicate(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    int status;

    if (!cli_options(&cmd_replicate, NULL, &argc, &argv, 1, 1, &status))
        return status;
    if (!follow_source_serve(argv[1], &error))
        return cli_fail(EXIT_FAIL, "replicate: %s", error->message);
    return EXIT_OK;
}

/* ---- restore ---- */

/* parry-verify's word, which it prints itself. */
static gboolean is_sound(const char *drill)
{
    g_autofree char *program = programs_path("parry-verify");
    g_autofree char *journal = g_build_filename(drill, "journal.db", NULL);
    char *args[] = {program, journal, NULL};
    int status = 0;

    return g_spawn_sync(NULL, args, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL,
                        NULL, &status, NULL) &&
           g_spawn_check_wait_status(status, NULL);
}

static gboolean move_into(const char *from, const char *home, const char *folder,
                          const char *name, GError **error)
{
    g_autofree char *parent = g_build_filename(home, folder, NULL);
    g_autofree char *to = g_build_filename(parent, name, NULL);

    if (!make_dir(parent, error))
        return FALSE;
    if (g_rename(from, to) == 0)
        return TRUE;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "move %s to %s: %s", from, to,
                g_strerror(errno));
    return FALSE;
}

static int restore(int argc, char **argv)
{
    g_autofree char *home = drill_home();
    g_autoptr(GError) error = NULL;
    int status = EXIT_OK;

    if (!cli_options(&cmd_restore, NULL, &argc, &argv, 1, 1, &status))
        return status;
    const char *name = argv[1];
    g_autofree char *copy = strchr(name, '/') ? NULL : copy_path(name, NULL);
    g_autofree char *drill = copy ? g_build_filename(copy, "drill", NULL) : NULL;
    g_autofree char *keys = copy ? g_build_filename(copy, "keys", NULL) : NULL;
    g_autofree char *there = drill_dir(home, name);
    if (!drill || !g_file_test(drill, G_FILE_TEST_IS_DIR))
        return cli_fail(EXIT_NO_DRILL,
                        "no copy of \"%s\" in %s; `parry follow` makes one", name, home);
    if (g_file_test(there, G_FILE_TEST_EXISTS))
        return cli_fail(EXIT_STATE,
                        "drill %s is here already: `parry down --purge %s` "
                        "first, or use another PARRY_HOME",
                        name, name);
    /* Whoever follows writes it: it must have ended. */
    g_autoptr(Journal) journal = journal_open(drill, &error);
    if (!journal)
        return cli_fail(EXIT_STATE, "restore: %s", error->message);
    if (!is_sound(drill))
        return cli_fail(EXIT_FAIL, "the copy of %s is not sound: it is left as it is",
                        name);
    if (!move_into(keys, home, "keys", name, &error) ||
        !move_into(drill, home, "drills", name, &error))
        return cli_fail(EXIT_FAIL, "restore: %s", error->message);
    g_rmdir(copy);
    printf("%s is restored, up to event %" G_GINT64_FORMAT ".\n"
           "Nothing of it may run where it came from any more. Then: parry up %s\n",
           name, journal_committed(journal), name);
    return EXIT_OK;
}

const CliCommand cmd_follow = {"follow", "DIR|ssh://HOST/DIR",
                               "keep a copy of a drill that runs elsewhere",
                               follow_drill};
const CliCommand cmd_replicate = {"replicate", "DIR",
                                  "what follow calls at the other end", replicate};
const CliCommand cmd_restore = {"restore", "NAME",
                                "make a drill of the copy that follow kept", restore};
