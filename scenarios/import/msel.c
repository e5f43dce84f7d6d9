/* A list of injects (MSEL) as CSV: each row becomes a message. */
#include "scenarios/import/work.h"

#include "scenarios/base/duration.h"
#include "scenarios/moment.h"

#include <string.h>

#define DAY_US (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)
#define HOUR_US (DAY_US / 24)

typedef enum {
    COL_NUMBER,
    COL_TIME,
    COL_FROM,
    COL_TO,
    COL_MEDIUM,
    COL_TITLE,
    COL_BODY,
    COL_ACTION,
    COL_OBJECTIVE,
    COL_CONTROLLER,
    COLUMNS,
} Column;

/* What people head the columns with; blanks, hyphens and capitals do not matter. */
static const char *const headings[COLUMNS] = {
    [COL_NUMBER] = " number no nr # id serial inject injectnumber injectno injectid "
                   "mselnumber mselno mselid eventnumber eventno eventid ",
    [COL_TIME] = " time at when start starttime scheduledtime plannedtime injecttime "
                 "elapsed elapsedtime datetime dtg ",
    [COL_FROM] = " from sender originator source simulatedsender ",
    [COL_TO] =
        " to recipient recipients receiver receivers addressee addressees audience "
        "targetaudience team teams player players ",
    [COL_MEDIUM] = " medium method channel means mode delivery deliverymethod "
                   "deliverymeans injectmethod ",
    [COL_TITLE] = " title subject event name headline summary injecttitle eventtitle ",
    [COL_BODY] = " description details message text body content injectdescription "
                 "eventdescription injecttext narrative ",
    [COL_ACTION] = " expectedaction expectedactions expectedplayeraction "
                   "expectedplayeractions expectedresponse expectedoutcome response ",
    [COL_OBJECTIVE] = " objective objectives trainingobjective trainingobjectives "
                      "exerciseobjective exerciseobjectives ",
    [COL_CONTROLLER] = " controller controllers responsible responsiblecontroller "
                       "facilitator owner ",
};

/* When a row is due, as it is written. */
typedef enum { TIME_NONE, TIME_ELAPSED, TIME_CLOCK, TIME_MOMENT } TimeKind;

typedef struct {
    const Node *cells[COLUMNS]; /* NULL where the row has none */
    const Node *node;
    TimeKind kind;
    gint64 us; /* elapsed, or the time of day */
    Moment moment;
    char *name; /* of its inject, once it is made */
} Row;

typedef struct {
    Import *import;
    GPtrArray *rows;       /* Row */
    GHashTable *names;     /* of injects */
    GHashTable *teams;     /* of teams */
    GHashTable *goals;     /* of objectives */
    GHashTable *by_title;  /* title of a team or objective to its name */
    gint64 start_us;       /* drill.start in UTC */
    gint64 clock_us, days; /* the last time of day, and the days before it */
} Msel;

static void row_free(gpointer data)
{
    Row *row = data;

    g_free(row->name);
    g_free(row);
}

static const char *cell(const Row *row, Column column)
{
    return node_text(row->cells[column]);
}

/* --- columns --- */

static Column column_of(const char *heading)
{
    g_autoptr(GString) plain = g_string_new(" ");

    /* "Time (UTC)" is a time. */
    for (const char *p = heading; *p && *p != '(' && plain->len < 60; p++)
        if (g_ascii_isalnum(*p) || *p == '#')
            g_string_append_c(plain, g_ascii_tolower(*p));
    g_string_append_c(plain, ' ');
    for (int i = 0; i < COLUMNS && plain->len > 2; i++)
        if (strstr(headings[i], plain->str))
            return (Column)i;
    return COLUMNS;
}

/* --- times --- */

static gboolean take_digits(const char **at, int max, gint64 *out)
{
    int n = 0;

    for (*out = 0; g_ascii_isdigit((*at)[n]) && n < max; n++)
        *out = *out * 10 + ((*at)[n] - '0');
    *at += n;
    return n > 0;
}

/* "9:30", "09:30:15" or "0930" to the text's end. */
static gboolean parse_clock(const char *text, gint64 hours_max, gint64 *us)
{
    gint64 hour, minute, second = 0;

    if (strlen(text) == 4 && strspn(text, "0123456789") == 4) {
        hour = (text[0] - '0') * 10 + (text[1] - '0');
        minute = (text[2] - '0') * 10 + (text[3] - '0');
    } else {
        if (!take_digits(&text, 4, &hour) || *text++ != ':' ||
            !take_digits(&text, 2, &minute))
            return FALSE;
        if (*text == ':' && (text++, !take_digits(&text, 2, &second)))
            return FALSE;
        if (*text)
            return FALSE;
    }
    *us = (hour * 3600 + minute * 60 + second) * G_USEC_PER_SEC;
    return hour <= hours_max && minute < 60 && second < 60;
}

/* "1d 02:03:04", which `parry plan` shows, and "T+2:30", "H+3", "+90m". */
static gboolean parse_elapsed(const char *text, gint64 *us)
{
    const char *at = text;
    gboolean plus = FALSE;
    gint64 days, rest;

    if ((g_ascii_tolower(*at) == 't' || g_ascii_tolower(*at) == 'h') && at[1] == '+')
        at++;
    if (*at == '+') {
        at++;
        plus = TRUE;
    }
    at += strspn(at, " ");
    if (plus && parse_clock(at, 9999, us))
        return TRUE;
    if (plus && g_ascii_tolower(*text) == 'h' && strspn(at, "0123456789") == strlen(at) &&
        strlen(at) <= 4 && *at) {
        *us = g_ascii_strtoll(at, NULL, 10) * HOUR_US;
        return TRUE;
    }
    const char *day = at;
    if (take_digits(&day, 4, &days) && *day == 'd' && day[1] == ' ' &&
        parse_clock(day + 2, 23, &rest)) {
        *us = days * DAY_US + rest;
        return TRUE;
    }
    /* A bare number could be anything. */
    return strspn(at, "0123456789 ") != strlen(at) && import_duration(at, us);
}

static void parse_time(Row *row)
{
    const char *text = cell(row, COL_TIME);
    char *why = NULL;

    if (!text)
        return;
    if (parse_clock(text, 23, &row->us))
        row->kind = TIME_CLOCK;
    else if (parse_elapsed(text, &row->us))
        row->kind = TIME_ELAPSED;
    else if (moment_parse(text, &row->moment, &why) &&
             row->moment.mo_kind != MOMENT_ELAPSED)
        row->kind = TIME_MOMENT;
    g_free(why);
}

static gint64 utc_of(const Moment *moment)
{
    g_autoptr(GDateTime) time =
        g_date_time_new_utc(moment->mo_year, moment->mo_month, moment->mo_day,
                            moment->mo_hour, moment->mo_minute, moment->mo_second);

    return time ? g_date_time_to_unix(time) * G_USEC_PER_SEC : G_MAXINT64;
}

/* The drill starts at the full hour before the first row that has a time of day. */
static void find_start(Msel *msel)
{
    Import *import = msel->import;
    const char *given = import->im_options ? import->im_options->io_start : NULL;
    gint64 first = G_MAXINT64, clock = -1;
    Moment moment;

    moment_parse_date(given ? given : IMPORT_START, &moment);
    msel->start_us = utc_of(&moment);
    for (guint i = 0; i < msel->rows->len; i++) {
        const Row *row = msel->rows->pdata[i];
        if (row->kind == TIME_MOMENT && row->moment.mo_kind == MOMENT_DATE)
            first = MIN(first, utc_of(&row->moment));
        if (row->kind == TIME_CLOCK && clock < 0)
            clock = row->us;
    }
    if (!given && first != G_MAXINT64)
        msel->start_us = first - first % HOUR_US;
    else if (!given && clock >= 0)
        msel->start_us += clock - clock % HOUR_US - msel->start_us % DAY_US;
    if (given || (first == G_MAXINT64 && clock < 0))
        return;
    g_autoptr(GDateTime) start =
        g_date_time_new_from_unix_utc(msel->start_us / G_USEC_PER_SEC);
    g_autofree char *text = g_date_time_format(start, "%Y-%m-%dT%H:%M");
    json_object_set_new(import_at(import, "drill", NULL), "start", json_string(text));
    import_added(import, "drill.start", "the full hour before the first row%s",
                 first == G_MAXINT64 ? "; the day is made up" : "");
}

/* Elapsed time of a time of day: the next day where it is before the row above. */
static gint64 clock_elapsed(Msel *msel, gint64 clock)
{
    if (clock < msel->clock_us)
        msel->days++;
    msel->clock_us = clock;
    return msel->days * DAY_US + clock - msel->start_us % DAY_US;
}

static void put_time(Msel *msel, Row *row, json_t *inject)
{
    Import *import = msel->import;
    const Node *node = row->cells[COL_TIME];
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *to = g_strdup_printf("injects.%s.at", row->name);
    gint64 us = -1;

    if (row->kind == TIME_ELAPSED)
        us = row->us;
    else if (row->kind == TIME_CLOCK)
        us = clock_elapsed(msel, row->us);
    else if (row->kind == TIME_MOMENT &&
             !moment_elapsed(&row->moment, utc, msel->start_us, &us))
        us = -1;
    if (us < 0 || us > 10 * 365 * DAY_US) {
        json_object_set_new(inject, "manual", json_true());
        if (node && !g_ascii_strcasecmp(node->nd_text, "manual"))
            import_taken(import, node, "injects.%s.manual", row->name);
        else if (node)
            import_left(import, node,
                        row->kind == TIME_NONE
                            ? "no time such as 18h30m, 09:30 or a date: a "
                              "controller starts it"
                            : "before the drill's start: a controller "
                              "starts it");
        else
            import_added(import, import_to(import, "injects.%s", row->name),
                         "the row has no time: a controller starts it");
        return;
    }
    import_until(import, us);
    g_autofree char *elapsed = duration_text(us);
    gboolean as_is = row->kind == TIME_MOMENT || !strcmp(elapsed, node->nd_text);
    json_object_set_new(inject, "at",
                        json_string(row->kind == TIME_MOMENT ? node->nd_text : elapsed));
    if (as_is)
        import_taken(import, node, "%s", to);
    else
        import_changed(import, node, to, "elapsed from the start: %s", elapsed);
}

/* --- teams --- */

/* "Blue Team", "blue cell", "BLUE": the side. */
static const char *side_of(const char *text)
{
    static const char *const sides[] = {"red", "blue", "white", "green", "observer"};
    g_auto(GStrv) words = g_strsplit(text, " ", 3);
    g_autofree char *first = g_ascii_strdown(words[0] ? words[0] : "", -1);

    if (words[0] && words[1] && g_ascii_strcasecmp(words[1], "team") &&
        g_ascii_strcasecmp(words[1], "teams") && g_ascii_strcasecmp(words[1], "cell"))
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(sides); i++)
        if (!strcmp(first, sides[i]))
            return sides[i];
    return NULL;
}

/* The name of the team of that title, which is made where it is not there; NULL where
 * there are too many. */
static const char *team_of(Msel *msel, const char *title, gboolean *fresh)
{
    const char *side = side_of(title);
    g_autofree char *key = g_strconcat("team ", side ? side : title, NULL);
    const char *name = g_hash_table_lookup(msel->by_title, key);

    *fresh = !name;
    if (name || g_hash_table_size(msel->teams) >= IMPORT_TEAMS_MAX)
        return name;
    char *made = import_name(msel->teams, side ? side : title, IMPORT_TEAM_NAME);
    json_t *team = import_at(msel->import, "teams", made, NULL);
    json_object_set_new(team, "side", json_string(side ? side : "blue"));
    if (strcmp(made, title) != 0)
        json_object_set_new(team, "title", import_text(title));
    g_hash_table_insert(msel->by_title, g_steal_pointer(&key), made);
    return made;
}

/* Parts of a cell: "health, lands and water". */
static char **parts_of(const char *text)
{
    g_autoptr(GString) plain = g_string_new(NULL);

    for (const char *p = text; *p;) {
        gboolean word = !g_ascii_strncasecmp(p, " and ", 5);
        gboolean mark = strchr(",;/&+\n", *p) != NULL;
        g_string_append_c(plain, word || mark ? ',' : *p);
        p += word ? 5 : 1;
    }
    return g_strsplit(plain->str, ",", 64);
}

static gboolean has(const json_t *list, const char *text)
{
    for (gsize i = 0; i < json_array_size(list); i++)
        if (!strcmp(json_string_value(json_array_get(list, i)), text))
            return TRUE;
    return FALSE;
}

static gboolean means_all(const char *text)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);

    return !strcmp(lower, "all") || !strcmp(lower, "everyone") ||
           !strcmp(lower, "all teams") || !strcmp(lower, "all players");
}

/* Who gets what names nobody: blue, or where there are too many teams the first. */
static const char *spare_team(Msel *msel)
{
    json_t *teams = import_at(msel->import, "teams", NULL);
    gboolean fresh;
    const char *blue = team_of(msel, "blue", &fresh);

    return blue ? blue : json_object_iter_key(json_object_iter(teams));
}

/* Adds the teams of the row to the inject's. */
static void put_teams(Msel *msel, const Row *row, json_t *to)
{
    Import *import = msel->import;
    const char *text = cell(row, COL_TO);
    g_auto(GStrv) parts = parts_of(text ? text : "blue");
    gboolean as_is = text != NULL, fresh;
    g_autofree char *path = g_strdup_printf("injects.%s.message.to", row->name);

    for (char **part = parts; *part; part++) {
        g_strstrip(*part);
        if (!**part)
            continue;
        const char *team = team_of(msel, means_all(*part) ? "blue" : *part, &fresh);
        if (!team) {
            as_is = FALSE;
            import_left(import, row->cells[COL_TO], "more teams than are taken");
            continue;
        }
        as_is = as_is && !strcmp(team, text);
        if (!has(to, team))
            json_array_append_new(to, json_string(team));
        if (fresh && !text)
            import_added(import, import_to(import, "teams.%s", team),
                         "a row says not whom it is for: a blue team");
        else if (fresh)
            import_added(import, import_to(import, "teams.%s", team),
                         "the list names it; see whether its side is right");
    }
    if (!json_array_size(to))
        json_array_append_new(to, json_string(spare_team(msel)));
    if (as_is)
        import_taken(import, row->cells[COL_TO], "%s", path);
    else
        import_changed(import, row->cells[COL_TO], path, "names of teams");
}

/* --- other cells --- */

static const char *channel_of(const char *text)
{
    static const struct {
        const char *channel, *words;
    } known[] = {
        {"mail", " mail email "},
        {"phone", " phone telephone call phonecall "},
        {"radio", " radio "},
        {"chat", " chat im messenger sms "},
        {"paper", " paper letter fax handout "},
        {"press", " press media tv news newspaper "},
        {"social", " social socialmedia twitter "},
    };
    g_autoptr(GString) plain = g_string_new(" ");

    for (const char *p = text; *p && plain->len < 40; p++)
        if (g_ascii_isalpha(*p))
            g_string_append_c(plain, g_ascii_tolower(*p));
    g_string_append_c(plain, ' ');
    for (gsize i = 0; i < G_N_ELEMENTS(known) && plain->len > 2; i++)
        if (strstr(known[i].words, plain->str))
            return known[i].channel;
    return NULL;
}

static void put_medium(Msel *msel, const Row *row, json_t *message, GString *notes)
{
    const char *text = cell(row, COL_MEDIUM);
    const char *channel = text ? channel_of(text) : NULL;
    Import *import = msel->import;

    if (!text)
        return;
    if (channel) {
        const char *to = import_to(import, "injects.%s.message.channel", row->name);
        json_object_set_new(message, "channel", json_string(channel));
        if (!strcmp(channel, text))
            import_taken(import, row->cells[COL_MEDIUM], "%s", to);
        else
            import_changed(import, row->cells[COL_MEDIUM], to,
                           "a channel is one of seven");
        return;
    }
    import_paragraph(notes, "Medium: %s", text);
    import_changed(import, row->cells[COL_MEDIUM],
                   import_to(import, "injects.%s.notes", row->name),
                   "no channel of messages: it is told, not done");
}

/* The training objective of that title, made where it is not there; NULL where there are
 * too many. */
static const char *objective_of(Msel *msel, const char *title)
{
    Import *import = msel->import;
    json_t *objectives = import_at(import, "objectives", "training-objectives", NULL);
    g_autofree char *key = g_strconcat("objective ", title, NULL);
    const char *known = g_hash_table_lookup(msel->by_title, key);
    json_t *value;

    if (known || g_hash_table_size(msel->goals) >= IMPORT_CHECKS_MAX)
        return known;
    char *name = import_name(msel->goals, title, IMPORT_NAME);
    json_object_set_new(import_at(import, "objectives", "metrics", NULL), name,
                        json_pack("{s:s, s:i}", "kind", "manual", "max-score", 10));
    json_object_set_new(import_at(import, "objectives", "evaluations", NULL), name,
                        json_pack("{s:[s]}", "metrics", name));
    value = json_pack("{s:s}", "evaluation", name);
    if (strcmp(title, name) != 0)
        json_object_set_new(value, "title", import_text(title));
    json_object_set_new(objectives, name, value);
    g_hash_table_insert(msel->by_title, g_steal_pointer(&key), name);
    import_added(import, import_to(import, "objectives.training-objectives.%s", name),
                 "the list names it; an evaluator judges it");
    return name;
}

static void put_objectives(Msel *msel, const Row *row, json_t *inject)
{
    const char *text = cell(row, COL_OBJECTIVE);
    Import *import = msel->import;
    json_t *list = json_array();

    if (!text) {
        json_decref(list);
        return;
    }
    g_auto(GStrv) parts = g_strsplit_set(text, ",;\n", 64);
    for (char **part = parts; *part; part++) {
        g_strstrip(*part);
        const char *name = **part ? objective_of(msel, *part) : NULL;
        if (name && !has(list, name))
            json_array_append_new(list, json_string(name));
    }
    const char *to = import_to(import, "injects.%s.objective", row->name);
    if (!json_array_size(list))
        import_left(import, row->cells[COL_OBJECTIVE],
                    "no name, or more objectives than are taken");
    else if (json_array_size(list) == 1 &&
             !strcmp(json_string_value(json_array_get(list, 0)), text))
        import_taken(import, row->cells[COL_OBJECTIVE], "%s", to);
    else
        import_changed(import, row->cells[COL_OBJECTIVE], to,
                       "training objectives by their names");
    if (json_array_size(list))
        json_object_set(inject, "objective", list);
    json_decref(list);
}

/* One line of a text. */
static char *one_line(const char *text)
{
    char *line = g_strdup(text);

    return g_strdelimit(line, "\r\n\t", ' ');
}

static void put_texts(Msel *msel, const Row *row, json_t *inject, json_t *message)
{
    Import *import = msel->import;
    const char *title = cell(row, COL_TITLE), *body = cell(row, COL_BODY);
    g_autofree char *line = one_line(title ? title : row->name);

    if (cell(row, COL_FROM)) {
        json_object_set_new(message, "from", import_text(cell(row, COL_FROM)));
        import_taken(import, row->cells[COL_FROM], "injects.%s.message.from", row->name);
    }
    if (title)
        json_object_set_new(inject, "title", import_text(line));
    json_object_set_new(message, "subject", import_text(line));
    json_object_set_new(message, "body", import_text(body ? body : line));
    if (title && !strcmp(title, line))
        import_taken(import, row->cells[COL_TITLE], "injects.%s.title", row->name);
    else
        import_changed(import, row->cells[COL_TITLE],
                       import_to(import, "injects.%s.title", row->name), "on one line");
    import_taken(import, row->cells[COL_BODY], "injects.%s.message.body", row->name);
}

/* "answer within 2h", as `parry plan --csv` writes it, is a window. */
static void put_window(const Row *row, json_t *message)
{
    static const char words[] = "answer within ";
    const char *text = cell(row, COL_ACTION);
    gint64 us;

    if (g_ascii_strncasecmp(text, words, sizeof words - 1) != 0)
        return;
    text += sizeof words - 1;
    g_autofree char *window = g_strndup(text, strcspn(text, ";,\n"));
    g_strstrip(window);
    if (duration_parse(window, &us, NULL) && us > 0)
        json_object_set_new(message, "answer-within", json_string(window));
}

/* --- rows --- */

/* The same for another team: what `parry plan --csv` writes for each. */
static gboolean same_inject(const Row *a, const Row *b)
{
    for (int i = 0; i < COLUMNS; i++)
        if (i != COL_NUMBER && i != COL_TO && g_strcmp0(cell(a, i), cell(b, i)) != 0)
            return FALSE;
    return cell(a, COL_TO) && cell(b, COL_TO) && cell(a, COL_TIME);
}

static void join_row(Msel *msel, Row *row, const Row *first)
{
    Import *import = msel->import;
    json_t *inject = json_object_get(import_at(import, "injects", NULL), first->name);
    const char *why = "the same as the row above, for another team";

    row->name = g_strdup(first->name);
    put_teams(msel, row, json_object_get(json_object_get(inject, "message"), "to"));
    for (int i = 0; i < COLUMNS; i++)
        if (i != COL_TO && row->cells[i])
            import_changed(import, row->cells[i],
                           import_to(import, "injects.%s", first->name), "%s", why);
}

/* "12" is inject-12; a number with letters is a name by itself. */
static char *name_row(Msel *msel, const Row *row)
{
    const char *number = cell(row, COL_NUMBER), *title = cell(row, COL_TITLE);

    if (number && g_ascii_isdigit(*number)) {
        g_autofree char *wish = g_strdup_printf("inject-%.20s", number);
        return import_name(msel->names, wish, IMPORT_NAME);
    }
    return import_name(msel->names,
                       number  ? number
                       : title ? title
                               : "inject",
                       IMPORT_NAME);
}

static void add_row(Msel *msel, Row *row)
{
    Import *import = msel->import;
    const char *number = cell(row, COL_NUMBER);
    g_autoptr(GString) notes = g_string_new(NULL);
    json_t *message = json_pack("{s:[]}", "to");

    row->name = name_row(msel, row);
    json_t *inject = import_at(import, "injects", row->name, NULL);
    put_time(msel, row, inject);
    put_texts(msel, row, inject, message);
    put_teams(msel, row, json_object_get(message, "to"));
    put_medium(msel, row, message, notes);
    json_object_set_new(inject, "message", message);
    put_objectives(msel, row, inject);
    if (cell(row, COL_CONTROLLER)) {
        json_object_set_new(inject, "controller", import_text(cell(row, COL_CONTROLLER)));
        import_taken(import, row->cells[COL_CONTROLLER], "injects.%s.controller",
                     row->name);
    }
    if (cell(row, COL_ACTION)) {
        put_window(row, message);
        import_paragraph(notes, "Expected: %s", cell(row, COL_ACTION));
        import_changed(import, row->cells[COL_ACTION],
                       import_to(import, "injects.%s.notes", row->name),
                       "in words: say by `expect` what earns points");
    }
    if (notes->len)
        json_object_set_new(inject, "notes", import_text(notes->str));
    if (number && !strcmp(number, row->name))
        import_taken(import, row->cells[COL_NUMBER], "injects.%s", row->name);
    else if (number)
        import_changed(import, row->cells[COL_NUMBER],
                       import_to(import, "injects.%s", row->name),
                       "injects have names, not numbers");
}

static void read_row(Msel *msel, const Node *node)
{
    Row *row = g_new0(Row, 1);

    row->node = node;
    for (guint i = 0; i < node_len(node); i++) {
        Column column = column_of(node_key_at(node, i));
        if (column == COLUMNS)
            import_left(msel->import, node_at(node, i),
                        "no column of a list of injects is headed so");
        else if (row->cells[column])
            import_left(msel->import, node_at(node, i), "another column means the same");
        else
            row->cells[column] = node_at(node, i);
    }
    parse_time(row);
    g_ptr_array_add(msel->rows, row);
}

static gboolean check_rows(const Msel *msel, const ImportFile *file)
{
    for (guint i = 0; i < msel->rows->len; i++) {
        const Row *row = msel->rows->pdata[i];
        if (cell(row, COL_TITLE) || cell(row, COL_BODY))
            return TRUE;
    }
    parry_diags_add(msel->import->im_diags, DIAG_ERROR, file->if_path, NULL, 1, 1,
                    "head the columns number, time, from, to, medium, title, "
                    "expected-action, objective, controller",
                    "no row has a title or a text");
    return FALSE;
}

static void add_rows(Msel *msel)
{
    Row *first = NULL;

    find_start(msel);
    for (guint i = 0; i < msel->rows->len; i++) {
        Row *row = msel->rows->pdata[i];
        if (first && same_inject(first, row)) {
            join_row(msel, row, first);
            continue;
        }
        if (g_hash_table_size(msel->names) >= IMPORT_INJECTS_MAX) {
            import_left(msel->import, row->node, "more injects than are taken");
            continue;
        }
        add_row(msel, row);
        first = row;
    }
}

gboolean msel_import(Import *import)
{
    const ImportFile *file = import->im_files->pdata[0];
    Node *list = csv_in(file->if_path, file->if_bytes, import->im_diags);
    gboolean good;

    if (!list)
        return FALSE;
    import_root(import, file->if_path, list);
    Msel msel = {
        .import = import,
        .rows = g_ptr_array_new_with_free_func(row_free),
        .names = import_names_new(),
        .teams = import_names_new(),
        .goals = import_names_new(),
        .by_title = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
    };
    for (guint i = 0; i < node_len(list); i++)
        read_row(&msel, node_at(list, i));
    good = check_rows(&msel, file);
    if (good) {
        g_autofree char *base = g_path_get_basename(file->if_name);
        char *dot = strrchr(base, '.');
        if (dot && dot != base)
            *dot = '\0';
        add_rows(&msel);
        import_drill(import, base);
    }
    g_ptr_array_unref(msel.rows);
    g_hash_table_unref(msel.names);
    g_hash_table_unref(msel.teams);
    g_hash_table_unref(msel.goals);
    g_hash_table_unref(msel.by_title);
    return good;
}
