/*
 * The matcher's state: for each host a ring of executions that wait to be confirmed, and
 * one of acts that were told or are being gathered. Both are small and of fixed size: a
 * guest that floods pushes out its own.
 */
#include "scoreboard/actions.h"

#include "scoreboard/action_inject.h"
#include "scoreboard/kinds.h"

#include <string.h>

#define PENDING_MAX 64
#define RECENT_MAX 64
#define SAME_US (G_GINT64_CONSTANT(60) * G_USEC_PER_SEC)
#define BELIEVED_US (G_GINT64_CONSTANT(300) * G_USEC_PER_SEC)
#define GATHERED_MAX 400 /* bytes of the objects of one act */

/* Login uids of Parry's orders, checks and scripts (docs/agent-protocol.md). */
#define AUID_OURS G_GINT64_CONSTANT(2100000000)
#define AUID_NONE G_GINT64_CONSTANT(4294967295)

typedef struct {
    ActionRef ev_refs[ACTION_REFS_MAX];
    guint ev_n, ev_rows;
} Evidence;

/* Who did it, when, to what. */
typedef struct {
    const ActionRule *dd_rule;
    int dd_team;
    char dd_player[MATCH_OBJECT_MAX];
    char dd_object[MATCH_OBJECT_MAX];
    char dd_other[MATCH_OBJECT_MAX]; /* what else the object is known by */
    gint64 dd_t_us, dd_at_us;
    int dd_pid;
} Deed;

typedef struct {
    gboolean pe_used, pe_told; /* told: rows that come late are still its own */
    Deed pe_deed;
    Evidence pe_evidence;
} Pending;

typedef struct {
    gboolean re_used, re_open; /* open: gathers, is not told yet */
    Deed re_deed;
    char re_objects[GATHERED_MAX];
    int re_inject;
    gboolean re_named;
    Evidence re_evidence;
} Recent;

typedef struct {
    Pending ho_pending[PENDING_MAX];
    Recent ho_recent[RECENT_MAX];
    guint ho_pending_at, ho_recent_at; /* the oldest of each: the next to give way */
    guint ho_waiting, ho_open;         /* how many there are */
} Host;

struct Actions {
    const Plan *an_plan;
    const ActionRules *an_rules;
    ActionInjects *an_injects;
    Host **an_hosts;              /* by index in the plan; NULL before its first row */
    gint64 an_clock_us, an_at_us; /* of the last event */
};

/* One row on its way through. */
typedef struct {
    Actions *tu_actions;
    Host *tu_host;
    const JournalObservation *tu_seen;
    ActionRef tu_ref;
    ActionFn tu_fn;
    gpointer tu_data;
    MatchWords tu_words;
    gboolean tu_broken; /* tu_words were broken up once more */
} Turn;

Actions *actions_new(const Plan *plan)
{
    Actions *actions = g_new0(Actions, 1);

    actions->an_plan = plan;
    actions->an_rules = action_rules();
    actions->an_injects = action_injects_new(plan);
    actions->an_hosts = g_new0(Host *, plan->p_hosts->len + 1);
    return actions;
}

void actions_free(Actions *actions)
{
    if (!actions)
        return;
    for (guint i = 0; i < actions->an_plan->p_hosts->len; i++)
        g_free(actions->an_hosts[i]);
    g_free(actions->an_hosts);
    action_injects_free(actions->an_injects);
    g_free(actions);
}

void actions_event(Actions *actions, const JournalEvent *event)
{
    actions->an_clock_us = event->ev_clock_us;
    actions->an_at_us = event->ev_at_us;
    action_injects_event(actions->an_injects, event);
}

static void add_ref(Evidence *evidence, ActionRef ref)
{
    evidence->ev_rows++;
    if (evidence->ev_n < ACTION_REFS_MAX)
        evidence->ev_refs[evidence->ev_n++] = ref;
}

static void add_evidence(Evidence *to, const Evidence *from)
{
    for (guint i = 0; i < from->ev_n; i++)
        add_ref(to, from->ev_refs[i]);
    to->ev_rows += from->ev_rows - from->ev_n;
}

/* Whatever a guest's clock says: without overflow. */
static gboolean is_near(gint64 a, gint64 b, gint64 within)
{
    guint64 apart = a >= b ? (guint64)a - (guint64)b : (guint64)b - (guint64)a;

    return apart < (guint64)within;
}

/* ---- telling ---- */

static void tell(int host, const Recent *recent, ActionFn fn, gpointer data)
{
    const Deed *deed = &recent->re_deed;
    Action action = {
        .ac_rule = deed->dd_rule->ru_name,
        .ac_action = deed->dd_rule->ru_action->ak_name,
        .ac_host = host,
        .ac_team = deed->dd_team,
        .ac_player = deed->dd_player,
        .ac_object = recent->re_objects,
        .ac_inject = recent->re_inject,
        .ac_named = recent->re_named,
        .ac_at_us = deed->dd_at_us,
        .ac_t_us = deed->dd_t_us,
        .ac_rows = recent->re_evidence.ev_rows,
        .ac_n_refs = recent->re_evidence.ev_n,
    };

    action.ac_says = deed->dd_rule;
    memcpy(action.ac_refs, recent->re_evidence.ev_refs, sizeof action.ac_refs);
    fn(&action, data);
}

static void close_recent(Host *host, int index, Recent *recent, ActionFn fn,
                         gpointer data)
{
    recent->re_open = FALSE;
    host->ho_open--;
    tell(index, recent, fn, data);
}

static gint64 due_us(const Recent *recent)
{
    gint64 gather = recent->re_deed.dd_rule->ru_action->ak_gather_us;

    return recent->re_deed.dd_t_us > G_MAXINT64 - gather
               ? G_MAXINT64
               : recent->re_deed.dd_t_us + gather;
}

/* A time that lies far ahead is the guest's invention: what it says is told now. */
static gboolean is_due(const Recent *recent, gint64 now_us)
{
    gint64 began_us = recent->re_deed.dd_t_us;

    return due_us(recent) <= now_us ||
           (began_us > now_us && !is_near(began_us, now_us, BELIEVED_US));
}

static void flush_host(Host *host, int index, gint64 now_us, ActionFn fn, gpointer data)
{
    /* In the order in which they began. */
    for (guint i = 0; host->ho_open > 0 && i < RECENT_MAX; i++) {
        Recent *recent = &host->ho_recent[(host->ho_recent_at + i) % RECENT_MAX];

        if (recent->re_used && recent->re_open && is_due(recent, now_us))
            close_recent(host, index, recent, fn, data);
    }
}

void actions_flush(Actions *actions, gint64 now_us, ActionFn fn, gpointer data)
{
    for (guint i = 0; i < actions->an_plan->p_hosts->len; i++)
        if (actions->an_hosts[i])
            flush_host(actions->an_hosts[i], (int)i, now_us, fn, data);
}

gint64 actions_due_us(const Actions *actions)
{
    gint64 due = G_MAXINT64;

    for (guint i = 0; i < actions->an_plan->p_hosts->len; i++) {
        const Host *host = actions->an_hosts[i];

        for (guint n = 0; host && host->ho_open > 0 && n < RECENT_MAX; n++)
            if (host->ho_recent[n].re_used && host->ho_recent[n].re_open)
                due = MIN(due, due_us(&host->ho_recent[n]));
    }
    return due;
}

/* ---- one act, once ---- */

static gboolean is_same(const Recent *recent, const Deed *deed)
{
    const ActionKind *kind = deed->dd_rule->ru_action;
    const Deed *old = &recent->re_deed;

    return recent->re_used && old->dd_rule->ru_action == kind &&
           strcmp(old->dd_player, deed->dd_player) == 0 &&
           is_near(old->dd_t_us, deed->dd_t_us, MAX(SAME_US, kind->ak_gather_us)) &&
           (kind->ak_gather_us > 0 || strcmp(old->dd_object, deed->dd_object) == 0);
}

static void relate(Turn *turn, Recent *recent, const Deed *deed)
{
    ActionThing thing = {deed->dd_object, deed->dd_other};
    gboolean named;
    int inject;

    if (recent->re_named)
        return;
    inject = action_injects_find(turn->tu_actions->an_injects, turn->tu_seen->ob_host,
                                 deed->dd_team, &thing, deed->dd_at_us,
                                 deed->dd_rule->ru_action->ak_about, &named);
    if (recent->re_inject < 0 || named) {
        recent->re_inject = inject;
        recent->re_named = named;
    }
}

/* Whether the list, parted by ", ", has the object. */
static gboolean has_object(const char *list, const char *object)
{
    gsize len = strlen(object);

    for (const char *at = list; (at = strstr(at, object)); at++)
        if ((at == list || g_str_has_prefix(at - 2, ", ")) &&
            (!at[len] || g_str_has_prefix(at + len, ", ")))
            return TRUE;
    return FALSE;
}

static void add_object(Recent *recent, const char *object)
{
    char *list = recent->re_objects;
    gsize used = strlen(list), len = strlen(object);

    if (!len || g_str_has_suffix(list, "…") || has_object(list, object))
        return;
    if (used + len + sizeof ", , …" > sizeof recent->re_objects)
        object = "…";
    if (used)
        g_strlcat(list, ", ", sizeof recent->re_objects);
    g_strlcat(list, object, sizeof recent->re_objects);
}

static Recent *new_recent(Turn *turn)
{
    Host *host = turn->tu_host;
    Recent *recent = &host->ho_recent[host->ho_recent_at];

    host->ho_recent_at = (host->ho_recent_at + 1) % RECENT_MAX;
    if (recent->re_used && recent->re_open)
        close_recent(host, turn->tu_seen->ob_host, recent, turn->tu_fn, turn->tu_data);
    memset(recent, 0, sizeof *recent);
    recent->re_used = TRUE;
    recent->re_inject = -1;
    return recent;
}

static void act(Turn *turn, const Deed *deed, const Evidence *evidence)
{
    Host *host = turn->tu_host;
    Recent *recent = NULL;

    for (guint i = 0; !recent && i < RECENT_MAX; i++)
        if (is_same(&host->ho_recent[i], deed))
            recent = &host->ho_recent[i];
    if (recent && !recent->re_open)
        return; /* told within the last minute */
    if (!recent) {
        recent = new_recent(turn);
        recent->re_deed = *deed;
        recent->re_open = TRUE;
        host->ho_open++;
    }
    add_object(recent, deed->dd_object);
    add_evidence(&recent->re_evidence, evidence);
    relate(turn, recent, deed);
    if (!deed->dd_rule->ru_action->ak_gather_us)
        close_recent(host, turn->tu_seen->ob_host, recent, turn->tu_fn, turn->tu_data);
}

/* ---- what waits to be confirmed ---- */

static void drop_pending(Host *host, Pending *pending)
{
    if (pending->pe_used && !pending->pe_told)
        host->ho_waiting--;
    pending->pe_used = FALSE;
}

static void wait_for(Turn *turn, const Deed *deed, const Evidence *evidence)
{
    Host *host = turn->tu_host;
    Pending *pending = &host->ho_pending[host->ho_pending_at];

    host->ho_pending_at = (host->ho_pending_at + 1) % PENDING_MAX;
    drop_pending(host, pending);
    *pending = (Pending){TRUE, FALSE, *deed, *evidence};
    host->ho_waiting++;
}

/* "cron" and "cron.service" are one. */
static gboolean same_unit(const char *a, const char *b)
{
    gsize la = strlen(a), lb = strlen(b);

    la -= g_str_has_suffix(a, ".service") ? strlen(".service") : 0;
    lb -= g_str_has_suffix(b, ".service") ? strlen(".service") : 0;
    return la == lb && la > 0 && strncmp(a, b, la) == 0;
}

static gboolean confirms(const RuleConfirm *confirm, const Pending *pending,
                         const JournalObservation *seen)
{
    if (confirm->rc_what != seen->ob_what ||
        (confirm->rc_acts && !(confirm->rc_acts & (1U << (guint)seen->ob_act))))
        return FALSE;
    if (seen->ob_what == SEEN_SERVICE) /* systemd's word: it is nobody's process */
        return same_unit(seen->ob_path, pending->pe_deed.dd_object);
    return seen->ob_pid == pending->pe_deed.dd_pid &&
           (seen->ob_what != SEEN_EXIT || seen->ob_exit == 0);
}

static void confirmed(Turn *turn, Pending *pending)
{
    if (pending->pe_told)
        return;
    pending->pe_told = TRUE;
    turn->tu_host->ho_waiting--;
    add_ref(&pending->pe_evidence, turn->tu_ref);
    act(turn, &pending->pe_deed, &pending->pe_evidence);
}

/* Whether the row is the sequel of an execution that was seen before, and so no act of
 * its own. */
static gboolean is_sequel(Turn *turn)
{
    const JournalObservation *seen = turn->tu_seen;
    gboolean taken = FALSE;

    if (seen->ob_what == SEEN_EXEC && seen->ob_act == SEEN_STARTED)
        return FALSE;
    for (guint i = 0; i < PENDING_MAX; i++) {
        Pending *pending = &turn->tu_host->ho_pending[i];
        const GArray *confirm;

        if (!pending->pe_used)
            continue;
        if (!is_near(seen->ob_t_us, pending->pe_deed.dd_t_us,
                     pending->pe_deed.dd_rule->ru_within_us)) {
            drop_pending(turn->tu_host, pending);
            continue;
        }
        confirm = pending->pe_deed.dd_rule->ru_confirm;
        for (guint c = 0; c < confirm->len && pending->pe_used; c++)
            if (confirms(&g_array_index(confirm, RuleConfirm, c), pending, seen)) {
                confirmed(turn, pending);
                taken = TRUE;
            }
        if (seen->ob_what == SEEN_EXIT && seen->ob_exit > 0 && !pending->pe_told &&
            seen->ob_pid == pending->pe_deed.dd_pid)
            drop_pending(turn->tu_host, pending); /* it failed */
    }
    return taken || seen->ob_what == SEEN_EXIT;
}

/* An effect that was seen itself says more than the command that brought it about. */
static gboolean supersedes(Turn *turn, const Deed *deed, Evidence *evidence)
{
    for (guint i = 0; i < PENDING_MAX; i++) {
        Pending *pending = &turn->tu_host->ho_pending[i];

        if (!pending->pe_used || deed->dd_pid <= 0 ||
            pending->pe_deed.dd_pid != deed->dd_pid ||
            pending->pe_deed.dd_rule->ru_action != deed->dd_rule->ru_action)
            continue;
        if (!pending->pe_told) {
            Evidence both = pending->pe_evidence;

            add_evidence(&both, evidence);
            *evidence = both;
            drop_pending(turn->tu_host, pending);
        } else if (!*pending->pe_deed.dd_object ||
                   strcmp(pending->pe_deed.dd_object, deed->dd_object) == 0) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- whose it was ---- */

/* Parry's own doings, and what daemons do by themselves, are nobody's acts. */
static gboolean is_person(const JournalObservation *seen)
{
    if (seen->ob_origin == SEEN_BY_PLAYER)
        return TRUE;
    return seen->ob_origin == SEEN_BY_GUEST && seen->ob_auid >= 0 &&
           seen->ob_auid < AUID_OURS && seen->ob_auid != AUID_NONE;
}

/* Team and player; FALSE where it is white's. A guest that names another team's player
 * lies: players have terminals on their own hosts only. */
static gboolean attribute(const Actions *actions, const JournalObservation *seen,
                          Deed *deed)
{
    const PlanHost *host = plan_host(actions->an_plan, seen->ob_host);
    const char *slash = strchr(seen->ob_player, '/');
    g_autofree char *prefix =
        slash ? g_strndup(seen->ob_player, slash - seen->ob_player) : NULL;
    int team = prefix ? plan_team_index(actions->an_plan, prefix) : -1;

    deed->dd_team = host->ph_team;
    deed->dd_player[0] = '\0';
    if (team >= 0 && plan_team(actions->an_plan, team)->pt_side == SIDE_WHITE)
        return FALSE;
    if (team >= 0 ? team == host->ph_team : *seen->ob_player != '\0')
        match_object(deed->dd_player, seen->ob_player);
    return host->ph_team >= 0 && (host->ph_owner != SIDE_WHITE || deed->dd_player[0]);
}

/* ---- which rule ---- */

/* Where what the row tells of is now. */
static const char *place(const JournalObservation *seen)
{
    return seen->ob_act == SEEN_MOVED && *seen->ob_to ? seen->ob_to : seen->ob_path;
}

/* "signal 9 pid 12 name", as "name (pid 12)"; a name may be anything. */
static void target(const JournalObservation *seen, Deed *deed)
{
    const char *pid = strstr(seen->ob_to, " pid ");
    gsize digits = pid ? strspn(pid + 5, "0123456789") : 0;
    g_autofree char *text = NULL;
    const char *name = digits && pid[5 + digits] == ' ' ? pid + 6 + digits : "";

    if (!digits || digits > 10) {
        match_object(deed->dd_object, seen->ob_to);
        return;
    }
    text = g_strdup_printf("%.64s (pid %.*s)", *name ? name : "?", (int)digits, pid + 5);
    match_object(deed->dd_object, text);
    match_object(deed->dd_other, name);
}

static const char *last_argument(const MatchWords *words)
{
    for (guint i = words->mw_n; i > words->mw_first; i--)
        if (*words->mw_word[i - 1] && *words->mw_word[i - 1] != '-')
            return words->mw_word[i - 1];
    return "";
}

static void take_object(const Turn *turn, const ActionRule *rule, Deed *deed)
{
    const JournalObservation *seen = turn->tu_seen;

    switch (rule->ru_object) {
    case OBJECT_NONE:
        deed->dd_object[0] = '\0';
        break;
    case OBJECT_ARGS:
        break; /* a phrase took it */
    case OBJECT_LAST:
        match_object(deed->dd_object, last_argument(&turn->tu_words));
        break;
    case OBJECT_PATH:
        match_object(deed->dd_object, seen->ob_path);
        break;
    case OBJECT_TO:
        match_object(deed->dd_object, seen->ob_to);
        break;
    case OBJECT_PLACE:
        match_object(deed->dd_object, place(seen));
        break;
    case OBJECT_TARGET:
        target(seen, deed);
        break;
    case OBJECT_PROGRAM:
        match_object(deed->dd_object, turn->tu_words.mw_program);
        break;
    }
    if (g_str_has_suffix(deed->dd_object, ".service") && deed->dd_object[0] != '/')
        deed->dd_object[strlen(deed->dd_object) - strlen(".service")] = '\0';
}

static gboolean fits_args(Turn *turn, const ActionRule *rule, Deed *deed)
{
    const char *cwd = turn->tu_seen->ob_cwd;
    char ignored[MATCH_OBJECT_MAX];

    if (rule->ru_split && !turn->tu_broken) {
        match_words_again(&turn->tu_words);
        turn->tu_broken = TRUE;
    }
    for (guint i = 0; i < rule->ru_args->len; i++)
        if (!match_phrase(rule->ru_args->pdata[i], &turn->tu_words, cwd, deed->dd_object))
            return FALSE;
    for (guint i = 0; i < rule->ru_not_args->len; i++)
        if (match_phrase(rule->ru_not_args->pdata[i], &turn->tu_words, cwd, ignored))
            return FALSE;
    return TRUE;
}

/* Whether an attack that has begun on this host is about the deed's object. */
static gboolean is_attacked(Turn *turn, const Deed *deed)
{
    ActionThing thing = {deed->dd_object, ""};
    gboolean named;

    action_injects_find(turn->tu_actions->an_injects, turn->tu_seen->ob_host,
                        deed->dd_team, &thing, deed->dd_at_us, ABOUT_OBJECT, &named);
    return named;
}

static gboolean fits(Turn *turn, const ActionRule *rule, Deed *deed)
{
    const JournalObservation *seen = turn->tu_seen;

    if (rule->ru_acts && !(rule->ru_acts & (1U << (guint)seen->ob_act)))
        return FALSE;
    if (*rule->ru_program && !match_any(rule->ru_program, turn->tu_words.mw_program))
        return FALSE;
    if ((*rule->ru_path && !match_any(rule->ru_path, seen->ob_path)) ||
        (*rule->ru_not_path && match_any(rule->ru_not_path, seen->ob_path)) ||
        (*rule->ru_to && !match_any(rule->ru_to, seen->ob_to)))
        return FALSE;
    deed->dd_object[0] = deed->dd_other[0] = '\0';
    if (!fits_args(turn, rule, deed))
        return FALSE;
    take_object(turn, rule, deed);
    if (rule->ru_planned && !action_injects_planned(turn->tu_actions->an_injects,
                                                    seen->ob_host, deed->dd_object))
        return FALSE;
    return !rule->ru_attacked || is_attacked(turn, deed);
}

static const ActionRule *first_of(Turn *turn, const GPtrArray *rules, Deed *deed)
{
    for (guint i = 0; rules && i < rules->len; i++)
        if (fits(turn, rules->pdata[i], deed))
            return rules->pdata[i];
    return NULL;
}

/* Files that a program makes on its way to another are no subject of anybody's. */
static gboolean is_scratch(const ActionRules *rules, const JournalObservation *seen)
{
    switch (seen->ob_what) {
    case SEEN_FILE:
    case SEEN_CRON:
    case SEEN_UNIT:
    case SEEN_KEY:
    case SEEN_ACCOUNT:
        return match_any(rules->as_scratch, place(seen));
    default:
        return FALSE;
    }
}

/* A file that was written beside and renamed over its target has changed that. */
static JournalObservation renamed(const ActionRules *rules,
                                  const JournalObservation *seen)
{
    JournalObservation plain = *seen;

    if (seen->ob_act == SEEN_MOVED && *seen->ob_to &&
        match_any(rules->as_scratch, seen->ob_path)) {
        plain.ob_act = SEEN_CHANGED;
        plain.ob_path = seen->ob_to;
        plain.ob_to = "";
    }
    return plain;
}

static const ActionRule *find_rule(Turn *turn, Deed *deed)
{
    const ActionRules *rules = turn->tu_actions->an_rules;
    const JournalObservation *seen = turn->tu_seen;
    const ActionRule *rule;
    gboolean started = seen->ob_what == SEEN_EXEC && seen->ob_act == SEEN_STARTED;

    if (is_scratch(rules, seen))
        return NULL;
    match_words(&turn->tu_words, started ? seen->ob_args : "", seen->ob_exe);
    if (!started)
        return first_of(turn, rules->as_by_what->pdata[seen->ob_what], deed);
    rule = first_of(
        turn, g_hash_table_lookup(rules->as_by_name, turn->tu_words.mw_program), deed);
    return rule ? rule : first_of(turn, rules->as_globbed, deed);
}

/* ---- rows ---- */

static gboolean is_sound(const Actions *actions, const JournalObservation *seen)
{
    return seen->ob_host >= 0 && seen->ob_host < (int)actions->an_plan->p_hosts->len &&
           seen->ob_what >= 0 && seen->ob_what < SEEN_WHATS && seen->ob_act >= 0 &&
           seen->ob_act < SEEN_ACTS && !seen->ob_erased;
}

/* The drill's time of a row: that of its batch, less what it was late by. */
static gint64 drill_time(const Actions *actions, gint64 t_us)
{
    gint64 late = t_us >= actions->an_at_us ? 0
                  : is_near(t_us, actions->an_at_us, BELIEVED_US)
                      ? actions->an_at_us - t_us
                      : BELIEVED_US;

    return MAX(actions->an_clock_us - late, 0);
}

static void deed_of_row(Turn *turn)
{
    Actions *actions = turn->tu_actions;
    const JournalObservation *seen = turn->tu_seen;
    Evidence evidence = {.ev_n = 0};
    Deed deed = {.dd_t_us = seen->ob_t_us,
                 .dd_at_us = drill_time(actions, seen->ob_t_us),
                 .dd_pid = seen->ob_pid};

    if (!is_person(seen) || !attribute(actions, seen, &deed))
        return;
    deed.dd_rule = find_rule(turn, &deed);
    if (!deed.dd_rule)
        return;
    if (!turn->tu_host)
        turn->tu_host = actions->an_hosts[seen->ob_host] = g_new0(Host, 1);
    add_ref(&evidence, turn->tu_ref);
    if (deed.dd_rule->ru_confirm->len)
        wait_for(turn, &deed, &evidence);
    else if (supersedes(turn, &deed, &evidence))
        act(turn, &deed, &evidence);
}

void actions_row(Actions *actions, gint64 seq, guint row, const JournalObservation *seen,
                 ActionFn fn, gpointer data)
{
    JournalObservation plain;
    Turn turn = {.tu_actions = actions,
                 .tu_seen = &plain,
                 .tu_ref = {seq, row},
                 .tu_fn = fn,
                 .tu_data = data};

    if (!is_sound(actions, seen))
        return;
    plain = renamed(actions->an_rules, seen);
    turn.tu_host = actions->an_hosts[seen->ob_host]; /* NULL before its first act */
    if (turn.tu_host && turn.tu_host->ho_open)
        flush_host(turn.tu_host, seen->ob_host, seen->ob_t_us, fn, data);
    if (!turn.tu_host || !is_sequel(&turn))
        deed_of_row(&turn);
}

/* ---- its event ---- */

json_t *actions_body(const Plan *plan, const Action *action)
{
    json_t *body = json_object(), *evidence = json_array();
    g_autofree char *en = action_says(action->ac_says, action->ac_object, "en");
    g_autofree char *zh = action_says(action->ac_says, action->ac_object, "zh-Hant");

    for (guint i = 0; i < action->ac_n_refs; i++) {
        g_autofree char *ref =
            g_strdup_printf("%" G_GINT64_FORMAT "/%u", action->ac_refs[i].ar_seq,
                            action->ac_refs[i].ar_row);
        json_array_append_new(evidence, json_string(ref));
    }
    json_object_set_new(body, "action", json_string(action->ac_action));
    json_object_set_new(body, "rule", json_string(action->ac_rule));
    json_object_set_new(body, "player", json_string(action->ac_player));
    json_object_set_new(body, "team",
                        json_string(plan_team(plan, action->ac_team)->pt_id));
    json_object_set_new(body, "object", json_string(action->ac_object));
    json_object_set_new(body, "text", json_string(en));
    json_object_set_new(body, "text_zh", json_string(zh));
    json_object_set_new(body, "at", json_integer(action->ac_at_us));
    json_object_set_new(body, "t_us", json_integer(action->ac_t_us));
    json_object_set_new(body, "rows_seen", json_integer(action->ac_rows));
    json_object_set_new(body, "evidence", evidence);
    if (action->ac_inject >= 0) {
        json_object_set_new(body, "inject",
                            json_string(plan_inject(plan, action->ac_inject)->in_id));
        json_object_set_new(body, "about",
                            json_string(action->ac_named ? "object" : "window"));
    }
    return body;
}
