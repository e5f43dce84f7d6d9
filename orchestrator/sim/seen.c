#include "orchestrator/sim/seen.h"

#include "orchestrator/daemon/players.h"
#include "scoreboard/kinds.h"

#include <string.h>

#define FIRST_PID 1000

typedef struct {
    const SeenContext *se_context;
    char *se_player;
    gint64 se_uid;
    GByteArray *se_rows, *se_texts;
    guint se_count;
} Seen;

/* ---- commands of a script ---- */

/* No program: the shell's own words. */
static gboolean is_shells(const char *word)
{
    static const char *const words[] = {"if",   "then", "else", "elif",   "fi",  "for",
                                        "do",   "done", "case", "esac",   "cd",  "exit",
                                        "{",    "}",    "[",    "export", "set", "while",
                                        "true", "!",    ":",    NULL};

    return g_strv_contains(words, word) || strchr(word, '=') != NULL ||
           strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789/._-") != strlen(word);
}

/* Calls fn for each simple command: what stands between ends of lines, ; & and | outside
 * quotes. */
static void each_command(const char *script, void (*fn)(Seen *seen, const char *command),
                         Seen *seen)
{
    g_autoptr(GString) command = g_string_new(NULL);
    char quote = '\0';

    for (const char *at = script;; at++) {
        if (*at && (quote || !strchr("\n;&|", *at))) {
            quote = quote ? (*at == quote ? '\0' : quote)
                          : (*at == '\'' || *at == '"' ? *at : '\0');
            g_string_append_c(command, *at);
            continue;
        }
        fn(seen, g_strstrip(command->str));
        g_string_truncate(command, 0);
        if (!*at)
            return;
    }
}

/* ---- rows ---- */

static void add_row(Seen *seen, struct hub_seen row,
                    const char *const texts[HUB_SEEN_TEXTS])
{
    const SeenContext *context = seen->se_context;

    if (seen->se_count == SEEN_ROWS_MAX)
        return;
    row.t_us = context->sn_t_us;
    row.act_id = context->sn_act;
    row.uid = 0;
    row.auid = seen->se_uid;
    row.pid = FIRST_PID + (int32_t)(*context->sn_n + seen->se_count);
    row.ppid = -1;
    row.exit = -1;
    row.origin = SEEN_BY_PLAYER;
    for (int i = 0; i < HUB_SEEN_TEXTS; i++) {
        gsize len = texts[i] ? MIN(strlen(texts[i]), 512) : 0;
        row.len[i] = (uint16_t)len;
        g_byte_array_append(seen->se_texts, (const guint8 *)texts[i], (guint)len);
    }
    g_byte_array_append(seen->se_rows, (const guint8 *)&row, sizeof(row));
    seen->se_count++;
}

static void add_file(Seen *seen, uint8_t act, const char *path)
{
    struct hub_seen row = {.what = SEEN_FILE, .act = act};
    const char *texts[HUB_SEEN_TEXTS] = {
        [HUB_SEEN_PATH] = path, [HUB_SEEN_PLAYER] = seen->se_player};

    if (*path == '/')
        add_row(seen, row, texts);
}

static void add_service(Seen *seen, uint8_t act, const char *name)
{
    struct hub_seen row = {.what = SEEN_SERVICE, .act = act};
    const char *texts[HUB_SEEN_TEXTS] = {
        [HUB_SEEN_PATH] = name, [HUB_SEEN_PLAYER] = seen->se_player};

    add_row(seen, row, texts);
}

static void add_exec(Seen *seen, const char *word, const char *command)
{
    struct hub_seen row = {.what = SEEN_EXEC, .act = SEEN_STARTED};
    g_autofree char *exe =
        *word == '/' ? g_strdup(word) : g_strconcat("/usr/bin/", word, NULL);
    const char *texts[HUB_SEEN_TEXTS] = {[HUB_SEEN_EXE] = exe,
                                         [HUB_SEEN_ARGS] = command,
                                         [HUB_SEEN_CWD] = "/root",
                                         [HUB_SEEN_PLAYER] = seen->se_player};

    add_row(seen, row, texts);
}

/* What follows of a command whose effect is plain. */
static void add_effect(Seen *seen, char **words, guint n)
{
    const char *last = words[n - 1];

    if (strcmp(words[0], "rm") == 0) {
        for (guint i = 1; i < n; i++)
            add_file(seen, SEEN_DELETED, words[i]);
    } else if (strcmp(words[0], "cp") == 0 || strcmp(words[0], "mv") == 0) {
        add_file(seen, SEEN_CHANGED, last);
    } else if (strcmp(words[0], "sed") == 0 && n > 2 && strcmp(words[1], "-i") == 0) {
        add_file(seen, SEEN_CHANGED, last);
    } else if (strcmp(words[0], "systemctl") == 0 && n > 2) {
        if (strcmp(words[1], "restart") == 0 || strcmp(words[1], "stop") == 0)
            add_service(seen, SEEN_STOPPED, last);
        if (strcmp(words[1], "restart") == 0 || strcmp(words[1], "start") == 0)
            add_service(seen, SEEN_STARTED, last);
    }
}

static void on_command(Seen *seen, const char *command)
{
    g_autofree char *clean = g_strdup(command);
    g_auto(GStrv) words = NULL;
    g_autoptr(GPtrArray) kept = g_ptr_array_new();

    g_strdelimit(clean, "\t\r", ' ');
    words = g_strsplit(clean, " ", -1);
    for (char **word = words; *word; word++)
        if (**word)
            g_ptr_array_add(kept, *word);
    if (!kept->len || is_shells(kept->pdata[0]))
        return;
    add_exec(seen, kept->pdata[0], clean);
    add_effect(seen, (char **)kept->pdata, kept->len);
}

GByteArray *seen_of_script(const SeenContext *context, const char *script,
                           struct hub_obs *obs)
{
    const PlanHost *host = plan_host(context->sn_plan, context->sn_host);
    const PlanTeam *team = plan_team(context->sn_plan, host->ph_team);
    Seen seen = {.se_context = context};

    if (!team->pt_members->len)
        return NULL;
    const PlanMember *first = team->pt_members->pdata[0];
    seen.se_player = g_strconcat(team->pt_id, "/", first->pm_name, NULL);
    seen.se_uid = players_login_uid(context->sn_plan, seen.se_player);
    seen.se_rows = g_byte_array_new();
    seen.se_texts = g_byte_array_new();
    each_command(script, on_command, &seen);
    *obs = (struct hub_obs){.n = *context->sn_n + 1, .count = seen.se_count};
    *context->sn_n += seen.se_count;
    g_byte_array_append(seen.se_rows, seen.se_texts->data, seen.se_texts->len);
    g_byte_array_unref(seen.se_texts);
    g_free(seen.se_player);
    if (seen.se_count)
        return seen.se_rows;
    g_byte_array_unref(seen.se_rows);
    return NULL;
}
