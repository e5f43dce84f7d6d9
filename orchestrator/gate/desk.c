#include "orchestrator/gate/desk.h"

#include "orchestrator/gate/desk_reset.h"
#include "orchestrator/gate/relay.h"
#include "orchestrator/gate/say.h"
#include "scenarios/base/duration.h"
#include "scenarios/base/text.h"
#include "scoreboard/view.h"

#include <string.h>

#define EVENTS_SHOWN 25
#define ATTACHMENT_MAX ((gint64)1024 * 1024) /* as the language has it */
#define WORDS_MAX 4
#define MINUTE_US (60 * G_USEC_PER_SEC)

typedef struct {
    Visit *visit;
    char *word[WORDS_MAX]; /* the command and its first arguments */
    int n;
    const char *rest; /* of the line, after the last word that was cut off */
} Args;

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static gint64 int_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *tr(const Args *args, const char *english)
{
    return say(args->visit->vi_lang, english);
}

static void print_column(Visit *visit, const char *text, int columns)
{
    g_autofree char *safe = parry_text_safe(text, -1);
    g_autofree char *fit = parry_text_fit(safe, columns);

    visit_print(visit, fit);
}

/* ---- looking ---- */

static void print_hosts(Visit *visit, const json_t *hosts)
{
    static const struct {
        const char *title, *key;
        int columns;
    } columns[] = {
        {"name", "name", 16},
        {"address", "ip", 17},
        {"state", "state", 16},
        {"owner", "owner", 8},
    };
    const json_t *host;
    size_t i;

    for (gsize c = 0; c < G_N_ELEMENTS(columns); c++)
        print_column(visit, say(visit->vi_lang, columns[c].title), columns[c].columns);
    visit_print(visit, "\n");
    json_array_foreach (hosts, i, host) {
        for (gsize c = 0; c < G_N_ELEMENTS(columns); c++)
            print_column(visit, text_of(host, columns[c].key), columns[c].columns);
        visit_print(visit, "\n");
    }
}

static DeskResult do_hosts(Args *args)
{
    json_t *hosts = visit_call(args->visit, "hosts", NULL);

    if (!hosts)
        return DESK_FAILED;
    print_hosts(args->visit, hosts);
    json_decref(hosts);
    return DESK_DONE;
}

static json_t *get_board(Visit *visit)
{
    return visit_call(visit, "board", json_pack("{s:s}", "lang", visit->vi_lang));
}

static const json_t *own_standing(const Visit *visit, const json_t *board)
{
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(board, "standings"), i, row) {
        if (!strcmp(text_of(row, "team"), visit->vi_team))
            return row;
    }
    return NULL;
}

static void print_points(Visit *visit, const char *label, gint64 milli)
{
    g_autofree char *safe = parry_text_safe(label, -1);
    g_autofree char *fit = parry_text_fit(safe, 16);

    visit_printf(visit, "%s%6" G_GINT64_FORMAT ".%" G_GINT64_FORMAT "\n", fit,
                 milli / 1000, ABS(milli % 1000) / 100);
}

static DeskResult do_score(Args *args)
{
    Visit *visit = args->visit;
    json_t *board = get_board(visit);
    const json_t *own = board ? own_standing(visit, board) : NULL;

    if (!board)
        return DESK_FAILED;
    if (!own) {
        visit_printf(visit, "%s\n", tr(args, "Your team has no score of its own."));
    } else if (!strcmp(text_of(own, "side"), "red")) {
        print_points(visit, tr(args, "Taken"), int_of(own, "taken"));
    } else {
        print_points(visit, tr(args, "Score"), int_of(own, "total"));
        print_points(visit, tr(args, "Protection"), int_of(own, "protection"));
        print_points(visit, tr(args, "Availability"), int_of(own, "availability"));
        print_points(visit, tr(args, "Injects"), int_of(own, "injects"));
        if (int_of(own, "resets"))
            print_points(visit, tr(args, "Resets"), -int_of(own, "resets"));
        g_autofree char *rank = parry_text_fit(tr(args, "Rank"), 16);
        visit_printf(visit, "%s%6d\n", rank, (int)int_of(own, "rank"));
    }
    json_decref(board);
    return DESK_DONE;
}

static DeskResult do_board(Args *args)
{
    Visit *visit = args->visit;
    json_t *board = get_board(visit);

    if (!board)
        return DESK_FAILED;
    g_autofree char *text = view_board_text(board, visit->vi_pty ? visit->vi_cols : 100,
                                            visit->vi_pty, visit->vi_lang);
    visit_print(visit, text);
    json_decref(board);
    return DESK_DONE;
}

static DeskResult do_events(Args *args)
{
    json_t *answer =
        visit_call(args->visit, "events",
                   json_pack("{s:i, s:i, s:s}", "after", 0, "limit", EVENTS_SHOWN * 8,
                             "lang", args->visit->vi_lang));
    const json_t *events = json_object_get(answer, "events");
    size_t total = json_array_size(events), shown = 0, from = total;

    if (!answer)
        return DESK_FAILED;
    /* The newest that have words for people. */
    for (; from > 0 && shown < EVENTS_SHOWN; from--)
        shown += *text_of(json_array_get(events, from - 1), "text") != '\0';
    for (; from < total; from++)
        if (*text_of(json_array_get(events, from), "text"))
            visit_print_safe(args->visit, text_of(json_array_get(events, from), "text"));
    if (!shown)
        visit_printf(args->visit, "%s\n", tr(args, "Nothing yet."));
    json_decref(answer);
    return DESK_DONE;
}

/* "    phone, from Help desk", and what came with it. */
static void print_origin(Args *args, const json_t *message)
{
    Visit *visit = args->visit;
    const char *sender = text_of(message, "sender");
    const json_t *attachments = json_object_get(message, "attachments"), *one;
    size_t i;

    if (*text_of(message, "channel")) {
        visit_printf(visit, "    %s%s", tr(args, text_of(message, "channel")),
                     *sender ? ": " : "");
        visit_print_safe(visit, sender);
    }
    json_array_foreach (attachments, i, one) {
        g_autofree char *name = parry_text_safe(text_of(one, "name"), -1);
        visit_printf(visit, "    [open %s %s: %" G_GINT64_FORMAT " B]\n",
                     text_of(message, "inject"), name, int_of(one, "size"));
    }
}

static void print_message(Args *args, const json_t *message)
{
    Visit *visit = args->visit;
    g_autofree char *clock = duration_clock(int_of(message, "at_us"));
    g_auto(GStrv) lines = g_strsplit(text_of(message, "body"), "\n", 200);
    gint64 within = int_of(message, "within_us");

    visit_printf(visit, "%s  ", clock);
    print_column(visit, text_of(message, "inject"), 16);
    visit_print_safe(visit, text_of(message, "subject"));
    print_origin(args, message);
    for (char **line = lines; *line; line++) {
        visit_print(visit, "    ");
        visit_print_safe(visit, *line);
    }
    if (json_is_true(json_object_get(message, "answered"))) {
        visit_printf(visit, "    [%s]\n", tr(args, "answered"));
    } else if (within > 0) {
        g_autofree char *limit = duration_text(within);
        visit_printf(visit, "    [%s %s: answer %s TEXT]\n", tr(args, "answer within"),
                     limit, text_of(message, "inject"));
    }
}

static DeskResult do_inbox(Args *args)
{
    json_t *messages = visit_call(args->visit, "inbox",
                                  json_pack("{s:s}", "lang", args->visit->vi_lang));
    const json_t *message;
    size_t i;

    if (!messages)
        return DESK_FAILED;
    json_array_foreach (messages, i, message) {
        print_message(args, message);
    }
    if (!json_array_size(messages))
        visit_printf(args->visit, "%s\n", tr(args, "No messages."));
    json_decref(messages);
    return DESK_DONE;
}

/* On a terminal only what is text, line by line and made safe; else the bytes. */
static DeskResult show_bytes(Args *args, const GByteArray *bytes)
{
    g_autofree char *text = g_strndup((const char *)bytes->data, bytes->len);
    g_auto(GStrv) lines = NULL;

    if (!args->visit->vi_pty) {
        visit_write(args->visit, bytes->data, bytes->len);
        return DESK_DONE;
    }
    if (strlen(text) != bytes->len || !g_utf8_validate(text, -1, NULL)) {
        visit_printf(args->visit, "%s\n",
                     tr(args, "This is no text: fetch it by `ssh … open MESSAGE FILE "
                              ">FILE`."));
        return DESK_FAILED;
    }
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        visit_print_safe(args->visit, *line);
    return DESK_DONE;
}

static DeskResult do_open(Args *args)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    gint64 size = 0;

    do {
        json_t *piece =
            visit_call(args->visit, "attachment",
                       json_pack("{s:s, s:s, s:I}", "inject", args->word[1], "name",
                                 args->rest, "offset", (json_int_t)bytes->len));
        gsize len = 0;
        if (!piece)
            return DESK_FAILED;
        g_autofree guchar *data = g_base64_decode(text_of(piece, "data_b64"), &len);
        size = int_of(piece, "size");
        json_decref(piece);
        if (!len)
            break;
        g_byte_array_append(bytes, data, (guint)len);
    } while ((gint64)bytes->len < MIN(size, ATTACHMENT_MAX));
    return show_bytes(args, bytes);
}

/* ---- acting ---- */

/* "18:04", "18:04:11": hours of the drill clock may run past 24. */
static gboolean parse_clock(const char *text, gint64 *us)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 4);
    guint n = g_strv_length(parts);
    gint64 total = 0;

    if (n < 2 || n > 3)
        return FALSE;
    for (guint i = 0; i < 3; i++) {
        guint64 value = 0;
        if (i < n &&
            !g_ascii_string_to_unsigned(parts[i], 10, 0, i ? 59 : 9999, &value, NULL))
            return FALSE;
        total = total * 60 + (gint64)value;
    }
    *us = total * G_USEC_PER_SEC;
    return TRUE;
}

/* The drill time that the player means: now, so long ago, or at that time. */
static gboolean parse_time(Args *args, const char *text, gint64 *us)
{
    gint64 ago = 0;

    if (parse_clock(text, us))
        return TRUE;
    if (*text == '-')
        text++;
    if (strcmp(text, "now") != 0 && !duration_parse(text, &ago, NULL))
        return FALSE;
    json_t *board = get_board(args->visit);
    if (!board)
        return FALSE;
    *us = MAX(0, int_of(board, "clock") - ago);
    json_decref(board);
    return TRUE;
}

static DeskResult print_number(Args *args, const char *words, json_t *answer)
{
    if (!answer)
        return DESK_FAILED;
    visit_printf(args->visit, "%s %" G_GINT64_FORMAT "\n", tr(args, words),
                 int_of(answer, "seq"));
    json_decref(answer);
    return DESK_DONE;
}

static DeskResult usage(Args *args, const char *how)
{
    visit_printf(args->visit, "%s %s\n", tr(args, "Usage:"), how);
    return DESK_FAILED;
}

static DeskResult do_report(Args *args)
{
    gint64 about;

    if (!parse_time(args, args->word[2], &about))
        return usage(args, "report HOST now|10m|18:04 INDICATOR [TEXT]");
    json_t *params = json_pack("{s:s, s:I, s:s}", "host", args->word[1], "about_us",
                               (json_int_t)about, "indicator", args->word[3]);
    if (*args->rest)
        json_object_set_new(params, "text", json_string(args->rest));
    return print_number(args, "Reported, number",
                        visit_call(args->visit, "report", params));
}

static DeskResult do_answer(Args *args)
{
    json_t *params = json_pack("{s:s, s:s}", "inject", args->word[1], "text", args->rest);

    return print_number(args, "Answered, number",
                        visit_call(args->visit, "answer", params));
}

static DeskResult do_shell(Args *args)
{
    return relay_open(args->visit, "terminal.open", args->word[1]) ? DESK_SHELL
                                                                   : DESK_FAILED;
}

static DeskResult do_console(Args *args)
{
    return relay_open(args->visit, "console.open", args->word[1]) ? DESK_SHELL
                                                                  : DESK_FAILED;
}

static DeskResult do_reset(Args *args)
{
    return desk_reset(args->visit, args->word[1], args->rest);
}

static DeskResult do_resets(Args *args)
{
    return desk_resets(args->visit);
}

static DeskResult do_quit(Args *args G_GNUC_UNUSED)
{
    return DESK_QUIT;
}

static DeskResult do_help(Args *args);

/* ---- the table ---- */

static const struct {
    const char *name, *args, *help;
    int words;     /* cut off the line, the command's own included */
    gboolean rest; /* something must follow them */
    DeskResult (*run)(Args *args);
} commands[] = {
    {"help", "", "this list", 1, FALSE, do_help},
    {"hosts", "", "hosts of your estate and how they are", 1, FALSE, do_hosts},
    {"score", "", "your team's score and its parts", 1, FALSE, do_score},
    {"board", "", "the scoreboard", 1, FALSE, do_board},
    {"events", "", "what happened lately", 1, FALSE, do_events},
    {"inbox", "", "messages to your team", 1, FALSE, do_inbox},
    {"open", "MESSAGE FILE", "what came with a message", 2, TRUE, do_open},
    {"report", "HOST TIME INDICATOR [TEXT]",
     "report an incident: TIME is now, 10m (ago) or 18:04 on the drill clock", 4, FALSE,
     do_report},
    {"answer", "MESSAGE TEXT", "answer a message", 2, TRUE, do_answer},
    {"shell", "HOST", "a shell on one of your hosts; Ctrl-] leaves it", 2, FALSE,
     do_shell},
    {"console", "HOST", "the serial console of one of your hosts; Ctrl-] leaves it", 2,
     FALSE, do_console},
    {"reset", "HOST [REASON]", "ask to have one of your hosts put back as it was", 2,
     FALSE, do_reset},
    {"resets", "", "resets that are left to you, and what became of those asked for", 1,
     FALSE, do_resets},
    {"quit", "", "leave", 1, FALSE, do_quit},
};

static DeskResult do_help(Args *args)
{
    visit_printf(args->visit, "%s\n", tr(args, "What can be done here:"));
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *how =
            g_strdup_printf("%s %s", commands[i].name, commands[i].args);
        g_autofree char *fit = parry_text_fit(how, 34);
        visit_printf(args->visit, "  %s%s\n", fit, tr(args, commands[i].help));
    }
    return DESK_DONE;
}

/* Cuts up to `words` words off the line; quotes have no meaning here. */
static void cut_words(Args *args, const char *line, int words)
{
    while (args->n < words) {
        line += strspn(line, " ");
        gsize len = strcspn(line, " ");
        if (!len)
            break;
        args->word[args->n++] = g_strndup(line, len);
        line += len;
    }
    args->rest = line + strspn(line, " ");
}

static DeskResult run_command(gsize which, Args *args, const char *line)
{
    g_autofree char *how =
        g_strdup_printf("%s %s", commands[which].name, commands[which].args);

    cut_words(args, line, commands[which].words);
    if (args->n < commands[which].words || (commands[which].rest && !*args->rest))
        return usage(args, how);
    return commands[which].run(args);
}

DeskResult desk_run(Visit *visit, const char *line)
{
    Args args = {.visit = visit};
    DeskResult result = DESK_FAILED;
    const char *start = line + strspn(line, " ");
    gsize len = strcspn(start, " "), i;

    if (desk_reset_asks(visit))
        return desk_reset_answer(visit, line);
    if (!len)
        return DESK_DONE;
    for (i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strlen(commands[i].name) == len && !strncmp(commands[i].name, start, len))
            break;
    if (i < G_N_ELEMENTS(commands)) {
        result = run_command(i, &args, start);
    } else {
        g_autofree char *word = g_strndup(start, len);
        visit_printf(visit, "%s ",
                     say(visit->vi_lang, "Unknown command; `help` lists them:"));
        visit_print_safe(visit, word);
    }
    for (int n = 0; n < args.n; n++)
        g_free(args.word[n]);
    return result;
}

/* ---- around the prompt ---- */

void desk_welcome(Visit *visit)
{
    Args args = {.visit = visit};
    json_t *board = get_board(visit);

    visit_print_safe(visit, visit->vi_drill);
    if (board) {
        g_autofree char *now = duration_clock(int_of(board, "clock"));
        g_autofree char *all = duration_clock(int_of(board, "duration_us"));
        visit_printf(visit, "%s  %s / %s\n", tr(&args, text_of(board, "state")), now,
                     all);
        json_decref(board);
    }
    visit_print(visit, "\n");
    visit_print_safe(visit, visit->vi_title);
    do_score(&args);
    visit_printf(visit, "\n%s\n", tr(&args, "Your hosts"));
    do_hosts(&args);
    visit_printf(visit, "\n%s\n", tr(&args, "Type `help` for what can be done here."));
}

void desk_prompt(Visit *visit)
{
    g_autofree char *team = parry_text_safe(visit->vi_team, -1);

    if (visit->vi_pty)
        visit_printf(visit, "%s> ", team);
}

void desk_event(Visit *visit, const json_t *event)
{
    const char *kind = text_of(event, "kind");

    static const char *const told[] = {"message.sent/", "drill.state/", "reset.decided/",
                                       "reset.waived/", "reset.done/"};
    gboolean tells = FALSE;

    for (gsize i = 0; i < G_N_ELEMENTS(told); i++)
        tells = tells || g_str_has_prefix(kind, told[i]);
    if (!visit->vi_pty || !*text_of(event, "text") || !tells)
        return;
    visit_print(visit, "\n* ");
    if (g_str_has_prefix(kind, "reset.")) {
        g_autofree char *host = parry_text_safe(text_of(event, "host"), -1);
        visit_printf(visit, "%s: ", host);
    }
    visit_print_safe(visit, text_of(event, "text"));
    desk_prompt(visit);
    visit_print(visit, lineedit_line(visit->vi_edit));
}
