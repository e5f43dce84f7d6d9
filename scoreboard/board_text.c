/*
 * The board drawn as text, from its JSON alone, so that a client can draw what it got.
 *
 * Everything is measured in terminal columns, never in bytes. What does not fit is left
 * out from the least important column on, so that 40 columns still say who leads.
 */
#include "scoreboard/view.h"

#include "scenarios/base/duration.h"
#include "scoreboard/line.h"
#include "scoreboard/words.h"

#include <string.h>

#define MIN_COLUMNS 24
#define MAX_COLUMNS 120 /* wider than this the eye loses the line */
#define BAR_MIN 12

typedef enum { INK_PLAIN, INK_BOLD, INK_DIM, INK_GOOD, INK_BAD, INK_WARN, INK_TITLE } Ink;

typedef struct {
    GString *pen_out;
    int pen_columns;
    gboolean pen_colour;
    const char *pen_lang;
} Pen;

static void put(Pen *pen, Ink ink, const char *text)
{
    static const char *const codes[] = {
        [INK_PLAIN] = "",           [INK_BOLD] = "\033[1m", [INK_DIM] = "\033[2m",
        [INK_GOOD] = "\033[32m",    [INK_BAD] = "\033[31m", [INK_WARN] = "\033[33m",
        [INK_TITLE] = "\033[1;36m",
    };

    if (pen->pen_colour && ink != INK_PLAIN && *text)
        g_string_append_printf(pen->pen_out, "%s%s\033[0m", codes[ink], text);
    else
        g_string_append(pen->pen_out, text);
}

static void blanks(Pen *pen, int n)
{
    for (; n > 0; n--)
        g_string_append_c(pen->pen_out, ' ');
}

/* Padding stays outside of the colour, so that end_line() can take it away. */
static void put_left(Pen *pen, Ink ink, const char *text, int width)
{
    g_autofree char *safe = parry_text_safe(text, -1);
    int used = parry_text_width(safe);
    g_autofree char *fitted = used > width ? parry_text_fit(safe, width) : NULL;

    put(pen, ink, fitted ? fitted : safe);
    blanks(pen, width - used);
}

static void put_right(Pen *pen, Ink ink, const char *text, int width)
{
    int gap = width - parry_text_width(text);
    g_autofree char *fitted = gap < 0 ? parry_text_fit(text, width) : NULL;

    blanks(pen, gap);
    put(pen, ink, fitted ? fitted : text);
}

/* Ends the line without the blanks that padding left at its end. */
static void end_line(Pen *pen)
{
    while (pen->pen_out->len && pen->pen_out->str[pen->pen_out->len - 1] == ' ')
        g_string_truncate(pen->pen_out, pen->pen_out->len - 1);
    g_string_append_c(pen->pen_out, '\n');
}

static void repeat(GString *out, const char *text, int times)
{
    for (; times > 0; times--)
        g_string_append(out, text);
}

static void rule(Pen *pen, const char *word)
{
    g_autoptr(GString) line = g_string_new(NULL);
    int used = 0;

    if (word) {
        g_string_append_printf(line, "── %s ", word);
        used = parry_text_width(line->str);
    }
    repeat(line, "─", pen->pen_columns - used);
    put(pen, INK_DIM, line->str);
    end_line(pen);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static gint64 int_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *word(const Pen *pen, const char *english)
{
    return word_in(pen->pen_lang, english);
}

/* ---- head ---- */

static char *clock_words(const Pen *pen, const json_t *board, int room)
{
    g_autofree char *now = duration_clock(int_of(board, "clock"));
    g_autofree char *all = duration_clock(int_of(board, "duration_us"));
    g_autofree char *both = g_strdup_printf("%s %s %s", now, word(pen, "of"), all);

    return parry_text_width(both) <= room ? g_steal_pointer(&both)
                                          : g_steal_pointer(&now);
}

static void head(Pen *pen, const json_t *board)
{
    gboolean frozen = json_is_true(json_object_get(board, "frozen"));
    gboolean running = json_is_true(json_object_get(board, "running"));
    g_autofree char *state =
        g_strdup_printf("%s%s%s", word(pen, text_of(board, "state")), frozen ? " · " : "",
                        frozen ? word(pen, "frozen") : "");
    g_autofree char *safe = parry_text_safe(state, -1);
    g_autofree char *clock =
        clock_words(pen, board, pen->pen_columns - 2 - parry_text_width(safe));
    int right = parry_text_width(safe) + 2 + parry_text_width(clock);
    int left = pen->pen_columns - right;

    put_left(pen, INK_TITLE, text_of(board, "title"),
             left >= 18 ? left : pen->pen_columns);
    if (left < 18)
        end_line(pen);
    put_left(pen, running ? INK_GOOD : INK_WARN, safe,
             MIN(parry_text_width(safe), pen->pen_columns));
    if (left >= 0) {
        put(pen, INK_PLAIN, "  ");
        put(pen, INK_BOLD, clock);
    }
    end_line(pen);
    if (*text_of(board, "reason")) {
        put_left(pen, INK_WARN, text_of(board, "reason"), pen->pen_columns);
        end_line(pen);
    }
}

/* ---- standings ---- */

static char *points_of(const json_t *row, const char *key)
{
    return line_points(int_of(row, key), 1);
}

static char *whole_of(const json_t *row, const char *key)
{
    return line_points(int_of(row, key), 0);
}

static char *count_of(const json_t *row, const char *key)
{
    return g_strdup_printf("%" JSON_INTEGER_FORMAT, (json_int_t)int_of(row, key));
}

static char *part_of(const json_t *row, const char *key)
{
    return g_strdup_printf("%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT,
                           (json_int_t)int_of(row, key),
                           (json_int_t)int_of(row, "executed"));
}

/* cl_from: columns from which on there is room for it. */
typedef struct {
    const char *cl_heading, *cl_key;
    int cl_width, cl_from;
    char *(*cl_text)(const json_t *row, const char *key);
} Column;

static const Column BLUE[] = {
    {"Total", "total", 10, 0, points_of},
    {"Protection", "protection", 12, 76, whole_of},
    {"Availability", "availability", 14, 76, whole_of},
    {"Injects", "injects", 9, 76, whole_of},
    {"Prevented", "prevented", 11, 100, count_of},
    {"Detected", "detected", 10, 46, part_of},
    {"Contained", "contained", 11, 100, part_of},
};

static const Column RED[] = {
    {"Taken", "taken", 10, 0, points_of},
    {"Attacks", "executed", 9, 40, count_of},
};

static int columns_width(const Pen *pen, const Column *columns, gsize n)
{
    int width = 0;

    for (gsize i = 0; i < n; i++)
        if (pen->pen_columns >= columns[i].cl_from)
            width += columns[i].cl_width;
    return width;
}

static void heading(Pen *pen, const Column *columns, gsize n, int team_width,
                    const char *team_word)
{
    put_right(pen, INK_DIM, "#", 2);
    put(pen, INK_PLAIN, "  ");
    put_left(pen, INK_DIM, word(pen, team_word), team_width);
    for (gsize i = 0; i < n; i++)
        if (pen->pen_columns >= columns[i].cl_from)
            put_right(pen, INK_DIM, word(pen, columns[i].cl_heading),
                      columns[i].cl_width);
    end_line(pen);
}

/* A part of 10000 points, drawn. */
static void bar(Pen *pen, gint64 points, int width)
{
    int full = (int)(CLAMP(points, 0, 10000000) * width / 10000000);
    g_autoptr(GString) filled = g_string_new(NULL), rest = g_string_new(NULL);

    repeat(filled, "━", full);
    repeat(rest, "─", width - full);
    put(pen, INK_GOOD, filled->str);
    put(pen, INK_DIM, rest->str);
}

static void standing(Pen *pen, const json_t *row, const Column *columns, gsize n,
                     int team_width, int bar_width)
{
    g_autofree char *rank = count_of(row, "rank");
    Ink ink = int_of(row, "rank") == 1 ? INK_BOLD : INK_PLAIN;

    put_right(pen, ink, rank, 2);
    put(pen, INK_PLAIN, "  ");
    put_left(pen, ink, text_of(row, "title"), team_width);
    if (bar_width) {
        put(pen, INK_PLAIN, "  ");
        bar(pen, int_of(row, "total"), bar_width);
    }
    for (gsize i = 0; i < n; i++) {
        if (pen->pen_columns < columns[i].cl_from)
            continue;
        g_autofree char *text = columns[i].cl_text(row, columns[i].cl_key);
        put_right(pen, i == 0 ? ink : INK_PLAIN, text, columns[i].cl_width);
    }
    end_line(pen);
}

/* The widest title, so that the bars begin right behind it. */
static int title_width(const json_t *rows)
{
    const json_t *row;
    int width = 8;
    size_t i;

    json_array_foreach (rows, i, row) {
        width = MAX(width, parry_text_width(text_of(row, "title")));
    }
    return MIN(width, 32);
}

/* Below the tables: who is out of the drill for now. */
static void teams_held(Pen *pen, const json_t *rows)
{
    gboolean any = FALSE;
    const json_t *row;
    size_t i;

    json_array_foreach (rows, i, row) {
        if (!json_object_get(row, "held"))
            continue;
        g_autofree char *line = g_strdup_printf("%s · %s: %s", text_of(row, "title"),
                                                word(pen, "out"), text_of(row, "held"));
        put_left(pen, INK_WARN, line, pen->pen_columns);
        end_line(pen);
        any = TRUE;
    }
    if (any)
        g_string_append_c(pen->pen_out, '\n');
}

/* One table of a side; a bar of the total fills what room is left, where its points have
 * a maximum. */
static void standings(Pen *pen, const json_t *rows, const char *side,
                      const char *team_word, const Column *columns, gsize n,
                      gboolean bars)
{
    int room = MAX(pen->pen_columns - 4 - columns_width(pen, columns, n), 6);
    int team_width, bar_width, name_width;
    gboolean any = FALSE;
    const json_t *row;
    size_t i;

    if (!bars)
        room = MIN(room, 32);
    team_width = MIN(room, title_width(rows));
    bar_width = bars && room - team_width - 2 >= BAR_MIN ? room - team_width - 2 : 0;
    name_width = bar_width ? team_width : room;
    json_array_foreach (rows, i, row) {
        if (strcmp(text_of(row, "side"), side) != 0)
            continue;
        if (!any)
            heading(pen, columns, n, room, team_word);
        any = TRUE;
        standing(pen, row, columns, n, name_width, bar_width);
    }
    if (any)
        g_string_append_c(pen->pen_out, '\n');
}

/* ---- services ---- */

static const struct {
    const char *status, *sign;
    Ink ink;
} SIGNS[] = {
    {"UP", "✓", INK_GOOD},     {"DOWN", "✗", INK_BAD},        {"FAULTY", "!", INK_BAD},
    {"CORRUPT", "#", INK_BAD}, {"RECOVERING", "~", INK_WARN}, {"UNCHECKED", "?", INK_DIM},
};

static gsize sign_of(const char *status)
{
    for (gsize i = 0; i < G_N_ELEMENTS(SIGNS); i++)
        if (strcmp(status, SIGNS[i].status) == 0)
            return i;
    return G_N_ELEMENTS(SIGNS) - 1;
}

static void service(Pen *pen, const json_t *check, int indent, int *at)
{
    gsize sign = sign_of(text_of(check, "status"));
    g_autofree char *name = parry_text_safe(text_of(check, "name"), -1);
    int room = MAX(pen->pen_columns - indent - 2, 4);
    int width = MIN(parry_text_width(name), room) + 2;

    if (*at + width > pen->pen_columns && *at > indent) {
        end_line(pen);
        blanks(pen, indent);
        *at = indent;
    }
    put(pen, SIGNS[sign].ink, SIGNS[sign].sign);
    put(pen, INK_PLAIN, " ");
    put_left(pen, sign == 0 ? INK_PLAIN : SIGNS[sign].ink, name, width - 2);
    put(pen, INK_PLAIN, "  ");
    *at += width + 2;
}

/* One strip a team: a sign and a name for each service. */
static gboolean services_of(Pen *pen, const json_t *checks, const json_t *team,
                            int team_width)
{
    int indent = 4 + team_width + 2, at = indent; /* as the names in the tables above */
    gboolean any = FALSE;
    const json_t *check;
    size_t i;

    json_array_foreach (checks, i, check) {
        if (strcmp(text_of(check, "team"), text_of(team, "team")) != 0)
            continue;
        if (!any) {
            put(pen, INK_PLAIN, "    ");
            put_left(pen, INK_PLAIN, text_of(team, "title"), team_width);
            put(pen, INK_PLAIN, "  ");
        }
        any = TRUE;
        service(pen, check, indent, &at);
    }
    if (any)
        end_line(pen);
    return any;
}

static void legend(Pen *pen)
{
    int at = 4;

    put(pen, INK_PLAIN, "    ");
    for (gsize i = 0; i < G_N_ELEMENTS(SIGNS); i++) {
        const char *name = word(pen, SIGNS[i].status);
        int width = parry_text_width(name) + 4;

        if (at + width > pen->pen_columns)
            break;
        put(pen, SIGNS[i].ink, SIGNS[i].sign);
        put(pen, INK_DIM, " ");
        put(pen, INK_DIM, name);
        put(pen, INK_PLAIN, "  ");
        at += width;
    }
    end_line(pen);
}

static void services(Pen *pen, const json_t *board)
{
    const json_t *checks = json_object_get(board, "checks"), *team;
    int team_width = CLAMP(pen->pen_columns / 3 - 4, 6,
                           title_width(json_object_get(board, "standings")));
    gboolean any = FALSE;
    size_t i;

    if (!json_array_size(checks))
        return;
    rule(pen, word(pen, "Services"));
    json_array_foreach (json_object_get(board, "standings"), i, team) {
        any = services_of(pen, checks, team, team_width) || any;
    }
    if (any)
        legend(pen);
    g_string_append_c(pen->pen_out, '\n');
}

/* ---- what waits ---- */

/* Held injects; who may not know of them has none on the board. */
static void held(Pen *pen, const json_t *board)
{
    const json_t *inject;
    gboolean any = FALSE;
    size_t i;

    json_array_foreach (json_object_get(board, "injects"), i, inject) {
        g_autofree char *text = NULL;

        if (strcmp(text_of(inject, "state"), "held") != 0)
            continue;
        if (!any)
            rule(pen, word(pen, "Waiting"));
        any = TRUE;
        text = g_strdup_printf("    %s  %s", text_of(inject, "id"),
                               text_of(inject, "title"));
        put_left(pen, INK_WARN, text, pen->pen_columns);
        end_line(pen);
    }
    if (any)
        g_string_append_c(pen->pen_out, '\n');
}

/* ---- events, foot ---- */

static void latest(Pen *pen, const json_t *events)
{
    const json_t *event;
    size_t i;

    if (!json_array_size(events))
        return;
    rule(pen, word(pen, "Latest"));
    json_array_foreach (events, i, event) {
        g_autofree char *safe = parry_text_safe(text_of(event, "text"), -1);

        if (!*safe)
            continue; /* a kind without words for people */
        if (parry_text_width(safe) > pen->pen_columns)
            put_left(pen, INK_PLAIN, safe, pen->pen_columns);
        else
            put(pen, INK_PLAIN, safe);
        end_line(pen);
    }
    g_string_append_c(pen->pen_out, '\n');
}

static void foot(Pen *pen, const json_t *board)
{
    const json_t *point = json_object_get(board, "checkpoint");
    g_autofree char *root = NULL, *text = NULL;

    if (json_is_true(json_object_get(board, "simulated"))) {
        put_left(pen, INK_WARN, word(pen, "SIMULATION: no guests, scripted players"),
                 pen->pen_columns);
        end_line(pen);
    }
    if (int_of(board, "missing") > 0) {
        g_autofree char *missing =
            g_strdup_printf("%s: %" JSON_INTEGER_FORMAT,
                            word(pen, "Hosts that are missing; their checks count for "
                                      "nobody"),
                            (json_int_t)int_of(board, "missing"));
        put_left(pen, INK_WARN, missing, pen->pen_columns);
        end_line(pen);
    }
    if (!json_is_object(point))
        return;
    root = g_strndup(text_of(point, "root"), pen->pen_columns >= 88 ? 64 : 16);
    text = g_strdup_printf("%s %" JSON_INTEGER_FORMAT " · sha256 %s", word(pen, "events"),
                           (json_int_t)int_of(point, "size"), root);
    put_left(pen, INK_DIM, text, pen->pen_columns);
    end_line(pen);
}

char *view_board_text(const json_t *board, int columns, gboolean colour, const char *lang)
{
    Pen pen = {g_string_new(NULL), CLAMP(columns, MIN_COLUMNS, MAX_COLUMNS), colour,
               lang};
    const json_t *rows = json_object_get(board, "standings");

    head(&pen, board);
    rule(&pen, NULL);
    standings(&pen, rows, "blue", "Blue teams", BLUE, G_N_ELEMENTS(BLUE), TRUE);
    standings(&pen, rows, "red", "Red teams", RED, G_N_ELEMENTS(RED), FALSE);
    teams_held(&pen, rows);
    services(&pen, board);
    held(&pen, board);
    latest(&pen, json_object_get(board, "events"));
    foot(&pen, board);
    return g_string_free(pen.pen_out, FALSE);
}
