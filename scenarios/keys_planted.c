/* Words of what is planted in an estate: targets, weaknesses, flags, credentials, names.
 */
#include "scenarios/keys_spec.h"

/* clang-format off */
static const char *const word_kind[] = {"attack-path", "network-boundary", "target-system",
    "important-data", "other-system", NULL};
static const char *const word_severity[] = {"low", "medium", "high", "critical", NULL};
static const char *const word_change[] = {"!report", "!free", "forbidden", NULL};

static const KeySpec target_keys[] = {
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Where it lives.",
     .ks_example = "files"},
    {.ks_key = "kind", .ks_type = KEY_ENUM, .ks_words = word_kind,
     .ks_default = "target-system", .ks_since = V1, .ks_doc = "What a breach of it is worth.",
     .ks_example = "important-data"},
    {.ks_key = "criticality", .ks_type = KEY_PERCENT, .ks_default = "100%", .ks_since = V1,
     .ks_doc = "Scales that worth.",
     .ks_example = "80%"},
    {.ks_key = "title", .ks_type = KEY_LANGTEXT, .ks_since = V2,
     .ks_doc = "What people read; the name where it is absent.",
     .ks_example = "{en: Portal, zh-Hant: 入門網站}"},
    END,
};
const KeyTable keys_target = {"a target", "What is worth attacking.", target_keys};

static const KeySpec weakness_keys[] = {
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "Where it is.",
     .ks_example = "web"},
    {.ks_key = "technique", .ks_type = KEY_TECHNIQUE, .ks_flags = KEY_REQUIRED,
     .ks_since = V2, .ks_doc = "The ATT&CK technique that it invites.",
     .ks_example = "T1110.001"},
    {.ks_key = "title", .ks_type = KEY_LANGTEXT, .ks_since = V2,
     .ks_doc = "What people read; the name where it is absent.",
     .ks_example = "Staff accounts with weak passwords"},
    {.ks_key = "severity", .ks_type = KEY_ENUM, .ks_words = word_severity,
     .ks_default = "medium", .ks_since = V2, .ks_doc = "How bad it is.",
     .ks_example = "high"},
    {.ks_key = "cwe", .ks_type = KEY_TEXT, .ks_since = V2,
     .ks_doc = "Its class in the Common Weakness Enumeration.",
     .ks_example = "CWE-521"},
    {.ks_key = "fix", .ks_type = KEY_LANGTEXT, .ks_since = V2,
     .ks_doc = "What would close it.",
     .ks_example = "Give the accounts long passwords"},
    {.ks_key = "secret", .ks_type = KEY_NAME, .ks_since = V2,
     .ks_doc = "The secret that whoever uses it gets to know.",
     .ks_example = "admin"},
    END,
};
const KeyTable keys_weakness = {"a weakness", "What was left open on purpose.",
    weakness_keys};

static const KeySpec flag_keys[] = {
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "Where it is planted.",
     .ks_example = "files"},
    {.ks_key = "path", .ks_type = KEY_PATH, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "The file that holds it, a line of its own.",
     .ks_example = "/srv/flag"},
    {.ks_key = "target", .ks_type = KEY_NAME, .ks_since = V2,
     .ks_doc = "The target that it proves a breach of.",
     .ks_example = "records"},
    {.ks_key = "owner", .ks_type = KEY_ACCOUNT, .ks_default = "root", .ks_since = V2,
     .ks_doc = "Owner of the file.",
     .ks_example = "www-data"},
    {.ks_key = "mode", .ks_type = KEY_MODE, .ks_default = "0400", .ks_since = V2,
     .ks_doc = "Octal mode of the file.",
     .ks_example = "0440"},
    {.ks_key = "rotate", .ks_type = KEY_DURATION,
     .ks_doc = "So often a new one takes its place.",
     .ks_example = "5m"},
    END,
};
const KeyTable keys_flag = {"a flag", "A secret planted in a file.", flag_keys};

static const KeySpec credential_keys[] = {
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "Where the account is.",
     .ks_example = "web"},
    {.ks_key = "account", .ks_type = KEY_ACCOUNT, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "Its name; it is made where the host's `users` have none such. root can be.",
     .ks_example = "webmaster"},
    {.ks_key = "secret", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "The secret that is its password.",
     .ks_example = "admin"},
    {.ks_key = "change", .ks_type = KEY_ENUM, .ks_words = word_change,
     .ks_default = "forbidden", .ks_since = V2,
     .ks_doc = "Whether the team may change it, and must then report the new one.",
     .ks_example = "forbidden"},
    END,
};
const KeyTable keys_credential = {"a credential", "An account whose password is a secret.",
    credential_keys};

static const KeySpec zone_keys[] = {
    {.ks_key = "server", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME,
     .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "Hosts of this estate that serve it, three at most; their images have the "
               "package dnsmasq.",
     .ks_example = "ns"},
    {.ks_key = "domain", .ks_type = KEY_DNSNAME, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "The zone; every host of the estate is found in it by its names.",
     .ks_example = "health.test"},
    {.ks_key = "records", .ks_type = KEY_NAMED, .ks_item = KEY_TEXT,
     .ks_name = KEY_DNSNAME, .ks_flags = KEY_REFS, .ks_since = V2,
     .ks_doc = "Further names, each with an address or a host of this estate.",
     .ks_example = "{portal: web, legacy: 10.10.1.99}"},
    END,
};
const KeyTable keys_zone = {"a zone", "DNS served inside an estate.", zone_keys};
/* clang-format on */
