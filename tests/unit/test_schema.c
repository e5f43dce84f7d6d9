/*
 * The schema's patterns against the checks that they stand beside: a value that the
 * loader takes and the editor underlines, or the other way round, is seen here.
 */
#include "scenarios/schema.h"
#include "scenarios/values.h"
#include "tests/unit/cunit_main.h"

#include <string.h>

typedef struct {
    KeyType type;
    const char *good[12]; /* taken by check and pattern */
    const char *bad[12];  /* refused by both */
    const char *lax[4];   /* refused by the check; a pattern cannot tell */
} Values;

#define LONG31 "a123456789012345678901234567890"

static const Values values[] = {
    {KEY_NAME,
     {"a", "web-1", "x0", LONG31},
     {"", "Web", "1web", "web-", "-web", "web_1", "a b", LONG31 "1"},
     {NULL}},
    {KEY_ACCOUNT, {"nurse", "_apt", "a-b_c9"}, {"", "9a", "Nurse", "a b", "-a"}, {NULL}},
    {KEY_PACKAGE,
     {"nginx-light", "g++", "2to3"},
     {"", "x", "Nginx", "-a", "a b"},
     {NULL}},
    {KEY_DNSNAME,
     {"www", "www.clinic.example", "a-1.b"},
     {"", ".a", "a.", "a..b", "A", "a_b", "-a", "a-"},
     {NULL}},
    {KEY_PATH,
     {"/a", "/etc/motd", "/a..b/c", "/a/..."},
     {"", "/", "a/b", "/a/", "/../a", "/a/..", "/a/../b", "/a\tb", "/a\nb", "/.."},
     {NULL}},
    {KEY_BOOL, {"true", "false"}, {"", "True", "yes", "truefalse", "0"}, {NULL}},
    {KEY_INT, {"0", "7", "-7", "65535"}, {"", "07", "+7", "1.5", "7s", "- 7"}, {NULL}},
    {KEY_PERCENT,
     {"0%", "7%", "40%", "100%", "040%", "007%", "000%"},
     {"", "40", "%", "101%", "200%", "0100%", "4.5%", "-1%"},
     {NULL}},
    {KEY_POINTS,
     {"0", "100", "12.5", "0.125", "9999999"},
     {"", "-1", "01", "1.", ".5", "1.2345", "10000000", "1e3"},
     {NULL}},
    {KEY_SHARE, {"60%", "100%", "12.5", "100"}, {"", "101%", "1.", "-1", "6 %"}, {NULL}},
    {KEY_SIZE,
     {"1M", "384M", "2GiB", "1T", "2048K"},
     {"", "384", "M", "384m", "1.5G", "1234567890K", "384MB"},
     {"1K", "0M", "99999T"}},
    {KEY_MODE, {"644", "0644", "4755"}, {"", "64", "0o644", "888", "06444"}, {NULL}},
    {KEY_DURATION,
     {"0s", "90s", "1h30m", "2d", "5ms", "1m5ms", "1d2h3m4s5ms6us", "10us"},
     {"", "90", "s", "1h 30m", "30m1h", "1h1h", "-5m", "1.5h", "5M"},
     {"9999999d"}},
    {KEY_MOMENT,
     {"18h", "Sat 03:00", "saturday 03:00:30", "SUN 23:59", "2026-11-14 03:00",
      "2026-11-14T03:00:30"},
     {"", "Sat", "Sat 24:00", "Satur 03:00", "Sat 3:00", "2026-11-14", "03:00",
      "2026-13-01 03:00", "2026-11-32 03:00", "18", "Sat  03:00"},
     {"2026-02-30 03:00"}},
    {KEY_DATETIME,
     {"2026-11-13T09:00", "2026-11-13 09:00:15"},
     {"", "2026-11-13", "18h", "1969-01-01T00:00", "2026-11-13T24:00",
      "2026-11-13t09:00"},
     {"2025-02-29T10:00"}},
    {KEY_CIDR,
     {"10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32", "10.0.0.0/08"},
     {"", "10.0.0.0", "10.0.0/8", "256.0.0.0/8", "10.0.0.0/33", "010.0.0.0/8",
      "10.0.0.0/"},
     {"10.0.0.1/8"}},
    {KEY_ADDRESS,
     {"10.0.0.1", "255.255.255.255", "0.0.0.0"},
     {"", "10.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.1.", "a"},
     {NULL}},
    {KEY_NIC,
     {"auto", "10", "2147483647", "10.0.0.7"},
     {"", "0", "-1", "10.0.0", "auto ", "Auto"},
     {"9999999999"}},
    {KEY_PORT,
     {"80", "8080:80", "53/udp", "8443:443/tcp", "65535"},
     {"", "0", "65536", "080", "80/icmp", "80:", ":80", "70000:80", "80-90"},
     {NULL}},
    {KEY_TECHNIQUE,
     {"T1110", "T1110.001"},
     {"", "T110", "t1110", "T1110.1", "T1110."},
     {NULL}},
    {KEY_HOURS,
     {"22:00-06:00", "00:00-24:00"},
     {"", "22:00", "24:00-06:00", "22:00-24:30", "9:00-10:00", "22:60-23:00"},
     {"09:00-09:00"}},
    {KEY_OFFSET, {"10m", "-10m", "0s"}, {"", "-", "--1m", "10", "+10m"}, {NULL}},
    {KEY_RATE,
     {"10mbit", "1kbit", "999999gbit"},
     {"", "10", "0mbit", "10Mbit", "1000000kbit"},
     {NULL}},
    {KEY_RANGE,
     {"10.1.0.20-10.1.0.40", "10.1.0.20-10.1.0.20"},
     {"", "10.1.0.20", "10.1.0.20-", "10.1.0.20-40", "10.1.0.20 - 10.1.0.40"},
     {"10.1.0.40-10.1.0.20"}},
    {KEY_PORTRANGE,
     {"80", "8000-8100", "80-80"},
     {"", "0", "80-", "80-90-100", "80/tcp", "1-65536"},
     {"90-80"}},
    {KEY_GUID,
     {"4ae3a1c2-21f7-4d3c-a3b8-9d1c2e1b7a10", "4AE3A1C2-21F7-4D3C-A3B8-9D1C2E1B7A10"},
     {"", "4ae3a1c2", "4ae3a1c221f74d3ca3b89d1c2e1b7a10",
      "4ae3a1c2-21f7-4d3c-a3b8-9d1c2e1b7a1", "4ae3a1c2-21f7-4d3c-a3b8-9d1c2e1b7a1g"},
     {NULL}},
    {KEY_FILE,
     {"a", "files/index.html", "a..b", ".hidden", "a/...", "a/b/"},
     {"", "/a", "..", "../a", "a/../b", "a/..", "a\nb"},
     {NULL}},
};

static gboolean pattern_takes(KeyType type, const char *text)
{
    g_autofree char *whole = g_strdup_printf("^(?:%s)$", value_form(type)->vf_pattern);
    g_autoptr(GRegex) regex = g_regex_new(whole, G_REGEX_DOLLAR_ENDONLY, 0, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(regex);
    return g_regex_match(regex, text, 0, NULL);
}

static gboolean check_takes(KeyType type, const char *text)
{
    const KeySpec spec = {.ks_key = "key", .ks_type = type};
    char *why = NULL;
    gboolean taken = value_check(&spec, type, text, &why);

    CU_ASSERT_EQUAL(taken, why == NULL);
    g_free(why);
    return taken;
}

/* Says which value it was: a bare line number would not. */
static void same(KeyType type, const char *text, gboolean check, gboolean pattern)
{
    if (check_takes(type, text) == check && pattern_takes(type, text) == pattern)
        return;
    printf("\n  %s: \"%s\": the check %s it, the pattern %s it\n", value_want(type), text,
           check_takes(type, text) ? "takes" : "refuses",
           pattern_takes(type, text) ? "takes" : "refuses");
    CU_FAIL("check and pattern differ, or both are wrong");
}

static void patterns_are_the_checks(void)
{
    gboolean seen[KEY_SCALARS] = {0};

    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        const Values *one = &values[i];
        seen[one->type] = TRUE;
        for (int v = 0; one->good[v]; v++)
            same(one->type, one->good[v], TRUE, TRUE);
        for (int v = 0; one->bad[v]; v++)
            same(one->type, one->bad[v], FALSE, FALSE);
        for (int v = 0; one->lax[v]; v++)
            same(one->type, one->lax[v], FALSE, TRUE);
    }
    for (int type = 0; type < KEY_SCALARS; type++) {
        gboolean any = type == KEY_TEXT || type == KEY_ENUM || type == KEY_VALUE;
        CU_ASSERT_EQUAL(value_form((KeyType)type)->vf_pattern == NULL, any);
        CU_ASSERT_TRUE(any || type == KEY_DIGEST || seen[type]);
    }
}

static void digests_and_words(void)
{
    static const char *const words[] = {"original", "!later", NULL};
    const KeySpec spec = {.ks_key = "sha256", .ks_type = KEY_DIGEST, .ks_words = words};
    g_autofree char *digest = g_strnfill(64, 'a');
    char *why = NULL;

    CU_ASSERT_TRUE(value_check(&spec, KEY_DIGEST, digest, &why));
    CU_ASSERT_TRUE(pattern_takes(KEY_DIGEST, digest));
    CU_ASSERT_TRUE(value_check(&spec, KEY_DIGEST, "later", &why));
    CU_ASSERT_FALSE(value_check(&spec, KEY_DIGEST, digest + 1, &why));
    CU_ASSERT_FALSE(pattern_takes(KEY_DIGEST, digest + 1));
    g_free(why);
}

/* One definition a table, with all of its keys, and no reference into nothing. */
static void find_refs(const json_t *value, const json_t *defs, int *dangling)
{
    const char *key;
    json_t *part;
    size_t i;

    if (json_is_array(value))
        json_array_foreach (value, i, part)
            find_refs(part, defs, dangling);
    if (!json_is_object(value))
        return;
    json_object_foreach ((json_t *)value, key, part) {
        const char *to = !strcmp(key, "$ref") ? json_string_value(part) : NULL;
        if (to && (!g_str_has_prefix(to, "#/$defs/") ||
                   !json_object_get(defs, to + strlen("#/$defs/"))))
            (*dangling)++;
        find_refs(part, defs, dangling);
    }
}

static void tables_are_all_there(void)
{
    g_autoptr(GPtrArray) tables = schema_tables();
    json_t *schema = schema_json();
    json_t *defs = json_object_get(schema, "$defs"), *table;
    gsize keys = 0, defined = 0, whole = 0;
    const char *name;
    int dangling = 0;

    for (guint i = 0; i < tables->len; i++) {
        const KeyTable *one = tables->pdata[i];
        for (const KeySpec *spec = one->kt_keys; spec->ks_key; spec++)
            keys++;
    }
    json_object_foreach (defs, name, table) {
        if (g_str_has_prefix(name, "partial-") || g_str_has_prefix(name, "open-"))
            continue;
        whole++;
        defined += json_object_size(json_object_get(table, "properties"));
        CU_ASSERT_TRUE(json_is_false(json_object_get(table, "additionalProperties")));
    }
    CU_ASSERT_EQUAL(whole, tables->len);
    CU_ASSERT_EQUAL(defined, keys);
    find_refs(schema, defs, &dangling);
    CU_ASSERT_EQUAL(dangling, 0);
    json_decref(schema);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"patterns are the checks", patterns_are_the_checks},
        {"digests and words", digests_and_words},
        {"tables are all there", tables_are_all_there},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("schema", tests);
}
