/* Words of scoring: the profile and its parameters. */
#include "scenarios/keys_people.h"
#include "scenarios/keys_spec.h"

/* clang-format off */
static const char *const word_profile[] = {"hk-drill", "!ad", "!ccdc", NULL};
static const char *const word_end[] = {"end", NULL};

static const KeySpec scoring_keys[] = {
    {.ks_key = "profile", .ks_type = KEY_ENUM, .ks_words = word_profile,
     .ks_default = "hk-drill", .ks_since = V1, .ks_doc = "The rules.",
     .ks_example = "hk-drill"},
    {.ks_key = "weights", .ks_type = KEY_MAP, .ks_sub = &keys_weights, .ks_since = V1,
     .ks_doc = "Shares of a blue team's score.",
     .ks_example = "{protection: 40%, availability: 40%, injects: 20%}"},
    {.ks_key = "cap", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1000000,
     .ks_default = "37000", .ks_since = V1,
     .ks_doc = "What one red team may take from one blue team.",
     .ks_example = "37000"},
    {.ks_key = "bonus-max", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1000000,
     .ks_default = "3000", .ks_since = V1, .ks_doc = "Most bonus points of a team.",
     .ks_example = "3000"},
    {.ks_key = "bases", .ks_type = KEY_MAP, .ks_sub = &keys_bases, .ks_since = V2,
     .ks_doc = "What a breach of a target takes, by its kind.",
     .ks_example = "{target-system: 12000}"},
    {.ks_key = "repeat", .ks_type = KEY_LIST, .ks_item = KEY_PERCENT, .ks_since = V2,
     .ks_doc = "Worth of the first, second … use of a weakness of a target; [100%, 70%, 40%] "
               "by default, further ones are worth nothing.",
     .ks_example = "[100%, 50%]"},
    {.ks_key = "false-report", .ks_type = KEY_MAP, .ks_sub = &keys_false_report,
     .ks_since = V2, .ks_doc = "What reports that match nothing cost.",
     .ks_example = "{free: 3, cost: 2%}"},
    {.ks_key = "disclose-after", .ks_type = KEY_DURATION, .ks_words = word_end,
     .ks_since = V2, .ks_doc = "An attack is disclosed so long after it, or at the \"end\" of "
                               "the drill; when its time to detect is over by default.",
     .ks_example = "4h"},
    {.ks_key = "flags", .ks_type = KEY_MAP, .ks_sub = &keys_flag_rules,
     .ks_doc = "Of the profile ad: how flags change.", .ks_example = "{tick: 60s, lifetime: 5}"},
    {.ks_key = "uptime", .ks_type = KEY_MAP, .ks_sub = &keys_uptime,
     .ks_doc = "Of the profile ccdc: what an outage costs.",
     .ks_example = "{threshold: 6, penalty: 1%}"},
    END,
};
const KeyTable keys_scoring = {"scoring", "Profile, weights and parameters.", scoring_keys};

#define BASE(key, points, doc) {.ks_key = key, .ks_type = KEY_INT, .ks_min = 0, \
    .ks_max = 1000000, .ks_default = points, .ks_since = V2, .ks_doc = doc, \
    .ks_example = points}

static const KeySpec bases_keys[] = {
    BASE("attack-path", "3000", "A way in; what an attack on no target weighs."),
    BASE("network-boundary", "8000", "Passing from one network into another."),
    BASE("target-system", "10000", "A system that the drill is about."),
    BASE("important-data", "8000", "Data that matter."),
    BASE("other-system", "8000", "Any other system."),
    END,
};
const KeyTable keys_bases = {"bases", "Points of a breach, by the kind of target.",
    bases_keys};

static const KeySpec false_report_keys[] = {
    {.ks_key = "free", .ks_type = KEY_INT, .ks_min = 0, .ks_max = 1000, .ks_default = "5",
     .ks_since = V2, .ks_doc = "So many cost nothing.", .ks_example = "3"},
    {.ks_key = "cost", .ks_type = KEY_PERCENT, .ks_default = "1%", .ks_since = V2,
     .ks_doc = "Of the protection, for each one more.", .ks_example = "2%"},
    END,
};
const KeyTable keys_false_report = {"false reports", "What reports that match nothing cost.",
    false_report_keys};

static const KeySpec flag_rules_keys[] = {
    {.ks_key = "tick", .ks_type = KEY_DURATION, .ks_default = "60s",
     .ks_doc = "New flags come so often.", .ks_example = "60s"},
    {.ks_key = "lifetime", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1000,
     .ks_default = "5", .ks_doc = "A flag counts for so many ticks.", .ks_example = "5"},
    {.ks_key = "prefix", .ks_type = KEY_TEXT, .ks_doc = "What flags begin with.",
     .ks_example = "FLAG_"},
    END,
};
const KeyTable keys_flag_rules = {"flag rules", "How flags change.", flag_rules_keys};

static const KeySpec uptime_keys[] = {
    {.ks_key = "threshold", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1000,
     .ks_default = "6", .ks_doc = "From so many failures in a row on.", .ks_example = "6"},
    {.ks_key = "penalty", .ks_type = KEY_PERCENT, .ks_default = "1%",
     .ks_doc = "Of the service's points so far, for each.", .ks_example = "1%"},
    END,
};
const KeyTable keys_uptime = {"uptime", "What an outage costs.", uptime_keys};

static const KeySpec weights_keys[] = {
    {.ks_key = "protection", .ks_type = KEY_PERCENT, .ks_default = "50%", .ks_since = V1,
     .ks_doc = "Breaches and reports.",
     .ks_example = "50%"},
    {.ks_key = "availability", .ks_type = KEY_PERCENT, .ks_default = "30%", .ks_since = V1,
     .ks_doc = "Checks.",
     .ks_example = "30%"},
    {.ks_key = "injects", .ks_type = KEY_PERCENT, .ks_default = "20%", .ks_since = V1,
     .ks_doc = "Expectations.",
     .ks_example = "20%"},
    END,
};
const KeyTable keys_weights = {"weights", "Shares of the score; 100% together.",
    weights_keys};
/* clang-format on */
