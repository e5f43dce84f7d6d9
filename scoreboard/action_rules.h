/*
 * The rules by which rows become acts: actions.yaml, which is built into the program, as
 * data. docs/actions.md explains the keys; a test holds its list and the file together.
 */
#ifndef PARRY_SCOREBOARD_ACTION_RULES_H
#define PARRY_SCOREBOARD_ACTION_RULES_H

#include "scenarios/base/diag.h"
#include "scenarios/base/text.h"
#include "scoreboard/action_match.h"

typedef enum {
    ABOUT_WINDOW, /* an inject whose effect the object is, else the one under way there */
    ABOUT_OBJECT, /* only an inject whose effect the object is */
    ABOUT_NEVER,
} ActionAbout;

typedef struct {
    char *ak_name; /* "killed-process" */
    ParryText
        *ak_says; /* "killed process[ {object}]": [ … ] left out without an object */
    ActionAbout ak_about;
    gint64
        ak_gather_us; /* told so long after its first row, with all objects; 0: at once */
} ActionKind;

/* Which part of the row is what it was done to. */
typedef enum {
    OBJECT_NONE,
    OBJECT_ARGS,    /* what a phrase took */
    OBJECT_LAST,    /* the last argument that is no option */
    OBJECT_PATH,    /* the row's path, of a unit without ".service" */
    OBJECT_TO,      /* the row's to */
    OBJECT_PLACE,   /* where it is now: to of what was moved, else path */
    OBJECT_TARGET,  /* name and pid of "signal 9 pid 12 name" */
    OBJECT_PROGRAM, /* the program's name */
} ActionObject;

/* One of these rows after it shows that it worked. */
typedef struct {
    int rc_what;
    guint32 rc_acts; /* bits by SeenAct, 0: any */
} RuleConfirm;

typedef struct ActionRule {
    char *ru_name;
    const ActionKind *ru_action;
    ParryText *ru_says; /* instead of the action's, or NULL */
    int ru_what;
    guint32 ru_acts;                                      /* bits by SeenAct, 0: any */
    char **ru_program, **ru_path, **ru_not_path, **ru_to; /* globs; empty: any */
    GPtrArray *ru_args, *ru_not_args;                     /* MatchPhrase */
    gboolean ru_split;
    gboolean ru_planned, ru_attacked;
    ActionObject ru_object;
    GArray *ru_confirm; /* RuleConfirm; empty: the row says it all */
    gint64 ru_within_us;
} ActionRule;

typedef struct {
    GPtrArray *as_kinds;    /* ActionKind, in the file's order */
    GPtrArray *as_rules;    /* ActionRule, the same */
    char **as_scratch;      /* globs of paths that mean nothing */
    GPtrArray *as_by_what;  /* of SeenWhat: GPtrArray of rules, executions apart */
    GHashTable *as_by_name; /* program to GPtrArray of rules, of executions */
    GPtrArray *as_globbed;  /* rules of executions whose program is a glob */
} ActionRules;

/* Findings go to diags under the name `file`; NULL: there was an error. text is ended by
 * NUL. */
ActionRules *action_rules_parse(const char *file, const char *text, gsize len,
                                ParryDiags *diags);
void action_rules_free(ActionRules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ActionRules, action_rules_free)

/* Those of actions.yaml; made once, never freed. */
const ActionRules *action_rules(void);

/* The sentence of an act, in that language; g_free(). */
char *action_says(const ActionRule *rule, const char *object, const char *lang);

/* The lists of docs/actions.md; g_free(). */
char *action_rules_markdown(const ActionRules *rules);

/* actions.yaml as built in. */
extern const unsigned char action_rules_text[];
extern const gsize action_rules_text_len;

#endif
