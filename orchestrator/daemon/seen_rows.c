#include "orchestrator/daemon/seen_rows.h"

#include "orchestrator/daemon/players.h"

#include <string.h>

#define SECRET_MIN 6 /* bytes: what is shorter stands in too much else */
#define STARS "***"

typedef struct {
    gint64 ba_seq;
    guint ba_from, ba_count;
} Batch;

struct SeenRows {
    Daemon *sr_daemon;
    GArray *sr_rows;        /* JournalObservation; texts are in sr_texts */
    GArray *sr_bounded;     /* of gboolean, in step */
    GStringChunk *sr_texts; /* of sr_rows */
    GArray *sr_batches;     /* Batch: where sr_rows went; empty: they wait */
    GHashTable *sr_players; /* pseudonym to its team's index plus 1 */
    GPtrArray *sr_secrets;  /* char *: what no event may hold */
};

/* ---- what is known beforehand ---- */

static void add_secret(GPtrArray *secrets, const char *value)
{
    if (value && strlen(value) >= SECRET_MIN &&
        !g_ptr_array_find_with_equal_func(secrets, value, g_str_equal, NULL))
        g_ptr_array_add(secrets, g_strdup(value));
}

static int longer_first(gconstpointer a, gconstpointer b)
{
    gsize la = strlen(*(const char *const *)a), lb = strlen(*(const char *const *)b);

    return la > lb ? -1 : la < lb;
}

static GPtrArray *secrets_of(const Plan *plan)
{
    GPtrArray *secrets = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < plan->p_secrets->len; i++) {
        const PlanSecret *secret = plan->p_secrets->pdata[i];
        if (secret->se_kind == SECRET_PASSWORD || secret->se_kind == SECRET_TEXT)
            add_secret(secrets, secret->se_value);
    }
    for (guint i = 0; i < plan->p_flags->len; i++)
        add_secret(secrets, ((const PlanFlag *)plan->p_flags->pdata[i])->fl_value);
    for (guint h = 0; h < plan->p_hosts->len; h++) {
        const GPtrArray *users = plan_host(plan, (int)h)->ph_users;
        for (guint u = 0; u < users->len; u++)
            add_secret(secrets, ((const PlanUser *)users->pdata[u])->pu_password);
    }
    g_ptr_array_sort(secrets, longer_first); /* one may begin with another */
    return secrets;
}

static GHashTable *players_of(const Plan *plan)
{
    GHashTable *players = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint t = 0; t < plan->p_teams->len; t++) {
        const PlanTeam *team = plan_team(plan, (int)t);
        for (guint m = 0; m < team->pt_members->len; m++) {
            const PlanMember *member = team->pt_members->pdata[m];
            g_hash_table_insert(players,
                                g_strconcat(team->pt_id, "/", member->pm_name, NULL),
                                GINT_TO_POINTER((int)t + 1));
        }
    }
    return players;
}

SeenRows *seen_rows_new(Daemon *d)
{
    SeenRows *rows = g_new0(SeenRows, 1);

    rows->sr_daemon = d;
    rows->sr_rows = g_array_new(FALSE, FALSE, sizeof(JournalObservation));
    rows->sr_bounded = g_array_new(FALSE, FALSE, sizeof(gboolean));
    rows->sr_texts = g_string_chunk_new(65536);
    rows->sr_batches = g_array_new(FALSE, FALSE, sizeof(Batch));
    rows->sr_players = players_of(d->dm_plan);
    rows->sr_secrets = secrets_of(d->dm_plan);
    return rows;
}

void seen_rows_free(SeenRows *rows)
{
    if (!rows)
        return;
    g_array_unref(rows->sr_rows);
    g_array_unref(rows->sr_bounded);
    g_string_chunk_free(rows->sr_texts);
    g_array_unref(rows->sr_batches);
    g_hash_table_unref(rows->sr_players);
    g_ptr_array_unref(rows->sr_secrets);
    g_free(rows);
}

/* ---- rows ---- */

/* The hub and the link have bounded it; the journal ends the daemon over what is longer
 * than its own bound, so it is made sure of here. */
static const char *keep(SeenRows *rows, const struct hub_row *row, int which)
{
    gsize len = MIN(row->seen.len[which], JOURNAL_OBSERVATION_TEXT_MAX);

    while (len < row->seen.len[which] && len > 0 &&
           ((guchar)row->text[which][len] & 0xc0) == 0x80)
        len--;
    return len ? g_string_chunk_insert_len(rows->sr_texts, row->text[which], (gssize)len)
               : "";
}

/* Arguments with the scenario's secrets out of them. */
static const char *keep_args(SeenRows *rows, const struct hub_row *row)
{
    const char *args = keep(rows, row, HUB_SEEN_ARGS);

    for (guint i = 0; i < rows->sr_secrets->len; i++) {
        const char *secret = rows->sr_secrets->pdata[i];
        if (!strstr(args, secret))
            continue;
        g_auto(GStrv) parts = g_strsplit(args, secret, -1);
        g_autofree char *masked = g_strjoinv(STARS, parts);
        args = g_string_chunk_insert(rows->sr_texts, masked);
    }
    return args;
}

/* A guest's word counts for its own team's players only. */
static const char *keep_player(SeenRows *rows, int host, const struct hub_row *row)
{
    const PlanHost *plan = plan_host(rows->sr_daemon->dm_plan, host);
    const char *player = keep(rows, row, HUB_SEEN_PLAYER);
    int team = GPOINTER_TO_INT(g_hash_table_lookup(rows->sr_players, player)) - 1;

    return team == plan->ph_team ? player : "";
}

static void clear(SeenRows *rows)
{
    g_array_set_size(rows->sr_rows, 0);
    g_array_set_size(rows->sr_bounded, 0);
    g_array_set_size(rows->sr_batches, 0);
    g_string_chunk_clear(rows->sr_texts);
}

void seen_rows_add(SeenRows *rows, int host, const struct hub_row *row, gint64 t_us,
                   gboolean bounded)
{
    const struct hub_seen *seen = &row->seen;

    if (rows->sr_batches->len) /* a barrier came between: these are committed */
        clear(rows);
    /* Numbers of what, act and origin are the wire's on both sides of the journal. */
    JournalObservation kept = {
        .ob_host = host,
        .ob_n = MIN(row->n, (guint64)G_MAXINT64),
        .ob_t_us = t_us,
        .ob_what = seen->what,
        .ob_act = seen->act,
        .ob_origin = seen->origin,
        .ob_pid = seen->pid,
        .ob_ppid = seen->ppid,
        .ob_exit = seen->exit,
        .ob_uid = seen->uid,
        .ob_auid = seen->auid,
        .ob_act_id = MIN(seen->act_id, (guint64)G_MAXINT64),
        .ob_exe = keep(rows, row, HUB_SEEN_EXE),
        .ob_args = keep_args(rows, row),
        .ob_cwd = keep(rows, row, HUB_SEEN_CWD),
        .ob_path = keep(rows, row, HUB_SEEN_PATH),
        .ob_to = keep(rows, row, HUB_SEEN_TO),
        .ob_player = keep_player(rows, host, row),
    };
    g_array_append_val(rows->sr_rows, kept);
    g_array_append_val(rows->sr_bounded, bounded);
}

/* ---- batches ---- */

/* {hosts, counts, bounded}: whose rows these are, how many of each, and which bear
 * another time than the guest's. */
static json_t *batch_body(SeenRows *rows, guint from, guint count)
{
    const Plan *plan = rows->sr_daemon->dm_plan;
    g_autofree guint *of = g_new0(guint, plan->p_hosts->len + 1);
    json_t *hosts = json_array(), *counts = json_array(), *bounded = json_array();
    json_t *body = json_pack("{s:o, s:o}", "hosts", hosts, "counts", counts);

    for (guint i = 0; i < count; i++) {
        of[g_array_index(rows->sr_rows, JournalObservation, from + i).ob_host]++;
        if (g_array_index(rows->sr_bounded, gboolean, from + i))
            json_array_append_new(bounded, json_integer(i));
    }
    for (guint h = 0; h < plan->p_hosts->len; h++) {
        if (!of[h])
            continue;
        json_array_append_new(hosts, json_string(plan_host(plan, (int)h)->ph_id));
        json_array_append_new(counts, json_integer(of[h]));
    }
    if (json_array_size(bounded))
        json_object_set(body, "bounded", bounded);
    json_decref(bounded);
    return body;
}

void seen_rows_flush(SeenRows *rows)
{
    if (rows->sr_batches->len)
        return;
    for (guint at = 0; at < rows->sr_rows->len;) {
        guint count = MIN(rows->sr_rows->len - at, JOURNAL_OBSERVATIONS_MAX);
        Batch batch = {0, at, count};
        batch.ba_seq = daemon_event_observations(
            rows->sr_daemon, batch_body(rows, at, count),
            &g_array_index(rows->sr_rows, JournalObservation, at), count);
        g_array_append_val(rows->sr_batches, batch);
        at += count;
    }
}

gboolean seen_rows_each(SeenRows *rows, gint64 seq, JournalEachObservation fn,
                        gpointer data, GError **error)
{
    for (guint b = 0; b < rows->sr_batches->len; b++) {
        const Batch *batch = &g_array_index(rows->sr_batches, Batch, b);
        if (batch->ba_seq != seq)
            continue;
        for (guint i = 0; i < batch->ba_count; i++)
            if (!fn(seq, i,
                    &g_array_index(rows->sr_rows, JournalObservation, batch->ba_from + i),
                    data))
                break;
        return TRUE;
    }
    return journal_each_observation(rows->sr_daemon->dm_journal, seq, fn, data, error);
}
