/*
 * A standby: follow keeps a copy of a drill that runs elsewhere, replicate is what it
 * calls there, restore makes a drill of the copy, fence sees to it that only that one
 * goes on.
 *
 *   PARRY_HOME/copies/NAME/drill   what will be PARRY_HOME/drills/NAME
 *   PARRY_HOME/copies/NAME/keys    what will be PARRY_HOME/keys/NAME
 *   PARRY_HOME/copies/NAME/source  where it comes from, as it was typed
 */
#include "orchestrator/cli/cli.h"

#include "orchestrator/cli/follow_source.h"
#include "orchestrator/daemon/programs.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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
    char *fo_from; /* a file that says where it comes from */
    Journal *fo_copy;
    gboolean fo_behind;        /* the source could not be read last time */
    gboolean fo_once, fo_bare; /* bare: without checkpoints */
    int fo_kib;                /* of checkpoints, a second at most; 0: no limit */
} Follower;

static void follower_clear(Follower *follower)
{
    journal_close(follower->fo_copy);
    follow_source_free(follower->fo_source);
    g_free(follower->fo_drill);
    g_free(follower->fo_keys);
    g_free(follower->fo_from);
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

/* What it is copied from, as it will be found from wherever restore is typed. */
static gboolean note_source(const Follower *follower, const char *source, GError **error)
{
    g_autofree char *full =
        strstr(source, "://") ? g_strdup(source) : g_canonicalize_filename(source, NULL);

    return g_file_set_contents(follower->fo_from, full, -1, error);
}

static gboolean follower_open(Follower *follower, const char *source, GError **error)
{
    follower->fo_source = follow_source_new(source, error);
    if (!follower->fo_source)
        return FALSE;
    const char *name = follow_source_name(follower->fo_source);
    follower->fo_drill = copy_path(name, "drill");
    follower->fo_keys = copy_path(name, "keys");
    follower->fo_from = copy_path(name, "source");
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
           (follow_source_files(follower->fo_source, follower->fo_drill,
                                follower->fo_keys, error) &&
            (follower->fo_bare ||
             follow_source_checkpoints(follower->fo_source, follower->fo_drill,
                                       follower->fo_kib, follower->fo_once, error)));
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

static int follow_until_interrupted(Follower *follower, const char *source)
{
    gboolean once = follower->fo_once, noted = FALSE;

    do {
        g_autoptr(GError) error = NULL;
        gint64 events = 0;
        gboolean ok = catch_up(follower, &events, &error);
        if (ok && follower->fo_copy && !noted)
            ok = noted = note_source(follower, source, &error);
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
    g_auto(Follower) follower = {0};
    const GOptionEntry entries[] = {
        {"once", 0, 0, G_OPTION_ARG_NONE, &follower.fo_once,
         "copy what there is now, and end", NULL},
        {"no-checkpoints", 0, 0, G_OPTION_ARG_NONE, &follower.fo_bare,
         "leave checkpoints, which are as large as the memory of the hosts", NULL},
        {"limit", 0, 0, G_OPTION_ARG_INT, &follower.fo_kib,
         "what copying checkpoints may take of the line (all there is)", "KIB/S"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GError) error = NULL;
    int status = EXIT_OK;

    if (!cli_options(&cmd_follow, entries, &argc, &argv, 1, 1, &status))
        return status;
    if (follower.fo_kib < 0)
        return cli_fail(EXIT_USAGE, "--limit: 0 KiB/s or more");
    cli_catch_signals();
    umask(077);
    if (!follower_open(&follower, argv[1], &error))
        return cli_fail(EXIT_FAIL, "follow: %s", error->message);
    return follow_until_interrupted(&follower, argv[1]);
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

/* ---- the copy ---- */

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

/* QEMU's account passes through, and lists nothing. */
static gboolean let_through(const char *path, GError **error)
{
    struct stat st;

    if (stat(path, &st) == 0 && chmod(path, (st.st_mode & 07777) | 0111) == 0)
        return TRUE;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: set mode: %s", path,
                g_strerror(errno));
    return FALSE;
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

/* ---- only one goes on ---- */

static char *here(void)
{
    g_autofree char *home = drill_home();

    return g_strdup_printf("%s, in %s", g_get_host_name(), home);
}

static gboolean fence_source(const char *text, GError **error)
{
    g_autoptr(FollowSource) source = follow_source_new(text, error);
    g_autofree char *who = here();

    return source && follow_source_fence(source, who, error);
}

static gboolean is_busy(const GError *error)
{
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_BUSY);
}

static int fence(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    int status = EXIT_OK;

    if (!cli_options(&cmd_fence, NULL, &argc, &argv, 1, 1, &status))
        return status;
    if (fence_source(argv[1], &error)) {
        printf("%s: no daemon takes it up there any more\n", argv[1]);
        return EXIT_OK;
    }
    return cli_fail(is_busy(error) ? EXIT_STATE : EXIT_FAIL, "fence %s: %s", argv[1],
                    error->message);
}

/*
 * Where the original can be asked, it is told; where a daemon has it there, it is not
 * taken away. Where nobody answers, a person has to know. *fenced: nothing starts it
 * there.
 */
static gboolean may_restore(const char *name, const char *source, gboolean yes,
                            gboolean *fenced, int *status)
{
    g_autoptr(GError) error = NULL;

    *fenced = source && fence_source(source, &error);
    if (*fenced)
        return TRUE;
    if (error && is_busy(error)) {
        *status = cli_fail(EXIT_STATE, "%s: %s", source, error->message);
        return FALSE;
    }
    fprintf(stderr,
            "%s was not told (%s).\nWhether drill %s runs there still, or starts there "
            "again with its machine, nobody can tell from here;\ntwo machines would tell "
            "two stories. When it can be reached: parry fence %s\n",
            source ? source : "where it came from", error ? error->message : "not known",
            name, source ? source : "DIR|ssh://HOST/DIR");
    if (!yes && !cli_ask("restore it here all the same?")) {
        *status = cli_fail(EXIT_STATE,
                           "nothing was done; `parry restore -y %s` restores "
                           "it all the same",
                           name);
        return FALSE;
    }
    return TRUE;
}

/* ---- restore ---- */

/* Where the copy ends. */
typedef struct {
    char *la_state;
    gint64 la_clock_us;
    gboolean la_simulated;
} Last;

static void last_clear(Last *last)
{
    g_free(last->la_state);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Last, last_clear)

static gboolean on_event(const JournalEvent *event, gpointer data)
{
    Last *last = data;

    last->la_clock_us = MAX(last->la_clock_us, event->ev_clock_us);
    if (strcmp(event->ev_kind, "drill.defined/1") == 0)
        last->la_simulated = json_is_true(json_object_get(event->ev_body, "simulated"));
    if (strcmp(event->ev_kind, "drill.state/1") == 0) {
        g_free(last->la_state);
        last->la_state =
            g_strdup(json_string_value(json_object_get(event->ev_body, "to")));
    }
    return TRUE;
}

/* Whether `up` has something to go on with. */
static gboolean goes_on(const Last *last)
{
    static const char *const over[] = {"down", "provisional", "final", "archived", NULL};

    return last->la_state && !last->la_simulated &&
           !g_strv_contains(over, last->la_state);
}

/* The first event that was not written where the drill began. */
static gboolean note_restore(Journal *journal, const Last *last, gboolean fenced,
                             GError **error)
{
    json_t *body = json_pack("{s:I, s:b}", "events",
                             (json_int_t)journal_committed(journal), "fenced", fenced);
    JournalEvent event = {.ev_kind = "drill.restored/1",
                          .ev_actor = "white",
                          .ev_team = "",
                          .ev_host = "",
                          .ev_clock_us = last->la_clock_us,
                          .ev_body = body};
    gboolean ok =
        journal_append(journal, &event, error) > 0 && journal_commit(journal, error);

    json_decref(body);
    return ok;
}

typedef struct {
    char *co_home, *co_dir, *co_drill, *co_keys, *co_source;
} Copy;

static void copy_clear(Copy *copy)
{
    g_free(copy->co_home);
    g_free(copy->co_dir);
    g_free(copy->co_drill);
    g_free(copy->co_keys);
    g_free(copy->co_source);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Copy, copy_clear)

static gboolean copy_find(Copy *copy, const char *name, int *status)
{
    g_autofree char *there = NULL, *from = NULL;

    *status = EXIT_OK;
    copy->co_home = drill_home();
    there = drill_dir(copy->co_home, name);
    copy->co_dir = strchr(name, '/') ? NULL : copy_path(name, NULL);
    if (copy->co_dir) {
        copy->co_drill = g_build_filename(copy->co_dir, "drill", NULL);
        copy->co_keys = g_build_filename(copy->co_dir, "keys", NULL);
        from = g_build_filename(copy->co_dir, "source", NULL);
        g_file_get_contents(from, &copy->co_source, NULL, NULL);
    }
    if (!copy->co_drill || !g_file_test(copy->co_drill, G_FILE_TEST_IS_DIR))
        *status =
            cli_fail(EXIT_NO_DRILL, "no copy of \"%s\" in %s; `parry follow` makes one",
                     name, copy->co_home);
    else if (g_file_test(there, G_FILE_TEST_EXISTS))
        *status = cli_fail(EXIT_STATE,
                           "drill %s is here already: `parry down --purge %s` first, or "
                           "use another PARRY_HOME",
                           name, name);
    return *status == EXIT_OK;
}

static gboolean has_key(const char *home, const char *name)
{
    g_autofree char *key = g_build_filename(home, "keys", name, "journal.key", NULL);

    return g_file_test(key, G_FILE_TEST_EXISTS);
}

static gboolean copy_move(const Copy *copy, const char *name, gboolean runs,
                          GError **error)
{
    g_autofree char *there = drill_dir(copy->co_home, name);
    g_autofree char *drills = g_path_get_dirname(there);
    g_autofree char *from = g_build_filename(copy->co_dir, "source", NULL);

    if (!move_into(copy->co_keys, copy->co_home, "keys", name, error) ||
        !move_into(copy->co_drill, copy->co_home, "drills", name, error))
        return FALSE;
    g_unlink(from);
    g_rmdir(copy->co_dir);
    return !runs || (let_through(copy->co_home, error) && let_through(drills, error) &&
                     drill_complete(there, error));
}

static int restore(int argc, char **argv)
{
    gboolean yes = FALSE, fenced = FALSE;
    const GOptionEntry entries[] = {
        {"yes", 'y', 0, G_OPTION_ARG_NONE, &yes,
         "also where nobody can tell whether the original still runs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GError) error = NULL;
    g_auto(Copy) copy = {0};
    g_auto(Last) last = {0};
    int status = EXIT_OK;

    if (!cli_options(&cmd_restore, entries, &argc, &argv, 1, 1, &status))
        return status;
    const char *name = argv[1];
    if (!copy_find(&copy, name, &status))
        return status;
    /* Whoever follows writes it: it must have ended. */
    g_autoptr(Journal) journal = journal_open(copy.co_drill, &error);
    if (!journal)
        return cli_fail(EXIT_STATE, "restore: %s", error->message);
    if (!journal_each(journal, 0, 0, on_event, &last, &error))
        return cli_fail(EXIT_FAIL, "restore: %s", error->message);
    if (!is_sound(copy.co_drill))
        return cli_fail(EXIT_FAIL, "the copy of %s is not sound: it is left as it is",
                        name);
    if (!may_restore(name, copy.co_source, yes, &fenced, &status))
        return status;
    gboolean runs = goes_on(&last);
    gint64 events = journal_committed(journal);
    if (!note_restore(journal, &last, fenced, &error) ||
        !copy_move(&copy, name, runs, &error))
        return cli_fail(EXIT_FAIL, "restore: %s", error->message);
    printf("%s is restored, up to event %" G_GINT64_FORMAT ".\n", name, events);
    if (!has_key(copy.co_home, name))
        fprintf(stderr,
                "its signing key was not copied: what is signed from here on holds "
                "under another one\n");
    if (fenced)
        printf("%s starts it no more.\n", copy.co_source);
    if (runs)
        printf("Then: parry up %s\n", name);
    return EXIT_OK;
}

const CliCommand cmd_follow = {"follow", "DIR|ssh://HOST/DIR",
                               "keep a copy of a drill that runs elsewhere",
                               follow_drill};
const CliCommand cmd_replicate = {"replicate", "DIR",
                                  "what follow calls at the other end", replicate};
const CliCommand cmd_restore = {"restore", "NAME",
                                "make a drill of the copy that follow kept", restore};
const CliCommand cmd_fence = {"fence", "DIR|ssh://HOST/DIR",
                              "let no daemon take up a drill that goes on elsewhere",
                              fence};
