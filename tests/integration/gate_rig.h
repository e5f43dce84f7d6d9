/*
 * What the gate's tests stand on: a parryd made up in a thread of the test, which says
 * what docs/control.md promises to a gate; parry-gate itself; OpenSSH's own client.
 */
#ifndef PARRY_TESTS_GATE_RIG_H
#define PARRY_TESTS_GATE_RIG_H

#include <glib.h>
#include <sys/types.h>

#define RIG_PATIENCE_US (60 * G_USEC_PER_SEC)
#define RIG_BIG (1 << 20)      /* bytes that the made-up shell's "big" prints */
#define RIG_CREDIT (64 * 1024) /* of which so many may be on their way */
#define RIG_CLOCK_US (18 * G_GINT64_CONSTANT(3600000000))

typedef struct Rig Rig;

/* What the made-up parryd saw. */
typedef struct {
    int rs_whois, rs_binds, rs_opens, rs_closes, rs_reports;
    int rs_cols, rs_rows;     /* of the terminal, as last told */
    gsize rs_outstanding_max; /* output handed out and not credited, at most */
    gsize rs_outstanding;
    gint64 rs_about_us; /* of the last report */
    char rs_text[256];  /* of the last report or answer */
} RigSeen;

/* Starts all of it; extra: further options of parry-gate, NULL at the end, or NULL. */
Rig *rig_new(const char *const *extra);
void rig_free(Rig *rig);
RigSeen rig_seen(Rig *rig);
/* The made-up parryd drops every connection and listens no more. */
void rig_stop_parryd(Rig *rig);
guint16 rig_port(const Rig *rig);
pid_t rig_gate_pid(const Rig *rig);
/* Waits until the gate has no connection process left, or exactly n; FALSE: not in time.
 */
gboolean rig_wait_children(const Rig *rig, guint n);
/* Process ids of the gate's connections. */
GArray *rig_children(const Rig *rig);

/* Path of a private key: "right" is health's, "wrong" and "other" are nobody's. */
char *rig_key(const Rig *rig, const char *name);

/* argv of ssh with the key (NULL: none but in the options), as user, with the words
 * after; free with g_strfreev(). */
char **rig_ssh(const Rig *rig, const char *key, const char *user,
               const char *const *options, const char *command);

typedef struct {
    int rr_exit; /* exit status, -1 where a signal ended it or it did not end in time */
    GString *rr_out, *rr_err;
} RigRun;

/* Runs argv (taken over) with the input; free with rig_run_clear(). */
RigRun rig_run(char **argv, const char *input);
void rig_run_clear(RigRun *run);

/* A program on a terminal of its own. */
typedef struct {
    pid_t rt_pid;
    int rt_fd;
    GString *rt_seen; /* all that it has shown */
    gsize rt_from;    /* looked at up to here by rig_tty_expect() */
} RigTty;

RigTty rig_tty(char **argv, int cols, int rows);
/* Waits until the text is shown after what was expected before. */
gboolean rig_tty_expect(RigTty *tty, const char *text);
void rig_tty_type(RigTty *tty, const char *text);
void rig_tty_resize(RigTty *tty, int cols, int rows);
/* Waits for its end; its exit status, -1 as above. */
int rig_tty_end(RigTty *tty);

#endif
