/* The scalar types: what each may look like, and what is said where it does not. */
#include "scenarios/values.h"

#include "scenarios/base/duration.h"
#include "scenarios/moment.h"

#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

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
    if (strchr(text, '*')) {
        *why = g_strdup_printf("\"%.60s\" is no name: names are written out, one by one",
                               text);
        return FALSE;
    }
    if (!value_spans(text, LOWER DIGITS "-", 31) || !g_ascii_islower(*text) ||
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
    return value_spans(text, LOWER DIGITS "_-", 32) &&
           (g_ascii_islower(*text) || *text == '_');
}

static gboolean check_package(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                              char **why G_GNUC_UNUSED)
{
    return value_spans(text, LOWER DIGITS "+-.", 128) && g_ascii_isalnum(*text) &&
           text[1];
}

static gboolean check_dnsname(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                              char **why G_GNUC_UNUSED)
{
    return value_spans(text, LOWER DIGITS "-.", 253) && g_ascii_isalnum(*text) &&
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

/* Bytes as a scenario writes them. */
static char *size_text(guint64 bytes)
{
    static const char units[] = "KMGT";
    gsize unit = 0;

    for (bytes >>= 10; bytes && bytes % 1024 == 0 && units[unit + 1]; bytes >>= 10)
        unit++;
    return g_strdup_printf("%" G_GUINT64_FORMAT "%c", bytes, units[unit]);
}

static gboolean check_size(const KeySpec *spec, const char *text, char **why)
{
    guint64 min = spec->ks_max ? (guint64)spec->ks_min : G_GUINT64_CONSTANT(1) << 20;
    guint64 max = spec->ks_max ? (guint64)spec->ks_max : G_GUINT64_CONSTANT(1) << 44;
    guint64 value;

    if (!value_size(text, &value)) {
        if (value_spans(text, DIGITS, 18))
            *why = g_strdup_printf("the size %s has no unit (K, M, G or T)", text);
        return FALSE;
    }
    if (value < min || value > max) {
        g_autofree char *low = size_text(min), *high = size_text(max);
        *why = g_strdup_printf("the size %s is not from %s to %s", text, low, high);
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

static gboolean check_duration(const KeySpec *spec, const char *text, char **why)
{
    g_autoptr(GError) error = NULL;
    gint64 us;

    if (spec->ks_words && value_in_words(text, spec->ks_words))
        return TRUE;
    if (duration_parse(text, &us, &error))
        return TRUE;
    *why = g_strdup(error->message);
    return FALSE;
}

static gboolean check_moment(const KeySpec *spec, const char *text, char **why)
{
    Moment moment;

    if (spec->ks_words && value_in_words(text, spec->ks_words))
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

/* "auto" has the form of a name, as pools have: which there are is looked at later. */
static gboolean check_nic(const KeySpec *spec, const char *text, char **why)
{
    gint64 part;

    if (value_int(text, &part))
        return part > 0 && part <= G_MAXINT32;
    return g_ascii_isalpha(*text) ? check_name(spec, text, why)
                                  : check_address(spec, text, why);
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
    return value_in_words(text, spec->ks_words) ||
           (strlen(text) == 64 && value_spans(text, DIGITS "abcdef", 64));
}

static gboolean check_enum(const KeySpec *spec, const char *text, char **why)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(GString) list = g_string_new(NULL);

    if (value_in_words(text, spec->ks_words))
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

static gboolean check_hours(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                            char **why G_GNUC_UNUSED)
{
    int from, until;

    return value_hours(text, &from, &until);
}

static gboolean check_offset(const KeySpec *spec, const char *text, char **why)
{
    return check_duration(spec, text + (*text == '-'), why);
}

static gboolean check_rate(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                           char **why G_GNUC_UNUSED)
{
    gint64 bits;

    return value_rate(text, &bits);
}

static gboolean check_range(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                            char **why G_GNUC_UNUSED)
{
    guint32 first, last;

    return value_range(text, &first, &last);
}

static gboolean check_port_range(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                                 char **why G_GNUC_UNUSED)
{
    int first, last;

    return value_port_range(text, &first, &last);
}

static gboolean check_guid(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                           char **why G_GNUC_UNUSED)
{
    return g_uuid_string_is_valid(text);
}

/* Nothing above the scenario's directory: a scenario is a folder that can be handed on.
 */
static gboolean check_file(const KeySpec *spec G_GNUC_UNUSED, const char *text,
                           char **why)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", -1);

    if (*text == '/' || g_strv_contains((const char *const *)parts, "..")) {
        *why = g_strdup_printf("\"%.60s\" leads out of the scenario's directory", text);
        return FALSE;
    }
    return *text && strlen(text) < 1024 && !strpbrk(text, "\n\r\t");
}

static gboolean check_share(const KeySpec *spec, const char *text, char **why)
{
    return check_percent(spec, text, why) || check_points(spec, text, why);
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
    [KEY_NIC] = {"auto, a host part such as 10, an address, or a pool", FALSE, check_nic},
    [KEY_PORT] = {"a port such as 80, \"8080:80\" or \"53/udp\"", FALSE, check_port},
    [KEY_TECHNIQUE] = {"an ATT&CK technique such as T1110.001", TRUE, check_technique},
    [KEY_DIGEST] = {"64 hex digits (SHA-256), original, exists or absent", TRUE,
                    check_digest},
    [KEY_ENUM] = {"a word", TRUE, check_enum},
    [KEY_HOURS] = {"hours such as \"22:00-06:00\"", FALSE, check_hours},
    [KEY_OFFSET] = {"a duration such as 10m or \"-10m\"", FALSE, check_offset},
    [KEY_RATE] = {"a rate such as 10mbit", FALSE, check_rate},
    [KEY_RANGE] = {"a range such as 10.1.0.20-10.1.0.40", FALSE, check_range},
    [KEY_PORTRANGE] = {"a port such as 80, or \"8000-8100\"", FALSE, check_port_range},
    [KEY_GUID] = {"an id such as 4ae3a1c2-21f7-4d3c-a3b8-9d1c2e1b7a10", TRUE, check_guid},
    [KEY_SHARE] = {"a percentage such as 60%, or points", FALSE, check_share},
    [KEY_FILE] = {"a path below the scenario's directory", TRUE, check_file},
    [KEY_VALUE] = {"a text or a number", FALSE, check_text},
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

/*
 * The same forms as patterns that ECMA-262 and PCRE read alike, for editors: each takes
 * all that its check takes, and refuses what a pattern can (not: bits beyond a prefix,
 * the 31st of June, sizes out of bounds).
 */
#define RE_NAME "[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?"
#define RE_BYTE "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#define RE_QUAD RE_BYTE "(?:\\." RE_BYTE "){3}"
#define RE_PORT                                                                          \
    "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}"                    \
    "|655[0-2][0-9]|6553[0-5])"
#define RE_PERCENT "(?:0?[0-9]?[0-9]|100)%"
#define RE_POINTS "(?:0|[1-9][0-9]{0,6})(?:\\.[0-9]{1,3})?"
#define RE_DURATION                                                                      \
    "(?=[0-9])(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?(?:[0-9]+ms)?(?:[0-9]+us)" \
    "?"
#define RE_CLOCK "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
#define RE_TIME RE_CLOCK "(?::[0-5][0-9])?"
#define RE_DATETIME                                                                      \
    "(?:19[7-9][0-9]|[2-9][0-9]{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[T "     \
    "]" RE_TIME
#define RE_WEEKDAY                                                                       \
    "(?:[Mm][Oo][Nn](?:[Dd][Aa][Yy])?|[Tt][Uu][Ee](?:[Ss][Dd][Aa][Yy])?"                 \
    "|[Ww][Ee][Dd](?:[Nn][Ee][Ss][Dd][Aa][Yy])?|[Tt][Hh][Uu](?:[Rr][Ss][Dd][Aa][Yy])?"   \
    "|[Ff][Rr][Ii](?:[Dd][Aa][Yy])?|[Ss][Aa][Tt](?:[Uu][Rr][Dd][Aa][Yy])?"               \
    "|[Ss][Uu][Nn](?:[Dd][Aa][Yy])?)"
#define RE_NO_UP "(?!(?:.*/)?\\.\\.(?:/|$))"
#define RE_HEX "[0-9a-fA-F]"

static const ValueForm forms[KEY_SCALARS] = {
    [KEY_NAME] = {.vf_pattern = RE_NAME},
    [KEY_ACCOUNT] = {.vf_pattern = "[a-z_][a-z0-9_-]{0,31}"},
    [KEY_PACKAGE] = {.vf_pattern = "[a-z0-9][a-z0-9+.-]{1,127}"},
    [KEY_DNSNAME] = {.vf_pattern = "(?!.*\\.\\.)[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"},
    [KEY_PATH] = {.vf_pattern = RE_NO_UP "/[^\n\r\t]{0,1021}[^/\n\r\t]"},
    [KEY_BOOL] = {.vf_pattern = "true|false", .vf_type = "boolean"},
    [KEY_INT] = {.vf_pattern = "-?(?:0|[1-9][0-9]{0,17})", .vf_type = "integer"},
    [KEY_PERCENT] = {.vf_pattern = RE_PERCENT},
    [KEY_POINTS] = {.vf_pattern = RE_POINTS,
                    .vf_type = "number",
                    .vf_min = 0,
                    .vf_max = 9999999},
    [KEY_SHARE] = {.vf_pattern = RE_PERCENT "|" RE_POINTS,
                   .vf_type = "number",
                   .vf_min = 0,
                   .vf_max = 9999999},
    [KEY_SIZE] = {.vf_pattern = "[0-9]{1,9}[KMGT](?:iB)?"},
    [KEY_MODE] = {.vf_pattern = "[0-7]{3,4}",
                  .vf_type = "integer",
                  .vf_min = 0,
                  .vf_max = 7777},
    [KEY_DURATION] = {.vf_pattern = RE_DURATION},
    [KEY_MOMENT] = {.vf_pattern = RE_DURATION "|" RE_WEEKDAY " " RE_TIME "|" RE_DATETIME},
    [KEY_DATETIME] = {.vf_pattern = RE_DATETIME},
    [KEY_CIDR] = {.vf_pattern = RE_QUAD "/(?:3[0-2]|[0-2]?[0-9])"},
    [KEY_ADDRESS] = {.vf_pattern = RE_QUAD},
    [KEY_NIC] = {.vf_pattern = "[1-9][0-9]{0,9}|" RE_QUAD "|" RE_NAME,
                 .vf_type = "integer",
                 .vf_min = 1,
                 .vf_max = G_MAXINT32},
    [KEY_PORT] = {.vf_pattern = RE_PORT "(?::" RE_PORT ")?(?:/(?:tcp|udp))?",
                  .vf_type = "integer",
                  .vf_min = 1,
                  .vf_max = 65535},
    [KEY_TECHNIQUE] = {.vf_pattern = "T[0-9]{4}(?:\\.[0-9]{3})?"},
    [KEY_DIGEST] = {.vf_pattern = "[0-9a-f]{64}"},
    [KEY_HOURS] = {.vf_pattern = RE_CLOCK "-(?:" RE_CLOCK "|24:00)"},
    [KEY_OFFSET] = {.vf_pattern = "-?" RE_DURATION},
    [KEY_RATE] = {.vf_pattern = "[1-9][0-9]{0,5}[kmg]bit"},
    [KEY_RANGE] = {.vf_pattern = RE_QUAD "-" RE_QUAD},
    [KEY_PORTRANGE] = {.vf_pattern = RE_PORT "(?:-" RE_PORT ")?",
                       .vf_type = "integer",
                       .vf_min = 1,
                       .vf_max = 65535},
    [KEY_GUID] = {.vf_pattern = RE_HEX "{8}-(?:" RE_HEX "{4}-){3}" RE_HEX "{12}"},
    [KEY_FILE] = {.vf_pattern = RE_NO_UP "[^/\n\r\t][^\n\r\t]{0,1022}"},
};

const ValueForm *value_form(KeyType type)
{
    return &forms[type];
}
