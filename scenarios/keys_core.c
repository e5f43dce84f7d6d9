/* Words of the language's own means: parameters, defaults, secrets. */
#include "scenarios/keys_spec.h"

/* clang-format off */
static const char *const word_type[] = {"text", "name", "duration", "int", "percent",
    "points", "size", "port", "address", "technique", "moment", NULL};
static const char *const word_secret[] = {"password", "name", "port", "text", "address",
    "number", NULL};
static const char *const word_per[] = {"team", "drill", NULL};
static const char *const word_alphabet[] = {"hex", "letters", "alnum", NULL};

static const KeySpec parameter_keys[] = {
    {.ks_key = "type", .ks_type = KEY_ENUM, .ks_words = word_type, .ks_default = "text",
     .ks_since = V2, .ks_doc = "What its value must look like.",
     .ks_example = "duration"},
    {.ks_key = "default", .ks_type = KEY_VALUE, .ks_since = V2,
     .ks_doc = "Its value where --set gives none; without it --set must.",
     .ks_example = "20m"},
    {.ks_key = "doc", .ks_type = KEY_TEXT, .ks_since = V2,
     .ks_doc = "What it changes, for those who run the drill.",
     .ks_example = "Time to report"},
    END,
};
const KeyTable keys_parameter = {"a parameter", "A value that --set NAME=VALUE changes.",
    parameter_keys};

static const KeySpec defaults_keys[] = {
    {.ks_key = "team", .ks_type = KEY_MAP, .ks_sub = &keys_team, .ks_flags = KEY_PARTIAL,
     .ks_since = V2, .ks_doc = "For every team.",
     .ks_example = "{estate: clinic}"},
    {.ks_key = "host", .ks_type = KEY_MAP, .ks_sub = &keys_host, .ks_flags = KEY_PARTIAL,
     .ks_since = V2, .ks_doc = "For every host of every estate.",
     .ks_example = "{image: micro, memory: 128M}"},
    {.ks_key = "check", .ks_type = KEY_MAP, .ks_sub = &keys_check, .ks_flags = KEY_PARTIAL,
     .ks_since = V2, .ks_doc = "For every check of every estate.",
     .ks_example = "{every: 60s, deadline: 5s}"},
    {.ks_key = "inject", .ks_type = KEY_MAP, .ks_sub = &keys_inject, .ks_flags = KEY_PARTIAL,
     .ks_since = V2, .ks_doc = "For every inject.",
     .ks_example = "{jitter: 5m}"},
    END,
};
const KeyTable keys_defaults = {"defaults", "Values for keys that are left away.",
    defaults_keys};

static const KeySpec secret_keys[] = {
    {.ks_key = "kind", .ks_type = KEY_ENUM, .ks_words = word_secret, .ks_flags = KEY_REQUIRED,
     .ks_since = V2, .ks_doc = "What is drawn.",
     .ks_example = "password"},
    {.ks_key = "per", .ks_type = KEY_ENUM, .ks_words = word_per, .ks_default = "team",
     .ks_since = V2, .ks_doc = "One value a team, or the same for the whole drill.",
     .ks_example = "drill"},
    {.ks_key = "length", .ks_type = KEY_INT, .ks_min = 4, .ks_max = 256, .ks_since = V2,
     .ks_doc = "Characters: of a password 12 by default, of a text 32.",
     .ks_example = "14"},
    {.ks_key = "alphabet", .ks_type = KEY_ENUM, .ks_words = word_alphabet, .ks_since = V2,
     .ks_doc = "Of a text: hex by default.",
     .ks_example = "alnum"},
    {.ks_key = "from", .ks_type = KEY_INT, .ks_min = 0, .ks_max = G_MAXINT32, .ks_since = V2,
     .ks_doc = "Lowest port (20000 by default) or number (1).",
     .ks_example = "20000"},
    {.ks_key = "to", .ks_type = KEY_INT, .ks_min = 0, .ks_max = G_MAXINT32, .ks_since = V2,
     .ks_doc = "Highest port (29999 by default) or number (1000000).",
     .ks_example = "29999"},
    {.ks_key = "network", .ks_type = KEY_NAME, .ks_since = V2,
     .ks_doc = "Of an address: the network on which it is free, and kept free of hosts.",
     .ks_example = "internet"},
    END,
};
const KeyTable keys_secret = {"a secret", "A value drawn by the drill's seed.", secret_keys};
/* clang-format on */
