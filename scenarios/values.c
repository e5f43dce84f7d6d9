#include "scenarios/values.h"

#include "scenarios/base/duration.h"
#include "scenarios/moment.h"

#include <string.h>

/* Does the text consist of 1 to max characters of `allowed`? */
static gboolean spans(const char *text, const char *allowed, gsize max)
{
    gsize len = strspn(text, allowed);

    return len > 0 && len <= max && !text[len];
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

gboolean value_int(const char *text, gint64 *out)
{
    const char *digits = *text == '-' ? text + 1 : text;

    /* A leading zero is octal to YAML 1.1 and decimal to 1.2: nobody may mean either. */
    if (!spans(digits, DIGITS, 18) || (digits[0] == '0' && digits[1]))
        return FALSE;
    *out = g_ascii_strtoll(text, NULL, 10);
    return TRUE;
}

gboolean value_percent(const char *text, int *out)
{
    gsize len = strspn(text, DIGITS);

    if (!len || len > 3 || strcmp(text + len, "%") != 0)
        return FALSE;
    *out = (int)g_ascii_strtoll(text, NULL, 10);
    return *out <= 100;
}

gboolean value_points(const char *text, gint64 *milli)
{
    gsize whole = strspn(text, DIGITS);
    gint64 value = g_ascii_strtoll(text, NULL, 10) * 1000;

    if (!whole || whole > 7 || (text[0] == '0' && whole > 1))
        return FALSE;
    if (text[whole] == '.') {
        const char *part = text + whole + 1;
        gint64 unit = 100;
        if (!spans(part, DIGITS, 3))
            return FALSE;
        for (; *part; part++, unit /= 10)
            value += (*part - '0') * unit;
    } else if (text[whole]) {
        return FALSE;
    }
    *milli = value;
    return TRUE;
}

gboolean value_size(const char *text, guint64 *bytes)
{
    static const char units[] = "KMGT";
    gsize len = strspn(text, DIGITS);

    if (!len || len > 9)
        return FALSE;
    const char *unit = text[len] ? strchr(units, text[len]) : NULL;
    if (!unit)
        return FALSE;
    const char *rest = text + len + 1;
    if (*rest && strcmp(rest, "iB") != 0)
        return FALSE;
    *bytes = g_ascii_strtoull(text, NULL, 10) << (10 * (unit - units + 1));
    return TRUE;
}

gboolean value_mode(const char *text, int *mode)
{
    if (!spans(text, "01234567", 4) || strlen(text) < 3)
        return FALSE;
    *mode = (int)g_ascii_strtoll(text, NULL, 8);
    return TRUE;
}

/* Reads one dotted quad and moves on; no leading zeros, which some read as octal. */
static gboolean take_address(const char **at, guint32 *addr)
{
    *addr = 0;
    for (int i = 0; i < 4; i++) {
        gsize len = strspn(*at, DIGITS);
        if (!len || len > 3 || (len > 1 && **at == '0'))
            return FALSE;
        gint64 part = g_ascii_strtoll(*at, NULL, 10);
        if (part > 255)
            return FALSE;
        *addr = *addr << 8 | (guint32)part;
        *at += len;
        if (i < 3 && *(*at)++ != '.')
            return FALSE;
    }
    return TRUE;
}

gboolean value_address(const char *text, guint32 *addr)
{
    const char *at = text;

    return take_address(&at, addr) && !*at;
}

gboolean value_cidr(const char *text, guint32 *addr, int *prefix)
{
    const char *at = text;

    if (!take_address(&at, addr) || *at != '/' || !spans(at + 1, DIGITS, 2))
        return FALSE;
    *prefix = (int)g_ascii_strtoll(at + 1, NULL, 10);
    return *prefix <= 32;
}

static gboolean take_port(const char **at, int *port)
{
    gsize len = strspn(*at, DIGITS);

    if (!len || len > 5 || **at == '0')
        return FALSE;
    *port = (int)g_ascii_strtoll(*at, NULL, 10);
    *at += len;
    return *port <= 65535;
}

gboolean value_port(const char *text, int *outer, int *inner, const char **proto)
{
    const char *at = text;

    *proto = "tcp";
    if (!take_port(&at, outer))
        return FALSE;
    *inner = *outer;
    if (*at == ':') {
        at++;
        if (!take_port(&at, inner))
            return FALSE;
    }
    if (!strcmp(at, "/udp"))
        *proto = "udp";
    else if (*at && strcmp(at, "/tcp") != 0)
        return FALSE;
    return TRUE;
}

gboolean value_technique_covers(const char *allowed, const char *technique)
{
    gsize len = strlen(allowed);

    return !strncmp(allowed, technique, len) &&
           (!technique[len] || technique[len] == '.');
}

/* Distance of Damerau and Levenshtein (optimal string alignment): inserts, removals,
 * replacements and swaps of neighbours, each costs 1. */
static guint distance(const char *a, const char *b)
{
    gsize n = strlen(a), m = strlen(b);
    g_autofree guint *cells = g_new0(guint, (n + 1) * (m + 1));

#define AT(i, j) cells[(i) * (m + 1) + (j)]
    for (gsize i = 0; i <= n; i++)
        AT(i, 0) = (guint)i;
    for (gsize j = 0; j <= m; j++)
        AT(0, j) = (guint)j;
    for (gsize i = 1; i <= n; i++) {
        for (gsize j = 1; j <= m; j++) {
            guint best = AT(i - 1, j - 1) + (a[i - 1] != b[j - 1]);
            best = MIN(best, AT(i - 1, j) + 1);
            best = MIN(best, AT(i, j - 1) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = MIN(best, AT(i - 2, j - 2) + 1);
            AT(i, j) = best;
        }
    }
    return AT(n, m);
#undef AT
}

const char *value_closest(const char *text, const GPtrArray *names)
{
    const char *best = NULL;
    gsize len = strlen(text);
    guint limit = (guint)MAX(1, len / 3);

    if (len > 64)
        return NULL;
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        gsize other = strlen(name);
        if (other > len + limit || len > other + limit)
            continue;
        guint d = distance(text, name);
        if (d <= limit && (!best || d < distance(text, best)))
            best = name;
    }
    return best;
}

static gboolean in_words(const char *text, const char *const *words)
{
    for (gsize i = 0; words[i]; i++)
        if (!strcmp(words[i] + (*words[i] == '!'), text))
            return TRUE;
    return FALSE;
}

/* A number to YAML 1.1 or 1.2: decimal, octal, hex, binary, sexagesimal, float, inf, nan.
 */
static gboolean reads_as_number(const char *text)
{
    const char *t = text + strspn(text, "+-");
    static const char *const specials[] = {".inf", ".Inf", ".INF", ".nan",
                                           ".NaN", ".NAN", NULL};

    if (t > text + 1)
        return FALSE;
    if (in_words(t, specials))
        return TRUE;
    if (g_str_has_prefix(t, "0x"))
        return spans(t + 2, DIGITS "abcdefABCDEF_", 64);
    if (g_str_has_prefix(t, "0o") || g_str_has_prefix(t, "0b"))
        return spans(t + 2, DIGITS "_", 64);
    if (!g_ascii_isdigit(*t) && !(*t == '.' && g_ascii_isdigit(t[1])))
        return FALSE;
    t += strspn(t, DIGITS "_");
    while (*t == ':' && g_ascii_isdigit(t[1])) /* 21:30 is 1290 to YAML 1.1 */
        t += 1 + strspn(t + 1, DIGITS);
    if (*t == '.')
        t += 1 + strspn(t + 1, DIGITS "_");
    if (*t == 'e' || *t == 'E') {
        t++;
        t += *t == '+' || *t == '-';
        if (!g_ascii_isdigit(*t))
            return FALSE;
        t += strspn(t, DIGITS);
    }
    return !*t;
}

/* 2026-11-13, and the longer forms of YAML 1.1's timestamp. */
static gboolean reads_as_date(const char *text)
{
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? text[i] != '-' : !g_ascii_isdigit(text[i]))
            return FALSE;
    return !text[10] || ((text[10] == 'T' || text[10] == 't' || text[10] == ' ') &&
                         g_ascii_isdigit(text[11]));
}

const char *value_retyped(const char *plain)
{
    static const char *const bools[] = {"true", "false", "yes", "no", "on",
                                        "off",  "y",     "n",   NULL};
    g_autofree char *lower = g_ascii_strdown(plain, -1);

    if (!*plain || !strcmp(plain, "~") || !strcmp(lower, "null"))
        return "null";
    if (in_words(lower, bools))
        return "a boolean";
    if (reads_as_number(plain))
        return "a number";
    return reads_as_date(plain) ? "a date" : NULL;
}

typedef gboolean (*CheckFunc)(const KeySpec *spec, const char *text, char **why);

static gboolean check_text(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                           char **why G_GNUC_UNUSED)
{
    return text != NULL;
}

static gboolean check_name(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                           char **why)
{
    gsize len = strlen(text);

    if (len > 31) {
        *why = g_strdup_printf("the name \"%.60s\" is too long: %" G_GSIZE_FORMAT
                               " characters of 31 at most",
                               text, len);
        return FALSE;
    }
    if (!spans(text, LOWER DIGITS "-", 31) || !g_ascii_islower(*text) ||
        text[len - 1] == '-') {
        *why = g_strdup_printf(
            "\"%.60s\" is no name: small letters, digits and -, beginning "
            "with a letter",
            text);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_account(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                              char **why G_GNUC_UNUSED)
{
    return spans(text, LOWER DIGITS "_-", 32) && (g_ascii_islower(*text) || *text == '_');
}

static gboolean check_package(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                              char **why G_GNUC_UNUSED)
{
    return spans(text, LOWER DIGITS "+-.", 128) && g_ascii_isalnum(*text) && text[1];
}

static gboolean check_dnsname(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                              char **why G_GNUC_UNUSED)
{
    return spans(text, LOWER DIGITS "-.", 253) && g_ascii_isalnum(*text) &&
           g_ascii_isalnum(text[strlen(text) - 1]) && !strstr(text, "..");
}

static gboolean check_path(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                           char **why)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", -1);

    for (char **part = parts; *part; part++) {
        if (!strcmp(*part, "..")) {
            *why = g_strdup_printf("the path \"%.60s\" holds \"..\"", text);
            return FALSE;
        }
    }
    gsize len = strlen(text);
    return *text == '/' && len > 1 && len < 1024 && text[len - 1] != '/' &&
           !strpbrk(text, "\n\r\t");
}

static gboolean check_bool(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                           char **why G_GNUC_UNUSED)
{
    return !strcmp(text, "true") || !strcmp(text, "false");
}

static gboolean check_int(const KeySpec *spec, const char *text, char **why)
{
    gint64 min = spec->ks_min, max = spec->ks_max, value;

    if (!min && !max) {
        min = G_MININT32;
        max = G_MAXINT32;
    }
    if (!value_int(text, &value))
        return FALSE;
    if (value < min || value > max) {
        *why = g_strdup_printf("%" G_GINT64_FORMAT " is not from %" G_GINT64_FORMAT
                               " to %" G_GINT64_FORMAT,
                               value, min, max);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_percent(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                              char **why G_GNUC_UNUSED)
{
    int value;

    return value_percent(text, &value);
}

static gboolean check_points(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                             char **why G_GNUC_UNUSED)
{
    gint64 value;

    return value_points(text, &value);
}

static gboolean check_size(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                           char **why)
{
    guint64 value;

    if (!value_size(text, &value)) {
        if (spans(text, DIGITS, 18))
            *why = g_strdup_printf("the size %s has no unit (K, M, G or T)", text);
        return FALSE;
    }
    if (value < (G_GUINT64_CONSTANT(1) << 20) || value > (G_GUINT64_CONSTANT(1) << 44)) {
        *why = g_strdup_printf("the size %s is not from 1M to 16T", text);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_mode(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                           char **why G_GNUC_UNUSED)
{
    int mode;

    return value_mode(text, &mode);
}

static gboolean check_duration(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                               char **why)
{
    g_autoptr(GError) error = NULL;
    gint64 us;

    if (duration_parse(text, &us, &error))
        return TRUE;
    *why = g_strdup(error->message);
    return FALSE;
}

static gboolean check_moment(const KeySpec *spec, const char *text, char **why)
{
    Moment moment;

    if (spec->ks_words && in_words(text, spec->ks_words))
        return TRUE;
    return moment_parse(text, &moment, why);
}

static gboolean check_datetime(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                               char **why G_GNUC_UNUSED)
{
    Moment moment;

    return moment_parse_date(text, &moment);
}

static gboolean check_cidr(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                           char **why)
{
    guint32 addr;
    int prefix;

    if (!value_cidr(text, &addr, &prefix))
        return FALSE;
    guint32 mask = prefix ? G_MAXUINT32 << (32 - prefix) : 0;
    if (addr & ~mask) {
        guint32 net = addr & mask;
        *why = g_strdup_printf("%s has bits set beyond its prefix: the network is "
                               "%u.%u.%u.%u/%d",
                               text, net >> 24, net >> 16 & 255, net >> 8 & 255,
                               net & 255, prefix);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_address(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                              char **why G_GNUC_UNUSED)
{
    guint32 addr;

    return value_address(text, &addr);
}

static gboolean check_nic(const KeySpec *spec, const char *text, char **why)
{
    gint64 part;

    if (value_int(text, &part))
        return part > 0 && part <= G_MAXINT32;
    return !strcmp(text, "auto") || check_address(spec, text, why);
}

static gboolean check_port(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                           char **why G_GNUC_UNUSED)
{
    int outer, inner;
    const char *proto;

    return value_port(text, &outer, &inner, &proto);
}

static gboolean check_technique(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                                char **why G_GNUC_UNUSED)
{
    if (*text != 'T' || strspn(text + 1, DIGITS) != 4)
        return FALSE;
    return !text[5] || (text[5] == '.' && strspn(text + 6, DIGITS) == 3 && !text[9]);
}

static gboolean check_digest(const KeySpec *spec, const char *text,
                             char **why G_GNUC_UNUSED)
{
    return in_words(text, spec->ks_words) ||
           (strlen(text) == 64 && spans(text, DIGITS "abcdef", 64));
}

static gboolean check_enum(const KeySpec *spec, const char *text, char **why)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(GString) list = g_string_new(NULL);

    if (in_words(text, spec->ks_words))
        return TRUE;
    for (const char *const *word = spec->ks_words; *word; word++) {
        const char *name = *word + (**word == '!');
        g_ptr_array_add(names, (char *)name);
        g_string_append_printf(list, "%s%s", list->len ? ", " : "", name);
    }
    const char *close = value_closest(text, names);
    if (close)
        *why = g_strdup_printf("\"%.60s\" is none of %s; did you mean \"%s\"?", text,
                               list->str, close);
    else
        *why = g_strdup_printf("\"%.60s\" is none of %s", text, list->str);
    return FALSE;
}

static const struct {
    const char *want;
    gboolean is_text;
    CheckFunc check;
} kinds[KEY_SCALARS] = {
    [KEY_TEXT] = {"a text", TRUE, check_text},
    [KEY_NAME] = {"a name", TRUE, check_name},
    [KEY_ACCOUNT] = {"an account name such as nurse", TRUE, check_account},
    [KEY_PACKAGE] = {"the name of a package", TRUE, check_package},
    [KEY_DNSNAME] = {"a host name such as www.clinic.example", TRUE, check_dnsname},
    [KEY_PATH] = {"an absolute path such as /etc/motd", TRUE, check_path},
    [KEY_BOOL] = {"true or false", FALSE, check_bool},
    [KEY_INT] = {"an integer", FALSE, check_int},
    [KEY_PERCENT] = {"a percentage such as 40%", FALSE, check_percent},
    [KEY_POINTS] = {"points such as 100 or 12.5", FALSE, check_points},
    [KEY_SIZE] = {"a size such as 384M", FALSE, check_size},
    [KEY_MODE] = {"an octal file mode such as 0644", FALSE, check_mode},
    [KEY_DURATION] = {"a duration such as 90s or 1h30m", FALSE, check_duration},
    [KEY_MOMENT] = {"a point in time such as 18h, \"Sat 03:00\" or \"2026-11-14 03:00\"",
                    FALSE, check_moment},
    [KEY_DATETIME] = {"a date and time such as 2026-11-13T09:00", FALSE, check_datetime},
    [KEY_CIDR] = {"a network such as 10.10.1.0/24", FALSE, check_cidr},
    [KEY_ADDRESS] = {"an address such as 10.10.1.7", FALSE, check_address},
    [KEY_NIC] = {"auto, a host part such as 10, or an address", FALSE, check_nic},
    [KEY_PORT] = {"a port such as 80, \"8080:80\" or \"53/udp\"", FALSE, check_port},
    [KEY_TECHNIQUE] = {"an ATT&CK technique such as T1110.001", TRUE, check_technique},
    [KEY_DIGEST] = {"64 hex digits (SHA-256), original, exists or absent", TRUE,
                    check_digest},
    [KEY_ENUM] = {"a word", TRUE, check_enum},
};

gboolean value_check(const KeySpec *spec, KeyType type, const char *text, char **why)
{
    *why = NULL;
    if (kinds[type].check(spec, text, why))
        return TRUE;
    if (!*why)
        *why = g_strdup_printf("\"%.60s\" is not %s", text, kinds[type].want);
    return FALSE;
}

const char *value_want(KeyType type)
{
    return kinds[type].want;
}

gboolean value_is_text(KeyType type)
{
    return kinds[type].is_text;
}
